"""Which argument is at fault when a call failed where nobody checked: found after the fact.

Functions check what they must; a wrong argument that none of them expected fails somewhere below,
as an attribute of None or an index out of range. The call is then found in the traceback, its
arguments are compared with the annotations, and the error names the one that does not fit and what
its docstring asks for. Nothing of this costs anything where no error is raised.
"""

from __future__ import annotations

import inspect
import numbers
import opcode
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from .. import arrays
from ..errors import DepthError
from .containers import members_of
from .source import INTERNAL, OURS
from .tracing import Tracer

ACCIDENTS = (
    AssertionError, AttributeError, IndexError, KeyError, OverflowError, RuntimeError,
    StopIteration, TypeError, UnboundLocalError, ValueError, ZeroDivisionError,
)  # fmt: skip
"""Classes of errors that Python and NumPy raise where an argument does not fit."""

STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


BOUNDARIES = ("user_facing.<locals>.wrapper", "Facing.__call__")
"""The code through which users call functions."""


class Call:
    """A call of one of our functions that failed inside."""

    __slots__ = ("arguments", "fun", "parameters")

    def __init__(
        self, fun: Any, arguments: dict[str, Any], parameters: Mapping[str, inspect.Parameter]
    ) -> None:
        self.fun: Any = fun
        self.arguments: dict[str, Any] = arguments
        self.parameters: Mapping[str, inspect.Parameter] = parameters


def blamed(error: Exception) -> Exception | None:
    """The error that names the argument at fault, or None if ``error`` is the better one."""
    if isinstance(error, RecursionError) and "maximum recursion depth" in str(error).lower():
        outermost = _first_of_deep_calls(error.__traceback__)
        return outermost and DepthError(
            f"{_owner(outermost)}: transformations, calls or containers are "
            "nested deeper than Python's stack is high; nest less deeply, or raise the limit with "
            "sys.setrecursionlimit"
        )
    inside = _our_frames(error.__traceback__)
    if not inside:
        return None
    if not _is_accident(error, inside[-1]):
        return None
    calls = list(_calls([entry.tb_frame for entry in inside]))
    found = [(rank, i, name) for i, c in enumerate(calls) for rank, name in _suspects(c, error)]
    if not found:
        return None
    first = [s for s in found if s[0] == FOUND] or [s for s in found if s[1] == found[0][1]]
    rank, i, name = min(first, key=lambda s: s[0])
    return _blaming(calls[i], name, rank, error)


def _blaming(call: Call, name: str, rank: int, error: Exception) -> Exception:
    value = call.arguments[name]
    kind = ValueError if rank == NUMBER else TypeError
    wanted = _wanted(call, name, rank)
    if isinstance(error, AttributeError) and rank == FOUND and not wanted.startswith("but"):
        wanted = f"which has no {error.name}: it is not what belongs here"
    return kind(f"{_name(call.fun)}: {name} is {describe(value)}, {wanted}")


def _our_frames(tb: TracebackType | None) -> list[TracebackType]:
    """The end of a traceback that is ours, and of libraries that we call; it may be empty."""
    found: list[TracebackType] = []
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if not (OURS[file] or (found and _is_library(file))):
            found = []
        else:
            found.append(tb)
        tb = tb.tb_next
    return found


def _first_of_deep_calls(tb: TracebackType | None) -> FrameType | None:
    """The first of our frames, if calls of ours are what is nested, and not calls of the user's."""
    frames: list[FrameType] = []
    while tb is not None:
        frames.append(tb.tb_frame)
        tb = tb.tb_next
    ours = [f for f in frames if OURS[f.f_code.co_filename]]
    inner = [f for f in frames if OURS[f.f_code.co_filename] or _is_library(f.f_code.co_filename)]
    return ours[0] if ours and 3 * len(inner) > len(frames) else None


def _is_library(file: str) -> bool:
    if INTERNAL[file] or file.startswith("<frozen"):
        return True
    return file.startswith(STANDARD_LIBRARY) and "site-packages" not in file


def _is_accident(error: Exception, last: TracebackType) -> bool:
    """True if an error was not raised on purpose by a statement of ours."""
    if type(error) not in ACCIDENTS and not type(error).__module__.startswith("numpy._core"):
        return False
    if type(error) is IndexError and "out of bounds" in str(error):
        return False  # NumPy says of an index what there is to say
    code = last.tb_frame.f_code
    return not (
        OURS[code.co_filename] and opcode.opname[code.co_code[last.tb_lasti]] == "RAISE_VARARGS"
    )


def _function(frame: FrameType) -> Any:
    """The function of ours that a frame runs, or the one that it runs for a user."""
    values = frame.f_locals
    name = frame.f_code.co_qualname
    if name == BOUNDARIES[0]:
        return values["fun"]
    if name == BOUNDARIES[1]:
        return values["self"].run
    if name in ("Tracer.__array_function__", "Tracer.__array_ufunc__"):
        return values.get("func", values.get("ufunc"))
    return frame.f_code


def _calls(frames: list[FrameType]) -> Iterator[Call]:
    """The calls of functions that users call, outermost first, and those that made functions."""
    for frame in frames:
        fun = _function(frame)
        if fun is not frame.f_code:
            call = _call_of(fun, frame.f_locals)
        elif frame is frames[0]:
            call = _plain_call(frame)
        else:
            call = None
        if call is not None:
            yield call
        maker = _maker(frame)
        if maker is not None:
            yield maker


def _call_of(fun: Any, values: Mapping[str, Any]) -> Call | None:
    try:
        signature = inspect.signature(fun)
        bound = signature.bind(*values["args"], **values["kwargs"])
    except (TypeError, ValueError, KeyError):
        return None
    return Call(fun, dict(bound.arguments), signature.parameters)


def _plain_call(frame: FrameType) -> Call:
    """A call of a function that is no boundary, a method of traced arrays for example."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    names = [n for n in code.co_varnames[:count] if n in values and n != "self"]
    parameters: Mapping[str, inspect.Parameter] = {
        n: inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names
    }
    fun: Any = frame.f_globals.get(code.co_name)
    if getattr(fun, "__code__", None) is code:
        parameters = inspect.signature(fun).parameters  # type: ignore[arg-type]
    return Call(code, {n: values[n] for n in names}, parameters)


def _maker(frame: FrameType) -> Call | None:
    """The call that made the function which a frame runs: what that function closes over."""
    code = frame.f_code
    outer = frame.f_globals.get(code.co_qualname.partition(".")[0])
    if not code.co_freevars or not inspect.isfunction(outer) or not OURS[code.co_filename]:
        return None
    outer = inspect.unwrap(outer)
    parameters = inspect.signature(outer).parameters
    closed = set(code.co_freevars) & set(frame.f_locals)
    return Call(outer, {n: frame.f_locals[n] for n in parameters if n in closed}, parameters)


FOUND, MISMATCH, STRANGE, TEXT, NOTHING, SCALAR, NUMBER = range(7)
"""How a value is suspect: the attribute was asked of it; against its annotation; of a class that no
function takes; a string or None where an array may be meant; a number where a container may be
meant; a negative number."""


def _suspects(call: Call, error: Exception) -> Iterator[tuple[int, str]]:
    for name, value in call.arguments.items():
        parameter = call.parameters[name]
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.default is not parameter.empty and value is parameter.default:
            continue
        if isinstance(error, AttributeError) and error.obj is value:
            yield FOUND, name
            continue
        annotation = parameter.annotation
        named = getattr(call.fun, "__globals__", {})
        found = named.get(annotation) if isinstance(annotation, str) else None
        if isinstance(found, type) and found.__module__.startswith("funcgrad."):
            if not getattr(found, "_is_protocol", False):
                annotation = found  # the class of a state, for example
        rank = _suspicion(value, annotation, error)
        if rank is not None:
            yield rank, name


def _suspicion(value: Any, annotation: Any, error: Exception) -> int | None:
    known = _fits(value, annotation)
    if known is False:
        return MISMATCH
    if isinstance(value, str):
        return TEXT if known is None else None
    if value is None:
        return None if known else NOTHING
    if known is None and _is_strange(value):
        return STRANGE
    if isinstance(error, IndexError | ValueError | OverflowError | ZeroDivisionError):
        if isinstance(value, int | float | np.number) and value < 0:
            return NUMBER
    elif known is None and isinstance(value, int | float | np.number):
        return SCALAR
    return None


def _is_strange(value: Any) -> bool:
    kind: Any = value.__class__
    if isinstance(value, Tracer | numbers.Number | bool | np.dtype | slice | type | Mapping):
        return False
    if callable(value) or arrays.is_array(value) or hasattr(kind, "__dataclass_fields__"):
        return False
    if isinstance(value, Sequence | Set):
        return any(isinstance(v, str) or _is_strange(v) for v in members_of(value)[:10])
    return type(value) is object


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "int": lambda v: isinstance(v, int | np.integer) or _is_scalar(v, "iu"),
    "float": lambda v: isinstance(v, numbers.Real) or _is_scalar(v, "iuf"),
    "complex": lambda v: isinstance(v, numbers.Number) or _is_scalar(v, "iufc"),
    "bool": lambda v: isinstance(v, bool | np.bool) or _is_scalar(v, "b"),
    "str": lambda v: isinstance(v, str),
    "None": lambda v: v is None,
    "Callable": callable,
    "Schedule": lambda v: callable(v) or isinstance(v, numbers.Real) or _is_scalar(v, "iuf"),
    "tuple": lambda v: isinstance(v, tuple | list),
    "list": lambda v: isinstance(v, tuple | list),
    "Sequence": lambda v: isinstance(v, Sequence | np.ndarray) and not isinstance(v, str),
    "Iterable": lambda v: hasattr(v, "__iter__") or hasattr(v, "__getitem__"),
    "dict": lambda v: isinstance(v, Mapping),
    "Mapping": lambda v: isinstance(v, Mapping),
}


def _is_scalar(value: Any, kinds: str) -> bool:
    return (arrays.is_array(value) or isinstance(value, Tracer)) and (
        value.shape == () and value.dtype.kind in kinds
    )


def _fits(value: Any, annotation: Any) -> bool | None:
    """True if a value is of an annotated type; None if the annotation does not say."""
    if isinstance(annotation, type) and annotation is not inspect.Parameter.empty:
        return isinstance(value, annotation)
    if not isinstance(annotation, str):
        return None
    alternatives = _alternatives(annotation)
    if any(_base(a) not in _CHECKS for a in alternatives):
        return None
    return any(_fits_one(value, a) for a in alternatives)


def _fits_one(value: Any, annotation: str) -> bool:
    if not _CHECKS[_base(annotation)](value):
        return False
    inner = re.fullmatch(r"(?:Sequence|list|tuple)\[(.*?)(?:, \.\.\.)?\]", annotation)
    if inner is None or not isinstance(value, list | tuple) or "," in inner[1]:
        return True
    return all(_fits(v, inner[1]) is not False for v in members_of(value))


def _base(annotation: str) -> str:
    return annotation.partition("[")[0]


def _alternatives(annotation: str) -> list[str]:
    """The members of a union, at the outermost level."""
    parts: list[str] = []
    depth = start = 0
    for i, c in enumerate(annotation):
        depth += (c in "[(") - (c in "])")
        if c == "|" and not depth:
            parts.append(annotation[start:i].strip())
            start = i + 1
    return [*parts, annotation[start:].strip()]


def describe(value: Any) -> str:
    """A value for a message, in few characters: ``'x' of type str``, ``f64[3]``."""
    if value is None:
        return "None"
    if isinstance(value, Tracer):
        return str(value.aval)
    if arrays.is_array(value) and value.ndim:
        return f"an array of shape {tuple(value.shape)} and dtype {value.dtype}"
    text = repr(value)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return f"{short} of type {type(value).__name__}".replace("\n", " ")


def _owner(frame: FrameType) -> str:
    """The name in messages of the transformed function that a frame runs."""
    owner = getattr(frame.f_locals.get("self"), "owner", None)
    return owner if isinstance(owner, str) else _name(_function(frame))


def _name(fun: Any) -> str:
    name = getattr(fun, "__name__", None) or getattr(fun, "co_name", None) or type(fun).__name__
    return str(name).lstrip("_")


def _wanted(call: Call, name: str, rank: int) -> str:
    """The words of a docstring about an argument, or its annotation, or the function."""
    doc = inspect.getdoc(call.fun) or ""
    text = _documented(doc, name) or _documented(_named_page(doc), name)
    annotation = call.parameters[name].annotation
    if not text and isinstance(annotation, str) and annotation != "Any":
        text = f"{annotation}, as it was made for it" if name == "state" else _in_words(annotation)
    if text:
        return f"but must be: {text}"
    if rank == NUMBER:
        return "which is out of range"
    return "which is not an array or anything else that it can use"


_WORDS = {
    "ArrayLike": "an array, a number or nested lists of numbers", "Array": "an array",
    "PyTree": "arrays in containers", "DTypeLike": "a dtype", "Key": "a key", "Scalar": "a number",
    "ScalarOrSchedule": "a number or a schedule", "Schedule": "a schedule",
}  # fmt: skip


def _in_words(annotation: str) -> str:
    return " or ".join(_WORDS.get(a, a) for a in _alternatives(annotation))


def _named_page(doc: str) -> str:
    """The docstring of the package that a docstring names for arguments that many share."""
    found = re.search(r"``help\(([\w.]+)\)``", doc)
    module = sys.modules.get(f"funcgrad.{found[1]}") if found else None
    return inspect.getdoc(module) or ""


def _documented(doc: str, name: str) -> str:
    found = re.search(rf"^( *)\*{{0,2}}{re.escape(name)} ?: (.*(?:\n\1 +\S.*)*)", doc, re.MULTILINE)
    if found is None:
        return ""
    text = " ".join(found[2].split()) if found[1] else found[2].partition("\n")[0]
    text = re.split(r"(?<=[a-z)])[.;] ", text)[0].rstrip(".")
    return text if len(text) <= 160 else f"{text[:157]}..."
