"""How good the derivative checker is: wrong rules that it catches, right ones that it accepts.

    OMP_NUM_THREADS=1 python benchmarks/mutation_score.py --runs 30000 --processes 2

The planted mistakes and the right functions are those of tests/testing/mutation. Results of runs
over right functions are added to a file of state, a chunk at a time; a script that was stopped goes
on where it was. The figures are written to docs/mutation_score.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import platform
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "mutation_score.md"
STATE = Path(tempfile.gettempdir()) / "funcgrad_mutation_score.jsonl"
CHUNK = 100
DISTINCT = 1e-9


def load(name: str) -> Any:
    """A module of the tests."""
    for path in (str(ROOT), str(ROOT / "tests")):
        if path not in sys.path:
            sys.path.insert(0, path)
    warnings.simplefilter("ignore", RuntimeWarning)
    for package in ("lax", "nn", "random", "numpy.linalg"):  # operators are registered by them
        importlib.import_module(f"funcgrad.{package}")
    return importlib.import_module(f"testing.mutation.{name}")


def judged(mutant: Any, seed: int) -> dict[str, Any]:
    """One planted mistake: what the checker says of it and of its right counterpart."""
    code = load("mutant")
    start = time.perf_counter()
    outcome = code.outcome(mutant, mutant.wrong, seed)
    seconds = time.perf_counter() - start
    return {
        "name": mutant.name,
        "kind": mutant.kind,
        "outcome": outcome,
        "right": code.outcome(mutant, mutant.right, seed),
        "distance": code.distance(mutant, seed),
        "seconds": seconds,
    }


def chunk_of_runs(start: int) -> dict[str, Any]:
    """The runs over right functions from a number on."""
    catalogue, right = load("catalogue"), load("right")
    counts: Counter[str] = Counter()
    notes = []
    for number in range(start, start + CHUNK):
        function, seed = catalogue.planned(number)
        try:
            outcome, why = right.run(function, seed)
        except Exception as error:
            outcome, why = "error", f"{type(error).__name__}: {error}"
        counts[outcome] += 1
        if outcome != "pass":
            notes.append([function.name, seed, outcome, why])
    functions = len(catalogue.FUNCTIONS)
    return {"start": start, "counts": counts, "notes": notes, "functions": functions}


def completed(state: Path) -> dict[int, dict[str, Any]]:
    """The chunks that a file of state holds, of the functions that there are now."""
    if not state.exists():
        return {}
    functions = len(load("catalogue").FUNCTIONS)
    lines = [json.loads(line) for line in state.read_text().splitlines()]
    return {line["start"]: line for line in lines if line["functions"] == functions}


def run_chunks(runs: int, processes: int, state: Path) -> dict[int, dict[str, Any]]:
    """All chunks of the runs over right functions; those that are missing are computed."""
    done = completed(state)
    starts = [start for start in range(0, runs, CHUNK) if start not in done]
    with state.open("a") as file:
        for result in each(chunk_of_runs, starts, processes):
            done[result["start"]] = result
            file.write(json.dumps(result) + "\n")
            file.flush()
            print(result["start"], dict(result["counts"]), flush=True)
            for note in result["notes"]:
                if note[2] in ("fail", "error"):
                    print(*note, flush=True)
    return {start: result for start, result in done.items() if start < runs}


def each(function: Any, items: Iterable[Any], processes: int) -> Iterable[Any]:
    """Results of a function, as they come."""
    if processes == 1:
        yield from map(function, items)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(function, items)


def table_of_kinds(results: list[dict[str, Any]]) -> list[str]:
    """The planted mistakes by kind."""
    kinds = defaultdict(list)
    for r in results:
        kinds[r["kind"]].append(r["outcome"] == "fail")
    rows = ["| kind of mistake | planted | caught |", "|---|---:|---:|"]
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    rows += [f"| {kind} | {len(caught)} | {sum(caught)} |" for kind, caught in ordered if len(
        caught) > 1]  # fmt: skip
    single = [caught for _, caught in ordered if len(caught) == 1]
    rows.append(f"| {len(single)} other kinds | {len(single)} | {sum(c[0] for c in single)} |")
    return rows


def survivors(results: list[dict[str, Any]]) -> list[str]:
    """What was not caught, what is no mistake, and right counterparts that did not pass."""
    lines = []
    for r in results:
        if r["outcome"] != "fail":
            lines.append(f"- {r['name']}: {r['outcome']} (the derivatives differ by "
                         f"{r['distance']:.1e} of the right one)")  # fmt: skip
        if not r["distance"] > DISTINCT:
            lines.append(f"- {r['name']}: not a mistake at these points ({r['distance']:.1e})")
        if r["right"] != "pass":
            lines.append(f"- {r['name']}: the right counterpart: {r['right']}")
    return lines or ["None."]


def about_mistakes(results: list[dict[str, Any]]) -> list[str]:
    """What the page says of planted mistakes."""
    catalogue = load("catalogue")
    caught = sum(r["outcome"] == "fail" for r in results)
    seconds = float(np.median([r["seconds"] for r in results]))
    return [
        "## Planted mistakes",
        "",
        f"{caught} of {len(results)} wrong rules are caught ({100 * caught / len(results):.2f} %), "
        "each at the first run with default settings; order 2 for those that are right at order 1. "
        f"{len(catalogue.OF_RULES)} are in records of operators and in custom rules, "
        f"{len(catalogue.BY_HAND)} in backward passes written by hand. That each is wrong is "
        "verified without the checker: its derivative differs from the right one. The right "
        f"counterpart of each passes the same check. A check takes {1e3 * seconds:.0f} ms "
        "(median).",
        "",
        *table_of_kinds(results),
        "",
        "Survivors:",
        "",
        *survivors(results),
        "",
    ]


def about_functions(chunks: dict[int, dict[str, Any]]) -> list[str]:
    """What the page says of runs over right functions."""
    counts: Counter[str] = Counter()
    notes: list[Any] = []
    for result in chunks.values():
        counts.update(result["counts"])
        notes += result["notes"]
    alarms = [note for note in notes if note[2] in ("fail", "error")]
    unclear = Counter(name for name, _, outcome, _ in notes if outcome == "inconclusive")
    often = ", ".join(f"{name} ({n})" for name, n in unclear.most_common(12)) or "none"
    return [
        "## Right functions",
        "",
        f"{len(load('catalogue').FUNCTIONS)} functions, {sum(counts.values())} runs of "
        "`check_grads`, each at a new random point, orders 1 and 2 in turn, float64 mostly, some "
        "float32 and complex128; one in three is a run of `gradcheck` at points that it draws "
        "itself (0, 1, ties, all scales):",
        "",
        "| verdict | runs |",
        "|---|---:|",
        f"| pass | {counts['pass']} |",
        f"| inconclusive | {counts['inconclusive']} |",
        f"| fail (false alarm) | {counts['fail']} |",
        f"| another error | {counts['error']} |",
        "",
        "False alarms:",
        "",
        *([f"- {n}, seed {s}: {o}: {why.splitlines()[0]}" for n, s, o, why in alarms] or ["None."]),
        "",
        f"Inconclusive most often: {often}. Where a derivative "
        "jumps, as the first one of abs does at 0, there is nothing to compare the next one with.",
        "",
    ]


def page(results: list[dict[str, Any]], chunks: dict[int, dict[str, Any]], command: str) -> str:
    """The text of docs/mutation_score.md."""
    version = importlib.import_module("funcgrad").__version__
    return "\n".join([
        "# Mutation score of the derivative checker",
        "",
        "Measured by `benchmarks/mutation_score.py`, which writes this page. The planted mistakes "
        "and the right functions are those of `tests/testing/mutation`.",
        "",
        f"- date: {date.today().isoformat()}",
        f"- versions: funcgrad {version}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}",
        f"- command: `{command}`",
        "",
        *about_mistakes(results),
        *about_functions(chunks),
    ])  # fmt: skip


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30000, help="runs over right functions")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the planted mistakes' data")
    parser.add_argument("--state", type=Path, default=STATE, help="file that results are added to")
    parser.add_argument("--fresh", action="store_true", help="forget the state")
    options = parser.parse_args()
    if options.fresh:
        options.state.unlink(missing_ok=True)
    mutants = load("catalogue").MUTANTS
    results = [judged(mutant, options.seed) for mutant in mutants]
    print(f"{sum(r['outcome'] == 'fail' for r in results)} of {len(results)} caught", flush=True)
    chunks = run_chunks(options.runs, options.processes, options.state)
    command = f"python benchmarks/mutation_score.py --runs {options.runs}"
    if options.seed:
        command += f" --seed {options.seed}"
    PAGE.write_text(page(results, chunks, command))
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
