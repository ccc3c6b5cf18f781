"""Transformations that keep updates small."""

from __future__ import annotations

import numpy as np

from ...core.arguments import is_integer
from ...core.dtypes import finfo
from ...typing import Array, PyTree
from ..hyperparameters import NOT_NEGATIVE, POSITIVE, numbers, schedulable
from ..leaves import as_leaf, check_params, global_norm, like, map_leaves, norm, root_mean_square
from ..transformation import GradientTransformation, stateless
from ..typing import Scalar, ScalarOrSchedule


@schedulable(max_delta=POSITIVE)
def clip(max_delta: ScalarOrSchedule) -> GradientTransformation:
    """Limit each element to [-max_delta, max_delta].

    Args:
        max_delta: positive number.

    >>> clip(1.0).update(np.array([-3.0, 0.5]), ())[0]
    array([-1. ,  0.5])
    """
    (limit,) = numbers(max_delta)

    def clipped(u: Array) -> Array:
        bound = like(u, limit)
        return np.clip(u, -bound, bound)

    return stateless(lambda updates, params: map_leaves("clip", clipped, updates))


def _limited(u: Array, size: Array, limit: Scalar) -> Array:
    """A leaf scaled down so that what has the given size does not exceed the limit."""
    if not hasattr(limit, "dtype") and limit == np.inf:
        return u
    limit = like(size, limit)
    return u * like(u, limit / np.maximum(size, limit))


@schedulable(max_norm=POSITIVE)
def clip_by_global_norm(max_norm: ScalarOrSchedule) -> GradientTransformation:
    """Scale all updates down together so that their global norm is at most max_norm.

    (Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063.)

    Args:
        max_norm: positive number.

    >>> clip_by_global_norm(1.0).update({"w": np.array([3.0]), "b": np.array([4.0])}, ())[0]
    {'w': array([0.6]), 'b': array([0.8])}
    """
    (limit,) = numbers(max_norm)

    def update_clipped(updates: PyTree, params: PyTree) -> PyTree:
        size = global_norm(updates)
        return map_leaves("clip_by_global_norm", lambda u: _limited(u, size, limit), updates)

    return stateless(update_clipped)


@schedulable(max_norm=POSITIVE)
def clip_by_norm(max_norm: ScalarOrSchedule) -> GradientTransformation:
    """Scale the update of each leaf down so that its own norm is at most max_norm.

    Args:
        max_norm: positive number.

    >>> clip_by_norm(1.0).update({"w": np.array([3.0, 4.0]), "b": np.array([0.5])}, ())[0]
    {'w': array([0.6, 0.8]), 'b': array([0.5])}
    """
    (limit,) = numbers(max_norm)
    return stateless(
        lambda updates, params: map_leaves(
            "clip_by_norm", lambda u: _limited(u, norm(u), limit), updates
        )
    )


@schedulable(threshold=POSITIVE)
def clip_by_block_rms(threshold: ScalarOrSchedule) -> GradientTransformation:
    """Scale the update of each leaf down so that its root mean square is at most threshold.

    (Shazeer and Stern 2018, arXiv:1804.04235, section 6.)

    Args:
        threshold: positive number.

    >>> clip_by_block_rms(1.0).update(np.array([2.0, -2.0]), ())[0]
    array([ 1., -1.])
    """
    (limit,) = numbers(threshold)
    return stateless(
        lambda updates, params: map_leaves(
            "clip_by_block_rms", lambda u: _limited(u, root_mean_square(u), limit), updates
        )
    )


def _unit_axes(x: Array, axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """The axes over which the norm of one unit of a layer is taken."""
    if axis is not None:
        return axis if isinstance(axis, tuple) else (axis,)
    if sum(d != 1 for d in x.shape) <= 1:
        return tuple(range(x.ndim))
    if x.ndim <= 3:
        return (0,)
    if x.ndim <= 5:
        return tuple(range(x.ndim - 1))
    raise ValueError(
        f"adaptive_grad_clip: an array of {x.ndim} dimensions; say with axis which of them "
        "belong to one unit"
    )


@schedulable(clipping=POSITIVE, eps=NOT_NEGATIVE)
def adaptive_grad_clip(
    clipping: ScalarOrSchedule,
    eps: ScalarOrSchedule = 1e-3,
    axis: int | tuple[int, ...] | None = None,
) -> GradientTransformation:
    """Limit the norm of each unit's gradient to a fraction of the norm of its parameters.

    |g| <= clipping max(|p|, eps), by units: columns of matrices, output channels of kernels, and
    vectors as a whole. (Brock et al. 2021, arXiv:2102.06171.) Its update needs params.

    Args:
        clipping: the fraction.
        eps: smaller norms of parameters count as this one.
        axis: the axes over which norms are taken, if not as above.

    >>> adaptive_grad_clip(0.5).update(np.array([3.0, 4.0]), (), np.array([0.0, 2.0]))[0]
    array([0.6, 0.8])
    """
    fraction, least = numbers(clipping, eps)
    for a in axis if isinstance(axis, tuple) else (axis,):
        if a is not None and not is_integer(a):
            raise TypeError(
                f"adaptive_grad_clip: axis must be an int or a tuple of ints, got {axis!r}"
            )

    def size(x: Array) -> Array:
        axes = tuple(sorted(a % x.ndim for a in _unit_axes(x, axis)))
        return np.expand_dims(norm(x, axes), axes)

    def clipped(u: Array, p: Array) -> Array:
        limit = like(u, fraction) * np.maximum(size(as_leaf(p)), like(u, least))
        own = size(u)
        below = np.maximum(np.maximum(own, limit), float(finfo(own.dtype).tiny))
        return np.where(own < limit, u, u * (limit / below))

    def update_adaptive(updates: PyTree, params: PyTree) -> PyTree:
        check_params("adaptive_grad_clip", params)
        return map_leaves("adaptive_grad_clip", clipped, updates, others=(params,))

    return stateless(update_adaptive)
