"""The native function that all calls of kernels from Python go through: it carries out a plan.

A plan is a row of words: the context of ``layout``, how much memory is needed, and three lists of
instructions, each a number and its operands: to take the arguments apart and check them, to make
what the kernel writes to, and to put the results together. The function is compiled once per
machine; what differs from kernel to kernel are the plans.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from . import layout
from .instructions import GIVING, MAKING, TAKING, Instruction, Text

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

PLAN, SLOW, FAILED = 0, 1, 2
"""Places in the tuple that is handed over as self: the plan, and what else is called."""


class _Function(Text):
    """The text of the function under construction."""

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
        b.start("gave_up")
        self.release()
        self.instead(FAILED)
        b.start("slow")
        self.instead(SLOW)
        head = "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {"
        return "\n".join([*b.declared.values(), head, *b.lines, "}", ""])

    def instead(self, place: int) -> None:
        """Let another callable do it."""
        other = self.load("ptr", "%self", layout.TUPLE + 8 * place)
        given = f"ptr {other}, ptr %args, i64 %n, ptr %names"
        self.b.emit(f"ret ptr {self.call(self.known['PyObject_Vectorcall'], 'ptr', given)}")

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
        first = self.call(self.known["kernel"], "i32", "ptr %places")
        b.emit(f"call void {self.known['PyEval_RestoreThread']}(ptr {state})")
        b.emit(f"br label %{done}")
        b.start(kept)
        second = self.call(self.known["kernel"], "i32", "ptr %places")
        b.emit(f"br label %{done}")
        b.start(done)
        status = b.scalar(f"phi i32 [ {first}, %{free} ], [ {second}, %{kept} ]")
        self.go_on_if(self.same(status, "0", "i32"), "gave_up")


@functools.cache
def text() -> str:
    """LLVM's text of the function, ``call``."""
    return _Function().whole()


__all__ = ["HEADER", "text"]
