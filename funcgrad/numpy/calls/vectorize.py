"""Functions of elements, or of small arrays, as functions that broadcast."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from ... import tree
from ...api.vmap import vmap
from ...core.arguments import check_function
from ...core.tracebacks import user_facing
from ...ops.shape import cast, reshape
from ...typing import Array, DTypeLike
from ..protocol import as_operand
from .signatures import Core, CoreSizes, parsed


@user_facing
def vectorize(
    pyfunc: Callable[..., Any] | None = None,
    otypes: str | Sequence[DTypeLike] | None = None,
    doc: str | None = None,
    excluded: Collection[int | str] | None = None,
    cache: bool = False,
    signature: str | None = None,
) -> Callable[..., Any]:
    """A function of elements, or of arrays as a signature says, as one that broadcasts.

    It is built on ``vmap``: the function is called once, with traced values that stand for all
    elements, so that it is as fast as operations on whole arrays, and can be differentiated.
    Branches on values are written with ``np.where`` or ``lax.cond`` in it.

    Args:
        pyfunc: function of elements. Without it, ``vectorize(signature=...)`` is a decorator.
        otypes: dtypes of the results, which are converted to them.
        doc: docstring of the result.
        excluded: positions and names of arguments that are passed on as they are.
        cache: changes nothing, since the function is called once.
        signature: core axes of arguments and results, such as '(m,n),(n)->(m)'.

    Returns:
        The function of arrays. Arguments given by name are broadcast, too.

    Raises:
        ValueError: the signature is none.
        ShapeError: arguments do not fit together, or not to the signature.

    >>> vectorize(lambda x, y: np.where(x > y, x - y, x + y))(np.array([1.0, 3.0]), 2.0)
    array([3., 1.])
    >>> vectorize(np.dot, signature="(n),(n)->()")(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    if pyfunc is None:

        def decorated(*args: Any) -> Callable[..., Any]:
            if len(args) != 1:
                raise TypeError(
                    f"vectorize: pyfunc is None, and is called with {len(args)} arguments"
                )
            check_function(args[0], "vectorize", "pyfunc")
            return vectorize(args[0], otypes, doc, excluded, cache, signature)

        return user_facing(decorated)
    check_function(pyfunc, "vectorize", "pyfunc")
    kept = frozenset(excluded or ())
    cores = None if signature is None else parsed(signature)
    dtypes = None if otypes is None else [np.dtype(t) for t in otypes]

    def vectorized(*args: Any, **kwargs: Any) -> Any:
        places: list[int | str] = [*range(len(args)), *kwargs]
        given = dict(zip(places, (*args, *kwargs.values()), strict=True))
        mapped = [p for p in places if p not in kept and given[p] is not None]

        def of_elements(*elements: Array) -> Any:
            full = {**given, **dict(zip(mapped, elements, strict=True))}
            named = {p: full[p] for p in kwargs}
            return pyfunc(*[full[i] for i in range(len(args))], **named)

        out = _broadcast(of_elements, [as_operand(given[p]) for p in mapped], cores)
        return out if dtypes is None else _converted(out, dtypes)

    vectorized.__name__ = getattr(pyfunc, "__name__", "vectorized")
    vectorized.__doc__ = pyfunc.__doc__ if doc is None else doc
    return vectorized


def _broadcast(
    fun: Callable[..., Any],
    operands: list[Array],
    cores: tuple[list[Core], list[Core]] | None,
) -> Any:
    """The function for all combinations that the axes before the core ones broadcast to."""
    sizes = CoreSizes()
    counts = [0] * len(operands)
    if cores is not None:
        if len(cores[0]) != len(operands):
            raise TypeError(
                f"vectorize: the signature is for {len(cores[0])} arguments, got {len(operands)}"
            )
        for i, (core, x) in enumerate(zip(cores[0], operands, strict=True)):
            sizes.see(core, x.shape, f"argument {i}")
        counts = [len(core) for core in cores[0]]
        fun = _checked(fun, cores[1], sizes)
    leads = [tuple(x.shape[: len(x.shape) - n]) for x, n in zip(operands, counts, strict=True)]
    shape = np.broadcast_shapes(*leads)
    axes: list[tuple[int | None, ...]] = []
    for level, size in enumerate(shape):
        own = [level - len(shape) + len(lead) for lead in leads]
        axes.append(
            tuple(
                0 if i >= 0 and lead[i] == size else None
                for i, lead in zip(own, leads, strict=True)
            )
        )
    operands = [_without_ones(x, lead, shape) for x, lead in zip(operands, leads, strict=True)]
    for in_axes in reversed(axes):
        fun = vmap(fun, in_axes)
    return tree.map(as_operand, fun(*operands))


def _without_ones(x: Array, lead: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """An operand without the axes of one along which it is repeated."""
    behind = shape[len(shape) - len(lead) :]
    kept = tuple(n for n, m in zip(lead, behind, strict=True) if n == m)
    return x if kept == lead else reshape(x, shape=(*kept, *x.shape[len(lead) :]))


def _checked(fun: Callable[..., Any], cores: list[Core], sizes: CoreSizes) -> Callable[..., Any]:
    """A function whose results have the core axes of a signature."""

    def checked(*elements: Array) -> Any:
        out = fun(*elements)
        results = out if isinstance(out, tuple | list) else [out]
        if len(results) != len(cores):
            raise TypeError(
                f"vectorize: the signature is for {len(cores)} results, got {len(results)}"
            )
        for i, (core, y) in enumerate(zip(cores, results, strict=True)):
            made = tuple(as_operand(y).shape)
            sizes.see(core, made, f"result {i}")
            if len(made) != len(core):
                raise TypeError(
                    f"vectorize: result {i} of shape {made} is to have the axes ({','.join(core)})"
                )
        return tuple(out) if isinstance(out, list) else out

    return checked


def _converted(out: Any, dtypes: Sequence[np.dtype]) -> Any:
    results = out if isinstance(out, tuple) else (out,)
    if len(results) != len(dtypes):
        raise ValueError(f"vectorize: otypes has {len(dtypes)} types for {len(results)} results")
    converted = tuple(cast(y, d) for y, d in zip(results, dtypes, strict=True))
    return converted if isinstance(out, tuple) else converted[0]
