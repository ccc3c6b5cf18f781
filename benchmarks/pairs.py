"""Paired timing: contenders take turns in one run, and medians of their ratios are reported."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable


def paired(
    contenders: dict[str, Callable[[], object]], *, number: int, rounds: int = 15
) -> dict[str, list[float]]:
    """Seconds per call of each contender in every round; rounds take turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            times[name].append(timeit.timeit(run, number=number) / number)
    return times


def report(
    title: str, times: dict[str, list[float]], limits: dict[str, float] | None = None
) -> None:
    """Print the medians, and the ratio of the first contender to each other one."""
    names = list(times)
    print(f"\n{title}")
    for name in names:
        print(f"  {name:28s} {statistics.median(times[name]) * 1e6:12.1f} us")
    for other in names[1:]:
        ratios = [a / b for a, b in zip(times[names[0]], times[other], strict=True)]
        limit = (limits or {}).get(other)
        wanted = f"  (wanted: at most {limit})" if limit else ""
        print(f"  {names[0]} / {other}: {statistics.median(ratios):.3f}{wanted}")
