"""Write random_gamma_slope.json: how quantiles of gamma distributions move with their shape.

By numerical differentiation of the regularised incomplete gamma function in mpmath, with 60 digits.
Needs mpmath and scipy. Run as ``python tests/data/make_random_gamma_slope.py``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import mpmath as mp
from scipy.special import gammaincinv

mp.mp.dps = 60
TARGET = Path(__file__).with_name("random_gamma_slope.json")


def slope(a: Any, y: Any) -> Any:
    """Minus dF/da over dF/dy, for the distribution function F(y; a) of the logarithm."""
    z = mp.exp(y)
    density = mp.exp(a * y - z) / mp.gamma(a)
    if z < a + 1:
        return -mp.diff(lambda b: mp.gammainc(b, 0, z, regularized=True), a) / density
    return mp.diff(lambda b: mp.gammainc(b, z, mp.inf, regularized=True), a) / density


def main() -> None:
    rows = []
    for a in (1e-3, 0.01, 0.1, 0.5, 0.99, 1.0, 1.5, 2.0, 3.0, 10.0, 50.0, 400.0, 1e4):
        for p in (1e-9, 1e-3, 0.05, 0.3, 0.5, 0.7, 0.95, 1 - 1e-3, 1 - 1e-9):
            z = gammaincinv(a, p)
            # For small z the distribution function is z**a / Gamma(a + 1).
            y = math.log(z) if z > 1e-300 else (math.log(p) + math.lgamma(a + 1)) / a
            exact_a, exact_y = mp.mpf(a), mp.mpf(y)
            first = slope(exact_a, exact_y)
            second = mp.diff(lambda b, y=exact_y: slope(b, y), exact_a, h=mp.mpf(10) ** -12)
            rows.append([a, y, float(first), float(second)])
    lines = ",\n".join(json.dumps(r) for r in rows)
    head = '{"columns": ["a", "y", "slope", "its derivative with respect to a"], "rows": [\n'
    TARGET.write_text(head + lines + "\n]}\n")


if __name__ == "__main__":
    main()
