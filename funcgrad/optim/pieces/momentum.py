"""Transformations that remember past gradients, without their squares: momentum, averages, Lion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ..hyperparameters import BELOW_ONE, FRACTION, NOT_NEGATIVE, REAL, schedulable
from ..leaves import (
    as_leaf,
    bounded,
    check_params,
    floor_under_root,
    like,
    map_leaves,
    norm,
    square,
    zeros_like,
)
from ..transformation import GradientTransformation, make_transformation
from .adam_moments import average


class TraceState(NamedTuple):
    """The decaying sum of gradients."""

    trace: Any


@schedulable(decay=FRACTION)
def trace(
    decay: Any, nesterov: bool = False, accumulator_dtype: Any = None
) -> GradientTransformation:
    """Momentum: the decaying sum of gradients, s <- g + decay s.

    Args:
        decay: factor of the sum before.
        nesterov: give g + decay s, with the new sum, instead of s. (Sutskever et al. 2013.)
        accumulator_dtype: dtype of the sum, if not that of the parameters.

    Returns:
        The transformation.

    >>> tx = trace(0.5)
    >>> tx.update(np.array([1.0]), TraceState(np.array([4.0])))
    (array([3.]), TraceState(trace=array([3.])))
    """

    def leaf(g: Any, s: Any) -> Any:
        s = g + like(s, decay) * s
        return (g + like(s, decay) * s if nesterov else s), s

    def init_trace(params: Any) -> TraceState:
        return TraceState(zeros_like("trace", params, accumulator_dtype))

    def update_trace(updates: Any, state: TraceState, params: Any = None, **extra: Any) -> Any:
        updates, new = map_leaves("trace", leaf, updates, (state.trace,))
        return updates, TraceState(new)

    return make_transformation(init_trace, update_trace, TraceState)


class EmaState(NamedTuple):
    """Number of updates, and their average."""

    count: Any
    ema: Any


@schedulable(decay=BELOW_ONE)
def ema(decay: Any, debias: bool = True, accumulator_dtype: Any = None) -> GradientTransformation:
    """Exponential moving average: a <- decay a + (1 - decay) u.

    Args:
        decay: factor of the average before.
        debias: whether to divide by 1 - decay^t, so that the first average is the first update.
        accumulator_dtype: dtype of the average, if not that of the parameters.

    Returns:
        The transformation.

    >>> tx = ema(0.9)
    >>> tx.update(np.array([2.0]), tx.init(np.zeros(1)))[0].round(6)
    array([2.])
    """

    def init_ema(params: Any) -> EmaState:
        return EmaState(0, zeros_like("ema", params, accumulator_dtype))

    def update_ema(updates: Any, state: EmaState, params: Any = None, **extra: Any) -> Any:
        t = state.count + 1
        weight = 1 / (1 - decay**t) if debias else None

        def leaf(u: Any, a: Any) -> Any:
            a = average(a, u, decay)
            return (a if weight is None else a * like(a, weight)), a

        updates, new = map_leaves("ema", leaf, updates, (state.ema,))
        return updates, EmaState(t, new)

    return make_transformation(init_ema, update_ema, EmaState)


class ScaleByLionState(NamedTuple):
    """Number of updates, and the average of gradients."""

    count: Any
    mu: Any


@schedulable(b1=FRACTION, b2=FRACTION, smooth_beta=REAL)
def scale_by_lion(
    b1: Any = 0.9,
    b2: Any = 0.99,
    mu_dtype: Any = None,
    *,
    mode: str = "hard",
    smooth_beta: Any = 1.0,
) -> GradientTransformation:
    """Lion's direction: the sign of a mean of gradients.

    u = sign(b1 m + (1 - b1) g), m <- b2 m + (1 - b2) g. (Chen et al. 2023, arXiv:2302.06675.)

    Args:
        b1: weight of the average in the direction.
        b2: decay of the average.
        mu_dtype: dtype of the average, if not that of the parameters.
        mode: 'hard' for the sign, 'smooth' for tanh(smooth_beta x), 'refined' for x clipped to
            [-1, 1].
        smooth_beta: steepness of the mode 'smooth'.

    Returns:
        The transformation.

    >>> tx = scale_by_lion()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0]
    array([ 1., -1.])
    """
    modes: dict[str, Any] = {
        "hard": np.sign,
        "smooth": lambda x: np.tanh(like(x, smooth_beta) * x),
        "refined": lambda x: np.clip(x, -1.0, 1.0),
    }
    if mode not in modes:
        raise ValueError(f"scale_by_lion: mode must be one of {', '.join(modes)}; got {mode!r}")
    bound = modes[mode]

    def leaf(g: Any, m: Any) -> Any:
        return bound(average(m, g, b1)), average(m, g, b2)

    def init_lion(params: Any) -> ScaleByLionState:
        return ScaleByLionState(0, zeros_like("scale_by_lion", params, mu_dtype))

    def update_lion(updates: Any, state: ScaleByLionState, params: Any = None, **extra: Any) -> Any:
        updates, mu = map_leaves("scale_by_lion", leaf, updates, (state.mu,))
        return updates, ScaleByLionState(state.count + 1, mu)

    return make_transformation(init_lion, update_lion, ScaleByLionState)


class ScaleByNovogradState(NamedTuple):
    """Number of updates, the average direction, and of each leaf the average squared norm."""

    count: Any
    mu: Any
    nu: Any


@schedulable(
    b1=FRACTION,
    b2=FRACTION,
    eps=NOT_NEGATIVE,
    eps_root=NOT_NEGATIVE,
    weight_decay=NOT_NEGATIVE,
)
def scale_by_novograd(
    b1: Any = 0.9,
    b2: Any = 0.25,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
    mu_dtype: Any = None,
) -> GradientTransformation:
    """Momentum of gradients divided by the average norm of their leaf.

    v <- b2 v + (1 - b2) |g|^2 (|g|^2 at first), m <- b1 m + g / (sqrt(v + eps_root) + eps)
    + weight_decay p. (Ginsburg et al. 2019, arXiv:1905.11286.)

    Args:
        b1: decay of the momentum.
        b2: decay of the squared norm.
        eps: added to the root.
        eps_root: added under the root.
        weight_decay: factor of the parameters.
        mu_dtype: dtype of the momentum, if not that of the parameters.

    Returns:
        The transformation; its update needs params.

    >>> tx = scale_by_novograd()
    >>> tx.update(np.array([3.0, 4.0]), tx.init(np.zeros(2)), np.zeros(2))[0].round(6)
    array([0.6, 0.8])
    """
    name = "scale_by_novograd"

    def init_novograd(params: Any) -> ScaleByNovogradState:
        mu = zeros_like(name, params, mu_dtype)
        first = zeros_like(name, params, real=True)
        nu = tree.map(lambda z: np.zeros((), z.dtype)[()], first)
        return ScaleByNovogradState(0, mu, nu)

    def update_novograd(
        updates: Any, state: ScaleByNovogradState, params: Any = None, **extra: Any
    ) -> Any:
        check_params(name, params)
        t = state.count + 1
        first = t == 1

        def leaf(g: Any, m: Any, v: Any, p: Any) -> Any:
            size = norm(g)
            limited = bounded(size)
            # A norm of 0 has the factor 1.
            g = g * (limited / np.where(size == 0, 1.0, size) + (size == 0))
            total = limited * limited
            v = np.where(first, total, average(v, total, b2))[()]
            inner = v + like(v, floor_under_root(v, eps_root, eps))
            scaled = g / (np.sqrt(inner) + like(v, eps))
            m = like(m, b1) * m + scaled + like(m, weight_decay) * as_leaf(p)
            return m, m, v

        updates, mu, nu = map_leaves(name, leaf, updates, (state.mu, state.nu), (params,))
        return updates, ScaleByNovogradState(t, mu, nu)

    return make_transformation(init_novograd, update_novograd, ScaleByNovogradState)


class ScaleByAdanState(NamedTuple):
    """Averages of gradients (m), their differences (v) and squares (n), last gradient, count."""

    m: Any
    v: Any
    n: Any
    g: Any
    t: Any


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, b3=BELOW_ONE, eps=NOT_NEGATIVE, eps_root=NOT_NEGATIVE)
def scale_by_adan(
    b1: Any = 0.98, b2: Any = 0.92, b3: Any = 0.99, eps: Any = 1e-8, eps_root: Any = 0.0
) -> GradientTransformation:
    """Adan's direction: averages of gradients and of their differences over a root.

    With d the difference to the gradient before (0 at first), m averages g, v averages d,
    n averages (g + (1 - b2) d)^2; u = (m + (1 - b2) v) / (sqrt(n + eps_root) + eps), all three
    corrected for their start at 0. (Xie et al. 2022, arXiv:2208.06677; the decays are one minus
    those of the paper.)

    Args:
        b1: decay of the average of gradients.
        b2: decay of the average of differences.
        b3: decay of the average of squares.
        eps: added to the root.
        eps_root: added under the root.

    Returns:
        The transformation.

    >>> tx = scale_by_adan()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(6)
    array([ 1., -1.])
    """
    name = "scale_by_adan"

    def init_adan(params: Any) -> ScaleByAdanState:
        zeros, real = zeros_like(name, params), zeros_like(name, params, real=True)
        return ScaleByAdanState(zeros, zeros, real, zeros, 0)

    def update_adan(updates: Any, state: ScaleByAdanState, params: Any = None, **extra: Any) -> Any:
        t = state.t + 1
        first = t == 1
        c1, c2, c3 = 1 - b1**t, 1 - b2**t, 1 - b3**t

        def leaf(g: Any, m: Any, v: Any, n: Any, last: Any) -> Any:
            g = bounded(g)
            d = np.where(first, 0.0, g - last)
            ahead = 1 - like(g, b2)
            m, v = average(m, g, b1), average(v, d, b2)
            n = average(n, square(g + ahead * d), b3)
            above = m * like(m, 1 / c1) + v * (ahead * like(v, 1 / c2))
            inner = n * like(n, 1 / c3) + like(n, floor_under_root(n, eps_root, eps))
            below = np.sqrt(inner) + like(n, eps)
            return above / below, m, v, n, g

        states = (state.m, state.v, state.n, state.g)
        updates, m, v, n, last = map_leaves(name, leaf, updates, states)
        return updates, ScaleByAdanState(m, v, n, last, t)

    return make_transformation(init_adan, update_adan, ScaleByAdanState)


class ScaleByOptimisticGradientState(NamedTuple):
    """Number of updates, and the gradient before."""

    count: Any
    previous_gradient: Any


@schedulable(alpha=REAL, beta=REAL)
def scale_by_optimistic_gradient(alpha: Any = 1.0, beta: Any = 1.0) -> GradientTransformation:
    """The gradient, extrapolated from the one before: (alpha + beta) g - beta g_before.

    (Mokhtari, Ozdaglar and Pattathil 2019, arXiv:1901.08511.) At first, g_before = g.

    Args:
        alpha: weight of the gradient.
        beta: weight of its change.

    Returns:
        The transformation.

    >>> tx = scale_by_optimistic_gradient()
    >>> tx.update(np.array([3.0]), ScaleByOptimisticGradientState(1, np.array([1.0])))[0]
    array([5.])
    """
    name = "scale_by_optimistic_gradient"

    def init_optimistic(params: Any) -> ScaleByOptimisticGradientState:
        return ScaleByOptimisticGradientState(0, zeros_like(name, params))

    def update_optimistic(
        updates: Any, state: ScaleByOptimisticGradientState, params: Any = None, **extra: Any
    ) -> Any:
        first = state.count == 0

        def leaf(g: Any, before: Any) -> Any:
            change = np.where(first, 0.0, g - before)
            return like(g, alpha) * g + like(g, beta) * change, g

        updates, last = map_leaves(name, leaf, updates, (state.previous_gradient,))
        return updates, ScaleByOptimisticGradientState(state.count + 1, last)

    return make_transformation(init_optimistic, update_optimistic, ScaleByOptimisticGradientState)
