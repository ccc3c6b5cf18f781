"""The functions of branches and loops as jaxprs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..api.flat_function import FlatFunction, Staged
from ..api.leaves import check_leaf, is_leaf_value
from ..control.closures import staged_once
from ..core.avals import Aval, is_traceable
from ..core.tracing import Tracer, aval_of, owner_name
from ..errors import ConcretizationError
from ..ops.shape import cast
from ..transforms.staging import stage_aux
from ..typing import Array, ArrayLike, PyTree, PyTreeSpec
from .operands import as_array

KINDS = "bifc"
"""Kinds of dtypes that Python's numbers may become, in this order."""


def check_operands(whole: PyTree, root: str) -> None:
    """Raise unless the leaves of a pytree are arrays or numbers; name the path of one if not."""
    for i, x in enumerate(tree.leaves(whole)):
        if not is_leaf_value(x) or (isinstance(x, np.ndarray) and not is_traceable(x.dtype)):
            check_leaf(x, "", tree.LeafPath(whole, i, root))


def as_carried(x: ArrayLike) -> Array:
    """A carried value: strongly typed, since it changes from step to step."""
    aval = aval_of(x)
    if aval.weak:
        return cast(x, aval.dtype) if isinstance(x, Tracer) else aval.dtype.type(x)
    return as_array(x)


def stage_function(
    fun: Callable[..., PyTree],
    specs: Sequence[PyTreeSpec],
    avals: Sequence[Aval],
    what: str,
    call: Callable[..., PyTree] | None = None,
    *,
    weak: bool = False,
) -> Staged:
    """The closed jaxpr of a body, the values it captured, and the structure of its output.

    ``call`` is how the user's function ``fun`` is called, by default like this. Python numbers
    that it returns become arrays unless they may stay ``weak``.
    """
    key = (what, tuple(specs), tuple(avals))
    return staged_once(
        fun, key, lambda: _staged(call or fun, specs, avals, owner_name(what, fun), weak)
    )


def _staged(
    fun: Callable[..., PyTree],
    specs: Sequence[PyTreeSpec],
    avals: Sequence[Aval],
    owner: str,
    weak: bool,
) -> Staged:
    flat = FlatFunction(fun, tree.tuple_of(specs), owner)

    def strong(*xs: Array) -> tuple[list[Array], PyTreeSpec]:
        outs, out_tree = flat.outputs(*xs)
        return [as_carried(o) for o in outs], out_tree

    staged = flat.stage(avals) if weak else Staged(*stage_aux(strong, avals, owner))
    return staged.taking_constants()


def concrete_or_none(x: ArrayLike, use: str) -> Any:
    """The plain value of x, or None if it has none."""
    if not isinstance(x, Tracer):
        return x
    try:
        return x.concrete(use)
    except ConcretizationError:
        return None
