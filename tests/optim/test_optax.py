"""funcgrad.optim makes the steps that Optax makes, for stored settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import optim

DATA = json.loads((Path(__file__).parent.parent / "data" / "optim_optax.json").read_text())


def build_schedule(spec: Any) -> Any:
    name, arguments = spec
    if isinstance(arguments.get("boundaries_and_scales"), list):
        arguments = {**arguments, "boundaries_and_scales": dict(arguments["boundaries_and_scales"])}
    return getattr(optim, name)(**arguments)


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
        return optim.chain(*[build(part) for part in spec])
    name, arguments = spec
    return getattr(optim, name)(**{k: argument(v) for k, v in arguments.items()})


def first_params(kind: str) -> dict[str, Any]:
    params = {
        "w": np.array([[1.0, -0.5], [0.3, 0.8], [-1.2, 0.1]]),
        "b": np.array([0.4, -0.9]),
        "s": np.float64(0.7),
    }
    return {k: p for k, p in params.items() if kind != "vectors" or np.ndim(p)}


def gradient(params: dict[str, Any], step: int) -> dict[str, Any]:
    grads = {k: np.sin(3 * p + step) + 0.5 * p for k, p in params.items()}
    grads["w"][2, 1] = 0.0
    return grads


def flat(params: dict[str, Any]) -> np.ndarray:
    return np.concatenate([np.ravel(params[k]) for k in sorted(params)])


def label(case: Any) -> str:
    return json.dumps(case["spec"])[:70]


@pytest.mark.parametrize("case", DATA["cases"], ids=label)
def test_steps_equal_those_of_optax(case):
    tx, params = build(case["spec"]), first_params(case["kind"])
    state = tx.init(params)
    rows = []
    for step in range(1, max(DATA["steps"]) + 1):
        grads = gradient(params, step)
        if case["kind"] == "convex":
            grads = {k: p + p**3 for k, p in params.items()}
        if case["spec"][0] == "apply_if_finite" and step in (2, 3, 5):
            grads["b"][0] = np.nan
        updates, state = tx.update(grads, state, params)
        params = optim.apply_updates(params, updates)
        if step in DATA["steps"]:
            rows.append(flat(params))
    # Draws from the normal distribution agree with those of JAX to about 1e-14.
    np.testing.assert_allclose(rows, case["rows"], rtol=2e-11, atol=1e-13)


def rosenbrock(x: Any) -> Any:
    return np.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2)


@pytest.mark.parametrize("case", DATA["searches"], ids=label)
def test_line_searches_walk_the_path_of_optax(case):
    tx, x = build(case["spec"]), np.array(case["start"])
    state = tx.init(x)

    @fg.jit
    def step(x, state):
        value, grad = fg.value_and_grad(rosenbrock)(x)
        updates, state = tx.update(grad, state, x, value=value, grad=grad, value_fn=rosenbrock)
        return optim.apply_updates(x, updates), state

    for row in case["rows"]:
        x, state = step(x, state)
        # Rounding differences grow on the way along the valley.
        np.testing.assert_allclose(x, row, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", DATA["schedules"], ids=label)
def test_schedules_equal_those_of_optax(case):
    schedule, counts = build_schedule(case["spec"]), range(len(case["values"]))
    each = [float(schedule(count)) for count in counts]
    np.testing.assert_allclose(each, case["values"], rtol=1e-13, atol=1e-16)
    at_once = np.broadcast_to(schedule(np.array(counts)), len(each))
    np.testing.assert_allclose(at_once, each, rtol=1e-15)
    traced = fg.jit(fg.vmap(schedule))(np.array(counts))
    np.testing.assert_allclose(traced, each, rtol=1e-14)  # jit has a better 1 - cos(x)
