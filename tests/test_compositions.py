"""Long compositions of operators and transformations, against finite differences to order two."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp
from funcgrad.testing import check_grads

RNG = np.random.default_rng(0)
A = RNG.standard_normal((4, 3))
B = RNG.standard_normal((3, 3))
Z = RNG.standard_normal(3) + 1j * RNG.standard_normal(3)
IMAGES = RNG.standard_normal((2, 5, 6, 2))
KERNELS = RNG.standard_normal((3, 3, 2, 2))


def recurrent(a):
    def step(c, x):
        c = np.tanh(c @ B + x)
        return c, (c, c.sum())

    last, (rows, sums) = lax.scan(step, a[0] * 0, a)
    return np.sum(rows * sums[:, None]) + last.sum()


def gradient_inside_a_loop(a):
    def step(c, x):
        return c + 0.1 * fg.grad(lambda q: np.sin(q @ x))(c), None

    return lax.scan(step, a[0], a)[0].sum()


def branches_over_a_batch(a):
    def choose(q, w):
        return lax.cond(q > 0, np.sin, lambda t: t * w, q)

    return lax.scan(lambda c, x: (fg.vmap(choose)(c, x), c), a[0], a)[1].sum()


def convolutional(k):
    y = lax.conv_general_dilated(
        IMAGES, k, (2, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return np.sum(lax.max_pool(np.tanh(y), (2, 2)) ** 2) + np.mean(lax.avg_pool(y, (2, 2)) ** 2)


def decompositions(b):
    s = b @ b.T + np.eye(3)
    return (
        np.linalg.slogdet(s)[1]
        + np.linalg.inv(s).sum()
        + np.sum(np.linalg.cholesky(s) ** 3)
        + np.sum(np.linalg.eigvalsh(s) ** 2)
        + np.sum(np.linalg.svd(b, compute_uv=False))
        + np.sum(np.linalg.solve(s, b) ** 2)
    )


def updates(a):
    y = fnp.at(a)[1:3, 0].mul(a[0, :2])
    y = fnp.at(y)[np.array([0, 0, 2])].add(a[:3])
    return np.sum(np.sin(fnp.at(y)[..., -1].set(a[:, 0] ** 2)))


PROGRAMS = {
    "recurrent network": (recurrent, A),
    "gradient inside a loop": (gradient_inside_a_loop, A),
    "branches over a batch": (branches_over_a_batch, A),
    "convolutions and pooling": (convolutional, KERNELS),
    "decompositions": (decompositions, B),
    "updates": (updates, A),
    "einsum": (lambda a: np.einsum("ij,kj,kl->", a, a, np.sin(a)), A),
    "order statistics": (
        lambda a: np.sum(np.sort(a, 0) * np.arange(12.0).reshape(4, 3)) + np.median(a) * a.max(),
        A,
    ),
    "checkpoint in a scan": (
        lambda a: lax.scan(fg.checkpoint(lambda c, x: (np.sin(c * x), c.sum())), a[0], a)[1].sum(),
        A,
    ),
    "jit of vmap of grad": (
        lambda a: np.sum(fg.jit(fg.vmap(fg.grad(lambda r: np.prod(np.cos(r)))))(a) ** 2),
        A,
    ),
    "collectives": (
        lambda a: np.sum(fg.vmap(lambda r: np.tanh(r) * lax.pmean(r, "i"), axis_name="i")(a)),
        A,
    ),
    "pytree": (
        lambda p: np.sum(p["a"] @ p["b"][0]) * p["b"][1],
        {"a": A, "b": (B, 2.0)},
    ),
    "complex loop": (
        lambda z: np.real(lax.scan(lambda c, x: (c * x * (1 + 2j), c), z[0], z)[0]),
        Z,
    ),
    "special functions": (lambda a: np.sum(lax.erf(a) * lax.logistic(a) + lax.lgamma(a**2 + 1)), A),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_against_finite_differences(name, jit):
    f, x = PROGRAMS[name]
    check_grads(fg.jit(f) if jit else f, (x,), order=2)


@pytest.mark.slow
def test_long_programs_compile():
    def f(x):
        for _ in range(10_000):
            x = np.sin(x) * 0.9
        return np.sum(x)

    x = np.array([0.1, 0.2, 0.3])
    assert len(fg.make_jaxpr(f)(x).eqns) == 20_001
    np.testing.assert_array_equal(fg.jit(f)(x), f(x))
