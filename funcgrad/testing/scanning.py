"""One check with a very long dimension: what is wrong in a narrow range of numbers only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.strategies import SearchStrategy

from .. import tree
from .reports.report import GradientCheckError, InconclusiveCheckError, Report
from .strategies.arrays import MOST
from .strategies.sides import SCANNED, reaching

Args = tuple[Any, ...]
Suspicion = bool | Exception
"""The error of a check that fails; True if it passes, but takes a difference for rounding."""

SLOWEST = 5e-3
"""The seconds that one call of a function may take, if it is to be scanned."""

FEW = 4
"""A failure is one if it is one of so long a part of the long dimension, too."""

GROSS = 1e-2
"""Or if it is one of other numbers as many, by this part of the derivative."""

TRIES = 3


def scan(
    f: Callable[..., Any],
    drawn: SearchStrategy[Any],
    place: int,
    seed: int,
    accepts: Callable[[Args], bool],
    check: Callable[[Args], Suspicion],
) -> tuple[Args, Exception] | None:
    """A short point at which a check fails, found at a long one; None if there is none.

    Args:
        f: the function.
        drawn: what its arguments are drawn from.
        place: which of the dimensions of a draw is the long one.
        seed: of the draws.
        accepts: whether a point is in the domain of f.
        check: what a check at a point says.
    """
    for small in (False, True):
        points = filter(accepts, drawn_points(drawn, place, seed, small))
        args = next(points, None)
        if args is None or seconds_of(f, args) > SLOWEST:
            return None
        if check(args):
            found = shortened(args, points, accepts, check)
            if found is not None:
                return found
    return None


def drawn_points(drawn: SearchStrategy[Any], place: int, seed: int, small: bool) -> list[Args]:
    """Some points of which one dimension is long, of ordinary numbers or small ones.

    None if the domain has not so many numbers.
    """
    unable = hypothesis.errors.HypothesisException, ValueError
    with suppress(*unable), reaching("scan", place, int(small)):
        return long_ones(drawn, seed)
    return []


def long_ones(drawn: SearchStrategy[Any], seed: int) -> list[Args]:
    """Some drawn points that have a long dimension, and are not of too many numbers."""
    found: list[Args] = []

    def look(args: Args) -> None:
        if long_axes(args) and sum(np.size(x) for x in tree.leaves(args)) <= MOST:
            found.append(args)

    draw_each(drawn, seed, TRIES, look)
    return found


def draw_each(
    drawn: SearchStrategy[Any], seed: int, most: int, look: Callable[[Args], None]
) -> None:
    """Call a function for some drawn points, which are not made simpler."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=most,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(drawn)
    def each(args: Args) -> None:
        look(args)

    each()


def seconds_of(f: Callable[..., Any], args: Args) -> float:
    """The time of one call: the shorter one of two, of the processor, for others may run, too."""

    def once() -> float:
        start = time.thread_time()
        with np.errstate(all="ignore"):
            f(*args)
        return time.thread_time() - start

    first = once()
    return first if first <= SLOWEST else min(first, once())


def long_axes(args: Args) -> bool:
    """True if a dimension of some leaf is long."""
    return any(SCANNED in np.shape(x) for x in tree.leaves(args))


def shortened(
    args: Args,
    others: Iterator[Args],
    accepts: Callable[[Args], bool],
    check: Callable[[Args], Suspicion],
) -> tuple[Args, Exception] | None:
    """The point with a part of its long dimension that fails still, if it is a short one.

    Of many numbers a small difference may pass as rounding, which is one of few. What is wrong of
    many numbers only is so at other points, too, and not by little.
    """

    def said_of(part: slice, args: Args = args) -> Suspicion:
        shorter = part_of(args, part)
        return accepts(shorter) and check(shorter)

    found = narrowed(SCANNED, said_of)
    if found is None:
        return None
    part, error = found
    if part.stop - part.start > FEW:
        first = slice(0, part.stop - part.start)
        again = [said_of(first, other) for other in others]
        if not again or not all(map(is_gross, (error, *again))):
            return None
    return part_of(args, part), error


def is_gross(said: Suspicion) -> bool:
    """True for an error of a derivative that is wrong by a part of itself, or is none."""
    if not isinstance(said, GradientCheckError):
        return False
    found, expected = said.finding.found, said.finding.expected
    if not (isinstance(found, float) and isinstance(expected, float)):
        return True
    return not abs(found - expected) <= GROSS * max(abs(found), abs(expected))


def narrowed(length: int, said_of: Callable[[slice], Suspicion]) -> tuple[slice, Exception] | None:
    """The shortest part of so many numbers that fails by itself; None if none does for certain."""
    start = 0
    said: Suspicion = False
    while length > 1:
        half = (length + 1) // 2
        for first in (start, start + length - half):
            found = said_of(slice(first, first + half))
            if found:
                start, length, said = first, half, found
                break
        else:
            break
    if isinstance(said, bool):
        return None
    return slice(start, start + length), said


def part_of(args: Args, part: slice) -> Args:
    """A part of the long dimension of all leaves that have it."""

    def cut(x: Any) -> Any:
        shape = np.shape(x)
        if SCANNED not in shape:
            return x
        return x[tuple(part if n == SCANNED else slice(None) for n in shape)].copy()

    return tree.map(cut, args)


def suspicion(check: Callable[[Args], Report]) -> Callable[[Args], Suspicion]:
    """From a check to what it says at a point."""

    def said(args: Args) -> Suspicion:
        try:
            return bool(check(args).rounding)
        except InconclusiveCheckError:
            return False
        except GradientCheckError as error:
            return error
        except Exception:  # a function may refuse points that are so long
            return False

    return said
