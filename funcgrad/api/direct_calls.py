"""Calls of a jitted function with arguments like those of an earlier one, natively or in Python."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arrays, context, tree
from ..compiler.unpacking import Pack, Unpack, Very, can_build, packer, unpacker
from ..core.avals import Aval
from ..core.deferred import Deferred
from ..typing import PyTreeSpec
from .jit_arguments import Given

if TYPE_CHECKING:
    from ..compiler.native import entry, fused
else:
    entry = Deferred("funcgrad.compiler.native.entry", globals())
    fused = Deferred("funcgrad.compiler.native.fused", globals())

_ITSELF = (bool, int, float, str, bytes, type(None), FunctionType, BuiltinFunctionType, type)
"""Types of static arguments of which the same object is always the same value."""


Quick = tuple[Unpack, Callable[..., Sequence[Any]], Pack]
"""How calls of a signature are made in Python: to the leaves, the program, to the result."""


class Direct:
    """How calls are made that are like an earlier one.

    Attributes:
        native: a built-in function that takes the arguments and returns the result; None where
            the program is not native.
        quick: what is done instead.
    """

    __slots__ = ("native", "quick")

    def __init__(
        self, native: Callable[..., Any] | None = None, quick: Quick | None = None
    ) -> None:
        self.native: Callable[..., Any] | None = native
        self.quick: Quick | None = quick


def direct_calls(
    given: Given,
    avals: Sequence[Aval],
    out_tree: PyTreeSpec,
    run: Callable[..., Sequence[Any]],
    kernel: fused.Kernel | None,
    general: Callable[..., Any],
    calls: np.ndarray,
) -> Direct:
    """How calls with arguments like some, none of them by name, are made from now on.

    Args:
        given: the arguments.
        avals: abstract values of the flat arguments.
        out_tree: the structure of the result.
        run: the program of flat arguments.
        kernel: the native function that is the program, if there is one.
        general: called with all arguments where they are others, or something holds in the context.
        calls: counts the calls that native code did.
    """
    in_tree, static = given.treedef, given.static
    if not (tree.is_builtin(in_tree) and tree.is_builtin(out_tree)):
        return Direct()
    takes = list(tree.unflatten(in_tree, range(in_tree.num_leaves)))
    for position, value in sorted(static.fixed.items()) if static else ():
        if type(value) not in _ITSELF and not isinstance(value, enum.Enum):
            return Direct()
        takes.insert(position, Very(value))
    gives = tree.unflatten(out_tree, range(out_tree.num_leaves))
    if not all(map(can_build, (*takes, gives))):
        return Direct()
    if kernel is not None:
        results = tree.unflatten(out_tree, kernel.results)
        front = entry.Front(tuple(takes), results, context.variable, context.Plain, calls)
        native = kernel.in_front(front, general)
        if native is not None:
            return Direct(native)
    known = all(a.weak or a.dtype.isbuiltin for a in avals)
    if not known or arrays.first_on_gpu(given.leaves) is not None:
        return Direct()
    return Direct(None, (unpacker(takes, avals), run, packer(gives)))
