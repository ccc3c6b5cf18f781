"""Random counts: Poisson, binomial and multinomial numbers.

Small counts are found by adding up waiting times, large ones by rejection: Hoermann, The
transformed rejection method for generating Poisson random variables (PTRS, 1993), and The
generation of binomial random variates (BTRS, 1993). All elements that one key draws share the key
of each round, in which they have counters of their own; only what is needed is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Decided
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general, sample
from .gamma import (
    batch_of_keys,
    check_keys,
    chosen_keys,
    first_words,
    new_key,
    random_words,
    uniforms_of_words,
)
from .launches import random_binomial_there, random_poisson_there, threefry2x32_there
from .threefry import Words, count_of

_COUNTS = "counts are integers: they do not vary smoothly with the parameters"


def uniforms_of_elements(
    xp: ArrayModule, keys: Words, elements: Array, each: int, dtype: np.dtype[Any]
) -> Array:
    """The uniform numbers at these flat positions, of which each key draws so many in turn."""
    if keys[0].size > 1:
        keys, elements = chosen_keys(keys, elements // each), elements % each
    return uniforms_of_words(xp, first_words(xp, keys, elements.astype(xp.uint32)), dtype)


def next_keys(xp: ArrayModule, keys: Words, count: int) -> list[Words]:
    """The given number of new keys of each key, as pairs of words."""
    counts = xp.arange(count, dtype=xp.uint32).reshape(-1, 1)
    words = first_words(xp, keys, counts)
    return [(words[0][i], words[1][i]) for i in range(count)]


def stepwise_poisson(
    xp: ArrayModule, keys: Words, rate: Array, elements: Array, each: int
) -> Array:
    """The number of uniform numbers whose product is not yet below exp(-rate)."""
    out = xp.zeros(rate.shape, xp.int64)
    pending = xp.flatnonzero(rate > 0)
    log_product = xp.zeros(pending.size, rate.dtype)
    rounds = 0
    while pending.size:
        keys, subkeys = next_keys(xp, keys, 2)
        u = uniforms_of_elements(xp, subkeys, elements[pending], each, rate.dtype)
        log_product = log_product + xp.log(u)
        left = log_product > -rate[pending]
        out[pending[~left]] = rounds
        pending, log_product = pending[left], log_product[left]
        rounds += 1
    return out


def last_accepted(
    xp: ArrayModule,
    propose: Callable[..., tuple[Array, Array]],
    keys: Words,
    parameters: Sequence[Array],
    wanted: Array,
    each: int,
) -> Array:
    """Proposals of the last accepting round; rounds end when every element had one accepted.

    All elements of a key take part in its rounds, as many as the slowest one needs, and a later
    proposal that is accepted replaces an earlier one. A first walk finds how many rounds there are;
    a walk back from the last one then meets most elements at once.
    """
    out = xp.empty(parameters[0].shape, parameters[0].dtype)
    count = out.size // each
    pending = xp.arange(out.size)
    first = xp.zeros(out.size, xp.int64)
    last = xp.zeros(count, xp.int64)
    rounds: list[Any] = []

    def attempt(r: int, at: Array) -> Array:
        u = uniforms_of_elements(xp, rounds[r][0], at, each, out.dtype) - 0.5
        v = uniforms_of_elements(xp, rounds[r][1], at, each, out.dtype)
        k, accepted = propose(xp, u, v, *[p[at] for p in parameters])
        out[at[accepted]] = k[accepted]
        return at[~accepted]

    while pending.size:
        keys, keys_u, keys_v = next_keys(xp, keys, 3)
        rounds.append((keys_u, keys_v))
        pending = attempt(len(rounds) - 1, pending)
        first[pending] = len(rounds)
        last[pending // each] = len(rounds)
    unsettled = xp.flatnonzero(wanted)
    for r in range(len(rounds) - 1, 0, -1):
        unsettled = unsettled[first[unsettled] < r]
        reached = last[unsettled // each] >= r
        again = attempt(r, unsettled[reached])
        unsettled = xp.concatenate([unsettled[~reached], again])
    return out


def stirling_tail(xp: ArrayModule, k: Array) -> Array:
    """Logarithm of k! minus Stirling's (k + 1/2) log(k + 1) - k - 1 + log(2 pi) / 2."""
    table = xp.asarray(
        (
            0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
            0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
            0.00925546218271273, 0.00833056343336287,
        ),
        k.dtype,
    )  # fmt: skip
    square = (k + 1) * (k + 1)
    series = (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
    return xp.where(k <= 9, table[xp.clip(k, 0, 9).astype(xp.int64)], series)


def propose_poisson(xp: ArrayModule, u: Array, v: Array, rate: Array) -> tuple[Array, Array]:
    """Hoermann's PTRS, for rates of at least 10: proposals, and whether they are accepted."""
    b = 0.931 + 2.53 * xp.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    centred = 0.5 - abs(u)
    k = xp.floor((2 * a / centred + b) * u + rate + 0.43)
    accepted = (centred >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
    rejected = (k < 0) | ((centred < 0.013) & (v > centred))
    s = xp.log(v * inverse_alpha / (a / (centred * centred) + b))
    # log k! and k log(rate) nearly cancel: float32 would decide at random for rates above 1e5.
    m, rate = xp.where(rejected, 0, k).astype(xp.float64), rate.astype(xp.float64)
    log_factorial = (m + 0.5) * xp.log(m + 1) - m - 1 + 0.9189385332046728 + stirling_tail(xp, m)
    return k, accepted | (~rejected & (s <= m * xp.log(rate) - rate - log_factorial))


def evaluate_random_poisson(xp: ArrayModule, key: Array, rate: Array) -> Array:
    """Poisson numbers of float32 rates; -1 where the rate is negative or NaN."""
    words = key.reshape(-1, 2)
    keys = (words[:, 0], words[:, 1])
    each = count_of(rate.shape[key.ndim - 1 :])
    flat = rate.reshape(-1)
    out = xp.where(flat == 0, 0, -1)
    with np.errstate(all="ignore"):
        small = xp.flatnonzero((flat < 10) & (flat > 0))
        if small.size:
            out[small] = stepwise_poisson(xp, keys, flat[small], small, each)
        large = flat >= 10
        if large.any():
            every = xp.where(large, flat, 1e5).astype(flat.dtype)
            drawn = last_accepted(xp, propose_poisson, keys, (every,), large, each)
            out[large] = drawn[large].astype(xp.int64)
    return out.reshape(rate.shape)[()]


def stepwise_binomial(
    xp: ArrayModule, keys: Words, n: Array, p: Array, elements: Array, each: int
) -> Array:
    """The number of geometric waiting times that fit into n trials."""
    out = xp.zeros(n.shape, n.dtype)
    pending = xp.arange(n.size)
    trials = xp.zeros(n.shape, n.dtype)
    log_failure = xp.log1p(-p)
    rounds = 0
    while pending.size:
        subkeys, keys = next_keys(xp, keys, 2)
        u = uniforms_of_elements(xp, subkeys, elements[pending], each, n.dtype)
        trials = trials + xp.ceil(xp.log(u) / log_failure)
        left = trials <= n
        out[pending[~left]] = rounds
        pending, trials, n, log_failure = pending[left], trials[left], n[left], log_failure[left]
        rounds += 1
    return out


def propose_binomial(
    xp: ArrayModule, u: Array, v: Array, n: Array, p: Array
) -> tuple[Array, Array]:
    """Hoermann's BTRS, for n p of at least 10 and p of at most 1/2."""
    spread = xp.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    centred = 0.5 - abs(u)
    k = xp.floor((2 * a / centred + b) * u + (n * p + 0.5))
    accepted = (centred >= 0.07) & (v <= 0.92 - 4.2 / b)
    rejected = (k < 0) | (k > n)
    odds = p / (1 - p)
    mode = xp.floor((n + 1) * p)
    s = xp.log(v * ((2.83 + 5.1 / b) * spread) / (a / (centred * centred) + b))
    t = (
        (mode + 0.5) * xp.log((mode + 1) / (odds * (n - mode + 1)))
        + (n + 1) * xp.log((n - mode + 1) / (n - k + 1))
        + (k + 0.5) * xp.log(odds * (n - k + 1) / (k + 1))
        + stirling_tail(xp, mode)
        + stirling_tail(xp, n - mode)
        - stirling_tail(xp, xp.where(rejected, 0, k))
        - stirling_tail(xp, xp.where(rejected, 0, n - k))
    )
    return k, accepted | (~rejected & (s <= t))


def binomial_counts(xp: ArrayModule, words: Array, n: Array, p: Array) -> Array:
    """Binomial numbers as floats; n and p are flat, each key of words draws equally many of them.

    NaN for parameters that are NaN, negative n, and p outside of [0, 1].
    """
    keys = (words[:, 0], words[:, 1])
    each = n.size // max(1, words.shape[0])
    valid = (n >= 0) & (p >= 0) & (p <= 1)
    finite = valid & (n < xp.inf)
    half = p < 0.5
    q = xp.where(half, p, 1 - p)
    trials = xp.floor(n)
    out = xp.where(valid, n, xp.nan)
    few = ~(n * q > 10)
    at = xp.flatnonzero(finite & few)
    if at.size:
        drawn = stepwise_binomial(xp, keys, trials[at], q[at], at, each)
        out[at] = xp.where(half[at], drawn, trials[at] - drawn)
    many = finite & ~few
    if many.any():
        # The others take part too: how many rounds there are depends on them.
        every = [xp.where(many, x, other).astype(n.dtype) for x, other in ((trials, 1e4), (q, 0.5))]
        drawn = last_accepted(xp, propose_binomial, keys, every, many, each)
        out[many] = xp.where(half, drawn, trials - drawn)[many]
    return out


def evaluate_random_binomial(xp: ArrayModule, key: Array, n: Array, p: Array) -> Array:
    """Binomial numbers, as floats of the type of p."""
    with np.errstate(all="ignore"):
        out = binomial_counts(xp, key.reshape(-1, 2), n.reshape(-1), p.reshape(-1))
    return out.reshape(p.shape)[()]


def evaluate_random_multinomial(xp: ArrayModule, key: Array, n: Array, p: Array) -> Array:
    """Multinomial numbers, as floats of the type of p."""

    def draw(words: Array, number: int, n: Array, p: Array) -> Array:
        subkeys = new_key(xp, (words[:, 0], words[:, 1]), number)
        return binomial_counts(xp, xp.stack(subkeys, axis=1), n, p)

    return one_outcome_after_the_other(xp, draw, key, n, p)


def random_multinomial_there(xp: ArrayModule, key: Array, n: Array, p: Array) -> Array:
    """Multinomial numbers on arrays of a GPU."""

    def draw(words: Array, number: int, n: Array, p: Array) -> Array:
        subkeys = threefry2x32_there(xp, words[:, 0], words[:, 1], 0, number)
        keys, each = xp.stack(subkeys, axis=1), n.size // max(1, words.shape[0])
        n, p = (x.reshape(words.shape[0], each) for x in (n, p))
        return random_binomial_there(xp, keys, n, p).reshape(-1)

    return one_outcome_after_the_other(xp, draw, key, n, p)


def one_outcome_after_the_other(
    xp: ArrayModule, draw: Callable[..., Array], key: Array, n: Array, p: Array
) -> Array:
    """Of each outcome, a binomial number of the trials that are left.

    ``draw(words, number, n, p)`` gives binomial numbers of the keys with this number.
    """
    words = key.reshape(-1, 2)
    outcomes = p.shape[-1]
    p = p.reshape(-1, outcomes)
    left = n.reshape(-1)
    counts = []
    with np.errstate(all="ignore"):
        tail = xp.cumsum(p[:, ::-1], axis=1)[:, ::-1]
        ratio = xp.clip(p / xp.where(tail == 0, 1, tail), 0, 1)
        for i in range(outcomes):
            drawn = draw(words, i, left, ratio[:, i])
            counts.append(drawn)
            left = left - drawn
    if not counts:
        return xp.zeros((*n.shape, 0), p.dtype)
    return xp.stack(counts, axis=1).reshape((*n.shape, outcomes))


def _abstract_poisson(key: Aval, rate: Aval) -> Aval:
    check_keys("random_poisson", key, rate)
    return Aval(rate.shape, np.int64)


def _abstract_binomial(key: Aval, n: Aval, p: Aval) -> Aval:
    check_keys("random_binomial", key, n, p)
    return Aval(p.shape, p.dtype)


def _poisson_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(random_words(rng), sample(rng, (3, 5), "f4", (1, 30)))
    yield Case(random_words(rng), sample(rng, (), "f4", (1, 5)))
    yield Case(random_words(rng, 2), sample(rng, (2, 201), "f4", (5, 15)))
    yield Case(random_words(rng), np.array([0.0, -1.0, np.nan, 1e4], np.float32))


def _binomial_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4"):
        n = np.asarray(rng.integers(1, 60, (3, 5)), dtype)
        yield Case(random_words(rng), n, sample(rng, (3, 5), dtype, (0, 1)))
    yield Case(random_words(rng), np.float64(9), np.float64(0.25))
    n = np.full((2, 201), 40.0)
    yield Case(random_words(rng, 2), n, sample(rng, (2, 201), "f8", (0, 1)))
    n, p = np.array([3.0, -1.0, np.inf, 5.0, 5.0]), np.array([0.0, 0.5, 0.5, 1.0, np.nan])
    yield Case(random_words(rng), n, p)


def _multinomial_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(random_words(rng), np.array([7.0, 90.0]), sample(rng, (2, 3), "f8", (0.1, 1)))
    yield Case(random_words(rng), np.float32(30), sample(rng, (4,), "f4", (0.1, 1)))
    yield Case(random_words(rng, 2), np.array([6.0, 50.0]), sample(rng, (2, 3), "f8", (0.1, 1)))


random_poisson: General = general(
    "random_poisson",
    evaluate_random_poisson,
    on_gpu=random_poisson_there,
    abstract=_abstract_poisson,
    batch=lambda size, args, batched: random_poisson(*batch_of_keys(size, args, batched)),
    cases=_poisson_cases,
    nondifferentiable=_COUNTS,
    elements=Decided(),
)
random_binomial: General = general(
    "random_binomial",
    evaluate_random_binomial,
    on_gpu=random_binomial_there,
    abstract=_abstract_binomial,
    batch=lambda size, args, batched: random_binomial(*batch_of_keys(size, args, batched)),
    cases=_binomial_cases,
    nondifferentiable=_COUNTS,
    elements=Decided(),
)
random_multinomial: General = general(
    "random_multinomial",
    evaluate_random_multinomial,
    on_gpu=random_multinomial_there,
    abstract=_abstract_binomial,
    batch=lambda size, args, batched: random_multinomial(*batch_of_keys(size, args, batched)),
    cases=_multinomial_cases,
    nondifferentiable=_COUNTS,
    elements=Decided(),
)
