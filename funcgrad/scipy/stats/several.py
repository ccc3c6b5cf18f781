"""Distributions of vectors and matrices."""

from __future__ import annotations

from math import inf, log, pi

import numpy as np

from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.scipy_ufuncs import real_floats, xlogy
from ...ops.linalg import factorizations, solving
from ...ops.linalg.matrices import diagonal_of
from ...ops.pointwise.comparison import select
from ...ops.pointwise.special import lgamma
from ...ops.shape import broadcast_to, reduce_sum, reshape, transpose
from ...typing import Array, ArrayLike
from ..special.gammas import multigammaln


def _last(x: Array) -> tuple[int]:
    return (len(x.shape) - 1,)


def _log_determinant(factor: Array) -> Array:
    """That of a matrix, from its Cholesky factor."""
    logs = np.log(diagonal_of(factor))
    return 2 * reduce_sum(logs, axes=_last(logs))


def _solved(factor: Array, columns: Array) -> Array:
    return solving.triangular_solve(
        factor, columns, lower=True, transpose_a=solving.NONE, unit_diagonal=False
    )


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
        if allow_singular:
            raise ValueError(
                "multivariate_normal: allow_singular=True is not supported; the density of a "
                "singular one is that in a subspace"
            )
        name = "multivariate_normal"
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
                f"{tuple(center.shape)} and a covariance of shape {tuple(spread.shape)} do not fit"
            )
        apart = points - center
        if len(spread.shape) < 2:
            variances = broadcast_to(spread, (n,))
            total = reduce_sum(apart * apart / variances, axes=_last(apart))
            logs = reduce_sum(np.log(variances), axes=(0,))
        else:
            factor = factorizations.cholesky(factorizations.from_triangle(spread, lower=True))
            lead = tuple(apart.shape[:-1])
            count = int(np.prod(lead))
            rows = transpose(reshape(apart, shape=(count, n)), perm=(1, 0))
            found = _solved(factor, rows)
            total = reshape(reduce_sum(found * found, axes=(0,)), shape=lead)
            logs = _log_determinant(factor)
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


class Multinomial:
    """The counts of n draws from a few kinds."""

    @user_facing
    def logpmf(self, x: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
        """The logarithm of the probability of counts.

        Args:
            x: (..., k), counts.
            n: their sums.
            p: (..., k), the probabilities of kinds.

        Returns:
            The logarithms, -inf where counts do not add up to n.

        >>> Multinomial().logpmf([1, 1], 2, [0.5, 0.5]).round(6)
        np.float64(-0.693147)
        """
        counts, number, shares = real_floats("multinomial", x, n, p)
        terms = xlogy(counts, shares) - lgamma(counts + 1)
        out = lgamma(number + 1) + reduce_sum(terms, axes=_last(terms))
        whole = reduce_sum(
            select((counts < 0) | (counts != np.floor(counts)), 1.0, 0.0), axes=_last(counts)
        )
        fits = (reduce_sum(counts, axes=_last(counts)) == number) & (whole == 0)
        return select(fits, out, -inf)

    @user_facing
    def pmf(self, x: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
        """The probability of counts, with the arguments of ``logpmf``.

        >>> Multinomial().pmf([1, 1], 2, [0.5, 0.5]).round(6)
        np.float64(0.5)
        """
        return np.exp(self.logpmf(x, n, p))


class Dirichlet:
    """The distribution of probabilities with sum 1."""

    @user_facing
    def logpdf(self, x: ArrayLike, alpha: ArrayLike) -> Array:
        """The logarithm of the density.

        Args:
            x: (k, ...), numbers with sum 1 along the first axis, or (k - 1, ...) without the last.
            alpha: (k,), positive numbers.

        Returns:
            The logarithms, of shape (...); -inf outside.

        Raises:
            ShapeError: the lengths do not fit.

        >>> Dirichlet().logpdf([0.5, 0.5], [1.0, 1.0])
        np.float64(0.0)
        """
        points, weights = real_floats("dirichlet", x, alpha)
        if len(weights.shape) != 1 or not len(points.shape):
            raise ShapeError(f"dirichlet: alpha must be a vector, got {tuple(weights.shape)}")
        k = weights.shape[0]
        if points.shape[0] == k - 1:
            rest = 1 - reduce_sum(points, axes=(0,))
            points = np.concatenate([points, rest[None]], axis=0)
        if points.shape[0] != k:
            raise ShapeError(
                f"dirichlet: points of shape {tuple(points.shape)} do not fit {k} parameters"
            )
        column = reshape(weights, shape=(k,) + (1,) * (len(points.shape) - 1))
        total = reduce_sum(xlogy(column - 1, select(points < 0, 1, points)), axes=(0,))
        constant = lgamma(reduce_sum(weights, axes=(0,))) - reduce_sum(lgamma(weights), axes=(0,))
        sums = reduce_sum(points, axes=(0,))
        outside = reduce_sum(select((points < 0) | (points > 1), 1.0, 0.0), axes=(0,))
        return select((np.abs(sums - 1) < 1e-5) & (outside == 0), total + constant, -inf)

    @user_facing
    def pdf(self, x: ArrayLike, alpha: ArrayLike) -> Array:
        """The density, with the arguments of ``logpdf``.

        >>> Dirichlet().pdf([0.5, 0.5], [1.0, 1.0])
        np.float64(1.0)
        """
        return np.exp(self.logpdf(x, alpha))


class Wishart:
    """The distribution of sums of squares of normal vectors."""

    @user_facing
    def logpdf(self, x: ArrayLike, df: ArrayLike, scale: ArrayLike) -> Array:
        """The logarithm of the density.

        Args:
            x: (p, p), or (p, p, k): positive definite matrices.
            df: a number above p - 1.
            scale: (p, p), positive definite.

        Returns:
            The logarithm, or k of them.

        Raises:
            LinAlgError: a matrix is not positive definite.
            ShapeError: the shapes do not fit.

        >>> Wishart().logpdf([[1.0]], 2.0, [[1.0]]).round(6)
        np.float64(-1.193147)
        """
        points, degrees, spread = real_floats("wishart", x, df, scale)
        p = spread.shape[-1] if len(spread.shape) == 2 else 0
        if tuple(spread.shape) != (p, p) or tuple(points.shape[:2]) != (p, p):
            raise ShapeError(
                f"wishart: matrices of shape {tuple(points.shape)} do not fit a scale of shape "
                f"{tuple(spread.shape)}"
            )
        if len(points.shape) == 3:
            points = transpose(points, perm=(2, 0, 1))
        of_points = factorizations.cholesky(factorizations.from_triangle(points, lower=True))
        of_scale = factorizations.cholesky(factorizations.from_triangle(spread, lower=True))
        of_scale_there = broadcast_to(of_scale, (*points.shape[:-2], p, p))
        found = _solved(of_scale_there, of_points)
        axes = (len(found.shape) - 2, len(found.shape) - 1)
        trace = reduce_sum(found * found, axes=axes)
        constant = 0.5 * degrees * (p * log(2) + _log_determinant(of_scale))
        constant = constant + multigammaln(0.5 * degrees, p)
        return 0.5 * ((degrees - p - 1) * _log_determinant(of_points) - trace) - constant

    @user_facing
    def pdf(self, x: ArrayLike, df: ArrayLike, scale: ArrayLike) -> Array:
        """The density, with the arguments of ``logpdf``.

        >>> Wishart().pdf([[1.0]], 2.0, [[1.0]]).round(6)
        np.float64(0.303265)
        """
        return np.exp(self.logpdf(x, df, scale))


multivariate_normal = MultivariateNormal()
multinomial = Multinomial()
dirichlet = Dirichlet()
wishart = Wishart()
