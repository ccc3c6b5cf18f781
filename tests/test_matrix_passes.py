"""Compiled programs factorize a matrix once, and do not multiply with zeros beside a diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compiler.passes.diagonals import multiply_with_diagonals
from funcgrad.compiler.passes.systems import LEAST_ROWS
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.avals import Aval
from funcgrad.core.jaxpr import Eqn, Jaxpr, Var, eval_jaxpr
from funcgrad.ops.contraction.dot_general import dot_general
from funcgrad.ops.linalg.lu import lu, solve_factored
from funcgrad.ops.structural.gather import scatter_add

RNG = np.random.default_rng(0)
N = LEAST_ROWS
MATRIX = RNG.normal(size=(N, N)) + N * np.eye(N)


def names(fun: Any, *args: Any) -> list[str]:
    return [e.primitive.name for e in optimized(fg.jit(fun).lower(*args).jaxpr()).eqns]


def test_equal_constants_are_one() -> None:
    a, b, c = (RNG.normal(size=(3, 3)) for _ in range(3))
    c = a.copy()
    zeros, negative = np.zeros(3), -np.zeros(3)

    def fun(x: Any) -> Any:
        return a @ x, b @ x, c @ x, x / zeros, x / negative

    jaxpr = optimized(fg.jit(fun).lower(np.ones(3)).jaxpr())
    assert len(jaxpr.constvars) == 4
    assert len(jaxpr.eqns) == 4
    out = fg.jit(fun)(np.ones(3))
    np.testing.assert_array_equal(out[4], np.full(3, -np.inf))
    np.testing.assert_array_equal(out[0], out[2])


# --- systems -------------------------------------------------------------------------------------


def both_ways(a: Any, b: Any, c: Any) -> Any:
    return np.linalg.solve(a, b), np.linalg.solve(a.T, c), np.linalg.solve(a, c[:, None])[:, 0]


def test_a_matrix_is_factorized_once() -> None:
    pytest.importorskip("scipy")
    b, c = RNG.normal(size=(2, N))
    found = names(both_ways, MATRIX, b, c)
    assert found.count("lu") == 1
    assert found.count("solve_factored") == 3
    for x, y in zip(fg.jit(both_ways)(MATRIX, b, c), both_ways(MATRIX, b, c), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)


def test_the_gradient_of_a_solve_factorizes_once() -> None:
    def loss(a: Any, b: Any) -> Any:
        return np.sum(np.linalg.solve(a, b) ** 2)

    b = RNG.normal(size=N)
    found = names(fg.grad(loss), MATRIX, b)
    assert (found.count("lu"), found.count("solve")) == (1, 0)
    x = np.linalg.solve(MATRIX, b)
    expected = -np.outer(np.linalg.solve(MATRIX.T, 2 * x), x)
    np.testing.assert_allclose(fg.jit(fg.grad(loss))(MATRIX, b), expected, rtol=1e-10, atol=1e-18)


def test_few_rows_and_single_systems_are_solved_as_they_are() -> None:
    small, b = MATRIX[:5, :5], np.ones(5)
    assert "lu" not in names(both_ways, small, b, b)
    assert "lu" not in names(np.linalg.solve, MATRIX, np.ones(N))


def test_a_singular_matrix_gives_nan() -> None:
    for x in fg.jit(both_ways)(np.zeros((N, N)), np.ones(N), np.ones(N)):
        assert np.isnan(x).all()


def test_of_a_batch_only_the_singular_matrix_gives_nan() -> None:
    both = np.stack([MATRIX, np.zeros((N, N))])
    b = np.ones(N)
    outs = fg.jit(fg.vmap(both_ways, (0, None, None)))(both, b, b)
    for x, y in zip(outs, both_ways(MATRIX, b, b), strict=True):
        np.testing.assert_allclose(x[0], y, rtol=1e-12)
        assert np.isnan(x[1]).all()


@pytest.mark.parametrize("dtype", ["f8", "f4", "c16", "i8"])
@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize("transposed", [False, True])
def test_systems_by_their_factors(dtype: str, lead: tuple[int, ...], transposed: bool) -> None:
    a = (5 * RNG.normal(size=(*lead, 4, 4)) + 20 * np.eye(4)[::-1]).astype(dtype)
    b = (5 * RNG.normal(size=(*lead, 4, 3))).astype(dtype)
    b[..., 1] = 0
    params = {"transposed": transposed, "failing": "raise"}
    x = solve_factored(*lu(a), b, strong=True, **params)
    expected = np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)
    np.testing.assert_allclose(x, expected, rtol=1e-4 if dtype == "f4" else 1e-12, atol=1e-7)
    assert not x[..., 1].any()
    assert not solve_factored(*lu(np.nan * a), b, strong=True, **params)[..., 1].any()
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        solve_factored(*lu(0 * a), b, strong=False, **params)


# --- diagonals -----------------------------------------------------------------------------------


def product(x: Any, first: bool, axis: int, strong: int | None) -> Jaxpr:
    """The contraction of an array with a diagonal matrix, which stands first or second."""
    n = x.shape[axis]
    places, v, y, matrix = (
        Var(Aval((n,), int)),
        *(Var(Aval(s, float)) for s in ((n,), x.shape, (n, n))),
    )
    contract = ((1,), (axis,)) if first else ((axis,), (0,))
    params = {"contract": contract, "batch": ((), ()), "strong": strong}
    pair = [matrix, y] if first else [y, matrix]
    aval = dot_general.abstract(*(a.aval for a in pair), **params)
    eqns = [
        Eqn(scatter_add, [v, places, places], {"shape": (n, n)}, [matrix]),
        Eqn(dot_general, pair, params, [Var(aval)]),
    ]
    return Jaxpr([places], [v, y], eqns, eqns[1].outvars, [np.arange(n)])


@pytest.mark.parametrize("shape", [(4,), (4, 3), (3, 4)])
@pytest.mark.parametrize("first", [True, False])
def test_products_with_diagonals(shape: tuple[int, ...], first: bool) -> None:
    x = RNG.normal(size=shape)
    v = np.array([2.0, -1.5, 0.0, -0.5])
    x.flat[:3] = -0.0, np.inf, np.nan
    jaxpr = product(x, first, shape.index(4), 0 if first else 1)
    changed = multiply_with_diagonals(jaxpr)
    assert "dot_general" not in [e.primitive.name for e in changed.eqns]
    expected = eval_jaxpr(jaxpr, jaxpr.consts, [v, x])[0]
    found = eval_jaxpr(changed, changed.consts, [v, x])[0]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("strong", [None, 0])
def test_zeros_that_are_not_strong_are_multiplied_with(strong: int | None) -> None:
    jaxpr = product(np.ones((4, 3)), False, 0, strong)
    assert multiply_with_diagonals(jaxpr) is not None
    assert [e.primitive.name for e in multiply_with_diagonals(jaxpr).eqns][-1] == "dot_general"


def test_the_gradient_through_a_cholesky_factor() -> None:
    a = MATRIX @ MATRIX.T

    def log_determinant(a: Any) -> Any:
        return 2 * np.sum(np.log(np.diagonal(np.linalg.cholesky(a))))

    found = names(fg.grad(log_determinant), a)
    assert "dot_general" not in found
    np.testing.assert_allclose(
        fg.jit(fg.grad(log_determinant))(a), np.linalg.inv(a), rtol=1e-7, atol=1e-16
    )
