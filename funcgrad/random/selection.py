"""Choosing among finitely many: categories, elements of an array, orders."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from .. import arrays
from ..core.dtypes import is_inexact
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..numpy.indexing.taking import take
from ..typing import Array, ArrayLike, Key, Shape
from .arguments import (
    UINT32,
    as_array,
    as_floats,
    check_axis,
    check_fit,
    check_gumbel_mode,
    check_key,
    check_population,
    check_shape,
    is_integer_scalar,
    real_parameter,
)
from .drawing import random_uniform
from .samplers import gumbels, integers, single_for_half, split_key


@user_facing
def categorical(
    key: Key,
    logits: ArrayLike,
    axis: int = -1,
    shape: Shape | None = None,
    replace: bool = True,
    mode: str | None = None,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw categories whose log probabilities are given up to a constant.

    Parameters:
        logits: array of log probabilities; they need not be normalised.
        axis: axis of the categories.
        shape: shape of the result, which ends with the shape of logits without this axis; None
            is that shape itself.
        replace: whether a category may be drawn repeatedly; else the leading axes of shape, in
            front of the axes of logits, hold different categories.
        mode: of the noise, as for ``gumbel``.

    Returns:
        int64 array of category numbers: those of the largest logits + Gumbel noise; -1 where a
        logit is NaN or none is left that is not -inf.

    Raises:
        ShapeError: if the shapes do not fit, or there are too few categories.

    >>> from funcgrad import random
    >>> random.categorical(random.key(0), np.log([0.2, 0.3, 0.5]), shape=(5,)).shape
    (5,)
    """
    check_key("categorical", key)
    scores = as_floats(real_parameter("categorical", "logits", logits))
    axis = check_axis("categorical", axis, scores.ndim)
    mode = check_gumbel_mode("categorical", mode)
    batch = scores.shape[:axis] + scores.shape[axis + 1 :]
    shape = batch if shape is None else check_shape("categorical", shape)
    check_fit("categorical", "logits without the axis of categories", batch, shape)
    prefix = shape[: len(shape) - len(batch)]
    if replace:
        rest = list(shape[len(prefix) :])
        rest.insert(axis, scores.shape[axis])
        noise = gumbels(key, (*prefix, *rest), scores.dtype, mode)
        noise, scores = arrays.harmonize((noise, scores))[1]
        drawn = np.argmax(noise + scores, axis=axis - scores.ndim)
        return np.where(np.max(scores, axis=axis) > -np.inf, drawn, -1)[()]
    if shape != prefix + batch:
        raise ShapeError(
            f"categorical without replacement: shape {shape} must end with {batch}, the shape of "
            "logits without the axis of categories"
        )
    noise = gumbels(key, scores.shape, scores.dtype, mode)
    noise, scores = arrays.harmonize((noise, scores))[1]
    check_population("categorical", prod(prefix), scores.shape[axis])
    order = _largest(np.moveaxis(noise + scores, axis, 0), prod(prefix))
    chosen = np.take_along_axis(np.moveaxis(scores, axis, 0), order, 0)
    possible = (chosen > -np.inf) & ~np.any(np.isnan(scores), axis=axis)
    order = np.where(possible, order, -1)
    return np.reshape(order, shape)[()]


def _largest(scores: Array, count: int) -> Array:
    """Positions of the largest scores along axis 0, the largest first."""
    return np.argsort(-scores, axis=0, kind="stable")[:count]


@user_facing
def permutation(
    key: Key, x: ArrayLike, axis: int = 0, independent: bool = False, *, out_sharding: None = None
) -> Array:
    """Shuffle an array, or the integers below a number.

    Parameters:
        x: array, or integer n that stands for arange(n).
        axis: axis along which elements move.
        independent: whether each vector along the axis gets an order of its own.

    Returns:
        Array of the shape and dtype of x. Elements are sorted by random bits, in so many rounds
        that ties are improbable.

    >>> from funcgrad import random
    >>> random.permutation(random.key(0), 5)
    array([0, 1, 4, 3, 2])
    """
    check_key("permutation", key)
    if is_integer_scalar(x):
        size = operator.index(x)
        check_axis("permutation", axis, 1)
        return _random_order(key, check_shape("permutation", size), 0)
    array = as_array(x)
    axis = check_axis("permutation", axis, array.ndim)
    if independent:
        order = _random_order(key, array.shape, axis)
        array, order = arrays.harmonize((array, order))[1]
        return np.take_along_axis(array, order, axis)
    order = _random_order(key, (array.shape[axis],), 0)
    array, order = arrays.harmonize((array, order))[1]
    return take(array, order, axis=axis)


def _random_order(key: Key, shape: tuple[int, ...], axis: int) -> Array:
    """Random permutations of arange(shape[axis]) along an axis.

    A position in the lower half of each sorted number makes the order of equal bits definite.
    """
    size = prod(shape)
    if shape[axis] > 2**32:
        raise ShapeError(f"permutation takes at most 2**32 elements along an axis, got {shape}")
    xp = arrays.namespace((key,))
    steps = (-1,) + (1,) * (len(shape) - axis - 1)
    position = xp.arange(shape[axis], dtype=np.uint64).reshape(steps)
    order = xp.zeros(shape, np.int64)
    for turn in range(int(np.ceil(3 * np.log(max(1, size)) / np.log(2**32 - 1)))):
        key, subkey = split_key(key)
        draws = random_uniform(subkey, shape=shape, dtype=UINT32).astype(np.uint64)
        moved = np.sort(draws << 32 | position, axis=axis) & 0xFFFFFFFF
        moved = moved.astype(np.int64)
        order = np.take_along_axis(order, moved, axis) if turn else moved
    return order


@user_facing
def choice(
    key: Key,
    a: ArrayLike,
    shape: Shape = (),
    replace: bool = True,
    p: ArrayLike | None = None,
    axis: int = 0,
    mode: str | None = None,
) -> Array:
    """Draw elements of an array, or integers below a number.

    Parameters:
        a: array, or integer n that stands for arange(n).
        shape: shape of the draw.
        replace: whether an element may be drawn repeatedly.
        p: probabilities of the elements, a vector that need not be normalised; None makes them
            equal.
        axis: axis of a along which elements are counted.
        mode: of the Gumbel numbers by which a draw with p and without replacement is made, as for
            ``gumbel``.

    Returns:
        Array of shape a.shape[:axis] + shape + a.shape[axis + 1:]. Where traced probabilities are
        not possible (see below), integers below a number are -1, floats NaN, and others 0.

    Raises:
        ShapeError: if p does not fit, or a has too few elements.
        ValueError: if p is known, and negative, infinite or NaN somewhere, or 0 everywhere, or
            positive for fewer elements than are drawn without replacement.

    >>> from funcgrad import random
    >>> random.choice(random.key(0), np.array([2.0, 3.0, 5.0]), (4,)).shape
    (4,)
    """
    check_key("choice", key)
    shape = check_shape("choice", shape)
    mode = check_gumbel_mode("choice", mode)
    if is_integer_scalar(a):
        chosen, possible = _drawn_positions(key, operator.index(a), shape, replace, p, mode)
        return chosen if possible is None else np.where(possible, chosen, -1)[()]
    array = as_array(a)
    axis = check_axis("choice", axis, array.ndim)
    chosen, possible = _drawn_positions(key, array.shape[axis], shape, replace, p, mode)
    array, chosen = arrays.harmonize((array, chosen))[1]
    drawn = take(array, chosen, axis=axis)
    if possible is None:
        return drawn
    possible = np.reshape(possible, possible.shape + (1,) * (array.ndim - axis - 1))
    nothing = array.dtype.type(np.nan) if is_inexact(array.dtype) else np.zeros((), array.dtype)[()]
    return np.where(possible, drawn, nothing)[()]


def _drawn_positions(
    key: Key,
    population: int,
    shape: tuple[int, ...],
    replace: bool,
    p: ArrayLike | None,
    mode: str,
) -> tuple[Array, Array | None]:
    """Positions that are drawn, and a mask of those that are possible, where that is not known."""
    count = prod(shape)
    if population <= 0 and count:
        raise ShapeError(f"choice cannot draw {count} elements out of {population}")
    if not replace:
        check_population("choice", count, population)
    if p is not None:
        return _weighted_choice(key, population, shape, replace, p, mode)
    if replace:
        bounds = np.array([0, population])
        return integers(key, shape, bounds[0], bounds[1], np.dtype(np.int64)), None
    return np.reshape(_random_order(key, (population,), 0)[:count], shape)[()], None


def _check_probabilities(p: Array, needed: int) -> None:
    """Raise unless so many different elements can be drawn with these probabilities."""
    if not np.all((p >= 0) & (p < np.inf)):
        raise ValueError(f"choice: probabilities must be finite and not negative; got {p}")
    positive = int(np.count_nonzero(p))
    if positive < needed:
        raise ValueError(
            f"choice cannot draw {needed} different elements: {positive} of {p.size} probabilities "
            "are positive"
        )


def _weighted_choice(
    key: Key, population: int, shape: tuple[int, ...], replace: bool, p: ArrayLike, mode: str
) -> tuple[Any, Any]:
    """Positions drawn with probabilities, and a mask of those possible, where not known."""
    weights = as_floats(real_parameter("choice", "p", p))
    if weights.shape != (population,):
        raise ShapeError(
            f"choice needs one probability for each of {population} elements, got p of shape "
            f"{weights.shape}"
        )
    count, weights = prod(shape), weights.astype(single_for_half(weights.dtype))
    known = isinstance(weights, np.ndarray)
    if known and count:
        _check_probabilities(weights, 1 if replace else count)
    if replace:
        total = np.cumsum(weights)
        u = random_uniform(key, shape=shape, dtype=weights.dtype)
        u, total = arrays.harmonize((u, total))[1]
        chosen = np.searchsorted(total, total[-1] * (1 - u))
    else:
        noise, weights = arrays.harmonize(
            (gumbels(key, weights.shape, weights.dtype, mode), weights)
        )[1]
        with np.errstate(divide="ignore"):
            chosen = np.reshape(_largest(noise + np.log(weights), count), shape)[()]
    if known or not population:
        return chosen, None
    last = np.minimum(chosen, population - 1)
    return last, np.all((weights >= 0) & (weights < np.inf)) & (take(weights, last, axis=0) > 0)
