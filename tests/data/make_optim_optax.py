"""Write optim_optax.json: what Optax does, which funcgrad.optim must reproduce.

Needs optax and jax. Run as ``python tests/data/make_optim_optax.py``.

A transformation is written as [name, arguments], a chain as a list of these. Among arguments,
{"schedule": [name, arguments]} is a schedule and {"transformation": ...} a transformation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np
import optax  # pyright: ignore[reportMissingImports]
from optax import contrib  # pyright: ignore[reportMissingImports]

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)
# Optax counts in one of these types and computes with counts in the other.
jnp.int32, jnp.float32 = jnp.int64, jnp.float64

TARGET = Path(__file__).with_name("optim_optax.json")
STEPS = (1, 2, 7)

LINEAR = {"schedule": ["linear_schedule", {
    "init_value": 0.1, "end_value": 0.02, "transition_steps": 5}]}  # fmt: skip
DECAY = {"schedule": ["exponential_decay", {
    "init_value": 0.3, "transition_steps": 2, "decay_rate": 0.7}]}  # fmt: skip
MASK = {"w": True, "b": False, "s": True}
SGD = ["sgd", {"learning_rate": 0.1}]
ADAM = ["adam", {"learning_rate": 0.1}]

OPTIMIZERS = {
    "sgd": [{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True}, {"learning_rate": LINEAR}],
    "noisy_sgd": [{"key": 0}, {"eta": 0.3, "gamma": 0.2, "key": 7}],
    "sign_sgd": [{}],
    "optimistic_gradient_descent": [{}, {"alpha": 0.7, "beta": 0.3}],
    "adagrad": [{}, {"initial_accumulator_value": 0.0, "eps": 1e-3}],
    "adadelta": [{}, {"rho": 0.7, "eps": 1e-3, "weight_decay": 0.1, "weight_decay_mask": MASK}],
    "rmsprop": [{}, {"decay": 0.7, "eps": 1e-3, "eps_in_sqrt": False, "initial_scale": 0.5},
                {"centered": True, "momentum": 0.9}, {"bias_correction": True},
                {"centered": True, "bias_correction": True, "eps_in_sqrt": False, "eps": 1e-2,
                 "initial_scale": 0.5, "momentum": 0.5, "nesterov": True}],
    "adam": [{}, {"b1": 0.7, "b2": 0.9, "eps": 1e-3, "eps_root": 1e-2}, {"nesterov": True},
             {"learning_rate": DECAY}],
    "adamw": [{}, {"weight_decay": 0.3, "mask": MASK, "nesterov": True, "eps_root": 1e-4}],
    "amsgrad": [{}, {"b1": 0.5, "b2": 0.6, "eps_root": 1e-3},
                {"bias_correction_mu": False, "bias_correction_nu": False}],
    "adamax": [{}, {"b1": 0.5, "b2": 0.6, "eps": 1e-2}],
    "adamaxw": [{"weight_decay": 0.2, "mask": MASK}],
    "nadam": [{}, {"b1": 0.6, "b2": 0.7, "eps_root": 1e-2}],
    "nadamw": [{"weight_decay": 0.2}],
    "radam": [{}, {"b2": 0.9, "nesterov": True}, {"threshold": 4.2, "b2": 0.95, "eps_root": 1e-3}],
    "adabelief": [{}, {"b1": 0.6, "b2": 0.9, "eps": 1e-3, "eps_root": 1e-4, "nesterov": True}],
    "yogi": [{}, {"b1": 0.5, "b2": 0.8, "eps": 1e-2}],
    "lamb": [{}, {"weight_decay": 0.3, "mask": MASK, "eps_root": 1e-3}],
    "lars": [{"trust_coefficient": 0.1},
             {"weight_decay": 0.1, "weight_decay_mask": MASK, "trust_coefficient": 0.3,
              "eps": 1e-2, "trust_ratio_mask": MASK, "momentum": 0.6, "nesterov": True}],
    "lion": [{}, {"b1": 0.6, "b2": 0.8, "weight_decay": 0.2, "mask": MASK}],
    "adafactor": [{"min_dim_size_to_factor": 2, "dtype_momentum": "float64"},
                  {"factored": False, "learning_rate": None, "decay_rate": 0.6},
                  {"min_dim_size_to_factor": 2, "momentum": 0.7, "dtype_momentum": "float64",
                   "weight_decay_rate": 0.05, "weight_decay_mask": MASK,
                   "clipping_threshold": 0.8, "multiply_by_parameter_scale": False},
                  {"decay_offset": -3, "clipping_threshold": None, "eps": 1e-3}],
    "novograd": [{}, {"b1": 0.5, "b2": 0.6, "eps_root": 1e-2, "weight_decay": 0.2}],
    "adan": [{}, {"b1": 0.8, "b2": 0.7, "b3": 0.9, "weight_decay": 0.1, "mask": MASK}],
    "muon": [{}, {"nesterov": False, "beta": 0.8, "weight_decay": 0.1, "adam_b1": 0.7,
                  "adam_b2": 0.9, "adam_weight_decay": 0.2, "adam_learning_rate": 0.3},
             {"ns_coeffs": [[3.4, -4.7, 2.0], [2.0, -1.5, 0.5]], "ns_steps": 2, "adaptive": True,
              "consistent_rms": 0.2}],
}  # fmt: skip

VECTOR_ONLY = {"sm3": [{}, {"momentum": 0.5}]}

PIECES = [
    ["clip", {"max_delta": 0.4}],
    ["clip_by_global_norm", {"max_norm": 0.7}],
    ["clip_by_block_rms", {"threshold": 0.3}],
    ["adaptive_grad_clip", {"clipping": 0.3}],
    ["centralize", {}],
    ["ema", {"decay": 0.8}],
    ["ema", {"decay": 0.8, "debias": False}],
    ["apply_every", {"k": 3}],
    ["scale_by_trust_ratio", {"min_norm": 0.9, "trust_coefficient": 0.5, "eps": 0.1}],
    ["scale_by_param_block_norm", {}],
    ["scale_by_param_block_rms", {"min_scale": 0.9}],
    ["scale_by_schedule", {"step_size_fn": LINEAR}],
    ["scale_by_lion", {"mode": "smooth", "smooth_beta": 2.0}],
    ["scale_by_lion", {"mode": "refined"}],
    ["normalize_by_update_norm", {"scale_factor": 0.5, "eps": 0.1}],
    ["keep_params_nonnegative", {}],
    ["add_noise", {"eta": 0.2, "gamma": 0.6, "key": 3}],
    ["masked", {"inner": {"transformation": ["scale_by_adam", {}]}, "mask": MASK}],
    ["freeze", {"mask": MASK}],
]

CONVEX = [
    ["lbfgs", {"learning_rate": 0.5, "memory_size": 3, "linesearch": None}],
    ["lbfgs", {"learning_rate": 0.2, "memory_size": 4, "scale_init_precond": False,
               "linesearch": None}],
]  # fmt: skip

WRAPPED = [
    ["lookahead", {"fast_optimizer": {"transformation": ADAM}, "sync_period": 3,
                   "slow_step_size": 0.5}],
    ["lookahead", {"fast_optimizer": {"transformation": ADAM}, "sync_period": 2,
                   "slow_step_size": 0.3, "reset_state": True}],
    ["sam", {"optimizer": {"transformation": ADAM}, "adv_optimizer": {"transformation": SGD}}],
    ["sam", {"optimizer": {"transformation": ADAM}, "adv_optimizer": {"transformation": ADAM},
             "sync_period": 3, "reset_state": False}],
    ["accumulate", {"transformation": {"transformation": ADAM}, "every": 3}],
    ["apply_if_finite", {"inner": {"transformation": ADAM}, "max_consecutive_errors": 2}],
    ["multi_transform", {"transforms": {"x": {"transformation": ADAM},
                                        "y": {"transformation": SGD}},
                         "param_labels": {"w": "x", "b": "y", "s": "x"}}],
]  # fmt: skip

CYCLES = [{"init_value": 0.1, "peak_value": 1.0, "warmup_steps": 1, "decay_steps": 4},
          {"init_value": 0.0, "peak_value": 0.5, "warmup_steps": 2, "decay_steps": 6,
           "end_value": 0.05}]  # fmt: skip

SCHEDULES = [
    ["linear_schedule", {"init_value": 1.0, "end_value": 0.1, "transition_steps": 7,
                         "transition_begin": 2}],
    ["linear_schedule", {"init_value": 1.0, "end_value": 0.1, "transition_steps": 0}],
    ["polynomial_schedule", {"init_value": 0.2, "end_value": 3.0, "power": 2.5,
                             "transition_steps": 9}],
    ["exponential_decay", {"init_value": 2.0, "transition_steps": 3, "decay_rate": 0.6}],
    ["exponential_decay", {"init_value": 2.0, "transition_steps": 3, "decay_rate": 0.6,
                           "transition_begin": 2, "staircase": True, "end_value": 0.9}],
    ["exponential_decay", {"init_value": 1.0, "transition_steps": 4, "decay_rate": 1.7,
                           "end_value": 2.5}],
    ["cosine_decay_schedule", {"init_value": 3.0, "decay_steps": 8, "alpha": 0.1,
                               "exponent": 1.5}],
    ["sgdr_schedule", {"cosine_kwargs": CYCLES}],
    ["piecewise_constant_schedule", {"init_value": 1.0, "boundaries_and_scales": [[3, 0.5],
                                                                                  [7, 0.1]]}],
    ["piecewise_interpolate_schedule", {"interpolate_type": "linear", "init_value": 1.0,
                                        "boundaries_and_scales": [[3, 2.0], [7, 0.1], [9, 3.0]]}],
    ["piecewise_interpolate_schedule", {"interpolate_type": "cosine", "init_value": 2.0,
                                        "boundaries_and_scales": [[4, 0.5], [6, 0.0]]}],
    ["warmup_constant_schedule", {"init_value": 0.1, "peak_value": 1.0, "warmup_steps": 4}],
    ["warmup_cosine_decay_schedule", {"init_value": 0.1, "peak_value": 1.0, "warmup_steps": 4,
                                      "decay_steps": 10, "end_value": 0.2, "exponent": 2.0}],
    ["warmup_exponential_decay_schedule", {"init_value": 0.1, "peak_value": 1.0,
                                           "warmup_steps": 4, "transition_steps": 3,
                                           "decay_rate": 0.5, "end_value": 0.3}],
    ["linear_onecycle_schedule", {"transition_steps": 10, "peak_value": 2.0}],
    ["cosine_onecycle_schedule", {"transition_steps": 10, "peak_value": 2.0, "pct_start": 0.5}],
]  # fmt: skip


def build_schedule(spec: Any) -> Any:
    name, arguments = spec
    if isinstance(arguments.get("boundaries_and_scales"), list):
        arguments = {**arguments, "boundaries_and_scales": dict(arguments["boundaries_and_scales"])}
    return getattr(optax, name)(**arguments)


def argument(value: Any) -> Any:
    if isinstance(value, dict) and "schedule" in value:
        return build_schedule(value["schedule"])
    if isinstance(value, dict) and "transformation" in value:
        return build(value["transformation"])
    if isinstance(value, dict):
        return {k: argument(v) for k, v in value.items()}
    return value


def build(spec: Any) -> Any:
    if isinstance(spec[0], list):
        return optax.chain(*[build(part) for part in spec])
    name, arguments = spec
    arguments = {k: argument(v) for k, v in arguments.items()}
    if name == "accumulate":
        steps = optax.MultiSteps(
            arguments["transformation"], arguments["every"], accumulator_dtype=jnp.float64
        )
        return steps.gradient_transformation()
    if name == "muon" and isinstance(arguments.get("ns_coeffs"), list):
        arguments["ns_coeffs"] = tuple(map(tuple, arguments["ns_coeffs"]))
    return getattr(contrib if name in ("muon", "sam") else optax, name)(**arguments)


def first_params() -> dict[str, Any]:
    return {
        "w": np.array([[1.0, -0.5], [0.3, 0.8], [-1.2, 0.1]]),
        "b": np.array([0.4, -0.9]),
        "s": np.array(0.7),
    }


def gradient(params: dict[str, Any], step: int) -> dict[str, Any]:
    """Neither zero nor smooth in the step, so that averages and signs change."""
    grads = {
        k: np.array(np.sin(3 * np.asarray(p) + step) + 0.5 * np.asarray(p))
        for k, p in params.items()
    }
    grads["w"][2, 1] = 0.0  # an element that never moves
    return grads


def run(spec: Any, kind: str) -> list[list[float]]:
    """Parameters, flattened, after the steps that are stored."""
    params = first_params()
    if kind == "vectors":
        params.pop("s")
    tx = build(spec)
    slow = spec[0] == "lookahead"
    params = optax.LookaheadParams.init_synced(params) if slow else params
    state = tx.init(params)
    rows = []
    for step in range(1, max(STEPS) + 1):
        fast = params.fast if slow else params
        grads = gradient(fast, step)
        if kind == "convex":
            grads = {k: np.asarray(p) + np.asarray(p) ** 3 for k, p in fast.items()}
        if spec[0] == "apply_if_finite" and step in (2, 3, 5):
            grads["b"][0] = np.nan
        updates, state = tx.update(jax.tree.map(jnp.asarray, grads), state, params)
        params = optax.apply_updates(params, updates)
        if step in STEPS:
            fast = params.fast if slow else params
            rows.append(np.concatenate([np.ravel(fast[k]) for k in sorted(fast)]).tolist())
    return rows


def rosenbrock(x: Any) -> Any:
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


def search(spec: Any, start: list[float], steps: int) -> list[list[float]]:
    """The path of an optimizer with a line search on Rosenbrock's function."""
    tx, x = build(spec), jnp.array(start)
    state, rows = tx.init(x), []
    for _ in range(steps):
        value, grad = jax.value_and_grad(rosenbrock)(x)
        updates, state = tx.update(grad, state, x, value=value, grad=grad, value_fn=rosenbrock)
        x = optax.apply_updates(x, updates)
        rows.append(x.tolist())
    return rows


ZOOM = [
    "scale_by_zoom_linesearch",
    {
        "max_linesearch_steps": 12,
        "curv_rtol": 0.3,
        "approx_dec_rtol": None,
        "max_learning_rate": 1.5,
    },
]
BACK = ["scale_by_backtracking_linesearch", {"max_backtracking_steps": 30, "store_grad": True}]
SEARCHES = [
    (["lbfgs", {}], [-1.2, 1.0], 24),
    (["lbfgs", {"memory_size": 3}], [-1.2, 1.0, -0.5, 0.8], 30),
    ([SGD, ZOOM], [-1.2, 1.0], 8),
    ([SGD, BACK], [-1.2, 1.0], 8),
]  # fmt: skip


def main() -> None:
    cases = []
    for name, settings in (OPTIMIZERS | VECTOR_ONLY).items():
        kind = "vectors" if name in VECTOR_ONLY else "all"
        for extra in settings:
            arguments = {"learning_rate": 0.1} | extra
            spec = [name, arguments]
            cases.append({"spec": spec, "kind": kind, "rows": run(spec, kind)})
    for piece in PIECES:
        spec = [["scale", {"step_size": -0.1}], piece]
        cases.append({"spec": spec, "kind": "all", "rows": run(spec, "all")})
    for spec in CONVEX:
        cases.append({"spec": spec, "kind": "convex", "rows": run(spec, "convex")})
    for spec in WRAPPED:
        cases.append({"spec": spec, "kind": "all", "rows": run(spec, "all")})
    searches = [
        {"spec": spec, "start": start, "rows": search(spec, start, steps)}
        for spec, start, steps in SEARCHES
    ]
    schedules = [
        {"spec": spec, "values": [float(build_schedule(spec)(count)) for count in range(14)]}
        for spec in SCHEDULES
    ]
    data = {"steps": STEPS, "cases": cases, "searches": searches, "schedules": schedules}
    TARGET.write_text(json.dumps(data).replace('}, {"spec"', '},\n{"spec"') + "\n")


if __name__ == "__main__":
    main()
