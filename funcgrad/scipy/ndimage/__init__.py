"""Interpolation and filters of images of any number of axes, with SciPy's names.

>>> import numpy as np
>>> map_coordinates(np.array([0.0, 1.0, 4.0]), [np.array([0.5, 1.5])], order=1)
array([0.5, 2.5])
"""

from __future__ import annotations

from .coordinates import map_coordinates, zoom
from .smoothing import gaussian_filter, gaussian_filter1d

__all__ = ["gaussian_filter", "gaussian_filter1d", "map_coordinates", "zoom"]
