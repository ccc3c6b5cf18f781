"""Whole derivatives: Jacobians, Hessians, and Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, overload

import numpy as np

from .. import tree
from ..core.arguments import check_function
from ..core.avals import Aval
from ..core.blame import describe
from ..core.dtypes import is_floating, result_type
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, aval_of
from ..errors import DifferentiationError
from ..ops.shape import reshape
from ..typing import Array, PyTree
from .flat_function import like
from .grad import SelectedPath, grad
from .jvp import jvp
from .leaves import check_differentiable
from .linearized import check_argnums, select_arguments
from .vjp import vjp
from .vmap import vmap

P = ParamSpec("P")
Aux = TypeVar("Aux")


def _standard_basis(avals: Sequence[Aval]) -> list[Array]:
    """Basis vectors of the space of several arrays, stacked along axis 0 of each."""
    sizes = [a.size for a in avals]
    total = sum(sizes)
    dtype = result_type(*[a.dtype for a in avals]) if avals else np.dtype(float)
    rows = np.eye(total, dtype=dtype)
    parts = np.split(rows, np.cumsum(sizes)[:-1], axis=1) if avals else []
    return [p.reshape((total, *a.shape)).astype(a.dtype) for p, a in zip(parts, avals, strict=True)]


def _partial_function(
    fun: Callable[..., PyTree],
    args: tuple[PyTree, ...],
    nums: tuple[int, ...],
    single: bool,
    kwargs: Mapping[str, PyTree],
) -> tuple[Callable[[PyTree], PyTree], PyTree]:
    """The function of the selected arguments only, and those arguments."""

    def call(selected: PyTree) -> PyTree:
        full = list(args)
        for n, a in zip(nums, (selected,) if single else selected, strict=True):
            full[n] = a
        return fun(*full, **kwargs)

    return call, args[nums[0]] if single else tuple(args[n] for n in nums)


@overload
def jacfwd(
    fun: np.ufunc,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., PyTree]: ...
@overload
def jacfwd(
    fun: Callable[P, tuple[PyTree, Aux]],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Callable[P, tuple[PyTree, Aux]]: ...
@overload
def jacfwd(
    fun: Callable[P, PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[P, PyTree]: ...
@user_facing
def jacfwd(
    fun: Callable[..., PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., PyTree]:
    """The Jacobian by forward mode: for functions with few inputs.

    Args:
        fun: function of arrays (pytrees).
        argnums: arguments to differentiate.
        has_aux: ``fun`` returns (output, aux); the result is then (jacobian, aux).
        holomorphic: complex inputs of a holomorphic function.

    Returns:
        A function that returns, for every output leaf, the tree of the arguments with arrays of
        shape (*output shape, *argument shape).

    >>> jacfwd(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    check_function(fun, "jacfwd")
    check_argnums(argnums, "jacfwd")

    @like(fun)
    def jacfwd_fun(*args: PyTree, **kwargs: PyTree) -> PyTree:
        nums, single = select_arguments(args, argnums, "jacfwd", fun)
        call, selected = _partial_function(fun, args, nums, single, kwargs)
        leaves, in_tree = tree.flatten(selected)
        _check_inputs(leaves, selected, nums, single, "jacfwd", fun, holomorphic)
        avals = [aval_of(x) for x in leaves]
        aux: PyTree = None

        def push(*tangents: Array) -> PyTree:
            nonlocal aux
            result = jvp(call, (selected,), (tree.unflatten(in_tree, tangents),), has_aux=has_aux)
            if has_aux:
                aux = result[2]
            return result[1]

        out = vmap(push, out_axes=-1)(*_standard_basis(avals))

        def columns(o: Array) -> PyTree:
            parts = zip(_cut(o, avals), avals, strict=True)
            return tree.unflatten(in_tree, [_unfold(p, a) for p, a in parts])

        jacobian = tree.map(columns, out)
        return (jacobian, aux) if has_aux else jacobian

    return jacfwd_fun


def _cut(x: Array, avals: Sequence[Aval]) -> list[Array]:
    """The last axis cut into one part per array."""
    parts: list[Array] = []
    start = 0
    for a in avals:
        parts.append(x[..., start : start + a.size])
        start += a.size
    return parts


def _unfold(x: Array, aval: Aval) -> Array:
    """The last axis reshaped to that of an array."""
    out: Array = reshape(x, shape=(*x.shape[:-1], *aval.shape))
    return out if isinstance(out, Tracer) else out.copy()


def _check_inputs(
    leaves: Sequence[Array],
    selected: PyTree,
    nums: tuple[int, ...],
    single: bool,
    name: str,
    fun: Callable[..., PyTree],
    holomorphic: bool,
) -> None:
    for i, x in enumerate(leaves):
        check_differentiable(
            x,
            SelectedPath(selected, i, nums, single),
            f"{name} of {where_defined(fun)}",
            holomorphic=holomorphic,
            allow_int=False,
        )
        if not holomorphic and aval_of(x).dtype.kind == "c" and name == "jacfwd":
            raise DifferentiationError(
                f"{name} of {where_defined(fun)}: complex inputs need holomorphic=True"
            )


@overload
def jacrev(
    fun: np.ufunc,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., PyTree]: ...
@overload
def jacrev(
    fun: Callable[P, tuple[PyTree, Aux]],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[P, tuple[PyTree, Aux]]: ...
@overload
def jacrev(
    fun: Callable[P, PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[P, PyTree]: ...
@user_facing
def jacrev(
    fun: Callable[..., PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., PyTree]:
    """The Jacobian by reverse mode: for functions with few outputs.

    Args:
        fun: function of arrays (pytrees).
        argnums: arguments to differentiate.
        has_aux: ``fun`` returns (output, aux); the result is then (jacobian, aux).
        holomorphic: complex inputs and outputs of a holomorphic function.
        allow_int: allow integer arguments.

    Returns:
        A function that returns, for every output leaf, the tree of the arguments with arrays of
        shape (*output shape, *argument shape).

    >>> jacrev(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    check_function(fun, "jacrev")
    check_argnums(argnums, "jacrev")

    @like(fun)
    def jacrev_fun(*args: PyTree, **kwargs: PyTree) -> PyTree:
        nums, single = select_arguments(args, argnums, "jacrev", fun)
        call, selected = _partial_function(fun, args, nums, single, kwargs)
        leaves, in_tree = tree.flatten(selected)
        if not allow_int:
            _check_inputs(leaves, selected, nums, single, "jacrev", fun, holomorphic)
        if has_aux:
            out, pull, aux = vjp(call, selected, has_aux=True)
        else:
            (out, pull), aux = vjp(call, selected), None
        outs, out_tree = tree.flatten(out)
        avals = [aval_of(o) for o in outs]
        for a in avals:
            if not holomorphic and not is_floating(a.dtype):
                raise DifferentiationError(
                    f"jacrev of {where_defined(fun)} needs real outputs, got {a}; pass "
                    "holomorphic=True for holomorphic functions"
                )

        def pull_one(*cts: Array) -> PyTree:
            return pull(tree.unflatten(out_tree, cts))[0]

        rows = tree.leaves(vmap(pull_one)(*_standard_basis(avals)))
        parts: list[list[Any]] = [[] for _ in outs]
        for row in rows:
            start = 0
            for k, a in enumerate(avals):
                part = row[start : start + a.size]
                part = reshape(part, shape=(*a.shape, *row.shape[1:]))
                parts[k].append(part.copy() if isinstance(part, np.ndarray) else part)
                start += a.size
        jacobian = tree.unflatten(out_tree, [tree.unflatten(in_tree, p) for p in parts])
        return (jacobian, aux) if has_aux else jacobian

    return jacrev_fun


jacobian = jacrev


@overload
def hessian(
    fun: np.ufunc,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., PyTree]: ...
@overload
def hessian(
    fun: Callable[P, tuple[PyTree, Aux]],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Callable[P, tuple[PyTree, Aux]]: ...
@overload
def hessian(
    fun: Callable[P, PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[P, PyTree]: ...
@user_facing
def hessian(
    fun: Callable[..., PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., PyTree]:
    """The Hessian: forward mode over reverse mode.

    Args:
        fun: function, usually with a scalar output.
        argnums: arguments to differentiate.
        has_aux: ``fun`` returns (output, aux).
        holomorphic: complex inputs of a holomorphic function.

    Returns:
        A function that returns the second derivative, of shape (*output, *argument, *argument)
        for every pair of argument leaves.

    >>> hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    check_function(fun, "hessian")
    check_argnums(argnums, "hessian")
    return jacfwd(
        jacrev(fun, argnums, has_aux=has_aux, holomorphic=holomorphic),
        argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
    )


@user_facing
def hvp(
    fun: Callable[..., PyTree], primals: Sequence[PyTree], tangents: Sequence[PyTree]
) -> PyTree:
    """The product of a scalar function's Hessian with a vector, without the Hessian.

    Args:
        fun: scalar function of positional arguments.
        primals: tuple of arguments.
        tangents: tuple of the same structure: the vector.

    Returns:
        The derivative of the gradient along ``tangents``, in the structure of the arguments: a
        single pytree for one argument, a tuple for several.

    >>> hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    """
    check_function(fun, "hvp")
    for what, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, tuple | list) or not value:
            raise TypeError(
                f"hvp: {what} must be a tuple or list of arguments, got {describe(value)}"
            )
    argnums: Any = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(fun, argnums), tuple(primals), tuple(tangents))[1]
