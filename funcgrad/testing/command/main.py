"""The command: reads its arguments, checks functions, and writes reports."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..profiles import PROFILES
from .discovery import Found, discover, matches
from .errors import CommandError
from .files import check_writable, write
from .html_file import html_text
from .json_file import json_text
from .lock import Lock, compare, read_lock, write_lock
from .running import checked
from .settings import Settings, chosen, domain_of, modes_of
from .summary import INTERRUPTED, UNUSABLE, Summary
from .targets import target
from .terminal import complain, progress, report

DESCRIPTION = """\
Check the derivatives of functions: those that check_derivatives registers, those with custom
derivative rules, claims, and public functions whose annotations say what their arguments are.
What is found and cannot be checked is listed with the reason."""

EPILOG = """\
exit status: 0 all passed; 1 something did not pass; 2 nothing to check, or a wrong command;
3 all passed, but the lock file differs; 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command.

    Args:
        arguments: the arguments of the command, or None for those of the process.

    Returns:
        The exit status: 0 if all functions pass, 1 if some do not, 2 if there is nothing to check
        or the command is wrong, 3 if only the lock file differs, 130 after an interrupt.

    >>> main(["no_such_module"])
    2
    """
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except CommandError as error:
        complain(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The parser of the arguments."""
    made = argparse.ArgumentParser(
        prog="python -m funcgrad.testing",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("targets", nargs="*", help="module, package, path.py, or one of them with :function")
    add("--order", type=positive, help="check derivatives up to this order (default: 2)")
    add("--modes", help="fwd, rev, lin, or several with commas (default: fwd,rev)")
    add("--profile", choices=list(PROFILES), default="ci", help="number of points (default: ci)")
    add("--seed", type=natural, default=0, help="of the points (default: 0)")
    add("--domain", help="of arguments without one: a name like positive, or two numbers: 0,1")
    add("--timeout", type=seconds, default=120.0, help="seconds for a function; 0 is no limit")
    add("-k", dest="pattern", help="only names that contain this text, or fit it with * and ?")
    add("--json", type=Path, metavar="FILE", help="write the report as JSON")
    add("--html", type=Path, metavar="FILE", help="write the report as HTML")
    locks = made.add_mutually_exclusive_group()
    locks.add_argument("--lock", type=Path, metavar="FILE", help="write what was checked")
    locks.add_argument(
        "--check-lock",
        type=Path,
        metavar="FILE",
        help="check what the file holds, and fail if functions or verdicts differ",
    )
    return made


def positive(text: str) -> int:
    """An integer of at least 1."""
    return at_least(1, text)


def natural(text: str) -> int:
    """An integer of at least 0."""
    return at_least(0, text)


def at_least(least: int, text: str) -> int:
    """An integer of at least ``least``."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be an integer of at least {least}, got {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """A number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds, got {text!r}")
    return value


def run(options: argparse.Namespace) -> int:
    """Carry out a command whose arguments have been read."""
    settings = Settings(
        order=options.order,
        modes=None if options.modes is None else modes_of(options.modes),
        profile=options.profile,
        seed=options.seed,
        domain=options.domain,
        timeout=options.timeout,
    )
    if options.domain is not None:
        domain_of(options.domain)
    for name in ("json", "html", "lock"):
        if getattr(options, name) is not None:
            check_writable(getattr(options, name), f"--{name}")
    lock = None if options.check_lock is None else read_lock(options.check_lock)
    targets = options.targets or (lock.targets if lock else [])
    if not targets:
        raise CommandError("name modules, packages, files or functions to check; see --help")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found = discover([target(text) for text in targets])
    if options.pattern:
        found.select(options.pattern)
    summary = Summary(targets, settings.profile, settings.seed, deselected=found.deselected)
    summary.unchecked = found.unchecked
    check_all(summary, found, settings, lock)
    finish(summary, options, lock)
    return summary.status


def check_all(summary: Summary, found: Found, settings: Settings, lock: Lock | None) -> None:
    """Check functions, until all are done or someone interrupts."""
    locked = {} if lock is None else lock.functions
    start = time.perf_counter()
    try:
        with progress(len(found.cases), sys.stderr) as show:
            for case in found.cases:
                show(case.name, None)
                how = chosen(case, settings, locked.get(case.name))
                result = checked(case, how, settings.timeout)
                summary.add(result)
                show(case.name, result)
    except KeyboardInterrupt:
        summary.interrupted = True
        done = {result.name for result in summary.results} | {name for name, _ in summary.unchecked}
        rest = [case.name for case in found.cases if case.name not in done]
        summary.unchecked += [(name, "the command was interrupted") for name in rest]
    summary.seconds = time.perf_counter() - start


def finish(summary: Summary, options: argparse.Namespace, lock: Lock | None) -> None:
    """Write the reports, and the lock file if everything was checked."""
    if lock is not None and not summary.interrupted:
        locked = lock.functions
        if options.pattern:
            locked = {k: v for k, v in locked.items() if matches(k, options.pattern)}
        summary.comparison = compare(
            options.check_lock, locked, summary.results, summary.unchecked, lock.versions
        )
    print(report(summary))
    if not summary.results and not summary.interrupted:
        complain(f"nothing to check in {', '.join(summary.targets)}")
    if options.json is not None:
        write(options.json, json_text(summary))
    if options.html is not None:
        write(options.html, html_text(summary))
    if options.lock is not None and summary.results and not summary.interrupted:
        write_lock(options.lock, summary.targets, summary.results)
