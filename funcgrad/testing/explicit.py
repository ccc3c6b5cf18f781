"""Explicit Jacobians, Hessians and their products, as optimisers are given them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .checks import check_jvp, check_vjp, new_session
from .derivatives.differences import (
    SAFETY,
    Difference,
    Line,
    change,
    directional,
    pack,
    searched,
    unpack,
)
from .derivatives.functions import Flat, finite_max, has_tangent
from .derivatives.session import Session
from .held import holding, rule_holding
from .matrices import Matrix, matrix_of
from .reports.report import (
    Finding,
    GradientCheckError,
    InconclusiveCheckError,
    Report,
    worst_finding,
)

WHOLE = 60
"""Matrices of up to this many columns are compared element by element."""

CURVATURE = 1e-5
"""The relative tolerance of second derivatives that only values of f are there for."""


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

    def push(xs: Sequence[Any], ts: Sequence[Any]) -> Any:
        return f(*xs), shaped(matrix.times(pack([ts[place]])), f(*xs))

    def vjp(*xs: PyTree) -> Any:
        def pull(ct: PyTree) -> tuple[Any, ...]:
            grads: list[Any] = [0.0] * len(xs)
            grads[place] = shaped(matrix.transposed(pack(tree.leaves(ct))), xs[place])
            return tuple(grads)

        return f(*xs), pull

    report = session.report
    checked = [(check_jvp, push)] if matrix.times_exact else []
    for check, rule in [*checked, (check_vjp, vjp)]:  # type: ignore[list-item]
        found = check(f, rule, held, **settings)  # type: ignore[operator]
        report.passed += [text for text in found.passed if text not in report.passed]
        report.subgradients += found.subgradients
    return report


def varied(x: PyTree, name: str, caller: str) -> None:
    """Raise unless an argument is one real array or number."""
    if not has_tangent(x) or np.asarray(x).dtype.kind == "c":
        raise TypeError(
            f"{caller}: {name} must be a real array, got {type(x).__name__}; give the columns of "
            "the matrix as one vector"
        )


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


def report_matrix(
    session: Session,
    flat: Flat,
    name: str,
    expected: np.ndarray,
    found: np.ndarray,
    errors: np.ndarray,
    limits: np.ndarray,
    matrix: Matrix,
) -> None:
    """Raise unless two matrices agree; note it if they do."""
    about = session.about(flat, ("rev",), f"the {name} differs from finite differences")
    order = 2 if name == "Hessian" else 1
    about |= {"source": "finite differences", "order": order, "mode": ""}
    finding = worst_finding([f"the {name}"], [expected], [found], [errors], [limits], **about)
    if finding is None:
        session.passed(f"every element of the {name}")
        return
    wrong = np.abs(found - expected) > limits
    more = matrix.in_pattern(wrong)
    if more:
        both = f"{finding.diagnosis}; {more}" if finding.diagnosis else more
        finding = replace(finding, diagnosis=both)
    raise GradientCheckError(finding)


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


class Curvature:
    """The second derivatives of a function at a point, from the best there is."""

    def __init__(
        self,
        caller: str,
        f: Callable[..., Any],
        args: Any,
        argnums: int,
        gradient: Callable[..., Any] | None,
        kwargs: Mapping[str, Any] | None,
        settings: tuple[Any, ...],
    ) -> None:
        options.function(f, "f", caller)
        self.args: tuple[Any, ...] = options.arguments(args, caller)
        (self.place,) = options.argnums_option(argnums, len(self.args), caller)
        varied(self.args[self.place], f"args[{self.place}]", caller)
        atol, rtol, eps, directions, seed = settings
        call, held = holding(f, self.args, self.place, kwargs, caller)
        self.session: Session = new_session(caller, atol, rtol, eps, directions, seed)
        self.flat: Flat = self.session.flatten(call, held)
        outs = self.flat.call(self.flat.point)
        if len(outs) != 1 or np.size(outs[0]) != 1:
            raise TypeError(f"{caller}: {where_defined(f)} must return one real number")
        self.n: int = pack(self.flat.point).size
        self.gradient: Flat | None = None
        if gradient is not None:
            rule = rule_holding(options.function(gradient, "gradient", caller), kwargs, caller)
            self.use_given(call, rule, held, settings)
        else:
            self.use_traced()
        if self.gradient is None and rtol is None:
            self.session.tolerances.rtol = max(self.session.tolerances.rtol, CURVATURE)

    def use_given(
        self, f: Callable[..., Any], rule: Callable[..., Any], held: Any, settings: Any
    ) -> None:
        """Check the given gradient, and take it."""
        atol, rtol, eps, directions, seed = settings
        place = self.place

        def vjp(*xs: PyTree) -> Any:
            def pull(ct: PyTree) -> tuple[Any, ...]:
                grads: list[Any] = [0.0] * len(xs)
                grads[place] = ct * np.asarray(rule(*xs))
                return tuple(grads)

            return f(*xs), pull

        found = check_vjp(
            f, vjp, held, atol, rtol, eps, directions=directions, seed=seed, laws=False
        )
        self.session.report.passed += [f"{text} (of the gradient)" for text in found.passed]

        def gradient(xs: Sequence[Any]) -> list[Any]:
            full = list(held)
            full[place] = xs[0]
            return [np.asarray(rule(*full))]

        point = self.flat.point
        sizes = [np.asarray(finite_max(np.asarray(g))) for g in gradient(point)]
        self.gradient = Flat(
            gradient, point, self.flat.in_paths, self.flat.name, ["the gradient"], sizes
        )

    def use_traced(self) -> None:
        """Take the gradient of funcgrad if it can trace f, and if it is right here."""
        try:
            with np.errstate(all="ignore"):
                derivative = self.flat.differentiated("rev", [np.ones(())])
                (found,) = derivative.call(self.flat.point)
                ts = self.session.random_tangents(self.flat.point)
                _, known = directional(self.flat, ts, self.session.eps)
                gap = abs(float(known.value[0]) - float(pack([found]) @ pack(ts)))
                size = float(np.max(np.abs(pack([found]) * pack(ts)), initial=0))
                if known.settled[0] and gap <= SAFETY * float(known.error[0]) + 1e-7 * size:
                    self.gradient = derivative
        except Exception:  # what cannot be traced is compared with second differences
            self.gradient = None

    def product(self, t: np.ndarray) -> Difference | None:
        """The second derivative times a vector, by differences of the gradient."""
        if self.gradient is None:
            return None
        return directional(self.gradient, unpack(t, self.flat.point), self.session.eps)[1]

    def form(self, t: np.ndarray) -> Difference:
        """The second derivative along a line, by differences of values."""
        line = Line(self.flat, self.flat.point, unpack(t, self.flat.point))

        def quotient(h: float) -> tuple[np.ndarray, np.ndarray]:
            plus, minus = line.at(h), line.at(-h)
            bend = change(plus, line.start) - change(line.start, minus)
            return bend / h**2, 4 * line.noise(plus, minus) / h**2

        return replace(searched(quotient, 4.0, line.unit, self.session.eps), natural=line.terms)

    def compare(self, matrix: Matrix) -> None:
        """Compare the matrix element by element, or in random directions."""
        if self.n > WHOLE:
            self.compare_directions(matrix)
            return
        found = matrix.dense()
        expected, errors = np.zeros(found.shape), np.zeros(found.shape)
        units = np.eye(self.n)
        if self.gradient is not None:
            for k, unit in enumerate(units):
                known = self.product(unit)
                assert known is not None
                expected[:, k], errors[:, k] = known.value, known.error
        else:
            single = [self.form(unit) for unit in units]
            for i in range(self.n):
                expected[i, i], errors[i, i] = single[i].value[0], single[i].error[0]
                for j in range(i):
                    plus, minus = self.form(units[i] + units[j]), self.form(units[i] - units[j])
                    value = (plus.value[0] - minus.value[0]) / 4
                    expected[i, j] = expected[j, i] = value
                    error = (plus.error[0] + minus.error[0]) / 4
                    errors[i, j] = errors[j, i] = error
        limits = self.session.tolerances.of(expected, 0.0, 0.0) + SAFETY * errors
        size = float(np.max(np.abs(expected), initial=0))
        if np.any(limits > 0.1 * size + 1e-300) and size:
            unknown = int(np.sum(limits > 0.1 * size))
            about = self.session.about(
                self.flat, ("rev",), "inconclusive: differences do not settle"
            )
            raise InconclusiveCheckError(
                Finding(
                    path="the Hessian",
                    index=None,
                    expected=size,
                    found=float(np.max(np.abs(found), initial=0)),
                    error_estimate=float(np.max(errors)),
                    tolerance=0.0,
                    spread=f"{unknown} of {limits.size} elements are unknown",
                    diagnosis="f is not smooth or too noisy for second derivatives; give gradient=",
                    **about,
                )
            )
        report_matrix(self.session, self.flat, "Hessian", expected, found, errors, limits, matrix)

    def compare_directions(self, matrix: Matrix) -> None:
        """Compare products with random vectors, or quadratic forms."""
        for _ in range(self.session.directions):
            t = pack(self.session.random_tangents(self.flat.point))
            found = matrix.times(t)
            known = self.product(t)
            name = "the product of the Hessian with a random vector"
            if known is None:
                known, found = self.form(t), np.array([t @ found])
                name = "the quadratic form of the Hessian"
            limit = self.session.tolerances.of(known.value, 0.0, 0.0) + SAFETY * known.error
            about = self.session.about(
                self.flat, ("rev",), "the Hessian differs from finite differences"
            )
            about |= {"source": "finite differences", "order": 2, "mode": ""}
            finding = worst_finding([name], [known.value], [found], [known.error], [limit], **about)
            if finding:
                raise GradientCheckError(finding)
        self.session.passed("the Hessian along random directions = finite differences")

    def check_symmetric(self, matrix: Matrix) -> None:
        """Raise unless <H s, t> = <H t, s>."""
        s, t = (pack(self.session.random(self.flat.point)) for _ in range(2))
        first, second = float(t @ matrix.times(s)), float(s @ matrix.times(t))
        terms = float(np.abs(t) @ np.abs(matrix.times(s)) + np.abs(s) @ np.abs(matrix.times(t)))
        allowed = self.session.tolerances.law_rtol * terms
        if abs(first - second) > allowed:
            about = self.session.about(self.flat, ("rev",), "the Hessian is not symmetric")
            about |= {"source": "<H s, t>", "order": 2, "mode": ""}
            raise GradientCheckError(
                Finding(
                    path="<H s, t> against <H t, s>",
                    index=None,
                    expected=first,
                    found=second,
                    error_estimate=0.0,
                    tolerance=allowed,
                    diagnosis="second derivatives commute: H[i, j] = H[j, i]",
                    **about,
                )
            )
        self.session.passed("the Hessian is symmetric")
