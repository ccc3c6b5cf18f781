"""The calls of all functions of NumPy's namespace, by name."""

import funcgrad.numpy as fnp

from . import elementwise, polynomials, products, reducing, shaping

OTHERS = ("polydiv", "roots", "unique_values")
"""Traced values have other sizes than those that NumPy finds by looking at the numbers."""

TABLE = {
    name: calls
    for module in (elementwise, reducing, shaping, products, polynomials)
    for name, calls in module.TABLE.items()
    if hasattr(fnp, name) and name not in OTHERS
}
