"""Operators that only move or choose elements, seen as maps of places.

Such an operator is run on numbers that stand for the elements: their places where it moves them,
their ranks where it picks them by size. What comes out says where every result has been.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...core.dtypes import is_floating
from ...core.facts import Moves, Picks
from ...core.primitive import Primitive
from ...typing import Array, ArrayLike

ZERO = -1
"""The place of a result that is a zero from nowhere."""


def choice_of(primitive: Primitive, params: Mapping[str, Any]) -> Moves | Picks | None:
    """The fact of an operator whose results are elements of its operands; None of others."""
    fact = primitive.elements
    if not isinstance(fact, Moves | Picks):
        return None
    return fact if fact.holds is None or fact.holds(params) else None


def moved_operands(fact: Moves | Picks, count: int) -> list[bool]:
    """For each operand, whether it holds elements that the operator moves."""
    moved = [True] * count
    moved[fact.where] = [False] * len(moved[fact.where])
    return moved


def sources_of(
    primitive: Primitive,
    fact: Moves | Picks,
    operands: Sequence[ArrayLike],
    params: dict[str, Any],
    errors: Callable[[], Sequence[Array]] | None = None,
) -> list[Array | None]:
    """The places that the results come from.

    Args:
        primitive: the operator.
        fact: what ``choice_of`` says of it.
        operands: its operands.
        params: its parameters.
        errors: what the elements of moved operands are more than operands say, which tells apart
            those that are equal.

    Returns:
        Per result an array of places among the elements of the moved operands, one operand after
        the other; ``ZERO`` for a zero that the operator fills in, and other numbers below it for
        another filling. None for a result of integers that says where.
    """
    stand_ins = list(operands)
    places = [i for i, m in enumerate(moved_operands(fact, len(operands))) if m]
    values = [np.asarray(operands[i]) for i in places]
    flat = np.concatenate([v.ravel() for v in values])
    order = np.arange(flat.size)
    if isinstance(fact, Picks):
        order = np.argsort(flat, kind="stable")
        if errors is not None and flat.dtype.kind == "f" and np.any(np.diff(flat[order]) == 0):
            order = np.lexsort((np.concatenate([np.ravel(e) for e in errors()]), flat))
    ranks = np.empty(flat.size)
    ranks[order] = np.arange(1.0, flat.size + 1)
    start = 0
    for i, v in zip(places, values, strict=True):
        stand_ins[i] = ranks[start : start + v.size].reshape(v.shape)
        start += v.size
    with np.errstate(all="ignore"):
        outs = primitive.compute(tuple(stand_ins), params)
    back = np.concatenate([[ZERO], order]).astype(np.int64)
    found: list[Any] = []
    for out in outs if primitive.multiple else (outs,):
        numbers = np.asarray(out)
        if not is_floating(numbers.dtype):
            found.append(None)
            continue
        known = (numbers >= 0) & (numbers <= flat.size)
        at = np.where(known, numbers, 0).astype(np.int64)
        found.append(np.where(known, back[at], ZERO - 1))
    return found
