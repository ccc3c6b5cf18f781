"""Fourier transforms with NumPy's names, signatures and results.

float32 and float16 give complex64; float64, integers and booleans give complex128. Axes that are
longer than ``n`` or ``s`` are cut, shorter ones are filled with zeros.

>>> fft(np.array([1.0, 0.0, 0.0]))
array([1.+0.j, 1.+0.j, 1.+0.j])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .frequencies import fftfreq, fftshift, ifftshift, rfftfreq
from .one_axis import fft, hfft, ifft, ihfft, irfft, rfft
from .several_axes import fft2, fftn, ifft2, ifftn, irfft2, irfftn, rfft2, rfftn

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

NUMPY_FUNCTIONS: dict[Any, Any] = {getattr(np.fft, name): globals()[name] for name in __all__}
"""The functions that stand for those of ``numpy.fft`` on traced values."""
