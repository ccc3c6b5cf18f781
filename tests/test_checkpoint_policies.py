"""checkpoint with policies: the same derivatives; what is kept is what the policy says."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import checkpoint_policies as policies
from funcgrad import lax

X = np.linspace(0.1, 1.0, 9).reshape(3, 3)


def f(x):
    a = fg.checkpoint_name(np.sin(x), "a")
    b = fg.checkpoint_name(np.tanh(a @ a), "b")
    return np.sum(np.cos(b * a) @ x)


POLICIES = {
    "everything": (
        policies.everything_saveable,
        "args[0], named 'a', named 'b', cos, cos, tanh_slope, neg",
    ),
    "nothing": (policies.nothing_saveable, "args[0]"),
    "none": (None, "args[0]"),
    "dots": (policies.dots_saveable, "args[0], dot_general"),
    "dots without batches": (policies.dots_with_no_batch_dims_saveable, "args[0], dot_general"),
    "only a": (policies.save_only_these_names("a", "c"), "args[0], named 'a'"),
    "names but a": (policies.save_any_names_but_these("a"), "args[0], named 'b'"),
    "anything but b": (
        policies.save_anything_except_these_names("b"),
        "args[0], named 'a', tanh, cos, cos, tanh_slope, neg",
    ),
    "both": (
        policies.save_from_both_policies(
            policies.dots_saveable, policies.save_only_these_names("b")
        ),
        "args[0], dot_general, named 'b'",
    ),
    "the user's": (
        lambda prim, *avals, **_: prim.name == "sin" and avals[0].ndim == 2,
        "args[0], sin, sin",
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_what_is_kept(name, capsys):
    policy, expected = POLICIES[name]
    fg.print_saved_residuals(fg.checkpoint(f, policy=policy), X)
    lines = capsys.readouterr().out.splitlines()
    assert all(re.fullmatch(r"f64\[3,3\] .*( from .*\.py:\d+ \(f\)|args\[0\])", x) for x in lines)
    found = [re.sub(r".*?\] (output of |the argument )?|( from.*)", "", x) for x in lines]
    assert ", ".join(found) == expected


MODES = {
    "grad": lambda g: fg.grad(g)(X),
    "jit of grad": lambda g: fg.jit(fg.grad(g))(X),
    "grad of jit": lambda g: fg.grad(fg.jit(g))(X),
    "jvp": lambda g: fg.jvp(g, (X,), (np.cos(X),)),
    "hessian": lambda g: fg.hessian(g)(X),
    "vmap of grad": lambda g: fg.vmap(fg.grad(g))(np.stack([X, X.T])),
    "grad of vmap": lambda g: fg.grad(lambda x: np.sum(fg.vmap(g)(x)))(np.stack([X, X.T])),
    "in scan": lambda g: fg.grad(lambda x: lax.scan(lambda c, _: (g(x) * c, c), 1.0, length=3)[0])(
        X
    ),
    "nested": lambda g: fg.grad(fg.checkpoint(lambda x: g(x) ** 2))(X),
}


@pytest.mark.parametrize(
    ("name", "mode"),
    [(n, m) for m in MODES for n in POLICIES if m == "grad" or n in ("only a", "both")],
)
def test_derivatives_are_the_same(name, mode):
    checked = fg.checkpoint(f, policy=POLICIES[name][0])
    found, expected = MODES[mode](checked), MODES[mode](f)
    for a, b in zip(fg.tree.leaves(found), fg.tree.leaves(expected), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_kept_products_are_not_computed_again():
    """The backward program has the product of the forward one only where it is not kept."""

    def products(policy):
        g = fg.checkpoint(lambda x: np.sum(np.sin(x @ x)), policy=policy)
        jaxpr = fg.make_jaxpr(lambda x: fg.vjp(g, x)[1](1.0))(X)
        return str(jaxpr).count("= dot_general")

    assert products(None) == products(policies.save_only_these_names("x")) == 4
    assert products(policies.dots_saveable) == 3
    assert products(policies.everything_saveable) == 3


def test_stacks_of_products_are_told_apart():
    x = np.stack([X, X.T])
    g = lambda x: np.sum(np.sin(x @ x))  # noqa: E731

    def kept(policy):
        jaxpr = fg.make_jaxpr(fg.grad(fg.checkpoint(g, policy=policy)))(x)
        return len(jaxpr.eqns[0].outvars) - 1

    assert kept(policies.dots_saveable) == 1
    assert kept(policies.dots_with_no_batch_dims_saveable) == 0
    image, kernel = np.ones((1, 1, 5)), np.ones((1, 1, 2))
    h = lambda x: np.sum(np.sin(lax.conv(x, kernel, (1,), "VALID")))  # noqa: E731
    jaxpr = fg.make_jaxpr(fg.grad(fg.checkpoint(h, policy=policies.checkpoint_dots)))(image)
    assert len(jaxpr.eqns[0].outvars) == 2


def test_policies_look_into_jitted_functions():
    inner = fg.jit(lambda x: fg.checkpoint_name(np.sin(x), "s") * np.cos(x))
    g = fg.checkpoint(lambda x: np.sum(inner(x)), policy=policies.save_only_these_names("s"))
    jaxpr = fg.make_jaxpr(fg.grad(g))(X)
    assert len(jaxpr.eqns[0].outvars) == 2
    assert_allclose(fg.grad(g)(X), np.cos(2 * X))


def test_equal_policies_are_one():
    assert policies.save_only_these_names("a", "b") == policies.save_only_these_names("b", "a")
    assert policies.save_only_these_names("a") != policies.save_any_names_but_these("a")
    both = policies.save_from_both_policies
    assert both(policies.dots_saveable, f) == both(policies.dots_saveable, f)
    assert len({policies.save_only_these_names("a"), policies.save_only_these_names("a")}) == 1


def test_static_arguments_by_name():
    g = fg.checkpoint(lambda x, n, *, k: x**n if k == "power" else x, static_argnames=("n", "k"))
    for call in (lambda x: g(x, 3, k="power"), lambda x: g(x, n=3, k="power")):
        assert fg.grad(call)(2.0) == 12.0
    assert fg.grad(lambda x: g(x, 3, k="other"))(2.0) == 1.0


def test_names_and_messages(capsys):
    assert fg.checkpoint_name({"a": 1.0}, "name") == {"a": 1.0}
    assert fg.grad(lambda x: fg.checkpoint_name(x, "x") ** 2)(3.0) == 6.0
    with pytest.raises(TypeError, match="name must be a string"):
        fg.checkpoint_name(1.0, 2)
    with pytest.raises(TypeError, match="takes names, strings"):
        policies.save_only_these_names(["a"])
    with pytest.raises(TypeError, match="needs a function as policy"):
        fg.checkpoint(f, policy="dots")
    fg.print_saved_residuals(lambda p: p["w"] * p["x"], {"w": X, "x": X})
    assert capsys.readouterr().out.splitlines() == [
        "f64[3,3] the argument args[0]['x']", "f64[3,3] the argument args[0]['w']",
    ]  # fmt: skip


def test_static_arguments_are_counted_from_the_end():
    power = fg.checkpoint(lambda x, n: x**n if isinstance(n, int) else 0.0 * x, static_argnums=-1)
    assert fg.grad(power)(2.0, 3) == 12.0
