"""What drawn calls are made of, where those of a table do not do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from .checks import Call
from .drawn import SEEDS, compare_with_reference, drawing_of
from .edges import EdgeCall

FLOATS = ("f8", "f8", "f4")
KINDS = (*FLOATS, "c16", "c8", "i8", "i4")
REALS = (*FLOATS, "i8", "i4")


class Drawn:
    """Arrays and arguments from hypothesis."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def of(self, *choices: Any) -> Any:
        """One of some values."""
        return self.data.draw(st.sampled_from(choices))

    def whole(self, low: int, high: int) -> int:
        return self.data.draw(st.integers(low, high))

    def number(self, low: float, high: float) -> float:
        return self.data.draw(st.floats(low, high, width=16))

    def shape(self, dims: tuple[int, int] = (1, 3), sides: tuple[int, int] = (1, 6)) -> Any:
        return self.data.draw(
            hnp.array_shapes(
                min_dims=dims[0], max_dims=dims[1], min_side=sides[0], max_side=sides[1]
            )
        )

    def filled(
        self, shape: Sequence[int], dtypes: Sequence[str] = FLOATS, low: float = -2, high: float = 2
    ) -> Any:
        """An array of numbers between bounds, of one of some dtypes; integers up to nine."""
        dtype = np.dtype(self.of(*dtypes))
        rng = np.random.default_rng(self.data.draw(SEEDS))
        if dtype.kind == "i":
            return rng.integers(-9, 10, shape).astype(dtype)
        x = rng.uniform(low, high, shape)
        if dtype.kind == "c":
            x = x + 1j * rng.uniform(low, high, shape)
        return np.asarray(x, dtype)

    def array(
        self,
        dims: tuple[int, int] = (1, 3),
        sides: tuple[int, int] = (1, 6),
        dtypes: Sequence[str] = FLOATS,
    ) -> Any:
        return self.filled(self.shape(dims, sides), dtypes)

    def rising(self, n: int, low: float = -2.0, high: float = 2.0) -> Any:
        """Places in order that are not close to one another."""
        rng = np.random.default_rng(self.data.draw(SEEDS))
        return low + (high - low) * (np.arange(n) + rng.uniform(0.1, 0.9, n)) / max(n, 1)

    def axis(self, x: Any) -> int:
        return self.whole(-np.ndim(x), np.ndim(x) - 1)

    def axes(self, x: Any, least: int = 1) -> tuple[int, ...]:
        """Some axes of an array, each once."""
        places = st.lists(st.integers(0, np.ndim(x) - 1), min_size=least, unique=True)
        return tuple(self.data.draw(places))


Case = Callable[[Drawn], tuple[tuple[Any, ...], dict[str, Any]]]


def check_calls(fun: Any, known: Any, case: Case, count: int, rtol: float = 1e-10) -> None:
    """A function beside a reference, of drawn arguments."""

    @given(st.data())
    @drawing_of(count)
    def check(data: Any) -> None:
        args, kwargs = case(Drawn(data))
        edge = EdgeCall(fun, known, Call(args, kwargs, rtol=rtol))
        compare_with_reference(edge, data.draw(SEEDS), promoted=True)

    check()
