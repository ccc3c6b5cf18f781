"""Every operation is recorded with its values and the user's line, derivatives included."""

import numpy as np
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad.core.source import Transposed
from funcgrad.transforms.recording import record


def line_of(text):
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {text}"))


@fg.jit
def doubled(x):
    return 2.0 * np.exp(x)  # exponential


def model(x):
    if x[0] > 0:
        y = np.sqrt(x)  # root
    else:
        y = x
    z, _ = fg.lax.scan(lambda c, t: (c * np.cos(t), None), 1.0, y)  # loop
    return np.sum(doubled(y)) + z


def recorded(f, x):
    operations, outs, origins = record(lambda x: [f(x)], [x], "a test")
    return operations, outs[0], origins[0]


def test_values_and_origins():
    x = np.array([1.0, 4.0])
    operations, out, origin = recorded(model, x)
    by_name = {o.primitive.name: o for o in operations}
    assert_allclose(out, model(x))
    assert_allclose(by_name["sqrt"].outputs[0], [1.0, 2.0])
    assert by_name["exp"].origins[0] == (by_name["sqrt"], 0)
    assert origin == (operations[-1], 0)
    assert operations[-1].primitive.name == "add"


def test_lines_of_calls_loops_and_of_the_backward_pass():
    for derive in (fg.grad, lambda f: fg.grad(fg.jit(f))):
        operations, out, _ = recorded(derive(lambda x: np.sum(doubled(np.sqrt(x)))), np.ones(2))
        assert_allclose(out, np.full(2, np.e))
        back = [o for o in operations if isinstance(o.source, Transposed)]
        forward = [o for o in operations if not isinstance(o.source, Transposed)]
        assert line_of("exponential") in {o.source.line for o in forward}
        assert line_of("exponential") in {o.source.line for o in back}
    operations = recorded(fg.grad(model), np.ones(2))[0]
    back = [o.source.line for o in operations if isinstance(o.source, Transposed)]
    assert {line_of("loop"), line_of("exponential"), line_of("root")} <= set(back)
    assert back[-1] == line_of("root")


def test_lines_in_staged_derivatives():
    jaxpr = fg.make_jaxpr(fg.grad(lambda x: np.sum(doubled(x))))(np.ones(2))
    (call,) = [e for e in jaxpr.eqns if isinstance(e.source, Transposed)]
    assert call.source.line == jaxpr.eqns[0].source.line
    lines = {e.source.line for e in call.params["jaxpr"].eqns}
    assert lines == {line_of("exponential")}
