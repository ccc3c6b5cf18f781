"""Random programs through every transformation and both executors."""

import numpy as np
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp
from funcgrad.compiler.pipeline import PIPELINE, optimized
from funcgrad.compiler.program import program

UNARY = [np.sin, np.cos, np.tanh, lambda x: x * x, lambda x: np.exp(-x * x), lambda x: -x,
         lambda x: x.T, lambda x: np.sqrt(x * x + 1), lambda x: x[::-1], lambda x: x * 0.5 + 1.0,
         lambda x: np.cumsum(x, 0), lambda x: x - np.mean(x), lambda x: fnp.at(x)[0].add(1.0),
         lambda x: np.concatenate([x[1:], x[:1]]), lambda x: fg.jit(np.arctan)(x),
         lambda x: np.broadcast_to(np.sum(x, 1, keepdims=True), x.shape) * 0.3,
         lambda x: fg.checkpoint(np.sin)(x), lambda x: np.clip(x, -10.0, 10.0)]  # fmt: skip
# Comparisons are shifted, so that values which are equal but for rounding are no ties.
BINARY = [np.add, np.subtract, np.multiply, lambda x, y: x @ y * 0.2, np.arctan2,
          lambda x, y: np.maximum(x, y + 0.0119),
          lambda x, y: np.where(x > y + 0.0317, x, y * 0.5), lambda x, y: x / (y * y + 1.5),
          lambda x, y: lax.scan(lambda c, a: (np.tanh(c + a), c * a), x[0], y)[1],
          lambda x, y: lax.cond(np.sum(x) > np.sum(y) + 0.1234, np.sin, np.cos, x)]  # fmt: skip

steps = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12
)


def build(plan):
    """A program on 3x3 matrices: each step applies an operation to earlier values."""

    def run(x):
        values = [x, x * 0.7 + 0.1]
        for op, i, j in plan:
            a, b = values[i % len(values)], values[j % len(values)]
            if op % 2:
                values.append(UNARY[op // 2 % len(UNARY)](a))
            else:
                values.append(BINARY[op // 2 % len(BINARY)](a, b))
        return values[-1]

    return run


X = np.array([[0.31, -0.72, 1.13], [0.54, 0.25, -0.46], [-0.97, 0.88, 0.19]])
relaxed = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@relaxed
@given(steps)
def test_all_transformations_agree(plan):
    f = build(plan)
    value = f(X)
    t = np.cos(np.arange(9.0)).reshape(3, 3)
    ct = np.sin(np.arange(9.0) + 1).reshape(3, 3)
    assert_allclose(fg.jit(f)(X), value, rtol=1e-9, atol=1e-9)
    assert_allclose(fg.vmap(f)(np.stack([X, 2 * X]))[0], value, rtol=1e-9, atol=1e-9)
    out_t = fg.jvp(f, (X,), (t,))[1]
    (grad,) = fg.vjp(f, X)[1](ct)
    scale = 1 + np.abs(out_t).max() + np.abs(grad).max()
    assert_allclose(np.sum(ct * out_t), np.sum(grad * t), rtol=1e-8, atol=1e-8 * scale)
    assert_allclose(fg.linearize(f, X)[1](t), out_t, rtol=1e-8, atol=1e-9 * scale)
    staged = fg.jit(lambda x: fg.vjp(f, x)[1](ct)[0])(X)
    assert_allclose(staged, grad, rtol=1e-8, atol=1e-9 * scale)
    inside = fg.vjp(fg.jit(f), X)[1](ct)[0]
    assert_allclose(inside, grad, rtol=1e-8, atol=1e-9 * scale)
    both = fg.jit(fg.vmap(lambda x: fg.vjp(f, x)[1](ct)[0]))(np.stack([X, X]))
    assert_allclose(both[1], grad, rtol=1e-8, atol=1e-9 * scale)


@relaxed
@given(steps)
def test_passes_and_programs_keep_the_meaning(plan):
    def both(x):
        value, pull = fg.vjp(build(plan), x)
        return value, pull(np.ones((3, 3)))[0]

    jaxpr = fg.make_jaxpr(both)(X)
    fg.check_jaxpr(jaxpr)
    expected = jaxpr(X)
    current = jaxpr
    for run in PIPELINE:
        current = run(current)
        fg.check_jaxpr(current)
        for a, b in zip(current(X), expected, strict=True):
            assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    before = X.copy()
    for a, b in zip(program(jaxpr)(X), optimized(jaxpr)(X), strict=True):
        assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    assert_array_equal(X, before)


@settings(max_examples=examples(25), deadline=None)
@given(steps)
def test_generated_source_stands_alone(plan):
    f = build(plan)
    text = fg.to_source(f)(X)
    assert "funcgrad" not in text
    scope = {}
    exec(compile(text, "generated", "exec"), scope)
    assert_allclose(scope["program"](X), f(X), rtol=1e-9, atol=1e-9)
