"""Vmap and jit of a function and of each of its derivatives, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...api.jit import jit
from ...api.vmap import vmap
from ...core.tracing import aval_of
from ...errors import TracerError
from .functions import Flat, Leaves, forward, reverse
from .leaves import host
from .session import Session
from .sizes import Measured

LANES = 3

JIT_ULPS = 64
"""Compiled code may be more accurate than plain calls by this many rounding errors of 1."""


def check_one_by_one(session: Session, flat: Flat, modes: Sequence[str]) -> None:
    """Vmap and jit of a function and of each of its derivatives."""
    programs = [("f", flat, ("value",))]
    if "fwd" in modes or "lin" in modes:
        ts = session.random_tangents(flat.point)
        programs.append(("jvp(f)", flat.differentiated("fwd", ts), ("fwd",)))
        attempt(session, "vmap(jvp) = loop", lambda: check_batched_push(session, flat))
    if "rev" in modes:
        cts = session.random(flat.call(flat.point))
        programs.append(("vjp(f)", flat.differentiated("rev", cts), ("rev",)))
        attempt(session, "vmap(vjp) = loop", lambda: check_batched_pull(session, flat))
    stacked = stack_points(session, flat)
    for name, program, chain in programs:
        if name != "f":
            check_jit(session, program, name, chain)
        _check_vmap(session, program, stacked, name, chain)


def check_jit(session: Session, program: Flat, name: str, chain: tuple[str, ...]) -> None:
    """Jit of a function against a plain call, at the point."""

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
            floors=Measured(lambda: [np.maximum(floor, s) for s in program.sizes]),
            dtypes=True,
            more_accurate=True,
        )

    attempt(session, f"jit({name}) = {name}", check)


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

    attempt(session, f"vmap({name}) = loop", check)


def attempt(session: Session, law: str, check: Callable[[], None]) -> None:
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
