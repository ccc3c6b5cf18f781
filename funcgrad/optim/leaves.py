"""Work on single leaves: mapping over them, the states made for them, their norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from .. import arrays, tree
from .. import numpy as fnp
from ..core.dtypes import finfo, is_inexact, is_narrow, result_type, sum_dtype
from ..core.facts import Float64, FloatScalars, Hazard
from ..core.plain_arrays import check_plain
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops.families import Elementwise, elementwise
from ..ops.linalg.norms import vector_norm
from ..typing import Array, ArrayLike, DTypeLike, PyTree, PyTreeSpec
from .typing import Scalar

E = TypeVar("E", bound=Exception)
L = TypeVar("L", Array, list[Array])

_SINGLE = np.dtype(np.float32)


def as_leaf(x: PyTree, what: str = "a leaf of parameters or updates") -> Array:
    """A leaf with a shape and a dtype: Python numbers become NumPy scalars."""
    if type(x) is np.ndarray:
        return x
    check_plain(x, what)
    return x if hasattr(x, "dtype") else np.asarray(x)[()]


def wide(x: L) -> L:
    """A leaf, or a list of them, in a type in which squares are formed: float16 in float32."""
    if isinstance(x, list):
        return [wide(y) for y in x]
    return x.astype(_SINGLE) if is_narrow(getattr(x, "dtype", None)) else x


def wide_dtype(dtype: DTypeLike) -> np.dtype:
    """The dtype in which states are held: float32 for float16 and small floats."""
    dtype = np.dtype(dtype)
    return _SINGLE if is_narrow(dtype) else dtype


def _largest_squared(dtype: np.dtype) -> float:
    return float(np.sqrt(np.finfo(dtype).max)) / 4096


_SQUARES = (_largest_squared(_SINGLE) ** 2, _largest_squared(np.dtype(np.float64)) ** 2)
"""Sums of squares of float32 and float64 below which nothing is out of bounds."""


@lru_cache
def _least(dtype: np.dtype) -> tuple[float, float]:
    """The least number of a type, and its root."""
    least = float(finfo(dtype).smallest_subnormal)
    return least, least**0.5


def bounded(g: Array) -> Array:
    """The gradient, limited so that its type holds squares of it and sums of millions of them.

    Elements beyond the root of the largest number / 4096 (4e15 in float32, 3e150 in float64) count
    as that, by their sign or direction; infinity becomes NaN, as infinity / infinity is.
    """
    if g.dtype.kind != "c":
        return _bounded(g)
    limit = _largest_squared(g.dtype)
    return g * (limit / np.maximum(np.abs(g), limit))


def bounded_values(g: Array) -> Array:
    """Real numbers within the bound: g itself, after one pass that only reads, if all are."""
    if np.vdot(g, g) <= _SQUARES[g.dtype.itemsize > 4]:
        return g
    limit = _largest_squared(g.dtype)
    with np.errstate(invalid="ignore"):
        return np.clip(g, -limit, limit) + 0.0 * g  # the product is NaN at infinity


def _limit(dtype: np.dtype) -> float:
    return _largest_squared(sum_dtype(dtype))


def _bounded_formula(m: FloatScalars, g: Any) -> Any:
    limit = _largest_squared(g.dtype)
    return m.clip(g, -limit, limit) + 0.0 * g  # the product is NaN at infinity


_bounded: Elementwise = elementwise(
    "bounded",
    bounded_values,
    lambda _o, g: (np.abs(g) <= _limit(g.dtype)).astype(g.dtype),
    kinds="f",
    view=True,
    rounded=_bounded_formula,
    elements=Float64("its bound depends on the type that the numbers have"),
    hazard=Hazard.NONE,
)


def floor_under_root(v: Array, eps_root: Scalar, eps: Scalar) -> Scalar:
    """The number to add to squares under a root to which eps is added: eps_root, or more.

    If both are too small for the type, squares that vanish would be divided by 0: then it is the
    least number of the type, which changes no sum with a normal number.
    """
    least, root = _least(v.dtype)
    if not hasattr(eps, "dtype") and eps >= root:
        return eps_root
    if not hasattr(eps_root, "dtype"):
        return max(eps_root, least)
    return np.maximum(like(v, eps_root), least)


def leaf_error(kind: type[E], name: str, spec: PyTreeSpec, index: int, found: str) -> E:
    """An error about one leaf, which it names."""
    return kind(f"{name}: the parameter at {tree.format_path(spec.paths()[index])} {found}")


def _real(dtype: np.dtype) -> np.dtype:
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def like(x: Array, scalar: Scalar) -> Scalar:
    """A scalar in the real dtype of a leaf, so that their product has the dtype of the leaf."""
    if not hasattr(scalar, "dtype"):
        return scalar
    number: Any = scalar
    dtype = _real(x.dtype)
    return scalar if number.dtype == dtype else number.astype(dtype)


def square(x: Array) -> Array:
    """The squares of the moduli."""
    if x.dtype.kind != "c":
        return x * x
    squares: Any = x * np.conj(x)
    return squares.real


def zeros_like(
    name: str,
    params: PyTree,
    dtype: DTypeLike | None = None,
    *,
    value: Scalar = 0.0,
    real: bool = False,
) -> PyTree:
    """A pytree of arrays of one value, with the shapes of parameters.

    Args:
        name: of the transformation, for errors.
        params: pytree of floating-point arrays.
        dtype: of the arrays; None for that of each parameter, float32 for float16.
        value: the value.
        real: True to give complex parameters arrays of their real dtype.

    Returns:
        The pytree.

    Raises:
        TypeError: a parameter is not a floating-point or complex number.
    """
    leaves, spec = tree.flatten(params)
    made = []
    for i, p in enumerate(leaves):
        p = as_leaf(p, f"{name}: a parameter")
        if not is_inexact(p.dtype):
            raise leaf_error(
                TypeError, name, spec, i,
                f"is {p.dtype}, which cannot be trained; keep it apart from the parameters, "
                "or leave it out with masked or multi_transform",
            )  # fmt: skip
        wanted = wide_dtype(p.dtype) if dtype is None else np.dtype(dtype)
        made.append(fnp.full_like(p, value, dtype=_real(wanted) if real else wanted)[()])
    return tree.unflatten(spec, made)


def check_params(name: str, params: PyTree) -> None:
    """Raise if a transformation that needs parameters was not given them."""
    if params is None:
        raise ValueError(f"{name} needs the parameters: call update(updates, state, params)")


def map_leaves(
    name: str,
    f: Callable[..., PyTree],
    updates: PyTree,
    states: Sequence[PyTree] = (),
    others: Sequence[PyTree] = (),
) -> PyTree:
    """Update each leaf together with its part of the state, in one pass.

    Args:
        name: of the transformation, for errors.
        f: from (update, *states, *others) of one leaf to the new (update, *states), or to the new
            update if there are no states. It sees float16 as float32.
        updates: pytree. Where it has None, f is not called and the state stays as it is.
        states: pytrees with the structure of updates; in all but the first, leaves may be lists.
        others: further pytrees. The leaves of the first of these, or else of the first of states,
            have the shapes of those of updates.

    Returns:
        (updates, *states), or updates if there are no states. Dtypes are those of what came in.

    Raises:
        TreeError: the structures differ.
        ShapeError: the shape of an update differs from that of its state or parameter.
    """
    trees = (*states, *others)
    base = trees[0] if trees else updates
    spec = tree.structure(base)
    given = tree.match_prefix(spec, updates, f"{name}, updates")
    columns = [tree.match_prefix(spec, t, name) for t in trees]
    count = len(states)
    outs: list[list[PyTree]] = [[] for _ in range(1 + count)]
    for i, (u, *rest) in enumerate(zip(given, *columns, strict=True)):
        if u is None:
            new: PyTree = (u, *rest[:count])
        else:
            u = as_leaf(u, f"{name}: an update")
            for other in rest[count:]:
                as_leaf(other, f"{name}: a parameter")
            shape = np.shape(rest[count if others else 0]) if rest else u.shape
            if u.shape != shape:
                raise leaf_error(
                    ShapeError, name, spec, i, f"has shape {shape}, its update {u.shape}"
                )
            new = f(*map(wide, (u, *rest)))
            new = new if count else (new,)
            new = [keep_dtype(n, old) for n, old in zip(new, (u, *rest[:count]), strict=True)]
        for out, n in zip(outs, new, strict=True):
            out.append(n)
    done = [tree.unflatten(spec, out) for out in outs]
    return tuple(done) if count else done[0]


def choose(condition: Array | np.bool | bool, yes: ArrayLike, no: ArrayLike) -> Array:
    """One of two numbers or arrays, element by element; a scalar if both are."""
    if isinstance(condition, bool | np.bool):  # of a counter that is a number of Python
        there = arrays.first_on_gpu((yes, no))
        if there is not None:
            condition = np.full_like(there, condition, dtype=np.bool, shape=())
    return np.where(condition, yes, no)[()]


def keep_dtype(new: PyTree, old: PyTree) -> PyTree:
    """A new value in the dtype of the old one; lists element by element."""
    if isinstance(new, list):
        return [keep_dtype(n, o) for n, o in zip(new, old, strict=True)]
    if old is None or new.dtype == old.dtype:
        return new
    return new.real.astype(old.dtype) if old.dtype.kind != "c" else new.astype(old.dtype)


def norm(x: Array, axes: tuple[int, ...] | None = None) -> Array:
    """The Euclidean norm of a leaf, without overflow of squares; its derivative is 0 at 0."""
    x = wide(as_leaf(x))
    x = x if is_inexact(x.dtype) else x.astype(np.float64)
    found: Array = vector_norm(x, axes=tuple(range(x.ndim)) if axes is None else axes, order=2)
    return found


def root_mean_square(x: Array) -> Array:
    """The root of the mean square of all elements of a leaf."""
    x = as_leaf(x)
    return norm(x) / float(np.sqrt(max(x.size, 1)))


def inner_product(a: PyTree, b: PyTree) -> Array:
    """The real inner product of two pytrees of the same structure, in float64."""
    leaves, spec = tree.flatten(a)
    pairs = zip(leaves, tree.match_prefix(spec, b, "inner product"), strict=True)
    total: Any = 0.0
    for x, y in pairs:
        x = as_leaf(x)
        x = x if x.dtype.itemsize >= 8 else x.astype(np.float64)
        product = np.conj(x) * y if as_leaf(x).dtype.kind == "c" else x * y
        total = total + np.sum(product.real if product.dtype.kind == "c" else product)
    return total


@user_facing
def global_norm(updates: PyTree) -> Array:
    """The Euclidean norm of all elements of all leaves, without overflow of squares.

    Args:
        updates: pytree of arrays.

    Returns:
        A scalar, of float32 if all leaves are float16.

    >>> global_norm({"w": np.array([3.0]), "b": np.array([[4.0]])})
    np.float64(5.0)
    """
    leaves = tree.leaves(updates)
    if not leaves:
        return np.zeros(())[()]
    norms = [norm(x) for x in leaves]
    if len(norms) == 1:
        return norms[0]
    return norm(np.stack([n.astype(result_type(*[n.dtype for n in norms])) for n in norms]))
