"""Looking inside: print, callback, checks for overwritten arrays and for keys used twice."""

from __future__ import annotations

from ..control.mutation import check_mutation
from .key_reuse import key_reuse
from .printing import callback, print

__all__ = ["callback", "check_mutation", "key_reuse", "print"]
