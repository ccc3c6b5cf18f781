"""The functions of branches and loops as jaxprs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from .. import tree
from ..api.leaves import check_leaf, is_leaf_value
from ..control.closures import staged_once
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr
from ..core.tracing import Tracer, aval_of, owner_name
from ..errors import ConcretizationError
from ..ops.shape import cast
from ..transforms.staging import lift_constants, stage
from ..typing import Array, ArrayLike, PyTree, PyTreeSpec
from .operands import as_array

KINDS = "bifc"
"""Kinds of dtypes that Python's numbers may become, in this order."""

Staged: TypeAlias = tuple[Jaxpr, list[Array], PyTreeSpec]
"""A function as a closed jaxpr, the values that it captured, and the structure of its result."""


def check_operands(whole: PyTree, root: str) -> None:
    """Raise unless the leaves of a pytree are arrays or numbers; name the path of one if not."""
    for i, x in enumerate(tree.leaves(whole)):
        if not is_leaf_value(x) or (isinstance(x, np.ndarray) and x.dtype.kind not in "biufc"):
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
    structures: list[PyTreeSpec] = []

    def flat(*xs: Array) -> list[Any]:
        args, start = [], 0
        for spec in specs:
            args.append(tree.unflatten(spec, xs[start : start + spec.num_leaves]))
            start += spec.num_leaves
        outs, out_tree = tree.flatten(fun(*args))
        for i, o in enumerate(outs):
            if not is_leaf_value(o):
                check_leaf(o, f"{owner}: output", tree.format_path(out_tree.paths()[i], " "))
        structures[:] = [out_tree]
        return outs if weak else [as_carried(o) for o in outs]

    jaxpr, captured = lift_constants(stage(flat, avals, owner))
    return jaxpr, captured, structures[0]


def concrete_or_none(x: ArrayLike, use: str) -> Any:
    """The plain value of x, or None if it has none."""
    if not isinstance(x, Tracer):
        return x
    try:
        return x.concrete(use)
    except ConcretizationError:
        return None
