"""What holds while code runs: one object with a field for each thing that is dynamic.

A context is never changed: to enter another one is to replace it until its token is given back.
Threads start with a context of their own in which nothing holds, and tasks with that of their
creator, as for any ``contextvars.ContextVar``, of which there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any


class Running:
    """The traces that the function which is being run belongs to.

    ``body`` is the staging trace that records it: operations that may raise or have an effect go
    there even if all their operands come from outside, since the body may be a branch that is not
    taken. ``lanes`` is the batching trace that runs it for many examples at once: effects go there,
    to happen once per example. ``level`` is that of the newer one.
    """

    __slots__ = ("body", "lanes", "level")

    def __init__(self, body: Any, lanes: Any, level: int) -> None:
        self.body: Any = body
        self.lanes: Any = lanes
        self.level: int = level


class Place:
    """The source of the equation that is being evaluated or transposed, for those who record it.

    Who goes through equations makes one, and moves it from equation to equation.
    """

    __slots__ = ("source",)

    def __init__(self, source: Any = None) -> None:
        self.source: Any = source


NO_AXES: Mapping[Any, Any] = {}
NO_RULES: frozenset[int] = frozenset()


class Context:
    """Everything that holds dynamically.

    Attributes:
        running: what the function that is being run belongs to.
        axes: the named axes in scope: name -> the batching trace that owns the axis.
        place: where those are who go through equations for someone who records them.
        recorder: the trace that records concrete values of all operations.
        observer: called with (function, args, kwargs, result) when a function that users call
            returns.
        key_uses: what records the uses of random keys.
        jit_disabled: whether jitted functions and loops run as plain Python.
        rules_ignored: whether functions with derivative rules of their own are differentiated as
            if they had none.
        rules_staged: functions whose rules are being staged.
        checks_mutation: whether derivatives look whether their residuals were overwritten.
        device: where new arrays are made; None is the CPU.
        profile: the effort of derivative checks.
        retracing_refused: whether jitted functions refuse to be traced again.
        restarted: whether a function is differentiated that was begun before, see ``Restart``.
    """

    __slots__ = (
        "axes", "checks_mutation", "device", "jit_disabled", "key_uses", "observer", "place",
        "profile", "recorder", "restarted", "retracing_refused", "rules_ignored", "rules_staged",
        "running",
    )  # fmt: skip

    def __init__(
        self,
        running: Running | None = None,
        axes: Mapping[Any, Any] = NO_AXES,
        place: Place | None = None,
        recorder: Any = None,
        observer: Callable[..., object] | None = None,
        key_uses: Any = None,
        jit_disabled: bool = False,
        rules_ignored: bool = False,
        rules_staged: frozenset[int] = NO_RULES,
        checks_mutation: bool = False,
        device: Any = None,
        profile: str = "ci",
        retracing_refused: bool = False,
        restarted: bool = False,
    ) -> None:
        self.running: Running | None = running
        self.axes: Mapping[Any, Any] = axes
        self.place: Place | None = place
        self.recorder: Any = recorder
        self.observer: Callable[..., object] | None = observer
        self.key_uses: Any = key_uses
        self.jit_disabled: bool = jit_disabled
        self.rules_ignored: bool = rules_ignored
        self.rules_staged: frozenset[int] = rules_staged
        self.checks_mutation: bool = checks_mutation
        self.device: Any = device
        self.profile: str = profile
        self.retracing_refused: bool = retracing_refused
        self.restarted: bool = restarted

    def having(self, **changes: Any) -> Context:
        """The same context but for some fields."""
        fields = {name: getattr(self, name) for name in Context.__slots__}
        fields.update(changes)
        plain = all(fields[name] is default for name, default in _PLAIN_FIELDS.items())
        return (Plain if plain else Context)(**fields)

    def running_in(self, running: Running | None, axes: Mapping[Any, Any]) -> Context:
        """The same context in which another function is being run; quicker than ``having``."""
        return Context(
            running,
            axes,
            self.place,
            self.recorder,
            self.observer,
            self.key_uses,
            self.jit_disabled,
            self.rules_ignored,
            self.rules_staged,
            self.checks_mutation,
            self.device,
            self.profile,
            self.retracing_refused,
            self.restarted,
        )

    @property
    def body(self) -> Any:
        """The staging trace whose function is being run, or None."""
        return None if self.running is None else self.running.body

    @property
    def records_sources(self) -> bool:
        """True if somebody records the equations that are being evaluated, with their sources."""
        running = self.running
        return (running is not None and running.body is not None) or self.recorder is not None

    @property
    def settings(self) -> tuple[bool, ...]:
        """The settings that staging a function depends on, for those who keep what was staged."""
        return (self.jit_disabled, self.rules_ignored)


class Plain(Context):
    """A context in which nothing holds that a call of a jitted function depends on.

    Native code looks at the type of the current context alone.
    """

    __slots__ = ()


_PLAIN_FIELDS: dict[str, Any] = {
    name: getattr(Plain(), name)
    for name in Context.__slots__
    if name not in ("profile", "restarted", "retracing_refused")
}

variable: ContextVar[Context] = ContextVar("funcgrad", default=Plain())  # noqa: B039
"""What holds the current context."""

current: Callable[[], Context] = variable.get
"""The context that holds now."""

enter: Callable[[Context], Token[Context]] = variable.set
"""Make a context the current one; returns the token with which to leave it."""

leave: Callable[[Token[Context]], None] = variable.reset
"""Return to the context in which another one was entered."""


@contextmanager
def within(**changes: Any) -> Iterator[None]:
    """Enter a context that differs in some fields, for a ``with`` block."""
    token = enter(current().having(**changes))
    try:
        yield
    finally:
        leave(token)
