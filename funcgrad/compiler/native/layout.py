"""Where CPython and NumPy keep what native code reads, and the test that it is there.

Fields of arrays are those of ``PyArrayObject_fields`` in NumPy's ``ndarraytypes.h``, which have
kept their order since version 1.7. The head of objects, tuples and bytes are measured by their
types' ``__basicsize__``.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
import sys
import sysconfig
from typing import Any

import numpy as np

from .kinds import COMPLEX, KINDS

HEAD: int = object.__basicsize__
TUPLE: int = tuple.__basicsize__
"""From the address of a tuple to its first item."""
BYTES: int = bytes.__basicsize__ - 1
"""From the address of a bytes object to its first byte."""

FIELDS: dict[str, int] = {
    "type": HEAD - 8,
    "data": HEAD,
    "ndim": HEAD + 8,
    "shape": HEAD + 16,
    "strides": HEAD + 24,
    "dtype": HEAD + 40,
    "flags": HEAD + 48,
    "number": HEAD,
}
"""From the address of an array, or of a scalar (its number), to what it holds."""

ORDERLY = 0x101
"""Flags of arrays that are C-contiguous and aligned."""

_PYTHON = (
    "Py_IncRef",
    "Py_DecRef",
    "PyObject_Vectorcall",
    "PyEval_SaveThread",
    "PyEval_RestoreThread",
    "PyTuple_New",
    "PyLong_AsLongLongAndOverflow",
    "PyContextVar_Get",
    "PyObject_CallObject",
)
_NUMPY = {"PyArray_NewFromDescr": 94, "PyArray_Scalar": 60}
_NUMPYS_TYPE = 2
_NUMPYS_ABI = 2

CONTEXT: tuple[str, ...] = (*FIELDS, "ndarray", *_PYTHON, *_NUMPY)
"""What the context of native code holds, a word each."""


@functools.cache
def _table() -> int:
    """The address of NumPy's table of C functions."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    capsule = np._core.multiarray._ARRAY_API  # type: ignore[attr-defined]
    return prototype(_address(get))(capsule, None)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _word(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def function(name: str) -> int:
    """The address of a function of Python's."""
    return _address(getattr(ctypes.pythonapi, name))


@functools.cache
def context() -> bytes:
    """Offsets and addresses, in the order of CONTEXT, that native code reads."""
    words = [*FIELDS.values(), _word(_table() + 8 * _NUMPYS_TYPE)]
    words += [function(name) for name in _PYTHON]
    words += [_word(_table() + 8 * place) for place in _NUMPY.values()]
    return struct.pack(f"{len(words)}N", *words)


@functools.cache
def is_as_assumed() -> bool:
    """Whether native code may read arrays and make them, found by trying it, once.

    FUNCGRAD_NATIVE_ENTRY=0 denies it, and so do interpreters other than CPython with its lock.
    """
    if os.environ.get("FUNCGRAD_NATIVE_ENTRY") == "0" or sys.implementation.name != "cpython":
        return False
    if sysconfig.get_config_var("Py_GIL_DISABLED") or struct.calcsize("P") != 8:
        return False
    try:
        return all(
            test()
            for test in (_sizes, _arrays, _flags, _scalars, _containers, _references, _making)
        )
    except (AttributeError, TypeError, ValueError, ctypes.ArgumentError, SystemError):
        return False


def _sizes() -> bool:
    """Nothing is read beyond an object's end."""
    return np.ndarray.__basicsize__ >= max(FIELDS.values()) + 8 and HEAD >= 16


def _examples() -> list[np.ndarray]:
    made = [np.zeros(shape, k.dtype) for k in KINDS.values() for shape in ((), (3,), (2, 0, 5))]
    base = np.zeros((2, 3, 5, 7))
    made += [base, base[:, 1], base[::-1, ::2], base.T, np.asfortranarray(base[0])]
    made += [base.astype(">f8"), base.view("i8"), np.zeros(17, "B")[1:].view("d")]
    return made


def _arrays() -> bool:
    return all(_is_described(x) for x in _examples())


def _is_described(x: np.ndarray) -> bool:
    """Whether the fields of an array hold what Python says of it."""

    def field(name: str) -> int:
        return _word(id(x) + FIELDS[name])

    def numbers(name: str) -> tuple[int, ...]:
        start = field(name)
        return tuple(ctypes.c_ssize_t.from_address(start + 8 * i).value for i in range(x.ndim))

    return (
        field("type") == id(np.ndarray)
        and field("data") == x.__array_interface__["data"][0]
        and ctypes.c_int.from_address(id(x) + FIELDS["ndim"]).value == x.ndim
        and field("dtype") == id(x.dtype)
        # NumPy allocates both at once; so no address is followed that is none.
        and field("strides") - field("shape") == 8 * x.ndim
        and numbers("shape") == x.shape
        and numbers("strides") == x.strides
    )


def _flags() -> bool:
    for x in _examples():
        found = ctypes.c_int.from_address(id(x) + FIELDS["flags"]).value & ORDERLY
        if found != x.flags.c_contiguous | x.flags.aligned << 8:
            return False
    return True


def _scalars() -> bool:
    """Numbers of scalars, of NumPy and Python, stand behind the head of the object."""
    found = [(k.dtype.type(1), k.dtype) for k in KINDS.values()]
    found += [(np.float64(-2.5), np.dtype("d")), (np.float32(-2.5), np.dtype("f"))]
    found += [(-2.5, np.dtype("d")), (2 - 3j, np.dtype("D"))]
    found += [(k.dtype.type(2 - 3j), k.dtype) for k in COMPLEX.values()]
    for x, dtype in found:
        held = ctypes.string_at(id(x) + FIELDS["number"], dtype.itemsize)
        if _word(id(x) + FIELDS["type"]) != id(type(x)) or held != dtype.type(x).tobytes():
            return False
    return True


def _containers() -> bool:
    items, letters = (object(), object(), object()), b"funcgrad"
    addresses = tuple(_word(id(items) + TUPLE + 8 * i) for i in range(3))
    return addresses == tuple(map(id, items)) and ctypes.string_at(id(letters) + BYTES) == letters


def _references() -> bool:
    """References are counted by the functions in the context, one at a time."""
    x = object()
    function = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
    before = sys.getrefcount(x)
    function(entry_of_context("Py_IncRef"))(id(x))
    between = sys.getrefcount(x)
    function(entry_of_context("Py_DecRef"))(id(x))
    return (between, sys.getrefcount(x)) == (before + 1, before)


def _making() -> bool:
    """NumPy's table makes arrays and scalars, and takes the references that it is said to."""
    abi = ctypes.PYFUNCTYPE(ctypes.c_uint)(_word(_table()))
    if entry_of_context("ndarray") != id(np.ndarray) or abi() >> 24 != _NUMPYS_ABI:
        return False
    pointer, any_object = ctypes.c_void_p, ctypes.py_object
    make = ctypes.PYFUNCTYPE(
        any_object, any_object, any_object, ctypes.c_int, *[pointer] * 3, ctypes.c_int, pointer
    )(entry_of_context("PyArray_NewFromDescr"))
    scalar = ctypes.PYFUNCTYPE(any_object, pointer, any_object, pointer)(
        entry_of_context("PyArray_Scalar")
    )
    raise_count = ctypes.PYFUNCTYPE(None, any_object)(entry_of_context("Py_IncRef"))
    dtype = np.dtype([("layout", "f4")])  # one that nothing else refers to
    before = sys.getrefcount(dtype)
    raise_count(dtype)
    shape = (ctypes.c_ssize_t * 2)(2, 3)
    x = make(np.ndarray, dtype, 2, ctypes.addressof(shape), None, None, 0, None)
    is_made = type(x) is np.ndarray and x.dtype is dtype and x.shape == (2, 3) and x.flags.owndata
    twin = np.empty(6)
    counted = sys.getrefcount(dtype) == before + 1 and sys.getrefcount(x) == sys.getrefcount(twin)
    del x
    number = ctypes.c_double(2.5)
    y = scalar(ctypes.addressof(number), np.dtype("d"), None)
    is_scalar = type(y) is np.float64 and y == 2.5
    return is_made and counted and is_scalar and sys.getrefcount(dtype) == before


def entry_of_context(name: str) -> int:
    """One word of the context."""
    return struct.unpack_from("N", context(), 8 * CONTEXT.index(name))[0]
