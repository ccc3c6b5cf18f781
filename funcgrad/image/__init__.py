"""Resampling of images, with the names of ``jax.image``.

>>> import numpy as np
>>> resize(np.array([0.0, 2.0]), (4,), "linear")
array([0. , 0.5, 1.5, 2. ])
"""

from __future__ import annotations

from .kernels import ResizeMethod
from .resampling import resize, scale_and_translate

__all__ = ["ResizeMethod", "resize", "scale_and_translate"]
