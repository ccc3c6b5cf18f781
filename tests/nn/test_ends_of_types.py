"""Every function of nn at the ends of the types, against float64 and closed forms.

The names come from the namespaces: a new function needs an entry here, or a test fails.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn

NARROW = (np.float16, np.float32)

# What is not a function of the size of its elements: shapes, classes, selections.
SELECTIONS = {"one_hot", "glu"}
ALONG_AN_AXIS = {"softmax", "log_softmax", "logsumexp", "standardize"}


def ends(dtype: Any) -> Any:
    """Numbers over the whole range of a type, and around 0."""
    info = np.finfo(dtype)
    sizes = np.concatenate([
        np.logspace(math.log10(float(info.tiny)) + 1, math.log10(float(info.max)) - 0.5, 24),
        np.array([0.5, 1.0, 3.0, 6.0, 8.0, 12.0, 16.0, 20.0]),
    ])  # fmt: skip
    return np.concatenate([-sizes, sizes]).astype(dtype)


def close(got: Any, want: Any, dtype: Any, ulps: float = 32) -> Any:
    """Agreement as far as the type goes, where what is wanted is in its normal range."""
    info = np.finfo(dtype)
    got, want = np.asarray(got, float), np.asarray(want, float)
    beyond = (np.abs(want) > float(info.max)) & ~np.isfinite(got)
    within = np.abs(got - want) <= ulps * (float(info.eps) * np.abs(want) + float(info.tiny) / 8)
    return beyond | within


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize(
    "name", sorted(set(nn.activations.__all__) - SELECTIONS - ALONG_AN_AXIS - {"log1mexp"})
)
def test_activations(name, dtype):
    """Values and slopes are those of float64, rounded."""
    f, x = getattr(nn.activations, name), ends(dtype)
    exact = x.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y, want = f(x), f(exact)
        slope = fg.grad(lambda x: np.sum(f(x).astype(np.float64)))(x)
        want_slope = fg.grad(lambda x: np.sum(f(x)))(exact)
    assert y.dtype == slope.dtype == dtype
    # Slopes of values that are differences may be rounded where they are next to 0.
    assert np.all(close(y, want, dtype)), x[~close(y, want, dtype)]
    good = close(slope, want_slope, dtype) | (np.abs(want_slope) < 2 * np.finfo(dtype).eps)
    good |= (name == "tanh") & (np.abs(slope - want_slope) < np.finfo(dtype).eps)  # 1 - y**2
    assert np.all(good), (x[~good], slope[~good], want_slope[~good])


@pytest.mark.parametrize("exponent", [-200, -25, 25, 200])
def test_squareplus_in_float64(exponent):
    """(x + sqrt(x**2 + 4)) / 2 and its slope, by mpmath."""
    for sign in (1, -1):
        x = mpmath.mpf(sign * 10.0**exponent)
        with mpmath.workdps(500):
            want = (x + mpmath.sqrt(x * x + 4)) / 2
            slope = (1 + x / mpmath.sqrt(x * x + 4)) / 2
        np.testing.assert_allclose(nn.squareplus(float(x)), float(want), rtol=1e-14)
        np.testing.assert_allclose(
            fg.grad(nn.squareplus)(float(x)), float(slope), rtol=1e-13, atol=1e-300
        )


LARGE_AND_SMALL = [
    (np.float16, 300.0), (np.float16, 3e4), (np.float16, 1e-4), (np.float32, 1e25),
    (np.float32, 1e-25), (np.float64, 1e200), (np.float64, 1e-200),
]  # fmt: skip
IDS = [f"{d.__name__} {s:.0e}" for d, s in LARGE_AND_SMALL]
ROWS = np.array([[0.5, -1.0, 0.25, 0.75], [1.0, 0.5, -0.5, -0.25], [0.75, 1.0, -1.0, 0.125]])
WEIGHTS = np.array([[1.0, -0.5, 0.25, 0.5], [0.5, 1.0, -1.0, 0.25], [0.125, -0.25, 0.5, 1.0]])

NORMALIZED = {
    "layer_norm": lambda x: nn.layer_norm({}, x, epsilon=0.0),
    "rms_norm": lambda x: nn.rms_norm({}, x, epsilon=0.0),
    "group_norm": lambda x: nn.group_norm(
        {}, np.concatenate([x, x[:, ::-1]], 1), groups=2, epsilon=0.0
    )[:, :4],
    "instance norm": lambda x: nn.group_norm({}, x[:, :, None], groups=1, epsilon=0.0)[:, :, 0],
    "batch_norm": lambda x: nn.batch_norm(
        {}, {"mean": np.zeros(4, x.dtype), "var": np.ones(4, x.dtype)}, x, train=True, epsilon=0.0
    )[0],
    "standardize": lambda x: nn.standardize(x, epsilon=0.0),
    "standardize masked": lambda x: nn.standardize(
        x, epsilon=0.0, where=np.array([True, True, True, False])
    ),
    "cosine_similarity": lambda x: nn.losses.cosine_similarity(x, x[::-1]),
    "cosine_distance": lambda x: nn.losses.cosine_distance(x, x[::-1], reduction="none"),
    "r2_score": lambda x: nn.metrics.r2_score(x, 0.5 * x),
}


@pytest.mark.parametrize(("dtype", "scale"), LARGE_AND_SMALL, ids=IDS)
@pytest.mark.parametrize("name", NORMALIZED)
def test_independent_of_scale(name, dtype, scale):
    """f(s x) = f(x) and s f'(s x) = f'(x): the reference is float64 at 1."""
    f = NORMALIZED[name]
    x = (ROWS * scale).astype(dtype)
    rounded = x.astype(float) / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of running variances
        y = f(x)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.astype(float), f(rounded), rtol=4e-3, atol=4e-3)

        def total(x: Any) -> Any:
            y = f(x)
            return np.sum(y * WEIGHTS[: len(y) if y.ndim else 1, : y.shape[-1] if y.ndim > 1 else 1]
                          .reshape(y.shape).astype(y.dtype))  # fmt: skip

        slope = fg.grad(total)(x).astype(float)
        want = fg.grad(total)(rounded)
    fits = np.abs(want / scale) > float(np.finfo(dtype).tiny)
    np.testing.assert_allclose(
        slope[fits], want[fits] / scale, rtol=1e-2, atol=1e-2 * np.abs(want / scale).max()
    )


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("epsilon", [1e-5, 1e-12, 0.0])
@pytest.mark.parametrize("order", [1, 2])
def test_normalisation_is_that_of_float64(dtype, epsilon, order):
    """With epsilon, derivatives of second order too."""
    weights = np.linspace(-1, 1, 12).reshape(3, 4)

    def total(x: Any) -> Any:
        return np.sum(nn.layer_norm({}, x, epsilon=epsilon) ** 3 * weights.astype(x.dtype))

    def of(x: Any) -> Any:
        if order == 1:
            return fg.grad(total)(x)
        return fg.grad(lambda x: np.sum(fg.grad(total)(x) * weights.astype(x.dtype)))(x)

    want = of(ROWS)
    np.testing.assert_allclose(
        of(ROWS.astype(dtype)).astype(float),
        want,
        atol=30 * np.finfo(dtype).eps * np.abs(want).max(),
    )


LOSSES = {
    "squared_error": nn.losses.squared_error, "l2_loss": nn.losses.l2_loss,
    "absolute_error": nn.losses.absolute_error, "huber_loss": nn.losses.huber_loss,
    "log_cosh": nn.losses.log_cosh, "hinge_loss": nn.losses.hinge_loss,
    "squared_hinge_loss": lambda x, y, **k: nn.losses.squared_hinge_loss(x, np.sign(y), **k),
    "poisson_nll_loss": lambda x, y, **k: nn.losses.poisson_nll_loss(0.01 * x, np.abs(y), **k),
    "gaussian_nll_loss": lambda x, y, **k: nn.losses.gaussian_nll_loss(
        x, y, np.ones_like(y) * 4, **k
    ),
    "sigmoid_binary_cross_entropy": lambda x, y, **k: nn.losses.sigmoid_binary_cross_entropy(
        x, (y > 0).astype(y.dtype), **k
    ),
    "softmax_cross_entropy": lambda x, y, **k: nn.losses.softmax_cross_entropy(
        x, nn.softmax(y), **k
    ),
    "softmax_cross_entropy_with_integer_labels":
        lambda x, y, **k: nn.losses.softmax_cross_entropy_with_integer_labels(
            x, np.zeros(x.shape[:-1], int), **k
        ),
    "kl_divergence": lambda x, y, **k: nn.losses.kl_divergence(
        nn.log_softmax(x), nn.softmax(y), **k
    ),
    "cosine_distance": nn.losses.cosine_distance,
    "cosine_similarity": lambda x, y, reduction="mean": np.mean(nn.losses.cosine_similarity(x, y)),
    "contrastive_loss": lambda x, y, **k: nn.losses.contrastive_loss(
        x, y, np.ones(x.shape[:-1], int), **k
    ),
    "triplet_margin_loss": lambda x, y, **k: nn.losses.triplet_margin_loss(x, y, -0.5 * y, **k),
    "negative_sampling_loss": lambda x, y, **k: nn.losses.negative_sampling_loss(
        0.01 * x, 0.01 * y, 0.01 * np.stack([y, -y], -2), **k
    ),
    "ctc_loss": lambda x, y, **k: nn.losses.ctc_loss(
        x[None, :5], np.zeros((1, 5), bool), np.array([[1, 2]]), np.zeros((1, 2), bool), **k
    ),
}  # fmt: skip


def test_every_loss_is_here():
    """A new loss or metric is covered, or this fails."""
    assert set(nn.losses.__all__) == set(LOSSES)
    assert set(nn.metrics.__all__) == {
        "accuracy", "confusion_matrix", "f1_score", "perplexity", "precision_score", "r2_score",
        "recall_score", "top_k_accuracy",
    }  # fmt: skip


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("name", LOSSES)
def test_mean_losses_of_many(name, dtype):
    """The mean over 70,000 elements, whose errors go up to 300, and its derivative."""
    rng = np.random.default_rng(3)
    x, y = (rng.uniform(-150, 150, (17500, 4)).astype(dtype) for _ in "xy")
    loss = LOSSES[name]
    got, slope = fg.value_and_grad(loss)(x, y)
    want, exact = fg.value_and_grad(loss)(x.astype(float), y.astype(float))
    assert got.dtype == slope.dtype == dtype
    np.testing.assert_allclose(float(got), want, rtol=20 * np.finfo(dtype).eps)
    np.testing.assert_allclose(
        slope.astype(float), exact, rtol=4e-3,
        atol=2 * float(np.finfo(dtype).smallest_subnormal) + 1e-3 * np.abs(exact).max(),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", NARROW)
def test_counts_of_many(dtype):
    """Metrics and weighted means over 70,000 elements."""
    n = 70_000
    labels = np.arange(n) % 2
    logits = np.stack([np.ones(n), np.zeros(n)], 1).astype(dtype)
    where = np.arange(n) < 69_000
    for mask in (None, where):
        assert nn.metrics.accuracy(logits, labels, mask) == 0.5
        assert nn.metrics.top_k_accuracy(logits, labels, 1, mask) == 0.5
        assert abs(nn.metrics.perplexity(logits, labels, mask) - 2.2554) < 4e-3
    weighted = nn.losses.squared_error(np.ones(n, dtype), weights=np.full(n, 2, dtype))
    assert weighted == 1
    assert weighted.dtype == dtype
    flat = np.zeros((1, n), dtype)
    np.testing.assert_allclose(nn.log_softmax(flat)[0, 0], -math.log(n), rtol=1e-3)
    np.testing.assert_allclose(nn.logsumexp(flat), math.log(n), rtol=1e-3)
    np.testing.assert_allclose(nn.softmax(flat)[0, 0].astype(float), 1 / n, rtol=2e-2)
    image = np.full((1, 300, 300, 1), 2, dtype)
    for pooled in (nn.global_avg_pool(image), nn.avg_pool(image, 300)):
        assert pooled.dtype == dtype
        assert np.all(pooled == 2)


@pytest.mark.parametrize(("dtype", "gap"), [(np.float32, 40.0), (np.float64, 300.0)])
def test_confident_cross_entropies(dtype, gap):
    """Value and gradient are exp(-gap), far below the rounding of 1."""
    logits = np.array([gap, 0.0]).astype(dtype)
    want = math.exp(-gap)
    one_hot = np.array([1.0, 0.0]).astype(dtype)
    for loss in (
        lambda x: nn.losses.softmax_cross_entropy(x, one_hot),
        lambda x: nn.losses.softmax_cross_entropy_with_integer_labels(x, np.int64(0)),
        lambda x: -nn.log_softmax(x)[0],
    ):
        for run in (fg.value_and_grad(loss), fg.jit(fg.value_and_grad(loss))):
            value, slope = run(logits)
            np.testing.assert_allclose(value, want, rtol=1e-5)
            np.testing.assert_allclose(slope, [-want, want], rtol=1e-5)
    for sign, label in ((1, 1.0), (-1, 0.0)):
        value, slope = fg.value_and_grad(
            lambda x, label=label: nn.losses.sigmoid_binary_cross_entropy(x, label)
        )(dtype(sign * gap))
        np.testing.assert_allclose([value, -sign * slope], want, rtol=1e-5)


def test_attention_of_large_scores():
    """Products of 200 by 200 over 8 features, which float16 cannot hold; the largest one wins."""
    query = np.full((1, 1, 1, 8), 200, np.float16)
    key = np.stack([np.full((1, 1, 8), 200), np.full((1, 1, 8), 100)], 1).astype(np.float16)
    value = np.array([1.0, 3.0], np.float16).reshape(1, 2, 1, 1)
    out = nn.dot_product_attention(query, key, value)
    assert out.dtype == np.float16
    assert out.ravel() == 1


def test_running_statistics_of_float16():
    """A variance of 90,000 is kept, in float32, and used."""
    layer = nn.BatchNorm(momentum=0.0)
    _, params, state = layer.init(None, (-1, 1), np.float16)
    x = np.array([[300.0], [-300.0]], np.float16)
    y, state = layer.apply(params, state, x, train=True)
    assert state["var"].dtype == np.float32
    assert state["var"][0] == 90_000
    again, _ = layer.apply(params, state, x)
    assert y.dtype == again.dtype == np.float16
    np.testing.assert_allclose(y, [[1], [-1]])
    np.testing.assert_allclose(again, [[1], [-1]])
