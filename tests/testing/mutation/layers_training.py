"""Layers as they are trained: running statistics, masks, clipping, rounding, updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from .layers_dense import Layer, changed, softmax
from .mutant import between, normal

Array = np.ndarray

# --- batch norm with running statistics ----------------------------------------------------------

KEEP, EPSILON = 0.9, 1e-3


def running_norm(x: Array, mean: Array, var: Array) -> Any:
    """The normalised x, and the new running mean and (unbiased) variance."""
    m, v, n = np.mean(x, 0), np.var(x, 0), len(x)
    z = (x - m) / np.sqrt(v + EPSILON)
    new = KEEP * mean + (1 - KEEP) * m, KEEP * var + (1 - KEEP) * v * n / (n - 1)
    return (z, *new), (z, v, x - m)


def running_norm_backward(
    cts: Any, cache: Any, *, momentum: float = KEEP, unbiased: float = 1.0, means: float = 1.0,
    epsilon: float = EPSILON,
) -> Any:  # fmt: skip
    dz, dmean, dvar = cts
    z, v, d = cache
    n = len(z)
    dx = (dz - dz.mean(0) - z * np.mean(dz * z, 0)) / np.sqrt(v + epsilon)
    dx = dx + means * (1 - KEEP) * dmean / n
    dx = dx + (1 - KEEP) * dvar * 2 * d / (n - unbiased)
    return dx, momentum * dmean, momentum * dvar


RUNNING_NORM = Layer("batch norm in training", running_norm, running_norm_backward,
                     lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal(3),
                                  rng.uniform(0.5, 2, 3)), {
    "momentum for its complement": lambda ct, c: running_norm_backward(
        ct, c, momentum=1 - KEEP),
    "running variance biased": lambda ct, c: running_norm_backward(ct, c, unbiased=0.0),
    "running mean held constant": lambda ct, c: running_norm_backward(ct, c, means=0.0),
    "epsilon forgotten": lambda ct, c: running_norm_backward(ct, c, epsilon=0.0),
    "state without a cotangent": lambda ct, c: (running_norm_backward(ct, c)[0], None, None),
})  # fmt: skip

# --- dropout -------------------------------------------------------------------------------------

KEPT = np.random.default_rng(3).random((4, 5)) < 0.6


def dropped_out(x: Array) -> Any:
    return np.tanh(x) * KEPT / 0.6, (x, KEPT)


def dropped_out_backward(ct: Array, cache: Any, mask: Any = None, scale: float = 0.6) -> Any:
    x, kept = cache
    return ((1 - np.tanh(x) ** 2) * ct * (kept if mask is None else mask) / scale,)


DROPOUT = Layer("dropout", dropped_out, dropped_out_backward, normal((4, 5)), {
    "mask drawn anew": lambda ct, c: dropped_out_backward(
        ct, c, np.random.default_rng(4).random((4, 5)) < 0.6),
    "mask applied to nothing": lambda ct, c: dropped_out_backward(ct, c, np.ones((4, 5))),
    "rescaled by what is dropped": lambda ct, c: dropped_out_backward(ct, c, scale=0.4),
    "rescaled twice": lambda ct, c: dropped_out_backward(ct, c, scale=0.36),
})  # fmt: skip

# --- causal attention ----------------------------------------------------------------------------


def causal(n: int) -> Array:
    return np.tril(np.ones((n, n), bool))


def causal_attention(q: Array, k: Array, v: Array) -> Any:
    s = np.where(causal(len(q)), q @ k.T, -1e9)
    p = softmax(s)
    return p @ v, (q, k, v, p)


def causal_backward(ct: Array, cache: Any, p: Any = None, mask: Any = None) -> Any:
    q, k, v, weights = cache
    p = weights if p is None else p
    dp = ct @ v.T
    ds = p * (dp - np.sum(p * dp, 1, keepdims=True))
    ds = ds if mask is None else ds * mask
    return ds @ k, ds.T @ q, p.T @ ct


CAUSAL = Layer("causal attention", causal_attention, causal_backward,
               normal((5, 3), (5, 3), (5, 3)), {
    "recomputed without the mask": lambda ct, c: causal_backward(ct, c, softmax(c[0] @ c[1].T)),
    "mask transposed": lambda ct, c: causal_backward(ct, c, mask=causal(5).T),
    "mask without the diagonal": lambda ct, c: causal_backward(
        ct, c, mask=np.tril(np.ones((5, 5)), -1)),
    "weights of the mask renormalised": lambda ct, c: causal_backward(
        ct, c, c[3] / np.arange(1, 6)[:, None]),
})  # fmt: skip

# --- tables --------------------------------------------------------------------------------------

WORDS, PAD = np.array([1, 4, 0, 1, 0, 3]), 0


def padded_table(table: Array) -> Any:
    return table[WORDS] * (WORDS != PAD)[:, None], table.shape


def padded_table_backward(ct: Array, shape: Any, pad: int | None = PAD) -> Any:
    out = np.zeros(shape)
    np.add.at(out, WORDS, ct * (WORDS != pad)[:, None])
    return (out,)


PADDED_TABLE = Layer("embedding with padding", padded_table, padded_table_backward,
                     normal((5, 3)), {
    "padding row learns": lambda ct, s: padded_table_backward(ct, s, None),
    "padding index off by one": lambda ct, s: padded_table_backward(ct, s, PAD + 1),
    "scaled by frequency": lambda ct, s: (
        padded_table_backward(ct, s)[0] / np.maximum(np.bincount(WORDS, minlength=5), 1)[:, None],),
})  # fmt: skip

# --- clipping and rounding -----------------------------------------------------------------------


def clipped_norm(g: Array) -> Any:
    """An array shortened to length 1, if it is longer."""
    size = np.sqrt(np.sum(g * g))
    return g * min(1.0, 1.0 / size), (g, size)


def clipped_norm_backward(ct: Array, cache: Any) -> Any:
    g, size = cache
    return ((ct - g * np.sum(g * ct) / size**2) / size if size > 1 else ct,)


CLIPPED = Layer("clipping by length", clipped_norm, clipped_norm_backward,
                between(0.5, 2.0, (3, 2)), {
    "length held constant": lambda ct, c: (ct / c[1],),
    "clipping forgotten": lambda ct, c: (ct,),
    "cotangent clipped": lambda ct, c: (ct * min(1.0, 1.0 / np.sqrt(np.sum(ct * ct))),),
})  # fmt: skip


def quantised(x: Array, scale: Array) -> Any:
    """Numbers rounded to multiples of a scale, at most seven of them."""
    levels = np.clip(np.rint(x / scale), -7, 7)
    return scale * levels, (x, scale, levels)


def quantised_backward(ct: Array, cache: Any) -> Any:
    _, _, levels = cache
    return np.zeros_like(ct), np.sum(ct * levels)


def between_levels(rng: Any) -> tuple[Any, ...]:
    return (rng.integers(-9, 10, 8) + rng.uniform(-0.3, 0.3, 8)) * 0.25, np.array(0.25)


QUANTISED = Layer("quantisation", quantised, quantised_backward, between_levels, {
    "straight through": changed(quantised_backward, 0, lambda g, ct, c: ct),
    "straight through inside of the range": changed(
        quantised_backward, 0, lambda g, ct, c: ct * (np.abs(c[0] / c[1]) <= 7)),
    "scale by the rounding error": changed(
        quantised_backward, 1, lambda g, ct, c: np.sum(ct * (c[2] - c[0] / c[1]))),
    "scale held constant": changed(quantised_backward, 1, lambda g, ct, c: 0 * g),
})  # fmt: skip

# --- updates of weights --------------------------------------------------------------------------

RATE, B1, B2, DECAY = 0.1, 0.9, 0.99, 0.01


def adam_step(w: Array, g: Array, m: Array, v: Array) -> Any:
    """The third step, with decoupled weight decay, as a function of all that it takes."""
    m2, v2 = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g
    mh, vh = m2 / (1 - B1**3), v2 / (1 - B2**3)
    root = np.sqrt(vh) + 1e-8
    return w - RATE * (mh / root + DECAY * w), (g, mh, vh, root)


def adam_backward(
    ct: Array, cache: Any, *, decay: float = DECAY, corrected: bool = True, squares: float = 1.0,
    eps: float = 0.0,
) -> Any:  # fmt: skip
    g, mh, vh, root = cache
    dm = -RATE * ct / root / ((1 - B1**3) if corrected else 1.0)
    dv = squares * RATE * ct * mh / (root + eps) ** 2 * 0.5 / np.sqrt(vh) / (1 - B2**3)
    return ct * (1 - RATE * decay), (1 - B1) * dm + 2 * (1 - B2) * g * dv, B1 * dm, B2 * dv


def moments(rng: Any) -> tuple[Any, ...]:
    w, g, m = rng.standard_normal((3, 5))
    return w, g, m, rng.uniform(0.1, 1.0, 5)


ADAM = Layer("Adam step", adam_step, adam_backward, moments, {
    "decay of weights forgotten": lambda ct, c: adam_backward(ct, c, decay=0.0),
    "bias correction forgotten": lambda ct, c: adam_backward(ct, c, corrected=False),
    "second moment held constant": lambda ct, c: adam_backward(ct, c, squares=0.0),
    "decay of the moments exchanged": lambda ct, c: (
        *adam_backward(ct, c)[:2], adam_backward(ct, c)[2] * B2 / B1,
        adam_backward(ct, c)[3] * B1 / B2),
})  # fmt: skip


def weight_norm(v: Array, g: Array) -> Any:
    size = np.sqrt(np.sum(v * v, 1, keepdims=True))
    return g[:, None] * v / size, (v, g, size)


def weight_norm_backward(ct: Array, cache: Any, projected: float = 1.0) -> Any:
    v, g, size = cache
    u = v / size
    dg = np.sum(ct * u, 1)
    return g[:, None] / size * (ct - projected * dg[:, None] * u), dg


WEIGHT_NORM = Layer("weight normalisation", weight_norm, weight_norm_backward,
                    normal((3, 4), (3,)), {
    "direction not projected": lambda ct, c: weight_norm_backward(ct, c, 0.0),
    "projected twice": lambda ct, c: weight_norm_backward(ct, c, 2.0),
    "gain by the weights, not the direction": changed(
        weight_norm_backward, 1, lambda g, ct, c: np.sum(ct * c[0], 1)),
})  # fmt: skip


def residual(x: Array, w: Array) -> Any:
    h = np.tanh(x @ w)
    return x + 0.5 * h, (x, w, h)


def residual_backward(ct: Array, cache: Any, skip: float = 1.0, branch: float = 0.5) -> Any:
    x, w, h = cache
    d = branch * ct * (1 - h * h)
    return skip * ct + d @ w.T, x.T @ d


RESIDUAL = Layer("residual block", residual, residual_backward, normal((4, 3), (3, 3)), {
    "skip connection forgotten": lambda ct, c: residual_backward(ct, c, 0.0),
    "skip connection twice": lambda ct, c: residual_backward(ct, c, 2.0),
    "scale of the branch forgotten": lambda ct, c: residual_backward(ct, c, branch=1.0),
    "skip scaled with the branch": lambda ct, c: residual_backward(ct, c, 0.5),
})  # fmt: skip

LAYERS = [
    RUNNING_NORM, DROPOUT, CAUSAL, PADDED_TABLE, CLIPPED, QUANTISED, ADAM, WEIGHT_NORM, RESIDUAL,
]  # fmt: skip
MUTANTS = [mutant for layer in LAYERS for mutant in layer.mutants()]
