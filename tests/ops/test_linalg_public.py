"""The functions of funcgrad.numpy.linalg against NumPy and against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ops.linalg_checks import DTYPES, check_gradient, hermitian, random_like, total, weigh

from funcgrad import grad, jvp
from funcgrad.api.staging import eval_shape, make_jaxpr
from funcgrad.api.vmap import vmap
from funcgrad.compiler.program import program
from funcgrad.errors import DifferentiationError, ShapeError
from funcgrad.numpy import linalg
from funcgrad.ops.linalg import matrices
from funcgrad.ops.linalg import solving as systems
from funcgrad.ops.shape import reshape
from funcgrad.ops.structural.indexing import index

MATRIX = {
    "solve": lambda x: linalg.solve(x, np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 1.0]])),
    "solve vector": lambda x: linalg.solve(x, np.array([1.0, 0.5, -2.0])),
    "solve folded": lambda x: linalg.solve(x, np.arange(12.0).reshape(2, 3, 2)),
    "inv": linalg.inv,
    "pinv": linalg.pinv,
    "pinv hermitian": lambda x: linalg.pinv(x + matrices.adjoint(x), hermitian=True),
    "det": linalg.det,
    "slogdet": lambda x: linalg.slogdet(x).logabsdet,
    "cholesky": lambda x: linalg.cholesky(x),
    "cholesky triangle": lambda x: linalg.cholesky(x, symmetrize_input=False),
    "cholesky upper": lambda x: linalg.cholesky(x, upper=True, symmetrize_input=False),
    "eigvalsh": linalg.eigvalsh,
    "eigvalsh U": lambda x: linalg.eigvalsh(x, "U"),
    "svdvals": linalg.svdvals,
    "qr r": lambda x: linalg.qr(x, mode="r"),
    "matrix_power": lambda x: linalg.matrix_power(x, 5),
    "matrix_power -3": lambda x: linalg.matrix_power(x, -3),
    "cond": linalg.cond,
    "cond 1": lambda x: linalg.cond(x, 1),
    "cond -2": lambda x: linalg.cond(x, -2),
    "lstsq": lambda x: linalg.lstsq(x, np.ones((3, 2)))[0],
    "multi_dot": lambda x: linalg.multi_dot([np.ones(3), x, x, np.ones((3, 4)), np.ones(4)]),
    "tensorinv": lambda x: linalg.tensorinv(reshape(x, shape=(3, 1, 3))),
    "tensorsolve": lambda x: linalg.tensorsolve(reshape(x, shape=(3, 3, 1)), np.ones(3)),
    "trace": lambda x: linalg.trace(x, offset=1),
    "diagonal": lambda x: linalg.diagonal(x, offset=-1),
    "outer": lambda x: (
        linalg.outer(x[0], x[1])
        if isinstance(x, np.ndarray)
        else linalg.outer(index(x, key=(0,)), index(x, key=(1,)))
    ),
    "cross": lambda x: linalg.cross(x, np.array([1.0, 2.0, -1.0]), axis=0),
    "vecdot": lambda x: linalg.vecdot(x, np.arange(9.0).reshape(3, 3), axis=0),
    "tensordot": lambda x: linalg.tensordot(x, np.arange(9.0).reshape(3, 3), axes=((0,), (1,))),
    "matmul": lambda x: linalg.matmul(x, np.array([1.0, 2.0, 3.0])),
    "matrix_transpose": linalg.matrix_transpose,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MATRIX)
def test_derivatives_of_public_functions(name, dtype):
    rng = np.random.default_rng(10)
    a = hermitian(rng, 3, dtype)
    fun = MATRIX[name]
    if "cholesky" not in name and "eig" not in name:
        a = a + 0.3 * random_like(rng, (3, 3), dtype)
    if name == "cross":
        a[:] = random_like(rng, (3, 3), dtype)
    w = random_like(rng, np.shape(fun(a)))
    check_gradient(lambda x: weigh(fun(x), w), a)


@pytest.mark.parametrize("name", MATRIX)
def test_public_functions_under_vmap_and_staging(name):
    rng = np.random.default_rng(11)
    stack = hermitian(rng, 3, lead=(4,))
    fun = MATRIX[name]
    batched = vmap(fun)(stack)
    for got, x in zip(batched, stack, strict=True):
        np.testing.assert_allclose(got, fun(x), rtol=1e-10, atol=1e-12)
    jaxpr = make_jaxpr(fun)(stack[0])
    (again,) = program(jaxpr)(stack[0])
    np.testing.assert_allclose(again, fun(stack[0]), rtol=1e-12, atol=1e-14)
    assert eval_shape(fun, stack[0]).shape == np.shape(again)


def plain_arguments(rng):
    a = hermitian(rng, 3)
    g = random_like(rng, (3, 3)) + 2 * np.eye(3)
    tall = random_like(rng, (2, 4, 3))
    return {
        "cholesky": [(a,), {}],
        "solve": [(g, np.ones((4, 3, 2))), {}],
        "inv": [(tall[:, :3],), {}],
        "det": [(tall[:, :3],), {}],
        "slogdet": [(tall[:, :3],), {}],
        "eig": [(g,), {}],
        "eigvals": [(tall[:, :3],), {}],
        "eigh": [(a,), {}],
        "eigvalsh": [(a, "U"), {}],
        "qr": [(tall,), {}],
        "svd": [(tall,), {}],
        "svdvals": [(tall,), {}],
        "pinv": [(tall,), {"rtol": None}],
        "cond": [(tall,), {}],
        "matrix_rank": [(tall,), {}],
        "lstsq": [(tall[0], np.ones(4)), {}],
        "norm": [(tall,), {"axis": (1, 2), "ord": "nuc", "keepdims": True}],
        "vector_norm": [(tall,), {"axis": (0, 2), "ord": 3}],
        "matrix_norm": [(tall,), {"ord": 1}],
        "matrix_power": [(g, 4), {}],
        "multi_dot": [([g, tall[0].T, tall[1]],), {}],
        "matrix_transpose": [(tall,), {}],
        "tensorinv": [(g.reshape(3, 3, 1),), {"ind": 1}],
        "tensorsolve": [(g.reshape(3, 3, 1), np.ones(3)), {"axes": (0,)}],
        "trace": [(tall,), {"offset": -2}],
        "diagonal": [(tall,), {"offset": 1}],
        "outer": [(g[0], g[1]), {}],
        "cross": [(g, a), {"axis": 0}],
        "vecdot": [(tall, tall[0]), {}],
        "matmul": [(tall, g), {}],
        "tensordot": [(tall, g), {"axes": 1}],
    }


@pytest.mark.parametrize("function", linalg.NUMPY_FUNCTIONS, ids=lambda f: f.__name__)
def test_plain_arrays_give_what_numpy_gives(function):
    args, kwargs = plain_arguments(np.random.default_rng(12))[function.__name__]
    mine, theirs = linalg.NUMPY_FUNCTIONS[function](*args, **kwargs), function(*args, **kwargs)
    if isinstance(theirs, tuple):
        assert getattr(mine, "_fields", None) == getattr(theirs, "_fields", None)
    pairs = zip(mine, theirs, strict=True) if isinstance(theirs, tuple) else [(mine, theirs)]
    for x, y in pairs:
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        assert np.shape(x) == np.shape(y)


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 3, 3)])
@pytest.mark.parametrize("name", ["cholesky", "inv", "det", "eigvalsh", "svdvals"])
def test_empty_matrices(name, shape):
    fun = getattr(linalg, name)
    x = np.zeros(shape)
    np.testing.assert_array_equal(fun(x), getattr(np.linalg, name)(x))
    assert grad(lambda y: total(fun(y)))(x).shape == shape


def test_integers_count_as_float64_and_half_precision_is_refused():
    assert linalg.inv(np.array([[2, 0], [0, 4]])).dtype == np.float64
    assert linalg.inv(np.eye(2, dtype="f4")).dtype == np.float32
    with pytest.raises(TypeError, match="float16"):
        linalg.inv(np.eye(2, dtype="f2"))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"inv needs square matrices, got shape \(2, 3\)"):
        linalg.inv(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="right-hand sides"):
        linalg.solve(np.eye(2), np.ones(3))
    with pytest.raises(ShapeError, match="must agree"):
        make_jaxpr(systems.solve)(np.ones((2, 3, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="UPLO"):
        linalg.eigh(np.eye(2), "X")


def test_complete_qr_of_a_tall_matrix_has_no_derivative():
    a = random_like(np.random.default_rng(0), (4, 2))
    q, _ = linalg.qr(a, mode="complete")
    assert q.shape == (4, 4)
    with pytest.raises(DifferentiationError, match="mode='reduced'"):
        jvp(lambda x: linalg.qr(x, mode="complete"), (a,), (a,))


def test_symmetrized_input_gives_hermitian_gradients():
    a = hermitian(np.random.default_rng(13), 3)
    w = random_like(np.random.default_rng(14), (3, 3))
    for fun in (linalg.cholesky, lambda x: linalg.eigh(x)[1]):
        g = grad(lambda x, fun=fun: weigh(fun(x), w))(a)
        np.testing.assert_allclose(g, g.T, atol=1e-13)
    np.testing.assert_array_equal(linalg.cholesky(a), np.linalg.cholesky(a))


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_only_the_named_triangle_is_read(uplo):
    a = hermitian(np.random.default_rng(13), 3)
    broken = (np.tril if uplo == "L" else np.triu)(a)
    np.testing.assert_allclose(linalg.eigvalsh(broken, uplo), np.linalg.eigvalsh(a))
    g = grad(lambda x: total(linalg.eigvalsh(x, uplo) ** 2))(broken)
    np.testing.assert_allclose(
        g, (np.tril if uplo == "L" else np.triu)(4 * a) - 2 * np.diag(np.diag(a)), atol=1e-12
    )


def test_lstsq_inside_a_transformation_returns_what_numpy_returns():
    rng = np.random.default_rng(15)
    a, b = random_like(rng, (5, 3)), random_like(rng, (5, 2))
    for columns in (b, b[:, 0]):
        outs: Any = vmap(lambda x, y: linalg.lstsq(x, y))(a[None], columns[None])
        for mine, theirs in zip(outs, np.linalg.lstsq(a, columns), strict=True):
            np.testing.assert_allclose(mine[0], theirs, rtol=1e-12)
    deficient = np.stack([a[:, 0], a[:, 0]], axis=1)
    outs = vmap(lambda x, y: linalg.lstsq(x, y))(deficient[None], b[None])
    x, rest, rank, _ = outs
    np.testing.assert_allclose(x[0], np.linalg.lstsq(deficient, b)[0], rtol=1e-12)
    assert rank[0] == 1
    assert np.isnan(rest).all()


@pytest.mark.parametrize("rcond", [None, -1, 1e-3])
def test_lstsq_cuts_singular_values_where_numpy_does(rcond):
    a = np.diag([1.0, 1e-17, 1e-5])[:, [1, 0, 2]]
    b = np.array([1.0, 1e-16, 1e-5])
    mine: Any = vmap(lambda x, y: linalg.lstsq(x, y, rcond))(a[None], b[None])
    for x, y in zip(mine, np.linalg.lstsq(a, b, rcond), strict=True):
        np.testing.assert_allclose(x[0], y, rtol=1e-9, atol=1e-30)


def test_ranks_inside_a_transformation():
    stack = np.stack([np.ones((3, 3)), np.eye(3), np.zeros((3, 3))])
    np.testing.assert_array_equal(vmap(linalg.matrix_rank)(stack), [1, 3, 0])
    np.testing.assert_array_equal(
        vmap(lambda x: linalg.matrix_rank(x, tol=0.5, hermitian=True))(stack), [1, 3, 0]
    )
    np.testing.assert_array_equal(vmap(linalg.matrix_rank)(stack[:, 0]), [1, 1, 0])
