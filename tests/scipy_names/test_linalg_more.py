"""funcgrad.scipy.linalg: logarithms and powers, trigonometry, Lyapunov's equations, fits, eig."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg as spl
from numpy.testing import assert_allclose
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import linalg

RNG = np.random.default_rng(5)
A = RNG.normal(size=(3, 3)) * 0.5 + 2 * np.eye(3)
Q = RNG.normal(size=(3, 3))
B = RNG.normal(size=(3, 2))
TALL = RNG.normal(size=(5, 3))
TABLE: dict[str, list[tuple[Any, Any, Call]]] = {}


def entry(name: str, *args: Any, through: Any = None, **options: Any) -> None:
    """A call; ``through`` makes of a module the function that is called."""
    options = {"dtypes": "dD", "rtol": 1e-9, **options}
    through = through or (lambda module: getattr(module, name))
    TABLE.setdefault(name, []).append((through(linalg), through(spl), Call(args, **options)))


def symmetric(a: Any) -> Any:
    return (a + np.conj(np.swapaxes(a, -1, -2))) / 2


def of_its_kind(x: Any, a: Any) -> Any:
    """SciPy's power of a real matrix may have an imaginary part of rounding."""
    return x.real if x.dtype.kind == "c" and a.dtype.kind == "f" else x


entry("logm", A[:2, :2])
for _t in (0.5, 3, -2, 0):
    entry("fractional_matrix_power", A[:2, :2], dtypes="d", through=lambda m, t=_t: lambda a: (
        of_its_kind(m.fractional_matrix_power(a, t), a)))  # fmt: skip
entry("signm", A @ np.diag([1, -1.5, 2]) @ np.linalg.inv(A))
for _name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm"):
    entry(_name, A * 0.4)
entry("solve_continuous_lyapunov", A, Q)
for _method in (None, "direct", "bilinear"):
    entry("solve_discrete_lyapunov", A * 0.2, Q, kwargs={"method": _method})
entry("norm", TALL, dtypes="df")
entry("norm", TALL, dtypes="df", kwargs={"ord": 1, "axis": 0, "keepdims": True})
entry("pinv", TALL)
entry("pinv", TALL, dtypes="d", kwargs={"atol": 1e-3, "rtol": 1e-5, "return_rank": True})
entry("pinvh", A, through=lambda m: lambda a: m.pinvh(symmetric(a)))
entry("pinvh", A, dtypes="d",
      through=lambda m: lambda a: m.pinvh(symmetric(a), lower=False, atol=0.1))  # fmt: skip
entry("lstsq", TALL, RNG.normal(size=5), dtypes="d")
entry("lstsq", TALL, RNG.normal(size=(5, 2)), dtypes="d", kwargs={"cond": 1e-6})
entry("orthogonal_procrustes", TALL, RNG.normal(size=(5, 3)))
entry("khatri_rao", TALL, Q)
entry("eigvals", A, through=lambda m: lambda a: np.sum(m.eigvals(a) ** 3))
entry("eigvals", A, Q, through=lambda m: lambda a, b: np.sum(m.eigvals(a, b) ** 2))
entry("eig", A, through=lambda m: lambda a: (lambda w, v: (v * w**2) @ np.linalg.inv(v))(*m.eig(a)))


@pytest.mark.parametrize(
    ("name", "i", "dtype"),
    [(n, i, d) for n, calls in TABLE.items() for i, c in enumerate(calls) for d in c[2].dtypes],
)
def test_call(name: str, i: int, dtype: str) -> None:
    fun, reference, case = TABLE[name][i]
    check_function(fun, reference, case, dtype)


@pytest.mark.parametrize("given", [(A,), (A, Q)])
def test_left_and_right_eigenvectors(given: tuple[Any, ...]) -> None:
    w, left, right = linalg.eig(*given, left=True)
    b = given[1] if len(given) > 1 else np.eye(3)
    assert_allclose(A @ right, b @ right * w, atol=1e-12)
    assert_allclose(left.conj().T @ A, w[:, None] * (left.conj().T @ b), atol=1e-12)
    assert_allclose(np.linalg.norm(left, axis=0), 1)
    assert_allclose(np.sort_complex(w), np.sort_complex(spl.eigvals(*given)))
    assert w.dtype == linalg.eig(np.eye(2), right=False).dtype == complex


@pytest.mark.parametrize("size", [1e-200, 1e-9, 1.0, 1e9, 1e200])
def test_directions_of_any_size(size: float) -> None:
    """A direction is as large as the matrix where the block is made."""
    direction = Q * size
    log = fg.jvp(linalg.logm, (A,), (direction,))[1] / size
    exp = linalg.expm_frechet(A, direction)[1] / size
    back = linalg.expm_frechet(linalg.logm(A), log)[1]
    assert_allclose(back, Q, rtol=1e-11, atol=1e-12)
    assert_allclose(exp, spl.expm_frechet(A, Q)[1], rtol=1e-12, atol=1e-13)
    assert_allclose(fg.jvp(linalg.logm, (A,), (0 * Q,))[1], 0)


def test_against_many_digits() -> None:
    with mpmath.workdps(40):
        exact = np.array(mpmath.logm(mpmath.matrix(A.tolist())).tolist(), dtype=complex)
        cosine = np.array(mpmath.cosm(mpmath.matrix(A.tolist())).tolist(), dtype=complex)
    assert_allclose(linalg.logm(A), exact.real, rtol=1e-13, atol=1e-14)
    assert_allclose(linalg.cosm(A), cosine.real, rtol=1e-13, atol=1e-14)


def test_second_derivatives() -> None:
    """By rules against each other: a logarithm takes milliseconds."""
    a, t, u = A[:2, :2], Q[:2, :2], Q[1:, 1:]

    def second(f: Any) -> Any:
        return fg.jvp(lambda x: fg.jvp(f, (x,), (t,))[1], (a,), (u,))[1]

    log, exp = second(linalg.logm), fg.hessian(lambda x: np.sum(linalg.logm(x) * u))(a)
    assert_allclose(np.einsum("ijkl,ij,kl", exp, t, u), np.sum(log * u), rtol=1e-9)
    zero = second(lambda x: linalg.expm(linalg.logm(x)))
    assert_allclose(zero, 0, atol=1e-12)
    fg.testing.check_grads(linalg.signm, (a,), order=2, directions=1)
    power = lambda t: linalg.fractional_matrix_power(a, t)  # noqa: E731
    slopes = [fg.jvp(power, (0.7 + h,), (1.0,))[1] for h in (-1e-5, 1e-5)]
    curve = fg.jvp(lambda x: fg.jvp(power, (x,), (1.0,))[1], (0.7,), (1.0,))[1]
    assert_allclose(curve, (slopes[1] - slopes[0]) / 2e-5, atol=1e-8)


def test_of_matrices_that_have_none() -> None:
    """A real result does not exist: NaN, and in complex numbers it does."""
    turned = np.diag([-1.0, 2.0])
    for fun in (linalg.logm, lambda a: linalg.fractional_matrix_power(a, 0.5)):
        stack = np.stack([turned, np.eye(2), np.full((2, 2), np.inf)])
        found = fun(stack)
        assert np.isnan(found[[0, 2]]).all()
        assert np.isfinite(found[1]).all()
        assert np.isfinite(fun(turned + 0j)).all()
    assert linalg.logm(np.zeros((0, 0))).shape == (0, 0)
    assert_allclose(linalg.fractional_matrix_power(turned, 3), turned**3)


def test_large_lyapunov_equations_are_not_made_one_system() -> None:
    a = RNG.normal(size=(12, 12)) / 8
    q = RNG.normal(size=(12, 12))
    x = linalg.solve_discrete_lyapunov(a, q)
    assert_allclose(a @ x @ a.T - x + q, 0, atol=1e-11)
    x = linalg.solve_continuous_lyapunov(np.stack([a, 2 * a]), np.stack([q, q]))
    assert_allclose(2 * a @ x[1] + x[1] @ (2 * a.T), q, atol=1e-11)


WRONG = {
    "logm": (lambda: linalg.logm(B), "square"),
    "power": (lambda: linalg.fractional_matrix_power(A, [0.5, 1.0]), "one number t"),
    "continuous": (lambda: linalg.solve_continuous_lyapunov(A, B), "of one size"),
    "discrete": (lambda: linalg.solve_discrete_lyapunov(A, Q, "both"), "method must be one of"),
    "procrustes": (lambda: linalg.orthogonal_procrustes(A, B), "of one shape"),
    "khatri_rao": (lambda: linalg.khatri_rao(A, B), "equally many columns"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(name: str) -> None:
    call, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        call()
