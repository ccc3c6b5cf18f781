"""Training steps and gradients of models."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as onp

from . import Library, Workload


def _cross_entropy(np: Any, logits: Any, y: Any) -> Any:
    d = logits - np.max(logits, axis=-1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(d), axis=-1)) - np.sum(d * y, axis=-1))


def _dense(rng: onp.random.Generator, n: int, m: int) -> Any:
    return {"w": (rng.normal(size=(n, m)) / n**0.5).astype("f"), "b": onp.zeros(m, "f")}


def _labels(rng: onp.random.Generator, batch: int, classes: int = 10) -> Any:
    return onp.eye(classes, dtype="f")[rng.integers(0, classes, batch)]


def _adam(lib: Library, loss: Any) -> Any:
    """A training step: gradient, moments, update; all float32."""
    np, f = lib.np, onp.float32

    def step(params: Any, m: Any, v: Any, t: Any, *batch: Any) -> Any:
        value, g = lib.fg.value_and_grad(loss)(params, *batch)
        each = lib.fg.tree.map
        m = each(lambda m, g: f(0.9) * m + f(0.1) * g, m, g)
        v = each(lambda v, g: f(0.999) * v + f(0.001) * g * g, v, g)
        t = t + f(1)
        a, b = 1 - f(0.9) ** t, 1 - f(0.999) ** t
        params = each(
            lambda p, m, v: p - f(1e-3) * (m / a) / (np.sqrt(v / b) + f(1e-8)), params, m, v
        )
        return value, params, m, v, t

    return step


def _training(lib: Library, params: Any, loss: Any, batch: Any) -> Any:
    zeros = [{k: onp.zeros_like(a) for k, a in layer.items()} for layer in params]
    return _adam(lib, loss), (params, zeros, zeros, onp.float32(0), *batch)


def mlp(lib: Library, widths: tuple[int, ...], batch: int) -> Any:
    """A training step of a perceptron with Adam."""
    np = lib.np
    rng = onp.random.default_rng(0)
    params = [_dense(rng, n, m) for n, m in itertools.pairwise(widths)]

    def loss(params: Any, x: Any, y: Any) -> Any:
        for layer in params[:-1]:
            x = np.maximum(x @ layer["w"] + layer["b"], onp.float32(0))
        return _cross_entropy(np, x @ params[-1]["w"] + params[-1]["b"], y)

    x = rng.normal(size=(batch, widths[0])).astype("f")
    return _training(lib, params, loss, (x, _labels(rng, batch)))


def cnn(lib: Library) -> Any:
    """A training step of two convolutions and two layers on 64 pictures of 28 by 28."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)

    def kernel(*shape: int) -> Any:
        return {
            "w": (rng.normal(size=shape) / (shape[0] * shape[1] * shape[2]) ** 0.5).astype("f"),
            "b": onp.zeros(shape[-1], "f"),
        }

    params = [kernel(5, 5, 1, 16), kernel(5, 5, 16, 32), _dense(rng, 512, 64), _dense(rng, 64, 10)]

    def convolved(x: Any, layer: Any) -> Any:
        names = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(x, layer["w"], (1, 1), "VALID", dimension_numbers=names)
        x = np.maximum(x + layer["b"], onp.float32(0))
        n, h, w, c = x.shape
        return np.mean(x.reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))

    def loss(params: Any, x: Any, y: Any) -> Any:
        x = convolved(convolved(x, params[0]), params[1])
        x = x.reshape(x.shape[0], -1)
        x = np.maximum(x @ params[2]["w"] + params[2]["b"], onp.float32(0))
        return _cross_entropy(np, x @ params[3]["w"] + params[3]["b"], y)

    x = rng.normal(size=(64, 28, 28, 1)).astype("f")
    return _training(lib, params, loss, (x, _labels(rng, 64)))


def _sigmoid(np: Any, x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def lstm(lib: Library, length: int = 64) -> Any:
    """Value and gradient of an LSTM over 64 steps, 32 rows, 128 units."""
    np, lax = lib.np, lib.lax
    rng = onp.random.default_rng(0)
    n = 128
    params = {
        "x": (rng.normal(size=(n, 4 * n)) / n**0.5).astype("f"),
        "h": (rng.normal(size=(n, 4 * n)) / n**0.5).astype("f"),
        "b": onp.zeros(4 * n, "f"),
    }

    def loss(params: Any, xs: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            h, c = state
            z = x @ params["x"] + h @ params["h"] + params["b"]
            i, f, g, o = (z[:, k * n : (k + 1) * n] for k in range(4))
            c = _sigmoid(np, f) * c + _sigmoid(np, i) * np.tanh(g)
            return (_sigmoid(np, o) * np.tanh(c), c), None

        start = np.zeros((32, n), "f")
        (h, _), _ = lax.scan(step, (start, start), xs)
        return np.mean(h * h)

    xs = rng.normal(size=(length, 32, n)).astype("f")
    return lib.fg.value_and_grad(loss), (params, xs)


def transformer(lib: Library) -> Any:
    """Value and gradient of a block: 4 rows of 128 places, 256 wide, 4 heads."""
    np = lib.np
    rng = onp.random.default_rng(0)
    n, heads = 256, 4
    params = {
        k: _dense(rng, n, m) for k, m in (("q", n), ("k", n), ("v", n), ("o", n), ("up", 4 * n))
    }
    params["down"] = _dense(rng, 4 * n, n)
    params["norm1"] = params["norm2"] = {"w": onp.ones(n, "f"), "b": onp.zeros(n, "f")}

    def norm(x: Any, p: Any) -> Any:
        d = x - np.mean(x, axis=-1, keepdims=True)
        return (
            d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + onp.float32(1e-5)) * p["w"]
            + p["b"]
        )

    def apply(x: Any, p: Any) -> Any:
        return x @ p["w"] + p["b"]

    def split(x: Any) -> Any:
        return np.swapaxes(x.reshape(*x.shape[:2], heads, -1), 1, 2)

    def loss(params: Any, x: Any) -> Any:
        y = norm(x, params["norm1"])
        q, k, v = (split(apply(y, params[name])) for name in "qkv")
        scores = q @ np.swapaxes(k, -1, -2) * onp.float32((n // heads) ** -0.5)
        weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
        weights = weights / np.sum(weights, axis=-1, keepdims=True)
        mixed = np.swapaxes(weights @ v, 1, 2).reshape(x.shape)
        x = x + apply(mixed, params["o"])
        y = apply(norm(x, params["norm2"]), params["up"])
        y = 0.5 * y * (1.0 + lib.erf(y * onp.float32(0.7071067811865476)))
        return np.mean((x + apply(y, params["down"])) ** 2)

    return lib.fg.value_and_grad(loss), (params, rng.normal(size=(4, 128, n)).astype("f"))


def per_example(lib: Library) -> Any:
    """Gradients of a perceptron's loss for each of 256 examples."""
    np = lib.np
    rng = onp.random.default_rng(0)
    params = [_dense(rng, 32, 64), _dense(rng, 64, 10)]

    def loss(params: Any, x: Any, y: Any) -> Any:
        h = np.tanh(x @ params[0]["w"] + params[0]["b"])
        z = h @ params[1]["w"] + params[1]["b"]
        return _cross_entropy(np, z, y)

    x = rng.normal(size=(256, 32)).astype("f")
    return lib.fg.vmap(lib.fg.grad(loss), (None, 0, 0)), (params, x, _labels(rng, 256))


def logistic_regression(lib: Library) -> Any:
    """Value and gradient of logistic regression, 10,000 rows of 100."""
    np = lib.np
    rng = onp.random.default_rng(0)
    x, y = rng.normal(size=(10_000, 100)), (rng.random(10_000) < 0.5) * 1.0

    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        z = x @ w + b
        return np.mean(np.logaddexp(0.0, z) - y * z) + 0.01 * np.sum(w * w)

    return lib.fg.value_and_grad(loss, (0, 1)), (0.1 * rng.normal(size=100), onp.float64(0.1), x, y)


def gaussian_process(lib: Library) -> Any:
    """The gradient of a Gaussian process' marginal likelihood, 500 points, float64."""
    np = lib.np
    rng = onp.random.default_rng(0)
    x = rng.random((500, 2))
    y = onp.sin(6 * x[:, 0]) + 0.1 * rng.normal(size=500)

    def loss(theta: Any, x: Any, y: Any) -> Any:
        d = x[:, None, :] - x[None, :, :]
        k = np.exp(theta[0]) * np.exp(-0.5 * np.sum(d * d, axis=-1) * np.exp(-2 * theta[1]))
        factor = np.linalg.cholesky(k + np.exp(theta[2]) * np.eye(500))
        z = np.linalg.solve(k + np.exp(theta[2]) * np.eye(500), y)
        return 0.5 * y @ z + np.sum(np.log(np.diagonal(factor)))

    return lib.fg.value_and_grad(loss), (onp.array([0.1, -1.0, -3.0]), x, y)


def deep_mlp(lib: Library) -> Any:
    """The gradient of a perceptron of twelve layers, written out: for the time of compilation."""
    return mlp(lib, (64,) * 12 + (10,), 16)


def unrolled_steps(lib: Library) -> Any:
    """800 small steps in a Python loop: for the time of compilation."""
    np = lib.np

    def run(x: Any) -> Any:
        for _ in range(800):
            x = x + 0.01 * np.sin(x)
        return x

    return run, (onp.random.default_rng(0).random(10),)


WORKLOADS: dict[str, Workload] = {
    "logistic regression, 10000x100": Workload(logistic_regression, 0.7),
    "MLP step, batch 128": Workload(lambda lib: mlp(lib, (784, 512, 256, 10), 128), 0.8),
    "MLP step, batch 32": Workload(lambda lib: mlp(lib, (784, 512, 256, 10), 32), 0.6),
    "MLP step, width 32": Workload(lambda lib: mlp(lib, (32, 32, 32, 10), 32), 0.5),
    "MLP step, width 128": Workload(lambda lib: mlp(lib, (128, 128, 128, 10), 32), 0.5),
    "convolutional step": Workload(cnn, 0.6),
    "LSTM": Workload(lstm, 0.7),
    "transformer block": Workload(transformer, 0.9),
    "gradients of each example": Workload(per_example, 0.7),
    "Gaussian process, 500": Workload(gaussian_process, 1.0),
    "twelve layers": Workload(deep_mlp, 1.0),
    "800 unrolled steps": Workload(unrolled_steps, 1.0),
}
"""By name, with the ratio that is wanted."""
