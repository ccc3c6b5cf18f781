"""The bounds of errors of special functions and distributions, on a few points."""

import re
from pathlib import Path

import pytest
from effort import examples
from scipy_names import precision

from funcgrad.scipy import special, stats

PAGE = Path(__file__).resolve().parents[2] / "docs" / "special_functions.md"

OF_OTHERS = {"interval", "median", "moment", "stats", "std", "support"}
"""Made of the functions that are compared, in a line or two."""
COUNTED = {"mode", "rankdata"}
"""Whole numbers, which have no error."""
INFINITE = {"cauchy.mean", "cauchy.var"}
"""Moments that there are none of."""


@pytest.mark.parametrize("name", precision.ALL)
def test_bounds(name):
    case = precision.ALL[name]
    value, slopes = precision.errors(case, examples(2), seed=7)
    assert value <= case.bound, f"{name}: error {value:.1e}"
    for i, found in enumerate(slopes):
        assert found is None or found <= case.slope, f"{name}, argument {i}: error {found:.1e}"


def test_the_page_has_every_comparison():
    text = PAGE.read_text(encoding="utf-8")
    assert not [name for name in precision.ALL if f"| `{name}` |" not in text]


def test_every_special_function_is_compared():
    compared = {re.split(r"\W", name)[0] for name in precision.SPECIAL}
    assert compared == set(special.__all__)


def functions_of(name):
    """The functions of a distribution that have an error: of its record, or its methods."""
    known = {m for m in dir(getattr(stats, name)) if not m.startswith("_")}
    attributes = {"ends", "formulas", "log_density", "name", "parameters", "shapes", "valid"}
    constants = set() if getattr(getattr(stats, name), "shapes", True) else {
        "entropy", "mean", "var"}  # fmt: skip
    return known - attributes - constants - OF_OTHERS


def test_every_function_of_every_distribution_is_compared():
    names = set(stats.__all__) - COUNTED - {"gaussian_kde", "sem"}
    expected = {f"{name}.{function}" for name in names for function in functions_of(name)}
    compared = {name for name in precision.DISTRIBUTIONS if "." in name}
    estimates = {name for name in compared if name.startswith("gaussian_kde.")}
    assert expected - compared - INFINITE == set()
    assert compared - expected == estimates
