"""Rotation: one or many rotations, a pytree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.blame import describe
from ....errors import ShapeError
from ....numpy import linalg
from ....numpy.protocol import as_operand, inexact
from ....random import normal
from ....typing import Array, ArrayLike
from . import quaternions


@dataclass(frozen=True)
class Rotation:
    """One rotation in three dimensions, or several along a first axis.

    It is a pytree of one array; ``p * q`` is q, and then p.

    Attributes:
        quat: unit quaternions (x, y, z, w), of shape (4,) or (n, 4).

    >>> Rotation.from_rotvec(np.array([0.0, 0.0, np.pi])).as_matrix().round(6) + 0.0
    array([[-1.,  0.,  0.],
           [ 0., -1.,  0.],
           [ 0.,  0.,  1.]])
    """

    quat: Array

    @classmethod
    def from_quat(cls, quat: ArrayLike) -> Rotation:
        """Rotations of quaternions (x, y, z, w), which are normalized."""
        return cls(quaternions.normalized(_of("from_quat", quat, (4,))))

    @classmethod
    def from_matrix(cls, matrix: ArrayLike) -> Rotation:
        """Rotations of orthogonal matrices."""
        return cls(quaternions.from_matrix(_of("from_matrix", matrix, (3, 3))))

    @classmethod
    def from_rotvec(cls, rotvec: ArrayLike, degrees: bool = False) -> Rotation:
        """Rotations of vectors along the axis, whose length is the angle."""
        v = _of("from_rotvec", rotvec, (3,))
        return cls(quaternions.from_rotvec(np.deg2rad(v) if degrees else v))

    @classmethod
    def from_mrp(cls, mrp: ArrayLike) -> Rotation:
        """Rotations of vectors along the axis, whose length is tan(angle / 4)."""
        v = _of("from_mrp", mrp, (3,))
        squared = np.sum(v * v, axis=-1, keepdims=True)
        return cls(np.concatenate([2 * v, 1 - squared], axis=-1) / (1 + squared))

    @classmethod
    def from_euler(cls, seq: str, angles: ArrayLike, degrees: bool = False) -> Rotation:
        """Rotations about axes, one after the other.

        Args:
            seq: one to three of "xyz", or of "XYZ" for axes that turn along.
            angles: a number for each axis, along the last axis; of one axis, a number or a vector.
            degrees: angles are degrees.
        """
        _check_axes("from_euler", seq, (1, 2, 3))
        given = inexact(angles)
        if len(seq) == 1 and (len(given.shape) < 2 or given.shape[-1] != 1):
            given = given[..., None]
        given = _of("from_euler", given, (len(seq),))
        return cls(quaternions.from_euler(seq, np.deg2rad(given) if degrees else given))

    @classmethod
    def identity(cls, num: int | None = None) -> Rotation:
        """Rotations that change nothing."""
        one = np.array([0.0, 0.0, 0.0, 1.0])
        return cls(one if num is None else np.tile(one, (num, 1)))

    @classmethod
    def random(cls, random_key: Any, num: int | None = None) -> Rotation:
        """Rotations that are uniformly distributed, drawn with a key of ``funcgrad.random``."""
        shape = (4,) if num is None else (num, 4)
        return cls.from_quat(normal(random_key, shape, float))

    @classmethod
    def concatenate(cls, rotations: Sequence[Rotation]) -> Rotation:
        """The rotations of several objects in one."""
        return cls(np.concatenate([r.quat.reshape((-1, 4)) for r in rotations]))

    @property
    def single(self) -> bool:
        """True for one rotation without an axis of several."""
        return len(self.quat.shape) == 1

    def as_quat(self, canonical: bool = False) -> Array:
        """Quaternions (x, y, z, w); ``canonical`` with w >= 0."""
        return quaternions.positive(self.quat) if canonical else self.quat

    def as_matrix(self) -> Array:
        """Orthogonal matrices."""
        return quaternions.as_matrix(self.quat)

    def as_rotvec(self, degrees: bool = False) -> Array:
        """Vectors along the axis, whose length is the angle."""
        found = quaternions.as_rotvec(self.quat)
        return np.rad2deg(found) if degrees else found

    def as_mrp(self) -> Array:
        """Vectors along the axis, whose length is tan(angle / 4)."""
        q = quaternions.positive(self.quat)
        return q[..., :3] / (1 + q[..., 3:])

    def as_euler(self, seq: str, degrees: bool = False) -> Array:
        """Angles about three axes; the last one is 0 where it is not determined."""
        _check_axes("as_euler", seq, (3,))
        if seq[0] == seq[1] or seq[1] == seq[2]:
            raise ValueError(f"as_euler: {seq!r} has an axis twice in a row")
        found = quaternions.as_euler(self.quat, seq)
        return np.rad2deg(found) if degrees else found

    def apply(self, vectors: ArrayLike, inverse: bool = False) -> Array:
        """Vectors of shape (3,) or (n, 3), turned."""
        v = _of("apply", vectors, (3,))
        matrix = self.as_matrix()
        matrix = np.swapaxes(matrix, -1, -2) if inverse else matrix
        return np.sum(matrix * v[..., None, :], axis=-1)

    def inv(self) -> Rotation:
        """The inverse rotations."""
        return Rotation(quaternions.conjugate(self.quat))

    def magnitude(self) -> Array:
        """The angles, which are not negative."""
        q = self.quat
        return 2 * np.arctan2(linalg.norm(q[..., :3], axis=-1), abs(q[..., 3]))

    def mean(self, weights: ArrayLike | None = None) -> Rotation:
        """The rotation with the least mean square of distances of matrices."""
        w = (
            np.ones(self.quat.shape[:-1], self.quat.dtype)
            if weights is None
            else as_operand(weights)
        )
        moments = (w[..., None] * self.quat).T @ self.quat
        return Rotation(linalg.eigh(moments)[1][:, -1])

    def __mul__(self, other: Rotation) -> Rotation:
        """The rotations of ``other``, and then these."""
        return Rotation(quaternions.normalized(quaternions.multiplied(self.quat, other.quat)))

    def __getitem__(self, index: Any) -> Rotation:
        """Some of several rotations."""
        if self.single:
            raise TypeError("a single rotation cannot be indexed")
        return Rotation(self.quat[index])

    def __len__(self) -> int:
        """The number of several rotations."""
        if self.single:
            raise TypeError("a single rotation has no length")
        return int(self.quat.shape[0])


def _of(name: str, x: ArrayLike, shape: tuple[int, ...]) -> Array:
    v = inexact(x)
    n = len(shape)
    if tuple(v.shape[-n:]) != shape or len(v.shape) not in (n, n + 1):
        raise ShapeError(
            f"Rotation.{name} takes an array of shape {shape} or (n, {str(shape)[1:]}, got "
            f"{tuple(v.shape)}"
        )
    return v


def _check_axes(name: str, seq: str, lengths: tuple[int, ...]) -> None:
    known = isinstance(seq, str) and len(seq) in lengths and (set(seq) <= set("xyz"))
    if not known and not (isinstance(seq, str) and len(seq) in lengths and set(seq) <= set("XYZ")):
        raise ValueError(
            f'Rotation.{name}: axes must be {" or ".join(map(str, lengths))} of "xyz" or of "XYZ", '
            f"got {describe(seq)}"
        )
