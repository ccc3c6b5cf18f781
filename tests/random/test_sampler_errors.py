"""What the samplers say about arguments that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from funcgrad import random
from funcgrad.errors import ShapeError

KEY = random.key(0)
EYE = np.eye(2)

ERRORS = {
    "no key": (lambda: random.gamma(0, 1.0), TypeError, r"gamma needs a key.*got 0 of type int"),
    "many keys": (
        lambda: random.poisson(random.split(KEY, 5), 1.0), ShapeError,
        r"poisson takes one key.*u32\[5,2\].*funcgrad\.vmap",
    ),
    "negative size": (
        lambda: random.beta(KEY, 1.0, 2.0, (3, -1)), ShapeError, r"beta.*not negative.*\(3, -1\)"
    ),
    "float size": (lambda: random.cauchy(KEY, (2.0,)), TypeError, r"cauchy.*tuple of integers"),
    "integer dtype": (lambda: random.gamma(KEY, 1.0, (), int), TypeError, r"float.*got int64"),
    "float dtype": (lambda: random.poisson(KEY, 1.0, (), float), TypeError, r"integer.*float64"),
    "unsigned signs": (
        lambda: random.rademacher(KEY, (), np.uint8), TypeError, r"signed integer or float.*uint8"
    ),
    "complex normal": (
        lambda: random.truncated_normal(KEY, 0, 1, (), complex), TypeError, r"float.*complex128"
    ),
    "complex parameter": (lambda: random.gamma(KEY, 1j), TypeError, r"gamma: a must be real.*c128"),
    "text": (lambda: random.t(KEY, "x"), TypeError, r"t: df must be real numbers"),
    "shape": (
        lambda: random.f(KEY, np.ones(3), 1.0, (2,)), ShapeError, r"f: shapes \(3,\) and \(2,\)"
    ),
    "larger parameter": (
        lambda: random.gamma(KEY, np.ones((2, 3)), (3,)), ShapeError,
        r"gamma: a of shape \(2, 3\) does not broadcast to shape \(3,\)",
    ),
    "parameters": (
        lambda: random.beta(KEY, np.ones(3), np.ones(2)), ShapeError, r"beta.*\(3,\) and \(2,\)"
    ),
    "scalar shape": (
        lambda: random.weibull_min(KEY, np.ones(3), 1.0), ShapeError,
        r"weibull_min: scale of shape \(3,\) does not broadcast to shape \(\)",
    ),
    "scalar alpha": (
        lambda: random.dirichlet(KEY, 1.0), ShapeError, r"alpha of shape \(\.\.\., n\)"
    ),
    "alpha": (
        lambda: random.dirichlet(KEY, np.ones((3, 2)), (2,)), ShapeError, r"\(3,\) and \(2,\)"
    ),
    "mean": (
        lambda: random.multivariate_normal(KEY, np.zeros(3), EYE), ShapeError,
        r"mean of shape \(\.\.\., n\).*got shapes \(3,\) and \(2, 2\)",
    ),
    "scalar mean": (
        lambda: random.multivariate_normal(KEY, 0.0, EYE), ShapeError,
        r"got shapes \(\) and \(2, 2\)",
    ),
    "cov": (
        lambda: random.multivariate_normal(KEY, np.zeros(2), np.stack([EYE] * 3), (2,)), ShapeError,
        r"\(3,\) and \(2,\)",
    ),
    "method": (
        lambda: random.multivariate_normal(KEY, np.zeros(2), EYE, method="lu"), ValueError,
        r"method must be one of 'cholesky', 'eigh', 'svd'; got 'lu'",
    ),
    "rows": (lambda: random.orthogonal(KEY, -1), ShapeError, r"orthogonal: n must not be negative"),
    "columns": (
        lambda: random.orthogonal(KEY, 2, m=2.5), TypeError, r"m must be an integer; got 2\.5"
    ),
    "dimensions": (lambda: random.ball(KEY, 1.5), TypeError, r"ball: d must be an integer"),
    "exponents": (
        lambda: random.ball(KEY, 2, np.ones(3)), ShapeError, r"ball: p of shape \(3,\).*\(\)"
    ),
    "outcomes": (
        lambda: random.multinomial(KEY, 3, 0.5), ShapeError, r"last axis of p.*\(\) and \(\)"
    ),
    "other outcomes": (
        lambda: random.multinomial(KEY, 3, np.ones(3), shape=(5, 2)), ShapeError,
        r"got shapes \(3,\) and \(5, 2\)",
    ),
    "trials": (
        lambda: random.multinomial(KEY, np.ones(4), np.ones(3)), ShapeError,
        r"n of shape \(4,\) does not broadcast to shape \(\)",
    ),
    "mode of gumbel": (
        lambda: random.gumbel(KEY, mode="fine"), ValueError,
        r"gumbel: mode must be one of 'low', 'high', 'highest'; got 'fine'",
    ),
    "mode of categorical": (
        lambda: random.categorical(KEY, np.ones(3), mode="fine"), ValueError, r"categorical: mode"
    ),
    "mode of bernoulli": (
        lambda: random.bernoulli(KEY, 0.5, mode="highest"), ValueError,
        r"'low', 'high'; got 'highest'",
    ),
    "generator": (
        lambda: random.wrap_key_data(KEY, impl="rbg"), ValueError,
        r"wrap_key_data: impl 'rbg' draws numbers that depend on the device",
    ),
    "key data": (
        lambda: random.key_data(np.zeros(2)), TypeError,
        r"uint32 array of shape \(\.\.\., 2\).*f64\[2\]",
    ),
    "no key data": (lambda: random.key_data("x"), TypeError, r"got 'x' of type str"),
    "clone": (lambda: random.clone(random.split(KEY)), ShapeError, r"clone takes one key"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        call()
