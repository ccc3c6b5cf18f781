"""Which arguments of a function are varied, and what it is given besides."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..typing import PyTree
from . import options
from .derivatives.leaves import has_tangent


class Held:
    """An argument that is held constant: a leaf that is no array."""

    def __init__(self, value: PyTree) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def released(args: Sequence[Any]) -> list[Any]:
    """Arguments as the user's function takes them."""
    return [x.value if isinstance(x, Held) else x for x in args]


def holding(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: int | Sequence[int] | None,
    kwargs: Mapping[str, Any] | None,
    caller: str,
    *,
    has_aux: bool = False,
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function and its arguments, of which only those that ``argnums`` names are varied.

    ``kwargs`` go to every call; with ``has_aux`` only the first of the two outputs counts.
    """
    named = options.keywords(kwargs, caller)
    if argnums is not None:
        nums = options.argnums_option(argnums, len(args), caller)
        args = tuple(x if i in nums else Held(x) for i, x in enumerate(args))
        if not any(has_tangent(x) for x in tree.leaves(args)):
            raise ValueError(
                f"{caller}: argnums={argnums!r} names no real or complex argument of "
                f"{where_defined(f)}"
            )
    if argnums is None and not named and not has_aux:
        return f, args

    @functools.wraps(f, assigned=("__module__", "__doc__"), updated=())
    def call(*xs: PyTree) -> Any:
        out = f(*released(xs), **named)
        if not has_aux:
            return out
        if not isinstance(out, tuple | list) or len(out) != 2:
            raise TypeError(
                f"{caller}: with has_aux {where_defined(f)} must return (output, anything else), "
                f"got {type(out).__name__}"
            )
        return out[0]

    return call, args


def rule_holding(
    rule: Callable[..., Any], kwargs: Mapping[str, Any] | None, caller: str
) -> Callable[..., Any]:
    """A vjp, or any function of the same arguments, that takes held ones."""
    named = options.keywords(kwargs, caller)
    return lambda *xs: rule(*released(xs), **named)


def push_holding(
    rule: Callable[..., Any], kwargs: Mapping[str, Any] | None, caller: str
) -> Callable[..., Any]:
    """A jvp that takes held arguments; their tangents are zeros of their own shapes."""
    named = options.keywords(kwargs, caller)

    def push(xs: Sequence[Any], ts: Sequence[Any]) -> Any:
        tangents = [
            zeros(x.value) if isinstance(x, Held) else t for x, t in zip(xs, ts, strict=True)
        ]
        return rule(tuple(released(xs)), tuple(tangents), **named)

    return push


def zeros(x: PyTree) -> Any:
    """Zeros like the real and complex leaves of a tree."""
    return tree.map(
        lambda leaf: np.zeros(np.shape(leaf), np.asarray(leaf).dtype) if has_tangent(leaf) else 0, x
    )


def restored(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that starts each call in the state that its object has now.

    The object of a bound method, or a callable object, is copied for each call.
    """
    if isinstance(f, MethodType):
        owner, method = f.__self__, f.__func__

        def call_method(*args: PyTree, **kwargs: PyTree) -> Any:
            return method(copy.deepcopy(owner), *args, **kwargs)

        call_method.__wrapped__ = method  # type: ignore[attr-defined]
        return call_method
    if hasattr(f, "__code__"):
        return f

    def call(*args: PyTree, **kwargs: PyTree) -> Any:
        return copy.deepcopy(f)(*args, **kwargs)

    call.__wrapped__ = f  # type: ignore[attr-defined]
    return call
