"""Probabilities next to 1, repaired in single places of arrays, against mpmath."""

import mpmath as mp
import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn

LAYOUTS = {
    "rows": (lambda x: x, -1),
    "columns": (lambda x: x.T.copy(), 0),
    "strided": (lambda x: np.asfortranarray(x), -1),
    "planes": (lambda x: x.reshape(2, 3, 5), -1),
    "middle": (lambda x: x.reshape(2, 3, 5).transpose(0, 2, 1), 1),
}


def logits():
    """Rows that are certain by 0 to 600, and one with two largest elements."""
    x = np.random.default_rng(3).normal(size=(6, 5))
    x[range(5), [0, 3, 2, 4, 1]] += [0.0, 5.0, 30.0, 100.0, 600.0]
    x[5] = [1.0, 1.0, -40.0, -50.0, -60.0]
    return x


LABELS = np.array([0, 3, 2, 4, 0, 1])


def exact(x, labels):
    """Losses, and their derivatives by the logits."""
    with mp.workdps(400):
        losses, slopes = [], []
        for row, label in zip(x, labels, strict=True):
            weights = [mp.exp(mp.mpf(float(v))) for v in row]
            total = mp.fsum(weights)
            losses.append(float(mp.log(total / weights[label])))
            chosen = [w / total - (i == label) for i, w in enumerate(weights)]
            slopes.append([float(c) for c in chosen])
        return np.array(losses), np.array(slopes)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_certain_rows_keep_their_digits(layout, dense, compiled):
    arrange, axis = LAYOUTS[layout]
    x = logits()
    losses, slopes = exact(x, LABELS)
    arranged = arrange(x)
    shape = [n for i, n in enumerate(arranged.shape) if i != axis % arranged.ndim]
    labels = LABELS.reshape(shape)

    def loss(x):
        if dense:
            hot = nn.one_hot(labels, 5, axis=axis)
            return nn.losses.softmax_cross_entropy(x, hot, axis, reduction="none")
        return nn.losses.softmax_cross_entropy_with_integer_labels(
            x, labels, axis, reduction="none"
        )

    both = fg.value_and_grad(lambda x: (np.sum(loss(x)), loss(x)), has_aux=True)
    (_, values), gradient = (fg.jit(both) if compiled else both)(arranged)
    np.testing.assert_allclose(values.ravel(), losses, rtol=1e-14)
    np.testing.assert_allclose(gradient, arrange(slopes), rtol=5e-14, atol=1e-300)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
def test_slope_of_tanh_is_repaired_in_any_layout(shape):
    x = np.linspace(-20, 20, 24).reshape(shape)
    with mp.workdps(60):
        want = np.array([float(mp.sech(mp.mpf(float(v))) ** 2) for v in x.ravel()]).reshape(shape)
    slope = fg.jit(fg.grad(lambda x: np.sum(np.tanh(x))))
    cut = (slice(None, None, -1), slice(None, None, 2))
    for y, w in [(x, want), (np.asfortranarray(x), want), (x.T, want.T), (x[cut], want[cut])]:
        np.testing.assert_allclose(slope(y), w, rtol=32 * 2.3e-16)
