"""Where a derivative is wrong, in words: ends of axes, diagonals, signs and sizes of values."""

from __future__ import annotations

import numpy as np

from .parts import Array, Part


def outputs_text(part: Part, rows: Array) -> str:
    """Some numbers of the outputs in words, or none if they are many and of no pattern."""
    start = 0
    for k, shape in enumerate(part.outputs):
        size = int(np.prod(shape))
        inside = rows[(rows >= start) & (rows < start + size)] - start
        if inside.size == rows.size > 0:
            which = f" of output[{k}]" if len(part.outputs) > 1 else ""
            if inside.size == size:
                return f"output[{k}]" if len(part.outputs) > 1 else ""
            mask = np.zeros(size, bool)
            mask[inside] = True
            where = along_axis(mask.reshape(shape))
            return f"the {where}{which}" if where else ""
        start += size
    return ""


def along_axis(mask: Array) -> str:
    """A mask in words if it is one end of an axis, or a diagonal."""
    for axis in range(mask.ndim):
        n = mask.shape[axis]
        rows = np.moveaxis(mask, axis, 0).reshape(n, -1)
        if n < 2 or not np.all(np.all(rows, axis=1) == np.any(rows, axis=1)):
            continue
        chosen = np.flatnonzero(rows[:, 0])
        if chosen.size == 1 and chosen[0] == 0:
            return f"first part along axis {axis}"
        if chosen.size == 1 and chosen[0] == n - 1:
            return f"last part along axis {axis}"
        if chosen.size == n - 1 and chosen[0] == 1:
            return f"part but the first along axis {axis}"
        if chosen.size == n - 1 and chosen[-1] == n - 2:
            return f"part but the last along axis {axis}"
        if chosen.size == 1:
            return f"part at {int(chosen[0])} along axis {axis}"
    if mask.ndim == 2 and mask.shape[0] == mask.shape[1]:
        eye = np.eye(mask.shape[0], dtype=bool)
        names = {
            "diagonal": eye,
            "part off the diagonal": ~eye,
            "upper triangle": np.triu(np.ones_like(eye), 1),
            "lower triangle": np.tril(np.ones_like(eye), -1),
            "upper triangle with the diagonal": np.triu(np.ones_like(eye)),
            "lower triangle with the diagonal": np.tril(np.ones_like(eye)),
        }
        for name, other in names.items():
            if np.array_equal(mask, other):
                return name
    return ""


def pattern(part: Part, places: Array) -> str:
    """Where in the argument some entries are, in words; empty if there is no pattern."""
    columns = np.any(places, axis=0)
    relevant = np.abs(part.expected) + np.abs(part.found) > part.limit
    whole = np.array_equal(places, relevant & columns[None, :])
    if not whole or np.all(columns):
        return ""
    return places_text(part, columns, np.any(relevant, axis=0))


def of_values(part: Part, columns: Array, relevant: Array) -> str:
    """The sign, or the side of a threshold, of the entries in some columns."""
    for name, value in part.values.items():
        if np.shape(value) != part.shape:
            continue
        flat = np.ravel(value)
        inside, outside = flat[columns], flat[~columns & relevant]
        if not inside.size or not outside.size:
            continue
        tests = {
            f"where {name} is negative": (np.all(inside < 0), np.all(outside >= 0)),
            f"where {name} is positive": (np.all(inside > 0), np.all(outside <= 0)),
            f"where {name} is zero": (np.all(inside == 0), np.all(outside != 0)),
        }
        for text, (one, other) in tests.items():
            if one and other:
                return text
        if inside.size + outside.size < 4:
            continue
        if np.max(inside) < np.min(outside):
            return f"where {name} is small"
        if np.min(inside) > np.max(outside):
            return f"where {name} is large"
        if np.max(np.abs(inside)) < np.min(np.abs(outside)):
            return f"where {name} is close to 0"
        if np.min(np.abs(inside)) > np.max(np.abs(outside)):
            return f"where {name} is far from 0"
    return ""


def places_text(part: Part, columns: Array, relevant: Array) -> str:
    """Some entries of the argument in words: by their values or their places, if that is clear."""
    values = of_values(part, columns, relevant)
    where = along_axis(columns.reshape(part.shape)) if part.shape else ""
    if values and where:
        return ""  # at a point with other values it will be one of both
    return f"in the {where}" if where else values
