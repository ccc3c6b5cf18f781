"""Activation functions that are made of pieces.

Their derivatives select by masks: products with a mask are strong zeros outside of it, and faster
than ``where``, which NumPy evaluates element by element.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...api.custom import custom_jvp
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...numpy.protocol import array, inexact
from ...ops.pointwise.arithmetic import mul_strong
from ...typing import Array, ArrayLike

__all__ = [
    "celu",
    "elu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "relu",
    "relu6",
    "selu",
    "sparse_plus",
    "sparse_sigmoid",
]

Function = Callable[[Array], Array]


def with_slope(value: Function, slope: Function) -> Function:
    """An elementwise function whose derivative is given by a formula."""
    return _with_rule(value, lambda t, _out, x: t * slope(x))


def _with_mask(value: Function, mask: Function) -> Function:
    """A piecewise linear function: its derivative is 1 under the mask, a strong 0 elsewhere."""
    return _with_rule(value, lambda t, _out, x: mul_strong(mask(x), t))


def _with_rule(value: Function, rule: Callable[..., Array]) -> Function:
    custom = custom_jvp(value)
    custom.defjvps(rule)

    def function(x: Array) -> Array:
        return custom(x) if isinstance(x, Tracer) else value(x)

    return function


_relu = _with_mask(lambda x: np.maximum(x, 0), lambda x: x > 0)
_not_negative = _with_mask(lambda x: np.maximum(x, 0), lambda x: x >= 0)
_negative = _with_mask(lambda x: np.minimum(x, 0), lambda x: x < 0)
_not_positive = _with_mask(lambda x: np.minimum(x, 0), lambda x: x <= 0)


@user_facing
def relu(x: ArrayLike) -> Array:
    """max(x, 0); the derivative at 0 is 0.

    >>> relu(np.array([-2.0, 3.0]))
    array([0., 3.])
    """
    return _relu(array(x))


_relu6 = _with_mask(lambda x: np.clip(x, 0, 6), lambda x: (x > 0) & (x < 6))


@user_facing
def relu6(x: ArrayLike) -> Array:
    """Limit x to [0, 6]; the derivative at 0 and 6 is 0.

    >>> relu6(np.array([-2.0, 3.0, 7.0]))
    array([0., 3., 6.])
    """
    return _relu6(array(x))


@user_facing
def leaky_relu(x: ArrayLike, negative_slope: float | Array = 1e-2) -> Array:
    """Return x where it is not negative, else negative_slope * x; the derivative at 0 is 1.

    Args besides x:
        negative_slope: number, or array that broadcasts with x; derivatives reach it too.

    >>> leaky_relu(np.array([-2.0, 3.0]))
    array([-0.02,  3.  ])
    """
    x = inexact(x)
    return _not_negative(x) + negative_slope * _negative(x)


@user_facing
def elu(x: ArrayLike, alpha: float | Array = 1.0) -> Array:
    """Return x where it is positive, else alpha (exp(x) - 1); the derivative at 0 is alpha.

    Clevert, Unterthiner and Hochreiter, arXiv:1511.07289.

    Args besides x:
        alpha: number or array.

    >>> elu(np.array([-np.inf, 0.0, 2.0]))
    array([-1.,  0.,  2.])
    """
    x = inexact(x)
    return _relu(x) + alpha * np.expm1(_not_positive(x))


@user_facing
def celu(x: ArrayLike, alpha: float | Array = 1.0) -> Array:
    """Return x where it is positive, else alpha (exp(x / alpha) - 1); the derivative at 0 is 1.

    Barron, arXiv:1704.07483.

    Args besides x:
        alpha: positive number or array.

    >>> celu(np.array([-np.inf, 0.0, 2.0]), 0.5)
    array([-0.5,  0. ,  2. ])
    """
    x = inexact(x)
    return _relu(x) + alpha * np.expm1(_not_positive(x) / alpha)


# Klambauer et al., arXiv:1706.02515, equation 14.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@user_facing
def selu(x: ArrayLike) -> Array:
    """1.0507 elu(x, 1.6733), which keeps mean 0 and variance 1 of what a layer passes on.

    Klambauer, Unterthiner, Mayr and Hochreiter, arXiv:1706.02515.

    >>> selu(np.array([-1.0, 1.0])).round(4)
    array([-1.1113,  1.0507])
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


_hard_tanh = _with_mask(lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) <= 1)


@user_facing
def hard_tanh(x: ArrayLike) -> Array:
    """Limit x to [-1, 1]; the derivative at -1 and 1 is 1.

    >>> hard_tanh(np.array([-2.0, 0.5]))
    array([-1. ,  0.5])
    """
    return _hard_tanh(array(x))


@user_facing
def hard_sigmoid(x: ArrayLike) -> Array:
    """relu6(x + 3) / 6; the derivative at -3 and 3 is 0.

    >>> hard_sigmoid(np.array([-4.0, 0.0, 3.0]))
    array([0. , 0.5, 1. ])
    """
    return _relu6(inexact(x) + 3.0) / 6.0


_hard_silu = with_slope(
    lambda x: np.maximum(x, -3.0) * (np.clip(x + 3.0, 0, 6) / 6.0),
    lambda x: _relu6(x + 3.0) / 6.0 + (np.abs(x) < 3) * np.clip(x, -3.0, 3.0) / 6.0,
)


@user_facing
def hard_silu(x: ArrayLike) -> Array:
    """The product x * hard_sigmoid(x), or hard_swish; the derivative at -3 is 0, at 3 it is 1.

    Howard et al., arXiv:1905.02244.

    >>> hard_silu(np.array([-4.0, 1.5, 3.0]))
    array([-0.   ,  1.125,  3.   ])
    """
    return _hard_silu(inexact(x))


hard_swish = hard_silu


@user_facing
def sparse_sigmoid(x: ArrayLike) -> Array:
    """(x + 1) / 2 limited to [0, 1]; the derivative at -1 and 1 is 1/4.

    Blondel, Martins and Niculae, arXiv:1901.02324, section 6.2.

    >>> sparse_sigmoid(np.array([-2.0, 0.5]))
    array([0.  , 0.75])
    """
    return 0.5 * np.clip(inexact(x) + 1.0, 0.0, 2.0)


def _sparse_plus_value(x: Array) -> Array:
    root = 0.5 * (np.clip(x, -1.0, 1.0) + 1)
    return np.maximum(x, root * root)


_sparse_plus = with_slope(_sparse_plus_value, sparse_sigmoid)


@user_facing
def sparse_plus(x: ArrayLike) -> Array:
    """0 below -1, (x + 1)**2 / 4 from -1 to 1, x above 1: the integral of sparse_sigmoid.

    >>> sparse_plus(np.array([-2.0, 0.0, 3.0]))
    array([0.  , 0.25, 3.  ])
    """
    return _sparse_plus(inexact(x))
