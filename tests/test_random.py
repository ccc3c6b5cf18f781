"""funcgrad.random: the numbers of JAX, the laws of transformations, distributions, messages."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import random
from funcgrad.errors import ShapeError
from funcgrad.ops.random.threefry import random_uniform, threefry2x32

JAX = json.loads((Path(__file__).parent / "data" / "random_jax.json").read_text())

# Relative errors for functions with logarithms or erf_inv; all others must be equal.
TOLERANCES = {"float16": 1e-2, "float32": 2e-5, "float64": 1e-13}
TOLERANCES |= {"complex64": TOLERANCES["float32"], "complex128": TOLERANCES["float64"]}

KEY = random.key(2024)

SAMPLERS = {
    "split": lambda k: random.split(k, (2, 3)),
    "fold_in": lambda k: random.fold_in(k, 5),
    "bits": lambda k: random.bits(k, (3,)),
    "uniform": lambda k: random.uniform(k, (2, 3), np.float32, -1.0, 2.0),
    "randint": lambda k: random.randint(k, (4,), -3, 1000),
    "randint_arrays": lambda k: random.randint(k, (2, 2), np.array([0, 5]), np.array([[9], [70]])),
    "randint_all": lambda k: random.randint(k, (3,), -128, 128, np.int8),
    "bernoulli": lambda k: random.bernoulli(k, np.array([0.2, 0.7]), (5, 2)),
    "normal": lambda k: random.normal(k, (3, 2)),
    "normal_large": lambda k: random.normal(k, (7, 50), np.float32),
    "normal_complex": lambda k: random.normal(k, (3,), np.complex128),
    "gumbel": lambda k: random.gumbel(k, (3,)),
    "categorical": lambda k: random.categorical(k, np.arange(12.0).reshape(3, 4), shape=(2, 3)),
    "categorical_once": lambda k: random.categorical(k, np.zeros(6), shape=(4,), replace=False),
    "permutation": lambda k: random.permutation(k, 2000),
    "permutation_rows": lambda k: random.permutation(k, np.arange(6.0).reshape(3, 2)),
    "permutation_each": lambda k: random.permutation(k, np.arange(12).reshape(3, 4), 1, True),
    "choice": lambda k: random.choice(k, np.arange(6.0).reshape(2, 3), (4,), axis=1),
    "choice_once": lambda k: random.choice(k, 7, (3, 2), replace=False),
    "choice_weighted": lambda k: random.choice(k, 3, (4,), p=np.array([0.2, 0.5, 0.3])),
}


# Known answers of the authors of Threefry-2x32 with 20 rounds: counter, key, result.
KNOWN = [
    ([0, 0], [0, 0], [0x6B200159, 0x99BA4EFE]),
    ([0xFFFFFFFF] * 2, [0xFFFFFFFF] * 2, [0x1CB996FC, 0xBB002BE7]),
    ([0x243F6A88, 0x85A308D3], [0x13198A2E, 0x03707344], [0xC4923A9C, 0x483DF7A0]),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
@pytest.mark.parametrize("size", [1, 100, 300, 70_000])
def test_threefry_known_answers(counter, key, expected, size):
    words = [np.full(size if i else (), w, np.uint32)[()] for i, w in enumerate(key + counter)]
    for word, number in zip(threefry2x32(*words), expected, strict=True):
        assert word.shape == (size,)
        assert np.all(word == number)


@pytest.mark.parametrize("shape", [(), (3,), (5, 200)])
def test_arrays_of_keys_are_drawn_from_side_by_side(shape):
    keys = random.split(KEY, (4, 3))[::-1, ::2]
    out = random_uniform(keys, shape=shape, dtype=np.dtype(np.float64))
    assert out.shape == (4, 2, *shape)
    for i in np.ndindex(4, 2):
        np.testing.assert_array_equal(out[i], random.uniform(keys[i], shape))


def value(x):
    return np.asarray(x["array"], x["dtype"])[()] if isinstance(x, dict) else x


@pytest.mark.parametrize("draw", JAX["draws"], ids=lambda d: f"{d['name']}-{d['seed'] % 1000}")
def test_numbers_are_those_of_jax(draw):
    arguments = {k: value(v) for k, v in draw["arguments"].items()}
    out: Any = getattr(random, draw["name"])(random.key(draw["seed"]), **arguments)
    expected = draw["result"]
    assert list(out.shape) == expected["shape"]
    assert (np.ndarray if out.shape else np.generic) in type(out).__mro__
    # JAX returns int32 from categorical without replacement.
    assert out.dtype == expected["dtype"] or draw["name"] == "categorical"
    if "sha256" in expected:
        assert (
            hashlib.sha256(out.astype(out.dtype.newbyteorder("<")).tobytes()).hexdigest()
            == (expected["sha256"])
        )
        return
    flat = expected["values"]
    if out.dtype.kind == "c":
        flat = np.array(flat[0]) + 1j * np.array(flat[1])
    reference: Any = np.array(flat, out.dtype).reshape(out.shape)
    if draw["name"] in ("normal", "gumbel"):
        rtol = TOLERANCES[out.dtype.name]
        np.testing.assert_allclose(out, reference, rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(out, reference)


@pytest.mark.parametrize(("seed", "kind", "words"), JAX["seeds"])
def test_seeds_are_those_of_jax(seed, kind, words):
    seed = seed if kind == "int" else np.dtype(kind).type(seed)
    for made in (random.key(seed), random.PRNGKey(seed), fg.jit(random.key)(seed)):
        assert made.dtype == np.uint32
        assert made.tolist() == words


def test_seed_beyond_int64_is_the_unsigned_one():
    assert random.key(2**64 - 1).tolist() == [2**32 - 1, 2**32 - 1]


@pytest.mark.parametrize("name", SAMPLERS)
def test_jit_equals_eager(name):
    sample = SAMPLERS[name]
    eager, jitted = sample(KEY), fg.jit(sample)(KEY)
    assert jitted.dtype == eager.dtype
    np.testing.assert_allclose(jitted, eager, rtol=1e-6 if eager.dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("name", ["split", "uniform", "randint", "bernoulli", "permutation"])
def test_source_stands_alone(name):
    scope = {}
    exec(fg.to_source(SAMPLERS[name])(KEY), scope)
    np.testing.assert_allclose(scope["program"](KEY), SAMPLERS[name](KEY), rtol=1e-6)


@pytest.mark.parametrize("name", SAMPLERS)
def test_vmap_over_keys_equals_loop(name):
    sample = SAMPLERS[name]
    keys = random.split(KEY, 3)
    batched = fg.vmap(sample)(keys)
    loop = np.stack([sample(k) for k in keys])
    assert batched.dtype == loop.dtype
    np.testing.assert_allclose(batched, loop, rtol=1e-6 if loop.dtype == np.float32 else 1e-14)


def test_vmap_over_seeds_and_steps():
    seeds = np.array([3, -1, 2**40])
    keys = fg.vmap(random.key)(seeds)
    np.testing.assert_array_equal(keys, np.stack([random.key(int(s)) for s in seeds]))
    steps = np.arange(3)
    folded = fg.vmap(random.fold_in)(keys, steps)
    loop = [random.fold_in(k, int(i)) for k, i in zip(keys, steps, strict=True)]
    np.testing.assert_array_equal(folded, np.stack(loop))


def test_vmap_over_parameters():
    low, high = np.array([0.0, 1.0, 5.0]), np.array([1.0, 4.0, 6.0])
    batched = fg.vmap(lambda a, b: random.uniform(KEY, (2,), minval=a, maxval=b))(low, high)
    loop = [random.uniform(KEY, (2,), minval=a, maxval=b) for a, b in zip(low, high, strict=True)]
    np.testing.assert_allclose(batched, np.stack(loop), rtol=1e-15)
    tops = np.array([1, 10, 2**40])
    batched = fg.vmap(lambda b: random.randint(KEY, (5,), 0, b))(tops)
    np.testing.assert_array_equal(
        batched, np.stack([random.randint(KEY, (5,), 0, int(b)) for b in tops])
    )
    p = np.array([0.1, 0.5, 0.9])
    batched = fg.vmap(lambda q: random.bernoulli(KEY, q, (8,)))(p)
    np.testing.assert_array_equal(batched, np.stack([random.bernoulli(KEY, q, (8,)) for q in p]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_through_bounds(dtype):
    low, high = np.array([[1.0], [3.0]], dtype), np.array([4.0, 5.0, 9.0], dtype)
    u = random.uniform(KEY, (2, 3), dtype)

    def total(low, high):
        return random.uniform(KEY, (2, 3), dtype, low, high).sum()

    for transform in (lambda f: f, fg.jit):
        d_low, d_high = fg.grad(transform(total), argnums=(0, 1))(low, high)
        assert d_low.dtype == d_high.dtype == dtype
        np.testing.assert_allclose(d_low, (1 - u).sum(1, keepdims=True), rtol=1e-6)
        np.testing.assert_allclose(d_high, u.sum(0), rtol=1e-6)


def test_gradient_by_reparametrisation():
    def loss(mean, scale):
        return np.sum((mean + scale * random.normal(KEY, (5,))) ** 2)

    z = random.normal(KEY, (5,))
    d_mean, d_scale = fg.grad(loss, argnums=(0, 1))(0.5, 2.0)
    np.testing.assert_allclose(d_mean, np.sum(2 * (0.5 + 2 * z)), rtol=1e-13)
    np.testing.assert_allclose(d_scale, np.sum(2 * (0.5 + 2 * z) * z), rtol=1e-13)


def test_gradient_through_selected_elements():
    x = np.array([1.0, 2.0, 4.0])
    shuffled = fg.grad(lambda x: np.sum(random.permutation(KEY, x) * np.array([1.0, 10.0, 100.0])))
    order = random.permutation(KEY, 3)
    np.testing.assert_array_equal(shuffled(x), 10.0 ** np.argsort(order))
    chosen = fg.grad(lambda x: np.sum(random.choice(KEY, x, (8,))))
    counts = np.bincount(random.choice(KEY, 3, (8,)), minlength=3)
    np.testing.assert_array_equal(chosen(x), counts)


def test_loop_with_split_keys():
    def step(key, _):
        key, subkey = random.split(key)
        return key, random.normal(subkey)

    _, drawn = fg.lax.scan(step, KEY, None, length=4)
    key, expected = KEY, []
    for _ in range(4):
        key, subkey = random.split(key)
        expected.append(random.normal(subkey))
    np.testing.assert_allclose(drawn, expected, rtol=1e-14)


def test_equal_keys_give_equal_numbers_and_others_do_not():
    first, second = random.split(KEY)
    np.testing.assert_array_equal(random.normal(first, (9,)), random.normal(first, (9,)))
    assert not np.any(random.normal(first, (9,)) == random.normal(second, (9,)))


def test_results_are_writeable_and_fresh():
    for sample in SAMPLERS.values():
        first, second = sample(KEY), sample(KEY)
        assert first.flags.writeable
        assert not np.shares_memory(first, second)


def test_distributions():
    stats = pytest.importorskip("scipy.stats")
    keys = random.split(KEY, 6)
    size = (40_000,)
    for dtype in (np.float32, np.float64):
        assert stats.kstest(random.uniform(keys[0], size, dtype), "uniform").pvalue > 1e-3
        assert stats.kstest(random.normal(keys[1], size, dtype), "norm").pvalue > 1e-3
        assert stats.kstest(random.gumbel(keys[2], size, dtype), "gumbel_r").pvalue > 1e-3
    p = np.array([0.1, 0.2, 0.7])
    for drawn in (
        random.categorical(keys[3], np.log(p), shape=size),
        random.choice(keys[4], 3, size, p=p),
        random.bernoulli(keys[5], 0.7, size) * 2 + random.bernoulli(keys[3], 0.2 / 0.3, size),
    ):
        counts = np.bincount(np.minimum(drawn, 2), minlength=3)
        assert stats.chisquare(counts, p * size[0]).pvalue > 1e-3
    orders = fg.vmap(lambda k: random.permutation(k, 3))(random.split(KEY, 6000))
    counts = np.unique(orders @ np.array([100, 10, 1]), return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_normal_in_the_tails():
    """JAX loses digits where 1 - u*u cancels; SciPy's quantiles do not."""
    special = pytest.importorskip("scipy.special")
    u = random.uniform(KEY, (100_000,)) * 2 + (2.0**-53 - 1)
    np.testing.assert_allclose(
        random.normal(KEY, (100_000,)), np.sqrt(2) * special.erfinv(u), rtol=3e-15
    )


def test_draws_without_replacement_differ():
    for out in (
        random.choice(KEY, 50, (50,), replace=False),
        random.choice(KEY, 50, (50,), replace=False, p=np.arange(1.0, 51) / 1275),
        random.permutation(KEY, 50),
        random.categorical(KEY, np.arange(50.0), shape=(50,), replace=False),
    ):
        np.testing.assert_array_equal(np.sort(out), np.arange(50))
    each = random.permutation(KEY, np.arange(15).reshape(5, 3) % 3, axis=1, independent=True)
    np.testing.assert_array_equal(np.sort(each, axis=1), np.arange(15).reshape(5, 3) % 3)
    assert len({tuple(row) for row in each}) > 1


ERRORS = {
    "no key": (lambda: random.normal(3), TypeError, r"normal needs a key.*got 3 of type int"),
    "dtype of key": (
        lambda: random.split(np.zeros(2)), TypeError, r"f64\[2\].*funcgrad\.random\.key\(0\)"
    ),
    "shape of key": (
        lambda: random.bits(np.zeros(3, np.uint32)), TypeError, r"got u32\[3\]"
    ),
    "many keys": (
        lambda: random.uniform(random.split(KEY, 5)), ShapeError, r"u32\[5,2\].*funcgrad\.vmap"
    ),
    "seed": (lambda: random.key(1.0), TypeError, r"seed must be an integer scalar; got 1\.0"),
    "seeds": (lambda: random.key(np.arange(3)), TypeError, r"i64\[3\].*funcgrad\.vmap"),
    "long seed": (lambda: random.key(2**64), OverflowError, r"at most 64 bits"),
    "data": (lambda: random.fold_in(KEY, -1), OverflowError, r"0 to 2\*\*32 - 1, got -1"),
    "float data": (lambda: random.fold_in(KEY, 0.5), TypeError, r"data must be an integer scalar"),
    "size": (lambda: random.normal(KEY, (3, -1)), ShapeError, r"not negative; got \(3, -1\)"),
    "number": (lambda: random.split(KEY, -2), ShapeError, r"split needs sizes"),
    "float size": (lambda: random.normal(KEY, (2.0,)), TypeError, r"tuple of integers"),
    "dtype": (lambda: random.uniform(KEY, (), int), TypeError, r"float dtypes; got int64"),
    "int dtype": (lambda: random.randint(KEY, (), 0, 2, bool), TypeError, r"got bool"),
    "bits dtype": (lambda: random.bits(KEY, (), np.int32), TypeError, r"unsigned.*got int32"),
    "complex bound": (lambda: random.uniform(KEY, (), minval=1j), TypeError, r"minval.*c128\[\]"),
    "bounds": (
        lambda: random.uniform(KEY, (2,), maxval=np.ones((3, 2))), ShapeError,
        r"maxval of shape \(3, 2\) does not broadcast to shape \(2,\)",
    ),
    "probabilities": (
        lambda: random.bernoulli(KEY, np.ones(3), (2,)), ShapeError, r"\(3,\) and \(2,\)"
    ),
    "axis": (lambda: random.permutation(KEY, np.ones(3), 1), ShapeError, r"axis 1"),
    "scalar": (lambda: random.permutation(KEY, 2.5), ShapeError, r"array of 0 dimensions"),
    "population": (
        lambda: random.choice(KEY, 3, (4,), replace=False), ShapeError,
        r"4 different elements out of 3",
    ),
    "nobody": (lambda: random.choice(KEY, 0), ShapeError, r"1 elements out of 0"),
    "weights": (
        lambda: random.choice(KEY, 3, (4,), p=np.ones(2)), ShapeError, r"3 elements, got p of.*2"
    ),
    "categories": (
        lambda: random.categorical(KEY, np.zeros(3), shape=(4,), replace=False), ShapeError,
        r"4 different elements out of 3",
    ),
    "batch": (
        lambda: random.categorical(KEY, np.zeros((2, 3)), shape=(4, 3)), ShapeError,
        r"\(2,\) and \(4, 3\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        call()


def test_uniform_and_bits_agree():
    """A float in [0, 1) is the leading bits of an integer."""
    for dtype, size, mantissa in ((np.float16, 2, 10), (np.float32, 4, 23), (np.float64, 8, 52)):
        bits = random.bits(KEY, (300,), np.dtype(f"u{size}"))
        expected = (bits >> (8 * size - mantissa)).astype(np.float64) * 2.0**-mantissa
        np.testing.assert_array_equal(random.uniform(KEY, (300,), dtype), expected)
