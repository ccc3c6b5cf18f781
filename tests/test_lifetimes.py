"""Arrays die with the last reference to them: nothing needs the garbage collector."""

import gc
import weakref

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax

X = np.arange(5000.0) / 5000
OUT = fg.ShapeDtypeStruct((), float)


def custom_jvp(c):
    f = fg.custom_jvp(lambda x: np.sum(x * c))
    f.defjvp(lambda p, t: (np.sum(p[0] * c), np.sum(t[0] * c)))
    return f


def custom_vjp(c):
    f = fg.custom_vjp(lambda x: np.sum(x * c))
    f.defvjp(lambda x: (np.sum(x * c), x), lambda x, ct: (ct * c,))
    return f


def scan(c):
    return lambda x: lax.scan(lambda k, v: (k + v * np.sum(c), None), 0.0, x[:3])[0]


def loop(c):
    return lambda x: lax.while_loop(lambda k: k < 3, lambda k: k + x[1] + np.mean(c) + 1, 0.0)


def branch(c):
    return lambda x: lax.cond(x[0] > 0, lambda: np.sum(c * x), lambda: 0.0)


FUNCTIONS = {
    "sum": lambda c: lambda x: np.sum(x * c),
    "jit": lambda c: fg.jit(lambda x: np.sum(x * c)),
    "checkpoint": lambda c: fg.checkpoint(lambda x: np.sum(x * c)),
    "custom_jvp": custom_jvp,
    "custom_vjp": custom_vjp,
    "scan": scan,
    "while_loop": loop,
    "cond": branch,
    "naive formula": lambda c: lambda x: np.log(np.sum(np.exp(x * c))),
    "associative_scan": lambda c: lambda x: lax.associative_scan(lambda a, b: a + b, x * c)[-1],
    "linalg": lambda c: lambda x: np.linalg.slogdet(np.outer(x[:3], c[:3]) + np.eye(3))[1],
    "sort": lambda c: lambda x: np.sort(x * c)[3],
}

WRAPS = {
    "call": lambda f: f(X),
    "jit": lambda f: fg.jit(f)(X),
    "grad": lambda f: fg.grad(f)(X),
    "jit of grad": lambda f: fg.jit(fg.grad(f))(X),
    "grad of jit": lambda f: fg.grad(fg.jit(f))(X),
    "vmap": lambda f: fg.vmap(f)(X[None]),
    "vmap of grad": lambda f: fg.vmap(fg.grad(f))(X[None]),
    "vjp": lambda f: fg.vjp(f, X)[1](1.0),
    "make_jaxpr": lambda f: fg.make_jaxpr(f)(X),
    "hvp": lambda f: fg.hvp(lambda x: f(x) ** 2, (X,), (X,)),
    "eval_shape": lambda f: fg.eval_shape(f, X),
    "stabilize": lambda f: fg.stabilize(f)(X),
}


@pytest.fixture(autouse=True, scope="module")
def only_new_objects():
    """Let the collector look at what this file makes, not at the whole test suite each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def left_behind(run):
    """Whether an array made inside lives on, and how many objects only the collector frees."""
    array = X * 2
    alive = weakref.ref(array)
    gc.collect()
    gc.disable()
    try:
        run(array)
        del array
        return alive() is not None, gc.collect()
    finally:
        gc.enable()


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_constants_and_closures(function, wrap):
    def run(c):
        try:
            WRAPS[wrap](FUNCTIONS[function](c))
        except fg.errors.DifferentiationError:  # custom_vjp has no forward derivative
            assert (function, wrap) == ("custom_vjp", "hvp")

    left_behind(run)  # the first call fills tables of classes and operators
    if (function, wrap) == ("custom_vjp", "hvp"):
        return
    assert left_behind(run) == (False, 0)


@pytest.mark.parametrize("wrap", ["jit", "grad", "jit of grad", "vmap", "vjp", "make_jaxpr"])
def test_exceptions(wrap):
    def fail(c):
        def f(x):
            y = np.sum(x * c)
            raise KeyError(str(y.shape))

        with pytest.raises(KeyError):
            WRAPS[wrap](f)

    left_behind(fail)
    assert not left_behind(fail)[0]


def test_other_functions():
    def run(c):
        fg.jit(lambda x: fg.pure_callback(lambda x: np.sum(x * c), OUT, x))(X)
        fg.to_source(lambda x: np.sum(x * c))(X)
        fg.linear_transpose(lambda x: np.sum(x * c), X)(1.0)
        fg.linearize(lambda x: np.sum(x * c), X)[1](X)
        fg.closure_convert(lambda x: np.sum(x * c), X)
        fg.jvp(lambda x: np.sum(x * c), (X,), (X,))
        fg.jit(lambda x: x * c).lower(X).compile()(X)
        fg.debug.explain_nan(lambda x: np.sum(x * c))(X)

    left_behind(run)
    assert left_behind(run) == (False, 0)


def test_kept_programs_hold_few_constants(monkeypatch):
    from funcgrad.compiler import program

    monkeypatch.setattr(program, "MOST_BYTES", 1 << 20)
    seen = []
    for _ in range(20):
        c = np.random.default_rng(0).normal(size=20_000)
        seen.append(weakref.ref(c))
        fg.jit(lambda x, c=c: np.sum(fg.jit(lambda x: x * c)(x)))(c)
        loop = fg.grad(lambda x, c=c: lax.scan(lambda k, _: (k * np.mean(c), None), x, None, 2)[0])
        fg.vmap(loop)(X[:2])
        del c, loop
    assert not any(r() is not None for r in seen)
    assert program._bytes_held <= 1 << 20
