"""Sliding windows: what reduces them, and what puts values where their extrema are.

A window is steps: positions and places in the window are axes of one map over the padded array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Literal, Var
from ...ops.pointwise.arithmetic import add, div
from ...ops.pointwise.comparison import equal, maximum, select
from ...ops.reductions.reducing import reduce_max, reduce_min
from ...ops.shape import convert, reduce_sum
from ..groups import Map
from .builder import Builder
from .copies import Steps, copy_into, fill, padded
from .kinds import BOOL, Kind, kind_of
from .nests import emit_nest
from .orders import Operand, laid_out
from .places import kind_of_var, size_of
from .plans import Call, Plan
from .views import contiguous_steps

_REDUCTIONS: dict[str, tuple[Any, Callable[[np.dtype], float]]] = {
    "reduce_window_max": (
        reduce_max,
        lambda t: -np.inf if t.kind == "f" else int(np.iinfo(t).min),
    ),
    "reduce_window_min": (
        reduce_min,
        lambda t: np.inf if t.kind == "f" else int(np.iinfo(t).max),
    ),
    "reduce_window_sum": (reduce_sum, lambda _: 0),
}
"""By the names of operators: the reduction of a window, and what padding holds."""


class Geometry(NamedTuple):
    """The windows of an array.

    Attributes:
        shape: of the array.
        counts: the number of positions along each axis.
        window: its shape.
        low: elements before the array, in one with room for all windows.
        gaps: from one element of the array to the next there.
        full: the shape of that.
        start: the first element of the first window there.
        strides: from one position to the next.
        spread: from one place in the window to the next.
    """

    shape: tuple[int, ...]
    counts: tuple[int, ...]
    window: tuple[int, ...]
    low: tuple[int, ...]
    gaps: tuple[int, ...]
    full: tuple[int, ...]
    start: tuple[int, ...]
    strides: tuple[int, ...]
    spread: tuple[int, ...]

    @property
    def is_plain(self) -> bool:
        """True if windows lie within the array itself."""
        return self.full == self.shape and set(self.gaps) <= {1}

    @property
    def axes(self) -> tuple[int, ...]:
        """Those of the window, behind those of positions."""
        return tuple(range(len(self.counts), 2 * len(self.counts)))

    def seen(self, steps: Sequence[int]) -> Steps:
        """The steps along positions and places in the window."""
        positions = [s * n for s, n in zip(steps, self.strides, strict=True)]
        return (*positions, *(s * n for s, n in zip(steps, self.spread, strict=True)))

    def begin(self, steps: Sequence[int]) -> int:
        """The distance of the first window from where the array with room begins."""
        return sum(s * n for s, n in zip(steps, self.start, strict=True))


def _geometry(params: dict[str, Any], shape: Sequence[int], counts: Sequence[int]) -> Geometry:
    gaps, strides, spread = (
        tuple(params[k]) for k in ("base_dilation", "window_strides", "window_dilation")
    )
    window = tuple(params["window_dimensions"])
    low = [max(0, a) for a, _ in params["padding"]]
    start = [max(0, -a) for a, _ in params["padding"]]
    ends = [
        s + (n - 1) * t + (k - 1) * d + 1
        for s, n, t, k, d in zip(start, counts, strides, window, spread, strict=True)
    ]
    held = [a + (n - 1) * g + 1 for a, n, g in zip(low, shape, gaps, strict=True)]
    full = tuple(max(a, b) for a, b in zip(ends, held, strict=True))
    return Geometry(
        tuple(shape), tuple(counts), window, tuple(low), gaps, full, tuple(start), strides, spread
    )


def takes(e: Eqn) -> bool:
    """True for arrays of numbers that are not empty, and keep their dtype."""
    every = (*e.inputs, *e.outvars)
    if any(a.aval.symbolic or a.aval.weak or not a.aval.size for a in every):
        return False
    kinds = {kind_of(a.aval.dtype) for a in every}
    return len(kinds) == 1 and not kinds & {None, BOOL}


def takes_extrema(e: Eqn) -> bool:
    """True for arrays of floats of one kind that are not empty."""
    return takes(e) and kind_of_var(e.inputs[0]).is_float


def _with_room(
    g: Geometry, source: Operand, number: int, room: int, bits: int, value: float
) -> tuple[list[tuple[int, Kind]], list[Call], Operand, tuple[int, int]]:
    """An array with room for all windows: rooms, calls, its kind and steps, where they begin."""
    if g.is_plain:
        return [], [], source, (number, g.begin(source.steps))
    size, steps, call = padded(g.shape, source, g.full, g.low, g.gaps, (number, room), bits, value)
    there = Operand(source.kind, steps)
    return [(size, source.kind)], [call], there, (room, g.begin(steps))


def _map(shape: Sequence[int], beside: Sequence[Var]) -> Map:
    group = Map(tuple(shape))
    group.beside = list(beside)
    return group


def _lanes(kind: Kind, bits: int) -> int:
    return max(1, bits // (8 * kind.size))


def planned(
    e: Eqn, operands: Sequence[Operand], fixed: Sequence[Steps | None], bits: int, _after: Any
) -> Plan:
    """The kernel of a reduction of windows."""
    reduction, outside = _REDUCTIONS[e.primitive.name]
    x, out = e.inputs[0].aval, e.outvars[0]
    g = _geometry(e.params, x.shape, out.aval.shape)
    kind = operands[0].kind
    rooms, calls, source, begin = _with_room(g, operands[0], 0, 2, bits, outside(x.dtype))
    v = Var(Aval((*g.counts, *g.window), x.dtype))
    group = _map(v.aval.shape, [v])
    group.reductions = [Eqn(reduction, [v], {"axes": g.axes}, [out])]
    plan = laid_out(group, [Operand(kind, g.seen(source.steps))], fixed, _lanes(kind, bits))

    def write(builder: Builder, names: list[str]) -> None:
        emit_nest(builder, group, plan.nest, plan.operands, names)

    calls.append(Call(_lanes(kind, bits), (begin, (1, 0)), write))
    return Plan(plan.results, rooms, calls)


# --- values at extrema ---------------------------------------------------------------------------


class _Formulas:
    """Equations over one kind of floats, as they are written into kernels."""

    def __init__(self, kind: Kind) -> None:
        self.dtype: np.dtype = kind.dtype
        self.eqns: list[Eqn] = []

    def number(self, value: float) -> Literal:
        return Literal(self.dtype.type(value), Aval((), self.dtype))

    def variable(self, shape: Sequence[int], dtype: Any = None) -> Var:
        return Var(Aval(tuple(shape), dtype or self.dtype))

    def apply(self, primitive: Any, *inputs: Any, dtype: Any = None, **params: Any) -> Var:
        shape = np.broadcast_shapes(*(a.aval.shape for a in inputs))
        out = self.variable(shape, dtype)
        self.eqns.append(Eqn(primitive, list(inputs), params, [out]))
        return out

    def hits(self, x: Var, out: Var) -> Var:
        """Where x is the extremum."""
        return self.apply(equal, x, out, dtype=np.dtype(bool))


def _nest(
    builder: Builder,
    group: Map,
    reads: Sequence[Operand],
    results: Sequence[Steps],
    names: list[str],
) -> None:
    plan = laid_out(group, reads, list(results), builder.lanes)
    emit_nest(builder, group, plan.nest, plan.operands, names)


def planned_pick(
    e: Eqn, operands: Sequence[Operand], fixed: Sequence[Steps | None], bits: int, _after: Any
) -> Plan:
    """The kernels of the mean of what t holds where x attains the extremum of its window."""
    shape, counts = e.inputs[1].aval.shape, e.outvars[0].aval.shape
    g = _geometry(e.params, shape, counts)
    kind, zero = operands[0].kind, (0,) * len(counts)
    steps = fixed[0] or contiguous_steps(counts)
    rooms, calls, x, x_begin = _with_room(g, operands[1], 1, 4, bits, np.nan)
    more, others, t, t_begin = _with_room(g, operands[0], 0, 4 + len(rooms), bits, 0)
    rooms, calls = rooms + more, calls + others
    number = 4 + len(rooms)
    rooms += [(size_of(counts), kind)] * 2
    own = contiguous_steps(counts)

    def count(builder: Builder, names: list[str]) -> None:
        f = _Formulas(kind)
        every = (*g.counts, *g.window)
        t_v, x_v, out_v = (f.variable(every) for _ in range(3))
        hit = f.hits(x_v, out_v)
        chosen = f.apply(select, hit, t_v, f.number(0))
        one = f.apply(convert, hit, dtype=kind.dtype)
        group = _map(every, [t_v, x_v, out_v])
        group.eqns = f.eqns
        group.reductions = [
            Eqn(reduce_sum, [v], {"axes": g.axes}, [f.variable(counts)]) for v in (chosen, one)
        ]
        reads = [
            Operand(kind, g.seen(t.steps)),
            Operand(kind, g.seen(x.steps)),
            Operand(kind, (*operands[2].steps, *zero)),
        ]
        _nest(builder, group, reads, [own, own], names)

    def divide(builder: Builder, names: list[str]) -> None:
        _shares(builder, kind, counts, [own, own, steps], names)

    lanes = _lanes(kind, bits)
    calls.append(Call(lanes, (t_begin, x_begin, (2, 0), (number, 0), (number + 1, 0)), count))
    calls.append(Call(lanes, ((number, 0), (number + 1, 0), (3, 0)), divide))
    return Plan([steps], rooms, calls)


def _shares(
    builder: Builder,
    kind: Kind,
    counts: Sequence[int],
    steps: Sequence[Steps],
    names: list[str],
) -> None:
    """Divide values by the number of ties, of which there is at least one."""
    f = _Formulas(kind)
    total, ties = f.variable(counts), f.variable(counts)
    share = f.apply(div, total, f.apply(maximum, ties, f.number(1)))
    group = _map(counts, [total, ties])
    group.eqns, group.outputs = f.eqns, [share]
    reads = [Operand(kind, s) for s in steps[:2]]
    _nest(builder, group, reads, [steps[2]], names)


def planned_drop(
    e: Eqn, operands: Sequence[Operand], fixed: Sequence[Steps | None], bits: int, _after: Any
) -> Plan:
    """The kernels of what adds values at the elements that attain the extremum of a window."""
    counts, shape = e.inputs[0].aval.shape, e.inputs[1].aval.shape
    g = _geometry(e.params, shape, counts)
    kind, zero = operands[0].kind, (0,) * len(counts)
    steps = fixed[0] or contiguous_steps(shape)
    rooms, calls, x, x_begin = _with_room(g, operands[1], 1, 4, bits, np.nan)
    ties, share, total = (4 + len(rooms) + k for k in range(3))
    rooms += [(size_of(counts), kind)] * 2
    own = contiguous_steps(counts)
    room_steps = steps if g.is_plain else contiguous_steps(g.full)
    if g.is_plain:
        total = 3
    else:
        rooms.append((size_of(g.full), kind))

    def count(builder: Builder, names: list[str]) -> None:
        f = _Formulas(kind)
        every = (*g.counts, *g.window)
        x_v, out_v = f.variable(every), f.variable(every)
        one = f.apply(convert, f.hits(x_v, out_v), dtype=kind.dtype)
        group = _map(every, [x_v, out_v])
        group.eqns = f.eqns
        group.reductions = [Eqn(reduce_sum, [one], {"axes": g.axes}, [f.variable(counts)])]
        reads = [Operand(kind, g.seen(x.steps)), Operand(kind, (*operands[2].steps, *zero))]
        _nest(builder, group, reads, [own], names)

    def divide(builder: Builder, names: list[str]) -> None:
        _shares(builder, kind, counts, [operands[0].steps, own, own], names)

    def spread(builder: Builder, names: list[str]) -> None:
        fill(builder, 0, g.full, Operand(kind, room_steps), names[3])
        begin = g.begin(room_steps)
        there = builder.pointer(names[3], str(begin), kind) if begin else names[3]
        one_place([*range(len(counts))], builder, [*names[:3], there])

    def one_place(axes: list[int], builder: Builder, names: list[str]) -> None:
        """Loops over the places in a window; inside, values are added at one of each window."""
        if axes:
            k, *rest = axes
            with builder.loop("0", str(g.window[k]), 1) as i:
                moved = list(names)
                for which, s in ((0, x.steps[k]), (3, room_steps[k])):
                    distance = builder.scalar(f"mul nsw i64 {i}, {s * g.spread[k]}")
                    moved[which] = builder.pointer(names[which], distance, kind)
                one_place(rest, builder, moved)
            return
        f = _Formulas(kind)
        x_v, out_v, share_v, total_v = (f.variable(counts) for _ in range(4))
        chosen = f.apply(select, f.hits(x_v, out_v), share_v, f.number(0))
        group = _map(counts, [x_v, out_v, share_v, total_v])
        group.outputs = [f.apply(add, total_v, chosen)]
        group.eqns = f.eqns
        rank = len(counts)
        every = [g.seen(x.steps)[:rank], operands[2].steps, own, g.seen(room_steps)[:rank]]
        reads = [Operand(kind, s) for s in every]
        _nest(builder, group, reads, [every[3]], [*names, names[3]])

    def cropped(builder: Builder, names: list[str]) -> None:
        at = sum(s * n for s, n in zip(room_steps, g.low, strict=True))
        there = builder.pointer(names[0], str(at), kind) if at else names[0]
        seen = tuple(s * n for s, n in zip(room_steps, g.gaps, strict=True))
        copy_into(builder, shape, Operand(kind, seen), Operand(kind, steps), [there, names[1]])

    lanes = _lanes(kind, bits)
    calls.append(Call(lanes, (x_begin, (2, 0), (ties, 0)), count))
    calls.append(Call(lanes, ((0, 0), (ties, 0), (share, 0)), divide))
    calls.append(Call(lanes, (x_begin, (2, 0), (share, 0), (total, 0)), spread))
    if not g.is_plain:
        calls.append(Call(lanes, ((total, 0), (3, 0)), cropped))
    return Plan([steps], rooms, calls)


__all__ = ["planned", "planned_drop", "planned_pick", "takes", "takes_extrema"]
