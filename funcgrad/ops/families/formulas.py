"""Elementwise operators by their formulas, on arrays of any array module."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ... import arrays
from ...core.tracing import aval_of

HALF = np.dtype(np.float16)
NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
}  # fmt: skip
"""The basic functions that NumPy knows under other names."""
SPECIAL = {
    "erf": "erf", "erfc": "erfc", "erfcx": "erfcx", "erf_inv": "erfinv", "lgamma": "gammaln",
    "digamma": "digamma", "polygamma": "polygamma",
}  # fmt: skip
"""Those of SciPy, by their names there."""


class ArrayFunctions:
    """The basic functions of formulas for arrays: see ``core.facts.Scalars``."""

    pi: float = math.pi
    ln2: float = math.log(2.0)
    ln10: float = math.log(10.0)

    def __init__(self, xp: ModuleType) -> None:
        self.xp: Any = xp

    def __getattr__(self, name: str) -> Any:
        if name in SPECIAL:
            return getattr(arrays.special_functions(self.xp), SPECIAL[name])
        return getattr(self.xp, NAMES.get(name, name))

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Elements of x where the condition holds, of y elsewhere."""
        if isinstance(condition, bool | np.bool_):
            return x if condition else y
        return self.xp.where(condition, x, y)

    def real(self, x: Any) -> Any:
        """The real part."""
        return x.real

    def imag(self, x: Any) -> Any:
        """The imaginary part."""
        return x.imag

    def complex(self, x: Any, y: Any) -> Any:
        """The number x + iy, without rounding or spurious NaN."""
        a, b = aval_of(x), aval_of(y)
        dtype = np.result_type(a.dtype, b.dtype, np.complex64)
        out = self.xp.empty(np.broadcast_shapes(a.shape, b.shape), dtype)
        out.real = x
        out.imag = y
        return out

    def tiny(self, x: Any) -> float:
        """The least normal number of the type of x."""
        return float(np.finfo(x.dtype).tiny)

    def is_complex(self, x: Any) -> bool:
        """True if numbers have an imaginary part."""
        return aval_of(x).dtype.kind == "c"


def by_formula(
    prim: Any, xp: ModuleType, args: Sequence[Any], formula: Callable[..., Any] | None = None
) -> Any:
    """The result of an elementwise operator on arrays, by its formula or another one.

    Formulas of real numbers are computed in float32, or the dtype of the result, where operands are
    of float16. The result has the shape and dtype that the operator declares.
    """
    aval = prim.abstract(*map(aval_of, args))
    if prim.scalar is not None:
        wide = np.result_type(aval.dtype, np.float32) if aval.dtype.kind == "f" else np.float32
        args = [a.astype(wide) if getattr(a, "dtype", None) == HALF else a for a in args]
    out = (formula or prim.rounded or prim.scalar)(ArrayFunctions(xp), *args)
    out = xp.asarray(out)
    if out.dtype != aval.dtype:
        out = out.astype(aval.dtype)
    return out if out.shape == aval.shape else xp.broadcast_to(out, aval.shape)
