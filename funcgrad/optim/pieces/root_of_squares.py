"""Scaling by roots of accumulated squares, and step sizes of each element of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...typing import Array, PyTree
from ..hyperparameters import BELOW_ONE, FRACTION, NOT_NEGATIVE, POSITIVE, numbers, schedulable
from ..leafwise import leafwise
from ..leaves import bounded, floor_under_root, leaf_error, like, map_leaves, square, zeros_like
from ..transformation import GradientTransformation, make_transformation
from ..typing import Count, Scalar, ScalarOrSchedule
from .adam_moments import average


class ScaleByRssState(NamedTuple):
    """The sums of squared gradients."""

    sum_of_squares: PyTree


@schedulable(initial_accumulator_value=NOT_NEGATIVE, eps=NOT_NEGATIVE)
def scale_by_rss(
    initial_accumulator_value: ScalarOrSchedule = 0.1, eps: ScalarOrSchedule = 1e-7
) -> GradientTransformation:
    """Divide by the root of the sum of all squares so far: s <- s + g^2, u = g / sqrt(s + eps).

    (Duchi, Hazan and Singer 2011.) Where s is 0, u is 0.

    Args:
        initial_accumulator_value: the first s.
        eps: added under the root.

    >>> tx = scale_by_rss(0.0, eps=0.0)
    >>> tx.update(np.array([3.0]), ScaleByRssState(np.array([16.0])))[0]
    array([0.6])
    """
    name = "scale_by_rss"
    value, eps = numbers(initial_accumulator_value, eps)

    def leaf(g: Array, s: Array) -> tuple[Array, Array]:
        g = bounded(g)
        s = s + square(g)
        return g / np.sqrt(s + like(s, floor_under_root(s, eps, 0.0))), s

    def first(params: PyTree) -> tuple[PyTree]:
        return (zeros_like(name, params, value=value, real=True),)

    return leafwise(name, ScaleByRssState, first, lambda t: leaf)


class ScaleByRmsState(NamedTuple):
    """Number of updates, and the averages of squared gradients."""

    count: Any
    nu: PyTree


def _over_root(g: Array, v: Array, eps: Scalar, eps_in_sqrt: bool) -> Array:
    inside, beside = (eps, 0.0) if eps_in_sqrt else (0.0, eps)
    inside = floor_under_root(v, inside, beside)
    if hasattr(inside, "dtype") or inside != 0:
        v = v + like(v, inside)
    return g / (np.sqrt(v) if eps_in_sqrt else np.sqrt(v) + like(v, beside))


@schedulable(decay=BELOW_ONE, eps=NOT_NEGATIVE, initial_scale=NOT_NEGATIVE)
def scale_by_rms(
    decay: ScalarOrSchedule = 0.9,
    eps: ScalarOrSchedule = 1e-8,
    initial_scale: ScalarOrSchedule = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Divide by the root of the average of squares: v <- decay v + (1 - decay) g^2.

    (Tieleman and Hinton 2012.)

    Args:
        decay: of the average.
        eps: added under the root, or to it.
        initial_scale: the first v.
        eps_in_sqrt: True to add eps under the root, False to add it to the root.
        bias_correction: True to divide v by 1 - decay^t.

    >>> tx = scale_by_rms(decay=0.75, eps=0.0)
    >>> tx.update(np.array([3.0]), tx.init(np.zeros(1)))[0]
    array([2.])
    """
    name = "scale_by_rms"
    decay, eps, value = numbers(decay, eps, initial_scale)

    def first(params: PyTree) -> tuple[PyTree]:
        return (zeros_like(name, params, value=value, real=True),)

    def rule(t: Count) -> Callable[..., PyTree]:
        weight = 1 / (1 - decay**t) if bias_correction else 1.0

        def leaf(g: Array, v: Array) -> tuple[Array, Array]:
            g = bounded(g)
            v = average(v, square(g), decay)
            return _over_root(g, v * like(v, weight), eps, eps_in_sqrt), v

        return leaf

    return leafwise(name, ScaleByRmsState, first, rule)


class ScaleByRStdDevState(NamedTuple):
    """Number of updates, and the averages of gradients and of their squares."""

    count: Any
    mu: PyTree
    nu: PyTree


@schedulable(decay=BELOW_ONE, eps=NOT_NEGATIVE, initial_scale=NOT_NEGATIVE)
def scale_by_stddev(
    decay: ScalarOrSchedule = 0.9,
    eps: ScalarOrSchedule = 1e-8,
    initial_scale: ScalarOrSchedule = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Divide by the running standard deviation: the root of v - m^2 with averages v, m.

    (Graves 2013, arXiv:1308.0850, equations 38 to 42.) Arguments as of ``scale_by_rms``, with both
    averages in the place of its one. With bias_correction the deviation is 0 at the first update,
    which eps alone keeps from being very large.

    >>> tx = scale_by_stddev(decay=0.5, eps=0.0)
    >>> tx.update(np.array([3.0]), tx.init(np.zeros(1)))[0]
    array([2.])
    """
    name = "scale_by_stddev"
    decay, eps, value = numbers(decay, eps, initial_scale)

    def first(params: PyTree) -> tuple[PyTree, PyTree]:
        return zeros_like(name, params), zeros_like(name, params, value=value, real=True)

    def rule(t: Count) -> Callable[..., PyTree]:
        weight = 1 / (1 - decay**t) if bias_correction else 1.0

        def leaf(g: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
            g = bounded(g)
            m, v = average(m, g, decay), average(v, square(g), decay)
            variance = v * like(v, weight) - square(m * like(m, weight))
            variance = np.maximum(variance, 0.0)  # it may be negative by rounding
            return _over_root(g, variance, eps, eps_in_sqrt), m, v

        return leaf

    return leafwise(name, ScaleByRStdDevState, first, rule)


class ScaleByAdaDeltaState(NamedTuple):
    """The averages of squared gradients (e_g) and of squared updates (e_x)."""

    e_g: PyTree
    e_x: PyTree


@schedulable(rho=FRACTION, eps=NOT_NEGATIVE)
def scale_by_adadelta(
    rho: ScalarOrSchedule = 0.9, eps: ScalarOrSchedule = 1e-6
) -> GradientTransformation:
    """Scale by the ratio of the root mean squares of past updates and gradients.

    u = sqrt(e_x + eps) / sqrt(e_g + eps) g, where e_g averages g^2 and e_x averages u^2.
    (Zeiler 2012, arXiv:1212.5701.)

    Args:
        rho: decay of the averages.
        eps: added under the roots.

    >>> tx = scale_by_adadelta(rho=0.75, eps=0.0)
    >>> tx.update(np.array([3.0]), ScaleByAdaDeltaState(np.zeros(1), np.array([4.0])))[0]
    array([4.])
    """
    name = "scale_by_adadelta"
    rho, eps = numbers(rho, eps)

    def leaf(g: Array, e_g: Array, e_x: Array) -> tuple[Array, Array, Array]:
        g = bounded(g)
        e_g = average(e_g, square(g), rho)
        below = e_g + like(e_g, floor_under_root(e_g, eps, 0.0))
        u = g * np.sqrt((e_x + like(e_x, eps)) / below)
        return u, e_g, average(e_x, square(u), rho)

    def first(params: PyTree) -> tuple[PyTree, PyTree]:
        zeros = zeros_like(name, params, real=True)
        return zeros, zeros

    return leafwise(name, ScaleByAdaDeltaState, first, lambda t: leaf)


class ScaleBySM3State(NamedTuple):
    """The covers of the sums of squares, one vector for each axis, and the average direction."""

    mu: PyTree
    nu: PyTree


def _least_cover(covers: list[Array], ndim: int) -> Array:
    """The least of the entries that cover each element, one vector of entries for each axis."""
    if ndim <= 1:
        return covers[0]
    along = [[-1 if i == axis else 1 for i in range(ndim)] for axis in range(ndim)]
    least = covers[0].reshape(along[0])
    for cover, shape in zip(covers[1:], along[1:], strict=True):
        least = np.minimum(least, cover.reshape(shape))
    return least


@schedulable(b1=BELOW_ONE, b2=FRACTION, eps=NOT_NEGATIVE)
def scale_by_sm3(
    b1: ScalarOrSchedule = 0.9, b2: ScalarOrSchedule = 1.0, eps: ScalarOrSchedule = 1e-8
) -> GradientTransformation:
    """Adagrad with the memory of one vector for each axis, and momentum.

    The sum of squares of an element is bounded by the least of the entries of its row, column and
    so on: s = min(...) + g^2; each entry becomes the largest s that it covers.
    u <- b1 u + (1 - b1) g / sqrt(s + eps). (Anil et al. 2019, arXiv:1901.11150.)

    Args:
        b1: decay of the average of directions.
        b2: decay of the sums; with b2 < 1, s = b2 min(...) + (1 - b2) g^2.
        eps: added under the root.

    >>> tx = scale_by_sm3(b1=0.0, eps=0.0)
    >>> g = np.array([[3.0, 4.0], [0.0, 1.0]])
    >>> tx.update(g, tx.init(g))[1].mu
    [array([16.,  1.]), array([ 9., 16.])]
    """
    name = "scale_by_sm3"
    b1, b2, eps = numbers(b1, b2, eps)
    fresh = np.where(b2 == 1, 1.0, 1 - b2)[()]

    def init_sm3(params: PyTree) -> ScaleBySM3State:
        nu = zeros_like(name, params)
        leaves, spec = tree.flatten(nu)
        for i, z in enumerate(leaves):
            if z.dtype.kind == "c":
                raise leaf_error(TypeError, name, spec, i, f"is {z.dtype}; it must be real")
        mu = [[np.zeros_like(z, shape=(d,)) for d in z.shape] or [z] for z in leaves]
        return ScaleBySM3State(tree.unflatten(spec, mu), nu)

    def leaf(g: Array, u: Array, covers: list[Array]) -> tuple[Array, Array, list[Array]]:
        g, axes = bounded(g), range(g.ndim)
        s = like(g, fresh) * square(g) + like(g, b2) * _least_cover(covers, g.ndim)
        direction = g / np.sqrt(s + like(s, floor_under_root(s, eps, 0.0)))
        u = average(u, direction, b1)
        return u, u, [np.max(s, tuple(i for i in axes if i != axis)) for axis in axes] or [s]

    def update_sm3(
        updates: PyTree, state: ScaleBySM3State, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ScaleBySM3State]:
        updates, nu, mu = map_leaves(name, leaf, updates, (state.nu, state.mu))
        return updates, ScaleBySM3State(mu, nu)

    return make_transformation(init_sm3, update_sm3, ScaleBySM3State)


class ScaleByRpropState(NamedTuple):
    """The step size of each element, and the updates before."""

    step_sizes: PyTree
    prev_updates: PyTree


@schedulable(
    learning_rate=NOT_NEGATIVE, eta_minus=FRACTION, eta_plus=POSITIVE,
    min_step_size=NOT_NEGATIVE, max_step_size=POSITIVE,
)  # fmt: skip
def scale_by_rprop(
    learning_rate: ScalarOrSchedule,
    eta_minus: ScalarOrSchedule = 0.5,
    eta_plus: ScalarOrSchedule = 1.2,
    min_step_size: ScalarOrSchedule = 1e-6,
    max_step_size: ScalarOrSchedule = 50.0,
) -> GradientTransformation:
    """Steps whose sizes depend on the signs of gradients only.

    A step grows by eta_plus while the sign stays and shrinks by eta_minus when it changes; then
    the element rests for one update. (Riedmiller and Braun 1993; Igel and Huesken 2000, iRprop-.)
    Steps are made at once; Optax makes each one update late.

    Args:
        learning_rate: the first step size; of a schedule, its first value.
        eta_minus: factor of a step after a change of sign.
        eta_plus: factor of a step otherwise.
        min_step_size: the least step.
        max_step_size: the largest step.

    >>> tx = scale_by_rprop(0.5)
    >>> tx.update(np.array([3.0, -0.1]), tx.init(np.zeros(2)))[0]
    array([ 0.5, -0.5])
    """
    name = "scale_by_rprop"
    rate, minus, plus, least, largest = numbers(
        learning_rate, eta_minus, eta_plus, min_step_size, max_step_size
    )

    def leaf(g: Array, size: Array, before: Array) -> tuple[Array, Array, Array]:
        agreement = np.sign(g) * np.sign(before)
        changed = agreement < 0
        factor = np.where(changed, like(size, minus), like(size, plus))
        bounded_size = np.clip(size * factor, like(size, least), like(size, largest))
        size = np.where(agreement == 0, size, bounded_size)
        step = np.where(changed, 0.0, size * np.sign(g))
        return step, size, step

    def first(params: PyTree) -> tuple[PyTree, PyTree]:
        return zeros_like(name, params, value=rate), zeros_like(name, params)

    return leafwise(name, ScaleByRpropState, first, lambda t: leaf)
