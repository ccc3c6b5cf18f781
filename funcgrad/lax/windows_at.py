"""Windows of an array at indices known at run time, as ``gather`` and ``scatter`` take them.

An index has a component for some axes of the operand, where a window of it starts. The windows of
all indices become index arrays for those axes, which are brought to the front; the others are
taken whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import arrays
from ..core.blame import describe
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops.shape import broadcast_to, inverse_permutation, reshape
from ..ops.structural.indexing import index
from ..typing import Array
from .conventions import GatherScatterMode
from .operands import INTEGERS, axes_of, strong


class WindowAxes(NamedTuple):
    """What the axes of an operand and of its indices are for.

    Attributes:
        name: of the function.
        dropped: axes of the operand that windows do not have: they are of size 1.
        starts: the axis of the operand for each component of an index.
        along: axes of the operand that go along with axes of the indices.
        along_indices: those axes of the indices.
    """

    name: str
    dropped: tuple[int, ...]
    starts: tuple[int, ...]
    along: tuple[int, ...]
    along_indices: tuple[int, ...]


class Places(NamedTuple):
    """Index arrays for the leading axes of an operand whose axes are reordered.

    Attributes:
        axes: the order of the operand's axes: those with index arrays first.
        arrays: index arrays of shape (*batch, *windows along the first axes).
        batch: the shape of the indices.
        shape: the shape of what is indexed: (*batch, *windows along all axes, as ordered).
        window: the axes of ``shape`` that are windows' own, in the order of the operand's axes.
        valid: truth values of shape batch, where windows lie inside; None if all do.
    """

    axes: tuple[int, ...]
    arrays: tuple[Array, ...]
    batch: tuple[int, ...]
    shape: tuple[int, ...]
    window: tuple[int, ...]
    valid: Any


def window_axes(
    name: str, rank: int, index_rank: int, numbers: Sequence[Any], names: Sequence[str]
) -> WindowAxes:
    """The axes that dimension numbers give, checked."""
    dropped, starts, along = (
        axes_of(name, n, v, rank) for n, v in zip(names[:3], numbers[:3], strict=True)
    )
    along_indices = axes_of(name, names[3], numbers[3], index_rank)
    if len(along) != len(along_indices):
        raise ShapeError(f"{name}: {names[2]} {along} and {names[3]} {along_indices} must pair up")
    if set(dropped) & set(along) or set(starts) & set(along):
        raise ShapeError(
            f"{name}: {names[2]} {along} must be others than those of {names[0]} and {names[1]}"
        )
    return WindowAxes(name, dropped, starts, along, along_indices)


def checked_indices(name: str, indices: Any, components: int) -> Any:
    """Integers whose last axis has the components of an index."""
    found = strong(name, indices, INTEGERS)
    if not found.shape or found.shape[-1] != components:
        raise ShapeError(
            f"{name}: the last axis of the indices must have the {components} components that the "
            f"dimension numbers name, got {aval_of(found)}"
        )
    return found


def places_of(
    shape: tuple[int, ...],
    indices: Any,
    sizes: tuple[int, ...],
    axes: WindowAxes,
    mode: GatherScatterMode,
) -> Places:
    """The places of all windows of given sizes, inside of the operand."""
    rank, batch = len(shape), tuple(indices.shape[:-1])
    for i, (size, d) in enumerate(zip(sizes, shape, strict=True)):
        if not 0 <= size <= d or (size != 1 and i in (*axes.dropped, *axes.along)):
            raise ShapeError(
                f"{axes.name}: a window of size {size} does not fit axis {i} of size {d}, or that "
                "axis needs windows of size 1"
            )
    whole = [
        i for i in range(rank) if i not in (*axes.starts, *axes.along) and sizes[i] == shape[i]
    ]
    indexed = [i for i in range(rank) if i not in whole]
    starts, valid = _starts(shape, indices, sizes, axes, mode)
    inner = tuple(sizes[i] for i in indexed)
    index_arrays = []
    for k, i in enumerate(indexed):
        steps = np.arange(sizes[i]).reshape((-1,) + (1,) * (len(indexed) - k - 1))
        start = starts.get(i, 0)
        if i in starts:
            start = reshape(start, shape=(*start.shape, *(1,) * len(indexed)))
            steps = arrays.like(start, steps)
        index_arrays.append(broadcast_to(np.add(start, steps), (*batch, *inner)))
    order = (*indexed, *whole)
    own = [i for i in range(rank) if i not in (*axes.dropped, *axes.along)]
    return Places(
        order,
        tuple(index_arrays),
        batch,
        (*batch, *inner, *(shape[i] for i in whole)),
        tuple(len(batch) + order.index(i) for i in own),
        valid,
    )


def _starts(
    shape: tuple[int, ...],
    indices: Any,
    sizes: tuple[int, ...],
    axes: WindowAxes,
    mode: GatherScatterMode,
) -> tuple[dict[int, Any], Any]:
    """Where windows start along the axes that are indexed, moved inside; whether they lay there."""
    batch = tuple(indices.shape[:-1])
    wide = indices.astype(np.int64) if indices.dtype != np.int64 else indices
    front = ((None, None, None),) * len(batch)
    starts: dict[int, Any] = {}
    valid: Any = None
    for k, i in enumerate(axes.starts):
        start = index(wide, key=(*front, k))
        if mode is not GatherScatterMode.PROMISE_IN_BOUNDS:
            last = shape[i] - sizes[i]
            inside = np.clip(start, 0, last)
            if mode is not GatherScatterMode.CLIP:
                there = np.equal(start, inside)
                valid = there if valid is None else np.logical_and(valid, there)
            start = inside
        starts[i] = start
    for i, a in zip(axes.along, axes.along_indices, strict=True):
        if shape[i] != batch[a]:
            raise ShapeError(
                f"{axes.name}: axis {i} of size {shape[i]} goes along with axis {a} of the "
                f"indices, of size {batch[a]}"
            )
        counts = np.arange(batch[a]).reshape((-1,) + (1,) * (len(batch) - a - 1))
        starts[i] = broadcast_to(counts, batch)
    if type(valid) in (np.ndarray, np.bool) and valid.all():
        valid = None
    return starts, valid


def check_mode(mode: Any) -> GatherScatterMode:
    """The mode that a name or a member of the enumeration stands for."""
    return GatherScatterMode.from_any(mode)


def check_numbers(name: str, numbers: Any, kind: type) -> None:
    """Raise unless dimension numbers are of their class."""
    if not isinstance(numbers, kind):
        raise TypeError(
            f"{name}: dimension_numbers must be {kind.__name__}(...), got {describe(numbers)}"
        )


def window_order(window: Sequence[int], rank: int, batch: int) -> tuple[int, ...]:
    """All axes of what is indexed: the batch, the windows' own axes, then those of size 1."""
    rest = [i for i in range(batch, rank) if i not in window]
    return (*range(batch), *window, *rest)


def placed(own: Sequence[int], batch: int, places: Sequence[int]) -> tuple[int, ...]:
    """The permutation from (*batch, *own axes) to a result with the own ones at given places."""
    total = batch + len(own)
    order = [i for i in range(total) if i not in places]
    return inverse_permutation((*order, *places))
