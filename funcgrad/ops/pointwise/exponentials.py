"""Exponentials and logarithms, and sums of exponentials by their logarithms."""

from __future__ import annotations

import numpy as np

from ...core.facts import LEFT_OUT, Hazard, Steep
from ...core.lowering import NumpyText
from ...typing import Array
from ..families import Elementwise, Quotient, Scaling, elementwise
from .special import logistic

LN2 = 0.6931471805599453
LN10 = 2.302585092994046

exp: Elementwise = elementwise(
    "exp",
    np.exp,
    lambda o, _x: o,
    scalar=lambda m, x: m.exp(x),
    hazard=Hazard.EXPONENTIAL,
)
exp2: Elementwise = elementwise(
    "exp2",
    np.exp2,
    lambda o, _x: o * LN2,
    scalar=lambda m, x: m.exp(x * m.ln2),
    hazard=Hazard.EXPONENTIAL,
)
expm1: Elementwise = elementwise(
    "expm1",
    np.expm1,
    lambda _o, x: np.exp(x),
    scalar=lambda m, x: m.expm1(x),
    hazard=Hazard.EXPONENTIAL,
)
log: Elementwise = elementwise(
    "log",
    np.log,
    Quotient(lambda x: x),
    domain=(0.2, 3),
    scalar=lambda m, x: m.log(x),
    hazard=Hazard.LOGARITHM,
    steep=Steep(0.0, f"the derivative of log is infinite at 0; {LEFT_OUT}"),
)
log2: Elementwise = elementwise(
    "log2",
    np.log2,
    Scaling(lambda t, _o, x: t / x * (1 / LN2)),
    domain=(0.2, 3),
    scalar=lambda m, x: m.log(x) / m.ln2,
    hazard=Hazard.LOGARITHM,
)
log10: Elementwise = elementwise(
    "log10",
    np.log10,
    Scaling(lambda t, _o, x: t / x * (1 / LN10)),
    domain=(0.2, 3),
    scalar=lambda m, x: m.log(x) / m.ln10,
    hazard=Hazard.LOGARITHM,
)
log1p: Elementwise = elementwise(
    "log1p",
    np.log1p,
    Scaling(lambda t, _o, x: t / (1 + x)),
    domain=(-0.6, 3),
    scalar=lambda m, x: m.log1p(x),
    hazard=Hazard.LOGARITHM,
)


def logaddexp_values(x: Array, y: Array, out: Array | None = None) -> Array:
    """The logarithm log(exp(x) + exp(y)): the larger one and a correction, 0 for equal infinities.

    For arrays; NumPy's own loop, which is not vectorised, is seven times as slow.
    """
    floats = getattr(x, "dtype", np.dtype(float)).kind + getattr(y, "dtype", np.dtype(float)).kind
    if floats != "ff" or not (np.ndim(x) or np.ndim(y)):
        return np.logaddexp(x, y)
    with np.errstate(invalid="ignore"):
        rest = np.subtract(x, y)
    np.abs(rest, out=rest)
    np.negative(rest, out=rest)
    np.exp(rest, out=rest)
    np.log1p(rest, out=rest)
    np.fmax(rest, 0, out=rest)
    out = np.maximum(x, y, out=out)
    return np.add(out, rest, out=out)


def _above(x: Array, y: Array) -> Array:
    """The difference x - y, and 0 for equal infinities."""
    return np.where((x == y) & np.isinf(x), 0, x - y)


def _share(x: Array, y: Array) -> Array:
    """The share of exp(x) in exp(x) + exp(y)."""
    return logistic(_above(x, y))


def _share2(x: Array, y: Array) -> Array:
    """The share of 2**x in 2**x + 2**y."""
    return logistic(LN2 * _above(x, y))


logaddexp: Elementwise = elementwise(
    "logaddexp",
    np.logaddexp,
    lambda _o, x, y: _share(x, y),
    lambda _o, x, y: _share(y, x),
    operator=logaddexp_values,
    kinds="f",
    numpy=NumpyText(into=True),
    scalar=lambda m, x, y: m.where(x < y, y, x) + m.log1p(m.exp(-m.abs(x - y))),
    rounded=lambda m, x, y: m.where(
        x == y, x + m.ln2, m.where(x < y, y, x) + m.log1p(m.exp(-m.abs(x - y)))
    ),
    hazard=Hazard.SUM,
)
logaddexp2: Elementwise = elementwise(
    "logaddexp2",
    np.logaddexp2,
    lambda _o, x, y: _share2(x, y),
    lambda _o, x, y: _share2(y, x),
    kinds="f",
    scalar=lambda m, x, y: m.where(x < y, y, x) + m.log1p(m.exp(-m.abs(x - y) * m.ln2)) / m.ln2,
    rounded=lambda m, x, y: m.where(
        x == y,
        x + 1,
        m.where(x < y, y, x) + m.log1p(m.exp2(-m.abs(x - y))) / m.ln2,
    ),
    hazard=Hazard.SUM,
)
