"""Every operator, and what is built on them, on each array module that works on this machine."""

import laws
import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import arrays, lax, random
from funcgrad.core.primitive import REGISTRY

MODULES = [
    pytest.param(xp, marks=() if xp is np else pytest.mark.gpu, id=xp.__name__)
    for xp in arrays.usable_modules()
]
CASES = laws.all_cases()


def upload(xp, x):
    return xp.asarray(x) if isinstance(x, np.ndarray | np.generic) else x


def close(a, b):
    b = np.asarray(b)
    rtol = 1e-4 if b.dtype.itemsize <= 4 or b.dtype == np.complex64 else 1e-9
    assert_allclose(fg.device_get(a), b, rtol=rtol, atol=rtol)


@pytest.fixture(params=MODULES)
def xp(request):
    return request.param


@pytest.mark.parametrize(("name", "i"), CASES)
def test_operators(xp, name, i):
    prim = REGISTRY[name]
    case = laws.cases_of(prim)[i]
    expected = laws.as_tuple(prim, prim(*case.args, **case.params))
    args = [upload(xp, a) for a in case.args]
    for run in (prim, fg.jit(lambda *a: prim(*a, **case.params))):
        out = laws.as_tuple(prim, run(*args, **(case.params if run is prim else {})))
        for a, b in zip(out, expected, strict=True):
            assert xp is np or arrays.is_gpu_array(a)
            close(a, b)


def loss(params, x):
    h = np.maximum(x @ params["w"] + params["b"], 0.0)
    h = lax.scan(lambda c, a: (np.tanh(c + a), c), h[0], h)[1]
    return np.sum(np.where(h > 0.1, np.sqrt(h + 1.0), h) ** 2) + np.linalg.norm(params["b"])


@pytest.mark.parametrize("wrap", ["eager", "jit", "vmap", "hvp"])
def test_derivatives(xp, wrap):
    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((3, 4)), "b": rng.standard_normal(4)}
    x = rng.standard_normal((5, 3))
    run = {
        "eager": fg.grad(loss),
        "jit": fg.jit(fg.grad(loss)),
        "vmap": lambda p, x: fg.vmap(lambda r: fg.grad(loss)(p, r[None]))(x),
        "hvp": lambda p, x: fg.jvp(lambda p: fg.grad(loss)(p, x), (p,), (p,))[1],
    }[wrap]
    expected = run(params, x)
    found = run(fg.tree.map(lambda a: upload(xp, a), params), upload(xp, x))
    for a, b in zip(fg.tree.leaves(found), fg.tree.leaves(expected), strict=True):
        close(a, b)


def test_arrays_of_the_cpu_are_uploaded(xp):
    c = np.arange(3.0)
    x = upload(xp, np.ones(3))
    for run in (lambda x: np.sum(x * c + c), fg.jit(lambda x: np.sum(x * c + c))):
        close(fg.grad(run)(x), c)


def test_random(xp):
    key = upload(xp, random.key(3))
    for draw in (random.normal, random.uniform, random.bits):
        close(draw(key, (5,)), draw(random.key(3), (5,)))
    close(fg.vmap(lambda k: random.normal(k, (2,)))(random.split(key, 3)),
          fg.vmap(lambda k: random.normal(k, (2,)))(random.split(random.key(3), 3)))  # fmt: skip
