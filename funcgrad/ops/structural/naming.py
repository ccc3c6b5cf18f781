"""Values with names, by which policies of ``checkpoint`` know them."""

from __future__ import annotations

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...typing import Array
from ..families import Linear, linear, sample


def _named_eval(xp: ArrayModule, x: Array, *, name: str) -> Array:
    return xp.array(x)[()]


named: Linear = linear(
    "name",
    _named_eval,
    abstract=lambda x, *, name: Aval(x.shape, x.dtype),
    transpose=lambda ct, _x, *, name: ct,
    batch=lambda _size, args, _batched, *, name: named(args[0], name=name),
    cases=lambda rng: (
        [Case(sample(rng, (2, 3), dt, (-2, 2)), name="a name") for dt in ("f8", "f4", "c16", "i8")]
        + [Case(np.float64(0.5), name="a name")]
    ),
    elements=Moves(),
)
