"""Names of the variables of a generated program, and the memory that each lives in."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import numpy as np

from ..core.avals import Aval
from ..core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ..ops.families import Elementwise

LARGE = 8192
"""Bytes from which a result is written into memory that is free already."""

VARIABLE = re.compile("[a-z][0-9]*")
"""The form of names of variables. Nothing that a program calls or reads has such a name."""


Kind: TypeAlias = tuple[tuple[Any, ...], np.dtype[Any]]
"""Shape and dtype: memory of one kind can be used again for any result of that kind."""


def variable_name(n: int) -> str:
    """The n-th name of a variable: a, b, ..., z, a1, b1, ..."""
    row, letter = divmod(n, 26)
    return chr(ord("a") + letter) + (str(row) if row else "")


class Names:
    """Gives names to variables, so that memory is let go of, or used again, when a value dies.

    Every variable has a root: the array that owns its memory. A root is ``owned`` if the program
    made it, so that it may be overwritten once all variables in it are dead.
    """

    def __init__(self, jaxpr: Jaxpr, donated: tuple[int, ...] = ()) -> None:
        self.jaxpr = jaxpr
        self.last: dict[Atom, int] = last_uses(jaxpr)
        self.name: dict[Atom, str] = {}
        self.root: dict[Atom, Var] = {}
        self.alive: dict[Var, int] = {}
        self.owned: set[Var] = set()
        self.free_names: list[str] = []
        self.free_buffers: dict[Kind, list[str]] = {}
        self.wanted: dict[Kind, int] = _upcoming(jaxpr)
        self.count: int = 0
        for i, v in enumerate(jaxpr.invars):
            self.define(v, owned=i in donated)

    def fresh_name(self) -> str:
        """Return a name that no living variable has."""
        if self.free_names:
            return self.free_names.pop()
        self.count += 1
        return variable_name(self.count - 1)

    def define(
        self, v: Var, *, owned: bool = True, alias: Var | None = None, name: str | None = None
    ) -> str:
        """Enter a new variable, in memory of its own or in that of another one."""
        name = name or self.fresh_name()
        self.name[v] = name
        root = v if alias is None else self.root[alias]
        self.root[v] = root
        self.alive[root] = self.alive.get(root, 0) + 1
        if alias is None and owned:
            self.owned.add(v)
        return name

    def dying(self, index: int, e: Eqn) -> list[Var]:
        """The operands that equation ``index`` is the last to read, each once."""
        found: list[Var] = []
        for a in e.inputs:
            if type(a) is not Literal and a in self.name and self.last[a] == index:
                if a not in found:
                    found.append(a)
        return found

    def place(self, index: int, e: Eqn) -> str | None:
        """A name whose memory the result of an equation can be written into, if there is one."""
        out = e.outvars[0].aval
        if not _is_large(out):
            return None
        overwrites = e.primitive.numpy.overwrites
        allowed = range(len(e.inputs)) if overwrites is None else overwrites
        for a in self.dying(index, e):
            if all(i in allowed for i, b in enumerate(e.inputs) if b is a) and (
                a.aval.shape == out.shape
                and a.aval.dtype == out.dtype
                and self.root[a] in self.owned
                and self.alive[self.root[a]] == 1
                and self.root[a] is a
            ):
                return self.name[a]
        pool = self.free_buffers.get((out.shape, out.dtype))
        return pool.pop() if pool else None

    def release(self, index: int, dead: list[Var], taken: str | None) -> list[str]:
        """Let go of variables; returns the names to delete so that their memory is freed."""
        deleted = []
        for v in dead:
            root, name = self.root[v], self.name.pop(v)
            self.alive[root] -= 1
            if name == taken:
                self.owned.discard(root)
                continue
            aval = v.aval
            key = (aval.shape, aval.dtype)
            whole = root is v and root in self.owned and self.alive[root] == 0
            if whole and _is_large(aval) and self.wanted.get(key, -1) > index:
                self.free_buffers.setdefault(key, []).append(name)
                continue
            if _is_large(aval):
                deleted.append(name)
            self.free_names.append(name)
        return deleted


def _is_large(aval: Aval) -> bool:
    return bool(aval.shape) and not aval.symbolic and aval.size * aval.dtype.itemsize >= LARGE


def last_uses(jaxpr: Jaxpr) -> dict[Atom, int]:
    """The index of the last equation that reads each variable; outputs are never done with."""
    last: dict[Atom, int] = {}
    for i, e in enumerate(jaxpr.eqns):
        for v in e.outvars:
            last[v] = i
        for a in e.inputs:
            if type(a) is not Literal:
                last[a] = i
    end = len(jaxpr.eqns)
    for a in jaxpr.outvars:
        if type(a) is not Literal:
            last[a] = end
    for v in jaxpr.invars:
        last.setdefault(v, end)
    return last


def writes_into(e: Eqn) -> bool:
    """True if the operator can write its result into given memory."""
    return isinstance(e.primitive, Elementwise) and isinstance(e.primitive.ufunc, np.ufunc)


def _upcoming(jaxpr: Jaxpr) -> dict[Kind, int]:
    """For each shape and dtype the last equation that could write into such memory."""
    wanted: dict[Kind, int] = {}
    for i, e in enumerate(jaxpr.eqns):
        if len(e.outvars) == 1 and (e.primitive.numpy.into or writes_into(e)):
            wanted[(e.outvars[0].aval.shape, e.outvars[0].aval.dtype)] = i
    return wanted
