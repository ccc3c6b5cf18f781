"""debug.key_reuse: keys that are consumed twice."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import debug, random
from funcgrad.context import current
from funcgrad.errors import KeyReuseError

CALLS = {
    "ball": lambda k: random.ball(k, 2),
    "bernoulli": random.bernoulli,
    "beta": lambda k: random.beta(k, 1.0, 2.0),
    "binomial": lambda k: random.binomial(k, 30, 0.5),
    "bits": random.bits,
    "categorical": lambda k: random.categorical(k, np.zeros(3)),
    "cauchy": random.cauchy,
    "chisquare": lambda k: random.chisquare(k, 2.0),
    "choice": lambda k: random.choice(k, 5, (2,), replace=False),
    "dirichlet": lambda k: random.dirichlet(k, np.ones(2)),
    "double_sided_maxwell": lambda k: random.double_sided_maxwell(k, 0.0, 1.0),
    "exponential": random.exponential,
    "f": lambda k: random.f(k, 1.0, 2.0),
    "gamma": lambda k: random.gamma(k, 1.0),
    "generalized_normal": lambda k: random.generalized_normal(k, 3.0),
    "geometric": lambda k: random.geometric(k, 0.5),
    "gumbel": random.gumbel,
    "laplace": random.laplace,
    "loggamma": lambda k: random.loggamma(k, 1.0),
    "logistic": random.logistic,
    "lognormal": random.lognormal,
    "maxwell": random.maxwell,
    "multinomial": lambda k: random.multinomial(k, 5, np.ones(3) / 3),
    "multivariate_normal": lambda k: random.multivariate_normal(k, np.zeros(2), np.eye(2)),
    "normal": lambda k: random.normal(k, (2,), np.complex128),
    "orthogonal": lambda k: random.orthogonal(k, 2),
    "pareto": lambda k: random.pareto(k, 1.0),
    "permutation": lambda k: random.permutation(k, 5),
    "poisson": lambda k: random.poisson(k, 30.0),
    "rademacher": random.rademacher,
    "randint": lambda k: random.randint(k, (2,), 0, 9),
    "rayleigh": lambda k: random.rayleigh(k, 1.0),
    "split": random.split,
    "t": lambda k: random.t(k, 3.0),
    "triangular": lambda k: random.triangular(k, 0.0, 0.5, 1.0),
    "truncated_normal": lambda k: random.truncated_normal(k, 0.0, 0.5),
    "uniform": random.uniform,
    "wald": lambda k: random.wald(k, 0.5),
    "weibull_min": lambda k: random.weibull_min(k, 0.5, 1.0),
}


def test_every_sampler_is_here():
    others = set("PRNGKey key fold_in key_data key_dtype key_impl wrap_key_data clone".split())
    assert set(CALLS) | others == set(random.__all__)


@pytest.mark.parametrize("name", CALLS)
def test_a_key_serves_once(name):
    key, other = random.split(random.key(1))
    with debug.key_reuse():
        CALLS[name](key)
        CALLS[name](other)
        with pytest.raises(KeyReuseError, match=rf"^{name} at .* consumes the key .* {name} at"):
            CALLS[name](key)
    CALLS[name](key)


def test_the_message_names_both_places():
    key = random.key(7)

    def first():
        return random.split(key)

    def second():
        return random.normal(key)

    with debug.key_reuse():
        first()
        with pytest.raises(KeyReuseError) as caught:
            second()
    lines = [f.__code__.co_firstlineno + 1 for f in (second, first)]
    message = str(caught.value)
    assert f"normal at test_key_reuse.py:{lines[0]} (second) consumes the key [0 7]" in message
    assert f"split at test_key_reuse.py:{lines[1]} (first) has consumed already" in message
    assert "funcgrad.random.clone(key)" in message
    assert isinstance(caught.value, ValueError)


def test_equal_keys_are_the_same_key():
    with debug.key_reuse():
        random.normal(random.key(3))
        with pytest.raises(KeyReuseError):
            random.uniform(np.array([0, 3], np.uint32))
        random.uniform(random.fold_in(random.key(4), 1))
        _, second = random.split(random.key(4))
        with pytest.raises(KeyReuseError):
            random.uniform(second)


def test_fold_in():
    key = random.key(0)
    with debug.key_reuse():
        keys = [random.fold_in(key, i) for i in range(3)]
        for k in keys:
            random.normal(k)
        with pytest.raises(KeyReuseError, match=r"fold_in at .* makes the key .* fold_in at"):
            random.fold_in(key, 1)
        with pytest.raises(KeyReuseError):
            random.fold_in(key, np.int64(2))
        random.fold_in(key, 3)


def test_clone():
    key = random.key(0)
    with debug.key_reuse():
        x = random.normal(key)
        assert random.normal(random.clone(key)) == x
        with pytest.raises(KeyReuseError):
            random.normal(key)


def test_keys_under_vmap():
    keys = random.split(random.key(0), 4)
    with debug.key_reuse():
        fg.vmap(random.normal)(keys)
        with pytest.raises(KeyReuseError):
            random.normal(keys[2])
        with pytest.raises(KeyReuseError):
            fg.vmap(lambda k: random.normal(k) + random.uniform(k))(random.split(keys[0], 3))
        with pytest.raises(KeyReuseError):
            fg.vmap(random.normal)(np.stack([keys[0] + 1, keys[0] + 1]))
        fg.vmap(lambda i: random.fold_in(keys[3], i))(np.arange(3))
        with pytest.raises(KeyReuseError):
            random.fold_in(keys[3], 2)


def test_keys_under_derivatives():
    key = random.key(0)
    with debug.key_reuse():
        fg.grad(lambda a: random.gamma(key, a))(2.0)
        with pytest.raises(KeyReuseError):
            fg.jvp(lambda a: random.gamma(key, a), (2.0,), (1.0,))


def test_staged_code_is_not_looked_at():
    key = random.key(0)
    with debug.key_reuse():
        f = fg.jit(lambda k: random.normal(k) + random.normal(k) + random.normal(key))
        f(key)
        f(key)
        fg.lax.scan(lambda c, _: (c + random.normal(key), None), 0.0, None, length=2)
        random.normal(key)


def test_errors_restore():
    key = random.key(0)

    def stop():
        with debug.key_reuse():
            random.normal(key)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop()
    assert current().key_uses is None
    random.normal(key)
    with debug.key_reuse():
        random.normal(key)
        with pytest.raises(TypeError):
            random.normal(3)
        with pytest.raises(ZeroDivisionError), debug.key_reuse():
            raise ZeroDivisionError
        with pytest.raises(KeyReuseError):
            random.normal(key)


def test_nested_contexts_belong_together():
    key = random.key(0)
    with debug.key_reuse():
        random.normal(key)
        with debug.key_reuse(), pytest.raises(KeyReuseError):
            random.normal(key)


def test_separate_contexts_do_not():
    key = random.key(0)
    for _ in range(2):
        with debug.key_reuse():
            random.normal(key)


def test_a_function_can_be_decorated():
    @debug.key_reuse()
    def draw_twice(key):
        return random.normal(key) + random.normal(key)

    with pytest.raises(KeyReuseError):
        draw_twice(random.key(0))
    assert current().key_uses is None


def test_threads_have_their_own():
    key, errors = random.key(0), []

    def work():
        try:
            random.normal(key)
            random.normal(key)
            with debug.key_reuse():
                random.normal(key)
        except KeyReuseError as error:
            errors.append(error)

    with debug.key_reuse():
        random.normal(key)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert not errors


def test_tasks_started_inside_share_and_outside_do_not():
    key = random.key(0)

    async def checked():
        with debug.key_reuse():
            random.normal(key)
            await asyncio.sleep(0.01)
            random.uniform(random.key(1))

    async def unchecked():
        for _ in range(3):
            random.normal(key)
            await asyncio.sleep(0.002)

    async def both():
        await asyncio.gather(checked(), unchecked(), checked())

    asyncio.run(both())

    async def inside():
        with debug.key_reuse():
            tasks = [asyncio.create_task(draw()) for _ in range(2)]
            return await asyncio.gather(*tasks, return_exceptions=True)

    async def draw():
        return random.normal(key)

    found = asyncio.run(inside())
    assert [type(x) is KeyReuseError for x in found] == [False, True]
