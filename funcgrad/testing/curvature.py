"""The second derivatives of a function, and the comparison of matrices with differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.source import where_defined
from ..typing import PyTree
from . import options
from .checks import check_vjp, new_session
from .derivatives.differences import SAFETY, Difference, directional, searched
from .derivatives.functions import Flat
from .derivatives.leaves import finite_max, has_tangent
from .derivatives.lines import Line, change, pack, unpack
from .derivatives.session import Session
from .held import holding, rule_holding
from .matrices import Matrix
from .reports.report import (
    Finding,
    GradientCheckError,
    InconclusiveCheckError,
    worst_finding,
)

WHOLE = 60
"""Matrices of up to this many columns are compared element by element."""

CURVATURE = 1e-5
"""The relative tolerance of second derivatives that only values of f are there for."""


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
    if name == "Hessian" and np.any(wrong & ~wrong.T):
        text = "found is not symmetric: what differs is right on the other side of the diagonal"
        if not np.any(wrong & wrong.T):
            finding = replace(finding, diagnosis=text)
    more = matrix.in_pattern(wrong)
    if more:
        both = f"{finding.diagnosis}; {more}" if finding.diagnosis else more
        finding = replace(finding, diagnosis=both)
    raise GradientCheckError(finding)


def varied(x: PyTree, name: str, caller: str) -> None:
    """Raise unless an argument is one real array or number."""
    if not has_tangent(x) or np.asarray(x).dtype.kind == "c":
        raise TypeError(
            f"{caller}: {name} must be a real array, got {type(x).__name__}; give the columns of "
            "the matrix as one vector"
        )


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
