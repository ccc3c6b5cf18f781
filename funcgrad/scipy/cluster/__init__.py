"""Clusters, with SciPy's names."""

from __future__ import annotations

from . import vq as vq

__all__ = ["vq"]
