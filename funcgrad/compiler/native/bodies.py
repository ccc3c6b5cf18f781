"""Functions of a module that have memory for values in between, and can give up."""

from __future__ import annotations

from collections.abc import Sequence

from .builder import GAVE_UP, Builder
from .places import ALIGNMENT, Arena

ON_STACK = 1 << 16
"""Bytes of values in between up to which they lie on the stack."""

ARENA = "%arena"


class Body:
    """A function under construction.

    Attributes:
        builder: of its instructions, one lane.
        arena: memory for values in between.
        entry: instructions that come before all others.
        leave: those that run before it returns.
        ends: whether some instruction goes to ``failed``, which gives up.
    """

    def __init__(self) -> None:
        self.builder: Builder = Builder(1)
        self.builder.start("body")
        self.arena: Arena = Arena()
        self.entry: list[str] = []
        self.leave: list[str] = []
        self.ends: bool = False

    @property
    def may_fail(self) -> bool:
        """True if it may give up, or may not get its memory."""
        return self.builder.may_give_up or self.arena.size > ON_STACK

    def text(self, head: str, begin: Sequence[str], fine: str, failed: Sequence[str]) -> str:
        """The whole function.

        Args:
            head: the line that begins it.
            begin: instructions that come first.
            fine: the instruction that returns.
            failed: those that return after it gave up.
        """
        entry, leave, ways = [*begin, *self.entry], list(self.leave), []
        on_heap = self.arena.size > ON_STACK
        start = "  br label %body"
        if on_heap:
            given = f"i64 {self.arena.size + ALIGNMENT}"
            entry += [
                f"  %room = call ptr @malloc({given})",
                f"  %room_end = getelementptr i8, ptr %room, i64 {ALIGNMENT}",
                f"  {ARENA} = call ptr @llvm.ptrmask.p0.i64(ptr %room_end, i64 {-ALIGNMENT})",
                "  %no_room = icmp eq ptr %room, null",
            ]
            start = "  br i1 %no_room, label %nothing, label %body"
            leave.append("  call void @free(ptr %room)")
        elif self.arena.size:
            entry.append(f"  {ARENA} = alloca i8, i64 {self.arena.size}, align {ALIGNMENT}")
        if self.builder.may_give_up:
            entry += [f"  {GAVE_UP} = alloca i8", f"  store i8 0, ptr {GAVE_UP}"]
            leave += [f"  %status = load i8, ptr {GAVE_UP}", "  %fails = icmp ne i8 %status, 0"]
            leave += ["  br i1 %fails, label %nothing, label %fine", "fine:"]
        if self.ends:
            ways = ["  br label %leave", "failed:", f"  store i8 1, ptr {GAVE_UP}"]
            ways += ["  br label %leave", "leave:"]
        end = [*ways, *leave, f"  {fine}"]
        if self.may_fail:
            end += ["nothing:", *(f"  {line}" for line in failed)]
        return "\n".join([head, "entry:", *entry, start, *self.builder.lines, *end, "}"])

    def declared(self) -> dict[str, str]:
        """What the text refers to in the module."""
        found = dict(self.builder.declared)
        if self.arena.size > ON_STACK:
            found["malloc"] = "declare ptr @malloc(i64)"
            found["free"] = "declare void @free(ptr)"
            found["llvm.ptrmask"] = "declare ptr @llvm.ptrmask.p0.i64(ptr, i64)"
        return found


__all__ = ["ARENA", "ON_STACK", "Body"]
