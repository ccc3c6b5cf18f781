"""The arrays of the tables: all dimensions differ, no ties, away from singular points."""

from __future__ import annotations

import numpy as np

_rng = np.random.default_rng(20)


def spread(shape, low=-2.0, high=2.0):
    """Values in random order whose distances are all large enough for differences."""
    n = int(np.prod(shape))
    steps = (np.arange(n) + 0.2 + 0.6 * _rng.random(n)) / n
    return (low + (high - low) * _rng.permutation(steps)).reshape(shape)[()]


X = spread((2, 3))
Y = spread((2, 3), -1.7, 1.9)
ROW = spread((3,))
COLUMN = spread((2, 1))
VECTOR = spread((5,))
SHORT = spread((3,), -1.5, 1.3)
LONG = spread((7,))
POSITIVE = spread((2, 3), 0.3, 2.0)
SMALL = spread((2, 3), -0.8, 0.8)
LARGE = spread((2, 3), 1.2, 3.0)
CUBE = spread((2, 3, 4))
SQUARE = spread((3, 3))
WIDE = spread((2, 4))
SCALAR = np.float64(0.7)
ASCENDING = np.sort(spread((5,)))
GAPS = np.array([[0.4, np.nan, -1.2], [1.5, 0.3, np.nan]])
WEIGHTS = spread((3,), 0.2, 1.0)
MASK = np.array([[True, False, True], [False, True, True]])
ROW_MASK = np.array([True, False, True])
INTS = np.array([[3, -1, 4], [1, 5, -9]])
COUNTS = np.array([[2, 6, 4], [9, 5, 3]])
BOOLS = np.array([[True, True, False], [False, True, False]])
PLACES = np.array([2, 0, 1, 2])
SPECIAL = np.array([1.5, np.inf, -np.inf, np.nan, -0.5])
ZEROS = np.array([0.0, 0.0, 1.5, 0.0, -2.0, 0.0])
REPEATED = np.array([1.5, -0.5, 1.5, 2.0, -0.5])
