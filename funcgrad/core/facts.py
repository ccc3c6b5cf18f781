"""What a record may say of an operator for those who explain numbers: debug and testing."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple


class Moves(NamedTuple):
    """Results are elements of operands, moved whatever their values are.

    ``where`` are the operands that say where, as a slice; all others hold the elements. ``holds``
    tells from the parameters whether it is so for them.
    """

    where: slice = slice(0)
    holds: Callable[[dict[str, Any]], bool] | None = None


class Picks(NamedTuple):
    """Results are elements of operands, picked by their order."""

    where: slice = slice(0)
    holds: Callable[[dict[str, Any]], bool] | None = None


class Steep(NamedTuple):
    """Where the derivative is infinite although there is a value.

    ``at`` are the absolute values of the first operand; ``instead`` is what to write there.
    """

    at: float
    instead: str


class Hazard(Enum):
    """How an operator makes infinities and NaN of finite numbers."""

    LOGARITHM = "logarithm"
    DIVISION = "division"
    EXPONENTIAL = "exponential"
    POWER = "power"
    DOMAIN = "domain"
    SUM = "sum"
    PRODUCT = "product"
    NOT_DEFINITE = "not definite"
    SINGULAR = "singular"
    ZERO_ON_DIAGONAL = "zero on diagonal"
    NO_CONVERGENCE = "no convergence"
    LOG_DETERMINANT = "logarithm of a determinant"
