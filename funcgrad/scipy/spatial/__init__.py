"""Distances and rotations, with SciPy's names."""

from __future__ import annotations

from . import distance as distance

__all__ = ["distance"]
