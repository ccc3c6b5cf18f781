"""What of a program is native, how its equations are grouped, and why not otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...core.avals import dtype_name
from ...core.jaxpr import Eqn, Jaxpr, Literal, subjaxprs
from ...core.printing import Names, format_eqn
from ...ops.families import Elementwise
from .. import costs
from ..groups import Map, Step
from ..pipeline import optimized
from . import complex_arrays, fused, kernels, llvm, programs
from .kinds import kind_of
from .steps import computes, is_control, is_native, is_reshape, native_form, steps_of


class Group(NamedTuple):
    """Equations that run as one step.

    Attributes:
        kind: ``map`` (elementwise, with the reductions fused to it), ``reshape``,
            ``parts`` (of complex numbers), ``kernel``, ``loop``, or ``NumPy``.
        equations: as text; variables have the names of the whole program.
        function: the number of the native function that it is part of; None for NumPy.
        why: the reason why it is not native, or not part of an earlier group; may be empty.
    """

    kind: str
    equations: tuple[str, ...]
    function: int | None
    why: str


class Groups(tuple[Group, ...]):
    """The steps of a program, in order; printed, each with its equations and reasons."""

    __slots__ = ()

    @property
    def functions(self) -> int:
        """The number of native functions."""
        return len({g.function for g in self if g.function is not None})

    def __repr__(self) -> str:
        lines = [f"steps: {len(self)}, native functions: {self.functions}"]
        for group in self:
            where = "NumPy" if group.function is None else f"native {group.function}, {group.kind}"
            lines.append(f"{where}:" + (f"  # {group.why}" if group.why else ""))
            lines += [f"    {line}" for text in group.equations for line in text.split("\n")]
        return "\n".join(lines)


def as_compiled(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr that native functions are made of: one of numbers if all of it is native."""
    jaxpr = optimized(jaxpr)
    whole = fused.whole_jaxpr(jaxpr)
    return native_form(jaxpr) if whole is None else whole


def groups_of(jaxpr: Jaxpr) -> Groups:
    """The steps of a program."""
    jaxpr = as_compiled(jaxpr)
    names = Names()
    for v in (*jaxpr.constvars, *jaxpr.invars):
        names(v)
    found: list[Group] = []
    before: list[Step] = []
    number = 0
    for run in programs.segments(jaxpr):
        native = run.native and any(map(computes, run.steps))
        number += native
        for step in run.steps:
            eqns = step.every_eqn if isinstance(step, Map) else [step]
            text = tuple(format_eqn(e, names) for e in eqns)
            why = _why_apart(step, before) if native else why_not_native(step)
            found.append(Group(_kind(step, native), text, number if native else None, why))
            before.append(step)
    return Groups(found)


def _kind(step: Step, native: bool) -> str:
    if not native:
        return "NumPy"
    if isinstance(step, Map):
        return "map"
    if complex_arrays.takes(step):
        return "parts"
    return "reshape" if is_reshape(step) else "loop" if is_control(step) else "kernel"


# --- reasons -------------------------------------------------------------------------------------


def why_not_native(step: Step) -> str:
    """The reason why a step is left to NumPy, in words."""
    if isinstance(step, Map) or is_native(step):
        return "nothing is computed" if not isinstance(step, Map) else ""
    e = step
    for a in (*e.inputs, *e.outvars):
        if a.aval.symbolic:
            return "an array has as many rows as a loop makes turns"
        if kind_of(a.aval.dtype) is None:
            return f"native code has no {dtype_name(a.aval.dtype)} numbers"
    if any(type(a) is not Literal and a.aval.weak for a in (*e.inputs, *e.outvars)):
        return "Python's numbers are computed by Python's rules"
    inner = subjaxprs(e)
    for jaxpr in map(native_form, inner):
        for part in steps_of(jaxpr):
            if not is_native(part) and not isinstance(part, Map):
                return f"inside of it, {part.primitive.name}: {why_not_native(part)}"
    name = e.primitive.name
    if inner:
        return f"native code has no {name} like this"
    if isinstance(e.primitive, Elementwise):
        dtypes = ", ".join(dtype_name(a.aval.dtype) for a in e.inputs)
        return f"{name} has no native formula for {dtypes}"
    if name in kernels.KERNELS:
        return f"the native kernel of {name} is not for these operands"
    return f"{name} has no native kernel"


def _why_apart(step: Step, before: Sequence[Step]) -> str:
    """The reason why a native step is a group of its own, in words."""
    maps = [b for b in before if isinstance(b, Map)]
    if isinstance(step, Map):
        if not maps:
            return ""
        if not any(m.shape == step.shape for m in maps):
            return f"no group before it has the shape {step.shape}"
        return "it reads what is computed after the groups of its shape"
    if is_reshape(step) or complex_arrays.takes(step):
        return "moves nothing"
    if is_control(step):
        return ""
    if step.primitive.name.startswith("reduce_"):
        return _why_reduced_apart(step, maps)
    return f"{step.primitive.name} is not elementwise"


def _why_reduced_apart(e: Eqn, maps: Sequence[Map]) -> str:
    makers = [m for m in maps if any(e.inputs[0] in made.outvars for made in m.eqns)]
    if not makers:
        return "what it reduces is not computed in a map"
    if e.inputs[0] in makers[0].outputs:
        return "what it reduces is read elsewhere, too"
    return "the map reduces along other axes already, or is small"


# --- text ----------------------------------------------------------------------------------------


def native_functions(jaxpr: Jaxpr) -> Iterator[Jaxpr]:
    """The jaxprs of a program's native functions, those inside of loops in NumPy, too."""
    jaxpr = as_compiled(jaxpr)
    for run_of in fused.fused(jaxpr).eqns:
        if run_of.primitive is fused.native_call:
            inner = run_of.params["jaxpr"]
            yield inner
        else:
            for part in subjaxprs(run_of):
                yield from native_functions(part)


def llvm_text(jaxpr: Jaxpr) -> list[str]:
    """LLVM's text of each native function of a program.

    Raises:
        ImportError: llvmlite is not installed.
    """
    if llvm.binding() is None:
        raise ImportError(llvm.MISSING)
    bits = llvm.vector_bits()
    return [programs.program_text(inner, bits)[0] for inner in native_functions(jaxpr)]


def work_of(jaxpr: Jaxpr) -> tuple[list[costs.Work], int]:
    """The work of each step of a program, and the bytes of what is alive in between at most."""
    jaxpr = as_compiled(jaxpr)
    found: list[costs.Work] = []
    ends: list[tuple[Sequence[Any], Sequence[Any]]] = []
    for step in steps_of(jaxpr):
        eqns = step.every_eqn if isinstance(step, Map) else [step]
        read = [a for a in step.inputs if type(a) is not Literal]
        written = step.results if isinstance(step, Map) else list(step.outvars)
        ends.append((read, written))
        if not isinstance(step, Map) and is_reshape(step):
            continue
        inside = bool(not isinstance(step, Map) and subjaxprs(step))
        work = costs.work_of(eqns)
        found.append(work if inside else work.plus(costs.moved(read, written)))
    return found, costs.peak_between(jaxpr, ends)


__all__ = [
    "Group", "Groups", "groups_of", "llvm_text", "native_functions", "work_of",
]  # fmt: skip
