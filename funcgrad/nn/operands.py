"""Arrays from the arguments of users: lists and numbers become arrays, what is traced stays so."""

from __future__ import annotations

from collections.abc import Callable

from ..numpy import protocol
from ..typing import Array, ArrayLike

__all__ = ["array", "inexact"]

array: Callable[[ArrayLike], Array] = protocol.array
"""An operand as an array."""

inexact: Callable[[ArrayLike], Array] = protocol.inexact
"""An operand as an array of floats or complex numbers; integers and booleans become float64."""
