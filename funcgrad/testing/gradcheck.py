"""gradcheck: derivatives checked at points that hypothesis draws and shrinks."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.boundary import user_facing
from ..core.source import where_defined
from . import options
from .literals import Literals, importable_name
from .profiles import profile_of
from .report import GradientCheckError, InconclusiveCheckError

MANY = 9
"""It is an error if more than this many points are rejected for each one accepted."""


@dataclass(frozen=True)
class PointsReport:
    """What a check at drawn points found: how many points, and what was left out.

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
        """How many points were checked, conclusively or not."""
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
    *strategies: Any,
    order: int = 2,
    modes: str | Sequence[str] = ("fwd", "rev"),
    domain: Any = "real",
    max_examples: int | None = None,
    seed: int = 0,
    profile: str | None = None,
    sizes: Mapping[str, Any] | None = None,
    **named_strategies: Any,
) -> PointsReport:
    """Check the derivatives of a function, as ``check_grads`` does, at many drawn points.

    Points where f raises ValueError, ArithmeticError or LinAlgError, or where its value is not
    finite, are outside its domain and are drawn anew. Where a check fails, the point is shrunk to
    the smallest arrays and simplest numbers that still fail.

    Args:
        f: the function.
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
        sizes: sizes of named dimensions, or strategies for them; by default 1 to 4.
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
    if max_examples is None:
        max_examples = profile_of(profile).max_examples
    max_examples = options.count(max_examples, "max_examples", "gradcheck")
    signatures = importlib.import_module(".strategies.signatures", __package__)
    engine = importlib.import_module(".points", __package__)

    parameters = signatures.parameters_of(f, strategies, named_strategies, domain)
    points = engine.Points(by_position(f, parameters), order, chosen, seed)
    points.search(parameters, sizes, max_examples)
    points.explain()
    if points.failure is not None:
        args, error = points.failure
        again = Repetition(f, parameters, args, order, chosen, seed)
        raise explained(error, again.text()) from None
    check_counts(where_defined(f), points)
    return PointsReport(
        function=where_defined(f),
        passed=points.passed,
        inconclusive=len(points.inconclusive),
        rejected=points.rejected,
        order=order,
        modes=chosen,
        seed=seed,
        left_out=points.left_out,
    )


def check_counts(name: str, points: Any) -> None:
    """Raise if nearly all points were rejected, or none was conclusive."""
    accepted = points.passed + len(points.inconclusive)
    if points.rejected > MANY * accepted:
        raise ValueError(
            f"gradcheck: {points.rejected} of {points.rejected + accepted} points are outside "
            f"the domain of {name} (the last: {points.reason}). Say what its arguments are: "
            "gradcheck(f, '3 4', domain='positive')"
        )
    if not points.passed:
        raise all_inconclusive(name, points.inconclusive)


def by_position(f: Callable[..., Any], parameters: Sequence[Any]) -> Callable[..., Any]:
    """A function that takes by position what f takes by keyword."""
    names = [p.name for p in parameters if p.keyword]
    if not names:
        return f
    first = len(parameters) - len(names)

    @functools.wraps(f)
    def positional(*args: Any) -> Any:
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

    def text(self) -> str:
        """A program that repeats the check."""
        literals = Literals()
        args = literals.text(self.args)
        function, about = self.function(literals)
        call = f"check_grads({function}, args, order={self.order}, modes={self.modes!r}"
        call += f", seed={self.seed})"
        imports = f"{literals.imports()}\nfrom funcgrad.testing import check_grads"
        return f"{imports}\n\n{about}args = {args}\n{call}"

    def function(self, literals: Literals) -> tuple[str, str]:
        """The text that stands for f, and lines to go before it."""
        about = ""
        if importable_name(self.f) is not None:
            name = literals.name(self.f)
        elif hasattr(self.f, "source"):
            name, about = "program", self.f.source() + "\n\n"
        else:
            name = getattr(self.f, "__name__", "f")
            name = name if name.isidentifier() else "f"
            about = f"# {name}: {where_defined(self.f)}\n"
        if not any(p.keyword for p in self.parameters):
            return name, about
        ps = self.parameters
        names = [p.name.strip("]").replace("[", "_") for p in ps]
        passed = [f"{n}={n}" if p.keyword else n for n, p in zip(names, ps, strict=True)]
        return f"lambda {', '.join(names)}: {name}({', '.join(passed)})", about


def explained(error: Exception, program: str) -> Exception:
    """An error with the program that repeats it: in its message if it is ours, else as a note."""
    text = f"the smallest point found, as a program:\n\n{program}"
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
