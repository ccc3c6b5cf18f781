"""Functions of vectors and matrices, of stacks of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import tree
from ...api.vmap import vmap
from ...arrays import beside_each_other
from ...errors import ShapeError
from ...ops.shape import broadcast_to, reshape
from ...typing import Array


def leading_shape(name: str, arrays: list[Array], ranks: tuple[int, ...]) -> tuple[int, ...]:
    """What the leading axes of arrays broadcast to, those before the last ones of some number."""
    leads = [tuple(x.shape[: len(x.shape) - r]) for x, r in zip(arrays, ranks, strict=True)]
    try:
        return np.broadcast_shapes(*leads)
    except ValueError:
        shapes = " and ".join(str(tuple(x.shape)) for x in arrays)
        raise ShapeError(f"{name}: the leading axes of {shapes} do not broadcast") from None


def alike(name: str, arrays: list[Array], ranks: tuple[int, ...]) -> list[Array]:
    """Arrays whose leading axes are broadcast to one shape."""
    lead = leading_shape(name, arrays, ranks)
    return [
        broadcast_to(x, (*lead, *x.shape[len(x.shape) - r :]))
        for x, r in zip(beside_each_other(arrays), ranks, strict=True)
    ]


def over_stacks(
    name: str, fun: Callable[..., Any], arrays: list[Array], ranks: tuple[int, ...]
) -> Any:
    """A function of arrays of some numbers of axes, of all elements of stacks that broadcast."""
    lead = leading_shape(name, arrays, ranks)
    if not lead:
        return fun(*arrays)
    size = math.prod(lead)
    flat = [reshape(x, shape=(size, *x.shape[len(lead) :])) for x in alike(name, arrays, ranks)]
    return tree.map(lambda v: reshape(v, shape=(*lead, *v.shape[1:])), vmap(fun)(*flat))
