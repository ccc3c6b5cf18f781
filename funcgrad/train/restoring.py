"""From the entries of a file to a tree: compared with one that shows its structure, then made."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import arrays
from ..errors import FileError
from ..typing import Array, PyTree
from .entries import Entry, Node, Path, Plain, Tensor, leaf_of, opened, where

UNKNOWN: Any = object()
"""A tree of which nothing is known: it may be any part of a tree to compare with."""


class Restored:
    """A plan that makes the tree of an entry, with ``like`` as a tree of the same structure.

    Everything is compared before an array is read.

    Attributes:
        likes: by the names of tensors, the arrays that they are to resemble.
    """

    def __init__(
        self, file: str, entry: Entry, like: PyTree, shapes: dict[str, tuple[int, ...]]
    ) -> None:
        self._file, self._shapes = file, shapes
        self.likes: dict[str, Any] = {}
        self._make = self._plan(entry, like, ())

    def tensor(self, entry: Tensor, x: np.ndarray) -> Array:
        """The leaf for an array that was read."""
        like = self.likes[entry.name]
        if arrays.is_gpu_array(like):
            return arrays.device_put(x, like.device)
        if entry.kind == "scalar":
            return x[()]
        return x.byteswap(inplace=True).view(x.dtype.newbyteorder()) if entry.swapped else x

    def value(self, leaves: dict[str, Array]) -> PyTree:
        """The tree, with its leaves by the names of tensors."""
        return self._make(leaves)

    def _plan(self, entry: Entry, like: PyTree, path: Path) -> Callable[[dict[str, Array]], PyTree]:
        if isinstance(entry, Node):
            return self._node(entry, like, path)
        if like is not UNKNOWN:
            self._check_leaf(entry, like, path)
        if isinstance(entry, Plain):
            value = entry.value
            return lambda leaves: value
        name = entry.name
        self.likes[name] = like
        return lambda leaves: leaves[name]

    def _node(self, entry: Node, like: PyTree, path: Path) -> Callable[[dict[str, Array]], PyTree]:
        keys = entry.keys if entry.keys is not None else tuple(range(len(entry.children)))
        if like is UNKNOWN:
            likes = [UNKNOWN] * len(keys)
            order: Sequence[int] = range(len(keys))
            make = self._own_class(entry, path)
        else:
            likes, order, make = self._like_node(entry, like, path)
        plans = []
        for key, child, child_like in zip(keys, entry.children, likes, strict=True):
            plans.append(self._plan(child, child_like, (*path, key)))

        def made(leaves: dict[str, Array]) -> PyTree:
            children = []
            for plan in plans:
                children.append(plan(leaves))
            return make([children[i] for i in order])

        return made

    def _own_class(self, entry: Node, path: Path) -> Callable[[list[PyTree]], PyTree]:
        """The function that makes a node without an example: never code that only a file names.

        Built-in containers and the named tuples of funcgrad are made, the latter if their module is
        imported already.
        """
        kind, keys = entry.kind, entry.keys
        if kind == "dict":
            return lambda children: dict(zip(keys or (), children, strict=True))
        if kind == "list":
            return list
        if kind == "tuple":
            return tuple
        if kind == "collections:OrderedDict" and keys is not None:
            return lambda children: OrderedDict(zip(keys, children, strict=True))
        module, _, name = kind.partition(":")
        if module.startswith("funcgrad."):
            cls = vars(sys.modules.get(module, object)).get(name)
            if isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields"):
                if len(entry.children) != len(cls._fields) or keys not in (None, cls._fields):
                    raise FileError(
                        f"{self._file} holds a {kind} at {where(path)} whose fields are not "
                        f"{list(cls._fields)}"
                    )
                return lambda children: cls(*children)
        raise FileError(
            f"{self._file} holds a {kind[:200]} at {where(path)}, which load makes only with "
            "like=, a tree of the same structure"
        )

    def _like_node(
        self, entry: Node, like: PyTree, path: Path
    ) -> tuple[list[PyTree], Sequence[int], Callable[[list[PyTree]], PyTree]]:
        """Children to compare with, the order in which they are wanted, and what makes the node."""
        node, at = opened(like), where(path)
        if node is None or node.kind != entry.kind:
            found = node or leaf_of(like, path, "load: like")
            raise FileError(
                f"{self._file}: at {at} there is a {entry.kind}; like has a {found.kind}"
            )
        if entry.keys is None or node.keys is None:  # files had no keys but those of dicts once
            if len(entry.children) != len(node.children):
                raise FileError(
                    f"{self._file}: the {entry.kind} at {at} has {len(entry.children)} elements; "
                    f"like has {len(node.children)}"
                )
            return node.children, range(len(node.children)), node.make
        if set(entry.keys) != set(node.keys):
            raise FileError(
                f"{self._file}: the {entry.kind} at {at} has the keys {list(entry.keys)}; like "
                f"has {list(node.keys)}"
            )
        given = dict(zip(node.keys, node.children, strict=True))
        likes = [given[key] for key in entry.keys]
        if entry.kind == "dict":  # in the order of the file
            return likes, range(len(likes)), self._own_class(entry, path)
        places = {key: i for i, key in enumerate(entry.keys)}
        return likes, [places[key] for key in node.keys], node.make

    def _check_leaf(self, entry: Plain | Tensor, like: PyTree, path: Path) -> None:
        at, node = where(path), opened(like)
        found = node or leaf_of(like, path, "load: like")
        if isinstance(entry, Tensor) and isinstance(found, Tensor):
            shape = self._shapes[entry.name]
            if (shape, entry.dtype) != (np.shape(like), found.dtype):
                raise FileError(
                    f"{self._file}: the array at {at} is {entry.dtype}{list(shape)}; like has "
                    f"{found.dtype}{list(np.shape(like))}"
                )
        elif found.kind != entry.kind:
            raise FileError(
                f"{self._file}: at {at} there is a {entry.kind}; like has a {found.kind}"
            )
