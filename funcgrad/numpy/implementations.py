"""All that answers for NumPy's functions on tracers, bound to them here.

The implementations have NumPy's signatures. These arguments are accepted and change nothing:

- ``order`` (of the memory), ``copy``, ``subok``, ``overwrite_input``, ``device``: a traced value
  has no memory that could be laid out, copied, reused or elsewhere, and no class but its own.
- ``kind`` and ``stable`` of sorts, which are stable always; ``assume_unique``, ``sorted`` and
  ``kind`` of functions of sets: results do not depend on them.
- ``casting`` of einsum, whose operands are cast to ``dtype`` in any case.
- ``tol`` of real_if_close: the type of the result cannot depend on values, so it stays complex.
"""

import sys

from ..core.hooks import Hooks, bind
from ..core.tracing import Tracer
from ..ops import operators
from ..ops.shape import definite
from ..ops.structural.stacking import unstack
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
from .protocol import FUNCTIONS, METHODS, array, dispatch_ufunc

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

FUNCTIONS.update(linalg.NUMPY_FUNCTIONS)

bind(
    Tracer,
    {**operators.python_operators(), **METHODS},
    Hooks(
        ufuncs=operators.ufunc_operators(),
        functions=FUNCTIONS,
        ufunc_call=dispatch_ufunc,
        as_array=array,
        definite=definite,
        rows=unstack,
        namespace=lambda: sys.modules[__package__],
    ),
)
