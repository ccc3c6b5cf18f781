"""hypothesis strategies for the points at which derivatives are checked.

Everything shrinks to small shapes and simple numbers.

>>> import numpy as np
>>> from hypothesis import find
>>> from funcgrad.testing import strategies as fst
>>> x = find(fst.arrays(fst.shapes(min_dims=1), domain="positive"), lambda x: np.ptp(x) > 0)
>>> x.shape, bool(np.all(x > 0))
((2,), True)
"""

from __future__ import annotations

try:
    import hypothesis  # noqa: F401  (first, so that its absence is explained)
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        "funcgrad.testing.strategies needs hypothesis: pip install 'funcgrad[testing]'"
    ) from _error

from .around_points import away_from, near
from .arrays import arrays, dtypes, numbers
from .domains import (
    Domain,
    distinct,
    integers,
    interval,
    nonnegative,
    positive,
    real,
    special_values,
    unit_interval,
    whole_numbers,
)
from .matrices import (
    hermitian_matrices,
    invertible_matrices,
    low_rank_matrices,
    orthogonal_matrices,
    skew_matrices,
    spd_matrices,
    stochastic_matrices,
    symmetric_matrices,
    triangular_matrices,
    well_separated_spectrum,
)
from .programs import Program, programs
from .shapes import broadcastable_shapes, matmul_shapes, shapes
from .signatures import from_signature
from .trees import Spec, from_spec, like, spec
from .vectors import simplex_vectors, unit_vectors

__all__ = [
    "Domain",
    "Program",
    "Spec",
    "arrays",
    "away_from",
    "broadcastable_shapes",
    "distinct",
    "dtypes",
    "from_signature",
    "from_spec",
    "hermitian_matrices",
    "integers",
    "interval",
    "invertible_matrices",
    "like",
    "low_rank_matrices",
    "matmul_shapes",
    "near",
    "nonnegative",
    "numbers",
    "orthogonal_matrices",
    "positive",
    "programs",
    "real",
    "shapes",
    "simplex_vectors",
    "skew_matrices",
    "spd_matrices",
    "spec",
    "special_values",
    "stochastic_matrices",
    "symmetric_matrices",
    "triangular_matrices",
    "unit_interval",
    "unit_vectors",
    "well_separated_spectrum",
    "whole_numbers",
]
