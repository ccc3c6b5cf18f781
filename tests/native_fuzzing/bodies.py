"""A function under construction: the values that there are, and arrays made to order from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.tracing import aval_of

CHARS = "?bBhHiIlLfd"
"""The dtypes of native code."""

LENGTHS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 33, 64, 67)
LIKELY = np.array([2, 6, 12, 14, 12, 10, 8, 8, 6, 5, 4, 4, 3, 2, 2, 2]) / 100

MOST_ELEMENTS = 6000
"""Larger arrays are made only where a program is to have large ones."""

MOST_VALUES = 40


class Body:
    """Values of a function, and the random choices that make more of them.

    Attributes:
        rng: where choices come from.
        values: what the next step may read.
        depth: how many bodies this one is inside of.
        most: elements of an array.
        dims: lengths of axes that occur often, so that shapes fit.
    """

    def __init__(self, seed: Sequence[int], values: Sequence[Any], depth: int, most: int) -> None:
        self.seed: tuple[int, ...] = tuple(seed)
        self.rng: np.random.Generator = np.random.default_rng(self.seed)
        self.values: list[Any] = list(values)
        self.depth: int = depth
        self.most: int = most
        self.made: int = 0
        self.dims: list[int] = [self.length() for _ in range(2)]

    # --- choices ----------------------------------------------------------------------------------

    def maybe(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one_of(self, items: Sequence[Any]) -> Any:
        return items[int(self.rng.integers(len(items)))]

    def number(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def length(self) -> int:
        return int(self.rng.choice(LENGTHS, p=LIKELY))

    def shape(self, most: int = 3) -> tuple[int, ...]:
        rank = self.number(0, most)
        shape = tuple(
            self.one_of(self.dims) if self.maybe(0.6) else self.length() for _ in range(rank)
        )
        return shape if math.prod(shape) <= self.most else shape[:1]

    def char(self) -> str:
        if self.maybe(0.7):
            return "d" if self.maybe(0.6) else "f"
        return self.one_of(CHARS)  # type: ignore[no-any-return]

    def subset(self, n: int, least: int = 0) -> tuple[int, ...]:
        chosen = [i for i in range(n) if self.maybe(0.5)]
        while len(chosen) < min(least, n):
            chosen = sorted({*chosen, self.number(0, n - 1)})
        return tuple(chosen)

    # --- values -----------------------------------------------------------------------------------

    def pick(self, fits: Callable[[Any], bool] = lambda x: True) -> Any:
        """A value, rather a new one than an old one; None if none fits."""
        found = [x for x in self.values if fits(x)]
        if not found:
            return None
        back = min(int(self.rng.geometric(0.3)), len(found))
        return found[-back]

    def array(self) -> Any:
        """A value that is an array, of any dtype that native code has."""
        x = self.pick(lambda x: aval_of(x).dtype.char in CHARS and not aval_of(x).weak)
        return self.constant(self.shape(), self.char()) if x is None else x

    def floats(self, least: int = 0, full: bool = False) -> Any:
        """A value that is an array of floats, of so many axes at least."""

        def fits(x: Any) -> bool:
            a = aval_of(x)
            return (
                a.dtype.char in "fd" and not a.weak and a.ndim >= least and (a.size > 0 or not full)
            )

        x = self.pick(fits) if self.maybe(0.9) else None
        if x is not None:
            return x
        shape = self.shape()
        while len(shape) < least or (full and not math.prod(shape)):
            shape = tuple(max(1, n) for n in (*shape, self.one_of(self.dims)))
        return self.to_order(shape[-3:], "d" if self.maybe(0.6) else "f")

    def constant(self, shape: tuple[int, ...], char: str) -> Any:
        return numbers(self.rng, shape, char)

    def to_order(self, shape: tuple[int, ...], char: str) -> Any:
        """An array of a shape and dtype, made from a value if one is found that can be."""
        shape = tuple(shape)

        def is_it(x: Any) -> bool:
            a = aval_of(x)
            return a.shape == shape and a.dtype.char == char and not a.weak

        x = self.pick(is_it) if self.maybe(0.7) else None
        if x is not None:
            return x
        if self.maybe(0.3):
            return self.constant(shape, char)
        return self.fitted(self.array(), shape, char)

    def fitted(self, x: Any, shape: tuple[int, ...], char: str) -> Any:
        """A value as an array of a shape and dtype."""
        a = aval_of(x)
        if a.shape != shape:
            size = math.prod(shape)
            if a.size == size:
                x = np.reshape(x, shape)
            elif a.shape == shape[len(shape) - a.ndim :] or a.size == 1:
                x = np.broadcast_to(x if a.size != 1 else np.reshape(x, ()), shape)
            elif a.size == 0:
                return self.constant(shape, char)
            else:
                flat = np.reshape(x, (a.size,))
                if size <= a.size:
                    x = np.reshape(flat[:size], shape)
                else:
                    x = np.reshape(flat[np.arange(size) % a.size], shape)
        a = aval_of(x)
        if a.dtype.char == char and not a.weak:
            return x
        if a.dtype.kind in "fc" and char not in "fd?":
            return self.whole(x, -9, 9, char)
        return x.astype(char)

    def whole(self, x: Any, low: int, high: int, char: str) -> Any:
        """Floats, or integers of any size, as integers in a range, whatever they are."""
        a = aval_of(x)
        low, high = max(low, np.iinfo(char).min), min(high, np.iinfo(char).max)
        if a.dtype.kind == "c":
            x = np.real(x)
        if a.dtype.kind == "f" or a.dtype.kind == "c":
            x = np.where(x == x, np.clip(x, -9.0, 9.0), 0.0)
            return np.clip(np.floor(x * 2), low, high).astype(char)
        if a.dtype.kind == "b":
            return x.astype(char)
        return (x.astype("l") % (high - low + 1) + low).astype(char)

    def indices(self, shape: tuple[int, ...], n: int) -> Any:
        """Integers that are indices of an axis of length n."""
        char = self.one_of("bBhHiIlL" if n < 128 else "iIlL")
        if self.maybe(0.3):
            low = 0 if char in "BHIL" else -n
            return self.rng.integers(low, n, shape).astype(char)
        x = self.to_order(shape, self.one_of("fdil"))
        return self.whole(x, 0 if char in "BHIL" else -n, n - 1, char)

    def tame(self, x: Any) -> Any:
        """Floats of moderate size, and no NaN."""
        if aval_of(x).dtype.char not in "fd":
            return x
        how = self.number(0, 2)
        if how == 0:
            return np.tanh(np.where(np.isfinite(x), x, 0.5))
        return np.where(np.isfinite(x), np.clip(x, -3.0, 3.0), 0.25)

    def add(self, *made: Any) -> None:
        """Keep what was made, if it is not too large."""
        for x in made:
            if aval_of(x).size <= self.most:
                self.values.append(x)
        del self.values[:-MOST_VALUES]

    def inner(self, *values: Any, share: bool = True) -> Callable[..., Body]:
        """The maker of a body inside of this one: of values of its own, and some of these."""
        self.made += 1
        seed, outer = (*self.seed, self.made), []
        if share:
            outer = [x for x in self.values if self.maybe(0.25)][-3:]
        return lambda *own: Body(seed, [*outer, *own], self.depth + 1, self.most)


def numbers(rng: np.random.Generator, shape: Any, char: str, special: float = 0.0) -> np.ndarray:
    """Random numbers of a dtype; of floats a part is special."""
    dtype = np.dtype(char)
    if char == "?":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.kind in "iu":
        low, high = (0, 12) if dtype.kind == "u" else (-9, 10)
        if rng.random() < 0.15:
            low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
            return np.asarray(rng.integers(low, high, shape, dtype=dtype, endpoint=True))
        return np.asarray(rng.integers(low, high, shape).astype(dtype))
    if rng.random() < 0.2:
        x = np.asarray(rng.integers(-6, 7, shape) / 4.0)  # with ties
    else:
        x = np.asarray(rng.normal(size=shape))
    x = x.astype(dtype)
    if special:
        tiny = np.finfo(dtype).tiny
        for number in (np.nan, np.inf, -np.inf, -0.0, 0.0, tiny / 8, -tiny, np.finfo(dtype).max):
            x[rng.random(shape) < special] = number
    return x
