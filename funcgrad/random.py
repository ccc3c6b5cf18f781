"""Random numbers as pure functions of a key, equal to those of ``jax.random``.

A key is a plain uint32 array of shape (2,). Equal keys give equal numbers, so draw once from a key
and get further keys from it with ``split`` or ``fold_in``.

>>> from funcgrad import random
>>> dropout, noise = random.split(random.key(0))
>>> random.normal(noise, (3,)).shape
(3,)
"""

from __future__ import annotations

import operator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from . import arrays
from . import numpy as fnp
from .core.avals import Aval
from .core.tracing import Tracer
from .errors import ShapeError
from .ops.families import broadcast_shapes
from .ops.special import erf_inv
from .ops.threefry import random_uniform, threefry2x32

__all__ = [
    "PRNGKey",
    "bernoulli",
    "bits",
    "categorical",
    "choice",
    "fold_in",
    "gumbel",
    "key",
    "normal",
    "permutation",
    "randint",
    "split",
    "uniform",
]

_UINT32 = np.dtype(np.uint32)
_UNSIGNED = {size: np.dtype(f"u{size}") for size in (1, 2, 4, 8)}


# --- keys ----------------------------------------------------------------------------------------


def key(seed: Any) -> Any:
    """Make a key from an integer.

    Args:
        seed: a Python integer from -2**63 to 2**64 - 1, or an integer scalar, traced or not.

    Returns:
        uint32 array of shape (2,): the upper and the lower half of the seed.

    Raises:
        TypeError: if the seed is no integer scalar.
        OverflowError: if it has more than 64 bits.

    >>> key(7)
    array([0, 7], dtype=uint32)
    """
    if isinstance(seed, int):
        if not -(2**63) <= seed < 2**64:
            raise OverflowError(
                f"key takes a seed of at most 64 bits, got {seed}; "
                "combine the parts of a longer one with funcgrad.random.fold_in"
            )
        words = [seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF]
        return arrays.creation_namespace().array(words, dtype=_UINT32)
    _check_integer_scalar("key", "seed", seed)
    upper = 0xFFFFFFFF if seed.dtype.itemsize == 8 else 0
    if seed.dtype.itemsize < 8:
        seed = seed.astype(np.int64)
    return fnp.stack([seed >> 32 & upper, seed & 0xFFFFFFFF]).astype(_UINT32)


def PRNGKey(seed: Any) -> Any:
    """Make a key from an integer: the older name of ``key``.

    Args:
        seed: as for ``key``.

    Returns:
        uint32 array of shape (2,).

    >>> PRNGKey(-1)
    array([4294967295, 4294967295], dtype=uint32)
    """
    return key(seed)


def split(key: Any, num: Any = 2) -> Any:
    """Make several keys from one.

    Args:
        key: a key.
        num: how many, an integer or a shape.

    Returns:
        uint32 array of shape (num, 2) or (*num, 2).

    >>> split(key(0), (5, 3)).shape
    (5, 3, 2)
    """
    _check_key("split", key)
    shape = _check_shape("split", num)
    counters = np.arange(prod(shape), dtype=_UINT32).reshape(shape)
    return fnp.stack(threefry2x32(key[0], key[1], np.uint32(0), counters), axis=-1)


def fold_in(key: Any, data: Any) -> Any:
    """Make a key from a key and an integer, such as the number of a step or of a layer.

    Args:
        key: a key.
        data: an integer from 0 to 2**32 - 1, or an integer scalar, traced or not, of which the
            lower 32 bits count.

    Returns:
        uint32 array of shape (2,).

    >>> fold_in(key(0), 1)
    array([ 928981903, 3453687069], dtype=uint32)
    """
    _check_key("fold_in", key)
    if isinstance(data, int):
        if not 0 <= data < 2**32:
            raise OverflowError(f"fold_in takes an integer from 0 to 2**32 - 1, got {data}")
        data = np.uint32(data)
    else:
        _check_integer_scalar("fold_in", "data", data)
        data = data.astype(_UINT32)
    return fnp.stack(threefry2x32(key[0], key[1], np.uint32(0), data))


# --- uniform -------------------------------------------------------------------------------------


def bits(key: Any, shape: Any = (), dtype: Any = np.uint64) -> Any:
    """Draw unsigned integers, all values of the type being equally likely.

    Args:
        key: a key.
        shape: shape of the result.
        dtype: uint8, uint16, uint32 or uint64.

    Returns:
        Array of this shape and dtype.

    >>> bits(key(0), (2,), np.uint32)
    array([4070199207,  704182684], dtype=uint32)
    """
    _check_key("bits", key)
    dtype = _check_dtype("bits", dtype, "u")
    return random_uniform(key, shape=_check_shape("bits", shape), dtype=dtype)


def uniform(
    key: Any, shape: Any = (), dtype: Any = float, minval: Any = 0.0, maxval: Any = 1.0
) -> Any:
    """Draw from the uniform distribution on [minval, maxval).

    Args:
        key: a key.
        shape: shape of the result.
        dtype: float16, float32 or float64.
        minval: lower bound, which may be drawn; broadcasts to shape.
        maxval: upper bound, which is not drawn but by rounding.

    Returns:
        Array of this shape and dtype: minval + (maxval - minval) u for equidistant u in [0, 1).

    >>> uniform(key(0), (2,), np.float32)
    array([0.947667  , 0.16395605], dtype=float32)
    """
    _check_key("uniform", key)
    dtype = _check_dtype("uniform", dtype, "f")
    shape = _check_shape("uniform", shape)
    u = random_uniform(key, shape=shape, dtype=dtype)
    if type(minval) is float and type(maxval) is float and minval == 0 and maxval == 1:
        return u
    low = _real("uniform", "minval", minval, shape).astype(dtype)
    high = _real("uniform", "maxval", maxval, shape).astype(dtype)
    u, low, high = arrays.harmonize((u, low, high))[1]
    return np.maximum(low, u * (high - low) + low)


def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: Any = int) -> Any:
    """Draw integers from minval to maxval - 1.

    Args:
        key: a key.
        shape: shape of the result.
        minval: smallest integer; broadcasts to shape.
        maxval: smallest integer above the range; where it is not above minval, minval is drawn.
        dtype: integer type of the result; bounds are clipped to its range.

    Returns:
        Array of this shape and dtype. Twice as many bits are drawn as the dtype has (at least
        64), so that values differ in probability by less than 2**-32.

    >>> randint(key(0), (4,), 0, 10)
    array([4, 8, 0, 5])
    """
    _check_key("randint", key)
    dtype = _check_dtype("randint", dtype, "iu")
    shape = _check_shape("randint", shape)
    wide = np.dtype(np.int32) if dtype.itemsize < 4 else dtype
    unsigned = _UNSIGNED[wide.itemsize]
    low = _integers(_real("randint", "minval", minval, shape))
    high = _integers(_real("randint", "maxval", maxval, shape))
    if isinstance(low, np.generic) and isinstance(high, np.generic):
        low, span = _integer_range(int(low), int(high), np.iinfo(dtype))
        modulus = unsigned.type(span) if span < 2 ** (8 * wide.itemsize) else None
        low = wide.type(low)
    else:
        low, modulus = _integer_ranges(low, high, dtype, wide)
        low, modulus = arrays.harmonize((low, modulus, key))[1][:2]
    keys = split(key)
    lower = _remainder(random_uniform(keys[1], shape=shape, dtype=unsigned), modulus)
    # 2**bits modulo the span, where 0 leaves the upper bits without influence.
    factor = _remainder(unsigned.type(2 ** (4 * wide.itemsize)), modulus)
    factor = _remainder(np.multiply(factor, factor), modulus)
    if isinstance(factor, np.generic) and factor == 0:
        offset = lower
    else:
        upper = _remainder(random_uniform(keys[0], shape=shape, dtype=unsigned), modulus)
        offset = _remainder(np.add(np.multiply(upper, factor), lower), modulus)
    return np.add(offset.astype(wide), low).astype(dtype)


def _integer_range(low: int, high: int, info: Any) -> tuple[int, int]:
    low = min(max(low, info.min), info.max)
    high = min(max(high, info.min), info.max + 1)
    return low, max(high - low, 1)


def _integer_ranges(low: Any, high: Any, dtype: np.dtype, wide: np.dtype) -> Any:
    """As ``_integer_range`` for arrays; the number of integers in unsigned, 0 for all of them."""
    unsigned = _UNSIGNED[wide.itemsize]
    info = np.iinfo(dtype)
    clipped = []
    for x in (low, high):
        least = max(int(info.min), int(np.iinfo(x.dtype).min))
        most = min(int(info.max), int(np.iinfo(x.dtype).max))
        clipped.append(np.minimum(np.maximum(x, least), most).astype(wide))
    beyond = high > min(int(info.max), int(np.iinfo(high.dtype).max))
    some = (clipped[1] > clipped[0]) | beyond
    span = np.subtract(clipped[1].astype(unsigned), clipped[0].astype(unsigned))
    span = np.add(span, beyond.astype(unsigned))
    return clipped[0], fnp.where(some, span, unsigned.type(1))


def _remainder(x: Any, modulus: Any) -> Any:
    """x modulo an unsigned modulus, of which None and 0 stand for 2**bits."""
    if modulus is None:
        return x
    if isinstance(modulus, np.generic):
        return np.remainder(x, modulus)
    whole = modulus == 0
    return fnp.where(whole, x, np.remainder(x, fnp.where(whole, modulus.dtype.type(1), modulus)))


def bernoulli(key: Any, p: Any = 0.5, shape: Any = None) -> Any:
    """Draw booleans that are True with probability p.

    Args:
        key: a key.
        p: probabilities, floats whose dtype sets the resolution.
        shape: shape of the result, to which p broadcasts; None is the shape of p.

    Returns:
        Boolean array: uniform numbers less than p.

    >>> bernoulli(key(0), 0.3, (4,))
    array([False,  True,  True, False])
    """
    _check_key("bernoulli", key)
    if shape is not None:
        shape = _check_shape("bernoulli", shape)
    p = _floating(_real("bernoulli", "p", p, shape))
    u = random_uniform(key, shape=p.shape if shape is None else shape, dtype=p.dtype)
    u, p = arrays.harmonize((u, p))[1]
    return u < p


# --- other distributions -------------------------------------------------------------------------


def normal(key: Any, shape: Any = (), dtype: Any = float) -> Any:
    """Draw from the standard normal distribution.

    Args:
        key: a key.
        shape: shape of the result.
        dtype: float or complex type; complex numbers have variance 1, half of it in each part.

    Returns:
        Array of this shape and dtype: sqrt(2) erf_inv(u) for uniform u in (-1, 1).

    >>> normal(key(0), (2,), np.float32).round(4)
    array([ 1.6226, -0.9784], dtype=float32)
    """
    _check_key("normal", key)
    dtype = _check_dtype("normal", dtype, "fc")
    shape = _check_shape("normal", shape)
    if dtype.kind == "f":
        return _normal(key, shape, dtype)
    keys = split(key)
    part = np.dtype(f"f{dtype.itemsize // 2}")
    real, imag = (_normal(keys[i], shape, part) for i in (0, 1))
    return (real + 1j * imag) / part.type(np.sqrt(2))


def _normal(key: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    low, scale, sqrt2 = _normal_constants(dtype)
    u = random_uniform(key, shape=shape, dtype=dtype) * scale + low
    if dtype.itemsize == 2:
        return erf_inv(u.astype(np.float32)).astype(dtype) * sqrt2
    return erf_inv(u) * sqrt2


@lru_cache
def _normal_constants(dtype: np.dtype) -> tuple[Any, Any, Any]:
    one = dtype.type(1)
    low = np.nextafter(-one, one)
    return low, one - low, dtype.type(np.sqrt(2))


def gumbel(key: Any, shape: Any = (), dtype: Any = float) -> Any:
    """Draw from the standard Gumbel distribution, exp(-(x + exp(-x))).

    Args:
        key: a key.
        shape: shape of the result.
        dtype: float16, float32 or float64.

    Returns:
        Array of this shape and dtype: -log(-log(u)) for uniform u in (0, 1).

    >>> gumbel(key(0), (2,), np.float32).round(4)
    array([ 2.9215, -0.5923], dtype=float32)
    """
    _check_key("gumbel", key)
    dtype = _check_dtype("gumbel", dtype, "f")
    tiny = np.finfo(dtype).tiny
    u = random_uniform(key, shape=_check_shape("gumbel", shape), dtype=dtype) + tiny
    return -np.log(-np.log(u))


def categorical(
    key: Any, logits: Any, axis: int = -1, shape: Any = None, replace: bool = True
) -> Any:
    """Draw categories whose log probabilities are given up to a constant.

    Args:
        key: a key.
        logits: array of log probabilities; they need not be normalised.
        axis: axis of the categories.
        shape: shape of the result, which ends with the shape of logits without this axis; None
            is that shape itself.
        replace: whether a category may be drawn repeatedly; else the leading axes of shape, in
            front of the axes of logits, hold different categories.

    Returns:
        int64 array of category numbers: those of the largest logits + Gumbel noise.

    Raises:
        ShapeError: if the shapes do not fit, or there are too few categories.

    >>> categorical(key(0), np.log([0.2, 0.3, 0.5]), shape=(5,)).shape
    (5,)
    """
    _check_key("categorical", key)
    logits = _floating(_real("categorical", "logits", logits))
    axis = _check_axis("categorical", axis, logits.ndim)
    batch = logits.shape[:axis] + logits.shape[axis + 1 :]
    shape = batch if shape is None else _check_shape("categorical", shape)
    _check_fit("categorical", "logits without the axis of categories", batch, shape)
    prefix = shape[: len(shape) - len(batch)]
    if replace:
        rest = list(shape[len(prefix) :])
        rest.insert(axis, logits.shape[axis])
        noise = gumbel(key, (*prefix, *rest), logits.dtype)
        noise, logits = arrays.harmonize((noise, logits))[1]
        return fnp.argmax(noise + logits, axis=axis - logits.ndim)
    if shape != prefix + batch:
        raise ShapeError(
            f"categorical without replacement: shape {shape} must end with {batch}, the shape of "
            "logits without the axis of categories"
        )
    noise, logits = arrays.harmonize((gumbel(key, logits.shape, logits.dtype), logits))[1]
    _check_population("categorical", prod(prefix), logits.shape[axis])
    order = _largest(fnp.moveaxis(noise + logits, axis, 0), prod(prefix))
    return fnp.reshape(order, shape)


def _largest(scores: Any, count: int) -> Any:
    """Positions of the largest scores along axis 0, the largest first."""
    return fnp.argsort(-scores, axis=0, stable=True)[:count]


def permutation(key: Any, x: Any, axis: int = 0, independent: bool = False) -> Any:
    """Shuffle an array, or the integers below a number.

    Args:
        key: a key.
        x: array, or integer n that stands for arange(n).
        axis: axis along which elements move.
        independent: whether each vector along the axis gets an order of its own.

    Returns:
        Array of the shape and dtype of x. Elements are sorted by random bits, in so many rounds
        that ties are improbable.

    >>> permutation(key(0), 5)
    array([2, 1, 0, 3, 4])
    """
    _check_key("permutation", key)
    if _is_integer_scalar(x):
        size = operator.index(x)
        _check_axis("permutation", axis, 1)
        return _random_order(key, _check_shape("permutation", size), 0)
    x = _array(x)
    axis = _check_axis("permutation", axis, x.ndim)
    if independent:
        order = _random_order(key, x.shape, axis)
        x, order = arrays.harmonize((x, order))[1]
        return fnp.take_along_axis(x, order, axis)
    order = _random_order(key, (x.shape[axis],), 0)
    x, order = arrays.harmonize((x, order))[1]
    return fnp.take(x, order, axis=axis)


def _random_order(key: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Random permutations of arange(shape[axis]) along an axis.

    A position in the lower half of each sorted number makes the order of equal bits definite.
    """
    size = prod(shape)
    if shape[axis] > 2**32:
        raise ShapeError(f"permutation takes at most 2**32 elements along an axis, got {shape}")
    xp = arrays.namespace((key,))
    steps = (-1,) + (1,) * (len(shape) - axis - 1)
    position = xp.arange(shape[axis], dtype=np.uint64).reshape(steps)
    order = xp.zeros(shape, np.int64)
    for turn in range(int(np.ceil(3 * np.log(max(1, size)) / np.log(2**32 - 1)))):
        key, subkey = split(key)
        draws = random_uniform(subkey, shape=shape, dtype=_UINT32).astype(np.uint64)
        moved = fnp.sort(draws << 32 | position, axis=axis) & 0xFFFFFFFF
        moved = moved.astype(np.int64)
        order = fnp.take_along_axis(order, moved, axis) if turn else moved
    return order


def choice(
    key: Any, a: Any, shape: Any = (), replace: bool = True, p: Any = None, axis: int = 0
) -> Any:
    """Draw elements of an array, or integers below a number.

    Args:
        key: a key.
        a: array, or integer n that stands for arange(n).
        shape: shape of the draw.
        replace: whether an element may be drawn repeatedly.
        p: probabilities of the elements, a vector; None makes them equal.
        axis: axis of a along which elements are counted.

    Returns:
        Array of shape a.shape[:axis] + shape + a.shape[axis + 1:].

    Raises:
        ShapeError: if p does not fit, or a has too few elements.

    >>> choice(key(0), np.array([2.0, 3.0, 5.0]), (4,)).shape
    (4,)
    """
    _check_key("choice", key)
    shape = _check_shape("choice", shape)
    number = _is_integer_scalar(a)
    if number:
        population, axis = operator.index(a), 0
    else:
        a = _array(a)
        axis = _check_axis("choice", axis, a.ndim)
        population = a.shape[axis]
    count = prod(shape)
    if population <= 0 and count:
        raise ShapeError(f"choice cannot draw {count} elements out of {population}")
    if not replace:
        _check_population("choice", count, population)
    if p is not None:
        chosen = _weighted_choice(key, population, shape, replace, p)
    elif replace:
        chosen = randint(key, shape, 0, population)
    else:
        chosen = fnp.reshape(_random_order(key, (population,), 0)[:count], shape)
    if number:
        return chosen
    a, chosen = arrays.harmonize((a, chosen))[1]
    return fnp.take(a, chosen, axis=axis)


def _weighted_choice(
    key: Any, population: int, shape: tuple[int, ...], replace: bool, p: Any
) -> Any:
    p = _floating(_real("choice", "p", p))
    if p.shape != (population,):
        raise ShapeError(
            f"choice needs one probability for each of {population} elements, got p of shape "
            f"{p.shape}"
        )
    if replace:
        total = fnp.cumsum(p)
        u = random_uniform(key, shape=shape, dtype=p.dtype)
        u, total = arrays.harmonize((u, total))[1]
        return fnp.searchsorted(total, total[-1] * (1 - u))
    noise, p = arrays.harmonize((gumbel(key, p.shape, p.dtype), p))[1]
    return fnp.reshape(_largest(noise + np.log(p), prod(shape)), shape)


# --- checks --------------------------------------------------------------------------------------


def _check_key(name: str, key: Any) -> None:
    try:
        if key.shape == (2,) and key.dtype == _UINT32:
            return
        found = str(Aval(key.shape, key.dtype))
        batched = key.dtype == _UINT32 and key.shape[-1:] == (2,)
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


def _check_shape(name: str, shape: Any) -> tuple[int, ...]:
    try:
        sizes = shape if isinstance(shape, tuple | list) else (shape,)
        sizes = tuple(map(operator.index, sizes))
    except TypeError:
        raise TypeError(f"{name} needs a shape, a tuple of integers; got {shape!r}") from None
    if any(d < 0 for d in sizes):
        raise ShapeError(f"{name} needs sizes that are not negative; got {shape}")
    return sizes


def _check_dtype(name: str, dtype: Any, kinds: str) -> np.dtype:
    found = np.dtype(dtype)
    if found.kind not in kinds or found.itemsize > (16 if found.kind == "c" else 8):
        words = {"u": "unsigned integer", "iu": "integer", "f": "float", "fc": "float or complex"}
        raise TypeError(f"{name} draws numbers of {words[kinds]} dtypes; got {found}")
    return found


def _check_fit(name: str, what: str, small: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if broadcast_shapes(name, small, shape) != shape:
        raise ShapeError(f"{name}: {what} of shape {small} does not broadcast to shape {shape}")


def _check_axis(name: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{name}: axis {axis} does not exist in an array of {ndim} dimensions")
    return axis % ndim


def _check_population(name: str, count: int, population: int) -> None:
    if count > population:
        raise ShapeError(
            f"{name} cannot draw {count} different elements out of {population}; "
            "use replace=True, or draw fewer"
        )


def _is_integer_scalar(x: Any) -> bool:
    return isinstance(x, int) or (getattr(x, "shape", None) == () and x.dtype.kind in "iu")


def _check_integer_scalar(name: str, what: str, x: Any) -> None:
    if not _is_integer_scalar(x):
        found = Aval(x.shape, x.dtype) if hasattr(x, "dtype") else repr(x)
        raise TypeError(
            f"{name}: {what} must be an integer scalar; got {found}. "
            "For many of them, use funcgrad.vmap."
        )


def _array(x: Any) -> Any:
    """x as array, NumPy scalar or tracer."""
    if not isinstance(x, Tracer) and not arrays.is_array(x):
        x = np.asarray(x)
    return x[()] if isinstance(x, np.ndarray) else x


def _real(name: str, what: str, x: Any, shape: tuple[int, ...] | None = None) -> Any:
    """A real parameter as array, NumPy scalar or tracer, checked to broadcast to shape."""
    x = _array(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name}: {what} must be real numbers; got {Aval(x.shape, x.dtype)}")
    if shape is not None and x.shape and x.shape != shape:
        _check_fit(name, what, x.shape, shape)
    return x


def _floating(x: Any) -> Any:
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def _integers(x: Any) -> Any:
    return x if x.dtype.kind in "iu" else x.astype(np.int64)
