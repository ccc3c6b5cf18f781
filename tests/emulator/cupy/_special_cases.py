"""Functions of ``cupy`` whose behaviour differs from NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._array import SCALARS, fresh, ndarray, on_this_device, quiet, uninitialised, wrap
from ._functions import leaves
from ._indexing import wrapped
from ._statistics import statistics
from ._ufunc import kernel_argument
from .cuda import runtime


def array(
    obj: Any, dtype: Any = None, copy: Any = True, order: Any = "K", subok: bool = False,
    ndmin: int = 0, *, blocking: bool = False,
) -> ndarray:  # fmt: skip
    """A new device array; arrays and lists of the host are copied to the device."""
    if isinstance(obj, ndarray):
        if not copy and (dtype is None or obj.dtype == dtype):
            return obj
        if obj._device != runtime.getDevice() and dtype in (None, obj.dtype):
            return obj.copy()
        statistics.launch("copy")
        return fresh(np.array(on_this_device(obj), dtype, order=order or "K", ndmin=ndmin))
    if isinstance(obj, list | tuple) and any(isinstance(x, ndarray) for x in leaves(obj)):
        if not all(isinstance(x, ndarray) for x in leaves(obj)):
            raise TypeError(f"Unsupported type {type(obj)}: arrays of the device beside others")
        statistics.launch("concatenate")
        return fresh(np.array(stripped(obj), dtype))
    a = np.array(obj, dtype, order="K" if order in ("A", None) else order, ndmin=ndmin)
    x = fresh(a)
    statistics.upload(a.nbytes)
    return x


def stripped(x: Any) -> Any:
    """Lists of device arrays as lists of their values."""
    return [stripped(y) for y in x] if isinstance(x, list | tuple) else on_this_device(x)


def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False
) -> ndarray:
    """A device array; what is one already is returned as it is."""
    return array(a, dtype, bool(copy), order or "K")


def asnumpy(
    a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True
) -> np.ndarray:
    """A host array."""
    if isinstance(a, ndarray):
        return a.get(stream=stream, order=order, out=out, blocking=blocking)
    return np.asarray(a)


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    """Memory that nobody has written."""
    return fresh(uninitialised(shape, dtype, order))


def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: Any = None, shape: Any = None
) -> ndarray:
    """Memory that nobody has written, of the shape of another array."""
    shape = prototype.shape if shape is None else shape
    return fresh(uninitialised(shape, prototype.dtype if dtype is None else dtype))


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> ndarray:
    """A filled array; a fill value on the device is awaited."""
    if isinstance(fill_value, ndarray):
        statistics.sync("full")
        fill_value = fill_value._a
    statistics.launch("fill")
    return fresh(np.full(shape, fill_value, dtype, order))  # type: ignore[call-overload]


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """As the real one, a condition must have a method astype: Python's bool has none."""
    if (x is None) != (y is None):
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    if x is None:
        statistics.sync("where")
        return tuple(fresh(np.array(i)) for i in np.nonzero(on_this_device(condition)))
    condition = condition.astype("?", copy=False)
    operands = [kernel_argument(v) for v in (condition, x, y)]
    values = [v._a if isinstance(v, ndarray) else v for v in operands]
    statistics.launch("where")
    return fresh(np.array(np.where(*values)))


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = None) -> None:
    """Copy onto a device array, from one or from a scalar; ``where`` may be a device array."""
    for x in (dst, src):
        if not isinstance(x, ndarray) and (x is dst or np.ndim(x)):
            raise TypeError(f"Unsupported type {type(x)}")
    on_this_device(dst)
    statistics.launch("copyto")
    value = on_this_device(src) if isinstance(src, ndarray) else src
    mask = True if where is None else on_this_device(where) if hasattr(where, "_a") else where
    np.copyto(dst._a, value, casting=casting, where=mask)  # type: ignore[arg-type]


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Repeats may be a device array since CuPy 14; its sum is then awaited."""
    if not isinstance(a, ndarray):
        return a.repeat(repeats, axis)  # on the host, in silence
    if isinstance(repeats, np.ndarray):
        raise ValueError("'repeats' does not accept numpy.ndarray; use cupy.ndarray")
    if isinstance(repeats, ndarray):
        statistics.sync("repeat")
        repeats = repeats._a
    statistics.launch("repeat", 2)
    return fresh(np.repeat(on_this_device(a), repeats, axis))


def take(a: Any, indices: Any, axis: Any = None, out: Any = None) -> Any:
    """Elements along an axis; indices out of range wrap around."""
    return a.take(indices, axis, out)


def take_along_axis(a: Any, indices: Any, axis: Any = -1) -> ndarray:
    """Elements along an axis, of each row its own; indices out of range wrap around."""
    for x in (a, indices):
        if not isinstance(x, ndarray):
            raise TypeError(f"Unsupported type {type(x)}")
    if indices.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    array, index = on_this_device(a), on_this_device(indices)
    if axis is None:
        array, axis = array.reshape(-1), 0
    statistics.launch("take_along_axis", 2)
    return fresh(np.take_along_axis(array, wrapped(index, array.shape[axis]), axis))


def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> ndarray:
    """Positions in a sorted vector."""
    if not isinstance(a, ndarray) or not isinstance(v, (ndarray, *SCALARS)):
        raise NotImplementedError("Only int or ndarray are supported")
    if a.ndim > 1:
        raise ValueError("object of too small depth for desired array")
    statistics.launch("searchsorted")
    value = on_this_device(v) if isinstance(v, ndarray) else v
    return fresh(np.asarray(np.searchsorted(on_this_device(a), value, side)))


def matmul(x1: Any, x2: Any, /, out: Any = None, **kwargs: Any) -> ndarray:
    """The product of stacks of matrices: one call of cuBLAS."""
    unknown = set(kwargs) - {"casting", "order", "dtype", "subok", "axes", "axis", "keepdims"}
    if unknown:
        raise TypeError(f"Wrong arguments {unknown}")
    for x in (x1, x2):
        if not isinstance(x, ndarray):
            raise TypeError(f"Unsupported type {type(x)}")
    with quiet():
        result = np.asarray(np.matmul(on_this_device(x1), on_this_device(x2)))
    statistics.launch("matmul")
    if out is None:
        return fresh(result)
    on_this_device(out)[...] = result
    return out


def as_strided(x: ndarray, shape: Any = None, strides: Any = None) -> ndarray:
    """A view of any strides."""
    return wrap(np.lib.stride_tricks.as_strided(x._a, shape, strides), x)


class broadcast:
    """What operands broadcast to."""

    def __init__(self, *arrays: Any) -> None:
        shapes = [x.shape if hasattr(x, "shape") else () for x in arrays]
        self.shape = np.broadcast_shapes(*shapes)
        self.nd, self.size = len(self.shape), int(np.prod(self.shape))
        self.values = tuple(
            wrap(np.broadcast_to(x._a, self.shape), x) if isinstance(x, ndarray) else x
            for x in arrays
        )


def broadcast_arrays(*args: Any) -> list[Any]:
    """Operands broadcast against each other."""
    return list(broadcast(*args).values)


SPECIAL: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        array, asarray, asnumpy, empty, empty_like, full, where, copyto, repeat, take,
        take_along_axis, searchsorted, matmul, broadcast, broadcast_arrays,
    )
}  # fmt: skip
SPECIAL["asanyarray"] = asarray
