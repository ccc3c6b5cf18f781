"""The gamma function's logarithm and its derivative in native code, against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.api.jit import jit
from funcgrad.ops.pointwise.special import digamma, lgamma

ROOT = 1.4616321449683622
RNG = np.random.default_rng(0)
POSITIVE = np.concatenate([
    np.exp(RNG.uniform(-300, 8, 150)), RNG.uniform(0, 9, 400), np.linspace(0.4, 2.6, 200),
    1 + RNG.normal(size=50) * 1e-4, 2 + RNG.normal(size=50) * 1e-4,
    ROOT + RNG.normal(size=50) * 1e-6, 7.5 + np.linspace(-0.1, 0.1, 50),
    np.exp(RNG.uniform(3, 600, 80)),
])  # fmt: skip
NEGATIVE = np.concatenate([
    -RNG.uniform(0, 12, 300), -np.exp(RNG.uniform(-40, 0, 80)), -np.exp(RNG.uniform(2, 9, 80)),
    -np.arange(1, 12) + 1e-9,
])  # fmt: skip
EXACT: dict[Any, Callable[[Any], Any]] = {
    lgamma: lambda v: mpmath.re(mpmath.loggamma(v)),
    digamma: lambda v: mpmath.psi(0, v),
}


def natively(operator: Any, x: np.ndarray) -> np.ndarray:
    jitted = jit(lambda x: operator(x), stabilize=False)
    assert "NumPy:" not in str(jitted.lower(x).groups())
    return np.asarray(jitted(x))


def errors(operator: Any, x: np.ndarray, least: Callable[[float], float]) -> float:
    """The largest error in units in the last place of the result, or of a number beside it."""
    worst = 0.0
    with mpmath.workdps(40):
        for v, found in zip(x, natively(operator, x), strict=True):
            exact = EXACT[operator](mpmath.mpf(float(v)))
            size = max(abs(float(exact)), least(float(v)))
            unit = float(np.spacing(x.dtype.type(size)))
            worst = max(worst, float(abs(mpmath.mpf(float(found)) - exact)) / unit)
    return worst


@pytest.mark.parametrize("char", "fd")
@pytest.mark.parametrize("operator", [lgamma, digamma], ids=["lgamma", "digamma"])
def test_positive_numbers(operator: Any, char: str) -> None:
    """Also near the zeros at 1, 2 and 1.46: the error is relative there, too."""
    x = POSITIVE if char == "d" else POSITIVE[(POSITIVE > 1e-37) & (POSITIVE < 1e36)].astype("f")
    assert errors(operator, x, lambda v: 0.0) < 2.5


@pytest.mark.parametrize("char", "fd")
def test_negative_numbers(char: str) -> None:
    """Two terms cancel near zeros: the error is a few units of the larger one."""
    x = NEGATIVE.astype(char)
    x = x[x != np.round(x)]
    assert errors(lgamma, x, lambda v: max(1.0, float(mpmath.loggamma(-v)))) < 2.5
    assert errors(digamma, x, lambda v: abs(np.pi / np.tan(np.pi * v)) + np.log(1 - v)) < 4


@pytest.mark.parametrize("char", "fd")
def test_special_values_are_those_of_scipy(char: str) -> None:
    x = np.array([0.0, -0.0, -1, -2, -8, -100, np.inf, -np.inf, np.nan, 1, 2, -1e20, 1e30], char)
    x = np.resize(x, 41)
    for operator in (lgamma, digamma):
        with np.errstate(all="ignore"):
            expected = operator(x)
        np.testing.assert_allclose(natively(operator, x), expected, rtol=1e-6)
    assert natively(lgamma, np.full(9, 2.6e305))[0] == np.inf


def test_derivatives() -> None:
    x = np.linspace(0.3, 9, 50)
    found = jit(fg.grad(lambda x: np.sum(lgamma(x) * x)))(x)
    with mpmath.workdps(30):
        expected = [float(mpmath.loggamma(v) + v * mpmath.psi(0, v)) for v in x]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
