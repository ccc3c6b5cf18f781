"""The jaxpr: the intermediate form of a traced function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..context import Place, current, enter, leave
from .avals import Aval
from .containers import is_tuple
from .printing import format_eqn, format_jaxpr
from .source import Source
from .tracebacks import user_facing


class Var:
    """A variable of a jaxpr: assigned once, known by its abstract value."""

    __slots__ = ("aval",)

    def __init__(self, aval: Aval) -> None:
        self.aval: Aval = aval

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of what it stands for."""
        return self.aval.shape

    @property
    def dtype(self) -> Any:
        """The dtype of what it stands for."""
        return self.aval.dtype

    def __repr__(self) -> str:
        return f"Var({self.aval})"


class Literal:
    """A scalar constant written inside an equation."""

    __slots__ = ("aval", "value")

    def __init__(self, value: Any, aval: Aval) -> None:
        self.value: Any = value
        self.aval: Aval = aval

    def __repr__(self) -> str:
        return f"Literal({self.value})"


Atom = Var | Literal


class Eqn:
    """One equation: outvars = primitive[params](inputs)."""

    __slots__ = ("inputs", "outvars", "params", "primitive", "source")

    def __init__(
        self,
        primitive: Any,
        inputs: Sequence[Any],
        params: dict[str, Any],
        outvars: Sequence[Var],
        source: Source | None = None,
    ) -> None:
        self.primitive: Any = primitive
        self.inputs: Sequence[Any] = inputs
        self.params: dict[str, Any] = params
        self.outvars: Sequence[Var] = outvars
        self.source: Source | None = source

    def __repr__(self) -> str:
        return format_eqn(self)

    def __reduce__(self) -> Any:
        return (Eqn, (self.primitive, self.inputs, self.params, self.outvars, self.source))


class Jaxpr:
    """A function in intermediate form: ``{ lambda constvars ; invars. let eqns in outvars }``.

    ``consts`` holds the arrays that the constvars stand for, ``cache`` what has been derived from
    it. ``as_written`` says that its formulas are to be kept, stable or not.
    """

    __slots__ = (
        "__weakref__", "as_written", "cache", "consts", "constvars", "eqns", "invars", "outvars"
    )  # fmt: skip

    def __init__(
        self,
        constvars: Sequence[Var],
        invars: Sequence[Var],
        eqns: Sequence[Eqn],
        outvars: Sequence[Atom],
        consts: Sequence[Any] = (),
        as_written: bool = False,
    ) -> None:
        self.as_written: bool = as_written
        self.constvars: list[Var] = list(constvars)
        self.consts: list[Any] = list(consts)
        self.invars: list[Var] = list(invars)
        self.eqns: list[Eqn] = list(eqns)
        self.outvars: list[Atom] = list(outvars)
        self.cache: dict[Any, Any] = {}

    @property
    def in_avals(self) -> list[Aval]:
        """The abstract values of the arguments."""
        return [v.aval for v in self.invars]

    @property
    def out_avals(self) -> list[Aval]:
        """The abstract values of the results."""
        return [v.aval for v in self.outvars]

    def __reduce__(self) -> Any:
        parts = (self.constvars, self.invars, self.eqns, self.outvars, self.consts)
        return (Jaxpr, (*parts, self.as_written))

    def __repr__(self) -> str:
        return format_jaxpr(self)

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(repr(self))}</pre>"

    def __call__(self, *args: Any) -> Any:
        """Evaluate on flat arguments; returns the list of results."""
        return eval_jaxpr(self, self.consts, args)


def subjaxprs(eqn: Eqn) -> list[Jaxpr]:
    """The jaxprs among the parameters of an equation."""
    return jaxprs_among(eqn.params)


def jaxprs_among(params: dict[str, Any]) -> list[Jaxpr]:
    """The jaxprs among some parameters, single or in tuples."""
    found: list[Jaxpr] = []
    for value in params.values():
        if isinstance(value, Jaxpr):
            found.append(value)
        elif is_tuple(value):
            found.extend(v for v in value if isinstance(v, Jaxpr))
    return found


def map_jaxprs(fun: Callable[[Jaxpr], Jaxpr], params: dict[str, Any]) -> dict[str, Any]:
    """Parameters with a function applied to the jaxprs among them, single or in tuples."""
    return {name: _mapped(fun, value) for name, value in params.items()}


def _mapped(fun: Callable[[Jaxpr], Jaxpr], value: Any) -> Any:
    if isinstance(value, Jaxpr):
        return fun(value)
    if is_tuple(value) and any(isinstance(v, Jaxpr) for v in value):
        return tuple([_mapped(fun, v) for v in value])
    return value


def has_effects(jaxpr: Jaxpr) -> bool:
    """True if an equation must run even if nothing reads its results."""
    found = jaxpr.cache.get("effects")
    if found is None:
        found = jaxpr.cache["effects"] = any(map(has_effect, jaxpr.eqns))
    return found


def has_effect(e: Eqn) -> bool:
    """True if an equation, or one in a jaxpr that it holds, must run even if nothing reads it."""
    return e.primitive.effect or any(map(has_effects, subjaxprs(e)))


@user_facing
def eval_jaxpr(jaxpr: Jaxpr, consts: Sequence[Any], args: Sequence[Any]) -> list[Any]:
    """Evaluate a jaxpr on arrays or tracers.

    Args:
        jaxpr: the jaxpr.
        consts: values of its constvars.
        args: values of its invars.

    Returns:
        The list of its results.
    """
    if len(args) != len(jaxpr.invars):
        raise TypeError(f"this jaxpr takes {len(jaxpr.invars)} arguments, got {len(args)}")
    env: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    env.update(zip(jaxpr.invars, args, strict=True))
    last = _last_uses(jaxpr)
    here = current()
    if here.records_sources:
        place = Place(here.place and here.place.source)
        token = enter(here.having(place=place))
        try:
            _evaluate(jaxpr, env, last, place)
        finally:
            leave(token)
    else:
        _evaluate(jaxpr, env, last, None)
    return [a.value if type(a) is Literal else env[a] for a in jaxpr.outvars]


def _evaluate(jaxpr: Jaxpr, env: dict[Any, Any], last: Any, place: Place | None) -> None:
    """Evaluate the equations in an environment; ``place`` tells others where each comes from."""
    for i, eqn in enumerate(jaxpr.eqns):
        if place is not None:
            place.source = eqn.source
        values = [a.value if type(a) is Literal else env[a] for a in eqn.inputs]
        out = eqn.primitive(*values, **eqn.params)
        if eqn.primitive.multiple:
            env.update(zip(eqn.outvars, out, strict=True))
        else:
            env[eqn.outvars[0]] = out
        for v in last.get(i, ()):
            env.pop(v, None)


def _last_uses(jaxpr: Jaxpr) -> dict[int, list[Var]]:
    """For each equation the variables that nothing after it reads."""
    cached = jaxpr.cache.get("last_uses")
    if cached is not None:
        return cached
    seen: set[Any] = {v for v in jaxpr.outvars if type(v) is not Literal}
    last: dict[int, list[Var]] = {}
    for i in range(len(jaxpr.eqns) - 1, -1, -1):
        eqn = jaxpr.eqns[i]
        dying: list[Var] = []
        for v in (*eqn.outvars, *eqn.inputs):
            if type(v) is not Literal and v not in seen:
                seen.add(v)
                dying.append(v)
        if dying:
            last[i] = dying
    jaxpr.cache["last_uses"] = last
    return last
