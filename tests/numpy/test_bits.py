"""Without rewrites a program gives the bits of NumPy's results, but for a list of functions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from surface import elementwise, places, polynomials, products, reducing, shaping, sized
from surface.checks import Bound

import funcgrad as fg
import funcgrad.numpy as fnp

TABLE = {
    **elementwise.TABLE,
    **reducing.TABLE,
    **shaping.TABLE,
    **places.TABLE,
    **products.TABLE,
    **polynomials.TABLE,
    **sized.TABLE,
}
TABLE = {name: calls for name, calls in TABLE.items() if hasattr(fnp, name) and hasattr(np, name)}

PRODUCTS = "products of matrices: BLAS adds up in another order than loops do"
LAST_BITS = {
    PRODUCTS: (
        "convolve correlate corrcoef cov cross dot einsum inner matvec outer tensordot vecdot "
        "vecmat polyval vander poly polyfit polymul histogramdd"
    ),
    "sums of selected elements, and lengths of rescaled vectors": (
        "std var nanstd nanvar nanmean mean sum"
    ),
    "one formula for all spacings, and for all ways to continue": "gradient pad",
    "a series near zero, or digits that NumPy's formula loses": "sinc logaddexp geomspace",
    "means of two elements are taken between them": "median nanmedian percentile nanpercentile "
    "quantile nanquantile",
    "powers of complex numbers are products": "power",
    "NumPy computes powers by vectors, and these number by number": "float_power",
}
"""Why the last bits of some functions differ; docs/sharp_bits.md says the same."""

DIFFERENT = {name for names in LAST_BITS.values() for name in names.split()}


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize("name", sorted(TABLE.keys() - DIFFERENT))
def test_jit_gives_the_bits_of_numpy(name):
    for case in TABLE[name]:
        if case.concrete or case.reference is not None:
            continue
        for dtype in case.dtypes:
            bound = Bound(getattr(fnp, name), case, dtype)
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                try:
                    expected = bound.run(getattr(np, name), *bound.leaves)
                except (TypeError, ValueError, np.exceptions.ComplexWarning):
                    continue
                found = fg.jit(bound, stabilize=False)(*bound.leaves)
            for got, want in zip(found, expected, strict=True):
                np.testing.assert_array_equal(got, want)


RNG = np.random.default_rng(0)
SQUARE, STACK, TALL = RNG.normal(size=(5, 5)), RNG.normal(size=(3, 5, 5)), RNG.normal(size=(6, 4))
SYMMETRIC, VECTOR = SQUARE @ SQUARE.T + np.eye(5), RNG.normal(size=5)
LINALG: dict[str, Any] = {
    "cholesky": [(SYMMETRIC,)],
    "cond": [(SQUARE,), (SQUARE, 1), (TALL,)],
    "cross": [(SQUARE[:, :3], SQUARE[0, :3])],
    "det": [(SQUARE,), (STACK,)],
    "diagonal": [(SQUARE,)],
    "eig": [(SQUARE,), (STACK,)],
    "eigh": [(SYMMETRIC,)],
    "eigvals": [(SQUARE,), (SYMMETRIC,)],
    "eigvalsh": [(SYMMETRIC,)],
    "inv": [(SQUARE,), (STACK,)],
    "matmul": [(SQUARE, TALL.T[:, :5].T), (STACK, SQUARE), (SQUARE, VECTOR)],
    "matrix_power": [(SQUARE, n) for n in (0, 1, 2, 3, 4, 7, 12, -1, -3)] + [(STACK, 5)],
    "matrix_rank": [(SQUARE,), (TALL,)],
    "matrix_transpose": [(SQUARE,)],
    "multi_dot": [([SQUARE, SYMMETRIC, SQUARE],), ([TALL, TALL.T, TALL],), ([SQUARE] * 3,)],
    "outer": [(VECTOR, VECTOR)],
    "pinv": [(TALL,)],
    "qr": [(TALL,), (SQUARE,)],
    "slogdet": [(SQUARE,), (STACK,)],
    "solve": [(SQUARE, VECTOR), (STACK, SQUARE)],
    "svd": [(TALL,), (SQUARE,)],
    "svdvals": [(TALL,)],
    "tensorinv": [(RNG.normal(size=(4, 6, 8, 3)), 2)],
    "tensorsolve": [(RNG.normal(size=(2, 3, 6)), RNG.normal(size=(2, 3)))],
    "trace": [(SQUARE,)],
}
LINALG_DIFFERENT = {"lstsq", "norm", "matrix_norm", "vector_norm", "tensordot", "vecdot"}
"""Those of the table above in docs/sharp_bits.md."""


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize("name", sorted(LINALG))
@pytest.mark.parametrize("dtype", "fdD")
def test_jit_gives_the_bits_of_linear_algebra(name, dtype):
    for args in LINALG[name]:
        args = fg.tree.map(lambda x: x.astype(dtype) if isinstance(x, np.ndarray) else x, args)
        traced, fixed = args[:1], args[1:]
        if fixed and isinstance(fixed[0], np.ndarray):
            traced, fixed = args, ()
        expected = getattr(np.linalg, name)(*args)
        fun = getattr(fnp.linalg, name)
        found = fg.jit(lambda *a: fun(*a, *fixed), stabilize=False)(*traced)  # noqa: B023
        for got, want in zip(fg.tree.leaves(found), fg.tree.leaves(expected), strict=True):
            np.testing.assert_array_equal(got, want)


def test_every_function_of_linear_algebra_is_in_a_table():
    public = {n for n in fnp.linalg.__all__ if hasattr(np.linalg, n)} - {"LinAlgError"}
    assert public == LINALG.keys() | LINALG_DIFFERENT


def test_the_list_names_functions_of_the_table():
    assert TABLE.keys() >= DIFFERENT - {"matvec", "vecmat"}
