"""NumPy's protocols, as CuPy's arrays answer them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Calls of NumPy's ufuncs go to those of the same name."""
    import cupyx.scipy.special

    import cupy

    from ._array import SCALARS, ndarray

    operands = inputs
    if "out" in kwargs:
        out = kwargs["out"]
        if len(out) != 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        operands += out
        kwargs["out"] = out[0]
    if method not in ("__call__", "outer", "at", "reduce", "accumulate", "reduceat"):
        return NotImplemented
    name = ufunc.__name__
    try:
        found = getattr(cupy, name, None) or getattr(cupyx.scipy.special, name)
        found = found if method == "__call__" else getattr(found, method)
    except AttributeError:
        return NotImplemented
    for x in operands:
        known = isinstance(x, (*SCALARS, ndarray, np.ndarray))
        if not (known or hasattr(x, "__cuda_array_interface__")):
            return NotImplemented
    if name in COMPARISONS:  # these alone take arrays of the host of shape ()
        inputs = tuple(x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs)
    return found(*inputs, **kwargs)


def array_function(self: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Calls of NumPy's functions go to those of the same name, if all arrays are plain ones."""
    import cupy

    from ._array import ndarray

    try:
        module = functools.reduce(getattr, func.__module__.split(".")[1:], cupy)
        found = getattr(module, func.__name__)
    except AttributeError:
        return NotImplemented
    if found is func or not all(issubclass(t, (ndarray, np.ndarray)) for t in types):
        return NotImplemented
    return found(*args, **kwargs)
