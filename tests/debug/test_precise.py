"""Double-double and multiprecision evaluation of every operator agree, to 27 digits."""

import importlib
import pkgutil

import mpmath
import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import funcgrad.optim  # noqa: F401
from funcgrad import ops
from funcgrad.core.facts import Float64, OneTriangle
from funcgrad.core.primitive import REGISTRY
from funcgrad.debug.precise import DoubleDoubles, Multiprecision, evaluate
from funcgrad.debug.precise.double_double import (
    DoubleDouble,
    UnavailableError,
    two_product,
    two_sum,
)
from funcgrad.debug.precise.elementary import PairFunctions
from funcgrad.debug.precise.exact_sums import slices
from funcgrad.debug.precise.operations import inexact
from funcgrad.ops import Elementwise
from funcgrad.ops.pointwise import arithmetic, comparison
from funcgrad.transforms.recording import Operation

PAIRS, MANY, LONG = DoubleDoubles(), Multiprecision(50), Multiprecision(60)


def operations(prim):
    for case in list(prim.cases(np.random.default_rng(5)))[:10]:
        with np.errstate(all="ignore"):
            outs = prim.compute(tuple(case.args), case.params)
        yield Operation(
            prim, tuple(case.args), case.params, tuple(outs) if prim.multiple else (outs,), (), None
        )


def stands_for_itself(prim):
    """Whether the record says that float64 stands for the precise result, and why.

    Elementwise steps are decisions of the program in any case.
    """
    if isinstance(prim, Elementwise) and prim.nondifferentiable:
        return False
    return isinstance(prim.elements, Float64 | OneTriangle) and bool(prim.elements.why)


for module in pkgutil.walk_packages(ops.__path__, "funcgrad.ops."):
    importlib.import_module(module.name)  # some are imported where they are used only
NEEDS_AXIS = {"psum", "all_gather", "psum_scatter", "all_to_all", "ppermute"}
OWN = {
    name: prim
    for name, prim in REGISTRY.items()
    if prim.cases is not None and name not in NEEDS_AXIS and "for_the_test" not in name
}
WITHOUT = [name for name, prim in OWN.items() if stands_for_itself(prim)]
PARTLY = ["scatter"]
"""Operators that have a precise form for some parameters only."""
EVALUATED = [name for name in OWN if name not in [*WITHOUT, *PARTLY]]


@pytest.mark.parametrize("name", EVALUATED)
def test_both_kinds_of_numbers_agree(name):
    compared = 0
    for operation in operations(REGISTRY[name]):
        found = [
            evaluate(n, operation, [n.lift(x) if inexact(x) else x for x in operation.operands])
            for n in (PAIRS, MANY)
        ]
        if not all(f.exact for f in found):
            continue
        for computed, pair, many in zip(operation.outputs, *[f.outs for f in found], strict=True):
            assert np.shape(computed) == pair.shape == many.shape
            if inexact(computed):
                compare(np.asarray(computed), MANY.total(PAIRS.terms(pair)), many)
            compared += 1
    assert compared


def compare(computed, pair, many):
    eps = float(np.finfo(computed.dtype).eps)
    for c, p, m in zip(computed.flat, pair.flat, many.flat, strict=True):
        if not MANY.context.isfinite(m):
            assert not np.isfinite(c)
            continue
        size = max(abs(m), 1e-3)
        assert abs(p - m) <= 1e-27 * size
        assert abs(m - MANY.number(c)) <= 1e4 * eps * size


def test_what_records_say_of_missing_precise_forms_is_true():
    for name in WITHOUT + PARTLY:
        found = [
            evaluate(PAIRS, o, [PAIRS.lift(x) if inexact(x) else x for x in o.operands]).exact
            for o in operations(REGISTRY[name])
        ]
        assert not all(found), name


magnitudes = st.builds(lambda m, e, s: s * m * 10.0**e, st.floats(1, 10), st.integers(-12, 1),
                       st.sampled_from([1, -1]))  # fmt: skip
DOMAINS = {
    **dict.fromkeys(("sqrt", "log", "log2", "log10", "xlogx", "entr", "log_expm1"), (0, np.inf)),
    **dict.fromkeys(("asin", "acos", "atanh"), (-1, 1)),
    "logit": (0, 1), "acosh": (1, np.inf), "log1p": (-1, np.inf), "log1mexp": (-np.inf, 0),
}  # fmt: skip
OF_COMPLEX = {"conj", "real", "imag", "angle", "direction"}
UNARY = sorted(
    n
    for n, p in OWN.items()
    if isinstance(p, Elementwise) and p.scalar and p.arity == 1 and n not in OF_COMPLEX
)


RESTS = st.floats(-0.5, 0.5).map(lambda r: r if abs(r) > 1e-9 else 0.0)
"""Smaller ones beside 1 are lost in the digits of the judge."""


@pytest.mark.parametrize("name", UNARY)
@given(x=magnitudes, rest=RESTS)
@settings(max_examples=examples(25), deadline=None)
def test_elementary_functions_are_right_to_28_digits(name, x, rest):
    low, high = DOMAINS.get(name, (-np.inf, np.inf))
    pair = DoubleDouble(np.array([x]), np.array([rest * np.spacing(x)]))
    if not low < x < high:
        return
    formula = REGISTRY[name].scalar
    with np.errstate(all="ignore"):
        try:
            found = MANY.total(PAIRS.terms(formula(PairFunctions(), pair)))[0]
        except UnavailableError:
            return
        exact = formula(LONG.functions, LONG.total(PAIRS.terms(pair))[0])
    with mpmath.workdps(60):
        if not 1e-280 < abs(exact) < 1e300:
            return
        assert abs(mpmath.mpf(found) - exact) <= 1e-28 * abs(exact)


@given(magnitudes, magnitudes)
@settings(max_examples=examples(60), deadline=None)
def test_sums_and_products_of_two_numbers_are_exact(a, b):
    for function, exact in ((two_sum, lambda x, y: x + y), (two_product, lambda x, y: x * y)):
        value, rest = function(np.float64(a), np.float64(b))
        with mpmath.workdps(80):
            assert mpmath.mpf(value) + mpmath.mpf(rest) == exact(mpmath.mpf(a), mpmath.mpf(b))


def test_products_do_not_overflow_in_the_splitting():
    with np.errstate(all="ignore"):
        value, rest = two_product(np.float64(1.7e308), np.float64(0.3))
    with mpmath.workdps(60):
        assert mpmath.mpf(value) + mpmath.mpf(float(rest)) == mpmath.mpf(1.7e308) * mpmath.mpf(0.3)


@given(st.lists(magnitudes, min_size=1, max_size=5), st.integers(3, 40))
@settings(max_examples=examples(40), deadline=None)
def test_slices_add_up_and_have_few_bits(values, bits):
    terms = [np.array(values), np.array(values) * 2.0**-60]
    found = slices(terms, bits)
    with mpmath.workdps(80):
        for i, v in enumerate(values):
            exact = mpmath.mpf(v) * (1 + mpmath.mpf(2) ** -60)
            assert mpmath.fsum(mpmath.mpf(float(s[i])) for s in found) == exact
    for s in found:
        top = np.max(np.abs(s))
        unit = 2.0 ** (np.frexp(top)[1] + 1 - bits)
        assert top == 0 or np.all(s / (unit / 2) == np.rint(s / (unit / 2)))


def test_slices_say_when_there_are_too_many():
    assert slices([10.0 ** np.arange(-300.0, 300.0, 4)], 10) is None


@pytest.mark.parametrize("name", ["add", "mul", "div"])
def test_limits_are_as_computed(name):
    x = np.array([np.inf, 1.0, np.nan, 0.0])
    y = np.array([1.0, 0.0, 1.0, -np.inf])
    with np.errstate(all="ignore"):
        computed = {"add": x + y, "mul": x * y, "div": x / y}[name]
        formula = getattr(arithmetic, name).scalar
        found = PAIRS.calculate(formula, computed, PAIRS.lift(x), PAIRS.lift(y))
        np.testing.assert_array_equal(found.hi, computed)


@pytest.mark.parametrize("x", [-1e300, -5000.0, -1600.0, -800.0])
def test_exponentials_that_vanish_are_zero(x):
    with np.errstate(all="ignore"):
        assert PairFunctions.exp(PAIRS.lift(x)).hi == 0.0
        assert PairFunctions.exp(PAIRS.lift(-x)).hi == np.inf


@pytest.mark.parametrize("numbers", [PAIRS, MANY], ids=["pairs", "many digits"])
@pytest.mark.parametrize("first", [True, False])
def test_equal_numbers_are_ordered_by_what_they_are_precisely(numbers, first):
    one, rest = np.array([1.0]), np.array([1e-20])
    precise = [numbers.total([one, rest]), numbers.lift(one)]
    for prim, expected in ((comparison.maximum, rest), (comparison.minimum, 0 * rest)):
        operation = Operation(prim, (one, one), {}, (one,), (), None)
        found = evaluate(numbers, operation, precise if first else precise[::-1]).outs[0]
        assert numbers.nearest(found - numbers.lift(one), np.dtype(float)) == expected
