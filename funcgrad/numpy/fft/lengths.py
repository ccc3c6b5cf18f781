"""Operands, norms, axes and lengths of Fourier transforms, and the transforms on traced values."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Literal, TypeAlias

from ...core.dtypes import finfo, is_narrow
from ...errors import ShapeError
from ...ops import fourier
from ...ops.pointwise.complex import conj
from ...ops.shape import cast
from ...ops.structural.indexing import FULL, index
from ...ops.structural.joining import pad
from ...typing import Array
from ..protocol import axis_of

Norm: TypeAlias = Literal["backward", "ortho", "forward"] | None
"""'backward' (None) divides inverse transforms by the length, 'forward' the others, and 'ortho'
each by the square root of the length."""
Length: TypeAlias = int | None
"""The length that an axis is cut or filled to; None leaves it as it is."""
Lengths: TypeAlias = Sequence[int | None] | None
"""A length for each axis."""


def norm_of(norm: Norm) -> str:
    """The norm by name."""
    if norm is None:
        return "backward"
    if norm not in fourier.OPPOSITE_NORM:
        raise ValueError(f"norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return norm


def opposite(norm: Norm) -> str:
    """The norm of an inverse transform that is scaled as a transform of this one."""
    return fourier.OPPOSITE_NORM[norm_of(norm)]


def in_transform_dtype(x: Array) -> Array:
    """An operand in a dtype that is transformed: float32 for float16, float64 for integers."""
    dtype = fourier.complex_dtype(x.dtype)
    return cast(x, dtype if x.dtype.kind == "c" else finfo(dtype).dtype)


def check_real(name: str, x: Array) -> None:
    """Raise for complex operands of transforms of real numbers."""
    if x.dtype.kind == "c":
        raise TypeError(f"{name} takes real numbers, got {x.dtype}; use {name.replace('r', '', 1)}")


def checked_length(n: int) -> int:
    """A length as a positive integer."""
    n = operator.index(n)
    if n < 1:
        raise ValueError(f"a Fourier transform needs one point at least, got n={n}")
    return n


def resized(x: Array, axis: int, n: int) -> Array:
    """An array cut, or filled with zeros, to a length along an axis."""
    size = x.shape[axis]
    if n < size:
        return index(x, key=(FULL,) * axis + ((0, n, None),))
    if n > size:
        config = [(0, 0, 0)] * len(x.shape)
        config[axis] = (0, n - size, 0)
        return pad(x, x.dtype.type(0), tuple(config))
    return x


def axes_and_lengths(
    x: Array, s: Lengths, axes: Sequence[int] | None
) -> tuple[tuple[int, ...], list[int | None]]:
    """Normalised axes, and the length that is asked for along each."""
    ndim = len(x.shape)
    if axes is None:
        axes = range(0 if s is None else ndim - len(s), ndim)
    axes = tuple(axis_of(axis, ndim) for axis in axes)
    if s is None:
        return axes, [None] * len(axes)
    if len(s) != len(axes):
        raise ShapeError(f"s={tuple(s)} has {len(s)} lengths, for {len(axes)} axes")
    lengths = [x.shape[a] if n == -1 else n for a, n in zip(axes, s, strict=True)]
    return axes, [None if n is None else checked_length(n) for n in lengths]


def all_resized(x: Array, axes: Sequence[int], lengths: Sequence[int | None]) -> Array:
    """An array cut or filled along several axes, each of which must have elements then."""
    for axis, n in zip(axes, lengths, strict=True):
        x = resized(x, axis, checked_length(x.shape[axis]) if n is None else n)
    return x


def full_transform(
    x: Array, axes: tuple[int, ...], lengths: Sequence[int | None], norm: str, *, inverse: bool
) -> Array:
    """The transform of complex numbers, or of real ones with their whole spectrum."""
    x = in_transform_dtype(x)
    if len(set(axes)) < len(axes):
        for axis, n in zip(reversed(axes), reversed(lengths), strict=True):
            x = full_transform(x, (axis,), (n,), norm, inverse=inverse)
        return x
    return fourier.fft(all_resized(x, axes, lengths), axes=axes, inverse=inverse, norm=norm)


def half_transform(
    name: str, x: Array, axes: tuple[int, ...], lengths: Sequence[int | None], norm: str
) -> Array:
    """The half spectrum of real numbers."""
    check_real(name, x)
    if not axes:
        raise ShapeError(f"{name} needs one axis at least")
    x = in_transform_dtype(x)
    if len(set(axes)) < len(axes):
        whole = [x.shape[a] if n is None else n for a, n in zip(axes, lengths, strict=True)]
        x = half_transform(name, x, axes[-1:], whole[-1:], norm)
        return full_transform(x, axes[:-1], whole[:-1], norm, inverse=False)
    return fourier.rfft(all_resized(x, axes, lengths), axes=axes, norm=norm)


def inverse_half_transform(
    name: str, x: Array, axes: tuple[int, ...], lengths: Sequence[int | None], norm: str
) -> Array:
    """Real numbers from half of their spectrum."""
    if not axes:
        raise ShapeError(f"{name} needs one axis at least")
    given = x.dtype
    x = cast(x, fourier.complex_dtype(given))
    *others, last = axes
    size = lengths[-1]
    if size is None:
        size = checked_length(2 * (x.shape[last] - 1))
    if len(set(axes)) < len(axes):
        whole = [x.shape[a] if n is None else n for a, n in zip(others, lengths[:-1], strict=True)]
        x = full_transform(x, tuple(others), whole, norm, inverse=True)
        axes, lengths = (last,), (size,)
    x = all_resized(x, axes, (*lengths[:-1], fourier.half(size)))
    out = fourier.irfft(x, axes=axes, size=size, norm=norm)
    return cast(out, given) if is_narrow(given) else out


def conjugate(x: Array) -> Array:
    """The complex conjugate; of real numbers themselves."""
    return conj(x) if x.dtype.kind == "c" else x
