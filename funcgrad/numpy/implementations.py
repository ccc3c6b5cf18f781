"""All that answers for NumPy's functions on tracers: importing this registers it."""

from ..core.tracing import Tracer
from ..ops import operators
from . import (
    differences,
    elementwise,
    indexing,
    interpolation,
    linalg,
    methods,
    polynomials,
    products,
    reductions,
    refused,
    scipy_ufuncs,
    shapes,
)

__all__ = [
    "Tracer",
    "differences",
    "elementwise",
    "indexing",
    "interpolation",
    "linalg",
    "methods",
    "operators",
    "polynomials",
    "products",
    "reductions",
    "refused",
    "scipy_ufuncs",
    "shapes",
]

Tracer.functions.update(linalg.NUMPY_FUNCTIONS)
