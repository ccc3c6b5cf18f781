"""Roots of functions of one number: bisect, brentq, newton and root_scalar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import TracerError
from ...typing import ArrayLike
from .brackets import Limits
from .explicit import is_traced
from .one_unknown import ALL, INSIDE, as_count, as_ends, as_real, as_tuple, derivatives, find_root

EPS = 4 * float(np.finfo(float).eps)
METHODS = (*INSIDE, "brenth", "ridder", "toms748", "secant")


@user_facing
def bisect(
    f: Callable[..., Any],
    a: ArrayLike,
    b: ArrayLike,
    args: Any = (),
    xtol: float = 2e-12,
    rtol: float = EPS,
    maxiter: int = 100,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """A root of a function of one number between two where it has different signs, by halves.

    It has derivatives in ``args`` and in what ``f`` closes over, in every mode and order: those of
    the equation. It has none in a and b.

    Args:
        f: function ``f(x, *args)`` of a scalar.
        a: one end.
        b: the other one.
        args: further arguments, a tuple, or one that is no tuple.
        xtol: the error of the root that is small enough.
        rtol: likewise, relatively.
        maxiter: the largest number of iterations.
        full_output: True to return (root, how it was found).
        disp: raise where it was not found.

    Returns:
        The root, and with ``full_output`` SciPy's RootResults. Inside of ``jit`` and ``vmap`` it is
        NaN where it was not found.

    Raises:
        ValueError: the values at both ends are known, and have the same sign.
        RuntimeError: too many iterations, where values are known.

    >>> bisect(lambda x, a: x**2 - a, 0.0, 2.0, 2.0).round(6)
    np.float64(1.414214)
    """
    limits = Limits(xtol, rtol, maxiter)
    return _between("bisect", f, a, b, args, limits, full_output, disp)


@user_facing
def brentq(
    f: Callable[..., Any],
    a: ArrayLike,
    b: ArrayLike,
    args: Any = (),
    xtol: float = 2e-12,
    rtol: float = EPS,
    maxiter: int = 100,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """A root of a function of one number between two where it has different signs, after Brent.

    It has derivatives in ``args`` and in what ``f`` closes over, in every mode and order: those of
    the equation. It has none in a and b.

    Args:
        f: function ``f(x, *args)`` of a scalar.
        a: one end.
        b: the other one.
        args: further arguments, a tuple, or one that is no tuple.
        xtol: the error of the root that is small enough.
        rtol: likewise, relatively.
        maxiter: the largest number of iterations.
        full_output: True to return (root, how it was found).
        disp: raise where it was not found.

    Returns:
        The root, and with ``full_output`` SciPy's RootResults. Inside of ``jit`` and ``vmap`` it is
        NaN where it was not found.

    Raises:
        ValueError: the values at both ends are known, and have the same sign.
        RuntimeError: too many iterations, where values are known.

    >>> from funcgrad import grad
    >>> root = lambda a: brentq(lambda x, a: x**2 - a, 0.0, 3.0, a)
    >>> root(4.0).round(6), grad(root)(4.0).round(6)
    (np.float64(2.0), np.float64(0.25))
    """
    limits = Limits(xtol, rtol, maxiter)
    return _between("brentq", f, a, b, args, limits, full_output, disp)


@user_facing
def newton(
    func: Callable[..., Any],
    x0: ArrayLike,
    fprime: Callable[..., Any] | None = None,
    args: Any = (),
    tol: float = 1.48e-8,
    maxiter: int = 50,
    fprime2: Callable[..., Any] | None = None,
    x1: ArrayLike | None = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """A root near a number, by steps of Newton with a derivative of ours.

    It has derivatives in ``args`` and in what ``func`` closes over, in every mode and order: those
    of the equation. It has none in x0.

    Args:
        func: function ``func(x, *args)`` of a scalar, or elementwise of an array.
        x0: where to start; the roots of arrays are searched for all at once.
        fprime: the derivative, if not ours.
        args: further arguments, a tuple, or one that is no tuple.
        tol: the length of a step that is small enough.
        maxiter: the largest number of steps.
        fprime2: the second derivative, for steps of Halley.
        x1: a second number, for steps of secants.
        rtol: like tol, relatively.
        full_output: True to return (root, how it was found).
        disp: raise where it was not found.

    Returns:
        The root, and with ``full_output`` SciPy's RootResults. Inside of ``jit`` and ``vmap`` it is
        NaN where it was not found.

    Raises:
        RuntimeError: it was not found, where values are known.

    >>> newton(lambda x, a: x**3 - a, 1.0, args=8.0).round(6)
    np.float64(2.0)
    """
    start = as_real("newton", "x0", x0)
    for what, value, fits in (("tol", tol, tol > 0), ("rtol", rtol, rtol >= 0)):
        if not isinstance(fits, Tracer) and not fits:
            raise ValueError(f"newton: {what} is too small, got {describe(value)}")
    limits = Limits(tol, rtol, as_count("newton", maxiter))
    if x1 is not None:
        if is_traced(x1, start):
            raise TracerError("newton: with x1, values must be known; leave it out")
        way = None
        chosen = {
            "method": "secant", "x1": float(np.asarray(x1)), "xtol": tol, "rtol": rtol or None,
            "maxiter": limits.maxiter,
        }  # fmt: skip
    else:
        chosen, way = {}, derivatives("newton", func, fprime, fprime2, False)
    args = as_tuple(args)
    return find_root("newton", func, start, args, way, chosen, limits, full_output, disp)


@user_facing
def root_scalar(
    f: Callable[..., Any],
    args: Any = (),
    method: str | None = None,
    bracket: Sequence[ArrayLike] | None = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: ArrayLike | None = None,
    x1: ArrayLike | None = None,
    xtol: float | None = None,
    rtol: float | None = None,
    maxiter: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """A root of a function of one number, by one of several methods.

    It has derivatives in ``args`` and in what ``f`` closes over, in every mode and order: those of
    the equation. Derivatives that methods use are ours where none are given.

    Args:
        f: function ``f(x, *args)`` of a scalar.
        args: further arguments, a tuple, or one that is no tuple.
        method: "bisect", "brentq", "newton" or "halley", also inside of ``jit`` and ``vmap``; or
            where values are known "brenth", "ridder", "toms748" or "secant". By default "brentq"
            with a bracket, "secant" with x1, else "newton".
        bracket: pair of numbers at which the function has different signs.
        fprime: the derivative, if not ours.
        fprime2: the second derivative, if not ours.
        x0: where to start.
        x1: a second number.
        xtol: the error of the root that is small enough.
        rtol: likewise, relatively.
        maxiter: the largest number of iterations.
        options: xtol, rtol and maxiter may be here, too.

    Returns:
        SciPy's RootResults, with the fields root, converged, iterations and function_calls. Inside
        of ``jit`` and ``vmap`` a named tuple of these.

    Raises:
        ValueError: there is no such method, or it lacks a bracket or x0.

    >>> root_scalar(lambda x: np.cos(x) - x, x0=1.0).root.round(6)
    np.float64(0.739085)
    """
    given = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, **(options or {})}
    tolerances = {k: v for k, v in given.items() if v is not None}
    name = method.lower() if isinstance(method, str) else method
    if name is None:
        name = "brentq" if bracket is not None else "newton" if x1 is None else "secant"
    if name not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise ValueError(f"root_scalar: method must be one of {known}; got {describe(method)}")
    args = as_tuple(args)
    derived = name in ("newton", "halley")
    limits = Limits(
        tolerances.get("xtol", 1.48e-8 if derived else 2e-12),
        tolerances.get("rtol", 0.0 if derived else EPS),
        as_count("root_scalar", tolerances.get("maxiter", 50 if derived else 100)),
    )
    if derived or name == "secant":
        if x0 is None:
            raise ValueError(f"root_scalar: the method {name!r} needs x0")
        start = as_real("root_scalar", "x0", x0)
        if derived:
            way = derivatives("root_scalar", f, fprime, fprime2, name == "halley")
            return find_root("root_scalar", f, start, args, way, {}, limits, ALL, False)
        chosen = {"method": name, "x1": x1, **tolerances}
    else:
        if bracket is None or len(bracket) != 2:
            raise ValueError(f"root_scalar: the method {name!r} needs a bracket, a pair of numbers")
        start = as_ends("root_scalar", *bracket)
        if name in INSIDE:
            return find_root("root_scalar", f, start, args, name, {}, limits, ALL, False)
        chosen = {"method": name, "bracket": start, **tolerances}
    return find_root("root_scalar", f, start, args, None, chosen, limits, ALL, False)


def _between(
    name: str,
    f: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any,
    limits: Limits,
    full_output: bool,
    disp: bool,
) -> Any:
    as_count(name, limits.maxiter)
    ends, args = as_ends(name, a, b), as_tuple(args)
    return find_root(name, f, ends, args, name, {}, limits, full_output, disp)
