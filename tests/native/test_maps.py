"""Kernels of maps give what NumPy gives, for every operator, dtype, shape and order of memory."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.groups import Map, grouped
from funcgrad.compiler.native import fused, llvm, operations, programs, steps
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.facts import Float64
from funcgrad.core.primitive import REGISTRY
from funcgrad.ops.families import Elementwise

OPERATORS = sorted(
    n
    for n, p in REGISTRY.items()
    if isinstance(p, Elementwise) and "for_the_test" not in n and n != "native_map"
)
NUMBERS = {
    "f": [
        -np.inf, -7.5, -1.0, -0.3, -1e-40, -0.0, 0.0, 1e-40, 0.25, 0.5, 1.0, 2.5, 1e30, np.inf,
        np.nan,
    ],
    "i": [-100, -3, -1, 0, 1, 2, 7, 100],
    "u": [0, 1, 2, 7, 100],
    "b": [False, True],
}  # fmt: skip


def grid(char: str, arity: int) -> tuple[Any, ...]:
    """All pairs of the numbers of a type; longer than any vector, and no multiple of one."""
    dtype = np.dtype(char)
    with np.errstate(all="ignore"):
        numbers = np.array(NUMBERS[dtype.kind]).astype(dtype)
    columns = list(itertools.product(numbers, repeat=min(arity, 2)))
    while len(columns) < 37:
        columns += columns
    arrays = [np.array([c[i] for c in columns], dtype) for i in range(min(arity, 2))]
    return tuple(arrays) if arity < 3 else (*arrays, np.roll(arrays[0], 5))


def staged(fun: Any, args: Any) -> Any:
    return optimized(fg.jit(fun, stabilize=False).lower(*args).jaxpr())


def taken(jaxpr: Any) -> bool:
    steps = grouped(jaxpr, operations.takes)
    return bool(steps) and all(isinstance(s, Map) for s in steps)


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


@pytest.mark.parametrize("char", "fdilBh?")
@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name: str, char: str) -> None:
    prim: Any = REGISTRY[name]
    args = grid(char, prim.arity)
    if (
        name in ("complement", "tanh_slope") and char in "fd"
    ):  # their second operand is a function of the first
        p = np.linspace(0.05, 0.95, 37).astype(char)
        args = (p, np.log(p).astype(char)) if name == "complement" else (np.tanh(p), p)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if isinstance(prim.elements, Float64):
            return  # SciPy evaluates it, which may complain on this grid
        try:
            expected = prim(*args)
        except (TypeError, AttributeError, ValueError):
            return  # NumPy has no such operation
        jaxpr = staged(lambda *xs: prim(*xs), args)
        if not taken(jaxpr):
            return
        (found,) = fused.kernel(_maps(jaxpr)[0].jaxpr())(*_operands(jaxpr, args))
    compare(found, expected)


def _maps(jaxpr: Any) -> list[Map]:
    return [s for s in grouped(jaxpr, operations.takes) if isinstance(s, Map)]


def _operands(jaxpr: Any, args: Any) -> list[Any]:
    known = dict(zip(jaxpr.invars, args, strict=True))
    return [known[v] for v in _maps(jaxpr)[0].inputs]


def compare(found: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    info = np.finfo(expected.dtype)
    np.testing.assert_allclose(found, expected, rtol=32 * info.eps, atol=4 * info.tiny)


EXACT = (
    "add sub mul div neg abs sqrt max min fmax fmin floor ceil trunc round sign select_n square "
    "pos copysign mul_strong mul_both_strong div_strong is_nan is_inf is_finite eq ne lt le gt ge "
    "reciprocal tie_shares"
).split()


@pytest.mark.parametrize("char", "fd")
@pytest.mark.parametrize("name", EXACT)
def test_arithmetic_has_the_same_bits(name: str, char: str) -> None:
    prim: Any = REGISTRY[name]
    args = grid(char, prim.arity)
    if name == "select_n":
        args = (args[0] > 0, *args[1:])
    jaxpr = staged(lambda *xs: prim(*xs), args)
    assert taken(jaxpr)
    with np.errstate(all="ignore"):
        expected = np.asarray(prim(*args))
    (found,) = fused.kernel(_maps(jaxpr)[0].jaxpr())(*_operands(jaxpr, args))
    np.testing.assert_array_equal(found, expected)
    if expected.dtype.kind == "f" and name not in SIGNS_OF_ZERO_DIFFER:
        numbers = expected == expected
        np.testing.assert_array_equal(np.signbit(found)[numbers], np.signbit(expected)[numbers])


SIGNS_OF_ZERO_DIFFER = "max min fmax fmin mul_strong mul_both_strong div_strong".split()
"""Of equal zeros NumPy picks one or the other, by the width of its vectors; strong zeros are 0."""

SHAPES = [
    ((), ()), ((1,), ()), ((7,), (7,)), ((3, 4), (4,)), ((3, 4), (3, 1)), ((3, 1), (1, 4)),
    ((5, 1, 3), (2, 1)), ((0, 4), (4,)), ((2, 3, 4, 5), (3, 1, 5)), ((33, 17), (33, 17)),
    ((4, 0), ()),
]  # fmt: skip


@pytest.mark.parametrize("bits", [128, 256, 512])
@pytest.mark.parametrize("shapes", SHAPES)
def test_shapes(shapes: Any, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if bits > llvm.vector_bits():
        pytest.skip("this processor has no such vectors")
    monkeypatch.setattr(llvm, "vector_bits", lambda: bits)
    rng = np.random.default_rng(0)
    x, y = (np.asarray(rng.normal(size=s)) for s in shapes)

    def f(x: Any, y: Any) -> Any:
        return np.where(x > y, x * y, x - 2 * y), x + y > 0, (x * y).astype(np.float32)

    for transform in (
        lambda a: a,
        np.asfortranarray,
        lambda a: np.repeat(a, 2, -1)[..., ::2] if a.ndim else a,
    ):
        a, b = transform(x), transform(y)
        found, expected = fg.jit(f)(a, b), f(a, b)
        for p, q in zip(found, expected, strict=True):
            assert type(p) is type(np.asarray(q)[()])
            np.testing.assert_array_equal(p, q)


def test_operators_are_taken() -> None:
    """What is left to NumPy, for float64: a name that comes into this list gets slower."""
    left = set()
    for name in OPERATORS:
        prim: Any = REGISTRY[name]
        args = grid("d", prim.arity)
        if name == "select_n":
            args = (args[0] > 0, *args[1:])
        if isinstance(prim.elements, Float64):
            continue  # SciPy evaluates it
        try:
            with np.errstate(all="ignore"):
                prim(*args)
        except (TypeError, ValueError):
            continue
        if not taken(staged(lambda *xs, prim=prim: prim(*xs), args)):
            left.add(name)
    assert left == NOT_NATIVE


NOT_NATIVE = {"complex", "polygamma"}


def test_a_program_is_one_kernel() -> None:
    jaxpr = staged(fg.grad(lambda x: np.sum(np.tanh(x) ** 2 * x)), (np.ones(50),))
    assert len(_maps(jaxpr)) == 1
    text = programs.program_text(_maps(jaxpr)[0].jaxpr(), 256).text
    assert "call <4 x double>" in text


@pytest.mark.parametrize("char", "?bBhHiIlLfd")
@pytest.mark.parametrize("bits", [128, 256, 512])
def test_short_vectors_have_no_masks(char: str, bits: int) -> None:
    """LLVM makes them longer, and does not always clear what it adds to their masks."""
    x = np.zeros((3, 19))
    jaxpr = fg.jit(lambda x: (x.astype(char), np.sum(x * x, 1))).lower(x).jaxpr()
    text = programs.program_text(steps.native_form(jaxpr), bits).text
    found = re.findall(r"masked\.(?:load|store)\.v(\d+)[if](\d+)", text)
    assert all(int(lanes) * int(size) >= 128 for lanes, size in found)
    assert found or char != "f"


def test_nothing_is_written_behind_truth_values() -> None:
    """A mask that is held in memory for a while, since calls stand in between."""
    c, d = np.random.default_rng(0).normal(size=(2, 2, 4, 31))
    finite, sums = fg.jit(lambda c, d: (np.isfinite(np.tan(c)), np.sum(d * d, 1)))(c, d)
    assert finite.all()
    np.testing.assert_allclose(sums, np.sum(d * d, 1))


@pytest.mark.parametrize("char", "bBhHiIlL?efd")
def test_neighbours_are_those_of_numpys_type(char: str) -> None:
    x = np.arange(40).astype(char)
    for y in (x[::-1].copy(), np.array(3, char), 0.5, 7):
        expected, found = np.nextafter(x, y), fg.jit(np.nextafter)(x, y)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("char", "fd")
@pytest.mark.parametrize(
    "name", ["mul_strong", "mul_both_strong", "div_strong", "ordered_product", "spacing"]
)
def test_signs_of_zeros(name: str, char: str) -> None:
    """A strong zero has the sign of the product, where that is no NaN; so it has beside NaN."""
    prim: Any = REGISTRY[name]
    x = np.array([0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan], char)
    operands = [g.ravel() for g in np.meshgrid(*[x] * prim.arity)]
    found = fg.jit(prim)(*operands)
    with np.errstate(all="ignore"):
        together = prim(*operands)
        alone = np.array([prim(*row) for row in zip(*operands, strict=True)])
    for expected in (together, alone):
        np.testing.assert_array_equal(found, expected)
        number = found == found
        np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(expected)[number])


@pytest.mark.parametrize(
    "name", ["logaddexp", "logaddexp2", "hypot", "atan2", "pow", "cosine", "xlogratio", "rel_entr"]
)
def test_formulas_of_two_types_of_floats(name: str) -> None:
    """All is computed in the wider one, also where a result is one of the operands."""
    prim: Any = REGISTRY[name]
    numbers = np.array([0.0, 0.5, 1.0, 1.5, 2.75, np.inf])
    x, y = (g.ravel() for g in np.meshgrid(numbers, numbers))
    for u, v in ((x.astype("f"), y), (x, y.astype("f"))):
        found = fg.jit(prim)(u, v)
        with np.errstate(all="ignore"):
            expected = prim.evaluate(x, y)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)
