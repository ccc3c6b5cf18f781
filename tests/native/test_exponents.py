"""Powers with exponents that are known and whole: exact ones, and NumPy's at the ends."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native.exponents import MOST_PRODUCTS

EXPONENTS = [0, 1, -1, 2, 3, 4, 5, 7, 12, 33, MOST_PRODUCTS, -2, -3, -8, -31, 5.0, -7.0]


def numbers(dtype: Any) -> np.ndarray:
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    ends = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, float(info.max), -float(info.tiny) / 4]
    ends += [float(info.max) ** 0.2, -(float(info.max) ** 0.2), float(info.tiny) ** 0.1]
    spread = [rng.normal(size=150), np.exp(rng.uniform(-40, 40, 100))]
    return np.concatenate([*spread, ends]).astype(dtype)


@pytest.mark.parametrize("n", EXPONENTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_powers(dtype: Any, n: float) -> None:
    x, info = numbers(dtype), np.finfo(dtype)
    with np.errstate(all="ignore"):
        expected = x**n
    found = fg.jit(lambda x: x**n, stabilize=False)(x)
    assert found.dtype == expected.dtype
    tiny = np.abs(expected) < float(info.tiny)
    exact = tiny | ~np.isfinite(expected)
    np.testing.assert_allclose(
        found[exact], expected[exact], rtol=0, atol=4 * float(info.smallest_subnormal)
    )
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(expected)[known])
    with mpmath.workdps(50):
        for a, b in zip(x[~exact], found[~exact], strict=True):
            error = mpmath.mpf(float(b)) - mpmath.mpf(float(a)) ** int(n)
            size = np.abs(b)
            assert abs(error) <= 2 * float(size - np.nextafter(size, dtype(0)))
