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
from ...ops.pointwise.student import half_step, half_step_slope, kernel_of_logs
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
    """Squared distances from means, measured by matrices, log determinants, and the size."""
    points, center, spread = real_floats(name, x, 0.0 if mean is None else mean, cov)
    n = max(
        center.shape[-1] if len(center.shape) else 1,
        spread.shape[-1] if len(spread.shape) else 1,
    )
    if n == 1 and (not len(points.shape) or points.shape[-1] != 1):
        points = reshape(points, shape=(*points.shape, 1))
    square = len(spread.shape) > 1
    fits = center.shape[-1:] in ((), (1,), (n,)) and points.shape[-1:] == (n,)
    fits = fits and spread.shape[-2:] in (((n, n),) if square else ((), (1,), (n,)))
    try:
        lead = np.broadcast_shapes(
            tuple(points.shape[:-1]), tuple(center.shape[:-1]), tuple(spread.shape[:-2])
        )
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}: points of shape {tuple(points.shape)}, a mean of shape "
            f"{tuple(center.shape)} and a {what} of shape {tuple(spread.shape)} do not fit"
        )
    apart = points - center
    if not square:
        variances = like(apart, broadcast_to(spread, (n,)))
        total = reduce_sum(apart * apart / variances, axes=last_axis(apart))
        return total, reduce_sum(np.log(variances), axes=(0,)), n
    factor = factorizations.cholesky(factorizations.from_triangle(spread, lower=True))
    if len(spread.shape) > 2:
        columns = broadcast_to(apart, (*lead, n))[..., None]
        found = solved(broadcast_to(factor, (*lead, n, n)), columns)[..., 0]
        total = reduce_sum(found * found, axes=last_axis(found))
        return total, log_determinant(factor), n
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
            x: (..., n), vectors, or (...) numbers where n is 1, which mean and cov say.
            mean: (..., n), or a number; zeros by default.
            cov: (..., n, n), covariance matrices, or a number or (n,) for a diagonal one.
            allow_singular: must be False.

        Returns:
            The logarithms, of the shape that (...) of all operands broadcast to.

        Raises:
            LinAlgError: the covariance matrix is not positive definite.
            ShapeError: the operands do not fit.
            ValueError: singular matrices are asked for.

        >>> MultivariateNormal().logpdf([0.0, 0.0], [0.0, 0.0]).round(6)
        np.float64(-1.837877)
        >>> MultivariateNormal().logpdf([0.0, 0.0]).round(6)
        array([-0.918939, -0.918939])
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

        >>> MultivariateNormal().pdf([0.0, 0.0], [0.0, 0.0]).round(6)
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


def _steps(df: Array, n: int) -> Array:
    """log(gamma((df + n) / 2) / gamma(df / 2)) - n / 2 * log(df / 2), 0 where df is infinite."""
    z = 0.5 * df
    whole = n // 2
    logs = np.log1p(like(z, np.arange(whole, dtype=z.dtype)) / z[..., None])
    total = reduce_sum(logs, axes=last_axis(logs))
    if n % 2:
        total = total + 0.5 * np.log1p(whole / z) + half_step(z + whole)
    return total


def _steps_slope(df: Array, n: int) -> Array:
    """(df + n) / 2 * (digamma((df + n) / 2) - digamma(df / 2)), n / 2 where df is infinite."""
    z = 0.5 * df
    whole, over = n // 2, 1 / z
    places = like(z, np.arange(whole, dtype=z.dtype))
    terms = (1 + 0.5 * n * over[..., None]) / (1 + places * over[..., None])
    total = reduce_sum(terms, axes=last_axis(terms))
    if n % 2:
        # Half a step from here, with the slope (1 / 2 + half_step_slope) / (z + whole).
        share = (1 + 0.5 * n * over) / (1 + whole * over)
        total = total + share * (0.5 + half_step_slope(z + whole))
    return total


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
            x: (..., n), vectors, or (...) numbers where n is 1, which loc and shape say.
            loc: (..., n), or a number; zeros by default.
            shape: (..., n, n), positive definite, or a number or (n,) for a diagonal matrix.
            df: degrees of freedom, a number.
            allow_singular: must be False.

        Returns:
            The logarithms, of shape (...).

        Raises:
            LinAlgError: the matrix is not positive definite.
            ShapeError: the operands do not fit.
            ValueError: singular matrices are asked for.

        >>> MultivariateT().logpdf([0.0, 0.0], [0.0, 0.0], df=3.0).round(6)
        np.float64(-1.837877)
        """
        _refuse_singular("multivariate_t", allow_singular)
        total, logs, n = _distances("multivariate_t", "shape", x, loc, shape)
        degrees, _ = real_floats("multivariate_t", df, total)
        constant = _steps(degrees, n) - 0.5 * (n * log(2 * pi) + logs)
        return constant - kernel_of_logs(degrees, total, n)

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

        >>> MultivariateT().pdf([0.0, 0.0], [0.0, 0.0], df=3.0).round(6)
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
        degrees, _ = real_floats("multivariate_t", df, logs)
        constant = 0.5 * (n * log(2 * pi) + logs) - _steps(degrees, n)
        return constant + _steps_slope(degrees, n)


multivariate_normal = MultivariateNormal()
multivariate_t = MultivariateT()
