"""Checks of arguments that many functions take: functions, positions of arguments, names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .blame import describe
from .containers import members_of


def check_function(fun: Any, name: str, what: str = "") -> None:
    """Raise unless ``fun`` can be called; ``what`` names the argument if there are several."""
    if not callable(fun):
        as_what = f" as {what}" if what else ""
        raise TypeError(f"{name} needs a function{as_what}, got {describe(fun)}")


def positions(value: Any, name: str, argument: str) -> tuple[int, ...]:
    """Positions of arguments as a tuple, from None, an int or a sequence of ints."""
    if value is None:
        return ()
    if is_integer(value):
        return (int(value),)
    if isinstance(value, Sequence | set | frozenset | np.ndarray) and not isinstance(value, str):
        found = members_of(value)
        if all(map(is_integer, found)):
            return tuple(int(n) for n in found)
    raise TypeError(
        f"{name}: {argument} must be an int or a sequence of ints, positions of arguments; got "
        f"{describe(value)}"
    )


def names(value: Any, name: str, argument: str) -> tuple[str, ...]:
    """Names of arguments as a tuple, from None, a string or a sequence of strings."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence | set | frozenset):
        found = members_of(value)
        if all(isinstance(n, str) for n in found):
            return tuple(found)
    raise TypeError(
        f"{name}: {argument} must be a string or a sequence of strings, names of arguments; got "
        f"{describe(value)}"
    )


def is_integer(x: Any) -> bool:
    """True if x is an integer, and no truth value."""
    return isinstance(x, int | np.integer) and not isinstance(x, bool)
