"""The functions that a program calls, as source text that stands alone."""

from __future__ import annotations

import ast
import base64
import dis
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .. import arrays
from ..core.dtypes import is_small_float
from ..core.source import OURS

NewName = Callable[[str], str]


class FunctionSources:
    """Definitions of functions, and of the functions and constants that they read.

    Each has a name that nothing else in the program has; ``lines`` holds the definitions in an
    order in which they can be run, ``imports`` the modules that they need.
    """

    def __init__(self, new_name: NewName) -> None:
        self.new_name = new_name
        self.names: dict[int, str] = {}
        self.kept: list[Any] = []
        self.lines: list[str] = []
        self.imports: set[str] = set()

    def define(self, fun: Callable[..., Any], name: str) -> None:
        """Define a function under a name."""
        self.names[id(fun)] = name
        self.kept.append(fun)
        if isinstance(fun, FunctionType):
            self.lines.append(self.definition(fun, name))
        else:
            self.lines.append(f"{name} = {self.expression(fun, name)}")

    def text_of(self, value: object, wanted: str) -> str:
        """The text that stands for a function, a module or a constant in a definition."""
        known = self.names.get(id(value))
        if known is not None:
            return known
        if isinstance(value, ModuleType):
            return self.module_text(value)
        if not callable(value) or isinstance(value, np.dtype):
            text = value_text(value)
            if not isinstance(value, np.ndarray | np.generic | str | tuple) and len(text) < 20:
                return text
            name = self.enter(value, wanted)
            self.lines.append(f"{name} = {text}")
            return name
        path = _numpy_path(value)
        if path is not None:
            return path
        name = self.enter(value, wanted)
        self.define(value, name)
        return name

    def enter(self, value: object, wanted: str) -> str:
        """Reserve a name for a value, and keep the value alive."""
        name = self.names[id(value)] = self.new_name(wanted)
        self.kept.append(value)
        return name

    def module_text(self, module: ModuleType) -> str:
        """Return the name of an imported module, which must not be one of funcgrad's."""
        if module is np:
            return "np"
        if OURS[getattr(module, "__file__", None) or "<built in>"]:
            raise TypeError(f"the module {module.__name__} is part of funcgrad")
        self.imports.add(f"import {module.__name__}")
        return module.__name__

    def expression(self, fun: object, name: str) -> str:
        """A callable that is no Python function as an expression."""
        path = _numpy_path(fun) or _scipy_path(fun)
        if path is not None:
            if path.startswith("scipy.special."):
                self.imports.add("import scipy.special")
            return path
        if isinstance(fun, functools.partial):
            self.imports.add("import functools")
            parts = [self.text_of(fun.func, getattr(fun.func, "__name__", name))]
            parts += [self.text_of(a, f"{name}_{i}") for i, a in enumerate(fun.args)]
            parts += [f"{k}={self.text_of(a, f'{name}_{k}')}" for k, a in fun.keywords.items()]
            return f"functools.partial({', '.join(parts)})"
        module = getattr(fun, "__module__", None)
        own = getattr(fun, "__name__", "")
        if isinstance(fun, BuiltinFunctionType | type) and module in sys.modules:
            found = sys.modules[module]
            if getattr(found, own, None) is fun:
                return f"{self.module_text(found)}.{own}"
        raise TypeError(f"{fun!r} is no function of plain NumPy")

    def definition(self, fun: FunctionType, name: str) -> str:
        """The definition of a Python function, after those of what it reads."""
        node = _plain(_function_node(fun))
        node.name = name
        texts = {used: self.text_of(value, used) for used, value in _read_from_outside(fun)}
        self.set_defaults(node, fun, name)
        _Renamed(texts, fun.__code__).visit(node)
        return ast.unparse(ast.fix_missing_locations(node))

    def set_defaults(self, node: ast.FunctionDef, fun: FunctionType, name: str) -> None:
        """Write the values of default arguments, which may have come from anywhere."""
        given, given_by_name = fun.__defaults__ or (), fun.__kwdefaults__ or {}

        def default(value: object, argument: str) -> ast.expr:
            return ast.parse(self.text_of(value, f"{name}_{argument}"), mode="eval").body

        positional = [*node.args.posonlyargs, *node.args.args]
        last = positional[len(positional) - len(given) :]
        node.args.defaults = [default(v, a.arg) for v, a in zip(given, last, strict=True)]
        node.args.kw_defaults = [
            default(given_by_name[a.arg], a.arg) if a.arg in given_by_name else None
            for a in node.args.kwonlyargs
        ]


def value_text(x: object) -> str:
    """A constant as source text."""
    x = arrays.device_get(x)
    if isinstance(x, np.ndarray):
        if x.size > 200:
            data = base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()
            return (
                f'np.frombuffer(base64.b64decode("{data}"), np.dtype("{x.dtype.name}"))'
                f".reshape({x.shape}).copy()"
            )
        return f'np.array({_numbers(x.tolist())}, np.dtype("{x.dtype.name}")).reshape({x.shape})'
    if isinstance(x, np.generic) and is_small_float(x.dtype):
        return f'np.dtype("{x.dtype.name}").type({_numbers(x.item())})'
    if isinstance(x, np.generic):
        return f"np.{x.dtype.name if x.dtype.kind != 'b' else 'bool_'}({_numbers(x.item())})"
    if isinstance(x, np.dtype):
        return f'np.dtype("{x.name}")'
    if isinstance(x, str | bytes | None):
        return repr(x)
    if isinstance(x, bool | int | float | complex):
        return _numbers(x)
    if isinstance(x, tuple | list):
        inner = ", ".join(map(value_text, x))
        return f"({inner}{',' if len(x) == 1 else ''})" if isinstance(x, tuple) else f"[{inner}]"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{value_text(k)}: {value_text(v)}" for k, v in x.items()) + "}"
    raise TypeError(f"it reads a {type(x).__name__}, which cannot be written as plain NumPy")


def _numbers(x: object) -> str:
    """Numbers, in lists or not, of which the signs of zeros and parts that are NaN are kept."""
    if isinstance(x, list):
        return "[" + ", ".join(map(_numbers, x)) + "]"
    if isinstance(x, complex):
        exact = repr(complex(x.real, x.imag))
        plain = np.isfinite(x.real) and np.isfinite(x.imag) and eval(exact) is not None
        same = plain and _same_number(eval(exact), x)
        return exact if same else f"complex({_numbers(x.real)}, {_numbers(x.imag)})"
    if isinstance(x, float) and not np.isfinite(x):
        return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[repr(x)]
    return repr(x)


def _same_number(x: complex, y: complex) -> bool:
    return bool(np.array_equal(np.array(x).view(np.uint64), np.array(y).view(np.uint64)))


def _numpy_path(fun: object) -> str | None:
    """The path from ``np`` to a function of NumPy's public namespace; None of any other."""
    module = getattr(fun, "__module__", "") or ""
    name = getattr(fun, "__name__", "")
    if isinstance(fun, np.ufunc) or module.partition(".")[0] == "numpy":
        for space, prefix in ((np, "np."), (np.linalg, "np.linalg."), (np.fft, "np.fft.")):
            if getattr(space, name, None) is fun:
                return prefix + name
    return None


def _scipy_path(fun: object) -> str | None:
    special = sys.modules.get("scipy.special")
    name = getattr(fun, "__name__", "")
    if special is not None and getattr(special, name, None) is fun:
        return f"scipy.special.{name}"
    return None


def _read_from_outside(fun: FunctionType) -> list[tuple[str, Any]]:
    """The globals and variables of outer functions that a function reads, with their values."""
    found: dict[str, Any] = {}
    for name in _global_names(fun.__code__):
        if name in fun.__globals__:
            found[name] = fun.__globals__[name]
    for name, cell in zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True):
        found[name] = cell.cell_contents
    return list(found.items())


def _global_names(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _global_names(const)


class _Renamed(ast.NodeTransformer):
    """Names from outside a function replaced by the texts that stand for them."""

    def __init__(self, texts: dict[str, str], code: CodeType) -> None:
        self.texts = {k: v for k, v in texts.items() if k != v}
        own = _local_names(code) & self.texts.keys()
        if own:
            raise TypeError(f"it uses the name {min(own)} for two things")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        text = self.texts.get(node.id)
        return node if text is None else ast.parse(text, mode="eval").body


def _local_names(code: CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return {*code.co_varnames, *code.co_cellvars}.union(*map(_local_names, inner))


def _function_node(fun: FunctionType) -> ast.FunctionDef:
    """The syntax of a function; of a lambda that of a function that returns its value."""
    try:
        if fun.__code__.co_name != "<lambda>":
            found = ast.parse(textwrap.dedent(inspect.getsource(fun))).body[0]
            if isinstance(found, ast.FunctionDef):
                return found
        lines, _ = inspect.findsource(fun)
    except (OSError, SyntaxError, IndentationError):
        raise TypeError(f"the source of {fun.__qualname__} is not to be found") from None
    return _lambda_node(fun, "".join(lines))


def _lambda_node(fun: FunctionType, text: str) -> ast.FunctionDef:
    """The lambda in a file whose body is where the instructions of the function come from."""
    places = [p for p in fun.__code__.co_positions() if None not in p and p[2] != p[3]]
    first = min((line, column) for line, _, column, _ in places)
    last = max((line, column) for _, line, _, column in places)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Lambda):
            body = node.body
            if first == (body.lineno, body.col_offset) and last == (
                body.end_lineno,
                body.end_col_offset,
            ):
                made = ast.parse("def f(): return None").body[0]
                assert isinstance(made, ast.FunctionDef)
                made.args, made.body = node.args, [ast.Return(body)]
                return made
    raise TypeError(f"the source of the lambda at line {fun.__code__.co_firstlineno} is not found")


def _plain(node: ast.FunctionDef) -> ast.FunctionDef:
    """A function without annotations, decorators and docstring."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef):
            inner.returns = None
            inner.decorator_list = []
            args = inner.args
            every = [*args.args, *args.kwonlyargs, *args.posonlyargs]
            every += [a for a in (args.vararg, args.kwarg) if a]
            for a in every:
                a.annotation = None
            if ast.get_docstring(inner) is not None and len(inner.body) > 1:
                inner.body = inner.body[1:]
        if isinstance(inner, ast.AnnAssign) and inner.value is not None:
            inner.annotation = ast.Name("object")
    return node
