"""Where layers by hand keep their parameters, and where they leave the gradients of these."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from .derivatives.leaves import has_tangent

PARAMETERS = ("params", "parameters", "_params", "weights_dict")
GRADIENTS = ("grads", "gradients", "_grads", "dparams", "grad")
CHILDREN = ("layers", "modules", "sublayers", "blocks")
PATTERNS = (
    "d{}",
    "d_{}",
    "{}_grad",
    "grad_{}",
    "{}_gradient",
    "gradient_{}",
    "grad{}",
    "g{}",
    "{}grad",
    "d{}s",
)
"""How attributes with the gradient of an attribute are named."""

VALUES = ("value", "data", "val", "w", "array")
"""How objects that hold a parameter and its gradient call the parameter."""

HELD_GRADIENTS = ("grad", "gradient", "g", "d", "diff")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a layer: its name, and how to get and set it and to get its gradient.

    Each takes a layer (or a copy of it) first. ``looked`` says where its gradient was looked for.
    """

    name: str
    get: Callable[[Any], Any]
    set: Callable[[Any, Any], None]
    gradient: Callable[[Any], Any]
    looked: str


def parameters_of(layer: Any) -> Iterator[Parameter]:
    """What may be the parameters of a layer, and of the layers inside of it."""
    seen: set[int] = set()
    for part in (*of_collections(layer), *of_attributes(layer), *of_children(layer)):
        value = part.get(layer)
        if has_tangent(value) and id(value) not in seen:
            seen.add(id(value))
            yield part


def read(layer: Any, attribute: str) -> Any:
    """An attribute, or what a method without arguments of that name returns; None if neither."""
    found = getattr(layer, attribute, None)
    if callable(found) and not isinstance(found, Mapping | Sequence):
        try:
            return found()
        except TypeError:
            return None
    return found


def of_collections(layer: Any) -> Iterator[Parameter]:
    """Parameters in a dictionary or a list, beside their gradients in another one."""
    for where in PARAMETERS:
        store = read(layer, where)
        if isinstance(store, Mapping) and store:
            yield from (in_store(where, key, str(key)) for key in store)
            return
        if isinstance(store, list | tuple) and store and not hasattr(store[0], "__dict__"):
            yield from (in_store(where, i, f"{where}[{i}]") for i in range(len(store)))
            return


def in_store(where: str, key: Any, name: str) -> Parameter:
    """A parameter under a key of a dictionary or a list."""

    def put(layer: Any, value: Any) -> None:
        store = read(layer, where)
        old = store[key]
        for attribute, held in list(vars(layer).items()):
            if held is old:  # the same array is an attribute, too
                setattr(layer, attribute, value)
        if isinstance(store, tuple):
            store = tuple(value if i == key else x for i, x in enumerate(store))
            setattr(layer, where, store)
        else:
            store[key] = value

    def gradient(layer: Any) -> Any:
        for other in GRADIENTS:
            grads = read(layer, other)
            if isinstance(grads, Mapping):
                for k in (key, *(p.format(key) for p in PATTERNS)):
                    if k in grads:
                        return grads[k]
            elif isinstance(grads, list | tuple) and isinstance(key, int) and key < len(grads):
                return grads[key]
        return attribute_gradient(layer, str(key))

    looked = ", ".join(f"{other}[{key!r}]" for other in GRADIENTS[:2])
    looked += ", " + ", ".join(p.format(key) for p in PATTERNS[:4])
    return Parameter(name, lambda layer: read(layer, where)[key], put, gradient, looked)


def attribute_gradient(layer: Any, name: str) -> Any:
    """The attribute that holds the gradient of another one; None if there is none."""
    bare = name.strip("_")
    for pattern in PATTERNS:
        for candidate in (pattern.format(name), pattern.format(bare), "_" + pattern.format(bare)):
            if candidate != name and has_tangent(getattr(layer, candidate, None)):
                return getattr(layer, candidate)
    for other in GRADIENTS:
        grads = read(layer, other)
        if isinstance(grads, Mapping):
            for key in (name, bare, *(p.format(bare) for p in PATTERNS)):
                if key in grads:
                    return grads[key]
    return None


def of_attributes(layer: Any) -> Iterator[Parameter]:
    """Attributes that are arrays, and objects that hold an array and its gradient."""
    for name, value in list(getattr(layer, "__dict__", {}).items()):
        if has_tangent(value) and not isinstance(value, float | complex):
            yield of_attribute(name)
            continue
        inner = getattr(value, "__dict__", {})
        held = next((v for v in VALUES if has_tangent(inner.get(v))), None)
        if held is not None and any(g in inner for g in HELD_GRADIENTS):
            yield of_holder(name, held)


def of_attribute(name: str) -> Parameter:
    """A parameter that is an attribute."""
    looked = ", ".join(p.format(name.strip("_")) for p in PATTERNS)
    return Parameter(
        name,
        lambda layer: getattr(layer, name),
        lambda layer, value: setattr(layer, name, value),
        lambda layer: attribute_gradient(layer, name),
        f"{looked}, grads[{name!r}]",
    )


def of_holder(name: str, held: str) -> Parameter:
    """A parameter in an object that holds its gradient, too."""

    def gradient(layer: Any) -> Any:
        holder = getattr(layer, name)
        found = (getattr(holder, g, None) for g in HELD_GRADIENTS)
        return next((g for g in found if has_tangent(g)), None)

    return Parameter(
        name,
        lambda layer: getattr(getattr(layer, name), held),
        lambda layer, value: setattr(getattr(layer, name), held, value),
        gradient,
        ", ".join(f"{name}.{g}" for g in HELD_GRADIENTS),
    )


def of_children(layer: Any) -> Iterator[Parameter]:
    """Parameters of the layers inside of a layer."""
    for where, inside in list(getattr(layer, "__dict__", {}).items()):
        if where in CHILDREN and isinstance(inside, list | tuple | Mapping):
            keys = list(inside) if isinstance(inside, Mapping) else range(len(inside))
            for key in keys:
                yield from below(f"{where}[{key!r}]", inside[key], partial(item, where, key))
        elif callable(getattr(inside, "backward", None)):
            yield from below(where, inside, attrgetter(where))


def item(where: str, key: Any, layer: Any) -> Any:
    """What is stored under a key of an attribute."""
    return getattr(layer, where)[key]


def below(name: str, child: Any, get: Callable[[Any], Any]) -> Iterator[Parameter]:
    """The parameters of a layer inside of another one."""
    return (inside(f"{name}.{part.name}", part, get) for part in parameters_of(child))


def inside(name: str, part: Parameter, get: Callable[[Any], Any]) -> Parameter:
    """A parameter of an inner layer as one of the outer layer."""
    return Parameter(
        name,
        lambda layer: part.get(get(layer)),
        lambda layer, value: part.set(get(layer), value),
        lambda layer: part.gradient(get(layer)),
        part.looked,
    )


def changed(part: Parameter, layer: Any, run: Callable[[Any], Any]) -> bool:
    """True if running a layer replaces what may be a parameter: then it is no parameter."""
    other = copy.deepcopy(layer)
    value = part.get(other)
    probe = np.array(value) * np.asarray(1.0009765625, np.asarray(value).dtype)
    part.set(other, probe)
    run(other)
    return not np.array_equal(np.asarray(part.get(other)), probe, equal_nan=True)
