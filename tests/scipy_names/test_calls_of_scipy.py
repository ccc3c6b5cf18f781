"""SciPy's own functions, called with traced values: an error names the line and our function."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import scipy.cluster.vq
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.optimize
import scipy.sparse.linalg
import scipy.spatial.distance
import scipy.special
import scipy.stats

import funcgrad as fg
from funcgrad.core import scipy_calls

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
    "spatial.distance.cdist": (lambda a: scipy.spatial.distance.cdist(a, M), M),
    "spatial.distance.pdist": (scipy.spatial.distance.pdist, M),
    "cluster.vq.vq": (lambda a: scipy.cluster.vq.vq(M, a)[1], M),
    "integrate.simpson": (scipy.integrate.simpson, X),
    "optimize.minimize": (lambda x: scipy.optimize.minimize(np.sum, x).x, X),
    "optimize.root": (lambda x: scipy.optimize.root(np.sin, x).x, X),
    "optimize.curve_fit": (lambda y: scipy.optimize.curve_fit(lambda t, a: a * t, X, y)[0], X),
    "optimize.nnls": (lambda b: scipy.optimize.nnls(M, b)[0], X),
    "sparse.linalg.cg": (lambda b: scipy.sparse.linalg.cg(M, b)[0], X),
    "sparse.linalg.gmres": (lambda b: scipy.sparse.linalg.gmres(M, b)[0], X),
}
OTHERS = {
    "interpolate.griddata": (lambda y: scipy.interpolate.griddata(np.arange(2.0), y, 0.5), X),
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
    with pytest.raises(fg.errors.FuncgradError) as info:
        transform(lambda a: np.sum(LOOKS[name](a)))(X)
    text = str(info.value)
    assert text.startswith(f"scipy.{name} ")
    assert "test_calls_of_scipy.py" in text
    assert f"Use funcgrad.scipy.{name}, which takes traced values" in text


DROPPED = {
    "a bracket": lambda a: scipy.optimize.brentq(lambda x: x * x - 2.0, 0.0, a),
    "an argument": lambda a: scipy.optimize.brentq(lambda x, a: x * x - a, 0.0, 2.0, args=(a,)),
    "a closure": lambda a: scipy.optimize.brenth(lambda x: x * x - a, 0.0, 2.0),
    "MINPACK": lambda a: scipy.optimize.root(lambda x: x * x - a, np.ones(1)).x[0],
    "Python code": lambda a: scipy.optimize.differential_evolution(
        lambda x: np.sum((x - a) ** 2), [(0, 1)], maxiter=1).fun,
}  # fmt: skip
"""Calls in which SciPy raises another error in the place of ours."""


@pytest.mark.parametrize("transform", [fg.grad, fg.jit])
@pytest.mark.parametrize("name", DROPPED)
def test_the_message_where_scipy_drops_the_error(name, transform):
    with pytest.raises(
        fg.errors.FuncgradError, match=r"^scipy\.optimize\..*test_calls_of_scipy.py"
    ):
        transform(DROPPED[name])(1.5)


def test_an_error_of_the_user_stays_when_one_of_ours_was_caught():
    def f(x):
        try:
            scipy.optimize.brentq(lambda p: p - x, 0.0, 2.0)
        except Exception:
            pass
        return scipy.optimize.brentq(lambda p: p, 1.0, 2.0) * x

    with pytest.raises(ValueError, match="must have different signs"):
        fg.grad(f)(1.0)

    def g(x):
        def raising(p):
            raise ZeroDivisionError("the user's")

        return scipy.optimize.brentq(raising, 0.0, 1.0) * x

    with pytest.raises(ZeroDivisionError, match="the user's"):
        fg.grad(g)(1.0)


NEAREST = {
    "optimize.fsolve": (lambda x: scipy.optimize.fsolve(np.sin, x), "optimize.root"),
    "optimize.leastsq": (lambda x: scipy.optimize.leastsq(np.sin, x)[0], "optimize.least_squares"),
    "optimize.fmin": (lambda x: scipy.optimize.fmin(np.sum, x), "optimize.minimize"),
    "interpolate.make_interp_spline": (
        lambda y: scipy.interpolate.make_interp_spline(np.arange(2.0), y, 1)(0.5),
        "interpolate.CubicSpline",
    ),
}


@pytest.mark.parametrize("name", NEAREST)
def test_the_nearest_function_of_ours(name):
    call, nearest = NEAREST[name]
    with pytest.raises(
        fg.errors.TracerError, match=rf"Use funcgrad\.scipy\.{nearest}, the nearest"
    ):
        fg.grad(lambda x: np.sum(call(x)))(X)


def test_every_function_named_as_the_nearest_is_there():
    for package, table in scipy_calls._RELATIVES.items():
        for other, names in table.items():
            assert scipy_calls.ours(f"scipy.{package}.{other}")
            for name in names.split():
                assert scipy_calls.ours(f"scipy.{package}.{name}") is None, name
                assert hasattr(importlib.import_module(f"scipy.{package}"), name), name


def test_what_is_no_call_of_scipy_has_the_message_for_numpy():
    with pytest.raises(fg.errors.TracerError, match="NumPy tried to turn a traced value"):
        fg.grad(lambda x: np.asarray(x)[0])(X)
