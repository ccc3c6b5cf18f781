"""jet: derivatives of high order along a curve, by Taylor polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..core.arguments import check_function
from ..core.avals import is_inexact
from ..core.blame import describe
from ..core.restarts import Restart
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, check_no_leak, owner_name
from ..errors import ShapeError, TreeError
from ..ops.shape import cast
from ..transforms.taylor import JetTrace
from ..typing import PyTree
from .flat_function import FlatFunction
from .leaves import zero_derivative
from .linearized import check_leaves
from .stable_calls import begun_again, stable_where_staged


@user_facing
def jet(
    fun: Callable[..., PyTree],
    primals: Sequence[PyTree],
    series: Sequence[Sequence[PyTree]],
    factorial_scaled: bool = True,
) -> tuple[PyTree, PyTree]:
    """The derivatives of a function along a curve, all orders at once.

    Arguments move along x(s) with x(0) = primal and the derivatives in ``series``; the results are
    the value and the derivatives of fun(x(s)) at s = 0. The cost grows with the square of the order
    for sums, products and most elementary functions, where nested ``jvp`` would double for each.

    Args:
        fun: function of positional arguments.
        primals: tuple or list of arguments: the point.
        series: for each argument its derivatives of order 1, 2, ... as a list; each is like the
            argument, and all lists have one length.
        factorial_scaled: series hold derivatives; False: the coefficients of Taylor polynomials,
            which are derivatives divided by k!.

    Returns:
        (primals_out, series_out): the output, and in the place of each of its leaves a list of the
        same length.

    Raises:
        TreeError: series do not fit primals, or differ in length.

    >>> import numpy as np
    >>> value, (first, second) = jet(np.exp, (0.0,), ((1.0, 0.0),))
    >>> value, first, second
    (np.float64(1.0), np.float64(1.0), np.float64(1.0))
    """
    check_function(fun, "jet")
    for what, given in (("primals", primals), ("series", series)):
        if not isinstance(given, tuple | list):
            raise TypeError(f"jet: {what} must be a tuple or list, got {describe(given)}")
    leaves, treedef = tree.flatten(tuple(primals))
    check_leaves(leaves, tuple(primals), "jet")
    order, terms = _coefficients(primals, series, factorial_scaled)
    owner = owner_name("jet", fun)
    flat = FlatFunction(fun, treedef, owner)
    call = stable_where_staged(flat, leaves)
    trace = JetTrace(owner, order)
    try:
        inputs = [trace.join([x, *c]) for x, c in zip(leaves, terms, strict=True)]
        try:
            out = call(inputs)
        except Restart as again:
            out = begun_again(flat, leaves, again.rewrite)(inputs)
        outs, out_tree = tree.flatten(out)
        found = [trace.series(o) for o in outs]
        for s in found:
            check_no_leak(s[0], trace)
    finally:
        trace.alive = False
    scale = [math.factorial(k + 1) if factorial_scaled else 1 for k in range(order)]
    results = []
    for first, *rest in found:
        zero = zero_derivative(first)
        results.append([zero if c is None else n * c for c, n in zip(rest, scale, strict=True)])
    return (
        tree.unflatten(out_tree, [s[0] for s in found]),
        tree.unflatten(out_tree, results),
    )


def _coefficients(
    primals: Sequence[PyTree], series: Sequence[Sequence[PyTree]], factorial_scaled: bool
) -> tuple[int, list[list[Any]]]:
    """The order, and for each leaf of the primals its Taylor coefficients."""
    if len(series) != len(primals):
        raise TreeError(f"jet: {len(series)} series for {len(primals)} primals; give one for each")
    for i, terms in enumerate(series):
        if not isinstance(terms, tuple | list):
            raise TypeError(
                f"jet: series[{i}] must be a tuple or list of derivatives, got {describe(terms)}"
            )
    orders = {len(terms) for terms in series}
    if len(orders) != 1 or 0 in orders:
        raise TreeError(
            f"jet: series need one length, the order, of at least 1; got {[*map(len, series)]}"
        )
    (order,) = orders
    found: list[list[Any]] = []
    for i, (x, terms) in enumerate(zip(primals, series, strict=True)):
        leaves, spec = tree.flatten(x)
        columns = [
            tree.match_prefix(spec, term, f"jet: series[{i}][{k}]") for k, term in enumerate(terms)
        ]
        for j, leaf in enumerate(leaves):
            aval = aval_of(leaf)
            if not is_inexact(aval.dtype):
                raise TypeError(
                    f"jet: primals[{i}] is {describe(leaf)}, which cannot move along a curve; "
                    "make it a float, or close over it"
                )
            row = []
            for k, column in enumerate(columns):
                c = column[j]
                if aval_of(c).shape != aval.shape:
                    raise ShapeError(
                        f"jet: series[{i}][{k}] has shape {aval_of(c).shape} for an argument of "
                        f"shape {aval.shape}"
                    )
                c = cast(c, aval.dtype)
                row.append(c / math.factorial(k + 1) if factorial_scaled else c)
            found.append(row)
    return order, found
