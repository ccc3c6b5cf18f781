"""The wrong elements of a derivative: where they are, and the edit that makes them wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..reports.parts import WEAK
from ..reports.report import (
    DERIVATIVES,
    Finding,
    GradientCheckError,
    worst_finding,
)
from .differences import SAFETY, Difference, complex_step, directional, one_sided
from .explaining import explain
from .functions import Flat
from .jacobians_here import At
from .leaves import host
from .lines import Line, Vector, pack, unpack, unpack_error
from .places import ALL, places_to_compare
from .session import BRIEF, Session
from .verdicts import (
    SOURCE,
    Verdict,
    nearest_side,
    source_text,
)

LIKELY = 1e-8
"""How near to what is likely a complex step has to be."""

Projection = tuple[Difference, Vector, Vector, Verdict]
"""The difference along a direction, the projection of a cotangent on it, by how much they may
differ, and the verdict."""


def weights_of(cts: Sequence[Any]) -> Vector:
    """Cotangents as weights of packed outputs: their weighted sum is Re sum(ct * out)."""
    return pack([np.conj(host(c)) for c in cts])


def expected_gradient(session: Session, flat: Flat, cts: Sequence[Any]) -> list[np.ndarray]:
    """The vjp of cotangents by differences, leaf by leaf."""
    return numerical_gradient(session, flat, cts, np.ones(pack(flat.point).shape, bool))[0]


def numerical_gradient(
    session: Session,
    flat: Flat,
    cts: Sequence[Any],
    chosen: np.ndarray,
    given: Vector | None = None,
    likely: Vector | None = None,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The vjp of cotangents by one difference per number of the inputs, and the errors.

    ``chosen`` says which of the packed numbers to compute; the others are NaN. Where the two
    one-sided differences are not the same, it is what is nearest to ``given`` between them. Where
    a complex step is what is ``likely``, it needs no more differences.
    """
    shapes = pack(flat.point)
    value, error = np.full(shapes.shape, np.nan), np.full(shapes.shape, np.nan)
    weights = weights_of(cts)
    unit = np.zeros(shapes.shape)
    at_kink = given is not None
    for k in np.flatnonzero(chosen):
        unit[k] = 1.0
        tangents = unpack(unit.copy(), flat.point)
        unit[k] = 0.0
        if likely is not None and not at_kink:
            exact = complex_step(Line(flat, flat.point, tangents, weights))
            if exact is not None and abs(exact[0] - likely[k]) <= LIKELY * abs(exact[0]):
                value[k], error[k] = exact[0], 0.0
                continue
        line, found = directional(flat, tangents, session.eps, weights)
        value[k], error[k] = found.value[0], found.error[0]
        ends = [one_sided(line, s, session.eps).value[0] for s in (-1.0, 1.0)] if at_kink else []
        if given is not None and at_kink and np.all(np.isfinite(ends)):
            value[k] = np.clip(given[k], min(ends), max(ends))
    values = [np.conj(v) for v in unpack(value, flat.point)]
    return values, unpack_error(error, flat.point)


def with_words(
    session: Session, flat: Flat, finding: Finding, chain: Sequence[str], at: At | None
) -> Finding:
    """A finding with the likely mistake: what is found at whole Jacobians, at several points.

    What a few numbers have in common is told where there are none.
    """
    if at is None or not session.locate or BRIEF.get() or session.tangents is not None:
        return finding
    if "agree along symmetric matrices" in (finding.diagnosis or ""):
        return finding
    found = explain(session, flat, at, finding.path, reverse=chain[-1] == "rev")
    if found is None:
        return finding
    if found.text and (found.rank < WEAK or not finding.diagnosis):
        return replace(finding, diagnosis=found.text)
    sure = finding.diagnosis is not None and any(
        text in finding.diagnosis for text in ("infinite or NaN", "precision", "rounding")
    )
    return finding if sure else replace(finding, diagnosis=found.text or None)


def localised(
    session: Session,
    flat: Flat,
    cts: Sequence[Any],
    found: Sequence[Any],
    chain: tuple[str, ...],
    projection: Projection,
    at: At | None = None,
) -> GradientCheckError:
    """The error of a wrong vjp, with its worst element; ``at`` gives vjps at other points."""
    if session.tangents is not None:
        return localised_on_tangents(session, flat, cts, found, chain, projection)
    if BRIEF.get():
        about = session.about(
            flat, chain, "the derivative is wrong", source=source_text(projection[-1])
        )
        return GradientCheckError(of_projection("the cotangents", projection, about))
    given = pack(found)
    chosen = places_to_compare(session, flat, weights_of(cts), found)
    verdict = projection[-1]
    signed = pack([np.conj(host(x)) for x in found])
    at_kink = signed if np.any(verdict.outside) else None
    likely = None if np.all(chosen) else signed
    expected, errors = numerical_gradient(session, flat, cts, chosen, at_kink, likely)
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
        where = "sum(cotangent * direction) over " + ", ".join(flat.in_paths)
        finding = of_projection(where, projection, about)
    if not np.all(chosen):
        spread = f"{finding.spread}; {int(np.sum(chosen))} of {given.size} were compared"
        text = finding.diagnosis
        if text is not None and "the others agree" in text:
            text = text.partition("; ")[2] or None
        finding = replace(finding, spread=spread, diagnosis=text)
    return GradientCheckError(with_words(session, flat, finding, chain, at))


def localised_on_tangents(
    session: Session,
    flat: Flat,
    cts: Sequence[Any],
    found: Sequence[Any],
    chain: tuple[str, ...],
    projection: Projection,
) -> GradientCheckError:
    """The error of a vjp that is wrong along tangents: both are compared as projected on them."""
    verdict = projection[-1]
    title = f"the {DERIVATIVES[chain[-1]]} differs from {SOURCE} along the tangents"
    about = session.about(flat, chain, title, source=source_text(verdict))
    size = pack(flat.point).size
    finding = None
    if size <= ALL:
        basis = tangent_basis(session, flat)
        weights = weights_of(cts)
        slopes, errors = np.zeros(len(basis)), np.zeros(len(basis))
        for k, direction in enumerate(basis):
            _, part = directional(flat, unpack(direction, flat.point), session.eps, weights)
            slopes[k], errors[k] = part.value[0], part.error[0]
        right = unpack(slopes @ basis, flat.point)
        signed = pack([np.conj(host(f)) for f in found])
        given = unpack((basis @ signed) @ basis, flat.point)
        bound = float(np.max(errors, initial=0))
        limits = [session.tolerances.of(e, 0.0, 0.0) + SAFETY * bound for e in right]
        finding = worst_finding(
            [f"the cotangent of {p}, projected on the tangents" for p in flat.in_paths],
            [np.conj(e) for e in right],
            [np.conj(g) for g in given],
            [np.full(e.shape, bound) for e in right],
            limits,
            **about,
        )
    where = "sum(cotangent * tangent) over " + ", ".join(flat.in_paths)
    return GradientCheckError(finding or of_projection(where, projection, about))


def of_projection(where: str, projection: Projection, about: dict[str, Any]) -> Finding:
    """The finding of a projection that is wrong, though no element is."""
    known, total, allowed, verdict = projection
    return Finding(
        path=where,
        index=None,
        expected=float(nearest_side(verdict, known.value, total)[0]),
        found=float(total[0]),
        error_estimate=float(known.error[0]),
        tolerance=float(allowed[0] + SAFETY * known.error[0]),
        **about,
    )


def tangent_basis(session: Session, flat: Flat) -> np.ndarray:
    """An orthonormal basis of the tangents, from random ones."""
    count = pack(flat.point).size + 4
    drawn = np.stack([pack(session.random_tangents(flat.point)) for _ in range(count)])
    _, sizes, rows = np.linalg.svd(drawn, full_matrices=False)
    return rows[sizes > 1e-9 * np.max(sizes, initial=0)]
