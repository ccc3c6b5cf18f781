"""Programs whose work is done element by element, or row by row."""

from __future__ import annotations

from typing import Any

import numpy as onp

from . import Library, Workload


def _gelu(lib: Library, x: Any) -> Any:
    return 0.5 * x * (1.0 + lib.erf(x * onp.float32(0.7071067811865476)))


def few_elements(lib: Library) -> Any:
    """A product and a sum of three elements: what a call costs."""
    del lib
    x = onp.array([1.0, 2.0, 3.0], "f")
    return (lambda x, y: (x * 2 + y) * x), (x, x)


def many_leaves(lib: Library) -> Any:
    """Fifteen arrays in a dict, each scaled: what a call with parameters costs."""
    params = {f"layer{i}": {"w": onp.ones(3), "b": onp.ones(3), "s": onp.ones(3)} for i in range(5)}
    return (lambda p: lib.fg.tree.map(lambda a: a * 0.9, p)), (params,)


def three_tanh(lib: Library) -> Any:
    """The gradient of three nested tanh of three elements."""
    np = lib.np
    run = lib.fg.grad(lambda x: np.sum(np.tanh(np.tanh(np.tanh(x)))))
    return run, (onp.array([0.1, 0.2, 0.3]),)


def gelu_and_slope(lib: Library, dtype: str) -> Any:
    """Gelu and its derivative at a million elements."""
    x = onp.random.default_rng(0).normal(size=1_000_000).astype(dtype)

    def run(x: Any) -> Any:
        value, pull = lib.fg.vjp(lambda x: _gelu(lib, x), x)
        return value, pull(lib.np.ones_like(x))[0]

    return run, (x,)


def black_scholes(lib: Library, dtype: str) -> Any:
    """Prices of a million call options, and their derivatives in price, volatility and rate."""
    np = lib.np
    rng = onp.random.default_rng(0)
    s, k, t = (
        (lo + w * rng.random(1_000_000)).astype(dtype) for lo, w in ((80, 40), (80, 40), (0.1, 2))
    )
    sigma, r = (
        (0.1 + 0.3 * rng.random(1_000_000)).astype(dtype),
        (0.05 * rng.random(1_000_000)).astype(dtype),
    )

    def normal(x: Any) -> Any:
        return 0.5 * (1.0 + lib.erf(x * onp.dtype(dtype).type(0.7071067811865476)))

    def price(s: Any, sigma: Any, r: Any, k: Any, t: Any) -> Any:
        root = sigma * np.sqrt(t)
        d1 = (np.log(s / k) + (r + 0.5 * sigma * sigma) * t) / root
        return s * normal(d1) - k * np.exp(-r * t) * normal(d1 - root)

    def run(s: Any, sigma: Any, r: Any, k: Any, t: Any) -> Any:
        value, pull = lib.fg.vjp(lambda s, v, r: price(s, v, r, k, t), s, sigma, r)
        return value, pull(np.ones_like(value))

    return run, (s, sigma, r, k, t)


def _layer_norm(np: Any, x: Any, gain: Any, bias: Any) -> Any:
    mean = np.mean(x, axis=-1, keepdims=True)
    d = x - mean
    return d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + onp.float32(1e-5)) * gain + bias


def layer_norm(lib: Library, derivative: bool) -> Any:
    """Layer normalisation of 4096 rows of 1024, and the derivatives in all three."""
    np = lib.np
    rng = onp.random.default_rng(0)
    x, ct = (rng.normal(size=(4096, 1024)).astype("f") for _ in range(2))
    gain, bias = (rng.normal(size=1024).astype("f") for _ in range(2))
    if not derivative:
        return (lambda x, g, b: _layer_norm(np, x, g, b)), (x, gain, bias)

    def run(x: Any, gain: Any, bias: Any, ct: Any) -> Any:
        value, pull = lib.fg.vjp(lambda x, g, b: _layer_norm(np, x, g, b), x, gain, bias)
        return value, pull(ct)

    return run, (x, gain, bias, ct)


def cross_entropy(lib: Library) -> Any:
    """Softmax cross-entropy of 4096 rows of 1024 classes, and its gradient."""
    np = lib.np
    rng = onp.random.default_rng(0)
    x = rng.normal(size=(4096, 1024)).astype("f")
    y = onp.eye(1024, dtype="f")[rng.integers(0, 1024, 4096)]

    def loss(x: Any, y: Any) -> Any:
        d = x - np.max(x, axis=-1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(d), axis=-1)) - np.sum(d * y, axis=-1))

    return lib.fg.value_and_grad(loss), (x, y)


def chain(lib: Library, size: int) -> Any:
    """Ten elementwise operations, three of them elementary functions, float32."""
    np = lib.np
    x = onp.random.default_rng(0).random(size).astype("f")

    def run(x: Any) -> Any:
        y = np.tanh(x * 1.5 + 0.1)
        z = np.exp(-y * y) * x
        return np.log(z * z + 1.0) - y * 0.3 + z

    return run, (x,)


def rosenbrock(lib: Library, size: int) -> Any:
    """Value and gradient of Rosenbrock's function."""
    np = lib.np

    def value(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return lib.fg.value_and_grad(value), (onp.random.default_rng(0).random(size),)


def hessian(lib: Library) -> Any:
    """The Hessian of a loss of 200 parameters."""
    np = lib.np
    rng = onp.random.default_rng(0)
    x, y = rng.normal(size=(100, 18)), rng.normal(size=100)

    def loss(w: Any, x: Any, y: Any) -> Any:
        hidden = np.tanh(x @ w[:180].reshape(18, 10) + w[180:190])
        return np.mean((hidden @ w[190:] - y) ** 2)

    return lib.fg.hessian(loss), (0.3 * rng.normal(size=200), x, y)


def jacobian(lib: Library, mode: str) -> Any:
    """The Jacobian of a map of 100 numbers to 100 numbers."""
    np = lib.np
    rng = onp.random.default_rng(0)
    a = rng.normal(size=(100, 100)) / 10

    def run(x: Any, a: Any) -> Any:
        return np.sin(a @ np.tanh(a @ x)) * x

    return getattr(lib.fg, mode)(run), (rng.normal(size=100), a)


WORKLOADS: dict[str, Workload] = {
    "three elements": Workload(few_elements, 0.05),
    "fifteen leaves": Workload(many_leaves, 0.1),
    "gradient of three tanh": Workload(three_tanh, 0.1),
    "gelu and its derivative, f4": Workload(lambda lib: gelu_and_slope(lib, "f"), 0.45),
    "gelu and its derivative, f8": Workload(lambda lib: gelu_and_slope(lib, "d"), 0.6),
    "Black-Scholes with derivatives, f4": Workload(lambda lib: black_scholes(lib, "f"), 0.5),
    "Black-Scholes with derivatives, f8": Workload(lambda lib: black_scholes(lib, "d"), 0.25),
    "layer norm": Workload(lambda lib: layer_norm(lib, False), 0.6),
    "layer norm and derivatives": Workload(lambda lib: layer_norm(lib, True), 0.25),
    "cross-entropy and gradient": Workload(cross_entropy, 0.6),
    "Hessian, 200": Workload(hessian, 0.5),
    "jacrev, 100": Workload(lambda lib: jacobian(lib, "jacrev"), 0.5),
    "jacfwd, 100": Workload(lambda lib: jacobian(lib, "jacfwd"), 0.5),
    "Rosenbrock, 10": Workload(lambda lib: rosenbrock(lib, 10), 0.1),
    "Rosenbrock, 1000": Workload(lambda lib: rosenbrock(lib, 1000), 0.1),
    **{
        f"chain, 1e{k}": Workload(lambda lib, k=k: chain(lib, 10**k), wanted)  # type: ignore[misc]
        for k, wanted in ((3, 0.1), (4, 0.2), (5, 0.4), (6, 0.4), (7, 0.4))
    },
}
"""By name, with the ratio that is wanted."""
