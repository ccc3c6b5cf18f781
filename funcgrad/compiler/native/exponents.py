"""Powers of numbers, by products where the exponent is known and whole."""

from __future__ import annotations

from .builder import Builder, Number, Value
from .divisions import integers
from .functions import VectorFunctions
from .kinds import HALF
from .mathematics.powers import whole_power

MOST_PRODUCTS = 64
"""Known exponents of floats up to this size are products."""


def power(b: Builder, x: Number, y: Number) -> Number:
    """Powers that are products; others by the formula."""
    if isinstance(x, Value) and x.kind.is_float and not isinstance(y, Value):
        if y == -1:
            return 1 / x
        if x.kind is not HALF and abs(y) <= MOST_PRODUCTS and y == int(y):
            return _whole_power(b, x, int(y))
    u, v = b.common(x, y)
    if u.kind.is_float:
        return VectorFunctions(b).power(u, v)
    u, v = integers(b, u, v)
    if not isinstance(y, Value) and y >= 0:
        return _integer_power(b, u, int(y))
    return _integer_powers(b, u, v)


def _whole_power(b: Builder, x: Value, n: int) -> Value:
    """A power of floats; few products are exact enough as they are."""
    return _integer_power(b, x, n) if 0 <= n <= 4 else whole_power(x, n)


def _integer_power(b: Builder, x: Value, n: int) -> Value:
    """A power by repeated squares."""
    found = None
    while n:
        if n & 1:
            found = x if found is None else found * x
        n >>= 1
        x = x * x if n else x
    return b.constant(1, x.kind) if found is None else found


def _integer_powers(b: Builder, x: Value, n: Value) -> Value:
    """The same where exponents are known only at run time; there are no negative ones."""
    if n.kind.is_signed:
        b.give_up_if(n < 0)
    with b.turns([b.constant(1, x.kind), x, n]) as (_, state, go_on_if):
        found, x, n = state
        go_on_if(b.any(n != 0))
        state[0] = b.select((n & 1) != 0, found * x, found)
        state[1:] = [x * x, b.shift("lshr", n, 1)]
    return state[0]
