"""Samplers: the numbers of JAX, and the laws of transformations."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sampler_calls import COV, SAMPLERS

import funcgrad as fg
from funcgrad import random

JAX = json.loads((Path(__file__).parent.parent / "data" / "random_samplers_jax.json").read_text())
KEY = random.key(77)

# In units of the dtype's resolution. JAX's float64 log1p is wrong by 120 of them.
SLACK = 500
# One of its two roots is a difference of nearly equal numbers in JAX.
MORE_SLACK = {"wald": 10_000}


def value(x):
    return np.asarray(x["array"], x["dtype"])[()] if isinstance(x, dict) else x


@pytest.mark.parametrize("draw", JAX["draws"], ids=lambda d: f"{d['name']}-{d['seed'] % 1000}")
def test_numbers_are_those_of_jax(draw):
    name = draw["name"]
    arguments = {k: value(v) for k, v in draw["arguments"].items()}
    out: Any = getattr(random, name)(random.key(draw["seed"]), **arguments)
    expected = draw["result"]
    assert list(out.shape) == expected["shape"]
    assert out.dtype == expected["dtype"]
    assert (np.ndarray if out.shape else np.generic) in type(out).__mro__
    flat = expected["values"]
    if out.dtype.kind == "c":
        flat = np.array(flat[0]) + 1j * np.array(flat[1])
    reference = np.array(flat, out.dtype).reshape(out.shape)
    if out.dtype.kind in "iub" or name in ("binomial", "multinomial", "rademacher"):
        np.testing.assert_array_equal(out, reference)
    else:
        rtol = MORE_SLACK.get(name, SLACK) * float(np.finfo(out.dtype).eps)
        finite = np.abs(reference[np.isfinite(reference)])
        # Numbers below the least normal one are 0 in JAX.
        atol = min(rtol, float(np.max(finite, initial=0)) * rtol) + np.finfo(out.dtype).tiny
        np.testing.assert_allclose(out, reference, rtol=rtol, atol=float(atol))


def test_every_sampler_is_compared():
    names = {d["name"] for d in JAX["draws"]}
    earlier = {"bits", "uniform", "normal", "randint", "categorical", "permutation", "choice"}
    keys = {
        "PRNGKey",
        "key",
        "split",
        "fold_in",
        "key_data",
        "key_dtype",
        "key_impl",
        "wrap_key_data",
        "clone",
    }
    assert names | earlier | keys == set(random.__all__)


@pytest.mark.parametrize("name", SAMPLERS)
def test_jit_equals_eager(name):
    sample = SAMPLERS[name]
    eager, jitted = sample(KEY), fg.jit(sample)(KEY)
    assert jitted.dtype == eager.dtype
    assert type(jitted) is type(eager)
    units = 1e-6 if eager.dtype == np.float32 else 1e-13
    np.testing.assert_allclose(jitted, eager, rtol=units, atol=units)  # logarithms end at 0


EXACT = ("gamma", "loggamma", "poisson", "poisson_large", "binomial", "multinomial", "geometric")


@pytest.mark.parametrize("name", EXACT)
def test_jit_equals_eager_exactly(name):
    sample = SAMPLERS[name]
    np.testing.assert_array_equal(fg.jit(sample)(KEY), sample(KEY))


@pytest.mark.parametrize("name", SAMPLERS)
def test_vmap_over_keys_equals_loop(name):
    sample = SAMPLERS[name]
    keys = random.split(KEY, (2, 3))
    batched = fg.vmap(fg.vmap(sample))(keys)
    loop = np.stack([sample(k) for k in keys.reshape(6, 2)]).reshape(batched.shape)
    assert batched.dtype == loop.dtype
    if name in EXACT:
        np.testing.assert_array_equal(batched, loop)
    else:
        np.testing.assert_allclose(batched, loop, rtol=2e-6 if loop.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("name", ["gamma", "poisson", "multinomial", "orthogonal", "t"])
def test_source_stands_alone(name):
    scope: dict[str, Any] = {}
    exec(fg.to_source(SAMPLERS[name])(KEY), scope)
    np.testing.assert_allclose(scope["program"](KEY), SAMPLERS[name](KEY), rtol=1e-12)


TRACED = {
    "gamma": (random.gamma, ([0.4, 3.0],)),
    "loggamma": (random.loggamma, ([1e-3, 3.0],)),
    "beta": (random.beta, ([0.4, 3.0], [1.0, 2.0])),
    "dirichlet": (random.dirichlet, ([0.4, 3.0],)),
    "t": (random.t, ([2.0, 9.0],)),
    "f": (random.f, ([2.0, 9.0], [3.0, 4.0])),
    "poisson": (random.poisson, ([2.0, 90.0],)),
    "binomial": (random.binomial, ([20.0, 90.0], [0.3, 0.4])),
    "geometric": (random.geometric, ([0.3, 0.4],)),
    "wald": (random.wald, ([0.3, 4.0],)),
    "truncated_normal": (random.truncated_normal, ([0.3, -1.0], [1.0, 2.0])),
    "pareto": (random.pareto, ([0.3, 4.0],)),
}


@pytest.mark.parametrize("name", TRACED)
def test_traced_parameters(name):
    """Under jit; and under vmap with one key, where each example draws as if alone."""
    sample, given = TRACED[name]
    parameters = [np.array(p) for p in given]
    eager = sample(KEY, *parameters)
    np.testing.assert_allclose(fg.jit(sample)(KEY, *parameters), eager, rtol=1e-13)
    stacked = [np.stack([p, 1.1 * p, p[::-1]]) for p in parameters]
    batched = fg.vmap(sample, in_axes=(None,) + (0,) * len(stacked))(KEY, *stacked)
    loop = np.stack([sample(KEY, *row) for row in zip(*stacked, strict=True)])
    np.testing.assert_allclose(batched, loop, rtol=1e-13)
    both = fg.vmap(sample)(random.split(KEY, 3), *stacked)
    rows = zip(random.split(KEY, 3), *stacked, strict=True)
    np.testing.assert_allclose(both, np.stack([sample(*row) for row in rows]), rtol=1e-13)


def test_scan_over_keys():
    def step(total, key):
        return total + random.gamma(key, 2.0), random.poisson(key, 20.0)

    keys = random.split(KEY, 5)
    total, counts = fg.jit(lambda: fg.lax.scan(step, 0.0, keys))()
    np.testing.assert_allclose(total, sum(random.gamma(k, 2.0) for k in keys), rtol=1e-14)
    np.testing.assert_array_equal(counts, [random.poisson(k, 20.0) for k in keys])


FLOATS = [
    name for name in random.__all__
    if name in TRACED or name in (
        "exponential", "laplace", "logistic", "cauchy", "maxwell", "rayleigh", "lognormal",
        "chisquare", "triangular", "weibull_min", "double_sided_maxwell", "generalized_normal",
        "gumbel",
    )
]  # fmt: skip
ARGUMENTS = {
    "rayleigh": [2.0], "lognormal": [0.5], "chisquare": [3.0], "triangular": [0.0, 0.3, 1.0],
    "weibull_min": [2.0, 1.5], "double_sided_maxwell": [1.0, 2.0], "generalized_normal": [3.0],
}  # fmt: skip


@pytest.mark.parametrize("name", FLOATS)
def test_dtypes(name):
    """The dtype asked for, whatever those of parameters; float64 where none is asked for."""
    if name in ("poisson", "geometric"):
        kinds = [np.int64, np.int32, np.uint8]
    elif name == "binomial":
        kinds = [np.float64, np.float32]
    else:
        kinds = [np.float64, np.float32, np.float16]
    given = [np.array(p) for p in TRACED[name][1]] if name in TRACED else ARGUMENTS.get(name, [])
    sample = getattr(random, name)
    assert sample(KEY, *given).dtype == kinds[0]
    for dtype in kinds:
        for precision in (np.float32, np.float64):
            cast = [np.asarray(p, precision)[()] for p in given]
            shape = np.broadcast_shapes(*[np.shape(p) for p in cast])
            shape = shape[:-1] if name == "dirichlet" else shape
            if name == "double_sided_maxwell":
                shape = (2,)
            for transform in (lambda f: f, fg.jit):
                out = transform(lambda *p: sample(KEY, *p, shape=shape, dtype=dtype))(*cast)  # noqa: B023
                assert out.dtype == dtype


def test_float32_where_the_dtype_follows_from_parameters():
    mean, cov = np.zeros(2, np.float32), np.eye(2, dtype=np.float32)
    for method in ("cholesky", "eigh", "svd"):
        assert random.multivariate_normal(KEY, mean, cov, method=method).dtype == np.float32
    assert random.multivariate_normal(KEY, mean, np.eye(2)).dtype == np.float64
    assert random.multivariate_normal(KEY, mean, np.eye(2), dtype=np.float32).dtype == np.float32
    coarse = random.bernoulli(KEY, np.float32(0.3), (1000,))
    assert not np.array_equal(coarse, random.bernoulli(KEY, 0.3, (1000,)))


def test_zero_sizes():
    assert random.gamma(KEY, 2.0, (0, 3)).shape == (0, 3)
    assert random.poisson(KEY, 20.0, (3, 0)).shape == (3, 0)
    assert random.binomial(KEY, 20, 0.5, (0,)).shape == (0,)
    assert random.dirichlet(KEY, np.ones(3), (0,)).shape == (0, 3)
    assert random.ball(KEY, 0, shape=(2,)).shape == (2, 0)
    assert random.multinomial(KEY, 5, np.ones((0, 3))).shape == (0, 3)
    no_keys = np.zeros((0, 2), np.uint32)
    assert fg.vmap(lambda k: random.gamma(k, np.ones(3)))(no_keys).shape == (0, 3)


def test_loggamma_is_the_logarithm_of_gamma():
    a = np.array([0.05, 0.5, 1.0, 3.0, 500.0])
    np.testing.assert_allclose(
        np.exp(random.loggamma(KEY, a, (200, 5))), random.gamma(KEY, a, (200, 5)), rtol=1e-12
    )


def test_loggamma_does_not_underflow():
    y = random.loggamma(KEY, 1e-4, (1000,))
    assert np.all(np.isfinite(y))
    assert y.min() < -10_000
    p = random.dirichlet(KEY, np.full(4, 1e-4), (50,))
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-14)
    x = random.t(KEY, 1e-2, (200,))
    assert np.all(np.isfinite(x))


def test_unusual_parameters():
    drawn = random.gamma(KEY, np.array([0.0, np.inf, -1.0, np.nan]))
    np.testing.assert_array_equal(drawn, [0.0, np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(random.poisson(KEY, np.array([0.0, -1.0, np.nan])), [0, -1, -1])
    n, p = np.array([0.0, 5.0, 5.0, 5.0, -1.0, np.inf]), np.array([0.5, 0.0, 1.0, 1.1, 0.5, 0.5])
    np.testing.assert_array_equal(random.binomial(KEY, n, p), [0, 0, 5, np.nan, np.nan, np.inf])
    assert random.binomial(KEY, np.inf, 0.0) == np.inf
    np.testing.assert_array_equal(random.geometric(KEY, np.array([1.0, 1e-300])), [1, 2**63 - 1024])
    assert random.geometric(KEY, np.float32(1e-30), dtype=np.int32) == 2**31 - 128
    low, high = 9.0, 10.0
    far = random.truncated_normal(KEY, low, high, (5,))
    assert np.all((far > low) & (far < high))
    everywhere = random.truncated_normal(KEY, -np.inf, np.inf, (9,))
    np.testing.assert_allclose(everywhere, random.normal(KEY, (9,)), rtol=1e-12)


def test_semantics_of_shapes():
    many = random.double_sided_maxwell(KEY, np.zeros(3), np.ones((2, 1)), (4,))
    assert many.shape == (4, 2, 3)
    assert random.double_sided_maxwell(KEY, np.zeros(3), 1.0).shape == (3,)
    assert random.f(KEY, np.ones((2, 1)), np.ones(3)).shape == (2, 3)
    means, covs = np.zeros((4, 1, 2)), np.stack([COV] * 3)
    assert random.multivariate_normal(KEY, means, covs).shape == (4, 3, 2)
    assert random.multinomial(KEY, 9, np.ones(3) / 3, shape=(5, 3)).shape == (5, 3)
    assert random.orthogonal(KEY, 2, 4, m=3).shape == (4, 2, 3)


def test_key_data_and_clone_are_the_key():
    keys = random.split(KEY, 3)
    assert random.key_data(keys) is keys
    assert random.wrap_key_data(keys, impl="threefry2x32") is keys
    assert random.clone(KEY) is KEY


def test_orthogonal_matrices():
    for n, m in ((4, 4), (5, 2), (2, 5)):
        q = random.orthogonal(KEY, n, (3,), m=m)
        product = q @ np.swapaxes(q, 1, 2) if n <= m else np.swapaxes(q, 1, 2) @ q
        np.testing.assert_allclose(product, np.stack([np.eye(min(n, m))] * 3), atol=1e-14)
    u = random.orthogonal(KEY, 3, dtype=np.complex128)
    np.testing.assert_allclose(u @ u.conj().T, np.eye(3), atol=1e-14)


def test_methods_of_multivariate_normal_agree():
    """Each factor times the same normal numbers; and a singular matrix for those that take it."""
    mean = np.array([1.0, -1.0])
    z = random.normal(KEY, (4, 2))
    values, vectors = np.linalg.eigh(COV)
    expected = {
        "cholesky": mean + z @ np.linalg.cholesky(COV).T,
        "eigh": mean + z @ (vectors * np.sqrt(values)).T,
    }
    for method, x in expected.items():
        out = random.multivariate_normal(KEY, mean, COV, (4,), method=method)
        np.testing.assert_allclose(out, x, rtol=1e-13)
    for method in ("eigh", "svd"):
        x = random.multivariate_normal(KEY, np.zeros(2), np.ones((2, 2)), (9,), method=method)
        np.testing.assert_allclose(x[:, 0], x[:, 1], atol=1e-7)
        gradient = fg.grad(
            lambda c, method=method: np.sum(
                random.multivariate_normal(KEY, np.zeros(2), c, (9,), method=method) ** 2
            )
        )(np.ones((2, 2)))
        assert np.all(np.isfinite(gradient))


def test_gamma_has_no_loop_over_elements():
    """The number of calls grows with the rounds of rejection, not with the elements."""

    def calls(size):
        events = []
        sys.setprofile(lambda _frame, event, _arg: events.append(event))
        try:
            random.gamma(KEY, 0.5, (size,))
        finally:
            sys.setprofile(None)
        return len(events)

    assert calls(8000) < 2 * calls(2000)


def test_wald_by_its_definition():
    """Both roots solve (x - mean)**2 / (mean**2 x) = y for squared normal y."""
    mean = 3.0
    keys = random.split(KEY)
    y = random.normal(keys[0], (100,)) ** 2
    x = random.wald(KEY, mean, (100,))
    np.testing.assert_allclose((x - mean) ** 2 / (mean**2 * x), y, rtol=1e-9, atol=1e-12)


def test_keys_say_of_which_generator_they_are():
    key = random.key(7, impl="threefry2x32")
    assert_array_equal(key, random.key(7))
    assert random.key_impl(key) == "threefry2x32"
    assert random.key_dtype() == random.key_dtype("threefry2x32") == key.dtype
    assert_array_equal(random.PRNGKey(7, impl="fry"), key)
    assert_array_equal(random.wrap_key_data(random.key_data(key), impl=random.key_impl(key)), key)
    assert_array_equal(random.key(7, dtype=random.key_dtype()), key)
    calls = [
        lambda: random.key(0, impl="rbg"),
        lambda: random.PRNGKey(0, impl="unsafe_rbg"),
        lambda: random.key_dtype("rbg"),
        lambda: random.wrap_key_data(key, impl="rbg"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"depend on the device.*threefry2x32"):
            call()
    with pytest.raises(ValueError, match="'philox' is unknown"):
        random.key(0, impl="philox")
    with pytest.raises(TypeError, match="arrays of uint32"):
        random.key(0, dtype=np.int32)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "f2", "f4", "f8"])
@pytest.mark.parametrize("native", ["0", "1"])
def test_many_numbers_are_those_of_few(dtype, native, monkeypatch):
    """Numbers of large arrays, which native code may draw, are the first ones of larger arrays."""
    monkeypatch.setenv("FUNCGRAD_NATIVE", native)
    key = random.key(5)
    draw = random.uniform if dtype[0] == "f" else random.bits
    many = draw(key, (3, 5461 + 7), dtype)
    assert many.dtype == dtype
    assert_array_equal(many.reshape(-1)[:200], draw(key, (200,), dtype))
    monkeypatch.setenv("FUNCGRAD_NATIVE", "0")
    assert_array_equal(many, draw(key, (3, 5461 + 7), dtype))


def test_weighted_choice_takes_finer_noise():
    p = np.array([0.2, 0.3, 0.5])
    for mode in (None, "low", "high"):
        drawn = random.choice(random.key(0), 3, (3,), replace=False, p=p, mode=mode)
        assert sorted(drawn) == [0, 1, 2]
    with pytest.raises(ValueError, match="mode must be one of"):
        random.choice(random.key(0), 3, (3,), replace=False, p=p, mode="coarse")
