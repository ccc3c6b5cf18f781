"""``RawKernel`` and ``RawModule``: ``__global__`` functions, executed on the CPU.

There are ``__shared__`` arrays (static and dynamic), ``__syncthreads``, shuffles of full warps,
atomics, and the device functions of <cmath>.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any

import numpy as np

from ._array import ndarray, on_this_device
from ._compiling import build, dynamic_arrays
from ._statistics import statistics

MOST_THREADS = 1024
MOST_SHARED = 227 * 1024


class RawKernel:
    """A ``__global__`` function that is called with a grid, a block and arguments."""

    def __init__(
        self, code: str, name: str, options: Any = (), backend: str = "nvrtc", **_: Any
    ) -> None:
        self.code, self.name, self.options = code, name, options
        self._run: Any = None

    def compile(self) -> None:
        """Compile now instead of at the first call."""
        if self._run is None:
            entry = (
                f'\nextern "C" void shim_run(void** args, const unsigned* grid, '
                f"const unsigned* block, size_t shared) {{\n"
                f"    shim::launch([](void* a) {{ shim::invoke(&{self.name}, (void**)a); }}, "
                f"args, grid, block, shared);\n}}\n"
            )
            self._run = build(dynamic_arrays(self.code) + entry).shim_run

    def __call__(
        self, grid: Any, block: Any, args: Any, *, shared_mem: int = 0, stream: Any = None
    ) -> None:
        if int(np.prod(list(block))) > MOST_THREADS or shared_mem > MOST_SHARED:
            raise RuntimeError("CUDA_ERROR_INVALID_VALUE: too many threads or too much memory")
        values = [argument(a) for a in args]
        self.compile()
        self._check_count(len(values))
        pointers = [ctypes.cast(ctypes.pointer(v), ctypes.c_void_p) for v in values]
        statistics.launch(self.name)
        self._run(
            (ctypes.c_void_p * len(pointers))(*pointers), three(grid), three(block),
            ctypes.c_size_t(shared_mem),
        )  # fmt: skip

    def _check_count(self, given: int) -> None:
        """Real CUDA reads past the end of the arguments; here it raises."""
        found = re.search(rf"__global__[^;{{]*?\b{re.escape(self.name)}\s*\(([^)]*)\)", self.code)
        expected = len([p for p in found[1].split(",") if p.strip()]) if found else given
        if expected != given:
            raise TypeError(f"{self.name} takes {expected} arguments, got {given}")


class RawModule:
    """A module of CUDA C++; ``get_function`` gives its kernels."""

    def __init__(
        self, *, code: str, options: Any = (), backend: str = "nvrtc",
        name_expressions: Any = None, **_: Any,
    ) -> None:  # fmt: skip
        self.code, self.options = code, options
        self.expressions = tuple(name_expressions or ())

    def get_function(self, name: str) -> RawKernel:
        return RawKernel(self.code, name, self.options)


def argument(a: Any) -> Any:
    """An argument of a kernel in memory: the address of an array, or the bytes of a scalar."""
    if isinstance(a, ndarray):
        return ctypes.c_void_p(on_this_device(a).ctypes.data)
    if isinstance(a, np.generic):
        return ctypes.create_string_buffer(a.tobytes())
    for python, c_type in (
        (bool, ctypes.c_bool),
        (int, ctypes.c_longlong),
        (float, ctypes.c_double),
    ):
        if isinstance(a, python):
            return c_type(a)
    raise TypeError(f"Unsupported type {type(a)}")


def three(numbers: Any) -> Any:
    """The three dimensions of a grid or a block."""
    return (ctypes.c_uint * 3)(*[*map(int, numbers), 1, 1][:3])
