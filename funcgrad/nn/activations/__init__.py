"""Activation functions, with the names, arguments and defaults of ``jax.nn``.

They take a real array x and return one of the same shape, computed elementwise unless a docstring
says otherwise. Floats keep their dtype; integers become floats unless a function only selects.
Values and derivatives of any order are finite for all finite arguments up to 1e9,
and at infinities they are the limits, where these exist. At a kink the derivative is that of JAX,
which the docstring states.

>>> import numpy as np
>>> from funcgrad import grad, nn
>>> nn.activations.relu(np.array([-1.0, 2.0]))
array([0., 2.])
>>> grad(nn.activations.relu)(0.0)
np.float64(0.0)
"""

from .along_axes import log_softmax, logsumexp, one_hot, softmax, standardize
from .piecewise import (
    celu,
    elu,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    relu,
    relu6,
    selu,
    sparse_plus,
    sparse_sigmoid,
)
from .smooth import (
    gelu,
    glu,
    log1mexp,
    log_sigmoid,
    mish,
    sigmoid,
    silu,
    soft_sign,
    softplus,
    softsign,
    squareplus,
    swish,
    tanh,
)

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log1mexp",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mish",
    "one_hot",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "standardize",
    "swish",
    "tanh",
]
