"""Reductions and cumulative functions, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..api.staging import make_jaxpr
from ..api.vmap import vmap
from ..core.arguments import check_function
from ..core.dtypes import is_floating, is_inexact
from ..core.jaxpr import Jaxpr
from ..core.primitive import Primitive
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.pointwise import arithmetic, comparison
from ..ops.reductions import cumulative
from ..ops.reductions import reducing as reductions
from ..ops.structural.indexing import index
from ..typing import Array, ArrayLike, DTypeLike, PyTree
from . import arithmetic as binary
from .operands import ANY, BITS, FLOATING, NUMBERS, REAL, axes_of, axis_of, strong
from .prefix import associative_scan


def _reduced(
    prim: Primitive, name: str, operand: ArrayLike, axes: Sequence[int], kinds: str = ANY
) -> Array:
    x = strong(name, operand, kinds)
    places = tuple(sorted(axes_of(name, "axes", axes, len(x.shape))))
    return shape_ops.cast(prim(x, axes=places), x.dtype)


@user_facing
def reduce_sum(operand: ArrayLike, axes: Sequence[int], *, out_sharding: None = None) -> Array:
    """The sum over axes, in the dtype of the operand.

    >>> reduce_sum(np.array([[1, 2], [3, 4]]), (0,))
    array([4, 6])
    """
    return _reduced(shape_ops.reduce_sum, "reduce_sum", operand, axes, NUMBERS)


@user_facing
def reduce_prod(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """The product over axes, in the dtype of the operand.

    >>> reduce_prod(np.array([[1, 2], [3, 4]]), (0,))
    array([3, 8])
    """
    return _reduced(reductions.reduce_prod, "reduce_prod", operand, axes, NUMBERS)


def _extremum(
    prim: Primitive, name: str, operand: ArrayLike, axes: Sequence[int], end: Callable[..., Any]
) -> Array:
    x = strong(name, operand, REAL)
    places = axes_of(name, "axes", axes, len(x.shape))
    if any(x.shape[a] == 0 for a in places):
        shape = tuple(d for i, d in enumerate(x.shape) if i not in places)
        return np.full(shape, end(x.dtype), x.dtype)[()]
    if x.dtype.kind == "b":
        return (np.any if prim is reductions.reduce_max else np.all)(x, axis=places)
    return prim(x, axes=tuple(sorted(places)))


def least(dtype: np.dtype) -> Any:
    """The identity of maxima in a dtype."""
    if dtype.kind == "b":
        return False
    return dtype.type(-np.inf) if is_floating(dtype) else np.iinfo(dtype).min


def greatest(dtype: np.dtype) -> Any:
    """The identity of minima in a dtype."""
    if dtype.kind == "b":
        return True
    return dtype.type(np.inf) if is_floating(dtype) else np.iinfo(dtype).max


@user_facing
def reduce_max(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """The maximum over axes; of nothing the least number of the dtype.

    >>> reduce_max(np.array([[1, 4], [3, 2]]), (0,))
    array([3, 4])
    """
    return _extremum(reductions.reduce_max, "reduce_max", operand, axes, least)


@user_facing
def reduce_min(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """The minimum over axes; of nothing the greatest number of the dtype.

    >>> reduce_min(np.array([[1, 4], [3, 2]]), (0,))
    array([1, 2])
    """
    return _extremum(reductions.reduce_min, "reduce_min", operand, axes, greatest)


def _of_bits(
    name: str, combine: Any, whole: Any, empty: int, operand: ArrayLike, axes: Sequence[int]
) -> Array:
    x = strong(name, operand, BITS)
    places = axes_of(name, "axes", axes, len(x.shape))
    if x.dtype.kind == "b" and whole is not None:
        return whole(x, axis=places)
    return _folded(x, places, combine, np.asarray(empty).astype(x.dtype)[()])


def _folded(x: Array, places: tuple[int, ...], combine: Callable[..., Any], empty: Any) -> Array:
    """Elements along axes combined over halves, in logarithmic depth."""
    (out,) = folded([x], places, lambda a, b: [combine(a[0], b[0])], [empty])
    return out


@user_facing
def reduce_and(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """The bits that are set everywhere along axes; whether all are true.

    >>> reduce_and(np.array([6, 3]), (0,))
    np.int64(2)
    """
    return _of_bits("reduce_and", np.bitwise_and, np.all, -1, operand, axes)


@user_facing
def reduce_or(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """The bits that are set anywhere along axes; whether any is true.

    >>> reduce_or(np.array([6, 3]), (0,))
    np.int64(7)
    """
    return _of_bits("reduce_or", np.bitwise_or, np.any, 0, operand, axes)


@user_facing
def reduce_xor(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """The bits that are set an odd number of times along axes.

    >>> reduce_xor(np.array([6, 3]), (0,))
    np.int64(5)
    """
    return _of_bits("reduce_xor", np.bitwise_xor, None, 0, operand, axes)


# --- any function --------------------------------------------------------------------------------


Combine = Callable[[list[Array], list[Array]], list[Array]]
"""A function of two lists of arrays, elementwise."""


def folded(
    xs: Sequence[Array], places: Sequence[int], combine: Combine, starts: Sequence[Any]
) -> list[Array]:
    """Arrays of one shape combined along axes, by halves; of nothing the ``starts``."""
    shape = tuple(xs[0].shape)
    kept = [i for i in range(len(shape)) if i not in places]
    perm = (*sorted(places), *kept)
    n = int(np.prod([shape[i] for i in places], dtype=int))
    rest = tuple(shape[i] for i in kept)
    rows = [shape_ops.reshape(shape_ops.transpose(x, perm=perm), shape=(n, *rest)) for x in xs]
    if n == 0 or 0 in rest:
        return [shape_ops.broadcast_to(s, rest) for s in starts]
    while n > 1:
        half = n // 2
        both = combine(
            [index(r, key=((0, half, None),)) for r in rows],
            [index(r, key=((half, 2 * half, None),)) for r in rows],
        )
        odd = [index(r, key=((2 * half, None, None),)) for r in rows]
        rows = [np.concatenate([b, o]) for b, o in zip(both, odd, strict=True)] if n % 2 else both
        n = half + n % 2
    return [index(r, key=(0,)) for r in rows]


MONOIDS: dict[str, Primitive] = {
    "add": shape_ops.reduce_sum,
    "mul": reductions.reduce_prod,
    "max": reductions.reduce_max,
    "min": reductions.reduce_min,
}
"""Reductions by the operators that they repeat."""

_OPERATORS = {
    "add": arithmetic.add, "mul": arithmetic.mul,
    "max": comparison.maximum, "min": comparison.minimum,
}  # fmt: skip

_KNOWN: dict[Any, str] = {
    np.add: "add", np.multiply: "mul", np.maximum: "max", np.minimum: "min",
    binary.add: "add", binary.mul: "mul", binary.max: "max", binary.min: "min",
}  # fmt: skip
"""Functions that need not be looked into."""


def operation_of(computation: Callable[..., Any], dtype: np.dtype) -> str | None:
    """The name of the operator that a function of two scalars applies, if it is one of MONOIDS."""
    if isinstance(computation, Hashable) and computation in _KNOWN:
        return _KNOWN[computation]
    scalar = dtype.type(1)
    jaxpr: Jaxpr = make_jaxpr(computation)(scalar, scalar)
    if len(jaxpr.eqns) != 1 or len(jaxpr.outvars) != 1:
        return None
    (eqn,) = jaxpr.eqns
    if eqn.outvars[0] is not jaxpr.outvars[0] or set(map(id, eqn.inputs)) != set(
        map(id, jaxpr.invars)
    ):
        return None
    found = [name for name, prim in _OPERATORS.items() if prim is eqn.primitive]
    return found[0] if found else None


def elementwise_of(computation: Callable[..., PyTree], spec: Any) -> Combine:
    """A function of two pytrees of scalars as one of lists of arrays."""

    def combine(a: list[Array], b: list[Array]) -> list[Array]:
        shape = tuple(a[0].shape)
        flat = [[shape_ops.reshape(x, shape=(x.size,)) for x in xs] for xs in (a, b)]
        out = vmap(computation)(*(tree.unflatten(spec, xs) for xs in flat))
        return [
            shape_ops.cast(shape_ops.reshape(o, shape=shape), x.dtype)
            for o, x in zip(tree.leaves(out), a, strict=True)
        ]

    return combine


@user_facing
def reduce(
    operands: PyTree,
    init_values: PyTree,
    computation: Callable[[PyTree, PyTree], PyTree],
    dimensions: Sequence[int],
    out_sharding: None = None,
) -> PyTree:
    """Combine elements along axes by a function of two scalars.

    Args:
        operands: an array, or a pytree of arrays of one shape.
        init_values: a scalar for each, which is combined with all the others.
        computation: function of two such pytrees of scalars, associative and commutative: its
            order is not said.
        dimensions: the axes.
        out_sharding: must be None: arrays are on one device.

    Returns:
        A pytree like operands, without these axes.

    >>> reduce(np.array([[1.0, 2.0], [3.0, 4.0]]), 0.0, lambda a, b: a + b, (0,))
    array([4., 6.])
    """
    check_function(computation, "reduce", "computation")
    leaves, spec = tree.flatten(operands)
    xs, starts = operands_and_starts("reduce", leaves, spec, init_values)
    places = axes_of("reduce", "dimensions", dimensions, len(xs[0].shape))
    if len(xs) == 1 and spec == tree.structure(0):
        name = operation_of(computation, xs[0].dtype)
        if name is not None and xs[0].dtype.kind != "b" and 0 not in xs[0].shape:
            out = MONOIDS[name](xs[0], axes=tuple(sorted(places)))
            return computation(starts[0], shape_ops.cast(out, xs[0].dtype))
    combine = elementwise_of(computation, spec)
    if 0 in [xs[0].shape[i] for i in places]:
        return tree.unflatten(spec, folded(xs, places, combine, starts))
    outs = folded(xs, places, combine, starts)
    wide = [shape_ops.broadcast_to(s, tuple(o.shape)) for s, o in zip(starts, outs, strict=True)]
    return tree.unflatten(spec, combine(wide, outs))


def operands_and_starts(
    name: str, leaves: Sequence[Any], spec: Any, init_values: PyTree
) -> tuple[list[Array], list[Array]]:
    """Arrays of one shape, and a scalar of its dtype for each."""
    xs = [strong(name, x) for x in leaves]
    if not xs:
        raise TypeError(f"{name} needs at least one operand")
    if len({tuple(x.shape) for x in xs}) > 1:
        raise ShapeError(f"{name}: operands differ in shape: {[tuple(x.shape) for x in xs]}")
    starts = tree.match_prefix(spec, init_values, f"{name}: init_values")
    for s in starts:
        if aval_of(strong(name, s)).shape != ():
            raise ShapeError(f"{name}: init_values must be scalars, got {aval_of(s)}")
    return xs, [_start(s, x.dtype) for s, x in zip(starts, xs, strict=True)]


def _start(value: Any, dtype: np.dtype) -> Any:
    """A first value in a dtype; infinities are the ends of the integers."""
    if isinstance(value, float) and np.isinf(value) and not is_inexact(dtype):
        return dtype.type(greatest(dtype) if value > 0 else least(dtype))
    return shape_ops.cast(value, dtype)


# --- cumulative ----------------------------------------------------------------------------------


def _cumulative(
    prim: Primitive, operand: ArrayLike, axis: int, reverse: bool, kinds: str = NUMBERS
) -> Array:
    x = strong(prim.name, operand, kinds)
    out = prim(x, axis=axis_of(axis, len(x.shape)), reverse=bool(reverse))
    return shape_ops.cast(out, x.dtype)


@user_facing
def cumsum(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative sum along an axis, in the dtype of the operand.

    >>> cumsum(np.array([1, 3, 2]))
    array([1, 4, 6])
    """
    return _cumulative(cumulative.cumsum, operand, axis, reverse)


@user_facing
def cumprod(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative product along an axis, in the dtype of the operand.

    >>> cumprod(np.array([1, 3, 2]))
    array([1, 3, 6])
    """
    return _cumulative(cumulative.cumprod, operand, axis, reverse)


@user_facing
def cummax(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative maximum along an axis.

    >>> cummax(np.array([1, 3, 2]))
    array([1, 3, 3])
    """
    return _cumulative(cumulative.cummax, operand, axis, reverse, "iuf")


@user_facing
def cummin(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative minimum along an axis.

    >>> cummin(np.array([1, 3, 2]))
    array([1, 1, 1])
    """
    return _cumulative(cumulative.cummin, operand, axis, reverse, "iuf")


@user_facing
def cumlogsumexp(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Logarithms of cumulative sums of exponentials along an axis, without overflow.

    >>> cumlogsumexp(np.log(np.array([1.0, 3.0, 2.0]))).round(6)
    array([0.      , 1.386294, 1.791759])
    """
    x = strong("cumlogsumexp", operand, FLOATING)
    place = axis_of(axis, len(x.shape))
    if x.shape[place] == 0:
        return x
    add = np.logaddexp if x.dtype.kind == "f" else _complex_logaddexp
    return associative_scan(add, x, bool(reverse), place)


def _complex_logaddexp(x: Array, y: Array) -> Array:
    """The logarithm of exp(x) + exp(y), scaled by the larger one."""
    swap = np.real(x) < np.real(y)
    large, small = np.where(swap, y, x), np.where(swap, x, y)
    alone = np.real(large) == -np.inf
    gap = np.where(alone, 0, small - large)
    return np.where(alone, large, large + np.log1p(np.exp(gap)))


def _position(prim: Primitive, operand: ArrayLike, axis: int, index_dtype: DTypeLike) -> Array:
    x = strong(prim.name, operand, REAL)
    place = axis_of(axis, len(x.shape))
    if x.shape[place] == 0:
        raise ShapeError(f"{prim.name}: axis {axis} of {aval_of(x)} is empty")
    dtype = np.dtype(index_dtype)
    if dtype.kind not in "iu":
        raise TypeError(f"{prim.name}: index_dtype must be one of integers, got {dtype}")
    return shape_ops.cast(prim(x, axis=place), dtype)


@user_facing
def argmax(operand: ArrayLike, axis: int, index_dtype: DTypeLike = np.int64) -> Array:
    """The position of the largest element along an axis.

    >>> argmax(np.array([1.0, 5.0]), 0)
    np.int64(1)
    """
    return _position(reductions.argmax, operand, axis, index_dtype)


@user_facing
def argmin(operand: ArrayLike, axis: int, index_dtype: DTypeLike = np.int64) -> Array:
    """The position of the smallest element along an axis.

    >>> argmin(np.array([1.0, 5.0]), 0)
    np.int64(0)
    """
    return _position(reductions.argmin, operand, axis, index_dtype)
