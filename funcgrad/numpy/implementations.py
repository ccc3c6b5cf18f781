"""All that answers for NumPy's functions on tracers, and their methods, bound to them here.

The implementations have NumPy's signatures. These arguments are accepted and change nothing:

- ``order`` (of the memory), ``copy``, ``subok``, ``overwrite_input``, ``device``: a traced value
  has no memory that could be laid out, copied, reused or elsewhere, and no class but its own.
- ``kind`` and ``stable`` of sorts, which are stable always; ``assume_unique``, ``sorted`` and
  ``kind`` of functions of sets: results do not depend on them.
- ``casting`` of einsum, whose operands are cast to ``dtype`` in any case.
- ``tol`` of real_if_close: the type of the result cannot depend on values, so it stays complex.
"""

from ..core.hooks import add_members
from ..core.tracing import Tracer
from ..ops.structural.stacking import unstack
from . import (
    binding,
    differences,
    elementwise,
    fft,
    indexing,
    interpolation,
    known_of_arrays,
    linalg,
    methods,
    packed_bits,
    polynomial_algebra,
    polynomial_roots,
    polynomials,
    products,
    refused,
    scipy_ufuncs,
    shapes,
)
from .calls import along_axes
from .protocol import FUNCTIONS, METHODS
from .reductions import (
    cumulative,
    histograms,
    moments,
    nan_reductions,
    ordering,
    quantiles,
    sets,
    statistics,
    sums_and_extrema,
)

__all__ = [
    "Tracer",
    "along_axes",
    "binding",
    "cumulative",
    "differences",
    "elementwise",
    "fft",
    "histograms",
    "indexing",
    "interpolation",
    "known_of_arrays",
    "linalg",
    "methods",
    "moments",
    "nan_reductions",
    "ordering",
    "packed_bits",
    "polynomial_algebra",
    "polynomial_roots",
    "polynomials",
    "products",
    "quantiles",
    "refused",
    "scipy_ufuncs",
    "sets",
    "shapes",
    "statistics",
    "sums_and_extrema",
    "unstack",
]

FUNCTIONS.update(linalg.NUMPY_FUNCTIONS)
FUNCTIONS.update(fft.NUMPY_FUNCTIONS)

add_members(Tracer, METHODS)
