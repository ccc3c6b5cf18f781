"""Metrics against scikit-learn, with masks, under jit and vmap, and their errors."""

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk

import funcgrad as fg
from funcgrad.nn import losses
from funcgrad.nn import metrics as nn

RNG = np.random.default_rng(3)
LOGITS = RNG.normal(size=(40, 5))
LABELS = RNG.integers(0, 5, 40)
LABELS[LABELS == 3] = 2  # a class without examples
PREDICTED = np.argmax(LOGITS, -1)
WHERE = RNG.uniform(size=40) < 0.7
TARGETS = RNG.normal(size=(40, 3))
GUESSES = TARGETS + 0.5 * RNG.normal(size=(40, 3))
AVERAGES = ("macro", "micro", "weighted", "none")


def averaged(ours, theirs):
    """Cases of a score: our function of labels and predictions, and scikit-learn's."""
    for average in AVERAGES:
        named = None if average == "none" else average
        yield (
            lambda y, p, where=None, a=average: ours(y, p, 5, average=a, where=where),
            (LABELS, PREDICTED),
            lambda y, p, a=named: theirs(y, p, labels=range(5), average=a, zero_division=0),
        )


CASES: dict[str, Any] = {
    "accuracy": [
        (nn.accuracy, (LOGITS, LABELS), lambda x, y: sk.accuracy_score(y, np.argmax(x, -1)))
    ],
    "confusion_matrix": [
        (
            lambda y, p, where=None: nn.confusion_matrix(y, p, 5, where=where),
            (LABELS, PREDICTED),
            lambda y, p: sk.confusion_matrix(y, p, labels=range(5)),
        )
    ],
    "f1_score": [*averaged(nn.f1_score, sk.f1_score)],
    "perplexity": [
        (
            nn.perplexity,
            (LOGITS, LABELS),
            lambda x, y: np.exp(
                sk.log_loss(y, np.exp(x) / np.exp(x).sum(-1)[:, None], labels=range(5))
            ),
        )
    ],
    "precision_score": [*averaged(nn.precision_score, sk.precision_score)],
    "r2_score": [
        (nn.r2_score, (TARGETS, GUESSES), sk.r2_score),
        (nn.r2_score, (TARGETS[:, 0], GUESSES[:, 0]), sk.r2_score),
    ],
    "recall_score": [*averaged(nn.recall_score, sk.recall_score)],
    "top_k_accuracy": [
        (
            lambda x, y, where=None, k=k: nn.top_k_accuracy(x, y, k, where),
            (LOGITS, LABELS),
            lambda x, y, k=k: sk.top_k_accuracy_score(y, x, k=k, labels=range(5)),
        )
        for k in (1, 2, 4)
    ],
}


def test_every_name_has_a_case():
    assert set(CASES) == set(nn.__all__)


@pytest.mark.parametrize("name", CASES)
def test_values_of_scikit_learn(name):
    for ours, args, theirs in CASES[name]:
        expected = theirs(*args)
        np.testing.assert_allclose(ours(*args), expected, rtol=1e-13)
        np.testing.assert_allclose(fg.jit(ours)(*args), expected, rtol=1e-13)
        kept = theirs(*(a[WHERE] for a in args))
        np.testing.assert_allclose(ours(*args, where=WHERE), kept, rtol=1e-13)
        np.testing.assert_allclose(fg.jit(ours)(*args, where=WHERE), kept, rtol=1e-13)
        batches = [a.reshape(2, 20, *a.shape[1:]) for a in args]
        looped = [ours(*(b[i] for b in batches), where=WHERE[20 * i : 20 * i + 20]) for i in (0, 1)]
        masked = lambda *a, f=ours: f(*a[:-1], where=a[-1])  # noqa: E731
        np.testing.assert_allclose(
            fg.vmap(masked)(*batches, WHERE.reshape(2, 20)), looped, rtol=1e-13
        )


@pytest.mark.parametrize("name", CASES)
def test_masked_examples_may_hold_anything(name):
    for ours, args, _ in CASES[name]:
        dirty = [np.array(a) for a in args]
        for a in dirty:
            a[~WHERE] = np.nan if a.dtype.kind == "f" else 99
        expected = ours(*args, where=WHERE)
        np.testing.assert_array_equal(ours(*dirty, where=WHERE), expected)
        np.testing.assert_array_equal(fg.jit(ours)(*dirty, where=WHERE), expected)
        assert np.all(np.isfinite(ours(*args, where=np.zeros(40, bool))))


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32(name):
    for ours, args, _ in CASES[name]:
        if args[0].dtype.kind == "f":
            small = [a.astype(np.float32) if a.dtype.kind == "f" else a for a in args]
            for given in ({}, {"where": WHERE}):
                assert ours(*small, **given).dtype == np.float32
                assert fg.jit(ours)(*small, **given).dtype == np.float32
                np.testing.assert_allclose(ours(*small, **given), ours(*args, **given), rtol=1e-5)


def test_ties_go_to_the_first_class():
    even = np.zeros((3, 3))
    for label in range(3):
        labels = np.full(3, label)
        assert nn.accuracy(even, labels) == nn.top_k_accuracy(even, labels, 1) == (label < 1)
        assert nn.top_k_accuracy(even, labels, 2) == (label < 2)


def test_examples_on_several_axes():
    logits, labels = LOGITS.reshape(4, 10, 5), LABELS.reshape(4, 10)
    for function in (nn.accuracy, nn.top_k_accuracy, nn.perplexity):
        np.testing.assert_allclose(function(logits, labels), function(LOGITS, LABELS), rtol=1e-14)
    np.testing.assert_array_equal(
        nn.confusion_matrix(labels, PREDICTED.reshape(4, 10), 5),
        nn.confusion_matrix(LABELS, PREDICTED, 5),
    )


def test_perplexity_of_cross_entropies():
    entropies = losses.softmax_cross_entropy_with_integer_labels(LOGITS, LABELS, reduction="none")
    expected = nn.perplexity(LOGITS, LABELS)
    np.testing.assert_allclose(nn.perplexity(entropies), expected, rtol=1e-14)
    np.testing.assert_allclose(nn.perplexity(np.mean(entropies)), expected, rtol=1e-14)
    np.testing.assert_allclose(
        nn.perplexity(entropies, where=WHERE), nn.perplexity(LOGITS, LABELS, WHERE), rtol=1e-14
    )


def test_r2_of_equal_targets():
    for guess in (1.0, 0.0):
        targets = np.column_stack([np.ones(4), np.arange(4.0)])
        guesses = np.column_stack([np.full(4, guess), np.arange(4.0)])
        assert nn.r2_score(targets, guesses) == sk.r2_score(targets, guesses) == (1 + guess) / 2


def test_errors():
    with pytest.raises(fg.errors.ShapeError, match="accuracy needs logits with one axis"):
        nn.accuracy(LOGITS, LABELS[:3])
    with pytest.raises(fg.errors.ShapeError, match="labels and predictions of the same shape"):
        nn.confusion_matrix(LABELS, PREDICTED[:3], 5)
    with pytest.raises(TypeError, match="confusion_matrix needs integer predictions; got float64"):
        nn.confusion_matrix(LABELS, PREDICTED * 1.0, 5)
    with pytest.raises(ValueError, match="predictions must be from 0 to 1; found 3"):
        nn.confusion_matrix(np.array([0, 1]), np.array([3, 0]), 2)
    with pytest.raises(IndexError, match="out of bounds"):
        fg.jit(lambda y, p: nn.confusion_matrix(y, p, 2))(np.array([0, 1]), np.array([3, 0]))
    with pytest.raises(ValueError, match="top_k_accuracy: labels must be from 0 to 4; found -1"):
        nn.top_k_accuracy(LOGITS[:1], np.array([-1]))
    with pytest.raises(ValueError, match=r"average must be one of .*; got 'mean'"):
        nn.f1_score(LABELS, PREDICTED, 5, average="mean")
    with pytest.raises(TypeError, match="where must be boolean; got int64"):
        nn.accuracy(LOGITS, LABELS, LABELS)
    with pytest.raises(fg.errors.ShapeError, match="r2_score needs an axis of examples"):
        nn.r2_score(1.0, 2.0)
