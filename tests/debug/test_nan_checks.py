"""Inside nan_checks, transformed functions raise where their results are not finite."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.debug import nan_checks
from funcgrad.errors import NonFiniteError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def root_of_squares(x):
    return np.sqrt(np.sum(x**2))


CALLS = {
    "grad": lambda: fg.grad(root_of_squares)(np.zeros(2)),
    "value_and_grad": lambda: fg.value_and_grad(root_of_squares)(np.zeros(2)),
    "jit": lambda: fg.jit(lambda x: 1 / x)(np.zeros(2)),
    "jit of positional arrays, twice": lambda: [fg.jit(lambda x: 1 / x)(x) for x in ONES_AND_ZEROS],
    "vmap": lambda: fg.vmap(lambda x: np.log(x))(np.arange(3.0)),
    "jvp": lambda: fg.jvp(np.sqrt, (0.0,), (1.0,)),
    "vjp": lambda: fg.vjp(np.log, 0.0),
    "a pullback": lambda: fg.vjp(np.sqrt, np.zeros(2))[1](np.ones(2)),
    "jacfwd": lambda: fg.jacfwd(np.sqrt)(np.zeros(2)),
    "jacrev": lambda: fg.jacrev(np.sqrt)(np.zeros(2)),
    "linearize": lambda: fg.linearize(np.sqrt, 0.0)[1](1.0),
    "stabilize": lambda: fg.stabilize(lambda x: 1 / x)(np.zeros(2)),
    "inside a user function": lambda: fg.grad(lambda x: x * fg.grad(np.sqrt)(0.0))(1.0),
    "hessian": lambda: fg.hessian(lambda x: np.sum(x**1.5))(np.zeros(2)),
}

ONES_AND_ZEROS = (np.ones(2), np.zeros(2))


@pytest.mark.parametrize("name", CALLS)
def test_results_that_are_not_finite_raise(name):
    call = CALLS[name]
    call()
    with nan_checks(), pytest.raises(NonFiniteError, match="the result is not finite") as caught:
        call()
    assert "first infinite value" in str(caught.value)
    assert "test_nan_checks.py" in str(caught.value)
    call()


def test_the_error_is_a_floating_point_error_at_the_users_line():
    with nan_checks(), pytest.raises(FloatingPointError) as caught:
        fg.jit(fg.grad(np.sqrt))(0.0)
    frames = [entry.path.name for entry in caught.traceback]
    assert frames[0] == "test_nan_checks.py"
    assert frames[1:] in ([], ["jit.py"])


def test_finite_results_do_not_raise():
    with nan_checks():
        assert fg.grad(lambda x: np.where(x > 0, np.log(x), x))(0.0) == 1.0
        assert fg.jit(lambda x: 1 / (1 + np.exp(x)))(1000.0) == 0.0
        assert fg.vmap(lambda x: x)(np.arange(3)).tolist() == [0, 1, 2]
        assert fg.vjp(np.sqrt, 0.0)[0] == 0
        fg.make_jaxpr(np.log)(0.0)


def test_plain_numpy_and_named_functions_are_not_checked():
    with nan_checks():
        assert np.isinf(np.divide(1.0, 0.0))
        assert np.isinf(fg.numpy.log(fg.numpy.zeros(2))).all()


def test_checks_end_with_the_context_also_by_an_error():
    with pytest.raises(NonFiniteError), nan_checks():
        fg.grad(np.sqrt)(0.0)
    assert fg.grad(np.sqrt)(0.0) == np.inf


def test_checkers_of_derivatives_see_infinities_themselves():
    """Functions of ours that call transformations judge their results on their own."""
    with nan_checks():
        fg.testing.check_grads(lambda x: x * x, (1.0,), order=1)
