"""Native contractions: any axes, steps and sizes, in any tiling, against einsum."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import contractions, llvm, programs, tilings
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.primitive import REGISTRY

dot_general: Any = REGISTRY["dot_general"]
SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 20, 31, 33, 40)
BITS = (128, 256, 512)
MOST = 30_000


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def program(fun: Any, *args: Any) -> Any:
    """A function compiled anew, of which all is one native function."""
    jaxpr = optimized(fg.jit(fun).lower(*args).jaxpr)
    jaxpr.cache.clear()
    assert [e.primitive.name for e in fused(jaxpr).eqns] == [native_call.name]
    return fg.jit(fun)


class Case(NamedTuple):
    """Factors with axes named by letters, and how each is looked at.

    Attributes:
        letters: of the axes of the first factor, the second, the result.
        sizes: by letter.
        looks: for each factor and axis "as it is", "reversed", "every other" or "repeated".
        orders: for each factor the order of its axes in memory.
        chars: dtypes.
    """

    letters: tuple[str, str, str]
    sizes: dict[str, int]
    looks: tuple[tuple[str, ...], tuple[str, ...]]
    orders: tuple[tuple[int, ...], tuple[int, ...]]
    chars: str

    @property
    def params(self) -> dict[str, Any]:
        x, y, out = self.letters
        both = [c for c in out if c in x and c in y]
        inner = [c for c in x if c in y and c not in out]
        return {
            "contract": (tuple(map(x.index, inner)), tuple(map(y.index, inner))),
            "batch": (tuple(map(x.index, both)), tuple(map(y.index, both))),
        }

    def base_shape(self, k: int) -> tuple[int, ...]:
        """The shape of what is handed over for a factor."""
        length = {"repeated": lambda n: 1, "every other": lambda n: 2 * n}
        full = [
            length.get(look, lambda n: n)(self.sizes[c])
            for c, look in zip(self.letters[k], self.looks[k], strict=True)
        ]
        return tuple(full[i] for i in self.orders[k])

    def looked_at(self, k: int, base: Any) -> Any:
        """The factor, as a view of what is handed over."""
        x = np.transpose(base, np.argsort(self.orders[k]))
        for axis, look in enumerate(self.looks[k]):
            before = (slice(None),) * axis
            if look == "reversed":
                x = x[(*before, slice(None, None, -1))]
            elif look == "every other":
                x = x[(*before, slice(None, None, 2))]
        return np.broadcast_to(x, tuple(self.sizes[c] for c in self.letters[k]))


@st.composite
def cases(draw: Any, chars: Any = ("ff", "dd", "fd", "df", "ii", "ll", "bb", "BB", "hh", "??")) -> Case:
    counts = [draw(st.integers(0, 2)) for _ in range(4)]
    names = iter("abcdefgh")
    batch, left, right, inner = ([next(names) for _ in range(n)] for n in counts)
    sizes = {c: draw(st.sampled_from(SIZES)) for c in (*batch, *left, *right, *inner)}
    while np.prod([max(1, n) for n in sizes.values()]) > MOST:
        c = max(sizes, key=lambda c: sizes[c])
        sizes[c] = sizes[c] // 3 + 1
    x = "".join(draw(st.permutations((*batch, *left, *inner))))
    y = "".join(draw(st.permutations((*batch, *right, *inner))))
    batch.sort(key=x.index)
    out = "".join((*batch, *sorted(left, key=x.index), *sorted(right, key=y.index)))
    if 0 in sizes.values():  # such arrays are not looked at natively
        plain = tuple(("as it is",) * len(axes) for axes in (x, y))
        orders = tuple(tuple(range(len(axes))) for axes in (x, y))
        return Case((x, y, out), sizes, plain, orders, draw(st.sampled_from(chars)))
    kinds = st.sampled_from(("as it is",) * 4 + ("reversed", "every other", "repeated"))
    looks = tuple(tuple(draw(kinds) for _ in axes) for axes in (x, y))
    orders = tuple(tuple(draw(st.permutations(range(len(axes))))) for axes in (x, y))
    return Case((x, y, out), sizes, looks, orders, draw(st.sampled_from(chars)))


def numbers(case: Case, rng: np.random.Generator) -> list[np.ndarray]:
    """Whole numbers, of which all sums are exact."""
    low = 0 if set(case.chars) & set("B?") else -4
    return [
        rng.integers(low, 5 if char != "?" else 2, case.base_shape(k)).astype(char)
        for k, char in enumerate(case.chars)
    ]


def exact(case: Case, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The contraction in numbers that lose nothing, or wrap as those of the result."""
    formula = "{},{}->{}".format(*case.letters)
    dtype = np.result_type(*case.chars)
    wide = np.int64 if dtype.kind in "b" else np.longdouble if dtype.kind == "f" else dtype
    return np.einsum(formula, x.astype(wide), y.astype(wide)).astype(dtype)


def choose(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let one of all tilings be the cheapest."""

    def chosen(c: Any, bits: int) -> Any:
        found = list(tilings.candidates(c, bits))
        return found[number % len(found)]

    monkeypatch.setattr(contractions, "cheapest", chosen)


@pytest.mark.parametrize("bits", BITS)
@given(case=cases(), number=st.none() | st.integers(0, 1000), seed=st.integers(0, 99))
@settings(max_examples=120, deadline=None)
def test_whole_numbers_are_exact(bits: int, case: Case, number: int | None, seed: int) -> None:
    bases = numbers(case, np.random.default_rng(seed))
    expected = exact(case, *(case.looked_at(k, b) for k, b in enumerate(bases)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNCGRAD_VECTOR_BITS", str(bits))
        if number is not None:
            choose(patch, number)

        def product(x: Any, y: Any) -> Any:
            x, y = case.looked_at(0, x), case.looked_at(1, y)
            return dot_general(x, y, **case.params, strong=None)

        found = program(product, *bases)(*bases)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@given(case=cases(("ff", "dd")), number=st.none() | st.integers(0, 1000), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_rounding_is_that_of_sums(case: Case, number: int | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bases = [rng.standard_normal(case.base_shape(k)).astype(c) for k, c in enumerate(case.chars)]
    x, y = (case.looked_at(k, b).astype(np.longdouble) for k, b in enumerate(bases))
    formula = "{},{}->{}".format(*case.letters)
    expected = np.einsum(formula, x, y)
    depth = np.prod([case.sizes[c] for c in case.letters[0] if c not in case.letters[2]])
    bound = np.einsum(formula, abs(x), abs(y)) * np.finfo(case.chars[0]).eps * (depth + 2) / 2
    with pytest.MonkeyPatch.context() as patch:
        if number is not None:
            choose(patch, number)

        def product(x: Any, y: Any) -> Any:
            x, y = case.looked_at(0, x), case.looked_at(1, y)
            return dot_general(x, y, **case.params, strong=None)

        found = program(product, *bases)(*bases)
    assert (abs(found - expected) <= bound).all()


@pytest.mark.parametrize("strong", [0, 1])
@given(case=cases(("ff", "dd")), number=st.none() | st.integers(0, 1000), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_strong_zeros(strong: int, case: Case, number: int | None, seed: int) -> None:
    """Zeros of one factor win over infinities and NaN of the other, product by product."""
    rng = np.random.default_rng(seed)
    some = np.array([0.0, 0.0, 1.0, -2.0, np.inf, -np.inf, np.nan])
    likely = np.array([0.3, 0.2, 0.2, 0.2, 0.04, 0.04, 0.02])
    bases = [
        rng.choice(some, case.base_shape(k), p=likely).astype(c) for k, c in enumerate(case.chars)
    ]
    x, y, out = case.letters
    inner = [c for c in x if c not in out]
    every = [*out, *inner]

    def spread(k: int) -> np.ndarray:
        """A factor with all axes of the products."""
        v = case.looked_at(k, bases[k])
        order = [c for c in every if c in case.letters[k]]
        v = np.transpose(v, [case.letters[k].index(c) for c in order])
        return v[tuple(slice(None) if c in order else None for c in every)]

    with np.errstate(all="ignore"):
        u, v = spread(0), spread(1)
        products = np.where((u if strong == 0 else v) == 0, 0, u * v)
        expected = products.sum(axis=tuple(range(len(out), len(every))))
    expected = np.broadcast_to(expected, [case.sizes[c] for c in out])
    with pytest.MonkeyPatch.context() as patch:
        if number is not None:
            choose(patch, number)

        def product(x: Any, y: Any) -> Any:
            x, y = case.looked_at(0, x), case.looked_at(1, y)
            return dot_general(x, y, **case.params, strong=strong)

        found = program(product, *bases)(*bases)
    np.testing.assert_array_equal(found, expected)
