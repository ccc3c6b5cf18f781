"""SciPy's own functions, called with traced values: an error names the line and our function."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.sparse.linalg
import scipy.special
import scipy.stats

import funcgrad as fg

X = np.array([0.3, 0.4])
M = np.array([[2.0, 0.0], [1.0, 3.0]])
C = scipy.sparse.csc_array(M)

OURS = {
    "special.logsumexp": (lambda x: scipy.special.logsumexp(x), X),
    "special.softmax": (scipy.special.softmax, X),
    "special.polygamma": (lambda x: scipy.special.polygamma(1, x), X),
    "special.multigammaln": (lambda x: scipy.special.multigammaln(x + 3, 2), X),
    "stats.norm.logpdf": (scipy.stats.norm.logpdf, X),
    "stats.gamma.cdf": (lambda x: scipy.stats.gamma.cdf(x, 2.0), X),
    "stats.poisson.logpmf": (lambda mu: scipy.stats.poisson.logpmf(2, mu), X),
    "stats.multivariate_normal.logpdf": (scipy.stats.multivariate_normal.logpdf, X),
    "stats.gaussian_kde": (lambda x: scipy.stats.gaussian_kde(x)(0.2), X),
    "stats.rankdata": (scipy.stats.rankdata, X),
    "stats.sem": (scipy.stats.sem, X),
    "linalg.solve_triangular": (lambda a: scipy.linalg.solve_triangular(a, X, lower=True), M),
    "linalg.cho_factor": (lambda a: scipy.linalg.cho_factor(a)[0], M),
    "linalg.cho_solve": (lambda a: scipy.linalg.cho_solve((a, True), X), M),
    "linalg.expm": (scipy.linalg.expm, M),
    "linalg.inv": (scipy.linalg.inv, M),
    "linalg.block_diag": (lambda a: scipy.linalg.block_diag(a, a), M),
    "linalg.toeplitz": (scipy.linalg.toeplitz, X),
    "integrate.simpson": (scipy.integrate.simpson, X),
    "optimize.minimize": (lambda x: scipy.optimize.minimize(np.sum, x).x, X),
    "optimize.root": (lambda x: scipy.optimize.root(np.sin, x).x, X),
    "optimize.curve_fit": (lambda y: scipy.optimize.curve_fit(lambda t, a: a * t, X, y)[0], X),
    "optimize.nnls": (lambda b: scipy.optimize.nnls(M, b)[0], X),
    "sparse.linalg.cg": (lambda b: scipy.sparse.linalg.cg(M, b)[0], X),
    "sparse.linalg.gmres": (lambda b: scipy.sparse.linalg.gmres(M, b)[0], X),
}
OTHERS = {
    "optimize.fsolve": (lambda x: scipy.optimize.fsolve(np.sin, x), X),
    "sparse.linalg.spsolve": (lambda x: scipy.sparse.linalg.spsolve(C, x), X),
    "stats.gzscore": (scipy.stats.gzscore, X),
}


@pytest.mark.parametrize("transform", [fg.grad, fg.jit, fg.vmap])
@pytest.mark.parametrize("name", [*OURS, *OTHERS])
def test_the_message(name, transform):
    call, x = {**OURS, **OTHERS}[name]
    x = np.stack([x, x]) if transform is fg.vmap else x
    with pytest.raises(fg.errors.TracerError) as info:
        transform(lambda a: np.sum(call(a)))(x)
    text = str(info.value)
    assert text.startswith(f"scipy.{name} makes a plain array of a traced value")
    assert "test_calls_of_scipy.py" in text
    assert ("Use funcgrad.scipy." in text) == (name in OURS)
    if name in OURS:
        assert f"Use funcgrad.scipy.{name}," in text
    else:
        assert "funcgrad.custom_jvp" in text


LOOKS = {
    "optimize.least_squares": lambda x: scipy.optimize.least_squares(np.sin, x).x,
    "optimize.brentq": lambda x: scipy.optimize.brentq(lambda p: p - x[0], 0.0, 1.0),
    "optimize.root_scalar": lambda x: scipy.optimize.root_scalar(
        lambda p: p - x[0], bracket=(0.0, 1.0)).root,
    "optimize.minimize_scalar": lambda x: scipy.optimize.minimize_scalar(
        lambda p: (p - x[0]) ** 2).x,
}  # fmt: skip


@pytest.mark.parametrize("transform", [fg.grad, fg.jit])
@pytest.mark.parametrize("name", LOOKS)
def test_the_message_where_values_are_looked_at_or_changed(name, transform):
    if transform is fg.grad and name in ("optimize.brentq", "optimize.root_scalar"):
        pytest.skip("SciPy's C code goes on in spite of an error, and may raise any other one")
    with pytest.raises(fg.errors.FuncgradError) as info:
        transform(lambda a: np.sum(LOOKS[name](a)))(X)
    text = str(info.value)
    assert text.startswith(f"scipy.{name} ")
    assert "test_calls_of_scipy.py" in text
    assert f"Use funcgrad.scipy.{name}, which takes traced values" in text


def test_what_is_no_call_of_scipy_has_the_message_for_numpy():
    with pytest.raises(fg.errors.TracerError, match="NumPy tried to turn a traced value"):
        fg.grad(lambda x: np.asarray(x)[0])(X)
