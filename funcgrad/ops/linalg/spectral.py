"""Eigenvalues of Hermitian matrices and singular values, of stacks of matrices.

Eigenvectors and singular vectors are determined up to a phase each, and within the subspace of a
repeated value not at all. Their tangents are the smallest possible ones: no change of phase, and no
rotation among vectors whose values are equal up to the rounding of the largest one. So derivatives
are finite everywhere, and right for functions of the values alone, of the subspaces, and of the
polar factor ``u @ vh``. What they cannot give at exactly equal values is the derivative of a
function that weighs vectors differently nearby, like ``(v * np.exp(w)) @ v.T``: the slope of the
weight is not in the outputs. Such formulas are recognised in ``control/matrix_function_forms.py``,
and have a derivative of their own; a function that was begun operation by operation is begun again
for this, see ``Restart``. The first derivative of a function of the values is such a function, so
second derivatives are not right there. Where a derivative has to do with vectors of equal values,
a ``RuntimeWarning`` says so, but not on a GPU, where values are not looked at.

Derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008); Townsend, Differentiating the singular value decomposition (2016).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule, like
from ...core.avals import Aval, inexact_dtype
from ...core.dtypes import finfo
from ...core.facts import Float64, Hazard, Moves, OneTriangle
from ...core.primitive import Case, Cases
from ...core.restarts import restart_where
from ...errors import ShapeError
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general
from ..pointwise.comparison import maximum, select
from ..pointwise.complex import conj, real
from ..reductions.reducing import reduce_max
from ..shape import broadcast_to, reduce_sum, reshape
from ..structural.indexing import FULL, index
from ..structural.joining import concatenate
from .factorizations import from_triangle, hermitian_cases
from .matrices import adjoint, by_lanes, check_square, random_matrix, real_dtype, safe_reciprocal

# --- symmetric eigenvalues -----------------------------------------------------------------------


def pairs(w: Array) -> tuple[Array, Array]:
    """Values as columns and as rows: w_i and w_j of each pair."""
    *lead, n = w.shape
    return reshape(w, shape=(*lead, n, 1)), reshape(w, shape=(*lead, 1, n))


def between(x: Array, w: Array) -> Array:
    """The quotients x_ij / (w_j - w_i), and 0 for pairs that are equal to rounding."""
    wi, wj = pairs(w)
    gap = wj - wi
    equal = abs(gap) <= _entrywise(rounding(w))
    others = np.logical_and(equal, like(equal, ~np.eye(w.shape[-1], dtype=bool)))
    restart_where(_nearly_equal(gap, w), between)
    return noted(noted(x, others) * safe_reciprocal(gap, equal), others)


def divided_differences(x: Array, y: Array, top: Array, slope: Callable[[Array], Array]) -> Array:
    """The quotients top / (x - y) of differences of a function, for all pairs of values.

    Near equal values it is the slope between them, which is off by the square of their distance.
    """
    shape = np.broadcast_shapes(x.shape, y.shape)
    near_by = float(finfo(x.dtype).eps) ** (1 / 3)
    gap = x - y
    near = abs(gap) <= near_by * maximum(abs(x), abs(y))
    between_them = slope(broadcast_to((x + y) * 0.5, shape))
    return select(near, between_them, top / select(near, 1, gap))


def noted_values(xp: ArrayModule, x: Array, equal: Array) -> Array:
    """Give x back; a warning tells if something is in it where vectors have equal values.

    On a device there is no warning: the host does not wait to see the values.
    """
    if xp is np and equal.any():
        size = abs(x)
        if (equal & (size > 1e-8 * size.max())).any():
            warnings.warn(
                "a derivative of eigenvectors or singular vectors was taken at equal values. It is "
                "right for functions of the values, of the space of those vectors, and of "
                "u @ vh, but leaves something out for others, such as second derivatives of "
                "functions of the values, and functions of the matrix that are not written as "
                "(v * f(w)) @ v.T; make the values differ slightly for these",
                RuntimeWarning,
                stacklevel=2,
            )
    return x


def _noted_batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    x, equal = (
        a if b else broadcast_to(a, (size, *a.shape)) for a, b in zip(args, batched, strict=True)
    )
    return noted(x, equal)


def _noted_cases(rng: np.random.Generator) -> Iterator[Case]:
    none = np.zeros((3, 3), bool)
    for dtype in ("f8", "f4"):
        yield Case(random_matrix(rng, (3, 3), dtype), none)


noted: General = general(
    "note_equal_values",
    noted_values,
    abstract=lambda x, _equal: Aval(x.shape, x.dtype),
    jvp=(lambda t, _out, _x, equal: noted(t, equal), None),
    transpose=lambda ct, _x, equal, *, flagged: (noted(ct, equal), None),
    batch=_noted_batch,
    cases=_noted_cases,
    view=True,
    elements=Moves(where=slice(1, None)),
)


def rounding(w: Array) -> Array:
    """The size of errors in eigenvalues or singular values: a multiple of the largest of them."""
    reduce = reduce_max if w.shape[-1] else reduce_sum
    largest = reduce(abs(w), axes=(len(w.shape) - 1,))
    return reshape(largest, shape=(*largest.shape, 1)) * (8 * float(finfo(w.dtype).eps))


def _nearly_equal(gap: Array, w: Array) -> Array:
    """True for pairs so close that quotients by their distance lose half of the digits."""
    n = w.shape[-1]
    close = abs(gap) <= _entrywise(rounding(w)) * (0.125 / float(finfo(w.dtype).eps) ** 0.5)
    return np.logical_and(close, like(close, ~np.eye(n, dtype=bool)))


def _entrywise(bound: Array) -> Array:
    return reshape(bound, shape=(*bound.shape, 1))


def eigh_lower(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors from the lower triangle."""
    return tuple(xp.linalg.eigh(a, "L"))


def eigh_upper(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors from the upper triangle."""
    return tuple(xp.linalg.eigh(a, "U"))


def eigenvalues_lower(xp: ArrayModule, a: Array) -> Array:
    """Eigenvalues from the lower triangle."""
    return xp.linalg.eigvalsh(a, "L")


def eigenvalues_upper(xp: ArrayModule, a: Array) -> Array:
    """Eigenvalues from the upper triangle."""
    return xp.linalg.eigvalsh(a, "U")


def _eigh_eval(
    xp: ArrayModule, a: Array, *, lower: bool, failing: str = "raise"
) -> tuple[Array, Array]:
    return by_lanes(xp, eigh_lower if lower else eigh_upper, (a,), failing)


def _eigvalsh_eval(xp: ArrayModule, a: Array, *, lower: bool, failing: str = "raise") -> Array:
    return by_lanes(xp, eigenvalues_lower if lower else eigenvalues_upper, (a,), failing)


def _eigvalsh_abstract(a: Aval, **_: object) -> Aval:
    check_square("eigh", a)
    return Aval(a.shape[:-1], real_dtype(inexact_dtype(a)))


def _columns_product(x: Array, y: Array) -> Array:
    """The real part of x_k* y_k for each column k."""
    product = conj(x) * y if x.dtype.kind == "c" else x * y
    product = reduce_sum(product, axes=(len(x.shape) - 2,))
    return real(product) if x.dtype.kind == "c" else product


def _eigh_jvp(
    t: Array, out: tuple[Array, Array], _a: Array, *, lower: bool, **_: object
) -> tuple[Array, Array]:
    """Rule: dw = diag(V* dA V), dV = V (V* dA V / (w_j - w_i)) (Giles 2008)."""
    w, v = out
    tv = matmul(from_triangle(t, lower=lower), v)
    turn = between(matmul(adjoint(v), tv), w)
    return _columns_product(v, tv), matmul(v, turn)


def _eigvalsh_jvp(t: Array, _w: Array, a: Array, *, lower: bool, failing: str = "raise") -> Array:
    _, v = eigh(a, lower=lower, failing=failing)
    return _columns_product(v, matmul(from_triangle(t, lower=lower), v))


def _eigh_cases(*dtypes: str) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        yield from hermitian_cases(*dtypes, lower=True)(rng)
        yield Case(random_matrix(rng, (3, 3), "f8"), lower=False)

    return cases


# Complex eigenvectors are no case: LAPACK chooses other phases than the tangents keep.
eigh: General = general(
    "eigh",
    _eigh_eval,
    abstract=lambda a, **_: (_eigvalsh_abstract(a), Aval(a.shape, inexact_dtype(a))),
    jvp=_eigh_jvp,
    batch=lambda _size, args, _batched, **params: eigh(args[0], **params),
    cases=_eigh_cases("f8", "f4"),
    multiple=True,
    fails=True,
    elements=OneTriangle("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)
eigvalsh: General = general(
    "eigvalsh",
    _eigvalsh_eval,
    abstract=_eigvalsh_abstract,
    jvp=_eigvalsh_jvp,
    batch=lambda _size, args, _batched, **params: eigvalsh(args[0], **params),
    cases=_eigh_cases("f8", "f4", "c16"),
    fails=True,
    elements=Float64("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)

# --- singular values -----------------------------------------------------------------------------


def thin_svd(xp: ArrayModule, a: Array) -> tuple[Array, Array, Array]:
    """The singular value decomposition with min(m, n) vectors on each side."""
    return tuple(xp.linalg.svd(a, full_matrices=False))


def full_svd(xp: ArrayModule, a: Array) -> tuple[Array, Array, Array]:
    """The singular value decomposition with square matrices of vectors."""
    return tuple(xp.linalg.svd(a, full_matrices=True))


def singular_values(xp: ArrayModule, a: Array) -> Array:
    """The singular values in descending order."""
    return xp.linalg.svd(a, compute_uv=False)


def _svd_eval(
    xp: ArrayModule, a: Array, *, full_matrices: bool, failing: str = "raise"
) -> tuple[Array, Array, Array]:
    return by_lanes(xp, full_svd if full_matrices else thin_svd, (a,), failing)


def _svdvals_eval(xp: ArrayModule, a: Array, *, failing: str = "raise") -> Array:
    return by_lanes(xp, singular_values, (a,), failing)


def _svdvals_abstract(a: Aval, **_: object) -> Aval:
    if a.ndim < 2:
        raise ShapeError(f"svd needs matrices in the last two axes, got shape {a.shape}")
    *lead, m, n = a.shape
    return Aval((*lead, min(m, n)), real_dtype(inexact_dtype(a)))


def _svd_abstract(a: Aval, *, full_matrices: bool, **_: object) -> tuple[Aval, Aval, Aval]:
    s = _svdvals_abstract(a)
    *lead, m, n = a.shape
    k, j = (m, n) if full_matrices else (min(m, n), min(m, n))
    dtype = inexact_dtype(a)
    return Aval((*lead, m, k), dtype), s, Aval((*lead, j, n), dtype)


def _svd_jvp(
    t: Array, out: tuple[Array, Array, Array], a: Array, *, full_matrices: bool, **_: object
) -> tuple[Array, Array, Array]:
    """With E = U* dA V split into its Hermitian part H and its skew part K (after Townsend 2016):

    ds = diag(H), dU = U (X + Y), dV = V (X - Y), X = H / (s_j - s_i), Y = K / (s_i + s_j); a tall
    matrix adds (1 - U U*) dA V / s to dU, a wide one (1 - V V*) dA* U / s to dV.
    """
    u, s, vh = out
    m, n = a.shape[-2:]
    v = adjoint(vh)
    u1, v1 = (_leading(u, s), _leading(v, s)) if full_matrices else (u, v)
    tv = matmul(t, v1)
    e = matmul(adjoint(u1), tv)
    eh = adjoint(e)
    si, sj = pairs(s)
    total = si + sj
    x = between((e + eh) * 0.5, s)
    small = _entrywise(rounding(s))
    y = (e - eh) * 0.5 * safe_reciprocal(total, total <= small)
    du, dv = matmul(u1, x + y), matmul(v1, x - y)
    if m != n:
        inverse = safe_reciprocal(sj, sj <= small)
        if m > n:
            du = du + (tv - matmul(u1, e)) * inverse
        else:
            dv = dv + (matmul(adjoint(t), u1) - matmul(v1, eh)) * inverse
    if full_matrices:
        du, dv = _with_complement(du, u1, u), _with_complement(dv, v1, v)
    return du, _columns_product(u1, tv), adjoint(dv)


def _leading(u: Array, s: Array) -> Array:
    """The vectors that belong to singular values."""
    return index(u, key=(FULL,) * (len(u.shape) - 1) + ((0, s.shape[-1], None),))


def _with_complement(du: Array, u1: Array, u: Array) -> Array:
    """Tangents of all of u: the other vectors move as they must to stay orthogonal to u1."""
    k, m = u1.shape[-1], u.shape[-1]
    if k == m:
        return du
    u2 = index(u, key=(FULL,) * (len(u.shape) - 1) + ((k, m, None),))
    return concatenate(du, -matmul(u1, matmul(adjoint(du), u2)), axis=len(u.shape) - 1)


def _svdvals_jvp(t: Array, s: Array, a: Array, *, failing: str = "raise") -> Array:
    """Rule: ds = diag(U* dA V), and 0 for a singular value 0 up to rounding, a minimum."""
    u, _, vh = svd(a, full_matrices=False, failing=failing)
    return select(s <= rounding(s), 0, _columns_product(u, matmul(t, adjoint(vh))))


def _svd_cases(dtypes: tuple[str, ...], **params: Any) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in dtypes:
            for shape in ((3, 3), (4, 2), (2, 3)):
                yield Case(random_matrix(rng, shape, dtype), **params)
        yield Case(random_matrix(rng, (2, 3, 2), "f8"), **params)

    return cases


svd: General = general(
    "svd",
    _svd_eval,
    abstract=_svd_abstract,
    jvp=_svd_jvp,
    batch=lambda _size, args, _batched, **params: svd(args[0], **params),
    cases=_svd_cases(("f8", "f4"), full_matrices=False),
    multiple=True,
    fails=True,
    elements=Float64("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)
svdvals: General = general(
    "svdvals",
    _svdvals_eval,
    abstract=_svdvals_abstract,
    jvp=_svdvals_jvp,
    batch=lambda _size, args, _batched, **params: svdvals(args[0], **params),
    cases=_svd_cases(("f8", "f4", "c16")),
    fails=True,
    elements=Float64("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)
