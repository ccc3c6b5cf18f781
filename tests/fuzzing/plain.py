"""What programs mean, in plain Python over NumPy and SciPy: loops are loops, bodies are called.

The text of a program is executed with these names to evaluate it without funcgrad.
"""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.special


def same_function(fun: Any) -> Any:
    return fun


def vmap(fun: Any, in_axes: Any = 0) -> Any:
    def rows(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        size = next(len(a) for a, axis in zip(args, axes, strict=True) if axis == 0)
        picked = [
            [a[i] if axis == 0 else a for a, axis in zip(args, axes, strict=True)]
            for i in range(size)
        ]
        return np.stack([fun(*row) for row in picked])

    return rows


def scan(fun: Any, carry: Any, rows: Any) -> Any:
    results = []
    for row in rows:
        carry, result = fun(carry, row)
        results.append(result)
    return carry, np.stack(results)


def fori_loop(start: Any, stop: Any, fun: Any, carry: Any) -> Any:
    for i in range(start, stop):
        carry = fun(np.int64(i), carry)
    return carry


def while_loop(test: Any, fun: Any, carry: Any) -> Any:
    while test(carry):
        carry = fun(carry)
    return carry


def map_rows(fun: Any, rows: Any) -> Any:
    if isinstance(rows, tuple):
        return np.stack([fun(row) for row in zip(*rows, strict=True)])
    return np.stack([fun(row) for row in rows])


def cond(which: Any, yes: Any, no: Any, *operands: Any) -> Any:
    return yes(*operands) if which else no(*operands)


def switch(index: Any, branches: Any, *operands: Any) -> Any:
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def prefixes(fun: Any, x: Any) -> Any:
    return np.stack(list(itertools.accumulate(x, fun)))


def along_rows(ufunc: Any) -> Any:
    """A cumulative function along the first axis, which there must be."""

    def cumulative(x: Any) -> Any:
        if np.ndim(x) == 0:
            raise ValueError("no axis to go along")
        return ufunc.accumulate(x, axis=0)

    return cumulative


def top_k(x: Any, k: int) -> Any:
    if x.shape[-1] < k:
        raise ValueError("not so many elements")
    return np.flip(np.sort(x, axis=-1), -1)[..., :k], None


def fitting(sizes: Any, shape: Any) -> None:
    if any(k > n for k, n in zip(sizes, shape, strict=True)):
        raise ValueError("a slice that does not fit")


def dynamic_slice(x: Any, starts: Any, sizes: Any) -> Any:
    fitting(sizes, x.shape)
    places = [min(max(int(s), 0), n - k) for s, n, k in zip(starts, x.shape, sizes, strict=True)]
    return x[tuple(slice(p, p + k) for p, k in zip(places, sizes, strict=True))]


def dynamic_update_slice(x: Any, update: Any, starts: Any) -> Any:
    sizes = update.shape
    fitting(sizes, x.shape)
    places = [min(max(int(s), 0), n - k) for s, n, k in zip(starts, x.shape, sizes, strict=True)]
    result = x.copy()
    result[tuple(slice(p, p + k) for p, k in zip(places, sizes, strict=True))] = update
    return result


def dynamic_index_in_dim(x: Any, index: Any, axis: int, keepdims: bool) -> Any:
    index = int(index) + (x.shape[axis] if index < 0 else 0)
    result = np.take(x, min(max(index, 0), x.shape[axis] - 1), axis=axis)
    return np.expand_dims(result, axis) if keepdims else result


class Place:
    """``fnp.at(x)[place]`` on a copy."""

    def __init__(self, x: Any, place: Any) -> None:
        self.x, self.place = np.array(x), place

    def __getattr__(self, name: str) -> Any:
        ufunc = {
            "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum,
        }.get(name)  # fmt: skip

        def update(value: Any) -> Any:
            if ufunc is None:
                self.x[self.place] = value
            else:
                ufunc.at(self.x, self.place, value)
            return self.x

        return update


class At:
    def __init__(self, x: Any) -> None:
        self.x = x

    def __getitem__(self, place: Any) -> Place:
        return Place(self.x, place)


def standardized(x: Any) -> Any:
    mean = np.mean(x, -1, keepdims=True)
    return (x - mean) / np.sqrt(np.mean((x - mean) ** 2, -1, keepdims=True) + 1e-5)


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


SELU = (1.0507009873554804934193349852946, 1.6732632423543772848170429916717)

lax = SimpleNamespace(
    scan=scan, fori_loop=fori_loop, while_loop=while_loop, map=map_rows, cond=cond, switch=switch,
    erf=scipy.special.erf, erfc=scipy.special.erfc, erf_inv=scipy.special.erfinv,
    lgamma=scipy.special.gammaln, digamma=scipy.special.digamma, logistic=scipy.special.expit,
    rsqrt=lambda x: 1 / np.sqrt(x), cummax=along_rows(np.maximum),
    cummin=along_rows(np.minimum), cumsum=along_rows(np.add), cumprod=along_rows(np.multiply),
    top_k=top_k,
    associative_scan=prefixes, dynamic_slice=dynamic_slice,
    dynamic_update_slice=dynamic_update_slice, dynamic_index_in_dim=dynamic_index_in_dim,
    stop_gradient=same_function, clamp=lambda low, x, high: np.clip(x, low, high),
)  # fmt: skip

nn = SimpleNamespace(
    relu=lambda x: np.maximum(x, 0), gelu=gelu, silu=lambda x: x * scipy.special.expit(x),
    softplus=lambda x: np.logaddexp(x, 0), softmax=lambda x: scipy.special.softmax(x, -1),
    log_softmax=lambda x: scipy.special.log_softmax(x, -1),
    elu=lambda x: np.where(x > 0, x, np.expm1(x)), celu=lambda x: np.where(x > 0, x, np.expm1(x)),
    selu=lambda x: SELU[0] * np.where(x > 0, x, SELU[1] * np.expm1(x)),
    leaky_relu=lambda x: np.where(x > 0, x, 0.01 * x), sigmoid=scipy.special.expit,
    log_sigmoid=lambda x: -np.logaddexp(0, -x), mish=lambda x: x * np.tanh(np.logaddexp(x, 0)),
    hard_sigmoid=lambda x: np.clip(x + 3, 0, 6) / 6, hard_tanh=lambda x: np.clip(x, -1, 1),
    soft_sign=lambda x: x / (1 + np.abs(x)), squareplus=lambda x: 0.5 * (x + np.sqrt(x * x + 4)),
    standardize=standardized,
)  # fmt: skip


class Namespace:
    """NumPy's functions, and those of funcgrad.numpy that NumPy lacks."""

    at = At

    @staticmethod
    def logsumexp(x: Any, axis: Any = None) -> Any:
        return scipy.special.logsumexp(x, axis=axis)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


SCOPE: dict[str, Any] = {
    "np": np, "fnp": Namespace(), "lax": lax, "nn": nn, "vmap": vmap, "jit": same_function,
    "checkpoint": same_function, "custom_jvp": same_function, "custom_vjp": same_function,
}  # fmt: skip
