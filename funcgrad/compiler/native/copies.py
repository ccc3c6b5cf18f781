"""Copies of arrays with padding around, and gaps between, their elements."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.avals import Aval
from ...core.jaxpr import Var
from ..groups import Map
from .builder import Builder
from .kinds import Kind
from .nests import emit_nest
from .orders import Operand, laid_out
from .places import size_of
from .plans import Call

Steps = tuple[int, ...]


def _lanes(kind: Kind, bits: int) -> int:
    return max(1, bits // (8 * kind.size))


def copy_into(
    builder: Builder, shape: Sequence[int], source: Operand, target: Operand, names: Sequence[str]
) -> None:
    """Copy an array to one of the same shape; names are those of their addresses."""
    v = Var(Aval(tuple(shape), source.kind.dtype))
    group = Map(tuple(shape))
    group.beside = group.outputs = [v]
    plan = laid_out(group, [source], [target.steps], builder.lanes)
    emit_nest(builder, group, plan.nest, plan.operands, names)


def fill(builder: Builder, value: float, shape: Sequence[int], target: Operand, name: str) -> None:
    """Write one number to all of an array."""
    kind = target.kind
    lanes, builder.lanes = builder.lanes, 1
    one = builder.scalar(f"alloca {kind.memory}", "one")
    builder.store(builder.constant(value, kind), one)
    builder.lanes = lanes
    copy_into(builder, shape, Operand(kind, (0,) * len(shape)), target, [one, name])


def filled(shape: Sequence[int], target: Operand, number: int, bits: int) -> Call:
    """A call that writes zeros to all of an array."""

    def write(builder: Builder, names: list[str]) -> None:
        fill(builder, 0, shape, target, names[0])

    return Call(_lanes(target.kind, bits), ((number, 0),), write)


def in_order_of(steps: Sequence[int], shape: Sequence[int]) -> Steps:
    """The steps of an array whose axes lie in memory as those of one with such steps do."""
    found = [0] * len(shape)
    step = 1
    for k in sorted(range(len(shape)), key=lambda k: (abs(steps[k]), -k)):
        found[k] = step
        step *= shape[k]
    return tuple(found)


def padded(
    shape: Sequence[int],
    source: Operand,
    full: Sequence[int],
    low: Sequence[int],
    gaps: Sequence[int],
    arrays: tuple[int, int],
    bits: int,
    value: float = 0,
) -> tuple[int, Steps, Call]:
    """A copy of an array into a larger one.

    Args:
        shape: of the array.
        source: its kind and steps.
        full: the shape of the larger one.
        low: where the first element goes, along each axis.
        gaps: how far from each other elements go.
        arrays: the numbers of both.
        bits: width of vectors.
        value: what stands elsewhere.

    Returns:
        The number of elements of the larger array, its steps, and the call that makes it.
    """
    steps = in_order_of(source.steps, full)
    kind = source.kind
    start = sum(s * n for s, n in zip(steps, low, strict=True))
    inner = Operand(kind, tuple(s * g for s, g in zip(steps, gaps, strict=True)))

    def write(builder: Builder, names: list[str]) -> None:
        fill(builder, value, full, Operand(kind, steps), names[1])
        there = builder.pointer(names[1], str(start), kind) if start else names[1]
        copy_into(builder, shape, source, inner, [names[0], there])

    return size_of(full), steps, Call(_lanes(kind, bits), ((arrays[0], 0), (arrays[1], 0)), write)
