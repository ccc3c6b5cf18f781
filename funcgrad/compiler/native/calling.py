"""The native function that all calls of kernels from Python go through: it carries out a plan.

A plan is a row of words: the context of ``layout``, how much memory is needed, and three lists of
instructions, each a number and its operands: to take the arguments apart and check them, to make
what the kernel writes to, and to put the results together. The function is compiled once per
machine; what differs from kernel to kernel are the plans.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from . import layout
from .builder import Builder

HEADER: tuple[str, ...] = (
    *layout.CONTEXT,
    "kernel",
    "counter",  # address of the number of calls that the kernel ran for
    "releases",
    "arity",
    "objects",  # arguments, and what was found inside of them
    "places",  # addresses for the kernel
    "numbers",
    "made",  # objects that are made
)
"""What stands at the head of a plan, a word each."""

PLAN, SLOW = 0, 1
"""Places in the tuple that is handed over as self: the plan, and what else is called."""


class Instruction(NamedTuple):
    """An instruction of plans.

    Attributes:
        operands: how many it has.
        write: writes what it does; it is given the registers of the operands, as integers.
    """

    operands: int
    write: Callable[..., None]


class _Text:
    """The text of the function under construction."""

    def __init__(self) -> None:
        self.b: Builder = Builder(1)
        self.known: dict[str, str] = {}

    # --- single instructions

    def at(self, base: str, offset: str | int) -> str:
        return self.b.scalar(f"getelementptr i8, ptr {base}, i64 {offset}")

    def item(self, base: str, index: str) -> str:
        return self.b.scalar(f"getelementptr i64, ptr {base}, i64 {index}")

    def load(self, kind: str, base: str, offset: str | int = 0) -> str:
        return self.b.scalar(f"load {kind}, ptr {self.at(base, offset) if offset else base}")

    def get(self, row: str, index: str) -> str:
        return self.load("ptr", self.item(row, index))

    def put(self, row: str, index: str, value: str) -> None:
        self.b.emit(f"store ptr {value}, ptr {self.item(row, index)}")

    def pointer(self, word: str) -> str:
        return self.b.scalar(f"inttoptr i64 {word} to ptr")

    def same(self, a: str, b: str, kind: str = "ptr") -> str:
        return self.b.scalar(f"icmp eq {kind} {a}, {b}")

    def call(self, function: str, result: str, given: str) -> str:
        return self.b.scalar(f"call {result} {function}({given})")

    def all_of(self, conditions: Sequence[str]) -> str:
        found = conditions[0]
        for c in conditions[1:]:
            found = self.b.scalar(f"and i1 {found}, {c}")
        return found

    def go_on_if(self, condition: str, otherwise: str) -> None:
        following = self.b.name("next")
        self.b.emit(f"br i1 {condition}, label %{following}, label %{otherwise}")
        self.b.start(following)

    def found(self, x: str, otherwise: str) -> str:
        self.go_on_if(self.b.scalar(f"icmp ne ptr {x}, null"), otherwise)
        return x

    # --- the function

    def whole(self) -> str:
        b = self.b
        b.start("entry")
        self.head()
        with b.loop("0", "%arity", 1) as i:
            self.put("%objects", i, self.get("%args", i))
        plan = self.instructions("take", self.at("%words", 8 * len(HEADER)), TAKING)
        self.each("%arity", "%count_objects", "%objects", "Py_IncRef")
        with b.loop("0", "%count_made", 1) as i:
            self.put("%made", i, "null")
        plan = self.instructions("make", plan, MAKING)
        self.run()
        plan = self.instructions("give", plan, GIVING)
        result = self.get("%made", self.load("i64", plan))
        b.emit(f"call void {self.known['Py_IncRef']}(ptr {result})")
        self.release()
        b.emit(f"ret ptr {result}")
        b.start("fail")
        self.release()
        b.emit("ret ptr null")
        b.start("slow")
        slow = self.load("ptr", "%self", layout.TUPLE + 8 * SLOW)
        given = f"ptr {slow}, ptr %args, i64 %n, ptr %names"
        b.emit(f"ret ptr {self.call(self.known['PyObject_Vectorcall'], 'ptr', given)}")
        head = "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {"
        return "\n".join([*b.declared.values(), head, *b.lines, "}", ""])

    def head(self) -> None:
        b = self.b
        plan = self.load("ptr", "%self", layout.TUPLE + 8 * PLAN)
        b.emit(f"%words = getelementptr i8, ptr {plan}, i64 {layout.BYTES}")
        numbers = ("counter", "releases", "arity", "objects", "places", "numbers", "made")
        for place, name in enumerate(HEADER):
            if name not in layout.FIELDS:
                kind = "i64" if name in numbers else "ptr"
                self.known[name] = self.load(kind, "%words", 8 * place)
        b.emit(f"%arity = add i64 {self.known['arity']}, 0")
        for name in ("objects", "made"):
            b.emit(f"%count_{name} = add i64 {self.known[name]}, 0")
        for name in ("objects", "places", "numbers", "made"):
            b.emit(f"%{name} = alloca i64, i64 {self.known[name]}")
        b.emit("%found = alloca ptr")
        b.emit("%overflow = alloca i32")
        unnamed = self.same("%names", "null")
        self.go_on_if(self.all_of([unnamed, self.same("%n", "%arity", "i64")]), "slow")

    def instructions(self, name: str, start: str, known: Sequence[Instruction]) -> str:
        """Carry out a list of instructions up to a zero; the address of what follows it."""
        b, before = self.b, self.b.block
        b.emit(f"br label %{name}")
        b.start(name)
        at = len(b.lines)
        b.emit("")
        word = self.load("i64", f"%{name}.at")
        cases = [f"i64 {k + 1}, label %{name}{k}" for k in range(len(known))]
        b.emit(f"switch i64 {word}, label %{name}.done [ {' '.join(cases)} ]")
        ways = [f"[ {start}, %{before} ]"]
        for k, instruction in enumerate(known):
            b.start(f"{name}{k}")
            given = [
                self.load("i64", f"%{name}.at", 8 * (i + 1)) for i in range(instruction.operands)
            ]
            instruction.write(self, *given)
            following = self.at(f"%{name}.at", 8 * (instruction.operands + 1))
            ways.append(f"[ {following}, %{b.block} ]")
            b.emit(f"br label %{name}")
        b.lines[at] = f"  %{name}.at = phi ptr {', '.join(ways)}"
        b.start(f"{name}.done")
        return self.at(f"%{name}.at", 8)

    def each(self, first: str, last: str, row: str, function: str) -> None:
        with self.b.loop(first, last, 1) as i:
            self.b.emit(f"call void {self.known[function]}(ptr {self.get(row, i)})")

    def release(self) -> None:
        """Give back what was found inside of arguments, and what was made."""
        self.each("%arity", "%count_objects", "%objects", "Py_DecRef")
        with self.b.loop("0", "%count_made", 1) as i:
            x, there, gone = self.get("%made", i), self.b.name("there"), self.b.name("gone")
            none = self.same(x, "null")
            self.b.emit(f"br i1 {none}, label %{gone}, label %{there}")
            self.b.start(there)
            self.b.emit(f"call void {self.known['Py_DecRef']}(ptr {x})")
            self.b.emit(f"br label %{gone}")
            self.b.start(gone)

    def run(self) -> None:
        b = self.b
        counter = self.pointer(self.known["counter"])
        counted = b.scalar(f"add i64 {self.load('i64', counter)}, 1")
        b.emit(f"store i64 {counted}, ptr {counter}")
        kept, free, done = b.name("kept"), b.name("free"), b.name("done")
        keeps = self.same(self.known["releases"], "0", "i64")
        b.emit(f"br i1 {keeps}, label %{kept}, label %{free}")
        b.start(free)
        state = self.call(self.known["PyEval_SaveThread"], "ptr", "")
        b.emit(f"call void {self.known['kernel']}(ptr %places)")
        b.emit(f"call void {self.known['PyEval_RestoreThread']}(ptr {state})")
        b.emit(f"br label %{done}")
        b.start(kept)
        b.emit(f"call void {self.known['kernel']}(ptr %places)")
        b.emit(f"br label %{done}")
        b.start(done)


# --- to take arguments apart ---------------------------------------------------------------------


def _context(t: _Text, variable: str, wanted: str) -> None:
    """Go on if the value of a context variable is of a type."""
    get = t.known["PyContextVar_Get"]
    failed = t.call(get, "i32", f"ptr {t.pointer(variable)}, ptr null, ptr %found")
    t.go_on_if(t.same(failed, "0", "i32"), "slow")
    value = t.found(t.load("ptr", "%found"), "slow")
    kind = t.load("ptr", value, layout.FIELDS["type"])
    t.b.emit(f"call void {t.known['Py_DecRef']}(ptr {value})")
    t.go_on_if(t.same(kind, t.pointer(wanted)), "slow")


def _is_orderly(t: _Text, x: str, dtype: str, rank: str) -> list[str]:
    """Conditions for an array to have a dtype and rank, and to be contiguous and aligned."""
    flags = t.load("i32", x, layout.FIELDS["flags"])
    flags = t.b.scalar(f"and i32 {flags}, {layout.ORDERLY}")
    ndim = t.b.scalar(f"sext i32 {t.load('i32', x, layout.FIELDS['ndim'])} to i64")
    return [
        t.same(t.load("ptr", x, layout.FIELDS["dtype"]), t.pointer(dtype)),
        t.same(ndim, rank, "i64"),
        t.same(flags, str(layout.ORDERLY), "i32"),
    ]


def _array(t: _Text, at: str, dtype: str, rank: str, lengths: str, place: str) -> None:
    x = t.get("%objects", at)
    kind = t.load("ptr", x, layout.FIELDS["type"])
    t.go_on_if(t.same(kind, t.known["ndarray"]), "slow")
    t.go_on_if(t.all_of(_is_orderly(t, x, dtype, rank)), "slow")
    shape = t.load("ptr", x, layout.FIELDS["shape"])
    wanted = t.pointer(lengths)
    with t.b.loop("0", rank, 1) as i:
        n, m = t.load("i64", t.item(shape, i)), t.load("i64", t.item(wanted, i))
        t.go_on_if(t.same(n, m, "i64"), "slow")
    t.put("%places", place, t.load("ptr", x, layout.FIELDS["data"]))


def _scalar(t: _Text, at: str, dtype: str, scalar: str, place: str) -> None:
    """A NumPy scalar, or an array without axes."""
    b = t.b
    x = t.get("%objects", at)
    kind = t.load("ptr", x, layout.FIELDS["type"])
    array, number, both = (b.name(name) for name in ("array", "number", "both"))
    is_scalar = t.same(kind, t.pointer(scalar))
    b.emit(f"br i1 {is_scalar}, label %{number}, label %{array}")
    b.start(array)
    t.go_on_if(t.same(kind, t.known["ndarray"]), "slow")
    t.go_on_if(t.all_of(_is_orderly(t, x, dtype, "0")), "slow")
    data, of_array = t.load("ptr", x, layout.FIELDS["data"]), b.block
    b.emit(f"br label %{both}")
    b.start(number)
    inside = t.at(x, layout.FIELDS["number"])
    b.emit(f"br label %{both}")
    b.start(both)
    t.put("%places", place, b.scalar(f"phi ptr [ {inside}, %{number} ], [ {data}, %{of_array} ]"))


def _object_of(t: _Text, at: str, kind: str) -> str:
    x = t.get("%objects", at)
    found = t.load("ptr", x, layout.FIELDS["type"])
    t.go_on_if(t.same(found, t.pointer(kind)), "slow")
    return x


def _python_float(t: _Text, at: str, kind: str, place: str) -> None:
    t.put("%places", place, t.at(_object_of(t, at, kind), layout.FIELDS["number"]))


def _integer_of(t: _Text, at: str, kind: str) -> str:
    x = _object_of(t, at, kind)
    read = t.known["PyLong_AsLongLongAndOverflow"]
    number = t.call(read, "i64", f"ptr {x}, ptr %overflow")
    t.go_on_if(t.same(t.load("i32", "%overflow"), "0", "i32"), "slow")
    return number


def _python_int(t: _Text, at: str, kind: str, place: str, number: str) -> None:
    found = _integer_of(t, at, kind)
    where = t.item("%numbers", number)
    t.b.emit(f"store i64 {found}, ptr {where}")
    t.put("%places", place, where)


def _python_bool(t: _Text, at: str, kind: str, place: str, number: str) -> None:
    found = t.b.scalar(f"trunc i64 {_integer_of(t, at, kind)} to i8")
    where = t.item("%numbers", number)
    t.b.emit(f"store i8 {found}, ptr {where}")
    t.put("%places", place, where)


def _very_object(t: _Text, at: str, wanted: str) -> None:
    t.go_on_if(t.same(t.get("%objects", at), t.pointer(wanted)), "slow")


def _container(t: _Text, at: str, kind: str, size_of: str, size: str) -> None:
    x = _object_of(t, at, kind)
    t.go_on_if(t.same(t.call(t.pointer(size_of), "i64", f"ptr {x}"), size, "i64"), "slow")


def _child(t: _Text, at: str, get: str, key: str, target: str) -> None:
    x = t.get("%objects", at)
    t.put("%objects", target, t.found(t.call(t.pointer(get), "ptr", f"ptr {x}, i64 {key}"), "slow"))


# --- to make what the kernel writes to -----------------------------------------------------------


def _new_array(t: _Text, dtype: str, rank: str, shape: str, place: str, target: str) -> None:
    given = t.pointer(dtype)
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {given})")  # NewFromDescr takes it
    ndim = t.b.scalar(f"trunc i64 {rank} to i32")
    x = t.call(
        t.known["PyArray_NewFromDescr"],
        "ptr",
        f"ptr {t.known['ndarray']}, ptr {given}, i32 {ndim}, ptr {t.pointer(shape)}, "
        "ptr null, ptr null, i32 0, ptr null",
    )
    t.put("%made", target, t.found(x, "fail"))
    t.put("%places", place, t.load("ptr", x, layout.FIELDS["data"]))


def _new_number(t: _Text, number: str, place: str) -> None:
    t.put("%places", place, t.item("%numbers", number))


def _constant(t: _Text, address: str, place: str) -> None:
    t.put("%places", place, t.pointer(address))


# --- to put results together ---------------------------------------------------------------------


def _give_scalar(t: _Text, dtype: str, number: str, target: str) -> None:
    given = f"ptr {t.item('%numbers', number)}, ptr {t.pointer(dtype)}, ptr null"
    t.put("%made", target, t.found(t.call(t.known["PyArray_Scalar"], "ptr", given), "fail"))


def _give_float(t: _Text, convert: str, number: str, target: str) -> None:
    value = t.load("double", t.item("%numbers", number))
    x = t.call(t.pointer(convert), "ptr", f"double {value}")
    t.put("%made", target, t.found(x, "fail"))


def _give_object(t: _Text, given: str, target: str) -> None:
    x = t.pointer(given)
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {x})")
    t.put("%made", target, x)


def _give_argument(t: _Text, at: str, target: str) -> None:
    x = t.get("%objects", at)
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {x})")
    t.put("%made", target, x)


def _give_container(t: _Text, make: str, size: str, target: str) -> None:
    t.put("%made", target, t.found(t.call(t.pointer(make), "ptr", f"i64 {size}"), "fail"))


def _set(t: _Text, container: str, put: str, key: str, value: str) -> None:
    """Put a value into a dict."""
    given = f"ptr {t.get('%made', container)}, i64 {key}, ptr {t.get('%made', value)}"
    t.go_on_if(t.same(t.call(t.pointer(put), "i32", given), "0", "i32"), "fail")


def _set_item(t: _Text, container: str, put: str, key: str, value: str) -> None:
    """Put a value into a tuple or list, which takes the reference."""
    t.b.emit(f"call void {t.known['Py_IncRef']}(ptr {t.get('%made', value)})")
    _set(t, container, put, key, value)


def _called(t: _Text, function: str, given: str, target: str) -> None:
    """Call an object with a tuple of arguments."""
    call = t.known["PyObject_CallObject"]
    x = t.call(call, "ptr", f"ptr {t.pointer(function)}, ptr {t.get('%made', given)}")
    t.put("%made", target, t.found(x, "fail"))


def _listed(*writers: Callable[..., None]) -> tuple[Instruction, ...]:
    return tuple(Instruction(w.__code__.co_argcount - 1, w) for w in writers)


TAKING: tuple[Instruction, ...] = _listed(
    _array, _scalar, _python_float, _python_int, _python_bool,
    _very_object, _container, _child, _context,
)  # fmt: skip
MAKING: tuple[Instruction, ...] = _listed(_new_array, _new_number, _constant)
GIVING: tuple[Instruction, ...] = _listed(
    _give_scalar, _give_float, _give_object, _give_argument,
    _give_container, _set, _set_item, _called,
)  # fmt: skip

ARRAY, SCALAR, FLOAT, INT, BOOL, VERY_OBJECT, CONTAINER, CHILD, CONTEXT = range(1, len(TAKING) + 1)
NEW_ARRAY, NEW_NUMBER, CONSTANT = range(1, len(MAKING) + 1)
(
    GIVE_SCALAR, GIVE_FLOAT, GIVE_OBJECT, GIVE_ARGUMENT, GIVE_CONTAINER, SET, SET_ITEM, CALLED
) = range(1, len(GIVING) + 1)  # fmt: skip
"""The numbers of instructions."""


@functools.cache
def text() -> str:
    """LLVM's text of the function, ``call``."""
    return _Text().whole()


__all__ = ["HEADER", "Instruction", "text"]
