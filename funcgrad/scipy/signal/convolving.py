"""Convolutions and correlations over all axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.dtypes import result_type
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...lax import conv_general_dilated
from ...numpy import fft as fourier
from ...numpy.protocol import as_operand, axis_of, inexact
from ...numpy.replacements import pad
from ...ops.shape import cast
from ...typing import Array, ArrayLike

_numpy: Any = np


@user_facing
def convolve(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: str = "full",
    method: str = "auto",
    precision: Any = None,
) -> Array:
    """The convolution of two arrays of one number of axes.

    Args:
        in1: array.
        in2: array of as many axes.
        mode: "full" for all places where they overlap; "valid" for those where one is wholly
            inside of the other; "same" for the middle, of the size of ``in1``.
        method: "fft" by Fourier transforms; "direct" or "auto" by sums.
        precision: ignored.

    Returns:
        An array of the promoted dtype.

    >>> convolve(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.5]), "same")
    array([1. , 2.5, 4. ])
    """
    return _convolved("convolve", in1, in2, mode, method)


@user_facing
def correlate(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: str = "full",
    method: str = "auto",
    precision: Any = None,
) -> Array:
    """The cross-correlation of two arrays: the convolution with the flipped conjugate of ``in2``.

    Args:
        in1: array.
        in2: array of as many axes.
        mode: as for ``convolve``.
        method: as for ``convolve``.
        precision: ignored.

    Returns:
        An array of the promoted dtype.

    >>> correlate(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.5]), "same")
    array([2. , 3.5, 3. ])
    """
    x, y = _pair("correlate", in1, in2)
    if mode == "valid" and _fits(y.shape, x.shape) and not _fits(x.shape, y.shape):
        # The smaller one slides, and the result is turned back.
        return np.flip(np.conj(_convolved("correlate", y, np.flip(np.conj(x)), mode, method)))
    return _convolved("correlate", x, np.flip(np.conj(y)), mode, method)


@user_facing
def convolve2d(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: float = 0,
    precision: Any = None,
) -> Array:
    """The convolution of two matrices.

    Args:
        in1: matrix.
        in2: matrix.
        mode: as for ``convolve``.
        boundary: what is beyond the edges of ``in1``: "fill" for a number, "wrap" for the other
            side, "symm" for its mirror image.
        fillvalue: the number.
        precision: ignored.

    Returns:
        A matrix.

    >>> convolve2d(np.ones((2, 2)), np.ones((2, 2)))
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    x, y = _matrices("convolve2d", in1, in2)
    return _with_boundary("convolve2d", x, y, mode, boundary, fillvalue)


@user_facing
def correlate2d(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: float = 0,
    precision: Any = None,
) -> Array:
    """The cross-correlation of two matrices; arguments are those of ``convolve2d``.

    With "valid" and the smaller matrix first, it is the conjugate of the correlation, as SciPy's
    and JAX's is.

    >>> correlate2d(np.eye(2), np.array([[1.0, 2.0]]), "valid")
    array([[1.],
           [2.]])
    """
    x, y = _matrices("correlate2d", in1, in2)
    if mode == "valid" and _fits(y.shape, x.shape) and not _fits(x.shape, y.shape):
        # SciPy and JAX exchange the two and do not conjugate back, other than ``correlate``.
        return np.flip(_convolved("correlate2d", y, np.flip(np.conj(x)), mode, "direct"))
    y = np.flip(np.conj(y))
    return _with_boundary("correlate2d", x, y, mode, boundary, fillvalue, late=True)


@user_facing
def fftconvolve(
    in1: ArrayLike, in2: ArrayLike, mode: str = "full", axes: Sequence[int] | int | None = None
) -> Array:
    """The convolution of two arrays by Fourier transforms.

    Args:
        in1: array.
        in2: array of as many axes.
        mode: as for ``convolve``.
        axes: the axes; along the others, the arrays broadcast. None for all.

    Returns:
        An array of floating-point or complex numbers.

    >>> fftconvolve(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(6)
    array([1., 3., 2.])
    """
    x, y = _pair("fftconvolve", in1, in2)
    rank = len(x.shape)
    if not rank:
        return inexact(x * y)
    given = range(rank) if axes is None else (axes,) if is_integer(axes) else axes
    places = [axis_of(int(a), rank) for a in given]  # type: ignore[union-attr,arg-type]
    if len(set(places)) < len(places):
        raise ValueError(f"fftconvolve: axes={axes} names an axis twice")
    if 0 in x.shape or 0 in y.shape:
        return np.zeros((0,) * rank, np.result_type(x.dtype, np.float32))
    return _by_fft("fftconvolve", x, y, mode, places)


# --- how it is done ------------------------------------------------------------------------------


def _pair(name: str, in1: ArrayLike, in2: ArrayLike) -> tuple[Array, Array]:
    x, y = as_operand(in1), as_operand(in2)
    if len(x.shape) != len(y.shape):
        raise ShapeError(
            f"{name}: in1 and in2 need one number of axes; got shapes {tuple(x.shape)} and "
            f"{tuple(y.shape)}"
        )
    dtype = result_type(x.dtype, y.dtype)
    return cast(x, dtype), cast(y, dtype)


def _matrices(name: str, in1: ArrayLike, in2: ArrayLike) -> tuple[Array, Array]:
    x, y = _pair(name, in1, in2)
    if len(x.shape) != 2:
        raise ShapeError(f"{name} takes matrices, got an array of shape {tuple(x.shape)}")
    return x, y


def _fits(small: Sequence[int], large: Sequence[int]) -> bool:
    return all(a >= b for a, b in zip(small, large, strict=True))


def _check_mode(name: str, mode: str, x: Array, y: Array, places: Sequence[int]) -> None:
    if mode not in ("full", "same", "valid"):
        raise ValueError(f'{name}: mode must be "full", "same" or "valid", got {describe(mode)}')
    a, b = [x.shape[i] for i in places], [y.shape[i] for i in places]
    if mode == "valid" and not (_fits(a, b) or _fits(b, a)):
        raise ShapeError(
            f"{name}: with mode='valid' one array must be inside of the other; got shapes "
            f"{tuple(x.shape)} and {tuple(y.shape)}"
        )


def _convolved(name: str, in1: ArrayLike, in2: ArrayLike, mode: str, method: str) -> Array:
    x, y = _pair(name, in1, in2)
    if method not in ("auto", "direct", "fft"):
        raise ValueError(
            f'{name}: method must be "auto", "direct" or "fft", got {describe(method)}'
        )
    places = range(len(x.shape))
    _check_mode(name, mode, x, y, places)
    if not places:
        return x * y
    if method == "auto" and _many(x, y):
        method = "fft"
    if method == "fft":
        out = _by_fft(name, x, y, mode, places)
        return cast(np.round(out), x.dtype) if x.dtype.kind in "iu" else out
    if mode == "valid" and not _fits(x.shape, y.shape):
        x, y = y, x
    if 0 in x.shape or 0 in y.shape:
        return np.zeros((0,) * len(x.shape), x.dtype)
    if len(x.shape) == 1 and type(x) is np.ndarray and type(y) is np.ndarray and mode != "same":
        return _numpy.convolve(x, y, mode)  # type: ignore[no-any-return]
    low, high = [], []
    for n in y.shape:
        before, after = {"full": (n - 1, n - 1), "valid": (0, 0)}.get(mode, (n // 2, (n - 1) // 2))
        low.append(before)
        high.append(after)
    return _sliding(x, np.flip(y), list(zip(low, high, strict=True)))


def _fast_length(n: int) -> int:
    """The next number without prime factors above 5, of which transforms are fast."""
    while True:
        rest = n
        for p in (2, 3, 5):
            while rest % p == 0:
                rest //= p
        if rest == 1:
            return n
        n += 1


def _many(x: Array, y: Array) -> bool:
    """True if transforms of floats take less time than the sums."""
    if x.dtype.kind not in "fc" or 0 in x.shape or 0 in y.shape:
        return False
    full = math.prod(a + b - 1 for a, b in zip(x.shape, y.shape, strict=True))
    return min(x.size, y.size) > 40 * max(1.0, math.log2(full))


def _sliding(x: Array, window: Array, padding: Sequence[tuple[int, int]]) -> Array:
    """Sums of an array times a window at each place; integers and complex numbers, too."""
    if x.dtype.kind == "c":
        parts = [(x.real, window.real), (x.imag, window.imag), (x.real, window.imag),
                 (x.imag, window.real)]  # fmt: skip
        a, b, c, d = (_sliding(u, v, padding) for u, v in parts)
        return (a - b) + 1j * (c + d)
    ones = (1,) * len(x.shape)
    out = conv_general_dilated(x[None, None], window[None, None], ones, padding)
    return out[0, 0]


def _with_boundary(
    name: str,
    x: Array,
    y: Array,
    mode: str,
    boundary: str,
    fillvalue: float,
    late: bool = False,
) -> Array:
    """A convolution with what is beyond edges; ``late``: the middle of even sizes is further on."""
    modes = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}
    if boundary not in modes:
        raise ValueError(
            f'{name}: boundary must be "fill", "wrap" or "symm", got {describe(boundary)}'
        )
    if mode not in ("full", "same"):
        return _convolved(name, x, y, mode, "direct")
    widths = []
    for n in y.shape:
        around = (n - 1 - (n // 2 if late else (n - 1) // 2), n // 2 if late else (n - 1) // 2)
        widths.append((n - 1, n - 1) if mode == "full" else around)
    filled = {"constant_values": fillvalue} if boundary == "fill" else {}
    padded = pad(x, widths, modes[boundary], **filled)
    return _convolved(name, padded, y, "valid", "direct")


def _by_fft(name: str, x: Array, y: Array, mode: str, places: Sequence[int]) -> Array:
    _check_mode(name, mode, x, y, places)
    for i in range(len(x.shape)):
        if i not in places and x.shape[i] != y.shape[i] and 1 not in (x.shape[i], y.shape[i]):
            raise ShapeError(
                f"{name}: shapes {tuple(x.shape)} and {tuple(y.shape)} do not broadcast along axis "
                f"{i}"
            )
    full = [x.shape[i] + y.shape[i] - 1 for i in places]
    fast = list(map(_fast_length, full))
    if x.dtype.kind == "c":
        spectrum = fourier.fftn(x, fast, places) * fourier.fftn(y, fast, places)
        out = fourier.ifftn(spectrum, fast, places)
    else:
        spectrum = fourier.rfftn(x, fast, places) * fourier.rfftn(y, fast, places)
        out = fourier.irfftn(spectrum, fast, places)
    key = [slice(None)] * len(x.shape)
    for i, n in zip(places, full, strict=True):
        wanted = {
            "full": n,
            "same": x.shape[i],
            "valid": max(x.shape[i], y.shape[i]) - min(x.shape[i], y.shape[i]) + 1,
        }[mode]
        first = (n - wanted) // 2
        key[i] = slice(first, first + wanted)
    return out[tuple(key)]
