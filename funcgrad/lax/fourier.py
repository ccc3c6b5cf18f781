"""Fourier transforms, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from operator import index

from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops import fourier
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .operands import as_array


class FftType(Enum):
    """The kind of a Fourier transform.

    >>> FftType.RFFT.name
    'RFFT'
    """

    FFT = 0
    IFFT = 1
    RFFT = 2
    IRFFT = 3


def _kind(fft_type: FftType | str) -> FftType:
    if isinstance(fft_type, FftType):
        return fft_type
    if isinstance(fft_type, str) and fft_type.upper() in FftType.__members__:
        return FftType[fft_type.upper()]
    raise ValueError(
        f"fft: fft_type must be one of {', '.join(FftType.__members__)}, got {fft_type!r}"
    )


@user_facing
def fft(x: ArrayLike, fft_type: FftType | str, fft_lengths: int | Sequence[int]) -> Array:
    """Discrete Fourier transform along the last axes.

    Args:
        x: array; real for RFFT.
        fft_type: 'FFT', 'IFFT', 'RFFT' or 'IRFFT', or a ``FftType``.
        fft_lengths: the lengths of the last axes, in as many as there are lengths: those of x, but
            for IRFFT those of the result.

    Returns:
        The transform, scaled as NumPy's functions of these names do.

    Raises:
        ShapeError: lengths do not fit the shape of x.
        TypeError: x is complex, for RFFT.

    >>> fft([1.0, 2.0], "FFT", [2]).real
    array([ 3., -1.])
    """
    kind = _kind(fft_type)
    x = as_array(x)
    lengths = fft_lengths if isinstance(fft_lengths, Sequence) else (fft_lengths,)
    lengths = tuple(map(index, lengths))
    ndim = len(x.shape)
    axes = tuple(range(ndim - len(lengths), ndim))
    expected = lengths
    if kind is FftType.IRFFT and lengths:
        expected = (*lengths[:-1], fourier.half(lengths[-1]))
    if not lengths or len(lengths) > ndim or tuple(x.shape[axes[0] :]) != expected:
        raise ShapeError(
            f"fft: {kind.name} with fft_lengths={lengths} needs an array of shape "
            f"(..., {', '.join(map(str, expected))}), got {tuple(x.shape)}"
        )
    if kind is FftType.RFFT:
        if x.dtype.kind == "c":
            raise TypeError(f"fft: RFFT takes real numbers, got {x.dtype}; use FFT")
        return fourier.rfft(cast(x, fourier.real_dtype(x.dtype)), axes=axes, norm="backward")
    x = cast(x, fourier.complex_dtype(x.dtype))
    if kind is FftType.IRFFT:
        return fourier.irfft(x, axes=axes, size=lengths[-1], norm="backward")
    return fourier.fft(x, axes=axes, inverse=kind is FftType.IFFT, norm="backward")
