"""Transformations and wrappers by values, and what they say when used wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import optim, tree
from funcgrad.errors import ShapeError, TreeError

PARAMS = {"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([0.5, -0.5])}
GRADS = {"w": np.array([[3.0, 0.0], [0.0, -4.0]]), "b": np.array([0.0, 12.0])}


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    weight: Any
    bias: Any


def apply(tx, updates, params=None):
    return tx.update(updates, tx.init(PARAMS if params is None else params), params)[0]


def test_global_norm():
    assert optim.global_norm(GRADS) == 13
    assert optim.global_norm({}) == 0
    assert optim.global_norm([3.0, (np.array([4.0]), None)]) == 5
    assert optim.global_norm(np.float32([3, 4])).dtype == np.float32
    assert optim.global_norm(np.array([3j, 4.0])) == 5
    np.testing.assert_array_equal(fg.grad(optim.global_norm)(np.zeros(2)), [0.0, 0.0])
    fg.testing.check_grads(optim.global_norm, (GRADS,), order=2)


def test_clipping():
    clipped = apply(optim.clip(3.5), GRADS)
    np.testing.assert_array_equal(clipped["w"], [[3.0, 0.0], [0.0, -3.5]])
    for limit, factor in ((6.5, 0.5), (13.0, 1.0), (20.0, 1.0)):
        clipped = apply(optim.clip_by_global_norm(limit), GRADS)
        for key in GRADS:
            np.testing.assert_array_equal(clipped[key], factor * GRADS[key])
    zeros = tree.map(np.zeros_like, GRADS)
    np.testing.assert_array_equal(apply(optim.clip_by_global_norm(1.0), zeros)["w"], zeros["w"])
    clipped = apply(optim.clip_by_norm(6.0), GRADS)
    np.testing.assert_array_equal(clipped["w"], GRADS["w"])  # its norm is 5
    np.testing.assert_array_equal(clipped["b"], GRADS["b"] / 2)
    clipped = apply(optim.clip_by_block_rms(2.5), GRADS)
    np.testing.assert_array_equal(clipped["w"], GRADS["w"])  # its root mean square is 2.5
    np.testing.assert_allclose(clipped["b"], GRADS["b"] * 2.5 / np.sqrt(72))


def test_adaptive_grad_clip_works_by_units():
    p = np.array([[3.0, 0.0], [4.0, 0.0]])
    g = np.array([[30.0, 3e-4], [40.0, 4e-4]])
    found = apply(optim.adaptive_grad_clip(0.1, eps=1e-2), g, p)
    np.testing.assert_allclose(found, [[0.3, 3e-4], [0.4, 4e-4]], rtol=1e-12)
    rows = apply(optim.adaptive_grad_clip(0.1, axis=1), g, p)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [0.3, 0.4])
    kernel = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    found = apply(optim.adaptive_grad_clip(0.5), 100 * kernel, kernel)
    np.testing.assert_allclose(found, kernel * 0.5)
    with pytest.raises(ValueError, match="an array of 6 dimensions; say with axis"):
        apply(optim.adaptive_grad_clip(0.5), np.ones((2,) * 6), np.ones((2,) * 6))


def test_weight_decay_with_masks():
    plain = apply(optim.add_decayed_weights(0.1), GRADS, PARAMS)
    np.testing.assert_array_equal(plain["b"], GRADS["b"] + 0.1 * PARAMS["b"])
    by_path = optim.by_path({"b": False, "*": True})
    for mask in ({"w": True, "b": False}, lambda p: {"w": True, "b": False}, by_path):
        found = apply(optim.add_decayed_weights(0.1, mask), GRADS, PARAMS)
        np.testing.assert_array_equal(found["w"], GRADS["w"] + 0.1 * PARAMS["w"])
        assert found["b"] is GRADS["b"]


def test_small_pieces():
    np.testing.assert_array_equal(apply(optim.centralize(), GRADS)["w"], [[1.5, -1.5], [2, -2]])
    np.testing.assert_array_equal(apply(optim.centralize(), GRADS)["b"], GRADS["b"])
    np.testing.assert_array_equal(apply(optim.set_to_zero(), GRADS)["b"], [0.0, 0.0])
    assert apply(optim.identity(), GRADS) is GRADS
    found = apply(optim.normalize_by_update_norm(26.0, eps=0.0), GRADS)
    np.testing.assert_array_equal(found["b"], [0.0, 24.0])
    kept = apply(optim.keep_params_nonnegative(), np.array([-2.0, -0.5, 1.0]), np.ones(3))
    np.testing.assert_array_equal(kept, [-1.0, -0.5, 1.0])
    tx = optim.zero_nans()
    found, state = tx.update({"w": np.array([np.nan, 2.0]), "b": 1.0}, tx.init(PARAMS))
    np.testing.assert_array_equal(found["w"], [0.0, 2.0])
    assert state.found_nan == {"w": True, "b": False}
    for tx, factor in (
        (optim.scale_by_param_block_norm(), 5.0),
        (optim.scale_by_param_block_rms(), np.sqrt(12.5)),
        (optim.scale_by_trust_ratio(), 5.0 / 2),
        (optim.scale_by_trust_ratio(min_norm=10.0), 1.0),
    ):
        np.testing.assert_allclose(apply(tx, np.array([0.0, 2.0]), np.array([3.0, 4.0])),
                                   [0.0, 2.0 * factor])  # fmt: skip
    trust = optim.scale_by_trust_ratio(trust_coefficient=0.1)
    np.testing.assert_array_equal(apply(trust, np.zeros(2), np.ones(2)), np.zeros(2))
    np.testing.assert_array_equal(apply(trust, np.ones(2), np.zeros(2)), np.ones(2))


def test_averages():
    tx = optim.ema(0.75)
    first, state = tx.update(np.array([4.0]), tx.init(np.zeros(1)))
    second, _ = tx.update(np.array([8.0]), state)
    np.testing.assert_allclose([first, second], [[4.0], [(0.75 * 1 + 0.25 * 8) / (1 - 0.75**2)]])
    half = optim.trace(0.5, accumulator_dtype=np.float16).init(np.zeros(2, np.float32))
    assert half.trace.dtype == np.float16
    tx = optim.adam(0.1, mu_dtype=np.float16)
    params = np.ones(3, np.float32)
    updates, state = tx.update(params, tx.init(params))
    assert (updates.dtype, state[0].mu.dtype, state[0].nu.dtype) == (
        np.float32, np.float16, np.float32)  # fmt: skip


def test_apply_updates():
    found = optim.apply_updates({"w": np.float32([1, 2]), "b": None}, {"w": np.ones(2), "b": None})
    assert found["w"].dtype == np.float32
    np.testing.assert_array_equal(found["w"], [2.0, 3.0])
    assert found["b"] is None
    mixed = {"w": 1.0, "steps": np.array([3, 4])}
    grads = fg.grad(lambda p: p["w"] * np.sum(p["steps"]) * 1.0, allow_int=True)(mixed)
    found = optim.apply_updates(mixed, grads)
    assert found["w"] == 8
    assert found["steps"] is mixed["steps"]
    assert optim.apply_updates(np.array([3]), np.array([4]))[0] == 7
    with pytest.raises(TypeError, match=r"parameter at \['steps'\] is int64 and cannot take an"):
        optim.apply_updates(mixed, {"w": 1.0, "steps": np.ones(2)})
    with pytest.raises(ShapeError, match=r"parameter at \['w'\] has shape \(2,\), its update \(3,"):
        optim.apply_updates({"w": np.ones(2)}, {"w": np.ones(3)})
    with pytest.raises(TreeError, match=r"apply_updates: the pytrees differ: \['b'\] is missing"):
        optim.apply_updates(PARAMS, {"w": PARAMS["w"]})


def test_chain():
    tx = optim.chain(optim.scale(2.0), optim.clip(5.0), optim.scale(-1.0))
    np.testing.assert_array_equal(apply(tx, GRADS)["w"], [[-5.0, 0.0], [0.0, 5.0]])
    assert len(tx.init(PARAMS)) == 3
    plain = optim.GradientTransformation(
        lambda params: (), lambda updates, state, params=None: (updates + 1, state)
    )
    mixed = optim.chain(plain, optim.scale(2.0))
    assert mixed.update(1.0, mixed.init(0.0), value=3)[0] == 4
    named = optim.named_chain(("a", optim.trace(0.5)), ("b", optim.scale(2.0)))
    updates, state = named.update(np.ones(1), named.init(np.zeros(1)))
    assert updates[0] == 2
    assert list(state) == ["a", "b"]
    with pytest.raises(ValueError, match="names must differ"):
        optim.named_chain(("a", optim.clip(1.0)), ("a", optim.clip(1.0)))
    with pytest.raises(ValueError, match="a state of 2 parts for 3 transformations"):
        tx.update(GRADS, ((), ()))
    with pytest.raises(TypeError, match=r"functions init and update, like .*; got 0\.1"):
        optim.chain(0.1)


def test_missing_gradients_leave_state_and_parameter():
    tx = optim.adam(0.1)
    params = {"w": np.ones(2), "b": np.ones(2)}
    state = tx.init(params)
    _, state = tx.update({"w": np.ones(2), "b": np.ones(2)}, state)
    updates, after = tx.update({"w": np.ones(2), "b": None}, state)
    assert updates["b"] is None
    assert after[0].mu["b"] is state[0].mu["b"]
    new = optim.apply_updates(params, updates)
    assert new["b"] is params["b"]
    assert np.all(new["w"] < 1)
    masked = optim.masked(optim.scale(2.0), {"w": True, "b": True})
    updates, _ = masked.update({"w": np.ones(1), "b": None}, masked.init(params), params)
    assert (updates["w"][0], updates["b"]) == (2, None)


def test_errors_name_the_leaf():
    tx = optim.adam(0.1)
    with pytest.raises(TypeError, match=r"scale_by_adam: the parameter at \['n'\] is int64, which"):
        tx.init({"w": np.ones(2), "n": np.array([1])})
    with pytest.raises(TypeError, match=r"scale_by_learning_rate: the parameter at \[0\] is bool"):
        optim.sgd(0.1).init([np.True_])
    with pytest.raises(TreeError, match=r"scale_by_adam, updates: .* \['b'\] is missing"):
        tx.update({"w": GRADS["w"]}, tx.init(PARAMS))
    with pytest.raises(TreeError, match=r"\['extra'\] should not be there"):
        tx.update({**GRADS, "extra": np.ones(1)}, tx.init(PARAMS))
    with pytest.raises(ShapeError, match=r"at \['b'\] has shape \(2,\), its update \(1,\)"):
        tx.update({**GRADS, "b": np.ones(1)}, tx.init(PARAMS))
    with pytest.raises(TypeError, match=r"scale_by_sm3: the parameter at the root is complex128"):
        optim.sm3(0.1).init(np.ones(2, complex))


@pytest.mark.parametrize(
    ("name", "tx"),
    [
        ("add_decayed_weights", optim.adamw(0.1)),
        ("scale_by_trust_ratio", optim.scale_by_trust_ratio()),
        ("scale_by_factored_rms", optim.adafactor(0.1)),
        ("scale_by_novograd", optim.novograd(0.1)),
        ("adaptive_grad_clip", optim.adaptive_grad_clip(0.1)),
        ("scale_by_param_block_rms", optim.scale_by_param_block_rms()),
        ("keep_params_nonnegative", optim.keep_params_nonnegative()),
        ("lookahead", optim.lookahead(optim.sgd(0.1), 2, 0.5)),
        ("sam", optim.sam(optim.sgd(0.1), optim.sgd(0.1))),
    ],
)
def test_parameters_are_asked_for(name, tx):
    with pytest.raises(ValueError, match=f"{name} needs the parameters: call update"):
        tx.update(GRADS, tx.init(PARAMS))


def test_masked_sees_only_its_leaves():
    seen = []

    def update(updates, state, params=None, **extra):
        seen.append((len(tree.leaves(updates)), len(tree.leaves(params))))
        return tree.map(lambda u: 0 * u, updates), state

    inner = optim.GradientTransformation(lambda params: len(tree.leaves(params)), update)
    tx = optim.masked(inner, {"w": False, "b": True})
    state = tx.init(PARAMS)
    assert state.inner_state == 1
    found, _ = tx.update(GRADS, state, PARAMS)
    assert seen == [(1, 1)]
    assert found["w"] is GRADS["w"]
    np.testing.assert_array_equal(found["b"], [0.0, 0.0])
    upper = optim.masked(optim.scale(0.0), [True, False])  # a mask for whole subtrees
    found = upper.update([GRADS, GRADS], upper.init([PARAMS, PARAMS]))[0]
    assert optim.global_norm(found[0]) == 0
    assert found[1]["b"] is GRADS["b"]
    with pytest.raises(TypeError, match="made of True and False; got 0"):
        optim.masked(inner, {"w": 1, "b": 0}).init(PARAMS)
    with pytest.raises(TreeError, match="masked, the mask"):
        optim.masked(inner, {"w": True}).init(PARAMS)


def test_freeze():
    tx = optim.chain(optim.adam(0.1), optim.freeze(optim.by_path({"w*": True, "*": False})))
    updates, _ = tx.update(GRADS, tx.init(PARAMS), PARAMS)
    assert not np.any(updates["w"])
    assert np.any(updates["b"])


def test_multi_transform():
    labels = {"w": "fast", "b": "slow"}
    transforms = {
        "fast": optim.sgd(1.0),
        "slow": optim.sgd(0.1, momentum=0.9),
        "unused": optim.adam(0.1),
    }
    for chosen in (labels, lambda p: labels, optim.by_path({"b": "slow", "*": "fast"})):
        tx = optim.multi_transform(transforms, chosen)
        state = tx.init(PARAMS)
        updates, state = tx.update(GRADS, state, PARAMS)
        np.testing.assert_array_equal(updates["w"], -GRADS["w"])
        np.testing.assert_allclose(updates["b"], -0.1 * GRADS["b"])
        assert set(state.inner_states) == set(transforms)
        assert len(tree.leaves(optim.tree_get(state, "trace"))) == 1
    with pytest.raises(ValueError, match=r"at \['b'\] has the label 'none'; there are .*'fast'"):
        optim.multi_transform(transforms, {"w": "fast", "b": "none"}).init(PARAMS)


def test_patterns_of_paths():
    params = {
        "layers": [Layer(np.ones((2, 2)), np.ones(2)), Layer(np.ones((2, 2)), np.ones(2))],
        "head": Point(np.ones(2), np.ones(1)),
        "log_scale": np.ones(()),
    }
    tx = optim.multi_transform(
        {
            "layers/0/*": optim.set_to_zero(),
            "*/bias": optim.scale(2.0),
            "head/[xy]": optim.scale(3.0),
            "*": optim.scale(4.0),
        }
    )
    found = tx.update(params, tx.init(params))[0]
    assert not np.any(found["layers"][0].weight)
    assert not np.any(found["layers"][0].bias)
    np.testing.assert_array_equal(found["layers"][1].weight, 4 * np.ones((2, 2)))
    np.testing.assert_array_equal(found["layers"][1].bias, [2, 2])
    assert (found["head"].x[0], found["head"].y[0], found["log_scale"]) == (3, 3, 4)
    with pytest.raises(ValueError, match=r"no pattern fits the path 'log_scale'; there are 'head"):
        optim.multi_transform({"head*": optim.sgd(0.1), "lay*": optim.sgd(0.1)}).init(params)


@pytest.mark.parametrize("jit", [False, True])
def test_accumulate_steps_with_the_mean(jit):
    tx = optim.accumulate(optim.sgd(1.0, momentum=0.5), every=3)
    update = fg.jit(tx.update) if jit else tx.update
    gradients = np.arange(1.0, 7.0).reshape(6, 1)
    state, made = tx.init(np.zeros(1)), []
    for g in gradients:
        updates, state = update(g, state)
        made.append(float(updates[0]))
    np.testing.assert_allclose(made, [0, 0, -2, 0, 0, -(5 + 0.5 * 2)])
    assert (int(state.mini_step), int(state.gradient_step)) == (0, 2)
    np.testing.assert_array_equal(state.acc_grads, [0.0])


def test_accumulate_over_a_growing_number():
    tx = optim.accumulate(optim.sgd(1.0), every=lambda steps: steps + 1)
    state, steps = tx.init(np.zeros(1)), []
    update = fg.jit(tx.update)
    for _ in range(10):
        updates, state = update(np.ones(1), state)
        steps.append(bool(updates[0] != 0))
    assert [i for i, made in enumerate(steps) if made] == [0, 2, 5, 9]
    with pytest.raises(ValueError, match="every must be a positive integer; got 0"):
        optim.accumulate(optim.sgd(1.0), every=0)


def test_apply_every_sums():
    tx = optim.apply_every(3)
    state, made = tx.init(np.zeros(1)), []
    for g in range(1, 8):
        updates, state = tx.update(np.array([float(g)]), state)
        made.append(float(updates[0]))
    assert made == [0, 0, 6, 0, 0, 15, 0]


@pytest.mark.parametrize("jit", [False, True])
def test_bad_gradients_are_left_out(jit):
    tx = optim.skip_not_finite(optim.adam(0.1))
    update = fg.jit(tx.update) if jit else tx.update
    state = tx.init(PARAMS)
    _, good = update(GRADS, state, PARAMS)
    state = good
    for i, bad in enumerate((np.nan, np.inf, -np.inf), start=1):
        updates, state = update({**GRADS, "b": np.array([bad, 1.0])}, state, PARAMS)
        assert optim.global_norm(updates) == 0
        assert (state.notfinite_count, state.total_notfinite, state.last_finite) == (i, i, False)
    for new, old in zip(tree.leaves(state.inner_state), tree.leaves(good.inner_state), strict=True):
        np.testing.assert_array_equal(new, old)
    updates, state = update(GRADS, state, PARAMS)
    assert optim.global_norm(updates) > 0
    assert (state.notfinite_count, state.total_notfinite, state.last_finite) == (0, 3, True)
    assert state.inner_state[0].count == 2


def test_too_many_bad_gradients_go_through():
    tx = optim.apply_if_finite(optim.sgd(1.0), max_consecutive_errors=2)
    state, seen = tx.init(np.zeros(1)), []
    for g in (np.nan, np.nan, np.nan, 1.0, np.nan):
        updates, state = tx.update(np.array([g]), state)
        seen.append(float(updates[0]))
    np.testing.assert_array_equal(seen, [0, 0, np.nan, -1, 0])
    with pytest.raises(ValueError, match="max_consecutive_errors must be a positive integer"):
        optim.apply_if_finite(optim.sgd(1.0), -1)


@pytest.mark.parametrize("jit", [False, True])
def test_lookahead(jit):
    tx = optim.lookahead(optim.sgd(1.0), sync_period=2, slow_step_size=0.25)
    update = fg.jit(tx.update) if jit else tx.update
    x = np.array([8.0])
    state, path = tx.init(x), []
    for _ in range(4):
        updates, state = update(np.ones(1), state, x)
        x = optim.apply_updates(x, updates)
        path.append((float(x[0]), float(optim.tree_get(state, "slow")[0])))
    assert path == [(7, 8), (7.5, 7.5), (6.5, 7.5), (7, 7)]
    anew = optim.lookahead(optim.adam(0.1), 2, 0.5, reset_state=True)
    state, counts = anew.init(x), []
    for _ in range(4):
        _, state = anew.update(np.ones(1), state, x)
        counts.append(int(optim.tree_get(state.fast_state[0], "count")))
    assert counts == [1, 0, 1, 0]


def test_sam_descends_with_the_gradient_at_the_worst_point_nearby():
    def f(x):
        return np.sum(x**4)

    gradient, x = fg.grad(f), np.array([1.0, -2.0])
    g = gradient(x)
    worst = x + 0.1 * g / np.linalg.norm(g)
    expected = x - 0.01 * gradient(worst)
    ascent = optim.chain(optim.normalize_by_update_norm(eps=0.0), optim.sgd(0.1))
    opaque = optim.sam(optim.sgd(0.01), ascent, opaque_mode=True)
    updates, _ = opaque.update(g, opaque.init(x), x, grad_fn=lambda x, i: gradient(x))
    np.testing.assert_allclose(x + updates, expected)
    tx = optim.sam(optim.sgd(0.01), ascent)
    for update in (tx.update, fg.jit(tx.update)):
        y, state = x, tx.init(x)
        updates, state = update(gradient(y), state, y)
        y = optim.apply_updates(y, updates)
        np.testing.assert_allclose(y, worst)
        updates, state = update(gradient(y), state, y)
        np.testing.assert_allclose(optim.apply_updates(y, updates), expected)
    with pytest.raises(TypeError, match="sam in opaque_mode needs the gradient"):
        opaque.update(g, opaque.init(x), x)


def test_noise_needs_a_key():
    with pytest.raises(TypeError, match=r"add_noise needs a key, like funcgrad\.random\.key"):
        optim.add_noise(0.1, 0.5, None)
    same = [apply(optim.add_noise(0.1, 0.5, k), GRADS)["w"] for k in (3, fg.random.key(3))]
    np.testing.assert_array_equal(*same)
    assert not np.array_equal(same[0], apply(optim.add_noise(0.1, 0.5, 4), GRADS)["w"])
    tx = optim.add_noise(0.1, 0.5, 0)
    state = tx.init(PARAMS)
    first, state = tx.update(GRADS, state)
    assert not np.array_equal(first["w"], tx.update(GRADS, state)[0]["w"])


def test_factored_averages_take_the_memory_of_a_row_and_a_column():
    state = optim.scale_by_factored_rms(min_dim_size_to_factor=4).init(
        {"big": np.ones((4, 3, 6)), "small": np.ones((3, 6))}
    )
    assert (state.v_row["big"].shape, state.v_col["big"].shape) == ((4, 3), (3, 6))
    assert state.v["big"].shape == (1,)
    assert (state.v_row["small"].shape, state.v["small"].shape) == ((1,), (3, 6))


def test_wrong_options():
    with pytest.raises(ValueError, match="mode must be one of hard, smooth, refined; got 'soft'"):
        optim.scale_by_lion(mode="soft")
    with pytest.raises(ShapeError, match=r"ns_coeffs must have shape \(3,\) or \(n, 3\); got"):
        optim.scale_by_muon(ns_coeffs=(1.0, 2.0))
    with pytest.raises(ValueError, match="ns_coeffs for 2 steps, but ns_steps is 1"):
        optim.scale_by_muon(ns_coeffs=((1.0, 2.0, 3.0),) * 2, ns_steps=1)
    with pytest.raises(ShapeError, match=r"the parameter at \['b'\] has shape \(2,\); only matri"):
        optim.scale_by_muon().init(PARAMS)
    with pytest.raises(ValueError, match="sync_period must be a positive integer"):
        optim.lookahead(optim.sgd(0.1), 0, 0.5)
    with pytest.raises(ValueError, match="sync_period must be a positive integer"):
        optim.sam(optim.sgd(0.1), optim.sgd(0.1), 0)
    with pytest.raises(ValueError, match=r"variant must be 'sps' or 'sps\+'; got 'x'"):
        optim.polyak_sgd(variant="x")
    with pytest.raises(TypeError, match="scale_by_polyak needs the loss"):
        optim.polyak_sgd().update(np.ones(1), optim.polyak_sgd().init(np.ones(1)))


def test_muon_treats_only_matrices():
    tx = optim.muon(0.1, nesterov=False)
    updates, _ = tx.update(GRADS, tx.init(PARAMS), PARAMS)
    adam = optim.adam(0.1)
    np.testing.assert_allclose(updates["b"], adam.update(GRADS, adam.init(PARAMS))[0]["b"])
    np.testing.assert_allclose(np.abs(np.linalg.svd(updates["w"])[1]), 0.1, atol=0.035)


def test_public_names_have_examples():
    for name in optim.__all__:
        found = getattr(optim, name)
        if callable(found) and not isinstance(found, type):
            assert ">>>" in found.__doc__, name
        else:
            assert found.__doc__, name
    assert optim.__all__ == sorted(optim.__all__)
