"""Values that cannot be meant are refused at once, by an error that names the argument."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn, optim, random, train
from funcgrad.errors import ShapeError, TracerError

KEY = random.key(0)
NAN, INF = float("nan"), float("inf")
X = np.array([[1.0, 2.0], [3.0, 4.0]])
LABELS = np.array([0, 1])

# Every optimizer with a learning rate; the others' ranges are those of the parts they are made of.
RATED = sorted(
    "adabelief adafactor adagrad adam adamax adamaxw adamw adadelta adan amsgrad lamb lars lbfgs "
    "lion muon nadam nadamw noisy_sgd novograd optimistic_gradient_descent radam rmsprop rprop sgd "
    "sign_sgd sm3 yogi".split()
)
WITHOUT = {"adafactor", "adadelta", "lbfgs"}  # None means no learning rate there


@pytest.mark.parametrize("name", RATED)
def test_learning_rates(name):
    make = getattr(optim, name)
    for bad in (-0.1, NAN, INF, np.float64(-1), np.nan):
        with pytest.raises(ValueError, match=r"learning_rate must be a finite number that is not"):
            make(bad)
    no_numbers: Any = ("0.1", [0.1]) if name in WITHOUT else ("0.1", [0.1], None)
    for bad in no_numbers:
        with pytest.raises(TypeError, match=r"learning_rate must be a number or a schedule"):
            make(bad)
    make(lambda count: -1.0)  # schedules are not checked by value
    fg.make_jaxpr(lambda rate: make(rate).init(np.ones((2, 2))))(0.1)


HYPERPARAMETERS: dict[str, Any] = {
    "adam": {"b1": (-0.1, 1.0, NAN), "b2": (1.5, NAN), "eps": (-1e-8, NAN), "eps_root": (-1.0,)},
    "amsgrad": {"b1": (1.0,), "eps": (-1.0,)},
    "adamax": {"b1": (2.0,), "b2": (-1.0,), "eps": (NAN,)},
    "adabelief": {"b1": (1.0,), "eps": (-1.0,), "eps_root": (-1.0,)},
    "yogi": {"b1": (1.0,), "b2": (1.0,), "eps": (-1.0,)},
    "radam": {"b1": (1.0,), "threshold": (NAN, 3.0)},
    "adan": {"b1": (1.0,), "b2": (1.0,), "b3": (-1.0,), "eps": (-1.0,)},
    "adamw": {"weight_decay": (-1.0, NAN)},
    "lamb": {"b1": (1.0,), "weight_decay": (-1.0,)},
    "lars": {"momentum": (-0.1, 1.1), "trust_coefficient": (-1.0,), "eps": (-1.0,)},
    "lion": {"b1": (-0.1, 1.1), "b2": (NAN,)},
    "sgd": {"momentum": (-0.1, 1.1, NAN)},
    "rmsprop": {"decay": (1.0, -0.1), "eps": (-1.0,), "momentum": (2.0,)},
    "adagrad": {"initial_accumulator_value": (-1.0,), "eps": (-1.0,)},
    "adadelta": {"rho": (-0.1, 1.1), "eps": (-1.0,)},
    "adafactor": {"decay_rate": (-1.0,), "clipping_threshold": (0.0, -1.0), "momentum": (1.0,),
                  "eps": (-1.0,)},
    "sm3": {"momentum": (1.0, -1.0)},
    "novograd": {"b1": (1.5,), "b2": (-0.5,), "eps": (-1.0,)},
    "rprop": {"eta_minus": (-0.5, 1.5), "eta_plus": (0.0,), "min_step_size": (-1.0,)},
    "noisy_sgd": {"eta": (-1.0,), "gamma": (NAN,)},
    "muon": {"beta": (1.0,), "eps": (-1.0,), "ns_steps": (0,)},
}  # fmt: skip


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_hyperparameters(name):
    for argument, values in HYPERPARAMETERS[name].items():
        for value in values:
            with pytest.raises(ValueError, match="must be"):
                getattr(optim, name)(0.1, **{argument: value})


CALLS: dict[str, tuple[Any, Any, str]] = {
    "clip": (lambda: optim.clip(-1.0), ValueError, "max_delta must be a positive"),
    "clip_by_norm": (lambda: optim.clip_by_norm(NAN), ValueError, "max_norm must be a positive"),
    "global": (lambda: optim.clip_by_global_norm(-1), ValueError, "max_norm must be a positive"),
    "block": (lambda: optim.clip_by_block_rms(0.0), ValueError, "threshold must be a positive"),
    "adaptive": (lambda: optim.adaptive_grad_clip(-0.1), ValueError, "clipping must be a positive"),
    "ema": (lambda: optim.ema(1.0), ValueError, "decay must be at least 0 and less than 1"),
    "trace": (lambda: optim.trace(1.5), ValueError, "decay must be from 0 to 1"),
    "noise": (lambda: optim.add_noise(-1.0, 0.5, 0), ValueError, "eta must be"),
    "lookahead": (
        lambda: optim.lookahead(optim.sgd(0.1), 2, 1.5),
        ValueError,
        "slow_step_size must be",
    ),
    "zoom": (
        lambda: optim.scale_by_zoom_linesearch(5, max_learning_rate=-1.0),
        ValueError,
        "max_learning_rate must be",
    ),
    "backtracking": (
        lambda: optim.scale_by_backtracking_linesearch(5, decrease_factor=1.5),
        ValueError,
        "decrease_factor must be",
    ),
    "chain": (lambda: optim.chain(0.1), TypeError, r"chain: .*got 0\.1"),
    "a factory": (lambda: optim.chain(optim.adam), TypeError, "chain: .*init and update"),
    "accumulate": (lambda: optim.accumulate(0.1, 2), TypeError, "accumulate: .*init and update"),
    "linear": (lambda: optim.linear_schedule(1.0, 0.0, -5), ValueError, "transition_steps"),
    "linear NaN": (lambda: optim.linear_schedule(NAN, 0.0, 5), ValueError, "init_value"),
    "cosine": (lambda: optim.cosine_decay_schedule(1.0, NAN), ValueError, "decay_steps"),
    "exponential": (lambda: optim.exponential_decay(1.0, 5, NAN), ValueError, "decay_rate"),
    "constant": (lambda: optim.constant_schedule(NAN), ValueError, "value must be finite"),
    "join": (
        lambda: optim.join_schedules([optim.constant_schedule(1.0)] * 3, [5, 2]),
        ValueError,
        "in order",
    ),
    "piecewise": (
        lambda: optim.piecewise_constant_schedule(1.0, {-3: 0.5}),
        ValueError,
        "not be negative",
    ),
    "onecycle": (
        lambda: optim.linear_onecycle_schedule(10, 1.0, 0.9, 0.5),
        ValueError,
        "pct_start",
    ),
    "warm-up": (
        lambda: optim.warmup_cosine_decay_schedule(0.0, 1.0, -1, 5),
        ValueError,
        "transition_steps",
    ),
    "one_hot": (lambda: nn.one_hot(LABELS, -1), ValueError, "num_classes must not be negative"),
    "dropout": (lambda: nn.dropout(KEY, X, 1.5), ValueError, "the rate must be"),
    "Dropout": (lambda: nn.Dropout(-0.1), ValueError, "the rate must be"),
    "Dropout NaN": (lambda: nn.Dropout(NAN), ValueError, "the rate must be"),
    "attention": (lambda: nn.MultiHeadAttention(2, dropout=1.5), ValueError, "the rate must be"),
    "labels": (
        lambda: nn.losses.softmax_cross_entropy_with_integer_labels(X, LABELS + 5),
        ValueError,
        "labels must be from 0 to 1",
    ),
    "top_k": (lambda: nn.metrics.top_k_accuracy(X, LABELS - 1), ValueError, "labels must be"),
    "smoothing": (
        lambda: nn.losses.softmax_cross_entropy(X, X, label_smoothing=1.5),
        ValueError,
        "label_smoothing must be from 0 to 1",
    ),
    "integer smoothing": (
        lambda: nn.losses.softmax_cross_entropy_with_integer_labels(
            X, LABELS, label_smoothing=-0.5
        ),
        ValueError,
        "label_smoothing must be from 0 to 1",
    ),
    "binary smoothing": (
        lambda: nn.losses.sigmoid_binary_cross_entropy(X, X, label_smoothing=NAN),
        ValueError,
        "label_smoothing must be from 0 to 1",
    ),
    "huber": (lambda: nn.losses.huber_loss(X, delta=-1.0), ValueError, "delta must be positive"),
    "momentum": (lambda: nn.BatchNorm(momentum=1.5), ValueError, "momentum must be from 0 to 1"),
    "epsilon": (lambda: nn.LayerNorm(epsilon=-1e-5), ValueError, "epsilon must not be negative"),
    "layer_norm": (lambda: nn.layer_norm({}, X, epsilon=-1.0), ValueError, "epsilon must not"),
    "groups": (lambda: nn.GroupNorm(0), ValueError, "groups must be a positive integer"),
    "Dense": (lambda: nn.Dense(0), ValueError, "Dense: features must be a positive integer"),
    "Dense float": (lambda: nn.Dense(2.5), ValueError, "Dense: features must be a positive"),
    "Conv": (lambda: nn.Conv(-1, 3), ValueError, "Conv: features must be a positive integer"),
    "Embedding": (lambda: nn.Embedding(0, 3), ValueError, "count must be a positive integer"),
    "LSTM": (lambda: nn.LSTM(-2), ValueError, "hidden must be a positive integer"),
    "heads": (lambda: nn.MultiHeadAttention(0), ValueError, "heads must be a positive integer"),
    "choice": (
        lambda: random.choice(KEY, 3, (2,), False, np.array([0.0, 1.0, 0.0])),
        ValueError,
        "cannot draw 2 different",
    ),
    "choice sign": (
        lambda: random.choice(KEY, 2, (2,), p=np.array([-1.0, 2.0])),
        ValueError,
        "not negative",
    ),
    "truncated": (lambda: random.truncated_normal(KEY, 2.0, 1.0), ValueError, "lower must not"),
    "truncated NaN": (lambda: random.truncated_normal(KEY, NAN, 1.0), ValueError, "lower must not"),
    "batches": (lambda: train.Batches(X, 2.5), TypeError, "size must be an integer"),
    "masked batches": (
        lambda: train.Batches(np.ma.masked_array(X), 2),
        TracerError,
        "batches: .*MaskedArray",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    call, error, message = CALLS[name]
    with pytest.raises(error, match=message):
        call()


def fit(**settings: Any) -> Any:
    given: dict[str, Any] = {"params": np.zeros(2), "optimizer": optim.sgd(0.1)} | settings
    return train.fit(
        lambda p, batch: np.mean((batch - p) ** 2), given.pop("params"), given.pop("optimizer"),
        train.Batches(X, 1), progress=False, **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": "3"}, TypeError, "epochs must be an integer; got '3'"),
        ({"epochs": 2.5}, TypeError, "epochs must be an integer"),
        ({"epochs": -1}, ValueError, "epochs >= 0; got -1"),
        ({"accumulate": 0}, ValueError, "accumulate >= 1; got 0"),
        ({"patience": -1}, ValueError, "patience >= 0"),
        ({"save_every": 0}, ValueError, "save_every >= 1"),
        ({"optimizer": 0.1}, TypeError, r"fit: .*init and update.*got 0\.1"),
        ({"params": np.ma.masked_array(np.zeros(2))}, TracerError, "MaskedArray"),
        ({"params": {"w": np.ones((1, 1)).view(np.matrix)}}, TracerError, "matrix"),
    ],
)  # fmt: skip
def test_fit(settings, error, message):
    with pytest.raises(error, match=message):
        fit(**settings)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", ["sgd", "adam", "adagrad", "muon", "lion", "sign_sgd", "lbfgs"])
def test_subclasses_of_arrays(name):
    """At the boundary of init, update and apply_updates."""
    tx = getattr(optim, name)(0.1) if name != "lbfgs" else optim.scale_by_lbfgs()
    w = np.ones((2, 2))
    state = tx.init(w)
    for strange in (np.ma.masked_array(w), np.matrix(w)):
        kind = type(strange).__name__
        with pytest.raises(TracerError, match=kind):
            tx.init({"w": strange})
        with pytest.raises(TracerError, match=kind):
            tx.update(strange, state, w)
        with pytest.raises(TracerError, match=kind):
            optim.apply_updates(w, strange)
        with pytest.raises(TracerError, match=kind):
            optim.apply_updates(strange, w)


STATEFUL = ("adam", "adagrad", "rmsprop", "adadelta", "adan", "novograd", "sm3", "rprop", "lion")


ANOTHER = r"update needs|a state of|needs an EmptyState"


@pytest.mark.parametrize("own", STATEFUL)
def test_states_of_other_optimizers(own):
    w = np.ones(2)
    tx = getattr(optim, own)(0.1)
    for other in (*STATEFUL, "sgd", "lars"):
        state = getattr(optim, other)(0.1).init(w)
        if other == own:
            continue
        with pytest.raises((TypeError, ValueError), match=ANOTHER):
            tx.update(w, state, w)
    for state in (None, (), w, {"count": 0}):
        with pytest.raises((TypeError, ValueError), match=ANOTHER):
            tx.update(w, state, w)
    with pytest.raises(TypeError, match=r"needs an EmptyState.*got a ScaleByAdamState"):
        optim.clip(1.0).update(w, optim.scale_by_adam().init(w), w)


def test_structures_that_differ():
    tx = optim.adam(0.1)
    state = tx.init({"w": np.ones(2)})
    for updates in ({"v": np.ones(2)}, [np.ones(2)], {"w": np.ones(2), "b": np.ones(2)}):
        with pytest.raises(Exception, match=r"scale_by_adam, updates"):
            tx.update(updates, state)
        with pytest.raises(Exception, match="apply_updates"):
            optim.apply_updates({"w": np.ones(2)}, updates)
    with pytest.raises(ShapeError, match=r"scale_by_adam: the parameter at .*w"):
        tx.update({"w": np.ones(3)}, state)


def test_what_is_meant_is_let_through():
    """The ends of the ranges, and values that are not known."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optim.adam(0.0, 0.0, 0.0, 0.0)
        optim.sgd(0.1, 0.0)
        optim.sgd(0.1, 1.0)
        assert optim.clip_by_global_norm(INF).update(X, optim.EmptyState())[0] is X
        nn.Dropout(0.0)
        nn.BatchNorm(momentum=1.0, epsilon=0.0)
        assert nn.one_hot(LABELS, 0).shape == (2, 0)
        fg.jit(lambda r: optim.adam(r).update(X, optim.adam(r).init(X))[0])(-0.1)
        assert fit(epochs=0).params.tolist() == [0, 0]
