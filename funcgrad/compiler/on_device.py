"""Programs on a GPU: the equations of an optimised jaxpr one by one, by CuPy's functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from .. import arrays
from ..core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..ops.families import Control, Elementwise


class Step(NamedTuple):
    """An equation with the places of its operands and results, and those to be emptied after it."""

    eqn: Eqn
    inputs: tuple[int, ...]
    outs: tuple[int, ...]
    dead: tuple[int, ...]


class DeviceProgram:
    """A program on arrays of the device that is current when it is called.

    Equations of constants only are evaluated once per device.
    """

    __slots__ = (
        "_bound",
        "_consts",
        "_held",
        "_known",
        "_outs",
        "_steps",
        "_template",
        "jaxpr",
        "xp",
    )

    def __init__(self, jaxpr: Jaxpr, xp: ModuleType) -> None:
        self.jaxpr: Jaxpr = jaxpr
        self.xp: ModuleType = xp
        self._bound: dict[int, list[Any]] = {}
        places: dict[Any, int] = {}
        template: list[Any] = []

        def place(a: Any) -> int:
            if type(a) is Literal:
                template.append(a.value)
                return len(template) - 1
            if a not in places:
                places[a] = len(template)
                template.append(None)
            return places[a]

        for v in jaxpr.invars:
            place(v)
        self._consts: list[int] = [place(v) for v in jaxpr.constvars]
        known = {*jaxpr.constvars}
        early: list[Eqn] = []
        late: list[Eqn] = []
        for e in jaxpr.eqns:
            if _is_constant(e, known):
                known.update(e.outvars)
                early.append(e)
            else:
                late.append(e)
        self._known: list[Step] = [_step(e, place, ()) for e in early]
        self._steps: list[Step] = _with_deaths(late, jaxpr, known, place)
        self._outs: list[int] = [place(a) for a in jaxpr.outvars]
        self._held: list[bool] = [
            a in known if type(a) is not Literal else not a.aval.weak for a in jaxpr.outvars
        ]
        self._template: list[Any] = template

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        """The results, which share memory with nothing but for arguments that are results."""
        xp = self.xp
        values = list(self._on_this_device())
        values[: len(args)] = [arrays.beside(xp, a) for a in args]
        with np.errstate(all="ignore"):
            for step in self._steps:
                _run(step, values, xp)
        outs = [arrays.beside(xp, values[i]) for i in self._outs]
        outs = [arrays.copied(o) if held else o for o, held in zip(outs, self._held, strict=True)]
        del values[:]
        return tuple(arrays.unshared(outs, args))

    def _on_this_device(self) -> list[Any]:
        """The values of all places before the program starts."""
        device: Any = self.xp.cuda  # type: ignore[attr-defined]
        number = device.runtime.getDevice()
        found = self._bound.get(number)
        if found is None:
            found = list(self._template)
            for i, c in zip(self._consts, self.jaxpr.consts, strict=True):
                found[i] = _moved(self.xp, c, number)
            for step in (*self._known, *self._steps):
                if not isinstance(step.eqn.primitive, Elementwise | Control):
                    for i in step.inputs:
                        found[i] = arrays.beside(self.xp, found[i])
            for i, held in zip(self._outs, self._held, strict=True):
                found[i] = arrays.beside(self.xp, found[i]) if held else found[i]
            with np.errstate(all="ignore"):
                for step in self._known:
                    _run(step, found, self.xp)
            self._bound[number] = found
        return found


def _is_constant(e: Eqn, known: set[Var]) -> bool:
    prim = e.primitive
    if prim.effect or prim.asks_for_lanes or prim.opaque:
        return False
    return all(type(a) is Literal or a in known for a in e.inputs)


def _step(e: Eqn, place: Callable[[Any], int], dead: Sequence[Var]) -> Step:
    ins = tuple(map(place, e.inputs))
    return Step(e, ins, tuple(map(place, e.outvars)), tuple(map(place, dead)))


def _with_deaths(
    eqns: Sequence[Eqn], jaxpr: Jaxpr, known: set[Var], place: Callable[[Any], int]
) -> list[Step]:
    """Steps that let go of what nothing after them reads."""
    seen = {*known, *(v for v in jaxpr.outvars if type(v) is not Literal)}
    steps: list[Step] = []
    for e in reversed(eqns):
        dead: list[Var] = []
        for v in (*e.outvars, *e.inputs):
            if type(v) is not Literal and v not in seen:
                seen.add(v)
                dead.append(v)
        steps.append(_step(e, place, dead))
    return steps[::-1]


def _run(step: Step, values: list[Any], xp: ModuleType) -> None:
    e = step.eqn
    given = [values[i] for i in step.inputs]
    out = e.primitive.evaluate_on(xp, given, e.params)
    if e.primitive.multiple:
        for i, o in zip(step.outs, out, strict=True):
            values[i] = o
    else:
        values[step.outs[0]] = out
    for i in step.dead:
        values[i] = None


def _moved(xp: ModuleType, c: Any, number: int) -> Any:
    """A constant on the current device: uploaded, or refused if it is on another one."""
    if arrays.is_gpu_array(c) and c.data.device_id != number:
        raise ValueError(
            f"a program for GPU {number} holds a constant array of GPU {c.data.device_id}; move it "
            "with funcgrad.device_put(x, device), or pass it as an argument"
        )
    return arrays.beside(xp, c)


def placed_program(jaxpr: Jaxpr) -> Callable[..., Any]:
    """A program of a jaxpr for arguments of a GPU, or constants there: it makes that current."""
    programs: dict[ModuleType, DeviceProgram] = {}
    held = [c for c in jaxpr.consts if arrays.is_gpu_array(c)]

    def run(*args: Any) -> tuple[Any, ...]:
        def there(xp: ModuleType, given: Sequence[Any]) -> tuple[Any, ...]:
            if xp not in programs:
                programs[xp] = DeviceProgram(jaxpr, xp)
            return programs[xp](*given[: len(args)])

        return arrays.compute_there(there, (*args, *held))

    return run
