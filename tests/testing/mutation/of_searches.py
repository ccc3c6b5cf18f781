"""Mistakes for some sizes, magnitudes and dtypes, to be found by search, and at the third order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg

from .mutant import (
    Draw,
    Mutant,
    between,
    directions,
    normal,
    of_function,
    pushed,
    searched,
    with_jvp,
    with_vjp,
)

# --- sizes ---------------------------------------------------------------------------------------


def ranks(n: int) -> Any:
    return np.arange(n)


SIZES: dict[str, tuple[Callable[[int], Any], int]] = {
    "elements behind the eighth": (lambda n: np.where(ranks(n) < 8, 1.0, 0.0), 9),
    "elements behind the sixteenth": (lambda n: np.where(ranks(n) < 16, 1.0, 0.5), 17),
    "more than four": (lambda n: np.full(n, 1.0 if n <= 4 else 1.1), 5),
    "more than ten": (lambda n: np.full(n, 1.0 if n <= 10 else 0.9), 11),
    "odd lengths above four": (lambda n: np.full(n, 1.0 if n % 2 == 0 or n < 5 else 2.0), 7),
    "even lengths above four": (lambda n: np.full(n, 1.0 if n % 2 or n < 5 else 2.0), 8),
    "the rest behind blocks of eight": (
        lambda n: np.where(ranks(n) < n // 8 * 8, 1.0, 1.0 if n < 8 else 0.0), 11),
    "the rest behind blocks of sixteen": (
        lambda n: np.where(ranks(n) < n // 16 * 16, 1.0, 1.0 if n < 16 else 0.0), 37),
    "the first of every block of sixteen": (
        lambda n: np.where((ranks(n) > 0) & (ranks(n) % 16 == 0), 2.0, 1.0), 20),
    "whole blocks of eight": (lambda n: np.full(n, 1.0 if n % 8 else -1.0), 16),
    "thirty-two and more": (lambda n: np.full(n, 1.0 if n < 32 else 1.01), 40),
    "sixty-four and more": (lambda n: np.full(n, 1.0 if n < 64 else 0.0), 100),
    "the last of many": (
        lambda n: np.where(ranks(n) < n - 1, 1.0, 1.0 if n < 6 else 0.0), 12),
}  # fmt: skip
"""Weights of the elements of an array with n of them, and a length that shows the mistake."""


def of_size(name: str, weights: Any, length: int, how: str) -> Mutant:
    if how == "vector":
        f, draw, dims = lambda x: np.sin(x), normal((length,)), "n"

        def rule(x: Any, ct: Any) -> Any:
            return (np.cos(x) * ct * weights(x.shape[0]),)

        right = with_vjp(f, lambda x, ct: (np.cos(x) * ct,))
    elif how == "columns":
        f, draw, dims = lambda x: np.sum(x * x, 0), normal((3, length)), "m n"

        def rule(x: Any, ct: Any) -> Any:
            return (2 * x * ct * weights(x.shape[1]),)

        right = with_vjp(f, lambda x, ct: (2 * x * ct,))
    else:
        f, draw, dims = lambda x: np.cumsum(x), normal((length,)), "n"

        def rule(x: Any, ct: Any) -> Any:
            return (np.cumsum(ct[::-1])[::-1] * weights(x.shape[0]),)

        right = with_vjp(f, lambda x, ct: (np.cumsum(ct[::-1])[::-1],))
    return searched(f"{how}: {name}", "some sizes", with_vjp(f, rule), right, draw, dims,
                    domain=(-3, 3))  # fmt: skip


# --- magnitudes ----------------------------------------------------------------------------------


def softplus(x: Any) -> Any:
    return np.logaddexp(0.0, x)


def logistic(x: Any) -> Any:
    return np.exp(x - np.logaddexp(0.0, x))  # with all digits where it is small


BASES: dict[str, tuple[Any, Any]] = {
    "softplus": (softplus, logistic),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "inverse tangent": (lambda x: np.arctan(x), lambda x: 1 / (1 + x * x)),
}

REGIONS: dict[str, tuple[Callable[[Any], Any], tuple[float, float]]] = {
    "above 5": (lambda x: x > 5, (6, 9)),
    "above 10": (lambda x: x > 10, (11, 15)),
    "from 6 to 18": (lambda x: (x > 6) & (x < 18), (8, 16)),
    "above 20": (lambda x: x > 20, (21, 30)),
    "above 30": (lambda x: x > 30, (31, 35)),
    "below -10": (lambda x: x < -10, (-15, -11)),
    "below -18": (lambda x: x < -18, (-25, -19)),
    "of a size above 15": (lambda x: np.abs(x) > 15, (16, 20)),
    "of a size below 1e-3": (lambda x: (np.abs(x) < 1e-3) & (x != 0), (1e-5, 5e-4)),
    "of a size below 1e-5": (lambda x: (np.abs(x) < 1e-5) & (x != 0), (1e-7, 5e-6)),
    "from 8 to 14": (lambda x: (x > 8) & (x < 14), (9.0, 13.0)),
}
"""Where the derivative is wrong, and an interval inside."""

FAR: dict[str, tuple[Callable[[Any], Any], tuple[float, float]]] = {
    "above 88": (lambda x: x > 88, (90, 100)),
    "above 60": (lambda x: x > 60, (63, 66)),
    "of a size above 100": (lambda x: np.abs(x) > 100, (120, 200)),
}


def of_region(base: str, name: str, region: Any, inside: tuple[float, float]) -> Mutant:
    f, slope = BASES[base]
    wrong = with_jvp(f, lambda x, t: np.where(region(x), 0.75, 1.0) * slope(x) * t)
    right = with_jvp(f, lambda x, t: slope(x) * t)
    return searched(f"{base} {name}", "some magnitudes", wrong, right, between(*inside, (3,)), "n",
                    probe=pushed)  # fmt: skip


# --- structures ----------------------------------------------------------------------------------


def count_of_zeros(x: Any) -> Any:
    return np.sum(x == 0)


STRUCTURES: dict[str, tuple[Callable[[Any], Any], Draw]] = {
    "all negative": (lambda x: np.all(x < 0), lambda rng: (-rng.uniform(1, 2, 4),)),
    "in order": (
        lambda x: np.all(x[1:] > x[:-1]) & (x.shape[0] > 2),
        lambda rng: (np.array([1.0, 2.0, 3.0]),)),
    "all equal": (
        lambda x: np.all(x[1:] == x[:-1]) & (x.shape[0] > 1) & (x[0] != 0),
        lambda rng: (np.full(4, 1.5),)),
    "half of it zero": (
        lambda x: (2 * count_of_zeros(x) >= x.shape[0]) & (count_of_zeros(x) < x.shape[0]),
        lambda rng: (np.array([0.0, 2.0, 0.0]),)),
    "above 5, all of it": (lambda x: np.all(x > 5), lambda rng: (rng.uniform(6, 9, 3),)),
    "all below 1e-3": (
        lambda x: (np.max(np.abs(x)) < 1e-3) & (np.max(np.abs(x)) > 0),
        lambda rng: (rng.uniform(1e-5, 1e-4, 3),)),
}  # fmt: skip


def of_structure(name: str, when: Any, draw: Draw) -> Mutant:
    """One structure is met at few points: there are more of them than by default."""

    def f(x: Any) -> Any:
        return np.sin(x)

    wrong = with_jvp(f, lambda x, t: np.where(when(x), 1.25, 1.0) * np.cos(x) * t)
    right = with_jvp(f, lambda x, t: np.cos(x) * t)
    return searched(f"sine of arrays: {name}", "some structures", wrong, right, draw, "n",
                    probe=pushed, max_examples=100)  # fmt: skip


# --- dtypes --------------------------------------------------------------------------------------


def by_dtype(kind: str, damage: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A damage of arrays of one dtype."""
    return lambda x: damage(x) if np.dtype(x.dtype) == np.dtype(kind) else x


TYPES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "single precision: a factor": ("f4", lambda c: c * np.float32(1.25)),
    "single precision: sign": ("f4", lambda c: -c),
    "single precision: zero": ("f4", lambda c: c * np.float32(0)),
    "complex: conjugate": ("c16", lambda c: np.conj(c)),
    "complex: real part alone": ("c16", lambda c: np.real(c) + 0j),
    "complex: sign": ("c16", lambda c: -c),
    "complex: turned": ("c16", lambda c: c * 1j),
}

OF_TYPES: dict[str, tuple[Any, Any]] = {
    "cube": (lambda x: x**3, lambda x: 3 * x * x),
    "exponential of the square": (
        lambda x: np.exp(x * x / 100), lambda x: x / 50 * np.exp(x * x / 100)),
}  # fmt: skip


def of_type(base: str, name: str, kind: str, damage: Any) -> Mutant:
    f, slope = OF_TYPES[base]
    change = by_dtype(kind, damage)
    wrong = with_vjp(f, lambda x, ct: (change(slope(x) * ct),))
    right = with_vjp(f, lambda x, ct: (slope(x) * ct,))
    draw = normal((3,), dtype=kind)
    return searched(f"{base}, {name}", "some dtypes", wrong, right, draw, "n",
                    domain=(-3, 3))  # fmt: skip


# --- right at orders one and two, wrong at the third ---------------------------------------------


def rule_of(f: Any, slope: Any) -> Any:
    return with_jvp(f, lambda x, t: slope(x) * t)


def stopped_below(slope: Any, second: Any) -> Any:
    """A slope with the right derivative, which has a derivative of zero."""
    held = with_jvp(slope, lambda x, t: fg.stop_gradient(second(x)) * t)
    return held


THIRD: dict[str, tuple[Any, Any, Any, Draw]] = {
    "sine": (np.sin, np.cos, lambda x: -np.sin(x), normal((3,))),
    "exponential": (np.exp, np.exp, np.exp, normal((3,))),
    "fourth power": (lambda x: x**4, lambda x: 4 * x**3, lambda x: 12 * x**2, normal((3,))),
    "logarithm": (
        np.log, lambda x: 1 / x, lambda x: -1 / x**2, between(0.5, 2.0, (3,))),
    "hyperbolic tangent": (
        np.tanh, lambda x: 1 - np.tanh(x) ** 2,
        lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2), normal((4,))),
    "reciprocal": (
        lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3, between(0.5, 2.0, (3,))),
    "root": (np.sqrt, lambda x: 0.5 / np.sqrt(x), lambda x: -0.25 / x**1.5,
             between(0.5, 2.0, (3,))),
}  # fmt: skip
"""Function, first and second derivative, arguments."""


def thrice(f: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The tangent of the tangent of the tangent."""
    ts = directions(args)

    def first(*xs: Any) -> Any:
        return fg.jvp(f, xs, ts)[1]

    return pushed(lambda *xs: fg.jvp(first, xs, ts)[1], args)


def of_third(name: str, f: Any, slope: Any, second: Any, draw: Draw) -> Mutant:
    plain_f, plain_slope = (lambda x: f(x)), (lambda x: slope(x))
    wrong = rule_of(plain_f, stopped_below(plain_slope, second))
    return of_function(f"third derivative of {name}", "wrong at order 3", wrong,
                       rule_of(plain_f, plain_slope), draw, order=3, probe=thrice)  # fmt: skip


MUTANTS = [
    *(
        of_size(name, *row, how)
        for how in ("vector", "columns", "sums")
        for name, row in SIZES.items()
    ),
    *(of_region(base, name, *row) for base in BASES for name, row in REGIONS.items()),
    *(of_region("square", name, *row) for name, row in FAR.items()),
    *(of_structure(name, *row) for name, row in STRUCTURES.items()),
    *(of_type(base, name, *row) for base in OF_TYPES for name, row in TYPES.items()),
    *(of_third(name, *row) for name, row in THIRD.items()),
]
