"""Every public function: traced calls give NumPy's values, shapes and dtypes, and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from surface import elementwise
from surface.checks import check

import funcgrad.numpy as fnp

TABLE = {**elementwise.TABLE}
CALLS = [
    (name, i, dtype)
    for name, calls in sorted(TABLE.items())
    for i, c in enumerate(calls)
    for dtype in c.dtypes
    if dtype == "d" or any(
        getattr(a, "dtype", None) == np.float64 for a in (*c.args, *c.kwargs.values())
    )
]


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    check(name, TABLE[name][i], dtype)


def test_every_public_name_is_in_the_table():
    assert set(TABLE) - set(fnp.__all__) == set()
