"""The report on the terminal, and the progress while functions are checked."""

from __future__ import annotations

import contextlib
import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, TextIO

from .lock import Comparison
from .running import Result
from .summary import Summary

HEAD = ("function", "order", "modes", "points", "verdict", "seconds")

Progress = Callable[[str, Result | None], None]
"""Is told the name of a function when its check begins, and again with its result at the end."""


def report(summary: Summary) -> str:
    """All that was found, as text."""
    parts = [table([HEAD, *map(row, summary.results)])] if summary.results else []
    parts += [failure(result) for result in summary.results if result.verdict != "pass"]
    left_out = [
        f"  {result.name}: {law}: {reason}"
        for result in summary.results
        for law, reason in result.left_out.items()
    ]
    parts += listed("left out:", left_out)
    parts += listed("not checked:", [f"  {name}: {why}" for name, why in summary.unchecked])
    if summary.comparison is not None:
        parts += lock_report(summary.comparison)
    return "\n\n".join([*parts, summary.line()])


def listed(title: str, lines: Sequence[str]) -> list[str]:
    """A part of the report: none without lines."""
    return ["\n".join([title, *lines])] if lines else []


def lock_report(comparison: Comparison) -> list[str]:
    """The differences from the lock file."""
    if not comparison.differences and not comparison.notes:
        return [f"{comparison.path}: nothing has changed"]
    title = f"{comparison.path} differs:" if comparison.differences else f"{comparison.path}:"
    lines = [f"  {text}" for text in comparison.differences]
    return listed(title, lines + [f"  note: {text}" for text in comparison.notes])


def row(result: Result) -> tuple[str, ...]:
    """One line of the table."""
    points = str(result.points)
    points += f" (+{result.inconclusive} inconclusive)" if result.inconclusive else ""
    modes = ", ".join(result.modes)
    seconds = f"{result.seconds:.2f}"
    return result.name, str(result.order), modes, points, result.verdict, seconds


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns.

    >>> print(table([("a", "bc"), ("def", "g")]))
    a    bc
    def  g
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(x.ljust(n) for x, n in zip(r, widths, strict=True)) for r in rows)
    return "\n".join(line.rstrip() for line in lines)


def failure(result: Result) -> str:
    """The fault of a function, and the program that shows it."""
    lines = [f"{result.verdict.upper()} {result.name}"]
    lines.append(textwrap.indent(result.message, "  "))
    if result.example:
        lines += ["  this program repeats it:", "", result.example]
    return "\n".join(lines)


@contextlib.contextmanager
def progress(total: int, stream: TextIO) -> Iterator[Progress]:
    """Show progress: with rich on a terminal, and else as lines."""
    try:
        bars = importlib.import_module("rich.progress") if stream.isatty() else None
    except ImportError:
        bars = None
    if bars is None:
        yield lines_of_progress(total, stream)
        return
    with bar_of(bars, stream) as bar:
        task = bar.add_task("", total=total)

        def show(name: str, result: Result | None) -> None:
            bar.update(task, description=name, advance=0 if result is None else 1)

        yield show


def bar_of(bars: ModuleType, stream: TextIO) -> Any:
    """A bar of rich."""
    console = importlib.import_module("rich.console").Console(file=stream)
    columns = [
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.description}", markup=False),
    ]
    return bars.Progress(*columns, console=console, transient=True)


def lines_of_progress(total: int, stream: TextIO) -> Progress:
    """Progress as one line for each function that has been checked."""
    done = 0

    def show(name: str, result: Result | None) -> None:
        nonlocal done
        if result is not None:
            done += 1
            print(
                f"[{done:>{len(str(total))}}/{total}] {name}: {result.verdict}, "
                f"{result.seconds:.1f} s",
                file=stream,
                flush=True,
            )

    return show


def complain(text: str) -> None:
    """One line about what is wrong with a command."""
    print(f"funcgrad.testing: {text}", file=sys.stderr)
