"""Iterative solvers of linear systems, with the names of ``jax.scipy.sparse.linalg``.

>>> import numpy as np
>>> x, info = cg(lambda x: 2 * x, np.array([2.0, 4.0]))
>>> x, info
(array([1., 2.]), np.int64(0))
"""

from __future__ import annotations

from .biconjugate import bicgstab
from .conjugate_gradients import cg
from .minimal_residuals import gmres

__all__ = ["bicgstab", "cg", "gmres"]
