"""make_jaxpr, eval_shape, ShapeDtypeStruct: functions at abstract arguments."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np

from .. import tree
from ..core.arguments import check_function, is_integer, positions
from ..core.avals import Aval, dtype_name, is_traceable
from ..core.blame import describe
from ..core.jaxpr import Jaxpr
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, owner_name
from ..transforms.staging import Formulas
from ..typing import DTypeLike, PyTree, Shape
from .flat_function import FlatFunction, Staged, like
from .leaves import ArgumentPath, Path, check_leaf, is_leaf_value


class ShapeDtypeStruct:
    """Shape and dtype of an array, standing for one where only they count.

    >>> ShapeDtypeStruct((2, 3), float)
    ShapeDtypeStruct(shape=(2, 3), dtype=float64)
    """

    __slots__ = ("dtype", "shape", "weak_type")

    @user_facing
    def __init__(self, shape: Shape, dtype: DTypeLike, *, weak_type: bool = False) -> None:
        if dtype is None:
            raise TypeError("ShapeDtypeStruct: dtype is None; name one, such as float")
        try:
            sizes: Any = (shape,) if is_integer(shape) else shape
            self.shape: tuple[int, ...] = tuple(operator.index(d) for d in sizes)
        except TypeError:
            raise TypeError(
                f"ShapeDtypeStruct: shape must be a tuple of ints, got {describe(shape)}"
            ) from None
        if any(d < 0 for d in self.shape):
            raise ValueError(f"ShapeDtypeStruct: shape must have no negative sizes, got {shape!r}")
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.weak_type: bool = bool(weak_type)

    @classmethod
    def like(cls, x: object) -> ShapeDtypeStruct:
        """The shape and dtype of an array, a number, or anything that has both.

        >>> ShapeDtypeStruct.like(np.ones(3))
        ShapeDtypeStruct(shape=(3,), dtype=float64)
        """
        aval = staged_aval(x, "ShapeDtypeStruct.like: the value")
        return cls(aval.shape, aval.dtype, weak_type=aval.weak)

    def update(self, **changes: Any) -> ShapeDtypeStruct:
        """A copy with some of shape, dtype and weak_type replaced.

        >>> ShapeDtypeStruct((2,), float).update(shape=(4,))
        ShapeDtypeStruct(shape=(4,), dtype=float64)
        """
        parts: dict[str, Any] = {
            "shape": self.shape,
            "dtype": self.dtype,
            "weak_type": self.weak_type,
        }
        unknown = sorted(set(changes) - set(parts))
        if unknown:
            raise TypeError(f"ShapeDtypeStruct.update: no attribute {', '.join(unknown)}")
        return ShapeDtypeStruct(**{**parts, **changes})

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a ShapeDtypeStruct of shape ()")
        return self.shape[0]

    def __bool__(self) -> bool:
        return True

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShapeDtypeStruct) and (
            self.shape == other.shape
            and self.dtype == other.dtype
            and self.weak_type == other.weak_type
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.weak_type))

    def __repr__(self) -> str:
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name}{weak})"

    def __str__(self) -> str:
        return f"{dtype_name(self.dtype)}[{','.join(map(str, self.shape))}]"


def staged_aval(x: Any, what: Path) -> Aval:
    """The aval at which an argument is staged; ``what`` names it in messages."""
    if isinstance(x, ShapeDtypeStruct):
        return Aval(x.shape, x.dtype, x.weak_type)
    if is_leaf_value(x):
        if isinstance(x, np.ndarray) and not is_traceable(x.dtype):
            check_leaf(x, "", what)
        return aval_of(x)
    shape, dtype = getattr(x, "shape", None), getattr(x, "dtype", None)
    if shape is None or dtype is None or isinstance(x, np.ndarray):
        check_leaf(x, "", what)  # pyright: ignore[reportUnknownArgumentType]
    return Aval(shape, dtype)  # type: ignore[arg-type]


def stage_call(
    fun: Callable[..., PyTree],
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
    owner: str,
    formulas: Formulas | None = None,
) -> Staged:
    """The jaxpr of a call at arguments, or at ShapeDtypeStructs for them."""
    flat, leaves = FlatFunction.at(fun, args, kwargs, owner)
    avals = [staged_aval(x, ArgumentPath(owner, args, i, kwargs)) for i, x in enumerate(leaves)]
    return flat.stage(avals, formulas)


@overload
def make_jaxpr(
    fun: Callable[..., PyTree],
    static_argnums: int | Sequence[int] = (),
    return_shape: Literal[False] = False,
) -> Callable[..., Jaxpr]: ...
@overload
def make_jaxpr(
    fun: Callable[..., PyTree],
    static_argnums: int | Sequence[int] = (),
    *,
    return_shape: Literal[True],
) -> Callable[..., tuple[Jaxpr, PyTree]]: ...
@overload
def make_jaxpr(
    fun: Callable[..., PyTree],
    static_argnums: int | Sequence[int] = (),
    return_shape: bool = False,
) -> Callable[..., Any]: ...
@user_facing
def make_jaxpr(
    fun: Callable[..., PyTree],
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
    check_function(fun, "make_jaxpr")
    static = positions(static_argnums, "make_jaxpr", "static_argnums")

    @like(fun)
    def make_jaxpr_fun(*args: PyTree, **kwargs: PyTree) -> Any:
        dynamic = [a for i, a in enumerate(args) if i not in static]

        def call(*given: PyTree, **kw: PyTree) -> PyTree:
            it = iter(given)
            return fun(*[a if i in static else next(it) for i, a in enumerate(args)], **kw)

        staged = stage_call(call, tuple(dynamic), kwargs, owner_name("make_jaxpr", fun))
        if not return_shape:
            return staged.jaxpr
        shapes = [ShapeDtypeStruct(a.shape, a.dtype) for a in staged.jaxpr.out_avals]
        return staged.jaxpr, staged.rebuild(shapes)

    return make_jaxpr_fun


@user_facing
def eval_shape(fun: Callable[..., PyTree], *args: PyTree, **kwargs: PyTree) -> PyTree:
    """Shapes and dtypes of a function's output, without computing it.

    Args:
        fun: the function.
        args: arrays, ShapeDtypeStructs, or anything else with a shape and a dtype.
        kwargs: likewise.

    Returns:
        The output's pytree with ShapeDtypeStructs as leaves; those that the function returns
        itself stay as they are.

    >>> eval_shape(np.matmul, np.ones((2, 3)), np.ones((3, 4)))
    ShapeDtypeStruct(shape=(2, 4), dtype=float64)
    """
    check_function(fun, "eval_shape")
    found: dict[int, ShapeDtypeStruct] = {}

    def without_structs(*a: PyTree, **k: PyTree) -> PyTree:
        outs, out_tree = tree.flatten(fun(*a, **k))
        found.update((i, o) for i, o in enumerate(outs) if isinstance(o, ShapeDtypeStruct))
        return tree.unflatten(out_tree, [0 if i in found else o for i, o in enumerate(outs)])

    staged = stage_call(without_structs, args, kwargs, owner_name("eval_shape", fun))
    shapes = [ShapeDtypeStruct(a.shape, a.dtype) for a in staged.jaxpr.out_avals]
    return staged.rebuild([found.get(i, s) for i, s in enumerate(shapes)])
