"""Products in which zeros of one factor win over infinities and NaN of the other, on a GPU.

No value is looked at from the host: the plain product is computed, and a kernel computes it again
with strong zeros if the device finds that it is not finite.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...typing import Array
from ..kernels import Kernel

REPAIR = Kernel(
    "strong_product",
    "raw T left, raw T right, raw bool fine, int64 rows, int64 depth, int64 columns, bool first",
    "raw T out",
    """
    if (fine[0]) return;
    const long long column = i % columns, row = i / columns, lane = row / rows;
    T total = T(0);
    for (long long k = 0; k < depth; ++k) {
        const T a = left[row * depth + k];
        const T b = right[(lane * depth + k) * columns + column];
        if ((first ? a : b) != T(0)) total += a * b;
    }
    out[i] = total;
    """,
)


class Strong:
    """Products of arrays of a GPU; ``first`` says in which factor zeros are strong."""

    __slots__ = ("first", "xp")

    def __init__(self, xp: ArrayModule, first: bool) -> None:
        self.xp: Any = xp
        self.first: bool = first

    def swapped(self) -> Strong:
        """The same for the factors in the other order."""
        return Strong(self.xp, not self.first)

    def multiply(self, x: Array, y: Array) -> Array:
        """The product element by element."""
        z = x if self.first else y
        product = x * y
        return self.xp.where(z == 0, product.dtype.type(0), product)

    def matmul(self, x: Array, y: Array) -> Array:
        """The product of stacks of matrices."""
        xp = self.xp
        dtype = np.result_type(x.dtype, y.dtype)
        lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        x = xp.broadcast_to(x.astype(dtype, copy=False), lead + x.shape[-2:])
        y = xp.broadcast_to(y.astype(dtype, copy=False), lead + y.shape[-2:])
        out = xp.ascontiguousarray(xp.matmul(x, y))
        other = y if self.first else x
        fine = xp.isfinite(other if other.size < out.size else out).all().reshape(1)
        (rows, depth), columns = x.shape[-2:], y.shape[-1]
        if out.size:
            REPAIR(xp, x, y, fine, rows, depth, columns, self.first, out, size=out.size)
        return out


class Plain:
    """Products of arrays as they are."""

    __slots__ = ("xp",)

    def __init__(self, xp: ArrayModule) -> None:
        self.xp: Any = xp

    def swapped(self) -> Plain:
        """The same for the factors in the other order."""
        return self

    def multiply(self, x: Array, y: Array) -> Array:
        """The product element by element."""
        return x * y

    def matmul(self, x: Array, y: Array) -> Array:
        """The product of stacks of matrices."""
        return self.xp.matmul(x, y)
