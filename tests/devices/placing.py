"""Pytrees on a device, and how they are compared with the same on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import arrays, tree


def upload(xp: Any, x: Any) -> Any:
    """A pytree with its NumPy arrays and scalars on the device."""
    return tree.map(lambda a: xp.asarray(a) if isinstance(a, np.ndarray | np.generic) else a, x)


def rtol_of(dtype: np.dtype) -> float:
    """How close two devices compute."""
    if dtype.kind not in "fc":
        return 0.0
    return {2: 2e-2, 4: 1e-4, 8: 1e-4 if dtype.kind == "c" else 1e-9}.get(dtype.itemsize, 1e-9)


def assert_same(found: Any, expected: Any, rtol: float | None = None) -> None:
    """Results of the device are those of the CPU: structure, dtypes, shapes, values; and there."""
    assert tree.structure(found) == tree.structure(expected)
    paths = [tree.format_path(path) for path, _ in tree.leaves_with_path(expected)]
    for where, a, b in zip(paths, tree.leaves(found), tree.leaves(expected), strict=True):
        if isinstance(b, bool | int | float | complex) and type(a) is type(b):
            assert a == b or rtol is not None, where
            continue
        if getattr(b, "dtype", None) == fg.float0:
            continue
        assert arrays.is_gpu_array(a), f"{where}: the result is on the host: {type(a).__name__}"
        host, b = a.get(), np.asarray(b)
        assert (host.dtype, host.shape) == (b.dtype, b.shape), where
        close = rtol_of(b.dtype) if rtol is None else rtol
        size = np.abs(b[np.isfinite(b)]) if b.dtype.kind in "fc" else b
        scale = max(1.0, float(np.max(size, initial=0)))
        np.testing.assert_allclose(host, b, rtol=close, atol=close * scale, err_msg=where)


def share_memory(a: Any, b: Any) -> bool:
    """Whether two arrays of a device have bytes in common, as far as their bounds tell."""
    if not (arrays.is_gpu_array(a) and arrays.is_gpu_array(b)):
        return False

    def bounds(x: Any) -> tuple[int, int]:
        reach = [(n - 1) * s for n, s in zip(x.shape, x.strides, strict=True)]
        start = x.data.ptr + sum(r for r in reach if r < 0)
        return start, x.data.ptr + sum(r for r in reach if r > 0) + x.itemsize

    (a0, a1), (b0, b1) = bounds(a), bounds(b)
    return bool(np.prod(np.shape(a)) and np.prod(np.shape(b))) and a0 < b1 and b0 < a1
