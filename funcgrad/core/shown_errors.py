"""Which error users get to see, and which of its frames."""

from __future__ import annotations

import opcode
import os
from collections.abc import Iterator
from types import FrameType, TracebackType

from ..errors import FuncgradError
from . import scipy_calls
from .blame import blamed
from .source import INTERNAL, OURS


def show_full_tracebacks() -> bool:
    """True if FUNCGRAD_TRACEBACK=full asks for our frames too."""
    return os.environ.get("FUNCGRAD_TRACEBACK") == "full"


def better_error(error: Exception, caller: FrameType | None) -> Exception | None:
    """The error to raise in place of one that a user's call raised; None to raise that one.

    Tracebacks are cut down to the users' frames. What one of ours called leaves errors alone: the
    one that the user called sees them, too.
    """
    if caller is not None and OURS[caller.f_code.co_filename]:
        return None
    full = show_full_tracebacks()
    ours, better = wrapped_by_numpy(error) or dropped_by_scipy(error), None
    if ours is None:
        try:
            better = blamed(error)
        except Exception:  # a value whose repr fails, for example: the error itself is shown
            better = None
    shown = ours or better
    if shown is not None:
        shown.__traceback__ = error.__traceback__
    if better is not None:
        better.__context__ = error.__context__
        if full:
            better.__cause__ = error
    if not full:
        for e in chain_of(error if shown is None else shown):
            e.__traceback__ = without_internal(e.__traceback__)
    return shown


REPLACED = (TypeError, ValueError, SystemError)
"""Errors that NumPy and C code of SciPy's raise in the place of others."""


def wrapped_by_numpy(error: Exception) -> Exception | None:
    """Our error, where NumPy replaced it by one of its own: ``a[i] = traced`` does.

    So does C code of SciPy's that goes on in spite of an error.

    It is NumPy's only if our error never reached a frame of the user's, who would have caught it,
    and if the error that replaced it was not raised by a statement of the user's.
    """
    for _ in range(4):
        tb = error.__traceback__
        if type(error) not in REPLACED and not scipy_calls.is_in_scipy(tb):
            return None
        if raised_by_user(tb):
            return None
        ours = error.__cause__ or error.__context__
        if not isinstance(ours, Exception) or ours.__traceback__ is None:
            return None
        if not all(INTERNAL[tb.tb_frame.f_code.co_filename] for tb in entries(ours.__traceback__)):
            return None
        if isinstance(ours, FuncgradError):
            return ours
        error = ours
    return None


def dropped_by_scipy(error: Exception) -> Exception | None:
    """Our error, where C code of SciPy's dropped it and went on until another one came."""
    tb = error.__traceback__
    if isinstance(error, FuncgradError) or raised_by_user(tb):
        return None
    return scipy_calls.dropped(tb)


def entries(tb: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, outermost first."""
    while tb is not None:
        yield tb
        tb = tb.tb_next


def raised_by_user(tb: TracebackType | None) -> bool:
    """True if a ``raise`` in a frame of the user's started a traceback."""
    found = list(entries(tb))
    return (
        bool(found)
        and not INTERNAL[found[-1].tb_frame.f_code.co_filename]
        and (at_raise(found[-1]))
    )


def at_raise(tb: TracebackType) -> bool:
    """True if an entry of a traceback is at a ``raise`` statement."""
    return opcode.opname[tb.tb_frame.f_code.co_code[tb.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An error, its causes and contexts, and the members of groups."""
    waiting, seen = [error], {id(error)}
    while waiting:
        e = waiting.pop()
        yield e
        others = [e.__cause__, e.__context__]
        if isinstance(e, BaseExceptionGroup):
            others += e.exceptions  # pyright: ignore[reportUnknownMemberType]
        for other in others:
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def without_internal(tb: TracebackType | None) -> TracebackType | None:
    """A traceback without funcgrad's own frames."""
    found = [e for e in entries(tb) if not OURS[e.tb_frame.f_code.co_filename]]
    result: TracebackType | None = None
    for e in reversed(found):
        result = TracebackType(result, e.tb_frame, e.tb_lasti, e.tb_lineno)
    return result
