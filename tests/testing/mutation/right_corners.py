"""Kinks (also at them), control flow, naive formulas, all scales, waves, lost digits."""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn

from .right import Domain, constant, distinct, nonzero, positive, real, table, uniform, unit

V, X = real(4), real(3, 4)


def some_zeros(*shape: int) -> Domain:
    """Numbers of both signs, about a third of them exactly zero."""
    return lambda rng, dtype: np.asarray(
        nonzero(*shape)(rng, "d") * (rng.random(shape) > 0.35), dtype
    )[()]


def ties(*shape: int) -> Domain:
    """Small integers as reals: many are equal."""
    return lambda rng, dtype: np.asarray(rng.integers(-1, 3, shape), dtype)


def scaled(scale: float, domain: Domain) -> Domain:
    return lambda rng, dtype: (domain(rng, dtype) * scale).astype(dtype)


ZEROS = some_zeros(5)
KINKS = table({
    "abs": (np.abs, ZEROS), "maximum with 0": (lambda x: np.maximum(x, 0), ZEROS),
    "minimum with 0": (lambda x: np.minimum(x, 0), ZEROS), "relu": (nn.relu, ZEROS),
    "relu squared": (lambda x: nn.relu(x) ** 2, ZEROS), "leaky relu": (nn.leaky_relu, ZEROS),
    "leaky by where": (lambda x: np.where(x > 0, x, 0.1 * x), ZEROS),
    "abs by where": (lambda x: np.where(x > 0, x, -x), ZEROS),
    "sum of abs": (lambda x: np.sum(np.abs(x)), ZEROS), "hinge at 1": (
        lambda x: np.maximum(0, 1 - x), constant([1.0, 0.5, 2.0])),
    "clip at its ends": (lambda x: np.clip(x, 0, 1), constant([0.0, 1.0, 0.3, -2.0])),
    "max with ties": (np.max, ties(6)), "min with ties": (np.min, ties(6)),
    "max of rows with ties": (lambda x: np.max(x, axis=1), ties(3, 4)),
    "maximum of equals": (np.maximum, ties(5), ties(5)),
    "minimum of equals": (np.minimum, ties(5), ties(5)),
    "fmax of equals": (np.fmax, ties(5), ties(5)), "sort with ties": (np.sort, ties(5)),
    "median with ties": (np.median, ties(5)), "running maximum with ties": (
        np.maximum.accumulate, ties(6)),
    "abs times x": (lambda x: np.abs(x) * x, ZEROS), "abs cubed": (
        lambda x: np.abs(x) ** 3, ZEROS),
    "abs plus square": (lambda x: np.abs(x) + x * x, ZEROS), "two kinks": (
        lambda x: np.abs(x) + np.maximum(x, 0), ZEROS),
    "kink behind a smooth function": (lambda x: np.sin(np.abs(x)), ZEROS),
    "smooth function before a kink": (lambda x: np.abs(np.sin(x)), ZEROS),
    "relu network": (lambda x: nn.relu(np.outer(x, np.ones(3))) @ np.arange(3.0), ZEROS),
    "hard tanh": (nn.hard_tanh, constant([1.0, -1.0, 0.4])), "relu6": (
        nn.relu6, constant([0.0, 6.0, 3.0])),
    "huber at its seam": (lambda x: nn.huber_loss(x, reduction="none"), constant([1.0, -1.0, 0.0])),
    "hypot near 0": (lambda x: np.hypot(x[0], x[1]), scaled(1e-3, real(2))),
    "norm of zeros": (lambda x: np.linalg.norm(x), constant([0.0, 0.0])),
    "abs plus its opposite": (lambda x: np.abs(x) - np.abs(x) + x, ZEROS),
    "where with an untaken log": (lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), x),
        nonzero(5)),
    "dead zone": (lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.1, 0), nonzero(5)),
    "triangle wave": (lambda x: np.abs(x - np.rint(x)), uniform(0.05, 0.45, 5)),
    "max pooling": (lambda x: np.max(x.reshape(3, 2), axis=1), ties(6)),
    "nearest of three": (lambda x: np.min(np.abs(x[:, None] - np.array([-1.0, 0.2, 1.5])), axis=1),
        real(4)),
    "quantile loss": (lambda x: np.maximum(0.3 * x, -0.7 * x), ZEROS),
})  # fmt: skip


def repeated(x: Any) -> Any:
    return lax.while_loop(lambda c: c[0] < 4, lambda c: (c[0] + 1, np.sin(c[1]) * 1.3), (0, x))[1]


def until_large(x: Any) -> Any:
    return lax.while_loop(lambda c: np.sum(c) < 30, lambda c: c * 1.7 + 0.3, x)


def newton_root(a: Any) -> Any:
    def body(_: Any, x: Any) -> Any:
        return 0.5 * (x + a / x)

    return lax.fori_loop(0, 20, body, a * 0 + 1.5)


def bisected(a: Any) -> Any:
    """The cube root by Newton's method until it settles."""

    def step(c: Any) -> Any:
        x, _ = c
        new = x - (x**3 - a) / (3 * x * x)
        return new, np.abs(new - x)

    return lax.while_loop(lambda c: c[1] > 1e-14, step, (a * 0 + 2.0, a * 0 + 1.0))[0]


def python_loop(x: Any) -> Any:
    y = x
    for k in range(1, 5):
        y = y * x / k + 1
    return y


def python_branch(x: Any) -> Any:
    return np.sin(x) if np.sum(x) > 0 else np.cos(x)


def grown(x: Any) -> Any:
    while np.sum(x) < 20:
        x = x * 1.5 + 0.1
    return x * x


def rnn(x: Any) -> Any:
    return lax.scan(lambda h, a: (np.tanh(h + a), h * a), x[0] * 0, x)[1]


def cell(carry: Any, a: Any) -> Any:
    h, c = carry
    f = nn.sigmoid(a + h)
    c = f * c + (1 - f) * np.tanh(a - h)
    h = f * np.tanh(c)
    return (h, c), h


CONTROL = table({
    "while_loop": (repeated, V), "while_loop that counts": (until_large, positive(3)),
    "Newton's square root": (newton_root, positive(3)), "Newton until settled": (
        bisected, positive()),
    "python loop": (python_loop, V), "python branch": (python_branch, X), "python while": (
        grown, positive(3)),
    "scan": (rnn, X), "scan of products": (
        lambda x: lax.scan(lambda c, a: (c * a, c + a), x[0], x)[1], X),
    "scan in reverse": (
        lambda x: lax.scan(lambda c, a: (c * 0.5 + a, c), x[0], x, reverse=True), X),
    "gated cell": (lambda x: lax.scan(cell, (x[0], x[1]), x)[1], X), "cond": (
        lambda x: lax.cond(np.sum(x) > 0, np.sin, lambda x: x * x, x), X),
    "switch": (lambda x: lax.switch(1, [np.sin, np.cos, np.tanh], x), X), "fori_loop": (
        lambda x: lax.fori_loop(0, 3, lambda i, c: c * np.cos(c) + i, x), V),
    "map": (lambda x: lax.map(lambda r: np.sum(r) * r, x), X), "associative_scan": (
        lambda x: lax.associative_scan(lambda a, b: a * b, x), positive(5)),
    "scan in scan": (lambda x: lax.scan(
        lambda c, r: lax.scan(lambda d, a: (d * 0.9 + a, d * a), c, r), 0.5, x), X),
    "cond in scan": (lambda x: lax.scan(
        lambda c, a: (lax.cond(a > 0, np.sin, np.cos, c) + a, c), 0.5, x), nonzero(4)),
    "dynamic slice": (lambda x: lax.dynamic_slice(x, (1, 0), (2, 2)) ** 2, X),
    "checkpointed scan": (lambda x: lax.scan(
        fg.checkpoint(lambda c, a: (np.sin(c) + a, c)), x[0], x)[1], X),
    "convolution": (lambda x, k: lax.conv(x, k, (1, 1), "SAME"), real(1, 2, 4, 3),
        real(2, 2, 2, 2)),
    "reduce_window": (lambda x: lax.reduce_window(x, 0.0, np.add, (2, 2), (1, 1), "VALID") ** 2,
        X),
    "top_k": (lambda x: lax.top_k(x, 2)[0] ** 2, distinct(6)),
})  # fmt: skip

FORMULAS = table({
    "softplus, naive": (lambda x: np.log(1 + np.exp(x)), uniform(-30, 30, 5)),
    "sigmoid, naive": (lambda x: 1 / (1 + np.exp(-x)), uniform(-20, 20, 5)),
    "log of sigmoid, naive": (lambda x: np.log(1 / (1 + np.exp(-x))), uniform(-20, 20, 5)),
    "log of softmax, naive": (lambda x: np.log(np.exp(x) / np.sum(np.exp(x))), uniform(-9, 9, 5)),
    "logsumexp, naive": (lambda x: np.log(np.sum(np.exp(x))), uniform(-9, 9, 5)),
    "expm1, naive": (lambda x: np.exp(x) - 1, scaled(1e-3, V)),
    "log1p, naive": (lambda x: np.log(1 + x), scaled(1e-3, V)),
    "variance, naive": (lambda x: np.mean(x * x) - np.mean(x) ** 2, uniform(9, 11, 6)),
    "1 - cos": (lambda x: 1 - np.cos(x), scaled(1e-2, V)), "sinh by exp": (
        lambda x: (np.exp(x) - np.exp(-x)) / 2, V),
    "tanh by exp": (lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), V),
    "sqrt of x squared plus 1, less 1": (lambda x: np.sqrt(x * x + 1) - 1, V),
    "difference of roots": (lambda x: np.sqrt(x + 1) - np.sqrt(x), uniform(1, 1e4, 4)),
    "sin squared plus cos squared": (lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, X),
    "x less x": (lambda x: x - x + np.sin(x), X), "exp of log": (
        lambda x: np.exp(np.log(x)), positive(5)),
    "power by exp and log": (lambda x: np.exp(2.5 * np.log(x)), positive(5)),
    "quadratic formula": (lambda b: (-b + np.sqrt(b * b - 4)) / 2, uniform(2.5, 50, 4)),
    "bernoulli likelihood": (lambda p: np.log(p) + np.log(1 - p), uniform(0.01, 0.99, 5)),
    "continued fraction": (lambda x: 1 / (1 + x / (2 + x / (3 + x))), positive(4)),
    "sine by series": (lambda x: x - x**3 / 6 + x**5 / 120 - x**7 / 5040, unit(4)),
    "distance by products": (lambda x, y: np.sum(x * x) + np.sum(y * y) - 2 * x @ y, V, V),
    "gelu, naive": (lambda x: 0.5 * x * (1 + np.tanh(0.79788 * (x + 0.044715 * x**3))), X),
    "silu by exp": (lambda x: x / (1 + np.exp(-x)), X),
    "cosine similarity by hand": (
        lambda x, y: np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y)), V, V),
}, "df")  # fmt: skip

SCALES = table({
    "log of all scales": (np.log, constant([1e-8, 1e-3, 1.0, 1e5])),
    "square of 1e8": (np.square, scaled(1e8, X)), "square of 1e-8": (np.square, scaled(1e-8, X)),
    "cube of 1e-8": (lambda x: x**3, scaled(1e-8, X)), "sum of squares of 1e8": (
        lambda x: np.sum(x * x), scaled(1e8, X)),
    "values of 1e-30": (lambda x: 1e-30 * np.sin(x), X), "values of 1e30": (
        lambda x: 1e30 * np.sin(x), X),
    "product of scales": (lambda x, y: x * y, scaled(1e8, X), scaled(1e-8, X)),
    "sum of scales": (lambda x, y: x + y, scaled(1e4, X), scaled(1e-4, X)),
    "sine of 1e-8": (np.sin, scaled(1e-8, X)), "sine of 1e3": (np.sin, scaled(1e3, X)),
    "sine of 1e4": (np.sin, scaled(1e4, V)), "waves of 1000": (
        lambda x: np.sin(1000 * x), V),
    "waves of 30": (lambda x: np.cos(30 * x) * x, V), "wave packet": (
        lambda x: np.exp(-x * x) * np.cos(20 * x), V),
    "chirp": (lambda x: np.sin(10 * x * x), V), "Weierstrass, six terms": (
        lambda x: sum(0.5**k * np.cos(3**k * x) for k in range(6)), V),
    "steep sigmoid": (lambda x: nn.sigmoid(50 * x), V), "narrow bell": (
        lambda x: np.exp(-200 * x * x), V),
    "Lorentz peak": (lambda x: 1 / (1e-2 + x * x), V), "1 / x near 0": (
        lambda x: 1 / x, scaled(1e-4, nonzero(4))),
    "sqrt near 0": (np.sqrt, scaled(1e-6, positive(4))), "log near 0": (
        np.log, scaled(1e-10, positive(4))),
    "tan near a pole": (np.tan, uniform(1.5, 1.57, 3)), "arcsin near 1": (
        np.arcsin, uniform(0.99, 0.9999, 3)),
    "arctanh near 1": (np.arctanh, uniform(0.99, 0.9999, 3)), "arccosh near 1": (
        np.arccosh, uniform(1.0001, 1.01, 3)),
    "exp of 30": (np.exp, uniform(25, 35, 3)), "exp of -30": (np.exp, uniform(-35, -25, 3)),
    "saturated tanh": (np.tanh, uniform(6, 9, 3)), "power of 10": (
        lambda x: x**10, uniform(0.5, 3, 4)),
    "long product": (np.prod, uniform(0.5, 1.8, 12)), "long sum of cancelling terms": (
        lambda x: np.sum(x * (-1.0) ** np.arange(12)), uniform(0.9, 1.1, 12)),
    "difference of large numbers": (lambda x: (1e6 + x) - 1e6 + x * x, V),
    "kink, added to a large number": (lambda x: (1e6 + np.abs(x)) - 1e6 + x * x, nonzero(4)),
    "single precision inside": (lambda x: (x.astype("f4") * 2).astype("f8") + x, V),
    "tiny slope": (lambda x: 1 + 1e-9 * x, V), "constant": (lambda x: x * 0 + 3.0, V),
    "constant in one argument": (lambda x, y: x * x + 0 * y, V, V), "linear, large": (
        lambda x: 1e12 * x, V),
    "logistic map": (lambda x: python_map(x), uniform(0.2, 0.8, 3)), "physical units": (
        lambda m, r: 6.674e-11 * m * m / r**2, scaled(1e24, positive(3)),
        scaled(1e7, positive(3))),
    "Planck's law": (lambda t: 1 / (np.exp(1.44e-2 / (1e-6 * t)) - 1), uniform(2e3, 6e3, 3)),
    "half empty": (lambda x, v: x.sum() + v.sum() ** 2, real(0, 3), V),
    "mixed precision": (lambda x, v: x.astype("f4") * 2 + v.sum() * np.float32(0), X, V),
    "complex waves | D": (lambda z: np.exp(1j * z) * z, X), "complex modulus | D": (
        lambda z: np.abs(z) ** 2, X),
    "complex conj product | D": (lambda z: z * np.conj(z) + z, X), "Moebius | D": (
        lambda z: (z + 1j) / (z + 3), unit(3, 4)),
    "real of a product | D": (lambda z: np.real(z * z * 1j), X), "real to complex": (
        lambda x: x * np.exp(1j * x), X),
    "phase | D": (lambda z: z / np.abs(z), positive(3)), "complex norm | D": (
        lambda z: np.sqrt(np.sum(np.abs(z) ** 2)), X),
})  # fmt: skip


def python_map(x: Any) -> Any:
    for _ in range(8):
        x = 3.7 * x * (1 - x)
    return x


FUNCTIONS = [*KINKS, *CONTROL, *FORMULAS, *SCALES]
