"""Kernels of maps: nested loops of which the innermost one runs over vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...core.jaxpr import Eqn, Literal
from ..groups import Map
from .builder import Builder, Number, Value
from .kinds import Kind, kind_of
from .operations import computed


class Operand(NamedTuple):
    """An array of a kernel: the kind of its numbers, and its step along each axis of the loops."""

    kind: Kind
    steps: tuple[int, ...]


def steps_of(shape: Sequence[int], full: Sequence[int]) -> list[int]:
    """The steps of a contiguous array along the axes of a shape that it broadcasts to."""
    steps = [0] * len(full)
    step = 1
    for i in range(1, len(shape) + 1):
        if shape[-i] != 1:
            steps[-i] = step
        step *= shape[-i]
    return steps


def collapsed(shape: Sequence[int], operands: Sequence[Operand]) -> tuple[list[int], list[Operand]]:
    """The same loops with as few axes as possible; at least one."""
    sizes: list[int] = []
    columns: list[list[int]] = []
    for axis, n in enumerate(shape):
        if n == 1:
            continue
        column = [o.steps[axis] for o in operands]
        if sizes and all(a == b * n for a, b in zip(columns[-1], column, strict=True)):
            sizes[-1] *= n
            columns[-1] = column
        else:
            sizes.append(n)
            columns.append(column)
    if not sizes:
        sizes, columns = [1], [[0 for _ in operands]]
    return sizes, [Operand(o.kind, tuple(c[k] for c in columns)) for k, o in enumerate(operands)]


def emit_map(builder: Builder, group: Map, addresses: Sequence[str]) -> None:
    """Compute a map from arrays at addresses, those of its inputs and then its outputs."""
    variables = (*group.inputs, *group.outputs)
    operands = [
        Operand(_kind(v.aval.dtype), tuple(steps_of(v.aval.shape, group.shape))) for v in variables
    ]
    sizes, operands = collapsed(group.shape, operands)
    if all(sizes):
        _loops(builder, group, sizes, operands, addresses, 0)


def _kind(dtype: Any) -> Kind:
    found = kind_of(dtype)
    assert found is not None
    return found


def _loops(
    builder: Builder,
    group: Map,
    sizes: Sequence[int],
    operands: Sequence[Operand],
    bases: Sequence[str],
    axis: int,
) -> None:
    """The loop over an axis, and those inside of it."""
    if axis == len(sizes) - 1:
        _innermost(builder, group, sizes[-1], operands, bases)
        return
    with builder.loop("0", str(sizes[axis]), 1) as i:
        moved = []
        for o, base in zip(operands, bases, strict=True):
            step = o.steps[axis]
            if not step:
                moved.append(base)
                continue
            offset = i if step == 1 else builder.scalar(f"mul nsw i64 {i}, {step}")
            moved.append(builder.pointer(base, offset, o.kind))
        _loops(builder, group, sizes, operands, moved, axis + 1)


def _innermost(
    builder: Builder, group: Map, size: int, operands: Sequence[Operand], bases: Sequence[str]
) -> None:
    """Whole vectors, then what is left of one."""
    count = len(group.inputs)
    fixed: dict[Any, Value] = {}
    for v, o, base in zip(group.inputs, operands, bases, strict=False):
        if not o.steps[-1]:
            fixed[v] = _repeated(builder, base, o.kind)
    lanes = builder.lanes
    whole = size - size % lanes

    def body(i: str, mask: Value | None) -> None:
        known = dict(fixed)
        for v, o, base in zip(group.inputs, operands, bases, strict=False):
            if v not in known:
                known[v] = builder.load(builder.pointer(base, i, o.kind), o.kind, mask)
        evaluate(builder, group.eqns, known)
        for v, o, base in zip(group.outputs, operands[count:], bases[count:], strict=True):
            builder.store(known[v], builder.pointer(base, i, o.kind), mask)

    if whole:
        with builder.loop("0", str(whole), lanes) as i:
            body(i, None)
    if whole < size:
        body(str(whole), builder.lanes_below(str(whole), str(size)))


def _repeated(builder: Builder, base: str, kind: Kind) -> Value:
    """One number of an array in all lanes."""
    register = builder.scalar(f"load {kind.memory}, ptr {base}, align {kind.size}")
    if kind.char == "?":
        register = builder.scalar(f"icmp ne i8 {register}, 0")
    return builder.splat(register, kind)


def evaluate(builder: Builder, eqns: Sequence[Eqn], known: dict[Any, Value]) -> None:
    """Compute equations on values, in place on ``known``."""

    def operand(a: Any) -> Number:
        if type(a) is not Literal:
            return known[a]
        if a.aval.weak:
            return a.value  # type: ignore[no-any-return]
        return builder.constant(a.value, _kind(a.aval.dtype))

    for e in eqns:
        out = e.outvars[0]
        kind = _kind(out.aval.dtype)
        found = computed(builder, e.primitive, [operand(a) for a in e.inputs])
        known[out] = builder.value(found, kind)
