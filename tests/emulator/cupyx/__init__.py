"""The emulated ``cupyx``."""

from ._functions import (
    allow_synchronize,
    empty_pinned,
    errstate,
    geterr,
    rsqrt,
    scatter_add,
    scatter_max,
    scatter_min,
    seterr,
)

__all__ = [
    "allow_synchronize", "empty_pinned", "errstate", "geterr", "rsqrt", "scatter_add",
    "scatter_max", "scatter_min", "seterr",
]  # fmt: skip
