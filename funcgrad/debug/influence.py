"""The elements of its operands that a result of an operation depends on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.avals import Aval
from ..core.facts import Moves, Picks
from ..core.tracing import aval_of
from ..ops.families import Bilinear, Elementwise, Linear
from ..ops.shape import convert
from ..transforms.recording import Operation
from ..typing import Array
from .precise.choices import choice_of, moved_operands, sources_of


def influences(operation: Operation, wanted: Sequence[Any]) -> list[Any]:
    """Per operand a mask of the elements that wanted elements of the results are made of.

    Args:
        operation: the operation.
        wanted: a mask per result.

    Returns:
        A mask per operand; for integers and booleans, and where it cannot be told, of everything
        (or nothing if nothing is wanted).
    """
    prim = operation.primitive
    anything = any(w.any() for w in wanted)
    everything = [np.full(np.shape(x), anything) for x in operation.operands]
    if not anything:
        return everything
    if (fact := choice_of(prim, operation.params)) is not None:
        return _of_choice(operation, fact, wanted, everything)
    if isinstance(prim, Elementwise):
        return [folded(wanted[0], np.shape(x)) for x in operation.operands]
    if isinstance(prim, Linear | Bilinear):
        return _of_linear(operation, wanted[0], everything)
    return everything


def folded(mask: Any, shape: tuple[int, ...]) -> Any:
    """A mask of a result, seen at an operand that was broadcast."""
    lead = mask.ndim - len(shape)
    mask = mask.any(axis=tuple(range(lead)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.asarray(mask.any(axis=axes, keepdims=True))


def _of_choice(
    operation: Operation, fact: Moves | Picks, wanted: Sequence[Array], everything: list[Array]
) -> list[Array]:
    moved = moved_operands(fact, len(operation.operands))
    places = sources_of(operation.primitive, fact, operation.operands, operation.params)
    sizes = [int(np.size(x)) for x, m in zip(operation.operands, moved, strict=True) if m]
    flat = np.zeros(sum(sizes), bool)
    for at, mask in zip(places, wanted, strict=True):
        if at is not None:
            chosen = at[mask]
            flat[chosen[chosen >= 0]] = True
    found, start = list(everything), 0
    for i, (x, m) in enumerate(zip(operation.operands, moved, strict=True)):
        if m:
            size = int(np.size(x))
            found[i] = flat[start : start + size].reshape(np.shape(x))
            start += size
    return found


def _of_linear(operation: Operation, wanted: Array, everything: list[Any]) -> list[Any]:
    prim, operands = operation.primitive, operation.operands
    ct = np.asarray(wanted, np.float64)
    found = list(everything)
    for i, x in enumerate(operands):
        stand_ins = [np.ones(np.shape(y)) for y in operands]
        aval = aval_of(x)
        given: list[Any] = [Aval(aval.shape, np.dtype(np.float64)) if j == i else y
                            for j, y in enumerate(stand_ins)]  # fmt: skip
        extra = {"flagged": False} if isinstance(prim, Bilinear) else {}
        params = operation.params
        if prim is convert:
            params = {"dtype": np.dtype(np.float64)}
        result = prim.transpose(ct, *given, **extra, **params)
        result = result[i] if isinstance(prim, Bilinear) else result
        found[i] = np.asarray(result != 0)
    return found


def reached(operation: Operation, bad: Sequence[Any]) -> list[Any]:
    """Per result a mask of the elements that the marked elements of the operands get into.

    Where it cannot be told, of everything if anything is marked.
    """
    prim = operation.primitive
    anything = any(b.any() for b in bad)
    shapes = [np.shape(o) for o in operation.outputs]
    if not anything:
        return [np.zeros(s, bool) for s in shapes]
    if (fact := choice_of(prim, operation.params)) is not None:
        moved = moved_operands(fact, len(bad))
        flat = np.concatenate([b.ravel() for b, m in zip(bad, moved, strict=True) if m])
        places = sources_of(prim, fact, operation.operands, operation.params)
        return [
            np.ones(s, bool) if p is None else (p >= 0) & flat[np.maximum(p, 0)]
            for p, s in zip(places, shapes, strict=True)
        ]
    if isinstance(prim, Elementwise):
        return [np.logical_or.reduce([np.broadcast_to(b, shapes[0]) for b in bad])]
    if isinstance(prim, Linear | Bilinear):
        return [_of_linear_forward(operation, bad)]
    return [np.ones(s, bool) for s in shapes]


def _of_linear_forward(operation: Operation, bad: Sequence[Any]) -> Any:
    prim, params = operation.primitive, operation.params
    if prim is convert:
        return np.asarray(bad[0])
    total: Any = 0.0
    for i, mask in enumerate(bad):
        given = [np.ones(b.shape) for b in bad]
        given[i] = mask.astype(np.float64)
        total = total + prim.compute(tuple(given), params)
    return np.asarray(total != 0)
