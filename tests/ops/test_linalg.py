"""Linear algebra: closed forms, factor identities, triangular systems, failing lanes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from ops.linalg_checks import DTYPES, check_gradient, hermitian, random_like, total, weigh

from funcgrad import grad, jvp
from funcgrad.api.staging import make_jaxpr
from funcgrad.api.vmap import vmap
from funcgrad.compiler.program import program
from funcgrad.numpy import linalg
from funcgrad.ops.contraction.dot_general import matmul
from funcgrad.ops.linalg import (
    determinants as linalg_det,
)
from funcgrad.ops.linalg import (
    factorizations as linalg_factor,
)
from funcgrad.ops.linalg import inverses, matrices
from funcgrad.ops.linalg import solving as systems
from funcgrad.ops.linalg import (
    spectral as linalg_spectral,
)
from funcgrad.ops.pointwise.comparison import select
from funcgrad.ops.shape import reshape
from funcgrad.ops.structural.indexing import FULL, index

# --- closed forms ---------------------------------------------------------------------------------


def test_gradient_of_det_is_det_times_inverse_transposed():
    a = random_like(np.random.default_rng(0), (4, 4))
    np.testing.assert_allclose(grad(linalg.det)(a), np.linalg.det(a) * np.linalg.inv(a).T)


def test_gradient_of_slogdet_is_inverse_transposed():
    a = random_like(np.random.default_rng(0), (4, 4))
    got = grad(lambda x: linalg.slogdet(x).logabsdet)(a)
    np.testing.assert_allclose(got, np.linalg.inv(a).T, rtol=1e-12)


def test_derivative_of_inverse():
    rng = np.random.default_rng(0)
    a, t = random_like(rng, (3, 3)), random_like(rng, (3, 3))
    x, dx = jvp(linalg.inv, (a,), (t,))
    np.testing.assert_allclose(dx, -x @ t @ x)


def minors(a):
    """Cofactors by their definition."""
    n = a.shape[-1]
    out = np.empty_like(a)
    for i in range(n):
        for j in range(n):
            rest = np.delete(np.delete(a, i, 0), j, 1)
            out[i, j] = (-1) ** (i + j) * (np.linalg.det(rest) if n > 1 else 1)
    return out


SINGULAR = {
    "rank n-1": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]]),
    "rank 1": np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0]),
    "zero": np.zeros((3, 3)),
    "zero row": np.diag([2.0, 0.0, 3.0]),
    "one by one": np.zeros((1, 1)),
    "nearly singular": np.diag([1.0, 1e-9, 2.0]),
    "rank n-1 but for rounding": np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.5, 0.7, 0.9]]),
    "inverse overflows": np.diag([1e-310, 2.0]),
    "four": np.diag([1.0, 0.0, 2.0, 3.0]) + np.eye(4, k=1),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_det_of_singular_matrices_has_right_derivatives(name):
    a = SINGULAR[name]
    t = random_like(np.random.default_rng(1), a.shape)
    np.testing.assert_allclose(grad(linalg.det)(a), minors(a), atol=1e-13)
    got = jvp(grad(linalg.det), (a,), (t,))[1]
    expected = (minors(a + 1e-4 * t) - minors(a - 1e-4 * t)) / 2e-4
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_det_of_singular_complex_matrix():
    a = np.array([[1 + 1j, 2j], [2 + 2j, 4j]])
    assert abs(np.linalg.det(a)) < 1e-14
    np.testing.assert_allclose(grad(linalg.det, holomorphic=True)(a), minors(a), atol=1e-14)


def test_one_singular_matrix_in_a_stack_leaves_the_others_right():
    stack = np.stack([np.eye(3) + 0.1 * np.arange(9.0).reshape(3, 3), SINGULAR["rank 1"]])
    got = grad(lambda x: total(linalg.det(x)))(stack)
    np.testing.assert_allclose(got, [minors(x) for x in stack], atol=1e-13)


# --- factor identities ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_tangents_multiply_back(dtype, upper):
    rng = np.random.default_rng(2)
    a, t = hermitian(rng, 4, dtype, (2,)), hermitian(rng, 4, dtype, (2,))
    f, df = jvp(lambda x: linalg.cholesky(x, upper=upper), (a,), (t,))
    triangle = np.triu if upper else np.tril
    np.testing.assert_array_equal(df, triangle(df))
    left, right = (df, f) if not upper else (matrices.adjoint(df), matrices.adjoint(f))
    product = left @ matrices.adjoint(right)
    np.testing.assert_allclose(product + matrices.adjoint(product), t, atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)])
def test_qr_tangents_multiply_back(dtype, shape):
    rng = np.random.default_rng(3)
    a, t = random_like(rng, shape, dtype), random_like(rng, shape, dtype)
    (q, r), (dq, dr) = jvp(linalg.qr, (a,), (t,))
    np.testing.assert_allclose(dq @ r + q @ dr, t, atol=1e-12)
    inner = matrices.adjoint(q) @ dq
    np.testing.assert_allclose(inner + matrices.adjoint(inner), 0, atol=1e-12)
    np.testing.assert_allclose(dr, np.triu(dr), atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_eigh_tangents_multiply_back(dtype):
    rng = np.random.default_rng(4)
    a, t = hermitian(rng, 4, dtype, (2,)), hermitian(rng, 4, dtype, (2,))
    (w, v), (dw, dv) = jvp(linalg.eigh, (a,), (t,))
    vh, dvh = matrices.adjoint(v), matrices.adjoint(dv)
    w, dw = w[..., None, :], dw[..., None, :]
    np.testing.assert_allclose((dv * w + v * dw) @ vh + (v * w) @ dvh, t, atol=1e-12)
    np.testing.assert_allclose(dvh @ v + vh @ dv, 0, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)])
def test_svd_tangents_multiply_back(dtype, full, shape):
    rng = np.random.default_rng(5)
    a, t = random_like(rng, shape, dtype), random_like(rng, shape, dtype)
    (u, s, vh), (du, ds, dvh) = jvp(lambda x: linalg.svd(x, full_matrices=full), (a,), (t,))
    np.testing.assert_allclose(matrices.adjoint(u) @ du + matrices.adjoint(du) @ u, 0, atol=1e-11)
    np.testing.assert_allclose(
        vh @ matrices.adjoint(dvh) + dvh @ matrices.adjoint(vh), 0, atol=1e-11
    )
    k = min(shape[-2:])
    u, du, vh, dvh = u[..., :k], du[..., :k], vh[..., :k, :], dvh[..., :k, :]
    s, ds = s[..., None, :], ds[..., None, :]
    np.testing.assert_allclose((du * s + u * ds) @ vh + (u * s) @ dvh, t, atol=1e-11)


def test_full_svd_has_right_derivatives_of_the_null_space():
    a = random_like(np.random.default_rng(5), (5, 3))
    w = random_like(np.random.default_rng(6), (5, 5))

    def projector(x):
        null = index(linalg.svd(x).U, key=(FULL, (3, 5, None)))
        return weigh(matmul(null, matrices.swap(null)), w)

    check_gradient(projector, a)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["eigh", "svd"])
def test_functions_of_eigenvectors_against_differences(dtype, name):
    rng = np.random.default_rng(8)
    w = random_like(rng, (3, 3), dtype)

    def fun(x):
        if name == "eigh":
            values, v = linalg.eigh(x)
            return weigh(matmul(v * values**3, matrices.adjoint(v)), w)
        u, s, vh = linalg.svd(x)
        return weigh(matmul(u * s**3, vh), w)

    check_gradient(fun, hermitian(rng, 3, dtype))


def test_hermitian_svd_agrees_with_numpy_and_with_the_general_one():
    rng = np.random.default_rng(9)
    a = hermitian(rng, 4) - 2.5 * np.eye(4)
    assert np.linalg.eigvalsh(a)[0] < 0
    for mine, theirs in zip(
        linalg.svd(a, hermitian=True), np.linalg.svd(a, hermitian=True), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-14)
    w = random_like(rng, (4,))

    def weighted(hermitian):
        return lambda x: total(linalg.svd((x + matrices.swap(x)) / 2, True, False, hermitian) * w)

    np.testing.assert_allclose(grad(weighted(True))(a), grad(weighted(False))(a), atol=1e-12)


# --- triangular systems ---------------------------------------------------------------------------


@pytest.mark.parametrize("scipy_there", [True, False])
@pytest.mark.parametrize("n", [1, 5, 33, 70])
@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
def test_triangular_solve_reads_one_triangle(monkeypatch, scipy_there, n, dtype):
    if not scipy_there:
        monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    rng = np.random.default_rng(16)
    full = (random_like(rng, (2, n, n), dtype) / n + 2 * np.eye(n)).astype(dtype)
    b = random_like(rng, (2, n, 3), dtype)
    for lower in (True, False):
        kept, other = (np.tril, np.triu) if lower else (np.triu, np.tril)
        a = kept(full) + other(np.full_like(full, np.nan), 1 if lower else -1)
        for unit in (False, True):
            t = kept(full, (-1 if lower else 1)) + np.eye(n) if unit else kept(full)
            for mode, op in enumerate((t, np.swapaxes(t, -1, -2), matrices.adjoint(t))):
                x = systems.triangular_solve(
                    a, b, lower=lower, transpose_a=mode, unit_diagonal=unit
                )
                assert x.dtype == np.dtype(dtype)
                tol = 1e-4 if dtype == "f4" else 1e-12
                np.testing.assert_allclose(op @ x, b, rtol=tol, atol=tol)


@pytest.mark.parametrize("n", [3, 40])
def test_singular_triangle(n):
    a = np.stack([np.eye(n), np.eye(n)])
    a[1, 2, 2] = 0
    b = np.ones((2, n, 1))
    params = {"lower": True, "transpose_a": 0, "unit_diagonal": False}
    with pytest.raises(np.linalg.LinAlgError):
        systems.triangular_solve(a, b, **params)
    x = systems.triangular_solve(a, b, **params, failing="nan")
    np.testing.assert_array_equal(x[0], b[0])
    assert np.isnan(x[1]).all()


def test_unbatched_matrix_is_factored_once_for_a_batch(monkeypatch):
    calls = []
    original = np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda a, b: calls.append(a.shape) or original(a, b))
    a = np.eye(3) + 0.1
    b = np.arange(24.0).reshape(4, 3, 2)
    x = vmap(lambda y: linalg.solve(a, y))(b)
    assert calls == [(3, 3)]
    np.testing.assert_allclose(a @ x, b, atol=1e-14)


# --- failing lanes --------------------------------------------------------------------------------


GOOD = np.array([[2.0, 0.5], [0.5, 1.0]])
FAILING = {
    "cholesky": (linalg.cholesky, -np.eye(2)),
    "solve": (lambda x: linalg.solve(x, np.ones((2, 1))), np.ones((2, 2))),
    "inv": (linalg.inv, np.ones((2, 2))),
    "svd": (lambda x: linalg.svd(x).U, np.full((2, 2), np.nan)),
    "pinv": (linalg.pinv, np.full((2, 2), np.nan)),
}


@pytest.mark.parametrize("name", FAILING)
def test_failure_raises_on_plain_arrays_and_under_grad(name):
    fun, bad = FAILING[name]
    with pytest.raises(np.linalg.LinAlgError):
        fun(bad)
    with pytest.raises(np.linalg.LinAlgError):
        grad(lambda x: total(fun(x)))(bad)


@pytest.mark.parametrize("name", FAILING)
def test_failing_matrix_gives_nan_in_its_own_lane(name):
    fun, bad = FAILING[name]
    stack = np.stack([GOOD, bad, 2 * GOOD])
    jaxpr = make_jaxpr(fun)(stack)
    for out in (vmap(fun)(stack), program(jaxpr)(stack)[0]):
        assert np.isnan(out[1]).all()
        for i in (0, 2):
            np.testing.assert_array_equal(out[i], fun(stack[i]))


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("name", ["cholesky", "solve", "inv"])
def test_gradient_of_a_masked_failing_lane_is_zero(name, outside):
    fun, bad = FAILING[name]
    stack = np.stack([GOOD, bad, 2 * GOOD])
    good = np.array([True, False, True])

    def loss(x, keep):
        return total(select(keep, fun(x), 0.0))

    if outside:
        g = grad(lambda xs: total(vmap(loss)(xs, good)))(stack)
    else:
        g = vmap(grad(loss))(stack, good)
    np.testing.assert_array_equal(g[1], 0)
    for i in (0, 2):
        np.testing.assert_allclose(g[i], grad(lambda x: total(fun(x)))(stack[i]), rtol=1e-12)


def test_second_derivative_where_a_cotangent_column_happens_to_be_zero():
    a = np.array([[2.0, 0.3], [0.1, 1.5]])

    def fun(x):
        y = systems.solve(a, reshape(x, shape=(2, 1)), strong=True)
        return total(y * y)

    np.testing.assert_allclose(
        jvp(grad(fun), (np.zeros(2),), (np.array([1.0, -2.0]),))[1],
        2 * np.linalg.inv(a).T @ np.linalg.inv(a) @ [1.0, -2.0],
    )


# --- laws of the records --------------------------------------------------------------------------


def test_every_factorization_is_differentiable_in_float32():
    rng = np.random.default_rng(26)
    a = hermitian(rng, 3).astype("f4")
    for fun in (
        linalg_factor.cholesky,
        linalg_det.det,
        inverses.inv,
        lambda x: linalg_spectral.eigh(x, lower=True)[1],
        lambda x: linalg_spectral.svd(x, full_matrices=False)[0],
        lambda x: linalg_factor.qr(x, mode="reduced")[0],
    ):
        g = grad(lambda x, fun=fun: total(fun(x)))(a)
        assert g.dtype == np.float32
        assert np.isfinite(g).all()


@pytest.mark.parametrize("worst", [np.inf, np.nan])
def test_second_derivatives_of_determinants_of_what_is_not_finite(worst):
    """LAPACK may not come to an end for infinities: NaN, in the lane of that matrix only."""
    a = random_like(np.random.default_rng(4), (2, 3, 3))
    gradient = grad(lambda a: np.sum(linalg.det(a)))
    alone = jvp(gradient, (a[:1],), (np.ones((1, 3, 3)),))[1]
    a[1, 0, 0] = worst
    with np.errstate(invalid="ignore"):
        both = jvp(gradient, (a,), (np.ones((2, 3, 3)),))[1]
    np.testing.assert_allclose(both[0], alone[0])
    assert np.isnan(both[1]).any()
