"""Incomplete gamma and beta functions, their inverses, and probabilities made of them."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import scipy.special as sps

from funcgrad.scipy import special

from .comparing import Compared
from .references import beta, beta_or_less, lower, lower_or_less, power_root, root, student, upper

SHAPE, ARGUMENT = ("log", 1e-2, 1e2), ("log", 1e-3, 2e2)
LARGER, SHARE, INSIDE = ("log", 5e-2, 1e2), ("line", 1e-3, 0.999), ("line", 1e-3, 0.999)
TAIL, FREEDOM = ("sign", 1e-3, 30.0), ("log", 0.3, 1e2)


def _gamma_quantile(a: Any, y: Any) -> Any:
    start = sps.gammaincinv(float(a), float(y))
    return power_root(lambda x: mp.log(lower(a, x)) - mp.log(y), start)


def _upper_gamma_quantile(a: Any, y: Any) -> Any:
    start = sps.gammainccinv(float(a), float(y))
    return power_root(lambda x: lower(a, x) - (1 - y), start)


def beta_quantile(a: Any, b: Any, y: Any) -> Any:
    start = sps.betaincinv(float(a), float(b), float(y))
    if start > 0.5:
        return 1 - beta_quantile(b, a, 1 - y)
    return power_root(lambda x: mp.log(beta(a, b, x)) - mp.log(y), start)


def _student_quantile(df: Any, p: Any) -> Any:
    if p > 0.5:
        return -_student_quantile(df, 1 - p)
    start = sps.stdtrit(float(df), float(p))
    return root(lambda t: mp.log(student(df, t)) - mp.log(p), start)


CASES: dict[str, Compared] = {
    "gammainc": Compared(special.gammainc, lower, (SHAPE, ARGUMENT), bound=1e-11, slope=1e-10,
                         changes=lower_or_less),
    "gammaincc": Compared(special.gammaincc, upper, (SHAPE, ARGUMENT), bound=1e-11, slope=1e-10,
                          changes=lambda a, x: -lower_or_less(a, x)),
    "gammaincinv": Compared(special.gammaincinv, _gamma_quantile, (LARGER, SHARE), bound=1e-11),
    "gammainccinv": Compared(special.gammainccinv, _upper_gamma_quantile, (LARGER, SHARE),
                             bound=1e-11),
    "betainc": Compared(special.betainc, beta, (SHAPE, SHAPE, INSIDE), bound=1e-10, slope=1e-10,
                        changes=beta_or_less),
    "betaincc": Compared(special.betaincc, lambda a, b, x: beta(b, a, 1 - x),
                         (SHAPE, SHAPE, INSIDE), bound=1e-10, slope=1e-10,
                         changes=lambda a, b, x: -beta_or_less(a, b, x)),
    "betaincinv": Compared(special.betaincinv, beta_quantile, (LARGER, LARGER, SHARE),
                           bound=1e-11),
    "betainccinv": Compared(special.betainccinv, lambda a, b, y: beta_quantile(a, b, 1 - y),
                            (LARGER, LARGER, SHARE), bound=1e-11),
    "chdtr": Compared(special.chdtr, lambda v, x: lower(v / 2, x / 2), (SHAPE, ARGUMENT),
                      bound=1e-11, slope=1e-10, changes=lambda v, x: lower_or_less(v / 2, x / 2)),
    "chdtrc": Compared(special.chdtrc, lambda v, x: upper(v / 2, x / 2), (SHAPE, ARGUMENT),
                       bound=1e-11, slope=1e-10,
                       changes=lambda v, x: -lower_or_less(v / 2, x / 2)),
    "gdtr": Compared(special.gdtr, lambda a, b, x: lower(b, a * x),
                     (("log", 0.1, 10.0), SHAPE, ("log", 1e-2, 10.0)), bound=1e-11, slope=1e-10,
                     changes=lambda a, b, x: lower_or_less(b, a * x)),
    "gdtrc": Compared(special.gdtrc, lambda a, b, x: upper(b, a * x),
                      (("log", 0.1, 10.0), SHAPE, ("log", 1e-2, 10.0)), bound=1e-11, slope=1e-10,
                      changes=lambda a, b, x: -lower_or_less(b, a * x)),
    "pdtr": Compared(special.pdtr, lambda k, m: upper(k + 1, m),
                     (("whole", 0, 60), ("log", 0.1, 60.0)), bound=1e-11, slope=1e-10,
                     changes=lambda k, m: -lower_or_less(k + 1, m)),
    "pdtrc": Compared(special.pdtrc, lambda k, m: lower(k + 1, m),
                      (("whole", 0, 60), ("log", 0.1, 60.0)), bound=1e-11, slope=1e-10,
                      changes=lambda k, m: lower_or_less(k + 1, m)),
    "fdtr": Compared(
        special.fdtr, lambda n, m, x: beta(n / 2, m / 2, n * x / (m + n * x)),
        (("log", 0.3, 30.0), ("log", 0.3, 30.0), ("log", 1e-2, 1e2)), bound=1e-11, slope=1e-9,
        changes=lambda n, m, x: beta_or_less(n / 2, m / 2, n * x / (m + n * x))),
    "fdtrc": Compared(
        special.fdtrc, lambda n, m, x: beta(m / 2, n / 2, m / (m + n * x)),
        (("log", 0.3, 30.0), ("log", 0.3, 30.0), ("log", 1e-2, 1e2)), bound=1e-11, slope=1e-9,
        changes=lambda n, m, x: -beta_or_less(n / 2, m / 2, n * x / (m + n * x))),
    "stdtr": Compared(special.stdtr, student, (FREEDOM, TAIL), bound=1e-11, slope=1e-9),
    "stdtrit": Compared(special.stdtrit, _student_quantile, (FREEDOM, SHARE), 1e-2, bound=1e-11,
                        slope=1e-9),
}  # fmt: skip
