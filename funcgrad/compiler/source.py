"""Straight-line NumPy source from a jaxpr."""

from __future__ import annotations

import builtins
import keyword
import operator
import sys
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from ..core.avals import SymbolicDim
from ..core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ..ops.families import Elementwise
from .names import VARIABLE, Names, writes_into

_BINARY = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.floordiv: "//",
    operator.mod: "%",
    operator.pow: "**",
    operator.eq: "==",
    operator.ne: "!=",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.and_: "&",
    operator.or_: "|",
    operator.xor: "^",
    operator.lshift: "<<",
    operator.rshift: ">>",
}
_UNARY = {operator.neg: "-", operator.pos: "+", operator.invert: "~"}


RESERVED = frozenset(
    (*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *sys.stdlib_module_names)
) | {"np", "scipy", "build", "program", "run"}
"""Names that mean something else in every program."""


class Module:
    """A generated program: functions, what they call, and the constants they read.

    ``prepare`` is applied to each jaxpr before it is written.
    """

    def __init__(self, prepare: Callable[[Jaxpr], Jaxpr] | None = None) -> None:
        self.prepare: Callable[[Jaxpr], Jaxpr] | None = prepare
        self.taken: set[str] = set(RESERVED)
        self.functions: list[str] = []
        self.called: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.called_by: dict[str, str] = {}
        self.operator = ""
        self._called_names: dict[int, str] = {}
        self._value_names: dict[Any, str] = {}
        self._function_names: dict[tuple[int, int | None], str] = {}
        self._kept: list[Any] = []

    def callee(self, function: Callable[..., Any]) -> str:
        """The name under which a function is called from the program."""
        # Before NumPy 2.1 ufuncs did not say where they come from.
        unknown = "numpy" if isinstance(function, np.ufunc) else ""
        module = getattr(function, "__module__", None) or unknown
        name = getattr(function, "__name__", "callee")
        if module.partition(".")[0] == "numpy" and getattr(np, name, None) is function:
            return f"np.{name}"
        known = self._called_names.get(id(function))
        if known is None:
            name = name.strip("_<>")
            known = self.new_name(name if name.isidentifier() else "callee")
            self._called_names[id(function)] = known
            self.called[known] = function
            self.called_by[known] = self.operator
        return known

    def new_name(self, wanted: str) -> str:
        """A name for something in the program's outer scope, which nothing else has."""
        while wanted in self.taken or VARIABLE.fullmatch(wanted):
            wanted += "_"
        self.taken.add(wanted)
        return wanted

    def value(self, x: object, key: Hashable = None) -> str:
        """The name of a constant."""
        key = id(x) if key is None else key
        name = self._value_names.get(key)
        if name is None:
            name = self.new_name(f"k_{len(self.values)}")
            self._value_names[key] = name
            self.values[name] = x
            self._kept.append(x)
        return name

    def function(
        self,
        jaxpr: Jaxpr,
        name: str | None = None,
        donated: tuple[int, ...] = (),
        owned: int | None = None,
    ) -> str:
        """Emit a function for an optimised jaxpr; returns its name.

        Of its results the first ``owned`` ones, or all, share memory with nothing.
        """
        key = (id(jaxpr), owned)
        known = self._function_names.get(key) if name is None else None
        if known is not None:
            return known
        chosen = name or self.new_name(f"function_{len(self._function_names)}")
        self._function_names[key] = chosen
        self._kept.append(jaxpr)
        jaxpr = jaxpr if self.prepare is None else self.prepare(jaxpr)
        body = _FunctionWriter(self, jaxpr, donated, owned, top=name is not None)
        self.functions.append(body.text(chosen))
        return chosen


class _FunctionWriter:
    def __init__(
        self,
        module: Module,
        jaxpr: Jaxpr,
        donated: tuple[int, ...],
        owned: int | None,
        *,
        top: bool,
    ) -> None:
        self.module = module
        self.owned = len(jaxpr.outvars) if owned is None else owned
        self.jaxpr = jaxpr
        self.donated = donated
        self.top = top
        self.names = Names(jaxpr, donated)
        self.consts: dict[Atom, str] = {
            v: module.value(c) for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True)
        }
        self.broadcast: set[Var] = set()
        self.lines: list[str] = []

    def text(self, name: str) -> str:
        arguments = ", ".join(self.names.name[v] for v in self.jaxpr.invars)
        if self.donated:
            every = [self.names.name[v] for v in self.jaxpr.invars]
            mine = [every[i] for i in self.donated]
            others = [n for i, n in enumerate(every) if i not in self.donated]
            own = self.module.callee(donated_buffers)
            self.lines.append(
                f"{', '.join(mine)}, = {own}({call_arguments(mine)}, {call_arguments(others)})"
            )
        for i, e in enumerate(self.jaxpr.eqns):
            self.equation(i, e)
        result = ", ".join(self.outputs())
        self.lines.append(f"return ({result}{',' if len(self.jaxpr.outvars) == 1 else ''})")
        indent = "\n    "
        head = f"def {name}({arguments}):"
        if self.top:
            indent += "    "
            head += '\n    with np.errstate(all="ignore"):'
        return head + indent + indent.join(self.lines) + "\n"

    def atom(self, a: Atom, e: Eqn | None = None) -> str:
        if type(a) is not Literal:
            return self.names.name[a] if a in self.names.name else self.consts[a]
        value = a.value
        if a.aval.weak:
            return scalar_text(value)
        if e is not None and a.aval.dtype in (np.float64, np.int64):
            if (
                any(b.aval.shape and b.aval.dtype == a.aval.dtype for b in e.inputs)
                and isinstance(e.primitive, Elementwise)
                and np.isfinite(value)
            ):
                return scalar_text(value.item())
        return self.module.value(value, (value.dtype, value.tobytes()))

    def equation(self, i: int, e: Eqn) -> None:
        prim = e.primitive
        self.module.operator = prim.name
        emit = prim.numpy.statement
        dead = self.names.dying(i, e)
        if emit is not None:
            text, owned = emit(self.module, e, [self.atom(a, e) for a in e.inputs])
            self.finish(i, e, dead, text, None, owned)
            return
        ins = [self.atom(a, e) for a in e.inputs]
        template = self.into(e, ins)
        place = self.names.place(i, e) if template is not None else None
        if template is not None and place is not None:
            self.finish(i, e, dead, template.replace("{out}", place), place, None)
        else:
            self.finish(i, e, dead, self.expression(e, ins), None, None)

    def into(self, e: Eqn, ins: list[str]) -> str | None:
        """The statement that writes the result into given memory, if the operator can."""
        prim = e.primitive
        if prim.numpy.into:
            return prim.numpy.write_into(self.module, e, ins)
        if writes_into(e) and prim.ufunc is not np.power:
            return f"np.{prim.ufunc.__name__}({', '.join(ins)}, out={{out}})"
        return None

    def expression(self, e: Eqn, ins: list[str]) -> str:
        prim = e.primitive
        if prim.numpy.expression is not None:
            return prim.numpy.expression(self.module, e, ins)
        if prim.numpy.template is not None:
            return prim.numpy.template(*ins, **e.params)
        if isinstance(prim, Elementwise):
            if prim.evaluate in _BINARY:
                if _is_mixed_complex(e):
                    return f"np.{prim.ufunc.__name__}({', '.join(ins)})"
                return f"{ins[0]} {_BINARY[prim.evaluate]} {ins[1]}"
            if prim.evaluate in _UNARY:
                return f"{_UNARY[prim.evaluate]}{ins[0]}"
            if prim.evaluate is operator.abs:
                return f"abs({ins[0]})"
            return f"{self.module.callee(prim.evaluate)}({', '.join(ins)})"
        params = "".join(f", {k}={self.param(v)}" for k, v in e.params.items())
        return f"{self.module.callee(prim.evaluate)}(np, {', '.join(ins)}{params})"

    def param(self, v: object) -> str:
        if isinstance(v, np.dtype):
            return f"np.dtype('{v.name}')"
        if callable(v):
            return self.module.callee(v)
        if isinstance(v, Jaxpr | SymbolicDim):
            raise TypeError(f"a parameter {v!r} needs an emitter")
        if isinstance(v, np.generic):
            return repr(v.item())
        return repr(v)

    def finish(
        self,
        i: int,
        e: Eqn,
        dead: list[Var],
        text: str,
        place: str | None,
        owned: list[bool] | None,
    ) -> None:
        """Write one line: the result under its name; then let go of what died."""
        names = self.names
        view = e.primitive.view
        if place is not None:
            self.lines.append(text)
            names.release(i, dead, place)
            names.define(e.outvars[0], name=place)
            return
        source = next((a for a in e.inputs if type(a) is not Literal), None)
        if not view:
            deleted = names.release(i, dead, None)
            targets = [
                names.define(v, owned=owned is None or owned[k]) for k, v in enumerate(e.outvars)
            ]
            deleted = [d for d in deleted if d not in targets]
        else:
            if source is not None and source in names.root:
                targets = [names.define(v, alias=source) for v in e.outvars]
            else:
                targets = [names.define(v, owned=False) for v in e.outvars]
            deleted = names.release(i, dead, None)
            if e.primitive.broadcasts or source in self.broadcast:
                self.broadcast.update(e.outvars)
        left = ", ".join(targets) + ("," if e.primitive.multiple and len(targets) == 1 else "")
        self.lines.append(f"{left} = {text}" if targets else text)
        unread = [v for v in e.outvars if names.last[v] == i]
        deleted += names.release(i, unread, None)
        if deleted:
            self.lines.append(f"del {', '.join(deleted)}")

    def outputs(self) -> list[str]:
        """Results that are writeable and share memory with nothing, but for inputs themselves."""
        names = self.names
        invars = set(self.jaxpr.invars)
        returned: set[Atom] = set()
        texts = []
        for i, a in enumerate(self.jaxpr.outvars):
            text = self.atom(a)
            if i >= self.owned:
                texts.append(text)
                continue
            if type(a) is Literal or not a.aval.shape or (a in invars and a not in returned):
                texts.append(text)
            elif a in self.consts or not self._own(a, returned):
                texts.append(f"np.array({text})")
            else:
                texts.append(text)
            if type(a) is not Literal and a in names.root:
                returned.add(a)
                returned.add(names.root[a])
        return texts

    def _own(self, a: Atom, returned: set[Atom]) -> bool:
        root = self.names.root[a]
        return root in self.names.owned and root not in returned and a not in self.broadcast


def _is_mixed_complex(e: Eqn) -> bool:
    """True if Python would take a number of NumPy for one of its own: complex with np.float64."""
    if len(e.inputs) != 2 or e.outvars[0].aval.shape or e.outvars[0].aval.weak:
        return False
    return any(a.aval.weak and a.aval.dtype.kind == "c" for a in e.inputs)


def donated_buffers(donated: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Donated arguments as arrays that may be overwritten: copies where memory is not their own,
    or is that of another argument.
    """
    seen = {id(x) for x in others}
    seen.update([id(x.base) for x in others if isinstance(x, np.ndarray)])
    seen.update([id(x.base) for x in donated if isinstance(x, np.ndarray)])
    owned = []
    for x in donated:
        if isinstance(x, np.ndarray) and x.ndim:
            if id(x) in seen or not (x.flags.owndata and x.flags.writeable):
                x = x.copy()
            seen.add(id(x))
        owned.append(x)
    return owned


def donating(run: Callable[..., Any], overwritten: Sequence[int]) -> Callable[..., Any]:
    """A program of flat arguments of which it overwrites some; copies where they are not given."""

    def program(*args: Any) -> Any:
        others = [x for i, x in enumerate(args) if i not in overwritten]
        owned = list(args)
        found = donated_buffers([args[i] for i in overwritten], others)
        for i, x in zip(overwritten, found, strict=True):
            owned[i] = x
        return run(*owned)

    return program


def scalar_text(value: complex | str) -> str:
    """A Python scalar as source text."""
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, complex) and not np.isfinite(value):
        return f'complex("{value}")'
    text = repr(value)
    return f"({text})" if text.startswith("-") else text


def call_arguments(ins: list[str]) -> str:
    """Operands as the text of a tuple."""
    return f"({', '.join(ins)}{',' if len(ins) == 1 else ''})"
