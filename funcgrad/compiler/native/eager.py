"""Elementary functions of large arrays outside of compiled programs, by native code of any length.

A kernel belongs to an operator and the types of its operands. It is compiled when it is first
wanted, takes the number of elements when it is called, and rounds as compiled programs do.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Literal, Var
from . import cache, llvm
from .builder import Builder
from .kinds import kind_of
from .maps import evaluate
from .operations import is_short, takes
from .places import kind_of_var

SIDE_BY_SIDE = 4
"""So many vectors are computed at a time, so that they need not wait for each other."""

MOST_KERNELS = 256
"""So many are kept: numbers of Python's are part of them."""

_SILENT = {"divide": "ignore", "over": "ignore", "invalid": "ignore"}

_kernels: dict[Hashable, Kernel | None] = {}


class Kernel(NamedTuple):
    """A function of the addresses of arrays, those of operands first, and their length."""

    run: Callable[..., Any]
    library: llvm.Library
    dtype: np.dtype


def evaluated(prim: Any, operands: Sequence[Any]) -> Any:
    """The result of an elementwise operator on arrays of one shape and numbers of Python's.

    NotImplemented where there is no kernel: without llvmlite, for operators of an instruction or
    two, which NumPy does as fast and rounds alike, and for other operands.
    """
    shape = next(x.shape for x in operands if type(x) is np.ndarray)
    key: list[Hashable] = [prim, *llvm.chosen_machine()]
    for x in operands:
        if type(x) is np.ndarray and x.shape == shape:
            key.append(x.dtype)
        elif type(x) is float or type(x) is int:
            key.append((type(x), x, str(x)))  # zeros have signs
        else:
            return NotImplemented
    name = tuple(key)
    if name not in _kernels:
        while len(_kernels) >= MOST_KERNELS:
            _kernels.pop(next(iter(_kernels)), None)
        _kernels[name] = _compiled(prim, operands) if llvm.usable() else None
    found = _kernels[name]
    if found is None:
        return NotImplemented
    out = _called(found, operands)
    if _is_to_be_reported(out):
        prim.evaluate(*operands)  # which warns, or raises, as NumPy has been told to
    return out


def _is_to_be_reported(out: np.ndarray) -> bool:
    """True if an infinity or NaN was made, maybe, of which NumPy says something."""
    if out.dtype.kind != "f" or _SILENT.items() <= np.geterr().items():
        return False
    flat = out.ravel(order="K")
    with np.errstate(all="ignore"):
        return not np.vdot(flat, flat) < np.inf


def _called(kernel: Kernel, operands: Sequence[Any]) -> Any:
    """The result in the order of memory that NumPy gives it, where all operands have it."""
    arrays = [x for x in operands if type(x) is np.ndarray]
    first = arrays[0]
    if not all(x.flags.c_contiguous and x.flags.aligned for x in arrays):
        arrays = [np.array(x, order="K") for x in arrays]
        first = arrays[0]
        if any(x.strides != first.strides for x in arrays):
            arrays = [np.ascontiguousarray(x) for x in arrays]
            first = arrays[0]
    out = np.empty_like(first, kernel.dtype, order="K")
    kernel.run(*(x.ctypes.data for x in arrays), out.ctypes.data, first.size)
    return out


def _compiled(prim: Any, operands: Sequence[Any]) -> Kernel | None:
    given: list[Any] = []
    for x in operands:
        if type(x) is np.ndarray:
            if kind_of(x.dtype) is None:
                return None
            given.append(Var(Aval((1,), x.dtype)))
        else:
            given.append(Literal(x, Aval((), np.dtype(type(x)), True)))
    out = Var(prim.abstract(*(a.aval for a in given)))
    if kind_of(out.aval.dtype) is None or out.aval.weak:
        return None
    e = Eqn(prim, given, {}, [out])
    if is_short(e) or not takes(e):
        return None
    text = _text(e, llvm.vector_bits())
    if text is None:
        return None
    library = llvm.Library(cache.compiled(text), ("kernel",))
    arrays = sum(isinstance(a, Var) for a in given)
    types = [ctypes.c_void_p] * (arrays + 1)
    run = ctypes.CFUNCTYPE(None, *types, ctypes.c_ssize_t)(library.addresses["kernel"])
    return Kernel(run, library, out.aval.dtype)


def _text(e: Eqn, bits: int) -> str | None:
    """The module of a kernel; None if it may have to give up."""
    reads = [a for a in e.inputs if isinstance(a, Var)]
    kinds = [kind_of_var(a) for a in (*reads, *e.outvars)]
    lanes = max(1, bits // (8 * max(k.size for k in kinds)))
    b = Builder(lanes)
    b.start("entry")
    names = [f"%x{i}" for i in range(len(reads))]

    def vectors(index: str, count: int, mask: Any = None) -> None:
        at = [index]
        at += [b.scalar(f"add nsw i64 {index}, {c * lanes}") for c in range(1, count)]
        known = [
            {
                a: b.load(b.pointer(x, i, kind_of_var(a)), kind_of_var(a), mask)
                for a, x in zip(reads, names, strict=True)
            }
            for i in at
        ]
        evaluate(b, [e], *known)
        for i, values in zip(at, known, strict=True):
            b.store(values[e.outvars[0]], b.pointer("%y", i, kinds[-1]), mask)

    wide = b.scalar(f"sub i64 %n, {SIDE_BY_SIDE * lanes - 1}")
    with b.loop("0", wide, SIDE_BY_SIDE * lanes) as i:
        vectors(i, SIDE_BY_SIDE)
    done = b.scalar(f"and i64 %n, {-SIDE_BY_SIDE * lanes}")
    with b.loop(done, "%n", lanes) as i:
        vectors(i, 1, b.lanes_below(i, "%n") if lanes > 1 else None)
    if b.may_give_up:
        return None
    head = ", ".join(f"ptr noalias {x}" for x in [*names, "%y"])
    body = [f"define void @kernel({head}, i64 %n) nounwind {{", *b.lines, "  ret void", "}"]
    return "\n".join([*b.declared.values(), *body])


__all__ = ["evaluated"]
