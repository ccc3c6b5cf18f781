"""Saving and loading pytrees: safetensors files, with the structure as JSON."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
from typing import Any

import numpy as np

from .. import arrays, tree
from ..core.tracing import Tracer
from ..errors import FileError

_MISSING: Any = object()
_VERSION = 1
_KINDS = "biufc"


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            "saving and loading need safetensors: pip install 'funcgrad[train]'"
        ) from None
    return safetensors.numpy


def check_place(path: Any) -> None:
    """Raise now what would be raised when a file is saved there later."""
    _safetensors()
    folder = os.path.dirname(os.fspath(path)) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"the folder {folder} of the file {path} does not exist")


def save(path: Any, value: Any) -> None:
    """Write a pytree of arrays and Python numbers to a file, all of it or nothing.

    The file is a safetensors file, which other programs can read; the tree's structure is JSON in
    its metadata. It is written beside its place (its name and ".tmp"), flushed to the disk, and
    renamed, so that a crash leaves the old file or the new one. One process at a time may save to a
    path.

    Args:
        path: the file.
        value: pytree of arrays, numbers, booleans, strings and None in dicts, lists, tuples, named
            tuples, dataclasses and registered classes.

    Raises:
        TypeError: a leaf cannot be saved; the message has its path. No file is changed.
        ImportError: safetensors is missing.

    >>> import funcgrad as fg, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> fg.save(file, {"w": np.ones(2), "step": 3})
    >>> fg.load(file)
    {'w': array([1., 1.]), 'step': 3}
    """
    module = _safetensors()
    tensors: dict[str, Any] = {}
    text = json.dumps({"version": _VERSION, "tree": _describe(value, "", tensors)})
    metadata = {"funcgrad": text, "sha256": _digest(text, tensors)}
    _write_atomically(os.fspath(path), module.save(tensors, metadata))


def _write_atomically(path: str, data: bytes) -> None:
    temporary = f"{path}.tmp"  # one name, so that a killed process leaves at most one
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if os.name == "posix":
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _digest(text: str, tensors: dict[str, Any]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _describe(x: Any, path: str, tensors: dict[str, Any]) -> Any:
    """The structure of a tree as JSON; its arrays are put into tensors."""
    plain = isinstance(x, str | bool | int | float | complex) and not hasattr(x, "dtype")
    if x is None or plain:
        return _describe_plain(x)
    if type(x) is dict:
        for key in x:
            if type(key) not in (str, int):
                raise TypeError(
                    f"save: the dict at {path or 'the top'} has the key {key!r}; keys must be "
                    "strings or integers"
                )
        items = [[k, _describe(v, _join(path, k), tensors)] for k, v in x.items()]
        return {"kind": "dict", "items": items}
    children, _ = tree.flatten(x, is_leaf=lambda y: y is not x)
    if len(children) == 1 and children[0] is x:
        return _describe_array(x, path, tensors)
    return {
        "kind": _node_kind(x),
        "items": [_describe(c, _join(path, i), tensors) for i, c in enumerate(children)],
    }


def _join(path: str, key: Any) -> str:
    return f"{path}/{key}" if path else str(key)


def _node_kind(x: Any) -> str:
    if type(x) in (list, tuple):
        return type(x).__name__
    return f"{type(x).__module__}:{type(x).__qualname__}"


def _describe_plain(x: Any) -> Any:
    if isinstance(x, float):
        return {"kind": "float", "value": x.hex()}
    if isinstance(x, complex):
        return {"kind": "complex", "value": [x.real.hex(), x.imag.hex()]}
    return {"kind": type(x).__name__, "value": x}


def _describe_array(x: Any, path: str, tensors: dict[str, Any]) -> Any:
    where = path or "the top"
    if isinstance(x, Tracer):
        raise TypeError(
            f"save: the leaf at {where} is traced by a transformation; save outside of it"
        )
    if not arrays.is_array(x) and not isinstance(x, np.generic):
        raise TypeError(
            f"save: the leaf at {where} is {x!r} of type {type(x).__name__}; arrays, numbers, "
            "booleans, strings and None can be saved"
        )
    host = np.asarray(arrays.device_get(x))
    if host.dtype.kind not in _KINDS or host.dtype.itemsize > (16 if host.dtype.kind == "c" else 8):
        raise TypeError(f"save: the leaf at {where} has dtype {host.dtype}, which has no place in "
                        "a safetensors file")
    dtype = host.dtype.newbyteorder("=")
    host = np.ascontiguousarray(host, dtype).reshape(host.shape)
    name = path or "value"
    if name in tensors:
        raise TypeError(f"save: two leaves have the path {name}; rename a key with '/'")
    if dtype.kind == "c":
        host = host.reshape(*host.shape, 1).view(f"f{dtype.itemsize // 2}")
    tensors[name] = host
    kind = "scalar" if isinstance(x, np.generic) else "array"
    return {"kind": kind, "name": name, "dtype": dtype.name}


class Stored:
    """What a file holds: a structure and arrays, which ``restore`` joins."""

    def __init__(self, path: str, structure: Any, tensors: dict[str, Any]) -> None:
        self.path, self.structure, self.tensors = path, structure, tensors

    def part(self, key: str) -> Stored:
        """One value of a dict at the top."""
        items = dict(self.structure["items"]) if self.structure["kind"] == "dict" else {}
        if key not in items:
            raise FileError(f"{self.path} has no {key!r} at the top; it has {list(items)}")
        return Stored(self.path, items[key], self.tensors)

    def restore(self, like: Any = _MISSING) -> Any:
        """The tree; with like, a tree of the same structure, it gets the classes of that."""
        return self._restore(self.structure, like, "")

    def _restore(self, entry: Any, like: Any, path: str) -> Any:
        kind = entry["kind"]
        if like is not _MISSING:
            self._check_like(entry, like, path)
        if kind in ("array", "scalar"):
            return self._array(entry, like)
        if kind == "float":
            return float.fromhex(entry["value"])
        if kind == "complex":
            return complex(*map(float.fromhex, entry["value"]))
        if "value" in entry:
            return entry["value"]
        if kind == "dict":
            return {
                k: self._restore(v, _MISSING if like is _MISSING else like[k], _join(path, k))
                for k, v in entry["items"]
            }
        return self._node(entry, like, path)

    def _node(self, entry: Any, like: Any, path: str) -> Any:
        kind, items = entry["kind"], entry["items"]
        if like is _MISSING:
            children = [self._restore(e, like, _join(path, i)) for i, e in enumerate(items)]
            if kind in ("list", "tuple"):
                return children if kind == "list" else tuple(children)
            return self._own_class(kind, path)(*children)
        given, spec = tree.flatten(like, is_leaf=lambda y: y is not like)
        return tree.unflatten(
            spec,
            [
                self._restore(e, g, _join(path, i))
                for i, (e, g) in enumerate(zip(items, given, strict=True))
            ],
        )

    def _own_class(self, kind: str, path: str) -> Any:
        """A named tuple of funcgrad itself; a file must not cause other code to be imported."""
        module, _, name = kind.partition(":")
        if module.startswith("funcgrad."):
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields"):
                return found
        raise FileError(
            f"{self.path} holds a {kind} at {path or 'the top'}, which load makes only with "
            "like=, a tree of the same structure"
        )

    def _check_like(self, entry: Any, like: Any, path: str) -> None:
        found = _describe(like, "", {}) if not _is_container(like) else {"kind": _kind_of(like)}
        where = path or "the top"
        pairs = {("array", "scalar"), ("scalar", "array")}
        same = entry["kind"] == found["kind"] or (entry["kind"], found["kind"]) in pairs
        if same and entry["kind"] == "dict":
            ours, theirs = [k for k, _ in entry["items"]], list(like)
            if set(ours) != set(theirs):
                raise FileError(
                    f"{self.path}: the dict at {where} has the keys {ours}; like has {theirs}"
                )
        elif same and "items" in entry:
            n = len(tree.flatten(like, is_leaf=lambda y: y is not like)[0])
            if len(entry["items"]) != n:
                raise FileError(
                    f"{self.path}: the {entry['kind']} at {where} has {len(entry['items'])} "
                    f"elements; like has {n}"
                )
        elif same and "name" in entry:
            shape, dtype = self._shape(entry), entry["dtype"]
            if shape != np.shape(like) or dtype != found["dtype"]:
                raise FileError(
                    f"{self.path}: the array at {where} is {dtype}{list(shape)}; like has "
                    f"{found['dtype']}{list(np.shape(like))}"
                )
        elif not same:
            raise FileError(
                f"{self.path}: at {where} there is a {entry['kind']}; like has a {found['kind']}"
            )

    def _shape(self, entry: Any) -> tuple[int, ...]:
        shape = self._tensor(entry).shape
        return shape[:-1] if np.dtype(entry["dtype"]).kind == "c" else shape

    def _tensor(self, entry: Any) -> Any:
        if entry["name"] not in self.tensors:
            raise FileError(f"{self.path} is damaged: the tensor {entry['name']} is missing")
        return self.tensors[entry["name"]]

    def _array(self, entry: Any, like: Any) -> Any:
        x, dtype = self._tensor(entry), np.dtype(entry["dtype"])
        if dtype.kind == "c":
            x = x.copy().view(dtype).reshape(x.shape[:-1])
        if entry["kind"] == "scalar":
            return x[()]
        if like is not _MISSING and arrays.is_gpu_array(like):
            return arrays.device_put(x, like.device)
        return x.copy()


def _is_container(x: Any) -> bool:
    if x is None or isinstance(x, str):
        return False
    children, _ = tree.flatten(x, is_leaf=lambda y: y is not x)
    return not (len(children) == 1 and children[0] is x)


def _kind_of(x: Any) -> str:
    return "dict" if type(x) is dict else _node_kind(x)


def read(path: Any) -> Stored:
    """Open a file that ``save`` wrote and check that it is whole."""
    module, name = _safetensors(), os.fspath(path)
    with open(name, "rb") as file:
        data = file.read()
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        tensors = module.load(data)
        metadata = header["__metadata__"]
        text, sha = metadata["funcgrad"], metadata["sha256"]
    except Exception as error:
        # The library has an exception of its own for each way in which bytes can be wrong.
        raise FileError(
            f"{name} ({len(data)} bytes) is not a whole file that funcgrad.save wrote: "
            f"{type(error).__name__}: {error}"
        ) from None
    if _digest(text, tensors) != sha:
        raise FileError(
            f"{name} was changed after funcgrad.save wrote it: its checksum does not fit its "
            "contents"
        )
    stored = json.loads(text)
    if stored.get("version") != _VERSION:
        raise FileError(
            f"{name} has version {stored.get('version')}; this funcgrad reads version {_VERSION}"
        )
    return Stored(name, stored["tree"], tensors)


def load(path: Any, like: Any = _MISSING) -> Any:
    """Read a pytree that ``save`` wrote.

    Args:
        path: the file.
        like: a tree of the same structure, shapes and dtypes, as a freshly made one; needed for
            dataclasses, named tuples and registered classes of yours, and for CuPy arrays, which
            else come back as NumPy arrays.

    Returns:
        The tree, with the same bits.

    Raises:
        FileError: the file is truncated or changed, or differs from like; the message says where.
        FileNotFoundError: there is no such file.
        ImportError: safetensors is missing.

    >>> import funcgrad as fg, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "state.safetensors"
    >>> fg.save(file, (np.zeros(2, np.float32), {"step": 3}))
    >>> fg.load(file)
    (array([0., 0.], dtype=float32), {'step': 3})
    """
    return read(path).restore(like)
