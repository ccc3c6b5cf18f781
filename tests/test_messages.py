"""What users read when something is wrong: what was found, where, and what to do."""

import math
import os
import subprocess
import sys
import textwrap
import traceback

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax

errors = fg.errors
X = np.array([1.0, 2.0, 3.0])


def message(call, kind):
    with pytest.raises(kind) as info:
        call()
    return str(info.value)


def test_non_scalar_grad_names_the_function_and_the_way_out():
    def loss(x):
        return x * 2

    text = message(lambda: fg.grad(loss)(X), errors.DifferentiationError)
    assert "loss (test_messages.py:" in text
    assert "f64[3]" in text
    assert "funcgrad.jacobian" in text


def test_integer_grad():
    text = message(lambda: fg.grad(lambda p: p["n"] * 2.0)({"n": 3}), errors.DifferentiationError)
    assert "args[0]['n']" in text
    assert "allow_int" in text


def test_complex_output():
    text = message(lambda: fg.grad(lambda x: x * 1j)(1.0), errors.DifferentiationError)
    assert "holomorphic=True" in text


def test_in_place_assignment():
    def f(x):
        x[0] = 1.0
        return x.sum()

    assert "x.at[i].set(v)" in message(lambda: fg.grad(f)(X), errors.TracerError)


def test_storing_a_traced_value_in_an_array():
    def f(x):
        a = np.zeros(3)
        a[0] = x[0]
        return a.sum()

    for run in (fg.grad(f), fg.jit(f)):
        assert "fnp.at" in message(lambda run=run: run(X), errors.TracerError)


@pytest.mark.parametrize(
    "f", [lambda x: np.array([x, x]).sum(), lambda x: np.sum([x, x]), float, math.sin, complex,
          lambda x: x.item(), lambda x: np.copyto(np.zeros(()), x),
          lambda x: np.add(np.zeros(()), x, out=np.zeros(()))],
)  # fmt: skip
def test_what_would_drop_a_derivative_raises(f):
    text = message(lambda: fg.grad(f)(1.0), errors.TracerError)
    assert "traced" in text
    assert "test_messages.py" in text or "fnp" in text or "x = x + y" in text


def test_condition_under_jit_and_vmap():
    def f(x):
        return x if x > 0 else -x

    for run, owner in ((fg.jit(f), "jit of f"), (lambda x: fg.vmap(f)(X), "vmap of f")):
        text = message(lambda run=run: run(1.0), errors.ConcretizationError)
        assert "test_messages.py" in text
        assert owner in text
        assert "lax.cond" in text


def test_escaped_tracers():
    kept = []

    def f(x):
        kept.append(x)
        return x.sum()

    for run in (fg.grad(f), fg.jit(f), lambda x: fg.vmap(f)(np.stack([x, x])),
                lambda x: fg.jvp(f, (x,), (x,))):  # fmt: skip
        kept.clear()
        run(X)
        text = message(lambda: kept[0] * 2, errors.EscapedTracerError)
        assert "f (test_messages.py:" in text
        assert "Return the value" in text


def test_wrong_sizes_in_vmap_list_every_argument():
    def f(p, y):
        return p["w"] * y

    text = message(
        lambda: fg.vmap(f, in_axes=({"w": 1}, 0))({"w": np.ones((3, 2))}, np.ones(4)),
        errors.ShapeError,
    )
    assert "args[0]['w']: shape (3, 2), axis 1, size 2" in text
    assert "args[1]: shape (4,), axis 0, size 4" in text
    text = message(lambda: fg.vmap(f, in_axes=(0,))({"w": X}, X), errors.TreeError)
    assert "1 entries" in text
    assert "2 positional" in text
    text = message(lambda: fg.vmap(np.sin, in_axes=2)(X), errors.ShapeError)
    assert "out of range" in text


def test_pytree_mismatches_carry_paths():
    text = message(
        lambda: fg.jvp(lambda p: p["a"], ({"a": 1.0, "b": 2.0},), ({"a": 1.0},)), errors.TreeError
    )
    assert "'b'" in text
    _, pull = fg.vjp(lambda x: (x, {"y": x}), 1.0)
    assert "'y'" in message(lambda: pull((1.0, {"z": 1.0})), errors.TreeError)
    text = message(lambda: fg.tree.map(lambda a, b: a, {"a": [1, 2]}, {"a": [1]}), errors.TreeError)
    assert "['a'][1]" in text


def test_shapes_of_tangents_and_cotangents():
    text = message(lambda: fg.jvp(np.sin, (X,), (np.ones(2),)), errors.TreeError)
    assert "(2,)" in text
    assert "(3,)" in text
    _, pull = fg.vjp(np.sin, X)
    assert "(2,)" in message(lambda: pull(np.ones(2)), errors.TreeError)
    text = message(lambda: fg.jvp(np.sin, (X,), (X.astype(complex),)), errors.TreeError)
    assert "complex128" in text


def test_shape_errors_name_both_shapes():
    for f in (lambda x: x + np.ones(4), lambda x: x @ np.ones((4, 2))):
        text = message(lambda f=f: fg.make_jaxpr(f)(X), ValueError)
        assert "(3,)" in text
        assert "(4" in text


def test_unhashable_static_argument():
    jitted = fg.jit(lambda x, n: x, static_argnums=1)
    text = message(lambda: jitted(1.0, [1]), TypeError)
    assert "list" in text
    assert "tuple" in text


def test_unknown_function():
    text = message(lambda: fg.grad(lambda x: np.kaiser(3, x).sum())(1.0), errors.TracerError)
    assert "fnp" in text or "funcgrad.numpy" in text


def test_bad_argument_types():
    assert "not an array" in message(lambda: fg.grad(lambda s: 1.0)("text"), errors.TracerError)
    assert "static" in message(lambda: fg.jit(lambda s: 1.0)("text"), errors.TracerError)
    assert "pair" in message(lambda: fg.grad(lambda x: x, has_aux=True)(1.0), TypeError)
    assert "function" in message(lambda: fg.grad(3), TypeError)


def own_frames(error):
    root = os.path.dirname(fg.__file__)
    return [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(root)]


@pytest.mark.parametrize(
    "run", [lambda f: fg.grad(f)(X), lambda f: fg.jit(f)(X), lambda f: fg.vmap(f)(X[None]),
            lambda f: fg.jit(fg.grad(fg.checkpoint(f)))(X), lambda f: fg.jvp(f, (X,), (X,)),
            lambda f: lax.map(f, X[None]), lambda f: fg.hessian(f)(X)],
)  # fmt: skip
def test_tracebacks_show_the_users_line_and_one_frame_of_ours(run):
    def f(x):
        return np.sum(np.sin(x) @ np.ones((7, 7)))

    with pytest.raises(ValueError, match="matmul") as info:
        run(f)
    frames = traceback.extract_tb(info.value.__traceback__)
    assert any(frame.name == "f" and frame.filename == __file__ for frame in frames)
    assert len(own_frames(info.value)) <= 1


def test_full_tracebacks_on_demand():
    code = """
        import numpy as np, funcgrad as fg
        fg.grad(lambda x: np.sum(x @ np.ones((7, 7))))(np.ones(3))
    """
    counts = {}
    for mode in ("short", "full"):
        env = {**os.environ, "FUNCGRAD_TRACEBACK": mode}
        out = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
        )
        counts[mode] = out.stderr.count(os.sep + "funcgrad" + os.sep)
    assert counts["short"] <= 1 < counts["full"]


def test_nothing_is_broken_after_an_error():
    """Raise inside every transformation, then use it normally."""

    def bad(x):
        raise KeyError("mine")

    wraps = [fg.grad, fg.jit, fg.vmap, fg.checkpoint, fg.jacfwd, fg.jacrev, fg.hessian,
             lambda f: lambda x: fg.jvp(f, (x,), (x,)), lambda f: lambda x: fg.vjp(f, x),
             lambda f: lambda x: fg.vmap(f, axis_name="i")(x), fg.make_jaxpr,
             lambda f: lambda x: lax.scan(lambda c, a: (f(a), a), 0.0, x),
             lambda f: lambda x: lax.while_loop(lambda c: True, f, x),
             lambda f: lambda x: fg.jit(lambda p: lax.cond(p, f, f, x))(True)]  # fmt: skip
    for wrap in wraps:
        with pytest.raises(KeyError, match="mine"):
            wrap(bad)(X)
        assert fg.grad(lambda x: np.sum(x**2))(X).tolist() == [2.0, 4.0, 6.0]
        assert fg.jit(lambda x: x + 1)(1.0) == 2.0
        with pytest.raises(NameError):
            lax.psum(1.0, "i")


@pytest.mark.parametrize(
    "call",
    [
        lambda: fg.random.normal(3, (2,)),
        lambda: fg.numpy.take(np.ones(3), 7),
        lambda: fg.numpy.array(["a", fg]).sum() + fg.numpy.full((-1,), 0.0),
        lambda: lax.pad(X, 0.0, [(-9, 0, 0)]),
        lambda: fg.ravel_pytree({"a": X})[1](np.ones(7)),
    ],
)
def test_plain_calls_show_one_frame_of_ours(call):
    with pytest.raises((TypeError, ValueError, IndexError)) as info:
        call()
    assert len(own_frames(info.value)) <= 1
