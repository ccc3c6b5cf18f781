"""Native contractions: any axes, steps and sizes, in any tiling, against einsum."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import contractions, llvm, pool, programs, tilings
from funcgrad.compiler.native.builder import Builder
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.native.kinds import KINDS
from funcgrad.compiler.native.packing import Panel, Source, pack
from funcgrad.compiler.pipeline import optimized
from funcgrad.ops.contraction.dot_general import dot_general

SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 20, 31, 33, 40)
BITS = (128, 256, 512)
MOST = 30_000


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def program(fun: Any, *args: Any) -> Any:
    """A function compiled anew, of which all is one native function."""
    jaxpr = optimized(fg.jit(fun).lower(*args).jaxpr())
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
def cases(
    draw: Any, chars: Any = ("ff", "dd", "fd", "df", "ii", "ll", "bb", "BB", "hh", "??")
) -> Case:
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
    x, _, out = case.letters
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


def short(p: Any, bias: Any, other: Any) -> Any:
    return p * 2 + bias


def long(p: Any, bias: Any, other: Any) -> Any:
    q = np.where(p > other, p - bias - bias, other - p) + np.minimum(p, bias) * 3
    return q, np.where(q > 5, np.abs(q) - bias, p) != other


@pytest.mark.parametrize("after", [short, long])
@given(
    case=cases(("ff", "dd", "fd", "ii")),
    bits=st.sampled_from(BITS),
    number=st.none() | st.integers(0, 1000),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_maps_of_products(after: Any, case: Case, bits: int, number: int | None, seed: int) -> None:
    """A map that reads a contraction is part of its kernel."""
    rng = np.random.default_rng(seed)
    bases = numbers(case, rng)
    shape = tuple(case.sizes[c] for c in case.letters[2])
    dtype = np.result_type(*case.chars)
    bias = rng.integers(-9, 9, shape[-1:]).astype(dtype)
    other = rng.integers(-9, 9, shape[::-1]).astype(dtype)
    expected = after(exact(case, *map(case.looked_at, (0, 1), bases)), bias, other.T)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNCGRAD_VECTOR_BITS", str(bits))
        if number is not None:
            choose(patch, number)

        def product(x: Any, y: Any, bias: Any, other: Any) -> Any:
            x, y = case.looked_at(0, x), case.looked_at(1, y)
            return after(dot_general(x, y, **case.params, strong=None), bias, other.T)

        if np.prod(shape) > 16 and 1 not in shape:
            assert calls(product, *bases, bias, other) == 1
        found = program(product, *bases, bias, other)(*bases, bias, other)
    for a, b in zip(fg.tree.leaves(found), fg.tree.leaves(expected), strict=True):
        assert np.asarray(a).dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def text_of(fun: Any, *args: Any) -> str:
    """The module of a program."""
    jaxpr = optimized(fg.jit(fun).lower(*args).jaxpr())
    return programs.program_text(jaxpr, llvm.vector_bits()).text


def calls(fun: Any, *args: Any) -> int:
    """The number of kernels that a program calls."""
    return text_of(fun, *args).count("call void @step_")


def test_what_is_read_elsewhere_is_stored_once() -> None:
    x, w = np.ones((20, 30)), np.ones((30, 40))
    assert calls(lambda x, w: np.tanh(x @ w) + 1, x, w) == 1
    assert calls(lambda x, w: (p := x @ w, np.tanh(p) + 1), x, w) == 2
    assert calls(lambda x, w: np.sum(np.tanh(x @ w)), x, w) == 2
    assert calls(lambda x, w: np.tanh(x @ w) + (x + 1) @ w, x, w) == 3


@pytest.mark.parametrize(
    ("m", "k", "n"), [(20, 20, 20), (33, 70, 41), (128, 784, 512), (2048, 2048, 2048), (7, 300, 1)]
)
def test_text_does_not_grow_with_sizes(m: int, k: int, n: int) -> None:
    x, w, wt = np.ones((m, k), "f"), np.ones((k, n), "f"), np.ones((n, k), "f")
    assert text_of(lambda x, w: x @ w, x, w).count("\n") < 330
    assert text_of(lambda x, w: x @ w.T, x, wt).count("\n") < 330
    assert text_of(lambda x, w: np.tanh(x @ w) + 1, x, w).count("\n") < 400


def test_equal_contractions_are_one_function() -> None:
    def three(x: Any, u: Any, v: Any) -> Any:
        return x @ u @ v @ u

    x, u = np.ones((20, 20)), np.ones((20, 20))
    text = text_of(three, x, u, u)
    assert (text.count("define internal"), text.count("call void @step_")) == (1, 3)


def test_inside_of_loops() -> None:
    """A scan over steps of a recurrence, one of a filter, and a branch."""
    rng = np.random.default_rng(0)
    w, u = rng.standard_normal((24, 24)) / 5, rng.standard_normal((24, 24)) / 5
    xs, h = rng.standard_normal((9, 3, 24)), rng.standard_normal((3, 24))

    def cell(h: Any, x: Any) -> Any:
        h = np.tanh(h @ w + x @ u)
        return h, h @ u.T

    def run(h: Any, xs: Any) -> Any:
        return fg.lax.scan(cell, h, xs)

    expected = []
    state = h
    for x in xs:
        state, y = cell(state, x)
        expected.append(y)
    last, ys = program(run, h, xs)(h, xs)
    np.testing.assert_allclose(last, state, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(ys, expected, rtol=1e-13, atol=1e-13)

    def power(n: Any, a: Any) -> Any:
        return fg.lax.fori_loop(0, n, lambda _, p: p @ a, a)

    a = rng.standard_normal((6, 6)) / 3
    np.testing.assert_allclose(fg.jit(power)(3, a), np.linalg.matrix_power(a, 4), rtol=1e-12)


@pytest.mark.skipif(sys.platform != "linux", reason="pages are protected by Linux's mprotect")
@given(
    case=cases(),
    bits=st.sampled_from(BITS),
    number=st.none() | st.integers(0, 1000),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_nothing_beyond_the_arrays_is_touched(
    case: Case, bits: int, number: int | None, seed: int
) -> None:
    """Arrays end where pages begin that may not be used, or begin where such pages end."""
    bases = numbers(case, np.random.default_rng(seed))
    expected = exact(case, *map(case.looked_at, (0, 1), bases))

    def product(x: Any, y: Any) -> Any:
        x, y = case.looked_at(0, x), case.looked_at(1, y)
        return dot_general(x, y, **case.params, strong=None)

    with pytest.MonkeyPatch.context() as patch:
        if number is not None:
            choose(patch, number)
        jaxpr = optimized(fg.jit(product).lower(*bases).jaxpr())
        text, constants, _ = programs.program_text(jaxpr, bits)
    assert not constants
    library = pool.loaded(llvm.object_code(text), text)
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(library.addresses["kernel"])
    for at_end in (False, True):
        arrays = [guarded(a, at_end) for a in (*bases, np.zeros_like(expected))]
        given = (ctypes.c_void_p * 3)(*[a.__array_interface__["data"][0] for a in arrays])
        kernel(ctypes.addressof(given))
        np.testing.assert_array_equal(arrays[-1], expected)


def guarded(x: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy of an array between pages that may not be read."""
    page = mmap.PAGESIZE
    length = max(1, -(-x.nbytes // page)) * page
    whole = mmap.mmap(-1, length + 2 * page)
    address = np.frombuffer(whole, np.uint8).__array_interface__["data"][0]
    libc = ctypes.CDLL(None, use_errno=True)
    for start in (address, address + page + length):
        assert libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(page), 0) == 0
    offset = page + (length - x.nbytes if at_end else 0)
    made = np.frombuffer(whole, x.dtype, x.size, offset).reshape(x.shape)
    made[...] = x
    return made


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize(("size", "length"), [(40, 33), (5, 20), (16, 3), (3, 2), (70, 8)])
def test_copies_stay_in_their_room(kind: str, size: int, length: int) -> None:
    """A panel of a matrix whose rows lie along the sums is copied, and nothing beyond it."""
    k = KINDS[kind]
    lanes = min(512 // (8 * k.size), 1 << (size - 1).bit_length())
    vectors = min(2, -(-size // lanes))
    b = Builder(lanes)
    b.start("entry")
    pack(b, Source(k, "%x", length, (length,), (1,)), Panel("0", vectors, size), "%room")
    head = "define void @f(ptr %x, ptr %room) {"
    text = "\n".join([*b.declared.values(), head, *b.lines, "  ret void", "}"])
    library = llvm.Library(llvm.object_code(text), ("f",))
    x = np.arange(size * length, dtype=kind).reshape(size, length)
    width = vectors * lanes
    room = np.full(width * length + 64, -1, kind)
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(library.addresses["f"])
    function(x.ctypes.data, room.ctypes.data)
    assert (room[width * length :] == -1).all()
    starts = [min(v * lanes, max(0, size - lanes)) for v in range(vectors)]
    found = room[: width * length].reshape(length, vectors, lanes)[:, :, : min(size, lanes)]
    expected = np.stack([x.T[:, s : s + lanes] for s in starts], 1)
    np.testing.assert_array_equal(found, expected)
