"""The page docs/singular_points.md, made of what the functions give.

python tests/semantics/singular_points.py --write
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from semantics import points_arrays, points_elementwise, points_nn
from semantics.points import Point, first_derivative, second_derivative

PAGE = Path(__file__).parents[2] / "docs" / "singular_points.md"

GROUPS: dict[str, list[Point]] = {
    "Absolute values and angles": points_elementwise.ABSOLUTE,
    "The larger and the smaller of two": points_elementwise.CHOICES,
    "Steps and remainders": points_elementwise.STEPS,
    "Powers and roots": points_elementwise.POWERS,
    "Logarithms and inverse functions": points_elementwise.LOGARITHMS,
    "Extrema and order statistics": points_arrays.EXTREMA,
    "Sums, products and interpolation": points_arrays.SUMS,
    "Norms": points_arrays.NORMS,
    "Matrices": points_arrays.MATRICES,
    "Activation functions and losses": points_nn.ACTIVATIONS,
}
POINTS = [p for group in GROUPS.values() for p in group]

INTRODUCTION = """\
# Derivatives at singular points

Functions have points at which they have no derivative, or at which the formula of the derivative
divides zero by zero. Such points occur in practice: a vector of zeros, a constant column, two equal
scores. There

- the derivative is the **shortest element of the generalised derivative**, where there is one: of
  all limits of derivatives nearby, and the means of these, the one of least norm. It is taken
  with respect to all arrays of the named function, constants included; so `maximum(x, 0)` has 1/2
  at 0, and `relu`, a function of `x` alone, has 0;
- a derivative that is **infinite** from the side on which the function is defined stays infinite;
- the second derivative is what the same rule gives for the first one, 0 where it does not exist
  (where only that can be told, the table says *finite*). It is **never NaN**;
- functions that jump have the derivative of the pieces they are made of.

Activation functions with a kink other than that of `relu` and its limited relatives have the value
that `jax.nn` gives, which is one of the generalised derivative, too.

This is about single functions. A formula of several follows the chain rule: `sqrt(sum(x**2))` gives
inf * 0 = NaN at 0, where `norm(x)` gives 0, unless `jit` or `stabilize` put the function in place
of the formula. [Zeros from branches not taken](differences.md) are something else: they are strong.

The tables show what funcgrad computes. Forward and reverse mode, `jit` and `vmap` give the same.
Derivatives are with respect to all arguments; a matrix is written row by row, and so are its
derivatives; rows of zeros are written 0. `losses` stands for `funcgrad.nn.losses`. What has no
value at a point, like `inv` of a singular matrix, [fails](differences.md) there.
"""

HEAD = """\
| function | point | derivative | second derivative | remark |
|---|---|---|---|---|"""


def number(x: float) -> str:
    """A number for the page, of four digits."""
    text = f"{x:.4g}"
    return "0" if text == "-0" or abs(x) < 1e-9 else text


def formatted(x: Any) -> str:
    """An array in one line; one number if it is alone, or if all are 0."""
    x = np.asarray(x)
    if not np.any(np.abs(x) > 1e-9) or x.size == 1:
        return number(float(x.flat[0]))
    if x.ndim == 1:
        return "(" + ", ".join(number(float(v)) for v in x) + ")"
    return "(" + ", ".join(map(formatted, x)) + ")"


def second_text(point: Point) -> str:
    """The second derivative where its value is known; else that it is finite."""
    if point.second is None:
        return "finite"
    return formatted(second_derivative(point, "forward over reverse"))


def page() -> str:
    """The text of the page."""
    parts = [INTRODUCTION]
    with np.errstate(all="ignore"):
        for title, points in GROUPS.items():
            rows = [
                f"| `{p.function}` | {p.at} | {formatted(first_derivative(p, 'grad'))} "
                f"| {second_text(p)} | {p.remark} |"
                for p in points
            ]
            parts.append(f"## {title}\n\n{HEAD}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    else:
        print(page())
