"""Settings that what is staged depends on: whether jit is switched off, what it rewrites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_disabled: ContextVar[bool] = ContextVar("funcgrad_jit_disabled", default=False)


rules_ignored: ContextVar[bool] = ContextVar("funcgrad_rules_ignored", default=False)
"""Whether functions with derivative rules of their own are differentiated as if they had none."""


def settings() -> tuple[bool, ...]:
    """The settings in force."""
    return (_disabled.get(), rules_ignored.get())


def jit_disabled() -> bool:
    """Whether ``disable_jit`` is in force."""
    return _disabled.get()


@contextmanager
def disable_jit(disable: bool = True) -> Iterator[None]:
    """Run jitted functions and staged loops as plain Python, inside a ``with`` block.

    >>> with disable_jit():
    ...     pass
    """
    token = _disabled.set(disable)
    try:
        yield
    finally:
        _disabled.reset(token)
