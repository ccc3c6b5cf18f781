"""Bounds of unknowns, given for pytrees or as SciPy takes them, as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...core.blame import describe
from ...core.tracing import Tracer, aval_of
from ...errors import ShapeError, TreeError
from ...numpy.protocol import as_operand
from ...ops.shape import cast
from ...typing import Array, PyTree
from .vectors import Vectors


class Box(NamedTuple):
    """Bounds of a vector; SciPy may be asked to stay inside of them at all steps."""

    lower: Array
    upper: Array
    keep_feasible: Any = False


def as_box(name: str, bounds: Any, vectors: Vectors, pairs: bool = True) -> Box | None:
    """Bounds as vectors.

    They are None, SciPy's Bounds, a pair (lower, upper) each of which is None, a number, or a
    pytree like x0; or, with ``pairs`` and where x0 is a vector, pairs of numbers or None, one for
    each element.
    """
    if bounds is None:
        return None
    if vectors.is_complex:
        raise TypeError(f"{name}: complex unknowns have no bounds")
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        lower, upper = (_unpacked(x) for x in (bounds.lb, bounds.ub))
        keep = np.asarray(getattr(bounds, "keep_feasible", False))
        return Box(
            _side(name, "lb", lower, -np.inf, vectors),
            _side(name, "ub", upper, np.inf, vectors),
            keep if keep.size == vectors.size else bool(np.any(keep)),
        )
    if pairs and _is_pairs(bounds, vectors):
        low = [-np.inf if a is None else a for a, _ in bounds]
        high = [np.inf if b is None else b for _, b in bounds]
        return Box(_stacked(low, vectors), _stacked(high, vectors))
    if isinstance(bounds, tuple | list) and len(bounds) == 2:
        return Box(
            _side(name, "lower", bounds[0], -np.inf, vectors),
            _side(name, "upper", bounds[1], np.inf, vectors),
        )
    raise TypeError(
        f"{name}: bounds must be a pair (lower, upper) of numbers or of pytrees like x0, pairs for "
        f"all elements of a vector, or scipy.optimize.Bounds; got {describe(bounds)}"
    )


def _is_pairs(bounds: Any, vectors: Vectors) -> bool:
    """Whether there is one pair of numbers for each element of a vector, as SciPy takes them."""
    one = len(vectors.avals) == 1 and len(vectors.avals[0].shape) == 1
    if not one or not isinstance(bounds, Sequence | np.ndarray) or len(bounds) != vectors.size:
        return False
    return all(_is_pair(x) for x in bounds)


def _is_pair(x: Any) -> bool:
    if isinstance(x, np.ndarray | Tracer):
        return tuple(x.shape) == (2,)
    return isinstance(x, tuple | list) and len(x) == 2


def _stacked(values: Sequence[Any], vectors: Vectors) -> Array:
    return cast(np.stack([as_operand(x) for x in values]), vectors.dtype)


def _unpacked(side: Any) -> Any:
    """SciPy's Bounds make an array of objects of a pytree."""
    if isinstance(side, np.ndarray) and side.dtype == object and side.size == 1:
        return side.item()
    return side.reshape(()) if isinstance(side, np.ndarray) and side.size == 1 else side


def _side(name: str, which: str, side: PyTree, infinite: float, vectors: Vectors) -> Array:
    """Lower or upper bounds as a vector."""
    if side is None:
        return np.full(vectors.size, infinite, vectors.dtype)
    leaves = tree.leaves(side)
    alone = leaves[0] is side if leaves else False
    if tree.structure(side) == vectors.spec:
        pass
    elif alone and aval_of(side).shape == (vectors.size,):
        return cast(as_operand(side), vectors.dtype)
    elif alone and not aval_of(side).shape:
        leaves = leaves * len(vectors.avals)
    elif len(vectors.avals) == 1 and isinstance(side, list | tuple):
        leaves = [np.asarray(side)]
    else:
        raise TreeError(
            f"{name}: the {which} bounds must be a number or have the structure of x0, "
            f"{vectors.spec}; got {tree.structure(side)}"
        )
    filled = []
    for x, a in zip(leaves, vectors.avals, strict=True):
        shape = aval_of(x).shape
        try:
            fits = np.broadcast_shapes(shape, a.shape) == a.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(f"{name}: {which} bounds of shape {shape} for unknowns of {a.shape}")
        filled.append(np.broadcast_to(as_operand(x), a.shape))
    return vectors.ravel(tree.unflatten(vectors.spec, filled))
