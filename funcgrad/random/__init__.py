"""Random numbers as pure functions of a key, equal to those of ``jax.random``.

A key is a plain uint32 array of shape (2,). Equal keys give equal numbers, so draw once from a key
and get further keys from it with ``split`` or ``fold_in``; ``funcgrad.debug.key_reuse`` finds keys
that are drawn from twice. For many keys at once, use ``vmap``.

Numbers are those that JAX draws with 64-bit types enabled but for rounding, which is finer here in
some places: in the tails of ``normal``, for the smaller of the two roots of ``wald``, and where
``t``, ``f`` and ``generalized_normal`` are made of gamma numbers too small for their type. Counts
may differ where rounding decides: those of ``poisson`` for rates above 1000, since large numbers
are accepted or rejected in float64 here, and rarely those of ``binomial``.

Numbers can be differentiated with respect to all continuous parameters.

These arguments mean the same in all functions that draw, which list the others, or what differs,
under "Parameters":

- ``key``: a key.
- ``shape``: the shape of the result, a tuple of integers or one integer. Parameters broadcast to
  it; None is the shape to which they broadcast together.
- ``dtype``: the type of the result: float16, float32, float64, bfloat16 or float8.
- ``out_sharding``: must be None: an array is on one device.

>>> from funcgrad import random
>>> dropout, noise = random.split(random.key(0))
>>> random.normal(noise, (3,)).shape
(3,)
"""

from __future__ import annotations

from .counts import binomial, geometric, multinomial, poisson, rademacher
from .gammas import (
    ball,
    beta,
    chisquare,
    dirichlet,
    f,
    gamma,
    generalized_normal,
    loggamma,
    t,
)
from .gaussian import (
    double_sided_maxwell,
    lognormal,
    maxwell,
    multivariate_normal,
    orthogonal,
    wald,
)
from .inversion import (
    cauchy,
    exponential,
    laplace,
    logistic,
    pareto,
    rayleigh,
    triangular,
    truncated_normal,
    weibull_min,
)
from .keys import (
    PRNGKey,
    clone,
    fold_in,
    key,
    key_data,
    key_dtype,
    key_impl,
    split,
    wrap_key_data,
)
from .selection import categorical, choice, permutation
from .uniform_and_normal import bernoulli, bits, gumbel, normal, randint, uniform

__all__ = [
    "PRNGKey",
    "ball",
    "bernoulli",
    "beta",
    "binomial",
    "bits",
    "categorical",
    "cauchy",
    "chisquare",
    "choice",
    "clone",
    "dirichlet",
    "double_sided_maxwell",
    "exponential",
    "f",
    "fold_in",
    "gamma",
    "generalized_normal",
    "geometric",
    "gumbel",
    "key",
    "key_data",
    "key_dtype",
    "key_impl",
    "laplace",
    "loggamma",
    "logistic",
    "lognormal",
    "maxwell",
    "multinomial",
    "multivariate_normal",
    "normal",
    "orthogonal",
    "pareto",
    "permutation",
    "poisson",
    "rademacher",
    "randint",
    "rayleigh",
    "split",
    "t",
    "triangular",
    "truncated_normal",
    "uniform",
    "wald",
    "weibull_min",
    "wrap_key_data",
]
