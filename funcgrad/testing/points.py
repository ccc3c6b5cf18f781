"""Checks of derivatives at points that hypothesis draws, and shrinks where one fails."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity

from .. import tree
from ..typing import PyTree
from .checks import check_grads
from .claims import Claim, check_claim
from .derivatives.functions import copied, has_tangent, host
from .reports.literals import Literals
from .reports.report import GradientCheckError, InconclusiveCheckError, Report
from .strategies.signatures import Parameter
from .strategies.trees import cooked

OUTSIDE = (ValueError, ArithmeticError, np.linalg.LinAlgError)
"""The errors of a function at points outside its domain."""


SHRINKING = 10.0
"""Seconds after which a point that fails is simple enough."""


@dataclass
class Points:
    """One search for a point where the derivatives of a function are wrong.

    ``failure`` is the last point that failed with its error: hypothesis tries only points that
    are simpler than the last one.
    """

    f: Callable[..., Any]
    order: int
    modes: tuple[str, ...]
    seed: int
    nondet_tol: float = 0.0
    passed: int = 0
    rejected: int = 0
    inconclusive: list[InconclusiveCheckError] = field(default_factory=list)
    reason: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    failure: tuple[Any, Exception] | None = None
    deadline: float = math.inf

    def search(
        self, parameters: Sequence[Parameter], sizes: Mapping[str, Any] | None, max_examples: int
    ) -> None:
        """Check the derivatives at drawn points; ``failure`` is the simplest one that fails."""
        recipes = [p.recipe for p in parameters]
        points = cooked(lambda draw, shared: tuple(make(draw, shared) for make in recipes), sizes)

        @hypothesis.seed(self.seed)
        @hypothesis.settings(
            max_examples=max_examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
        )
        @hypothesis.given(points)
        def check_point(args: PyTree) -> None:
            self.check(args)

        try:
            check_point()
        except hypothesis.errors.Unsatisfiable:
            if not self.rejected:
                raise
        except Exception:
            if self.failure is None:
                raise

    def explain(self) -> None:
        """Look for the cause of the failure at the simplest point."""
        if self.failure and isinstance(self.failure[1], GradientCheckError):
            args, error = self.failure
            try:
                self.report(args, locate=True)
            except GradientCheckError as explained:
                self.failure = args, type(error)(explained.finding)

    def report(self, args: tuple[Any, ...], *, locate: bool) -> Report:
        """Check the derivatives, or what is claimed of them, at one point."""
        if isinstance(self.f, Claim):
            return check_claim(self.f, args, seed=self.seed, nondet_tol=self.nondet_tol)
        return check_grads(
            self.f,
            args,
            self.order,
            self.modes,
            seed=self.seed,
            locate=locate,
            nondet_tol=self.nondet_tol,
        )

    def check(self, args: tuple[Any, ...]) -> None:
        """Check one point, or reject it."""
        if self.failure and time.monotonic() > self.deadline:
            self.replay(args)
        try:
            self.reject_outside(args)
            report = self.report(args, locate=False)
        except hypothesis.errors.UnsatisfiedAssumption:
            raise
        except InconclusiveCheckError as error:
            self.inconclusive.append(error)
        except Exception as error:
            if self.failure is None:
                self.deadline = time.monotonic() + SHRINKING
            self.failure = args, error
            raise
        else:
            self.passed += 1
            self.left_out.update(report.left_out)

    def replay(self, args: tuple[Any, ...]) -> None:
        """End the search: fail at the simplest point found, and have no others checked."""
        simplest, error = self.failure or (None, None)
        if error and Literals().text(args) == Literals().text(simplest):
            raise error
        hypothesis.reject()

    def reject_outside(self, args: tuple[Any, ...]) -> None:
        """Have another point drawn if this one is not in the domain of the function."""
        reason = outside(self.f, args)
        if reason:
            self.rejected += 1
            self.reason = reason
            hypothesis.reject()


def accepts(f: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """True if a function can be called with these arguments."""
    try:
        return not outside(f, args)
    except Exception:
        return False


def outside(f: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """The reason why a point is outside of the domain of a function; empty if it is inside."""
    leaves, structure = tree.flatten(args)
    try:
        with np.errstate(all="ignore"):
            out = f(*tree.unflatten(structure, [copied(x) for x in leaves]))
    except OUTSIDE as error:
        return f"{type(error).__name__}: {error}"
    values = [host(x) for x in tree.leaves(out) if has_tangent(x)]
    return "" if all(np.all(np.isfinite(x)) for x in values) else "its value is not finite"
