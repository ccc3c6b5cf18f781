"""Distances and codes: SciPy's values in every mode."""

import numpy as np
import pytest
import scipy.cluster.vq as svq
import scipy.spatial.distance as sd
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
