"""Native convolutions: strides, padding, gaps, groups and layouts, against sums of products."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import llvm, programs
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.pipeline import optimized
from funcgrad.ops.contraction.convolution_operator import convolution


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def program(fun: Any, *args: Any) -> Any:
    """A function of which all is one native function."""
    jaxpr = optimized(fg.jit(fun).lower(*args).jaxpr())
    assert [e.primitive.name for e in fused(jaxpr).eqns] == [native_call.name]
    return fg.jit(fun)


def by_definition(x: Any, w: Any, p: dict[str, Any]) -> np.ndarray:
    """Products added up one position of the kernel after the other."""
    images, groups = p["batch_group_count"], p["feature_group_count"] * p["batch_group_count"]
    size = [max(0, (n - 1) * d + 1) for n, d in zip(x.shape[2:], p["lhs_dilation"], strict=True)]
    pads = [[max(0, a) for a in pair] for pair in p["padding"]]
    room = np.zeros(
        (*x.shape[:2], *(a + n + b for n, (a, b) in zip(size, pads, strict=True))), x.dtype
    )
    inside: list[Any] = [
        slice(a, a + n, d) for (a, _), n, d in zip(pads, size, p["lhs_dilation"], strict=True)
    ]
    space: Any = (..., *inside)
    room[space] = x
    crop: list[Any] = [
        slice(max(0, -a), n - max(0, -b))
        for (a, b), n in zip(p["padding"], room.shape[2:], strict=True)
    ]
    room = room[(..., *crop)]
    windows = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], p["rhs_dilation"], strict=True)]
    counts = [
        max(0, (n - k) // s + 1)
        for n, k, s in zip(room.shape[2:], windows, p["window_strides"], strict=True)
    ]
    n, outputs = x.shape[0] // images, w.shape[0] // groups
    out = np.zeros((n, w.shape[0], *counts), x.dtype)
    if 0 in out.shape:
        return out
    for g in range(groups):
        rows = slice(g * n, (g + 1) * n) if images > 1 else slice(None)
        channels = slice(None) if images > 1 else slice(g * w.shape[1], (g + 1) * w.shape[1])
        some = slice(g * outputs, (g + 1) * outputs)
        for tap in itertools.product(*map(range, w.shape[2:])):
            at: list[Any] = [
                slice(t * d, t * d + (c - 1) * s + 1, s)
                for t, d, c, s in zip(
                    tap, p["rhs_dilation"], counts, p["window_strides"], strict=True
                )
            ]
            part = room[(rows, channels, *at)]
            out[:, some] += np.einsum("nc...,oc->no...", part, w[(some, slice(None), *tap)])
    return out


@st.composite
def geometries(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    rank = draw(st.integers(0, 3))
    few = st.integers(1, 3)
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    images = groups if draw(st.booleans()) else 1
    features = 1 if images > 1 else groups
    channels, outputs = draw(st.sampled_from((1, 2, 5, 16))), draw(st.sampled_from((1, 2, 7, 17)))
    taps = [draw(st.integers(1, 4)) for _ in range(rank)]
    dilation = [draw(few) for _ in range(rank)]
    space = [draw(st.integers(1, 9)) for _ in range(rank)]
    params = {
        "window_strides": tuple(draw(few) for _ in range(rank)),
        "padding": tuple((draw(st.integers(-1, 4)), draw(st.integers(-1, 4))) for _ in range(rank)),
        "lhs_dilation": tuple(draw(st.sampled_from((1, 1, 1, 2, 3))) for _ in range(rank)),
        "rhs_dilation": tuple(dilation),
        "feature_group_count": features,
        "batch_group_count": images,
    }
    x = (images * draw(few), features * channels, *space)
    return x, (groups * outputs, channels, *taps), params


@given(
    geometry=geometries(),
    orders=st.tuples(*[st.randoms(use_true_random=False)] * 3),
    char=st.sampled_from("fdi"),
    bits=st.sampled_from((128, 256, 512)),
    seed=st.integers(0, 99),
)
@settings(max_examples=200, deadline=None)
def test_whole_numbers_are_exact(
    geometry: Any, orders: Any, char: str, bits: int, seed: int
) -> None:
    """In any order of axes of images, kernels and results in memory."""
    x_shape, w_shape, params = geometry
    rng = np.random.default_rng(seed)
    perms = [list(range(len(x_shape))) for _ in range(3)]
    for perm, order in zip(perms, orders, strict=True):
        order.shuffle(perm)
    x, w = rng.integers(-4, 5, x_shape).astype(char), rng.integers(-4, 5, w_shape).astype(char)
    expected = by_definition(x, w, params).transpose(perms[2])
    lies = [np.ascontiguousarray(a.transpose(p)) for a, p in zip((x, w), perms, strict=False)]

    def product(x: Any, w: Any) -> Any:
        x, w = (np.transpose(a, np.argsort(p)) for a, p in zip((x, w), perms, strict=False))
        return np.transpose(convolution(x, w, **params, strong=None), perms[2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNCGRAD_VECTOR_BITS", str(bits))
        found = program(product, *lies)(*lies)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("names", [("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW")])
def test_bias_and_activation_are_part_of_the_kernel(names: Any, padding: str) -> None:
    rng = np.random.default_rng(0)
    shape = {"N": 3, "H": 8, "W": 9, "C": 5, "I": 5, "O": 20}
    x = rng.integers(-4, 5, [shape[c] for c in names[0]]).astype("f")
    w = rng.integers(-4, 5, [dict(shape, H=3, W=2)[c] for c in names[1]]).astype("f")
    bias = rng.integers(-9, 9, 20).astype("f")
    bias = bias if names[2] == "NHWC" else bias[:, None, None]

    def convolved(x: Any, w: Any) -> Any:
        return fg.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=names)

    def layer(x: Any, w: Any, bias: Any) -> Any:
        return np.maximum(convolved(x, w) + bias, 0)

    expected = np.maximum(convolved(x, w) + bias, 0)
    found = program(layer, x, w, bias)(x, w, bias)
    np.testing.assert_array_equal(found, expected)
    jaxpr = optimized(fg.jit(layer).lower(x, w, bias).jaxpr())
    text = programs.program_text(jaxpr, llvm.vector_bits()).text
    assert text.count("call void @step_") == 1 + (padding == "SAME")


def test_training_of_a_network_is_native() -> None:
    """Gradients of convolutions, pooling and products, against finite differences of the loss."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 8, 8, 3))
    w, u = rng.standard_normal((3, 3, 3, 18)) / 5, rng.standard_normal((9 * 18, 5)) / 9

    def loss(w: Any, u: Any, x: Any) -> Any:
        y = fg.lax.conv_general_dilated(
            x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        y = fg.lax.max_pool(np.tanh(y), (2, 2), (2, 2))
        return np.sum((y.reshape(2, -1) @ u) ** 2)

    grads = program(fg.grad(loss, (0, 1, 2)), w, u, x)(w, u, x)
    args = [w, u, x]
    for k, g in enumerate(grads):
        t = rng.standard_normal(g.shape)
        ahead, behind = list(args), list(args)
        ahead[k], behind[k] = args[k] + 1e-6 * t, args[k] - 1e-6 * t
        slope = (loss(*ahead) - loss(*behind)) / 2e-6
        np.testing.assert_allclose(np.sum(g * t), slope, rtol=1e-6)


@pytest.mark.parametrize("strong", [0, 1])
def test_strong_zeros(strong: int) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 3, (2, 4, 7)).astype("d"), rng.integers(0, 3, (17, 4, 3)).astype("d")
    (w if strong == 0 else x).flat[::5] = np.inf
    params = {
        "window_strides": (1,), "padding": ((1, 1),), "lhs_dilation": (1,), "rhs_dilation": (1,),
        "feature_group_count": 1, "batch_group_count": 1,
    }  # fmt: skip
    room = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    seen = np.lib.stride_tricks.sliding_window_view(room, 3, axis=2)
    with np.errstate(all="ignore"):
        products = seen[:, None] * w[None, :, :, None]
    zero = np.broadcast_to(
        seen[:, None] == 0 if strong == 0 else w[None, :, :, None] == 0, products.shape
    )
    expected = np.where(zero, 0, products).sum(axis=(2, 4))
    found = program(lambda x, w: convolution(x, w, **params, strong=strong), x, w)(x, w)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("with_map", [False, True])
@pytest.mark.parametrize("gaps", [(2, 2), (3, 2), (4, 4)])
def test_nothing_is_multiplied_with_zeros_in_gaps(gaps: tuple[int, int], with_map: bool) -> None:
    """An infinite weight is seen where an element of the image meets it, and nowhere else."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(3, 2, 2, 2))
    w[0, 0, 1, 0], w[1, 1, 0, 1] = np.inf, np.nan
    b = rng.normal(size=(3, 1, 1))

    def f(x: Any, w: Any, b: Any) -> Any:
        out = fg.lax.conv_general_dilated(x, w, (1, 1), [(0, 0), (0, 0)], lhs_dilation=gaps)
        return out + b if with_map else out

    with np.errstate(invalid="ignore"):
        found, expected = fg.jit(f)(x, w, b), f(x, w, b)
    assert 0 < np.isfinite(expected[0]).sum() < expected[0].size
    np.testing.assert_allclose(found, expected, rtol=1e-12)
