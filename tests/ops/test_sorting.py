"""The largest numbers of lines: in order, equal ones by their places, NaN before all."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax

RNG = np.random.default_rng(0)
LINES = {
    "numbers": RNG.normal(size=(2, 300)),
    "one line": RNG.normal(size=1000),
    "equal ones": np.round(RNG.normal(size=(3, 200)) * 4) / 4,
    "nan": np.where(RNG.random((3, 200)) < 0.02, np.nan, RNG.normal(size=(3, 200))),
    "many nan": np.where(RNG.random((3, 200)) < 0.4, np.nan, 0.5),
    "integers": RNG.integers(-9, 9, (2, 150)),
    "bytes": RNG.integers(0, 255, (2, 150)).astype(np.uint8),
    "zeros": np.where(RNG.random((2, 200)) < 0.5, 0.0, -0.0),
    "infinite": np.where(RNG.random((2, 200)) < 0.03, np.inf, RNG.normal(size=(2, 200))),
    "halves": RNG.normal(size=(2, 300)).astype(np.float16),
}


def places(line, k):
    """By the order of Python's sort, which leaves equal ones as they are."""
    return sorted(range(len(line)), key=lambda i: (line[i] == line[i], -float(line[i])))[:k]


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("k", [1, 7, 18, 100])
def test_the_largest_of_long_lines(name, k):
    x = LINES[name]
    expected = np.apply_along_axis(places, -1, x, k)
    for run in (lax.top_k, fg.jit(lax.top_k, static_argnums=1)):
        values, found = run(x, k)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(values, np.take_along_axis(x, expected, -1))
