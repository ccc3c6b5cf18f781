"""The distributions and statistics of ``scipy.stats`` on arrays and traced values.

A distribution has logpdf and pdf (logpmf and pmf), and where there is a formula cdf, sf, logcdf,
logsf, ppf, isf, mean, var, std and entropy. Its parameters come behind the number, loc and scale
last.

>>> norm.logpdf(0.0, scale=2.0).round(6)
np.float64(-1.612086)
>>> beta.mean(2.0, b=6.0)
np.float64(0.25)
"""

from __future__ import annotations

from .continuous import (
    beta,
    cauchy,
    chi2,
    expon,
    f,
    gamma,
    gennorm,
    gumbel_l,
    gumbel_r,
    invgamma,
    laplace,
    logistic,
    lognorm,
    norm,
    pareto,
    t,
    truncnorm,
    uniform,
    vonmises,
    weibull_min,
)
from .discrete import bernoulli, betabinom, binom, geom, nbinom, poisson
from .samples import gaussian_kde, mode, rankdata, sem
from .several import dirichlet, multinomial, multivariate_normal, wishart

__all__ = [
    "bernoulli", "beta", "betabinom", "binom", "cauchy", "chi2", "dirichlet", "expon", "f", "gamma",
    "gaussian_kde", "gennorm", "geom", "gumbel_l", "gumbel_r", "invgamma", "laplace", "logistic",
    "lognorm", "mode", "multinomial", "multivariate_normal", "nbinom", "norm", "pareto", "poisson",
    "rankdata", "sem", "t", "truncnorm", "uniform", "vonmises", "weibull_min", "wishart",
]  # fmt: skip
