"""Why a jitted function was traced again, and refusing that."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from .. import arrays, tree
from ..context import within
from ..core.avals import WEAK_DTYPES
from ..core.tracing import Tracer, aval_of
from ..errors import RetraceError
from ..typing import PyTreeSpec
from .jit_arguments import Given

MOST_TRACES = 64
"""So many traces are compared with a new one; the oldest are forgotten."""

MOST_DIFFERENCES = 4
"""So many differences are named."""


class CacheInfo(NamedTuple):
    """How often a jitted function found its program.

    Attributes:
        hits: calls that ran a program which was there.
        misses: traces.
        maxsize: so many signatures are kept.
        currsize: so many there are now.
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int


class Trace:
    """What the trace of a jitted function depended on, in words."""

    def __init__(self, given: Given, axes: Mapping[Any, Any]) -> None:
        args, static = given.args, given.static
        self.in_tree: PyTreeSpec = tree.structure((args, given.kwargs))
        self.given: list[str] = [_described(x) for x in given.leaves]
        none: Mapping[int, object] = {}
        fixed = static.fixed if static else none
        self.positions: list[int] = [i for i in range(len(args) + len(fixed)) if i not in fixed]
        self.static: dict[str, tuple[Any, str]] = {}
        if static is not None:
            keys: Any = static.key
            values = (*fixed.values(), *static.named.values())
            for (place, key), value in zip(keys, values, strict=True):
                self.static[repr(place)] = (key, _short(value))
        self.as_written: bool = given.as_written
        self.axes: dict[Any, int] = {name: trace.size for name, trace in axes.items()}
        self.captures: bool = False

    def leaves(self) -> dict[str, str]:
        """What stood at each path."""
        return dict(zip(map(self._path, self.in_tree.paths()), self.given, strict=True))

    def _path(self, path: tuple[Any, ...]) -> str:
        by_name, first, *rest = path
        root = f"kwargs[{first!r}]" if by_name else f"args[{self.positions[first]}]"
        return tree.format_path(tuple(rest), root)


def _described(x: Any) -> str:
    """A leaf as signatures tell it from others."""
    aval = str(aval_of(x))
    if isinstance(x, Tracer):
        return f"{aval}, traced by a transformation"
    if type(x) in WEAK_DTYPES:
        return f"{aval}, a Python {type(x).__name__}"
    return f"{aval} on GPU {x.device.id}" if arrays.is_gpu_array(x) else aval


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}...{text[-12:]}"


class Traces:
    """The latest traces of a jitted function."""

    def __init__(self, owner: str) -> None:
        self.owner: str = owner
        self.latest: deque[Trace] = deque(maxlen=MOST_TRACES)
        self.count: int = 0

    def add(self, trace: Trace, refused: bool) -> None:
        """Note that the function is traced now; raise if it must not be, again."""
        if refused and self.latest:
            raise RetraceError(
                f"{self.owner} would be traced again inside of no_retrace(): "
                f"{self._reason(trace, self.latest)}."
            )
        self.latest.append(trace)
        self.count += 1

    def explain(self) -> str:
        """Why the function was traced last."""
        if not self.latest:
            return f"{self.owner} has not been traced yet."
        *before, last = self.latest
        if not before:
            return f"{self.owner} was traced for the first time."
        return f"{self.owner} was traced again: {self._reason(last, before)}."

    def _reason(self, last: Trace, before: Sequence[Trace]) -> str:
        """How a trace differs from the earlier one that it is most like."""
        if last.captures or any(t.captures for t in before):
            return "it closes over values that are traced, and has a program for none of its calls"
        ways = [list(_differences(earlier, last)) for earlier in reversed(before)]
        found = min(ways, key=len)
        if not found:
            return "its program for these arguments was forgotten"
        more = len(found) - MOST_DIFFERENCES
        text = "; ".join(found[:MOST_DIFFERENCES])
        return f"{text}; and {more} more" if more > 0 else text


def _differences(before: Trace, now: Trace) -> Iterator[str]:
    """How the second trace differs from the first, in words."""
    old, new = before.leaves(), now.leaves()
    for path in [*old, *(p for p in new if p not in old)]:
        if path not in new:
            yield f"{path} is not there; it was {old[path]}"
        elif path not in old:
            yield f"{path} is new: {new[path]}"
        elif old[path] != new[path]:
            yield f"{path} was {old[path]}, is {new[path]}"
    if list(old) == list(new) and str(before.in_tree) != str(now.in_tree):
        yield f"the structure of (args, kwargs) was {before.in_tree}, is {now.in_tree}"
    for place in [*before.static, *(p for p in now.static if p not in before.static)]:
        was, there = before.static.get(place), now.static.get(place)
        if was is None or there is None:
            yield f"the static argument {place} was {_said(was)}, is {_said(there)}"
        elif was[0] != there[0]:
            same = was[1] == there[1]
            says = f"another object than {was[1]}" if same else f"{there[1]}, was {was[1]}"
            yield f"the static argument {place} is {says}"
    if before.axes != now.axes:
        yield f"the named axes in scope were {before.axes or 'none'}, are {now.axes or 'none'}"
    if before.as_written != now.as_written:
        yield (
            "it is called where formulas are kept as they are written (stabilize=False)"
            if now.as_written
            else "it is called where formulas are stabilized"
        )


def _said(static: tuple[Any, str] | None) -> str:
    return "not given" if static is None else static[1]


def no_retrace() -> AbstractContextManager[None]:
    """Refuse, inside a ``with`` block, to trace a jitted function again that has been traced.

    A retrace costs far more than a call, and shows in nothing but the time. A function that is
    traced for the first time is no error. Inside of the block calls are as fast as outside.

    Returns:
        A context manager. Inside, a call that would have to be traced again raises RetraceError,
        which names the argument that differs from before, and how.

    >>> import numpy as np
    >>> import funcgrad as fg
    >>> f = fg.jit(lambda x: x + 1)
    >>> with fg.no_retrace():
    ...     a = f(np.ones(3))
    ...     b = f(np.ones(4))
    Traceback (most recent call last):
    ...
    funcgrad.errors.RetraceError: jit of ... args[0] was f64[3], is f64[4].
    """
    return within(retracing_refused=True)
