"""Complex arrays in memory, of which native code sees the parts: their numbers are two steps apart.

``real`` and ``imag`` look at them where they are, and ``complex`` is the place of its operands.
"""

from __future__ import annotations

from typing import Any

from ...core.jaxpr import Eqn, Literal
from .kinds import COMPLEX, in_memory, parts
from .moving import put
from .places import Memory

PARTS: tuple[str, ...] = ("real", "imag")


def takes(e: Eqn) -> bool:
    """True for a look at a part of a complex array, and for one that is made of its parts."""
    every = (*e.inputs, *e.outvars)
    if any(a.aval.symbolic or a.aval.weak or in_memory(a.aval.dtype) is None for a in every):
        return False
    if e.primitive.name in PARTS:
        return type(e.inputs[0]) is not Literal and e.inputs[0].aval.dtype.char in COMPLEX
    return e.primitive.name == "complex" and _are_parts(e)


def _are_parts(e: Eqn) -> bool:
    kind = in_memory(e.outvars[0].aval.dtype)
    assert kind is not None
    return all(a.aval.dtype == parts(kind).dtype for a in e.inputs)


def half(frame: Any, x: Memory, number: int) -> Memory:
    """One of the parts of a complex array."""
    kind, address = parts(x.kind), x.address
    if number:  # one place has one address
        address = frame.seconds.get(x.address)
        if address is None:
            address = frame.module.builder.pointer(x.address, "1", kind)
            frame.seconds[x.address] = address
    steps = tuple(2 * s for s in x.steps)
    found = Memory(address, x.shape, kind, x.frame, x.buffer, steps)
    found.half = (x.address, number)
    return found


def emit(frame: Any, e: Eqn) -> None:
    """Give the results their places."""
    if e.primitive.name in PARTS:
        source = frame.memory(frame.place(e.inputs[0]))
        frame.show(e.outvars[0], half(frame, source, PARTS.index(e.primitive.name)))
        return
    made = frame.define(e.outvars[0])
    for number, a in enumerate(e.inputs):
        put(frame, frame.place(a), half(frame, made, number))


def targets(frame: Any, e: Eqn, target: Memory) -> list[tuple[Any, Memory]]:
    """Where the parts of a result are best made: where they are to stand."""
    found = []
    for number, a in enumerate(e.inputs):
        if type(a) is not Literal and a.aval.shape == target.shape:
            found.append((a, half(frame, target, number)))
    return found
