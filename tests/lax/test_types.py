"""Operands that JAX refuses are refused: mixed dtypes, complex numbers, shapes that broadcast."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import funcgrad as fg
from funcgrad import lax

F = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
SINGLE, INTEGERS, COMPLEX = F.astype(np.float32), F.astype(int), F + 1j
TWO = "add atan2 complex div eq ge gt le lt max min mul ne nextafter rem sub igamma igammac zeta"


@pytest.mark.parametrize("name", TWO.split())
def test_dtypes_are_not_mixed(name):
    fun = getattr(lax, name)
    for call in (lambda: fun(F, SINGLE), lambda: fg.jit(fun)(F, SINGLE),
                 lambda: fg.vmap(fun)(F, SINGLE)):  # fmt: skip
        with pytest.raises(TypeError, match=f"{name} takes operands of one dtype"):
            call()
    with pytest.raises(fg.errors.ShapeError, match=rf"{name}: .* shapes \(2, 3\) and \(3,\)"):
        fun(F, F[0])
    assert_array_equal(fun(F, F[:1]), fun(F, np.broadcast_to(F[:1], F.shape)))
    assert_array_equal(fun(F, 2.0), fun(F, np.full_like(F, 2.0)))


@pytest.mark.parametrize("name", "add sub mul div max min rem".split())
def test_numbers_take_the_dtype_that_they_meet(name):
    fun = getattr(lax, name)
    assert fun(SINGLE, 2).dtype == fun(2.0, SINGLE).dtype == np.float32
    assert fun(INTEGERS.astype(np.int8), 2).dtype == np.int8
    with pytest.raises(TypeError, match="does not become int64"):
        fun(INTEGERS, 2.5)


REFUSED = {
    "floats of integers": ("sin cos exp log sqrt tanh logistic erf lgamma digamma floor ceil "
                           "round rsqrt cbrt bessel_i0e", INTEGERS),
    "real of complex": ("floor ceil round erf erfc lgamma cbrt bessel_i1e", COMPLEX),
    "bits of floats": ("bitwise_not population_count clz", F),
    "truth values": ("neg abs sign square", F > 2),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_kinds_without_meaning_are_refused(kind):
    names, x = REFUSED[kind]
    for name in names.split():
        fun = getattr(lax, name)
        for call in (lambda f=fun: f(x), lambda f=fun: fg.jit(f)(x)):
            with pytest.raises(TypeError, match=rf"{name} takes .*got"):
                call()


CALLS = {
    "order of complex": (lambda: lax.lt(COMPLEX, COMPLEX), "lt takes real numbers"),
    "sum of truth values": (lambda: lax.reduce_sum(F > 2, (0,)), "reduce_sum takes numbers"),
    "bits of floats": (lambda: lax.reduce_or(F, (0,)), "reduce_or takes integers or truth"),
    "cumulative sum": (lambda: lax.cumsum(F > 2), "cumsum takes numbers, not truth values"),
    "position": (lambda: lax.argmax(COMPLEX, 0), "argmax takes real numbers"),
    "clamp": (lambda: lax.clamp(0.0, F, np.float32(1)), "clamp takes operands of one dtype"),
    "select": (lambda: lax.select(F > 2, F, SINGLE), "select takes operands of one dtype"),
    "select_n": (lambda: lax.select_n(F > 2, F, SINGLE), "select_n takes operands of one dtype"),
    "concatenate": (lambda: lax.concatenate([F, SINGLE], 0), "concatenate takes operands of one"),
    "pad": (lambda: lax.pad(INTEGERS, 0.5, [(0, 0, 0)] * 2), "pad: 0.5 .* does not become int64"),
    "pow of integers": (lambda: lax.pow(INTEGERS, 2), "pow takes floating-point"),
    "negative power": (lambda: lax.integer_pow(INTEGERS, -1), "integers have no power -1"),
    "complex of halves": (lambda: lax.complex(*[F.astype(np.float16)] * 2), "float32 or float64"),
    "scatter": (lambda: lax.scatter_add(F, np.zeros((1, 1), int), SINGLE[:1], NUMBERS), "convert"),
    "float indices": (lambda: lax.scatter_add(F, np.zeros((1, 1)), F[:1], NUMBERS), "integers"),
    "dimension numbers": (lambda: lax.gather(F, INTEGERS, ((), (), ()), (1, 1)), "GatherDimension"),
    "an axis twice": (lambda: lax.rev(F, (0, 0)), "an axis twice"),
}
NUMBERS = lax.ScatterDimensionNumbers((1,), (0,), (0,))


@pytest.mark.parametrize("label", CALLS)
def test_wrong_types_of_one_call(label):
    call, words = CALLS[label]
    with pytest.raises((TypeError, ValueError), match=words):
        call()


SHAPES = {
    "select": (lambda: lax.select(F[0] > 2, F, F), "must be a scalar or have the one shape"),
    "clamp": (lambda: lax.clamp(F[0], F, 2.0), "min has shape"),
    "tile": (lambda: lax.tile(F, (2,)), "one number for each axis"),
    "split": (lambda: lax.split(F, (1, 1), 1), "sum up to 2, not to 3"),
    "no maximum of no place": (lambda: lax.argmax(np.ones((2, 0)), 1), "is empty"),
    "bits": (lambda: lax.bitcast_convert_type(INTEGERS.astype("i4"), float), "a last axis of 2"),
    "windows": (lambda: lax.gather(F, INTEGERS[:, :1], ROW, (3, 1)), "does not fit axis 0"),
    "indices": (lambda: lax.gather(F, INTEGERS, ROW, (1, 1)), "the 1 components"),
    "updates": (lambda: lax.scatter(F, INTEGERS[:, :1], F[:1], NUMBERS), "else the shape"),
    "start indices": (lambda: lax.dynamic_slice(F, (0,), (1, 1)), "1 start indices for the 2 axes"),
    "groups": (lambda: lax.ragged_dot(F, F[None, :, :1], np.array([1, 1])), "2 group_sizes for 1"),
}
ROW = lax.GatherDimensionNumbers((1,), (0,), (0,))


@pytest.mark.parametrize("label", SHAPES)
def test_wrong_shapes_of_one_call(label):
    call, words = SHAPES[label]
    with pytest.raises(fg.errors.ShapeError, match=words):
        call()


def test_ends_of_reductions_and_rounding():
    empty = np.zeros((0, 2))
    assert_array_equal(lax.reduce_max(empty, (0,)), [-np.inf, -np.inf])
    assert_array_equal(lax.reduce_min(empty.astype("i1"), (0,)), [127, 127])
    assert_array_equal(lax.reduce(empty, 3.0, lambda a, b: a + b, (0,)), [3.0, 3.0])
    halves = np.array([0.5, 1.5, -0.5, -2.5, 0.49999999999999994, -0.0])
    assert_array_equal(lax.round(halves), [1, 2, -1, -3, 0, 0])
    assert_array_equal(lax.round(halves, lax.RoundingMethod.TO_NEAREST_EVEN), np.round(halves))
    assert_array_equal(lax.round(np.array([2.0**52 + 1, np.inf, -np.inf])),
                       [2.0**52 + 1, np.inf, -np.inf])  # fmt: skip
    assert_array_equal(np.signbit(lax.round(np.array([-0.2, -0.0]))), [True, True])


def test_reduced_precision_of_derivatives_and_ends():
    x = np.array([65519.0, 65520.0, 6.103515625e-05, 6.1e-05, np.nan, -np.inf])
    expected = [65504.0, np.inf, 6.103515625e-05, 0.0, np.nan, -np.inf]
    assert_array_equal(lax.reduce_precision(x, 5, 10), expected)
    assert_array_equal(lax.reduce_precision(np.array([1.9999999, 1.5, 2.5]), 11, 0), [2, 2, 2])
    f = lambda x: lax.reduce_precision(x, 8, 2) * 1.3  # noqa: E731
    assert fg.grad(f)(0.7) == lax.reduce_precision(1.3, 8, 2) == 1.25
    with pytest.raises(ValueError, match="at least 1"):
        lax.reduce_precision(x, 0, 5)
