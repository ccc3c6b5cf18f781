"""A call of every sampler, as functions of the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad import random

COV = np.array([[2.0, 0.5], [0.5, 1.0]])

SAMPLERS: dict[str, Callable[[Any], Any]] = {
    "ball": lambda k: random.ball(k, 3, 1.5, (2,)),
    "bernoulli": lambda k: random.bernoulli(k, np.array([0.2, 0.7]), (5, 2), "high"),
    "beta": lambda k: random.beta(k, np.array([0.5, 2.0]), 3.0),
    "binomial": lambda k: random.binomial(k, np.array([[5.0], [90.0]]), np.array([0.2, 0.6])),
    "categorical": lambda k: random.categorical(k, np.arange(4.0), shape=(5,), mode="high"),
    "cauchy": lambda k: random.cauchy(k, (3,)),
    "chisquare": lambda k: random.chisquare(k, 3.0, (3,), np.float32),
    "dirichlet": lambda k: random.dirichlet(k, np.array([0.5, 2.0, 9.0]), (2,)),
    "double_sided_maxwell": lambda k: random.double_sided_maxwell(k, 1.0, np.ones(3), (2,)),
    "exponential": lambda k: random.exponential(k, (2, 3), np.float32),
    "f": lambda k: random.f(k, 3.0, np.array([4.0, 8.0])),
    "gamma": lambda k: random.gamma(k, np.array([0.3, 1.0, 7.0])),
    "gamma_large": lambda k: random.gamma(k, np.float32(0.4), (20, 30), np.float32),
    "gamma_scalar": lambda k: random.gamma(k, 1.5),
    "generalized_normal": lambda k: random.generalized_normal(k, 3.0, (4,)),
    "geometric": lambda k: random.geometric(k, 0.2, (5,)),
    "gumbel_highest": lambda k: random.gumbel(k, (300,), np.float32, "highest"),
    "laplace": lambda k: random.laplace(k, (3,)),
    "loggamma": lambda k: random.loggamma(k, np.array([1e-3, 2.0])),
    "logistic": lambda k: random.logistic(k, (3,)),
    "lognormal": lambda k: random.lognormal(k, 0.5, (2, 2)),
    "maxwell": lambda k: random.maxwell(k, (3,)),
    "multinomial": lambda k: random.multinomial(k, 90, np.array([[0.2, 0.8], [0.5, 0.5]])),
    "multivariate_normal": lambda k: random.multivariate_normal(k, np.ones(2), COV, (3,)),
    "orthogonal": lambda k: random.orthogonal(k, 3, (2,), m=2),
    "pareto": lambda k: random.pareto(k, np.array([1.0, 3.0])),
    "poisson": lambda k: random.poisson(k, np.array([0.5, 4.0, 30.0, 1e3])),
    "poisson_large": lambda k: random.poisson(k, 12.0, (20, 30), np.int32),
    "rademacher": lambda k: random.rademacher(k, (5,)),
    "rayleigh": lambda k: random.rayleigh(k, 2.0, (3,)),
    "t": lambda k: random.t(k, 5.0, (3,)),
    "triangular": lambda k: random.triangular(k, 0.0, np.array([0.2, 0.9]), 1.0),
    "truncated_normal": lambda k: random.truncated_normal(k, -1.0, np.array([0.5, np.inf])),
    "wald": lambda k: random.wald(k, np.array([0.5, 4.0])),
    "weibull_min": lambda k: random.weibull_min(k, 2.0, 1.5, (3,)),
}
