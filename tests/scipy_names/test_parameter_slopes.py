"""Derivatives of special functions in their parameters: mpmath's numbers, also in tails."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.ops.pointwise import (
    bessel_slopes,
    beta_slopes,
    elliptic,
    hypergeometric,
    student,
    zeta,
)


def _student(df: Any, t: Any) -> Any:
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return tail if t < 0 else 1 - tail


SLOPES: dict[str, tuple[Any, Any, list[tuple[float, ...]], float]] = {
    "betainc": (
        beta_slopes.beta_slope_values,
        lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
        [(2, 3, 0.4), (0.5, 0.5, 0.01), (0.01, 3, 0.2), (3, 0.01, 0.9999), (100, 50, 0.6),
         (100, 50, 0.7), (0.01, 0.02, 0.5), (5, 1e-3, 0.99), (2, 3, 1e-8)],
        1e-12,
    ),
    "student": (
        student.student_slope_values, _student,
        [(3, 1), (3, -1), (0.3, 5), (0.3, 0.1), (100, -6), (5, -1e4), (0.05, 3), (2e3, -0.2),
         (1e4, 1.7)], 1e-12,
    ),
    "jv": (
        bessel_slopes.j_slope_values, mp.besselj,
        [(0, 1), (0, 30), (2, 12), (3.3, 0.01), (10, 40), (-1, 2), (-2.5, 3), (20, 300), (7, 9)],
        3e-11,
    ),
    "yv": (
        bessel_slopes.y_slope_values, mp.bessely,
        [(0, 1), (0, 30), (2, 12), (3.3, 0.01), (10, 40), (-1, 2), (-2.5, 3), (50, 20), (7, 9)],
        3e-11,
    ),
    "ive": (
        bessel_slopes.ie_slope_values, lambda v, x: mp.besseli(v, x) * mp.exp(-x),
        [(0, 1), (0.5, 30), (3.3, 0.01), (10, 40), (50, 20), (-2.5, 3), (2, 700)], 1e-12,
    ),
    "kve": (
        bessel_slopes.ke_slope_values, lambda v, x: mp.besselk(v, x) * mp.exp(x),
        [(0.1, 1), (0.5, 30), (3.3, 0.01), (10, 40), (50, 20), (-2.5, 3), (2, 700)], 1e-12,
    ),
    "hyp0f1": (hypergeometric.of_0f1, mp.hyp0f1, [(1.5, 2), (1.5, -3), (5, 200)], 1e-12),
    "hyp1f1": (
        hypergeometric.of_1f1, mp.hyp1f1,
        [(1.5, 2.5, 3), (1.5, 2.5, -50), (-2, 3, 4), (-2.5, 3, 10), (0.2, 7, 300)], 1e-12,
    ),
    "hyp2f1": (
        hypergeometric.of_2f1, mp.hyp2f1,
        [(1.5, 0.5, 2.5, 0.3), (1.5, 0.5, 2.5, 0.99), (1.5, 0.5, 2.5, -20), (-2, 1, 3, 0.5)],
        1e-12,
    ),
    "hyp2f1 next to 1": (
        hypergeometric.of_2f1, mp.hyp2f1,
        [(0.5, 1.2, 2.9, 1 - 2.0**-20), (1, 1, 2, 1 - 2.0**-40), (3.2, 2.1, 0.4, 1 - 2.0**-50),
         (1, 2, 3, 0.999), (0.7, -1.3, 0.9, 1 - 2.0**-30), (1.5, 0.5, 2.5, -1e3),
         (2.5, 0.3, 4, -1e6), (1.5, 2.2, 1.7, -1e15)],
        1e-10,
    ),
    "hyp2f1 at 1": (
        lambda n, a, b, c: hypergeometric.of_2f1(n, a, b, c, np.ones_like(a)),
        lambda a, b, c: mp.hyp2f1(a, b, c, 1),
        [(0.5, 1.2, 2.9), (0.7, -1.3, 0.9), (-2, 1.5, 0.7)], 1e-12,
    ),
    "zeta": (
        zeta.hurwitz_slope_values, mp.zeta,
        [(1.1, 1), (2, 0.3), (3, 5), (20, 0.01), (50, 100), (1.001, 1000)], 1e-12,
    ),
    "riemann": (
        zeta.riemann_slope_values, mp.zeta, [(2,), (0.5,), (-1,), (-2,), (-15,), (30,)], 1e-12,
    ),
    "ellipkm1": (
        lambda n, p: elliptic.complete_values(False, n[0], p) * (-1) ** n[0],
        lambda p: mp.ellipk(1 - p), [(1,), (0.5,), (1e-6,), (1e5,)], 1e-12,
    ),
    "ellipe": (
        lambda n, m: elliptic.complete_values(True, n[0], 1 - m),
        mp.ellipe, [(0,), (0.5,), (-1e5,)], 1e-12,
    ),
    "ellipkinc": (
        elliptic.kinc_slope.evaluate, lambda m, phi: mp.ellipf(phi, m),
        [(0.3, 1), (0.3, 0.01), (0.999, 1.4), (-5, 1.2), (0.5, 4), (0.5, -2), (-1e4, 0.3)], 1e-12,
    ),
    "ellipeinc": (
        elliptic.einc_slope.evaluate, lambda m, phi: mp.ellipe(phi, m),
        [(0.3, 1), (0.3, 0.01), (0.999, 1.4), (-5, 1.2), (0.5, 4), (0.5, -2), (-1e4, 0.3)], 1e-12,
    ),
}  # fmt: skip


def reference(fun: Any, at: tuple[float, ...], i: int, order: int) -> Any:
    """The derivative in one place, by differences of 60 digits."""
    with mp.workdps(60):
        xs = [mp.mpf(x) for x in at]
        h = mp.mpf(10) ** -12 * max(abs(xs[i]), mp.mpf(10) ** -2)

        def moved(k: int) -> Any:
            return fun(*xs[:i], xs[i] + k * h, *xs[i + 1 :])

        if order == 1:
            return (8 * (moved(1) - moved(-1)) - moved(2) + moved(-2)) / (12 * h)
        outer = 16 * (moved(1) + moved(-1)) - moved(2) - moved(-2) - 30 * moved(0)
        return outer / (12 * h * h)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", SLOPES)
def test_slopes(name, order):
    kernel, fun, points, bound = SLOPES[name]
    count = 3 if name == "hyp2f1 at 1" else max(1, len(points[0]) - 1)
    for i in range(count):
        orders = tuple(order * int(k == i) for k in range(count))
        columns = [np.array(c, float) for c in zip(*points, strict=True)]
        with np.errstate(all="ignore"):
            if hasattr(kernel, "__self__") or name.startswith(("ellipkinc", "ellipeinc")):
                found = kernel(np, *columns, orders=orders)
            else:
                found = kernel(orders, *columns)
        for at, value in zip(points, found, strict=True):
            expected = reference(fun, at, i, order)
            error = float(abs((value - expected) / expected))
            assert error < bound, f"{name}{at}, place {i}: {value}, not {float(expected)}"


@pytest.mark.parametrize("df", [1e8, 1e11, 1e15])
def test_many_degrees_of_freedom(df):
    """By the series of the probability in 1 / df, Abramowitz and Stegun, 26.7.8."""
    t = np.array([-5.0, -1.5, -0.3, 0.0, 0.8, 3.0, 6.0])
    first = t * (t**2 + 1) / 4
    second = t * (3 * t**6 - 7 * t**4 - 5 * t**2 - 3) / 96
    third = t * (t**10 - 11 * t**8 + 14 * t**6 + 6 * t**4 - 3 * t**2 - 15) / 384
    density = np.exp(-0.5 * t**2) / np.sqrt(2 * np.pi)
    slope = density * (first + (2 * second + 3 * third / df) / df) / df**2
    bend = density * (-2 * first - (6 * second + 12 * third / df) / df) / df**3
    for order, expected in ((1, slope), (2, bend)):
        found = student.student_slope_values((order,), np.full_like(t, df), t)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    along = fg.grad(lambda t: np.sum(student.student_slope(df, t, orders=(1,))))(t)
    assert_close = np.testing.assert_allclose
    assert_close(along, density * (1 + 2 * t**2 - t**4) / (4 * df**2), rtol=1e-6, atol=1e-9 / df**2)


def test_where_arguments_are_outside():
    with np.errstate(all="ignore"):
        for z, c in ((1.5, 2.5), (1.0, 1.9), (-1e40, 2.5), (0.3, -1.0), (1.0, 0.5)):
            far = hypergeometric.of_2f1((1, 0, 0), *np.array([[1.5], [0.5], [c], [z]]))
            assert np.isnan(far).all()
        assert np.isnan(bessel_slopes.j_slope_values((1,), np.array([1.0]), np.array([-1.0]))).all()
        ends = beta_slopes.beta_slope_values((1, 0), *np.array([[2.0, 2], [3, 3], [0, 1]]))
        np.testing.assert_array_equal(ends, 0)
        assert np.isnan(beta_slopes.beta_slope_values((1, 0), *np.array([[2.0], [3], [1.5]]))).all()
