"""Bits packed into bytes, and unpacked, on tracers."""

from __future__ import annotations

import numpy as np

from ..arrays import like
from ..core.tracing import aval_of
from ..ops.shape import cast, reduce_sum, reshape
from ..typing import Array, ArrayLike
from .protocol import as_operand, axis_of, implements
from .shapes import padding

_BYTE = np.dtype(np.uint8)


def _weights(bitorder: str, name: str) -> np.ndarray:
    if bitorder not in ("big", "little"):
        raise ValueError(f"{name}: bitorder must be 'big' or 'little', got {bitorder!r}")
    found = (1 << np.arange(8)).astype(np.uint8)
    return found if bitorder == "little" else found[::-1]


def _along_last(x: Array, axis: int | None) -> tuple[Array, int]:
    """The array with an axis at the end, and where it was."""
    if axis is None:
        return reshape(x, shape=(x.size,)), 0
    place = axis_of(axis, len(x.shape))
    return np.moveaxis(x, place, -1), place


@implements(np.packbits)
def packbits(a: ArrayLike, /, axis: int | None = None, bitorder: str = "big") -> Array:
    """Truth values as the bits of bytes; zeros fill the last byte."""
    weights = _weights(bitorder, "np.packbits")
    x = as_operand(a)
    if x.dtype.kind not in "biu":
        raise TypeError(f"np.packbits needs integers or booleans, got {aval_of(x)}")
    bits, place = _along_last(cast(x != 0, _BYTE), axis)
    *lead, n = bits.shape
    width = [(0, 0)] * len(lead) + [(0, -n % 8)]
    bits = reshape(padding.pad(bits, width), shape=(*lead, -(-n // 8), 8))
    packed = reduce_sum(bits * like(bits, weights), axes=(len(lead) + 1,))
    return np.moveaxis(cast(packed, _BYTE), -1, place)


@implements(np.unpackbits)
def unpackbits(
    a: ArrayLike, /, axis: int | None = None, count: int | None = None, bitorder: str = "big"
) -> Array:
    """The bits of bytes, as bytes that are 0 or 1."""
    weights = _weights(bitorder, "np.unpackbits")
    x = as_operand(a)
    if x.dtype != _BYTE:
        raise TypeError(f"np.unpackbits needs bytes (uint8), got {aval_of(x)}")
    packed, place = _along_last(x, axis)
    *lead, n = packed.shape
    bits = cast(packed[..., None] & like(packed, weights) != 0, _BYTE)
    bits = reshape(bits, shape=(*lead, 8 * n))
    if count is not None:
        if count > 8 * n:
            bits = padding.pad(bits, [(0, 0)] * len(lead) + [(0, count - 8 * n)])
        bits = bits[..., :count]
    return np.moveaxis(bits, -1, place)
