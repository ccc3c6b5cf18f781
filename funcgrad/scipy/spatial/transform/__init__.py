"""Rotations in three dimensions, with SciPy's names.

>>> import numpy as np
>>> Rotation.from_euler("z", 90, degrees=True).apply(np.array([1.0, 0.0, 0.0])).round(6)
array([0., 1., 0.])
"""

from __future__ import annotations

from .rotation import Rotation
from .slerp import Slerp

__all__ = ["Rotation", "Slerp"]
