"""The functions of a module that can be checked, and why the others cannot."""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ...api.custom import custom_jvp, custom_vjp
from ..claims import Claim
from ..decorator import DerivativeCheck
from ..strategies.signatures import parameters_of
from .errors import CommandError
from .targets import Target

RULES = (custom_jvp, custom_vjp)


@dataclass(frozen=True)
class Case:
    """A function that is checked.

    ``kind`` says why: it is 'registered' by check_derivatives, 'named' on the command line, a
    'claim', has a derivative 'rule', or is 'annotated'.
    """

    name: str
    function: Any
    kind: str

    @property
    def check(self) -> DerivativeCheck | None:
        """The settings of check_derivatives, if the function has been registered."""
        return getattr(self.function, "__derivative_check__", None)

    def code(self) -> str:
        """The source of the function and of its derivatives; empty without source."""
        return "\n".join(filter(None, map(source_of, parts_of(self.function))))

    def source_hash(self) -> str:
        """A digest of the source of the function and of its derivatives; empty without source."""
        code = self.code()
        return hashlib.sha256(code.encode()).hexdigest()[:16] if code else ""


@dataclass
class Found:
    """The functions that targets hold: those to check, and others with the reasons."""

    cases: list[Case] = field(default_factory=list)
    unchecked: list[tuple[str, str]] = field(default_factory=list)
    deselected: int = 0
    seen: set[int] = field(default_factory=set)

    def add(self, name: str, value: object, kind_or_reason: tuple[str, str]) -> None:
        """Add a function under its name unless it has been added under another one."""
        if id(value) in self.seen:
            return
        self.seen.add(id(value))
        kind, reason = kind_or_reason
        if kind:
            self.cases.append(Case(name, value, kind))
        else:
            self.unchecked.append((name, reason))

    def select(self, pattern: str) -> None:
        """Keep what has a name that matches a pattern."""
        kept = [case for case in self.cases if matches(case.name, pattern)]
        self.deselected = len(self.cases) - len(kept)
        self.cases = kept
        self.unchecked = [pair for pair in self.unchecked if matches(pair[0], pattern)]


def matches(name: str, pattern: str) -> bool:
    """True if a name contains a text, or fits a pattern with ``*`` and ``?``.

    >>> matches("models:loss", "loss"), matches("models:loss", "mod*ss"), matches("a:b", "c")
    (True, True, False)
    """
    return pattern in name or fnmatch.fnmatchcase(name, pattern)


def discover(targets: Iterable[Target]) -> Found:
    """The functions of targets."""
    found = Found()
    targets = list(targets)
    for target in targets:
        if target.attribute:
            value = target.named()
            name = f"{target.modules[0].__name__}:{target.attribute}"
            found.add(name, value, (kind_of_named(name, value), ""))
    for target in targets:
        found.unchecked += target.skipped
        for module in () if target.attribute else target.modules:
            for name, value, verdict in functions_of(module):
                found.add(f"{module.__name__}:{name}", value, verdict)
    return found


def kind_of_named(name: str, value: object) -> str:
    """The kind of a function that the command names."""
    if isinstance(value, type):
        raise CommandError(f"{name} is a class; name a function: {name}.method")
    if not callable(value):
        raise CommandError(f"{name} is {article(type(value).__name__)}, not a function")
    if isinstance(value, Claim):
        return "claim"
    return "registered" if hasattr(value, "__derivative_check__") else "named"


def article(noun: str) -> str:
    """A noun with its article."""
    return f"an {noun}" if noun[0] in "aeiouAEIOU" else f"a {noun}"


def functions_of(module: ModuleType) -> Iterator[tuple[str, Any, tuple[str, str]]]:
    """The functions of a module: name, function, and (kind, "") or ("", why it is unchecked)."""
    listed = getattr(module, "__all__", None)
    rules = rules_of(module)
    for name, value in list(vars(module).items()):
        if id(value) in rules:
            continue
        if isinstance(value, type):
            yield from methods_of(module, name, value)
            continue
        here = getattr(value, "__module__", None) == module.__name__
        public = name in listed if listed is not None else not name.startswith("_") and here
        if isinstance(value, Claim):
            yield name, value, ("claim", "")
        elif is_function(value) and here and hasattr(value, "__derivative_check__"):
            yield name, value, ("registered", "")
        elif isinstance(value, RULES) and here:
            yield name, value, kind_of_rule(value)
        elif public and is_function(value):
            yield name, value, kind_of_function(value)


def rules_of(module: ModuleType) -> set[int]:
    """The identities of functions that are only the derivatives of others."""
    found = [
        part
        for value in vars(module).values()
        if isinstance(value, RULES)
        for part in parts_of(value)[1:]
    ]
    return {id(part) for part in found if part is not None}


def methods_of(
    module: ModuleType, name: str, cls: type
) -> Iterator[tuple[str, Any, tuple[str, str]]]:
    """The registered methods of a class."""
    if cls.__module__ != module.__name__:
        return
    for method, value in vars(cls).items():
        inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if not hasattr(inner, "__derivative_check__"):
            continue
        if isinstance(value, staticmethod):
            yield f"{name}.{method}", inner, ("registered", "")
        else:
            reason = "a method: its first argument cannot be drawn; register a function"
            yield f"{name}.{method}", inner, ("", reason)


def is_function(value: object) -> bool:
    """True if an object is a function, or a wrapper of one."""
    wrapper = callable(value) and hasattr(value, "__wrapped__")
    return isinstance(value, types.FunctionType) or wrapper


def kind_of_function(f: Callable[..., Any]) -> tuple[str, str]:
    """The kind of a public function, or why it is not checked."""
    inner = inspect.unwrap(f)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        return "", "an asynchronous function"
    if inspect.isgeneratorfunction(inner):
        return "", "a generator function"
    if getattr(f, "__name__", "").startswith("test_"):
        return "", "a test: pytest runs it"
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return "", "it does not show its parameters"
    needed = [p for p in parameters if p.default is p.empty and p.kind not in VARIABLE]
    if not parameters:
        return "", "it has no parameters"
    bare = [p.name for p in needed if p.annotation is p.empty]
    if bare:
        return "", f"{bare[0]} has no annotation; use check_derivatives, or name the function"
    return drawable(f, "annotated")


VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def kind_of_rule(f: Any) -> tuple[str, str]:
    """The kind of a function with a derivative rule, or why it is not checked."""
    parameters = list(f.signature.parameters.values()) if f.signature else []
    for i in f.nondiff_argnums:
        p = parameters[i] if i < len(parameters) else None
        if p is not None and p.annotation is p.empty and p.default is p.empty:
            return "", f"{p.name} is not differentiated and has no annotation"
    return drawable(f, "rule")


def drawable(f: Callable[..., Any], kind: str) -> tuple[str, str]:
    """A kind, or why no arguments can be drawn."""
    try:
        drawn = parameters_of(f, (), {})
    except Exception as error:
        return "", str(error).splitlines()[0] if str(error) else type(error).__name__
    return (kind, "") if drawn else ("", "none of its parameters can be drawn")


def parts_of(f: Callable[..., Any]) -> list[Any]:
    """A function and what gives its derivatives."""
    if isinstance(f, Claim):
        return [f.value, f.vjp, f.jvp]
    if isinstance(f, custom_jvp):
        return [f.fun, f.rule]
    if isinstance(f, custom_vjp):
        return [f.fun, *(f.rules or ())]
    return [f]


def source_of(f: Callable[..., Any]) -> str:
    """The source of a function; empty if there is none."""
    if f is None:
        return ""
    f = inspect.unwrap(f)
    f = f.func if isinstance(f, functools.partial) else f
    try:
        return inspect.getsource(f)
    except (OSError, TypeError):
        return ""
