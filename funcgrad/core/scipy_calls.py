"""Which function of SciPy met a traced value, and what stands for it here: for messages of errors.

SciPy's ufuncs reach operators through NumPy's protocol; its Python functions make plain arrays of
their arguments, which a traced value refuses.
"""

from __future__ import annotations

import importlib
import sys
from types import FrameType, FunctionType
from typing import Any

from .source import INTERNAL

PACKAGE = __name__.partition(".")[0]


def called_function(depth: int = 1) -> str | None:
    """The public name of the function of SciPy that the user's program is in; None in another."""
    frame: FrameType | None = sys._getframe(depth)
    found = None
    while frame is not None and INTERNAL[frame.f_code.co_filename]:
        found = _public_name(frame) or found
        frame = frame.f_back
    return found


def _package(module: object) -> tuple[str, dict[str, Any]]:
    """The innermost public package of SciPy to which a module belongs, and its names."""
    parts = str(module).split(".")
    private = [i for i, part in enumerate(parts) if part.startswith("_")]
    depth = max(2, min(private[0] if private else len(parts) - 1, 3))
    package = ".".join(parts[:depth])
    known = package.startswith("scipy.") and package in sys.modules
    return package, vars(sys.modules[package]) if known else {}


def _public_name(frame: FrameType) -> str | None:
    """The name of a frame's function in its package of SciPy, if it is public there."""
    module = str(frame.f_globals.get("__name__", ""))
    if not module.startswith("scipy."):
        return None
    name = frame.f_code.co_name
    local = frame.f_locals
    owner = local.get("self")
    if owner is not None:
        package, public = _package(module)
        if not name.startswith("_"):
            family = getattr(owner, "name", None)
            known = [family] if isinstance(family, str) and family in public else []
            known += [k for k, value in public.items() if value is owner]
            if known:
                return f"{package}.{known[0]}.{name}"
        kind = type(owner).__name__
        return f"{package}.{kind}" if kind in public else None
    # A wrapper that checks arguments has the function as one of its variables.
    wrapped = [(v.__module__, v.__name__) for v in local.values() if isinstance(v, FunctionType)]
    for where, candidate in ((module, name), *wrapped):
        package, public = _package(where)
        if not candidate.startswith("_") and callable(public.get(candidate)):
            return f"{package}.{candidate}"
    return None


def ours(name: str) -> str | None:
    """The function of this package that stands for one of SciPy, or None."""
    _, package, *path = name.split(".")
    try:
        value: Any = importlib.import_module(f"{PACKAGE}.scipy.{package}")
    except ImportError:
        return None
    for part in path:
        value = getattr(value, part, None)
        if value is None:
            return None
    return f"{PACKAGE}.{name}"


def advice(name: str) -> str:
    """What to do in the place of a call of SciPy."""
    other = ours(name)
    if other is not None:
        return f"Use {other}, which takes traced values"
    return (
        f"There is nothing for it in {PACKAGE}.scipy: give it a rule with {PACKAGE}.custom_jvp, or "
        f"call it through {PACKAGE}.pure_callback where no derivative is needed"
    )
