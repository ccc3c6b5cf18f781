"""Checks of functions, one after the other; what one does leaves the results of others alone."""

from __future__ import annotations

import contextlib
import io
import signal
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import Any

from ...core.source import where_defined
from ...errors import DifferentiationError
from ..gradcheck import SMALLEST, gradcheck
from ..reports import records
from ..reports.report import Finding, GradientCheckError
from .discovery import Case
from .errors import first_line
from .settings import Chosen, domain_of

VERDICTS = ("pass", "fail", "error", "inconclusive")


@dataclass
class Result:
    """The outcome of the check of one function.

    ``verdict`` is 'pass', 'fail', 'inconclusive', 'error' (the function raised one, or took too
    long), or 'unchecked' if it was only guessed how it is called, and that was wrong.
    """

    name: str
    place: str
    kind: str
    source: str
    settings: Chosen
    verdict: str
    seconds: float
    points: int = 0
    inconclusive: int = 0
    rejected: int = 0
    order: int = 0
    modes: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    message: str = ""
    finding: dict[str, Any] | None = None
    example: str = ""
    code: str = ""


class TimedOut(BaseException):
    """A function took longer than it may; not an Exception, so that none of its own is meant."""


SOON = 0.01
"""Seconds until an alarm that came in a finalizer comes again."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimedOut after some seconds, where the system has alarms; 0 is no limit."""
    possible = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
    if not possible or not seconds:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if in_finalizer(frame):
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            raise TimedOut

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def in_finalizer(frame: FrameType | None) -> bool:
    """Whether Python would drop an exception that is raised here."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename == weakref.__file__:
            return True
        frame = frame.f_back
    return False


def checked(case: Case, settings: Chosen, timeout: float) -> Result:
    """The result of one function, whatever it raises except KeyboardInterrupt."""
    records.take()
    start = time.perf_counter()
    error = raised(lambda: check(case, settings), timeout)
    seconds = time.perf_counter() - start
    taken = records.take()
    result = Result(
        name=case.name,
        place=where_defined(case.function),
        kind=case.kind,
        source=case.source_hash(),
        code=case.code(),
        settings=settings,
        verdict="pass" if error is None else "error",
        seconds=seconds,
        order=settings.order,
        modes=settings.modes,
    )
    if taken:
        record = taken[-1]
        result.verdict, result.order, result.modes = record.verdict, record.order, record.modes
        result.points, result.inconclusive = record.passed, record.inconclusive
        result.rejected, result.left_out = record.rejected, record.left_out
        result.example = named_example(case, record.example)
    if isinstance(error, TimedOut):
        result.message = f"stopped after {timeout:g} s"
    elif error is not None:
        result.message = str(error).partition("\n\n" + SMALLEST)[0]
    if isinstance(error, GradientCheckError):
        result.finding = plain(error.finding)
    elif error is not None and not isinstance(error, TimedOut):
        result.message = f"{type(error).__name__}: {result.message}".rstrip(": ")
        fits = isinstance(error, DifferentiationError) or bool(taken and taken[-1].fits)
        if case.kind == "annotated" or (case.kind == "rule" and not fits):
            result.verdict, result.message = "unchecked", first_line(error)
            if not fits:
                result.message += " (use check_derivatives to say what its arguments are)"
    return result


def check(case: Case, settings: Chosen) -> None:
    """Check the derivatives of a function."""
    options: dict[str, Any] = {
        "order": settings.order,
        "modes": settings.modes,
        "seed": settings.seed,
        "profile": settings.profile,
    }
    if case.check is not None:
        case.function.check_derivatives(**options)
    else:
        gradcheck(case.function, domain=domain_of(settings.domain), **options)


def raised(call: Callable[[], None], timeout: float) -> BaseException | None:
    """The error that a call raises; what it prints and warns of is not shown."""
    try:
        with (
            time_limit(timeout),
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error
    return None


def named_example(case: Case, example: str) -> str:
    """The program of a failure, with the import of what it cannot import by itself."""
    module, _, name = case.name.partition(":")
    if case.kind != "claim" or not example or "." in name:
        return example
    return example.replace("\n\n", f"\nfrom {module} import {name} as f\n\n", 1)


def plain(finding: Finding) -> dict[str, Any]:
    """A finding in values that JSON has."""
    values = asdict(finding)
    for key in ("expected", "found"):
        values[key] = str(values[key])
    values["index"] = None if finding.index is None else list(finding.index)
    return values
