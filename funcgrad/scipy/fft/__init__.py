"""Fourier and cosine transforms, with SciPy's names.

>>> import numpy as np
>>> idct(dct(np.array([1.0, 2.0, 4.0]))).round(6)
array([1., 2., 4.])
"""

from __future__ import annotations

from ...numpy.fft import fftfreq, fftshift, ifftshift, rfftfreq
from .cosine import dct, dctn, idct, idctn
from .fourier import (
    fft,
    fft2,
    fftn,
    hfft,
    ifft,
    ifft2,
    ifftn,
    ihfft,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)

__all__ = [
    "dct",
    "dctn",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "idct",
    "idctn",
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
