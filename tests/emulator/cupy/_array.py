"""``cupy.ndarray``: a NumPy array that may only be touched as an array on a device may."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ._api import VERSION
from ._indexing import prepared, store
from ._protocols import array_function, array_ufunc
from ._statistics import statistics
from .cuda import Device, runtime

SUPPORTED = "?bBhHiIlLqQefdFD"
SCALARS = (bool, int, float, complex, np.generic)
IMPLICIT = (
    "Implicit conversion to a NumPy array is not allowed. "
    "Please use `.get()` to construct a NumPy array explicitly."
)


def quiet() -> Any:
    """Kernels on a device raise no floating-point warnings."""
    return np.errstate(all="ignore")


class Flags:
    """Of NumPy's flags the few that CuPy has."""

    def __init__(self, x: ndarray) -> None:
        self.c_contiguous = x._a.flags.c_contiguous
        self.f_contiguous = x._a.flags.f_contiguous
        self.owndata = x._base is None

    @property
    def forc(self) -> bool:
        return self.c_contiguous or self.f_contiguous

    @property
    def fnc(self) -> bool:
        return self.f_contiguous and not self.c_contiguous

    def __getitem__(self, name: str) -> bool:
        return {
            "C_CONTIGUOUS": self.c_contiguous,
            "F_CONTIGUOUS": self.f_contiguous,
            "OWNDATA": self.owndata,
        }[name]


class MemoryPointer:
    """Where an array is: its address and device."""

    def __init__(self, x: ndarray) -> None:
        self.ptr = x._a.ctypes.data
        self.device = x.device
        self.device_id = x._device
        self.mem = x._base if x._base is not None else x


class ndarray:
    """An array on the emulated device. Operators and most methods are added by ``_methods``."""

    __slots__ = ("__weakref__", "_a", "_base", "_device")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    _a: np.ndarray
    _base: ndarray | None
    _device: int

    def __new__(
        cls, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None,
        order: str = "C",
    ) -> ndarray:  # fmt: skip
        return fresh(uninitialised(shape, dtype, order))

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    itemsize = property(lambda self: self._a.itemsize)
    nbytes = property(lambda self: self._a.nbytes)
    strides = property(lambda self: self._a.strides)
    base = property(lambda self: self._base)
    flags = property(Flags)
    data = property(MemoryPointer)
    device = property(lambda self: Device(self._device))
    T = property(lambda self: wrap(self._a.T, self))
    mT = property(lambda self: wrap(self._a.mT, self))

    @property
    def real(self) -> ndarray:
        return wrap(self._a.real, self) if self.dtype.kind == "c" else self

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> ndarray:
        if self.dtype.kind == "c":
            return wrap(self._a.imag, self)
        statistics.launch("fill")
        return fresh(np.zeros_like(self._a))

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cannot set imag to an array of real numbers")
        self.imag[...] = value

    @property
    def flat(self) -> Flat:
        return Flat(self)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape, "typestr": self.dtype.str, "version": 3,
            "data": (self._a.ctypes.data, False), "strides": self.strides,
        }  # fmt: skip

    __array_ufunc__ = array_ufunc
    __array_function__ = array_function

    # To the host.

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(IMPLICIT)

    def get(
        self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
    ) -> np.ndarray:
        return self._fetch("get", out)

    def _fetch(self, reason: str, out: Any = None) -> np.ndarray:
        statistics.sync(reason)
        statistics.download(self.nbytes)
        if out is None:
            return self._a.copy(order="C")
        if self.dtype != out.dtype:
            raise TypeError(f"{self.dtype} array cannot be obtained from {out.dtype} array")
        out[...] = self._a
        return out

    def set(self, arr: Any, stream: Any = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if self.dtype != arr.dtype or self.shape != arr.shape:
            raise ValueError("shape or dtype mismatch")
        statistics.upload(arr.nbytes)
        self._a[...] = arr

    def item(self) -> Any:
        return self._fetch("item").item()

    def tolist(self) -> Any:
        return self._fetch("tolist").tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        return self._fetch("tobytes").tobytes(order)

    def __bool__(self) -> bool:
        return bool(self._fetch("bool"))

    def __int__(self) -> int:
        return int(self._fetch("int"))

    def __float__(self) -> float:
        return float(self._fetch("float"))

    def __complex__(self) -> complex:
        return complex(self._fetch("complex"))

    def __repr__(self) -> str:
        return repr(self._fetch("repr"))

    def __str__(self) -> str:
        return str(self._fetch("str"))

    def __format__(self, spec: str) -> str:
        return format(self._fetch("format"), spec)

    def __reduce__(self) -> Any:
        from ._special_cases import array

        return array, (self.get(),)

    def __copy__(self) -> ndarray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> ndarray:
        with self.device:
            return self.copy()

    # Containers.

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[ndarray]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, key: Any) -> ndarray:
        index, kind = prepared(self, key)
        if kind == "view":
            return wrap(self._a[index], self)
        on_this_device(self)
        if kind == "mask":
            statistics.sync("boolean mask")
        statistics.launch(
            "take" if kind == "array" else "mask_getitem", 1 if kind == "array" else 4
        )
        return fresh(np.array(self._a[index]))

    def __setitem__(self, key: Any, value: Any) -> None:
        index, kind = prepared(self, key)
        on_this_device(self)
        source = on_this_device(value) if isinstance(value, ndarray) else None
        if kind == "view":
            whole = index if any(k is Ellipsis for k in index) else (*index, Ellipsis)
            self._fill(self._a[whole], source, value)
            return
        if source is None:
            source = np.asarray(value, dtype=self.dtype)
            if source.ndim:
                statistics.upload(source.nbytes)
        statistics.launch("scatter_update" if kind == "array" else "mask_setitem")
        if kind == "mask" and source.ndim:
            statistics.sync("boolean mask")
            statistics.launch("mask_setitem", 4)
        with quiet():
            store(self._a, index, source)

    def _fill(self, target: np.ndarray, source: np.ndarray | None, value: Any) -> None:
        """Write an array of the device, or a scalar, into a part of this array."""
        if source is None:
            source = np.asarray(value, dtype=self.dtype)
            if source.shape != ():
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
            statistics.launch("fill")
        else:
            same = target.ctypes.data == source.ctypes.data
            if same and (target.strides, target.shape) == (source.strides, source.shape):
                return  # x[i] += y writes into the view, and then stores it where it is
            statistics.launch("elementwise_copy")
        with quiet():
            np.copyto(target, source, casting="unsafe")

    # Methods that need more than the NumPy method of the same name.

    def astype(
        self, dtype: Any, order: str = "K", casting: Any = None, subok: Any = None,
        copy: bool = True,
    ) -> ndarray:  # fmt: skip
        dtype = np.dtype(dtype)
        if not copy and dtype == self.dtype:
            return self
        a = on_this_device(self)
        if self.dtype.kind == "c" and dtype.kind not in "cb":
            message = "Casting complex values to real discards the imaginary part"
            warnings.warn(message, np.exceptions.ComplexWarning, stacklevel=2)
            a = a.real
        statistics.launch("astype")
        with quiet():
            return fresh(a.astype(supported(dtype), order=order))  # type: ignore[call-overload]

    def copy(self, order: str = "C") -> ndarray:
        if self._device == runtime.getDevice():
            statistics.launch("copy")
        elif not self.flags.forc:
            raise NotImplementedError("CuPy cannot copy non-contiguous array between devices.")
        return fresh(self._a.copy(order=order))  # type: ignore[call-overload]

    def view(self, dtype: Any = None, type: Any = None) -> ndarray:
        return wrap(self._a.view() if dtype is None else self._a.view(dtype), self)

    def fill(self, value: Any) -> None:
        self[...] = value

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> ndarray:
        return returned("reshape", self._a.reshape(*shape, order=order), (self,))

    def sort(self, axis: int = -1, kind: Any = None) -> None:
        check_kind(kind)
        statistics.launch("sort")
        on_this_device(self).sort(axis=axis, kind="stable")

    def argsort(self, axis: int = -1, kind: Any = None) -> ndarray:
        check_kind(kind)
        statistics.launch("argsort")
        return fresh(on_this_device(self).argsort(axis=axis, kind="stable"))

    def dot(self, b: Any, out: Any = None) -> Any:
        from . import dot  # type: ignore[attr-defined]

        return dot(self, b, out)


class Flat:
    """The elements in order of memory."""

    def __init__(self, x: ndarray) -> None:
        self.x = x

    def __getitem__(self, key: Any) -> ndarray:
        return self.x.ravel()[key]  # type: ignore[attr-defined]

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError("assignment to flat with this index")


def check_kind(kind: Any) -> None:
    """Sorting is stable; other kinds are refused."""
    if kind not in (None, "stable"):
        raise ValueError(f"kind can only be None or 'stable' (CuPy {VERSION})")


def supported(dtype: np.dtype) -> np.dtype:
    """A dtype that CuPy has: numbers and booleans."""
    if dtype.char not in SUPPORTED:
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


def uninitialised(shape: Any, dtype: Any, order: Any = "C") -> np.ndarray:
    """Memory with numbers that nobody hopes for: NaN, or far from zero."""
    a = np.empty(shape, supported(np.dtype(dtype)), order or "C")
    with quiet():
        a[...] = {"f": np.nan, "c": np.nan, "b": True}.get(a.dtype.kind, 85)
    return a


def fresh(a: np.ndarray) -> ndarray:
    """A device array that owns its memory."""
    supported(a.dtype)
    x = object.__new__(ndarray)
    x._a, x._base, x._device = a, None, runtime.getDevice()
    statistics.allocate(a.nbytes)
    return x


def wrap(a: Any, owner: ndarray) -> ndarray:
    """A device array in the memory of another one."""
    x = object.__new__(ndarray)
    x._a, x._device = np.asarray(a), owner._device
    x._base = owner._base if owner._base is not None else owner
    return x


def returned(name: str, out: Any, operands: Any, launches: int = 1) -> Any:
    """What a NumPy function gave, on the device: a view of an operand, or launched kernels."""
    if isinstance(out, tuple | list):
        found = [returned(name, o, operands, 0) for o in out]
        if any(isinstance(f, ndarray) and f._base is None for f in found):
            statistics.launch(name, launches)
        return type(out)(found) if type(out) in (tuple, list) else tuple(found)
    if not isinstance(out, np.ndarray | np.generic):
        return out
    a = np.asarray(out)
    if isinstance(out, np.ndarray):
        for x in operands:
            if isinstance(x, ndarray) and np.may_share_memory(a, x._a) and a.size:
                return x if a is x._a else wrap(a, x)
    statistics.launch(name, launches)
    return fresh(a)


def on_this_device(x: ndarray) -> np.ndarray:
    """The values, or an error as without peer access if they are not on the current device."""
    if x._device != runtime.getDevice():
        raise ValueError(
            f"The device where the array resides ({x._device}) is different from the current "
            f"device ({runtime.getDevice()}). Peer access is unavailable between these devices."
        )
    return x._a
