"""Branches: cond, switch, select."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, TypeVarTuple, overload

import numpy as np

from .. import tree
from ..api.flat_function import Staged
from ..api.leaves import is_leaf_value
from ..control.cond import as_index
from ..control.cond import cond as cond_p
from ..core.arguments import check_function
from ..core.blame import describe
from ..core.dtypes import kind_of
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError, TreeError
from ..ops.pointwise.comparison import select as select_p
from ..ops.shape import cast
from ..transforms.staging import join_captured, stage
from ..typing import Array, ArrayLike, PyTree
from .bodies import KINDS, as_carried, check_operands, concrete_or_none, stage_function
from .operands import alike, operand


def _check_scalar_predicate(pred: object, what: str) -> None:
    if not is_leaf_value(pred):
        raise TypeError(f"{what}: the predicate must be a boolean scalar, got {describe(pred)}")
    aval = aval_of(pred)
    if aval.shape != ():
        raise ShapeError(f"{what}: the predicate must be a scalar, got {aval}; use fnp.where")


_NO_OPERAND: Any = object()

T = TypeVar("T")
X = TypeVar("X")
Z = TypeVar("Z")
Operands = TypeVarTuple("Operands")
Predicate: TypeAlias = bool | np.bool | Array


@overload
def cond(
    pred: Predicate,
    true_fun: Callable[[*Operands], T],
    false_fun: Callable[[*Operands], T],
    *operands: *Operands,
) -> T: ...
@overload
def cond(
    pred: Predicate, true_fun: Callable[[X], T], false_fun: Callable[[X], T], *, operand: X
) -> T: ...
@overload
def cond(
    pred: Predicate,
    true_operand: X,
    true_fun: Callable[[X], T],
    false_operand: Z,
    false_fun: Callable[[Z], T],
    /,
) -> T: ...
@user_facing  # type: ignore[misc]  # mypy does not see that *Any takes *Operands
def cond(
    pred: Predicate,
    true_fun: Any,
    false_fun: Any,
    *operands: Any,
    operand: Any = _NO_OPERAND,
) -> Any:
    """Apply one of two functions, by a predicate.

    Args:
        pred: boolean scalar.
        true_fun: applied if it is true.
        false_fun: applied if it is false; its result must have the same structure, shapes and
            dtypes.
        operands: arguments of either. The older ``cond(pred, true_operand, true_fun,
            false_operand, false_fun)`` is understood, too.
        operand: a single argument, as a keyword; None is one.

    Returns:
        The result of the function that was applied. With a concrete predicate only that one runs;
        under jit both are staged, under vmap with a mapped predicate both are evaluated.

    >>> cond(True, lambda x: x + 1, lambda x: x - 1, 2.0)
    3.0
    """
    if operand is not _NO_OPERAND:
        operands = (*operands, operand)
    if len(operands) == 2 and callable(false_fun) and callable(operands[1]):
        older, (of_true, of_false) = (false_fun, operands[1]), (true_fun, operands[0])
        operands = (of_true, of_false)
        true_fun, false_fun = _of_one(older[0], 0), _of_one(older[1], 1)
    check_function(true_fun, "cond", "true_fun")
    check_function(false_fun, "cond", "false_fun")
    _check_scalar_predicate(pred, "cond")
    value = concrete_or_none(pred, "cond")
    check_operands(operands, "cond: operands")
    if value is not None:
        return true_fun(*operands) if value else false_fun(*operands)
    if aval_of(pred).dtype.kind != "b":
        pred = pred != 0
    return _branch(as_index(pred), (false_fun, true_fun), operands, "cond")


def _of_one(fun: Callable[..., Any], place: int) -> Callable[..., Any]:
    """A function of several operands that uses one."""

    @functools.wraps(fun)
    def of_one(*operands: PyTree) -> PyTree:
        return fun(operands[place])

    return of_one


@user_facing
def switch(
    index: int | Array,
    branches: Sequence[Callable[..., T]],
    *operands: Any,
    operand: Any = _NO_OPERAND,
) -> T:
    """Apply one of several functions, by an index that is clamped into range.

    Args:
        index: integer scalar.
        branches: functions whose results agree in structure, shapes and dtypes.
        operands: arguments of each.
        operand: a single argument, as a keyword; None is one.

    Returns:
        The result of ``branches[index]``.

    >>> import numpy as np
    >>> switch(1, [np.sin, np.negative], 2.0)
    np.float64(-2.0)
    """
    if operand is not _NO_OPERAND:
        operands = (*operands, operand)
    _check_scalar_predicate(index, "switch")
    if not isinstance(branches, Sequence) or isinstance(branches, str):
        raise TypeError(
            f"switch: branches must be a sequence of functions, got {describe(branches)}"
        )
    if not branches:
        raise TypeError("switch needs at least one branch")
    for i, branch in enumerate(branches):
        check_function(branch, "switch", f"branches[{i}]")
    if aval_of(index).dtype.kind not in "iu":
        raise TypeError(f"switch: the index must be an integer, got {aval_of(index)}")
    value = concrete_or_none(index, "switch")
    check_operands(operands, "switch: operands")
    if value is not None:
        return branches[min(max(int(value), 0), len(branches) - 1)](*operands)
    return _branch(index, tuple(branches), operands, "switch")


def _numbers_as_arrays(staged: list[Staged]) -> list[Staged]:
    """Branches in which a Python number takes the dtype that another branch returns in its place,
    where that is of the same kind or of one that it may become.
    """
    if any(s.out_tree != staged[0].out_tree for s in staged):
        return staged
    columns = list(zip(*(s.jaxpr.out_avals for s in staged), strict=True))
    dtypes = [max((a.dtype for a in c), key=lambda d: KINDS.find(kind_of(d))) for c in columns]
    strong = [
        next((a.dtype for a in c if not a.weak), d) for c, d in zip(columns, dtypes, strict=True)
    ]
    wanted = [
        s if KINDS.find(kind_of(s)) == KINDS.find(kind_of(d)) else d
        for s, d in zip(strong, dtypes, strict=True)
    ]
    return [s._replace(jaxpr=_cast_numbers(s.jaxpr, wanted)) for s in staged]


def _cast_numbers(jaxpr: Jaxpr, dtypes: Sequence[np.dtype]) -> Jaxpr:
    """A jaxpr whose weakly typed outputs have the given dtypes."""
    if all(not a.weak or a.dtype == d for a, d in zip(jaxpr.out_avals, dtypes, strict=True)):
        return jaxpr

    def run(*args: Array) -> list[Array]:
        outs = eval_jaxpr(jaxpr, jaxpr.consts, args)
        pairs = zip(outs, jaxpr.out_avals, dtypes, strict=True)
        return [cast(o, d) if a.weak and a.dtype != d else o for o, a, d in pairs]

    return stage(run, jaxpr.in_avals, "a branch")


def _branch(
    index: int | Array, functions: Sequence[Callable[..., PyTree]], operands: PyTree, what: str
) -> PyTree:
    leaves, spec = tree.flatten(operands)
    leaves = [as_carried(x) for x in leaves]
    avals = [aval_of(x) for x in leaves]
    staged = [
        stage_function(f, [spec], avals, what, lambda ops, f=f: f(*ops), weak=True)
        for f in functions
    ]
    staged = _numbers_as_arrays(staged)
    _check_results(functions, staged, what)
    branches, captured = join_captured([(s.jaxpr, s.captured) for s in staged])
    outs = cond_p(index, *captured, *leaves, branches=tuple(branches))
    return staged[0].rebuild(outs)


def _check_results(
    functions: Sequence[Callable[..., PyTree]], staged: list[Staged], what: str
) -> None:
    """Raise unless all branches return the same structure, shapes and dtypes."""
    first, first_tree, _ = staged[0]
    for f, (jaxpr, out_tree, _) in zip(functions[1:], staged[1:], strict=True):
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


@user_facing
def select(pred: ArrayLike, on_true: ArrayLike, on_false: ArrayLike) -> Array:
    """Elements of one array where a mask is true, of another elsewhere.

    Args:
        pred: boolean array.
        on_true: array.
        on_false: array of the same shape and dtype.

    Returns:
        The selected elements. The derivative of what is not selected is zero, whatever it is.

    >>> import numpy as np
    >>> select(np.array([True, False]), np.array([1, 2]), np.array([3, 4]))
    array([1, 4])
    """
    pred = operand("select", pred, "biu")
    on_true, on_false = alike("select", on_true, on_false)
    if type(pred) is type(on_true) is type(on_false) is np.ndarray and pred.dtype.kind == "b":
        if pred.shape == on_true.shape == on_false.shape:
            return select_p(pred, on_true, on_false)
    shape, other = (tuple(aval_of(x).shape) for x in (on_true, on_false))
    if shape != other or tuple(aval_of(pred).shape) not in ((), shape):
        raise ShapeError(
            f"select: pred {aval_of(pred)} must be a scalar or have the one shape of on_true and "
            f"on_false, got {aval_of(on_true)} and {aval_of(on_false)}; np.where broadcasts"
        )
    if aval_of(pred).dtype.kind != "b":
        pred = np.not_equal(pred, 0)
    return select_p(pred, on_true, on_false)
