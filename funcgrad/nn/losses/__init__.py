"""Losses of classes, numbers, vectors and sequences.

Names and order of arguments are those of Optax, where it has the loss. Some arguments mean the same
in all losses:

    reduction: "mean" (the default; Optax's functions never reduce) or "sum" for a scalar, "none"
        for an array with one loss for each element, or for each example where there is an axis.
    where: boolean array that broadcasts to the losses, True for those that count. The others change
        neither the value nor the derivative, even if they are infinite or NaN, and the mean does
        not count them.
    weights: factors that broadcast to the losses. The mean is divided by their sum.
    axis: the axis, or the axes, of the classes or of the components of vectors: the losses have one
        for each of the rest.

The mean over nothing is 0.

>>> import numpy as np
>>> from funcgrad import nn
>>> logits, labels = np.zeros((2, 4)), np.array([3, 0])
>>> nn.losses.softmax_cross_entropy_with_integer_labels(logits, labels).round(4)
np.float64(1.3863)
"""

from .classification import (
    kl_divergence,
    sigmoid_binary_cross_entropy,
    softmax_cross_entropy,
    softmax_cross_entropy_with_integer_labels,
)
from .embeddings import (
    contrastive_loss,
    cosine_distance,
    cosine_similarity,
    negative_sampling_loss,
    triplet_margin_loss,
)
from .regression import (
    absolute_error,
    gaussian_nll_loss,
    hinge_loss,
    huber_loss,
    l2_loss,
    log_cosh,
    poisson_nll_loss,
    squared_error,
    squared_hinge_loss,
)
from .sequences import ctc_loss

__all__ = [
    "absolute_error",
    "contrastive_loss",
    "cosine_distance",
    "cosine_similarity",
    "ctc_loss",
    "gaussian_nll_loss",
    "hinge_loss",
    "huber_loss",
    "kl_divergence",
    "l2_loss",
    "log_cosh",
    "negative_sampling_loss",
    "poisson_nll_loss",
    "sigmoid_binary_cross_entropy",
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
    "squared_error",
    "squared_hinge_loss",
    "triplet_margin_loss",
]
