"""Transformations that multiply updates by a number, one for all leaves or one for each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.tracebacks import user_facing
from ..hyperparameters import NOT_NEGATIVE, POSITIVE, REAL, check_scalar, resolve, schedulable
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


@schedulable(step_size=REAL)
def scale(step_size: Any) -> GradientTransformation:
    """Multiply updates by a number.

    Args:
        step_size: the number, or a schedule.

    Returns:
        The transformation.

    >>> tx = scale(-0.1)
    >>> tx.update(np.array([1.0]), tx.init(np.zeros(1)))[0]
    array([-0.1])
    """
    return stateless(
        lambda updates, params: map_leaves("scale", lambda u: u * like(u, step_size), updates)
    )


class ScaleByLearningRateState(NamedTuple):
    """How many updates were made, and the learning rate of the last one (at first: the next)."""

    count: Any
    learning_rate: Any


@user_facing
def scale_by_learning_rate(
    learning_rate: Any = None, *, flip_sign: bool = True
) -> GradientTransformation:
    """Multiply updates by minus the learning rate.

    Args:
        learning_rate: a number, a schedule, or None for updates as they are.
        flip_sign: whether to multiply by -1.

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

    def at(count: Any) -> Any:
        return resolve(name, "learning_rate", learning_rate, count)

    if not callable(learning_rate):
        check_scalar(name, "learning_rate", learning_rate, NOT_NEGATIVE)
    at(0)
    sign = -1.0 if flip_sign else 1.0

    def init_learning_rate(params: Any) -> ScaleByLearningRateState:
        zeros_like(name, params)
        return ScaleByLearningRateState(0, at(0))

    def update_learning_rate(
        updates: Any, state: ScaleByLearningRateState, params: Any = None, **extra: Any
    ) -> Any:
        rate = at(state.count)
        factor = sign * rate
        updates = map_leaves(name, lambda u: u * like(u, factor), updates)
        return updates, ScaleByLearningRateState(state.count + 1, rate)

    return make_transformation(init_learning_rate, update_learning_rate, ScaleByLearningRateState)


def descend(name: str, learning_rate: Any) -> GradientTransformation:
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
    """How many updates were made."""

    count: Any


@user_facing
def scale_by_schedule(step_size_fn: Any) -> GradientTransformation:
    """Multiply updates by a number that depends on how many there were.

    Args:
        step_size_fn: from the count of updates, 0 at first, to the number.

    Returns:
        The transformation.

    >>> tx = scale_by_schedule(lambda count: 1.0 / (1 + count))
    >>> tx.update(np.array([6.0]), ScaleByScheduleState(2))
    (array([2.]), ScaleByScheduleState(count=3))
    """
    name = "scale_by_schedule"

    def update_schedule(
        updates: Any, state: ScaleByScheduleState, params: Any = None, **extra: Any
    ) -> Any:
        factor = resolve(name, "step_size_fn", step_size_fn, state.count)
        updates = map_leaves(name, lambda u: u * like(u, factor), updates)
        return updates, ScaleByScheduleState(state.count + 1)

    return make_transformation(
        lambda params: ScaleByScheduleState(0), update_schedule, ScaleByScheduleState
    )


@user_facing
def scale_by_sign() -> GradientTransformation:
    """Replace each element by its sign.

    Returns:
        The transformation.

    >>> scale_by_sign().update(np.array([-3.0, 0.0, 2.0]), ())[0]
    array([-1.,  0.,  1.])
    """
    return stateless(lambda updates, params: map_leaves("scale_by_sign", np.sign, updates))


@schedulable(min_norm=NOT_NEGATIVE, trust_coefficient=NOT_NEGATIVE, eps=NOT_NEGATIVE)
def scale_by_trust_ratio(
    min_norm: Any = 0.0, trust_coefficient: Any = 1.0, eps: Any = 0.0
) -> GradientTransformation:
    """Scale the update of each leaf to the norm of its parameter.

    u <- c |p| / (|u| + eps) u, and u as it is if one of the norms is 0.
    (You et al. 2017, arXiv:1708.03888.)

    Args:
        min_norm: smaller norms are replaced by this one.
        trust_coefficient: c.
        eps: added to the norm of the update.

    Returns:
        The transformation; its update needs params.

    >>> scale_by_trust_ratio().update(np.array([3.0, 4.0]), (), np.array([0.0, 1.0]))[0]
    array([0.6, 0.8])
    """

    def scaled(u: Any, p: Any) -> Any:
        floor = like(u, min_norm)
        own, of_param = np.maximum(norm(u), floor), np.maximum(norm(p), floor)
        zero = (own == 0) | (of_param == 0)
        below = np.where(zero, 1.0, own + like(u, eps))
        # Two steps, for the ratio of the norms may be out of range.
        factor = np.where(zero, 1.0, like(u, trust_coefficient) * of_param)
        return u / like(u, below) * like(u, factor)

    def update_trust_ratio(updates: Any, params: Any) -> Any:
        check_params("scale_by_trust_ratio", params)
        return map_leaves("scale_by_trust_ratio", scaled, updates, others=(params,))

    return stateless(update_trust_ratio)


@schedulable(min_scale=NOT_NEGATIVE)
def scale_by_param_block_norm(min_scale: Any = 1e-3) -> GradientTransformation:
    """Multiply the update of each leaf by the norm of its parameter.

    Args:
        min_scale: the least factor.

    Returns:
        The transformation; its update needs params.

    >>> scale_by_param_block_norm().update(np.array([1.0, 2.0]), (), np.array([3.0, 4.0]))[0]
    array([ 5., 10.])
    """
    return _scale_by_parameter("scale_by_param_block_norm", norm, min_scale)


@schedulable(min_scale=NOT_NEGATIVE)
def scale_by_param_block_rms(min_scale: Any = 1e-3) -> GradientTransformation:
    """Multiply the update of each leaf by the root mean square of its parameter.

    Args:
        min_scale: the least factor.

    Returns:
        The transformation; its update needs params.

    >>> scale_by_param_block_rms().update(np.array([1.0, 2.0]), (), np.array([5.0, 5.0]))[0]
    array([ 5., 10.])
    """
    return _scale_by_parameter("scale_by_param_block_rms", root_mean_square, min_scale)


def _scale_by_parameter(name: str, measure: Any, min_scale: Any) -> GradientTransformation:
    def scaled(u: Any, p: Any) -> Any:
        return u * like(u, np.maximum(measure(p), like(as_leaf(p), min_scale)))

    def update_by_parameter(updates: Any, params: Any) -> Any:
        check_params(name, params)
        return map_leaves(name, scaled, updates, others=(params,))

    return stateless(update_by_parameter)


@schedulable(scale_factor=REAL, eps=NOT_NEGATIVE)
def normalize_by_update_norm(scale_factor: Any = 1.0, eps: Any = 1e-6) -> GradientTransformation:
    """Scale updates to a global norm: u <- scale_factor u / (|u| + eps).

    Args:
        scale_factor: the norm of the result.
        eps: added to the global norm.

    Returns:
        The transformation.

    >>> normalize_by_update_norm(eps=0.0).update(np.array([3.0, 4.0]), ())[0]
    array([0.6, 0.8])
    """

    def update_normalized(updates: Any, params: Any) -> Any:
        total = global_norm(updates)
        below = total + like(total, floor_under_root(total, eps, 0.0))
        factor = like(total, scale_factor)
        return map_leaves(
            "normalize_by_update_norm", lambda u: u / like(u, below) * like(u, factor), updates
        )

    return stateless(update_normalized)


@user_facing
def centralize() -> GradientTransformation:
    """Take from the update of each matrix or kernel its mean over all axes but the first.

    (Yong et al. 2020, arXiv:2004.01461.) Scalars and vectors stay as they are.

    Returns:
        The transformation.

    >>> centralize().update(np.array([[1.0, 3.0], [5.0, 5.0]]), ())[0]
    array([[-1.,  1.],
           [ 0.,  0.]])
    """

    def centered(u: Any) -> Any:
        return u - np.mean(u, tuple(range(1, u.ndim)), keepdims=True) if u.ndim > 1 else u

    return stateless(lambda updates, params: map_leaves("centralize", centered, updates))


@schedulable(f_min=REAL, max_learning_rate=POSITIVE, eps=NOT_NEGATIVE)
def scale_by_polyak(
    f_min: Any = 0.0, max_learning_rate: Any = 1.0, eps: Any = 0.0, variant: str = "sps"
) -> GradientTransformation:
    """Polyak's step size: u <- min((f - f_min) / (|u|^2 + eps), max_learning_rate) u.

    (Loizou et al. 2021, arXiv:2002.10542.)

    Args:
        f_min: the least value of the loss.
        max_learning_rate: the largest step size.
        eps: added to the squared norm.
        variant: 'sps', or 'sps+' for no steps uphill where f < f_min.

    Returns:
        The transformation; its update needs the keyword ``value``, the loss. A gradient of zeros
        gives updates of zeros.

    >>> scale_by_polyak().update(np.array([1.0, 1.0]), EmptyState(), value=0.5)[0]
    array([0.25, 0.25])
    """
    if variant not in ("sps", "sps+"):
        raise ValueError(f"scale_by_polyak: variant must be 'sps' or 'sps+'; got {variant!r}")

    def update_polyak(
        updates: Any, state: Any, params: Any = None, *, value: Any = None, **extra: Any
    ) -> Any:
        if value is None:
            raise TypeError("scale_by_polyak needs the loss: update(..., value=loss)")
        total = global_norm(updates)
        flat = total == 0
        size = np.where(flat, 1.0, total)
        gap = wide(as_leaf(value)) - f_min
        gap = np.maximum(gap, 0.0) if variant == "sps+" else gap
        # The length of the step, since the square of the norm may be out of range.
        length = np.minimum(gap / (size + eps / size), max_learning_rate * size)
        length = np.where(flat, 0.0, length)
        updates = map_leaves(
            "scale_by_polyak", lambda u: u / like(u, size) * like(u, length), updates
        )
        return updates, state

    return make_transformation(lambda params: EmptyState(), update_polyak)
