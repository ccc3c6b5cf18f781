"""The targets of a command: modules, packages, files, and functions in them."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ..reports.literals import FROM_FILE
from .errors import CommandError, first_line


@dataclass
class Target:
    """The modules that one argument stands for, and the function in it that is meant, if one is.

    ``skipped`` are modules of a package that are not searched, with the reasons.
    """

    modules: list[ModuleType]
    attribute: str = ""
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def named(self) -> Any:
        """The object that ``attribute`` names."""
        value: Any = self.modules[0]
        for part in self.attribute.split("."):
            try:
                value = getattr(value, part)
            except AttributeError:
                near = difflib.get_close_matches(part, dir(value), 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise CommandError(
                    f"{self.modules[0].__name__} has no {self.attribute!r}{hint}"
                ) from None
        return value


def target(text: str) -> Target:
    """The target that an argument names: ``module``, ``path``, or either with ``:function``."""
    place, _, attribute = text.partition(":")
    if not place or text.endswith(":"):
        raise CommandError(f"{text!r} names no function; write module:function or path.py:function")
    module = from_path(Path(place)) if is_path(place) else imported(place)
    if attribute:
        return Target([module], attribute)
    found = Target([module])
    for info in pkgutil.walk_packages(
        getattr(module, "__path__", ()), f"{module.__name__}.", onerror=lambda name: None
    ):
        if info.name.endswith(".__main__"):
            found.skipped.append((info.name, "a program: importing it would run it"))
            continue
        try:
            found.modules.append(imported(info.name))
        except CommandError as error:
            found.skipped.append((info.name, str(error)))
    return found


def is_path(place: str) -> bool:
    """True if an argument is the path of a file or folder rather than the name of a module."""
    return place.endswith(".py") or "/" in place or "\\" in place or place in (".", "..")


def from_path(path: Path) -> ModuleType:
    """The module of a file, or the package of a folder."""
    if not path.exists():
        raise CommandError(f"there is no file {str(path)!r}")
    path = path.resolve()
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    if path.is_dir() and not (path / "__init__.py").exists():
        raise CommandError(f"{str(path)!r} is not a package: it has no __init__.py; name its files")
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    name = ".".join(parts)
    source = path / "__init__.py" if path.is_dir() else path
    if not path.stem.isidentifier():
        return from_file(FROM_FILE + re.sub(r"\W", "_", path.stem), source)
    spec = None
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(name)
    if spec is not None and spec.origin and Path(spec.origin).resolve() == source:
        return imported(name)
    return from_file(FROM_FILE + path.stem, source)


def from_file(name: str, path: Path) -> ModuleType:
    """The module of a file whose own name belongs to another module."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CommandError(f"{str(path)!r} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise CommandError(f"cannot import {str(path)!r}: {reason(error)}") from None
    return module


def imported(name: str) -> ModuleType:
    """A module by name; what it prints does not get into the report."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        missing = getattr(error, "name", None)
        absent = isinstance(error, ModuleNotFoundError) and missing is not None
        if absent and (name == missing or name.startswith(f"{missing}.")):
            hint = ""
            if Path(f"{name}.py").exists():
                hint = f"; for the file write {name}.py"
            raise CommandError(f"there is no module {name!r}{hint}") from None
        raise CommandError(f"cannot import {name!r}: {reason(error)}") from None


def reason(error: BaseException) -> str:
    """An error in a line, with the file and line that raised it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"SyntaxError: {error.msg} ({Path(error.filename).name}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if "importlib" not in frame.filename]
    place = f" ({Path(inside[-1].filename).name}, line {inside[-1].lineno})" if inside else ""
    return first_line(error) + place
