"""Random bits of large arrays outside of compiled programs, by native code of any length."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from . import cache, llvm
from .builder import Builder
from .kinds import kind_of
from .random_bits import WORD, numbers_at

_kernels: dict[Hashable, tuple[Callable[..., Any], llvm.Library] | None] = {}


def drawn(key: np.ndarray, size: int, dtype: np.dtype) -> Any:
    """The numbers of the counters below ``size``: integers, or floats in [0, 1).

    NotImplemented without llvmlite, and for dtypes that native code does not have.
    """
    name = (dtype, *llvm.chosen_machine())
    if name not in _kernels:
        _kernels[name] = _compiled(dtype) if llvm.usable() else None
    found = _kernels[name]
    if found is None:
        return NotImplemented
    key = np.ascontiguousarray(key)
    out = np.empty(size, dtype)
    found[0](key.ctypes.data, out.ctypes.data, size)
    return out


def _compiled(dtype: np.dtype) -> tuple[Callable[..., Any], llvm.Library] | None:
    kind = kind_of(dtype)
    if kind is None or dtype.kind not in "fu" or dtype == np.float16:
        return None
    lanes = max(1, llvm.vector_bits() // (8 * max(kind.size, WORD.size)))
    b = Builder(lanes)
    b.start("entry")
    key = b.repeated("%key", WORD), b.repeated(b.pointer("%key", "1", WORD), WORD)
    done = b.scalar(f"and i64 %n, {-lanes}")
    with b.loop("0", done, lanes) as i:
        b.store(numbers_at(b, key, i, kind), b.pointer("%y", i, kind), None)
    with b.loop(done, "%n", lanes) as i:
        mask = b.lanes_below(i, "%n") if lanes > 1 else None
        b.store(numbers_at(b, key, i, kind), b.pointer("%y", i, kind), mask)
    head = "define void @kernel(ptr noalias %key, ptr noalias %y, i64 %n) nounwind {"
    text = "\n".join([*b.declared.values(), head, *b.lines, "  ret void", "}"])
    library = llvm.Library(cache.compiled(text), ("kernel",))
    types = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t)
    return ctypes.CFUNCTYPE(None, *types)(library.addresses["kernel"]), library
