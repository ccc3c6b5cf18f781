"""Generalised derivatives: the hull of the derivatives at smooth points beside a kink."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .leaves import entry_scales, host, random_leaf
from .lines import Line, Vector, change, moved, pack, unpack

SAMPLES, FEW, FEWEST = 36, 12, 4
"""How many points beside are looked at, how many of them at first, and of functions of many."""

FAR, CLOSE = 2.0**-9, 2.0**-15
"""The distances of points beside, relative to the entries of the point."""

COARSE = 1e-10
"""Beside functions in less precision than this, points are taken at larger distances."""

LOOSE, LOOSER = 2e-3, 0.05
"""How far outside of a hull a derivative may lie, beside its width: all of it was seen, or not."""

FLIPS = 64
"""Up to how many numbers are moved one by one to the other side, to find the ends of a hull."""

ENDS = 4
"""The number of elements whose hulls are searched for their ends."""


@dataclass(frozen=True)
class Hull:
    """The generalised derivative along a line, in Clarke's sense, of each element of the output.

    Between ``low`` and ``high`` are the derivatives at points beside, and what is between them.
    ``kinked`` says where they differ however close the points are, ``inside`` where the derivative
    that was found is among them, and ``outside`` where it surely is not (Clarke, "Optimization and
    Nonsmooth Analysis", 1983).
    """

    low: Vector
    high: Vector
    kinked: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


def hull(line: Line, found: Vector, allowed: Vector, doubtful: np.ndarray) -> Hull:
    """The generalised derivative along a line; ``doubtful`` says for which elements."""
    far, close = distances(line)
    sides, drawn = sides_of(line)
    with np.errstate(all="ignore"):
        near = np.array([slope(line, u, close) for u in sides])
        away = np.array([slope(line, u, far) for u in sides])
        noise = line.noise(line.start) / (line.unit * close / 32)
        first, second = _spread(away), _spread(near)
        if np.any(second > 0.3 * first):  # there may be a kink: few functions need to be seen more
            more = [drawn() for _ in range(SAMPLES - FEW)]
            sides += more
            near = np.concatenate([near, [slope(line, u, close) for u in more]])
        low, high = _ends(near)
        width = high - low
        size = np.fmax(np.abs(low), np.abs(high))
        kinked = (second > 0.3 * first) & (width > 64 * noise + 1e-7 * size)
        bounded = second < 2 * first
        curved = np.maximum(first - second, 0.0) / 16  # of close points; they are 64 times closer
        slack = allowed + LOOSE * width + 16 * noise + curved
        inside = kinked & (low - slack <= found) & (found <= high + slack)
        outside = np.zeros(found.shape, bool)
        rest = np.flatnonzero(kinked & bounded & ~inside & doubtful & np.isfinite(found))
    for k in rest[:ENDS]:
        up = bool(found[k] > high[k])
        reached, sure = searched_end(line, sides, near, int(k), close, up)
        low[k], high[k] = (low[k], max(high[k], reached)) if up else (min(low[k], reached), high[k])
        margin = slack[k] + (LOOSE if sure else LOOSER) * (high[k] - low[k])
        inside[k] = low[k] - margin <= found[k] <= high[k] + margin
        outside[k] = sure and not inside[k]
        if not sure:  # of independent kinks the hull is as wide as the root of their number
            spread = 1.3 * np.sqrt(pack(line.point).size) * np.std(near[:, k])
            outside[k] = abs(found[k] - np.mean(near[:, k])) > spread + margin
    return Hull(low, high, kinked, inside, outside)


def distances(line: Line) -> tuple[float, float]:
    """How far points beside are, and how close the closer ones."""
    return (FAR, CLOSE) if line.eps < COARSE else (2.0**-3, 2.0**-6)


def sides_of(line: Line, count: int = FEW) -> tuple[list[Any], Callable[[], Any]]:
    """Where the first points beside are, and a function that draws more."""
    rng = np.random.default_rng(0)
    scales = [entry_scales(x) for x in line.point]
    ones = [_like(s, x) for s, x in zip(scales, line.point, strict=True)]
    along = [line.unit * t for t in line.tangents]

    def drawn() -> Any:
        return [random_leaf(rng, x, s) for x, s in zip(line.point, scales, strict=True)]

    sides = [ones, _negative(ones), along, _negative(along)]
    return [*sides, *(drawn() for _ in range(count - len(sides)))], drawn


def steady(line: Line, value: Vector, gap: Vector) -> np.ndarray:
    """A mask of derivatives that at the first points beside are what they are at the point.

    That is, by a part of the gap to what was found: no kink, not even one that the line itself does
    not show, explains it.
    """
    close = distances(line)[1] / 32  # where smooth functions of many numbers change little, too
    with np.errstate(all="ignore"):
        sides, _ = sides_of(line, FEWEST if line.is_long else FEW)
        slopes = np.array([slope(line, u, close) for u in sides])
        return np.all(np.abs(slopes - value) <= 0.5 * gap, axis=0)


def slope(line: Line, side: Sequence[Any], distance: float) -> Vector:
    """The derivative along the line's direction at a point beside the line."""
    pairs = zip(line.point, side, strict=True)
    beside = line.beside([moved(x, host(u), distance) for x, u in pairs])
    h = line.unit * distance / 32
    return change(beside.at(h), beside.at(-h)) / (2 * h)


def searched_end(
    line: Line, sides: Sequence[Any], near: np.ndarray, k: int, distance: float, up: bool
) -> tuple[float, bool]:
    """The upper or lower end of one element's hull, and whether all numbers were moved.

    From the point beside of the largest derivative, each number moves to the other side of the
    point if that makes the derivative larger still.
    """
    sign = 1.0 if up else -1.0
    values = np.where(np.isfinite(near[:, k]), sign * near[:, k], -np.inf)
    best = int(np.argmax(values))
    side, top = pack(sides[best]), values[best]
    places = np.flatnonzero(side != 0)
    if places.size > FLIPS:
        return float(sign * top), False
    for i in places:
        turned = side.copy()
        turned[i] = -turned[i]
        value = sign * float(slope(line, unpack(turned, line.point), distance)[k])
        if value > top:
            side, top = turned, value
    return float(sign * top), True


def _ends(values: np.ndarray) -> tuple[Vector, Vector]:
    finite = np.isfinite(values)
    low = np.min(np.where(finite, values, np.inf), axis=0)
    high = np.max(np.where(finite, values, -np.inf), axis=0)
    none = ~np.any(finite, axis=0)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def _spread(values: np.ndarray) -> Vector:
    low, high = _ends(values)
    return high - low


def _like(scale: np.ndarray, x: Any) -> Any:
    return np.asarray(scale * np.ones(np.shape(x)), host(x).dtype)


def _negative(side: Sequence[Any]) -> list[Any]:
    return [-host(u) for u in side]
