"""Adafactor: averages of squares in the memory of a row and a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...core.tracebacks import user_facing
from ...typing import Array, DTypeLike, PyTree
from ..hyperparameters import NOT_NEGATIVE, numbers, schedulable
from ..leafwise import leafwise
from ..leaves import bounded, floor_under_root, like, square, zeros_like
from ..pieces.adam_moments import average
from ..pieces.clipping import clip_by_block_rms
from ..pieces.decay_and_noise import add_decayed_weights
from ..pieces.momentum import ema
from ..pieces.scaling import scale, scale_by_learning_rate, scale_by_param_block_rms
from ..transformation import GradientTransformation, chain
from ..typing import Count, Mask, ScalarOrSchedule


class FactoredState(NamedTuple):
    """Number of updates, and averages of squares: by row, by column, or (v) of each element.

    Of each leaf, what is not needed is an array of one zero.
    """

    count: Any
    v_row: PyTree
    v_col: PyTree
    v: PyTree


def _factored_axes(shape: tuple[int, ...], least: int) -> tuple[int, int] | None:
    """The axes that are second largest and largest; None if they are too short to be factored."""
    if len(shape) < 2:
        return None
    *_, second, largest = np.argsort(shape)
    return None if shape[second] < least else (int(second), int(largest))


def _first_averages(z: Array, axes: tuple[int, int] | None) -> tuple[Array, Array, Array]:
    """Averages of one leaf, by row, by column and of each element, from an array of zeros."""
    none = np.zeros_like(z, shape=(1,))
    return (none, none, z) if axes is None else (np.sum(z, axes[1]), np.sum(z, axes[0]), none)


def _root_of_product(row: Array, column: Array, second: int, largest: int) -> Array:
    """The root of R C / mean(R), as an array with all axes."""
    within = second - 1 if second > largest else second
    of_row = np.sqrt(row / np.mean(row, within, keepdims=True))
    return np.expand_dims(of_row, largest) * np.expand_dims(np.sqrt(column), second)


@schedulable(decay_rate=NOT_NEGATIVE, epsilon=NOT_NEGATIVE)
def scale_by_factored_rms(
    factored: bool = True,
    decay_rate: ScalarOrSchedule = 0.8,
    step_offset: int = 0,
    min_dim_size_to_factor: int = 128,
    epsilon: ScalarOrSchedule = 1e-30,
) -> GradientTransformation:
    """Divide by the root of an average of squares that is a product of a row and a column.

    With R and C the averages of g^2 + epsilon over the columns and over the rows of a matrix, its
    average of squares is R C / mean(R). Averages decay by 1 - t^(-decay_rate) at update t.
    (Shazeer and Stern 2018, arXiv:1804.04235.) Its update needs params.

    Args:
        factored: True to keep R and C, False to keep an average for each element.
        decay_rate: exponent of the decay.
        step_offset: number of updates at which t begins to count.
        min_dim_size_to_factor: least size of both axes for which R and C are kept. Of arrays with
            more than two axes, the two largest count.
        epsilon: added to squares.

    >>> tx = scale_by_factored_rms(min_dim_size_to_factor=2)
    >>> g = np.array([[1.0, 2.0], [2.0, 4.0]])
    >>> tx.update(g, tx.init(g), g)[0]
    array([[1., 1.],
           [1., 1.]])
    """
    name = "scale_by_factored_rms"
    exponent, eps = numbers(decay_rate, epsilon)

    def factors(shape: tuple[int, ...]) -> tuple[int, int] | None:
        return _factored_axes(shape, min_dim_size_to_factor) if factored else None

    def first(params: PyTree) -> tuple[PyTree, ...]:
        zeros, spec = tree.flatten(zeros_like(name, params, real=True))
        made = [_first_averages(z, factors(z.shape)) for z in zeros]
        return tuple(tree.unflatten(spec, [leaf[i] for leaf in made]) for i in range(3))

    def rule(t: Count) -> Callable[..., PyTree]:
        # The least exponent base that is not 0 keeps the first decay, 1 - 1, exact.
        decay = 1 - np.maximum(t - step_offset, 1) ** (-exponent)

        def leaf(g: Array, row: Array, column: Array, v: Array, p: Array) -> tuple[Array, ...]:
            g, axes = bounded(g), factors(g.shape)
            s = square(g)
            s = s + like(s, floor_under_root(s, eps, 0.0))
            if axes is None:
                v = average(v, s, decay)
                return g / np.sqrt(v), row, column, v
            second, largest = axes
            row = average(row, np.mean(s, largest), decay)
            column = average(column, np.mean(s, second), decay)
            return g / _root_of_product(row, column, second, largest), row, column, v

        return leaf

    return leafwise(name, FactoredState, first, rule, needs_params=True)


@user_facing
def adafactor(
    learning_rate: ScalarOrSchedule | None = None,
    min_dim_size_to_factor: int = 128,
    decay_rate: ScalarOrSchedule = 0.8,
    decay_offset: int = 0,
    multiply_by_parameter_scale: bool = True,
    clipping_threshold: ScalarOrSchedule | None = 1.0,
    momentum: ScalarOrSchedule | None = None,
    dtype_momentum: DTypeLike | None = None,
    weight_decay_rate: ScalarOrSchedule | None = None,
    eps: ScalarOrSchedule = 1e-30,
    factored: bool = True,
    weight_decay_mask: Mask | None = None,
) -> GradientTransformation:
    """Adafactor, an Adam with little memory. (Shazeer and Stern 2018, arXiv:1804.04235.)

    Its update needs params.

    Args:
        learning_rate: a number, a schedule, or None for 1.
        min_dim_size_to_factor: as of ``scale_by_factored_rms``.
        decay_rate: as there.
        decay_offset: as its step_offset.
        multiply_by_parameter_scale: True to multiply updates by the root mean square of their
            parameter.
        clipping_threshold: largest root mean square of the scaled gradient of a leaf, or None.
        momentum: decay of an average of updates, or None.
        dtype_momentum: its dtype; None for that of the parameters (in Optax: float32).
        weight_decay_rate: multiple of the parameters to subtract, or None. It is not multiplied by
            the learning rate.
        eps: added to squares.
        factored: as there.
        weight_decay_mask: as of ``add_decayed_weights``.

    >>> tx = adafactor(0.1)
    >>> params = np.array([1.0, -1.0])
    >>> tx.update(np.array([0.5, 4.0]), tx.init(params), params)[0]
    array([-0.1, -0.1])
    """
    parts = [scale_by_factored_rms(factored, decay_rate, decay_offset, min_dim_size_to_factor, eps)]
    if clipping_threshold is not None:
        parts.append(clip_by_block_rms(clipping_threshold))
    if learning_rate is not None:
        parts.append(scale_by_learning_rate(learning_rate, flip_sign=False))
    if multiply_by_parameter_scale:
        parts.append(scale_by_param_block_rms())
    if momentum is not None:
        parts.append(ema(momentum, debias=False, accumulator_dtype=dtype_momentum))
    if weight_decay_rate is not None:
        parts.append(add_decayed_weights(weight_decay_rate, mask=weight_decay_mask))
    return chain(*parts, scale(-1.0))
