"""The error functions and the normal distribution."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import scipy.special as sps

from funcgrad.scipy import special

from .comparing import Compared
from .references import log_share, root


def _owens_t(h: Any, a: Any) -> Any:
    return mp.quad(lambda x: mp.exp(-h * h * (1 + x * x) / 2) / (1 + x * x), [0, a]) / (2 * mp.pi)


def _owens_t_in_h(h: Any, a: Any) -> Any:
    return -mp.npdf(h) * mp.erf(a * h / mp.sqrt(2)) / 2


def _owens_t_in_a(h: Any, a: Any) -> Any:
    return mp.exp(-h * h * (1 + a * a) / 2) / (1 + a * a) / (2 * mp.pi)


CASES: dict[str, Compared] = {
    "erf": Compared(special.erf, mp.erf, (("sign", 1e-300, 6.0),), slope=1e-13),
    "erfc": Compared(special.erfc, mp.erfc, (("line", -6.0, 26.0),), slope=1e-12),
    "erfcx": Compared(special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x),
                      (("sign", 1e-6, 24.0),)),
    "erfi": Compared(special.erfi, mp.erfi, (("sign", 1e-300, 26.0),), bound=1e-12, slope=1e-12),
    "erfinv": Compared(special.erfinv, mp.erfinv, (("line", -0.999, 0.999),), slope=1e-12),
    "erfcinv": Compared(
        special.erfcinv,
        lambda y: root(lambda x: mp.log(mp.erfc(x)) - mp.log(y), sps.erfcinv(float(y))),
        (("log", 1e-300, 1.9),), 1e-3),
    "ndtr": Compared(special.ndtr, mp.ncdf, (("line", -37.0, 8.0),), bound=1e-12, slope=1e-12),
    "log_ndtr": Compared(special.log_ndtr, log_share, (("sign", 1e-3, 1e4),)),
    "ndtri": Compared(
        special.ndtri,
        lambda y: root(lambda x: mp.log(mp.ncdf(x)) - mp.log(y), sps.ndtri(float(y))),
        (("log", 1e-300, 0.999),), 1e-3),
    "ndtri_exp": Compared(
        special.ndtri_exp,
        lambda y: root(lambda x: log_share(x) - y, sps.ndtri_exp(float(y))),
        (("minus", 1e-10, 1e8),), 1e-3, bound=1e-11),
    "dawsn": Compared(special.dawsn, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
                      (("sign", 1e-6, 30.0),)),
    "wofz": Compared(special.wofz, lambda x: mp.exp(-x * x) * mp.erfc(-1j * x),
                     (("sign", 1e-6, 25.0),)),
    "wofz of x + iy": Compared(
        lambda x, y: special.wofz(x + 1j * y),
        lambda x, y: mp.exp(-((x + 1j * y) ** 2)) * mp.erfc(-1j * (x + 1j * y)),
        (("sign", 1e-3, 25.0), ("line", -2.0, 20.0))),
    "fresnel[0]": Compared(lambda x: special.fresnel(x)[0], mp.fresnels, (("sign", 1e-6, 30.0),),
                           1e-12),
    "fresnel[1]": Compared(lambda x: special.fresnel(x)[1], mp.fresnelc, (("sign", 1e-6, 30.0),),
                           1e-12),
    "owens_t": Compared(special.owens_t, _owens_t, (("sign", 1e-6, 10.0), ("sign", 1e-6, 30.0)),
                        1e-30, bound=1e-10,
                        derivatives=(_owens_t_in_h, _owens_t_in_a)),
}  # fmt: skip
