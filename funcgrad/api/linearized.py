"""A function linearized at a point: what reverse mode and ``linearize`` start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..context import current
from ..control import overwritten as mutation
from ..core.arguments import positions
from ..core.avals import TRACEABLE, float0, is_inexact, is_traceable
from ..core.containers import is_pair
from ..core.jaxpr import Jaxpr, Var
from ..core.plain_arrays import check_plain
from ..core.restarts import Restart
from ..core.source import where_defined
from ..core.tracing import Tracer, aval_of, check_no_leak
from ..ops.shape import zeros
from ..transforms.linearize import LinearizeTrace, LinearizeTracer
from ..transforms.tape import tape_jaxpr
from ..transforms.transpose import backward, seed_cotangents
from ..typing import Array, PyTree, PyTreeSpec
from .flat_function import OnLeaves
from .leaves import check_leaf
from .stable_calls import begun_again, stable_where_staged


class Linearized:
    """A function's values at a point, and the tape of its linear part.

    ``out_tree`` is None where the function returns one traced value.
    """

    __slots__ = ("aux", "in_vars", "out_avals", "out_tree", "out_vars", "outs", "tape")

    def __init__(
        self,
        flat: OnLeaves,
        leaves: Sequence[Array],
        has_aux: bool,
    ) -> None:
        owner = flat.owner
        here = current()
        call = flat.call if here.running is None else stable_where_staged(flat, leaves)
        trace = LinearizeTrace(owner)
        checked = mutation.new_tape() if here.checks_mutation else None
        if checked is not None:
            trace.tape.eqns = checked
            trace.record = checked.append
        self.tape: list[Any] = trace.tape.eqns
        self.in_vars: list[Any] = []
        inputs: list[Any] = []
        for x in leaves:
            given = trace.input(x)
            inputs.append(given)
            self.in_vars.append(given.tangent if given is not x else None)
        try:
            try:
                out = call(inputs)
            except Restart as again:
                self.tape.clear()
                out = begun_again(flat, leaves, again.rewrite)(inputs)
            self.aux: PyTree = None
            if has_aux:
                out, aux = unpack_aux(out, owner)
                aux_leaves, aux_tree = tree.flatten(aux)
                self.aux = tree.unflatten(aux_tree, [primal_of(trace, a) for a in aux_leaves])
            outs: list[Any]
            self.out_tree: PyTreeSpec | None
            if type(out) is LinearizeTracer:
                outs, self.out_tree = [out], None
            else:
                outs, self.out_tree = tree.flatten(out)
            self.outs: list[Array] = []
            self.out_vars: list[Any] = []
            for o in outs:
                variable = None
                if type(o) is LinearizeTracer and o._trace is trace:
                    o, variable = o.primal, o.tangent
                if type(o) is not np.float64:
                    check_plain(o, f"{owner}: an output")
                    check_no_leak(o, trace)
                self.outs.append(o)  # pyright: ignore[reportArgumentType]
                self.out_vars.append(variable)
        except BaseException:
            self.tape.clear()
            raise
        finally:
            trace.close()

    def pull(self, cts: Sequence[Array | None], consume: bool) -> list[Array | None]:
        """Cotangents of the inputs; None where nothing depends on an input."""
        if type(self.tape) is not list:
            mutation.verify(self.tape)
        env: dict[Var, Any] = {}
        flagged: set[Var] = set()
        if len(cts) == 1:
            if self.out_vars[0] is not None and cts[0] is not None:
                env[self.out_vars[0]] = cts[0]
        else:
            seed_cotangents(env, flagged, self.out_vars, cts, (False,) * len(cts))
        with np.errstate(all="ignore"):
            backward(self.tape if consume else list(self.tape), env, flagged)
        return [None if v is None else env.get(v) for v in self.in_vars]

    @property
    def structure(self) -> PyTreeSpec:
        """The structure of the output."""
        return tree.structure(0) if self.out_tree is None else self.out_tree

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
    """The value of a tracer of a trace; anything else as it is."""
    return x.primal if type(x) is LinearizeTracer and x._trace is trace else x


def unpack_aux(out: PyTree, owner: str) -> tuple[PyTree, PyTree]:
    """The pair that a function with has_aux=True must return."""
    if is_pair(out):
        return out
    raise TypeError(
        f"{owner}: has_aux=True needs a function that returns a pair (output, auxiliary), "
        f"got {type(out).__name__}"
    )


def check_argnums(argnums: int | Sequence[int] | None, name: str) -> None:
    """Raise unless argnums is an int or a sequence of ints that is not empty."""
    if argnums is None or not positions(argnums, name, "argnums"):
        raise TypeError(
            f"{name}: argnums must be an int or a sequence of ints, positions of arguments; got "
            f"{argnums!r}"
        )


def select_arguments(
    args: Sequence[PyTree], argnums: int | Sequence[int], name: str, fun: Callable[..., PyTree]
) -> tuple[tuple[int, ...], bool]:
    """Normalised argnums, and True if one int was given."""
    single = isinstance(argnums, int | np.integer)
    given = (argnums,) if isinstance(argnums, int | np.integer) else tuple(argnums)
    for n in given:
        if not -len(args) <= n < len(args):
            raise TypeError(
                f"{name} of {where_defined(fun)}: argnums={argnums}, but the call has "
                f"{len(args)} positional arguments"
            )
    nums = tuple(int(n) % len(args) for n in given)
    if len(set(nums)) < len(nums):
        raise ValueError(
            f"{name} of {where_defined(fun)}: argnums={argnums} names an argument twice; name each "
            "once"
        )
    return nums, single


def check_leaves(leaves: Sequence[Array], whole: PyTree, name: str) -> None:
    """Raise unless all leaves of a pytree can be traced; the message has the path."""
    for i, x in enumerate(leaves):
        if (
            type(x) is not np.ndarray or (x.dtype not in TRACEABLE and not is_traceable(x.dtype))
        ) and not isinstance(x, Tracer):
            check_leaf(x, f"{name}: primal ", tree.format_path(tree.paths_of(whole)[i], " "))
