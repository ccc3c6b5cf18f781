"""What rules of users are given with ``symbolic_zeros=True``: zeros that are known to be zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from .avals import Aval


class SymbolicZero:
    """A tangent or cotangent that is zero whatever the values are.

    Attributes:
        aval: its shape and dtype.

    >>> SymbolicZero(Aval((2,), float)).shape
    (2,)
    """

    __slots__ = ("aval",)

    def __init__(self, aval: Aval) -> None:
        if not isinstance(aval, Aval):
            raise TypeError(f"SymbolicZero takes an Aval, a shape with a dtype; got {aval!r}")
        self.aval: Aval = aval

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of the zeros."""
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the zeros."""
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.aval.ndim

    def __repr__(self) -> str:
        return f"SymbolicZero({self.aval})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolicZero) and self.aval == other.aval

    def __hash__(self) -> int:
        return hash((SymbolicZero, self.aval))

    def of_one_lane(self) -> SymbolicZero:
        """The zero of one example, where the leading axis is that of a batch."""
        return SymbolicZero(Aval(self.shape[1:], self.dtype))


class CustomVJPPrimal:
    """An argument as the fwd function of a ``custom_vjp`` gets it with ``symbolic_zeros=True``.

    Attributes:
        value: the argument.
        perturbed: whether its cotangent is wanted.

    >>> CustomVJPPrimal(2.0, True)
    CustomVJPPrimal(value=2.0, perturbed=True)
    """

    __slots__ = ("perturbed", "value")

    def __init__(self, value: Any, perturbed: bool) -> None:
        self.value: Any = value
        self.perturbed: bool = perturbed

    def __repr__(self) -> str:
        return f"CustomVJPPrimal(value={self.value!r}, perturbed={self.perturbed})"
