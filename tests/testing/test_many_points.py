"""Mistakes in narrow ranges of numbers, of arguments that have no dimension to be made long."""

import re
import time

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.testing import GradientCheckError, gradcheck


def value(x):
    return x * np.sin(x)


def slope(x):
    return np.sin(x) + x * np.cos(x)


def one_percent_off(low, high):
    """A rule that lets itself be mapped: it chooses by np.where."""
    f = fg.custom_jvp(value)

    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return value(x), np.where((low < x) & (x < high), 1.01, 1.0) * slope(x) * t

    f.defjvp(rule)
    return f


def branching(low, high, factor=1.01):
    """A rule that chooses by if, of one number."""
    f = fg.custom_vjp(value)

    def backward(x, ct):
        return (ct * slope(x) * (factor if low < x < high else 1.0),)

    f.defvjp(lambda x: (value(x), x), backward)
    return f


def of_float(f):
    def alone(x: float):
        return f(x)

    return alone


def numbers_of(error):
    return [float(x) for x in re.findall(r"-?\d+\.\d+", str(error.value).split("args = (")[1])]


BANDS = [(2.03, 2.06), (-1.27, -1.25), (7.03, 7.2), (0.0203, 0.0215)]


@pytest.mark.parametrize("band", BANDS)
def test_bands_of_a_number(band):
    with pytest.raises(GradientCheckError) as error:
        gradcheck(of_float(one_percent_off(*band)), order=1, max_examples=3)
    assert band[0] < numbers_of(error)[0] < band[1]


@pytest.mark.parametrize("band", BANDS[1:3])
def test_bands_of_an_array_of_fixed_shape(band):
    with pytest.raises(GradientCheckError) as error:
        gradcheck(one_percent_off(*band), "2 2", order=1, max_examples=3)
    assert any(band[0] < x < band[1] for x in numbers_of(error)[:4])


def test_functions_that_choose_by_if_are_called_for_each_number():
    band = -9.0, -7.5
    with pytest.raises(GradientCheckError) as error:
        gradcheck(of_float(branching(*band)), order=1, max_examples=3)
    assert band[0] < numbers_of(error)[0] < band[1]


def test_a_number_beside_an_array():
    f = one_percent_off(2.03, 2.06)

    def scaled(x, factor: float):
        return x * f(factor)

    with pytest.raises(GradientCheckError) as error:
        gradcheck(scaled, "n", order=1, max_examples=3)
    assert any(2.03 < x < 2.06 for x in numbers_of(error))


def test_numbers_stay_in_their_domain():
    with pytest.raises(GradientCheckError) as error:
        gradcheck(
            one_percent_off(0.6125, 0.6134), "2", order=1, domain="unit_interval", max_examples=3
        )
    assert any(0.6125 < x < 0.6134 for x in numbers_of(error))
    assert gradcheck(
        lambda x: np.log(x) * np.log1p(-x), "2", order=1, domain="unit_interval"
    ).passed


def parts(x: float):
    return x * x if x > 2 else 4 * x - 4


def undefined_in_places(x: float, y: float):
    if x < y:
        raise ValueError("x < y")
    return np.sqrt(x - y)


def steps(x: float, n: int = 3):
    for _ in range(n):
        x = np.cos(x) * x
    return x


def kinks(x: float):
    return np.abs(x - np.round(x)) + np.maximum(x, 0.1 * x)


@pytest.mark.parametrize(
    "f", [parts, undefined_in_places, steps, kinks, of_float(branching(0, 0)), np.hypot]
)
def test_right_functions_pass(f):
    described = ("2", "2") if f is np.hypot else ()
    assert gradcheck(f, *described, order=1).passed


def test_slow_functions_are_not_called_more_often():
    calls = []

    def slow(x: float):
        calls.append(x)
        end = time.thread_time() + 0.001
        while time.thread_time() < end:
            pass
        return np.sin(x)

    gradcheck(slow, order=1, max_examples=1)
    assert len(calls) < 200
