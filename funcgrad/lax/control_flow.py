"""Structured control flow: cond, switch, while_loop, fori_loop, scan, map, associative_scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..control.cond import as_index
from ..control.cond import cond as cond_p
from ..control.jit_state import jit_disabled
from ..control.scan import scan as scan_p
from ..control.while_loop import while_ as while_p
from ..core.avals import Aval
from ..core.boundary import user_facing
from ..core.jaxpr import Jaxpr, Var
from ..core.source import where_defined
from ..core.tracing import Tracer, aval_of, owner_name
from ..errors import ConcretizationError, ShapeError, TreeError
from ..ops.comparison import select as select_p
from ..ops.joining import concatenate
from ..ops.shape import cast, reshape
from ..transforms.staging import lift_tracers, stage


def _array(x: Any) -> Any:
    """A carried value: strongly typed, since it changes from step to step."""
    aval = aval_of(x)
    if aval.weak:
        return cast(x, aval.dtype) if isinstance(x, Tracer) else aval.dtype.type(x)
    return x if isinstance(x, Tracer) or hasattr(x, "dtype") else np.asarray(x)


def _stage_function(
    fun: Callable[..., Any], specs: Sequence[Any], avals: Sequence[Aval], what: str
) -> tuple[Jaxpr, list[Any], Any]:
    """The closed jaxpr of a body, the tracers it captured, and the structure of its output."""
    box: list[Any] = []

    def flat(*xs: Any) -> list[Any]:
        args, start = [], 0
        for spec in specs:
            args.append(tree.unflatten(spec, xs[start : start + spec.num_leaves]))
            start += spec.num_leaves
        outs, out_tree = tree.flatten(fun(*args))
        box[:] = [out_tree]
        return outs

    jaxpr, captured = lift_tracers(stage(flat, avals, owner_name(what, fun)))
    return jaxpr, captured, box[0]


def _concrete(x: Any, use: str) -> Any:
    """The plain value of x, or None if it has none."""
    if not isinstance(x, Tracer):
        return x
    try:
        return x.concrete(use)
    except ConcretizationError:
        return None


def _check_scalar_predicate(pred: Any, what: str) -> None:
    aval = aval_of(pred)
    if aval.shape != ():
        raise ShapeError(f"{what}: the predicate must be a scalar, got {aval}; use fnp.where")


@user_facing
def cond(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    *operands: Any,
    operand: Any = None,
) -> Any:
    """Apply one of two functions, by a predicate.

    Args:
        pred: boolean scalar.
        true_fun: applied if it is true.
        false_fun: applied if it is false; its result must have the same structure, shapes and
            dtypes.
        operands: arguments of either.
        operand: a single argument, as a keyword.

    Returns:
        The result of the function that was applied. With a concrete predicate only that one runs;
        under jit both are staged, under vmap with a mapped predicate both are evaluated.

    >>> cond(True, lambda x: x + 1, lambda x: x - 1, 2.0)
    3.0
    """
    if operand is not None:
        operands = (*operands, operand)
    _check_scalar_predicate(pred, "cond")
    value = _concrete(pred, "cond")
    if value is not None:
        return true_fun(*operands) if value else false_fun(*operands)
    if aval_of(pred).dtype.kind != "b":
        pred = pred != 0
    return _branch(as_index(pred), (false_fun, true_fun), operands, "cond")


@user_facing
def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Apply one of several functions, by an index that is clamped into range.

    Args:
        index: integer scalar.
        branches: functions whose results agree in structure, shapes and dtypes.
        operands: arguments of each.

    Returns:
        The result of ``branches[index]``.

    >>> switch(1, [np.sin, np.negative], 2.0)
    np.float64(-2.0)
    """
    _check_scalar_predicate(index, "switch")
    if not branches:
        raise TypeError("switch needs at least one branch")
    if aval_of(index).dtype.kind not in "iu":
        raise TypeError(f"switch: the index must be an integer, got {aval_of(index)}")
    value = _concrete(index, "switch")
    if value is not None:
        return branches[min(max(int(value), 0), len(branches) - 1)](*operands)
    return _branch(index, tuple(branches), operands, "switch")


def _branch(index: Any, functions: Any, operands: Any, what: str) -> Any:
    leaves, spec = tree.flatten(operands)
    leaves = [_array(x) for x in leaves]
    avals = [aval_of(x) for x in leaves]
    staged = [_stage_function(lambda ops, f=f: f(*ops), [spec], avals, what) for f in functions]
    first, first_tree = staged[0][0], staged[0][2]
    for f, (jaxpr, _, out_tree) in zip(functions[1:], staged[1:], strict=True):
        if out_tree != first_tree:
            raise TreeError(
                f"{what}: the branches return different structures: {where_defined(functions[0])} "
                f"returns {first_tree}, {where_defined(f)} returns {out_tree}"
            )
        for i, (a, b) in enumerate(zip(first.out_avals, jaxpr.out_avals, strict=True)):
            if not a.matches(b):
                path = tree.format_path(first_tree.paths()[i], " at output ")
                raise ShapeError(
                    f"{what}: the branches differ{path}: {where_defined(functions[0])} returns "
                    f"{a}, {where_defined(f)} returns {b}"
                )
    captured = [c for _, cs, _ in staged for c in cs]
    branches = []
    start = 0
    for jaxpr, cs, _ in staged:
        before = [Var(aval_of(c)) for c in captured[:start]]
        after = [Var(aval_of(c)) for c in captured[start + len(cs) :]]
        invars = [*before, *jaxpr.invars[: len(cs)], *after, *jaxpr.invars[len(cs) :]]
        branches.append(Jaxpr(jaxpr.constvars, invars, jaxpr.eqns, jaxpr.outvars, jaxpr.consts))
        start += len(cs)
    outs = cond_p(index, *captured, *leaves, branches=tuple(branches))
    return tree.unflatten(first_tree, outs)


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
    leaves, spec = tree.flatten(init_val)
    leaves = [_array(x) for x in leaves]
    if jit_disabled():
        value = tree.unflatten(spec, leaves)
        while cond_fun(value):
            value = body_fun(value)
        return value
    avals = [aval_of(x) for x in leaves]
    test, test_captured, test_tree = _stage_function(cond_fun, [spec], avals, "while_loop")
    body, captured, out_tree = _stage_function(body_fun, [spec], avals, "while_loop")
    what = f"while_loop of {where_defined(body_fun)}"
    if test_tree.num_leaves != 1 or test.out_avals[0].shape != ():
        raise ShapeError(f"{what}: the condition must return a boolean scalar")
    _check_carry(avals, body.out_avals, (spec, out_tree), what)
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
    known = [_concrete(b, "fori_loop") for b in (lower, upper)]
    if all(b is not None for b in known):
        indices = np.arange(int(known[0]), int(known[1]))  # type: ignore[arg-type]
        return scan(lambda value, i: (body_fun(i, value), None), init_val, indices)[0]
    start = (np.int64(0) + lower, init_val)
    return while_loop(
        lambda carry: carry[0] < upper,
        lambda carry: (carry[0] + 1, body_fun(carry[0], carry[1])),
        start,
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
    leaves, spec = tree.flatten(init)
    leaves = [_array(x) for x in leaves]
    x_leaves, x_spec = tree.flatten(xs)
    x_leaves = [
        x if isinstance(x, Tracer) or hasattr(x, "dtype") else np.asarray(x) for x in x_leaves
    ]
    n = _scan_length(x_leaves, x_spec, length, f)
    if jit_disabled():
        return _python_scan(f, tree.unflatten(spec, leaves), x_leaves, x_spec, n, reverse)
    avals = [aval_of(x) for x in leaves]
    x_avals = [Aval(aval_of(x).shape[1:], aval_of(x).dtype) for x in x_leaves]
    y_tree: list[Any] = []

    def body(carry: Any, x: Any) -> Any:
        result = f(carry, x)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError(f"scan: {where_defined(f)} must return a pair (carry, y)")
        y_tree[:] = [tree.structure(result[0]), tree.structure(result[1])]
        return tuple(result)

    jaxpr, captured, _ = _stage_function(body, [spec, x_spec], [*avals, *x_avals], "scan")
    carry = len(leaves)
    _check_carry(
        avals,
        jaxpr.out_avals[: y_tree[0].num_leaves],
        (spec, y_tree[0]),
        f"scan of {where_defined(f)}",
    )
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
    return tree.unflatten(spec, outs[:carry]), tree.unflatten(y_tree[1], outs[carry:])


def _scan_length(leaves: Sequence[Any], spec: Any, length: int | None, f: Any) -> int:
    sizes = {} if length is None else {"length": int(length)}
    for x, path in zip(leaves, spec.paths(), strict=True):
        if not x.shape:
            raise ShapeError(
                f"scan of {where_defined(f)}: {tree.format_path(path, 'xs')} is a scalar; it needs "
                "a leading axis to loop over"
            )
        sizes[tree.format_path(path, "xs")] = x.shape[0]
    if not sizes:
        raise ShapeError(f"scan of {where_defined(f)}: with xs=None, length is needed")
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{k}: {v}" for k, v in sizes.items())
        raise ShapeError(f"scan of {where_defined(f)}: lengths differ: {listed}")
    return next(iter(sizes.values()))


def _python_scan(f: Any, carry: Any, leaves: Any, spec: Any, n: int, reverse: bool) -> Any:
    rows: list[Any] = [None] * n
    for i in range(n - 1, -1, -1) if reverse else range(n):
        carry, rows[i] = f(carry, tree.unflatten(spec, [x[i] for x in leaves]))
    if not n:
        return carry, None
    return carry, tree.map(lambda *ys: _stack([_array(y) for y in ys]), *rows)


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
    return scan(lambda _, x: (None, f(x)), None, xs)[1]


def select(pred: Any, on_true: Any, on_false: Any) -> Any:
    """Elements of one array where a mask is true, of another elsewhere.

    Args:
        pred: boolean array.
        on_true: array.
        on_false: array of the same shape and dtype.

    Returns:
        The selected elements. The derivative of what is not selected is zero, whatever it is.

    >>> select(np.array([True, False]), np.array([1, 2]), np.array([3, 4]))
    array([1, 4])
    """
    return select_p(pred, on_true, on_false)
