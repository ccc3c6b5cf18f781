"""Quotients, remainders and bits in native code: NumPy's values, by zero and at the ends, too."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.api.jit import jit


def run_natively(fun: Any, *args: Any) -> Any:
    """The function's result, of which nothing was left to NumPy."""
    jitted = jit(fun, stabilize=False)
    told = str(jitted.lower(*args).groups())
    assert "NumPy:" not in told, told
    return jitted(*args)


def ends(char: str) -> np.ndarray:
    """Small integers and those at the ends of the range."""
    info = np.iinfo(char)
    numbers = {0, 1, 2, 3, 7, 10, 100, info.max, info.max - 1, info.max // 2}
    numbers |= {-1, -2, -3, -7, -100, info.min, info.min + 1} if info.min else set()
    return np.array(sorted(numbers), char)


def pairs(numbers: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of numbers, in an order that leaves nothing to luck for vectors."""
    every = np.array(list(itertools.product(numbers, repeat=2)), numbers.dtype)
    rng.shuffle(every)
    return every[:, 0].copy(), every[:, 1].copy()


DIVISIONS: dict[str, Any] = {
    "floor_divide": np.floor_divide, "remainder": np.remainder, "fmod": np.fmod, "gcd": np.gcd,
    "lcm": np.lcm, "divmod": lambda x, y: divmod(x, y)[0] - divmod(x, y)[1],
}  # fmt: skip


@pytest.mark.parametrize("char", "bBhHiIlL")
@pytest.mark.parametrize("name", DIVISIONS)
def test_integers(name: str, char: str) -> None:
    x, y = pairs(ends(char), np.random.default_rng(0))
    fun = DIVISIONS[name]
    with np.errstate(all="ignore"):
        expected = fun(x, y)
    found = run_natively(fun, x, y)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_python_and_numpy_agree_on_all_bytes() -> None:
    x, y = (a.ravel() for a in np.meshgrid(*[np.arange(-128, 128, dtype=np.int8)] * 2))
    found = run_natively(lambda x, y: (x // y, x % y), x, y)
    for u, v, q, r in zip(*(a.tolist() for a in (x, y, *found)), strict=True):
        if v:
            assert (q, r) == (-128 if (u, v) == (-128, -1) else u // v, u % v)
        else:
            assert (q, r) == (0, 0)


def test_division_says_nothing(recwarn: pytest.WarningsRecorder) -> None:
    x = np.arange(40) - 7
    found = run_natively(lambda x: x // (x - x), x)
    np.testing.assert_array_equal(found, np.zeros(40, int))
    assert not recwarn.list


FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 2.5, -3.0, 7.0, 1e-3, 1e10, -1e22, 1e30, 3e38, 5e-324, -4e-310,
    1.4e-45, -1e-40, 2.0**-1022, 1.7e308, np.inf, -np.inf, np.nan,
]  # fmt: skip


@pytest.mark.parametrize("char", "fd")
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_floats_have_the_same_bits(name: str, char: str) -> None:
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        x, y = pairs(np.array(FLOATS).astype(char), rng)
        wide = np.exp(rng.uniform(-80, 80, (2, 3000))) * rng.choice([-1, 1], (2, 3000))
        near = rng.normal(size=(2, 3000))
        x = np.concatenate([x, wide[0], near[0]]).astype(char)
        y = np.concatenate([y, wide[1], near[1]]).astype(char)
        expected = DIVISIONS[name](x, y)
    found = run_natively(DIVISIONS[name], x, y)
    np.testing.assert_array_equal(found, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[numbers], np.signbit(expected)[numbers])


def test_remainders_are_those_of_exact_arithmetic() -> None:
    rng = np.random.default_rng(2)
    x, y = np.exp(rng.uniform(-700, 700, (2, 200)))
    found = run_natively(np.fmod, x, y)
    assert found.tolist() == [math.fmod(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def test_derivatives_of_remainders() -> None:
    x, y = np.linspace(-5, 5, 41) + 0.013, np.linspace(1.1, 3, 41)
    found = run_natively(fg.grad(lambda x, y: np.sum(np.remainder(x, y) ** 2), (0, 1)), x, y)
    expected = fg.grad(lambda x, y: np.sum(np.remainder(x, y) ** 2), (0, 1))(x, y)
    for p, q in zip(found, expected, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("char", "fd")
def test_parts_of_floats(char: str) -> None:
    with np.errstate(all="ignore"):
        x = np.array([*FLOATS, *np.random.default_rng(0).normal(size=50)]).astype(char)
    mantissa, exponent = run_natively(np.frexp, x)
    np.testing.assert_array_equal(exponent, np.frexp(x)[1])
    np.testing.assert_array_equal(mantissa, np.frexp(x)[0])
    half = x.dtype.type(0.5)
    np.testing.assert_array_equal(
        run_natively(lambda x: np.heaviside(x, half), x), np.heaviside(x, half)
    )
    np.testing.assert_array_equal(run_natively(np.angle, x), np.angle(x))
    np.testing.assert_array_equal(run_natively(np.imag, x), np.imag(x))


@pytest.mark.parametrize("char", "bBhHiIlL")
def test_counts_of_bits(char: str) -> None:
    x = np.resize(ends(char), 45)
    found = run_natively(np.bitwise_count, x)
    assert found.dtype == np.uint8
    assert found.tolist() == [abs(n).bit_count() for n in x.tolist()]


@pytest.mark.parametrize("char", "hHiIlL")
@pytest.mark.parametrize("fun", [np.exp, np.sin, np.sqrt, np.log1p, np.cbrt, np.arctan], ids=str)
def test_functions_of_integers(fun: Any, char: str) -> None:
    """They are computed in the floats of NumPy's loop."""
    x = np.resize(np.array([0, 1, 2, 5, 31, 80], char), 43)
    found, expected = run_natively(fun, x), fun(x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_max_ulp(found, expected, 4)


def test_of_integers_and_floats_a_loop_is_chosen_as_numpy_does() -> None:
    x, y = np.arange(1, 42, dtype=np.int32), np.linspace(1, 2, 41, dtype=np.float32)
    found, expected = run_natively(np.hypot, x, y), np.hypot(x, y)
    assert found.dtype == expected.dtype == np.float64
    np.testing.assert_array_max_ulp(found, expected, 3)


def test_remainders_in_a_loop() -> None:
    def collatz(n: Any) -> Any:
        return fg.lax.while_loop(
            lambda s: s[0] != 1,
            lambda s: (np.where(s[0] % 2 == 0, s[0] // 2, 3 * s[0] + 1), s[1] + 1),
            (n, np.int64(0)),
        )[1]

    assert run_natively(collatz, np.int64(27)) == 111
