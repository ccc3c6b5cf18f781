"""Measures of predictions: numbers to report, not to differentiate.

Arguments come in the order of scikit-learn where it has the function: first what is true. All
functions work under ``jit`` and ``vmap``; the number of classes is given, since it cannot be found
out there. ``where`` is a boolean mask that broadcasts to the examples, True for those that count.

>>> from funcgrad import nn
>>> nn.metrics.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
np.float64(0.5)
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import arrays
from .. import numpy as fnp
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..numpy.protocol import array, inexact
from ..typing import Array, ArrayLike
from .activations.along_axes import at_places
from .losses import softmax_cross_entropy_with_integer_labels
from .losses.reduction import check_classes, floats, mask_of, masked, reduce_losses, same_shape
from .rescaled import in_single, largest_along

__all__ = [
    "accuracy",
    "confusion_matrix",
    "f1_score",
    "perplexity",
    "precision_score",
    "r2_score",
    "recall_score",
    "top_k_accuracy",
]


@user_facing
@in_single
def accuracy(logits: ArrayLike, labels: ArrayLike, where: ArrayLike | None = None) -> Array:
    """The fraction of examples whose largest logit is that of the label.

    Args besides the common ones (``help(nn.metrics)``):
        logits: real array of shape (..., classes); of equal ones the first counts.
        labels: integers of shape (...).

    Returns:
        Scalar of the dtype of logits; 0 if there are no examples.

    >>> accuracy(np.eye(3), np.array([0, 1, 1])).round(4)
    np.float64(0.6667)
    """
    logits, labels = _scores("accuracy", logits, labels)
    right = np.argmax(logits, axis=-1) == labels
    return reduce_losses("accuracy", right.astype(logits.dtype), "mean", where)


def _scores(name: str, logits: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    logits, labels = inexact(logits), array(labels)
    if len(logits.shape) == 0 or tuple(logits.shape[:-1]) != tuple(labels.shape):
        raise ShapeError(
            f"{name} needs logits with one axis of classes more than labels, at the end; got "
            f"shapes {tuple(logits.shape)} and {tuple(labels.shape)}"
        )
    return logits, labels


@user_facing
@in_single
def top_k_accuracy(
    logits: ArrayLike, labels: ArrayLike, k: int = 5, where: ArrayLike | None = None
) -> Array:
    """The fraction of examples whose label is among the k largest logits.

    Args besides the common ones (``help(nn.metrics)``):
        logits: real array of shape (..., classes); of equal ones the first come first.
        labels: integers of shape (...).
        k: number of largest logits that count.

    Returns:
        Scalar of the dtype of logits; 0 if there are no examples.

    >>> top_k_accuracy(np.array([[0.3, 0.2, 0.1]]), np.array([1]), k=2)
    np.float64(1.0)
    """
    logits, labels = _scores("top_k_accuracy", logits, labels)
    if where is not None:
        (labels,) = masked(mask_of("top_k_accuracy", where, labels.shape), labels)
    check_classes("top_k_accuracy", "labels", labels, logits.shape[-1])
    places = labels[..., None]
    own = at_places(logits, places, -1)
    classes = arrays.namespace((logits,)).arange(logits.shape[-1])
    ahead = (logits > own) | ((logits == own) & (classes < places))
    known = own[..., 0] == own[..., 0]  # a label out of range on a GPU has no logit
    right = (np.sum(ahead, axis=-1) < operator.index(k)) & known
    return reduce_losses("top_k_accuracy", right.astype(logits.dtype), "mean", where)


@user_facing
@in_single
def perplexity(
    logits: ArrayLike, labels: ArrayLike | None = None, where: ArrayLike | None = None
) -> Array:
    """exp(mean cross-entropy): the number of equally likely classes that are as hard to predict.

    Args besides the common ones (``help(nn.metrics)``):
        logits: real array of shape (..., classes); without labels, the cross-entropies.
        labels: integers of shape (...).

    Returns:
        Scalar of the dtype of logits.

    >>> perplexity(np.zeros((2, 7)), np.array([3, 5])).round(4)
    np.float64(7.0)
    """
    if labels is None:
        losses = inexact(logits)
        if where is not None:
            where = mask_of("perplexity", where, losses.shape)
        return np.exp(reduce_losses("perplexity", losses, "mean", where))
    return np.exp(softmax_cross_entropy_with_integer_labels(logits, labels, where=where))


@user_facing
def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, num_classes: int, where: ArrayLike | None = None
) -> Array:
    """Count for each class the examples that were taken for it and for each other class.

    Args besides the common ones (``help(nn.metrics)``):
        labels: true classes, integers from 0 to num_classes - 1.
        predictions: predicted classes, integers of the same shape.
        num_classes: number of classes.

    Returns:
        int64 array of shape (num_classes, num_classes): rows are true classes, columns predicted
        ones.

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 0],
           [1, 1]])
    """
    name = "confusion_matrix"
    labels, predictions = array(labels), array(predictions)
    same_shape(name, "labels", labels, "predictions", predictions)
    count: Array | np.integer[Any] = np.int64(1)
    if where is not None:
        where = np.broadcast_to(mask_of(name, where, labels.shape), labels.shape)
        labels, predictions = masked(where, labels, predictions)
        count = where.astype(np.int64)
    check_classes(name, "labels", labels, num_classes)
    check_classes(name, "predictions", predictions, num_classes)
    matrix = arrays.namespace((labels,)).zeros((num_classes, num_classes), np.int64)
    return fnp.at(matrix)[labels, predictions].add(count)


AVERAGES = ("macro", "micro", "weighted", "none")


def _score(name: str, numerator: Array, denominator: Array, support: Array, average: str) -> Array:
    if average not in AVERAGES:
        raise ValueError(f"{name}: average must be one of {AVERAGES}; got {average!r}")
    if average == "micro":
        return _ratio(np.sum(numerator), np.sum(denominator))
    scores = _ratio(numerator, denominator)
    if average == "macro":
        return np.mean(scores, axis=-1)
    return scores if average == "none" else _ratio(np.sum(scores * support), np.sum(support))


def _ratio(x: Array, y: Array) -> Array:
    """Divide counts; 0 / 0 is 0."""
    return x / np.maximum(y, 1)


@user_facing
def precision_score(
    labels: ArrayLike,
    predictions: ArrayLike,
    num_classes: int,
    *,
    average: str = "macro",
    where: ArrayLike | None = None,
) -> Array:
    """The fraction of examples predicted to be of a class that are of it.

    Args besides the common ones (``help(nn.metrics)``):
        labels: true classes, integers from 0 to num_classes - 1.
        predictions: predicted classes, integers of the same shape.
        num_classes: number of classes.
        average: "macro" (mean over all classes, those without examples too), "weighted" (by the
            number of examples of each class), "micro" (over all examples, which gives the
            accuracy), or "none".

    Returns:
        Scalar, or array of shape (num_classes,) for "none". What would be 0 / 0 is 0.

    >>> precision_score(np.array([0, 1, 1]), np.array([0, 0, 1]), 2, average="none")
    array([0.5, 1. ])
    """
    matrix = confusion_matrix(labels, predictions, num_classes, where)
    right, support = np.diagonal(matrix), np.sum(matrix, axis=1)
    return _score("precision_score", right, np.sum(matrix, axis=0), support, average)


@user_facing
def recall_score(
    labels: ArrayLike,
    predictions: ArrayLike,
    num_classes: int,
    *,
    average: str = "macro",
    where: ArrayLike | None = None,
) -> Array:
    """The fraction of examples of a class that are predicted to be of it.

    Arguments and result are those of ``precision_score``.

    >>> recall_score(np.array([0, 1, 1]), np.array([0, 0, 1]), 2, average="none")
    array([1. , 0.5])
    """
    matrix = confusion_matrix(labels, predictions, num_classes, where)
    support = np.sum(matrix, axis=1)
    return _score("recall_score", np.diagonal(matrix), support, support, average)


@user_facing
def f1_score(
    labels: ArrayLike,
    predictions: ArrayLike,
    num_classes: int,
    *,
    average: str = "macro",
    where: ArrayLike | None = None,
) -> Array:
    """The harmonic mean of precision and recall.

    Arguments and result are those of ``precision_score``.

    >>> f1_score(np.array([0, 1, 1]), np.array([0, 0, 1]), 2, average="none").round(4)
    array([0.6667, 0.6667])
    """
    matrix = confusion_matrix(labels, predictions, num_classes, where)
    right, support = np.diagonal(matrix), np.sum(matrix, axis=1)
    both = np.sum(matrix, axis=0) + support
    return _score("f1_score", 2 * right, both, support, average)


@user_facing
@in_single
def r2_score(targets: ArrayLike, predictions: ArrayLike, where: ArrayLike | None = None) -> Array:
    """1 - sum((t - p)**2) / sum((t - mean(t))**2), the fraction of variance that is explained.

    Args besides the common ones (``help(nn.metrics)``):
        targets: true values, real array of shape (examples,) or (examples, ...).
        predictions: array of the same shape. Mind the order, which is that of scikit-learn.

    Returns:
        Scalar: the mean over the columns. For a column whose targets are all equal it is 1 if
        the predictions are exact, and 0 if not.

    >>> r2_score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    np.float64(0.5)
    """
    name = "r2_score"
    targets, predictions = floats(targets, predictions)
    same_shape(name, "targets", targets, "predictions", predictions)
    if len(targets.shape) == 0:
        raise ShapeError(f"{name} needs an axis of examples; got scalars")
    count: int | Array = max(targets.shape[0], 1)
    mask = None
    if where is not None:
        where = np.broadcast_to(mask_of(name, where, targets.shape[:1]), targets.shape[:1])
        count = np.maximum(np.sum(where), 1).astype(targets.dtype)
        mask = where.reshape((-1,) + (1,) * (len(targets.shape) - 1))
        targets, predictions = masked(mask, targets, predictions)
    center = np.sum(targets, axis=0) / count
    (around,) = masked(mask, targets - center)
    # In units of the largest deviation, whose square may be out of range.
    largest = largest_along(np.abs(around), 0)
    unit = np.where((largest > 0) & (largest < np.inf), largest, 1)
    left = np.sum(((targets - predictions) / unit) ** 2, axis=0)
    whole = np.sum((around / unit) ** 2, axis=0)
    even = whole == 0
    return np.mean(np.where(even, left == 0, 1 - left / np.where(even, 1, whole)))
