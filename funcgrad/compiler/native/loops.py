"""Loops and branches as native code: scan, while and cond, each inside of the function around it.

Small arrays of the carry stand in registers from turn to turn. Others stand in two pieces of
memory that take turns: a turn reads one, and writes the other. Where a turn only changes parts of
an array, and nothing reads the old one afterwards, it is changed where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...transforms.loop_layout import Layout
from .builder import Value
from .places import Buffer, Memory, Place, Registers, Rows, is_small, kind_of_var, size_of
from .steps import native_form
from .updates import in_place
from .views import contiguous_steps

FIRST_ROWS = 64
"""So many rows a while loop has room for at first."""


# --- frames inside -------------------------------------------------------------------------------


def _inside(frame: Any, jaxpr: Jaxpr, given: Sequence[Place], targets: Any) -> Any:
    """A frame for what stands inside of a loop or branch."""
    return type(frame)(frame.module, native_form(jaxpr), given, targets)


def _held(frame: Any, inputs: Sequence[Any]) -> list[Place]:
    """The places of what a loop reads in every turn: small arrays are read before it."""
    places = []
    for a in inputs:
        place = frame.place(a)
        if isinstance(place, Memory) and is_small(place.shape):
            place = Registers(frame.module.elements(place, frame), place.shape, place.kind)
        places.append(place)
    return places


class _Carried(NamedTuple):
    """An array that is too large for registers, handed from turn to turn."""

    start: Memory
    pieces: Sequence[Buffer]
    first: str
    second: str

    def place(self, module: Any, turn: str) -> Memory:
        """Where it is as a turn begins."""
        b = module.builder
        there = b.scalar(f"select i1 {_is_odd(module, turn)}, ptr {self.first}, ptr {self.second}")
        fresh = b.scalar(f"icmp eq i64 {turn}, 0")
        at = b.scalar(f"select i1 {fresh}, ptr {self.start.address}, ptr {there}")
        return self._at(at)

    def target(self, module: Any, turn: str) -> Memory:
        """Where a turn puts the new one."""
        odd = _is_odd(module, turn)
        at = module.builder.scalar(f"select i1 {odd}, ptr {self.second}, ptr {self.first}")
        return self._at(at)

    def _at(self, address: str) -> Memory:
        start = self.start
        return Memory(address, start.shape, start.kind, None, None, start.steps)


def _layout(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The steps of a carry: vectors of two to four numbers are held coordinate by coordinate."""
    if len(shape) < 2 or not 1 < shape[-1] < 5:
        return contiguous_steps(shape)
    return (*contiguous_steps(shape[:-1]), size_of(shape[:-1]))


def _is_odd(module: Any, turn: str) -> str:
    b = module.builder
    return b.scalar(f"trunc i64 {turn} to i1")


class _Carry:
    """The carry of a loop: which parts stand in registers, in memory, or never change."""

    def __init__(
        self,
        frame: Any,
        jaxpr: Jaxpr,
        layout: Layout,
        inputs: Sequence[Any],
        outvars: Sequence[Var],
    ) -> None:
        self.frame: Any = frame
        self.module: Any = frame.module
        jaxpr = native_form(jaxpr)
        olds = jaxpr.invars[layout.consts : layout.first_x]
        news = jaxpr.outvars[: layout.carry]
        self.parts: list[Place | _Carried] = []
        self.start: list[Value] = []
        self._borrowed: list[Memory] = []
        changed = in_place(jaxpr, layout)
        for a, old, new, v, changes in zip(inputs, olds, news, outvars, changed, strict=True):
            place = frame.place(a)
            if new is old:
                self.parts.append(place)
            elif changes:
                made = frame.define(v, _layout(place.shape))
                frame.put(place, made)
                made = Memory(made.address, made.shape, made.kind, None, None, made.steps)
                self.parts.append(made)
            elif is_small(place.shape):
                found = list(self.module.elements(place, frame))
                self.parts.append(Registers(found, place.shape, place.kind))
                self.start += found
            else:
                memory = frame.with_steps(place, _layout(place.shape))
                self._borrowed.append(memory)
                size = size_of(memory.shape) * memory.kind.size
                pieces = [self.module.arena.take(size) for _ in range(2)]
                first, second = map(self.module.address, pieces)
                self.parts.append(_Carried(memory, pieces, first, second))
        self.changes: list[bool] = [new is not old for old, new in zip(olds, news, strict=True)]

    def places(self, state: Sequence[Value], turn: str) -> list[Place]:
        """The places of the carry as a turn begins, or after the last one."""
        found: list[Place] = []
        values = iter(state)
        for part, changes in zip(self.parts, self.changes, strict=True):
            if not changes or isinstance(part, Memory):
                assert not isinstance(part, _Carried)
                found.append(part)
            elif isinstance(part, _Carried):
                found.append(part.place(self.module, turn))
            else:
                assert isinstance(part, Registers)
                found.append(part._replace(elements=[next(values) for _ in part.elements]))
        return found

    def targets(self, turn: str) -> list[Memory | None]:
        """Where a turn is to put the carry."""
        found: list[Memory | None] = []
        for part, changes in zip(self.parts, self.changes, strict=True):
            if isinstance(part, _Carried):
                found.append(part.target(self.module, turn))
            else:
                found.append(part if changes and isinstance(part, Memory) else None)
        return found

    def end_turn(self, inner: Any, outs: Sequence[Place], targets: Sequence[Any]) -> list[Value]:
        """Put what a turn made where it belongs; returns the new values of registers."""
        state: list[Value] = []
        for changes, out, target in zip(self.changes, outs, targets, strict=True):
            if not changes:
                continue
            if target is not None:
                inner.put(out, target)
            else:
                state += self.module.elements(out, inner)
        return state

    def define(self, outvars: Sequence[Var], places: Sequence[Place]) -> None:
        """Give the results of the loop their places."""
        for v, place, part, changes in zip(outvars, places, self.parts, self.changes, strict=True):
            if isinstance(place, Registers):
                self.frame.places[v] = place
            elif part is not place or not changes:
                made = self.frame.define(v)
                self.frame.put(place, made)
        self.frame.release(*self._borrowed)
        for part in self.parts:
            if isinstance(part, _Carried):
                for piece in part.pieces:
                    self.module.arena.give(piece)


# --- scan ----------------------------------------------------------------------------------------


def _emit_scan(frame: Any, e: Eqn) -> None:
    module, b = frame.module, frame.module.builder
    jaxpr, layout = e.params["jaxpr"], e.params["layout"]
    consts, carried, xs = layout.split(e.inputs)
    held = _held(frame, consts)
    rows = [frame.place(a) if _is_rows(frame, a) else frame.memory(frame.place(a)) for a in xs]
    length = e.params["length"]
    n = str(length) if isinstance(length, int) else rows[0].number
    starts = [_start_of_rows(module, r) for r in rows]
    carry = _Carry(frame, jaxpr, layout, carried, e.outvars[: layout.carry])
    stacked = [frame.define(v) for v in e.outvars[layout.carry :]]
    with b.loop_with("0", n, 1, list(carry.start)) as (turn, state):
        row = turn
        if e.params["reverse"]:
            row = b.scalar(f"sub nsw i64 {n}, {turn}")
            row = b.scalar(f"sub nsw i64 {row}, 1")
        given = [_row(module, r, start, row) for r, start in zip(rows, starts, strict=True)]
        ends = [_row(module, y, y.address, row) for y in stacked]
        targets = [*carry.targets(turn), *ends]
        places = [*held, *carry.places(state, turn), *given]
        inner = _inside(frame, jaxpr, places, targets)
        outs = inner.run()
        for out, end in zip(outs[layout.carry :], ends, strict=True):
            inner.put(out, end)
        state[:] = carry.end_turn(inner, outs[: layout.carry], targets[: layout.carry])
        inner.close()
    carry.define(e.outvars[: layout.carry], carry.places(state, n))
    frame.release(*[r for r in rows if isinstance(r, Memory)])


def _is_rows(frame: Any, a: Any) -> bool:
    return type(a) is not Literal and isinstance(frame.places[a], Rows)


def _start_of_rows(module: Any, rows: Memory | Rows) -> str:
    if isinstance(rows, Memory):
        return rows.address
    return module.builder.scalar(f"load ptr, ptr {rows.slot}", "r")  # type: ignore[no-any-return]


def _row(module: Any, rows: Memory | Rows, start: str, number: str) -> Memory:
    """One row of what is stacked."""
    b = module.builder
    if isinstance(rows, Memory):
        shape, steps, step = rows.shape[1:], rows.steps[1:], rows.steps[0]
    else:
        shape, steps = rows.shape, contiguous_steps(rows.shape)
        step = size_of(shape)
    offset = b.scalar(f"mul nsw i64 {number}, {step * rows.kind.size}")
    address = b.scalar(f"getelementptr i8, ptr {start}, i64 {offset}", "r")
    return Memory(address, shape, rows.kind, None, None, steps)


# --- while ---------------------------------------------------------------------------------------


def _emit_while(frame: Any, e: Eqn) -> None:
    module, b = frame.module, frame.module.builder
    p = e.params
    tests, layout = p["tests"], p["layout"]
    held_by_test = _held(frame, e.inputs[:tests])
    consts, carried, _ = layout.split(e.inputs[tests:])
    held = _held(frame, consts)
    carry = _Carry(frame, p["body"], layout, carried, e.outvars[: layout.carry])
    stacked = e.outvars[layout.carry :]
    growing = _Growing(module, stacked)
    with b.turns(list(carry.start)) as (turn, state, go_on_if):
        places = carry.places(state, turn)
        test = _inside(frame, p["cond"], [*held_by_test, *places], [None])
        (going,) = test.run()
        go_on_if(module.elements(going, test)[0].text)
        test.close()
        ends = growing.rows(turn)
        targets = [*carry.targets(turn), *ends]
        inner = _inside(frame, p["body"], [*held, *places], targets)
        outs = inner.run()
        for out, end in zip(outs[layout.carry :], ends, strict=True):
            inner.put(out, end)
        state[:] = carry.end_turn(inner, outs[: layout.carry], targets[: layout.carry])
        inner.close()
    carry.define(e.outvars[: layout.carry], carry.places(state, turn))
    growing.define(frame, turn)


class _Growing:
    """The rows that a while loop stacks, with room that doubles when it is full."""

    def __init__(self, module: Any, outvars: Sequence[Var]) -> None:
        self.module: Any = module
        self.outvars: Sequence[Var] = outvars
        self.slots: list[str] = []
        self.room: str = ""
        if not outvars:
            return
        self.room = module.slot("i64", "0")
        module.declare("realloc", "declare ptr @realloc(ptr, i64)")
        module.declare("free", "declare void @free(ptr)")
        for k, _ in enumerate(outvars):
            slot = module.slot("ptr", "null")
            self.slots.append(slot)
            name = f"%rows{slot[1:]}_{k}"
            module.at_exit(f"  {name} = load ptr, ptr {slot}", f"  call void @free(ptr {name})")

    def _size(self, v: Var) -> int:
        return max(1, size_of(v.aval.shape[1:]) * kind_of_var(v).size)

    def rows(self, turn: str) -> list[Memory]:
        """The rows of a turn, for which room is made."""
        if not self.slots:
            return []
        b = self.module.builder
        room = b.scalar(f"load i64, ptr {self.room}")
        full = b.scalar(f"icmp sge i64 {turn}, {room}")
        grow, go_on = b.name("grow"), b.name("roomy")
        b.emit(f"br i1 {full}, label %{grow}, label %{go_on}")
        b.start(grow)
        twice = b.scalar(f"shl i64 {room}, 1")
        few = b.scalar(f"icmp slt i64 {twice}, {FIRST_ROWS}")
        more = b.scalar(f"select i1 {few}, i64 {FIRST_ROWS}, i64 {twice}")
        for v, slot in zip(self.outvars, self.slots, strict=True):
            old = b.scalar(f"load ptr, ptr {slot}")
            size = b.scalar(f"mul i64 {more}, {self._size(v)}")
            new = b.scalar(f"call ptr @realloc(ptr {old}, i64 {size})")
            self.module.require(b.scalar(f"icmp ne ptr {new}, null"))
            b.emit(f"store ptr {new}, ptr {slot}")
        b.emit(f"store i64 {more}, ptr {self.room}")
        b.emit(f"br label %{go_on}")
        b.start(go_on)
        found = []
        for v, slot in zip(self.outvars, self.slots, strict=True):
            start = b.scalar(f"load ptr, ptr {slot}")
            offset = b.scalar(f"mul i64 {turn}, {self._size(v)}")
            address = b.scalar(f"getelementptr i8, ptr {start}, i64 {offset}", "r")
            found.append(Memory(address, tuple(v.aval.shape[1:]), kind_of_var(v), None))
        return found

    def define(self, frame: Any, count: str) -> None:
        """Give the stacked results their places."""
        for v, slot in zip(self.outvars, self.slots, strict=True):
            frame.places[v] = Rows(slot, count, tuple(v.aval.shape[1:]), kind_of_var(v))


# --- cond ----------------------------------------------------------------------------------------


def _emit_cond(frame: Any, e: Eqn) -> None:
    module, b = frame.module, frame.module.builder
    branches = e.params["branches"]
    (index,) = frame.module.elements(frame.place(e.inputs[0]), frame)
    held = _held(frame, e.inputs[1:])
    large = {v: frame.define(v) for v in e.outvars if not is_small(v.aval.shape)}
    targets = [large.get(v) for v in e.outvars]
    labels = [b.name("branch") for _ in branches]
    after = b.name("after")
    kind = index.kind.register
    cases = " ".join(f"{kind} {k}, label %{label}" for k, label in enumerate(labels[:-1]))
    index = _not_negative(b, index)
    b.emit(f"switch {kind} {index.text}, label %{labels[-1]} [ {cases} ]")
    ends: list[tuple[str, list[list[Value]]]] = []
    for branch, label in zip(branches, labels, strict=True):
        b.start(label)
        inner = _inside(frame, branch, held, targets)
        outs = inner.run()
        values: list[list[Value]] = []
        for out, target in zip(outs, targets, strict=True):
            if target is not None:
                inner.put(out, target)
                values.append([])
            else:
                values.append(list(module.elements(out, inner)))
        inner.close()
        ends.append((b.block, values))
        b.emit(f"br label %{after}")
    b.start(after)
    for k, v in enumerate(e.outvars):
        if v in large:
            continue
        kind_v = kind_of_var(v)
        joined = [
            b.instruction(
                f"phi {b.type(kind_v)} "
                + ", ".join(f"[ {values[k][i].text}, %{block} ]" for block, values in ends),
                kind_v,
            )
            for i in range(size_of(v.aval.shape))
        ]
        frame.places[v] = Registers(joined, v.aval.shape, kind_v)


def _not_negative(b: Any, index: Value) -> Value:
    if not index.kind.is_signed:
        return index
    return b.select(b.compare("lt", index, 0), 0, index)  # type: ignore[no-any-return]


_EMITTERS: dict[str, Callable[[Any, Eqn], None]] = {
    "scan": _emit_scan,
    "while": _emit_while,
    "cond": _emit_cond,
}


def emit(frame: Any, e: Eqn) -> None:
    """Write a loop or a branch."""
    _EMITTERS[e.primitive.name](frame, e)


__all__ = ["emit"]
