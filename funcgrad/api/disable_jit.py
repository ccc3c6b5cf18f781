"""disable_jit: run what would be staged as plain Python."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ..context import within


def disable_jit(disable: bool = True) -> AbstractContextManager[None]:
    """Run jitted functions and staged loops as plain Python, inside a ``with`` block.

    >>> with disable_jit():
    ...     pass
    """
    return within(jit_disabled=disable)
