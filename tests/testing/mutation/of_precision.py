"""Mistakes that only sharp tolerances show: in single precision, in tiny entries, at kinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad import nn

from .mutant import (
    Draw,
    Mutant,
    between,
    normal,
    of_claimed_jvp,
    of_function,
    pulled,
    pushed,
    with_jvp,
    with_vjp,
)

SINGLE, LONG = normal((6,), dtype="f4"), normal((2000,), dtype="f4")
MATRICES = normal((4, 5), (5, 3), dtype="f4")


def scaled(rule: Callable[..., Any], factor: float) -> Callable[..., Any]:
    """A rule whose result is multiplied, in its own precision."""

    def wrong(*args: Any) -> Any:
        out = rule(*args)
        return out * np.asarray(factor, out.dtype)

    return wrong


def one_of(n: int, where: int, factor: float) -> np.ndarray:
    return np.where(np.arange(n) == where, factor, 1.0)


def log_sum_tangent(x: Any, t: Any) -> Any:
    weights = np.exp(x - np.max(x))
    return np.sum(weights * t) / np.sum(weights)


def softmax_tangent(x: Any, t: Any) -> Any:
    p = nn.softmax(x)
    return p * (t - np.sum(p * t))


def centred_tangent(x: Any, t: Any) -> Any:
    return t - np.mean(t)


RULES: dict[str, tuple[Any, Any, Draw]] = {
    "sine": (np.sin, lambda x, t: np.cos(x) * t, SINGLE),
    "exp": (np.exp, lambda x, t: np.exp(x) * t, SINGLE),
    "tanh": (np.tanh, lambda x, t: (1 - np.tanh(x) ** 2) * t, SINGLE),
    "cube": (lambda x: x**3, lambda x, t: 3 * x * x * t, SINGLE),
    "log": (np.log, lambda x, t: t / x, between(0.3, 3.0, (5,), dtype="f4")),
    "product of matrices": (
        lambda a, b: a @ b, lambda a, b, s, t: s @ b + a @ t, MATRICES),
    "log of sums of exp": (lambda x: nn.logsumexp(x), log_sum_tangent, SINGLE),
    "softmax": (lambda x: nn.softmax(x), softmax_tangent, SINGLE),
    "sum of 2000 sines": (
        lambda x: np.sum(np.sin(x)), lambda x, t: np.sum(np.cos(x) * t), LONG),
    "centred": (lambda x: x - np.mean(x), centred_tangent, LONG),
    "complex sine": (np.sin, lambda x, t: np.cos(x) * t, normal((4,), dtype="c8")),
    "sum of squares": (lambda x: np.sum(x * x), lambda x, t: np.sum(2 * x * t), SINGLE),
}  # fmt: skip
"""Function, tangent, arguments in single precision."""


def of_single(name: str, by: float) -> Mutant:
    f, rule, draw = RULES[name]
    return of_function(
        f"{name} in single precision, {by:g} too large", "single precision",
        with_jvp(f, scaled(rule, 1 + by)), with_jvp(f, rule), draw)  # fmt: skip


OF_SINGLE = [of_single(name, by) for name in RULES for by in (4e-4, -2e-3)]

ELEMENTS: dict[str, tuple[Any, Any, Any, Draw]] = {
    "one of 2000, 2 % too large": (
        np.sin, lambda x, t: np.cos(x) * one_of(2000, 771, 1.02).astype("f4") * t,
        lambda x, t: np.cos(x) * t, LONG),
    "one of 2000 in a sum, 2 % too large": (
        lambda x: np.sum(np.sin(x)),
        lambda x, t: np.sum(np.cos(x) * one_of(2000, 5, 1.02).astype("f4") * t),
        lambda x, t: np.sum(np.cos(x) * t), LONG),
    "last of 2000, 1 % too small": (
        np.square, lambda x, t: 2 * x * one_of(2000, 1999, 0.99).astype("f4") * t,
        lambda x, t: 2 * x * t, LONG),
    "mean divided by n - 1, n = 2000": (
        lambda x: np.mean(x), lambda x, t: np.sum(t) / np.float32(1999),
        lambda x, t: np.mean(t), LONG),
    "variance without its mean's part": (
        lambda x: np.mean((x - np.mean(x)) ** 2),
        lambda x, t: 2 * np.mean((x - np.mean(x) * np.float32(0.99)) * t),
        lambda x, t: 2 * np.mean((x - np.mean(x)) * t),
        lambda rng: ((rng.standard_normal(300) + 2).astype("f4"),)),
    "constant of 0.7978 for 0.79788 in gelu's slope": (
        lambda x: x * np.tanh(np.float32(0.79788456) * x),
        lambda x, t: (np.tanh(np.float32(0.7970) * x)
                      + x * np.float32(0.7970) / np.cosh(np.float32(0.7970) * x) ** 2) * t,
        lambda x, t: (np.tanh(np.float32(0.79788456) * x) + x * np.float32(0.79788456)
                      / np.cosh(np.float32(0.79788456) * x) ** 2) * t, SINGLE),
    "halves inside of a rule for singles": (
        np.sin, lambda x, t: (np.cos(x).astype("f2") * t).astype("f4"),
        lambda x, t: np.cos(x) * t, SINGLE),
}  # fmt: skip
"""Function, wrong tangent, right tangent, arguments."""


def of_element(name: str) -> Mutant:
    f, wrong, right, draw = ELEMENTS[name]
    return of_function(
        name, "single precision", with_jvp(f, wrong), with_jvp(f, right), draw, probe=pushed
    )


# --- tiny entries beside ordinary ones -----------------------------------------------------------


def tiny(*places: int, n: int = 4, size: float = 1e-9) -> Draw:
    """Ordinary numbers with some that are tiny."""

    def draw(rng: Any) -> tuple[Any, ...]:
        x = rng.uniform(0.5, 2.0, n)
        x[list(places)] *= size
        return (x,)

    return draw


def where_tiny(wrong: Any, right: Any) -> Callable[..., Any]:
    return lambda x, t: np.where(np.abs(x) < 1e-5, wrong(x), right(x)) * t


def of_tiny(name: str, f: Any, wrong: Any, right: Any, draw: Draw) -> list[Mutant]:
    """A mistake in the slopes of tiny entries: of an array, and of a sum, by both modes."""
    bad, good = where_tiny(wrong, right), where_tiny(right, right)

    def total(x: Any) -> Any:
        return np.sum(f(x))

    def sums(rule: Any) -> Any:
        return lambda x, t: np.sum(rule(x, t))

    def pulls(rule: Any) -> Any:
        return lambda x, ct: (rule(x, ct * np.ones(x.shape)),)

    return [
        of_function(f"sum of {name}", "tiny entries", with_jvp(total, sums(bad)),
                    with_jvp(total, sums(good)), draw),
        of_function(f"sum of {name}, by vjp", "tiny entries", with_vjp(total, pulls(bad)),
                    with_vjp(total, pulls(good)), draw, probe=pulled),
    ]  # fmt: skip


OF_TINY = [
    *of_tiny("sines, slope 0 where tiny", np.sin, lambda x: 0 * x, np.cos, tiny(1)),
    *of_tiny("cubes plus x, slope 2 where tiny", lambda x: x**3 + x, lambda x: 2 + 0 * x,
             lambda x: 3 * x * x + 1, tiny(0, 2)),
    *of_tiny("exps, slope 1.1 where tiny", np.exp, lambda x: 1.1 + 0 * x, np.exp, tiny(3)),
    *of_tiny("tanhs, slope -1 where tiny", np.tanh, lambda x: -1 + 0 * x,
             lambda x: 1 - np.tanh(x) ** 2, tiny(0, size=1e-8)),
    *of_tiny("softplus, slope 1 where tiny", nn.softplus, lambda x: 1 + 0 * x, nn.sigmoid,
             tiny(2, size=1e-7)),
]  # fmt: skip


# --- at kinks and ties ---------------------------------------------------------------------------


def with_zeros(*values: float) -> Draw:
    return lambda rng: (np.array(values) * rng.uniform(0.5, 2.0, len(values)),)


def given(*arrays: list[float]) -> Draw:
    return lambda rng: tuple(np.array(a) for a in arrays)


def slope_at_zero(below: float, at: float, above: float) -> Callable[..., Any]:
    return lambda x, t: np.where(x > 0, above, np.where(x < 0, below, at)) * t


def at_largest(weight: Callable[[Any], Any]) -> Callable[..., Any]:
    """The tangent of the maximum, with a weight that depends on the number of ties."""
    return lambda x, t: np.sum((x == np.max(x)) * t) * weight(np.sum(x == np.max(x)))


def shared(n: Any) -> Any:
    return 1.0 / n


ZEROS, SOME = with_zeros(0.0, 0.0, 0.0), with_zeros(0.0, 1.0, -2.0, 0.0, 3.0)
TWO, THREE = given([2.0, 1.0, 2.0, -3.0]), given([2.0, 2.0, 1.0, 2.0])
PAIRS = given([1.0, 2.0, 3.0], [1.0, 5.0, 3.0])
KINKS: dict[str, tuple[Any, Any, Any, Draw]] = {
    "relu, slope 7 at 0": (nn.relu, slope_at_zero(0, 7, 1), slope_at_zero(0, 0, 1), SOME),
    "relu, slope 1.2 at 0": (nn.relu, slope_at_zero(0, 1.2, 1), slope_at_zero(0, 1, 1), ZEROS),
    "relu, slope -0.3 at 0": (nn.relu, slope_at_zero(0, -0.3, 1), slope_at_zero(0, 0.5, 1), SOME),
    "abs, slope 2 at 0": (np.abs, slope_at_zero(-1, 2, 1), slope_at_zero(-1, 0, 1), SOME),
    "abs, slope -1.5 at 0": (np.abs, slope_at_zero(-1, -1.5, 1), slope_at_zero(-1, -1, 1), ZEROS),
    "leaky relu, slope 0 at 0": (
        lambda x: np.where(x > 0, x, 0.1 * x), slope_at_zero(0.1, 0, 1),
        slope_at_zero(0.1, 0.1, 1), SOME),
    "leaky relu, slope 1.1 at 0": (
        lambda x: np.where(x > 0, x, 0.1 * x), slope_at_zero(0.1, 1.1, 1),
        slope_at_zero(0.1, 1, 1), ZEROS),
    "sum of relus, slope 2 at 0": (
        lambda x: np.sum(nn.relu(x)), lambda x, t: np.sum(slope_at_zero(0, 2, 1)(x, t)),
        lambda x, t: np.sum(slope_at_zero(0, 0, 1)(x, t)), SOME),
    "sum of abs, slope 3 at 0": (
        lambda x: np.sum(np.abs(x)), lambda x, t: np.sum(slope_at_zero(-1, 3, 1)(x, t)),
        lambda x, t: np.sum(slope_at_zero(-1, 0, 1)(x, t)), ZEROS),
    "largest, all ties weigh 1": (
        lambda x: np.max(x), at_largest(lambda n: 1.0), at_largest(shared), TWO),
    "largest, three ties weigh 1": (
        lambda x: np.max(x), at_largest(lambda n: 1.0), at_largest(shared), THREE),
    "largest, three ties weigh 1/2": (
        lambda x: np.max(x), at_largest(lambda n: 0.5), at_largest(shared), THREE),
    "largest, ties weigh 0": (
        lambda x: np.max(x), at_largest(lambda n: 1.0 * (n == 1)), at_largest(shared), TWO),
    "maximum, both at a tie": (
        np.maximum, lambda x, y, s, t: np.where(x >= y, s, 0) + np.where(y >= x, t, 0),
        lambda x, y, s, t: np.where(x >= y, s, t), PAIRS),
    "maximum, none at a tie": (
        np.maximum, lambda x, y, s, t: np.where(x > y, s, 0) + np.where(y > x, t, 0),
        lambda x, y, s, t: np.where(x > y, s, t), PAIRS),
    "minimum, the difference at a tie": (
        np.minimum, lambda x, y, s, t: np.where(x < y, s, np.where(y < x, t, 2 * s - t)),
        lambda x, y, s, t: np.where(x < y, s, t), PAIRS),
    "clip, slope 2 at its ends": (
        lambda x: np.clip(x, -1, 1),
        lambda x, t: np.where(np.abs(x) < 1, 1, np.where(np.abs(x) == 1, 2, 0)) * t,
        lambda x, t: np.where(np.abs(x) < 1, 1, 0) * t, given([1.0, 0.3, -1.0, 5.0])),
    "hinge, slope 1 at its end": (
        lambda x: np.maximum(0, 1 - x), lambda x, t: np.where(x < 1, -1, 1.0 * (x == 1)) * t,
        lambda x, t: np.where(x < 1, -1, 0) * t, given([1.0, 0.5, 2.0])),
    "x or its square, slope 5 at 0": (
        lambda x: np.where(x > 0, x, x * x),
        lambda x, t: np.where(x > 0, 1, np.where(x == 0, 5, 2 * x)) * t,
        lambda x, t: np.where(x > 0, 1, 2 * x) * t, SOME),
    "length, slope 2 at 0": (
        lambda x: np.sqrt(np.sum(x * x)), lambda x, t: 2 * np.sqrt(np.sum(t * t)) + 0 * x[0],
        lambda x, t: 0 * np.sum(t), given([0.0, 0.0])),
    "sinc, slope 1 at 0": (
        lambda x: np.sinc(x), lambda x, t: np.where(x == 0, 1, x * 0) * t, lambda x, t: x * 0 * t,
        given([0.0, 0.0])),
    "square, slope 1 at 0": (
        np.square, lambda x, t: np.where(x == 0, 1, 2 * x) * t, lambda x, t: 2 * x * t, SOME),
    "square, slope 0 at 1": (
        np.square, lambda x, t: np.where(x == 1, 0, 2 * x) * t, lambda x, t: 2 * x * t,
        given([1.0, -2.0, 1.0])),
    "sorted, ties to both places": (
        lambda x: np.sort(x), lambda x, t: np.array([t[0] + t[1], t[0] + t[1], t[2]]),
        lambda x, t: np.array([t[0], t[1], t[2]]), given([1.0, 1.0, 4.0])),
}  # fmt: skip
"""Function, wrong tangent, right tangent, arguments."""


def of_kink(name: str) -> Mutant:
    f, wrong, right, draw = KINKS[name]
    if name == "sorted, ties to both places":
        return of_claimed_jvp(name, "subgradient", f, wrong, right, draw)
    return of_function(name, "subgradient", with_jvp(f, wrong), with_jvp(f, right), draw)


MUTANTS: list[Mutant] = [
    *OF_SINGLE,
    *map(of_element, ELEMENTS),
    *OF_TINY,
    *map(of_kink, KINKS),
]
