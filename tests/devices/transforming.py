"""An operator's declared case under every transformation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import laws
import numpy as np

import funcgrad as fg
from funcgrad.core.primitive import Case, Primitive

Run = Callable[[Primitive, Case, Any], Any]
"""Of an operator, one of its cases, and the function that puts arrays where they are computed."""


def direction(shape: Any, dtype: Any, seed: int) -> Any:
    """A tangent or a cotangent: the same numbers on every device."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 1.5, shape)
    return (x + 1j * rng.uniform(0.5, 1.5, shape) if np.dtype(dtype).kind == "c" else x).astype(
        dtype
    )


def directions(xs: Any, seed: int = 3) -> tuple[Any, ...]:
    return tuple(
        np.asarray(direction(np.shape(x), x.dtype, seed + i))[()] for i, x in enumerate(xs)
    )


def placed(case: Case, put: Any) -> Case:
    """A case with its operands on the device."""
    return Case(*[put(a) for a in case.args], **case.params)


def whole(prim: Primitive, case: Case) -> Callable[..., tuple[Any, ...]]:
    return lambda *args: laws.as_tuple(prim, prim(*args, **case.params))


def value(prim: Primitive, case: Case, put: Any) -> Any:
    return whole(prim, case)(*placed(case, put).args)


def jitted(prim: Primitive, case: Case, put: Any) -> Any:
    return fg.jit(whole(prim, case))(*placed(case, put).args)


def inexact(prim: Primitive, case: Case, put: Any) -> tuple[Any, tuple[Any, ...], Any]:
    """The operator as a function of its inexact operands, these, and tangents."""
    there = placed(case, put)
    positions = laws.inexact_positions(case.args)
    tangents = directions([case.args[i] for i in positions])
    fun = laws.function_of(prim, there, positions)
    return fun, tuple(there.args[i] for i in positions), tuple(map(put, tangents))


def forward(prim: Primitive, case: Case, put: Any) -> Any:
    fun, xs, ts = inexact(prim, case, put)
    return fg.jvp(fun, xs, ts)


def cotangents(fun: Any, xs: Any) -> tuple[Any, ...]:
    """A cotangent for each output; made on the host."""
    outs = fg.eval_shape(fun, *xs)
    return tuple(np.asarray(direction(o.shape, o.dtype, 9 + i))[()] for i, o in enumerate(outs))


def pulled(fun: Any, put: Any) -> Callable[..., Any]:
    """The gradients of a function, for fixed cotangents."""

    def gradients(*xs: Any) -> Any:
        _, pull = fg.vjp(fun, *xs)
        return pull(tuple(map(put, cotangents(fun, xs))))

    return gradients


def reverse(prim: Primitive, case: Case, put: Any) -> Any:
    fun, xs, _ = inexact(prim, case, put)
    return pulled(fun, put)(*xs)


def jitted_reverse(prim: Primitive, case: Case, put: Any) -> Any:
    fun, xs, _ = inexact(prim, case, put)
    return fg.jit(pulled(fun, put))(*xs)


def second_order(prim: Primitive, case: Case, put: Any) -> Any:
    """Forward over reverse."""
    fun, xs, ts = inexact(prim, case, put)
    return fg.jvp(pulled(fun, put), xs, ts)


def stacked(prim: Primitive, case: Case) -> tuple[list[Any], tuple[int | None, ...]]:
    """Operands for two lanes; which of them are batched."""
    args, axes = [], []
    for a in case.args:
        batched = isinstance(a, np.ndarray | np.generic)
        if batched:
            other = a * 1.01 if a.dtype.kind in "fc" else a
            a = np.stack([a, other.astype(a.dtype)])
        args.append(a)
        axes.append(0 if batched else None)
    return args, tuple(axes)


def batched(prim: Primitive, case: Case, put: Any) -> Any:
    args, axes = stacked(prim, case)
    return fg.vmap(whole(prim, case), in_axes=axes)(*map(put, args))


def jitted_batched(prim: Primitive, case: Case, put: Any) -> Any:
    args, axes = stacked(prim, case)
    return fg.jit(fg.vmap(whole(prim, case), in_axes=axes))(*map(put, args))


OF_ALL: dict[str, Run] = {
    "value": value, "jit": jitted, "vmap": batched, "jit vmap": jitted_batched,
}  # fmt: skip
OF_INEXACT: dict[str, Run] = {
    "jvp": forward, "vjp": reverse, "jit vjp": jitted_reverse, "order 2": second_order,
}  # fmt: skip
