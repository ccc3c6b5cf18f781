"""Line search for the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ... import lax, tree
from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..hyperparameters import ABOVE_ONE, FRACTION, NOT_NEGATIVE, POSITIVE, check_scalar
from ..leaves import (
    as_leaf,
    check_params,
    choose,
    inner_product,
    keep_dtype,
    like,
    map_leaves,
    wide,
)
from ..transformation import GradientTransformation, make_transformation
from ..typing import Count, Scalar
from ..wrappers.skipping import check_positive
from .objective import Objective, objective_of, search_dtype


class ZoomLinesearchInfo(NamedTuple):
    """Evaluations in a search, and by how much the two conditions are violated (0: not)."""

    num_linesearch_steps: Count
    decrease_error: Scalar
    curvature_error: Scalar


class ScaleByZoomLinesearchState(NamedTuple):
    """The step size found, the value and the gradient there, and about the search."""

    learning_rate: Scalar
    value: Scalar
    grad: PyTree
    info: ZoomLinesearchInfo


class _Point(NamedTuple):
    """A step size, and the value and the slope of the function there."""

    step: Array
    value: Array
    slope: Array


class _Search(NamedTuple):
    """State of a search. The bracket goes from low, the better end, to high, on either side."""

    count: Any
    last: _Point
    last_grad: PyTree
    low: _Point
    high: _Point
    reference: _Point  # a former end of the bracket
    safe: _Point  # the best point with sufficient decrease
    safe_grad: PyTree
    decrease_error: Array
    curvature_error: Array
    bracketed: Array | np.bool
    done: Array | np.bool
    failed: Array | np.bool


class _Rules(NamedTuple):
    """The parameters of a search."""

    max_linesearch_steps: int
    max_learning_rate: float | None
    tol: float
    increase_factor: float
    slope_rtol: float
    curv_rtol: float
    approx_dec_rtol: float | None
    stepsize_precision: float


_RANGES = {
    "max_learning_rate": POSITIVE, "tol": NOT_NEGATIVE, "increase_factor": ABOVE_ONE,
    "slope_rtol": FRACTION, "curv_rtol": NOT_NEGATIVE, "approx_dec_rtol": NOT_NEGATIVE,
    "stepsize_precision": NOT_NEGATIVE,
}  # fmt: skip


def _check_rules(name: str, rules: _Rules) -> None:
    for what, allowed in _RANGES.items():
        value = getattr(rules, what)
        if value is not None or what not in ("max_learning_rate", "approx_dec_rtol"):
            check_scalar(name, what, value, allowed)


Bracket: TypeAlias = "tuple[_Point, _Point, _Point, Array | np.bool]"
"""(low, high, a former end, True if both ends are known)."""


def _pick(condition: Array | np.bool, yes: PyTree, no: PyTree) -> PyTree:
    """One of two trees of the same structure and dtypes."""
    return tree.map(lambda a, b: choose(condition, a, b), yes, no)


def _violation(x: Array) -> Array:
    """The distance of x above 0; NaN is infinitely far."""
    return np.where(np.isnan(x), np.inf, np.maximum(x, 0.0))


def _decrease_error(rules: _Rules, new: _Point, start: _Point) -> Array:
    """Violation of sufficient decrease, or of its approximation near a minimum.

    f(t) <= f(0) + c t f'(0) (Nocedal and Wright 2006, equation 3.7a), or
    f'(t) <= (2 c - 1) f'(0) and f(t) <= f(0) + e |f(0)| (Hager and Zhang 2006, equations 23 to 27),
    which does not suffer from cancellation.
    """
    error = new.value - start.value - rules.slope_rtol * new.step * start.slope
    if rules.approx_dec_rtol is not None:
        slope_error = new.slope - (2 * rules.slope_rtol - 1) * start.slope
        rise = new.value - start.value - rules.approx_dec_rtol * np.abs(start.value)
        error = np.minimum(error, np.maximum(slope_error, rise))
    return _violation(error)


def _interpolate(low: _Point, high: _Point, reference: _Point) -> Array:
    """A step inside the bracket: least of a cubic, else of a parabola, else the middle.

    The cubic goes through all three points, the parabola through two, and both have the slope at
    low. What they give must keep away from the ends by 0.2 and 0.1 of the length.
    """
    left, right = np.minimum(low.step, high.step), np.maximum(low.step, high.step)
    length = right - left
    h, r = high.step - low.step, reference.step - low.step
    rise_h = high.value - low.value - low.slope * h
    rise_r = reference.value - low.value - low.slope * r
    with np.errstate(all="ignore"):
        # low.slope x + b x^2 + a x^3 takes the two rises at h and r.
        below = (h * r) ** 2 * (h - r)
        a = (r**2 * rise_h - h**2 * rise_r) / below
        b = (h**3 * rise_r - r**3 * rise_h) / below
        cubic = low.step + (np.sqrt(b * b - 3 * a * low.slope) - b) / (3 * a)
        parabola = low.step - low.slope * h**2 / (2 * rise_h)

    def inside(x: Array, margin: float) -> Array:
        return (x > left + margin * length) & (x < right - margin * length)

    step = np.where(inside(parabola, 0.1), parabola, 0.5 * (low.step + high.step))
    return np.where(inside(cubic, 0.2), cubic, step)


def _extended(rules: _Rules, s: _Search, new: _Point) -> Bracket:
    """The bracket after a step beyond all before. (Nocedal and Wright 2006, algorithm 3.5.)"""
    worse = (s.decrease_error > 0) | ((new.value >= s.last.value) & (s.count > 1))
    rising = (new.slope >= 0) & ~worse
    low, high = _pick(rising, new, s.last), _pick(rising, s.last, new)
    return low, high, low, worse | rising


def _narrowed(s: _Search, new: _Point) -> Bracket:
    """The bracket after a step inside of it. (Nocedal and Wright 2006, algorithm 3.6.)"""
    worse = (s.decrease_error > 0) | (new.value >= s.low.value)
    turned = (new.slope * (s.high.step - s.low.step) >= 0) & ~worse
    high = _pick(worse, new, _pick(turned, s.low, s.high))
    reference = _pick(worse | turned, s.high, s.low)
    return _pick(worse, s.low, new), high, reference, s.bracketed


def _advance(
    rules: _Rules, s: _Search, start: _Point, first: Scalar, objective: Objective
) -> _Search:
    """Evaluate the function once more."""
    step = np.where(s.count == 0, first, rules.increase_factor * s.last.step)
    at_end: Array | bool = False
    if rules.max_learning_rate is not None:
        at_end = ~s.bracketed & (step >= rules.max_learning_rate)
        step = np.minimum(step, rules.max_learning_rate)
    step = np.where(s.bracketed, _interpolate(s.low, s.high, s.reference), step)
    value, grad = objective.value_and_grad(step)
    new = _Point(step, value, inner_product(grad, objective.direction))
    decrease = _decrease_error(rules, new, start)
    curvature = _violation(np.abs(new.slope) - rules.curv_rtol * np.abs(start.slope))
    fine = np.maximum(decrease, curvature) <= rules.tol
    kept = (decrease <= rules.tol) & (~s.bracketed | (value < s.safe.value))
    now = s._replace(count=s.count + 1, decrease_error=decrease)
    low, high, reference, bracketed = _pick(
        s.bracketed, _narrowed(now, new), _extended(rules, now, new)
    )
    bracketed = bracketed | fine
    safe = _pick(kept, new, s.safe)
    done = fine | (at_end & ~bracketed)
    short = (
        s.bracketed
        & (np.abs(s.high.step - s.low.step) <= rules.stepsize_precision)
        & (safe.step > 0)
    )
    exhausted = now.count >= rules.max_linesearch_steps
    return _Search(
        now.count, new, grad, low, high, reference, safe, _pick(kept, grad, s.safe_grad),
        decrease, curvature, bracketed, done, (exhausted | short) & ~done,
    )  # fmt: skip


def _zoom(
    rules: _Rules, start: _Point, grad: PyTree, first: Scalar, objective: Objective
) -> tuple[_Point, PyTree, ZoomLinesearchInfo]:
    """Search along a direction.

    Returns:
        (the point, the gradient there, about the search).
    """
    no, infinite = np.False_, start.value.dtype.type(np.inf)
    state = _Search(
        np.int64(0), start, grad, start, start, start, start, grad, infinite, infinite, no, no, no
    )

    def body(s: _Search) -> _Search:
        made = _advance(rules, s, start, first, objective)
        return tree.map(lambda new, old: keep_dtype(as_leaf(new), as_leaf(old)), made, s)

    s = lax.while_loop(lambda s: ~(s.done | s.failed), body, state)
    # Without a point that satisfies both conditions: one that decreases the function, else the
    # last, but none where the function is not finite.
    fall_back = s.failed & ((s.safe.step > 0) | np.isinf(s.decrease_error))
    point, grad = _pick(fall_back, (s.safe, s.safe_grad), (s.last, s.last_grad))
    return point, grad, ZoomLinesearchInfo(s.count, s.decrease_error, s.curvature_error)


def _first_state(params: PyTree) -> ScaleByZoomLinesearchState:
    """The state before the first search: no value yet."""
    infinite = search_dtype("scale_by_zoom_linesearch", params).type(np.inf)
    info = ZoomLinesearchInfo(np.int64(0), infinite, infinite)
    zeros = tree.map(lambda p: np.zeros_like(p)[()], params)
    return ScaleByZoomLinesearchState(np.float64(1.0), infinite, zeros, info)


@user_facing
def scale_by_zoom_linesearch(
    max_linesearch_steps: int,
    max_learning_rate: float | None = None,
    tol: float = 0.0,
    increase_factor: float = 2.0,
    slope_rtol: float = 1e-4,
    curv_rtol: float = 0.9,
    approx_dec_rtol: float | None = 1e-6,
    stepsize_precision: float = 1e-5,
    initial_guess_strategy: str = "keep",
) -> GradientTransformation:
    """Multiply updates by a step size that satisfies the strong Wolfe conditions.

    f(x + t u) <= f(x) + slope_rtol t f'(x).u + tol (or, near a minimum, the approximation of Hager
    and Zhang 2006) and |f'(x + t u).u| <= curv_rtol |f'(x).u| + tol. Found by growing the step
    until it brackets such a t, then by interpolation. (Nocedal and Wright 2006, section 3.5.)

    Args:
        max_linesearch_steps: largest number of evaluations of the function.
        max_learning_rate: largest step size, or None.
        tol: tolerance of the conditions.
        increase_factor: factor by which the step grows.
        slope_rtol: as above.
        curv_rtol: as above.
        approx_dec_rtol: relative rise of the function up to which the approximation counts, or None
            for never.
        stepsize_precision: length of the bracket at which a step that only decreases the function
            is taken.
        initial_guess_strategy: 'one' begins with 1, 'keep' with the step size before.

    Returns:
        The transformation. Its update needs params and the keywords ``value``, ``grad`` and
        ``value_fn``; further keywords that value_fn has are passed on to it.

    >>> tx = scale_by_zoom_linesearch(max_linesearch_steps=15)
    >>> f, x = lambda x: np.sum(x**2), np.array([1.0, 2.0])
    >>> tx.update(-2 * x, tx.init(x), x, value=f(x), grad=2 * x, value_fn=f)[0]
    array([-1., -2.])
    """
    name = "scale_by_zoom_linesearch"
    check_positive(name, "max_linesearch_steps", max_linesearch_steps)
    rules = _Rules(
        max_linesearch_steps, max_learning_rate, tol, increase_factor, slope_rtol, curv_rtol,
        approx_dec_rtol, stepsize_precision,
    )  # fmt: skip
    _check_rules(name, rules)
    strategy = initial_guess_strategy
    if strategy not in ("one", "keep"):
        raise ValueError(
            f"{name}: initial_guess_strategy must be 'one' or 'keep'; got {strategy!r}"
        )

    def update_zoom(
        updates: PyTree, state: ScaleByZoomLinesearchState, params: PyTree = None,
        *, value: Scalar | None = None, grad: PyTree = None,
        value_fn: Callable[..., Array] | None = None, **extra: object,
    ) -> tuple[PyTree, ScaleByZoomLinesearchState]:  # fmt: skip
        check_params(name, params)
        objective = objective_of(name, updates, params, value, grad, value_fn, extra)
        here = wide(as_leaf(value))
        first: Scalar = 1.0 if strategy == "one" else state.learning_rate
        zero = here.dtype.type(0)
        start = _Point(zero, here, inner_product(grad, updates).astype(here.dtype))
        point, grad, info = _zoom(rules, start, grad, first, objective)
        updates = map_leaves(name, lambda u: u * like(u, point.step), updates)
        new = ScaleByZoomLinesearchState(point.step, point.value, grad, info)
        return updates, tree.map(keep_dtype, new, state)

    return make_transformation(
        lambda params: _first_state(params), update_zoom, ScaleByZoomLinesearchState
    )
