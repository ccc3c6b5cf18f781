"""Exact laws of derivatives: they hold up to rounding, without finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...api.jit import jit
from ...api.vmap import vmap
from ...core.tracing import aval_of
from ...errors import TracerError
from ...typing import PyTree
from ..reports.report import DERIVATIVES, Finding, GradientCheckError, mode_text
from .differences import SAFETY
from .functions import Flat, Leaves, cast_like, finite_max, forward, host, length, reverse
from .noise import rounding, steepness_of
from .session import Session

Push = Callable[[Sequence[Any], Sequence[Any]], tuple[Leaves, Leaves]]
Pull = Callable[[Sequence[Any]], tuple[Leaves, Callable[[Sequence[Any]], Leaves]]]

FIRST, SECOND = 0.75, -1.5
"""Coefficients of the linear combination that tests linearity."""

LANES = 3

OF_SINGLES = 3e-7
"""Linear maps may compute in single precision inside, which nothing else shows at 0; differences
are compared more sharply."""

JIT_ULPS = 64
"""Compiled code may be more accurate than plain calls by this many rounding errors of 1."""


def check_derivative_laws(
    session: Session, flat: Flat, chain: tuple[str, ...], modes: Sequence[str]
) -> None:
    """Linearity of the derivatives of a function, and that they are adjoint to each other."""
    if "fwd" in modes:
        check_linear(session, flat, lambda xs, ts: forward(flat, xs, ts), (*chain, "fwd"))
    if "rev" in modes:
        check_linear_pull(session, flat, lambda xs: reverse(flat, xs), (*chain, "rev"))
    if "fwd" in modes and "rev" in modes:
        check_adjoint(session, flat, (*chain, "rev"))


def check_linear(session: Session, flat: Flat, push: Push, chain: tuple[str, ...]) -> None:
    """jvp(a s + b t) = a jvp(s) + b jvp(t) for real a and b."""
    s, t = session.random_tangents(flat.point), session.random_tangents(flat.point)
    values = [push(flat.point, ts)[1] for ts in (s, t, combined(s, t))]
    compare_linear(session, flat, flat.out_paths, values, flat.sizes, chain)


def check_linear_pull(session: Session, flat: Flat, pull_of: Pull, chain: tuple[str, ...]) -> None:
    """vjp(a s + b t) = a vjp(s) + b vjp(t) for real a and b."""
    outs, pull = pull_of(flat.point)
    s, t = session.random(outs), session.random(outs)
    values = [pull(cts) for cts in (s, t, combined(s, t))]
    sizes = flat.cotangent_sizes(combined(s, t))
    compare_linear(session, flat, flat.in_paths, values, sizes, chain)


def compare_linear(
    session: Session,
    flat: Flat,
    paths: Sequence[str],
    values: Sequence[Leaves],
    sizes: Sequence[Any],
    chain: tuple[str, ...],
) -> None:
    """Raise unless the last of three derivatives is the combination of the others."""
    name = DERIVATIVES[chain[-1]]
    first, second, both = values
    wide = linear_rtol(session, flat) / session.tolerances.law_rtol
    floors = [
        wide * np.maximum(size, max(finite_max(host(x)), finite_max(host(y))))
        for size, x, y in zip(sizes, first, second, strict=True)
    ]
    expected = combined(first, second)
    session.compare(
        flat,
        paths,
        expected,
        [without_overflow(x, like) for x, like in zip(both, expected, strict=True)],
        chain,
        f"the {name} is not linear: {name}(a s + b t) differs from a {name}(s) + b {name}(t)",
        f"a {name}(s) + b {name}(t)",
        floors=floors,
    )
    session.passed(f"order {len(chain)}, mode {mode_text(chain)}: linear")


def linear_rtol(session: Session, flat: Flat) -> float:
    """The relative tolerance of laws of linear maps at a point."""
    at_zero = not all(np.any(host(x)) for x in flat.point)
    return max(session.tolerances.law_rtol, OF_SINGLES if at_zero else 0.0)


def without_overflow(x: Any, like: Any) -> Any:
    """An array of halves with other numbers for those that are too large for them."""
    if aval_of(x).dtype.itemsize != 2:
        return x
    both = np.isfinite(host(x)) & np.isfinite(host(like))
    return np.where(both, host(x), host(like)).astype(aval_of(x).dtype)


def combined(s: Sequence[Any], t: Sequence[Any]) -> Leaves:
    """The linear combination of two lists of leaves, in their dtypes."""
    return [_combination(x, y) for x, y in zip(s, t, strict=True)]


def _combination(x: PyTree, y: PyTree) -> Any:
    if type(x) in (float, complex):
        return FIRST * x + SECOND * y
    dtype = aval_of(x).dtype
    return x * dtype.type(FIRST) + y * dtype.type(SECOND)


def check_adjoint(session: Session, flat: Flat, chain: tuple[str, ...]) -> None:
    """<ct, jvp(t)> = <vjp(ct), t>, with the inner product Re sum(a * b)."""
    ts = session.random_tangents(flat.point)
    cts = session.random(reverse(flat, flat.point)[0])

    def products(xs: Sequence[Any]) -> tuple[tuple[float, float], tuple[float, float]]:
        outs, pull = reverse(flat, xs)
        pushed, pulled = forward(flat, xs, cast_like(ts, xs))[1], pull(cast_like(cts, outs))
        return inner(cts, pushed), inner(pulled, ts)

    sizes = weighted_sizes(cts, flat.sizes) * steepness(session, ts)
    title = "the vjp is not the transpose of the jvp"
    names = "<ct, jvp(t)>", "<vjp(ct), t>"
    compare_products(session, flat, chain, title, names, products, sizes)
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
    size: float,
) -> None:
    """Raise unless two inner products, given with the sizes of their terms, are equal.

    They may be as far apart as rounding makes them at points that differ in their last places.
    """
    (left, left_size), (right, right_size) = products(flat.point)
    tolerances = session.tolerances
    allowed = linear_rtol(session, flat) * max(left_size, right_size)
    allowed += (tolerances.atol or 0.0) + 4 * tolerances.nondet
    allowed += 64 * tolerances.eps * size
    if abs(left - right) <= allowed or (not np.isfinite(left) and not np.isfinite(right)):
        return

    def apart(xs: Sequence[Any]) -> np.ndarray:
        (one, _), (other, _) = products(xs)
        return np.array([one - other])

    spread = rounding(flat.point, apart, np.array([left - right]))
    if abs(left - right) <= SAFETY * float(spread[0]):
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

    Where derivatives are made up of choices at kinks, there is no such H.
    """
    if "rev" not in modes or session.excused:
        return
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

    sizes = weighted_sizes(t, gradient.sizes) * steepness(session, s)
    title = "the second derivative is not symmetric: it is not that of any function"
    names = "<H s, t>", "<H t, s>"
    compare_products(session, flat, chain, title, names, products, sizes)
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


def check_transformations(session: Session, flat: Flat, modes: Sequence[str]) -> None:
    """Vmap and jit of a function and of its derivatives against plain calls."""
    programs = [("f", flat, ("value",))]
    if "fwd" in modes or "lin" in modes:
        ts = session.random_tangents(flat.point)
        programs.append(("jvp(f)", flat.differentiated("fwd", ts), ("fwd",)))
        _attempt(session, "vmap(jvp) = loop", lambda: check_batched_push(session, flat))
    if "rev" in modes:
        cts = session.random(flat.call(flat.point))
        programs.append(("vjp(f)", flat.differentiated("rev", cts), ("rev",)))
        _attempt(session, "vmap(vjp) = loop", lambda: check_batched_pull(session, flat))
    stacked = stack_points(session, flat)
    for name, program, chain in programs:
        _check_jit(session, program, name, chain)
        _check_vmap(session, program, stacked, name, chain)


def _check_jit(session: Session, program: Flat, name: str, chain: tuple[str, ...]) -> None:
    def check() -> None:
        floor = JIT_ULPS * session.tolerances.eps / session.tolerances.law_rtol
        session.compare(
            program,
            program.out_paths,
            program.call(program.point),
            jit(lambda xs: program.call(xs))(list(program.point)),
            chain,
            f"jit({name}) differs from {name}",
            f"{name} without jit",
            floors=[np.maximum(floor, size) for size in program.sizes],
            dtypes=True,
            more_accurate=True,
        )

    _attempt(session, f"jit({name}) = {name}", check)


def _check_vmap(
    session: Session, program: Flat, stacked: Leaves, name: str, chain: tuple[str, ...]
) -> None:
    def check() -> None:
        session.compare(
            program,
            [f"{p} (first axis: example)" for p in program.out_paths],
            loop(program.call, stacked),
            vmap(lambda *xs: program.call(xs))(*stacked),
            chain,
            f"vmap({name}) differs from a loop over {name}",
            f"a loop over {name}",
            floors=program.sizes,
        )

    _attempt(session, f"vmap({name}) = loop", check)


def _attempt(session: Session, law: str, check: Callable[[], None]) -> None:
    """Check a law, or leave it out if f needs the values that the law hides."""
    try:
        with np.errstate(all="ignore"):
            check()
    except Exception as error:
        reason = reason_to_leave_out(error)
        if reason is None:
            raise
        session.report.left_out[law] = reason
    else:
        session.passed(law)


def reason_to_leave_out(error: BaseException | None) -> str | None:
    """The first line of a tracer error in a chain of causes; None if there is none."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, TracerError):
            return str(error).split(". ")[0].split(", but this")[0]
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def stack_points(session: Session, flat: Flat) -> Leaves:
    """The point and points close to it, stacked along a new first axis.

    The points are closer where f does not exist at others.
    """
    ts = session.random_tangents(flat.point)
    for distance in (1e-3, 1e-6, 0.0):
        stacked = []
        for x, t in zip(flat.point, ts, strict=True):
            dtype = aval_of(x).dtype
            lanes = [np.asarray(host(x) + h * distance * host(t), dtype) for h in (0.0, 1.0, -2.0)]
            stacked.append(np.stack(lanes))
        try:
            with np.errstate(all="ignore"):
                loop(flat.call, stacked)
        except (ArithmeticError, np.linalg.LinAlgError, ValueError):
            continue
        break
    return stacked


def loop(call: Callable[[Sequence[Any]], Leaves], stacked: Sequence[Any]) -> list[np.ndarray]:
    """A function applied to each example, its outputs stacked."""
    lanes = [call([x[i] for x in stacked]) for i in range(LANES)]
    return [np.stack([host(o) for o in column]) for column in zip(*lanes, strict=True)]


def check_batched_push(session: Session, flat: Flat) -> None:
    """One jvp of several tangents by vmap equals several jvps."""
    lanes = [session.random_tangents(flat.point) for _ in range(LANES)]
    derivative = flat.differentiated("fwd", lanes[0])
    compare_lanes(session, derivative, "jvp", lanes, lambda ts: forward(flat, flat.point, ts)[1])


def check_batched_pull(session: Session, flat: Flat) -> None:
    """One vjp of several cotangents by vmap equals several vjps."""
    outs, pull = reverse(flat, flat.point)
    lanes = [session.random(outs) for _ in range(LANES)]
    compare_lanes(session, flat.differentiated("rev", lanes[0]), "vjp", lanes, pull)


def compare_lanes(
    session: Session,
    derivative: Flat,
    name: str,
    lanes: Sequence[Leaves],
    call: Callable[[Sequence[Any]], Leaves],
) -> None:
    """Raise unless a derivative of stacked directions is the stack of derivatives."""
    stacked = [np.stack([host(x) for x in column]) for column in zip(*lanes, strict=True)]
    session.compare(
        derivative,
        [f"{p} (first axis: direction)" for p in derivative.out_paths],
        loop(call, stacked),
        vmap(lambda *xs: list(call(xs)))(*stacked),
        ("fwd",) if name == "jvp" else ("rev",),
        f"vmap of the {name} over its directions differs from a loop",
        f"a loop over {name}s",
        floors=derivative.sizes,
    )
