"""Formulas for small matrices, entry by entry, of which compilers make kernels.

Each takes the module of functions, then the operands and parameters of its operator, and returns
NotImplemented for matrices that are not small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...typing import Array

MOST = 4
"""The most rows of a small matrix."""

Rows = list[list[Array]]


def _entries(a: Array) -> Rows:
    n, m = a.shape[-2:]
    return [[a[..., i, j] for j in range(m)] for i in range(n)]


def _matrix(np_: Any, rows: Sequence[Sequence[Array]]) -> Array:
    return np_.stack([np_.stack(row, -1) for row in rows], -2)


def _is_small(a: Array) -> bool:
    return 0 < a.shape[-1] <= MOST


def _eliminated(np_: Any, rows: Rows) -> Array:
    """Eliminate below the diagonal with partial pivoting, in place; returns the sign of swaps.

    The rows may be longer than they are many.
    """
    n = len(rows)
    sign = rows[0][0].dtype.type(1)
    for k in range(n):
        for i in range(k + 1, n):
            swaps = abs(rows[i][k]) > abs(rows[k][k])
            pairs = list(zip(rows[k], rows[i], strict=True))
            rows[k] = [np_.where(swaps, y, x) for x, y in pairs]
            rows[i] = [np_.where(swaps, x, y) for x, y in pairs]
            sign = np_.where(swaps, -sign, sign)
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rest = zip(rows[i][k + 1 :], rows[k][k + 1 :], strict=True)
            rows[i] = [*rows[i][: k + 1], *(x - factor * y for x, y in rest)]
    return sign


def _substituted(np_: Any, rows: Rows, n: int) -> Rows:
    """Solve with the upper triangle in the first n columns for the others; NaN if singular."""
    found: Rows = [[] for _ in range(n)]
    for i in reversed(range(n)):
        found[i] = rows[i][n:]
        for j in range(i + 1, n):
            found[i] = [x - rows[i][j] * y for x, y in zip(found[i], found[j], strict=True)]
        found[i] = [x / rows[i][i] for x in found[i]]
    singular = rows[0][0] == 0
    for i in range(1, n):
        singular = singular | (rows[i][i] == 0)
    return [[np_.where(singular, np.nan, x) for x in row] for row in found]


def solve_formula(
    np_: Any, a: Array, b: Array, *, strong: bool = False, failing: str = "raise"
) -> Array:
    """The solutions of small systems."""
    if not _is_small(a) or b.shape[-1] > 2 * MOST or not b.shape[-1] or failing == "raise":
        return NotImplemented
    rows = [x + y for x, y in zip(_entries(a), _entries(b), strict=True)]
    _eliminated(np_, rows)
    found = _matrix(np_, _substituted(np_, rows, a.shape[-1]))
    return np_.where(np_.all(b == 0, axis=-2, keepdims=True), 0, found) if strong else found


def inv_formula(np_: Any, a: Array, *, failing: str = "raise") -> Array:
    """The inverses of small matrices."""
    if not _is_small(a) or failing == "raise":
        return NotImplemented
    n = a.shape[-1]
    one = np_.ones_like(a[..., 0, 0])
    identity = [[one if i == j else 0 * one for j in range(n)] for i in range(n)]
    rows = [x + y for x, y in zip(_entries(a), identity, strict=True)]
    _eliminated(np_, rows)
    return _matrix(np_, _substituted(np_, rows, n))


def det_formula(np_: Any, a: Array) -> Array:
    """The determinants of small matrices."""
    if not _is_small(a):
        return NotImplemented
    rows = _entries(a)
    sign = _eliminated(np_, rows)
    found = rows[0][0]
    for i in range(1, len(rows)):
        # An elimination that met a zero has NaN below it.
        found = np_.where(found == 0, found, found * rows[i][i])
    return sign * found


def slogdet_formula(np_: Any, a: Array) -> tuple[Array, Array]:
    """Signs of the determinants of small matrices, and logarithms of their sizes."""
    if not _is_small(a):
        return NotImplemented
    rows = _entries(a)
    sign = _eliminated(np_, rows)
    total = np_.log(abs(rows[0][0]))
    sign = sign * np_.sign(rows[0][0])
    for i in range(1, len(rows)):
        singular = sign == 0
        sign = np_.where(singular, sign, sign * np_.sign(rows[i][i]))
        total = np_.where(singular, total, total + np_.log(abs(rows[i][i])))
    return sign, np_.where(sign == 0, -np.inf, total)


def cofactors_formula(np_: Any, a: Array) -> Array:
    """The cofactors of matrices of two or three rows, as polynomials of the entries."""
    n = a.shape[-1]
    if n not in (2, 3):
        return NotImplemented
    x = _entries(a)
    if n == 2:
        found = [[x[1][1], -x[1][0]], [-x[0][1], x[0][0]]]
    else:
        # Taking indices in a circle gives the sign.
        found = [
            [
                x[(i + 1) % 3][(j + 1) % 3] * x[(i + 2) % 3][(j + 2) % 3]
                - x[(i + 1) % 3][(j + 2) % 3] * x[(i + 2) % 3][(j + 1) % 3]
                for j in range(3)
            ]
            for i in range(3)
        ]
    finite = np_.all(np_.isfinite(a), axis=(-2, -1), keepdims=True)
    return np_.where(finite, _matrix(np_, found), np.nan)


def cholesky_formula(np_: Any, a: Array, *, failing: str = "raise") -> Array:
    """The lower Cholesky factors of small matrices, from their lower triangles."""
    if not _is_small(a) or failing == "raise":
        return NotImplemented
    n, x = a.shape[-1], _entries(a)
    zero = np_.zeros_like(x[0][0])
    rows: Rows = [[zero] * n for _ in range(n)]
    good = x[0][0] > 0
    for j in range(n):
        for i in range(j, n):
            rest = x[i][j]
            for k in range(j):
                rest = rest - rows[i][k] * rows[j][k]
            if i == j:
                good = good & (rest > 0)
                rows[j][j] = np_.sqrt(rest)
            else:
                rows[i][j] = rest / rows[j][j]
    return np_.where(good[..., None, None], _matrix(np_, rows), np.nan)


def triangular_solve_formula(
    np_: Any,
    a: Array,
    b: Array,
    *,
    lower: bool,
    transpose_a: int,
    unit_diagonal: bool,
    strong: bool = False,
    failing: str = "raise",
) -> Array:
    """The solutions of small triangular systems."""
    if not _is_small(a) or b.shape[-1] > 2 * MOST or not b.shape[-1] or failing == "raise":
        return NotImplemented
    n, rows, columns = a.shape[-1], _entries(a), _entries(b)
    if transpose_a:
        rows = [list(column) for column in zip(*rows, strict=True)]
        lower = not lower
    order = list(range(n)) if lower else list(reversed(range(n)))
    for place, i in enumerate(order):
        for j in order[:place]:
            columns[i] = [x - rows[i][j] * y for x, y in zip(columns[i], columns[j], strict=True)]
        if not unit_diagonal:
            columns[i] = [x / rows[i][i] for x in columns[i]]
    found = _matrix(np_, columns)
    if not unit_diagonal:
        singular = rows[0][0] == 0
        for i in range(1, n):
            singular = singular | (rows[i][i] == 0)
        found = np_.where(singular[..., None, None], np.nan, found)
    return np_.where(np_.all(b == 0, axis=-2, keepdims=True), 0, found) if strong else found


__all__ = [
    "MOST",
    "cholesky_formula",
    "cofactors_formula",
    "det_formula",
    "inv_formula",
    "slogdet_formula",
    "solve_formula",
    "triangular_solve_formula",
]
