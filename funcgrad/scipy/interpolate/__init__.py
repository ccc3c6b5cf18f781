"""Interpolation between samples, with SciPy's names.

>>> import numpy as np
>>> RegularGridInterpolator((np.array([0.0, 2.0]),), np.array([1.0, 5.0]))(np.array([[0.5]]))
array([2.])
"""

from __future__ import annotations

from .cubic import Akima1DInterpolator, CubicHermiteSpline, CubicSpline, PchipInterpolator
from .piecewise import PPoly
from .regular_grid import RegularGridInterpolator

__all__ = [
    "Akima1DInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "PPoly",
    "PchipInterpolator",
    "RegularGridInterpolator",
]
