"""The bodies of the loops that derivatives of loops are: linear ones, and their transposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.avals import Aval
from ..core.jaxpr import Jaxpr
from ..ops.pointwise.arithmetic import add
from ..ops.shape import zeros
from ..transforms.jaxprs import OWNER, Flags, LinearForm, closed
from ..transforms.loop_layout import Layout, Parts
from ..transforms.staging import stage_aux, with_vars
from ..transforms.transpose import transpose_values
from .hoisted_products import Hoisted, hoist_products


class LinearBody(NamedTuple):
    """The body of a loop over tangents.

    Its constants are residuals and tangents of constants, its carry tangents of the carry, and
    what it takes row by row are residuals and tangents of rows. ``fixed`` are the operands of the
    loop that residuals of the first kind are; ``stacked`` the residuals of the second kind.
    """

    jaxpr: Jaxpr
    tangents: Layout
    fixed: list[int]
    stacked: list[int]

    def operands(
        self, fixed: Sequence[Any], stacked: Sequence[Any], tangents: Sequence[Any]
    ) -> Parts:
        """The operands of the loop, or variables for them."""
        return Parts(tuple(fixed), (), tuple(stacked)).before(self.tangents.split(tangents))


def linear_body(form: LinearForm, layout: Layout, nonzero: Parts) -> LinearBody:
    """The body of the loop over tangents.

    Args:
        form: of the body of a loop.
        layout: of that loop.
        nonzero: which of its operands have tangents.
    """
    first = form.residuals
    residuals, tangents = form.linear.invars[:first], form.linear.invars[first:]
    constant = {i: s for i, s in enumerate(form.sources) if s is not None and s < layout.consts}
    stacked = [i for i in range(first) if i not in constant]
    made = LinearBody(
        form.linear, nonzero.where(nonzero).layout, list(constant.values()), stacked
    )  # fmt: skip
    invars = made.operands(
        [residuals[i] for i in constant], [residuals[i] for i in stacked], tangents
    )
    return made._replace(jaxpr=with_vars(form.linear, invars.flat))


def backward_loop(
    jaxpr: Jaxpr,
    layout: Layout,
    linear: Parts,
    nonzero: Flags,
    flags: Flags,
    hoist: bool,
) -> tuple[Hoisted, list[bool]]:
    """The transposed loop.

    Args:
        jaxpr: the body of a loop.
        layout: of that loop.
        linear: which of its operands are linear; all that are carried count as such.
        nonzero: which of its results have a cotangent.
        flags: which of these have passed a select.
        hoist: whether sums of products over the steps become one product.

    Returns:
        The body (known constants, sums of cotangents of constants, cotangents of the carry, known
        rows, cotangents of rows) -> (sums, cotangents of the carry, cotangents of rows), and which
        cotangents of linear operands have passed a select.
    """
    while True:
        body, found = _backward_body(jaxpr, layout, linear, nonzero, flags)
        made = linear.where(linear).layout.split(found)
        carried = flags[: layout.carry]
        grown = tuple(a or b for a, b in zip(carried, made.carry, strict=True))
        if grown == carried:
            break
        flags = (*grown, *flags[layout.carry :])
    if not hoist:
        return Hoisted(body, (), 0), found
    sums = sum(linear.consts)
    return hoist_products(body, layout.consts - sums, sums, layout.carry), found


def _backward_body(
    jaxpr: Jaxpr, layout: Layout, linear: Parts, nonzero: Flags, flags: Flags
) -> tuple[Jaxpr, list[bool]]:
    """The body at given flags of the cotangents of the carry."""
    variables = layout.split(jaxpr.invars)
    known, moving = variables.where(linear, False), variables.where(linear)
    given = layout.results.split(nonzero).xs
    rows = [a for a, nz in zip(jaxpr.out_avals[layout.carry :], given, strict=True) if nz]

    def run(*args: Any) -> tuple[list[Any], list[bool]]:
        it = iter(args)
        values = {v: next(it) for v in known.consts}
        sums = [next(it) for _ in moving.consts]
        cts = [next(it) for _ in moving.carry]
        values.update({v: next(it) for v in known.xs})
        cts += [next(it) if nz else None for nz in given]
        found, passed = transpose_values(jaxpr, jaxpr.consts, values, cts, flags)
        parts = moving.layout.split(found)
        totals = [
            s if c is None else add(s, c) for s, c in zip(sums, parts.consts, strict=True)
        ]  # fmt: skip
        rest = zip((*parts.carry, *parts.xs), (*moving.carry, *moving.xs), strict=True)
        return [*totals, *(zero(v.aval) if c is None else c for c, v in rest)], passed

    weak = [v.aval for v in known.consts]
    others = [v.aval for v in (*moving.consts, *moving.carry, *known.xs)]
    avals = [*weak, *(Aval(a.shape, a.dtype) for a in [*others, *rows])]
    body, passed = stage_aux(run, avals, OWNER)
    return closed(body), passed


def zero(a: Aval) -> Any:
    """The zero of such a value, of a definite dtype."""
    return zeros(Aval(a.shape, a.dtype))
