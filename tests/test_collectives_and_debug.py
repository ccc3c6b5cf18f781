"""Collectives against their definitions; printing and callbacks inside transformations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import lax

X = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0], [2.0, 7.0, -2.0]])
N = len(X)

CASES = {
    "psum": (lambda r: lax.psum(r, "i"), np.broadcast_to(X.sum(0), X.shape)),
    "pmean": (lambda r: lax.pmean(r, "i"), np.broadcast_to(X.mean(0), X.shape)),
    "pmax": (lambda r: lax.pmax(r, "i"), np.broadcast_to(X.max(0), X.shape)),
    "pmin": (lambda r: lax.pmin(r, "i"), np.broadcast_to(X.min(0), X.shape)),
    "all_gather": (lambda r: lax.all_gather(r, "i"), np.broadcast_to(X, (N, *X.shape))),
    "all_gather axis": (lambda r: lax.all_gather(r, "i", axis=1), np.broadcast_to(X.T, (N, 3, N))),
    "tiled": (lambda r: lax.all_gather(r, "i", tiled=True), np.broadcast_to(X.ravel(), (N, 9))),
    "all_to_all": (lambda r: lax.all_to_all(r, "i", 0, 0), X.T),
    "psum_scatter": (lambda r: lax.psum_scatter(r, "i"), X.sum(0)),
    "ppermute": (
        lambda r: lax.ppermute(r, "i", [(0, 2), (2, 1)]),
        np.stack([0 * X[0], X[2], X[0]]),
    ),
    "axis_index": (lambda r: r * lax.axis_index("i"), X * np.arange(3)[:, None]),
    "axis_size": (lambda r: r * lax.axis_size("i"), X * 3),
    "psum of one": (lambda r: r * lax.psum(1, "i"), X * 3),
}


@pytest.mark.parametrize("wrap", ["plain", "jit", "jit inside", "scan"])
@pytest.mark.parametrize("name", CASES)
def test_values(name, wrap):
    f, expected = CASES[name]
    g = {
        "plain": f,
        "jit": f,
        "jit inside": fg.jit(f),
        "scan": lambda r: lax.scan(lambda c, _: (c, f(r)), 0.0, None, length=2)[1][1],
    }[wrap]
    run = fg.vmap(g, axis_name="i")
    run = fg.jit(run) if wrap == "jit" else run
    assert_allclose(run(X), expected)


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name):
    f, _ = CASES[name]

    def total(x):
        return np.sum(np.sin(fg.vmap(f, axis_name="i")(x)))

    rng = np.random.default_rng(0)
    t = rng.standard_normal(X.shape)
    h = 1e-6
    difference = (total(X + h * t) - total(X - h * t)) / (2 * h)
    assert_allclose(np.sum(fg.grad(total)(X) * t), difference, rtol=1e-6)
    assert_allclose(fg.jvp(total, (X,), (t,))[1], difference, rtol=1e-6)
    assert_allclose(fg.jit(fg.grad(total))(X), fg.grad(total)(X))


def test_per_example_gradient_of_a_sum_over_examples():
    out = fg.vmap(fg.grad(lambda r: np.sum(lax.psum(r, "i") ** 2)), axis_name="i")(X)
    assert_allclose(out, 3 * 2 * np.broadcast_to(X.sum(0), X.shape))


def test_two_axes():
    def f(v):
        return v / lax.psum(v, ("i", "j"))

    out = fg.vmap(fg.vmap(f, axis_name="j"), axis_name="i")(X)
    assert_allclose(out, X / X.sum())
    other = fg.vmap(fg.vmap(lambda v: lax.psum(v, "i"), axis_name="j"), axis_name="i")(X)
    assert_allclose(other, np.broadcast_to(X.sum(0), X.shape))


def test_inside_another_vmap():
    batch = np.stack([X, 2 * X])
    for f, _ in CASES.values():
        inner = fg.vmap(f, axis_name="i")
        assert_allclose(fg.vmap(inner)(batch), np.stack([inner(b) for b in batch]))
        outer = fg.vmap(fg.vmap(f), in_axes=1, axis_name="i", out_axes=1)(batch)
        assert_allclose(outer, np.stack([inner(b) for b in batch]))


def test_unbound_axis():
    with pytest.raises(NameError, match=r"no vmap axis is called 'k' here \(in scope: 'i'\)"):
        fg.vmap(lambda r: lax.psum(r, "k"), axis_name="i")(X)


def test_print(capsys):
    @fg.jit
    def f(x):
        fg.debug.print("x={x:.1f} y={}", x * 2, x=x)
        return x**2

    f(1.5)
    assert capsys.readouterr().out == "x=1.5 y=3.0\n"
    fg.grad(f)(1.5)
    assert capsys.readouterr().out == "x=1.5 y=3.0\n"
    fg.vmap(lambda x: fg.debug.print("{}", x))(np.arange(2))
    assert capsys.readouterr().out == "0\n1\n"
    fg.jit(lambda x: lax.scan(lambda c, a: (fg.debug.print("c={}", c), (c + a, c))[1], 0, x))(
        np.array([1, 2, 3])
    )
    assert capsys.readouterr().out == "c=0\nc=1\nc=3\n"


def test_print_in_a_branch_only_if_taken(capsys):
    @fg.jit
    def f(x):
        return lax.cond(x > 0, lambda: (fg.debug.print("yes {}", x), x)[1], lambda: -x)

    f(-1.0)
    assert capsys.readouterr().out == ""
    f(2.0)
    assert capsys.readouterr().out == "yes 2.0\n"


def test_print_checks_its_fields_at_once():
    with pytest.raises(ValueError, match="names 'y'"):
        fg.debug.print("{y}", x=1)
    with pytest.raises(ValueError, match="positional"):
        fg.debug.print("{} {}", 1)


def test_callback_gets_pytrees():
    seen = []
    fg.jit(lambda x: fg.debug.callback(lambda d, k: seen.append((d["a"], k)), {"a": x}, k="name"))(
        2.0
    )
    assert seen == [(2.0, "name")]


def test_tree_functions():
    t = {"a": [1, 2], "b": (3, None)}
    assert fg.tree.leaves(t) == [1, 2, 3]
    assert fg.tree.map(lambda x: 2 * x, t) == {"a": [2, 4], "b": (6, None)}
    assert fg.tree.reduce(lambda a, b: a + b, t) == 6
    assert fg.tree.all(t)
    assert fg.tree.map_with_path(lambda p, x: p, {"a": [5]}) == {"a": [("a", 0)]}
    leaves, spec = fg.tree.flatten(t)
    assert fg.tree.unflatten(spec, leaves) == t
    assert_array_equal(
        fg.tree.transpose(fg.tree.structure([0, 0]), fg.tree.structure((0, 0)), [(1, 2), (3, 4)]),
        ([1, 3], [2, 4]),
    )


class TestSeveralAxes:
    """A tuple of names is one axis of all examples in row-major order, first name slowest."""

    NAMES = (("i", "j"), ("j", "i"))

    @staticmethod
    def both(f, names, x):
        """Over two named axes, and over one axis of all examples."""
        inner, outer = ("j", "i")
        found = fg.vmap(fg.vmap(lambda x: f(x, names), axis_name=inner), axis_name=outer)(x)
        order = [0, 1] if names == ("i", "j") else [1, 0]
        flat = np.moveaxis(x, order, (0, 1)).reshape(6, *x.shape[2:])
        one = fg.vmap(lambda x: f(x, "k"), axis_name="k")(flat)
        sizes = [x.shape[a] for a in order]
        return found, np.moveaxis(one.reshape(*sizes, *one.shape[1:]), (0, 1), order)

    @pytest.mark.parametrize("names", NAMES)
    @pytest.mark.parametrize(
        "f",
        [
            lambda x, n: lax.psum(x, n), lambda x, n: lax.pmean(x, n), lambda x, n: lax.pmax(x, n),
            lambda x, n: lax.pmin(x, n), lambda x, n: lax.all_gather(x, n),
            lambda x, n: lax.all_gather(x, n, axis=1),
            lambda x, n: lax.all_gather(x, n, tiled=True),
            lambda x, n: lax.psum_scatter(x, n),
            lambda x, n: lax.psum_scatter(x, n, tiled=True),
            lambda x, n: lax.all_to_all(x, n, 0, 0),
            lambda x, n: lax.all_to_all(x, n, 0, 0, tiled=True),
            lambda x, n: lax.ppermute(x, n, [(0, 1), (1, 5), (4, 0)]),
            lambda x, n: x * lax.axis_index(n) + lax.axis_size(n),
        ],
    )  # fmt: skip
    def test_as_one_axis(self, f, names):
        x = np.arange(36.0).reshape(2, 3, 6) ** 1.5
        assert_allclose(*self.both(f, names, x))
        slope = [
            fg.grad(lambda x, k=k: np.sum(np.sin(self.both(f, names, x)[k])))(x) for k in (0, 1)
        ]
        assert_allclose(*slope)
