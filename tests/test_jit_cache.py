"""What a jitted function's cache tells apart: everything that a program can depend on."""

import dataclasses
import enum
from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad.equality import exact_key

NAN = float("nan")


@dataclasses.dataclass(frozen=True)
class Config:
    scale: object


@dataclasses.dataclass
class Static:
    x: object
    k: object = dataclasses.field(metadata={"static": True}, default=1)


class Node:
    def __init__(self, x, k):
        self.x, self.k = x, k


fg.tree.register_node(Node, lambda n: ((n.x,), n.k), lambda k, xs: Node(next(iter(xs)), k))


class Mode(enum.Enum):
    FAST = 1


WRAPS = {
    "plain": lambda v: v,
    "tuple": lambda v: (v,),
    "nested": lambda v: ("a", (v, None)),
    "dataclass": Config,
    "dataclass in a tuple": lambda v: (Config((v,)),),
    "frozenset": lambda v: frozenset([v]),
}

DIFFERENT = [(1, 1.0, True, np.int64(1), np.float32(1), 1 + 0j, Decimal(1)), (0.0, -0.0, 0)]

PASSES = {
    "static argument": lambda f: fg.jit(lambda x, k: f(x, k), static_argnums=1),
    "static name": lambda f: lambda x, k: fg.jit(f, static_argnames="k")(x, k=k),
    "field": lambda f: (lambda g: lambda x, k: g(Static(x, k)))(fg.jit(lambda s: f(s.x, s.k))),
    "metadata": lambda f: (lambda g: lambda x, k: g(Node(x, k)))(fg.jit(lambda n: f(n.x, n.k))),
}


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("how", PASSES)
def test_equal_static_values_that_differ_have_programs_of_their_own(how, wrap):
    for values in DIFFERENT:
        seen = []
        run = PASSES[how](lambda x, k: seen.append(repr(k)) or x)  # noqa: B023
        wrapped = [WRAPS[wrap](v) for v in values]
        for _ in range(2):
            for w in wrapped:
                run(np.ones(2), w)
        assert seen[: len(values)] == [repr(w) for w in wrapped]
        if how != "static name":  # which makes a new jitted function at each call
            assert len(seen) == len(values)


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("value", [NAN, 2.5, "text", np.float64("nan"), Mode.FAST])
def test_the_same_value_is_traced_once(wrap, value):
    traces = []
    f = fg.jit(lambda x, k: traces.append(k) or x, static_argnums=1)
    for _ in range(3):
        f(1.0, WRAPS[wrap](type(value)(value) if value is not Mode.FAST else value))
    assert len(traces) == 1


def test_keys_of_dictionaries():
    f = fg.jit(lambda d: next(iter(d.values())) * next(iter(d)))
    for _ in range(2):
        assert f({1: np.int64(3)}).dtype == np.int64
        assert f({1.0: np.int64(3)}).dtype == np.float64
        assert f({True: 2.5}) == 2.5
    nested = fg.jit(lambda t: t[0]["a"] if True in t[1] and type(next(iter(t[1]))) is bool else 0.0)
    assert nested(({"a": 1.0}, {1: None})) == 0.0
    assert nested(({"a": 1.0}, {True: None})) == 1.0
    names = fg.jit(lambda d: traces.append(1) or d["a"])
    traces = []
    for _ in range(3):
        names({"a": 1.0})
    assert traces == [1]


def test_parameters_of_operations():
    # -0.0 and 0.0 as a bound, True and 1 as an axis: nothing may be shared between them.
    x = np.array([-1.0, 1.0])
    both = fg.jit(lambda x: (np.copysign(1.0, np.maximum(x, 0.0)), np.pad(x, 1, constant_values=0)))
    other = fg.jit(lambda x: (np.copysign(1.0, np.maximum(x, -0.0)), np.pad(x, 1)))
    assert_allclose(both(x)[1], other(x)[1])
    f = fg.jit(lambda x: [fg.numpy.full(2, v) + 0 * x for v in (True, 1, 1.0, -0.0, 0.0)])
    found = [r.dtype if i < 3 else np.signbit(r[1]) for i, r in enumerate(f(np.arange(2)))]
    assert found == [np.int64, np.int64, np.float64, False, False]


def test_user_defined_equality_counts():
    class Loose:
        def __init__(self, v):
            self.v = v

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 0

    traces = []
    f = fg.jit(lambda x, k: traces.append(k) or x, static_argnums=1)
    f(1.0, Loose(1)), f(1.0, Loose(2))
    assert len(traces) == 1


def test_fields_that_do_not_compare():
    @dataclasses.dataclass(frozen=True)
    class Quiet:
        a: object
        b: object = dataclasses.field(default=0, compare=False)

    assert exact_key(Quiet(1, 2)) == exact_key(Quiet(1, 3)) != exact_key(Quiet(1.0, 2))


def test_the_settings_in_force():
    def fresh():
        return fg.jit(lambda x: np.exp(x) - 1)

    x = np.array([1e-20])
    for first in (True, False):
        g = fresh()
        if first:
            assert_allclose(g(x), x)
        outer = fg.jit(lambda y: y * g(x), stabilize=False)  # noqa: B023
        assert outer(1.0) == 0.0
        assert_allclose(g(x), x)
        with fg.disable_jit():
            assert g(x) == 0.0
        assert_allclose(g(x), x)


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr("funcgrad.api.jit_calls.MOST_SIGNATURES", 8)
    f = fg.jit(lambda x, k: x + k, static_argnums=1)
    g = fg.jit(np.sum)
    for k in range(20):
        assert f(1.0, k) == 1 + k
        assert g(np.ones(k)) == k
    assert len(f.cache) <= 8
    assert len(g.programs) <= 8
    assert f(1.0, 0) == 1.0
