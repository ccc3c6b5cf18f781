"""Kernels run on the emulator: one operation per element, and blocks of threads with barriers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from devices.modules import has_compiler

pytestmark = pytest.mark.skipif(not has_compiler(), reason="kernels need g++")

ROW_SUMS = r"""
extern "C" __global__ void row_sums(const double* x, double* y, int n) {
    extern __shared__ double part[];
    double v = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) v += x[blockIdx.x * n + i];
    for (int d = 16; d; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
    __syncthreads();
    if (threadIdx.x == 0) {
        double total = 0;
        for (int w = 0; w < blockDim.x / 32; ++w) total += part[w];
        y[blockIdx.x] = total;
    }
}
extern "C" __global__ void histogram(const int* x, int* counts, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(&counts[x[i]], 1);
}"""


def test_elementwise(xp: Any) -> None:
    k = xp.ElementwiseKernel("float64 a, T b", "T y", "y = a * b + i", "scaled")
    out = k(xp.arange(3.0), xp.asarray(np.float32(2)))
    assert out.dtype == np.float32
    assert out.tolist() == [0.0, 3.0, 6.0]
    assert k(xp.ones((2, 3)), np.float32(2)).shape == (2, 3)
    given = xp.zeros(3, np.float32)
    assert k(xp.arange(3.0), np.float32(1), given) is given
    assert given.tolist() == [0.0, 2.0, 4.0]
    with pytest.raises(TypeError):
        k(np.ones(3), np.float32(1))
    with pytest.raises(TypeError):
        k(xp.ones(3))
    same = xp.ElementwiseKernel("T a, T b", "T y", "y = a + b", "same")
    with pytest.raises(TypeError):
        same(xp.ones(3), xp.ones(3, np.float32))


def test_blocks_with_shared_memory_and_shuffles(xp: Any) -> None:
    x = np.random.default_rng(0).random((4, 1000))
    y = xp.empty(4)
    kernel = xp.RawModule(code=ROW_SUMS).get_function("row_sums")
    kernel((4,), (128,), (xp.asarray(x), y, np.int32(1000)), shared_mem=64)
    np.testing.assert_allclose(y.get(), x.sum(1))


def test_atomics(xp: Any) -> None:
    x = np.random.default_rng(1).integers(0, 7, 1000).astype(np.int32)
    counts = xp.zeros(7, np.int32)
    kernel = xp.RawKernel(ROW_SUMS, "histogram")
    kernel((8,), (128,), (xp.asarray(x), counts, np.int32(1000)))
    np.testing.assert_array_equal(counts.get(), np.bincount(x, minlength=7))


def test_a_missing_barrier_shows(cupy: Any) -> None:
    """Thread 0 reads before others have written. On a GPU this may go well, for a while."""
    code = ROW_SUMS.replace("__syncthreads();", "").replace(
        "for (int d = 16; d; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);\n"
        "    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;",
        "part[threadIdx.x] = v;",
    )  # fmt: skip
    code = code.replace("w < blockDim.x / 32", "w < blockDim.x")
    x, y = np.ones((4, 1000)), cupy.empty(4)
    kernel = cupy.RawKernel(code, "row_sums")
    kernel((4,), (128,), (cupy.asarray(x), y, np.int32(1000)), shared_mem=1024)
    assert not np.allclose(y.get(), 1000.0)


def test_arguments(xp: Any) -> None:
    kernel = xp.RawKernel(ROW_SUMS, "row_sums")
    with pytest.raises(TypeError):
        kernel((1,), (32,), (np.ones(3), xp.empty(1), np.int32(3)))
    with pytest.raises(RuntimeError):
        kernel((1,), (2048,), (xp.ones(3), xp.empty(1), np.int32(3)))
    with pytest.raises(xp.cuda.compiler.CompileException):
        xp.RawKernel("no C++", "k")((1,), (1,), (xp.ones(1),))


def test_arguments_of_another_device(cupy: Any) -> None:
    with cupy.cuda.Device(1):
        x = cupy.ones(3)
    with pytest.raises(ValueError, match="current device"):
        cupy.RawKernel(ROW_SUMS, "row_sums")((1,), (32,), (x, cupy.empty(1), np.int32(3)))
    with pytest.raises(TypeError, match="takes 3 arguments"):
        cupy.RawKernel(ROW_SUMS, "row_sums")((1,), (32,), (cupy.ones(3), np.int32(3)))


def test_launches_are_counted(cupy: Any) -> None:
    k = cupy.ElementwiseKernel("T a", "T y", "y = a * a", "squared")
    x = cupy.ones(3)
    cupy.statistics.reset()
    k(x)
    assert cupy.statistics.launches == 1
    assert "squared" in next(iter(cupy.statistics.places("launch")))


def test_raw_arrays_are_indexed_by_the_kernel(xp: Any) -> None:
    reverse = xp.ElementwiseKernel("raw T x, int64 last", "T y", "y = x[last - i];", "reverse")
    x = xp.arange(6.0).reshape(2, 3).T  # in another order in memory: elements count in C order
    out = xp.empty(6)
    assert reverse(x, 5, out) is out
    np.testing.assert_array_equal(out.get(), x.get().ravel()[::-1])
    with pytest.raises(ValueError, match="undecided"):
        reverse(x, 5)
    count = xp.ElementwiseKernel("raw int64 at", "raw T out", "atomicAdd(&out[at[i]], T(1));")
    counts = xp.zeros(3, np.float32)
    count(xp.asarray(np.array([0, 2, 2])), counts, size=3)
    np.testing.assert_array_equal(counts.get(), [1, 0, 2])
