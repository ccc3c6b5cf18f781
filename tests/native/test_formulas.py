"""Operators that native code has as formulas of others, and programs that it gives up."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import steps
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.linalg import determinants, factorizations, inverses, solving
from funcgrad.ops.random.threefry import random_uniform, threefry2x32

RNG = np.random.default_rng(0)
TOLERANCE = {"d": 1e-11, "f": 1e-3}


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def is_native(fun: Any, *args: Any) -> bool:
    jaxpr = steps.native_form(fg.jit(fun).lower(*args).jaxpr())
    return all(map(steps.is_native, steps.steps_of(jaxpr)))


def check(fun: Any, expected: Any, args: Any, tolerance: float) -> None:
    """A native function gives what NumPy gives, NaN and infinities in the same places."""
    assert is_native(fun, *args)
    with np.errstate(all="ignore"):
        pairs = zip(fg.tree.leaves(fg.jit(fun)(*args)), fg.tree.leaves(expected), strict=True)
    for a, b in pairs:
        assert np.shape(a) == np.shape(b)
        finite = np.asarray(b)[np.isfinite(b)]
        scale = 1 + float(np.max(np.abs(finite), initial=0))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


# --- small matrices ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("lead", [(), (3,), (5, 8)])
@pytest.mark.parametrize("dtype", ["d", "f"])
def test_small_matrices(n: int, lead: tuple[int, ...], dtype: str) -> None:
    a = RNG.normal(size=(*lead, n, n)).astype(dtype)
    b = RNG.normal(size=(*lead, n, 3)).astype(dtype)
    tolerance = TOLERANCE[dtype]
    solve = np.linalg.solve(a, b)
    check(lambda a, b: solving.solve(a, b, failing="nan"), solve, (a, b), tolerance)
    check(lambda a: inverses.inv(a, failing="nan"), np.linalg.inv(a), (a,), tolerance)
    check(lambda a: determinants.det(a), np.linalg.det(a), (a,), tolerance)
    check(lambda a: determinants.slogdet(a), tuple(np.linalg.slogdet(a)), (a,), tolerance)
    definite = a @ np.swapaxes(a, -1, -2) + np.eye(n, dtype=dtype)
    factor = np.linalg.cholesky(definite)
    check(lambda a: factorizations.cholesky(a, failing="nan"), factor, (definite,), tolerance)
    if n in (2, 3):
        cofactors = np.linalg.det(a)[..., None, None] * np.swapaxes(np.linalg.inv(a), -1, -2)
        check(lambda a: determinants.cofactors(a), cofactors, (a,), tolerance)


@pytest.mark.parametrize("n", [1, 3, 4])
@pytest.mark.parametrize(
    ("lower", "transpose", "unit"), [*itertools.product((True, False), (0, 1), (True, False))]
)
def test_small_triangles(n: int, lower: bool, transpose: int, unit: bool) -> None:
    a, b = RNG.normal(size=(6, n, n)), RNG.normal(size=(6, n, 2))
    triangle = np.tril(a) if lower else np.triu(a)
    if unit:
        triangle = triangle - triangle * np.eye(n) + np.eye(n)
    matrix = np.swapaxes(triangle, -1, -2) if transpose else triangle

    def fun(a: Any, b: Any) -> Any:
        params = {"lower": lower, "transpose_a": transpose, "unit_diagonal": unit}
        return solving.triangular_solve(a, b, **params, failing="nan")

    check(fun, np.linalg.solve(matrix, b), (a, b), 1e-8)


def test_singular_matrices_are_nan_in_their_lane() -> None:
    a = RNG.normal(size=(4, 3, 3))
    a[1, 2], a[2] = 0, 0
    b = RNG.normal(size=(4, 3, 1))
    good = [0, 3]
    for fun in (
        lambda a, b: solving.solve(a, b, failing="nan"),
        lambda a, b: inverses.inv(a, failing="nan"),
    ):
        found = fg.jit(fun)(a, b)
        assert np.isnan(found[1:3]).all()
        assert np.isfinite(found[good]).all()
    assert list(fg.jit(lambda a: determinants.det(a))(a)[1:3]) == [0, 0]
    sign, size = fg.jit(lambda a: determinants.slogdet(a))(a)
    assert list(sign[1:3]) == [0, 0]
    assert list(size[1:3]) == [-np.inf, -np.inf]
    indefinite = np.array([np.eye(2), -np.eye(2), [[1, 2], [2, 1]]])
    found = fg.jit(lambda a: factorizations.cholesky(a, failing="nan"))(indefinite)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


def test_zero_right_hand_sides_win_where_they_are_strong() -> None:
    a, b = np.zeros((2, 2)), np.array([[0.0, 1.0], [0.0, 2.0]])
    found = fg.jit(lambda a, b: solving.solve(a, b, strong=True, failing="nan"))(a, b)
    assert (found[:, 0] == 0).all()
    assert np.isnan(found[:, 1]).all()


# --- norms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["d", "f"])
@pytest.mark.parametrize("size", [2, 3, 100])
def test_norms_of_all_sizes(dtype: str, size: int) -> None:
    info = np.finfo(dtype)
    scales = [1, info.tiny, info.tiny * 2.0**8, info.max / 64, float(info.tiny) ** 0.5]
    scales += [float(info.max) ** 0.5, float(info.smallest_subnormal) * 4]
    norm = REGISTRY["vector_norm"]
    for scale in scales:
        x = (RNG.normal(size=(4, size)) * scale).astype(dtype)
        x[:, 0] *= dtype == "d"  # digits of small numbers beside large ones
        wide = x.astype("g")
        expected = np.sqrt(np.sum(wide * wide, axis=1)).astype("g")
        found = fg.jit(lambda x: norm(x, axes=(1,), order=2))(x)
        unit = np.spacing(expected.astype(dtype)).astype("g")
        assert (abs(found.astype("g") - expected) <= (3 + size / 8) * unit).all()


def test_norms_of_what_is_not_finite() -> None:
    norm = REGISTRY["vector_norm"]
    x = np.array([[np.inf, 1, 0], [np.nan, 1e300, 0], [1e300, 1e-300, np.nan], [0, 0, 0]])
    x = np.concatenate([x, [[-np.inf, 1e-310, 1e-170]]])
    found = fg.jit(lambda x: norm(x, axes=(1,), order=2))(x)
    np.testing.assert_array_equal(found, [np.inf, np.nan, np.nan, 0, np.inf])


# --- random numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "f2", "f4", "f8"])
@pytest.mark.parametrize("keys", [(2,), (3, 2), (2, 3, 2)])
def test_random_numbers_are_those_of_numpy(dtype: str, keys: tuple[int, ...]) -> None:
    key = RNG.integers(0, 2**32, keys, np.uint32)
    for shape in ((), (1,), (5,), (0, 3), (3, 77), (16,), (4096,)):
        given = {"shape": shape, "dtype": np.dtype(dtype)}
        fun = lambda k, given=given: random_uniform(k, **given)  # noqa: E731
        assert is_native(fun, key)
        found = fg.jit(fun)(key)
        assert found.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(found, random_uniform(key, **given))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (100,)])
def test_words_are_those_of_numpy(shape: tuple[int, ...]) -> None:
    words = [RNG.integers(0, 2**32, shape, np.uint32) for _ in range(4)]
    words = [w if w.shape else w[()] for w in words]
    fun = lambda *w: threefry2x32(*w)  # noqa: E731
    assert is_native(fun, *words)
    for a, b in zip(fg.jit(fun)(*words), threefry2x32(*words), strict=True):
        np.testing.assert_array_equal(a, b)


# --- integers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", list("?bBhHiIlL"))
def test_powers_and_shifts(dtype: str) -> None:
    x = np.arange(-70, 70).astype(dtype) if dtype.islower() else np.arange(140).astype(dtype)
    n = (np.arange(140) % 80).astype(dtype)
    for fun in (
        lambda x, n: x**n,
        lambda x, n: x**5,
        lambda x, n: np.left_shift(x, n),
        lambda x, n: np.right_shift(x, n),
    ):
        assert is_native(fun, x, n)
        expected, found = fun(x, n), fg.jit(fun)(x, n)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_what_numpy_refuses_is_refused() -> None:
    message = "Integers to negative integer powers"
    power = fg.jit(lambda x, n: (x**n, x + n))
    assert power(np.array([2, 3]), np.array([1, 3]))[0].tolist() == [2, 27]
    with pytest.raises(ValueError, match=message):
        power(np.array([2, 3]), np.array([1, -1]))
    assert power(np.array([2, 3]), np.array([0, 2]))[0].tolist() == [1, 9]

    def loop(n: Any) -> Any:  # the body's result decides when it ends
        return fg.lax.while_loop(lambda s: s < 100, lambda s: s + 2 ** (n - s), 0)

    assert fg.jit(loop)(7) == loop(7)
    with pytest.raises(ValueError, match=message):
        fg.jit(loop)(-1)


# --- long programs -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 10, 100])
def test_long_programs_are_written_in_pieces(size: int) -> None:
    def fun(x: Any) -> Any:
        for i in range(1000):
            x = x + 0.001 * np.sin(x) if i % 2 else x * 0.999
        return x

    x = RNG.normal(size=size)
    np.testing.assert_allclose(fg.jit(fun)(x), fun(x), rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 3), (40, 30)])
def test_functions_of_many_kernels(shape: tuple[int, int]) -> None:
    """They have blocks of few calls, inside of loops and beside them, and memory of all sizes."""
    x = RNG.normal(size=shape)
    i = np.array([shape[0] - 1, 0, 2])

    def fun(x: Any, i: Any, n: int) -> Any:
        for k in range(n):
            row = x[i]  # which may give up
            x = 0.5 * np.sin(x - np.mean(x * x, axis=k % 2, keepdims=True)) + np.mean(row) / 9
        return x

    def looped(x: Any, i: Any) -> Any:
        return fg.lax.fori_loop(0, 2, lambda _, x: fun(x, i, 40) + fun(x[::-1], i, 3), x)

    def many(x: Any, i: Any) -> Any:
        return np.sum(fun(looped(x, i), i, 60) ** 2)

    np.testing.assert_allclose(fg.jit(many)(x, i), many(x, i), rtol=1e-9)
    np.testing.assert_allclose(fg.jit(fg.grad(many))(x, i), fg.grad(many)(x, i), rtol=1e-7)
    with pytest.raises(IndexError, match=r"out of (bounds|range)"):
        fg.jit(many)(x, i + shape[0])
    texts = [len(fg.jit(lambda x, n=n: fun(x, i, n)).lower(x).llvm_ir()) for n in (50, 100, 200)]
    assert texts[2] - texts[1] < 2.2 * (texts[1] - texts[0])


# --- constants -----------------------------------------------------------------------------------


def test_programs_that_are_kept_have_the_constants_of_the_next_function() -> None:
    """What formulas make of constants is no part of a program that others with them share."""

    def gradient_along(t: Any) -> Any:
        return fg.jit(lambda x: fg.jvp(lambda x: np.linalg.qr(x)[1], (x,), (t,))[1])

    a = RNG.normal(size=(4, 2))
    for t in RNG.normal(size=(3, 4, 2)):
        eager = fg.jvp(lambda x: np.linalg.qr(x)[1], (a,), (t,))[1]
        np.testing.assert_allclose(gradient_along(t)(a), eager, rtol=1e-10)
