"""Squares, norms and sums that stay in range where what is made of them does.

float16 is computed in float32: its squares and counts would leave its range. Norms do not form
squares out of range. Root mean squares of float32 and float64 are those of numbers multiplied by a
power of two, which leaves ordinary results as they are, bit for bit.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ParamSpec

import numpy as np

from .. import arrays, lax
from ..api.custom import custom_jvp
from ..core.dtypes import HALF, MODULES, finfo, is_floating, is_narrow
from ..core.tracing import Tracer
from ..ops.linalg.norms import vector_norm
from ..typing import Array, ArrayLike

P = ParamSpec("P")

_SINGLE = np.dtype(np.float32)


def widened(x: Array) -> Array:
    """An array in the type in which it is computed with: float32 for float16."""
    return x.astype(_SINGLE) if is_narrow(x.dtype) else x


def narrowed(y: Array, x: Array) -> Array:
    """A result in the type of the operand it was computed from, if that is narrow."""
    return y.astype(x.dtype) if is_narrow(x.dtype) and y.dtype == _SINGLE else y


def in_single(function: Callable[P, Array]) -> Callable[P, Array]:
    """A function that computes with float16 operands in float32, and rounds its result once.

    Operands of the CPU beside those of a GPU are uploaded.
    """
    run: Callable[..., Array] = function

    @functools.wraps(function)
    def computed(*args: P.args, **options: P.kwargs) -> Array:
        values = (*args, *options.values())
        kinds = [getattr(x, "dtype", None) for x in values]
        there = arrays.first_on_gpu(values)
        narrow = []
        if HALF in kinds or "ml_dtypes" in MODULES:
            narrow = [k for k in kinds if is_narrow(k)]
        if not narrow and there is None:
            return function(*args, **options)

        def prepared(x: Any) -> Any:
            return arrays.like(there, _wide(x))

        y = run(*map(prepared, args), **{k: prepared(x) for k, x in options.items()})
        if not narrow:
            return y
        others = [k for k in kinds if k is not None and is_floating(k) and k != narrow[0]]
        return y if others or y.dtype != _SINGLE else y.astype(narrow[0])

    return computed


def _wide(x: Any) -> Any:
    return x.astype(_SINGLE) if is_narrow(getattr(x, "dtype", None)) else x


def norm(x: Array, axes: tuple[int, ...]) -> Array:
    """Euclidean norms along axes; the derivative at zero is 0."""
    found: Array = vector_norm(x, axes=tuple(sorted(a % x.ndim for a in axes)), order=2)
    return found


def largest_along(x: Array, axes: int | tuple[int, ...], keepdims: bool = False) -> Array:
    """The largest of numbers that are not negative; 0 where there are none."""
    if not arrays.is_gpu_array(x):
        return np.max(x, axis=axes, keepdims=keepdims, initial=0.0)
    # CuPy's maximum has no initial value; of no numbers the sum is 0, too.
    return (np.max if x.size else np.sum)(x, axis=axes, keepdims=keepdims)


@lru_cache
def _power(dtype: np.dtype, epsilon: float) -> float | None:
    """A power of two p for which p**2 epsilon is a normal number with digits to spare.

    With it numbers up to 4e28 in float32 and 4e289 in float64 can be squared, for an epsilon of
    1e-5. None if epsilon is so small that squares that count beside it could vanish.
    """
    info = finfo(dtype)
    if not epsilon > 0:
        return None
    room = math.log2(epsilon) - 2 * info.nmant - info.minexp  # octaves below what counts
    return None if room < 40 else 2.0 ** -int(room // 2)


def _average(x: Array, axes: tuple[int, ...], axis_name: str | None) -> Array:
    mean = np.mean(x, axis=axes, keepdims=True)
    return mean if axis_name is None else lax.pmean(mean, axis_name)


def _over_deviation_value(
    x: Array, axes: tuple[int, ...], epsilon: float, axis_name: str | None
) -> tuple[Array, Array, Array]:
    """(x / r, 1 / r, mean(x**2)) for r = sqrt(mean(x**2) + epsilon)."""
    power: float | Array | None = _power(x.dtype, epsilon)
    if power is None:
        largest = largest_along(np.abs(x), axes, keepdims=True)
        if axis_name is not None:
            largest = lax.pmax(largest, axis_name)
        # Below the root of epsilon it is epsilon that counts.
        largest = np.maximum(largest, math.sqrt(epsilon))
        usable = (largest > 0) & (largest < np.inf)
        power = 1 / np.where(usable, largest, 1.0)
    small = x * power
    mean = _average(small * small, axes, axis_name)
    inverse = lax.rsqrt(mean + power * (power * epsilon) if epsilon else mean)
    return small * inverse, inverse * power, mean / power / power


_over_deviation = custom_jvp(_over_deviation_value, nondiff_argnums=(1, 2, 3))


@_over_deviation.defjvp
def _over_deviation_jvp(
    axes: tuple[int, ...],
    epsilon: float,
    axis_name: str | None,
    primals: tuple[Array, ...],
    tangents: tuple[Array, ...],
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    (x,), (t,) = primals, tangents
    y, inverse, square = _over_deviation(x, axes, epsilon, axis_name)
    along = _average(y * t, axes, axis_name)
    changes = (
        inverse * (t - y * along),
        -(inverse * inverse) * along,
        2.0 * _average(x * t, axes, axis_name),
    )
    return (y, inverse, square), changes


def over_deviation(
    x: Array, axes: int | Sequence[int], epsilon: float | Array, axis_name: str | None = None
) -> tuple[Array, Array]:
    """X / sqrt(mean(x**2) + epsilon), with the mean along axes.

    Args:
        x: array of float32 or float64.
        axes: axes of the mean.
        epsilon: added to the mean.
        axis_name: an axis of vmap over which the mean goes too.

    Returns:
        (the quotient, the mean of squares as an array with these axes of size one).
    """
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if isinstance(epsilon, int | float):
        run = _over_deviation if isinstance(x, Tracer) else _over_deviation_value
        y, _, square = run(x, axes, float(epsilon), axis_name)
        return y, square
    square = _average(x * x, axes, axis_name)
    return x * lax.rsqrt(square + epsilon), square


def over_masked_deviation(
    x: Array, axes: tuple[int, ...], epsilon: float | Array, where: ArrayLike
) -> Array:
    """As ``over_deviation``, with the mean of those elements that a mask leaves."""
    where = np.broadcast_to(where, x.shape)
    count = np.maximum(np.sum(where, axis=axes, keepdims=True), 1).astype(x.dtype)
    root = math.sqrt(epsilon) if isinstance(epsilon, int | float) else np.sqrt(epsilon)
    length = np.expand_dims(norm(np.where(where, x, 0), axes), axes)
    return x / np.hypot(length / np.sqrt(count), root)
