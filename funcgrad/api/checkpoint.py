"""checkpoint: derivatives that recompute values instead of keeping them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from .. import tree
from ..control.call import checkpoint_call
from ..control.closures import staged_once
from ..control.saving import saved_residuals
from ..core.arguments import check_function, names, positions
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, owner_name
from ..equality import exact_key
from ..ops.structural.naming import named
from ..typing import PyTree
from .flat_function import FlatFunction, like
from .leaves import ArgumentPath
from .staging import stage_call, staged_aval

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@overload
def checkpoint(
    fun: np.ufunc,
    *,
    prevent_cse: bool = True,
    policy: Callable[..., bool] | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Callable[..., Any]: ...
@overload
def checkpoint(
    fun: Callable[P, R],
    *,
    prevent_cse: bool = True,
    policy: Callable[..., bool] | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Callable[P, R]: ...
@user_facing
def checkpoint(
    fun: Callable[..., Any],
    *,
    prevent_cse: bool = True,
    policy: Callable[..., bool] | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Callable[..., Any]:
    """A function whose derivative recomputes its values instead of keeping them.

    Args:
        fun: the function; its body is staged.
        prevent_cse: accepted for compatibility; the recomputation is never merged with the values.
        policy: says which values are kept nevertheless: see ``funcgrad.checkpoint_policies``. None
            keeps none.
        static_argnums: arguments that are passed on as they are.
        static_argnames: the same by name.

    Returns:
        A function with the same values and derivatives that keeps only its inputs for the
        backward pass.

    >>> import numpy as np
    >>> from funcgrad import grad
    >>> grad(checkpoint(lambda x: np.sin(np.sin(x))))(0.0)
    np.float64(1.0)
    """
    check_function(fun, "checkpoint")
    if policy is not None:
        check_function(policy, "checkpoint", "policy")
    by_name = names(static_argnames, "checkpoint", "static_argnames")
    fixed_places = (
        *positions(static_argnums, "checkpoint", "static_argnums"),
        *positions_of_names(fun, by_name),
    )
    owner = owner_name("checkpoint", fun)

    @like(fun)
    def checkpoint_fun(*args: PyTree, **given_by_name: PyTree) -> PyTree:
        static = {n + len(args) if n < 0 else n for n in fixed_places}
        held = {k: v for k, v in given_by_name.items() if k in by_name}
        kwargs = {k: v for k, v in given_by_name.items() if k not in by_name}
        dynamic = tuple(a for i, a in enumerate(args) if i not in static)

        def call(*given: PyTree, **kw: PyTree) -> PyTree:
            it = iter(given)
            return fun(*[a if i in static else next(it) for i, a in enumerate(args)], **kw, **held)

        flat, leaves = FlatFunction.at(call, dynamic, kwargs, owner)
        held_here = tuple(a for i, a in enumerate(args) if i in static)
        fixed = exact_key((held_here, tuple(sorted(held.items()))))
        avals = tuple(
            staged_aval(x, ArgumentPath(owner, dynamic, i, kwargs)) for i, x in enumerate(leaves)
        )
        key = ("checkpoint", flat.in_tree, avals, fixed)
        staged = staged_once(fun, key, lambda: flat.stage(avals).taking_constants())
        name = getattr(fun, "__name__", "checkpoint")
        return staged.rebuild(
            checkpoint_call(*staged.captured, *leaves, jaxpr=staged.jaxpr, name=name, policy=policy)
        )

    return checkpoint_fun


remat = checkpoint


def positions_of_names(fun: Callable[..., Any], wanted: Sequence[str]) -> tuple[int, ...]:
    """The positions at which a function takes arguments of some names."""
    if not wanted:
        return ()
    try:
        parameters = list(inspect.signature(fun).parameters)
    except (TypeError, ValueError):
        return ()
    return tuple(parameters.index(n) for n in wanted if n in parameters)


@user_facing
def checkpoint_name(x: T, name: str) -> T:
    """The same values with a name, by which policies of ``checkpoint`` know them.

    Args:
        x: pytree of arrays.
        name: the name.

    Returns:
        The pytree.

    >>> import numpy as np
    >>> from funcgrad import checkpoint, checkpoint_policies, grad
    >>> keep = checkpoint_policies.save_only_these_names("sine")
    >>> grad(checkpoint(lambda x: checkpoint_name(np.sin(x), "sine") ** 2, policy=keep))(0.5)
    np.float64(0.8414709848078965)
    """
    if not isinstance(name, str):
        raise TypeError(f"checkpoint_name: the name must be a string, got {describe(name)}")
    return tree.map(lambda a: named(a, name=name) if isinstance(a, Tracer) else a, x)


@user_facing
def print_saved_residuals(f: Callable[..., PyTree], *args: PyTree, **kwargs: PyTree) -> None:
    """Print what a function keeps from its forward to its backward pass, one value a line.

    Args:
        f: the function.
        args: arguments, or ShapeDtypeStructs for them.
        kwargs: arguments by name.

    >>> import numpy as np
    >>> print_saved_residuals(lambda x: np.sin(np.sin(x)), 1.0)  # doctest: +ELLIPSIS
    f64[] output of cos from ...
    f64[] output of cos from ...
    """
    check_function(f, "print_saved_residuals")
    staged = stage_call(f, args, kwargs, owner_name("print_saved_residuals", f)).taking_tracers()
    places = tree.structure((args, kwargs)).paths()
    given = [tree.format_path(p[1:], "kwargs" if p[0] else "args") for p in places]
    captured = ["a value that is closed over"] * len(staged.captured)
    labels = [*captured, *(f"the argument {name}" for name in given)]
    for line in saved_residuals(staged.jaxpr, labels):
        print(line)
