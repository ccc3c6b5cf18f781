"""Reading the state of an optimizer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ..core.tracebacks import user_facing
from ..typing import PyTree

Name: TypeAlias = "str | int"
"""A field of a named tuple or dataclass, a key of a dict, or an index."""


def _children(node: PyTree) -> Iterator[tuple[Name, PyTree]]:
    """The parts of a container, each with its name."""
    if isinstance(node, dict):
        yield from node.items()
    elif isinstance(node, tuple) and (fields := getattr(node, "_fields", ())):
        yield from zip(fields, node, strict=True)
    elif isinstance(node, tuple | list):
        yield from enumerate(node)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        yield from ((f.name, getattr(node, f.name)) for f in dataclasses.fields(node))


def _walk(node: PyTree, path: tuple[Name, ...]) -> Iterator[tuple[tuple[Name, ...], PyTree]]:
    for name, child in _children(node):
        yield (*path, name), child
        yield from _walk(child, (*path, name))


@user_facing
def tree_get(
    state: PyTree,
    key: Name,
    default: PyTree = None,
    filtering: Callable[[tuple[Name, ...], PyTree], bool] | None = None,
) -> PyTree:
    """Find a field by name anywhere in the state of an optimizer.

    Args:
        state: nested named tuples, dicts, tuples, lists and dataclasses.
        key: name of a field or of a dict's entry.
        default: the result if there is none.
        filtering: function of the path (a tuple of names and indices) and of what is there: True
            for those that count.

    Returns:
        The value of the field. Of several the one that is nested least counts.

    Raises:
        KeyError: several are nested equally.

    >>> from funcgrad import optim
    >>> tx = optim.chain(optim.clip(1.0), optim.adam(1e-3))
    >>> tree_get(tx.init(0.0), "learning_rate")
    np.float64(0.001)
    """
    found = [
        (path, x)
        for path, x in _walk(state, ())
        if path[-1] == key and (filtering is None or filtering(path, x))
    ]
    if not found:
        return default
    least = min(len(path) for path, _ in found)
    nearest = [(path, x) for path, x in found if len(path) == least]
    if len(nearest) > 1:
        places = "; ".join("/".join(map(str, path)) for path, _ in nearest)
        raise KeyError(
            f"tree_get: {key!r} is there {len(nearest)} times: {places}. "
            "Say with filtering=lambda path, x: ... which one is meant."
        )
    return nearest[0][1]
