"""Mistakes that only some tangents and cotangents, constants, memory layouts or calls show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.custom_derivatives import SymbolicZero

from .mutant import (
    Draw,
    Mutant,
    between,
    directions,
    normal,
    of_function,
    of_pair,
    pulled,
    with_jvp,
    with_vjp,
)

V, W, MATRICES = normal((6,)), normal((3, 4)), normal((3, 4), (4, 2))


# --- cotangents and tangents of other kinds than normal ones ------------------------------------


def largest(c: Any) -> Any:
    return np.max(np.abs(c))


DAMAGES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "clipped at 20": (lambda c: np.clip(c, -20.0, 20.0), lambda c: 1e3 * c),
    "clipped at 1e4": (lambda c: np.clip(c, -1e4, 1e4), lambda c: 1e6 * c),
    "clipped by its length at 100": (
        lambda c: c / np.maximum(1.0, np.sqrt(np.sum(c * c)) / 100), lambda c: 1e4 * c),
    "small numbers taken for zero": (
        lambda c: np.where(np.abs(c) < 1e-6, 0.0, c), lambda c: 1e-7 * c),
    "a small number added": (lambda c: c + 1e-11, lambda c: 0.0 * c),
    "zero taken for one": (lambda c: np.where(c == 0, 1.0, c), lambda c: 0.0 * c),
    "ones where all of it is zero": (
        lambda c: np.where(largest(c) == 0, 1.0, c), lambda c: 0.0 * c),
    "doubled if it is one-hot": (
        lambda c: np.where((np.sum(c != 0) == 1) & (c != 0), 2 * c, c), lambda c: first_only(c)),
    "lost if much of it is zero": (
        lambda c: np.where(2 * np.sum(c == 0) > np.size(c), 0.0, c), lambda c: first_only(c)),
    "scaled if it holds large numbers": (
        lambda c: np.where(largest(c) > 1e3, 0.5 * c, c), lambda c: 1e5 * c),
    "squashed": (lambda c: 1e5 * np.tanh(c / 1e5), lambda c: 1e6 * c),
}  # fmt: skip
"""A direction made another one, and the kind of direction that shows it."""

OF_COTANGENTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "whole numbers halved": (
        lambda c: np.where(c == np.round(c), 0.5 * c, c), lambda c: np.round(3 * c)),
    "whole numbers taken for labels": (
        lambda c: np.where(np.all(c == np.round(c)), 0.0, c), lambda c: np.round(3 * c)),
}  # fmt: skip


def first_only(c: Any) -> Any:
    return c * (np.arange(np.size(c)).reshape(np.shape(c)) == 0)


PULLS: dict[str, tuple[Any, Any, Draw]] = {
    "sine": (lambda x: np.sin(x), lambda x, ct: (np.cos(x) * ct,), V),
    "product of matrices": (
        lambda x, w: x @ w, lambda x, w, ct: (ct @ w.T, x.T @ ct), MATRICES),
    "sum of rows": (
        lambda x: np.sum(x * x, 1), lambda x, ct: (2 * x * ct[:, None],), W),
    "quotient": (
        lambda x, y: x / y, lambda x, y, ct: (ct / y, -ct * x / y**2),
        between(0.5, 2.0, (5,), (5,))),
}  # fmt: skip

PUSHES: dict[str, tuple[Any, Any, Draw]] = {
    "exponential": (lambda x: np.exp(x), lambda x, t: np.exp(x) * t, V),
    "hyperbolic tangent": (
        lambda x: np.tanh(x), lambda x, t: (1 - np.tanh(x) ** 2) * t, W),
}  # fmt: skip


def pulled_along(kind: Callable[[Any], Any]) -> Callable[..., list[Any]]:
    """The cotangents of a cotangent of a kind."""

    def probe(f: Any, args: tuple[Any, ...]) -> list[Any]:
        out, pull = fg.vjp(f, *args)
        return list(pull(kind(np.random.default_rng(1).standard_normal(np.shape(out)))))

    return probe


def pushed_along(kind: Callable[[Any], Any]) -> Callable[..., list[Any]]:
    """The tangent of a tangent of a kind."""
    return lambda f, args: [fg.jvp(f, args, tuple(map(kind, directions(args))))[1]]


def of_cotangent(name: str, damage: Any, kind: Any, base: str) -> Mutant:
    f, rule, draw = PULLS[base]
    wrong = with_vjp(f, lambda *args: rule(*args[:-1], damage(args[-1])))
    return of_function(f"cotangent of {base} {name}", "a kind of cotangent", wrong,
                       with_vjp(f, rule), draw, probe=pulled_along(kind))  # fmt: skip


def of_tangent(name: str, damage: Any, kind: Any, base: str) -> Mutant:
    f, rule, draw = PUSHES[base]
    wrong = with_jvp(f, lambda x, t: rule(x, damage(t)))
    return of_function(f"tangent of {base} {name}", "a kind of tangent", wrong,
                       with_jvp(f, rule), draw, probe=pushed_along(kind))  # fmt: skip


# --- one argument with the others constant -------------------------------------------------------


def with_zeros(f: Any, rule: Any) -> Any:
    """A function whose tangent rule is told which tangents are zero."""
    wrapped = fg.custom_jvp(f)
    wrapped.defjvp(lambda xs, ts: (f(*xs), rule(xs, ts)), symbolic_zeros=True)
    return wrapped


def absent(t: Any) -> bool:
    return isinstance(t, SymbolicZero)


def terms(partials: Any, xs: Any, ts: Any) -> Any:
    """The sum of the partial derivatives along tangents that are not zero."""
    found = [p(*xs) * t for p, t in zip(partials, ts, strict=True) if not absent(t)]
    return sum(found) if found else np.zeros_like(xs[0])


PARTIALS: dict[str, tuple[Any, tuple[Any, Any], Draw]] = {
    "product": (lambda x, y: x * y, (lambda x, y: y, lambda x, y: x), normal((5,), (5,))),
    "quotient": (
        lambda x, y: x / y, (lambda x, y: 1 / y, lambda x, y: -x / y**2),
        between(0.5, 2.0, (4,), (4,))),
    "power": (
        lambda x, y: x**y, (lambda x, y: y * x ** (y - 1), lambda x, y: x**y * np.log(x)),
        between(0.5, 2.0, (4,), (4,))),
}  # fmt: skip


def alone(i: int) -> Callable[..., list[Any]]:
    """The tangent by one argument, the others being constants."""

    def probe(f: Any, args: tuple[Any, ...]) -> list[Any]:
        def g(x: Any) -> Any:
            return f(*args[:i], x, *args[i + 1 :])

        return [fg.jvp(g, (args[i],), (np.ones_like(args[i]),))[1]]

    return probe


def of_alone(base: str, i: int, damage: str) -> Mutant:
    f, partials, draw = PARTIALS[base]

    def rule(xs: Any, ts: Any) -> Any:
        right = terms(partials, xs, ts)
        if not absent(ts[1 - i]) or absent(ts[i]):
            return right
        if damage == "the other's partial":
            return partials[1 - i](*xs) * ts[i]
        return right * {"sign": -1.0, "doubled": 2.0, "lost": 0.0}[damage]

    right = with_zeros(f, lambda xs, ts: terms(partials, xs, ts))
    return of_function(f"{base} by argument {i} alone: {damage}", "one argument alone",
                       with_zeros(f, rule), right, draw, probe=alone(i))  # fmt: skip


# --- memory --------------------------------------------------------------------------------------


def plain(x: Any) -> bool:
    return type(x) is np.ndarray


def by_memory(x: Any) -> Any:
    """The numbers in the order in which they lie in memory, as if that were C's."""
    return np.reshape(np.ravel(x, "K"), x.shape) if plain(x) else x


def by_fortran(x: Any) -> Any:
    """The numbers of an array in Fortran's order, transposed."""
    if plain(x) and x.flags.f_contiguous and not x.flags.c_contiguous:
        return np.reshape(x.T, x.shape)
    return x


def from_the_start(x: Any) -> Any:
    """What lies at the start of the memory that a view looks at."""
    if plain(x) and plain(x.base) and x.base.size >= x.size and not x.flags.c_contiguous:
        return x.base.ravel()[: x.size].reshape(x.shape)
    return x


def unread(x: Any) -> Any:
    """Zeros where an array cannot be written to."""
    return np.zeros_like(x) if plain(x) and not x.flags.writeable else x


def forwards(x: Any) -> Any:
    """An array with its strides taken for positive ones."""
    if plain(x) and any(s < 0 for s in x.strides):
        return x[tuple(slice(None, None, -1 if s < 0 else 1) for s in x.strides)]
    return x


def packed(x: Any) -> Any:
    """An array with its gaps taken for elements."""
    if plain(x) and x.ndim and abs(x.strides[-1]) > x.itemsize:
        return x * 1.5
    return x


LAYOUT_DAMAGES = {
    "read in the order of memory": by_memory,
    "Fortran's order ignored": by_fortran,
    "read-only arrays taken for zero": unread,
    "gaps read": packed,
}

BY_HAND = {
    "the start of a view's memory": from_the_start,
    "negative strides turned": forwards,
}

LAYOUT_BASES: dict[str, tuple[Any, Any, Draw]] = {
    "cubes": (
        lambda x: x**3, lambda x, ct: (3 * x * x * ct,), W),
    "row sums of exponentials": (
        lambda x: np.sum(np.exp(x), 1), lambda x, ct: (np.exp(x) * ct[:, None],), W),
}  # fmt: skip


def laid_out(f: Any, args: tuple[Any, ...]) -> list[Any]:
    """The cotangents for arrays in Fortran's order that are views of others, and for read-only
    ones.
    """
    (x,) = args
    locked = np.array(x, order="F")
    locked.flags.writeable = False
    return pulled(f, (turned(x),)) + pulled(f, (locked,))


def of_layout(name: str, damage: Any, base: str) -> Mutant:
    f, rule, draw = LAYOUT_BASES[base]
    wrong = fg.custom_vjp(f)
    wrong.defvjp(lambda x: (f(x), x), lambda x, ct: rule(damage(x), ct))
    return of_function(f"layout, {base}: {name}", "memory layout", wrong, with_vjp(f, rule), draw,
                       probe=laid_out)  # fmt: skip


def of_layout_by_hand(name: str, damage: Any, base: str) -> Mutant:
    f, rule, draw = LAYOUT_BASES[base]

    def forward(x: Any) -> Any:
        return f(x), x

    def probe(subject: Any, args: tuple[Any, ...]) -> list[Any]:
        (x,) = args
        ct = np.ones_like(f(x))
        back = turned(x)
        locked = np.array(x, order="F")
        locked.flags.writeable = False
        return [subject(ct, y)[0] for y in (back, locked)]

    pair = of_pair(f"layout by hand, {base}: {name}", "memory layout by hand", forward,
                   lambda ct, x: rule(damage(x), ct), lambda ct, x: rule(x, ct), draw)  # fmt: skip
    return replace(pair, probe=probe)


def turned(x: Any) -> Any:
    """The same numbers in a view with negative strides."""
    back = np.zeros([2 * n for n in x.shape])[tuple(slice(None, None, -2) for _ in x.shape)]
    back[...] = x
    return back


def with_saved(f: Any, forward: Any, backward: Any) -> Any:
    """A function with a forward and a backward pass."""
    wrapped = fg.custom_vjp(f)
    wrapped.defvjp(forward, backward)
    return wrapped


def twice_given(f: Any, args: tuple[Any, ...]) -> list[Any]:
    """The cotangents where one array is both arguments."""
    return pulled(f, (args[0], args[0]))


def of_aliases(name: str, f: Any, rule: Any, damage: Any) -> Mutant:
    def forward(x: Any, y: Any) -> Any:
        return f(x, y), (x, y, x is y)

    def backward(saved: Any, ct: Any) -> Any:
        x, y, same = saved
        return damage(*rule(x, y, ct)) if same else rule(x, y, ct)

    wrong = with_saved(f, forward, backward)
    return of_function(f"one array twice: {name}", "aliasing of arguments", wrong,
                       with_vjp(f, rule), between(0.5, 2.0, (4,), (4,)),
                       probe=twice_given)  # fmt: skip


ALIASES = {
    "the sum for both": lambda a, b: (a + b, a + b),
    "the sum for the first": lambda a, b: (a + b, 0 * b),
    "one of them is lost": lambda a, b: (a, 0 * b),
    "halves": lambda a, b: ((a + b) / 2, (a + b) / 2),
}


# --- earlier and later calls ---------------------------------------------------------------------


class Remembered:
    """The rule of a function that keeps in itself what it should keep in its residuals."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.x: Any = None
        self.calls = 0
        self.kept: dict[Any, Any] = {}

    def forward(self, x: Any) -> Any:
        if plain(x):
            self.x = x
        return np.sin(x) * np.sum(x), (x,)

    def backward(self, saved: Any, ct: Any) -> Any:
        x = saved[0]
        if self.what == "the last point" and plain(x):
            x = self.x
        if self.what == "by shape" and plain(x):
            x = self.kept.setdefault(x.shape[1:], x)
        return (np.cos(x) * np.sum(x) * ct + np.sum(np.sin(x) * ct),)

    def function(self) -> Any:
        f = lambda x: np.sin(x) * np.sum(x)  # noqa: E731
        return with_saved(f, self.forward, self.backward)


def again(f: Any, args: tuple[Any, ...]) -> list[Any]:
    """The cotangents of a pullback that is called after another point was visited, repeatedly."""
    out, pull = fg.vjp(f, *args)
    fg.vjp(f, *(a * 1.01 for a in args))
    pulls = [pull(np.ones_like(out)) for _ in range(6)]
    return [*sum(pulls, ()), *fg.vjp(f, *(a * 1.02 for a in args))[1](np.ones_like(out))]


class Counted(Remembered):
    """A rule of which every fifth call is wrong."""

    def backward(self, saved: Any, ct: Any) -> Any:
        x = saved[0]
        self.calls += 1
        factor = 0.9 if plain(x) and self.calls % 5 == 0 else 1.0
        return (factor * (np.cos(x) * np.sum(x) * ct + np.sum(np.sin(x) * ct)),)


class Buffered(Remembered):
    """A rule that returns one buffer at all calls."""

    def backward(self, saved: Any, ct: Any) -> Any:
        x = saved[0]
        found = np.cos(x) * np.sum(x) * ct + np.sum(np.sin(x) * ct)
        if not plain(found):
            return (found,)
        buffer = self.kept.setdefault(found.shape, np.empty_like(found))
        buffer[...] = found
        return (buffer,)


def both_results(f: Any, args: tuple[Any, ...]) -> list[Any]:
    """The cotangents of two calls, looked at after both."""
    out, pull = fg.vjp(f, *args)
    return [*pull(np.ones_like(out)), *pull(2 * np.ones_like(out))]


RIGHT = with_vjp(
    lambda x: np.sin(x) * np.sum(x),
    lambda x, ct: (np.cos(x) * np.sum(x) * ct + np.sum(np.sin(x) * ct),),
)

STATE: dict[str, tuple[Any, Any, Draw]] = {
    "residuals of the last call": (Remembered("the last point"), again, V),
    "residuals of the last call, matrices": (Remembered("the last point"), again, W),
    "a cache that ignores the first axis": (Remembered("by shape"), again, W),
    "a cache that ignores the only axis": (Remembered("by shape"), again, V),
    "every fifth call": (Counted(""), again, V),
    "every fifth call, matrices": (Counted(""), again, W),
    "one buffer for all results": (Buffered(""), both_results, V),
    "one buffer for all results, matrices": (Buffered(""), both_results, W),
}


# --- vmap over some arguments --------------------------------------------------------------------


def mapped(f: Any, rule: Any) -> Any:
    """A function with a batching rule."""
    wrapped = fg.custom_batching.custom_vmap(f)
    wrapped.def_vmap(rule)
    return wrapped


def scaled(x: Any, y: Any) -> Any:
    return x * np.sum(y)


def right_rule(size: int, batched: Any, x: Any, y: Any) -> Any:
    xs = x if batched[0] else np.broadcast_to(x, (size, *np.shape(x)))
    ys = y if batched[1] else np.broadcast_to(y, (size, *np.shape(y)))
    return xs * np.sum(ys, 1)[:, None], True


def vmap_rule(when: Any, damage: Any) -> Any:
    def rule(size: int, batched: Any, x: Any, y: Any) -> Any:
        out, flag = right_rule(size, batched, x, y)
        return (damage(out), flag) if when(size, batched) else (out, flag)

    return rule


def some_batched(f: Any, args: tuple[Any, ...]) -> list[Any]:
    """Values with one of the arguments batched, the other one, and one example of both."""
    x, y = args
    many = [np.stack([a, 2 * a]) for a in args]
    return [
        fg.vmap(f, (0, None))(many[0], y),
        fg.vmap(f, (None, 0))(x, many[1]),
        fg.vmap(f)(x[None], y[None]),
    ]


MAPPED: dict[str, tuple[Any, Any]] = {
    "the first argument alone": (lambda n, b: not b[1], lambda out: out[::-1]),
    "the second argument alone": (lambda n, b: not b[0], lambda out: out * 2),
    "either argument alone": (lambda n, b: not (b[0] and b[1]), lambda out: -out),
    "the second argument alone, the mean": (
        lambda n, b: not b[0], lambda out: out - np.mean(out, 0)),
    "a single example": (lambda n, b: n == 1, lambda out: out + 1),
}  # fmt: skip


MUTANTS = [
    *(
        of_cotangent(name, *row, base)
        for base in PULLS
        for name, row in {**DAMAGES, **OF_COTANGENTS}.items()
    ),
    *(of_tangent(name, *row, base) for base in PUSHES for name, row in DAMAGES.items()),
    *(
        of_alone(base, i, damage)
        for base in PARTIALS
        for i in (0, 1)
        for damage in ("sign", "doubled", "lost", "the other's partial")
        if base != "product" or damage != "the other's partial" or i == 0
    ),
    *(of_layout(name, d, base) for base in LAYOUT_BASES for name, d in LAYOUT_DAMAGES.items()),
    *(
        of_layout_by_hand(name, d, base)
        for base in LAYOUT_BASES
        for name, d in {**LAYOUT_DAMAGES, **BY_HAND}.items()
    ),
    *(
        of_aliases(f"{base}, {name}", f, rule, damage)
        for base, (f, rule, _) in {"quotient": PULLS["quotient"]}.items()
        for name, damage in ALIASES.items()
    ),
    *(
        of_function(name, "state", rule.function(), RIGHT, draw, probe=probe)
        for name, (rule, probe, draw) in STATE.items()
    ),
    *(
        of_function(f"vmap over {name}", "vmap over some", mapped(scaled, vmap_rule(*row)),
                    mapped(scaled, right_rule), normal((3,), (4,)), probe=some_batched)
        for name, row in MAPPED.items()
    ),
]  # fmt: skip
