"""Functions made of logarithms and exponentials, and their sums."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from funcgrad.scipy import special

from .comparing import Compared

POSITIVE, WIDE = ("log", 1e-3, 1e3), ("log", 1e-300, 1e300)
LINE = ("line", -700.0, 700.0)
THREE = (("line", -50.0, 50.0),) * 3


def _stacked(fun: Any, row: int | None = None) -> Any:
    """A function of the vectors made of three numbers, or one of its three results."""

    def ours(*xs: Any) -> Any:
        found = fun(np.stack(xs), axis=0)
        return found if row is None else found[row]

    return ours


def _log_sum(*xs: Any) -> Any:
    """The logarithm of the sum of exponentials, which may be next to 0."""
    top = max(xs)
    rest = list(xs)
    rest.remove(top)
    return top + mp.log1p(mp.fsum(mp.exp(x - top) for x in rest))


def _log_share(*xs: Any) -> Any:
    rest = mp.fsum(mp.exp(x - xs[0]) for x in xs[1:])
    return -mp.log1p(rest)


def _share(*xs: Any) -> Any:
    return mp.exp(_log_share(*xs))


def _rest(*xs: Any) -> Any:
    return mp.exp(xs[1] - _log_sum(*xs)) + mp.exp(xs[2] - _log_sum(*xs))


def _box(x: Any, power: Any) -> Any:
    return mp.expm1(power * mp.log(x)) / power


def _huber(delta: Any, r: Any) -> Any:
    return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)


CASES: dict[str, Compared] = {
    "expit": Compared(special.expit, lambda x: 1 / (1 + mp.exp(-x)), (LINE,),
                      derivatives=(lambda x: mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2,)),
    "logit": Compared(special.logit, lambda x: mp.log(x) - mp.log1p(-x), (("log", 1e-300, 0.999),),
                      1e-3),
    "log_expit": Compared(special.log_expit, lambda x: -mp.log1p(mp.exp(-x)), (LINE,)),
    "xlogy": Compared(special.xlogy, lambda x, y: x * mp.log(y), (("sign", 1e-3, 1e3), WIDE)),
    "xlog1py": Compared(special.xlog1py, lambda x, y: x * mp.log1p(y),
                        (("sign", 1e-3, 1e3), ("log", 1e-300, 1e100))),
    "entr": Compared(special.entr, lambda x: -x * mp.log(x), (("log", 1e-300, 1e100),)),
    "rel_entr": Compared(special.rel_entr, lambda x, y: x * mp.log(x / y), (POSITIVE, POSITIVE)),
    "kl_div": Compared(special.kl_div, lambda x, y: x * mp.log(x / y) - x + y,
                       (POSITIVE, POSITIVE)),
    "boxcox": Compared(special.boxcox, _box, (POSITIVE, ("sign", 1e-8, 5.0))),
    "boxcox1p": Compared(special.boxcox1p, lambda x, power: _box(1 + x, power),
                         (("log", 1e-8, 1e3), ("sign", 1e-8, 5.0))),
    "inv_boxcox": Compared(special.inv_boxcox, lambda y, power: (1 + power * y) ** (1 / power),
                           (("log", 1e-3, 10.0), ("log", 1e-8, 5.0))),
    "inv_boxcox1p": Compared(special.inv_boxcox1p,
                             lambda y, power: mp.expm1(mp.log1p(power * y) / power),
                             (("log", 1e-3, 10.0), ("log", 1e-8, 5.0))),
    "exprel": Compared(special.exprel, lambda x: mp.expm1(x) / x, (("sign", 1e-8, 700.0),)),
    "cosm1": Compared(special.cosm1, lambda x: -2 * mp.sin(x / 2) ** 2, (("sign", 1e-100, 6.0),)),
    "huber": Compared(special.huber, _huber, (POSITIVE, ("sign", 1e-6, 1e6))),
    "pseudo_huber": Compared(
        special.pseudo_huber, lambda delta, r: delta**2 * (mp.sqrt(1 + (r / delta) ** 2) - 1),
        (POSITIVE, ("sign", 1e-6, 1e6))),
    "logsumexp": Compared(_stacked(special.logsumexp), _log_sum, THREE),
    "softmax": Compared(_stacked(special.softmax, 0), _share, THREE, 1e-3, derivatives=(
        lambda *xs: _share(*xs) * _rest(*xs),
        lambda *xs: -_share(*xs) * mp.exp(xs[1] - _log_sum(*xs)),
        lambda *xs: -_share(*xs) * mp.exp(xs[2] - _log_sum(*xs)))),
    "log_softmax": Compared(_stacked(special.log_softmax, 0), _log_share,
                            THREE),
}  # fmt: skip
