"""Integrals of samples and of functions, and ordinary differential equations.

>>> import numpy as np
>>> simpson(np.array([0.0, 1.0, 4.0])).round(6)
np.float64(2.666667)
"""

from __future__ import annotations

from .ivp import OdeResult, solve_ivp
from .ode import odeint
from .quadrature import fixed_quad
from .samples import cumulative_trapezoid, simpson, trapezoid

__all__ = [
    "OdeResult",
    "cumulative_trapezoid",
    "fixed_quad",
    "odeint",
    "simpson",
    "solve_ivp",
    "trapezoid",
]
