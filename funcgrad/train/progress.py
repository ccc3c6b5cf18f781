"""A progress bar for training, drawn by rich."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from ..typing import Array

INTERVAL = 0.1


class Bar:
    """A progress bar over all steps; the numbers on it are looked at ten times a second."""

    def __init__(self, title: str, epochs: int, steps: int | None, done: int) -> None:
        try:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )
            from rich.table import Column
        except ImportError:
            raise ImportError(
                "the progress bar needs rich: pip install 'funcgrad[train]', or pass progress=False"
            ) from None
        self._progress = Progress(
            TextColumn("{task.description}epoch {task.fields[epoch]}/" + str(epochs)),
            BarColumn(12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TextColumn("ETA"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[numbers]}", table_column=Column(ratio=1)),
            expand=True,
        )
        total = None if steps is None else steps * epochs
        self._task = self._progress.add_task(
            f"{title}  " if title else "",
            total=total,
            completed=done,
            epoch=1,
            numbers="",
            speed="",
        )
        self._next = 0.0
        self._examples, self._since = 0, time.perf_counter()
        self._evaluation = ""

    def __enter__(self) -> Bar:
        self._progress.start()
        self._since = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def step(
        self, step: int, epoch: int, examples: int, numbers: Mapping[str, Array | float]
    ) -> None:
        """Show a step that is done; numbers are looked at only if it is time to."""
        self._examples += examples
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + INTERVAL
            self._show(step, epoch, numbers, now)

    def epoch(
        self,
        step: int,
        epoch: int,
        numbers: Mapping[str, Array | float],
        evaluation: Mapping[str, float],
    ) -> None:
        """Show an epoch that is done."""
        self._evaluation = f"evaluation: {_format(evaluation)}" if evaluation else ""
        self._show(step, epoch, numbers, time.perf_counter())

    def _show(
        self, step: int, epoch: int, numbers: Mapping[str, Array | float], now: float
    ) -> None:
        speed = self._examples / max(now - self._since, 1e-9)
        text = " | ".join(filter(None, (_format(numbers), self._evaluation)))
        self._progress.update(
            self._task, completed=step, epoch=epoch, numbers=text, speed=f"{speed:,.0f} examples/s"
        )


def _format(numbers: Mapping[str, Array | float]) -> str:
    return " ".join(f"{k} {float(v):.4g}" for k, v in numbers.items())


class NoBar:
    """Nothing is shown."""

    def __enter__(self) -> NoBar:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def step(
        self, step: int, epoch: int, examples: int, numbers: Mapping[str, Array | float]
    ) -> None:
        """Show nothing."""

    def epoch(
        self,
        step: int,
        epoch: int,
        numbers: Mapping[str, Array | float],
        evaluation: Mapping[str, float],
    ) -> None:
        """Show nothing."""
