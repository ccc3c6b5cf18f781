"""LLVM's text, instruction by instruction: values of explicit vectors, with Python's operators.

Arithmetic has no fast-math flags, so that it rounds as NumPy's does. Where a product and a sum
are to be rounded once, ``fma`` says so.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

import numpy as np

from .kinds import BOOL, DOUBLE, KINDS, STORED, Kind
from .parts import SHORTEST, load_first, store_first

Number: TypeAlias = "Value | float | int | bool"
"""A value, or a Python number that takes on the kind of the value beside it."""

_FLOAT_OPS = {"add": "fadd", "sub": "fsub", "mul": "fmul"}
_FLOAT_TESTS = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


class Value:
    """A vector of numbers in a register; of one number where the builder has one lane."""

    __slots__ = ("builder", "kind", "text")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, builder: Instructions, text: str, kind: Kind) -> None:
        self.builder: Instructions = builder
        self.text: str = text
        self.kind: Kind = kind

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype of the numbers."""
        return self.kind.dtype

    def __add__(self, other: Number) -> Value:
        return self.builder.arithmetic("add", self, other)

    def __radd__(self, other: Number) -> Value:
        return self.builder.arithmetic("add", other, self)

    def __sub__(self, other: Number) -> Value:
        return self.builder.arithmetic("sub", self, other)

    def __rsub__(self, other: Number) -> Value:
        return self.builder.arithmetic("sub", other, self)

    def __mul__(self, other: Number) -> Value:
        return self.builder.arithmetic("mul", self, other)

    def __rmul__(self, other: Number) -> Value:
        return self.builder.arithmetic("mul", other, self)

    def __truediv__(self, other: Number) -> Value:
        return self.builder.divide(self, other)

    def __rtruediv__(self, other: Number) -> Value:
        return self.builder.divide(other, self)

    def __neg__(self) -> Value:
        return self.builder.negative(self)

    def __lt__(self, other: Number) -> Value:
        return self.builder.compare("lt", self, other)

    def __le__(self, other: Number) -> Value:
        return self.builder.compare("le", self, other)

    def __gt__(self, other: Number) -> Value:
        return self.builder.compare("gt", self, other)

    def __ge__(self, other: Number) -> Value:
        return self.builder.compare("ge", self, other)

    def __eq__(self, other: object) -> Value:  # type: ignore[override]
        return self.builder.compare("eq", self, other)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> Value:  # type: ignore[override]
        return self.builder.compare("ne", self, other)  # type: ignore[arg-type]

    def __and__(self, other: Number) -> Value:
        return self.builder.bits("and", self, other)

    def __or__(self, other: Number) -> Value:
        return self.builder.bits("or", self, other)

    def __xor__(self, other: Number) -> Value:
        return self.builder.bits("xor", self, other)

    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__

    def __invert__(self) -> Value:
        return self.builder.bits("xor", self, True if self.kind is BOOL else -1)


class Instructions:
    """Single instructions of a function under construction, on values of ``lanes`` numbers.

    Attributes:
        lines: its instructions.
        declared: what it refers to in the module.
        block: the label of the block under construction.
        may_give_up: whether something in it gives up.
        written: how often each elementary function is wanted.
        below: of masks, from where on and below what they hold.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes: int = lanes
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.block: str = ""
        self.may_give_up: bool = False
        self.written: dict[str, int] = {}
        self.below: dict[str, tuple[str, str]] = {}
        self._known: dict[str, str] = {}
        self._count: int = 0

    # --- text

    def emit(self, line: str) -> None:
        """Append an instruction."""
        self.lines.append("  " + line)

    def name(self, hint: str = "v") -> str:
        """A register or label of its own, without the sign before it."""
        self._count += 1
        return f"{hint}{self._count}"

    def start(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label
        self._known.clear()

    def instruction(self, text: str, kind: Kind) -> Value:
        """A value from an instruction; the same one again in a block is the same value."""
        register = self._known.get(text)
        if register is None:
            register = "%" + self.name()
            self.emit(f"{register} = {text}")
            if _is_pure(text):
                self._known[text] = register
        return Value(self, register, kind)

    def scalar(self, text: str, hint: str = "s") -> str:
        """The register of a scalar or pointer from an instruction."""
        register = "%" + self.name(hint)
        self.emit(f"{register} = {text}")
        return register

    def type(self, kind: Kind) -> str:
        """LLVM's type of a value."""
        return kind.register if self.lanes == 1 else f"<{self.lanes} x {kind.register}>"

    def declare(self, name: str, text: str) -> None:
        """Declare or define something at the level of the module, once."""
        self.declared[name] = text

    # --- constants and conversions

    def constant(self, value: float, kind: Kind) -> Value:
        """The same number in all lanes."""
        text = literal(value, kind)
        if self.lanes > 1:
            lane = f"{kind.register} {text}"
            text = "<" + ", ".join([lane] * self.lanes) + ">"
        return Value(self, text, kind)

    def value(self, x: Number, kind: Kind) -> Value:
        """A number as a value of a kind."""
        return self.cast(x, kind) if isinstance(x, Value) else self.constant(x, kind)

    def common(self, *xs: Number) -> list[Value]:
        """Numbers in the kind in which NumPy computes with them."""
        kind = common_kind(xs)
        return [self.value(x, kind) for x in xs]

    def cast(self, x: Value, kind: Kind) -> Value:
        """A value converted to a kind, as NumPy's astype does.

        Floats beyond the range of an integer, and NaN, give some number, as in NumPy.
        """
        if x.kind is kind:
            return x
        if kind is BOOL:
            return self.compare("ne", x, 0)
        if x.kind.register == kind.register:
            return Value(self, x.text, kind)
        if x.kind.is_float and kind.is_float:
            how = "fpext" if kind is DOUBLE else "fptrunc"
        elif x.kind.is_float:
            return self._truncated(x, kind)
        elif kind.is_float:
            how = "sitofp" if x.kind.is_signed else "uitofp"
        elif kind.size > x.kind.size or x.kind is BOOL:
            how = "sext" if x.kind.is_signed else "zext"
        else:
            how = "trunc"
        return self.instruction(f"{how} {self.type(x.kind)} {x.text} to {self.type(kind)}", kind)

    def _truncated(self, x: Value, kind: Kind) -> Value:
        """An integer from a float: what is out of range must not be poison."""
        name = "llvm.fptosi.sat" if kind.is_signed else "llvm.fptoui.sat"
        return self.call(f"{name}.{self.suffix(kind)}.{self.suffix(x.kind)}", kind, x)

    def bitcast(self, x: Value, kind: Kind) -> Value:
        """The same bits as another kind of the same size."""
        return self.instruction(f"bitcast {self.type(x.kind)} {x.text} to {self.type(kind)}", kind)

    def unsigned(self, x: Value) -> Value:
        """The bits of an integer as an unsigned one, which costs nothing."""
        return Value(self, x.text, KINDS[x.kind.char.upper()])

    # --- arithmetic

    def arithmetic(self, op: str, x: Number, y: Number) -> Value:
        """A sum, difference or product: ``add``, ``sub``, ``mul``."""
        a, b = self.common(x, y)
        if a.kind is BOOL:
            return self.bits({"add": "or", "mul": "and"}[op], a, b)
        op = _FLOAT_OPS[op] if a.kind.is_float else op
        return self.instruction(f"{op} {self.type(a.kind)} {a.text}, {b.text}", a.kind)

    def divide(self, x: Number, y: Number) -> Value:
        """A quotient; of integers in double precision."""
        a, b = self.common(x, y)
        if not a.kind.is_float:
            a, b = self.cast(a, DOUBLE), self.cast(b, DOUBLE)
        return self.instruction(f"fdiv {self.type(a.kind)} {a.text}, {b.text}", a.kind)

    def negative(self, x: Value) -> Value:
        """A number with the other sign."""
        if x.kind.is_float:
            return self.instruction(f"fneg {self.type(x.kind)} {x.text}", x.kind)
        return self.arithmetic("sub", self.constant(0, x.kind), x)

    def bits(self, op: str, x: Number, y: Number) -> Value:
        """``and``, ``or``, ``xor`` of the bits of integers, or of truth values."""
        a, b = self.common(x, y)
        return self.instruction(f"{op} {self.type(a.kind)} {a.text}, {b.text}", a.kind)

    def shift(self, op: str, x: Value, by: int) -> Value:
        """``shl``, ``lshr``, ``ashr`` of integers by a number of bits."""
        b = self.constant(by, x.kind)
        return self.instruction(f"{op} {self.type(x.kind)} {x.text}, {b.text}", x.kind)

    def compare(self, test: str, x: Number, y: Number) -> Value:
        """A comparison: ``eq``, ``ne``, ``lt``, ``le``, ``gt``, ``ge``; NaN differs from all."""
        a, b = self.common(x, y)
        if a.kind.is_float:
            how = f"fcmp {_FLOAT_TESTS[test]}"
        else:
            sign = "" if test in ("eq", "ne") else "s" if a.kind.is_signed else "u"
            how = f"icmp {sign}{test}"
        return self.instruction(f"{how} {self.type(a.kind)} {a.text}, {b.text}", BOOL)

    def select(self, condition: Value, x: Number, y: Number) -> Value:
        """X where the condition holds, y elsewhere."""
        a, b = self.common(x, y)
        t = self.type(a.kind)
        text = f"select {self.type(BOOL)} {condition.text}, {t} {a.text}, {t} {b.text}"
        return self.instruction(text, a.kind)

    def suffix(self, kind: Kind) -> str:
        """The type of a value in names of LLVM's intrinsic functions."""
        return kind.suffix if self.lanes == 1 else f"v{self.lanes}{kind.suffix}"

    def call(self, name: str, kind: Kind, *xs: Value) -> Value:
        """The value of a function of values, which is declared by this."""
        types = [self.type(x.kind) for x in xs]
        self.declare(name, f"declare {self.type(kind)} @{name}({', '.join(types)})")
        given = ", ".join(f"{t} {x.text}" for t, x in zip(types, xs, strict=True))
        return self.instruction(f"call {self.type(kind)} @{name}({given})", kind)

    def intrinsic(self, name: str, *xs: Number) -> Value:
        """One of LLVM's own functions of floats: fabs, sqrt, floor, ceil, trunc, rint, fma, ..."""
        values = self.common(*xs)
        kind = values[0].kind
        if not kind.is_float:  # LLVM would abort the process
            raise TypeError(f"{name} takes floats, not {kind.dtype}")
        return self.call(f"llvm.{name}.{self.suffix(kind)}", kind, *values)

    def fma(self, x: Number, y: Number, z: Number) -> Value:
        """The sum x * y + z, rounded once."""
        return self.intrinsic("fma", x, y, z)

    # --- memory

    def pointer(self, base: str, index: str, kind: Kind) -> str:
        """The address of an element."""
        return self.scalar(f"getelementptr {kind.memory}, ptr {base}, i64 {index}", "p")

    def load(self, address: str, kind: Kind, mask: Value | None = None) -> Value:
        """Numbers that lie side by side; with a mask those of lanes where it holds."""
        self._check_mask(mask)
        memory = STORED.get(kind, kind)
        t = self.type(memory)
        if mask is None:
            found = self.instruction(f"load {t}, ptr {address}, align {kind.size}", memory)
        elif self._is_short(kind):
            found = load_first(self, address, memory, *self.below[mask.text])
        else:
            name = f"llvm.masked.load.{self.suffix(memory)}.p0"
            m = self.type(BOOL)
            self.declare(name, f"declare {t} @{name}(ptr, i32 immarg, {m}, {t})")
            zeros = "zeroinitializer" if self.lanes > 1 else literal(0, memory)
            given = f"ptr {address}, i32 {kind.size}, {m} {mask.text}, {t} {zeros}"
            found = self.instruction(f"call {t} @{name}({given})", memory)
        return self.from_memory(found, kind)

    def from_memory(self, stored: Value, kind: Kind) -> Value:
        """What is in memory as numbers of a kind."""
        return stored if stored.kind is kind else self.cast(stored, kind)

    def to_memory(self, x: Value) -> Value:
        """Numbers as they are in memory."""
        return self.cast(x, STORED[x.kind]) if x.kind in STORED else x

    def store(self, x: Value, address: str, mask: Value | None = None) -> None:
        """Write numbers side by side; with a mask those of lanes where it holds."""
        self._check_mask(mask)
        size = x.kind.size
        x = self.to_memory(x)
        t = self.type(x.kind)
        if mask is None:
            self.emit(f"store {t} {x.text}, ptr {address}, align {size}")
            return
        if self._is_short(x.kind):
            store_first(self, x, address, *self.below[mask.text])
            return
        name = f"llvm.masked.store.{self.suffix(x.kind)}.p0"
        m = self.type(BOOL)
        self.declare(name, f"declare void @{name}({t}, ptr, i32 immarg, {m})")
        given = f"{t} {x.text}, ptr {address}, i32 {size}, {m} {mask.text}"
        self.emit(f"call void @{name}({given})")

    def _addresses(self, base: str, step: int, kind: Kind) -> str:
        """The addresses of as many numbers as there are lanes, a step apart."""
        steps = ", ".join(f"i64 {k * step}" for k in range(self.lanes))
        given = f"ptr {base}, <{self.lanes} x i64> <{steps}>"
        return self.scalar(f"getelementptr {kind.memory}, {given}", "p")

    def gather(self, base: str, step: int, kind: Kind, mask: Value | None = None) -> Value:
        """Numbers that lie a step apart; with a mask those of lanes where it holds."""
        if step == 1 or self.lanes == 1:
            return self.load(base, kind, mask)
        if step == -1 and mask is None:
            return self.reversed(self.load(self.pointer(base, str(1 - self.lanes), kind), kind))
        return self._gathered(self._addresses(base, step, kind), kind, mask)

    def gather_at(self, base: str, index: Value, kind: Kind) -> Value:
        """Numbers at indices, one for each lane."""
        if self.lanes == 1:
            return self.load(self.pointer(base, index.text, kind), kind)
        given = f"ptr {base}, {self.type(index.kind)} {index.text}"
        return self._gathered(self.scalar(f"getelementptr {kind.memory}, {given}", "p"), kind, None)

    def _gathered(self, where: str, kind: Kind, mask: Value | None) -> Value:
        memory = STORED.get(kind, kind)
        t, m, n = self.type(memory), self.type(BOOL), self.lanes
        name = f"llvm.masked.gather.{self.suffix(memory)}.v{n}p0"
        self.declare(name, f"declare {t} @{name}(<{n} x ptr>, i32 immarg, {m}, {t})")
        held = (mask or self.constant(True, BOOL)).text
        given = f"<{n} x ptr> {where}, i32 {kind.size}, {m} {held}, {t} zeroinitializer"
        return self.from_memory(self.instruction(f"call {t} @{name}({given})", memory), kind)

    def scatter(self, x: Value, base: str, step: int, mask: Value | None = None) -> None:
        """Write numbers a step apart; with a mask those of lanes where it holds."""
        if step == 1 or self.lanes == 1:
            self.store(x, base, mask)
            return
        if step == -1 and mask is None:
            self.store(self.reversed(x), self.pointer(base, str(1 - self.lanes), x.kind))
            return
        size = x.kind.size
        where = self._addresses(base, step, x.kind)
        x = self.to_memory(x)
        t, m, n = self.type(x.kind), self.type(BOOL), self.lanes
        name = f"llvm.masked.scatter.{self.suffix(x.kind)}.v{n}p0"
        self.declare(name, f"declare void @{name}({t}, <{n} x ptr>, i32 immarg, {m})")
        held = (mask or self.constant(True, BOOL)).text
        given = f"{t} {x.text}, <{n} x ptr> {where}, i32 {size}, {m} {held}"
        self.emit(f"call void @{name}({given})")

    def reversed(self, x: Value) -> Value:
        """The lanes in the other order."""
        t = self.type(x.kind)
        order = ", ".join(f"i32 {k}" for k in reversed(range(self.lanes)))
        places = f"<{self.lanes} x i32> <{order}>"
        return self.instruction(f"shufflevector {t} {x.text}, {t} poison, {places}", x.kind)

    def repeated(self, base: str, kind: Kind) -> Value:
        """One number of an array in all lanes."""
        register = self.scalar(f"load {kind.memory}, ptr {base}, align {kind.size}")
        if kind is BOOL:
            register = self.scalar(f"icmp ne i8 {register}, 0")
        return self.splat(register, kind)

    def store_one(self, register: str, address: str, kind: Kind) -> None:
        """Write one number."""
        if kind is BOOL:
            register = self.scalar(f"zext i1 {register} to i8")
        self.emit(f"store {kind.memory} {register}, ptr {address}, align {kind.size}")

    def _is_short(self, kind: Kind) -> bool:
        """True for vectors of which masks are not to be trusted."""
        return self.lanes * kind.size * 8 < SHORTEST

    def _check_mask(self, mask: Value | None) -> None:
        """Raise for a mask of one lane: LLVM has no such loads, and would abort the process."""
        if mask is not None and self.lanes == 1:
            raise ValueError("one lane is loaded and stored without a mask")

    def splat(self, register: str, kind: Kind) -> Value:
        """The same number in all lanes, from a scalar register."""
        if self.lanes == 1:
            return Value(self, register, kind)
        t = self.type(kind)
        first = self.scalar(f"insertelement {t} poison, {kind.register} {register}, i64 0")
        places = f"<{self.lanes} x i32> zeroinitializer"
        return self.instruction(f"shufflevector {t} {first}, {t} poison, {places}", kind)

    def lanes_below(self, index: str, stop: str) -> Value:
        """The mask of lanes with numbers, from ``index`` on, below ``stop``."""
        m = self.type(BOOL)
        if self.lanes == 1:
            return self.instruction(f"icmp slt i64 {index}, {stop}", BOOL)
        name = f"llvm.get.active.lane.mask.v{self.lanes}i1.i64"
        self.declare(name, f"declare {m} @{name}(i64, i64)")
        found = self.instruction(f"call {m} @{name}(i64 {index}, i64 {stop})", BOOL)
        self.below[found.text] = index, stop
        return found


def _is_pure(text: str) -> bool:
    """True if an instruction depends on nothing but its operands."""
    return not text.startswith(("load", "phi")) and "llvm.masked." not in text


def literal(value: float, kind: Kind) -> str:
    """One number in LLVM's notation, exactly."""
    if kind is BOOL:
        return "true" if value else "false"
    if not kind.is_float:
        return str(int(value))
    with np.errstate(over="ignore"):
        exact = float(kind.dtype.type(value))
    return f"0x{struct.pack('>d', exact).hex().upper()}"


def common_kind(xs: tuple[Number, ...]) -> Kind:
    """The kind in which NumPy computes with values and Python's numbers."""
    kinds = {x.kind if isinstance(x, Value) else None for x in xs}
    if len(kinds) == 1 and None not in kinds:
        return kinds.pop()  # type: ignore[return-value]
    dtypes = [x.kind.dtype for x in xs if isinstance(x, Value)]
    weak = [x for x in xs if not isinstance(x, Value)]
    found = np.result_type(*dtypes, *weak)
    if found.kind not in "?biuf" or found.itemsize > 8:
        raise TypeError(f"native code has no numbers of {found}")
    return next(k for k in KINDS.values() if k.dtype == found)


__all__ = ["Instructions", "Number", "Value", "common_kind", "literal"]
