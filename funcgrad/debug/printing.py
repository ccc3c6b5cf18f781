"""Printing values from inside any transformation."""

from __future__ import annotations

import builtins
import string
from collections.abc import Callable
from typing import Any

from .. import tree
from ..control.callback import effect
from ..core.arguments import check_function
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..typing import PyTree


class _Effect:
    """A function with the name that a printed jaxpr shows."""

    def __init__(self, run: Callable[..., Any], name: str) -> None:
        self.run = run
        self.__name__ = name

    def __call__(self, *args: PyTree) -> None:
        self.run(*args)


@user_facing
def print(fmt: str, *args: PyTree, ordered: bool = False, **kwargs: PyTree) -> None:
    """Print values when they are computed, inside jit, vmap, grad and loops too.

    Args:
        fmt: format string, as for ``str.format``.
        args: values (pytrees) for positional fields.
        ordered: accepted for compatibility; prints always come in program order.
        kwargs: values for named fields.

    Under vmap one line is printed per example. Derivatives print the values once.

    >>> from funcgrad import jit
    >>> @jit
    ... def f(x):
    ...     print("x is {}", x)
    ...     return x
    >>> _ = f(2.0)
    x is 2.0
    """
    if not isinstance(fmt, str):
        raise TypeError(f"debug.print: fmt must be a format string, got {describe(fmt)}")
    _check_fields(fmt, args, kwargs)
    callback(lambda *a, **k: builtins.print(fmt.format(*a, **k)), *args, **kwargs)


def _check_fields(fmt: str, args: PyTree, kwargs: PyTree) -> None:
    """Raise now, not when the program runs, if the format string names a value that is missing."""
    count = 0
    for _, name, _, _ in string.Formatter().parse(fmt):
        if name is None:
            continue
        root = name.split(".")[0].split("[")[0]
        if root == "" or root.isdigit():
            count = max(count, int(root) + 1 if root else count + 1)
        elif root not in kwargs:
            raise ValueError(f"debug.print: {fmt!r} names {root!r}, which was not passed")
    if count > len(args):
        raise ValueError(f"debug.print: {fmt!r} has {count} positional fields, got {len(args)}")


@user_facing
def callback(
    fun: Callable[..., Any], *args: PyTree, ordered: bool = False, **kwargs: PyTree
) -> None:
    """Call a Python function with concrete values, for its effect.

    Args:
        fun: function of NumPy arrays; its result is ignored. Arrays of a GPU are copied to the CPU
            for it.
        args: pytrees of arrays.
        ordered: accepted for compatibility; calls always come in program order.
        kwargs: pytrees of arrays.

    >>> from funcgrad import jit
    >>> seen = []
    >>> _ = jit(lambda x: callback(seen.append, x))(1.0)
    >>> seen
    [1.0]
    """
    check_function(fun, "debug.callback")
    leaves, spec = tree.flatten((args, kwargs))
    dynamic = [is_traceable(x) for x in leaves]
    fixed = [None if d else x for x, d in zip(leaves, dynamic, strict=True)]

    def run(*values: PyTree) -> None:
        it = iter(values)
        full = [next(it) if d else x for d, x in zip(dynamic, fixed, strict=True)]
        a, k = tree.unflatten(spec, full)
        fun(*a, **k)

    name = getattr(fun, "__name__", "callback")
    effect(*[x for x, d in zip(leaves, dynamic, strict=True) if d], function=_Effect(run, name))


def is_traceable(x: object) -> bool:
    """True if a leaf is an array or number, so that it is passed as an operand."""
    return hasattr(x, "dtype") or isinstance(x, bool | int | float | complex)
