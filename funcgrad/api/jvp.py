"""jvp, linearize, linear_transpose: derivatives as linear functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

import numpy as np

from .. import arrays, tree
from ..core.arguments import check_function
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, Var, eval_jaxpr
from ..core.restarts import Restart
from ..core.shown_errors import raised_by_user
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of, check_no_leak, owner_name
from ..errors import DifferentiationError, TreeError
from ..ops.shape import zeros
from ..transforms.jvp import JVPTrace, JVPTracer
from ..transforms.strong_zeros import strengthen
from ..transforms.transpose import transpose_values
from ..typing import Array, PyTree, PyTreeSpec
from .flat_function import FlatFunction
from .leaves import ArgumentPath, check_cotangent, disown, own, zero_derivative
from .linearized import Linearized, check_leaves, unpack_aux
from .stable_calls import begun_again, stable_where_staged
from .staging import staged_aval

R = TypeVar("R")
Aux = TypeVar("Aux")


@overload
def jvp(
    fun: np.ufunc, primals: Sequence[PyTree], tangents: Sequence[PyTree], has_aux: bool = False
) -> Any: ...
@overload
def jvp(
    fun: Callable[..., R],
    primals: Sequence[PyTree],
    tangents: Sequence[PyTree],
    has_aux: Literal[False] = False,
) -> tuple[R, R]: ...
@overload
def jvp(
    fun: Callable[..., tuple[R, Aux]],
    primals: Sequence[PyTree],
    tangents: Sequence[PyTree],
    has_aux: Literal[True],
) -> tuple[R, R, Aux]: ...
@overload
def jvp(
    fun: Callable[..., PyTree],
    primals: Sequence[PyTree],
    tangents: Sequence[PyTree],
    has_aux: bool = False,
) -> Any: ...
@user_facing
def jvp(
    fun: Callable[..., PyTree],
    primals: Sequence[PyTree],
    tangents: Sequence[PyTree],
    has_aux: bool = False,
) -> Any:
    """Evaluate a function and its directional derivative.

    Args:
        fun: function of positional arguments.
        primals: tuple or list of arguments: the point.
        tangents: tuple or list of the same structure: the direction.
        has_aux: ``fun`` returns a pair (output, aux).

    Returns:
        (output, tangent_out) or (output, tangent_out, aux).

    Raises:
        TreeError: primals and tangents differ in structure, shape or dtype.

    >>> jvp(np.sin, (0.0,), (1.0,))
    (np.float64(0.0), np.float64(1.0))
    """
    check_function(fun, "jvp")
    for what, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, tuple | list):
            raise TypeError(
                f"jvp: {what} must be a tuple or list of arguments, got {type(value).__name__}"
            )
    leaves, treedef = tree.flatten(tuple(primals))
    check_leaves(leaves, tuple(primals), "jvp")
    directions = tree.match_prefix(treedef, tuple(tangents), "jvp: tangents")
    owner = owner_name("jvp", fun)
    flat = FlatFunction(fun, treedef, owner)
    call = stable_where_staged(flat, leaves)
    trace = JVPTrace(owner)
    inputs: list[Any] = []
    for i, (x, t) in enumerate(zip(leaves, directions, strict=True)):
        where = tree.SpecPath(treedef, i, " ")
        t = check_cotangent(t, aval_of(x), where, "jvp: the tangent")
        inputs.append(x if t is None else JVPTracer(trace, x, t))
    try:
        try:
            out = call(inputs)
        except Restart as again:
            out = begun_again(flat, leaves, again.rewrite)(inputs)
        aux = None
        if has_aux:
            out, aux = unpack_aux(out, trace.owner)
            aux_leaves, aux_tree = tree.flatten(aux)
            aux = tree.unflatten(aux_tree, trace.split(aux_leaves)[0])
        outs, out_tree = tree.flatten(out)
        values, found = trace.split(outs)
        for o in values:
            check_no_leak(o, trace)
    finally:
        trace.alive = False
    out_tangents = [
        zero_derivative(v) if t is None else t for v, t in zip(values, found, strict=True)
    ]
    results = own([*values, *out_tangents], [*leaves, *directions])
    n = len(values)
    result = (tree.unflatten(out_tree, results[:n]), tree.unflatten(out_tree, results[n:]))
    return (*result, aux) if has_aux else result


Meta: TypeAlias = tuple[tuple[Aval, ...], PyTreeSpec, tuple[Aval, ...], PyTreeSpec]
"""Avals and structure of the inputs of a derivative, and of its outputs."""


class Pushforward:
    """The linear function that ``linearize`` returns; a pytree of its residuals."""

    __slots__ = ("consts", "in_avals", "in_tree", "out_avals", "out_tree", "program")

    in_avals: tuple[Aval, ...]
    in_tree: PyTreeSpec
    out_avals: tuple[Aval, ...]
    out_tree: PyTreeSpec

    def __init__(self, program: Jaxpr, consts: Sequence[Array], meta: Meta) -> None:
        self.program: Jaxpr = program
        self.consts: Sequence[Array] = consts
        self.in_avals, self.in_tree, self.out_avals, self.out_tree = meta

    @user_facing
    def __call__(self, *tangents: PyTree) -> PyTree:
        """The tangent of the output at tangents of the primals."""
        return _push(self, tangents)

    def __reduce__(self) -> Any:
        trees = (tree.Stored(self.in_tree), tree.Stored(self.out_tree))
        return (_rebuild, (self.program, self.consts, self.in_avals, self.out_avals, *trees))

    def __copy__(self) -> Pushforward:
        return self

    def __deepcopy__(self, memo: object) -> Pushforward:
        return self


def _rebuild(
    program: Jaxpr,
    consts: Sequence[Array],
    in_avals: tuple[Aval, ...],
    out_avals: tuple[Aval, ...],
    in_tree: tree.Stored,
    out_tree: tree.Stored,
) -> Pushforward:
    meta = (in_avals, in_tree.structure(), out_avals, out_tree.structure())
    return Pushforward(program, consts, meta)


def _push(f: Pushforward, tangents: tuple[PyTree, ...]) -> PyTree:
    given = tree.match_prefix(f.in_tree, tangents, "the tangents given to a linearized function")
    checked = [
        check_cotangent(t, a, tree.SpecPath(f.in_tree, i, " "), "the tangent")
        for i, (t, a) in enumerate(zip(given, f.in_avals, strict=True))
    ]
    with np.errstate(all="ignore"):
        outs = eval_jaxpr(f.program, f.consts, [t for t in checked if t is not None])
    return tree.unflatten(f.out_tree, own([own_constant(o, f.consts) for o in outs], given))


def own_constant(x: Array, consts: Sequence[Array]) -> Array:
    """A copy of x if it is one of a program's constants."""
    return x if isinstance(x, Tracer) or not any(x is c for c in consts) else arrays.copied(x)


tree.register_node(
    Pushforward,
    lambda f: (
        list(f.consts),
        (f.program, f.in_avals, f.in_tree, f.out_avals, f.out_tree),
    ),
    lambda meta, consts: Pushforward(meta[0], list(consts), meta[1:]),
)


@overload
def linearize(fun: np.ufunc, *primals: PyTree) -> tuple[Any, Pushforward]: ...
@overload
def linearize(
    fun: Callable[..., R], *primals: PyTree, has_aux: Literal[False] = False
) -> tuple[R, Pushforward]: ...
@overload
def linearize(
    fun: Callable[..., tuple[R, Aux]], *primals: PyTree, has_aux: Literal[True]
) -> tuple[R, Pushforward, Aux]: ...
@overload
def linearize(fun: Callable[..., PyTree], *primals: PyTree, has_aux: bool) -> Any: ...
@user_facing
def linearize(fun: Callable[..., PyTree], *primals: PyTree, has_aux: bool = False) -> Any:
    """Evaluate a function and get its derivative as a linear function.

    Args:
        fun: function of positional arguments.
        primals: the point: pytrees of arrays.
        has_aux: ``fun`` returns a pair (output, aux).

    Returns:
        (output, f_jvp) or (output, f_jvp, aux). ``f_jvp`` maps tangents of the primals to the
        tangent of the output; what depends only on the point is computed once.

    >>> y, f_jvp = linearize(np.sin, 0.0)
    >>> f_jvp(2.0)
    np.float64(2.0)
    """
    check_function(fun, "linearize")
    leaves, treedef = tree.flatten(primals)
    check_leaves(leaves, primals, "linearize")
    lin = Linearized(FlatFunction(fun, treedef, owner_name("linearize", fun)), leaves, has_aux)
    jaxpr = lin.jaxpr()
    jaxpr, _ = strengthen(jaxpr, (False,) * len(jaxpr.invars))
    meta = (
        tuple(aval_of(x) for x in leaves),
        treedef,
        tuple(aval_of(o) for o in lin.outs),
        lin.structure,
    )
    out = tree.unflatten(meta[-1], disown(lin.outs, leaves))
    f_jvp = Pushforward(jaxpr, jaxpr.consts, meta)
    return (out, f_jvp, lin.aux) if has_aux else (out, f_jvp)


@user_facing
def linear_transpose(
    fun: Callable[..., PyTree], *primals: PyTree
) -> Callable[[PyTree], tuple[PyTree, ...]]:
    """Transpose a function that is linear in all its arguments.

    Args:
        fun: a linear function.
        primals: arrays or ShapeDtypeStructs: only shapes and dtypes count.

    Returns:
        The transposed function, from a cotangent of the output to a tuple of cotangents.

    Raises:
        DifferentiationError: ``fun`` is not linear.

    >>> linear_transpose(lambda x: 3.0 * x, 1.0)(2.0)
    (np.float64(6.0),)
    """
    check_function(fun, "linear_transpose")
    leaves, treedef = tree.flatten(primals)
    owner = owner_name("linear_transpose", fun)
    avals = [staged_aval(x, ArgumentPath(owner, primals, i)) for i, x in enumerate(leaves)]
    flat = FlatFunction(fun, treedef, owner)
    jaxpr, out_tree, _ = flat.stage([Aval(a.shape, a.dtype) for a in avals])
    linear = set(jaxpr.invars)
    for e in jaxpr.eqns:
        if any(v in linear for v in e.inputs if isinstance(v, Var)):
            linear.update(e.outvars)
    for v in jaxpr.outvars:
        if v not in linear and np.any(getattr(v, "value", 1)):
            raise DifferentiationError(
                f"{owner}: an output does not depend on the inputs, so it is not linear in them"
            )

    @user_facing
    def transposed(ct: PyTree) -> tuple[PyTree, ...]:
        given = tree.match_prefix(out_tree, ct, "linear_transpose: the cotangent")
        cts = [
            check_cotangent(c, a, "", "linear_transpose: the cotangent")
            for c, a in zip(given, jaxpr.out_avals, strict=True)
        ]
        try:
            found, _ = transpose_values(jaxpr, jaxpr.consts, {}, cts, [False] * len(cts))
        except DifferentiationError as error:
            raise DifferentiationError(f"{owner}: {error}, so it is not linear") from error
        except (TypeError, AttributeError, TreeError) as error:
            if raised_by_user(error.__traceback__):
                raise
            raise DifferentiationError(f"{owner}: the function is not linear") from None
        grads = [
            zeros(v.aval) if g is None else g for g, v in zip(found, jaxpr.invars, strict=True)
        ]
        return tree.unflatten(treedef, own(grads, given))

    return transposed
