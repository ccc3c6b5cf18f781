"""Without rewrites a program gives the bits of NumPy's results, but for a list of functions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from surface import elementwise, products, reducing, shaping
from surface.checks import Bound

import funcgrad as fg
import funcgrad.numpy as fnp

TABLE = {**elementwise.TABLE, **reducing.TABLE, **shaping.TABLE, **products.TABLE}
TABLE = {name: calls for name, calls in TABLE.items() if hasattr(fnp, name) and hasattr(np, name)}

PRODUCTS = "products of matrices: BLAS adds up in another order than loops do"
LAST_BITS = {
    PRODUCTS: (
        "convolve correlate corrcoef cov cross dot einsum inner matvec outer tensordot vecdot "
        "vecmat polyval vander"
    ),
    "sums of selected elements, and lengths of rescaled vectors": (
        "std var nanstd nanvar nanmean mean sum"
    ),
    "one formula for all spacings, and for all ways to continue": "gradient pad",
    "a series near zero, or digits that NumPy's formula loses": "sinc logaddexp geomspace",
    "means of two elements are taken between them": "median nanmedian percentile nanpercentile "
    "quantile nanquantile",
    "powers of complex numbers are products": "power",
}
"""Why the last bits of some functions differ; docs/sharp_bits.md says the same."""

DIFFERENT = {name for names in LAST_BITS.values() for name in names.split()}


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


def test_the_list_names_functions_of_the_table():
    assert TABLE.keys() >= DIFFERENT - {"matvec", "vecmat"}
