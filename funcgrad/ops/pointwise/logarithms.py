"""Logarithms and their relatives that stay accurate where the plain formula cancels or overflows.

``log1mexp``: Mächler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.facts import LEFT_OUT, Hazard, Steep
from ...core.lowering import NumpyText
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise
from .exponentials import LN2
from .special import logistic, own, xlogratio_formula


def log_of_exponential(
    x: Array,
    exponential: Callable[..., Array],
    logarithm: Callable[..., Array],
    out: Array | None,
) -> Array:
    """The logarithm of an exponential of x, and x where that overflows."""
    with np.errstate(over="ignore"):
        out = exponential(x, out=out)
    out = logarithm(out, out=own(out))
    if np.max(out, initial=0) < np.inf:
        return out
    infinite = np.equal(out, np.inf)
    if own(out) is None:
        return np.where(infinite, x, out)[()]
    np.copyto(out, x, where=infinite)
    return out


def softplus_values(x: Array, out: Array | None = None) -> Array:
    """log(1 + exp(x)) without overflow."""
    return log_of_exponential(x, np.exp, np.log1p, out)


def log1mexp_values(x: Array, out: Array | None = None) -> Array:
    """log(1 - exp(x)), accurate for small and for large negative x."""
    near = np.greater(x, -LN2)
    small = np.maximum(x, -LN2)
    small = np.expm1(small, out=own(small))
    small = np.negative(small, out=own(small))
    small = np.log(small, out=own(small))
    out = np.minimum(x, -LN2, out=out)
    out = np.exp(out, out=own(out))
    out = np.negative(out, out=own(out))
    out = np.log1p(out, out=own(out))
    if own(out) is None:
        return np.where(near, small, out)[()]
    np.copyto(out, small, where=near)
    return out


def log_expm1_values(x: Array, out: Array | None = None) -> Array:
    """log(exp(x) - 1) without overflow or cancellation."""
    return log_of_exponential(x, np.expm1, np.log, out)


def xlogx_values(x: Array, out: Array | None = None) -> Array:
    """The product x * log(x), and 0 at 0."""
    with np.errstate(divide="ignore"):
        out = np.log(x, out=out)
    with np.errstate(all="ignore"):
        out = np.multiply(out, x, out=own(out))
        if np.isfinite(np.vdot(out, out)):
            return out
    zero = np.equal(x, 0)
    if own(out) is None:
        return np.where(zero, x, out)[()]
    np.copyto(out, x, where=zero)
    return out


def xlogratio_values(x: Array, y: Array, out: Array | None = None) -> Array:
    """The product x * log(x / y), and 0 where x is 0 and y is not."""
    with np.errstate(all="ignore"):
        out = np.divide(x, y, out=out)
        out = np.log(out, out=own(out))
        least = np.log(np.finfo(out.dtype).tiny)
        if np.min(out, initial=0) >= least and np.max(out, initial=0) < np.inf:
            return np.multiply(out, x, out=own(out))
        if own(out) is None:
            return rare_xlogratio_values(x, y)
        rare = ~((out >= least) & (out < np.inf))
        np.multiply(out, x, out=out)
    x, y = np.broadcast_to(x, out.shape), np.broadcast_to(y, out.shape)
    out[rare] = rare_xlogratio_values(x[rare], y[rare])
    return out


def rare_xlogratio_values(x: Array, y: Array) -> Array:
    """The product x * log(x / y), also where the ratio of two normal numbers is none."""
    with np.errstate(all="ignore"):
        ratio = np.divide(x, y)
        usual = np.isfinite(ratio) & (np.abs(ratio) >= np.finfo(ratio.dtype).tiny)
        spoiled = ~usual & np.isfinite(x) & np.isfinite(y) & np.not_equal(x, 0) & np.not_equal(y, 0)
        apart = np.log(np.abs(x)) - np.log(np.abs(y))
        apart = np.where(np.less(x, 0) == np.less(y, 0), apart, np.nan)
        logs = np.where(spoiled, apart, np.log(np.where(spoiled, 1, ratio)))
        zero = np.equal(x, 0) & (np.less(y, 0) | np.greater(y, 0))
        return np.where(zero, x, x * logs).astype(ratio.dtype)[()]


def _log_of_ratio(x: Array, y: Array) -> Array:
    """log(x / y) of numbers of one sign, without their ratio."""
    apart = np.log(np.abs(x)) - np.log(np.abs(y))
    return np.where(np.sign(x) * np.sign(y) < 0, apart.dtype.type(np.nan), apart)


READ_TO_THE_END = NumpyText(into=True, overwrites=())
"""Functions with ``out`` that read their operands again at the end."""

softplus: Elementwise = elementwise(
    "softplus",
    softplus_values,
    lambda _o, x: logistic(x),
    kinds="f",
    numpy=READ_TO_THE_END,
    scalar=lambda m, x: m.log1p(m.exp(-m.abs(x))) + m.where(x > 0, x, 0),
    hazard=Hazard.NONE,
)
# -(0 - x) is -0 for both zeros, so that the derivative at 0 has the sign of the limit.
log1mexp: Elementwise = elementwise(
    "log1mexp",
    log1mexp_values,
    lambda _o, x: np.exp(x) / np.expm1(-(0 - x)),
    domain=(-3.0, -0.2),
    kinds="f",
    numpy=NumpyText(into=True),
    scalar=lambda m, x: m.where(x > -m.ln2, m.log(-m.expm1(x)), m.log1p(-m.exp(x))),
    hazard=Hazard.LOGARITHM,
)
# 1 / (1 - exp(-x)), whose derivative must not lose what exp(-x) adds to 1.
log_expm1: Elementwise = elementwise(
    "log_expm1",
    log_expm1_values,
    lambda o, _x: 1 + np.exp(-o),
    domain=(0.2, 3.0),
    kinds="f",
    numpy=READ_TO_THE_END,
    scalar=lambda m, x: m.where(x > 1, x + m.log1p(-m.exp(-x)), m.log(m.expm1(x))),
    hazard=Hazard.LOGARITHM,
)
xlogx: Elementwise = elementwise(
    "xlogx",
    xlogx_values,
    lambda _o, x: np.log(x) + 1,
    domain=(0.2, 3.0),
    kinds="f",
    numpy=READ_TO_THE_END,
    scalar=lambda m, x: m.where(x == 0, x, x * m.log(x)),
    hazard=Hazard.DOMAIN,
    steep=Steep(0.0, f"the derivative of x * log(x) is infinite at 0; {LEFT_OUT}"),
)
xlogratio: Elementwise = elementwise(
    "xlogratio",
    xlogratio_values,
    lambda _o, x, y: _log_of_ratio(x, y) + 1,
    Scaling(lambda t, _o, x, y: t * -x / y),
    domain=(0.2, 3.0),
    kinds="f",
    numpy=READ_TO_THE_END,
    scalar=lambda m, x, y: m.where(x == 0, x, x * m.log(x / y)),
    rounded=xlogratio_formula,
    hazard=Hazard.LOGARITHM,
)
