"""The types that numbers have in native code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core.dtypes import is_small_float, small_float


class Kind(NamedTuple):
    """A type of numbers: as NumPy knows it, in registers and in memory.

    Attributes:
        char: NumPy's character.
        register: LLVM's type of one number in a register.
        memory: LLVM's type of one number in memory.
        size: bytes in memory.
    """

    char: str
    register: str
    memory: str
    size: int

    @property
    def dtype(self) -> np.dtype:
        """The dtype of arrays of such numbers."""
        return np.dtype(small_float("bfloat16") if self.char == "E" else self.char)

    @property
    def is_float(self) -> bool:
        """True for floats."""
        return self.char in "Eefd"

    @property
    def width(self) -> int:
        """Bytes in a register."""
        return 4 if self.register == "float" else self.size

    @property
    def is_signed(self) -> bool:
        """True for signed integers."""
        return self.char in "bhil"

    @property
    def suffix(self) -> str:
        """The type in names of LLVM's intrinsic functions."""
        return {"float": "f32", "double": "f64"}.get(self.register, self.register)


KINDS: dict[str, Kind] = {
    k.char: k
    for k in (
        Kind("?", "i1", "i8", 1),
        Kind("b", "i8", "i8", 1),
        Kind("B", "i8", "i8", 1),
        Kind("h", "i16", "i16", 2),
        Kind("H", "i16", "i16", 2),
        Kind("i", "i32", "i32", 4),
        Kind("I", "i32", "i32", 4),
        Kind("l", "i64", "i64", 8),
        Kind("L", "i64", "i64", 8),
        Kind("e", "float", "i16", 2),
        Kind("f", "float", "float", 4),
        Kind("d", "double", "double", 8),
    )
}
"""By NumPy's characters. Numbers of 16 bits are floats in registers, rounded as they are made."""

BOOL, INT32, INT64, HALF, FLOAT, DOUBLE = (KINDS[c] for c in "?ilefd")

BRIEF = Kind("E", "float", "i16", 2)
"""Numbers of bfloat16: floats in registers, which programs convert from and to."""

ROUNDED = (HALF, BRIEF)
"""Kinds of numbers that are floats in registers, with fewer digits."""

STORED: dict[Kind, Kind] = {BOOL: KINDS["B"], HALF: KINDS["H"], BRIEF: KINDS["H"]}
"""The integers that numbers are in memory, where they are something else in registers."""

_BY_PLACE: dict[tuple[str, int], Kind] = {(k.dtype.kind, k.size): k for k in KINDS.values()}


def kind_of(dtype: np.dtype) -> Kind | None:
    """The kind of numbers of a dtype in this machine's byte order; None if there is none."""
    if dtype.kind == "V":
        return BRIEF if is_small_float(dtype) and dtype.name == "bfloat16" else None
    return _BY_PLACE.get((dtype.kind, dtype.itemsize)) if dtype.isnative else None


COMPLEX: dict[str, Kind] = {
    k.char: k for k in (Kind("F", "", "[2 x float]", 8), Kind("D", "", "[2 x double]", 16))
}
"""Complex numbers, which are in memory only: two numbers side by side."""


def in_memory(dtype: np.dtype) -> Kind | None:
    """The kind of numbers of a dtype, complex ones as well; None if there is none."""
    return COMPLEX.get(dtype.char if dtype.isnative else "") or kind_of(dtype)


def parts(kind: Kind) -> Kind:
    """The kind of the parts of complex numbers."""
    return {"F": FLOAT, "D": DOUBLE}[kind.char]
