"""What comes into vmap can be indexed by traced indices, whatever its axis."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax

TABLE = np.arange(12.0).reshape(4, 3) ** 2
INDEX = np.array([1, 3])

USES = {
    "row": lambda i, t: t[i],
    "element": lambda i, t: t[i, 1] + t[0, i - 1],
    "of what is computed from it": lambda i, t: (np.sin(t) * 2)[i].T,
    "in a dict": lambda i, t: {"t": t}["t"][i],
    "shape, len, float, conditions": lambda i, t: (
        t[i] * len(t) * float(t[0, 1]) * t.shape[1] if t[1, 1] > 0 else t[i]
    ),
    "rows": lambda i, t: sum(row for row in t) * i,
    "functions of values": lambda i, t: np.histogram(t)[0][i] + np.asarray(t).sum(),
    "loop": lambda i, t: lax.fori_loop(0, 2, lambda k, c: c + t[i] * k, np.zeros(3)),
    "branch": lambda i, t: lax.cond(i > 2, lambda: t[i], lambda: t[i] * 2),
    "slope": lambda i, t: fg.grad(lambda x: np.sum(t[i] * x) ** 2)(2.0),
    "inner vmap": lambda i, t: fg.vmap(lambda a, t: t[i] * a, in_axes=(0, None))(np.ones(2), t),
    "jit": lambda i, t: fg.jit(lambda t, i: t[i])(t, i),
}


@pytest.mark.parametrize("use", USES)
def test_against_a_loop(use):
    f = USES[use]
    expected = [f(i, TABLE) for i in INDEX]
    assert_allclose(fg.vmap(f, in_axes=(0, None))(INDEX, TABLE), expected)
    assert_allclose(fg.vmap(lambda i, p: f(i, p["t"]), (0, None))(INDEX, {"t": TABLE}), expected)
    if use not in ("shape, len, float, conditions", "functions of values"):
        assert_allclose(fg.jit(fg.vmap(f, in_axes=(0, None)))(INDEX, TABLE), expected)


@pytest.mark.parametrize("use", [u for u in USES if u not in ("functions of values",)])
def test_derivatives(use):
    def f(t):
        if use == "shape, len, float, conditions":
            return np.sum(fg.vmap(lambda i, t: t[i] * len(t), in_axes=(0, None))(INDEX, t))
        return np.sum(fg.vmap(USES[use], in_axes=(0, None))(INDEX, t))

    def loop(t):
        if use == "shape, len, float, conditions":
            return sum(np.sum(t[i] * len(t)) for i in INDEX)
        return sum(np.sum(USES[use](i, t)) for i in INDEX)

    assert_allclose(fg.grad(f)(TABLE), fg.grad(loop)(TABLE))


def test_outputs_that_do_not_depend_on_the_example():
    same = fg.vmap(lambda i, t: (t, t * 2), in_axes=(0, None), out_axes=None)(INDEX, TABLE)
    assert same[0] is TABLE
    assert_allclose(same[1], 2 * TABLE)
    assert type(same[1]) is np.ndarray
    assert fg.vmap(lambda i, t: t, in_axes=(0, None))(INDEX, TABLE).shape == (2, 4, 3)
    total = fg.vmap(lambda x, t: lax.psum(t, "i") + x, (0, None), axis_name="i")
    assert_allclose(total(INDEX, np.ones(2)), 2 + INDEX[:, None] * np.ones(2))


BODIES = {
    "vmap": lambda f: fg.vmap(f)(INDEX),
    "jit": lambda f: fg.jit(f)(1),
    "scan": lambda f: lax.scan(lambda c, i: (c, f(i)), 0.0, INDEX),
    "fori_loop": lambda f: lax.fori_loop(0, 2, lambda i, c: c + f(i), np.zeros(3)),
    "map": lambda f: lax.map(f, INDEX),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_plain_array_that_is_closed_over_names_both_repairs(body):
    for index in (lambda i: TABLE[i], lambda i: TABLE[i - 1] * 2, lambda i: TABLE[:, i]):
        with pytest.raises(fg.errors.TracerError) as info:
            BODIES[body](index)
        message = str(info.value)
        assert "test_indexing_arguments.py" in message
        assert "fnp.take(table, i, axis=0)" in message
        assert "pass the table as an argument" in message
