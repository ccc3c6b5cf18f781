"""Initializers: the numbers of jax.nn.initializers, statistics, shapes, dtypes, errors."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

import funcgrad as fg
from funcgrad import random
from funcgrad.nn import initializers as nn

STORED = json.loads((Path(__file__).parents[1] / "data" / "nn_initializers.json").read_text())
DRAWS = STORED["draws"]
DIRECT = ("zeros", "ones")
WITH_ARGUMENTS = {
    "constant": (1.5,),
    "variance_scaling": (1.0, "fan_in", "normal"),
}


def made(name, arguments=None):
    """The initializer of a name, made with arguments."""
    function = getattr(nn, name)
    if name in DIRECT:
        return function
    if arguments is None:
        return function(*WITH_ARGUMENTS.get(name, ()))
    return function(**{k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()})


def shape_for(name):
    return (2, 3, 4) if name == "delta_orthogonal" else (3, 4)


@pytest.mark.parametrize("i", range(len(DRAWS)))
def test_numbers_of_jax(i):
    draw = DRAWS[i]
    init = made(draw["name"], draw["arguments"])
    got = init(random.key(draw["seed"]), tuple(draw["shape"]), draw["dtype"])
    values = draw["values"]
    expected = np.array(values[0]) + (1j * np.array(values[1]) if len(values) == 2 else 0)
    assert got.shape == tuple(draw["shape"])
    assert got.dtype == draw["dtype"]
    eps = np.finfo(draw["dtype"]).eps
    np.testing.assert_allclose(
        got.ravel(), expected.astype(draw["dtype"]), rtol=40 * eps, atol=10 * eps
    )


def test_every_name_is_compared_with_jax_or_tested_here():
    assert {d["name"] for d in DRAWS} | {"identity"} == set(nn.__all__)


@pytest.mark.parametrize("name", nn.__all__)
def test_dtypes_and_transformations(name):
    init, shape, key = made(name), shape_for(name), random.key(3)
    assert init(key, shape).dtype == np.float64
    for dtype in (np.float32, np.float64):
        eager = init(key, shape, dtype)
        assert (eager.shape, eager.dtype) == (shape, dtype)
        jitted = fg.jit(lambda key, d=dtype: init(key, shape, d))(key)
        assert jitted.dtype == dtype
        tolerance = 1e-5 if dtype == np.float32 else 1e-13
        np.testing.assert_allclose(jitted, eager, rtol=tolerance, atol=tolerance)
    keys = random.split(key, 3)
    each = fg.vmap(lambda key: init(key, shape))(keys)
    expected = np.stack([init(k, shape) for k in keys])
    np.testing.assert_allclose(
        np.broadcast_to(each, expected.shape), expected, rtol=1e-13, atol=1e-13
    )
    if name not in DIRECT:
        default = getattr(nn, name)(*WITH_ARGUMENTS.get(name, ()), dtype=np.float32)
        assert default(key, shape).dtype == np.float32


MODES = {"fan_in": 24, "fan_out": 120, "fan_avg": 72, "fan_geo_avg": np.sqrt(24 * 120)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "uniform"])
def test_variance(mode, distribution):
    init = nn.variance_scaling(2.0, mode, distribution)
    shape = (3, 8, 40)  # a window of 3, 8 inputs, 40 outputs
    x = np.stack([init(k, shape) for k in random.split(random.key(8), 100)]).ravel()
    sigma = np.sqrt(2.0 / MODES[mode])
    assert abs(x.mean()) < 5 * sigma / np.sqrt(x.size)
    np.testing.assert_allclose(x.std(), sigma, rtol=0.02)
    exact = {
        "normal": scipy.stats.norm(scale=sigma),
        "uniform": scipy.stats.uniform(-np.sqrt(3) * sigma, 2 * np.sqrt(3) * sigma),
        "truncated_normal": scipy.stats.truncnorm(-2, 2, scale=sigma / 0.8796256610342398),
    }[distribution]
    assert scipy.stats.kstest(x, exact.cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 3, 4)])
def test_orthogonal_matrices(shape):
    w = nn.orthogonal(scale=3.0)(random.key(1), shape).reshape(-1, shape[-1]) / 3
    gram = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(gram, np.eye(min(w.shape)), atol=1e-14)
    z = nn.orthogonal()(random.key(1), (4, 3), np.complex128)
    np.testing.assert_allclose(z.conj().T @ z, np.eye(3), atol=1e-14)


def test_delta_orthogonal_kernels():
    w = nn.delta_orthogonal()(random.key(2), (3, 4, 2, 5))
    np.testing.assert_allclose(w[1, 1] @ w[1, 1].T, np.eye(2), atol=1e-14)
    assert np.count_nonzero(w) == np.count_nonzero(w[1, 1])


def test_identity():
    np.testing.assert_array_equal(nn.identity(2.5)(None, (2, 3)), 2.5 * np.eye(2, 3))


def test_constants_of_other_shapes():
    row = np.array([1.0, 2.0])
    np.testing.assert_array_equal(nn.constant(row)(None, (3, 2)), np.tile(row, (3, 1)))
    assert nn.zeros(None, 4).shape == (4,)


def test_scales_may_be_traced_and_do_not_widen():
    key = random.key(0)
    for make in (nn.normal, nn.uniform, nn.truncated_normal, nn.orthogonal, nn.identity):
        f = lambda s, make=make: np.sum(make(s)(key, (3, 2)))  # noqa: E731
        np.testing.assert_allclose(fg.grad(f)(2.0), f(1.0), rtol=1e-13)
        assert make(np.float64(2.0))(key, (3, 2), np.float32).dtype == np.float32

    def scaled(s):
        return np.sum(nn.variance_scaling(s, "fan_in", "uniform")(key, (3, 2)))

    np.testing.assert_allclose(fg.grad(scaled)(4.0), scaled(4.0) / 8, rtol=1e-13)


@pytest.mark.parametrize("name", [n for n in nn.__all__ if n != "delta_orthogonal"])
def test_arrays_without_elements(name):
    assert made(name)(random.key(0), (0, 3)).shape == (0, 3)


def test_errors():
    key = random.key(0)
    with pytest.raises(ValueError, match=r"mode must be one of \['fan_in'.*got 'fan'"):
        nn.variance_scaling(1.0, "fan", "normal")
    with pytest.raises(ValueError, match=r"distribution must be one of .*got 'cauchy'"):
        nn.variance_scaling(1.0, "fan_in", "cauchy")
    with pytest.raises(fg.errors.ShapeError, match=r"got shape \(3,\); it needs two axes or more"):
        nn.he_normal()(key, (3,))
    with pytest.raises(fg.errors.ShapeError, match="axis 2 does not exist"):
        nn.he_normal(in_axis=2)(key, (3, 4))
    with pytest.raises(TypeError, match="float or complex dtypes; got int64"):
        nn.he_normal()(key, (3, 4), int)
    with pytest.raises(fg.errors.ShapeError, match="orthogonal needs a shape of two axes or more"):
        nn.orthogonal()(key, (3,))
    with pytest.raises(fg.errors.ShapeError, match="3, 4 or 5 axes"):
        nn.delta_orthogonal()(key, (3, 3))
    with pytest.raises(fg.errors.ShapeError, match="at least as many outputs"):
        nn.delta_orthogonal()(key, (3, 4, 2))
    with pytest.raises(fg.errors.ShapeError, match="identity needs a shape of two axes"):
        nn.identity()(key, (3, 3, 3))
    with pytest.raises(TypeError, match="needs a key"):
        nn.normal()(7, (3,))
