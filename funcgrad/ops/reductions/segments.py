"""Reductions of the rows of an array by segments, which numbers say for each row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer, aval_of
from ...errors import ConcretizationError, ShapeError
from ...typing import Array, ArrayLike
from ..pointwise.comparison import select
from ..shape import cast, definite, reduce_sum, reshape
from ..structural.gather import scatter, scatter_add
from ..structural.indexing import index
from .reducing import reduce_max, reduce_min, reduce_prod

_MODES = {
    None: "drop", "drop": "drop", "fill": "drop", "FILL_OR_DROP": "drop", "ONE_HOT": "drop",
    "clip": "clip", "CLIP": "clip", "promise_in_bounds": "promise",
    "PROMISE_IN_BOUNDS": "promise",
}  # fmt: skip
"""What becomes of rows without a segment, by names of modes and members of an enumeration."""


@user_facing
def segment_sum(
    data: ArrayLike,
    segment_ids: ArrayLike,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
) -> Array:
    """Sums of the rows that belong to one segment.

    Args:
        data: array; its rows lie along the first axis.
        segment_ids: the number of the segment of each row, a vector of integers.
        num_segments: how many segments there are; None is the largest number and one more, which
            needs the values of ``segment_ids``.
        indices_are_sorted: ignored.
        unique_indices: ignored.
        bucket_size: reduce so many rows at a time, and then their results, which rounds less.
        mode: None or "drop" leaves out rows whose number is no segment's; "clip" gives them to the
            nearest; "promise_in_bounds" says that there are none.

    Returns:
        An array of shape (num_segments, *data.shape[1:]); 0 where a segment has no rows.

    Raises:
        ShapeError: there is not one number for each row.
        TypeError: the data are truth values, whose sum would be none; convert them to integers.
        ConcretizationError: num_segments is None, and the numbers are traced.

    >>> segment_sum(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 0]), num_segments=3)
    array([4., 0., 2.])
    """
    return _by_segments("segment_sum", data, segment_ids, num_segments, bucket_size, mode, "add")


@user_facing
def segment_prod(
    data: ArrayLike,
    segment_ids: ArrayLike,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
) -> Array:
    """Products of the rows of each segment, 1 where there are none; see ``segment_sum``.

    >>> segment_prod(np.array([4.0, 2.0, 3.0]), np.array([0, 2, 0]), num_segments=3)
    array([12.,  1.,  2.])
    """
    return _by_segments("segment_prod", data, segment_ids, num_segments, bucket_size, mode, "mul")


@user_facing
def segment_max(
    data: ArrayLike,
    segment_ids: ArrayLike,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
) -> Array:
    """The largest rows of each segment; see ``segment_sum``.

    A segment without rows has the lowest value of the type: minus infinity of floats. Of equal
    rows each has its share of the derivative.

    >>> segment_max(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 0]), num_segments=3)
    array([  3., -inf,   2.])
    """
    return _by_segments("segment_max", data, segment_ids, num_segments, bucket_size, mode, "max")


@user_facing
def segment_min(
    data: ArrayLike,
    segment_ids: ArrayLike,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
) -> Array:
    """The smallest rows of each segment; see ``segment_sum``.

    A segment without rows has the highest value of the type: infinity of floats. Of equal rows
    each has its share of the derivative.

    >>> segment_min(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 0]), num_segments=3)
    array([ 1., inf,  2.])
    """
    return _by_segments("segment_min", data, segment_ids, num_segments, bucket_size, mode, "min")


# --- what a segment starts from, and how rows are taken in -------------------------------------

_REDUCING = {"add": reduce_sum, "mul": reduce_prod, "max": reduce_max, "min": reduce_min}


def _start(op: str, dtype: np.dtype) -> Any:
    """The value of a segment without rows."""
    if op == "mul":
        return 1
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if op == "max" else np.iinfo(dtype).max
    if dtype.kind == "b":
        return op == "min"
    return -np.inf if op == "max" else np.inf


def _by_segments(
    name: str,
    data: ArrayLike,
    segment_ids: ArrayLike,
    num_segments: int | None,
    bucket_size: int | None,
    mode: Any,
    op: str,
) -> Array:
    x, at = _as_array(data), _as_array(segment_ids)
    _check(name, x, at)
    n = _count(name, at, num_segments)
    how = _mode(name, mode)
    at = cast(at, np.dtype(np.intp))
    if how == "clip":
        at = select(at < 0, 0, select(at < n, at, n - 1))
    inside = (at >= 0) & (at < n)
    buckets = 1
    if bucket_size is not None:
        _positive(name, "bucket_size", bucket_size)
        buckets = max(1, -(-x.shape[0] // int(bucket_size)))
        at = at + like(at, np.arange(x.shape[0]) // int(bucket_size) * n)
    # Rows without a segment go to one more, which is cut off again.
    at = select(inside, at, buckets * n)
    shape = (buckets * n + 1, *x.shape[1:])
    if op == "add":
        out = scatter_add(x, at, shape=shape)
    else:
        out = scatter(like(at, np.full(shape, _start(op, x.dtype), x.dtype)), x, at, op=op)
    out = index(out, key=((0, buckets * n, None),))
    if buckets == 1:
        return out
    return _REDUCING[op](reshape(out, shape=(buckets, n, *x.shape[1:])), axes=(0,))


def _as_array(x: Any) -> Array:
    return definite(x) if isinstance(x, Tracer) or hasattr(x, "dtype") else np.asarray(x)


def _check(name: str, x: Array, at: Array) -> None:
    if at.dtype.kind not in "iu":
        raise TypeError(f"{name}: segment_ids must be integers, got {aval_of(at)}")
    if x.dtype.kind not in "biufc" or (x.dtype.kind == "c" and name[-3:] in ("max", "min")):
        raise TypeError(f"{name}: data must be numbers that it can reduce, got {aval_of(x)}")
    if x.dtype.kind == "b" and name in ("segment_sum", "segment_prod"):
        raise TypeError(
            f"{name}: data must be numbers, got {aval_of(x)}; convert them to integers to count "
            "them, or use segment_max or segment_min for any or all of them"
        )
    if len(at.shape) != 1 or not x.shape or x.shape[0] != at.shape[0]:
        raise ShapeError(
            f"{name}: segment_ids need one number for each row of data; got shapes "
            f"{tuple(at.shape)} and {tuple(x.shape)}"
        )


def _count(name: str, at: Array, num_segments: int | None) -> int:
    if num_segments is not None:
        if not is_integer(num_segments):
            raise TypeError(f"{name}: num_segments must be an int, got {describe(num_segments)}")
        if num_segments < 0:
            raise ValueError(f"{name}: num_segments must not be negative, got {num_segments}")
        return int(num_segments)
    if at.shape[0] == 0:
        return 0
    try:
        return max(0, int(at.max()) + 1)
    except ConcretizationError as error:
        raise ConcretizationError(
            f"{name}: how many segments there are depends on values that are traced; "
            "give num_segments="
        ) from error


def _positive(name: str, argument: str, value: Any) -> None:
    if not is_integer(value):
        raise TypeError(f"{name}: {argument} must be an int, got {describe(value)}")
    if value < 1:
        raise ValueError(f"{name}: {argument} must be positive, got {value}")


def _mode(name: str, mode: Any) -> str:
    key = getattr(mode, "name", mode)
    if (key is not None and not isinstance(key, str)) or key not in _MODES:
        raise ValueError(
            f'{name}: mode must be None, "drop", "clip" or "promise_in_bounds", got '
            f"{describe(mode)}"
        )
    return _MODES[key]
