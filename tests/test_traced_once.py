"""Inside jit, a function is traced once per signature, however often it is used."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax

USES = {
    "jit": lambda g: fg.jit(g),
    "checkpoint": lambda g: fg.checkpoint(g),
    "jit in checkpoint": lambda g: fg.checkpoint(fg.jit(g)),
    "scan": lambda g: lambda x: lax.scan(g, x, np.arange(2.0))[0],
    "fori_loop": lambda g: lambda x: lax.fori_loop(0, 2, g, x),
    "fori_loop of unknown length": lambda g: lambda x: lax.fori_loop(0, (x > 0) + 1, g, x),
    "while_loop": lambda g: lambda x: lax.while_loop(lambda c: c < -3, g, x),
    "cond": lambda g: lambda x: lax.cond(x > 0, g, g, x),
    "map": lambda g: lambda x: np.sum(lax.map(g, x * np.ones(3))),
}


def counted(use, y=1.0):
    """A function that counts how often it is traced, as ``use`` calls it."""
    calls = []
    if use == "scan":
        return calls, lambda c, _: (calls.append(1) or np.sin(c) * y, None)
    if use.startswith("fori"):
        return calls, lambda _, c: calls.append(1) or np.sin(c) * y
    return calls, lambda x: calls.append(1) or np.sin(x) * y


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "wrap", [lambda f: f, fg.grad, lambda f: fg.grad(fg.grad(f)), lambda f: fg.jacfwd(f)]
)
def test_two_uses_trace_once(use, wrap):
    calls, g = counted(use)
    f = USES[use](g)
    fg.jit(wrap(lambda x: f(x) + f(2 * x)))(1.0)
    assert len(calls) == 1


@pytest.mark.parametrize("use", USES)
def test_with_a_traced_value_closed_over(use):
    calls = []

    def outer(x, y):
        nonlocal calls
        calls, g = counted(use, y)
        f = USES[use](g)
        return f(x) + f(2 * x)

    value = fg.jit(outer)(1.0, 3.0)
    assert len(calls) == 1
    assert_allclose(value, outer(1.0, 3.0))
    assert_allclose(fg.jit(fg.grad(outer, 1))(1.0, 3.0), fg.grad(outer, 1)(1.0, 3.0))


@pytest.mark.parametrize("use", ["jit", "checkpoint", "scan", "fori_loop", "while_loop", "cond"])
@pytest.mark.parametrize("kind", ["number", "array", "traced", "in a list", "attribute", "buffer"])
def test_what_changed_in_between_is_seen(use, kind):
    class Holder:
        k: Any

    def outer(x):
        holder = Holder()
        buffer = np.ones(1)
        k = 1.0
        ks = [1.0]
        holder.k = 1.0

        def value(c):
            return {
                "in a list": lambda: c * ks[0],
                "attribute": lambda: c * holder.k,
                "buffer": lambda: c * buffer[0],
            }.get(kind, lambda: c * k)()

        def body(*args):
            if use == "scan":
                return value(args[0]), None
            return value(args[-1])

        def run(x):
            if use == "while_loop":
                start = (x, 0)
                return lax.while_loop(lambda c: c[1] < 1, lambda c: (value(c[0]), c[1] + 1), start)[
                    0
                ]
            return {
                "jit": lambda: fg.jit(body)(x),
                "checkpoint": lambda: fg.checkpoint(body)(x),
                "scan": lambda: lax.scan(body, x, None, length=1)[0],
                "fori_loop": lambda: lax.fori_loop(0, 1, body, x),
                "cond": lambda: lax.cond(x > 0, body, body, x),
            }[use]()

        first = run(x)
        k = {"array": np.float64(2.0), "traced": x * 2.0 / x}.get(kind, 2.0)
        ks[0] = holder.k = 2.0
        buffer[0] = 2.0
        return first, run(x)

    assert_allclose(fg.jit(outer)(3.0), (3.0, 6.0))
