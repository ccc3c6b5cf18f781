"""Where values are while a native function runs: in registers, or in memory that is given back."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from .builder import Value
from .kinds import Kind, in_memory
from .views import are_contiguous, contiguous_steps

ALIGNMENT = 64
"""Bytes to multiples of which arrays are aligned: cache lines, and the widest vectors."""

SMALL = 16
"""So many elements of an array may stand in registers."""


class Buffer:
    """Bytes of an arena; ``uses`` counts the variables that stand in them."""

    __slots__ = ("offset", "size", "uses")

    def __init__(self, offset: int, size: int) -> None:
        self.offset: int = offset
        self.size: int = size
        self.uses: int = 1


class Arena:
    """The memory of a function for values in between, laid out as its text is written.

    What is given back is taken again for what comes later in the text, so that a function needs
    no more than is alive at once.
    """

    def __init__(self) -> None:
        self.size: int = 0
        self._free: list[tuple[int, int]] = []

    def take(self, size: int) -> Buffer:
        """Memory of as many bytes: the tightest piece that is free, else new."""
        size = max(ALIGNMENT, -(-size // ALIGNMENT) * ALIGNMENT)
        fitting = [piece for piece in self._free if piece[1] >= size]
        if fitting:
            offset, length = min(fitting, key=lambda piece: piece[1])
            self._free.remove((offset, length))
            if length > size:
                self._free.append((offset + size, length - size))
            return Buffer(offset, size)
        offset, self.size = self.size, self.size + size
        return Buffer(offset, size)

    def give(self, buffer: Buffer) -> None:
        """One variable less stands in a buffer; the last one gives it back."""
        buffer.uses -= 1
        if buffer.uses:
            return
        start, stop = buffer.offset, buffer.offset + buffer.size
        for piece in list(self._free):
            if piece[0] == stop or sum(piece) == start:
                self._free.remove(piece)
                start, stop = min(start, piece[0]), max(stop, sum(piece))
        self._free.append((start, stop - start))


class Registers(NamedTuple):
    """A small array, each of its elements in a register, in C order."""

    elements: Sequence[Value]
    shape: tuple[int, ...]
    kind: Kind


class Memory:
    """An array at an address.

    Attributes:
        steps: in elements, along each axis.
        frame: to which it belongs; known weakly, since the frame knows its places.
        buffer: the memory of an arena that it stands in.
        loaded: its elements once they have been read.
        half: of parts of complex numbers the address of these, and 0 or 1 for imaginary parts.
    """

    __slots__ = ("_frame", "address", "buffer", "half", "kind", "loaded", "shape", "steps")

    def __init__(
        self,
        address: str,
        shape: tuple[int, ...],
        kind: Kind,
        frame: Any,
        buffer: Buffer | None = None,
        steps: tuple[int, ...] | None = None,
    ) -> None:
        self.address: str = address
        self.shape: tuple[int, ...] = shape
        self.kind: Kind = kind
        self._frame: Any = None if frame is None else weakref.ref(frame)
        self.buffer: Buffer | None = buffer
        self.steps: tuple[int, ...] = contiguous_steps(shape) if steps is None else steps
        self.loaded: Sequence[Value] | None = None
        self.half: tuple[str, int] | None = None

    @property
    def frame(self) -> Any:
        """The frame to which it belongs."""
        return self._frame and self._frame()

    @frame.setter
    def frame(self, frame: Any) -> None:
        self._frame = weakref.ref(frame)

    @property
    def is_contiguous(self) -> bool:
        """True if its elements lie side by side in C order."""
        return are_contiguous(self.shape, self.steps)


class Rows(NamedTuple):
    """Rows that a while loop has stacked: as many as it made turns.

    Attributes:
        slot: the address of the pointer to them.
        number: the register of how many there are.
        shape: that of a row.
        kind: type of their numbers.
    """

    slot: str
    number: str
    shape: tuple[int, ...]
    kind: Kind


class Joined(NamedTuple):
    """An array that is joined of others along an axis, and stands where those do.

    Attributes:
        axis: along which.
        ends: where its parts begin and end.
        parts: the arrays, which are held.
        shape: of the whole.
        kind: type of their numbers.
    """

    axis: int
    ends: tuple[int, ...]
    parts: tuple[Memory, ...]
    shape: tuple[int, ...]
    kind: Kind


Place: TypeAlias = Registers | Memory | Rows | Joined


class Places(dict[Any, Place]):
    """Places by the variables that stand there."""

    def __init__(self, given: Iterable[tuple[Any, Place]]) -> None:
        super().__init__()
        self._count: dict[int, int] = {}
        for v, place in given:
            self[v] = place

    def __setitem__(self, v: Any, place: Place) -> None:
        if v in self:
            self.leave(v)
        super().__setitem__(v, place)
        self._count[id(place)] = self._count.get(id(place), 0) + 1

    def leave(self, v: Any) -> Place:
        """The place of a variable, which stands there no longer."""
        place = super().pop(v)
        left = self._count.pop(id(place)) - 1
        if left:
            self._count[id(place)] = left
        return place

    def hold(self, place: Place) -> bool:
        """True if some variable stands there."""
        return id(place) in self._count


def kind_of_var(v: Any) -> Kind:
    """The kind of the numbers of a variable, which is one that native code has."""
    found = in_memory(v.aval.dtype)
    assert found is not None, v
    return found


def size_of(shape: Sequence[int]) -> int:
    """The number of elements of an array."""
    n = 1
    for d in shape:
        n *= d
    return n


def is_small(shape: Sequence[Any]) -> bool:
    """True for shapes of arrays that may stand in registers."""
    return all(isinstance(d, int) for d in shape) and size_of(shape) <= SMALL
