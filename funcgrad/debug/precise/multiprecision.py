"""Operators as functions of mpmath's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ops.pointwise import gelu


def _log_gamma(m: Any, x: Any) -> Any:
    """The logarithm of the absolute value of the gamma function."""
    return m.re(m.loggamma(x)) if x > 0 else m.log(abs(m.gamma(x)))


def _erfcx(m: Any, x: Any) -> Any:
    return m.exp(x * x) * m.erfc(x)


def _gelu_share(m: Any, x: Any) -> Any:
    return 1 / (1 + m.exp(-x * (gelu.LINEAR + gelu.CUBIC * x * x)))


def _gelu_slope(m: Any, x: Any) -> Any:
    share, rest = _gelu_share(m, x), _gelu_share(m, -x)
    return share + share * rest * x * (gelu.LINEAR + 3 * gelu.CUBIC * x * x)


def _logaddexp(m: Any, x: Any, y: Any) -> Any:
    high, low = (x, y) if x >= y else (y, x)
    return high + m.log1p(m.exp(low - high))


def _x_log_y(m: Any, x: Any, y: Any) -> Any:
    return m.mpf(0) if x == 0 else x * m.log(y)


def _share(x: Any, whole: Any) -> Any:
    return x / whole if whole else x * 0


SCALAR_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda m, x, y: x + y,
    "sub": lambda m, x, y: x - y,
    "mul": lambda m, x, y: x * y,
    "mul_strong": lambda m, x, y: m.mpf(0) if x == 0 else x * y,
    "div_strong": lambda m, x, y: m.mpf(0) if x == 0 else x / y,
    "mul_both_strong": lambda m, x, y: m.mpf(0) if x == 0 or y == 0 else x * y,
    "div": lambda m, x, y: x / y,
    "difference_of_squares": lambda m, x, y: (x - y) * (x + y),
    "neg": lambda m, x: -x,
    "pos": lambda m, x: x,
    "square": lambda m, x: x * x,
    "reciprocal": lambda m, x: 1 / x,
    "abs": lambda m, x: abs(x),
    "conj": lambda m, x: m.conj(x),
    "real": lambda m, x: m.re(x),
    "imag": lambda m, x: m.im(x),
    "complex": lambda m, x, y: m.mpc(x, y),
    "angle": lambda m, x: m.arg(x),
    "sqrt": lambda m, x: m.sqrt(x),
    "cbrt": lambda m, x: m.cbrt(x) if x >= 0 else -m.cbrt(-x),
    "exp": lambda m, x: m.exp(x),
    "exp2": lambda m, x: m.power(2, x),
    "expm1": lambda m, x: m.expm1(x),
    "log": lambda m, x: m.log(x),
    "log2": lambda m, x: m.log(x) / m.log(2),
    "log10": lambda m, x: m.log(x) / m.log(10),
    "log1p": lambda m, x: m.log1p(x),
    "logaddexp": _logaddexp,
    "logaddexp2": lambda m, x, y: _logaddexp(m, x * m.log(2), y * m.log(2)) / m.log(2),
    "sin": lambda m, x: m.sin(x),
    "cos": lambda m, x: m.cos(x),
    "tan": lambda m, x: m.tan(x),
    "asin": lambda m, x: m.asin(x),
    "acos": lambda m, x: m.acos(x),
    "atan": lambda m, x: m.atan(x),
    "atan2": lambda m, y, x: m.atan2(y, x),
    "hypot": lambda m, x, y: m.hypot(x, y),
    "sinh": lambda m, x: m.sinh(x),
    "cosh": lambda m, x: m.cosh(x),
    "tanh": lambda m, x: m.tanh(x),
    "asinh": lambda m, x: m.asinh(x),
    "acosh": lambda m, x: m.acosh(x),
    "atanh": lambda m, x: m.atanh(x),
    "deg2rad": lambda m, x: x * m.pi / 180,
    "rad2deg": lambda m, x: x * 180 / m.pi,
    "pow": lambda m, x, y: m.power(x, y),
    "softplus": lambda m, x: _logaddexp(m, x, m.mpf(0)),
    "log1mexp": lambda m, x: m.log(-m.expm1(x)) if x > -1 else m.log1p(-m.exp(x)),
    "log_expm1": lambda m, x: x + m.log(-m.expm1(-x)),
    "xlogx": lambda m, x: _x_log_y(m, x, x),
    "xlogratio": lambda m, x, y: _x_log_y(m, x, x / y),
    "rel_entr": lambda m, x, y: _x_log_y(m, x, x / y),
    "entr": lambda m, x: -_x_log_y(m, x, x),
    "copysign": lambda m, x, y: -abs(x) if y < 0 else abs(x),
    "ldexp": lambda m, x, n: m.ldexp(x, int(n)),
    "logistic": lambda m, x: 1 / (1 + m.exp(-x)),
    "logit": lambda m, x: m.log(x / (1 - x)),
    "gaussian": lambda m, x: m.exp(-x * x),
    "one_minus_square": lambda m, x: (1 - x) * (1 + x),
    "logistic_slope": lambda m, x: m.sech(x / 2) ** 2 / 4,
    "length": lambda m, x: m.hypot(x, 1),
    "cosine": lambda m, x, y: _share(x, m.hypot(x, y)),
    "share": lambda _m, x, whole: _share(x, whole),
    "direction": lambda _m, x: _share(x, abs(x)),
    "tanh_slope": lambda m, y, _x: (1 - y) * (1 + y),
    "complement": lambda m, p, log_p: 1 - p if p < 0.5 else -m.expm1(log_p),
    "gelu": lambda m, x: x * _gelu_share(m, x),
    "gelu_slope": _gelu_slope,
    "erf": lambda m, x: m.erf(x),
    "erfc": lambda m, x: m.erfc(x),
    "erfcx": _erfcx,
    "erf_inv": lambda m, x: m.erfinv(x),
    "lgamma": _log_gamma,
    "digamma": lambda m, x: m.digamma(x),
    "polygamma": lambda m, n, x: m.polygamma(int(n), x),
}
"""Functions (context, *numbers) by the operator's name."""
