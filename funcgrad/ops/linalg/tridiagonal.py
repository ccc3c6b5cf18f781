"""Systems with tridiagonal matrices, of stacks of them.

The lower diagonal is ``dl[i] = A[i, i - 1]``, the upper one ``du[i] = A[i, i + 1]``; ``dl[0]`` and
``du[-1]`` are not read. Operands have equal leading axes and one dtype.
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
from ..structural.joining import pad
from .matrices import nan_unless
from .solving import fold_columns, unfold_columns, zero_columns

SINGULAR = "tridiagonal_solve: singular matrix"


def eliminated(
    xp: ArrayModule, dl: Array, d: Array, du: Array, b: Array, *, perturb: bool
) -> tuple[Array, Array]:
    """Solutions, and which matrices are regular, by exchanges of neighbouring rows."""
    m = d.shape[-1]
    zero = xp.zeros(d.shape[:-1], d.dtype)
    first, second, right = d[..., 0], du[..., 0] if m > 1 else zero, b[..., 0, :]
    rows = []
    for i in range(1, m):
        low, mid, high = dl[..., i], d[..., i], du[..., i] if i < m - 1 else zero
        turn = abs(low) > abs(first)
        pivot = xp.where(turn, low, first)
        beside = xp.where(turn, mid, second), xp.where(turn, high, zero)
        left = xp.where(turn, first, low), xp.where(turn, second, mid), xp.where(turn, zero, high)
        above = xp.where(turn[..., None], b[..., i, :], right)
        below = xp.where(turn[..., None], right, b[..., i, :])
        rows.append((pivot, *beside, above))
        factor = xp.where(pivot == 0, zero, left[0] / xp.where(pivot == 0, 1, pivot))
        first, second = left[1] - factor * beside[0], left[2] - factor * beside[1]
        right = below - factor[..., None] * above
    rows.append((first, zero, zero, right))
    pivots = xp.stack([row[0] for row in rows], axis=-1)
    if perturb:
        every = xp.stack([x for row in rows for x in row[:3]], axis=-1)
        least = abs(every).max(axis=-1, keepdims=True) * np.finfo(d.dtype).eps
        pivots = xp.where(abs(pivots) < least, xp.where(pivots.real < 0, -least, least), pivots)
        pivots = pivots.astype(d.dtype, copy=False)
    regular = (pivots != 0).all(axis=-1)
    found: list[Array] = []
    for i in range(m - 1, -1, -1):
        _, one, two, x = rows[i]
        if i < m - 1:
            x = x - one[..., None] * found[-1]
        if i < m - 2:
            x = x - two[..., None] * found[-2]
        pivot = xp.where(pivots[..., i] == 0, 1, pivots[..., i])
        found.append(x / pivot[..., None])
    return xp.stack(found[::-1], axis=-2), regular


def by_lapack(
    routines: Sequence[Any], dl: Array, d: Array, du: Array, b: Array, perturb: bool
) -> tuple[Array, Array]:
    """The same by LAPACK, one matrix after another."""
    factorize, substitute = routines
    out, regular = np.empty(b.shape, b.dtype), np.ones(d.shape[:-1], bool)
    for lane in np.ndindex(*d.shape[:-1]):
        low, mid, high, second, pivots, _ = factorize(dl[lane][1:], d[lane], du[lane][:-1])
        if perturb:
            parts = [abs(x).max(initial=0) for x in (mid, high, second)]
            least = max(parts) * np.finfo(d.dtype).eps
            mid = np.where(abs(mid) < least, np.where(mid.real < 0, -least, least), mid)
        if (mid == 0).any():
            regular[lane] = False
            out[lane] = np.nan
        else:
            out[lane] = substitute(low, mid, high, second, pivots, b[lane])[0]
    return out, regular


def _solve_eval(
    xp: ArrayModule,
    dl: Array,
    d: Array,
    du: Array,
    b: Array,
    *,
    perturb: bool,
    strong: bool = False,
    failing: str = "raise",
) -> Array:
    dtype = xp.result_type(dl, d, du, b)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    dl, d, du, b = (x.astype(dtype, copy=False) for x in (dl, d, du, b))
    if not b.size:
        return b.copy()
    routines = lapack_routines(xp, ("gttrf", "gttrs"), dtype) if d.shape[-1] > 2 else None
    if routines is None:
        x, regular = eliminated(xp, dl, d, du, b, perturb=perturb)
    else:
        x, regular = by_lapack(routines, dl, d, du, b, perturb)
    if failing == "raise":
        if not regular.all():
            raise np.linalg.LinAlgError(SINGULAR)
    else:
        x = nan_unless(xp, regular, x)
    return zero_columns(xp, b, x) if strong else x


def check_diagonals(
    dl: tuple[int, ...], d: tuple[int, ...], du: tuple[int, ...], b: tuple[int, ...]
) -> None:
    """Raise unless the shapes are those of systems."""
    if not d or not dl == d == du or b[:-1] != d:
        raise ShapeError(
            f"tridiagonal_solve: diagonals of shapes {dl}, {d}, {du} and right-hand sides of shape "
            f"{b} do not fit; they are (..., m) and (..., m, k)"
        )


def _solve_abstract(dl: Aval, d: Aval, du: Aval, b: Aval, **_: object) -> Aval:
    check_diagonals(dl.shape, d.shape, du.shape, b.shape)
    return Aval(b.shape, inexact_dtype(dl, d, du, b))


def _moved(x: Array, by: int) -> Array:
    """Numbers along the last axis moved by one place, with a zero for the one that comes in."""
    m = x.shape[-1]
    lead = (FULL,) * (len(x.shape) - 1)
    kept = index(x, key=(*lead, (1, m, None) if by < 0 else (0, m - 1, None)))
    ends = (0, 1, 0) if by < 0 else (1, 0, 0)
    return pad(kept, x.dtype.type(0), (*((0, 0, 0),) * len(lead), ends))


def _neighbours(x: Array, by: int) -> Array:
    """The rows of solutions moved by one place."""
    m = x.shape[-2]
    lead = (FULL,) * (len(x.shape) - 2)
    kept = index(x, key=(*lead, (1, m, None) if by < 0 else (0, m - 1, None)))
    ends = (0, 1, 0) if by < 0 else (1, 0, 0)
    return pad(kept, x.dtype.type(0), (*((0, 0, 0),) * len(lead), ends, (0, 0, 0)))


def _column(t: Array) -> Array:
    return reshape(t, shape=(*t.shape, 1))


def _solve_transpose(
    ct: Array, dl: Array, d: Array, du: Array, _b: Aval, *, flagged: bool, strong: bool = False,
    **params: Any,
) -> tuple[None, None, None, Array]:  # fmt: skip
    ct = tridiagonal_solve(_moved(du, 1), d, _moved(dl, -1), ct, strong=strong or flagged, **params)
    return None, None, None, ct


def _solve_batch(size: int, args: Sequence[Array], batched: Sequence[bool], **params: Any) -> Array:
    if not any(batched[:3]) and size:
        *diagonals, b = args
        return unfold_columns(tridiagonal_solve(*diagonals, fold_columns(b), **params), size)
    every = [
        x if is_batched else broadcast_to(x, (size, *x.shape))
        for x, is_batched in zip(args, batched, strict=True)
    ]
    return tridiagonal_solve(*every, **params)


def _solve_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape, perturb in (
        ("f8", (4,), False),
        ("c16", (4,), False),
        ("f4", (3,), False),
        ("f8", (2, 3), True),
        ("f8", (2,), False),
        ("f8", (1,), False),
    ):
        d = sample(rng, shape, dtype, (-1, 1)) + 3
        sides = [sample(rng, shape, dtype, (-1, 1)) for _ in range(2)]
        b = sample(rng, (*shape, 2), dtype, (-2, 2))
        yield Case(sides[0], d, sides[1], b, perturb=perturb)


tridiagonal_solve: General = general(
    "tridiagonal_solve",
    _solve_eval,
    abstract=_solve_abstract,
    jvp=(
        lambda t, x, dl, d, du, _b, **params: (
            -tridiagonal_solve(dl, d, du, mul(_column(t), _neighbours(x, 1)), **params)
        ),
        lambda t, x, dl, d, du, _b, **params: (
            -tridiagonal_solve(dl, d, du, mul(_column(t), x), **params)
        ),
        lambda t, x, dl, d, du, _b, **params: (
            -tridiagonal_solve(dl, d, du, mul(_column(t), _neighbours(x, -1)), **params)
        ),
        lambda t, _x, dl, d, du, _b, **params: tridiagonal_solve(dl, d, du, t, **params),
    ),
    transpose=_solve_transpose,
    batch=_solve_batch,
    cases=_solve_cases,
    fails=True,
    elements=Float64("elimination with pivots, which are decisions"),
    hazard=Hazard.SINGULAR,
)
