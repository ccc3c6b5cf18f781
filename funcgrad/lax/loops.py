"""Loops: while_loop, fori_loop, scan, map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .. import tree
from ..api.flat_function import Staged
from ..api.leaves import is_leaf_value
from ..context import current
from ..control.while_loop import while_ as while_p
from ..core.arguments import check_function, is_integer
from ..core.avals import WEAK_DTYPES, Aval
from ..core.blame import describe
from ..core.dtypes import kind_of
from ..core.jaxpr import Jaxpr
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError, TreeError
from ..ops.shape import cast, reshape
from ..ops.structural.joining import concatenate
from ..transforms.loop_layout import Layout
from ..typing import Array, PyTree, PyTreeSpec
from .bodies import KINDS, as_carried, check_operands, concrete_or_none, stage_function
from .operands import as_array
from .unrolling import scan_unrolled

Carry = TypeVar("Carry")
X = TypeVar("X")
Y = TypeVar("Y")


class Body(NamedTuple):
    """The body of a loop.

    Attributes:
        function: the user's function, which messages name and whose jaxpr is kept.
        call: what calls it, from a carry (and an element of xs) to the next carry (and a y).
        loop: the name of the loop.
    """

    function: Callable[..., PyTree]
    call: Callable[..., PyTree]
    loop: str

    @property
    def title(self) -> str:
        """The loop and where its function is defined, for messages."""
        return f"{self.loop} of {where_defined(self.function)}"

    def stage(self, specs: Sequence[PyTreeSpec], avals: Sequence[Aval]) -> Staged:
        """The body as a jaxpr, at operands of some structures."""
        return stage_function(self.function, specs, avals, self.loop, self.call)


def _with_carry(
    leaves: Sequence[Array],
    spec: PyTreeSpec,
    stage_body: Callable[[Sequence[Aval]], tuple[Staged, PyTreeSpec]],
    what: str,
) -> tuple[list[Array], Staged]:
    """Stage a body at the avals of its carry, and check what comes out as carry.

    A carry that starts as a Python number takes the dtype that the body gives it: 0 may become a
    float, and 0.0 beside numbers of float32 becomes one of these.

    Args:
        leaves: of the first carry.
        spec: its structure.
        stage_body: from avals of the carry to the staged body and the structure of the next carry.
        what: the loop, for messages.

    Returns:
        The leaves as arrays, and the staged body.
    """
    weak = [aval_of(x).weak for x in leaves]
    carried = [as_carried(x) for x in leaves]
    while True:
        avals = [aval_of(x) for x in carried]
        staged, next_spec = stage_body(avals)
        after = staged.jaxpr.out_avals[: next_spec.num_leaves]
        if next_spec == spec and any(weak) and _has_narrow(staged.jaxpr):
            tried = [Aval(a.shape, a.dtype, w) for a, w in zip(avals, weak, strict=True)]
            after = stage_body(tried)[0].jaxpr.out_avals[: next_spec.num_leaves]
        grown = [
            w
            and a.shape == b.shape
            and a.dtype != b.dtype
            and KINDS.find(kind_of(a.dtype)) <= KINDS.find(kind_of(b.dtype))
            for w, a, b in zip(weak, avals, after, strict=False)
        ]
        if next_spec != spec or not any(grown):
            after = staged.jaxpr.out_avals[: next_spec.num_leaves]
            _check_carry(avals, after, (spec, next_spec), what)
            return carried, staged
        weak = [w and not g for w, g in zip(weak, grown, strict=False)]
        carried = [
            cast(x, b.dtype) if g else x for x, b, g in zip(carried, after, grown, strict=True)
        ]


def _has_narrow(jaxpr: Jaxpr) -> bool:
    """True if numbers occur that are not of the types that Python's numbers become.

    Beside those, a Python number and the array that it becomes give results of different types.
    """
    variables = [*jaxpr.invars, *(v for e in jaxpr.eqns for v in (*e.inputs, *e.outvars))]
    found = {v.aval.dtype for v in variables if not v.aval.weak}
    return not found <= set(WEAK_DTYPES.values())


def _check_carry(
    before: Sequence[Aval],
    after: Sequence[Aval],
    specs: tuple[PyTreeSpec, PyTreeSpec],
    what: str,
) -> None:
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
    cond_fun: Callable[[Carry], bool | np.bool | Array],
    body_fun: Callable[[Carry], Carry],
    init_val: Carry,
) -> Carry:
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
    return _while(cond_fun, Body(body_fun, body_fun, "while_loop"), init_val)


def _while(cond_fun: Callable[..., Any], body: Body, init_val: Carry) -> Carry:
    name = body.loop
    check_function(cond_fun, name, "cond_fun")
    check_function(body.function, name, "body_fun")
    check_operands(init_val, f"{name}: init_val")
    leaves, spec = tree.flatten(init_val)
    if current().jit_disabled:
        value = tree.unflatten(spec, [as_carried(x) for x in leaves])
        while cond_fun(value):
            value = body.call(value)
        return value

    what = body.title

    def stage_body(avals: Sequence[Aval]) -> tuple[Staged, PyTreeSpec]:
        staged = body.stage([spec], avals)
        return staged, staged.out_tree

    carried, (step, _, captured) = _with_carry(leaves, spec, stage_body, what)
    avals = [aval_of(x) for x in carried]
    test, test_tree, test_captured = stage_function(cond_fun, [spec], avals, name)
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
        *carried,
        cond=test,
        body=step,
        tests=len(test_captured),
        layout=Layout(len(captured), len(carried)),
        length=None,
    )
    return tree.unflatten(spec, outs)


@user_facing
def fori_loop(
    lower: int | Array,
    upper: int | Array,
    body_fun: Callable[[int, Carry], Carry],
    init_val: Carry,
    *,
    unroll: int | bool | None = None,
) -> Carry:
    """Apply ``body_fun(i, value)`` for i from lower to upper - 1.

    Args:
        lower: first index.
        upper: end of the indices.
        body_fun: from (i, value) to the next value.
        init_val: the first value.
        unroll: as for ``scan``; the bounds must be known then.

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
    first, end = (concrete_or_none(b, "fori_loop") for b in (lower, upper))

    def step(carry: tuple[int, Carry]) -> tuple[int, Carry]:
        i, value = carry
        return i + 1, body_fun(i, value)

    def scanned_step(carry: tuple[int, Carry], _: None) -> tuple[tuple[int, Carry], None]:
        return step(carry), None

    if first is not None and end is not None:
        body = Body(body_fun, scanned_step, "fori_loop")
        steps = max(int(end) - int(first), 0)
        start = (np.int64(first), init_val)
        return scan_body(body, start, None, steps, unroll=1 if unroll is None else unroll)[0][1]
    if unroll is not None and unroll is not False and unroll != 1:
        raise ValueError("fori_loop: unroll needs bounds that are known when it is traced")
    body = Body(body_fun, step, "fori_loop")
    return _while(lambda carry: carry[0] < upper, body, (np.int64(0) + lower, init_val))[1]


@user_facing
def scan(
    f: Callable[[Carry, X], tuple[Carry, Y]],
    init: Carry,
    xs: X | None = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Carry, Y]:
    """Loop over the leading axis of arrays, carrying state and stacking results.

    Args:
        f: from (carry, x) to (next carry, y).
        init: the first carry.
        xs: pytree of arrays whose leading axes are looped over, or None.
        length: number of steps; needed if xs is None.
        reverse: loop from the last element to the first.
        unroll: how many steps the body of the loop does at a time, True for all of them: a longer
            program that goes through the loop less often, of equal results.

    Returns:
        (last carry, stacked ys).

    Raises:
        ShapeError: leading axes differ, or the carry changes its shape or dtype.
        ValueError: unroll is not positive.

    >>> scan(lambda c, x: (c + x, c * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    return scan_body(Body(f, f, "scan"), init, xs, length, reverse, unroll)


def scan_body(
    body: Body,
    init: PyTree,
    xs: PyTree,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> PyTree:
    """Run a scan whose body is given with how it is called."""
    check_function(body.function, body.loop)
    what = body.title
    check_operands(init, f"{what}: init")
    check_operands(xs, f"{what}: xs")
    leaves, spec = tree.flatten(init)
    x_leaves, x_spec = tree.flatten(xs)
    x_leaves = [as_array(x) for x in x_leaves]
    steps = _steps_at_a_time(unroll, what)
    n = leading_size(x_leaves, x_spec, length, what)
    if current().jit_disabled:
        start = tree.unflatten(spec, [as_carried(x) for x in leaves])
        return _python_scan(body.call, start, x_leaves, x_spec, n, reverse)
    x_avals = [Aval(aval_of(x).shape[1:], aval_of(x).dtype) for x in x_leaves]

    def pair(carry: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        result = body.call(carry, x)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError(f"{what}: the function must return a pair (carry, y)")
        return result[0], result[1]

    def stage_body(avals: Sequence[Aval]) -> tuple[Staged, PyTreeSpec]:
        staged = body._replace(call=pair).stage([spec, x_spec], [*avals, *x_avals])
        return staged, staged.out_tree.child(0)

    carried, (step, out_tree, captured) = _with_carry(leaves, spec, stage_body, what)
    last, ys = scan_unrolled(
        step, captured, carried, x_leaves, n, bool(reverse), n if steps is None else steps
    )
    return tree.unflatten(spec, last), tree.unflatten(out_tree.child(1), ys)


def _steps_at_a_time(unroll: int | bool, what: str) -> int | None:
    """The number of steps that ``unroll=`` asks for; None for all of them."""
    if isinstance(unroll, bool):
        return None if unroll else 1
    if not (is_integer(unroll) and unroll > 0):
        kind = ValueError if is_integer(unroll) else TypeError
        raise kind(
            f"{what}: unroll must be a number of steps, at least 1, or a bool; got "
            f"{describe(unroll)}"
        )
    return int(unroll)


def leading_size(leaves: Sequence[Array], spec: PyTreeSpec, length: int | None, what: str) -> int:
    """The one length of leading axes, or an error that lists those that there are."""
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


def _python_scan(
    f: Callable[..., PyTree],
    carry: PyTree,
    leaves: Sequence[Array],
    spec: PyTreeSpec,
    n: int,
    reverse: bool,
) -> tuple[PyTree, PyTree]:
    rows: list[Any] = [None] * n
    for i in range(n - 1, -1, -1) if reverse else range(n):
        carry, rows[i] = f(carry, tree.unflatten(spec, [x[i] for x in leaves]))
    if not n:
        return carry, None
    return carry, tree.map(lambda *ys: _stack([as_carried(y) for y in ys]), *rows)


def _stack(xs: Sequence[Array]) -> Array:
    return concatenate(*[reshape(x, shape=(1, *x.shape)) for x in xs], axis=0)
