"""Functions of one number, their two derivatives in mpmath, and how exact funcgrad's are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
import scipy.special

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import nn
from funcgrad.nn import losses

RELATIVE, ABSOLUTE, CONDITIONED = "relative", "absolute", "conditioned"
ABSOLUTE_SECOND = (RELATIVE, RELATIVE, ABSOLUTE)
ABSOLUTE_SLOPES = (RELATIVE, ABSOLUTE, ABSOLUTE)


@dataclass(frozen=True)
class Function:
    """One row of the page.

    name: as the page writes it.
    call: the function of an array, element by element.
    exact: value, first and second derivative, functions of an mpf.
    bounds: largest errors of the three, in units in the last place.
    low, high: the range; points are between them, or at 0.
    measure: RELATIVE units of the exact result; ABSOLUTE units of the result or of 1, whichever
        is larger; CONDITIONED units of the result plus what one unit of the argument changes.
    """

    name: str
    call: Callable[[Any], Any]
    exact: tuple[Callable[[Any], Any], ...]
    bounds: tuple[int, int, int]
    low: float = -1e4
    high: float = 1e4
    measure: str | tuple[str, str, str] = RELATIVE

    @property
    def measures(self) -> tuple[str, str, str]:
        """How each of the three is measured."""
        return (self.measure,) * 3 if isinstance(self.measure, str) else self.measure

    @property
    def measured(self) -> str:
        """The same for the page."""
        return self.measures[0] if len(set(self.measures)) == 1 else ", ".join(self.measures)


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def bell(x: Any) -> Any:
    """The derivative of the logistic function."""
    return logistic(x) * logistic(-x)


def softplus(x: Any) -> Any:
    return mp.log1p(mp.exp(x))


def normal(x: Any) -> Any:
    """The standard normal density."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def below(x: Any) -> Any:
    """The probability that a standard normal number is below x."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _mish() -> Any:
    def slope(x: Any) -> Any:
        return mp.sech(softplus(x)) ** 2 * logistic(x)

    def curvature(x: Any) -> Any:
        t, s = mp.tanh(softplus(x)), logistic(x)
        return mp.sech(softplus(x)) ** 2 * (bell(x) - 2 * t * s * s)

    return (
        lambda x: x * mp.tanh(softplus(x)),
        lambda x: mp.tanh(softplus(x)) + x * slope(x),
        lambda x: 2 * slope(x) + x * curvature(x),
    )


def _tanh_gelu() -> Any:
    c, a = mp.sqrt(2 / mp.pi), mp.mpf("0.044715")

    def inner(x: Any) -> Any:
        return 2 * c * (x + a * x**3), 2 * c * (1 + 3 * a * x * x), 12 * c * a * x

    def value(x: Any) -> Any:
        return x * logistic(inner(x)[0])

    def first(x: Any) -> Any:
        u, du, _ = inner(x)
        return logistic(u) + x * bell(u) * du

    def second(x: Any) -> Any:
        u, du, ddu = inner(x)
        return bell(u) * (2 * du + x * (ddu - mp.tanh(u / 2) * du * du))

    return value, first, second


def _sinc() -> Any:
    def scaled(z: Any) -> Any:
        if abs(z) > mp.mpf("1e-3"):
            s, c = mp.sin(z), mp.cos(z)
            return s / z, (z * c - s) / z**2, -s / z - 2 * c / z**2 + 2 * s / z**3
        terms = [(-1) ** k * z ** (2 * k) / mp.factorial(2 * k + 1) for k in range(9)]
        ones = [(-1) ** k * 2 * k * z ** (2 * k - 1) / mp.factorial(2 * k + 1) for k in range(1, 9)]
        twos = [
            (-1) ** k * 2 * k * (2 * k - 1) * z ** (2 * k - 2) / mp.factorial(2 * k + 1)
            for k in range(1, 9)
        ]
        return mp.fsum(terms), mp.fsum(ones), mp.fsum(twos)

    return tuple(lambda x, k=k: scaled(mp.pi * x)[k] * mp.pi**k for k in range(3))


def _with_rest(function: Any) -> Any:
    """A function of rows, of the row (x, 0.25, -1), for each x."""

    def call(x: Any) -> Any:
        rest = [fnp.full_like(x, 0.25), fnp.full_like(x, -1.0)]
        return function(np.stack([x, *rest], axis=-1))

    return call


REST = mp.log(mp.exp(mp.mpf("0.25")) + mp.exp(-1))
WITH_REST = (
    lambda x: mp.log(mp.exp(x) + mp.exp(REST)),
    lambda x: logistic(x - REST),
    lambda x: bell(x - REST),
)
QUARTER = mp.mpf("0.25")
"""The second operand of functions of two, an exact number."""


def _none(loss: Any, target: float, **options: Any) -> Any:
    """A loss against one target, element by element."""
    return lambda x: loss(x, fnp.full_like(x, target), reduction="none", **options)


ACTIVATIONS = [
    Function("nn.softplus(x)", nn.softplus, (softplus, logistic, bell), (2, 4, 4)),
    Function(
        "nn.sigmoid(x)",
        nn.sigmoid,
        (logistic, bell, lambda x: -bell(x) * mp.tanh(x / 2)),
        (4, 4, 8),
    ),
    Function(
        "nn.log_sigmoid(x)",
        nn.log_sigmoid,
        (lambda x: -softplus(-x), lambda x: logistic(-x), lambda x: -bell(x)),
        (2, 4, 4),
    ),
    Function(
        "nn.log1mexp(x)",
        nn.log1mexp,
        (
            lambda x: mp.log1p(-mp.exp(-x)) if x > 1 else mp.log(-mp.expm1(-x)),
            lambda x: 1 / mp.expm1(x),
            lambda x: -1 / mp.expm1(x) / -mp.expm1(-x),
        ),
        (4, 4, 8),
        0,
    ),
    Function(
        "nn.silu(x)",
        nn.silu,
        (
            lambda x: x * logistic(x),
            lambda x: logistic(x) * (1 + x * logistic(-x)),
            lambda x: bell(x) * (2 - x * mp.tanh(x / 2)),
        ),
        (4, 16, 1),
        measure=ABSOLUTE_SECOND,
    ),
    Function("nn.mish(x)", nn.mish, _mish(), (4, 32, 2), measure=ABSOLUTE_SECOND),
    Function("nn.gelu(x)", nn.gelu, _tanh_gelu(), (2, 8, 4), measure=ABSOLUTE),
    Function(
        "nn.gelu(x, approximate=False)",
        lambda x: nn.gelu(x, approximate=False),
        (
            lambda x: x * below(x),
            lambda x: below(x) + x * normal(x),
            lambda x: normal(x) * (2 - x * x),
        ),
        (1, 1, 1),
        measure=ABSOLUTE,
    ),
    Function(
        "nn.elu(x)",
        nn.elu,
        (
            lambda x: x if x > 0 else mp.expm1(x),
            lambda x: 1 if x > 0 else mp.exp(x),
            lambda x: 0 if x > 0 else mp.exp(x),
        ),
        (4, 1, 1),
        measure=ABSOLUTE_SLOPES,
    ),
    Function(
        "nn.soft_sign(x)",
        nn.soft_sign,
        (
            lambda x: x / (1 + abs(x)),
            lambda x: 1 / (1 + abs(x)) ** 2,
            lambda x: -2 * mp.sign(x) / (1 + abs(x)) ** 3,
        ),
        (2, 8, 8),
    ),
    Function(
        "nn.squareplus(x)",
        nn.squareplus,
        (
            lambda x: (x + mp.sqrt(x * x + 4)) / 2,
            lambda x: (1 + x / mp.sqrt(x * x + 4)) / 2,
            lambda x: 2 / mp.sqrt(x * x + 4) ** 3,
        ),
        (4, 1, 1),
        measure=ABSOLUTE_SLOPES,
    ),
    Function(
        "nn.softmax((x, 1/4, -1))[0]",
        _with_rest(lambda r: nn.softmax(r)[..., 0]),
        (WITH_REST[1], WITH_REST[2], lambda x: -bell(x - REST) * mp.tanh((x - REST) / 2)),
        (2, 2, 2),
        measure=ABSOLUTE,
    ),
    Function(
        "nn.log_softmax((x, 1/4, -1))[0]",
        _with_rest(lambda r: nn.log_softmax(r)[..., 0]),
        (lambda x: -softplus(REST - x), lambda x: logistic(REST - x), lambda x: -bell(x - REST)),
        (2, 2, 2),
        measure=ABSOLUTE,
    ),
]

EXPONENTIALS = [
    Function("expm1(x)", np.expm1, (mp.expm1, mp.exp, mp.exp), (4, 2, 2)),
    Function(
        "exp2(x)",
        np.exp2,
        (
            lambda x: mp.mpf(2) ** x,
            lambda x: mp.log(2) * mp.mpf(2) ** x,
            lambda x: mp.log(2) ** 2 * mp.mpf(2) ** x,
        ),
        (2, 2, 4),
    ),
    Function("sinh(x)", np.sinh, (mp.sinh, mp.cosh, mp.sinh), (1, 2, 1)),
    Function("cosh(x)", np.cosh, (mp.cosh, mp.sinh, mp.cosh), (2, 1, 2)),
    Function(
        "tanh(x)",
        np.tanh,
        (mp.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2),
        (2, 32, 32),
    ),
    Function(
        "log1p(x)",
        np.log1p,
        (mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
        (2, 2, 8),
        -1,
    ),
    Function(
        "logaddexp(x, 1/4)",
        lambda x: np.logaddexp(x, 0.25),
        (
            lambda x: mp.log(mp.exp(x) + mp.exp(QUARTER)),
            lambda x: logistic(x - QUARTER),
            lambda x: bell(x - QUARTER),
        ),
        (2, 4, 4),
        measure=CONDITIONED,
    ),
    Function(
        "logaddexp2(x, 1/4)",
        lambda x: np.logaddexp2(x, 0.25),
        (
            lambda x: mp.log(2**x + 2**QUARTER, 2),
            lambda x: logistic(mp.log(2) * (x - QUARTER)),
            lambda x: mp.log(2) * bell(mp.log(2) * (x - QUARTER)),
        ),
        (2, 4, 4),
        measure=CONDITIONED,
    ),
    Function(
        "logsumexp((x, 1/4, -1))",
        _with_rest(lambda r: fnp.logsumexp(r, -1)),
        WITH_REST,
        (4, 4, 4),
        measure=CONDITIONED,
    ),
]

INVERSES = [
    Function("log(x)", np.log, (mp.log, lambda x: 1 / x, lambda x: -1 / x**2), (2, 1, 2), 0),
    Function(
        "sqrt(x)",
        np.sqrt,
        (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * mp.sqrt(x) ** 3)),
        (1, 2, 4),
        0,
    ),
    Function(
        "cbrt(x)",
        np.cbrt,
        (
            lambda x: mp.sign(x) * mp.cbrt(abs(x)),
            lambda x: 1 / (3 * mp.cbrt(x * x)),
            lambda x: -2 * mp.sign(x) / (9 * mp.cbrt(abs(x)) ** 5),
        ),
        (2, 8, 16),
    ),
    Function(
        "arcsin(x)",
        np.arcsin,
        (
            mp.asin,
            lambda x: 1 / mp.sqrt((1 - x) * (1 + x)),
            lambda x: x / mp.sqrt((1 - x) * (1 + x)) ** 3,
        ),
        (1, 2, 2),
        -1,
        1,
        CONDITIONED,
    ),
    Function(
        "arccos(x)",
        np.arccos,
        (
            mp.acos,
            lambda x: -1 / mp.sqrt((1 - x) * (1 + x)),
            lambda x: -x / mp.sqrt((1 - x) * (1 + x)) ** 3,
        ),
        (2, 2, 2),
        -1,
        1,
        CONDITIONED,
    ),
    Function(
        "arctan(x)",
        np.arctan,
        (mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
        (2, 4, 4),
    ),
    Function(
        "arcsinh(x)",
        np.arcsinh,
        (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3),
        (1, 4, 8),
    ),
    Function(
        "arccosh(x)",
        np.arccosh,
        (
            mp.acosh,
            lambda x: 1 / mp.sqrt((x - 1) * (x + 1)),
            lambda x: -x / mp.sqrt((x - 1) * (x + 1)) ** 3,
        ),
        (1, 2, 8),
        1,
    ),
    Function(
        "arctanh(x)",
        np.arctanh,
        (mp.atanh, lambda x: 1 / ((1 - x) * (1 + x)), lambda x: 2 * x / ((1 - x) * (1 + x)) ** 2),
        (1, 2, 8),
        -1,
        1,
        RELATIVE,
    ),
    Function(
        "logit(x)",
        scipy.special.logit,
        (
            lambda x: mp.log(x / (1 - x)),
            lambda x: 1 / (x * (1 - x)),
            lambda x: (2 * x - 1) / (x * (1 - x)) ** 2,
        ),
        (2, 2, 2),
        0,
        1,
    ),
    Function(
        "hypot(x, 1/4)",
        lambda x: np.hypot(x, 0.25),
        (
            lambda x: mp.sqrt(x * x + QUARTER**2),
            lambda x: x / mp.sqrt(x * x + QUARTER**2),
            lambda x: QUARTER**2 / mp.sqrt(x * x + QUARTER**2) ** 3,
        ),
        (1, 2, 8),
    ),
    Function(
        "arctan2(x, 1/4)",
        lambda x: np.arctan2(x, 0.25),
        (
            lambda x: mp.atan2(x, QUARTER),
            lambda x: QUARTER / (x * x + QUARTER**2),
            lambda x: -2 * QUARTER * x / (x * x + QUARTER**2) ** 2,
        ),
        (2, 8, 8),
    ),
    Function(
        "power(x, 2.5)",
        lambda x: np.power(x, 2.5),
        (
            lambda x: x ** mp.mpf(2.5),
            lambda x: mp.mpf(2.5) * x ** mp.mpf(1.5),
            lambda x: mp.mpf(3.75) * mp.sqrt(x),
        ),
        (2, 4, 4),
        0,
    ),
    Function("sinc(x)", np.sinc, _sinc(), (2, 4, 16), measure=CONDITIONED),
]

SPECIAL = [
    Function(
        "erf(x)",
        fg.lax.erf,
        (
            mp.erf,
            lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
            lambda x: -4 * x / mp.sqrt(mp.pi) * mp.exp(-x * x),
        ),
        (1, 2, 1),
        measure=CONDITIONED,
    ),
    Function(
        "erfc(x)",
        fg.lax.erfc,
        (
            mp.erfc,
            lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
            lambda x: 4 * x / mp.sqrt(mp.pi) * mp.exp(-x * x),
        ),
        (2, 2, 1),
        measure=CONDITIONED,
    ),
    Function(
        "ndtr(x)",
        scipy.special.ndtr,
        (below, normal, lambda x: -x * normal(x)),
        (1, 2, 2),
        measure=CONDITIONED,
    ),
    Function(
        "log_expit(x)",
        scipy.special.log_expit,
        (lambda x: -softplus(-x), lambda x: logistic(-x), lambda x: -bell(x)),
        (2, 4, 4),
    ),
    Function(
        "entr(x)",
        scipy.special.entr,
        (lambda x: -x * mp.log(x), lambda x: -mp.log(x) - 1, lambda x: -1 / x),
        (2, 8, 1),
        0,
    ),
    Function(
        "xlogy(x, 1/4)",
        lambda x: scipy.special.xlogy(x, fnp.full_like(x, 0.25)),
        (lambda x: x * mp.log(QUARTER), lambda x: mp.log(QUARTER), lambda x: 0),
        (2, 1, 1),
    ),
    Function(
        "xlogy(1/4, x)",
        lambda x: scipy.special.xlogy(fnp.full_like(x, 0.25), x),
        (lambda x: QUARTER * mp.log(x), lambda x: QUARTER / x, lambda x: -QUARTER / x**2),
        (2, 1, 2),
        0,
    ),
    Function(
        "xlog1py(1/4, x)",
        lambda x: scipy.special.xlog1py(fnp.full_like(x, 0.25), x),
        (
            lambda x: QUARTER * mp.log1p(x),
            lambda x: QUARTER / (1 + x),
            lambda x: -QUARTER / (1 + x) ** 2,
        ),
        (4, 2, 8),
        -1,
    ),
    Function(
        "rel_entr(x, 1/4)",
        lambda x: scipy.special.rel_entr(x, 0.25),
        (lambda x: x * mp.log(4 * x), lambda x: mp.log(4 * x) + 1, lambda x: 1 / x),
        (2, 16, 1),
        0,
    ),
]

LOSSES = [
    Function(
        "losses.sigmoid_binary_cross_entropy(x, 1/4)",
        _none(losses.sigmoid_binary_cross_entropy, 0.25),
        (lambda x: softplus(x) - QUARTER * x, lambda x: logistic(x) - QUARTER, bell),
        (2, 1, 1),
        measure=ABSOLUTE,
    ),
    Function(
        "losses.sigmoid_binary_cross_entropy(x, 1)",
        _none(losses.sigmoid_binary_cross_entropy, 1.0),
        (lambda x: softplus(-x), lambda x: -logistic(-x), bell),
        (1, 2, 1),
        measure=ABSOLUTE,
    ),
    Function(
        "losses.softmax_cross_entropy((x, 1/4, -1), (1, 0, 0))",
        _with_rest(
            lambda r: losses.softmax_cross_entropy(
                r, np.broadcast_to(np.eye(3, dtype=r.dtype)[0], r.shape), reduction="none"
            )
        ),
        (lambda x: softplus(REST - x), lambda x: -logistic(REST - x), lambda x: bell(x - REST)),
        (2, 2, 2),
        measure=ABSOLUTE,
    ),
    Function(
        "losses.poisson_nll_loss(x, 3)",
        _none(losses.poisson_nll_loss, 3.0),
        (lambda x: mp.exp(x) - 3 * x, lambda x: mp.exp(x) - 3, mp.exp),
        (8, 4, 2),
        measure=ABSOLUTE,
    ),
    Function(
        "losses.gaussian_nll_loss(1, 3, x)",
        lambda x: losses.gaussian_nll_loss(
            fnp.full_like(x, 1.0), fnp.full_like(x, 3.0), x, reduction="none"
        ),
        (
            lambda x: (mp.log(x) + 4 / x) / 2,
            lambda x: (1 / x - 4 / x**2) / 2,
            lambda x: (8 / x**3 - 1 / x**2) / 2,
        ),
        (2, 2, 4),
        1e-9,
        measure=ABSOLUTE,
    ),
    Function(
        "losses.log_cosh(x)",
        lambda x: losses.log_cosh(x, reduction="none"),
        (lambda x: mp.log(mp.cosh(x)), mp.tanh, lambda x: mp.sech(x) ** 2),
        (1, 1, 1),
        measure=ABSOLUTE,
    ),
]

FUNCTIONS = {
    "Activation functions": ACTIVATIONS,
    "Exponentials": EXPONENTIALS,
    "Roots, logarithms and inverse functions": INVERSES,
    "Special functions": SPECIAL,
    "Losses": LOSSES,
}
