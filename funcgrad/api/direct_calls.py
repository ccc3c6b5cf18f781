"""Native code in the place of a jitted function, for the signature that it was called with last."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import context, tree
from ..compiler.program import native_program
from ..core.deferred import Deferred
from ..core.jaxpr import Jaxpr
from ..typing import PyTreeSpec
from .jit_arguments import Static

if TYPE_CHECKING:
    from ..compiler.native import entry
else:
    entry = Deferred("funcgrad.compiler.native.entry", globals())

_ITSELF = (bool, int, float, str, bytes, type(None), FunctionType, BuiltinFunctionType, type)
"""Types of static arguments of which the same object is always the same value."""


def direct_call(
    jaxpr: Jaxpr,
    leaves: Sequence[Any],
    in_tree: PyTreeSpec,
    out_tree: PyTreeSpec,
    static: Static | None,
    general: Callable[..., Any],
    calls: np.ndarray,
) -> Callable[..., Any] | None:
    """A built-in function that takes the arguments of a jitted function and returns its result.

    Args:
        jaxpr: what it computes.
        leaves: the arguments, flat, without static ones.
        in_tree: the structure of the arguments by position, without static ones.
        out_tree: the structure of the result.
        static: the static arguments.
        general: called with all arguments where they are others, or something holds in the context.
        calls: counts the calls that native code did.

    Returns:
        The function; None where the program is not native, or a structure not taken apart.
    """
    kernel = native_program(jaxpr, leaves)
    if kernel is None or not (tree.is_builtin(in_tree) and tree.is_builtin(out_tree)):
        return None
    takes = list(tree.unflatten(in_tree, range(in_tree.num_leaves)))
    for position, value in sorted(static.fixed.items()) if static else ():
        if type(value) not in _ITSELF and not isinstance(value, enum.Enum):
            return None
        takes.insert(position, entry.Very(value))
    gives = tree.unflatten(out_tree, range(out_tree.num_leaves))
    if not all(map(entry.can_build, (*takes, gives))):
        return None
    front = entry.Front(tuple(takes), gives, context.variable, context.Plain, calls)
    return kernel.in_front(front, general)
