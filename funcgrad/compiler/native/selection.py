"""The largest numbers of long lines: a short list is kept in order while a line is read once.

Whole vectors are compared with the least number of the list, which few of them pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...core.jaxpr import Eqn
from .builder import Builder, Value
from .kinds import INT64, Kind
from .ordering import key_kind, key_of, sort, takes_sort
from .places import kind_of_var
from .protocol import Placing, are_known
from .scanning import Lines, in_lanes, moved, whole_arrays

MOST_KEPT = 64
"""So many numbers of a line are kept in order; of more NumPy sorts the line."""


@contextmanager
def _only_if(b: Builder, condition: str) -> Iterator[None]:
    """What is built inside is done if a condition holds."""
    with b.turns([]) as (turn, _, go_on_if):
        first = b.scalar(f"icmp eq i64 {turn}, 0")
        go_on_if(b.scalar(f"and i1 {first}, {condition}"))
        yield


class _Best:
    """The largest numbers of a line so far: keys in descending order, and places."""

    def __init__(self, b: Builder, kept: int, kind: Kind) -> None:
        self.b: Builder = b
        self.kept: int = kept
        self.kind: Kind = kind
        self.keys: Kind = key_kind(kind)
        for name, k in (("keys", self.keys), ("places", INT64)):
            b.emit(f"%{name} = alloca [{kept} x {k.memory}], align 64")

    def key_at(self, i: str) -> str:
        return self.b.pointer("%keys", i, self.keys)

    def place_at(self, i: str) -> str:
        return self.b.pointer("%places", i, INT64)

    def least(self) -> str:
        """Where the least key is."""
        return self.key_at(str(self.kept - 1))

    def insert(self, key: Value, place: str, at: str) -> None:
        """Put a key behind those that are not less; the one that stood at a number goes."""
        b = self.b
        with b.turns([Value(b, at, INT64)]) as (_, state, go_on_if):
            i = state[0].text
            some = b.scalar(f"icmp sgt i64 {i}, 0")
            before = b.scalar(f"select i1 {some}, i64 {b.scalar(f'sub i64 {i}, 1')}, i64 0")
            other = b.load(self.key_at(before), self.keys)
            less = b.compare("lt", other, key).text
            go_on_if(b.scalar(f"and i1 {some}, {less}"))
            b.store(other, self.key_at(i))
            b.store(b.load(self.place_at(before), INT64), self.place_at(i))
            state[0] = Value(b, before, INT64)
        b.store(key, self.key_at(state[0].text))
        b.store(Value(b, place, INT64), self.place_at(state[0].text))

    def offer(self, line: str, i: str) -> None:
        """Take an element of the line if it is larger than the least one."""
        b = self.b
        key = key_of(b, b.load(b.pointer(line, i, self.kind), self.kind))
        larger = b.compare("gt", key, b.load(self.least(), self.keys)).text
        with _only_if(b, larger):
            self.insert(key, i, str(self.kept - 1))

    def read(self, line: str, length: int) -> None:
        """Find the largest elements of a line."""
        b, kept = self.b, self.kept
        with in_lanes(b, 1), b.loop("0", str(kept), 1) as i:
            self.insert(key_of(b, b.load(b.pointer(line, i, self.kind), self.kind)), i, i)
        stop = length - (length - kept) % b.lanes
        with b.loop(str(kept), str(stop), b.lanes) as i:
            keys = key_of(b, b.load(b.pointer(line, i, self.kind), self.kind))
            some = b.any(b.compare("gt", keys, b.repeated(self.least(), self.keys)))
            lanes = b.lanes
            with in_lanes(b, 1), _only_if(b, some), b.loop("0", str(lanes), 1) as k:
                self.offer(line, b.scalar(f"add i64 {i}, {k}"))
        with in_lanes(b, 1), b.loop(str(stop), str(length), 1) as i:
            self.offer(line, i)


def _takes_largest(e: Eqn) -> bool:
    few = are_known((*e.inputs, *e.outvars)) and 0 < e.params["k"] <= MOST_KEPT
    return few or _is_short(e)


def _is_short(e: Eqn) -> bool:
    return takes_sort(e) and e.inputs[0].aval.shape[-1] <= 2 * e.params["k"]


def _largest(frame: Any, e: Eqn) -> None:
    if _is_short(e):
        sort(frame, e)
        return
    shape, kind = e.inputs[0].aval.shape, kind_of_var(e.inputs[0])
    lines, kept = Lines(shape, len(shape) - 1), e.params["k"]

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        best = _Best(b, kept, kind)
        with b.loop("0", str(lines.outer), 1) as o:
            line = moved(b, ins[0], o, lines.length, kind)
            best.read(line, lines.length)
            numbers = moved(b, outs[0], o, kept, kind)
            places = moved(b, outs[1], o, kept, INT64)
            with in_lanes(b, 1), b.loop("0", str(kept), 1) as k:
                place = b.load(best.place_at(k), INT64)
                b.store(place, b.pointer(places, k, INT64))
                number = b.load(b.pointer(line, place.text, kind), kind)
                b.store(number, b.pointer(numbers, k, kind))

    whole_arrays(frame, e, max(1, frame.module.bits // (8 * key_kind(kind).size)), emit)


KERNELS: dict[str, Placing] = {"top_k": Placing(_takes_largest, _largest)}
"""By the names of operators."""
