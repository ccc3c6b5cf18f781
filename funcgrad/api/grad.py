"""grad and value_and_grad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, overload

import numpy as np

from .. import arrays, tree
from ..core.arguments import check_function
from ..core.dtypes import MODULES
from ..core.small_floats import lifted
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, owner_name
from ..typing import PyTree, PyTreeSpec
from .flat_function import like
from .leaves import check_differentiable, check_scalar_output, own, zero_derivative
from .linearized import Linearized, check_argnums, select_arguments

P = ParamSpec("P")
R = TypeVar("R")
Aux = TypeVar("Aux")
ONE = np.float64(1)
_LEAVES = frozenset([np.ndarray, np.float64, float])
"""Types of the most frequent arguments that are no containers."""
_REAL = frozenset(map(np.dtype, "efd"))


@overload
def value_and_grad(
    fun: np.ufunc,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., tuple[Any, PyTree]]: ...
@overload
def value_and_grad(
    fun: Callable[P, tuple[R, Aux]],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[P, tuple[tuple[R, Aux], PyTree]]: ...
@overload
def value_and_grad(
    fun: Callable[P, R],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[P, tuple[R, PyTree]]: ...
@user_facing
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
    fun: Callable[..., PyTree],
    argnums: int | Sequence[int],
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
) -> Callable[..., Any]:
    check_function(fun, name)
    check_argnums(argnums, name)
    owner = owner_name(name, fun)

    @like(fun)
    def value_and_grad_fun(*args: PyTree, **kwargs: PyTree) -> tuple[PyTree, PyTree]:
        nums: tuple[int, ...]
        if type(argnums) is int and 0 <= argnums < len(args):
            nums, single = (argnums,), True
        else:
            nums, single = select_arguments(args, argnums, name, fun)
        selected = args[nums[0]] if single else tuple(args[n] for n in nums)
        leaves: list[Any]
        treedef: PyTreeSpec | None
        if type(selected) in _LEAVES:
            leaves, treedef = [selected], None
        else:
            leaves, treedef = tree.flatten(selected)
        for i, x in enumerate(leaves):
            known = type(x) in _LEAVES and (type(x) is float or x.dtype in _REAL)
            if not known or holomorphic:
                path = SelectedPath(selected, i, nums, single)
                check_differentiable(x, path, owner, holomorphic=holomorphic, allow_int=allow_int)

        def call(inputs: Sequence[Any]) -> PyTree:
            selected = inputs[0] if treedef is None else tree.unflatten(treedef, inputs)
            if single and len(args) == 1:
                return fun(selected, **kwargs)
            full = list(args)
            for n, a in zip(nums, (selected,) if single else selected, strict=True):
                full[n] = a
            return fun(*full, **kwargs)

        lin = Linearized(_OfSelected(call, owner), leaves, has_aux)  # pyright: ignore[reportArgumentType]
        out: PyTree
        out = lin.outs[0] if lin.out_tree is None else tree.unflatten(lin.out_tree, lin.outs)
        kind: Any = out.__class__
        if kind is np.float64 and not holomorphic:
            ct: Any = ONE
        else:
            check_scalar_output(out, fun, name, holomorphic=holomorphic)
            ct = arrays.like(out, aval_of(out).dtype.type(1))
            if "ml_dtypes" in MODULES:
                ct = lifted(ct)
        found = lin.pull([ct], consume=True)
        grads = [zero_derivative(x) if g is None else g for g, x in zip(found, leaves, strict=True)]
        if not has_aux:
            *grads, value = own([*grads, out], leaves)
            return value, grads[0] if treedef is None else tree.unflatten(treedef, grads)
        aux_leaves, aux_tree = tree.flatten(lin.aux)
        results = own([*grads, out, *aux_leaves], leaves)
        n = len(grads)
        value_and_aux = (results[n], tree.unflatten(aux_tree, results[n + 1 :]))
        gradient = results[0] if treedef is None else tree.unflatten(treedef, results[:n])
        return value_and_aux, gradient

    return value_and_grad_fun


class _OfSelected:
    """A function of the leaves of the differentiated arguments; the others are as given."""

    __slots__ = ("call", "owner")

    def __init__(self, call: Callable[[Sequence[Any]], PyTree], owner: str) -> None:
        self.call: Callable[[Sequence[Any]], PyTree] = call
        self.owner: str = owner


class SelectedPath(tree.LeafPath):
    """The path of a leaf of the differentiated arguments."""

    __slots__ = ("nums", "single")

    def __init__(self, selected: PyTree, index: int, nums: tuple[int, ...], single: bool) -> None:
        super().__init__(selected, index)
        self.nums: tuple[int, ...] = nums
        self.single: bool = single

    def __str__(self) -> str:
        path = tree.paths_of(self.whole)[self.index]
        if self.single:
            return tree.format_path(path, f"args[{self.nums[0]}]")
        return tree.format_path(path[1:], f"args[{self.nums[path[0]]}]")


@overload
def grad(
    fun: np.ufunc,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., PyTree]: ...
@overload
def grad(
    fun: Callable[P, tuple[PyTree, Aux]],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[P, tuple[PyTree, Aux]]: ...
@overload
def grad(
    fun: Callable[P, PyTree],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[P, PyTree]: ...
@user_facing
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

    run = getattr(both, "run", both)  # users see errors of this function, not of that

    @like(both)
    def grad_fun(*args: PyTree, **kwargs: PyTree) -> PyTree:
        value, gradient = run(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return grad_fun
