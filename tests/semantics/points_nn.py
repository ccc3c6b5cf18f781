"""Singular points of activation functions and losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from semantics.points import Point

from funcgrad import nn
from funcgrad.nn import losses

ZERO, ONE = np.float64(0.0), np.float64(1.0)


def _sum(loss: Any, **options: Any) -> Any:
    return lambda x, y: loss(x, y, reduction="sum", **options)


ACTIVATIONS = [
    Point("nn.relu(x)", "0", nn.relu, (ZERO,), [0]),
    Point("nn.relu6(x)", "0", nn.relu6, (ZERO,), [0]),
    Point("nn.relu6(x)", "6", nn.relu6, (6 * ONE,), [0]),
    Point("nn.leaky_relu(x)", "0", nn.leaky_relu, (ZERO,), [1], 0, "as jax.nn"),
    Point("nn.elu(x, 2)", "0", lambda x: nn.elu(x, 2.0), (ZERO,), [2], [[2]], "as jax.nn"),
    Point(
        "nn.celu(x, 2)",
        "0",
        lambda x: nn.celu(x, 2.0),
        (ZERO,),
        [1],
        [[0.5]],
        "the second derivative is that of x <= 0",
    ),
    Point(
        "nn.selu(x)",
        "0",
        nn.selu,
        (ZERO,),
        [1.0507009873554805 * 1.6732632423543772],
        [[1.0507009873554805 * 1.6732632423543772]],
        "as jax.nn",
    ),
    Point("nn.hard_tanh(x)", "1", nn.hard_tanh, (ONE,), [1], 0, "as jax.nn"),
    Point("nn.hard_sigmoid(x)", "3", nn.hard_sigmoid, (3 * ONE,), [0]),
    Point("nn.hard_silu(x)", "-3", nn.hard_silu, (-3 * ONE,), [0], [[0]]),
    Point("nn.hard_silu(x)", "3", nn.hard_silu, (3 * ONE,), [1], [[0]], "slopes 1.5 and 1"),
    Point("nn.sparse_sigmoid(x)", "1", nn.sparse_sigmoid, (ONE,), [0.25], 0, "as jax.nn"),
    Point("nn.sparse_plus(x)", "1", nn.sparse_plus, (ONE,), [1], [[0.25]], "smooth, once"),
    Point("nn.soft_sign(x)", "0", nn.soft_sign, (ZERO,), [1], 0, "smooth, once"),
    Point("losses.absolute_error(x, y)", "x = y", _sum(losses.absolute_error), (ONE, ONE), [0, 0]),
    Point(
        "losses.huber_loss(x, y)",
        "x - y = 0",
        _sum(losses.huber_loss),
        (ONE, ONE),
        [0, 0],
        [[1, -1], [-1, 1]],
        "smooth",
    ),
    Point("losses.hinge_loss(x, 1)", "1", lambda x: losses.hinge_loss(x, ONE), (ONE,), [0]),
    Point(
        "losses.squared_hinge_loss(x, 1)",
        "1",
        lambda x: losses.squared_hinge_loss(x, ONE),
        (ONE,),
        [0],
    ),
]
