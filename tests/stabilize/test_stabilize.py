"""The public function, nesting, calls, and the new operators."""

import laws
import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import errors, lax, nn
from funcgrad.compiler.passes.inline import inline_calls
from funcgrad.compiler.stabilize import stabilize_jaxpr
from funcgrad.core.primitive import REGISTRY
from funcgrad.core.source import PACKAGE

X = np.array([-800.0, 0.5, 800.0])
SOFTPLUS = np.array([0.0, np.log1p(np.exp(0.5)), 800.0])
SLOPE = np.array([0.0, 1 / (1 + np.exp(-0.5)), 1.0])


SLOPE_BELOW = np.array([1.0, 1 / (1 + np.exp(1.5)), 0.0])


def softplus(x):
    return np.log(1 + np.exp(x))


def rewrites(f, *args):
    return [r.name for r in stabilize_jaxpr(fg.make_jaxpr(f)(*args))[1]]


def test_values_and_derivatives():
    f = fg.stabilize(softplus)
    assert_allclose(f(X), SOFTPLUS, rtol=1e-15)
    assert_allclose(fg.grad(lambda x: f(x).sum())(X), SLOPE, rtol=1e-15)
    assert_allclose(fg.jvp(f, (X,), (np.ones(3),))[1], SLOPE, rtol=1e-15)
    assert_allclose(fg.vmap(fg.grad(f))(X), SLOPE, rtol=1e-15)
    assert_allclose(fg.jit(fg.vmap(f))(X), SOFTPLUS, rtol=1e-15)
    assert_allclose(fg.grad(fg.grad(f))(0.0), 0.25)
    assert_allclose(fg.jit(fg.grad(fg.grad(f)))(0.0), 0.25)


def test_over_other_transformations():
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(fg.grad(softplus)(800.0))
    assert fg.stabilize(fg.vmap(softplus))(X)[2] == 800.0
    slope = fg.stabilize(lambda x: fg.jit(softplus)(x))
    assert_allclose(fg.grad(lambda x: slope(x).sum())(X), SLOPE, rtol=1e-15)


def test_pytrees_and_keywords():
    @fg.stabilize
    def f(tree, *, shift):
        return {"a": softplus(tree["a"] + shift), "b": tree["b"]}

    out = f({"a": X, "b": (1, None)}, shift=0.0)
    assert_allclose(out["a"], SOFTPLUS)
    assert out["b"] == (1, None)
    assert f.__name__ == "f"


def test_staged_once_per_signature():
    count = []

    @fg.stabilize
    def f(x):
        count.append(1)
        return softplus(x)

    f(X), f(X + 1), fg.grad(lambda x: f(x).sum())(X)
    assert len(count) == 1
    f(1.0), f(X.astype(np.float32))
    assert len(count) == 3


def test_closures_over_tracers():
    def outer(a):
        inner = fg.stabilize(lambda x: softplus(a * x))
        return inner(1.0) + inner(2.0)

    assert fg.grad(outer)(800.0) == 3.0
    assert_allclose(fg.vmap(outer)(np.array([800.0, 900.0])), [2400.0, 2700.0])
    assert fg.jit(fg.grad(outer))(800.0) == 3.0


def test_python_control_flow_is_an_error():
    def f(x):
        return softplus(x) if x > 0 else x

    with pytest.raises(errors.ConcretizationError, match="stabilize of f"):
        fg.stabilize(f)(1.0)


def test_not_a_function():
    with pytest.raises(TypeError, match="needs a function, got 3"):
        fg.stabilize(3)


def test_report():
    def f(x):
        p = 1 / (1 + np.exp(-x))
        a = np.log(p)
        return a + np.sqrt(x**2)

    first = f.__code__.co_firstlineno
    report = fg.stabilize(f).report(X)
    assert str(report).splitlines() == [
        f"log(sigmoid(x)) -> -softplus(-x)  at test_stabilize.py:{first + 2} (f)",
        f"sqrt(x**2) -> abs(x)  at test_stabilize.py:{first + 3} (f)",
    ]
    assert str(fg.stabilize(np.sin).report(X)) == "nothing to rewrite"
    struct = fg.ShapeDtypeStruct((3,), np.float32)
    assert len(fg.stabilize(f).report(struct).rewrites) == 2


def test_loops_and_branches():
    def body(c, x):
        return c + softplus(x), np.exp(c) - 1

    def scanned(x):
        return lax.scan(body, 0.0, x)

    def branched(x):
        return lax.cond(x.sum() > 0, softplus, lambda x: x / (1 + np.exp(-x)), x)

    def looped(x):
        return lax.while_loop(lambda c: softplus(c).sum() < 9.0, lambda c: c + softplus(c), x)

    assert rewrites(scanned, X) == [
        "log(1 + exp(x)) -> softplus(x)", "exp(x) - 1 -> expm1(x)"
    ]  # fmt: skip
    assert len(rewrites(branched, X)) == 2
    assert len(rewrites(looped, X)) == 2
    assert len(rewrites(fg.checkpoint(softplus), X)) == 1
    assert_allclose(fg.stabilize(branched)(X), SOFTPLUS)
    assert_allclose(fg.stabilize(branched)(-X - 1), -(X + 1) * SLOPE_BELOW, rtol=1e-14)
    total = fg.stabilize(lambda x: scanned(x)[0])
    assert_allclose(fg.grad(total)(X), SLOPE)


def test_formulas_across_calls():
    inner = fg.jit(lambda x: 1 + np.exp(2 * x))
    new, found = stabilize_jaxpr(fg.make_jaxpr(lambda x: np.log(inner(x)))(X))
    assert [r.name for r in found] == ["log(1 + exp(x)) -> softplus(x)"]
    assert [e.primitive.name for e in new.eqns] == ["mul", "softplus"]
    deep = fg.jit(lambda x: fg.jit(lambda y: np.exp(y) / np.exp(y).sum())(x * np.ones(3)))
    assert rewrites(lambda x: np.log(deep(x)), X) == ["log(softmax(x)) -> log_softmax(x)"]
    assert_allclose(fg.stabilize(lambda x: np.log(deep(x)))(X), [-1600, -799.5, 0])


def test_own_rules_are_looked_through_and_those_of_users_are_not():
    jaxpr = fg.make_jaxpr(lambda x: np.log(nn.softmax(x)))(X)
    assert [r.name for r in stabilize_jaxpr(inline_calls(jaxpr))[1]] == [
        "log(softmax(x)) -> log_softmax(x)"
    ]

    @fg.custom_jvp
    def straight(x):
        return np.exp(x) / np.exp(x).sum()

    straight.defjvp(lambda primals, tangents: (straight(*primals), tangents[0]))
    jaxpr = fg.make_jaxpr(lambda x: np.log(straight(x)))(X)
    assert stabilize_jaxpr(jaxpr)[0] is jaxpr


@pytest.mark.parametrize("own", [True, False])
def test_rules_by_the_file_of_their_function(own):
    space = {"np": np}
    file = PACKAGE + "rules.py" if own else "user.py"
    exec(compile("def share(x):\n    return np.exp(x) / np.exp(x).sum()", file, "exec"), space)
    custom = fg.custom_jvp(space["share"])
    custom.defjvp(lambda primals, tangents: (custom(*primals), tangents[0]))
    jaxpr = fg.make_jaxpr(lambda x: np.log(custom(x)))(X)
    jaxpr.eqns[0].params["rule"].roots = (space["share"],)
    assert len(stabilize_jaxpr(jaxpr)[1]) == own


def test_effects_inside_calls_are_kept(capsys):
    @fg.jit
    def inner(x):
        fg.debug.print("here {}", x)
        return 1 + np.exp(x)

    assert fg.stabilize(lambda x: np.log(inner(x)))(800.0) == 800.0
    assert capsys.readouterr().out == "here 800.0\n"


def test_results_are_cached_and_stable():
    jaxpr = fg.make_jaxpr(softplus)(X)
    new, found = stabilize_jaxpr(jaxpr)
    assert stabilize_jaxpr(jaxpr) == (new, found)
    assert stabilize_jaxpr(new) == (new, ())
    plain = fg.make_jaxpr(lambda x: np.tanh(x * 2 + 1))(X)
    assert stabilize_jaxpr(plain)[0] is plain


def test_singular_systems_give_nan():
    f = fg.stabilize(lambda a, b: np.linalg.inv(a) @ b)
    assert np.isnan(f(np.zeros((2, 2)), np.ones(2))).all()


OPERATORS = ["softplus", "log1mexp", "log_expm1", "xlogx", "xlogratio"]
CASES = [(n, i) for n in OPERATORS for i in range(len(laws.cases_of(REGISTRY[n])))]


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize(("name", "i"), CASES)
def test_operators_obey_the_laws(name, i):
    prim = REGISTRY[name]
    case = laws.cases_of(prim)[i]
    for law in (
        laws.check_shape_rule, laws.check_staged, laws.check_inputs_unchanged, laws.check_vmap,
        laws.check_derivatives, laws.check_jit, laws.check_source,
    ):  # fmt: skip
        law(prim, case)
