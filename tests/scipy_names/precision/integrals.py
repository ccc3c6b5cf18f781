"""Integrals, elliptic and hypergeometric functions, and Legendre's."""

from __future__ import annotations

from typing import Any

import mpmath as mp

from funcgrad.scipy import special

from .comparing import Compared

INSIDE = ("line", -0.999, 0.999)
DEGREE, ORDER = ("whole", 5, 15), ("whole", 0, 5)


def _near_one(p: Any) -> Any:
    with mp.workdps(mp.mp.dps + 40):
        return +mp.ellipk(1 - p)


def _associated(n: Any, m: Any, x: Any) -> Any:
    """Ferrers' function, by the m-th derivative of Legendre's polynomial (DLMF 14.6.1)."""
    n, m = int(n), int(m)
    coefficients = [
        mp.mpf((-1) ** k * mp.binomial(n, k) * mp.binomial(2 * n - 2 * k, n)) / 2**n
        * mp.ff(n - 2 * k, m) * x ** (n - 2 * k - m)
        for k in range((n - m) // 2 + 1)
    ]  # fmt: skip
    return (-1) ** m * (1 - x * x) ** (mp.mpf(m) / 2) * mp.fsum(coefficients)


def _norm(n: Any, m: Any) -> Any:
    return mp.sqrt((2 * n + 1) / (4 * mp.pi) * mp.factorial(n - m) / mp.factorial(n + m))


def _spherical(n: Any, m: Any, theta: Any) -> Any:
    return _norm(n, m) * _associated(n, m, mp.cos(theta))


def _whole(n: Any) -> Any:
    return n.astype(int)


def _of_table(x: Any, which: int) -> Any:
    """One of the functions in the tables of all degrees and orders."""
    return special.lpmn(3, 5, x)[which][2, 4]


CASES: dict[str, Compared] = {
    "exp1": Compared(special.exp1, mp.e1, (("log", 1e-300, 1e2),), slope=1e-12),
    "expi": Compared(special.expi, mp.ei, (("sign", 1e-6, 1e2),), 1e-3, slope=1e-12),
    "expn": Compared(special.expn, mp.expint, (("whole", 0, 10), ("log", 1e-3, 1e2))),
    "sici[0]": Compared(lambda x: special.sici(x)[0], mp.si, (("sign", 1e-6, 1e3),)),
    "sici[1]": Compared(lambda x: special.sici(x)[1], mp.ci, (("log", 1e-6, 1e3),), 1e-2),
    "shichi[0]": Compared(lambda x: special.shichi(x)[0], mp.shi, (("sign", 1e-6, 2e2),)),
    "shichi[1]": Compared(lambda x: special.shichi(x)[1], mp.chi, (("log", 1e-6, 2e2),), 1e-2),
    "spence": Compared(special.spence, lambda z: mp.re(mp.polylog(2, 1 - z)),
                       (("log", 1e-6, 1e3),), 1e-2, slope=1e-12),
    "lambertw": Compared(special.lambertw, mp.lambertw, (("log", 1e-6, 1e6),)),
    "lambertw of -1": Compared(lambda x: special.lambertw(x, -1), lambda x: mp.lambertw(x, -1),
                               (("minus", 1e-6, 0.36),)),
    "ellipk": Compared(special.ellipk, mp.ellipk, (("line", -5.0, 0.999),), slope=1e-12),
    "ellipkm1": Compared(special.ellipkm1, _near_one, (("log", 1e-30, 5.0),), slope=1e-12),
    "ellipe": Compared(special.ellipe, mp.ellipe, (("line", -5.0, 0.999),), slope=1e-12),
    "ellipkinc": Compared(special.ellipkinc, mp.ellipf, (("line", 0.01, 4.0), ("line", -5.0, 0.99)),
                          bound=1e-12),
    "ellipeinc": Compared(special.ellipeinc, mp.ellipe, (("line", 0.01, 4.0), ("line", -5.0, 0.99)),
                          bound=1e-12),
    "hyp0f1": Compared(special.hyp0f1, mp.hyp0f1, (("line", 0.3, 10.0), ("line", -20.0, 50.0)),
                       1e-2, bound=1e-10, slope=1e-10),
    "hyp1f1": Compared(special.hyp1f1, mp.hyp1f1,
                       (("line", 0.1, 4.0), ("line", 0.3, 4.0), ("line", -20.0, 20.0)), 1e-3,
                       bound=1e-10, slope=1e-10),
    "hyp2f1": Compared(special.hyp2f1, mp.hyp2f1,
                       (("line", 0.1, 3.0), ("line", 0.1, 3.0), ("line", 0.3, 4.0),
                        ("line", -3.0, 0.9)), bound=1e-9, slope=1e-9),
    "legendre_p": Compared(lambda n, x: special.legendre_p(_whole(n), x),
                           lambda n, x: mp.legendre(int(n), x), (("whole", 0, 30), INSIDE), 1e-2),
    "eval_legendre": Compared(
        lambda n, x: special.eval_legendre(_whole(n), x), lambda n, x: mp.legendre(int(n), x),
        (("whole", 0, 30), INSIDE), 1e-2),
    "assoc_legendre_p": Compared(
        lambda n, m, x: special.assoc_legendre_p(_whole(n), _whole(m), x), _associated,
        (DEGREE, ORDER, INSIDE), 1e-2),
    "lpmv": Compared(lambda m, n, x: special.lpmv(_whole(m), _whole(n), x),
                     lambda m, n, x: _associated(n, m, x), (ORDER, DEGREE, INSIDE), 1e-2,
                     bound=1e-9),
    "lpmn[0]": Compared(lambda x: _of_table(x, 0), lambda x: _associated(4, 2, x), (INSIDE,), 1e-2),
    "lpmn[1]": Compared(lambda x: _of_table(x, 1), lambda x: mp.diff(
        lambda t: _associated(4, 2, t), x), (INSIDE,), 1e-2),
    "lpmn_values": Compared(lambda x: special.lpmn_values(3, 3, x, True)[2, 3],
                            lambda x: _norm(mp.mpf(3), 2) * _associated(3, 2, x), (INSIDE,), 1e-2),
    "sph_legendre_p": Compared(
        lambda n, m, x: special.sph_legendre_p(_whole(n), _whole(m), x), _spherical,
        (DEGREE, ORDER, ("line", 0.01, 3.13)), 1e-2),
    "sph_harm_y": Compared(
        lambda n, m, x, p: special.sph_harm_y(_whole(n), _whole(m), x, p),
        lambda n, m, x, p: _spherical(n, m, x) * mp.expj(m * p),
        (DEGREE, ORDER, ("line", 0.01, 3.13), ("line", -6.0, 6.0)), 1e-2),
}  # fmt: skip
