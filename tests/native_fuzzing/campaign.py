"""Many programs in child processes, which may die or hang: that is a finding like another one."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 120.0
"""Seconds that a program may take."""

TOGETHER = 2000
"""So many programs are tried by one process."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a program: its number, the kind, and the program as text."""

    seed: int
    kind: str
    text: str


@dataclass
class Tally:
    """Figures of many programs."""

    programs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    operators: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.programs += other.programs
        self.outcomes.update(other.outcomes)
        self.operators.update(other.operators)
        self.refused.update(other.refused)
        self.findings += other.findings

    def take(self, found: dict[str, Any]) -> None:
        """Count what a process says of a program."""
        self.programs += 1
        self.outcomes[found["outcome"]] += 1
        self.operators.update(found["native"])
        if found["outcome"] == "refused":
            self.refused[found["kind"]] += 1
        if found["outcome"] == "mismatch":
            self.findings.append(
                Finding(found["seed"], found["kind"], f"{found['detail']}\n{found['text']}")
            )

    def shrink(self, seed: int, text: str) -> None:
        """Put a smaller program in the place of one that is wrong."""
        self.findings = [
            Finding(seed, f.kind, text) if f.seed == seed else f for f in self.findings
        ]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "native_fuzzing.worker", *words]


def environment() -> dict[str, str]:
    paths = [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    more = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "FUNCGRAD_CACHE": "0"}
    return {**os.environ, "OMP_NUM_THREADS": "1", **more}


def campaign(first: int, count: int, limit: float = LIMIT) -> Tally:
    """The tally of programs from a number on."""
    tally, stop = Tally(), first + count
    while first < stop:
        end = min(stop, first + TOGETHER)
        first = _some(tally, first, end, limit)
    return tally


def _some(tally: Tally, first: int, stop: int, limit: float) -> int:
    """Try programs in one process, up to one that it dies of; returns the next one's number."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command(str(first), str(stop)), stdout=subprocess.PIPE, stderr=said, text=True,
            env=environment(),
        )  # fmt: skip
        assert process.stdout is not None
        begun, judged = first, False
        hangs = False
        try:
            for line in _lines(process.stdout, limit):
                if line is None:
                    hangs = True
                    break
                found = json.loads(line)
                if "begin" in found:
                    begun, judged = found["begin"], False
                elif "small" in found:
                    tally.shrink(found["small"], found["text"])
                else:
                    judged = True
                    tally.take(found)
        finally:
            process.kill()
            code = process.wait()
            process.stdout.close()
        if begun == stop - 1 and judged and not hangs:
            return stop
        if not judged:
            said.seek(0)
            why = "hangs" if hangs else f"dies with {code}"
            tally.programs += 1
            tally.outcomes[why] += 1
            text = _text(begun, limit)
            tally.findings.append(Finding(begun, why, f"{text}\n{said.read()[-2000:]}"))
        return begun + 1


def _lines(stream: IO[str], limit: float) -> Iterator[str | None]:
    """Lines as they come, up to the end; None if the next one does not come in time."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=limit)
        except queue.Empty:
            yield None
            return
        if not line:
            return
        yield line


def _text(seed: int, limit: float) -> str:
    """A program, written down by a process of its own."""
    try:
        done = subprocess.run(
            command("--text", str(seed)), capture_output=True, text=True, env=environment(),
            timeout=limit,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "it is not even traced in time"
    return done.stdout + done.stderr[-2000:]
