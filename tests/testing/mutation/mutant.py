"""What a planted mistake is: a wrong derivative, its right counterpart, and the check of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.core.primitive import REGISTRY, Primitive
from funcgrad.errors import FuncgradError
from funcgrad.testing import (
    GradientCheckError,
    check_gradient,
    check_grads,
    check_jvp,
    check_pair,
    gradcheck,
)
from funcgrad.testing.reports.report import InconclusiveCheckError

Draw = Callable[[Any], tuple[Any, ...]]
"""Arguments from a random generator."""


@dataclass(frozen=True)
class Mutant:
    """One planted mistake.

    ``check(subject, args, seed)`` runs the checker with its defaults; ``probe(subject, args)``
    returns the derivative (or whatever the mistake changes) as leaves, without the checker.
    With ``searched`` the checker draws its own arguments.
    """

    name: str
    kind: str
    wrong: Any
    right: Any
    draw: Draw
    check: Callable[[Any, tuple[Any, ...], int], Any]
    probe: Callable[[Any, tuple[Any, ...]], list[Any]]
    searched: bool = False


@dataclass(frozen=True)
class Record:
    """An operator that is registered only while it is used.

    ``held`` are constant operands behind the arguments.
    """

    make: Callable[[str], Primitive]
    params: dict[str, Any]
    held: tuple[Any, ...] = ()

    @contextmanager
    def registered(self) -> Iterator[Callable[..., Any]]:
        prim = self.make("mutant")
        try:
            yield lambda *xs: prim(*xs, *self.held, **self.params)
        finally:
            del REGISTRY["mutant"]


@contextmanager
def function_of(subject: Any) -> Iterator[Callable[..., Any]]:
    """A subject as a function: a record is registered for as long as it is used."""
    if isinstance(subject, Record):
        with subject.registered() as f:
            yield f
    else:
        yield subject


def arguments(mutant: Mutant, seed: int) -> tuple[Any, ...]:
    """The arguments of a mutant's check."""
    return mutant.draw(np.random.default_rng([sum(map(ord, mutant.name)), seed]))


def outcome(mutant: Mutant, subject: Any, seed: int) -> str:
    """'pass', 'inconclusive' or 'fail' of one check with default settings."""
    return found(mutant, subject, seed)[0]


def found(mutant: Mutant, subject: Any, seed: int) -> tuple[str, Any]:
    """The outcome of one check with default settings, and its finding where there is one."""
    try:
        mutant.check(subject, arguments(mutant, seed), seed)
    except InconclusiveCheckError as error:
        return "inconclusive", error.finding
    except GradientCheckError as error:
        return "fail", error.finding
    return "pass", None


def distance(mutant: Mutant, seed: int) -> float:
    """How far the wrong derivative is from the right one, relative to the right one's size."""
    args = arguments(mutant, seed)
    right = mutant.probe(mutant.right, args)
    try:
        wrong = mutant.probe(mutant.wrong, args)
    except FuncgradError:
        return np.inf
    if len(wrong) != len(right):
        return np.inf
    return max(apart(w, r) for w, r in zip(wrong, right, strict=True))


def apart(wrong: Any, right: Any) -> float:
    """The largest difference of two arrays in units of the second one's largest element."""
    w, r = np.asarray(wrong), np.asarray(right)
    if w.shape != r.shape or w.dtype != r.dtype:
        return np.inf
    if not np.array_equal(np.isfinite(w), np.isfinite(r)):
        return np.inf
    finite = np.isfinite(r)
    size = np.max(np.abs(r[finite]), initial=0.0)
    gap = np.max(np.abs(w[finite] - r[finite]), initial=0.0)
    return float(gap / size) if size else float(np.inf if gap else 0.0)


# --- probes: what a function's derivatives are, by the transformations alone ---------------------


def directions(args: tuple[Any, ...]) -> tuple[Any, ...]:
    rng = np.random.default_rng(99)
    return tuple(random_like(rng, a) for a in args)


def cotangents(out: Any) -> Any:
    rng = np.random.default_rng(98)
    return fg.tree.map(lambda o: random_like(rng, o), out)


def random_like(rng: Any, a: Any) -> Any:
    dtype = a.dtype if hasattr(a, "dtype") else np.dtype(type(a))
    t = rng.standard_normal(np.shape(a))
    if dtype.kind == "c":
        t = t + 1j * rng.standard_normal(np.shape(a))
    return np.asarray(t, dtype)[()]


def pushed(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """Value and tangent."""
    return fg.tree.leaves(fg.jvp(f, args, directions(args)))


def pulled(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """Value and cotangents."""
    out, pull = fg.vjp(f, *args)
    return [*fg.tree.leaves(out), *fg.tree.leaves(pull(cotangents(out)))]


def twice(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The tangent of the tangent."""
    ts = directions(args)
    return pushed(lambda *xs: fg.jvp(f, xs, ts)[1], args)


def pulled_twice(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The cotangents of the cotangents."""

    def gradient(*xs: Any) -> Any:
        out, pull = fg.vjp(f, *xs)
        return pull(cotangents(out))

    return pulled(gradient, args)


def called_twice(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The values of two calls, and the arguments after them."""
    values = [f(*args), f(*args)]
    return [*values, *(np.array(a) for a in args)]


def pulled_again(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The cotangents of the second call of one pullback."""
    out, pull = fg.vjp(f, *args)
    pull(cotangents(out))
    return fg.tree.leaves(pull(cotangents(out)))


def transformed(transform: Callable[..., Any], probe: Callable[..., Any]) -> Callable[..., Any]:
    """A probe of the transformed function."""
    return lambda f, args: probe(transform(f), args)


# --- the kinds of subjects -----------------------------------------------------------------------


def of_function(
    name: str,
    kind: str,
    wrong: Any,
    right: Any,
    draw: Draw,
    *,
    order: int = 1,
    probe: Callable[..., list[Any]] = pushed,
) -> Mutant:
    """A function with a derivative rule, or a Record, checked by check_grads."""

    def check(subject: Any, args: tuple[Any, ...], seed: int) -> Any:
        with function_of(subject) as f:
            return check_grads(f, args, order, seed=seed)

    def measure(subject: Any, args: tuple[Any, ...]) -> list[Any]:
        with function_of(subject) as f, np.errstate(all="ignore"):
            return probe(f, args)

    return Mutant(name, kind, wrong, right, draw, check, measure)


def of_pair(name: str, kind: str, forward: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    """A backward pass written by hand, checked by check_pair."""

    def check(subject: Any, args: tuple[Any, ...], seed: int) -> Any:
        return check_pair(forward, subject, args, seed=seed)

    def measure(subject: Any, args: tuple[Any, ...]) -> list[Any]:
        out, cache = forward(*args)
        found = subject(cotangents(out), cache)
        return fg.tree.leaves(found, is_leaf=lambda x: x is None)

    return Mutant(name, kind, wrong, right, draw, check, none_as_zero(measure))


def searched(
    name: str,
    kind: str,
    wrong: Any,
    right: Any,
    draw: Draw,
    *strategies: Any,
    probe: Callable[..., list[Any]] | None = None,
    **settings: Any,
) -> Mutant:
    """A function that is wrong for some arguments, to be found by gradcheck.

    ``draw`` draws arguments for which it is, which the search does not know.
    """
    settings = {"order": 1, **settings}

    def check(subject: Any, args: tuple[Any, ...], seed: int) -> Any:
        return gradcheck(subject, *strategies, seed=seed, **settings)

    def measure(subject: Any, args: tuple[Any, ...]) -> list[Any]:
        with np.errstate(all="ignore"):
            return (probe or pulled)(subject, args)

    return Mutant(name, kind, wrong, right, draw, check, measure, searched=True)


def none_as_zero(measure: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    return lambda subject, args: [
        np.zeros(()) if leaf is None else leaf for leaf in measure(subject, args)
    ]


def of_claimed_jvp(name: str, kind: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    """A tangent ``rule(x, t)`` that somebody claims, checked by check_jvp."""

    def check(subject: Any, args: tuple[Any, ...], seed: int) -> Any:
        return check_jvp(f, lambda xs, ts: (f(*xs), subject(*xs, *ts)), args, seed=seed)

    def measure(subject: Any, args: tuple[Any, ...]) -> list[Any]:
        return fg.tree.leaves(subject(*args, *directions(args)))

    return Mutant(name, kind, wrong, right, draw, check, measure)


def of_gradient(name: str, kind: str, f: Any, wrong: Any, right: Any, draw: Draw) -> Mutant:
    """A gradient written by hand, checked by check_gradient."""

    def check(subject: Any, args: tuple[Any, ...], seed: int) -> Any:
        return check_gradient(f, subject, args, seed=seed)

    def measure(subject: Any, args: tuple[Any, ...]) -> list[Any]:
        return fg.tree.leaves(subject(*args))

    return Mutant(name, kind, wrong, right, draw, check, measure)


def with_jvp(f: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose tangent is ``rule(*primals, *tangents)``."""
    wrapped = fg.custom_jvp(f)
    wrapped.defjvp(lambda primals, tangents: (f(*primals), rule(*primals, *tangents)))
    return wrapped


def with_vjp(f: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose cotangents are ``rule(*primals, cotangent)``, a tuple."""
    wrapped = fg.custom_vjp(f)
    wrapped.defvjp(lambda *args: (f(*args), args), lambda args, ct: rule(*args, ct))
    return wrapped


# --- arguments -----------------------------------------------------------------------------------


def normal(*shapes: tuple[int, ...], dtype: str = "f8") -> Draw:
    """Normal random arrays."""

    def draw(rng: Any) -> tuple[Any, ...]:
        found = []
        for shape in shapes:
            x = rng.standard_normal(shape)
            if np.dtype(dtype).kind == "c":
                x = x + 1j * rng.standard_normal(shape)
            found.append(np.asarray(x, dtype)[()])
        return tuple(found)

    return draw


def between(low: float, high: float, *shapes: tuple[int, ...], dtype: str = "f8") -> Draw:
    """Uniform random arrays."""
    return lambda rng: tuple(np.asarray(rng.uniform(low, high, s), dtype)[()] for s in shapes)
