"""Statistics of samples: ranks, modes, standard errors, and densities by kernels."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import NamedTuple

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.protocol import as_operand, axis_of
from ...numpy.reductions.sums_and_extrema import logsumexp
from ...numpy.scipy_ufuncs import real_floats
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import factorizations, solving
from ...ops.linalg.matrices import diagonal_of
from ...ops.pointwise.comparison import select
from ...ops.reductions.cumulative import cummax, cummin
from ...ops.shape import cast, reduce_sum, reshape, transpose
from ...ops.structural.stop import stop
from ...typing import Array, ArrayLike
from ..arguments import one_of

METHODS = ("average", "min", "max", "dense", "ordinal")


class ModeResult(NamedTuple):
    """The most frequent values, and how often they are there."""

    mode: Array
    count: Array  # type: ignore[assignment]  # SciPy's name, too, hides that of tuples


def _flat_or_axis(x: Array, axis: int | None) -> tuple[Array, int]:
    if axis is None or not len(x.shape):
        return reshape(x, shape=(x.size,)), 0
    return x, axis_of(axis, len(x.shape))


@user_facing
def rankdata(a: ArrayLike, method: str = "average", *, axis: int | None = None) -> Array:
    """Ranks from 1 on.

    Args:
        a: array without NaN.
        method: what equal numbers get: 'average', 'min' or 'max' of their places, 'dense' for
            ranks without gaps, or 'ordinal' for their order.
        axis: the axis; None ranks all numbers together, and gives a vector.

    Returns:
        The ranks, float64. They have the derivative 0.

    Raises:
        ValueError: there is no such method.

    >>> rankdata([0, 2, 3, 2])
    array([1. , 2.5, 4. , 2.5])
    """
    one_of("rankdata", "method", method, METHODS)
    x, place = _flat_or_axis(as_operand(a), axis)
    x = np.moveaxis(stop(x), place, -1)
    order = np.argsort(x, axis=-1, kind="stable")
    places = np.argsort(order, axis=-1, kind="stable")
    if method == "ordinal":
        ranks = places + 1
    else:
        ordered = np.take_along_axis(x, order, axis=-1)
        first = np.ones_like(ordered[..., :1], dtype=bool)
        new = np.concatenate([first, ordered[..., 1:] != ordered[..., :-1]], axis=-1)
        n, last = x.shape[-1], len(x.shape) - 1
        numbers = like(new, np.arange(n))
        low = cummax(np.where(new, numbers, 0), axis=last, reverse=False)
        ends = np.concatenate([new[..., 1:], first], axis=-1)
        high = cummin(np.where(ends, numbers, n), axis=last, reverse=True)
        found = {
            "min": low + 1,
            "max": high + 1,
            "average": 0.5 * (low + high) + 1,
            "dense": np.cumsum(new, axis=-1),
        }[method]
        ranks = np.take_along_axis(found, places, axis=-1)
    return np.moveaxis(cast(as_operand(ranks), np.dtype(np.float64)), -1, place)


@user_facing
def mode(a: ArrayLike, axis: int | None = 0, keepdims: bool = False) -> ModeResult:
    """The most frequent value, the smallest one of several.

    Args:
        a: array without NaN.
        axis: the axis; None for all numbers.
        keepdims: keep the axis as one of length 1.

    Returns:
        (mode, count).

    Raises:
        ShapeError: there are no numbers.

    >>> mode([3, 1, 3, 2]).mode
    np.int64(3)
    """
    x = as_operand(a)
    ndim = len(x.shape)
    flat, place = _flat_or_axis(x, axis)
    if not flat.shape[place]:
        raise ShapeError(f"mode of no numbers: axis {axis} of shape {tuple(x.shape)}")
    ordered = np.sort(np.moveaxis(flat, place, -1), axis=-1)
    fixed = stop(ordered)
    counts = np.sum(fixed[..., :, None] == fixed[..., None, :], axis=-1)
    where = np.argmax(counts, axis=-1)[..., None]
    value = np.take_along_axis(ordered, where, axis=-1)
    count = np.take_along_axis(counts, where, axis=-1)
    if keepdims:
        if axis is None:
            shape: tuple[int, ...] = (1,) * ndim
            return ModeResult(reshape(value, shape=shape), reshape(count, shape=shape))
        return ModeResult(np.moveaxis(value, -1, place), np.moveaxis(count, -1, place))
    rest = tuple(value.shape[:-1])
    return ModeResult(reshape(value, shape=rest), reshape(count, shape=rest))


@user_facing
def sem(
    a: ArrayLike,
    axis: int | None = 0,
    ddof: int = 1,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Array:
    """The standard error of the mean.

    Args:
        a: array.
        axis: the axis; None for all numbers.
        ddof: what is subtracted from the number of samples.
        nan_policy: 'propagate', or 'omit' to leave NaN out.
        keepdims: keep the axis as one of length 1.

    Returns:
        The standard deviation over the square root of the number of samples.

    Raises:
        ValueError: there is no such policy.

    >>> sem([1.0, 3.0])
    np.float64(1.0)
    """
    one_of("sem", "nan_policy", nan_policy, ("propagate", "omit"))
    (x,) = real_floats("sem", a)
    if nan_policy == "omit":
        count = np.sum(~np.isnan(x), axis=axis, keepdims=keepdims)
        return np.nanstd(x, axis=axis, ddof=ddof, keepdims=keepdims) / np.sqrt(count)
    count = x.size if axis is None else x.shape[axis_of(axis, len(x.shape))]
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims) / x.dtype.type(count) ** 0.5


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
        self.factor = self._factor(bw_method)
        mean = matmul(data, reshape(self.weights, shape=(self.n, 1)))
        apart = data - mean
        unbiased = 1 - np.sum(self.weights * self.weights)
        spread = matmul(apart * self.weights, transpose(apart, perm=(1, 0))) / unbiased
        self.covariance = spread * self.factor**2
        self._root = factorizations.cholesky(self.covariance)

    def _factor(self, method: object) -> Array:
        power = -1.0 / (self.d + 4)
        if method is None or (isinstance(method, str) and method == "scott"):
            return self.neff**power
        if isinstance(method, str) and method == "silverman":
            return (self.neff * (self.d + 2) / 4.0) ** power
        if callable(method):
            return as_operand(method(self))
        if isinstance(method, str):
            one_of("gaussian_kde", "bw_method", method, ("scott", "silverman"))
        return real_floats("gaussian_kde", method)[0]  # type: ignore[arg-type]

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
        size = reduce_sum(np.log(diagonal_of(self._root)), axes=(0,)) + 0.5 * self.d * log(2 * pi)
        some = self.weights > 0
        logs = select(some, np.log(select(some, self.weights, 1)), -np.inf)
        return logsumexp(total + logs, axis=1) - size

    @user_facing
    def evaluate(self, points: ArrayLike) -> Array:
        """The density at points, (m,) or (d, m)."""
        return np.exp(self.logpdf(points))

    def pdf(self, x: ArrayLike) -> Array:
        """The density at points, (m,) or (d, m): the same as ``evaluate``."""
        return self.evaluate(x)

    __call__ = evaluate
