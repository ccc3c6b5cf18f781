"""scipy.linalg over drawn values, dtypes and shapes: the calls of the tables, and stacks."""

import functools
from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg as spl
from scipy_names import test_linalg, test_linalg_more
from surface.arrays import spread
from surface.checks import call
from surface.drawn import check_drawn

from funcgrad.scipy import linalg

TABLE = {**test_linalg.TABLE, **test_linalg_more.TABLE}


def companion(a):
    """SciPy's is a vector if there are no zeros."""
    return spl.fiedler_companion(a).reshape(len(a) - 1, len(a) - 1)


def of_one_kind(known):
    """SciPy drops imaginary parts beside a real matrix that it factors, or takes its real form,
    which may have blocks of two rows, for a triangle.
    """

    def run(*arrays, **kwargs):
        given = [a for a in arrays if a is not None]
        if any(np.iscomplexobj(a) for a in given):
            given = [a.astype(np.result_type(a, np.complex64)) for a in given]
        return known(*given, **kwargs)

    return run


def where_unique(known):
    """Fewer rows than columns leave turns open."""

    def run(a, b):
        if len(a) < a.shape[1]:
            raise ValueError("several turns are the nearest")
        return known(a, b)

    return run


OTHERS = {
    "orthogonal_procrustes": where_unique,
    "solve_continuous_lyapunov": of_one_kind,
    "solve_discrete_lyapunov": of_one_kind,
    "solve_sylvester": of_one_kind,
    "fiedler_companion": lambda _: companion,
    "qr_multiply": of_one_kind,
}

A = spread((3, 3)) + 3 * np.eye(3)
B = spread((3, 2))
V = spread((3,))
BANDS = np.array([[6.0, 5.5, 7.0, 6.5], [0.5, -0.7, 0.4, 0.3]])
STACKS = {
    "solve": ("(n,n),(n,m)->(n,m)", [call(A, B), call(A, B, assume_a="upper triangular")]),
    "solve_triangular": ("(n,n),(n,m)->(n,m)", [call(A, B, lower=True), call(A, B, trans=1)]),
    "inv": ("(n,n)->(n,n)", [call(A)]),
    "det": ("(n,n)->()", [call(A)]),
    "expm": ("(n,n)->(n,n)", [call(A * 0.3)]),
    "logm": ("(n,n)->(n,n)", [call(A + 2 * np.eye(3))]),
    "signm": ("(n,n)->(n,n)", [call(A)]),
    "coshm": ("(n,n)->(n,n)", [call(A * 0.3)]),
    "sqrtm": ("(n,n)->(n,n)", [call(A @ A.T)]),
    "pinv": ("(n,m)->(m,n)", [call(B), call(A)]),
    "svdvals": ("(n,n)->(n)", [call(A)]),
    "toeplitz": ("(n)->(n,n)", [call(V)]),
    "circulant": ("(n)->(n,n)", [call(V)]),
    "hankel": ("(n)->(n,n)", [call(V)]),
    "companion": ("(n)->(m,m)", [call(V)]),
    "fiedler": ("(n)->(n,n)", [call(V)]),
    "solve_sylvester": ("(n,n),(n,n),(n,n)->(n,n)", [call(A, A.T, A)]),
    "solve_continuous_lyapunov": ("(n,n),(n,n)->(n,n)", [call(A, A)]),
    "solve_toeplitz": ("(n),(n,m)->(n,m)", [call(np.array([4.0, 0.3, -0.7]), B)]),
    "block_diag": ("(n,n),(n,m)->(k,l)", [call(A, B)]),
    "convolution_matrix": ("(n)->(m,k)", [call(V, n=4), call(V, n=2, mode="same")]),
    "fiedler_companion": ("(n)->(m,m)", [call(V)]),
    "leslie": ("(n),(m)->(n,n)", [call(V, V[:2])]),
    "lstsq": ("(n,m),(n,k)->(m,k),(k),(),(m)", [call(spread((4, 3)), spread((4, 2)))]),
    "orthogonal_procrustes": ("(n,m),(n,m)->(m,m),()", [call(A, A.T)]),
    "solveh_banded": ("(k,n),(n,m)->(n,m)", [call(BANDS, spread((4, 2)), lower=True)]),
    "solve_discrete_lyapunov": ("(n,n),(n,n)->(n,n)", [call(A * 0.1, A)]),
    "expm_frechet": ("(n,n),(n,n)->(n,n),(n,n)", [call(A * 0.3, A)]),
    "polar": ("(n,n)->(n,n),(n,n)", [call(A), call(A, side="left")]),
}


def with_stacks(case):
    """The call with leading axes of two sizes, one of which may become 1."""
    stacked = [np.stack([x * s for s in (1.0, 0.8)]) for x in case.args]
    return replace(case, args=tuple(stacked))


@pytest.mark.parametrize("name", STACKS)
def test_drawn_stacks(name):
    signature, calls = STACKS[name]

    def known(*args, **kwargs):
        one = OTHERS.get(name, lambda known: known)(functools.partial(getattr(spl, name), **kwargs))
        return np.vectorize(one, signature=signature)(*args)

    entries = [(getattr(linalg, name), known, with_stacks(case)) for case in calls]
    check_drawn(entries, 4, matrices=True, promoted=True)


@pytest.mark.parametrize("name", TABLE)
def test_drawn_calls(name):
    other = OTHERS.get(name, lambda known: known)
    entries = [(fun, other(known), case) for fun, known, case in TABLE[name]]
    check_drawn(entries, 4, matrices=True, promoted=True)
