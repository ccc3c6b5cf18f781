"""The normal distribution and that of Student of vectors."""

from __future__ import annotations

from math import log, pi

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.scipy_ufuncs import real_floats
from ...ops.linalg import factorizations, solving
from ...ops.linalg.matrices import diagonal_of
from ...ops.pointwise.special import digamma, lgamma
from ...ops.shape import broadcast_to, reduce_sum, reshape, transpose
from ...typing import Array, ArrayLike


def last_axis(x: Array) -> tuple[int]:
    """The last axis of an array."""
    return (len(x.shape) - 1,)


def log_determinant(factor: Array) -> Array:
    """That of a matrix, from its Cholesky factor."""
    logs = np.log(diagonal_of(factor))
    return 2 * reduce_sum(logs, axes=last_axis(logs))


def solved(factor: Array, columns: Array) -> Array:
    """The solution of a system with a lower triangular matrix."""
    return solving.triangular_solve(
        factor, columns, lower=True, transpose_a=solving.NONE, unit_diagonal=False
    )


def _refuse_singular(name: str, allow_singular: bool) -> None:
    if allow_singular:
        raise ValueError(
            f"{name}: allow_singular=True is not supported; the density of a singular one is that "
            "in a subspace"
        )


def _distances(
    name: str, what: str, x: ArrayLike, mean: ArrayLike | None, cov: ArrayLike
) -> tuple[Array, Array, int]:
    """Squared distances from a mean, measured by a matrix, its log determinant, and the size."""
    points, center, spread = real_floats(name, x, 0.0 if mean is None else mean, cov)
    n = max(
        center.shape[-1] if len(center.shape) else 1,
        spread.shape[-1] if len(spread.shape) else 1,
    )
    if n == 1 and mean is None and not len(spread.shape) and len(points.shape):
        n = points.shape[-1]
    if n == 1 and (not len(points.shape) or points.shape[-1] != 1):
        points = reshape(points, shape=(*points.shape, 1))
    fits = center.shape in ((), (1,), (n,)) and spread.shape in ((), (1,), (n,), (n, n))
    if not fits or points.shape[-1:] != (n,):
        raise ShapeError(
            f"{name}: points of shape {tuple(points.shape)}, a mean of shape "
            f"{tuple(center.shape)} and a {what} of shape {tuple(spread.shape)} do not fit"
        )
    apart = points - center
    if len(spread.shape) < 2:
        variances = like(apart, broadcast_to(spread, (n,)))
        total = reduce_sum(apart * apart / variances, axes=last_axis(apart))
        return total, reduce_sum(np.log(variances), axes=(0,)), n
    factor = factorizations.cholesky(factorizations.from_triangle(spread, lower=True))
    lead = tuple(apart.shape[:-1])
    count = int(np.prod(lead))
    rows = transpose(reshape(apart, shape=(count, n)), perm=(1, 0))
    found = solved(factor, rows)
    total = reshape(reduce_sum(found * found, axes=(0,)), shape=lead)
    return total, log_determinant(factor), n


class MultivariateNormal:
    """The normal distribution of vectors."""

    @user_facing
    def logpdf(
        self,
        x: ArrayLike,
        mean: ArrayLike | None = None,
        cov: ArrayLike = 1,
        allow_singular: bool = False,
    ) -> Array:
        """The logarithm of the density.

        Args:
            x: (..., n), vectors, or (...) numbers where n is 1.
            mean: (n,), or a number; zeros by default.
            cov: (n, n), the covariance matrix, or a number or (n,) for a diagonal one.
            allow_singular: must be False.

        Returns:
            The logarithms, of shape (...).

        Raises:
            LinAlgError: the covariance matrix is not positive definite.
            ShapeError: the operands do not fit.
            ValueError: singular matrices are asked for.

        >>> MultivariateNormal().logpdf([0.0, 0.0]).round(6)
        np.float64(-1.837877)
        """
        _refuse_singular("multivariate_normal", allow_singular)
        total, logs, n = _distances("multivariate_normal", "covariance", x, mean, cov)
        return -0.5 * (total + logs + n * log(2 * pi))

    @user_facing
    def pdf(
        self,
        x: ArrayLike,
        mean: ArrayLike | None = None,
        cov: ArrayLike = 1,
        allow_singular: bool = False,
    ) -> Array:
        """The density, with the arguments of ``logpdf``.

        >>> MultivariateNormal().pdf([0.0, 0.0]).round(6)
        np.float64(0.159155)
        """
        return np.exp(self.logpdf(x, mean, cov, allow_singular))

    @user_facing
    def entropy(self, mean: ArrayLike | None = None, cov: ArrayLike = 1) -> Array:
        """The differential entropy, in nats, with the arguments of ``logpdf``.

        >>> MultivariateNormal().entropy().round(6)
        np.float64(1.418939)
        """
        at = 0.0 if mean is None else mean
        _, logs, n = _distances("multivariate_normal", "covariance", at, mean, cov)
        return 0.5 * (logs + n * (1 + log(2 * pi)))


class MultivariateT:
    """Student's t distribution of vectors."""

    @user_facing
    def logpdf(
        self,
        x: ArrayLike,
        loc: ArrayLike | None = None,
        shape: ArrayLike = 1,
        df: ArrayLike = 1,
        allow_singular: bool = False,
    ) -> Array:
        """The logarithm of the density.

        Args:
            x: (..., n), vectors, or (...) numbers where n is 1.
            loc: (n,), or a number; zeros by default.
            shape: (n, n), positive definite, or a number or (n,) for a diagonal matrix.
            df: degrees of freedom, a number.
            allow_singular: must be False.

        Returns:
            The logarithms, of shape (...).

        Raises:
            LinAlgError: the matrix is not positive definite.
            ShapeError: the operands do not fit.
            ValueError: singular matrices are asked for.

        >>> MultivariateT().logpdf([0.0, 0.0], df=3.0).round(6)
        np.float64(-1.837877)
        """
        _refuse_singular("multivariate_t", allow_singular)
        total, logs, n = _distances("multivariate_t", "shape", x, loc, shape)
        (degrees,) = real_floats("multivariate_t", df)
        half = 0.5 * (degrees + n)
        constant = lgamma(half) - lgamma(0.5 * degrees) - 0.5 * (n * np.log(pi * degrees) + logs)
        return constant - half * np.log1p(total / degrees)

    @user_facing
    def pdf(
        self,
        x: ArrayLike,
        loc: ArrayLike | None = None,
        shape: ArrayLike = 1,
        df: ArrayLike = 1,
        allow_singular: bool = False,
    ) -> Array:
        """The density, with the arguments of ``logpdf``.

        >>> MultivariateT().pdf([0.0, 0.0], df=3.0).round(6)
        np.float64(0.159155)
        """
        return np.exp(self.logpdf(x, loc, shape, df, allow_singular))

    @user_facing
    def entropy(
        self, loc: ArrayLike | None = None, shape: ArrayLike = 1, df: ArrayLike = 1
    ) -> Array:
        """The differential entropy, in nats, with the arguments of ``logpdf``.

        >>> MultivariateT().entropy(df=3.0).round(6)
        np.float64(1.773478)
        """
        at = 0.0 if loc is None else loc
        _, logs, n = _distances("multivariate_t", "shape", at, loc, shape)
        (degrees,) = real_floats("multivariate_t", df)
        half, inner = 0.5 * (degrees + n), 0.5 * degrees
        constant = lgamma(inner) - lgamma(half) + 0.5 * (n * np.log(pi * degrees) + logs)
        return constant + half * (digamma(half) - digamma(inner))


multivariate_normal = MultivariateNormal()
multivariate_t = MultivariateT()
