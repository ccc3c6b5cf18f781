"""Unit quaternions (x, y, z, w) along the last axis, and other forms of rotations."""

from __future__ import annotations

import numpy as np

from ....numpy import linalg, take_along_axis
from ....typing import Array

SMALL = 1e-3
"""Angles below which series are used."""


def multiplied(p: Array, q: Array) -> Array:
    """The rotation q, and then p."""
    u, v, a, b = p[..., :3], q[..., :3], p[..., 3:], q[..., 3:]
    vector = a * v + b * u + np.cross(u, v)
    return np.concatenate([vector, a * b - np.sum(u * v, axis=-1, keepdims=True)], axis=-1)


def normalized(q: Array) -> Array:
    """Quaternions of length 1."""
    return q / linalg.norm(q, axis=-1, keepdims=True)


def conjugate(q: Array) -> Array:
    """The inverse of a rotation."""
    return np.concatenate([-q[..., :3], q[..., 3:]], axis=-1)


def positive(q: Array) -> Array:
    """Of the two quaternions of a rotation the one with w >= 0."""
    return np.where(q[..., 3:] < 0, -q, q)


def from_matrix(m: Array) -> Array:
    """Shepperd, "Quaternion from rotation matrix", 1978: the best of four formulas."""
    d = [m[..., i, i] for i in range(3)]
    trace = d[0] + d[1] + d[2]
    rows = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        row = [trace] * 4
        row[i] = 1 - trace + 2 * d[i]
        row[j] = m[..., j, i] + m[..., i, j]
        row[k] = m[..., k, i] + m[..., i, k]
        row[3] = m[..., k, j] - m[..., j, k]
        rows.append(np.stack(row, axis=-1))
    last = [m[..., (i + 2) % 3, (i + 1) % 3] - m[..., (i + 1) % 3, (i + 2) % 3] for i in range(3)]
    rows.append(np.stack([*last, 1 + trace], axis=-1))
    best = np.argmax(np.stack([*d, trace], axis=-1), axis=-1)
    found = take_along_axis(np.stack(rows, axis=-2), best[..., None, None], axis=-2)[..., 0, :]
    return normalized(found)


def as_matrix(q: Array) -> Array:
    """Orthogonal matrices."""
    x, y, z, w = (q[..., i] for i in range(4))
    rows = [
        [x * x - y * y - z * z + w * w, 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), y * y - x * x - z * z + w * w, 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), z * z - x * x - y * y + w * w],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_rotvec(v: Array) -> Array:
    """Of vectors along the axis, whose length is the angle."""
    squared = np.sum(v * v, axis=-1, keepdims=True)
    small = squared < SMALL**2
    angle = np.sqrt(np.where(small, 1.0, squared))
    scale = np.where(small, 0.5 - squared / 48 + squared**2 / 3840, np.sin(angle / 2) / angle)
    cosine = np.where(small, 1 - squared / 8 + squared**2 / 384, np.cos(angle / 2))
    return np.concatenate([scale * v, cosine], axis=-1)


def as_rotvec(q: Array) -> Array:
    """Vectors along the axis, whose length is the angle."""
    q = positive(q)
    squared = np.sum(q[..., :3] ** 2, axis=-1, keepdims=True)
    small = squared < SMALL**2 / 4
    length = np.sqrt(np.where(small, 1.0, squared))
    angle = 2 * np.arctan2(length, q[..., 3:])
    # arcsin(s) / s = 1 + s**2 / 6 + 3 s**4 / 40
    scale = np.where(small, 2 + squared / 3 + 3 * squared**2 / 20, angle / length)
    return scale * q[..., :3]


def from_euler(seq: str, angles: Array) -> Array:
    """Of angles about one to three axes, one after the other; capital axes turn along."""
    out = None
    for i, name in enumerate(seq.lower()):
        half = angles[..., i] / 2
        zero = 0 * half
        parts = [zero, zero, zero, np.cos(half)]
        parts["xyz".index(name)] = np.sin(half)
        turn = np.stack(parts, axis=-1)
        if out is None:
            out = turn
        else:
            out = multiplied(out, turn) if seq.isupper() else multiplied(turn, out)
    assert out is not None
    return out


def as_euler(q: Array, seq: str) -> Array:
    """Bernardes and Viollet, "Quaternion to Euler angles conversion", 2022."""
    extrinsic = seq.islower()
    i, j, k = ("xyz".index(a) for a in (seq if extrinsic else seq[::-1]).lower())
    symmetric = i == k
    k = 3 - i - j if symmetric else k
    sign = (i - j) * (j - k) * (k - i) // 2
    x, y, z, w = q[..., i], q[..., j], q[..., k] * sign, q[..., 3]
    a, b, c, d = (w, x, y, z) if symmetric else (w - y, x + z, y + w, z - x)
    middle = 2 * np.arctan2(np.hypot(c, d), np.hypot(a, b))
    total, difference = np.arctan2(b, a), np.arctan2(d, c)
    none, half = abs(middle) <= 1e-7, abs(middle - np.pi) <= 1e-7
    first, third = total - difference, total + difference
    if not symmetric:
        third = third * sign
        middle = middle - np.pi / 2
    angles = [first, middle, third] if extrinsic else [third, middle, first]
    # One angle is free where the axes of the first and the last turn coincide: the last one is 0.
    alone = np.where(none, 2 * total, 2 * difference * (-1 if extrinsic else 1))
    if not symmetric and not extrinsic:
        alone = alone * sign
    angles[0] = np.where(none | half, alone, angles[0])
    angles[2] = np.where(none | half, 0.0, angles[2])
    out = np.stack(angles, axis=-1)
    return np.where(out < -np.pi, out + 2 * np.pi, np.where(out > np.pi, out - 2 * np.pi, out))
