"""Filters along an axis: trends, recursions, polynomials in a moving window."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.dtypes import is_inexact, result_type
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...lax.loops import scan
from ...numpy.protocol import as_operand, axis_of, inexact
from ...numpy.replacements import pad
from ...ops.shape import broadcast_to, cast
from ...typing import Array, ArrayLike
from .convolving import correlate


@user_facing
def detrend(
    data: ArrayLike,
    axis: int = -1,
    type: str = "linear",
    bp: int | Sequence[int] = 0,
    overwrite_data: Any = None,
) -> Array:
    """A signal less its mean, or less the straight lines that fit it best.

    Args:
        data: array.
        axis: the axis.
        type: "linear" or "constant".
        bp: with "linear", where one line ends and the next begins.
        overwrite_data: ignored.

    Returns:
        An array like ``data``, of floating-point numbers.

    >>> detrend(np.array([1.0, 2.0, 4.0]), type="constant").round(3)
    array([-1.333, -0.333,  1.667])
    """
    x = inexact(data)
    if type not in ("linear", "l", "constant", "c"):
        raise ValueError(f'detrend: type must be "linear" or "constant", got {describe(type)}')
    k = axis_of(axis, len(x.shape))
    if type in ("constant", "c"):
        return x - np.mean(x, axis=k, keepdims=True)
    x = np.moveaxis(x, k, 0)
    n = x.shape[0]
    ends = sorted({0, n, *([bp] if is_integer(bp) else [int(b) for b in bp])})  # type: ignore[union-attr,list-item]
    if ends[0] < 0 or ends[-1] > n:
        raise ValueError(f"detrend: bp {describe(bp)} is outside of {n} samples")
    parts = []
    for first, last in itertools.pairwise(ends):
        part = x[first:last]
        places = np.arange(1.0, last - first + 1) / (last - first)
        basis = np.linalg.qr(np.stack([places, np.ones(last - first)], axis=1))[0]
        basis = like(x, basis.astype(x.real.dtype))
        fitted = np.tensordot(basis, np.tensordot(basis.T, part, 1), 1)
        parts.append(part - fitted)
    return np.moveaxis(np.concatenate(parts, axis=0), 0, k)


@user_facing
def lfilter(
    b: ArrayLike, a: ArrayLike, x: ArrayLike, axis: int = -1, zi: ArrayLike | None = None
) -> Any:
    """A signal filtered by a rational transfer function, as a scan over samples.

    Args:
        b: vector, the numerator's coefficients.
        a: vector, the denominator's coefficients; the first one must not be 0.
        x: array.
        axis: the axis.
        zi: state before the first sample, like ``x`` but of length max(len(a), len(b)) - 1 along
            the axis; other axes of length 1 are repeated.

    Returns:
        The filtered signal; with ``zi``, a pair with the last state.

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: the first coefficient of the denominator is 0; a traced one gives inf or NaN.

    >>> lfilter(np.array([1.0]), np.array([1.0, -0.5]), np.array([1.0, 0.0, 0.0]))
    array([1.  , 0.5 , 0.25])
    """
    top, bottom, signal = as_operand(b), as_operand(a), as_operand(x)
    if len(top.shape) != 1 or len(bottom.shape) != 1 or not top.shape[0] or not bottom.shape[0]:
        raise ShapeError(
            f"lfilter: b and a must be vectors, got shapes {tuple(top.shape)} and "
            f"{tuple(bottom.shape)}"
        )
    given = [] if zi is None else [as_operand(zi)]
    dtype = result_type(*(v.dtype for v in (top, bottom, signal, *given)))
    if not is_inexact(dtype):
        dtype = np.dtype(np.float64)
    if not isinstance(bottom, Tracer) and not bool(bottom[0] != 0):
        raise ValueError("lfilter: the first coefficient of a must not be 0")
    top, bottom, signal = (cast(v, dtype) for v in (top, bottom, signal))
    k = axis_of(axis, len(signal.shape))
    order = max(top.shape[0], bottom.shape[0])
    top = np.pad(top, (0, order - top.shape[0])) / bottom[0]
    bottom = np.pad(bottom, (0, order - bottom.shape[0])) / bottom[0]
    rows = np.moveaxis(signal, k, 0)
    if zi is None:
        state = np.zeros((order - 1, *rows.shape[1:]), dtype)
    else:
        wanted = (order - 1, *rows.shape[1:])
        (held,) = given
        fits = len(held.shape) == len(wanted)
        state = np.moveaxis(cast(held, dtype), k, 0) if fits else held
        if not fits or not all(
            n == m or (i and n == 1)
            for i, (n, m) in enumerate(zip(state.shape, wanted, strict=True))
        ):
            raise ShapeError(
                f"lfilter: zi of shape {tuple(given[0].shape)} for a filter with {order - 1} "
                f"numbers of state and a signal of shape {tuple(signal.shape)}"
            )
        state = broadcast_to(state, wanted)

    def step(held: Array, sample: Array) -> tuple[Array, Array]:
        if order == 1:
            return held, top[0] * sample
        out = top[0] * sample + held[0]
        following = np.concatenate([held[1:], np.zeros_like(held[:1])])
        along = (-1,) + (1,) * len(sample.shape)
        moved = top[1:].reshape(along) * sample - bottom[1:].reshape(along) * out
        return following + moved, out

    last, out = scan(step, state, rows)
    out = np.moveaxis(out, 0, k)
    return out if zi is None else (out, np.moveaxis(last, 0, k))


@user_facing
def savgol_filter(
    x: ArrayLike,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Array:
    """A signal smoothed by polynomials that are fitted in a moving window.

    Savitzky and Golay, "Smoothing and Differentiation of Data by Simplified Least Squares
    Procedures", 1964.

    Args:
        x: array.
        window_length: the number of samples in a window, which is odd.
        polyorder: the degree of the polynomials, less than that.
        deriv: which of their derivatives is wanted.
        delta: the distance of samples, for derivatives.
        axis: the axis.
        mode: what happens near the ends: "interp" takes the polynomials of the outermost windows;
            "mirror", "constant", "nearest" and "wrap" extend the signal.
        cval: the value with "constant".

    Returns:
        An array like ``x``, of floating-point numbers.

    >>> savgol_filter(np.array([1.0, 2.0, 5.0, 10.0, 17.0]), 3, 2).round(6)
    array([ 1.,  2.,  5., 10., 17.])
    """
    values = inexact(x)
    for name, v in (("window_length", window_length), ("polyorder", polyorder), ("deriv", deriv)):
        if not is_integer(v) or v < 0:
            raise ValueError(f"savgol_filter: {name} must be a non-negative int, got {describe(v)}")
    if window_length % 2 == 0:
        raise ValueError(f"savgol_filter: window_length must be odd, got {window_length}")
    if polyorder >= window_length:
        raise ValueError(
            f"savgol_filter: polyorder {polyorder} must be less than window_length {window_length}"
        )
    modes = {"mirror": "reflect", "constant": "constant", "nearest": "edge", "wrap": "wrap"}
    if mode != "interp" and mode not in modes:
        raise ValueError(
            f"savgol_filter: mode must be one of {', '.join(map(repr, [*modes, 'interp']))}, got "
            f"{describe(mode)}"
        )
    k = axis_of(axis, len(values.shape))
    rows = np.moveaxis(values, k, 0)
    half = window_length // 2
    if mode != "interp":
        widths = [(half, half), *[(0, 0)] * (len(rows.shape) - 1)]
        filled = {"constant_values": cval} if mode == "constant" else {}
        rows = pad(rows, widths, modes[mode], **filled)
    elif window_length > rows.shape[0]:
        raise ValueError(
            f"savgol_filter: with mode='interp', window_length {window_length} must be at most "
            f"the {rows.shape[0]} samples"
        )
    weights = _fit_weights(window_length, polyorder, deriv, delta, np.array([float(half)]))
    along = (-1,) + (1,) * (len(rows.shape) - 1)
    out = correlate(rows, like(rows, weights[0].astype(rows.real.dtype).reshape(along)), "valid")
    if mode == "interp":
        at = np.arange(half, dtype=float)
        first = _fit_weights(window_length, polyorder, deriv, delta, at)
        at = np.arange(window_length - half, window_length, dtype=float)
        last = _fit_weights(window_length, polyorder, deriv, delta, at)
        out = np.concatenate(
            [
                np.tensordot(like(rows, first.astype(rows.real.dtype)), rows[:window_length], 1),
                out,
                np.tensordot(like(rows, last.astype(rows.real.dtype)), rows[-window_length:], 1),
            ]
        )
    return np.moveaxis(out, 0, k)


def _fit_weights(n: int, degree: int, deriv: int, delta: float, at: Array) -> Array:
    """Of each of n samples its weight in the polynomial that fits them, at places, as rows."""
    if deriv > degree:
        return np.zeros((len(at), n))
    middle = (n - 1) / 2
    fit = np.linalg.pinv(np.vander(np.arange(n) - middle, degree + 1, increasing=True))
    powers = np.arange(degree + 1)
    factors = np.ones(degree + 1)
    for j in range(deriv):
        factors = factors * (powers - j)
    rows = (at - middle)[:, None] ** np.maximum(powers - deriv, 0) * factors
    return rows @ fit / delta**deriv  # type: ignore[no-any-return]
