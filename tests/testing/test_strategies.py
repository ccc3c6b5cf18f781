"""Drawn arrays: members of their domains, of their shapes, and simple where they shrink to."""

import math
import subprocess
import sys

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from shrinking import smallest

from funcgrad.testing import strategies as fst
from funcgrad.testing.strategies.domains import DOMAINS, members

some = settings(max_examples=examples(25), deadline=None)


CASES = {
    **DOMAINS,
    "interval": fst.interval(0.2, 0.3),
    "closed": fst.interval(-4, 7, closed=True),
    "far": fst.interval(1e5, math.inf),
    "small": fst.interval(1e-9, 3e-9),
    "away": fst.away_from([0, 1, -1], 0.25),
    "away inside": fst.away_from(2.0, 0.5, inside=(1, 4)),
    "near": fst.near([0, 1, -30]),
    "whole": fst.whole_numbers(-3, 5),
    "union": fst.interval(-5, -4) | fst.near(0) | "unit_interval",
    "spread": fst.distinct((0, 1), gap=0.03),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex64"])
@settings(max_examples=examples(8), deadline=None)
@given(data=st.data())
def test_every_domain_yields_only_members(name, dtype, data):
    x = data.draw(fst.arrays((2, 3), dtype, CASES[name]))
    assert x.dtype == dtype
    assert x.shape == (2, 3)
    assert CASES[name].contains(x)


STRANGERS = {
    "real": [math.inf, math.nan],
    "positive": [0.0, -1.0, math.inf],
    "nonnegative": [-1e-9],
    "unit_interval": [0.0, 1.0, -0.5],
    "special_values": [1.0, 1e-300],
    "whole_numbers": [0.5, 10.0, math.nan],
    "away": [0.2, 1.1, math.nan],
    "near": [0.01, 1.01, -30.1, math.nan],
    "union": [-4.0, 0.0 - 1e-2, 1.0],
}


@pytest.mark.parametrize("name", STRANGERS)
def test_domains_do_not_contain_other_numbers(name):
    for x in STRANGERS[name]:
        assert not CASES[name].contains(x), x
        assert not CASES[name].contains(np.array([complex(x, 0.5)])), x


def test_domains_reach_where_they_are_meant_to():
    real = [x for group in members(fst.real, np.dtype(float)) for x in group]
    sizes = np.abs([x for x in real if x])
    for low in (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2):
        assert np.sum((sizes >= low) & (sizes <= 10 * low)) > 20, low
    assert {0.0, 1.0, -1.0} <= set(real)
    near = [x for group in members(fst.near(1.0), np.dtype(float)) for x in group]
    gaps = sorted({f"{x - 1:.0e}" for x in near})
    assert {"0e+00", "1e-12", "-1e-12", "1e-03", "-1e-03"} <= set(gaps)
    special = fst.arrays((), "float32", "special_values")
    assert smallest(special, lambda x: 0 < x < 1e-40) == np.finfo(np.float32).smallest_subnormal
    assert np.signbit(smallest(special, lambda x: x == 0 and np.signbit(x)))


@some
@given(fst.arrays((3, 4), domain="distinct"))
def test_distinct_numbers_are_not_close(x):
    assert_array_equal(np.unique(x).size, 12)
    values = np.sort(x.ravel())
    gaps = np.diff(values) / np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    assert np.min(gaps) > 0.0099


def test_distinct_knows_ties():
    assert not fst.distinct().contains(np.array([1.0, 2.0, 1.0]))
    assert not fst.distinct(gap=0.1).contains(np.array([100.0, 101.0]))
    assert fst.distinct((100, 102), gap=0.1).contains(np.array([100.5, 101.0]))


def test_a_domain_is_a_name_a_pair_or_an_object():
    assert fst.spec("n", domain=(1, 2)).domain == fst.interval(1, 2)
    assert fst.spec("n", domain="positive").domain is fst.positive
    with pytest.raises(ValueError, match="unknown domain 'positiv'; the names are real, positive"):
        fst.arrays(3, domain="positiv")
    with pytest.raises(TypeError, match="a domain is an object like interval"):
        fst.arrays(3, domain=3.0)
    with pytest.raises(ValueError, match="low must be below high"):
        fst.arrays(3, domain=(2, 1))
    with pytest.raises(ValueError, match="has no members of dtype int64"):
        fst.arrays(3, int, "unit_interval")
    with pytest.raises(TypeError, match=r"write distinct\(a \| b\)"):
        fst.distinct() | fst.near(0)
    with pytest.raises(ValueError, match="give a smaller gap"):
        smallest(fst.arrays(50, domain=fst.distinct((0, 1), gap=0.3)))
    with pytest.raises(ValueError, match="points must be one or several finite numbers"):
        fst.near([math.nan])


@some
@given(fst.dtypes().flatmap(lambda t: st.tuples(st.just(t), fst.arrays(dtype=t))))
def test_dtypes_and_shapes_are_drawn(pair):
    dtype, x = pair
    assert x.dtype == dtype
    assert x.ndim <= 2
    assert x.ndim or isinstance(x, np.generic)


def test_dtypes_can_be_chosen():
    x = smallest(fst.arrays(dtype=fst.dtypes("float32", "complex64")), lambda x: x.imag.any())
    assert x.dtype == np.complex64


@some
@given(fst.arrays((5,), "int32"), fst.arrays((5,), bool), fst.arrays((5,), "uint8"))
def test_integers_and_booleans(i, b, u):
    assert (i.dtype, b.dtype, u.dtype) == (np.int32, bool, np.uint8)


@some
@given(st.integers(1, 4).flatmap(fst.broadcastable_shapes))
def test_broadcastable_shapes_broadcast(shapes):
    assert np.broadcast_shapes(*shapes.input_shapes) == shapes.result_shape


@some
@given(fst.matmul_shapes())
def test_matmul_shapes_multiply(shapes):
    a, b = map(np.ones, shapes.input_shapes)
    assert np.shape(a @ b) == shapes.result_shape


@some
@given(fst.shapes(1, 3, 2, 5))
def test_shapes_keep_their_limits(shape):
    assert 1 <= len(shape) <= 3
    assert all(2 <= side <= 5 for side in shape)


def test_arrays_shrink_to_small_shapes_and_simple_numbers():
    assert smallest(fst.arrays()) == 0.0
    assert smallest(fst.arrays(domain="positive")) == 1.0
    assert smallest(fst.arrays(domain="unit_interval")) == 0.5
    assert smallest(fst.arrays(domain="real"), lambda x: np.any(x < 0)) == -1.0
    assert_array_equal(smallest(fst.arrays(), lambda x: np.sum(x > 0) > 1), [1.0, 1.0])
    assert_array_equal(
        smallest(fst.arrays(domain="distinct"), lambda x: x.size > 2), [0.0, 1.0, 2.0]
    )
    assert smallest(fst.arrays(), lambda x: np.any(x > 50)) == 60.0
    assert smallest(fst.numbers(complex)) == 0j
    z = smallest(fst.arrays((2,), complex), lambda z: np.any(z.imag > 0))
    assert sorted(z, key=abs) == [0, 1j]


def test_drawn_numbers_are_short():
    x = smallest(fst.arrays((), domain=fst.interval(0.1, 0.2)), lambda x: x > 0.15)
    assert len(repr(float(x))) <= 5


MISSING = """
import sys
sys.modules["hypothesis"] = None
import funcgrad.testing
from funcgrad.testing import check_derivatives, gradcheck

@check_derivatives(domain="positive")
def f(x):
    return x * x

assert f(3.0) == 9.0
for use in (lambda: funcgrad.testing.strategies, lambda: gradcheck(f), f.check_derivatives):
    try:
        use()
    except ModuleNotFoundError as error:
        assert "pip install 'funcgrad[testing]'" in str(error), error
    else:
        raise SystemExit("no error")
"""


def test_hypothesis_is_optional():
    subprocess.run([sys.executable, "-c", MISSING], check=True)
    code = "import funcgrad.testing, sys; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
