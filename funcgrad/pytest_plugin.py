"""The pytest plugin: profiles of derivative checks, a fixture, a summary, failures as programs.

pytest loads this file in every run, so nothing of funcgrad is imported until a test uses it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any

import pytest

PROFILES = ("quick", "ci", "thorough")

RECORDS = "funcgrad.testing.reports.records"

SECTION = "derivatives: the smallest point found, as a program"

MACHINERY = frozenset({"funcgrad", "_pytest", "pluggy", "unittest"})
"""Packages whose frames do not tell where a check was called."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the ini option for the profile."""
    text = "how thorough derivative checks are: quick, ci (the default) or thorough"
    group = parser.getgroup("funcgrad", "derivatives (funcgrad)")
    group.addoption("--derivative-profile", choices=PROFILES, default=None, help=text)
    parser.addini("derivative_profile", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the chosen profile the active one for the run."""
    name = config.getoption("derivative_profile") or config.getini("derivative_profile")
    if name and name not in PROFILES:
        raise pytest.UsageError(
            f"derivative_profile: unknown profile {name!r}; the profiles are {', '.join(PROFILES)}"
        )
    if name:
        profiles = importlib.import_module("funcgrad.testing.profiles")
        stack = ExitStack()
        stack.enter_context(profiles.active_profile(name))
        config.add_cleanup(stack.close)
    config.pluginmanager.register(Derivatives(name or "ci"), "funcgrad-derivatives")


@pytest.fixture
def check_grads() -> Any:
    """funcgrad.testing.check_grads with the run's profile; also .claim, .gradient and .pair."""
    return importlib.import_module("funcgrad.testing.fixture").Checker()


class Derivatives:
    """Collects what the tests of a run checked, and shows checks that failed."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self.checks: list[tuple[str, dict[str, Any]]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        """Forget what was checked between tests."""
        records_taken()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, Any, Any]:
        """Add what was checked to the report of a test, and shorten the traceback of a failure."""
        excinfo = call.excinfo
        shown_alone = excinfo is not None and is_ours(excinfo.value) and shorten(excinfo.tb)
        report = yield
        records = records_taken()
        if records:
            report.derivatives = records
        if not report.failed:
            return report
        if shown_alone:
            report.longrepr = message_only(excinfo, item)
        report.sections += [(SECTION, r["example"]) for r in records if r["example"]]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what a test checked, here or in a worker of pytest-xdist."""
        for record in getattr(report, "derivatives", ()):
            self.checks.append((report.nodeid, record))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write how many functions were checked, and at -v what each test checked."""
        if not self.checks:
            return
        terminalreporter.section("derivatives")
        if terminalreporter.verbosity > 0:
            for test, record in self.checks:
                terminalreporter.write_line(f"{test}: {record_text(record)}")
        terminalreporter.write_line(counts_text([r for _, r in self.checks], self.profile))
        left_out = left_out_text(r for _, r in self.checks)
        if left_out:
            terminalreporter.write_line(f"left out: {left_out}")


def records_taken() -> list[dict[str, Any]]:
    """The records of checks since the last call; none if funcgrad.testing was never imported."""
    records = sys.modules.get(RECORDS)
    return [] if records is None else [asdict(r) for r in records.take()]


def is_ours(error: BaseException) -> bool:
    """True if an error was raised by a check; its program is taken out, as a section shows it."""
    checker = sys.modules.get("funcgrad.testing.gradcheck")
    reports = sys.modules.get("funcgrad.testing.reports.report")
    if checker is None or reports is None:
        return False
    notes = getattr(error, "__notes__", [])
    others = [text for text in notes if not text.startswith(checker.SMALLEST)]
    if isinstance(error, reports.GradientCheckError):
        error.args = (str(error).partition("\n\n" + checker.SMALLEST)[0],)
    elif len(others) == len(notes):
        return False
    notes[:] = others
    return True


def shorten(tb: TracebackType) -> bool:
    """Take our frames out of a traceback; True, and all stay, if none of the user's is there."""
    if all(package_of(entry) in MACHINERY for entry in entries_of(tb)):
        return True
    kept, *rest = [entry for entry in entries_of(tb) if package_of(entry) != "funcgrad"]
    for entry in rest:
        kept.tb_next = entry
        kept = entry
    kept.tb_next = None
    return False


def entries_of(tb: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, the outermost first."""
    while tb is not None:
        yield tb
        tb = tb.tb_next


def package_of(entry: TracebackType) -> str:
    """The package that a frame of a traceback belongs to."""
    return str(entry.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def message_only(excinfo: Any, item: pytest.Item) -> Any:
    """The text of an error that no line of the user's test raised: its message alone."""
    shown = excinfo.getrepr(style="short")
    path, line, name = item.location
    entries = shown.reprtraceback.reprentries
    last = entries[-1]
    last.lines = [text for text in last.lines if text.startswith("E")]
    place = last.reprfileloc
    place.path, place.lineno, place.message = path, (line or 0) + 1, f"in {name}"
    entries[:] = [last]
    shown.reprcrash.path, shown.reprcrash.lineno = str(item.path), place.lineno
    return shown


def record_text(record: dict[str, Any]) -> str:
    """One check in a line."""
    points = record["passed"] + record["inconclusive"]
    counts = f", {points} point{plural(points)}" if points else ""
    modes = ", ".join(record["modes"])
    text = f"{record['function']}: {record['verdict']}, order {record['order']}, modes {modes}"
    left_out = "".join(f"; left out: {law}: {why}" for law, why in record["left_out"].items())
    return text + counts + left_out


def counts_text(records: Iterable[dict[str, Any]], profile: str) -> str:
    """The number of functions that were checked, by result, in words."""
    functions: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        functions.setdefault(record["function"], []).append(record)
    counts: dict[str, int] = {}
    for several in functions.values():
        verdicts = {record["verdict"] for record in several}
        order = max(record["order"] for record in several)
        worst = next((v for v in ("fail", "error", "inconclusive") if v in verdicts), None)
        what = {"fail": "wrong", "error": "with errors"}.get(worst or "", worst)
        what = what or f"to order {order}"
        counts[what] = counts.get(what, 0) + 1
    parts = [f"{counts[what]} {what}" for what in sorted(counts, key=rank)]
    n = len(functions)
    return f"{n} function{plural(n)} checked (profile {profile}): {', '.join(parts)}"


def rank(what: str) -> tuple[bool, int, str]:
    """The place of a count in a line: higher orders first, then what did not pass."""
    order = what.removeprefix("to order ")
    return (order == what, 0 if order == what else -int(order), what)


def left_out_text(records: Iterable[dict[str, Any]]) -> str:
    """The laws that were left out, each with the number of functions, in words."""
    functions: dict[str, set[str]] = {}
    for record in records:
        for law in record["left_out"]:
            functions.setdefault(law, set()).add(record["function"])
    counts = ((law, len(names)) for law, names in functions.items())
    return "; ".join(f"{law} (of {n} function{plural(n)})" for law, n in counts)


def plural(n: int) -> str:
    """The ending of a noun that is counted."""
    return "" if n == 1 else "s"
