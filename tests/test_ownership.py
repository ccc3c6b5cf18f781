"""Results are writeable and unshared; inputs are never written; buffers may be refilled."""

import gc
import threading
import weakref

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp

X = np.arange(6.0).reshape(2, 3) + 1

FUNCTIONS = {
    "identity": lambda x: x,
    "view": lambda x: (x.T, x[0], x.reshape(-1), x[::-1]),
    "twice": lambda x: (y := x * 2, y),
    "views of one": lambda x: ((y := x * 2).T, y[0]),
    "broadcast": lambda x: np.broadcast_to(x[0], (4, 3)),
    "constant": lambda x: (C, x + C),
    "sum": lambda x: (np.sum(x, 0), np.sum(x)),
    "parts": lambda x: np.split(x * 1.0, 3, axis=1),
    "scan": lambda x: lax.scan(lambda c, a: (c, c + a), x[0], x),
    "cond": lambda x: lax.cond(True, lambda x: x, lambda x: x * 2, x),
    "real": lambda x: (np.real(x), np.conj(x), np.real(x + 0j)),
}
C = np.ones((2, 3))

WRAPS = {
    "jit": lambda f: fg.jit(f),
    "vmap": lambda f: lambda x: fg.vmap(f)(np.stack([x, x])),
    "jvp": lambda f: lambda x: fg.jvp(f, (x,), (np.ones_like(x),)),
    "vjp": lambda f: lambda x: fg.vjp(f, x)[0],
    "pullback": lambda f: lambda x: pulled(f, x),
    "jit vmap": lambda f: lambda x: fg.jit(fg.vmap(f))(np.stack([x, x])),
    "jacfwd": lambda f: fg.jacfwd(f),
    "jacrev": lambda f: fg.jacrev(f),
    "linearize": lambda f: lambda x: fg.linearize(f, x)[1](np.ones_like(x)),
}


def pulled(f, x):
    out, pull = fg.vjp(f, x)
    return pull(fg.tree.map(lambda o: np.ones(np.shape(o), np.asarray(o).dtype), out))


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_are_writeable_and_unshared(name, wrap):
    x = X.copy()
    before = x.copy()
    outs = [o for o in fg.tree.leaves(WRAPS[wrap](FUNCTIONS[name])(x)) if np.ndim(o)]
    assert_array_equal(x, before)
    for i, o in enumerate(outs):
        if o is x or o is C:
            continue
        assert o.flags.writeable
        for other in (x, C, *outs[:i]):
            assert o is other or not np.shares_memory(o, other)
    assert not (wrap == "jit" and any(o is C for o in outs))


def test_an_output_that_is_an_input_is_that_object():
    assert fg.jit(lambda x: (x, x + 1))(X)[0] is X
    _, aux = fg.grad(lambda x: (np.sum(x), X), has_aux=True)(X.copy())
    assert aux is X


def test_jitted_calls_do_not_write_into_arguments_unless_donated():
    f = fg.jit(lambda w, g: w - 0.1 * g)
    big, g = np.ones((200, 100)), np.ones((200, 100))
    out = f(big, g)
    assert_array_equal(big, 1.0)
    assert_array_equal(g, 1.0)
    donated = fg.jit(lambda w, g: w - 0.1 * g, donate_argnums=0)
    again = donated(big, g)
    assert again is big or np.shares_memory(again, big)
    assert_allclose(again, out)


def test_donation_is_safe():
    f = fg.jit(lambda w, g: (w * 2, g + w), donate_argnums=0)
    w = np.ones((200, 100))
    assert_array_equal(f(w[:100], w[:100])[1], 2.0)
    assert_array_equal(w, 1.0)
    frozen = np.ones((200, 100))
    frozen.flags.writeable = False
    assert_array_equal(f(frozen, frozen)[0], 2.0)
    assert_array_equal(frozen, 1.0)


def test_small_buffers_may_be_refilled():
    """A loop that refills an index, a mask and a factor of up to 4 KiB."""
    x = np.array([1.0, 2.0, 3.0])

    def f(x):
        total = 0.0
        index, mask, factor = np.zeros(2, int), np.zeros(3, bool), np.zeros(3)
        for i in range(3):
            index[:] = i
            mask[:] = [j == i for j in range(3)]
            factor[:] = i + 1
            total = total + np.sum(x[index]) + np.sum(np.where(mask, x**2, 0)) + np.sum(x * factor)
        return total

    expected = 2 + 2 * x + 6
    assert_allclose(fg.grad(f)(x), expected)
    assert_allclose(fg.jit(fg.grad(f))(x), expected)
    assert_allclose(fg.vjp(f, x)[1](1.0)[0], expected)


def test_check_mutation_finds_overwritten_arrays():
    big = np.ones(1000)

    def f(x):
        y = np.sum(np.sin(x) * big)
        big[:] = 2.0
        return y

    with fg.debug.check_mutation(), pytest.raises(fg.errors.MutationError, match="test_ownership"):
        fg.grad(f)(np.ones(1000))
    big[:] = 1.0
    with fg.debug.check_mutation():
        fg.grad(lambda x: np.sum(np.sin(x) * big))(np.ones(1000))


@pytest.fixture
def collector_off():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Watched(np.ndarray):
    """An array that a weak reference can watch."""


def tracked(n=50_000):
    kept = []

    def f(x):
        for _ in range(3):
            y = np.sin(x)
            kept.append(weakref.ref(y._trace if hasattr(y, "_trace") else y))
            x = y
        return x

    return f, kept, np.ones(n)


@pytest.mark.usefixtures("collector_off")
class TestMemoryIsFreedWithoutTheCollector:
    def test_after_grad(self):
        f, kept, x = tracked()
        fg.grad(lambda x: np.sum(f(x)))(x)
        assert all(r() is None for r in kept)

    def test_after_an_exception(self):
        f, kept, x = tracked()

        def bad(x):
            f(x)
            raise KeyError

        for wrap in (fg.grad, fg.jit, fg.vmap, lambda g: lambda x: fg.jvp(g, (x,), (x,)),
                     lambda g: lambda x: fg.vjp(g, x), fg.checkpoint):  # fmt: skip
            try:
                wrap(bad)(x)
            except KeyError:
                pass
            assert all(r() is None for r in kept), wrap

    def test_after_a_pullback_is_dropped(self):
        f, kept, x = tracked()
        _, pull = fg.vjp(f, x)
        del pull
        assert all(r() is None for r in kept)

    def test_residuals_are_consumed_during_the_backward_pass(self):
        """Peak memory of grad is that of the forward pass plus a little."""
        import tracemalloc

        n = 100_000

        def f(x):
            for _ in range(20):
                x = np.sin(x)
            return np.sum(x)

        x = np.ones(n)
        fg.grad(f)(x)
        tracemalloc.start()
        fg.grad(f)(x)
        peak = tracemalloc.get_traced_memory()[1] / x.nbytes
        tracemalloc.stop()
        assert peak < 27


def test_threads_trace_at_once():
    errors = []

    def work(k):
        try:
            x = np.linspace(0.1, 1, 5) * k
            for _ in range(20):
                g = fg.jit(fg.grad(lambda x: np.sum(np.sin(x) ** 2)))(x)
                assert_allclose(g, np.sin(2 * x))
                h = fg.vmap(fg.grad(lambda v: lax.fori_loop(0, 3, lambda i, c: c * v, 1.0)))(x)
                assert_allclose(h, 3 * x**2)
                total = fg.vmap(lambda v: lax.psum(v, "i"), axis_name="i")(x)
                assert_allclose(total, x.sum())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 7)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors


def test_derivative_arithmetic_is_silent_and_values_warn():
    def f(x):
        return np.sum(np.sqrt(x))

    with np.errstate(all="raise"):
        assert np.isinf(fg.grad(f)(np.zeros(2))).all()
        assert np.isinf(fg.jvp(f, (np.zeros(1),), (np.ones(1),))[1])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        fg.grad(lambda x: np.log(x))(0.0)


def test_long_programs_need_no_recursion():
    def f(x):
        for _ in range(50_000):
            x = x + 1e-9 * x
        return x

    assert_allclose(fg.grad(f)(1.0), (1 + 1e-9) ** 50_000)


def test_at_leaves_arrays_alone():
    x = np.zeros(3)
    y = fnp.at(x)[1].set(5.0)
    assert_array_equal(x, 0)
    assert_array_equal(y, [0, 5, 0])
