"""Contraction: one general product of two arrays, of which matmul, dot, tensordot are views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Hazard
from ...core.jaxpr import Eqn
from ...core.lowering import NumpyText
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import Bilinear, bilinear, is_value, sample
from ..shape import cast, inverse_permutation, move_axis, reshape, shift_axes, transpose
from .strong_products import strong_matmul

Pairs: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Axes of the first operand, and those of the second that go with them."""

Product: TypeAlias = Callable[[Array, Array], Array]
"""A bilinear product of two arrays."""

NO_AXES: Pairs = ((), ())

ROWS_BY_COLUMNS: Pairs = ((1,), (0,))
"""The axes of the product of two matrices."""


def strong_product(xp: ArrayModule, product: Product, z: Array, d: Array) -> Array:
    """A bilinear product in which zeros of z win over infinities and NaNs of d.

    Where d is finite, or the plain product is, the plain product is right. Otherwise infinities and
    NaNs are counted apart, by products of indicator arrays, and put where a non-zero entry of z
    meets them.
    """
    with np.errstate(all="ignore"):
        out = product(z, d)
        small = d if d.size < out.size else out
        if xp.isfinite(xp.vdot(small, small)) or xp.isfinite(d).all():
            return out
        return product_by_parts(xp, product, z, d)


def product_by_parts(xp: ArrayModule, product: Product, z: Array, d: Array) -> Array:
    """A bilinear product of arrays that are not finite, with strong zeros of z."""
    finite_z, finite_d = xp.isfinite(z), xp.isfinite(d)
    out = product(
        xp.where(finite_z, z, xp.zeros((), z.dtype)), xp.where(finite_d, d, xp.zeros((), d.dtype))
    )
    if out.dtype.kind == "c":
        bad = product((z != 0) * 1.0, (~finite_d) * 1.0) + product(
            (~finite_z) * 1.0, (d == d) * 1.0
        )
        return xp.where(bad != 0, xp.asarray(np.nan, out.dtype), out)[()]
    z_up, z_down = (z > 0) * 1.0, (z < 0) * 1.0
    d_up, d_down = (d > 0) * 1.0, (d < 0) * 1.0
    inf_up, inf_down = (d == np.inf) * 1.0, (d == -np.inf) * 1.0
    from_up, from_down = (z == np.inf) * 1.0, (z == -np.inf) * 1.0
    positive = product(z_up, inf_up) + product(z_down, inf_down)
    positive = positive + product(from_up, d_up) + product(from_down, d_down)
    negative = product(z_up, inf_down) + product(z_down, inf_up)
    negative = negative + product(from_up, d_down) + product(from_down, d_up)
    invalid = product((z != 0) * 1.0, xp.isnan(d) * 1.0) + product(
        xp.isinf(z) * 1.0, (d == 0) * 1.0
    )
    invalid = invalid + product(xp.isnan(z) * 1.0, xp.ones(d.shape))
    out = xp.where(positive != 0, xp.asarray(np.inf, out.dtype), out)
    out = xp.where(negative != 0, xp.asarray(-np.inf, out.dtype), out)
    both = (positive != 0) & (negative != 0)
    return xp.where(both | (invalid != 0), xp.asarray(np.nan, out.dtype), out)[()]


def contract_arrays(
    xp: ArrayModule,
    x: Array,
    y: Array,
    contract: Pairs,
    batch: Pairs,
    matmul: Product | None = None,
) -> Array:
    """The contraction of two arrays by one matrix product; ``matmul`` may be another one."""
    (lc, rc), (lb, rb) = contract, batch
    if not lb and len(lc) == 1 and x.ndim <= 2 and y.ndim <= 2 and matmul is None:
        left = x if lc[0] == x.ndim - 1 else x.T
        right = y if rc[0] == 0 else y.T
        return xp.matmul(left, right)
    lf = tuple(i for i in range(x.ndim) if i not in lc and i not in lb)
    rf = tuple(i for i in range(y.ndim) if i not in rc and i not in rb)
    left = xp.transpose(x, lb + lf + lc)
    right = xp.transpose(y, rb + rc + rf)
    nb, nf = len(lb), len(lf)
    batch_shape, lf_shape, rf_shape = (
        left.shape[:nb],
        left.shape[nb : nb + nf],
        right.shape[nb + len(rc) :],
    )
    k = 1
    for i in lc:
        k *= x.shape[i]
    m = n = 1
    for d in lf_shape:
        m *= d
    for d in rf_shape:
        n *= d
    multiply = matmul or xp.matmul
    out = multiply(left.reshape((*batch_shape, m, k)), right.reshape((*batch_shape, k, n)))
    return out.reshape(batch_shape + lf_shape + rf_shape)[()]


def contract_strongly(
    xp: ArrayModule, x: Array, y: Array, *, contract: Pairs, batch: Pairs, strong: int | None
) -> Array:
    """The contraction, with strong zeros in one operand."""
    if strong is None:
        (lc, rc), (lb, _) = contract, batch
        if not lb and len(lc) == 1 and x.ndim <= 2 and y.ndim <= 2:
            left = x if lc[0] == x.ndim - 1 else x.T
            return xp.matmul(left, y if rc[0] == 0 else y.T)
        return contract_arrays(xp, x, y, contract, batch)
    if strong == 0:
        return strong_product(xp, lambda z, d: contract_arrays(xp, z, d, contract, batch), x, y)
    return strong_product(xp, lambda z, d: contract_arrays(xp, d, z, contract, batch), y, x)


def contract_on_gpu(
    xp: ArrayModule, x: Array, y: Array, *, contract: Pairs, batch: Pairs, strong: int | None
) -> Array:
    """The contraction, whose strong zeros need no look from the host."""
    if strong is None:
        return contract_arrays(xp, x, y, contract, batch)
    return contract_arrays(
        xp, x, y, contract, batch, lambda a, b: strong_matmul(xp, a, b, strong == 0)
    )


def _free(ndim: int, *used: tuple[int, ...]) -> tuple[int, ...]:
    taken = {i for axes in used for i in axes}
    return tuple(i for i in range(ndim) if i not in taken)


def check_sizes(x: Array | Aval, y: Array | Aval, contract: Pairs, batch: Pairs) -> None:
    """Raise a ShapeError unless the axes that go together have one size."""
    for pairs in (contract, batch):
        first, second = pairs
        if len(first) != len(second):
            raise ShapeError(
                f"contraction of shapes {x.shape} and {y.shape}: axes {first} of the first do not "
                f"go with axes {second} of the second"
            )
        for i, j in zip(first, second, strict=True):
            if x.shape[i] != y.shape[j]:
                raise ShapeError(
                    f"contraction of shapes {x.shape} and {y.shape}: axis {i} of the first has "
                    f"size {x.shape[i]}, axis {j} of the second {y.shape[j]}"
                )


def _abstract(x: Aval, y: Aval, *, contract: Pairs, batch: Pairs, strong: int | None) -> Aval:
    (lc, rc), (lb, rb) = contract, batch
    check_sizes(x, y, contract, batch)
    shape = [x.shape[i] for i in lb]
    shape += [x.shape[i] for i in _free(x.ndim, lc, lb)]
    shape += [y.shape[j] for j in _free(y.ndim, rc, rb)]
    dtype = x.dtype if x.dtype == y.dtype else np.result_type(x.dtype, y.dtype)
    return Aval(tuple(shape), dtype)


def _transpose(
    ct: Array, x: Any, y: Any, *, flagged: bool, contract: Pairs, batch: Pairs, strong: int | None
) -> tuple[Array | None, Array | None]:
    plain = contract == ROWS_BY_COLUMNS and len(x.shape) == len(y.shape) == 2
    if plain and strong is None and not flagged and type(ct) is np.ndarray:
        if type(y) is np.ndarray:
            return cast(np.matmul(ct, y.T), x.dtype), None
        if type(x) is np.ndarray:
            return None, cast(np.matmul(x.T, ct), y.dtype)
    first = is_value(y)
    which = 0 if flagged else None  # whose zeros win: those of the cotangent (0), the value (1)
    if strong is not None and strong == first:
        which = 1
    if first:
        return _transpose_first(ct, x, y, contract, batch, which, False), None
    return None, _transpose_first(ct, y, x, contract[::-1], batch[::-1], which, True)


def _transpose_first(
    ct: Array, x: Aval, y: Array, contract: Pairs, batch: Pairs, strong: int | None, swapped: bool
) -> Array:
    """The cotangent of x, the linear operand; ``swapped`` if it is the second one.

    The operands are put in the order that leaves the axes of the result as x has them, if possible.
    """
    plan = _transpose_plan(len(x.shape), len(y.shape), contract, batch, swapped)
    if swapped:
        strong = None if strong is None else 1 - strong
        out = dot_general(y, ct, contract=plan.contract, batch=plan.batch, strong=strong)
    else:
        out = dot_general(ct, y, contract=plan.contract, batch=plan.batch, strong=strong)
    if plan.perm is not None:
        out = transpose(out, perm=plan.perm)
    return out if out.dtype is x.dtype else cast(out, x.dtype)


class _Plan(NamedTuple):
    """The product of a cotangent with the other operand, and the moves of the result's axes."""

    contract: Pairs
    batch: Pairs
    perm: tuple[int, ...] | None


@lru_cache(maxsize=4096)
def _transpose_plan(
    ndim: int, other_ndim: int, contract: Pairs, batch: Pairs, swapped: bool
) -> _Plan:
    (lc, rc), (lb, rb) = contract, batch
    lf, rf = _free(ndim, lc, lb), _free(other_ndim, rc, rb)
    nb = len(lb)
    lead = tuple(range(nb))
    order = sorted(range(len(rc)), key=lambda i: rc[i])
    contracted = tuple(lc[i] for i in order)
    if swapped:
        pairs, batch = (rf, tuple(range(nb, nb + len(rf)))), (rb, lead)
        axes = (*lb, *contracted, *lf)
    else:
        pairs = (tuple(range(nb + len(lf), nb + len(lf) + len(rf))), rf)
        batch, axes = (lead, rb), (*lb, *lf, *contracted)
    perm = inverse_permutation(axes)
    return _Plan(pairs, batch, None if perm == tuple(range(len(perm))) else perm)


def _batch(
    _size: int,
    args: Sequence[Array],
    batched: Sequence[bool],
    *,
    contract: Pairs,
    batch: Pairs,
    strong: int | None,
) -> Array:
    x, y = args
    (lc, rc), (lb, rb) = contract, batch
    if all(batched):
        return dot_general(
            x,
            y,
            contract=(shift_axes(lc), shift_axes(rc)),
            batch=((0, *shift_axes(lb)), (0, *shift_axes(rb))),
            strong=strong,
        )
    if batched[0]:
        out = dot_general(
            x, y, contract=(shift_axes(lc), rc), batch=(shift_axes(lb), rb), strong=strong
        )
        return move_axis(out, len(lb), 0)
    out = dot_general(
        x, y, contract=(lc, shift_axes(rc)), batch=(lb, shift_axes(rb)), strong=strong
    )
    return move_axis(out, len(x.shape) - len(lc), 0)


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    none: Pairs = ((), ())
    for dtype in ("f8", "f4", "c16", "i8"):
        x, y = sample(rng, (2, 3), dtype, (-2, 2)), sample(rng, (3, 4), dtype, (-2, 2))
        yield Case(x, y, contract=((1,), (0,)), batch=none, strong=None)
    a = sample(rng, (5, 2, 3), "f8", (-2, 2))
    b = sample(rng, (4, 3, 5), "f8", (-2, 2))
    yield Case(a, b, contract=((2,), (1,)), batch=((0,), (2,)), strong=None)
    yield Case(a, b, contract=((0, 2), (2, 1)), batch=none, strong=None)
    yield Case(a, b, contract=((), ()), batch=((0, 2), (2, 1)), strong=None)
    yield Case(a[0, 0], b[0, :, 0], contract=((0,), (0,)), batch=none, strong=None)
    yield Case(a[0], a[1], contract=((0,), (0,)), batch=none, strong=None)
    yield Case(a[0], a[1], contract=((1,), (1,)), batch=none, strong=0)
    yield Case(a[0], a[1], contract=((1,), (1,)), batch=none, strong=1)


def _plain_matmul(e: Eqn, ins: list[str]) -> tuple[str, str] | None:
    """The operands of np.matmul, as source text, if the contraction is one product of matrices."""
    x, y = (a.aval for a in e.inputs)
    (lc, rc), (lb, _) = e.params["contract"], e.params["batch"]
    if lb or len(lc) != 1 or x.ndim > 2 or y.ndim > 2 or e.params["strong"] is not None:
        return None
    left = ins[0] if lc[0] == x.ndim - 1 else f"{ins[0]}.T"
    right = ins[1] if rc[0] == 0 else f"{ins[1]}.T"
    return left, right


def _into(_module: Any, e: Eqn, ins: list[str]) -> str | None:
    """Source text that writes a product of two matrices into memory at hand."""
    operands = _plain_matmul(e, ins)
    if operands is None or len(e.outvars[0].aval.shape) != 2:
        return None
    return f"np.matmul({operands[0]}, {operands[1]}, out={{out}})"


def _expression(module: Any, e: Eqn, ins: list[str]) -> str:
    """Source text of a contraction."""
    operands = _plain_matmul(e, ins)
    if operands is not None:
        return f"np.matmul({operands[0]}, {operands[1]})"
    contract, batch, strong = (e.params[k] for k in ("contract", "batch", "strong"))
    if strong is None:
        return f"{module.callee(contract_arrays)}(np, {', '.join(ins)}, {contract}, {batch})"
    params = f"contract={contract}, batch={batch}, strong={strong}"
    return f"{module.callee(contract_strongly)}(np, {', '.join(ins)}, {params})"


dot_general: Bilinear = bilinear(
    "dot_general",
    contract_strongly,
    on_gpu=contract_on_gpu,
    abstract=_abstract,
    transpose=_transpose,
    batch=_batch,
    cases=_cases,
    numpy=NumpyText(expression=_expression, into=_into, overwrites=()),
    hazard=Hazard.PRODUCT,
)


def matmul(x: Array, y: Array) -> Array:
    """Matrix product with NumPy's rules: vectors, matrices, stacks of matrices that broadcast."""
    x_shape, y_shape = x.shape, y.shape
    xn, yn = len(x_shape), len(y_shape)
    if xn == 0 or yn == 0:
        raise ShapeError(
            f"matmul needs at least one axis in each operand, got {x.shape}, {y.shape}"
        )
    inner = 0 if yn == 1 else yn - 2
    if x_shape[-1] != y_shape[inner]:
        raise ShapeError(
            f"matmul: shapes {tuple(x.shape)} and {tuple(y.shape)} do not fit: the last axis of "
            f"the first has size {x.shape[-1]}, the second has {y.shape[inner]} there"
        )
    if yn <= 2 or xn == 1:
        return dot_general(x, y, contract=((xn - 1,), (inner,)), batch=NO_AXES, strong=None)
    nb = max(xn, yn) - 2
    lead_x, lead_y = (
        (1,) * (nb - xn + 2) + tuple(x.shape[:-2]),
        (1,) * (nb - yn + 2) + tuple(y.shape[:-2]),
    )
    return _stacked_matmul(x, y, lead_x, lead_y)


def _stacked_matmul(x: Array, y: Array, lead_x: tuple[int, ...], lead_y: tuple[int, ...]) -> Array:
    nb = len(lead_x)
    for i, (a, b) in enumerate(zip(lead_x, lead_y, strict=True)):
        if a != b and 1 not in (a, b):
            raise ShapeError(
                f"matmul: stacks of shapes {tuple(x.shape)} and {tuple(y.shape)} do not broadcast "
                f"(axis {i}: {a} and {b})"
            )
    both = [i for i in range(nb) if lead_x[i] == lead_y[i] and lead_x[i] != 1]
    only_x = [i for i in range(nb) if lead_x[i] != 1 and lead_y[i] == 1]
    only_y = [i for i in range(nb) if lead_y[i] != 1 and lead_x[i] == 1]
    m, n = x.shape[-2], y.shape[-1]
    x = reshape(x, shape=tuple(d for d in lead_x if d != 1) + tuple(x.shape[-2:]))
    y = reshape(y, shape=tuple(d for d in lead_y if d != 1) + tuple(y.shape[-2:]))
    in_x, in_y = sorted(both + only_x), sorted(both + only_y)
    out = dot_general(
        x,
        y,
        contract=((len(in_x) + 1,), (len(in_y),)),
        batch=(tuple(in_x.index(i) for i in both), tuple(in_y.index(i) for i in both)),
        strong=None,
    )
    # Axes of `out`: both, only_x, m, only_y, n.
    order = [*both, *only_x, nb, *only_y, nb + 1]
    perm = tuple(order.index(i) for i in sorted(order))
    if perm != tuple(range(len(perm))):
        out = transpose(out, perm=perm)
    full = tuple(max(a, b) if 0 not in (a, b) else 0 for a, b in zip(lead_x, lead_y, strict=True))
    shape = (*full, m, n)
    return out if out.shape == shape else reshape(out, shape=shape)


def with_leading_axis(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a contraction that sums over a new leading axis of both factors, too."""

    def shifted(axes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(a + 1 for a in axes)

    (lc, rc), (lb, rb) = params["contract"], params["batch"]
    return params | {
        "contract": ((0, *shifted(lc)), (0, *shifted(rc))), "batch": (shifted(lb), shifted(rb))
    }  # fmt: skip
