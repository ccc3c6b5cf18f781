"""Scaling by roots of accumulated squares, and step sizes of each element of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ..hyperparameters import BELOW_ONE, FRACTION, NOT_NEGATIVE, POSITIVE, schedulable
from ..leaves import bounded, floor_under_root, leaf_error, like, map_leaves, square, zeros_like
from ..transformation import GradientTransformation, make_transformation
from .adam_moments import average


class ScaleByRssState(NamedTuple):
    """The sums of squared gradients."""

    sum_of_squares: Any


@schedulable(initial_accumulator_value=NOT_NEGATIVE, eps=NOT_NEGATIVE)
def scale_by_rss(initial_accumulator_value: Any = 0.1, eps: Any = 1e-7) -> GradientTransformation:
    """Divide by the root of the sum of all squares so far: s <- s + g^2, u = g / sqrt(s + eps).

    (Duchi, Hazan and Singer 2011.) Where s is 0, u is 0.

    Args:
        initial_accumulator_value: the first s.
        eps: added under the root.

    Returns:
        The transformation.

    >>> tx = scale_by_rss(0.0, eps=0.0)
    >>> tx.update(np.array([3.0]), ScaleByRssState(np.array([16.0])))[0]
    array([0.6])
    """

    def leaf(g: Any, s: Any) -> Any:
        g = bounded(g)
        s = s + square(g)
        return g / np.sqrt(s + like(s, floor_under_root(s, eps, 0.0))), s

    def init_rss(params: Any) -> ScaleByRssState:
        value = initial_accumulator_value
        return ScaleByRssState(zeros_like("scale_by_rss", params, value=value, real=True))

    def update_rss(updates: Any, state: ScaleByRssState, params: Any = None, **extra: Any) -> Any:
        updates, total = map_leaves("scale_by_rss", leaf, updates, (state.sum_of_squares,))
        return updates, ScaleByRssState(total)

    return make_transformation(init_rss, update_rss, ScaleByRssState)


class ScaleByRmsState(NamedTuple):
    """Number of updates, and the averages of squared gradients."""

    count: Any
    nu: Any


def _over_root(g: Any, v: Any, eps: Any, eps_in_sqrt: bool) -> Any:
    inside, beside = (eps, 0.0) if eps_in_sqrt else (0.0, eps)
    inside = floor_under_root(v, inside, beside)
    if hasattr(inside, "dtype") or inside != 0:
        v = v + like(v, inside)
    return g / (np.sqrt(v) if eps_in_sqrt else np.sqrt(v) + like(v, beside))


@schedulable(decay=BELOW_ONE, eps=NOT_NEGATIVE, initial_scale=NOT_NEGATIVE)
def scale_by_rms(
    decay: Any = 0.9,
    eps: Any = 1e-8,
    initial_scale: Any = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Divide by the root of the average of squares: v <- decay v + (1 - decay) g^2.

    (Tieleman and Hinton 2012.)

    Args:
        decay: of the average.
        eps: added under the root, or to it.
        initial_scale: the first v.
        eps_in_sqrt: whether eps is added under the root.
        bias_correction: whether to divide v by 1 - decay^t.

    Returns:
        The transformation.

    >>> tx = scale_by_rms(decay=0.75, eps=0.0)
    >>> tx.update(np.array([3.0]), tx.init(np.zeros(1)))[0]
    array([2.])
    """
    name = "scale_by_rms"

    def init_rms(params: Any) -> ScaleByRmsState:
        return ScaleByRmsState(0, zeros_like(name, params, value=initial_scale, real=True))

    def update_rms(updates: Any, state: ScaleByRmsState, params: Any = None, **extra: Any) -> Any:
        t = state.count + 1
        weight = 1 / (1 - decay**t) if bias_correction else 1.0

        def leaf(g: Any, v: Any) -> Any:
            g = bounded(g)
            v = average(v, square(g), decay)
            return _over_root(g, v * like(v, weight), eps, eps_in_sqrt), v

        updates, nu = map_leaves(name, leaf, updates, (state.nu,))
        return updates, ScaleByRmsState(t, nu)

    return make_transformation(init_rms, update_rms, ScaleByRmsState)


class ScaleByRStdDevState(NamedTuple):
    """Number of updates, and the averages of gradients and of their squares."""

    count: Any
    mu: Any
    nu: Any


@schedulable(decay=BELOW_ONE, eps=NOT_NEGATIVE, initial_scale=NOT_NEGATIVE)
def scale_by_stddev(
    decay: Any = 0.9,
    eps: Any = 1e-8,
    initial_scale: Any = 0.0,
    eps_in_sqrt: bool = True,
    bias_correction: bool = False,
) -> GradientTransformation:
    """Divide by the running standard deviation: the root of v - m^2 with averages v, m.

    (Graves 2013, arXiv:1308.0850, equations 38 to 42.)

    Args:
        decay: of the averages.
        eps: added under the root, or to it.
        initial_scale: the first v.
        eps_in_sqrt: whether eps is added under the root.
        bias_correction: whether to divide the averages by 1 - decay^t. The deviation is then 0 at
            the first update, which eps alone keeps from being very large.

    Returns:
        The transformation.

    >>> tx = scale_by_stddev(decay=0.5, eps=0.0)
    >>> tx.update(np.array([3.0]), tx.init(np.zeros(1)))[0]
    array([2.])
    """
    name = "scale_by_stddev"

    def init_stddev(params: Any) -> ScaleByRStdDevState:
        nu = zeros_like(name, params, value=initial_scale, real=True)
        return ScaleByRStdDevState(0, zeros_like(name, params), nu)

    def update_stddev(
        updates: Any, state: ScaleByRStdDevState, params: Any = None, **extra: Any
    ) -> Any:
        t = state.count + 1
        weight = 1 / (1 - decay**t) if bias_correction else 1.0

        def leaf(g: Any, m: Any, v: Any) -> Any:
            g = bounded(g)
            m, v = average(m, g, decay), average(v, square(g), decay)
            variance = v * like(v, weight) - square(m * like(m, weight))
            variance = np.maximum(variance, 0.0)  # it may be negative by rounding
            return _over_root(g, variance, eps, eps_in_sqrt), m, v

        updates, mu, nu = map_leaves(name, leaf, updates, (state.mu, state.nu))
        return updates, ScaleByRStdDevState(t, mu, nu)

    return make_transformation(init_stddev, update_stddev, ScaleByRStdDevState)


class ScaleByAdaDeltaState(NamedTuple):
    """The averages of squared gradients (e_g) and of squared updates (e_x)."""

    e_g: Any
    e_x: Any


@schedulable(rho=FRACTION, eps=NOT_NEGATIVE)
def scale_by_adadelta(rho: Any = 0.9, eps: Any = 1e-6) -> GradientTransformation:
    """Scale by the ratio of the root mean squares of past updates and gradients.

    u = sqrt(e_x + eps) / sqrt(e_g + eps) g, where e_g averages g^2 and e_x averages u^2.
    (Zeiler 2012, arXiv:1212.5701.)

    Args:
        rho: decay of the averages.
        eps: added under the roots.

    Returns:
        The transformation.

    >>> tx = scale_by_adadelta(rho=0.75, eps=0.0)
    >>> tx.update(np.array([3.0]), ScaleByAdaDeltaState(np.zeros(1), np.array([4.0])))[0]
    array([4.])
    """

    def leaf(g: Any, e_g: Any, e_x: Any) -> Any:
        g = bounded(g)
        e_g = average(e_g, square(g), rho)
        below = e_g + like(e_g, floor_under_root(e_g, eps, 0.0))
        u = g * np.sqrt((e_x + like(e_x, eps)) / below)
        return u, e_g, average(e_x, square(u), rho)

    def init_adadelta(params: Any) -> ScaleByAdaDeltaState:
        zeros = zeros_like("scale_by_adadelta", params, real=True)
        return ScaleByAdaDeltaState(zeros, zeros)

    def update_adadelta(
        updates: Any, state: ScaleByAdaDeltaState, params: Any = None, **extra: Any
    ) -> Any:
        updates, *states = map_leaves("scale_by_adadelta", leaf, updates, state)
        return updates, ScaleByAdaDeltaState(*states)

    return make_transformation(init_adadelta, update_adadelta, ScaleByAdaDeltaState)


class ScaleBySM3State(NamedTuple):
    """The covers of the sums of squares, one vector for each axis, and the average direction."""

    mu: Any
    nu: Any


@schedulable(b1=BELOW_ONE, b2=FRACTION, eps=NOT_NEGATIVE)
def scale_by_sm3(b1: Any = 0.9, b2: Any = 1.0, eps: Any = 1e-8) -> GradientTransformation:
    """Adagrad with the memory of one vector for each axis, and momentum.

    The sum of squares of an element is bounded by the least of the entries of its row, column and
    so on: s = min(...) + g^2; each entry becomes the largest s that it covers.
    u <- b1 u + (1 - b1) g / sqrt(s + eps). (Anil et al. 2019, arXiv:1901.11150.)

    Args:
        b1: decay of the average of directions.
        b2: decay of the sums; with b2 < 1, s = b2 min(...) + (1 - b2) g^2.
        eps: added under the root.

    Returns:
        The transformation.

    >>> tx = scale_by_sm3(b1=0.0, eps=0.0)
    >>> g = np.array([[3.0, 4.0], [0.0, 1.0]])
    >>> tx.update(g, tx.init(g))[1].mu
    [array([16.,  1.]), array([ 9., 16.])]
    """
    name = "scale_by_sm3"
    fresh = np.where(b2 == 1, 1.0, 1 - b2)[()]

    def init_sm3(params: Any) -> ScaleBySM3State:
        nu = zeros_like(name, params)
        leaves, spec = tree.flatten(nu)
        for i, z in enumerate(leaves):
            if z.dtype.kind == "c":
                raise leaf_error(TypeError, name, spec, i, f"is {z.dtype}; it must be real")
        mu = [[np.zeros_like(z, shape=(d,)) for d in z.shape] or [z] for z in leaves]
        return ScaleBySM3State(tree.unflatten(spec, mu), nu)

    def leaf(g: Any, u: Any, covers: Any) -> Any:
        g, axes = bounded(g), range(g.ndim)
        least = covers[0]
        if g.ndim > 1:
            along = [[-1 if i == axis else 1 for i in axes] for axis in axes]
            least = covers[0].reshape(along[0])
            for cover, shape in zip(covers[1:], along[1:], strict=True):
                least = np.minimum(least, cover.reshape(shape))
        s = like(g, fresh) * square(g) + like(g, b2) * least
        direction = g / np.sqrt(s + like(s, floor_under_root(s, eps, 0.0)))
        u = average(u, direction, b1)
        return u, u, [np.max(s, tuple(i for i in axes if i != axis)) for axis in axes] or [s]

    def update_sm3(updates: Any, state: ScaleBySM3State, params: Any = None, **extra: Any) -> Any:
        updates, nu, mu = map_leaves(name, leaf, updates, (state.nu, state.mu))
        return updates, ScaleBySM3State(mu, nu)

    return make_transformation(init_sm3, update_sm3, ScaleBySM3State)


class ScaleByRpropState(NamedTuple):
    """The step size of each element, and the updates before."""

    step_sizes: Any
    prev_updates: Any


@schedulable(
    learning_rate=NOT_NEGATIVE, eta_minus=FRACTION, eta_plus=POSITIVE,
    min_step_size=NOT_NEGATIVE, max_step_size=POSITIVE,
)  # fmt: skip
def scale_by_rprop(
    learning_rate: Any,
    eta_minus: Any = 0.5,
    eta_plus: Any = 1.2,
    min_step_size: Any = 1e-6,
    max_step_size: Any = 50.0,
) -> GradientTransformation:
    """Steps whose sizes depend on the signs of gradients only.

    A step grows by eta_plus while the sign stays and shrinks by eta_minus when it changes; then
    the element rests for one update. (Riedmiller and Braun 1993; Igel and Huesken 2000, iRprop-.)
    Steps are made at once; Optax makes each one update late.

    Args:
        learning_rate: the first step size.
        eta_minus: factor after a change of sign.
        eta_plus: factor otherwise.
        min_step_size: the least step.
        max_step_size: the largest step.

    Returns:
        The transformation.

    >>> tx = scale_by_rprop(0.5)
    >>> tx.update(np.array([3.0, -0.1]), tx.init(np.zeros(2)))[0]
    array([ 0.5, -0.5])
    """
    name = "scale_by_rprop"

    def leaf(g: Any, size: Any, before: Any) -> Any:
        agreement = np.sign(g) * np.sign(before)
        changed = agreement < 0
        factor = np.where(changed, like(size, eta_minus), like(size, eta_plus))
        low, high = like(size, min_step_size), like(size, max_step_size)
        size = np.where(agreement == 0, size, np.clip(size * factor, low, high))
        step = np.where(changed, 0.0, size * np.sign(g))
        return step, size, step

    def init_rprop(params: Any) -> ScaleByRpropState:
        sizes = zeros_like(name, params, value=learning_rate)
        return ScaleByRpropState(sizes, zeros_like(name, params))

    def update_rprop(
        updates: Any, state: ScaleByRpropState, params: Any = None, **extra: Any
    ) -> Any:
        updates, *states = map_leaves(name, leaf, updates, state)
        return updates, ScaleByRpropState(*states)

    return make_transformation(init_rprop, update_rprop, ScaleByRpropState)
