"""Short tracebacks: users see their own lines, and the errors that they raised themselves."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, ParamSpec, TypeVar

from .. import arrays
from ..context import current
from .deferred import Deferred
from .dtypes import MODULES
from .pickling import Portable, is_inner
from .small_floats import drawn_in_single, run_lifted

if TYPE_CHECKING:
    from . import shown_errors
else:
    shown_errors = Deferred("funcgrad.core.shown_errors", globals())

gpu_module: Callable[[], ModuleType | None] = arrays.loaded_cupy

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")


_OF_ARRAYS_AS_THEY_ARE = tuple(
    f"funcgrad.{name}"
    for name in (
        "api.devices", "api.lowering", "api.looking_inside", "api.staging", "api.to_source",
        "arrays", "debug", "equality", "numpy.indexing.in_place", "testing", "train", "tree",
    )
)  # fmt: skip
"""Modules of functions that take arrays apart, or change them, but do not compute with them."""


_DRAWN_AS_ASKED = ("bits", "randint", "uniform")
"""Functions of funcgrad.random that draw small floats, or refuse them, themselves."""


def user_facing(fun: F) -> F:
    """Wrap a function that users call, so that errors inside show only the users' frames.

    A function made inside of another one, and one that is returned, can be pickled.
    """
    if "<locals>" in fun.__qualname__:
        return UserFacing(fun)  # type: ignore[return-value]

    lifts = not fun.__module__.startswith(_OF_ARRAYS_AS_THEY_ARE)
    draws = fun.__module__.startswith("funcgrad.random.") and fun.__name__ not in _DRAWN_AS_ASKED

    @functools.wraps(fun)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            if lifts and "ml_dtypes" in MODULES:
                run = drawn_in_single(fun) if draws else fun
                result = run_lifted(run, args, kwargs)
            elif gpu_module() is None:
                result = fun(*args, **kwargs)
            else:
                result = arrays.run_there(fun, args, kwargs)
            observe = current().observer
            if observe is not None:
                observe(fun, args, kwargs, result)
            return result if type(result) is not FunctionType else facing(result)
        except Exception as error:
            shown = shown_errors.better_error(error, sys._getframe().f_back)
            if shown is None:
                raise  # an error of the user's keeps its cause and context
            kept = shown.__traceback__, shown.__context__
            try:
                raise shown
            except Exception:
                shown.__traceback__, shown.__context__ = kept
                raise
            finally:
                del shown, kept  # no cycle of error, traceback and frame keeps arrays alive

    return wrapper  # type: ignore[return-value]


def facing(fun: V) -> V:
    """A function as users get to call it: made inside of one of ours, it is wrapped."""
    return UserFacing(fun) if is_inner(fun) else fun  # type: ignore[arg-type,return-value]


class Facing(Generic[P, R]):
    """Something that users call: what ``run`` raises shows only the users' frames."""

    __slots__ = ()

    lifts: ClassVar[bool] = True
    """True if it sees arrays of small floats as transformations do: see ``small_floats``."""

    run: Callable[P, R]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            if "ml_dtypes" in MODULES and self.lifts:
                result = run_lifted(self.run, args, kwargs)
            elif gpu_module() is None:
                result = self.run(*args, **kwargs)
            else:
                result = arrays.run_there(self.run, args, kwargs)
            observe = current().observer
            if observe is not None:
                observe(self.observed, args, kwargs, result)
            return result
        except Exception as error:
            shown = shown_errors.better_error(error, sys._getframe().f_back)
            if shown is None:
                raise
            kept = shown.__traceback__, shown.__context__
            try:
                raise shown
            except Exception:
                shown.__traceback__, shown.__context__ = kept
                raise
            finally:
                del shown, kept  # no cycle of error, traceback and frame keeps arrays alive

    @property
    def observed(self) -> Any:
        """The function that an observer of results is told of."""
        return self.run


class UserFacing(Facing[..., Any], Portable):
    """A function that users call and that was made inside of another one."""

    __slots__ = ()
