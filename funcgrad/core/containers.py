"""Containers of whose members nobody has said what they are, as type checkers ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard


def is_tuple(x: object) -> TypeGuard[tuple[Any, ...]]:
    """True if x is a tuple."""
    return isinstance(x, tuple)


def is_pair(x: object) -> TypeGuard[tuple[Any, Any]]:
    """True if x is a tuple of two."""
    return is_tuple(x) and len(x) == 2


def is_sequence(x: object) -> TypeGuard[Sequence[Any]]:
    """True if x is a tuple or a list."""
    return isinstance(x, tuple | list)


def members_of(collection: Any) -> list[Any]:
    """The members of a collection."""
    return list(collection)
