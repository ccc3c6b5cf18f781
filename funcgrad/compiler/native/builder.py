"""The text of a function under construction: single instructions, and loops around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .halves import HalfInstructions
from .kinds import BOOL, DOUBLE, INT32, INT64
from .values import Number, Value, common_kind, literal

GAVE_UP = "%gave_up"
"""The address of a byte that is not 0 once a program has given up."""


class Builder(HalfInstructions):
    """The text of one function under construction; its values have ``lanes`` numbers."""

    # --- giving up

    def give_up_if(self, condition: Value) -> None:
        """Note that NumPy is to compute all of the program, and to raise what it raises."""
        self.may_give_up = True
        self.note(condition, GAVE_UP)

    def note(self, condition: Value, address: str) -> None:
        """Set a byte in memory if a condition holds in some lane."""
        byte = self.scalar(f"zext i1 {self.any(condition)} to i8")
        before = self.scalar(f"load i8, ptr {address}")
        self.emit(f"store i8 {self.scalar(f'or i8 {before}, {byte}')}, ptr {address}")

    def any(self, condition: Value) -> str:
        """The register of whether a condition holds in some lane."""
        if self.lanes == 1:
            return condition.text
        name = f"llvm.vector.reduce.or.{self.suffix(BOOL)}"
        self.declare(name, f"declare i1 @{name}({self.type(BOOL)})")
        return self.scalar(f"call i1 @{name}({self.type(BOOL)} {condition.text})")

    def _unless_given_up(self, branch: str) -> str:
        """The text of a branch that is taken only if the program has not given up."""
        before = len(self.lines)
        byte = self.scalar(f"load i8, ptr {GAVE_UP}")
        fine = self.scalar(f"icmp eq i8 {byte}, 0")
        condition = branch.split("i1 ")[1].split(",")[0]
        both = self.scalar(f"and i1 {fine}, {condition}")
        added = self.lines[before:]
        del self.lines[before:]
        return "\n".join([*added, branch.replace(f"i1 {condition}", f"i1 {both}", 1)])

    # --- loops

    def _enter(self, start: str, stop: str, body: str, after: str) -> bool:
        """Begin the body of a loop; true if it runs at least once, which needs no test."""
        surely = start.isdigit() and stop.isdigit() and int(start) < int(stop)
        if surely:
            self.emit(f"br label %{body}")
        else:
            test = self.scalar(f"icmp slt i64 {start}, {stop}")
            self.emit(f"br i1 {test}, label %{body}, label %{after}")
        self.start(body)
        return surely

    @contextmanager
    def loop(self, start: str, stop: str, step: int) -> Iterator[str]:
        """A loop while the index is below ``stop``; what is built inside is its body.

        Yields:
            The register of the index.
        """
        body, after = self.name("body"), self.name("after")
        index, following = "%" + self.name("i"), "%" + self.name("i")
        before = self.block
        self._enter(start, stop, body, after)
        place = len(self.lines)
        self.emit("")
        yield index
        self.emit(f"{following} = add nsw i64 {index}, {step}")
        again = self.scalar(f"icmp slt i64 {following}, {stop}")
        self.emit(f"br i1 {again}, label %{body}, label %{after}")
        end = self.block
        self.lines[place] = f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{end} ]"
        self.start(after)

    @contextmanager
    def loop_with(
        self, start: str, stop: str, step: int, values: list[Value]
    ) -> Iterator[tuple[str, list[Value]]]:
        """A loop that hands values on from turn to turn.

        Yields:
            The register of the index, and a list of the values as a turn begins. The body puts
            those of its end into the list; after the loop it holds those of the last turn.
        """
        before, after, entered = self.block, self.name("after"), self.name("body")
        index, following = "%" + self.name("i"), "%" + self.name("i")
        surely = self._enter(start, stop, entered, after)
        place = len(self.lines)
        phis = ["%" + self.name("c") for _ in values]
        self.lines += [""] * (1 + len(values))
        state = [Value(self, r, v.kind) for r, v in zip(phis, values, strict=True)]
        yield index, state
        self.emit(f"{following} = add nsw i64 {index}, {step}")
        again = self.scalar(f"icmp slt i64 {following}, {stop}")
        self.emit(f"br i1 {again}, label %{entered}, label %{after}")
        end = self.block
        self.lines[place] = f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{end} ]"
        for k, (phi, first, last) in enumerate(zip(phis, values, state, strict=True)):
            t = self.type(first.kind)
            self.lines[place + 1 + k] = (
                f"  {phi} = phi {t} [ {first.text}, %{before} ], [ {last.text}, %{end} ]"
            )
        self.start(after)
        if surely:
            return
        for k, (first, last) in enumerate(zip(values, list(state), strict=True)):
            t = self.type(first.kind)
            state[k] = self.instruction(
                f"phi {t} [ {first.text}, %{before} ], [ {last.text}, %{end} ]", first.kind
            )

    @contextmanager
    def turns(
        self, values: list[Value]
    ) -> Iterator[tuple[str, list[Value], Callable[[str], None]]]:
        """A loop that is left at a test in the middle, and hands values on from turn to turn.

        Yields:
            The register of the number of turns made, a list of the values as a turn begins, into
            which those of its end are put, and what writes the test: a function of the register
            that says whether to go on. After the loop number and values are those at the test.
        """
        before, head = self.block, self.name("head")
        body, after = self.name("body"), self.name("after")
        index, following = "%" + self.name("i"), "%" + self.name("i")
        phis = ["%" + self.name("c") for _ in values]
        self.emit(f"br label %{head}")
        self.start(head)
        place = len(self.lines)
        self.lines += [""] * (1 + len(values))
        begun = [Value(self, r, v.kind) for r, v in zip(phis, values, strict=True)]
        state = list(begun)

        test = 0

        def go_on_if(condition: str) -> None:
            nonlocal test
            test = len(self.lines)
            self.emit(f"br i1 {condition}, label %{body}, label %{after}")
            self.start(body)

        yield index, state, go_on_if
        if self.may_give_up:  # what was computed since may be wrong, and never end
            self.lines[test] = self._unless_given_up(self.lines[test])
        self.emit(f"{following} = add nsw i64 {index}, 1")
        self.emit(f"br label %{head}")
        end = self.block
        self.lines[place] = f"  {index} = phi i64 [ 0, %{before} ], [ {following}, %{end} ]"
        for k, (phi, first, last) in enumerate(zip(phis, values, state, strict=True)):
            t = self.type(first.kind)
            self.lines[place + 1 + k] = (
                f"  {phi} = phi {t} [ {first.text}, %{before} ], [ {last.text}, %{end} ]"
            )
        self.start(after)
        state[:] = begun


__all__ = [
    "BOOL",
    "DOUBLE",
    "INT32",
    "INT64",
    "Builder",
    "Number",
    "Value",
    "common_kind",
    "literal",
]
