"""Maps of arrays that are joined of others: no copies, the same numbers, nothing read too late."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import llvm, programs
from funcgrad.compiler.native.fused import fused
from funcgrad.compiler.pipeline import optimized


def numbers(char: str, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    x = rng.normal(size=shape) * 3
    return (x + 1j * rng.normal(size=shape) if char in "FD" else x).astype(char)


def memory(fun: Any, *args: Any) -> int:
    """How often whole parts of arrays are copied from one place to another."""
    (call,) = fused(optimized(fg.jit(fun).lower(*args).jaxpr())).eqns
    text = programs.program_text(call.params["jaxpr"], llvm.vector_bits()).text
    return text.count("call void @llvm.memcpy")


def agree(fun: Any, *args: Any, rtol: float = 1e-6, atol: float = 1e-6) -> None:
    expected = fun(*[np.copy(a) for a in args])
    found = fg.jit(fun)(*args)
    for p, q in zip(fg.tree.leaves(found), fg.tree.leaves(expected), strict=True):
        assert np.asarray(p).dtype == np.asarray(q).dtype
        np.testing.assert_allclose(p, q, rtol=rtol, atol=atol)


def heat(u: Any) -> Any:
    around = [np.roll(u, s, axis) for axis in range(u.ndim) for s in (1, -1)]
    return u + (sum(around) - 2 * u.ndim * u) / 8


@pytest.mark.parametrize("shape", [(1500,), (40, 41), (33, 17, 9), (1, 2000), (1030, 1)])
@pytest.mark.parametrize("char", "fdFbe")
def test_stencils(char: str, shape: tuple[int, ...]) -> None:
    u = numbers(char, *shape)
    if char != "b":
        agree(heat, u, rtol=2e-3 if char == "e" else 1e-5)
    agree(lambda u: np.where(np.roll(u, 2, 0) == u, np.roll(u, -3, -1), u), u)


def test_no_copies() -> None:
    assert memory(heat, numbers("d", 64, 64)) == 0
    assert memory(lambda u: np.roll(u, 1, 0), numbers("d", 64, 64)) > 0


def test_loops_and_derivatives() -> None:
    u = numbers("d", 48, 40)

    def run(u: Any) -> Any:
        return fg.lax.scan(lambda u, _: (heat(u), u.sum()), u, None, length=7)

    agree(run, u)
    weights = numbers("d", 48, 40)[::-1].copy()
    loss = lambda u: np.sum(run(u)[0] * weights)  # noqa: E731
    slope = fg.jit(fg.grad(loss))(u)
    np.testing.assert_allclose(slope, run(weights)[0], rtol=1e-12)  # the step is symmetric
    agree(lambda u: fg.lax.while_loop(lambda u: np.max(u) > 1, heat, u), u)


def test_what_is_updated_is_read_before() -> None:
    """An array of which parts are read later is not overwritten."""
    u = numbers("d", 64, 40)

    def fun(u: Any) -> Any:
        v = u * 2
        rolled = np.roll(v, 1, 0)
        w = fg.numpy.at(v)[3].set(-7.0)
        return rolled + w, w * 2

    agree(fun, u)

    def turn(state: Any, k: Any) -> Any:
        rolled = np.roll(state, 1, 0)
        new = fg.numpy.at(state)[k].add(1.0)
        return fg.numpy.at(new)[k + 1].set((rolled * new)[k]), rolled.sum() + (rolled - new)[0]

    agree(lambda u: fg.lax.scan(turn, u, np.arange(5)), u)


def test_donated_arguments() -> None:
    u = numbers("d", 64, 40)
    expected = heat(u)
    np.testing.assert_allclose(fg.jit(heat, donate_argnums=0)(u.copy()), expected, rtol=1e-12)

    def both(u: Any, v: Any) -> Any:
        return heat(u) + v, u * 2

    expected = both(u, u)
    found = fg.jit(both, donate_argnums=(0, 1))(u.copy(), u.copy())
    for p, q in zip(found, expected, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_arrays_joined(data: Any) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=3)))
    axis = data.draw(st.integers(0, len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(1, 70), min_size=2, max_size=4))
    char = data.draw(st.sampled_from("fdiB"))
    parts = [numbers(char, *shape[:axis], n, *shape[axis + 1 :]) for n in lengths]
    turned = data.draw(st.booleans())

    def fun(*parts: Any) -> Any:
        halves = [p[::-1] if turned else p for p in parts]
        whole = np.concatenate(halves, axis)
        other = np.concatenate(parts[::-1], axis)
        first = whole * 2 + other
        return first, first.sum(0), whole - np.flip(other, axis)

    agree(fun, *parts, rtol=1e-4, atol=1e-3)


def test_large_arrays_are_shared_out() -> None:
    u = numbers("f", 700, 900)
    agree(heat, u, rtol=1e-4)
    np.testing.assert_array_equal(fg.jit(heat)(u), fg.jit(heat)(u))
