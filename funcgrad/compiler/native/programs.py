"""Native functions of jaxprs: one function of pointers, with the steps of which it consists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map, Step
from . import donations
from .frames import Frame
from .module import Module
from .places import Memory, kind_of_var
from .steps import is_native, is_reshape, steps_of, without_rows


class Program(NamedTuple):
    """A module's text.

    Attributes:
        text: the module with ``int kernel(ptr given)``, where ``given`` holds the addresses of
            the inputs, the constants and the outputs; it returns 0, or gave up: NumPy must do it.
        constants: arrays that are handed over.
        in_place: the numbers of results that stand in the memory of inputs, with those of inputs.
    """

    text: str
    constants: list[np.ndarray]
    in_place: dict[int, int]


def program_text(jaxpr: Jaxpr, bits: int, donated: Sequence[int] = ()) -> Program:
    """The native program of a jaxpr, of which all steps must be native.

    Args:
        jaxpr: what is computed.
        bits: width of vectors.
        donated: numbers of inputs that results may overwrite; they are no outputs then. A program
            that may give up after it has begun to do so does not: NumPy needs the inputs.
    """
    given = donations.in_place(jaxpr, donated) if donated else donations.Donations({})
    over = given.arguments
    module = Module(bits, len(jaxpr.invars), len(jaxpr.outvars) - len(over))
    _write(module, jaxpr, given)
    if module.gives_up_late:
        return program_text(jaxpr, bits)
    return Program(module.text(), module.constants, over)


def _write(module: Module, jaxpr: Jaxpr, given: donations.Donations) -> None:
    places = [
        Memory(address, v.aval.shape, kind_of_var(v), None)
        for address, v in zip(module.inputs(), jaxpr.invars, strict=True)
    ]
    over = given.arguments
    ins, outs = module.inputs(), iter(module.outputs())
    targets = [
        Memory(ins[over[k]] if k in over else next(outs), a.aval.shape, kind_of_var(a), None)
        for k, a in enumerate(jaxpr.outvars)
    ]
    frame = Frame(module, jaxpr, places, targets, given.first)
    for place in places:
        place.frame = frame
    for made, target in zip(frame.run(), targets, strict=True):
        frame.put(made, target)


class Run(NamedTuple):
    """Steps that are done one after the other: many native ones, or one other."""

    native: bool
    steps: list[Step]


def segments(jaxpr: Jaxpr) -> list[Run]:
    """The steps of a jaxpr in runs: native ones together, others alone, in a possible order.

    No run reads rows in unknown number from another one.
    """
    runs = _runs(jaxpr, without_rows(jaxpr))
    where = {v: k for k, run in enumerate(runs) for step in run.steps for v in _results(step)}
    for k, run in enumerate(runs):
        for step in run.steps:
            if any(a.aval.symbolic and where.get(a, k) != k for a in step.inputs):
                return _runs(jaxpr, set(map(id, filter(_has_rows, jaxpr.eqns))))
    return runs


def _has_rows(e: Eqn) -> bool:
    return any(a.aval.symbolic for a in (*e.inputs, *e.outvars))


def _results(step: Step) -> Sequence[Var]:
    return step.results if isinstance(step, Map) else step.outvars


def _runs(jaxpr: Jaxpr, refused: set[int]) -> list[Run]:
    """Runs, of which those of native steps have none of the equations that are refused."""
    runs: list[Run] = []
    made_by: dict[Any, int] = {}
    for step in steps_of(jaxpr):
        earliest = max([made_by[a] for a in step.inputs if a in made_by], default=0)
        native = is_native(step) and id(step) not in refused
        at = next((k for k in range(earliest, len(runs)) if native and runs[k].native), len(runs))
        if at == len(runs):
            runs.append(Run(native, []))
        runs[at].steps.append(step)
        made_by.update((v, at) for v in _results(step))
    return runs


def as_jaxpr(run: Run, results: Sequence[Any], others: Sequence[Run]) -> Jaxpr:
    """A run of native steps as a function of what it reads, with what is read outside of it.

    Args:
        run: native steps.
        results: those of the whole jaxpr.
        others: all other runs.
    """
    eqns = [e for step in run.steps for e in (step.every_eqn if isinstance(step, Map) else [step])]
    made = {v for e in eqns for v in e.outvars}
    inputs: dict[Any, None] = {}
    for e in eqns:
        for a in e.inputs:
            if type(a) is not Literal and a not in made:
                inputs[a] = None
    wanted = {a for a in results if type(a) is not Literal}
    for other in others:
        for step in other.steps:
            wanted.update(a for a in step.inputs if type(a) is not Literal)
    outs = [v for e in eqns for v in e.outvars if v in wanted]
    return Jaxpr([], list(inputs), eqns, outs)


__all__ = ["as_jaxpr", "is_native", "is_reshape", "program_text", "segments"]
