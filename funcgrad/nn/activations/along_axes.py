"""Functions of all elements along an axis: softmax and its relatives, standardize, one_hot."""

from __future__ import annotations

import operator
from typing import TypeAlias, cast

import numpy as np

from ... import arrays
from ... import numpy as fnp
from ...api.custom import custom_jvp
from ...core.dtypes import finfo
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.protocol import array, inexact
from ...ops.reductions.softmax import complement, log_total
from ...ops.reductions.sorting import put_along, take_along
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..rescaled import in_single, over_deviation, over_masked_deviation

__all__ = ["log_softmax", "logsumexp", "one_hot", "softmax", "standardize"]


Pair: TypeAlias = "tuple[Array, Array]"

Places: TypeAlias = "int | tuple[int, ...] | None"
"""Axes of a reduction: one, several, or all for None."""


def _from_largest(x: Array, axis: Places) -> tuple[tuple[Array, Array], Array]:
    """The differences of x to its maximum, their exponentials, and the sum of these, at least 1.

    A row of -inf only has the sum 0; it counts as 1, so that its probabilities are 0.
    """
    largest = np.max(x, axis=axis, keepdims=True)
    shifted = x - np.maximum(largest, finfo(x.dtype).min)
    exponentials = np.exp(shifted)
    return (shifted, exponentials), np.maximum(np.sum(exponentials, axis, keepdims=True), 1)


def _softmax_value(x: Array, axis: Places) -> Array:
    (_, exponentials), total = _from_largest(x, axis)
    return exponentials / total


def _log_softmax_value(x: Array, axis: Places) -> Array:
    (shifted, exponentials), total = _from_largest(x, axis)
    return shifted - _log_total(total, exponentials, axis)


def _log_total(total: Array, exponentials: Array, axis: Places) -> Array:
    return log_total(total, exponentials, axes=_places(axis, len(exponentials.shape)))


def _places(axis: Places, ndim: int) -> tuple[int, ...]:
    """The axes counted from the front; a number has none."""
    given = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(a % ndim for a in given)) if ndim else ()


def _softmax_and_log_value(x: Array, axis: Places) -> tuple[Array, Array]:
    """(softmax, log_softmax), from the same exponentials."""
    (shifted, exponentials), total = _from_largest(x, axis)
    return exponentials / total, shifted - _log_total(total, exponentials, axis)


_softmax = custom_jvp(_softmax_value, nondiff_argnums=(1,))
_log_softmax = custom_jvp(_log_softmax_value, nondiff_argnums=(1,))
_softmax_and_log = custom_jvp(_softmax_and_log_value, nondiff_argnums=(1,))


@_softmax.defjvp
def _softmax_jvp(
    axis: Places, primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    out = _softmax(primals[0], axis)
    return out, _softmax_tangent(tangents[0], out, axis)


def _softmax_tangent(t: Array, p: Array, axis: Places) -> Array:
    weighted = p * t
    return weighted - p * np.sum(weighted, axis, keepdims=True)


@_log_softmax.defjvp
def _log_softmax_jvp(
    axis: Places, primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    p, log_p = _softmax_and_log(primals[0], axis)
    return log_p, _log_softmax_tangent(tangents[0], p, log_p, axis)


def _log_softmax_tangent(t: Array, p: Array, log_p: Array, axis: Places) -> Array:
    """The difference of t and its mean, by 1 - p, which is not 0 for p next to 1."""
    weighted = p * t
    return (weighted - np.sum(weighted, axis, keepdims=True)) + complement(p, log_p) * t


@_softmax_and_log.defjvp
def _softmax_and_log_jvp(
    axis: Places, primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Pair, Pair]:
    p, log_p = _softmax_and_log(primals[0], axis)
    (t,) = tangents
    changes = _softmax_tangent(t, p, axis), _log_softmax_tangent(t, p, log_p, axis)
    return (p, log_p), changes


def at_places(x: Array, places: Array, axis: int) -> Array:
    """Elements along an axis; on a GPU those out of range are NaN, where CuPy would wrap round."""
    if arrays.is_gpu_array(x):
        return take_along(x, arrays.like(x, places), axis % x.ndim)
    return fnp.take_along_axis(x, places, axis)


def _surprisal_value(x: Array, places: Array, axis: int) -> Array:
    (shifted, exponentials), total = _from_largest(x, axis)
    chosen = at_places(shifted, places, axis)
    return _log_total(total, exponentials, axis) - chosen


def _surprisal_and_slope_value(x: Array, places: Array, axis: int) -> tuple[Array, Array]:
    """(surprisal, softmax) from the same exponentials, but p - 1 for the chosen p.

    It comes from the logarithm of p, so that it is not 0 for p next to 1.
    """
    (shifted, exponentials), total = _from_largest(x, axis)
    places = arrays.like(x, places)
    chosen = at_places(shifted, places, axis)
    lost = _log_total(total, exponentials, axis) - chosen
    return lost, put_along(exponentials / total, places, np.expm1(-lost), axis)


_surprisal = custom_jvp(_surprisal_value, nondiff_argnums=(2,))
_surprisal_and_slope = custom_jvp(_surprisal_and_slope_value, nondiff_argnums=(2,))


@_surprisal.defjvp
def _surprisal_jvp(
    axis: int, primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    lost, weights = _surprisal_and_slope(primals[0], primals[1], axis)
    return lost, np.sum(weights * tangents[0], axis, keepdims=True)


@_surprisal_and_slope.defjvp
def _surprisal_and_slope_jvp(
    axis: int, primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Pair, Pair]:
    lost, weights = _surprisal_and_slope(primals[0], primals[1], axis)
    changes = np.sum(weights * tangents[0], axis, keepdims=True)
    p = _softmax(primals[0], axis)
    return (lost, weights), (changes, _softmax_tangent(tangents[0], p, axis))


def surprisal(x: Array, labels: Array, axis: int) -> Array:
    """Minus the logarithms of the probabilities that softmax gives to one place per row."""
    axis %= len(x.shape)
    return np.squeeze(_surprisal(x, np.expand_dims(labels, axis), axis), axis)


def _axes(axis: Axes) -> Places:
    return tuple(axis) if isinstance(axis, list) else cast("Places", axis)


def _masked_out(x: Array, where: ArrayLike | None) -> Array:
    """Minus infinity in the place of elements that a mask leaves out."""
    return x if where is None else np.where(where, x, -np.inf)


@user_facing
@in_single
def softmax(x: ArrayLike, axis: Axes = -1, where: ArrayLike | None = None) -> Array:
    """exp(x) divided by its sum along an axis.

    Args:
        x: real array; -inf has probability 0.
        axis: axis or axes; None is all of them.
        where: boolean array that broadcasts with x: elements left out have probability 0, and
            neither their values nor their derivatives count.

    Returns:
        Array of probabilities; all of them are 0 where no element is left, or all are -inf.

    >>> softmax(np.array([0.0, 1e4, -np.inf]))
    array([0., 1., 0.])
    >>> softmax(np.zeros(3), where=np.array([True, True, False]))
    array([0.5, 0.5, 0. ])
    """
    x = _masked_out(inexact(x), where)
    return _softmax(x, _axes(axis)) if x.size else x


@user_facing
@in_single
def log_softmax(x: ArrayLike, axis: Axes = -1, where: ArrayLike | None = None) -> Array:
    """The logarithm of ``softmax``, accurate where the probability is small.

    Args:
        x: real array; -inf has probability 0.
        axis: axis or axes; None is all of them.
        where: boolean array that broadcasts with x; elements left out give -inf.

    Returns:
        Array; -inf where the probability is 0.

    >>> log_softmax(np.array([0.0, 1e4]))
    array([-10000.,      0.])
    """
    x = _masked_out(inexact(x), where)
    return _log_softmax(x, _axes(axis)) if x.size else x


@user_facing
@in_single
def logsumexp(
    x: ArrayLike, axis: Axes = None, keepdims: bool = False, where: ArrayLike | None = None
) -> Array:
    """log(sum(exp(x))), without overflow.

    Args besides x:
        axis: axis or axes to sum over; None is all of them.
        keepdims: True to keep these axes, with size 1.
        where: boolean array that broadcasts with x; elements left out are not summed.

    Returns:
        Array; -inf where there is nothing to sum.

    >>> logsumexp(np.array([1000.0, 1000.0]))
    np.float64(1000.6931471805599)
    """
    return fnp.logsumexp(_masked_out(inexact(x), where), _axes(axis), keepdims)


@user_facing
@in_single
def standardize(
    x: ArrayLike,
    axis: Axes = -1,
    mean: float | Array | None = None,
    variance: float | Array | None = None,
    epsilon: float | Array = 1e-5,
    where: ArrayLike | None = None,
) -> Array:
    """(x - mean) / sqrt(variance + epsilon).

    The variance is computed from differences to the mean (JAX by default subtracts squares).

    Args besides x:
        axis: axis or axes along which mean and variance are taken; None is all of them.
        mean: array that broadcasts with x, in the place of the mean of x.
        variance: array that broadcasts with x, in the place of the mean square of x - mean.
        epsilon: positive number.
        where: boolean array that broadcasts with x: True for the elements that mean and variance
            count.

    >>> standardize(np.array([1.0, 2.0, 3.0]), epsilon=0.0).round(4)
    array([-1.2247,  0.    ,  1.2247])
    """
    x, axes = inexact(x), _axes(axis)
    if mean is None:
        mean = _average(x, axes, where)
    centered = x - mean
    if variance is None:
        return _over_deviation(centered, axes, where, epsilon)
    return centered * (1 / np.sqrt(variance + epsilon))


def _over_deviation(
    centered: Array, axis: Places, where: ArrayLike | None, epsilon: float | Array
) -> Array:
    axes = _places(axis, len(centered.shape))
    if where is None:
        return over_deviation(centered, axes, epsilon)[0]
    return over_masked_deviation(centered, axes, epsilon, where)


def _average(x: Array, axis: Places, where: ArrayLike | None) -> Array:
    """The mean of the elements under a mask, 0 where there are none."""
    if where is None:
        return np.mean(x, axis, keepdims=True)
    where = np.broadcast_to(where, x.shape)
    count = np.sum(where, axis, keepdims=True).astype(x.dtype)
    return np.sum(np.where(where, x, 0), axis, keepdims=True) / np.maximum(count, 1)


@user_facing
def one_hot(x: ArrayLike, num_classes: int, *, dtype: DTypeLike = float, axis: int = -1) -> Array:
    """Vectors with a one at the positions given by x and zeros elsewhere.

    Args:
        x: integer array of positions; those out of range, negative ones too, give zeros only.
        num_classes: length of the vectors.
        dtype: dtype of the result.
        axis: axis of the result along which the vectors lie.

    Returns:
        Array with one axis more than x.

    Raises:
        TypeError: if x holds anything but integers.
        ValueError: if num_classes is negative.

    >>> one_hot(np.array([0, 2, 3]), 3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """
    x = array(x)
    if x.dtype.kind not in "iu":
        raise TypeError(f"one_hot needs integer positions; got {x.dtype}. Convert them first.")
    num_classes = operator.index(num_classes)
    if num_classes < 0:
        raise ValueError(f"one_hot: num_classes must not be negative; got {num_classes}")
    if not -len(x.shape) - 1 <= axis <= len(x.shape):
        raise ShapeError(f"one_hot: axis {axis} does not exist in a result of {x.ndim + 1} axes")
    classes = arrays.namespace((x,)).arange(num_classes)
    steps = [1] * (len(x.shape) + 1)
    steps[axis] = num_classes
    return (np.expand_dims(x, axis) == classes.reshape(steps)).astype(dtype)
