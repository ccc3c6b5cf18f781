"""Padding, on tracers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ...ops.shape import cast, convert
from ...ops.structural import joining
from ...typing import Array, ArrayLike
from ..indexing.taking import take
from ..protocol import as_operand, axis_of, implements

PadWidth: TypeAlias = (
    "Array | int | Sequence[int | Sequence[int]] | dict[int, int | tuple[int, int]]"
)
"""Widths before and behind: of all axes, of each, or by the number of the axis."""

_FOLDED = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS = {"mean": np.mean, "maximum": np.max, "minimum": np.min, "median": np.median}
_OPTIONS = {
    "constant": {"constant_values"},
    "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"},
    "linear_ramp": {"end_values"},
    "edge": set(),
    "wrap": set(),
    "empty": set(),
    **{name: {"stat_length"} for name in _STATISTICS},
}


@implements(np.pad)
def pad(array: ArrayLike, pad_width: PadWidth, mode: str = "constant", **kwargs: Any) -> Array:
    """Put values around an array: constants, or what the array itself has."""
    a = as_operand(array)
    widths = _widths(pad_width, len(a.shape))
    if mode not in _OPTIONS:
        raise ValueError(
            f"np.pad with mode={mode!r} is not supported on traced values; use one of "
            f"{', '.join(_OPTIONS)}"
        )
    unknown = set(kwargs) - _OPTIONS[mode]
    if unknown:
        raise ValueError(f"np.pad: mode {mode!r} has no argument {', '.join(sorted(unknown))}")
    np.broadcast_shapes(np.shape(kwargs.get("constant_values", 0)), (len(a.shape), 2))
    if mode == "empty":
        mode = "constant"
    if mode == "constant" and not np.ndim(kwargs.get("constant_values", 0)):
        value = _pair(kwargs.get("constant_values", 0), 0, a)[0]
        return joining.pad(a, value, tuple((lo, hi, 0) for lo, hi in widths))
    for k, (low, high) in enumerate(widths):
        if low or high:
            a = _along(a, k, low, high, mode, kwargs)
    return a


def _widths(pad_width: PadWidth, ndim: int) -> list[list[int]]:
    if isinstance(pad_width, dict):
        by_axis = {axis_of(k, ndim): v for k, v in pad_width.items()}
        whole = np.array([np.broadcast_to(by_axis.get(k, 0), 2) for k in range(ndim)])
    else:
        whole = np.asarray(pad_width)
    widths = np.broadcast_to(whole, (ndim, 2)).tolist()
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"np.pad: widths must not be negative, got {pad_width}")
    return widths


def _pair(values: ArrayLike, k: int, a: Array) -> tuple[Any, Any]:
    """The values before and behind axis k, in the dtype of the array."""
    if not np.ndim(values):
        value = convert(values, dtype=a.dtype)
        return value, value
    table = np.broadcast_to(as_operand(values), (len(a.shape), 2))
    return cast(table[k, 0], a.dtype), cast(table[k, 1], a.dtype)


def _along(a: Array, k: int, low: int, high: int, mode: str, options: dict[str, Any]) -> Array:
    """Pad one axis."""
    n = a.shape[k]
    if mode == "constant":
        before, behind = _pair(options["constant_values"], k, a)
        rest = [(0, 0, 0)] * len(a.shape)
        a = joining.pad(a, before, (*rest[:k], (low, 0, 0), *rest[k + 1 :]))
        return joining.pad(a, behind, (*rest[:k], (0, high, 0), *rest[k + 1 :]))
    if not n:
        raise ValueError(f"np.pad cannot extend the empty axis {k} with mode {mode!r}")
    if mode in _FOLDED:
        if options.get("reflect_type", "even") == "odd":
            return _odd(a, k, np.arange(-low, n + high), mode)
        return take(a, np.pad(np.arange(n), (low, high), mode), k)  # type: ignore[call-overload]
    if mode == "linear_ramp":
        before, behind = _pair(options.get("end_values", 0), k, a)
        head = _ramp(before, take(a, np.array([0]), k), low, k)
        tail = np.flip(_ramp(behind, take(a, np.array([n - 1]), k), high, k), k)
        return np.concatenate([head, a, tail], axis=k)
    lengths = np.broadcast_to(options.get("stat_length") or n, (len(a.shape), 2))[k]
    first, last = (min(int(m), n) for m in lengths)
    head = _statistic(mode, take(a, np.arange(first), k), low, k)
    tail = _statistic(mode, take(a, np.arange(n - last, n), k), high, k)
    return np.concatenate([head, a, tail], axis=k)


def _odd(a: Array, k: int, places: Array, mode: str) -> Array:
    """Reflection in the points at the ends: the edge value twice, minus the mirrored one."""
    n = a.shape[k]
    period = max(2 * (n - 1), 1) if mode == "reflect" else 2 * n
    turns, rest = np.divmod(places, period)
    mirrored = rest >= n
    source = np.where(mirrored, period - rest - (mode == "symmetric"), rest)
    shape = tuple(-1 if i == k else 1 for i in range(len(a.shape)))
    mirrored, turns = mirrored.reshape(shape), turns.reshape(shape)
    first, last = take(a, np.array([0]), k), take(a, np.array([n - 1]), k)
    value = take(a, source, k)
    value = np.where(mirrored, 2 * last - value, value)
    return cast(value + 2 * turns * (last - first), a.dtype)


def _ramp(end: Array, edge: Array, width: int, k: int) -> Array:
    """Values from ``end`` towards an edge, which is left out."""
    out = np.linspace(end, take(edge, 0, k), width, endpoint=False, dtype=edge.dtype, axis=k)
    return out


def _statistic(mode: str, part: Array, width: int, k: int) -> Array:
    value = _STATISTICS[mode](part, axis=k, keepdims=True)  # type: ignore[operator]
    value = cast(np.round(value) if part.dtype.kind in "iu" else value, part.dtype)
    return np.broadcast_to(value, tuple(width if i == k else d for i, d in enumerate(part.shape)))
