"""Distances and rotations, with SciPy's names."""

from __future__ import annotations

from . import distance as distance
from . import transform as transform

__all__ = ["distance", "transform"]
