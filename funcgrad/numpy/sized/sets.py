"""Sets of values, of as many elements as ``size=`` says."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...arrays import like
from ...core.dtypes import is_inexact
from ...core.tracebacks import user_facing
from ...ops.pointwise.comparison import select
from ...ops.reductions.cumulative import cumsum
from ...ops.reductions.sorting import searchsorted
from ...ops.shape import cast, reshape
from ...ops.structural.argsort import argsort
from ...ops.structural.joining import concatenate
from ...typing import Array, ArrayLike
from ..indexing.taking import take
from ..protocol import as_operand, axis_of, promoted
from ..reductions import ordering
from ..reductions.sets import isin
from .places import checked_size, first_places, taken

_numpy: Any = np
_INTP = np.dtype(np.intp)


class Runs(NamedTuple):
    """An array in order, in which equal rows are neighbours.

    Attributes:
        order: where each row of it was before.
        rows: the rows in order.
        first: which of them differ from the one before.
    """

    order: Array
    rows: Array
    first: Array


def _runs(x: Array, equal_nan: bool) -> Runs:
    if len(x.shape) == 1:
        order = argsort(x, axis=0, descending=False)
    else:
        columns = reshape(x, shape=(x.shape[0], math.prod(x.shape[1:])))
        order = ordering.lexsort([columns[:, i] for i in range(columns.shape[1])[::-1]])
    rows = take(x, order, 0)
    after, before = rows[1:], rows[:-1]
    differ = after != before
    if equal_nan and is_inexact(x.dtype):
        differ = differ & ~(np.isnan(after) & np.isnan(before))
    if len(x.shape) > 1:
        differ = np.any(differ, axis=tuple(range(1, len(x.shape))))
    start = like(differ, np.ones(min(x.shape[0], 1), bool))
    return Runs(order, rows, concatenate(start, differ, axis=0))


def _flat(x: ArrayLike) -> Array:
    x = as_operand(x)
    return reshape(x, shape=(x.size,))


class _Unique(NamedTuple):
    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


def _unique(
    ar: ArrayLike, axis: int | None, equal_nan: bool, size: int, fill_value: Any
) -> _Unique:
    """All that ``unique`` can return, for a number of values."""
    size = checked_size(size, "unique")
    x = as_operand(ar)
    k = 0 if axis is None else axis_of(axis, len(x.shape))
    moved = _flat(x) if axis is None else np.moveaxis(x, k, 0)
    n = moved.shape[0]
    if not n:
        values = np.full((size, *moved.shape[1:]), 0 if fill_value is None else fill_value, x.dtype)
        none = like(x, np.zeros(size, np.intp))
        values = np.moveaxis(like(x, values), 0, k)
        return _Unique(values, none, like(x, np.zeros(x.shape, np.intp)), none)
    runs = _runs(moved, equal_nan)
    places, valid = first_places(runs.first, size)
    fill = runs.rows[0] if fill_value is None else fill_value
    values = taken(runs.rows, places, valid, fill)
    ends = concatenate(places[1:], like(places, np.full(1, n)), axis=0) if size else places
    if size:
        # The last value may have others behind it that were left out.
        behind, more = first_places(runs.first, size + 1)
        ends = select(more[1:], behind[1:], n)
    counts = select(valid, ends - places, 0)
    indices = taken(runs.order, places, valid, runs.order[0])
    numbers = cumsum(cast(runs.first, _INTP), axis=0, reverse=False) - 1
    inverse = take(numbers, argsort(runs.order, axis=0, descending=False), 0)
    inverse = reshape(inverse, shape=x.shape) if axis is None else inverse
    return _Unique(np.moveaxis(values, 0, k), indices, inverse, counts)


@user_facing
def unique(
    ar: ArrayLike,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
    size: int | None = None,
    fill_value: ArrayLike | None = None,
) -> Any:
    """The values of an array in order, each once, as ``numpy.unique``.

    Args:
        ar: array.
        return_index: also where each value is found first.
        return_inverse: also the number of its value for each element.
        return_counts: also how often each value occurs.
        axis: compare slices along this axis; None flattens the array.
        equal_nan: whether NaNs are one value.
        sorted: changes nothing, values are sorted.
        size: how many values to return, whatever they are, so that it can be staged.
        fill_value: with size, the value where there are no more; by default the smallest one.

    Returns:
        The values, and what else is asked for.

    Raises:
        ConcretizationError: without size, if the values are not known.

    >>> unique(np.array([3, 1, 3]))
    array([1, 3])
    >>> unique(np.array([3, 1, 3]), return_counts=True, size=3, fill_value=-1)
    (array([ 1,  3, -1]), array([1, 2, 0]))
    """
    if size is None:
        return _numpy.unique(
            ar, return_index, return_inverse, return_counts, axis, equal_nan=equal_nan
        )
    found = _unique(ar, axis, equal_nan, size, fill_value)
    extra = [
        (return_index, found.indices),
        (return_inverse, found.inverse_indices),
        (return_counts, found.counts),
    ]
    chosen = [part for wanted, part in extra if wanted]
    return (found.values, *chosen) if chosen else found.values


_KINDS = {
    name: type(getattr(np, name)(np.zeros(1)))
    for name in ("unique_all", "unique_counts", "unique_inverse")
}


@user_facing
def unique_all(
    x: ArrayLike, /, *, size: int | None = None, fill_value: ArrayLike | None = None
) -> Any:
    """The values of an array, each once, where each is first, its number and how often it occurs.

    Args:
        x: array.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.

    Returns:
        A named tuple (values, indices, inverse_indices, counts). Every NaN is a value of its own.

    >>> unique_all(np.array([3, 1, 3])).counts
    array([1, 2])
    """
    if size is None:
        return _numpy.unique_all(x)
    return _KINDS["unique_all"](*_unique(x, None, False, size, fill_value))


@user_facing
def unique_counts(
    x: ArrayLike, /, *, size: int | None = None, fill_value: ArrayLike | None = None
) -> Any:
    """The values of an array, each once, and how often each occurs.

    Args:
        x: array.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.

    Returns:
        A named tuple (values, counts). Every NaN is a value of its own.

    >>> unique_counts(np.array([3, 1, 3])).values
    array([1, 3])
    """
    if size is None:
        return _numpy.unique_counts(x)
    found = _unique(x, None, False, size, fill_value)
    return _KINDS["unique_counts"](found.values, found.counts)


@user_facing
def unique_inverse(
    x: ArrayLike, /, *, size: int | None = None, fill_value: ArrayLike | None = None
) -> Any:
    """The values of an array, each once, and for each element the number of its value.

    Args:
        x: array.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.

    Returns:
        A named tuple (values, inverse_indices). Every NaN is a value of its own.

    >>> unique_inverse(np.array([3, 1, 3])).inverse_indices
    array([1, 0, 1])
    """
    if size is None:
        return _numpy.unique_inverse(x)
    found = _unique(x, None, False, size, fill_value)
    return _KINDS["unique_inverse"](found.values, found.inverse_indices)


@user_facing
def unique_values(
    x: ArrayLike, /, *, size: int | None = None, fill_value: ArrayLike | None = None
) -> Array:
    """The values of an array, each once; of traced arrays in order.

    Args:
        x: array.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.

    >>> unique_values(np.array([3, 1, 3]), size=2)
    array([1, 3])
    """
    if size is None:
        return _numpy.unique_values(x)
    return _unique(x, None, False, size, fill_value).values


@user_facing
def union1d(
    ar1: ArrayLike,
    ar2: ArrayLike,
    *,
    size: int | None = None,
    fill_value: ArrayLike | None = None,
) -> Array:
    """The values that are in either of two arrays, each once.

    Args:
        ar1: array.
        ar2: array.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.

    >>> union1d(np.array([3, 1]), np.array([2, 3]), size=4, fill_value=0)
    array([1, 2, 3, 0])
    """
    if size is None:
        return _numpy.union1d(ar1, ar2)
    x, y = _both(ar1, ar2)
    return _unique(concatenate(x, y, axis=0), None, True, size, fill_value).values


def _both(ar1: ArrayLike, ar2: ArrayLike) -> tuple[Array, Array]:
    """Two arrays as vectors of one dtype."""
    x, y = _flat(ar1), _flat(ar2)
    dtype = promoted(x, y)
    return cast(x, dtype), cast(y, dtype)


@user_facing
def setdiff1d(
    ar1: ArrayLike,
    ar2: ArrayLike,
    assume_unique: bool = False,
    *,
    size: int | None = None,
    fill_value: ArrayLike | None = None,
) -> Array:
    """The values of one array that are not in another one, each once.

    Args:
        ar1: array.
        ar2: array of values to leave out.
        assume_unique: the values of ar1 differ, and stay in order.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default 0.

    >>> setdiff1d(np.array([3, 1, 2]), np.array([2]), size=3)
    array([1, 3, 0])
    """
    if size is None:
        return _numpy.setdiff1d(ar1, ar2, assume_unique)
    size = checked_size(size, "setdiff1d")
    x, others = _flat(ar1), _flat(ar2)
    if assume_unique:
        kept = ~isin(x, others)
    else:
        _, x, first = _runs(x, True)
        kept = first & ~isin(x, others)
    return taken(x, *first_places(kept, size), 0 if fill_value is None else fill_value)


@user_facing
def intersect1d(
    ar1: ArrayLike,
    ar2: ArrayLike,
    assume_unique: bool = False,
    return_indices: bool = False,
    *,
    size: int | None = None,
    fill_value: ArrayLike | None = None,
) -> Any:
    """The values that are in both of two arrays, each once.

    Args:
        ar1: array.
        ar2: array.
        assume_unique: the values of each array differ.
        return_indices: also where each value is found first in ar1 and in ar2.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.
            Indices are the lengths of the arrays there.

    >>> intersect1d(np.array([3, 1, 2]), np.array([2, 3]), size=3, fill_value=0)
    array([2, 3, 0])
    """
    if size is None:
        return _numpy.intersect1d(ar1, ar2, assume_unique, return_indices)
    size = checked_size(size, "intersect1d")
    x, y = _both(ar1, ar2)
    order, rows, first = _runs(x, True)
    places, valid = first_places(first & isin(rows, y), size)
    values = _filled(rows, places, valid, fill_value)
    if not return_indices:
        return values
    n, m = x.shape[0], y.shape[0]
    second = argsort(y, axis=0, descending=False)
    found = searchsorted(take(y, second, 0), values, side="left")
    return values, taken(order, places, valid, n), taken(second, found, valid, m)


def _filled(rows: Array, places: Array, valid: Array, fill_value: Any) -> Array:
    """Rows at places, and by default the first of them where there are no more."""
    if fill_value is None:
        fill_value = taken(rows, places[:1], valid[:1], 0)[0] if places.shape[0] else 0
    return taken(rows, places, valid, fill_value)


@user_facing
def setxor1d(
    ar1: ArrayLike,
    ar2: ArrayLike,
    assume_unique: bool = False,
    *,
    size: int | None = None,
    fill_value: ArrayLike | None = None,
) -> Array:
    """The values that are in one of two arrays only, each once.

    Args:
        ar1: array.
        ar2: array.
        assume_unique: the values of each array differ.
        size: how many values to return, whatever they are.
        fill_value: with size, the value where there are no more; by default the smallest one.

    >>> setxor1d(np.array([3, 1]), np.array([2, 3]), size=3, fill_value=0)
    array([1, 2, 0])
    """
    if size is None:
        return _numpy.setxor1d(ar1, ar2, assume_unique)
    size = checked_size(size, "setxor1d")
    x, y = _both(ar1, ar2)
    order, rows, first = _runs(concatenate(x, y, axis=0), True)
    return _filled(rows, *first_places(_of_one(order >= x.shape[0], rows, first), size), fill_value)


def _of_one(second: Array, rows: Array, first: Array) -> Array:
    """True for the first of each run of equal values that come from one of two arrays alone.

    The order of equal values is that of the arrays, so that a run has values of both if its ends
    have. Two arrays that have NaN both keep it, as in NumPy.
    """
    n = first.shape[0]
    if not n:
        return first
    run = cumsum(cast(first, _INTP), axis=0, reverse=False)
    last = take(second, searchsorted(run, run, side="right") - 1, 0)
    kept = first & (second == last)
    if rows.dtype.kind in "fc":
        before = concatenate(second[:1], second[:-1], axis=0)
        kept = kept | (np.isnan(rows) & (first | (second != before)))
    return kept
