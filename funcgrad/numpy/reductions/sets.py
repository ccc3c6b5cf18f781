"""Sets of values on tracers. Their size depends on the values, so these must be concrete."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tracing import Tracer
from ...ops.shape import cast
from ..indexing.taking import take
from ..protocol import implements, promoted, strong


def _value(x: Any, name: str) -> Any:
    return (
        x.concrete(f"{name}, whose result has a size that depends on values,")
        if isinstance(x, Tracer)
        else np.asarray(x)
    )


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    ar = strong(ar)
    _, first, inverse, counts = np.unique(
        _value(ar, "np.unique"), True, True, True, axis, equal_nan=equal_nan
    )
    values = take(ar, first, axis)
    extra = [(return_index, first), (return_inverse, inverse), (return_counts, counts)]
    chosen = [part for wanted, part in extra if wanted]
    return (values, *chosen) if chosen else values


@implements(np.isin)
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Any:
    element, tests = strong(element), np.ravel(strong(test_elements))
    found = np.any(element[..., None] == tests, axis=-1)
    return ~found if invert else found


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    return unique(np.concatenate([np.ravel(strong(ar1)), np.ravel(strong(ar2))]))


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    values = np.ravel(strong(ar1)) if assume_unique else unique(ar1)
    kept = ~np.isin(_value(values, "np.setdiff1d"), _value(ar2, "np.setdiff1d"))
    return take(values, np.flatnonzero(kept), 0)


@implements(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    ar1 = np.ravel(strong(ar1))
    _, first, second = np.intersect1d(
        _value(ar1, "np.intersect1d"), _value(ar2, "np.intersect1d"), assume_unique, True
    )
    values = cast(take(ar1, first, 0), promoted(ar1, strong(ar2)))
    return (values, first, second) if return_indices else values
