"""Transformations that multiply updates by a number, one for all leaves or one for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.tracebacks import user_facing
from ...typing import Array, ArrayLike, PyTree
from ..hyperparameters import (
    NOT_NEGATIVE,
    POSITIVE,
    REAL,
    check_scalar,
    numbers,
    resolve,
    schedulable,
)
from ..leaves import (
    as_leaf,
    check_params,
    floor_under_root,
    global_norm,
    like,
    map_leaves,
    norm,
    root_mean_square,
    wide,
    zeros_like,
)
from ..transformation import (
    EmptyState,
    GradientTransformation,
    identity,
    make_transformation,
    stateless,
)
from ..typing import Count, Scalar, ScalarOrSchedule, Schedule


@schedulable(step_size=REAL)
def scale(step_size: ScalarOrSchedule) -> GradientTransformation:
    """Multiply updates by a number.

    Args:
        step_size: the number.

    >>> tx = scale(-0.1)
    >>> tx.update(np.array([1.0]), tx.init(np.zeros(1)))[0]
    array([-0.1])
    """
    (factor,) = numbers(step_size)
    return stateless(
        lambda updates, params: map_leaves("scale", lambda u: u * like(u, factor), updates)
    )


class ScaleByLearningRateState(NamedTuple):
    """Number of updates, and the learning rate of the last one (at first: of the next)."""

    count: Any
    learning_rate: Scalar


@user_facing
def scale_by_learning_rate(
    learning_rate: ScalarOrSchedule | None = None, *, flip_sign: bool = True
) -> GradientTransformation:
    """Multiply updates by minus the learning rate.

    Args:
        learning_rate: a number, a schedule, or None for updates as they are.
        flip_sign: True to multiply by -1.

    Returns:
        The transformation. The learning rate last used is in its state:
        ``tree_get(state, "learning_rate")``.

    Raises:
        TypeError: the learning rate is not a real number, or a parameter not a floating-point one.
        ValueError: the learning rate is a number that is negative or not finite.

    >>> tx = scale_by_learning_rate(lambda count: 0.1 * 0.5**count)
    >>> updates, state = tx.update(np.array([1.0]), tx.init(np.zeros(1)))
    >>> updates, state.count, state.learning_rate
    (array([-0.1]), 1, np.float64(0.1))
    """
    if learning_rate is None:
        return identity()
    name = "scale_by_learning_rate"

    def at(count: Count) -> Scalar:
        return resolve(name, "learning_rate", learning_rate, count)

    if not callable(learning_rate):
        check_scalar(name, "learning_rate", learning_rate, NOT_NEGATIVE)
    at(0)
    sign = -1.0 if flip_sign else 1.0

    def init_learning_rate(params: PyTree) -> ScaleByLearningRateState:
        zeros_like(name, params)
        return ScaleByLearningRateState(0, at(0))

    def update_learning_rate(
        updates: PyTree, state: ScaleByLearningRateState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ScaleByLearningRateState]:
        rate = at(state.count)
        factor = sign * rate
        updates = map_leaves(name, lambda u: u * like(u, factor), updates)
        return updates, ScaleByLearningRateState(state.count + 1, rate)

    return make_transformation(init_learning_rate, update_learning_rate, ScaleByLearningRateState)


def descend(name: str, learning_rate: ScalarOrSchedule) -> GradientTransformation:
    """The last part of an optimizer: against the gradient, as far as its learning rate says."""
    if learning_rate is None:
        raise TypeError(
            f"{name}: learning_rate must be a number or a schedule; got None. Without one, updates "
            f"would go uphill; for the direction alone there are transformations like "
            "scale_by_adam."
        )
    if not callable(learning_rate):
        check_scalar(name, "learning_rate", learning_rate, NOT_NEGATIVE)
    return scale_by_learning_rate(learning_rate)


class ScaleByScheduleState(NamedTuple):
    """Number of updates."""

    count: Any


@user_facing
def scale_by_schedule(step_size_fn: Schedule) -> GradientTransformation:
    """Multiply updates by a number that depends on how many there were.

    Args:
        step_size_fn: from the count of updates, 0 at first, to the number.

    >>> tx = scale_by_schedule(lambda count: 1.0 / (1 + count))
    >>> tx.update(np.array([6.0]), ScaleByScheduleState(2))
    (array([2.]), ScaleByScheduleState(count=3))
    """
    name = "scale_by_schedule"

    def update_schedule(
        updates: PyTree, state: ScaleByScheduleState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ScaleByScheduleState]:
        factor = resolve(name, "step_size_fn", step_size_fn, state.count)
        updates = map_leaves(name, lambda u: u * like(u, factor), updates)
        return updates, ScaleByScheduleState(state.count + 1)

    return make_transformation(
        lambda params: ScaleByScheduleState(0), update_schedule, ScaleByScheduleState
    )


@user_facing
def scale_by_sign() -> GradientTransformation:
    """Replace each element by its sign.

    >>> scale_by_sign().update(np.array([-3.0, 0.0, 2.0]), ())[0]
    array([-1.,  0.,  1.])
    """
    return stateless(lambda updates, params: map_leaves("scale_by_sign", np.sign, updates))


@schedulable(min_norm=NOT_NEGATIVE, trust_coefficient=NOT_NEGATIVE, eps=NOT_NEGATIVE)
def scale_by_trust_ratio(
    min_norm: ScalarOrSchedule = 0.0,
    trust_coefficient: ScalarOrSchedule = 1.0,
    eps: ScalarOrSchedule = 0.0,
) -> GradientTransformation:
    """Scale the update of each leaf to the norm of its parameter.

    u <- c |p| / (|u| + eps) u, and u as it is if one of the norms is 0.
    (You et al. 2017, arXiv:1708.03888.) Its update needs params.

    Args:
        min_norm: smaller norms are replaced by this one.
        trust_coefficient: c.
        eps: added to the norm of the update.

    >>> scale_by_trust_ratio().update(np.array([3.0, 4.0]), (), np.array([0.0, 1.0]))[0]
    array([0.6, 0.8])
    """
    least, coefficient, eps = numbers(min_norm, trust_coefficient, eps)

    def scaled(u: Array, p: Array) -> Array:
        floor = like(u, least)
        own, of_param = np.maximum(norm(u), floor), np.maximum(norm(p), floor)
        zero = (own == 0) | (of_param == 0)
        below = np.where(zero, 1.0, own + like(u, eps))
        # Two steps, for the ratio of the norms may be out of range.
        factor = np.where(zero, 1.0, like(u, coefficient) * of_param)
        return u / like(u, below) * like(u, factor)

    def update_trust_ratio(updates: PyTree, params: PyTree) -> PyTree:
        check_params("scale_by_trust_ratio", params)
        return map_leaves("scale_by_trust_ratio", scaled, updates, others=(params,))

    return stateless(update_trust_ratio)


@schedulable(min_scale=NOT_NEGATIVE)
def scale_by_param_block_norm(min_scale: ScalarOrSchedule = 1e-3) -> GradientTransformation:
    """Multiply the update of each leaf by the norm of its parameter; its update needs params.

    Args:
        min_scale: the least factor.

    >>> scale_by_param_block_norm().update(np.array([1.0, 2.0]), (), np.array([3.0, 4.0]))[0]
    array([ 5., 10.])
    """
    return _scale_by_parameter("scale_by_param_block_norm", norm, min_scale)


@schedulable(min_scale=NOT_NEGATIVE)
def scale_by_param_block_rms(min_scale: ScalarOrSchedule = 1e-3) -> GradientTransformation:
    """Multiply the update of each leaf by the root mean square of its parameter.

    Its update needs params.

    Args:
        min_scale: the least factor.

    >>> scale_by_param_block_rms().update(np.array([1.0, 2.0]), (), np.array([5.0, 5.0]))[0]
    array([ 5., 10.])
    """
    return _scale_by_parameter("scale_by_param_block_rms", root_mean_square, min_scale)


def _scale_by_parameter(
    name: str, measure: Callable[[Array], Array], min_scale: ScalarOrSchedule
) -> GradientTransformation:
    (least,) = numbers(min_scale)

    def scaled(u: Array, p: Array) -> Array:
        return u * like(u, np.maximum(measure(p), like(as_leaf(p), least)))

    def update_by_parameter(updates: PyTree, params: PyTree) -> PyTree:
        check_params(name, params)
        return map_leaves(name, scaled, updates, others=(params,))

    return stateless(update_by_parameter)


@schedulable(scale_factor=REAL, eps=NOT_NEGATIVE)
def normalize_by_update_norm(
    scale_factor: ScalarOrSchedule = 1.0, eps: ScalarOrSchedule = 1e-6
) -> GradientTransformation:
    """Scale updates to a global norm: u <- scale_factor u / (|u| + eps).

    Args:
        scale_factor: the norm of the result.
        eps: added to the global norm.

    >>> normalize_by_update_norm(eps=0.0).update(np.array([3.0, 4.0]), ())[0]
    array([0.6, 0.8])
    """
    wanted, eps = numbers(scale_factor, eps)

    def update_normalized(updates: PyTree, params: PyTree) -> PyTree:
        total = global_norm(updates)
        below = total + like(total, floor_under_root(total, eps, 0.0))
        factor = like(total, wanted)
        return map_leaves(
            "normalize_by_update_norm", lambda u: u / like(u, below) * like(u, factor), updates
        )

    return stateless(update_normalized)


@user_facing
def centralize() -> GradientTransformation:
    """Take from the update of each matrix or kernel its mean over all axes but the first.

    (Yong et al. 2020, arXiv:2004.01461.) Scalars and vectors stay as they are.

    >>> centralize().update(np.array([[1.0, 3.0], [5.0, 5.0]]), ())[0]
    array([[-1.,  1.],
           [ 0.,  0.]])
    """

    def centered(u: Array) -> Array:
        return u - np.mean(u, tuple(range(1, u.ndim)), keepdims=True) if u.ndim > 1 else u

    return stateless(lambda updates, params: map_leaves("centralize", centered, updates))


@schedulable(f_min=REAL, max_learning_rate=POSITIVE, eps=NOT_NEGATIVE)
def scale_by_polyak(
    f_min: ScalarOrSchedule = 0.0,
    max_learning_rate: ScalarOrSchedule = 1.0,
    eps: ScalarOrSchedule = 0.0,
    variant: str = "sps",
) -> GradientTransformation:
    """Polyak's step size: u <- min((f - f_min) / (|u|^2 + eps), max_learning_rate) u.

    (Loizou et al. 2021, arXiv:2002.10542.)

    Args:
        f_min: the least value of the loss.
        max_learning_rate: the largest step size.
        eps: added to the squared norm.
        variant: 'sps', or 'sps+' for no steps uphill where the loss is below f_min.

    Returns:
        The transformation; its update needs the keyword ``value``, the loss. A gradient of zeros
        gives updates of zeros.

    >>> scale_by_polyak().update(np.array([1.0, 1.0]), EmptyState(), value=0.5)[0]
    array([0.25, 0.25])
    """
    least, longest, eps = numbers(f_min, max_learning_rate, eps)
    if variant not in ("sps", "sps+"):
        raise ValueError(f"scale_by_polyak: variant must be 'sps' or 'sps+'; got {variant!r}")

    def update_polyak(
        updates: PyTree,
        state: PyTree,
        params: PyTree = None,
        *,
        value: ArrayLike | None = None,
        **extra: object,
    ) -> tuple[PyTree, PyTree]:
        if value is None:
            raise TypeError("scale_by_polyak needs the loss: update(..., value=loss)")
        total = global_norm(updates)
        flat = total == 0
        size = np.where(flat, 1.0, total)
        gap = wide(as_leaf(value)) - least
        gap = np.maximum(gap, 0.0) if variant == "sps+" else gap
        # The length of the step, since the square of the norm may be out of range.
        length = np.minimum(gap / (size + eps / size), longest * size)
        length = np.where(flat, 0.0, length)
        updates = map_leaves(
            "scale_by_polyak", lambda u: u / like(u, size) * like(u, length), updates
        )
        return updates, state

    return make_transformation(lambda params: EmptyState(), update_polyak)
