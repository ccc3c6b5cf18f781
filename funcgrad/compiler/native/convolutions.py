"""Convolutions: contractions of windows, which are only steps; padding is a copy into zeros.

The images' gradient, a convolution of an image with gaps, is one contraction for each phase of the
positions, so that no product has a zero in it that stands for a gap.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from ...core.jaxpr import Eqn
from ...ops.contraction.convolution_evaluation import conv_phases
from ..groups import Map
from . import contractions
from .contractions import Steps, called, contraction_of, laid_out
from .copies import filled, padded
from .kinds import Kind
from .orders import Operand
from .plans import Call, Plan
from .tilings import Axis

MOST_PHASES = 16
"""So many contractions for the phases of a convolution; beyond, gaps are filled with zeros."""


class Part(NamedTuple):
    """Positions of a window along an axis that meet elements with the same taps.

    Attributes:
        first, period, positions: at which positions, and how many.
        start, step: of the element that the first tap meets: at the first position, and from one
            position to the next.
        tap, every, taps: the taps.
        spread: from the element of one tap to that of the next.
    """

    first: int
    period: int
    positions: int
    start: int
    step: int
    tap: int
    every: int
    taps: int
    spread: int


class Line(NamedTuple):
    """An axis of space.

    Attributes:
        low: elements before the image.
        gap: from one element of the image to the next.
        size: all elements, with those around and between.
        parts: of the positions.
    """

    low: int
    gap: int
    size: int
    parts: list[Part]


def takes(e: Eqn) -> bool:
    """True for images and kernels of kinds that native code has, that are not empty."""
    return contractions.takes(e) and all(a.aval.size for a in e.inputs)


def has_no_gaps(e: Eqn) -> bool:
    """True for an image of which all elements are there, which is computed in one part.

    Parts are computed without a map: so no zeros between elements are multiplied with kernels,
    of which a NaN would be seen.
    """
    return all(d == 1 for d in e.params["lhs_dilation"])


def _lines(e: Eqn, in_phases: bool) -> list[Line]:
    p = e.params
    x, w, out = (a.aval.shape[2:] for a in (*e.inputs, *e.outvars))
    found = []
    for n, k, count, stride, pad, base, dilation in zip(
        x,
        w,
        out,
        p["window_strides"],
        p["padding"],
        p["lhs_dilation"],
        p["rhs_dilation"],
        strict=True,
    ):
        if in_phases:
            phases = conv_phases(n, k, stride, pad, base, dilation)
            parts = [
                Part(
                    q.start,
                    q.step or 1,
                    len(range(q.start, count, q.step or 1)),
                    -low,
                    s,
                    t.start,
                    t.step or 1,
                    len(range(t.start, k, t.step or 1)),
                    d,
                )
                for q, t, s, d, (low, _) in phases
            ]
            gap = 1
        else:
            parts = [Part(0, 1, count, -pad[0], stride, 0, 1, k, dilation)]
            gap = base
        low = max(0, max((-part.start for part in parts), default=0))
        parts = [part._replace(start=part.start + low) for part in parts]
        ends = [
            part.start + (part.positions - 1) * part.step + (part.taps - 1) * part.spread + 1
            for part in parts
        ]
        found.append(Line(low, gap, max(low + (n - 1) * gap + 1, *ends, 0), parts))
    return found


def planned(
    e: Eqn,
    operands: Sequence[Operand],
    fixed: Sequence[Steps | None],
    bits: int,
    after: Map | None,
) -> Plan:
    """The kernels of a convolution, and of the map that follows."""
    shape = e.outvars[0].aval.shape
    split = after is None and math.prod(e.params["lhs_dilation"]) <= MOST_PHASES
    lines = _lines(e, split or all(d == 1 for d in e.params["lhs_dilation"]))
    results = e.outvars if after is None else after.outputs
    first_room = len(operands) + len(results)
    rooms: list[tuple[int, Kind]] = []
    calls: list[Call] = []
    image = 0
    x = e.inputs[0].aval.shape
    if 0 not in shape and any(
        line.size != n or line.gap != 1 for n, line in zip(x[2:], lines, strict=True)
    ):
        size, steps, call = padded(
            x,
            operands[0],
            (*x[:2], *(line.size for line in lines)),
            [0, 0, *(line.low for line in lines)],
            [1, 1, *(line.gap for line in lines)],
            (0, first_room),
            bits,
        )
        rooms.append((size, operands[0].kind))
        calls.append(call)
        operands = [Operand(operands[0].kind, steps), *operands[1:]]
        image = first_room
    groups = e.params["feature_group_count"] * e.params["batch_group_count"]
    each = e.inputs[1].aval.shape[0] // groups

    def along(steps: Steps) -> Steps:
        """The steps of a result along images, groups, outputs, positions."""
        return (steps[0], each * steps[1], *steps[1:])

    given: Sequence[Steps | None] = fixed
    chosen: list[Steps] | None = None
    covered = 0
    for parts in itertools.product(*(line.parts for line in lines)):
        kept, summed = _axes(e, operands, parts)
        inner = [
            operands[0],
            operands[1],
            *(o._replace(steps=along(o.steps)) for o in operands[2:]),
        ]
        c = contraction_of(e, kept, summed, inner, after)
        periods = [1, 1, *(part.period for part in parts)]

        def in_part(steps: Steps, periods: Sequence[int] = periods) -> Steps:
            return along(tuple(s * p for s, p in zip(steps, periods, strict=True)))

        chosen, tiled = laid_out(c, shape, in_part, given, bits)
        given = chosen
        covered += math.prod(part.positions for part in parts)
        arrays = [(image, _distance(operands[0].steps, [p.start for p in parts]))]
        arrays.append((1, _distance(operands[1].steps, [p.tap for p in parts])))
        arrays += [(k, 0) for k in range(2, len(operands))]
        begin = [p.first for p in parts]
        arrays += [(k, _distance(s, begin)) for k, s in enumerate(chosen, len(operands))]
        calls += called(tiled, arrays, after)
    if chosen is None or covered < math.prod(shape[2:]):
        chosen = chosen or [f or contractions.contiguous_steps(shape) for f in fixed]
        calls.insert(
            0,
            filled(
                shape,
                Operand(contractions.kind_of_var(e.outvars[0]), chosen[0]),
                len(operands),
                bits,
            ),
        )
    return Plan(chosen, rooms, calls if 0 not in shape else [])


def _distance(steps: Steps, places: Sequence[int]) -> int:
    """From the first element to another place in space."""
    return sum(s * p for s, p in zip(steps[2:], places, strict=True))


def _axes(
    e: Eqn, operands: Sequence[Operand], parts: Sequence[Part]
) -> tuple[list[Axis], list[Axis]]:
    """The axes of a contraction: of images, groups, outputs, positions, and those summed over."""
    x, w = (o.steps for o in operands[:2])
    features, images = e.params["feature_group_count"], e.params["batch_group_count"]
    outputs, channels = e.inputs[1].aval.shape[:2]
    groups = features * images
    count, each = e.outvars[0].aval.shape[0], outputs // groups
    between = count * x[0] if images > 1 else channels * x[1]
    kept = [
        Axis(count, (x[0], 0)),
        Axis(groups, (between, each * w[0])),
        Axis(each, (0, w[0])),
        *(Axis(p.positions, (p.step * s, 0)) for p, s in zip(parts, x[2:], strict=True)),
    ]
    summed = [
        Axis(channels, (x[1], w[1])),
        *(
            Axis(p.taps, (p.spread * s, p.every * t))
            for p, s, t in zip(parts, x[2:], w[2:], strict=True)
        ),
    ]
    return kept, summed
