"""Generated functions that take the arguments of one signature apart, and put results together."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import numpy as np

from ..core.avals import WEAK_SAMPLES, Aval
from ..core.source import PACKAGE

FILENAME = PACKAGE + "<arguments>"

Unpack = Callable[[tuple[Any, ...]], tuple[Any, ...] | None]
Pack = Callable[[Any], Any]


class Very:
    """An argument that has to be one object."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: Any = value


class Argument:
    """A result that is an argument, by its number among the flat ones."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number: int = number


def can_build(x: Any) -> bool:
    """True for pytrees of containers that are taken apart here, with numbers for leaves."""
    if x is None or type(x) in (int, Argument, Very):
        return True
    if type(x) is dict:
        return all(type(k) is str for k in x) and all(map(can_build, x.values()))
    known = type(x) in (list, tuple) or (isinstance(x, tuple) and hasattr(x, "_fields"))
    return known and all(map(can_build, x))


class _Source:
    """The source of a function under construction, and the values that it knows."""

    def __init__(self, avals: Sequence[Aval]) -> None:
        self.avals: Sequence[Aval] = avals
        self.lines: list[str] = []
        self.known: dict[str, Any] = {"ndarray": np.ndarray}
        self.count: int = 0

    def name(self) -> str:
        self.count += 1
        return f"x{self.count}"

    def value(self, value: Any) -> str:
        name = f"k{len(self.known)}"
        self.known[name] = value
        return name

    def unless(self, condition: str) -> None:
        self.lines.append(f"    if not ({condition}): return None")

    def take(self, name: str, x: Any, leaves: dict[int, str]) -> None:
        """Check what a name stands for, and name what is inside."""
        if type(x) is int:
            leaves[x] = name
            self.unless(self.is_leaf(name, self.avals[x]))
        elif x is None or type(x) is Very:
            self.unless(f"{name} is {self.value(None if x is None else x.value)}")
        else:
            kind = self.value(type(x))
            self.unless(f"type({name}) is {kind} and len({name}) == {len(x)}")
            children = [self.name() for _ in x]
            got = name
            if type(x) is dict:  # where a key is missing, the class is no leaf and no container
                got = "".join(f"{name}.get({key!r}, ndarray), " for key in x)
            if children:
                self.lines.append(f"    {', '.join(children)}, = {got}")
            for child, y in zip(children, x.values() if type(x) is dict else x, strict=True):
                self.take(child, y, leaves)

    def is_leaf(self, name: str, aval: Aval) -> str:
        """The condition for a leaf to have the abstract value."""
        if aval.weak:
            return f"type({name}) is {self.value(type(WEAK_SAMPLES[aval.dtype]))}"
        dtype = self.value(aval.dtype)
        array = f"type({name}) is ndarray and {name}.dtype is {dtype}"
        array += f" and {name}.shape == {aval.shape}"
        if aval.shape:
            return array
        return f"type({name}) is {self.value(aval.dtype.type)} or {array}"

    def build(self, x: Any) -> str:
        """The expression of a result."""
        if type(x) is int:
            return f"outs[{x}]"
        if x is None:
            return "None"
        if type(x) is dict:
            return "{" + ", ".join(f"{k!r}: {self.build(v)}" for k, v in x.items()) + "}"
        inner = ", ".join(map(self.build, x))
        if type(x) is list:
            return f"[{inner}]"
        made = f"({inner},)" if inner else "()"
        return made if type(x) is tuple else f"{self.value(type(x))}(*{made})"

    def function(self) -> Any:
        """The function; in a scope of its own, since a dict of globals that it is in is a cycle."""
        body = textwrap.indent("\n".join(self.lines), "    ")
        names = ", ".join(self.known)
        text = f"def make({names}):\n{body}\n    return function\n"
        scope: dict[str, Any] = {}
        exec(_code(text), scope)
        return scope.pop("make")(**self.known)


@functools.lru_cache(maxsize=4096)
def _code(text: str) -> CodeType:
    return compile(text, FILENAME, "exec")


def unpacker(takes: Sequence[Any], avals: Sequence[Aval]) -> Unpack:
    """A function from arguments by position to the leaves; None if they have another signature.

    Args:
        takes: the arguments: pytrees with the numbers of leaves.
        avals: abstract values of the leaves.
    """
    source = _Source(avals)
    source.lines.append("def function(args):")
    names = [source.name() for _ in takes]
    source.unless(f"len(args) == {len(takes)}")
    if names:
        source.lines.append(f"    {', '.join(names)}, = args")
    leaves: dict[int, str] = {}
    for name, x in zip(names, takes, strict=True):
        source.take(name, x, leaves)
    source.lines.append(f"    return ({''.join(leaves[i] + ', ' for i in range(len(avals)))})")
    return source.function()  # type: ignore[no-any-return]


def packer(gives: Any) -> Pack:
    """A function from flat results to the result."""
    source = _Source(())
    source.lines += ["def function(outs):", f"    return {source.build(gives)}"]
    return source.function()  # type: ignore[no-any-return]
