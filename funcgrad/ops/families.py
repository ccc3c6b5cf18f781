"""The four families of operators. A family fills in what follows from the mathematical class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from ..core.avals import WEAK_DTYPES, WEAK_SAMPLES, Aval
from ..core.primitive import Case, Joint, Primitive
from ..core.tracing import Tracer
from ..errors import ShapeError

NONE, SAME, NEGATIVE, FUNCTION, SCALING = range(5)
"""How a partial derivative is given: none, 1, -1, a function, or a function of the tangent, too."""

NEED_OUT, NEED_X, NEED_Y = 1, 2, 4


class Scaling:
    """A partial derivative that is given as what it makes of a tangent.

    ``scale(t, out, *operands)`` is t times the partial derivative, by products and quotients that
    start at t: ``t / x`` and ``t / x * -out`` are in range wherever the result is, when 1 / x or
    out / x are not. It uses sums, products and quotients of t alone, so that it can be done with
    a StrongTangent as well.
    """

    __slots__ = ("scale",)

    def __init__(self, scale: Callable[..., Any]) -> None:
        self.scale = scale

    def __call__(self, out: Any, *operands: Any) -> Any:
        """The partial derivative itself."""
        return self.scale(1, out, *operands)


class Quotient(Scaling):
    """A partial derivative 1 / y, where y is an operand: ``Quotient(lambda x: x)`` of log(x)."""

    __slots__ = ("denominator",)

    def __init__(self, denominator: Callable[..., Any]) -> None:
        self.denominator = denominator
        super().__init__(lambda t, _out, *operands: t / denominator(*operands))


def elementwise(
    name: str,
    evaluate: Callable[..., Any],
    *partials: Any,
    operator: Callable[..., Any] | None = None,
    jvp: tuple[Any, ...] | Joint | None = None,
    transpose: Callable[..., Any] | None = None,
    domain: tuple[Any, ...] = (-2.0, 2.0),
    kinds: str = "fc",
    arity: int | None = None,
    traits: Iterable[str] = (),
    cases: Callable[[Any], Iterable[Case]] | None = None,
    nondifferentiable: str | None = None,
    source: Callable[..., str] | None = None,
) -> Primitive:
    """An operator that broadcasts and promotes as NumPy's ufuncs do.

    Args:
        name: name in jaxprs.
        evaluate: NumPy ufunc or function of arrays.
        partials: one per operand: 1, -1, None, function(out, *operands), or Scaling.
        operator: Python's operator of the same meaning, used for evaluation, so that Python
            scalars stay Python scalars.
        jvp: rules per operand (t, out, *operands), for maps that are only real-linear.
        transpose: for operators that are linear in an operand.
        domain: interval the cases are drawn from; one interval per operand, or one for all.
        kinds: dtype kinds of the cases: f, c, i, u, b.
        arity: number of operands, where partials do not tell.
        traits: facts for passes and interpreters.
        cases: replaces the derived cases.
        nondifferentiable: reason why there is no derivative.
        source: template of the generated source.

    Returns:
        The registered record.
    """
    rules = jvp if isinstance(jvp, tuple) else ()
    count: int = arity or len(partials) or len(rules) or int(getattr(evaluate, "nin", 1))
    partials = partials or (None,) * count
    traits = frozenset(traits)
    run = operator or evaluate
    return Primitive(
        name=name,
        family="elementwise",
        evaluate=run,
        abstract=_elementwise_abstract(name, run),
        batch=None,
        cases=cases or _elementwise_cases(count, domain, kinds),
        jvp=jvp,
        transpose=transpose,
        nondifferentiable=nondifferentiable,
        traits=traits,
        source=source,
        partials=partials,
        partial_kinds=tuple(map(_partial_kind, partials)),
        partial_needs=tuple(map(_partial_needs, partials)),
        partial_table=tuple((_partial_kind(p), getattr(p, "scale", p)) for p in partials),
        arity=count,
        ufunc=evaluate,
        masks="masks" in traits,
    )


def linear(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    transpose: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]],
    traits: Iterable[str] = (),
    source: Callable[..., str] | None = None,
    forward: Callable[..., Any] | None = None,
) -> Primitive:
    """An operator that is linear in its one operand: its tangent is itself."""
    return Primitive(
        name=name,
        family="linear",
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        cases=cases,
        transpose=transpose,
        traits=frozenset(traits) | {"linear"},
        source=source,
        forward=forward,
    )


def bilinear(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    transpose: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]],
    traits: Iterable[str] = (),
    source: Callable[..., str] | None = None,
) -> Primitive:
    """An operator that is linear in each of two operands; the jvp follows."""
    holder: list[Primitive] = []

    def jvp_x(t: Any, _out: Any, _x: Any, y: Any, **params: Any) -> Any:
        return holder[0](t, y, **params)

    def jvp_y(t: Any, _out: Any, x: Any, _y: Any, **params: Any) -> Any:
        return holder[0](x, t, **params)

    prim = Primitive(
        name=name,
        family="bilinear",
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        cases=cases,
        jvp=(jvp_x, jvp_y),
        transpose=transpose,
        traits=frozenset(traits) | {"residual"},
        source=source,
    )
    holder.append(prim)
    return prim


def general(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]] | None,
    jvp: Any = None,
    transpose: Callable[..., Any] | None = None,
    linearize: Callable[..., Any] | None = None,
    forward: Callable[..., Any] | None = None,
    multiple: bool = False,
    nondifferentiable: str | None = None,
    no_cases: str | None = None,
    traits: Iterable[str] = (),
    source: Callable[..., str] | None = None,
) -> Primitive:
    """An operator with every rule given by name."""
    if jvp is not None and not isinstance(jvp, tuple | Joint):
        jvp = (jvp,)
    return Primitive(
        name=name,
        family="general",
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        cases=cases,  # type: ignore[arg-type]
        jvp=jvp,
        transpose=transpose,
        linearize=linearize,
        forward=forward,
        multiple=multiple,
        nondifferentiable=nondifferentiable,
        no_cases=no_cases,
        traits=frozenset(traits),
        source=source,
    )


def _partial_kind(partial: Any) -> int:
    if partial is None:
        return NONE
    if isinstance(partial, Scaling):
        return SCALING
    if callable(partial):
        return FUNCTION
    return {1: SAME, -1: NEGATIVE}[partial]


def _partial_needs(partial: Any) -> int:
    """Which of output and operands a partial reads: those not named with an underscore."""
    if not callable(partial):
        return 0
    if isinstance(partial, Quotient):
        return NEED_X
    code, first = (
        (partial.scale.__code__, 1) if isinstance(partial, Scaling) else (partial.__code__, 0)
    )
    names = code.co_varnames[first : code.co_argcount]
    return sum(1 << i for i, name in enumerate(names) if not name.startswith("_"))


def _elementwise_abstract(name: str, run: Callable[..., Any]) -> Callable[..., Aval]:
    @cache
    def result_type(*operands: Any) -> tuple[np.dtype, bool]:
        samples = [WEAK_SAMPLES[dt] if weak else np.ones((1,), dt) for dt, weak in operands]
        with np.errstate(all="ignore"):
            out = run(*samples)
        weak = WEAK_DTYPES.get(type(out))
        return (weak, True) if weak is not None else (out.dtype, False)

    def abstract(*avals: Aval) -> Aval:
        dtype, weak = result_type(*[(a.dtype, a.weak) for a in avals])
        first = avals[0].shape
        for a in avals:
            if a.shape != first:
                break
        else:
            return Aval(first, dtype, weak)
        return Aval(broadcast_shapes(name, *[a.shape for a in avals]), dtype, weak)

    return abstract


def broadcast_shapes(what: str, *shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    """NumPy's broadcasting of shapes, with symbolic leading dimensions, or an error that names all.

    >>> broadcast_shapes("add", (3, 1), (2,))
    (3, 2)
    """
    ndim = max(map(len, shapes))
    out: list[Any] = [1] * ndim
    for shape in shapes:
        offset = ndim - len(shape)
        for i, d in enumerate(shape):
            if out[offset + i] == 1:
                out[offset + i] = d
            elif d not in (1, out[offset + i]):
                listed = " and ".join(map(str, shapes))
                raise ShapeError(f"{what}: shapes {listed} do not broadcast together")
    return tuple(out)


def _elementwise_cases(count: int, domain: Any, kinds: str) -> Callable[[Any], Iterable[Case]]:
    domains = domain if isinstance(domain[0], tuple) else (domain,) * count

    def cases(rng: Any) -> Iterable[Case]:
        shapes = [(2, 3), (3,), (2, 1)]
        for kind in kinds:
            dtypes = {"f": ["f8", "f4"], "c": ["c16"], "i": ["i8", "i4"], "u": ["u4"], "b": ["?"]}
            for dtype in dtypes[kind]:
                yield Case(*[sample(rng, (2, 3), dtype, d) for d in domains])
        main = {"f": "f8", "c": "c16", "i": "i8", "u": "u4", "b": "?"}[kinds[0]]
        if count > 1:
            yield Case(*[sample(rng, s, main, d) for s, d in zip(shapes, domains, strict=False)])
            narrow = ((), (3,), (3,))
            yield Case(*[sample(rng, s, main, d) for s, d in zip(narrow, domains, strict=False)])
        yield Case(*[sample(rng, (), main, d) for d in domains])

    return cases


def sample(rng: Any, shape: tuple[int, ...], dtype: str, domain: tuple[float, float]) -> Any:
    """Random values of a dtype inside an interval, without ties; a NumPy scalar for shape ()."""
    low, high = domain
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.integers(0, 2, shape), bool)[()]
    if kind in "iu":
        low, high = int(np.ceil(low)), int(np.floor(high))
        if kind == "u":
            low = max(low, 0)
        return np.asarray(rng.integers(low, high + 1, shape), dtype)[()]
    margin = 0.05 * (high - low)
    x = rng.uniform(low + margin, high - margin, shape)
    if kind == "c":
        x = x + 1j * rng.uniform(-0.6, 0.6, shape)
    return np.asarray(x, dtype)[()]


def expand_rank(x: Any, ndim: int, reshape: Callable[..., Any]) -> Any:
    """Insert axes of one after the batch axis, so that x has ``ndim`` axes behind it."""
    missing = ndim - (len(x.shape) - 1)
    if missing == 0:
        return x
    return reshape(x, shape=(x.shape[0],) + (1,) * missing + tuple(x.shape[1:]))


def is_value(x: Any) -> bool:
    """Whether a transpose rule was given the value of an operand (not its Aval)."""
    return not isinstance(x, Aval)


def as_scalar(x: Any) -> Any:
    """NumPy scalars in place of 0-d arrays, as NumPy's own functions return them."""
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


def weak_value(x: Any) -> bool:
    """Whether x is a Python scalar or a tracer of one."""
    return type(x) in WEAK_DTYPES or (isinstance(x, Tracer) and x.weak)
