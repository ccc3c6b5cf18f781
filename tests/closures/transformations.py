"""Every transformation, applied to a function at arrays: what comes out, as one flat list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import funcgrad as fg

Function = Callable[..., tuple[Any, ...]]
Transformed = Callable[[Function, Sequence[Any]], Any]


def is_inexact(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(bool)).kind in "fc"


def direction(x: Any, seed: int) -> Any:
    """A tangent of an array, the same for the same shape and seed."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(0.5, 1.5, np.shape(x)) * rng.choice([-1.0, 1.0], np.shape(x))
    if x.dtype.kind == "c":
        t = t + 1j * rng.uniform(0.5, 1.5, np.shape(x))
    return np.asarray(t, x.dtype)[()]


def smooth(f: Function, xs: Sequence[Any]) -> tuple[Function, tuple[Any, ...]]:
    """The function restricted to inexact arguments and results."""
    places = [i for i, x in enumerate(xs) if is_inexact(x)]

    def restricted(*ys: Any) -> tuple[Any, ...]:
        full = list(xs)
        for i, y in zip(places, ys, strict=True):
            full[i] = y
        return tuple(o for o in f(*full) if is_inexact(o))

    return restricted, tuple(xs[i] for i in places)


def weighted(f: Function) -> Callable[..., Any]:
    """A real scalar that depends on every element of every result."""

    def total(*xs: Any) -> Any:
        outs = f(*xs)
        parts = [np.sum(np.real(o * direction(o, 50 + i))) for i, o in enumerate(outs)]
        return sum(parts[1:], parts[0])

    return total


def tangents(xs: Sequence[Any], seed: int = 7) -> tuple[Any, ...]:
    return tuple(direction(x, seed + i) for i, x in enumerate(xs))


def nearby(x: Any) -> Any:
    return (x * 0.97).astype(x.dtype) if is_inexact(x) else x


def stacked(xs: Sequence[Any]) -> list[Any]:
    return [np.stack([x, nearby(x)]) for x in xs]


def gradient(f: Function, xs: Sequence[Any]) -> Callable[..., Any]:
    return fg.grad(weighted(f), argnums=tuple(range(len(xs))))


def vjp(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    outs, pullback = fg.vjp(f, *xs)
    return outs, pullback(tangents(outs))


def jvp(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return fg.jvp(f, xs, tangents(xs))


def linearize(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    outs, push = fg.linearize(f, *xs)
    return outs, push(*tangents(xs))


def grad(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return gradient(f, xs)(*xs)


def grad_of_jit(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return gradient(fg.jit(f), xs)(*xs)


def jit_of_grad(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return fg.jit(gradient(f, xs))(*xs)


def vmap_of_grad(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return fg.vmap(gradient(f, xs))(*stacked(xs))


def grad_of_vmap(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return gradient(fg.vmap(f), xs)(*stacked(xs))


def jvp_of_grad(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return fg.jvp(gradient(f, xs), xs, tangents(xs))


def grad_of_jvp(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return gradient(lambda *ys: fg.jvp(f, ys, tangents(ys))[1], xs)(*xs)


def grad_of_grad(f: Function, xs: Sequence[Any]) -> Any:
    f, xs = smooth(f, xs)
    return gradient(lambda *ys: gradient(f, ys)(*ys), xs)(*xs)


DERIVATIVES: dict[str, Transformed] = {
    "vjp": vjp, "jvp": jvp, "linearize": linearize, "grad": grad, "grad of jit": grad_of_jit,
    "jit of grad": jit_of_grad, "vmap of grad": vmap_of_grad, "grad of vmap": grad_of_vmap,
    "jvp of grad": jvp_of_grad, "grad of jvp": grad_of_jvp, "grad of grad": grad_of_grad,
}  # fmt: skip

EVALUATIONS: dict[str, Transformed] = {
    "value": lambda f, xs: f(*xs),
    "jit": lambda f, xs: fg.jit(f)(*xs),
    "vmap": lambda f, xs: fg.vmap(f)(*stacked(xs)),
}

ALL: dict[str, Transformed] = {**DERIVATIVES, **EVALUATIONS}
