"""Derivatives of a flat function, up to an order, in all mixtures of modes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from ...api.jvp import linearize
from ..reports.report import GradientCheckError
from . import laws as law_checks
from .comparison import check_projection, check_tangent, expected_gradient, expected_tangent
from .differences import Vector, pack
from .functions import (
    Flat,
    Leaves,
    cast_like,
    copied,
    forward,
    reverse,
    same_values,
    tied_direction,
)
from .session import Session, widely_spread

Push = Callable[[Sequence[Any], Sequence[Any]], tuple[Leaves, Leaves]]
Pull = Callable[[Sequence[Any]], tuple[Leaves, Callable[[Sequence[Any]], Leaves]]]


def check_orders(
    session: Session,
    flat: Flat,
    modes: tuple[str, ...],
    order: int,
    *,
    laws: bool = True,
    transformations: bool = True,
) -> None:
    """Check the derivatives up to an order in all mixtures of modes, and their laws.

    With ``transformations`` vmap and jit are among the laws.
    """

    def check(flat: Flat, chain: tuple[str, ...]) -> None:
        for mode in modes:
            here = (*chain, mode)
            if mode == "rev":
                check_reverse(session, flat, lambda xs: reverse(flat, xs), here)
            else:
                check_forward(session, flat, push_of(flat, mode), here)
        if laws:
            law_checks.check_derivative_laws(session, flat, chain, modes)
            if transformations and not chain:
                law_checks.check_transformations(session, flat, modes)
        if len(chain) + 1 < order:
            for mode in modes:
                seeds = session.random(flat.call(flat.point) if mode == "rev" else flat.point)
                check(flat.differentiated(mode, seeds), (*chain, mode))

    check(flat, ())
    if laws and order > 1:
        law_checks.check_symmetric(session, flat, modes)


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


def check_forward(session: Session, flat: Flat, push: Push, chain: tuple[str, ...]) -> None:
    """Compare the jvp in random directions with differences."""
    for ts, loose in directions_of(session, flat, real=True):
        outs, found = session.derive(flat, chain, partial(push, flat.point, ts))
        session.check_values(flat, outs, chain)
        expected = partial(expected_tangent, session, flat, ts)
        session.check_types(flat, flat.out_paths, outs, found, chain, expected)

        def again(xs: Sequence[Any], ts: Sequence[Any] = ts) -> Vector:
            return pack(push(xs, cast_like(ts, xs))[1])

        check_tangent(session, flat, outs, ts, found, chain, again, loose=loose)


def check_reverse(session: Session, flat: Flat, pull_of: Pull, chain: tuple[str, ...]) -> None:
    """Compare the vjp of random cotangents, in random directions, with differences."""
    for k, (ts, loose) in enumerate(directions_of(session, flat, real=False)):
        outs, pull = pull_of(flat.point)
        session.check_values(flat, outs, chain)
        cts = session.random(outs, real=session.real_direction(k))
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

        check_projection(session, flat, outs, cts, found, chain, ts, pull_again, loose=loose)
