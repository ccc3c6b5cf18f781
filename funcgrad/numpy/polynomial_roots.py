"""The zeros of a polynomial, as functions of its coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_gpu_array
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from ..ops.linalg import polynomial_roots as operators
from ..typing import Array, ArrayLike
from .protocol import array, holds_tracer, implements

_numpy: Any = np


@user_facing
def roots(p: ArrayLike, *, strip_zeros: bool = True) -> Array:
    """The zeros of a polynomial, as ``numpy.roots``.

    Args:
        p: its coefficients, the highest power first.
        strip_zeros: drop zeros before the first coefficient, as NumPy does; their number must be
            known. Without it a first coefficient of 0 gives NaN.

    Returns:
        The zeros; complex ones if the coefficients are traced, since the type of a result cannot
        depend on values.

    Raises:
        ConcretizationError: zeros are to be dropped, and the coefficients are staged.

    Derivative: that of a simple zero z, ``-dp(z) / p'(z)``.

    >>> roots([1.0, -3.0, 2.0])
    array([2., 1.])
    """
    if strip_zeros and not holds_tracer(p) and not is_gpu_array(p):
        return _numpy.roots(p)
    return _traced_roots(p, strip_zeros)


@implements(np.roots)
def _traced_roots(p: ArrayLike, strip_zeros: bool = True) -> Array:
    p = np.atleast_1d(array(p))
    if len(p.shape) != 1:
        raise ValueError(f"np.roots needs a vector of coefficients, got shape {tuple(p.shape)}")
    behind = 0
    if strip_zeros:
        values = (
            p.concrete("np.roots, whose result has a size that depends on zeros at the ends,")
            if isinstance(p, Tracer)
            else p
        )
        places = np.flatnonzero(values)
        if not len(places):
            return np.zeros(0)
        behind = p.shape[0] - 1 - int(places[-1])
        p = p[int(places[0]) : int(places[-1]) + 1]
    if p.shape[0] < 2:
        return np.zeros(behind)
    return np.pad(operators.roots(p), (0, behind))
