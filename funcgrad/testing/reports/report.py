"""The outcome of a check: the report of what passed, and the error that shows what did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .diagnosis import diagnose

DERIVATIVES = {"fwd": "jvp", "rev": "vjp", "lin": "linearized jvp"}


@dataclass(frozen=True)
class Finding:
    """One disagreement: the worst element of one comparison.

    ``path`` and ``index`` say which element; ``error_estimate`` is how wrong ``expected`` itself
    may be, and ``tolerance`` the difference that was allowed, that included. ``cause`` names the
    operation inside the function whose own derivative is wrong.
    """

    function: str
    check: str
    order: int
    mode: str
    path: str
    index: tuple[int, ...] | None
    expected: Any
    found: Any
    error_estimate: float
    tolerance: float
    source: str
    spread: str = ""
    diagnosis: str | None = None
    cause: str | None = None

    def __str__(self) -> str:
        place = self.path
        if self.index:
            place += f" at index {self.index}"
        if self.spread:
            place += f"; {self.spread}"
        lines = [f"{self.function}: {self.check}"]
        if self.order:
            mode = f", mode {self.mode}" if self.mode else ""
            lines.append(f"  order      {self.order}{mode}")
        lines.append(f"  where      {place}")
        lines.append(f"  expected   {shown(self.expected)}  ({self.source})")
        if self.error_estimate:
            lines.append(f"  error      {self.error_estimate:.3g}, estimated, of expected")
        lines.append(f"  found      {shown(self.found)}")
        if self.tolerance:
            lines.append(f"  tolerance  {self.tolerance:.3g}")
        if self.diagnosis:
            lines.append(f"  diagnosis  {self.diagnosis}")
        if self.cause:
            lines.append(f"  cause      {self.cause}")
        return "\n".join(lines)


def shown(x: object) -> str:
    """A number with as many digits as one compares, or text as it is."""
    return x if isinstance(x, str) else f"{x:.10g}"


class GradientCheckError(AssertionError):
    """A derivative is wrong, or a law of derivatives does not hold.

    ``finding`` holds what the message says, field by field.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class InconclusiveCheckError(GradientCheckError):
    """Finite differences did not settle, so that nothing can be said of a derivative.

    ``sides`` are the slopes from both sides, where there are some.
    """

    sides: tuple[float, float] = (np.nan, np.nan)


@dataclass
class Report:
    """The comparisons of a check.

    ``verdict`` is 'pass', 'fail' or 'inconclusive', and ``finding`` what was wrong or unknown.
    ``subgradients`` tells where derivatives at a kink were accepted because they lie between the
    one-sided ones, ``rounding`` where digits are lost, and ``left_out`` which laws could not be
    applied, with the reasons.

    >>> print(Report(["jvp = finite differences"], {"jit(f) = f": "needs values"}))
    1 checks passed
      left out: jit(f) = f: needs values
    """

    passed: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    subgradients: list[str] = field(default_factory=list)
    rounding: list[str] = field(default_factory=list)
    finding: Finding | None = None
    verdict: str = "pass"

    def __str__(self) -> str:
        lines = [f"{len(self.passed)} checks passed"]
        lines += [f"  subgradient: {text}" for text in self.subgradients]
        lines += [f"  rounding: {text}" for text in self.rounding]
        lines += [f"  left out: {law}: {reason}" for law, reason in self.left_out.items()]
        if self.finding is not None:
            lines += [self.verdict, str(self.finding)]
        return "\n".join(lines)


def overwritten(function: str, path: str, title: str, advice: str) -> Finding:
    """The finding where a function, or its rule, changes what it is given."""
    return Finding(
        function=function,
        check=title,
        order=0,
        mode="",
        path=path,
        index=None,
        expected="the value before",
        found="another value",
        error_estimate=0.0,
        tolerance=0.0,
        source="values must not change",
        diagnosis=f"f or its rule writes into what it is given; {advice}",
    )


def mode_text(chain: Sequence[str]) -> str:
    """A mixture of modes in words: ``'rev' of 'fwd' (vjp of the jvp)``."""
    if len(chain) == 1:
        return repr(chain[0])
    modes = " of ".join(repr(m) for m in reversed(chain))
    return f"{modes} ({' of the '.join(DERIVATIVES[m] for m in reversed(chain))})"


def worst_finding(
    paths: Sequence[str],
    expected: Sequence[np.ndarray],
    found: Sequence[np.ndarray],
    errors: Sequence[np.ndarray],
    allowed: Sequence[np.ndarray],
    **about: Any,
) -> Finding | None:
    """The element that exceeds its tolerance most, or None if all agree."""
    best: tuple[float, int] | None = None
    wrong: list[int] = []
    for k, (e, f, a) in enumerate(zip(expected, found, allowed, strict=True)):
        excess = excess_of(e, f, a)
        if excess.size and np.max(excess) > 1:
            wrong.append(k)
            if best is None or np.max(excess) > best[0]:
                best = (float(np.max(excess)), k)
    if best is None:
        return None
    k = best[1]
    texts = [(k, diagnose(expected[k], found[k], allowed[k]))]
    texts += [(i, diagnose(expected[i], found[i], allowed[i])) for i in wrong if i != k]
    diagnosis = next(
        (text if i == k else f"in {paths[i]}: {text}" for i, text in texts if text), None
    )
    e, f, a = expected[k], found[k], allowed[k]
    excess = excess_of(e, f, a)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))
    count = int(np.sum(excess > 1))
    spread = f"{count} of {excess.size} elements differ" if excess.size > 1 else ""
    if len(paths) > 1:
        spread += f"{', ' if spread else ''}{len(wrong)} of {len(paths)} leaves are wrong"
    return Finding(
        path=paths[k],
        index=index,
        expected=e[index],
        found=f[index],
        error_estimate=float(errors[k][index]),
        tolerance=float(a[index]),
        spread=spread,
        diagnosis=diagnosis,
        **about,
    )


def excess_of(expected: np.ndarray, found: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Differences in units of what is allowed; NaN agrees with NaN, infinity with itself."""
    with np.errstate(all="ignore"):
        gap = np.abs(found - expected)
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        excess = np.where(gap <= allowed, 0.5, gap / np.maximum(allowed, 1e-300))
    excess = np.where(np.isnan(excess), np.inf, excess)
    return np.where(same, 0.0, excess)
