"""Effects happen once per example that gets there: in vmap as in a loop, in jit as eagerly."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax

XS = np.array([0.0, 1.0, 2.0])
SEEN: list[float] = []


def note(*values):
    fg.debug.callback(lambda *v: SEEN.append(float(v[0]) if v else -1.0), *values)


def after(effect, value):
    return value


def in_a_branch(x):
    return lax.cond(x > 0.5, lambda x: after(note(x), 2 * x), lambda x: x, x)


def constant_in_a_branch(x):
    return lax.cond(x > 0.5, lambda: after(note(), 1.0), lambda: 0.0)


def in_a_switch(x):
    branches = [lambda v, k=k: after(note(v + k), v * k) for k in range(3)]
    return lax.switch((2 - x).astype(int), branches, x)


def in_a_condition(x):
    return lax.while_loop(lambda c: after(note(c), c < 3), lambda c: c + 1, x)


def in_a_while_body(x):
    return lax.while_loop(lambda c: c < 3, lambda c: after(note(c), c * 1.5 + 1), x)


def in_a_loop_in_a_branch(x):
    return lax.cond(x > 0.5, in_a_while_body, lambda x: x, x)


def branch_in_a_while_loop(x):
    return lax.while_loop(lambda c: c < 3, lambda c: in_a_branch(c) + 1, x)


def in_a_scan(x):
    return lax.scan(lambda c, i: (after(note(c), c + i), None), x, XS)[0]


def constant_in_a_scan(x):
    return x + lax.fori_loop(0, 2, lambda i, c: after(note(i), c), 0.0)


def constant(x):
    note()
    return x * 2


def in_jit(x):
    return fg.jit(lambda: after(note(), 2.0))() * x


def in_jit_with_an_operand(x):
    return fg.jit(in_a_branch)(x)


def in_checkpoint(x):
    return fg.checkpoint(in_a_branch)(x)


def in_a_loop_over_examples(x):
    return np.sum(fg.vmap(lambda y: in_a_branch(x * y))(XS))


def in_a_pure_callback(x):
    def root(v):
        SEEN.append(float(v))
        assert v > 0.5
        return np.sqrt(v)

    out = fg.ShapeDtypeStruct((), float)
    return lax.cond(x > 0.5, lambda x: fg.pure_callback(root, out, x), lambda x: x, x)


PROGRAMS = [
    in_a_branch, constant_in_a_branch, in_a_switch, in_a_condition, in_a_while_body,
    in_a_loop_in_a_branch, branch_in_a_while_loop, in_a_scan, constant_in_a_scan, constant, in_jit,
    in_jit_with_an_operand, in_checkpoint, in_a_loop_over_examples, in_a_pure_callback,
]  # fmt: skip

WRAPS = {
    "vmap": lambda f: fg.vmap(f),
    "jit of vmap": lambda f: fg.jit(fg.vmap(f)),
    "vmap of jit": lambda f: fg.vmap(fg.jit(f)),
    "vmap of vmap": lambda f: lambda xs: fg.vmap(fg.vmap(f))(xs[:, None])[:, 0],
    "map": lambda f: lambda xs: lax.map(f, xs),
}

GRADS = {
    "vmap of grad": lambda f: fg.vmap(fg.grad(f)),
    "jit of vmap of grad": lambda f: fg.jit(fg.vmap(fg.grad(f))),
    "grad of vmap": lambda f: fg.grad(lambda xs: np.sum(fg.vmap(f)(xs))),
}


def ran(f, *args):
    SEEN.clear()
    return f(*args), sorted(SEEN)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_as_one_by_one(program, wrap):
    values, expected = ran(lambda: [program(x) for x in XS])
    for _ in range(2):
        found, seen = ran(WRAPS[wrap](program), XS)
        assert_allclose(found, values)
        assert seen == expected


@pytest.mark.parametrize("wrap", GRADS)
@pytest.mark.parametrize(
    "program", [p for p in PROGRAMS if p is not in_a_pure_callback], ids=lambda f: f.__name__
)
def test_derivatives_as_one_by_one(program, wrap):
    values, expected = ran(lambda: [fg.grad(program)(x) for x in XS])
    found, seen = ran(GRADS[wrap](program), XS)
    assert_allclose(found, values)
    assert seen == expected


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_jitted_functions_repeat_their_effects(program):
    expected = ran(program, XS[2])[1]
    jitted = fg.jit(program)
    outer = fg.jit(lambda x: jitted(x) + 0 * XS[1])
    closed = fg.jit(lambda: program(XS[2]))
    for f in (lambda: jitted(XS[2]), lambda: outer(XS[2]), lambda: jitted(XS[2])):
        assert ran(f)[1] == expected
    if program is not in_a_pure_callback:  # which may be called once, at a constant
        assert [ran(closed)[1] for _ in range(2)] == [expected] * 2
