"""Sets of values on tracers. Their size depends on the values, so these must be concrete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import like
from ...core.tracing import Tracer
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from ..indexing.taking import take
from ..protocol import as_operand, implements, promoted

FEW = 32
"""Up to so many elements all pairs are compared; more of them are sorted."""


def _value(x: ArrayLike, name: str) -> Array:
    return (
        x.concrete(f"{name}, whose result has a size that depends on values,")
        if isinstance(x, Tracer)
        else np.asarray(x)
    )


@implements(np.unique)
def unique(
    ar: ArrayLike,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Array | tuple[Array, ...]:
    """The values of an array in order, each once, and what else is asked for."""
    x = as_operand(ar)
    known = _value(x, "np.unique")
    _, first, inverse, counts = np.unique(known, True, True, True, axis, equal_nan=equal_nan)
    values = take(x, first, axis)
    extra = [(return_index, first), (return_inverse, inverse), (return_counts, counts)]
    chosen = [part for wanted, part in extra if wanted]
    return (values, *chosen) if chosen else values


def _distinct(x: Array) -> Array:
    """The values of an array, each once, in ascending order."""
    return take(x, np.unique(_value(x, "np.unique"), return_index=True)[1], None)


@implements(np.isin)
def isin(
    element: ArrayLike,
    test_elements: ArrayLike,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: str | None = None,
) -> Array:
    """True where an element is among others."""
    element, tests = as_operand(element), np.ravel(as_operand(test_elements))
    if tests.shape[0] <= FEW:
        found = np.any(element[..., None] == tests, axis=-1)
    else:
        dtype = promoted(element, tests)
        element, tests = cast(element, dtype), np.sort(cast(tests, dtype))
        places = np.minimum(np.searchsorted(tests, element), tests.shape[0] - 1)
        found = take(tests, places, 0) == element
    return ~found if invert else found


@implements(np.union1d)
def union1d(ar1: ArrayLike, ar2: ArrayLike) -> Array:
    """The values that are in either of two arrays, each once."""
    return _distinct(np.concatenate([np.ravel(as_operand(ar1)), np.ravel(as_operand(ar2))]))


@implements(np.setdiff1d)
def setdiff1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False) -> Array:
    """The values of one array that are not in another one."""
    values = np.ravel(as_operand(ar1)) if assume_unique else _distinct(as_operand(ar1))
    kept = ~np.isin(_value(values, "np.setdiff1d"), _value(ar2, "np.setdiff1d"))
    return take(values, np.flatnonzero(kept), 0)


@implements(np.intersect1d)
def intersect1d(
    ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, return_indices: bool = False
) -> Array | tuple[Array, ...]:
    """The values that are in both of two arrays, as elements of the first."""
    x = np.ravel(as_operand(ar1))
    known, others = _value(x, "np.intersect1d"), _value(ar2, "np.intersect1d")
    _, first, second = np.intersect1d(known, others, assume_unique, return_indices=True)
    values = cast(take(x, first, 0), promoted(x, as_operand(ar2)))
    return (values, first, second) if return_indices else values


@implements(np.setxor1d)
def setxor1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False) -> Array:
    """The values that are in one of two arrays only, each once."""
    x, y = np.ravel(as_operand(ar1)), np.ravel(as_operand(ar2))
    both = np.concatenate([x, y])
    known = _value(both, "np.setxor1d")
    places = like(known, np.arange(known.size))
    if not assume_unique:
        n = x.shape[0]
        parts = (np.unique(p, return_index=True)[1] for p in (known[:n], known[n:]))
        places = np.concatenate([start + p for start, p in zip((0, n), parts, strict=True)])
    places = places[np.argsort(known[places], kind="stable")]
    values = known[places]
    end = like(values, np.ones(1, bool))
    ends = np.concatenate([end, values[1:] != values[:-1], end])
    return take(both, places[ends[1:] & ends[:-1]], 0)


def _named(function: Any, *parts: bool) -> Callable[[ArrayLike], Any]:
    """One of the functions with a named tuple as result, in which every NaN is a value."""
    kind = type(function(np.zeros(1)))

    def of_values(x: ArrayLike) -> Any:
        return kind(*unique(x, *parts, equal_nan=False))

    return of_values


implements(np.unique_all)(_named(np.unique_all, True, True, True))
implements(np.unique_counts)(_named(np.unique_counts, False, False, True))
implements(np.unique_inverse)(_named(np.unique_inverse, False, True))


@implements(np.unique_values)
def unique_values(x: ArrayLike) -> Array:
    """The values of an array in order, each once; every NaN is a value."""
    return unique(x, equal_nan=False)  # type: ignore[return-value]
