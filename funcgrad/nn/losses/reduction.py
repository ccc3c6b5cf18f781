"""Masks, weights, and the reduction of losses to one number, which all losses share."""

from __future__ import annotations

import numpy as np

from ... import arrays
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy.protocol import array, inexact
from ...typing import Array, ArrayLike, Axes

REDUCTIONS = ("none", "mean", "sum")


def reduce_losses(
    name: str,
    losses: Array,
    reduction: str,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    mass: Array | None = None,
) -> Array:
    """Losses weighted, masked, and summed up or averaged.

    Args:
        name: function to name in errors.
        losses: array of losses.
        reduction: "none", "mean" or "sum".
        where: boolean array that broadcasts to losses; those left out count as 0.
        weights: array that broadcasts to losses.
        mass: weight of each loss in the mean, apart from weights; None is 1.

    Returns:
        The losses, their sum, or the sum divided by that of weights * mass: by the number of
        losses that the mask leaves, where there are neither. A mean of nothing is 0.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction must be one of {REDUCTIONS}; got {reduction!r}")
    if weights is not None:
        weights = _fitting(name, "weights", array(weights), losses.shape)
        losses = losses * weights
        mass = weights if mass is None else mass * weights
    if where is not None:
        where = mask_of(name, where, losses.shape)
        losses = np.where(where, losses, 0)
    if reduction == "none":
        return losses
    total = np.sum(losses)
    return total if reduction == "sum" else total / _divisor(losses, where, mass)


def _divisor(losses: Array, where: Array | None, mass: Array | None) -> Array | int:
    if mass is not None:
        counted: Array = np.broadcast_to(mass, losses.shape)
        total = np.sum(counted if where is None else np.where(where, counted, 0))
        return np.where(total == 0, 1, total).astype(losses.dtype)
    if where is None:
        return max(losses.size, 1)
    return np.maximum(np.sum(np.broadcast_to(where, losses.shape)), 1).astype(losses.dtype)


def mask_of(name: str, where: ArrayLike, shape: tuple[int, ...]) -> Array:
    """A mask, checked to be boolean and to broadcast to the shape of what it masks."""
    where = array(where)
    if where.dtype.kind != "b":
        raise TypeError(f"{name}: where must be boolean; got {where.dtype}. Compare, as in x > 0.")
    return _fitting(name, "where", where, shape)


def _fitting(name: str, what: str, x: Array, shape: tuple[int, ...]) -> Array:
    pairs = zip(x.shape[::-1], shape[::-1], strict=False)
    if len(x.shape) > len(shape) or any(d not in (1, size) for d, size in pairs):
        raise ShapeError(
            f"{name}: {what} of shape {tuple(x.shape)} does not broadcast to the losses, of shape "
            f"{tuple(shape)}"
        )
    return x


def mask_along(where: ArrayLike, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """A mask of losses as one of what the losses are computed from: with axes put in."""
    return np.expand_dims(np.broadcast_to(where, shape), axes)


def masked(where: Array | None, *operands: Array) -> tuple[Array, ...]:
    """Operands with zeros where the mask leaves elements out, whatever they hold there."""
    if where is None:
        return operands
    return tuple(np.where(where, x, 0) for x in operands)


def same_shape(name: str, what: str, x: Array, other: str, y: Array) -> None:
    """Raise unless two operands have the same shape: broadcasting would hide a mistake."""
    if tuple(x.shape) != tuple(y.shape):
        raise ShapeError(
            f"{name} needs {what} and {other} of the same shape; got {tuple(x.shape)} and "
            f"{tuple(y.shape)}. Reshape one of them, or broadcast it with np.broadcast_to."
        )


def check_classes(name: str, what: str, x: Array, count: int) -> None:
    """Raise unless classes are integers and, where the CPU knows their values, in range."""
    if x.dtype.kind not in "iu":
        raise TypeError(f"{name} needs integer {what}; got {x.dtype}")
    if isinstance(x, Tracer) or not x.size or arrays.is_gpu_array(x):
        return
    low, high = x.min(), x.max()
    if low < 0 or high >= count:
        raise ValueError(
            f"{name}: {what} must be from 0 to {count - 1}; found {low if low < 0 else high}. "
            "Leave out examples without one by where=."
        )


def axes_of(name: str, axis: Axes, ndim: int) -> tuple[int, ...]:
    """Axes as a sorted tuple of numbers that are not negative; None is all of them."""
    given = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    for a in given:
        if not -ndim <= a < ndim:
            raise ShapeError(f"{name}: axis {a} does not exist in an array of {ndim} axes")
    return tuple(sorted(a % ndim for a in given))


def without_axes(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without some of its axes."""
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def floats(*operands: ArrayLike) -> tuple[Array, ...]:
    """Operands as arrays of floats."""
    return tuple(inexact(x) for x in operands)
