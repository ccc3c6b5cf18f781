"""Calls of Python functions from inside transformed functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.avals import Aval
from ..core.primitive import Primitive
from ..errors import DifferentiationError, ShapeError
from ..ops.families import general
from ..transforms.vmap import add_batch_axis


def checked_result(x: Any, aval: Aval, name: str) -> Any:
    """A callback's result with the dtype that was promised, or an error if its shape differs."""
    out = np.asarray(x, aval.dtype)
    if out.shape != aval.shape:
        raise ShapeError(
            f"the callback {name} returned shape {out.shape}, but {aval.shape} was promised"
        )
    return out[()]


def _evaluate(
    xp: Any, *args: Any, function: Callable[..., Any], avals: tuple[Aval, ...], vmap_method: Any
) -> Any:
    outs = function(*args)
    return tuple(checked_result(o, a, function.__name__) for o, a in zip(outs, avals, strict=True))


def _refuse(_trace: Any, _primals: Any, _tangents: Any, *, function: Any, **_: Any) -> Any:
    raise DifferentiationError(
        f"pure_callback of {function.__name__} has no derivative; give the function around it a "
        "rule with funcgrad.custom_jvp, or apply stop_gradient to its arguments"
    )


class _Batched:
    """A callback that is called once per example, or once with the batch axis leading."""

    def __init__(self, function: Any, size: int, batched: tuple[bool, ...], sequential: bool):
        self.function = function
        self.size = size
        self.batched = batched
        self.sequential = sequential
        self.__name__ = function.__name__

    def __call__(self, *args: Any) -> Any:
        if not self.sequential:
            return self.function(*args)
        rows = [
            self.function(*[a[i] if b else a for a, b in zip(args, self.batched, strict=True)])
            for i in range(self.size)
        ]
        return [np.stack([np.asarray(r) for r in column]) for column in zip(*rows, strict=True)]


def _batch(
    trace: Any, values: Any, batched: Any, *, function: Any, avals: Any, vmap_method: Any
) -> Any:
    sequential = vmap_method in (None, "sequential")
    if not sequential:
        values = [
            v if b else add_batch_axis(v, trace.size) for v, b in zip(values, batched, strict=True)
        ]
    wide = tuple(Aval((trace.size, *a.shape), a.dtype) for a in avals)
    wrapped = _Batched(function, trace.size, tuple(batched), sequential)
    return callback(*values, function=wrapped, avals=wide, vmap_method=vmap_method)


callback: Primitive = general(
    "pure_callback",
    _evaluate,
    abstract=lambda *_, avals, **__: avals,
    batch=_batch,
    cases=None,
    no_cases="holds a Python function: tested by itself",
    forward=_refuse,
    linearize=_refuse,
    multiple=True,
)
callback.extra["control"] = True


def _emit_callback(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    p = e.params

    def run(*args: Any) -> Any:
        return _evaluate(np, *args, **p)

    return f"{module.helper(run)}({', '.join(ins)})", [False] * len(e.outvars)


callback.extra["emit"] = _emit_callback


# --- printing ------------------------------------------------------------------------------------


def _print_evaluate(xp: Any, *args: Any, function: Callable[..., Any]) -> Any:
    function(*args)
    return ()


def _print_batch(trace: Any, values: Any, batched: Any, *, function: Any) -> Any:
    for i in range(trace.size):
        effect(*[v[i] if b else v for v, b in zip(values, batched, strict=True)], function=function)
    return ()


effect: Primitive = general(
    "debug_callback",
    _print_evaluate,
    abstract=lambda *_, **__: (),
    batch=_print_batch,
    cases=None,
    no_cases="holds a Python function: tested by itself",
    nondifferentiable="it has no result",
    multiple=True,
    traits=("effect", "opaque"),
)
effect.extra["control"] = True


def _emit_effect(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    return f"{module.helper(e.params['function'])}({', '.join(ins)})", []


effect.extra["emit"] = _emit_effect
