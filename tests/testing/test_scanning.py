"""Mistakes in narrow ranges of numbers, found where a dimension is very long."""

import re
import time

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.testing import Claim, GradientCheckError, gradcheck
from funcgrad.testing import strategies as fst
from funcgrad.testing.strategies.domains import as_domain
from funcgrad.testing.strategies.styles import close_together


def slope(x, low, high):
    """The derivative of x sin x, one percent off between two ends."""
    right = np.sin(x) + x * np.cos(x)
    return np.where((low < x) & (x < high), 1.01 * right, right)


def value(x):
    return x * np.sin(x)


def forward_rule(low, high):
    f = fg.custom_jvp(value)
    f.defjvp(lambda p, t: (value(p[0]), slope(p[0], low, high) * t[0]))
    return f


def backward_rule(low, high):
    f = fg.custom_vjp(value)
    f.defvjp(lambda x: (value(x), x), lambda x, ct: (slope(x, low, high) * ct,))
    return f


def claimed(low, high):
    return Claim(value, jvp=lambda p, t: (value(*p), slope(p[0], low, high) * t[0]))


BANDS = [(2.03, 2.06), (-1.27, -1.25), (7.03, 7.2), (11.1, 11.4), (0.0203, 0.0215)]


@pytest.mark.parametrize(
    ("rule", "band"),
    [*((backward_rule, band) for band in BANDS), (forward_rule, BANDS[1]), (claimed, BANDS[4])],
)
def test_narrow_bands_are_found(rule, band):
    with pytest.raises(GradientCheckError) as error:
        gradcheck(rule(*band), "n", order=1)
    number = re.search(r"args = \(np.array\(\[([^,]*)\]\),\)", str(error.value))
    assert number
    assert band[0] < float(number[1]) < band[1]


@pytest.mark.parametrize("shape", ["2 n", "batch n 3"])
def test_bands_of_one_sign_and_of_matrices(shape):
    f = forward_rule(2.03, 2.06)
    with pytest.raises(GradientCheckError, match="smallest point"):
        gradcheck(lambda x, y: f(x) * np.sum(y), shape, "2", order=1, domain="positive")


def test_bands_of_an_interval():
    with pytest.raises(GradientCheckError):
        gradcheck(forward_rule(0.6125, 0.6134), "n", order=1, domain="unit_interval")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.maximum(x, 0.1 * x),
        lambda x: np.where(x > 2.5, x * x, 2.5 * x),
        lambda x: np.sum(np.abs(x - np.round(x))),
        lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))),
        lambda x: np.sort(x)[::-1] * x,
        lambda x: np.cumsum(np.tanh(x)) / (1 + x * x),
        forward_rule(1.0, 1.0),
    ],
)
def test_right_functions_pass(f):
    assert gradcheck(f, "n", order=1).passed


def test_slow_functions_are_called_once_with_a_long_dimension():
    sizes = []

    def slow(x):
        if isinstance(x, np.ndarray):
            sizes.append(x.size)
        if x.size > 200:
            end = time.thread_time() + 0.01
            while time.thread_time() < end:
                pass
        return np.sin(x)

    gradcheck(slow, "n", order=1)
    assert 1 <= sum(n > 200 for n in sizes) <= 4


@pytest.mark.parametrize("name", ["real", "positive", "unit_interval", (-2.0, 30.0)])
def test_numbers_lie_close_together(name):
    domain = as_domain(name)
    parts = [close_together([1], domain, 4001, small=small) for small in (False, True)]
    assert all(x.shape == (4001,) and np.all(domain.admits(x)) for x in parts)
    x = np.sort(np.concatenate(parts))
    low, high = (0.001, 0.999) if name == "unit_interval" else (0.01, 29.0)
    inside = x[(low < x) & (x < high)]
    assert np.max(np.diff(inside) / np.maximum(inside[:-1], 0.1 * high)) < 0.03


def test_domains_of_few_numbers_are_not_scanned():
    assert gradcheck(lambda x: np.sum(np.sort(x) ** 2), "n", domain=fst.distinct()).passed == 20


@pytest.mark.parametrize("most", [100, 300, 1500])
def test_mistakes_in_long_arrays_only(most):
    square = fg.custom_vjp(lambda x: x**2)
    square.defvjp(lambda x: (x**2, x), lambda x, ct: (2 * x * ct * (np.arange(x.size) < most),))
    with pytest.raises(GradientCheckError):
        gradcheck(square, "n", order=1)
