"""Convolution, pooling, attention, recurrent cells and tables by hand, right and with mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .layers_dense import Layer, changed, softmax
from .mutant import normal

Array = np.ndarray

# --- convolution by loops ------------------------------------------------------------------------


def convolve(x: Array, k: Array) -> Any:
    """Images (n, height, width) with a kernel (kh, kw), no padding."""
    (kh, kw), (n, height, width) = k.shape, x.shape
    out = np.zeros((n, height - kh + 1, width - kw + 1))
    for a in range(kh):
        for b in range(kw):
            out += k[a, b] * x[:, a : a + out.shape[1], b : b + out.shape[2]]
    return out, (x, k)


def convolve_backward(ct: Array, cache: Any, flipped: int = 1, images: int | None = None) -> Any:
    x, k = cache
    rows, columns = ct.shape[1:]
    dx, dk = np.zeros(x.shape), np.zeros(k.shape)
    used = k[::flipped, ::flipped]
    for a in range(k.shape[0]):
        for b in range(k.shape[1]):
            dx[:, a : a + rows, b : b + columns] += used[a, b] * ct
            dk[a, b] = np.sum(ct[:images] * x[:images, a : a + rows, b : b + columns])
    return dx, dk


CONVOLUTION = Layer("convolution", convolve, convolve_backward, normal((2, 5, 6), (3, 2)), {
    "kernel flipped": lambda ct, c: convolve_backward(ct, c, -1),
    "first image only": lambda ct, c: convolve_backward(ct, c, 1, 1),
    "off by one": changed(convolve_backward, 0, lambda g, ct, c: np.roll(g, 1, axis=1)),
    "result transposed": changed(convolve_backward, 1, lambda g, ct, c: g[::-1, ::-1]),
    "mean instead of sum": changed(convolve_backward, 1, lambda g, ct, c: g / len(ct)),
    "edge forgotten": changed(
        convolve_backward, 0, lambda g, ct, c: g * (np.arange(g.shape[2]) < g.shape[2] - 1)),
})  # fmt: skip

# --- pooling -------------------------------------------------------------------------------------


def max_pool(x: Array) -> Any:
    """Largest of pairs of neighbours."""
    pairs = x.reshape(x.shape[0], -1, 2)
    return pairs.max(axis=2), pairs


def hits(pairs: Array) -> Array:
    return pairs == pairs.max(axis=2, keepdims=True)


def max_pool_backward(ct: Array, pairs: Array) -> Any:
    return ((ct[:, :, None] * hits(pairs)).reshape(len(ct), -1),)


def mean_pool(x: Array) -> Any:
    return x.reshape(x.shape[0], -1, 3).mean(axis=2), None


MAX_POOL = Layer("max pooling", max_pool, max_pool_backward, normal((3, 8)), {
    "to both": lambda ct, c: (np.repeat(ct, 2, axis=1),),
    "half to both": lambda ct, c: (np.repeat(ct, 2, axis=1) / 2,),
    "smaller one": lambda ct, c: ((ct[:, :, None] * ~hits(c)).reshape(len(ct), -1),),
    "always the first": lambda ct, c: (
        (ct[:, :, None] * np.array([1.0, 0.0])).reshape(len(ct), -1),),
    "order of pairs": lambda ct, c: ((ct[:, ::-1, None] * hits(c)).reshape(len(ct), -1),),
})  # fmt: skip
MEAN_POOL = Layer("mean pooling", mean_pool, lambda ct, c: (np.repeat(ct, 3, axis=1) / 3,),
                  normal((2, 6)), {
    "missing 1/N": lambda ct, c: (np.repeat(ct, 3, axis=1),),
    "tiled": lambda ct, c: (np.tile(ct, 3) / 3,),
    "wrong N": lambda ct, c: (np.repeat(ct, 3, axis=1) / 2,),
})  # fmt: skip

# --- attention -----------------------------------------------------------------------------------


def attention(q: Array, k: Array, v: Array) -> Any:
    scale = 1 / np.sqrt(q.shape[-1])
    p = softmax(q @ k.T * scale)
    return p @ v, (q, k, v, p, scale)


def attention_backward(ct: Array, cache: Any, inner: Any = None, scale: Any = None) -> Any:
    q, k, v, p, given = cache
    dp = ct @ v.T
    ds = p * (dp - np.sum(p * dp, axis=-1, keepdims=True)) if inner is None else inner(p, dp)
    ds = ds * (given if scale is None else scale)
    return ds @ k, ds.T @ q, p.T @ ct


ATTENTION = Layer("attention", attention, attention_backward, normal((4, 3), (4, 3), (4, 3)), {
    "scale forgotten": lambda ct, c: attention_backward(ct, c, scale=1.0),
    "scale squared": lambda ct, c: attention_backward(ct, c, scale=1 / 3),
    "softmax elementwise": lambda ct, c: attention_backward(ct, c, lambda p, dp: p * (1 - p) * dp),
    "sum over the wrong axis": lambda ct, c: attention_backward(
        ct, c, lambda p, dp: p * (dp - np.sum(p * dp, axis=0))),
    "keys not transposed": changed(
        attention_backward, 1, lambda g, ct, c: attention_backward(ct, c)[0]),
    "values not transposed": changed(attention_backward, 2, lambda g, ct, c: c[3] @ ct),
    "weights held constant": lambda ct, c: (None, None, c[3].T @ ct),
})  # fmt: skip

# --- recurrent cells -----------------------------------------------------------------------------


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm(x: Array, h: Array, c: Array, w: Array) -> Any:
    """One step; gates i, f, g, o side by side in the columns of w."""
    joined = np.concatenate([x, h], axis=1)
    i, f, g, o = np.split(joined @ w, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    new = f * c + i * g
    return (o * np.tanh(new), new), (joined, w, c, i, f, g, o, new)


def lstm_backward(
    cts: Any, cache: Any, *, through_output: float = 1.0, direct: float = 1.0, swapped: bool = False
) -> Any:
    joined, w, c, i, f, g, o, new = cache
    dh, dnew = cts
    t = np.tanh(new)
    dnew = direct * dnew + through_output * dh * o * (1 - t * t)
    gates = [dnew * g * i * (1 - i), dnew * c * f * (1 - f), dnew * i * (1 - g * g),
             dh * t * o * (1 - o)]  # fmt: skip
    if swapped:
        gates[0], gates[1] = gates[1], gates[0]
    d = np.concatenate(gates, axis=1)
    djoined = d @ w.T
    return djoined[:, :3], djoined[:, 3:], dnew * f, joined.T @ d


LSTM = Layer("LSTM step", lstm, lstm_backward, normal((2, 3), (2, 4), (2, 4), (7, 16)), {
    "output path forgotten": lambda ct, c: lstm_backward(ct, c, through_output=0.0),
    "cell path forgotten": lambda ct, c: lstm_backward(ct, c, direct=0.0),
    "gates swapped": lambda ct, c: lstm_backward(ct, c, swapped=True),
    "forget gate forgotten": changed(lstm_backward, 2, lambda g, ct, c: g / c[4]),
    "inputs swapped": changed(lstm_backward, 3, lambda g, ct, c: np.roll(g, 3, axis=0)),
})  # fmt: skip


def gru(x: Array, h: Array, w: Array, u: Array) -> Any:
    """One step without biases: z and r in the first columns, the candidate in the last."""
    n = h.shape[1]
    z, r = sigmoid((x @ w + h @ u)[:, :n]), sigmoid((x @ w + h @ u)[:, n : 2 * n])
    c = np.tanh(x @ w[:, 2 * n :] + (r * h) @ u[:, 2 * n :])
    return z * h + (1 - z) * c, (x, h, w, u, z, r, c)


def gru_backward(
    ct: Any, cache: Any, *, direct: float = 1.0, reset: float = 1.0, sign: float = 1.0
) -> Any:
    x, h, w, u, z, r, c = cache
    n = h.shape[1]
    dc = ct * (1 - z) * (1 - c * c)
    drh = dc @ u[:, 2 * n :].T
    d = np.concatenate([sign * ct * (h - c) * z * (1 - z), drh * h * r * (1 - r), dc], axis=1)
    dh = direct * ct * z + d[:, : 2 * n] @ u[:, : 2 * n].T + reset * drh * r
    du = np.concatenate([h.T @ d[:, : 2 * n], (r * h).T @ dc], axis=1)
    return d @ w.T, dh, x.T @ d, du


GRU = Layer("GRU step", gru, gru_backward, normal((2, 3), (2, 4), (3, 12), (4, 12)), {
    "direct path forgotten": lambda ct, c: gru_backward(ct, c, direct=0.0),
    "reset path forgotten": lambda ct, c: gru_backward(ct, c, reset=0.0),
    "sign of a gate": lambda ct, c: gru_backward(ct, c, sign=-1.0),
    "reset gate outside": changed(
        gru_backward, 3, lambda g, ct, c: np.concatenate([g[:, :8], g[:, 8:] / 2], axis=1)),
})  # fmt: skip

# --- tables --------------------------------------------------------------------------------------

WORDS = np.array([1, 4, 1, 0, 1])


def embedding(table: Array) -> Any:
    return table[WORDS], table.shape


def embedding_backward(ct: Array, shape: Any) -> Any:
    out = np.zeros(shape)
    np.add.at(out, WORDS, ct)
    return (out,)


def embedding_overwritten(ct: Array, shape: Any, words: Array = WORDS) -> Any:
    out = np.zeros(shape)
    out[words] = ct
    return (out,)


def embedding_averaged(ct: Array, shape: Any) -> Any:
    counts = np.bincount(WORDS, minlength=shape[0])
    return (embedding_backward(ct, shape)[0] / np.maximum(counts, 1)[:, None],)


EMBEDDING = Layer("embedding", embedding, embedding_backward, normal((5, 3)), {
    "repeats overwritten": embedding_overwritten,
    "repeats averaged": embedding_averaged,
    "off by one": lambda ct, s: (np.roll(embedding_backward(ct, s)[0], 1, axis=0),),
})  # fmt: skip


def scatter(values: Array) -> Any:
    out = np.zeros((6, values.shape[1]))
    np.add.at(out, WORDS, values)
    return out, None


SCATTER = Layer("scatter-add", scatter, lambda ct, c: (ct[WORDS],), normal((5, 2)), {
    "order forgotten": lambda ct, c: (ct[np.sort(WORDS)],),
    "off by one": lambda ct, c: (ct[WORDS + 1],),
    "divided by counts": lambda ct, c: ((ct / 3)[WORDS],),
})  # fmt: skip


def cumulative(x: Array) -> Any:
    return np.cumsum(x, axis=0), None


CUMULATIVE = Layer("cumulative sum", cumulative,
                   lambda ct, c: (np.cumsum(ct[::-1], axis=0)[::-1],), normal((4, 4)), {
    "not reversed": lambda ct, c: (np.cumsum(ct, axis=0),),
    "reversed once": lambda ct, c: (np.cumsum(ct[::-1], axis=0),),
    "wrong axis": lambda ct, c: (np.cumsum(ct[:, ::-1], axis=1)[:, ::-1],),
    "off by one": lambda ct, c: (np.cumsum(ct[::-1], axis=0)[::-1] - ct,),
})  # fmt: skip

LAYERS = [
    CONVOLUTION, MAX_POOL, MEAN_POOL, ATTENTION, LSTM, GRU, EMBEDDING, SCATTER, CUMULATIVE,
]  # fmt: skip
MUTANTS = [mutant for layer in LAYERS for mutant in layer.mutants()]
