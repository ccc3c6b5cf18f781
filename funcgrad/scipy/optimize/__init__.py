"""Minima, roots and least squares over pytrees, with derivatives of what is found.

>>> import numpy as np
>>> from funcgrad import grad
>>> nearest = lambda a: minimize(lambda x, a: np.sum((x - a) ** 2) + x[0], np.zeros(2), a).x[0]
>>> grad(nearest)(np.ones(2)).round(6)
array([1., 0.])
"""

from __future__ import annotations

from .minimizing import bfgs, lbfgs, minimize
from .results import OptimizeResults

__all__ = ["OptimizeResults", "bfgs", "lbfgs", "minimize"]
