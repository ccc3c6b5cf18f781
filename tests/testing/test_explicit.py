"""Explicit Jacobians and Hessians, dense, sparse and as operators."""

import numpy as np
import pytest
from scipy import optimize, sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from funcgrad.testing import GradientCheckError, check_hessian, check_hvp, check_jacobian

A = np.random.default_rng(0).standard_normal((5, 4))
X = np.array([0.5, 1.5, -0.3, 0.7])
FORMS = {
    "dense": np.asarray,
    "csr": sparse.csr_matrix,
    "array": sparse.coo_array,
    "operator": aslinearoperator,
}


def layer(x):
    return np.tanh(A @ x)


def layer_jacobian(x):
    return (1 - np.tanh(A @ x) ** 2)[:, None] * A


def found(check, *args, **settings):
    with pytest.raises(GradientCheckError) as caught:
        check(*args, **settings)
    return caught.value.finding


@pytest.mark.parametrize("form", FORMS)
def test_a_right_jacobian_passes_and_a_wrong_element_is_found(form):
    make = FORMS[form]
    report = check_jacobian(layer, lambda x: make(layer_jacobian(x)), (X,))
    assert "every element of the Jacobian" in report.passed

    def wrong(x):
        j = layer_jacobian(x)
        j[2, 1] = 0
        return make(j)

    finding = found(check_jacobian, layer, wrong, (X,))
    assert (finding.path, finding.index) == ("the Jacobian", (2, 1))
    if form in ("csr", "array"):
        assert "pattern is too small" in finding.diagnosis


def test_what_is_wrong_with_a_whole_jacobian_is_said():
    square = A[:4]
    jac = lambda x: ((1 - np.tanh(square @ x) ** 2)[:, None] * square).T  # noqa: E731
    finding = found(check_jacobian, lambda x: np.tanh(square @ x), jac, (X,))
    assert "expected transposed" in finding.diagnosis
    with pytest.raises(ValueError, match=r"shape \(4, 5\), expected \(5, 4\).*transposed"):
        check_jacobian(layer, lambda x: layer_jacobian(x).T, (X,))
    with pytest.raises(TypeError, match=r"args\[0\] must be a real array"):
        check_jacobian(layer, layer_jacobian, ([1.0],))


def test_the_products_of_an_operator_are_checked_apart():
    def operator(x, sign=1):
        j = layer_jacobian(x)
        return LinearOperator((5, 4), matvec=lambda t: j @ t, rmatvec=lambda c: sign * j.T @ c)

    check_jacobian(layer, operator, (X,))
    assert "sign" in found(check_jacobian, layer, lambda x: operator(x, -1), (X,)).diagnosis
    one = lambda x: LinearOperator((5, 4), matvec=lambda t: layer_jacobian(x) @ t)  # noqa: E731
    check_jacobian(layer, one, (X,))


def test_least_squares_as_scipy_calls_it():
    t = np.linspace(0, 1, 6)

    def residuals(p, t, y=0.0):
        return p[0] * np.exp(-p[1] * t) - y

    def jac(p, t, y=0.0):
        e = np.exp(-p[1] * t)
        return np.stack([e, -p[0] * t * e], axis=1)

    p = np.array([1.3, 0.4])
    check_jacobian(residuals, jac, (p, t), kwargs={"y": 0.3})
    optimize.least_squares(residuals, p, jac, args=(t,))  # the same two functions
    finding = found(check_jacobian, residuals, lambda p, t: jac(p, t) * [1, -1], (p, t))
    assert "sign" in finding.diagnosis
    assert check_jacobian(lambda t, p: residuals(p, t), lambda t, p: jac(p, t), (t, p),
                          argnums=1).verdict == "pass"  # fmt: skip


def test_large_sparse_jacobians_are_checked_in_random_directions():
    c = sparse.random(300, 200, 0.02, random_state=0, format="csr")
    x = np.random.default_rng(1).standard_normal(200)
    jac = lambda x: sparse.diags(np.cos(c @ x)) @ c  # noqa: E731
    assert check_jacobian(lambda x: np.sin(c @ x), jac, (x,)).verdict == "pass"
    found(check_jacobian, lambda x: np.sin(c @ x), lambda x: 1.001 * jac(x), (x,))


def opaque_rosen(x):
    """The function, hidden from tracing."""
    return float(optimize.rosen([float(v) for v in x]))


@pytest.mark.parametrize("f", [optimize.rosen, opaque_rosen])
@pytest.mark.parametrize("gradient", [None, optimize.rosen_der])
def test_hessians(f, gradient):
    report = check_hessian(f, optimize.rosen_hess, (X,), gradient=gradient)
    assert "every element of the Hessian" in report.passed
    sparse_hessian = lambda x: sparse.csc_matrix(optimize.rosen_hess(x))  # noqa: E731
    check_hessian(f, sparse_hessian, (X,), gradient=gradient)
    upper = lambda x: np.triu(optimize.rosen_hess(x))  # noqa: E731
    finding = found(check_hessian, f, upper, (X,), gradient=gradient)
    assert finding.path == "the Hessian"
    assert finding.index[0] == finding.index[1] + 1
    assert check_hvp(f, optimize.rosen_hess_prod, (X,), gradient=gradient).verdict == "pass"
    wrong = lambda x, p: -optimize.rosen_hess_prod(x, p)  # noqa: E731
    assert "sign" in found(check_hvp, f, wrong, (X,), gradient=gradient).diagnosis


def test_the_gradient_that_is_given_is_checked_first():
    wrong = lambda x: 2 * optimize.rosen_der(x)  # noqa: E731
    finding = found(check_hessian, optimize.rosen, optimize.rosen_hess, (X,), gradient=wrong)
    assert (finding.order, "2 everywhere" in finding.diagnosis) == (1, True)


def test_hessians_of_many_variables():
    x = np.random.default_rng(2).standard_normal(150)
    check_hvp(optimize.rosen, optimize.rosen_hess_prod, (x,), gradient=optimize.rosen_der)
    check_hvp(opaque_rosen, optimize.rosen_hess_prod, (x,))
    wrong = lambda x, p: 1.01 * optimize.rosen_hess_prod(x, p)  # noqa: E731
    found(check_hvp, opaque_rosen, wrong, (x,))
    skewed = lambda x: optimize.rosen_hess(x) + 1e-3 * np.triu(np.ones((150, 150)), 1)  # noqa: E731
    found(check_hessian, optimize.rosen, skewed, (x,), gradient=optimize.rosen_der)


def test_other_arguments_and_wrong_calls():
    f = lambda x, s, power=2: s * np.sum(x**power)  # noqa: E731
    hess = lambda x, s, power=2: s * power * (power - 1) * np.diag(x ** (power - 2))  # noqa: E731
    check_hessian(f, hess, (X, 3.0), kwargs={"power": 4})
    hvp = lambda x, p, s, power=2: s * power * (power - 1) * x ** (power - 2) * p  # noqa: E731
    check_hvp(f, hvp, (X, 3.0), kwargs={"power": 4})
    with pytest.raises(TypeError, match="must return one real number"):
        check_hessian(layer, layer_jacobian, (X,))
    with pytest.raises(TypeError, match="returned shape"):
        check_hvp(f, lambda x, p, s: p[:2], (X, 3.0))
    with pytest.raises(ValueError, match="no argument 3"):
        check_jacobian(layer, layer_jacobian, (X,), argnums=3)
