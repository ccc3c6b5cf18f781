"""Convolutions against SciPy and against loops, and their derivatives."""

import numpy as np
import pytest
import scipy.signal

from funcgrad import grad, jvp, vjp
from funcgrad.api.jit import jit
from funcgrad.api.vmap import vmap
from funcgrad.errors import ShapeError
from funcgrad.ops.contraction.convolution import (
    ConvDimensionNumbers,
    conv,
    conv_dimension_numbers,
    conv_general_dilated,
    conv_general_dilated_patches,
    conv_transpose,
    conv_with_general_padding,
)
from funcgrad.ops.contraction.convolution_operator import convolution
from funcgrad.ops.pointwise.comparison import select
from funcgrad.ops.shape import reduce_sum


def reference(
    lhs,
    rhs,
    window_strides,
    padding,
    lhs_dilation,
    rhs_dilation,
    feature_group_count=1,
    batch_group_count=1,
):
    """The definition, element by element, on (n, c, *space) and (o, i, *taps)."""
    groups = feature_group_count * batch_group_count
    n_out, o_count, i_count = lhs.shape[0] // batch_group_count, rhs.shape[0], rhs.shape[1]
    rows = list(
        zip(
            lhs.shape[2:],
            rhs.shape[2:],
            window_strides,
            padding,
            lhs_dilation,
            rhs_dilation,
            strict=True,
        )
    )
    space = []
    for n, k, s, (low, high), d, r in rows:
        size = low + max(0, (n - 1) * d + 1) + high
        space.append(len([q for q in range(99) if q * s + (k - 1) * r + 1 <= size]))
    out = np.zeros((n_out, o_count, *space), np.result_type(lhs, rhs))
    for n, o, *q in np.ndindex(*out.shape):
        group = o // (o_count // groups)
        image = n + (group * n_out if batch_group_count > 1 else 0)
        first = group * i_count if feature_group_count > 1 else 0
        for i, *k in np.ndindex(*rhs.shape[1:]):
            at = []
            for qa, ka, (size, _, s, (low, high), d, r) in zip(q, k, rows, strict=True):
                p = qa * s + ka * r - low
                if p % d == 0 and 0 <= p // d < size and p < (size - 1) * d + 1 + high:
                    at.append(p // d)
            if len(at) == len(q):
                out[(n, o, *q)] += lhs[(image, first + i, *at)] * rhs[(o, i, *k)]
    return out


def geometry(rng, rank):
    """Random parameters, and shapes of image and kernel that go with them."""
    groups, batch_groups = [(1, 1), (3, 1), (1, 3), (1, 1), (2, 1)][rng.integers(5)]
    dilated = rng.random() < 0.5
    params = {
        "window_strides": tuple(int(v) for v in rng.integers(1, 4, rank)),
        "padding": tuple((int(a), int(b)) for a, b in rng.integers(-1, 3, (rank, 2))),
        "lhs_dilation": tuple(int(v) for v in rng.integers(1, 4, rank)) if dilated else (1,) * rank,
        "rhs_dilation": tuple(int(v) for v in rng.integers(1, 4, rank)),
        "feature_group_count": groups,
        "batch_group_count": batch_groups,
    }
    inputs, outputs = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    lhs = (int(rng.integers(1, 3)) * batch_groups, inputs * groups, *rng.integers(3, 7, rank))
    rhs = (outputs * groups * batch_groups, inputs, *rng.integers(1, 4, rank))
    return params, lhs, rhs


def scattered(rng, shape):
    """Random values whose axes lie in memory in random order."""
    order = rng.permutation(len(shape))
    return rng.standard_normal([shape[i] for i in order]).transpose(np.argsort(order))


@pytest.mark.parametrize("seed", range(40))
def test_against_the_definition(seed):
    rng = np.random.default_rng(seed)
    params, lhs_shape, rhs_shape = geometry(rng, 1 + seed % 3 if seed < 30 else 2)
    lhs, rhs = scattered(rng, lhs_shape), scattered(rng, rhs_shape)
    out = conv_general_dilated(lhs, rhs, **params)
    wanted = reference(lhs, rhs, **params)
    assert out.shape == wanted.shape
    np.testing.assert_allclose(out, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_gradients_are_adjoint(seed):
    """<ct, conv(t, w)> = <ct_x, t> and <ct, conv(x, u)> = <ct_w, u>, exactly linear."""
    rng = np.random.default_rng(seed)
    params, lhs_shape, rhs_shape = geometry(rng, 1 + seed % 3)
    lhs, t = scattered(rng, lhs_shape), rng.standard_normal(lhs_shape)
    rhs, u = scattered(rng, rhs_shape), rng.standard_normal(rhs_shape)
    out, pull = vjp(lambda x, w: conv_general_dilated(x, w, **params), lhs, rhs)
    ct = scattered(rng, out.shape)
    ct_lhs, ct_rhs = pull(ct)
    left = np.sum(ct * reference(t, rhs, **params))
    np.testing.assert_allclose(np.sum(ct_lhs * t), left, rtol=1e-11, atol=1e-11)
    left = np.sum(ct * reference(lhs, u, **params))
    np.testing.assert_allclose(np.sum(ct_rhs * u), left, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_against_scipy(rank):
    rng = np.random.default_rng(rank)
    x = rng.standard_normal((2, 3, 9, 8, 7)[: rank + 2])
    w = rng.standard_normal((4, 3, 3, 4, 2)[: rank + 2])
    for padding, mode in (("VALID", "valid"), ([(k - 1, k - 1) for k in w.shape[2:]], "full")):
        out = conv(x, w, (1,) * rank, padding)
        for n, o in np.ndindex(2, 4):
            wanted = sum(scipy.signal.correlate(x[n, c], w[o, c], mode) for c in range(3))
            np.testing.assert_allclose(out[n, o], wanted, rtol=1e-11, atol=1e-11)


LAYOUTS = [
    None,
    ("NHWC", "HWIO", "NHWC"),
    ("NCHW", "OIHW", "NHWC"),
    ("HWNC", "IHWO", "CHNW"),
    ("CWNH", "WHOI", "WCHN"),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("lhs", "rhs", "groups", "strides"),
    [
        ((24, 3, 28, 28), (8, 3, 3, 3), 1, (1, 1)),  # more than one chunk, long rows
        ((40, 16, 12, 11), (24, 16, 5, 3), 1, (2, 1)),  # more than one chunk, many channels
        ((3, 4, 60, 50), (5, 4, 4, 5), 1, (4, 5)),  # windows that do not overlap
        ((2, 5, 90, 70), (7, 5, 1, 1), 1, (1, 1)),  # one tap
        ((1, 6, 80, 71), (4, 6, 3, 3), 1, (1, 1)),  # one image
        ((6, 300, 11, 9), (300, 1, 3, 3), 300, (1, 1)),  # one channel a group
        ((6, 64, 30, 9), (128, 4, 3, 3), 16, (1, 1)),  # groups, more than one chunk
    ],
)
def test_layouts_and_large_arrays(layout, lhs, rhs, groups, strides):
    """Every way through memory gives what one sum over taps gives; gradients too."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(lhs), rng.standard_normal(rhs)
    padding = ((1, 0), (0, 2)) if rhs[2] > 1 else ((0, 0), (0, 0))
    padded = np.pad(x, ((0, 0), (0, 0), *padding))
    xg = padded.reshape(lhs[0], groups, -1, *padded.shape[2:])
    wg = w.reshape(groups, -1, *rhs[1:])
    size = [(n - k) // s + 1 for n, k, s in zip(padded.shape[2:], rhs[2:], strides, strict=True)]
    ct = rng.standard_normal((lhs[0], rhs[0], *size))
    ctg = ct.reshape(lhs[0], groups, -1, *size)
    wanted = np.zeros_like(ctg)
    ct_x, ct_w = np.zeros_like(xg), np.zeros_like(wg)
    for i, j in np.ndindex(*rhs[2:]):
        at = (
            ...,
            slice(i, i + (size[0] - 1) * strides[0] + 1, strides[0]),
            slice(j, j + (size[1] - 1) * strides[1] + 1, strides[1]),
        )
        wanted += np.einsum("ngchw,goc->ngohw", xg[at], wg[..., i, j], optimize=True)
        ct_x[at] += np.einsum("ngohw,goc->ngchw", ctg, wg[..., i, j], optimize=True)
        ct_w[..., i, j] = np.einsum("ngohw,ngchw->goc", ctg, xg[at], optimize=True)
    ct_x = ct_x.reshape(padded.shape)[:, :, padding[0][0] :, padding[1][0] :]
    ct_x = ct_x[:, :, : lhs[2], : lhs[3]]
    numbers = conv_dimension_numbers(lhs, rhs, layout)

    def lay(a, spec):
        return np.ascontiguousarray(np.transpose(a, np.argsort(spec)))

    def fun(x, w):
        return conv_general_dilated(
            x, w, strides, padding, dimension_numbers=layout, feature_group_count=groups
        )

    out, pull = vjp(fun, lay(x, numbers.lhs_spec), lay(w, numbers.rhs_spec))
    out_spec = numbers.out_spec
    np.testing.assert_allclose(out, lay(wanted.reshape(ct.shape), out_spec), atol=1e-9)
    found = pull(lay(ct, out_spec))
    np.testing.assert_allclose(found[0], lay(ct_x, numbers.lhs_spec), atol=1e-9)
    np.testing.assert_allclose(found[1], lay(ct_w.reshape(rhs), numbers.rhs_spec), atol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_vmap(seed):
    rng = np.random.default_rng(seed)
    params, lhs_shape, rhs_shape = geometry(rng, 1 + seed % 2)
    xs, ws = rng.standard_normal((3, 2, *lhs_shape)), rng.standard_normal((3, 2, *rhs_shape))

    def fun(x, w):
        return conv_general_dilated(x, w, **params)

    wanted = np.stack([[fun(xs[i, j], ws[i, j]) for j in range(2)] for i in range(3)])
    np.testing.assert_allclose(vmap(vmap(fun))(xs, ws), wanted, atol=1e-12)
    one = vmap(vmap(fun, in_axes=(0, None)), in_axes=(0, None))(xs, ws[1, 0])
    np.testing.assert_allclose(one[2, 1], fun(xs[2, 1], ws[1, 0]), atol=1e-12)
    two = vmap(vmap(fun, in_axes=(None, 0)), in_axes=(0, None))(xs[:, 0], ws[0])
    np.testing.assert_allclose(two[2, 1], fun(xs[2, 0], ws[0, 1]), atol=1e-12)

    def gradient(x, w, ct):
        return vjp(fun, x, w)[1](ct)

    cts = rng.standard_normal(wanted[0].shape)
    found = vmap(jit(gradient))(xs[0], ws[0], cts)
    for i in range(2):
        for a, b in zip(found, gradient(xs[0, i], ws[0, i], cts[i]), strict=True):
            np.testing.assert_allclose(a[i], b, atol=1e-12)


def test_dtypes():
    rng = np.random.default_rng(0)
    x, w = rng.integers(-4, 5, (2, 3, 6)), rng.integers(-4, 5, (4, 3, 2))
    wanted = reference(x, w, (1,), ((0, 0),), (1,), (1,))
    out = conv(x, w, (1,), "VALID")
    assert out.dtype == np.int64
    np.testing.assert_array_equal(out, wanted)
    for a, b, result in (
        (np.float32, np.float32, np.float32),
        (np.float32, np.float64, np.float64),
        (np.float64, np.complex128, np.complex128),
        (np.complex64, np.float32, np.complex64),
        (np.int32, np.float64, np.float64),
    ):
        out = conv(x.astype(a), w.astype(b), (1,), "VALID")
        assert out.dtype == result
        np.testing.assert_array_equal(out, wanted)
    small = conv_general_dilated(
        x.astype(np.int8), 30 * w.astype(np.int8), (1,), "VALID", preferred_element_type=np.int32
    )
    assert small.dtype == np.int32
    np.testing.assert_array_equal(small, 30 * wanted)


def test_complex_gradient_of_a_real_kernel_is_real():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 2, 5)) + 1j * rng.standard_normal((1, 2, 5))
    w = rng.standard_normal((3, 2, 2))
    out, pull = vjp(lambda w: conv(x, w, (1,), "VALID"), w)
    ct = rng.standard_normal(out.shape) + 1j * rng.standard_normal(out.shape)
    u = rng.standard_normal(w.shape)
    (found,) = pull(ct)
    assert found.dtype == np.float64
    wanted = np.sum(ct * conv(x, u, (1,), "VALID")).real
    np.testing.assert_allclose(np.sum(found * u), wanted, rtol=1e-12)


def test_padding_names():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, 2, 9)), rng.standard_normal((3, 2, 4))
    same = conv(x, w, (2,), "SAME")
    assert same.shape == (1, 3, 5)
    np.testing.assert_array_equal(same, conv(x, w, (2,), [(1, 2)]))
    np.testing.assert_array_equal(conv(x, w, (2,), "SAME_LOWER"), conv(x, w, (2,), [(2, 1)]))
    np.testing.assert_array_equal(conv(x, w, (2,), "valid"), conv(x, w, (2,), [(0, 0)]))
    dilated = conv_with_general_padding(x, w, (1,), "SAME", None, (2,))
    np.testing.assert_array_equal(
        dilated, conv_with_general_padding(x, w, (1,), [(3, 3)], (1,), (2,))
    )


def test_dimension_numbers():
    numbers = conv_dimension_numbers((1,) * 4, (1,) * 4, ("NHWC", "WHIO", "CNWH"))
    assert numbers == ConvDimensionNumbers((0, 3, 2, 1), (3, 2, 0, 1), (1, 0, 2, 3))
    assert conv_dimension_numbers((1,) * 4, (1,) * 4, numbers) is numbers
    assert conv_dimension_numbers((1,) * 3, (1,) * 3) == ((0, 1, 2),) * 3


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("k", "stride", "dilation"), [(3, 2, 1), (2, 3, 1), (4, 2, 2), (1, 2, 1)])
def test_transposed_convolution_is_the_adjoint(padding, k, stride, dilation):
    rng = np.random.default_rng(0)
    small = rng.standard_normal((2, 5, 3))
    w = rng.standard_normal((k, 4, 3))
    large = conv_transpose(
        small, w, (stride,), padding, rhs_dilation=(dilation,), transpose_kernel=True
    )
    length = (k - 1) * dilation + 1
    grown = 5 * stride if padding == "SAME" else 5 * stride + max(length - stride, 0)
    assert large.shape == (2, grown, 4)
    y = rng.standard_normal(large.shape)
    back = conv_general_dilated(y, w, (stride,), padding, None, (dilation,), ("NWC", "WIO", "NWC"))
    np.testing.assert_allclose(np.sum(large * y), np.sum(back * small), rtol=1e-12)


def test_transposed_convolution_stretches():
    x = np.arange(1.0, 4.0).reshape(1, 1, 3)
    w = np.array([1.0, 10.0]).reshape(1, 1, 2)
    numbers = ("NCW", "OIW", "NCW")
    out = conv_transpose(x, w, (2,), [(1, 1)], dimension_numbers=numbers)
    np.testing.assert_array_equal(out[0, 0], [10, 1, 20, 2, 30, 3])
    out = conv_transpose(x, w, (2,), "SAME", dimension_numbers=numbers)
    assert out.shape == (1, 1, 6)


def test_patches_are_what_the_kernel_multiplies():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((3, 2, 3, 5))
    layout = ("NHWC", "HWIO", "NHWC")
    args = ((2, 1), "SAME", None, (1, 2), layout)
    patches = conv_general_dilated_patches(x, (3, 2), *args)
    flat = w.transpose(2, 0, 1, 3).reshape(18, 5)
    np.testing.assert_allclose(
        patches @ flat, conv_general_dilated(x, w, *args), rtol=1e-12, atol=1e-12
    )


def test_empty_results_and_operands():
    w = np.ones((4, 3, 5))
    out, pull = vjp(lambda x, w: conv(x, w, (1,), "VALID"), np.ones((2, 3, 4)), w)
    assert out.shape == (2, 4, 0)
    ct_x, ct_w = pull(out)
    np.testing.assert_array_equal(ct_x, np.zeros((2, 3, 4)))
    np.testing.assert_array_equal(ct_w, np.zeros((4, 3, 5)))
    assert conv(np.ones((0, 3, 6)), w, (1,), "VALID").shape == (0, 4, 2)
    np.testing.assert_array_equal(
        conv(np.ones((1, 0, 6)), np.ones((4, 0, 5)), (1,), "VALID"), np.zeros((1, 4, 2))
    )


def test_no_space_is_a_matrix_product():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
    np.testing.assert_allclose(conv(x, w, (), ()), x @ w.T)


def test_zeros_of_cotangents_are_strong():
    x = np.array([1.0, 2.0, np.inf, np.nan, 3.0]).reshape(1, 1, 5)
    w = np.array([2.0, -1.0]).reshape(1, 1, 2)
    finite = np.array([True, False, False, False]).reshape(1, 1, 4)

    def loss(x, w):
        return reduce_sum(select(finite, conv(x, w, (1,), "VALID"), 0.0), axes=(0, 1, 2))

    np.testing.assert_array_equal(grad(loss, 1)(x, w)[0, 0], [1, 2])
    np.testing.assert_array_equal(jit(grad(loss, 1))(x, w)[0, 0], [1, 2])
    w = np.array([2.0, np.inf]).reshape(1, 1, 2)
    nowhere = np.zeros((1, 1, 4), bool)

    def untaken(x, w):
        return reduce_sum(select(nowhere, conv(x, w, (1,), "VALID"), 0.0), axes=(0, 1, 2))

    np.testing.assert_array_equal(grad(untaken)(x, w), np.zeros((1, 1, 5)))
    np.testing.assert_array_equal(grad(loss)(x, w)[0, 0], [2, np.inf, 0, 0, 0])


def test_strong_product_keeps_infinities_and_their_signs():
    params = {
        "window_strides": (1,),
        "padding": ((0, 0),),
        "lhs_dilation": (1,),
        "rhs_dilation": (1,),
        "feature_group_count": 1,
        "batch_group_count": 1,
    }
    z = np.array([0.0, 2.0, 0.0, -1.0, 0.0]).reshape(1, 1, 5)
    d = np.array([np.inf, 3.0]).reshape(1, 1, 2)
    first = convolution(z, d, strong=0, **params)
    np.testing.assert_array_equal(first[0, 0], [6, np.inf, -3, -np.inf])
    second = convolution(d, z[:, :, :2], strong=1, **params)
    np.testing.assert_array_equal(second[0, 0], [6])
    cancel = np.array([1.0, -1.0]).reshape(1, 1, 2)
    both = np.array([np.inf, np.inf]).reshape(1, 1, 2)
    assert np.isnan(convolution(cancel, both, strong=0, **params)).all()


def test_second_order_mixes_operands():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6)), rng.standard_normal((4, 3, 3))

    def loss(x, w):
        return reduce_sum(conv(x, w, (2,), "SAME") ** 3, axes=(0, 1, 2))

    u = rng.standard_normal(w.shape)
    mixed = jvp(lambda w: grad(loss)(x, w), (w,), (u,))[1]
    h = 1e-6
    wanted = (grad(loss)(x, w + h * u) - grad(loss)(x, w - h * u)) / (2 * h)
    np.testing.assert_allclose(mixed, wanted, rtol=1e-6, atol=1e-6)


def test_operands_are_not_changed_and_results_are_fresh():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 4, 4)), rng.standard_normal((3, 3, 1, 1))
    kept = x.copy(), w.copy()
    for fun in (conv, jit(conv, static_argnums=(2, 3))):
        out = fun(x, w, (1, 1), "VALID")
        assert out.flags.writeable
        assert not np.shares_memory(out, x)
        assert not np.shares_memory(out, w)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(w, kept[1])


@pytest.mark.parametrize(
    ("lhs", "rhs", "kwargs", "message"),
    [
        ((2, 3, 5), (4, 2, 2), {}, "3 channels, but the kernel takes 2 in each of 1 feature"),
        ((2, 6, 5), (4, 2, 2), {"feature_group_count": 3}, "4 outputs do not divide into 3"),
        ((3, 2, 5), (4, 2, 2), {"batch_group_count": 2}, "3 images and 4 outputs do not"),
        (
            (2, 4, 5),
            (4, 2, 2),
            {"feature_group_count": 2, "batch_group_count": 2},
            "one of feature_group_count and batch_group_count must be 1",
        ),
        ((2, 3, 5), (4, 3, 2, 2), {}, "equal rank of at least 2"),
        ((2, 3, 5), (4, 3, 2), {"dimension_numbers": ("NHC", "OIW", "NCW")}, "do not fit arrays"),
        ((2, 3, 5), (4, 3, 2), {"window_strides": (1, 1)}, "window_strides must be 1 positive"),
        ((2, 3, 5), (4, 3, 2), {"padding": "SAME", "lhs_dilation": (2,)}, "use conv_transpose"),
        ((2, 3, 5), (4, 3, 2), {"padding": [(1, 1), (0, 0)]}, r"pair for each of 1 axes"),
    ],
)
def test_errors(lhs, rhs, kwargs, message):
    kwargs = {"window_strides": (1,), "padding": "VALID", **kwargs}
    with pytest.raises(ShapeError, match=message):
        conv_general_dilated(np.ones(lhs), np.ones(rhs), **kwargs)


def test_transposed_padding_must_be_known():
    with pytest.raises(ShapeError, match='is not "SAME", "VALID" or pairs'):
        conv_transpose(np.ones((1, 3, 1)), np.ones((2, 1, 1)), (2,), "FULL")
