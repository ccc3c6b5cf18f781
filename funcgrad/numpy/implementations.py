"""All that answers for NumPy's functions on tracers: importing this registers it.

The implementations have NumPy's signatures. These arguments are accepted and change nothing:

- ``order`` (of the memory), ``copy``, ``subok``, ``overwrite_input``, ``device``: a traced value
  has no memory that could be laid out, copied, reused or elsewhere, and no class but its own.
- ``kind`` and ``stable`` of sorts, which are stable always; ``assume_unique``, ``sorted`` and
  ``kind`` of functions of sets: results do not depend on them.
- ``casting`` of einsum, whose operands are cast to ``dtype`` in any case.
- ``tol`` of real_if_close: the type of the result cannot depend on values, so it stays complex.
"""

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
