"""The page docs/stability.md, and the measurements that it is made of.

python tests/semantics/stability.py --write
python tests/semantics/stability.py --measure
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from semantics.stability_functions import ABSOLUTE, CONDITIONED, FUNCTIONS, Function

import funcgrad as fg

PAGE = Path(__file__).parents[2] / "docs" / "stability.md"
MAGNITUDES = (
    1e-300, 1e-100, 1e-30, 1e-12, 1e-8, 1e-5, 1e-3, 0.01, 0.05, 0.1, 0.21, 0.3, 0.7, 1.1, 1.6, 2.7,
    4.2, 7.0, 11.0, 19.0, 33.0, 38.0, 60.0, 87.0, 150.0, 300.0, 650.0, 705.0, 760.0, 1e3, 4e3, 1e4,
)  # fmt: skip


def points(function: Function, dtype: Any) -> np.ndarray:
    """Arguments of all magnitudes inside the range, and near to its finite ends."""
    tiny = float(np.finfo(dtype).tiny)
    sizes = [m for m in MAGNITUDES if m > 4 * tiny]
    found = [s * m for m in sizes for s in (1, -1)]
    for end, sign in ((function.low, 1), (function.high, -1)):
        if abs(end) == 1:
            found += [end + sign * m for m in (1e-3, 1e-6)]
    x = np.array(sorted(found), dtype)
    inside = (x > function.low) & (x < function.high)
    return x[inside | ((np.abs(x) == 1e4) & ((x == function.low) | (x == function.high)))]


def _total(f: Any) -> Any:
    return lambda x: np.sum(f(x))


def _pushed(f: Any) -> Any:
    return lambda x: fg.jvp(f, (x,), (np.ones_like(x),))[1]


def _pulled(f: Any) -> Any:
    return fg.grad(_total(f))


MODES: Any = [
    [lambda f: f],
    [_pushed, _pulled],
    [lambda f, a=a, b=b: a(b(f)) for a in (_pushed, _pulled) for b in (_pushed, _pulled)],
]
"""Ways to the value and to the two derivatives."""


def results(function: Function, order: int, x: np.ndarray) -> list[np.ndarray]:
    """The derivative of an order in every mode, eagerly and compiled."""
    made = [mode(function.call) for mode in MODES[order]]
    with np.errstate(all="ignore"):
        return [np.asarray(f(x)) for g in made for f in (g, fg.jit(g))]


def exact_values(function: Function, order: int, x: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Exact results, and the size of a unit for each of them."""
    info = np.finfo(x.dtype)
    with mp.workdps(50), np.errstate(over="ignore"):
        at = [mp.mpf(float(v)) for v in x]
        values = [mp.mpf(function.exact[order](v)) for v in at]
        floats = np.array([min(abs(float(v)), float(info.max)) for v in values])
        floor = 1.0 if function.measures[order] == ABSOLUTE else float(info.tiny)
        unit = np.spacing(np.maximum(floats, floor).astype(x.dtype)).astype(float)
        unit[floats < float(info.tiny)] = max(float(info.tiny), float(unit.min()))
        if function.measures[order] == CONDITIONED:
            unit += float(info.eps) * np.array([_change(function, order, v) for v in at])
    return values, unit


def _change(function: Function, order: int, x: Any) -> float:
    """How much the result changes with a relative change of the argument."""
    if order < 2:
        slope = function.exact[order + 1](x)
    else:
        slope = mp.diff(function.exact[2], x, relative=True, h=mp.mpf(10) ** -20)
    return float(min(abs(x * slope), mp.mpf(1e300)))


def worst(function: Function, order: int, dtype: Any) -> float:
    """The largest error over points and modes, in units."""
    x = points(function, dtype)
    values, units = exact_values(function, order, x)
    largest = mp.mpf(float(np.finfo(dtype).max))
    error = 0.0
    for got in results(function, order, x):
        if got.dtype != dtype or got.shape != x.shape:
            return np.inf
        for g, v, unit in zip(got, values, units, strict=True):
            if abs(v) > largest / 4:
                if not (abs(float(g)) > float(largest) / 8 and (g > 0) == (v > 0)):
                    return np.inf
            elif not np.isfinite(g):
                return np.inf
            else:
                error = max(error, float(abs(mp.mpf(float(g)) - v) / unit))
    return error


def next_power(x: float) -> int:
    """The power of two above a measured error, with half as much again for other machines."""
    return 1 << max(0, int(np.ceil(np.log2(max(1.5 * x, 1.0)))))


VECTORS = {
    "`norm(x)`, `norm(x, 3)`, transformed": ("1e-200, 1e200", 4, 4),
    "`var(x)`, `std(x)`": ("1e8 + (1, 2, 4)", 4, 8),
    "`losses.cosine_similarity(x, y)`": ("1e-70, 1e70", 4, 8),
    "`logsumexp(x)`, `nn.softmax(x)`": ("1e4 + (1, 2, 4)", 4, 8),
}
"""Functions of vectors: the numbers in them, and bounds in float64 units."""

INTRODUCTION = """\
# Accuracy far from the middle

Named functions neither overflow on the way nor cancel: their values and derivatives are as exact
for very large and very small arguments as their results can be expected to be. The tables give
bounds of the errors in units in the last place, over arguments of all magnitudes from 1e-300 (1e-30
in float32) to 1e4 inside the range, of both signs, in float64 and float32, eagerly and under `jit`,
in forward and reverse mode (the second derivative in all four mixtures). The tests measure them
against mpmath at 50 digits, and fail if one is exceeded. `losses` is `funcgrad.nn.losses`.

Units are those of the exact result; those of the result or of 1, whichever is larger, where the
last column says *absolute*; and where it says *conditioned*, with what a change of the argument in
its last place would change. Results below the smallest normal number may be rounded to 0. Where the
exact result overflows, the computed one is that infinity, or near it; nothing is ever NaN.
"""


def page() -> str:
    """The text of the page, made of the bounds."""
    parts = [INTRODUCTION]
    head = "| function | range | value | first | second | measure |\n|---|---|---|---|---|---|"
    for title, functions in FUNCTIONS.items():
        rows = [
            f"| `{f.name}` | {f.low:g} to {f.high:g} | "
            + " | ".join(map(str, f.bounds))
            + f" | {f.measured} |"
            for f in functions
        ]
        parts.append(f"## {title}\n\n{head}\n" + "\n".join(rows) + "\n")
    rows = [
        f"| {name} | {numbers} | {value} | {gradient} |"
        for name, (numbers, value, gradient) in VECTORS.items()
    ]
    head = "| function | numbers | value | gradient |\n|---|---|---|---|"
    parts.append(f"## Vectors\n\n{head}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    elif sys.argv[1:] == ["--measure"]:
        for functions in FUNCTIONS.values():
            for f in functions:
                errors = [max(worst(f, k, np.dtype(d)) for d in "fd") for k in range(3)]
                stated = [next_power(e) if np.isfinite(e) else e for e in errors]
                print(f"{f.name:50s}", *[f"{e:.3g}" for e in errors], stated)
    else:
        print(page())
