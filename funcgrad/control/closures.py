"""What a Python function holds on to besides its arguments, and staging it once for all uses."""

from __future__ import annotations

import dis
import functools
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .. import arrays
from ..context import current
from ..core.dtypes import is_inexact
from ..core.tracing import Tracer
from ..equality import exact_key
from ..transforms.staging import as_written

MOST_HELD = 10_000
"""How many objects are looked at that a function holds on to."""

LARGE = 1 << 20
"""Bytes from which an array that is closed over is not compared with what it was."""


def closes_over_tracer(x: Any, seen: set[int]) -> bool:
    """True if a function (or a container of functions) holds on to a tracer."""
    if isinstance(x, Tracer):
        return True
    if id(x) in seen or len(seen) > MOST_HELD or isinstance(x, type | ModuleType | str | bytes):
        return False
    seen.add(id(x))
    return any(closes_over_tracer(p, seen) for _, p in _parts(x))


def _parts(x: Any) -> Iterator[tuple[str, Any]]:
    """The objects that an object holds on to, each with the kind of place that holds it."""
    if isinstance(x, FunctionType):
        own = _stored_names(x.__code__)
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or (), strict=True):
            try:
                yield ("own" if name in own else "fixed"), cell.cell_contents
            except ValueError:  # the cell is empty still
                continue
        for value in (*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()):
            yield "fixed", value
    elif isinstance(x, dict):
        for value in list(x.values()):
            yield "changing", value
    elif isinstance(x, tuple | frozenset):
        for value in x:
            yield "fixed", value
    elif isinstance(x, list | set):
        for value in list(x):
            yield "changing", value
    elif isinstance(x, functools.partial):
        for value in (x.func, *x.args, *x.keywords.values()):
            yield "fixed", value
    elif isinstance(x, MethodType):
        yield "fixed", x.__self__
        yield "fixed", x.__func__
    else:
        for value in list(getattr(x, "__dict__", {}).values()):
            yield "fixed", value


@functools.lru_cache(maxsize=4096)
def _stored_names(code: CodeType) -> frozenset[str]:
    """The variables of enclosing functions that a function assigns to: counters and the like."""
    return frozenset(
        i.argval
        for i in dis.get_instructions(code)
        if i.opname == "STORE_DEREF" and i.argval in code.co_freevars
    )


def closure_state(fun: Any) -> list[Any] | None:
    """The values that a function holds on to; None if they cannot be told.

    Numbers and strings in lists, dicts and variables that the function itself assigns to are
    left out: a pure function does not read what it changes.
    """
    found: list[Any] = []
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("fixed", fun)]
    while waiting:
        place, x = waiting.pop()
        if isinstance(x, bool | int | str | bytes | type(None)):
            if place == "fixed":
                found.append(exact_key(x))
        elif isinstance(x, float | complex | np.generic):
            if place != "own":
                found.append(exact_key(x))
        elif isinstance(x, Tracer | type | ModuleType):
            found.append(x)
        elif arrays.is_array(x):
            if x.nbytes > LARGE or not isinstance(x, np.ndarray):
                return None
            found.append((x, x.copy()))
        elif id(x) not in seen:
            seen.add(id(x))
            if len(seen) > MOST_HELD:
                return None
            found.append(x)
            waiting += _parts(x)
    return found


def same_state(before: list[Any] | None, now: list[Any] | None) -> bool:
    """True if a function still holds on to what it did."""
    if before is None or now is None or len(before) != len(now):
        return False
    return all(_same(a, b) for a, b in zip(before, now, strict=True))


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not tuple or type(b) is not tuple:
        return False
    if isinstance(a[0], np.ndarray):
        return a[0] is b[0] and np.array_equal(a[1], b[1], equal_nan=is_inexact(a[1].dtype))
    return a == b


def staged_once(fun: Any, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The result of ``make``; while an outer function is being staged, it is made once.

    Args:
        fun: the user's function that ``make`` runs.
        key: what the result depends on besides: structures, abstract values, settings.
        make: makes the result.

    Returns:
        The result, or that of an earlier use of the same function in the function that is being
        staged, if it holds on to the same values still.
    """
    here = current()
    body = here.body
    if body is None:
        return make()
    frames = tuple((name, id(trace)) for name, trace in here.axes.items())
    try:
        hash(fun)
    except TypeError:
        return make()
    key = (fun, key, frames, here.settings, as_written())
    state = closure_state(fun)
    known = body.staged.get(key)
    if known is not None and same_state(known[0], state):
        return known[1]
    result = make()
    body.staged[key] = (state, result)
    return result
