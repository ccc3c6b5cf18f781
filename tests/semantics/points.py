"""One entry of the table of singular points, and its derivatives in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import funcgrad as fg


@dataclass(frozen=True)
class Point:
    """A function at a point where a formula of its derivative fails.

    Derivatives are with respect to all entries of all arguments, in order, as one flat axis.

    function, at: as the page writes them.
    call: the function; args: the point, one array or number for each argument.
    first: expected derivative, of a shape that broadcasts to (outputs, entries), or (entries,) for
        a scalar function; from the definition, not from the program.
    second: expected second derivative, which broadcasts to (..., entries, entries).
    remark: text of the page.
    atol: absolute tolerance, for what goes through a factorization of a matrix.
    """

    function: str
    at: str
    call: Callable[..., Any]
    args: tuple[Any, ...]
    first: Any
    second: Any = 0
    remark: str = ""
    atol: float = 1e-14

    @property
    def name(self) -> str:
        return f"{self.function} | {self.at}"

    @property
    def scalar(self) -> bool:
        return np.ndim(self.call(*self.args)) == 0

    @property
    def entries(self) -> int:
        return sum(np.size(a) for a in self.args)

    @property
    def outputs(self) -> int:
        return np.size(self.call(*self.args))


def _reverse(f: Any, i: int, scalar: bool) -> Any:
    return fg.grad(f, argnums=i) if scalar else fg.jacrev(f, argnums=i)


def _forward(f: Any, i: int, scalar: bool) -> Any:
    return fg.jacfwd(f, argnums=i)


def _mapped(f: Any, i: int, scalar: bool) -> Any:
    def last(*args: Any) -> Any:
        pairs = [np.stack([np.asarray(a), np.asarray(a)]) for a in args]
        return fg.vmap(_reverse(f, i, scalar))(*pairs)[1]

    return last


FIRST = {
    "grad": _reverse,
    "jacfwd": _forward,
    "jit of grad": lambda f, i, scalar: fg.jit(_reverse(f, i, scalar)),
    "grad of jit": lambda f, i, scalar: _reverse(fg.jit(f), i, scalar),
    "jit of jacfwd": lambda f, i, scalar: fg.jit(_forward(f, i, scalar)),
    "vmap of grad": _mapped,
}
SECOND = {
    "forward over reverse": (_reverse, _forward),
    "reverse over reverse": (_reverse, lambda f, i, _scalar: fg.jacrev(f, argnums=i)),
    "reverse over forward": (_forward, lambda f, i, _scalar: fg.jacrev(f, argnums=i)),
    "forward over forward": (_forward, _forward),
}


def first_derivative(point: Point, mode: str) -> Any:
    """The derivative, of shape (outputs, entries), or (entries,) for a scalar function."""
    parts = [
        np.reshape(FIRST[mode](point.call, i, point.scalar)(*point.args), (-1, np.size(a)))
        for i, a in enumerate(point.args)
    ]
    out = np.concatenate(parts, axis=1)
    return out[0] if point.scalar else out


def second_derivative(point: Point, mode: str) -> Any:
    """The second derivative, of shape (outputs, entries, entries), or (entries, entries)."""
    inner, outer = SECOND[mode]
    sizes = [np.size(a) for a in point.args]

    def blocks() -> Iterator[Any]:
        for i, m in enumerate(sizes):
            g = inner(point.call, i, point.scalar)
            row = [
                np.reshape(outer(g, j, False)(*point.args), (-1, m, n)) for j, n in enumerate(sizes)
            ]
            yield np.concatenate(row, axis=2)

    out = np.concatenate(list(blocks()), axis=1)
    return out[0] if point.scalar else out
