"""The distributions and statistics of ``scipy.stats`` on arrays and traced values.

A distribution has logpdf and pdf (logpmf and pmf), cdf, sf, logcdf, logsf, ppf, isf, median,
interval, support, and where there is a formula mean, var, std, stats, moment and entropy. Its
parameters come behind the number, loc and scale last.

>>> norm.logpdf(0.0, scale=2.0).round(6)
np.float64(-1.612086)
>>> beta.mean(2.0, b=6.0)
np.float64(0.25)
"""

from __future__ import annotations

from .bounded import truncnorm, vonmises, wrapcauchy
from .continuous import (
    cauchy,
    expon,
    gumbel_l,
    gumbel_r,
    laplace,
    logistic,
    lognorm,
    norm,
    pareto,
    uniform,
    weibull_min,
)
from .discrete import bernoulli, betabinom, binom, geom, nbinom, poisson
from .gamma_family import beta, chi2, f, gamma, gennorm, invgamma, t
from .kernels import gaussian_kde
from .samples import mode, rankdata, sem
from .several import dirichlet, multinomial, wishart
from .vectors import multivariate_normal, multivariate_t

__all__ = [
    "bernoulli", "beta", "betabinom", "binom", "cauchy", "chi2", "dirichlet", "expon", "f", "gamma",
    "gaussian_kde", "gennorm", "geom", "gumbel_l", "gumbel_r", "invgamma", "laplace", "logistic",
    "lognorm", "mode", "multinomial", "multivariate_normal", "multivariate_t", "nbinom",
    "norm", "pareto", "poisson", "rankdata", "sem", "t", "truncnorm", "uniform", "vonmises",
    "weibull_min", "wishart", "wrapcauchy",
]  # fmt: skip
