"""The bounds of errors of special functions and distributions, on a few points."""

from pathlib import Path

import pytest
from scipy_names import precision

PAGE = Path(__file__).resolve().parents[2] / "docs" / "special_functions.md"


@pytest.mark.parametrize("name", precision.ALL)
def test_bounds(name):
    case = precision.ALL[name]
    value, slopes = precision.errors(case, 6, seed=7)
    assert value <= case.bound, f"{name}: error {value:.1e}"
    for i, (found, bound) in enumerate(zip(slopes, case.slopes, strict=True)):
        assert found is None or found <= bound, f"{name}, argument {i}: error {found:.1e}"


def test_the_page_has_every_function():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in precision.ALL)
