"""Integrals of functions that can be evaluated anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays import like
from ...core.arguments import check_function, is_integer
from ...core.blame import describe
from ...core.dtypes import result_type
from ...core.tracebacks import user_facing
from ...numpy.protocol import as_operand
from ...typing import Array, ArrayLike


@user_facing
def fixed_quad(
    func: Callable[..., Array],
    a: ArrayLike,
    b: ArrayLike,
    args: Sequence[Any] = (),
    n: int = 5,
) -> tuple[Array, None]:
    """The integral of a function over an interval, by Gauss-Legendre quadrature.

    Args:
        func: function ``func(x, *args)`` of a vector of places; its results have them as last axis.
        a: lower end, a finite scalar.
        b: upper end, a finite scalar.
        args: further arguments of the function.
        n: number of places; polynomials of degree 2 * n - 1 are integrated exactly.

    Returns:
        (integral, None), as in SciPy.

    >>> fixed_quad(np.exp, 0.0, 1.0)[0].round(9)
    np.float64(1.718281828)
    """
    check_function(func, "fixed_quad", "func")
    if not is_integer(n):
        raise TypeError(f"fixed_quad: n must be an int, got {describe(n)}")
    if n < 1:
        raise ValueError(f"fixed_quad: n must be positive, got {n}")
    low, high = as_operand(a), as_operand(b)
    if low.shape or high.shape:
        raise ValueError(
            f"fixed_quad: a and b must be scalars, got shapes {tuple(low.shape)} and "
            f"{tuple(high.shape)}; use funcgrad.vmap for several intervals"
        )
    nodes, weights = np.polynomial.legendre.leggauss(int(n))
    dtype = result_type(low.dtype, high.dtype, np.float32)
    places = (high - low) * like(high - low, (nodes.astype(dtype) + 1) / 2) + low
    values = func(places, *args)
    total = np.sum(like(values, weights.astype(dtype)) * values, axis=-1)
    return (high - low) / 2 * total, None
