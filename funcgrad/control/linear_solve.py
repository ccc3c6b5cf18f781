"""A linear system that users solve by functions of their own: ``custom_linear_solve``.

Its operands are what the four functions close over, and then the right-hand side, in this order:
the matrix as a function, its transpose, the solver, and the solver of the transposed system. With
A x = b, the tangent of x solves the same system for db - dA x, and the transpose in b is the same
operator with both pairs of functions exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..compiler.program import program
from ..core.avals import Aval, is_inexact
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.tracing import aval_of
from ..errors import DifferentiationError
from ..ops.families import Control, control
from ..ops.pointwise.arithmetic import sub
from ..ops.shape import zeros
from ..transforms.jaxprs import OWNER, batch_jaxpr, bind_on_tape
from ..transforms.jvp import JVPTrace, JVPTracer
from ..transforms.vmap import add_batch_axis

FUNCTIONS = ("matvec", "vecmat", "solve", "transposed")


def _blocks(operands: Sequence[Any], counts: Sequence[int]) -> list[list[Any]]:
    """What each function closes over, and the right-hand side."""
    found = []
    start = 0
    for n in counts:
        found.append(list(operands[start : start + n]))
        start += n
    return [*found, list(operands[start:])]


def _evaluate(xp: Any, *operands: Any, solve: Jaxpr, counts: Any, **_: Any) -> Any:
    blocks = _blocks(operands, counts)
    return tuple(program(solve, xp)(*blocks[2], *blocks[4]))


def _abstract(*_: Aval, solve: Jaxpr, **__: Any) -> tuple[Aval, ...]:
    return tuple(solve.out_avals)


def _change_of_product(matvec: Jaxpr, consts: Any, tangents: Any, x: Any) -> list[Any]:
    """The derivative of a matrix times a constant vector."""
    if all(t is None for t in tangents):
        return [None] * len(x)
    trace = JVPTrace(OWNER)
    try:
        given = [
            c if t is None else JVPTracer(trace, c, t)
            for c, t in zip(consts, tangents, strict=True)
        ]
        return trace.split(eval_jaxpr(matvec, matvec.consts, [*given, *x]))[1]
    finally:
        trace.alive = False


def _tangents(
    bind: Callable[..., Any], primals: Any, tangents: Any, params: dict[str, Any]
) -> tuple[Any, Any]:
    outs = linear_solve(*primals, **params)
    counts = params["counts"]
    consts, *_, b = _blocks(primals, counts)
    consts_t, *_, b_t = _blocks(tangents, counts)
    x = outs[: len(b)]
    moved = _change_of_product(params["matvec"], consts, consts_t, x)
    if all(t is None for t in (*moved, *b_t)):
        return outs, [None] * len(outs)
    rhs = [_difference(t, m, v) for t, m, v in zip(b_t, moved, b, strict=True)]
    found = bind(linear_solve, [*primals[: sum(counts)], *rhs], **params)
    return outs, [*found[: len(b)], *(None for _ in outs[len(b) :])]


def _difference(t: Any, moved: Any, b: Any) -> Any:
    if t is None:
        aval = aval_of(b)
        t = zeros(Aval(aval.shape, aval.dtype))
    return t if moved is None else sub(t, moved)


def _forward(_trace: Any, primals: Any, tangents: Any, **params: Any) -> Any:
    return _tangents(lambda prim, args, **p: prim(*args, **p), primals, tangents, params)


def _linearize(trace: Any, primals: Any, tangents: Any, **params: Any) -> Any:
    return _tangents(
        lambda prim, args, **p: bind_on_tape(trace, prim, args, **p), primals, tangents, params
    )


def _transpose(
    cts: Any, ct_flags: Any, operands: Any, *, counts: Any, **functions: Any
) -> tuple[list[Any], list[bool]]:
    if functions["transposed"] is None:
        raise DifferentiationError(
            "custom_linear_solve: reverse mode solves the transposed system; give "
            "transpose_solve, or symmetric=True"
        )
    matvec, vecmat, solve, transposed, b = _blocks(operands, counts)
    full = [zeros(Aval(a.shape, a.dtype)) if c is None else c for c, a in zip(cts, b, strict=False)]
    swapped = (functions[n] for n in ("vecmat", "matvec", "transposed", "solve"))
    outs = linear_solve(
        *vecmat,
        *matvec,
        *transposed,
        *solve,
        *full,
        counts=(counts[1], counts[0], counts[3], counts[2]),
        **dict(zip(FUNCTIONS, swapped, strict=True)),
    )
    strong = any(ct_flags)
    return (
        [*(None,) * sum(counts), *outs[: len(b)]],
        [*(False,) * sum(counts), *(strong,) * len(b)],
    )


def _batch(trace: Any, values: Any, batched: Any, *, counts: Any, **functions: Any) -> Any:
    *consts, b = _blocks(values, counts)
    *flags, b_flags = _blocks(batched, counts)
    b = [v if f else add_batch_axis(v, trace.size) for v, f in zip(b, b_flags, strict=True)]
    wide = {}
    for name, mine in zip(FUNCTIONS, flags, strict=True):
        jaxpr = functions[name]
        if jaxpr is not None:
            every = (True,) * len(jaxpr.outvars)
            jaxpr = batch_jaxpr(jaxpr, trace, (*mine, *(True for _ in b)), force=every)[0]
        wide[name] = jaxpr
    return linear_solve(*(v for block in consts for v in block), *b, counts=counts, **wide)


linear_solve: Control = control(
    "custom_linear_solve",
    _evaluate,
    abstract=_abstract,
    batch=_batch,
    no_cases="holds jaxprs: tested with systems of equations",
    forward=_forward,
    linearize=_linearize,
    transpose=_transpose,
    open=lambda opener, args, *, solve, counts, **_: opener.run(
        solve, [*_blocks(args, counts)[2], *_blocks(args, counts)[4]]
    ),
)


def check_inexact(avals: Sequence[Aval]) -> None:
    """Raise unless a system is one of floating-point or complex numbers."""
    for a in avals:
        if not is_inexact(a.dtype):
            raise TypeError(f"custom_linear_solve takes a right-hand side of floats, got {a}")
