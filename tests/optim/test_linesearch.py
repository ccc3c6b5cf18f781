"""Line searches: the conditions that they promise, and L-BFGS against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

import funcgrad as fg
from funcgrad import optim, tree


def rosenbrock(x):
    return np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2)


def quartic(x):
    return np.sum((x - np.arange(1.0, 4.0)) ** 4) + 0.1 * np.sum(x**2)


def wavy(x):
    return np.sum(x**2) + np.sum(np.sin(5 * x))


def minimise(tx, f, x, steps, jit=True):
    """The path of points, and the states."""
    value_and_grad = optim.value_and_grad_from_state(f)

    def step(x, state):
        value, grad = value_and_grad(x, state=state)
        updates, state = tx.update(grad, state, x, value=value, grad=grad, value_fn=f)
        return optim.apply_updates(x, updates), state

    step = fg.jit(step) if jit else step
    state, path, states = tx.init(x), [x], []
    for _ in range(steps):
        x, state = step(x, state)
        path.append(x)
        states.append(state)
    return path, states


@pytest.mark.parametrize("size", [2, 6])
def test_lbfgs_finds_what_scipy_finds(size):
    start = np.resize([-1.2, 1.0], size)
    path, _ = minimise(optim.lbfgs(), rosenbrock, start, 60)
    found = scipy.optimize.minimize(
        rosenbrock, start, jac=fg.grad(rosenbrock), method="L-BFGS-B", options={"ftol": 1e-15}
    )
    np.testing.assert_allclose(path[-1], found.x, atol=1e-5)
    np.testing.assert_allclose(path[-1], np.ones(size), atol=1e-9)
    # As many steps as SciPy's, about: the gradient is small after 1.5 times as many.
    there = path[min(int(1.5 * found.nit), 60)]
    assert np.linalg.norm(fg.grad(rosenbrock)(there)) < 1e-3


@pytest.mark.parametrize("f", [rosenbrock, quartic, wavy])
@pytest.mark.parametrize("curvature", [0.9, 0.1])
def test_steps_satisfy_the_strong_wolfe_conditions(f, curvature):
    search = optim.scale_by_zoom_linesearch(
        30, curv_rtol=curvature, approx_dec_rtol=None, initial_guess_strategy="one"
    )
    tx = optim.lbfgs(linesearch=search)
    path, states = minimise(tx, f, np.array([-1.2, 1.0, 0.7]), 8)
    gradient = fg.grad(f)
    for x, y, state in zip(path[:-1], path[1:], states, strict=True):
        slope, new_slope = gradient(x) @ (y - x), gradient(y) @ (y - x)
        if np.linalg.norm(gradient(x)) < 1e-6:
            break  # rounding decides from here on
        assert slope < 0
        assert f(y) <= f(x) + 1e-4 * slope + 1e-12 * abs(f(x))
        assert abs(new_slope) <= curvature * abs(slope) * (1 + 1e-9)
        info = optim.tree_get(state, "info")
        assert info.decrease_error == 0
        assert info.curvature_error == 0
        np.testing.assert_allclose(optim.tree_get(state, "value"), f(y), rtol=1e-12)
        grad = optim.tree_get(state, "grad")
        np.testing.assert_allclose(grad, gradient(y), rtol=1e-8, atol=1e-14)


def test_the_search_is_counted_and_reused():
    calls = []

    def counted(x):
        fg.debug.callback(lambda: calls.append(1))
        return quartic(x)

    path, states = minimise(optim.lbfgs(), counted, np.zeros(3), 6)
    evaluations = sum(int(optim.tree_get(s, "info").num_linesearch_steps) for s in states)
    assert len(calls) == evaluations + 1  # the one before the first search
    assert quartic(path[-1]) < quartic(path[0])


def test_lbfgs_eagerly_and_under_jit_without_retracing():
    traces = []

    def traced(x):
        traces.append(1)
        return rosenbrock(x)

    start = np.array([-1.2, 1.0])
    path, _ = minimise(optim.lbfgs(), traced, start, 12)
    number = len(traces)
    minimise(optim.lbfgs(), rosenbrock, start, 1)
    eager, _ = minimise(optim.lbfgs(), rosenbrock, start, 12, jit=False)
    np.testing.assert_allclose(path, eager, rtol=1e-6)
    again, _ = minimise(optim.lbfgs(), traced, start, 2)
    assert len(traces) == 2 * number  # traced once for each of the two jitted functions
    assert len(again) == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lbfgs_over_containers_keeps_dtypes(dtype):
    params = {"a": np.zeros((2, 3), dtype), "b": (np.ones(4, dtype), dtype(2.0))}

    def f(p):
        return np.sum((p["a"] - 1) ** 2) + 3 * np.sum((p["b"][0] + 2) ** 2) + (p["b"][1] - 3) ** 4

    path, states = minimise(optim.lbfgs(memory_size=4), f, params, 25)
    assert {x.dtype for x in tree.leaves(path[-1])} == {np.dtype(dtype)}
    assert [np.result_type(x) for x in tree.leaves(states[0])] == [
        np.result_type(x) for x in tree.leaves(states[-1])
    ]
    tolerance = 0.02 if dtype is np.float32 else 1e-4
    np.testing.assert_allclose(path[-1]["a"], 1, atol=tolerance)
    np.testing.assert_allclose(path[-1]["b"][0], -2, atol=tolerance)
    np.testing.assert_allclose(path[-1]["b"][1], 3, atol=50 * tolerance)


def test_lbfgs_over_replicas():
    starts = np.array([[-1.2, 1.0], [0.5, 2.0], [2.0, -1.0]])
    tx = optim.lbfgs()

    def solve(x):
        def step(carry, _):
            x, state = carry
            value, grad = fg.value_and_grad(rosenbrock)(x)
            updates, state = tx.update(grad, state, x, value=value, grad=grad, value_fn=rosenbrock)
            return (optim.apply_updates(x, updates), state), None

        return fg.lax.scan(step, (x, tx.init(x)), length=60)[0][0]

    np.testing.assert_allclose(fg.jit(fg.vmap(solve))(starts), np.ones((3, 2)), atol=1e-6)


def test_further_arguments_reach_the_function():
    def f(x, target, power=2):
        return np.sum((x - target) ** power)

    x, target = np.zeros(2), np.array([1.0, 2.0])
    tx = optim.lbfgs()
    state = tx.init(x)
    for _ in range(10):
        value, grad = fg.value_and_grad(f)(x, target)
        updates, state = tx.update(
            grad, state, x, value=value, grad=grad, value_fn=f, target=target, unknown=1
        )
        x = optim.apply_updates(x, updates)
    np.testing.assert_allclose(x, target, atol=1e-6)


@pytest.mark.parametrize("store", [False, True])
def test_backtracking_decreases_enough(store):
    search = optim.scale_by_backtracking_linesearch(40, slope_rtol=0.1, store_grad=store)
    tx, x = optim.chain(optim.sgd(1.0), search), np.array([-1.2, 1.0, 0.7])
    gradient = fg.grad(quartic)
    state = tx.init(x)
    for _ in range(30):
        g = gradient(x)
        updates, state = tx.update(g, state, x, value=quartic(x), grad=g, value_fn=quartic)
        y = x + updates
        rate = optim.tree_get(state, "learning_rate", filtering=lambda path, _: path[0] == 1)
        np.testing.assert_allclose(updates, -rate * g)
        assert quartic(y) <= quartic(x) + 0.1 * (g @ updates) + 1e-12
        x = y
        if store:
            np.testing.assert_allclose(state[1].grad, gradient(x))
    assert np.linalg.norm(gradient(x)) < 0.05


@pytest.mark.parametrize(
    "search", [optim.scale_by_backtracking_linesearch(3), optim.scale_by_zoom_linesearch(5)]
)
def test_where_the_function_is_not_finite_no_step_is_made(search):
    x, g = np.zeros(1), np.array([-1.0])
    updates, state = search.update(
        -g, search.init(x), x, value=np.float64(2.0), grad=g, value_fn=lambda x: np.sum(x * np.nan)
    )
    np.testing.assert_array_equal(updates, [0.0])
    assert state.learning_rate == 0


def test_steps_end_before_a_barrier():
    def barrier(x):
        inside = x < 1
        return np.sum(np.where(inside, -np.log(np.where(inside, 1 - x, 1.0)) - 3 * x, np.inf))

    x = np.zeros(1)
    value, grad = fg.value_and_grad(barrier)(x)
    search = optim.scale_by_zoom_linesearch(30, initial_guess_strategy="one")
    updates, state = search.update(
        -10 * grad, search.init(x), x, value=value, grad=grad, value_fn=barrier
    )
    assert 0 < updates[0] < 1
    assert state.info.decrease_error == 0
    assert state.info.num_linesearch_steps > 1


def test_errors():
    x = np.zeros(2)
    tx = optim.lbfgs()
    with pytest.raises(TypeError, match=r"needs value, value_fn: call update"):
        tx.update(x, tx.init(x), x, grad=x)
    with pytest.raises(ValueError, match="scale_by_lbfgs needs the parameters"):
        tx.update(x, tx.init(x))
    with pytest.raises(ValueError, match="initial_guess_strategy must be 'one' or 'keep'; got 1"):
        optim.scale_by_zoom_linesearch(10, initial_guess_strategy=1)
    with pytest.raises(ValueError, match="memory_size must be a positive integer; got 0"):
        optim.lbfgs(memory_size=0)
    with pytest.raises(ValueError, match="max_linesearch_steps must be a positive integer"):
        optim.scale_by_zoom_linesearch(1.5)
    with pytest.raises(TypeError, match=r"scale_by_lbfgs: the parameter at \['z'\] is complex128"):
        tx.init({"z": np.zeros(2, complex)})
    with pytest.raises(ValueError, match="no parameters"):
        tx.init({})
    search = optim.scale_by_backtracking_linesearch(10)
    with pytest.raises(ValueError, match="needs store_grad=True"):
        optim.value_and_grad_from_state(rosenbrock)(x, state=search.init(x))
