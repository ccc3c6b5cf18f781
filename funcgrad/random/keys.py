"""Keys: making one from a seed, and many from one."""

from __future__ import annotations

import numpy as np

from .. import arrays
from ..context import current
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..ops.random.threefry import threefry2x32
from ..typing import Array, DTypeLike, Key, Shape
from .arguments import (
    UINT32,
    check_integer_scalar,
    check_key,
    check_key_form,
    check_keys,
    check_shape,
)
from .samplers import split_key, word_beside

THREEFRY = "threefry2x32"
"""The one generator."""


def check_impl(name: str, impl: object) -> None:
    """Raise unless a generator is the one that there is, by either of its names, or None."""
    if impl in (None, THREEFRY, "fry"):
        return
    if impl in ("rbg", "unsafe_rbg"):
        raise ValueError(
            f"{name}: impl {impl!r} draws numbers that depend on the device and on the compiler; "
            f"funcgrad has {THREEFRY!r}, whose numbers are the same everywhere"
        )
    if not isinstance(impl, str):
        raise TypeError(f"{name}: impl must be {THREEFRY!r} or None, got {describe(impl)}")
    raise ValueError(f"{name}: impl {impl!r} is unknown; there is {THREEFRY!r}")


def _check_key_dtype(name: str, dtype: object) -> None:
    """Raise unless keys are wanted in the dtype that they have."""
    if dtype is not None and dtype != UINT32:
        raise TypeError(f"{name}: keys are arrays of uint32, not of {describe(dtype)}")


@user_facing
def key(seed: int | Array, *, impl: str | None = None, dtype: DTypeLike | None = None) -> Array:
    """Make a key from an integer.

    Args:
        seed: a Python integer from -2**63 to 2**64 - 1, or an integer scalar, traced or not.
        impl: name of the generator; there is one, "threefry2x32".
        dtype: dtype of the key, which is ``key_dtype()``; None is this too.

    Returns:
        uint32 array of shape (2,): the upper and the lower half of the seed.

    Raises:
        TypeError: if the seed is no integer scalar.
        OverflowError: if it has more than 64 bits.
        ValueError: if another generator is asked for: numbers of "rbg" depend on the device.

    >>> from funcgrad import random
    >>> random.key(7)
    array([0, 7], dtype=uint32)
    """
    check_impl("key", impl)
    _check_key_dtype("key", dtype)
    if isinstance(seed, int):
        if not -(2**63) <= seed < 2**64:
            raise OverflowError(
                f"key takes a seed of at most 64 bits, got {seed}; "
                "combine the parts of a longer one with funcgrad.random.fold_in"
            )
        words = [seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF]
        return arrays.created(lambda xp: xp.array(words, dtype=UINT32))
    check_integer_scalar("key", "seed", seed)
    upper = 0xFFFFFFFF if seed.dtype.itemsize == 8 else 0
    if seed.dtype.itemsize < 8:
        seed = seed.astype(np.int64)
    return np.stack([seed >> 32 & upper, seed & 0xFFFFFFFF]).astype(UINT32)


@user_facing
def PRNGKey(seed: int | Array, *, impl: str | None = None) -> Array:
    """Make a key from an integer: the older name of ``key``.

    Args:
        seed: as for ``key``.
        impl: as for ``key``.

    Returns:
        uint32 array of shape (2,).

    >>> from funcgrad import random
    >>> random.PRNGKey(-1)
    array([4294967295, 4294967295], dtype=uint32)
    """
    return key(seed, impl=impl)


@user_facing
def split(key: Key, num: Shape = 2) -> Array:
    """Make several keys from one.

    Args:
        key: a key.
        num: how many, an integer or a shape.

    Returns:
        uint32 array of shape (num, 2) or (*num, 2).

    >>> from funcgrad import random
    >>> random.split(random.key(0), (5, 3)).shape
    (5, 3, 2)
    """
    check_key("split", key)
    return split_key(key, check_shape("split", num))


@user_facing
def fold_in(key: Key, data: int | Array) -> Array:
    """Make a key from a key and an integer, such as the number of a step or of a layer.

    Args:
        key: a key.
        data: an integer from 0 to 2**32 - 1, or an integer scalar, traced or not, of which the
            lower 32 bits count.

    Returns:
        uint32 array of shape (2,).

    >>> from funcgrad import random
    >>> random.fold_in(random.key(0), 1)
    array([ 928981903, 3453687069], dtype=uint32)
    """
    check_key_form("fold_in", key)
    if isinstance(data, int):
        if not 0 <= data < 2**32:
            raise OverflowError(f"fold_in takes an integer from 0 to 2**32 - 1, got {data}")
        data = word_beside(key, data)
    else:
        check_integer_scalar("fold_in", "data", data)
        data = data.astype(UINT32)
    made = np.stack(threefry2x32(key[0], key[1], word_beside(key, 0), data))
    if (uses := current().key_uses) is not None:
        uses.make("fold_in", made)
    return made


@user_facing
def key_data(keys: Array) -> Array:
    """Return the numbers that keys are made of: the keys themselves.

    Args:
        keys: a key, or an array of keys.

    Returns:
        uint32 array of shape (..., 2).

    >>> from funcgrad import random
    >>> random.key_data(random.key(7))
    array([0, 7], dtype=uint32)
    """
    check_keys("key_data", keys)
    return keys


@user_facing
def wrap_key_data(
    key_bits_array: Array, *, impl: str | None = None, dtype: DTypeLike | None = None
) -> Array:
    """Make keys from the numbers that they are made of.

    Args:
        key_bits_array: uint32 array of shape (..., 2).
        impl: name of the generator; there is one, "threefry2x32".
        dtype: dtype of keys; None or ``key_dtype()``.

    Returns:
        The array.

    Raises:
        ValueError: if another generator is asked for.

    >>> from funcgrad import random
    >>> random.wrap_key_data(np.array([0, 7], np.uint32))
    array([0, 7], dtype=uint32)
    """
    check_impl("wrap_key_data", impl)
    _check_key_dtype("wrap_key_data", dtype)
    check_keys("wrap_key_data", key_bits_array)
    return key_bits_array


@user_facing
def key_impl(keys: Array) -> str:
    """Return the name of the generator that keys are for.

    Args:
        keys: a key, or an array of keys.

    Returns:
        "threefry2x32".

    >>> from funcgrad import random
    >>> random.key_impl(random.key(0))
    'threefry2x32'
    """
    check_keys("key_impl", keys)
    return THREEFRY


@user_facing
def key_dtype(impl_spec: str | None = None) -> np.dtype[np.uint32]:
    """Return the dtype of keys.

    Args:
        impl_spec: name of the generator; there is one, "threefry2x32".

    Returns:
        The dtype uint32: a key is two numbers of it.

    >>> from funcgrad import random
    >>> random.key_dtype()
    dtype('uint32')
    """
    check_impl("key_dtype", impl_spec)
    return UINT32


@user_facing
def clone(key: Key) -> Array:
    """Return an equal key that may be consumed once more.

    Args:
        key: a key.

    Returns:
        The key. Only ``funcgrad.debug.key_reuse`` makes a difference.

    >>> from funcgrad import debug, random
    >>> with debug.key_reuse():
    ...     key = random.key(0)
    ...     same = random.uniform(key) == random.uniform(random.clone(key))
    >>> bool(same)
    True
    """
    check_key_form("clone", key)
    if (uses := current().key_uses) is not None:
        uses.forget(key)
    return key
