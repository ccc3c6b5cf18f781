"""Checks of derivatives at points that hypothesis draws, and shrinks where one fails."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.strategies import SearchStrategy

from .. import tree
from ..core.tracing import aval_of
from ..typing import PyTree
from .at_many_points import scan_numbers
from .checks import check_grads
from .claim_checks import check_claim
from .claims import Claim
from .derivatives.layouts import copied
from .derivatives.leaves import has_tangent, host
from .derivatives.session import in_brief
from .derivatives.verdicts import SOURCE
from .extras import Extra, has_rules
from .reports.literals import Literals
from .reports.report import Finding, GradientCheckError, InconclusiveCheckError, Report
from .scanning import Suspicion, draw_each, scan, suspicion
from .strategies.sides import Reach, Reaching, reaching
from .strategies.signatures import Parameter
from .strategies.trees import cooked

OUTSIDE = (ValueError, ArithmeticError, np.linalg.LinAlgError)
"""The errors of a function at points outside its domain."""


MOST_PLACES = 3
"""Of so many dimensions each is the long one at some points."""

DRAWN, RICH = 30, 3
"""So many points are drawn to explain a failure, and so many of them are looked at."""

LOOKING = 2.0
"""The seconds for drawing them."""

LARGE = 60
"""Points of more numbers are not explained so well."""

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
    points: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    passed: int = 0
    rejected: int = 0
    inconclusive: list[InconclusiveCheckError] = field(default_factory=list)
    reason: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    failure: tuple[Any, Exception] | None = None
    deadline: float = math.inf
    more: Sequence[Extra] = ()
    end: float = math.inf
    failed_order: int | None = None
    simplest: tuple[Any, ...] = ()
    larger: list[tuple[Any, ...]] = field(default_factory=list)
    has_rules: bool | None = None
    here: Reaching = field(default_factory=Reaching)

    def search(
        self,
        parameters: Sequence[Parameter],
        sizes: Mapping[str, Any] | None,
        max_examples: int,
        seconds: float = math.inf,
    ) -> None:
        """Check the derivatives at drawn points; ``failure`` is the simplest one that fails.

        Short arrays come first. Those with longer dimensions are left out after some seconds.
        """
        recipes = [p.recipe for p in parameters]
        drawn = cooked(lambda draw, shared: tuple(make(draw, shared) for make in recipes), sizes)
        self.search_shares(drawn, max_examples, seconds)
        if self.failure is None:
            return
        self.larger = self.rich_points(drawn)
        if self.first_order_is_wrong():
            smallest, self.failure, self.order = self.failure, None, 1
            with reaching("short", 0, 0) as self.here:
                self.search_within(drawn, 4 * max_examples)
            self.failure = self.failure or smallest

    def search_shares(self, drawn: SearchStrategy[Any], max_examples: int, seconds: float) -> None:
        """The same with short, longer and long dimensions."""
        self.end = time.process_time() + seconds
        asked = 1
        for reach, share in shares(max_examples):
            places = min(asked, share, MOST_PLACES) if reach == "long" else 1
            for place in range(places):
                late = time.process_time() > self.end
                if self.failure is not None or (late and reach != "short"):
                    return
                with reaching(reach, place, place) as self.here:
                    self.search_within(drawn, share // places + (place < share % places))
                asked = max(asked, self.here.asked)
        if self.failure is None and time.process_time() <= self.end:
            self.scan(drawn, asked)

    def scan(self, drawn: SearchStrategy[Any], asked: int) -> None:
        """Check first derivatives at points with a very long dimension, one for each dimension."""
        order, self.order = self.order, 1
        check = suspicion(lambda args: self.report(args, locate=False))
        for place in range(min(asked, MOST_PLACES)):
            accepted = partial(accepts, self.f)
            self.failure = scan(self.f, drawn, place, self.seed, accepted, check)
            if self.failure is not None:
                return
        self.scan_numbers(drawn)
        if self.failure is None:
            self.order = order

    def scan_numbers(self, drawn: SearchStrategy[Any]) -> None:
        """Check first derivatives at many points at once, for arguments without dimensions."""
        if isinstance(self.f, Claim) or "tangents" in self.settings:
            return
        options: dict[str, Any] = {"seed": self.seed, "laws": False, "locate": False}
        options |= self.settings

        def check(f: Callable[..., Any], args: tuple[Any, ...]) -> Suspicion:
            try:
                return bool(check_grads(f, args, 1, self.modes, **options).rounding)
            except InconclusiveCheckError:
                return False
            except GradientCheckError as error:
                return error

        check_one = suspicion(lambda args: self.report(args, locate=False))
        with suppress(hypothesis.errors.HypothesisException):
            self.failure = scan_numbers(self.f, drawn, self.seed, check, check_one)

    def search_within(self, drawn: SearchStrategy[Any], max_examples: int) -> None:
        """Check the derivatives at a number of points."""

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
        @hypothesis.given(drawn)
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

    def rich_points(self, drawn: SearchStrategy[Any]) -> list[tuple[Any, ...]]:
        """Points that tell more of a mistake than the simplest one: several different numbers."""
        found: list[tuple[float, tuple[Any, ...]]] = []
        end = time.monotonic() + LOOKING

        def look(args: tuple[Any, ...]) -> None:
            if time.monotonic() < end and accepts(self.f, args):
                found.append((richness(args), args))

        for reach in ("short", "longer"):
            with suppress(hypothesis.errors.Unsatisfiable), reaching(reach, 0, 0):
                draw_each(drawn, self.seed + 1, DRAWN, look)
        found.sort(key=lambda pair: -pair[0])
        return [args for _, args in found[:RICH]]

    def first_order_is_wrong(self) -> bool:
        """True if a failure of a higher order is one of the first order at a larger point.

        At zeros and ones a wrong first derivative may be right, and its own derivative wrong.
        """
        if self.failure is None or self.failed_order:
            return False
        error = self.failure[1]
        if not isinstance(error, GradientCheckError) or error.finding.order < 2:
            return False
        for args in self.larger:
            with in_brief():
                try:
                    check: Any = check_claim if isinstance(self.f, Claim) else check_grads
                    check(self.f, args, 1, self.modes, seed=self.seed, **self.settings)
                except InconclusiveCheckError:
                    continue
                except GradientCheckError:
                    return True
        return False

    def explain(self) -> None:
        """Look for the cause of the failure at the simplest point, and at a larger one."""
        if not self.failure or not isinstance(self.failure[1], GradientCheckError):
            return
        args, error = self.failure
        finding = self.finding_at(args)
        if finding is None:
            return
        best: tuple[Finding, tuple[Any, ...]] | None = None
        for more in () if self.failed_order else self.larger:
            found = self.finding_at(more)
            if found is None or found.order != finding.order:
                continue
            if best is None or not telling(best[0]):
                best = found, more
            if telling(found):
                break
        if best is not None:
            finding = with_words_of(finding, *best)
        self.failure = args, type(error)(finding)

    def finding_at(self, args: tuple[Any, ...]) -> Finding | None:
        """What is wrong at a point, with its cause; None if nothing is."""
        try:
            self.report(args, locate=True)
        except InconclusiveCheckError:
            return None
        except GradientCheckError as explained:
            return explained.finding
        except Exception:  # a rule may raise at other points
            return None
        return None

    def report(self, args: tuple[Any, ...], *, locate: bool) -> Report:
        """Check the derivatives, or what is claimed of them, at one point."""
        order = self.failed_order or self.order
        modes, laws = self.modes, True
        if self.failure is not None:
            order, modes, laws = self.narrowed(self.failure[1], order)
        options: dict[str, Any] = {"seed": self.seed, "laws": laws, **self.settings}
        with nullcontext() if locate else in_brief():
            if isinstance(self.f, Claim):
                return check_claim(self.f, args, order, modes, **options)
            return check_grads(self.f, args, order, modes, locate=locate, **options)

    def narrowed(self, error: Exception, order: int) -> tuple[int, tuple[str, ...], bool]:
        """The order, the modes and whether laws are needed for a failure to be seen again.

        So it is made simpler, and no other one is found instead, in less time.
        """
        if not isinstance(error, GradientCheckError) or not error.finding.order:
            return order, self.modes, True
        finding = error.finding
        order = max(1, min(order, finding.order))
        if SOURCE not in finding.source and "from one side" not in finding.source:
            return order, self.modes, True
        modes = tuple(m for m in self.modes if repr(m) in finding.mode)
        return order, modes or self.modes, False

    def check_more(self, args: tuple[Any, ...]) -> None:
        """Check a point once more: in other dtypes, or to a higher order.

        Not all points, but whatever is tried while a failure is made simpler.
        """
        number = self.points - 1
        options: dict[str, Any] = {"seed": self.seed, "laws": False, "locate": False}
        options |= self.settings
        for extra in self.more:
            if self.failure is None:
                if number % extra.every or time.process_time() > self.end:
                    continue
            elif self.failed_order != extra.order:
                continue
            if extra.of_rules and not self.ruled(args):
                continue
            other = extra.point(self.f, args)
            if other is None:
                continue
            try:
                with in_brief():
                    check_grads(self.f, other, extra.order, self.modes, **options)
            except InconclusiveCheckError:
                continue
            except GradientCheckError as error:
                if not finite(error):
                    continue
                raise ElsewhereError(other, extra.order, error) from None
            except Exception:  # a rule may refuse what the function takes
                continue

    def ruled(self, args: tuple[Any, ...]) -> bool:
        """True if the function has derivative rules of its own inside, seen at the first point."""
        if self.has_rules is None:
            self.has_rules = has_rules(self.f, args)
        return self.has_rules

    def check(self, args: tuple[Any, ...]) -> None:
        """Check one point, or reject it."""
        if self.failure and time.monotonic() > self.deadline:
            self.replay(args)
        try:
            self.reject_outside(args)
            self.reject_short()
            self.points += 1
            report = self.check_one(args)
            self.check_more(args)
        except hypothesis.errors.UnsatisfiedAssumption:
            raise
        except InconclusiveCheckError as error:
            self.inconclusive.append(error)
        except Exception as error:
            if self.failure is None:
                self.deadline = time.monotonic() + SHRINKING
            self.simplest = args
            if isinstance(error, ElsewhereError):
                self.failed_order, args, error = error.order, error.point, error.error
            self.failure = args, error
            raise error
        else:
            self.passed += 1
            self.left_out.update(report.left_out)

    def check_one(self, args: tuple[Any, ...]) -> Report:
        """Check one point to the order asked for.

        While a failure of a further check is made simpler, this one is not repeated.
        """
        return Report() if self.failed_order else self.report(args, locate=False)

    def reject_short(self) -> None:
        """Have another point drawn where longer dimensions are looked for and none was drawn."""
        if self.failure is None and self.here.too_short():
            hypothesis.reject()
        self.here.taken()

    def replay(self, args: tuple[Any, ...]) -> None:
        """End the search: fail at the simplest point found, and have no others checked."""
        error = self.failure[1] if self.failure else None
        if error and Literals().text(args) == Literals().text(self.simplest):
            raise error
        hypothesis.reject()

    def reject_outside(self, args: tuple[Any, ...]) -> None:
        """Have another point drawn if this one is not in the domain of the function."""
        reason = outside(self.f, args)
        if reason:
            self.rejected += 1
            self.reason = reason
            hypothesis.reject()


def richness(args: tuple[Any, ...]) -> float:
    """How much a point tells: by its different numbers, and by axes of different lengths."""
    leaves = [host(x) for x in tree.leaves(args) if has_tangent(x)]
    numbers = np.concatenate([np.zeros(0), *(np.abs(np.ravel(x)) for x in leaves)])
    numbers = numbers[(numbers > 1e-2) & (numbers < 1e2) & (numbers != np.rint(numbers))]
    lengths = [n for x in leaves for n in x.shape]
    total = sum(x.size for x in leaves)
    many = np.unique(numbers).size / max(1, total)
    size = min(min((x.size for x in leaves if x.ndim), default=1), 12)
    return 10 * many + size + 2 * len({n for n in lengths if n > 1}) - (20 if total > LARGE else 0)


def telling(finding: Finding) -> bool:
    """True if a diagnosis says more than how many elements are wrong."""
    return bool(finding.diagnosis) and not str(finding.diagnosis).endswith("others agree")


def with_words_of(finding: Finding, found: Finding, args: tuple[Any, ...]) -> Finding:
    """A finding at the simplest point, with what is said of the same mistake at a larger one."""
    shapes = ", ".join(str(aval_of(x)) for x in tree.leaves(args) if has_tangent(x))
    words, said = finding.diagnosis or "", found.diagnosis or ""
    if not said and "order" not in words and finding.check == found.check:
        return replace(finding, diagnosis=None)  # what does not hold there is chance
    if not said or said == words:
        return finding
    return replace(finding, diagnosis=f"{said} (at a larger point, {shapes})", cause=found.cause)


class ElsewhereError(Exception):
    """A failure at another point than the one drawn, and to another order."""

    def __init__(self, point: tuple[Any, ...], order: int, error: Exception) -> None:
        super().__init__(str(error))
        self.point, self.order, self.error = point, order, error


def finite(error: GradientCheckError) -> bool:
    """True unless a derivative is infinite or none: other dtypes overflow sooner."""
    found = error.finding.found
    return isinstance(found, str) or bool(np.isfinite(found))


def shares(max_examples: int) -> list[tuple[Reach, int]]:
    """How many points have short dimensions, longer ones, and a long one."""
    longer, long = (max_examples * 3 + 5) // 10, (max_examples + 3) // 5
    counts: dict[Reach, int] = {
        "short": max_examples - longer - long, "longer": longer, "long": long
    }  # fmt: skip
    return [(reach, count) for reach, count in counts.items() if count]


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
