"""What a Python function holds on to besides its arguments."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from types import FunctionType, MethodType, ModuleType
from typing import Any

from ..core.tracing import Tracer


def closes_over_tracer(x: Any, seen: set[int]) -> bool:
    """Whether a function (or a container of functions) holds on to a tracer."""
    if isinstance(x, Tracer):
        return True
    if id(x) in seen or len(seen) > 10_000 or isinstance(x, type | ModuleType | str | bytes):
        return False
    seen.add(id(x))
    if isinstance(x, FunctionType):
        cells = [c.cell_contents for c in x.__closure__ or () if not _empty(c)]
        parts: Iterable[Any] = [*cells, *(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
    elif isinstance(x, dict):
        parts = x.values()
    elif isinstance(x, list | tuple | set | frozenset):
        parts = x
    elif isinstance(x, functools.partial):
        parts = [x.func, *x.args, *x.keywords.values()]
    elif isinstance(x, MethodType):
        parts = [x.__self__, x.__func__]
    else:
        parts = getattr(x, "__dict__", {}).values()
    return any(closes_over_tracer(p, seen) for p in parts)


def _empty(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False
