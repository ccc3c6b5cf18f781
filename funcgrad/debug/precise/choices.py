"""Operators that only move or choose elements, seen as maps of places.

Such an operator is run on numbers that stand for the elements: their places where it moves them,
their ranks where it picks them by size. What comes out says where every result has been.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MOVING = frozenset(
    [
        "reshape", "transpose", "broadcast_to", "rev", "index", "index_set", "concatenate",
        "split", "stack", "unstack", "note_equal_values", "gather", "select_n", "dynamic_slice",
        "dynamic_update_slice", "stop_gradient",
        "pos", "all_gather", "all_to_all", "ppermute", "window_patches",
    ]
)  # fmt: skip
"""Operators that move elements, whatever their values."""

PICKING = frozenset(
    [
        "max", "min", "fmax", "fmin", "reduce_max", "reduce_min", "sort", "top_k", "cummax",
        "cummin", "reduce_window_max", "reduce_window_min",
    ]
)  # fmt: skip
"""Operators that pick elements by their order."""

ZERO = -1
"""The place of a result that is a zero from nowhere."""


WHERE = {
    "note_equal_values": slice(1, None),
    "select_n": slice(1),
    "gather": slice(1, None),
    "scatter": slice(2, None),
    "dynamic_slice": slice(1, None),
    "dynamic_update_slice": slice(2, None),
}
"""Which operands say where; all others hold the elements."""


def moved_operands(primitive: Any, count: int) -> list[bool]:
    """Which of its operands hold the elements that an operator moves."""
    moved = [True] * count
    where = WHERE.get(primitive.name, slice(0))
    moved[where] = [False] * len(moved[where])
    return moved


def is_choice(primitive: Any, params: dict[str, Any]) -> bool:
    """Whether an operator's results are elements of its operands."""
    setting = primitive.name == "scatter" and params.get("op") == "set"
    return primitive.name in MOVING or primitive.name in PICKING or setting


def sources_of(primitive: Any, operands: Sequence[Any], params: dict[str, Any]) -> list[Any]:
    """Where the results come from.

    Args:
        primitive: an operator of which ``is_choice`` holds.
        operands: its operands.
        params: its parameters.

    Returns:
        Per result an array of places among the elements of the moved operands, one operand after
        the other; ``ZERO`` for a zero that the operator fills in, and other numbers below it for
        another filling. None for a result of integers that says where.
    """
    stand_ins = list(operands)
    places = [i for i, m in enumerate(moved_operands(primitive, len(operands))) if m]
    values = [np.asarray(operands[i]) for i in places]
    flat = np.concatenate([v.ravel() for v in values])
    order = np.arange(flat.size)
    if primitive.name in PICKING:
        order = np.argsort(flat, kind="stable")
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
        if numbers.dtype.kind != "f":
            found.append(None)
            continue
        known = (numbers >= 0) & (numbers <= flat.size)
        at = np.where(known, numbers, 0).astype(np.int64)
        found.append(np.where(known, back[at], ZERO - 1))
    return found
