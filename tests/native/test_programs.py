"""Programs with native parts give what the interpreter gives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from fuzzing import traced
from fuzzing.generation import function, generate

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import fused, llvm, places
from funcgrad.compiler.native.fused import native_call
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.jaxpr import eval_jaxpr


def both(fun: Any, args: Any) -> tuple[list[Any], list[Any]]:
    """What the compiled function returns, and the interpreter."""
    lowered = fg.jit(fun).lower(*args)
    with np.errstate(all="ignore"):
        found = fg.tree.leaves(fg.jit(fun)(*args))
        return found, eval_jaxpr(lowered.jaxpr(), lowered.jaxpr().consts, fg.tree.leaves(args))


def compare(found: Any, expected: Any, rtol: float) -> None:
    for a, b in zip(found, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        size = float(np.max(np.abs(b[np.isfinite(b)]), initial=1)) if b.dtype.kind in "fc" else 0
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size)


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int) -> None:
    case = generate(seed)
    fun = function(case.program, traced.SCOPE)
    wanted = tuple(range(len(case.args)))
    rtol = 1e-9 if case.dtype == np.float64 else 1e-3

    def total(*xs: Any) -> Any:
        return sum(np.sum(np.sin(o)) for o in fun(*xs))

    for f in (fun, lambda *xs: fg.grad(total, wanted)(*xs)):
        try:
            compare(*both(f, case.args), rtol)
        except fg.errors.FuncgradError:
            continue  # a rule for the other mode only


def parts(fun: Any, *args: Any) -> list[str]:
    """The operators of a program, of which native ones are joined."""
    from funcgrad.compiler.native.fused import fused

    return [e.primitive.name for e in fused(optimized(fg.jit(fun).lower(*args).jaxpr())).eqns]


X = np.linspace(0.1, 1.0, 12).reshape(3, 4)


def test_maps_and_reductions_are_one_function() -> None:
    assert parts(lambda x: np.sum((x * 2 + 1) ** 2), X) == [native_call.name]
    assert parts(lambda x: (np.sum(x, 0) + 1, np.max(x * 2, 1)), X) == [native_call.name]
    assert parts(lambda x: np.reshape(x * 2, (12,)) + 1, X) == [native_call.name]
    assert parts(lambda x: np.linalg.svd(x * 2)[1] + 1, X).count(native_call.name) == 2


@pytest.mark.parametrize("char", "fdil")
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((7,), 0), ((100,), None), ((3, 70), 1), ((3, 70), 0), ((70, 3), 0), ((4, 5, 6), (0, 1)),
        ((4, 5, 6), (1, 2)), ((4, 5, 6), 1), ((4, 5, 6), (0, 2)), ((2, 33, 1), 1), ((1, 9), 0),
        ((5, 257), 1), ((257, 40), 0),
    ],
)  # fmt: skip
def test_reductions(name: str, shape: Any, axis: Any, char: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 1.5, shape) if char in "fd" else rng.integers(1, 3, shape)
    x = x.astype(char)
    reduce = getattr(np, name)
    found = fg.jit(lambda x: reduce(x, axis=axis))(x)
    expected = reduce(x.astype(np.float64) if char == "f" else x, axis=axis).astype(
        x.dtype if char in "fd" else None or reduce(x).dtype
    )
    compare([found], [expected], 1e-6 if char == "f" else 1e-13)


def test_sums_have_small_errors() -> None:
    """Of a million numbers: below that of a pairwise sum of NumPy's blocks."""
    x = np.random.default_rng(1).random(1_000_000, np.float32)
    exact = float(np.sum(x, dtype=np.float64))
    assert abs(float(fg.jit(np.sum)(x)) - exact) <= 2e-5 * exact


def test_extrema_of_nan_and_infinities() -> None:
    for x in ([1.0, np.nan, 2.0] * 9, [-np.inf] * 9, [np.inf, 1.0]):
        for reduce in (np.max, np.min):
            np.testing.assert_array_equal(fg.jit(lambda v, r=reduce: r(v))(np.array(x)), reduce(x))


def test_memory_in_between_is_apart_while_it_is_used() -> None:
    arena = places.Arena()
    rng = np.random.default_rng(0)
    held: list[places.Buffer] = []
    for _ in range(300):
        if held and rng.random() < 0.45:
            arena.give(held.pop(int(rng.integers(len(held)))))
        else:
            held.append(arena.take(int(rng.integers(1, 2000))))
        spans = sorted((b.offset, b.offset + b.size) for b in held)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
        assert all(start % places.ALIGNMENT == 0 for start, _ in spans)
        assert arena.size >= max((end for _, end in spans), default=0)
    for b in held:
        arena.give(b)
    assert arena.take(arena.size).offset == 0  # what was given back is one piece again


def test_native_code_is_used_where_llvmlite_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUNCGRAD_NATIVE")
    assert llvm.usable()
    monkeypatch.setenv("FUNCGRAD_NATIVE", "0")
    assert not llvm.usable()
    monkeypatch.setattr(llvm, "binding", lambda: None)
    monkeypatch.delenv("FUNCGRAD_NATIVE")
    assert not llvm.usable()
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
    with pytest.raises(ImportError, match="pip install"):
        llvm.usable()


def test_functions_made_anew_share_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(fused.Kernel, "__init__", counting(made, fused.Kernel.__init__))
    x, w = np.ones(7), np.arange(7.0)
    for k in range(3):
        found = fg.jit(lambda x: fg.jit(lambda y: np.tanh(y * w) + 2.25)(x) * x)(x * k)
        np.testing.assert_allclose(found, (np.tanh(x * k * w) + 2.25) * x * k)
    assert len(made) == 1
    fg.jit(lambda x: (np.tanh(x * (w + 1)) + 2.25) * x)(x)
    assert len(made) == 2


def counting(made: list[Any], init: Any) -> Any:
    def counted(self: Any, *args: Any, **named: Any) -> None:
        made.append(self)
        init(self, *args, **named)

    return counted
