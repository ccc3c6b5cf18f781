"""Losses of vectors: how near they are to each other, and how far from others."""

from __future__ import annotations

import math

import numpy as np

from ...api.stop_gradient import stop_gradient
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array, ArrayLike, Axes
from ..activations import log_sigmoid
from ..activations.piecewise import relu
from ..rescaled import in_single, largest_along, norm
from .reduction import (
    axes_of,
    floats,
    mask_along,
    mask_of,
    masked,
    reduce_losses,
    same_shape,
    without_axes,
)

__all__ = [
    "contrastive_loss",
    "cosine_distance",
    "cosine_similarity",
    "negative_sampling_loss",
    "triplet_margin_loss",
]


def _vectors(
    name: str, axis: Axes, where: ArrayLike | None, **named: ArrayLike
) -> tuple[tuple[Array, ...], tuple[int, ...]]:
    """Arrays of vectors of one shape, zeros under the mask, and the axes of components."""
    names, vectors = list(named), floats(*named.values())
    for other, v in zip(names[1:], vectors[1:], strict=True):
        same_shape(name, names[0], vectors[0], other, v)
    shape = vectors[0].shape
    axes = axes_of(name, axis, len(shape))
    if where is not None:
        losses = without_axes(shape, axes)
        vectors = masked(mask_along(mask_of(name, where, losses), losses, axes), *vectors)
    return vectors, axes


@user_facing
@in_single
def cosine_similarity(
    predictions: ArrayLike, targets: ArrayLike, *, epsilon: float | Array = 0.0, axis: Axes = -1
) -> Array:
    """The cosine of the angle between vectors.

    Args besides the common ones (``help(nn.losses)``):
        predictions: real array of vectors.
        targets: array of the same shape.
        epsilon: lower bound of the norms that are divided by.

    Returns:
        Array without these axes. It is 0, with derivative 0, where a vector is zero.

    >>> cosine_similarity(np.array([1.0, 0.0]), np.array([1.0, 1.0])).round(4)
    np.float64(0.7071)
    """
    (x, y), axes = _vectors(
        "cosine_similarity", axis, None, predictions=predictions, targets=targets
    )
    return _cosine(x, y, axes, epsilon)


def _cosine(x: Array, y: Array, axes: tuple[int, ...], epsilon: float | Array) -> Array:
    cosine = np.sum(_unit_vectors(x, axes, epsilon) * _unit_vectors(y, axes, epsilon), axis=axes)
    return cosine[()]


def _unit_vectors(x: Array, axes: tuple[int, ...], epsilon: float | Array) -> Array:
    """Vectors divided by their norms; zero, with derivative 0, where they are zero.

    Each is scaled first, since the derivative has the norm squared in it.
    """
    largest = largest_along(np.abs(stop_gradient(x)), axes, keepdims=True)
    scale = np.where((largest > 0) & (largest < np.inf), largest, 1.0)
    x = x / scale
    length = np.expand_dims(norm(x, axes), axes)
    length = np.maximum(length, epsilon / scale)
    zero = length == 0
    return np.where(zero, 0, x / np.where(zero, 1, length))


@user_facing
@in_single
def cosine_distance(
    predictions: ArrayLike,
    targets: ArrayLike,
    *,
    epsilon: float | Array = 0.0,
    axis: Axes = -1,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """1 - ``cosine_similarity``.

    Args besides the common ones (``help(nn.losses)``):
        predictions: real array of vectors.
        targets: array of the same shape.
        epsilon: lower bound of the norms that are divided by.

    >>> cosine_distance(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))
    np.float64(1.0)
    """
    name = "cosine_distance"
    (x, y), axes = _vectors(name, axis, where, predictions=predictions, targets=targets)
    return reduce_losses(name, 1 - _cosine(x, y, axes, epsilon), reduction, where, weights)


@user_facing
@in_single
def triplet_margin_loss(
    anchors: ArrayLike,
    positives: ArrayLike,
    negatives: ArrayLike,
    axis: Axes = -1,
    norm_degree: float | Array = 2,
    margin: float | Array = 1.0,
    eps: float | Array = 1e-6,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin).

    The distance is (sum(abs(x - y)**p) + eps)**(1/p). Balntas et al., Learning local feature
    descriptors with triplets and shallow convolutional neural networks, BMVC 2016.

    Args besides the common ones (``help(nn.losses)``):
        anchors: real array of vectors.
        positives: array of the same shape: vectors that should be near to the anchors.
        negatives: array of the same shape: vectors that should be farther away.
        norm_degree: the number p.
        margin: least difference of the two distances.
        eps: small number that keeps derivatives finite where vectors are equal.

    >>> triplet_margin_loss(np.zeros((1, 2)), np.ones((1, 2)), np.ones((1, 2)))
    np.float64(1.0)
    """
    name = "triplet_margin_loss"
    (x, near, far), axes = _vectors(
        name, axis, where, anchors=anchors, positives=positives, negatives=negatives
    )

    def distance(other: Array) -> Array:
        difference = x - other
        if norm_degree == 2:
            return np.hypot(norm(difference, axes), math.sqrt(eps))
        return _distance(np.abs(difference), axes, norm_degree, eps)

    losses = relu(distance(near) - distance(far) + margin)
    return reduce_losses(name, losses, reduction, where, weights)


def _distance(x: Array, axes: tuple[int, ...], p: float | Array, eps: float | Array) -> Array:
    """(sum(x**p) + eps)**(1/p), with powers of what is at most 1 where x is large."""
    scale = np.maximum(largest_along(stop_gradient(x), axes, keepdims=True), 1.0)
    scale = np.where(np.isfinite(scale), scale, 1.0)
    total = np.sum((x / scale) ** p, axis=axes, keepdims=True) + eps / scale**p
    return np.squeeze(scale * total ** (1 / p), axes)


@user_facing
@in_single
def contrastive_loss(
    first: ArrayLike,
    second: ArrayLike,
    labels: ArrayLike,
    *,
    margin: float | Array = 1.0,
    axis: Axes = -1,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """d**2 / 2 for pairs that belong together, max(0, margin - d)**2 / 2 for others.

    Hadsell, Chopra and LeCun, Dimensionality reduction by learning an invariant mapping, 2006.

    Args besides the common ones (``help(nn.losses)``):
        first: real array of vectors.
        second: array of the same shape; d is the Euclidean distance.
        labels: one for each pair: 1 (or True) if they belong together, else 0.
        margin: distance from which on others are far enough.

    Returns:
        Scalar, or array without the axes of components. At distance 0 the derivative is 0.

    >>> contrastive_loss(np.zeros((2, 1)), np.full((2, 1), 0.5), np.array([1, 0]), reduction="none")
    array([0.125, 0.125])
    """
    name = "contrastive_loss"
    (x, y), axes = _vectors(name, axis, where, first=first, second=second)
    distance = norm(x - y, axes)
    (labels,) = floats(labels)
    same_shape(name, "pairs of vectors", distance, "labels", labels)
    labels = labels.astype(distance.dtype)
    short = relu(margin - distance)
    # The label comes first: where it is 0, a square out of range does not count.
    losses = 0.5 * (labels * distance * distance + (1 - labels) * (short * short))
    return reduce_losses(name, losses, reduction, where, weights)


@user_facing
@in_single
def negative_sampling_loss(
    embeddings: ArrayLike,
    targets: ArrayLike,
    negatives: ArrayLike,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """-log s(u.v) - sum over k of log s(-u.n_k), for the logistic function s.

    The objective of skip-gram (u is the vector of the word in the middle, v that of a word near
    it) and of CBOW (u is the mean of the vectors near v). Mikolov et al., arXiv:1310.4546,
    equation 4.

    Args besides the common ones (``help(nn.losses)``):
        embeddings: vectors u, real array of shape (..., d).
        targets: vectors v that were seen with them, of the same shape.
        negatives: vectors n that were drawn at random, of shape (..., k, d).

    Raises:
        ShapeError: if shapes do not fit.

    >>> negative_sampling_loss(np.zeros((1, 2)), np.ones((1, 2)), np.ones((1, 3, 2))).round(4)
    np.float64(2.7726)
    """
    name = "negative_sampling_loss"
    (u, v), axes = _vectors(name, -1, where, embeddings=embeddings, targets=targets)
    (negatives,) = floats(negatives)
    if (*negatives.shape[:-2], *negatives.shape[-1:]) != u.shape or len(negatives.shape) < 2:
        raise ShapeError(
            f"{name} needs negatives of shape {(*u.shape[:-1], 'k', u.shape[-1])} for embeddings "
            f"of shape {u.shape}; got {negatives.shape}"
        )
    if where is not None:
        (negatives,) = masked(mask_along(where, u.shape[:-1], (-2, -1)), negatives)
    seen = log_sigmoid(np.sum(u * v, axis=axes))
    drawn = log_sigmoid(-np.matmul(negatives, u[..., None])[..., 0])
    return reduce_losses(name, -seen - np.sum(drawn, axis=-1), reduction, where, weights)
