"""Derivatives from elsewhere: gradients and backward passes by hand, and other systems."""

from contextlib import nullcontext

import numpy as np
import pytest

from funcgrad.testing import (
    Claim,
    GradientCheckError,
    InconclusiveCheckError,
    adapters,
    check_claim,
    check_gradient,
    check_pair,
)
from funcgrad.testing.claim_laws import check_law
from funcgrad.testing.claims import Law, Point
from funcgrad.testing.reports.report import Report

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([0.5, -0.25, 2.0])


def mean_square(x, w):
    return np.mean((x @ w) ** 2)


def mean_square_gradient(x, w):
    r = x @ w
    return 2 / len(r) * np.outer(r, w), 2 / len(r) * (r @ x)


def found(check, *args, **settings):
    with pytest.raises(GradientCheckError) as caught:
        check(*args, **settings)
    return caught.value.finding


def test_a_right_gradient_passes():
    report = check_gradient(mean_square, mean_square_gradient, (X, W))
    assert report.verdict == "pass"
    assert any("finite differences" in text for text in report.passed)
    check_gradient(mean_square, lambda x, w: mean_square_gradient(x, w)[1], (X, W), argnums=1)
    check_gradient(lambda x: (mean_square(x, W), "cache"),
                   lambda x: mean_square_gradient(x, W)[0], (X,))  # fmt: skip


def test_a_missing_mean_is_found_and_named():
    wrong = lambda x, w: tuple(2 * g for g in mean_square_gradient(x, w))  # noqa: E731
    finding = found(check_gradient, mean_square, wrong, (X, W))
    assert "a sum taken for a mean" in finding.diagnosis or "2 everywhere" in finding.diagnosis
    assert "mean_square" in finding.function


def test_only_the_second_argument_is_wrong():
    def wrong(x, w):
        dx, dw = mean_square_gradient(x, w)
        return dx, -dw

    finding = found(check_gradient, mean_square, wrong, (X, W))
    assert "args[1]" in finding.path
    assert "sign" in finding.diagnosis


def test_what_does_not_fit_says_so():
    with pytest.raises(ValueError, match="argnums names 1 arguments, but the gradient has 2"):
        check_gradient(mean_square, mean_square_gradient, (X, W), argnums=0)
    with pytest.raises(ValueError, match="there is no argument 5"):
        check_gradient(np.sum, np.ones_like, (X,), argnums=5)
    with pytest.raises(TypeError, match="for one argument x write"):
        check_gradient(np.sum, np.ones_like, X)
    with pytest.raises(ValueError, match="nothing is claimed of sin"):
        check_claim(Claim(np.sin), (X,))
    with pytest.raises(TypeError, match="must return \\(output, cache\\)"):
        check_pair(np.sin, lambda ct, cache: ct, (X,))
    with pytest.raises(ValueError, match="returned 1 cotangents for 2 arguments"):
        check_pair(lambda x, w: (x * w, None), lambda ct, _: ct, (X, W))


def affine(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(ct, cache):
    x, w = cache
    return np.outer(ct, w), ct @ x, np.sum(ct)


def test_pairs_by_hand():
    args = X, W, np.float64(0.3)
    check_pair(affine, affine_backward, args)
    finding = found(check_pair, affine, lambda ct, c: (*affine_backward(ct, c)[:2], ct[0]), args)
    assert "args[2]" in finding.path
    finding = found(check_pair, affine, lambda ct, c: (*affine_backward(ct, c)[:2], ct), args)
    assert "the sum over broadcast axes (0,) is missing" in finding.diagnosis


def test_a_backward_pass_that_writes_into_its_argument_is_found():
    def aliasing(ct, cache):
        x, w = cache
        x *= 2
        return np.outer(ct, w), ct @ (x / 2), np.sum(ct)

    finding = found(check_pair, affine, aliasing, (X.copy(), W, np.float64(0.3)))
    assert "overwritten" in finding.check or "differs" in finding.check


def test_integer_arguments_have_no_derivative():
    def pick(x, i):
        return x[i], (x, i)

    def pick_backward(ct, cache):
        x, i = cache
        out = np.zeros_like(x)
        out[i] = ct
        return out, None

    check_pair(pick, pick_backward, (W, 2))


def test_autograd():
    numpy = pytest.importorskip("autograd.numpy", reason="autograd is not installed")
    extend = pytest.importorskip("autograd.extend")
    check_claim(adapters.autograd(lambda x, w: numpy.tanh(numpy.dot(x, w))), (X, W))

    @extend.primitive
    def softplus(x):
        return np.log1p(np.exp(x))

    extend.defvjp(softplus, lambda ans, x: lambda ct: ct * (1 - np.exp(-ans)) / 2)
    finding = found(check_claim, adapters.autograd(softplus), (X,))
    assert "0.5 everywhere" in finding.diagnosis


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's own, at its import
def test_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    check_claim(adapters.torch(lambda x, w: torch.tanh(x @ w)), (X, W))
    z = X + 1j * X[::-1]
    check_claim(adapters.torch(lambda z: z * z * torch.conj(z)), (z,))
    check_claim(adapters.torch(lambda z: torch.abs(z) ** 2), (z,))

    class Wrong(torch.autograd.Function):  # type: ignore[name-defined]
        @staticmethod
        def forward(x):
            return x**2

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, ct):
            return -2 * ctx.saved_tensors[0] * ct

        @staticmethod
        def jvp(ctx, t):
            return t

    claim = adapters.torch(Wrong.apply)
    finding = found(check_claim, Claim(claim.value, vjp=claim.vjp), (X,))
    assert "sign" in finding.diagnosis


def test_jax():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    np_like = jax.numpy
    x, w = X.astype(np.float32), W.astype(np.float32)
    check_claim(adapters.jax(lambda p: np_like.tanh(p["x"] @ p["w"])), ({"x": x, "w": w},))

    @jax.custom_jvp
    def wrong(x):
        return np_like.sin(x)

    wrong.defjvp(lambda p, t: (wrong(*p), -np_like.cos(*p) * t[0]))
    finding = found(check_claim, adapters.jax(wrong), (x,))
    assert "sign" in finding.diagnosis


def test_a_system_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jax", None)
    with pytest.raises(ImportError, match="pip install jax"):
        adapters.jax(np.sin)


AT_KINK = np.array([0.0, 1.0])

WITHOUT_NUMBER = {
    "gradient": lambda: check_gradient(
        lambda x: np.sum(np.abs(x)), lambda x: x / np.abs(x), (AT_KINK,)
    ),
    "norm": lambda: check_gradient(np.linalg.norm, lambda x: x / np.linalg.norm(x), (0 * X,)),
    "pair": lambda: check_pair(
        lambda x: (np.abs(x), x), lambda ct, x: ct * x / np.abs(x), (AT_KINK,)
    ),
    "claim": lambda: check_claim(
        Claim(np.abs, jvp=lambda x, t: (np.abs(*x), t[0] * x[0] / np.abs(*x))), (AT_KINK,)
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", WITHOUT_NUMBER)
def test_a_derivative_by_hand_has_to_be_a_number_at_a_kink(name):
    finding = found(WITHOUT_NUMBER[name])
    assert "any slope between" in finding.diagnosis


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_where_there_is_no_slope_nothing_has_to_be_a_number():
    root = lambda x: np.sum(np.sqrt(np.abs(x)))  # noqa: E731
    gradient = lambda x: np.sign(x) / (2 * np.sqrt(np.abs(x)))  # noqa: E731
    with pytest.raises(InconclusiveCheckError):
        check_gradient(root, gradient, (AT_KINK,))


@pytest.mark.parametrize("pair", [(0.0, np.nan), (np.nan, 0.0), (1e-17, 0.0)])
def test_what_is_no_number_is_no_rounding(pair):
    sides = [np.array(pair[0])], [np.array(pair[1])], ["the cotangent of args[0]"]
    law = Law("a law", "a law does not hold", "it is wrong", lambda xs, rng: sides)
    point = Point(Claim(lambda x: [x**2]), (W,))
    expected = nullcontext() if np.all(np.isfinite(pair)) else pytest.raises(GradientCheckError)
    with expected:
        check_law(point, law, Report(), np.random.default_rng(0))
