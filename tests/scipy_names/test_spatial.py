"""Distances and codes: SciPy's values in every mode."""

import numpy as np
import pytest
import scipy.cluster.vq as svq
import scipy.spatial.distance as sd
from numpy.testing import assert_allclose
from surface.arrays import WIDE, X, spread
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy.cluster import vq
from funcgrad.scipy.spatial import distance

ROWS = spread((4, 3))
METRICS = [(m, {}) for m in distance.METRICS] + [("minkowski", {"p": 3.5})]


@pytest.mark.parametrize(("metric", "options"), METRICS)
def test_distances(metric, options):
    options = {"metric": metric, **options}
    check_function(distance.cdist, sd.cdist, Call((X, ROWS), options), "d")
    check_function(distance.pdist, sd.pdist, Call((ROWS,), options), "d")


def test_equal_rows():
    slope = fg.grad(lambda x: np.sum(distance.cdist(x, x)))(ROWS)
    assert np.isfinite(slope).all()


def test_vq():
    check_function(vq.vq, svq.vq, Call((ROWS, X)), "d")
    check_function(vq.vq, svq.vq, Call((ROWS[:, 0], X[0])), "d")


def test_wrong_calls():
    for call, words in [
        (lambda: distance.cdist(X, WIDE), "differ in length"),
        (lambda: distance.cdist(X, X, "hamming"), "'hamming'"),
        (lambda: distance.pdist(X[0]), "matrix"),
        (lambda: vq.vq(X, X[0]), "matrices"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()


@pytest.mark.parametrize("metric", distance.METRICS)
def test_plain_and_traced_distances_are_the_same(metric):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    options = {"p": 3.0} if metric == "minkowski" else {}
    plain = distance.cdist(a, b, metric, **options)
    assert_allclose(fg.jit(lambda a: distance.cdist(a, b, metric, **options))(a), plain)
    pairs = distance.pdist(a, metric, **options)
    assert_allclose(fg.jit(lambda a: distance.pdist(a, metric, **options))(a), pairs)


def test_rows_without_elements():
    assert_allclose(distance.cdist(np.ones((2, 0)), np.ones((3, 0)), "chebyshev"), np.zeros((2, 3)))
