"""Indexing by static keys of slices, integers and None, and its adjoints, the updates.

NumPy's full indexing is brought to these few forms by ``funcgrad.numpy``: ``index`` takes a static
key of slices, integers and None; ``gather`` takes integer arrays for the leading axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...typing import Array
from ..families import General, Joint, Linear, general, linear, sample
from ..shape import broadcast_to, cast, zeros

FULL = (None, None, None)
"""A slice that takes the whole axis. Slices in keys are tuples (start, stop, step)."""


def as_key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """A static key as Python indexes with it: tuples become slices."""
    return tuple(slice(*k) if isinstance(k, tuple) else k for k in key)


def key_shape(key: tuple[Any, ...], shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The shape of x[key] for x of a given shape, or an IndexError."""
    out: list[Any] = []
    axis = 0
    for k in key:
        if k is None:
            out.append(1)
            continue
        size = shape[axis]
        if isinstance(k, tuple):
            out.append(size if k == FULL else len(range(*slice(*k).indices(size))))
        elif not -size <= k < size:
            raise IndexError(
                f"index {k} is out of bounds for axis {axis} of an array of shape {shape}"
            )
        axis += 1
    return tuple(out) + tuple(shape[axis:])


def key_places(key: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """The places along each axis that a key takes: ranges and numbers; None for new axes."""
    sizes = iter(shape)
    found: list[Any] = []
    for k in key:
        if k is None:
            found.append(None)
            continue
        size = next(sizes)
        found.append(range(*slice(*k).indices(size)) if isinstance(k, tuple) else k % max(1, size))
    found += [range(size) for size in sizes]
    return found


def _index_eval(xp: ArrayModule, x: Array, *, key: tuple[Any, ...]) -> Array:
    return x[as_key(key)]


def _index_put_eval(
    xp: ArrayModule, x: Array, *, key: tuple[Any, ...], shape: tuple[int, ...]
) -> Array:
    out = xp.zeros(shape, x.dtype)
    out[as_key(key)] = x
    return out[()]


def _key_source(key: tuple[Any, ...]) -> str:
    def one(k: object) -> str:
        if not isinstance(k, tuple):
            return str(k)
        start, stop, step = ("" if v is None else str(v) for v in k)
        return f"{start}:{stop}" + (f":{step}" if step else "")

    return ", ".join(map(one, key)) + ("," if len(key) == 1 and key[0] is None else "")


def _index_cases(rng: np.random.Generator) -> Iterator[Case]:
    x = sample(rng, (4, 3, 5), "f8", (-2, 2))
    for key in (
        (1,),
        ((1, 3, None),),
        (FULL, -1),
        ((None, None, 2), None, (2, 0, -1)),
        (FULL, FULL, 2),
        (None, 0),
        (-1, (None, None, -1), (1, 4, 2)),
        (1, 2, 3),
    ):
        yield Case(x, key=key)
    for dtype in ("f4", "c16", "i8", "?"):
        yield Case(sample(rng, (4, 3), dtype, (-2, 2)), key=((1, None, None), 0))


def _add_at(total: Array, ct: Array, *, key: tuple[Any, ...]) -> None:
    total[as_key(key)] += ct


index: Linear = linear(
    "index",
    _index_eval,
    abstract=lambda x, *, key: Aval(key_shape(key, x.shape), x.dtype),
    transpose=lambda ct, x, *, key: index_put(ct, key=key, shape=x.shape),
    batch=lambda _size, args, _batched, *, key: index(args[0], key=(FULL, *key)),
    cases=_index_cases,
    accumulate=_add_at,
    view=True,
    masks=True,
    source=lambda x, *, key: f"{x}[{_key_source(key)}]",
    elements=Moves(),
)
index_put: Linear = linear(
    "index_put",
    _index_put_eval,
    abstract=lambda x, *, key, shape: Aval(shape, x.dtype),
    transpose=lambda ct, _x, *, key, shape: index(ct, key=key),
    batch=lambda size, args, _batched, *, key, shape: index_put(
        args[0], key=(FULL, *key), shape=(size, *shape)
    ),
    cases=lambda rng: [
        Case(sample(rng, (2, 5), "f8", (-2, 2)), key=((1, 3, None), 1), shape=(4, 3, 5)),
        Case(sample(rng, (2,), "c16", (-2, 2)), key=((None, None, -2),), shape=(4,)),
        Case(sample(rng, (), "f4", (-2, 2)), key=(1, -1), shape=(2, 3)),
    ],
    masks=True,
    fills=True,
    onto=lambda x, v, *, key, shape: index_set(x, index(x, key=key) + v, key=key),
)


def _index_set_eval(xp: ArrayModule, x: Array, v: Array, *, key: tuple[Any, ...]) -> Array:
    out = xp.array(x)
    out[as_key(key)] = v
    return out[()]


index_set: General = general(
    "index_set",
    _index_set_eval,
    abstract=lambda x, v, *, key: Aval(x.shape, x.dtype),
    jvp=Joint(lambda ts, _o, x, v, *, key: index_set(ts[0], cast(ts[1], x.dtype), key=key)),
    transpose=lambda ct, x, v, *, flagged, key: (
        index_set(ct, zeros(Aval(v.shape, ct.dtype)), key=key) if isinstance(x, Aval) else None,
        cast(index(ct, key=key), v.dtype) if isinstance(v, Aval) else None,
    ),
    batch=lambda size, args, batched, *, key: index_set(
        *(
            a if b else broadcast_to(a, (size, *a.shape))
            for a, b in zip(args, batched, strict=True)
        ),
        key=(FULL, *key),
    ),
    cases=lambda rng: [
        Case(
            sample(rng, (4, 3), dt, (-2, 2)), sample(rng, (2,), dt, (-2, 2)), key=((1, 3, None), 1)
        )
        for dt in ("f8", "f4", "c16", "i8")
    ],
    masks=True,
    fills=True,
    elements=Moves(),
)
