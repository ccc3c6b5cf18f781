"""Operators that a rule of their own batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ...core.primitive import Primitive


class Batch(Protocol):
    """Results for a whole batch, whose axis is at 0, in those operands that ``batched`` names."""

    def __call__(
        self, size: int, values: Sequence[Any], batched: Sequence[bool], /, **params: Any
    ) -> Any: ...


class ByBatchRule(Primitive):
    """An operator with a batching rule.

    Attributes:
        batch: see Batch.
    """

    batch: Callable[..., Any]

    def batched(
        self, trace: Any, values: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
    ) -> Any:
        return self.batch(trace.size, values, batched, **params)
