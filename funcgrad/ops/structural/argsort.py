"""The order of the elements along an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.primitive import Case, Cases
from ...typing import Array
from ..families import General, general, sample


def _argsort_eval(xp: ArrayModule, x: Array, *, axis: int, descending: bool) -> Array:
    if not descending:
        return xp.argsort(x, axis=axis, kind="stable")
    order = xp.flip(xp.argsort(xp.flip(x, axis), axis=axis, kind="stable"), axis)
    return x.shape[axis] - 1 - order


def order_cases(dtypes: tuple[str, ...]) -> Cases:
    """Arrays to be sorted along an axis."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in dtypes:
            for axis, descending in ((0, False), (1, True)):
                yield Case(sample(rng, (3, 4), dtype, (-9, 9)), axis=axis, descending=descending)

    return cases


argsort: General = general(
    "argsort",
    _argsort_eval,
    abstract=lambda x, **_: Aval(x.shape, np.intp),
    batch=lambda _size, args, _batched, *, axis, descending: argsort(
        args[0], axis=axis + 1, descending=descending
    ),
    cases=order_cases(("f8", "f4", "i8")),
    nondifferentiable="the result is an index",
)
