"""Distributions of shares and of their counts, and of matrices."""

from __future__ import annotations

from math import inf, log

import numpy as np

from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.scipy_ufuncs import real_floats, xlogy
from ...ops.linalg import factorizations
from ...ops.linalg.matrices import diagonal_of
from ...ops.pointwise.comparison import select
from ...ops.pointwise.special import digamma, lgamma
from ...ops.shape import broadcast_to, reduce_sum, reshape, transpose
from ...typing import Array, ArrayLike
from ..special.gammas import multigammaln
from .vectors import last_axis, log_determinant, solved


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
        out = lgamma(number + 1) + reduce_sum(terms, axes=last_axis(terms))
        whole = reduce_sum(
            select((counts < 0) | (counts != np.floor(counts)), 1.0, 0.0), axes=last_axis(counts)
        )
        fits = (reduce_sum(counts, axes=last_axis(counts)) == number) & (whole == 0)
        return select(fits, out, -inf)

    @user_facing
    def pmf(self, x: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
        """The probability of counts, with the arguments of ``logpmf``.

        >>> Multinomial().pmf([1, 1], 2, [0.5, 0.5]).round(6)
        np.float64(0.5)
        """
        return np.exp(self.logpmf(x, n, p))

    @user_facing
    def cov(self, n: ArrayLike, p: ArrayLike) -> Array:
        """The covariance matrix of counts.

        Args:
            n: their sum.
            p: (k,), the probabilities of kinds.

        Returns:
            (k, k).

        >>> Multinomial().cov(2, [0.5, 0.5])
        array([[ 0.5, -0.5],
               [-0.5,  0.5]])
        """
        number, shares = real_floats("multinomial", n, p)
        return number * (np.diag(shares) - shares[:, None] * shares)


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

    def _parameters(self, alpha: ArrayLike) -> tuple[Array, Array]:
        (weights,) = real_floats("dirichlet", alpha)
        if len(weights.shape) != 1:
            raise ShapeError(f"dirichlet: alpha must be a vector, got {tuple(weights.shape)}")
        return weights, reduce_sum(weights, axes=(0,))

    @user_facing
    def mean(self, alpha: ArrayLike) -> Array:
        """The means of the probabilities, (k,).

        >>> Dirichlet().mean([1.0, 3.0])
        array([0.25, 0.75])
        """
        weights, total = self._parameters(alpha)
        return weights / total

    @user_facing
    def var(self, alpha: ArrayLike) -> Array:
        """The variances of the probabilities, (k,).

        >>> Dirichlet().var([1.0, 3.0])
        array([0.0375, 0.0375])
        """
        weights, total = self._parameters(alpha)
        return weights * (total - weights) / (total * total * (total + 1))

    @user_facing
    def entropy(self, alpha: ArrayLike) -> Array:
        """The differential entropy, in nats.

        >>> Dirichlet().entropy([1.0, 1.0])
        np.float64(0.0)
        """
        weights, total = self._parameters(alpha)
        constant = reduce_sum(lgamma(weights), axes=(0,)) - lgamma(total)
        inner = reduce_sum((weights - 1) * digamma(weights), axes=(0,))
        return constant + (total - weights.shape[0]) * digamma(total) - inner


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
        found = solved(of_scale_there, of_points)
        axes = (len(found.shape) - 2, len(found.shape) - 1)
        trace = reduce_sum(found * found, axes=axes)
        constant = 0.5 * degrees * (p * log(2) + log_determinant(of_scale))
        constant = constant + multigammaln(0.5 * degrees, p)
        return 0.5 * ((degrees - p - 1) * log_determinant(of_points) - trace) - constant

    @user_facing
    def pdf(self, x: ArrayLike, df: ArrayLike, scale: ArrayLike) -> Array:
        """The density, with the arguments of ``logpdf``.

        >>> Wishart().pdf([[1.0]], 2.0, [[1.0]]).round(6)
        np.float64(0.303265)
        """
        return np.exp(self.logpdf(x, df, scale))

    def _parameters(self, df: ArrayLike, scale: ArrayLike) -> tuple[Array, Array, int]:
        degrees, spread = real_floats("wishart", df, scale)
        p = spread.shape[-1] if len(spread.shape) == 2 else 0
        if tuple(spread.shape) != (p, p):
            raise ShapeError(f"wishart: scale must be a square matrix, got {tuple(spread.shape)}")
        return degrees, spread, p

    @user_facing
    def mean(self, df: ArrayLike, scale: ArrayLike) -> Array:
        """The mean of the matrices.

        >>> Wishart().mean(2.0, [[3.0]])
        array([[6.]])
        """
        degrees, spread, _ = self._parameters(df, scale)
        return degrees * spread

    @user_facing
    def var(self, df: ArrayLike, scale: ArrayLike) -> Array:
        """The variances of the elements of the matrices.

        >>> Wishart().var(2.0, [[3.0]])
        array([[36.]])
        """
        degrees, spread, _ = self._parameters(df, scale)
        own = diagonal_of(spread)
        return degrees * (spread * spread + own[:, None] * own)

    @user_facing
    def entropy(self, df: ArrayLike, scale: ArrayLike) -> Array:
        """The differential entropy, in nats.

        >>> Wishart().entropy(2.0, [[3.0]]).round(6)
        np.float64(2.791759)
        """
        degrees, spread, p = self._parameters(df, scale)
        factor = factorizations.cholesky(factorizations.from_triangle(spread, lower=True))
        half = 0.5 * degrees
        slopes: Array = digamma(half)
        for j in range(1, p):
            slopes = slopes + digamma(half - 0.5 * j)
        scaled = 0.5 * (p + 1) * (log_determinant(factor) + p * log(2))
        return scaled + multigammaln(half, p) - 0.5 * (degrees - p - 1) * slopes + half * p


multinomial = Multinomial()
dirichlet = Dirichlet()
wishart = Wishart()
