"""The emulator is as strict as CuPy is. On a machine with a GPU the same holds of the real one."""

from __future__ import annotations

import contextlib
import copy
import pickle
import sys
import threading
import types
from typing import Any

import numpy as np
import pytest
from devices.modules import emulated_cupy


def on_device(xp: Any, x: Any) -> bool:
    return isinstance(x, xp.ndarray)


def test_other_tests_see_what_was_imported_before(monkeypatch: pytest.MonkeyPatch) -> None:
    other, path = types.ModuleType("cupy"), list(sys.path)
    monkeypatch.setitem(sys.modules, "cupy", other)
    with contextlib.suppress(ZeroDivisionError), emulated_cupy() as cupy:
        assert cupy is sys.modules["cupy"] is not other
        assert sys.modules["cupy.linalg"] is cupy.linalg
        1 / 0  # noqa: B018
    assert sys.modules["cupy"] is other
    assert sys.path == path
    monkeypatch.delitem(sys.modules, "cupy")
    with emulated_cupy():
        pass
    assert "cupy" not in sys.modules


# The host and the device.


def test_nothing_is_converted_implicitly(xp: Any) -> None:
    x = xp.ones(3)
    for convert in (np.asarray, np.array, lambda x: np.sum([x, x], axis=0), memoryview):
        with pytest.raises(TypeError):
            convert(x)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(x)


def test_arrays_of_the_host_are_refused(xp: Any) -> None:
    x, host = xp.ones(3), np.ones(3)
    calls = [
        lambda: x + host, lambda: host + x, lambda: x @ host, lambda: np.add(host, x),
        lambda: xp.maximum(x, host), lambda: xp.add(x, 1.0, out=host), lambda: np.sin(x, out=host),
        lambda: xp.concatenate([x, host]), lambda: xp.stack([host, host]),
        lambda: xp.where(x > 0, x, host), lambda: xp.take(x, np.array([0, 1])),
        lambda: xp.copyto(x, host), lambda: xp.dot(x, host), lambda: xp.matmul(host, x),
        lambda: xp.broadcast_to(host, (2, 3)), lambda: xp.broadcast_to(np.float64(1), (3,)),
        lambda: xp.array([x, host]), lambda: xp.stack([np.float64(1), x[0]]),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises((TypeError, ValueError)):
            call()
    with pytest.raises(ValueError, match=r"non-scalar numpy\.ndarray"):
        x[:] = host


def test_scalars_of_the_host_are_taken(xp: Any) -> None:
    x = xp.ones(3, "f4")
    for y in (x + 1, 2 * x, np.float32(2) * x, x * np.float64(2), True + x):
        assert on_device(xp, y)
    assert (x + 1.0).dtype == (np.float32(1) + x).dtype == np.float32
    assert (np.float64(1) + x).dtype == (x + np.float64(1)).dtype == np.float64
    assert (xp.ones(2, "i1") + 1).dtype == np.int8
    assert (xp.ones(2, "i1") + 1.0).dtype == np.float64
    assert (xp.ones(2, "f4") + 1j).dtype == np.complex64
    assert (xp.ones(2, bool) + 1).dtype == np.int64
    assert (xp.ones(2, "f2") * np.float32(1)).dtype == np.float32


def test_results_stay_on_the_device(xp: Any) -> None:
    x = xp.asarray(np.arange(6.0).reshape(2, 3))
    results = (
        np.sum(x), x.sum(), x[0, 0], np.where(x > 1, 0, x), np.stack([x, x]), np.linalg.norm(x),
        np.max(x, axis=0), np.argmax(x), x.T, np.transpose(x), x.real, np.zeros_like(x), x.mean(),
    )  # fmt: skip
    for y in results:
        assert on_device(xp, y)
    assert np.sum(x).shape == ()


def test_values_leave_by_asking(xp: Any) -> None:
    x = xp.asarray([[1.0, 2.0]])
    assert type(x.get()) is np.ndarray
    assert x.tolist() == [[1.0, 2.0]]
    assert (float(x[0, 1]), int(x[0, 1]), x[0, 0].item(), bool(x[0, 0] > 0)) == (2.0, 2, 1.0, True)
    assert type(xp.asnumpy(x)) is np.ndarray
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert on_device(xp, y)
        assert y.data.ptr != x.data.ptr
    with pytest.raises(ValueError, match="truth value"):
        bool(x)
    with pytest.raises(TypeError):
        range(x[0, 0].astype(int))  # no __index__


# Only what CuPy has.


def test_keyword_arguments_that_cupy_lacks(xp: Any) -> None:
    x = xp.ones((2, 3))
    calls = [
        lambda: xp.max(x, initial=0), lambda: np.min(x, initial=0.0), lambda: x.max(initial=0),
        lambda: np.sum(x, where=x > 0), lambda: xp.add(x, x, where=x > 0),
        lambda: np.add(x, x, subok=False), lambda: xp.cumsum(x, 0, keepdims=True),
        lambda: xp.arange(3, like=x), lambda: x.sum(initial=1.0),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(TypeError):
            call()


def test_names_that_cupy_lacks(xp: Any) -> None:
    x = xp.ones(3)
    with pytest.raises(TypeError):
        np.spacing(x)
    with pytest.raises(TypeError):
        np.lexsort((x, x), axis=0) if not hasattr(xp, "lexsort") else np.spacing(x)
    for name in ("spacing", "vectorize_nothing", "Any", "sys", "np", "nditer_like"):
        assert not hasattr(xp, name)
    for name in ("__index__", "tostring", "newbyteorder", "setflags", "ctypes"):
        assert not hasattr(x, name)
    assert not hasattr(x.flags, "writeable")


def test_methods_of_ufuncs_that_cupy_lacks(xp: Any) -> None:
    x, i = xp.ones(3), xp.asarray([0])
    for call in (
        lambda: xp.maximum.accumulate(x), lambda: np.minimum.accumulate(x),
        lambda: xp.maximum.reduce(x), lambda: xp.multiply.at(x, i, 2.0),
        lambda: np.maximum.reduceat(x, i),
    ):  # fmt: skip
        with pytest.raises((NotImplementedError, TypeError)):
            call()
    for dtype in (np.complex128, np.int8, np.bool_):
        with pytest.raises(TypeError):
            xp.add.at(xp.zeros(2, dtype), i, dtype(1))
    assert np.add.accumulate(x).tolist() == [1.0, 2.0, 3.0]
    total = xp.zeros(2, np.int64)
    xp.add.at(total, xp.asarray([1, 1]), 2)
    assert total.tolist() == [0, 4]


def test_loops_of_ufuncs(xp: Any) -> None:
    for call in (
        lambda: xp.floor(xp.ones(2, complex)), lambda: xp.bitwise_and(xp.ones(2), 1),
        lambda: xp.invert(xp.ones(2)), lambda: xp.subtract(xp.ones(2, bool), xp.ones(2, bool)),
        lambda: xp.arctan2(xp.ones(2, complex), 1.0),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError, match="casting"):
        xp.add(xp.ones(2), 1.0, out=xp.ones(2, int))


def test_dtypes_that_cupy_lacks(xp: Any) -> None:
    for x in (np.array(["a"]), np.array([None]), np.zeros(2, "M8[s]"), np.zeros(2, "i4,f8")):
        with pytest.raises((ValueError, TypeError)):
            xp.asarray(x)


def test_conditions_are_arrays(xp: Any) -> None:
    with pytest.raises(AttributeError):
        xp.where(True, xp.ones(2), 0.0)


def test_sorts_are_stable_ones(xp: Any) -> None:
    for call in (lambda: xp.sort(xp.ones(3), kind="quicksort"),):
        with pytest.raises(ValueError, match="kind"):
            call()


def test_complex_values_made_real_warn(xp: Any) -> None:
    with pytest.warns(np.exceptions.ComplexWarning):
        xp.ones(2, complex).astype(float)


# Indices.


def test_indices_out_of_range_wrap(xp: Any) -> None:
    x = xp.arange(3)
    assert x[xp.asarray([4, -4])].tolist() == [1, 2]
    assert xp.take(x, xp.asarray([5])).tolist() == [2]
    x[xp.asarray([3])] = 9
    assert x.tolist() == [9, 1, 2]
    with pytest.raises(IndexError):
        x[7]


def test_of_repeated_indices_the_first_wins(cupy: Any) -> None:
    """The real CuPy keeps any of them."""
    x = cupy.zeros(3)
    x[cupy.asarray([0, 2, 0])] = cupy.asarray([1.0, 2.0, 3.0])
    assert x.tolist() == [1.0, 0.0, 2.0]
    y = cupy.zeros((2, 2))
    y[cupy.asarray([1, 1]), :] = cupy.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert y.tolist() == [[0.0, 0.0], [1.0, 2.0]]


def test_indices_of_every_kind(xp: Any) -> None:
    host = np.arange(24).reshape(2, 3, 4)
    x = xp.asarray(host)
    rows, mask = np.array([1, 0]), host[0] > 4
    for there, here in (
        (x[1], host[1]), (x[..., 1], host[..., 1]), (x[:, None, 1:], host[:, None, 1:]),
        (x[xp.asarray(rows)], host[rows]), (x[:, xp.asarray(rows), 2], host[:, rows, 2]),
        (x[..., xp.asarray(rows)], host[..., rows]), (x[0, xp.asarray(mask)], host[0, mask]),
        (x[[1, 0], [2, 1]], host[[1, 0], [2, 1]]), (x[xp.asarray(host > 7)], host[host > 7]),
    ):  # fmt: skip
        np.testing.assert_array_equal(there.get(), here)
    with pytest.raises(IndexError):
        x[0, 0, 0, 0]
    with pytest.raises(IndexError):
        x[xp.ones(2)]
    with pytest.raises(TypeError):
        x[xp.asarray(0) : xp.asarray(1)]


def test_new_memory_is_not_zero(cupy: Any) -> None:
    """The real CuPy has there what was before."""
    for dtype in (float, np.complex64):
        assert np.isnan(cupy.empty(3, dtype).get()).all()
        assert np.isnan(cupy.empty_like(cupy.ones(3, dtype)).get()).all()
    assert cupy.ndarray((2,), int).get().all()


# Memory.


def test_views_and_copies(xp: Any) -> None:
    x = xp.arange(6.0).reshape(2, 3)
    assert x.base is not None
    y = xp.asarray(np.ones((2, 3)))
    assert y.base is None
    assert y.flags.owndata
    for view in (y.T, y[0], y[:, ::2], y.ravel(), y.reshape(3, 2), y[None], np.transpose(y)):
        assert view.base is y
        assert not view.flags.owndata
    for fresh in (y + 0, y.copy(), y.T.ravel(), y[xp.asarray([0])], xp.array(y), np.sum(y, 0)):
        assert fresh.base is None
    assert xp.asarray(y) is y
    z = y
    z += 1
    assert y.tolist() == [[2.0] * 3] * 2


# Linear algebra.


def test_linear_algebra_fails_in_silence(xp: Any) -> None:
    import cupyx

    singular = xp.zeros((2, 2))
    indefinite = xp.asarray([[1.0, 2.0], [2.0, 1.0]])
    assert not np.isfinite(xp.linalg.inv(singular).get()).all()
    if hasattr(xp, "emulated"):
        u, s, vh = xp.linalg.svd(xp.full((3, 2), np.nan), full_matrices=False)
        assert (u.shape, s.shape, vh.shape) == ((3, 2), (2,), (2, 2))
        assert np.isnan(s.get()).all()
    with cupyx.errstate(linalg="raise"):
        with pytest.raises(np.linalg.LinAlgError):
            xp.linalg.cholesky(indefinite)
        with pytest.raises(np.linalg.LinAlgError):
            xp.linalg.inv(singular)
    with pytest.raises(TypeError):
        xp.linalg.inv(xp.ones((2, 2), np.float16))
    with pytest.raises((np.linalg.LinAlgError, TypeError)):
        xp.linalg.inv(np.eye(2))


# Devices.


def test_arrays_of_another_device_are_refused(two_devices: Any) -> None:
    xp = two_devices
    with xp.cuda.Device(1):
        x = xp.ones((2, 3))
        assert (x + 1).device.id == 1
    y = xp.ones((2, 3))
    index = xp.asarray([0])
    calls = [
        lambda: x + 1, lambda: np.sin(x), lambda: y + x, lambda: xp.sum(x), lambda: x.max(),
        lambda: np.stack([y, x]), lambda: xp.where(y > 0, y, x), lambda: x[index],
        lambda: y.__setitem__(0, x[0]), lambda: x.fill(1.0), lambda: x.astype(int),
        lambda: xp.matmul(y, x.T), lambda: xp.copyto(y, x), lambda: xp.add(y, 1, out=x),
        lambda: xp.linalg.inv(x[:2, :2]), lambda: xp.cumsum(x),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match="different from the current device"):
            call()
    assert x.T.device.id == x[0].device.id == x.reshape(-1).device.id == 1
    assert x.get().shape == (2, 3)
    assert x.copy().device.id == xp.asarray(x, copy=True).device.id == 0
    with pytest.raises(NotImplementedError, match="non-contiguous"):
        x[:, ::2].copy()


def test_the_current_device(two_devices: Any) -> None:
    xp = two_devices
    get = xp.cuda.runtime.getDevice
    with xp.cuda.Device(1):
        with xp.cuda.Device(0):
            assert xp.ones(1).device.id == 0
        assert get() == 1
    assert get() == 0
    xp.cuda.Device(1).use()
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(get()))
    thread.start()
    thread.join()
    assert (get(), seen) == (1, [0])
    xp.cuda.Device(0).use()
    with pytest.raises(RuntimeError, match="invalid device"):
        xp.cuda.Device(99).use()
