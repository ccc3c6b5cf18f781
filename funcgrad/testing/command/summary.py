"""Everything that a command found, as the reports show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .lock import Comparison
from .running import VERDICTS, Result

PASSED, FAILED, UNUSABLE, LOCK_DIFFERS, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""

WORDS = {"pass": "passed", "fail": "failed", "error": "with errors", "inconclusive": "inconclusive"}


@dataclass
class Summary:
    """The results of a command.

    ``unchecked`` are functions and modules that were found and not checked, with the reasons.
    """

    targets: Sequence[str]
    profile: str
    seed: int
    results: list[Result] = field(default_factory=list)
    unchecked: list[tuple[str, str]] = field(default_factory=list)
    deselected: int = 0
    interrupted: bool = False
    seconds: float = 0.0
    comparison: Comparison | None = None

    def add(self, result: Result) -> None:
        """Sort in the result of one function."""
        if result.verdict == "unchecked":
            self.unchecked.append((result.name, result.message))
        else:
            self.results.append(result)

    @property
    def counts(self) -> dict[str, int]:
        """The number of functions with each verdict."""
        found = [result.verdict for result in self.results]
        return {verdict: found.count(verdict) for verdict in VERDICTS}

    @property
    def status(self) -> int:
        """The exit status."""
        if self.interrupted:
            return INTERRUPTED
        if any(result.verdict != "pass" for result in self.results):
            return FAILED
        if self.comparison is not None and self.comparison.differences:
            return LOCK_DIFFERS
        return PASSED if self.results else UNUSABLE

    def line(self) -> str:
        """The counts in a line."""
        n = len(self.results)
        parts = [f"{k} {WORDS[verdict]}" for verdict, k in self.counts.items() if k]
        text = f"{n} function{'' if n == 1 else 's'}"
        text += f": {', '.join(parts)}" if parts else ""
        text += f"; {len(self.unchecked)} not checked" if self.unchecked else ""
        text += f"; {self.deselected} deselected by -k" if self.deselected else ""
        return f"{text}; {self.seconds:.1f} s" + (" (interrupted)" if self.interrupted else "")
