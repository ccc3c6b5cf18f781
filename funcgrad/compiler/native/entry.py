"""Calls of native kernels from Python: arguments checked and outputs made without Python's code.

``entry_text`` writes a function of CPython's calling convention METH_FASTCALL, ``bound`` makes a
callable of its address. Where the layout of objects is not the assumed one, the callable is
generated Python that does the same.
"""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import layout
from .builder import Builder
from .kinds import Kind

PYTHONS: dict[str, type] = {"d": float, "l": int, "?": bool}
"""Python's types of numbers, by the kind that kernels read them as."""


class Spec(NamedTuple):
    """What an argument or output of a kernel is.

    Attributes:
        shape: lengths of its axes.
        kind: type of its numbers.
        is_python: a Python float, int or bool and nothing else; a NumPy scalar or array of the
            same kind promotes differently, and was not what the kernel was made for.
    """

    shape: tuple[int, ...]
    kind: Kind
    is_python: bool = False


class Signature(NamedTuple):
    """What a kernel takes and makes.

    Attributes:
        ins: its inputs.
        outs: its outputs; those of shape () come back as NumPy scalars.
        release_above: where an input or output has more elements than this, other threads run
            Python meanwhile.
        fails: the kernel returns an int, which is not 0 where it gave up.
    """

    ins: tuple[Spec, ...]
    outs: tuple[Spec, ...]
    release_above: int = 20_000
    fails: bool = False

    @property
    def releases(self) -> bool:
        """Whether the lock of the interpreter is released while the kernel runs."""
        sizes = [math.prod(s.shape) for s in (*self.ins, *self.outs)]
        return max(sizes, default=0) > self.release_above


_SLOW, _FAILED = 1, 2
_FIRST_TYPE = 3


class _Entry:
    """The text of one entry under construction."""

    def __init__(self, name: str, kernel: str, signature: Signature) -> None:
        self.name: str = name
        self.kernel: str = kernel
        self.ins, self.outs = signature.ins, signature.outs
        self.releases: bool = signature.releases
        self.fails: bool = signature.fails
        self.shapes: list[str] = []
        self.b: Builder = Builder(1)
        self.held: list[str] = []
        self.made: dict[int, str] = {}
        self.arrays: int = 0

    def text(self) -> str:
        """The function, and the shapes that it makes arrays of."""
        self.start()
        for i, spec in enumerate(self.ins):
            self.take(i, spec)
        for j, spec in enumerate(self.outs):
            self.place(j, spec)
        self.run()
        for j, spec in enumerate(self.outs):
            if not spec.shape:
                self.make_scalar(j, spec)
        self.give_back()
        self.go_slowly("slow", _SLOW)
        if self.fails:
            self.give_up()
        head = f"define ptr @{self.name}(ptr %self, ptr %args, i64 %n) nounwind {{"
        return "\n".join([*self.shapes, head, *self.b.lines, "}", ""])

    # --- what is read ---------------------------------------------------------------------------

    def load(self, kind: str, base: str, offset: str | int) -> str:
        return self.b.scalar(f"load {kind}, ptr {self.at(base, offset)}")

    def at(self, base: str, offset: str | int) -> str:
        return self.b.scalar(f"getelementptr i8, ptr {base}, i64 {offset}")

    def kept(self, place: int) -> str:
        """An object in the tuple that is handed over as self."""
        return self.load("ptr", "%self", layout.TUPLE + 8 * place)

    def known(self, name: str, kind: str = "ptr") -> str:
        """An offset or address in the context."""
        return self.load(kind, "%context", layout.BYTES + 8 * layout.CONTEXT.index(name))

    def go_on_if(self, condition: str, otherwise: str = "slow") -> None:
        following = self.b.name("next")
        self.b.emit(f"br i1 {condition}, label %{following}, label %{otherwise}")
        self.b.start(following)

    def call(self, function: str, result: str, given: str) -> str:
        return self.b.scalar(f"call {result} {self.known(function)}({given})")

    # --- parts --------------------------------------------------------------------------------

    def start(self) -> None:
        b = self.b
        b.start("entry")
        b.emit(f"%pointers = alloca [{max(1, len(self.ins) + len(self.outs))} x ptr]")
        b.emit("%overflow = alloca i32")
        for i in range(len(self.ins)):
            b.emit(f"%in{i} = alloca i64")
        for j in range(len(self.outs)):
            b.emit(f"%out{j} = alloca i64")
        place = self.at("%self", layout.TUPLE)
        b.emit(f"%context = load ptr, ptr {place}")
        for field in layout.FIELDS:
            b.emit(f"%{field} = bitcast i64 {self.known(field, 'i64')} to i64")
        b.emit(f"%ndarray = bitcast ptr {self.known('ndarray')} to ptr")
        self.go_on_if(b.scalar(f"icmp eq i64 %n, {len(self.ins)}"))

    def point(self, place: int, address: str) -> None:
        self.b.emit(f"store ptr {address}, ptr {self.at('%pointers', 8 * place)}")

    def take(self, i: int, spec: Spec) -> None:
        """Check an argument and note where its numbers are."""
        x = self.load("ptr", "%args", 8 * i)
        found = self.load("ptr", x, "%type")
        if spec.is_python:
            self.point(i, self.number_of_python(i, spec, x, found))
        elif spec.shape:
            self.go_on_if(self.b.scalar(f"icmp eq ptr {found}, %ndarray"))
            self.point(i, self.numbers(i, spec, x))
        else:
            self.point(i, self.array_or_scalar(i, spec, x, found))

    def numbers(self, i: int, spec: Spec, x: str) -> str:
        """The address of an array's numbers, if its fields are those that were asked for."""
        b = self.b
        dtype = self.load("ptr", x, "%dtype")
        same = [b.scalar(f"icmp eq ptr {dtype}, {self.kept(_FIRST_TYPE + 2 * i)}")]
        same.append(b.scalar(f"icmp eq i32 {self.load('i32', x, '%ndim')}, {len(spec.shape)}"))
        flags = b.scalar(f"and i32 {self.load('i32', x, '%flags')}, {layout.ORDERLY}")
        same.append(b.scalar(f"icmp eq i32 {flags}, {layout.ORDERLY}"))
        self.go_on_if(self.all_of(same))
        if spec.shape:
            shape = self.load("ptr", x, "%shape")
            lengths = [self.load("i64", shape, 8 * k) for k in range(len(spec.shape))]
            pairs = zip(lengths, spec.shape, strict=True)
            self.go_on_if(self.all_of([b.scalar(f"icmp eq i64 {a}, {n}") for a, n in pairs]))
        return self.load("ptr", x, "%data")

    def all_of(self, conditions: list[str]) -> str:
        found = conditions[0]
        for c in conditions[1:]:
            found = self.b.scalar(f"and i1 {found}, {c}")
        return found

    def array_or_scalar(self, i: int, spec: Spec, x: str, found: str) -> str:
        """The address of one number: of a scalar, which holds it, or of an array without axes."""
        b = self.b
        scalar, array, both = (f"{name}{i}" for name in ("scalar", "array", "both"))
        b.emit(f"%is_{array} = icmp eq ptr {found}, %ndarray")
        b.emit(f"br i1 %is_{array}, label %{array}, label %{scalar}")
        b.start(scalar)
        same = b.scalar(f"icmp eq ptr {found}, {self.kept(_FIRST_TYPE + 2 * i + 1)}")
        self.go_on_if(same)
        inside, of_scalar = self.at(x, "%number"), b.block
        b.emit(f"br label %{both}")
        b.start(array)
        data = self.numbers(i, spec, x)
        of_array = b.block
        b.emit(f"br label %{both}")
        b.start(both)
        return b.scalar(f"phi ptr [ {inside}, %{of_scalar} ], [ {data}, %{of_array} ]")

    def number_of_python(self, i: int, spec: Spec, x: str, found: str) -> str:
        """The address of the number of a Python float, int or bool."""
        b = self.b
        self.go_on_if(b.scalar(f"icmp eq ptr {found}, {self.kept(_FIRST_TYPE + 2 * i + 1)}"))
        if spec.kind.char == "d":
            return self.at(x, "%number")
        given = f"ptr {x}, ptr %overflow"
        number = self.call("PyLong_AsLongLongAndOverflow", "i64", given)
        overflow = b.scalar("load i32, ptr %overflow")
        self.go_on_if(b.scalar(f"icmp eq i32 {overflow}, 0"))
        if spec.kind.char == "?":
            number = b.scalar(f"trunc i64 {number} to i8")
            b.emit(f"store i8 {number}, ptr %in{i}")
        else:
            b.emit(f"store i64 {number}, ptr %in{i}")
        return f"%in{i}"

    def place(self, j: int, spec: Spec) -> None:
        """Make an output, or let a single number be written to the stack."""
        place = len(self.ins) + j
        if not spec.shape:
            self.point(place, f"%out{j}")
            return
        lengths = ", ".join(f"i64 {n}" for n in spec.shape)
        rank = len(spec.shape)
        shape = f"@{self.name}.shape{j}"
        self.shapes.append(f"{shape} = private constant [{rank} x i64] [{lengths}]")
        dtype = self.kept(_FIRST_TYPE + 2 * len(self.ins) + j)
        self.b.emit(f"call void {self.known('Py_IncRef')}(ptr {dtype})")  # NewFromDescr takes it
        given = f"ptr %ndarray, ptr {dtype}, i32 {rank}, ptr {shape}"
        given += ", ptr null, ptr null, i32 0, ptr null"
        x = self.hold(j, self.call("PyArray_NewFromDescr", "ptr", given))
        self.point(place, self.load("ptr", x, "%data"))

    def hold(self, j: int, x: str) -> str:
        """Go on with an output; where it could not be made, release those made before it."""
        failed = self.b.scalar(f"icmp ne ptr {x}, null")
        self.go_on_if(failed, f"drop{len(self.held)}")
        self.held.append(x)
        self.made[j] = x
        return x

    def run(self) -> None:
        b = self.b
        if self.releases:
            state = self.call("PyEval_SaveThread", "ptr", "")
        if self.fails:
            status = b.scalar(f"call i32 @{self.kernel}(ptr %pointers)")
        else:
            b.emit(f"call void @{self.kernel}(ptr %pointers)")
        if self.releases:
            b.emit(f"call void {self.known('PyEval_RestoreThread')}(ptr {state})")
        if self.fails:
            self.arrays = len(self.held)
            self.go_on_if(b.scalar(f"icmp eq i32 {status}, 0"), "gave_up")

    def make_scalar(self, j: int, spec: Spec) -> None:
        dtype = self.kept(_FIRST_TYPE + 2 * len(self.ins) + j)
        given = f"ptr %out{j}, ptr {dtype}, ptr null"
        self.hold(j, self.call("PyArray_Scalar", "ptr", given))

    def give_back(self) -> None:
        """Return the tuple of outputs; its items are stored as PyTuple_SET_ITEM does."""
        b = self.b
        found = self.call("PyTuple_New", "ptr", f"i64 {len(self.outs)}")
        self.go_on_if(b.scalar(f"icmp ne ptr {found}, null"), f"drop{len(self.held)}")
        for j in range(len(self.outs)):
            b.emit(f"store ptr {self.made[j]}, ptr {self.at(found, layout.TUPLE + 8 * j)}")
        b.emit(f"ret ptr {found}")
        for count in range(len(self.held), 0, -1):
            b.start(f"drop{count}")
            b.emit(f"call void {self.known('Py_DecRef')}(ptr {self.held[count - 1]})")
            b.emit(f"br label %drop{count - 1}")
        b.start("drop0")
        b.emit("ret ptr null")

    def go_slowly(self, label: str, place: int) -> None:
        self.b.start(label)
        given = f"ptr {self.kept(place)}, ptr %args, i64 %n, ptr null"
        self.b.emit(f"ret ptr {self.call('PyObject_Vectorcall', 'ptr', given)}")

    def give_up(self) -> None:
        """Drop the arrays that were made, and let the other callable do it."""
        self.b.start("gave_up")
        for x in self.held[: self.arrays]:
            self.b.emit(f"call void {self.known('Py_DecRef')}(ptr {x})")
        self.b.emit("br label %failed")
        self.go_slowly("failed", _FAILED)


def entry_text(name: str, kernel: str, signature: Signature) -> str:
    """LLVM's text of a METH_FASTCALL function that calls a kernel of the same module.

    The text has no addresses: they are read from a context that ``bound`` hands over.

    Args:
        name: what the function is called.
        kernel: the name of the kernel, ``void kernel(ptr pointers)``, or ``int`` if it fails.
        signature: what the kernel takes and makes.

    Raises:
        TypeError: a Python number is wanted that kernels cannot read.
    """
    _check(signature)
    return _Entry(name, kernel, signature).text()


def _check(signature: Signature) -> None:
    for i, spec in enumerate(signature.ins):
        if spec.is_python and (spec.shape or spec.kind.char not in PYTHONS):
            raise TypeError(
                f"input {i} is a Python number, but has kind {spec.kind.char!r} and shape "
                f"{spec.shape}; Python numbers have shape () and one of the kinds d, l and ?"
            )


def bound(
    address_of_entry: int | None,
    address_of_kernel: int,
    signature: Signature,
    slow: Callable[..., Any],
    keep: object = None,
    failed: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """A Python callable that runs a kernel.

    Args:
        address_of_entry: where the function of ``entry_text`` is; None if there is none.
        address_of_kernel: where the kernel is.
        signature: what the kernel takes and makes.
        slow: called with all arguments where one is not what the signature says.
        keep: kept as long as the callable; the owner of the machine code.
        failed: called with all arguments where the kernel gave up.

    Returns:
        A function of the inputs, by position, that returns the tuple of outputs.
    """
    _check(signature)
    if address_of_entry is None or not layout.is_as_assumed():
        return portable(address_of_kernel, signature, slow, keep, failed)
    types: list[object] = []
    for spec in signature.ins:
        types += [spec.kind.dtype, _scalar_type(spec)]
    types += [spec.kind.dtype for spec in signature.outs]
    name = b"native"
    fastcall = 0x80
    method = struct.pack("PPiP", id(name) + layout.BYTES, address_of_entry, fastcall, 0)
    # Neither a tuple nor a built-in function is emptied by the garbage collector before it goes,
    # so that what is reached from here is there as long as the function.
    given = (layout.context(), slow, failed, *types, keep, name, method)
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return make(("PyCFunction_NewEx", ctypes.pythonapi))(id(method) + layout.BYTES, given, None)


def _scalar_type(spec: Spec) -> type:
    return PYTHONS[spec.kind.char] if spec.is_python else spec.kind.dtype.type


def portable(
    address_of_kernel: int,
    signature: Signature,
    slow: Callable[..., Any],
    keep: object = None,
    failed: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """The callable of ``bound`` as generated Python, which knows of no object's layout."""
    convention = ctypes.CFUNCTYPE if signature.releases else ctypes.PYFUNCTYPE
    names: dict[str, Any] = {
        "slow": slow,
        "failed": failed,
        "run": convention(ctypes.c_int if signature.fails else None, ctypes.c_void_p)(
            address_of_kernel
        ),
        "block": ctypes.c_void_p * (len(signature.ins) + len(signature.outs)),
        "ndarray": np.ndarray,
        "empty": np.empty,
        "array": np.array,
        "keep": keep,
    }
    for i, spec in enumerate(signature.ins):
        names[f"dtype{i}"], names[f"type{i}"] = spec.kind.dtype, _scalar_type(spec)
    for j, spec in enumerate(signature.outs):
        names[f"made{j}"] = spec.kind.dtype
    exec(portable_source(signature), names)
    return names["native"]


def portable_source(signature: Signature) -> str:
    """The source of the portable callable."""
    ins = [f"x{i}" for i in range(len(signature.ins))]
    outs = [f"y{j}" for j in range(len(signature.outs))]
    lines = ["def native(*arrays):"]
    lines.append(f"    if len(arrays) != {len(ins)}: return slow(*arrays)")
    if ins:
        lines.append(f"    {', '.join(ins)}, = arrays")
    for i, spec in enumerate(signature.ins):
        lines += [f"    {line}" for line in _portable_check(i, spec)]
    for j, spec in enumerate(signature.outs):
        lines.append(f"    y{j} = empty({spec.shape}, made{j})")
    addresses = ", ".join(f"{x}.ctypes.data" for x in ins + outs)
    run = f"run(block({addresses}))"
    lines.append(f"    if {run}: return failed(*arrays)" if signature.fails else f"    {run}")
    results = [
        y if spec.shape else f"{y}[()]" for y, spec in zip(outs, signature.outs, strict=True)
    ]
    lines.append(f"    return ({''.join(r + ', ' for r in results)})")
    return "\n".join(lines)


def _portable_check(i: int, spec: Spec) -> list[str]:
    x = f"x{i}"
    number = [f"if type({x}) is not type{i}: return slow(*arrays)"]
    if spec.is_python and spec.kind.char == "l":
        number.append(f"if not {-(2**63)} <= {x} < {2**63}: return slow(*arrays)")
    number.append(f"{x} = array({x}, dtype{i})")
    if spec.is_python:
        return number
    test = f"{x}.dtype is dtype{i} and {x}.shape == {spec.shape}"
    test += f" and {x}.flags.c_contiguous and {x}.flags.aligned"
    if spec.shape:
        return [f"if not (type({x}) is ndarray and {test}): return slow(*arrays)"]
    return [
        f"if type({x}) is ndarray:",
        f"    if not ({test}): return slow(*arrays)",
        "else:",
        *[f"    {line}" for line in number],
    ]


__all__ = ["Signature", "Spec", "bound", "entry_text", "portable", "portable_source"]
