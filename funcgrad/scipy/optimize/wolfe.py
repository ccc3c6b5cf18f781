"""Steps that satisfy the strong Wolfe conditions, for vectors.

Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6, as one loop. Near a
minimum, where differences of values are rounding errors, slopes decide instead of values (Hager and
Zhang, "Algorithm 851: CG_DESCENT", 2006, equation 4.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...lax.loops import while_loop
from ...ops.shape import cast
from ...typing import Array

DECREASE, CURVATURE = 1e-4, 0.9
GROWTH = 3.0
"""The factor by which a step grows until it brackets a minimum."""

Objective = Callable[[Array], tuple[Array, Array]]
"""From a vector to the value and the gradient."""


class Point(NamedTuple):
    """A step, and the value and the slope of the function there."""

    step: Array
    value: Array
    slope: Array


class Found(NamedTuple):
    """The end of a search: the step, value and gradient there, evaluations, whether it failed."""

    step: Array
    value: Array
    gradient: Array
    evaluations: Array
    failed: Array


class _Search(NamedTuple):
    """A search: the next step to try, and the bracket from its better end to the other one."""

    count: Any
    step: Array
    low: Point
    low_gradient: Array
    high: Point
    bracketed: Any
    last: Point
    last_gradient: Array
    done: Any


def line_search(
    objective: Objective,
    x: Array,
    direction: Array,
    value: Array,
    gradient: Array,
    first: Array,
    maxiter: int,
) -> Found:
    """A step along a direction in which the function decreases.

    Args:
        objective: the function.
        x: where the search starts.
        direction: where it goes.
        value: the value at x.
        gradient: the gradient at x.
        first: the step that is tried first.
        maxiter: the largest number of evaluations.
    """
    slope = gradient @ direction
    slack = 10 * np.finfo(x.dtype).eps * abs(value)

    def advance(s: _Search) -> _Search:
        f, g = objective(x + s.step * direction)
        d = g @ direction
        usable = np.isfinite(f) & np.isfinite(d)
        here = Point(s.step, cast(np.where(usable, f, np.inf), value.dtype), d)
        lower = here.value <= value + DECREASE * s.step * slope
        level = (here.value <= value + slack) & (d <= (2 * DECREASE - 1) * slope)
        high = ~(lower | level) | (here.value > s.low.value + slack)
        done = ~high & (abs(d) <= -CURVATURE * slope)
        beyond = np.where(s.bracketed, d * (s.high.step - s.low.step) >= 0, d >= 0)
        turned = ~high & beyond
        end = _pick(high, here, _pick(turned, s.low, s.high))
        low = _pick(high, s.low, here)
        bracketed = s.bracketed | high | turned
        step = cast(np.where(bracketed, _between(low, end), GROWTH * s.step), x.dtype)
        low_gradient = np.where(high, s.low_gradient, g)
        return _Search(s.count + 1, step, low, low_gradient, end, bracketed, here, g, done)

    def going(s: _Search) -> Any:
        return ~s.done & (s.count < maxiter)

    zero: Any = np.zeros((), x.dtype)
    start = Point(zero, value, slope)
    no: Any = np.False_
    none: Any = np.int64(0)
    begin = _Search(none, first, start, gradient, start, no, start, gradient, no)
    s = while_loop(going, advance, begin)
    # Without a step that satisfies both conditions, one that decreases the function will do.
    point = _pick(s.done, s.last, s.low)
    taken = np.where(s.done, s.last_gradient, s.low_gradient)
    return Found(point.step, point.value, taken, s.count, ~s.done & (s.low.step == 0))


def _pick(condition: Any, yes: Point, no: Point) -> Point:
    return tree.map(lambda a, b: np.where(condition, a, b), yes, no)


def _between(low: Point, high: Point) -> Array:
    """The minimum of the cubic polynomial through two points, kept away from both."""
    width = high.step - low.step
    still = width == 0
    known = np.isfinite(high.value)
    rise = np.where(known, high.value, low.value) - low.value
    a = low.slope + high.slope - 3 * rise / np.where(still, 1, width)
    root = np.sign(width) * np.sqrt(np.maximum(a**2 - low.slope * high.slope, 0))
    below = high.slope - low.slope + 2 * root
    part = (high.slope + root - a) / np.where(below == 0, 1, below)
    usable = np.isfinite(part) & known & (below != 0)
    part = np.where(usable, 1 - part, 0.5)
    return low.step + np.clip(part, 0.1, 0.9) * width
