"""Arguments of the functions of funcgrad.random: keys, shapes, dtypes and parameters, checked."""

from __future__ import annotations

import operator
from typing import Any, SupportsIndex, TypeGuard

import numpy as np

from .. import arrays
from ..context import current
from ..core.avals import Aval
from ..core.dtypes import is_floating, kind_of
from ..core.tracing import Tracer
from ..errors import ShapeError
from ..ops.families import broadcast_shapes
from ..typing import Array, ArrayLike, DTypeLike, Key, Shape

UINT32 = np.dtype(np.uint32)


def check_key(name: str, key: Any) -> None:
    """Raise unless key is one key, which ``name`` then consumes."""
    check_key_form(name, key)
    if (uses := current().key_uses) is not None:
        uses.consume(name, key)


def check_key_form(name: str, key: Any) -> None:
    """Raise unless key is one key."""
    try:
        if key.shape == (2,) and key.dtype == UINT32:
            return
        found = str(Aval(key.shape, key.dtype))
        batched = key.dtype == UINT32 and key.shape[-1:] == (2,)
    except (AttributeError, TypeError):
        found, batched = f"{key!r} of type {type(key).__name__}", False
    if batched:
        raise ShapeError(
            f"{name} takes one key, a uint32 array of shape (2,); got {found}, an array of keys. "
            "Take one of them, or map over them with funcgrad.vmap."
        )
    raise TypeError(
        f"{name} needs a key, a uint32 array of shape (2,); got {found}. "
        "Make a key with funcgrad.random.key(0)."
    )


def check_keys(name: str, keys: Any) -> None:
    """Raise unless keys is an array of keys, of any shape."""
    try:
        if keys.shape[-1:] == (2,) and keys.dtype == UINT32:
            return
        found = str(Aval(keys.shape, keys.dtype))
    except (AttributeError, TypeError):
        found = f"{keys!r} of type {type(keys).__name__}"
    raise TypeError(f"{name} needs keys, a uint32 array of shape (..., 2); got {found}")


def check_shape(name: str, shape: object) -> tuple[int, ...]:
    """A shape as a tuple of integers that are not negative; one integer is a shape too."""
    try:
        sizes = shape if isinstance(shape, tuple | list) else (shape,)
        sizes = tuple(map(operator.index, sizes))
    except TypeError:
        raise TypeError(f"{name} needs a shape, a tuple of integers; got {shape!r}") from None
    if any(d < 0 for d in sizes):
        raise ShapeError(f"{name} needs sizes that are not negative; got {shape}")
    return sizes


def check_dtype(name: str, dtype: DTypeLike | None, kinds: str) -> np.dtype:
    """A dtype of one of some kinds; None is the one that Python's own numbers have."""
    if dtype is None:
        dtype = {"u": np.uint64, "iu": np.int64, "if": np.int64}.get(kinds, np.float64)
    found = np.dtype(dtype)
    kind = kind_of(found)
    if kind not in kinds or found.itemsize > (16 if kind == "c" else 8):
        words = {
            "u": "unsigned integer", "iu": "integer", "f": "float", "fc": "float or complex",
            "if": "signed integer or float",
        }  # fmt: skip
        raise TypeError(f"{name} draws numbers of {words[kinds]} dtypes; got {found}")
    return found


def check_fit(name: str, what: str, small: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raise unless the shape of a parameter broadcasts to that of the result."""
    if broadcast_shapes(name, small, shape) != shape:
        raise ShapeError(f"{name}: {what} of shape {small} does not broadcast to shape {shape}")


def check_choice(name: str, what: str, given: object, choices: tuple[str, ...]) -> None:
    """Raise unless a string is one of those that exist."""
    if given not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: {what} must be one of {known}; got {given!r}")


def check_gumbel_mode(name: str, mode: str | None) -> str:
    """The name of one of the ways to make Gumbel numbers, of few random bits or of many."""
    if mode is None:
        return "low"
    check_choice(name, "mode", mode, ("low", "high", "highest"))
    return str(mode)


def check_axis(name: str, axis: int, ndim: int) -> int:
    """An axis counted from the front."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{name}: axis {axis} does not exist in an array of {ndim} dimensions")
    return axis % ndim


def check_population(name: str, count: int, population: int) -> None:
    """Raise unless so many different elements can be drawn."""
    if count > population:
        raise ShapeError(
            f"{name} cannot draw {count} different elements out of {population}; "
            "use replace=True, or draw fewer"
        )


def check_size(name: str, what: str, size: SupportsIndex) -> int:
    """A number of elements."""
    try:
        found = operator.index(size)
    except TypeError:
        raise TypeError(f"{name}: {what} must be an integer; got {size!r}") from None
    if found < 0:
        raise ShapeError(f"{name}: {what} must not be negative; got {found}")
    return found


def as_array(x: ArrayLike) -> Array:
    """Make x an array, NumPy scalar or tracer."""
    if not isinstance(x, Tracer) and not arrays.is_array(x):
        x = np.asarray(x)
    return x[()] if isinstance(x, np.ndarray) else x  # type: ignore[return-value]


def real_parameter(
    name: str, what: str, x: ArrayLike, shape: tuple[int, ...] | None = None
) -> Array:
    """A real parameter as array, NumPy scalar or tracer, checked to broadcast to shape."""
    x = as_array(x)
    if kind_of(x.dtype) not in "fiub":
        raise TypeError(f"{name}: {what} must be real numbers; got {Aval(x.shape, x.dtype)}")
    if shape is not None and x.shape and x.shape != shape:
        check_fit(name, what, x.shape, shape)
    return x


def parameters(
    name: str, key: Key, shape: Shape | None, dtype: DTypeLike, **given: ArrayLike
) -> tuple[tuple[int, ...], Key, list[Array]]:
    """The shape of a result, the key, and parameters of a dtype, on the device of the key.

    Parameters broadcast to the shape; None is the shape to which they broadcast together.
    """
    wanted = None if shape is None else check_shape(name, shape)
    found = [real_parameter(name, what, x, wanted).astype(dtype) for what, x in given.items()]
    if wanted is None:
        wanted = broadcast_shapes(name, *[x.shape for x in found])
    key, *found = arrays.harmonize((key, *found))[1]
    return wanted, key, found


def as_floats(x: Array) -> Array:
    """Convert x to float64 unless it is of a float type."""
    return x if is_floating(x.dtype) else x.astype(np.float64)


def as_integers(x: Array) -> Array:
    """Convert x to int64 unless it is of an integer type."""
    return x if x.dtype.kind in "iu" else x.astype(np.int64)


def is_scalar(x: object) -> bool:
    """True if x is a NumPy scalar."""
    return isinstance(x, np.generic)


def is_integer_scalar(x: Any) -> TypeGuard[SupportsIndex]:
    """True if x is a Python integer, or a NumPy, CuPy or traced integer of shape ()."""
    return isinstance(x, int) or (getattr(x, "shape", None) == () and x.dtype.kind in "iu")


def check_integer_scalar(name: str, what: str, x: Any) -> None:
    """Raise unless x is an integer scalar."""
    if not is_integer_scalar(x):
        found = Aval(x.shape, x.dtype) if hasattr(x, "dtype") else repr(x)
        raise TypeError(
            f"{name}: {what} must be an integer scalar; got {found}. "
            "For many of them, use funcgrad.vmap."
        )
