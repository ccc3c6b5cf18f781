"""Systems with banded matrices, of stacks of them, which are given by their diagonals.

Rows of ``ab`` are diagonals: ``ab[above + i - j, j] = A[i, j]``. LAPACK factorizes within the band.
Derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule, lapack_routines
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, general, sample
from ..pointwise.arithmetic import mul
from ..shape import broadcast_to, reshape
from ..structural.indexing import FULL, index
from ..structural.joining import concatenate, pad
from .matrices import nan_unless
from .solving import fold_columns, unfold_columns, zero_columns

SINGULAR = "solve_banded: singular matrix"


def full_matrices(xp: ArrayModule, ab: Array, above: int) -> Array:
    """The matrices themselves."""
    rows, n = ab.shape[-2:]
    out = xp.zeros((*ab.shape[:-2], n, n), ab.dtype)
    for k in range(rows):
        by = k - above  # element j of the row is in row j + by
        first, last = max(0, -by), min(n, n - by)
        if first < last:
            columns = xp.arange(first, last)
            out[..., columns + by, columns] = ab[..., k, first:last]
    return out


def by_lapack(routine: Any, ab: Array, b: Array, below: int, above: int) -> tuple[Array, Array]:
    """Solutions, and which matrices are regular, one after another."""
    out, regular = np.empty(b.shape, b.dtype), np.ones(b.shape[:-2], bool)
    rows, n = ab.shape[-2:]
    for lane in np.ndindex(*b.shape[:-2]):
        band = np.zeros((rows + below, n), b.dtype)
        band[below:] = ab[lane]
        _, _, x, info = routine(below, above, band, b[lane])
        out[lane], regular[lane] = (x, True) if info == 0 else (np.nan, False)
    return out, regular


def densely(xp: ArrayModule, ab: Array, b: Array, above: int) -> tuple[Array, Array]:
    """The same by whole matrices."""
    whole = full_matrices(xp, ab, above)
    regular = xp.linalg.slogdet(whole)[0] != 0
    n = whole.shape[-1]
    safe = xp.where(regular[..., None, None], whole, xp.eye(n, dtype=whole.dtype))
    return xp.linalg.solve(safe, b), regular


def _solve_eval(
    xp: ArrayModule,
    ab: Array,
    b: Array,
    *,
    below: int,
    above: int,
    strong: bool = False,
    failing: str = "raise",
) -> Array:
    dtype = xp.result_type(ab, b)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    ab, b = (x.astype(dtype, copy=False) for x in (ab, b))
    if not b.size:
        return b.copy()
    routines = lapack_routines(xp, ("gbsv",), dtype)
    if routines is None:
        x, regular = densely(xp, ab, b, above)
    else:
        x, regular = by_lapack(routines[0], ab, b, below, above)
    if failing == "raise":
        if not regular.all():
            raise np.linalg.LinAlgError(SINGULAR)
    else:
        x = nan_unless(xp, regular, x)
    return zero_columns(xp, b, x) if strong else x


def _solve_abstract(ab: Aval, b: Aval, *, below: int, above: int, **_: object) -> Aval:
    rows = below + above + 1
    if len(ab.shape) < 2 or ab.shape[-2] != rows or b.shape[:-1] != (*ab.shape[:-2], ab.shape[-1]):
        raise ShapeError(
            f"banded_solve: diagonals of shape {ab.shape} and right-hand sides of shape {b.shape} "
            f"do not fit; they are (..., {rows}, n) and (..., n, k)"
        )
    return Aval(b.shape, inexact_dtype(ab, b))


def _moved(x: Array, by: int, axis: int) -> Array:
    """Elements moved by places along an axis from the end, with zeros for those that come in."""
    m = x.shape[axis]
    if by == 0:
        return x
    if abs(by) >= m:
        return mul(x, x.dtype.type(0))
    lead, rest = len(x.shape) + axis, -axis - 1
    part = (0, m - by, None) if by > 0 else (-by, m, None)
    kept = index(x, key=((FULL,) * lead + (part,)))
    ends = (by, 0, 0) if by > 0 else (0, -by, 0)
    return pad(kept, x.dtype.type(0), (*((0, 0, 0),) * lead, ends, *((0, 0, 0),) * rest))


def _row(ab: Array, k: int) -> Array:
    """One diagonal, (..., n)."""
    return index(ab, key=((FULL,) * (len(ab.shape) - 2) + (k,)))


def product(ab: Array, x: Array, below: int, above: int) -> Array:
    """The product of banded matrices and columns."""
    total: Any = None
    for k in range(below + above + 1):
        row = _row(ab, k)
        part = _moved(mul(reshape(row, shape=(*row.shape, 1)), x), k - above, -2)
        total = part if total is None else total + part
    return total  # type: ignore[no-any-return]


def transposed(ab: Array, below: int, above: int) -> Array:
    """The diagonals of the transposes, whose numbers below and above are exchanged."""
    rows = []
    for k in range(below + above + 1):
        row = _moved(_row(ab, below + above - k), below - k, -1)
        rows.append(reshape(row, shape=(*row.shape[:-1], 1, row.shape[-1])))
    return concatenate(*rows, axis=len(ab.shape) - 2)


def _solve_transpose(
    ct: Array, ab: Array, _b: Aval, *, flagged: bool, below: int, above: int,
    strong: bool = False, **params: Any,
) -> tuple[None, Array]:  # fmt: skip
    other = transposed(ab, below, above)
    return None, banded_solve(
        other, ct, below=above, above=below, strong=strong or flagged, **params
    )


def _solve_batch(size: int, args: Sequence[Array], batched: Sequence[bool], **params: Any) -> Array:
    if not batched[0] and size:
        ab, b = args
        return unfold_columns(banded_solve(ab, fold_columns(b), **params), size)
    ab, b = (
        x if is_batched else broadcast_to(x, (size, *x.shape))
        for x, is_batched in zip(args, batched, strict=True)
    )
    return banded_solve(ab, b, **params)


def _solve_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape, below, above in (
        ("f8", (5,), 2, 1),
        ("c16", (4,), 1, 2),
        ("f4", (4,), 0, 2),
        ("f8", (2, 3), 1, 1),
        ("f8", (2,), 1, 3),
    ):
        ab = sample(rng, (*shape[:-1], below + above + 1, shape[-1]), dtype, (-1, 1))
        ab[..., above, :] += 5
        yield Case(ab, sample(rng, (*shape, 2), dtype, (-2, 2)), below=below, above=above)


def _slope_of_matrix(
    t: Array, x: Array, ab: Array, _b: Array, *, below: int, above: int, **params: Any
) -> Array:
    change = product(t, x, below, above)
    return -banded_solve(ab, change, below=below, above=above, **params)


banded_solve: General = general(
    "banded_solve",
    _solve_eval,
    abstract=_solve_abstract,
    jvp=(
        _slope_of_matrix,
        lambda t, _x, ab, _b, **params: banded_solve(ab, t, **params),
    ),
    transpose=_solve_transpose,
    batch=_solve_batch,
    cases=_solve_cases,
    fails=True,
    elements=Float64("elimination with pivots, which are decisions"),
    hazard=Hazard.SINGULAR,
)
