"""Methods and properties of traced arrays, Python's operators, ufunc methods, SciPy's ufuncs."""

from __future__ import annotations

import copy
import operator

import numpy as np
import pytest
import scipy.special
from surface.arrays import BOOLS, COUNTS, CUBE, INTS, MASK, SQUARE, VECTOR, X, Y

import funcgrad as fg
import funcgrad.numpy as fnp

METHODS = {
    "sum": lambda x: x.sum(axis=0),
    "sum keepdims": lambda x: x.sum(1, keepdims=True),
    "prod": lambda x: x.prod(),
    "mean": lambda x: x.mean(axis=-1),
    "var": lambda x: np.var(x, ddof=1),
    "std": lambda x: x.std(0),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "any": lambda x: x.any(0),
    "all": lambda x: x.all(),
    "argmax": lambda x: x.argmax(axis=1),
    "argmin": lambda x: x.argmin(),
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(),
    "reshape": lambda x: x.reshape(3, -1),
    "reshape tuple": lambda x: x.reshape((3, 2)),
    "reshape F": lambda x: x.reshape(3, 2, order="F"),
    "transpose": lambda x: x.transpose(1, 0),
    "transpose tuple": lambda x: x.transpose((1, 0)),
    "transpose none": lambda x: x.transpose(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "ravel": lambda x: x.ravel(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "flatten": lambda x: x.flatten("F"),
    "squeeze": lambda x: x[:1].squeeze(0),
    "repeat": lambda x: x.repeat(2, axis=1),
    "astype": lambda x: x.astype(np.complex128),
    "copy": lambda x: x.copy(),
    "clip": lambda x: x.clip(-1, 1),
    "clip max": lambda x: x.clip(max=1),
    "round": lambda x: x.round(1),
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "dot": lambda x: x.dot(x.T),
    "take": lambda x: x.take([1, 0], axis=1),
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "compress": lambda x: x.compress([True, False], axis=0),
    "diagonal": lambda x: x.diagonal(1),
    "trace": lambda x: x.trace(),
    "sort": lambda x: np.sort(x, 0),
    "argsort": lambda x: x.argsort(axis=0),
    "searchsorted": lambda x: np.sort(x[0]).searchsorted(x),
    "flat list": lambda x: np.stack(list(x.ravel())),
    "len": lambda x: x * len(x),
    "flat": lambda x: x.flat[1] + sum(x.flat),
    "argpartition": lambda x: np.take_along_axis(x, x.argpartition(1, 1)[:, 1:2], 1),
    "to_device": lambda x: x.to_device(x.device),
    "rows": lambda x: sum(row for row in x),
    "unpack": lambda x: operator.sub(*x),
    "shape": lambda x: x * x.shape[1] + x.ndim + x.size + x.itemsize + x.nbytes,
    "item": lambda x: x[0, 0] + x[-1][2],
    "deepcopy": lambda x: copy.deepcopy(x) + copy.copy(x),
    "ptp": lambda x: np.ptp(x, 0),
    "byteswap of dtype": lambda x: x * (x.dtype.itemsize > 0),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("x", [X, X.astype("f4"), INTS, X + 1j * Y], ids=["f8", "f4", "i8", "c16"])
def test_method(name, x):
    fun = METHODS[name]
    want = fun(x)
    for run in (fg.jit(fun), lambda v: fg.jvp(fun, (v,), (v,))[0]):
        if x.dtype.kind == "i" and run is not None and "lambda" in run.__name__:
            continue
        got = run(x)
        assert np.asarray(got).dtype == np.asarray(want).dtype
        np.testing.assert_allclose(got, want, rtol=1e-5 if x.dtype == np.float32 else 1e-12)
    np.testing.assert_allclose(fg.vmap(fun)(np.stack([x, x]))[1], want, rtol=1e-5)


def test_in_place_methods_that_numpy_arrays_have():
    for run in (
        lambda v: v.sort(),
        lambda v: v.fill(0),
        lambda v: v.put([0], 1),
        lambda v: v.resize(3),
    ):
        with pytest.raises(fg.errors.TracerError, match="in place: write x ="):
            fg.grad(lambda v, r=run: r(v))(VECTOR)


MEMORY = {
    "tobytes": "would have no derivative",
    "tofile": "would have no derivative",
    "dumps": "would have no derivative",
    "view": r"x\.astype\(dtype\)",
    "byteswap": "look at the bits of plain arrays",
    "getfield": "read the memory of numbers",
    "setfield": "in place: write x =",
    "setflags": "no memory whose flags",
    "partition": "in place: write x =",
    "__dlpack__": "would drop its derivative",
}


@pytest.mark.parametrize("name", MEMORY)
@pytest.mark.parametrize("transform", [fg.grad, fg.jit])
def test_methods_about_memory_say_why_not(name, transform):
    with pytest.raises(fg.errors.TracerError, match=MEMORY[name]):
        transform(lambda v: getattr(v, name)())(VECTOR)


@pytest.mark.parametrize("name", ["base", "ctypes", "data", "flags", "strides"])
def test_attributes_about_memory_say_why_not(name):
    def f(v):
        assert not hasattr(v, name)
        return getattr(v, name)

    with pytest.raises(AttributeError, match=f"no attribute '{name}': a traced value stands for"):
        fg.jit(f)(VECTOR)


def test_every_public_attribute_of_an_array_is_answered():
    seen = []
    fg.jit(lambda v: seen.append(v) or v)(VECTOR)
    without = {"base", "ctypes", "data", "flags", "strides"}
    removed = {"itemset", "newbyteorder", "ptp", "tostring"}  # by later versions of NumPy
    kind = type(seen[0])
    left = {n for n in dir(np.ndarray) if n[0] != "_" and not hasattr(kind, n)}
    assert left - removed == without


def test_the_device_of_a_traced_value_is_that_of_its_array():
    seen = []
    fg.grad(lambda v: seen.append(v.device) or v.sum())(VECTOR)
    fg.jit(lambda v: seen.append(v.device) or v)(VECTOR)
    assert seen == ["cpu", "cpu"]


def test_membership_and_truth_where_values_are_known():
    def fun(v):
        assert 2.0 in v
        assert 5.0 not in v
        assert bool(v[0] < v[1])
        assert int(v[1]) == 2
        assert f"{v[1]:.2f}" == "2.00"
        assert list(range(v.astype(int)[1])) == [0, 1]
        assert not v.any() or v.all()
        return v.sum()

    fg.grad(fun)(np.array([1.0, 2.0]))


def test_membership_and_truth_where_values_are_not_known():
    for fun in (
        lambda v: 2.0 in v,
        lambda v: bool(v[0]),
        lambda v: int(v[0]),
        lambda v: f"{v[0]:.2f}",
        lambda v: [1, 2][v.astype(int).ravel()[0]],
    ):
        for run in (fg.jit, fg.vmap):
            with pytest.raises(fg.errors.ConcretizationError, match="concrete value"):
                run(fun)(np.ones((2, 2)))


def test_no_iteration_over_scalars():
    with pytest.raises(TypeError, match="0-d"):
        fg.grad(lambda v: list(v))(1.0)
    with pytest.raises(TypeError, match="0-d"):
        fg.grad(lambda v: len(v))(1.0)


OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
    divmod,
]
OPERANDS = [
    2,
    2.5,
    True,
    np.float32(1.5),
    np.float64(1.5),
    np.int64(2),
    Y + 3,
    [1.0, 2.0, 3.0],
    INTS,
]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda o: o.__name__)
@pytest.mark.parametrize("other", OPERANDS, ids=lambda o: f"{type(o).__name__}")
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
def test_operator(op, other, dtype):
    x = (COUNTS + 0.3).astype(dtype)
    with np.errstate(all="ignore"):
        for fun in (lambda v: op(v, other), lambda v: op(other, v)):
            try:
                want = fun(x)
            except ValueError:
                continue
            got = fg.jit(fun)(x)
            for g, w in zip(np.atleast_1d(got), np.atleast_1d(want), strict=True):
                np.testing.assert_allclose(g, w, rtol=1e-6 if dtype == "f4" else 1e-13)
                assert np.asarray(g).dtype == np.asarray(w).dtype


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor])
def test_bit_operators(op):
    for a, b in ((INTS, COUNTS), (BOOLS, MASK), (INTS, 3), (BOOLS, True)):
        np.testing.assert_array_equal(fg.jit(lambda v, w=b: op(v, w))(a), op(a, b))
        np.testing.assert_array_equal(fg.jit(lambda v, w=b: op(w, v))(a), op(b, a))


@pytest.mark.parametrize("op", [operator.lshift, operator.rshift])
def test_shifts(op):
    np.testing.assert_array_equal(fg.jit(lambda v: op(v, 2))(COUNTS), op(COUNTS, 2))
    np.testing.assert_array_equal(fg.jit(lambda v: op(9, v))(COUNTS), op(9, COUNTS))


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs, operator.invert, round])
def test_unary_operators(op):
    x = INTS if op is operator.invert else X[0, 1]
    np.testing.assert_array_equal(fg.jit(op)(x), op(x))


@pytest.mark.parametrize("run", [fg.jit, lambda f: lambda *a: fg.jvp(f, a, a)[0]])
def test_matrix_products(run):
    for a, b in ((X, SQUARE), (X, X[0]), (CUBE, CUBE[0].T), (SQUARE[0], SQUARE)):
        np.testing.assert_allclose(run(operator.matmul)(a, b), a @ b)
        np.testing.assert_allclose(run(lambda v, w=b: v @ w)(a), a @ b)
        np.testing.assert_allclose(run(lambda w, v=a: v @ w)(b), a @ b)
    np.testing.assert_allclose(run(lambda v: v @ [1.0, 2.0, 3.0])(X), X @ [1.0, 2.0, 3.0])


# --- ufunc methods --------------------------------------------------------------------------------

REDUCED = [np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or, np.logaddexp]


@pytest.mark.parametrize("ufunc", REDUCED, ids=lambda u: u.__name__)
def test_reduce(ufunc):
    for fun in (
        lambda v: ufunc.reduce(v),
        lambda v: ufunc.reduce(v, 1),
        lambda v: ufunc.reduce(v, axis=-1),
        lambda v: ufunc.reduce(v, axis=1, keepdims=True),
        lambda v: ufunc.reduce(v, axis=(0, 2)),
        lambda v: ufunc.reduce(v, axis=None),
    ):
        want = fun(CUBE)
        got = fg.jit(fun)(CUBE)
        assert np.asarray(got).dtype == np.asarray(want).dtype
        np.testing.assert_allclose(got, want)


def test_reduce_arguments():
    for fun in (
        lambda v: np.add.reduce(v, 1, np.float32),
        lambda v: np.add.reduce(v, initial=2.0),
        lambda v: np.add.reduce(v, where=MASK),
        lambda v: np.maximum.reduce(v, initial=0.1),
        lambda v: np.multiply.reduce(v, axis=1, where=MASK, keepdims=True),
        lambda v: np.minimum.reduce(v, axis=1, initial=0.0, where=MASK),
    ):
        want, got = fun(X), fg.jit(fun)(X)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("ufunc", REDUCED[:4], ids=lambda u: u.__name__)
def test_accumulate(ufunc):
    for fun in (
        lambda v: ufunc.accumulate(v),
        lambda v: ufunc.accumulate(v, 1),
        lambda v: ufunc.accumulate(v, axis=-1),
    ):
        np.testing.assert_allclose(fg.jit(fun)(CUBE), fun(CUBE))
        np.testing.assert_allclose(fg.jacfwd(fun)(X), fg.jacrev(fun)(X), atol=1e-14)


@pytest.mark.parametrize(
    "ufunc", [np.add, np.multiply, np.subtract, np.maximum, np.divide, np.less]
)
def test_outer(ufunc):
    np.testing.assert_allclose(fg.jit(ufunc.outer)(X, VECTOR), ufunc.outer(X, VECTOR))
    np.testing.assert_allclose(fg.jit(lambda v: ufunc.outer(2.0, v))(X), ufunc.outer(2.0, X))
    np.testing.assert_allclose(fg.jit(lambda v: ufunc.outer(v, INTS))(X), ufunc.outer(X, INTS))


def test_ufunc_keywords():
    assert fg.jit(lambda v: np.add(v, 1.0, dtype=np.float32))(X).dtype == np.float32
    np.testing.assert_allclose(fg.jit(lambda v: np.sin(v, where=True))(X), np.sin(X))
    np.testing.assert_allclose(fg.jit(lambda v: np.add(v, 1, casting="same_kind"))(X), X + 1)


# --- SciPy ----------------------------------------------------------------------------------------

SCIPY = {
    "erf": (X,),
    "erfc": (X,),
    "erfinv": (X * 0.4,),
    "gammaln": (X**2 + 0.3,),
    "psi": (X**2 + 0.3,),
    "digamma": (X**2 + 0.3,),
    "expit": (X,),
    "logit": (X * 0.2 + 0.5,),
    "xlogy": (X, Y**2 + 0.1),
    "xlog1py": (X, Y * 0.4),
    "gamma": (X + 0.05,),
    "ndtr": (X,),
    "log_expit": (X,),
    "entr": (X**2 + 0.1,),
    "rel_entr": (X**2 + 0.1, Y**2 + 0.1),
    "kl_div": (X**2 + 0.1, Y**2 + 0.1),
    "exp2": (X,),
    "betaln": (X**2 + 0.1, Y**2 + 0.1),
    "exp10": (X,),
    "expm1": (X,),
    "log1p": (X**2,),
    "cbrt": (X**2 + 0.1,),
    "gammasgn": (X,),
}


@pytest.mark.parametrize("name", sorted(SCIPY))
def test_scipy_ufunc(name):
    fun, args = getattr(scipy.special, name), SCIPY[name]
    want = fun(*args)
    np.testing.assert_allclose(fg.jit(fun)(*args), want, rtol=1e-12)
    np.testing.assert_allclose(fg.vmap(fun)(*args), want, rtol=1e-12)
    h = 1e-6
    up, down = fun(*(a + h for a in args)), fun(*(a - h for a in args))
    primal, slope = fg.jvp(fun, args, tuple(np.ones_like(a) for a in args))
    np.testing.assert_allclose(primal, want, rtol=1e-12)
    np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-6, atol=1e-8)
    pulled = fg.vjp(fun, *args)[1](np.ones_like(want))
    np.testing.assert_allclose(sum(pulled), slope, rtol=1e-10, atol=1e-12)
    low = tuple(a.astype("f4") for a in args)
    assert fg.jit(fun)(*low).dtype == fun(*low).dtype


def test_scipy_ufuncs_at_the_edges():
    np.testing.assert_array_equal(fg.jit(scipy.special.xlogy)(np.zeros(2), np.array([0.0, 2.0])), 0)
    for fun in (
        scipy.special.xlogy,
        scipy.special.xlog1py,
        scipy.special.rel_entr,
        scipy.special.kl_div,
    ):
        x, y = np.meshgrid([0.0, 0.5, -1.0, np.nan], [0.0, 2.0, -1.0, np.inf, np.nan])
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(fg.jit(fun)(x, y), fun(x, y))
    np.testing.assert_allclose(fg.grad(scipy.special.xlogy, 0)(0.0, 2.0), np.log(2.0))
    np.testing.assert_array_equal(fg.grad(scipy.special.xlogy, 1)(0.0, 0.0), 0)
    np.testing.assert_allclose(fg.grad(scipy.special.log_expit)(-800.0), 1.0)
    np.testing.assert_array_equal(fg.jit(scipy.special.entr)(np.array([0.0, -1.0])), [0, -np.inf])


def test_scipy_ufunc_without_a_rule():
    with pytest.raises(fg.errors.TracerError, match=r"struve.*custom_jvp"):
        fg.grad(lambda v: scipy.special.struve(1.0, v))(1.0)


# --- linear algebra -------------------------------------------------------------------------------


def test_numpys_linear_algebra_is_wired():
    a = SQUARE @ SQUARE.T + np.eye(3)
    for fun in (
        np.linalg.inv,
        np.linalg.det,
        np.linalg.cholesky,
        np.linalg.norm,
        np.linalg.eigvalsh,
    ):
        np.testing.assert_allclose(fg.jit(fun)(a), fun(a), rtol=1e-10)
    assert fnp.linalg.solve.__module__.startswith("funcgrad")
    np.testing.assert_allclose(fg.jit(np.linalg.solve)(a, X[0]), np.linalg.solve(a, X[0]))
