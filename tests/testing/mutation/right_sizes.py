"""Right functions of arrays of all sizes, at points that gradcheck draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad import lax, nn

from .right import Sized

VECTORS: dict[str, Callable[..., Any]] = {
    "sines": np.sin,
    "square": np.square,
    "cube": lambda x: x**3,
    "hyperbolic tangent": np.tanh,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "inverse tangent": np.arctan,
    "abs": np.abs,
    "relu": nn.relu,
    "softmax": nn.softmax,
    "log of sums of exp": nn.logsumexp,
    "sum": np.sum,
    "mean": np.mean,
    "variance": np.var,
    "sum of squares": lambda x: np.sum(x * x),
    "largest": np.max,
    "smallest": np.min,
    "sorted": np.sort,
    "cumulative sum": np.cumsum,
    "reversed": lambda x: x[::-1] ** 2,
    "every other": lambda x: x[::2] ** 2,
    "differences": lambda x: np.diff(x) ** 2,
    "shifted by one": lambda x: np.roll(x, 1) * x,
    "weights by rank": lambda x: x * np.arange(x.shape[0]),
    "centred": lambda x: x - np.mean(x),
    "smooth abs": lambda x: np.sqrt(x * x + 1e-3),
    "recurrence": lambda x: lax.scan(lambda c, a: (0.5 * c + np.sin(a), c), 0.0, x)[1],
    "outer product": lambda x: x[:, None] * x,
    "sum of maxima with 0": lambda x: np.sum(np.maximum(x, 0.0)),
    "huber": lambda x: np.sum(np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5)),
    "clipped": lambda x: np.clip(x, -1.0, 1.0),
}

MATRICES: dict[str, Callable[..., Any]] = {
    "row sums": lambda x: np.sum(np.sin(x), 1),
    "column means": lambda x: np.mean(x * x, 0),
    "transpose times itself": lambda x: x.T @ x,
    "softmax of rows": nn.softmax,
    "largest of rows": lambda x: np.max(x, 1),
    "cumulative sum of columns": lambda x: np.cumsum(x, 0),
    "flipped": lambda x: x[::-1, ::-1] ** 2,
    "flattened": lambda x: np.ravel(x) ** 2,
    "columns first": lambda x: np.ravel(x.T) ** 2,
    "centred by rows": lambda x: x - np.mean(x, 1, keepdims=True),
    "sums of both axes": lambda x: np.sum(x, 0)[None] * np.sum(x, 1)[:, None],
    "padded": lambda x: np.pad(x, 1) ** 2,
}

PAIRS: dict[str, tuple[Callable[..., Any], tuple[str, str]]] = {
    "product of matrices": (lambda x, w: x @ w, ("m k", "k n")),
    "matrix times vector": (lambda a, x: a @ x, ("m n", "n")),
    "inner product": (lambda x, y: x @ y, ("n", "n")),
    "outer product": (np.outer, ("m", "n")),
    "product with broadcasting": (lambda x, y: x * y, ("m n", "n")),
    "sum with broadcasting": (lambda x, y: np.sin(x + y), ("m n", "n")),
    "maximum": (np.maximum, ("n", "n")),
    "where": (lambda x, y: np.where(x > 0, x * y, y), ("n", "n")),
    "squared distances": (lambda x, y: (x[:, None] - y) ** 2, ("m", "n")),
    "sum of products": (lambda x, y: np.sum(x * y, 0), ("m n", "m n")),
    "joined": (lambda x, y: np.concatenate([x, y]) ** 2, ("m", "n")),
    "dense layer": (lambda x, w: np.tanh(x @ w), ("batch m", "m n")),
}

POSITIVE: dict[str, Callable[..., Any]] = {
    "logarithm": np.log,
    "square root": np.sqrt,
    "reciprocal": lambda x: 1 / x,
    "power 1.5": lambda x: x**1.5,
    "shares": lambda x: x / np.sum(x),
    "entropy": lambda x: -np.sum(x * np.log(x)),
    "length": lambda x: np.sqrt(np.sum(x * x)),
    "geometric mean": lambda x: np.exp(np.mean(np.log(x))),
}

FUNCTIONS = [
    *(Sized(f"{name} of any length", f, ("n",)) for name, f in VECTORS.items()),
    *(Sized(f"{name} of any shape", f, ("m n",)) for name, f in MATRICES.items()),
    *(Sized(f"{name} of any sizes", f, specs) for name, (f, specs) in PAIRS.items()),
    *(Sized(f"{name} of any length", f, ("n",), "positive") for name, f in POSITIVE.items()),
]
