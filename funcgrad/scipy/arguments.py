"""Arguments that choose one of a few ways."""

from __future__ import annotations

from typing import Any

from ..core.blame import describe


def one_of(name: str, argument: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Raise unless an argument is one of the choices."""
    if not any(type(value) is type(c) and value == c for c in choices):
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: {argument} must be one of {listed}, got {describe(value)}")
