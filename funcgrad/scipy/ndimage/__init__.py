"""Interpolation and filters of images of any number of axes, with SciPy's names.

>>> import numpy as np
>>> map_coordinates(np.array([0.0, 1.0, 4.0]), [np.array([0.5, 1.5])], order=1)
array([0.5, 2.5])
"""

from __future__ import annotations

from .coordinates import map_coordinates
from .filters import (
    convolve,
    convolve1d,
    correlate,
    correlate1d,
    laplace,
    prewitt,
    sobel,
    uniform_filter,
    uniform_filter1d,
)
from .gaussian_derivatives import gaussian_gradient_magnitude, gaussian_laplace
from .smoothing import gaussian_filter, gaussian_filter1d
from .splines import spline_filter, spline_filter1d
from .transforms import affine_transform, rotate, shift, zoom

__all__ = [
    "affine_transform",
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "laplace",
    "map_coordinates",
    "prewitt",
    "rotate",
    "shift",
    "sobel",
    "spline_filter",
    "spline_filter1d",
    "uniform_filter",
    "uniform_filter1d",
    "zoom",
]
