"""Instructions that read and write memory: side by side, with steps, in some lanes only."""

from __future__ import annotations

from .kinds import BOOL, STORED, Kind
from .parts import SHORTEST, load_first, store_first
from .values import Instructions, Value, literal


class Access(Instructions):
    """Instructions of a function under construction, those on memory among them."""

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
