"""What a check has found of the derivatives at a point, for the laws to be compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .differences import Difference
from .functions import Leaves
from .lines import Line

Push = Callable[[Sequence[Any], Sequence[Any]], tuple[Leaves, Leaves]]
PullLeaves = Callable[[Sequence[Any]], Leaves]
Pull = Callable[[Sequence[Any]], tuple[Leaves, PullLeaves]]


@dataclass
class Known:
    """Derivatives that agree with differences.

    ``pushed`` are pairs of tangents of the inputs and of the outputs, ``pulled`` of cotangents of
    the outputs and of the inputs, all by one ``pull``; ``differences`` those along tangents where
    there is no kink. ``combined`` are modes of which the third direction is a linear combination of
    the first two: what it has must be the combination of what they have.
    """

    outs: Leaves = field(default_factory=list)
    pushed: list[tuple[Leaves, Leaves]] = field(default_factory=list)
    pulled: list[tuple[Leaves, Leaves]] = field(default_factory=list)
    pull: PullLeaves | None = None
    combined: set[str] = field(default_factory=set)
    differences: list[tuple[Leaves, Line, Difference]] = field(default_factory=list)
