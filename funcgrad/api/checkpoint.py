"""checkpoint: derivatives that recompute values instead of keeping them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from .. import tree
from ..control.call import checkpoint_call
from ..control.closures import staged_once
from ..core.arguments import check_function, positions
from ..core.jaxpr import Jaxpr
from ..core.tracebacks import user_facing
from ..core.tracing import owner_name
from ..equality import exact_key
from ..transforms.staging import lift_constants
from ..typing import Array, PyTree, PyTreeSpec
from .leaves import ArgumentPath
from .staging import stage_call, staged_aval

P = ParamSpec("P")
R = TypeVar("R")


@overload
def checkpoint(
    fun: np.ufunc,
    *,
    prevent_cse: bool = True,
    policy: None = None,
    static_argnums: int | Sequence[int] = (),
) -> Callable[..., Any]: ...
@overload
def checkpoint(
    fun: Callable[P, R],
    *,
    prevent_cse: bool = True,
    policy: None = None,
    static_argnums: int | Sequence[int] = (),
) -> Callable[P, R]: ...
@user_facing
def checkpoint(
    fun: Callable[..., Any],
    *,
    prevent_cse: bool = True,
    policy: None = None,
    static_argnums: int | Sequence[int] = (),
) -> Callable[..., Any]:
    """A function whose derivative recomputes its values instead of keeping them.

    Args:
        fun: the function; its body is staged.
        prevent_cse: accepted for compatibility; the recomputation is never merged with the values.
        policy: must be None: everything inside is recomputed.
        static_argnums: arguments that are passed on as they are.

    Returns:
        A function with the same values and derivatives that keeps only its inputs for the
        backward pass.

    >>> import numpy as np
    >>> from funcgrad import grad
    >>> grad(checkpoint(lambda x: np.sin(np.sin(x))))(0.0)
    np.float64(1.0)
    """
    if policy is not None:
        raise ValueError("checkpoint: policies are not supported; everything is recomputed")
    check_function(fun, "checkpoint")
    static = positions(static_argnums, "checkpoint", "static_argnums")
    owner = owner_name("checkpoint", fun)

    @user_facing
    def checkpoint_fun(*args: PyTree, **kwargs: PyTree) -> PyTree:
        dynamic = tuple(a for i, a in enumerate(args) if i not in static)

        def call(*given: PyTree, **kw: PyTree) -> PyTree:
            it = iter(given)
            return fun(*[a if i in static else next(it) for i, a in enumerate(args)], **kw)

        def staged() -> tuple[Jaxpr, list[Array], PyTreeSpec]:
            jaxpr, out_tree = stage_call(call, dynamic, kwargs, owner)
            return (*lift_constants(jaxpr), out_tree)

        leaves, treedef = tree.flatten((dynamic, kwargs))
        fixed = exact_key(tuple(a for i, a in enumerate(args) if i in static))
        avals = tuple(
            staged_aval(x, ArgumentPath(owner, dynamic, i, kwargs)) for i, x in enumerate(leaves)
        )
        jaxpr, captured, out_tree = staged_once(fun, ("checkpoint", treedef, avals, fixed), staged)
        name = getattr(fun, "__name__", "checkpoint")
        outs = checkpoint_call(*captured, *leaves, jaxpr=jaxpr, name=name)
        return tree.unflatten(out_tree, outs)

    return functools.wraps(fun)(checkpoint_fun) if hasattr(fun, "__name__") else checkpoint_fun


remat = checkpoint
