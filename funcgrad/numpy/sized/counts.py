"""Counts, repetitions and triangles, of as many elements as is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...ops.pointwise.comparison import maximum
from ...ops.reductions.cumulative import cumsum
from ...ops.reductions.sorting import searchsorted
from ...ops.shape import broadcast_to, cast
from ...typing import Array, ArrayLike
from ..indexing.taking import take
from ..indexing.updates import at
from ..protocol import array, as_operand, with_axis
from ..reductions.statistics import weights_of
from .places import checked_size, nonzero

_INTP = np.dtype(np.intp)
_numpy: Any = np


@user_facing
def bincount(
    x: ArrayLike,
    weights: ArrayLike | None = None,
    minlength: int = 0,
    *,
    length: int | None = None,
) -> Array:
    """The number of times that each integer occurs, or the sum of its weights.

    Args:
        x: a vector of integers that are not negative.
        weights: what each of them counts.
        minlength: the least number of counts.
        length: the number of counts, whatever the integers are, so that it can be staged. Integers
            that are too large are not counted then, and negative ones as 0.

    Returns:
        The counts.

    Raises:
        ConcretizationError: without length, if the integers are not known.

    >>> bincount(np.array([1, 3, 1]), length=3)
    array([0, 2, 0])
    """
    if length is None:
        return np.bincount(x, weights, minlength)
    length = checked_size(length, "bincount")
    places = array(x)
    if len(places.shape) != 1 or places.dtype.kind not in "iub":
        raise TypeError(
            f"bincount needs a vector of integers, got {places.dtype} of shape "
            f"{tuple(places.shape)}"
        )
    kept = maximum(cast(places, _INTP), 0)
    if weights is None:
        return at(np.zeros(length, np.intp))[kept].add(1, mode="drop")
    weights = weights_of("bincount", weights)
    if tuple(weights.shape) != tuple(places.shape):
        raise ValueError(
            f"bincount: weights of shape {tuple(weights.shape)} for {places.shape[0]} integers"
        )
    return at(np.zeros(length))[kept].add(weights, mode="drop")


@user_facing
def repeat(
    a: ArrayLike,
    repeats: ArrayLike,
    axis: int | None = None,
    *,
    total_repeat_length: int | None = None,
) -> Array:
    """Each element of an array repeated along an axis.

    Args:
        a: array.
        repeats: how often, one number or one for each element.
        axis: axis; None flattens the array.
        total_repeat_length: the length of the result, so that repeats may be staged. What is too
            much is cut off, and the last element is repeated where there are too few.

    Returns:
        The longer array.

    Raises:
        ConcretizationError: without total_repeat_length, if repeats are not known.

    >>> repeat(np.array([5, 6, 7]), np.array([1, 0, 2]), total_repeat_length=4)
    array([5, 7, 7, 7])
    """
    if total_repeat_length is None:
        if isinstance(repeats, Tracer):
            repeats = repeats.concrete("repeats of np.repeat, without total_repeat_length,")
        return _numpy.repeat(a, repeats, axis)
    length = checked_size(total_repeat_length, "repeat")
    x, k = with_axis(as_operand(a), axis)
    n = x.shape[k]
    if not n:
        raise ValueError("repeat: there is no element to fill total_repeat_length with")
    counts = array(repeats)
    if counts.shape and counts.shape != (1,) and tuple(counts.shape) != (n,):
        raise ValueError(f"repeat: {tuple(counts.shape)} repeats for an axis of {n} elements")
    counts = broadcast_to(cast(counts, _INTP), (n,))
    ends = cumsum(counts, axis=0, reverse=False)
    places = searchsorted(ends, like(ends, np.arange(length)), side="right")
    return take(x, np.minimum(places, n - 1), k)


@user_facing
def mask_indices(
    n: int, mask_func: Callable[..., Array], k: ArrayLike = 0, *, size: int | None = None
) -> tuple[Array, ...]:
    """The places of an (n, n) matrix that a function like ``np.triu`` keeps.

    Args:
        n: number of rows and columns.
        mask_func: function of a matrix and k.
        k: passed on to it.
        size: how many places to return, whatever they are.

    Returns:
        Their rows and columns.

    >>> mask_indices(2, np.triu)
    (array([0, 0, 1]), array([0, 1, 1]))
    """
    return nonzero(mask_func(np.ones((n, n), int), k) != 0, size=size)
