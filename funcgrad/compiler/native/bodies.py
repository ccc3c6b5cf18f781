"""Functions of a module that have memory for values in between, and can give up."""

from __future__ import annotations

from collections.abc import Sequence

from .builder import GAVE_UP, Builder
from .places import ALIGNMENT, Arena

ON_STACK = 1 << 16
"""Bytes of values in between up to which they lie on the stack."""

ARENA = "%arena"

CALLS = 8
"""So many calls stand side by side in a long function, so that compilers need not look far."""

MANY = 100
"""With more calls a function is long."""

HELD = "%arena_held"
"""Where the address of the memory for values in between is held, in long functions."""

NEVER = "never"
"""The block to which goes what does not happen."""


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
        self._offsets: dict[str, int] = {}
        self._calls: int = 0
        self._block: str = ""
        self._base: str = ARENA

    def address(self, offset: int) -> str:
        """The register of an address in the memory for values in between."""
        name = self.builder.scalar(_address(offset, ARENA), "m")
        self._offsets[name] = offset
        return name

    def call(self, function: str, addresses: Sequence[str]) -> None:
        """Call a function of addresses.

        In long functions some calls at a time are a block of their own, with addresses of their
        own: a compiler takes a time that grows faster than the length of a block, and than the
        number of registers that hold something from one block to another.
        """
        b = self.builder
        self._calls += 1
        if self._calls > MANY and self._offsets:
            if not self._calls % CALLS or b.block != self._block:
                base = b.scalar(f"load ptr, ptr {HELD}")
                never, self._block = b.scalar(f"icmp eq ptr {base}, null"), b.name("calls")
                b.emit(f"br i1 {never}, label %{NEVER}, label %{self._block}")
                b.start(self._block)
                self._base = base
            addresses = [
                b.scalar(_address(self._offsets[a], self._base)) if a in self._offsets else a
                for a in addresses
            ]
        b.emit(f"{function}({', '.join(f'ptr {a}' for a in addresses)})")

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
        if self._calls > MANY and self.arena.size:
            entry += [f"  {HELD} = alloca ptr", f"  store ptr {ARENA}, ptr {HELD}"]
        if self.builder.may_give_up:
            entry += [f"  {GAVE_UP} = alloca i8", f"  store i8 0, ptr {GAVE_UP}"]
            leave += [f"  %status = load i8, ptr {GAVE_UP}", "  %fails = icmp ne i8 %status, 0"]
            leave += ["  br i1 %fails, label %nothing, label %fine", "fine:"]
        if self.ends:
            ways = ["  br label %leave", "failed:", f"  store i8 1, ptr {GAVE_UP}"]
            ways += ["  br label %leave", "leave:"]
        end = [*ways, *leave, f"  {fine}"]
        if self._calls > MANY:
            end += [f"{NEVER}:", "  unreachable"]
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


def _address(offset: int, base: str) -> str:
    return f"getelementptr i8, ptr {base}, i64 {offset}"


__all__ = ["ARENA", "ON_STACK", "Body"]
