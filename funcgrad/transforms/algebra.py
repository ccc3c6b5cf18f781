"""What rules of operators combine tangents with, and where zeros come into tangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays import like
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, subjaxprs
from ..core.tracing import aval_of, shape_of
from ..ops.families.rules import out_dtype
from ..ops.pointwise.arithmetic import Mask, StrongTangent, add, mul, mul_strong, neg
from ..ops.pointwise.comparison import filled_like
from ..ops.shape import broadcast_to, cast, definite_scalar, zeros


class TangentAlgebra:
    """Sums, products and zeros of tangents, by funcgrad's own operators."""

    __slots__ = ()

    def add(self, x: Any, y: Any) -> Any:
        return add(x, y)

    def add_or_none(self, x: Any, y: Any) -> Any:
        """The sum of two tangents of which either may be a symbolic zero."""
        if x is None:
            return y
        return x if y is None else add(x, y)

    def negative(self, t: Any) -> Any:
        return neg(t)

    def times(self, t: Any, d: Any, *, strong: bool, masks: bool) -> Any:
        """A tangent times a partial derivative, which may be a mask.

        ``strong`` says that the zeros of t win, ``masks`` that those of d do.
        """
        if type(d) is Mask:
            return mul_strong(d.values, t)
        if masks:
            return mul_strong(d, t)
        return mul_strong(t, d) if strong else product(t, d)

    def strong_tangent(self, t: Any) -> StrongTangent:
        return StrongTangent(t)

    def fit(self, t: Any, out: Any) -> Any:
        """A tangent of an elementwise operation with the shape and dtype of its output."""
        return cast(broadcast_to(t, shape_of(out)), out_dtype(out))

    def definite(self, x: Any) -> Any:
        """A Python scalar as one of NumPy, so that 1 / 0.0 is infinite instead of an error."""
        return definite_scalar(x)

    def definite_where_needed(self, primals: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
        """Operands of which those with a tangent are definite."""
        return [
            p if t is None else definite_scalar(p) for p, t in zip(primals, tangents, strict=True)
        ]

    def instantiate(self, t: Any, primal: Any) -> Any:
        return instantiate(t, primal)

    def zeros(self, aval: Aval) -> Any:
        return zeros(aval)


ALGEBRA = TangentAlgebra()


def product(t: Any, d: Any) -> Any:
    """The product of a tangent and a partial derivative; of a quotient t / d, its numerator t.

    The derivative of log(y) is t / y. Its own derivative, t / y**2, leaves the range of the type
    long before its product with y does.
    """
    parts = getattr(t, "quotient_of", None)
    if parts is not None and parts[1] is d and aval_of(parts[0]).matches(t.aval):
        return parts[0]
    return mul(t, d)


def instantiate(t: Any, primal: Any) -> Any:
    """A tangent as an array: zeros of the primal's shape, where it is, for None."""
    if t is not None:
        return t
    aval = aval_of(primal)
    return filled_like(primal, 0) if aval.symbolic else like(primal, zeros(aval))


def fills_inside(jaxpr: Jaxpr) -> bool:
    """True if an equation of a jaxpr, or of one that it holds, puts zeros into its tangent."""
    found = jaxpr.cache.get("fills")
    if found is None:
        found = any(
            e.primitive.fills_tangent([a.aval for a in e.inputs])
            or any(map(fills_inside, subjaxprs(e)))
            for e in jaxpr.eqns
        )
        jaxpr.cache["fills"] = found
    return found
