"""The largest numbers of long lines: NumPy's, with NaN, equal numbers and signs of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native.selection import MOST_KEPT


def lines(char: str, length: int) -> np.ndarray:
    rng = np.random.default_rng(length)
    x = rng.integers(0, 50, (6, length)).astype(char)
    x[2], x[4] = 0, np.arange(length) % 120
    x[5] = x[4, ::-1]
    if char in "efd":
        x[1] = rng.normal(size=length)
        x[0, 3], x[0, -1], x[1, :9], x[3, ::2] = np.nan, np.nan, np.inf, -0.0
    return x


@pytest.mark.parametrize("char", "efdbBilL?")
@pytest.mark.parametrize(("length", "k"), [(65, 1), (70, MOST_KEPT), (200, 3), (1000, 10), (64, 5)])
def test_the_largest_of_long_lines(char: str, length: int, k: int) -> None:
    x = lines(char, length)

    def fun(x: Any) -> Any:
        return fg.lax.top_k(x, k)

    compiled = fg.jit(fun)
    assert "NumPy:" not in str(compiled.lower(x).groups())
    (values, places), (numbers, at) = compiled(x), fun(x)
    np.testing.assert_array_equal(places, at)
    assert (values.dtype, values.tobytes()) == (numbers.dtype, numbers.tobytes())


def test_more_than_are_kept_are_sorted_by_numpy() -> None:
    x = lines("d", 200)
    told = str(fg.jit(lambda x: fg.lax.top_k(x, MOST_KEPT + 1)).lower(x).groups())
    assert "NumPy:" in told
