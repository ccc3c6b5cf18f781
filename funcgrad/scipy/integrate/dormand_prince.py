"""Steps of the Dormand-Prince method of orders 5 and 4, for states that are one vector.

Dormand and Prince, "A family of embedded Runge-Kutta formulae", 1980; dense output and first step
as in Hairer, Norsett and Wanner, "Solving Ordinary Differential Equations I", sections II.4, II.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from ...api.stop_gradient import stop_gradient
from ...lax.loops import scan, while_loop
from ...ops.shape import cast
from ...typing import Array

Slope: TypeAlias = Callable[[Array, Array], Array]

_PLACES = (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_STAGES: tuple[tuple[float, ...], ...] = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
"""What each stage adds up; the last one is the solution of order 5."""

_ERROR = (
    71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40,
)  # fmt: skip
"""The solution of order 5 less that of order 4."""

_DENSE = (
    (-8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432),
    (0.0, 0.0, 0.0),
    (131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799),
    (-1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072),
    (127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632),
    (-282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844),
    (40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423),
)
"""Coefficients of the powers 2, 3, 4 of the place inside of a step, for each stage."""


class Tolerances(NamedTuple):
    """How exact steps are, and how many and how long they may be."""

    rtol: float
    atol: float
    mxstep: float
    hmax: float


class State(NamedTuple):
    """Where an integration is: the end of the last step, and the polynomial inside of it."""

    y: Array
    f: Array
    t: Array
    dt: Array
    last_t: Array
    curve: tuple[Array, ...]


def _combined(y: Array, stages: Sequence[Array], weights: Sequence[float], dt: Array) -> Array:
    parts = [w * k for w, k in zip(weights, stages, strict=True) if w]
    total = parts[0]
    for p in parts[1:]:
        total = total + p
    return y + cast(dt, y.real.dtype) * total


def stages_of(slope: Slope, y: Array, f: Array, t: Array, dt: Array) -> tuple[Array, list[Array]]:
    """The end of a step, and the slopes at its seven stages."""
    stages = [f]
    for place, weights in zip(_PLACES, _STAGES, strict=True):
        end = _combined(y, stages, weights, dt)
        stages.append(slope(end, t + place * dt))
    return end, stages


def curve_of(y: Array, stages: Sequence[Array], dt: Array) -> tuple[Array, ...]:
    """The polynomial of degree 4 inside of a step, from the constant coefficient on."""
    zero = 0 * y
    powers = [_combined(zero, stages, [row[p] for row in _DENSE], dt) for p in range(3)]
    return (y, _combined(zero, stages[:1], (1.0,), dt), *powers)


def on_curve(curve: Sequence[Array], place: Array) -> Array:
    """A polynomial at a place, by Horner's scheme."""
    out = curve[-1]
    for c in curve[-2::-1]:
        out = out * cast(place, c.real.dtype) + c
    return out


def error_ratio(y: Array, end: Array, stages: Sequence[Array], dt: Array, to: Tolerances) -> Array:
    """The root mean square of the error of a step, as a multiple of what is allowed."""
    y, end, dt, *stages = map(stop_gradient, (y, end, dt, *stages))
    error = _combined(0 * y, stages, _ERROR, dt)
    allowed = to.atol + to.rtol * np.maximum(abs(y), abs(end))
    return np.sqrt(np.mean((abs(error) / allowed) ** 2))


def next_size(dt: Array, ratio: Array) -> Array:
    """The length of the next step: at most ten times, at least a fifth of that of this one."""
    least = np.where(ratio < 1, 1.0, 0.2)
    factor = np.clip(0.9 * np.where(ratio == 0, 1.0, ratio) ** -0.2, least, 10.0)
    return dt * cast(np.where(ratio == 0, 10.0, factor), dt.dtype)


def first_size(slope: Slope, y: Array, f: Array, t: Array, to: Tolerances) -> Array:
    """The length of the first step, without derivative."""
    y, f, t = map(stop_gradient, (y, f, t))
    scale = to.atol + abs(y) * to.rtol
    d0, d1 = _norm(y / scale), _norm(f / scale)
    tiny = (d0 < 1e-5) | (d1 < 1e-5)
    h0 = np.where(tiny, 1e-6, 0.01 * d0 / np.where(tiny, 1.0, d1))
    f1 = slope(y + cast(h0, y.real.dtype) * f, t + cast(h0, t.dtype))
    d2 = _norm(stop_gradient(f1 - f) / scale) / h0
    flat = (d1 <= 1e-15) & (d2 <= 1e-15)
    steep = np.maximum(d1, d2)
    h1 = np.where(flat, np.maximum(1e-6, h0 * 1e-3), (0.01 / np.where(flat, 1.0, steep)) ** 0.2)
    return stop_gradient(cast(np.clip(np.minimum(100.0 * h0, h1), 0.0, to.hmax), t.dtype))


def _norm(x: Array) -> Array:
    return np.sqrt(np.mean(abs(x) ** 2))


def start(slope: Slope, y: Array, t: Array, to: Tolerances) -> State:
    """The state before the first step."""
    f = slope(y, t)
    zero = 0 * y
    return State(y, f, t, first_size(slope, y, f, t, to), t, (y, zero, zero, zero, zero))


def step(slope: Slope, state: State, to: Tolerances) -> State:
    """The state after one step, or, where its error is too large, one with a shorter step."""
    y, f, t, dt, _, _ = state
    end, stages = stages_of(slope, y, f, t, dt)
    ratio = error_ratio(y, end, stages, dt, to)
    size = stop_gradient(np.clip(next_size(dt, ratio), 0.0, cast(to.hmax, t.dtype)))
    good = ratio <= 1.0
    taken = State(end, stages[-1], t + dt, size, t, curve_of(y, stages, dt))
    curve = tuple(np.where(good, a, b) for a, b in zip(taken.curve, state.curve, strict=True))
    y, f, t = (
        np.where(good, a, b)
        for a, b in ((taken.y, state.y), (taken.f, state.f), (taken.t, state.t))
    )
    return State(y, f, t, size, np.where(good, state.t, state.last_t), curve)


def solution(slope: Slope, y: Array, ts: Array, to: Tolerances) -> Array:
    """The states at increasing times, of which the first is that of y, as rows.

    They are NaN at times that are not reached, and at those before the step of the one in front.
    """

    def reach(state: State, target: Array) -> tuple[State, Array]:
        def before(count_and_state: tuple[Array, State]) -> Array:
            count, now = count_and_state
            return (now.t < target) & (count < to.mxstep) & (now.dt > 0)

        def further(count_and_state: tuple[Array, State]) -> tuple[Array, State]:
            count, now = count_and_state
            return count + 1, step(slope, now, to)

        none: Array = np.zeros((), np.int64)
        _, state = while_loop(before, further, (none, state))
        width = state.t - state.last_t
        still = width == 0
        place = (target - state.last_t) / np.where(still, 1.0, width).astype(width.dtype)
        lost = (state.t < target) | (target < state.last_t)
        return state, np.where(lost, np.nan, on_curve(state.curve, place))

    _, rows = scan(reach, start(slope, y, ts[0], to), ts[1:])
    return np.concatenate([y[None], rows])
