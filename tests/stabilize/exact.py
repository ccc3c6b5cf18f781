"""Evaluates a jaxpr with mpmath: every number an mpf, every operator its exact meaning."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from mpmath import mp

from funcgrad.core.jaxpr import Jaxpr, Literal

DIGITS = 50


def _real(function: Any) -> Any:
    """NaN where the exact result is not a real number."""

    def run(*xs: Any) -> Any:
        try:
            out = function(*xs)
        except ZeroDivisionError:
            return mp.nan
        return mp.nan if isinstance(out, mpmath.mpc) else out

    return run


def _power(x: Any, y: Any) -> Any:
    return mp.mpf(x) ** (int(y) if mp.isint(y) else y)


def _divide(x: Any, y: Any) -> Any:
    return mp.mpf(x) / y if y else mp.nan if not x else mp.sign(x) * mp.inf


ELEMENTWISE = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": _divide,
    "neg": lambda x: -x,
    "pow": _power,
    "square": lambda x: x * x,
    "reciprocal": lambda x: _divide(1, x),
    "sqrt": mp.sqrt,
    "exp": mp.exp,
    "expm1": lambda x: mp.exp(x) - 1,
    "log": lambda x: mp.log(x) if x else -mp.inf,
    "log1p": lambda x: mp.log(1 + x),
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "tanh": mp.tanh,
    "abs": abs,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
}

_ARRAYS = {
    name: np.frompyfunc(_real(f), f.__code__.co_argcount if hasattr(f, "__code__") else 1, 1)
    for name, f in ELEMENTWISE.items()
}


def exact_array(x: Any) -> Any:
    """An array with mpf elements."""
    return np.frompyfunc(lambda v: mp.mpf(float(v)) if not isinstance(v, mp.mpf) else v, 1, 1)(
        np.asarray(x)
    )


def evaluate(jaxpr: Jaxpr, *args: Any) -> list[Any]:
    """The exact results of a jaxpr, in the precision that mpmath works with."""
    env: dict[Any, Any] = {}
    for v, x in zip(jaxpr.constvars + jaxpr.invars, [*jaxpr.consts, *args], strict=True):
        env[v] = exact_array(x)

    def read(a: Any) -> Any:
        return exact_array(a.value) if type(a) is Literal else env[a]

    for e in jaxpr.eqns:
        inputs = [read(a) for a in e.inputs]
        name = e.primitive.name
        if name in _ARRAYS:
            out = _ARRAYS[name](*inputs)
        elif name == "jit":
            env.update(zip(e.outvars, evaluate(e.params["jaxpr"], *inputs), strict=True))
            continue
        elif name == "reduce_prod":
            out = np.multiply.reduce(inputs[0], axis=e.params["axes"])
        elif name == "dot_general":
            assert inputs[0].ndim == inputs[1].ndim == 1
            out = np.dot(*inputs)
        else:  # sums and moves of elements, which NumPy does for any type
            assert name in ("reduce_sum", "reduce_max", "reshape", "transpose", "index")
            out = e.primitive.evaluate(np, *inputs, **e.params)
        env[e.outvars[0]] = np.asarray(out, object)
    return [read(a) for a in jaxpr.outvars]


def error(x: Any, true: Any) -> float:
    """The relative error of a number, in units of 2**-52; inf if it is of another kind."""
    x = mp.mpf(float(x))
    if mp.isnan(true) or mp.isinf(true) or mp.isnan(x) or mp.isinf(x):
        return 0.0 if x == true or (mp.isnan(x) and mp.isnan(true)) else np.inf
    tiny = mp.mpf(2) ** -1022
    return float(abs(x - true) / max(abs(true), tiny) * 2**52)
