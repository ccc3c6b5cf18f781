"""Loops: while_loop, fori_loop, scan, map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..api.leaves import is_leaf_value
from ..control.jit_settings import jit_disabled
from ..control.scan import scan as scan_p
from ..control.while_loop import while_ as while_p
from ..core.arguments import check_function, is_integer
from ..core.avals import Aval
from ..core.blame import describe
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError, TreeError
from ..ops.shape import cast, reshape
from ..ops.structural.joining import concatenate
from .bodies import KINDS, as_carried, check_operands, concrete_or_none, stage_function


def _with_carry(leaves: list[Any], spec: Any, stage_body: Any, what: str) -> Any:
    """Stage a body at the avals of its carry, and check what comes out as carry.

    A carry that starts as a Python number takes the dtype that the body gives it: 0 may become a
    float.

    Args:
        leaves: of the first carry.
        spec: its structure.
        stage_body: from avals of the carry to (jaxpr, captured, structure of the next carry, ...).
        what: the loop, for messages.

    Returns:
        The leaves as arrays, their avals, and what ``stage_body`` returned.
    """
    weak = [aval_of(x).weak for x in leaves]
    leaves = [as_carried(x) for x in leaves]
    while True:
        avals = [aval_of(x) for x in leaves]
        staged = stage_body(avals)
        after = staged[0].out_avals[: staged[2].num_leaves]
        grown = [
            w and a.shape == b.shape and KINDS.find(a.dtype.kind) < KINDS.find(b.dtype.kind)
            for w, a, b in zip(weak, avals, after, strict=False)
        ]
        if staged[2] != spec or not any(grown):
            _check_carry(avals, after, (spec, staged[2]), what)
            return leaves, avals, staged
        leaves = [
            cast(x, b.dtype) if g else x for x, b, g in zip(leaves, after, grown, strict=True)
        ]


def _check_carry(before: Sequence[Aval], after: Sequence[Aval], specs: Any, what: str) -> None:
    spec_before, spec_after = specs
    if spec_before != spec_after:
        raise TreeError(
            f"{what}: the carry comes in with the structure {spec_before} and out with {spec_after}"
        )
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        if not a.matches(b):
            path = tree.format_path(spec_before.paths()[i], "carry")
            raise ShapeError(
                f"{what}: {path} comes in as {a} and out as {b}; convert one of them, for example "
                f"with .astype({b.dtype.name!r})"
            )


@user_facing
def while_loop(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any
) -> Any:
    """Apply a function while a condition holds. Differentiable in forward and reverse mode.

    Args:
        cond_fun: from the carry to a boolean scalar.
        body_fun: from the carry to the next carry, of the same structure, shapes and dtypes.
        init_val: the first carry.

    Returns:
        The last carry.

    >>> while_loop(lambda x: x < 100.0, lambda x: 3 * x, 1.0)
    np.float64(243.0)
    """
    return _while(cond_fun, body_fun, body_fun, init_val, "while_loop")


def _while(cond_fun: Any, body_fun: Any, call: Any, init_val: Any, name: str) -> Any:
    """A while loop whose body is ``call``, on behalf of the user's function ``body_fun``."""
    check_function(cond_fun, name, "cond_fun")
    check_function(body_fun, name, "body_fun")
    check_operands(init_val, f"{name}: init_val")
    leaves, spec = tree.flatten(init_val)
    if jit_disabled():
        value = tree.unflatten(spec, [as_carried(x) for x in leaves])
        while cond_fun(value):
            value = call(value)
        return value
    what = f"{name} of {where_defined(body_fun)}"
    leaves, avals, (body, captured, _) = _with_carry(
        leaves, spec, lambda avals: stage_function(body_fun, [spec], avals, name, call), what
    )
    test, test_captured, test_tree = stage_function(cond_fun, [spec], avals, name)
    if test_tree.num_leaves != 1 or test.out_avals[0].shape != ():
        raise ShapeError(f"{what}: the condition must return a boolean scalar")
    if test.out_avals[0].dtype.kind != "b":
        raise TypeError(
            f"{what}: the condition must return a boolean, got {test.out_avals[0]}; compare it, "
            "for example with > 0"
        )
    outs = while_p(
        *test_captured,
        *captured,
        *leaves,
        cond=test,
        body=body,
        cond_consts=len(test_captured),
        body_consts=len(captured),
        length=None,
    )
    return tree.unflatten(spec, outs)


@user_facing
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Apply ``body_fun(i, value)`` for i from lower to upper - 1.

    Args:
        lower: first index.
        upper: end of the indices.
        body_fun: from (i, value) to the next value.
        init_val: the first value.

    Returns:
        The last value. With bounds known when tracing this is a scan, else a while loop.

    >>> fori_loop(0, 4, lambda i, x: x + i, 0)
    np.int64(6)
    """
    check_function(body_fun, "fori_loop", "body_fun")
    for name, bound in (("lower", lower), ("upper", upper)):
        aval = aval_of(bound) if is_leaf_value(bound) else None
        if aval is None or aval.shape != () or aval.dtype.kind not in "iu":
            raise TypeError(f"fori_loop: {name} must be an integer, got {describe(bound)}")
    known = [concrete_or_none(b, "fori_loop") for b in (lower, upper)]

    def step(carry: Any, _: Any = None) -> Any:
        i, value = carry
        return i + 1, body_fun(i, value)

    if all(b is not None for b in known):
        first, end = int(known[0]), int(known[1])  # type: ignore[arg-type]
        return _scan(
            body_fun,
            lambda carry, _: (step(carry), None),
            (np.int64(first), init_val),
            None,
            max(end - first, 0),
            False,
            1,
            "fori_loop",
        )[0][1]
    return _while(
        lambda carry: carry[0] < upper, body_fun, step, (np.int64(0) + lower, init_val), "fori_loop"
    )[1]


@user_facing
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Loop over the leading axis of arrays, carrying state and stacking results.

    Args:
        f: from (carry, x) to (next carry, y).
        init: the first carry.
        xs: pytree of arrays whose leading axes are looped over, or None.
        length: number of steps; needed if xs is None.
        reverse: loop from the last element to the first.
        unroll: how many steps a compiled loop does at a time.

    Returns:
        (last carry, stacked ys).

    Raises:
        ShapeError: leading axes differ, or the carry changes its shape or dtype.

    >>> scan(lambda c, x: (c + x, c * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    return _scan(f, f, init, xs, length, reverse, unroll, "scan")


def _scan(
    f: Any, call: Any, init: Any, xs: Any, length: Any, reverse: bool, unroll: Any, name: str
) -> Any:
    """A scan whose body is ``call``, on behalf of the user's function ``f``."""
    check_function(f, name)
    what = f"{name} of {where_defined(f)}"
    check_operands(init, f"{what}: init")
    check_operands(xs, f"{what}: xs")
    if not isinstance(unroll, bool) and not (is_integer(unroll) and unroll >= 0):
        kind = ValueError if is_integer(unroll) else TypeError
        raise kind(f"{what}: unroll must be a number of steps or a bool, got {describe(unroll)}")
    leaves, spec = tree.flatten(init)
    x_leaves, x_spec = tree.flatten(xs)
    x_leaves = [
        x if isinstance(x, Tracer) or hasattr(x, "dtype") else np.asarray(x) for x in x_leaves
    ]
    n = _scan_length(x_leaves, x_spec, length, what)
    if jit_disabled():
        start = tree.unflatten(spec, [as_carried(x) for x in leaves])
        return _python_scan(call, start, x_leaves, x_spec, n, reverse)
    x_avals = [Aval(aval_of(x).shape[1:], aval_of(x).dtype) for x in x_leaves]

    def body(carry: Any, x: Any) -> Any:
        result = call(carry, x)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError(f"{what}: the function must return a pair (carry, y)")
        return tuple(result)

    def stage_body(avals: Any) -> Any:
        jaxpr, captured, out_tree = stage_function(
            f, [spec, x_spec], [*avals, *x_avals], name, body
        )
        return (jaxpr, captured, *out_tree.children())

    leaves, _, (jaxpr, captured, _, y_tree) = _with_carry(leaves, spec, stage_body, what)
    carry = len(leaves)
    outs = scan_p(
        *captured,
        *leaves,
        *x_leaves,
        jaxpr=jaxpr,
        consts=len(captured),
        carry=carry,
        reverse=bool(reverse),
        length=n,
        unroll=int(unroll) if unroll is not True else n,
    )
    return tree.unflatten(spec, outs[:carry]), tree.unflatten(y_tree, outs[carry:])


def _scan_length(leaves: Sequence[Any], spec: Any, length: int | None, what: str) -> int:
    if length is not None and not (is_integer(length) and length >= 0):
        kind = ValueError if is_integer(length) else TypeError
        raise kind(f"{what}: length must be a number of steps, got {describe(length)}")
    sizes = {} if length is None else {"length": int(length)}
    for x, path in zip(leaves, spec.paths(), strict=True):
        if not x.shape:
            raise ShapeError(
                f"{what}: {tree.format_path(path, 'xs')} is a scalar; it needs "
                "a leading axis to loop over"
            )
        sizes[tree.format_path(path, "xs")] = x.shape[0]
    if not sizes:
        raise ShapeError(f"{what}: with xs=None, length is needed")
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{k}: {v}" for k, v in sizes.items())
        raise ShapeError(f"{what}: lengths differ: {listed}")
    return next(iter(sizes.values()))


def _python_scan(f: Any, carry: Any, leaves: Any, spec: Any, n: int, reverse: bool) -> Any:
    rows: list[Any] = [None] * n
    for i in range(n - 1, -1, -1) if reverse else range(n):
        carry, rows[i] = f(carry, tree.unflatten(spec, [x[i] for x in leaves]))
    if not n:
        return carry, None
    return carry, tree.map(lambda *ys: _stack([as_carried(y) for y in ys]), *rows)


def _stack(xs: Sequence[Any]) -> Any:
    return concatenate(*[reshape(x, shape=(1, *x.shape)) for x in xs], axis=0)


@user_facing
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply a function to the elements of the leading axis, one after the other.

    Args:
        f: function of one element.
        xs: pytree of arrays.

    Returns:
        The stacked results. ``vmap`` does the same at once.

    >>> map(lambda x: x**2, np.arange(3.0))
    array([0., 1., 4.])
    """
    return _scan(f, lambda _, x: (None, f(x)), None, xs, None, False, 1, "map")[1]
