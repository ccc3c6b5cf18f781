"""Every kernel that is written by hand compiles for the GPUs that are supported.

Kernels of funcgrad are texts of CUDA C++ in files ``*.cu`` of the package, covered by being there,
and operations of one element in tables: those become loops over elements, as CuPy makes them. The
two below hold that the check itself works.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from devices.nvrtc import ARCHITECTURES, OPTIONS, NotCompiled, compiled, library

import funcgrad as fg
import funcgrad.random
from funcgrad.ops import kernels
from funcgrad.ops.contraction import dot_general  # noqa: F401  (its kernels)
from funcgrad.ops.kernels import Kernel
from funcgrad.ops.random import kernels as _of_random_numbers  # noqa: F401
from funcgrad.ops.structural import places

PACKAGE = Path(fg.__file__).parent

pytestmark = pytest.mark.skipif(
    library() is None, reason="NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12"
)


@pytest.fixture(autouse=True)
def _current_device_stays() -> None:
    """Nothing here needs an array module."""


EXAMPLES = {
    "elementwise": r"""
extern "C" __global__ void gelu(const float* __restrict__ x, float* __restrict__ y, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        y[i] = 0.5f * x[i] * (1 + erff(x[i] * 0.70710678f));
}""",
    "rows": r"""
template <class T> __device__ T warp_sum(T v) {
    for (int d = 16; d; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
    return v;
}
extern "C" __global__ void row_sums(const double* x, double* y, int n) {
    __shared__ double part[32];
    double v = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) v += x[blockIdx.x * n + i];
    v = warp_sum(v);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
    __syncthreads();
    if (threadIdx.x < 32) {
        v = warp_sum(threadIdx.x < (blockDim.x + 31) / 32 ? part[threadIdx.x] : 0.0);
        if (threadIdx.x == 0) y[blockIdx.x] = v;
    }
}""",
}
C_TYPES = {
    "bool": "bool", "int32": "int", "int64": "long long", "uint32": "unsigned int",
    "uint64": "unsigned long long", "float32": "float", "float64": "double", "T": "T",
}  # fmt: skip


class Parameter(NamedTuple):
    """Of a kernel: its type in C, its name, and whether the kernel takes any element of it."""

    kind: str
    name: str
    raw: bool


def parameters(text: str) -> list[Parameter]:
    words = [part.split() for part in text.split(",")]
    return [Parameter(C_TYPES[w[-2]], w[-1], w[0] == "raw") for w in words]


def looped(found: Kernel, kind: str | None) -> str:
    """A kernel of one operation per element as a whole program, where T is a type."""
    read, written = parameters(found.ins), parameters(found.outs)
    places = [f"const {p.kind}* {'' if p.raw else 'p_'}{p.name}" for p in read]
    places += [f"{p.kind}* {'' if p.raw else 'p_'}{p.name}" for p in written]
    names = [f"const {p.kind}& {p.name} = p_{p.name}[i];" for p in read if not p.raw]
    names += [f"{p.kind}& {p.name} = p_{p.name}[i];" for p in written if not p.raw]
    return f"""
{"" if kind is None else f"typedef {kind} T;"}
{found.preamble}
extern "C" __global__ void looped({", ".join(places)}, long long n) {{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    for (; i < n; i += (long long)gridDim.x * blockDim.x) {{
        {" ".join(names)}
        {found.body};
    }}
}}"""


for depth in (1, 2, 3):  # made for a number of indices when they are asked for
    for make in (places.gathering, places.adding, places.numbering, places.setting):
        make(depth)
assert {"strong_product", "random_gamma", "gather_1"} <= set(kernels.KERNELS)
LOOPED = {
    f"{name} {kind or ''}".strip(): (looped(found, kind), found.options)
    for name, found in kernels.KERNELS.items()
    for kind in found.types or (None,)
}
SOURCES = EXAMPLES | {
    str(path.relative_to(PACKAGE)): path.read_text() for path in sorted(PACKAGE.rglob("*.cu"))
}
KERNELS = {name: (text, ()) for name, text in SOURCES.items()} | LOOPED


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", KERNELS)
def test_compiles(name: str, architecture: str) -> None:
    text, options = KERNELS[name]
    assert compiled(text, architecture, (*OPTIONS, *options)).startswith(b"\x7fELF")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_mistakes_are_found(architecture: str) -> None:
    for right, wrong, message in (
        ("erff", "erfq", 'identifier "erfq" is undefined'),
        ("float* __restrict__ y", "const float* __restrict__ y", "must be a modifiable lvalue"),
        ("0.5f * x[i]", "0.5f * x[i", "expected a"),
    ):
        with pytest.raises(NotCompiled, match=message):
            compiled(EXAMPLES["elementwise"].replace(right, wrong), architecture)


def test_code_differs_between_architectures() -> None:
    found = [compiled(EXAMPLES["rows"], a) for a in ARCHITECTURES]
    assert found[0] != found[1]
    with pytest.raises(Exception, match="architecture"):
        compiled(EXAMPLES["rows"], "sm_1")
