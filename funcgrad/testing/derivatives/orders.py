"""Derivatives of a flat function, up to an order, in all mixtures of modes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...api.jit import jit
from ...api.jvp import linearize
from ...api.vmap import vmap
from ..reports.report import GradientCheckError, InconclusiveCheckError, Report, mode_text
from . import laws as law_checks
from .comparison import allowed_of_sum, check_projection, check_tangent, expected_tangent
from .differences import Difference
from .functions import Flat, Leaves, cast_like, forward, reverse
from .kinds import KindsLaw
from .known import Known, Pull, PullLeaves, Push
from .layouts import copied
from .leaves import generator, host, length, same_values, tied_direction
from .lines import Vector, pack
from .session import Session, widely_spread
from .transformations import check_transformations
from .variations import check_variations
from .verdicts import SOURCE
from .wrong_elements import expected_gradient, weights_of


def check_orders(
    session: Session,
    flat: Flat,
    modes: tuple[str, ...],
    order: int,
    *,
    laws: bool = True,
    transformations: bool = True,
    variations: bool = True,
) -> None:
    """Check the derivatives up to an order in all mixtures of modes, and their laws.

    With ``transformations`` vmap and jit are among the laws, and with ``variations`` that nothing
    changes with the layout of arrays, with what is held constant, and from call to call.
    """

    def check(flat: Flat, chain: tuple[str, ...]) -> None:
        known = Known()
        kinds: list[KindsLaw] = []
        for mode in sorted(modes, key=lambda mode: mode == "rev"):
            here = (*chain, mode)
            if mode == "rev":
                with told_first(kinds):
                    check_reverse(session, flat, lambda xs: reverse(flat, xs), here, known)
            else:
                check_forward(session, flat, push_of(flat, mode), here, known)
            if laws:
                kinds += law_checks.check_linearity(session, flat, here, known)
        if laws:
            if "fwd" in modes and "rev" in modes:
                law_checks.check_adjoint(session, flat, (*chain, "rev"), known)
            staged = None
            if transformations and not chain:
                try:
                    together = check_transformations(session, flat, modes, known, kinds, order)
                    staged = together.staged_derivative
                except GradientCheckError as error:
                    of_derivatives = re.search("jvp|vjp", error.finding.check)
                    if not (of_derivatives and session.report.subgradients):
                        raise
                    if not valid_otherwise(session, flat, modes):
                        raise
                    text = "at a kink, where they choose another subgradient"
                    session.report.left_out["vmap and jit of derivatives"] = text
            for law in kinds:
                if not law.holds:
                    law.check()
            if variations and not chain:
                check_variations(session, flat, modes, known, staged)
        if len(chain) + 1 < order:
            for mode in modes:
                seeds = session.random(flat.call(flat.point) if mode == "rev" else flat.point)
                check_derived(flat, mode, seeds, (*chain, mode))

    def check_derived(flat: Flat, mode: str, seeds: Leaves, chain: tuple[str, ...]) -> None:
        derived = flat.differentiated(mode, seeds, staged=True)
        try:
            check(derived, chain)
        except GradientCheckError:
            if derived.staged is None or derived.staged.program is None:
                raise
            check(flat.differentiated(mode, seeds), chain)  # nothing fails for being compiled

    check(flat, ())
    if laws and order > 1:
        law_checks.check_symmetric(session, flat, modes)


@contextmanager
def told_first(kinds: Sequence[KindsLaw]) -> Iterator[None]:
    """Say of a derivative that it is not linear, rather than that its transpose fails."""
    try:
        yield
    except InconclusiveCheckError:
        raise
    except Exception:
        broken = broken_law(kinds)
        if broken is None:
            raise
        raise broken from None


def broken_law(laws: Sequence[KindsLaw]) -> GradientCheckError | None:
    """What the first of the laws says that does not hold."""
    for law in laws:
        try:
            law.check()
        except InconclusiveCheckError:
            continue
        except GradientCheckError as error:
            return error
        except Exception:  # a rule need not take all kinds of directions, where it is wrong anyway
            continue
    return None


def valid_otherwise(session: Session, flat: Flat, modes: Sequence[str]) -> bool:
    """True if derivatives under jit and under vmap are right by themselves, as other ones may be.

    The order of equal numbers is open, for example, and with it which of them has a slope.
    """

    def pushed(xs: Sequence[Any], ts: Sequence[Any]) -> Leaves:
        return forward(flat, xs, ts)[1]

    def pulled(xs: Sequence[Any], cts: Sequence[Any]) -> Leaves:
        return reverse(flat, xs)[1](cts)

    def batched(derivative: Callable[..., Leaves]) -> Callable[..., Leaves]:
        def run(xs: Sequence[Any], seeds: Sequence[Any]) -> Leaves:
            twice = ([np.stack([host(x)] * 2) for x in part] for part in (xs, seeds))
            return [x[1] for x in vmap(derivative)(*twice)]

        return run

    def check(through: Callable[[Any], Any]) -> None:
        alone = replace(session, rng=generator(0), unsettled=None, report=Report())
        alone.tolerances = session.tolerances
        push, pull = through(pushed), through(pulled)

        def push_all(xs: Sequence[Any], ts: Sequence[Any]) -> tuple[Leaves, Leaves]:
            return flat.call(xs), push(list(xs), list(ts))

        def pull_of(xs: Sequence[Any]) -> tuple[Leaves, PullLeaves]:
            return flat.call(xs), lambda cts: pull(list(xs), list(cts))

        if "fwd" in modes:
            check_forward(alone, flat, push_all, ("fwd",))
        if "rev" in modes:
            check_reverse(alone, flat, pull_of, ("rev",))
        alone.conclude()

    try:
        check(lambda f: jit(f, stabilize=False))
        check(batched)
    except Exception:  # a wrong derivative, or one that cannot be computed so
        return False
    return True


def push_of(flat: Flat, mode: str) -> Push:
    """The derivative of a Flat in mode 'fwd' or 'lin'."""
    if mode == "fwd":
        return lambda xs, ts: forward(flat, xs, ts)

    def push(xs: Sequence[Any], ts: Sequence[Any]) -> tuple[Leaves, Leaves]:
        outs, f_jvp = linearize(lambda *leaves: flat.call(leaves), *xs)
        return outs, f_jvp(*ts)

    return push


def directions_of(session: Session, flat: Flat, *, real: bool) -> Iterator[tuple[Leaves, bool]]:
    """Random directions in proportion to the entries of the point; and one that is not, loosely.

    With ``real`` the first one is real, if there are several.

    The last one is only there where some entries are very small beside others: what is wrong of
    their derivatives cannot be seen along the other directions. Where a kink was met, one direction
    keeps equal numbers equal: along it, what was chosen for each of them adds up.
    """
    session.at_kink = False
    for k in range(session.directions):
        alone = real and session.real_direction(k)
        yield session.random_tangents(flat.point, real=alone), False
    if widely_spread(flat.point):
        yield session.far_tangents(flat.point), True
    if session.at_kink:
        yield [tied_direction(x) for x in flat.point], False


def can_combine(session: Session, k: int, pairs: Sequence[Any]) -> bool:
    """True if the k-th direction may be a combination of two before: a law needs it anyway."""
    return k == 2 < session.directions and len(pairs) == 2


def check_forward(
    session: Session,
    flat: Flat,
    push: Push,
    chain: tuple[str, ...],
    known: Known | None = None,
) -> Known:
    """Compare the jvp in random directions with differences."""
    kept = known is not None and chain[-1] == "fwd"
    known = Known() if known is None else known
    for k, (ts, loose) in enumerate(directions_of(session, flat, real=True)):
        if kept and can_combine(session, k, known.pushed):
            ts = law_checks.combined(known.pushed[0][0], known.pushed[1][0])
            known.combined.add("fwd")
        if k == 0 and chain == ("fwd",) and flat.pushed is not None:
            ts, (outs, found) = flat.pushed
        else:
            outs, found = session.derive(flat, chain, partial(push, flat.point, ts))
        session.check_values(flat, outs, chain)
        expected = partial(expected_tangent, session, flat, ts)
        session.check_types(flat, flat.out_paths, outs, found, chain, expected)

        def again(xs: Sequence[Any], ts: Sequence[Any] = ts) -> Vector:
            return pack(push(xs, cast_like(ts, xs))[1])

        def at(xs: Sequence[Any]) -> tuple[Leaves, Callable[[Sequence[Any]], Leaves]]:
            return flat.call(xs), lambda seeds: push(xs, seeds)[1]

        difference = check_tangent(session, flat, outs, ts, found, chain, again, loose=loose, at=at)
        known.outs = outs
        if loose:
            continue
        if chain[-1] == "fwd":
            known.pushed.append((ts, found))
        if difference is not None:
            known.differences.append((ts, *difference))
    return known


def check_reverse(
    session: Session,
    flat: Flat,
    pull_of: Pull,
    chain: tuple[str, ...],
    known: Known | None = None,
) -> Known:
    """Compare the vjp of random cotangents, in random directions, with differences.

    If nothing is known it is one that somebody claims: each direction has a pullback of its own.
    """
    kept = known is not None
    known = Known() if known is None else known
    for k, (ts, loose) in enumerate(directions_of(session, flat, real=False)):
        if k == 0 or not kept:
            outs, pull = pull_of(flat.point)
            session.check_values(flat, outs, chain)
            known.outs, known.pull = outs, pull
        cts = session.random(outs, real=session.real_direction(k))
        if kept and can_combine(session, k, known.pulled):
            cts = law_checks.combined(known.pulled[0][0], known.pulled[1][0])
            known.combined.add("rev")
        given = [copied(c) for c in cts]
        found = session.derive(flat, chain, partial(pull, given))
        if not all(map(same_values, cts, given)):
            title = "the backward pass overwrites the cotangent that it is given"
            raise GradientCheckError(session.overwritten("the cotangent of the output", title))
        expected = partial(expected_gradient, session, flat, cts)
        session.check_types(flat, flat.in_paths, flat.point, found, chain, expected)

        def pull_again(xs: Sequence[Any], cts: Sequence[Any] = cts) -> Leaves:
            outs, pull = pull_of(xs)
            return pull(cast_like(cts, outs))

        agrees = k < len(known.differences) and projected(session, flat, cts, found, known, k)
        if loose or not agrees:
            check_projection(
                session, flat, outs, cts, found, chain, ts, pull_again, loose=loose, at=pull_of
            )
        session.passed(f"order {len(chain)}, mode {mode_text(chain)}: derivative = {SOURCE}")
        if not loose:
            known.pulled.append((cts, found))
    return known


def projected(
    session: Session, flat: Flat, cts: Leaves, found: Leaves, known: Known, k: int
) -> bool:
    """True if a vjp agrees with the differences that the jvp in the k-th direction agreed with."""
    ts, line, difference = known.differences[k]
    weights = weights_of(cts)
    if not (np.all(np.isfinite(difference.value)) and np.all(np.isfinite(weights))):
        return False
    value = np.array([weights @ difference.value])
    whole = Difference(value, np.abs(weights) @ difference.error, np.zeros(()))
    products = pack([np.conj(host(c)) for c in found]) * pack(ts)
    gap, rounding = np.abs(np.sum(products) - value[0]), 64 * line.eps * length(products)
    if gap <= allowed_of_sum(session, line.flat, known.outs, cts, line, whole) + rounding:
        return True
    return bool(gap <= allowed_of_sum(session, flat, known.outs, cts, line, whole) + rounding)
