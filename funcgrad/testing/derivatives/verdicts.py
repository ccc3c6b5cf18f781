"""Verdicts on the numbers of a derivative: right, wrong, unknown, or a subgradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .beside import hull, steady
from .differences import SAFETY, Difference, central, complex_step, one_sided, quick_from
from .leaves import COARSE, entry_scales, finite_max, host, random_leaf
from .lines import Line, Vector, change, moved, precision
from .noise import (
    BIAS,
    FAILURES,
    LARGEST,
    OF_SOLVERS,
    Again,
    error_by_noise,
    of_short_steps,
    off_the_trend,
    quietly,
    reconsidered,
    rounding,
    settled_close,
    tolerance_of_solvers,
)

SOURCE = "finite differences"
TINY_STEPS = (2.0**-20, 2.0**-24, 2.0**-28)
NEAR = 1e-3

JUMP = 1e-2
"""The part of a value that it has to change by at the shortest step, to be one by itself."""

NEGLIGIBLE = 1e-6
"""Derivatives of less than a hundredth of this part of what f changes by are taken for zero, where
they have no size of their own."""

SLIGHT = 1e-6

CLEAR = 1e-3
"""What all agree on to this part of an error needs no second look."""


@dataclass(frozen=True)
class Verdict:
    """Elements of a derivative that are wrong, of which nothing can be said, and which are accepted
    as subgradients, between the derivatives at points beside.

    ``outside`` are those that are wrong at a kink: ``left`` and ``right`` are the ends of what is
    right there. ``inexact`` are accepted since rounding, or the tolerance of a solver, explains
    that they differ. ``smooth_sides`` are those where there are slopes from both sides.
    """

    wrong: np.ndarray
    unknown: np.ndarray
    kinks: np.ndarray
    edges: np.ndarray
    left: Vector
    right: Vector
    outside: np.ndarray
    inexact: np.ndarray
    smooth_sides: np.ndarray


def judge(
    line: Line,
    known: Difference,
    found: Vector,
    allowed: Vector,
    eps: float | None,
    again: Again | None = None,
) -> tuple[Difference, Verdict]:
    """Compare a derivative with differences, looking more closely at what does not agree.

    ``again`` computes the derivative at other points. The differences are returned with those at
    short steps in the place of what did not settle: kinks may be all around a point, but not close.
    """
    verdict = judged(line, known, found, allowed, eps, again)
    if eps is None and np.any(verdict.unknown) and np.all(np.isfinite(found)):
        close, settled = settled_close(line, known)
        if np.any(settled & verdict.unknown):
            closer = judged(line, close, found, allowed, eps, again)
            special = again is None or unsteady(line, closer, found, again)
            if not (np.any(closer.wrong) and special):
                return close, closer
    return known, verdict


def judged(
    line: Line,
    known: Difference,
    found: Vector,
    allowed: Vector,
    eps: float | None,
    again: Again | None,
) -> Verdict:
    """The verdict by given differences."""
    none = np.zeros(found.shape, bool)

    def verdict(wrong: Any = none, unknown: Any = none, kinks: Any = none) -> Verdict:
        solved = within_tolerance(line, known, found) if np.any(unknown) else none
        also, unknown = inexact | (unknown & solved), unknown & ~solved
        ends = edges, low, high
        return Verdict(wrong, unknown, kinks, *ends, outside, also, smooth_sides)

    edges = outside = inexact = smooth_sides = none
    low = high = known.value
    gap = np.abs(found - known.value)
    agree = gap <= allowed
    if np.all(agree):
        return verdict()
    scale = scale_of(line)
    settled = known.settled | known.settled_beside(NEGLIGIBLE * scale)
    slack = np.where(known.settled, 0.0, 0.01 * NEGLIGIBLE * scale)
    agree |= settled & (gap <= allowed + SAFETY * known.error + slack)
    flat = (known.value == 0) & (known.error <= 8 * line.noise())
    agree |= flat & (np.abs(found) <= 64 * line.eps)
    exact = None
    if not np.all(agree):
        exact = not_contradicted(line, complex_step(line))
        if exact is not None:
            agree |= ~settled & (np.abs(found - exact) <= allowed + 1e-9 * np.abs(exact))
        if exact is not None and np.any(~agree & (gap <= SLIGHT * np.abs(found))):
            agree |= agrees_without(line, known, found, allowed, eps)
    if np.all(agree):
        return verdict()

    def enough(left: Difference, right: Difference) -> np.ndarray:
        return agree | all_agree(known, left, right, exact, gap)

    left, right = from_both_sides(line, eps, enough)
    low, high = left.value, right.value
    kinks, edges, between = _from_sides(left, right, found, allowed)
    smooth_sides = left.settled_beside(right.value) & right.settled_beside(left.value)
    accepted = ~agree & ((kinks & between) | at_jump(left, right, found, allowed))
    agree |= accepted
    agree |= (kinks | edges) & between
    wrong = ~agree & ~kinks & (settled | edges)
    if apart_from_both(line, left, right, known, found):
        wrong[:] = False
    as_exact = none
    if exact is not None:  # differences of a function with waves shorter than all steps settle, too
        with np.errstate(all="ignore"):
            wrong &= ~(np.abs(found - exact) <= allowed + 1e-9 * np.abs(exact))
            as_exact = np.abs(found - exact) <= allowed + SLIGHT * np.abs(exact)
    short, error, contradicts = of_short_steps(line, known)
    apart = np.abs(found - short)
    agree |= contradicts & ~kinks & ~edges & (apart <= allowed + error)
    wrong &= ~agree
    doubtful = ~agree & (wrong | kinks)
    clear = wrong & settled & ~contradicts & all_agree(known, left, right, exact, gap)
    all_clear = np.any(clear) and not np.any(doubtful & ~clear)
    if all_clear and np.all(steady(line, known.value, gap) | ~clear):
        inexact = clear & imprecise(line, known, found, allowed, again)
        return verdict(wrong & ~inexact, ~agree & ~wrong, accepted)
    if np.any(doubtful & ~edges):
        supported, doubt = reconsidered(line, known, found, allowed)
        doubt = np.where(contradicts, np.fmax(doubt, np.abs(short - known.value)), doubt)
        refuted = contradicts & (apart > allowed + SAFETY * error)
        agree |= supported & ~edges
        wrong &= ~agree & (refuted | ~(gap <= 4 * doubt))
        doubtful &= ~agree & ~edges
        beside = hull(line, found, allowed, doubtful)
        accepted |= doubtful & beside.inside
        agree |= doubtful & beside.inside
        outside = doubtful & ~agree & beside.outside & ~as_exact
        wrong = (wrong & ~agree & ~beside.kinked) | outside
        if np.any(beside.kinked | kinks):  # where one number is singular, others are not finite
            wrong &= np.isfinite(found)
        low = np.where(beside.kinked, beside.low, low)
        high = np.where(beside.kinked, beside.high, high)
        smooth = wrong & ~beside.kinked & ~kinks
        if np.any(smooth):
            inexact = smooth & imprecise(line, known, found, allowed, again)
            wrong, agree = wrong & ~inexact, agree | inexact
    return verdict(wrong, ~agree & ~wrong, accepted)


def from_both_sides(
    line: Line, eps: float | None, enough: Callable[[Difference, Difference], np.ndarray]
) -> tuple[Difference, Difference]:
    """Differences from the left and the right; few steps, where they say enough."""
    if eps is None:
        few = quick_from(line, -1.0), quick_from(line, 1.0)
        if np.all(enough(*few)):
            return few
    return one_sided(line, -1.0, eps), one_sided(line, 1.0, eps)


def all_agree(
    known: Difference, left: Difference, right: Difference, exact: Vector | None, gap: Vector
) -> np.ndarray:
    """A mask of what differences from both sides and the complex step say.

    Then neither a kink on the line nor a wave explains the gap.
    """
    if exact is None:
        return np.zeros(gap.shape, bool)
    with np.errstate(all="ignore"):
        near = [np.abs(v - known.value) <= CLEAR * gap for v in (left.value, right.value, exact)]
        return np.all([*near, known.error <= CLEAR * gap], axis=0)


def scale_of(line: Line) -> Vector:
    """By how much f changes over a whole step, per step: slopes of zero are small beside it."""
    with np.errstate(all="ignore"):
        scale = np.abs(change(line.at(line.unit), line.start)) / line.unit
    return np.where(np.isfinite(scale), scale, 0.0)


def agrees_without(
    line: Line, known: Difference, found: Vector, allowed: Vector, eps: float | None
) -> np.ndarray:
    """A mask of what agrees with central differences, which were replaced by the complex step.

    Where f is not quite analytic, that one is wrong by little. Differences that are less accurate
    than the gap count if the shortest steps are nearer to what was found, too.
    """
    other = central(line, eps)
    short, _, _ = of_short_steps(line, other)
    with np.errstate(all="ignore"):
        near = np.abs(found - other.value) <= allowed + SAFETY * other.error
        exact = SAFETY * other.error <= np.abs(found - known.value)
        nearer = [np.abs(found - v) <= 0.5 * np.abs(known.value - v) for v in (other.value, short)]
    return near & other.settled & (exact | np.all(nearer, axis=0))


def imprecise(
    line: Line, known: Difference, found: Vector, allowed: Vector, again: Again | None
) -> np.ndarray:
    """A mask of what differs by no more than rounding, or the tolerance of a solver, explains."""
    gap = np.abs(found - known.value)
    allowed = allowed + SAFETY * np.where(known.settled, known.error, 0.0)
    fine = np.zeros(found.shape, bool)
    with np.errstate(all="ignore"):
        if again is not None:
            coarse = max(map(precision, line.flat.point)) > COARSE  # steps of percents
            spread = (1.0 if coarse else SAFETY) * rounding(line.flat.point, again, found, gap)
            fine |= gap <= allowed + spread
            if not np.all(fine):
                most = 2 * allowed + 64 * spread
                fine |= (gap <= most) & right_in_double(line, known, again)
        size = np.maximum(np.abs(known.value), np.abs(found))
        if not np.all(fine):
            fine |= within_tolerance(line, known, found)
        if not np.all(fine):
            fine |= gap <= allowed + SAFETY * error_by_noise(line, known)
        if np.any(~fine & (gap > allowed) & (gap <= BIAS * LARGEST * size)):
            fine |= gap <= allowed + BIAS * off_the_trend(line, known, found, allowed)
    return fine


def within_tolerance(line: Line, known: Difference, found: Vector) -> np.ndarray:
    """A mask of what the tolerance of one of our solvers inside of f explains."""
    with np.errstate(all="ignore"):
        size = np.fmax(finite_max(known.value), finite_max(found))
        gap = np.abs(found - known.value)
        return gap <= OF_SOLVERS * tolerance_of_solvers(line.flat) * size


def right_in_double(line: Line, known: Difference, again: Again) -> np.ndarray:
    """A mask of derivatives that agree with differences where f and its rule run in double.

    Then what they lose in single precision is rounding, however often it adds up.
    """
    if all(x is y for x, y in zip(line.point, line.flat.point, strict=True)):
        return np.zeros(known.value.shape, bool)
    try:
        wide = quietly(again, line.point)
    except Exception:  # a rule may refuse double precision in any way it likes
        return np.zeros(known.value.shape, bool)
    return np.abs(wide - known.value) <= 1e-6 * np.abs(known.value) + SAFETY * known.error


def surely_wrong(
    line: Line, known: Difference, found: Vector, allowed: Vector, verdict: Verdict
) -> Verdict:
    """A verdict along a line that moves small entries far: wrong only where short steps agree.

    Steps that suit large entries may jump over what f does near small ones.
    """
    with np.errstate(all="ignore"):
        ratios = [
            np.min(np.abs(x / t)[np.abs(x) > 0], initial=np.inf, where=np.abs(t)[np.abs(x) > 0] > 0)
            for x, t in zip(map(host, line.point), line.tangents, strict=True)
        ]
        h = float(min(ratios)) / 16
        short = change(line.at(h), line.at(-h)) / (2 * h)
        noise = SAFETY * line.noise() / h
        doubt = np.abs(short - known.value)
        size = np.maximum(np.abs(known.value), np.abs(found))
        trusted = (doubt <= 1e-3 * size + noise) & (SAFETY * known.error <= 1e-3 * size)
        apart = np.abs(found - known.value) > 4 * doubt + noise + allowed
    wrong = verdict.wrong & trusted & apart & ~verdict.edges & ~verdict.outside
    none = np.zeros(found.shape, bool)
    return replace(verdict, wrong=wrong, unknown=none, kinks=none, outside=none, inexact=none)


def unsteady(line: Line, verdict: Verdict, found: Vector, again: Again) -> bool:
    """True if a derivative that is wrong at a point is another one at points beside.

    Then the point is one where the derivative of f, or of an operation inside, is singular.
    """
    if not np.all(np.isfinite(found[verdict.wrong])):
        return True
    rng = np.random.default_rng(4)
    close = 2.0**-28 if line.eps < 1e-10 else 2.0**-10
    size = np.max(np.abs(found))
    for k in range(2 if line.is_long else 4):
        if k % 2 == 0:
            sides = [host(random_leaf(rng, x, entry_scales(x))) for x in line.flat.point]
        step = close if k % 2 else -close  # a kink through the point lies between the two
        point = [moved(x, u, step) for x, u in zip(line.flat.point, sides, strict=True)]
        try:
            gap = np.abs(quietly(again, point) - found)[verdict.wrong]
        except FAILURES:
            return True
        if not np.all(gap <= 1e-4 * size):
            return True
    return False


def not_contradicted(line: Line, exact: Vector | None) -> Vector | None:
    """A complex step, NaN where quotients at tiny steps agree with each other and not with it.

    A function that takes a modulus inside, as np.var does, has complex steps that are no
    derivatives; a wrong rule that holds the modulus constant may agree with them.
    """
    if exact is None:
        return None
    with np.errstate(all="ignore"):
        steps = [line.unit * h for h in TINY_STEPS]
        quotients = [change(line.at(h), line.at(-h)) / (2 * h) for h in steps]
        spread = np.ptp(quotients, axis=0)
        gap = np.abs(quotients[0] - exact)
        size = np.abs(quotients[0])
        contradicted = (spread <= NEAR * size) & (gap > 2 * spread + NEAR * size)
    return np.where(contradicted, np.nan, exact)


def _from_sides(
    left: Difference, right: Difference, found: Vector, allowed: Vector
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks: f has kinks, f has edges of its domain, found lies between the sides.

    Where several kinks meet, a derivative outside of the two sides may still be a subgradient.
    """
    with np.errstate(all="ignore"):
        bound = SAFETY * (left.error + right.error)
        size = np.maximum(np.abs(left.value), np.abs(right.value))
        both = left.settled_beside(size) & right.settled_beside(size)
        split = both & (np.abs(left.value - right.value) > bound + 1e-6 * size)
        edge_left = left.settled & ~np.isfinite(right.error)
        edge_right = right.settled & ~np.isfinite(left.error)
        low = np.where(edge_right, right.value, left.value)
        high = np.where(edge_left, left.value, right.value)
        low, high = np.minimum(low, high), np.maximum(low, high)
        slack = allowed + SAFETY * np.where(
            edge_left, left.error, np.where(edge_right, right.error, left.error + right.error)
        )
        between = (low - slack <= found) & (found <= high + slack)
    return split, edge_left | edge_right, between


def at_jump(left: Difference, right: Difference, found: Vector, allowed: Vector) -> np.ndarray:
    """A mask of jumps of f where a derivative is that of the side which f(x) belongs to."""
    found_is = np.zeros(found.shape, bool)
    with np.errstate(all="ignore"):
        for here, there in ((left, right), (right, left)):
            size = np.abs(here.value) + np.abs(found)
            jump = here.settled_beside(size) & ~there.settled_beside(size)
            jump &= np.isfinite(there.error) & (np.abs(there.value) > 100 * size)
            found_is |= jump & (np.abs(found - here.value) <= allowed + SAFETY * here.error)
    return found_is


def apart_from_both(
    line: Line, left: Difference, right: Difference, known: Difference, found: Vector
) -> bool:
    """True if f jumps to its value from both sides, as the signs of eigenvectors do.

    A derivative that is larger than the jumps say does not matter where values jump by much.
    """
    steps = [sign * line.unit * TINY_STEPS[-1] for sign in (1.0, -1.0)]
    with np.errstate(all="ignore"):
        size = 100 * np.maximum(np.abs(known.value), np.abs(found))
        jumps = np.isfinite(left.error + right.error) & np.isfinite(found)
        jumps &= ~left.settled_beside(0) & ~right.settled_beside(0)
        moved_by = [np.abs(change(line.at(h), line.start)) for h in steps]
        by_much = np.min(moved_by, axis=0) > JUMP * np.abs(line.start)
        by_much &= (line.start != 0) & (np.abs(known.value) < np.abs(left.value) / 100)
        jumps &= by_much | ((np.abs(left.value) > size) & (np.abs(right.value) > size))
        opposite = np.abs(left.value + right.value) < 0.1 * np.abs(left.value)
        return bool(np.any(jumps & opposite))


def nearest_side(verdict: Verdict, value: Vector, found: Vector) -> Vector:
    """The expected value: at an edge of the domain the derivative from inside."""
    with np.errstate(all="ignore"):
        left = ~(np.abs(verdict.right - found) < np.abs(verdict.left - found))
        left &= ~np.isnan(verdict.left)
    sides = np.where(left, verdict.left, verdict.right)
    return np.where(verdict.edges | verdict.outside, sides, value)


def source_text(verdict: Verdict) -> str:
    """The source of expected values."""
    if np.any(verdict.edges & verdict.wrong):
        return "from one side: f is not finite on the other"
    if np.any(verdict.outside):
        return "the nearest one of the derivatives at points beside this kink"
    return SOURCE
