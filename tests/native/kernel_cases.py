"""Random cases of operators on whole arrays: of any shape, dtype and parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from funcgrad.core.primitive import Case
from funcgrad.ops.structural.indexing import key_shape
from funcgrad.ops.windows.geometry import GEOMETRY, window_counts

Draw = Callable[[Any], Any]

CHARS = "?bBhHiIlLfd"
SIZES = st.one_of(st.integers(0, 9), st.integers(10, 40))


def values(draw: Draw, shape: Any, char: str) -> np.ndarray:
    """Numbers with ties; floats also with NaN, infinities, and zeros of both signs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = np.dtype(char)
    if char == "?":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.kind in "iu":
        return np.asarray(rng.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype))
    x = np.asarray(rng.integers(-9, 10, shape) / 4.0).astype(dtype)
    for special in (np.nan, np.inf, -np.inf, -0.0):
        x[rng.random(shape) < 0.04] = special
    return x


def chars(draw: Draw) -> str:
    return draw(st.sampled_from(CHARS))  # type: ignore[no-any-return]


def shapes(draw: Draw, least: int = 0, most: int = 3) -> tuple[int, ...]:
    return tuple(draw(st.lists(SIZES, min_size=least, max_size=most)))


def an_array(draw: Draw, least: int = 0, most: int = 3) -> np.ndarray:
    return values(draw, shapes(draw, least, most), chars(draw))


def keys(draw: Draw, shape: tuple[int, ...]) -> tuple[Any, ...]:
    key: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        if n and draw(st.booleans()):
            key.append(draw(st.integers(-n, n - 1)))
        else:
            bound = st.none() | st.integers(-n - 1, n + 1)
            step = draw(st.none() | st.sampled_from([-3, -2, -1, 1, 2, 3]))
            key.append((draw(bound), draw(bound), step))
        if draw(st.integers(0, 4)) == 0:
            key.append(None)
    return tuple(key)


def numbers(draw: Draw, shape: Any, low: int, high: int) -> np.ndarray:
    """Indices of any integer type from low up to, and without, high."""
    char = draw(st.sampled_from("bBhHiIlL"))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = max(low, int(np.iinfo(char).min))
    return np.asarray(rng.integers(low, high, shape).astype(char))


def index(draw: Draw) -> Case:
    x = an_array(draw)
    return Case(x, key=keys(draw, x.shape))


def index_put(draw: Draw) -> Case:
    shape = shapes(draw)
    key = keys(draw, shape)
    return Case(values(draw, key_shape(key, shape), chars(draw)), key=key, shape=shape)


def index_set(draw: Draw) -> Case:
    x = an_array(draw)
    key = keys(draw, x.shape)
    part = key_shape(key, x.shape)
    part = tuple(n if draw(st.integers(0, 3)) else 1 for n in part)
    return Case(x, values(draw, part[draw(st.integers(0, 1)) :], x.dtype.char), key=key)


def concatenate(draw: Draw) -> Case:
    shape = shapes(draw, 1)
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = draw(st.lists(SIZES, min_size=1, max_size=4))
    mixed = draw(st.booleans())
    char = chars(draw)
    parts = [
        values(draw, (*shape[:axis], n, *shape[axis + 1 :]), chars(draw) if mixed else char)
        for n in lengths
    ]
    return Case(*parts, axis=axis)


def stack(draw: Draw) -> Case:
    shape, char = shapes(draw, 0, 2), chars(draw)
    return Case(*[values(draw, shape, char) for _ in range(draw(st.integers(1, 4)))])


def split(draw: Draw) -> Case:
    x = an_array(draw, 1)
    axis = draw(st.integers(0, x.ndim - 1))
    inner = sorted(draw(st.lists(st.integers(0, x.shape[axis]), max_size=3)))
    return Case(x, ends=(0, *inner, x.shape[axis]), axis=axis)


def unstack(draw: Draw) -> Case:
    shape = (draw(st.integers(1, 5)), *shapes(draw, 0, 2))
    return Case(values(draw, shape, chars(draw)))


def rev(draw: Draw) -> Case:
    x = an_array(draw, 1)
    axes = draw(st.sets(st.integers(0, x.ndim - 1), min_size=1))
    return Case(x, axes=tuple(sorted(axes)))


def transpose(draw: Draw) -> Case:
    x = an_array(draw, 1)
    return Case(x, perm=tuple(draw(st.permutations(range(x.ndim)))))


def broadcast_to(draw: Draw) -> Case:
    shape = shapes(draw)
    part = tuple(n if draw(st.booleans()) else 1 for n in shape)
    return Case(
        values(draw, part[draw(st.integers(0, len(shape))) :], chars(draw)), shape=shape
    )  # fmt: skip


def _windows(draw: Draw) -> tuple[tuple[int, ...], dict[str, Any]]:
    """A shape, and a geometry of windows over it."""
    rank = draw(st.integers(1, 2))

    def each(least: int, most: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(least, most)) for _ in range(rank))

    pads = tuple(zip(each(-2, 3), each(-2, 3), strict=True))
    row = (each(1, 3), each(1, 3), pads, each(1, 3), each(1, 2))
    geometry = dict(zip(GEOMETRY, row, strict=True))
    shape = tuple(n + 4 for n in each(0, 6))
    if not all(window_counts(shape, geometry)):
        geometry["padding"] = ((9, 9),) * rank
    return shape, geometry


def window_patches(draw: Draw) -> Case:
    shape, geometry = _windows(draw)
    return Case(values(draw, shape, chars(draw)), **geometry)


def overlap_add(draw: Draw) -> Case:
    shape, geometry = _windows(draw)
    full = (*geometry["window_dimensions"], *window_counts(shape, geometry))
    return Case(values(draw, full, chars(draw)), shape=shape, **geometry)


def _starts(draw: Draw, shape: tuple[int, ...]) -> list[Any]:
    return [
        draw(st.integers(-2 * n - 1, 2 * n + 1))
        if draw(st.booleans())
        else numbers(draw, (), -2 * n - 1, 2 * n + 2)[()]
        for n in shape
    ]


def dynamic_slice(draw: Draw) -> Case:
    x = an_array(draw)
    sizes = tuple(draw(st.integers(0, n)) for n in x.shape)
    return Case(x, *_starts(draw, x.shape), sizes=sizes)


def dynamic_update_slice(draw: Draw) -> Case:
    x = an_array(draw)
    sizes = tuple(draw(st.integers(0, n)) for n in x.shape)
    v = values(draw, sizes, x.dtype.char)
    return Case(x, v, *_starts(draw, x.shape))


def _places(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...], list[Any], int]:
    """The shape of an array, that of indices into it, the indices, and how many."""
    shape = tuple(draw(st.lists(st.integers(1, 20), min_size=1, max_size=3)))
    depth = draw(st.integers(1, len(shape)))
    shape = (*shape[:depth], *(n if draw(st.integers(0, 9)) else 0 for n in shape[depth:]))
    entries = shapes(draw, 0, 2)
    idx = [numbers(draw, entries, -n, n)[()] for n in shape[:depth]]
    return shape, entries, idx, depth


def gather(draw: Draw) -> Case:
    shape, _, idx, _ = _places(draw)
    return Case(values(draw, shape, chars(draw)), *idx)


def scatter(draw: Draw) -> Case:
    shape, entries, idx, depth = _places(draw)
    char = chars(draw)
    v = values(draw, (*entries, *shape[depth:]), char)
    op = draw(st.sampled_from(["set", "mul", "min", "max"]))
    return Case(values(draw, shape, char), v, *idx, op=op)


def scatter_add(draw: Draw) -> Case:
    shape, entries, idx, depth = _places(draw)
    char = draw(st.sampled_from(CHARS.replace("?", "")))  # many truth values are not added
    return Case(values(draw, (*entries, *shape[depth:]), char), *idx, shape=shape)


def scatter_winners(draw: Draw) -> Case:
    shape, _, idx, depth = _places(draw)
    return Case(*idx, shape=shape[:depth])


def running(draw: Draw) -> Case:
    x = an_array(draw, 1)
    return Case(x, axis=draw(st.integers(0, x.ndim - 1)), reverse=draw(st.booleans()))


def extremum(draw: Draw) -> Case:
    shape = tuple(draw(st.lists(st.integers(1, 40), min_size=1, max_size=3)))
    axis = draw(st.integers(0, len(shape) - 1))
    return Case(values(draw, shape, chars(draw)), axis=axis)


def ordering(draw: Draw) -> Case:
    shape = tuple(draw(st.lists(st.integers(1, 40), min_size=1, max_size=3)))
    axis = draw(st.integers(0, len(shape) - 1))
    return Case(values(draw, shape, chars(draw)), axis=axis, descending=draw(st.booleans()))


def top_k(draw: Draw) -> Case:
    shape = tuple(draw(st.lists(st.integers(1, 40), min_size=1, max_size=2)))
    return Case(values(draw, shape, chars(draw)), k=draw(st.integers(1, shape[-1])))


def searchsorted(draw: Draw) -> Case:
    lead = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    char = chars(draw)
    a = np.sort(values(draw, (*lead, draw(SIZES)), char))
    return Case(a, values(draw, (*lead, *shapes(draw, 0, 2)), char), side=draw(SIDES))


SIDES = st.sampled_from(["left", "right"])

RANDOM: dict[str, Callable[[Draw], Case]] = {
    **{
        f.__name__: f
        for f in (
            index, index_put, index_set, concatenate, stack, split, unstack, rev, transpose,
            broadcast_to, window_patches, dynamic_slice, dynamic_update_slice, gather, scatter,
            scatter_add, scatter_winners, top_k, searchsorted, overlap_add,
        )
    },
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin"), running),
    **dict.fromkeys(("argmax", "argmin"), extremum),
    **dict.fromkeys([f"reduce_window_{how}" for how in ("sum", "max", "min")], window_patches),
    **dict.fromkeys(("sort", "argsort"), ordering),
}  # fmt: skip
"""By the names of operators."""
