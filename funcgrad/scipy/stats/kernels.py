"""Densities of samples by kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import log, pi
from typing import Any

import numpy as np

from ...arrays import like
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.reductions.sums_and_extrema import logsumexp
from ...numpy.scipy_ufuncs import ndtr, real_floats
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import factorizations, solving
from ...ops.linalg.matrices import diagonal_of
from ...ops.pointwise.comparison import select
from ...ops.shape import reduce_sum, reshape, transpose
from ...ops.structural.stop import stop
from ...random import choice, normal, split
from ...tree import register_node
from ...typing import Array, ArrayLike, Key
from ..arguments import one_of


class gaussian_kde:
    """The density of samples, each blurred by a normal distribution.

    Args:
        dataset: (n,), or (d, n): n samples of d numbers.
        bw_method: 'scott', 'silverman', a number, or a function of this object: the factor of the
            standard deviation.
        weights: (n,), those of samples; equal ones by default.

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: there is no such method.

    Reference: Silverman, Density estimation for statistics and data analysis (1986).

    >>> gaussian_kde([0.0, 1.0, 2.0]).pdf(1.0).round(6)
    array([0.318156])
    """

    @user_facing
    def __init__(
        self,
        dataset: ArrayLike,
        bw_method: str | float | Callable[[gaussian_kde], ArrayLike] | None = None,
        weights: ArrayLike | None = None,
    ) -> None:
        given = [dataset] if weights is None else [dataset, weights]
        data, *rest = real_floats("gaussian_kde", *given)
        if len(data.shape) < 2:
            data = reshape(data, shape=(1, data.size))
        if len(data.shape) != 2 or data.size < 2:
            raise ShapeError(
                f"gaussian_kde needs a dataset of shape (n,) or (d, n), got {tuple(data.shape)}"
            )
        self.dataset = data
        self.d, self.n = data.shape
        if rest:
            if tuple(rest[0].shape) != (self.n,):
                raise ShapeError(
                    f"gaussian_kde: {self.n} samples need as many weights, got shape "
                    f"{tuple(rest[0].shape)}"
                )
            self.weights = rest[0] / reduce_sum(rest[0], axes=(0,))
        else:
            self.weights = like(data, np.full(self.n, 1 / self.n, data.dtype))
        self.neff = 1 / np.sum(self.weights * self.weights)
        self.set_bandwidth("scott" if bw_method is None else bw_method)

    @user_facing
    def set_bandwidth(
        self, bw_method: str | float | Callable[[gaussian_kde], ArrayLike] | None = None
    ) -> None:
        """Choose the width of the kernels anew, by the argument of that name; None keeps it.

        >>> kde = gaussian_kde([0.0, 1.0, 2.0])
        >>> kde.set_bandwidth(0.5)
        >>> float(kde.factor)
        0.5
        """
        if bw_method is not None:
            self.factor = self._factor(bw_method)
        mean = matmul(self.dataset, reshape(self.weights, shape=(self.n, 1)))
        apart = self.dataset - mean
        unbiased = 1 - np.sum(self.weights * self.weights)
        spread = matmul(apart * self.weights, transpose(apart, perm=(1, 0))) / unbiased
        self.covariance = spread * self.factor**2
        self._root = factorizations.cholesky(self.covariance)

    def scotts_factor(self) -> Array:
        """The factor of Scott's rule."""
        return self.neff ** (-1.0 / (self.d + 4))  # type: ignore[no-any-return]

    def silverman_factor(self) -> Array:
        """The factor of Silverman's rule."""
        return (self.neff * (self.d + 2) / 4.0) ** (-1.0 / (self.d + 4))  # type: ignore[no-any-return]

    def covariance_factor(self) -> Array:
        """The factor of the standard deviation in use."""
        return self.factor

    @property
    def inv_cov(self) -> Array:
        """The inverse of the covariance matrix of a kernel."""
        return np.linalg.inv(self.covariance)

    def _factor(self, method: object) -> Array:
        if isinstance(method, str) and method == "scott":
            return self.scotts_factor()
        if isinstance(method, str) and method == "silverman":
            return self.silverman_factor()
        if callable(method):
            return real_floats("gaussian_kde", method(self), self.dataset)[0]
        if isinstance(method, str):
            one_of("gaussian_kde", "bw_method", method, ("scott", "silverman"))
        return real_floats("gaussian_kde", method, self.dataset)[0]  # type: ignore[arg-type]

    @user_facing
    def logpdf(self, x: ArrayLike) -> Array:
        """The logarithm of the density.

        Args:
            x: (m,), or (d, m): m points.

        Returns:
            (m,).

        Raises:
            ShapeError: the points have another number of coordinates.
        """
        (points,) = real_floats("gaussian_kde", x)
        if len(points.shape) < 2:
            points = reshape(points, shape=(1, points.size))
            if self.d > 1:
                points = transpose(points, perm=(1, 0))
        if len(points.shape) != 2 or points.shape[0] != self.d:
            raise ShapeError(
                f"gaussian_kde: points of shape {tuple(points.shape)} do not have {self.d} "
                "coordinates"
            )
        data, there = (
            solving.triangular_solve(
                self._root, v, lower=True, transpose_a=solving.NONE, unit_diagonal=False
            )
            for v in (self.dataset, points)
        )
        apart = data[:, None, :] - there[:, :, None]
        total = -0.5 * reduce_sum(apart * apart, axes=(0,))
        return logsumexp(total + self._log_weights(), axis=1) - self._log_size(self._root)

    def _log_weights(self) -> Array:
        some = self.weights > 0
        return select(some, np.log(select(some, self.weights, 1)), -np.inf)

    def _log_size(self, root: Array) -> Array:
        """The logarithm of one over the density in the middle of a kernel."""
        logs = reduce_sum(np.log(diagonal_of(root)), axes=(0,))
        return logs + 0.5 * self.d * log(2 * pi)

    @user_facing
    def evaluate(self, points: ArrayLike) -> Array:
        """The density at points, (m,) or (d, m)."""
        return np.exp(self.logpdf(points))

    def pdf(self, x: ArrayLike) -> Array:
        """The density at points, (m,) or (d, m): the same as ``evaluate``."""
        return self.evaluate(x)

    __call__ = evaluate

    @user_facing
    def integrate_gaussian(self, mean: ArrayLike, cov: ArrayLike) -> Array:
        """The integral of the density times that of a normal distribution.

        Args:
            mean: (d,), or a number where d is 1.
            cov: (d, d), or a number where d is 1.

        Returns:
            A number.

        Raises:
            ShapeError: the shapes do not fit.
        """
        center, spread = real_floats("gaussian_kde.integrate_gaussian", mean, cov)
        if self.d == 1 and not len(center.shape):
            center = reshape(center, shape=(1,))
        if self.d == 1 and not len(spread.shape):
            spread = reshape(spread, shape=(1, 1))
        if tuple(center.shape) != (self.d,) or tuple(spread.shape) != (self.d, self.d):
            raise ShapeError(
                f"gaussian_kde.integrate_gaussian: a mean of shape {tuple(center.shape)} and a "
                f"covariance of shape {tuple(spread.shape)} do not have {self.d} coordinates"
            )
        apart = self.dataset - reshape(center, shape=(self.d, 1))
        return self._integral(apart, self._log_weights(), spread)

    @user_facing
    def integrate_kde(self, other: gaussian_kde) -> Array:
        """The integral of the density times another one's of as many coordinates.

        Raises:
            ShapeError: the other one has another number of coordinates.
            TypeError: the other one is none.
        """
        if not isinstance(other, gaussian_kde):
            raise TypeError(
                f"gaussian_kde.integrate_kde needs another gaussian_kde, got {describe(other)}"
            )
        if other.d != self.d:
            raise ShapeError(
                f"gaussian_kde.integrate_kde: densities of {self.d} and of {other.d} coordinates"
            )
        apart = self.dataset[:, :, None] - other.dataset[:, None, :]
        logs = self._log_weights()[:, None] + other._log_weights()
        count = self.n * other.n
        return self._integral(
            reshape(apart, shape=(self.d, count)), reshape(logs, shape=(count,)), other.covariance
        )

    def _integral(self, apart: Array, logs: Array, cov: Array) -> Array:
        """The sum of normal densities at differences, of a kernel widened by a covariance."""
        root = factorizations.cholesky(
            factorizations.from_triangle(self.covariance + cov, lower=True)
        )
        found = solving.triangular_solve(
            root, apart, lower=True, transpose_a=solving.NONE, unit_diagonal=False
        )
        total = -0.5 * reduce_sum(found * found, axes=(0,)) + logs
        return np.exp(logsumexp(total, axis=0) - self._log_size(root))

    @user_facing
    def integrate_box_1d(self, low: ArrayLike, high: ArrayLike) -> Array:
        """The probability of numbers between two, where d is 1.

        Raises:
            ShapeError: d is more than 1.
        """
        if self.d != 1:
            raise ShapeError(
                f"gaussian_kde.integrate_box_1d: the density is one of {self.d} coordinates"
            )
        start, end = real_floats("gaussian_kde.integrate_box_1d", low, high)
        scale = self._root[0, 0]
        a, b = ((e - self.dataset[0]) / scale for e in (start, end))
        # On the side on which both probabilities are small, so that nothing cancels.
        right = a > 0
        mass = ndtr(select(right, -a, b)) - ndtr(select(right, -b, a))
        return reduce_sum(self.weights * mass, axes=(0,))

    @user_facing
    def resample(self, key: Key, shape: tuple[int, ...] = ()) -> Array:
        """Draw from the density.

        Args:
            key: as of ``funcgrad.random``, in place of SciPy's seed.
            shape: how many points.

        Returns:
            (d, *shape), with derivatives in the data by the drawn kernels.

        >>> from funcgrad.random import key
        >>> gaussian_kde([0.0, 1.0, 2.0]).resample(key(0), (4,)).shape
        (1, 4)
        """
        keys = split(key)
        chosen = choice(keys[0], self.n, shape=shape, p=stop(self.weights))
        noise = normal(keys[1], (self.d, *shape), dtype=self.dataset.dtype)
        count = int(np.prod(shape))
        moved = matmul(self._root, reshape(noise, shape=(self.d, count)))
        return self.dataset[:, chosen] + reshape(moved, shape=(self.d, *shape))


FIELDS = ("dataset", "weights", "neff", "factor", "covariance", "_root")


def _to_children(kde: gaussian_kde) -> tuple[tuple[Array | None, ...], tuple[int, int]]:
    known = kde.__dict__.get  # who looks for a device's arrays does so before there are any
    return tuple(map(known, FIELDS)), (known("d", 0), known("n", 0))


def _from_children(sizes: tuple[int, int], children: Iterable[Any]) -> gaussian_kde:
    kde = object.__new__(gaussian_kde)
    for name, value in zip(FIELDS, children, strict=True):
        setattr(kde, name, value)
    kde.d, kde.n = sizes
    return kde


register_node(gaussian_kde, _to_children, _from_children)
