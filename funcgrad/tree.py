"""Pytrees: nested containers of arrays. Built on optree, in the namespace ``funcgrad``."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .core import small_floats
from .core.deferred import Deferred
from .core.tracebacks import user_facing
from .equality import exact_key
from .errors import TreeError
from .typing import PyTree, PyTreeSpec

if TYPE_CHECKING:
    import dataclasses

    import optree
else:
    dataclasses = Deferred("dataclasses", globals())
    optree = Deferred("optree", globals(), lambda: _register_partial())

NAMESPACE = "funcgrad"

T = TypeVar("T")
IsLeaf: TypeAlias = Callable[[Any], bool]
"""Says which nodes are to count as leaves."""

_known_dataclasses: set[type] = set()


class _Metadata:
    """The structure of a registered class, equal only to what no program can tell from it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Metadata) and exact_key(self.value) == exact_key(other.value)

    def __hash__(self) -> int:
        return hash(exact_key(self.value))

    def __repr__(self) -> str:
        return repr(self.value)


class _StaticFields(_Metadata):
    """The structure of a dataclass: the values of its static fields. Its class gives the names."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        self.names = names
        self.value = values

    def __repr__(self) -> str:
        return repr(dict(zip(self.names, self.value, strict=True)))


@user_facing
def register_dataclass(cls: type) -> type:
    """Make the instances of a dataclass pytrees.

    Fields with ``metadata={"static": True}`` are structure.

    Dataclasses are also registered when they are first seen, so calling this is optional.

    Args:
        cls: a dataclass.

    Returns:
        cls, so that this works as a decorator.
    """
    if cls in _known_dataclasses:
        return cls
    fields = dataclasses.fields(cls)
    dynamic = tuple(f.name for f in fields if not f.metadata.get("static"))
    static = tuple(f.name for f in fields if f.metadata.get("static"))

    def to_children(obj: PyTree) -> tuple[list[PyTree], _StaticFields, tuple[str, ...]]:
        fixed = _StaticFields(static, tuple([getattr(obj, name) for name in static]))
        return [getattr(obj, name) for name in dynamic], fixed, dynamic

    def from_children(fixed: _StaticFields, children: Iterable[PyTree]) -> PyTree:
        obj: PyTree = object.__new__(cls)
        for name, value in zip(dynamic + static, (*children, *fixed.value), strict=True):
            object.__setattr__(obj, name, value)
        return obj

    optree.register_pytree_node(
        cls,
        to_children,
        from_children,  # type: ignore[arg-type]
        namespace=NAMESPACE,
        path_entry_type=optree.GetAttrEntry,
    )
    _known_dataclasses.add(cls)
    return cls


@user_facing
def register_node(
    cls: type,
    flatten_func: Callable[[Any], tuple[Iterable[PyTree], Hashable]],
    unflatten_func: Callable[[Any, Iterable[PyTree]], Any],
) -> type:
    """Make instances of a class pytrees.

    Args:
        cls: the class.
        flatten_func: from an object to (children, metadata); metadata is hashable.
        unflatten_func: from (metadata, children) to an object.

    Returns:
        cls.

    >>> class Pair:
    ...     def __init__(self, a, b): self.a, self.b = a, b
    >>> _ = register_node(Pair, lambda p: ((p.a, p.b), None), lambda _, ab: Pair(*ab))
    >>> leaves(Pair(1, 2))
    [1, 2]
    """

    def to_children(obj: PyTree) -> PyTree:
        found: tuple[Any, ...] = flatten_func(obj)  # children, metadata, and perhaps paths
        return (found[0], _Metadata(found[1]), *found[2:])

    def from_children(metadata: _Metadata, children: Iterable[PyTree]) -> PyTree:
        return unflatten_func(metadata.value, children)

    optree.register_pytree_node(cls, to_children, from_children, namespace=NAMESPACE)  # type: ignore[arg-type]
    return cls


@user_facing
def register_node_class(cls: type) -> type:
    """Make a class with methods ``tree_flatten`` and ``tree_unflatten`` a pytree; a decorator."""
    return register_node(cls, lambda obj: obj.tree_flatten(), cls.tree_unflatten)  # type: ignore[attr-defined]


def flatten(tree: PyTree, is_leaf: IsLeaf | None = None) -> tuple[list[Any], PyTreeSpec]:
    """Leaves and structure of a pytree. None has no leaves.

    >>> flatten({"b": [1, 2], "a": None})[0]
    [1, 2]
    """
    found, spec = optree.tree_flatten(tree, is_leaf, namespace=NAMESPACE)  # type: ignore[arg-type]
    unknown = [
        type(x)
        for x in found
        if hasattr(type(x), "__dataclass_fields__") and type(x) not in _known_dataclasses
    ]
    if not unknown:
        return found, spec
    for cls in unknown:
        register_dataclass(cls)
    return flatten(tree, is_leaf)


def unflatten(treedef: PyTreeSpec, leaves: Iterable[Any]) -> PyTree:
    """The pytree of a structure with given leaves.

    >>> unflatten(structure((0, [0])), [1, 2])
    (1, [2])
    """
    try:
        return optree.tree_unflatten(treedef, leaves)
    except AttributeError:
        if isinstance(treedef, optree.PyTreeSpec):
            raise
        raise TypeError(
            "tree.unflatten: treedef must be a structure, as tree.structure returns it; got "
            f"{treedef!r}"
        ) from None


def tuple_of(specs: Iterable[PyTreeSpec]) -> PyTreeSpec:
    """The structure of a tuple of pytrees of given structures."""
    return optree.treespec_tuple(specs, namespace=NAMESPACE)


class Stored:
    """The structure of a pytree in a form that can be pickled: a tree with numbers for leaves."""

    def __init__(self, treedef: PyTreeSpec) -> None:
        self.example: PyTree = unflatten(treedef, range(treedef.num_leaves))

    def structure(self) -> PyTreeSpec:
        """Return the structure."""
        return flatten(self.example)[1]


@user_facing
def leaves(tree: PyTree, is_leaf: IsLeaf | None = None) -> list[Any]:
    """The leaves of a pytree, in order.

    >>> leaves((1, {"x": 2}))
    [1, 2]
    """
    return flatten(tree, is_leaf)[0]


@user_facing
def structure(tree: PyTree, is_leaf: IsLeaf | None = None) -> PyTreeSpec:
    """The structure of a pytree: what is left when its leaves are taken out."""
    return flatten(tree, is_leaf)[1]


@user_facing
def map(
    f: Callable[..., PyTree], tree: PyTree, *rest: PyTree, is_leaf: IsLeaf | None = None
) -> PyTree:
    """Apply a function to the leaves of one or several pytrees of the same structure.

    Args:
        f: function of one leaf of each tree.
        tree: the pytree whose structure counts.
        rest: more pytrees; each must have the structure of ``tree`` or contain it.
        is_leaf: says which nodes are to count as leaves.

    Returns:
        The pytree of the results.

    Raises:
        TreeError: if the structures differ; names the path of the first difference.

    >>> map(lambda a, b: a + b, (1, [2]), (10, [20]))
    (11, [22])
    """
    first, spec = flatten(tree, is_leaf)
    columns = [first]
    for other in rest:
        columns.append(match_prefix(spec, other, "tree.map"))
    return unflatten(spec, [f(*xs) for xs in zip(*columns, strict=True)])


def exact_dict_keys(treedef: PyTreeSpec) -> Hashable:
    """The keys of a structure's dicts as ``exact_key`` tells them apart; None if all are strings.

    Structures with the keys 1, 1.0 and True compare equal.
    """
    found: list[Any] = []
    waiting = [treedef]
    while waiting:
        node = waiting.pop()
        children = node.children()
        if isinstance(node.type, type) and issubclass(node.type, dict):
            found.append(tuple(node.entries()))
        waiting += children
    if builtins.all(type(key) is str for keys in found for key in keys):
        return None
    return exact_key(tuple(found))


def is_builtin(treedef: PyTreeSpec) -> bool:
    """True if a structure consists of tuples, named ones too, lists, dicts and None alone."""
    kind = optree.PyTreeKind
    known = (kind.LEAF, kind.NONE, kind.TUPLE, kind.LIST, kind.DICT, kind.NAMEDTUPLE)
    return treedef.kind in known and builtins.all(is_builtin(child) for child in treedef.children())


def match_prefix(spec: PyTreeSpec, other: PyTree, what: str) -> list[Any]:
    """The subtrees of ``other`` at the leaves of ``spec``, or a TreeError with the path."""
    flatten(other)
    try:
        return spec.flatten_up_to(other)
    except ValueError as error:
        raise TreeError(f"{what}: {_mismatch(spec, other)}") from error


def _mismatch(spec: PyTreeSpec, other: PyTree) -> str:
    """The place where a pytree differs from a structure, in words."""
    paths = set(spec.paths())
    other_paths = set(paths_of(other))
    for path in sorted(paths, key=str):
        if path not in other_paths and not any(p[: len(path)] == path for p in other_paths):
            there = _short(structure(other))
            return f"the pytrees differ: {format_path(path)} is missing in {there}"
    for path in sorted(other_paths, key=str):
        if not any(path[: len(p)] == p for p in paths):
            wanted = _short(spec)
            return f"the pytrees differ: {format_path(path)} should not be there; expected {wanted}"
    return f"the pytrees differ: {_short(spec)} against {_short(structure(other))}"


def paths_of(tree: PyTree) -> list[tuple[Any, ...]]:
    """The paths of the leaves of a pytree."""
    return structure(tree).paths()


class LeafPath:
    """The path of a leaf for a message, found when it is printed: most are never needed."""

    __slots__ = ("index", "root", "whole")

    def __init__(self, whole: PyTree, index: int, root: str = "") -> None:
        self.whole: PyTree = whole
        self.index: int = index
        self.root: str = root

    def __str__(self) -> str:
        return format_path(paths_of(self.whole)[self.index], self.root)


class SpecPath(LeafPath):
    """The path of a leaf of a structure, which is nothing if the leaf is all there is."""

    __slots__ = ()

    def __str__(self) -> str:
        path = self.whole.paths()[self.index]
        return format_path(path, self.root) if path else ""


def format_path(path: tuple[Any, ...], root: str = "") -> str:
    """A path as it would be written in Python: ``['w'][0]``, ``.bias``."""
    entries = [f"[{entry!r}]" for entry in path]
    if len(entries) > 24:
        entries[12:-8] = [f" ... ({len(entries)} deep) ... "]
    return root + "".join(entries) or "the root"


def _short(spec: PyTreeSpec) -> str:
    """A structure for a message, cut where it is long."""
    text = str(spec)
    return text if len(text) <= 400 else f"{text[:300]} ... {text[-60:]}"


def leaves_with_path(tree: PyTree) -> list[tuple[tuple[Any, ...], Any]]:
    """Pairs of path and leaf.

    >>> leaves_with_path({"a": [5]})
    [(('a', 0), 5)]
    """
    found, spec = flatten(tree)
    return list(zip(spec.paths(), found, strict=True))


@user_facing
def map_with_path(f: Callable[..., PyTree], tree: PyTree, *rest: PyTree) -> PyTree:
    """Like ``map``, with the path of the leaf as first argument of ``f``.

    >>> map_with_path(lambda path, x: (path, x), [7])
    [((0,), 7)]
    """
    paths = iter(paths_of(tree))
    return map(lambda *xs: f(next(paths), *xs), tree, *rest)


@user_facing
def reduce(f: Callable[[Any, Any], T], tree: PyTree, *initial: T) -> T:
    """Combine the leaves from left to right.

    >>> reduce(lambda a, b: a + b, {"x": 1, "y": (2, 3)})
    6
    """
    return functools.reduce(f, leaves(tree), *initial)


@user_facing
def all(tree: PyTree) -> bool:
    """Return True if every leaf is true.

    >>> all((True, [True, False]))
    False
    """
    return builtins.all(leaves(tree))


@user_facing
def transpose(outer_treedef: PyTreeSpec, inner_treedef: PyTreeSpec, tree: PyTree) -> PyTree:
    """A tree of trees turned inside out.

    Args:
        outer_treedef: structure of ``tree`` above.
        inner_treedef: structure of each of its subtrees.
        tree: pytree of structure outer(inner).

    Returns:
        The pytree of structure inner(outer).

    >>> transpose(structure([0, 0]), structure((0, 0)), [(1, 2), (3, 4)])
    ([1, 3], [2, 4])
    """
    for what, treedef in (("outer_treedef", outer_treedef), ("inner_treedef", inner_treedef)):
        if not isinstance(treedef, optree.PyTreeSpec):
            raise TypeError(
                f"tree.transpose: {what} must be a structure, as tree.structure returns it; got "
                f"{treedef!r}"
            )
    rows = [
        match_prefix(inner_treedef, t, "tree.transpose")
        for t in match_prefix(outer_treedef, tree, "tree.transpose")
    ]
    return unflatten(
        inner_treedef,
        [unflatten(outer_treedef, column) for column in zip(*rows, strict=True)],
    )


class Partial(functools.partial[Any]):
    """A ``functools.partial`` that is a pytree, so that it passes through transformations.

    The function is structure; the arguments bound to it are children.

    >>> Partial(pow, 2)(3)
    8
    """


def _make_partial(func: Callable[..., Any], children: Iterable[Any]) -> Partial:
    args, keywords = children
    return Partial(func, *args, **keywords)


def _register_partial() -> None:
    register_node(Partial, lambda p: ((p.args, p.keywords), p.func), _make_partial)


small_floats.bind_trees(flatten, unflatten)
