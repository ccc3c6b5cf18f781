"""Values as program text that gives back exactly these values."""

from __future__ import annotations

import dataclasses
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ... import arrays

DEFAULT = frozenset({"float64", "complex128", "bool"})
"""Dtypes that np.array gives lists of their numbers anyway."""


class Literals:
    """Writes values as program text, and collects the modules that the text needs.

    >>> Literals().text((np.array([0.1, np.inf]), {"n": 3, "s": np.float32(0.5)}))
    "(np.array([0.1, np.inf]), {'n': 3, 's': np.float32(0.5)})"
    """

    def __init__(self) -> None:
        self.modules: set[str] = {"numpy"}

    def text(self, value: object) -> str:
        """The text of a pytree."""
        if isinstance(value, np.ndarray) or arrays.is_gpu_array(value):
            return array_text(np.asarray(arrays.device_get(value)))
        if isinstance(value, np.generic):
            return f"np.{value.dtype.name}({number(value)})"
        if isinstance(value, bool | int | str | bytes | None):
            return repr(value)
        if isinstance(value, float | complex):
            return number(value)
        if isinstance(value, dict) and type(value) is dict:
            return "{" + ", ".join(f"{k!r}: {self.text(v)}" for k, v in value.items()) + "}"
        if type(value) is list:
            return "[" + ", ".join(map(self.text, value)) + "]"
        if type(value) is tuple:
            return "(" + ", ".join(map(self.text, value)) + ("," if len(value) == 1 else "") + ")"
        return self.record(value)

    def record(self, value: object) -> str:
        """The text of a named tuple or a dataclass, or of an object that has a text of its own."""
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            fields = dict(zip(value._fields, value, strict=True))
        elif dataclasses.is_dataclass(value):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        else:
            return repr(value)
        inside = ", ".join(f"{name}={self.text(x)}" for name, x in fields.items())
        return f"{self.name(type(value))}({inside})"

    def name(self, thing: object) -> str:
        """The name of a function or a class: with its module, if it can be imported."""
        name = importable_name(thing)
        if name is None:
            return getattr(thing, "__name__", type(thing).__name__)
        self.modules.add(thing.__module__)
        return name

    def imports(self) -> str:
        """The import statements of the modules that were needed."""
        lines = [import_text(m) for m in sorted(self.modules - {"numpy"})]
        return "\n".join(["import numpy as np", *lines])


FROM_FILE = "checked_"
"""The beginning of names of modules that were loaded from files; they cannot be imported."""


def import_text(name: str) -> str:
    """The lines that import a module wherever a program is started."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None:
        return f"import {name}"
    path = Path(file).resolve()
    if name.startswith(FROM_FILE):
        return (
            "import importlib.util\n"
            f"spec = importlib.util.spec_from_file_location({name!r}, {str(path)!r})\n"
            f"{name} = importlib.util.module_from_spec(spec)\n"
            f"spec.loader.exec_module({name})"
        )
    folder = path.parents[name.count(".") + (path.name == "__init__.py")]
    known = [Path(p).resolve() for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    if folder in (Path.cwd(), *known) or Path(sys.prefix).resolve() in path.parents:
        return f"import {name}"
    return f"import sys\nsys.path.insert(0, {str(folder)!r})\nimport {name}"


def importable_name(thing: object) -> str | None:
    """``module.name`` if a function or class can be imported by that name."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not module or not name or module == "__main__" or "<" in name:
        return None
    return f"{module}.{name}"


def array_text(x: np.ndarray) -> str:
    """The text of an array."""
    dtype = "" if x.dtype.name in DEFAULT else f", dtype=np.{x.dtype.name}"
    if not x.size:
        return f"np.zeros({x.shape}, dtype=np.{x.dtype.name})"
    return f"np.array({nested(x)}{dtype})"


def nested(x: np.ndarray) -> str:
    """The elements of an array as nested lists."""
    if not x.ndim:
        return number(x[()])
    return "[" + ", ".join(nested(np.asarray(part)) for part in x) + "]"


def number(x: Any) -> str:
    """The text of a number; as short as gives it back exactly."""
    kind = np.asarray(x).dtype.kind
    if kind in "biu":
        return repr(x.item() if isinstance(x, np.generic) else x)
    if kind == "c":
        return f"complex({number(x.real)}, {number(x.imag)})"
    value = float(x)
    if not math.isfinite(value):
        return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    short = str(x)
    return short if type(x)(float(short)) == x else repr(value)
