"""Indexing by integer arrays on a GPU, where nothing raises.

An index that is out of range reads NaN (of integers the least number of a signed type, the largest
of an unsigned one; of truth values True), and writes nowhere. Of several values for one place the
last one stays, as on the CPU.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...typing import Array
from ..kernels import Kernel

Index = Sequence[Array]
"""An integer array of one shape for each of the leading axes."""


def _place(depth: int) -> str:
    """Statements that find the place of entry ``e``: ``at``, if it is ``inside``."""
    lines = ["long long at = 0; bool inside = true;"]
    for k in range(depth):
        lines.append(
            f"{{ long long j = (long long)index{k}[e]; if (j < 0) j += size{k}; "
            f"inside = inside && j >= 0 && j < size{k}; at = at * size{k} + j; }}"
        )
    return "\n".join(lines)


def _index_parameters(depth: int) -> str:
    return ", ".join(f"raw int64 index{k}, int64 size{k}" for k in range(depth))


@functools.cache
def gathering(depth: int) -> Kernel:
    """The kernel that reads rows at ``depth`` leading indices."""
    return Kernel(
        f"gather_{depth}",
        f"raw T x, {_index_parameters(depth)}, int64 inner, T missing",
        "T out",
        f"const long long e = i / inner;\n{_place(depth)}\n"
        "out = inside ? x[at * inner + i % inner] : missing;",
        ("float", "double", "int", "bool"),
    )


@functools.cache
def adding(depth: int) -> Kernel:
    """The kernel that adds rows at ``depth`` leading indices."""
    return Kernel(
        f"scatter_add_{depth}",
        f"raw T v, {_index_parameters(depth)}, int64 inner",
        "raw T out",
        f"const long long e = i / inner;\n{_place(depth)}\n"
        "if (inside) atomicAdd(&out[at * inner + i % inner], v[i]);",
        ("float", "double", "unsigned long long"),
    )


@functools.cache
def numbering(depth: int) -> Kernel:
    """The kernel that writes into places the number of the last entry with that place, from 1."""
    return Kernel(
        f"scatter_number_{depth}",
        _index_parameters(depth),
        "raw uint64 owner",
        f"const long long e = i;\n{_place(depth)}\n"
        "if (inside) atomicMax(&owner[at], (unsigned long long)(i + 1));",
    )


@functools.cache
def setting(depth: int) -> Kernel:
    """The kernel that writes the rows of the entries that own their places."""
    return Kernel(
        f"scatter_set_{depth}",
        f"raw T v, {_index_parameters(depth)}, int64 inner, raw uint64 owner",
        "raw T out",
        f"const long long e = i / inner;\n{_place(depth)}\n"
        "if (inside && owner[at] == (unsigned long long)(e + 1))"
        " out[at * inner + i % inner] = v[i];",
        ("float", "double", "int", "bool"),
    )


def _arguments(idx: Index, sizes: Sequence[int]) -> list[Any]:
    found: list[Any] = []
    for i, n in zip(idx, sizes[: len(idx)], strict=True):
        found += [i.astype(np.int64, copy=False), n]
    return found


def _count(sizes: Sequence[int]) -> int:
    return int(np.prod(sizes, dtype=np.int64))


def missing(dtype: np.dtype) -> Any:
    """What is read where there is nothing."""
    if dtype.kind in "fc":
        return dtype.type(np.nan)
    if dtype.kind == "b":
        return np.True_
    info = np.iinfo(dtype)
    return dtype.type(info.min if dtype.kind == "i" else info.max)


def gathered(xp: ArrayModule, x: Array, *idx: Array) -> Array:
    """The rows of x at the indices."""
    depth = len(idx)
    out = xp.empty((*idx[0].shape, *x.shape[depth:]), x.dtype)
    if not out.size:
        return out
    if not x.size:
        out.fill(missing(x.dtype))
        return out
    inner = _count(x.shape[depth:])
    return gathering(depth)(xp, x, *_arguments(idx, x.shape), inner, missing(x.dtype), out)


def added(xp: ArrayModule, v: Array, *idx: Array, shape: tuple[int, ...]) -> Array:
    """Zeros with the rows of v added at the indices, by atomic additions in any order."""
    v = xp.broadcast_to(v, (*idx[0].shape, *shape[len(idx) :]))
    if v.dtype.kind == "c":
        real, imag = (added(xp, part, *idx, shape=shape) for part in (v.real, v.imag))
        out = xp.empty(shape, v.dtype)
        out.real = real
        out.imag = imag
        return out
    if v.dtype.char not in "fd":
        # Sums of integers of any type are those of 64 bits without a sign.
        wide = np.dtype(np.float32 if v.dtype.kind == "f" else np.int64)
        total = _added(xp, v.astype(wide), idx, shape)
        return total.astype(v.dtype) if v.dtype.kind != "b" else total != 0
    return _added(xp, v, idx, shape)


def added_to(xp: ArrayModule, x: Array, v: Array, *idx: Array) -> Array:
    """X with the rows of v added at the indices."""
    return x + added(xp, v, *idx, shape=x.shape)


def _added(xp: ArrayModule, v: Array, idx: Index, shape: tuple[int, ...]) -> Array:
    out = xp.zeros(shape, v.dtype)
    if not (v.size and out.size):
        return out
    bits = np.dtype(np.uint64) if v.dtype.kind == "i" else v.dtype
    inner = _count(shape[len(idx) :])
    arguments = _arguments(idx, shape)
    v = xp.ascontiguousarray(v)
    adding(len(idx))(xp, v.view(bits), *arguments, inner, out.view(bits), size=v.size)
    return out


def owners(xp: ArrayModule, idx: Index, sizes: Sequence[int]) -> Array:
    """For each place the number of the last entry that is there, from 1; 0 if there is none."""
    out = xp.zeros(tuple(sizes), np.uint64)
    count = _count(idx[0].shape)
    if count and out.size:
        numbering(len(idx))(xp, *_arguments(idx, sizes), out, size=count)
    return out


def last_writers_there(xp: ArrayModule, *idx: Array, shape: tuple[int, ...]) -> Array:
    """True for entries that no later one overwrites, and that are in range."""
    last = gathered(xp, owners(xp, idx, shape), *idx)
    return last == xp.arange(1, last.size + 1, dtype=np.uint64).reshape(last.shape)


def scattered(xp: ArrayModule, x: Array, v: Array, *idx: Array, op: str) -> Array:
    """X with the values v at places: set, multiplied, or the smaller or larger ones kept."""
    depth = len(idx)
    rows = _count(idx[0].shape)
    v = xp.broadcast_to(v.astype(x.dtype, copy=False), (*idx[0].shape, *x.shape[depth:]))
    if not v.size or not x.size:
        return x.copy()
    inner = _count(x.shape[depth:])
    if op == "set":
        owner = owners(xp, idx, x.shape[:depth])
        out = x.copy()
        setting(depth)(xp, v, *_arguments(idx, x.shape), inner, owner, out, size=v.size)
        return out
    combine = {"mul": xp.multiply, "min": xp.minimum, "max": xp.maximum}[op]
    v = v.reshape(rows, *x.shape[depth:])
    v, rows_at = _combined(xp, v, [i.reshape(-1) for i in idx], x.shape, combine)
    owner = owners(xp, rows_at, x.shape[:depth])
    there = (owner > 0).reshape(owner.shape + (1,) * (x.ndim - depth))
    found = xp.take(v, xp.maximum(owner, 1).astype(np.int64) - 1, axis=0)
    return xp.where(there, combine(x, found), x)


def _combined(
    xp: ArrayModule, v: Array, idx: Index, shape: Sequence[int], combine: Any
) -> tuple[Array, Index]:
    """Rows sorted by their places, of which the last of each place has the combination of all.

    Neighbours with one place are combined over doubling distances.
    """
    number = xp.zeros(v.shape[0], np.int64)
    for i, n in zip(idx, shape[: len(idx)], strict=True):
        number = number * n + xp.where(i < 0, i + n, i)
    order = xp.argsort(number)
    number, v = number[order], v[order]
    step = 1
    while step < v.shape[0]:
        same = (number[step:] == number[:-step]).reshape((-1,) + (1,) * (v.ndim - 1))
        tail = xp.where(same, combine(v[:-step], v[step:]), v[step:])
        v = xp.concatenate([v[:step], tail])
        step *= 2
    return v, [i[order] for i in idx]
