"""How good the derivative checker is: wrong rules that it catches, right ones that it accepts.

    OMP_NUM_THREADS=1 python benchmarks/mutation_score.py --runs 50000 --part 1/2   # and 2/2
    OMP_NUM_THREADS=1 python benchmarks/mutation_score.py --runs 50000 --finished   # the page

The planted mistakes and the right functions are those of tests/testing/mutation. Results of runs
over right functions are added to a file of state, a chunk at a time; a script that was stopped goes
on where it was. A part runs some of the chunks and ends. Without a part the chunks that are missing
are run, then the planted mistakes, and the figures are written to docs/mutation_score.md; with
--finished no chunk is run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
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
    outcome, finding = code.found(mutant, mutant.wrong, seed)
    seconds = time.perf_counter() - start
    graded = load("grading").grade(mutant, finding) if outcome == "fail" else ""
    return {
        "name": mutant.name,
        "kind": mutant.kind,
        "outcome": outcome,
        "grade": graded,
        "says": (finding.diagnosis or finding.check) if finding else "",
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
    return {
        "start": start,
        "counts": counts,
        "notes": notes,
        "functions": len(catalogue.FUNCTIONS),
        "drawn": sum(right.is_drawn(*catalogue.planned(n)) for n in range(start, start + CHUNK)),
        "ended": datetime.now().isoformat(timespec="minutes"),
    }


def completed(state: Path) -> dict[int, dict[str, Any]]:
    """The chunks that a file of state holds, of the functions that there are now."""
    if not state.exists():
        return {}
    functions = len(load("catalogue").FUNCTIONS)
    lines = [json.loads(line) for line in state.read_text().splitlines()]
    return {line["start"]: line for line in lines if line["functions"] == functions}


def run_chunks(
    runs: int, processes: int, state: Path, part: tuple[int, int]
) -> dict[int, dict[str, Any]]:
    """All chunks of runs over right functions; those missing of a part are computed."""
    done = completed(state)
    number, parts = part
    starts = [s for s in range(0, runs, CHUNK) if s // CHUNK % parts == number - 1]
    starts = [start for start in starts if start not in done]
    version = commit()
    with state.open("a") as file:
        for result in each(chunk_of_runs, starts, processes):
            result["commit"] = version
            done[result["start"]] = result
            file.write(json.dumps(result) + "\n")
            file.flush()
            print(result["start"], dict(result["counts"]), flush=True)
            for note in result["notes"]:
                if note[2] in ("fail", "error"):
                    print(*note, flush=True)
    return {start: result for start, result in done.items() if start < runs}


def commit() -> str:
    """The commit that is checked out; '+' stands for changes."""
    git = ["git", "-C", str(ROOT)]
    try:
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True)
        changes = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True)
    except OSError:
        return "unknown"
    return name.stdout.decode().strip() + ("+" if changes.stdout.strip() else "")


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


def about_diagnoses(results: list[dict[str, Any]]) -> list[str]:
    """What the page says of the words in which mistakes are reported."""
    found = [r for r in results if r["outcome"] == "fail"]
    grades = Counter(r["grade"] for r in found)
    share = 100 * grades["right"] / max(len(found), 1)
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for r in found:
        kinds[r["kind"]][r["grade"]] += 1
    ordered = sorted(kinds.items(), key=lambda item: (-item[1].total(), item[0]))
    rows = [f"| {kind} | {c['right']} | {c['unspecific']} | {c['misleading']} |"
            for kind, c in ordered if c["right"] < c.total()]  # fmt: skip
    misleading = [f"- {r['name']}: {r['says']}" for r in found if r["grade"] == "misleading"]
    return [
        "## Diagnoses",
        "",
        f"Of {len(found)} mistakes that are caught the report names {grades['right']} "
        f"({share:.1f} %). Of {grades['unspecific']} it says nothing that is wrong, and not what "
        f"the mistake is; {grades['misleading']} are taken for other mistakes. What has to be said "
        "of each kind is in `tests/testing/mutation/grading.py`: the words of the title, of the "
        "diagnosis and of the cause are compared with it. Kinds that are not all named:",
        "",
        "| kind of mistake | right | unspecific | misleading |",
        "|---|---:|---:|---:|",
        *rows,
        "",
        "Misleading:",
        "",
        *(misleading or ["None."]),
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
    commits = Counter(str(result.get("commit")) for result in chunks.values())
    ends = sorted(result.get("ended", "") for result in chunks.values())
    drawn = sum(result.get("drawn", 0) for result in chunks.values())
    versions = ", ".join(f"{name} ({CHUNK * n} runs)" for name, n in commits.most_common())
    often = ", ".join(f"{name} ({n})" for name, n in unclear.most_common(12)) or "none"
    return [
        "## Right functions",
        "",
        f"{len(load('catalogue').FUNCTIONS)} functions, {sum(counts.values())} runs of "
        "the checker, each at new points, orders 1 and 2 in turn, float64 mostly, some "
        f"float32 and complex128. {drawn} of them are runs of `gradcheck` at points that it draws "
        "itself (0, 1, ties, all scales, lengths up to 130), the others runs of `check_grads`, "
        f"{special()} of the functions at special points.",
        "",
        f"Commits: {versions or 'none'}; from {ends[0] if ends else '-'} to "
        f"{ends[-1] if ends else '-'}.",
        "",
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


def special() -> int:
    """The number of right functions that stand at special points."""
    return len(load("catalogue").AT_SPECIAL_POINTS)


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
        f"- commit: {commit()}",
        "",
        *about_mistakes(results),
        *about_diagnoses(results),
        *about_functions(chunks),
    ])  # fmt: skip


def part_of(text: str) -> tuple[int, int]:
    """The number of a part and of how many, from "1/2"."""
    number, parts = map(int, text.split("/"))
    if not 1 <= number <= parts:
        raise argparse.ArgumentTypeError(f"{text} is no part: say 1/2 or 2/2")
    return number, parts


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50000, help="runs over right functions")
    parser.add_argument("--part", type=part_of, help="run one part of the chunks, such as 1/2")
    parser.add_argument("--finished", action="store_true", help="the page of the chunks there are")
    parser.add_argument("--mistakes", action="store_true", help="the planted mistakes, no page")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the planted mistakes' data")
    parser.add_argument("--state", type=Path, default=STATE, help="file that results are added to")
    parser.add_argument("--fresh", action="store_true", help="forget the state")
    options = parser.parse_args()
    if options.fresh:
        options.state.unlink(missing_ok=True)
    if options.part:
        run_chunks(options.runs, options.processes, options.state, options.part)
        return
    mutants = load("catalogue").MUTANTS
    results = [judged(mutant, options.seed) for mutant in mutants]
    print(*about_diagnoses(results), *survivors(results), sep="\n", flush=True)
    print(f"{sum(r['outcome'] == 'fail' for r in results)} of {len(results)} caught", flush=True)
    if options.mistakes:
        return
    if options.finished:
        done = completed(options.state)
        chunks = {start: result for start, result in done.items() if start < options.runs}
    else:
        chunks = run_chunks(options.runs, options.processes, options.state, (1, 1))
    command = f"python benchmarks/mutation_score.py --runs {options.runs}"
    if options.finished:
        command += " --finished"
    if options.seed:
        command += f" --seed {options.seed}"
    PAGE.write_text(page(results, chunks, command))
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
