"""Equations that users solve by functions of their own, differentiated as equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..api.closure_convert import closure_convert
from ..api.custom import custom_jvp
from ..api.flat_function import FlatFunction, Staged
from ..api.jvp import jvp, linear_transpose, linearize
from ..api.stop_gradient import stop_gradient
from ..control.linear_solve import check_inexact, linear_solve
from ..core.arguments import check_function
from ..core.containers import is_pair
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, owner_name
from ..errors import TreeError
from ..typing import PyTree, PyTreeSpec
from .bodies import as_carried, check_operands

Linear = Callable[[PyTree], PyTree]


@user_facing
def custom_root(
    f: Callable[[PyTree], PyTree],
    initial_guess: PyTree,
    solve: Callable[[Callable[[PyTree], PyTree], PyTree], PyTree],
    tangent_solve: Callable[[Linear, PyTree], PyTree],
    has_aux: bool = False,
) -> PyTree:
    """A root of a function, found by a function of the user's, with implicit derivatives.

    Where f(x, p) = 0, the derivative of the root x in a parameter p that f closes over is that of
    the implicit function theorem, whatever ``solve`` does.

    Args:
        f: function from a pytree to one of the same structure.
        initial_guess: where the search starts; the root has no derivative in it.
        solve: from (f, initial_guess) to the root, or to (root, aux).
        tangent_solve: from (g, y), where g is linear, to the x with g(x) = y.
        has_aux: ``solve`` returns a pair.

    Returns:
        The root, or (root, aux); aux is without derivative.

    >>> from funcgrad import grad
    >>> def root_of(a):
    ...     newton = lambda f, x: x - f(x) / (2 * x)
    ...     solve = lambda f, x: newton(f, newton(f, newton(f, newton(f, x))))
    ...     return custom_root(lambda x: x**2 - a, 1.0, solve, lambda g, y: y / g(1.0))
    >>> root_of(4.0).round(6), grad(root_of)(4.0).round(6)
    (np.float64(2.0), np.float64(0.25))
    """
    check_function(f, "custom_root", "f")
    check_function(solve, "custom_root", "solve")
    check_function(tangent_solve, "custom_root", "tangent_solve")
    check_operands(initial_guess, "custom_root: initial_guess")
    guess = tree.map(as_carried, stop_gradient(initial_guess))
    function, captured = closure_convert(f, guess)
    _check_same(tree.structure(guess), tree.structure(f(guess)), "custom_root: f")
    search, of_search = closure_convert(lambda x: _pair(solve(f, x), has_aux), guess)

    def tangent(x: PyTree, y: PyTree) -> PyTree:
        return tangent_solve(linearize(f, x)[1], y)

    change, of_change = closure_convert(tangent, guess, guess)

    @custom_jvp
    def root(x: PyTree, own: PyTree, others: PyTree, more: PyTree) -> tuple[PyTree, PyTree]:
        return search(x, *others)

    @root.defjvp
    def _(primals: Any, tangents: Any) -> tuple[PyTree, PyTree]:
        own, more = primals[1], primals[3]
        found, aux = root(*primals)
        _, moved = jvp(lambda p: function(found, *p), (own,), (tangents[1],))
        negative = tree.map(np.negative, moved)
        return (found, aux), (change(found, negative, *more), tree.map(_no_tangent, aux))

    found, aux = root(guess, captured, of_search, of_change)
    return (found, stop_gradient(aux)) if has_aux else found


def _no_tangent(x: Any) -> Any:
    return np.zeros(aval_of(x).shape, aval_of(x).dtype)[()]


def _pair(result: PyTree, has_aux: bool) -> tuple[PyTree, PyTree]:
    if not has_aux:
        return result, None
    if not is_pair(result):
        raise TypeError("custom_root: with has_aux, solve must return a pair (root, aux)")
    return result


def _check_same(wanted: PyTreeSpec, found: PyTreeSpec, what: str) -> None:
    if wanted != found:
        raise TreeError(f"{what} takes {wanted} and returns {found}; both must be the same")


@user_facing
def custom_linear_solve(
    matvec: Linear,
    b: PyTree,
    solve: Callable[[Linear, PyTree], PyTree],
    transpose_solve: Callable[[Linear, PyTree], PyTree] | None = None,
    symmetric: bool = False,
    has_aux: bool = False,
) -> PyTree:
    """The solution of a linear system by a function of the user's, with derivatives of the system.

    Derivatives solve the system again, or its transpose, and do not look into ``solve``. They are
    with respect to b and to what ``matvec`` closes over.

    Args:
        matvec: linear function from a pytree like b to another one: the matrix.
        b: right-hand side.
        solve: from (matvec, b) to x with matvec(x) = b, or to (x, aux).
        transpose_solve: the same for the transposed matrix, which reverse mode needs.
        symmetric: the matrix is its own transpose: ``solve`` serves for both.
        has_aux: both solvers return a pair; aux is without derivative.

    Returns:
        The solution x, or (x, aux).

    >>> from funcgrad import grad
    >>> a = np.array([[2.0, 1.0], [0.0, 4.0]])
    >>> solve = lambda matvec, b: np.linalg.solve(a, b)
    >>> transposed = lambda vecmat, b: np.linalg.solve(a.T, b)
    >>> f = lambda b: np.sum(custom_linear_solve(lambda x: a @ x, b, solve, transposed))
    >>> f(np.array([2.0, 4.0])), grad(f)(np.array([2.0, 4.0]))
    (np.float64(1.5), array([0.5  , 0.125]))
    """
    check_function(matvec, "custom_linear_solve", "matvec")
    check_function(solve, "custom_linear_solve", "solve")
    if transpose_solve is not None:
        check_function(transpose_solve, "custom_linear_solve", "transpose_solve")
    check_operands(b, "custom_linear_solve: b")
    leaves, spec = tree.flatten(b)
    leaves = [as_carried(x) for x in leaves]
    avals = [aval_of(x) for x in leaves]
    check_inexact(avals)

    def staged(fun: Linear, who: Callable[..., Any]) -> Staged:
        flat = FlatFunction(fun, tree.tuple_of([spec]), owner_name("custom_linear_solve", who))
        return flat.stage(avals).taking_constants()

    def first(result: PyTree) -> PyTree:
        return result[0] if has_aux else result

    like_b = tree.unflatten(spec, leaves)
    product = staged(matvec, matvec)
    _check_same(spec, product.out_tree, "custom_linear_solve: matvec")
    solver = staged(lambda y: solve(matvec, y), solve)
    _check_same(
        spec, solver.out_tree.child(0) if has_aux else solver.out_tree, "custom_linear_solve: solve"
    )
    vecmat, back = (product, solver) if symmetric else (None, None)
    if transpose_solve is not None and not symmetric:

        def transposed(y: PyTree) -> PyTree:
            (found,) = linear_transpose(matvec, like_b)(y)
            return found

        vecmat = staged(transposed, matvec)
        back = staged(lambda y: first(transpose_solve(transposed, y)), transpose_solve)
    functions = (product, vecmat, solver, back)
    captured = [() if s is None else s.captured for s in functions]
    names = ("matvec", "vecmat", "solve", "transposed")
    outs = linear_solve(
        *(c for part in captured for c in part),
        *leaves,
        counts=tuple(map(len, captured)),
        **{n: None if s is None else s.jaxpr for n, s in zip(names, functions, strict=True)},
    )
    return solver.rebuild(outs)
