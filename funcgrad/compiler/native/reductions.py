"""Kernels of reductions: sums, products and extrema over axes of contiguous arrays.

Several vectors of partial results run side by side, so that a sum's error grows like that of a
pairwise one. Their number is that of the kernel, not of threads or of what else is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.jaxpr import Eqn
from .builder import Builder, Value
from .kinds import Kind, kind_of
from .operations import larger, smaller

ACCUMULATORS = 4
"""Vectors of partial results."""


class Reduction(NamedTuple):
    """How two partial results are combined, and the one to begin with; None: with elements."""

    combine: Callable[[Builder, Value, Value], Value]
    neutral: Callable[[np.dtype], Any] | None


def _lowest(dtype: np.dtype) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: np.dtype) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


REDUCTIONS: dict[str, Reduction] = {
    "reduce_sum": Reduction(lambda b, x, y: x + y, lambda _dtype: 0),
    "reduce_prod": Reduction(lambda b, x, y: x * y, lambda _dtype: 1),
    "reduce_max": Reduction(larger, _lowest),
    "reduce_min": Reduction(smaller, _highest),
}
"""By the names of operators."""


def takes(e: Eqn) -> bool:
    """True if there is a kernel for a reduction: its axes lie side by side, its dtype stays."""
    if e.primitive.name not in REDUCTIONS or e.inputs[0].aval.symbolic:
        return False
    x, out = e.inputs[0].aval, e.outvars[0].aval
    kind = kind_of(x.dtype)
    if kind is None or kind.char == "?" or out.dtype != x.dtype or x.weak or out.weak:
        return False
    return layout(x.shape, e.params["axes"]) is not None


def layout(shape: Sequence[int], axes: Sequence[int]) -> tuple[int, int, int] | None:
    """The sizes (outer, reduced, inner) of an array of which axes side by side are reduced."""
    real = sorted(i for i in axes if shape[i] != 1)
    if not real:
        return int(np.prod(shape, dtype=np.int64)), 1, 1
    first, last = real[0], real[-1]
    if any(shape[i] != 1 and i not in real for i in range(first, last + 1)):
        return None
    sizes = shape[:first], shape[first : last + 1], shape[last + 1 :]
    outer, reduced, inner = (int(np.prod(s, dtype=np.int64)) for s in sizes)
    return outer, reduced, inner


def emit_reduction(
    builder: Builder, e: Eqn, sources: Sequence[str], targets: Sequence[str]
) -> None:
    """Reduce the array at one address into that at another."""
    (source,), (target,) = sources, targets
    kind = kind_of(e.outvars[0].aval.dtype)
    sizes = layout(e.inputs[0].aval.shape, e.params["axes"])
    assert kind is not None
    assert sizes is not None
    outer, reduced, inner = sizes
    found = REDUCTIONS[e.primitive.name]
    assert found.neutral is not None
    neutral = builder.constant(found.neutral(kind.dtype), kind)
    if not outer or not inner:
        return
    with builder.loop("0", str(outer), 1) as i:
        rows = builder.scalar(f"mul nsw i64 {i}, {reduced * inner}")
        row = builder.pointer(source, rows, kind)
        if inner == 1:
            total = _along_row(builder, found, neutral, row, reduced, kind)
            _store_one(builder, total, builder.pointer(target, i, kind), kind)
        else:
            place = builder.scalar(f"mul nsw i64 {i}, {inner}")
            out = builder.pointer(target, place, kind)
            _down_columns(builder, found, neutral, row, out, reduced, inner, kind)


def _along_row(
    builder: Builder, how: Reduction, neutral: Value, row: str, count: int, kind: Kind
) -> str:
    """The register of the reduction of numbers side by side."""
    lanes = builder.lanes
    block = lanes * ACCUMULATORS
    whole = count - count % block
    partial = [neutral] * ACCUMULATORS
    if whole:
        with builder.loop_with("0", str(whole), block, partial) as (i, state):
            for k in range(ACCUMULATORS):
                at = i if not k else builder.scalar(f"add nsw i64 {i}, {k * lanes}")
                x = builder.load(builder.pointer(row, at, kind), kind)
                state[k] = how.combine(builder, state[k], x)
        partial = state
    for k, start in enumerate(range(whole, count, lanes)):
        mask = None
        if start + lanes > count:
            mask = builder.lanes_below(str(start), str(count))
        x = builder.load(builder.pointer(row, str(start), kind), kind, mask)
        x = x if mask is None else builder.select(mask, x, neutral)
        partial[k] = how.combine(builder, partial[k], x)
    while len(partial) > 1:
        partial = [
            how.combine(builder, a, b) for a, b in zip(partial[::2], partial[1::2], strict=True)
        ]
    return _across_lanes(builder, how, partial[0])


def _across_lanes(builder: Builder, how: Reduction, x: Value) -> str:
    """The register of the combination of all lanes, halves with halves."""
    n, t = builder.lanes, builder.type(x.kind)
    while n > 1:
        n //= 2
        order = [k + n if k < n else k for k in range(builder.lanes)]
        places = "<" + ", ".join(f"i32 {k}" for k in order) + ">"
        i32s = f"<{builder.lanes} x i32>"
        other = builder.instruction(
            f"shufflevector {t} {x.text}, {t} poison, {i32s} {places}", x.kind
        )
        x = how.combine(builder, x, other)
    if builder.lanes == 1:
        return x.text
    return builder.scalar(f"extractelement {t} {x.text}, i64 0")


def _store_one(builder: Builder, register: str, address: str, kind: Kind) -> None:
    builder.emit(f"store {kind.memory} {register}, ptr {address}, align {kind.size}")


def _down_columns(
    builder: Builder,
    how: Reduction,
    neutral: Value,
    block: str,
    out: str,
    count: int,
    inner: int,
    kind: Kind,
) -> None:
    """Reduce rows of ``inner`` numbers into one row, a few vectors of columns at a time."""
    lanes = builder.lanes

    def columns(start: str, vectors: int, mask: Value | None) -> None:
        places = [
            start if not k else builder.scalar(f"add nsw i64 {start}, {k * lanes}")
            for k in range(vectors)
        ]
        state = [neutral] * vectors
        with builder.loop_with("0", str(count), 1, state) as (i, found):
            row = builder.scalar(f"mul nsw i64 {i}, {inner}")
            line = builder.pointer(block, row, kind)
            for k, at in enumerate(places):
                x = builder.load(builder.pointer(line, at, kind), kind, mask)
                found[k] = how.combine(builder, found[k], x)
        for at, x in zip(places, found, strict=True):
            builder.store(x, builder.pointer(out, at, kind), mask)

    step = lanes * ACCUMULATORS
    wide = inner - inner % step
    if wide:
        with builder.loop("0", str(wide), step) as at:
            columns(at, ACCUMULATORS, None)
    for start in range(wide, inner, lanes):
        whole = start + lanes <= inner
        mask = None if whole else builder.lanes_below(str(start), str(inner))
        columns(str(start), 1, mask)
