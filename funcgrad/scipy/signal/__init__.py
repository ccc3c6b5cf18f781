"""Filters, convolutions and spectra of signals, with SciPy's names.

>>> import numpy as np
>>> convolve(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
array([1., 3., 5., 3.])
"""

from __future__ import annotations

from .convolving import convolve, convolve2d, correlate, correlate2d, fftconvolve
from .filtering import detrend, lfilter, savgol_filter
from .spectral import csd, istft, stft, welch

__all__ = [
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "csd",
    "detrend",
    "fftconvolve",
    "istft",
    "lfilter",
    "savgol_filter",
    "stft",
    "welch",
]
