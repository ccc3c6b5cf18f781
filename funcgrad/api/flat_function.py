"""A function of pytrees as a function of their leaves: flatten, run or stage, rebuild."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from .. import tree
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.tracebacks import user_facing
from ..transforms.staging import Formulas, lift_constants, lift_tracers, stage_aux
from ..typing import Array, PyTree, PyTreeSpec
from .leaves import OutputPath, check_leaf, is_leaf_value

F = TypeVar("F", bound=Callable[..., Any])


class Staged(NamedTuple):
    """The jaxpr of a function, the structure of its result, and what it takes before its leaves."""

    jaxpr: Jaxpr
    out_tree: PyTreeSpec
    captured: Sequence[Array] = ()

    def taking_tracers(self) -> Staged:
        """The same with the tracers that the function closes over as leading arguments."""
        jaxpr, captured = lift_tracers(self.jaxpr)
        return self._replace(jaxpr=jaxpr, captured=captured)

    def taking_constants(self) -> Staged:
        """The same with everything that the function closes over as leading arguments."""
        jaxpr, captured = lift_constants(self.jaxpr)
        return self._replace(jaxpr=jaxpr, captured=captured)

    def run(self, leaves: Sequence[Array]) -> PyTree:
        """Evaluate the jaxpr on the leaves of the arguments, and rebuild the result."""
        outs = eval_jaxpr(self.jaxpr, self.jaxpr.consts, [*self.captured, *leaves])
        return self.rebuild(outs)

    def rebuild(self, outs: Sequence[Any]) -> PyTree:
        """The result of which these are the leaves."""
        return tree.unflatten(self.out_tree, outs)


class OnLeaves(Protocol):
    """A function as a transformation that runs it knows it."""

    owner: str

    def call(self, leaves: Sequence[Any]) -> PyTree:
        """Call the function on the leaves of its arguments; returns what it returns."""


class FlatFunction:
    """A user's function on the leaves of its arguments.

    Args:
        fun: the function.
        in_tree: structure of its positional arguments, a tuple; of the pair of these and of the
            arguments by name with ``by_name``.
        owner: the transformation, for messages.
        by_name: whether there may be arguments by name.
    """

    __slots__ = ("by_name", "fun", "in_tree", "owner")

    def __init__(
        self,
        fun: Callable[..., PyTree],
        in_tree: PyTreeSpec,
        owner: str,
        by_name: bool = False,
    ) -> None:
        self.fun: Callable[..., PyTree] = fun
        self.in_tree: PyTreeSpec = in_tree
        self.owner: str = owner
        self.by_name: bool = by_name

    @classmethod
    def at(
        cls,
        fun: Callable[..., PyTree],
        args: tuple[PyTree, ...],
        kwargs: Mapping[str, PyTree],
        owner: str,
    ) -> tuple[FlatFunction, list[Any]]:
        """The flat function for such arguments, and their leaves."""
        leaves, in_tree = tree.flatten((args, kwargs))
        return cls(fun, in_tree, owner, by_name=True), leaves

    def call(self, leaves: Sequence[Any]) -> PyTree:
        """Call the function; returns what it returns."""
        given = tree.unflatten(self.in_tree, leaves)
        if self.by_name:
            args, kwargs = given
            return self.fun(*args, **kwargs)
        return self.fun(*given)

    def outputs(self, *leaves: Array) -> tuple[list[Array], PyTreeSpec]:
        """The leaves of the result, which are checked, and its structure."""
        # Written out again, and no __call__: every frame counts where a hundred functions nest.
        given = tree.unflatten(self.in_tree, leaves)
        out = self.fun(*given[0], **given[1]) if self.by_name else self.fun(*given)
        outs, out_tree = tree.flatten(out)
        for i, o in enumerate(outs):
            check_output(o, self.owner, out, i)
        return outs, out_tree

    def stage(self, avals: Sequence[Aval], formulas: Formulas | None = None) -> Staged:
        """The jaxpr at abstract leaves; see ``transforms.staging.stage`` for ``formulas``."""
        return Staged(*stage_aux(self.outputs, avals, self.owner, formulas))


def check_output(x: object, owner: str, out: PyTree, index: int) -> None:
    """Raise unless a leaf of what a function returned can be traced."""
    if not is_leaf_value(x) or type(x) is np.ndarray:
        check_leaf(x, "", OutputPath(owner, out, index))


def like(fun: Callable[..., Any]) -> Callable[[F], F]:
    """A decorator: the function is what users call for ``fun``, whose name and docstring it has."""

    def named(wrapper: F) -> F:
        shown = user_facing(wrapper)
        if hasattr(fun, "__name__"):
            functools.update_wrapper(shown, fun)
        return shown

    return named
