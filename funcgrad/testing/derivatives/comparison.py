"""Derivatives against finite differences: tangents elementwise, cotangents by projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..reports.report import (
    DERIVATIVES,
    Finding,
    GradientCheckError,
    InconclusiveCheckError,
    mode_text,
    worst_finding,
)
from .differences import (
    SAFETY,
    Difference,
    Line,
    Vector,
    bent,
    directional,
    one_sided,
    pack,
    pack_bounds,
    unpack,
    unpack_error,
)
from .edits import edit_diagnosis
from .functions import Flat, finite_max, host, length
from .places import places_to_compare
from .session import BRIEF, Session
from .verdicts import SOURCE, Verdict, judge, nearest_side, source_text


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
        session.tolerances.of(e, size, loss)
        for e, size, loss in zip(values, flat.sizes, losses, strict=True)
    ]


def check_tangent(
    session: Session,
    flat: Flat,
    outs: Sequence[Any],
    ts: Sequence[Any],
    found: Sequence[Any],
    chain: tuple[str, ...],
) -> tuple[Line, Difference] | None:
    """Raise unless tangents of outputs agree with differences; these, unless there is a kink."""
    line, known = directional(flat, ts, session.eps)
    limits = allowed_differences(session, flat, outs, line, known)
    allowed = pack_bounds(limits, line.outs)
    verdict = judge(line, known, pack(found), allowed, session.eps)
    title = f"the {DERIVATIVES[chain[-1]]} differs from {SOURCE}"
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
        raise GradientCheckError(finding or unlocated(about, flat.out_paths))
    if np.any(verdict.unknown):
        raise inconclusive(session, flat, chain, flat.out_paths, known, pack(found), verdict)
    smooth = not note_kinks(session, chain, line, verdict)
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")
    return (line, known) if smooth else None


def note_kinks(session: Session, chain: Sequence[str], line: Line, verdict: Verdict) -> bool:
    """Tell in the report that derivatives at kinks were accepted, and return if there are any."""
    kinks = verdict.kinks | bent(line)
    if not np.any(kinks):
        return False
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
    k = int(np.argmax(verdict.unknown))
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
    return InconclusiveCheckError(finding)


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
) -> None:
    """Raise unless cotangents of inputs, projected on a direction, agree with differences.

    The projection is Re sum(cotangent * tangent), on a random direction if none is given; only
    where it is wrong are all elements compared, each with a difference of its own.
    """
    if ts is None:
        ts = session.random_tangents(flat.point)
    weights = weights_of(cts)
    line, known = directional(flat, ts, session.eps, weights)
    products = pack([np.conj(host(c)) for c in found]) * pack(ts)
    allowed = np.array([allowed_of_sum(session, flat, outs, cts, line, known)])
    allowed += 64 * line.eps * length(np.nan_to_num(products))
    total = np.array([np.sum(products)])
    verdict = judge(line, known, total, allowed, session.eps)
    if np.any(verdict.wrong):
        raise localised(session, flat, cts, found, chain, (known, total, allowed, verdict))
    if np.any(verdict.unknown):
        raise inconclusive(session, flat, chain, flat.in_paths, known, total, verdict)
    note_kinks(session, chain, line, verdict)
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")


def weights_of(cts: Sequence[Any]) -> Vector:
    """Cotangents as weights of packed outputs: their weighted sum is Re sum(ct * out)."""
    return pack([np.conj(host(c)) for c in cts])


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
        noise = 64 * tolerances.eps * size + 30 * loss
        rounding += length(np.abs(host(c)) * noise)
    value = finite_max(known.value)
    floor = 1e-3 * tolerances.rtol * value
    if tolerances.atol is not None:
        floor = tolerances.atol * max(1.0, length(weights_of(cts)))
    return floor + tolerances.rtol * value + rounding


def expected_gradient(session: Session, flat: Flat, cts: Sequence[Any]) -> list[np.ndarray]:
    """The vjp of cotangents by differences, leaf by leaf."""
    return numerical_gradient(session, flat, cts, np.ones(pack(flat.point).shape, bool))[0]


def numerical_gradient(
    session: Session, flat: Flat, cts: Sequence[Any], chosen: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The vjp of cotangents by one difference per number of the inputs, and the errors.

    ``chosen`` says which of the packed numbers to compute; the others are NaN.
    """
    shapes = pack(flat.point)
    value, error = np.full(shapes.shape, np.nan), np.full(shapes.shape, np.nan)
    weights = weights_of(cts)
    unit = np.zeros(shapes.shape)
    for k in np.flatnonzero(chosen):
        unit[k] = 1.0
        _, found = directional(flat, unpack(unit.copy(), flat.point), session.eps, weights)
        unit[k] = 0.0
        value[k], error[k] = found.value[0], found.error[0]
    values = [np.conj(v) for v in unpack(value, flat.point)]
    return values, unpack_error(error, flat.point)


def unexplained(diagnosis: str | None) -> bool:
    """True if a diagnosis is missing, or only tells a number without a meaning."""
    if diagnosis is None or diagnosis.endswith(("is zero everywhere", "agree", "is stopped")):
        return True
    return "found/expected" in diagnosis and ": that is" not in diagnosis


def localised(
    session: Session,
    flat: Flat,
    cts: Sequence[Any],
    found: Sequence[Any],
    chain: tuple[str, ...],
    projection: tuple[Difference, Vector, Vector, Verdict],
) -> GradientCheckError:
    """The error of a wrong vjp, with its worst element."""
    given = pack(found)
    chosen = places_to_compare(session, flat, weights_of(cts), found)
    expected, errors = numerical_gradient(session, flat, cts, chosen)
    known, total, allowed, verdict = projection
    title = f"the {DERIVATIVES[chain[-1]]} differs from {SOURCE}"
    about = session.about(flat, chain, title, source=source_text(verdict))
    right, limits = [], []
    sizes = flat.cotangent_sizes(cts)
    for e, f, bound, size in zip(expected, found, errors, sizes, strict=True):
        skipped = np.isnan(e)
        right.append(np.where(skipped, host(f), e))
        limits.append(session.tolerances.of(right[-1], size, 0.0) + SAFETY * np.nan_to_num(bound))
    paths = [f"the cotangent of {p}" for p in flat.in_paths]
    leaves = [host(x) for x in found]
    finding = worst_finding(paths, right, leaves, errors, limits, **about)
    if finding is None:
        finding = Finding(
            path="sum(cotangent * direction) over " + ", ".join(flat.in_paths),
            index=None,
            expected=float(nearest_side(verdict, known.value, total)[0]),
            found=float(total[0]),
            error_estimate=float(known.error[0]),
            tolerance=float(allowed[0] + SAFETY * known.error[0]),
            **about,
        )
    if not np.all(chosen):
        spread = f"{finding.spread}; {int(np.sum(chosen))} of {given.size} were compared"
        text = finding.diagnosis
        if text is not None and "the others agree" in text:
            text = text.partition("; ")[2] or None
        finding = replace(finding, spread=spread, diagnosis=text)
    wanted = session.locate and not BRIEF.get() and len(chain) == 1
    if wanted and unexplained(finding.diagnosis):
        text = edit_diagnosis(flat, cts, found)
        both = filter(None, (finding.diagnosis, text))
        finding = replace(finding, diagnosis="; ".join(both) or None)
    return GradientCheckError(finding)
