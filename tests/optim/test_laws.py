"""Laws of all optimizers: jit, vmap, scan, dtypes, containers, derivatives, purity."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from optim.table import OPTIMIZERS, RESTLESS, loss, params_of

import funcgrad as fg
from funcgrad import optim, tree

ALL = pytest.mark.parametrize("name", OPTIMIZERS)


def step_of(tx):
    def step(params, state):
        grads = fg.grad(loss)(params)
        updates, state = tx.update(grads, state, params)
        return optim.apply_updates(params, updates), state

    return step


def assert_same(found, expected, rtol, atol=0.0):
    assert tree.structure(found) == tree.structure(expected)
    for a, b in zip(tree.leaves(found), tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def dtypes(x):
    return [np.result_type(leaf) for leaf in tree.leaves(x)]


@ALL
def test_jit_equals_eager_and_traces_once(name):
    tx, traces = OPTIMIZERS[name], []

    def step(params, state):
        traces.append(1)
        return step_of(tx)(params, state)

    jitted = fg.jit(step)
    params = params_of(np.float64)
    state = tx.init(params)
    eager, compiled = (params, state), (params, state)
    for _ in range(5):
        eager = step_of(tx)(*eager)
        compiled = jitted(*compiled)
    assert len(traces) == 1
    assert_same(compiled, eager, rtol=1e-9, atol=1e-12)


@ALL
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_stay(name, dtype):
    tx, params = OPTIMIZERS[name], params_of(dtype)
    state = tx.init(params)
    eager = step_of(tx)(*step_of(tx)(params, state))
    jitted = fg.jit(step_of(tx))(*fg.jit(step_of(tx))(params, state))
    replicas = tree.map(lambda p: np.stack([p, 2 * p]), params)
    batched = fg.vmap(step_of(tx))(replicas, fg.vmap(tx.init)(replicas))
    batched = fg.jit(fg.vmap(step_of(tx)))(*batched)
    for new, new_state in (eager, jitted, batched):
        assert set(dtypes(new)) == {np.dtype(dtype)}
        assert tree.structure(new) == tree.structure(params)
        assert tree.structure(new_state) == tree.structure(state)
        assert dtypes(new_state) == dtypes(state)
    for row, one in enumerate((params, tree.map(lambda p: 2 * p, params))):
        alone = step_of(tx)(*step_of(tx)(one, tx.init(one)))
        found = tree.map(lambda p, row=row: p[row], batched[0])
        tolerance = 2e-5 if dtype is np.float32 else 1e-9
        assert_same(found, alone[0], rtol=20 * tolerance, atol=tolerance)


@ALL
def test_runs_in_scan(name):
    tx, params = OPTIMIZERS[name], params_of(np.float32)
    start = (params, tx.init(params))
    (found, _), _ = fg.lax.scan(lambda c, _: (step_of(tx)(*c), None), start, length=4)
    expected = start
    for _ in range(4):
        expected = step_of(tx)(*expected)
    assert_same(found, expected[0], rtol=4e-4, atol=2e-5)


@ALL
def test_inputs_are_unchanged(name):
    tx, params = OPTIMIZERS[name], params_of(np.float64)
    state = tx.init(params)
    for _ in range(2):
        before = copy.deepcopy((params, state))
        new = step_of(tx)(params, state)
        assert_same((params, state), before, rtol=0)
        params, state = new


@ALL
def test_converges_on_parabolas(name):
    tx, params = OPTIMIZERS[name], params_of(np.float64)
    step = fg.jit(step_of(tx))
    state = tx.init(params)
    for _ in range(400):
        params, state = step(params, state)
    distance = max(np.max(np.abs(leaf - 0.5)) for leaf in tree.leaves(params))
    assert distance < RESTLESS.get(name, 0.02)


@ALL
def test_states_are_arrays_and_numbers(name):
    for leaf in tree.leaves(OPTIMIZERS[name].init(params_of(np.float64))):
        assert isinstance(leaf, np.ndarray | np.generic | int | float)


@ALL
def test_init_under_jit(name):
    tx, params = OPTIMIZERS[name], params_of(np.float32)
    state, jitted = tx.init(params), fg.jit(tx.init)(params)
    assert_same(jitted, state, rtol=0)
    assert dtypes(jitted) == dtypes(state)


@ALL
def test_extra_keywords_are_ignored(name):
    tx, params = OPTIMIZERS[name], params_of(np.float64)
    grads = fg.grad(loss)(params)
    plain = tx.update(grads, tx.init(params), params)
    extra = tx.update(grads, tx.init(params), params, value=1.0, anything="else")
    assert_same(extra, plain, rtol=0)


SMOOTH = {
    "sgd": optim.sgd,
    "momentum": lambda r: optim.sgd(r, momentum=0.9),
    "adagrad": optim.adagrad,
    "adadelta": optim.adadelta,
    "rmsprop": lambda r: optim.rmsprop(r, initial_scale=1.0),
    "adam": optim.adam,
    "adamw": optim.adamw,
    "nadam": optim.nadam,
    "radam": lambda r: optim.radam(r, b2=0.9),
    "adabelief": lambda r: optim.adabelief(r, eps_root=1e-4),
    "yogi": optim.yogi,
    "lamb": optim.lamb,
    "lars": lambda r: optim.lars(r, trust_coefficient=1.0),
    "novograd": optim.novograd,
    "adan": optim.adan,
    "adafactor": lambda r: optim.adafactor(r, min_dim_size_to_factor=2),
    "muon": optim.muon,
    "amsgrad": optim.amsgrad,
    "lbfgs": lambda r: optim.lbfgs(r, linesearch=None),
    "clipped": lambda r: optim.chain(optim.clip_by_global_norm(0.5), optim.sgd(r)),
    "scheduled": lambda r: optim.sgd(optim.exponential_decay(r, 2, 0.5), momentum=r),
    "lookahead": lambda r: optim.lookahead(optim.adam(r), 2, r),
    "accumulate": lambda r: optim.accumulate(optim.sgd(r), 2),
    "injected": lambda r: optim.inject_hyperparams(optim.adam)(r, b1=r),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_unrolled_steps_are_differentiable(name):
    start = {"w": np.array([[1.0, -0.4], [0.3, 0.9], [-0.8, 0.2]]), "b": np.array([0.6, -1.1])}

    def objective(p):
        return np.sum(np.cos(p["w"]) * p["w"] ** 2) + np.sum((p["b"] - 0.2) ** 4)

    def after_three_steps(rate, params):
        tx = SMOOTH[name](rate)
        state = tx.init(params)
        for _ in range(3):
            updates, state = tx.update(fg.grad(objective)(params), state, params)
            params = optim.apply_updates(params, updates)
        return objective(params)

    fg.testing.check_grads(after_three_steps, (0.05, start), modes=("fwd", "rev"), directions=1)


def test_a_step_compiles_to_few_operations():
    """Adam with its learning rate: 13 array operations for a leaf, and 4 that bound squares."""
    tx, x = optim.adam(0.1), np.ones((50, 50))

    def step(x, state, g):
        updates, state = tx.update(g, state)
        return optim.apply_updates(x, updates), state

    jaxpr = fg.make_jaxpr(step)(x, tx.init(x), x)
    assert str(jaxpr).count("f64[50,50]") - 4 <= 17


def test_a_model_of_python_numbers_can_be_trained():
    tx, x = optim.adam(0.1), 2.0
    state = tx.init(x)
    for _ in range(300):
        updates, state = tx.update(fg.grad(lambda x: (x - 1) ** 2)(x), state)
        x = optim.apply_updates(x, updates)
    assert abs(x - 1) < 1e-3


def test_a_population_of_learning_rates_is_trained_at_once():
    rates = np.array([0.01, 0.1, 0.5])

    def train(rate):
        tx = optim.sgd(rate)
        x = np.float64(1.0)
        state = tx.init(x)
        for _ in range(3):
            updates, state = tx.update(x, state)
            x = optim.apply_updates(x, updates)
        return x

    np.testing.assert_allclose(fg.jit(fg.vmap(train))(rates), (1 - rates) ** 3)


def test_complex_parameters():
    target = np.array([1 + 2j, -0.5j])
    for tx in (optim.sgd(0.1, momentum=0.5), optim.adam(0.1), optim.rmsprop(0.05),
               optim.chain(optim.clip_by_global_norm(0.5), optim.sgd(0.2))):  # fmt: skip
        z = np.zeros(2, np.complex128)
        state = tx.init(z)
        for _ in range(300):
            grads = np.conj(fg.grad(lambda z: np.sum(np.abs(z - target) ** 2))(z))
            updates, state = tx.update(grads, state, z)
            z = optim.apply_updates(z, updates)
        assert z.dtype == np.complex128
        np.testing.assert_allclose(z, target, atol=0.03)
    assert optim.adam(0.1).init(z)[0].nu.dtype == np.float64
