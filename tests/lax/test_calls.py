"""Every function of lax: values, shapes, dtypes and derivatives are those of NumPy or loops."""

from __future__ import annotations

import inspect

import pytest
from lax.window_calls import TABLE
from surface.checks import check_function, leaves_of

import funcgrad as fg

CALLS = [
    (name, i, dtype)
    for name, calls in sorted(TABLE.items())
    for i, (_, _, case) in enumerate(calls)
    for dtype in case.dtypes
    if dtype == "d" or any(getattr(a, "dtype", None) == "f8" for a in leaves_of(case.args))
]

ELSEWHERE = {
    "tested in tests/test_control_flow.py and tests/lax/test_control.py": (
        "associative_scan cond fori_loop map scan stop_gradient switch while_loop"
    ),
    "tested in tests/test_collectives_and_debug.py and tests/lax/test_control.py": (
        "all_gather all_to_all axis_index axis_size pbroadcast pmax pmean pmin ppermute pshuffle "
        "psum psum_scatter pswapaxes"
    ),
    "tested in tests/ops/test_convolution.py": (
        "conv conv_dimension_numbers conv_general_dilated conv_general_dilated_patches "
        "conv_transpose conv_with_general_padding"
    ),
    "tested in tests/ops/test_windows.py": "avg_pool max_pool",
    "tested in tests/numpy, as a function of NumPy's": "logsumexp",
    "tested in tests/lax/test_fft.py": "fft",
    "tested in tests/lax/test_solving.py": "custom_linear_solve custom_root",
    "tested in tests/lax/test_shapes_and_names.py": (
        "broadcast_shapes broadcasted_iota composite conv_general_permutations "
        "conv_general_shape_tuple conv_shape_tuple conv_transpose_shape_tuple dtype empty iota "
        "optimization_barrier padtype_to_pads platform_dependent reduce_window_shape_tuple "
        "shape_as_value with_sharding_constraint"
    ),
}


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    fun, reference, case = TABLE[name][i]
    check_function(fun, reference, case, dtype)


def test_every_public_function_is_in_the_table():
    elsewhere = {name for names in ELSEWHERE.values() for name in names.split()}
    assert set(TABLE) & elsewhere == set()
    public = {n for n in fg.lax.__all__ if inspect.isfunction(getattr(fg.lax, n))}
    assert set(TABLE) | elsewhere == public
