"""Initial values of parameters: functions ``init(key, shape, dtype)`` and functions that make them.

``dtype`` is float64 by default; a function that makes an initializer takes its default ``dtype``,
which may be complex where numbers are drawn from a normal, scaled or orthogonal distribution.

Names, arguments and numbers are those of ``jax.nn.initializers`` (with 64-bit types enabled).
A kernel's last two axes are inputs and outputs unless said otherwise; its other axes are those of
a convolution window.

>>> from funcgrad import nn, random
>>> nn.initializers.lecun_normal()(random.key(0), (3, 2)).shape
(3, 2)
"""

from __future__ import annotations

import math

import numpy as np

from ... import arrays, random
from ... import numpy as fnp
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...random.arguments import check_axis, check_shape
from ...typing import Array, ArrayLike, DTypeLike, Key, Shape
from ..typing import Initializer
from .variance_scaling import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    kaiming_normal,
    kaiming_uniform,
    lecun_normal,
    lecun_uniform,
    scaled_by,
    variance_scaling,
    xavier_normal,
    xavier_uniform,
)

__all__ = [
    "constant",
    "delta_orthogonal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


@user_facing
def zeros(key: Key, shape: Shape, dtype: DTypeLike = float) -> Array:
    """Zeros; the key is not looked at.

    >>> zeros(random.key(0), (2,))
    array([0., 0.])
    """
    return fnp.zeros(check_shape("zeros", shape), dtype)


@user_facing
def ones(key: Key, shape: Shape, dtype: DTypeLike = float) -> Array:
    """Ones; the key is not looked at.

    >>> ones(random.key(0), (2,))
    array([1., 1.])
    """
    return fnp.ones(check_shape("ones", shape), dtype)


def constant(value: ArrayLike, dtype: DTypeLike = float) -> Initializer:
    """Make an initializer that fills an array with a value.

    Args besides dtype:
        value: scalar, or array that broadcasts to the shape asked for.

    Returns:
        Function init(key, shape, dtype) that does not look at the key.

    >>> constant(-7.0)(random.key(0), (2,))
    array([-7., -7.])
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        return fnp.full(check_shape("constant", shape), value, dtype)

    return init


def uniform(scale: float | Array = 1e-2, dtype: DTypeLike = float) -> Initializer:
    """Make an initializer that draws from the uniform distribution on [0, scale).

    Args besides dtype:
        scale: upper bound.

    >>> bool(uniform(10.0)(random.key(0), ()) < 10)
    True
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        return random.uniform(key, shape, dtype) * scaled_by(scale, dtype)

    return init


def normal(stddev: float | Array = 1e-2, dtype: DTypeLike = float) -> Initializer:
    """Make an initializer that draws from the normal distribution around 0.

    Args besides dtype:
        stddev: standard deviation.

    >>> normal(0.5)(random.key(0), (2, 3)).shape
    (2, 3)
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        return random.normal(key, shape, dtype) * scaled_by(stddev, dtype)

    return init


def truncated_normal(
    stddev: float | Array = 1e-2,
    dtype: DTypeLike = float,
    lower: float | Array = -2.0,
    upper: float | Array = 2.0,
) -> Initializer:
    """Make an initializer that draws normal numbers between two bounds.

    Args besides dtype:
        stddev: standard deviation before numbers beyond the bounds are excluded; that of the
            result is smaller (by the factor 0.8796 for the default bounds).
        lower: lower bound in units of stddev.
        upper: upper bound in units of stddev.

    >>> w = truncated_normal(0.5)(random.key(0), (100,))
    >>> bool(np.all(np.abs(w) <= 1))
    True
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        drawn = random.truncated_normal(key, lower, upper, check_shape("init", shape), dtype)
        return drawn * scaled_by(stddev, dtype)

    return init


def orthogonal(
    scale: float | Array = 1.0, column_axis: int = -1, dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that draws matrices with orthonormal rows or columns, times scale.

    Seen as a matrix whose columns are numbered by one axis, the result has orthonormal columns
    if there are no more columns than rows, else orthonormal rows. Saxe, McClelland and Ganguli,
    arXiv:1312.6120.

    Args besides dtype:
        scale: factor.
        column_axis: axis of the columns; the others together are that of the rows.

    Raises:
        ShapeError: from the initializer, for fewer than two axes.

    >>> w = orthogonal()(random.key(0), (3, 2))
    >>> (w.T @ w).round(6) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        shape = check_shape("orthogonal", shape)
        if len(shape) < 2:
            raise ShapeError(f"orthogonal needs a shape of two axes or more, got {shape}")
        axis = check_axis("orthogonal", column_axis, len(shape))
        if 0 in shape:
            return fnp.zeros(shape, dtype)
        columns, rest = shape[axis], shape[:axis] + shape[axis + 1 :]
        q = random.orthogonal(key, math.prod(rest), (), dtype, columns)
        return np.moveaxis(np.reshape(q, (*rest, columns)), -1, axis) * scaled_by(scale, dtype)

    return init


def delta_orthogonal(
    scale: float | Array = 1.0, column_axis: int = -1, dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer of convolution kernels: orthogonal in the middle of the window, else 0.

    Xiao et al., arXiv:1806.05393.

    Args besides dtype:
        scale: factor.
        column_axis: axis of the columns of the matrix in the middle, -1 or -2.

    Returns:
        Function init(key, shape, dtype) for shapes (*window, inputs, outputs).

    Raises:
        ShapeError: from the initializer, unless there are one to three axes of the window, and at
            least as many outputs as inputs.

    >>> delta_orthogonal()(random.key(0), (3, 1, 1))[:, 0, 0].round(6) ** 2
    array([0., 1., 0.])
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        shape = check_shape("delta_orthogonal", shape)
        if len(shape) not in (3, 4, 5):
            raise ShapeError(f"delta_orthogonal needs a shape of 3, 4 or 5 axes, got {shape}")
        if shape[-1] < shape[-2]:
            raise ShapeError(
                "delta_orthogonal needs at least as many outputs (last axis) as inputs (last "
                f"but one), got shape {shape}"
            )
        if 0 in shape:
            return fnp.zeros(shape, dtype)
        matrix = orthogonal(scale, column_axis, dtype)(key, shape[-2:])
        kernel = arrays.namespace((matrix,)).zeros(shape, dtype)
        return fnp.at(kernel)[tuple((d - 1) // 2 for d in shape[:-2])].set(matrix)

    return init


def identity(scale: float | Array = 1.0, dtype: DTypeLike = float) -> Initializer:
    """Make an initializer of matrices with scale on the diagonal and 0 elsewhere.

    For recurrent layers: Le, Jaitly and Hinton, arXiv:1504.00941.

    Args besides dtype:
        scale: the diagonal.

    Returns:
        Function init(key, shape, dtype) for shapes of two axes; it does not look at the key.

    Raises:
        ShapeError: from the initializer, for another number of axes.

    >>> identity()(random.key(0), (2, 2))
    array([[1., 0.],
           [0., 1.]])
    """

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        shape = check_shape("identity", shape)
        if len(shape) != 2:
            raise ShapeError(f"identity needs a shape of two axes, got {shape}")
        return fnp.eye(shape[0], shape[1], dtype=dtype) * scaled_by(scale, dtype)

    return init
