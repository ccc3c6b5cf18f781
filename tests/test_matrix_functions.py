"""Functions of a matrix by its eigenvalues or singular values have derivatives at equal values."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg

RNG = np.random.default_rng(7)
N = 4
WEIGHTS = RNG.normal(size=(N, N))
X = RNG.normal(size=N)
TURN = np.linalg.qr(RNG.normal(size=(N, N)))[0]


def symmetric(values):
    a = (TURN * np.array(values)) @ TURN.T
    return (a + a.T) / 2


def by_eigh(formula):
    return lambda a, t: np.sum(WEIGHTS * formula(*np.linalg.eigh(a), t))


OF_EIGENVALUES = {
    "exp": by_eigh(lambda w, v, t: (v * np.exp(t * w)) @ v.T),
    "diag": by_eigh(lambda w, v, t: v @ np.diag(np.sqrt(w) * t) @ v.conj().T),
    "einsum": by_eigh(lambda w, v, t: np.einsum("ij,j,kj->ik", v, 1 / (w + t), v)),
    "positive part": by_eigh(
        lambda w, v, t: v * np.maximum(w, 0.1 * t)[..., None, :] @ np.swapaxes(v, -1, -2)
    ),
    "on the right": by_eigh(lambda w, v, t: v @ (np.log(w)[:, None] * v.T) * t),
    "of a vector": by_eigh(lambda w, v, t: v @ (np.exp(t * w) * (v.T @ X))),
    "of a matrix": by_eigh(lambda w, v, t: (v * np.sin(w)) @ (v.T @ (t * WEIGHTS))),
    "from the left": by_eigh(lambda w, v, t: (X @ v * w**2) @ v.T),
    "inverse": by_eigh(lambda w, v, t: (v / w) @ v.T + t),
    "normalised": by_eigh(lambda w, v, t: (v * (w**t / np.sum(w))) @ v.T),
    "two factors": by_eigh(lambda w, v, t: (v * np.sqrt(w)) @ (v * np.cos(t * w)).T),
}
OF_SINGULAR_VALUES = {
    "the matrix": lambda u, s, vh, t: (u * s) @ vh * t,
    "tanh": lambda u, s, vh, t: (u * np.tanh(t * s)) @ vh,
    "diag": lambda u, s, vh, t: u @ np.diag(s**3 + t * s) @ vh,
    "transposed": lambda u, s, vh, t: (vh.T * np.sin(t * s)) @ u.T,
}
VALUES = {
    "equal": [1.0, 1.0, 2.0, 2.0],
    "close": [1.0, 1.0 + 1e-9, 2.0, 3.0],
    "apart": [0.5, 1.0, 2.0, 3.0],
}
MODES = {
    "grad": lambda f: fg.grad(f, (0, 1)),
    "jit": lambda f: fg.jit(fg.grad(f, (0, 1))),
    "of jit": lambda f: fg.grad(fg.jit(f), (0, 1)),
    "forward": lambda f: fg.jacfwd(f, (0, 1)),
    "vmap": lambda f: (
        lambda a, t: tuple(g[0] for g in fg.vmap(fg.grad(f, (0, 1)), in_axes=(0, None))(a[None], t))
    ),
}


def slope(f, h=1e-3):
    """The derivative at 0 by differences of order 6."""
    terms = zip((1, 2, 3), (45, -9, 1), strict=True)
    return sum(c * (f(k * h) - f(-k * h)) for k, c in terms) / (60 * h)


def check(f, mode, a, direction):
    t = 1.3
    ga, gt = MODES[mode](f)(a, t)
    assert_allclose(
        np.sum(ga * direction), slope(lambda h: f(a + h * direction, t)), rtol=1e-7, atol=1e-8
    )
    assert_allclose(gt, slope(lambda h: f(a, t + h)), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("name", OF_EIGENVALUES)
def test_functions_of_eigenvalues(name, values, mode):
    direction = np.random.default_rng(1).normal(size=(N, N))
    check(OF_EIGENVALUES[name], mode, symmetric(VALUES[values]), direction + direction.T)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(N, N), (N + 1, N), (N, N + 2)])
@pytest.mark.parametrize("name", OF_SINGULAR_VALUES)
def test_functions_of_singular_values(name, shape, mode):
    left = np.linalg.qr(RNG.normal(size=(shape[0], N)))[0]
    right = np.linalg.qr(RNG.normal(size=(shape[1], N)))[0]
    a = (left * [3.0, 3.0, 1.0, 1.0]) @ right.T

    def f(a, t):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        out = OF_SINGULAR_VALUES[name](u, s, vh, t)
        return np.sum(np.cos(np.arange(out.size).reshape(out.shape)) * out)

    check(f, mode, a, np.random.default_rng(1).normal(size=shape))


def test_the_matrix_itself():
    """The derivative of a decomposition put together again is the identity, at any values."""
    for a in (np.eye(3), np.zeros((3, 3)), np.ones((3, 3))):
        w = np.arange(9.0).reshape(3, 3)

        def of_svd(a, w=w):
            u, s, vh = np.linalg.svd(a)
            return np.sum(w * ((u * s) @ vh))

        def of_eigh(a, w=w):
            values, v = np.linalg.eigh(a)
            return np.sum(w * ((v * values) @ v.T))

        assert_allclose(fg.grad(of_svd)(a), w, atol=1e-12)
        assert_allclose(fg.grad(of_eigh)(a), (w + w.T) / 2, atol=1e-12)


@pytest.mark.parametrize("conjugate", [True, False])
def test_complex_matrices(conjugate):
    q = np.linalg.qr(RNG.normal(size=(N, N)) + 1j * RNG.normal(size=(N, N)))[0]
    a = (q * [1.0, 1.0, 1.0, 2.0]) @ q.conj().T
    direction = RNG.normal(size=(N, N)) + 1j * RNG.normal(size=(N, N))
    direction = direction + direction.conj().T

    def f(a):
        w, v = np.linalg.eigh(a)
        if conjugate:
            out = (v.conj() * np.exp(w)) @ v.T
        else:
            out = (v * np.exp(w)) @ v.conj().T
        return np.real(np.sum((WEIGHTS + 1j * WEIGHTS.T) * out))

    for jvp in (fg.jvp, fg.jit(lambda p, t: fg.jvp(f, p, t))):
        found = jvp(f, (a,), (direction,))[1] if jvp is fg.jvp else jvp((a,), (direction,))[1]
        assert_allclose(found, slope(lambda h: f(a + h * direction)), rtol=1e-7)


def test_stacks_of_matrices():
    a = np.stack([symmetric([1.0, 1.0, 2.0, 2.0]), symmetric([1.0, 2.0, 3.0, 4.0])])
    direction = RNG.normal(size=a.shape)
    direction = direction + np.swapaxes(direction, -1, -2)

    def f(a):
        w, v = np.linalg.eigh(a)
        return np.sum(WEIGHTS * ((v * np.exp(w)[:, None, :]) @ np.swapaxes(v, -1, -2)))

    for grad in (fg.grad(f), fg.jit(fg.grad(f))):
        assert_allclose(
            np.sum(grad(a) * direction), slope(lambda h: f(a + h * direction)), rtol=1e-7
        )


@pytest.mark.parametrize("name", [*OF_EIGENVALUES])
def test_second_derivatives_apart(name):
    """Where values differ, what replaces a formula has its derivatives of every order."""
    f, a = OF_EIGENVALUES[name], symmetric([0.5, 1.0, 2.0, 3.0])
    d = RNG.normal(size=(N, N))
    d = d + d.T

    def along(h):
        return f(a + h * d, 1.3)

    inner = fg.jit(fg.grad(along))
    assert_allclose(
        fg.jit(fg.grad(fg.grad(along)))(0.1), slope(lambda h: inner(0.1 + h)), rtol=1e-6, atol=1e-8
    )


def test_a_formula_that_is_not_known_warns():
    def f(a):
        w, v = np.linalg.eigh(a)
        scaled = v * np.exp(w)
        return np.sum(WEIGHTS * np.tensordot(np.abs(scaled), v.T, 1))

    with pytest.warns(RuntimeWarning, match="taken at equal values"):
        fg.grad(f)(np.eye(N))


def test_control_flow_on_values():
    """A function that cannot be staged is differentiated step by step, and is told about."""

    def f(a):
        w, v = np.linalg.eigh(a)
        if w[0] > 0:
            return np.sum(WEIGHTS * ((v * np.exp(w)) @ v.T))
        return 0.0

    with pytest.warns(RuntimeWarning, match="taken at equal values"):
        fg.grad(f)(np.eye(N))


def test_functions_of_the_values_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g = fg.grad(lambda a: np.sum(np.exp(np.linalg.eigh(a)[0])))(np.eye(N))
    assert_allclose(g, np.e * np.eye(N))


def test_formulas_are_named():
    found = fg.stabilize(lambda a: OF_EIGENVALUES["exp"](a, 1.0)).report(np.eye(N))
    assert "function of a matrix" in str(found)
