"""Random programs, native against the interpreter, in processes that may die: what is found.

    python benchmarks/fuzzing_native.py --programs 20000 --processes 2
    python benchmarks/fuzzing_native.py --seed 17

The programs are those of tests/native_fuzzing; a program's number is its seed. With ``--seed`` one
program is tried alone. Otherwise the figures of many programs are printed, and one example of each
kind of what was found, made small.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHUNK = 500


def load(name: str) -> Any:
    """A module of tests/native_fuzzing."""
    for path in (str(ROOT), str(ROOT / "tests")):
        if path not in sys.path:
            sys.path.insert(0, path)
    return importlib.import_module(f"native_fuzzing.{name}")


def tallies(first: int, count: int, processes: int) -> Iterator[Any]:
    """Tallies of some programs each, in order."""
    campaign = load("campaign").campaign
    starts = range(first, first + count, CHUNK)
    with ThreadPoolExecutor(processes) as threads:  # each of which waits for a process
        yield from threads.map(lambda k: campaign(k, min(CHUNK, first + count - k)), starts)


def report(tally: Any, seconds: float) -> str:
    """Figures, and one example of each kind of finding."""
    lines = [f"programs: {tally.programs} in {seconds:.0f} s"]
    for outcome, n in tally.outcomes.most_common():
        lines.append(f"{outcome}: {n} ({100 * n / max(1, tally.programs):.2f} %)")
    lines.append(f"operators in native code: {len(tally.operators)}")
    rare = [name for name, n in tally.operators.items() if n < 10]
    lines.append(f"less than ten times: {', '.join(sorted(rare)) or 'none'}")
    lines += [f"refused {n} times: {kind}" for kind, n in tally.refused.most_common(10)]
    kinds = defaultdict(list)
    for finding in tally.findings:
        kinds[finding.kind].append(finding)
    for kind, found in kinds.items():
        seeds = ", ".join(str(f.seed) for f in found[:20])
        shortest = min(found, key=lambda f: len(f.text))
        lines.append(f"\n--- {kind}: {len(found)}, programs {seeds}\n{shortest.seed}\n")
        lines.append(shortest.text)
    return "\n".join(lines)


def main() -> None:
    """Run programs and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=20000)
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, help="try this program alone")
    options = parser.parse_args()
    start = time.perf_counter()
    module = load("campaign")
    tally = module.Tally()
    if options.seed is not None:
        options.first, options.programs = options.seed, 1
    try:
        for part in tallies(options.first, options.programs, options.processes):
            tally.add(part)
            print(tally.programs, dict(tally.outcomes), flush=True)
            for f in part.findings:
                print(f"{f.seed}: {f.kind}\n{f.text}\n", flush=True)
    except KeyboardInterrupt:
        print("interrupted: the figures are those of the programs so far")
    print(report(tally, time.perf_counter() - start))


if __name__ == "__main__":
    main()
