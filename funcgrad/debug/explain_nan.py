"""explain_nan: which operation made a result infinite or NaN, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import tree
from ..api.jit import Jitted
from ..api.stabilize import stabilize
from ..context import current, enter, leave
from ..core.tracebacks import user_facing
from ..core.tracing import owner_name
from ..transforms.opened import Recording
from ..typing import ArrayLike, PyTree
from .accuracy import rewrites_by_line
from .events import Event, bad_elements, find_events
from .recorded_calls import is_real_or_complex, on_host, place_of, recorded_call
from .remedies import remedy, steep_operators


class NanReport:
    """The operations that the infinities and NaN of a result come from.

    Attributes:
        finite: whether the result is finite, as the function gives it.
        arguments: a line for every argument that is not finite.
        results: a line for every leaf of the result that is not finite.
        forward: the first forward operation that makes one out of finite operands, or None.
        backward: the first operation of a backward pass that does, or None.
        first_infinite: the first operation that makes an infinity, or None.
        first_nan: the first that makes a NaN, of finite or infinite operands, or None.
        events: all these in order, as ``Event``.
        remedies: a sentence per event, or "".
        notes: what else is to be said.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.finite = True
        self.arguments: list[str] = []
        self.results: list[str] = []
        self.forward: Event | None = None
        self.backward: Event | None = None
        self.first_infinite: Event | None = None
        self.first_nan: Event | None = None
        self.events: list[Event] = []
        self.remedies: list[str] = []
        self.notes: list[str] = []

    def choose(self, events: list[Event]) -> None:
        """Keep those events that come first in some respect."""
        made = [e for e in events if not e.from_infinity]
        self.forward = first(e for e in made if not e.backward)
        self.backward = first(e for e in made if e.backward)
        self.first_infinite = first(e for e in events if e.kind == "inf")
        self.first_nan = first(e for e in events if e.kind == "nan")
        chosen = (self.forward, self.backward, self.first_infinite, self.first_nan)
        self.events = [e for e in events if any(e is c for c in chosen)]

    def __repr__(self) -> str:
        if self.finite and not self.events:
            return "\n".join([f"{self.title}: the result is finite, no NaN", *self.notes])
        lines = [f"{self.title}: the result is {'' if self.finite else 'not '}finite"]
        lines += [*self.results, *self.arguments]
        for event, text in zip(self.events, self.remedies, strict=True):
            lines.append(f"{self.headline(event)}: {event}")
            lines += [f"    {event.line}"] if event.line else []
            lines += [f"  {text}"] if text else []
        return "\n".join([*lines, *self.notes])

    def headline(self, event: Event) -> str:
        """The words before an event."""
        if event is self.first_infinite:
            return "first infinite value"
        if event is self.first_nan:
            return "first NaN, out of an infinity" if event.from_infinity else "first NaN"
        return "first in the backward pass" if event.backward else "first in the forward pass"


def first(events: Iterable[Event]) -> Event | None:
    """The first of some events, or None."""
    return next(iter(events), None)


def describe_leaves(value: PyTree, root: str) -> list[str]:
    """A line for every leaf of a pytree that is not finite."""
    return [
        line
        for path, x in tree.leaves_with_path(value)
        if is_real_or_complex(x)
        for line in describe(x, tree.format_path(path, root))
    ]


def describe(x: ArrayLike, name: str) -> list[str]:
    """A line for an array that is not finite: how many elements, and the first."""
    x = np.asarray(on_host(x))
    bad = bad_elements(x)
    if not bad.any():
        return []
    if not x.ndim:
        return [f"{name} is {x}"]
    index = [int(i[0]) for i in np.nonzero(bad)]
    count = int(bad.sum())
    return [f"{name} is {x[tuple(index)]} at {index}, one of {count} of {x.size} elements"]


def visible(result: PyTree) -> list[Any]:
    """The arrays of a result; not those inside of functions that it holds."""
    return [x for x in tree.leaves(result, is_leaf=callable) if is_real_or_complex(x)]


def is_finite(result: PyTree) -> bool:
    """True if all arrays of a result are finite."""
    return not any(bad_elements(on_host(x)).any() for x in visible(result))


def explain(fun: Callable[..., Any], args: PyTree, kwargs: PyTree, title: str) -> NanReport:
    """The report of a call; see ``explain_nan``."""
    report = NanReport(title)
    token = enter(current().having(observer=None))
    try:
        call = recorded_call(fun, args, kwargs, title)
        if is_finite(call.recording.outs):
            report.notes = notes_of_finite(fun, args, kwargs)
            return report
        with np.errstate(all="ignore"):
            report.finite = is_finite(fun(*args, **kwargs))
        report.results = describe_leaves(call.result(), "result")
        if not report.finite:
            report.arguments = [f"argument {line}" for line in describe_leaves(args, "args")]
            report.arguments += [f"argument {line}" for line in describe_leaves(kwargs, "kwargs")]
        events, taking = find_events(call.recording)
        report.choose(events)
        rewrites = rewrites_by_line(fun, args, kwargs)
        report.remedies = remedies_of(report.events, call.recording, rewrites)
        report.notes = notes_of(report, fun, args, kwargs)
        if taking and not report.arguments:
            at = f" at {taking[0].source}" if taking[0].source else ""
            report.notes.append(f"a constant that is not finite enters{at}")
        elif not report.events and not report.arguments:
            report.notes.append("it is made of constants alone, not of an argument")
    finally:
        leave(token)
    return report


def remedies_of(events: list[Event], recording: Recording, rewrites: dict[Any, str]) -> list[str]:
    """A sentence per event."""
    return [
        remedy(
            e,
            steep_operators(recording.operations, e.source) if e.backward else (),
            rewrites.get(place_of(e.source), ""),
        )
        for e in events
    ]


def notes_of_finite(fun: Callable[..., Any], args: PyTree, kwargs: PyTree) -> list[str]:
    """True if a jitted function is finite only because jit has replaced formulas."""
    if not isinstance(fun, Jitted):
        return []
    with np.errstate(all="ignore"):
        plain = is_finite(fun.fun(*args, **kwargs))
    if plain:
        return []
    return ["jit makes it so, with stable formulas: without jit the result is not finite"]


def notes_of(report: NanReport, fun: Callable[..., Any], args: PyTree, kwargs: PyTree) -> list[str]:
    """True if jit or stabilize make the result finite."""
    if report.finite:
        return ["as jit runs it, with stable formulas, the result is finite"]
    try:
        with np.errstate(all="ignore"):
            stable = is_finite(stabilize(fun)(*args, **kwargs))
    except Exception:  # functions that cannot be staged are explained all the same
        return []
    return ["funcgrad.stabilize of the function gives a finite result"] if stable else []


@user_facing
def explain_nan(fun: Callable[..., Any]) -> Callable[..., NanReport]:
    """A function that explains infinities and NaN in the result of ``fun``.

    The function is run with all its operations recorded, those of derivatives, jitted functions,
    loops and branches included, and the result is followed back to the operations that made a
    value which is not finite out of finite ones, and that made a NaN. Elements that no such result
    is made of, like those of a branch of ``np.where`` that is not taken, do not count.

    Args:
        fun: function of arrays, numbers or pytrees of them, transformed or not.

    Returns:
        A function of the same arguments that returns a ``NanReport``; printed, it names the first
        operations with operands, lines of code and remedies, and arguments that are not finite.

    Raises:
        LinAlgError: as ``fun`` does on plain arrays.

    >>> import funcgrad as fg
    >>> report = explain_nan(fg.grad(lambda x: np.sqrt(np.sum(x**2))))(np.zeros(2))
    >>> report.first_infinite.operation.primitive.name, report.first_infinite.backward
    ('div', True)
    >>> "np.linalg.norm" in report.remedies[0]
    True
    >>> explain_nan(np.sin)(1.0)
    explain_nan of sin: the result is finite, no NaN
    """
    owner = owner_name("explain_nan", fun)

    @user_facing
    def explained(*args: PyTree, **kwargs: PyTree) -> NanReport:
        return explain(fun, args, kwargs, owner)

    return explained
