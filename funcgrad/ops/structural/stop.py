"""A value that derivatives take as constant, and one that has none."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...errors import DifferentiationError
from ...typing import Array
from ..families import Elementwise, General, elementwise, general


def unchanged(x: Array) -> Array:
    """A copy of the value."""
    return np.positive(x)


stop: Elementwise = elementwise(
    "stop_gradient",
    unchanged,
    None,
    nondifferentiable="a constant for every derivative",
    kinds="fc",
    elements=Moves(),
)


def itself(xp: ArrayModule, x: Array, *, why: str) -> Array:
    """The value."""
    return x


def _refuse(_t: Array, _out: Array, _x: Array, *, why: str) -> NoReturn:
    raise DifferentiationError(why)


undifferentiated: General = general(
    "undifferentiated",
    itself,
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    jvp=_refuse,
    batch=lambda _size, args, _batched, *, why: undifferentiated(args[0], why=why),
    cases=lambda rng: [Case(rng.integers(-9, 9, (2, 3)), why="for integers it is not asked")],
    view=True,
    source=lambda x, *, why: x,
    elements=Moves(),
)
"""The operand, of which no derivative is taken: for what is computed of it without one."""
