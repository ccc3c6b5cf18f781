"""Write random_samplers_jax.json: numbers drawn by JAX from the named distributions.

Needs jax. Run as ``python tests/data/make_random_samplers_jax.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)

TARGET = Path(__file__).with_name("random_samplers_jax.json")

STANDARD = ("exponential", "laplace", "logistic", "cauchy", "maxwell")
POSITIVE = {
    "gamma": ("a",), "loggamma": ("a",), "chisquare": ("df",), "t": ("df",), "pareto": ("b",),
    "rayleigh": ("scale",), "wald": ("mean",), "lognormal": ("sigma",), "beta": ("a", "b"),
    "f": ("dfnum", "dfden"), "weibull_min": ("scale", "concentration"),
}  # fmt: skip


def array(values: Any, dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "array": np.asarray(values, dtype).tolist()}


def continuous() -> Any:
    for dtype in ("float64", "float32"):
        for name in STANDARD:
            yield name, {"shape": [2, 5], "dtype": dtype}
        for name, parameters in POSITIVE.items():
            # Of the same rank, since jax.random.f does not broadcast.
            grids = [[0.3, 1.0, 2.5, 40.0]] * 2, [[0.7] * 4, [6.0] * 4]
            given = {k: array(v, dtype) for k, v in zip(parameters, grids, strict=False)}
            yield name, {**given, "shape": [2, 4], "dtype": dtype}
        for name in ("gamma", "loggamma"):
            a = array([1e-3, 0.02, 1.0, 1e3, 1e5], dtype)
            yield name, {"a": a, "dtype": dtype}
            yield name, {"a": array(0.5, dtype), "shape": [300], "dtype": dtype}
        left, right = array([-3.0, 0.5], dtype), array([[1.0], [np.inf]], dtype)
        ends = {"lower": left, "upper": right}
        yield "truncated_normal", {**ends, "shape": [3, 2, 2], "dtype": dtype}
        ends = {"left": array([0.0, -2.0], dtype), "mode": array(1.0, dtype), "dtype": dtype}
        yield "triangular", {**ends, "right": array([1.0, 5.0], dtype), "shape": [4, 2]}
        yield "dirichlet", {"alpha": array([0.01, 1.0, 30.0], dtype), "dtype": dtype}
        alpha = array([[1.0, 2.0]] * 3, dtype)
        yield "dirichlet", {"alpha": alpha, "shape": [2, 3], "dtype": dtype}
        loc = {"loc": array([1.0, -5.0], dtype), "scale": array(3.0, dtype)}
        yield "double_sided_maxwell", {**loc, "shape": [4], "dtype": dtype}
        for p in (0.5, 1.0, 2.0, 7.0):
            yield "generalized_normal", {"p": p, "shape": [5], "dtype": dtype}
            yield "ball", {"d": 3, "p": p, "shape": [2], "dtype": dtype}
        cov = array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 0.9]], dtype)
        mean = array([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]], dtype)
        yield "multivariate_normal", {"mean": mean, "cov": cov}
        yield "multivariate_normal", {"mean": mean, "cov": cov, "shape": [4, 2]}
        for n, m in ((3, None), (2, 4), (4, 2)):
            yield "orthogonal", {"n": n, "m": m, "shape": [2], "dtype": dtype}
        for mode in ("high", "highest"):
            yield "gumbel", {"shape": [40], "dtype": dtype, "mode": mode}
    yield "orthogonal", {"n": 3, "dtype": "complex128"}
    yield "lognormal", {}
    yield "exponential", {"shape": [4], "dtype": "float16"}


def counts() -> Any:
    for dtype in ("int64", "int32", "float32"):
        yield "rademacher", {"shape": [3, 7], "dtype": dtype}
    for dtype in ("float64", "float32"):
        p = array([[0.02], [0.3], [1.0]], dtype)
        yield "geometric", {"p": p, "shape": [3, 6]}
        yield "bernoulli", {"p": array([0.1, 0.5, 0.9], dtype), "shape": [9, 3], "mode": "high"}
        n = array([3.0, 20.0, 400.0, 1e5], dtype)
        yield "binomial", {"n": n, "p": p, "shape": [3, 4], "dtype": dtype}
        yield "binomial", {"n": array(50.0, dtype), "p": array(0.45, dtype), "shape": [100]}
        p = array([[0.2, 0.3, 0.5], [0.1, 0.0, 0.3]], dtype)
        yield "multinomial", {"n": array([60.0, 4.0], dtype), "p": p, "shape": [2, 3]}
    yield "binomial", {"n": array([-1.0, 5.0, np.inf, 5.0], "float64"), "p": 0.2}
    yield "multinomial", {"n": 1000, "p": array([0.1, 0.2, 0.3, 0.4], "float64"), "shape": [4]}
    rates = array([0.0, 1e-3, 1.0, 9.99, 10.0, 50.0, 1e3], "float32")
    yield "poisson", {"lam": rates, "shape": [8, 7]}
    yield "poisson", {"lam": array([[3.0], [25.0]], "float64"), "shape": [2, 40], "dtype": "int32"}
    yield "poisson", {"lam": array([2.0, -1.0], "float32")}


def decode(value: Any) -> Any:
    if isinstance(value, dict):
        return jnp.asarray(value["array"], value["dtype"])
    return tuple(value) if isinstance(value, list) else value


def encode(x: Any) -> dict[str, Any]:
    flat = x.ravel()
    values = [flat.real.tolist(), flat.imag.tolist()] if x.dtype.kind == "c" else flat.tolist()
    return {"dtype": x.dtype.name, "shape": x.shape, "values": values}


def main() -> None:
    drawn = []
    for i, (name, stored) in enumerate([*continuous(), *counts()]):
        seed = 3 * 10**9 + i
        arguments = {k: decode(v) for k, v in stored.items()}
        result = np.asarray(getattr(jax.random, name)(jax.random.key(seed), **arguments))
        call = {"name": name, "seed": seed, "arguments": stored}
        drawn.append(json.dumps({**call, "result": encode(result)}))
    head = {
        "source": "jax.random with jax_enable_x64 and jax_threefry_partitionable",
        "jax": jax.__version__,
    }
    TARGET.write_text(json.dumps(head)[:-1] + ',\n"draws": [\n' + ",\n".join(drawn) + "\n]}\n")


if __name__ == "__main__":
    main()
