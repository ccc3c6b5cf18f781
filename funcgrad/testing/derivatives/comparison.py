"""Derivatives against finite differences: tangents elementwise, cotangents by projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ..reports.report import (
    DERIVATIVES,
    Finding,
    GradientCheckError,
    InconclusiveCheckError,
    mode_text,
    worst_finding,
)
from .differences import SAFETY, Difference, bent, directional, one_sided, quick
from .functions import Flat
from .jacobians_here import At
from .leaves import finite_max, host, length
from .lines import Line, Vector, pack, pack_bounds, unpack, unpack_error
from .noise import Again
from .session import Session
from .sizes import steepness_of
from .verdicts import (
    SOURCE,
    Verdict,
    judge,
    nearest_side,
    source_text,
    surely_wrong,
    unsteady,
)
from .wrong_elements import localised, weights_of, with_words


def precision_losses(line: Line, outs: Sequence[Any]) -> list[float]:
    """For each output how much the precision of the arguments changed it."""
    losses = []
    for o, wide in zip(outs, line.outs, strict=True):
        with np.errstate(all="ignore"):
            losses.append(finite_max(host(o) - host(wide)))
    return losses


def allowed_differences(
    session: Session, flat: Flat, outs: Sequence[Any], line: Line, known: Difference
) -> list[np.ndarray]:
    """By how much each element of a tangent may differ, the error of differences left out."""
    values, losses = unpack(known.value, line.outs), precision_losses(line, outs)
    return [
        session.tolerances.of(e, size * steepness(line), loss)
        for e, size, loss in zip(values, flat.sizes, losses, strict=True)
    ]


def steepness(line: Line) -> float:
    """The size of the terms of a derivative along a line, beside that of the outputs."""
    return steepness_of(line.eps, line.tangents)


def check_tangent(
    session: Session,
    flat: Flat,
    outs: Sequence[Any],
    ts: Sequence[Any],
    found: Sequence[Any],
    chain: tuple[str, ...],
    again: Again | None = None,
    *,
    loose: bool = False,
    at: At | None = None,
) -> tuple[Line, Difference] | None:
    """Raise unless tangents of outputs agree with differences; these, unless there is a kink.

    ``again`` computes the tangents at another point, and ``at`` gives all of them there. Loosely,
    only what is surely wrong counts.
    """
    plain = None
    if not loose and session.eps is None:
        plain = Line(flat.plainly(outs), flat.point, ts)
        difference = agreed(session, plain, outs, found)
        if difference is not None:
            session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")
            return plain, difference
    line, known = directional(flat, ts, session.eps, like=plain)
    limits = allowed_differences(session, flat, outs, line, known)
    allowed = pack_bounds(limits, line.outs)
    known, verdict = judge(line, known, pack(found), allowed, session.eps, again)
    if loose:
        verdict = surely_wrong(line, known, pack(found), allowed, verdict)
    title = f"the {DERIVATIVES[chain[-1]]} differs from {SOURCE}"
    if np.any(verdict.wrong) and too_large(found):
        raise inconclusive(session, flat, chain, flat.out_paths, known, pack(found), verdict)
    if np.any(verdict.wrong):
        errors = unpack_error(known.error, line.outs)
        expected = nearest_side(verdict, known.value, pack(found))
        limit = np.where(verdict.wrong, allowed + SAFETY * known.error, np.inf)
        limit = np.where(verdict.edges & verdict.wrong, allowed, limit)
        about = session.about(flat, chain, title, source=source_text(verdict))
        finding = worst_finding(
            flat.out_paths,
            unpack(expected, line.outs),
            [host(x) for x in found],
            errors,
            [least(x) for x in unpack(limit, line.outs)],
            **about,
        )
        finding = finding or unlocated(about, flat.out_paths)
        if not excused(session, finding, chain, line, verdict, pack(found), again):
            raise GradientCheckError(with_words(session, flat, finding, chain, at))
    if np.any(verdict.unknown):
        error = inconclusive(session, flat, chain, flat.out_paths, known, pack(found), verdict)
        leave_open(session, error, found)
        return None
    smooth = not note_kinks(session, chain, line, verdict)
    note_rounding(session, chain, known, pack(found), verdict)
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")
    return (line, known) if smooth else None


def agreed(
    session: Session, line: Line, outs: Sequence[Any], found: Sequence[Any]
) -> Difference | None:
    """The differences that tangents agree with, if few are enough to see it."""
    known = quick(line)
    if known is None:
        return None
    allowed = pack_bounds(allowed_differences(session, line.flat, outs, line, known), line.outs)
    given = pack(found)
    with np.errstate(all="ignore"):
        agree = given.shape == known.value.shape and np.all(np.abs(given - known.value) <= allowed)
    return known if agree and not np.any(bent(line)) else None


def agreed_sum(
    session: Session, line: Line, outs: Sequence[Any], cts: Sequence[Any], products: Vector
) -> bool:
    """True if few differences are enough to see that a projection agrees with them."""
    known = quick(line)
    if known is None or not np.all(np.isfinite(products)):
        return False
    allowed = allowed_of_sum(session, line.flat, outs, cts, line, known)
    allowed += 64 * line.eps * length(products)
    return bool(np.abs(np.sum(products) - known.value[0]) <= allowed) and not np.any(bent(line))


def too_large(found: Sequence[Any]) -> bool:
    """True if derivatives in half precision are infinite: its largest number is 65504."""
    halves = [host(x) for x in found if aval_of(x).dtype.itemsize == 2]
    return not all(np.all(np.isfinite(x)) for x in halves)


def leave_open(session: Session, error: InconclusiveCheckError, found: Sequence[Any]) -> None:
    """Go on with other checks where one is inconclusive, unless derivatives are not finite."""
    if not all(np.all(np.isfinite(host(x))) for x in found):
        raise error
    session.unsettled = session.unsettled or error


def excused(
    session: Session,
    finding: Finding,
    chain: Sequence[str],
    line: Line,
    verdict: Verdict,
    found: Vector,
    again: Again | None,
) -> bool:
    """True if a derivative is wrong where operations inside of f are singular, but not wrong.

    relu(x) - relu(-x) is x, but its derivative at 0 is what was chosen for relu there, twice
    (Bolte and Pauwels, "A mathematical model for automatic differentiation in machine learning",
    2020).
    """
    if session.innocent is None or again is None:
        return False
    if not (np.all(verdict.outside[verdict.wrong]) or unsteady(line, verdict, found, again)):
        return False
    if not session.innocent(finding):
        return False
    if not np.all(np.isfinite(found)):
        text = "an operation inside of f is singular at this point, or its numbers overflow"
        raise InconclusiveCheckError(
            replace(finding, check="inconclusive: derivatives are not finite", diagnosis=text)
        )
    session.excused = True
    text = f"order {len(chain)}, mode {mode_text(chain)}: the choices at kinks inside of f do not"
    session.report.subgradients.append(f"{text} make up a derivative of f")
    return True


def note_rounding(
    session: Session, chain: Sequence[str], known: Difference, found: Vector, verdict: Verdict
) -> None:
    """Tell in the report how many digits are left of derivatives that rounding explains."""
    if not np.any(verdict.inexact):
        return
    size = np.maximum(np.abs(known.value), np.abs(found))[verdict.inexact]
    gap = np.abs(known.value - found)[verdict.inexact]
    digits = max(0.0, float(-np.log10(np.max(gap / np.maximum(size, 1e-300)))))
    text = f"order {len(chain)}, mode {mode_text(chain)}"
    if not any(known.startswith(text) for known in session.report.rounding):
        session.report.rounding.append(
            f"{text}: {digits:.1f} digits are right; rounding, or the tolerance of a solver "
            "inside, takes the others (see funcgrad.debug.accuracy)"
        )


def note_kinks(session: Session, chain: Sequence[str], line: Line, verdict: Verdict) -> bool:
    """Tell in the report that derivatives at kinks were accepted, and return if there are any."""
    kinks = verdict.kinks | bent(line)
    if not np.any(kinks):
        return False
    session.at_kink = True
    k = int(np.argmax(kinks))
    sides = verdict.left, verdict.right
    if not verdict.kinks[k]:
        sides = one_sided(line, -1.0).value, one_sided(line, 1.0).value
    low, high = sorted(float(side[k]) for side in sides)
    text = f"order {len(chain)}, mode {mode_text(chain)}: between {low:.6g} and {high:.6g}"
    if not any(known.startswith(text.split(":")[0]) for known in session.report.subgradients):
        session.report.subgradients.append(f"{text}, the derivatives from both sides")
    return True


def least(limit: np.ndarray) -> np.ndarray:
    """One limit for both parts of complex numbers."""
    return np.fmin(np.real(limit), np.imag(limit)) if limit.dtype.kind == "c" else limit


def unlocated(about: dict[str, Any], paths: Sequence[str]) -> Finding:
    """A finding without an element."""
    return Finding(
        path=", ".join(paths),
        index=None,
        expected="agreement",
        found="disagreement",
        error_estimate=0.0,
        tolerance=0.0,
        **about,
    )


def inconclusive(
    session: Session,
    flat: Flat,
    chain: tuple[str, ...],
    paths: Sequence[str],
    known: Difference,
    found: Vector,
    verdict: Verdict,
) -> InconclusiveCheckError:
    """The error for elements whose differences do not settle."""
    k = int(np.argmax(verdict.unknown | verdict.wrong))
    left, right = float(verdict.left[k]), float(verdict.right[k])
    reason = f"the one-sided derivatives are {left:.6g} and {right:.6g}"
    if abs(left - right) <= 1e-6 * abs(left):
        reason = "several kinks meet: along sums of directions derivatives are not sums"
    finding = Finding(
        path=", ".join(paths),
        index=None,
        expected=float(known.value[k]),
        found=float(found[k]),
        error_estimate=float(known.error[k]),
        tolerance=0.0,
        spread=f"{int(np.sum(verdict.unknown))} of {verdict.unknown.size} numbers are unknown",
        diagnosis=f"f is not smooth, not finite or too noisy around this point ({reason}); choose "
        "another point, give the step with eps, or the error you accept with atol",
        **session.about(flat, chain, f"inconclusive: {SOURCE} do not settle", source=SOURCE),
    )
    error = InconclusiveCheckError(finding)
    if verdict.smooth_sides[k]:
        error.sides = left, right
    return error


def expected_tangent(session: Session, flat: Flat, ts: Sequence[Any]) -> list[np.ndarray]:
    """The derivative along tangents by differences, leaf by leaf."""
    line, found = directional(flat, ts, session.eps)
    return unpack(found.value, line.outs)


def check_projection(
    session: Session,
    flat: Flat,
    outs: Sequence[Any],
    cts: Sequence[Any],
    found: Sequence[Any],
    chain: tuple[str, ...],
    ts: Sequence[Any] | None = None,
    pull_again: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    *,
    loose: bool = False,
    at: At | None = None,
) -> None:
    """Raise unless cotangents of inputs, projected on a direction, agree with differences.

    The projection is Re sum(cotangent * tangent), on a random direction if none is given; only
    where it is wrong are all elements compared, each with a difference of its own.
    """
    if ts is None:
        ts = session.random_tangents(flat.point)
    weights = weights_of(cts)
    products = pack([np.conj(host(c)) for c in found]) * pack(ts)
    plain = None
    if not loose and session.eps is None:
        plain = Line(flat.plainly(outs), flat.point, ts, weights)
        if agreed_sum(session, plain, outs, cts, products):
            session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")
            return
    line, known = directional(flat, ts, session.eps, weights, plain)
    allowed = np.array([allowed_of_sum(session, flat, outs, cts, line, known)])
    allowed += 64 * line.eps * length(np.nan_to_num(products))
    total = np.array([np.sum(products)])
    again = None if pull_again is None else lambda xs: projected(pull_again(xs), ts)
    known, verdict = judge(line, known, total, allowed, session.eps, again)
    if loose:
        verdict = surely_wrong(line, known, total, allowed, verdict)
    if np.any(verdict.wrong) and too_large(found):
        raise inconclusive(session, flat, chain, flat.in_paths, known, total, verdict)
    if np.any(verdict.wrong):
        about = session.about(flat, chain, "the derivative is wrong", source=SOURCE)
        finding = unlocated(about, flat.in_paths)
        if not excused(session, finding, chain, line, verdict, total, again):
            raise localised(session, flat, cts, found, chain, (known, total, allowed, verdict), at)
    if np.any(verdict.unknown):
        error = inconclusive(session, flat, chain, flat.in_paths, known, total, verdict)
        leave_open(session, error, found)
        return
    note_kinks(session, chain, line, verdict)
    note_rounding(session, chain, known, total, verdict)
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")


def projected(found: Sequence[Any], ts: Sequence[Any]) -> Vector:
    """Cotangents of inputs along tangents, as a vector of one number."""
    return np.array([np.sum(pack([np.conj(host(c)) for c in found]) * pack(ts))])


def allowed_of_sum(
    session: Session,
    flat: Flat,
    outs: Sequence[Any],
    cts: Sequence[Any],
    line: Line,
    known: Difference,
) -> float:
    """By how much the weighted sum of a derivative may differ, the differences' error left out."""
    tolerances = session.tolerances
    rounding = 0.0
    for c, size, loss in zip(cts, flat.sizes, precision_losses(line, outs), strict=True):
        noise = tolerances.ulps * tolerances.eps * size * steepness(line)
        noise += 30 * loss + tolerances.nondet + tolerances.least
        rounding += length(np.abs(host(c)) * noise)
    rounding += tolerances.least * sum(length(t) for t in line.tangents)
    value = finite_max(known.value)
    floor = 1e-3 * tolerances.rtol * value
    if tolerances.atol is not None:
        floor = tolerances.atol * max(1.0, length(weights_of(cts)))
    return floor + tolerances.rtol * value + rounding
