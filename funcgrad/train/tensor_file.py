"""The safetensors format: a JSON header and the bytes of tensors, written and read in pieces.

A file is the length of its header in eight bytes, the header, and the tensors without gaps. The
header holds each tensor's dtype, shape and place, and in ``__metadata__`` what funcgrad adds: the
description of a tree, and a SHA-256 of that description and of all tensors in the order of names.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np

from ..core.dtypes import small_float

METADATA = "__metadata__"
MAX_HEADER = 100_000_000
"""The greatest header that the safetensors library reads."""

MAX_NESTING = 1000
MAX_DIMENSIONS = 64
PIECE = 1 << 18

_CODES = {
    "bool": "BOOL", "int8": "I8", "uint8": "U8", "int16": "I16", "uint16": "U16", "float16": "F16",
    "int32": "I32", "uint32": "U32", "float32": "F32", "int64": "I64", "uint64": "U64",
    "float64": "F64", "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip
_REAL = {"complex64": "float32", "complex128": "float64"}
_SMALL = {"bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}
"""Bytes of numbers of ml_dtypes, which is not asked before there are some."""

_SIZES = {name: _SMALL.get(name) or np.dtype(name).itemsize for name in _CODES}
_NAMES = {code: name for name, code in _CODES.items()}
DTYPES = frozenset(_CODES) | frozenset(_REAL)
"""Names of the dtypes that have a place in a file."""


def dtype_of(name: str) -> np.dtype:
    """The dtype of a name; of a small float, ml_dtypes must be there."""
    return np.dtype(small_float(name) if name in _SMALL else name)


class Digest(Protocol):
    """A running checksum, as those of hashlib."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Add bytes to those that the checksum is of."""


class Malformed(ValueError):
    """Bytes that are no file of ours; the message says why."""


class Form(NamedTuple):
    """The dtype and shape in which an array is stored: complex numbers are pairs of real ones."""

    dtype: str
    shape: tuple[int, ...]

    def size(self) -> int:
        """Return the number of bytes of the array."""
        return math.prod(self.shape) * self.alignment()

    def alignment(self) -> int:
        """Return the number of bytes of one number."""
        return _SIZES[self.dtype]

    def label(self, name: str) -> bytes:
        """The bytes that go into the checksum before those of a tensor."""
        little = dtype_of(self.dtype).newbyteorder("<").str
        return f"{name} {little} {self.shape}".encode()


def stored_form(dtype: str, shape: tuple[int, ...]) -> Form:
    """The form in which an array of one of the DTYPES is stored."""
    return Form(_REAL[dtype], (*shape, 2)) if dtype in _REAL else Form(dtype, shape)


def original_shape(dtype: str, form: Form) -> tuple[int, ...]:
    """The shape of an array of a dtype from that of its stored form."""
    if dtype not in DTYPES:
        raise Malformed(f"there is no dtype {dtype!r}")
    shape = form.shape[:-1] if dtype in _REAL else form.shape
    if stored_form(dtype, shape) != form:
        raise Malformed(f"a tensor of {form.dtype}{list(form.shape)} cannot hold {dtype}")
    return shape


class Header(NamedTuple):
    """The header of a file: where its data begins, and what is there."""

    start: int
    forms: dict[str, Form]
    offsets: dict[str, int]
    text: str
    checksum: str


def new_header(forms: Mapping[str, Form], text: str) -> Header:
    """The header of a new file, whose checksum is not known yet.

    Wide types come first, so that every tensor is aligned.
    """
    offsets, end = {}, 0
    for name in sorted(forms, key=lambda n: (-forms[n].alignment(), n)):
        offsets[name] = end
        end += forms[name].size()
    header = Header(0, dict(forms), offsets, text, "0" * hashlib.sha256().digest_size * 2)
    return header._replace(start=len(_encoded(header)))


def _encoded(header: Header) -> bytes:
    entries: dict[str, Any] = {METADATA: {"funcgrad": header.text, "sha256": header.checksum}}
    for name, begin in header.offsets.items():
        form = header.forms[name]
        entries[name] = {
            "dtype": _CODES[form.dtype],
            "shape": form.shape,
            "data_offsets": [begin, begin + form.size()],
        }
    data = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    data += b" " * (-len(data) % 8)
    return len(data).to_bytes(8, "little") + data


def write(descriptor: int, header: Header, array_of: Callable[[str], np.ndarray]) -> None:
    """Write a file.

    Each piece is copied before it is hashed and written, so that the checksum fits the file even if
    another thread changes an array meanwhile.

    Args:
        descriptor: of an empty file.
        header: from new_header.
        array_of: from the name of a tensor to a NumPy array; called for one after the other.
    """
    digest = hashlib.sha256(header.text.encode())
    for name in sorted(header.forms):
        form = header.forms[name]
        digest.update(form.label(name))
        os.lseek(descriptor, header.start + header.offsets[name], os.SEEK_SET)
        _write_tensor(descriptor, name, array_of(name), form, digest)
    os.lseek(descriptor, 0, os.SEEK_SET)
    _write_all(descriptor, _encoded(header._replace(checksum=digest.hexdigest())))


def _write_tensor(
    descriptor: int, name: str, array: np.ndarray, form: Form, digest: Digest
) -> None:
    data = _stored_bytes(array)
    if len(data) != form.size():
        raise RuntimeError(f"the array stored as {name!r} changed its size while it was saved")
    for begin in range(0, len(data), PIECE):
        piece = bytes(data[begin : begin + PIECE])
        digest.update(piece)
        _write_all(descriptor, piece)


def _stored_bytes(array: np.ndarray) -> memoryview:
    contiguous = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    if array.dtype == bool and contiguous.view(np.uint8).max(initial=0) > 1:
        contiguous = contiguous.view(np.uint8) != 0  # memory of other origin, seen as booleans
    return _bytes_of(contiguous)


def _bytes_of(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_header(file: FileIO, size: int) -> Header:
    """Read and check the header of an open file of a known size, which is not read further."""
    length = int.from_bytes(file.read(8), "little")
    if size < 10 or length > size - 8:
        raise Malformed(f"it is too short for a header of {length} bytes")
    if length > MAX_HEADER:
        raise Malformed(f"its header would have {length} bytes, more than {MAX_HEADER}")
    data = file.read(1)
    if data != b"{":
        raise Malformed("it has no JSON where its header should be")
    while len(data) < length:
        piece = file.read(length - len(data))
        if not piece:
            raise Malformed("it became shorter while it was read")
        data += piece
    entries = parse_json(data)
    metadata = entries.pop(METADATA, None)
    if not isinstance(metadata, dict):
        raise Malformed(f"its header has no {METADATA}")
    text, checksum = (_encodable(metadata.get(key), key) for key in ("funcgrad", "sha256"))
    forms, offsets = {}, {}
    for name, entry in entries.items():
        forms[_encodable(name, "the name of a tensor")], offsets[name] = _placed(name, entry)
    _check_covered(forms, offsets, size - 8 - length)
    return Header(8 + length, forms, offsets, text, checksum)


def _encodable(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise Malformed(
            f"{what} is {text!r}, not a string"
            if text is not None
            else f"its header has no {what!r}"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed(f"{what} is not Unicode: {text!r}") from None
    return text


def _placed(name: str, entry: object) -> tuple[Form, int]:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Malformed(f"the entry of the tensor {name!r} is not that of a tensor")
    code, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in _NAMES:
        raise Malformed(f"the tensor {name!r} has the dtype {code!r}")
    if not _are_sizes(shape) or not _are_sizes(place) or len(place) != 2:
        raise Malformed(f"the tensor {name!r} has the shape {shape!r} at {place!r}")
    form = Form(_NAMES[code], tuple(shape))
    # NumPy leaves zeros out when it asks whether a shape is too big.
    extent = math.prod(n or 1 for n in shape) * form.alignment()
    if len(shape) > MAX_DIMENSIONS + 1 or extent >= 1 << 63:
        raise Malformed(f"the tensor {name!r} has the shape {shape!r}")
    if place[1] - place[0] != form.size():
        raise Malformed(f"the tensor {name!r} has {place[1] - place[0]} bytes, not {form.size()}")
    return form, place[0]


def _are_sizes(x: object) -> bool:
    return type(x) is list and all(type(n) is int and n >= 0 for n in x)


def _check_covered(forms: dict[str, Form], offsets: dict[str, int], size: int) -> None:
    end = 0
    for begin, length, name in sorted((offsets[n], forms[n].size(), n) for n in forms):
        if begin != end:
            raise Malformed(f"the tensor {name!r} begins at {begin}, the one before ends at {end}")
        end += length
    if end != size:
        raise Malformed(f"its tensors need {end} bytes, and {size} are there")


def parse_json(data: bytes) -> dict[str, Any]:
    """A JSON object without duplicate keys, constants like NaN, or deep nesting."""
    try:
        depth = _nesting(data)
        if depth > MAX_NESTING:
            raise Malformed(f"its JSON is nested {depth} deep, more than {MAX_NESTING}")
        found = json.loads(
            data.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refused
        )
    except RecursionError:
        raise Malformed("its JSON is nested too deeply for Python's recursion limit") from None
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"{type(error).__name__}: {error}") from None
    if not isinstance(found, dict):
        raise Malformed("its JSON is not an object")
    return found


def _nesting(data: bytes) -> int:
    """The depth of JSON, found without recursion, as C code without a limit may parse it."""
    if data.count(b"[") + data.count(b"{") <= MAX_NESTING:
        return 0
    outside_strings = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    brackets = b"".join(outside_strings).translate(None, bytes(set(range(256)) - set(b"[]{}")))
    steps = np.where(np.isin(np.frombuffer(brackets, np.uint8), list(b"[{")), 1, -1)
    return int(np.cumsum(steps).max(initial=0))


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key is there twice")
    return found


def _refused(constant: str) -> NoReturn:
    raise Malformed(f"{constant} is not JSON")


def read_tensors(
    file: FileIO, header: Header, dtypes: Mapping[str, str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Read all tensors one by one, as arrays of the given dtypes, and check them in the end."""
    digest = hashlib.sha256(header.text.encode())
    for name in sorted(header.forms):
        digest.update(header.forms[name].label(name))
        file.seek(header.start + header.offsets[name])
        yield name, _read_tensor(file, name, header.forms[name], dtype_of(dtypes[name]), digest)
    if digest.hexdigest() != header.checksum:
        raise Malformed("its checksum does not fit its contents, which were changed afterwards")


def _read_tensor(
    file: FileIO, name: str, form: Form, dtype: np.dtype, digest: Digest
) -> np.ndarray:
    try:
        array = np.empty(original_shape(dtype.name, form), dtype.newbyteorder("<"))
    except (MemoryError, ValueError) as error:
        raise Malformed(f"the tensor {name!r} cannot be held in memory: {error}") from None
    data = _bytes_of(array)
    while data:
        n = file.readinto(data[:PIECE])
        if not n:
            raise Malformed("it became shorter while it was read")
        digest.update(data[:n])
        data = data[n:]
    if form.dtype == "bool" and array.view(np.uint8).max(initial=0) > 1:
        raise Malformed(f"the tensor {name!r} has bytes that are no booleans")
    return array.astype(dtype, copy=False)
