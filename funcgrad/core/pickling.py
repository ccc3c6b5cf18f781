"""Functions that can be pickled though they were made inside of others.

What funcgrad's functions return, the gradient of a function for example, are functions of
arguments that they close over. Their code is found again by its place in funcgrad's own modules,
so a pickle is for the version of funcgrad that made it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

PREFIX = __name__.partition(".")[0] + "."

_EMPTY = "empty cell"

_ATTRIBUTES = (*functools.WRAPPER_ASSIGNMENTS, "__wrapped__")


class Portable:
    """A function made inside of one of funcgrad's, which pickle can take apart."""

    __slots__ = ("__dict__", "__weakref__", "run")  # functools.wraps copies what is in __dict__

    run: Callable[..., Any]

    def __init__(self, run: Callable[..., Any]) -> None:
        functools.update_wrapper(self, run)
        del self.__wrapped__  # type: ignore[attr-defined]
        self.__dict__.update(run.__dict__)
        self.run = run

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(getattr(self, "__wrapped__", self.run))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else MethodType(self, obj)

    def __repr__(self) -> str:
        return f"<function {self.__qualname__} of {self.run.__globals__['__name__']}>"  # type: ignore[attr-defined]

    def __copy__(self) -> Portable:
        return self

    def __deepcopy__(self, memo: Any) -> Portable:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        name = importable_name(self)
        if name is not None:
            return name
        named = {k: taken(self.__dict__[k]) for k in _ATTRIBUTES if k in self.__dict__}
        return (_rebuild, (type(self), _description(self.run), named))


def portable(x: Any) -> Any:
    """A function as one that can be pickled, if it was made inside of one of funcgrad's."""
    if is_inner(x):
        return Portable(x)
    return x


def importable_name(x: Any) -> str | None:
    """The qualified name under which a module has an object; None if there is none.

    Functions of ``__main__`` have none for cloudpickle and its like, which take them along.
    """
    module, name = getattr(x, "__module__", None), getattr(x, "__qualname__", None)
    found = sys.modules.get(module) if isinstance(module, str) else None
    if found is None or not isinstance(name, str) or "<locals>" in name:
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not x or (module == "__main__" and _pickled_by_value()):
        return None
    return name


def _pickled_by_value() -> bool:
    """True if the pickler at work is one that takes functions of ``__main__`` along."""
    frame = sys._getframe(2)
    for _ in range(4):
        package = frame.f_globals.get("__name__", "")
        if "cloudpickle" in package or package.startswith("dill"):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


def is_inner(x: Any) -> bool:
    """True if x is a function that was made inside of one of funcgrad's."""
    return (
        type(x) is FunctionType
        and "<" in x.__code__.co_qualname
        and x.__globals__.get("__name__", "").startswith(PREFIX)
    )


def _description(fun: Any) -> tuple[Any, ...]:
    """The place of the code of a function, and what the function closes over."""
    module, code = fun.__globals__["__name__"], fun.__code__
    named = [c for c in _codes(module) if c.co_qualname == code.co_qualname]
    here = [c for c in named if c.co_firstlineno == code.co_firstlineno]
    # Tools like pytest rewrite assertions: code is compared only where lambdas share a line.
    place = named.index(here[0] if len(here) == 1 else code)
    cells = tuple(_content(c) for c in fun.__closure__ or ())
    defaults = taken(fun.__defaults__), taken(fun.__kwdefaults__)
    return (module, fun.__code__.co_qualname, place, cells, *defaults)


def _content(cell: CellType) -> Any:
    try:
        return (taken(cell.cell_contents),)
    except ValueError:
        return _EMPTY


def taken(x: Any) -> Any:
    """A value with the functions in it that pickle would refuse wrapped."""
    kind: Any = x.__class__
    if kind is FunctionType:
        return portable(x) if is_inner(x) else _importable(x)
    if kind is tuple or kind is list:
        return kind(map(taken, x))  # pyright: ignore[reportUnknownVariableType]
    if kind is dict:
        return dict(zip(x, map(taken, x.values()), strict=True))
    if hasattr(kind, "_fields") and issubclass(kind, tuple):
        return kind(*map(taken, x))  # pyright: ignore[reportUnknownVariableType]
    return x


class FunctionOf:
    """The function that a decorator of funcgrad's was applied to, known by what it became."""

    __slots__ = ("target",)

    def __init__(self, target: Any) -> None:
        self.target: Any = target

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.target.fun(*args, **kwargs)


def _importable(fun: FunctionType) -> Any:
    """A function that is not what its module has under its name, as something that is."""
    found: Any = sys.modules.get(fun.__module__)
    for part in fun.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is fun:
        return fun
    if fun.__module__.startswith(PREFIX):
        inner = found
        while inner is not fun and hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        return found if inner is fun else fun
    return FunctionOf(found) if getattr(found, "fun", None) is fun else fun


_known_codes: dict[str, tuple[CodeType, ...]] = {}


def _codes(module: str) -> tuple[CodeType, ...]:
    """All code of a module of funcgrad's, in the order of its source."""
    found = _known_codes.get(module)
    if found is None:
        found = _known_codes[module] = tuple(_inside(_code_of(module)))
    return found


def _code_of(module: str) -> CodeType:
    spec: Any = importlib.import_module(module).__spec__
    if hasattr(spec.loader, "get_code"):
        return spec.loader.get_code(module)
    with open(spec.origin, encoding="utf-8") as file:
        return compile(file.read(), spec.origin, "exec", dont_inherit=True)


def _inside(code: CodeType) -> Iterator[CodeType]:
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield x
            yield from _inside(x)


def _rebuild(cls: type[Portable], description: tuple[Any, ...], attributes: Any) -> Portable:
    module, qualname, place, cells, defaults, keyword_defaults = description
    code = [c for c in _codes(module) if c.co_qualname == qualname][int(place)]
    closure = tuple(CellType() if c == _EMPTY else CellType(c[0]) for c in cells)
    names = vars(sys.modules[module])
    run = FunctionType(code, names, code.co_name, defaults, closure)
    run.__kwdefaults__ = keyword_defaults
    made = cls(run)
    made.__dict__.update(attributes)
    return made
