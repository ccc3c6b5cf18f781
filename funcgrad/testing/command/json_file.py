"""The report as JSON; docs/command_line.md describes the keys."""

from __future__ import annotations

import json
import platform
from typing import Any

from .lock import versions
from .running import Result
from .summary import Summary

FORMAT = 1


def json_text(summary: Summary) -> str:
    """The report as JSON."""
    return json.dumps(contents(summary), indent=1) + "\n"


def contents(summary: Summary) -> dict[str, Any]:
    """The report as a dictionary."""
    lock = summary.comparison
    return {
        "format": FORMAT,
        **versions(),
        "python": platform.python_version(),
        "targets": list(summary.targets),
        "profile": summary.profile,
        "seed": summary.seed,
        "status": summary.status,
        "interrupted": summary.interrupted,
        "seconds": round(summary.seconds, 3),
        "counts": summary.counts,
        "functions": [function(result) for result in summary.results],
        "unchecked": [{"name": name, "reason": why} for name, why in summary.unchecked],
        "deselected": summary.deselected,
        "lock": lock and {"file": lock.path, "differences": lock.differences, "notes": lock.notes},
    }


def function(result: Result) -> dict[str, Any]:
    """The result of one function."""
    settings = result.settings
    return {
        "name": result.name,
        "place": result.place,
        "kind": result.kind,
        "verdict": result.verdict,
        "order": result.order,
        "modes": list(result.modes),
        "profile": settings.profile,
        "seed": settings.seed,
        "domain": settings.domain,
        "shapes": settings.shapes,
        "points": result.points,
        "inconclusive": result.inconclusive,
        "rejected": result.rejected,
        "seconds": round(result.seconds, 3),
        "source": result.source,
        "left_out": result.left_out,
        "message": result.message,
        "finding": result.finding,
        "example": result.example,
    }
