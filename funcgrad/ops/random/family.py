"""The family of operators that NumPy evaluates in blocks and rounds, and a GPU in kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...core.primitive import Case, check_declared
from ..families import General
from ..families.rules import as_rules


class InTwoWays(General):
    """A general operator that arrays of a GPU have another way to than NumPy's.

    Attributes:
        there: results on arrays of CuPy, with the same numbers: (xp, *operands, **params).
    """

    there: Callable[..., Any]

    def evaluate_on(self, xp: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Evaluate in the way for this array module."""
        return (self.evaluate if xp is np else self.there)(xp, *args, **params)


def in_two_ways(
    name: str,
    evaluate: Callable[..., Any],
    there: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]],
    jvp: Any = None,
    **declared: Any,
) -> InTwoWays:
    """An operator with one way for NumPy and one for CuPy.

    Args:
        name: name in jaxprs.
        evaluate: (np, *operands, **params) -> result, or a tuple with ``multiple=True``.
        there: the same on arrays of CuPy.
        abstract: (*Avals, **params) -> Aval, or a tuple.
        batch: see ``batching.Batch``.
        cases: rng -> cases.
        jvp: a JvpRule per operand.
        declared: other fields of ``Primitive``.

    Returns:
        The registered record.
    """
    check_declared(name, InTwoWays, declared)
    return InTwoWays(
        name=name,
        evaluate=evaluate,
        there=there,
        abstract=abstract,
        batch=batch,
        cases=cases,
        jvp=as_rules(jvp),
        **declared,
    )
