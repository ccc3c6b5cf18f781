"""All prefix combinations under an associative operation, in logarithmic depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from .. import tree
from ..arrays import is_gpu_array
from ..core.arguments import check_function
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError
from ..ops.shape import flip, reshape
from ..ops.structural.indexing import FULL, index
from ..ops.structural.joining import concatenate
from ..typing import Array
from .bodies import check_operands

T = TypeVar("T")


@user_facing
def associative_scan(fn: Callable[[T, T], T], elems: T, reverse: bool = False, axis: int = 0) -> T:
    """All prefix combinations under an associative operation, in logarithmic depth.

    Args:
        fn: associative function of two pytrees like ``elems``, mapped over the axis.
        elems: pytree of arrays.
        reverse: combine from the end.
        axis: the axis along which to combine.

    Returns:
        A pytree like ``elems``: element i combines elements 0 to i.

    >>> associative_scan(np.add, np.arange(5))
    array([ 0,  1,  3,  6, 10])
    """
    check_function(fn, "associative_scan")
    check_operands(elems, "associative_scan: elems")
    leaves, spec = tree.flatten(elems)
    leaves = [x if isinstance(x, Tracer) or is_gpu_array(x) else np.asarray(x) for x in leaves]
    for x in leaves:
        if not -len(x.shape) <= axis < len(x.shape):
            raise ShapeError(f"associative_scan: axis {axis} is out of range for {aval_of(x)}")
    sizes = {x.shape[axis] for x in leaves}
    if len(sizes) != 1:
        raise ShapeError(f"associative_scan: sizes along axis {axis} differ: {sorted(sizes)}")

    def combine(a: list[Array], b: list[Array]) -> list[Array]:
        return tree.leaves(fn(tree.unflatten(spec, a), tree.unflatten(spec, b)))

    def cut(xs: list[Array], start: int, stop: int | None, step: int = 1) -> list[Array]:
        return [index(x, key=(FULL,) * (axis % len(x.shape)) + ((start, stop, step),)) for x in xs]

    def turn(xs: list[Array]) -> list[Array]:
        return [flip(x, axes=(axis % len(x.shape),)) for x in xs]

    def join(xs: list[Array], ys: list[Array]) -> list[Array]:
        return [concatenate(x, y, axis=axis % len(x.shape)) for x, y in zip(xs, ys, strict=True)]

    n = sizes.pop()
    levels = [turn(leaves) if reverse else leaves]
    while n >> (len(levels) - 1) >= 2:
        xs, m = levels[-1], n >> (len(levels) - 1)
        levels.append(combine(cut(xs, 0, m - 1, 2), cut(xs, 1, None, 2)))
    result = levels.pop()
    while levels:
        xs, m = levels.pop(), n >> len(levels)
        later = combine(cut(result, 0, (m - 1) // 2), cut(xs, 2, None, 2))
        result = _interleave(join(cut(xs, 0, 1), later), result, m, axis)
    return tree.unflatten(spec, turn(result) if reverse else result)


def _interleave(even: list[Array], odd: list[Array], n: int, axis: int) -> list[Array]:
    """Elements of two lists of arrays in turn, along an axis of n in all."""
    result = []
    for a, b in zip(even, odd, strict=True):
        k = axis % len(a.shape)
        half = n // 2
        head = index(a, key=(FULL,) * k + ((0, half, None),))
        shape = (*a.shape[:k], half, 1, *a.shape[k + 1 :])
        both = concatenate(reshape(head, shape=shape), reshape(b, shape=shape), axis=k + 1)
        both = reshape(both, shape=(*a.shape[:k], 2 * half, *a.shape[k + 1 :]))
        if n % 2:
            both = concatenate(both, index(a, key=(FULL,) * k + ((half, None, None),)), axis=k)
        result.append(both)
    return result
