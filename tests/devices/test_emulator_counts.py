"""The emulator counts what costs time, says where, and refuses it while a stream captures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

SYNCHRONISING: dict[str, Callable[[Any], Any]] = {
    "bool": lambda x: bool(x[0] > 0),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "complex": lambda x: complex(x[0]),
    "item": lambda x: x[0].item(),
    "get": lambda x: x.get(),
    "tolist": lambda x: x.tolist(),
    "repr": repr,
    "str": str,
    "format": lambda x: f"{x[0]:.2f}",
    "mask": lambda x: x[x > 0],
    "nonzero": lambda x: x.nonzero(),
    "np.nonzero": np.nonzero,
    "unique": np.unique,
    "where": lambda x: np.where(x > 0),
    "if": lambda x: 1 if (x > 0).all() else 0,
    "in": lambda x: max(x[0], x[1]),
}

NOT_SYNCHRONISING: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: np.sin(x) + x * 2,
    "sum": np.sum,
    "views": lambda x: (x.T, x[1:], x.reshape(3, 1)),
    "shape": lambda x: (len(x), x.shape, x.dtype, np.shape(x)),
    "where": lambda x: np.where(x > 0, x, 0.0),
    "sort": np.sort,
    "matmul": lambda x: x @ x,
    "set": lambda x: x.__setitem__(0, 1.0),
}


@pytest.mark.parametrize("name", SYNCHRONISING)
def test_synchronisations(cupy: Any, name: str) -> None:
    x = cupy.asarray([1.0, 2.0, 3.0])
    SYNCHRONISING[name](x)
    assert cupy.statistics.syncs > 0
    assert all(__file__ in place for place in cupy.statistics.places("sync"))


@pytest.mark.parametrize("name", NOT_SYNCHRONISING)
def test_no_synchronisations(cupy: Any, name: str) -> None:
    NOT_SYNCHRONISING[name](cupy.ones(3))
    assert (cupy.statistics.syncs, cupy.statistics.downloads) == (0, 0)


def test_launches_copies_and_allocations(cupy: Any) -> None:
    s, host = cupy.statistics, np.ones((4, 4))
    x = cupy.asarray(host)
    assert (s.launches, s.uploads, s.bytes_uploaded, s.allocations) == (0, 1, 128, 1)
    y = x.T[1:] + 1
    assert (s.launches, s.allocations, s.bytes_allocated) == (1, 2, 128 + 96)
    y += 1
    np.add(y, y, out=y)
    assert (s.launches, s.allocations) == (3, 2)
    y.get()
    assert (s.syncs, s.downloads, s.bytes_downloaded) == (1, 1, 96)
    x[cupy.asarray([0])] = 1.0
    assert s.uploads == 2
    s.reset()
    assert (s.launches, s.syncs, s.uploads, s.events.total()) == (0, 0, 0, 0)


def test_places(cupy: Any) -> None:
    x = cupy.ones(3)
    cupy.statistics.reset()
    for _ in range(3):
        line = np.sin.__class__ and launched_here(x)
    assert cupy.statistics.places("launch") == {f"cupy_sin at {__file__}:{line}": 3}


def launched_here(x: Any) -> int:
    np.sin(x)
    return launched_here.__code__.co_firstlineno + 1


# Captures.


def test_a_capture_holds_launches(cupy: Any) -> None:
    stream, x = cupy.cuda.Stream(non_blocking=True), cupy.ones(3)
    with stream:
        stream.begin_capture()
        np.sin(x) + 1
        graph = stream.end_capture()
    assert graph.launches == 2
    cupy.statistics.reset()
    graph.launch()
    assert cupy.statistics.launches == 1


@pytest.mark.parametrize("name", SYNCHRONISING)
def test_captures_refuse_synchronisations(cupy: Any, name: str) -> None:
    stream, x = cupy.cuda.Stream(), cupy.asarray([1.0, 2.0, 3.0])
    with stream:
        stream.begin_capture()
        with pytest.raises(RuntimeError, match="StreamCaptureUnsupported"):
            SYNCHRONISING[name](x)
        with pytest.raises(RuntimeError, match="StreamCaptureInvalidated"):
            stream.end_capture()
    assert not stream.is_capturing()
    assert SYNCHRONISING[name](x) is not None


def test_captures_refuse_copies_and_other_streams(cupy: Any) -> None:
    stream = cupy.cuda.Stream()
    with stream:
        stream.begin_capture()
        with pytest.raises(RuntimeError, match="upload"):
            cupy.asarray([1.0])
        with pytest.raises(RuntimeError, match="Invalidated"):
            stream.end_capture()
    stream.begin_capture()
    with pytest.raises(RuntimeError, match="StreamCaptureImplicit"):
        cupy.ones(3)  # in the default stream
    with pytest.raises(RuntimeError, match="Invalidated"):
        stream.end_capture()
    with pytest.raises(RuntimeError, match="default"):
        cupy.cuda.Stream.null.begin_capture()
    with pytest.raises(RuntimeError, match="does not capture"):
        stream.end_capture()
