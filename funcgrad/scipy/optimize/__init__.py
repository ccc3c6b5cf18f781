"""Minima, roots and least squares over pytrees, with derivatives of what is found.

>>> import numpy as np
>>> from funcgrad import grad
>>> nearest = lambda a: minimize(lambda x, a: np.sum((x - a) ** 2) + x[0], np.zeros(2), a).x[0]
>>> grad(nearest)(np.ones(2)).round(6)
array([1., 0.])
"""

from __future__ import annotations

from .assignment import linear_sum_assignment, nnls
from .curves import curve_fit
from .fixed_points import fixed_point
from .minimizing import bfgs, lbfgs, minimize
from .results import EquationResults, LeastSquaresResults, OptimizeResults, RootResults
from .roots import root
from .scalar_minima import minimize_scalar
from .scalar_roots import bisect, brentq, newton, root_scalar
from .squares import least_squares

__all__ = [
    "EquationResults",
    "LeastSquaresResults",
    "OptimizeResults",
    "RootResults",
    "bfgs",
    "bisect",
    "brentq",
    "curve_fit",
    "fixed_point",
    "lbfgs",
    "least_squares",
    "linear_sum_assignment",
    "minimize",
    "minimize_scalar",
    "newton",
    "nnls",
    "root",
    "root_scalar",
]
