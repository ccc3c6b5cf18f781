"""The standard for array libraries, 2024.12: its functions, in its form, on traced values, too.

Results are compared with those of NumPy, which conforms. ``CALLS`` has a call of every function of
the standard's main namespace, with each argument once: by position where the standard says so, by
name where it says that.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from surface.checks import OLDER_NUMPY

import funcgrad as fg
import funcgrad.numpy as fnp

pytestmark = [
    pytest.mark.skipif(OLDER_NUMPY, reason="this NumPy does not conform yet"),
    pytest.mark.usefixtures("by_numpy"),
]

X = np.array([[0.5, -1.25, 2.0], [3.5, 0.25, -0.75]])
Y = np.array([[1.5, 0.25, -2.0], [0.5, -3.25, 1.75]])
I, J = np.array([[5, -3, 2], [7, 1, -4]]), np.array([[1, 2, 3], [2, 4, 1]])  # noqa: E741
B, C = X > 0, X + 1j * Y
V = np.array([2.0, 0.5, 1.0, 0.5])
P = np.array([2, 0])

UNARY = {
    "abs acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log10 log2 reciprocal sin "
    "sinh sqrt square tan tanh negative positive sign isfinite isinf isnan": (X, C),
    "ceil floor round trunc": (X, I),
    "signbit": (X,),
    "conj imag real": (C,),
    "bitwise_invert": (I, B),
    "logical_not": (B,),
}
BINARY = {
    "add subtract multiply divide equal not_equal": ((X, Y), (C, C * 2), (I, J)),
    "atan2 copysign hypot nextafter logaddexp": ((X, Y),),
    "floor_divide remainder maximum minimum greater greater_equal less less_equal": (
        (X, Y),
        (I, J),
    ),
    "pow": ((abs(X), Y), (I, J)),
    "bitwise_and bitwise_or bitwise_xor": ((I, J), (B, ~B)),
    "bitwise_left_shift bitwise_right_shift": ((I, J),),
    "logical_and logical_or logical_xor": ((B, ~B),),
}


def call(*args, **kwargs):
    return args, kwargs


CALLS = {
    "arange": [call(5), call(1, stop=7, step=2, dtype=np.float32, device="cpu")],
    "asarray": [call(X, dtype=np.float32, device="cpu", copy=True), call([1, 2], copy=None)],
    "eye": [call(3), call(2, 3, k=1, dtype=np.int64, device="cpu")],
    "from_dlpack": [call(X, device="cpu", copy=True)],
    "full": [call((2, 3), 4), call(2, fill_value=1.5, dtype=np.float32, device="cpu")],
    "full_like": [call(X, 3), call(X, fill_value=2, dtype=np.int64, device="cpu")],
    "linspace": [call(0, 1, 5), call(0.0, 2.0, num=4, dtype=np.float32, device="cpu",
                                     endpoint=False)],
    "meshgrid": [call(V, P, indexing="ij")],
    "ones": [call((2, 3), dtype=np.int64, device="cpu")],
    "ones_like": [call(X, dtype=np.float32, device="cpu")],
    "tril": [call(X, k=1)],
    "triu": [call(X, k=-1)],
    "zeros": [call(2, dtype=None, device=None), call((2, 3), dtype=np.int64, device="cpu")],
    "zeros_like": [call(X, dtype=np.float32, device="cpu")],
    "astype": [call(X, np.float32, copy=False, device="cpu"), call(I, np.float64)],
    "broadcast_arrays": [call(X, V[:3])],
    "broadcast_to": [call(V, shape=(2, 4))],
    "clip": [call(X, min=-1, max=1.5), call(X, 0.0), call(I, max=3), call(X, Y, None)],
    "matmul": [call(X, Y.T), call(I, J.T)],
    "matrix_transpose": [call(np.stack([X, Y]))],
    "tensordot": [call(X, Y, axes=((0, 1), (0, 1))), call(X, Y.T, axes=1)],
    "vecdot": [call(X, Y, axis=-1), call(C, C * 1j)],
    "concat": [call((X, Y), axis=1), call([X, I], axis=None)],
    "expand_dims": [call(X, axis=1)],
    "flip": [call(X), call(X, axis=(0, 1))],
    "moveaxis": [call(np.stack([X, Y]), (0, 1), (2, 0))],
    "permute_dims": [call(np.stack([X, Y]), axes=(2, 0, 1))],
    "repeat": [call(X, 2), call(X, P, axis=0)],
    "reshape": [call(X, (3, -1)), call(X, shape=(6,), copy=None)],
    "roll": [call(X, 1), call(X, shift=(1, -1), axis=(0, 1))],
    "squeeze": [call(X[:1], axis=0)],
    "stack": [call([X, Y], axis=2)],
    "tile": [call(X, (2, 1, 2))],
    "unstack": [call(X, axis=1)],
    "take": [call(X, P, axis=1)],
    "take_along_axis": [call(X, np.argsort(X, 1), axis=1), call(V, P)],
    "argmax": [call(X), call(X, axis=1, keepdims=True)],
    "argmin": [call(X), call(X, axis=1, keepdims=True)],
    "count_nonzero": [call(X), call(I, axis=(0, 1), keepdims=True)],
    "searchsorted": [call(np.sort(V), X, side="right", sorter=None)],
    "where": [call(B, X, Y), call(B, X, 1.5)],
    "argsort": [call(X, axis=0, descending=False, stable=True)],
    "sort": [call(X, axis=0, descending=False, stable=True)],
    "cumulative_prod": [call(X, axis=1, dtype=np.float64, include_initial=True), call(V)],
    "cumulative_sum": [call(X, axis=1, dtype=np.float64, include_initial=True), call(V)],
    "max": [call(X), call(X, axis=(0, 1), keepdims=True)],
    "mean": [call(X), call(X, axis=0, keepdims=True), call(C)],
    "min": [call(X), call(X, axis=(0, 1), keepdims=True)],
    "prod": [call(I), call(X, axis=0, dtype=np.float32, keepdims=True)],
    "std": [call(X, axis=0, correction=1.0, keepdims=True)],
    "sum": [call(I), call(X, axis=0, dtype=np.float32, keepdims=True)],
    "var": [call(X, axis=0, correction=1.0, keepdims=True)],
    "all": [call(B), call(X, axis=0, keepdims=True)],
    "any": [call(B), call(X, axis=0, keepdims=True)],
    "diff": [call(X, axis=0), call(X, n=2, prepend=X[:, :1], append=X[:, :2])],
}  # fmt: skip
CALLS |= {n: [call(x) for x in xs] for names, xs in UNARY.items() for n in names.split()}
CALLS |= {n: [call(*xy) for xy in xs] + [call(xs[0][0], xs[0][1].dtype.type(1).item())]
          for names, xs in BINARY.items() for n in names.split()}  # fmt: skip
ONLY_PLAIN = {
    "empty": [call((2, 3), dtype=np.int64, device="cpu")],
    "empty_like": [call(X, dtype=np.float32, device="cpu")],
    "nonzero": [call(X)],
    "unique_all": [call(V)],
    "unique_counts": [call(V)],
    "unique_inverse": [call(V)],
    "unique_values": [call(V)],
    "can_cast": [call(np.float32, np.float64), call(X, np.float32)],
    "finfo": [call(np.float32), call(X)],
    "iinfo": [call(np.int32), call(I.dtype)],
    "isdtype": [call(X.dtype, "real floating"), call(np.dtype("i4"), ("bool", "integral"))],
    "result_type": [call(X, I, np.float32), call(np.float32, np.int8)],
}
CONSTANTS = "e inf nan newaxis pi"
DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128"
)
CASES = [(n, i) for n, calls in CALLS.items() for i in range(len(calls)) if hasattr(fnp, n)]


def parts(found):
    return list(found) if isinstance(found, tuple | list) else [found]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_call(name, i):
    args, kwargs = CALLS[name][i]
    fun = getattr(fnp, name)
    other = {k: v for k, v in kwargs.items() if k not in ("descending", "device")}
    if (name, i) == ("clip", 1):
        args, fun_args = (*args, None), args  # NumPy wants both limits by position
    else:
        fun_args = args
    numpys = getattr(np, name)
    with np.errstate(all="ignore"):
        expected = parts(numpys(*args, **other))
        runs = [fun(*fun_args, **kwargs)]
        places = [k for k, a in enumerate(args) if isinstance(a, np.ndarray)]
        if places and name != "reshape":

            def traced(*xs):
                full = list(fun_args)
                for k, x in zip(places, xs, strict=True):
                    full[k] = x
                return fun(*full, **kwargs)

            static = {("repeat", 1)}
            if (name, i) not in static:
                runs.append(fg.jit(traced)(*[args[k] for k in places]))
                stacked = [np.stack([args[k]] * 2) for k in places]
                runs.append([y[0] for y in parts(fg.vmap(traced)(*stacked))])
    for run in runs:
        assert len(parts(run)) == len(expected)
        for got, wanted in zip(parts(run), expected, strict=True):
            assert np.asarray(got).dtype == np.asarray(wanted).dtype
            assert_allclose(got, wanted, rtol=2e-15 if wanted.dtype.itemsize > 4 else 1e-6)


@pytest.mark.parametrize("name", ONLY_PLAIN)
def test_call_on_plain_values(name):
    for args, kwargs in ONLY_PLAIN[name]:
        got = getattr(fnp, name)(*args, **kwargs)
        if name in ("finfo", "iinfo"):
            dtype = args[0].dtype if args[0] is X else args[0]
            assert got.max == getattr(np, name)(dtype).max
            continue
        expected = getattr(np, name)(*args, **kwargs)
        if name.startswith("empty"):
            assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        else:
            for g, e in zip(parts(got), parts(expected), strict=True):
                assert_array_equal(g, e)
    unique = fnp.unique_all(V)
    assert unique._fields == ("values", "indices", "inverse_indices", "counts")


def test_every_name_of_the_standard_is_there():
    for name in f"{CONSTANTS} {DTYPES}".split():
        assert hasattr(fnp, name), name
    recent = {"astype", "cumulative_prod", "cumulative_sum", "unstack"}  # since NumPy 2.1
    assert {n for n in (*CALLS, *ONLY_PLAIN) if not hasattr(fnp, n)} <= recent
    assert fnp.__array_api_version__ == "2024.12"


@pytest.mark.parametrize("transform", [lambda f: f, fg.jit])
def test_order_downward_is_stable(transform):
    x = np.array([[2.0, 1.0, 2.0, 3.0], [0.0, 0.0, -1.0, 0.0]])
    order = transform(lambda x: fnp.argsort(x, axis=1, descending=True, stable=True))(x)
    assert_array_equal(order, [[3, 0, 2, 1], [0, 1, 3, 2]])
    for axis in (0, -1):
        down = transform(lambda x: fnp.sort(x, axis=axis, descending=True))(x)  # noqa: B023
        assert_array_equal(down, np.flip(np.sort(x, axis), axis), strict=True)
    assert_array_equal(fnp.sort(x, None, descending=True), np.sort(x, None)[::-1])
    slope = fg.grad(lambda x: np.sum(fnp.sort(x, descending=True) * np.arange(4.0)))(V)
    assert_array_equal(slope, [0.0, 2.5, 1.0, 2.5])


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 1e-310, 1e308])


@pytest.mark.parametrize("name", sorted(n for ns in UNARY for n in ns.split()))
def test_special_values(name):
    if name in ("bitwise_invert", "logical_not"):
        pytest.skip("not for floating-point numbers")
    fun, numpys = getattr(fnp, name), getattr(np, name)
    with np.errstate(all="ignore"):
        expected, got = numpys(SPECIAL), fg.jit(fun)(SPECIAL)
    assert_allclose(got, expected, rtol=1e-15)
    if expected.dtype.kind == "f":
        known = ~np.isnan(expected)
        assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])


@pytest.mark.parametrize("name", sorted(n for ns in BINARY for n in ns.split()))
def test_special_values_of_two(name):
    if name.startswith(("bitwise", "logical")):
        pytest.skip("not for floating-point numbers")
    fun, numpys = getattr(fnp, name), getattr(np, name)
    x, y = SPECIAL[:, None], SPECIAL
    with np.errstate(all="ignore"):
        expected, got = numpys(x, y), fg.jit(fun)(x, y)
    assert_allclose(got, expected, rtol=1e-14)
    if expected.dtype.kind == "f":
        known = ~np.isnan(expected)
        assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])


def test_copies_of_asarray():
    assert fnp.asarray(X, copy=None) is X
    assert fnp.asarray(X, copy=False) is X
    assert fnp.asarray(X, copy=True) is not X
    for wrong in (lambda: fnp.asarray([1, 2], copy=False),
                  lambda: fnp.asarray(X, dtype=np.float32, copy=False)):  # fmt: skip
        with pytest.raises(ValueError, match="copy"):
            wrong()


def test_what_the_namespace_says_of_itself():
    info = fnp.__array_namespace_info__()
    assert info.devices() == ["cpu"]
    assert info.default_device() == "cpu"
    assert info.capabilities()["max dimensions"] == 64
    assert set(info.dtypes()) == set(DTYPES.split())
    assert info.dtypes(kind=("bool", "complex floating")) == {
        n: np.dtype(n) for n in ("bool", "complex64", "complex128")
    }
    assert info.default_dtypes()["real floating"] == fnp.asarray([1.0]).dtype
    with pytest.raises(ValueError, match="unknown kind of dtypes 'float'"):
        info.dtypes(kind="float")
    seen = []
    fg.jit(lambda x: seen.append(x.__array_namespace__(api_version="2024.12")) or x)(X)
    assert seen == [fnp]


@pytest.mark.parametrize(
    "transform", [lambda f: f, fg.jit, lambda f: lambda *xs: fg.vmap(f)(*(x[None] for x in xs))]
)
@pytest.mark.parametrize("fun", [fnp.vecdot, fnp.linalg.vecdot])
def test_products_of_vectors_do_not_broadcast_what_they_add(fun, transform):
    for x, y, axis in ((X, V[:1], -1), (X, X.T, 0)):
        with pytest.raises(ValueError, match="vecdot"):
            transform(lambda x, y: fun(x, y, axis=axis))(x, y)  # noqa: B023
    for wrong in (fun, fnp.linalg.cross):
        with pytest.raises(ValueError, match="axis 2 is out of bounds"):
            transform(lambda x, y: wrong(x, y, axis=2))(X, X)  # noqa: B023
