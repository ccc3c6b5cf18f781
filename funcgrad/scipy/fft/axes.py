"""Arguments and axes of cosine and sine transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy import take
from ...numpy.protocol import as_operand, axis_of, inexact
from ...typing import Array, ArrayLike


def checked(name: str, kind: int, norm: str | None) -> int:
    """The type of a transform, or an error for a type or scaling that there is not."""
    if not is_integer(kind) or not 1 <= kind <= 4:
        raise ValueError(f"{name}: type must be 1, 2, 3 or 4, got {describe(kind)}")
    if norm is not None and norm not in ("backward", "ortho", "forward"):
        raise ValueError(
            f'{name}: norm must be None, "backward", "ortho" or "forward", got {describe(norm)}'
        )
    return int(kind)


def sized(name: str, x: ArrayLike, n: int | None, axis: int) -> Array:
    """The array, cut or filled with zeros along the axis."""
    v = inexact(x)
    if not v.shape:
        raise ShapeError(f"{name}: x needs an axis, got {aval_of(v)}")
    k = axis_of(axis, len(v.shape))
    size = v.shape[k]
    if n is None or n == size:
        if not size:
            raise ShapeError(f"{name}: there is nothing to transform in {aval_of(v)}")
        return v
    if not is_integer(n) or n < 1:
        raise ValueError(f"{name}: n must be a positive int, got {describe(n)}")
    if n < size:
        return take(v, np.arange(n), axis=k)
    widths = [(0, n - size if i == k else 0) for i in range(len(v.shape))]
    return np.pad(v, widths)


def axes_and_sizes(
    name: str, x: ArrayLike, s: Sequence[int] | None, axes: Sequence[int] | None
) -> list[tuple[int, int | None]]:
    """The axes of a transform of several, and the length of each."""
    rank = len(as_operand(x).shape)
    if axes is None:
        axes = range(rank) if s is None else range(rank - len(s), rank)
    places = [axis_of(a, rank) for a in axes]
    if len(set(places)) != len(places):
        raise ValueError(f"{name}: axes {tuple(axes)} have an axis twice")
    if s is not None and len(s) != len(places):
        raise ValueError(f"{name}: {len(s)} lengths for {len(places)} axes")
    return list(zip(places, [None] * len(places) if s is None else s, strict=True))


def along(x: Array, axis: int, transform: Callable[[Array], Array]) -> Array:
    """A transform of real arrays along an axis, of complex ones in both parts."""
    if x.dtype.kind == "c":
        return along(x.real, axis, transform) + 1j * along(x.imag, axis, transform)
    return np.moveaxis(transform(np.moveaxis(x, axis, -1)), -1, axis)
