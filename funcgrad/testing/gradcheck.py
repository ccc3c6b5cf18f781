"""gradcheck: derivatives checked at points that hypothesis draws and shrinks."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .checks import loaded_systems
from .claims import Claim
from .conclusions import verdict_of
from .extras import extras
from .profiles import profile_of
from .reports.definitions import definition
from .reports.literals import Literals, importable_name
from .reports.records import Record, note
from .reports.report import GradientCheckError, InconclusiveCheckError

MANY = 9
"""It is an error if more than this many points are rejected for each one accepted."""

SMALLEST = "the smallest point found, as a program:\n\n"
"""The words before the program in messages."""


@dataclass(frozen=True)
class PointsReport:
    """The outcome of a check at drawn points: their number, and what was left out.

    ``passed`` points passed all checks, at ``inconclusive`` ones finite differences did not
    settle, and ``rejected`` ones are outside the function's domain.
    """

    function: str
    passed: int
    inconclusive: int
    rejected: int
    order: int
    modes: tuple[str, ...]
    seed: int
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """The number of points that were checked, conclusively or not."""
        return self.passed + self.inconclusive

    def __str__(self) -> str:
        counts = [f"{self.passed} points passed"]
        counts += [f"{self.inconclusive} inconclusive"] if self.inconclusive else []
        counts += [f"{self.rejected} outside the domain"] if self.rejected else []
        what = f"order {self.order}, modes {', '.join(self.modes)}, seed {self.seed}"
        lines = [f"{self.function}: {', '.join(counts)} ({what})"]
        lines += [f"  left out: {law}: {reason}" for law, reason in self.left_out.items()]
        return "\n".join(lines)


@user_facing
def gradcheck(
    f: Callable[..., Any],
    *strategies: PyTree,
    order: int = 2,
    modes: str | Sequence[str] = ("fwd", "rev"),
    domain: PyTree = "real",
    max_examples: int | None = None,
    seed: int = 0,
    profile: str | None = None,
    sizes: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    directions: int = 3,
    tangents: Any = None,
    nondet_tol: float = 0.0,
    **named_strategies: PyTree,
) -> PointsReport:
    """Check the derivatives of a function, as ``check_grads`` does, at many drawn points.

    Points where f raises ValueError, ArithmeticError or LinAlgError, or where its value is not
    finite, are outside its domain and are drawn anew. Where a check fails, the point is shrunk to
    the smallest arrays and simplest numbers that still fail.

    Args:
        f: the function, or a ``Claim``: of that the claimed derivatives are checked, to order 1.
            Functions of PyTorch, JAX and autograd become claims by themselves; their second
            derivatives are checked where the system has them.
        strategies: what its arguments are drawn from: pytrees of hypothesis strategies, of what
            ``strategies.spec`` returns, of names of domains ("positive") and of dimensions
            ("batch 3"), in which other leaves are constants. Without any, ``from_signature``
            reads the annotations.
        order: derivatives up to this order are checked.
        modes: 'fwd' (jvp), 'rev' (vjp), 'lin' (linearize), or several of them.
        domain: the domain of arguments that have none of their own: an object, a name, or a pair
            (low, high).
        max_examples: how many points; by default as many as the profile says.
        seed: of the points, and of the directions at each.
        profile: 'quick' (5 points), 'ci' (20) or 'thorough' (200); None for the active one.
        sizes: sizes of named dimensions, or strategies for them; by default 1 to 4 at most points,
            up to 17 at some, and up to 130 for one dimension of few. At last each dimension once is
            4001 long, where f takes that in milliseconds, for mistakes in narrow ranges of numbers.
        seconds: after that processor time longer dimensions, other dtypes and, in the thorough
            profile, third derivatives are left out; None for the time of the profile.
        directions: number of random directions at each point.
        tangents: as in ``check_grads``, for arguments that have to lie on a set.
        nondet_tol: by how much two calls with the same arguments may differ, absolutely.
        named_strategies: the same as strategies for arguments given by name.

    Returns:
        A PointsReport; print it to see what was checked and what was left out.

    Raises:
        GradientCheckError: the derivatives are wrong. The message ends with the smallest point
            found, as a program that repeats the check there.
        InconclusiveCheckError: finite differences settled at none of the points.
        ValueError: nearly all points are outside the domain of f.
        ModuleNotFoundError: hypothesis is not installed.

    >>> import numpy as np
    >>> print(gradcheck(lambda x, y: x * np.log(y), "3", "3", domain="positive"))
    <lambda> (...): 20 points passed (order 2, modes fwd, rev, seed 0)
    """
    options.function(f, "f", "gradcheck")
    order = options.count(order, "order", "gradcheck")
    chosen = options.modes_option(modes, "gradcheck")
    effort = profile_of(profile)
    if max_examples is None:
        max_examples = effort.max_examples
    if seconds is None:
        seconds = effort.seconds
    seconds = options.non_negative(seconds, "seconds", "gradcheck")
    max_examples = options.count(max_examples, "max_examples", "gradcheck")
    signatures = importlib.import_module(".strategies.signatures", __package__)
    engine = importlib.import_module(".points", __package__)

    if loaded_systems():
        f = importlib.import_module(".adapters", __package__).adapted(f) or f
    parameters = signatures.parameters_of(f, strategies, named_strategies, domain)
    if isinstance(f, Claim):
        order, chosen = min(order, 2) if f.at else 1, claimed_modes(f)
    settings: dict[str, Any] = {"directions": options.count(directions, "directions", "gradcheck")}
    settings |= {} if tangents is None else {"tangents": tangents}
    nondet_tol = options.nondet_option(nondet_tol, "gradcheck")
    settings |= {"nondet_tol": nondet_tol} if nondet_tol else {}
    more = extras(f, third_order=effort.third_order and order == 2)
    checked = by_position(f, parameters)
    points = engine.Points(checked, order, chosen, seed, settings=settings, more=more)
    points.search(parameters, sizes, max_examples, seconds)
    points.explain()
    program = ""
    if points.failure is None:
        error = error_of_counts(where_defined(f), points)
        fits = not isinstance(error, ValueError)
    else:
        args, error = points.failure
        failed = points.failed_order or order
        given = seed, nondet_tol, tangents
        program = Repetition(f, parameters, args, failed, chosen, *given).text()
        fits = engine.accepts(points.f, args)
        error = explained(error, program)
    report = PointsReport(
        function=where_defined(f),
        passed=points.passed,
        inconclusive=len(points.inconclusive),
        rejected=points.rejected,
        order=order,
        modes=chosen,
        seed=seed,
        left_out=points.left_out,
    )
    note(record_of(report, error, program, fits))
    if error is not None:
        raise error from None
    return report


def claimed_modes(claim: Claim) -> tuple[str, ...]:
    """The modes in which derivatives are claimed."""
    claimed = {"fwd": claim.jvp, "rev": claim.vjp}
    return tuple(mode for mode, derivative in claimed.items() if derivative is not None)


def record_of(report: PointsReport, error: Exception | None, program: str, fits: bool) -> Record:
    """The record of a check for the summaries of pytest and of the command line."""
    verdict = "pass" if error is None else "error"
    if isinstance(error, GradientCheckError):
        verdict = verdict_of(error)
    return Record(
        report.function,
        report.order,
        report.modes,
        verdict,
        report.passed,
        report.inconclusive,
        report.rejected,
        report.left_out,
        program,
        fits,
    )


def error_of_counts(name: str, points: Any) -> Exception | None:
    """An error if nearly all points were rejected, or none was conclusive."""
    accepted = points.passed + len(points.inconclusive)
    if points.rejected > MANY * accepted:
        return ValueError(
            f"gradcheck: {points.rejected} of {points.rejected + accepted} points are outside "
            f"the domain of {name} (the last: {points.reason}). Say what its arguments are: "
            "gradcheck(f, '3 4', domain='positive')"
        )
    return None if points.passed else all_inconclusive(name, points.inconclusive)


def by_position(f: Callable[..., Any], parameters: Sequence[Any]) -> Callable[..., Any]:
    """A function that takes by position what f takes by keyword."""
    names = [p.name for p in parameters if p.keyword]
    if not names:
        return f
    if isinstance(f, Claim):
        raise TypeError(
            f"gradcheck: {names[0]} of {where_defined(f)} is passed by keyword, and the "
            "derivatives of a Claim take arguments by position"
        )
    first = len(parameters) - len(names)

    @functools.wraps(f)
    def positional(*args: PyTree) -> Any:
        return f(*args[:first], **dict(zip(names, args[first:], strict=True)))

    return positional


@dataclass(frozen=True)
class Repetition:
    """A check that failed, to be repeated."""

    f: Callable[..., Any]
    parameters: Sequence[Any]
    args: tuple[Any, ...]
    order: int
    modes: tuple[str, ...]
    seed: int
    nondet_tol: float = 0.0
    tangents: Any = None

    def text(self) -> str:
        """A program that repeats the check."""
        literals = Literals()
        args = literals.text(self.args)
        function, about = self.function(literals)
        check, options = "check_grads", f"order={self.order}, modes={self.modes!r}, "
        if isinstance(self.f, Claim):
            check, options = "check_claim", f"order={self.order}, " if self.order > 1 else ""
        if self.nondet_tol:
            options += f"nondet_tol={self.nondet_tol!r}, "
        if self.tangents is not None and can_be_written(self.tangents):
            options += f"tangents={self.tangents!r}, "
        call = f"{check}({function}, args, {options}seed={self.seed})"
        imports = f"{literals.imports()}\nfrom funcgrad.testing import {check}"
        return f"{imports}\n\n{about}args = {args}\n{call}"

    def function(self, literals: Literals) -> tuple[str, str]:
        """The text that stands for f, and lines to go before it."""
        about = ""
        name = imported_name(self.f)
        if name:
            literals.modules.add(self.f.__module__)
        elif hasattr(self.f, "source"):
            name, about = "program", self.f.source() + "\n\n"
        else:
            name = getattr(self.f, "__name__", "f")
            name = name if name.isidentifier() else "f"
            about = f"# {name}: {where_defined(self.f)}\n"
            about += definition(self.f, name, literals) or ""
        if not any(p.keyword for p in self.parameters):
            return name, about
        ps = self.parameters
        names = [p.name.strip("]").replace("[", "_") for p in ps]
        passed = [f"{n}={n}" if p.keyword else n for n, p in zip(names, ps, strict=True)]
        return f"lambda {', '.join(names)}: {name}({', '.join(passed)})", about


def can_be_written(tangents: Any) -> bool:
    """True if an option is made of names, not of functions."""
    parts = tangents if isinstance(tangents, tuple) else (tangents,)
    return all(isinstance(part, str | None) for part in parts)


def imported_name(f: Callable[..., Any]) -> str:
    """The name under which a function can be imported; empty if there is none.

    What has the name of a function may be something else, such as the test that was made of it.
    """
    name = importable_name(f)
    if name is None:
        return ""
    found = sys.modules.get(f.__module__)
    for part in f.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is f:
        return name
    return f"{name}.checked" if getattr(found, "checked", None) is f else ""


def explained(error: Exception, program: str) -> Exception:
    """An error with the program that repeats it: in its message if it is ours, else as a note."""
    text = SMALLEST + program
    error = error.with_traceback(None)
    if isinstance(error, GradientCheckError):
        error.args = (f"{error}\n\n{text}",)
    else:
        error.add_note(text)
    return error


def all_inconclusive(name: str, errors: Sequence[InconclusiveCheckError]) -> InconclusiveCheckError:
    """The error for a function that could be checked at no point."""
    error = InconclusiveCheckError(errors[-1].finding)
    error.args = (
        f"{name}: finite differences settled at none of the {len(errors)} points drawn; "
        f"the last:\n{errors[-1]}",
    )
    return error
