"""LLVM's text, instruction by instruction: values of explicit vectors, with Python's operators.

Arithmetic has no fast-math flags, so that it rounds as NumPy's does. Where a product and a sum
are to be rounded once, ``fma`` says so.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

import numpy as np

from .kinds import BOOL, DOUBLE, KINDS, Kind

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
        if name not in self.declared:
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


def _is_pure(text: str) -> bool:
    """True if an instruction depends on nothing but its operands."""
    return not text.startswith(("load", "phi")) and "llvm.masked." not in text


def literal(value: float, kind: Kind) -> str:
    """One number in LLVM's notation, exactly."""
    if kind is BOOL:
        return "true" if value else "false"
    if not kind.is_float:
        return str(int(value))
    if kind is DOUBLE:
        exact = float(value)
    else:
        with np.errstate(over="ignore"):
            exact = float(kind.dtype.type(value))
    return f"0x{struct.pack('>d', exact).hex().upper()}"


def common_kind(xs: tuple[Number, ...]) -> Kind:
    """The kind in which NumPy computes with values and Python's numbers."""
    kinds = {x.kind if isinstance(x, Value) else None for x in xs}
    if len(kinds) == 1 and None not in kinds:
        return kinds.pop()  # type: ignore[return-value]
    if len(kinds) == 2 and None in kinds:
        (only,) = (k for k in kinds if k is not None)
        if only.is_float and not any(isinstance(x, complex) for x in xs):
            return only
    dtypes = [x.kind.dtype for x in xs if isinstance(x, Value)]
    weak = [x for x in xs if not isinstance(x, Value)]
    found = np.result_type(*dtypes, *weak)
    if found.kind not in "?biuf" or found.itemsize > 8:
        raise TypeError(f"native code has no numbers of {found}")
    return next(k for k in KINDS.values() if k.dtype == found)


__all__ = ["Instructions", "Number", "Value", "common_kind", "literal"]
