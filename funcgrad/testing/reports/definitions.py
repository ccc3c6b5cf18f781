"""Functions without a name to import, such as lambdas, as program text with all that they use."""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from .literals import Literals, importable_name

MOST = 1000
"""The number of numbers of arrays that a program holds."""


class NoTextError(Exception):
    """Raised where a function uses something that has no text."""


def definition(f: object, name: str, literals: Literals) -> str | None:
    """Lines that define a function under a name, or None if there is no text for what it uses.

    Args:
        f: a Python function.
        name: the name that it gets.
        literals: collects the modules to be imported.
    """
    try:
        lines = list(_definitions(f, name, literals, {}))
    except NoTextError:
        return None
    return "\n".join(lines) + "\n"


def _definitions(
    f: object, name: str, literals: Literals, known: dict[str, object]
) -> Iterator[str]:
    if not isinstance(f, types.FunctionType):
        raise NoTextError
    node, text = _source(f)
    known[name] = f
    for used in sorted(_names(node)):
        if used in known:
            continue
        yield from _definition_of(used, _value(f, used), literals, known)
    yield f"{name} = {text}" if isinstance(node, ast.Lambda) else text
    if isinstance(node, ast.FunctionDef) and node.name != name:
        yield f"{name} = {node.name}"


def _definition_of(
    name: str, value: object, literals: Literals, known: dict[str, object]
) -> Iterator[str]:
    """The lines that give a name its value."""
    if value is getattr(builtins, name, known) or (name == "np" and value is np):
        return
    known[name] = value
    if isinstance(value, types.ModuleType):
        yield f"import {value.__name__} as {name}"
    elif resolved(value):
        yield f"{name} = {literals.name(value)}"
    elif isinstance(value, types.FunctionType):
        yield from _definitions(value, name, literals, known)
    elif _is_data(value):
        yield f"{name} = {literals.text(value)}"
    else:
        raise NoTextError


def resolved(value: Any) -> bool:
    """True if a function or class is found under the name that it can be imported by."""
    if importable_name(value) is None:
        return False
    found: Any = sys.modules.get(value.__module__)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def _is_data(value: object) -> bool:
    """True for numbers, texts, arrays that are not large, and containers of these."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc" and value.size <= MOST
    if type(value) in (list, tuple):
        return all(map(_is_data, value))  # type: ignore[call-overload]
    if type(value) is dict:
        return all(map(_is_data, value.values()))
    return isinstance(value, bool | int | float | complex | str | bytes | np.generic | None)


def _value(f: types.FunctionType, name: str) -> Any:
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
    try:
        if name in cells:
            return cells[name].cell_contents
        return f.__globals__[name] if name in f.__globals__ else getattr(builtins, name)
    except (AttributeError, ValueError):  # no such name, or nothing in it yet
        raise NoTextError from None


def _source(f: types.FunctionType) -> tuple[ast.Lambda | ast.FunctionDef, str]:
    """The syntax of a function and its text."""
    code = f.__code__
    whole = "".join(linecache.getlines(code.co_filename, f.__globals__))
    try:
        tree = ast.parse(whole)
    except SyntaxError:
        raise NoTextError from None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            if node.decorator_list or node.lineno != code.co_firstlineno:
                continue
            lines = whole.splitlines()[node.lineno - 1 : node.end_lineno]
            return node, textwrap.dedent("\n".join(lines))
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno:
            text = ast.get_source_segment(whole, node) or ""
            if _same_code(text, code):
                return node, f"({text})" if "\n" in text else text
    raise NoTextError


def _same_code(text: str, code: types.CodeType) -> bool:
    """True if a lambda's text gives this code; free variables are global names there."""
    try:
        whole = compile(f"({text})", code.co_filename, "eval")
    except SyntaxError:
        return False
    inner = next(c for c in whole.co_consts if isinstance(c, types.CodeType))
    plain = [[c for c in x.co_consts if not isinstance(c, types.CodeType)] for x in (inner, code)]
    names = [{*x.co_names, *x.co_freevars} for x in (inner, code)]
    return (
        inner.co_varnames == code.co_varnames
        and names[0] == names[1]
        and list(map(repr, plain[0])) == list(map(repr, plain[1]))
    )


def _names(node: ast.AST) -> set[str]:
    """The names that a function reads and that are not its own."""
    read: set[str] = set()
    own: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            (read if isinstance(inner.ctx, ast.Load) else own).add(inner.id)
        elif isinstance(inner, ast.arg):
            own.add(inner.arg)
        elif isinstance(inner, ast.FunctionDef) and inner is not node:
            own.add(inner.name)
        elif isinstance(inner, ast.alias):
            own.add((inner.asname or inner.name).partition(".")[0])
    return read - own - ({node.name} if isinstance(node, ast.FunctionDef) else set())
