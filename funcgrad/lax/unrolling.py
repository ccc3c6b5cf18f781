"""Scans whose body does several steps at a time."""

from __future__ import annotations

from collections.abc import Sequence

from ..control.scan import scan as scan_p
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..ops.shape import reshape
from ..ops.structural.indexing import index
from ..ops.structural.joining import concatenate
from ..ops.structural.stacking import stack
from ..transforms.jaxprs import cached
from ..transforms.loop_layout import Layout
from ..transforms.staging import stage
from ..typing import Array


def scan_unrolled(
    step: Jaxpr,
    consts: Sequence[Array],
    carry: Sequence[Array],
    xs: Sequence[Array],
    length: int,
    reverse: bool,
    unroll: int,
) -> tuple[list[Array], list[Array]]:
    """The last carry and the stacked results of a scan that does ``unroll`` steps at a time.

    Steps that are left over, when the length is no multiple of them, are done one by one.
    """
    size = max(min(unroll, length), 1)
    if size == 1:
        return _scan(step, consts, carry, xs, length, reverse)
    blocks, rest = divmod(length, size)
    first, last = (rest, length) if reverse else (0, length - rest)
    layout = Layout(len(consts), len(carry))
    body = cached(
        step,
        ("unrolled", layout, size, reverse),
        lambda: _several_steps(step, layout, size, reverse),
    )
    grouped = [reshape(_rows(x, first, last), shape=(blocks, size, *x.shape[1:])) for x in xs]
    carry, ys = _scan(body, consts, carry, grouped, blocks, reverse)
    ys = [reshape(y, shape=(blocks * size, *y.shape[2:])) for y in ys]
    if not rest:
        return carry, ys
    left = (0, first) if reverse else (last, length)
    carry, others = _scan(step, consts, carry, [_rows(x, *left) for x in xs], rest, reverse)
    pairs = zip(others, ys, strict=True) if reverse else zip(ys, others, strict=True)
    return carry, [concatenate(a, b, axis=0) for a, b in pairs]


def _scan(
    step: Jaxpr,
    consts: Sequence[Array],
    carry: Sequence[Array],
    xs: Sequence[Array],
    length: int,
    reverse: bool,
) -> tuple[list[Array], list[Array]]:
    outs = scan_p(
        *consts,
        *carry,
        *xs,
        jaxpr=step,
        layout=Layout(len(consts), len(carry)),
        reverse=reverse,
        length=length,
    )
    return list(outs[: len(carry)]), list(outs[len(carry) :])


def _rows(x: Array, start: int, stop: int) -> Array:
    return x if (start, stop) == (0, x.shape[0]) else index(x, key=((start, stop, None),))


def _several_steps(step: Jaxpr, layout: Layout, size: int, reverse: bool) -> Jaxpr:
    """The jaxpr of so many steps: from consts, carry and rows of xs to carry and rows of ys."""

    def steps(*args: Array) -> list[Array]:
        known, state, xs = layout.split(args)
        rows: list[Sequence[Array]] = [()] * size
        for i in reversed(range(size)) if reverse else range(size):
            row = [index(x, key=(i,)) for x in xs]
            outs = eval_jaxpr(step, step.consts, [*known, *state, *row])
            _, state, rows[i] = layout.results.split(outs)
        return [*state, *(stack(*column) for column in zip(*rows, strict=True))]

    avals = step.in_avals
    wide = [Aval((size, *a.shape), a.dtype) for a in avals[layout.first_x :]]
    return stage(steps, [*avals[: layout.first_x], *wide], "scan")
