"""Schedules by their closed forms, and hyper-parameters that are schedules or in the state."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import optim
from funcgrad.errors import ShapeError

COUNTS = np.arange(25)

CLOSED_FORMS = {
    "constant": (optim.constant_schedule(0.3), lambda n: 0.3),
    "linear": (
        optim.linear_schedule(1.0, 0.2, 8, transition_begin=3),
        lambda n: 1.0 if n < 3 else 0.2 if n > 11 else 1 - 0.8 * (n - 3) / 8,
    ),
    "polynomial": (
        optim.polynomial_schedule(0.1, 1.0, 3, 10),
        lambda n: 1 - 0.9 * (1 - min(n, 10) / 10) ** 3,
    ),
    "exponential": (optim.exponential_decay(2.0, 5, 0.5), lambda n: 2 * 0.5 ** (n / 5)),
    "staircase": (
        optim.exponential_decay(2.0, 5, 0.5, 2, True, 0.3),
        lambda n: max(2 * 0.5 ** max((n - 2) // 5, 0), 0.3),
    ),
    "growth": (
        optim.exponential_decay(1.0, 2, 1.5, end_value=4.0),
        lambda n: min(1.5 ** (n / 2), 4.0),
    ),
    "cosine": (
        optim.cosine_decay_schedule(2.0, 12, alpha=0.1),
        lambda n: 2 * (0.9 * (1 + math.cos(math.pi * min(n, 12) / 12)) / 2 + 0.1),
    ),
    "piecewise_constant": (
        optim.piecewise_constant_schedule(1.0, {10: 0.5, 4: 0.1}),
        lambda n: 1.0 if n < 4 else 0.1 if n < 10 else 0.05,
    ),
    "piecewise_linear": (
        optim.piecewise_interpolate_schedule("linear", 1.0, {5: 2.0, 10: 0.25}),
        lambda n: 1 + n / 5 if n < 5 else 0.5 if n > 10 else 2 - 1.5 * (n - 5) / 5,
    ),
    "warmup_constant": (optim.warmup_constant_schedule(0.0, 1.0, 4), lambda n: min(n / 4, 1)),
    "warmup_cosine": (
        optim.warmup_cosine_decay_schedule(0.0, 1.0, 5, 20, 0.1),
        lambda n: (
            n / 5 if n < 5 else 0.1 + 0.9 * (1 + math.cos(math.pi * min(n - 5, 15) / 15)) / 2
        ),
    ),
    "warmup_exponential": (
        optim.warmup_exponential_decay_schedule(0.0, 1.0, 5, 2, 0.5),
        lambda n: n / 5 if n < 5 else 0.5 ** ((n - 5) / 2),
    ),
    "inverse_root": (
        optim.warmup_inverse_sqrt_schedule(2.0, 4),
        lambda n: n / 2 if n < 4 else 2 * math.sqrt(4 / n),
    ),
    "restarts": (
        optim.sgdr_schedule(
            [{"init_value": 1.0, "peak_value": 1.0, "warmup_steps": 0, "decay_steps": d}
             for d in (4, 8)]
        ),
        lambda n: (
            (1 + math.cos(math.pi * n / 4)) / 2
            if n < 4
            else (1 + math.cos(math.pi * min(n - 4, 8) / 8)) / 2
        ),
    ),
    "linear_onecycle": (
        optim.linear_onecycle_schedule(20, 1.0, 0.25, 0.75, 10.0, 100.0),
        lambda n: np.interp(n, [0, 5, 15, 20], [0.1, 1.0, 0.1, 0.001]),
    ),
    "cosine_onecycle": (
        optim.cosine_onecycle_schedule(20, 1.0, 0.25, 10.0, 100.0),
        lambda n: (
            0.1 + 0.9 * (1 - math.cos(math.pi * n / 5)) / 2
            if n < 5
            else 0.001 + 0.999 * (1 + math.cos(math.pi * min(n - 5, 15) / 15)) / 2
        ),
    ),
    "joined": (
        optim.join_schedules([lambda n: 10.0 + n, lambda n: 20.0 + n, lambda n: 30.0 + n], [3, 7]),
        lambda n: 10.0 + n if n < 3 else 20.0 + n - 3 if n < 7 else 30.0 + n - 7,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_forms(name):
    schedule, formula = CLOSED_FORMS[name]
    expected = [formula(n) for n in COUNTS.tolist()]
    np.testing.assert_allclose(
        [schedule(n) for n in COUNTS.tolist()], expected, rtol=1e-13, atol=1e-16
    )
    np.testing.assert_allclose(
        np.broadcast_to(schedule(COUNTS), 25), expected, rtol=1e-13, atol=1e-16
    )
    jitted = fg.jit(schedule)
    np.testing.assert_allclose(
        [jitted(n) for n in COUNTS.tolist()], expected, rtol=1e-13, atol=1e-16
    )
    np.testing.assert_allclose(fg.vmap(schedule)(COUNTS), expected, rtol=1e-13, atol=1e-16)


def test_cosine_is_exact_at_its_ends():
    schedule = optim.cosine_decay_schedule(0.7, 9)
    assert schedule(0) == 0.7
    assert schedule(9) == schedule(10**9) == 0
    assert optim.linear_schedule(0.3, 0.1, 7)(7) == 0.1
    assert optim.linear_schedule(0.3, 0.1, 7)(0) == 0.3


def test_schedules_are_differentiable_in_their_values():
    def total(peak, end):
        schedule = optim.warmup_cosine_decay_schedule(0.1, peak, 3, 9, end)
        return np.sum(schedule(COUNTS))

    fg.testing.check_grads(total, (1.3, 0.2), modes=("fwd", "rev"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.linear_schedule(1.0, 0.0, -1), "transition_steps must be a number that is"),
        (lambda: optim.linear_schedule(1.0, 0.0, 3, -1), "transition_begin must be"),
        (lambda: optim.exponential_decay(1.0, 3, -0.5), "decay_rate must not be negative"),
        (lambda: optim.cosine_decay_schedule(1.0, 0), "decay_steps must be a number that is posit"),
        (lambda: optim.warmup_cosine_decay_schedule(0.0, 1.0, 5, 5), "must be more than warmup"),
        (lambda: optim.join_schedules([], [1]), "need -1 boundaries"),
        (lambda: optim.piecewise_constant_schedule(1.0, {3: -1.0}), "scales must not be negative"),
        (lambda: optim.piecewise_interpolate_schedule("cubic", 1.0), "'linear' or 'cosine'"),
        (lambda: optim.linear_onecycle_schedule(0, 1.0), "transition_steps must be positive"),
        (lambda: optim.cosine_onecycle_schedule(-2, 1.0), "transition_steps must be positive"),
        (lambda: optim.warmup_inverse_sqrt_schedule(1.0, 0), "warmup_steps must be positive"),
        (lambda: optim.sgdr_schedule([]), "at least one cycle"),
    ],
)
def test_wrong_schedules(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_constants_of_zero_length():
    for schedule in (
        optim.linear_schedule(0.4, 1.0, 0),
        optim.exponential_decay(0.4, 0, 0.5),
        optim.exponential_decay(0.4, 3, 0),
    ):
        assert schedule(0) == schedule(100) == 0.4


def updates_of(tx, gradients, params, jit):
    update = fg.jit(tx.update) if jit else tx.update
    state, made = tx.init(params), []
    for g in gradients:
        u, state = update(g, state, params)
        made.append(u)
    return np.array(made), state


@pytest.mark.parametrize("jit", [False, True])
def test_the_learning_rate_is_a_schedule_of_updates_made_before(jit):
    schedule = optim.exponential_decay(0.5, 1, 0.5)
    made, state = updates_of(optim.sgd(schedule), np.ones((4, 1)), np.zeros(1), jit)
    np.testing.assert_array_equal(made[:, 0], [-0.5, -0.25, -0.125, -0.0625])
    assert optim.tree_get(state, "learning_rate") == 0.0625
    assert optim.tree_get(state, "count") == 4


# Each hyper-parameter that is a number, of each piece, as a schedule of one constant.
HYPERPARAMETERS = {
    optim.adamw: {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "eps_root": 1e-3, "weight_decay": 0.1},
    optim.adamax: {"b1": 0.8, "b2": 0.95, "eps": 1e-3},
    optim.amsgrad: {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "eps_root": 1e-3},
    optim.radam: {"b1": 0.8, "b2": 0.9, "eps": 1e-3, "threshold": 4.5},
    optim.adabelief: {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "eps_root": 1e-3},
    optim.yogi: {"b1": 0.8, "b2": 0.95, "eps": 1e-3},
    optim.adan: {"b1": 0.8, "b2": 0.95, "b3": 0.7, "eps": 1e-3},
    optim.lamb: {"b1": 0.8, "weight_decay": 0.1},
    optim.lars: {"weight_decay": 0.1, "trust_coefficient": 0.1, "eps": 0.1, "momentum": 0.8},
    optim.lion: {"b1": 0.8, "b2": 0.7, "weight_decay": 0.1},
    optim.sgd: {"momentum": 0.8},
    optim.noisy_sgd: {"eta": 0.1, "gamma": 0.3},
    optim.adagrad: {"initial_accumulator_value": 0.3, "eps": 1e-3},
    optim.adadelta: {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
    optim.rmsprop: {"decay": 0.8, "eps": 1e-3, "initial_scale": 0.1, "momentum": 0.5},
    optim.adafactor: {"decay_rate": 0.7, "clipping_threshold": 0.8, "momentum": 0.5,
                      "weight_decay_rate": 0.1, "eps": 1e-3},
    optim.rprop: {"eta_minus": 0.4, "eta_plus": 1.3, "min_step_size": 0.05, "max_step_size": 0.2},
    optim.novograd: {"b1": 0.8, "b2": 0.3, "eps": 1e-3, "weight_decay": 0.1},
    optim.sm3: {"momentum": 0.5},
    optim.muon: {"beta": 0.8, "weight_decay": 0.1, "adam_b1": 0.7, "consistent_rms": 0.2},
    optim.optimistic_gradient_descent: {"alpha": 0.7, "beta": 0.3},
}  # fmt: skip


@pytest.mark.parametrize("factory", HYPERPARAMETERS, ids=lambda f: f.__name__)
def test_every_hyperparameter_may_be_a_schedule(factory):
    rng = np.random.default_rng(0)
    gradients, params = rng.normal(size=(4, 3, 2)), rng.normal(size=(3, 2))
    values = {"learning_rate": 0.1} | HYPERPARAMETERS[factory]
    if factory is optim.muon:
        values.pop("consistent_rms")
    expected, _ = updates_of(factory(**values), gradients, params, jit=False)
    schedules = {k: optim.constant_schedule(v) for k, v in values.items()}
    for jit in (False, True):
        found, state = updates_of(factory(**schedules), gradients, params, jit)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)
        for key, value in HYPERPARAMETERS[factory].items():
            if factory in (optim.adamw, optim.sgd, optim.lion) and key != "momentum":
                assert optim.tree_get(state, key) == value
    params32 = params.astype(np.float32)
    found, _ = updates_of(factory(**schedules), gradients.astype(np.float32), params32, jit=True)
    assert found.dtype == np.float32


def test_a_scheduled_hyperparameter_changes():
    tx = optim.trace(optim.piecewise_constant_schedule(0.5, {2: 0.0}))
    made, state = updates_of(tx, np.ones((4, 1)), np.zeros(1), jit=True)
    np.testing.assert_array_equal(made[:, 0], [1.0, 1.5, 1.0, 1.0])
    assert state.hyperparams == {"decay": 0.0}


def test_inject_hyperparams_reads_the_state():
    tx = optim.inject_hyperparams(optim.adamw)(learning_rate=0.1, b1=optim.linear_schedule(0, 1, 4))
    params = np.ones(2)
    state = tx.init(params)
    assert state.hyperparams["learning_rate"] == 0.1
    assert state.hyperparams["weight_decay"] == 1e-4
    assert optim.tree_get(state, "learning_rate") == 0.1
    update = fg.jit(tx.update)
    first, state = update(np.ones(2), state, params)
    assert state.hyperparams["b1"] == 0
    state.hyperparams["learning_rate"] = np.float64(0.01)
    second, state = update(np.ones(2), state, params)
    np.testing.assert_allclose(first, [-0.1, -0.1], rtol=2e-4)
    corrected = 1 / (1 - 0.25**2)  # the mean is 1
    np.testing.assert_allclose(second, [-0.01 * corrected] * 2, rtol=2e-4)
    assert state.hyperparams["b1"] == 0.25
    assert state.count == 2


def test_inject_hyperparams_over_a_population():
    tx = optim.inject_hyperparams(optim.sgd)(learning_rate=1.0)
    state = tx.init(np.zeros(2))
    rates = np.array([0.1, 0.2])

    def one(rate, g):
        hyperparams = state.hyperparams | {"learning_rate": rate}
        return tx.update(g, state._replace(hyperparams=hyperparams))[0]

    np.testing.assert_allclose(fg.vmap(one, (0, None))(rates, np.ones(2)), [[-0.1] * 2, [-0.2] * 2])


def test_inject_hyperparams_passes_sizes_and_static_arguments_on():
    made = optim.inject_hyperparams(optim.lbfgs, static_args="scale_init_precond")
    state = made(learning_rate=1, memory_size=3, linesearch=None).init(np.zeros(2))
    assert set(state.hyperparams) == {"learning_rate"}
    assert optim.tree_get(state, "weights_memory").shape == (3,)
    masked = optim.inject_hyperparams(optim.adamw, static_args=("mask",))
    tx = masked(0.1, mask=lambda params: {"w": True, "b": False})
    params = {"w": np.ones(1), "b": np.ones(1)}
    assert "mask" not in tx.init(params).hyperparams
    single = optim.inject_hyperparams(optim.sgd, hyperparam_dtype=np.float32)(0.1, momentum=0.5)
    assert {v.dtype for v in single.init(params).hyperparams.values()} == {np.dtype(np.float32)}
    with pytest.raises(ValueError, match="sgd has no argument 'rate'"):
        optim.inject_hyperparams(optim.sgd, static_args="rate")


def test_tree_get():
    tx = optim.chain(optim.clip(1.0), optim.sgd(0.1, momentum=0.9))
    state = tx.init({"w": np.zeros(2)})
    assert optim.tree_get(state, "learning_rate") == 0.1
    np.testing.assert_array_equal(optim.tree_get(state, "trace")["w"], np.zeros(2))
    assert optim.tree_get(state, "nothing") is None
    assert optim.tree_get(state, "nothing", default=3) == 3
    two = optim.multi_transform({"a*": optim.sgd(0.1), "*": optim.sgd(0.2)})
    state = two.init({"a": 0.0, "b": 0.0})
    with pytest.raises(KeyError, match=r"'learning_rate' is there 2 times: inner_states/a\*/inner"):
        optim.tree_get(state, "learning_rate")
    assert optim.tree_get(state, "learning_rate", filtering=lambda path, _: "*" in path) == 0.2


def test_wrong_hyperparameters():
    with pytest.raises(TypeError, match="learning_rate must be a number or a schedule; got 'fast'"):
        optim.sgd("fast")
    with pytest.raises(ShapeError, match=r"learning_rate must be a scalar; got f64\[2\]. .*vmap"):
        optim.sgd(np.ones(2))
    with pytest.raises(TypeError, match="scale_by_adam: b1 must be a number or a schedule; got No"):
        optim.adam(0.1, b1=None)
    with pytest.raises(TypeError, match="scale_by_adam: b2 must be a number or a schedule; got"):
        optim.adam(0.1, b2=lambda count: "x").init(np.zeros(1))
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        optim.clip()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="threshold must be at least 4; got 3"):
        optim.radam(0.1, threshold=3)


def test_schedules_decay_between_their_ends():
    for schedule in (optim.cosine_decay_schedule(1.0, 20), optim.exponential_decay(1.0, 3, 0.9)):
        values = [float(schedule(n)) for n in range(21)]
        assert all(a > b for a, b in pairwise(values))
