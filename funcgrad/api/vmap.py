"""vmap."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ParamSpec, TypeAlias, TypeVar, overload

import numpy as np
import optree

from .. import tree
from ..core.arguments import check_function, is_integer
from ..core.avals import TRACEABLE, is_traceable
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of, owner_name, shape_of
from ..errors import ShapeError, TreeError
from ..ops.shape import move_axis
from ..transforms.vmap import BatchTrace, BatchTracer, running_lanes, to_front
from ..typing import Array, PyTree
from .flat_function import FlatFunction, like
from .leaves import ArgumentPath, OutputPath, check_leaf, own

P = ParamSpec("P")
R = TypeVar("R")
InAxes: TypeAlias = "int | Sequence[PyTree] | None"
"""An axis for all arguments, or one (or a pytree of them) per argument."""


@overload
def vmap(
    fun: np.ufunc,
    in_axes: InAxes = 0,
    out_axes: PyTree = 0,
    axis_name: Hashable = None,
    axis_size: int | None = None,
) -> Callable[..., Any]: ...
@overload
def vmap(
    fun: Callable[P, R],
    in_axes: InAxes = 0,
    out_axes: PyTree = 0,
    axis_name: Hashable = None,
    axis_size: int | None = None,
) -> Callable[P, R]: ...
@user_facing
def vmap(
    fun: Callable[..., Any],
    in_axes: InAxes = 0,
    out_axes: PyTree = 0,
    axis_name: Hashable = None,
    axis_size: int | None = None,
) -> Callable[..., Any]:
    """Map a function over array axes, by one batched evaluation.

    Args:
        fun: function of one example.
        in_axes: which axis of each positional argument to map over: an int, None (the same value
            for every example), or a tuple with one entry, or pytree of entries, per argument.
            Keyword arguments are always mapped over axis 0.
        out_axes: where the mapped axis appears in the outputs; None for outputs that do not
            depend on the example.
        axis_name: name by which collectives (``lax.psum`` and others) refer to the axis.
        axis_size: number of examples, for functions without mapped arguments.

    Returns:
        The mapped function.

    Raises:
        ShapeError: mapped axes have different sizes; lists each argument's path, shape and axis.

    >>> vmap(lambda x, y: x @ y, in_axes=(0, None))(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    check_function(fun, "vmap")
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if not isinstance(in_axes, int | tuple | dict | type(None) | np.integer):
        raise TypeError(f"vmap: in_axes must be an int, None or a tuple, got {in_axes!r}")
    if type(in_axes) is not int:
        _check_axes(in_axes, "in_axes")
    if type(out_axes) is not int:
        _check_axes(out_axes, "out_axes")
    if axis_size is not None and not (is_integer(axis_size) and axis_size >= 0):
        kind = ValueError if is_integer(axis_size) else TypeError
        raise kind(f"vmap: axis_size must be a number of examples, got {describe(axis_size)}")
    if not isinstance(axis_name, Hashable):
        raise TypeError(f"vmap: axis_name must be a name that can be hashed, got {axis_name!r}")
    owner = owner_name("vmap", fun)

    @like(fun)
    def vmap_fun(*args: PyTree, **kwargs: PyTree) -> PyTree:
        flat, leaves = FlatFunction.at(fun, args, kwargs, owner)
        if type(in_axes) is int and not kwargs:
            axes: list[int | None] = [in_axes] * len(leaves)
        else:
            axes = _input_axes(in_axes, args, kwargs, owner)
        size, axes = _batch_size(leaves, axes, args, kwargs, axis_size, owner)
        trace = BatchTrace(size, owner, axis_name)
        inputs = [
            trace.unmapped(x) if a is None else BatchTracer(trace, to_front(_as_array(x), a))
            for x, a in zip(leaves, axes, strict=True)
        ]
        try:
            with running_lanes(trace):
                out = flat.call(inputs)
            outs, out_tree = tree.flatten(out)
            if type(out_axes) is int:
                out_dims: list[int | None] = [out_axes] * len(outs)
            else:
                out_dims = _output_axes(out_axes, out, owner)
            results = [
                _output(trace, o, a, i, out)
                for i, (o, a) in enumerate(zip(outs, out_dims, strict=True))
            ]
        finally:
            trace.alive = False
        return tree.unflatten(out_tree, own(results, leaves))

    return vmap_fun


def _check_axes(axes: PyTree, argument: str) -> None:
    for a in tree.leaves(axes, is_leaf=_is_none):
        if a is not None and not is_integer(a):
            raise TypeError(
                f"vmap: {argument} must hold ints and None, axes of arrays; got {describe(a)}"
            )


def _as_array(x: Any) -> Any:
    return x if isinstance(x, Tracer) or hasattr(x, "shape") else np.asarray(x)


def _is_none(x: object) -> bool:
    return x is None


def broadcast_prefix(prefix: PyTree, full: PyTree, what: str) -> list[Any]:
    """One entry of ``prefix`` per leaf of ``full``; None in the prefix is an entry."""
    if prefix is None or isinstance(prefix, int | np.integer):
        return [prefix] * len(tree.leaves(full))
    tree.flatten(prefix, is_leaf=_is_none)
    result: list[Any] = []

    def repeat(entry: Any, part: PyTree) -> None:
        result.extend([entry] * len(tree.leaves(part)))

    try:
        optree.tree_map_(repeat, prefix, full, is_leaf=_is_none, namespace=tree.NAMESPACE)
        return result
    except ValueError as error:
        raise TreeError(
            f"{what}: {prefix!r} does not fit the structure {tree.structure(full)}"
        ) from error


def _input_axes(
    in_axes: InAxes, args: tuple[PyTree, ...], kwargs: Mapping[str, PyTree], owner: str
) -> list[int | None]:
    if isinstance(in_axes, tuple) and len(in_axes) != len(args):
        raise TreeError(
            f"{owner}: in_axes has {len(in_axes)} entries, but the call has {len(args)} positional "
            f"arguments (in_axes={in_axes!r})"
        )
    if isinstance(in_axes, dict):
        raise TreeError(f"{owner}: in_axes must be an int, None or a tuple per argument")
    if isinstance(in_axes, tuple):
        axes: list[Any] = []
        for i, (axis, arg) in enumerate(zip(in_axes, args, strict=True)):
            axes += broadcast_prefix(axis, arg, f"{owner}: in_axes[{i}]")
    else:
        axes = broadcast_prefix(in_axes, args, f"{owner}: in_axes")
    return axes + [0] * len(tree.leaves(kwargs))


def _batch_size(
    leaves: Sequence[Array],
    axes: Sequence[int | None],
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
    given: int | None,
    owner: str,
) -> tuple[int, list[int | None]]:
    """The number of examples, and the axes counted from the front; raise where they disagree."""
    sizes: set[int] = set() if given is None else {given}
    normal: list[int | None] = []
    bad = False
    for i, (x, a) in enumerate(zip(leaves, axes, strict=True)):
        if type(x) is not np.ndarray or (x.dtype not in TRACEABLE and not is_traceable(x.dtype)):
            check_leaf(x, "", ArgumentPath(owner, args, i, kwargs))
        if a is None:
            normal.append(None)
            continue
        shape = shape_of(x)
        if not -len(shape) <= a < len(shape):
            bad = True
            normal.append(a)
            continue
        normal.append(int(a) % len(shape))
        sizes.add(shape[int(a)])
    if bad or len(sizes) != 1:
        lines = _axis_report(leaves, axes, args, kwargs)
        if not bad and not sizes:
            raise ShapeError(
                f"{owner}: no argument is mapped (in_axes are all None); give axis_size."
            )
        problem = "an axis is out of range" if bad else "the mapped axes differ in size"
        extra = f"\n  axis_size={given}" if given is not None else ""
        raise ShapeError(f"{owner}: {problem}:{extra}\n{lines}")
    return sizes.pop(), normal


def _axis_report(
    leaves: Sequence[Array],
    axes: Sequence[int | None],
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
) -> str:
    paths = [tree.format_path(p[1:], f"args[{p[0]}]") for p in tree.paths_of(args)]
    paths += [tree.format_path(p[1:], f"kwargs[{p[0]!r}]") for p in tree.paths_of(kwargs)]
    lines: list[str] = []
    for path, x, a in zip(paths, leaves, axes, strict=True):
        shape = shape_of(x)
        size = ""
        if a is not None:
            inside = -len(shape) <= a < len(shape)
            size = f", size {shape[a]}" if inside else ", out of range"
        lines.append(f"  {path}: shape {tuple(shape)}, axis {a}{size}")
    return "\n".join(lines)


def _output_axes(out_axes: PyTree, out: PyTree, owner: str) -> list[int | None]:
    axes: Any = out_axes
    if isinstance(out_axes, list) and not isinstance(out, list):
        axes = tuple(axes)
    return broadcast_prefix(axes, out, f"{owner}: out_axes")


def _output(trace: BatchTrace, x: Any, axis: int | None, index: int, out: PyTree) -> Array:
    if type(x) is not BatchTracer:
        check_leaf(x, "", OutputPath(trace.owner, out, index))
    if axis is None:
        value, batched = trace.unwrap(x)
        if batched:
            path = tree.format_path(tree.paths_of(out)[index], "output ")
            raise ShapeError(
                f"{trace.owner}: {path} depends on the mapped example, so its out_axes cannot be "
                "None"
            )
        return value
    value = trace.materialize(x)
    ndim = len(shape_of(value))
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{trace.owner}: out_axes {axis} is out of range for {aval_of(value)}")
    return move_axis(value, 0, int(axis))
