"""root: zeros of functions of pytrees, by SciPy's methods or by Newton's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...api.pure_callback import pure_callback
from ...api.staging import eval_shape
from ...api.stop_gradient import stop_gradient
from ...arrays import scipy_optimize
from ...core.arguments import check_function, is_integer
from ...core.blame import describe
from ...core.containers import is_pair
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...lax.loops import while_loop
from ...ops.shape import cast
from ...typing import Array, PyTree
from .explicit import (
    Compiled,
    Explicit,
    explicit,
    is_traced,
    owned,
    plain,
    refuse_gpu,
    run_loops,
)
from .implicit import along, implicitly, jacobian, solve_jacobian
from .results import EquationResults, Parts
from .vectors import Vectors, as_matrix, as_start, as_values

WITH_JACOBIAN = ("hybr", "lm")
METHODS = (
    *WITH_JACOBIAN, "broyden1", "broyden2", "anderson", "linearmixing", "diagbroyden",
    "excitingmixing", "krylov", "df-sane",
)  # fmt: skip


class Given(NamedTuple):
    """What a root depends on: operands of the function and of its Jacobian."""

    fun: list[Any]
    jac: list[Any]


class Equations(NamedTuple):
    """A function of a vector whose zero is wanted. It holds no traced value.

    Attributes:
        owner: the function, for messages.
        unknowns: pytrees like x0 as vectors.
        values: pytrees like the result of the function as vectors.
        fun: the function.
        jac: the user's Jacobian, or None.
        both: the function returns its Jacobian, too.
    """

    owner: str
    unknowns: Vectors
    values: Vectors
    fun: Explicit
    jac: Explicit | None
    both: bool

    def residual(self, given: Given, v: Array) -> Array:
        """The values of the function."""
        out = self.fun(given.fun, self.unknowns.unravel(v))
        return cast(self.values.ravel(as_values(out[0] if self.both else out)), v.dtype)

    def jacobian(self, given: Given, v: Array) -> Array:
        """Its Jacobian, a matrix."""
        if self.jac is None and not self.both:
            return jacobian(lambda v: self.residual(given, v), v)
        x = self.unknowns.unravel(v)
        found = self.fun(given.fun, x)[1] if self.jac is None else self.jac(given.jac, x)
        return as_matrix(found, self.values.size, self.unknowns)


def pose(
    name: str, fun: Callable[..., Any], start: PyTree, args: tuple[Any, ...], jac: Any
) -> tuple[Equations, Array, Given]:
    """Equations, the vector at which the search starts, and what the root depends on."""
    check_function(fun, name, "fun")
    unknowns = Vectors(start)
    call, operands = explicit(fun, (start,), args)
    slope, more = explicit(jac, (start,), args) if callable(jac) else (None, [])
    owner = owned(name, fun)
    out = shape_of(call, operands, start)
    if jac is True:
        if not is_pair(out):
            raise TypeError(f"{owner} must return a pair (values, Jacobian), since jac=True")
        out = out[0]
    values = Vectors(as_values(out))
    return (
        Equations(owner, unknowns, values, call, slope, jac is True),
        unknowns.ravel(start),
        Given(operands, more),
    )


def shape_of(call: Explicit, operands: list[Any], start: PyTree) -> PyTree:
    """What a function returns, or arrays of the same shapes."""
    try:
        out = eval_shape(lambda operands, x: as_values(call(operands, x)), operands, start)
    except Exception:  # not to be staged
        return call(operands, start)
    return tree.map(lambda x: np.zeros(x.shape, x.dtype), out)


@user_facing
def root(
    fun: Callable[..., PyTree],
    x0: PyTree,
    args: Any = (),
    method: str | None = None,
    jac: Any = None,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """A zero of a function from pytrees to as many numbers, by SciPy's methods or by Newton's.

    Methods that use a Jacobian get that of ``fun``, compiled if it can be staged. The root has
    derivatives in ``args`` and in what ``fun`` closes over, in every mode and order: those of the
    equation, whatever the method does. They hold where the Jacobian has an inverse, and as far as
    the method has converged.

    Args:
        fun: function ``fun(x, *args)``.
        x0: where to start: a pytree of arrays; a list of numbers is a vector. The root has no
            derivative in it.
        args: further arguments, a tuple, or one that is no tuple.
        method: name of one of SciPy's methods, which run in a callback inside of ``jit`` and
            ``vmap``; or "newton", which runs inside of programs: steps of Newton, shortened until
            the values decrease. By default "hybr", and inside of ``jit`` and ``vmap`` "newton".
        jac: the Jacobian, a function that returns a matrix or what ``funcgrad.jacobian`` returns;
            True if ``fun`` returns (values, Jacobian); False for differences by SciPy, of a
            function that cannot be differentiated.
        tol: tolerance.
        callback: called by some of SciPy's methods as callback(x, f), with pytrees.
        options: options of the method; "newton" has ``maxiter`` (100) and ``xtol``, the relative
            length of a step that is small enough.

    Returns:
        SciPy's OptimizeResult, in which ``x`` and ``fun`` are pytrees, of their dtypes. Inside of
        ``jit`` and ``vmap``, and for "newton", a EquationResults.

    Raises:
        ShapeError: ``fun`` returns another number of values than there are unknowns.
        ValueError: there is no such method.

    >>> found = root(lambda x, a: np.stack([x[0] * x[1] - a, x[0] - x[1]]), np.ones(2), 4.0)
    >>> found.x.round(6)
    array([2., 2.])
    """
    name = method.lower() if isinstance(method, str) else method
    if name not in (*METHODS, "newton", None):
        known = ", ".join((*METHODS, "newton"))
        raise ValueError(f"root: method must be one of {known}; got {describe(method)}")
    args = args if isinstance(args, tuple) else (args,)
    equations, first, operands = pose("root", fun, as_start("root", x0), args, jac)
    wanted, found = equations.unknowns.size, equations.values.size
    if wanted != found:
        raise ShapeError(
            f"{equations.owner} returns {found} numbers for {wanted} unknowns; there must be as "
            "many equations as unknowns"
        )
    if name is None:
        name = "newton" if is_traced(first, operands) else "hybr"
    pure = name == "newton"
    steps = _newton_of(tol, options) if pure else None
    scipy = _Scipy(equations, name, jac is not False, tol, callback, options)
    result = None

    def search(v: Array, given: Given) -> tuple[Array, Parts]:
        nonlocal result
        if steps is not None:
            return run_loops(steps, equations, v, given)  # type: ignore[no-any-return]
        if is_traced(v, given):
            return pure_callback(lambda *a: scipy.arrays(scipy(*a)), scipy.promised(), v, given)  # type: ignore[no-any-return]
        refuse_gpu("root", (v, given), 'use method="newton"')
        result = scipy(v, given)
        return scipy.arrays(result)

    v, aux = find(equations, search, first, operands)
    x = equations.unknowns.unravel(v)
    if result is None:
        aux = stop_gradient(aux)
        return EquationResults(x=x, **{**aux, "fun": equations.values.unravel(aux["fun"])})
    result.x = x
    result.fun = equations.values.unravel(np.array(np.ravel(result.fun), equations.values.dtype))
    return result


def find(equations: Equations, search: Any, first: Array, operands: Given) -> tuple[Array, Parts]:
    """The root that a search finds, with derivatives."""

    def tangent(v: Array, given: Given, dots: Given) -> Array:
        moved = along(equations.residual, v, given, dots)
        return solve_jacobian(lambda v: equations.residual(given, v), v, -moved)

    return implicitly(search, tangent, first, operands)


class _Scipy:
    """Runs a method of SciPy's; what it compiles is kept for further runs."""

    def __init__(
        self,
        equations: Equations,
        method: str,
        derived: bool,
        tol: float | None,
        callback: Callable[..., Any] | None,
        options: Mapping[str, Any] | None,
    ) -> None:
        self.equations = equations
        self.values = Compiled(equations.residual, equations.owner)
        self.slopes = Compiled(equations.jacobian, equations.owner)
        self.derived: bool = derived
        self.chosen: dict[str, Any] = {"method": method, "tol": tol}
        if options is not None:
            self.chosen["options"] = dict(options)
        if callback is not None:
            of = equations.unknowns, equations.values

            def shown(x: Any, f: Any) -> Any:
                return callback(
                    *(w.unravel(np.array(a, w.dtype)) for w, a in zip(of, (x, f), strict=True))
                )

            self.chosen["callback"] = shown

    def __call__(self, start: Array, given: Given) -> Any:
        """SciPy's result, of vectors."""
        dtype = self.equations.unknowns.dtype
        if self.derived and self.chosen["method"] in WITH_JACOBIAN:
            self.chosen["jac"] = lambda v: plain(self.slopes(given, np.asarray(v, dtype)))
        return scipy_optimize().root(
            lambda v: plain(self.values(given, np.asarray(v, dtype))), plain(start), **self.chosen
        )

    def arrays(self, result: Any) -> tuple[Array, Parts]:
        """The arrays of a result, with the types that they have in every run."""
        dtype = self.equations.unknowns.dtype
        return result.x.astype(dtype), {
            "success": np.bool_(result.success),
            "status": np.int64(result.get("status", 0 if result.success else 1)),
            "fun": np.ravel(result.fun).astype(dtype),
            "nfev": np.int64(result.get("nfev", 0)),
            "nit": np.int64(result.get("nit", 0)),
        }

    def promised(self) -> tuple[Any, Parts]:
        """Arrays of the same shapes and types as those."""
        vector = np.zeros(self.equations.unknowns.size, self.equations.unknowns.dtype)
        none = np.int64(0)
        return vector, {
            "success": np.False_, "status": none, "fun": vector, "nfev": none, "nit": none,
        }  # fmt: skip


class _State(NamedTuple):
    """Steps of Newton."""

    v: Array
    values: Array
    nit: Any
    nfev: Any
    reached: Any
    stuck: Any


SHORTEST = 2.0**-30
"""The part of a step of Newton that is tried last."""


def _newton_of(tol: float | None, options: Mapping[str, Any] | None) -> Any:
    """Newton's method as a search, with its options checked."""
    chosen = {"maxiter": 100, "xtol": tol, **(options or {})}
    maxiter, xtol = chosen.pop("maxiter"), chosen.pop("xtol")
    if chosen:
        unknown = ", ".join(map(repr, chosen))
        raise TypeError(f"root: the method 'newton' has options maxiter and xtol, not {unknown}")
    if not is_integer(maxiter):
        raise TypeError(f"root: maxiter must be an int, got {describe(maxiter)}")

    def newton(equations: Equations, v: Array, given: Given) -> tuple[Array, Parts]:
        small = np.sqrt(np.finfo(v.dtype).eps) if xtol is None else xtol
        return _newton(lambda v: equations.residual(given, v), v, int(maxiter), small)

    return newton


def _newton(
    residual: Callable[[Array], Array], v: Array, maxiter: int, small: Any
) -> tuple[Array, Parts]:
    """Newton's method, with steps that are halved until the values decrease enough.

    (Dennis and Schnabel, "Numerical Methods for Unconstrained Optimization and Nonlinear
    Equations", 1983, section 6.3.)
    """
    one: Any = v.dtype.type(1)

    def iterate(s: _State) -> _State:
        step = -solve_jacobian(residual, s.v, s.values)
        size = s.values @ s.values

        def unfit(trial: Any) -> Any:
            part, values = trial
            decreases = values @ values <= (1 - 2e-4 * part) * size
            return ~decreases & (part > SHORTEST)

        def shorter(trial: Any) -> Any:
            part = trial[0] / 2
            return part, residual(s.v + part * step)

        part, values = while_loop(unfit, shorter, (one, residual(s.v + step)))
        moved = part * step
        nfev = s.nfev + 1 - cast(np.log2(part), np.dtype(np.int64))
        length = np.linalg.norm(s.v) + np.linalg.norm(moved)
        close = np.linalg.norm(moved) <= small * length
        reached = (close & (part == 1)) | ~np.any(values)
        lost = ~np.isfinite(values @ values) | (part <= SHORTEST)
        return _State(s.v + moved, values, s.nit + 1, nfev, reached, lost & ~reached)

    values = residual(v)
    none: Any = np.int64(0)
    no: Any = np.False_
    start = _State(v, values, none, none + 1, ~np.any(values), no)
    s = while_loop(lambda s: ~s.reached & ~s.stuck & (s.nit < maxiter), iterate, start)
    status = np.where(s.reached, 0, np.where(s.stuck, 2, 1))
    return s.v, {
        "success": s.reached, "status": status, "fun": s.values, "nfev": s.nfev, "nit": s.nit,
    }  # fmt: skip
