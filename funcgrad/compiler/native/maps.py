"""Elementwise equations on values in registers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Literal, Var
from ...equality import exact_key
from ...ops.shape import convert
from ..groups import Map
from ..passes.share import atom_key
from .builder import Builder, Number, Value
from .kinds import Kind, kind_of
from .operations import computed


def _kind(dtype: Any) -> Kind:
    found = kind_of(dtype)
    assert found is not None
    return found


def evaluate(builder: Builder, eqns: Sequence[Eqn], *copies: dict[Any, Value]) -> None:
    """Compute equations on values, in place; on several copies of them in turn.

    Copies do not wait for each other, so that a processor computes both at a time.
    """

    def operand(known: dict[Any, Value], a: Any) -> Number:
        if type(a) is not Literal:
            return known[a]
        if a.aval.weak:
            return a.value  # type: ignore[no-any-return]
        return builder.constant(a.value, _kind(a.aval.dtype))

    for e in eqns:
        out = e.outvars[0]
        kind = _kind(out.aval.dtype)
        for known in copies:
            found = computed(builder, e.primitive, [operand(known, a) for a in e.inputs])
            known[out] = builder.value(found, kind)


def key_of(group: Map) -> Hashable:
    """All that the kernel of a map depends on beside where operands are; None if it is not known.

    Maps that do the same with other variables have the same key.
    """
    number: dict[Any, Hashable] = {v: k for k, v in enumerate(group.inputs)}
    rows: list[Hashable] = [(v.aval.shape, v.aval.dtype, v.aval.weak) for v in group.inputs]
    for e in (*group.eqns, *group.reductions):
        ins = tuple(
            [(atom_key(a), a.aval.weak) if type(a) is Literal else number[a] for a in e.inputs]
        )
        out = e.outvars[0]
        number[out] = len(number)
        params = tuple([(k, exact_key(v)) for k, v in e.params.items()])
        rows.append((e.primitive, ins, params, out.aval.shape, out.aval.dtype, out.aval.weak))
    key = (group.shape, tuple(rows), tuple([number[v] for v in group.outputs]))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def copying(shape: tuple[int, ...], kind: Kind, wanted: Kind) -> Map:
    """The map that copies an array, as numbers of a kind."""
    v = w = Var(Aval(shape, kind.dtype))
    group = Map(shape)
    if kind is not wanted:
        w = Var(Aval(shape, wanted.dtype))
        group.eqns = [Eqn(convert, [v], {"dtype": wanted.dtype}, [w])]
    group.beside, group.outputs = [v], [w]
    return group


def combining(operator: Any, shape: tuple[int, ...], kind: Kind) -> Map:
    """The map that applies an operator to two arrays of a kind."""
    x, y, out = (Var(Aval(shape, kind.dtype)) for _ in range(3))
    group = Map(shape)
    group.eqns = [Eqn(operator, [x, y], {}, [out])]
    group.beside, group.outputs = [x, y], [out]
    return group


def reducing_first(e: Eqn, shape: tuple[int, ...]) -> Map:
    """The map that reduces partial results of a reduction, along their first axis."""
    x = Var(Aval(shape, e.outvars[0].aval.dtype))
    group = Map(shape)
    group.beside = [x]
    group.reductions = [Eqn(e.primitive, [x], {**e.params, "axes": (0,)}, [e.outvars[0]])]
    return group
