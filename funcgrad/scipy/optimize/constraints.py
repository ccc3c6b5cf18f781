"""Constraints, given as SciPy takes them, for functions of pytrees, with Jacobians of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...api.jacobians import hessian, jacrev
from ...arrays import scipy_optimize
from ...core.arguments import check_function
from ...core.blame import describe
from ...ops.shape import cast
from ...typing import Array, PyTree
from .explicit import Compiled, explicit, owned, plain
from .implicit import jacobian as forward
from .vectors import Vectors, as_matrix, as_values, ravel_result


class Held(NamedTuple):
    """What a constraint depends on: operands of its function and of its Jacobian, and limits."""

    values: list[Any]
    jacobian: list[Any]
    lower: Any
    upper: Any


class Constraint(NamedTuple):
    """Conditions lower <= f(x) <= upper.

    Attributes:
        given: what the user gave: a dict, or an object of SciPy's.
        values: from (operands, vector) to a vector.
        jacobian: a function of the user's for the Jacobian, with the same operands, or None.
        owner: the function, for messages.
    """

    given: Any
    values: Callable[[Held, Array], Array]
    jacobian: Callable[[Held, Array], Array] | None
    owner: str


def as_constraints(
    name: str, constraints: Any, start: PyTree, vectors: Vectors
) -> list[tuple[Constraint, Held]]:
    """All constraints; one may be given alone."""
    if isinstance(constraints, dict) or hasattr(constraints, "lb"):
        constraints = (constraints,)
    if not isinstance(constraints, Sequence):
        raise TypeError(f"{name}: constraints must be a sequence, got {describe(constraints)}")
    return [_one(name, c, start, vectors) for c in constraints]


def _one(name: str, given: Any, start: PyTree, vectors: Vectors) -> tuple[Constraint, Held]:
    if isinstance(given, dict):
        kind = given.get("type")
        if kind not in ("eq", "ineq") or "fun" not in given:
            raise ValueError(
                f"{name}: a constraint needs 'fun' and the 'type' 'eq' or 'ineq', got "
                f"{describe(given)}"
            )
        upper = 0.0 if kind == "eq" else np.inf
        return _of_function(
            name, given, given["fun"], given.get("jac"), given.get("args", ()), 0.0, upper,
            start, vectors,
        )  # fmt: skip
    if hasattr(given, "A"):
        matrix = given.A.toarray() if hasattr(given.A, "toarray") else np.asarray(given.A)
        linear = lambda _, v: cast(matrix, v.dtype) @ v  # noqa: E731
        return Constraint(given, linear, None, f"{name}: A"), Held([], [], given.lb, given.ub)
    if not hasattr(given, "fun") or not hasattr(given, "lb"):
        raise TypeError(
            f"{name}: a constraint must be a dict, NonlinearConstraint or LinearConstraint of "
            f"scipy.optimize, got {describe(given)}"
        )
    return _of_function(
        name, given, given.fun, given.jac, (), _vector(given.lb), _vector(given.ub), start, vectors
    )


def _vector(x: Any) -> Any:
    return x if np.ndim(x) == 0 and not isinstance(x, dict) else ravel_result(x)


def _of_function(
    name: str,
    given: Any,
    fun: Any,
    jac: Any,
    args: Sequence[Any],
    lower: Any,
    upper: Any,
    start: PyTree,
    vectors: Vectors,
) -> tuple[Constraint, Held]:
    check_function(fun, name, "the function of a constraint")
    values, of_values = explicit(fun, (start,), args)
    jacobian, of_jacobian = explicit(jac, (start,), args) if callable(jac) else (None, [])

    def of_vector(held: Held, v: Array) -> Array:
        return ravel_result(as_values(values(held.values, vectors.unravel(v))))

    def matrix(held: Held, v: Array) -> Array:
        assert jacobian is not None
        rows = of_vector(held, v).shape[0]
        return as_matrix(jacobian(held.jacobian, vectors.unravel(v)), rows, vectors)

    own = None if jacobian is None else matrix
    found = Constraint(given, of_vector, own, owned(name, fun))
    return found, Held(of_values, of_jacobian, lower, upper)


def for_scipy(constraint: Constraint, held: Held, vectors: Vectors, exact: bool) -> Any:
    """A constraint of a vector as SciPy takes it, with compiled functions.

    Second derivatives of ours are given to a method that uses them, ``exact``.
    """
    given = constraint.given
    if hasattr(given, "A"):
        return given
    values = Compiled(constraint.values, constraint.owner)
    derived = constraint.jacobian or _jacobian_of(constraint.values, vectors.size)
    slopes = Compiled(derived, constraint.owner)
    second = Compiled(_curvature_of(constraint.values), constraint.owner)

    def of(v: Any) -> Any:
        return plain(values(held, v))

    def jac(v: Any) -> Any:
        return plain(slopes(held, v))

    def curvature(v: Any, weights: Any) -> Any:
        return plain(second(held, v, weights))

    conditions = scipy_optimize().NonlinearConstraint
    if isinstance(given, dict):
        if not exact:
            return {"type": given["type"], "fun": of, "jac": jac}
        return conditions(of, held.lower, held.upper, jac, curvature)
    scheme = given.jac in ("3-point", "cs")
    hess = given.hess
    if callable(hess):
        hess = lambda v, weights: plain(given.hess(vectors.unravel(v), weights))  # noqa: E731
    elif exact and not scheme and type(hess) is scipy_optimize().BFGS:  # the default
        hess = curvature
    return conditions(
        of,
        plain(held.lower),
        plain(held.upper),
        given.jac if scheme else jac,
        hess,
        given.keep_feasible,
        given.finite_diff_rel_step,
        given.finite_diff_jac_sparsity,
    )


def _jacobian_of(values: Callable[[Held, Array], Array], size: int) -> Any:
    def jacobian(held: Held, v: Array) -> Array:
        if values(held, v).shape[0] < size:
            return jacrev(values, 1)(held, v)
        return forward(lambda v: values(held, v), v)

    return jacobian


def _curvature_of(values: Callable[[Held, Array], Array]) -> Any:
    """The Hessian of a weighted sum of constraints."""

    def curvature(held: Held, v: Array, weights: Array) -> Array:
        return hessian(lambda v: weights @ values(held, v))(v)

    return curvature
