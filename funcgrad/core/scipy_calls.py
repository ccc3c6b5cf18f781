"""Which function of SciPy met a traced value, and what stands for it here: for messages of errors.

SciPy's ufuncs reach operators through NumPy's protocol; its Python functions make plain arrays of
their arguments, which a traced value refuses.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import FrameType, FunctionType, TracebackType
from typing import Any, TypeVar

from ..errors import FuncgradError
from .source import INTERNAL

PACKAGE = __name__.partition(".")[0]

E = TypeVar("E", bound=FuncgradError)

_RELATIVES = {
    "optimize": {
        "root": "fsolve broyden1 broyden2 anderson newton_krylov",
        "root_scalar": "ridder toms748",
        "least_squares": "leastsq lsq_linear",
        "minimize": "fmin fmin_powell fmin_cg fmin_bfgs fmin_ncg fmin_l_bfgs_b fmin_tnc fmin_slsqp "
        "fmin_cobyla",
        "minimize_scalar": "fminbound brent golden",
    },
    "integrate": {"quad": "dblquad tplquad nquad"},
    "interpolate": {
        "CubicSpline": "make_interp_spline splrep splev BSpline InterpolatedUnivariateSpline "
        "interp1d",
        "RegularGridInterpolator": "interpn RectBivariateSpline",
    },
}
"""Functions of ours that do what others of SciPy's do, for advice."""


_Place = tuple[int, str, int]
"""A call of a function of SciPy's: its frame's identity, and the line of the user's that made it.

The frame itself would keep arrays alive; its identity alone is soon that of another one.
"""


class _Refusal(threading.local):
    """The last use of a traced value that a function of SciPy's was refused."""

    last: tuple[_Place, type[FuncgradError], str] | None = None


_refusal = _Refusal()


def noted(error: E, depth: int = 1) -> E:
    """An error about a use in a function of SciPy's, for the case that C code drops it."""
    frame: FrameType | None = sys._getframe(depth)
    outermost = None
    while frame is not None and INTERNAL[frame.f_code.co_filename]:
        if _is_scipys(frame):
            outermost = frame
        frame = frame.f_back
    if outermost is not None and frame is not None:
        place = id(outermost), frame.f_code.co_filename, frame.f_lineno
        _refusal.last = place, type(error), str(error)
    return error


def dropped(tb: TracebackType | None) -> FuncgradError | None:
    """The error that C code of SciPy's dropped, in a call through which a traceback goes."""
    if _refusal.last is None:
        return None
    place, kind, message = _refusal.last
    line: tuple[str, int] | None = None
    while tb is not None:
        if line is not None and (id(tb.tb_frame), *line) == place:
            _refusal.last = None
            return kind(message)
        if not INTERNAL[tb.tb_frame.f_code.co_filename]:
            line = tb.tb_frame.f_code.co_filename, tb.tb_lineno
        tb = tb.tb_next
    return None


def _is_scipys(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("scipy.")


def is_in_scipy(tb: TracebackType | None) -> bool:
    """True if a frame of SciPy's started a traceback."""
    last = tb
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and _is_scipys(last.tb_frame)


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
        if candidate.startswith("_"):
            continue
        if callable(public.get(candidate)):
            return f"{package}.{candidate}"
        # Some public modules of a package have functions of their own, as scipy.spatial.distance.
        if "._" not in where and candidate in getattr(sys.modules.get(where), "__all__", ()):
            return f"{where}.{candidate}"
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


def _relative(name: str) -> str | None:
    _, package, function = name.split(".")[:3]
    for other, names in _RELATIVES.get(package, {}).items():
        if function in names.split():
            return ours(f"scipy.{package}.{other}")
    return None


def advice(name: str) -> str:
    """What to do in the place of a call of SciPy."""
    other = ours(name)
    if other is not None:
        return f"Use {other}, which takes traced values"
    relative = _relative(name)
    if relative is not None:
        return f"Use {relative}, the nearest that takes traced values"
    return (
        f"There is nothing for it in {PACKAGE}.scipy: give it a rule with {PACKAGE}.custom_jvp, or "
        f"call it through {PACKAGE}.pure_callback where no derivative is needed"
    )
