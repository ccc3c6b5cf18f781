"""What records say of their operators is true, and complete for accuracy and explain_nan."""

import ast
import importlib
import pkgutil
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.special

import funcgrad as fg
import funcgrad.optim
from funcgrad import debug, ops
from funcgrad.core.avals import Aval
from funcgrad.core.facts import Arrays, ByRule, Elements, Scalars, Steep
from funcgrad.core.primitive import REGISTRY
from funcgrad.debug.precise.matrices import RULES, Calculator
from funcgrad.debug.precise.operations import WRAPPING
from funcgrad.debug.remedies import hazard_of
from funcgrad.ops import Bilinear, Control, Elementwise, Hazard, Linear

for found in pkgutil.walk_packages(ops.__path__, "funcgrad.ops."):
    importlib.import_module(found.name)  # some are imported where they are used only
OWN = {n: p for n, p in REGISTRY.items() if "for_the_test" not in n and p.cases is not None}
DIFFERENTIABLE = [n for n, p in OWN.items() if not p.nondifferentiable]
STATED = [n for n, p in OWN.items() if p.scalar]
NUMPY_NAMES = (
    "copysign ldexp real imag conj sqrt cbrt hypot power exp expm1 log log1p sin cos tan sinh cosh "
    "tanh"
)


class NumpyFunctions:
    """The basic functions by NumPy and SciPy."""

    pi, ln2, ln10 = np.pi, np.log(2.0), np.log(10.0)
    where, abs = staticmethod(np.where), staticmethod(np.abs)
    asin, acos, atan, atan2 = np.arcsin, np.arccos, np.arctan, np.arctan2
    asinh, acosh, atanh = np.arcsinh, np.arccosh, np.arctanh
    erf, erfc, erf_inv = scipy.special.erf, scipy.special.erfc, scipy.special.erfinv
    lgamma, digamma = scipy.special.gammaln, scipy.special.digamma
    polygamma = staticmethod(scipy.special.polygamma)

    def __getattr__(self, name):
        assert name in NUMPY_NAMES.split()
        return getattr(np, name)

    @staticmethod
    def complex(x, y):
        return x + 1j * y


@pytest.mark.parametrize("name", STATED)
def test_a_formula_gives_what_the_operator_gives(name):
    prim = OWN[name]
    compared = 0
    for case in prim.cases(np.random.default_rng(3)):
        if any(np.asarray(x).dtype.kind in "iub" for x in case.args) and name != "ldexp":
            continue
        with np.errstate(all="ignore"):
            computed = prim.compute(tuple(case.args), case.params)
            found = prim.scalar(NumpyFunctions(), *case.args)
        eps = np.finfo(np.asarray(computed).dtype).eps
        np.testing.assert_allclose(found, computed, rtol=200 * eps, atol=20 * eps)
        compared += 1
    assert compared or name == "polygamma"


@pytest.mark.parametrize(
    "numbers", [fg.debug.precise.DoubleDoubles(), fg.debug.precise.Multiprecision(40)]
)
def test_both_kinds_of_numbers_have_all_basic_functions(numbers):
    for name in (n for n in vars(Scalars) if not n.startswith("_")):
        assert hasattr(numbers.functions, name), name


def known_to_accuracy(prim):
    return (
        isinstance(prim.elements, Elements)
        or prim.scalar is not None
        or prim in RULES
        or prim in WRAPPING
        or isinstance(prim, Linear | Bilinear)
        or prim.transpose is not None
    )


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_differentiable_operators_are_known(name):
    prim = OWN[name]
    assert known_to_accuracy(prim), "accuracy: declare scalar, or elements=Float64('why')"
    assert hazard_of(prim) is not None, "explain_nan: declare hazard, or Hazard.NONE"


EXTREMES = [-1e300, -750.0, -2.0, -1.0, -1e-300, 0.0, 1e-300, 0.5, 1.0, 2.0, 750.0, 1e300]
HARMLESS = [
    n
    for n, p in OWN.items()
    if isinstance(p, Elementwise) and p.hazard is Hazard.NONE and n != "select_n"
]


@pytest.mark.parametrize("name", HARMLESS)
def test_operators_without_hazard_make_finite_numbers_of_finite_ones(name):
    prim = OWN[name]
    assert isinstance(prim, Elementwise)
    grids = np.meshgrid(*[EXTREMES] * prim.arity)
    with np.errstate(all="ignore"):
        assert np.isfinite(prim.compute(tuple(grids), {})).all()


REAL_OF_ONE = [
    n
    for n, p in OWN.items()
    if isinstance(p, Elementwise) and p.arity == 1 and not p.nondifferentiable
]


@pytest.mark.parametrize("name", REAL_OF_ONE)
def test_steep_places_are_those_where_the_derivative_is_infinite(name):
    prim = OWN[name]
    steep = set()
    for x in (-1.0, 0.0, 1.0):
        with np.errstate(all="ignore"):
            value, slope = fg.jvp(lambda x: prim(x), (np.float64(x),), (np.float64(1.0),))
        if np.isfinite(value) and np.isinf(slope):
            steep.add(abs(x))
    if prim.steep is None:
        assert not steep
    else:
        assert isinstance(prim.steep, Steep)
        assert steep == {prim.steep.at} or not np.isfinite(fg.jit(prim)(np.float64(prim.steep.at)))


def test_an_operator_of_a_user_is_known_as_far_as_it_says():
    silent = ops.elementwise(
        "silent_for_the_test", lambda x: np.exp(x) - 1, lambda o, _x: o + 1, kinds="f"
    )
    speaking = ops.elementwise(
        "speaking_for_the_test",
        lambda x: np.exp(x) - 1,
        lambda o, _x: o + 1,
        kinds="f",
        scalar=lambda m, x: m.exp(x) - 1,
        hazard=Hazard.EXPONENTIAL,
    )
    report = fg.accuracy(silent)(1e-10)
    assert report.notes == ["not evaluated with more digits than float64: silent_for_the_test"]
    report = fg.accuracy(speaking)(1e-10)
    assert report.notes == []
    assert 5 < report.digits < 8
    for prim, remedy in ((silent, ""), (speaking, "overflow: the exponential of more than 709")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            explained = debug.explain_nan(prim)(np.array([1.0, 1000.0]))
        assert explained.first_infinite.element == (1,)
        assert explained.remedies[0].startswith(remedy)
        assert bool(explained.remedies[0]) == bool(remedy)


def spread_of(rule):
    """The variance of a vector as an operator that cancels, with a rule or without one."""

    def evaluate(xp, x):
        return (x * x).mean() - x.mean() ** 2

    return ops.general(
        f"spread_{'by_rule' if rule else 'silent'}_for_the_test",
        evaluate,
        abstract=lambda x: Aval((), x.dtype),
        batch=lambda size, args, batched: np.var(args[0], axis=1),
        nondifferentiable="not needed here",
        cases=lambda rng: [ops.Case(rng.normal(size=5))],
        elements=ByRule(rule) if rule else None,
        hazard=Hazard.SUM,
    )


def precise_spread(arrays, x):
    """The mean square of deviations, with all digits."""
    n = arrays.lift(np.float64(x.shape[0]))
    apart = x - arrays.fold(ops.operator_named("add"), x, (0,)) / n
    return [arrays.fold(ops.operator_named("add"), apart * apart, (0,)) / n]


def test_an_operator_on_arrays_brings_its_precise_form():
    silent, by_rule = spread_of(None), spread_of(precise_spread)
    x = 1e5 + np.array([0.1, 0.25, 0.7, 0.3])
    exact = [Fraction(float(v)) for v in x]
    mean = sum(exact) / 4
    variance = sum((v - mean) ** 2 for v in exact) / 4
    wrong = abs(Fraction(float(by_rule(x))) - variance) / variance
    for options in ({}, {"precision": "mpmath"}):
        assert fg.accuracy(silent, **options)(x).notes
        report = fg.accuracy(by_rule, **options)(x)
        assert "not evaluated" not in str(report)
        assert report.digits == pytest.approx(-np.log10(float(wrong)))


def test_what_rules_may_use_is_there():
    for name in (n for n in vars(Arrays) if not n.startswith("_")):
        assert callable(getattr(Calculator, name)), name


NAMES = {n for n, p in REGISTRY.items() if not isinstance(p, Control)} - {"min", "max"}
"""Names of operators; two are those of parameters as well."""


def tables_of_names(tree):
    """Lines with two or more names of operators in one display, or a comparison with one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            parts = [k for k in node.keys if k is not None]
        elif isinstance(node, ast.Set | ast.List | ast.Tuple):
            parts = node.elts
        elif isinstance(node, ast.Compare) and ast.unparse(node.left).endswith(".name"):
            parts = [*node.comparators, *node.comparators]
        else:
            continue
        found = [p.value for p in parts if isinstance(p, ast.Constant) and p.value in NAMES]
        if len(found) > 1:
            yield node.lineno, found


@pytest.mark.parametrize("package", ["debug", "testing"])
def test_no_table_has_operators_by_name(package):
    root = Path(fg.__file__).parent / package
    found = {
        f"{path.name}:{line[0]} {line[1]}"
        for path in root.rglob("*.py")
        for line in tables_of_names(ast.parse(path.read_text()))
    }
    assert not found


def test_a_stopped_gradient_passes_the_error_of_its_operand_on():
    assert fg.accuracy(lambda x: fg.lax.stop_gradient(1 - np.cos(x)))(1e-8).digits == 0
