"""Calls of Python functions from inside transformed functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import arrays
from ..core.avals import Aval
from ..errors import DifferentiationError, ShapeError
from ..ops.families import Control, control
from ..transforms.vmap import add_batch_axis


def checked_result(x: Any, aval: Aval, name: str) -> Any:
    """A callback's result with the dtype that was promised, or an error if its shape differs."""
    out = np.asarray(arrays.device_get(x), aval.dtype)
    if out.shape != aval.shape:
        raise ShapeError(
            f"the callback {name} returned shape {out.shape}, but {aval.shape} was promised"
        )
    return out[()]


def _evaluate(
    xp: Any, *args: Any, function: Callable[..., Any], avals: tuple[Aval, ...], vmap_method: Any
) -> Any:
    outs = function(*on_the_host(xp, args))
    results = [checked_result(o, a, function.__name__) for o, a in zip(outs, avals, strict=True)]
    return tuple(results if xp is np else [xp.asarray(r) for r in results])


def on_the_host(xp: Any, args: Sequence[Any]) -> Sequence[Any]:
    """Values as Python functions get them: those of a device are copied to the CPU."""
    if xp is np:
        return args
    return [arrays.device_get(a)[()] if arrays.is_array(a) else a for a in args]


def _refuse(_trace: Any, _primals: Any, _tangents: Any, *, function: Any, **_: Any) -> Any:
    raise DifferentiationError(
        f"pure_callback of {function.__name__} has no derivative; give the function around it a "
        "rule with funcgrad.custom_jvp, or apply stop_gradient to its arguments"
    )


class _Batched:
    """A callback that is called once per example.

    With ``masked`` the first operand says which examples are there; the results of others are 0.
    """

    def __init__(
        self, function: Any, avals: Sequence[Aval], size: int, batched: Sequence[bool], masked: bool
    ) -> None:
        self.function: Any = function
        self.avals: Sequence[Aval] = avals
        self.size: int = size
        self.batched: tuple[bool, ...] = tuple(batched)
        self.masked: bool = masked
        self.__name__ = function.__name__

    def __call__(self, *args: Any) -> Any:
        here, args = (args[0], args[1:]) if self.masked else (None, args)
        outs = [np.zeros((self.size, *a.shape), a.dtype) for a in self.avals]
        for i in range(self.size):
            if here is not None and not here[i]:
                continue
            row = self.function(
                *[a[i] if b else a for a, b in zip(args, self.batched, strict=True)]
            )
            for out, r, a in zip(outs, row, self.avals, strict=True):
                out[i] = checked_result(r, a, self.__name__)
        return outs


def _batch(
    trace: Any, values: Any, batched: Any, *, function: Any, avals: Any, vmap_method: Any
) -> Any:
    wide = tuple(Aval((trace.size, *a.shape), a.dtype) for a in avals)
    if vmap_method in (None, "sequential"):
        masked = trace.active is not None
        function = _Batched(function, avals, trace.size, batched, masked)
        values = [trace.active, *values] if masked else values
    else:
        values = [
            v if b else add_batch_axis(v, trace.size) for v, b in zip(values, batched, strict=True)
        ]
    return callback(*values, function=function, avals=wide, vmap_method=vmap_method)


def _emit_callback(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    p = e.params

    def run(*args: Any) -> Any:
        return _evaluate(np, *args, **p)

    return f"{module.callee(run)}({', '.join(ins)})", [False] * len(e.outvars)


callback: Control = control(
    "pure_callback",
    _evaluate,
    abstract=lambda *_, avals, **__: avals,
    batch=_batch,
    no_cases="holds a Python function: tested by itself",
    forward=_refuse,
    linearize=_refuse,
    statement=_emit_callback,
)


# --- printing ------------------------------------------------------------------------------------


def _print_evaluate(xp: Any, *args: Any, function: Callable[..., Any]) -> Any:
    function(*on_the_host(xp, args))
    return ()


class _Where:
    """An effect that happens where its first operand is true."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function: Callable[..., Any] = function
        self.__name__ = getattr(function, "__name__", "function")

    def __call__(self, here: Any, *args: Any) -> None:
        if here:
            self.function(*args)


def _print_batch(trace: Any, values: Any, batched: Any, *, function: Any) -> Any:
    if trace.active is not None:
        values, batched, function = [trace.active, *values], [True, *batched], _Where(function)
    for i in range(trace.size):
        effect(*[v[i] if b else v for v, b in zip(values, batched, strict=True)], function=function)
    return ()


def _emit_effect(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    return f"{module.callee(e.params['function'])}({', '.join(ins)})", []


effect: Control = control(
    "debug_callback",
    _print_evaluate,
    abstract=lambda *_, **__: (),
    batch=_print_batch,
    no_cases="holds a Python function: tested by itself",
    nondifferentiable="it has no result",
    effect=True,
    opaque=True,
    statement=_emit_effect,
)
