"""map: a function applied to the elements of a leading axis, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from .. import tree
from ..api.vmap import vmap
from ..core.arguments import check_function, is_integer
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..ops.shape import reshape
from ..ops.structural.indexing import index
from ..typing import Array
from .bodies import check_operands
from .loops import Body, leading_size, scan_body
from .operands import as_array

X = TypeVar("X")
Y = TypeVar("Y")


@user_facing
def map(f: Callable[[X], Y], xs: X, *, batch_size: int | None = None) -> Y:
    """Apply a function to the elements of the leading axis, one after the other.

    Args:
        f: function of one element.
        xs: pytree of arrays.
        batch_size: how many elements to map over at once, by ``vmap``; None is one, without it.

    Returns:
        The stacked results. ``vmap`` does the same at once.

    >>> map(lambda x: x**2, np.arange(3.0))
    array([0., 1., 4.])
    >>> map(lambda x: x**2, np.arange(5.0), batch_size=2)
    array([ 0.,  1.,  4.,  9., 16.])
    """
    if batch_size is None:
        return _one_by_one(f, f, xs)
    check_function(f, "map")
    if not is_integer(batch_size):
        raise TypeError(f"map: batch_size must be an int, got {describe(batch_size)}")
    if batch_size < 1:
        raise ValueError(f"map: batch_size must be at least 1, got {batch_size}")
    check_operands(xs, "map: xs")
    leaves, spec = tree.flatten(xs)
    arrays = [as_array(x) for x in leaves]
    n = leading_size(arrays, spec, None, "map")
    full = n // batch_size
    batched = vmap(f)
    if full == 0:
        return batched(xs) if n else _one_by_one(f, f, xs)
    front = tree.unflatten(spec, [_blocks(x, full, batch_size) for x in arrays])
    out = tree.map(_joined, _one_by_one(f, batched, front, f"map, batch_size={batch_size}"))
    if n % batch_size == 0:
        return out
    rest = [index(x, key=((full * batch_size, None, None),)) for x in arrays]
    return tree.map(lambda a, b: np.concatenate([a, b]), out, batched(tree.unflatten(spec, rest)))


def _one_by_one(f: Callable[..., Y], call: Callable[..., Y], xs: X, loop: str = "map") -> Y:
    def step(_: None, x: X) -> tuple[None, Y]:
        return None, call(x)

    return scan_body(Body(f, step, loop), None, xs)[1]


def _blocks(x: Array, count: int, size: int) -> Array:
    head = index(x, key=((0, count * size, None),))
    return reshape(head, shape=(count, size, *x.shape[1:]))


def _joined(x: Array) -> Array:
    return reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:]))
