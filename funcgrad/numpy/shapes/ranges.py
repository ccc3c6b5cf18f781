"""Evenly spaced values between traced ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.shape import cast, convert
from ..protocol import implements, promoted, strong


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    if num < 0:
        raise ValueError(f"np.linspace: num must not be negative, got {num}")
    common = promoted(start, stop, 1.0)
    start, stop = np.broadcast_arrays(convert(start, dtype=common), convert(stop, dtype=common))
    parts = num - 1 if endpoint else num
    real = np.dtype(common.char.lower())
    numbers = np.arange(num).astype(real).reshape((num,) + (1,) * len(start.shape))
    delta = stop - start
    step = delta / parts if parts > 0 else np.nan * start
    if parts > 0:
        out = start + np.where(step == 0, numbers / parts * delta, numbers * step)
    else:
        out = start + numbers * delta
    if endpoint and num > 1:
        out = np.where(numbers == parts, stop, out)
    out = np.moveaxis(out, 0, axis)
    if dtype is not None:
        target = np.dtype(dtype)
        out = cast(np.floor(out) if target.kind in "iu" else out, target)
    return (out, step) if retstep else out


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    common = promoted(start, stop, base, 1.0)
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(strong(start), strong(stop), strong(base))
        base = np.expand_dims(base, axis)
    exponents = linspace(convert(start, dtype=common), stop, num, endpoint, axis=axis)
    out = np.power(convert(base, dtype=common), exponents)
    return out if dtype is None else cast(out, np.dtype(dtype))


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    common = np.result_type(promoted(start, stop), np.float64)
    start, stop = np.broadcast_arrays(convert(start, dtype=common), convert(stop, dtype=common))
    sign, ends = np.sign(start), (start, stop)
    exponents = linspace(0.0 * start, np.log(stop / start), num, endpoint, axis=axis)
    if common.kind != "c":
        start, exponents = abs(start), exponents.real
    out = np.expand_dims(start, axis) * np.exp(exponents)
    out = out * np.expand_dims(sign, axis) if common.kind != "c" else out
    out = _with_ends(out, ends, num, endpoint, axis)
    return out if dtype is None else cast(out, np.dtype(dtype))


def _with_ends(out: Any, ends: tuple[Any, Any], num: int, endpoint: bool, axis: int) -> Any:
    """Numbers of which the first and the last are as they were given."""
    place = np.arange(num).reshape((num,) + (1,) * (len(out.shape) - 1))
    place = np.moveaxis(place, 0, axis)
    first, last = (np.expand_dims(end, axis) for end in ends)
    out = np.where(place == 0, first, out)
    return np.where(place == num - 1, last, out) if endpoint and num > 1 else out
