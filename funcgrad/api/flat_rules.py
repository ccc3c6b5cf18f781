"""Functions with derivative rules of the user's, on leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.avals import Aval, float0, is_inexact
from ..core.blame import describe
from ..core.containers import is_pair, is_sequence
from ..core.pickling import taken
from ..core.symbolic_zeros import CustomVJPPrimal, SymbolicZero
from ..core.tracing import aval_of
from ..errors import TreeError
from ..ops.shape import cast, zeros
from ..typing import Array, PyTree, PyTreeSpec
from .leaves import is_leaf_value


class FlatRule:
    """A function with a rule on leaves: what it is called with and what it returns.

    ``out_tree`` is known once one of the two has run, which is before anybody asks.
    """

    out_tree: PyTreeSpec

    def __init__(self, name: str, fun: Callable[..., PyTree], in_tree: PyTreeSpec) -> None:
        self.name: str = name
        self.fun: Callable[..., PyTree] = fun
        self.in_tree: PyTreeSpec = in_tree

    def __getstate__(self) -> dict[str, Any]:
        return {k: taken(v) for k, v in self.__dict__.items()}

    def call(self, *xs: Array) -> list[Array]:
        """The function itself."""
        return self.output(self.fun(*tree.unflatten(self.in_tree, xs)))

    def output(self, out: PyTree) -> list[Array]:
        """The leaves of the function's output."""
        outs, self.out_tree = tree.flatten(out)
        return outs

    def rebuild(self, outs: Sequence[Array]) -> PyTree:
        """The output that has these leaves."""
        return tree.unflatten(self.out_tree, outs)

    def pair(self, result: PyTree, rule: str, parts: str) -> tuple[PyTree, PyTree]:
        """The pair that a rule returned, or an error if it returned something else."""
        if is_pair(result):
            return result
        raise TypeError(f"the {rule} rule of {self.name} must return {parts}")


class FlatJvp(FlatRule):
    """A function with a jvp rule on leaves."""

    def __init__(
        self,
        name: str,
        fun: Callable[..., PyTree],
        in_tree: PyTreeSpec,
        rule: Callable[..., PyTree],
        held: Sequence[PyTree],
        symbolic: bool = False,
    ) -> None:
        super().__init__(name, fun, in_tree)
        self.rule: Callable[..., PyTree] = rule
        self.held: Sequence[PyTree] = held
        self.symbolic: bool = symbolic

    def forward(self, *xs: Array) -> list[Array]:
        """The outputs and their tangents, at the leaves of primals and tangents."""
        n = self.in_tree.num_leaves
        primals, tangents = xs[:n], _spread_tangents(xs[n:], xs[:n], self.symbolic)
        given = (tree.unflatten(self.in_tree, part) for part in (primals, tangents))
        result = self.rule(*self.held, *given)
        out, tangent = self.pair(result, "jvp", "(output, tangent_out)")
        outs = self.output(out)
        what = f"the tangent from the jvp rule of {self.name}"
        return [*outs, *_checked(outs, tree.match_prefix(self.out_tree, tangent, what), what)]


def _checked(values: Sequence[Array], derivatives: Sequence[Array], what: str) -> list[Array]:
    """Derivatives of the inexact values, in their dtype, or an error if a shape differs."""
    checked: list[Array] = []
    for x, t in zip(values, derivatives, strict=True):
        aval = aval_of(x)
        if not is_inexact(aval.dtype):
            continue
        if isinstance(t, SymbolicZero):
            t = zeros(Aval(aval.shape, aval.dtype))
        if not is_leaf_value(t):
            raise TreeError(
                f"{what} has {describe(t)} where the value that it belongs to is {aval}; both need "
                "the same structure"
            )
        if aval_of(t).shape != aval.shape:
            raise TreeError(
                f"{what} has shape {aval_of(t).shape}, but the value it belongs to has "
                f"shape {aval.shape}"
            )
        checked.append(cast(t, aval.dtype))
    return checked


class FlatVjp(FlatRule):
    """A function with a vjp rule on leaves; called, it is the forward function of the rule."""

    residual_tree: PyTreeSpec
    out_avals: Sequence[Aval]

    def __init__(
        self,
        name: str,
        fun: Callable[..., PyTree],
        in_tree: PyTreeSpec,
        fwd: Callable[..., PyTree],
        bwd: Callable[..., PyTree],
        held: Sequence[PyTree],
        avals: Sequence[Aval],
        symbolic: bool = False,
    ) -> None:
        super().__init__(name, fun, in_tree)
        self.symbolic: bool = symbolic
        self.fwd: Callable[..., PyTree] = fwd
        self.bwd: Callable[..., PyTree] = bwd
        self.held: Sequence[PyTree] = held
        self.avals: Sequence[Aval] = avals

    @property
    def out_count(self) -> int:
        """The number of results of the forward function that are outputs."""
        return self.out_tree.num_leaves

    def __call__(self, *xs: Array) -> list[Array]:
        """The outputs and the residuals."""
        given: Sequence[Any] = xs
        if self.symbolic:
            given = [x if isinstance(x, CustomVJPPrimal) else CustomVJPPrimal(x, True) for x in xs]
        result = self.fwd(*tree.unflatten(self.in_tree, given))
        out, residuals = self.pair(result, "fwd", "(output, residuals)")
        outs = self.output(out)
        self.out_avals = [aval_of(o) for o in outs]
        kept, self.residual_tree = tree.flatten(residuals)
        return [*outs, *kept]

    def backward(self, *xs: Array) -> list[Array]:
        """The cotangents of the inexact inputs, from residuals and those of inexact outputs."""
        n = self.residual_tree.num_leaves
        it = iter(xs[n:])
        cts = [
            next(it) if is_inexact(a.dtype) else np.zeros(a.shape, float0) for a in self.out_avals
        ]
        residuals = tree.unflatten(self.residual_tree, xs[:n])
        found = self.bwd(*self.held, residuals, tree.unflatten(self.out_tree, cts))
        return _input_cotangents(self.name, found, self.in_tree.children(), self.avals)


def _input_cotangents(
    name: str, found: PyTree, specs: Sequence[PyTreeSpec], avals: Sequence[Aval]
) -> list[Array]:
    """The flat cotangents from what a bwd rule returned, or an error that says what is wrong."""
    if not is_sequence(found) or len(found) != len(specs):
        raise TypeError(
            f"the bwd rule of {name} must return a tuple of {len(specs)} cotangents, one per "
            f"argument, got {tree.structure(found)}"
        )
    leaves: list[Array | None] = []
    for ct, spec in zip(found, specs, strict=True):
        if ct is None:
            leaves += [None] * spec.num_leaves
        else:
            leaves += tree.match_prefix(spec, ct, f"the cotangent from the bwd rule of {name}")
    filled: list[Array] = []
    for ct, a in zip(leaves, avals, strict=True):
        if is_inexact(a.dtype):
            aval = Aval(a.shape, a.dtype)
            filled += _checked(
                [zeros(aval)],
                [zeros(aval) if ct is None else ct],
                f"the cotangent from the bwd rule of {name}",
            )
    return filled


def _spread_tangents(
    tangents: Sequence[Array], leaves: Sequence[Array], symbolic: bool
) -> list[Array]:
    """Tangents of all leaves from those of the inexact ones."""
    it = iter(tangents)

    def none(aval: Aval) -> Any:
        return SymbolicZero(Aval(aval.shape, float0)) if symbolic else np.zeros(aval.shape, float0)

    return [next(it) if is_inexact(aval_of(x).dtype) else none(aval_of(x)) for x in leaves]
