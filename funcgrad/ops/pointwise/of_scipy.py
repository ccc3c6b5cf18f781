"""Operators that are ufuncs of ``scipy.special``, and by what CuPy evaluates them.

What CuPy does not have is evaluated on the host, where SciPy is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import DifferentiationError
from ...typing import Array
from ..families import Elementwise, elementwise, sample

SCIPY = Float64("a function of SciPy for float64")


def values_of(function: str, part: int = -1) -> Callable[..., Any]:
    """The evaluation of a ufunc, in the precision of the last operand; or one of its results."""

    def values(*xs: Array) -> Array:
        found = getattr(special_functions(np), function)(*xs)
        out = found if part < 0 else found[part]
        last = getattr(xs[-1], "dtype", out.dtype)
        narrow = last.kind == "f" and last.itemsize < out.dtype.itemsize and out.dtype.kind == "f"
        return (out.astype(np.result_type(last, np.float32), copy=False) if narrow else out)[()]

    return values


def there(function: str, part: int = -1) -> Callable[..., Any]:
    """The evaluation by CuPy's function of the same name."""

    def run(xp: Any, *xs: Array) -> Array:
        dtype = np.result_type(xs[-1], np.float32)
        found = getattr(special_functions(xp), function)(*[xp.asarray(x, dtype) for x in xs])
        return found if part < 0 else found[part]  # type: ignore[no-any-return]

    return run


def of_scipy(
    name: str,
    *partials: Any,
    function: str = "",
    part: int = -1,
    gpu: bool = False,
    **declared: Any,
) -> Elementwise:
    """An operator that is a ufunc of SciPy.

    Args:
        name: name in jaxprs.
        partials: as of ``elementwise``.
        function: SciPy's name, if it is another one.
        part: which of several results; -1 for the only one.
        gpu: CuPy has it, too.
        declared: other fields.

    Returns:
        The registered record.
    """
    values = values_of(function or name, part)
    return elementwise(
        name,
        values,
        *partials,
        **{
            "kinds": "f",
            "elements": SCIPY,
            "hazard": Hazard.DOMAIN,
            "on_gpu": there(function or name, part) if gpu else on_host(values),
            **declared,
        },
    )


def refusal(function: str, argument: str, others: str) -> Callable[..., NoReturn]:
    """The rule of an argument for which there is no formula."""

    def refuse(*_: Any) -> NoReturn:
        raise DifferentiationError(
            f"{function} has no derivative with respect to {argument}, for which no formula is "
            f"known here; that with respect to {others} is there. Stop {argument} with "
            "stop_gradient if it is meant to be a constant"
        )

    return refuse


def cases_of_orders(
    orders: tuple[Any, ...], domain: tuple[float, float], count: int = 1
) -> Callable[[np.random.Generator], Iterator[Case]]:
    """Cases of an operator whose first operands are orders, without derivatives."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        several = [np.array([n, n + 1, n + 3]) for n in orders]
        for dtype in ("f8", "f4"):
            yield Case(*several, sample(rng, (2, 3), dtype, domain))
        yield Case(*[n[:2, None] for n in several], sample(rng, (3,), "f8", domain))
        yield Case(*orders, sample(rng, (), "f8", domain))

    return cases
