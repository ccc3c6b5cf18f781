"""The lock file: which functions were checked, how, and with which verdicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import funcgrad

from ..options import MODES
from ..profiles import PROFILES
from .errors import CommandError
from .files import write
from .running import Result

FORMAT = 1

KEYS = frozenset({"order", "modes", "profile", "seed", "domain", "shapes", "verdict", "source"})
"""The least that the entry of a function holds."""


@dataclass
class Lock:
    """The contents of a lock file: the targets of the command, and an entry for each function."""

    targets: list[str]
    functions: dict[str, dict[str, Any]]
    versions: dict[str, str] = field(default_factory=dict)


@dataclass
class Comparison:
    """Results compared with a lock: what makes the command fail, and what is only told."""

    path: str
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def versions() -> dict[str, str]:
    """The versions of what computes derivatives."""
    return {"funcgrad": funcgrad.__version__, "numpy": np.__version__}


def write_lock(path: Path, targets: Sequence[str], results: Sequence[Result]) -> None:
    """Write the lock file of some results."""
    contents = {
        "format": FORMAT,
        **versions(),
        "targets": list(targets),
        "functions": {result.name: entry(result) for result in results},
    }
    write(path, json.dumps(contents, indent=1, sort_keys=True) + "\n")


def entry(result: Result) -> dict[str, Any]:
    """The entry of one function in the lock file."""
    settings = result.settings
    return {
        "domain": settings.domain,
        "modes": list(result.modes),
        "order": result.order,
        "points": result.points,
        "profile": settings.profile,
        "seed": settings.seed,
        "shapes": settings.shapes,
        "source": result.source,
        "verdict": result.verdict,
    }


def read_lock(path: Path) -> Lock:
    """A lock file.

    Raises:
        CommandError: it is not there, or it is no lock file.
    """
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"--check-lock: cannot read {str(path)!r}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"--check-lock: {str(path)!r} is not a lock file: {error}") from None
    try:
        if contents["format"] != FORMAT:
            raise CommandError(
                f"--check-lock: {str(path)!r} has format {contents['format']!r}, not {FORMAT}; "
                "write it anew with --lock"
            )
        known = {name: contents[name] for name in versions()}
        lock = Lock(list(contents["targets"]), dict(contents["functions"]), known)
        whole = all(map(is_entry, lock.functions.values()))
        whole = whole and all(isinstance(text, str) for text in lock.targets)
    except (KeyError, TypeError):
        whole = False
    if not whole:
        raise CommandError(
            f"--check-lock: {str(path)!r} is not a lock file; write it anew with --lock"
        )
    return lock


def is_entry(locked: dict[str, Any]) -> bool:
    """True if this can be what a lock file holds of one function."""
    return (
        set(locked) >= KEYS
        and type(locked["order"]) is int
        and locked["order"] > 0
        and type(locked["seed"]) is int
        and locked["seed"] >= 0
        and set(locked["modes"]) <= set(MODES)
        and locked["profile"] in PROFILES
        and all(isinstance(locked[key], str) for key in ("domain", "shapes", "source", "verdict"))
    )


def compare(
    path: Path,
    locked: dict[str, dict[str, Any]],
    results: Sequence[Result],
    unchecked: Sequence[tuple[str, str]],
    known: dict[str, str],
) -> Comparison:
    """The changes since a lock file was written."""
    found = Comparison(str(path))
    reasons = dict(unchecked)
    names = {result.name for result in results}
    for name in sorted(set(locked) - names):
        why = f"can no longer be checked: {reasons[name]}" if name in reasons else "has disappeared"
        found.differences.append(f"{name} {why}")
    for result in results:
        if result.name in locked:
            compare_one(found, result, locked[result.name])
        else:
            found.differences.append(f"{result.name} is new and not locked")
    for package, version in versions().items():
        if known[package] != version:
            found.notes.append(f"{package} is {version}, and was {known[package]}")
    return found


def compare_one(found: Comparison, result: Result, locked: dict[str, Any]) -> None:
    """Compare the result of one function with its entry."""
    name = result.name
    if result.verdict != locked["verdict"]:
        found.differences.append(f"{name}: {result.verdict}, and was {locked['verdict']}")
    if result.order < locked["order"]:
        found.differences.append(
            f"{name}: checked to order {result.order}, and was to order {locked['order']}"
        )
    lost = [mode for mode in locked["modes"] if mode not in result.modes]
    if lost:
        found.differences.append(f"{name}: no longer checked in mode {', '.join(lost)}")
    if result.source != locked["source"]:
        found.notes.append(f"{name}: its source has changed, and it was checked again")
    now = entry(result)
    for key in ("domain", "shapes"):
        if now[key] != locked[key]:
            found.notes.append(f"{name}: {key} {now[key] or 'not given'}, and was {locked[key]}")
