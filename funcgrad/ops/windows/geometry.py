"""The geometry of sliding windows: counts of positions, padding, gaps, and the adjoint one."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

from ...arrays import ArrayModule
from ...errors import ShapeError
from ...typing import Array


def dilated_size(size: int, dilation: int) -> int:
    """Length of an axis with ``dilation - 1`` gaps between its elements."""
    return (size - 1) * dilation + 1 if size else 0


def window_count(
    size: int, window: int, stride: int, pad: tuple[int, int], base: int, dilation: int
) -> int:
    """Number of positions of a window along one axis."""
    room = pad[0] + dilated_size(size, base) + pad[1] - dilated_size(window, dilation)
    return max(0, room // stride + 1)


def window_padding(
    padding: str | Sequence[tuple[int, int]],
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
) -> tuple[tuple[int, int], ...]:
    """Padding as one (low, high) pair per axis.

    Args:
        padding: "VALID", "SAME", "SAME_LOWER", or (low, high) pairs, which may be negative.
        sizes: length of each axis.
        windows: length of the (dilated) window along each axis.
        strides: stride of the window along each axis.

    Returns:
        A tuple of pairs.

    Raises:
        ShapeError: the padding is none of these.

    >>> window_padding("SAME", (5, 4), (3, 2), (2, 1))
    ((1, 1), (0, 1))
    """
    if isinstance(padding, str):
        name = padding.upper()
        if name == "VALID":
            return ((0, 0),) * len(sizes)
        if name not in ("SAME", "SAME_LOWER"):
            raise ShapeError(
                f'padding {padding!r} is not known: use "VALID", "SAME", "SAME_LOWER" or one '
                "(low, high) pair per axis"
            )
        missing = [
            max(0, (-(-n // s) - 1) * s + w - n)
            for n, w, s in zip(sizes, windows, strides, strict=True)
        ]
        low = [m - m // 2 if name == "SAME_LOWER" else m // 2 for m in missing]
        return tuple((a, m - a) for a, m in zip(low, missing, strict=True))
    pairs = tuple(tuple(int(p) for p in pair) for pair in padding)
    if len(pairs) != len(sizes) or any(len(p) != 2 for p in pairs):
        raise ShapeError(
            f"padding {padding!r} does not give a (low, high) pair for each of {len(sizes)} axes"
        )
    return pairs  # type: ignore[return-value]


def per_axis(what: str, value: int | Sequence[int] | None, count: int) -> tuple[int, ...]:
    """A positive integer per axis; None stands for ones.

    >>> per_axis("strides", None, 2)
    (1, 1)
    """
    if value is None:
        return (1,) * count
    numbers = tuple(index(v) for v in ((value,) if isinstance(value, int) else value))
    if len(numbers) != count or any(v < 1 for v in numbers):
        raise ShapeError(f"{what} must be {count} positive integers, not {value!r}")
    return numbers


def pad_and_dilate(
    xp: ArrayModule,
    x: Array,
    fill: float,
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> Array:
    """Put ``fill`` between and around the elements; negative padding crops. May be a view."""
    into, source, shape = [], [], []
    grows = False
    for n, (low, high), d in zip(x.shape, padding, dilation, strict=True):
        size = max(0, low + ((n - 1) * d + 1 if n else 0) + high)
        first = max(0, -(low // d))
        count = max(0, min(n - 1, (size - 1 - low) // d) - first + 1)
        start = first * d + low
        source.append(slice(first, first + count))
        into.append(slice(start, start + (count - 1) * d + 1, d) if count else slice(0, 0))
        shape.append(size)
        grows = grows or size != count
    if not grows:
        return x[tuple(source)]
    out = xp.zeros(shape, x.dtype) if not fill else xp.full(shape, fill, x.dtype)
    out[tuple(into)] = x[tuple(source)]
    return out


def offset_slice(offset: int, count: int, stride: int) -> slice:
    """The positions offset, offset + stride, ...: ``count`` of them."""
    return slice(offset, offset + (count - 1) * stride + 1 if count else offset, stride)


def window_adjoint(
    size: int, window: int, stride: int, pad: tuple[int, int], base: int, dilation: int
) -> tuple[int, int]:
    """The padding with which the windows of a window's outputs cover the input.

    An input i belongs to output q at window position k where q*stride + k*dilation = i*base + low.
    """
    low = dilated_size(window, dilation) - 1 - pad[0]
    count = window_count(size, window, stride, pad, base, dilation)
    room = (size - 1) * base + dilated_size(window, dilation)
    return low, room - low - dilated_size(count, stride)


GEOMETRY = ("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")
"""Names of the parameters that every window operator takes, one value per axis."""


def window_counts(shape: Sequence[int], params: dict[str, Any]) -> tuple[int, ...]:
    """Number of positions of a window along each axis."""
    return tuple(map(window_count, shape, *(params[k] for k in GEOMETRY)))


def behind_batch(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with a batch axis in front that windows do not touch."""
    return {k: (((0, 0),) if k == "padding" else (1,)) + params[k] for k in GEOMETRY}


def window_geometries() -> list[dict[str, Any]]:
    """Window geometries for arrays of shape (5, 4) that between them use every parameter."""
    rows = [
        ((2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
        ((2, 3), (2, 1), ((1, 0), (2, 1)), (1, 1), (1, 1)),
        ((2, 2), (2, 3), ((-1, 1), (1, -2)), (1, 1), (2, 1)),
        ((3, 1), (1, 2), ((0, 2), (-1, 0)), (1, 3), (2, 2)),
        ((2, 3), (3, 2), ((1, -2), (0, 2)), (2, 3), (1, 2)),
    ]
    return [dict(zip(GEOMETRY, row, strict=True)) for row in rows]
