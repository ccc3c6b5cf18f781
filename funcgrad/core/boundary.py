"""Short tracebacks: users see their own lines and at most one frame of ours."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextvars import ContextVar
from types import FunctionType, TracebackType
from typing import Any, TypeVar

from ..errors import FuncgradError, TracerError
from .portable import Portable, portable
from .source import OURS

F = TypeVar("F", bound=Callable[..., Any])

result_observer: ContextVar[Any] = ContextVar("funcgrad_result_observer", default=None)
"""Called with (function, args, kwargs, result) when a function that users call returns."""


def show_full_tracebacks() -> bool:
    """Whether FUNCGRAD_TRACEBACK=full asks for our frames too."""
    return os.environ.get("FUNCGRAD_TRACEBACK") == "full"


def user_facing(fun: F) -> F:
    """Wrap a function that users call, so that errors inside show only the users' frames.

    A function made inside of another one, and one that is returned, can be pickled.
    """
    if "<locals>" in fun.__code__.co_qualname:
        return UserFacing(fun)  # type: ignore[return-value]

    @functools.wraps(fun)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            result = fun(*args, **kwargs)
            observe = result_observer.get()
            if observe is not None:
                observe(fun, args, kwargs, result)
            return result if type(result) is not FunctionType else portable(result)
        except Exception as error:
            shown = shown_error(error)
            try:
                raise shown from shown.__cause__
            finally:
                del shown  # no cycle of error, traceback and frame keeps arrays alive

    return wrapper  # type: ignore[return-value]


class UserFacing(Portable):
    """A function that users call and that was made inside of another one."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            result = self.run(*args, **kwargs)
            observe = result_observer.get()
            if observe is not None:
                observe(self.run, args, kwargs, result)
            return result
        except Exception as error:
            shown = shown_error(error)
            try:
                raise shown from shown.__cause__
            finally:
                del shown  # no cycle of error, traceback and frame keeps arrays alive


def shown_error(error: Exception) -> Exception:
    """The error that users get to see, with a traceback of their frames."""
    if show_full_tracebacks():
        return error
    shown = our_error(error)
    return shown.with_traceback(without_internal(error.__traceback__))


def our_error(error: Exception) -> Exception:
    """The error to show: ours, where NumPy wrapped it in one of its own."""
    if isinstance(error, FuncgradError):
        return error
    cause = error.__cause__ or error.__context__
    if isinstance(cause, TracerError) and isinstance(error, TypeError | ValueError):
        cause.__cause__ = None
        cause.__suppress_context__ = True
        return cause
    return error


def without_internal(tb: TracebackType | None) -> TracebackType | None:
    """A traceback without funcgrad's own frames."""
    frames = []
    while tb is not None:
        if not OURS[tb.tb_frame.f_code.co_filename]:
            frames.append(tb)
        tb = tb.tb_next
    result: TracebackType | None = None
    for frame in reversed(frames):
        result = TracebackType(result, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return result
