"""Random programs in all transformations against plain Python over NumPy: how many, what is found.

    OMP_NUM_THREADS=1 python benchmarks/fuzzing.py --programs 20000 --processes 2
    OMP_NUM_THREADS=1 python benchmarks/fuzzing.py --seed 17

The programs are those of tests/fuzzing; a program's number is its seed. With ``--seed`` one program
is printed, with what is found of it. Otherwise the figures of many programs are printed, and one
example of each kind of mismatch, made small.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHUNK = 50


def load(name: str) -> Any:
    """A module of tests/fuzzing."""
    for path in (str(ROOT), str(ROOT / "tests")):
        if path not in sys.path:
            sys.path.insert(0, path)
    warnings.simplefilter("ignore", RuntimeWarning)
    return importlib.import_module(f"fuzzing.{name}")


def chunk(start: int) -> Any:
    """The tally of the programs from a number on."""
    return load("campaign").campaign(range(start, start + CHUNK))


def each(items: Iterable[int], processes: int) -> Iterable[Any]:
    """Tallies, as they come."""
    if processes == 1:
        yield from map(chunk, items)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(chunk, items)


def percent(part: int, whole: int) -> str:
    """A number, and what part of a whole it is."""
    return f"{part} ({100 * part / max(whole, 1):.2f} %)"


def about_coverage(tally: Any) -> list[str]:
    """Which formulas, bodies and transformations occurred."""
    operations, program = load("operations"), load("program")
    numpy = importlib.import_module("funcgrad.numpy")
    used = {formula for formula, n in tally.formulas.items() if n}
    never = [formula for formula in operations.FORMULAS if formula not in used]
    exempt = {n for names in operations.NOT_IN_PROGRAMS.values() for n in names.split()}
    public = set(numpy.__all__) - exempt
    bodies = ", ".join(f"{kind} {tally.bodies[kind]}" for kind in program.KINDS)
    return [
        f"formulas: {len(used)} of {len(operations.FORMULAS)} occurred in programs"
        + (f"; never: {', '.join(never)}" if never else ""),
        f"public functions of funcgrad.numpy in formulas: {len(public & operations.covered())} of "
        f"{len(public)}; {len(exempt)} names are exempt with a reason",
        f"bodies: {bodies}",
        f"transformations: {len(tally.transformations)} different ones, "
        f"{sum(tally.transformations.values())} runs",
    ]


def about_outcomes(tally: Any) -> list[str]:
    """Verdicts, and why some are open."""
    runs = sum(tally.outcomes.values())
    reasons = ", ".join(f"{why} {n}" for why, n in tally.undecided.most_common())
    return [
        f"agree: {percent(tally.outcomes['agree'], runs)}",
        f"undecided: {percent(tally.outcomes['undecided'], runs)}: {reasons or 'none'}",
        f"mismatches: {percent(tally.outcomes['mismatch'], runs)}",
    ]


def about_findings(findings: list[Any], most: int) -> list[str]:
    """One small example of each kind of mismatch."""
    shrinking = load("shrinking")
    kinds = defaultdict(list)
    for finding in findings:
        kinds[finding.verdict.kind].append(finding)
    lines = []
    for kind, some in sorted(kinds.items(), key=lambda item: -len(item[1])):
        seeds = ", ".join(str(f.case.seed) for f in some[:12])
        lines += ["", f"--- {kind}: {len(some)} mismatches, programs {seeds}", ""]
        lines += [f"{shrinking.code(shrinking.shrunk(f))}\n" for f in some[:most]]
    return lines


def one(seed: int) -> None:
    """A single program: its text, its verdicts, and its mismatches made small."""
    campaign, shrinking = load("campaign"), load("shrinking")
    case, verdicts = campaign.tried(seed)
    print(case.program.text())
    for name, verdict in verdicts:
        print(f"{name}: {verdict.outcome} {verdict.kind}\n{verdict.detail}")
        if verdict.outcome == "mismatch":
            print(shrinking.standalone(shrinking.shrunk(campaign.Finding(case, name, verdict))))


def main() -> None:
    """Run programs and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=20000)
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--examples", type=int, default=1, help="shown of each kind of mismatch")
    parser.add_argument("--seed", type=int, help="try this program alone")
    options = parser.parse_args()
    if options.seed is not None:
        one(options.seed)
        return
    start = time.perf_counter()
    tally = load("campaign").Tally()
    starts = range(options.first, options.first + options.programs, CHUNK)
    try:
        for part in each(starts, options.processes):
            before = tally.programs // 1000
            tally.add(part)
            if tally.programs // 1000 > before:
                print(tally.programs, dict(tally.outcomes), flush=True)
    except KeyboardInterrupt:
        print("interrupted: the figures are those of the programs so far")
    seconds = time.perf_counter() - start
    rate = tally.programs / seconds / options.processes
    print(f"programs: {tally.programs} in {seconds:.0f} s, {rate:.1f} a second and process")
    print("\n".join([*about_outcomes(tally), *about_coverage(tally)]))
    kinds = Counter(f.verdict.kind for f in tally.findings)
    print("kinds of mismatches:", dict(kinds.most_common()))
    print("\n".join(about_findings(tally.findings, options.examples)))


if __name__ == "__main__":
    main()
