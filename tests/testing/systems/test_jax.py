"""Rules of JAX: every right one passes, every planted mistake is named, in one line."""

import contextlib
import dataclasses
import functools
import time
from typing import Any

import numpy as np
import pytest

from funcgrad.testing import (
    GradientCheckError,
    InconclusiveCheckError,
    check_gradient,
    check_grads,
    gradcheck,
)
from funcgrad.testing.adapters import of_jax

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([0.5, -0.25, 2.0])


def scaled(bwd=None, fwd=None, body=None):
    """A product with a rule; parts of the rule can be replaced."""

    def scale(x, w):
        return x * w

    rule = jax.custom_vjp(body or scale)
    rule.defvjp(
        fwd or (lambda x, w: (x * w, (x, w))),
        bwd or (lambda kept, ct: (ct * kept[1], (ct * kept[0]).sum(0))),
    )
    return rule


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def power(x, n):
    return x**n


power.defvjp(lambda x, n: (x**n, x), lambda n, x, ct: (ct * n * x ** (n - 1),))


@jax.custom_vjp
def pick(x, i):
    return x[i]


pick.defvjp(
    lambda x, i: (x[i], (x, i)),
    lambda kept, ct: (jnp.zeros_like(kept[0]).at[kept[1]].set(ct), None),
)


def sine(rule):
    @jax.custom_jvp
    def sin(x):
        return jnp.sin(x)

    sin.defjvp(rule)
    return sin


right_sine = sine(lambda p, t: (jnp.sin(*p), jnp.cos(*p) * t[0]))


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Dense:
    w: Any
    b: Any

    def __call__(self, x):
        return jnp.tanh(x @ self.w + self.b)


DENSE = Dense(jnp.ones((3, 2)) * 0.3, jnp.zeros(2))

RIGHT = {
    "custom_vjp": (scaled(), (X, W)),
    "of arrays of JAX": (scaled(), (jnp.asarray(X), jnp.asarray(W))),
    "in a loss": (lambda x, w: jnp.sum(scaled()(x, w) ** 2), (X, W)),
    "jitted": (jax.jit(scaled()), (X, W)),
    "nondiff_argnums": (power, (X, 3)),
    "nondiff_argnums of a float": (power, (X, 3.0)),
    "an integer": (pick, (X, np.int32(1))),
    "custom_jvp": (right_sine, (X,)),
    "a function": (lambda x: jax.nn.logsumexp(x, 0), (jnp.asarray(X),)),
    "complex": (lambda z: jnp.abs(z) ** 2 + jnp.real(z * z), (X + 1j * X[::-1],)),
    "a dictionary": (lambda p: jnp.tanh(p["x"] @ p["w"][0]), ({"x": X, "w": [W]},)),
    "a registered class": (lambda m, x: m(x), (DENSE, jnp.asarray(X))),
    "an object to call": (DENSE, (jnp.asarray(X),)),
    "a number": (lambda x: jnp.sin(x) ** 2, (0.3,)),
    "bfloat16": (lambda x: jnp.sin(x), (jnp.asarray(X, jnp.bfloat16),)),
    "values decide": (lambda x: x * 2 if float(np.asarray(x).sum()) > 0 else x, (X[:1, :1],)),
    "several outputs": (lambda x: (jnp.sin(x), {"n": 3, "cos": jnp.cos(x)}), (X,)),
}


@pytest.mark.parametrize("name", [n for n in RIGHT if n != "values decide"])
def test_a_right_function_passes(name):
    f, args = RIGHT[name]
    assert check_grads(f, args).verdict == "pass"


@pytest.mark.parametrize("name", ["custom_vjp", "custom_jvp", "a function", "an object to call"])
def test_a_right_function_passes_to_order_two(name):
    f, args = RIGHT[name]
    assert any("(of the vjp)" in text for text in check_grads(f, args, order=2).passed)


def test_forward_mode_of_a_reverse_rule_is_left_out():
    assert "custom_vjp" in check_grads(scaled(), (X, W)).left_out["mode 'fwd'"]
    assert "mode 'fwd'" not in check_grads(right_sine, (X,)).left_out


def constant_state():
    calls = []

    def bwd(kept, ct):
        calls.append(0)
        factor = 1 if len(calls) < 3 else 2
        return ct * kept[1] * factor, (ct * kept[0]).sum(0)

    return scaled(bwd)


MISTAKES = {
    "no sum": (scaled(lambda k, ct: (ct * k[1], ct * k[0])), (X, W),
               "the sum over broadcast axes is missing"),
    "no factor": (scaled(lambda k, ct: (ct, (ct * k[0]).sum(0))), (X, W), "args[0]"),
    "twice": (scaled(lambda k, ct: (ct * k[1], 2 * (ct * k[0]).sum(0))), (X, W),
              "found/expected is 2"),
    "another value": (scaled(fwd=lambda x, w: (x * w + 1e-3, (x, w))), (X, W),
                      "the value that the vjp returns differs from f"),
    "not linear": (scaled(lambda k, ct: (ct * k[1] + 1e-3, (ct * k[0]).sum(0))), (X, W), ""),
    "sign for a tangent": (sine(lambda p, t: (jnp.sin(*p), -jnp.cos(*p) * t[0])), (X,), "sign"),
    "tangent not linear": (sine(lambda p, t: (jnp.sin(*p), jnp.cos(*p) * jnp.abs(t[0]))), (X,), ""),
    "no conj": (sine(lambda p, t: (jnp.sin(*p), jnp.cos(jnp.conj(*p)) * t[0])),
                (X + 0.5j * X[::-1],), "conj"),
    "state": (constant_state(), (X, W), ""),
    "single precision only": (
        scaled(lambda k, ct: (ct * k[1] * (1.05 if ct.dtype == jnp.float32 else 1),
                              (ct * k[0]).sum(0))), (X, W), "wrong for float32 only"),
    "a class": (lambda m, x: m.w.sum() * jax.lax.stop_gradient(m.b).sum() + x.sum(),
                (Dense(jnp.ones((3, 2)), jnp.ones(2)), X), "args[0].b"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_found_and_named(name):
    f, args, words = MISTAKES[name]
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, args)
    assert words in str(caught.value)


def test_mistakes_that_only_vmap_and_jit_show():
    def batched(kept, ct):
        # Right for one example; summed over all where there are several.
        x, w = kept
        return jnp.broadcast_to(ct * w, x.shape), jnp.sum(ct * x)

    right = jax.custom_vjp(lambda x, w: x * w)
    right.defvjp(lambda x, w: (x * w, (x, w)), batched)
    assert check_grads(right, (0.5, 0.3)).verdict == "pass"

    traces = []

    @jax.custom_vjp
    def traced(x):
        return jnp.sin(x)

    def bwd(x, ct):
        inside = isinstance(x, jax.core.Tracer)
        traces.append(inside)
        return (ct * jnp.cos(x) * (2.0 if inside else 1.0),)

    traced.defvjp(lambda x: (jnp.sin(x), x), bwd)
    with pytest.raises(GradientCheckError, match="jit changes f or its vjp"):
        check_grads(traced, (X,))


def test_wrong_at_order_two():
    rule = jax.custom_vjp(lambda x: x**3)
    rule.defvjp(lambda x: (x**3, x), lambda x, ct: (3 * ct * jax.lax.stop_gradient(x) ** 2,))
    assert check_grads(rule, (X,)).verdict == "pass"
    with pytest.raises(GradientCheckError, match="right up to order 1, wrong at order 2"):
        check_grads(rule, (X,), order=2)


def test_double_precision_without_the_option():
    assert not jax.config.jax_enable_x64
    seen = []
    check_gradient(lambda x: seen.append(x.dtype) or jnp.sum(x**2), jnp.asarray(X))
    assert np.float32 in seen
    assert check_gradient(lambda x: jnp.sum(x**2), X).verdict == "pass"
    check_gradient(lambda x: jnp.sum(x**2), lambda x: 2 * x, (jnp.asarray(X),))
    with pytest.raises(GradientCheckError, match=r"0.5 everywhere"):
        check_gradient(lambda x: jnp.sum(x**2), lambda x: x, (jnp.asarray(X),))


def test_random_points():
    assert gradcheck(right_sine, "2 3", max_examples=4).passed == 4
    with pytest.raises(GradientCheckError):
        gradcheck(sine(lambda p, t: (jnp.sin(*p), t[0])), "2 3", max_examples=4)


def test_functions_that_take_long_are_compiled_between_points():
    def slowly(x):
        traced = isinstance(x, jax.core.Tracer)
        time.sleep(0.0 if traced else 0.021)
        return jnp.sin(x) * (1 + 1e-13 * traced)  # compiled it rounds otherwise

    side = of_jax.Side(jax, lambda xs: slowly(*xs), slowly)
    values = [side.value(W)[0] for _ in range(6)]
    assert all(np.array_equal(values[0], value) for value in values)
    assert np.all(side.value(W + 1)[0] != np.sin(W + 1))
    assert np.all(side.value(W)[0] != values[0])


def test_a_rule_has_to_return_a_number_at_a_kink():
    slope = lambda x: x / jnp.abs(x)  # noqa: E731
    backward, forward = jax.custom_vjp(jnp.abs), jax.custom_jvp(jnp.abs)
    backward.defvjp(lambda x: (jnp.abs(x), x), lambda x, ct: (ct * slope(x),))
    forward.defjvp(lambda p, t: (jnp.abs(*p), t[0] * slope(*p)))
    for rule in (backward, forward):
        with pytest.raises(GradientCheckError, match="any slope between"):
            check_grads(rule, (jnp.array([0.0, 1.0]),))
    with pytest.raises(InconclusiveCheckError):
        check_grads(lambda x: jnp.sqrt(x * x), (jnp.array([0.0, 1.0]),))


def test_derivatives_of_zero_are_rounded_otherwise_when_compiled():
    def windows(x):
        return jnp.stack([x[:-2], x[1:-1], x[2:]], -1)

    def backward(x, ct):
        w = windows(x)
        parts = 2 / 3 * ct[:, None] * (w - jnp.mean(w, -1, keepdims=True))
        none = jnp.zeros(x.shape)
        return (none.at[:-2].add(parts[:, 0]).at[1:-1].add(parts[:, 1]).at[2:].add(parts[:, 2]),)

    variances = jax.custom_vjp(lambda x: jnp.var(windows(x), axis=-1))
    variances.defvjp(lambda x: (variances(x), x), backward)
    for value in (0.5, 0.1, 7.3):
        with contextlib.suppress(InconclusiveCheckError):
            check_grads(variances, (np.full(7, value),))
