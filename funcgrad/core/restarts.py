"""Raised by the rule of an operator that needs the whole formula which its results go into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..context import current
from .jaxpr import Jaxpr
from .tracing import value_behind

Rewrite: TypeAlias = Callable[[Jaxpr], tuple[Jaxpr, Sequence[Any]]]
"""The jaxpr with formulas replaced, and what was found."""


class Restart(BaseException):
    """The function is to be staged, its formulas replaced, and differentiated then.

    Whoever differentiates functions operation by operation catches it. It is no Exception, so that
    what the function itself catches does not matter.

    Attributes:
        rewrite: what replaces the formulas.
    """

    def __init__(self, rewrite: Rewrite) -> None:
        super().__init__()
        self.rewrite: Rewrite = rewrite


_rewrites: dict[Any, Rewrite] = {}


def replace_formulas(rule: Any, rewrite: Rewrite) -> None:
    """Have a rule restart with the formulas replaced."""
    _rewrites[rule] = rewrite


def restart_where(condition: Any, rule: Any) -> None:
    """Raise Restart if an array of truth values that is known has a true one; once, not again."""
    condition = value_behind(condition)
    if type(condition) is np.ndarray and condition.any() and not current().restarted:
        if rule in _rewrites:
            raise Restart(_rewrites[rule])
