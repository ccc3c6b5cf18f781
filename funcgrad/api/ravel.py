"""Pytrees as flat vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from .. import tree
from ..core.dtypes import result_type
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError
from ..ops.shape import cast, reshape
from ..ops.structural.joining import concatenate
from ..typing import Array

T = TypeVar("T")


@user_facing
def ravel_pytree(pytree: T) -> tuple[Array, Callable[[Array], T]]:
    """A pytree of arrays as one vector, and the function that undoes it.

    Args:
        pytree: pytree of arrays and scalars.

    Returns:
        (vector, unravel): the leaves, promoted to one dtype and joined; ``unravel`` takes a vector
        of that length back to the structure, shapes and dtypes.

    >>> vector, unravel = ravel_pytree({"a": np.ones(2), "b": 3.0})
    >>> vector
    array([1., 1., 3.])
    """
    leaves, spec = tree.flatten(pytree)
    avals = [aval_of(x) for x in leaves]
    if not leaves:
        return np.zeros(0), lambda _: tree.unflatten(spec, [])
    dtype = result_type(*[a.dtype for a in avals])
    parts = [reshape(cast(x, dtype), shape=(a.size,)) for x, a in zip(leaves, avals, strict=True)]
    vector = concatenate(*parts, axis=0)
    total = sum(a.size for a in avals)

    def unravel(v: Array) -> T:
        if tuple(np.shape(v)) != (total,):
            raise ShapeError(f"unravel needs a vector of length {total}, got shape {np.shape(v)}")
        out: list[Array] = []
        start = 0
        for a in avals:
            part = cast(reshape(v[start : start + a.size], shape=a.shape), a.dtype)
            out.append(part if isinstance(part, Tracer) else part.copy())
            start += a.size
        return tree.unflatten(spec, out)

    return vector, unravel
