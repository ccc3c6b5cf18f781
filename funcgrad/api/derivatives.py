"""grad, value_and_grad, vjp, jvp, linearize, linear_transpose."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..control import mutation
from ..core.avals import float0, is_inexact
from ..core.boundary import user_facing
from ..core.jaxpr import Jaxpr, Var, eval_jaxpr
from ..core.source import where_defined
from ..core.tracing import Tracer, aval_of, owner_name
from ..errors import DifferentiationError, TreeError
from ..ops.shape import zeros
from ..transforms.jvp import JVPTrace, JVPTracer
from ..transforms.linearize import LinearizeTrace, LinearizeTracer, tape_jaxpr
from ..transforms.staging import stage
from ..transforms.transpose import backward, seed_cotangents, transpose_values
from .results import (
    check_cotangent,
    check_differentiable,
    check_leaf,
    check_scalar_output,
    disown,
    own,
    zero_derivative,
)


class Linearized:
    """A function's values at a point, and the tape of its linear part."""

    __slots__ = ("aux", "in_vars", "out_avals", "out_tree", "out_vars", "outs", "tape")

    def __init__(
        self, fun: Callable[[list[Any]], Any], leaves: Sequence[Any], owner: str, has_aux: bool
    ) -> None:
        trace = LinearizeTrace(owner)
        checked = mutation.new_tape()
        if checked is not None:
            trace.tape.eqns = checked
        self.tape = trace.tape.eqns
        inputs = [trace.input(x) if is_inexact(aval_of(x).dtype) else x for x in leaves]
        self.in_vars: list[Any] = [
            t.tangent if type(t) is LinearizeTracer and t._trace is trace else None for t in inputs
        ]
        try:
            out = fun(inputs)
            self.aux: Any = None
            if has_aux:
                out, aux = unpack_aux(out, owner)
                aux_leaves, aux_tree = tree.flatten(aux)
                self.aux = tree.unflatten(aux_tree, [primal_of(trace, a) for a in aux_leaves])
            outs, self.out_tree = tree.flatten(out)
            self.outs = [primal_of(trace, o) for o in outs]
            self.out_vars: list[Any] = [
                o.tangent if type(o) is LinearizeTracer and o._trace is trace else None
                for o in outs
            ]
        except BaseException:
            self.tape.clear()
            raise
        finally:
            trace.close()

    def pull(self, cts: Sequence[Any], consume: bool) -> list[Any]:
        """Cotangents of the inputs; None where nothing depends on an input."""
        mutation.verify(self.tape)
        env: dict[Var, Any] = {}
        flagged: set[Var] = set()
        seed_cotangents(env, flagged, self.out_vars, cts, (False,) * len(cts))
        with np.errstate(all="ignore"):
            backward(self.tape if consume else list(self.tape), env, flagged)
        return [None if v is None else env.get(v) for v in self.in_vars]

    def jaxpr(self) -> Jaxpr:
        """The linear part, from tangents of inexact inputs to tangents of all outputs."""
        outs = [
            zeros(aval_of(o)) if v is None and is_inexact(aval_of(o).dtype) else v
            for o, v in zip(self.outs, self.out_vars, strict=True)
        ]
        outs = [
            np.zeros(aval_of(o).shape, float0) if v is None else v
            for o, v in zip(self.outs, outs, strict=True)
        ]
        return tape_jaxpr([v for v in self.in_vars if v is not None], self.tape, outs)


def primal_of(trace: LinearizeTrace, x: Any) -> Any:
    return x.primal if type(x) is LinearizeTracer and x._trace is trace else x


def unpack_aux(out: Any, owner: str) -> tuple[Any, Any]:
    """The pair that a function with has_aux=True must return."""
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(
            f"{owner}: has_aux=True needs a function that returns a pair (output, auxiliary), "
            f"got {type(out).__name__}"
        )
    return out


def select_arguments(
    args: tuple[Any, ...], argnums: int | Sequence[int], name: str, fun: Any
) -> tuple[tuple[int, ...], bool]:
    """Normalised argnums, and whether one int was given."""
    single = isinstance(argnums, int | np.integer)
    nums: tuple[Any, ...] = (argnums,) if single else tuple(argnums)  # type: ignore[arg-type]
    for n in nums:
        if not -len(args) <= n < len(args):
            raise TypeError(
                f"{name} of {where_defined(fun)}: argnums={argnums}, but the call has "
                f"{len(args)} positional arguments"
            )
    return tuple(int(n) % len(args) for n in nums), single


def value_and_grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """A function that computes both ``fun`` and its gradient.

    Args:
        fun: function whose output is a scalar (or a pair of one and anything, see has_aux).
        argnums: which positional arguments to differentiate, an int or a sequence of ints.
        has_aux: ``fun`` returns a pair; its second part is passed through.
        holomorphic: ``fun`` is holomorphic, with complex input and output.
        allow_int: allow integer arguments; their gradients are of dtype ``float0``.

    Returns:
        A function of the same arguments that returns (value, gradient), or
        ((value, aux), gradient). Gradients have the structure, shapes and dtypes of the
        arguments; for several argnums they come as a tuple.

    Raises:
        DifferentiationError: the output is not a scalar, or an argument not differentiable.

    >>> value_and_grad(lambda x: x**2)(3.0)
    (9.0, np.float64(6.0))
    """
    return _value_and_grad("value_and_grad", fun, argnums, has_aux, holomorphic, allow_int)


def _value_and_grad(
    name: str,
    fun: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
) -> Callable[..., Any]:
    if not callable(fun):
        raise TypeError(f"{name} needs a function, got {fun!r}")
    owner = owner_name(name, fun)

    @user_facing
    def value_and_grad_fun(*args: Any, **kwargs: Any) -> Any:
        nums, single = select_arguments(args, argnums, name, fun)
        selected = args[nums[0]] if single else tuple(args[n] for n in nums)
        leaves, treedef = tree.flatten(selected)
        for i, x in enumerate(leaves):
            if type(x) is not np.ndarray or x.dtype.kind != "f" or holomorphic:
                path = _leaf_path(selected, i, nums, single)
                check_differentiable(x, path, owner, holomorphic=holomorphic, allow_int=allow_int)

        def call(inputs: list[Any]) -> Any:
            rebuilt = tree.unflatten(treedef, inputs)
            full = list(args)
            for n, a in zip(nums, (rebuilt,) if single else rebuilt, strict=True):
                full[n] = a
            return fun(*full, **kwargs)

        lin = Linearized(call, leaves, owner, has_aux)
        out = tree.unflatten(lin.out_tree, lin.outs)
        check_scalar_output(out, fun, name, holomorphic=holomorphic)
        ct = aval_of(out).dtype.type(1)
        grads = lin.pull([ct], consume=True)
        grads = [zero_derivative(x) if g is None else g for g, x in zip(grads, leaves, strict=True)]
        aux_leaves, aux_tree = tree.flatten(lin.aux)
        results = own([*grads, out, *aux_leaves], leaves)
        gradient = tree.unflatten(treedef, results[: len(grads)])
        value = results[len(grads)]
        if has_aux:
            value = (value, tree.unflatten(aux_tree, results[len(grads) + 1 :]))
        return value, gradient

    return (
        functools.wraps(fun)(value_and_grad_fun)
        if hasattr(fun, "__name__")
        else (value_and_grad_fun)
    )


def _leaf_path(selected: Any, index: int, nums: tuple[int, ...], single: bool) -> str:
    path = tree.paths_of(selected)[index]
    if single:
        return tree.format_path(path, f"args[{nums[0]}]")
    return tree.format_path(path[1:], f"args[{nums[path[0]]}]")


def grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """A function that computes the gradient of ``fun``.

    Args:
        fun: function whose output is a scalar (or a pair of one and anything, see has_aux).
        argnums: which positional arguments to differentiate, an int or a sequence of ints.
        has_aux: ``fun`` returns a pair (scalar, aux); the result is then (gradient, aux).
        holomorphic: ``fun`` is holomorphic, with complex input and output.
        allow_int: allow integer arguments; their gradients are of dtype ``float0``.

    Returns:
        A function of the same arguments that returns the gradient. For a real function of a
        complex argument z = x + iy the gradient is df/dx - i df/dy, as in JAX.

    Raises:
        DifferentiationError: the output is not a scalar, or an argument not differentiable.

    >>> grad(np.tanh)(0.0)
    np.float64(1.0)
    """
    both = _value_and_grad("grad", fun, argnums, has_aux, holomorphic, allow_int)

    @user_facing
    @functools.wraps(both)
    def grad_fun(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return grad_fun


class Pullback:
    """The function that ``vjp`` returns: from output cotangents to input cotangents.

    It is a pytree of its residuals, so it can be passed to and returned from jitted functions.
    """

    __slots__ = ("consts", "in_avals", "in_tree", "lin", "out_avals", "out_tree", "program")

    def __init__(self, lin: Any, program: Any, consts: Any, meta: tuple[Any, ...]) -> None:
        self.lin = lin
        self.program = program
        self.consts = consts
        self.in_avals, self.in_tree, self.out_avals, self.out_tree = meta

    @property
    def meta(self) -> tuple[Any, ...]:
        return (self.in_avals, self.in_tree, self.out_avals, self.out_tree)

    def __call__(self, ct: Any) -> Any:
        """The cotangents of the primals, as a tuple, at a cotangent of the output."""
        return _pull(self, ct)

    def stage(self) -> tuple[Any, list[Any]]:
        """The linear jaxpr and its residuals."""
        if self.program is None:
            jaxpr = self.lin.jaxpr()
            self.consts = jaxpr.consts
            self.program = jaxpr
            self.lin = None
        return self.program, self.consts


@user_facing
def _pull(pullback: Pullback, ct: Any) -> Any:
    given = tree.match_prefix(pullback.out_tree, ct, "the cotangent given to a vjp function")
    paths = pullback.out_tree.paths() if len(given) > 1 else [()]
    cts = [
        check_cotangent(c, a, tree.format_path(p, " ") if p else "", "the cotangent")
        for c, a, p in zip(given, pullback.out_avals, paths, strict=True)
    ]
    if pullback.lin is not None:
        grads = pullback.lin.pull(cts, consume=False)
    else:
        with np.errstate(all="ignore"):
            found, _ = transpose_values(
                pullback.program, pullback.consts, {}, cts, [False] * len(cts)
            )
        it = iter(found)
        grads = [next(it) if is_inexact(a.dtype) else None for a in pullback.in_avals]
    filled = [
        g if g is not None else (zeros(a) if is_inexact(a.dtype) else np.zeros(a.shape, float0))
        for g, a in zip(grads, pullback.in_avals, strict=True)
    ]
    return tree.unflatten(pullback.in_tree, own(filled, given))


def _pullback_children(p: Pullback) -> Any:
    program, consts = p.stage()
    return list(consts), (program, *p.meta)


tree.register_node(
    Pullback,
    _pullback_children,
    lambda meta, consts: Pullback(None, meta[0], list(consts), meta[1:]),
)


@user_facing
def vjp(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Evaluate a function and get the function that pulls cotangents back through it.

    Args:
        fun: function of positional arguments.
        primals: the point: pytrees of arrays.
        has_aux: ``fun`` returns a pair (output, aux).

    Returns:
        (output, vjp_fun) or (output, vjp_fun, aux). ``vjp_fun`` takes a cotangent of the
        structure of the output and returns a tuple of cotangents, one per primal.

    >>> y, pull = vjp(np.multiply, 3.0, 4.0)
    >>> y, pull(1.0)
    (np.float64(12.0), (np.float64(4.0), np.float64(3.0)))
    """
    leaves, treedef = tree.flatten(primals)
    _check_leaves(leaves, primals, "vjp")
    lin = Linearized(
        lambda xs: fun(*tree.unflatten(treedef, xs)), leaves, owner_name("vjp", fun), has_aux
    )
    out_avals = [aval_of(o) for o in lin.outs]
    pullback = Pullback(
        lin, None, None, ([aval_of(x) for x in leaves], treedef, out_avals, lin.out_tree)
    )
    outs = disown(lin.outs, leaves)
    out = tree.unflatten(lin.out_tree, outs)
    return (out, pullback, lin.aux) if has_aux else (out, pullback)


def _check_leaves(leaves: Sequence[Any], whole: Any, name: str) -> None:
    for i, x in enumerate(leaves):
        if type(x) is not np.ndarray and not isinstance(x, Tracer):
            check_leaf(x, f"{name}: primal ", tree.format_path(tree.paths_of(whole)[i], " "))


@user_facing
def jvp(
    fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
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
    for what, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, tuple | list):
            raise TypeError(
                f"jvp: {what} must be a tuple or list of arguments, got {type(value).__name__}"
            )
    leaves, treedef = tree.flatten(tuple(primals))
    _check_leaves(leaves, tuple(primals), "jvp")
    directions = tree.match_prefix(treedef, tuple(tangents), "jvp: tangents", None, tuple(primals))
    paths = treedef.paths()
    trace = JVPTrace(owner_name("jvp", fun))
    inputs = []
    for x, t, path in zip(leaves, directions, paths, strict=True):
        t = check_cotangent(t, aval_of(x), tree.format_path(path, " "), "jvp: the tangent")
        inputs.append(x if t is None else JVPTracer(trace, x, t))
    try:
        out = fun(*tree.unflatten(treedef, inputs))
        aux = None
        if has_aux:
            out, aux = unpack_aux(out, trace.owner)
            aux = tree.map(lambda a: trace.split((a,))[0][0], aux)
        outs, out_tree = tree.flatten(out)
        values, found = trace.split(outs)
    finally:
        trace.alive = False
    out_tangents = [
        zero_derivative(v) if t is None else t for v, t in zip(values, found, strict=True)
    ]
    results = own([*values, *out_tangents], [*leaves, *directions])
    n = len(values)
    result = (tree.unflatten(out_tree, results[:n]), tree.unflatten(out_tree, results[n:]))
    return (*result, aux) if has_aux else result


class Pushforward:
    """The linear function that ``linearize`` returns; a pytree of its residuals."""

    __slots__ = ("consts", "in_avals", "in_tree", "out_avals", "out_tree", "program")

    def __init__(self, program: Jaxpr, consts: Sequence[Any], meta: tuple[Any, ...]) -> None:
        self.program = program
        self.consts = consts
        self.in_avals, self.in_tree, self.out_avals, self.out_tree = meta

    def __call__(self, *tangents: Any) -> Any:
        """The tangent of the output at tangents of the primals."""
        return _push(self, tangents)


@user_facing
def _push(f: Pushforward, tangents: Any) -> Any:
    given = tree.match_prefix(f.in_tree, tangents, "the tangents given to a linearized function")
    checked = [
        check_cotangent(t, a, tree.format_path(p, " "), "the tangent")
        for t, a, p in zip(given, f.in_avals, f.in_tree.paths(), strict=True)
    ]
    with np.errstate(all="ignore"):
        outs = eval_jaxpr(f.program, f.consts, [t for t in checked if t is not None])
    return tree.unflatten(f.out_tree, own([own_constant(o, f.consts) for o in outs], given))


def own_constant(x: Any, consts: Sequence[Any]) -> Any:
    """A copy of x if it is one of a program's constants."""
    return x.copy() if any(x is c for c in consts) and isinstance(x, np.ndarray) else x


tree.register_node(
    Pushforward,
    lambda f: (
        list(f.consts),
        (f.program, f.in_avals, f.in_tree, f.out_avals, f.out_tree),
    ),
    lambda meta, consts: Pushforward(meta[0], list(consts), meta[1:]),
)


@user_facing
def linearize(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
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
    leaves, treedef = tree.flatten(primals)
    _check_leaves(leaves, primals, "linearize")
    lin = Linearized(
        lambda xs: fun(*tree.unflatten(treedef, xs)), leaves, owner_name("linearize", fun), has_aux
    )
    jaxpr = lin.jaxpr()
    meta = (
        [aval_of(x) for x in leaves],
        treedef,
        [aval_of(o) for o in lin.outs],
        lin.out_tree,
    )
    out = tree.unflatten(lin.out_tree, disown(lin.outs, leaves))
    f_jvp = Pushforward(jaxpr, jaxpr.consts, meta)
    return (out, f_jvp, lin.aux) if has_aux else (out, f_jvp)


def linear_transpose(fun: Callable[..., Any], *primals: Any) -> Callable[[Any], Any]:
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
    leaves, treedef = tree.flatten(primals)
    box: list[Any] = []

    def flat(*xs: Any) -> list[Any]:
        outs, out_tree = tree.flatten(fun(*tree.unflatten(treedef, xs)))
        box[:] = [out_tree]
        return outs

    owner = owner_name("linear_transpose", fun)
    jaxpr = user_facing(stage)(flat, [_strong(x) for x in leaves], owner)
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
    def transposed(ct: Any) -> Any:
        given = tree.match_prefix(box[0], ct, "linear_transpose: the cotangent")
        cts = [
            check_cotangent(c, a, "", "linear_transpose: the cotangent")
            for c, a in zip(given, jaxpr.out_avals, strict=True)
        ]
        try:
            found, _ = transpose_values(jaxpr, jaxpr.consts, {}, cts, [False] * len(cts))
        except (TypeError, AttributeError, TreeError) as error:
            raise DifferentiationError(f"{owner}: the function is not linear") from error
        grads = [
            zeros(v.aval) if g is None else g for g, v in zip(found, jaxpr.invars, strict=True)
        ]
        return tree.unflatten(treedef, own(grads, given))

    return transposed


def _strong(x: Any) -> Any:
    aval = aval_of(x)
    return type(aval)(aval.shape, aval.dtype)
