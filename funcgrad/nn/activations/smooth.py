"""Activation functions that are smooth."""

from __future__ import annotations

import math

import numpy as np

from ... import lax
from ...core.dtypes import finfo
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.protocol import array, inexact
from ...ops.pointwise import logarithms
from ...ops.pointwise.gelu import gelu as gelu_operator
from ...typing import Array, ArrayLike
from ..rescaled import in_single
from .piecewise import with_slope

__all__ = [
    "gelu",
    "glu",
    "log1mexp",
    "log_sigmoid",
    "mish",
    "sigmoid",
    "silu",
    "soft_sign",
    "softplus",
    "softsign",
    "squareplus",
    "swish",
    "tanh",
]

# The reason for formulas of derivatives below: the functions are constants or the identity beyond
# some bound, and there an argument limited to the bound gives no products of 0 and infinity.


@user_facing
def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x)), without overflow.

    >>> softplus(np.array([-9999.0, 0.0, 9999.0])).round(4)
    array([0.000e+00, 6.931e-01, 9.999e+03])
    """
    return logarithms.softplus(inexact(x))


@user_facing
def log_sigmoid(x: ArrayLike) -> Array:
    """log(sigmoid(x)), without underflow.

    >>> log_sigmoid(np.array([-50.0, 0.0])).round(4)
    array([-50.    ,  -0.6931])
    """
    return -logarithms.softplus(-inexact(x))


@user_facing
def log1mexp(x: ArrayLike) -> Array:
    """log(1 - exp(-x)), the logarithm of one minus a probability whose logarithm is -x.

    Maechler, Accurately computing log(1 - exp(-|a|)), 2012.

    Args:
        x: real array of positive numbers. 0 gives -inf, negative numbers give NaN.

    >>> log1mexp(np.array([1e-20, 1.0, 50.0])).round(4)
    array([-46.0517,  -0.4587,  -0.    ])
    """
    return logarithms.log1mexp(-inexact(x))


@user_facing
def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x)), the logistic function of real or complex x.

    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    return lax.logistic(inexact(x))


@user_facing
def tanh(x: ArrayLike) -> Array:
    """The hyperbolic tangent of x, real or complex.

    >>> tanh(np.array([0.0, 1e4]))
    array([0., 1.])
    """
    return np.tanh(array(x))


def _silu_slope(x: Array) -> Array:
    x = np.clip(x, -1000.0, 1000.0)
    s = lax.logistic(x)
    return s * (1 + x * (1 - s))


_silu = with_slope(lambda x: np.maximum(x, -1000.0) * lax.logistic(x), _silu_slope)


@user_facing
def silu(x: ArrayLike) -> Array:
    """The product x * sigmoid(x), also known as swish.

    Elfwing, Uchibe and Doya, arXiv:1702.03118.

    >>> silu(np.array([-1.0, 0.0, 50.0])).round(4)
    array([-0.2689,  0.    , 50.    ])
    """
    return _silu(inexact(x))


swish = silu


def _mish_slope(x: Array) -> Array:
    x = np.clip(x, -1000.0, 1000.0)
    t = np.tanh(logarithms.softplus(x))
    return t + x * ((1 - t * t) * lax.logistic(x))


_mish = with_slope(lambda x: np.maximum(x, -1000.0) * np.tanh(logarithms.softplus(x)), _mish_slope)


@user_facing
def mish(x: ArrayLike) -> Array:
    """The product x * tanh(softplus(x)).

    Misra, arXiv:1908.08681.

    >>> mish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.3034,  0.    ,  0.8651])
    """
    return _mish(inexact(x))


_ROOT_HALF = math.sqrt(0.5)
_NORMAL_PEAK = 1 / math.sqrt(2 * math.pi)


def _exact_gelu(x: Array) -> Array:
    return np.maximum(x, -40.0) * (0.5 * lax.erfc(-_ROOT_HALF * x))


def _exact_gelu_slope(x: Array) -> Array:
    x = np.clip(x, -40.0, 40.0)
    return 0.5 * lax.erfc(-_ROOT_HALF * x) + x * (_NORMAL_PEAK * np.exp(-0.5 * (x * x)))


_exact_gelu_function = with_slope(_exact_gelu, _exact_gelu_slope)


@user_facing
def gelu(x: ArrayLike, approximate: bool = True) -> Array:
    """The product of x and the probability that a standard normal number is below x.

    Hendrycks and Gimpel, arXiv:1606.08415.

    Args besides x:
        approximate: True to use their formula with tanh, which differs by less than 5e-4 and is
            faster. The exact function needs SciPy.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])
    >>> gelu(np.array([-1.0, 0.0, 1.0]), approximate=False).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    return (gelu_operator if approximate else _exact_gelu_function)(inexact(x))


@user_facing
def glu(x: ArrayLike, axis: int = -1) -> Array:
    """The first half of x times the sigmoid of the second half.

    Dauphin, Fan, Auli and Grangier, arXiv:1612.08083.

    Args:
        x: array with an even number of elements along the axis.
        axis: axis that is cut into halves.

    Returns:
        Array of half the size.

    Raises:
        ShapeError: for an odd number of elements.

    >>> glu(np.array([2.0, 3.0, 0.0, 0.0]))
    array([1. , 1.5])
    """
    x = inexact(x)
    if x.shape[axis] % 2:
        raise ShapeError(f"glu needs an even size along axis {axis}; got shape {x.shape}")
    first, second = np.split(x, 2, axis=axis)
    return first * lax.logistic(second)


def _soft_sign_slope(x: Array) -> Array:
    root = 1 / (1 + np.abs(x))
    return root * root


def _soft_sign_value(x: Array) -> Array:
    x = np.clip(x, finfo(x.dtype).min, finfo(x.dtype).max)
    return x / (1 + np.abs(x))


_soft_sign = with_slope(_soft_sign_value, _soft_sign_slope)


@user_facing
def soft_sign(x: ArrayLike) -> Array:
    """The quotient x / (1 + abs(x)).

    >>> soft_sign(np.array([-3.0, 0.0, np.inf]))
    array([-0.75,  0.  ,  1.  ])
    """
    return _soft_sign(inexact(x))


softsign = soft_sign


def _unit_squareplus_slope(x: Array) -> Array:
    limit = float(finfo(x.dtype).max) / 4
    x = np.clip(x, -limit, limit)
    root = np.hypot(x, 1)
    # |x| is written so that its slope at 0, which the second derivative needs, is not 0.
    below = 0.5 / root / (root + np.where(x < 0, -x, x))
    return np.where(x < 0, below, 1 - below)


# (x + sqrt(x**2 + 1)) / 2 without the difference of equal numbers where x is negative.
_unit_squareplus = with_slope(
    lambda x: np.maximum(x, 0) + 0.5 / (np.hypot(x, 1) + np.abs(x)), _unit_squareplus_slope
)


@user_facing
@in_single
def squareplus(x: ArrayLike, b: float | Array = 4) -> Array:
    """(x + sqrt(x**2 + b)) / 2, a smooth relu.

    Barron, arXiv:2112.11687.

    Args besides x:
        b: positive number or array; with 4 the second derivative at 0 is that of softplus.

    >>> squareplus(np.array([-1.5, 0.0, 1.5]))
    array([0.5, 1. , 2. ])
    """
    scale = math.sqrt(b) if isinstance(b, int | float) else np.sqrt(inexact(b))
    return scale * _unit_squareplus(inexact(x) / scale)
