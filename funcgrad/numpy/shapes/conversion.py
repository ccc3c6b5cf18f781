"""What becomes an array: NumPy's conversions about memory and classes, which keep traced values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ... import arrays
from ...core.dtypes import is_inexact
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...ops.shape import reshape
from ...typing import Array, ArrayLike, DTypeLike
from ..protocol import holds_tracer
from .creation import asarray

_numpy: Any = np


def _converted(name: str, a: Any, dtype: DTypeLike | None, *args: Any) -> Any:
    """The result of NumPy's or CuPy's function; a traced value as an array."""
    if holds_tracer(a) or (isinstance(a, list | tuple) and arrays.first_on_gpu(a) is not None):
        return asarray(a, dtype)
    if arrays.is_gpu_array(a):
        return arrays.compute_there(lambda xp, xs: getattr(xp, name)(xs[0], dtype, *args), (a,))
    return arrays.moved(getattr(_numpy, name)(a, dtype, *args))


_FLAGS = frozenset(
    "C C_CONTIGUOUS CONTIGUOUS F F_CONTIGUOUS FORTRAN A ALIGNED W WRITEABLE O OWNDATA E "
    "ENSUREARRAY".split()
)
"""What ``numpy.require`` can ask of memory."""


@user_facing
def asanyarray(a: ArrayLike, dtype: DTypeLike | None = None, order: str | None = None) -> Array:
    """An array, without copying what is one, as ``numpy.asanyarray``; a traced value stays.

    Args:
        a: array, numbers, or nested sequences of them, which may be traced.
        dtype: dtype of the result.
        order: layout of the memory of a plain array.

    >>> asanyarray([1, 2])
    array([1, 2])
    """
    return _converted("asanyarray", a, dtype, order)


@user_facing
def ascontiguousarray(a: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """An array with at least one axis, row after row in memory; a traced one has no memory.

    Args:
        a: array, numbers, or nested sequences of them, which may be traced.
        dtype: dtype of the result.

    >>> ascontiguousarray(np.ones((2, 2)).T).flags.c_contiguous
    True
    """
    return _with_axis(_converted("ascontiguousarray", a, dtype))


@user_facing
def asfortranarray(a: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """An array with at least one axis, column after column in memory; a traced one has no memory.

    Args:
        a: array, numbers, or nested sequences of them, which may be traced.
        dtype: dtype of the result.

    >>> asfortranarray(np.ones((2, 2))).flags.f_contiguous
    True
    """
    return _with_axis(_converted("asfortranarray", a, dtype))


def _with_axis(x: Array) -> Array:
    return x if x.shape else reshape(x, shape=(1,))


@user_facing
def asarray_chkfinite(
    a: ArrayLike, dtype: DTypeLike | None = None, order: str | None = None
) -> Array:
    """An array, if it has neither infinities nor NaNs; the values must be known.

    Args:
        a: array, numbers, or nested sequences of them, which may be traced.
        dtype: dtype of the result.
        order: layout of the memory of a plain array.

    Raises:
        ValueError: it has an infinity or NaN.
        ConcretizationError: the values are not known.

    >>> asarray_chkfinite([1.0, 2.0])
    array([1., 2.])
    """
    x = _converted("asarray", a, dtype, *(() if order is None else (order,)))
    if is_inexact(x.dtype) and not bool(np.isfinite(x).all()):
        raise ValueError("asarray_chkfinite: the array has infinities or NaNs")
    return x


@user_facing
def require(
    a: ArrayLike,
    dtype: DTypeLike | None = None,
    requirements: str | Sequence[str] | None = None,
) -> Array:
    """An array whose memory is as required, as ``numpy.require``; a traced one has no memory.

    Args:
        a: array, numbers, or nested sequences of them, which may be traced.
        dtype: dtype of the result.
        requirements: flags of the memory, such as 'C' or ['F', 'W'].

    Raises:
        ValueError: requirements names something else.

    >>> require([1, 2], float, "C")
    array([1., 2.])
    """
    for flag in requirements or ():
        if not (isinstance(flag, str) and flag.upper() in _FLAGS):
            raise ValueError(
                f"require: requirements are flags such as 'C', 'F' and 'W', not {flag!r}"
            )
    if holds_tracer(a) or arrays.is_gpu_array(a):
        return asarray(a, dtype)
    return arrays.moved(_numpy.require(a, dtype, requirements))


@user_facing
def from_dlpack(x: Any, /, *, device: str | None = None, copy: bool | None = None) -> Array:
    """An array of another library, by the protocol of DLPack, with the same memory where it can be.

    Args:
        x: array of any library that knows the protocol, on the CPU or a GPU of CUDA.
        device: where it is to be; by default where it is.
        copy: whether it is to be copied; None is where it must be.

    Returns:
        An array of NumPy or CuPy; a traced value as it is.

    Raises:
        BufferError: it would have to be copied, and must not be.

    >>> from_dlpack(np.array([1.0, 2.0]))
    array([1., 2.])
    """
    if isinstance(x, Tracer):
        return x  # type: ignore[return-value]
    made = x
    if not arrays.is_array(x):
        on_gpu = x.__dlpack_device__()[0] in _CUDA
        made = (arrays.import_cupy() if on_gpu else np).from_dlpack(x)
    moves = device is not None and (device == "cpu") == arrays.is_gpu_array(made)
    if moves and copy is False:
        raise BufferError(f"from_dlpack: an array cannot be on {device!r} without a copy")
    if moves:
        return arrays.device_put(made, device)
    return made.copy() if copy else made


_CUDA = (2, 13)
"""DLPack's numbers for memory of CUDA: of a device, and shared with the host."""


class ndenumerate:
    """The elements of an array with their indices, as ``numpy.ndenumerate``; they may be traced.

    >>> list(ndenumerate(np.array([[1, 2]])))
    [((0, 0), np.int64(1)), ((0, 1), np.int64(2))]
    """

    def __init__(self, arr: ArrayLike) -> None:
        x = asarray(arr)
        flat = reshape(x, shape=(x.size,))
        self.iter: Iterator[Any] = iter(zip(np.ndindex(*x.shape), flat, strict=True))

    def __iter__(self) -> ndenumerate:
        return self

    def __next__(self) -> tuple[tuple[int, ...], Any]:
        return next(self.iter)
