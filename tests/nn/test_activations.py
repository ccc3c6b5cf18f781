"""Activation functions: values and derivatives against mpmath, limits, kinks, dtypes, laws."""

from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

import funcgrad as fg
from funcgrad.nn import activations as nn
from funcgrad.testing import check_grads

LOGISTIC = lambda x: 1 / (1 + mpmath.exp(-x))  # noqa: E731
SOFTPLUS = lambda x: mpmath.log1p(mpmath.exp(x))  # noqa: E731
SELU = (mpmath.mpf("1.0507009873554804934193349852946"), 1.6732632423543772848170429916717)


def limit(x, low, high):
    return min(max(x, mpmath.mpf(low)), mpmath.mpf(high))


def gelu_tanh(x):
    inner = mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)
    return x / 2 * (1 + mpmath.tanh(inner))


# Function, its definition in mpmath, value and derivative at inf, at -inf, derivative at kinks.
ELEMENTWISE: dict[str, Any] = {
    "celu": (nn.celu, lambda x: x if x > 0 else mpmath.expm1(x), (np.inf, 1, -1, 0), {0: 1}),
    "elu": (nn.elu, lambda x: x if x > 0 else mpmath.expm1(x), (np.inf, 1, -1, 0), {0: 1}),
    "gelu": (nn.gelu, gelu_tanh, (np.inf, 1, 0, 0), {}),
    "gelu exact": (
        lambda x: nn.gelu(x, approximate=False),
        lambda x: x / 2 * mpmath.erfc(-x / mpmath.sqrt(2)),
        (np.inf, 1, 0, 0),
        {},
    ),
    "hard_sigmoid": (
        nn.hard_sigmoid,
        lambda x: limit(x + 3, 0, 6) / 6,
        (1, 0, 0, 0),
        {-3: 0, 3: 0},
    ),
    "hard_silu": (
        nn.hard_silu,
        lambda x: x * limit(x + 3, 0, 6) / 6,
        (np.inf, 1, 0, 0),
        {-3: 0, 3: 1},
    ),
    "hard_tanh": (nn.hard_tanh, lambda x: limit(x, -1, 1), (1, 0, -1, 0), {-1: 1, 1: 1}),
    "leaky_relu": (
        nn.leaky_relu,
        lambda x: x if x >= 0 else x * mpmath.mpf(0.01),
        (np.inf, 1, -np.inf, 0.01),
        {0: 1},
    ),
    "log_sigmoid": (nn.log_sigmoid, lambda x: -SOFTPLUS(-x), (0, 0, -np.inf, 1), {}),
    "mish": (nn.mish, lambda x: x * mpmath.tanh(SOFTPLUS(x)), (np.inf, 1, 0, 0), {}),
    "relu": (nn.relu, lambda x: max(x, mpmath.mpf(0)), (np.inf, 1, 0, 0), {0: 0}),
    "relu6": (nn.relu6, lambda x: limit(x, 0, 6), (6, 0, 0, 0), {0: 0, 6: 0}),
    "selu": (
        nn.selu,
        lambda x: SELU[0] * (x if x > 0 else SELU[1] * mpmath.expm1(x)),
        (np.inf, float(SELU[0]), -float(SELU[0]) * SELU[1], 0),
        {0: float(SELU[0]) * SELU[1]},
    ),
    "sigmoid": (nn.sigmoid, LOGISTIC, (1, 0, 0, 0), {}),
    "silu": (nn.silu, lambda x: x * LOGISTIC(x), (np.inf, 1, 0, 0), {}),
    "soft_sign": (nn.soft_sign, lambda x: x / (1 + abs(x)), (1, 0, -1, 0), {0: 1}),
    "softplus": (nn.softplus, SOFTPLUS, (np.inf, 1, 0, 0), {}),
    "sparse_plus": (
        nn.sparse_plus,
        lambda x: mpmath.mpf(0) if x < -1 else x if x > 1 else (x + 1) ** 2 / 4,
        (np.inf, 1, 0, 0),
        {-1: 0, 1: 1},
    ),
    "sparse_sigmoid": (
        nn.sparse_sigmoid,
        lambda x: limit(x + 1, 0, 2) / 2,
        (1, 0, 0, 0),
        {-1: 0.25, 1: 0.25},
    ),
    "squareplus": (
        nn.squareplus,
        lambda x: (x + mpmath.sqrt(x * x + 4)) / 2,
        (np.inf, 1, 0, 0),
        {},
    ),
    "tanh": (nn.tanh, mpmath.tanh, (1, 0, -1, 0), {}),
}
GRID = (
    -1e4,
    -800.0,
    -90.0,
    -30.0,
    -8.5,
    -2.5,
    -0.625,
    -1e-5,
    1e-9,
    0.75,
    2.0,
    5.0,
    20.0,
    95.0,
    1e4,
)

ROWS = {
    "glu": lambda x: nn.glu(x),
    "log_softmax": lambda x: nn.log_softmax(x),
    "logsumexp": lambda x: nn.logsumexp(x, -1),
    "softmax": lambda x: nn.softmax(x),
    "standardize": lambda x: nn.standardize(x),
}
ALIASES = {"swish": nn.silu, "hard_swish": nn.hard_silu, "softsign": nn.soft_sign}


def test_every_name_has_a_case():
    cases = {name.split()[0] for name in ELEMENTWISE} | set(ROWS) | set(ALIASES)
    cases |= {"log1mexp", "one_hot"}
    assert cases == set(nn.__all__)
    for name, function in ALIASES.items():
        assert getattr(nn, name) is function


@cache
def exact(name):
    """Values and three derivatives at the grid, one row for each order."""
    with mpmath.workdps(60):
        series = [mpmath.taylor(ELEMENTWISE[name][1], mpmath.mpf(x), 3) for x in GRID]
        return [[s[k] * mpmath.factorial(k) for s in series] for k in range(4)]


def derivative(function, order):
    """The derivative of an order, in forward and reverse mode by turns."""
    for k in range(order):
        inner = function
        if k % 2:
            function = lambda x, f=inner: fg.jvp(f, (x,), (np.ones_like(x),))[1]  # noqa: E731
        else:
            function = fg.grad(inner)
    return function


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_derivatives_are_accurate_up_to_large_arguments(name, dtype):
    function = ELEMENTWISE[name][0]
    x = np.array(GRID, dtype)
    eps = float(np.finfo(dtype).eps)
    for order, tolerance in enumerate((4, 20, 60, 600)):
        f = derivative(function, order)
        expected = np.array([float(v) for v in exact(name)[order]])
        # The grid is not exact in float32: 1/2 eps of x, times the next derivative and x.
        slack = (
            0
            if dtype == "float64" or order == 3
            else eps * np.abs(np.array([float(v) for v in exact(name)[order + 1]]) * np.array(GRID))
        )
        bound = tolerance * eps * np.maximum(np.abs(expected), 1) + slack
        for got in (np.array([f(v) for v in x]), fg.vmap(f)(x), fg.jit(fg.vmap(f))(x)):
            assert got.dtype == dtype
            assert np.all(np.isfinite(got))
            assert np.all(np.abs(got - expected) <= bound), (order, x, got - expected)


@pytest.mark.parametrize("name", ["softplus", "log_sigmoid", "sigmoid", "silu", "squareplus"])
def test_small_values_have_relative_accuracy(name):
    expected = np.array([float(v) for v in exact(name)[0]])
    np.testing.assert_allclose(ELEMENTWISE[name][0](np.array(GRID)), expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", ["softplus", "log_sigmoid", "sigmoid"])
def test_small_derivatives_have_relative_accuracy(name):
    expected = np.array([float(v) for v in exact(name)[1]])
    slopes = fg.vmap(fg.grad(ELEMENTWISE[name][0]))(np.array(GRID))
    np.testing.assert_allclose(slopes, expected, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_limits_at_infinities(name, dtype):
    function, _, (high, high_slope, low, low_slope), _ = ELEMENTWISE[name]
    x = np.array([np.inf, -np.inf], dtype)
    np.testing.assert_allclose(function(x), [high, low], rtol=1e-6)
    slopes = [fg.grad(function)(v) for v in x]
    np.testing.assert_allclose(slopes, [high_slope, low_slope], rtol=1e-6)
    pushed = fg.jvp(function, (x,), (np.ones_like(x),))[1]
    np.testing.assert_allclose(pushed, [high_slope, low_slope], rtol=1e-6)
    second = fg.vmap(derivative(function, 2))(x)
    if name != "gelu exact":  # exp(-x**2) is differentiated at the bound, where it is 0 anyway
        np.testing.assert_array_equal(second, [0, 0])
    np.testing.assert_allclose(second, 0, atol=1e-300)


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if ELEMENTWISE[n][3]])
def test_derivatives_at_kinks(name):
    function, _, _, kinks = ELEMENTWISE[name]
    for x, slope in kinks.items():
        assert fg.grad(function)(float(x)) == pytest.approx(slope, rel=1e-15)
        assert fg.jvp(function, (float(x),), (1.0,))[1] == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_stays_nan(name):
    assert np.isnan(ELEMENTWISE[name][0](np.array([np.nan]))).all()


@pytest.mark.parametrize("name", [*ELEMENTWISE, *ROWS])
def test_derivative_laws(name):
    function = ELEMENTWISE[name][0] if name in ELEMENTWISE else ROWS[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    x = 2 * rng.normal(size=(int(rng.integers(1, 4)), 4))
    check_grads(function, (x,), order=2, directions=1)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *ROWS])
def test_dtypes_and_transformations(name):
    function = ELEMENTWISE[name][0] if name in ELEMENTWISE else ROWS[name]
    x = np.random.default_rng(5).normal(size=(3, 4))
    for dtype in ("float32", "float64"):
        z = x.astype(dtype)
        eager = function(z)
        assert eager.dtype == dtype
        for other in (fg.jit(function), fg.vmap(function), fg.jit(fg.vmap(function))):
            out = other(z)
            assert out.dtype == dtype
            np.testing.assert_allclose(out, eager, rtol=1e-6 if dtype == "float32" else 1e-14)
        for g in (fg.grad, lambda f: fg.jit(fg.grad(f))):
            assert g(lambda z: np.sum(function(z)))(z).dtype == dtype
    whole = np.array([[-2, 0, 1, 4]])
    np.testing.assert_allclose(function(whole), function(whole.astype(float)), rtol=1e-15)


def test_functions_that_select_keep_integers():
    x = np.array([-8, 3, 9], np.int32)
    for function in (nn.relu, nn.relu6, nn.hard_tanh):
        assert function(x).dtype == np.int32


def test_parameters():
    x = np.array([-2.0, -0.5, 0.0, 1.5])
    np.testing.assert_array_equal(nn.leaky_relu(x, 0.25), [-0.5, -0.125, 0, 1.5])
    np.testing.assert_allclose(nn.elu(x, 3.0), np.where(x > 0, x, 3 * np.expm1(x)))
    np.testing.assert_allclose(nn.celu(x, 3.0), np.where(x > 0, x, 3 * np.expm1(x / 3)))
    np.testing.assert_allclose(nn.squareplus(x, 0.5), (x + np.sqrt(x * x + 0.5)) / 2)
    for function in (nn.leaky_relu, nn.elu, nn.celu, nn.squareplus):
        check_grads(function, (x + 0.1, np.float64(0.7)), order=2, directions=1)
        slopes = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
        assert function(x.astype(np.float32), slopes).dtype == np.float32


def test_zeros_of_rectifiers_are_strong():
    for function in (nn.relu, nn.relu6):
        slope = fg.grad(lambda x, f=function: np.sum(np.sqrt(f(x))))
        for x in ([-1.0, 4.0], [0.0, 4.0]):
            np.testing.assert_array_equal(slope(np.array(x)), [0, 0.25])
            np.testing.assert_array_equal(fg.jit(slope)(np.array(x)), [0, 0.25])


def test_glu():
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_allclose(nn.glu(x, 0), x[:2] * scipy.special.expit(x[2:]))
    with pytest.raises(fg.errors.ShapeError, match=r"even size along axis 1; got shape \(4, 3\)"):
        nn.glu(x, 1)


@pytest.mark.parametrize("axis", [-1, 0, (0, 2), None])
def test_softmax_against_scipy(axis):
    x = 50 * np.random.default_rng(1).normal(size=(2, 3, 4))
    np.testing.assert_allclose(nn.softmax(x, axis), scipy.special.softmax(x, axis), rtol=1e-13)
    expected = scipy.special.log_softmax(x, axis)
    np.testing.assert_allclose(nn.log_softmax(x, axis), expected, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(nn.logsumexp(x, axis), scipy.special.logsumexp(x, axis))
    kept = nn.logsumexp(x, axis, keepdims=True)
    np.testing.assert_array_equal(kept.squeeze(), nn.logsumexp(x, axis).squeeze())
    assert kept.ndim == 3


def test_softmax_of_infinite_entries():
    x = np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, -np.inf], [-np.inf, 5.0, -np.inf]])
    e = np.exp(1)
    expected = np.array([[1 / (1 + e), 0, e / (1 + e)], [0, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(nn.softmax(x), expected)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(nn.log_softmax(x), np.log(expected), atol=1e-15)
    np.testing.assert_allclose(nn.logsumexp(x, -1), [np.log(1 + e), -np.inf, 5])
    for function in (nn.softmax, lambda x: np.exp(nn.log_softmax(x))):
        jacobian = fg.vmap(fg.jacrev(function))(x)
        outer = expected[:, :, None] * expected[:, None, :]
        np.testing.assert_allclose(jacobian, np.eye(3) * expected[:, None] - outer, atol=1e-15)
        np.testing.assert_allclose(fg.vmap(fg.jacfwd(function))(x), jacobian, atol=1e-15)
    assert np.all(np.isfinite(fg.vmap(fg.grad(nn.logsumexp))(x)))


@pytest.mark.parametrize("held", [np.nan, np.inf, -np.inf, 7.0])
def test_masks_of_softmax(held):
    mask = np.array([[True, False, True, True], [False, False, False, False]])
    x = np.random.default_rng(2).normal(size=(2, 4))
    dirty = np.where(mask, x, held)
    inside = scipy.special.softmax(x[0, mask[0]])
    expected = np.zeros((2, 4))
    expected[0, mask[0]] = inside
    np.testing.assert_allclose(nn.softmax(dirty, where=mask), expected)
    logs = nn.log_softmax(dirty, where=mask)
    np.testing.assert_allclose(logs[0, mask[0]], np.log(inside))
    assert np.all(logs[~mask] == -np.inf)
    sums = nn.logsumexp(dirty, -1, where=mask)
    np.testing.assert_allclose(sums, [scipy.special.logsumexp(x[0, mask[0]]), -np.inf])
    weights = np.arange(8.0).reshape(2, 4)
    gradient = fg.grad(lambda x: np.sum(weights * nn.softmax(x, where=mask)))(dirty)
    alone = expected * (weights - np.sum(weights * expected, -1, keepdims=True))
    np.testing.assert_allclose(gradient, alone, atol=1e-15)
    gradient = fg.grad(lambda x: np.sum(np.where(mask, nn.log_softmax(x, where=mask), 0)))(dirty)
    np.testing.assert_allclose(gradient[0], (mask[0] - 3 * expected[0]), atol=1e-14)
    np.testing.assert_array_equal(gradient[1], 0)
    gradient = fg.grad(lambda x: nn.logsumexp(x, -1, where=mask)[0])(dirty)
    np.testing.assert_allclose(gradient, expected, atol=1e-15)


def test_standardize():
    x = 3 + 2 * np.random.default_rng(3).normal(size=(2, 5, 3))
    for axis in (-1, (0, 1), None):
        center, spread = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
        np.testing.assert_allclose(
            nn.standardize(x, axis), (x - center) / np.sqrt(spread + 1e-5), rtol=1e-12
        )
    np.testing.assert_allclose(
        nn.standardize(x, mean=1.0, variance=4.0, epsilon=0.0), (x - 1) / 2, rtol=1e-15
    )
    mask = np.array([True, True, False])
    kept = nn.standardize(x[..., :2])
    for held in (np.nan, np.inf):
        dirty = np.where(mask, x, held)
        np.testing.assert_allclose(nn.standardize(dirty, where=mask)[..., :2], kept)
        gradient = fg.grad(lambda x: np.sum(nn.standardize(x, where=mask)[..., :2] ** 3))(dirty)
        clean = fg.grad(lambda x: np.sum(nn.standardize(x) ** 3))(x[..., :2])
        np.testing.assert_allclose(gradient[..., :2], clean, atol=1e-13)
        np.testing.assert_array_equal(gradient[..., 2], 0)
    assert np.all(np.isfinite(nn.standardize(x, where=np.array(False))))
    shifted = nn.standardize(np.array([1e8, 1e8 + 1, 1e8 + 2]), epsilon=0.0)
    np.testing.assert_allclose(shifted, [-np.sqrt(1.5), 0, np.sqrt(1.5)], rtol=1e-14)


def test_one_hot():
    x = np.array([[0, 2, 3], [-1, 1, 5]])
    out = nn.one_hot(x, 4)
    assert (out.shape, out.dtype) == ((2, 3, 4), np.float64)
    for i in np.ndindex(2, 3):
        np.testing.assert_array_equal(out[i], np.arange(4) == x[i])
    for axis in (0, 1, 2, -2):
        moved = np.moveaxis(out, -1, axis)
        np.testing.assert_array_equal(nn.one_hot(x, 4, axis=axis), moved)
        np.testing.assert_array_equal(fg.jit(lambda x, a=axis: nn.one_hot(x, 4, axis=a))(x), moved)
    np.testing.assert_array_equal(fg.vmap(lambda x: nn.one_hot(x, 4))(x), out)
    for dtype in (np.float32, np.int8, bool):
        assert nn.one_hot(x, 4, dtype=dtype).dtype == dtype
    np.testing.assert_array_equal(nn.one_hot(3, 5), [0, 0, 0, 1, 0])
    with pytest.raises(TypeError, match="one_hot needs integer positions; got float64"):
        nn.one_hot(x * 1.0, 4)
    with pytest.raises(fg.errors.ShapeError, match="axis 3 does not exist in a result of 3 axes"):
        nn.one_hot(x, 4, axis=3)


@pytest.mark.parametrize("axis", [-1, 0, None])
def test_softmax_of_a_number(axis):
    for wrap in (lambda f: f, fg.jit):
        assert wrap(lambda x: nn.softmax(x, axis))(np.float64(2.0)) == 1.0
        assert wrap(lambda x: nn.log_softmax(x, axis))(np.float64(2.0)) == 0.0
        assert wrap(fg.grad(lambda x: nn.log_softmax(x, axis)))(2.0) == 0.0


@pytest.mark.parametrize("fun", [nn.softmax, nn.log_softmax])
@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (2, 0, 3)])
def test_softmax_of_nothing(fun, shape):
    x = np.zeros(shape)
    for axis in (-1, 0, None):
        for run in (fun, fg.jit(fun, static_argnames="axis")):
            assert run(x, axis=axis).shape == shape
        assert fg.grad(lambda x, axis=axis: np.sum(fun(x, axis)))(x).shape == shape
