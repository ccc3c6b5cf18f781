"""What forward mode and vmap do quickly for most operators is what they do for all of them."""

from itertools import combinations

import laws
import numpy as np
import pytest

from funcgrad.core.primitive import REGISTRY
from funcgrad.core.tracing import Tracer
from funcgrad.ops.families import Bilinear, Elementwise, Linear
from funcgrad.transforms.jvp import JVPTrace, JVPTracer
from funcgrad.transforms.vmap import BatchTrace, BatchTracer, UnmappedTracer

QUICK = [
    name
    for name, prim in sorted(REGISTRY.items())
    if isinstance(prim, Elementwise | Linear | Bilinear) and prim.cases and not prim.bodily
]
LANES = 3


def some_of(positions):
    """Each position alone, and all of them."""
    return sorted({*combinations(positions, 1), tuple(positions)} - {()})


def both_ways(prim, trace, args, params):
    """A result as an operator's call gives it, and by the way that is open to all operators."""
    with np.errstate(all="ignore"):
        return prim(*args, **params), trace.process(prim, tuple(args), params)


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(found, JVPTracer):
        assert found.strong == expected.strong
        assert found.aval.matches(expected.aval)
        assert (found.shape, found.dtype) == (found.aval.shape, found.aval.dtype)
        assert found.weak == found.aval.weak
        assert_same(found.primal, expected.primal)
        assert_same(found.tangent, expected.tangent)
    elif isinstance(found, Tracer):
        assert_same(found.value, expected.value)
    else:
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(found, expected)


def tangent_like(x):
    t = np.linspace(-1.0, 2.0, np.size(x)).reshape(np.shape(x))
    return np.asarray(t if x.dtype.kind == "f" else t + 0.5j, x.dtype)[()]


@pytest.mark.parametrize("name", QUICK)
def test_forward_mode(name):
    prim = REGISTRY[name]
    for case in laws.cases_of(prim):
        for followed in some_of(laws.inexact_positions(case.args)):
            for strong in (False, True):
                trace = JVPTrace("a test")
                args = [
                    JVPTracer(trace, x, tangent_like(x), strong) if i in followed else x
                    for i, x in enumerate(case.args)
                ]
                assert_same(*both_ways(prim, trace, args, case.params))


@pytest.mark.parametrize("name", QUICK)
def test_forward_mode_of_batches(name):
    prim = REGISTRY[name]
    for case in laws.cases_of(prim):
        for followed in some_of(laws.inexact_positions(case.args)):
            lanes = BatchTrace(LANES, "a test")
            trace = JVPTrace("a test")
            args = [
                JVPTracer(trace, in_lanes(lanes, x), in_lanes(lanes, tangent_like(x)))
                if i in followed
                else x
                for i, x in enumerate(case.args)
            ]
            assert_same(*both_ways(prim, trace, args, case.params))


def in_lanes(lanes, x):
    return BatchTracer(lanes, np.stack([x, x, x]))


@pytest.mark.parametrize("name", QUICK)
def test_vmap(name):
    prim = REGISTRY[name]
    for case in laws.cases_of(prim):
        places = [i for i, x in enumerate(case.args) if isinstance(x, np.ndarray | np.generic)]
        for batched in some_of(places):
            trace = BatchTrace(LANES, "a test")
            for rest in (lambda x: x, trace.unmapped):
                args = [
                    in_lanes(trace, x) if i in batched else rest(x) for i, x in enumerate(case.args)
                ]
                assert_same(*both_ways(prim, trace, args, case.params))
        trace = BatchTrace(LANES, "a test")
        args = [trace.unmapped(x) for x in case.args]
        if any(isinstance(x, UnmappedTracer) for x in args):
            assert_same(*both_ways(prim, trace, args, case.params))
