"""Every optimizer, for the laws that all of them obey."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from funcgrad import optim


class Pair(NamedTuple):
    """A named tuple among the parameters."""

    scale: Any
    shift: Any


OPTIMIZERS = {
    "sgd": optim.sgd(0.1),
    "momentum": optim.sgd(0.1, momentum=0.9, nesterov=True),
    "noisy_sgd": optim.noisy_sgd(0.1, eta=1e-4),
    "sign_sgd": optim.sign_sgd(0.1),
    "optimistic_gradient_descent": optim.optimistic_gradient_descent(0.1),
    "adagrad": optim.adagrad(0.5),
    "adadelta": optim.adadelta(1.0, eps=1e-2, weight_decay=1e-3),
    "rmsprop": optim.rmsprop(0.05),
    "rmsprop_centered": optim.rmsprop(
        0.05, eps=1e-2, centered=True, momentum=0.5, bias_correction=True
    ),
    "adam": optim.adam(0.1),
    "adam_schedule": optim.adam(
        optim.cosine_decay_schedule(0.1, 300), b1=optim.linear_schedule(0.5, 0.9, 10)
    ),
    "adamw": optim.adamw(0.1, mask=optim.by_path({"*w*": True, "*": False})),
    "amsgrad": optim.amsgrad(0.1),
    "adamax": optim.adamax(0.1),
    "adamaxw": optim.adamaxw(0.1),
    "nadam": optim.nadam(0.1),
    "nadamw": optim.nadamw(0.1),
    "radam": optim.radam(0.1, b2=0.9),
    "adabelief": optim.adabelief(0.1, eps_root=1e-8),
    "yogi": optim.yogi(0.1),
    "lamb": optim.lamb(0.03),
    "lars": optim.lars(0.1, trust_coefficient=0.1),
    "lion": optim.lion(0.03),
    "adafactor": optim.adafactor(0.1, min_dim_size_to_factor=2, momentum=0.5),
    "rprop": optim.rprop(0.1),
    "sm3": optim.sm3(0.5),
    "novograd": optim.novograd(0.05),
    "adan": optim.adan(0.1),
    "muon": optim.muon(0.05),
    "clipped": optim.chain(optim.clip_by_global_norm(1.0), optim.adam(0.1), optim.clip(0.05)),
    "accumulate": optim.accumulate(optim.adam(0.1), every=3),
    "skip_not_finite": optim.skip_not_finite(optim.adam(0.1)),
    "lookahead": optim.lookahead(optim.adam(0.1), 4, 0.5, reset_state=True),
    "sam": optim.sam(optim.adam(0.1), optim.sgd(0.01)),
    "multi_transform": optim.multi_transform({"*w*": optim.adam(0.1), "*": optim.sgd(0.1)}),
    "masked": optim.chain(
        optim.masked(optim.scale(2.0), lambda p: [True, True, [True], True]), optim.sgd(0.05)
    ),
    "inject_hyperparams": optim.inject_hyperparams(optim.adamw)(
        optim.linear_schedule(0.1, 0.05, 20), b1=0.8
    ),
    "lbfgs": optim.lbfgs(0.3, memory_size=3, linesearch=None),
}

# Those that end at a distance from the minimum, since their steps do not shrink.
RESTLESS = {"sign_sgd": 0.2, "noisy_sgd": 0.1, "lion": 0.1, "lamb": 0.1, "muon": 0.15,
            "adabelief": 0.1, "adafactor": 0.15, "sm3": 0.1, "lars": 0.1,
            "rmsprop": 0.05, "novograd": 0.05, "adan": 0.08, "lookahead": 0.08,
            "rmsprop_centered": 0.05}  # fmt: skip


def params_of(dtype: Any) -> Any:
    """A nested container: list, dict, tuple, named tuple, None."""
    rng = np.random.default_rng(7)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(dtype)

    return [
        {"w": normal(3, 2), "b": normal(2)},
        (normal(2, 4, 3), None),
        [Pair(dtype(0.7), normal(5))],
        {"deep": {"w2": normal(2, 5)}},
    ]


def loss(params: Any) -> Any:
    """A sum of parabolas of different widths, least where all parameters are 1/2."""
    one, (kernel, _), (pair,), deep = params
    leaves = [one["w"], one["b"], kernel, pair.scale, pair.shift, deep["deep"]["w2"]]
    total: Any = 0.0
    for i, x in enumerate(leaves):
        total = total + (0.5 + 0.1 * i) * np.sum((x - 0.5) ** 2)
    return total
