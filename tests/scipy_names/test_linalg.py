"""funcgrad.scipy.linalg: SciPy's values in every mode, derivatives, stacks, what is refused."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.linalg as spl
from numpy.testing import assert_allclose
from scipy_names import test_linalg_more
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import linalg

RNG = np.random.default_rng(3)
A = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
POSITIVE = A @ A.T
POSITIVE = (POSITIVE + POSITIVE.T) / 2
B = RNG.normal(size=(3, 2))
V = RNG.normal(size=3)
TALL = RNG.normal(size=(4, 2))
WIDE = TALL.T.copy()
SQUARE = RNG.normal(size=(3, 3))
ROW = np.array([0.3, 1.4, -0.7, 2.1, 0.9, -1.2, 0.4, 1.7])
TABLE: dict[str, list[tuple[Any, Any, Call]]] = {}


def entry(name: str, *args: Any, through: Any = None, **options: Any) -> None:
    """A call; ``through`` makes of a module the function that is called."""
    options = {"dtypes": "dD", "rtol": 1e-10, **options}
    through = through or (lambda module: getattr(module, name))
    TABLE.setdefault(name, []).append((through(linalg), through(spl), Call(args, **options)))


def hermitian(m: Any) -> Any:
    """Its Hermitian part, so that steps of differences stay Hermitian."""
    return (m + np.conj(np.swapaxes(m, -1, -2))) / 2


def far(m: Any) -> Any:
    """A Hermitian part that is positive definite, also of complex numbers."""
    return hermitian(m + 9 * np.eye(3))


def rebuilt(w: Any, v: Any) -> Any:
    """A product of eigenvectors that does not depend on their signs."""
    return (v * w) @ np.swapaxes(v, -1, -2)


for _lower in (False, True):
    for _trans in (0, "T", 2):
        entry("solve_triangular", A, B, kwargs={"lower": _lower, "trans": _trans})
    entry("solve_triangular", A, V, kwargs={"lower": _lower, "unit_diagonal": True})
    entry("cholesky", POSITIVE, _lower, through=lambda m: lambda a, low: m.cholesky(far(a), low))
    entry("cho_factor", POSITIVE, _lower, through=lambda m: lambda a, low: (
        np.tril if low else np.triu)(m.cho_factor(far(a), low)[0]))  # fmt: skip
    entry("cho_solve", A, B, _lower, through=lambda m: lambda a, b, low: m.cho_solve((a, low), b))
    entry("cho_solve", A, V, _lower, through=lambda m: lambda a, b, low: m.cho_solve((a, low), b))
for _kind in ("gen", "upper triangular", "lower triangular"):
    entry("solve", A, B, kwargs={"assume_a": _kind})
entry("solve", A, V)
entry("solve", A, V, kwargs={"transposed": True}, dtypes="df")
for _kind in ("sym", "her", "pos"):
    entry("solve", POSITIVE, B, _kind,
          through=lambda m: lambda a, b, kind: m.solve(
              (a + np.swapaxes(a, -1, -2) if kind == "sym" else 2 * hermitian(a)) + 9 * np.eye(3),
              b, assume_a=kind))  # fmt: skip
entry("inv", A)
entry("det", A, dtypes="dD")
for _x in (A, TALL, WIDE):
    entry("lu", _x)
    entry("lu", _x, kwargs={"permute_l": True}, dtypes="d")
entry("lu", A, kwargs={"p_indices": True})
entry("lu_factor", A)
for _trans in (0, 1, 2):
    entry("lu_solve", A, B, through=lambda m, t=_trans: lambda a, b: m.lu_solve(
        m.lu_factor(a), b, t))  # fmt: skip
entry("lu_solve", A, V, through=lambda m: lambda a, b: m.lu_solve(m.lu_factor(a), b, 1))
for _x in (A, TALL, WIDE):
    entry("qr", _x, kwargs={"mode": "economic"})
    entry("qr", _x, kwargs={"mode": "r"}, dtypes="d")
    entry("qr", _x, kwargs={"pivoting": True, "mode": "economic"}, dtypes="df")
    entry("svdvals", _x, dtypes="df")
    entry("svd", _x, through=lambda m: lambda a: (lambda u, s, vh: (u * s**2) @ vh)(
        *m.svd(a, full_matrices=False)))  # fmt: skip
    entry("polar", _x)
    entry("polar", _x, kwargs={"side": "left"})
entry("svd", A, kwargs={"compute_uv": False}, dtypes="df")
entry("eigh", POSITIVE, kwargs={"eigvals_only": True}, dtypes="df",
      through=lambda m: lambda a, **k: m.eigh(hermitian(a), **k))  # fmt: skip
entry("eigvalsh", POSITIVE, kwargs={"lower": False, "subset_by_index": (1, 2)}, dtypes="df",
      through=lambda m: lambda a, **k: m.eigvalsh(hermitian(a), **k))  # fmt: skip
for _type in (1, 2, 3):
    entry("eigvalsh", A, POSITIVE, _type, dtypes="d", through=lambda m: lambda a, b, t: m.eigvalsh(
        hermitian(a), hermitian(b), type=t))  # fmt: skip
    entry("eigh", A, POSITIVE, _type, dtypes="d", through=lambda m: lambda a, b, t: rebuilt(
        *m.eigh(hermitian(a), hermitian(b), type=t)))  # fmt: skip


def used(ab: Any, lower: bool) -> Any:
    """Where rows of diagonals hold elements of a matrix."""
    rows, places = np.indices(np.shape(ab))
    beside = rows if lower else len(ab) - 1 - rows
    return places + beside < np.shape(ab)[1] if lower else places >= beside


BANDS = np.array([[0.0, 0.0, 0.7], [0.0, -0.4, 0.3], [4.0, 5.0, 6.0], [0.5, -0.6, 0.0]])
for _bands, _counts in ((BANDS, (1, 2)), (BANDS[1:], (1, 1)), (BANDS[2:], (1, 0))):
    for _right in (B, V):
        entry("solve_banded", _bands, _right,
              through=lambda m, c=_counts: lambda ab, b: m.solve_banded(c, ab, b))  # fmt: skip
for _bands, _lower in ((BANDS[1:3], False), (BANDS[2:], True)):
    entry("cholesky_banded", _bands, dtypes="d", through=lambda m, low=_lower: lambda ab: (
        m.cholesky_banded(ab, lower=low) * used(ab, low)))  # fmt: skip
    for _right in (B, V):
        entry("solveh_banded", _bands, _right, dtypes="df", kwargs={"lower": _lower})
        entry("cho_solve_banded", _bands, _right, dtypes="df", through=lambda m, low=_lower: (
            lambda ab, b: m.cho_solve_banded((ab, low), b)))  # fmt: skip
WIDE_BAND = RNG.normal(size=(6, 12)) + 9 * (np.arange(6) == 2)[:, None]
entry("solve_banded", WIDE_BAND, RNG.normal(size=(12, 2)), dtypes="fdD", rtol=1e-9,
      through=lambda m: lambda ab, b: m.solve_banded((3, 2), ab, b))  # fmt: skip
entry("expm", A * 0.3)
entry("expm", A * 4, rtol=1e-9)
entry("expm_frechet", A * 0.3, A.T * 0.2, dtypes="d")
entry("expm_frechet", A * 0.3, A.T * 0.2, kwargs={"compute_expm": False}, dtypes="d")
entry("sqrtm", POSITIVE, dtypes="dD")
entry("funm", POSITIVE, dtypes="dD", through=lambda m: lambda a: m.funm(a, np.exp))
entry("solve_sylvester", A, WIDE @ TALL, B)
entry("block_diag", A, B, V, 2.0)
entry("toeplitz", V)
entry("toeplitz", V, TALL[:, 0])
entry("circulant", V)
for _right in (B, V):
    entry("solve_toeplitz", V + np.array([3.0, 0, 0]), _right)
    entry("solve_toeplitz", V + np.array([3.0, 0, 0]), TALL[:3, 0], _right,
          through=lambda m: lambda c, r, b: m.solve_toeplitz((c, r), b))  # fmt: skip
    entry("solve_circulant", V + np.array([3.0, 0, 0]), _right)
entry("solve_circulant", V, through=lambda m: lambda b: m.solve_circulant(
    np.ones_like(b), b, "lstsq", 1e-3))  # fmt: skip
entry(
    "solve_circulant", A[:, 0] + np.array([3.0, 0, 0]), SQUARE, kwargs={"baxis": 1, "outaxis": -1}
)
entry("solve_circulant", SQUARE + 3 * np.eye(3)[0], V)
entry("hankel", V)
entry("hankel", V, TALL[:, 0])
entry("companion", V)
for _mode in ("full", "same", "valid"):
    entry("convolution_matrix", V, 2, _mode)
    entry("convolution_matrix", V, 5, _mode)
entry("fiedler", V, dtypes="df")
entry("fiedler_companion", V)
entry("fiedler_companion", np.array([2.0, -1.0, 0.5, 3.0, 0.7, -0.4, 1.2, 0.9]))
entry("fiedler_companion", V[:2])
entry("leslie", V, V[:2], dtypes="df")
for _mode in ("right", "left"):
    for _c in (B[:2], V[:2]) if _mode == "left" else (ROW.reshape(2, 4), ROW[:4]):
        entry(
            "qr_multiply",
            TALL,
            _c,
            through=lambda m, mode=_mode: (
                lambda a, c: (
                    np.abs(m.qr_multiply(a, c, mode)[0]),
                    np.abs(m.qr_multiply(a, c, mode)[1]),
                )
            ),
        )
    entry(
        "qr_multiply",
        A + 0.3j * B[0, 0],
        B if _mode == "left" else B.T,
        through=lambda m, mode=_mode: lambda a, c: np.abs(m.qr_multiply(a, c, mode, True, True)[0]),
        dtypes="D",
    )
for _select, _range in (("a", None), ("i", (1, 2)), ("v", (-1.0, 9.0))):
    entry(
        "eigh_tridiagonal",
        np.array([1.0, 2.0, 3.0, 4.5]),
        V,
        dtypes="df",
        vmap=_select != "v",
        concrete=_select == "v",
        through=lambda m, s=_select, r=_range: lambda d, e: m.eigh_tridiagonal(d, e, True, s, r),
    )
entry(
    "eigh_tridiagonal",
    np.array([1.0, 2.0, 3.0, 4.5]),
    V,
    dtypes="df",
    through=lambda m: lambda d, e: rebuilt(*m.eigh_tridiagonal(d, e)),
)

CALLS = [
    (name, i, dtype)
    for name, calls in TABLE.items()
    for i, (_, _, case) in enumerate(calls)
    for dtype in case.dtypes
]


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    fun, reference, case = TABLE[name][i]
    check_function(fun, reference, case, dtype)


SIZES: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "dft": [((4,), {}), ((3, "sqrtn"), {}), ((3, "n"), {})],
    "invpascal": [((4,), {}), ((4, "lower"), {}), ((4, "upper", False), {}), ((36,), {})],
    "hilbert": [((4,), {})],
    "invhilbert": [((4,), {}), ((4,), {"exact": True})],
    "pascal": [((4,), {}), ((4, "lower"), {}), ((4, "upper", False), {}), ((36,), {})],
    "hadamard": [((8,), {}), ((2, complex), {})],
    "helmert": [((4,), {}), ((4, True), {})],
}


@pytest.mark.parametrize("name", SIZES)
def test_matrices_of_a_size(name):
    for args, kwargs in SIZES[name]:
        found, expected = (getattr(m, name)(*args, **kwargs) for m in (linalg, spl))
        assert found.dtype == expected.dtype
        if found.dtype == object:
            assert (found == expected).all()
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_every_public_name_is_in_a_table():
    elsewhere = {"schur", "hessenberg", "orth", "null_space", "rsf2csf", *test_linalg_more.TABLE}
    assert set(TABLE) | set(SIZES) | elsewhere == set(linalg.__all__)
    assert all(inspect.isfunction(getattr(linalg, name)) for name in linalg.__all__)


@pytest.mark.parametrize("dtype", [float, complex])
def test_forms_without_derivatives(dtype):
    a = (A + 1j * A.T).astype(dtype) if dtype is complex else A - 4 * np.eye(3)[::-1]
    for run in (lambda f: f, fg.jit):
        h, q = run(lambda a: linalg.hessenberg(a, calc_q=True))(a)
        np.testing.assert_allclose(q @ h @ q.conj().T, a, atol=1e-12)
        np.testing.assert_array_equal(np.tril(h, -2), 0)
        np.testing.assert_allclose(h, spl.hessenberg(a), atol=1e-12)
        for output in ("real", "complex"):
            t, z = run(lambda a, output=output: linalg.schur(a, output))(a)
            np.testing.assert_allclose(z @ t @ z.conj().T, a, atol=1e-12)
        np.testing.assert_allclose(np.tril(t, -1), 0, atol=1e-12)
    h, q = linalg.hessenberg(np.stack([a, 2 * a]), calc_q=True)
    np.testing.assert_allclose((q @ h @ np.conj(np.swapaxes(q, 1, 2)))[1], 2 * a, atol=1e-12)
    with pytest.raises(fg.errors.DifferentiationError):
        fg.jvp(linalg.schur, (a,), (a,))


@pytest.mark.parametrize("seed", range(4))
def test_complex_forms_of_real_ones(seed):
    a = np.random.default_rng(seed).normal(size=(6, 6))
    form, vectors = spl.schur(a)
    expected = spl.rsf2csf(form, vectors)
    for run in (linalg.rsf2csf, fg.jit(linalg.rsf2csf)):
        t, z = run(form, vectors)
        np.testing.assert_allclose(t, expected[0], atol=1e-12)
        np.testing.assert_allclose(z, expected[1], atol=1e-12)
        np.testing.assert_allclose(z @ t @ z.conj().T, a, atol=1e-12)
    assert linalg.rsf2csf(np.ones((1, 1)), np.ones((1, 1)))[0].dtype == complex
    assert linalg.rsf2csf(np.float32([[0, 1], [-1, 0]]), np.eye(2, dtype="f"))[0].dtype == "F"
    slope = fg.grad(lambda x: np.sum(abs(np.diag(linalg.rsf2csf(x, vectors)[0])) ** 2))(form)
    assert np.isfinite(slope).all()


def test_arguments_of_scipy_and_jax_that_change_nothing():
    np.testing.assert_allclose(linalg.eigh(POSITIVE, driver="evd")[0], spl.eigvalsh(POSITIVE))
    np.testing.assert_allclose(linalg.eigvalsh(POSITIVE, driver="evr"), spl.eigvalsh(POSITIVE))
    np.testing.assert_allclose(linalg.polar(A, method="svd")[0], spl.polar(A)[0])
    np.testing.assert_allclose(linalg.sqrtm(POSITIVE, 1), spl.sqrtm(POSITIVE))
    assert linalg.dft(3, dtype=np.complex64).dtype == np.complex64
    np.testing.assert_allclose(linalg.dft(3, "n", dtype=np.complex64), spl.dft(3, "n"), rtol=1e-6)


def test_spaces():
    low = TALL @ WIDE
    for name, shape in (("orth", (4, 2)), ("null_space", (4, 2))):
        found, expected = getattr(linalg, name)(low), getattr(spl, name)(low)
        assert found.shape == shape
        np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-12)
        with pytest.raises(fg.errors.ConcretizationError):
            fg.jit(getattr(linalg, name))(low)
    projection = lambda x: (lambda q: q @ q.T)(linalg.orth(x))  # noqa: E731
    t = RNG.normal(size=TALL.shape)
    differences = (projection(TALL + 1e-6 * t) - projection(TALL - 1e-6 * t)) / 2e-6
    np.testing.assert_allclose(fg.jvp(projection, (TALL,), (t,))[1], differences, atol=1e-8)


STACKED = {
    "solve_triangular": lambda a, b: linalg.solve_triangular(a, b, lower=True),
    "cho_solve": lambda a, b: linalg.cho_solve((a, True), b),
    "lu_solve": lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, 1),
    "solve": linalg.solve,
    "lu": lambda a, b: (lambda p, low, u: p @ low @ u)(*linalg.lu(a)),
    "expm": lambda a, b: linalg.expm(a),
    "sqrtm": lambda a, b: linalg.sqrtm(a @ np.swapaxes(a, -1, -2)),
    "sylvester": lambda a, b: linalg.solve_sylvester(
        a, np.eye(2) + np.zeros_like(b[..., :2, :]), b
    ),
    "polar": lambda a, b: linalg.polar(a)[1],
    "toeplitz": lambda a, b: linalg.toeplitz(a[..., 0]),
}


@pytest.mark.parametrize("name", STACKED)
def test_stacks(name):
    fun = STACKED[name]
    a, b = np.stack([A, 2 * A, A.T]), np.stack([B, -B, 3 * B])
    expected = [fun(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(fun(a, b), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(fg.vmap(fun)(a, b), expected, rtol=1e-10, atol=1e-12)


def test_second_derivatives_of_functions_of_matrices():
    for fun in (linalg.expm, linalg.sqrtm, lambda a: linalg.solve_sylvester(a, a, A)):
        fg.testing.check_grads(fun, (A / 2,), order=2, directions=1)


@pytest.mark.parametrize("where", [np.nan, np.inf])
def test_of_matrices_that_are_not_finite(where):
    """The matrices of a stack do not depend on one another."""
    stack = np.stack([A, A, POSITIVE])
    stack[1, 0, 2] = where
    for fun, expected in [
        (
            lambda a: linalg.solve_sylvester(a, a, np.zeros_like(a) + POSITIVE),
            spl.solve_sylvester(A, A, POSITIVE),
        ),
        (linalg.sqrtm, spl.sqrtm(A)),
    ]:
        for run in (fun, fg.jit(fun), fg.vmap(fun)):
            found = run(stack)
            assert_allclose(found[0], expected, rtol=1e-10)
            assert np.isnan(found[1]).all()
            assert np.isfinite(found[2]).all()


@pytest.mark.parametrize("integer", [np.int64, np.int32])
def test_choices_are_numbers_of_numpy_too(integer):
    found = linalg.solve_triangular(A, B, trans=integer(1))
    assert_allclose(found, spl.solve_triangular(A, B, trans=1))
    assert_allclose(linalg.polar(A, np.str_("left"))[1], spl.polar(A, "left")[1])
    with pytest.raises(ValueError, match="trans must be one of"):
        linalg.solve_triangular(A, B, trans=True)


def test_large_norms_and_no_numbers():
    np.testing.assert_allclose(linalg.expm([[-1e6]]), [[0]], atol=1e-300)
    np.testing.assert_allclose(linalg.expm([[300.0]]), np.exp([[300.0]]), rtol=1e-11)
    assert np.isnan(linalg.expm([[np.nan]])).all()
    assert linalg.expm(np.zeros((0, 0))).shape == (0, 0)
    assert np.isnan(linalg.sqrtm([[-1.0]])).all()
    np.testing.assert_allclose(linalg.sqrtm(np.array([[-1.0 + 0j]])), [[1j]])


WRONG = {
    "solve_triangular, trans": (
        lambda: linalg.solve_triangular(A, B, trans=3),
        ValueError,
        "trans",
    ),
    "solve_triangular, b": (lambda: linalg.solve_triangular(A, TALL), ValueError, r"\(3,\) or"),
    "solve, assume_a": (lambda: linalg.solve(A, B, assume_a="x"), ValueError, "assume_a must be"),
    "cholesky, a vector": (lambda: linalg.cholesky(V), ValueError, "needs"),
    "qr, mode": (lambda: linalg.qr(A, mode="raw"), ValueError, "mode must be one of 'full'"),
    "polar, side": (lambda: linalg.polar(A, side="up"), ValueError, "side must be one of"),
    "lu_solve, trans": (lambda: linalg.lu_solve(linalg.lu_factor(A), B, 5), ValueError, "trans"),
    "bands": (lambda: linalg.solve_banded((1, 2), BANDS[1:], B), ValueError, "make 4 rows"),
    "counts": (lambda: linalg.solve_banded(3, BANDS, B), TypeError, "l_and_u must be two"),
    "bands, b": (lambda: linalg.solveh_banded(BANDS, TALL), ValueError, "do not fit"),
    "expm, no square": (lambda: linalg.expm(TALL), ValueError, "square"),
    "sylvester": (lambda: linalg.solve_sylvester(A, A, B), ValueError, "do not fit a right"),
    "block_diag": (
        lambda: linalg.block_diag(np.ones((2, 1, 1)), np.ones((3, 1, 1))),
        ValueError,
        "block_diag: the leading axes of",
    ),
    "hilbert": (lambda: linalg.hilbert(-1), ValueError, "whole number"),
    "hadamard": (lambda: linalg.hadamard(3), ValueError, "power of 2"),
    "leslie": (lambda: linalg.leslie(V, V), ValueError, "n and n - 1"),
    "eigh, type": (lambda: linalg.eigh(A, A, type=4), ValueError, "type must be one of"),
    "eigh, driver": (lambda: linalg.eigh(A, driver="qr"), ValueError, "driver must be one of"),
    "eigh, values": (lambda: linalg.eigh(A, subset_by_value=(0, 1)), ValueError, "must be one of"),
    "polar, method": (lambda: linalg.polar(A, method="qr"), ValueError, "method must be one of"),
    "dft, dtype": (lambda: linalg.dft(3, dtype=float), TypeError, "complex"),
    "invpascal": (lambda: linalg.invpascal(3, "both"), ValueError, "kind must be one of"),
    "fiedler_companion": (lambda: linalg.fiedler_companion(2.0), ValueError, "vector"),
    "fiedler_companion, 0": (
        lambda: linalg.fiedler_companion(0 * V),
        ValueError,
        "highest power, not 0",
    ),
    "circulant": (lambda: linalg.solve_circulant(V, ROW), ValueError, "do not fit"),
    "circulant, singular": (
        lambda: linalg.solve_circulant(np.ones(3), V),
        np.linalg.LinAlgError,
        "singular",
    ),
    "leslie, stacks": (
        lambda: linalg.leslie(np.ones((2, 3)), np.ones((3, 2))),
        ValueError,
        "do not broadcast",
    ),
    "tridiagonal": (lambda: linalg.eigh_tridiagonal(V, V), ValueError, "n and n - 1"),
    "tridiagonal, select": (
        lambda: linalg.eigh_tridiagonal(V, V[:2], select="x"),
        ValueError,
        "select must be one of",
    ),
    "tridiagonal, none": (
        lambda: linalg.eigh_tridiagonal(V, V[:2], select="i"),
        ValueError,
        "select_range",
    ),
    "tridiagonal, range": (
        lambda: linalg.eigh_tridiagonal(V, V[:2], select="i", select_range=(1, 3)),
        ValueError,
        "no range",
    ),
    "qr_multiply": (lambda: linalg.qr_multiply(TALL, TALL), ValueError, "does not fit"),
    "qr_multiply, mode": (lambda: linalg.qr_multiply(A, A, "both"), ValueError, "mode must be one"),
    "rsf2csf": (lambda: linalg.rsf2csf(A, TALL @ WIDE), ValueError, "one shape"),
    "eigh, subset": (lambda: linalg.eigh(A, subset_by_index=(0, 3)), ValueError, "no range"),
    "not positive": (lambda: linalg.cho_factor(-POSITIVE), np.linalg.LinAlgError, "positive"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    call, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        call()


def test_polar_factors_at_equal_singular_values():
    """P is smooth there: for a = 1 + e the Hermitian part of it to first order."""
    e = np.array([[0.3, 0.9], [-0.2, 0.5]])
    for side in ("right", "left"):
        _, moved = fg.jvp(lambda a, s=side: linalg.polar(a, s)[1], (np.eye(2),), (e,))
        assert_allclose(moved, (e + e.T) / 2, atol=1e-12)
        _, moved = fg.jvp(lambda a, s=side: linalg.polar(a, s)[0], (np.eye(2),), (e,))
        assert_allclose(moved, (e - e.T) / 2, atol=1e-12)


def test_functions_of_matrices_at_equal_eigenvalues():
    slope = fg.grad(lambda a: np.sum(linalg.funm(a, np.exp)))(np.eye(2))
    assert_allclose(slope, np.full((2, 2), np.e))
    a, e = np.array([[1.0, 0.4], [-0.3, 0.8]]), np.array([[0.3, 0.9], [-0.2, 0.5]])

    def f(a, t):
        return linalg.funm(a, lambda z: np.exp(t * z))

    t = 0.7
    expected = spl.expm_frechet(t * a, t * e)[1]
    for jvp in (fg.jvp, fg.jit(fg.jvp, static_argnums=0)):
        assert_allclose(jvp(f, (a, t), (e, 0.0))[1], expected)
        assert_allclose(jvp(f, (a, t), (np.zeros((2, 2)), 1.0))[1], a @ spl.expm(t * a))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kind", ["diagonal", "tridiagonal"])
def test_structures_of_which_only_a_part_is_read(kind, transposed):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=(4, 2))
    bands = {"diagonal": 0, "tridiagonal": 1}[kind]
    part = np.triu(np.tril(a, bands), -bands)
    expected = np.linalg.solve(part.T if transposed else part, b)
    assert_allclose(linalg.solve(a, b, assume_a=kind, transposed=transposed), expected)
    slope = fg.jacrev(lambda a: linalg.solve(a, b[:, 0], assume_a=kind))(a)
    assert not np.any(slope[:, part == 0])


def test_exponentials_of_matrices_far_from_normal():
    """Powers say how often to halve: the norm would have it done 30 times, each doubling errors."""
    a = np.array([[1.0, 1e9], [0.0, -1.0]])
    cosh, sinh = np.cosh(1.0), np.sinh(1.0)
    assert_allclose(linalg.expm(a), cosh * np.eye(2) + sinh * a, rtol=1e-14)
    many = np.stack([50 * np.eye(2), 0.1 * np.eye(2), np.full((2, 2), np.nan)])
    assert_allclose(linalg.expm(many)[:2, 0, 0], np.exp([50.0, 0.1]), rtol=1e-14)


def test_constructors_at_their_edges():
    np.testing.assert_array_equal(linalg.hankel([1.0, np.inf]), spl.hankel([1.0, np.inf]))
    stack = linalg.toeplitz(np.arange(6.0).reshape(2, 3), np.arange(3.0))
    np.testing.assert_array_equal(stack[1], spl.toeplitz([3.0, 4.0, 5.0], [0.0, 1.0, 2.0]))
    with pytest.raises(ValueError, match="the highest power, not 0"):
        linalg.companion([0.0, 1.0, 2.0])
