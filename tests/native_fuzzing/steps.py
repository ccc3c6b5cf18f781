"""The steps of random programs: each makes values of those that a body has."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp
from funcgrad.core.primitive import REGISTRY
from funcgrad.core.tracing import aval_of
from funcgrad.ops.families import Elementwise

from .bodies import CHARS, Body

ERRORS = (TypeError, ValueError, IndexError, fg.errors.FuncgradError, OverflowError)
"""What says that a step cannot be: another one is tried."""

DEEPEST = 2


def shape_of(x: Any) -> tuple[int, ...]:
    return tuple(aval_of(x).shape)


# --- elementwise ----------------------------------------------------------------------------------


@functools.cache
def elementwise() -> tuple[Any, ...]:
    """The operators that do the same with every element."""
    return tuple(
        p
        for p in REGISTRY.values()
        if isinstance(p, Elementwise) and p.name not in (*DEPENDENT, *NOT_IN_PROGRAMS)
    )


DEPENDENT = (
    "tanh_slope", "logistic_slope", "gelu_slope", "complement", "share", "ordered_product"
)  # fmt: skip
"""Operators whose operands belong together, so that not all that fit have a result."""


SHORT = (
    "add", "sub", "mul", "div", "neg", "max", "min", "abs", "square", "eq", "lt", "ge", "select_n",
    "exp", "log", "tanh", "sin", "cos", "sqrt", "logistic",
)  # fmt: skip


def beside(body: Body, x: Any) -> Any:
    """An operand to stand beside another one: of a shape that fits, or a number of Python's."""
    shape, char = shape_of(x), aval_of(x).dtype.char
    if body.maybe(0.2):
        return body.one_of([2, 0.5, -1.5, 3, 1, 0, True, -2])
    if body.maybe(0.3):
        shape = tuple(1 if body.maybe(0.3) else n for n in shape)[body.number(0, len(shape)) :]
    return body.to_order(shape, char if body.maybe(0.8) and char in CHARS else body.char())


def an_elementwise(body: Body) -> list[Any]:
    names = SHORT if body.maybe(0.5) else ()
    prim = REGISTRY[body.one_of(names)] if names else body.one_of(elementwise())
    x = body.array()
    operands = [x, *(beside(body, x) for _ in range(prim.arity - 1))]
    if prim.name == "select_n":
        operands = [body.to_order(shape_of(x), "?"), x, beside(body, x)]
    elif body.maybe(0.3):
        operands = operands[::-1]
    out = prim(*operands)
    return [body.tame(out) if body.maybe(0.5) else out]


def a_cast(body: Body) -> list[Any]:
    x, char = body.array(), body.char()
    if aval_of(x).dtype.kind == "f" and char not in "fd?":
        return [body.whole(x, -9, 9, char)]
    return [x.astype(char)]


def a_choice(body: Body) -> list[Any]:
    x = body.array()
    y = body.to_order(shape_of(x), aval_of(x).dtype.char)
    return [np.where(x < y if body.maybe(0.7) else x == y, x, beside(body, x))]


# --- reductions -----------------------------------------------------------------------------------

REDUCTIONS: tuple[Callable[..., Any], ...] = (
    np.sum, np.sum, np.prod, np.max, np.min, np.mean, np.any, np.all, np.var, fnp.logsumexp,
    np.argmax, np.argmin, np.linalg.norm,
)  # fmt: skip


def a_reduction(body: Body) -> list[Any]:
    x = body.floats(1) if body.maybe(0.6) else body.array()
    reduce = body.one_of(REDUCTIONS)
    n = len(shape_of(x))
    if reduce in (np.argmax, np.argmin, np.linalg.norm):
        return [reduce(x, axis=body.number(0, n - 1))] if n else []
    axes = body.subset(n, least=1)
    return [reduce(x, axis=axes, keepdims=body.maybe(0.4))]


def a_softmax(body: Body) -> list[Any]:
    """Maps and reductions over the same rows."""
    x = body.floats(1, full=True)
    axis = body.number(0, len(shape_of(x)) - 1) if body.maybe(0.4) else -1
    how = body.number(0, 2)
    if how == 0:
        return [fg.nn.softmax(x, axis)]
    if how == 1:
        return [fg.nn.log_softmax(x, axis)]
    centred = x - np.mean(x, axis, keepdims=True)
    return [centred / np.sqrt(np.mean(centred * centred, axis, keepdims=True) + 1e-3)]


def a_running(body: Body) -> list[Any]:
    x = body.floats(1) if body.maybe(0.7) else body.array()
    n = len(shape_of(x))
    if not n:
        return []
    run = body.one_of([lax.cumsum, lax.cumprod, lax.cummax, lax.cummin])
    return [run(x, axis=body.number(0, n - 1), reverse=body.maybe(0.3))]


def an_order(body: Body) -> list[Any]:
    x = body.array()
    shape = shape_of(x)
    if not shape or not math.prod(shape):
        return []
    how, axis = body.number(0, 3), body.number(0, len(shape) - 1)
    if how == 0:
        return [np.sort(x, axis=axis)]
    if how == 1:
        return [np.argsort(x, axis=axis, kind="stable")]
    if how == 2:
        return list(lax.top_k(x, body.number(1, shape[-1])))
    flat = np.sort(np.reshape(x, -1))
    side = body.one_of(["left", "right"])
    return [np.searchsorted(flat, body.to_order(body.shape(2), aval_of(x).dtype.char), side=side)]


# --- moves ----------------------------------------------------------------------------------------


def a_key(body: Body, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """A basic index."""
    key: list[Any] = []
    for n in shape[: body.number(0, len(shape))]:
        if n and body.maybe(0.3):
            key.append(body.number(-n, n - 1))
        else:
            steps = (None, None, 1, 2, -1, -2, 3)
            ends = [None if body.maybe(0.5) else body.number(-n - 1, n + 1) for _ in range(2)]
            key.append(slice(*ends, body.one_of(steps)))
        if body.maybe(0.15):
            key.append(None)
    return tuple(key)


def a_fancy_key(body: Body, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Arrays of integers as an index."""
    depth = body.number(1, len(shape))
    if not all(shape[:depth]):
        return ()
    entries = body.shape(2)
    return tuple(body.indices(entries, n) for n in shape[:depth])


def factors(body: Body, size: int) -> tuple[int, ...]:
    found = []
    for d in (2, 3, 4, 5, 7, 8, 13):
        if size and size % d == 0 and body.maybe(0.5):
            found.append(d)
            size //= d
    found.append(size)
    return tuple(int(n) for n in body.rng.permutation(found))


def a_move(body: Body) -> list[Any]:
    x = body.array()
    shape = shape_of(x)
    how = body.number(0, 12)
    if how == 0:
        return [np.transpose(x, tuple(int(i) for i in body.rng.permutation(len(shape))))]
    if how == 1:
        return [np.reshape(x, factors(body, math.prod(shape)))]
    if how == 2:
        return [np.flip(x, body.subset(len(shape), least=1))] if shape else []
    if how in (3, 4):
        return [x[a_key(body, shape)]]
    if how == 5:
        return [np.broadcast_to(x, (*body.shape(1), *shape))]
    if how == 6:
        others = [body.to_order(shape, aval_of(x).dtype.char) for _ in range(body.number(1, 2))]
        if shape and body.maybe(0.6):
            return [np.concatenate([x, *others], axis=body.number(0, len(shape) - 1))]
        return [np.stack([x, *others], axis=body.number(0, len(shape)))]
    if how == 7 and shape:
        axis = body.number(0, len(shape) - 1)
        ends = sorted(body.number(0, shape[axis]) for _ in range(body.number(1, 3)))
        return list(np.split(x, ends, axis=axis))
    if how == 8:
        widths = [(body.number(0, 2), body.number(0, 2)) for _ in shape]
        mode = body.one_of(["constant", "edge", "wrap"]) if all(shape) else "constant"
        return [np.pad(x, widths, mode=mode)]
    if how == 9 and shape:
        return [np.roll(x, body.number(-5, 5), axis=body.number(0, len(shape) - 1))]
    if how == 10:
        return [np.tile(x, body.number(1, 3))]
    if how == 11 and len(shape) > 1:
        return [body.one_of([np.tril, np.triu])(x, body.number(-2, 2))]
    return [np.expand_dims(x, body.number(0, len(shape)))]


def a_gather(body: Body) -> list[Any]:
    x = body.array()
    shape = shape_of(x)
    if not shape:
        return []
    how = body.number(0, 3)
    if how == 0:
        axis = body.number(0, len(shape) - 1)
        if not shape[axis]:
            return []
        return [np.take(x, body.indices(body.shape(2), shape[axis]), axis=axis)]
    if how == 1:
        axis = body.number(0, len(shape) - 1)
        if not shape[axis]:
            return []
        wanted = (*shape[:axis], body.length(), *shape[axis + 1 :])
        return [np.take_along_axis(x, body.indices(wanted, shape[axis]), axis=axis)]
    if how == 2:
        sizes = tuple(body.number(0, n) for n in shape)
        starts = [body.whole(body.to_order((), "d"), -3, 2 * n + 1, "l") for n in shape]
        return [lax.dynamic_slice(x, starts, sizes)]
    return [x[a_fancy_key(body, shape)]]


def a_scatter(body: Body) -> list[Any]:
    x = body.array()
    shape = shape_of(x)
    if not shape:
        return []
    char = aval_of(x).dtype.char
    if body.maybe(0.25):
        sizes = tuple(body.number(0, n) for n in shape)
        starts = [body.whole(body.to_order((), "d"), -3, 2 * n + 1, "l") for n in shape]
        return [lax.dynamic_update_slice(x, body.to_order(sizes, char), starts)]
    key = a_key(body, shape) if body.maybe(0.5) else a_fancy_key(body, shape)
    part = np.zeros(shape, np.bool_)[key].shape
    how = body.one_of(["set", "add", "multiply", "min", "max", "set", "add"])
    update = body.to_order(part, char) if body.maybe(0.8) else 2
    return [getattr(fnp.at(x)[key], how)(update)]


# --- contractions ---------------------------------------------------------------------------------


def a_product(body: Body) -> list[Any]:
    x = body.floats(1)
    shape, char = shape_of(x), aval_of(x).dtype.char
    n = body.one_of(body.dims) if body.maybe(0.7) else body.length()
    how = body.number(0, 4)
    if how == 0:
        return [x @ body.to_order((shape[-1], n), char)]
    if how == 1 and len(shape) > 1:
        return [body.to_order((n, shape[-2]), char) @ x]
    if how == 2:
        return [
            x @ np.swapaxes(body.to_order((n, shape[-1]), char), 0, 1) + body.to_order((n,), char)
        ]
    axes = tuple(int(i) for i in body.rng.permutation(len(shape)))
    used = axes[: body.number(0, len(shape))]
    cut = body.number(0, len(used))
    contract, batch = used[:cut], used[cut:]
    order = [*(shape[i] for i in used), *((n,) if body.maybe(0.6) else ())]
    turned = tuple(int(i) for i in body.rng.permutation(len(order)))
    y = body.to_order(tuple(order[i] for i in turned), char)
    place = {i: turned.index(k) for k, i in enumerate(used)}
    dims = ((contract, tuple(place[i] for i in contract)), (batch, tuple(place[i] for i in batch)))
    return [lax.dot_general(x, y, dims)]


def a_convolution(body: Body) -> list[Any]:
    char = body.one_of("fd")
    rank, channels = body.number(1, 2), body.number(1, 4)
    x = body.to_order(
        (body.number(1, 2), channels, *(body.number(3, 9) for _ in range(rank))), char
    )
    groups = channels if body.maybe(0.2) else 1
    kernel = (
        body.number(1, 3) * groups,
        channels // groups,
        *(body.number(1, 3) for _ in range(rank)),
    )
    return [
        lax.conv_general_dilated(
            x,
            body.to_order(kernel, char),
            tuple(body.number(1, 2) for _ in range(rank)),
            body.one_of(["SAME", "VALID"]),
            lhs_dilation=(body.number(1, 2),) * rank,
            rhs_dilation=(body.number(1, 2),) * rank,
            feature_group_count=groups,
        )
    ]


def a_window(body: Body) -> list[Any]:
    x = body.floats(1)
    shape = shape_of(x)
    computation, start = body.one_of([("add", 0.0), ("max", -np.inf), ("min", np.inf)])
    window = tuple(body.number(1, min(3, max(n, 1))) for n in shape)
    strides = tuple(body.number(1, 2) for _ in shape)
    padding = body.one_of(["SAME", "VALID"])
    return [lax.reduce_window(x, start, computation, window, strides, padding)]


def a_matrix(body: Body) -> list[Any]:
    n, char = body.number(1, 5), body.one_of("fd")
    lead = body.shape(1) if body.maybe(0.3) else ()
    a = body.tame(body.to_order((*lead, n, n), char))
    definite = a @ np.swapaxes(a, -1, -2) + 2.0 * np.eye(n, dtype=char)
    b = body.tame(body.to_order((*lead, n, body.number(1, 3)), char))
    how = body.number(0, 4)
    if how == 0:
        return [np.linalg.solve(definite, b)]
    if how == 1:
        return [np.linalg.cholesky(definite)]
    if how == 2:
        return [np.linalg.inv(definite)]
    if how == 3:
        return [np.linalg.det(definite)]
    return [np.linalg.slogdet(definite)[1]]


# --- loops, branches, transformations -------------------------------------------------------------


def several(body: Body, most: int = 4) -> None:
    for _ in range(body.number(1, most)):
        step(body)


def a_scan(body: Body) -> list[Any]:
    carry = [body.array() for _ in range(body.number(0, 2))]
    carry = [x for x in carry if not aval_of(x).weak]
    length = body.one_of([0, 1, 2, 3, 5])
    rows = [x for x in body.values if shape_of(x)[:1] == (length,)][:2]
    avals = [aval_of(x) for x in carry]
    make = body.inner()

    def run(state: Any, xs: Any) -> Any:
        inner = make(*state, *xs)
        several(inner)
        after = tuple(inner.fitted(inner.array(), a.shape, a.dtype.char) for a in avals)
        return after, tuple(inner.values[-1:])

    xs = tuple(rows) if rows else None
    state, ys = lax.scan(
        run if rows else (lambda s, _: run(s, ())), tuple(carry), xs,
        length=None if rows else length, reverse=body.maybe(0.3),
    )  # fmt: skip
    return [*state, *ys]


def a_while(body: Body) -> list[Any]:
    carry = [body.array() for _ in range(body.number(1, 2))]
    avals = [aval_of(x) for x in carry]
    most, make = body.number(0, 5), body.inner()
    bounded = body.maybe(0.4) and avals[0].dtype.kind == "f"

    def test(state: Any) -> Any:
        goes = state[0] < most
        return goes & (np.sum(state[1] * state[1]) < 40.0) if bounded else goes

    def run(state: Any) -> Any:
        inner = make(*state[1:])
        several(inner)
        return (
            state[0] + 1, *(inner.fitted(inner.array(), a.shape, a.dtype.char) for a in avals)
        )  # fmt: skip

    return list(lax.while_loop(test, run, (0, *carry))[1:])


def a_branch(body: Body) -> list[Any]:
    x = body.array()
    a = aval_of(x)
    first, second = body.inner(x), body.inner(x)
    y = body.to_order((), "d")

    def branch(make: Any) -> Any:
        def run(x: Any) -> Any:
            inner = make(x)
            several(inner, 3)
            return inner.fitted(inner.array(), a.shape, a.dtype.char)

        return run

    if body.maybe(0.3):
        number = body.whole(y, -1, 3, "l")
        return [lax.switch(number, [branch(first), branch(second), lambda x: x], x)]
    return [lax.cond(y > 0.1, branch(first), branch(second), x)]


def a_derivative(body: Body) -> list[Any]:
    x = body.floats()
    make = body.inner()

    def total(x: Any) -> Any:
        inner = make(x)
        several(inner, 3)
        outs = [v for v in inner.values[-2:] if aval_of(v).dtype.kind == "f"]
        return sum((np.sum(v) for v in outs), start=np.sum(x * x))

    if body.maybe(0.3):
        return [fg.jvp(total, (x,), (x * 0.5,))[1]]
    return [body.tame(fg.grad(total)(x))]


def a_vmap(body: Body) -> list[Any]:
    x = body.pick(lambda x: bool(shape_of(x)) and shape_of(x)[0] > 0 and not aval_of(x).weak)
    if x is None:
        return []
    make = body.inner()

    def run(x: Any) -> Any:
        inner = make(x)
        several(inner, 3)
        return inner.values[-1]

    return [fg.vmap(run)(x)]


def a_checkpoint(body: Body) -> list[Any]:
    x = body.floats()
    make = body.inner(share=False)

    def run(x: Any) -> Any:
        inner = make(x)
        several(inner, 3)
        return inner.values[-1]

    return [body.one_of([fg.checkpoint, fg.jit])(run)(x)]


WEIGHTS: dict[Callable[[Body], list[Any]], float] = {
    an_elementwise: 36,
    a_cast: 4,
    a_choice: 4,
    a_reduction: 11,
    a_softmax: 3,
    a_running: 3,
    an_order: 2,
    a_move: 16,
    a_gather: 5,
    a_scatter: 5,
    a_product: 9,
    a_convolution: 1.5,
    a_window: 1.5,
    a_matrix: 1.5,
    a_scan: 3,
    a_while: 1.5,
    a_branch: 2,
    a_derivative: 1.5,
    a_vmap: 1.5,
    a_checkpoint: 1,
}
"""How often each step is tried."""

_SIMPLE = 13
"""So many of them hold no function."""


def step(body: Body) -> None:
    """One step more; none if none was found that can be."""
    flat = body.depth >= DEEPEST
    makers = list(WEIGHTS)[: _SIMPLE if flat else None]
    chances = np.array([WEIGHTS[m] for m in makers])
    for _ in range(6):
        maker = makers[int(body.rng.choice(len(makers), p=chances / chances.sum()))]
        try:
            made = maker(body)
        except ERRORS:
            continue
        if made:
            body.add(*made)
            return


NOT_IN_PROGRAMS: dict[str, str] = {
    "note_equal_values": "it raises or warns, and computes nothing",
    "eigh": "eigenvectors have a free sign",
    "eig": "eigenvalues have no order",
    "eigvals": "eigenvalues have no order",
    "svd": "singular vectors have a free sign",
    "cofactors_change": "made for derivatives of singular matrices",
    "schur": "the order of eigenvalues is free",
    "hessenberg": "reflections have a free sign",
    "tridiagonal": "reflections have a free sign",
    "polynomial_roots": "roots have no order",
    "betainc": "NumPy only, and no derivative in two arguments",
    "zeta": "NumPy only, and no derivative in one argument",
    "random_gamma": "NumPy only, and slow",
    "random_poisson": "NumPy only, and slow",
    "random_binomial": "NumPy only, and slow",
    "random_multinomial": "NumPy only, and slow",
    "gamma_slope": "NumPy only, and slow",
}
"""Operators whose cases are in no program, and why."""


@functools.cache
def cases_in_programs() -> tuple[str, ...]:
    """The operators whose own cases are parts of programs."""
    real = ("complex", "imag", "angle", "conj")
    return tuple(
        name
        for name, p in REGISTRY.items()
        if p.cases is not None and name not in NOT_IN_PROGRAMS and name not in real
        and not (isinstance(p, Elementwise) and p.arity > 2 and name != "select_n")
    )  # fmt: skip
