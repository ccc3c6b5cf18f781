"""Fourier, cosine and sine transforms, with SciPy's names.

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
from .sine import dst, dstn, idst, idstn

__all__ = [
    "dct",
    "dctn",
    "dst",
    "dstn",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "idct",
    "idctn",
    "idst",
    "idstn",
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
