"""What a failed check says in the end: its verdict, its cause, and what is known beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .derivatives.differences import SAFETY
from .derivatives.explaining import explain_state
from .derivatives.functions import (
    Flat,
    finite_max,
    flatten_function,
    host,
    shaken,
)
from .derivatives.functions import reverse as reverse_at
from .derivatives.localisation import RIGHT_WITHOUT, find_cause
from .derivatives.noise import BIAS, FAILURES, ULPS, tolerance_of_solvers
from .derivatives.orders import push_of
from .derivatives.session import BRIEF, Session
from .derivatives.verdicts import SOURCE
from .reports.report import Finding, GradientCheckError, InconclusiveCheckError

FEW_DIGITS = 1e-3
"""Values that rounding changes by more than this part of themselves have few digits."""


def doubted(flat: Flat | None, error: GradientCheckError) -> GradientCheckError:
    """The error of a law that does not hold; inconclusive where rounding explains it.

    Where a function computes chaotically, or divides by what should be zero, neither its values nor
    its derivatives have digits enough for laws to hold.
    """
    finding = error.finding
    numbers = isinstance(finding.expected, float) and isinstance(finding.found, float)
    if flat is None or not numbers or SOURCE in finding.source:
        return error
    if isinstance(error, InconclusiveCheckError):
        return error
    gap = abs(finding.found - finding.expected)
    size = max(abs(finding.found), abs(finding.expected))
    lost, solved = lost_part(flat), BIAS * tolerance_of_solvers(flat)
    if lost >= FEW_DIGITS and gap <= SAFETY * lost * size:
        text = (
            f"values of f change by {min(lost, 1.0):.1%} if its arguments change in their last "
            "places (see funcgrad.debug.accuracy); choose another point"
        )
    elif gap <= solved * size:
        text = "a solver inside has a tolerance that explains it; give a smaller rtol"
    else:
        return error
    return InconclusiveCheckError(
        replace(finding, check=f"inconclusive: {finding.check}", diagnosis=text)
    )


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
