"""Native functions of jaxprs: a kernel for each step, and one function that calls them in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map, Step, grouped
from . import kernels, operations
from .builder import Builder, literal
from .kernels import KERNELS
from .kinds import Kind, kind_of
from .maps import emit_map

ALIGNMENT = 64
"""Bytes to multiples of which temporary arrays are aligned: cache lines, and the widest vectors."""

ON_STACK = 1 << 16
"""Bytes of temporary arrays up to which they lie on the stack."""


def is_native(step: Step) -> bool:
    """True if a step can be part of a native function."""
    return isinstance(step, Map) or is_reshape(step) or kernels.takes(step)


def is_reshape(e: Eqn) -> bool:
    """True for a reshape of a contiguous array, which moves nothing."""
    x = e.inputs[0].aval
    known = kind_of(x.dtype) is not None and not x.symbolic and not x.weak
    return bool(e.primitive.reshapes) and known and type(e.inputs[0]) is Var


def lanes_of(kinds: Sequence[Kind], bits: int) -> int:
    """The number of lanes of vectors in which the widest numbers fill a register."""
    return max(1, bits // (8 * max(k.size for k in kinds)))


class Places:
    """Where the arrays of a function are, as numbers of an array of pointers."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.number: dict[Any, int] = {v: i for i, v in enumerate(jaxpr.invars)}
        self.outputs: list[int] = []
        self.copies: list[tuple[int, int]] = []
        self.temporary: dict[int, int] = {}
        self.size: int = 0
        self.count: int = len(jaxpr.invars) + len(jaxpr.outvars)
        self._given: dict[Any, int] = {}
        for i, v in enumerate(jaxpr.outvars, len(jaxpr.invars)):
            self._given.setdefault(v, i)

    def define(self, v: Var) -> None:
        """Give a result its place: that of an output of the function, or a temporary one."""
        if v in self._given:
            self.number[v] = self._given[v]
            return
        self.number[v] = self.count
        self.temporary[self.count] = self.size
        self.count += 1
        length = v.aval.size * _kind(v).size
        self.size += -(-length // ALIGNMENT) * ALIGNMENT

    def alias(self, v: Var, source: Var) -> bool:
        """Let a variable stand for the memory of another one; False if it has one to be filled."""
        if v in self._given:
            self.number[v] = self._given[v]
            return False
        self.number[v] = self.number[source]
        return True


def _kind(v: Any) -> Kind:
    found = kind_of(v.aval.dtype)
    assert found is not None
    return found


def program_text(jaxpr: Jaxpr, bits: int) -> str:
    """The module with ``void kernel(ptr given)``, which computes a jaxpr.

    ``given`` holds the addresses of the inputs and of the outputs. All steps must be native.
    """
    places = Places(jaxpr)
    functions: list[str] = []
    declared: dict[str, str] = {}
    for step in grouped(jaxpr, operations.takes):
        if isinstance(step, Map):
            for v in step.outputs:
                places.define(v)
            kinds = [_kind(v) for v in (*step.inputs, *step.outputs)]
            builder = _begun(lanes_of(kinds, bits))
            numbers = [places.number[v] for v in (*step.inputs, *step.outputs)]
            emit_map(builder, step, [_address(builder, k) for k in numbers])
        elif is_reshape(step):
            if places.alias(step.outvars[0], step.inputs[0]):
                continue
            builder = _begun(1)
            _copy(
                builder,
                step.outvars[0],
                *[places.number[v] for v in (step.inputs[0], step.outvars[0])],
            )
        else:
            for v in step.outvars:
                places.define(v)
            builder = _begun(lanes_of([_kind(v) for v in (*step.inputs, *step.outvars)], bits))
            sources = [
                _constant(builder, a, f"step_{len(functions)}_{i}")
                if type(a) is Literal
                else _address(builder, places.number[a])
                for i, a in enumerate(step.inputs)
            ]
            targets = [_address(builder, places.number[v]) for v in step.outvars]
            KERNELS[step.primitive.name].emit(builder, step, sources, targets)
        functions.append(_function(f"step_{len(functions)}", builder))
        declared.update(builder.declared)
    return "\n".join([*declared.values(), *functions, _main(jaxpr, places, len(functions))])


def _constant(builder: Builder, a: Literal, name: str) -> str:
    """The address of a constant of the module."""
    kind = _kind(a)
    text = str(int(a.value)) if kind.char == "?" else literal(a.value, kind)
    builder.declare(name, f"@{name} = internal constant {kind.memory} {text}, align {kind.size}")
    return f"@{name}"


def _copy(builder: Builder, v: Var, source: int, target: int) -> None:
    """Copy the bytes of one array to another."""
    name = "llvm.memcpy.p0.p0.i64"
    builder.declare(name, f"declare void @{name}(ptr, ptr, i64, i1 immarg)")
    given = f"ptr {_address(builder, target)}, ptr {_address(builder, source)}"
    builder.emit(f"call void @{name}({given}, i64 {v.aval.size * _kind(v).size}, i1 false)")


def _begun(lanes: int) -> Builder:
    builder = Builder(lanes)
    builder.start("entry")
    return builder


def _address(builder: Builder, number: int) -> str:
    """The register with the address of an array."""
    slot = builder.scalar(f"getelementptr ptr, ptr %pointers, i64 {number}", "a")
    return builder.scalar(f"load ptr, ptr {slot}", "b")


def _function(name: str, builder: Builder) -> str:
    head = f"define internal void @{name}(ptr noalias readonly %pointers) nounwind {{"
    return "\n".join([head, *builder.lines, "  ret void", "}"])


def _main(jaxpr: Jaxpr, places: Places, steps: int) -> str:
    """The function that lays out the pointers, calls the steps and copies what is left."""
    builder = _begun(1)
    pointers = builder.scalar(f"alloca ptr, i64 {max(places.count, 1)}", "p")
    given = len(jaxpr.invars) + len(jaxpr.outvars)
    for k in range(given):
        value = builder.scalar(
            f"load ptr, ptr {builder.scalar(f'getelementptr ptr, ptr %given, i64 {k}', 'a')}", "b"
        )
        _put(builder, pointers, k, value)
    stacked = places.size <= ON_STACK
    arena = ""
    if places.size:
        if stacked:
            arena = builder.scalar(f"alloca i8, i64 {places.size}, align {ALIGNMENT}", "m")
        else:
            builder.declare("aligned_alloc", "declare ptr @aligned_alloc(i64, i64)")
            builder.declare("free", "declare void @free(ptr)")
            arena = builder.scalar(
                f"call ptr @aligned_alloc(i64 {ALIGNMENT}, i64 {places.size})", "m"
            )
        for number, offset in places.temporary.items():
            at = builder.scalar(f"getelementptr i8, ptr {arena}, i64 {offset}", "a")
            _put(builder, pointers, number, at)
    for k in range(steps):
        builder.emit(f"call void @step_{k}(ptr {pointers})")
    if arena and not stacked:
        builder.emit(f"call void @free(ptr {arena})")
    head = "define void @kernel(ptr noalias readonly %given) nounwind {"
    body = [*builder.declared.values(), head, *builder.lines, "  ret void", "}"]
    return "\n".join(body)


def _put(builder: Builder, pointers: str, number: int, value: str) -> None:
    slot = builder.scalar(f"getelementptr ptr, ptr {pointers}, i64 {number}", "a")
    builder.emit(f"store ptr {value}, ptr {slot}")


def segments(jaxpr: Jaxpr) -> list[list[Step]]:
    """The steps of a jaxpr in runs: native ones together, others alone, in a possible order."""
    runs: list[list[Step]] = []
    native: list[bool] = []
    made_by: dict[Any, int] = {}
    for step in grouped(jaxpr, operations.takes):
        reads = step.inputs
        earliest = max([made_by[a] for a in reads if a in made_by], default=0)
        fits = is_native(step)
        at = next(
            (k for k in range(earliest, len(runs)) if fits and native[k]),
            len(runs),
        )
        if at == len(runs):
            runs.append([])
            native.append(fits)
        runs[at].append(step)
        outs = step.outputs if isinstance(step, Map) else step.outvars
        made_by.update((v, at) for v in outs)
    return runs


def as_jaxpr(
    run: Sequence[Step], results: Sequence[Any], others: Sequence[Sequence[Step]]
) -> Jaxpr:
    """A run of native steps as a function of what it reads, with what is read outside of it.

    Args:
        run: the steps.
        results: those of the whole jaxpr.
        others: all other runs.
    """
    eqns = [e for step in run for e in (step.eqns if isinstance(step, Map) else [step])]
    made = {v for e in eqns for v in e.outvars}
    inputs: dict[Any, None] = {}
    for e in eqns:
        for a in e.inputs:
            if type(a) is not Literal and a not in made:
                inputs[a] = None
    wanted = {a for a in results if type(a) is Var}
    for other in others:
        for step in other:
            wanted.update(a for a in step.inputs if type(a) is Var)
    outs = [v for e in eqns for v in e.outvars if v in wanted]
    return Jaxpr([], list(inputs), eqns, outs)
