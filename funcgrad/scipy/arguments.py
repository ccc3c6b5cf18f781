"""Arguments that choose one of a few ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.blame import describe


def one_of(name: str, argument: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Raise unless an argument is one of the choices."""
    if not any(_is(value, c) for c in choices):
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: {argument} must be one of {listed}, got {describe(value)}")


def _is(value: Any, choice: Any) -> bool:
    """Whether a value is a choice; NumPy's scalars are numbers and strings, True is not 1."""
    if isinstance(value, np.generic):
        value = value.item()
    return type(value) is type(choice) and bool(value == choice)
