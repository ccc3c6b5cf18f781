"""Reading the state of an optimizer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from ..core.tracebacks import user_facing


def _children(node: Any) -> Iterator[tuple[Any, Any]]:
    """Names or indices, and what is there."""
    if isinstance(node, dict):
        yield from node.items()
    elif isinstance(node, tuple) and hasattr(node, "_fields"):
        yield from zip(node._fields, node, strict=True)
    elif isinstance(node, tuple | list):
        yield from enumerate(node)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        yield from ((f.name, getattr(node, f.name)) for f in dataclasses.fields(node))


def _walk(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for name, child in _children(node):
        yield (*path, name), child
        yield from _walk(child, (*path, name))


@user_facing
def tree_get(
    state: Any,
    key: Any,
    default: Any = None,
    filtering: Callable[[tuple[Any, ...], Any], bool] | None = None,
) -> Any:
    """Find a field by name anywhere in the state of an optimizer.

    Args:
        state: nested named tuples, dicts, tuples, lists and dataclasses.
        key: name of a field or of a dict's entry.
        default: what to return if there is none.
        filtering: function of the path (a tuple of names and indices) and of what is there that
            says which ones count.

    Returns:
        What was found. Of several the one that is nested least counts.

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
