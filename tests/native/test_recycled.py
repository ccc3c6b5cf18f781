"""Large results take memory that earlier ones have left, and never memory that is in use."""

import gc
import threading

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="kernels are compiled by llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import recycled
from funcgrad.compiler.native.recycled import Kept

N = 1000


@pytest.fixture
def kept(monkeypatch):
    """Arrays count as large from 1 kB on."""
    own = Kept(3 * 8 * N + 1000)
    monkeypatch.setattr(recycled, "LARGE", 1024)
    monkeypatch.setattr(recycled.empty, "__defaults__", (own,))
    return own


@pytest.fixture(params=["native", "portable"])
def doubled(request, kept, monkeypatch):
    if request.param == "native":
        request.getfixturevalue("native_entry")
    else:
        from funcgrad.compiler.native import layout

        monkeypatch.setattr(layout, "is_as_assumed", lambda: False)
    return fg.jit(lambda x: 2 * x + 1)


def address(x):
    return x.__array_interface__["data"][0]


def test_memory_is_used_again_when_nobody_holds_it(doubled):
    x = np.linspace(0, 1, N)
    first = doubled(x)
    at = address(first)
    assert at % 64 == 0
    assert first.flags.writeable
    assert first.flags.aligned
    del first
    second = doubled(x + 1)
    assert address(second) == at
    np.testing.assert_array_equal(second, 2 * (x + 1) + 1)
    third = doubled(x)
    assert address(third) != at
    np.testing.assert_array_equal(second, 2 * (x + 1) + 1)
    np.testing.assert_array_equal(third, 2 * x + 1)


HOLDERS = {
    "a view": lambda r: r[3:5],
    "a view of a view": lambda r: r.reshape(10, -1).T[2:][::2],
    "its memory": memoryview,
    "an array by DLPack": np.from_dlpack,
    "a subclass": lambda r: r.view(np.recarray),
    "its base": lambda r: r.base,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_memory_that_is_held_is_left_alone(holder, doubled):
    x = np.linspace(0, 1, N)
    first = doubled(x)
    at = address(first)
    held = HOLDERS[holder](first)
    before = np.array(held)
    del first
    later = [doubled(x + k) for k in range(4)]
    np.testing.assert_array_equal(np.array(held), before)
    assert at not in map(address, later)
    del held
    gc.collect()
    assert address(doubled(x)) == at


def test_donated_results_and_loops(doubled):
    step = fg.jit(lambda x: 0.5 * x + 1, donate_argnums=0)
    x = doubled(np.zeros(N))
    for _ in range(5):
        x = step(x)
    np.testing.assert_allclose(x, 2 - 0.5**5)
    grad = fg.jit(fg.grad(lambda x: np.sum(np.sin(x) * x)))
    y = np.linspace(0, 2, N)
    for k in range(3):
        np.testing.assert_allclose(grad(y + k), np.sin(y + k) + (y + k) * np.cos(y + k))


def test_only_so_much_is_kept(kept):
    held = [recycled.empty((N,), np.dtype(float)) for _ in range(5)]
    held.clear()
    assert [room.nbytes for room in kept.rooms] == [8 * N + 64] * 3
    recycled.empty((2 * N,), np.dtype(float))
    assert sum(room.nbytes for room in kept.rooms) <= kept.most
    kept.clear()
    assert kept.rooms == []


def test_memory_of_another_size_is_left(kept):
    recycled.empty((N,), np.dtype(float))
    half = recycled.empty((N // 2,), np.dtype(float))
    assert len(kept.rooms) == 1
    assert half.shape == (N // 2,)
    as_large = recycled.empty((2, N), np.dtype(np.float32))
    assert kept.rooms == []
    assert (as_large.dtype, as_large.shape) == (np.float32, (2, N))


def test_without_memory_what_is_kept_goes_first(kept, monkeypatch):
    recycled.empty((N,), np.dtype(float))
    given = [MemoryError]

    def empty(size, dtype):
        if given:
            raise given.pop()
        return np.zeros(size, dtype)

    monkeypatch.setattr(recycled.np, "empty", empty)
    found = recycled.empty((3 * N,), np.dtype(float))
    monkeypatch.undo()
    assert found.shape == (3 * N,)
    assert kept.rooms == []


def test_threads_get_memory_of_their_own(kept):
    wrong = []

    def work(k):
        for _ in range(300):
            x = recycled.empty((N,), np.dtype(float))
            x[:] = k
            if not np.all(x == k):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_small_results_own_their_memory():
    assert fg.jit(lambda x: x + 1)(np.zeros(N)).base is None
    assert recycled.maker((N,), np.dtype(float)) is None
    assert recycled.maker((2**22,), np.dtype(float)) is not None
