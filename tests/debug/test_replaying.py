"""Loops, branches and custom rules are opened: same results, and operations in their turns."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad.core.source import Transposed
from funcgrad.ops.families import Control
from funcgrad.transforms.opened import record_opened


def scanned(x):
    carry, rows = fg.lax.scan(lambda c, t: (c * np.cos(t), (c + t, t > 0)), 1.0, x, reverse=True)
    return carry + np.sum(rows[0])


def looped(x):
    return fg.lax.while_loop(lambda c: np.sum(c) < 100, lambda c: c * x, x)


def branched(x):
    return fg.lax.cond(np.sum(x) > 0, lambda x: x * x, lambda x: -x, x)


def checkpointed(x):
    return fg.checkpoint(lambda x: np.sin(np.sin(x)))(x)


@fg.custom_vjp
def ruled(x):
    return x**2


ruled.defvjp(lambda x: (x**2, x), lambda x, ct: (2 * x * ct,))


@fg.custom_jvp
def pushed(x):
    return x**2


pushed.defjvp(lambda p, t: (p[0] ** 2, 2 * p[0] * t[0]))

PROGRAMS = [scanned, looped, branched, checkpointed, ruled, pushed]
FORMS = {
    "value": lambda f: f,
    "gradient": lambda f: fg.grad(lambda x: np.sum(f(x))),
    "jitted gradient": lambda f: fg.jit(fg.grad(lambda x: np.sum(f(x)))),
    "lanes": lambda f: lambda x: fg.vmap(f)(fg.numpy.stack([x, 2 * x])),
    "gradients of lanes": lambda f: fg.grad(lambda x: np.sum(FORMS["lanes"](f)(x))),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: getattr(f, "__name__", ""))
def test_results_are_the_same_and_nothing_is_left_closed(program, form):
    x = np.array([1.5, 2.0, 3.0])
    f = FORMS[form](program)
    recording = record_opened(lambda x: [f(x)], [x], "a test")
    assert_allclose(recording.outs[0], f(x), rtol=1e-14)
    assert not any(isinstance(o.primitive, Control) for o in recording.operations)
    made = {(o, i) for o in recording.operations for i in range(len(o.outputs))}
    for operation in recording.operations:
        for operand, origin in zip(operation.operands, operation.origins, strict=True):
            if origin is not None:
                assert origin in made
                assert origin[0].outputs[origin[1]] is operand


def test_turns():
    f = fg.grad(lambda x: fg.lax.scan(lambda c, t: (c * np.cos(t), None), 1.0, x)[0])
    recording = record_opened(lambda x: [f(x)], [np.ones(3)], "a test")
    turns = {o: [t.number for t in recording.turns.get(o, ())] for o in recording.operations}
    forward = [turns[o] for o in recording.operations if o.primitive.name == "cos"]
    assert forward == [[0], [1], [2]]
    last = max(i for i, o in enumerate(recording.operations) if o.primitive.name == "cos")
    after = recording.operations[last:]
    backward = [turns[o] for o in after if isinstance(o.source, Transposed) and turns[o]]
    assert backward[0] == [2]
    assert backward[-1] == [0]


def test_a_loop_without_turns():
    def f(x):
        return np.sum(fg.lax.scan(lambda c, t: (c, t * c), 2.0, x)[1]) + np.sum(x)

    recording = record_opened(lambda x: [f(x)], [np.zeros((0,))], "a test")
    assert recording.outs == [0.0]
    assert recording.turns == {}
