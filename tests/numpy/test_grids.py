"""Arrays written as indices, elements with their indices, and what is known without values."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from surface.arrays import COLUMN, CUBE, INTS, ROW, SCALAR, SHORT, SQUARE, X

import funcgrad as fg
import funcgrad.numpy as fnp

pytestmark = pytest.mark.usefixtures("by_numpy")

KEYS = {
    "two vectors": lambda x: (x[0], x[1]),
    "vectors and numbers": lambda x: (x[0], 0, 2, x[1, 0]),
    "ranges": lambda x: (slice(2, 5), x[0], slice(0, 1, 4j)),
    "matrices along another axis": lambda x: ("-1", x, x),
    "rows": lambda x: ("0,2", x[0], x[1]),
    "columns": lambda x: ("0,2,0", x[0], x[1]),
    "more axes": lambda x: ("1,3,1", x, x),
    "lists": lambda x: ([x[0, 0], 1.0], x[0]),
    "one": lambda x: x,
    "integers": lambda x: (INTS[0], x[0]),
}


FITTING = {
    "r_": list(KEYS),
    "c_": [k for k in KEYS if k not in ("vectors and numbers", "ranges", "lists")],
}


@pytest.mark.parametrize(("name", "key"), [(n, k) for n, keys in FITTING.items() for k in keys])
def test_joined(name, key):
    joined, numpys = getattr(fnp, name), getattr(np, name)
    for x in (X, X.astype(np.float32)):
        expected = numpys[KEYS[key](x)]
        assert_array_equal(joined[KEYS[key](x)], expected, strict=True)
        assert_array_equal(fg.jit(lambda x: joined[KEYS[key](x)])(x), expected, strict=True)


def test_joined_scalars_as_columns():
    assert_array_equal(fg.jit(lambda x: fnp.c_[x, 1.0])(SCALAR), np.c_[SCALAR, 1.0])
    with pytest.raises(ValueError, match="is no directive"):
        fg.jit(lambda x: fnp.r_["r", x])(ROW)


def test_grids():
    for grid, numpys in ((fnp.mgrid, np.mgrid), (fnp.ogrid, np.ogrid)):
        for key in (np.s_[0:3], np.s_[0:2, 1:4], np.s_[0:1:3j, 0:4:2]):
            expected = numpys[key]
            for g, e in zip(grid[key], expected, strict=True):
                assert_array_equal(g, e, strict=True)
    assert fnp.s_[1:2, ...] == np.s_[1:2, ...]
    assert fnp.index_exp[2] == (2,)


def test_elements_with_their_indices():
    total = fg.grad(lambda x: sum(i * v for (i, _), v in fnp.ndenumerate(x)))(X)
    assert_array_equal(total, np.arange(2.0)[:, None] * np.ones(3))
    assert list(fnp.ndenumerate(INTS)) == list(np.ndenumerate(INTS))
    assert list(fnp.ndindex(2, 1)) == [(0, 0), (1, 0)]


def test_what_is_known_without_values():
    def f(x):
        found = fnp.einsum_path("ij,jk,kl->il", x, SQUARE, SQUARE)
        assert found == np.einsum_path("ij,jk,kl->il", X, SQUARE, SQUARE)
        assert np.result_type(x, np.float32) == np.float64
        assert np.result_type(np.float32, x[0, 0], 1) == np.float64
        assert np.common_type(x, INTS) is np.float64
        assert np.can_cast(x, np.float32) is False
        assert np.min_scalar_type(x) == np.float64
        assert fnp.iterable(x)
        assert not fnp.iterable(np.sum(x))
        return x

    fg.jit(f)(X)
    weak = []
    fg.jit(lambda s: weak.append(np.result_type(s, np.float32)) or s)(1.0)
    assert weak == [np.float32]
    with pytest.raises(ValueError, match="all of one length"):
        fg.jit(np.diag_indices_from)(X)
    with pytest.raises(ValueError, match="needs a matrix"):
        fg.jit(np.triu_indices_from)(CUBE)


class OfAnotherLibrary:
    """An array that only knows the protocol of DLPack."""

    def __init__(self, x):
        self.x = x

    def __dlpack__(self, **kwargs):
        return self.x.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.x.__dlpack_device__()


def test_from_dlpack():
    given = SHORT.copy()
    made = fnp.from_dlpack(OfAnotherLibrary(given))
    assert_array_equal(made, given, strict=True)
    assert np.shares_memory(made, given)
    assert not np.shares_memory(fnp.from_dlpack(given, copy=True), given)
    assert_array_equal(fg.jit(fnp.from_dlpack)(given), given)
    assert_array_equal(fnp.from_dlpack(COLUMN, device="cpu"), COLUMN)


def test_conversions_check_and_lay_out():
    with pytest.raises(ValueError, match="infinities or NaNs"):
        fnp.asarray_chkfinite([1.0, np.inf])
    assert fnp.require(X.T, None, "C").flags.c_contiguous
    assert fnp.asanyarray(X) is X
    traced = fg.jit(lambda x: fnp.ascontiguousarray([x[0], 2.0], np.float32))(ROW)
    assert_array_equal(traced, np.array([ROW[0], 2.0], np.float32), strict=True)
