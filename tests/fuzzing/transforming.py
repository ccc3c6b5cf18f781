"""All transformations of a program, each as what can be compared with differences.

Derivatives of first order come as <ct, J t>, those of second order as the derivative of that in
another direction: one number for each row of a batch. The arrays behind them are kept, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import funcgrad as fg

Function = Callable[..., Any]
Arrays = Sequence[Any]


@dataclass(frozen=True)
class Directions:
    """Tangents t and u of the arguments, and a cotangent of the results."""

    t: tuple[Any, ...]
    u: tuple[Any, ...]
    ct: tuple[Any, ...]

    @staticmethod
    def like(xs: Arrays, outs: Arrays, seed: int = 0) -> Directions:
        rng = np.random.default_rng([seed, 17])

        def draw(arrays: Arrays) -> tuple[Any, ...]:
            found = []
            for a in arrays:
                t = rng.uniform(0.4, 1.6, np.shape(a)) * rng.choice([-1.0, 1.0], np.shape(a))
                found.append(np.asarray(t, np.asarray(a).dtype)[()])
            return tuple(found)

        return Directions(draw(xs), draw(xs), draw(outs))


@dataclass(frozen=True)
class Outcome:
    """What a transformation gave: its arrays, and one number for each row."""

    arrays: list[Any]
    numbers: list[float]


def contract(arrays: Arrays, weights: Arrays) -> float:
    pairs = zip(arrays, weights, strict=True)
    return float(sum(np.sum(np.asarray(a, float) * np.asarray(w, float)) for a, w in pairs))


def scalar(f: Function, ct: Arrays) -> Function:
    def total(*xs: Any) -> Any:
        return sum(np.sum(o * c) for o, c in zip(f(*xs), ct, strict=True))

    return total


def everything(xs: Arrays) -> tuple[int, ...]:
    return tuple(range(len(xs)))


# --- derivatives of first order: functions of the arguments, and how results are contracted ---


def jvp(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.jvp(f, xs, d.t)[1]


def linearize(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.linearize(f, *xs)[1](*d.t)


def jacfwd(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.jacfwd(f, argnums=everything(xs))(*xs)


def jacrev(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.jacrev(f, argnums=everything(xs))(*xs)


def vjp(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.vjp(f, *xs)[1](d.ct)


def grad(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.grad(scalar(f, d.ct), argnums=everything(xs))(*xs)


def from_tangents(result: Any, d: Directions) -> float:
    return contract(result, d.ct)


def from_gradients(result: Any, d: Directions) -> float:
    return contract(result, d.t)


def from_jacobians(result: Any, d: Directions) -> float:
    total = 0.0
    for row, c in zip(result, d.ct, strict=True):
        for block, t in zip(row, d.t, strict=True):
            block = np.asarray(block, float).reshape(np.size(c), np.size(t))
            total += float(np.ravel(c).astype(float) @ block @ np.ravel(t).astype(float))
    return total


FIRST = {
    "jvp": (jvp, from_tangents), "linearize": (linearize, from_tangents),
    "jacfwd": (jacfwd, from_jacobians), "jacrev": (jacrev, from_jacobians),
    "vjp": (vjp, from_gradients), "grad": (grad, from_gradients),
}  # fmt: skip


def inner_product(f: Function, d: Directions, inner: str) -> Function:
    """<ct, J t> as a scalar function of the arguments, by one of the derivatives."""
    make = FIRST[inner][0]
    weights = d.ct if inner in ("jvp", "linearize") else d.t

    def total(*xs: Any) -> Any:
        return sum(np.sum(o * w) for o, w in zip(make(f, d)(*xs), weights, strict=True))

    return total


def second(outer: str, inner: str) -> tuple[Callable[[Function, Directions], Function], Any]:
    """A derivative of <ct, J t>, in direction u."""

    def make(f: Function, d: Directions) -> Function:
        around = Directions(d.u, d.u, (1.0,))
        total = inner_product(f, d, inner)
        return FIRST[outer][0](lambda *xs: (total(*xs),), around)

    def read(result: Any, d: Directions) -> float:
        around = Directions(d.u, d.u, (1.0,))
        return float(FIRST[outer][1](result, around))

    return make, read


SECOND = {f"{a} of {b}": second(a, b) for a in FIRST for b in ("jvp", "linearize", "vjp", "grad")}


def hessian(f: Function, d: Directions) -> Function:
    return lambda *xs: fg.hessian(scalar(f, d.ct), argnums=everything(xs))(*xs)


def from_hessian(result: Any, d: Directions) -> float:
    return from_jacobians(result, Directions(d.u, d.u, d.t))


SECOND["hessian"] = (hessian, from_hessian)

DERIVATIVES = {**FIRST, **SECOND}
WRAPPED = ("{}", "jit of {}", "{} of jit", "vmap of {}", "{} of vmap")
VALUES = ("value", "jit", "vmap", "jit of vmap", "vmap of jit", "jit of jit", "vmap of vmap")


def order_of(name: str) -> int:
    return 0 if name in VALUES else 2 if base_of(name) in SECOND else 1


def base_of(name: str) -> str:
    for wrapped in WRAPPED[1:]:
        before, after = wrapped.split("{}")
        middle = name.removeprefix(before).removesuffix(after)
        if middle in DERIVATIVES and wrapped.format(middle) == name:
            return middle
    return name


def simpler(name: str) -> list[str]:
    """Transformations that may show the same, simplest first."""
    order = order_of(name)
    if order == 0:
        return [n for n in VALUES if n.count(" ") < name.count(" ")]
    base = base_of(name)
    found = list(FIRST) if order == 2 else []
    if base != name:
        found.append(base)
    parts = base.split(" of ")
    if order == 1:
        found += ["jvp", "grad"]
        found += [name.replace(base, new) for new in ("jvp", "grad")]
    elif len(parts) == 2:
        found += [f"{a} of {b}" for a in ("jvp", "grad") for b in ("jvp", "grad")]
    return [n for n in dict.fromkeys(found) if n != name]


def nearby(xs: Arrays) -> tuple[Any, ...]:
    return tuple((x * 0.93 + 0.02).astype(np.asarray(x).dtype) for x in xs)


def stacked(rows: Sequence[Arrays]) -> tuple[Any, ...]:
    return tuple(np.stack(column) for column in zip(*rows, strict=True))


def row(result: Any, i: int) -> Any:
    return fg.tree.map(lambda a: a[i], result)


def outcome(name: str, f: Function, xs: tuple[Any, ...], d: Directions) -> Outcome:
    """A transformation of a function, at arguments and at other ones nearby if it is batched."""
    if name in VALUES:
        return evaluated(name, f, xs)
    base = base_of(name)
    make, read = DERIVATIVES[base]
    before, _, after = name.partition(base)
    before, after = before.removesuffix(" of "), after.removeprefix(" of ")
    rows = [xs, nearby(xs)]
    if after == "vmap":
        both = Directions(*(stacked([part, part]) for part in (d.t, d.u, d.ct)))
        result = make(fg.vmap(f), both)(*stacked(rows))
        return Outcome(fg.tree.leaves(result), [read(result, both)])
    derivative = make(fg.jit(f) if after == "jit" else f, d)
    if before == "vmap":
        result = fg.vmap(derivative)(*stacked(rows))
        numbers = [read(row(result, i), d) for i in range(2)]
        return Outcome(fg.tree.leaves(result), numbers)
    result = (fg.jit(derivative) if before == "jit" else derivative)(*xs)
    return Outcome(fg.tree.leaves(result), [read(result, d)])


def evaluated(name: str, f: Function, xs: tuple[Any, ...]) -> Outcome:
    batch = name.count("vmap")
    args = xs
    for part in reversed(name.split(" of ")):
        if part == "jit":
            f = fg.jit(f)
        elif part == "vmap":
            f = fg.vmap(f)
    for i in range(batch):
        args = stacked([args, nearby(args) if i == 0 else args])
    return Outcome(fg.tree.leaves(f(*args)), [])
