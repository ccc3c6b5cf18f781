"""Every optimizer and transformation at the ends of the types: zero, tiny, huge, infinite, NaN.

The names come from the namespace: what is new there needs an entry in MADE, or the test fails.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import optim

TYPES = (np.float16, np.float32, np.float64)
RATE = 0.01

# How each is made, by what its first update does: it takes about RATE for any gradient (scale), a
# multiple of the gradient (linear), or something of its own (other).
MADE: dict[str, tuple[str, Any]] = {
    name: ("scale", lambda name=name: getattr(optim, name)(RATE))
    for name in (
        "adabelief", "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamaxw", "adamw",
        "adan", "amsgrad", "lamb", "lion", "muon", "nadam", "nadamw", "novograd", "rmsprop",
        "rprop", "sign_sgd", "sm3", "yogi",
    )
}  # fmt: skip
MADE |= {
    name: ("linear", lambda name=name: getattr(optim, name)(RATE))
    for name in ("noisy_sgd", "optimistic_gradient_descent", "radam", "sgd", "lars")
}
MADE |= {
    "rmsprop, centered": ("scale", lambda: optim.rmsprop(RATE, centered=True, momentum=0.5)),
    "momentum": ("linear", lambda: optim.sgd(RATE, momentum=0.5, nesterov=True)),
    "lbfgs": ("scale", lambda: optim.lbfgs(linesearch=None)),
    "scale_by_lbfgs": ("scale", lambda: optim.scale_by_lbfgs()),
    "scale_by_radam": ("linear", lambda: optim.scale_by_radam()),
    "scale_by_optimistic_gradient": ("linear", lambda: optim.scale_by_optimistic_gradient()),
    "scale_by_rprop": ("scale", lambda: optim.scale_by_rprop(RATE)),
    "scale_by_schedule": ("linear", lambda: optim.scale_by_schedule(lambda count: RATE)),
    "scale_by_learning_rate": ("linear", lambda: optim.scale_by_learning_rate(RATE)),
    "scale_by_trust_ratio": ("scale", lambda: optim.scale_by_trust_ratio()),
    "scale_by_param_block_norm": ("linear", lambda: optim.scale_by_param_block_norm()),
    "scale_by_param_block_rms": ("linear", lambda: optim.scale_by_param_block_rms()),
    "scale": ("linear", lambda: optim.scale(RATE)),
    "trace": ("linear", lambda: optim.trace(0.5)),
    "ema": ("linear", lambda: optim.ema(0.5)),
    "clip": ("scale", lambda: optim.clip(1.0)),
    "clip_by_norm": ("scale", lambda: optim.clip_by_norm(1.0)),
    "clip_by_global_norm": ("scale", lambda: optim.clip_by_global_norm(1.0)),
    "clip_by_block_rms": ("scale", lambda: optim.clip_by_block_rms(1.0)),
    "adaptive_grad_clip": ("scale", lambda: optim.adaptive_grad_clip(0.5)),
    "normalize_by_update_norm": ("scale", lambda: optim.normalize_by_update_norm()),
    "add_decayed_weights": ("linear", lambda: optim.add_decayed_weights(0.1)),
    "add_noise": ("linear", lambda: optim.add_noise(0.01, 0.5, 0)),
    "apply_every": ("linear", lambda: optim.apply_every(1)),
    "centralize": ("linear", lambda: optim.centralize()),
    "identity": ("linear", lambda: optim.identity()),
    "chain": ("scale", lambda: optim.chain(optim.adam(RATE))),
    "named_chain": ("scale", lambda: optim.named_chain(("adam", optim.adam(RATE)))),
    "accumulate": ("scale", lambda: optim.accumulate(optim.adam(RATE), 1)),
    "apply_if_finite": ("other", lambda: optim.apply_if_finite(optim.adam(RATE), 3)),
    "skip_not_finite": ("other", lambda: optim.skip_not_finite(optim.adam(RATE))),
    "lookahead": ("scale", lambda: optim.lookahead(optim.adam(RATE), 2, 0.5)),
    "sam": ("scale", lambda: optim.sam(optim.adam(RATE), optim.adam(RATE))),
    "masked": ("scale", lambda: optim.masked(optim.adam(RATE), True)),
    "multi_transform": ("scale", lambda: optim.multi_transform({"*": optim.adam(RATE)})),
    "inject_hyperparams": ("scale", lambda: optim.inject_hyperparams(optim.adam)(RATE)),
    "with_extra_args_support": ("scale", lambda: optim.with_extra_args_support(optim.adam(RATE))),
    "stateless": ("linear", lambda: optim.stateless(lambda u, p: u)),
    "zero_nans": ("other", lambda: optim.zero_nans()),
    "set_to_zero": ("other", lambda: optim.set_to_zero()),
    "freeze": ("other", lambda: optim.freeze(True)),
    "keep_params_nonnegative": ("other", lambda: optim.keep_params_nonnegative()),
}
MADE |= {
    name: ("scale", getattr(optim, name))
    for name in dir(optim)
    if name.startswith("scale_by_") and name not in MADE
    and name not in ("scale_by_polyak", "scale_by_zoom_linesearch",
                     "scale_by_backtracking_linesearch")
}  # fmt: skip

# Those that need the loss are tested in tests below.
WITH_LOSS = {
    "polyak_sgd": lambda: optim.polyak_sgd(),
    "scale_by_polyak": lambda: optim.chain(optim.scale_by_polyak(), optim.scale(-1.0)),
    "scale_by_zoom_linesearch": lambda: optim.chain(
        optim.scale(-1.0), optim.scale_by_zoom_linesearch(10)
    ),
    "scale_by_backtracking_linesearch": lambda: optim.chain(
        optim.scale(-1.0), optim.scale_by_backtracking_linesearch(20)
    ),
}
NOT_TRANSFORMATIONS = {
    "apply_updates", "by_path", "global_norm", "orthogonalize", "tree_get",
    "value_and_grad_from_state", "GradientTransformation",
}  # fmt: skip
# By weight decay, noise, first averages that are not 0, or signs of parameters.
MOVING = {"adamw", "adamaxw", "nadamw", "lion", "add_decayed_weights", "add_noise", "noisy_sgd",
          "yogi", "scale_by_yogi", "keep_params_nonnegative"}  # fmt: skip
# What depends on signs only is finite for an infinite gradient.
SIGNS = {"lion", "scale_by_lion", "sign_sgd", "scale_by_sign", "rprop", "scale_by_rprop", "clip"}


def test_every_name_is_here():
    """A new transformation is covered, or this fails."""
    public = {
        n for n in optim.__all__
        if not n.endswith(("State", "Info", "Node", "schedule", "schedules"))
        and n not in ("exponential_decay",)
    }  # fmt: skip
    assert public - set(MADE) - set(WITH_LOSS) == NOT_TRANSFORMATIONS


def weights(dtype: Any) -> Any:
    return np.array([[1.0, -0.5, 2.0], [0.5, 1.5, -1.0]]).astype(dtype)


def gradients(size: Any, dtype: Any) -> Any:
    """Of one size, with different signs, so that no mean of a row or column is left alone."""
    return (np.array([[1.0, -1.0, 0.5], [-0.5, 1.0, 1.0]]) * float(size)).astype(dtype)


def walk(tx: Any, dtype: Any, size: Any, steps: int = 3) -> tuple[Any, list[Any]]:
    w, g = weights(dtype), gradients(size, dtype)
    state, updates = tx.init(w), []
    for _ in range(steps):
        u, state = tx.update(g, state, w)
        w = optim.apply_updates(w, u)
        updates.append(np.asarray(u))
    return w, updates


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", MADE)
def test_zero_and_tiny_gradients(name, dtype):
    """They leave parameters finite, and the first step is nowhere larger than for ordinary ones."""
    info = np.finfo(dtype)
    _, ordinary = walk(MADE[name][1](), dtype, 1.0, 1)
    bound = 1.01 * np.abs(ordinary[0]).max() + float(info.eps)
    for size in (0.0, info.smallest_subnormal, info.tiny, float(info.tiny) ** 0.5):
        w, updates = walk(MADE[name][1](), dtype, size)
        assert w.dtype == dtype
        assert all(u.dtype == dtype for u in updates)
        assert np.all(np.isfinite(w)), size
        if size == 0 and name not in MOVING:
            assert not np.any(updates[0]), "a gradient of 0 moves parameters"
        assert np.abs(updates[0]).max() <= 20 * bound, size


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", [n for n, (kind, _) in MADE.items() if kind == "scale"])
def test_huge_gradients_are_a_step(name, dtype):
    """A step whose length does not depend on that of the gradient stays a step.

    The reference is the same transformation in float64, far from the ends of the type.
    """
    for size in (float(np.finfo(dtype).max) / 4, float(np.finfo(dtype).max) ** 0.55):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            w, updates = walk(MADE[name][1](), dtype, size, 2)
        assert np.all(np.isfinite(w))
        assert np.all(updates[0] != 0)
        reference = walk(MADE[name][1](), np.float64, 8.0)[1][0]
        assert np.array_equal(np.sign(updates[0]), np.sign(reference))
        assert np.abs(updates[0]).max() < 1e3


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", [n for n, (kind, _) in MADE.items() if kind != "other"])
def test_nan_and_infinity_show(name, dtype):
    """A NaN is never an update of 0, at no step; infinity is none either."""
    tx, w = MADE[name][1](), weights(dtype)
    for bad in (np.nan, np.inf):
        g = gradients(1.0, dtype)
        g[0, 1] = bad
        state = tx.init(w)
        for step in range(3):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                u, state = tx.update(g, state, w)
            if np.isnan(bad):
                assert np.isnan(u[0, 1]), (step, u)
            elif name not in SIGNS:
                assert not np.isfinite(u[0, 1]), (step, u)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", MADE)
def test_states_keep_their_types(name, dtype):
    """From step to step, so that steps can be scanned; the same under jit as without."""
    tx, w = MADE[name][1](), weights(dtype)

    def step(carry, g):
        w, state = carry
        u, state = tx.update(g, state, w)
        return (optim.apply_updates(w, u), state), u

    state = tx.init(w)
    kinds = [np.asarray(x).dtype for x in fg.tree.leaves(state)]
    carry, u = step((w, state), gradients(0.25, dtype))
    assert [np.asarray(x).dtype for x in fg.tree.leaves(carry[1])] == kinds
    assert u.dtype == carry[0].dtype == dtype
    if dtype == np.float16:
        fg.lax.scan(step, (w, state), np.stack([gradients(0.25, dtype)] * 2))
        kept = {"lookahead", "sam"}  # what they keep are parameters
        assert name in kept or np.float16 not in kinds


@pytest.mark.parametrize("name", WITH_LOSS)
@pytest.mark.parametrize("dtype", TYPES)
def test_steps_that_look_at_the_loss(name, dtype):
    """Zero, small and large gradients of a parabola leave parameters finite and go downhill."""
    scales = [0.0, float(np.finfo(dtype).tiny) ** 0.25, 1.0]
    if "polyak" in name:  # a search would need too many steps
        scales.append(float(np.finfo(dtype).max) ** 0.45)
    for scale in scales:

        def loss(w, scale=scale):
            return dtype(0.5 * scale) * np.sum(w * w)

        tx, w = WITH_LOSS[name](), weights(dtype)
        value, g = fg.value_and_grad(loss)(w)
        u, _ = tx.update(g, tx.init(w), w, value=value, grad=g, value_fn=loss)
        new = optim.apply_updates(w, u)
        assert new.dtype == dtype
        assert np.all(np.isfinite(new))
        assert loss(new) <= value


@pytest.mark.parametrize("dtype", TYPES)
def test_half_precision_is_the_rounded_float32(dtype):
    """Adam of float16 parameters: the same steps as from float32 gradients, rounded."""
    narrow, _ = walk(optim.adam(RATE), np.float16, 1e-4)
    wide, _ = walk(optim.adam(RATE), np.float64, np.float16(1e-4))
    np.testing.assert_allclose(narrow.astype(float), wide, rtol=2e-3)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("exponent", [-0.9, -0.6, 0.6, 0.9])
def test_norms(dtype, exponent):
    """Norms and clipping against float64, where squares are out of range."""
    x = gradients(float(np.finfo(dtype).max) ** exponent, dtype)
    scale = np.abs(x).max().astype(np.float64)
    exact = np.linalg.norm((x / scale).astype(float)) * scale
    np.testing.assert_allclose(float(optim.global_norm([x, x])), exact * 2**0.5, rtol=2e-3)
    for tx in (optim.clip_by_norm(1e-3), optim.clip_by_global_norm(1e-3)):
        u = tx.update(x, tx.init(x))[0].astype(float)
        np.testing.assert_allclose(
            u, x.astype(float) * min(1, 1e-3 / exact), rtol=2e-2, atol=float(np.finfo(dtype).tiny)
        )


def test_many_steps():
    """A count of 100,000 steps, in small types of counters too, changes nothing for the worse."""
    tx = optim.scale_by_adam()
    w = np.ones(3, np.float16)
    for count in (100_000, np.int32(100_000), np.float16(60_000), np.float32(1e5)):
        state = tx.init(w)._replace(count=count)
        u, _ = tx.update(np.full(3, 0.5, np.float16), state, w)
        assert np.all(np.isfinite(u))
        assert np.all(u > 0)
