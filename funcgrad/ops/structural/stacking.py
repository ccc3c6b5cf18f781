"""Arrays of equal shape as the rows of one, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, Joint, general, sample
from ..shape import broadcast_to, cast, move_axis
from .indexing import index


def _stack_eval(xp: ArrayModule, *xs: Array) -> Array:
    return xp.stack(xs)


def _stack_abstract(*xs: Aval) -> Aval:
    shapes = {x.shape for x in xs}
    if len(shapes) > 1:
        raise ShapeError(f"stack: arrays differ in shape: {sorted(shapes)}")
    return Aval((len(xs), *xs[0].shape), np.result_type(*[x.dtype for x in xs]))


def _stack_jvp(ts: Sequence[Array | None], out: Array, *xs: Array) -> Array:
    full = [np.zeros(x.shape, out.dtype) if t is None else t for t, x in zip(ts, xs, strict=True)]
    return cast(stack(*full), out.dtype)


def _stack_transpose(ct: Array, *xs: Array | Aval, flagged: bool) -> tuple[Array | None, ...]:
    if all(isinstance(x, Aval) for x in xs):
        return tuple(cast(c, x.dtype) for c, x in zip(unstack(ct), xs, strict=True))
    return tuple(
        cast(index(ct, key=(i,)), x.dtype) if isinstance(x, Aval) else None
        for i, x in enumerate(xs)
    )


stack: General = general(
    "stack",
    _stack_eval,
    abstract=_stack_abstract,
    jvp=Joint(_stack_jvp),
    jointly=True,
    transpose=_stack_transpose,
    batch=lambda size, args, batched: _batched_stack(size, args, batched),
    cases=lambda rng: [
        *(
            Case(*[sample(rng, (2, 4), dt, (-2, 2)) for _ in range(3)])
            for dt in ("f8", "f4", "c16", "i8")
        ),
        Case(sample(rng, (), "f8", (-2, 2)), sample(rng, (), "f8", (-2, 2))),
    ],
    fills=True,
    source=lambda *xs: f"np.stack(({', '.join(xs)},))",
    elements=Moves(),
)
"""Arrays of one shape along a new axis 0."""


def _batched_stack(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    rows = [
        a if b else broadcast_to(a, (size, *a.shape)) for a, b in zip(args, batched, strict=True)
    ]
    return move_axis(stack(*rows), 0, 1)


def _unstack_eval(xp: ArrayModule, x: Array) -> tuple[Array, ...]:
    return tuple(x)


def _unstack_abstract(x: Aval) -> tuple[Aval, ...]:
    return (Aval(x.shape[1:], x.dtype),) * x.shape[0]


unstack: General = general(
    "unstack",
    _unstack_eval,
    abstract=_unstack_abstract,
    jvp=lambda t, _out, x: unstack(t),
    transpose=lambda cts, x, *, flagged: stack(*cts),
    batch=lambda _size, args, _batched: unstack(move_axis(args[0], 1, 0)),
    cases=lambda rng: [
        *(Case(sample(rng, (3, 2), dt, (-2, 2))) for dt in ("f8", "f4", "c16", "i8")),
        Case(sample(rng, (4,), "f8", (-2, 2))),
        Case(sample(rng, (1, 3), "f8", (-2, 2))),
    ],
    multiple=True,
    view=True,
    parts=True,
    elements=Moves(),
)
"""The rows of an array, one result each."""
