"""Operators that read and write at positions known at run time: slices, gather, scatter.

Where an operator raises for an index, the native function gives up, and the operators of the
program are evaluated one by one to say what is wrong. Until then the first row stands for the one
that there is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ...core.jaxpr import Eqn, Literal, Var
from ...ops.pointwise.arithmetic import add, mul
from ...ops.pointwise.comparison import maximum, minimum
from ...ops.structural.dynamic import clamped_starts
from ..groups import Map
from .builder import Builder, Value
from .kinds import BOOL, INT64, Kind, kind_of
from .maps import combining, copying, evaluate
from .moving import put
from .nests import emit_nest
from .orders import Operand, laid_out
from .places import Memory, size_of
from .protocol import Placing, are_known
from .scanning import in_lanes
from .views import steps_along


def _are_indices(atoms: Sequence[Any]) -> bool:
    return all(a.aval.dtype.kind in "iu" and kind_of(a.aval.dtype) for a in atoms) and not any(
        a.aval.symbolic for a in atoms
    )


# --- slices --------------------------------------------------------------------------------------


def _number(frame: Any, a: Any) -> str:
    """The register of a whole number; the function gives up at those beyond int64."""
    b = frame.module.builder
    (x,) = frame.module.elements(frame.place(a), frame)
    whole = b.cast(x, INT64)
    if x.kind.size == INT64.size and not x.kind.is_signed:
        b.give_up_if(b.compare("lt", whole, 0))
    return whole.text  # type: ignore[no-any-return]


def _wrapped(b: Builder, i: str, n: int) -> str:
    """An index from the start, given one that may be negative."""
    from_end = b.scalar(f"add i64 {i}, {n}")
    negative = b.scalar(f"icmp slt i64 {i}, 0")
    return b.scalar(f"select i1 {negative}, i64 {from_end}, i64 {i}")


def _clamped(b: Builder, i: str, most: int) -> str:
    low = b.scalar(f"icmp slt i64 {i}, 0")
    i = b.scalar(f"select i1 {low}, i64 0, i64 {i}")
    high = b.scalar(f"icmp sgt i64 {i}, {most}")
    return b.scalar(f"select i1 {high}, i64 {most}, i64 {i}")


def _moved(b: Builder, address: str, places: Sequence[tuple[str, int]], kind: Kind) -> str:
    """An address moved by as many steps along some axes."""
    for i, step in places:
        offset = i if step == 1 else b.scalar(f"mul i64 {i}, {step}")
        address = b.pointer(address, offset, kind)
    return address


def _slice(frame: Any, x: Memory, starts: Sequence[Any], sizes: Sequence[int]) -> Memory:
    """A part of an array, as large as wanted, as near to where it should begin as fits."""
    b, places = frame.module.builder, []
    for n, step, start, size in zip(x.shape, x.steps, starts, sizes, strict=True):
        if n == size:
            continue
        if type(start) is Literal:
            (at,) = clamped_starts((n,), (start.value,), (size,))
            places.append((str(at), step))
        else:
            i = _wrapped(b, _number(frame, start), n)
            places.append((_clamped(b, i, n - size), step))
    address = _moved(b, x.address, places, x.kind)
    return Memory(address, tuple(sizes), x.kind, x.frame, x.buffer, x.steps)


def _look(frame: Any, v: Var, place: Any, seen: Callable[[Memory], Memory]) -> None:
    """Let a result stand for a part of an array, or copy it to where it is wanted."""
    source = frame.memory(place)
    found = seen(source)
    if frame.is_wanted(v):
        frame.put(found, frame.define(v))
        frame.release(source)
        return
    frame.stand(v, found, shares=source is place)


def _dynamic_slice(frame: Any, e: Eqn) -> None:
    starts, sizes = e.inputs[1:], e.params["sizes"]
    place = frame.place(e.inputs[0])
    _look(frame, e.outvars[0], place, lambda x: _slice(frame, x, starts, sizes))


def _dynamic_update(frame: Any, e: Eqn) -> None:
    made, value = frame.updated(e), frame.place(e.inputs[1])
    put(frame, value, _slice(frame, made, e.inputs[2:], value.shape))


def _takes_slice(e: Eqn) -> bool:
    return are_known((e.inputs[0], *e.outvars)) and _are_indices(e.inputs[1:])


def _takes_update(e: Eqn) -> bool:
    x, v = e.inputs[:2]
    fits = all(n <= m for n, m in zip(v.aval.shape, x.aval.shape, strict=False))
    known = are_known((x, v, *e.outvars)) and len(v.aval.shape) == len(x.aval.shape)
    return known and fits and _are_indices(e.inputs[2:])


# --- rows at indices -----------------------------------------------------------------------------


def _row(frame: Any, x: Memory, indices: Sequence[Any]) -> Memory:
    """The part of an array at single indices along the leading axes."""
    b, places = frame.module.builder, []
    for n, step, a in zip(x.shape, x.steps, indices, strict=False):
        i = _wrapped(b, _number(frame, a), n)
        fits = b.scalar(f"icmp ult i64 {i}, {n}")
        b.give_up_if(~Value(b, fits, BOOL))
        places.append((b.scalar(f"select i1 {fits}, i64 {i}, i64 0"), step))
    address = _moved(b, x.address, places, x.kind)
    depth = len(indices)
    return Memory(address, x.shape[depth:], x.kind, x.frame, x.buffer, x.steps[depth:])


_Do: TypeAlias = Callable[[Builder, str, str, str], None]
"""(builder, address of the row, address of the entry, number of the entry)."""


class _Rows:
    """What is done for each entry of index arrays: to the row there, with one of the entries."""

    def __init__(self, whole: Memory, entries: Memory, depth: int, lead: int) -> None:
        self.shape: tuple[int, ...] = whole.shape[depth:]
        self.whole: Operand = Operand(whole.kind, whole.steps[depth:])
        self.entries: Operand = Operand(entries.kind, entries.steps[lead:])
        self.sizes: tuple[int, ...] = whole.shape[:depth]
        self.steps: tuple[int, ...] = whole.steps[:depth]
        self.count: int = size_of(entries.shape[:lead])
        self.step: int = size_of(self.shape)

    def emit(
        self,
        b: Builder,
        indices: Sequence[tuple[str, Kind]],
        whole: str,
        entries: str,
        do: _Do,
    ) -> None:
        lanes, fine = b.lanes, Value(b, "true", BOOL)
        with in_lanes(b, 1), b.loop_with("0", str(self.count), 1, [fine]) as (e, state):
            places = []
            for (address, kind), n, step in zip(indices, self.sizes, self.steps, strict=True):
                i = _wrapped(b, _loaded(b, b.pointer(address, e, kind), kind), n)
                fits = b.scalar(f"icmp ult i64 {i}, {n}")
                state[0] = state[0] & Value(b, fits, BOOL)
                places.append((b.scalar(f"select i1 {fits}, i64 {i}, i64 0"), step))
            if self.step:
                there = _moved(b, whole, places, self.whole.kind)
                entry = _moved(b, entries, [(e, self.step)], self.entries.kind)
                with in_lanes(b, lanes):
                    do(b, there, entry, e)
        with in_lanes(b, 1):
            b.give_up_if(~state[0])


def _loaded(b: Builder, address: str, kind: Kind) -> str:
    found = b.scalar(f"load {kind.memory}, ptr {address}, align {kind.size}")
    if kind.size == INT64.size:
        return found
    how = "sext" if kind.is_signed else "zext"
    return b.scalar(f"{how} {kind.memory} {found} to i64")


def _lanes(frame: Any, rows: _Rows) -> int:
    """One lane for short rows."""
    widest = max(rows.whole.kind.size, rows.entries.kind.size)
    lanes: int = max(1, frame.module.bits // (8 * widest))
    return lanes if rows.shape and max(rows.shape) >= max(2, lanes // 2) else 1


def _do(b: Builder, group: Map, operands: Sequence[Operand], addresses: Sequence[str]) -> None:
    """Compute a map of a row: operands are its inputs, and its result."""
    if size_of(group.shape) == 1:
        known = {}
        for v, o, at in zip(group.beside, operands, addresses, strict=False):
            known[v] = b.repeated(at, o.kind)
        evaluate(b, group.eqns, known)
        b.store(known[group.outputs[0]], addresses[-1])
        return
    *reads, result = operands
    given = [Operand(o.kind, steps_along(group.shape, o.steps, group.shape)) for o in reads]
    plan = laid_out(group, given, [result.steps], b.lanes)
    emit_nest(b, group, plan.nest, plan.operands, list(addresses))


def _gather(frame: Any, e: Eqn) -> None:
    x, *indices = e.inputs
    lead = len(indices[0].aval.shape)
    if not lead:
        _look(frame, e.outvars[0], frame.place(x), lambda m: _row(frame, m, indices))
        return
    source, made = frame.memory(frame.place(x)), frame.define(e.outvars[0])
    target = made if made.is_contiguous else frame.room(made.shape, made.kind)
    rows = _Rows(source, target, len(indices), lead)
    group = copying(rows.shape, source.kind, source.kind)

    def do(b: Builder, row: str, entry: str, _number: str) -> None:
        _do(b, group, [rows.whole, rows.entries], [row, entry])

    _each(frame, rows, indices, source, target, do)
    if target is not made:
        frame.put(target, made)
        frame.release(target)
    frame.release(source)


def _each(
    frame: Any,
    rows: _Rows,
    indices: Sequence[Any],
    whole: Memory,
    entries: Memory,
    *dos: _Do,
) -> None:
    """Call the kernel that does something for each entry of index arrays, then something else."""
    given = [frame.contiguous(frame.place(a)) for a in indices]
    kinds = [m.kind for m in given]

    def emit(b: Builder, names: list[str]) -> None:
        *at, first, second = names
        pairs = list(zip(at, kinds, strict=True))
        for do in dos:
            rows.emit(b, pairs, first, second, do)

    addresses = [m.address for m in (*given, whole, entries)]
    frame.module.kernel(_lanes(frame, rows), addresses, emit)
    frame.release(*given)


def _combine(
    frame: Any, made: Memory, value: Any, indices: Sequence[Any], operator: Any = None
) -> None:
    """Write entries into rows, or combine them with what is there."""
    lead = len(indices[0].aval.shape)
    entries = frame.contiguous(value)
    rows = _Rows(made, entries, len(indices), lead)
    if operator is None:
        group = copying(rows.shape, entries.kind, made.kind)
    else:
        group = combining(operator, rows.shape, made.kind)
    reads = [rows.entries] if operator is None else [rows.whole, rows.entries]

    def do(b: Builder, row: str, entry: str, _number: str) -> None:
        given = [entry] if operator is None else [row, entry]
        _do(b, group, [*reads, rows.whole], [*given, row])

    _each(frame, rows, indices, made, entries, do)
    frame.release(entries)


_SCATTERS = {"set": None, "mul": mul, "min": minimum, "max": maximum}


def _scatter(frame: Any, e: Eqn) -> None:
    _, v, *indices = e.inputs
    made, operator = frame.updated(e), _SCATTERS[e.params["op"]]
    if operator is None and not indices[0].aval.shape:
        frame.put(frame.place(v), _row(frame, made, indices))
    else:
        _combine(frame, made, frame.place(v), indices, operator)


def _scatter_add(frame: Any, e: Eqn) -> None:
    v, *indices = e.inputs
    made = frame.define(e.outvars[0])
    frame.clear(made)
    _combine(frame, made, frame.place(v), indices, add)


def _index_add(frame: Any, e: Eqn) -> None:
    _, v, *indices = e.inputs
    _combine(frame, frame.updated(e), frame.place(v), indices, add)


def _winners(frame: Any, e: Eqn) -> None:
    """The number of the last entry is written at each place, and compared with all of them."""
    shape, indices = e.params["shape"], e.inputs
    owners, wanted = frame.room(shape, INT64), frame.define(e.outvars[0])
    made = wanted if wanted.is_contiguous else frame.room(wanted.shape, BOOL)
    rows = _Rows(owners, made, len(indices), len(made.shape))

    def write(b: Builder, row: str, _entry: str, number: str) -> None:
        b.emit(f"store i64 {number}, ptr {row}")

    def ask(b: Builder, row: str, entry: str, number: str) -> None:
        owner = b.scalar(f"load i64, ptr {row}")
        b.store_one(b.scalar(f"icmp eq i64 {owner}, {number}"), entry, BOOL)

    _each(frame, rows, indices, owners, made, write, ask)
    if made is not wanted:
        frame.put(made, wanted)
        frame.release(made)
    frame.release(owners)


def _fit_rows(e: Eqn, whole: Any, entries: Any, indices: Sequence[Any]) -> bool:
    depth, shape = len(indices), indices[0].aval.shape
    if not all(a.aval.shape == shape for a in indices) or not _are_indices(indices):
        return False
    if size_of(shape) and 0 in whole.aval.shape[:depth]:
        return False  # there is no row at all
    return bool(entries.aval.shape == (*shape, *whole.aval.shape[depth:]))


def _takes_gather(e: Eqn) -> bool:
    x, *indices = e.inputs
    return are_known((x, *e.outvars)) and _fit_rows(e, x, e.outvars[0], indices)


def _takes_scatter(e: Eqn) -> bool:
    x, v, *indices = e.inputs
    same = e.params["op"] == "set" or x.aval.dtype == v.aval.dtype
    return same and are_known((x, v, *e.outvars)) and _fit_rows(e, x, v, indices)


def _takes_index_add(e: Eqn) -> bool:
    x, v, *indices = e.inputs
    same = x.aval.dtype == v.aval.dtype
    return same and are_known((x, v, *e.outvars)) and _fit_rows(e, x, v, indices)


def _takes_scatter_add(e: Eqn) -> bool:
    v, *indices = e.inputs
    return are_known((v, *e.outvars)) and _fit_rows(e, e.outvars[0], v, indices)


def _takes_winners(e: Eqn) -> bool:
    shape = e.inputs[0].aval.shape
    same = all(a.aval.shape == shape for a in e.inputs)
    if size_of(shape) and 0 in e.params["shape"]:
        return False
    return same and are_known(e.outvars) and _are_indices(e.inputs)


KERNELS: dict[str, Placing] = {
    "dynamic_slice": Placing(_takes_slice, _dynamic_slice, looks=True),
    "dynamic_update_slice": Placing(_takes_update, _dynamic_update, updates=True),
    "gather": Placing(_takes_gather, _gather, looks=True),
    "scatter": Placing(_takes_scatter, _scatter, updates=True),
    "index_add": Placing(_takes_index_add, _index_add, updates=True),
    "scatter_add": Placing(_takes_scatter_add, _scatter_add),
    "scatter_winners": Placing(_takes_winners, _winners),
}
"""By the names of operators."""

__all__ = ["KERNELS"]
