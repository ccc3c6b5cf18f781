"""A jaxpr holds no value of another trace: what leaks from a body is refused where it is used."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.errors import EscapedTracerError

BODIES = {
    "scan": lambda f: lax.scan(lambda c, _: (f(c), None), 1.0, None, 1),
    "fori_loop": lambda f: lax.fori_loop(0, 1, lambda _, c: f(c), 1.0),
    "while_loop": lambda f: lax.while_loop(lambda c: c < 0, f, 1.0),
    "map": lambda f: lax.map(f, np.ones(2)),
    "jit": lambda f: fg.jit(f)(1.0),
    "checkpoint": lambda f: fg.checkpoint(f)(1.0),
    "grad": lambda f: fg.grad(f)(1.0),
    "vmap": lambda f: fg.vmap(f)(np.ones(2)),
    "jvp": lambda f: fg.jvp(f, (1.0,), (1.0,)),
}

USES = {
    "returned": lambda leaked, x: leaked,
    "added": lambda leaked, x: leaked + x,
    "a factor in a product": lambda leaked, x: np.dot(np.ones(2) * leaked, np.ones(2) * x),
    "sorted": lambda leaked, x: np.sort(np.ones(2) * leaked)[0] * x,
    "closed over": lambda leaked, x: lax.fori_loop(0, 1, lambda _, c: c * leaked, x),
}

AROUND = {
    "jit": lambda f: fg.jit(f)(2.0),
    "grad": lambda f: fg.grad(f)(2.0),
    "make_jaxpr": lambda f: fg.make_jaxpr(f)(2.0),
    "scan": lambda f: lax.scan(lambda c, _: (f(c), None), 2.0, None, 1),
    "vmap": lambda f: fg.vmap(f)(np.ones(2)),
    "jvp": lambda f: fg.jvp(f, (2.0,), (1.0,)),
    "vjp": lambda f: fg.vjp(f, 2.0),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("body", BODIES)
def test_leaks_are_refused(body, use, around):
    kept = []

    def outer(x):
        BODIES[body](lambda c: kept.append(c) or c * 1.0)
        return USES[use](kept[-1], x)

    with pytest.raises(EscapedTracerError) as info:
        AROUND[around](outer)
    assert len(str(info.value)) < 400
