"""Functions of shapes, new arrays, and names that stand for options."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import funcgrad as fg
from funcgrad import lax


def test_counting():
    assert_array_equal(lax.iota(np.float32, 4), np.arange(4, dtype=np.float32))
    for axis, shape in ((0, (2, 3)), (1, (2, 3)), (2, (3, 1, 4))):
        expected = np.indices(shape)[axis].astype(np.int32)
        found = lax.broadcasted_iota(np.int32, shape, axis)
        assert_array_equal(found, expected)
        assert found.dtype == np.int32
        found[...] = 0  # it is the caller's
    with pytest.raises(TypeError, match="one of numbers"):
        lax.iota(bool, 3)
    with pytest.raises(fg.errors.ShapeError, match="negative size"):
        lax.iota(int, -1)


def test_new_arrays_and_dtypes():
    assert_array_equal(lax.empty((2, 3), np.int8), np.zeros((2, 3), np.int8))
    assert lax.full((2,), 3).dtype == np.int64
    assert lax.full((2,), np.float32(3)).dtype == np.float32
    assert lax.dtype(1.5) == np.float64
    assert fg.jit(lambda x: x * (lax.dtype(x) == np.float32))(np.float32(2)) == 2
    assert_array_equal(lax.shape_as_value((2, 3)), [2, 3])
    with pytest.raises(fg.errors.ShapeError, match="must be a scalar"):
        lax.full((2,), np.ones(2))


SHAPES = [((), ()), ((2, 1), (3,)), ((4, 1, 3), (1, 2, 1)), ((0,), (1,)), ((5,),)]


@pytest.mark.parametrize("shapes", SHAPES)
def test_broadcast_shapes(shapes):
    assert lax.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes)


def test_shapes_of_convolutions_are_those_that_come_out():
    x, w = np.ones((2, 7, 8, 3)), np.ones((3, 2, 3, 5))
    numbers = ("NHWC", "HWIO", "NHWC")
    for padding in ("SAME", "VALID", [(1, 0), (2, 1)]):
        found = lax.conv_general_shape_tuple(x.shape, w.shape, (2, 1), padding, numbers)
        assert (
            found
            == lax.conv_general_dilated(x, w, (2, 1), padding, dimension_numbers=numbers).shape
        )
        found = lax.conv_transpose_shape_tuple(x.shape, w.shape, (2, 1), padding, numbers)
        assert found == lax.conv_transpose(x, w, (2, 1), padding, dimension_numbers=numbers).shape
        front, kernel = x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1)
        found = lax.conv_shape_tuple(front.shape, kernel.shape, (2, 1), padding)
        assert found == lax.conv(front, kernel, (2, 1), padding).shape
    lhs, rhs, out = lax.conv_general_permutations(numbers)
    assert x.transpose(lhs).shape == (2, 3, 7, 8)
    assert w.transpose(rhs).shape == (5, 3, 3, 2)
    assert out == lhs


def test_consistent_padding_undoes_that_of_the_convolution():
    w, y = np.array([[[1.0]], [[10.0]], [[100.0]]]), np.arange(1.0, 4.0).reshape(1, 3, 1)
    found = lax.conv_transpose(y, w, (2,), [(1, 1)], use_consistent_padding=True,
                               transpose_kernel=True)  # fmt: skip

    def convolved(x):
        return lax.conv_general_dilated(x, w, (2,), [(1, 1)],
                                        dimension_numbers=("NWC", "WIO", "NWC"))  # fmt: skip

    (expected,) = fg.vjp(convolved, np.zeros((1, 5, 1)))[1](y)
    assert_array_equal(found, expected)


def test_shapes_of_windows():
    shape = lax.reduce_window_shape_tuple((7, 8), (3, 2), (2, 3), "SAME", (1, 2), (2, 1))
    found = lax.reduce_window(np.ones((7, 8)), 0.0, lax.add, (3, 2), (2, 3), "SAME", (1, 2), (2, 1))
    assert found.shape == shape
    assert lax.padtype_to_pads((7, 8), (3, 2), (2, 3), "SAME") == [(1, 1), (0, 0)]
    assert lax.padtype_to_pads((7,), (3,), (1,), "valid") == [(0, 0)]


def test_precisions_and_accuracies_change_nothing():
    x = np.linspace(0.1, 0.9, 6).reshape(2, 3)
    algorithm = lax.DotAlgorithm(np.float32, np.float32, np.float32)
    names = ("highest", ("high", "default"), lax.Precision.HIGH, lax.DotAlgorithmPreset.DEFAULT)
    for precision in (None, algorithm, *names):
        assert_array_equal(lax.dot(x, x.T, precision=precision), x @ x.T)
        assert_array_equal(lax.dot_general(x, x, (((1,), (1,)), ((), ())), precision), x @ x.T)
    for accuracy in (None, lax.AccuracyMode.HIGHEST, lax.Tolerance(1e-3)):
        assert_array_equal(lax.exp(x, accuracy=accuracy), np.exp(x))
    assert lax.Precision("float32") is lax.Precision.HIGHEST
    with pytest.raises(ValueError, match="no such"):
        lax.Precision("no such")


def test_modes_have_names():
    modes = lax.GatherScatterMode
    assert modes.from_any("clip") is modes.CLIP
    assert modes.from_any(modes.ONE_HOT) is modes.ONE_HOT
    assert modes.from_any(None) is modes.from_any("drop") is modes.FILL_OR_DROP
    with pytest.raises(ValueError, match="'wrap' is unknown"):
        modes.from_any("wrap")
    numbers = lax.GatherDimensionNumbers((1,), (0,), (0,))
    assert pickle.loads(pickle.dumps(numbers)) == numbers
    assert numbers.operand_batching_dims == ()


def test_fill_values_are_those_of_the_dtype():
    numbers = lax.GatherDimensionNumbers((), (0,), (0,))
    outside = np.array([[9]])
    for dtype, value in (("f4", np.nan), ("i2", -32768), ("u1", 255), ("?", True)):
        found = lax.gather(np.zeros(3, dtype), outside, numbers, (1,), mode="fill")
        assert_array_equal(found, np.array([value], dtype))


def test_names_of_compilers_and_devices():
    x = np.ones(2)
    assert lax.optimization_barrier((x, 2.0)) == (x, 2.0)
    assert_array_equal(fg.grad(lambda x: np.sum(lax.optimization_barrier(x) ** 2))(x), 2 * x)
    assert lax.with_sharding_constraint(x, "anything") is x
    assert lax.composite(np.sin, "my.sine")(0.5) == np.sin(0.5)
    f = lambda x: lax.platform_dependent(x, cpu=np.sin, cuda=np.cos)  # noqa: E731
    for transform in (lambda f: f, fg.jit, fg.vmap):
        assert_array_equal(transform(f)(x), np.sin(x))
    assert lax.platform_dependent(2.0, tpu=np.sin, default=np.cos) == np.cos(2.0)
    with pytest.raises(ValueError, match="no function for cpu"):
        lax.platform_dependent(2.0, cuda=np.sin)
