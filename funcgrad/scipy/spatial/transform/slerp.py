"""Slerp: rotations between given ones, at constant speed."""

from __future__ import annotations

import numpy as np

from ....core.tracebacks import Facing, user_facing
from ....errors import ShapeError
from ....numpy.protocol import inexact
from ....typing import Array, ArrayLike
from .rotation import Rotation


class Slerp(Facing[[ArrayLike], Rotation]):
    """Rotations between given ones, each about one axis and at constant speed.

    Args:
        times: increasing vector of times.
        rotations: as many rotations.

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
        self.rotations: Rotation = rotations
        self.steps: Array = (rotations[:-1].inv() * rotations[1:]).as_rotvec()

    def run(self, times: ArrayLike) -> Rotation:
        """The rotations at times."""
        t = inexact(times)
        i = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, self.times.shape[0] - 2)
        share = (t - self.times[i]) / (self.times[i + 1] - self.times[i])
        return self.rotations[i] * Rotation.from_rotvec(self.steps[i] * share[..., None])
