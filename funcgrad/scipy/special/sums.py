"""Sums of exponentials and what is made of them: logsumexp, softmax, log_softmax."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from ...api.stop_gradient import stop_gradient
from ...core.blame import describe
from ...core.dtypes import is_floating
from ...core.tracebacks import user_facing
from ...nn.activations import along_axes
from ...numpy import scipy_ufuncs
from ...numpy.protocol import array, as_operand, axes_or_none, promoted
from ...numpy.reductions import sums_and_extrema
from ...ops.pointwise.comparison import filled_like, select
from ...ops.shape import cast, reshape
from ...typing import Array, ArrayLike, Axes


def _numbers(name: str, *xs: ArrayLike) -> list[Array]:
    """Operands, of which float16 stays what it is."""
    found = scipy_ufuncs.floats(name, *xs)
    dtype = promoted(*(array(x) if isinstance(x, list | tuple) else x for x in xs))
    return [cast(x, dtype) for x in found] if is_floating(dtype) else found


def _real_numbers(name: str, x: ArrayLike) -> Array:
    (found,) = _numbers(name, x)
    if found.dtype.kind == "c":
        raise TypeError(f"{name} takes real numbers, got {found.dtype}")
    return found


@overload
def logsumexp(
    a: ArrayLike,
    axis: Axes = None,
    b: ArrayLike | None = None,
    keepdims: bool = False,
    return_sign: Literal[False] = False,
    where: ArrayLike | None = None,
) -> Array: ...
@overload
def logsumexp(
    a: ArrayLike,
    axis: Axes = None,
    b: ArrayLike | None = None,
    keepdims: bool = False,
    *,
    return_sign: Literal[True],
    where: ArrayLike | None = None,
) -> tuple[Array, Array]: ...
@overload
def logsumexp(
    a: ArrayLike,
    axis: Axes,
    b: ArrayLike | None,
    keepdims: bool,
    return_sign: bool,
    where: ArrayLike | None = None,
) -> Any: ...
@user_facing
def logsumexp(
    a: ArrayLike,
    axis: Axes = None,
    b: ArrayLike | None = None,
    keepdims: bool = False,
    return_sign: bool = False,
    where: ArrayLike | None = None,
) -> Any:
    """log(sum(b * exp(a))), computed without overflow.

    Args:
        a: array.
        axis: axis or axes to sum over; None is all.
        b: factors of the exponentials, which broadcast with a; None for ones.
        keepdims: keep the reduced axes as ones.
        return_sign: return also the sign of the sum, and the logarithm of its size.
        where: booleans that broadcast with a: which elements are summed.

    Returns:
        The logarithms, NaN where a sum is negative, complex ones for complex operands; with
        return_sign a pair of logarithms of absolute values, and signs: sums over their sizes.

    >>> logsumexp([1000.0, 1000.0]).round(6)
    np.float64(1000.693147)
    >>> logsumexp([0.0, 0.0], b=[1.0, -3.0], return_sign=True)
    (np.float64(0.6931471805599453), np.float64(-1.0))
    """
    if not isinstance(return_sign, bool | np.bool_):
        raise TypeError(f"logsumexp: return_sign must be a bool, got {describe(return_sign)}")
    x, *factors = _numbers("logsumexp", a, *([] if b is None else [b]))
    if where is not None:
        chosen = as_operand(where)
        x = select(chosen if chosen.dtype.kind == "b" else chosen != 0, x, -np.inf)
    if b is None and x.dtype.kind != "c":
        out = sums_and_extrema.logsumexp(x, axis, keepdims)
        if not return_sign:
            return out
        sign = select(out > -np.inf, out.dtype.type(1), out.dtype.type(0))
        return out, select(np.isnan(out), out, sign)
    factor = factors[0] if factors else filled_like(x, 1)
    x, factor = np.broadcast_arrays(x, factor)
    axes = axes_or_none(axis, len(x.shape))
    x = select(factor == 0, -np.inf, x)
    real = np.real(x)
    if all(x.shape[i] for i in axes):
        largest = stop_gradient(np.max(real, axes, keepdims=True))
        largest = select(np.isfinite(largest), largest, 0)
    else:
        largest = real.dtype.type(0)
    total = np.sum(factor * _exponentials(x, largest), axes, keepdims=True)
    sign = np.sign(total)
    if return_sign:
        out = _log(np.abs(total)) + largest
    else:
        out = _log(total) + largest
    if not keepdims:
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        out, sign = reshape(out, shape=shape), reshape(sign, shape=shape)
    return (out, sign) if return_sign else out


def _exponentials(x: Array, largest: Array) -> Array:
    """exp(x - largest); 0 where x is -inf, whatever its imaginary part is."""
    if x.dtype.kind != "c":
        return np.exp(x - largest)
    none = np.real(x) == -np.inf
    return select(none, 0, np.exp(select(none, 0, x) - largest))


def _log(x: Array) -> Array:
    """The logarithm, without warnings: -inf at 0, NaN of negative numbers."""
    some = x != 0 if x.dtype.kind == "c" else x > 0
    return select(x == 0, -np.inf, select(some, np.log(select(some, x, 1)), np.nan))


@user_facing
def softmax(x: ArrayLike, axis: Axes = None) -> Array:
    """exp(x) divided by its sum along axes.

    Args:
        x: real array.
        axis: axis or axes; None is all of them.

    Returns:
        The array of x's shape.

    >>> softmax([0.0, 0.0])
    array([0.5, 0.5])
    """
    return along_axes.softmax(_real_numbers("softmax", x), axis)


@user_facing
def log_softmax(x: ArrayLike, axis: Axes = None) -> Array:
    """The logarithm of ``softmax``, accurate where the probability is small.

    Args:
        x: real array.
        axis: axis or axes; None is all of them.

    Returns:
        The array of x's shape.

    >>> log_softmax([0.0, 0.0]).round(6)
    array([-0.693147, -0.693147])
    """
    return along_axes.log_softmax(_real_numbers("log_softmax", x), axis)
