"""grad, vjp, jvp, vmap, jit, linearize: their contracts, and their compositions."""

import dataclasses
import itertools
from collections import namedtuple
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import numpy as fnp

X = np.array([[0.3, -0.7, 1.1], [0.5, 0.2, -0.4]])


def f(x):
    return np.sum(np.sin(x) * np.exp(-x) + x**3)


def df(x):
    return (np.cos(x) - np.sin(x)) * np.exp(-x) + 3 * x**2


def d2f(x):
    return -2 * np.cos(x) * np.exp(-x) + 6 * x


def test_grad_against_closed_form():
    assert_allclose(fg.grad(f)(X), df(X), rtol=1e-13)


def test_value_and_grad():
    value, gradient = fg.value_and_grad(f)(X)
    assert value == f(X)
    assert_allclose(gradient, df(X), rtol=1e-13)


def test_argnums():
    def g(a, b, c):
        return a * b**2 + c

    assert fg.grad(g, argnums=1)(2.0, 3.0, 4.0) == 12.0
    assert fg.grad(g, argnums=-1)(2.0, 3.0, 4.0) == 1.0
    assert fg.grad(g, argnums=(2, 0))(2.0, 3.0, 4.0) == (1.0, 9.0)
    with pytest.raises(TypeError, match="argnums=3"):
        fg.grad(g, argnums=3)(2.0, 3.0, 4.0)


def test_has_aux():
    value, aux = fg.grad(lambda x: (x**2, {"y": x + 1}), has_aux=True)(3.0)
    assert (value, aux) == (6.0, {"y": 4.0})
    (value, aux), gradient = fg.value_and_grad(lambda x: (x**2, 2 * x), has_aux=True)(3.0)
    assert (value, aux, gradient) == (9.0, 6.0, 6.0)
    _, pull, aux = fg.vjp(lambda x: (x**2, "not an array"), 3.0, has_aux=True)
    assert aux == "not an array"
    assert pull(1.0) == (6.0,)
    assert fg.jvp(lambda x: (x**2, x), (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, 3.0)


def test_keyword_arguments_pass_through():
    assert fg.grad(lambda x, *, scale: scale * x**2)(3.0, scale=5.0) == 30.0


def test_allow_int_gives_float0():
    gradient = fg.grad(lambda n, x: n * x, argnums=(0, 1), allow_int=True)(2, 3.0)
    assert gradient[0].dtype == fg.float0
    assert gradient[1] == 2.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_has_the_dtype_of_the_argument(dtype):
    x = X.astype(dtype)
    wide = np.ones((2, 3))
    gradient = fg.grad(lambda x: np.sum(x * wide))(x)
    assert gradient.dtype == dtype


class TestComplex:
    """JAX's convention: no conjugation; df/dx - i df/dy for real-valued functions."""

    z = 0.7 - 0.4j

    def test_holomorphic(self):
        assert_allclose(fg.grad(np.exp, holomorphic=True)(self.z), np.exp(self.z))
        assert_allclose(fg.grad(lambda z: z**3, holomorphic=True)(self.z), 3 * self.z**2)

    def test_real_function_of_complex_argument(self):
        assert_allclose(fg.grad(lambda z: abs(z) ** 2)(self.z), 2 * np.conj(self.z))
        assert_allclose(fg.grad(lambda z: z.imag)(self.z), -1j)
        assert_allclose(fg.grad(np.real)(self.z), 1)

    def test_complex_inside_a_real_function(self):
        def g(x):
            z = np.exp(1j * x)
            return np.real(z * (2 + 1j))

        assert_allclose(fg.grad(g)(0.3), -2 * np.sin(0.3) - np.cos(0.3))

    def test_conjugate(self):
        t = 0.3 + 0.9j
        assert_allclose(fg.jvp(np.conj, (self.z,), (t,))[1], np.conj(t))

    def test_vjp_is_transpose_without_conjugation(self):
        _, pull = fg.vjp(lambda z: z * (1 + 2j), self.z)
        assert_allclose(pull(1.0 + 0j)[0], 1 + 2j)


def test_vjp_and_jvp_are_adjoint():
    def g(x):
        return np.tanh(x) @ x.T

    rng = np.random.default_rng(0)
    t, ct = rng.standard_normal(X.shape), rng.standard_normal((2, 2))
    y, pull = fg.vjp(g, X)
    assert_array_equal(y, g(X))
    out, out_t = fg.jvp(g, (X,), (t,))
    assert_array_equal(out, g(X))
    assert_allclose(np.sum(ct * out_t), np.sum(pull(ct)[0] * t))


def test_pullback_may_be_called_again_and_passed_through_jit():
    _, pull = fg.vjp(f, X)
    assert_array_equal(pull(1.0)[0], pull(1.0)[0])
    assert_allclose(fg.jit(lambda p: p(2.0))(pull)[0], 2 * df(X))
    made = fg.jit(lambda x: fg.vjp(f, x)[1])(X)
    assert_allclose(made(1.0)[0], df(X))


def test_linearize():
    y, push = fg.linearize(np.sin, X)
    assert_array_equal(y, np.sin(X))
    assert_allclose(push(np.ones_like(X)), np.cos(X))
    assert_allclose(fg.vmap(push)(np.stack([X, X])), np.stack([np.cos(X) * X] * 2))


def test_linear_transpose():
    a = np.arange(6.0).reshape(2, 3)
    (out,) = fg.linear_transpose(lambda x: a @ x, np.zeros(3))(np.array([1.0, 2.0]))
    assert_allclose(out, a.T @ [1.0, 2.0])
    with pytest.raises(fg.errors.DifferentiationError, match="not linear"):
        fg.linear_transpose(np.sin, 1.0)(1.0)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_higher_derivatives_of_tanh(order):
    g: Callable[..., Any] = np.tanh
    for _ in range(order):
        g = fg.grad(g)
    t = np.tanh(0.4)
    closed = [1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2),
              (1 - t**2) * (16 * t - 24 * t**3)]  # fmt: skip
    assert_allclose(g(0.4), closed[order - 1], rtol=1e-12)


SECOND = {
    "fwd-rev": lambda g: lambda x, v: fg.jvp(fg.grad(g), (x,), (v,))[1],
    "rev-rev": lambda g: lambda x, v: fg.grad(lambda x: np.sum(fg.grad(g)(x) * v))(x),
    "rev-fwd": lambda g: lambda x, v: fg.grad(lambda x: fg.jvp(g, (x,), (v,))[1])(x),
    "hvp": lambda g: lambda x, v: fg.hvp(g, (x,), (v,)),
}


@pytest.mark.parametrize("wrap", ["eager", "jit outside", "jit inside", "both"])
@pytest.mark.parametrize("mode", SECOND)
def test_hessian_vector_products_in_every_mixture(mode, wrap):
    v = np.linspace(-1, 1, X.size).reshape(X.shape)
    g = fg.jit(f) if wrap in ("jit inside", "both") else f
    h = SECOND[mode](g)
    h = fg.jit(h) if wrap in ("jit outside", "both") else h
    assert_allclose(h(X, v), d2f(X) * v, rtol=1e-12)


@pytest.mark.parametrize("order", list(itertools.permutations(["jit", "vmap", "grad"])))
def test_jit_vmap_grad_in_any_order(order):
    """Wrap innermost first; vmap over the rows turns the total into per-row values."""
    g = f
    derivative = False
    for name in order:
        if name == "jit":
            g = fg.jit(g)
        elif name == "vmap":
            inner = g
            g = fg.vmap(inner) if derivative else (lambda x, h=inner: np.sum(fg.vmap(h)(x)))
        else:
            g = fg.grad(g)
            derivative = True
    assert_allclose(g(X), df(X), rtol=1e-12)


class TestPerturbationConfusion:
    def test_nested_grad(self):
        assert fg.grad(lambda x: x * fg.grad(lambda y: x + y)(1.0))(3.0) == 1.0

    def test_nested_jvp(self):
        def outer(x):
            return x * fg.jvp(lambda y: x * y, (2.0,), (1.0,))[1]

        assert fg.jvp(outer, (3.0,), (1.0,))[1] == 6.0

    def test_through_jit_and_vmap(self):
        def outer(x):
            inner = fg.jit(lambda y: fg.grad(lambda z: z * x * y)(2.0))
            return fg.vmap(inner)(np.array([1.0, 3.0])).sum()

        assert fg.grad(outer)(5.0) == 4.0

    def test_difference_operator(self):
        """D of a function of a function, the classical example."""
        d = fg.grad
        result = d(lambda x: d(lambda y: (x * y) * d(lambda z: x * y * z)(1.0))(2.0))(3.0)
        assert result == 2 * 2 * 3.0 * 2.0


class TestPytrees:
    Point = namedtuple("Point", "x y")

    @dataclasses.dataclass(frozen=True)
    class Layer:
        w: object
        b: object
        name: str = dataclasses.field(default="layer", metadata={"static": True})

    def test_containers(self):
        params = {
            "a": [1.0, (np.ones(2), None)],
            "p": self.Point(2.0, 3.0),
            "l": self.Layer(np.ones((2, 2)), 0.5, "first"),
        }

        def loss(p):
            return (
                p["a"][0] * np.sum(p["a"][1][0]) + p["p"].x * p["p"].y + np.sum(p["l"].w * p["l"].b)
            )

        for run in (fg.grad(loss), fg.jit(fg.grad(loss))):
            g = run(params)
            assert g["a"][0] == 2.0
            assert_array_equal(g["a"][1][0], np.ones(2))
            assert g["a"][1][1] is None
            assert g["p"] == self.Point(3.0, 2.0)
            assert g["l"].b == 4.0
            assert g["l"].name == "first"

    def test_registered_class(self):
        class Pair:
            def __init__(self, a, b):
                self.a, self.b = a, b

        fg.tree.register_node(Pair, lambda p: ((p.a, p.b), None), lambda _, ab: Pair(*ab))
        g = fg.grad(lambda p: p.a * p.b)(Pair(2.0, 5.0))
        assert (g.a, g.b) == (5.0, 2.0)

    def test_partial_is_a_pytree(self):
        h = fg.Partial(np.multiply, 3.0)
        assert fg.jit(lambda g, x: g(x))(h, 2.0) == 6.0
        assert fg.grad(lambda g: g(4.0))(h).args == (4.0,)

    def test_ravel_pytree(self):
        tree: Any = {"a": np.arange(3.0), "b": (np.float32(1.5), np.ones((2, 2)))}
        vector, unravel = fg.ravel_pytree(tree)
        assert vector.shape == (8,)
        back = unravel(2 * vector)
        assert back["b"][0].dtype == np.float32
        assert_array_equal(back["a"], 2 * tree["a"])
        assert_array_equal(fg.grad(lambda v: np.sum(unravel(v)["b"][1] ** 2))(vector)[-4:], 2)


class TestVmap:
    def test_axes(self):
        a = np.arange(24.0).reshape(2, 3, 4)
        out = fg.vmap(lambda x, y: x * y, in_axes=(1, None), out_axes=-1)(a, 2.0)
        assert_array_equal(out, np.moveaxis(2 * a, 1, -1))
        out = fg.vmap(lambda p: p["u"].sum() + p["v"], in_axes=({"u": 0, "v": None},))(
            {"u": a, "v": 1.0}
        )
        assert_array_equal(out, a.sum((1, 2)) + 1)

    def test_negative_axis_and_keywords(self):
        a = np.arange(6.0).reshape(2, 3)
        assert_array_equal(fg.vmap(np.sum, in_axes=-1)(a), a.sum(0))
        assert_array_equal(fg.vmap(lambda x, *, y: x + y)(a[0], y=a[1]), a[0] + a[1])

    def test_out_axes_none(self):
        doubled, seven = fg.vmap(lambda x: (2 * x, 7.0), out_axes=(0, None))(np.ones(3))
        assert_array_equal(doubled, [2, 2, 2])
        assert seven == 7.0
        with pytest.raises(fg.errors.ShapeError, match="depends on the mapped example"):
            fg.vmap(lambda x: x, out_axes=None)(np.ones(3))

    def test_axis_size(self):
        assert_array_equal(fg.vmap(lambda: 3.0, axis_size=2)(), [3, 3])

    def test_nested(self):
        a = np.arange(6.0).reshape(2, 3)
        assert_array_equal(fg.vmap(fg.vmap(np.square))(a), a**2)
        outer = fg.vmap(fg.vmap(np.multiply, in_axes=(None, 0)), in_axes=(0, None))
        assert_array_equal(outer(a[0], a[1]), np.outer(a[0], a[1]))

    def test_per_example_gradients(self):
        w = np.array([0.5, -1.0, 2.0])
        per_row = fg.vmap(fg.grad(lambda w, x: np.tanh(w @ x)), in_axes=(None, 0))(w, X)
        assert_allclose(per_row, [(1 - np.tanh(w @ x) ** 2) * x for x in X])

    def test_boolean_mask_names_where(self):
        with pytest.raises(fg.errors.ConcretizationError, match=r"fnp\.where"):
            fg.vmap(lambda x: x[x > 0].sum())(X)


class TestJacobians:
    def g(self, x):
        return np.stack([x[0] * x[1], np.sin(x[2]), x[1] ** 2, x.sum()])

    x = np.array([0.5, -1.5, 2.0])

    def expected(self):
        x = self.x
        return np.array([[x[1], x[0], 0], [0, 0, np.cos(x[2])], [0, 2 * x[1], 0], [1, 1, 1]])

    def test_forward_and_reverse(self):
        assert_allclose(fg.jacfwd(self.g)(self.x), self.expected())
        assert_allclose(fg.jacrev(self.g)(self.x), self.expected())
        assert_allclose(fg.jit(fg.jacobian(self.g))(self.x), self.expected())

    def test_pytrees(self):
        def g(p):
            return {"o": p["a"] * p["b"].sum()}

        p = {"a": np.ones((2,)), "b": np.arange(3.0)}
        for jac in (fg.jacfwd, fg.jacrev):
            out = jac(g)(p)
            assert out["o"]["a"].shape == (2, 2)
            assert_allclose(out["o"]["b"], np.ones((2, 3)))

    def test_hessian(self):
        a = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 4.0]])
        assert_allclose(fg.hessian(lambda x: 0.5 * x @ a @ x)(self.x), a)

    def test_aux_and_argnums(self):
        j, aux = fg.jacfwd(lambda a, b: (a * b, a), argnums=1, has_aux=True)(2.0, self.x)
        assert_allclose(j, 2 * np.eye(3))
        assert aux == 2.0
        first, second = fg.jacrev(np.multiply, argnums=(0, 1))(self.x, self.x)
        assert_allclose(first, np.diag(self.x))
        assert_allclose(second, np.diag(self.x))


class TestJit:
    def test_traces_once_per_signature(self):
        calls = []

        @fg.jit
        def g(x):
            calls.append(1)
            return x * 2

        for x in (np.ones(3), np.zeros(3), np.ones(4), np.ones(3, np.float32), 1.0, 2.0, 1):
            g(x)
        assert len(calls) == 5

    def test_static_arguments(self):
        @partial(fg.jit, static_argnums=1, static_argnames="mode")
        def g(x, n, mode="sum"):
            return np.sum(x**n) if mode == "sum" else np.prod(x**n)

        assert g(np.array([2.0, 3.0]), 2) == 13.0
        assert g(np.array([2.0, 3.0]), n=3) == 35.0
        assert g(np.array([2.0, 3.0]), 1, mode="prod") == 6.0
        with pytest.raises(TypeError, match="cannot be hashed"):
            g(np.ones(2), [1])

    def test_weak_types_follow_numpy(self):
        x = np.ones(3, np.float32)
        assert fg.jit(lambda x, s: x * s)(x, 2.0).dtype == np.float32
        assert fg.jit(lambda x, s: x * s)(x, np.float64(2.0)).dtype == np.float64
        assert type(fg.jit(lambda s: s * s)(3.0)) is float
        assert type(fg.jit(lambda s: np.multiply(s, s))(3.0)) is np.float64

    def test_scalars_come_back_as_numpy_scalars(self):
        assert isinstance(fg.jit(np.sum)(X), np.float64)
        assert isinstance(fg.jit(lambda x: x[0, 0])(X), np.float64)

    def test_method_and_decorator(self):
        class Model:
            @partial(fg.jit, static_argnums=0)
            def double(self, x):
                return 2 * x

        assert Model().double(3.0) == 6.0

    def test_closure_constants_are_as_they_were(self):
        c = np.ones(3)
        g = fg.jit(lambda x: x + c)
        g(np.zeros(3))
        c[:] = 100.0
        assert_array_equal(g(np.zeros(3)), np.ones(3))

    def test_read_only_views_of_closure_constants_are_copied(self):
        c = np.ones(1)
        views = [np.broadcast_to(c, (3,)), np.broadcast_to(c[:, None], (1, 1))[0]]
        for view in views:
            c[:] = 1.0
            g = fg.jit(lambda x, v=view: x + v)
            g(np.zeros(3))
            c[:] = 100.0
            assert_array_equal(g(np.zeros(3)), np.ones(3))

    def test_made_inside_a_function_is_new_but_shares_the_program(self):
        def g(x):
            return fg.jit(lambda y: y + 1)(x)

        assert g(1.0) == g(1.0) == 2.0

    def test_disable_jit(self):
        seen = []
        with fg.disable_jit():
            fg.jit(lambda x: seen.append(float(x)))(2.0)
        assert seen == [2.0]

    def test_errors_at_run_time_are_numpys(self):
        with pytest.raises(IndexError):
            fg.jit(lambda x, i: x[i])(np.ones(3), 5)


def test_python_control_flow_under_grad():
    def g(x):
        while np.linalg.norm(x) < 1000:
            x = x * 2
        return np.sum(x) if x.sum() > 0 else -np.sum(x**2)

    x = np.array([1.0, 2.0])
    n = 0
    while np.linalg.norm(x * 2.0**n) < 1000:
        n += 1
    assert_allclose(fg.grad(g)(x), 2.0**n)
    assert_allclose(fg.grad(g)(-x), -2 * 4.0**n * -x)


def test_checkpoint_has_the_same_derivatives():
    g = fg.checkpoint(f)
    assert_allclose(fg.grad(g)(X), df(X))
    assert_allclose(fg.jit(fg.grad(g))(X), df(X))
    v = np.ones_like(X)
    for mode in SECOND.values():
        assert_allclose(mode(g)(X, v), d2f(X), rtol=1e-12)
    assert_allclose(fg.vmap(fg.grad(g))(X), df(X))


def test_checkpoint_recomputes():
    """The forward function runs again in the backward pass, under jit too."""
    calls = []

    @fg.checkpoint
    def g(x):
        fg.debug.callback(lambda: calls.append(1))
        return np.sin(x)

    fg.grad(g)(1.0)
    assert len(calls) == 2
    fg.jit(fg.grad(g))(1.0)
    assert len(calls) == 4


def test_stop_gradient():
    assert fg.grad(lambda x: x * fg.stop_gradient(x**2))(3.0) == 9.0
    assert fg.jvp(lambda x: fg.stop_gradient({"a": x})["a"], (3.0,), (1.0,))[1] == 0.0
    assert fg.jit(fg.grad(lambda x: x * fg.stop_gradient(x)))(3.0) == 3.0


def test_closure_convert():
    def g(x):
        converted, captured = fg.closure_convert(lambda y: y * x, 1.0)
        assert len(captured) == 1
        return converted(5.0, *captured)

    assert fg.grad(g)(2.0) == 5.0


def test_eval_shape_and_make_jaxpr():
    out = fg.eval_shape(lambda x, y: {"z": x @ y}, fg.ShapeDtypeStruct((2, 3), float), np.ones(3))
    assert out == {"z": fg.ShapeDtypeStruct((2,), float)}
    jaxpr, shape = fg.make_jaxpr(np.sum, return_shape=True)(X)
    assert shape == fg.ShapeDtypeStruct((), float)
    assert "reduce_sum[axes=(0, 1)]" in repr(jaxpr)


def test_printed_jaxpr():
    assert repr(fg.make_jaxpr(np.sin)(np.ones(3))) == (
        "{ lambda ; a:f64[3]. let b:f64[3] = sin a in (b,) }"
    )
    assert fg.make_jaxpr(lambda x: x < 1)(1.0)._repr_html_().startswith("<pre>{ lambda ; a:f64*[]")
    text = repr(fg.make_jaxpr(lambda x: fg.jit(np.cos)(x) * 2.0)(np.float32(1.0)))
    assert "jaxpr={ lambda ; a:f32[]. let b:f32[] = cos a in (b,) }" in text
    assert "mul b 2.0:f64*[]" in text


def test_equations_carry_the_users_line():
    eqn = fg.make_jaxpr(lambda x: np.sin(x))(1.0).eqns[0]
    assert eqn.source.file == __file__
    with open(__file__) as lines:
        assert "make_jaxpr(lambda x: np.sin(x))" in lines.readlines()[eqn.source.line - 1]


def test_device_put_and_get():
    on = fg.device_put({"x": np.ones(2)}, "cpu")
    assert_array_equal(fg.device_get(on)["x"], np.ones(2))
    with fg.default_device("cpu"):
        assert_array_equal(fnp.zeros(2), np.zeros(2))
    with pytest.raises((ValueError, ImportError)):
        fg.device_put(np.ones(1), "tpu")


def test_pure_callback():
    def g(x):
        return fg.pure_callback(np.sin, fg.ShapeDtypeStruct((), float), x)

    assert fg.jit(g)(1.0) == np.sin(1.0)
    assert_allclose(fg.vmap(g)(np.arange(3.0)), np.sin(np.arange(3.0)))
    with pytest.raises(fg.errors.DifferentiationError, match="custom_jvp"):
        fg.grad(g)(1.0)
    with pytest.raises(fg.errors.ShapeError, match="promised"):
        fg.pure_callback(lambda x: np.ones(3), fg.ShapeDtypeStruct((), float), 1.0)


def test_variance_under_jit_and_lists_as_operands():
    assert_allclose(fg.jit(lambda x: x.var())(X), X.var())
    assert_allclose(
        fg.grad(lambda v: np.maximum([1.0, 2.0, 3.0], v).sum())(np.full(3, 2.5)), [1, 1, 0]
    )
