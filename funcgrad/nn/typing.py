"""Types of what layers and initializers take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from ..typing import Array, DTypeLike, Key, Shape

__all__ = ["Initializer", "Padding", "Spatial"]

Spatial: TypeAlias = int | Sequence[int]
"""One integer for each spatial axis, or one for all of them."""

Padding: TypeAlias = str | Sequence[tuple[int, int]]
""" "SAME", "VALID", or how much to add at both ends of each spatial axis: (low, high)."""


@runtime_checkable
class Initializer(Protocol):
    """A function that draws the first values of a parameter."""

    def __call__(self, key: Key, shape: Shape, dtype: DTypeLike = ...) -> Array:
        """Draw an array of a shape and dtype from a key."""
        ...
