"""The text of a native module under construction: one function of pointers, and its kernels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import pool
from .bodies import Body
from .builder import GAVE_UP, Builder, Value, literal
from .kinds import STORED, Kind, kind_of
from .places import ALIGNMENT, Arena, Buffer, Memory, Place, Registers

MOST_EMBEDDED = 1 << 12
"""Bytes of a constant array up to which it is part of the text."""


class Module:
    """A module with ``int kernel(ptr given)``, and functions that it calls.

    Attributes:
        body: the function under construction: the kernel, or a part that threads share.
        bits: width of the vectors of kernels.
        constants: arrays that the caller hands over after the inputs.
        plans: of kernels, by all that they depend on.
    """

    def __init__(self, bits: int, inputs: int, outputs: int) -> None:
        self.bits: int = bits
        self.body: Body = Body()
        self.constants: list[np.ndarray] = []
        self._inputs: int = inputs
        self._outputs: int = outputs
        self._whole: Body = self.body
        self.plans: dict[Hashable, Any] = {}
        self._functions: dict[str, str] = {}
        self._known: dict[Hashable, tuple[str, bool]] = {}
        self._declared: dict[str, str] = {}
        self._embedded: dict[Any, str] = {}
        self._parts: list[str] = []
        self._decided: bool | None = None

    @property
    def builder(self) -> Builder:
        """Of the function under construction, one lane."""
        return self.body.builder

    @property
    def arena(self) -> Arena:
        """Memory for values in between, of the function under construction."""
        return self.body.arena

    @property
    def is_shared(self) -> bool:
        """True while a part is written, which one thread does alone."""
        return self.body is not self._whole

    def decide(self) -> None:
        """Leave the kernel here if it has given up: what follows overwrites its inputs."""
        if self.builder.may_give_up:
            byte = self.builder.scalar(f"load i8, ptr {GAVE_UP}")
            self.require(self.builder.scalar(f"icmp eq i8 {byte}, 0"))
        self._decided = self.builder.may_give_up
        self.builder.may_give_up = False

    @property
    def gives_up_late(self) -> bool:
        """True if it may give up after that."""
        return self._decided is not None and self._whole.builder.may_give_up

    # --- memory ---------------------------------------------------------------------------------

    def inputs(self) -> list[str]:
        """The registers of the addresses of the inputs."""
        return [f"%input{i}" for i in range(self._inputs)]

    def outputs(self) -> list[str]:
        """The registers of the addresses of the outputs."""
        return [f"%output{i}" for i in range(self._outputs)]

    def _arguments(self) -> list[str]:
        """Read all addresses: of inputs, constants and outputs."""
        held = [f"%constant{i}" for i in range(len(self.constants))]
        lines = []
        for number, name in enumerate([*self.inputs(), *held, *self.outputs()]):
            lines.append(f"  %slot{number} = getelementptr ptr, ptr %given, i64 {number}")
            lines.append(f"  {name} = load ptr, ptr %slot{number}")
        return lines

    def address(self, buffer: Buffer) -> str:
        """The register of the address of memory in between."""
        return self.body.address(buffer.offset)

    def constant(self, value: np.ndarray) -> str:
        """The address of a constant array."""
        key = (value.dtype.char, value.shape, value.tobytes())
        found = self._embedded.get(key)
        if found is None:
            small = value.nbytes <= MOST_EMBEDDED and value.dtype.kind != "c"
            found = self._embed(value) if small else self._hand_over(value)
            self._embedded[key] = found
        return found

    def _embed(self, value: np.ndarray) -> str:
        kind = kind_of(value.dtype)
        assert kind is not None
        name = f"@constant_{len(self._embedded)}"
        if kind in STORED:
            kind, value = STORED[kind], value.view(STORED[kind].dtype)
        one, numbers = kind.memory, [literal(x, kind) for x in value.ravel()]
        listed = ", ".join(f"{one} {n}" for n in numbers)
        self._declared[name] = (
            f"{name} = internal constant [{len(numbers)} x {one}] [{listed}], align {ALIGNMENT}"
        )
        return name

    def _hand_over(self, value: np.ndarray) -> str:
        self.constants.append(np.ascontiguousarray(value))
        return f"%constant{len(self.constants) - 1}"

    def slot(self, kind: str, start: str) -> str:
        """The address of a variable of the function, which is set before anything is done."""
        name = f"%variable{len(self.body.entry)}"
        self.body.entry += [f"  {name} = alloca {kind}", f"  store {kind} {start}, ptr {name}"]
        return name

    def at_exit(self, *lines: str) -> None:
        """Add instructions that run before the function returns."""
        self.body.leave += lines

    def declare(self, name: str, text: str) -> None:
        """Declare a function of C."""
        self._declared[name] = text

    def copy(self, source: str, target: str, size: int | str) -> None:
        """Copy bytes."""
        name = "llvm.memcpy.p0.p0.i64"
        self.declare(name, f"declare void @{name}(ptr, ptr, i64, i1 immarg)")
        self.builder.emit(
            f"call void @{name}(ptr {target}, ptr {source}, i64 {size}, i1 false)"
        )  # fmt: skip

    def clear(self, target: str, size: int) -> None:
        """Set bytes to zero."""
        name = "llvm.memset.p0.i64"
        self.declare(name, f"declare void @{name}(ptr, i8, i64, i1 immarg)")
        self.builder.emit(f"call void @{name}(ptr {target}, i8 0, i64 {size}, i1 false)")

    # --- arrays ---------------------------------------------------------------------------------

    def elements(self, place: Place, frame: Any) -> Sequence[Value]:
        """The elements of a small array; read from memory once per frame."""
        if isinstance(place, Registers):
            return place.elements
        assert isinstance(place, Memory)
        if place.loaded is not None:
            return place.loaded
        b = self.builder
        found = []
        for at in np.ndindex(*place.shape):
            offset = sum(i * step for i, step in zip(at, place.steps, strict=True))
            where = b.pointer(place.address, str(offset), place.kind) if offset else place.address
            found.append(b.load(where, place.kind))
        if place.frame is frame:
            place.loaded = found
        return found

    def store(self, elements: Sequence[Value], address: str, kind: Kind) -> None:
        """Write elements side by side."""
        b = self.builder
        for i, x in enumerate(elements):
            b.store(x, b.pointer(address, str(i), kind) if i else address)

    def require(self, condition: str) -> None:
        """Go on if a condition holds; else the function ends, and NumPy does it."""
        self.builder.may_give_up = self.body.ends = True
        following = self.builder.name("fits")
        self.builder.emit(f"br i1 {condition}, label %{following}, label %failed")
        self.builder.start(following)

    # --- kernels --------------------------------------------------------------------------------

    def kernel(
        self,
        lanes: int,
        addresses: Sequence[str],
        emit: Callable[[Builder, list[str]], None],
        key: Hashable = None,
    ) -> None:
        """Call a function of addresses; one with the same text as another is made once.

        Args:
            lanes: of the function's builder.
            addresses: what it is called with.
            emit: writes its body, given the registers of its parameters.
            key: all that its text depends on beside; None if that is not known.
        """
        own = {a: i for i, a in enumerate(dict.fromkeys(addresses))}  # none is another's
        order = [own[a] for a in addresses]
        found = self._known.get((key, lanes, *order)) if key is not None else None
        if found is None:
            found = self._function(lanes, order, emit)
            if key is not None:
                self._known[key, lanes, *order] = found
        name, may_give_up = found
        given = list(own)
        if may_give_up:
            self.builder.may_give_up = True
            given.append(GAVE_UP)
        self.body.call(f"call void @{name}", given)

    def _function(
        self, lanes: int, order: Sequence[int], emit: Callable[[Builder, list[str]], None]
    ) -> tuple[str, bool]:
        """The name of a function of addresses, and whether it may give up."""
        builder = Builder(lanes)
        builder.start("entry")
        emit(builder, [f"%a{i}" for i in order])
        self._declared.update(builder.declared)
        names = [f"%a{i}" for i in dict.fromkeys(order)]
        if builder.may_give_up:
            names.append(GAVE_UP)
        head = ", ".join(f"ptr noalias {n}" for n in names)
        body = "\n".join([f"({head}) nounwind {{", *builder.lines, "  ret void", "}"])
        name = self._functions.setdefault(body, f"step_{len(self._functions)}")
        return name, builder.may_give_up

    @contextmanager
    def shared(self, parts: int, addresses: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Call a function for so many parts, which threads share; what is built inside is it.

        Args:
            parts: their number.
            addresses: what the function reads and writes.

        Yields:
            The register of the number of the part, and those of the addresses.
        """
        outer, self.body = self.body, Body()
        given = list(dict.fromkeys(addresses))
        names = {a: f"%a{i}" for i, a in enumerate(given)}
        yield "%part", [names[a] for a in addresses]
        inner, self.body = self.body, outer
        registers = [*names.values()]
        if inner.may_fail:
            outer.builder.may_give_up = True
            given, registers = [*given, GAVE_UP], [*registers, "%noted"]
        begin = []
        for i, register in enumerate(registers):
            begin.append(f"  %given{i} = getelementptr ptr, ptr %context, i64 {i}")
            begin.append(f"  {register} = load ptr, ptr %given{i}")
        name = f"part_{len(self._parts)}"
        head = f"define internal void @{name}(ptr %context, i64 %part) nounwind {{"
        failed = ["store i8 1, ptr %noted", "ret void"]
        self._declared.update(inner.declared())
        self._parts.append(inner.text(head, begin, "ret void", failed))
        b, context = self.builder, f"%context{len(outer.entry)}"
        outer.entry.append(f"  {context} = alloca ptr, i64 {len(given)}")
        for i, address in enumerate(given):
            place = b.scalar(f"getelementptr ptr, ptr {context}, i64 {i}", "p")
            b.emit(f"store ptr {address}, ptr {place}")
        self.declare(pool.NAME, f"declare void @{pool.NAME}(ptr, ptr, i64)")
        b.emit(f"call void @{pool.NAME}(ptr @{name}, ptr {context}, i64 {parts})")

    def text(self) -> str:
        """The whole module."""
        body = self._whole
        body.builder.may_give_up |= bool(self._decided)
        declared = {**self._declared, **body.declared()}
        functions = [f"define internal void @{n}{text}" for text, n in self._functions.items()]
        head = "define i32 @kernel(ptr noalias readonly %given) nounwind {"
        main = body.text(head, self._arguments(), "ret i32 0", ["ret i32 1"])
        return "\n".join([*declared.values(), *functions, *self._parts, main])
