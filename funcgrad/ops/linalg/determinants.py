"""Determinants of stacks of matrices, with derivatives that are right for singular ones too.

The gradient of the determinant is the matrix of cofactors, an operator of its own, whose derivative
is again one. All three are polynomials of the entries and are computed as such, by the singular
value decomposition, where dividing by the determinant would fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...arrays import ArrayModule, raising_linalg
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case, Cases
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general, sample
from ..pointwise.complex import imag, real
from ..shape import broadcast, reduce_sum, reshape
from .inverses import inv
from .matrices import by_lanes, check_square, random_matrix, real_dtype, swap
from .small import cofactors_formula, det_formula, slogdet_formula


def _entries_product(x: Array, y: Array) -> Array:
    """The sum of x * y over the entries of each matrix."""
    n = len(x.shape)
    return reduce_sum(x * y, axes=(n - 2, n - 1))


def _per_matrix(x: Array) -> Array:
    """One number per matrix, to multiply its entries with."""
    return reshape(x, shape=(*x.shape, 1, 1))


# --- det -----------------------------------------------------------------------------------------


def _det_eval(xp: ArrayModule, a: Array) -> Array:
    return xp.linalg.det(a)


def _det_abstract(a: Aval) -> Aval:
    check_square("det", a)
    return Aval(a.shape[:-2], inexact_dtype(a))


def _cases(*dtypes: str) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in dtypes:
            yield Case(random_matrix(rng, (3, 3), dtype))
        yield Case(random_matrix(rng, (2, 4, 4), "f8"))

    return cases


def _singular_cases(*dtypes: str) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        yield from _cases(*dtypes)(rng)
        a = random_matrix(rng, (3, 3), "f8")
        a[2] = a[0] - 0.5 * a[1]
        yield Case(a)

    return cases


det: General = general(
    "det",
    _det_eval,
    formula=det_formula,
    abstract=_det_abstract,
    jvp=lambda t, _d, a: _entries_product(cofactors(a), t),
    batch=lambda _size, args, _batched: det(args[0]),
    cases=_singular_cases("f8", "f4", "c16"),
    hazard=Hazard.PRODUCT,
)

# --- cofactors -----------------------------------------------------------------------------------


def products_without(xp: ArrayModule, s: Array) -> Array:
    """The product of all other elements, for each element of the last axis."""
    one = xp.ones_like(s[..., :1])
    before = xp.cumprod(xp.concatenate([one, s[..., :-1]], axis=-1), axis=-1)
    after = xp.cumprod(xp.concatenate([one, s[..., :0:-1]], axis=-1), axis=-1)
    return before * after[..., ::-1]


def check_finite(a: Array) -> None:
    """Raise for matrices of the CPU with infinities: LAPACK may not come to an end."""
    if isinstance(a, np.ndarray) and not np.isfinite(a).all():
        raise np.linalg.LinAlgError("the cofactors of a matrix that is not finite")


def where_finite(
    xp: ArrayModule, function: Callable[..., Array], a: Array, *others: Array
) -> Array:
    """A function of the matrices of a device that are finite, and NaN for the others."""
    finite = xp.isfinite(a).all(axis=(-2, -1), keepdims=True)
    out = function(xp, xp.where(finite, a, xp.eye(a.shape[-1], dtype=a.dtype)), *others)
    return xp.where(finite, out, out.dtype.type(np.nan))


def singular_cofactors(xp: ArrayModule, a: Array) -> Array:
    """Cofactors of any matrix: those of its singular values, turned by its singular vectors."""
    check_finite(a)
    u, s, vh = xp.linalg.svd(a)
    scale = xp.linalg.det(u) * xp.linalg.det(vh)
    turned = u.conj() * products_without(xp, s)[..., None, :]
    return xp.asarray(scale)[..., None, None] * xp.matmul(turned, vh.conj())


def _cofactors_on_gpu(xp: ArrayModule, a: Array) -> Array:
    """Cofactors in both ways, of which each matrix takes what is right."""
    if a.shape[-1] == 0:
        return xp.zeros(a.shape, a.dtype)
    det = xp.asarray(xp.linalg.det(a))[..., None, None]
    inverse = xp.linalg.inv(a)
    regular = (det != 0) & xp.isfinite(inverse).all(axis=(-2, -1), keepdims=True)
    others = where_finite(xp, singular_cofactors, a)
    return xp.where(regular, det * xp.swapaxes(inverse, -1, -2), others)


def _cofactors_eval(xp: ArrayModule, a: Array) -> Array:
    """The inverse times the determinant where there is one, however near to singular.

    Both come from the same LU factorization, so that its error in the smallest pivot cancels.
    """
    if a.shape[-1] == 0:
        return xp.zeros(a.shape, a.dtype)
    try:
        with raising_linalg(xp):
            inverse = xp.linalg.inv(a)
    except np.linalg.LinAlgError:
        return by_lanes(xp, singular_cofactors, (a,), "nan")
    if not xp.isfinite(inverse).all():
        return by_lanes(xp, singular_cofactors, (a,), "nan")
    scale = xp.asarray(xp.linalg.det(a))[..., None, None]
    return scale * xp.swapaxes(inverse, -1, -2)


def _cofactors_abstract(a: Aval, *_: Aval) -> Aval:
    check_square("det", a)
    return Aval(a.shape, inexact_dtype(a))


cofactors: General = general(
    "cofactors",
    _cofactors_eval,
    formula=cofactors_formula,
    on_gpu=_cofactors_on_gpu,
    abstract=_cofactors_abstract,
    jvp=lambda t, _c, a: cofactors_change(a, t),
    batch=lambda _size, args, _batched: cofactors(args[0]),
    cases=_cases("f8", "f4", "c16"),
    elements=Float64("taken from the singular values of the matrix"),
    hazard=Hazard.PRODUCT,
)


def changed_cofactors(xp: ArrayModule, a: Array, t: Array) -> Array:
    """The derivative of the cofactors in direction t, at any matrix.

    In the frame of the singular vectors, E = U* t V, it has the diagonal entries sum_k E_kk p_ik
    and the others -E_ji p_ij, where p_ij is the product of all singular values but i and j.
    """
    check_finite(a)
    u, s, vh = xp.linalg.svd(a)
    scale = xp.linalg.det(u) * xp.linalg.det(vh)
    n = s.shape[-1]
    same = xp.eye(n, dtype=bool)
    zero = xp.zeros((), s.dtype)
    others = products_without(xp, xp.where(same, xp.ones((), s.dtype), s[..., None, :]))
    others = xp.where(same, zero, others)
    e = xp.matmul(xp.matmul(xp.swapaxes(u, -1, -2).conj(), t), xp.swapaxes(vh, -1, -2).conj())
    trace = xp.matmul(others, xp.diagonal(e, axis1=-2, axis2=-1)[..., None])
    inner = xp.where(same, trace, -others * xp.swapaxes(e, -1, -2))
    turned = xp.matmul(xp.matmul(u.conj(), inner), vh.conj())
    return xp.asarray(scale)[..., None, None] * turned


def _change_on_gpu(xp: ArrayModule, a: Array, t: Array) -> Array:
    if a.shape[-1] == 0:
        return xp.zeros(a.shape, a.dtype)
    return where_finite(xp, changed_cofactors, a, t)


def _change_eval(xp: ArrayModule, a: Array, t: Array) -> Array:
    if a.shape[-1] == 0:
        return xp.zeros(a.shape, a.dtype)
    return by_lanes(xp, changed_cofactors, (a, t), "nan")


def _change_jvp_a(b: Array, h: Array, a: Array, t: Array) -> Array:
    """The derivative of d C[t] = (<C, t> C - C t' C) / det in the matrix, which is regular."""
    c, h_b, tt = cofactors(a), cofactors_change(a, b), swap(t)
    total = _per_matrix(_entries_product(h_b, t)) * c + _per_matrix(_entries_product(c, t)) * h_b
    total = total - matmul(matmul(h_b, tt), c) - matmul(matmul(c, tt), h_b)
    return (total - h * _per_matrix(_entries_product(c, b))) / _per_matrix(det(a))


def _change_batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    a, t = (
        x if is_batched else broadcast(x, shape=(size, *x.shape))
        for x, is_batched in zip(args, batched, strict=True)
    )
    return cofactors_change(a, t)


def _change_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f4", (3, 3)), ("c16", (3, 3)), ("f8", (2, 4, 4))):
        yield Case(random_matrix(rng, shape, dtype), sample(rng, shape, dtype, (-1, 1)))


cofactors_change: General = general(
    "cofactors_change",
    _change_eval,
    on_gpu=_change_on_gpu,
    abstract=_cofactors_abstract,
    jvp=(_change_jvp_a, lambda t, _h, a, _t: cofactors_change(a, t)),
    transpose=lambda ct, a, _t, *, flagged: (None, cofactors_change(a, ct)),
    batch=_change_batch,
    cases=_change_cases,
    elements=Float64("taken from the singular values of the matrix"),
    hazard=Hazard.PRODUCT,
)

# --- slogdet -------------------------------------------------------------------------------------


def _slogdet_eval(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    sign, logdet = xp.linalg.slogdet(a)
    return sign, logdet


def _slogdet_abstract(a: Aval) -> tuple[Aval, Aval]:
    check_square("slogdet", a)
    dtype = inexact_dtype(a)
    return Aval(a.shape[:-2], dtype), Aval(a.shape[:-2], real_dtype(dtype))


def _slogdet_jvp(t: Array, out: tuple[Array, Array], a: Array) -> tuple[Array | None, Array]:
    """Rule: d log det = trace(A^-1 dA) (Giles 2008): real part for the size, i times the rest.

    A singular matrix has a value, -inf, so that it does not fail but has NaN in its lane.
    """
    change = _entries_product(swap(inv(a, failing="nan")), t)
    if a.dtype.kind != "c":
        return None, change
    return out[0] * 1j * imag(change), real(change)


slogdet: General = general(
    "slogdet",
    _slogdet_eval,
    formula=slogdet_formula,
    abstract=_slogdet_abstract,
    jvp=_slogdet_jvp,
    batch=lambda _size, args, _batched: slogdet(args[0]),
    cases=_cases("f8", "f4", "c16"),
    multiple=True,
    hazard=Hazard.LOG_DETERMINANT,
)
