"""Scaling by moving averages of gradients and of their squares: Adam and those built like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...core.dtypes import finfo
from ...typing import Array, DTypeLike, PyTree
from ..hyperparameters import BELOW_ONE, NOT_NEGATIVE, REAL, numbers, schedulable
from ..leafwise import leafwise
from ..leaves import bounded, choose, floor_under_root, like, square, zeros_like
from ..transformation import GradientTransformation
from ..typing import Count, Scalar, ScalarOrSchedule


class ScaleByAdamState(NamedTuple):
    """Number of updates, and the averages of gradients (mu) and of their squares (nu)."""

    count: Any
    mu: PyTree
    nu: PyTree


class ScaleByAmsgradState(NamedTuple):
    """As for Adam, and the largest averages of squares so far."""

    count: Any
    mu: PyTree
    nu: PyTree
    nu_max: PyTree


class ScaleByBeliefState(NamedTuple):
    """As for Adam; nu averages the squares of what mu did not predict."""

    count: Any
    mu: PyTree
    nu: PyTree


Weights: TypeAlias = "tuple[Scalar, Scalar | None]"
"""Factors of the average and of the gradient in a corrected mean; None leaves the gradient out."""


def average(old: Array, new: Array, decay: Scalar) -> Array:
    """The next value of an exponential moving average."""
    decay = like(old, decay)
    return decay * old + (1 - decay) * new


def mean_weights(b1: Scalar, t: Count, nesterov: bool) -> Weights:
    """Weights of the average and of the gradient in the corrected mean after t updates.

    m / (1 - b1^t), or with Nesterov's look ahead b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t)
    (Dozat 2016).
    """
    if nesterov:
        return b1 / (1 - b1 ** (t + 1)), (1 - b1) / (1 - b1**t)
    return 1 / (1 - b1**t), None


def weighted_mean(m: Array, g: Array, weights: Weights) -> Array:
    """The mean with the weights of ``mean_weights``."""
    ahead, now = weights
    return m * like(m, ahead) if now is None else m * like(m, ahead) + g * like(g, now)


def mean_over_root(
    m: Array, g: Array, v: Array, weights: Weights, c2: Scalar, eps: Scalar, eps_root: Scalar
) -> Array:
    """The corrected mean over sqrt(v / c2 + eps_root) + eps, with few passes over the arrays.

    Multiplying above and below by sqrt(c2) leaves one product for both corrections.
    """
    r = np.sqrt(c2)
    scaled = (weights[0] * r, None if weights[1] is None else weights[1] * r)
    eps_root = floor_under_root(v, eps_root, eps)
    if hasattr(eps_root, "dtype") or eps_root != 0:
        v = v + like(v, eps_root * c2)
    return weighted_mean(m, g, scaled) / (np.sqrt(v) + like(v, eps * r))


def _two_averages(
    name: str, mu_dtype: DTypeLike | None = None, value: Scalar = 0.0
) -> Callable[[PyTree], tuple[PyTree, PyTree]]:
    """Make the first averages of gradients and of squares from parameters."""

    def first(params: PyTree) -> tuple[PyTree, PyTree]:
        mu = zeros_like(name, params, mu_dtype, value=value)
        return mu, zeros_like(name, params, value=value, real=True)

    return first


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, eps=NOT_NEGATIVE, eps_root=NOT_NEGATIVE)
def scale_by_adam(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam's direction: the corrected mean of gradients over the root of that of their squares.

    m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2,
    u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t) + eps_root) + eps).
    (Kingma and Ba 2015, arXiv:1412.6980; with nesterov: Dozat 2016.)
    Common arguments: ``help(optim.optimizers)``.

    >>> tx = scale_by_adam()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(6)
    array([ 1., -1.])
    """
    name = "scale_by_adam"
    b1, b2, eps, eps_root = numbers(b1, b2, eps, eps_root)

    def rule(t: Count) -> Callable[..., PyTree]:
        weights, c2 = mean_weights(b1, t, nesterov), 1 - b2**t

        def leaf(g: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
            g = bounded(g)
            m, v = average(m, g, b1), average(v, square(g), b2)
            return mean_over_root(m, g, v, weights, c2, eps, eps_root), m, v

        return leaf

    return leafwise(name, ScaleByAdamState, _two_averages(name, mu_dtype), rule)


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, eps=NOT_NEGATIVE, eps_root=NOT_NEGATIVE)
def scale_by_amsgrad(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    mu_dtype: DTypeLike | None = None,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
) -> GradientTransformation:
    """Like Adam, with the largest of all corrected averages of squares under the root.

    (Reddi, Kale and Kumar 2018, arXiv:1904.09237.)

    Args besides the common ones (``help(optim.optimizers)``):
        bias_correction_mu: True to divide the average of gradients by 1 - b1^t.
        bias_correction_nu: True to divide the average of squares by 1 - b2^t.

    >>> tx = scale_by_amsgrad()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(6)
    array([ 1., -1.])
    """
    name = "scale_by_amsgrad"
    b1, b2, eps, eps_root = numbers(b1, b2, eps, eps_root)

    def first(params: PyTree) -> tuple[PyTree, PyTree, PyTree]:
        nu = zeros_like(name, params, real=True)
        return zeros_like(name, params, mu_dtype), nu, nu

    def rule(t: Count) -> Callable[..., PyTree]:
        c1 = 1 / (1 - b1**t) if bias_correction_mu else 1.0
        c2 = 1 / (1 - b2**t) if bias_correction_nu else 1.0

        def leaf(g: Array, m: Array, v: Array, top: Array) -> tuple[Array, Array, Array, Array]:
            g = bounded(g)
            m, v = average(m, g, b1), average(v, square(g), b2)
            top = np.maximum(top, v * like(v, c2))
            inner = top + like(top, floor_under_root(top, eps_root, eps))
            below = np.sqrt(inner) + like(top, eps)
            return m * like(m, c1) / below, m, v, top

        return leaf

    return leafwise(name, ScaleByAmsgradState, first, rule)


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, eps=NOT_NEGATIVE)
def scale_by_adamax(
    b1: ScalarOrSchedule = 0.9, b2: ScalarOrSchedule = 0.999, eps: ScalarOrSchedule = 1e-8
) -> GradientTransformation:
    """Like Adam, with a decaying maximum in place of the root of the average of squares.

    v <- max(b2 v, |g| + eps), u = m / (1 - b1^t) / v. (Kingma and Ba 2015, section 7.1.)
    Common arguments: ``help(optim.optimizers)``.

    >>> tx = scale_by_adamax()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(6)
    array([ 1., -1.])
    """
    name = "scale_by_adamax"
    b1, b2, eps = numbers(b1, b2, eps)

    def rule(t: Count) -> Callable[..., PyTree]:
        weight = 1 / (1 - b1**t)

        def leaf(g: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
            m = average(m, g, b1)
            # Not 0, so that a gradient of 0 is not divided by it.
            least = like(v, eps if hasattr(eps, "dtype") or eps else float(finfo(v.dtype).tiny))
            v = np.maximum(np.abs(g) + least, like(v, b2) * v)
            return m * like(m, weight) / v, m, v

        return leaf

    return leafwise(name, ScaleByAdamState, _two_averages(name), rule)


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, eps=NOT_NEGATIVE, eps_root=NOT_NEGATIVE)
def scale_by_belief(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-16,
    eps_root: ScalarOrSchedule = 1e-16,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Like Adam, with the mean square of what the mean did not predict under the root.

    v <- b2 v + (1 - b2) (g - m)^2 + eps_root. (Zhuang et al. 2020, arXiv:2010.07468.)
    Common arguments: ``help(optim.optimizers)``.

    >>> tx = scale_by_belief()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(6)
    array([ 1.111111, -1.111111])
    """
    name = "scale_by_belief"
    b1, b2, eps, eps_root = numbers(b1, b2, eps, eps_root)

    def rule(t: Count) -> Callable[..., PyTree]:
        weights, c2 = mean_weights(b1, t, nesterov), 1 - b2**t

        def leaf(g: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
            g = bounded(g)
            m = average(m, g, b1)
            v = average(v, square(g - m), b2) + like(v, eps_root)
            return mean_over_root(m, g, v, weights, c2, eps, 0.0), m, v

        return leaf

    return leafwise(name, ScaleByBeliefState, _two_averages(name), rule)


@schedulable(
    b1=BELOW_ONE, b2=BELOW_ONE, eps=NOT_NEGATIVE,
    eps_root=NOT_NEGATIVE, initial_accumulator_value=NOT_NEGATIVE,
)  # fmt: skip
def scale_by_yogi(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-3,
    eps_root: ScalarOrSchedule = 0.0,
    initial_accumulator_value: ScalarOrSchedule = 1e-6,
) -> GradientTransformation:
    """Like Adam, with an average of squares that changes by steps of bounded size.

    v <- v - (1 - b2) sign(v - g^2) g^2. (Zaheer et al. 2018.)

    Args besides the common ones (``help(optim.optimizers)``):
        initial_accumulator_value: the first value of both averages.

    >>> tx = scale_by_yogi(initial_accumulator_value=0.0)
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0].round(3)
    array([ 0.998, -1.   ])
    """
    name = "scale_by_yogi"
    b1, b2, eps, eps_root, value = numbers(b1, b2, eps, eps_root, initial_accumulator_value)

    def rule(t: Count) -> Callable[..., PyTree]:
        weights, c2 = mean_weights(b1, t, False), 1 - b2**t

        def leaf(g: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
            g = bounded(g)
            m, s = average(m, g, b1), square(g)
            v = v - (1 - like(v, b2)) * (np.sign(v - s) * s)
            return mean_over_root(m, g, v, weights, c2, eps, eps_root), m, v

        return leaf

    return leafwise(name, ScaleByAdamState, _two_averages(name, value=value), rule)


@schedulable(b1=BELOW_ONE, b2=BELOW_ONE, eps=NOT_NEGATIVE, eps_root=NOT_NEGATIVE, threshold=REAL)
def scale_by_radam(
    b1: ScalarOrSchedule = 0.9,
    b2: ScalarOrSchedule = 0.999,
    eps: ScalarOrSchedule = 1e-8,
    eps_root: ScalarOrSchedule = 0.0,
    threshold: ScalarOrSchedule = 5.0,
    *,
    nesterov: bool = False,
) -> GradientTransformation:
    """Adam with a rectified step size, and the mean alone while the squares are too few.

    With n = 2 / (1 - b2) - 1 and k = n - 2 t b2^t / (1 - b2^t), Adam's direction is multiplied by
    sqrt((k - 4)(k - 2) n / ((n - 4)(n - 2) k)) if k >= threshold.
    (Liu et al. 2020, arXiv:1908.03265.)

    Args besides the common ones (``help(optim.optimizers)``):
        threshold: of k, at least 4.

    >>> tx = scale_by_radam()
    >>> tx.update(np.array([0.5, -2.0]), tx.init(np.zeros(2)))[0]
    array([ 0.5, -2. ])
    """
    name = "scale_by_radam"
    b1, b2, eps, eps_root, threshold = numbers(b1, b2, eps, eps_root, threshold)
    if isinstance(threshold, float | int) and threshold < 4:
        raise ValueError(f"{name}: threshold must be at least 4; got {threshold!r}")

    def rule(t: Count) -> Callable[..., PyTree]:
        weights, power = mean_weights(b1, t, nesterov), b2**t
        c2, n = 1 - power, 2 / (1 - b2) - 1
        k = n - 2 * t * power / c2
        enough = k >= threshold
        # Below the threshold any k that keeps the root real will do.
        k = np.where(enough, k, np.maximum(n, 5.0))
        below = np.maximum((n - 4) * (n - 2), 1e-12) * k
        r = np.sqrt((k - 4) * (k - 2) * n / below)

        def leaf(g: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
            g = bounded(g)
            m, v = average(m, g, b1), average(v, square(g), b2)
            adaptive = mean_over_root(m, g, v, weights, c2, eps, eps_root) * like(v, r)
            return choose(enough, adaptive, weighted_mean(m, g, weights)), m, v

        return leaf

    return leafwise(name, ScaleByAdamState, _two_averages(name), rule)
