"""Special functions: values, derivatives of every order, dtypes, the message without SciPy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

from funcgrad import grad
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.pointwise import special

REFERENCES = {
    "erf": (special.erf, mpmath.erf, [-1.7, 0.0, 0.4]),
    "erfc": (special.erfc, mpmath.erfc, [-0.8, 0.6, 3.0]),
    "erf_inv": (special.erf_inv, mpmath.erfinv, [-0.7, 0.2, 0.85]),
    "lgamma": (special.lgamma, mpmath.loggamma, [0.3, 1.0, 5.5]),
    "digamma": (special.digamma, mpmath.digamma, [0.3, 1.0, 5.5]),
    "logistic": (special.logistic, lambda x: 1 / (1 + mpmath.exp(-x)), [-3.0, 0.0, 1.7]),
}


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("name", REFERENCES)
def test_value_and_derivatives_of_every_order(name, order):
    fun: Callable[..., Any]
    fun, reference, points = REFERENCES[name]
    for _ in range(order):
        fun = grad(fun)
    for x in points:
        expected = float(mpmath.diff(reference, x, order))
        np.testing.assert_allclose(fun(x), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_polygamma_differentiates_to_the_next_order(n):
    x = np.array([0.4, 1.3, 6.0])
    np.testing.assert_allclose(special.polygamma(n, x), scipy.special.polygamma(n, x), rtol=1e-14)
    for xi in x:
        got = grad(lambda v: special.polygamma(n, v))(xi)
        np.testing.assert_allclose(got, scipy.special.polygamma(n + 1, xi), rtol=1e-14)


def test_lgamma_of_negative_numbers():
    np.testing.assert_allclose(grad(special.lgamma)(-1.5), scipy.special.digamma(-1.5), rtol=1e-14)


@pytest.mark.parametrize("x", [-708.0, -40.0, 36.8, 400.0])
def test_logistic_keeps_relative_accuracy(x):
    exact = float(1 / (1 + mpmath.exp(-mpmath.mpf(x))))
    tail = mpmath.exp(-abs(mpmath.mpf(x)))
    slope = float(tail / (1 + tail) ** 2)
    np.testing.assert_allclose(special.logistic(x), exact, rtol=1e-13)
    np.testing.assert_allclose(grad(special.logistic)(x), slope, rtol=1e-13)


def test_logistic_at_infinities_and_nan():
    x = np.array([-np.inf, np.inf, np.nan, -0.0])
    np.testing.assert_array_equal(special.logistic(x), [0, 1, np.nan, 0.5])


def test_complex_arguments():
    z = np.array([0.4 + 0.7j, -1.2 + 0.3j])
    np.testing.assert_allclose(special.logistic(z), 1 / (1 + np.exp(-z)), rtol=1e-14)
    slope = grad(special.erf, holomorphic=True)(z[0])
    np.testing.assert_allclose(slope, 2 / np.sqrt(np.pi) * np.exp(-(z[0] ** 2)), rtol=1e-14)


OPERATORS = ["erf", "erfc", "erf_inv", "lgamma", "digamma", "logistic"]


@pytest.mark.parametrize("name", OPERATORS)
def test_float32_stays_float32(name):
    prim = REGISTRY[name]
    x = np.array([0.3, 0.6], np.float32)
    assert prim(x).dtype == np.float32
    assert type(prim(x[0])) is np.float32
    assert grad(prim)(x[0]).dtype == np.float32


@pytest.mark.parametrize("name", OPERATORS)
def test_scalars_give_numpy_scalars(name):
    prim = REGISTRY[name]
    for x in (0.3, np.float64(0.3), np.array(0.3)):
        assert type(prim(x)) is np.float64


def test_polygamma_has_the_precision_of_x():
    x = np.array([0.3, 0.6], np.float32)
    assert special.polygamma(1, x).dtype == np.float32
    assert special.polygamma(np.array([1, 2]), x).dtype == np.float32
    assert type(special.polygamma(1, 2)) is np.float64


def test_scipy_names():
    for name, prim in special.UFUNC_NAMES.items():
        assert isinstance(getattr(scipy.special, name), np.ufunc)
        x = np.array([0.3, 0.7])
        np.testing.assert_allclose(prim(x), getattr(scipy.special, name)(x), rtol=1e-14)


def test_missing_scipy_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    monkeypatch.delattr("scipy.special")
    with pytest.raises(ImportError, match=r"pip install 'funcgrad\[special\]'"):
        special.erf(np.ones(2))
    assert special.logistic(0.0) == 0.5
