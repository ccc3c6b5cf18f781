"""``cupy.fft``: plans of cuFFT, which takes the symmetry of half a spectrum for granted."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ._api import Parameters
from ._array import ndarray
from ._functions import function

FORWARD = {"irfft": "rfft", "irfft2": "rfft2", "irfftn": "rfftn", "hfft": "ihfft"}
"""The transforms from half a spectrum, and those back to it."""
HALF_PRECISION = {np.dtype(np.float16): np.float32}


def checked(name: str, reference: Any, parameters: Parameters) -> Callable[..., Any]:
    """A transform that is NaN where cuFFT leaves it undefined, and never in half precision."""

    def computed(a: Any, *args: Any, **kwargs: Any) -> Any:
        if np.dtype(a.dtype) == np.longdouble:
            raise TypeError(f"cupy.fft.{name} takes no {a.dtype}")
        x = a.astype(HALF_PRECISION.get(a.dtype, a.dtype), copy=False)
        out = reference(x, *args, **kwargs)
        if name not in FORWARD:
            return out
        given = inspect.signature(reference).bind(x, *args, **kwargs).arguments
        options = {k: v for k, v in given.items() if k in ("axis", "axes", "norm")}
        return defined(x, out, getattr(np.fft, FORWARD[name])(out, **options))

    plain = function(name, computed, parameters, "cupy.fft")

    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(a, ndarray):
            raise TypeError(f"cupy.fft.{name}: {type(a)} has no attribute of an array on a device")
        return plain(a, *args, **kwargs)

    call.__name__ = name
    return call


def defined(x: Any, out: Any, again: Any) -> Any:
    """A transform of x, but NaN if x is not its spectrum, up to axes that were cut or filled."""
    common = tuple(slice(min(m, n)) for m, n in zip(again.shape, x.shape, strict=True))
    tolerance = 1e-4 if x.dtype.itemsize <= 8 else 1e-10
    if np.allclose(again[common], x[common], rtol=tolerance, atol=tolerance * abs(x).max()):
        return out
    return np.full_like(out, np.nan)
