"""What traced values are given before anything else: operators, ufuncs, sums and means.

That is what the first gradient of most programs needs at once. Everything else is in
``implementations``, and loaded when a traced value is first asked for something that is not here.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.deferred import Deferred
from ..core.hooks import Hooks, bind
from ..core.tracing import Tracer
from ..ops import operators
from ..ops.shape import definite
from ..typing import Array
from .protocol import FUNCTIONS, array, dispatch_ufunc
from .reductions import means, sums_and_extrema

if TYPE_CHECKING:
    from ..compiler.native import draws, eager
    from . import products
else:
    products = Deferred("funcgrad.numpy.products", globals())
    draws = Deferred("funcgrad.compiler.native.draws", globals())
    eager = Deferred("funcgrad.compiler.native.eager", globals())

__all__ = ["LATER", "means", "sums_and_extrema"]

LATER = ("__getitem__", "__divmod__", "__rdivmod__", "__round__")
"""Methods that Python looks up in the class, so that nobody asks for them by name."""


def load_all() -> ModuleType:
    """The module that binds everything."""
    return importlib.import_module(f"{__package__}.implementations")


def _later(name: str) -> Callable[..., Any]:
    def method(self: Tracer, *args: Any) -> Any:
        load_all()
        return getattr(type(self), name)(self, *args)

    return method


def _matmul(self: Tracer, other: Any) -> Any:
    return products.matmul_operator(self, other)  # type: ignore[arg-type]


def _rmatmul(self: Tracer, other: Any) -> Any:
    return products.rmatmul_operator(self, other)  # type: ignore[arg-type]


def _rows(x: Array) -> Any:
    return load_all().unstack(x)


@functools.cache
def _has_llvmlite() -> bool:
    return importlib.util.find_spec("llvmlite") is not None


@functools.cache
def _has_fast_loops() -> bool:
    """True if NumPy's loops are those of Intel's library of functions, which are as fast."""
    features = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    wide = features.get("AVX512_SKX") or features.get("X86_V4")
    return bool(wide) and sys.platform == "linux"


def _large(prim: Any, operands: Any) -> Any:
    """An elementwise operator by native code, where that is faster, or asked for."""
    asked = os.environ.get("FUNCGRAD_NATIVE")
    if asked == "0" or not _has_llvmlite() or (asked != "1" and _has_fast_loops()):
        return NotImplemented
    return eager.evaluated(prim, operands)


def _draws(key: Any, size: int, dtype: Any) -> Any:
    """Random numbers by native code, unless that is switched off."""
    if os.environ.get("FUNCGRAD_NATIVE") == "0" or not _has_llvmlite():
        return NotImplemented
    return draws.drawn(key, size, dtype)


bind(
    Tracer,
    {
        **operators.python_operators(),
        **{name: _later(name) for name in LATER},
        "__matmul__": _matmul,
        "__rmatmul__": _rmatmul,
    },
    Hooks(
        ufuncs=operators.ufunc_operators(),
        functions=FUNCTIONS,
        ufunc_call=dispatch_ufunc,
        as_array=array,
        definite=definite,
        rows=_rows,
        namespace=lambda: sys.modules[__package__],
        rest=load_all,
        large=_large,
        draws=_draws,
    ),
)
