"""Linear systems: triangular and general solves, of stacks of matrices.

Matrices are the last two axes; operands have equal leading axes and one dtype.
Derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule, triangular_solver
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Hazard
from ...core.primitive import Case, Primitive
from ...errors import ShapeError
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general, sample
from ..pointwise.complex import conj
from ..shape import broadcast, move_axis, reshape
from .matrices import adjoint, by_lanes, check_square, nan_unless, random_matrix, swap, triangle
from .small import solve_formula, triangular_solve_formula

NONE, TRANSPOSED, ADJOINT = range(3)
"""Values of ``transpose_a``: triangular_solve takes the matrix, its transpose, or its adjoint."""


def check_system(name: str, a: Aval, b: Aval) -> None:
    """Raise unless b holds right-hand sides for the matrices of a."""
    check_square(name, a)
    if b.shape[:-1] != a.shape[:-1]:
        raise ShapeError(
            f"{name}: matrices of shape {a.shape} and right-hand sides of shape {b.shape} do not "
            "fit; they must agree in all axes but the last"
        )


def zero_columns(xp: ArrayModule, b: Array, x: Array) -> Array:
    """Return x, but zero in the columns where b is zero, whatever the matrix."""
    return xp.where((b == 0).all(axis=-2, keepdims=True), xp.zeros((), x.dtype), x)


def fold_columns(b: Array) -> Array:
    """The stacks of axis 0 side by side as columns, so that one factorization serves all."""
    b = move_axis(b, 0, len(b.shape) - 2)
    return reshape(b, shape=(*b.shape[:-2], b.shape[-2] * b.shape[-1]))


def unfold_columns(x: Array, size: int) -> Array:
    """Undo fold_columns."""
    x = reshape(x, shape=(*x.shape[:-1], size, x.shape[-1] // size if size else 0))
    return move_axis(x, len(x.shape) - 2, 0)


def batch_system(
    operator: Primitive,
    size: int,
    args: Sequence[Array],
    batched: Sequence[bool],
    params: dict[str, Any],
) -> Array:
    """The batching rule of solves."""
    a, b = args
    if not batched[0] and size:
        return unfold_columns(operator(a, fold_columns(b), **params), size)
    a, b = (
        x if is_batched else broadcast(x, shape=(size, *x.shape))
        for x, is_batched in zip(args, batched, strict=True)
    )
    return operator(a, b, **params)


# --- triangular solve ----------------------------------------------------------------------------


BLOCK = 32
"""Up to this size triangles are solved as any matrix."""
ZERO_ON_DIAGONAL = "triangular_solve: zero on the diagonal; singular matrix"


def back_substitution(xp: ArrayModule, a: Array, b: Array) -> Array:
    """Solve with upper triangles, by blocks: LAPACK's general solver never pivots in those."""
    n = a.shape[-1]
    if n <= BLOCK:
        return xp.linalg.solve(xp.triu(a), b)
    h = n // 2
    low = back_substitution(xp, a[..., h:, h:], b[..., h:, :])
    rest = b[..., :h, :] - xp.matmul(a[..., :h, h:], low)
    return xp.concatenate([back_substitution(xp, a[..., :h, :h], rest), low], axis=-2)


def substitute(
    xp: ArrayModule, a: Array, b: Array, lower: bool, transpose_a: int, unit_diagonal: bool
) -> Array:
    """Solve with the triangles of a stack of matrices; the other triangle is not read."""
    solver = triangular_solver(xp) if a.shape[-1] > BLOCK else None
    if solver is None:
        if unit_diagonal:
            eye = xp.eye(a.shape[-1], dtype=a.dtype)
            a = (xp.tril(a, -1) if lower else xp.triu(a, 1)) + eye
        if transpose_a:
            a = xp.swapaxes(a.conj() if transpose_a == 2 else a, -1, -2)
            lower = not lower
        if lower:
            return back_substitution(xp, a[..., ::-1, ::-1], b[..., ::-1, :])[..., ::-1, :]
        return back_substitution(xp, a, b)
    diagonal = xp.diagonal(a, axis1=-2, axis2=-1)
    if not unit_diagonal and (diagonal == 0).any():
        raise np.linalg.LinAlgError(ZERO_ON_DIAGONAL)
    out = xp.empty(b.shape, b.dtype)
    for lane in np.ndindex(*a.shape[:-2]):
        out[lane] = solver(
            a[lane],
            b[lane],
            trans=transpose_a,
            lower=lower,
            unit_diagonal=unit_diagonal,
            check_finite=False,
        )
    return out


def substitute_on_device(
    xp: ArrayModule,
    a: Array,
    b: Array,
    lower: bool,
    transpose_a: int,
    unit_diagonal: bool,
    failing: str,
) -> Array:
    """Solve with the triangles of a stack of matrices at once.

    The host looks for zeros on diagonals, of which the routine does not tell, only to raise.
    """
    solver: Any = triangular_solver(xp)
    out = solver(a, b, trans=transpose_a, lower=lower, unit_diagonal=unit_diagonal)
    if unit_diagonal:
        return out
    regular = (xp.diagonal(a, axis1=-2, axis2=-1) != 0).all(axis=-1)
    if failing != "raise":
        return nan_unless(xp, regular, out)
    if not regular.all():
        raise np.linalg.LinAlgError(ZERO_ON_DIAGONAL)
    return out


def _triangular_solve_eval(
    xp: ArrayModule,
    a: Array,
    b: Array,
    *,
    lower: bool,
    transpose_a: int,
    unit_diagonal: bool,
    strong: bool = False,
    failing: str = "raise",
) -> Array:
    def run(xp: ArrayModule, a: Array, b: Array) -> Array:
        return substitute(xp, a, b, lower, transpose_a, unit_diagonal)

    if xp is not np and a.shape[-1] > BLOCK:
        x = substitute_on_device(xp, a, b, lower, transpose_a, unit_diagonal, failing)
    else:
        x = by_lanes(xp, run, (a, b), failing)
    return zero_columns(xp, b, x) if strong else x


def _triangular_solve_abstract(a: Aval, b: Aval, **_: object) -> Aval:
    check_system("triangular_solve", a, b)
    return Aval(b.shape, inexact_dtype(a, b))


def _triangular_solve_jvp_a(t: Array, x: Array, a: Array, _b: Array, **params: Any) -> Array:
    diagonal = 0.0 if params["unit_diagonal"] else 1.0
    t = triangle(t, lower=params["lower"], diagonal=diagonal)
    if params["transpose_a"]:
        t = adjoint(t) if params["transpose_a"] == ADJOINT else swap(t)
    return -triangular_solve(a, matmul(t, x), **params)


def _triangular_solve_transpose(
    ct: Array,
    a: Array,
    b: Aval,
    *,
    flagged: bool,
    transpose_a: int,
    strong: bool = False,
    **params: object,
) -> tuple[None, Array]:
    if transpose_a == ADJOINT:
        a = conj(a)
    mode = TRANSPOSED if transpose_a == NONE else NONE
    ct = triangular_solve(a, ct, transpose_a=mode, strong=strong or flagged, **params)
    return None, ct


def _system(
    rng: np.random.Generator, dtype: str, lead: tuple[int, ...] = ()
) -> tuple[Array, Array]:
    return random_matrix(rng, (*lead, 3, 3), dtype), sample(rng, (*lead, 3, 2), dtype, (-2, 2))


def _triangular_solve_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "c16"):
        for lower in (True, False):
            for mode in (NONE, TRANSPOSED, ADJOINT):
                a, b = _system(rng, dtype)
                unit = lower and mode == TRANSPOSED
                yield Case(a, b, lower=lower, transpose_a=mode, unit_diagonal=unit)
    for dtype, unit in (("f4", False), ("f8", True)):
        a, b = _system(rng, dtype, (2,))
        yield Case(a, b, lower=True, transpose_a=NONE, unit_diagonal=unit)
    a, b = _system(rng, "f8")
    b[:, 0] = 0
    yield Case(a, b, lower=False, transpose_a=NONE, unit_diagonal=False, strong=True)


triangular_solve: General = general(
    "triangular_solve",
    _triangular_solve_eval,
    formula=triangular_solve_formula,
    abstract=_triangular_solve_abstract,
    jvp=(
        _triangular_solve_jvp_a,
        lambda t, _x, a, _b, **params: triangular_solve(a, t, **params),
    ),
    transpose=_triangular_solve_transpose,
    batch=lambda size, args, batched, **params: batch_system(
        triangular_solve, size, args, batched, params
    ),
    cases=_triangular_solve_cases,
    fails=True,
    hazard=Hazard.ZERO_ON_DIAGONAL,
)

# --- solve ---------------------------------------------------------------------------------------


def solve_values(xp: ArrayModule, a: Array, b: Array) -> Array:
    """Solve by LU factorization with partial pivoting."""
    return xp.linalg.solve(a, b)


def _solve_eval(
    xp: ArrayModule, a: Array, b: Array, *, strong: bool = False, failing: str = "raise"
) -> Array:
    x = by_lanes(xp, solve_values, (a, b), failing)
    return zero_columns(xp, b, x) if strong else x


def _solve_abstract(a: Aval, b: Aval, **_: object) -> Aval:
    check_system("solve", a, b)
    return Aval(b.shape, inexact_dtype(a, b))


def _solve_transpose(
    ct: Array, a: Array, _b: Aval, *, flagged: bool, strong: bool = False, **params: object
) -> tuple[None, Array]:
    return None, solve(swap(a), ct, strong=strong or flagged, **params)


def _solve_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, lead in (("f8", ()), ("f4", ()), ("c16", ()), ("f8", (2,))):
        yield Case(*_system(rng, dtype, lead))
    a, b = _system(rng, "f8")
    b[:, 1] = 0
    yield Case(a, b, strong=True)


solve: General = general(
    "solve",
    _solve_eval,
    formula=solve_formula,
    abstract=_solve_abstract,
    jvp=(
        lambda t, x, a, _b, **params: -solve(a, matmul(t, x), **params),
        lambda t, _x, a, _b, **params: solve(a, t, **params),
    ),
    transpose=_solve_transpose,
    batch=lambda size, args, batched, **params: batch_system(solve, size, args, batched, params),
    cases=_solve_cases,
    fails=True,
    hazard=Hazard.SINGULAR,
)
