"""The derivative checkers: what passes, what is caught, and what the reports say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import DifferentiationError, TreeError
from funcgrad.testing import (
    GradientCheckError,
    InconclusiveCheckError,
    check_grads,
    check_jvp,
    check_vjp,
    numerical_jvp,
    rand_like,
)

RNG = np.random.default_rng(7)
X = RNG.uniform(0.3, 2.0, (3, 4))
V = RNG.uniform(-2.0, 2.0, 4)
Z = RNG.standard_normal((3, 4)) + 1j * RNG.standard_normal((3, 4))
A = RNG.standard_normal((4, 4)) + 4 * np.eye(4)


class Layer(NamedTuple):
    w: Any
    b: Any


def network(layers: list[Layer], x: Any, power: int) -> dict[str, Any]:
    for layer in layers:
        x = np.tanh(x @ layer.w + layer.b)
    return {"out": x**power, "power": power, "sum": (x.sum(), None)}


def repeated_sine(x: Any) -> Any:
    def body(carry: Any) -> Any:
        return carry[0] + 1, np.sin(carry[1]) * 1.3

    return fg.lax.while_loop(lambda carry: carry[0] < 4, body, (0, x))[1]


def grown(x: Any) -> Any:
    while x.sum() < 20:
        x = x * 1.5 + 0.1
    return x * x


RIGHT = {
    "elementwise": (lambda x: np.sin(x) * x, (X,)),
    "pytrees": (partial(network, power=2), ([Layer(X, V), Layer(A, V)], X[:2, :3])),
    "integers": (lambda tree: tree["x"] * tree["n"], ({"x": X, "n": np.arange(4)},)),
    "python floats": (lambda a, b: a**b + np.log(a), (2.0, 3.0)),
    "holomorphic": (lambda z: np.exp(z) * z, (Z,)),
    "not holomorphic": (lambda z: np.abs(z) ** 2 + z.conj(), (Z,)),
    "complex to real": (lambda z: (z * z.conj()).real.sum(), (Z,)),
    "real to complex": (lambda x: x * np.exp(1j * x), (X,)),
    "float32": (lambda x, v: np.tanh(x @ v), (X.astype("f"), V.astype("f"))),
    "float16": (lambda x: np.sin(x) * x, (X.astype(np.float16),)),
    "complex64": (lambda z: z * z.conj() + np.sin(z), (Z.astype("F"),)),
    "mixed precision": (lambda x, v: x * v, (X.astype("f"), V)),
    "casts to float32": (lambda x: x.astype(np.float32) * 2, (X,)),
    "kinks elsewhere": (lambda v: np.maximum(v, 0) + np.abs(v), (V,)),
    "while_loop": (repeated_sine, (V,)),
    "scan": (lambda x: fg.lax.scan(lambda c, a: (c * a, c + a), x[0], x)[1], (X,)),
    "solve": (np.linalg.solve, (A, V)),
    "inverse": (np.linalg.inv, (A,)),
    "cholesky": (lambda a: np.linalg.cholesky(a @ a.T), (A,)),
    "eigenvalues": (lambda a: np.linalg.eigh(a @ a.T)[0], (A,)),
    "solve in float32": (np.linalg.solve, (A.astype("f"), V.astype("f"))),
    "cancels": (lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, (X,)),
    "cancels in float32": (lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, (X.astype("f"),)),
    "lost digits": (lambda x: np.log(1 + np.exp(x)), (np.array([-36.0, -40.0, 1.0]),)),
    "all scales": (np.log, (np.array([1e-8, 1e-3, 1.0, 1e5]),)),
    "tiny values": (lambda v: 6.6e-34 * v**2, (V,)),
    "fast waves": (lambda v: np.sin(1000 * v), (V,)),
    "far away": (np.sin, (1e4 * V,)),
    "infinite constants": (lambda v: np.where(v > 0, v, -np.inf), (V,)),
    "empty": (lambda x, v: x.sum() + v.sum(), (np.zeros((0, 3)), V)),
    "linear": (lambda x: x.mean(0) - 2 * x[1], (X,)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_derivatives_pass(name: str) -> None:
    f, args = RIGHT[name]
    order = 1 if name == "float16" else 2
    report = check_grads(f, args, order, modes=("fwd", "rev", "lin"))
    assert report.left_out == {}
    assert "order 1, mode 'rev': derivative = finite differences" in report.passed


def test_third_order_in_all_mixtures() -> None:
    report = check_grads(lambda x, v: np.tanh(x @ v), (X, V), 3, directions=1)
    mixtures = [check for check in report.passed if "order 3" in check and "differences" in check]
    assert len(mixtures) == 8
    assert any("(vjp of the jvp of the vjp)" in check for check in mixtures)


def test_functions_that_need_values_leave_laws_out() -> None:
    report = check_grads(grown, (X,))
    assert set(report.left_out) == {
        f"{t}({g}) = {'loop' if t == 'vmap' else g}"
        for t in ("jit", "vmap")
        for g in ("f", "jvp(f)", "vjp(f)")
    }
    assert "needs a concrete value" in report.left_out["jit(f) = f"]
    assert "grown" in str(report)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda v: np.maximum(v, 0), np.zeros(3)),
        (np.abs, np.array([0.0, 1.0])),
        (lambda v: np.maximum(v, 2 * v), np.array([0.0, -1.0])),
        (lambda v: np.abs(v) ** 1.5, np.array([0.0, 1.0])),
    ],
)
def test_any_subgradient_passes_at_a_kink(f: Callable[..., Any], x: Any) -> None:
    check_grads(f, (x,))


def with_jvp(f: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    wrapped = fg.custom_jvp(f)
    wrapped.defjvp(lambda primals, tangents: (f(*primals), rule(*primals, *tangents)))
    return wrapped


def with_vjp(f: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    wrapped = fg.custom_vjp(f)
    wrapped.defvjp(lambda *args: (f(*args), args), lambda args, ct: rule(*args, ct))
    return wrapped


def sine(x: Any) -> Any:
    return np.sin(x)


def report_of(f: Callable[..., Any], *args: Any, **options: Any) -> str:
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, args, **options)
    assert type(caught.value) is GradientCheckError
    return str(caught.value)


WRONG_JVP = {
    "sign": (sine, lambda x, t: -np.cos(x) * t, (X,), "the sign is flipped"),
    "factor": (sine, lambda x, t: 2.5 * np.cos(x) * t, (X,), "found/expected is 2.5 everywhere"),
    "zero": (sine, lambda x, t: 0 * t, (X,), "found is zero everywhere"),
    "conj": (lambda z: z * z, lambda z, t: 2 * z.conj() * t, (Z,), "is the complex conjugate of"),
    "conj of t": (lambda z: z * z, lambda z, t: 2 * z * t.conj(), (Z,), "other phases"),
    "i": (lambda z: z * z, lambda z, t: 2j * z * t, (Z,), "found is i times expected"),
    "real part": (lambda z: 2 * z, lambda z, t: 2 * t.real + 0j, (Z,), "imaginary part is dropped"),
    "dropped term": (
        lambda x, v: x * v,
        lambda x, v, t, s: t * v,
        (X, V),
        "12 of 12 elements differ",
    ),
    "some elements": (
        sine,
        lambda x, t: np.cos(x) * t * np.where(x > 1.5, 2.0, 1.0),
        (X,),
        "among those that differ: found/expected is 2 everywhere",
    ),
    "single precision": (
        sine,
        lambda x, t: (np.cos(x) * t).astype(np.float32),
        (X,),
        "found has single precision",
    ),
    "reversed": (lambda v: v[::-1], lambda x, t: t, (V,), "in reverse along axis 0"),
    "shifted": (lambda v: np.roll(v, 1), lambda v, t: t, (V,), "shifted by"),
    "not linear": (sine, lambda x, t: np.cos(x) * t * abs(t), (X,), "12 of 12 elements differ"),
    "infinite": (sine, lambda x, t: t * np.inf, (X,), "12 of 12 elements found are infinite"),
}


@pytest.mark.parametrize("name", WRONG_JVP)
def test_wrong_jvp_rules_are_caught(name: str) -> None:
    f, rule, args, text = WRONG_JVP[name]
    report = report_of(with_jvp(f, rule), *args)
    assert text in report
    assert "the jvp differs from finite differences" in report
    assert "order      1, mode 'fwd'" in report


WRONG_VJP = {
    "sign": (sine, lambda x, ct: (-np.cos(x) * ct,), (X,), "the sign is flipped"),
    "factor": (sine, lambda x, ct: (2.5 * np.cos(x) * ct,), (X,), "found/expected is 2.5 every"),
    "conj": (lambda z: z * z, lambda z, ct: (2 * z.conj() * ct,), (Z,), "complex conjugate of"),
    "conj of a real function": (
        lambda z: (z * z).real,
        lambda z, ct: (2 * z.conj() * ct,),
        (Z,),
        "complex conjugate of expected",
    ),
    "1/N missing": (
        lambda x: x.mean(),
        lambda x, ct: (ct + np.zeros((3, 4)),),
        (X,),
        "found/expected is 12 everywhere: that is the number of elements",
    ),
    "1/N too many": (
        lambda x: x.sum(),
        lambda x, ct: (ct / 12 + np.zeros((3, 4)),),
        (X,),
        "that is 1/12, one over the number of elements",
    ),
    "broadcast sum": (
        lambda x, v: x * v,
        lambda x, v, ct: (ct * v, (ct * x)[0]),
        (X, V),
        "the cotangent of args[1] at index",
    ),
    "broadcast shape": (
        lambda x, v: x * v,
        lambda x, v, ct: (ct * v, ct * x),
        (X, V),
        "the sum over broadcast axes (0,) is missing",
    ),
    "wrong axis": (
        lambda x: np.cumsum(x, 0),
        lambda x, ct: (np.flip(np.cumsum(np.flip(ct, 1), 1), 1),),
        (X,),
        "the cotangent of args[0] at index",
    ),
    "transposed": (lambda a: 3 * a, lambda a, ct: (3 * ct.T,), (A,), "expected transposed"),
    "dropped argument": (
        lambda x, v: x * v,
        lambda x, v, ct: (ct * v, None),
        (X, V),
        "found is zero everywhere",
    ),
    "single precision": (
        sine,
        lambda x, ct: ((np.cos(x) * ct).astype(np.float32),),
        (X,),
        "found has single precision",
    ),
}


@pytest.mark.parametrize("name", WRONG_VJP)
def test_wrong_vjp_rules_are_caught(name: str) -> None:
    f, rule, args, text = WRONG_VJP[name]
    report = report_of(with_vjp(f, rule), *args, modes="rev")
    assert text in report
    assert "order      1, mode 'rev'" in report


def test_one_wrong_element_of_many_is_found() -> None:
    def rule(x: Any, ct: Any) -> Any:
        return (np.where(np.arange(1000) == 771, 2, 1) * np.cos(x) * ct,)

    report = report_of(with_vjp(sine, rule), RNG.standard_normal(1000), modes="rev")
    assert "at index (771,); 1 of 1000 elements differ" in report
    assert "found/expected is 2" in report


def test_the_wrong_leaf_is_named() -> None:
    wrong = with_vjp(sine, lambda x, ct: (-np.cos(x) * ct,))

    def loss(params: Any) -> Any:
        return [wrong(params["w"][0]) @ params["b"]]

    report = report_of(loss, {"w": [X], "b": V}, modes="rev")
    assert "the cotangent of args[0]['w'][0] at index" in report
    assert "1 of 2 leaves are wrong" in report
    assert "the sign is flipped" in report


@pytest.mark.parametrize(
    ("modes", "text"),
    [
        ("fwd", "order      2, mode 'fwd' of 'fwd' (jvp of the jvp)"),
        ("rev", "order      2, mode 'rev' of 'rev' (vjp of the vjp)"),
    ],
)
def test_a_rule_wrong_at_the_second_order(modes: str, text: str) -> None:
    cube = with_jvp(lambda x: x**3, lambda x, t: fg.stop_gradient(3 * x**2) * t)
    check_grads(cube, (X,), order=1)
    report = report_of(cube, X, order=2, modes=modes)
    assert text in report
    assert "found is zero everywhere" in report


def test_a_wrong_factor_in_float32() -> None:
    wrong = with_jvp(sine, lambda x, t: 1.01 * np.cos(x) * t)
    assert "found/expected is 1.01 everywhere" in report_of(wrong, X.astype("f"))


def test_a_derivative_outside_of_the_kink() -> None:
    wrong = with_jvp(lambda v: np.maximum(v, 0), lambda v, t: np.where(v >= 0, 2.0, 0.0) * t)
    with pytest.raises(GradientCheckError, match="points beside this kink") as caught:
        check_grads(wrong, (np.zeros(2),))
    assert not isinstance(caught.value, InconclusiveCheckError)


def test_a_wrong_derivative_at_the_edge_of_the_domain() -> None:
    wrong = with_jvp(lambda v: np.sqrt(v) ** 3 + v, lambda v, t: 2 * t)
    assert "f is not finite on the other" in report_of(wrong, np.zeros(2))


def test_a_rule_that_returns_another_value() -> None:
    wrong = fg.custom_jvp(sine)
    wrong.defjvp(lambda p, t: (np.sin(p[0]) + 1e-3, np.cos(p[0]) * t[0]))
    report = report_of(wrong, X)
    assert "the value that the jvp returns differs from f" in report
    assert "found is expected plus 0.001 everywhere" in report


def test_laws_are_checked_where_differences_are_not_sharp_enough() -> None:
    wrong = with_jvp(sine, lambda x, t: np.cos(x) * t * (1 + 6e-9 * np.sign(t)))
    check_grads(wrong, (X,), modes="fwd", laws=False)
    assert "the jvp is not linear" in report_of(wrong, X, modes="fwd")


@pytest.mark.parametrize("side", [0.0, 0.3, 1.0, 1.7])
def test_another_subgradient_under_jit_and_vmap(side: float) -> None:
    """As where the order of equal numbers is open; it has to be one."""

    @fg.custom_jvp
    def relu(x: Any) -> Any:
        return np.maximum(x, 0.0)

    @relu.defjvp
    def _(p: Any, t: Any) -> Any:
        (x,) = p
        at_zero = 1.0 if type(x) is np.ndarray else side
        return relu(x), np.where(x > 0, 1.0, np.where(x < 0, 0.0, at_zero)) * t[0]

    point = np.array([0.0, 0.7, 0.0])
    if side <= 1:
        report = check_grads(relu, (point,), order=1)
        chosen = "vmap and jit of derivatives" in report.left_out
        assert chosen == (side != 1)
    else:
        assert "differs from" in report_of(relu, point, order=1)


def test_a_function_that_differs_under_vmap() -> None:
    def shifted(x: Any) -> Any:
        return x * x if "Batch" not in type(x).__name__ else x * x + 1

    report = report_of(shifted, X)
    assert "vmap(f) differs from a loop over f" in report
    assert "found is expected plus 1 everywhere" in report


def test_a_function_that_differs_under_jit() -> None:
    seen: list[str] = []
    fg.make_jaxpr(lambda x: seen.append(type(x).__name__) or x)(1.0)

    def twice(x: Any) -> Any:
        return 2 * x if type(x).__name__ == seen[0] else x

    assert "jit(f) differs from f" in report_of(twice, X)


def test_random_functions_and_hidden_state_are_refused() -> None:
    rng = np.random.default_rng(0)
    report = report_of(lambda x: x * rng.standard_normal(), X)
    assert "two calls with the same arguments differ" in report
    assert "not a function of its arguments alone" in report


def test_functions_that_write_into_their_arguments_are_refused() -> None:
    def doubled(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            x *= 2
        return x * 1

    x = X.copy()
    assert "an argument was overwritten by a call" in report_of(doubled, x)
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("f", [lambda x: np.sign(x) + x, np.sqrt])
def test_where_differences_do_not_settle_nothing_is_claimed(f: Callable[..., Any]) -> None:
    with pytest.raises(InconclusiveCheckError, match="finite differences do not settle"):
        check_grads(f, (np.array([0.0]),))


def test_errors_carry_their_fields() -> None:
    wrong = with_jvp(sine, lambda x, t: -np.cos(x) * t)
    with pytest.raises(AssertionError) as caught:
        check_grads(lambda p: {"y": wrong(p)}, (X,))
    finding = caught.value.finding  # type: ignore[attr-defined]
    assert (finding.order, finding.mode, finding.path) == (1, "'fwd'", "output['y']")
    assert finding.found == pytest.approx(-finding.expected)
    assert abs(finding.found - finding.expected) > finding.tolerance > finding.error_estimate


def test_check_jvp() -> None:
    check_jvp(np.matmul, partial(fg.jvp, np.matmul), (X, V))
    with pytest.raises(GradientCheckError, match="the dtypes differ"):
        check_jvp(np.sin, lambda p, t: (np.sin(*p), (np.cos(*p) * t[0]).astype("f")), (X,))
    with pytest.raises(GradientCheckError, match="the sign is flipped"):
        check_jvp(np.sin, lambda p, t: (np.sin(*p), -np.cos(*p) * t[0]), (X,))
    with pytest.raises(TypeError, match="must return \\(output, tangent_out\\)"):
        check_jvp(np.sin, lambda p, t: np.cos(*p) * t[0], (X,))


def test_check_vjp() -> None:
    check_vjp(np.matmul, partial(fg.vjp, np.matmul), (X, V))
    check_vjp(lambda z: z * z, lambda z: (z * z, lambda ct: (2 * z * ct,)), (Z,))

    def unsummed(x: Any, v: Any) -> Any:
        return x * v, lambda ct: (ct * v, ct * x)

    with pytest.raises(GradientCheckError, match="the sum over broadcast axes \\(0,\\) is missing"):
        check_vjp(np.multiply, unsummed, (X, V))
    with pytest.raises(GradientCheckError, match="the vjp does not fit"):
        check_vjp(np.sin, lambda x: (np.sin(x), lambda ct: (ct, ct)), (X,))


def test_a_rule_whose_jvp_does_not_fit() -> None:
    f = fg.custom_jvp(np.sin)
    f.defjvp(lambda p, t: (np.sin(*p), np.sum(np.cos(*p) * t[0])))
    with pytest.raises(GradientCheckError, match="the jvp does not fit"):
        check_grads(f, (X,), order=1)


def test_numerical_jvp() -> None:
    args: Any = ({"x": X, "n": 3},)
    tangents: Any = ({"x": np.ones_like(X)},)
    with pytest.raises(TreeError, match="'n'"):
        numerical_jvp(lambda p: p["x"] ** p["n"], args, tangents)
    tangents[0]["n"] = 0
    value, error = numerical_jvp(lambda p: (p["x"] ** p["n"], p["n"]), args, tangents)
    np.testing.assert_allclose(value[0], 3 * X**2, rtol=1e-12)
    assert np.all(np.abs(value[0] - 3 * X**2) <= 16 * error[0])
    assert np.all(error[0] < 1e-9)
    assert value[1].dtype == fg.float0
    with pytest.raises(TreeError, match="has shape"):
        numerical_jvp(np.sin, (X,), (V,))


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.abs, np.sign),
        (lambda x: np.abs(x) ** 3, lambda x: 3 * x * np.abs(x)),
        (lambda x: np.sin(300 * x), lambda x: 300 * np.cos(300 * x)),
        (lambda x: 1e9 + x, lambda x: np.ones_like(x)),
        (lambda x: 1 / (x * x + 1e-6), lambda x: -2 * x / (x * x + 1e-6) ** 2),
    ],
)
def test_error_estimates_bound_the_error(f: Callable[..., Any], derivative: Any) -> None:
    x = np.random.default_rng(1).standard_normal(50)
    value, error = numerical_jvp(f, (x,), (np.ones_like(x),))
    assert np.all(np.abs(value - derivative(x)) <= 16 * error + 1e-15 * np.abs(value))
    assert np.median(error) < 1e-4


def test_rand_like() -> None:
    like = rand_like({"z": Z.astype("F"), "x": 1.0, "n": np.arange(3)}, seed=3)
    assert like["z"].dtype == np.complex64
    assert type(like["x"]) is float
    assert like["n"].dtype == fg.float0
    np.testing.assert_array_equal(rand_like(X, 1), rand_like(X, 1))


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"modes": ("fwd", "reverse")}, ValueError, "unknown mode 'reverse'"),
        ({"modes": ()}, ValueError, "modes is empty"),
        ({"order": 0}, ValueError, "order must be at least 1"),
        ({"order": 1.5}, TypeError, "order must be an integer"),
        ({"directions": 0}, ValueError, "directions must be at least 1"),
        ({"seed": -1}, TypeError, "seed must be"),
        ({"atol": -1.0}, ValueError, "atol must be finite and not negative"),
        ({"rtol": "small"}, TypeError, "rtol must be a number or None"),
        ({"eps": 0.0}, ValueError, "eps must be positive"),
        ({"args": X}, TypeError, "for one argument x write"),
        ({"args": (3,)}, ValueError, "hold no real or complex array to differentiate by: got int"),
        ({"f": 3}, TypeError, "f must be a function"),
        ({"f": np.sign, "args": (X,), "modes": "rev"}, None, ""),
        ({"f": lambda x: 3}, ValueError, "returned no real or complex array"),
    ],
)
def test_options_are_validated(options: dict[str, Any], error: Any, text: str) -> None:
    call = partial(check_grads, **{"f": np.sin, "args": (X,), **options})
    if error is None:
        call()
        return
    with pytest.raises(error, match=text):
        call()


def test_tolerances_and_steps_can_be_given() -> None:
    wrong = with_jvp(sine, lambda x, t: 1.001 * np.cos(x) * t)
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (X,))
    check_grads(wrong, (X,), rtol=1e-2)
    check_grads(wrong, (X,), atol=1e-1)
    check_grads(wrong, (X,), rtol={np.float64: 1e-2, np.float32: 1e-1})
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (X,), rtol={np.float32: 1e-1})
    check_grads(np.sin, (X,), eps=1e-3)


def test_signatures_begin_like_those_of_jax() -> None:
    names = list(inspect.signature(check_grads).parameters)
    assert names[:7] == ["f", "args", "order", "modes", "atol", "rtol", "eps"]
    names = list(inspect.signature(check_vjp).parameters)
    assert names[:6] == ["f", "f_vjp", "args", "atol", "rtol", "eps"]


def test_functions_without_forward_mode_say_so() -> None:
    right = with_vjp(sine, lambda x, ct: (np.cos(x) * ct,))
    check_grads(right, (X,), modes="rev")
    report = check_grads(right, (X,), order=2)
    assert "no forward derivative" in report.left_out["mode 'fwd'"]
    assert any("'rev' of 'rev'" in text for text in report.passed)
    with pytest.raises(DifferentiationError, match="no forward derivative"):
        check_grads(right, (X,), modes="fwd")


UNARY: list[Callable[..., Any]] = [
    np.sin, np.tanh, np.arctan, np.arcsinh, lambda x: np.log1p(x * x), lambda x: np.exp(-x * x),
    lambda x: 1 / (2 + np.cos(x)), lambda x: x**3 / 10, lambda x: np.log(np.exp(np.tanh(x)) + 1),
]  # fmt: skip
BINARY: list[Callable[..., Any]] = [
    np.add, np.multiply, np.hypot, np.logaddexp, lambda a, b: a / (1 + b * b),
    lambda a, b: a @ b.T @ b,
]  # fmt: skip
ALONG_AXES: list[Callable[..., Any]] = [
    lambda x: x - x.mean(0), lambda x: np.cumsum(x, 1), lambda x: x[::-1],
    lambda x: np.exp(x - x.max()), lambda x: x / np.sqrt(1 + (x * x).sum(1, keepdims=True)),
]  # fmt: skip


def random_function(rng: np.random.Generator) -> Callable[..., Any]:
    families = (UNARY, BINARY, ALONG_AXES)
    steps: list[tuple[Callable[..., Any], int]] = []
    for _ in range(rng.integers(2, 6)):
        family = families[rng.integers(3)]
        steps.append((family[rng.integers(len(family))], int(rng.integers(100))))

    def f(p: Any) -> Any:
        values = [p["x"], p["v"][0] * p["x"]]
        for step, k in steps:
            operands = (values[k % len(values)], values[-1])
            values.append(step(*operands) if step in BINARY else step(operands[0]))
        return values[-1] + values[1], values[-1].sum()

    return f


def test_no_false_alarms_on_random_smooth_functions() -> None:
    for seed in range(300):
        rng = np.random.default_rng(seed)
        f = random_function(rng)
        dtype = (np.float64, np.float64, np.float32)[seed % 3]
        x, v = rng.standard_normal((3, 4)).astype(dtype), rng.standard_normal(4).astype(dtype)
        check_grads(f, ({"x": x, "v": [v]},), directions=1, seed=seed)
