"""Numbers from gamma distributions and from those that are made of them.

Derivatives with respect to parameters are those of numbers at constant probability of a smaller
one, by implicit differentiation of the distribution function: Figurnov, Mohamed and Mnih, Implicit
reparameterization gradients (2018). They need SciPy; the numbers do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import finfo
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops.structural.stop import stop
from ..typing import Array, ArrayLike, DTypeLike, Key, Shape
from .arguments import (
    check_dtype,
    check_fit,
    check_key,
    check_shape,
    check_size,
    parameters,
    real_parameter,
)
from .samplers import (
    exponentials,
    gammas,
    log_gammas,
    normals,
    rounded,
    signs,
    single_for_half,
    split_key,
)


@user_facing
def gamma(
    key: Key,
    a: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from gamma distributions, x**(a - 1) exp(-x) / Gamma(a) on [0, inf).

    Parameters:
        a: positive shape parameters.

    Returns:
        Array of this shape and dtype. Where a is below 0.01, numbers may be so small that they are
        0; see ``loggamma``.

    Source: Marsaglia and Tsang, A simple method for generating gamma variables (2000).

    >>> from funcgrad import random
    >>> random.gamma(random.key(0), 2.0, (2,)).round(4)
    array([1.352 , 1.1244])
    """
    check_key("gamma", key)
    result = check_dtype("gamma", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (a,) = parameters("gamma", key, shape, dtype, a=a)
    return rounded(gammas(key, a, shape), result)


@user_facing
def loggamma(
    key: Key,
    a: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw logarithms of numbers from gamma distributions, which do not underflow for small a.

    Parameters:
        a: positive shape parameters.

    Returns:
        Array of this shape and dtype: the logarithm of ``gamma`` with the same arguments.

    >>> from funcgrad import random
    >>> random.loggamma(random.key(0), 0.001, (2,)).round(1)
    array([-1113. , -2280.5])
    """
    check_key("loggamma", key)
    result = check_dtype("loggamma", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (a,) = parameters("loggamma", key, shape, dtype, a=a)
    return rounded(log_gammas(key, a, shape), result)


@user_facing
def chisquare(
    key: Key,
    df: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from chi-square distributions, of density ~ x**(df / 2 - 1) exp(-x / 2) on [0, inf).

    Parameters:
        df: positive degrees of freedom.

    Returns:
        Array of this shape and dtype: twice the gamma numbers of shape parameter df / 2.

    >>> from funcgrad import random
    >>> random.chisquare(random.key(0), 4.0, (2,)).round(4)
    array([2.7041, 2.2487])
    """
    check_key("chisquare", key)
    result = check_dtype("chisquare", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (df,) = parameters("chisquare", key, shape, dtype, df=df)
    return rounded(np.exp(log_gammas(key, df / 2, shape)) * 2, result)


@user_facing
def f(
    key: Key,
    dfnum: ArrayLike,
    dfden: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from F distributions: ratios of chi-square numbers, each over its degrees of freedom.

    Parameters:
        dfnum: degrees of freedom of the numerators.
        dfden: degrees of freedom of the denominators.

    Returns:
        Array of this shape and dtype.

    >>> from funcgrad import random
    >>> random.f(random.key(0), 3.0, np.array([4.0, 9.0])).shape
    (2,)
    """
    check_key("f", key)
    result = check_dtype("f", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (dfnum, dfden) = parameters("f", key, shape, dtype, dfnum=dfnum, dfden=dfden)
    keys = split_key(key)
    difference = log_gammas(keys[1], dfnum / 2, shape) - log_gammas(keys[0], dfden / 2, shape)
    with np.errstate(over="ignore"):
        return rounded(np.exp(difference) * (dfden / dfnum), result)


@user_facing
def t(
    key: Key,
    df: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from Student's t distributions, of density ~ (1 + x**2 / df)**(-(df + 1) / 2).

    Parameters:
        df: positive degrees of freedom.

    Returns:
        Array of this shape and dtype: z sqrt(df / 2 / g) for normal z and gamma numbers g of shape
        parameter df / 2.

    >>> from funcgrad import random
    >>> random.t(random.key(0), 5.0, (2,)).shape
    (2,)
    """
    check_key("t", key)
    result = check_dtype("t", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (df,) = parameters("t", key, shape, dtype, df=df)
    keys = split_key(key)
    half = df / 2
    # By the logarithm, since g may be too small for its type.
    root = -log_gammas(keys[1], half, shape) / 2
    with np.errstate(over="ignore"):
        return rounded(normals(keys[0], shape, dtype) * (np.sqrt(half) * np.exp(root)), result)


@user_facing
def beta(
    key: Key,
    a: ArrayLike,
    b: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from beta distributions, of density ~ x**(a - 1) (1 - x)**(b - 1) on [0, 1].

    Parameters:
        a: positive parameters.
        b: positive parameters.

    Returns:
        Array of this shape and dtype: g / (g + h) for gamma numbers g and h of a and b.

    >>> from funcgrad import random
    >>> random.beta(random.key(0), 2.0, 3.0, (2,)).shape
    (2,)
    """
    check_key("beta", key)
    result = check_dtype("beta", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (a, b) = parameters("beta", key, shape, dtype, a=a, b=b)
    keys = split_key(key)
    log_g, log_h = log_gammas(keys[0], a, shape), log_gammas(keys[1], b, shape)
    least = finfo(log_g.dtype).min  # -inf, for parameters next to 0, has no difference
    log_g, log_h = np.maximum(log_g, least), np.maximum(log_h, least)
    largest = stop(np.maximum(log_g, log_h))
    g, h = np.exp(log_g - largest), np.exp(log_h - largest)
    return rounded(g / (g + h), result)


@user_facing
def dirichlet(
    key: Key,
    alpha: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw vectors of probabilities from Dirichlet distributions, ~ prod(x**(alpha - 1)).

    Parameters:
        alpha: positive parameters, of shape (..., n).
        shape: shape of the result without its last axis, to which the leading axes of alpha
            broadcast; None are those axes.

    Returns:
        Array of shape (*shape, n) and this dtype: gamma numbers divided by their sum.

    Raises:
        ShapeError: if alpha is no vector, or does not fit.

    >>> from funcgrad import random
    >>> random.dirichlet(random.key(0), np.ones(3)).sum().round(12)
    np.float64(1.0)
    """
    check_key("dirichlet", key)
    result = check_dtype("dirichlet", dtype, "f")
    dtype = single_for_half(result)
    alpha = real_parameter("dirichlet", "alpha", alpha)
    if alpha.ndim < 1:
        raise ShapeError("dirichlet needs an alpha of shape (..., n); got a scalar")
    batch = alpha.shape[:-1]
    shape = batch if shape is None else check_shape("dirichlet", shape)
    check_fit("dirichlet", "alpha without its last axis", batch, shape)
    shape, key, (alpha,) = parameters(
        "dirichlet", key, (*shape, alpha.shape[-1]), dtype, alpha=alpha
    )
    log_g = np.maximum(log_gammas(key, alpha, shape), finfo(alpha.dtype).min)
    g = np.exp(log_g - stop(np.max(log_g, axis=-1, keepdims=True)))
    return rounded(g / np.sum(g, axis=-1, keepdims=True), result)


@user_facing
def generalized_normal(
    key: Key,
    p: ArrayLike,
    shape: Shape = (),
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from the generalized normal distribution, of density ~ exp(-abs(x)**p).

    Parameters:
        p: positive exponents.

    Returns:
        Array of this shape and dtype: g**(1 / p) with random signs, for gamma numbers g of shape
        parameter 1 / p.

    >>> from funcgrad import random
    >>> random.generalized_normal(random.key(0), 4.0, (2,)).shape
    (2,)
    """
    check_key("generalized_normal", key)
    result = check_dtype("generalized_normal", dtype, "f")
    dtype = single_for_half(result)
    shape, key, (p,) = parameters("generalized_normal", key, shape, dtype, p=p)
    sign, log_power = _signed_powers(key, p, shape, dtype)
    return rounded(sign * np.exp(log_power / p), result)


def _signed_powers(key: Key, p: Array, shape: tuple[int, ...], dtype: np.dtype) -> tuple[Any, Any]:
    """Signs of numbers from the generalized normal distribution; logarithms of abs(x)**p."""
    keys = split_key(key)
    return signs(keys[1], shape, dtype), log_gammas(keys[0], 1 / p, shape)


@user_facing
def ball(
    key: Key,
    d: int,
    p: ArrayLike = 2.0,
    shape: Shape = (),
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw uniformly from the unit ball of the p-norm.

    Parameters:
        d: number of dimensions.
        p: positive exponent of the norm, a scalar.
        shape: shape of an array of points.

    Returns:
        Array of shape (*shape, d) and this dtype.

    Source: Barthe, Guedon, Mendelson and Naor, A probabilistic approach to the geometry of the
    l_p^n-ball (2005).

    >>> from funcgrad import random
    >>> bool(np.sum(random.ball(random.key(0), 3) ** 2) < 1)
    True
    """
    check_key("ball", key)
    result = check_dtype("ball", dtype, "f")
    dtype = single_for_half(result)
    shape = check_shape("ball", shape)
    d = check_size("ball", "d", d)
    _, key, (p,) = parameters("ball", key, (), dtype, p=p)
    keys = split_key(key)
    sign, log_power = _signed_powers(keys[0], p, (*shape, d), dtype)
    total = np.sum(np.exp(log_power), axis=-1) + exponentials(keys[1], shape, dtype)
    return rounded(sign * np.exp(log_power / p) / (total ** (1 / p))[..., None], result)
