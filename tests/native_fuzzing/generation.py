"""Programs by their numbers: arguments in many layouts, a function of steps, a transformation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import funcgrad as fg
from funcgrad.core.primitive import REGISTRY, Case
from funcgrad.core.tracing import aval_of

from .bodies import MOST_ELEMENTS, Body, numbers
from .steps import cases_in_programs, step

LARGE = 300_000
"""Elements of an array in programs with large ones."""

WAYS = ("plain", "grad", "jvp", "vmap", "grad of vmap", "vmap of grad", "vjp")
LIKELY = (0.46, 0.2, 0.08, 0.12, 0.04, 0.05, 0.05)


class Program(NamedTuple):
    """A random program.

    Attributes:
        seed: its number.
        way: how it is transformed.
        function: of the arguments, after that.
        args: arrays as they lie in memory, and numbers.
    """

    seed: int
    way: str
    function: Callable[..., Any]
    args: list[Any]


def program(seed: int) -> Program:
    """The program of a number."""
    rng = np.random.default_rng([seed, 0])
    most = LARGE if rng.random() < 0.02 else MOST_ELEMENTS
    cases = [_case(rng) for _ in range(int(rng.choice(3, p=(0.35, 0.45, 0.2))))]
    given = [np.asarray(x) for _, case in cases for x in case.args]
    head = Body((seed, 1), [], 0, most)
    free = [_argument(head, rng) for _ in range(int(rng.integers(1, 4)))]
    if most == LARGE:
        rows = int(rng.choice((33, 128, 1000)))
        free.append(numbers(rng, (rows, int(rng.choice((64, 100, 200)))), head.one_of("fd")))
    args = [*given, *free]
    way = str(rng.choice(WAYS, p=LIKELY))
    count = int(rng.choice((1, 2, 3, 5, 8, 12, 16)))

    def function(*xs: Any) -> Any:
        return _run(seed, most, cases, count, xs)

    made = _transformed(function, way, args)
    if way in ("vmap", "vmap of grad"):
        lanes = int(rng.integers(1, 4))
        args = [np.stack([x] * lanes) if np.ndim(x) else x for x in args]
    args = [*args[: len(given)], *_sharing(rng, args[len(given) :])]
    return Program(seed, way, made, [laid_out(rng, x, i < len(given)) for i, x in enumerate(args)])


def _case(rng: np.random.Generator) -> tuple[Any, Case]:
    prim = REGISTRY[str(rng.choice(cases_in_programs()))]
    assert prim.cases is not None
    cases = [c for c in prim.cases(np.random.default_rng(rng.integers(2**32))) if _is_real(c)]
    return prim, cases[int(rng.integers(len(cases)))]


def _is_real(case: Case) -> bool:
    return all(np.asarray(x).dtype.kind in "fiub" for x in case.args)


def _argument(body: Body, rng: np.random.Generator) -> Any:
    if rng.random() < 0.07:
        return [1.5, -0.25, 3, -2, True][int(rng.integers(5))]
    special = 0.05 if rng.random() < 0.15 else 0.0
    return numbers(rng, body.shape(), body.char(), special)


def _run(seed: int, most: int, cases: Any, count: int, xs: Any) -> tuple[Any, ...]:
    body = Body((seed, 2), [], 0, most)
    given = list(xs)
    waiting = []
    for prim, case in cases:
        waiting.append((prim, case, given[: len(case.args)]))
        del given[: len(case.args)]
    body.values = given
    for k in range(count + len(waiting)):
        if waiting and (body.maybe(0.4) or k >= count):
            prim, case, operands = waiting.pop()
            _apply(body, prim, case, operands)
        else:
            step(body)
    outs = body.values[-1:] + [x for x in body.values[:-1] if body.maybe(0.15)]
    return tuple(outs[:4]) or (np.float64(1.0),)


def _apply(body: Body, prim: Any, case: Case, operands: list[Any]) -> None:
    """An operator on one of its own cases."""
    out = prim(*operands, **case.params)
    body.add(*out) if prim.multiple else body.add(out)


def _transformed(function: Callable[..., Any], way: str, args: list[Any]) -> Callable[..., Any]:
    if way == "plain":
        return function
    if way == "vmap" and any(map(np.ndim, args)):
        return fg.vmap(function, in_axes=tuple(0 if np.ndim(x) else None for x in args))
    wanted = tuple(i for i, x in enumerate(args) if np.asarray(x).dtype.kind == "f")
    if not wanted or (way == "vmap of grad" and not any(map(np.ndim, args))) or way == "vmap":
        return function

    def total(*xs: Any) -> Any:
        outs = [o for o in function(*xs) if aval_of(o).dtype.kind == "f"]
        return sum((np.sum(o * 0.5) for o in outs), start=np.float64(0.0))

    def gradient(*xs: Any) -> Any:
        return fg.grad(total, wanted)(*xs)

    if way == "grad":
        return gradient
    axes = tuple(0 if np.ndim(x) else None for x in args)
    if way == "vmap of grad":
        return fg.vmap(gradient, in_axes=axes)
    if way == "grad of vmap":
        several = fg.vmap(total, in_axes=axes)

        def summed(*xs: Any) -> Any:
            pairs = [np.stack([x, x * 0.5]) if i in wanted and np.ndim(x) else
                     np.stack([x, x]) if np.ndim(x) else x for i, x in enumerate(xs)]  # fmt: skip
            return np.sum(several(*pairs)) if any(np.ndim(x) for x in xs) else total(*xs)

        return lambda *xs: fg.grad(summed, wanted)(*xs)

    def chosen(xs: Any) -> Any:
        def of_some(*ys: Any) -> Any:
            every = list(xs)
            for i, y in zip(wanted, ys, strict=True):
                every[i] = y
            return tuple(o for o in function(*every) if aval_of(o).dtype.kind == "f")

        return of_some, [xs[i] for i in wanted]

    if way == "jvp":

        def pushed(*xs: Any) -> Any:
            of_some, ys = chosen(xs)
            return fg.jvp(of_some, tuple(ys), tuple(y * 0.5 for y in ys))

        return pushed

    def pulled(*xs: Any) -> Any:
        of_some, ys = chosen(xs)
        outs, pull = fg.vjp(of_some, *ys)
        return pull(tuple(o * 0.25 + 1 for o in outs))

    return pulled


# --- how arrays lie in memory ---------------------------------------------------------------------


def _sharing(rng: np.random.Generator, args: list[Any]) -> list[Any]:
    """Arguments, of which now and then one is another one, or overlaps with it."""
    args = list(args)
    for i, x in enumerate(args):
        for j in range(i):
            y = args[j]
            alike = np.shape(x) == np.shape(y) and np.ndim(x) and x.dtype == y.dtype
            if alike and rng.random() < 0.3:
                if rng.random() < 0.5 or not len(x):
                    args[i] = y
                else:
                    both = np.concatenate([y, x[-1:]])
                    args[j], args[i] = both[:-1], both[1:]
    return args


def laid_out(rng: np.random.Generator, x: Any, keep: bool = False) -> Any:
    """The same array in another layout of memory, or of another one, if it need not be kept."""
    if not isinstance(x, np.ndarray) or not x.ndim:
        return x
    how = int(rng.integers(12))
    if how == 0:
        return np.asfortranarray(x)
    if how == 1:
        return np.ascontiguousarray(x[::-1])[::-1]
    if how == 2:
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), x.dtype)
        wide[..., 1::2] = x
        return wide[..., 1::2]
    if how == 3:
        raw = np.zeros(x.nbytes + 1, "B")
        there = raw[1:].view(x.dtype).reshape(x.shape)
        there[...] = x
        return there
    if how == 4 and x.ndim > 1:
        return np.ascontiguousarray(np.swapaxes(x, 0, -1)).swapaxes(0, -1)
    if how == 5 and x.shape[0] and not keep:
        return np.broadcast_to(x[:1], x.shape)
    return x


__all__ = ["Program", "laid_out", "program"]
