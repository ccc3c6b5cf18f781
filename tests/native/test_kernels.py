"""Native code of operators on whole arrays gives what their evaluation gives, and is used."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

from laws import as_tuple, cases_of
from native.kernel_cases import RANDOM

import funcgrad as fg
import funcgrad.ops
from funcgrad.compiler.native import llvm
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.native.kinds import kind_of
from funcgrad.compiler.native.programs import program_text
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.primitive import REGISTRY, Case, Primitive
from funcgrad.numpy import at
from funcgrad.ops.families import Elementwise


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def parts(fun: Any, args: Any) -> list[str]:
    """The operators of a program, of which native ones are joined."""
    return [e.primitive.name for e in fused(optimized(fg.jit(fun).lower(*args).jaxpr())).eqns]


def is_array(a: Any) -> bool:
    return isinstance(a, np.ndarray | np.generic)


def as_function(prim: Primitive, case: Case) -> tuple[Any, list[Any]]:
    """The operator as a function of its arrays; Python's numbers are part of it."""
    places = [i for i, a in enumerate(case.args) if is_array(a)]

    def fun(*xs: Any) -> tuple[Any, ...]:
        operands = list(case.args)
        for i, x in zip(places, xs, strict=True):
            operands[i] = x
        return as_tuple(prim, prim(*operands, **case.params))

    return fun, [case.args[i] for i in places]


def evaluated(prim: Primitive, case: Case) -> tuple[Any, ...]:
    with np.errstate(all="ignore"):
        return as_tuple(prim, prim.evaluate(np, *case.args, **case.params))


SUMS = {"reduce_window_sum"}
"""Native code adds in another order."""


def check_equal(found: Any, expected: Any, name: str = "") -> None:
    for a, b in zip(found, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if name in SUMS and b.dtype.kind == "f":
            largest = float(np.max(np.abs(b), initial=0, where=np.isfinite(b)))
            np.testing.assert_allclose(a, b, rtol=0, atol=64 * np.finfo(b.dtype).eps * largest)
        else:
            np.testing.assert_array_equal(a, b)


def check_native(fun: Any, args: Any) -> Any:
    """The results of a function of which everything that moves something is native."""
    assert set(parts(fun, args)) <= {native_call.name, "reshape"}
    return fg.jit(fun)(*args)


def native_cases() -> list[Any]:
    """The declared cases of operators that have native code, for dtypes that it has."""
    return [
        pytest.param(name, case, id=f"{name}-{i}")
        for name in sorted(RANDOM)
        for i, case in enumerate(cases_of(REGISTRY[name]))
        if all(kind_of(np.asarray(a).dtype) for a in case.args)
    ]


# --- the same as evaluation ----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "case"), native_cases())
def test_declared_cases(name: str, case: Case) -> None:
    prim = REGISTRY[name]
    fun, args = as_function(prim, case)
    check_equal(check_native(fun, args), evaluated(prim, case), prim.name)


@pytest.mark.parametrize("name", sorted(RANDOM))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_random_cases(name: str, data: st.DataObject) -> None:
    prim = REGISTRY[name]
    case = RANDOM[name](data.draw)
    fun, args = as_function(prim, case)
    check_equal(check_native(fun, args), evaluated(prim, case), prim.name)


def seen_otherwise(how: int, x: Any) -> tuple[Any, Any]:
    """An array in another order of memory, and what brings the operand back inside a program."""
    if how == 0 and x.ndim:
        return np.ascontiguousarray(np.transpose(x)), np.transpose
    if how == 1 and x.ndim:
        return np.repeat(x, 2, -1), lambda y: y[..., ::2]
    if how == 2 and x.ndim:
        return np.ascontiguousarray(x[::-1]), lambda y: y[::-1]
    return x, lambda y: y


@pytest.mark.parametrize("name", sorted(RANDOM))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_operands_in_any_order_of_memory(name: str, data: st.DataObject) -> None:
    prim = REGISTRY[name]
    case = RANDOM[name](data.draw)
    fun, args = as_function(prim, case)
    seen = [seen_otherwise(data.draw(st.integers(0, 3)), np.asarray(a)) for a in args]

    def program(*xs: Any) -> Any:
        return fun(*[back(x) for x, (_, back) in zip(xs, seen, strict=True)])

    check_equal(check_native(program, [x for x, _ in seen]), evaluated(prim, case), prim.name)
    # and given so from outside
    views = [back(x) for x, back in seen]
    check_equal(fg.jit(fun)(*views), evaluated(prim, case), prim.name)


@pytest.mark.parametrize("bits", [128, 256, 512])
@pytest.mark.parametrize("name", sorted(RANDOM))
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_widths_of_vectors(name: str, bits: int, data: st.DataObject) -> None:
    if bits > llvm.vector_bits():
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llvm, "vector_bits", lambda: bits)
        case = RANDOM[name](data.draw)
        fun, args = as_function(REGISTRY[name], case)
        check_equal(check_native(lambda *xs: fun(*xs), args), evaluated(REGISTRY[name], case), name)


# --- in loops ------------------------------------------------------------------------------------

TURNS = 3


def turns_of(prim: Primitive, case: Case) -> list[Case]:
    """A case, and others with other numbers: arrays with their elements in another order."""

    def other(a: Any, k: int) -> Any:
        if not is_array(a):
            return a
        return np.roll(np.asarray(a), k if prim.name != "searchsorted" else 0)[()]

    return [Case(*[other(a, k) for a in case.args], **case.params) for k in range(TURNS)]


def stacked_results(prim: Primitive, cases: list[Case]) -> list[Any]:
    rows = [evaluated(prim, c) for c in cases]
    return [np.stack([np.asarray(r[i]) for r in rows]) for i in range(len(rows[0]))]


@pytest.mark.parametrize("name", sorted(RANDOM))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_in_a_scan(name: str, data: st.DataObject) -> None:
    prim = REGISTRY[name]
    case = RANDOM[name](data.draw)
    fun, _ = as_function(prim, case)
    rows = [as_function(prim, c)[1] for c in turns_of(prim, case)]

    def program(*xs: Any) -> Any:
        def turn(count: Any, x: Any) -> Any:
            return count + 1, fun(*x)

        return fg.lax.scan(turn, np.zeros((), int), xs)

    expected = stacked_results(prim, turns_of(prim, case))
    count, found = check_native(program, [np.stack(r) for r in zip(*rows, strict=True)])
    assert count == TURNS
    check_equal(found, expected)


@pytest.mark.parametrize("name", sorted(RANDOM))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_in_a_while_loop(name: str, data: st.DataObject) -> None:
    prim = REGISTRY[name]
    case = RANDOM[name](data.draw)
    fun, _ = as_function(prim, case)
    rows = [as_function(prim, c)[1] for c in turns_of(prim, case)]
    start = tuple(np.zeros_like(y) for y in evaluated(prim, case))

    def program(start: Any, *xs: Any) -> Any:
        def turn(state: Any) -> Any:
            i, _ = state
            return i + 1, fun(*[x[i] for x in xs])

        return fg.lax.while_loop(lambda s: s[0] < TURNS, turn, (np.zeros((), int), start))[1]

    expected = [y[-1] for y in stacked_results(prim, turns_of(prim, case))]
    found = check_native(program, [start, *[np.stack(r) for r in zip(*rows, strict=True)]])
    check_equal(found, expected)


# --- errors --------------------------------------------------------------------------------------


def _raises_alike(fun: Any, *args: Any) -> None:
    assert set(parts(fun, args)) == {native_call.name}
    with pytest.raises(IndexError) as expected:
        fun(*args)
    for _ in range(2):
        with pytest.raises(IndexError) as found:
            fg.jit(fun)(*args)
        assert str(found.value) == str(expected.value)


X = np.arange(60.0).reshape(5, 12)


@pytest.mark.parametrize("bad", [5, -6, 1 << 40, -(1 << 62)])
@pytest.mark.parametrize("where", [0, 3, 6])
def test_indices_out_of_range_raise(bad: int, where: int) -> None:
    idx = np.array([0, -5, 4, 1, 2, 3, 0])
    gather, scatter = REGISTRY["gather"], REGISTRY["scatter"]
    add, winners = REGISTRY["scatter_add"], REGISTRY["scatter_winners"]
    rows = np.ones((7, 12))
    functions = [
        lambda i: gather(X, i),
        lambda i: gather(X, i, np.zeros(7, int)),
        lambda i: scatter(X, rows, i, op="set"),
        lambda i: scatter(X, rows, i, op="max"),
        lambda i: add(rows, i, shape=(5, 12)),
        lambda i: winners(i, shape=(5,)),
    ]
    for fun in functions:
        found = check_native(fun, (idx,))
        np.testing.assert_array_equal(found, fun(idx))
        wrong = idx.copy()
        wrong[where] = bad
        _raises_alike(fun, wrong)
        np.testing.assert_array_equal(fg.jit(fun)(idx), found)


def test_single_indices_out_of_range_raise() -> None:
    gather, scatter = REGISTRY["gather"], REGISTRY["scatter"]
    for fun in (
        lambda i: gather(X, i) * 2,
        lambda i: gather(X, i, i),
        lambda i: scatter(X, np.ones(12), i, op="set"),
    ):
        for good in (0, 4, -5):
            check_equal([fg.jit(fun)(np.int64(good))], [fun(np.int64(good))])
        for bad in (5, -6, np.iinfo(int).min):
            _raises_alike(fun, np.int64(bad))
    _raises_alike(lambda i: gather(X, i), np.int8(-6))
    with pytest.raises(OverflowError):
        fg.jit(lambda i: gather(X, i))(np.uint64(2**64 - 1))


def test_indices_out_of_range_inside_of_loops_raise() -> None:
    gather = REGISTRY["gather"]

    def sums(idx: Any) -> Any:
        return fg.lax.scan(lambda c, i: (c + np.sum(gather(X, i)), c), np.zeros(()), idx)

    def climb(last: Any) -> Any:
        def turn(s: Any) -> Any:
            return s[0] + 1, s[1] + gather(X, s[0])

        return fg.lax.while_loop(lambda s: s[0] < last, turn, (np.int64(0), np.zeros(12)))

    np.testing.assert_array_equal(check_native(sums, (np.arange(5),))[0], X.sum())
    np.testing.assert_array_equal(check_native(climb, (np.int64(5),))[1], X.sum(0))
    for fun, arg in ((sums, np.array([0, 1, 5, 2])), (climb, np.int64(6))):
        with pytest.raises(IndexError, match="index 5 is out of bounds for axis 0 with size 5"):
            fg.jit(fun)(arg)


def test_slices_that_reach_out_are_moved() -> None:
    for char in "bBhHiIlL":
        info = np.iinfo(char)
        for i in {info.min, info.max, 0, 3, 127, max(info.min, -7)}:
            start = np.dtype(char).type(i)
            found = fg.jit(lambda x, i: fg.lax.dynamic_slice(x, (i, 0), (2, 12)))(X, start)
            at = min(max(int(i) + 5 if i < 0 else int(i), 0), 3)
            np.testing.assert_array_equal(found, X[at : at + 2])


# --- which are native ----------------------------------------------------------------------------

INSTEAD: dict[str, str] = {
    "LAPACK decomposes": (
        "cofactors_change eig eigh eigvals eigvalsh hessenberg lu_with_pivots order_of_columns "
        "pinv polynomial_roots qr schur svd svdvals tridiagonal tridiagonal_solve"
    ),
    "pocketfft transforms": "fft irfft rfft",
    "SciPy's Bessel functions of any order": "bessel_ive",
    "NumPy sees the same bits as another type, or without some of them": (
        "bitcast_convert_type reduce_precision"
    ),
    "SciPy's LAPACK solves by Schur forms, and within bands": (
        "banded_solve logm logm_frechet sqrtm sylvester"
    ),
    "series and sums with as many terms as precision needs": (
        "beta_binomial_share beta_slope ellipe_slope ellipeinc_slope ellipk_slope ellipkinc_slope "
        "hyp0f1_slope hyp1f1_slope hyp2f1_slope iv_slope ive_slope jv_slope kv_slope kve_slope "
        "riemann_zeta_slope student_slope von_mises_tail yv_slope zeta_slope"
    ),
    "NumPy squares as often as norms need": "expm expm_frechet",
    "rows are exchanged one after another": "permutation_of_pivots",
    "NumPy draws, and iterates until numbers converge": (
        "gamma_slope random_binomial random_gamma random_multinomial random_poisson"
    ),
    "NumPy looks for runs of equal numbers": "mean_of_equals share_of_equals",
    "a warning may be given": "note_equal_values",
    "windows of floats only": "drop_at_window_extrema pick_window_extrema",
    "nothing moves": "reshape",
}
"""What is done for operators without native code: a name that comes in gets slower."""


def test_operators_are_native() -> None:
    for module in pkgutil.walk_packages(funcgrad.ops.__path__, "funcgrad.ops."):
        importlib.import_module(module.name)
    left = set()
    for name, prim in REGISTRY.items():
        if isinstance(prim, Elementwise) or prim.cases is None or "for_the_test" in name:
            continue
        cases = [c for c in cases_of(prim) if all(map(is_known, c.args))]
        if not any(is_native(prim, case) for case in cases):
            left.add(name)
    assert left == set(" ".join(INSTEAD.values()).split())


def is_known(a: Any) -> bool:
    return isinstance(a, int | float) or (is_array(a) and kind_of(a.dtype) is not None)


def is_native(prim: Primitive, case: Case) -> bool:
    fun, args = as_function(prim, case)
    return parts(fun, args) == [native_call.name]


# --- in place ------------------------------------------------------------------------------------


def copies_in_loops(fun: Any, *args: Any) -> int:
    """How often a whole array of 80 numbers is copied inside of the loops of a program."""
    (call,) = fused(optimized(fg.jit(fun).lower(*args).jaxpr())).eqns
    text = program_text(call.params["jaxpr"], 512).text
    inside = text[text.index("\nbody:") :].split("body", 2)[2]
    return inside.split("\nafter")[0].count("i64 640,")


def climbing(turn: Any) -> Any:
    """A loop over an array of 80 numbers, of which each turn makes a new one."""

    def program(x: Any) -> Any:
        def step(s: Any) -> Any:
            return s[0] + 1, turn(s[0], s[1])

        return fg.lax.while_loop(lambda s: s[0] < 10, step, (np.int64(0), x))[1]

    return program


def by_hand(turn: Any, x: Any) -> Any:
    for i in range(10):
        x = turn(np.int64(i), x)
    return x


IN_PLACE: dict[str, tuple[Any, int]] = {
    "a row": (lambda i, x: at(x)[i].set(2.0 * x[i]), 0),
    "two rows": (lambda i, x: at(at(x)[i].set(2.0 * x[i]))[9 - i].multiply(3.0), 0),
    "read before": (lambda i, x: at(x)[i].set(x[9 - i] + np.max(x)), 0),
    "a slice": (lambda i, x: fg.lax.dynamic_update_slice(x, x[2:3] + 1.0, (i, 0)), 0),
    "some places": (lambda i, x: at(x)[np.array([1, 7, 1])].multiply(1.5), 0),
    "a fixed part": (lambda i, x: at(x)[2:5, ::2].set(0.5 * x[5:8, 1::2]), 0),
    "read afterwards": (lambda i, x: at(at(x)[i].set(1.0))[0].set(np.sum(x[i] + x[9])), 1),
    "shifted onto itself": (lambda i, x: at(x)[1:].set(x[:-1]), 1),
    "looked at afterwards": (lambda i, x: at(x)[9 - i].set(1.0) * 1.0 + x[i], 1),
    "swapped rows": (lambda i, x: at(at(x)[i].set(x[9 - i]))[9 - i].set(x[i]), 1),
}


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_changed_in_place(name: str) -> None:
    turn, copies = IN_PLACE[name]
    x = np.random.default_rng(0).random((10, 8))
    program = climbing(turn)
    found = check_native(program, (x,))
    np.testing.assert_array_equal(found, by_hand(turn, x))
    assert copies_in_loops(program, x) == copies


def test_inner_loops_change_in_place_what_outer_loops_carry() -> None:
    def program(x: Any) -> Any:
        def row(i: Any, x: Any) -> Any:
            return fg.lax.fori_loop(0, 8, lambda j, y: at(y)[i, j].set(y[i, j] + i * j), x)

        return fg.lax.fori_loop(0, 10, row, x)

    x = np.random.default_rng(0).random((10, 8))
    found = check_native(program, (x,))
    np.testing.assert_array_equal(found, x + np.multiply.outer(np.arange(10), np.arange(8)))
    assert copies_in_loops(program, x) == 0


def test_rows_are_given_out_as_they_were() -> None:
    def program(x: Any) -> Any:
        def turn(x: Any, i: Any) -> Any:
            return at(x)[i].set(-x[i]), (x[i], x[0, i], x)

        return fg.lax.scan(turn, x, np.array([0, 1, 0, 2]))

    x = np.arange(1.0, 81.0).reshape(10, 8)
    last, (rows, numbers, wholes) = check_native(program, (x,))
    for i, row, number, whole in zip([0, 1, 0, 2], rows, numbers, wholes, strict=True):
        np.testing.assert_array_equal(whole, x)
        np.testing.assert_array_equal(row, x[i])
        assert number == x[0, i]
        x[i] = -x[i]
    np.testing.assert_array_equal(last, x)


def _one_of(rng: np.random.Generator, arrays: list[Any], i: Any) -> Any:
    """An array of ten rows of eight from others: an update, a look at parts, or new numbers."""
    y = arrays[int(rng.integers(len(arrays)))]
    x = arrays[-1] if rng.random() < 0.5 else arrays[int(rng.integers(len(arrays)))]
    how, k = int(rng.choice([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8])), int(rng.integers(10))
    if how == 0:
        return at(x)[i].set(y[k])
    if how == 1:
        return at(x)[k].set(y[9 - i] * 0.5)
    if how == 2:
        return at(x)[k:, 1:].set(y[: 10 - k, :-1])
    if how == 3:
        return fg.lax.dynamic_update_slice(x, y[2:5, 1:4], (i, k))
    if how == 4:
        return at(x)[np.array([k, 3, k])].multiply(y[np.array([1, 2, k])])
    if how == 5:
        return x[::-1]
    if how == 6:
        return np.concatenate([x[k:], y[:k]])
    if how == 7:
        return np.reshape(np.transpose(np.reshape(x, (8, 10))), (10, 8))
    return x - y[k]


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 2**32 - 1), carried=st.integers(1, 3))
def test_random_updates_in_loops(seed: int, carried: int) -> None:
    """Whatever stands in the memory of what, loops give what turns by hand do."""

    def turn(i: Any, state: Any) -> tuple[list[Any], Any]:
        rng = np.random.default_rng(seed)
        arrays = list(state)
        for _ in range(int(rng.integers(2, 7))):
            arrays.append(_one_of(rng, arrays, i))
        news = [arrays[int(rng.integers(len(arrays)))] for _ in state]
        news[0] = arrays[-1]
        return news, (arrays[int(rng.integers(len(arrays)))][i], arrays[-1])

    def program(*xs: Any) -> Any:
        return fg.lax.scan(lambda s, i: turn(i, s), list(xs), np.arange(4))

    starts = list(np.random.default_rng(seed).random((carried, 10, 8)))
    state, rows = starts, []
    for i in range(4):
        state, row = turn(np.int64(i), state)
        rows.append(row)
    found, stacked = check_native(program, starts)
    check_equal(found, state)
    check_equal(stacked, [np.stack(r) for r in zip(*rows, strict=True)])


def test_reshapes_of_nothing() -> None:
    """An empty array has many shapes, and no steps that matter."""
    for shape, new in (((2, 0, 3), (0, 6)), ((0,), (4, 0)), ((3, 0), (0,))):
        x = np.zeros(shape)
        found = check_native(lambda x, new=new: np.reshape(x + 1, new) * 2, (x,))
        assert found.shape == new
        found = check_native(lambda x, new=new: np.reshape(np.concatenate([x, x]), new), (x,))
        assert found.shape == new
