"""odeint: adaptive integration of ordinary differential equations, with the adjoint equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import tree
from ...api.closure_convert import closure_convert
from ...api.custom import custom_vjp
from ...api.ravel import ravel_pytree
from ...api.vjp import vjp
from ...api.vmap import vmap
from ...core.arguments import check_function
from ...core.avals import is_inexact
from ...core.blame import describe
from ...core.dtypes import kind_of
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer, aval_of
from ...errors import ShapeError, TreeError
from ...lax.bodies import as_carried, check_operands
from ...lax.loops import scan
from ...numpy.protocol import as_operand, inexact
from ...typing import Array, ArrayLike, PyTree
from .dormand_prince import Tolerances, solution

Flat = Callable[[Array, Array, Sequence[Any]], Array]
"""The slope of a vector at a time, with the other operands as a list of leaves."""


@user_facing
def odeint(
    func: Callable[..., PyTree],
    y0: PyTree,
    t: ArrayLike,
    *args: PyTree,
    rtol: float = 1.4e-8,
    atol: float = 1.4e-8,
    mxstep: float = np.inf,
    hmax: float = np.inf,
) -> PyTree:
    """The solution of an ordinary differential equation, by steps of Dormand and Prince.

    Reverse mode integrates the adjoint equations backwards (Pontryagin; Chen et al., "Neural
    Ordinary Differential Equations", 2018), so that it needs no memory for steps; forward mode
    goes through the steps. Both are derivatives in y0, t, args and whatever ``func`` closes over.

    Args:
        func: ``func(y, t, *args)`` returns the derivative of y by time, of the structure of y.
        y0: pytree of arrays: the state at ``t[0]``.
        t: vector of increasing times; traced ones that decrease give NaN.
        args: pytrees of arrays.
        rtol: what the error of a step may be, relative to the state.
        atol: likewise, absolutely.
        mxstep: the largest number of steps between two times; beyond it states are NaN.
        hmax: the longest step.

    Returns:
        The states at all times, stacked along a first axis.

    Raises:
        ValueError: times decrease.
        TreeError: ``func`` returns another structure than that of y0, or other shapes.

    >>> odeint(lambda y, t: -y, np.array([1.0, 2.0]), np.array([0.0, 1.0])).round(6)
    array([[1.      , 2.      ],
           [0.367879, 0.735759]])
    """
    check_function(func, "odeint", "func")
    check_operands((y0, args), "odeint: y0 and args")
    given = zip(Tolerances._fields, (rtol, atol, mxstep, hmax), strict=True)
    to = Tolerances(*(_number(n, v) for n, v in given))
    times = times_of("odeint", t)
    if not isinstance(times, Tracer) and bool(np.any(times[1:] < times[:-1])):
        raise ValueError(
            "odeint: times must not decrease; for a solution backwards integrate "
            "lambda y, s: -func(y, -s) over -t"
        )
    return integrate("odeint", func, y0, times, args, to)


def times_of(name: str, t: ArrayLike) -> Array:
    """A vector of times in a type of floats."""
    times = as_operand(t)
    if kind_of(times.dtype) not in "iuf":
        raise TypeError(f"{name}: times must be real numbers, got {aval_of(times)}")
    if len(times.shape) != 1 or not times.shape[0]:
        raise ShapeError(f"{name}: times must be a vector, got shape {tuple(times.shape)}")
    return inexact(times)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"odeint: {name} must be a number, got {describe(value)}")
    if not value > 0:
        raise ValueError(f"odeint: {name} must be positive, got {value}")
    return float(value)


def integrate(
    name: str,
    func: Callable[..., PyTree],
    y0: PyTree,
    ts: Array,
    args: tuple[PyTree, ...],
    to: Tolerances,
) -> PyTree:
    """The states at times, of an equation whose arguments have been checked."""
    y0 = tree.map(lambda x: inexact(as_carried(x)), y0)
    args = tree.map(as_carried, args)
    converted, captured = closure_convert(func, y0, ts[0], *args)
    _check_slope(name, y0, converted(y0, ts[0], *args, *captured))
    start, unravel = ravel_pytree(y0)
    leaves, spec = tree.flatten((*args, *captured))
    dtype = start.dtype  # no traced value may be in the function: its rules would be staged for it

    def slope(y: Array, t: Array, operands: Sequence[Any]) -> Array:
        found = converted(unravel(y), t, *tree.unflatten(spec, operands))
        return ravel_pytree(found)[0].astype(dtype)

    return vmap(unravel)(_with_adjoint(slope, start, ts, leaves, to))


def _check_slope(name: str, y: PyTree, found: PyTree) -> None:
    wanted, given = tree.structure(y), tree.structure(found)
    if wanted != given:
        raise TreeError(
            f"{name}: the function returns {given} for a state of {wanted}; it must return the "
            "derivative of the state, of the same structure"
        )
    for a, b in zip(tree.leaves(y), tree.leaves(found), strict=True):
        a, b = aval_of(a), aval_of(b)
        if a.shape != b.shape or (b.dtype.kind == "c" and a.dtype.kind != "c"):
            raise TreeError(
                f"{name}: the function returns {b} for {a} in the state; it must return the "
                "derivative of the state"
            )


def _with_adjoint(
    slope: Flat, y0: Array, ts: Array, operands: Sequence[Any], to: Tolerances
) -> Array:
    """States at times as rows, whose reverse derivative integrates the adjoint equations."""

    @custom_vjp
    def solved(y: Array, times: Array, *given: Any) -> Array:
        return solution(lambda y, t: slope(y, t, given), y, times, to)

    def forward(y: Array, times: Array, *given: Any) -> tuple[Array, Any]:
        rows = solved(y, times, *given)
        return rows, (rows, times, given)

    def backward(kept: Any, ct: Array) -> tuple[Any, ...]:
        rows, times, given = kept
        y_bar, t_bar, bars = _adjoint(slope, rows, times, given, ct, to)
        it = iter(bars)
        return (y_bar, t_bar, *(next(it) if _moves(x) else None for x in given))

    solved.defvjp(forward, backward)
    solved.through = True
    return solved(y0, ts, *operands)


def _moves(x: Any) -> bool:
    return is_inexact(aval_of(x).dtype)


def _adjoint(
    slope: Flat, rows: Array, ts: Array, operands: Sequence[Any], ct: Array, to: Tolerances
) -> tuple[Array, Array, list[Array]]:
    """Cotangents of the first state, the times and the inexact operands.

    From each time to the one before, the state is integrated backwards together with its
    cotangent and those of the operands, in negative time.
    """
    moving = [x for x in operands if _moves(x)]

    def merged(parts: Sequence[Any]) -> list[Any]:
        it = iter(parts)
        return [next(it) if _moves(x) else x for x in operands]

    def backwards(state: Any, s: Array, *parts: Any) -> Any:
        y, y_bar, _ = state
        y_dot, pull = vjp(lambda y, *p: slope(y, -s, merged(p)), y, *parts)
        y_ct, *cts = pull(y_bar)
        return -y_dot, y_ct, cts

    def between(carry: Any, here: Any) -> tuple[Any, Array]:
        y_bar, bars = carry
        y, ct_here, ct_before, t, before = here
        t_bar = np.sum(slope(y, t, operands) * ct_here).real
        span = np.stack([-t, -before])
        states = integrate("odeint", backwards, (y, y_bar, bars), span, tuple(moving), to)
        _, y_bar, bars = tree.map(lambda x: x[1], states)
        return (y_bar + ct_before, bars), t_bar

    zeros = [np.zeros(aval_of(x).shape, aval_of(x).dtype) for x in moving]
    steps = (rows[1:], ct[1:], ct[:-1], ts[1:], ts[:-1])
    (y_bar, bars), t_bars = scan(between, (ct[-1], zeros), steps, reverse=True)
    first = -np.sum(slope(rows[0], ts[0], operands) * (y_bar - ct[0])).real
    return y_bar, np.concatenate([np.reshape(first, (1,)), t_bars]).astype(ts.dtype), bars
