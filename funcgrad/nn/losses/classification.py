"""Losses of predicted classes: cross-entropies and the divergence of distributions."""

from __future__ import annotations

import math

import numpy as np

from ... import lax
from ... import numpy as fnp
from ...core.dtypes import is_floating
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.protocol import array, inexact
from ...typing import Array, ArrayLike, Axes
from ..activations.along_axes import log_softmax, surprisal
from ..activations.piecewise import with_slope
from ..rescaled import in_single
from .reduction import (
    axes_of,
    check_classes,
    floats,
    mask_along,
    mask_of,
    masked,
    reduce_losses,
    same_shape,
    without_axes,
)

__all__ = [
    "kl_divergence",
    "sigmoid_binary_cross_entropy",
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
]

# softplus(x) - max(x, 0): what remains of a cross-entropy when its large terms have cancelled.
_excess = with_slope(
    lambda x: np.log1p(np.exp(-np.abs(x))),
    # -|x| is written so that its slope at 0, which the second derivative needs, is not 0.
    lambda x: np.where(x > 0, -1.0, 1.0) * lax.logistic(np.where(x > 0, -x, x)),
)


@user_facing
@in_single
def sigmoid_binary_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float | Array = 0.0,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """-y log(p) - (1 - y) log(1 - p) for the probability p = sigmoid(logit).

    Args besides the common ones (``help(nn.losses)``):
        logits: real array.
        labels: array of the same shape: 0, 1, or probabilities y.
        label_smoothing: number s in [0, 1]; labels become (1 - s) y + s/2.

    >>> sigmoid_binary_cross_entropy(np.array([0.0, 1e4]), np.array([1, 1])).round(4)
    np.float64(0.3466)
    """
    name = "sigmoid_binary_cross_entropy"
    logits, labels = inexact(logits), array(labels)
    same_shape(name, "logits", logits, "labels", labels)
    if where is not None:
        logits, labels = masked(mask_of(name, where, logits.shape), logits, labels)
    labels = _smoothed(_as_probabilities(labels, logits), label_smoothing, 2)
    # One factor of logits: 0 where a label is certain and right, so that the rest is not lost.
    losses = logits * ((logits > 0).astype(logits.dtype) - labels) + _excess(logits)
    return reduce_losses(name, losses, reduction, where, weights)


def _as_probabilities(labels: Array, logits: Array) -> Array:
    return labels if is_floating(labels.dtype) else labels.astype(logits.dtype)


def _smoothed(labels: Array, smoothing: float | Array, count: int) -> Array:
    if isinstance(smoothing, int | float) and smoothing == 0:
        return labels
    check_smoothing(smoothing)
    return (1 - smoothing) * labels + smoothing / count


def check_smoothing(smoothing: float | Array) -> None:
    """Raise for a smoothing that is known and no probability."""
    if isinstance(smoothing, int | float | np.floating) and not 0 <= smoothing <= 1:
        raise ValueError(f"label_smoothing must be from 0 to 1; got {smoothing!r}")


def _class_weights(
    name: str, weights: ArrayLike, shape: tuple[int, ...], axes: tuple[int, ...]
) -> Array:
    """Weights of classes in a shape that broadcasts with logits."""
    (weights,) = floats(weights)
    if len(axes) != 1 or tuple(weights.shape) != (shape[axes[0]],):
        raise ShapeError(
            f"{name} needs one class weight for each class along one axis; got class_weights of "
            f"shape {tuple(weights.shape)} for logits of shape {tuple(shape)} and axes {axes}"
        )
    return weights.reshape(tuple(d if i in axes else 1 for i, d in enumerate(shape)))


@user_facing
@in_single
def softmax_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    axis: Axes = -1,
    *,
    label_smoothing: float | Array = 0.0,
    class_weights: ArrayLike | None = None,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """-sum(y log(softmax(logits))) for probabilities y of classes.

    Args besides the common ones (``help(nn.losses)``):
        logits: real array. A class with logit -inf is excluded: its probability y has to be 0.
        labels: probabilities y, array of the same shape.
        label_smoothing: number s in [0, 1]; y becomes (1 - s) y + s / (number of classes).
        class_weights: one factor w for each class: y log(p) becomes w y log(p), and the mean is
            divided by the sum of the weights sum(w y) of the examples.

    >>> softmax_cross_entropy(np.zeros((1, 2)), np.array([[0.25, 0.75]])).round(4)
    np.float64(0.6931)
    """
    name = "softmax_cross_entropy"
    logits, labels = inexact(logits), array(labels)
    same_shape(name, "logits", logits, "labels", labels)
    shape = logits.shape
    axes = axes_of(name, axis, len(shape))
    if where is not None:
        losses_shape = without_axes(shape, axes)
        mask = mask_along(mask_of(name, where, losses_shape), losses_shape, axes)
        logits, labels = masked(mask, logits, labels)
    labels = _as_probabilities(labels, logits)
    mass = None
    targets = _smoothed(labels, label_smoothing, math.prod(shape[a] for a in axes))
    if class_weights is not None:
        factors = _class_weights(name, class_weights, shape, axes)
        mass, targets = np.sum(factors * labels, axis=axes), factors * targets
    log_p = log_softmax(logits, axes)
    excluded = (targets == 0) & (log_p == -np.inf)
    losses = -np.sum(targets * np.where(excluded, 0, log_p), axis=axes)
    return reduce_losses(name, losses, reduction, where, weights, mass)


@user_facing
@in_single
def softmax_cross_entropy_with_integer_labels(
    logits: ArrayLike,
    labels: ArrayLike,
    axis: int = -1,
    *,
    label_smoothing: float | Array = 0.0,
    class_weights: ArrayLike | None = None,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """-log(softmax(logits)[label]), faster than ``softmax_cross_entropy`` of one-hot labels.

    Args besides the common ones (``help(nn.losses)``):
        logits: real array.
        labels: integers from 0 to the number of classes - 1, array of the shape of logits
            without the axis of classes. Where the mask is False any integer will do.
        label_smoothing: number s in [0, 1]: the label has probability 1 - s, the rest is shared
            by all classes equally.
        class_weights: one factor for each class: a loss is multiplied by that of its label (with
            smoothing, each part by that of its class), and the mean is divided by the sum of the
            weights of the labels, as in PyTorch.

    Raises:
        ValueError: if a label is out of range and the CPU knows its value, that is outside of jit
            and not on a GPU.

    >>> logits = np.log(np.array([[0.1, 0.9], [0.5, 0.5]]))
    >>> softmax_cross_entropy_with_integer_labels(logits, np.array([0, 1]), reduction="none")
    array([2.30258509, 0.69314718])
    """
    name = "softmax_cross_entropy_with_integer_labels"
    logits, labels = inexact(logits), array(labels)
    axes = axes_of(name, axis, len(logits.shape))
    losses_shape, count = without_axes(logits.shape, axes), logits.shape[axis]
    if tuple(labels.shape) != losses_shape:
        raise ShapeError(
            f"{name} needs labels of shape {losses_shape}, that of logits without axis {axis}; "
            f"got {tuple(labels.shape)}"
        )
    if where is not None:
        where = mask_of(name, where, losses_shape)
        (labels,) = masked(where, labels)
        (logits,) = masked(mask_along(where, losses_shape, axes), logits)
    _check_labels(name, labels, count)
    losses = surprisal(logits, labels, axis)
    mass = factors = None
    if class_weights is not None:
        factors = _class_weights(name, class_weights, logits.shape, axes)
        mass = fnp.take(factors.reshape((count,)), labels, axis=0)
        losses = losses * mass
    if not (isinstance(label_smoothing, int | float) and label_smoothing == 0):
        check_smoothing(label_smoothing)
        even = _loss_of_all_classes(logits, axis, factors)
        losses = (1 - label_smoothing) * losses + label_smoothing * even
    return reduce_losses(name, losses, reduction, where, weights, mass)


def _check_labels(name: str, labels: Array, count: int) -> None:
    if is_floating(labels.dtype):
        raise TypeError(
            f"{name} needs integer labels; got {labels.dtype}. For probabilities there is "
            "softmax_cross_entropy."
        )
    check_classes(name, "labels", labels, count)


def _loss_of_all_classes(logits: Array, axis: int, factors: Array | None) -> Array:
    """The mean of the losses that each class would have as label."""
    log_p = log_softmax(logits, axis)
    return -np.mean(log_p if factors is None else log_p * factors, axis=axis)


@user_facing
@in_single
def kl_divergence(
    log_predictions: ArrayLike,
    targets: ArrayLike,
    axis: Axes = -1,
    *,
    log_targets: bool = False,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """sum(t (log(t) - log(p))), the Kullback-Leibler divergence of predictions p from targets t.

    Args besides the common ones (``help(nn.losses)``):
        log_predictions: logarithms of p, real array.
        targets: probabilities t, array of the same shape; 0 log 0 is 0.
        log_targets: True if targets are the logarithms of t (Optax has another function for it).

    >>> kl_divergence(np.log(np.array([0.5, 0.5])), np.array([1.0, 0.0])).round(4)
    np.float64(0.6931)
    """
    name = "kl_divergence"
    log_p, targets = floats(log_predictions, targets)
    same_shape(name, "log_predictions", log_p, "targets", targets)
    axes = axes_of(name, axis, len(log_p.shape))
    absent = targets == (-np.inf if log_targets else 0)
    if where is not None:
        losses_shape = without_axes(log_p.shape, axes)
        absent = absent | ~mask_along(mask_of(name, where, losses_shape), losses_shape, axes)
    # What is absent is replaced by t = p = 1, whose term is 0.
    log_p = np.where(absent, 0, log_p)
    if log_targets:
        log_t = np.where(absent, 0, targets)
        terms = np.exp(log_t) * (log_t - log_p)
    else:
        t = np.where(absent, 1, targets)
        terms = t * (np.log(t) - log_p)
    return reduce_losses(name, np.sum(terms, axis=axes), reduction, where, weights)
