"""Verdicts on the numbers of a derivative: right, wrong, unknown, or a subgradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .differences import (
    SAFETY,
    Difference,
    Line,
    Vector,
    change,
    complex_step,
    directional,
    one_sided,
)
from .functions import entry_scales, random_leaf

SOURCE = "finite differences"
TINY_STEPS = (2.0**-20, 2.0**-24, 2.0**-28)
NEAR = 1e-3
ACROSS = 6
MANY, ACROSS_MANY = 100_000, 1


@dataclass(frozen=True)
class Verdict:
    """Elements of a derivative that are wrong, of which nothing can be said, and which are accepted
    as subgradients, between the derivatives from the left and from the right.
    """

    wrong: np.ndarray
    unknown: np.ndarray
    kinks: np.ndarray
    edges: np.ndarray
    left: Vector
    right: Vector


def judge(
    line: Line, known: Difference, found: Vector, allowed: Vector, eps: float | None
) -> Verdict:
    """Compare a derivative with differences, looking from one side at what does not agree."""
    none = np.zeros(found.shape, bool)
    gap = np.abs(found - known.value)
    agree = gap <= allowed
    if np.all(agree):
        return Verdict(none, none, none, none, known.value, known.value)
    settled = known.settled
    agree |= settled & (gap <= allowed + SAFETY * known.error)
    flat = (known.value == 0) & (known.error <= 8 * line.noise())
    agree |= flat & (np.abs(found) <= 64 * line.eps)
    exact = None
    if not np.all(agree):
        exact = not_contradicted(line, complex_step(line))
        if exact is not None:
            agree |= ~settled & (np.abs(found - exact) <= allowed + 1e-9 * np.abs(exact))
    if np.all(agree):
        return Verdict(none, none, none, none, known.value, known.value)
    left, right = one_sided(line, -1.0, eps), one_sided(line, 1.0, eps)
    kinks, edges, between = _from_sides(left, right, found, allowed)
    accepted = ~agree & kinks & between
    agree |= (kinks | edges) & between
    wrong = ~agree & ~kinks & (settled | edges)
    if np.any(wrong):
        wrong &= ~bent_across(line, known, eps)
    if exact is not None:  # differences of a function with waves shorter than all steps settle, too
        with np.errstate(all="ignore"):
            wrong &= ~(np.abs(found - exact) <= allowed + 1e-9 * np.abs(exact))
    return Verdict(wrong, ~agree & ~wrong, accepted, edges, left.value, right.value)


def bent_across(line: Line, known: Difference, eps: float | None) -> np.ndarray:
    """A mask of kinks across: the derivative along a sum is not the sum of the derivatives.

    There f has kinks that do not show along the line: the median of three equal numbers. A
    subgradient may be anything between the derivatives along other directions.
    """
    rng = np.random.default_rng(0)
    bends = np.zeros(known.value.shape, bool)
    few = sum(np.size(x) for x in line.flat.point) <= MANY
    for _ in range(ACROSS if few else ACROSS_MANY):
        others = [random_leaf(rng, x, entry_scales(x)) for x in line.flat.point]
        both = [s + t for s, t in zip(others, line.tangents, strict=True)]
        alone, total = (directional(line.flat, ts, eps, line.weights)[1] for ts in (others, both))
        with np.errstate(all="ignore"):
            size = np.abs(alone.value) + np.abs(known.value)
            errors = alone.error + total.error + known.error
            gap = np.abs(total.value - alone.value - known.value)
            bends |= alone.settled & total.settled & (gap > SAFETY * errors + 1e-3 * size)
    return bends


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
        both = left.settled & right.settled
        size = np.maximum(np.abs(left.value), np.abs(right.value))
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


def nearest_side(verdict: Verdict, value: Vector, found: Vector) -> Vector:
    """The expected value: at an edge of the domain the derivative from inside."""
    with np.errstate(all="ignore"):
        left = ~(np.abs(verdict.right - found) < np.abs(verdict.left - found))
    return np.where(verdict.edges, np.where(left, verdict.left, verdict.right), value)


def source_text(verdict: Verdict) -> str:
    """The source of expected values."""
    if np.any(verdict.edges & verdict.wrong):
        return "from one side: f is not finite on the other"
    return SOURCE
