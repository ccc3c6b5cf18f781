"""Operators on small arrays whose elements stand in registers.

Operators that only move elements are found out by evaluating them on the elements' numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...core.facts import Moves
from ...core.jaxpr import Eqn
from ..groups import Map
from .builder import Builder, Value
from .kinds import kind_of
from .maps import evaluate
from .operations import larger, smaller
from .places import is_small, kind_of_var, size_of

Arrays: TypeAlias = Sequence[np.ndarray]
"""Arrays of values, one for each operand or result."""

MOST_PRODUCTS = 512
"""So many products of a contraction are written out."""


def _moved(builder: Builder, e: Eqn, operands: Arrays) -> list[np.ndarray]:
    """Elements where the operator's own evaluation puts their numbers; 0 stands for a zero."""
    values: list[Any] = [None]
    numbers = []
    for x in operands:
        start = len(values)
        values.extend(x.ravel().tolist())
        numbers.append(np.arange(start, len(values)).reshape(x.shape))
    found = e.primitive.evaluate(np, *numbers, **e.params)
    found = found if e.primitive.multiple else [found]
    zero = builder.constant(0, kind_of_var(e.outvars[0]))
    values[0] = zero
    return [_array([values[int(n)] for n in np.ravel(x)], np.shape(x)) for x in found]


def _array(values: Sequence[Value], shape: Sequence[int]) -> np.ndarray:
    made = np.empty(len(values), object)
    made[:] = values
    return made.reshape(shape)


def in_pairs(combine: Callable[[Any, Any], Any], values: Iterable[Any]) -> Any:
    """Many values combined, halves with halves."""
    values = list(values)
    while len(values) > 1:
        rest = values[len(values) - len(values) % 2 :]
        values = [combine(a, b) for a, b in zip(values[::2], values[1::2], strict=False)] + rest
    return values[0]


_COMBINING: dict[str, Callable[[Builder, Any, Any], Any]] = {
    "reduce_sum": lambda b, x, y: x + y,
    "reduce_prod": lambda b, x, y: x * y,
    "reduce_max": larger,
    "reduce_min": smaller,
    "reduce_or": lambda b, x, y: b.bits("or", x, y),
    "reduce_and": lambda b, x, y: b.bits("and", x, y),
}


def _reduced(builder: Builder, e: Eqn, operands: Arrays) -> list[np.ndarray]:
    x, axes = operands[0], tuple(e.params["axes"])
    combine = _COMBINING[e.primitive.name]
    kept = [i for i in range(x.ndim) if i not in axes]
    shape = [x.shape[i] for i in kept]
    rows = x.transpose(*kept, *axes).reshape(*shape, size_of([x.shape[i] for i in axes]))
    neutral = {"reduce_prod": 1, "reduce_and": 1}.get(e.primitive.name, 0)
    zero = builder.constant(neutral, kind_of_var(e.outvars[0]))
    found = [
        in_pairs(lambda a, b: combine(builder, a, b), rows[at]) if rows.shape[-1] else zero
        for at in np.ndindex(*shape)
    ]
    return [_array(found, shape)]


def _takes_reduction(e: Eqn) -> bool:
    x, out = e.inputs[0].aval, e.outvars[0].aval
    logical = e.primitive.name in ("reduce_or", "reduce_and")
    if x.dtype != out.dtype or (x.dtype == bool) is not logical:
        return False
    return bool(x.size) or e.primitive.name not in ("reduce_max", "reduce_min")


def _contracted(builder: Builder, e: Eqn, operands: Arrays) -> list[np.ndarray]:
    x, y = operands
    (lc, rc), (lb, rb) = e.params["contract"], e.params["batch"]
    lf = [i for i in range(x.ndim) if i not in lc and i not in lb]
    rf = [i for i in range(y.ndim) if i not in rc and i not in rb]
    x, y = x.transpose(*lb, *lf, *lc), y.transpose(*rb, *rf, *rc)
    shape = (*x.shape[: len(lb) + len(lf)], *y.shape[len(rb) : len(rb) + len(rf)])
    nb, nf = len(lb), len(lf)
    kind = kind_of_var(e.outvars[0])
    found = []
    for at in np.ndindex(*shape):
        batch, row, column = at[:nb], at[nb : nb + nf], at[nb + nf :]
        u, v = np.ravel(x[(*batch, *row)]), np.ravel(y[(*batch, *column)])
        found.append(_dot(builder, u, v, kind))
    return [_array(found, shape)]


def _dot(builder: Builder, u: np.ndarray, v: np.ndarray, kind: Any) -> Value:
    if not len(u):
        return builder.constant(0, kind)
    total: Value = u[0] * v[0]
    for a, b in zip(u[1:], v[1:], strict=True):
        total = builder.fma(a, b, total)
    return total


def _takes_contraction(e: Eqn) -> bool:
    x, y = (a.aval for a in e.inputs)
    out = e.outvars[0].aval
    if e.params["strong"] is not None or not x.dtype == y.dtype == out.dtype:
        return False
    size = 1
    for i in e.params["contract"][0]:
        size *= x.shape[i]
    return out.dtype.kind == "f" and out.size * size <= MOST_PRODUCTS


Rule: TypeAlias = tuple[Callable[[Eqn], bool], Callable[[Builder, Eqn, Arrays], "list[np.ndarray]"]]

_MOVING: Rule = (lambda e: True, _moved)

RULES: dict[str, Rule] = {
    "index_put": _MOVING,
    **dict.fromkeys(_COMBINING, (_takes_reduction, _reduced)),
    "dot_general": (_takes_contraction, _contracted),
}
"""By the names of operators: whether an equation is taken, and its results. Besides there are all
operators that only move elements."""


def _rule(e: Eqn) -> Rule | None:
    found = RULES.get(e.primitive.name)
    moves = e.primitive.elements
    if found is None and isinstance(moves, Moves) and moves.where == slice(0):
        return _MOVING
    return found


def takes(e: Eqn) -> bool:
    """True if an equation has a rule, and all that it reads and makes is small."""
    rule = _rule(e)
    if rule is None:
        return False
    every = (*e.inputs, *e.outvars)
    if not all(is_small(a.aval.shape) and kind_of(a.aval.dtype) for a in every):
        return False
    dtypes = {a.aval.dtype for a in every}
    return not any(a.aval.weak for a in every) and len(dtypes) == 1 and rule[0](e)


def computed(builder: Builder, e: Eqn, operands: Arrays) -> list[np.ndarray]:
    """The results of an equation with a rule."""
    rule = _rule(e)
    assert rule is not None
    return rule[1](builder, e, operands)


def elements_of_map(builder: Builder, group: Map, inputs: Arrays) -> list[np.ndarray]:
    """The outputs of a map, element by element."""
    full = [np.broadcast_to(x, group.shape) for x in inputs]
    rows: list[list[Value]] = [[] for _ in group.outputs]
    for at in np.ndindex(*group.shape):
        known: dict[Any, Any] = {v: x[at] for v, x in zip(group.inputs, full, strict=True)}
        evaluate(builder, group.eqns, known)
        for row, v in zip(rows, group.outputs, strict=True):
            row.append(known[v])
    return [_array(row, group.shape) for row in rows]


def as_array(values: Sequence[Value], shape: Sequence[int]) -> np.ndarray:
    """Values as an array of objects."""
    return _array(values, shape)


__all__ = ["as_array", "computed", "elements_of_map", "in_pairs", "takes"]
