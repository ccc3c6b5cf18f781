"""The gamma function and what is made of it."""

from __future__ import annotations

import mpmath as mp

from funcgrad.scipy import special

from .comparing import Compared

SHAPE = ("log", 1e-2, 1e2)
HALVES = (0, 0.5, 1)

CASES: dict[str, Compared] = {
    "gamma": Compared(special.gamma, mp.gamma, (("sign", 1e-3, 90.0),), bound=1e-11, slope=1e-10),
    "rgamma": Compared(special.rgamma, mp.rgamma, (("sign", 1e-3, 20.0),), 1e-12, bound=1e-11,
                       slope=1e-10),
    "gammasgn": Compared(special.gammasgn, lambda x: mp.sign(mp.gamma(x)), (("sign", 1e-6, 90.0),),
                         smooth=False),
    "gammaln": Compared(special.gammaln, lambda x: mp.log(abs(mp.gamma(x))),
                        (("log", 1e-8, 1e8),), 1e-3, slope=1e-12),
    "loggamma": Compared(special.loggamma, mp.loggamma, (("log", 1e-8, 1e8),), 1e-3, slope=1e-12),
    "loggamma of x + iy": Compared(
        lambda x, y: special.loggamma(x + 1j * y), lambda x, y: mp.loggamma(x + 1j * y),
        (("line", -20.0, 50.0), ("sign", 1e-3, 50.0)), 1e-2),
    "digamma": Compared(special.digamma, mp.digamma, (("log", 1e-8, 1e8),), 1e-3, slope=1e-12),
    "psi": Compared(special.psi, mp.digamma, (("minus", 1e-3, 50.0),), 1e-1),
    "polygamma": Compared(lambda n, x: special.polygamma(n.astype(int), x),
                          lambda n, x: mp.psi(int(n), x), (("whole", 0, 8), ("log", 1e-3, 1e4)),
                          1e-3),
    "zeta": Compared(special.zeta, mp.zeta, (("line", 1.05, 30.0), ("log", 1e-2, 1e2)),
                     bound=1e-11, slope=1e-11),
    "zeta of one argument": Compared(
        lambda x: special.zeta(x), mp.zeta, (("line", -9.7, 30.0),), 1e-2,
        bound=1e-11, slope=1e-11),
    "betaln": Compared(special.betaln, lambda a, b: mp.log(mp.beta(a, b)), (SHAPE, SHAPE), 1e-3,
                       bound=1e-12),
    "beta": Compared(special.beta, mp.beta, (SHAPE, SHAPE), bound=1e-11),
    "poch": Compared(special.poch, mp.rf, (("log", 1e-2, 50.0), ("line", 0.0, 20.0)), bound=1e-12),
    "binom": Compared(special.binom, mp.binomial, (("line", 20.0, 60.0), ("line", -2.0, 18.0)),
                      1e-3, bound=1e-11),
    "comb": Compared(special.comb, mp.binomial, (("line", 20.0, 60.0), ("line", 0.0, 18.0)),
                     bound=1e-11),
    "factorial": Compared(special.factorial, mp.factorial, (("line", 0.0, 100.0),), bound=1e-12),
    "multigammaln": Compared(
        lambda a: special.multigammaln(a, 3),
        lambda a: 3 * mp.log(mp.pi) / 2 + sum(mp.loggamma(a - h) for h in HALVES),
        (("log", 1.01, 1e6),), 1e-2),
    "bernoulli": Compared(lambda n: special.bernoulli(60)[n.astype(int)],
                          lambda n: mp.bernoulli(int(n)), (("whole", 0, 60),), bound=1e-11),
}  # fmt: skip
