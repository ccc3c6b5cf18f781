"""Options that all checkers share: what is varied, along which directions, and noise."""

import re
from typing import Annotated

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.testing import (
    GradientCheckError,
    check_gradient,
    check_grads,
    check_jvp,
    check_noisy,
    check_pair,
    check_vjp,
    gradcheck,
)
from funcgrad.testing import strategies as fst
from funcgrad.testing.reports.report import InconclusiveCheckError

X = np.array([0.3, -1.2, 0.7])
Y = np.array([1.1, 0.4, -0.6])


@fg.custom_vjp
def half_wrong(x, y, scale=1.0):
    return scale * x * y


half_wrong.defvjp(
    lambda x, y, scale=1.0: (scale * x * y, (x, y, scale)),
    lambda kept, ct: (ct * kept[2] * kept[1], 2 * ct * kept[2] * kept[0], None),
)


def test_argnums_choose_what_is_varied():
    assert check_grads(half_wrong, (X, Y), argnums=0).verdict == "pass"
    with pytest.raises(GradientCheckError) as caught:
        check_grads(half_wrong, (X, Y), argnums=1)
    assert "args[1]" in caught.value.finding.path
    with pytest.raises(GradientCheckError, match=r"args\[1\]"):
        check_grads(half_wrong, (X, Y))
    right = lambda x, y: (x * y, lambda ct: (ct * y, ct * x))  # noqa: E731
    wrong = lambda x, y: (x * y, lambda ct: (ct * y, 2 * ct * x))  # noqa: E731
    check_vjp(np.multiply, right, (X, Y), argnums=1)
    check_vjp(np.multiply, wrong, (X, Y), argnums=0)
    with pytest.raises(GradientCheckError):
        check_vjp(np.multiply, wrong, (X, Y), argnums=-1)
    push = lambda xs, ts: (xs[0] * xs[1], ts[0] * xs[1] + 2 * xs[0] * ts[1])  # noqa: E731
    check_jvp(np.multiply, push, (X, Y), argnums=0)
    with pytest.raises(GradientCheckError):
        check_jvp(np.multiply, push, (X, Y), argnums=1)
    forward, backward = lambda x, y: (x * y, (x, y)), lambda ct, c: (ct * c[1], 2 * ct * c[0])
    check_pair(forward, backward, (X, Y), argnums=0)
    with pytest.raises(GradientCheckError):
        check_pair(forward, backward, (X, Y))
    with pytest.raises(GradientCheckError, match=r"args\[1\]"):
        check_gradient(lambda x, y: np.sum(x * y), lambda x, y: 2 * x, (X, Y), argnums=1)


def test_trees_can_be_held():
    f = lambda p, x: np.tanh(p["w"] * x + p["b"])  # noqa: E731
    p = {"w": X, "b": Y}
    assert check_grads(f, (p, X), argnums=1, order=2).verdict == "pass"
    assert check_grads(f, (p, X), argnums=(0,)).verdict == "pass"
    with pytest.raises(ValueError, match="there is no argument 2"):
        check_grads(f, (p, X), argnums=2)
    with pytest.raises(ValueError, match="names no real or complex argument"):
        check_grads(lambda x, n: x**n, (X, 2), argnums=1)
    with pytest.raises(TypeError, match="argnums must be"):
        check_grads(f, (p, X), argnums="x")


def test_keyword_arguments_go_to_every_call():
    f = lambda x, y, *, scale: scale * x * y  # noqa: E731
    assert check_grads(f, (X, Y), kwargs={"scale": 3.0}).verdict == "pass"
    check_gradient(lambda x, *, s: s * np.sum(x**2), lambda x, *, s: 2 * s * x, (X,),
                   kwargs={"s": 3.0})  # fmt: skip
    check_pair(lambda x, *, s: (s * x, s), lambda ct, s: ct * s, (X,), kwargs={"s": 3.0})
    check_vjp(f, lambda x, y, *, scale: (f(x, y, scale=scale), lambda ct: (ct * scale * y,
                                                                          ct * scale * x)),
              (X, Y), kwargs={"scale": 2.0})  # fmt: skip
    with pytest.raises(TypeError, match="kwargs must be a dictionary"):
        check_grads(f, (X, Y), kwargs=[("scale", 3)])


def test_what_is_returned_besides_is_not_checked():
    wrong_aux = fg.custom_vjp(lambda x: (x**2, {"seen": np.sum(x)}))
    wrong_aux.defvjp(lambda x: ((x**2, {"seen": np.sum(x)}), x), lambda x, ct: (2 * x * ct[0],))
    assert check_grads(wrong_aux, (X,), has_aux=True).verdict == "pass"
    with pytest.raises(GradientCheckError):
        check_grads(wrong_aux, (X,))
    with pytest.raises(TypeError, match="must return \\(output, anything else\\)"):
        check_grads(np.sin, (X,), has_aux=True)


class Running:
    """A function that changes its object."""

    def __init__(self):
        self.mean = np.zeros(3)

    def __call__(self, x):
        return self.step(x)

    def step(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x
        return np.tanh(x) + self.mean


def test_functions_with_state_start_each_call_alike():
    model = Running()
    with pytest.raises(GradientCheckError, match="two calls with the same arguments differ"):
        check_grads(lambda x: model.step(fg.lax.stop_gradient(x)) + x, (X,))
    model = Running()
    assert check_grads(model.step, (X,), stateful=True).verdict == "pass"
    assert check_grads(model, (X,), stateful=True).verdict == "pass"
    assert not np.any(model.mean)
    # A state that goes in and comes out is an argument and an output like others.
    assert check_grads(lambda s, x: (0.9 * s + x, np.tanh(s * x)), (X, Y)).verdict == "pass"


# --- tangents ------------------------------------------------------------------------------------

RNG = np.random.default_rng(3)
SPD = (lambda a: a @ a.T + 3 * np.eye(3))(RNG.standard_normal((3, 3)))


@fg.custom_vjp
def energy(a):
    return np.sum(np.linalg.cholesky(a) ** 2) + np.sum(a**2)


# Right for symmetric matrices only: the trace's part goes to one triangle.
energy.defvjp(
    lambda a: (np.sum(np.linalg.cholesky(a) ** 2) + np.sum(a**2), a),
    lambda a, ct: (ct * (np.eye(3) + 4 * np.tril(a, -1) + 2 * np.diag(np.diag(a))),),
)


def test_symmetric_tangents():
    assert check_grads(energy, (SPD,), tangents="symmetric").verdict == "pass"
    with pytest.raises(GradientCheckError):
        check_grads(energy, (SPD,))


def test_the_gradient_along_tangents_is_shown_projected():
    @fg.custom_vjp
    def doubled(a):
        return np.sum(a**3)

    doubled.defvjp(lambda a: (np.sum(a**3), a), lambda a, ct: (6 * ct * a**2,))
    with pytest.raises(GradientCheckError) as caught:
        check_grads(doubled, (SPD,), tangents="symmetric", modes="rev")
    assert "projected on the tangents" in caught.value.finding.path
    assert "2 everywhere" in caught.value.finding.diagnosis


def strictly(f, holds):
    """A function that refuses arguments off its set."""

    def call(x):
        if isinstance(x, np.ndarray) and not holds(x):
            raise ValueError("off the set")
        return f(x)

    return call


P = np.array([0.2, 0.5, 0.3])
Q = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
ON = {
    "simplex": (lambda p: -np.sum(p * np.log(p)), P, lambda p: abs(np.sum(p) - 1) < 1e-9),
    "sphere": (lambda v: np.sum(v**3), X / np.linalg.norm(X),
               lambda v: abs(v @ v - 1) < 1e-9),
    "orthogonal": (lambda q: np.sum(q**3), Q, lambda q: np.allclose(q.T @ q, np.eye(3), atol=1e-9)),
    "skew": (lambda a: np.sum(np.sin(a) * np.arange(9.0).reshape(3, 3)), Q - Q.T,
             lambda a: np.allclose(a, -a.T)),
}  # fmt: skip


@pytest.mark.parametrize("name", ON)
def test_points_stay_on_their_sets(name):
    f, point, holds = ON[name]
    report = check_grads(strictly(f, holds), (point,), tangents=name, laws=False)
    assert report.verdict == "pass"

    wrong = fg.custom_jvp(strictly(f, holds))
    wrong.defjvp(lambda xs, ts: (f(*xs), 1.01 * fg.jvp(f, xs, ts)[1]))
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (point,), tangents=name, laws=False)


def test_tangents_of_ones_own_and_of_some_arguments():
    only_first = lambda rng, x: np.array([rng.standard_normal(), 0, 0])  # noqa: E731
    wrong = fg.custom_jvp(lambda x, y: x * y)
    wrong.defjvp(lambda p, t: (p[0] * p[1], t[0] * p[1] * np.array([1, 2, 2]) + p[0] * t[1]))
    assert check_grads(wrong, (X, Y), tangents=(only_first, None)).verdict == "pass"
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (X, Y), tangents=(None, only_first))
    with pytest.raises(ValueError, match="unknown tangents 'round'; the names are symmetric"):
        check_grads(np.sin, (X,), tangents="round")
    with pytest.raises(ValueError, match="2 entries for 1 arguments"):
        check_grads(np.sin, (X,), tangents=("sphere", None))


def test_tangents_and_strategies_of_the_same_sets():
    entropy = lambda p: -np.sum(p * np.log(p))  # noqa: E731
    assert gradcheck(entropy, fst.simplex_vectors(3), tangents="simplex", max_examples=3).passed
    cubes = lambda v: np.sum(v**3)  # noqa: E731
    assert gradcheck(cubes, fst.unit_vectors(3), tangents="sphere", max_examples=3).passed
    assert gradcheck(cubes, fst.skew_matrices(3), tangents="skew", max_examples=3).passed
    assert gradcheck(cubes, fst.orthogonal_matrices(3), tangents="orthogonal", order=1,
                     max_examples=3).passed  # fmt: skip


def test_labels_by_annotation():
    seen = []

    def loss(
        x: Annotated[np.ndarray, "n 3"], labels: Annotated[np.ndarray, "n", fst.integers(0, 2)]
    ):
        seen.append((np.shape(x), labels))
        return np.sum(x[np.arange(len(labels)), labels] ** 2)

    assert gradcheck(loss, max_examples=5).passed == 5
    # f is also called with twice as many rows of what is differentiated.
    fitting = [label for shape, label in seen if len(label) == shape[0]]
    assert len(fitting) >= 5
    assert all(label.dtype == np.int64 and label.max() <= 2 for label in fitting)

    def power(x, n: Annotated[int, fst.integers(2, 3)]):
        assert n in (2, 3)
        return x**n

    assert gradcheck(power, max_examples=5).passed == 5


# --- noise ---------------------------------------------------------------------------------------


def simulator(sigma, seed=0):
    rng = np.random.default_rng(seed)
    return lambda x: np.sum(x**2) + np.sin(x[0]) + sigma * rng.standard_normal()


def right(x):
    out = 2 * x
    out[0] += np.cos(x[0])
    return out


def test_noisy_simulators_get_a_statistical_verdict():
    for seed in range(20):
        f = simulator(0.01, seed)
        assert check_gradient(f, right, (X,), samples=32, seed=seed).verdict == "pass"
    report = check_gradient(simulator(0.01), right, (X,), samples=32)
    assert re.search(r"standard deviation of 0.0(08|09|1)", report.passed[0])
    with pytest.raises(GradientCheckError, match=r"1.5 everywhere"):
        check_gradient(simulator(0.01), lambda x: 1.5 * right(x), (X,), samples=64)
    with pytest.raises(GradientCheckError, match="sign is flipped"):
        check_gradient(simulator(0.1), lambda x: -right(x), (X,), samples=64)
    with pytest.raises(InconclusiveCheckError, match="more samples"):
        check_gradient(simulator(1e4), right, (X,), samples=8)


def test_gradients_may_be_noisy_too():
    rng = np.random.default_rng(1)

    def vjp(x):
        return np.sum(x**2), lambda ct: (ct * (2 * x + 0.05 * rng.standard_normal(3)),)

    f = lambda x: np.sum(x**2) + 0.01 * rng.standard_normal()  # noqa: E731
    assert check_noisy(f, vjp, (X,), 64).verdict == "pass"
    with pytest.raises(TypeError, match="samples must be an integer"):
        check_noisy(f, vjp, (X,), 1.5)


def test_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = X.astype(ml_dtypes.bfloat16)
    assert check_grads(lambda x: np.sin(x) * x, (x,)).verdict == "pass"
    assert check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, (x,)).verdict == "pass"
    with pytest.raises(GradientCheckError):
        check_gradient(lambda x: np.sum(x**2), lambda x: 3 * x, (x,))


def test_programs_keep_to_tangents():
    f = fg.custom_jvp(lambda a: np.sum(a @ a))
    f.defjvp(lambda p, t: (np.sum(p[0] @ p[0]), 1.5 * np.sum(t[0] @ p[0] + p[0] @ t[0])))
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(f, fst.symmetric_matrices(2), order=1, tangents="symmetric")
    assert "tangents='symmetric'" in str(caught.value)


def test_directions_of_small_entries_keep_to_tangents():
    drawn = []

    def symmetric(rng, a):
        t = rng.standard_normal(a.shape)
        drawn.append(t + t.T)
        return t + t.T

    @fg.custom_jvp
    def f(a):
        return np.sum(a @ a)

    @f.defjvp
    def rule(p, t):
        np.testing.assert_array_equal(np.asarray(t[0]), np.asarray(t[0]).T)
        return np.sum(p[0] @ p[0]), np.sum(t[0] @ p[0] + p[0] @ t[0])

    point = np.array([[1.0, 1e-9], [1e-9, 2.0]])
    check_grads(f, (point,), modes="fwd", tangents=symmetric, laws=False)
    assert drawn
