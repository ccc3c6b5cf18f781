"""Rules of PyTorch: every right one passes, every planted mistake is named, in one line."""

import numpy as np
import pytest

from funcgrad.testing import (
    Claim,
    GradientCheckError,
    InconclusiveCheckError,
    adapters,
    check_claim,
    check_gradient,
    check_grads,
    check_pair,
    check_vjp,
    gradcheck,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own

from testing.systems import torch_rules as rules  # noqa: E402

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([[0.5, -0.25, 2.0], [0.1, 0.3, -0.8]])
Z = X + 1j * X[::-1]


def tensor(x, dtype=None):
    return torch.tensor(x, dtype=dtype)


RIGHT = {
    "Cube": (rules.Cube, (tensor(X),)),
    "Cube.apply": (rules.Cube.apply, (tensor(X),)),
    "single": (rules.Cube, (tensor(X, torch.float32),)),
    "empty": (rules.Cube, (tensor(X[:0]),)),
    "turned": (rules.Cube, (tensor(X).T,)),
    "of NumPy": (rules.Cube, (X,)),
    "Power": (rules.Power, (tensor(X), 3)),
    "NewStyle": (rules.NewStyle, (tensor(X), tensor(W))),
    "OwnVmap": (rules.OwnVmap, (tensor(X),)),
    "Affine": (rules.Affine, (tensor(X), tensor(W), tensor(X[:, 0]))),
    "Affine without b": (rules.Affine, (tensor(X), tensor(W))),
    "SinCos": (rules.SinCos, (tensor(X),)),
    "SortWithPlaces": (rules.SortWithPlaces, (tensor(X),)),
    "InPlace": (rules.InPlace, (tensor(X),)),
    "ThroughNumpy": (rules.ThroughNumpy, (tensor(X),)),
    "Modulus": (rules.Modulus, (tensor(Z),)),
    "ComplexProduct": (rules.ComplexProduct, (tensor(Z), tensor(Z * 1j))),
    "a function": (lambda x: torch.logsumexp(x, 0), (tensor(X),)),
    "a dictionary": (lambda p: torch.tanh(p["x"] @ p["w"][0]), ({"x": tensor(X),
                                                                 "w": [tensor(W.T)]},)),
    "labels": (torch.nn.functional.cross_entropy, (tensor(X), torch.tensor([0, 2]))),
    "a number": (lambda x: torch.sin(x) ** 2, (0.3,)),
    "half": (lambda x: torch.sin(x), (tensor(X, torch.bfloat16),)),
    "dropout": (lambda x: torch.dropout(x, 0.5, True) ** 2, (tensor(X),)),
    "a gradient inside": (
        lambda x: torch.autograd.grad((x**3).sum(), x, create_graph=True)[0],
        (tensor(X),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_function_passes(name):
    f, args = RIGHT[name]
    assert check_grads(f, args).verdict == "pass"


@pytest.mark.parametrize("name", ["Cube", "NewStyle", "Affine", "ComplexProduct", "a function"])
def test_a_right_function_passes_to_order_two(name):
    f, args = RIGHT[name]
    report = check_grads(f, args, order=2)
    assert any("(of the vjp)" in text for text in report.passed)


def test_what_is_not_there_is_left_out():
    report = check_grads(rules.Cube, (tensor(X),))
    assert "jvp" in report.left_out["mode 'fwd'"]
    assert "mode 'fwd'" not in check_grads(rules.NewStyle, (tensor(X), tensor(W))).left_out
    report = check_grads(rules.ThroughNumpy, (tensor(X),), order=2)
    assert "once_differentiable" in report.left_out["order 2"]
    report = check_grads(rules.SortWithPlaces, (tensor(X),))
    assert "not differentiable" in report.left_out["output[1]"]


MISTAKES = {
    "NoFactor": (rules.NoFactor, (tensor(X),), "found/expected is 0.333"),
    "WrongSaved": (rules.WrongSaved, (tensor(X),), ""),
    "NoConj": (rules.NoConj, (tensor(Z), tensor(Z * 1j)), "conj"),
    "WrongNeeds": (rules.WrongNeeds, (tensor(X), tensor(W), tensor(X[:, 0])),
                   "depends on which arguments need gradients"),
    "WrongShape": (rules.WrongShape, (tensor(X), tensor(W), tensor(X[:, 0])),
                   "found has shape (3, 2), expected (2, 3)"),
    "WritesInto": (rules.WritesInto, (tensor(X),), "mark_dirty"),
    "WritesIntoCotangent": (rules.WritesIntoCotangent, (tensor(X),), "writes into"),
    "ReadsMemory": (rules.ReadsMemory, (tensor(X),), "contiguous"),
    "SingleOnly": (rules.SingleOnly, (tensor(X),), "wrong for float32 only"),
    "SingleOnly, given single": (rules.SingleOnly, (tensor(X, torch.float32),), "1.0333"),
    "KeepsState": (rules.KeepsState, (tensor(X),), "keeps state"),
    "SecondCall": (rules.SecondCall, (tensor(X),), ""),
    "UnusedOutput": (rules.UnusedOutput, (tensor(X),), "an output that is not used"),
    "WrongTangent": (rules.WrongTangent, (tensor(X), tensor(W)), "in the tangent of args[1] alone"),
    "ClipsCotangents": (rules.ClipsCotangents, (tensor(X),), "does not add up"),
    "TooMany": (rules.TooMany, (tensor(X),), "incorrect number of gradients"),
    "WrongVmap": (rules.WrongVmap, (tensor(X[:, :2]),), "vmap"),
    "ConstantOnly": (rules.ConstantOnly, (tensor(X), tensor(W)), "backward returned None"),
    "a stopped gradient": (lambda x: (x * x.detach()).sum(), (tensor(X),), "0.5"),
    "a gradient that is cut": (lambda x: tensor(x.detach().numpy() ** 2), (tensor(X),), "stopped"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_found_and_named(name):
    f, args, words = MISTAKES[name]
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, args)
    assert words in str(caught.value)


def test_a_mistake_in_the_second_derivative_is_found():
    assert check_grads(rules.Detached, (tensor(X),)).verdict == "pass"
    with pytest.raises(GradientCheckError, match="right up to order 1, wrong at order 2"):
        check_grads(rules.Detached, (tensor(X),), order=2)


def test_arguments_that_need_no_gradient_are_constants():
    x = tensor(X).requires_grad_()
    report = check_grads(rules.Constant, (x, tensor(W)))
    assert report.verdict == "pass"
    assert check_grads(rules.Constant, (tensor(X), tensor(W)), argnums=0).verdict == "pass"
    assert x.grad is None


def test_gradients_of_losses_in_one_line():
    x = tensor(X, torch.float32)
    assert check_gradient(lambda x: (x**2).mean(), x).verdict == "pass"
    assert check_gradient(lambda x, y: (x * y).sum(), (x, tensor(W))).verdict == "pass"
    seen = []
    check_gradient(lambda x: seen.append((x.dtype, x.device.type)) or x.sum(), x)
    assert (torch.float32, "cpu") in seen
    check_gradient(lambda x: (x**2).mean(), lambda x: 2 * x / x.numel(), (x,))
    with pytest.raises(GradientCheckError, match="number of elements"):
        check_gradient(lambda x: (x**2).mean(), lambda x: 2 * x, (x,))


def test_modules_are_checked_in_their_parameters():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Dropout(0.3)
    )
    before = {k: v.clone() for k, v in model.state_dict().items()}
    assert check_grads(model, (tensor(X, torch.float32),)).verdict == "pass"
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])

    class Scaled(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor([0.5, 2.0, 1.5]))

        def forward(self, x):
            return x * self.scale + x * self.scale.detach()

    with pytest.raises(GradientCheckError, match="parameter scale"):
        check_grads(Scaled(), (tensor(X, torch.float32),))


def test_random_points():
    assert gradcheck(rules.Cube, "2 3", max_examples=5).passed == 5
    with pytest.raises(GradientCheckError, match=r"0.333"):
        gradcheck(rules.NoFactor, "2 3", max_examples=5)


def test_claims_can_be_called_as_before():
    claim = adapters.torch(lambda x, w: torch.tanh(x @ w))
    out, pull = claim.vjp(X, W.T)
    np.testing.assert_allclose(out, np.tanh(X @ W.T))
    np.testing.assert_allclose(pull(np.ones((2, 2)))[1], X.T @ (1 - out**2))
    assert claim.jvp((X, W.T), (X, W.T))[1].shape == (2, 2)
    check_claim(Claim(claim.value, claim.vjp, claim.jvp), (X, W.T))


def test_options_reach_the_system():
    a = torch.tensor(np.eye(3) * 2 + 0.3)
    with pytest.raises(GradientCheckError, match="tangents='symmetric'"):
        check_grads(torch.linalg.cholesky, (a,))
    assert check_grads(torch.linalg.cholesky, (a,), tangents="symmetric").verdict == "pass"
    both = lambda x, *, scale: (scale * torch.sin(x), x.sum().detach())  # noqa: E731
    report = check_grads(both, (tensor(X),), kwargs={"scale": 2.0}, has_aux=True)
    assert (report.verdict, report.left_out.get("output[1]")) == ("pass", None)
    report = check_grads(rules.NoFactor, (tensor(X),), raises=False)
    assert (report.verdict, report.finding.order) == ("fail", 1)
    assert list(check_grads(rules.Cube, (tensor(X),), laws=False).passed)


@pytest.mark.parametrize("sign", [1, -1])
def test_functions_by_hand_that_take_tensors(sign):
    def rule(x):
        return x.sin(), lambda ct: (ct * x.cos() * sign,)

    def backward(ct, x):
        return sign * ct * x.cos()

    checks = (
        lambda: check_vjp(lambda x: x.sin(), rule, (tensor(X),)),
        lambda: check_pair(lambda x: (x.sin(), x), backward, (tensor(X),)),
    )
    for check in checks:
        if sign == 1:
            check()
            continue
        with pytest.raises(GradientCheckError) as caught:
            check()
        assert "the sign is flipped" in caught.value.finding.diagnosis


class Cubed(torch.autograd.Function):  # type: ignore[name-defined]
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return 3 * ct * x.detach() ** 2


def test_second_derivatives_of_rules_are_searched():
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(Cubed, "3", max_examples=6)
    assert caught.value.finding.order == 2


class Solution(torch.autograd.Function):  # type: ignore[name-defined]
    @staticmethod
    def forward(ctx, a, b):
        x = torch.linalg.solve(a, b)
        ctx.save_for_backward(a, x)
        return x

    @staticmethod
    def backward(ctx, ct):
        a, x = ctx.saved_tensors
        g = torch.linalg.solve(a, ct)
        return -torch.outer(g, x), g


def test_a_matrix_that_is_not_transposed_in_a_rule():
    a = tensor(np.array([[2.0, 0.5, -0.3], [0.1, 1.5, 0.4], [-0.6, 0.2, 3.0]]))
    with pytest.raises(GradientCheckError) as caught:
        check_grads(Solution, (a, tensor(X[0])))
    assert "where its transpose belongs" in caught.value.finding.diagnosis


def test_integers_are_no_points():
    with pytest.raises(ValueError, match=r"got Tensor of torch\.int64; give floats"):
        check_grads(lambda x: x * 2, (torch.tensor([1, 2]),))


class Centred(torch.autograd.Function):  # type: ignore[name-defined]
    """A function whose rule of vmap takes examples to lie along the first axis."""

    @staticmethod
    def forward(x):
        return x - x.mean(-1, keepdim=True)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, ct):
        return ct - ct.mean(-1, keepdim=True)

    @staticmethod
    def vmap(info, in_dims, x):
        return Centred.apply(x), 0


class CentredAnywhere(Centred):
    @staticmethod
    def vmap(info, in_dims, x):
        return CentredAnywhere.apply(x.movedim(in_dims[0], 0)), 0


def test_vmap_rules_that_forget_where_the_examples_are():
    x = torch.randn(3, 4, dtype=torch.float64)
    with pytest.raises(GradientCheckError, match="examples along the last axis"):
        check_grads(Centred, (x,))
    assert check_grads(CentredAnywhere, (x,)).passed


class Squashed(torch.autograd.Function):  # type: ignore[name-defined]
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, ct):
        (y,) = ctx.saved_tensors
        return ct * (1 - y * y)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("f", [Squashed, lambda x: torch.softmax(x, -1)])
def test_tails_are_rounded(f, seed):
    assert gradcheck(f, "b n", seed=seed).passed


class Distance(torch.autograd.Function):  # type: ignore[name-defined]
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.abs()

    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return ct * x / x.abs()


def test_a_rule_has_to_return_a_number_at_a_kink():
    with pytest.raises(GradientCheckError, match="any slope between"):
        check_grads(Distance, (tensor([0.0, 1.0]),))
    with pytest.raises(InconclusiveCheckError):
        check_grads(lambda x: torch.sqrt(x * x), (tensor([0.0, 1.0]),))


BUILTIN = [torch.tanh, torch.special.expit, torch.nn.functional.gelu, torch.Tensor.sin]


@pytest.mark.parametrize("function", BUILTIN, ids=lambda f: f.__name__)
def test_functions_of_the_system_itself_are_searched(function):
    assert gradcheck(function, "n", max_examples=12).passed >= 10


class WeightNorm(torch.autograd.Function):  # type: ignore[name-defined]
    @staticmethod
    def forward(ctx, v, g):
        ctx.save_for_backward(v, g)
        return g * v / v.norm(dim=1, keepdim=True)

    @staticmethod
    def backward(ctx, ct):
        v, g = ctx.saved_tensors
        size = v.norm(dim=1, keepdim=True)
        dg = (ct * v / size).sum(1, keepdim=True)
        return g / size * (ct - dg * v / size), dg


def test_what_cancels_in_single_precision_is_rounded():
    v, g = tensor(np.full((3, 1), 1e-6)), tensor(np.array([[0.5], [-2.0], [1.5]]))
    for seed in range(3):
        check_grads(WeightNorm, (v, g), order=2, seed=seed)
