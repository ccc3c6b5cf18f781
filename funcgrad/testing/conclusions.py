"""What a failed check says in the end: its verdict, its cause, and what is known beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.dtypes import finfo
from ..core.tracing import aval_of
from .derivatives.differences import SAFETY
from .derivatives.explaining import explain_state
from .derivatives.functions import Flat, Leaves, flatten_function
from .derivatives.functions import reverse as reverse_at
from .derivatives.in_more_digits import rounding_explains
from .derivatives.leaves import finite_max, host, random_leaf, shaken
from .derivatives.lines import pack
from .derivatives.localisation import RIGHT_WITHOUT, find_cause
from .derivatives.noise import FAILURES, OF_SOLVERS, ULPS, rounding, tolerance_of_solvers
from .derivatives.orders import push_of
from .derivatives.session import BRIEF, Session
from .derivatives.verdicts import SOURCE
from .extras import has_rule_without_number
from .reports.report import Finding, GradientCheckError, InconclusiveCheckError

MOST_LOST, LOST_BESIDE_DIFFERENCES = 1e-2, 1e-5
"""Derivatives that change by more are beside a kink rather than rounded: in laws, and beside
differences, which have seen already how derivatives round."""

FEW_DIGITS = 1e-3
"""Values that rounding changes by more than this part of themselves have few digits."""


def concluded(
    session: Session,
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    seed: int,
    found: GradientCheckError,
) -> GradientCheckError | None:
    """The error of a check in the end, with its cause; None if rounding explains what was found.

    The report tells the same.
    """
    said = rounding_explains(session, order, seed, found)
    if said:
        session.report.rounding.append(said)
        session.report.left_out["laws of vmap, jit and earlier calls"] = "rounding hides them"
        return None
    error = blamed(f, args, session.settled_before(doubted(session, found)))
    finding = with_state(session, f, args, explained(session, f, error))
    session.report.finding, session.report.verdict = finding, verdict_of(error)
    return type(error)(finding)


def blamed(
    f: Callable[..., Any], args: tuple[Any, ...], error: GradientCheckError
) -> GradientCheckError:
    """An error; no doubt where a derivative rule returns no number at a kink with two slopes.

    The derivative of a formula without a rule of its own may be none there.
    """
    sure = without_number(error)
    return error if sure is error or not has_rule_without_number(f, args) else sure


def without_number(error: GradientCheckError) -> GradientCheckError:
    """An error; no doubt where the derivative is no number at a kink with two slopes."""
    finding = error.finding
    sides = error.sides if isinstance(error, InconclusiveCheckError) else (np.nan, np.nan)
    numbers = isinstance(finding.found, float) and not np.isfinite(finding.found)
    if finding.order != 1 or not numbers or not np.all(np.isfinite(sides)):
        return error
    low, high = sorted(sides)
    text = f"a rule returns {finding.found} at a kink; any slope between {low:.6g} and {high:.6g}"
    return GradientCheckError(
        replace(
            finding,
            check="the derivative is no number, where f has slopes from both sides",
            spread="",
            diagnosis=f"{text} would do",
        )
    )


@contextmanager
def of_a_rule(sure: bool = True) -> Iterator[None]:
    """Errors of a derivative that somebody wrote: it has to be a number at a kink, too."""
    try:
        yield
    except InconclusiveCheckError as error:
        found = without_number(error) if sure else error
        if found is error:
            raise
        raise found from error.__cause__


def doubted(session: Session, error: GradientCheckError) -> GradientCheckError:
    """The error of a law that does not hold; inconclusive where rounding explains it.

    Where a function computes chaotically, or divides by what should be zero, neither its values nor
    its derivatives have digits enough for laws to hold.
    """
    flat, finding = session.flat, error.finding
    numbers = isinstance(finding.expected, float) and isinstance(finding.found, float)
    if flat is None or not numbers or isinstance(error, InconclusiveCheckError):
        return error
    gap = abs(finding.found - finding.expected)
    size = max(abs(finding.found), abs(finding.expected))
    if not np.isfinite(finding.found) and out_of_range(flat, finding.order):
        text = f"of numbers as small, derivatives of order {finding.order} may be infinite"
        found = replace(finding, check=f"inconclusive: {finding.check}", diagnosis=text)
        return InconclusiveCheckError(found)
    if not (np.isfinite(gap) and size):
        return error
    before = session.unsettled
    open_here = before is not None and before.finding.order <= finding.order
    words = why_doubted(flat, finding, gap / size, unsettled=open_here)
    if not words:
        return error
    return InconclusiveCheckError(
        replace(finding, check=f"inconclusive: {finding.check}", diagnosis=words)
    )


def out_of_range(flat: Flat, order: int) -> bool:
    """True if some argument is so small that 1 / x**order is beyond the largest number."""
    for x in flat.point:
        sizes = np.abs(host(x)).astype(np.float64)
        least = float(np.min(sizes, initial=1.0, where=sizes > 0))
        if -order * np.log(least) > np.log(float(finfo(aval_of(x).dtype).max)):
            return True
    return False


def why_doubted(flat: Flat, finding: Finding, gap: float, *, unsettled: bool) -> str:
    """Why a gap, relative to what differs, is no fault of a rule; empty if it is one.

    Where differences are unsettled, too, derivatives that change by much show no kink.
    """
    of_law, most = SOURCE not in finding.source, LOST_BESIDE_DIFFERENCES
    if of_law:
        most, lost = np.inf if unsettled else MOST_LOST, lost_part(flat)
        if lost >= FEW_DIGITS and gap <= SAFETY * lost:
            return (
                f"values of f change by {min(lost, 1.0):.1%} if its arguments change in their last "
                "places (see funcgrad.debug.accuracy); choose another point"
            )
        if gap <= OF_SOLVERS * tolerance_of_solvers(flat):
            return "a solver inside has a tolerance that explains it; give a smaller rtol"
    if gap > SAFETY * most:
        return ""
    spread = lost_part_of_derivatives(flat, finding)
    if gap <= SAFETY * spread <= SAFETY * most:
        return (
            f"derivatives change by {spread:.0e} of themselves if the arguments change in their "
            "last places; choose another point"
        )
    return ""


def lost_part_of_derivatives(flat: Flat, finding: Finding) -> float:
    """By what part of themselves derivatives change at points that differ by some last places.

    Those of the order and modes of a finding; 0 where they change from call to call.
    """
    chain = re.findall(r"'(fwd|rev|lin)'", finding.mode)[::-1]
    if not 1 <= len(chain) <= 2:
        return 0.0
    rng = np.random.default_rng(6)
    for mode in chain[:-1]:
        flat = flat.differentiated(mode, [random_leaf(rng, x) for x in seeds_of(flat, mode)])
    direction = [random_leaf(rng, x) for x in seeds_of(flat, chain[-1])]
    derivative = flat.differentiated(chain[-1], direction).call

    def again(xs: Sequence[Any]) -> np.ndarray:
        return pack(derivative(xs))

    try:
        with np.errstate(all="ignore"):
            found = again(flat.point)
            if not np.array_equal(again(flat.point), found):
                return 0.0
            spread = np.max(rounding(flat.point, again, found), initial=0.0)
    except FAILURES:
        return 0.0
    size = finite_max(found)
    return float(spread) / size if size and np.all(np.isfinite(found)) else 0.0


def seeds_of(flat: Flat, mode: str) -> Leaves:
    """What derivatives in a mode are taken along: outputs or arguments."""
    return flat.call(flat.point) if mode == "rev" else flat.point


def lost_part(flat: Flat) -> float:
    """By what part of themselves values change at points that differ by some last places.

    Where f only jumps, one of the distances between neighbours is large, and the others are small.
    """
    rng = np.random.default_rng(5)
    values = []
    for ulps in ULPS:
        point = [shaken(x, rng, ulps) for x in flat.point]
        try:
            with np.errstate(all="ignore"):
                values.append([host(o) for o in flat.call(point)])
        except FAILURES:
            continue
    if len(values) < 3:
        return 0.0
    parts = [0.0]
    for column in zip(*values, strict=True):
        size = max(finite_max(v) for v in column)
        apart = np.sort(np.diff(np.sort(np.abs(column), axis=0), axis=0), axis=0)
        parts.append(finite_max(apart[-2]) / (size or 1.0))
    return max(parts)


def explained(session: Session, f: Callable[..., Any], error: GradientCheckError) -> Finding:
    """The finding, with its cause inside f, and what is known of lower orders."""
    finding = error.finding
    if isinstance(error, InconclusiveCheckError) or "holomorphic" in finding.check:
        return finding
    if finding.order > 1:
        text = f"right up to order {finding.order - 1}, wrong at order {finding.order}: the "
        text += "derivative of a derivative rule is wrong"
        rest = f"; {finding.diagnosis}" if finding.diagnosis else ""
        finding = replace(finding, diagnosis=text + rest)
    if not session.locate:
        return finding
    cause = find_cause(session, f, finding)
    if cause is not None and cause.endswith(RIGHT_WITHOUT) and finding.order == 1:
        finding = replace(finding, diagnosis="a gradient is stopped")
    return replace(finding, cause=cause)


def with_state(
    session: Session, f: Callable[..., Any], args: tuple[Any, ...], finding: Finding
) -> Finding:
    """The finding of a law that does not hold, with what is said if a rule keeps state."""
    law = finding.order == 1 and "differences" not in finding.source
    wanted = law and session.locate and not BRIEF.get() and "inconclusive" not in finding.check
    if not wanted or "wrong type" in finding.check or "does not fit" in finding.check:
        return finding
    try:
        flat = flatten_function(f, args)
    except Exception:  # f is called once more, and need not have a value now
        return finding
    reverse = "rev" in finding.mode or not finding.mode
    push = push_of(flat, "fwd")
    words = explain_state(
        session,
        flat,
        (lambda xs: reverse_at(flat, xs))
        if reverse
        else lambda xs: (flat.call(xs), lambda ts: push(xs, ts)[1]),
        reverse=reverse,
    )
    return replace(finding, diagnosis=words) if words else finding


def verdict_of(error: GradientCheckError) -> str:
    """'fail', or 'inconclusive'."""
    return "inconclusive" if isinstance(error, InconclusiveCheckError) else "fail"
