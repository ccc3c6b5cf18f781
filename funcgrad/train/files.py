"""Saving and loading pytrees: safetensors files, with the structure as JSON in their metadata."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from io import FileIO

import numpy as np

from .. import arrays
from ..core.tracebacks import user_facing
from ..errors import FileError
from ..typing import PyTree
from . import tensor_file
from .entries import Description, Entry, Node, Plain, Tensor, parse, tensors_in
from .replacing import PathLike, check_regular, place_of, replacing, text_path
from .restoring import UNKNOWN, Restored


def check_place(path: PathLike, argument: str = "save: path") -> None:
    """Raise now what would be raised when a file is saved there later."""
    place_of(path, argument)


@user_facing
def save(path: PathLike, value: PyTree) -> None:
    """Write a pytree of arrays and Python numbers to a file, all of it or nothing.

    The file is a safetensors file, which other programs can read; the tree's structure is JSON in
    its metadata, and tensors are named by their paths, with slashes. It is written beside its place
    under a name of its own, flushed to the disk, and renamed, so that a crash leaves the old file
    or the new one. Threads and processes may save to one path: the last to finish wins. What a
    killed process left is removed by the next one that saves to the path. At most one leaf is
    copied at a time.

    The new file has the permissions of the one that it replaces. A symbolic link at the path stays,
    and what it points to is replaced; other hard links to that keep the old contents.

    Args:
        path: the file: a str, bytes or os.PathLike.
        value: pytree of arrays, numbers, booleans, strings and None in dicts, lists, tuples, named
            tuples, dataclasses and registered classes, nested at most 200 deep. Static fields of
            dataclasses are structure, which ``load`` takes from its ``like``. Subclasses of arrays,
            like masked ones, and of numbers and strings are refused, as their kind would be lost.

    Raises:
        TypeError: a leaf or key cannot be saved, with its path; or path is no path.
        ValueError: the tree is nested too deeply or has too many leaves.
        FileError: at the path is a folder, device, pipe or socket.
        FileNotFoundError: the folder does not exist.
        OSError: the file cannot be written, as on a full disk.

        In each case the file that was there is left as it was.

    >>> import funcgrad as fg, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> fg.save(file, {"w": np.ones(2), "step": 3})
    >>> fg.load(file)
    {'w': array([1., 1.]), 'step': 3}
    """
    check_place(path)
    described = Description(value, "save: value")
    header = tensor_file.new_header(described.forms, described.text)
    if header.start > tensor_file.MAX_HEADER:
        raise ValueError(
            f"save: value has {len(header.forms)} arrays, whose structure and names need "
            f"{header.start} bytes; programs read {tensor_file.MAX_HEADER}. Stack arrays, or save "
            "several files"
        )
    with replacing(path, "save: path") as descriptor:
        tensor_file.write(
            descriptor, header, lambda name: np.asarray(arrays.device_get(described.arrays[name]))
        )


class Stored:
    """An open file that ``save`` wrote: its entries, whose arrays ``restore`` reads."""

    def __init__(self, path: str, file: FileIO, header: tensor_file.Header) -> None:
        self.path: str = path
        self._file, self._header = file, header
        self.entry: Entry = _entry_of(header)
        tensors = tensors_in(self.entry)
        if sorted(t.name for t in tensors) != sorted(header.forms):
            raise tensor_file.Malformed("its tree does not have each of its tensors once")
        self._tensors = {t.name: t for t in tensors}
        self._shapes = {t.name: _shape_of(t, header) for t in tensors}

    def holds_none(self, key: str) -> bool:
        """True if the value of a key of the dict at the top is None."""
        entry = self.entry
        if not isinstance(entry, Node) or entry.kind != "dict" or key not in (entry.keys or ()):
            raise FileError(f"{self.path} has no {key!r} at the top")
        return entry.children[(entry.keys or ()).index(key)] == Plain("NoneType", None)

    def restore(self, like: PyTree = UNKNOWN) -> PyTree:
        """The tree; with like, a tree of the same structure, it gets the classes of that."""
        restored = Restored(self.path, self.entry, like, self._shapes)
        dtypes = {t.name: t.dtype for t in self._tensors.values()}
        leaves = {}
        for name, x in tensor_file.read_tensors(self._file, self._header, dtypes):
            leaves[name] = restored.tensor(self._tensors[name], x)
            del x  # which is on another device then, perhaps
        return restored.value(leaves)


@contextlib.contextmanager
def opened_file(path: PathLike, argument: str = "load: path") -> Iterator[Stored]:
    """A file that ``save`` wrote, with its header read and checked."""
    name = text_path(path, argument)
    check_regular(name, argument)
    with open(name, "rb", buffering=0, opener=_without_waiting) as file:
        check_regular(file.fileno(), argument, name)
        size = os.fstat(file.fileno()).st_size
        try:
            yield Stored(name, file, tensor_file.read_header(file, size))
        except (tensor_file.Malformed, MemoryError) as error:
            reason = str(error) or "it needs more memory than there is"
            raise FileError(
                f"{name} ({size} bytes) is not a whole file that funcgrad.save wrote: {reason}"
            ) from None
        except RecursionError:
            raise FileError(
                f"{name} holds a tree that is nested too deeply for Python's recursion limit"
            ) from None


def _without_waiting(name: str, flags: int) -> int:
    """Open a file; a pipe that took its place since it was looked at is not waited for."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _entry_of(header: tensor_file.Header) -> Entry:
    stored = tensor_file.parse_json(header.text.encode())
    if stored.get("version") != 1:
        raise tensor_file.Malformed(
            f"it has version {stored.get('version')!r:.80}; this funcgrad reads version 1"
        )
    return parse(stored.get("tree"))


def _shape_of(tensor: Tensor, header: tensor_file.Header) -> tuple[int, ...]:
    shape = tensor_file.original_shape(tensor.dtype, header.forms[tensor.name])
    if tensor.kind == "scalar" and shape != ():
        raise tensor_file.Malformed(f"the scalar {tensor.name!r} has the shape {list(shape)}")
    return shape


@user_facing
def load(path: PathLike, like: PyTree = UNKNOWN) -> PyTree:
    """Read a pytree that ``save`` wrote.

    Files are not trusted: nothing is imported or called because a file names it, sizes are checked
    before memory is asked for, and whatever is wrong with a file raises FileError. That it has not
    been changed is checked with a checksum, which is no signature: who can write the file can give
    it other numbers.

    Args:
        path: the file: a str, bytes or os.PathLike.
        like: a tree of the same structure, shapes and dtypes, as a freshly made one; needed for
            dataclasses, named tuples and registered classes of yours, and for CuPy arrays, which
            else come back as NumPy arrays. Without it, dicts, lists, tuples and the named tuples of
            funcgrad come back.

    Returns:
        The tree, with the same bits.

    Raises:
        FileError: the file is truncated, changed or no regular file, or differs from like; the
            message says where.
        FileNotFoundError: there is no such file.
        TypeError: path is no path, or like has a leaf that cannot be saved.

    >>> import funcgrad as fg, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "state.safetensors"
    >>> fg.save(file, (np.zeros(2, np.float32), {"step": 3}))
    >>> fg.load(file)
    (array([0., 0.], dtype=float32), {'step': 3})
    """
    with opened_file(path) as stored:
        return stored.restore(like)
