"""JAX's lax.linalg: identities of the factors, SciPy's results, derivatives, messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ops.linalg_checks import DTYPES, check_gradient, hermitian, random_like, weigh

import funcgrad as fg
from funcgrad import arrays
from funcgrad.errors import DifferentiationError, ShapeError
from funcgrad.lax import linalg
from funcgrad.ops.linalg import pivoting, tridiagonal

scipy_linalg: Any = pytest.importorskip("scipy.linalg")
SHAPES = [(4, 4), (5, 3), (3, 5), (2, 4, 3)]


def adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def close(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


# --- factors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_lu_factors_multiply_back(shape: Any, dtype: str) -> None:
    a = random_like(np.random.default_rng(0), shape, dtype)
    factors, pivots, permutation = linalg.lu(a)
    m, n = shape[-2:]
    k = min(m, n)
    lower = np.tril(factors[..., :k], -1) + np.eye(m, k)
    upper = np.triu(factors[..., :k, :])
    close(lower @ upper, np.take_along_axis(a, permutation[..., None], -2))
    assert (pivots.dtype, permutation.dtype) == (np.int32, np.int32)
    np.testing.assert_array_equal(linalg.lu_pivots_to_permutation(pivots, m), permutation)
    one = a.reshape(-1, m, n)[0]
    packed, order = scipy_linalg.lu_factor(one)
    close(factors.reshape(-1, m, n)[0], packed)
    np.testing.assert_array_equal(pivots.reshape(-1, k)[0], order)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_elimination_without_scipy_chooses_the_same_pivots(
    shape: Any, dtype: str, monkeypatch: Any
) -> None:
    a = random_like(np.random.default_rng(1), shape, dtype)
    expected = linalg.lu(a), linalg.qr(a, pivoting=True, full_matrices=False)
    monkeypatch.setattr(pivoting, "lapack_routines", lambda *_: None)
    found = linalg.lu(a), linalg.qr(a, pivoting=True, full_matrices=False)
    for some, others in zip(found, expected, strict=True):
        for x, y in zip(some, others, strict=True):
            close(x, y)


def test_a_matrix_of_zeros_has_factors() -> None:
    factors, pivots, permutation = linalg.lu(np.zeros((2, 3)))
    np.testing.assert_array_equal(factors, 0)
    np.testing.assert_array_equal(pivots, permutation)
    np.testing.assert_array_equal(pivoting.eliminated(np, np.zeros((2, 3)))[0], 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_pivoted_qr_is_that_of_scipy(shape: Any, full: bool, dtype: str) -> None:
    a = random_like(np.random.default_rng(2), shape, dtype)
    q, r, p = linalg.qr(a, pivoting=True, full_matrices=full)
    close(q @ r, np.take_along_axis(a, p[..., None, :], -1))
    first = (0,) * (len(shape) - 2)
    mode = "full" if full else "economic"
    for x, y in zip((q, r, p), scipy_linalg.qr(a[first], pivoting=True, mode=mode), strict=True):
        close(x[first], y)
    lengths = abs(np.diagonal(r, axis1=-2, axis2=-1))
    assert (np.diff(lengths, axis=-1) <= 1e-12).all()


def test_qr_without_pivots_has_full_matrices_by_default() -> None:
    a = random_like(np.random.default_rng(3), (5, 3))
    assert [x.shape for x in linalg.qr(a)] == [(5, 5), (5, 3)]
    assert [x.shape for x in linalg.qr(a, full_matrices=False)] == [(5, 3), (3, 3)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky_update_is_the_factor_of_the_sum(dtype: str) -> None:
    rng = np.random.default_rng(4)
    a, w = hermitian(rng, 4, dtype, (2,)), random_like(rng, (2, 4), dtype)
    r = adjoint(linalg.cholesky(a))
    expected = np.linalg.cholesky(a + w[..., :, None] * np.conj(w[..., None, :]))
    close(linalg.cholesky_update(r, w), adjoint(expected))
    close(linalg.cholesky_update(-r, w), adjoint(expected))


def test_cholesky_update_keeps_digits_that_the_matrix_would_lose() -> None:
    r, w = np.array([[1.0, 1.0], [0.0, 1e-9]]), np.array([0.0, 1e-9])
    close(linalg.cholesky_update(r, w)[1, 1], np.sqrt(2) * 1e-9, 1e-20)


@pytest.mark.parametrize("dtype", DTYPES)
def test_left_and_right_eigenvectors(dtype: str) -> None:
    a = random_like(np.random.default_rng(5), (2, 4, 4), dtype)
    w, left, right = linalg.eig(a)
    close(a @ right, right * w[..., None, :])
    close(adjoint(left) @ a, w[..., None] * adjoint(left))
    for v in (left, right):
        close(np.linalg.norm(v, axis=-2), np.ones((2, 4)))
        largest = np.take_along_axis(v, abs(v).argmax(-2)[:, None], -2)
        close(largest.imag, 0 * largest.imag)
    assert [len(linalg.eig(a, compute_left_eigenvectors=x, compute_right_eigenvectors=y))
            for x, y in ((True, False), (False, True), (False, False))] == [2, 2, 1]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_eigh_returns_vectors_first_and_parts(dtype: str) -> None:
    a = hermitian(np.random.default_rng(6), 4, dtype)
    v, w = linalg.eigh(a)
    close((v * w) @ adjoint(v), a)
    some, values = linalg.eigh(a, subset_by_index=(1, 3))
    np.testing.assert_array_equal(some, v[:, 1:3])
    np.testing.assert_array_equal(values, w[1:3])
    upper = linalg.eigh(np.triu(a), lower=False, symmetrize_input=False)[1]
    close(upper, w)


def test_svd_and_its_parts() -> None:
    a = random_like(np.random.default_rng(7), (5, 3))
    assert [x.shape for x in linalg.svd(a)] == [(5, 5), (3,), (3, 3)]
    u, s, vh = linalg.svd(a, full_matrices=False, subset_by_index=(0, 2))
    assert [x.shape for x in (u, s, vh)] == [(5, 2), (2,), (2, 3)]
    close(np.linalg.norm(a - (u * s) @ vh, 2), np.linalg.svd(a)[1][2])
    close(linalg.svd(a, compute_uv=False, subset_by_index=(1, 3)), np.linalg.svd(a)[1][1:])


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_schur_form(dtype: str) -> None:
    a = random_like(np.random.default_rng(8), (2, 4, 4), dtype)
    t, vs = linalg.schur(a)
    tolerance = 1e-5 if dtype in ("f4", "c8") else 1e-12
    close(vs @ t @ adjoint(vs), a, tolerance)
    np.testing.assert_array_equal(np.tril(t, -2), 0)
    np.testing.assert_array_equal(linalg.schur(a, compute_schur_vectors=False)[0], t)
    assert t.dtype == vs.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(fg.jit(fg.vmap(linalg.schur))(a)[0], t)


@pytest.mark.parametrize("dtype", DTYPES)
def test_hessenberg_form_and_its_reflections(dtype: str) -> None:
    a = random_like(np.random.default_rng(9), (2, 4, 4), dtype)
    packed, taus = linalg.hessenberg(a)
    q = np.zeros_like(a)
    q[:, 0, 0] = 1
    q[:, 1:, 1:] = linalg.householder_product(packed[:, 1:, :-1], taus)
    close(q @ np.triu(packed, -1) @ adjoint(q), a)
    close(np.triu(packed[0], -1), scipy_linalg.hessenberg(a[0]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lower", [False, True])
def test_tridiagonal_form_has_the_eigenvalues(lower: bool, dtype: str) -> None:
    a = hermitian(np.random.default_rng(10), 4, dtype)
    packed, d, e, taus = linalg.tridiagonal((np.tril if lower else np.triu)(a), lower=lower)
    close(scipy_linalg.eigvalsh_tridiagonal(d, e), np.linalg.eigvalsh(a))
    assert (packed.shape, d.shape, e.shape, taus.shape) == ((4, 4), (4,), (3,), (3,))
    assert (d.dtype, e.dtype, taus.dtype) == (np.float64, np.float64, np.dtype(dtype))


@pytest.mark.parametrize("n", [0, 1])
def test_forms_of_the_smallest_matrices(n: int) -> None:
    a = np.full((2, n, n), 3.0)
    for form in (linalg.schur, linalg.hessenberg, linalg.tridiagonal):
        np.testing.assert_array_equal(form(a)[0], a)
        shapes = fg.eval_shape(form, a)
        assert [x.shape for x in form(a)] == [s.shape for s in shapes]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 4)])
def test_products_of_reflections(shape: Any, dtype: str) -> None:
    rng = np.random.default_rng(11)
    a = random_like(rng, shape, dtype)
    one = a.reshape(-1, *shape[-2:])[0]
    raw, tau = np.linalg.qr(one, mode="raw")
    q = np.linalg.qr(one)[0]
    close(linalg.householder_product(raw.T, tau), q)
    close(linalg.householder_product(raw.T, tau * 0), np.eye(*one.shape))
    full = np.linalg.qr(one, mode="complete")[0]
    c = random_like(rng, (shape[-2], 2), dtype)
    close(linalg.ormqr(raw.T, tau, c), full @ c)
    close(linalg.ormqr(raw.T, tau, c, transpose=True), adjoint(full) @ c)
    close(linalg.ormqr(raw.T, tau, c.T, left=False), c.T @ full)
    close(linalg.ormqr(raw.T, tau, c.T, left=False, transpose=True), c.T @ adjoint(full))


# --- polar factors --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (2, 3, 3)])
def test_polar_factors(shape: Any, dtype: str) -> None:
    a = random_like(np.random.default_rng(12), shape, dtype)
    u, h, count, converged = linalg.qdwh(a)
    left, s, right = np.linalg.svd(a, full_matrices=False)
    tolerance = 3e-5 if dtype == "f4" else 1e-12
    close(u, left @ right, tolerance)
    close(h, adjoint(right) @ (s[..., None] * right), tolerance)
    assert np.all(converged)
    assert count == (4 if dtype == "f4" else 6)
    assert u.dtype == np.dtype(dtype)
    few = linalg.qdwh(a, max_iterations=2)
    assert few[2] == 2
    assert not np.any(few[3])


def test_polar_factors_of_hard_matrices() -> None:
    q = np.linalg.qr(random_like(np.random.default_rng(13), (3, 3)))[0]
    for s in ([1.0, 1.0, 1.0], [1e200, 1e200, 1e190], [1.0, 1e-8, 1e-14]):
        u, h, _, _ = linalg.qdwh(q * np.array(s))
        close(adjoint(u) @ u, np.eye(3))
        close(u @ h / s[0], q * np.array(s) / s[0])
    np.testing.assert_array_equal(linalg.qdwh(np.zeros((3, 2)))[1], 0)


def test_polar_factors_of_a_part() -> None:
    a = random_like(np.random.default_rng(14), (3, 2))
    padded = np.pad(a, ((0, 1), (0, 2)), constant_values=7)
    u, h, _, _ = fg.jit(lambda x, m: linalg.qdwh(x, dynamic_shape=(m, 2)))(padded, 3)
    close(u[:3, :2], linalg.qdwh(a)[0])
    close(h[:2, :2], linalg.qdwh(a)[1])
    np.testing.assert_array_equal(np.pad(u[:3, :2], ((0, 1), (0, 2))), u)


# --- systems --------------------------------------------------------------------------------------


FLAGS = ("left_side", "lower", "transpose_a", "conjugate_a", "unit_diagonal")


@pytest.mark.parametrize("number", range(32))
def test_triangular_systems(number: int) -> None:
    given = {name: bool(number >> i & 1) for i, name in enumerate(FLAGS)}
    rng = np.random.default_rng(15)
    a = random_like(rng, (2, 4, 4), "c16") + 3 * np.eye(4)
    op = (np.tril if given["lower"] else np.triu)(a)
    if given["unit_diagonal"]:
        op = op - np.eye(4) * op + np.eye(4)
    op = np.swapaxes(op, -1, -2) if given["transpose_a"] else op
    op = np.conj(op) if given["conjugate_a"] else op
    b = random_like(rng, (2, 4, 3) if given["left_side"] else (2, 3, 4), "c16")
    x = linalg.triangular_solve(a, b, **given)
    close(op @ x if given["left_side"] else x @ op, b, 1e-10)
    vector = b[..., 0] if given["left_side"] else b[..., 0, :]
    column = x[..., 0] if given["left_side"] else x[..., 0, :]
    close(linalg.triangular_solve(a, vector, **given), column, 1e-10)


def banded(dl: Any, d: Any, du: Any) -> Any:
    return np.diag(d) + np.diag(dl[1:], -1) + np.diag(du[:-1], 1)


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
@pytest.mark.parametrize("m", [1, 2, 3, 7])
@pytest.mark.parametrize("by_scipy", [False, True])
def test_tridiagonal_systems(by_scipy: bool, m: int, dtype: str, monkeypatch: Any) -> None:
    if not by_scipy:
        monkeypatch.setattr(tridiagonal, "lapack_routines", lambda *_: None)
    rng = np.random.default_rng(16)
    dl, d, du = (random_like(rng, (2, m), dtype) for _ in range(3))
    d = np.where(np.arange(m) == m // 3, 0, d) if m > 1 else d  # needs exchanges of rows
    b = random_like(rng, (2, m, 3), dtype)
    x = linalg.tridiagonal_solve(dl, d, du, b)
    for i in range(2):
        expected = np.linalg.solve(banded(dl[i], d[i], du[i]).astype(dtype), b[i])
        close(x[i], expected, 2e-3 if dtype == "f4" else 1e-10)
    assert x.dtype == np.dtype(dtype)


@pytest.mark.parametrize("by_scipy", [False, True])
def test_singular_tridiagonal_systems(by_scipy: bool, monkeypatch: Any) -> None:
    if not by_scipy:
        monkeypatch.setattr(tridiagonal, "lapack_routines", lambda *_: None)
    dl = du = np.ones((2, 3))
    d = np.array([[0.0, 0.0, 0.0], [3.0, 3.0, 3.0]])
    b = np.ones((2, 3, 1))
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        linalg.tridiagonal_solve(dl, d, du, b)
    x = fg.vmap(linalg.tridiagonal_solve)(dl, d, du, b)
    assert np.isnan(x[0]).all()
    close(banded(dl[1], d[1], du[1]) @ x[1], b[1])
    large = linalg.tridiagonal_solve(dl, d, du, b * [[[1], [2], [4]]], perturb_singular=True)
    null = large[0, :, 0] / np.linalg.norm(large[0])
    close(abs(null), [0.5**0.5, 0, 0.5**0.5])


def test_one_matrix_for_many_right_hand_sides_is_factored_once(monkeypatch: Any) -> None:
    calls = []
    original = tridiagonal.by_lapack
    monkeypatch.setattr(tridiagonal, "by_lapack", lambda *a: calls.append(1) or original(*a))
    d = np.arange(1.0, 6.0)
    x = fg.vmap(lambda b: linalg.tridiagonal_solve(d / 9, d, d / 7, b))(np.ones((4, 5, 2)))
    assert (len(calls), x.shape) == (1, (4, 5, 2))


def test_symmetric_product() -> None:
    rng = np.random.default_rng(17)
    a, c = random_like(rng, (2, 3, 4)), random_like(rng, (2, 3, 3))
    close(linalg.symmetric_product(a, c, alpha=2.0, beta=0.5),
          2 * a @ np.swapaxes(a, -1, -2) + 0.5 * c)  # fmt: skip
    found = linalg.symmetric_product(a, c, beta=1.0, symmetrize_output=True)
    np.testing.assert_array_equal(found, np.swapaxes(found, -1, -2))
    close(np.tril(found), np.tril(a @ np.swapaxes(a, -1, -2) + c))


# --- derivatives ----------------------------------------------------------------------------------

B = np.array([[1.0, -2.0], [0.5, 1.5], [2.0, 0.3]])
GRADIENTS: dict[str, Callable[[Any], Any]] = {
    "cholesky": lambda x: linalg.cholesky(x @ adjoint(x) + np.eye(3)),
    "cholesky_update": lambda x: linalg.cholesky_update(np.triu(x) + 3 * np.eye(3), x[0]),
    "lu": lambda x: linalg.lu(x)[0],
    "lu tall": lambda x: linalg.lu(x[:, :2])[0],
    "lu wide": lambda x: linalg.lu(x[:2])[0],
    "qr": lambda x: linalg.qr(x[:2], pivoting=True)[1],
    "qr tall": lambda x: linalg.qr(x[:, :2], pivoting=True, full_matrices=False)[0],
    "eig left": lambda x: linalg.eig(x)[1],
    "svd": lambda x: linalg.svd(x, compute_uv=False),
    "qdwh": lambda x: linalg.qdwh(x)[0],
    "qdwh tall": lambda x: linalg.qdwh(x[:, :2])[1],
    "symmetric_product": lambda x: linalg.symmetric_product(x, x, beta=2.0),
    "triangular_solve": lambda x: linalg.triangular_solve(x, B.T, lower=True, conjugate_a=True),
    "tridiagonal_solve": lambda x: linalg.tridiagonal_solve(x[0], x[1] * 5, x[2], B),
    "tridiagonal_solve b": lambda x: linalg.tridiagonal_solve(B[:, 0], B[:, 0] * 5, B[:, 1], x),
    "householder_product": lambda x: linalg.householder_product(x, x[0, :2]),
    "ormqr": lambda x: linalg.ormqr(x, x[0], x, transpose=True),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", GRADIENTS)
def test_derivatives_against_differences(name: str, dtype: str) -> None:
    rng = np.random.default_rng(18)
    a = random_like(rng, (3, 3), dtype) * 0.6 + np.diag([1.0, -2.0, 3.0])[::-1]
    fun = GRADIENTS[name]
    w = random_like(rng, np.shape(fun(a)), "c16")
    check_gradient(lambda x: weigh(fun(x), w), a, rtol=3e-7)


@pytest.mark.parametrize("name", GRADIENTS)
def test_batches_and_programs(name: str) -> None:
    stack = random_like(np.random.default_rng(19), (2, 3, 3)) * 0.5 + np.diag([2.0, -3.0, 4.0])
    fun = GRADIENTS[name]
    for batched in (fg.vmap(fun), fg.jit(fg.vmap(fun))):
        for x, found in zip(stack, batched(stack), strict=True):
            close(found, fun(x), 1e-9)


@pytest.mark.parametrize("form", [linalg.schur, linalg.hessenberg, linalg.tridiagonal])
def test_forms_have_no_derivatives_and_say_why(form: Any) -> None:
    with pytest.raises(DifferentiationError, match="not unique"):
        fg.jvp(lambda x: form(x)[0], (np.eye(3),), (np.eye(3),))


def test_polar_factor_of_equal_singular_values_has_its_derivative() -> None:
    t = np.array([[1.0, 2.0], [3.0, 4.0]])
    du = fg.jvp(lambda x: linalg.qdwh(x)[0], (np.eye(2),), (t,))[1]
    close(du, (t - t.T) / 2)


# --- messages -------------------------------------------------------------------------------------

M = np.ones((2, 3))
WRONG = {
    "cholesky": (lambda: linalg.cholesky(M), ShapeError, "square matrices"),
    "cholesky_update": (
        lambda: linalg.cholesky_update(np.eye(3), np.ones(2)), ShapeError, r"shape \(3,\)"),
    "lu": (lambda: linalg.lu(np.ones(3)), ShapeError, "lu needs matrices"),
    "permutation": (lambda: linalg.lu_pivots_to_permutation([1, 2], 1), ShapeError, "exchanges"),
    "permutation of floats": (
        lambda: linalg.lu_pivots_to_permutation([1.0], 2), ShapeError, "integers"),
    "eigh": (lambda: linalg.eigh(np.eye(3), subset_by_index=(1, 4)), ShapeError, "no range of 3"),
    "svd": (lambda: linalg.svd(M, subset_by_index=(0, 1)), ShapeError, "full_matrices=False"),
    "schur": (lambda: linalg.schur(np.eye(2), sort_eig_vals=True), ValueError, "not supported"),
    "householder": (
        lambda: linalg.householder_product(M, np.ones(3)), ShapeError, "up to 2 factors"),
    "ormqr": (lambda: linalg.ormqr(M.T, np.ones(2), np.eye(2)), ShapeError, "m=3"),
    "qdwh": (lambda: linalg.qdwh(M), ShapeError, "as many rows as columns"),
    "qdwh eps": (lambda: linalg.qdwh(np.eye(2), eps=2.0), ValueError, "between 0 and 1"),
    "triangular": (
        lambda: linalg.triangular_solve(np.eye(3), np.ones((2, 3, 3))), ShapeError, "need b of"),
    "triangular rows": (
        lambda: linalg.triangular_solve(np.eye(3), M, left_side=True), ShapeError, "need b of"),
    "tridiagonal": (
        lambda: linalg.tridiagonal_solve(*np.ones((3, 4)), np.ones(4)), ShapeError,
        r"\(..., m, k\)"),
    "symmetric": (lambda: linalg.symmetric_product(M, M), ShapeError, r"\(2, 2\), got \(2, 3\)"),
    "half": (lambda: linalg.schur(np.eye(2, dtype="f2")), TypeError, "float16"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name: str) -> None:
    call, error, text = WRONG[name]
    with pytest.raises(error, match=text):
        call()


def test_without_scipy_the_message_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy.linalg", None)
    with pytest.raises(ImportError, match=r"pip install 'funcgrad\[special\]'"):
        arrays.scipy_linalg()
    a = random_like(np.random.default_rng(20), (3, 3))
    assert linalg.lu(a)[0].shape == (3, 3)
    assert linalg.tridiagonal_solve(a[0], a[1], a[2], a).shape == (3, 3)


@pytest.mark.parametrize("shape", [(3, 0), (0, 0), (2, 3, 0), (0, 3, 2)])
def test_polar_factors_of_matrices_without_elements(shape: Any) -> None:
    for run in (linalg.qdwh, fg.jit(linalg.qdwh)):
        u, h, _, converged = run(np.zeros(shape))
        assert u.shape == shape
        assert h.shape == (*shape[:-2], shape[-1], shape[-1])
        assert np.all(converged)
