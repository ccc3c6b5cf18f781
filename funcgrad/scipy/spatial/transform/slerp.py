"""Slerp: rotations between given ones, at constant speed."""

from __future__ import annotations

import numpy as np

from ....core.tracebacks import Facing, user_facing
from ....core.tracing import Tracer
from ....errors import ShapeError
from ....numpy import take
from ....numpy.protocol import inexact
from ....typing import Array, ArrayLike
from .rotation import Rotation


class Slerp(Facing[[ArrayLike], Rotation]):
    """Rotations between given ones, each about one axis and at constant speed.

    Args:
        times: increasing vector of times.
        rotations: as many rotations.

    At times before the first and after the last one there is an error, or NaN if they are traced.

    Raises:
        ShapeError: there is not one time for each rotation.
        ValueError: times do not increase, or one is not between the first and the last.

    >>> turn = Rotation.from_euler("z", np.array([0.0, 90.0]), degrees=True)
    >>> Slerp(np.array([0.0, 1.0]), turn)(0.5).as_euler("xyz", degrees=True).round(6) + 0.0
    array([ 0.,  0., 45.])
    """

    __slots__ = ("rotations", "steps", "times")

    @user_facing
    def __init__(self, times: ArrayLike, rotations: Rotation) -> None:
        self.times: Array = inexact(times)
        if rotations.single or tuple(self.times.shape) != (len(rotations),) or len(rotations) < 2:
            raise ShapeError(
                f"Slerp: times of shape {tuple(self.times.shape)} for rotations of shape "
                f"{tuple(rotations.quat.shape)}; give one for each of at least 2"
            )
        if not isinstance(self.times, Tracer) and not bool(np.all(np.diff(self.times) > 0)):
            raise ValueError("Slerp: times must increase")
        self.rotations: Rotation = rotations
        self.steps: Array = (rotations[:-1].inv() * rotations[1:]).as_rotvec()

    def run(self, times: ArrayLike) -> Rotation:
        """The rotations at times."""
        t = inexact(times)
        outside: Array = (t < self.times[0]) | (t > self.times[-1])
        if not isinstance(outside, Tracer) and bool(np.any(outside)):
            raise ValueError("Slerp: times must be between the first and the last one")
        i = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, self.times.shape[0] - 2)
        low, high = take(self.times, i), take(self.times, i + 1)
        share = ((t - low) / (high - low))[..., None]
        turn = Rotation.from_rotvec(take(self.steps, i, axis=0) * share)
        found = self.rotations[i] * turn
        if isinstance(outside, Tracer):
            return Rotation(np.where(outside[..., None], np.nan, found.quat))
        return found
