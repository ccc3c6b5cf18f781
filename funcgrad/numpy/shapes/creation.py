"""New arrays: NumPy's creation functions, with ``device=`` and traced elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import arrays
from ...core.dtypes import kind_of
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer, aval_of
from ...ops.shape import cast, definite, reshape
from ...typing import Array, ArrayLike, DTypeLike, Shape
from ..protocol import array as as_operand
from ..protocol import holds_tracer

_numpy: Any = np
"""Without the types of its overloads, which differ from version to version."""


@user_facing
def array(
    object: ArrayLike,
    dtype: DTypeLike | None = None,
    *,
    copy: bool | None = True,
    order: str = "K",
    ndmin: int = 0,
    device: str | None = None,
) -> Array:
    """An array of numbers, arrays or traced values, in nested sequences.

    Args:
        object: array, scalar, tracer, or nested lists and tuples of them.
        dtype: dtype of the result; by default the promoted dtype of the elements.
        copy: make a new array even if one is given; None only where it must be, False never.
        order: layout of the memory of a plain array.
        ndmin: least number of axes; ones are put before the others.
        device: where to put it: 'cpu', 'gpu', 'gpu:1'; by default where the input is.

    Returns:
        The array; traced if an element is.

    Raises:
        ValueError: a copy has to be made, and must not be.

    >>> array([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 2.],
           [3., 4.]])
    """
    return _array(object, dtype, copy, order, ndmin, device)


def _array(
    object: ArrayLike,
    dtype: DTypeLike | None,
    copy: bool | None,
    order: str,
    ndmin: int,
    device: str | None,
) -> Array:
    if holds_tracer(object):
        out = definite(as_operand(object))
        if dtype is not None and kind_of(np.dtype(dtype)) in "iuf" and _has_python_complex(object):
            raise TypeError(f"array: a Python complex number cannot be {np.dtype(dtype)}")
        out = out if dtype is None else cast(out, np.dtype(dtype))
        lead = (1,) * (ndmin - len(out.shape))
        return reshape(out, shape=lead + out.shape) if lead else out

    if device is None and (arrays.loaded_cupy() is None or type(object) is np.ndarray):
        return _numpy.array(object, dtype, copy=copy, order=order, ndmin=ndmin)

    def make(xp: Any) -> Array:
        return xp.array(object, dtype=dtype, copy=copy, order=order, ndmin=ndmin)

    if device is not None:
        return arrays.created(make, device)
    there = arrays.first_on_gpu((object,))
    if there is not None:
        return arrays.compute_there(lambda xp, _given: make(xp), (there,))
    return make(np) if arrays.is_array(object) else arrays.created(make)


def _has_python_complex(x: object) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_has_python_complex, x))
    aval = aval_of(x)
    return aval.weak and aval.dtype.kind == "c"


@user_facing
def asarray(
    a: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "K",
    *,
    copy: bool | None = None,
    device: str | None = None,
) -> Array:
    """Like ``array``, without copying what is an array already.

    Args:
        a: array, scalar, tracer, or nested lists and tuples of them.
        dtype: dtype of the result; by default the promoted dtype of the elements.
        order: layout of the memory of a plain array.
        copy: make a new array even if one is given; None only where it must be, False never.
        device: where to put it: 'cpu', 'gpu', 'gpu:1'; by default where the input is.

    Raises:
        ValueError: a copy has to be made, and must not be.

    >>> asarray([1, 2])
    array([1, 2])
    """
    if isinstance(a, Tracer) and dtype is None:
        return definite(a)
    return _array(a, dtype, copy, order, 0, device)


def concrete_shape(shape: Any) -> Any:
    """A shape as plain integers, or an error that says why a traced size cannot be one."""
    if type(shape) is int:
        return shape
    if isinstance(shape, Tracer):
        return shape.concrete("the shape of a new array")
    if isinstance(shape, tuple | list):
        for d in shape:
            if type(d) is not int:
                return tuple([concrete_shape(d) for d in shape])
    return shape


@user_facing
def zeros(
    shape: Shape, dtype: DTypeLike = float, order: str = "C", *, device: str | None = None
) -> Array:
    """An array of zeros, of the given shape and dtype.

    >>> zeros((2,))
    array([0., 0.])
    """
    return arrays.created(lambda xp: xp.zeros(concrete_shape(shape), dtype, order), device)


@user_facing
def ones(
    shape: Shape, dtype: DTypeLike = float, order: str = "C", *, device: str | None = None
) -> Array:
    """An array of ones, of the given shape and dtype.

    >>> ones(2, int)
    array([1, 1])
    """
    return arrays.created(lambda xp: xp.ones(concrete_shape(shape), dtype, order), device)


@user_facing
def empty(
    shape: Shape, dtype: DTypeLike = float, order: str = "C", *, device: str | None = None
) -> Array:
    """An array of zeros: like ``zeros``, since there is no writing into it later.

    >>> empty(1)
    array([0.])
    """
    return zeros(shape, dtype, order, device=device)


@user_facing
def full(
    shape: Shape,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "C",
    *,
    device: str | None = None,
) -> Array:
    """An array of one value, which may be traced.

    >>> full((2,), 7.0)
    array([7., 7.])
    """
    if isinstance(fill_value, Tracer):
        value = fill_value if dtype is None else cast(fill_value, np.dtype(dtype))
        return np.broadcast_to(value, shape)
    return arrays.created(
        lambda xp: xp.full(concrete_shape(shape), fill_value, dtype, order), device
    )


@user_facing
def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: DTypeLike = float,
    order: str = "C",
    *,
    device: str | None = None,
) -> Array:
    """A matrix of N rows and M columns with ones on diagonal k.

    >>> eye(2)
    array([[1., 0.],
           [0., 1.]])
    """
    return arrays.created(lambda xp: xp.eye(N, M, k, dtype, order), device)


@user_facing
def identity(n: int, dtype: DTypeLike = float, *, device: str | None = None) -> Array:
    """The identity matrix of n rows.

    >>> identity(1)
    array([[1.]])
    """
    return eye(n, dtype=dtype, device=device)


@user_facing
def arange(
    start: float | Array,
    stop: float | Array | None = None,
    step: float | Array | None = None,
    dtype: DTypeLike | None = None,
    *,
    device: str | None = None,
) -> Array:
    """Evenly spaced values from start to before stop.

    >>> arange(3)
    array([0, 1, 2])
    """
    first, end, by = (0, start, step) if stop is None else (start, stop, step)
    if isinstance(first, Tracer) or isinstance(end, Tracer) or isinstance(by, Tracer):
        first, end, by = (
            x.concrete("arange") if isinstance(x, Tracer) else x for x in (first, end, by)
        )
    by = 1 if by is None else by
    return arrays.created(lambda xp: xp.arange(first, end, by, dtype), device)


@user_facing
def tri(
    N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = float, *, device: str | None = None
) -> Array:
    """A matrix with ones at and below diagonal k.

    >>> tri(2)
    array([[1., 0.],
           [1., 1.]])
    """
    return arrays.created(lambda xp: xp.tri(N, M, k, dtype), device)


@user_facing
def fromfunction(
    function: Callable[..., Array],
    shape: Sequence[int],
    *,
    dtype: DTypeLike = float,
    **kwargs: object,
) -> Array:
    """An array made by calling a function on arrays of indices.

    >>> fromfunction(lambda i, j: i + j, (2, 2))
    array([[0., 1.],
           [1., 2.]])
    """
    return function(*np.indices(shape, dtype=np.dtype(dtype)), **kwargs)
