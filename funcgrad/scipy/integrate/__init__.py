"""Integrals of samples and of functions, and ordinary differential equations.

>>> import numpy as np
>>> simpson(np.array([0.0, 1.0, 4.0])).round(6)
np.float64(2.666667)
"""

from __future__ import annotations

from .adaptive import quad, quad_vec
from .ivp import OdeResult, solve_ivp
from .ode import odeint
from .quadrature import fixed_quad
from .samples import cumulative_simpson, cumulative_trapezoid, romb, simpson, trapezoid

__all__ = [
    "OdeResult",
    "cumulative_simpson",
    "cumulative_trapezoid",
    "fixed_quad",
    "odeint",
    "quad",
    "quad_vec",
    "romb",
    "simpson",
    "solve_ivp",
    "trapezoid",
]
