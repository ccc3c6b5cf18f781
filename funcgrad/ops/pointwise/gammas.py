"""The gamma and beta functions themselves, and quotients of them.

Derivatives: NIST Digital Library of Mathematical Functions, 5.2 and 5.12; every one is the function
times differences of digamma.
"""

from __future__ import annotations

from ..families import Elementwise
from .of_scipy import of_scipy
from .special import digamma

POSITIVE = (0.4, 4.0)

gamma: Elementwise = of_scipy("gamma", lambda o, x: o * digamma(x), domain=POSITIVE, gpu=True)
beta: Elementwise = of_scipy(
    "beta",
    lambda o, a, b: o * (digamma(a) - digamma(a + b)),
    lambda o, a, b: o * (digamma(b) - digamma(a + b)),
    domain=POSITIVE,
    gpu=True,
)
betaln: Elementwise = of_scipy(
    "betaln",
    lambda _o, a, b: digamma(a) - digamma(a + b),
    lambda _o, a, b: digamma(b) - digamma(a + b),
    domain=POSITIVE,
    gpu=True,
)
poch: Elementwise = of_scipy(
    "poch",
    lambda o, z, m: o * (digamma(z + m) - digamma(z)),
    lambda o, z, m: o * digamma(z + m),
    domain=POSITIVE,
    gpu=True,
)
binom: Elementwise = of_scipy(
    "binom",
    lambda o, n, k: o * (digamma(n + 1) - digamma(n - k + 1)),
    lambda o, n, k: o * (digamma(n - k + 1) - digamma(k + 1)),
    domain=((4.3, 6), (0.4, 3.1)),
    gpu=True,
)
