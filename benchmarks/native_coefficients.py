"""Coefficients of the polynomials in ``funcgrad.compiler.native.mathematics``: how they are fitted.

Each is the interpolation in the Chebyshev nodes of an interval (``mpmath.chebyfit``), of the least
degree whose error, which it prints, is below the one asked for; near to minimax. The functions
are written so that an absolute error of the polynomial is a small relative one of the result.

    python benchmarks/native_coefficients.py [name ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp

mp.mp.dps = 50
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.01")


class Fit(NamedTuple):
    """What is fitted where, and how exactly for float32 and for float64."""

    function: Callable[[Any], Any]
    low: Any
    high: Any
    single: float | None
    double: float | None


def without(x: Any, value: Callable[[Any], Any], *series: Any) -> Any:
    """A value that is a quotient 0 / 0 at 0: its Taylor series beside it."""
    if abs(x) < mp.mpf("1e-8"):
        return mp.fsum(c * x**k for k, c in enumerate(series))
    return value(x)


def exp_rest(r: Any) -> Any:
    """(exp(r) - 1 - r) / r**2."""
    return without(r, lambda r: (mp.expm1(r) - r) / r**2, *[1 / mp.factorial(k) for k in (2, 3, 4)])


def log_rest(f: Any) -> Any:
    """(log(1 + f) - f + f**2 / 2) / f**3."""
    return without(f, lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, mp.mpf(1) / 3, -0.25, 0.2)


def odd_rest(function: Callable[[Any], Any], *series: Any) -> Callable[[Any], Any]:
    """(f(x) / x - 1) / z with z = x**2, of an odd function with slope 1."""

    def rest(z: Any) -> Any:
        return without(z, lambda z: (function(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, *series)

    return rest


def cos_rest(z: Any) -> Any:
    """(cos(x) - 1 + z / 2) / z**2."""
    series = [1 / mp.factorial(4), -1 / mp.factorial(6), 1 / mp.factorial(8)]
    return without(z, lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, *series)


def cosh_rest(z: Any) -> Any:
    """(cosh(x) - 1) / z."""
    series = [1 / mp.factorial(2), 1 / mp.factorial(4), 1 / mp.factorial(6)]
    return without(z, lambda z: (mp.cosh(mp.sqrt(z)) - 1) / z, *series)


def erf_rest(z: Any) -> Any:
    """erf(x) / x - 1."""
    scale = 2 / mp.sqrt(mp.pi)
    series = [scale - 1, -scale / 3, scale / 10]
    return without(z, lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, *series)


def erfcx(x: Any) -> Any:
    """exp(x**2) erfc(x)."""
    return mp.exp(x * x) * mp.erfc(x)


def erfcx_mapped(t: Any) -> Any:
    """(1 + 2 x) erfcx(x), of t = (x - 4) / (x + 4)."""
    if t > 1 - mp.mpf("1e-10"):
        return 2 / mp.sqrt(mp.pi) * (1 + (1 - t) / 16)
    x = 4 * (1 + t) / (1 - t)
    if x > 30:
        z = 1 / (2 * x * x)
        terms = [mp.mpf(1)]
        for k in range(1, 25):
            terms.append(-terms[-1] * (2 * k - 1) * z)
        return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * mp.fsum(terms)
    return (1 + 2 * x) * erfcx(x)


def inverse_tail(r: Any) -> Any:
    """erf_inv(x) / r - 1, of r = sqrt(-log(1 - x))."""
    q = mp.exp(-r * r)
    y = mp.sqrt(max(r * r - mp.log(r * mp.sqrt(mp.pi)), mp.mpf("0.1")))
    for _ in range(40):
        step = (mp.erfc(y) - q) / (2 / mp.sqrt(mp.pi) * mp.exp(-y * y))
        step = step / (1 - y * step)
        y += step
        if abs(step) < mp.mpf("1e-45"):
            break
    return y / r - 1


def erf_inv_rest(z: Any) -> Any:
    """erf_inv(x) / x."""
    if z < mp.mpf("1e-16"):
        return mp.sqrt(mp.pi) / 2 * (1 + mp.pi / 12 * z)
    return mp.erfinv(mp.sqrt(z)) / mp.sqrt(z)


QUARTER = (mp.pi / 4) ** 2 * mp.mpf("1.01")
S2 = (mp.sqrt(2) - 1) ** 4 * mp.mpf("1.01")

FITS: dict[str, Fit] = {
    "exp": Fit(exp_rest, -HALF_LN2, HALF_LN2, 2**-25, 2**-54),
    "log": Fit(log_rest, mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 2**-22.5, None),
    "atanh": Fit(odd_rest(mp.atanh, mp.mpf(1) / 3, 0.2), 0, S2, 2**-22, 2**-52),
    "power": Fit(lambda z: without(
        z, lambda z: (mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1 - z / 3) / z**2,
        mp.mpf(1) / 5, mp.mpf(1) / 7, mp.mpf(1) / 9), 0, S2, None, 2**-54),
    "power_float": Fit(odd_rest(mp.atanh, mp.mpf(1) / 3, 0.2), 0, S2, 2**-31, None),
    "exp_float": Fit(exp_rest, -HALF_LN2, HALF_LN2, 2**-30, None),
    "cosh": Fit(cosh_rest, 0, HALF_LN2**2, 2**-23, 2**-52),
    "sinh": Fit(odd_rest(mp.sinh, mp.mpf(1) / 6, mp.mpf(1) / 120), 0, HALF_LN2**2, 2**-23, 2**-52),
    "tanh": Fit(odd_rest(mp.tanh, -mp.mpf(1) / 3, mp.mpf(2) / 15), 0, 0.3026, 2**-24, 2**-52),
    "erf": Fit(erf_rest, 0, 1, 2**-26, 2**-55),
    "erf_tail": Fit(lambda a: -mp.log(mp.erfc(a)), mp.mpf("0.99"), 4, 2**-24, None),
    "erf_middle": Fit(
        lambda t: erfcx(3 * (1 + t) / (1 - t)), mp.mpf("-0.501"), mp.mpf("0.334"), None, 2**-54
    ),
    "erfcx": Fit(erfcx_mapped, -1, 1, 2**-30, 2**-54),
    "sin": Fit(odd_rest(mp.sin, -mp.mpf(1) / 6, mp.mpf(1) / 120), 0, QUARTER, 2**-25, 2**-54),
    "cos": Fit(cos_rest, 0, QUARTER, 2**-25, 2**-54),
    "tan": Fit(odd_rest(mp.tan, mp.mpf(1) / 3, mp.mpf(2) / 15), 0, QUARTER, 2**-24, 2**-53),
    "asin": Fit(odd_rest(mp.asin, mp.mpf(1) / 6, 0.075), 0, 0.25, 2**-24, 2**-53),
    "atan": Fit(odd_rest(mp.atan, -mp.mpf(1) / 3, 0.2), 0, 0.25, 2**-24, 2**-53),
    "cbrt": Fit(lambda m: m ** (-mp.mpf(1) / 3), 0.5, 4, 2**-8, 2**-8),
    "erf_inv": Fit(erf_inv_rest, 0, mp.mpf("0.5625"), 2**-26, 2**-55),
    "erf_inv_middle": Fit(
        lambda u: inverse_tail(u + 1.9375), mp.mpf("-0.77"), mp.mpf("0.77"), 2**-26, 2**-54
    ),
    "erf_inv_tail": Fit(
        lambda u: inverse_tail(u + 4.375), mp.mpf("-1.68"), mp.mpf("1.68"), 2**-26, 2**-54
    ),
}  # fmt: skip


def fitted(fit: Fit, goal: float) -> tuple[list[float], float]:
    """Coefficients, highest first, and the error, of the least degree that reaches a goal."""
    for terms in range(2, 40):
        found, error = mp.chebyfit(fit.function, [fit.low, fit.high], terms, error=True)
        if error <= goal:
            return [float(c) for c in found], float(error)
    raise ValueError("no polynomial of degree below 40 is exact enough")


def main(names: list[str]) -> None:
    """Print the tables."""
    for name in names or FITS:
        fit = FITS[name]
        for kind, goal in (("FLOAT", fit.single), ("DOUBLE", fit.double)):
            if goal is None:
                continue
            found, error = fitted(fit, goal)
            where = f"[{float(fit.low):.6g}, {float(fit.high):.6g}]"
            print(f"{name} {kind}: {len(found)} terms on {where}, error {error:.1e}")
            print("    (" + ", ".join(map(repr, found)) + "),", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
