"""Derivative rules of the user's own, and what they are given, with JAX's names.

>>> import numpy as np
>>> from funcgrad import grad
>>> @custom_jvp
... def product(x, y):
...     return x * y
>>> def rule(primals, tangents):
...     (x, y), (x_t, y_t) = primals, tangents
...     parts = [0.0 if isinstance(t, SymbolicZero) else t * f for t, f in ((x_t, y), (y_t, x))]
...     return product(x, y), sum(parts)
>>> _ = product.defjvp(rule, symbolic_zeros=True)
>>> grad(product)(2.0, 3.0)
np.float64(3.0)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import tree
from .api.closure_convert import closure_convert
from .api.custom import custom_jvp, custom_vjp
from .api.custom_gradient import custom_gradient
from .core.avals import Aval, float0, is_inexact
from .core.symbolic_zeros import CustomVJPPrimal, SymbolicZero
from .core.tracebacks import user_facing
from .core.tracing import aval_of
from .typing import ArrayLike, PyTree

__all__ = [
    "CustomVJPPrimal",
    "SymbolicZero",
    "closure_convert",
    "custom_gradient",
    "custom_jvp",
    "custom_vjp",
    "custom_vjp_primal_tree_values",
    "zero_from_primal",
]


@user_facing
def zero_from_primal(val: ArrayLike, symbolic_zeros: bool = False) -> Any:
    """The zero tangent of a value.

    Args:
        val: array or number.
        symbolic_zeros: return a SymbolicZero in the place of an array.

    Returns:
        Zeros of the shape and dtype of the value; of dtype float0 where it is an integer.

    >>> zero_from_primal(np.ones(2))
    array([0., 0.])
    """
    aval = aval_of(val)
    dtype = aval.dtype if is_inexact(aval.dtype) else float0
    if symbolic_zeros:
        return SymbolicZero(Aval(aval.shape, dtype))
    return np.zeros(aval.shape, dtype)[()]


@user_facing
def custom_vjp_primal_tree_values(primals: PyTree) -> PyTree:
    """The values of a pytree of CustomVJPPrimal.

    >>> custom_vjp_primal_tree_values({"x": CustomVJPPrimal(2.0, True)})
    {'x': 2.0}
    """
    return tree.map(lambda p: p.value if isinstance(p, CustomVJPPrimal) else p, primals)
