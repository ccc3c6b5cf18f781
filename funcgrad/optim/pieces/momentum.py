"""Transformations that remember past gradients, without their squares: momentum, averages, Lion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...typing import Array, DTypeLike, PyTree
from ..hyperparameters import BELOW_ONE, FRACTION, NOT_NEGATIVE, REAL, numbers, schedulable
from ..leafwise import leafwise
from ..leaves import (
    as_leaf,
    bounded,
    choose,
    floor_under_root,
    like,
    map_leaves,
    norm,
    square,
    zeros_like,
)
from ..transformation import GradientTransformation, make_transformation
from ..typing import Count, Scalar, ScalarOrSchedule
from .adam_moments import average


class TraceState(NamedTuple):
    """The decaying sum of gradients."""

    trace: PyTree


@schedulable(decay=FRACTION)
def trace(
    decay: ScalarOrSchedule, nesterov: bool = False, accumulator_dtype: DTypeLike | None = None
) -> GradientTransformation:
    """Momentum: the decaying sum of gradients, s <- g + decay s.

    Args:
        decay: factor of the sum before.
        nesterov: True to give g + decay s with the new s. (Sutskever et al. 2013.)
        accumulator_dtype: dtype of the sum, if not that of the parameters.

    >>> tx = trace(0.5)
    >>> tx.update(np.array([1.0]), TraceState(np.array([4.0])))
    (array([3.]), TraceState(trace=array([3.])))
    """
    (decay,) = numbers(decay)

    def leaf(g: Array, s: Array) -> tuple[Array, Array]:
        s = g + like(s, decay) * s
        return (g + like(s, decay) * s if nesterov else s), s

    def first(params: PyTree) -> tuple[PyTree]:
        return (zeros_like("trace", params, accumulator_dtype),)

    return leafwise("trace", TraceState, first, lambda t: leaf)


class EmaState(NamedTuple):
    """Number of updates, and their average."""

    count: Any
    ema: PyTree


@schedulable(decay=BELOW_ONE)
def ema(
    decay: ScalarOrSchedule, debias: bool = True, accumulator_dtype: DTypeLike | None = None
) -> GradientTransformation:
    """Exponential moving average: a <- decay a + (1 - decay) u.

    Args:
        decay: factor of the average before.
        debias: True to divide by 1 - decay^t, so that the first average is the first update.
        accumulator_dtype: dtype of the average, if not that of the parameters.

    >>> tx = ema(0.9)
    >>> tx.update(np.array([2.0]), tx.init(np.zeros(1)))[0].round(6)
    array([2.])
    """
    (decay,) = numbers(decay)

    def first(params: PyTree) -> tuple[PyTree]:
        return (zeros_like("ema", params, accumulator_dtype),)

    def rule(t: Count) -> Callable[..., PyTree]:
        weight = 1 / (1 - decay**t) if debias else None

        def leaf(u: Array, a: Array) -> tuple[Array, Array]:
            a = average(a, u, decay)
            return (a if weight is None else a * like(a, weight)), a

        return leaf

    return leafwise("ema", EmaState, first, rule)


class ScaleByLionState(NamedTuple):
    """Number of updates, and the average of gradients."""

    count: Any
    mu: PyTree


def _sign_function(mode: str, steepness: Scalar) -> Callable[[Array], Array]:
    """The function that Lion applies to a mean of gradients: the sign, or something smoother."""
    modes: dict[str, Callable[[Array], Array]] = {
        "hard": np.sign,
        "smooth": lambda x: np.tanh(like(x, steepness) * x),
        "refined": lambda x: np.clip(x, -1.0, 1.0),
    }
    if mode not in modes:
        raise ValueError(f"scale_by_lion: mode must be one of {', '.join(modes)}; got {mode!r}")
    return modes[mode]


@schedulable(b1=FRACTION, b2=FRACTION, smooth_beta=REAL)
def scale_by_lion(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.99,
    mu_dtype: DTypeLike | None = None,
    *,
    mode: str = "hard",
    smooth_beta: ScalarOrSchedule = 1.0,
) -> GradientTransformation:
    """Lion's direction: the sign of a mean of gradients.

    u = sign(b1 m + (1 - b1) g), m <- b2 m + (1 - b2) g. (Chen et al. 2023, arXiv:2302.06675.)

    Args besides the common ones (``help(optim.optimizers)``):
        b1: weight of the average in the direction.
        b2: decay of the average.
        mode: 'hard' for the sign, 'smooth' for tanh(smooth_beta x), 'refined' for x clipped to
            [-1, 1].
        smooth_beta: steepness of the mode 'smooth'.

    >>> tx = scale_by_lion()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0]
    array([ 1., -1.])
    """
    name = "scale_by_lion"
    b1, b2, steepness = numbers(b1, b2, smooth_beta)
    sign = _sign_function(mode, steepness)

    def leaf(g: Array, m: Array) -> tuple[Array, Array]:
        return sign(average(m, g, b1)), average(m, g, b2)

    def first(params: PyTree) -> tuple[PyTree]:
        return (zeros_like(name, params, mu_dtype),)

    return leafwise(name, ScaleByLionState, first, lambda t: leaf)


class ScaleByNovogradState(NamedTuple):
    """Number of updates, the average direction, and of each leaf the average squared norm."""

    count: Any
    mu: PyTree
    nu: PyTree


@schedulable(
    b1=FRACTION,
    b2=FRACTION,
    eps=NOT_NEGATIVE,
    eps_root=NOT_NEGATIVE,
    weight_decay=NOT_NEGATIVE,
)
def scale_by_novograd(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.25,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    weight_decay: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
) -> GradientTransformation:
    """Momentum of gradients divided by the average norm of their leaf.

    v <- b2 v + (1 - b2) |g|^2 (|g|^2 at first), m <- b1 m + g / (sqrt(v + eps_root) + eps)
    + weight_decay p. (Ginsburg et al. 2019, arXiv:1905.11286.) Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        b1: decay of the momentum.
        b2: decay of the squared norm.

    >>> tx = scale_by_novograd()
    >>> tx.update(np.array([3.0, 4.0]), tx.init(np.zeros(2)), np.zeros(2))[0].round(6)
    array([0.6, 0.8])
    """
    name = "scale_by_novograd"
    b1, b2, eps, eps_root, weight_decay = numbers(b1, b2, eps, eps_root, weight_decay)

    def first(params: PyTree) -> tuple[PyTree, PyTree]:
        zeros = zeros_like(name, params, real=True)
        nu = tree.map(lambda z: np.zeros_like(z, shape=())[()], zeros)
        return zeros_like(name, params, mu_dtype), nu

    def rule(t: Count) -> Callable[..., PyTree]:
        at_first = t == 1

        def leaf(g: Array, m: Array, v: Array, p: Array) -> tuple[Array, Array, Array]:
            size = norm(g)
            limited = bounded(size)
            # A norm of 0 has the factor 1.
            g = g * (limited / np.where(size == 0, 1.0, size) + (size == 0))
            total = limited * limited
            v = choose(at_first, total, average(v, total, b2))
            inner = v + like(v, floor_under_root(v, eps_root, eps))
            scaled = g / (np.sqrt(inner) + like(v, eps))
            m = like(m, b1) * m + scaled + like(m, weight_decay) * as_leaf(p)
            return m, m, v

        return leaf

    return leafwise(name, ScaleByNovogradState, first, rule, needs_params=True)


class ScaleByAdanState(NamedTuple):
    """Averages of gradients (m), their differences (v) and squares (n), last gradient, count."""

    m: PyTree
    v: PyTree
    n: PyTree
    g: PyTree
    t: Count


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, b3=BELOW_ONE, eps=NOT_NEGATIVE, eps_root=NOT_NEGATIVE)
def scale_by_adan(
    b1: ScalarOrSchedule = 0.98,
    b2: ScalarOrSchedule = 0.92,
    b3: ScalarOrSchedule = 0.99,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
) -> GradientTransformation:
    """Adan's direction: averages of gradients and of their differences over a root.

    With d the difference to the gradient before (0 at first), m averages g, v averages d,
    n averages (g + (1 - b2) d)^2; u = (m + (1 - b2) v) / (sqrt(n + eps_root) + eps), all three
    corrected for their start at 0. (Xie et al. 2022, arXiv:2208.06677; the decays are one minus
    those of the paper.)

    Args besides the common ones (``help(optim.optimizers)``):
        b2: decay of the average of differences.
        b3: decay of the average of squares.

    >>> tx = scale_by_adan()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(6)
    array([ 1., -1.])
    """
    name = "scale_by_adan"
    b1, b2, b3, eps, eps_root = numbers(b1, b2, b3, eps, eps_root)

    def init_adan(params: PyTree) -> ScaleByAdanState:
        zeros, real = zeros_like(name, params), zeros_like(name, params, real=True)
        return ScaleByAdanState(zeros, zeros, real, zeros, 0)

    def update_adan(
        updates: PyTree, state: ScaleByAdanState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ScaleByAdanState]:
        t = state.t + 1
        first = t == 1
        c1, c2, c3 = 1 - b1**t, 1 - b2**t, 1 - b3**t

        def leaf(g: Array, m: Array, v: Array, n: Array, last: Array) -> tuple[Array, ...]:
            g = bounded(g)
            d = choose(first, 0.0, g - last)
            ahead = 1 - like(g, b2)
            m, v = average(m, g, b1), average(v, d, b2)
            n = average(n, square(g + ahead * d), b3)
            above = m * like(m, 1 / c1) + v * (ahead * like(v, 1 / c2))
            inner = n * like(n, 1 / c3) + like(n, floor_under_root(n, eps_root, eps))
            below = np.sqrt(inner) + like(n, eps)
            return above / below, m, v, n, g

        updates, m, v, n, last = map_leaves(name, leaf, updates, state[:4])
        return updates, ScaleByAdanState(m, v, n, last, t)

    return make_transformation(init_adan, update_adan, ScaleByAdanState)


class ScaleByOptimisticGradientState(NamedTuple):
    """Number of updates, and the gradient before."""

    count: Any
    previous_gradient: PyTree


@schedulable(alpha=REAL, beta=REAL)
def scale_by_optimistic_gradient(
    alpha: ScalarOrSchedule = 1.0, beta: ScalarOrSchedule = 1.0
) -> GradientTransformation:
    """The gradient, extrapolated from the one before: (alpha + beta) g - beta g_before.

    (Mokhtari, Ozdaglar and Pattathil 2019, arXiv:1901.08511.) At first, g_before = g.

    Args:
        alpha: weight of the gradient.
        beta: weight of its change.

    >>> tx = scale_by_optimistic_gradient()
    >>> tx.update(np.array([3.0]), ScaleByOptimisticGradientState(1, np.array([1.0])))[0]
    array([5.])
    """
    name = "scale_by_optimistic_gradient"
    alpha, beta = numbers(alpha, beta)

    def first(params: PyTree) -> tuple[PyTree]:
        return (zeros_like(name, params),)

    def rule(t: Count) -> Callable[..., PyTree]:
        at_first = t == 1

        def leaf(g: Array, before: Array) -> tuple[Array, Array]:
            change = choose(at_first, 0.0, g - before)
            return like(g, alpha) * g + like(g, beta) * change, g

        return leaf

    return leafwise(name, ScaleByOptimisticGradientState, first, rule)
