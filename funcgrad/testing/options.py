"""Checks of the options of the checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

MODES = ("fwd", "rev", "lin")


def positive(value: object, what: str, caller: str) -> float | None:
    """A positive number or None, or an error that says so."""
    if value is None:
        return None
    number = non_negative(value, what, caller)
    if number == 0:
        raise ValueError(f"{caller}: {what} must be positive, got {value!r}")
    return number


def non_negative(value: object, what: str, caller: str) -> float:
    """A finite number that is not negative, or an error that says so."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{caller}: {what} must be a number or None, got {value!r}")
    if not (value >= 0 and np.isfinite(value)):
        raise ValueError(f"{caller}: {what} must be finite and not negative, got {value!r}")
    return float(value)


def nondet_option(value: object, caller: str) -> float:
    """By how much two calls may differ."""
    return non_negative(value, "nondet_tol", caller)


def tolerance_option(value: object, what: str, caller: str) -> Any:
    """A tolerance: None, a number, or a mapping from dtypes to numbers."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {np.dtype(k): non_negative(v, what, caller) for k, v in value.items()}
    return non_negative(value, what, caller)


def count(value: object, what: str, caller: str) -> int:
    """An integer of at least 1, or an error that says so."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{caller}: {what} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{caller}: {what} must be at least 1, got {value!r}")
    return int(value)


def modes_option(modes: str | Sequence[str], caller: str) -> tuple[str, ...]:
    """The modes, each once, or an error that lists the known ones."""
    given = (modes,) if isinstance(modes, str) else tuple(modes)
    unknown = [m for m in given if m not in MODES]
    if unknown:
        raise ValueError(
            f"{caller}: unknown mode {unknown[0]!r}; modes are 'fwd' (jvp), 'rev' (vjp) and "
            "'lin' (linearize)"
        )
    if not given:
        raise ValueError(f"{caller}: modes is empty; give 'fwd', 'rev' or both")
    return tuple(dict.fromkeys(given))


def arguments(args: object, caller: str) -> tuple[Any, ...]:
    """The arguments as a tuple, or an error that shows how to write them."""
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"{caller}: args must be the tuple of the arguments of f, got "
            f"{type(args).__name__}; for one argument x write (x,)"
        )
    return tuple(args)


def function(f: object, what: str, caller: str) -> Callable[..., Any]:
    """A callable, or an error that says so."""
    if not callable(f):
        raise TypeError(f"{caller}: {what} must be a function, got {f!r}")
    return f


def argnums_option(argnums: object, given: int, caller: str) -> tuple[int, ...]:
    """Positions of arguments, each once and not negative, or an error that says what there is."""
    nums = argnums if isinstance(argnums, tuple | list) else (argnums,)
    for n in nums:
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise TypeError(f"{caller}: argnums must be an integer or several, got {argnums!r}")
        if not -given <= n < given:
            raise ValueError(f"{caller}: there is no argument {n}: f was given {given} of them")
    if not nums:
        raise ValueError(f"{caller}: argnums is empty; name at least one argument")
    return tuple(dict.fromkeys(int(n) % given for n in nums))


def keywords(kwargs: object, caller: str) -> dict[str, Any]:
    """Keyword arguments, or an error that says what they are."""
    if kwargs is None:
        return {}
    if not isinstance(kwargs, Mapping) or not all(isinstance(k, str) for k in kwargs):
        raise TypeError(
            f"{caller}: kwargs must be a dictionary of keyword arguments for f, got {kwargs!r}"
        )
    return dict(kwargs)
