"""What optimizers do with leaves: map over them, make their states, take their norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .. import tree
from ..core.boundary import user_facing
from ..errors import ShapeError

E = TypeVar("E", bound=Exception)


def as_leaf(x: Any) -> Any:
    """A leaf with a shape and a dtype: Python numbers become NumPy scalars."""
    return x if hasattr(x, "dtype") else np.asarray(x)[()]


def leaf_error(kind: type[E], name: str, spec: Any, index: int, found: str) -> E:
    """An error about one leaf, which it names."""
    return kind(f"{name}: the parameter at {tree.format_path(spec.paths()[index])} {found}")


def _real(dtype: np.dtype) -> np.dtype:
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def like(x: Any, scalar: Any) -> Any:
    """A scalar in the real dtype of a leaf, so that their product has the dtype of the leaf."""
    if not hasattr(scalar, "dtype"):
        return scalar
    dtype = _real(x.dtype)
    return scalar if scalar.dtype == dtype else scalar.astype(dtype)


def square(x: Any) -> Any:
    """The squares of the moduli."""
    return (x * np.conj(x)).real if x.dtype.kind == "c" else x * x


def zeros_like(
    name: str, params: Any, dtype: Any = None, *, value: Any = 0.0, real: bool = False
) -> Any:
    """A pytree of arrays of one value, with the shapes of parameters.

    Args:
        name: of the transformation, for errors.
        params: pytree of floating-point arrays.
        dtype: of the arrays; None for that of each parameter.
        value: the value.
        real: whether to give complex parameters arrays of their real dtype.

    Returns:
        The pytree.

    Raises:
        TypeError: a parameter is not a floating-point or complex number.
    """
    leaves, spec = tree.flatten(params)
    made = []
    for i, p in enumerate(leaves):
        p = as_leaf(p)
        if p.dtype.kind not in "fc":
            raise leaf_error(
                TypeError, name, spec, i,
                f"is {p.dtype}, which cannot be trained; keep it apart from the parameters, "
                "or leave it out with masked or multi_transform",
            )  # fmt: skip
        wanted = p.dtype if dtype is None else np.dtype(dtype)
        made.append(np.full_like(p, value, dtype=_real(wanted) if real else wanted)[()])
    return tree.unflatten(spec, made)


def check_params(name: str, params: Any) -> None:
    """Raise if a transformation that needs parameters was not given them."""
    if params is None:
        raise ValueError(
            f"{name} needs the parameters: call update(updates, state, params)"
        )


def map_leaves(
    name: str,
    f: Callable[..., Any],
    updates: Any,
    states: Sequence[Any] = (),
    others: Sequence[Any] = (),
) -> Any:
    """Update each leaf together with its part of the state, in one pass.

    Args:
        name: of the transformation, for errors.
        f: from (update, *states, *others) of one leaf to the new (update, *states), or to the new
            update if there are no states.
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
    given = tree.match_prefix(spec, updates, f"{name}, updates", tree=base)
    columns = [tree.match_prefix(spec, t, name, tree=base) for t in trees]
    count = len(states)
    outs: list[list[Any]] = [[] for _ in range(1 + count)]
    for i, (u, *rest) in enumerate(zip(given, *columns, strict=True)):
        if u is None:
            new: Any = (u, *rest[:count])
        else:
            u = as_leaf(u)
            shape = np.shape(rest[count if others else 0]) if rest else u.shape
            if u.shape != shape:
                raise leaf_error(
                    ShapeError, name, spec, i, f"has shape {shape}, its update {u.shape}"
                )
            new = f(u, *rest) if count else (f(u, *rest),)
            new = [keep_dtype(n, old) for n, old in zip(new, (u, *rest[:count]), strict=True)]
        for out, n in zip(outs, new, strict=True):
            out.append(n)
    done = [tree.unflatten(spec, out) for out in outs]
    return tuple(done) if count else done[0]


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """One of two numbers or arrays, element by element; a scalar if both are."""
    chosen: Any = np.where(condition, yes, no)
    return chosen[()]


def keep_dtype(new: Any, old: Any) -> Any:
    """A new value in the dtype of the old one; lists element by element."""
    if isinstance(new, list):
        return [keep_dtype(n, o) for n, o in zip(new, old, strict=True)]
    if old is None or new.dtype == old.dtype:
        return new
    return new.real.astype(old.dtype) if old.dtype.kind != "c" else new.astype(old.dtype)


def root(total: Any) -> Any:
    """The square root of a sum of squares, with derivative 0 where it is 0."""
    return choose(total == 0, 0.0, np.sqrt(total))


def norm(x: Any) -> Any:
    """The Euclidean norm of all elements of a leaf."""
    return root(np.sum(square(as_leaf(x))))


def root_mean_square(x: Any) -> Any:
    """The root of the mean square of all elements of a leaf."""
    return root(np.mean(square(as_leaf(x))))


def inner_product(a: Any, b: Any) -> Any:
    """The real inner product of two pytrees of the same structure."""
    leaves, spec = tree.flatten(a)
    pairs = zip(leaves, tree.match_prefix(spec, b, "inner product", tree=a), strict=True)
    total: Any = 0.0
    for x, y in pairs:
        product = np.conj(x) * y if as_leaf(x).dtype.kind == "c" else x * y
        total = total + np.sum(product.real if product.dtype.kind == "c" else product)
    return total


@user_facing
def global_norm(updates: Any) -> Any:
    """The Euclidean norm of all elements of all leaves.

    Args:
        updates: pytree of arrays.

    Returns:
        A scalar.

    >>> global_norm({"w": np.array([3.0]), "b": np.array([[4.0]])})
    np.float64(5.0)
    """
    leaves = tree.leaves(updates)
    if not leaves:
        return np.float64(0.0)
    total = 0.0
    for x in leaves:
        total = total + np.sum(square(as_leaf(x)))
    return root(total)
