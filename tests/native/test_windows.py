"""Native reductions of windows, and what goes through their extrema, against NumPy's evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.pipeline import optimized
from funcgrad.ops.windows.extrema import (
    drop_at_extrema,
    pick_extrema,
    reduce_window_max,
    reduce_window_min,
)
from funcgrad.ops.windows.geometry import window_counts
from funcgrad.ops.windows.linear import reduce_window_sum

OPERATORS: dict[str, Any] = {
    "max": reduce_window_max,
    "min": reduce_window_min,
    "sum": reduce_window_sum,
}


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def program(fun: Any, *args: Any) -> Any:
    """A function of which all is one native function."""
    jaxpr = optimized(fg.jit(fun).lower(*args).jaxpr())
    assert [e.primitive.name for e in fused(jaxpr).eqns] == [native_call.name]
    return fg.jit(fun)


@st.composite
def geometries(draw: Any) -> tuple[tuple[int, ...], dict[str, Any]]:
    rank = draw(st.integers(1, 4))
    few = st.integers(1, 3)
    shape = tuple(draw(st.sampled_from((1, 2, 5, 9, 17))) for _ in range(rank))
    pads = st.integers(-1, 3)
    params = {
        "window_dimensions": tuple(draw(few) for _ in range(rank)),
        "window_strides": tuple(draw(few) for _ in range(rank)),
        "padding": tuple((draw(pads), draw(pads)) for _ in range(rank)),
        "base_dilation": tuple(draw(st.sampled_from((1, 1, 1, 2))) for _ in range(rank)),
        "window_dilation": tuple(draw(st.sampled_from((1, 1, 2))) for _ in range(rank)),
    }
    return shape, params


def windows(x: np.ndarray, outside: float, p: dict[str, Any]) -> np.ndarray:
    """All windows, one behind the other, of the array with padding written out."""
    size = [(n - 1) * d + 1 for n, d in zip(x.shape, p["base_dilation"], strict=True)]
    apart = np.full(size, outside, x.dtype)
    apart[tuple(slice(None, None, d) for d in p["base_dilation"])] = x
    room = np.pad(
        apart, [[max(0, a) for a in pair] for pair in p["padding"]], constant_values=outside
    )
    crop = [
        slice(max(0, -a), n - max(0, -b))
        for (a, b), n in zip(p["padding"], room.shape, strict=True)
    ]
    room = room[tuple(crop)]
    spans = [
        (k - 1) * d + 1 for k, d in zip(p["window_dimensions"], p["window_dilation"], strict=True)
    ]
    seen = np.lib.stride_tricks.sliding_window_view(room, spans)
    seen = seen[tuple(slice(None, None, s) for s in p["window_strides"])]
    seen = seen[(..., *(slice(None, None, d) for d in p["window_dilation"]))]
    return seen.reshape(*seen.shape[: x.ndim], -1)


@pytest.mark.parametrize("name", ["max", "min", "sum"])
@given(geometry=geometries(), order=st.randoms(use_true_random=False), char=st.sampled_from("fdil"))
@settings(max_examples=60, deadline=None)
def test_reductions(name: str, geometry: Any, order: Any, char: str) -> None:
    shape, params = geometry
    assume(0 not in window_counts(shape, params))
    perm = list(range(len(shape)))
    order.shuffle(perm)
    x = np.random.default_rng(0).integers(-9, 9, shape).astype(char)
    limit = np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    outside = {"max": least, "min": limit, "sum": 0}[name]
    expected = getattr(np, name)(windows(x, outside, params), axis=-1).astype(char)
    lies = np.ascontiguousarray(x.transpose(perm))

    def reduced(x: Any) -> Any:
        return OPERATORS[name](np.transpose(x, np.argsort(perm)), **params)

    found = program(reduced, lies)(lies)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("char", "fd")
@given(geometry=geometries(), infinite=st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_goes_through_extrema(char: str, geometry: Any, infinite: bool) -> None:
    """Values at extrema, with ties, and the adjoint."""
    shape, params = geometry
    counts = window_counts(shape, params)
    assume(0 not in counts)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, shape).astype(char)
    t, ct = rng.integers(-9, 9, shape).astype(char), rng.integers(-9, 9, counts).astype(char)
    if infinite:
        t.flat[0], ct.flat[-1] = np.inf, -np.inf
    with np.errstate(all="ignore"):
        out = np.max(windows(x, -np.inf, params), axis=-1)
        hits = windows(x, np.nan, params) == out[..., None]
        ties = np.maximum(hits.sum(-1), 1).astype(char)
        picked = np.where(hits, windows(t, 0, params), 0).sum(-1) / ties
        places = np.arange(x.size).reshape(shape).astype("d")
        where = np.nan_to_num(windows(places, -1, params), nan=-1).astype(int)
        dropped = np.zeros(x.size, char)
        shares = np.broadcast_to((ct / ties)[..., None], hits.shape)
        np.add.at(dropped, where[hits], shares[hits])
    tolerance = 1e-5 if char == "f" else 1e-13
    found = program(lambda t, x, o: pick_extrema(t, x, o, **params), t, x, out)(t, x, out)
    np.testing.assert_allclose(found, picked, rtol=tolerance, atol=tolerance)
    found = program(lambda ct, x, o: drop_at_extrema(ct, x, o, **params), ct, x, out)(ct, x, out)
    np.testing.assert_allclose(found, dropped.reshape(shape), rtol=tolerance, atol=tolerance)


def test_pooling_and_its_gradient_are_native() -> None:
    x = np.random.default_rng(0).standard_normal((3, 12, 12, 20))

    def loss(x: Any) -> Any:
        return np.sum(fg.lax.max_pool(x, (2, 2), (2, 2)) ** 2) + np.sum(
            fg.lax.avg_pool(x, (3, 3), (2, 2), "SAME") ** 2
        )

    expected = fg.grad(loss)(x)
    found = program(fg.grad(loss), x)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_nan_is_the_extremum() -> None:
    x = np.array([1.0, np.nan, 3.0, 4.0, 5.0, -np.inf])
    found = program(lambda x: fg.lax.max_pool(x[None, :, None], (2,), (2,))[0, :, 0], x)(x)
    np.testing.assert_array_equal(found, [np.nan, 4.0, 5.0])
