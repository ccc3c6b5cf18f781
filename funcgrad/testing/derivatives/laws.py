"""Exact laws of derivatives: they hold up to rounding, without finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ...typing import PyTree
from ..reports.report import DERIVATIVES, Finding, GradientCheckError, mode_text
from .differences import SAFETY
from .functions import Flat, Leaves, cast_like, forward, reverse
from .kinds import KindsLaw, linear_rtol
from .known import Known, Pull, Push
from .leaves import finite_max, host, length
from .lines import pack
from .noise import rounding, rounding_of_sum
from .session import Session
from .sizes import Measured, steepness_of
from .variations import check_variations_of_claim

NEARBY = 2.0**-9
"""The relative distance of a point where a law is looked at once more."""

OUTSIDE = (ValueError, ArithmeticError, np.linalg.LinAlgError)

FIRST, SECOND = 0.75, -1.5
"""Coefficients of the linear combination that tests linearity."""


def check_linearity(
    session: Session, flat: Flat, chain: tuple[str, ...], known: Known
) -> list[KindsLaw]:
    """Linearity of the last derivative of a chain; returns the law of kinds, to be checked.

    Derivatives of order two are made of those of order one, of which it is known.
    """
    if chain[-1] == "fwd":
        law = check_linear(session, flat, lambda xs, ts: forward(flat, xs, ts), chain, known)
    elif chain[-1] == "rev":
        law = check_linear_pull(session, flat, lambda xs: reverse(flat, xs), chain, known)
    else:
        return []
    return [law] if len(chain) == 1 else []


def check_linear(
    session: Session,
    flat: Flat,
    push: Push,
    chain: tuple[str, ...],
    known: Known | None = None,
) -> KindsLaw:
    """jvp(a s + b t) = a jvp(s) + b jvp(t) for real a and b; returns the law of tangents' kinds.

    If nothing is known it is a jvp that somebody claims: that law, too, and its other variations
    are checked here.
    """
    pairs = list(known.pushed[:2]) if known else []
    while len(pairs) < 2:
        ts = session.random_tangents(flat.point)
        pairs.append((ts, push(flat.point, ts)[1]))
    (s, of_s), (t, of_t) = pairs
    if known is not None and "fwd" in known.combined:
        both, of_both = known.pushed[2]
    else:
        both = combined(s, t)
        of_both = push(flat.point, both)[1]
    values = [of_s, of_t, of_both]

    def along(ts: Sequence[Any]) -> Leaves:
        return push(flat.point, ts)[1]

    directions = along, (s, t, both)
    compare_linear(session, flat, flat.out_paths, values, flat.sizes, chain, directions)
    law = KindsLaw(session, flat, chain, flat.out_paths, pairs[1], along)
    if known is None:
        law.check()
        check_variations_of_claim(session, flat, Known(pushed=pairs), push=push)
    return law


def check_linear_pull(
    session: Session,
    flat: Flat,
    pull_of: Pull,
    chain: tuple[str, ...],
    known: Known | None = None,
) -> KindsLaw:
    """vjp(a s + b t) = a vjp(s) + b vjp(t) for real a and b; returns the law of cotangents' kinds.

    If nothing is known it is a vjp that somebody claims: that law, too, and its other variations
    are checked here.
    """
    claimed = known is None
    if known is None:
        known = Known()
        known.outs, known.pull = pull_of(flat.point)
    pairs = list(known.pulled[:2])
    assert known.pull is not None
    while len(pairs) < 2:
        cts = session.random(known.outs)
        pairs.append((cts, known.pull(cts)))
    (s, of_s), (t, of_t) = pairs
    if "rev" in known.combined:
        both, of_both = known.pulled[2]
    else:
        both = combined(s, t)
        of_both = known.pull(both)
    sizes = Measured(lambda: flat.cotangent_sizes(both))
    values = [of_s, of_t, of_both]
    directions = known.pull, (s, t, both)
    compare_linear(session, flat, flat.in_paths, values, sizes, chain, directions)
    law = KindsLaw(session, flat, chain, flat.in_paths, pairs[1], known.pull)
    if claimed:
        law.check()
        check_variations_of_claim(session, flat, Known(pulled=pairs), pull_of=pull_of)
    return law


def compare_linear(
    session: Session,
    flat: Flat,
    paths: Sequence[str],
    values: Sequence[Leaves],
    sizes: Sequence[Any],
    chain: tuple[str, ...],
    directions: tuple[Callable[[Sequence[Any]], Sequence[Any]], Sequence[Leaves]],
) -> None:
    """Raise unless the last of three derivatives is the combination of the others.

    The map and the directions that they are of show how it rounds.
    """
    name = DERIVATIVES[chain[-1]]
    first, second, both = values
    wide = linear_rtol(session, flat) / session.tolerances.law_rtol

    def floors() -> list[Any]:
        return [
            wide * np.maximum(size, max(finite_max(host(x)), finite_max(host(y))))
            for size, x, y in zip(sizes, first, second, strict=True)
        ]

    expected = combined(first, second)
    found = [without_overflow(x, like) for x, like in zip(both, expected, strict=True)]
    try:
        session.compare(
            flat,
            paths,
            expected,
            found,
            chain,
            f"the {name} is not linear: {name}(a s + b t) differs from a {name}(s) + b {name}(t)",
            f"a {name}(s) + b {name}(t)",
            floors=Measured(floors),
        )
    except GradientCheckError:
        call, along = directions
        terms = list(zip((FIRST, SECOND, 1.0), along, strict=True))
        spread = rounding_of_sum(call, terms, session.tolerances.eps)
        allowed = spread + session.tolerances.law_rtol * np.abs(pack(found))
        if not np.any(spread) or np.any(np.abs(pack(found) - pack(expected)) > allowed):
            raise
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: linear")


def without_overflow(x: Any, like: Any) -> Any:
    """An array with other numbers for those that are too large for its type, as sums may be.

    Differences were found to be as large. Halves are soon too large: there, any may be.
    """
    known = np.isfinite(host(like))
    if aval_of(x).dtype.itemsize == 2:
        known &= np.isfinite(host(x))
    if np.all(known):
        return x
    return np.where(known, host(x), host(like)).astype(aval_of(x).dtype)


def combined(s: Sequence[Any], t: Sequence[Any]) -> Leaves:
    """The linear combination of two lists of leaves, in their dtypes."""
    return [_combination(x, y) for x, y in zip(s, t, strict=True)]


def _combination(x: PyTree, y: PyTree) -> Any:
    if type(x) in (float, complex):
        return FIRST * x + SECOND * y
    dtype = aval_of(x).dtype
    return x * dtype.type(FIRST) + y * dtype.type(SECOND)


def check_adjoint(session: Session, flat: Flat, chain: tuple[str, ...], known: Known) -> None:
    """<ct, jvp(t)> = <vjp(ct), t>, with the inner product Re sum(a * b)."""
    ts, pushed = known.pushed[0]
    cts, pulled = known.pulled[-1]

    def products(xs: Sequence[Any]) -> tuple[tuple[float, float], tuple[float, float]]:
        if xs is flat.point:
            return inner(cts, pushed), inner(pulled, ts)
        outs, pull = reverse(flat, xs)
        pushed_there = forward(flat, xs, cast_like(ts, xs))[1]
        return inner(cts, pushed_there), inner(pull(cast_like(cts, outs)), ts)

    def sizes() -> float:
        return weighted_sizes(cts, flat.sizes) * steepness(session, ts)

    def push(directions: Sequence[Any]) -> Leaves:
        return [inner(cts, forward(flat, flat.point, directions)[1])[0]]

    def pull(directions: Sequence[Any]) -> Leaves:
        return [inner(reverse(flat, flat.point)[1](directions), ts)[0]]

    title = "the vjp is not the transpose of the jvp"
    names = "<ct, jvp(t)>", "<vjp(ct), t>"
    maps = (push, ts), (pull, cts)
    compare_products(session, flat, chain, title, names, products, sizes, maps)
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: adjoint to the jvp")


def steepness(session: Session, ts: Sequence[Any]) -> float:
    """The size of the terms of a derivative along tangents, beside that of the outputs."""
    return steepness_of(session.tolerances.eps, ts)


def weighted_sizes(weights: Sequence[Any], sizes: Sequence[Any]) -> float:
    """The size of a sum of numbers times weights, if the numbers are as large as sizes."""
    terms = [length(np.abs(host(w)) * n) for w, n in zip(weights, sizes, strict=True)]
    return float(np.sum(terms))


def compare_products(
    session: Session,
    flat: Flat,
    chain: Sequence[str],
    title: str,
    names: tuple[str, str],
    products: Callable[[Sequence[Any]], tuple[tuple[float, float], tuple[float, float]]],
    size: Callable[[], float],
    maps: Sequence[tuple[Callable[[Sequence[Any]], Leaves], Leaves]],
) -> None:
    """Raise unless two inner products, given with the sizes of their terms, are equal.

    They may be as far apart as rounding makes them at points that differ in their last places, and
    as the linear maps that they are, with what they are of, round in single precision.
    """
    (left, left_size), (right, right_size) = products(flat.point)
    tolerances = session.tolerances
    allowed = linear_rtol(session, flat) * max(left_size, right_size)
    allowed += (tolerances.atol or 0.0) + 4 * tolerances.nondet + tolerances.least
    if abs(left - right) <= allowed or (not np.isfinite(left) and not np.isfinite(right)):
        return
    allowed += 64 * tolerances.eps * size()
    if abs(left - right) <= allowed or (not np.isfinite(left) and not np.isfinite(right)):
        return

    def apart(xs: Sequence[Any]) -> np.ndarray:
        (one, _), (other, _) = products(xs)
        return np.array([one - other])

    spread = rounding(flat.point, apart, np.array([left - right]))
    if abs(left - right) <= SAFETY * float(spread[0]):
        return
    spreads = [rounding_of_sum(call, [(1.0, leaves)], tolerances.eps) for call, leaves in maps]
    if abs(left - right) <= float(np.sum(spreads)) + allowed:
        return
    raise GradientCheckError(
        Finding(
            path=f"{names[0]} against {names[1]}",
            index=None,
            expected=left,
            found=right,
            error_estimate=0.0,
            tolerance=allowed,
            diagnosis=f"{names[1]} / {names[0]} is {right / left:.6g}" if left else None,
            **session.about(flat, chain, title, source=names[0]),
        )
    )


def check_symmetric(session: Session, flat: Flat, modes: Sequence[str]) -> None:
    """<H s, t> = <H t, s> for the second derivative H of a random sum of the outputs.

    Where derivatives are made up of choices at kinks, there is no such H, and at a singular point
    it need not be symmetric, close to which it is.
    """
    if "rev" not in modes or session.excused:
        return
    try:
        compare_symmetric(session, flat, modes)
    except GradientCheckError as error:
        if not symmetric_nearby(session, flat, modes):
            raise
        session.report.left_out["symmetric second derivatives"] = (
            f"they are so close to this point, where {error.finding.path} differ"
        )


def symmetric_nearby(session: Session, flat: Flat, modes: Sequence[str]) -> bool:
    """True if the second derivative is symmetric at a point close to this one."""
    ts = session.random_tangents(flat.point)
    point = [
        x + t * NEARBY if type(x) in (float, complex) else x + t * aval_of(x).dtype.type(NEARBY)
        for x, t in zip(flat.point, ts, strict=True)
    ]
    moved = Flat(flat.call, point, flat.in_paths, flat.name, flat.out_paths, flat.sizes)
    try:
        with np.errstate(all="ignore"):
            compare_symmetric(session, moved, modes)
    except (GradientCheckError, *OUTSIDE):
        return False
    return True


def compare_symmetric(session: Session, flat: Flat, modes: Sequence[str]) -> None:
    """Raise unless <H s, t> = <H t, s>."""
    gradient = flat.differentiated("rev", session.random(flat.call(flat.point)))
    s, t = session.random_tangents(flat.point), session.random_tangents(flat.point)
    second = "fwd" if "fwd" in modes else "rev"

    def product(direction: Leaves, xs: Sequence[Any]) -> Leaves:
        if second == "fwd":
            return forward(gradient, xs, cast_like(direction, xs))[1]
        return reverse(gradient, xs)[1](cast_like(direction, xs))

    chain = ("rev", second)

    def products(xs: Sequence[Any]) -> tuple[tuple[float, float], tuple[float, float]]:
        first = inner(session.derive(flat, chain, lambda: product(s, xs)), t)
        return first, inner(session.derive(flat, chain, lambda: product(t, xs)), s)

    def sizes() -> float:
        return weighted_sizes(t, gradient.sizes) * steepness(session, s)

    title = "the second derivative is not symmetric: it is not that of any function"
    names = "<H s, t>", "<H t, s>"
    maps = [
        (lambda s: [inner(product(list(s), flat.point), t)[0]], s),
        (lambda t: [inner(product(list(t), flat.point), s)[0]], t),
    ]
    compare_products(session, flat, chain, title, names, products, sizes, maps)
    session.passed(f"order 2, mode {mode_text(chain)}: symmetric")


def check_holomorphic(session: Session, flat: Flat) -> None:
    """The Cauchy-Riemann equations: jvp(i t) = i jvp(t)."""
    outs = flat.call(flat.point)
    for path, x in zip((*flat.in_paths, *flat.out_paths), (*flat.point, *outs), strict=True):
        if aval_of(x).dtype.kind != "c":
            raise TypeError(
                f"check_grads: holomorphic=True needs complex arguments and outputs, but {path} of "
                f"{flat.name} is {aval_of(x).dtype}"
            )
    ts = session.random_tangents(flat.point)
    turned = [1j * t for t in ts]
    session.compare(
        flat,
        flat.out_paths,
        [1j * host(t) for t in forward(flat, flat.point, ts)[1]],
        forward(flat, flat.point, turned)[1],
        ("fwd",),
        "f is not holomorphic: the jvp along i t differs from i times the jvp along t",
        "i times the jvp along t",
        floors=flat.sizes,
    )
    session.passed("holomorphic: jvp(i t) = i jvp(t)")


def inner(a: Sequence[Any], b: Sequence[Any]) -> tuple[float, float]:
    """Re sum(a * b) over all leaves in double precision, and the size of its terms."""
    total = size = 0.0
    for x, y in zip(a, b, strict=True):
        terms = np.real(np.ravel(host(x)).astype(complex) * np.ravel(host(y)).astype(complex))
        total += float(np.sum(terms))
        size += length(terms)
    return total, size
