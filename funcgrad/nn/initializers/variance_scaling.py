"""Initializers whose variance depends on the numbers of inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ... import numpy as fnp
from ... import random
from ...core.dtypes import is_floating
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...random.arguments import as_array, check_axis, check_dtype, check_shape
from ...typing import Array, DTypeLike, Key, Shape
from ..typing import Initializer

__all__ = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
]

Axes = int | Sequence[int]

# The deviation of normal numbers cut off at 2, sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)), and the number
# by which JAX divides complex ones cut off by their modulus.
_CUT_DEVIATION = 0.87962566103423978
_CUT_COMPLEX_DEVIATION = 0.95311164380491208


def scaled_by(value: float | Array, dtype: DTypeLike) -> Array:
    """A factor of the dtype of what it multiplies."""
    return as_array(value).astype(np.dtype(dtype))


def variance_scaling(
    scale: float | Array,
    mode: str,
    distribution: str,
    in_axis: Axes = -2,
    out_axis: Axes = -1,
    batch_axis: Axes = (),
    dtype: DTypeLike = float,
) -> Initializer:
    """Make an initializer whose variance is scale / n, for a number n of inputs or outputs.

    The number of inputs is the product of the sizes of the axes of inputs and of the window, that
    is of the axes not named here; likewise the number of outputs.

    Args:
        scale: positive number.
        mode: the number n: 'fan_in' (inputs), 'fan_out' (outputs), 'fan_avg' (arithmetic mean of
            both) or 'fan_geo_avg' (geometric mean).
        distribution: 'truncated_normal' (cut off at two standard deviations before it is scaled),
            'normal' or 'uniform' (around 0). Complex numbers are
            uniform on a disk, or cut off by their modulus, which makes them 0.9 % larger than
            asked for, as it does in JAX.
        in_axis: axis or axes of the inputs.
        out_axis: axis or axes of the outputs.
        batch_axis: axis or axes that do not count, as of several kernels in one array.
        dtype: default dtype of the initializer, real or complex.

    Returns:
        Function init(key, shape, dtype).

    Raises:
        ValueError: for an unknown mode or distribution.
        ShapeError: from the initializer, if the shape lacks one of the axes.

    >>> init = variance_scaling(1.0, "fan_in", "uniform")
    >>> bool(np.all(np.abs(init(random.key(0), (12, 2))) <= 0.5))
    True
    """
    if mode not in _DENOMINATORS:
        raise ValueError(f"variance_scaling: mode must be one of {[*_DENOMINATORS]}; got {mode!r}")
    if distribution not in _DISTRIBUTIONS:
        raise ValueError(
            f"variance_scaling: distribution must be one of {[*_DISTRIBUTIONS]}; "
            f"got {distribution!r}"
        )

    @user_facing
    def init(key: Key, shape: Shape, dtype: DTypeLike = dtype) -> Array:
        shape = check_shape("variance_scaling", shape)
        dtype = check_dtype("variance_scaling", dtype, "fc")
        fans = _fans(shape, in_axis, out_axis, batch_axis)
        if 0 in shape:
            return fnp.zeros(shape, dtype)
        variance = scaled_by(scale / _DENOMINATORS[mode](*fans), dtype)
        return _DISTRIBUTIONS[distribution](key, shape, dtype, variance)

    return init


def _axes(axes: Axes, ndim: int) -> tuple[int, ...]:
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    return tuple(check_axis("variance_scaling", a, ndim) for a in given)


def _fans(
    shape: tuple[int, ...], in_axis: Axes, out_axis: Axes, batch_axis: Axes
) -> tuple[float, float]:
    """The number of inputs that an output depends on, and of outputs that an input influences."""
    if len(shape) < 2 and in_axis == -2:
        raise ShapeError(
            f"an initializer that scales by the numbers of inputs and outputs got shape {shape}; "
            "it needs two axes or more, or in_axis= and out_axis= that say which they are"
        )
    inputs, outputs, batch = (
        math.prod(shape[a] for a in _axes(axes, len(shape)))
        for axes in (in_axis, out_axis, batch_axis)
    )
    window = math.prod(shape) / max(inputs * outputs * batch, 1)
    return inputs * window, outputs * window


_DENOMINATORS: dict[str, Callable[[float, float], float]] = {
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
    "fan_geo_avg": lambda fan_in, fan_out: math.sqrt(fan_in * fan_out),
}


def _draw_truncated(key: Key, shape: tuple[int, ...], dtype: np.dtype, variance: Array) -> Array:
    if is_floating(dtype):
        drawn = random.truncated_normal(key, -2, 2, shape, dtype)
        return drawn * (np.sqrt(variance) / dtype.type(_CUT_DEVIATION))
    radius_key, angle_key = random.split(key)
    part = (1 - math.exp(-4)) * random.uniform(radius_key, shape, _real(dtype))
    drawn = _polar(np.sqrt(-np.log1p(-part)), angle_key)
    return drawn * (np.sqrt(variance) / dtype.type(_CUT_COMPLEX_DEVIATION))


def _draw_normal(key: Key, shape: tuple[int, ...], dtype: np.dtype, variance: Array) -> Array:
    return random.normal(key, shape, dtype) * np.sqrt(variance)


def _draw_uniform(key: Key, shape: tuple[int, ...], dtype: np.dtype, variance: Array) -> Array:
    if is_floating(dtype):
        return random.uniform(key, shape, dtype, -1.0, 1.0) * np.sqrt(3 * variance)
    radius_key, angle_key = random.split(key)
    radius = np.sqrt(2 * random.uniform(radius_key, shape, _real(dtype)))
    return _polar(radius, angle_key) * np.sqrt(variance)


def _real(dtype: np.dtype) -> np.dtype:
    return np.dtype(f"f{dtype.itemsize // 2}")


def _polar(radius: Array, key: Key) -> Array:
    """Complex numbers of given moduli and random angles."""
    angle = (2 * math.pi) * random.uniform(key, radius.shape, radius.dtype)
    return radius * np.exp(1j * angle)


_DISTRIBUTIONS: dict[str, Callable[[Key, tuple[int, ...], np.dtype, Array], Array]] = {
    "truncated_normal": _draw_truncated,
    "normal": _draw_normal,
    "uniform": _draw_uniform,
}


def glorot_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that is uniform with variance 2 / (inputs + outputs).

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010. Arguments are those of ``variance_scaling``.

    >>> bool(np.all(np.abs(glorot_uniform()(random.key(0), (4, 2))) <= 1))
    True
    """
    return variance_scaling(1.0, "fan_avg", "uniform", in_axis, out_axis, batch_axis, dtype)


def glorot_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that is truncated normal with variance 2 / (inputs + outputs).

    Source and arguments are those of ``glorot_uniform``.

    >>> glorot_normal()(random.key(0), (4, 2)).shape
    (4, 2)
    """
    return variance_scaling(
        1.0, "fan_avg", "truncated_normal", in_axis, out_axis, batch_axis, dtype
    )


def lecun_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that is uniform with variance 1 / inputs.

    LeCun, Bottou, Orr and Mueller, Efficient BackProp, 1998. Arguments are those of
    ``variance_scaling``.

    >>> lecun_uniform()(random.key(0), (4, 2)).shape
    (4, 2)
    """
    return variance_scaling(1.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def lecun_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that is truncated normal with variance 1 / inputs.

    Source and arguments are those of ``lecun_uniform``.

    >>> lecun_normal()(random.key(0), (4, 2)).shape
    (4, 2)
    """
    return variance_scaling(1.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


def he_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that is uniform with variance 2 / inputs.

    He, Zhang, Ren and Sun, Delving deep into rectifiers, arXiv:1502.01852. Arguments are those of
    ``variance_scaling``.

    >>> he_uniform()(random.key(0), (4, 2)).shape
    (4, 2)
    """
    return variance_scaling(2.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def he_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: DTypeLike = float
) -> Initializer:
    """Make an initializer that is truncated normal with variance 2 / inputs.

    Source and arguments are those of ``he_uniform``.

    >>> he_normal()(random.key(0), (4, 2)).shape
    (4, 2)
    """
    return variance_scaling(2.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


xavier_uniform = glorot_uniform
xavier_normal = glorot_normal
kaiming_uniform = he_uniform
kaiming_normal = he_normal
