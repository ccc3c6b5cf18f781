"""Repeated eigenvalues and singular values, and norms at zero."""

from __future__ import annotations

import numpy as np
import pytest
from ops.linalg_checks import DTYPES, along, check_gradient, difference, random_like, total, weigh

from funcgrad import grad, hessian, jit, jvp
from funcgrad.api.vmap import vmap
from funcgrad.numpy import linalg
from funcgrad.ops.contraction.dot_general import matmul
from funcgrad.ops.linalg import matrices
from funcgrad.ops.structural.indexing import FULL, index

pytestmark = pytest.mark.filterwarnings("ignore:a derivative of eigenvectors:RuntimeWarning")

# --- repeated eigenvalues and singular values -----------------------------------------------------


def orthogonal(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def turned(values):
    q = orthogonal(np.random.default_rng(17), len(values))
    return (q * values) @ q.T


REPEATED = {
    "identity": np.eye(3),
    "zero": np.zeros((3, 3)),
    "pair": np.diag([2.0, 2.0, 1.0]),
    "turned pair": turned([2.0, 2.0, 1.0]),
}


@pytest.mark.parametrize("name", REPEATED)
def test_repeated_values_give_finite_derivatives_of_both_orders(name):
    a = REPEATED[name]
    w = random_like(np.random.default_rng(18), (3, 3))

    def by_eigh(x):
        values, v = linalg.eigh(x)
        return weigh(v * values, w)

    def by_svd(x):
        u, s, vh = linalg.svd(x)
        return weigh(matmul(u * s, vh), w) + weigh(u, w)

    for fun in (by_eigh, by_svd):
        assert np.isfinite(grad(fun)(a)).all()
        assert np.isfinite(jvp(grad(fun), (a,), (w,))[1]).all()


@pytest.mark.parametrize("name", REPEATED)
def test_symmetric_functions_of_repeated_values_are_right(name):
    a = REPEATED[name]
    np.testing.assert_allclose(
        grad(lambda x: total(linalg.eigvalsh(x) ** 3))(a), 3 * a @ a, atol=1e-12
    )
    np.testing.assert_allclose(
        grad(lambda x: total(linalg.svdvals(x) ** 4))(a), 4 * a @ a.T @ a, atol=1e-12
    )
    np.testing.assert_allclose(
        jvp(grad(lambda x: total(linalg.eigvalsh(x) ** 2)), (a,), (np.eye(3),))[1],
        2 * np.eye(3),
        atol=1e-12,
    )


def test_symmetric_functions_of_a_stack_of_complex_matrices_with_repeated_values():
    u = np.linalg.qr(random_like(np.random.default_rng(26), (3, 3), "c16"))[0]
    stack = np.stack([(u * d) @ np.conj(u.T) for d in ([2.0, 2.0, 1.0], [3.0, 3.0, 3.0])])
    cube = grad(lambda x: total(linalg.eigvalsh(x) ** 3))(stack)
    np.testing.assert_allclose(cube, np.conj(3 * stack @ stack), atol=1e-12)
    fourth = grad(lambda x: total(linalg.svdvals(x) ** 4))(stack)
    np.testing.assert_allclose(fourth, np.conj(4 * stack @ stack @ stack), atol=1e-11)
    nuclear = grad(lambda x: total(linalg.norm(x, "nuc", axis=(1, 2))))(stack)
    np.testing.assert_allclose(nuclear, np.stack([np.eye(3)] * 2), atol=1e-12)


def test_projector_on_the_space_of_a_repeated_eigenvalue_is_right():
    w = random_like(np.random.default_rng(19), (3, 3))

    def fun(x):
        v = index(linalg.eigh(x).eigenvectors, key=(FULL, (1, 3, None)))
        return weigh(matmul(v, matrices.swap(v)), w)

    for name in ("pair", "turned pair"):
        a = REPEATED[name]
        t = random_like(np.random.default_rng(20), (3, 3))
        np.testing.assert_allclose(along(grad(fun)(a), t), difference(fun, a, t), rtol=1e-7)


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5)])
def test_polar_factor_with_repeated_singular_values_is_right(shape):
    rng = np.random.default_rng(21)
    k = min(shape)
    u, vh = orthogonal(rng, shape[0])[:, :k], orthogonal(rng, shape[1])[:k]
    w = random_like(rng, shape)

    def fun(x):
        u, _, vh = linalg.svd(x, full_matrices=False)
        return weigh(matmul(u, vh), w)

    for s in ([1.0, 1.0, 1.0], [3.0, 2.0, 2.0]):
        a, t = (u * s) @ vh, random_like(rng, shape)
        np.testing.assert_allclose(along(grad(fun)(a), t), difference(fun, a, t), rtol=1e-7)


def test_product_of_the_factors_with_repeated_singular_values():
    """It is the matrix itself, and recognised as such: of u and vh alone one part would be lost."""
    a = (orthogonal(np.random.default_rng(22), 4) * [2.0, 2.0, 1.5, 1.0]) @ np.eye(4)
    c = np.arange(16.0).reshape(4, 4)

    def product(x):
        u, s, vh = linalg.svd(x, full_matrices=False)
        return weigh(matmul(u * s, vh), c)

    np.testing.assert_allclose(grad(product)(a), c, atol=1e-12)


def _by_vectors(x):
    w, v = np.linalg.eigh(x)
    return np.sum(np.sin(v * np.exp(w)) @ v.T)


def _by_singular_vectors(x):
    u, s, vh = np.linalg.svd(x)
    return np.sum(np.sin(u * s**3) @ vh)


def _by_values(x):
    return np.sum(np.linalg.eigvalsh(x) ** 3) + np.sum(np.linalg.svd(x, compute_uv=False) ** 4)


SAID = {
    "function of vectors": lambda a: grad(_by_vectors)(a),
    "its forward derivative": lambda a: jvp(_by_vectors, (a,), (np.ones((3, 3)),)),
    "function of singular vectors": lambda a: grad(_by_singular_vectors)(a),
    "second derivative of values": lambda a: hessian(_by_values)(a),
    "under jit": lambda a: jit(grad(_by_vectors))(a),
    "under vmap": lambda a: vmap(grad(_by_vectors))(a[None]),
}


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("matrix", ["identity", "pair", "turned pair"])
def test_what_cannot_be_right_is_said(name, matrix):
    with pytest.warns(RuntimeWarning, match="at equal values"):
        SAID[name](REPEATED[matrix])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("matrix", REPEATED)
def test_functions_of_values_alone_are_right_and_silent(matrix):
    a = REPEATED[matrix]
    np.testing.assert_allclose(grad(_by_values)(a), 3 * a @ a + 4 * a @ a @ a, atol=1e-12)
    np.testing.assert_allclose(jit(grad(_by_values))(a), grad(_by_values)(a), atol=1e-12)
    different = turned([3.0, 2.0, 1.0])
    hessian(_by_values)(different)
    grad(_by_vectors)(different)


def test_gradient_of_a_singular_value_at_zero_is_zero():
    np.testing.assert_array_equal(grad(lambda x: total(linalg.svdvals(x)))(np.zeros((2, 3))), 0)
    got = grad(lambda x: total(linalg.svdvals(x)))(np.diag([3.0, 0.0]))
    np.testing.assert_allclose(got, np.diag([1.0, 0.0]), atol=1e-15)


# --- norms ----------------------------------------------------------------------------------------


VECTOR_ORDERS = [None, 1, 2, 3, 2.5, 1.5, 0.5, -1, np.inf, -np.inf, 0]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", VECTOR_ORDERS)
def test_vector_norms(order, dtype):
    rng = np.random.default_rng(23)
    x, w = random_like(rng, (2, 4, 3), dtype), random_like(rng, (2, 1, 3))
    kw = {"ord": order, "axis": -2, "keepdims": True}
    np.testing.assert_allclose(
        vmap(lambda y: linalg.norm(y, **kw))(x), np.linalg.norm(x, **kw), rtol=1e-13
    )
    check_gradient(lambda y: weigh(linalg.norm(y, **kw), w), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", MATRIX_ORDERS)
def test_matrix_norms(order, dtype):
    rng = np.random.default_rng(24)
    x, w = random_like(rng, (3, 2, 4), dtype), random_like(rng, (2,))
    kw = {"ord": order, "axis": (2, 0)}
    got = vmap(lambda y: linalg.norm(y, **kw))(x[None])[0]
    np.testing.assert_allclose(got, np.linalg.norm(x, **kw), rtol=1e-13)
    check_gradient(lambda y: weigh(linalg.norm(y, **kw), w), x)


def test_norm_of_a_whole_array():
    x = random_like(np.random.default_rng(25), (2, 3, 4))
    np.testing.assert_allclose(grad(linalg.norm)(x), x / np.linalg.norm(x), rtol=1e-14)
    y = vmap(lambda v: linalg.vector_norm(v, keepdims=True))(x)
    np.testing.assert_allclose(y[:, 0, 0], [np.linalg.norm(v) for v in x])


@pytest.mark.parametrize("order", [None, 1, 2, 3, 1.5, np.inf])
def test_vector_norms_at_zero(order):
    def fun(x):
        return linalg.norm(x, order)

    np.testing.assert_array_equal(grad(fun)(np.zeros(3)), 0)
    np.testing.assert_array_equal(jvp(grad(fun), (np.zeros(3),), (np.ones(3),))[1], 0)
    assert np.isfinite(grad(fun)(np.array([0.0, 1.0, -2.0]))).all()
    assert np.isfinite(jvp(grad(fun), (np.array([0.0, 1.0, -2.0]),), (np.ones(3),))[1]).all()


@pytest.mark.parametrize("order", ["fro", "nuc", 1, 2, np.inf])
def test_matrix_norms_at_zero(order):
    g = grad(lambda x: linalg.norm(x, order))(np.zeros((2, 3)))
    np.testing.assert_array_equal(g, 0)


def test_norms_that_do_not_exist():
    def norm(**kw):
        return grad(lambda x: linalg.norm(x, **kw))(np.ones((2, 2, 2)))

    with pytest.raises(ValueError, match="of matrices"):
        norm(ord=3, axis=(0, 1))
    with pytest.raises(ValueError, match="of vectors"):
        norm(ord="fro", axis=0)
    with pytest.raises(ValueError, match="one axis or two"):
        norm(ord=2)
    with pytest.raises(ValueError, match="duplicate axes"):
        norm(axis=(0, 0))
