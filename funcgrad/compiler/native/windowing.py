"""Windows that slide over arrays: their elements, sums and extrema, and what is added up in them.

A window's positions are looped over; the elements at one position in all windows are a part of
the array, looked at with steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ...core.jaxpr import Eqn
from ...ops.pointwise.arithmetic import add
from ...ops.pointwise.comparison import maximum, minimum
from ...ops.windows.extrema import highest, lowest
from . import calls
from . import windows as maps_of_windows
from .maps import combining
from .moving import part
from .places import Memory, kind_of_var, size_of
from .protocol import Placing, are_known
from .views import Windows, windows

AT_ONCE = 32
"""Windows of so many elements are gone through for each result."""


def _combined(frame: Any, operator: Any, target: Memory, source: Memory) -> None:
    """Combine an array with what stands somewhere."""
    if size_of(target.shape):
        group = combining(operator, target.shape, target.kind)
        frame.nest(group, [target, source], [target])


@contextmanager
def _positions(frame: Any, sizes: Sequence[int]) -> Iterator[list[str]]:
    """Loops over the positions in a window."""
    with ExitStack() as loops:
        yield [loops.enter_context(frame.module.builder.loop("0", str(n), 1)) for n in sizes]


def _at(frame: Any, x: Memory, places: Sequence[str], steps: Sequence[int]) -> str:
    """The address of an array from a position on."""
    b, address = frame.module.builder, x.address
    for i, step in zip(places, steps, strict=True):
        address = b.pointer(address, b.scalar(f"mul i64 {i}, {step}"), x.kind)
    return address


def _widened(frame: Any, x: Memory, seen: Windows, fill: Any) -> tuple[Memory, list[Memory]]:
    """An array with gaps and margins, and what is to be released after it."""
    if not seen.grows:
        return part(frame, x, seen.source) or x, []
    full = frame.room(seen.shape, x.kind)
    frame.fill(full, fill)
    source, target = part(frame, x, seen.source), part(frame, full, seen.target)
    if source is not None and target is not None:
        frame.put(source, target)
    return full, [full]


# --- elements, and their adjoint -----------------------------------------------------------------


def _patches(frame: Any, e: Eqn) -> None:
    p, x = e.params, frame.memory(frame.place(e.inputs[0]))
    made = frame.define(e.outvars[0])
    full, taken = _widened(frame, x, windows(x.shape, p["padding"], p["base_dilation"]), 0)
    steps = [t * r for t, r in zip(full.steps, p["window_dilation"], strict=True)]
    steps += [t * s for t, s in zip(full.steps, p["window_strides"], strict=True)]
    frame.put(Memory(full.address, made.shape, x.kind, None, None, tuple(steps)), made)
    frame.release(*taken, x)


def _overlap_add(frame: Any, e: Eqn) -> None:
    p, x = e.params, frame.memory(frame.place(e.inputs[0]))
    made = frame.define(e.outvars[0])
    rank = len(made.shape)
    seen = windows(made.shape, p["padding"], p["base_dilation"])
    full = frame.room(seen.shape, x.kind)
    frame.fill(full, 0)
    inside = [t * s for t, s in zip(full.steps, p["window_strides"], strict=True)]
    along = [t * r for t, r in zip(full.steps, p["window_dilation"], strict=True)]
    if size_of(x.shape):
        with _positions(frame, x.shape[:rank]) as places:
            source = _at(frame, x, places, x.steps[:rank])
            target = _at(frame, full, places, along)
            _combined(
                frame,
                add,
                Memory(target, x.shape[rank:], x.kind, None, None, tuple(inside)),
                Memory(source, x.shape[rank:], x.kind, None, None, x.steps[rank:]),
            )
    frame.clear(made)
    found, wanted = part(frame, full, seen.target), part(frame, made, seen.source)
    if found is not None and wanted is not None:
        frame.put(found, wanted)
    frame.release(full, x)


# --- reductions ----------------------------------------------------------------------------------

_REDUCTIONS: dict[str, tuple[Any, Any]] = {
    "reduce_window_sum": (add, lambda dtype: 0),
    "reduce_window_max": (maximum, lowest),
    "reduce_window_min": (minimum, highest),
}


def _reduce(frame: Any, e: Eqn) -> None:
    """Axis after axis, first those that get shorter: boxes are products of intervals."""
    p, given = e.params, frame.memory(frame.place(e.inputs[0]))
    operator, neutral = _REDUCTIONS[e.primitive.name]
    fill = neutral(given.kind.dtype)
    made = frame.define(e.outvars[0])
    x, taken = given, [given]
    rank = len(x.shape)
    for axis in sorted(range(rank), key=lambda i: p["base_dilation"][i] / p["window_strides"][i]):
        pads, gaps = [(0, 0)] * rank, [1] * rank
        pads[axis], gaps[axis] = p["padding"][axis], p["base_dilation"][axis]
        x, more = _widened(frame, x, windows(x.shape, pads, gaps), fill)
        taken += more
        k, s, r = (p[n][axis] for n in ("window_dimensions", "window_strides", "window_dilation"))
        if k == s == 1:
            continue
        count = max(0, (x.shape[axis] - (k - 1) * r - 1) // s + 1)
        shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        steps = (*x.steps[:axis], x.steps[axis] * s, *x.steps[axis + 1 :])
        out = frame.room(shape, x.kind)
        taken.append(out)
        frame.put(Memory(x.address, shape, x.kind, None, None, steps), out)
        if k > 1 and size_of(shape):
            with frame.module.builder.loop("1", str(k), 1) as i:
                at = _at(frame, x, [i], [x.steps[axis] * r])
                _combined(frame, operator, out, Memory(at, shape, x.kind, None, None, steps))
        x = out
    frame.put(x, made)
    frame.release(*taken)


def _reduced(frame: Any, e: Eqn) -> None:
    """Small windows at once, large ones axis after axis."""
    if size_of(e.params["window_dimensions"]) <= AT_ONCE and maps_of_windows.takes(e):
        calls.planned(frame, e, None, maps_of_windows.planned)
    else:
        _reduce(frame, e)


def _takes(e: Eqn) -> bool:
    x, out = e.inputs[0], e.outvars[0]
    return are_known((x, out)) and kind_of_var(x) is kind_of_var(out) and size_of(x.aval.shape) > 0


KERNELS: dict[str, Placing] = {
    "window_patches": Placing(_takes, _patches),
    "overlap_add": Placing(_takes, _overlap_add),
    **dict.fromkeys(_REDUCTIONS, Placing(_takes, _reduced)),
}
"""By the names of operators."""

__all__ = ["KERNELS"]
