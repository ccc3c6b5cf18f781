"""Jaxprs as text, in JAX's notation. They are known by their attributes here."""

from __future__ import annotations

from typing import Any

from .avals import Aval, dtype_name
from .containers import is_tuple


def is_jaxpr(x: Any) -> bool:
    """True if x is a jaxpr."""
    return hasattr(x, "eqns") and hasattr(x, "constvars")


def letters(n: int) -> str:
    """The n-th name: a, b, ..., z, aa, ab, ..."""
    name = ""
    n += 1
    while n:
        n, rest = divmod(n - 1, 26)
        name = chr(ord("a") + rest) + name
    return name


class Names:
    """Gives each variable a name: a, b, ..., z, ba, bb, ..."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}

    def __call__(self, atom: Any) -> str:
        if hasattr(atom, "value"):
            value = atom.value
            text = repr(value) if atom.aval.weak else repr(value.item())
            return f"{text}:{format_aval(atom.aval)}"
        if not hasattr(atom, "aval"):
            return repr(atom)
        if atom not in self.names:
            self.names[atom] = letters(len(self.names))
        return self.names[atom]

    def typed(self, var: Any) -> str:
        """A variable with its abstract value: ``a:f64[3]``."""
        return f"{self(var)}:{format_aval(var.aval)}"


def format_aval(aval: Aval) -> str:
    """``f64[3,2]``, weakly typed ``f64*[]``; the trip count of a while loop prints as n?."""
    return repr(aval)


def format_param(value: Any, names: Names | None = None, indent: int = 0) -> str:
    """One parameter of an equation."""
    if is_jaxpr(value):
        return format_jaxpr(value, indent + 2)
    if is_tuple(value) and any(map(is_jaxpr, value)):
        return "(" + ", ".join(format_param(v, names, indent) for v in value) + ")"
    if hasattr(value, "itemsize") and hasattr(value, "kind"):
        return dtype_name(value)  # pyright: ignore[reportArgumentType]
    return value.__name__ if callable(value) and hasattr(value, "__name__") else str(value)


def format_eqn(eqn: Any, names: Names | None = None, indent: int = 0) -> str:
    """One equation: ``b:f64[3] = sin a``."""
    names = names or Names()
    params = ""
    if eqn.params:
        shown = sorted(eqn.params.items())
        multiline = any(is_jaxpr(v) for _, v in shown)
        gap = "\n" + " " * (indent + 2) if multiline else " "
        body = gap.join(f"{k}={format_param(v, names, indent + 2)}" for k, v in shown)
        end = "\n" + " " * indent if multiline else ""
        params = f"[{gap if multiline else ''}{body}{end}]"
    inputs = " ".join(names(a) for a in eqn.inputs)
    outs = " ".join(names.typed(v) for v in eqn.outvars)
    return f"{outs} = {eqn.primitive.name}{params} {inputs}".rstrip()


def format_jaxpr(jaxpr: Any, indent: int = 0) -> str:
    """A whole jaxpr: ``{ lambda ; a:f64[3]. let b:f64[3] = sin a in (b,) }``."""
    names = Names()
    consts = " ".join(names.typed(v) for v in jaxpr.constvars)
    invars = " ".join(names.typed(v) for v in jaxpr.invars)
    head = f"{{ lambda {consts + ' ' if consts else ''}; {invars}. let"
    lines = [format_eqn(e, names, indent + 4) for e in jaxpr.eqns]
    outs = ", ".join(names(a) for a in jaxpr.outvars)
    tail = f"in ({outs}{',' if len(jaxpr.outvars) == 1 else ''}) }}"
    if not lines:
        return f"{head} {tail}"
    if len(lines) == 1 and "\n" not in lines[0]:
        return f"{head} {lines[0]} {tail}"
    pad = "\n" + " " * (indent + 4)
    return f"{head}{pad}{pad.join(lines)}\n{' ' * (indent + 2)}{tail}"
