"""Arguments of functions from the annotations of their parameters."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...core.source import where_defined
from ...typing import Array
from .arrays import numbers
from .dimensions import Dimension, Sizes, parse
from .domains import Domain, DomainLike, WholeNumbers, as_domain
from .trees import Recipe, Spec, cooked, recipe_of

WIDEST = ("float64", "complex128", "float32", "complex64", "float16", "int64", "int32", "bool")
"""Of the dtypes that an annotation allows the first of these is taken: checks are sharpest then."""

SAME_SHAPE = parse("*shape_of_all")
"""The dimensions of parameters without annotation: one shape for all of them."""

ANY_SHAPE = parse("...")

KEYS = ("a", "b")
"""Keys of dictionaries of any keys."""


class Parameter(NamedTuple):
    """A parameter that gets drawn values, and whether they are passed by keyword."""

    name: str
    recipe: Recipe
    keyword: bool


def from_signature(
    function: Callable[..., Any],
    *,
    domain: DomainLike = "real",
    sizes: Mapping[str, Any] | None = None,
) -> SearchStrategy[tuple[Any, ...]]:
    """Arguments that fit the annotations of a function.

    Annotations may be jaxtyping's (``Float[Array, "batch 3"]``),
    ``Annotated[np.ndarray, spec("n m", domain="positive")]``, ``Annotated[float, interval(0, 1)]``,
    ``Annotated[np.ndarray, "n", integers(0, 9)]``,
    ``numpy.typing.NDArray[np.float64]``, ``np.ndarray``, numbers, and dataclasses, named tuples,
    dictionaries, tuples, lists and unions of these. Dimensions of the same name get the same
    size. Parameters without annotation keep their default; those without default are float64
    arrays, all of one shape.

    Args:
        function: the function.
        domain: the domain of what has none of its own.
        sizes: sizes of named dimensions, or strategies for them; by default 1 to 4,
            and in ``gradcheck`` more at some points.

    Returns:
        A strategy for tuples of positional arguments.

    Raises:
        TypeError: for an annotation that says nothing of values, or a parameter that can only
            be passed by keyword.

    >>> from hypothesis import find
    >>> def loss(w: typing.Annotated[np.ndarray, "n m"], x: typing.Annotated[np.ndarray, "m"],
    ...          power=2): ...
    >>> w, x = find(from_signature(loss), lambda args: len(args[1]) == 2)
    >>> w.shape[1], x.shape
    (2, (2,))
    """
    drawn = parameters_of(function, (), {}, domain)
    by_keyword = [p.name for p in drawn if p.keyword]
    if by_keyword:
        raise TypeError(
            f"from_signature: {by_keyword[0]} of {where_defined(function)} is passed by keyword, "
            "and a tuple of arguments cannot; wrap the function, or use gradcheck"
        )
    recipes = [p.recipe for p in drawn]
    return cooked(lambda draw, shared: tuple(make(draw, shared) for make in recipes), sizes)


def parameters_of(
    function: Callable[..., Any],
    positional: Sequence[Any],
    named: Mapping[str, Any],
    domain: DomainLike = "real",
) -> list[Parameter]:
    """The parameters of a function that are drawn: as described, or else as annotated."""
    place, inside = where_defined(function), as_domain(domain)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        if named or not positional:
            raise TypeError(
                f"{place} does not show its parameters; describe its arguments by position"
            ) from None
        return [Parameter(str(i), recipe_of(d, inside), False) for i, d in enumerate(positional)]
    try:
        bound = signature.bind_partial(*positional, **named)
    except TypeError as error:
        raise TypeError(f"the described arguments do not fit {place}: {error}") from None
    described = bool(positional or named)
    hints = hints_of(function)
    drawn: list[Parameter] = []
    skipped = False
    for name, p in signature.parameters.items():
        if p.kind is p.VAR_POSITIONAL:
            for i, value in enumerate(bound.arguments.get(name, ())):
                drawn.append(Parameter(f"{name}[{i}]", recipe_of(value, inside), False))
        elif p.kind is p.VAR_KEYWORD:
            values = bound.arguments.get(name, {})
            drawn += [Parameter(key, recipe_of(v, inside), True) for key, v in values.items()]
        else:
            recipe = parameter_recipe(p, bound.arguments, hints, described, inside, place)
            if recipe is not None:
                drawn.append(Parameter(name, recipe, skipped or p.kind is p.KEYWORD_ONLY))
            skipped = skipped or recipe is None
    return drawn


def parameter_recipe(
    p: inspect.Parameter,
    described: Mapping[str, Any],
    hints: Mapping[str, Any],
    only_described: bool,
    domain: Domain,
    place: str,
) -> Recipe | None:
    """The recipe of one parameter; None if it keeps its default."""
    if p.name in described:
        return recipe_of(described[p.name], domain)
    hint = hints.get(p.name, Any)
    hint = Any if any_array(hint) else hint
    optional = p.default is not p.empty
    if optional and (only_described or hint in (Any, int, bool, str)):
        return None
    if hint is Any:
        return Spec(SAME_SHAPE, np.dtype(np.float64), domain)
    recipe = recipe_of_hint(hint, domain)
    if recipe is None and not optional:
        raise TypeError(
            f"{p.name} of {place} is annotated as {hint!r}, which says nothing of its values; "
            f"describe it: {p.name}='3 4'"
        )
    return recipe


def any_array(hint: object) -> bool:
    """True if an annotation says that there is an array, and nothing of its shape or dtype."""
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return Array in members


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function or a class, evaluated."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    has_code = isinstance(function, type | types.FunctionType | types.MethodType)
    target = function if has_code else type(function).__call__
    try:
        return typing.get_type_hints(target, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"the annotations of {where_defined(function)} cannot be evaluated ({error}); define "
            "what they name at the top of the module, or describe the arguments"
        ) from None


def recipe_of_hint(hint: object, domain: Domain) -> Recipe | None:
    """The recipe of an annotation, None if it says nothing of values."""
    if hasattr(hint, "dim_str") and hasattr(hint, "dtypes"):
        return Spec(parse(hint.dim_str), widest(hint.dtypes), domain)
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return annotated_recipe(options[0], options[1:], domain)
    if origin in (typing.Union, types.UnionType):
        return choice(options, domain)
    if origin is typing.Literal:
        return from_strategy(st.sampled_from(options))
    if origin is np.ndarray:
        return Spec(ANY_SHAPE, dtype_of_hint(options[1]), domain)
    if origin in (tuple, list, dict):
        return container_recipe(origin, options, domain)
    return class_recipe(hint, domain) if isinstance(hint, type) else simple_recipe(hint)


def simple_recipe(hint: object) -> Recipe | None:
    """The recipe of None, the one annotation that is neither a class nor generic."""
    return from_strategy(st.none()) if hint is None else None


def class_recipe(cls: type, domain: Domain) -> Recipe | None:
    """The recipe of a class: a number, an array, or a record of fields."""
    if cls is type(None):
        return from_strategy(st.none())
    if cls is bool:
        return from_strategy(st.booleans())
    if cls is int:
        return from_strategy(st.integers(1, 4))
    if cls in (float, complex):
        return from_strategy(numbers(cls, domain))
    if cls is np.ndarray:
        return Spec(ANY_SHAPE, np.dtype(np.float64), domain)
    if issubclass(cls, np.generic):
        return Spec((), dtype_of_hint(cls), domain)
    if dataclasses.is_dataclass(cls):
        fields = [f for f in dataclasses.fields(cls) if f.init]
        defaults = {f.name for f in fields if has_default(f)}
        return record_recipe(cls, [f.name for f in fields], defaults, domain)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return record_recipe(cls, cls._fields, set(getattr(cls, "_field_defaults", ())), domain)
    if typing.is_typeddict(cls):
        return record_recipe(cls, list(cls.__annotations__), set(), domain)
    return None


def has_default(field: dataclasses.Field[Any]) -> bool:
    """True if a field of a dataclass need not be given."""
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def record_recipe(
    cls: type, names: Sequence[str], defaults: set[str], domain: Domain
) -> Recipe | None:
    """The recipe of a class with annotated fields; the rest keep their defaults."""
    hints = hints_of(cls)
    recipes = {}
    for name in names:
        hint = hints.get(name, Any)
        if name in defaults and hint in (Any, int, bool, str):
            continue
        recipe = recipe_of_hint(hint, domain)
        if recipe is None and name not in defaults:
            raise TypeError(
                f"the field {name} of {cls.__name__} is annotated as {hint!r}, which says "
                "nothing of its values; describe the argument"
            )
        if recipe is not None:
            recipes[name] = recipe

    def record(draw: DrawFn, sizes: Sizes) -> Any:
        return cls(**{name: make(draw, sizes) for name, make in recipes.items()})

    return record


def annotated_recipe(base: object, notes: Sequence[Any], domain: Domain) -> Recipe | None:
    """The recipe of ``Annotated[base, ...]``: a spec or a strategy, or a domain and dimensions."""
    dims: str | None = None
    for note in notes:
        if isinstance(note, SearchStrategy):
            return from_strategy(note)
        if isinstance(note, Spec) and base in (float, complex):
            return from_strategy(numbers(base, note.domain))
        if isinstance(note, Spec):
            return note
        if isinstance(note, Domain):
            domain = note
        if isinstance(note, str) and dims is None:
            dims = note
    if base is int and isinstance(domain, WholeNumbers):
        return from_strategy(st.integers(domain.low, domain.high))
    recipe = recipe_of_hint(base, domain)
    return recipe if dims is None else with_dims(recipe, parse(dims))


def with_dims(recipe: Recipe | None, dims: tuple[Dimension, ...]) -> Recipe | None:
    """The recipe of an array with dimensions; others as they are."""
    return dataclasses.replace(recipe, dims=dims) if isinstance(recipe, Spec) else recipe


def container_recipe(origin: type, options: Sequence[Any], domain: Domain) -> Recipe | None:
    """The recipe of a generic tuple, list or dictionary."""
    repeated = origin is not tuple or options[-1] is Ellipsis
    items = [options[1]] if origin is dict else [options[0]] * len(KEYS) if repeated else options
    recipes = [recipe for recipe in (recipe_of_hint(item, domain) for item in items) if recipe]
    if len(recipes) < len(items):
        return None
    if origin is dict:
        return lambda draw, sizes: {key: recipes[0](draw, sizes) for key in KEYS}
    return lambda draw, sizes: origin(make(draw, sizes) for make in recipes)


def choice(options: Sequence[Any], domain: Domain) -> Recipe | None:
    """The recipe of a union: that of any of its members that say something of values."""
    found = [recipe_of_hint(option, domain) for option in options]
    recipes = [recipe for recipe in found if recipe is not None]
    if not recipes:
        return None
    return lambda draw, sizes: draw(st.sampled_from(recipes))(draw, sizes)


def from_strategy(strategy: SearchStrategy) -> Recipe:
    """The recipe of a strategy."""
    return lambda draw, sizes: draw(strategy)


def widest(allowed: object) -> np.dtype:
    """The dtype to take of those that jaxtyping's annotation allows: names and patterns."""
    if not isinstance(allowed, tuple | list):
        return np.dtype(np.float64)
    for name in WIDEST:
        for one in allowed:
            if one.match(name) if isinstance(one, re.Pattern) else one == name:
                return np.dtype(name)
    return np.dtype(allowed[0])


def dtype_of_hint(hint: object) -> np.dtype:
    """The dtype of a scalar type of NumPy, or of ``np.dtype[...]``; abstract ones by example."""
    if typing.get_origin(hint) is np.dtype:
        return dtype_of_hint(typing.get_args(hint)[0])
    if not (isinstance(hint, type) and issubclass(hint, np.generic)):
        return np.dtype(np.float64)
    for name in WIDEST:
        if issubclass(np.dtype(name).type, hint):
            return np.dtype(name)
    return np.dtype(hint)
