"""Calls of functions of polynomials, and of histograms."""

from __future__ import annotations

import numpy as np

from .arrays import (
    ASCENDING,
    COUNTS,
    INTS,
    LONG,
    MASK,
    POSITIVE,
    ROW,
    SCALAR,
    SHORT,
    SQUARE,
    VECTOR,
    WEIGHTS,
    X,
    Y,
    spread,
)
from .checks import call

PAIRS = [call(VECTOR, SHORT), call(SHORT, VECTOR), call(ROW, SCALAR), call(ROW, np.array([1, 2]))]
QUADRATIC = np.array([1.0, 0.4, 2.0])
QUARTIC = np.array([1.2, 0.3, 2.0, 0.7, 3.0])


def complex_roots(p, strip_zeros=True):
    """What is compared: as complex numbers, in an order that does not depend on rounding."""
    return np.roots(p).astype(np.result_type(p, np.complex64))


def of_size(n):
    """NumPy's quotient with a remainder of n coefficients."""

    def divided(u, v):
        q, r = np.polydiv(u, v)
        return q, np.pad(r, (n - len(r), 0))

    return divided


TABLE = {
    "polyadd": [*PAIRS, call(INTS[0], ROW)],
    "polysub": [*PAIRS, call(INTS[0], ROW)],
    "polymul": [*PAIRS, call(INTS[0], ROW)],
    "polydiv": [
        call(VECTOR, np.array([1.5, 0.3, -0.4]), _reference=of_size(2)),
        call(ROW, np.array([1.5, 0.3]), _reference=of_size(1)),
        call(np.array([1.5, 0.3]), VECTOR),
        call(VECTOR, 2.0),
        call(VECTOR, np.array([2, 1]), _reference=of_size(1)),
    ],
    "polyder": [call(VECTOR), call(VECTOR, 2), call(VECTOR, 0), call(ROW, 3), call(INTS[0])],
    "polyint": [
        call(VECTOR),
        call(VECTOR, 2, [0.5, 2.0]),
        call(VECTOR, m=2, k=SCALAR),
        call(VECTOR, 0),
        call(INTS[0], k=1.5),
    ],
    "poly": [
        call(VECTOR, _dtypes="fd"),
        call(SQUARE, _dtypes="fd", _rtol=1e-9),
        call(INTS[0]),
        call(VECTOR + 1j * np.array([0.3, 0.5, -0.2, 0.1, 0.4])),
    ],
    "polyfit": [
        call(LONG, LONG**2 + np.cos(LONG), 2, _dtypes="d", _rtol=1e-9),
        call(LONG, np.stack([LONG**2, np.cos(LONG)], 1), 1, _dtypes="d", _rtol=1e-9),
        call(LONG, np.cos(LONG), 1, w=spread((7,), 0.5, 1.5), _dtypes="d", _rtol=1e-9),
        call(LONG, np.cos(LONG), 2, full=True, _dtypes="d", _rtol=1e-9),
        call(LONG, np.cos(LONG), 1, cov=True, _dtypes="d", _rtol=1e-9),
        call(LONG, np.cos(LONG), 1, cov="unscaled", _dtypes="d", _rtol=1e-9),
    ],
    "roots": [
        call(QUADRATIC, strip_zeros=False, _reference=complex_roots, _dtypes="fd", _rtol=1e-10),
        call(QUARTIC, strip_zeros=False, _reference=complex_roots, _dtypes="fd", _rtol=1e-10),
        call(QUADRATIC, _reference=complex_roots, _concrete=True, _dtypes="d", _rtol=1e-10),
        call(np.array([0.0, 1.0, 0.4, 2.0, 0.0]), _concrete=True, _derivative=False, _dtypes="d"),
        call(np.array([3.0]), strip_zeros=False, _reference=lambda p, **_: np.roots(p)),
    ],
    "i0": [call(X, _dtypes="fd", _rtol=1e-11), call(POSITIVE * 6, _dtypes="d"), call(INTS)],
    "histogram_bin_edges": [
        call(VECTOR, _dtypes="fd"),
        call(VECTOR, 4, (-1.0, 2.0), _dtypes="fd"),
        call(INTS, 3),
        call(VECTOR, ASCENDING, _dtypes="fd"),
        call(VECTOR, "sturges", _concrete=True, _derivative=False, _dtypes="d"),
    ],
    "histogram": [
        call(X, 4, _dtypes="d"),
        call(X, 4, (-1.0, 1.5), _dtypes="fd"),
        call(X, ASCENDING, _dtypes="fd"),
        call(X, 3, (-2.0, 2.0), True, _dtypes="d"),
        call(X, 3, (-2.0, 2.0), weights=Y, _dtypes="d"),
        call(X, 3, (-2.0, 2.0), weights=POSITIVE, density=True, _dtypes="d"),
        call(INTS, 4),
        call(INTS, 4, weights=COUNTS),
        call(np.ones(3), 2, _derivative=False, _dtypes="d"),
        call(np.array([-2.0, -0.5, 0.0, 1.0]), np.array([-2.0, -0.5, 1.0]), _derivative=False),
        call(np.zeros(0), 2),
    ],
    "histogram2d": [
        call(VECTOR, ASCENDING, 3, [(-2.0, 2.0), (-2.0, 2.0)], _dtypes="d"),
        call(VECTOR, ASCENDING, (2, 3), _dtypes="d"),
        call(VECTOR, ASCENDING, np.array([-2.0, -1.0, 0.5, 2.0]), _dtypes="d"),
        call(VECTOR, ASCENDING, 2, [(-2.0, 2.0), (-2.0, 2.0)], True, LONG[:5], _dtypes="d"),
    ],
    "histogramdd": [
        call(np.stack([VECTOR, ASCENDING, LONG[:5]], 1), 2, _dtypes="d"),
        call([VECTOR, ASCENDING], (2, 3), [(-2.0, 2.0), None], _dtypes="d"),
        call(np.stack([VECTOR, ASCENDING], 1), 2, density=True, weights=ASCENDING**2, _dtypes="d"),
        call([ROW, SHORT], [np.array([-2.0, 0.0, 2.0]), 2], weights=WEIGHTS, _dtypes="d"),
    ],
    "piecewise": [
        call(X, [X < 0, X >= 0], [lambda x: -x, lambda x: x**2]),
        call(X, [X < -0.5, X > 0.5], [lambda x: x**2, 2.0, lambda x, by=3.0: by * x]),
        call(X, [MASK], [np.sin, np.cos]),
        call(VECTOR, VECTOR > 0, [np.sin, np.cos]),
        call(X, [X < 0], [lambda x, a: a * x, lambda x, a: x - a], 2.5),
        call(VECTOR, list(VECTOR > 0), [np.exp, np.sin], _vmap=False),
        call(SCALAR, [True], [np.sin], _reference=lambda x, c, f: np.sin(x)),
        call(INTS, [INTS > 2], [lambda x: x * 1.6, 0]),
    ],
    "apply_along_axis": [
        call(np.sum, 0, X, _traced="all"),
        call(np.cumsum, 1, X),
        call(lambda v: np.outer(v, v), 1, np.stack([X, Y])),
        call(lambda v, a, b=1.0: np.dot(v, v) * a + b, -1, X, 2.0, b=0.5),
        call(np.sum, 0, VECTOR),
        call(lambda v: v[::-1], 0, INTS),
    ],
    "apply_over_axes": [
        call(np.sum, np.stack([X, Y]), [0, 2]),
        call(np.mean, X, -1, _dtypes="fd"),
        call(lambda x, axis: np.cumsum(x, axis), X, (0, 1)),
    ],
    "diag_indices_from": [call(SQUARE), call(np.zeros((2, 2, 2)))],
    "tril_indices_from": [call(X), call(X, 1)],
    "triu_indices_from": [call(X), call(SQUARE, -1)],
}
