"""checkpoint, stop_gradient, closure_convert, pure_callback."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..control.call import checkpoint_call
from ..control.callback import callback
from ..control.closures import staged_once
from ..core.arguments import check_function, positions
from ..core.avals import Aval, is_inexact
from ..core.blame import describe
from ..core.boundary import user_facing
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.tracing import Tracer, owner_name
from ..equality import exact_key
from ..ops.stop import stop
from ..transforms.staging import lift_constants, lift_tracers
from .results import ArgumentPath
from .staging import stage_call, staged_aval


@user_facing
def checkpoint(
    fun: Callable[..., Any],
    *,
    prevent_cse: bool = True,
    policy: Any = None,
    static_argnums: int | tuple[int, ...] = (),
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
    def checkpoint_fun(*args: Any, **kwargs: Any) -> Any:
        dynamic = tuple(a for i, a in enumerate(args) if i not in static)

        def call(*given: Any, **kw: Any) -> Any:
            it = iter(given)
            return fun(*[a if i in static else next(it) for i, a in enumerate(args)], **kw)

        def staged() -> Any:
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


@user_facing
def stop_gradient(x: Any) -> Any:
    """The same values, as constants for every derivative.

    Args:
        x: pytree of arrays.

    Returns:
        A pytree with the same values, whose derivative is zero.

    >>> from funcgrad import grad
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return tree.map(lambda a: stop(a) if isinstance(a, Tracer) and is_inexact(a.dtype) else a, x)


@user_facing
def closure_convert(
    fun: Callable[..., Any], *example_args: Any
) -> tuple[Callable[..., Any], list[Any]]:
    """Make explicit the traced values that a function closes over.

    Args:
        fun: function of positional arguments.
        example_args: arguments to trace it at.

    Returns:
        (converted, captured): ``converted(*args, *captured)`` computes ``fun(*args)``, and
        ``captured`` is the list of values that are being differentiated, batched or staged.

    >>> converted, captured = closure_convert(lambda x: 2 * x, 1.0)
    >>> converted(3.0), captured
    (6.0, [])
    """
    check_function(fun, "closure_convert")
    jaxpr, out_tree = stage_call(fun, example_args, {}, owner_name("closure_convert", fun))
    closed, captured = lift_tracers(jaxpr)
    spec = tree.structure(example_args)

    def converted(*args: Any) -> Any:
        given, values = args[: len(example_args)], args[len(example_args) :]
        if tree.structure(given) != spec:
            raise tree.TreeError(
                f"closure_convert: arguments of structure {tree.structure(given)}; traced at {spec}"
            )
        return tree.unflatten(out_tree, _run(closed, [*values, *tree.leaves(given)]))

    return converted, captured


def _run(jaxpr: Jaxpr, args: list[Any]) -> list[Any]:
    return eval_jaxpr(jaxpr, jaxpr.consts, args)


@user_facing
def pure_callback(
    fun: Callable[..., Any],
    result_shape_dtypes: Any,
    *args: Any,
    vmap_method: str | None = "sequential",
    **kwargs: Any,
) -> Any:
    """Call a Python function on concrete arrays from inside any transformation.

    Args:
        fun: pure function of NumPy arrays.
        result_shape_dtypes: pytree of ShapeDtypeStructs (or arrays) like its result.
        args: arguments, pytrees of arrays.
        vmap_method: how vmap calls it: 'sequential' once per example, 'expand_dims' or
            'broadcast_all' once with the batch axis leading.
        kwargs: keyword arguments passed on as they are.

    Returns:
        The result. It has no derivative: differentiating through it raises; give the surrounding
        function a rule with ``custom_jvp``.

    >>> import numpy as np
    >>> from funcgrad import jit, ShapeDtypeStruct
    >>> jit(lambda x: pure_callback(np.sin, ShapeDtypeStruct((), float), x))(0.0)
    np.float64(0.0)
    """
    check_function(fun, "pure_callback")
    leaves, spec = tree.flatten(args)
    shapes, out_tree = tree.flatten(result_shape_dtypes)
    avals = tuple(_promised(s, i, result_shape_dtypes) for i, s in enumerate(shapes))
    if vmap_method not in (None, "sequential", "expand_dims", "broadcast_all"):
        raise ValueError(f"pure_callback: unknown vmap_method {vmap_method!r}")

    def flat(*xs: Any) -> list[Any]:
        out = fun(*tree.unflatten(spec, xs), **kwargs)
        return tree.match_prefix(out_tree, out, "the result of pure_callback")

    name = getattr(fun, "__name__", "function")
    outs = callback(*leaves, function=_Named(flat, name), avals=avals, vmap_method=vmap_method)
    return tree.unflatten(out_tree, outs)


def _promised(x: Any, index: int, whole: Any) -> Aval:
    """The shape and dtype that a callback promises for a part of its result."""
    try:
        return Aval(tuple(x.shape), np.dtype(x.dtype))
    except (AttributeError, TypeError):
        path = tree.LeafPath(whole, index, "result_shape_dtypes")
        raise TypeError(
            f"pure_callback: {path} must be a ShapeDtypeStruct or an array, got {describe(x)}"
        ) from None


class _Named:
    """A function with the name that a printed jaxpr shows."""

    def __init__(self, fun: Callable[..., Any], name: str) -> None:
        self.fun = fun
        self.__name__ = name

    def __call__(self, *args: Any) -> Any:
        return self.fun(*args)
