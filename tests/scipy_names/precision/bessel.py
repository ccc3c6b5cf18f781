"""Bessel's functions and Airy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

from funcgrad.scipy import special

from .comparing import Compared

POSITIVE, BOTH = ("log", 1e-3, 1e2), ("sign", 1e-6, 5e2)
ORDER, WHOLE = ("line", 0.0, 30.0), ("whole", 0, 20)


def _of_order(fun: Callable[..., Any], order: int, sign: int = 0) -> Callable[..., Any]:
    """A function of mpmath at an order, times exp(sign |x|)."""
    return lambda x: fun(order, x) * mp.exp(sign * abs(x))


def _slope_of_k(n: Any, x: Any) -> Any:
    """The derivative in x (DLMF 10.29.1); mpmath takes long for whole orders."""
    return -(mp.besselk(n - 1, x) + mp.besselk(n + 1, x)) / 2


def _scaled_slope_of_k(n: Any, x: Any) -> Any:
    """That of exp(x) K, over exp(x)."""
    return mp.besselk(n, x) + _slope_of_k(n, x)


CASES: dict[str, Compared] = {
    **{f"j{n}": Compared(getattr(special, f"j{n}"), _of_order(mp.besselj, n), (POSITIVE,), 1e-2,
                         bound=1e-12) for n in (0, 1)},
    **{f"y{n}": Compared(getattr(special, f"y{n}"), _of_order(mp.bessely, n), (POSITIVE,), 1e-2,
                         bound=1e-12) for n in (0, 1)},
    **{f"i{n}": Compared(getattr(special, f"i{n}"), _of_order(mp.besseli, n), (BOTH,))
       for n in (0, 1)},
    **{f"i{n}e": Compared(getattr(special, f"i{n}e"), _of_order(mp.besseli, n, -1), (BOTH,))
       for n in (0, 1)},
    **{f"k{n}": Compared(getattr(special, f"k{n}"), _of_order(mp.besselk, n),
                         (("log", 1e-6, 5e2),), derivatives=(_of_order(_slope_of_k, n),))
       for n in (0, 1)},
    **{f"k{n}e": Compared(getattr(special, f"k{n}e"), _of_order(mp.besselk, n, 1),
                          (("log", 1e-6, 5e2),), derivatives=(_of_order(_scaled_slope_of_k, n, 1),))
       for n in (0, 1)},
    "jn": Compared(special.jn, mp.besselj, (WHOLE, POSITIVE), 1e-2, bound=1e-12),
    "yn": Compared(special.yn, mp.bessely, (WHOLE, ("log", 1e-1, 1e2)), 1e-2, bound=1e-12),
    "kn": Compared(special.kn, mp.besselk, (WHOLE, ("log", 1e-1, 5e2)), bound=1e-12,
                   derivatives=(None, _slope_of_k)),
    "jv": Compared(special.jv, mp.besselj, (ORDER, ("log", 1e-2, 1e2)), 1e-2, bound=1e-11,
                   slope=1e-10),
    "yv": Compared(special.yv, mp.bessely, (ORDER, ("log", 1e-1, 1e2)), 1e-2, bound=1e-10,
                   slope=1e-10),
    "iv": Compared(special.iv, mp.besseli, (ORDER, ("log", 1e-2, 5e2)), bound=1e-11, slope=1e-10),
    "ive": Compared(special.ive, lambda v, x: mp.besseli(v, x) * mp.exp(-x),
                    (ORDER, ("log", 1e-2, 5e2)), bound=1e-11, slope=1e-9),
    "kv": Compared(special.kv, mp.besselk, (("line", 0.1, 30.0), ("log", 1e-1, 5e2)), bound=1e-11,
                   slope=1e-10),
    "kve": Compared(special.kve, lambda v, x: mp.besselk(v, x) * mp.exp(x),
                    (("line", 0.1, 30.0), ("log", 1e-2, 5e2)), bound=1e-11, slope=1e-9),
    "bessel_jn": Compared(lambda x: special.bessel_jn(x, v=8)[5], _of_order(mp.besselj, 5),
                          (("line", 0.1, 20.0),), 1e-3, bound=1e-11),
    "airy[0]": Compared(lambda x: special.airy(x)[0], mp.airyai, (("sign", 1e-3, 30.0),), 1e-30),
    "airy[1]": Compared(lambda x: special.airy(x)[1], lambda x: mp.airyai(x, derivative=1),
                        (("sign", 1e-3, 30.0),), 1e-30),
    "airy[2]": Compared(lambda x: special.airy(x)[2], mp.airybi, (("sign", 1e-3, 30.0),), 1e-2,
                        bound=1e-12),
    "airy[3]": Compared(lambda x: special.airy(x)[3], lambda x: mp.airybi(x, derivative=1),
                        (("sign", 1e-3, 30.0),), 1e-2,
                        bound=1e-12),
}  # fmt: skip
