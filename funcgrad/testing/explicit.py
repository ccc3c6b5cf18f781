"""Explicit Jacobians, Hessians and their products, as optimisers are given them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .checks import check_jvp, check_vjp, new_session
from .conclusions import of_a_rule
from .curvature import WHOLE, Curvature, report_matrix, varied
from .derivatives.differences import SAFETY, directional
from .derivatives.functions import Flat
from .derivatives.leaves import finite_max
from .derivatives.lines import pack, unpack
from .derivatives.session import Session
from .held import holding, released, rule_holding
from .matrices import Matrix, matrix_of
from .reports.report import (
    Report,
)


@user_facing
def check_jacobian(
    f: Callable[..., Any],
    jac: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: int = 0,
    *,
    kwargs: Mapping[str, Any] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    directions: int = 3,
    seed: int = 0,
) -> Report:
    """Check a Jacobian matrix that somebody wrote by hand, as ``least_squares(jac=)`` takes it.

    Small matrices are compared element by element, large ones in random directions of both sides.

    Args:
        f: function of positional arguments that returns an array (its elements are the rows), or
            a number.
        jac: takes the same arguments and returns the matrix of derivatives with respect to the
            one that ``argnums`` names: a dense array of shape f's shape + x's shape, or (rows,
            columns), a sparse matrix of SciPy, or a ``LinearOperator``.
        args: the point, a tuple.
        argnums: position of the argument that is varied.
        kwargs: keyword arguments for f and for ``jac``.
        atol: as in ``check_grads``.
        rtol: as in ``check_grads``.
        eps: as in ``check_grads``.
        directions: number of random directions.
        seed: of the random directions.

    Returns:
        A Report.

    Raises:
        GradientCheckError: the Jacobian is wrong; the message says how, and whether an entry is
            missing in a sparse pattern.

    >>> x = np.array([1.0, 2.0, 3.0])
    >>> check_jacobian(lambda x: np.array([x[0] * x[1], x[2] ** 2]),
    ...                lambda x: np.array([[x[1], x[0], 0], [0, 0, x[2]]]), (x,))
    Traceback (most recent call last):
        ...
    funcgrad.testing.reports.report.GradientCheckError: <lambda> ...: the Jacobian differs ...
      order      1
      where      the Jacobian at index (1, 2); 1 of 6 elements differ
      ...
      diagnosis  1 of 6 elements differ, the others agree; among those that differ: ... 0.5...
    """
    caller = "check_jacobian"
    options.function(f, "f", caller)
    options.function(jac, "jac", caller)
    args = options.arguments(args, caller)
    (place,) = options.argnums_option(argnums, len(args), caller)
    varied(args[place], f"args[{place}]", caller)
    jac = rule_holding(jac, kwargs, caller)
    f, held = holding(f, args, place, kwargs, caller)
    session = new_session(caller, atol, rtol, eps, directions, seed)
    flat = session.flatten(f, held)
    outs = flat.call(flat.point)
    rows, columns = sum(o.size for o in map(np.asarray, outs)), pack(flat.point).size
    matrix = matrix_of(jac(*args), (rows, columns), jac, caller)
    if columns <= WHOLE:
        compare_columns(session, flat, matrix)
    settings: dict[str, Any] = {"atol": atol, "rtol": rtol, "eps": eps}
    settings |= {"directions": directions, "seed": seed}

    def matrix_at(xs: Sequence[Any]) -> Matrix:
        if np.array_equal(xs[place], args[place]):
            return matrix
        return matrix_of(jac(*released(xs)), (rows, columns), jac, caller)

    def push(xs: Sequence[Any], ts: Sequence[Any]) -> Any:
        return f(*xs), shaped(matrix_at(xs).times(pack([ts[place]])), f(*xs))

    def vjp(*xs: PyTree) -> Any:
        def pull(ct: PyTree) -> tuple[Any, ...]:
            grads: list[Any] = [0.0] * len(xs)
            grads[place] = shaped(matrix_at(xs).transposed(pack(tree.leaves(ct))), xs[place])
            return tuple(grads)

        return f(*xs), pull

    report = session.report
    checked = [(check_jvp, push)] if matrix.times_exact else []
    for check, rule in [*checked, (check_vjp, vjp)]:  # type: ignore[list-item]
        with of_a_rule():
            found = check(f, rule, held, **settings)  # type: ignore[operator]
        report.passed += [text for text in found.passed if text not in report.passed]
        report.subgradients += found.subgradients
    return report


def shaped(vector: np.ndarray, like: PyTree) -> Any:
    """A vector as an array, or a number, like another one."""
    return np.asarray(vector, np.asarray(like).dtype).reshape(np.shape(like))[()]


def compare_columns(session: Session, flat: Flat, matrix: Matrix) -> None:
    """Compare each column with differences; the whole matrix is in the finding."""
    found = matrix.dense()
    expected, errors = np.zeros(found.shape), np.zeros(found.shape)
    limits = np.zeros(found.shape)
    for k in range(found.shape[1]):
        unit = np.zeros(found.shape[1])
        unit[k] = 1.0
        line, known = directional(flat, unpack(unit, flat.point), session.eps)
        bad = ~known.settled & ~(np.abs(known.value - found[:, k]) <= known.error)
        expected[:, k], errors[:, k] = known.value, known.error
        sizes = np.concatenate([np.full(np.size(o), finite_max(s)) for o, s in
                                zip(line.outs, flat.sizes, strict=True)])  # fmt: skip
        scale = float(np.max(np.abs(pack(flat.point)), initial=0)) or 1.0
        limits[:, k] = session.tolerances.of(known.value, 0.0, 0.0) + SAFETY * known.error
        limits[:, k] += 64 * session.tolerances.eps * sizes / scale
        expected[bad, k], limits[bad, k] = found[bad, k], np.inf
    report_matrix(session, flat, "Jacobian", expected, found, errors, limits, matrix)


@user_facing
def check_hessian(
    f: Callable[..., Any],
    hess: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: int = 0,
    *,
    gradient: Callable[..., Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    directions: int = 3,
    seed: int = 0,
) -> Report:
    """Check a Hessian matrix that somebody wrote by hand, as ``minimize(hess=)`` takes it.

    It is compared with differences of the gradient: the one given (which is checked first), or
    that of funcgrad if it can trace f and it is right; else with second differences of f, which
    are less sharp. That it is symmetric is checked, too.

    Args:
        f: function of positional arguments that returns a real scalar.
        hess: takes the same arguments and returns the matrix of second derivatives with respect
            to the one that ``argnums`` names: dense, sparse, or a ``LinearOperator``.
        args: the point, a tuple.
        argnums: position of the argument that is varied.
        gradient: takes the same arguments and returns the gradient, as ``minimize(jac=)`` takes it.
        kwargs: keyword arguments for all of them.
        atol: as in ``check_grads``.
        rtol: as in ``check_grads``; by default 1e-5 where only second differences are there.
        eps: as in ``check_grads``.
        directions: number of random directions for large matrices.
        seed: of the random directions.

    Returns:
        A Report.

    Raises:
        GradientCheckError: the Hessian, or the gradient, is wrong.

    >>> from scipy.optimize import rosen, rosen_der, rosen_hess
    >>> report = check_hessian(rosen, rosen_hess, (np.array([0.5, 1.5, -0.3]),), gradient=rosen_der)
    >>> report.passed[-1]
    'the Hessian is symmetric'
    """
    caller = "check_hessian"
    options.function(hess, "hess", caller)
    run = Curvature(caller, f, args, argnums, gradient, kwargs, (atol, rtol, eps, directions, seed))
    matrix = matrix_of(rule_holding(hess, kwargs, caller)(*run.args), (run.n, run.n), hess, caller)
    run.compare(matrix)
    run.check_symmetric(matrix)
    return run.session.report


@user_facing
def check_hvp(
    f: Callable[..., Any],
    hvp: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: int = 0,
    *,
    gradient: Callable[..., Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    directions: int = 3,
    seed: int = 0,
) -> Report:
    """Check a product of the Hessian with a vector, as ``minimize(hessp=)`` takes it.

    Args:
        f: function of positional arguments that returns a real scalar.
        hvp: takes the argument that is varied, a vector of its shape, and then the other
            arguments, ``hvp(x, p, *others)`` as SciPy calls it, and returns the product.
        args: the point, a tuple.
        argnums: position of the argument that is varied.
        gradient: as in ``check_hessian``.
        kwargs: keyword arguments for all of them.
        atol: as in ``check_hessian``.
        rtol: as in ``check_hessian``.
        eps: as in ``check_hessian``.
        directions: number of random directions.
        seed: of the random directions.

    Returns:
        A Report.

    Raises:
        GradientCheckError: the product is wrong.

    >>> from scipy.optimize import rosen, rosen_der, rosen_hess_prod
    >>> check_hvp(rosen, rosen_hess_prod, (np.array([0.5, 1.5]),), gradient=rosen_der).verdict
    'pass'
    """
    caller = "check_hvp"
    options.function(hvp, "hvp", caller)
    run = Curvature(caller, f, args, argnums, gradient, kwargs, (atol, rtol, eps, directions, seed))
    named = options.keywords(kwargs, caller)
    others = [x for i, x in enumerate(run.args) if i != run.place]
    x = run.args[run.place]

    def product(p: np.ndarray) -> np.ndarray:
        found = hvp(x, shaped(p, x), *others, **named)
        if np.shape(found) != np.shape(x):
            raise TypeError(
                f"{caller}: {where_defined(hvp)} returned shape {np.shape(found)}, expected "
                f"{np.shape(x)}, that of the argument"
            )
        return np.ravel(np.asarray(found, float))

    matrix = Matrix((run.n, run.n), product, None, None)
    run.compare(matrix)
    run.check_symmetric(matrix)
    return run.session.report
