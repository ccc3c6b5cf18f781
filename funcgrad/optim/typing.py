"""Types of what optimizers take: hyper-parameters, schedules, masks, and functions of gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np

from ..typing import Array, PyTree

__all__ = ["Count", "Init", "Mask", "Scalar", "ScalarOrSchedule", "Schedule", "Update"]

Count: TypeAlias = int | np.integer[Any] | Array
"""The number of updates made so far: 0 when the first one is made."""

Scalar: TypeAlias = float | np.number[Any] | Array
"""A real number of Python, NumPy or CuPy, or a traced one."""

Schedule: TypeAlias = Callable[[Count], Scalar]
"""A function from the number of updates made so far to a hyper-parameter."""

ScalarOrSchedule: TypeAlias = Scalar | Schedule
"""A hyper-parameter: a number, or a schedule, which is evaluated before each update."""

Mask: TypeAlias = PyTree | Callable[[PyTree], PyTree]
"""Booleans with the structure of the parameters or of an upper part of it, True for the leaves that
count; or a function that makes them from parameters, like ``by_path({"*b": False, "*": True})``."""

Init: TypeAlias = Callable[[PyTree], PyTree]
"""The first state of a transformation, from parameters."""


class Update(Protocol):
    """One step of a transformation: (new updates, new state).

    ``params`` are the parameters that the updates are for, and further keywords what some
    transformations need, as the value of the loss; those that a transformation does not know are
    ignored.
    """

    def __call__(
        self, updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Turn updates and a state into the next ones."""
        ...
