"""Losses and likelihoods by hand, right and with mistakes that are made in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .layers_dense import Layer, changed, softmax
from .mutant import between, normal

Array = np.ndarray

# --- labels that are ignored, smoothed and weighted ----------------------------------------------

LABELS = np.array([2, 0, -1, 1, 3, -1, 2])
"""-1 stands for rows that are ignored."""

CLASS_WEIGHTS = np.array([1.0, 0.5, 2.0, 1.5])
SMOOTHING = 0.1


def targets(smoothing: float, weights: Array) -> Array:
    """The distribution that each row should have, times the weight of its class."""
    kept = LABELS >= 0
    wanted = np.eye(4)[LABELS] * (1 - smoothing) + smoothing / 4
    return wanted * (weights[LABELS] * kept)[:, None]


def weighted_entropy(scores: Array) -> Any:
    p = softmax(scores)
    t = targets(SMOOTHING, CLASS_WEIGHTS)
    return -np.sum(t * np.log(p)) / np.sum(t), p


def weighted_entropy_backward(
    ct: Array, p: Array, smoothing: float = SMOOTHING, total: float | None = None, **change: Any
) -> Any:
    weights = change.get("weights", CLASS_WEIGHTS)
    t = targets(smoothing, weights)
    kept = change.get("kept", np.sum(t, 1, keepdims=True))
    return (ct * (p * kept - t) / (np.sum(t) if total is None else total),)


WEIGHTED_ENTROPY = Layer("weighted cross-entropy", weighted_entropy, weighted_entropy_backward,
                         normal((7, 4)), {
    "ignored rows counted": lambda ct, p: weighted_entropy_backward(ct, p, total=10.0),
    "ignored rows not masked": lambda ct, p: weighted_entropy_backward(
        ct, p, kept=np.sum(targets(SMOOTHING, CLASS_WEIGHTS), 1, keepdims=True)
        + (LABELS < 0)[:, None]),
    "smoothing forgotten": lambda ct, p: weighted_entropy_backward(ct, p, 0.0),
    "class weights forgotten": lambda ct, p: weighted_entropy_backward(
        ct, p, weights=np.ones(4)),
    "class weights not in the normaliser": lambda ct, p: weighted_entropy_backward(
        ct, p, total=5.0),
})  # fmt: skip

# --- the focal loss ------------------------------------------------------------------------------


def focal(p: Array) -> Any:
    return np.mean((1 - p) ** 2 * -np.log(p)), p


def focal_backward(ct: Array, p: Array) -> Any:
    return (ct * (2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p) / p.size,)


FOCAL = Layer("focal loss", focal, focal_backward, between(0.1, 0.9, (6,)), {
    "modulating factor held constant": lambda ct, p: (-ct * (1 - p) ** 2 / p / p.size,),
    "exponent not lowered": lambda ct, p: (
        ct * (2 * (1 - p) ** 2 * np.log(p) - (1 - p) ** 2 / p) / p.size,),
    "sign of an inner derivative": lambda ct, p: (
        ct * (-2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p) / p.size,),
})  # fmt: skip

# --- distances of distributions ------------------------------------------------------------------


def gaussian_kl(mean: Array, logvar: Array) -> Any:
    return 0.5 * np.sum(np.exp(logvar) + mean**2 - 1 - logvar), (mean, logvar)


GAUSSIAN_KL = Layer("divergence of Gaussians", gaussian_kl,
                    lambda ct, c: (ct * c[0], 0.5 * ct * (np.exp(c[1]) - 1)),
                    normal((2, 3), (2, 3)), {
    "exponential forgotten": lambda ct, c: (ct * c[0], 0.5 * ct * (c[1] - 1)),
    "half of a factor forgotten": lambda ct, c: (ct * c[0], ct * (np.exp(c[1]) - 1)),
    "logarithm's part forgotten": lambda ct, c: (ct * c[0], 0.5 * ct * np.exp(c[1])),
    "deviation for variance": lambda ct, c: (
        ct * c[0], 0.5 * ct * (np.exp(0.5 * c[1]) - 1)),
})  # fmt: skip

NOISE = np.random.default_rng(7).standard_normal((2, 3))


def sampled(mean: Array, logvar: Array) -> Any:
    return mean + np.exp(0.5 * logvar) * NOISE, logvar


SAMPLED = Layer("reparametrised sample", sampled,
                lambda ct, c: (ct, 0.5 * ct * np.exp(0.5 * c) * NOISE),
                normal((2, 3), (2, 3)), {
    "noise drawn anew": lambda ct, c: (
        ct, 0.5 * ct * np.exp(0.5 * c) * np.random.default_rng(8).standard_normal((2, 3))),
    "half of the exponent forgotten": lambda ct, c: (ct, ct * np.exp(0.5 * c) * NOISE),
    "noise forgotten": lambda ct, c: (ct, 0.5 * ct * np.exp(0.5 * c)),
})  # fmt: skip

# --- overlaps, triplets, contrasts ---------------------------------------------------------------

TRUTH = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]])


def dice(p: Array) -> Any:
    both, total = np.sum(p * TRUTH, 1), np.sum(p + TRUTH, 1)
    return 1 - np.mean(2 * both / total), (both, total)


def dice_backward(ct: Array, cache: Any, denominator: float = 1.0, n: float = 2.0) -> Any:
    both, total = (a[:, None] for a in cache)
    return (-ct * 2 * (TRUTH / total - denominator * both / total**2) / n * np.ones((2, 4)),)


DICE = Layer("dice loss", dice, dice_backward, between(0.1, 0.9, (2, 4)), {
    "denominator held constant": lambda ct, c: dice_backward(ct, c, 0.0),
    "summed over examples": lambda ct, c: dice_backward(ct, c, n=1.0),
    "quotient rule's sign": lambda ct, c: dice_backward(ct, c, -1.0),
})  # fmt: skip


def triplet(a: Array, p: Array, n: Array) -> Any:
    """Hinge of squared distances, with a margin of 1."""
    gap = np.sum((a - p) ** 2, 1) - np.sum((a - n) ** 2, 1) + 1.0
    return np.sum(np.maximum(gap, 0)), (a, p, n, gap > 0)


def triplet_backward(ct: Array, cache: Any, mask: Any = None) -> Any:
    a, p, n, active = cache
    m = ct * (active if mask is None else mask)[:, None]
    return 2 * m * (n - p), -2 * m * (a - p), 2 * m * (a - n)


TRIPLET = Layer("triplet loss", triplet, triplet_backward, normal((8, 3), (8, 3), (8, 3)), {
    "hinge ignored": lambda ct, c: triplet_backward(ct, c, np.ones(8)),
    "margin forgotten": lambda ct, c: triplet_backward(
        ct, c, np.sum((c[0] - c[1]) ** 2, 1) > np.sum((c[0] - c[2]) ** 2, 1)),
    "anchor by the positive alone": changed(
        triplet_backward, 0, lambda g, ct, c: -triplet_backward(ct, c)[1]),
    "positive and negative exchanged": lambda ct, c: tuple(
        triplet_backward(ct, c)[i] for i in (0, 2, 1)),
})  # fmt: skip


def contrast(x: Array, y: Array) -> Any:
    """Cross-entropy of the similarities of pairs, by rows and by columns."""
    s = x @ y.T
    rows, columns = softmax(s), softmax(s.T).T
    each = np.arange(len(x))
    return -np.mean(np.log(rows[each, each]) + np.log(columns[each, each])), (x, y, rows, columns)


def contrast_backward(ct: Array, cache: Any, by_columns: float = 1.0) -> Any:
    x, y, rows, columns = cache
    one = np.eye(len(x))
    ds = ct * (rows - one + by_columns * (columns - one)) / len(x)
    return ds @ y, ds.T @ x


CONTRAST = Layer("contrastive loss", contrast, contrast_backward, normal((4, 3), (4, 3)), {
    "columns' half forgotten": lambda ct, c: contrast_backward(ct, c, 0.0),
    "similarities not transposed": changed(
        contrast_backward, 1, lambda g, ct, c: (c[2] - np.eye(4) + c[3] - np.eye(4)) @ c[0]
        * ct / 4),
    "one side stopped": changed(contrast_backward, 1, lambda g, ct, c: None),
})  # fmt: skip

# --- likelihoods ---------------------------------------------------------------------------------


def multivariate(x: Array, a: Array) -> Any:
    """Minus the log-likelihood of x, but for a constant, with covariance a a^T + I."""
    s = a @ a.T + np.eye(len(x))
    z = np.linalg.solve(s, x)
    return 0.5 * x @ z + 0.5 * np.linalg.slogdet(s)[1], (a, s, z)


def multivariate_backward(ct: Array, cache: Any, quad: float = 1.0, det: float = 1.0) -> Any:
    a, s, z = cache
    return ct * z, ct * (det * np.linalg.inv(s) - quad * np.outer(z, z)) @ a


MULTIVARIATE = Layer("multivariate likelihood", multivariate, multivariate_backward,
                     normal((3,), (3, 3)), {
    "determinant's part forgotten": lambda ct, c: multivariate_backward(ct, c, det=0.0),
    "quadratic form's part forgotten": lambda ct, c: multivariate_backward(ct, c, quad=0.0),
    "halves forgotten": changed(multivariate_backward, 1, lambda g, ct, c: 2 * g),
    "factor of the covariance on the wrong side": changed(
        multivariate_backward, 1,
        lambda g, ct, c: ct * c[0] @ (np.linalg.inv(c[1]) - np.outer(c[2], c[2]))),
})  # fmt: skip


def poisson(rate: Array) -> Any:
    counts = np.arange(rate.size)
    return np.sum(rate - counts * np.log(rate)), (rate, counts)


POISSON = Layer("Poisson likelihood", poisson, lambda ct, c: (ct * (1 - c[1] / c[0]),),
                between(0.5, 3.0, (5,)), {
    "constant of one dropped": lambda ct, c: (-ct * c[1] / c[0],),
    "derivative by the logarithm": lambda ct, c: (ct * (c[0] - c[1]),),
    "counts from one": lambda ct, c: (ct * (1 - (c[1] + 1) / c[0]),),
})  # fmt: skip


def padded_mean(x: Array) -> Any:
    """The mean square over sequences of lengths 3, 5 and 1."""
    mask = np.arange(x.shape[1]) < np.array([3, 5, 1])[:, None]
    return np.sum(x * x * mask) / np.sum(mask), (x, mask)


PADDED_MEAN = Layer("loss of padded sequences", padded_mean,
                    lambda ct, c: (2 * ct * c[0] * c[1] / np.sum(c[1]),), normal((3, 5)), {
    "padding counted": lambda ct, c: (2 * ct * c[0] * c[1] / c[1].size,),
    "padding not masked": lambda ct, c: (2 * ct * c[0] / np.sum(c[1]),),
    "mask off by one": lambda ct, c: (
        2 * ct * c[0] * np.roll(c[1], 1, 1) / np.sum(c[1]),),
    "mean of means": lambda ct, c: (
        2 * ct * c[0] * c[1] / np.sum(c[1], 1, keepdims=True) / 3,),
})  # fmt: skip

LAYERS = [
    WEIGHTED_ENTROPY, FOCAL, GAUSSIAN_KL, SAMPLED, DICE, TRIPLET, CONTRAST, MULTIVARIATE, POISSON,
    PADDED_MEAN,
]  # fmt: skip
MUTANTS = [mutant for layer in LAYERS for mutant in layer.mutants()]
