"""What users keep can be pickled and copied where their functions can."""

import copy
import pickle
import subprocess
import sys
import textwrap

import cloudpickle
import numpy as np
import pytest
from nn.test_layers import LAYERS
from numpy.testing import assert_array_equal
from optim.table import OPTIMIZERS

import funcgrad as fg
from funcgrad import lax, nn, optim

W = np.array([0.3, -0.2])
KEY = fg.random.key(0)


def loss(w, scale=2.0):
    return np.sum(np.tanh(w * scale) ** 2)


def tree_loss(p):
    return loss(p["a"]) * p["b"][0]


@fg.jit
def jitted(w):
    return np.sum(w**3)


@fg.grad
def slope(w):
    return np.sum(w**2)


@fg.custom_jvp
def ten_times(x):
    return np.sin(x)


ten_times.defjvp(lambda p, t: (ten_times(*p), 10 * np.cos(p[0]) * t[0]))


@fg.custom_vjp
def backwards(x):
    return np.sin(x)


backwards.defvjp(lambda x: (backwards(x), x), lambda x, ct: (-ct * np.cos(x),))


def loop(w):
    return lax.while_loop(lambda c: c < 3, lambda c: c + np.sum(w) + 1, 0.0)


FUNCTIONS = {
    "jit, decorated": jitted,
    "jit": fg.jit(loss),
    "jit, static": fg.jit(loss, static_argnames="scale"),
    "grad": fg.grad(loss),
    "grad, decorated": slope,
    "value_and_grad": fg.value_and_grad(loss),
    "jit of grad": fg.jit(fg.grad(loss)),
    "vmap of grad": fg.vmap(fg.grad(ten_times)),
    "vmap of jit": fg.vmap(jitted),
    "grad of checkpoint": fg.grad(fg.checkpoint(loss)),
    "jacfwd": fg.jacfwd(np.sin),
    "jacrev": fg.jacrev(ten_times),
    "hessian": fg.hessian(loss),
    "custom_jvp": ten_times,
    "custom_vjp": backwards,
    "stabilize": fg.stabilize(loss),
    "accuracy": lambda: fg.accuracy(loss),
    "linear_transpose": fg.linear_transpose(np.negative, W),
    "pullback": lambda: _of_one(fg.vjp(loss, W)[1]),
    "Partial": fg.Partial(loss, scale=3.0),
    "schedule": optim.join_schedules(
        [optim.constant_schedule(0.1), optim.cosine_decay_schedule(1.0, 5)], [3]
    ),
    "initializer": nn.initializers.normal(0.1),
    "executable": fg.jit(loss).lower(W).compile(),
}


def _of_one(pull):
    return pull


def called(f, name):
    argument = {"pullback": 1.0, "schedule": 4}.get(name, W)
    if name == "initializer":
        return f(KEY, (2,))
    if name == "accuracy":
        return str(f(argument))
    return f(argument)


def same(a, b):
    xs, ys = fg.tree.leaves(a), fg.tree.leaves(b)
    assert fg.tree.structure(a) == fg.tree.structure(b)
    for x, y in zip(xs, ys, strict=True):
        assert_array_equal(x, y)


def both_ways(x):
    try:
        again = pickle.loads(pickle.dumps(x))
    except pickle.PicklingError as error:
        assert "<lambda>" in str(error)  # noqa: PT017  the user's function cannot be pickled
        again = cloudpickle.loads(cloudpickle.dumps(x))
    return again, copy.copy(x), copy.deepcopy(x)


def made(name):
    f = FUNCTIONS[name]
    return f() if getattr(f, "__name__", "") == "<lambda>" and name not in ("schedule",) else f


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())
    f = made(name)
    expected = called(f, name)  # before it is pickled: jitted functions have a program by then
    for again in both_ways(f):
        same(called(again, name), expected)


def _this_module():
    module = type(sys)(__name__)
    module.__dict__.update(globals())
    return module


@pytest.mark.parametrize(
    "pull",
    [
        lambda: fg.vjp(loss, W), lambda: fg.vjp(tree_loss, {"a": W, "b": [2.0]}),
        lambda: fg.vjp(loop, W), lambda: fg.linearize(loss, W), lambda: fg.linearize(loop, W),
        lambda: fg.vjp(lambda x: np.sum(backwards(x)), W), lambda: fg.vjp(jitted, W),
    ],
)  # fmt: skip
def test_pullbacks_and_pushforwards(pull):
    _, f = pull()
    argument = W if type(f).__name__ == "Pushforward" else 1.0
    expected = f(argument)
    for again in both_ways(f):
        same(again(argument), expected)


@pytest.mark.parametrize("fun", [loss, loop, jitted, lambda w: np.sort(w * np.arange(2.0))])
def test_jaxprs(fun):
    jaxpr = fg.make_jaxpr(fun)(W)
    for again in both_ways(jaxpr):
        assert repr(again) == repr(jaxpr)
        same(again(W), jaxpr(W))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    params = {"w": W, "b": np.ones((3, 2))}
    for again in both_ways(OPTIMIZERS[name]):
        state, expected = again.init([W, W, [W], W]), OPTIMIZERS[name].init([W, W, [W], W])
        same(state, expected)
    del params


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer, shape = LAYERS[name]
    expected = layer.init(KEY, shape, float)
    for again in both_ways(layer):
        assert repr(again) == repr(layer)
        same(again.init(KEY, shape, float), expected)


SPAWNED = """
import multiprocessing
import sys

import cloudpickle
import numpy as np

import funcgrad as fg
from funcgrad import nn, optim


@fg.jit
def decorated(w):
    return np.sum(w**2)


@fg.custom_jvp
def ten_times(x):
    return np.sin(x)


ten_times.defjvp(lambda p, t: (ten_times(*p), 10 * t[0]))


def loss(w):
    return np.sum(ten_times(w) ** 2)


def use(text):
    f = cloudpickle.loads(text)
    return np.asarray(f(np.array([0.3, 0.1]))).tolist()


def plainly(f):
    return np.asarray(f(np.array([0.3, 0.1]))).tolist()


def start(tx):
    return len(fg.tree.leaves(tx.init(np.ones(2))))


if __name__ == "__main__":
    x = np.array([0.3, 0.1])
    functions = [decorated, fg.jit(loss), fg.grad(loss), fg.jit(fg.grad(loss)), fg.vmap(ten_times)]
    functions += [fg.hessian(loss), fg.checkpoint(loss), lambda w: fg.grad(decorated)(w)]
    expected = [np.asarray(f(x)).tolist() for f in functions]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(plainly, functions[:-1]) == expected[:-1]
        assert pool.map(use, [cloudpickle.dumps(f) for f in functions]) == expected
        tx = optim.chain(optim.clip_by_global_norm(1.0), optim.adam(optim.constant_schedule(0.1)))
        assert pool.map(start, [tx]) == [start(tx)]
    print("done")
"""


def test_other_processes(tmp_path):
    script = tmp_path / "spawned_program.py"
    script.write_text(textwrap.dedent(SPAWNED))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "done\n", done.stderr


def test_cloudpickle_takes_functions_of_main_along(tmp_path):
    first = tmp_path / "first.py"
    body = textwrap.dedent(SPAWNED).partition("if __name__")[0]
    first.write_text(
        body + "open(sys.argv[1], 'wb').write(cloudpickle.dumps([decorated, fg.grad(loss)]))\n"
    )
    target = tmp_path / "functions.pickle"
    subprocess.run([sys.executable, str(first), str(target)], check=True, timeout=120)
    square, gradient = cloudpickle.loads(target.read_bytes())
    assert square(np.array([3.0])) == 9.0
    assert_array_equal(gradient(np.zeros(1)), [0.0])
    assert gradient(np.ones(1))[0] == 20 * np.sin(1.0)


def test_traced_values_are_refused():
    def f(x):
        pickle.dumps(fg.Partial(loss, x))
        return x

    with pytest.raises(fg.errors.TracerError, match="cannot be pickled"):
        fg.grad(f)(1.0)
