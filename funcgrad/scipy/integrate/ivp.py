"""solve_ivp: initial value problems with SciPy's arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays import beside_each_other, like
from ...core.arguments import check_function
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer, aval_of
from ...errors import ConcretizationError, ShapeError
from ...numpy.protocol import as_operand, inexact
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from .dormand_prince import Tolerances, start, step
from .ode import integrate, times_of


class OdeResult(NamedTuple):
    """A solution: times, and the states at them as columns.

    Attributes:
        t: vector of times.
        y: states, of shape (len(y0), len(t)); NaN at times that are not reached.
        status: 0 if the last time is reached, -1 if steps became too short, as where a solution
            grows without bound.
    """

    t: Array
    y: Array
    status: Any

    @property
    def success(self) -> Any:
        """Whether the last time is reached."""
        return self.status >= 0

    @property
    def message(self) -> str:
        """How the integration ended; it cannot be asked for under ``jit``."""
        if int(self.status) >= 0:
            return "The solution is known at all times."
        return "The solution ends before the last time: a step became too short to be taken."


@user_facing
def solve_ivp(
    fun: Callable[..., ArrayLike],
    t_span: Sequence[ArrayLike],
    y0: ArrayLike,
    method: str = "RK45",
    t_eval: ArrayLike | None = None,
    args: Sequence[Any] | None = None,
    rtol: float = 1e-3,
    atol: float = 1e-6,
    max_step: float = np.inf,
) -> OdeResult:
    """Solve an initial value problem for a vector.

    Args:
        fun: ``fun(t, y, *args)`` returns the derivative of y by time.
        t_span: pair of the first and the last time, which may be the smaller one.
        y0: vector: the state at the first time.
        method: "RK45", the method of Dormand and Prince.
        t_eval: times at which the solution is wanted, in the order in which it gets there; None
            for the ends of the steps, whose number depends on values, so that jit and vmap need
            times.
        args: further arguments of the function.
        rtol: what the error of a step may be, relative to the state.
        atol: likewise, absolutely.
        max_step: the longest step.

    Returns:
        An OdeResult with the fields t, y and status; with t_eval, derivatives are those of
        ``odeint``.

    Raises:
        ValueError: t_eval is not in the order of time, or not inside of t_span; with traced times
            states are NaN there.
        ConcretizationError: t_eval is None, and values are traced that have to be known.

    >>> found = solve_ivp(lambda t, y: -y, (0.0, 1.0), np.ones(1), "RK45", [0.0, 0.5], rtol=1e-8)
    >>> found.y.round(3)
    array([[1.   , 0.607]])
    """
    check_function(fun, "solve_ivp", "fun")
    if method != "RK45":
        raise ValueError(f'solve_ivp: method must be "RK45", got {describe(method)}')
    if not isinstance(t_span, tuple | list | np.ndarray) or len(t_span) != 2:
        raise ValueError(f"solve_ivp: t_span must be a pair of times, got {describe(t_span)}")
    y = inexact(as_operand(y0))
    if len(y.shape) != 1:
        raise ShapeError(f"solve_ivp: y0 must be a vector, got shape {tuple(y.shape)}")
    others = () if args is None else tuple(args)
    to = Tolerances(rtol, atol, np.inf, max_step)

    def slope(state: Array, t: Array, *given: Any) -> Array:
        found = as_operand(fun(t, state, *given))  # a list of numbers, too
        return np.reshape(found, aval_of(state).shape)

    ends = times_of("solve_ivp", np.stack([as_operand(t_span[0]), as_operand(t_span[1])]))
    if t_eval is None:
        return _all_steps(lambda state, t: slope(state, t, *others), y, ends, to)
    times = cast(times_of("solve_ivp", t_eval), ends.dtype)
    ends, times = beside_each_other([ends, times])
    outside = _outside(ends, times)
    # Time runs forward, from 0, in the direction of the interval.
    sign = np.where(ends[1] < ends[0], -1.0, 1.0).astype(ends.dtype)[()]

    def forward(state: Array, s: Array, first: Array, sign: Array, *given: Any) -> Array:
        return cast(sign, state.real.dtype) * slope(state, first + sign * s, *given)

    elapsed = np.concatenate([like(times, np.zeros(1, ends.dtype)), sign * (times - ends[0])])
    rows = integrate("solve_ivp", forward, y, elapsed, (ends[0], sign, *others), to)
    columns = np.moveaxis(rows[1:], 0, -1)
    if outside is not None:
        columns = np.where(outside, np.nan, columns)
    return OdeResult(times, columns, np.where(np.all(np.isfinite(columns)), 0, -1)[()])


def _outside(ends: Array, times: Array) -> Array | None:
    """Which times are not between the ends, where this is not known; else none may be."""
    outside: Array = (times < np.min(ends)) | (times > np.max(ends))
    if isinstance(outside, Tracer):
        return outside  # type: ignore[return-value]
    if bool(np.any(outside)):
        raise ValueError("solve_ivp: t_eval has times outside of t_span")
    apart = np.diff(times)
    if bool(np.any(apart >= 0 if bool(ends[1] < ends[0]) else apart <= 0)):
        raise ValueError("solve_ivp: t_eval must be in the order in which time goes, each once")
    return None


def _all_steps(
    slope: Callable[[Array, Array], Array], y: Array, ends: Array, to: Tolerances
) -> OdeResult:
    """The solution at the ends of all steps, one after the other."""
    first, last = ends[0], ends[1]
    try:
        sign = -1.0 if bool(last < first) else 1.0

        def forward(state: Array, s: Array) -> Array:
            return sign * slope(state, first + sign * s)

        length = sign * (last - first)
        state = start(forward, y, 0 * first, to)
        times, rows = [first], [y]
        while bool(state.t < length):
            state = state._replace(dt=np.minimum(state.dt, length - state.t))
            moved = step(forward, state, to)
            if not bool(moved.dt > 0):
                break
            if bool(moved.t > state.t):
                times.append(first + sign * moved.t)
                rows.append(moved.y)
            state = moved
    except ConcretizationError as error:
        raise ConcretizationError(
            "solve_ivp: the number of steps depends on values that are traced; give t_eval=, the "
            "times at which the solution is wanted"
        ) from error
    status = 0 if bool(state.t >= length) else -1
    return OdeResult(np.stack([like(y, t) for t in times]), np.stack(rows, axis=-1), status)
