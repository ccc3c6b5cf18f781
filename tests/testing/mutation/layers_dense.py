"""Layers and losses in plain NumPy: forward and backward passes, and backward passes with mistakes.

A layer's forward returns (output, cache), its backward takes (cotangent, cache) and returns one
cotangent per argument. Nothing here uses funcgrad's differentiation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .mutant import Draw, Mutant, between, normal, of_pair

Array = np.ndarray


@dataclass(frozen=True)
class Layer:
    """A forward pass, its backward pass, and mistaken ones by kind of mistake."""

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    draw: Draw
    mistakes: dict[str, Callable[..., Any]]

    def mutants(self) -> list[Mutant]:
        return [
            of_pair(f"{self.name}: {kind}", kind, self.forward, wrong, self.backward, self.draw)
            for kind, wrong in self.mistakes.items()
        ]


def changed(backward: Callable[..., Any], place: int, change: Callable[..., Any]) -> Any:
    """A backward pass with ``change(cotangent, ct, cache)`` in place of one of its results."""

    def wrong(ct: Any, cache: Any) -> Any:
        found = list(backward(ct, cache))
        found[place] = change(found[place], ct, cache)
        return tuple(found)

    return wrong


# --- dense ---------------------------------------------------------------------------------------


def dense(x: Array, w: Array, b: Array) -> Any:
    return x @ w + b, (x, w)


def dense_backward(ct: Array, cache: Any) -> Any:
    x, w = cache
    return ct @ w.T, x.T @ ct, ct.sum(axis=0)


DENSE = Layer("dense", dense, dense_backward, normal((5, 3), (3, 3), (3,)), {
    "sign": changed(dense_backward, 1, lambda g, ct, c: -g),
    "not transposed": changed(dense_backward, 0, lambda g, ct, c: ct @ c[1]),
    "missing broadcast sum": changed(dense_backward, 2, lambda g, ct, c: ct),
    "mean instead of sum": changed(dense_backward, 2, lambda g, ct, c: ct.mean(axis=0)),
    "wrong axis": changed(dense_backward, 2, lambda g, ct, c: ct[:3].sum(axis=1)),
    "result transposed": changed(dense_backward, 1, lambda g, ct, c: g.T),
    "dropped operand": changed(dense_backward, 2, lambda g, ct, c: None),
    "divided by N": changed(dense_backward, 1, lambda g, ct, c: g / len(ct)),
})  # fmt: skip

# --- activations ---------------------------------------------------------------------------------


def relu(x: Array) -> Any:
    return np.maximum(x, 0), x


def tanh(x: Array) -> Any:
    y = np.tanh(x)
    return y, (x, y)


def gelu(x: Array) -> Any:
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + np.tanh(inner)), x


def gelu_slope(x: Array, cubic: float = 3 * 0.044715, outer: float = 1.0) -> Array:
    scale = np.sqrt(2 / np.pi)
    t = np.tanh(scale * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + outer * 0.5 * x * (1 - t * t) * scale * (1 + cubic * x * x)


def swish(x: Array) -> Any:
    return x / (1 + np.exp(-x)), x


def swish_backward(ct: Array, x: Array) -> Any:
    s = 1 / (1 + np.exp(-x))
    return (ct * (s + x * s * (1 - s)),)


def away_from_zero(rng: Any) -> tuple[Any, ...]:
    return (rng.uniform(0.2, 2.0, (3, 4)) * rng.choice([-1, 1], (3, 4)),)


RELU = Layer("relu", relu, lambda ct, x: (ct * (x > 0),), away_from_zero, {
    "mask forgotten": lambda ct, x: (ct * 1,),
    "mask of the cotangent": lambda ct, x: (ct * (ct > 0),),
    "mask inverted": lambda ct, x: (ct * (x < 0),),
    "off by one": lambda ct, x: (ct * (np.roll(x, 1, 1) > 0),),
    "leak": lambda ct, x: (np.where(x > 0, ct, 1e-4 * ct),),
})  # fmt: skip
TANH = Layer("tanh", tanh, lambda ct, c: (ct * (1 - c[1] ** 2),), normal((3, 4)), {
    "input for output": lambda ct, c: (ct * (1 - c[0] ** 2),),
    "wrong power": lambda ct, c: (ct * (1 - c[1]),),
    "sign": lambda ct, c: (ct * (c[1] ** 2 - 1),),
})  # fmt: skip
GELU = Layer("gelu", gelu, lambda ct, x: (ct * gelu_slope(x),), normal((3, 4)), {
    "factor 3 forgotten": lambda ct, x: (ct * gelu_slope(x, 0.044715),),
    "dropped term": lambda ct, x: (ct * gelu_slope(x, outer=0.0),),
    "one digit": lambda ct, x: (ct * gelu_slope(x, 3 * 0.0447),),
    "the exact one's": lambda ct, x: (
        ct * (1 / (1 + np.exp(-1.702 * x)) * (1 + 1.702 * x / (1 + np.exp(1.702 * x)))),),
})  # fmt: skip
SWISH = Layer("swish", swish, swish_backward, normal((3, 4)), {
    "dropped term": lambda ct, x: (ct / (1 + np.exp(-x)),),
    "of the output": lambda ct, x: swish_backward(ct, swish(x)[0]),
})  # fmt: skip

# --- normalisation -------------------------------------------------------------------------------

EPSILON = 1e-3


def layer_norm(x: Array, scale: Array, offset: Array) -> Any:
    deviation = np.sqrt(np.var(x, axis=-1, keepdims=True) + EPSILON)
    z = (x - np.mean(x, axis=-1, keepdims=True)) / deviation
    return z * scale + offset, (z, scale, deviation)


def normalised_backward(
    ct: Array, cache: Any, axis: int, first: float = 1.0, second: float = 1.0
) -> Array:
    """The cotangent of what was normalised along an axis; the factors are 1 if it is right."""
    z, scale, deviation = cache
    dz = ct * scale
    means = np.mean(dz, axis=axis, keepdims=True), np.mean(dz * z, axis=axis, keepdims=True)
    return (dz - first * means[0] - second * z * means[1]) / deviation


def layer_norm_backward(ct: Array, cache: Any) -> Any:
    z = cache[0]
    return normalised_backward(ct, cache, -1), np.sum(ct * z, axis=0), np.sum(ct, axis=0)


def norm_mistakes(backward: Any, axis: int) -> dict[str, Any]:
    """What goes wrong in the backward passes of layers that normalise."""
    return {
        "statistics held constant": changed(
            backward, 0, lambda g, ct, c: normalised_backward(ct, c, axis, 0, 0)),
        "mean held constant": changed(
            backward, 0, lambda g, ct, c: normalised_backward(ct, c, axis, 0, 1)),
        "variance held constant": changed(
            backward, 0, lambda g, ct, c: normalised_backward(ct, c, axis, 1, 0)),
        "sign of a term": changed(
            backward, 0, lambda g, ct, c: normalised_backward(ct, c, axis, 1, -1)),
        "wrong axis": changed(
            backward, 0, lambda g, ct, c: normalised_backward(ct, c, -1 - axis)),
        "deviation forgotten": changed(backward, 0, lambda g, ct, c: g * c[2]),
        "scale and offset swapped": lambda ct, c: (
            backward(ct, c)[0], backward(ct, c)[2], backward(ct, c)[1]),
    }  # fmt: skip


LAYER_NORM = Layer(
    "layer norm", layer_norm, layer_norm_backward, normal((3, 5), (5,), (5,)),
    norm_mistakes(layer_norm_backward, -1),
)  # fmt: skip


def batch_norm(x: Array, scale: Array, offset: Array) -> Any:
    deviation = np.sqrt(np.var(x, axis=0) + EPSILON)
    z = (x - np.mean(x, axis=0)) / deviation
    return z * scale + offset, (z, scale, deviation)


def batch_norm_backward(ct: Array, cache: Any) -> Any:
    dx = normalised_backward(ct, cache, 0)
    return dx, np.sum(ct * cache[0], axis=0), np.sum(ct, axis=0)


BATCH_NORM = Layer(
    "batch norm", batch_norm, batch_norm_backward, normal((6, 3), (3,), (3,)),
    norm_mistakes(batch_norm_backward, 0),
)  # fmt: skip


def rms_norm(x: Array, scale: Array) -> Any:
    size = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + EPSILON)
    return x / size * scale, (x, scale, size)


def rms_norm_backward(ct: Array, cache: Any, power: int = 3) -> Any:
    x, scale, size = cache
    dz = ct * scale
    dx = dz / size - x * np.mean(dz * x, axis=-1, keepdims=True) / size**power
    return dx, np.sum(ct * x / size, axis=0)


RMS_NORM = Layer("rms norm", rms_norm, rms_norm_backward, normal((3, 5), (5,)), {
    "wrong power": lambda ct, c: rms_norm_backward(ct, c, 2),
    "size held constant": changed(rms_norm_backward, 0, lambda g, ct, c: ct * c[1] / c[2]),
    "scale not normalised": changed(rms_norm_backward, 1, lambda g, ct, c: np.sum(ct * c[0], 0)),
})  # fmt: skip


def l2_normalised(x: Array) -> Any:
    size = np.sqrt(np.sum(x * x, axis=-1, keepdims=True))
    return x / size, (x / size, size)


def l2_normalised_backward(ct: Array, cache: Any) -> Any:
    y, size = cache
    return ((ct - y * np.sum(ct * y, axis=-1, keepdims=True)) / size,)


L2_NORMALISED = Layer("l2 normalisation", l2_normalised, l2_normalised_backward, normal((3, 4)), {
    "projection forgotten": lambda ct, c: (ct / c[1],),
    "size forgotten": lambda ct, c: (l2_normalised_backward(ct, c)[0] * c[1],),
    "mean instead of sum": lambda ct, c: (
        (ct - c[0] * np.mean(ct * c[0], axis=-1, keepdims=True)) / c[1],),
    "wrong axis": lambda ct, c: ((ct - c[0] * np.sum(ct * c[0], axis=0)) / c[1],),
})  # fmt: skip

# --- losses --------------------------------------------------------------------------------------

LABELS = np.array([2, 0, 1, 2, 3])


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(scores: Array) -> Any:
    p = softmax(scores)
    return -np.mean(np.log(p[np.arange(5), LABELS])), p


def cross_entropy_backward(ct: Array, p: Array, shift: int = 0) -> Any:
    return (ct * (p - np.roll(np.eye(4), shift, axis=1)[LABELS]) / 5,)


CROSS_ENTROPY = Layer("softmax cross-entropy", cross_entropy, cross_entropy_backward,
                      normal((5, 4)), {
    "missing 1/N": lambda ct, p: (cross_entropy_backward(ct, p)[0] * 5,),
    "divided by classes": lambda ct, p: (cross_entropy_backward(ct, p)[0] * 5 / 4,),
    "sign": lambda ct, p: (-cross_entropy_backward(ct, p)[0],),
    "labels off by one": lambda ct, p: cross_entropy_backward(ct, p, 1),
    "labels forgotten": lambda ct, p: (ct * p / 5,),
    "cotangent forgotten": lambda ct, p: (cross_entropy_backward(1.0, p)[0],),
    "softmax twice": lambda ct, p: cross_entropy_backward(ct, softmax(p)),
})  # fmt: skip


def huber(x: Array, y: Array) -> Any:
    d = x - y
    small = np.abs(d) <= 1
    return np.sum(np.where(small, 0.5 * d * d, np.abs(d) - 0.5)), (d, small)


def huber_backward(ct: Array, cache: Any) -> Any:
    d, small = cache
    g = ct * np.where(small, d, np.sign(d))
    return g, -g


HUBER = Layer("huber", huber, huber_backward, between(-3.0, 3.0, (20,), (20,)), {
    "quadratic everywhere": lambda ct, c: (ct * c[0], -ct * c[0]),
    "linear everywhere": lambda ct, c: (ct * np.sign(c[0]), -ct * np.sign(c[0])),
    "sign forgotten": lambda ct, c: (
        ct * np.where(c[1], c[0], 1), -ct * np.where(c[1], c[0], 1)),
    "sign of the target": changed(huber_backward, 1, lambda g, ct, c: -g),
    "factor 2": lambda ct, c: tuple(2 * g for g in huber_backward(ct, c)),
})  # fmt: skip

LAYERS = [
    DENSE, RELU, TANH, GELU, SWISH, LAYER_NORM, BATCH_NORM, RMS_NORM, L2_NORMALISED, CROSS_ENTROPY,
    HUBER,
]  # fmt: skip
MUTANTS = [mutant for layer in LAYERS for mutant in layer.mutants()]
