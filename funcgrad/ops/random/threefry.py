"""Random bits: the block cipher Threefry-2x32 with 20 rounds as a counter-based generator.

Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011). A key of two
32-bit words turns counters into random words; equal keys and counters give equal words on every
machine, so results are reproducible and every element of an array is drawn independently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Decided
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, as_scalar, broadcast_shapes, expand_rank, general
from ..shape import reshape
from .launches import random_uniform_there, threefry2x32_there
from .schedule import threefry_rounds

Words: TypeAlias = tuple[Array, Array]
"""Two words of 32 bits each: keys, or what a counter gives."""

_DISCRETE = "random bits are integers: they do not vary smoothly with the key"


def count_of(shape: tuple[int, ...]) -> int:
    """The number of elements of an array of this shape."""
    count = 1
    for d in shape:
        count *= d
    return count


def threefry_in_lanes(operands: tuple[Array, ...], shape: tuple[int, ...]) -> tuple[Array, ...]:
    """Threefry of few counters: each operand is one Python int with a 64-bit lane per counter.

    Python's integers have no fixed cost per operation like NumPy's half a microsecond, and a
    carry out of 32 bits stays in its lane until it is masked.
    """
    size = count_of(shape)
    ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * size, "little")
    mask = ones * 0xFFFFFFFF
    lanes = []
    for x in operands:
        if x.size == 1:
            lanes.append(x.item() * ones)
        else:
            wide = np.ascontiguousarray(np.broadcast_to(x, shape), "<u8")
            lanes.append(int.from_bytes(wide.tobytes(), "little"))
    key0, key1, count0, count1 = lanes
    keys = (key0, key1, key0 ^ key1 ^ (0x1BD11BDA * ones))
    x0 = (count0 + key0) & mask
    x1 = (count1 + key1) & mask
    for rotations, i, j, number in threefry_rounds():
        for r in rotations:
            x0 = (x0 + x1) & mask
            x1 = (((x1 << r) | (x1 >> (32 - r))) & mask) ^ x0
        x0 = (x0 + keys[i]) & mask
        x1 = (x1 + keys[j] + number * ones) & mask
    words = [np.frombuffer(x.to_bytes(8 * size, "little"), "<u8") for x in (x0, x1)]
    return tuple(x.astype(np.uint32).reshape(shape) for x in words)


def threefry_in_blocks(
    operands: tuple[Array, ...],
    store: Callable[..., None],
    dtypes: tuple[np.dtype[Any] | type[np.unsignedinteger[Any]], ...],
) -> tuple[Array, ...]:
    """Threefry of many counters: arithmetic in place on blocks that stay in the cache.

    ``store(x0, x1, *outs)`` writes the words of one block into the outputs of these dtypes.
    """
    block = 32768
    words = np.empty((3, block), np.uint32)
    flags: Any = [["readonly"]] * 4 + [["writeonly", "allocate"]] * len(dtypes)
    walk = np.nditer(
        operands + (None,) * len(dtypes),
        ["external_loop", "buffered"],
        flags,
        [np.uint32] * 4 + list(dtypes),
        order="C",
        buffersize=block,
    )
    with walk:
        for key0, key1, count0, count1, *outs in walk:
            if key0.strides == (0,) and key1.strides == (0,):
                key0, key1 = key0[:1], key1[:1]
            keys = (key0, key1, key0 ^ key1 ^ 0x1BD11BDA)
            x0, x1, rotated = words[:, : count0.size]
            np.add(count0, key0, out=x0)
            np.add(count1, key1, out=x1)
            for rotations, i, j, number in threefry_rounds():
                for r in rotations:
                    np.add(x0, x1, out=x0)
                    np.left_shift(x1, r, out=rotated)
                    np.right_shift(x1, 32 - r, out=x1)
                    np.bitwise_or(x1, rotated, out=x1)
                    np.bitwise_xor(x1, x0, out=x1)
                np.add(x0, keys[i], out=x0)
                np.add(x1, keys[j] + number, out=x1)
            store(x0, x1, *outs)
        return walk.operands[4:]


def store_words(x0: Array, x1: Array, out0: Array, out1: Array) -> None:
    """Keep both words of each counter."""
    np.copyto(out0, x0)
    np.copyto(out1, x1)


def store_uniform(x0: Array, x1: Array, out: Array) -> None:
    """Join the words of each counter to one number: all integers of a type, or floats in [0, 1).

    The leading bits become the mantissa of a float in [1, 2); taking 1 away leaves equidistant
    floats in [0, 1).
    """
    size = out.dtype.itemsize
    bits = out.view(f"u{size}")
    if size == 8:
        bits[...] = x0
        bits <<= 32
        bits |= x1
    else:
        bits[...] = x0 ^ x1
    if out.dtype.kind == "f":
        drop, one = {2: (6, 0x3C00), 4: (9, 0x3F800000), 8: (12, 0x3FF0000000000000)}[size]
        bits >>= drop
        bits |= one
        out -= 1


def threefry_formula(_np: Any, key0: Array, key1: Array, count0: Array, count1: Array) -> Words:
    """The same by operators of arrays."""
    keys = (key0, key1, key0 ^ key1 ^ np.uint32(0x1BD11BDA))
    x0, x1 = count0 + key0, count1 + key1
    for rotations, i, j, number in threefry_rounds():
        for r in rotations:
            x0 = x0 + x1
            x1 = ((x1 << np.uint32(r)) | (x1 >> np.uint32(32 - r))) ^ x0
        x0 = x0 + keys[i]
        x1 = x1 + keys[j] + np.uint32(number)
    return x0, x1


def evaluate_threefry2x32(
    xp: ArrayModule, key0: Array, key1: Array, count0: Array, count1: Array
) -> Words:
    """Two random words for each pair of counter words; operands broadcast."""
    operands = (key0, key1, count0, count1)
    shape = np.broadcast_shapes(key0.shape, key1.shape, count0.shape, count1.shape)
    if count_of(shape) <= 256:
        x0, x1 = threefry_in_lanes(operands, shape)
        return x0[()], x1[()]
    x0, x1 = threefry_in_blocks(operands, store_words, (np.uint32, np.uint32))
    return x0, x1


def evaluate_random_uniform(
    xp: ArrayModule, key: Array, *, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """Element i comes from counter i: any integer of an unsigned type, or a float in [0, 1)."""
    size = count_of(shape)
    rank = (1,) * len(shape)
    key0, key1 = (key[..., i].reshape(key.shape[:-1] + rank) for i in (0, 1))
    if size <= 2**32:
        high = xp.zeros((), xp.uint32)
        low = xp.arange(size, dtype=xp.uint32).reshape(shape)
    else:
        counters = xp.arange(size, dtype=xp.uint64).reshape(shape)
        high, low = (counters >> 32).astype(xp.uint32), counters.astype(xp.uint32)
    operands = (key0, key1, high, low)
    shape = key.shape[:-1] + shape
    if count_of(shape) > 256:
        return threefry_in_blocks(operands, store_uniform, (dtype,))[0]
    x0, x1 = threefry_in_lanes(operands, shape)
    out = xp.empty(shape, dtype)
    store_uniform(x0, x1, out)
    return out[()]


def _abstract_threefry2x32(*operands: Aval) -> tuple[Aval, Aval]:
    if any(a.dtype != np.uint32 for a in operands):
        raise TypeError(f"threefry2x32 needs uint32 operands, got {operands}")
    shape = broadcast_shapes("threefry2x32", *[a.shape for a in operands])
    return Aval(shape, np.uint32), Aval(shape, np.uint32)


def _batch_threefry2x32(_size: int, args: Sequence[Array], batched: Sequence[bool]) -> Words:
    ndim = max(len(a.shape) - b for a, b in zip(args, batched, strict=True))
    aligned = [
        expand_rank(a, ndim, reshape) if b else a for a, b in zip(args, batched, strict=True)
    ]
    return threefry2x32(*aligned)


def _words(rng: np.random.Generator, *shape: int) -> Array:
    return as_scalar(rng.integers(0, 2**32, shape, np.uint32))


def _threefry2x32_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(*[_words(rng) for _ in range(4)])
    yield Case(_words(rng), _words(rng), np.uint32(0), _words(rng, 5))
    yield Case(_words(rng, 4, 1), _words(rng, 4, 1), _words(rng), _words(rng, 3))
    yield Case(_words(rng, 2, 1, 1), _words(rng, 3, 1), _words(rng, 1), _words(rng, 3, 101))


threefry2x32: General = general(
    "threefry2x32",
    evaluate_threefry2x32,
    on_gpu=threefry2x32_there,
    formula=threefry_formula,
    abstract=_abstract_threefry2x32,
    batch=_batch_threefry2x32,
    cases=_threefry2x32_cases,
    multiple=True,
    nondifferentiable=_DISCRETE,
)


def _abstract_random_uniform(key: Aval, *, shape: tuple[int, ...], dtype: np.dtype) -> Aval:
    if key.dtype != np.uint32 or key.shape[-1:] != (2,):
        raise ShapeError(f"random_uniform needs uint32 keys of shape (..., 2), got {key}")
    return Aval(key.shape[:-1] + shape, dtype)


def _random_uniform_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("u1", "u2", "u4", "u8", "f2", "f4", "f8"):
        yield Case(_words(rng, 2), shape=(3, 5), dtype=np.dtype(dtype))
    yield Case(_words(rng, 2), shape=(), dtype=np.dtype("f8"))
    yield Case(_words(rng, 2), shape=(0, 3), dtype=np.dtype("u4"))
    yield Case(_words(rng, 4, 3, 2), shape=(5, 7), dtype=np.dtype("f4"))


random_uniform: General = general(
    "random_uniform",
    evaluate_random_uniform,
    on_gpu=random_uniform_there,
    abstract=_abstract_random_uniform,
    batch=lambda _size, args, _batched, **params: random_uniform(*args, **params),
    cases=_random_uniform_cases,
    nondifferentiable=_DISCRETE,
    elements=Decided(),
)
