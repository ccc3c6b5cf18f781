"""custom_jvp and custom_vjp: rules are used in every composition; closures behave as said."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import custom_derivatives as rules
from funcgrad import lax

X = np.array([0.5, -1.5, 2.0])


@fg.custom_jvp
def f(x):
    """sin, with ten times its derivative, so that one sees whether the rule was used."""
    return np.sin(x)


@f.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    return f(x), 10 * np.cos(x) * t


@fg.custom_vjp
def g(x, y):
    return np.sin(x) * y


g.defvjp(
    lambda x, y: (g(x, y), (x, y)),
    lambda res, ct: (10 * np.cos(res[0]) * res[1] * ct, 100 * np.sin(res[0]) * ct),
)

RULES = {
    "jvp": (f, lambda x: 10 * np.cos(x)),
    "vjp": (lambda x: g(x, 2.0), lambda x: 20 * np.cos(x)),
}

WRAPS = {
    "grad": lambda h: lambda x: np.stack([fg.grad(h)(v) for v in x]),
    "vmap grad": lambda h: fg.vmap(fg.grad(h)),
    "grad vmap": lambda h: fg.grad(lambda x: np.sum(fg.vmap(h)(x))),
    "jit": lambda h: fg.jit(fg.vmap(fg.grad(h))),
    "jit inside": lambda h: fg.vmap(fg.grad(fg.jit(h))),
    "both": lambda h: fg.jit(fg.grad(fg.jit(lambda x: np.sum(fg.vmap(h)(x))))),
    "checkpoint": lambda h: fg.grad(fg.checkpoint(lambda x: np.sum(fg.vmap(h)(x)))),
    "scan": lambda h: fg.grad(lambda x: lax.scan(lambda c, a: (c + h(a), None), 0.0, x)[0]),
    "cond": lambda h: fg.vmap(fg.grad(lambda x: lax.cond(x > -9.0, h, np.exp, x))),
}


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_used(rule, wrap):
    h, derivative = RULES[rule]
    assert_allclose(WRAPS[wrap](h)(X), derivative(X))
    assert_allclose(h(X), np.sin(X) * (1 if rule == "jvp" else 2))


def test_second_order_differentiates_the_rule():
    # The rule calls f itself only for the value: its derivative 10 cos is differentiated plainly.
    assert_allclose(fg.grad(fg.grad(f))(0.5), -10 * np.sin(0.5))
    assert_allclose(fg.jit(fg.grad(fg.grad(f)))(0.5), -10 * np.sin(0.5))
    assert_allclose(fg.grad(fg.grad(lambda x: g(x, 2.0)))(0.5), -20 * np.sin(0.5))


def test_forward_mode():
    assert_allclose(fg.jvp(f, (0.5,), (3.0,))[1], 30 * np.cos(0.5))
    assert_allclose(fg.jit(lambda x: fg.jvp(f, (x,), (3.0,)))(0.5)[1], 30 * np.cos(0.5))
    pushed = fg.jit(lambda x: fg.jvp(lambda x: g(x, 1.0), (x,), (1.0,)))
    for call in (lambda: fg.jvp(g, (0.5, 1.0), (1.0, 0.0)), lambda: pushed(0.5)):
        with pytest.raises(fg.errors.DifferentiationError, match="no forward derivative"):
            call()


def test_several_arguments_and_unused_ones():
    assert_allclose(fg.grad(g, argnums=1)(0.5, 2.0), 100 * np.sin(0.5))
    both = fg.grad(g, argnums=(0, 1))(0.5, 2.0)
    assert_allclose(both, (20 * np.cos(0.5), 100 * np.sin(0.5)))
    assert_allclose(fg.vmap(fg.grad(g), in_axes=(0, None))(X, 2.0), 20 * np.cos(X))
    total = fg.grad(lambda y: np.sum(fg.vmap(g, in_axes=(0, None))(X, y)))(2.0)
    assert_allclose(total, 100 * np.sin(X).sum())


def test_nondiff_argnums_and_keywords():
    h = fg.custom_jvp(lambda n, x: x**n, nondiff_argnums=(0,))
    h.defjvp(lambda n, primals, tangents: (primals[0] ** n, 7.0 * n * tangents[0]))
    assert fg.grad(lambda x: h(3, x))(2.0) == 21.0
    k = fg.custom_vjp(lambda apply, x: apply(x), nondiff_argnums=(0,))
    k.defvjp(lambda apply, x: (apply(x), None), lambda apply, _, ct: (5.0 * ct,))
    assert fg.grad(lambda x: k(np.sin, x))(2.0) == 5.0
    assert fg.grad(lambda x: g(x=x, y=1.0))(0.0) == 10.0


def test_pytrees_and_none():
    h = fg.custom_vjp(lambda p, n: {"out": p["a"] * p["b"][0]})
    h.defvjp(
        lambda p, n: (h(p, n), p), lambda p, ct: ({"a": ct["out"], "b": [2 * ct["out"]]}, None)
    )
    grads = fg.grad(lambda p: h(p, 3)["out"])({"a": 2.0, "b": [5.0]})
    assert grads == {"a": 1.0, "b": [2.0]}


def test_defjvps():
    h = fg.custom_jvp(lambda x, y: x * y)
    h.defjvps(lambda t, out, x, y: 3 * t * y, None)
    assert fg.grad(h, argnums=(0, 1))(2.0, 5.0) == (15.0, 0.0)


class TestClosures:
    def test_over_vmapped_values(self):
        def row(y, x):
            h = fg.custom_jvp(lambda x: x * y)
            h.defjvp(lambda p, t: (h(*p), 5 * y * t[0]))
            return fg.grad(h)(x)

        assert_allclose(fg.vmap(row)(X, X), 5 * X)
        assert_allclose(fg.vmap(row, in_axes=(0, None))(X, 1.0), 5 * X)
        assert_allclose(fg.jit(fg.vmap(row))(X, X), 5 * X)

    def test_over_jitted_values_with_the_derivative_outside(self):
        def outer(y, x):
            h = fg.custom_vjp(lambda x: x * y)
            h.defvjp(lambda x: (x * y, None), lambda _, ct: (5 * y * ct,))
            return h(x)

        assert_allclose(fg.grad(fg.jit(outer), argnums=1)(3.0, 2.0), 15.0)
        assert_allclose(fg.jit(fg.grad(outer, argnums=1))(3.0, 2.0), 15.0)
        assert_allclose(fg.vmap(fg.grad(outer, argnums=1))(X, X), 5 * X)

    @pytest.mark.parametrize("kind", [fg.custom_jvp, fg.custom_vjp])
    @pytest.mark.parametrize("through", [lambda h: h, fg.jit])
    def test_over_differentiated_values_raises(self, kind, through):
        def outer(y):
            h = kind(lambda x: x * y)
            if kind is fg.custom_jvp:
                h.defjvp(lambda p, t: (h(*p), t[0]))
            else:
                h.defvjp(lambda x: (x * y, None), lambda _, ct: (ct,))
            return h(2.0 * y)

        with pytest.raises(fg.errors.DifferentiationError, match="Pass it as an argument"):
            fg.grad(through(outer))(3.0)


class TestMessages:
    def test_no_rule(self):
        with pytest.raises(fg.errors.DifferentiationError, match="no rule yet"):
            fg.custom_jvp(np.sin)(1.0)
        with pytest.raises(fg.errors.DifferentiationError, match="no rule yet"):
            fg.custom_vjp(np.sin)(1.0)

    def test_wrong_number_of_cotangents(self):
        h = fg.custom_vjp(lambda x, y: x * y)
        h.defvjp(lambda x, y: (x * y, None), lambda res, ct: (ct,))
        with pytest.raises(TypeError, match="tuple of 2 cotangents"):
            fg.grad(h)(1.0, 2.0)

    def test_wrong_shape(self):
        h = fg.custom_jvp(lambda x: x * 2)
        h.defjvp(lambda p, t: (p[0] * 2, np.sum(t[0])))
        with pytest.raises(fg.errors.TreeError, match=r"shape \(\), but .* shape \(3,\)"):
            fg.jvp(h, (X,), (X,))


def test_integer_outputs_and_residuals_under_vmap():
    h = fg.custom_vjp(lambda x: (x * 2, 3))
    h.defvjp(lambda x: (h(x), {"x": x, "k": 7}), lambda res, ct: (ct[0] * res["k"] * res["x"],))
    assert_array_equal(fg.vmap(fg.grad(lambda x: h(x)[0]))(X), 7 * X)


def test_defaults_and_ufuncs():
    k = fg.custom_jvp(np.sin)
    k.defjvp(lambda p, t: (np.sin(p[0]), 5 * t[0]))
    assert fg.grad(k)(1.0) == 5.0
    h = fg.custom_jvp(lambda x, y=3.0, *, n=2: x**n * y)
    h.defjvp(lambda p, t: (h(*p), p[1] * t[0]))
    assert fg.grad(h)(2.0) == 3.0
    assert fg.grad(h)(2.0, 4.0) == 4.0
    with pytest.raises(TypeError, match="keyword-only"):
        h(2.0, n=3)


def scaled_jvp(k):
    """10 times the derivative of x * k, so that one sees whether the rule was used."""
    h = fg.custom_jvp(lambda x: x * k)
    h.defjvp(lambda p, t: (p[0] * k, 10 * k * t[0]))
    return h


def scaled_vjp(k):
    h = fg.custom_vjp(lambda x: x * k)
    h.defvjp(lambda x: (x * k, x), lambda _, ct: (10 * k * ct,))
    return h


@pytest.mark.parametrize("rule", [scaled_jvp, scaled_vjp])
@pytest.mark.parametrize("outer", [fg.jit, lambda f: fg.vmap(f, axis_size=1, in_axes=None)])
def test_closures_over_traced_values_under_vmap(rule, outer):
    assert_allclose(np.ravel(outer(lambda k: fg.vmap(rule(k))(X))(3.0)), 3 * X)
    assert_allclose(np.ravel(outer(lambda k: fg.vmap(fg.grad(rule(k)))(X))(3.0)), [30.0] * 3)


@pytest.mark.parametrize("rule", [scaled_jvp, scaled_vjp])
def test_an_outer_derivative_goes_through_what_a_rule_closes_over(rule):
    for slope in (
        lambda k: fg.grad(rule(k))(2.0),
        lambda k: fg.jit(fg.grad(rule(k)))(2.0),
        lambda k: np.mean(fg.vmap(fg.grad(rule(k)))(X)),
    ):
        assert_allclose(fg.grad(slope)(3.0), 10.0)
        assert_allclose(fg.jit(fg.grad(slope))(3.0), 10.0)


@pytest.mark.parametrize("kind", [fg.custom_jvp, fg.custom_vjp])
def test_defaults_may_be_skipped(kind):
    @kind
    def h(x, a=1.0, b=2.0):
        return x * a * b

    if kind is fg.custom_jvp:
        h.defjvp(lambda p, t: (p[0] * p[1] * p[2], 7 * t[0] + 5 * t[2]))
    else:
        h.defvjp(lambda x, a, b: (x * a * b, None), lambda _, ct: (7 * ct, ct, 5 * ct))
    assert h(2.0, b=3.0) == 6.0
    assert fg.grad(lambda x: h(x, b=3.0))(1.0) == 7.0
    assert fg.grad(lambda b: h(1.0, b=b))(1.0) == 5.0
    named = kind(lambda x, *, n=2: x * n)
    if kind is fg.custom_jvp:
        named.defjvp(lambda p, t: (2 * p[0], 7 * t[0]))
    else:
        named.defvjp(lambda x: (2 * x, None), lambda _, ct: (7 * ct,))
    assert fg.grad(named)(1.0) == 7.0
    with pytest.raises(TypeError, match=r"keyword-only arguments \(n\)"):
        named(1.0, n=3)


def test_linear_functions_with_a_jvp_rule_are_transposed():
    triple = fg.custom_jvp(lambda x: 3 * x)
    triple.defjvp(lambda p, t: (triple(p[0]), 3 * t[0]))
    assert fg.linear_transpose(triple, 1.0)(2.0) == (6.0,)
    assert fg.linear_transpose(lambda x: triple(triple(x)) + x, 1.0)(2.0) == (20.0,)
    assert_allclose(fg.linear_transpose(fg.vmap(triple), X)(X)[0], 3 * X)
    square = fg.custom_jvp(lambda x: x * x)
    square.defjvp(lambda p, t: (square(p[0]), triple(t[0]) * p[0]))
    assert fg.grad(square)(2.0) == 6.0
    assert fg.jit(fg.grad(square))(2.0) == 6.0
    assert fg.grad(fg.grad(square))(2.0) == 3.0


def test_linear_functions_with_a_vjp_rule_are_transposed():
    """The function itself is: its rule says nothing that a linear function does not."""
    triple = fg.custom_vjp(lambda x: 3 * x)
    triple.defvjp(lambda x: (3 * x, None), lambda _, ct: (10 * ct,))
    assert fg.linear_transpose(triple, 1.0)(2.0) == (6.0,)
    assert_allclose(fg.linear_transpose(fg.vmap(triple), X)(X)[0], 3 * X)
    square = fg.custom_vjp(lambda x: x * x)
    square.defvjp(lambda x: (x * x, x), lambda x, ct: (2 * x * ct,))
    with pytest.raises(fg.errors.DifferentiationError, match="not linear"):
        fg.linear_transpose(square, 1.0)(2.0)


BODIES = {
    "call": lambda f: lambda *args: f(*args),
    "jit": fg.jit,
    "checkpoint": fg.checkpoint,
    "while_loop": lambda f: (
        lambda *args: fg.lax.while_loop(
            lambda t: t[0] < 2, lambda t: (t[0] + 1, f(*args)), (0, args[0])
        )[1]
    ),
    "scan": lambda f: (
        lambda *args: fg.lax.scan(lambda c, _: (c + f(*args), None), 0.0, None, length=1)[0]
    ),
    "cond": lambda f: lambda *args: fg.lax.cond(args[0] > -9, f, f, *args),
}


@pytest.mark.parametrize("inner", BODIES)
@pytest.mark.parametrize("outer", BODIES)
@pytest.mark.parametrize("place", [0, 1])
def test_custom_vjp_inside_a_custom_jvp_of_which_an_argument_is_not_differentiated(
    inner, outer, place
):
    """The rule further out gets zeros for that argument, which are values and nothing linear."""
    product = fg.custom_vjp(lambda x, y: x * y)
    product.defvjp(lambda x, y: (x * y, (x, y)), lambda r, ct: (ct * r[1], ct * r[0]))
    around = fg.custom_jvp(lambda x, y: BODIES[inner](product)(x, y))
    around.defjvp(lambda p, t: fg.jvp(lambda x, y: BODIES[inner](product)(x, y), p, t))
    values = (np.float64(3.0), np.float64(5.0))
    assert fg.grad(lambda *a: BODIES[outer](around)(*a), place)(*values) == values[1 - place]


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["jvp", "vjp"])
def test_arguments_that_are_not_differentiated_have_names(kind):
    h: Any
    if kind == "jvp":
        h = fg.custom_jvp(lambda x, n, m: x**n * m, nondiff_argnames=("m", "n"))
        h.defjvp(lambda n, m, p, t: (h(p[0], n, m), 7.0 * n * m * t[0]))
    else:
        h = fg.custom_vjp(lambda x, n, m: x**n * m, nondiff_argnums=2, nondiff_argnames="n")
        h.defvjp(lambda x, n, m: (h(x, n, m), None), lambda n, m, _, ct: (7.0 * n * m * ct,))
    assert fg.grad(lambda x: h(x, 3, 2))(2.0) == 42.0
    assert fg.grad(lambda x: h(m=2, x=x, n=3))(2.0) == 42.0
    assert_allclose(fg.vmap(fg.grad(lambda x: h(x, n=3, m=2)))(X), 42.0)
    with pytest.raises(ValueError, match=r"nondiff_argnames has 'k', which .* its arguments are x"):
        fg.custom_jvp(lambda x: x, nondiff_argnames="k")


def test_defaults_that_are_not_given_have_rules_too():
    h = fg.custom_jvp(lambda x, y=2.0, z=3.0: x * y * z)
    h.defjvps(lambda t, out, x, y, z: 10 * t, None, lambda t, out, x, y, z: 100 * t)
    for call, expected in [
        (lambda x: h(x), 10.0), (lambda x: h(x=x), 10.0), (lambda x: h(x, z=4.0), 10.0),
        (lambda z: h(1.0, z=z), 100.0), (lambda y: h(1.0, y=y), 0.0),
    ]:  # fmt: skip
        assert fg.grad(call)(1.0) == expected
        assert fg.jit(fg.grad(call))(1.0) == expected
    g = fg.custom_vjp(lambda x, y=2.0: x * y)
    g.defvjp(lambda x, y: (x * y, None), lambda _, ct: (10 * ct, 100 * ct))
    assert fg.grad(lambda x: g(x))(1.0) == 10.0
    assert fg.grad(lambda y: g(1.0, y=y))(1.0) == 100.0


ZEROS = {
    "grad": lambda h: fg.grad(h)(2.0, 3.0),
    "jit": lambda h: fg.jit(fg.grad(h))(2.0, 3.0),
    "jit inside": lambda h: fg.grad(fg.jit(h))(2.0, 3.0),
    "vmap": lambda h: fg.vmap(fg.grad(h), in_axes=(0, None))(X, 3.0),
    "vmap inside": lambda h: fg.grad(lambda x: np.sum(fg.vmap(h, in_axes=(0, None))(x, 3.0)))(X),
}


@pytest.mark.parametrize("wrap", ZEROS)
def test_symbolic_zeros_of_a_jvp_rule(wrap):
    seen = []
    h = fg.custom_jvp(lambda x, y: (x * y, x + 1.0))

    def rule(primals, tangents):
        x, y = primals
        seen.append([type(t).__name__ for t in tangents])
        zero = tangents[1]
        assert zero.shape == ()
        assert zero.dtype == np.float64
        return h(x, y), (10 * tangents[0] * y, zero)

    h.defjvp(rule, symbolic_zeros=True)
    assert_allclose(ZEROS[wrap](lambda x, y: sum(h(x, y))), 30.0)
    assert any(names[1] == "SymbolicZero" for names in seen)
    assert all(names[0] != "SymbolicZero" for names in seen)


def test_symbolic_zeros_of_integers_and_second_order():
    h = fg.custom_jvp(lambda x, n: x**n)

    def rule(primals, tangents):
        x, n = primals
        assert tangents[1].dtype == fg.float0
        return h(x, n), n * x ** (n - 1) * tangents[0]

    h.defjvp(rule, symbolic_zeros=True)
    assert fg.grad(h)(2.0, 3) == 12.0
    assert fg.grad(fg.grad(h))(2.0, 3) == 12.0
    assert fg.jvp(lambda x: h(x, 3), (2.0,), (1.0,))[1] == 12.0


@pytest.mark.parametrize("wrap", ZEROS)
def test_symbolic_zeros_of_a_vjp_rule(wrap):
    wanted, zeros = [], []
    h = fg.custom_vjp(lambda x, y: (x * y, x + 1.0))

    def fwd(x, y):
        wanted.append((x.perturbed, y.perturbed))
        return (x.value * y.value, x.value + 1.0), (x.value, y.value)

    def bwd(res, cts):
        zeros.append([type(c).__name__ for c in cts])
        return 10 * cts[0] * res[1], cts[1]

    h.defvjp(fwd, bwd, symbolic_zeros=True)
    assert_allclose(ZEROS[wrap](lambda x, y: h(x, y)[0]), 30.0)
    assert (True, False) in wanted
    assert all(names[1] == "SymbolicZero" for names in zeros)


def test_values_and_zeros_of_rules():
    assert rules.zero_from_primal(np.float32(2), symbolic_zeros=True).dtype == np.float32
    assert rules.zero_from_primal(3).dtype == fg.float0
    assert rules.SymbolicZero(fg.ops.Aval((2,), float)) == rules.zero_from_primal(X[:2], True)
    primal = rules.CustomVJPPrimal(2.0, True)
    assert rules.custom_vjp_primal_tree_values([primal, 3]) == [2.0, 3]
    assert rules.custom_gradient is fg.custom_gradient


class TestCustomGradient:
    def test_one_argument(self):
        h = fg.custom_gradient(lambda x: (x**2, lambda ct: ct * x))
        assert h(3.0) == 9.0
        for transform in (fg.grad, lambda f: fg.jit(fg.grad(f)), lambda f: fg.grad(fg.jit(f))):
            assert transform(h)(3.0) == 3.0
            assert transform(fg.grad(h))(3.0) == 1.0
        assert_allclose(fg.vmap(fg.grad(h))(X), X)
        assert_allclose(fg.grad(lambda x: np.sum(fg.vmap(h)(x)))(X), X)

    def test_several_arguments_and_pytrees(self):
        h = fg.custom_gradient(
            lambda p, y: ({"out": p["a"] * y}, lambda ct: ({"a": 10 * y * ct["out"]}, ct["out"]))
        )
        grads = fg.grad(lambda p, y: h(p, y)["out"], (0, 1))({"a": 2.0}, 5.0)
        assert grads == ({"a": 50.0}, 1.0)

    def test_messages(self):
        with pytest.raises(TypeError, match="must return a pair"):
            fg.custom_gradient(lambda x: x)(1.0)
        with pytest.raises(TypeError, match="tuple of 2 cotangents"):
            fg.grad(fg.custom_gradient(lambda x, y: (x * y, lambda ct: ct)))(1.0, 2.0)
