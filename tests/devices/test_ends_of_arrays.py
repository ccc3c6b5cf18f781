"""Infinities, NaN, zeros, ties and empty arrays, where operators have their own way on devices.

The declared cases of operators have derivatives that can be measured; these have none.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import laws
import numpy as np
import pytest
from devices import transforming
from devices.placing import assert_same, upload
from devices.test_no_waiting import looks

from funcgrad.core.primitive import REGISTRY, Case
from funcgrad.ops.windows.extrema import window_max_eval
from funcgrad.ops.windows.geometry import GEOMETRY, window_geometries

laws.all_cases()
INF, NAN = np.inf, np.nan
ROWS = np.array([
    [0, 0, 0, 0], [INF, 1, 2, INF], [-INF, -INF, -INF, -INF], [NAN, 1, 2, 2],
    [1e300, 1e300, 2e300, 1], [1e-310, 5e-324, 0, 1e-320], [-0.0, 0, -1, -1], [1, 2, 2, 2],
    [INF, -INF, 1, NAN], [3, 3, 3, 3],
])  # fmt: skip
EMPTY = [np.zeros((0, 3)), np.zeros((3, 0))]
RTOL = {"e": 4e-3, "f": 1e-5}

Named = tuple[str, Case]


def weights(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Numbers, some of them infinite."""
    rng = np.random.default_rng(5)
    return np.where(rng.random(shape) < 0.1, INF, rng.normal(size=shape)).astype(dtype)


def of_extrema(x: np.ndarray) -> Iterator[Named]:
    for a in (x, *[e.astype(x.dtype) for e in EMPTY], x[:1]):
        for axis in (0, 1):
            for turned in (False, True):
                yield "cummax", Case(a, axis=axis, reverse=turned)
                yield "cummin", Case(a, axis=axis, reverse=turned)
                yield "sort", Case(a, axis=axis, descending=turned)


def of_shares(x: np.ndarray) -> Iterator[Named]:
    dtype = x.dtype.char
    for turned in (False, True):
        for a in (ROWS, *EMPTY):
            out = np.maximum.accumulate(a[:, ::-1] if turned else a, 1)
            out = out[:, ::-1] if turned else out
            for transposed in (False, True):
                params = {"axis": 1, "reverse": turned, "transposed": transposed}
                yield "share_of_equals", Case(weights(a.shape, dtype), a, out, **params)
    for axis in (0, 1):
        ordered = np.sort(ROWS, axis)
        yield "mean_of_equals", Case(weights(ROWS.shape, dtype), ordered, axis=axis)
    yield "mean_of_equals", Case(weights(ROWS.shape, "D"), np.sort(ROWS), axis=1)


def of_sums(x: np.ndarray) -> Iterator[Named]:
    empty = EMPTY[0].astype(x.dtype)
    for axes in ((0,), (1,), (0, 1), ()):
        yield "logsumexp", Case(x, axes=axes)
    for axes in ((0,), (1,)):
        yield "logsumexp", Case(empty, axes=axes)
        yield "vector_norm", Case(empty, axes=axes, order=2)
    for axes in ((0,), (1,), (0, 1)):
        for order in (2, 3, 1.5, 50, 0.5, -1.0):
            yield "vector_norm", Case(x, axes=axes, order=order)
        yield "vector_norm", Case(x, axes=axes, order=2, count=4)
        yield "vector_norm", Case(x.astype("D") + 1j * x[::-1], axes=axes, order=2)
    e = np.array([[1, 0.1, 1e-20], [1, 1, 0.3], [0, 0, 0], [1, NAN, 0], [1, 0, 0]]).astype(x.dtype)
    total = e.sum(1, keepdims=True)
    total[2] = 1
    yield "log_total", Case(total, e, axes=(1,))


def of_windows(x: np.ndarray) -> Iterator[Named]:
    too_large = dict(zip(GEOMETRY, ((7, 7), (1, 1), ((0, 0),) * 2, (1, 1), (1, 1)), strict=True))
    for g in (*window_geometries(), too_large):
        for a in (x[:5], x[5:], np.ones_like(x[:5])):
            out = window_max_eval(np, a, **g)
            yield "reduce_window_max", Case(a, **g)
            yield "reduce_window_min", Case(a, **g)
            yield "pick_window_extrema", Case(weights(a.shape, x.dtype.char), a, out, **g)
            yield "drop_at_window_extrema", Case(weights(out.shape, x.dtype.char), a, out, **g)


def of_matrices(x: np.ndarray) -> Iterator[Named]:
    """Regular ones, of rank 0, 1 and 2, not finite ones, and one near to the least number."""
    if x.dtype.char == "e":
        return
    rng = np.random.default_rng(6)
    for dtype in (x.dtype.char, "D"):
        m, t = (rng.normal(size=(8, 3, 3)).astype(dtype) for _ in range(2))
        m[1], m[2, 2], m[3, 1:] = 0, m[2, 0], m[3, :1]
        m[4, 0, 0], m[5, 0, 0] = NAN, INF
        m[6] = np.diag([1e-42 if dtype == "f" else 1e-320, 1, 2])
        yield "cofactors_change", Case(m, t)
        for a in (m, m[0], m[1], m[4], m[:, :1, :1], m[:0], np.zeros((2, 0, 0), dtype)):
            yield "cofactors", Case(a)
        yield "inv", Case(m, failing="nan")


def of_triangles(x: np.ndarray) -> Iterator[Named]:
    """So large that they are not solved as other matrices."""
    if x.dtype.char == "e":
        return
    rng = np.random.default_rng(7)
    for dtype in (x.dtype.char, "D"):
        a = (rng.normal(size=(2, 40, 40)) + 8 * np.eye(40)).astype(dtype)
        b = rng.normal(size=(2, 40, 2)).astype(dtype)
        for mode in (0, 1, 2):
            for unit in (False, True):
                params = {"lower": mode != 1, "transpose_a": mode, "unit_diagonal": unit}
                yield "triangular_solve", Case(a, b, **params, failing="nan")
        singular = a.copy()
        singular[1, 3, 3] = 0
        params = {"lower": True, "transpose_a": 0, "unit_diagonal": False}
        yield "triangular_solve", Case(singular, b, **params, failing="nan")


@pytest.mark.parametrize("mode", ["value", "vjp"])
@pytest.mark.parametrize("dtype", ["d", "f", "e"])
@pytest.mark.parametrize(
    "cases", [of_extrema, of_shares, of_sums, of_windows, of_matrices, of_triangles]
)
def test_ends(xp: Any, cases: Any, dtype: str, mode: str) -> None:
    """The device gives what the CPU gives, and the host looks at nothing to find it."""
    run = transforming.OF_ALL["value"] if mode == "value" else transforming.OF_INEXACT["vjp"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of infinities
        for name, case in cases(ROWS.astype(dtype)):
            expected = run(REGISTRY[name], case, lambda a: a)
            if hasattr(xp, "emulated"):
                xp.statistics.reset()
            found = run(REGISTRY[name], case, lambda a: upload(xp, a))
            if hasattr(xp, "emulated"):
                assert not looks(xp), name
            assert_same(found, expected, RTOL.get(dtype, 1e-9))


def test_singular_triangles_raise(xp: Any) -> None:
    solve = REGISTRY["triangular_solve"]
    a = upload(xp, np.tri(40) - np.diag(np.arange(40) == 3))
    with pytest.raises(np.linalg.LinAlgError, match="zero on the diagonal"):
        solve(a, a, lower=True, transpose_a=0, unit_diagonal=False)


def test_elements_do_not_depend_on_others(xp: Any) -> None:
    """What is infinite or NaN in one row changes nothing in another: bit for bit."""
    rows = np.array([[0.3, 0.1, 0.3, 0.1], [1e-300, 2e-300, 0, 1e-300], [2, 3, 1, 2]])
    for worst in (INF, NAN, 1e308, 1e-320):
        both = upload(xp, np.concatenate([rows, np.full((1, 4), worst)]))
        alone = upload(xp, rows)
        for name, params in (
            ("cummax", {"axis": 1, "reverse": False}), ("sort", {"axis": 1, "descending": False}),
            ("logsumexp", {"axes": (1,)}), ("vector_norm", {"axes": (1,), "order": 2}),
            ("vector_norm", {"axes": (1,), "order": 3}),
        ):  # fmt: skip
            found = REGISTRY[name](both, **params)[:3].get()
            assert found.tobytes() == REGISTRY[name](alone, **params).get().tobytes(), name
