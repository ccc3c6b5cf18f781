"""pure_callback: Python functions on concrete arrays, inside of any transformation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from .. import tree
from ..control.callback import callback
from ..core.arguments import check_function
from ..core.avals import Aval
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..typing import Array, PyTree


@user_facing
def pure_callback(
    fun: Callable[..., PyTree],
    result_shape_dtypes: PyTree,
    *args: PyTree,
    vmap_method: Literal["sequential", "expand_dims", "broadcast_all"] | None = "sequential",
    **kwargs: object,
) -> PyTree:
    """Call a Python function on concrete arrays from inside any transformation.

    Args:
        fun: pure function of NumPy arrays. Arguments of a GPU are copied to the CPU for it, and its
            results to where they were.
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

    def flat(*xs: Array) -> list[Array]:
        out = fun(*tree.unflatten(spec, xs), **kwargs)
        return tree.match_prefix(out_tree, out, "the result of pure_callback")

    name = getattr(fun, "__name__", "function")
    outs = callback(*leaves, function=_Named(flat, name), avals=avals, vmap_method=vmap_method)
    return tree.unflatten(out_tree, outs)


def _promised(x: Array, index: int, whole: PyTree) -> Aval:
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

    def __init__(self, fun: Callable[..., list[Array]], name: str) -> None:
        self.fun: Callable[..., list[Array]] = fun
        self.__name__: str = name

    def __call__(self, *args: Array) -> list[Array]:
        return self.fun(*args)
