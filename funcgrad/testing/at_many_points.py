"""A function at many points at once: what is wrong for numbers in a narrow range only.

Arguments without dimensions, and of fixed ones, cannot be made long: their numbers lie along a new
axis, over which the function is mapped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy

from .. import tree
from ..api.vmap import vmap
from .derivatives.session import in_brief
from .reports.report import GradientCheckError
from .scanning import FEW, SLOWEST, Args, Suspicion, draw_each, long_ones, narrowed, seconds_of
from .strategies.sides import SCANNED, reaching

LOOPED = 151
"""Points at once of a function that has to be called for each: it asks for values."""

TRIES = 8

ENOUGH = 16
"""So many points in the domain of a function are worth looking at."""


def scan_numbers(
    f: Callable[..., Any],
    drawn: SearchStrategy[Any],
    seed: int,
    check: Callable[[Callable[..., Any], Args], Suspicion],
    check_one: Callable[[Args], Suspicion],
) -> tuple[Args, Exception] | None:
    """A point at which a check fails, found among many; None if there is none.

    Args:
        f: the function; it is looked at if it has arguments of fixed shapes only, or numbers.
        drawn: what its arguments are drawn from.
        seed: of the draws.
        check: what a check of a function says at a point: of f mapped over many points. It raises
            the errors of functions that refuse to be mapped.
        check_one: what a check of f says at a point.
    """
    like = point_without_dimensions(f, drawn, seed)
    if like is None or seconds_of(f, like) > SLOWEST / 10:
        return None
    for small in (False, True):
        with reaching("many", 0, int(small)):
            wide = next(iter(long_ones(drawn, seed)), None)
        if wide is None:
            return None
        many = AtMany(f, like, wide)
        if not many.long or not many.fits:
            return None
        for one in many.failing(wide, check):
            said = check_one(one)
            if isinstance(said, Exception):
                return one, said
    return None


def point_without_dimensions(
    f: Callable[..., Any], drawn: SearchStrategy[Any], seed: int
) -> Args | None:
    """A point of f where some number is an argument by itself, or no dimension can be long."""
    found: list[Args] = []

    def look(args: Args) -> None:
        alone = any(type(x) in (float, np.float64) for x in tree.leaves(args))
        if (alone or not here.asked) and has_values(f, args):
            found.append(args)

    with reaching("short", 0, 0) as here:
        draw_each(drawn, seed, TRIES, look)
    return found[0] if found else None


class AtMany:
    """A function, mapped over a first axis of those leaves of its arguments that were made longer.

    ``like`` are arguments at one point.
    """

    def __init__(self, f: Callable[..., Any], like: Args, wide: Args) -> None:
        self.f = f
        self.leaves, self.spec = tree.flatten(like)
        given, spec = tree.flatten(wide)
        self.fits = spec == self.spec
        self.long = [
            i
            for i, (x, one) in enumerate(zip(given, self.leaves, strict=False))
            if np.ndim(x) == np.ndim(one) + 1 and np.shape(x)[0] == SCANNED
        ]

    def at(self, args: Args, k: int) -> Args:
        """The arguments at one of the points."""
        leaves = tree.leaves(args)
        for i in self.long:
            x = leaves[i][k]
            leaves[i] = x.item() if type(self.leaves[i]) is float and x.ndim == 0 else x
        return tree.unflatten(self.spec, leaves)

    def of(self, numbers: list[Any], args: Args) -> Any:
        """The function of the longer leaves at one point, with the others as they are."""
        leaves = tree.leaves(args)
        for i, x in zip(self.long, numbers, strict=True):
            leaves[i] = x
        return self.f(*tree.unflatten(self.spec, leaves))

    def mapped(self, *args: Any) -> Any:
        """The outputs at all points, by vmap."""
        leaves = tree.leaves(args)
        return vmap(lambda *xs: self.of(list(xs), args))(*(leaves[i] for i in self.long))

    def looped(self, *args: Any) -> Any:
        """The outputs at all points, one after the other."""
        leaves = tree.leaves(args)
        rows = [leaves[i] for i in self.long]
        outs = [self.of([x[k] for x in rows], args) for k in range(len(rows[0]))]
        return tree.map(lambda *xs: np.stack(xs), *outs)

    def failing(
        self, wide: Args, check: Callable[[Callable[..., Any], Args], Suspicion]
    ) -> Iterator[Args]:
        """Few points at which a check fails, together at least."""
        with suppress(Exception):  # what is decided by values cannot be mapped
            inside = wide if has_values(self.mapped, wide) else self.inside(wide, SCANNED)
            yield from () if inside is None else self.narrow(self.mapped, inside, check)
            return
        inside = self.inside(wide, LOOPED)
        found: list[Args] = []
        with suppress(Exception), in_brief():  # here it takes long to say where
            found += () if inside is None else self.narrow(self.looped, inside, check)
        yield from found

    def narrow(
        self,
        function: Callable[..., Any],
        args: Args,
        check: Callable[[Callable[..., Any], Args], Suspicion],
    ) -> Iterator[Args]:
        """The point that a failing check names, and then few at which a check fails together."""
        said = check(function, args)
        if not said:
            return
        if isinstance(said, GradientCheckError) and said.finding.index:
            yield self.at(args, said.finding.index[0])
        rows = np.arange(self.count(args))
        found = narrowed(rows.size, lambda part: check(function, self.rows(args, rows[part])))
        few = rows[found[0]] if found is not None else rows[:0]
        for k in few if few.size <= FEW else ():
            yield self.at(args, k)

    def count(self, args: Args) -> int:
        """The number of points."""
        return len(tree.leaves(args)[self.long[0]])

    def inside(self, args: Args, most: int) -> Args | None:
        """At most so many of the points where the function has finite values."""
        kept: list[int] = []
        for k in range(self.count(args)):
            if has_values(self.f, self.at(args, k)):
                kept.append(k)
            if len(kept) == most or (k == 4 * ENOUGH and not kept):
                break
        return self.rows(args, kept) if len(kept) >= ENOUGH else None

    def rows(self, args: Args, kept: Any) -> Args:
        """Some of the points."""
        leaves = tree.leaves(args)
        for i in self.long:
            leaves[i] = leaves[i][kept]
        return tree.unflatten(self.spec, leaves)


def has_values(f: Callable[..., Any], args: Args) -> bool:
    """True if a function has finite values, and only those, at a point."""
    try:
        with np.errstate(all="ignore"):
            outs = tree.leaves(f(*args))
            return all(bool(np.all(np.isfinite(o))) for o in outs)
    except Exception:  # whatever a function raises at a point that is outside of its domain
        return False
