"""Evenly spaced values between traced ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import SINGLE, is_small_float, real_dtype, result_type
from ...ops.shape import cast, convert
from ...typing import Array, ArrayLike, DTypeLike
from ..protocol import as_operand, implements, promoted


@implements(np.linspace)
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Array | tuple[Array, Array]:
    """Numbers at equal distances from start to stop, along a new axis."""
    out, step = _evenly_spaced(start, stop, num, endpoint, axis)
    if dtype is not None:
        target = np.dtype(dtype)
        out = cast(np.floor(out) if target.kind in "iu" else out, target)
    return (out, step) if retstep else out


def _evenly_spaced(
    start: ArrayLike, stop: ArrayLike, num: int, endpoint: bool, axis: int
) -> tuple[Array, Array]:
    """Numbers from start to stop along a new axis, and the distance between them."""
    if num < 0:
        raise ValueError(f"np.linspace: num must not be negative, got {num}")
    common = promoted(start, stop, 1.0)
    wide = SINGLE if is_small_float(common) else common  # bfloat16 counts to 256
    first, last = np.broadcast_arrays(convert(start, dtype=wide), convert(stop, dtype=wide))
    parts = num - 1 if endpoint else num
    real = real_dtype(wide)
    numbers = np.arange(num).astype(real).reshape((num,) + (1,) * len(first.shape))
    delta = last - first
    step = delta / parts if parts > 0 else np.nan * first
    if parts > 0:
        out = first + np.where(step == 0, numbers / parts * delta, numbers * step)
    else:
        out = first + numbers * delta
    if endpoint and num > 1:
        out = np.where(numbers == parts, last, out)
    return cast(np.moveaxis(out, 0, axis), common), cast(step, common)


@implements(np.logspace)
def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: ArrayLike = 10.0,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Array:
    """Powers of a base whose exponents have equal distances."""
    common = promoted(start, stop, base, 1.0)
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(
            as_operand(start), as_operand(stop), as_operand(base)
        )
        base = np.expand_dims(base, axis)
    exponents = _evenly_spaced(convert(start, dtype=common), stop, num, endpoint, axis)[0]
    out = np.power(convert(base, dtype=common), exponents)
    return out if dtype is None else cast(out, np.dtype(dtype))


@implements(np.geomspace)
def geomspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Array:
    """Numbers with equal quotients from start to stop."""
    common = result_type(promoted(start, stop), np.float64)
    start, stop = np.broadcast_arrays(convert(start, dtype=common), convert(stop, dtype=common))
    sign, ends = np.sign(start), (start, stop)
    exponents = _evenly_spaced(0.0 * start, np.log(stop / start), num, endpoint, axis)[0]
    if common.kind != "c":
        start, exponents = abs(start), exponents.real
    out = np.expand_dims(start, axis) * np.exp(exponents)
    out = out * np.expand_dims(sign, axis) if common.kind != "c" else out
    out = _with_ends(out, ends, num, endpoint, axis)
    return out if dtype is None else cast(out, np.dtype(dtype))


def _with_ends(out: Array, ends: tuple[Any, Any], num: int, endpoint: bool, axis: int) -> Array:
    """Numbers of which the first and the last are as they were given."""
    place = np.arange(num).reshape((num,) + (1,) * (len(out.shape) - 1))
    place = np.moveaxis(place, 0, axis)
    first, last = (np.expand_dims(end, axis) for end in ends)
    out = np.where(place == 0, first, out)
    return np.where(place == num - 1, last, out) if endpoint and num > 1 else out
