"""Operators that move elements to places known beforehand: copies between parts of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...core.jaxpr import Eqn
from ...ops.structural.indexing import as_key
from .places import Memory, size_of
from .protocol import Placing, are_known
from .views import keyed, steps_along


def part(frame: Any, x: Memory, key: tuple[Any, ...]) -> Memory | None:
    """The part of an array that a key of slices, integers and None picks; None if it is empty."""
    found = keyed(x.shape, x.steps, key)
    if found is None:
        return None
    offset, shape, steps = found
    address = x.address
    if offset:
        address = frame.module.builder.pointer(address, str(offset), x.kind)
    return Memory(address, shape, x.kind, None, None, steps)


def put(frame: Any, place: Any, target: Memory | None) -> None:
    """Copy an array into a part of another one, to which it broadcasts."""
    if target is None:
        return
    if place.shape == target.shape:
        frame.put(place, target)
        return
    source = frame.memory(place)
    steps = steps_along(source.shape, source.steps, target.shape)
    frame.put(Memory(source.address, target.shape, source.kind, None, None, steps), target)
    frame.release(source)


def broadcasts(shape: Sequence[int], full: Sequence[int]) -> bool:
    """True if an array of a shape can be assigned to one of another."""
    if len(shape) > len(full):
        return False
    return all(n in (1, m) for n, m in zip(shape[::-1], full[::-1], strict=False))


def _whole(e: Eqn) -> bool:
    return are_known((*e.inputs, *e.outvars))


# --- parts of a result ---------------------------------------------------------------------------


def _put_into_zeros(frame: Any, e: Eqn) -> None:
    made = frame.define(e.outvars[0])
    frame.clear(made)
    put(frame, frame.place(e.inputs[0]), part(frame, made, as_key(e.params["key"])))


def _fits_into_zeros(e: Eqn) -> bool:
    return _whole(e) and _fits(e, e.inputs[0], e.outvars[0])


def _fits(e: Eqn, value: Any, whole: Any) -> bool:
    shape = whole.aval.shape
    found = keyed(shape, [0] * len(shape), as_key(e.params["key"]))
    return found is None or broadcasts(value.aval.shape, found[1])


def _fits_into_operand(e: Eqn) -> bool:
    return _whole(e) and _fits(e, e.inputs[1], e.inputs[0])


def _set_part(frame: Any, e: Eqn) -> None:
    made = frame.updated(e)
    put(frame, frame.place(e.inputs[1]), part(frame, made, as_key(e.params["key"])))


def _join(frame: Any, e: Eqn) -> None:
    made = frame.define(e.outvars[0])
    axis, start = e.params["axis"], 0
    for a in e.inputs:
        stop = start + a.aval.shape[axis]
        key = (*[slice(None)] * axis, slice(start, stop))
        put(frame, frame.place(a), part(frame, made, key))
        start = stop


def _stack(frame: Any, e: Eqn) -> None:
    made = frame.define(e.outvars[0])
    for i, a in enumerate(e.inputs):
        put(frame, frame.place(a), part(frame, made, (i,)))


# --- parts of an operand -------------------------------------------------------------------------


def _spread(frame: Any, e: Eqn) -> None:
    put(frame, frame.place(e.inputs[0]), frame.define(e.outvars[0]))


def _is_empty(e: Eqn) -> bool:
    return _whole(e) and all(size_of(v.aval.shape) == 0 for v in e.outvars)


def _nothing(frame: Any, e: Eqn) -> None:
    for v in e.outvars:
        frame.define(v)


def _keys_of_parts(e: Eqn) -> list[tuple[Any, ...]]:
    if e.primitive.name == "unstack":
        return [(i,) for i in range(len(e.outvars))]
    before = [slice(None)] * e.params["axis"]
    return [(*before, slice(i, j)) for i, j in pairwise(e.params["ends"])]


def _take_apart(frame: Any, e: Eqn) -> None:
    source = frame.memory(frame.place(e.inputs[0]))
    for v, key in zip(e.outvars, _keys_of_parts(e), strict=True):
        made, there = frame.define(v), part(frame, source, key)
        if there is not None:
            frame.put(there, made)
    frame.release(source)


KERNELS: dict[str, Placing] = {
    "index_put": Placing(_fits_into_zeros, _put_into_zeros),
    "index_set": Placing(
        lambda e: _whole(e) and _fits(e, e.inputs[1], e.inputs[0]), _set_part, updates=True
    ),
    "concatenate": Placing(_whole, _join),
    "stack": Placing(_whole, _stack),
    "broadcast_to": Placing(_whole, _spread),
    "split": Placing(_whole, _take_apart),
    "unstack": Placing(_whole, _take_apart),
    **dict.fromkeys(("index", "rev", "transpose"), Placing(_is_empty, _nothing)),
}
"""By the names of operators."""

__all__ = ["KERNELS", "broadcasts", "part", "put"]
