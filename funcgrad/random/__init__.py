"""Random numbers as pure functions of a key, equal to those of ``jax.random``.

A key is a plain uint32 array of shape (2,). Equal keys give equal numbers, so draw once from a key
and get further keys from it with ``split`` or ``fold_in``. For many keys at once, use ``vmap``.

Numbers are those that JAX draws with 64-bit types enabled, with two differences of rounding:
``uniform`` between other bounds than 0 and 1, where JAX's compiler may fuse the product and the
sum, and ``normal``, whose tails are more accurate here.

>>> from funcgrad import random
>>> dropout, noise = random.split(random.key(0))
>>> random.normal(noise, (3,)).shape
(3,)
"""

from __future__ import annotations

from .distributions import bernoulli, bits, gumbel, normal, randint, uniform
from .keys import PRNGKey, fold_in, key, split
from .selection import categorical, choice, permutation

__all__ = [
    "PRNGKey",
    "bernoulli",
    "bits",
    "categorical",
    "choice",
    "fold_in",
    "gumbel",
    "key",
    "normal",
    "permutation",
    "randint",
    "split",
    "uniform",
]
