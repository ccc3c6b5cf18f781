"""Writes docs/special_functions.md: how many digits special functions and distributions have.

It needs mpmath and takes a quarter of an hour: python docs/special_functions_page.py

With names of functions only their rows are measured again.
"""

from __future__ import annotations

import importlib
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "special_functions.md"
POINTS = 200

INTRO = (
    "Written by `docs/special_functions_page.py`; do not edit. The largest error among {points} "
    "random points of a domain, compared with mpmath at 50 digits: of values, and of derivatives "
    "in each argument by forward mode (none in whole numbers). Errors are relative to the value, "
    "or to the floor where the value is smaller than that, which is where functions have zeros. "
    "The bounds are those that `tests/scipy_names/test_precision.py` holds on a few points. "
    "Domains are those of the arguments in their order; numbers are drawn by their logarithms in "
    'those with "log", and with both signs where there is ±. Values are SciPy\'s, for the most '
    "part; derivatives are sums, integrals and formulas of funcgrad."
)
OF_DISTRIBUTIONS = (
    "Of standard numbers and the parameters; location and scale are products and sums. Logarithms "
    "of probabilities are compared where the probability itself is a floating-point number. "
    "`median`, `interval`, `std`, `moment` and `stats` are made of what is here."
)


def table() -> Any:
    """The module of functions that are compared."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        return importlib.import_module("scipy_names.precision")
    finally:
        sys.path.pop(0)


def domain(ranges: Any) -> str:
    """A domain in words."""
    parts = []
    for kind, low, high in ranges:
        text = f"{low:g} to {high:g}"
        parts.append({"log": f"{text} log", "sign": f"±{text} log", "whole": f"{text} whole",
                      "line": text, "minus": f"-{high:g} to -{low:g} log"}[kind])  # fmt: skip
    return "; ".join(parts)


def row(name: str, case: Any, measure: Any) -> str:
    """The row of a function, measured now."""
    value, slopes = measure(case, POINTS)
    errors = ", ".join("none" if s is None else f"{s:.0e}" for s in slopes)
    floor = f"{case.floor:g}" if case.floor else ""
    bounds = f"{value:.0e} | {case.bound:.0e} | {errors}"
    slope = "" if all(s is None for s in slopes) else f"{case.slope:.0e}"
    text = f"| `{name}` | {domain(case.ranges)} | {floor} | {bounds} | {slope} |"
    print(text, flush=True)
    return text


def rows(cases: dict[str, Any], measure: Any) -> list[str]:
    """The rows of a table."""
    head = "| function | domain | floor | value | bound | derivatives | bound |"
    found = [row(name, case, measure) for name, case in cases.items()]
    return [head, "|---|---|---|---|---|---|---|", *found]


def again(names: list[str]) -> str:
    """The page with new rows of some functions."""
    module = table()
    text = PAGE.read_text(encoding="utf-8")
    for name in names:
        start = text.index(f"| `{name}` |")
        end = text.index("\n", start)
        text = text[:start] + row(name, module.ALL[name], module.errors) + text[end:]
    return text


def page() -> str:
    """The text, measured now."""
    module = table()
    lines = [
        "# The precision of special functions",
        "",
        *textwrap.wrap(INTRO.format(points=POINTS), 110),
        "",
        "## scipy.special",
        "",
        *rows(module.SPECIAL, module.errors),
        "",
        "## scipy.stats",
        "",
        *textwrap.wrap(OF_DISTRIBUTIONS, 110),
        "",
        *rows(module.DISTRIBUTIONS, module.errors),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = again(sys.argv[1:]) if sys.argv[1:] else page()
    PAGE.write_text(text, encoding="utf-8")
