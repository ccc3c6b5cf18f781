"""Searches for the root of a function of one number, with derivatives of what they find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...api.jvp import jvp
from ...api.stop_gradient import stop_gradient
from ...arrays import scipy_optimize
from ...core.arguments import check_function, is_integer
from ...core.blame import describe
from ...core.tracing import Tracer, aval_of
from ...errors import ShapeError, TracerError
from ...lax.bodies import as_carried, check_operands
from ...numpy.protocol import as_operand, inexact
from ...ops.shape import cast
from ...typing import Array
from .brackets import Limits, bisection, brent, newton_steps
from .explicit import explicit, is_traced, owned, refuse_gpu
from .implicit import along, implicitly
from .results import RootResults

INSIDE = ("bisect", "brentq", "newton", "halley")
"""Methods that run inside of programs."""

ALL = object()
"""For ``full_output``: what was found and how, as one object."""


def as_tuple(args: Any) -> tuple[Any, ...]:
    """Further arguments, of which one may come alone."""
    return args if isinstance(args, tuple) else (args,)


def as_count(name: str, maxiter: Any) -> int:
    """A number of iterations, checked."""
    if not is_integer(maxiter):
        raise TypeError(f"{name}: maxiter must be an int, got {describe(maxiter)}")
    if maxiter < 0:
        raise ValueError(f"{name}: maxiter must not be negative, got {maxiter}")
    return int(maxiter)


def as_real(name: str, argument: str, x: Any) -> Array:
    """Where a search starts, in floating point."""
    check_operands(x, f"{name}: {argument}")
    if x is None:
        raise TypeError(f"{name}: {argument} must be a number, got None")
    found = inexact(as_carried(as_operand(x)))
    if found.dtype.kind != "f":
        raise TypeError(f"{name}: {argument} must be real, got {aval_of(found)}")
    return found


def as_ends(name: str, a: Any, b: Any) -> Array:
    """Both ends of a bracket, as a vector."""
    ends = [as_real(name, n, x) for n, x in (("a", a), ("b", b))]
    if any(x.shape for x in ends):
        raise ShapeError(
            f"{name}: a and b must be scalars, got shapes {tuple(ends[0].shape)} and "
            f"{tuple(ends[1].shape)}; use funcgrad.vmap for several roots"
        )
    return np.stack(ends)


def derivatives(
    name: str, f: Callable[..., Any], first: Any, second: Any, bends: bool
) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
    """The derivatives of an elementwise function that a method uses."""

    def slope(x: Array, *args: Any) -> Any:
        return jvp(lambda x: f(x, *args), (x,), (np.ones_like(x)[()],))[1]

    def bend(x: Array, *args: Any) -> Any:
        return jvp(lambda x: used(x, *args), (x,), (np.ones_like(x)[()],))[1]

    used = first if callable(first) else slope
    if callable(second):
        return used, second
    return used, bend if bends else None


def find_root(
    name: str,
    f: Callable[..., Any],
    start: Array,
    args: tuple[Any, ...],
    way: Any,
    chosen: dict[str, Any],
    limits: Limits,
    full_output: Any,
    disp: bool,
) -> Any:
    """A root with derivatives, from one number or from both ends of a bracket.

    The way is the name of a method with a bracket, or a pair of derivatives; or None, and then what
    is chosen are arguments for SciPy.
    """
    check_function(f, name, "the function")
    if full_output is not ALL and not isinstance(full_output, bool | np.bool):
        raise TypeError(f"{name}: full_output must be True or False, got {describe(full_output)}")
    owner = owned(name, f)
    bracket = isinstance(way, str) or "bracket" in chosen
    like = start[0] if bracket else start
    call, operands = explicit(f, (like,), args)
    derived = [] if not isinstance(way, tuple) else [w for w in way if w is not None]
    calls, more = [], []
    for d in derived:
        own, its = explicit(d, (like,), args)
        calls.append(own)
        more.append(its)
    shape, dtype = aval_of(like).shape, like.dtype

    def value(given: Any, x: Array) -> Array:
        return cast(np.reshape(call(given[0], x), shape), dtype)

    def search(start: Array, given: Any) -> tuple[Array, Any]:
        traced = is_traced(start, given)
        of = lambda x: value(given, x)  # noqa: E731
        if not traced:
            refuse_gpu(name, (start, given), "call it inside of jit")
        if way is None:
            found = _by_scipy(owner, of, start, chosen, traced, limits.maxiter)
        elif isinstance(way, str):
            if not traced:
                found = _by_scipy(
                    owner, of, start, _chosen(way, start, limits), False, limits.maxiter
                )
            else:
                found = {"bisect": bisection, "brentq": brent}[way](of, start[0], start[1], limits)
        else:
            slopes = [
                lambda x, c=c, i=i: cast(np.reshape(c(given[1][i], x), shape), dtype)
                for i, c in enumerate(calls)
            ]
            second = slopes[1] if len(slopes) > 1 else None
            loop = _newton_known if not traced else newton_steps
            found = loop(of, slopes[0], second, start, limits.xtol, limits)
        return cast(found.root, dtype), tuple(found)[1:]

    def tangent(x: Array, given: Any, dots: Any) -> Array:
        moved = along(value, x, given, dots)
        slope = jvp(lambda x: value(given, x), (x,), (np.ones_like(x)[()],))[1]
        return -moved / slope

    x, aux = implicitly(search, tangent, start, (operands, more))
    return _told(owner, x, stop_gradient(aux), full_output, disp)


def _chosen(way: str, ends: Array, limits: Limits) -> dict[str, Any]:
    return {"method": way, "bracket": ends, **limits._asdict()}


def _by_scipy(
    owner: str, f: Any, start: Array, chosen: dict[str, Any], traced: bool, maxiter: int
) -> RootResults:
    """A root by SciPy, whose values must be known."""
    if traced:
        method = chosen["method"]
        known = ", ".join(map(repr, INSIDE))
        raise TracerError(
            f"{owner}: the method {method!r} needs values that are known; inside of jit and vmap "
            f"there are {known}"
        )
    chosen = {k: v for k, v in chosen.items() if v is not None}
    dtype = start.dtype.type

    def of_number(x: float) -> float:
        out = f(dtype(x))
        if isinstance(out, Tracer):
            raise TracerError(f"{owner} closes over a traced value; pass it as one of args")
        return float(out)

    if "bracket" in chosen:
        chosen["bracket"] = a, b = [float(x) for x in start]
        values = of_number(a), of_number(b)
        if not values[0] * values[1] <= 0:
            raise ValueError(
                f"{owner} needs values of different signs at the ends of the bracket, got "
                f"{values[0]:.6g} at {a:.6g} and {values[1]:.6g} at {b:.6g}"
            )
    else:
        chosen["x0"] = float(start)
    found = scipy_optimize().root_scalar(of_number, **chosen)
    converged: Any = np.bool_(found.converged)
    counts = np.int64(found.iterations), np.int64(found.function_calls)
    return RootResults(dtype(found.root), converged, *counts)  # type: ignore[arg-type]


def _newton_known(
    f: Any, slope: Any, second: Any, x: Array, tol: Any, limits: Limits
) -> RootResults:
    """Steps of Newton of known values, as plain Python: the function need not be staged."""
    count, moving = 0, True
    while moving and count < limits.maxiter:
        value, d = f(x), slope(x)
        usable = np.where(d == 0, 1, d)
        step = value / usable
        if second is not None:
            bend = step * second(x) / (2 * usable)
            step = np.where(abs(bend) < 1, step / np.where(abs(bend) < 1, 1 - bend, 1), step)
        new = np.where((d == 0) & (value != 0), np.nan, x - step).astype(x.dtype)[()]
        count += 1
        small = abs(new - x) <= tol + limits.rtol * abs(x)
        moving = not bool(np.all(small | np.isnan(new)))
        x = new
    found: Any = np.bool_(not moving and bool(np.all(np.isfinite(x))))
    return RootResults(x, found, np.int64(count), np.int64(count))  # type: ignore[arg-type]


def _told(owner: str, x: Array, aux: Any, full_output: Any, disp: bool) -> Any:
    """What the caller gets."""
    converged, iterations, calls = aux
    if isinstance(converged, Tracer):
        found: Any = RootResults(x, converged, iterations, calls)
    else:
        if disp and not converged:
            raise RuntimeError(f"{owner}: no root was found in {iterations} iterations")
        flag = 0 if converged else -2
        found = scipy_optimize().RootResults(x, int(iterations), int(calls), flag, "")
        found.root = x
    if full_output is ALL:
        return found
    return (x, found) if full_output else x
