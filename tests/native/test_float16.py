"""Numbers of 16 bits in native code: NumPy's bits, whether the processor converts them or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.api.jit import jit
from funcgrad.compiler.native import llvm
from funcgrad.core.facts import Float64
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.families import Elementwise

EVERY = np.arange(65536, dtype=np.uint16).view(np.float16)
"""All numbers that there are."""


@pytest.fixture(params=["processor", "bits"])
def _both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the processor's conversions if it has some, and with those by bits."""
    if request.param == "bits":
        monkeypatch.setattr(llvm, "converts_halves", lambda: False)
        monkeypatch.setenv("FUNCGRAD_VECTOR_BITS", "128")


def natively(fun: Any, *args: Any) -> Any:
    jitted = jit(fun, stabilize=False)
    text = str(jitted.lower(*args).groups())
    assert "NumPy:" not in text, text
    return jitted(*args)


def same(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)
    if expected.dtype.kind == "f":
        numbers = expected == expected
        np.testing.assert_array_equal(np.signbit(found)[numbers], np.signbit(expected)[numbers])


@pytest.mark.usefixtures("_both")
def test_conversions() -> None:
    """Of every number, and of all that lie between two of them, or nearly so."""
    x = EVERY.astype(np.float64)
    with np.errstate(all="ignore"):
        between = [x * (1 + 2.0**-12 + d) for d in (0, 2.0**-50, -(2.0**-50), 2.0**-30)]
        tiny = np.arange(-300, 300) * 2.0**-26
        wide = np.concatenate([x, *between, tiny, [65519.999, 65520.0, 1e300, 2.0**-25, 1e-300]])
        for y in (wide, wide.astype(np.float32)):
            same(natively(lambda y: y.astype(np.float16), y), y.astype(np.float16))
    same(natively(lambda x: x.astype(np.float32) * 1, EVERY), EVERY.astype(np.float32))
    same(natively(lambda x: x.astype(np.float64) * 1, EVERY), x)
    n = np.arange(-70000, 70000, 37)
    with np.errstate(all="ignore"):
        same(natively(lambda n: n.astype(np.float16), n), n.astype(np.float16))
    small = EVERY[np.abs(EVERY) < 2000]
    same(natively(lambda x: x.astype(np.int32), small), small.astype(np.int32))
    same(natively(lambda x: x.astype(bool), EVERY), EVERY.astype(bool))


EXACT = [
    "add", "subtract", "multiply", "divide", "sqrt", "square", "negative", "absolute", "floor",
    "ceil", "trunc", "rint", "less", "equal", "isnan", "isfinite", "signbit", "copysign",
    "remainder", "fmod", "floor_divide", "reciprocal", "sign", "heaviside",
]  # fmt: skip


@pytest.mark.usefixtures("_both")
@pytest.mark.parametrize("name", EXACT)
def test_the_same_bits(name: str) -> None:
    fun = getattr(np, name)
    args = (EVERY, np.random.default_rng(0).permutation(EVERY))[: fun.nin]
    with np.errstate(all="ignore"):
        expected = fun(*args)
    same(natively(fun, *args), expected)


def test_python_numbers_are_rounded_first() -> None:
    with np.errstate(all="ignore"):
        same(natively(lambda x: x * 0.1 + 3, EVERY), EVERY * 0.1 + 3)
        same(natively(lambda x: np.maximum(x, 0.3) / 7, EVERY), np.maximum(EVERY, 0.3) / 7)
        same(natively(lambda x: x + np.float32(0.1), EVERY), EVERY + np.float32(0.1))


@pytest.mark.parametrize(
    "name", sorted(n for n, p in REGISTRY.items() if isinstance(p, Elementwise))
)
def test_operators(name: str) -> None:
    """Within a unit in the last place; operators that NumPy composes round more often there."""
    prim: Any = REGISTRY[name]
    if "for_the_test" in name or name in ("tanh_slope", "complement", "complex"):
        return
    x = EVERY[(np.abs(EVERY) > 1e-3) & (np.abs(EVERY) < 3)][::7]
    args: list[Any] = [x, np.roll(x, 51), np.roll(x, 17)][: prim.arity]
    if name == "select_n":
        args[0] = args[0] > 0
    try:
        with np.errstate(all="ignore"):
            expected = np.asarray(prim(*args))
    except (TypeError, ValueError, SystemError):  # the last one is SciPy's, of orders with digits
        return
    if "NumPy:" in str(jit(lambda *xs: prim(*xs), stabilize=False).lower(*args).groups()):
        assert isinstance(prim.elements, Float64) or name in ("nextafter", "spacing", "polygamma")
        return
    found = np.asarray(jit(lambda *xs: prim(*xs), stabilize=False)(*args))
    assert found.dtype == expected.dtype
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    precise = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in args]
    with np.errstate(all="ignore"):
        exact = np.asarray(prim(*precise))
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(exact).astype(np.float16)).astype(np.float64)
        near = np.abs(found - exact) <= 1.01 * unit
    assert np.all(near | (found == expected) | np.isnan(exact) | np.isinf(exact))


def test_functions_of_small_integers() -> None:
    n = np.arange(-20, 21, dtype=np.int8)
    with np.errstate(all="ignore"):
        for fun in (np.exp, np.sin, lambda n: n * np.float16(0.5)):
            found, expected = natively(fun, n), fun(n)
            assert found.dtype == expected.dtype == np.float16
            np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_whole_arrays_are_computed_in_float32() -> None:
    """Sums and products round once, at the end: no worse than NumPy's, which round more often."""
    x = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float16)
    wide = x.astype(np.float32)
    for fun in (
        np.sum, lambda x: np.sum(x, 0), lambda x: np.mean(x, 1), lambda x: x @ x.T,
        lambda x: np.cumsum(x, 1), lambda x: np.prod(x[:, :3], 1),
        lambda x: np.linalg.norm(x, axis=1),
    ):  # fmt: skip
        found, exact = natively(fun, x), np.asarray(fun(wide))
        assert found.dtype == np.float16
        np.testing.assert_allclose(found, exact, rtol=2.0**-10, atol=2e-3)
    same(natively(lambda x: (np.max(x, 1), np.sort(x, 1))[0], x), np.max(x, 1))
    same(natively(lambda x: np.sort(x, 1) * 1, x), np.sort(x, 1))


@pytest.mark.parametrize("shape", [(), (3,), (17,), (5, 13), (0, 2)])
def test_moves_loops_and_derivatives(shape: tuple[int, ...]) -> None:
    x = np.linspace(-1, 1, int(np.prod(shape))).astype(np.float16).reshape(shape)

    def run(x: Any) -> Any:
        return fg.lax.scan(lambda x, k: (x * k + x, x), x, np.linspace(0, 1, 5, dtype=np.float16))

    found, expected = natively(run, x[()]), run(x[()])
    for p, q in zip(found, expected, strict=True):
        same(p, q)
    same(natively(lambda x: (x * 2).T, x[()]), (x * 2).T)
    gradient = fg.grad(lambda x: np.sum(np.tanh(x) * x))
    np.testing.assert_allclose(natively(gradient, x[()]), gradient(x[()]), atol=3e-3)


def test_updates() -> None:
    x, v = np.linspace(-2, 2, 20, dtype=np.float16), np.array([0.5, 3, -1], np.float16)
    for name in ("set", "add", "multiply", "min", "max"):

        def fun(x: Any, v: Any, name: str = name) -> Any:
            return getattr(fg.numpy.at(x)[np.array([1, 1, 3])], name)(v)

        np.testing.assert_allclose(jit(fun)(x, v), fun(x, v), rtol=2.0**-10)


def test_calls() -> None:
    jitted = jit(lambda x, y: (x * y, y + y))
    x, y = np.linspace(0, 1, 20, dtype=np.float16), np.float16(0.3)
    for a in (y, np.array(y), np.float32(0.3), 0.3):
        for p, q in zip(jitted(x, a), (x * a, a + a), strict=True):
            assert (type(p), np.asarray(p).dtype) == (type(q), np.asarray(q).dtype)
            np.testing.assert_array_equal(p, q)
