"""Where the functions of funcgrad.random report which keys they consume."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

key_uses: ContextVar[Any] = ContextVar("funcgrad_key_uses", default=None)
"""What records the uses of keys inside ``funcgrad.debug.key_reuse``, else None."""
