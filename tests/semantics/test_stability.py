"""Values and derivatives are exact far from the middle, too."""

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose
from semantics.stability import FUNCTIONS, PAGE, VECTORS, page, worst

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import nn
from funcgrad.ops.pointwise.exponentials import logaddexp

ALL = [f for functions in FUNCTIONS.values() for f in functions]
EPS = float(np.finfo(float).eps)


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("function", ALL, ids=lambda f: f.name)
def test_errors_are_what_is_stated(function, order):
    error = max(worst(function, order, np.dtype(dtype)) for dtype in ("float64", "float32"))
    assert error <= function.bounds[order]
    assert function.bounds[order] <= max(4, 16 * error)


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(), "run python tests/semantics/stability.py --write"


def test_names_are_different():
    assert len({f.name for f in ALL}) == len(ALL)


def check_vectors(name, f, x, value, gradient):
    """Compare value and gradient in units of the largest result, eagerly and compiled."""
    row = next(v for k, v in VECTORS.items() if f"`{name}(" in k)
    _, value_units, gradient_units = row
    for run in (fg.value_and_grad(f), fg.jit(fg.value_and_grad(f))):
        got, slope = run(x)
        assert_allclose(got, value, rtol=value_units * EPS)
        largest = float(np.max(np.abs(gradient)))
        assert_allclose(slope, gradient, rtol=0, atol=gradient_units * EPS * largest)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("order", [2, 3])
def test_norms_of_large_and_small_numbers(order, scale):
    x = scale * np.array([3.0, -4.0, 12.0])
    power = [abs(mp.mpf(float(v))) for v in x]
    exact = mp.nthroot(mp.fsum(v**order for v in power), order)
    slopes = [float(mp.sign(v) * (p / exact) ** (order - 1)) for v, p in zip(x, power, strict=True)]

    def norm(x):
        return np.linalg.norm(x, order)

    check_vectors("norm", norm, x, float(exact), slopes)
    # Along x the slope is constant, where single terms are 1 / scale.
    along = fg.jvp(fg.grad(norm), (x,), (x,))[1]
    assert_allclose(along, 0, atol=8 * EPS)
    both = np.stack([x, np.array([1.0, 0.0, 0.0])])
    assert_allclose(fg.vmap(norm)(both), [float(exact), 1], rtol=4 * EPS)


def test_norms_of_infinities_nan_and_nothing():
    rows = np.array([[np.inf, 1.0], [np.nan, 1.0], [0.0, 0.0]])
    got = fg.vmap(np.linalg.norm)(rows)
    np.testing.assert_array_equal(got, [np.inf, np.nan, 0])
    assert fg.jit(np.linalg.norm)(np.zeros(0)) == 0


def test_variance_of_numbers_with_a_large_offset():
    x = 1e8 + np.array([1.0, 2.0, 4.0])
    away, variance = np.array([-4.0, -1.0, 5.0]) / 3, 14 / 9
    check_vectors("var", np.var, x, variance, 2 * away / 3)
    check_vectors("std", np.std, x, np.sqrt(variance), away / 3 / np.sqrt(variance))


@pytest.mark.parametrize("scales", [(1e-70, 1e-70), (1e70, 1e70), (1e140, 1e-140)])
def test_cosine_similarity_of_large_and_small_numbers(scales):
    x, y = scales[0] * np.array([3.0, 4.0]), scales[1] * np.array([12.0, 5.0])
    slope = (np.array([12, 5]) / 13 - 56 / 65 * np.array([3, 4]) / 5) / 5
    f = lambda x: nn.losses.cosine_similarity(x, y)  # noqa: E731
    check_vectors("losses.cosine_similarity", f, x, 56 / 65, slope / scales[0])


@pytest.mark.parametrize("offset", [-1e4, 0.0, 1e4])
def test_weights_of_logsumexp_add_up_to_one_at_any_offset(offset):
    x = offset + np.array([1.0, 2.0, 4.0])
    weights = scipy.special.softmax([1.0, 2.0, 4.0])
    total = float(scipy.special.logsumexp(x))
    check_vectors("logsumexp", fnp.logsumexp, x, total, weights)
    slope = weights[0] * (np.array([1, 0, 0]) - weights)
    check_vectors("nn.softmax", lambda x: nn.softmax(x)[0], x, weights[0], slope)


@pytest.mark.parametrize("name", ["erf", "erfc"])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_error_functions_are_flat_at_infinity(name, order):
    f = getattr(fg.lax, name)
    for _ in range(order):
        f = fg.grad(f)
    for x in (np.inf, -np.inf, 1e200, -1e4):
        assert f(np.float64(x)) == 0
        assert fg.jit(f)(np.float64(x)) == 0


def test_logaddexp_against_numpy():
    ends = np.array([-np.inf, -1e4, -1.0, 0.0, 2.5, 1e4, np.inf, np.nan])
    x, y = np.meshgrid(ends, ends)
    for dtype in (np.float64, np.float32):
        a, b = x.astype(dtype), y.astype(dtype)
        with np.errstate(invalid="ignore"):
            expected = np.logaddexp(a, b)
        got = logaddexp(a, b)
        assert got.dtype == dtype
        assert_allclose(got, expected, rtol=2 * float(np.finfo(dtype).eps))
        assert_allclose(fg.jit(np.logaddexp)(a, b), got, rtol=3 * float(np.finfo(dtype).eps))
    assert type(logaddexp(1.0, 2.0)) is np.float64
    assert logaddexp(np.arange(3), np.arange(3)).dtype == np.float64


@pytest.mark.parametrize("x", [np.inf, 0.0])
def test_log1mexp_at_its_ends(x):
    with np.errstate(divide="ignore"):
        assert nn.log1mexp(np.float64(x)) == (0 if x else -np.inf)
        assert fg.grad(nn.log1mexp)(np.float64(x)) == (0 if x else np.inf)
        assert fg.grad(fg.grad(nn.log1mexp))(np.float64(x)) == (0 if x else -np.inf)
