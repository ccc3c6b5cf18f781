"""make_jaxpr, eval_shape, ShapeDtypeStruct: functions at abstract arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.avals import Aval, dtype_name
from ..core.boundary import user_facing
from ..core.jaxpr import Jaxpr
from ..core.tracing import aval_of, owner_name
from ..transforms.staging import stage
from .results import check_leaf, is_leaf_value


class ShapeDtypeStruct:
    """Shape and dtype of an array, standing for one where only they count.

    >>> ShapeDtypeStruct((2, 3), float)
    ShapeDtypeStruct(shape=(2, 3), dtype=float64)
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Sequence[int], dtype: Any) -> None:
        self.shape = tuple(int(d) for d in shape)
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShapeDtypeStruct) and (self.shape, self.dtype) == (
            other.shape,
            other.dtype,
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name})"

    def __str__(self) -> str:
        return f"{dtype_name(self.dtype)}[{','.join(map(str, self.shape))}]"


def staged_aval(x: Any, what: str) -> Aval:
    """The aval at which an argument is staged."""
    if isinstance(x, ShapeDtypeStruct):
        return Aval(x.shape, x.dtype)
    if not is_leaf_value(x):
        check_leaf(x, what, "")
    return aval_of(x)


def stage_call(fun: Callable[..., Any], args: Any, kwargs: Any, owner: str) -> tuple[Jaxpr, Any]:
    """The jaxpr of a call, and the structure of its output."""
    leaves, treedef = tree.flatten((args, kwargs))
    box: list[Any] = []

    def flat(*xs: Any) -> list[Any]:
        a, k = tree.unflatten(treedef, xs)
        outs, out_tree = tree.flatten(fun(*a, **k))
        for i, o in enumerate(outs):
            check_leaf(o, f"{owner}: output ", str(i))
        box[:] = [out_tree]
        return outs

    jaxpr = stage(flat, [staged_aval(x, f"{owner}: an argument ") for x in leaves], owner)
    return jaxpr, box[0]


def make_jaxpr(
    fun: Callable[..., Any],
    static_argnums: int | Sequence[int] = (),
    return_shape: bool = False,
) -> Callable[..., Any]:
    """A function that returns the jaxpr of ``fun`` at given arguments.

    Args:
        fun: the function.
        static_argnums: positional arguments that are passed on as they are.
        return_shape: return also the output's pytree of ShapeDtypeStructs.

    Returns:
        A function of the arguments of ``fun`` (or ShapeDtypeStructs for them) that returns a Jaxpr.

    >>> make_jaxpr(np.sin)(np.ones(3))
    { lambda ; a:f64[3]. let b:f64[3] = sin a in (b,) }
    """
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    @user_facing
    def make_jaxpr_fun(*args: Any, **kwargs: Any) -> Any:
        dynamic = [a for i, a in enumerate(args) if i not in static]

        def call(*given: Any, **kw: Any) -> Any:
            it = iter(given)
            return fun(*[a if i in static else next(it) for i, a in enumerate(args)], **kw)

        jaxpr, out_tree = stage_call(call, tuple(dynamic), kwargs, owner_name("make_jaxpr", fun))
        if not return_shape:
            return jaxpr
        shapes = [ShapeDtypeStruct(a.shape, a.dtype) for a in jaxpr.out_avals]
        return jaxpr, tree.unflatten(out_tree, shapes)

    return functools.wraps(fun)(make_jaxpr_fun) if hasattr(fun, "__name__") else make_jaxpr_fun


@user_facing
def eval_shape(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Shapes and dtypes of a function's output, without computing it.

    Args:
        fun: the function.
        args: arrays or ShapeDtypeStructs.
        kwargs: likewise.

    Returns:
        The output's pytree with ShapeDtypeStructs as leaves.

    >>> eval_shape(np.matmul, np.ones((2, 3)), np.ones((3, 4)))
    ShapeDtypeStruct(shape=(2, 4), dtype=float64)
    """
    jaxpr, out_tree = stage_call(fun, args, kwargs, owner_name("eval_shape", fun))
    return tree.unflatten(out_tree, [ShapeDtypeStruct(a.shape, a.dtype) for a in jaxpr.out_avals])
