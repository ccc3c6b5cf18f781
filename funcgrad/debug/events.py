"""The operations of a recording that infinities and NaN come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..core.source import Transposed
from ..core.tracing import aval_of
from ..ops.families import Elementwise
from ..transforms.opened import Recording, Turn
from ..transforms.recording import Operation
from ..typing import Array, ArrayLike
from .influence import influences, reached
from .precise.operations import inexact
from .recorded_calls import text_of_line

LONGEST = 6
"""Arrays with more elements than this are described by shape and dtype."""


Origin: TypeAlias = tuple[Operation, int] | None
"""The operation that a value is a result of, and which of them; None for arguments."""


class Event(NamedTuple):
    """An operation that makes a value that is not finite.

    Attributes:
        kind: "inf" or "nan", for the value at ``element``.
        from_infinity: whether an operand was infinite (and none NaN), rather than all finite.
        operation: the operation, with operands and results.
        place: which of its results.
        element: the index of the first element of the result that is concerned.
        turns: the turns of loops it was in.
    """

    kind: str
    from_infinity: bool
    operation: Operation
    place: int
    element: tuple[int, ...]
    turns: tuple[Turn, ...]

    @property
    def source(self) -> Any:
        """The user's line."""
        return self.operation.source

    @property
    def backward(self) -> bool:
        """True if the operation belongs to a backward pass."""
        return isinstance(self.source, Transposed)

    @property
    def line(self) -> str:
        """The text of the user's line."""
        return text_of_line(self.source)

    @property
    def operands(self) -> tuple[Any, ...]:
        """The operands at the element, where they have one; else the whole operands."""
        if not isinstance(self.operation.primitive, Elementwise):
            return self.operation.operands
        shape = np.shape(self.operation.outputs[self.place])
        return tuple(
            np.broadcast_to(x, shape)[self.element] if np.ndim(x) else x
            for x in self.operation.operands
        )

    def __str__(self) -> str:
        name = self.operation.primitive.name
        side = "the backward pass of " if self.backward else ""
        text = f"{name} at {side}{self.source}" if self.source else name
        text += "".join(f", in {turn}" for turn in self.turns)
        shown = ", ".join(map(short, self.operands))
        value = np.asarray(self.operation.outputs[self.place])[self.element]
        text += f": {name}({shown}) = {value}"
        return text + (f" at element {list(self.element)}" if self.element else "")


def short(x: ArrayLike) -> str:
    """A value in a few characters."""
    if np.ndim(x) == 0:
        return f"{x:.6g}" if inexact(x) else str(x)
    if np.size(x) <= LONGEST:
        return np.array2string(np.asarray(x), precision=4, separator=", ").replace("\n", "")
    return repr(aval_of(x))


def bad_elements(x: ArrayLike) -> Any:
    """A mask of the elements that are infinite or NaN."""
    return ~np.isfinite(x) if inexact(x) else np.zeros(np.shape(x), bool)


def nan_elements(x: ArrayLike) -> Any:
    """A mask of the elements that are NaN."""
    return np.isnan(x) if inexact(x) else np.zeros(np.shape(x), bool)


def find_events(recording: Recording) -> tuple[list[Event], list[Operation]]:
    """The operations that make infinities and NaN on the way to the results, in order.

    Also those that take one from outside: from an argument or a constant.

    Only elements count that a result is made of which is not finite: not those that a selection
    has left out.
    """
    wanted: dict[Operation, list[Any]] = {}
    for out, origin in zip(recording.outs, recording.origins, strict=True):
        if origin is not None:
            want(wanted, origin, bad_elements(out))
    found: list[Event] = []
    taking: list[Operation] = []
    for operation in reversed(recording.operations):
        masks = wanted.pop(operation, None)
        if masks is None:
            continue
        bad = [bad_elements(x) for x in operation.operands]
        found += events_of(operation, masks, bad, recording.turns.get(operation, ()))
        needed = influences(operation, masks)
        for origin, n, b in zip(operation.origins, needed, bad, strict=True):
            if origin is None and np.any(n & b):
                taking.append(operation)
            want(wanted, origin, n & b)
    return found[::-1], taking[::-1]


def want(wanted: dict[Operation, list[Any]], origin: Origin, mask: Array) -> None:
    """Remember which elements of a result are to be explained."""
    if origin is None or not np.any(mask):
        return
    operation, place = origin
    if operation not in wanted:
        wanted[operation] = [np.zeros(np.shape(o), bool) for o in operation.outputs]
    wanted[operation][place] = wanted[operation][place] | mask


def events_of(
    operation: Operation, masks: Sequence[Any], bad: Sequence[Any], turns: tuple[Turn, ...]
) -> list[Event]:
    """Infinities and NaN that an operation makes of finite operands, and NaN of infinite ones."""
    touched = reached(operation, bad)
    touched_by_nan = reached(operation, [nan_elements(x) for x in operation.operands])
    found = []
    for place, (out, mask) in enumerate(zip(operation.outputs, masks, strict=True)):
        made = mask & bad_elements(out) & ~touched[place]
        turned = mask & nan_elements(out) & touched[place] & ~touched_by_nan[place]
        for elements, from_infinity in ((turned, True), (made, False)):
            for kind in ("nan", "inf"):
                chosen = elements & (nan_elements(out) == (kind == "nan"))
                if np.any(chosen):
                    index = tuple(int(i[0]) for i in np.nonzero(np.atleast_1d(chosen)))
                    index = index if np.ndim(out) else ()
                    found.append(Event(kind, from_infinity, operation, place, index, turns))
    return found
