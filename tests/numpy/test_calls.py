"""Every public function: traced calls give NumPy's values, shapes and dtypes, and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from surface import elementwise, places, polynomials, products, reducing, shaping, sized
from surface.checks import check, leaves_of

import funcgrad as fg
import funcgrad.numpy as fnp

TABLE = {
    name: calls
    for part in (elementwise, reducing, shaping, places, products, polynomials, sized)
    for name, calls in part.TABLE.items()
}
TABLE = {name: calls for name, calls in TABLE.items() if hasattr(fnp, name)}  # NumPy may be older
CALLS = [
    (name, i, dtype)
    for name, calls in sorted(TABLE.items())
    for i, c in enumerate(calls)
    for dtype in c.dtypes
    if dtype == "d"
    or any(getattr(a, "dtype", None) == np.float64 for a in leaves_of((c.args, c.kwargs)))
]

EXEMPT = {
    "constants": "e euler_gamma inf nan newaxis pi",
    "dtypes and what is known of them": (
        "False_ True_ byte cdouble character csingle double flexible half int_ intc intp long "
        "longlong object_ short single ubyte uint uintc uintp ulong ulonglong ushort "
        "common_type isdtype iterable min_scalar_type mintypecode typename "
        "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 "
        "complex128 bool bool_ dtype finfo iinfo result_type promote_types can_cast issubdtype "
        "generic number integer signedinteger unsignedinteger inexact floating complexfloating "
        "isscalar ndarray"
    ),
    "they take shapes, sizes and numbers of rows": (
        "arange empty eye fromfunction identity ones tri zeros broadcast_shapes indices ix_ "
        "tril_indices triu_indices diag_indices blackman bartlett hamming hanning kaiser "
        "mask_indices"
    ),
    "they print": (
        "array_repr array_str array2string base_repr binary_repr format_float_positional "
        "format_float_scientific get_printoptions printoptions set_printoptions"
    ),
    "they say what happens to warnings": "errstate geterr seterr geterrcall seterrcall",
    "they read and write files and memory": (
        "frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt save savetxt "
        "savez savez_compressed may_share_memory shares_memory"
    ),
    "tested in files of their own": (
        "at fft linalg vectorize frompyfunc ufunc r_ c_ s_ index_exp mgrid ogrid ndindex "
        "ndenumerate einsum_path from_dlpack"
    ),
}


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    check(name, TABLE[name][i], dtype)


def test_median_of_ties_and_infinities():
    x = np.array([2.0, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(fg.grad(np.median)(x), [0.5, 0.0, 0.5, 0.0])
    endless = np.array([np.inf, 1.0, np.inf])
    for fun in (np.median, lambda v: np.quantile(v, 0.75), np.nanmedian):
        assert fg.jit(fun)(endless) == np.inf


def test_every_public_name_is_in_the_table():
    exempt = {name for names in EXEMPT.values() for name in names.split()}
    assert set(TABLE) & exempt == set()
    assert set(TABLE) | exempt == set(fnp.__all__)


def test_public_names_are_numpys_or_documented():
    ours = {n: getattr(fnp, n) for n in fnp.__all__ if n not in ("fft", "linalg")}
    bare = [
        name for name, value in ours.items()
        if value is not getattr(np, name, None) and ">>>" not in value.__doc__
    ]  # fmt: skip
    assert not bare
