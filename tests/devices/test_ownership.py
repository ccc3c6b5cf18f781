"""Results on a device share memory with nothing, and arguments are written only if donated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices.placing import share_memory, upload
from nn.test_layers import KEY, LAYERS, made
from optim.table import OPTIMIZERS, loss, params_of

import funcgrad as fg
from funcgrad import lax, optim

X = np.arange(6.0).reshape(2, 3) + 1

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "view": lambda x: (x.T, x[0], x.reshape(-1), x[::-1]),
    "twice": lambda x: (y := x * 2, y),
    "views of one": lambda x: ((y := x * 2).T, y[0]),
    "broadcast": lambda x: np.broadcast_to(x[0], (4, 3)),
    "linear": lambda x: 3.0 * x,
    "sum of views": lambda x: x + x[::-1],
    "squeezed": lambda x: np.squeeze(x[None], 0),
    "sum": lambda x: (np.sum(x, 0), np.sum(x)),
    "parts": lambda x: np.split(x * 1.0, 3, axis=1),
    "concatenated": lambda x: np.concatenate([x, x[:1]]),
    "scan": lambda x: lax.scan(lambda c, a: (c, c + a), x[0], x),
    "cond": lambda x: lax.cond(np.sum(x) > 0, lambda x: x, lambda x: x * 2, x),
    "while": lambda x: lax.while_loop(lambda c: np.sum(c) < 0, lambda c: c * 2, x),
    "real": lambda x: (np.real(x), np.conj(x), np.real(x + 0j)),
    "astype": lambda x: x.astype(x.dtype),
}


def pulled(f: Callable[[Any], Any], x: Any) -> Any:
    out, pull = fg.vjp(f, x)
    return pull(fg.tree.map(np.ones_like, out))


def linearized(f: Callable[[Any], Any], x: Any) -> Any:
    return fg.linearize(f, x)[1](np.ones_like(x))


WRAPS: dict[str, Callable[..., Any]] = {
    "jit": lambda f: fg.jit(f),
    "vmap": lambda f: lambda x: fg.vmap(f)(np.stack([x, x])),
    "jvp": lambda f: lambda x: fg.jvp(f, (x,), (np.ones_like(x),)),
    "vjp": lambda f: lambda x: fg.vjp(f, x)[0],
    "pullback": lambda f: lambda x: pulled(f, x),
    "jit pullback": lambda f: fg.jit(lambda x: pulled(f, x)),
    "jit vmap": lambda f: lambda x: fg.jit(fg.vmap(f))(np.stack([x, x])),
    "jacfwd": lambda f: fg.jacfwd(f),
    "jacrev": lambda f: fg.jacrev(f),
    "linearize": lambda f: lambda x: linearized(f, x),
}


def assert_unshared(outs: Any, others: Any) -> None:
    """Arrays of a result, beside each other and arguments; the same object may come twice."""
    arrays = fg.tree.leaves(outs)
    for i, o in enumerate(arrays):
        for other in (*others, *arrays[:i]):
            assert o is other or not share_memory(o, other)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_are_unshared(xp: Any, name: str, wrap: str) -> None:
    x = upload(xp, X)
    outs = WRAPS[wrap](FUNCTIONS[name])(x)
    np.testing.assert_array_equal(x.get(), X)
    assert_unshared(outs, (x,))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_do_not_alias_cotangents(xp: Any, name: str) -> None:
    out, pull = fg.vjp(FUNCTIONS[name], upload(xp, X))
    cts = fg.tree.map(lambda o: xp.asarray(np.random.default_rng(0).standard_normal(o.shape)), out)
    before = [c.get() for c in fg.tree.leaves(cts)]
    grads = pull(cts)
    assert_unshared(grads, fg.tree.leaves(cts))
    given = set(map(id, fg.tree.leaves(cts)))  # what comes back as the object that was given
    for g in fg.tree.leaves(grads):
        if id(g) not in given:
            g[...] = 77.0
    for c, b in zip(fg.tree.leaves(cts), before, strict=True):
        np.testing.assert_array_equal(c.get(), b)
    again = fg.tree.leaves(pull(cts))
    assert not any((g.get() == 77.0).any() for g in again)


def test_tangents_are_not_aliased(xp: Any) -> None:
    x, t = upload(xp, X), upload(xp, X + 1)
    for f in (lambda x: x, lambda x: x.T, lambda x: x[0]):
        out = fg.jvp(f, (x,), (t,))[1]
        assert out is t or not share_memory(out, t)


@pytest.mark.parametrize("transformed", [fg.jit, lambda f: fg.jit(fg.grad(f)), fg.vmap])
def test_captured_constants_are_as_they_were(xp: Any, transformed: Any) -> None:
    """What a jitted function closes over is a constant; writing into it changes nothing."""
    c, x = upload(xp, np.ones(3)), upload(xp, np.arange(3.0))
    f = fg.jit(transformed(lambda x: np.sum(x * c)) if transformed is not fg.vmap
               else fg.vmap(lambda x: x * np.sum(c)))  # fmt: skip
    before = f(x).get()
    c[...] = 5.0
    np.testing.assert_array_equal(f(x).get(), before)


def test_a_constant_that_is_returned_is_a_copy(xp: Any) -> None:
    c = upload(xp, np.ones(3))
    out = fg.jit(lambda x: (x + 1, c))(c)[1]
    assert not share_memory(out, c)


def test_calls_do_not_write_into_arguments_unless_donated(xp: Any) -> None:
    w, g = (upload(xp, np.ones((200, 100))) for _ in range(2))
    out = fg.jit(lambda w, g: w - 0.1 * g)(w, g)
    for x in (w, g):
        assert (x.get() == 1.0).all()
    donated = fg.jit(lambda w, g: w - 0.1 * g, donate_argnums=0)
    again = donated(w, g)
    assert (again.get() == out.get()).all()
    assert (g.get() == 1.0).all()


def test_a_donated_view_does_not_overwrite_its_base(xp: Any) -> None:
    f = fg.jit(lambda w, g: (w * 2, g + w), donate_argnums=0)
    base, g = upload(xp, np.ones((200, 100))), upload(xp, np.ones((100, 100)))
    assert (f(base[:100], g)[1].get() == 2.0).all()
    assert (base.get() == 1.0).all()


def test_an_array_that_is_donated_and_used_is_right(xp: Any) -> None:
    f = fg.jit(lambda w, g: (w * 2, g + w, g * w), donate_argnums=0)
    w = upload(xp, np.full((200, 100), 3.0))
    doubled, added, product = f(w, w)
    for out, number in ((doubled, 6.0), (added, 6.0), (product, 9.0)):
        assert (out.get() == number).all()
    assert_unshared((doubled, added, product), ())


def test_small_buffers_may_be_refilled(xp: Any) -> None:
    """A loop that refills an index, a mask and a factor of up to 4 KiB."""
    x = upload(xp, np.array([1.0, 2.0, 3.0]))

    def f(x: Any) -> Any:
        total = 0.0
        index, mask, factor = xp.zeros(2, int), xp.zeros(3, bool), xp.zeros(3)
        for i in range(3):
            index[:] = i
            mask[:] = xp.arange(3) == i
            factor[:] = i + 1
            total = total + np.sum(x[index]) + np.sum(np.where(mask, x**2, 0)) + np.sum(x * factor)
        return total

    expected = 2 + 2 * x.get() + 6
    for run in (fg.grad(f), fg.jit(fg.grad(f)), lambda x: fg.vjp(f, x)[1](xp.ones(()))[0]):
        np.testing.assert_allclose(fg.device_get(run(x)), expected)


def test_large_arrays_that_change_are_found(xp: Any) -> None:
    x, table = xp.ones(3), xp.ones((1000, 3))
    with fg.debug.check_mutation():
        _, pull = fg.vjp(lambda x: np.sum(x * table), x)
        table[...] = 2.0
        with pytest.raises(fg.errors.MutationError):
            pull(xp.ones(()))


@pytest.mark.parametrize("name", LAYERS)
def test_layers_give_arrays_of_their_own(xp: Any, name: str) -> None:
    layer, _, params, state, x = made(name)
    args = upload(xp, (params, state, x, KEY))

    @fg.jit
    def run(params: Any, state: Any, x: Any, key: Any) -> Any:
        total = lambda p, x: np.sum(np.sin(layer.apply(p, state, x, key=key, train=True)[0]))  # noqa: E731
        return fg.grad(total, argnums=(0, 1))(params, x)

    assert_unshared(run(*args), fg.tree.leaves(args))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_give_arrays_of_their_own(xp: Any, name: str) -> None:
    tx, params = OPTIMIZERS[name], upload(xp, params_of(np.float64))
    state = tx.init(params)

    @fg.jit
    def step(params: Any, state: Any) -> Any:
        updates, state = tx.update(fg.grad(loss)(params), state, params)
        return optim.apply_updates(params, updates), state

    values = [leaf.get() for leaf in fg.tree.leaves(params)]
    new = step(params, state)
    for o in fg.tree.leaves(new):
        assert not any(share_memory(o, a) and o is not a for a in fg.tree.leaves((params, state)))
    for leaf, before in zip(fg.tree.leaves(params), values, strict=True):
        np.testing.assert_array_equal(leaf.get(), before)
