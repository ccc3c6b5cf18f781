"""Activations, losses, layers and small models."""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import nn, random

from .right import Right, constant, distinct, nonzero, positive, probabilities, real, table, unit

X, Y = nonzero(3, 4), real(3, 4)
LABELS = np.array([2, 0, 3])
ONES = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]])

ACTIVATIONS = [
    Right(f"nn.{name}", getattr(nn, name), (X,), "df")
    for name in (
        "relu", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus",
        "softsign", "sigmoid", "log_sigmoid", "hard_sigmoid", "hard_silu", "hard_tanh", "relu6",
        "squareplus", "sparse_plus", "sparse_sigmoid", "softmax", "log_softmax", "glu", "tanh",
        "standardize", "logsumexp",
    )
]  # fmt: skip

LOSSES = table({
    "squared_error": (nn.squared_error, X, Y), "absolute_error": (nn.absolute_error, X, Y),
    "huber_loss": (nn.huber_loss, X, Y), "log_cosh": (nn.log_cosh, X, Y),
    "l2_loss": (nn.l2_loss, X, Y), "cosine_distance": (nn.cosine_distance, X, Y),
    "softmax_cross_entropy": (
        lambda s: nn.softmax_cross_entropy(s, ONES / ONES.sum(1, keepdims=True)), Y),
    "cross entropy of labels": (
        lambda s: nn.softmax_cross_entropy_with_integer_labels(s, LABELS), Y),
    "cross entropy, smoothed": (
        lambda s: nn.softmax_cross_entropy_with_integer_labels(s, LABELS, label_smoothing=0.1), Y),
    "sigmoid_binary_cross_entropy": (lambda s: nn.sigmoid_binary_cross_entropy(s, ONES), Y),
    "kl_divergence": (lambda s, p: nn.kl_divergence(nn.log_softmax(s), p), Y, probabilities(3, 4)),
    "poisson_nll_loss": (lambda s: nn.poisson_nll_loss(s, ONES), Y),
    "gaussian_nll_loss": (nn.gaussian_nll_loss, X, Y, positive(3, 4)),
    "hinge_loss": (lambda s: nn.hinge_loss(s, 2 * ONES - 1), X), "squared_hinge_loss": (
        lambda s: nn.squared_hinge_loss(s, 2 * ONES - 1), X),
    "triplet_margin_loss": (nn.triplet_margin_loss, X, Y, real(3, 4)), "contrastive_loss": (
        lambda a, b: nn.contrastive_loss(a, b, np.array([1.0, 0.0, 1.0])), X, Y),
    "softmax cross entropy by hand": (lambda s: -np.mean(
        (s - np.log(np.sum(np.exp(s), axis=1, keepdims=True)))[np.arange(3), LABELS]), Y),
    "focal loss": (lambda s: -np.mean((1 - nn.sigmoid(s)) ** 2 * nn.log_sigmoid(s)), Y),
    "label smoothing by hand": (lambda s: np.mean(np.log(np.sum(np.exp(s), 1)) - s.mean(1)), Y),
    "attention": (nn.dot_product_attention, *[real(1, 3, 2, 4)] * 3), "causal attention": (
        lambda q, k, v: nn.dot_product_attention(q, k, v, is_causal=True), *[real(1, 3, 2, 4)] * 3),
    "attention by hand": (lambda q, k, v: nn.softmax(q @ k.T / 2) @ v, *[real(3, 4)] * 3),
    "log1mexp": (nn.log1mexp, positive(4)),
}, "df")  # fmt: skip

LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Dense": (nn.Dense(4), (5, 3)),
    "Conv 1-d": (nn.Conv(2, 3), (2, 5, 2)),
    "Conv strided": (nn.Conv(2, 2, strides=2, padding="VALID"), (1, 6, 2)),
    "Conv 2-d": (nn.Conv(2, (3, 2)), (1, 4, 3, 2)),
    "ConvTranspose": (nn.ConvTranspose(2, 3, strides=2), (1, 3, 2)),
    "AvgPool": (nn.AvgPool(2), (1, 4, 4, 2)),
    "GlobalAvgPool": (nn.GlobalAvgPool, (2, 3, 3, 2)),
    "LayerNorm": (nn.LayerNorm(), (3, 5)),
    "GroupNorm": (nn.GroupNorm(2), (2, 3, 4)),
    "RMSNorm": (nn.RMSNorm(), (3, 5)),
    "Residual": (nn.Residual(nn.Dense(4), np.tanh), (2, 4)),
    "RNN": (nn.RNN(3), (1, 3, 2)),
    "GRU": (nn.GRU(2), (1, 3, 2)),
    "LSTM": (nn.LSTM(2), (1, 3, 2)),
    "MultiHeadAttention": (nn.MultiHeadAttention(2), (1, 3, 4)),
    "two layers, tanh": (nn.serial(nn.Dense(4), np.tanh, nn.Dense(2)), (3, 3)),
    "two layers, gelu": (nn.serial(nn.Dense(4), nn.gelu, nn.Dense(2)), (3, 3)),
    "two layers, norm": (nn.serial(nn.Dense(4), nn.LayerNorm(), nn.silu), (3, 3)),
}


def layer(module: Any, shape: tuple[int, ...]) -> Any:
    """A layer with fixed parameters as a function of its input and of their size."""
    _, params, state = module.init(random.key(3), shape)

    def f(x: Any, scale: Any) -> Any:
        changed = fg.tree.map(lambda p: p * scale + 0.1 * scale, params)
        return module.apply(changed, state, x)[0]

    return f


def distances(x: Any) -> Any:
    """Energies of pairs of points."""
    d = x[:, None] - x[None] + np.eye(4)[:, :, None]
    return np.sum(1 / np.sum(d * d, axis=-1))


def lorenz(p: Any) -> Any:
    x, y, z = p
    for _ in range(10):
        x, y, z = (x + 0.02 * 10 * (y - x), y + 0.02 * (x * (28 - z) - y),
                   z + 0.02 * (x * y - 8 / 3 * z))  # fmt: skip
    return x, y, z


def runge_kutta(y: Any) -> Any:
    def slope(y: Any) -> Any:
        return np.sin(y) - 0.3 * y

    for _ in range(4):
        a = slope(y)
        b = slope(y + 0.05 * a)
        c = slope(y + 0.05 * b)
        y = y + 0.1 / 6 * (a + 2 * b + 2 * c + slope(y + 0.1 * c))
    return y


def mixture(m: Any, s: Any, x: Any) -> Any:
    """The log likelihood of a mixture of three Gaussians."""
    z = -0.5 * ((x[:, None] - m) / s) ** 2 - np.log(s)
    return np.sum(nn.logsumexp(z, axis=1))


def black_scholes(s: Any, v: Any, t: Any) -> Any:
    d = (np.log(s) + 0.5 * v * v * t) / (v * np.sqrt(t))
    return s * nn.sigmoid(1.702 * d) - nn.sigmoid(1.702 * (d - v * np.sqrt(t)))


MODELS = table({
    "pair energies": (distances, distinct(4, 2)), "Lorenz system": (lorenz, real(3)),
    "Runge-Kutta": (runge_kutta, real(4)), "Gaussian mixture": (
        mixture, real(3), positive(3), real(5)),
    "option price": (black_scholes, positive(3), positive(3), positive(3)),
    "Rosenbrock": (lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), real(4)),
    "Rastrigin": (lambda x: np.sum(x * x - 10 * np.cos(2 * np.pi * x)), real(4)),
    "Ackley": (lambda x: -20 * np.exp(-0.2 * np.sqrt(np.mean(x * x)))
        - np.exp(np.mean(np.cos(2 * np.pi * x))), real(3)),
    "Beale": (lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2, real(), real()),
    "Himmelblau": (lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2, real(), real()),
    "matrix factorisation": (lambda u, v: np.mean((u @ v.T - np.ones((3, 4))) ** 2), real(3, 2),
        real(4, 2)),
    "gradient penalty": (lambda x: np.sum(
        fg.grad(lambda x: np.sum(np.sin(x) * x))(x) ** 2), real(4)),
    "hypergradient": (lambda r: fg.grad(lambda x: np.sum((x - r) ** 2 * r))(
        np.ones(3)) ** 2, real(3)),
    "checkpoint": (lambda x: fg.checkpoint(lambda x: np.sin(np.cos(x)) * x)(x), real(3, 2)),
    "jit inside": (lambda x: fg.jit(lambda x: np.tanh(x @ x.T))(x), real(3, 2)),
    "vmap inside": (lambda x: fg.vmap(lambda r: np.sin(r) * np.sum(r))(x), real(3, 2)),
    "jvp inside": (lambda x: fg.jvp(np.sin, (x,), (x,))[1], real(3)),
    "logistic regression": (lambda w, b: np.mean(np.log1p(np.exp(
        -(np.arange(12.0).reshape(4, 3) / 6 - 1) @ w - b))), real(3), real()),
    "softmax temperature": (lambda x, t: nn.softmax(x / t), real(5), positive()),
    "cosine similarities": (nn.cosine_similarity, real(3, 4), real(3, 4)),
    "embedding": (lambda e: np.mean(e[np.array([0, 2, 2, 1])] ** 2, axis=1), real(3, 4)),
    "moving average": (lambda x: np.convolve(x, np.ones(3) / 3, "valid") ** 2, real(6)),
    "Fourier series": (lambda a: np.sin(np.outer(
        np.linspace(0, 1, 5), np.arange(1, 4))) @ a, real(3)),
    "polynomial, Horner": (lambda c, x: ((c[0] * x + c[1]) * x + c[2]) * x + c[3], real(4),
        real(3)),
    "rotation": (lambda a, v: np.stack([np.cos(a) * v[0] - np.sin(a) * v[1],
        np.sin(a) * v[0] + np.cos(a) * v[1]]), real(), real(2)),
    "haversine": (lambda a, b: np.sin(a / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(b / 2) ** 2,
        unit(3), unit(3)),
    "max pooling": (lambda x: nn.max_pool(x, (2,), (2,)), distinct(1, 6, 2)),
    "one hot": (lambda x: x @ nn.one_hot(LABELS, 4).T, constant(np.arange(8.0).reshape(2, 4))),
})  # fmt: skip

FUNCTIONS = [
    *ACTIVATIONS,
    *LOSSES,
    *(Right(f"layer {n}", layer(m, s), (real(*s), positive())) for n, (m, s) in LAYERS.items()),
    *MODELS,
]
