"""Looking inside transformed functions: print, callback, and a check for overwritten arrays."""

from __future__ import annotations

from ..control.mutation import check_mutation
from .printing import callback, print

__all__ = ["callback", "check_mutation", "print"]
