"""Dimensions written as text, ``"batch n 3"``, and the sizes that their names get in one draw.

The grammar is that of jaxtyping: an integer is a size and a name is a size shared by all arrays
with that name; ``_`` and ``_name`` are not shared; ``*name`` and ``...`` stand for any number of
dimensions; ``#name`` may also be 1, for broadcasting; ``rows=3`` is 3; ``n+1`` is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from .sides import Sides

COMPUTING: dict[str, Any] = {"__builtins__": {}, "min": min, "max": max}
"""The names that the text of a computed dimension can use."""


@dataclass(frozen=True)
class Dimension:
    """One word of the text; a number has ``size``, a word that is neither it nor a name is code."""

    text: str
    size: int | None = None
    shared: bool = True
    several: bool = False
    broadcast: bool = False


def parse(dims: Any) -> tuple[Dimension, ...]:
    """Dimensions from text, an integer, or a tuple of integers and names.

    >>> [d.size for d in parse("batch rows=3 4")]
    [None, 3, 4]
    """
    if isinstance(dims, int):
        dims = (dims,)
    words = dims.split() if isinstance(dims, str) else [str(d) for d in dims]
    return tuple(dimension(word) for word in words)


def dimension(word: str) -> Dimension:
    """One dimension from a word."""
    if word == "...":
        return Dimension("", shared=False, several=True)
    marks = word[: len(word) - len(word.lstrip("#*_?"))]
    rest = word[len(marks) :].rpartition("=")[2] if word.count("=") == 1 else word[len(marks) :]
    size = int(rest) if rest.isdecimal() else None
    if "{" in rest or (not rest and "_" not in marks):
        raise ValueError(f"cannot read the dimension {word!r} of an array")
    return Dimension(
        rest,
        size,
        shared=not ("_" in marks or "?" in marks),
        several="*" in marks,
        broadcast="#" in marks,
    )


class Sizes:
    """The sizes of named dimensions during one draw."""

    def __init__(self, draw: DrawFn, given: Mapping[str, Any] | None = None) -> None:
        self.draw = draw
        self.sides = Sides(draw)
        self.given: dict[str, Any] = dict(given or {})
        self.one: dict[str, int] = {}
        self.several: dict[str, tuple[int, ...]] = {}

    def shape(self, dims: tuple[Dimension, ...]) -> tuple[int, ...]:
        """The shape of an array with given dimensions."""
        found: list[int] = []
        for dim in dims:
            found.extend(self.run(dim) if dim.several else (self.size(dim),))
        return tuple(found)

    def size(self, dim: Dimension) -> int:
        """The size of one dimension."""
        if dim.size is not None:
            size = dim.size
        elif not dim.shared:
            return self.sides()
        elif dim.text.isidentifier():
            size = self.named(dim.text)
        else:
            size = self.computed(dim.text)
        return self.draw(st.sampled_from([size, 1])) if dim.broadcast else size

    def named(self, name: str) -> int:
        """The size of a name, drawn when it is first met."""
        if name not in self.one:
            given = self.given[name] if name in self.given else self.sides()
            self.one[name] = self.draw(given) if isinstance(given, SearchStrategy) else given
        return self.one[name]

    def computed(self, text: str) -> int:
        """The size of an expression of names, such as ``n+1``."""
        code = compile(text, f"<dimension {text}>", "eval")
        names = {name: self.named(name) for name in code.co_names if name not in COMPUTING}
        size = eval(code, dict(COMPUTING), names)
        return size if size >= 1 else reject()

    def run(self, dim: Dimension) -> tuple[int, ...]:
        """The sizes of any number of dimensions."""
        if not dim.shared:
            return self.sides.several()
        if dim.text not in self.several:
            given = self.given[dim.text] if dim.text in self.given else self.sides.several()
            drawn = self.draw(given) if isinstance(given, SearchStrategy) else tuple(given)
            self.several[dim.text] = drawn
        sizes = self.several[dim.text]
        if not dim.broadcast:
            return sizes
        kept = sizes[self.draw(st.integers(0, len(sizes))) :]
        return tuple(self.draw(st.sampled_from([size, 1])) for size in kept)
