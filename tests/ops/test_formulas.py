"""The formula by which an operator runs on a device gives what its evaluation on the CPU gives.

Formulas know no other elements, and look at no values, so that they hold for single numbers in
compiled code, too. Here they are evaluated on NumPy's arrays, at the ends of types as well.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from typing import Any

import laws
import numpy as np
import pytest

from funcgrad import ops
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.families import Elementwise
from funcgrad.ops.families.formulas import by_formula

for found in pkgutil.walk_packages(ops.__path__, "funcgrad.ops."):
    importlib.import_module(found.name)  # some are imported where they are used only
BY_FORMULA = sorted(
    n
    for n, p in REGISTRY.items()
    if isinstance(p, Elementwise) and p.composed and "for_the_test" not in n
)

ENDS = [
    -np.inf, -1e4, -745.0, -40.0, -2.0, -1.0, -0.9375, -0.5, -1e-3, -1e-30, -0.0, 0.0, 1e-30, 1e-3,
    0.25, 0.5, 0.9375, 1.0, 2.0, 40.0, 745.0, 1e4, np.inf, np.nan,
]  # fmt: skip
HUGE = {"d": [1e-320, 1e-308, 1e300, -1e300], "f": [1e-44, 1e38, -1e38], "e": [6e-8, 6e4]}


def points(dtype: np.dtype) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.array([*ENDS, *HUGE[dtype.char]]).astype(dtype)


def operands(name: str, dtype: np.dtype) -> tuple[Any, ...]:
    """Every pair of the points, or every point with what the operator needs beside it."""
    x = points(dtype)
    if name == "tanh_slope":
        return np.tanh(x), x
    if name == "complement":
        p = x[(x > 0) & (x <= 1)]
        return p, np.log(p)
    if name == "polygamma":
        return np.arange(4)[:, None], x[x > 0]
    if name == "direction":
        return (x,)
    if name == "select_n":
        return x > 0, x, x[::-1].copy()
    if name == "ldexp":
        return x, np.array([[-3], [0], [4]])
    arity = REGISTRY[name].arity  # type: ignore[attr-defined]
    if arity == 4:  # products of pairs, which are exact here: NumPy may round once for two of them
        exact = np.array([-np.inf, -40, -2, -0.9375, -0.0, 0, 0.5, 1, 2, np.inf, np.nan], dtype)
        first, second, third = np.array(list(itertools.product(exact, repeat=3)), dtype).T
        return first, second, third, np.resize(exact[:-1], len(first))
    grid = np.array(list(itertools.product(x, repeat=min(arity, 2)))).T.astype(dtype)
    return tuple(grid) if arity < 3 else (*grid, np.resize(x, grid.shape[1]))


def compare(name: str, args: tuple[Any, ...]) -> None:
    prim = REGISTRY[name]
    with np.errstate(all="ignore"):
        given = [np.array(a) for a in args]
        expected = np.asarray(prim.evaluate(*given))
        if prim.scalar is not None:  # whose digits in float16 are lost on the way
            wide = np.result_type(expected.real.dtype, np.float32)
            given = [a.astype(wide) if a.dtype == np.float16 else a for a in given]
            expected = np.asarray(prim.evaluate(*given)).astype(expected.dtype)
        found = by_formula(prim, np, args)  # type: ignore[arg-type]
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    info = np.finfo(expected.dtype) if expected.dtype.kind in "fc" else None
    if info is None:
        np.testing.assert_array_equal(found, expected)
        return
    # Results below the normal numbers have fewer digits; functions round differently.
    rtol = 64 * float(info.eps)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=8 * float(info.tiny))


KINDS = [
    (n, d)
    for n in BY_FORMULA
    for d in "dfe"
    if (n, d) != ("spacing", "e")  # NumPy's has another sign for negative ones, and other sizes
]


@pytest.mark.parametrize(("name", "char"), KINDS)
def test_ends_of_types(name: str, char: str) -> None:
    compare(name, operands(name, np.dtype(char)))


@pytest.mark.parametrize(("name", "i"), [c for c in laws.all_cases() if c[0] in BY_FORMULA])
def test_cases(name: str, i: int) -> None:
    compare(name, tuple(laws.cases_of(REGISTRY[name])[i].args))


def test_enough_operators_have_one() -> None:
    """What is composed of NumPy's functions needs a formula, unless it runs on CuPy's arrays."""
    assert len(BY_FORMULA) > 35
