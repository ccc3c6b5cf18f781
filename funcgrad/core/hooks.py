"""What traced values need of the layers above them, declared in one place.

A traced value answers Python's operators, NumPy's functions and indexing by what the layers above
know. They keep tables; ``funcgrad/numpy/binding.py`` hands them over, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from .records import Record


class Hooks(Record):
    """The answers to what is asked for while a program is traced.

    Attributes:
        ufuncs: the elementwise operator of a ufunc.
        functions: the implementation of a function of NumPy.
        ufunc_call: a call of a ufunc that is no operator, or with a method or keywords:
            ``(ufunc, method, args, kwargs) -> result``.
        as_array: nested sequences that hold traced values as one.
        definite: a traced Python scalar as one of NumPy.
        rows: the rows of an array, for iteration.
        namespace: the module that the array API asks for.
        rest: load the functions and methods that are not there yet.
        large: an elementwise operator on plain arrays of many elements, or NotImplemented.
        draws: many random numbers of a key, ``(key, size, dtype) -> vector``, or NotImplemented.
    """

    ufuncs: Mapping[np.ufunc, Any]
    functions: Mapping[Callable[..., Any], Callable[..., Any]]
    ufunc_call: Callable[[np.ufunc, str, Any, dict[str, Any]], Any]
    as_array: Callable[[Any], Any]
    definite: Callable[[Any], Any]
    rows: Callable[[Any], Any]
    namespace: Callable[[], ModuleType]
    rest: Callable[[], Any]
    large: Callable[[Any, Sequence[Any]], Any]
    draws: Callable[[Any, int, np.dtype[Any]], Any]


class Unbound:
    """The state before the layers above are there: it says what to import."""

    def __getattr__(self, name: str) -> Any:
        raise ImportError("traced values know nothing yet: import funcgrad.numpy first")


def by_numpy(prim: Any, operands: Sequence[Any]) -> Any:
    """The answer of ``large`` before there is another one."""
    return NotImplemented


large: Callable[[Any, Sequence[Any]], Any] = by_numpy
"""An elementwise operator on large arrays by something faster than NumPy, or NotImplemented."""


def drawn_by_numpy(key: Any, size: int, dtype: np.dtype[Any]) -> Any:
    """The answer of ``draws`` before there is another one."""
    return NotImplemented


draws: Callable[[Any, int, np.dtype[Any]], Any] = drawn_by_numpy
"""Many random numbers by something faster than NumPy, or NotImplemented."""

hooks: Any = Unbound()
"""The Hooks, once they are bound."""


def bind(tracer: type, members: Mapping[str, Any], bound: Hooks) -> None:
    """Give traced values their operators and methods, and what they ask for.

    Raises:
        RuntimeError: they have them already.
    """
    global draws, hooks, large
    if not isinstance(hooks, Unbound):
        raise RuntimeError("the hooks of traced values are bound already")
    add_members(tracer, members)
    hooks, large, draws = bound, bound.large, bound.draws


def add_members(tracer: type, members: Mapping[str, Any]) -> None:
    """Give traced values more methods."""
    for name, member in members.items():
        setattr(tracer, name, member)


_complete = False


def complete() -> bool:
    """Load what is not there yet; False if everything is."""
    global _complete
    if _complete:
        return False
    hooks.rest()
    _complete = True
    return True
