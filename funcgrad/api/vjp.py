"""vjp, and the pullback it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, overload

import numpy as np

from .. import arrays, tree
from ..core.arguments import check_function
from ..core.avals import Aval, float0, is_inexact
from ..core.jaxpr import Jaxpr
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, owner_name, value_behind
from ..ops.shape import zeros
from ..transforms.transpose import transpose_values
from ..typing import Array, PyTree, PyTreeSpec
from .flat_function import FlatFunction
from .jvp import Meta
from .leaves import check_cotangent, disown, own
from .linearized import Linearized, check_leaves

R = TypeVar("R")
Aux = TypeVar("Aux")


class Pullback:
    """The function that ``vjp`` returns: from output cotangents to input cotangents.

    It is a pytree of its residuals, so it can be passed to and returned from jitted functions.
    """

    __slots__ = ("consts", "gpus", "in_avals", "in_tree", "lin", "out_avals", "out_tree", "program")

    in_avals: tuple[Aval, ...]
    in_tree: PyTreeSpec
    out_avals: tuple[Aval, ...]
    out_tree: PyTreeSpec

    def __init__(
        self,
        lin: Linearized | None,
        program: Jaxpr | None,
        consts: Sequence[Array],
        meta: Meta,
        gpus: tuple[int | None, ...] = (),
    ) -> None:
        self.gpus: tuple[int | None, ...] = gpus
        self.lin: Linearized | None = lin
        self.program: Jaxpr | None = program
        self.consts: Sequence[Array] = consts
        self.in_avals, self.in_tree, self.out_avals, self.out_tree = meta

    @property
    def meta(self) -> Meta:
        """Avals and structure of the primals, and of the output."""
        return (self.in_avals, self.in_tree, self.out_avals, self.out_tree)

    @user_facing
    def __call__(self, ct: PyTree) -> tuple[PyTree, ...]:
        """The cotangents of the primals, as a tuple, at a cotangent of the output."""
        return _pull(self, ct)

    def __reduce__(self) -> Any:
        program, consts = self.stage()
        trees = (tree.Stored(self.in_tree), tree.Stored(self.out_tree))
        return (_rebuild, (program, consts, self.in_avals, self.out_avals, *trees))

    def __copy__(self) -> Pullback:
        return self

    def __deepcopy__(self, memo: object) -> Pullback:
        return self

    def stage(self) -> tuple[Jaxpr, Sequence[Array]]:
        """The linear jaxpr and its residuals."""
        if self.program is None:
            jaxpr = self.lin.jaxpr()  # type: ignore[union-attr]
            self.consts = jaxpr.consts
            self.program = jaxpr
            self.lin = None
        return self.program, self.consts


def _rebuild(
    program: Jaxpr,
    consts: Sequence[Array],
    in_avals: tuple[Aval, ...],
    out_avals: tuple[Aval, ...],
    in_tree: tree.Stored,
    out_tree: tree.Stored,
) -> Pullback:
    return Pullback(
        None, program, consts, (in_avals, in_tree.structure(), out_avals, out_tree.structure())
    )


def _pull(pullback: Pullback, ct: PyTree) -> tuple[PyTree, ...]:
    given = tree.match_prefix(pullback.out_tree, ct, "the cotangent given to a vjp function")
    structure = pullback.out_tree
    cts = [
        check_cotangent(c, a, tree.SpecPath(structure, i, " "), "the cotangent")
        for i, (c, a) in enumerate(zip(given, pullback.out_avals, strict=True))
    ]
    there = arrays.first_on_gpu((cts, pullback.lin.outs if pullback.lin else pullback.consts))
    if there is not None:
        cts = [arrays.like(there, c) for c in cts]
    if pullback.lin is not None:
        grads = pullback.lin.pull(cts, consume=False)
    else:
        with np.errstate(all="ignore"):
            program, consts = pullback.stage()
            found, _ = transpose_values(program, consts, {}, cts, [False] * len(cts))
        it = iter(found)
        grads = [next(it) if is_inexact(a.dtype) else None for a in pullback.in_avals]
    filled = [
        g if g is not None else _zero(a, pullback.gpus[i] if pullback.gpus else None)
        for i, (g, a) in enumerate(zip(grads, pullback.in_avals, strict=True))
    ]
    return tree.unflatten(pullback.in_tree, own(filled, given))


def _zero(a: Aval, gpu: int | None) -> Array:
    """The cotangent of an input that nothing depends on, where the input is."""
    if not is_inexact(a.dtype):
        return np.zeros(a.shape, float0)
    return zeros(a) if gpu is None else arrays.created(lambda xp: xp.zeros(a.shape, a.dtype), gpu)


def _pullback_children(p: Pullback) -> tuple[list[Array], tuple[Any, ...]]:
    program, consts = p.stage()
    return list(consts), (program, p.gpus, *p.meta)


tree.register_node(
    Pullback,
    _pullback_children,
    lambda meta, consts: Pullback(None, meta[0], list(consts), meta[2:], meta[1]),
)


@overload
def vjp(fun: np.ufunc, *primals: PyTree) -> tuple[Any, Pullback]: ...
@overload
def vjp(
    fun: Callable[..., R], *primals: PyTree, has_aux: Literal[False] = False
) -> tuple[R, Pullback]: ...
@overload
def vjp(
    fun: Callable[..., tuple[R, Aux]], *primals: PyTree, has_aux: Literal[True]
) -> tuple[R, Pullback, Aux]: ...
@overload
def vjp(fun: Callable[..., PyTree], *primals: PyTree, has_aux: bool) -> Any: ...
@user_facing
def vjp(fun: Callable[..., PyTree], *primals: PyTree, has_aux: bool = False) -> Any:
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
    check_function(fun, "vjp")
    leaves, treedef = tree.flatten(primals)
    check_leaves(leaves, primals, "vjp")
    lin = Linearized(FlatFunction(fun, treedef, owner_name("vjp", fun)), leaves, has_aux)
    in_avals, out_avals = tuple(map(aval_of, leaves)), tuple(map(aval_of, lin.outs))
    out_tree = lin.structure
    meta = (in_avals, treedef, out_avals, out_tree)
    pullback = Pullback(lin, None, (), meta, arrays.gpus_of([value_behind(x) for x in leaves]))
    out = tree.unflatten(out_tree, disown(lin.outs, leaves))
    return (out, pullback, lin.aux) if has_aux else (out, pullback)
