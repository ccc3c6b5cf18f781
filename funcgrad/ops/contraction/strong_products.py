"""Products in which zeros of one factor win over infinities and NaN of the other, on a GPU.

No value is looked at from the host: the plain product is computed, and a kernel computes it again
with strong zeros if the device finds that it is not finite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ...typing import Array
from ..kernels import Kernel

Product: TypeAlias = Callable[[Array, Array], Array]
"""A product of two arrays."""

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
    ("float", "double"),
)


def strong_matmul(xp: Any, x: Array, y: Array, first: bool) -> Array:
    """The product of stacks of matrices; ``first`` says in which factor zeros are strong."""
    dtype = np.result_type(x.dtype, y.dtype)
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = xp.broadcast_to(x.astype(dtype, copy=False), lead + x.shape[-2:])
    y = xp.broadcast_to(y.astype(dtype, copy=False), lead + y.shape[-2:])
    out = xp.ascontiguousarray(xp.matmul(x, y))
    other = y if first else x
    fine = xp.isfinite(other if other.size < out.size else out).all().reshape(1)
    (rows, depth), columns = x.shape[-2:], y.shape[-1]
    if out.size:
        REPAIR(xp, x, y, fine, rows, depth, columns, first, out, size=out.size)
    return out


def strong_multiply(xp: Any, x: Array, y: Array, first: bool) -> Array:
    """The product element by element."""
    product = x * y
    return xp.where((x if first else y) == 0, product.dtype.type(0), product)


def strong_products(xp: Any, first: bool) -> tuple[Product, Product, Product]:
    """Products of matrices, of matrices in the other order, and of elements."""
    return (
        lambda x, y: strong_matmul(xp, x, y, first),
        lambda x, y: strong_matmul(xp, x, y, not first),
        lambda x, y: strong_multiply(xp, x, y, first),
    )
