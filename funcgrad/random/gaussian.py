"""Numbers made of normal ones."""

from __future__ import annotations

import numpy as np

from .. import arrays
from ..core.dtypes import result_type
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops.families import broadcast_shapes
from ..ops.random.gamma import following, slope_of_wald
from ..ops.structural.stop import stop
from ..typing import Array, ArrayLike, DTypeLike, Key, Shape
from .arguments import (
    as_floats,
    check_choice,
    check_dtype,
    check_fit,
    check_key,
    check_shape,
    check_size,
    parameters,
    real_parameter,
)
from .drawing import random_uniform
from .samplers import normals, rounded, signs, single_for_half, split_key


@user_facing
def lognormal(
    key: Key,
    sigma: ArrayLike = 1.0,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw numbers whose logarithms are normal, with mean 0.

    Parameters:
        sigma: standard deviations of the logarithms.
        dtype: float or complex type of the result.

    Returns:
        Array of this shape and dtype: exp(sigma z) for normal z.

    >>> from funcgrad import random
    >>> random.lognormal(random.key(0), 0.5, (2,)).round(4)
    array([0.9022, 0.6754])
    """
    check_key("lognormal", key)
    dtype = check_dtype("lognormal", dtype, "fc")
    shape, key, (sigma,) = parameters("lognormal", key, shape, dtype, sigma=sigma)
    exponent = normals(key, shape, dtype) * sigma
    with np.errstate(over="ignore"):
        return np.exp(exponent)


@user_facing
def maxwell(
    key: Key, shape: Shape = (), dtype: DTypeLike = float, *, out_sharding: None = None
) -> Array:
    """Draw from the Maxwell distribution, of density ~ x**2 exp(-x**2 / 2) on [0, inf).

    Returns:
        Array of this shape and dtype: lengths of normal vectors of three elements.

    >>> from funcgrad import random
    >>> random.maxwell(random.key(0), (2,)).round(4)
    array([1.9891, 0.4246])
    """
    check_key("maxwell", key)
    dtype = check_dtype("maxwell", dtype, "f")
    return _lengths(key, check_shape("maxwell", shape), dtype)


def _lengths(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    return np.sqrt(np.sum(normals(key, (*shape, 3), dtype) ** 2, axis=-1))


@user_facing
def double_sided_maxwell(
    key: Key, loc: ArrayLike, scale: ArrayLike, shape: Shape = (), dtype: DTypeLike = float
) -> Array:
    """Draw z scale + loc, where z is of density ~ z**2 exp(-z**2 / 2).

    Parameters:
        loc: centres.
        scale: scales.
        shape: axes in front of those to which loc and scale broadcast together.

    Returns:
        Array of shape (*shape, *parameter_shape) and this dtype: numbers of ``maxwell`` with
        random signs, scaled and shifted.

    >>> from funcgrad import random
    >>> random.double_sided_maxwell(random.key(0), 1.0, np.ones(3), (2,)).shape
    (2, 3)
    """
    check_key("double_sided_maxwell", key)
    dtype = check_dtype("double_sided_maxwell", dtype, "f")
    shape = check_shape("double_sided_maxwell", shape)
    inner, key, (loc, scale) = parameters(
        "double_sided_maxwell", key, None, dtype, loc=loc, scale=scale
    )
    keys = split_key(key)
    shape = (*shape, *inner)
    return signs(keys[1], shape, dtype) * _lengths(keys[0], shape, dtype) * scale + loc


@user_facing
def wald(
    key: Key,
    mean: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from Wald (inverse Gaussian) distributions with scale 1.

    Parameters:
        mean: positive means.

    Returns:
        Array of this shape and dtype, of density
        exp(-(x - mean)**2 / (2 mean**2 x)) / sqrt(2 pi x**3). The derivative with respect to the
        mean is that of the quantiles.

    Source: Michael, Schucany and Haas, Generating random variates using transformations with
    multiple roots (1976). A uniform number chooses one of two roots, with a probability that
    depends on the mean, so the derivative of the chosen root alone would be biased.

    >>> from funcgrad import random
    >>> random.wald(random.key(0), 1.0, (2,)).shape
    (2,)
    """
    check_key("wald", key)
    result = check_dtype("wald", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (mean,) = parameters("wald", key, shape, dtype, mean=mean)
    mean = np.broadcast_to(mean, shape)
    drawn = following(_wald_roots(key, stop(mean), dtype), mean, slope=slope_of_wald)
    return rounded(drawn, result)


def _wald_roots(key: Key, mean: Array, dtype: np.dtype) -> Array:
    keys = split_key(key)
    y = normals(keys[0], mean.shape, dtype) ** 2
    u = random_uniform(keys[1], shape=mean.shape, dtype=dtype)
    # The product of both roots is mean**2: the smaller one comes without cancellation.
    ratio = 1 + (mean * y + np.sqrt(mean * y) * np.sqrt(4 + mean * y)) / 2
    larger, smaller = mean * ratio, mean / ratio
    return np.where(u <= mean / (mean + smaller), smaller, larger)[()]


@user_facing
def multivariate_normal(
    key: Key,
    mean: ArrayLike,
    cov: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike | None = None,
    method: str = "cholesky",
    *,
    out_sharding: None = None,
) -> Array:
    """Draw vectors from multivariate normal distributions.

    Parameters:
        mean: array of shape (..., n).
        cov: symmetric positive matrices, of shape (..., n, n).
        shape: shape of the result without its last axis, to which the leading axes of mean and cov
            broadcast; None is the shape to which they broadcast together.
        dtype: float type of the result; None is that of mean and cov.
        method: how cov is factored: "cholesky" (fastest), or "eigh" or "svd", which also take
            matrices that are singular.

    Returns:
        Array of shape (*shape, n): mean + factor @ z for normal z, with factor @ factor.T = cov.

    Raises:
        ShapeError: if the shapes do not fit.
        ValueError: if there is no such method.

    >>> from funcgrad import random
    >>> cov = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> random.multivariate_normal(random.key(0), np.zeros(2), cov, (3,)).shape
    (3, 2)
    """
    name = "multivariate_normal"
    check_key(name, key)
    check_choice(name, "method", method, ("cholesky", "eigh", "svd"))
    center = as_floats(real_parameter(name, "mean", mean))
    spread = as_floats(real_parameter(name, "cov", cov))
    if center.ndim < 1 or spread.ndim < 2 or spread.shape[-2:] != 2 * center.shape[-1:]:
        raise ShapeError(
            f"{name} needs a mean of shape (..., n) and a cov of shape (..., n, n); got shapes "
            f"{center.shape} and {spread.shape}"
        )
    dtype = result_type(center.dtype, spread.dtype) if dtype is None else dtype
    dtype = check_dtype(name, dtype, "f")
    if shape is None:
        shape = broadcast_shapes(name, center.shape[:-1], spread.shape[:-2])
    else:
        shape = check_shape(name, shape)
        check_fit(name, "mean without its last axis", center.shape[:-1], shape)
        check_fit(name, "cov without its last two axes", spread.shape[:-2], shape)
    key, center, spread = arrays.harmonize((key, center, spread))[1]
    factor = _square_root(spread, method).astype(dtype)
    z = normals(key, (*shape, center.shape[-1]), dtype)
    if factor.ndim == 2:
        return center.astype(dtype) + z @ factor.T
    return center.astype(dtype) + np.squeeze(factor @ z[..., None], -1)


def _square_root(cov: Array, method: str) -> Array:
    """A matrix that gives cov when multiplied with its transpose."""
    if method == "cholesky":
        return np.linalg.cholesky(cov)
    if method == "eigh":
        values, vectors = np.linalg.eigh(cov)
    else:
        vectors, values, _ = np.linalg.svd(cov)
    # Rounding makes some zeros negative; at zeros the square root has no derivative.
    positive = values > 0
    roots = np.where(positive, np.sqrt(np.where(positive, values, 1)), 0)
    return vectors * roots[..., None, :]


@user_facing
def orthogonal(
    key: Key,
    n: int,
    shape: Shape = (),
    dtype: DTypeLike = float,
    m: int | None = None,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw uniformly from the orthogonal matrices, or from the unitary ones.

    Parameters:
        n: number of rows.
        shape: shape of an array of matrices.
        dtype: float type, or complex type for unitary matrices.
        m: number of columns; None is n. Of the rows and the columns, the shorter ones are
            orthonormal.

    Returns:
        Array of shape (*shape, n, m): the Q of QR decompositions of normal matrices, with signs
        that make the diagonal of R positive.

    Source: Mezzadri, How to generate random matrices from the classical compact groups (2007).

    >>> from funcgrad import random
    >>> q = random.orthogonal(random.key(0), 3)
    >>> np.allclose(q @ q.T, np.eye(3))
    True
    """
    check_key("orthogonal", key)
    dtype = check_dtype("orthogonal", dtype, "fc")
    shape = check_shape("orthogonal", shape)
    n = check_size("orthogonal", "n", n)
    m = n if m is None else check_size("orthogonal", "m", m)
    q, r = np.linalg.qr(normals(key, (*shape, max(n, m), min(n, m)), dtype))
    q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return np.swapaxes(q, -1, -2) if n < m else q
