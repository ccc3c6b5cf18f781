"""Jaxprs of Python's floats as jaxprs of float64 numbers, where those compute the same.

Python's complex numbers likewise become complex128.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.families import Elementwise
from ...ops.shape import convert
from .kinds import BOOL, DOUBLE, FLOAT, HALF, in_memory, kind_of

NEVER_RAISE: frozenset[str] = frozenset({"add", "sub", "mul", "neg", "abs", "convert_element_type"})
"""Operators that compute the same of Python's floats as of NumPy's: others may raise errors."""

OF_COMPLEX: frozenset[str] = frozenset({"add", "sub", "neg", "real", "imag"})
"""The same for complex numbers."""


_SHORT = (HALF.dtype, FLOAT.dtype, np.dtype(np.complex64))
_LONG = (DOUBLE.dtype, np.dtype(np.complex128))


class _NotTheSameError(Exception):
    """A number of Python's would be computed differently."""


def as_numbers(jaxpr: Jaxpr) -> Jaxpr | None:
    """The jaxpr with float64 in the place of Python's floats; None if that is another function.

    Where a Python float meets shorter numbers, it is converted first, as NumPy does.
    """
    every = (*jaxpr.invars, *(v for e in jaxpr.eqns for v in e.outvars))
    if not any(v.aval.weak for v in every):
        return jaxpr
    try:
        return _as_numbers(jaxpr)
    except _NotTheSameError:
        return None


def _as_numbers(jaxpr: Jaxpr) -> Jaxpr:
    numbers: dict[Any, Var] = {}
    rounded: dict[Any, Var] = {}
    eqns: list[Eqn] = []

    def operand(a: Any, dtype: np.dtype) -> Any:
        if type(a) is Literal or a not in numbers:
            return a
        if dtype not in _SHORT or a.aval.dtype not in _LONG:
            return numbers[a]
        if a.aval.dtype.kind == "c":
            dtype = np.dtype(np.complex64)
        if (a, dtype) not in rounded:
            v = rounded[a, dtype] = Var(Aval(a.aval.shape, dtype))
            eqns.append(Eqn(convert, [numbers[a]], {"dtype": dtype}, [v]))
        return rounded[a, dtype]

    def number(v: Var) -> Var:
        if not v.aval.weak:
            return v
        if v.aval.dtype.kind not in "fbc":
            raise _NotTheSameError
        numbers[v] = Var(Aval(v.aval.shape, v.aval.dtype))
        return numbers[v]

    invars = [number(v) for v in jaxpr.invars]
    for e in jaxpr.eqns:
        _check(e)
        dtype = _common_dtype(e)
        inputs = [operand(a, dtype) for a in e.inputs]
        outs = [number(v) for v in e.outvars]
        eqns.append(Eqn(e.primitive, inputs, e.params, outs, e.source))
    for a in (*jaxpr.invars, *jaxpr.outvars):
        known = kind_of(a.aval.dtype) in (DOUBLE, BOOL) or a.aval.dtype == np.complex128
        if a.aval.weak and (type(a) is Literal or not known):
            raise _NotTheSameError
    outvars = [numbers.get(a, a) for a in jaxpr.outvars]
    return Jaxpr(jaxpr.constvars, invars, eqns, outvars, jaxpr.consts, jaxpr.as_written)


def _check(e: Eqn) -> None:
    """Raise unless an equation computes the same of numbers as of Python's."""
    if not any(type(a) is not Literal and a.aval.weak for a in e.inputs):
        if any(v.aval.weak for v in e.outvars):
            raise _NotTheSameError
        return
    simple = isinstance(e.primitive, Elementwise) or e.primitive is convert
    of_floats = [v for v in e.outvars if v.aval.weak and v.aval.dtype.kind in "fc"]
    if not simple or (of_floats and e.primitive.name not in NEVER_RAISE):
        raise _NotTheSameError
    complexes = any(a.aval.weak and a.aval.dtype.kind == "c" for a in (*e.inputs, *e.outvars))
    if complexes and of_floats and e.primitive.name not in OF_COMPLEX:
        raise _NotTheSameError


def _common_dtype(e: Eqn) -> np.dtype:
    """What Python's floats are converted to in an equation."""
    others = [a.aval.dtype for a in e.inputs if not a.aval.weak]
    if any(in_memory(dtype) is None for dtype in others):
        raise _NotTheSameError
    floats = [dtype for dtype in others if dtype.kind in "fc"]
    return np.result_type(*floats) if floats else DOUBLE.dtype
