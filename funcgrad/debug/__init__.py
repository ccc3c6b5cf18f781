"""Looking inside: print, callback, NaN explained, checks for overwritten arrays and reused keys."""

from __future__ import annotations

from ..control.overwritten import check_mutation
from .explain_nan import NanReport, explain_nan
from .key_reuse import key_reuse
from .nan_checks import nan_checks
from .printing import callback, print

__all__ = [
    "NanReport",
    "callback",
    "check_mutation",
    "explain_nan",
    "key_reuse",
    "nan_checks",
    "print",
]
