"""Leaves: arrays and numbers that derivatives are of, their sizes, and random ones like them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import arrays
from ...api.leaves import is_leaf_value
from ...core.avals import is_inexact
from ...core.dtypes import finfo, kind_of
from ...core.tracing import aval_of
from ...typing import Array, PyTree

STREAM = 0x66756E63
"""Sets the random numbers of checks apart from other people's."""

COARSE = 1e-4
"""From here on the distance from 1 to the next number is too large for a rounding error."""

WIDE: dict[str, np.dtype[Any]] = {"f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


def has_tangent(x: PyTree) -> bool:
    """True if x is a real or complex array or number."""
    return is_leaf_value(x) and is_inexact(aval_of(x).dtype)


def host(x: PyTree) -> np.ndarray:
    """An array of any device as a NumPy array."""
    return x if type(x) is np.ndarray else np.asarray(arrays.device_get(x))


def shaken(x: PyTree, rng: np.random.Generator, ulps: int) -> Any:
    """A leaf whose numbers are all moved, by up to some units in the last place."""
    aval = aval_of(x)
    signs = rng.choice((-1, 1), aval.shape)
    steps = signs * rng.integers(1, ulps + 1, aval.shape) * float(finfo(aval.dtype).eps)
    if type(x) in (float, complex):
        return x * (1 + float(steps))
    return x + x * arrays.namespace((x,)).asarray(steps, aval.dtype)[()]


def leaf_scale(x: PyTree) -> float:
    """The typical magnitude of a leaf's entries, 1 if they are zero or not finite."""
    values = np.abs(host(x)).astype(float)
    values = values[np.isfinite(values) & (values > 0)]
    return length(values) / float(np.sqrt(values.size)) if values.size else 1.0


def entry_scales(x: PyTree) -> np.ndarray:
    """The magnitudes of a leaf's entries, and for those that are zero the typical one."""
    values = np.abs(host(x)).astype(float)
    return np.where(np.isfinite(values) & (values > 0), values, leaf_scale(x))


def tied_direction(x: PyTree) -> Any:
    """A direction along which equal entries of a leaf stay equal, and zeros are equal to others."""
    values = host(x)
    scale = np.where(values == 0, leaf_scale(x), values)
    t = np.asarray(np.where(np.isfinite(scale), scale, 1.0), values.dtype)[()]
    if arrays.is_gpu_array(x):
        return arrays.namespace((x,)).asarray(t)
    return t.item() if type(x) in (float, complex) else t


def same_values(a: Array, b: Array) -> bool:
    """True if two arrays hold the same numbers, NaN included."""
    a, b = host(a), host(b)
    return np.array_equal(a, b, equal_nan=is_inexact(a.dtype) and is_inexact(b.dtype))


def length(x: PyTree) -> float:
    """The Euclidean length of all numbers in an array, however large or small they are."""
    size = np.abs(x)
    largest = float(np.max(size, initial=0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum((size / largest) ** 2)))


def finite_max(x: np.ndarray) -> float:
    """The largest finite magnitude in an array, 0 if there is none."""
    magnitude = np.abs(np.where(np.isfinite(x), x, 0.0))
    return float(np.max(magnitude, initial=0))


def widened(x: PyTree) -> Any:
    """A leaf in double precision, or as it is if it has that or more."""
    dtype = aval_of(x).dtype
    return x if dtype.itemsize >= WIDE[kind_of(dtype)].itemsize else x.astype(WIDE[kind_of(dtype)])


def random_leaf(
    rng: np.random.Generator, x: PyTree, scale: Array | float = 1.0, *, real: bool = False
) -> Any:
    """Normal random numbers of the shape and dtype of a leaf, on its device."""
    aval = aval_of(x)
    t: Any = rng.standard_normal(aval.shape) * scale
    if aval.dtype.kind == "c" and not real:
        t = t + 1j * rng.standard_normal(aval.shape) * scale
    t = np.asarray(t, aval.dtype)[()]
    if arrays.is_gpu_array(x):
        return arrays.namespace((x,)).asarray(t)
    return t.item() if type(x) in (float, complex) else t


def generator(seed: int) -> np.random.Generator:
    """Random numbers of a seed, others than those that users draw from the same seed.

    Directions that equal the user's data may be ones along which nothing changes.
    """
    return np.random.default_rng([STREAM, int(seed)])
