"""Calls of user functions, recorded."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import arrays, tree
from ..api.leaves import is_leaf_value
from ..core.avals import is_inexact
from ..core.source import Source, Transposed
from ..core.tracing import Tracer, aval_of
from ..transforms.opened import Recording, record_opened
from ..typing import PyTree


def is_real_or_complex(x: PyTree) -> bool:
    """True if x is a real or complex array or number."""
    return is_leaf_value(x) and is_inexact(aval_of(x).dtype)


def is_recorded(x: PyTree) -> bool:
    """True if an argument is recorded: single integers are not, which may be static."""
    return is_real_or_complex(x) or (is_leaf_value(x) and np.ndim(x) > 0)


@dataclass
class Call:
    """A call that was recorded; ``recording.outs`` are the leaves of its result."""

    recording: Recording
    out_tree: Any
    args: list[Any]

    def result(self) -> Any:
        """The value that the function returned."""
        return tree.unflatten(self.out_tree, self.recording.outs)


def recorded_call(fun: Callable[..., Any], args: PyTree, kwargs: PyTree, owner: str) -> Call:
    """Call a function and keep its operations; arrays of GPUs are copied to the host first."""
    if not callable(fun):
        raise TypeError(f"{owner.split()[0]} needs a function, got {fun!r}")
    leaves, spec = tree.flatten((args, kwargs))
    places = [i for i, x in enumerate(leaves) if is_recorded(x)]
    if any(isinstance(x, Tracer) for x in leaves):
        raise TypeError(
            f"{owner} was called on a traced value; call it on arrays, and transform the function "
            "that it is given instead"
        )
    out_tree: Any = None

    def flat(*xs: PyTree) -> list[Any]:
        nonlocal out_tree
        full = list(leaves)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        a, k = tree.unflatten(spec, full)
        outs, out_tree = tree.flatten(fun(*a, **k))
        return outs

    given = [on_host(leaves[i]) for i in places]
    recording = record_opened(flat, given, owner)
    for operation in recording.operations:
        operation.operands = tuple(map(on_host, operation.operands))
        operation.outputs = tuple(map(on_host, operation.outputs))
    recording.outs = list(map(on_host, recording.outs))
    return Call(recording, out_tree, given)


def on_host(x: PyTree) -> Any:
    """x, copied from the GPU if it is there."""
    return arrays.device_get(x) if arrays.is_gpu_array(x) else x


def text_of_line(source: Source | Transposed | None) -> str:
    """The user's line of code, if its file can be read."""
    return linecache.getline(source.file, source.line).strip() if source else ""


def place_of(source: Source | Transposed | None) -> tuple[str, int] | None:
    """File and line, to compare sources."""
    return (source.file, source.line) if source else None
