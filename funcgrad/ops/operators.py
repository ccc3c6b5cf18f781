"""Python's operators and NumPy's ufuncs on tracers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..core import hooks
from ..core.primitive import Primitive
from ..core.tracing import Tracer
from .families import Elementwise
from .pointwise import arithmetic, comparison, exponentials, powers, rounding, trigonometry
from .pointwise import complex as complex_

BinaryMethod: TypeAlias = Callable[[Tracer, Any], Any]
"""A method of traced values for one of Python's operators."""

UFUNC_MODULES = (
    arithmetic, powers, exponentials, trigonometry, rounding, comparison, complex_,
)  # fmt: skip
"""The files of operators that are ufuncs of NumPy."""

_DIRECT = frozenset([float, int, complex, bool, np.ndarray, np.float64, np.float32, np.int64])


def _operand(x: object) -> Any:
    """An operand of a Python operator as an array or scalar; None if it cannot be one."""
    if isinstance(x, np.generic) or hasattr(x, "__cuda_array_interface__"):
        return x
    return hooks.hooks.as_array(x) if isinstance(x, list | tuple) else None


def binary_methods(prim: Primitive) -> tuple[BinaryMethod, BinaryMethod]:
    """The methods for an operator with a traced value as its first, and as its second operand."""

    def forward(self: Tracer, other: object) -> Any:
        if type(other) not in _DIRECT:
            if isinstance(other, Tracer):
                if other._trace.level > self._trace.level:
                    return other._trace.binary(prim, self, other)
            elif (other := _operand(other)) is None:
                return NotImplemented
        return self._trace.binary(prim, self, other)

    def backward(self: Tracer, other: object) -> Any:
        if type(other) not in _DIRECT and (other := _operand(other)) is None:
            return NotImplemented
        return self._trace.binary(prim, other, self)

    return forward, backward


def _unary(prim: Primitive) -> Callable[[Tracer], Any]:
    def method(self: Tracer) -> Any:
        return self._trace.unary(prim, self)

    return method


def python_operators() -> dict[str, Any]:
    """Python's operators as methods of traced values, by the names of these."""
    methods: dict[str, Any] = {}
    binary = {
        "add": arithmetic.add,
        "sub": arithmetic.sub,
        "mul": arithmetic.mul,
        "truediv": arithmetic.div,
        "floordiv": rounding.floor_divide,
        "mod": rounding.remainder,
        "pow": powers.power,
        "and": comparison.bitwise_and,
        "or": comparison.bitwise_or,
        "xor": comparison.bitwise_xor,
        "lshift": comparison.left_shift,
        "rshift": comparison.right_shift,
    }
    for name, prim in binary.items():
        forward, backward = binary_methods(prim)
        methods[f"__{name}__"] = forward
        methods[f"__r{name}__"] = backward
    compare = {
        "eq": comparison.equal,
        "ne": comparison.not_equal,
        "lt": comparison.less,
        "le": comparison.less_equal,
        "gt": comparison.greater,
        "ge": comparison.greater_equal,
    }
    for name, prim in compare.items():
        methods[f"__{name}__"] = binary_methods(prim)[0]
    unary = {
        "neg": arithmetic.neg,
        "pos": arithmetic.pos,
        "abs": complex_.absolute,
        "invert": comparison.invert,
    }
    for name, prim in unary.items():
        methods[f"__{name}__"] = _unary(prim)
    return methods


def ufunc_operators() -> dict[Any, Elementwise]:
    """The operators that are ufuncs of NumPy, by these."""
    table: dict[Any, Elementwise] = {}
    for module in UFUNC_MODULES:
        for prim in vars(module).values():
            if isinstance(prim, Elementwise) and isinstance(prim.ufunc, np.ufunc):
                table[prim.ufunc] = prim
    table[np.degrees] = trigonometry.rad2deg
    table[np.radians] = trigonometry.deg2rad
    return table
