"""Linear systems with matrices that are functions, with SciPy's names."""

from __future__ import annotations

from . import linalg as linalg

__all__ = ["linalg"]
