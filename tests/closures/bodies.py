"""Every kind of body that is staged or has rules of its own, around a function without arguments.

A body calls the function, which closes over its operands, and gives back its results unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax

Results = tuple[Any, ...]
Thunk = Callable[[], Results]
Body = Callable[[Thunk, Results], Results]
"""From a function and results like its own (for carries and other branches) to its results."""


def zeros(like: Results) -> Results:
    return tuple(np.zeros(np.shape(o), np.asarray(o).dtype)[()] for o in like)


def first(rows: Results) -> Results:
    return tuple(row[0] for row in rows)


def scan(thunk: Thunk, like: Results) -> Results:
    return first(lax.scan(lambda c, _: (c + 1, thunk()), 0, None, length=1)[1])


def carried(thunk: Thunk, like: Results) -> Results:
    """A scan whose carry the operands are added to, so that both steps count."""
    return lax.scan(lambda c, _: (thunk(), None), zeros(like), None, length=2)[0]


def fori_loop(thunk: Thunk, like: Results) -> Results:
    return lax.fori_loop(0, 2, lambda i, c: thunk(), zeros(like))


def while_loop(thunk: Thunk, like: Results) -> Results:
    step = lambda c: (c[0] + 1, thunk())  # noqa: E731
    return lax.while_loop(lambda c: c[0] < 2, step, (0, zeros(like)))[1]


def mapped(thunk: Thunk, like: Results) -> Results:
    return first(lax.map(lambda i: thunk(), np.arange(2)))


def checkpoint(thunk: Thunk, like: Results) -> Results:
    return fg.checkpoint(thunk)()


def jit(thunk: Thunk, like: Results) -> Results:
    return fg.jit(thunk)()


def cond(thunk: Thunk, like: Results) -> Results:
    return lax.cond(True, thunk, lambda: zeros(like))


def traced_cond(thunk: Thunk, like: Results) -> Results:
    return fg.jit(lambda p: lax.cond(p, thunk, lambda: zeros(like)))(True)


def untaken(thunk: Thunk, like: Results) -> Results:
    """The function in both branches, the second of which runs."""
    both = lambda p: lax.cond(p, lambda: tuple(o + o for o in thunk()), thunk)  # noqa: E731
    return fg.jit(both)(False)


def batched_cond(thunk: Thunk, like: Results) -> Results:
    choose = lambda p: lax.cond(p, thunk, lambda: zeros(like))  # noqa: E731
    return tuple(o[1] for o in fg.vmap(choose)(np.array([False, True])))


def switch(thunk: Thunk, like: Results) -> Results:
    return lax.switch(1, [lambda: zeros(like), thunk])


def traced_switch(thunk: Thunk, like: Results) -> Results:
    return fg.jit(lambda i: lax.switch(i, [lambda: zeros(like), thunk, thunk]))(1)


def vmap(thunk: Thunk, like: Results) -> Results:
    return first(fg.vmap(lambda i: thunk())(np.arange(2)))


def custom_jvp(thunk: Thunk, like: Results) -> Results:
    fun = fg.custom_jvp(lambda x: thunk())
    fun.defjvp(lambda primals, tangents: (thunk(), zeros(like)))
    return fun(1.0)


def custom_vjp(thunk: Thunk, like: Results) -> Results:
    fun = fg.custom_vjp(lambda x: thunk())
    fun.defvjp(lambda x: (thunk(), None), lambda _, cts: (0.0,))
    return fun(1.0)


BODIES: dict[str, Body] = {
    "jit": jit, "scan": scan, "carry of scan": carried, "fori_loop": fori_loop,
    "while_loop": while_loop, "map": mapped, "checkpoint": checkpoint, "cond": cond,
    "traced cond": traced_cond, "branch not taken": untaken, "batched cond": batched_cond,
    "switch": switch, "traced switch": traced_switch, "vmap": vmap,
}  # fmt: skip

WITH_RULES: dict[str, Body] = {"custom_jvp": custom_jvp, "custom_vjp": custom_vjp}
"""A rule says nothing of what its function closes over: differentiating that may be refused."""


def nested(outer: Body, inner: Body) -> Body:
    return lambda thunk, like: outer(lambda: inner(thunk, like), like)


PLAIN = {**BODIES, **WITH_RULES}
NESTED = {
    f"{a} in {b}": nested(PLAIN[b], PLAIN[a])
    for a in PLAIN
    for b in PLAIN
    if a != "cond" and b != "cond" and a != "switch" and b != "switch"
}
ALL: dict[str, Body] = {**PLAIN, **NESTED}


def has_rules(name: str) -> bool:
    return any(part in WITH_RULES for part in name.split(" in "))
