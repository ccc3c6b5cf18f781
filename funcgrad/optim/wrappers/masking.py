"""Different transformations for different leaves: by masks, labels, and patterns of paths."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import optree

from ... import tree
from ...core.tracebacks import user_facing
from ...typing import PyTree, PyTreeSpec
from ..transformation import (
    GradientTransformation,
    make_transformation,
    set_to_zero,
    with_extra_args_support,
)
from ..typing import Mask

T = TypeVar("T")


class MaskedNode(NamedTuple):
    """Stands in a tree in place of a leaf that is left out. It has no leaves."""


class MaskedState(NamedTuple):
    """The state of the masked transformation."""

    inner_state: PyTree


class MultiTransformState(NamedTuple):
    """The states of the transformations, by label."""

    inner_states: dict[str, PyTree]


def _text_paths(params: PyTree) -> list[str]:
    """The paths of leaves, like ``layers/0/w``; of named tuples with the names of fields."""
    tree.flatten(params)
    accessors = optree.tree_accessors(params, namespace=tree.NAMESPACE)  # type: ignore[arg-type]
    return ["/".join(str(getattr(e, "field", e.entry)) for e in accessor) for accessor in accessors]


@user_facing
def by_path(patterns: Mapping[str, T]) -> Callable[[PyTree], PyTree]:
    """Labels or masks of parameters, chosen by patterns of their paths.

    The path of a leaf is made of keys, indices and names of fields, like ``layers/0/w``. In a
    pattern ``*`` stands for anything, slashes too, ``?`` for one character, ``[ab]`` for one of
    some.

    Args:
        patterns: from pattern to label. The first pattern that fits a path counts.

    Returns:
        A function from parameters to the pytree of labels. It raises ValueError for a path that no
        pattern fits.

    >>> by_path({"*/b": "slow", "*": "fast"})({"head": {"w": 1.0, "b": 2.0}})
    {'head': {'w': 'fast', 'b': 'slow'}}
    """
    known = dict(patterns)

    def choose(path: str) -> T:
        for pattern, label in known.items():
            if fnmatch.fnmatchcase(path, pattern):
                return label
        raise ValueError(
            f"by_path: no pattern fits the path {path!r}; there are {', '.join(map(repr, known))}. "
            "Add '*' as the last one for all others."
        )

    def labels(params: PyTree) -> PyTree:
        found = [choose(path) for path in _text_paths(params)]
        return tree.unflatten(tree.structure(params), found)

    return labels


def _for_each_leaf(prefix: PyTree, full: PyTree, what: str) -> list[PyTree]:
    """For each leaf of a tree, the leaf of a prefix of it that stands above it."""
    values, spec = tree.flatten(prefix)
    subtrees = tree.match_prefix(spec, full, what)
    return [v for v, sub in zip(values, subtrees, strict=True) for _ in tree.leaves(sub)]


def _masked(full: PyTree, kept: list[bool], name: str, spec: PyTreeSpec) -> PyTree:
    """A tree with MaskedNode in place of the leaves that are left out."""
    parts = tree.match_prefix(spec, full, name)
    chosen = [x if k else MaskedNode() for x, k in zip(parts, kept, strict=True)]
    return tree.unflatten(spec, chosen)


@user_facing
def masked(inner: GradientTransformation, mask: Mask) -> GradientTransformation:
    """Transform some leaves and pass the others on as they are.

    Args:
        inner: the transformation. It sees trees without the leaves that are left out.
        mask: pytree of booleans with the structure of the parameters or of an upper part of it,
            or a function that gives one for parameters (or updates).

    >>> from funcgrad import optim
    >>> tx = masked(optim.scale(2.0), {"w": True, "b": False})
    >>> tx.update({"w": 1.0, "b": 1.0}, tx.init({"w": 0.0, "b": 0.0}))[0]
    {'w': np.float64(2.0), 'b': 1.0}
    """
    inner = with_extra_args_support(inner, "masked")

    def kept_of(params: PyTree) -> list[bool]:
        kept = _for_each_leaf(mask(params) if callable(mask) else mask, params, "masked, the mask")
        for k in kept:
            if not isinstance(k, bool | np.bool_):
                raise TypeError(f"masked: a mask is made of True and False; got {k!r}")
        return kept

    def init_masked(params: PyTree) -> MaskedState:
        kept = kept_of(params)
        return MaskedState(inner.init(_masked(params, kept, "masked", tree.structure(params))))

    def update_masked(
        updates: PyTree, state: MaskedState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, MaskedState]:
        # None in updates is a leaf that has no gradient, so parameters tell where leaves are.
        base = updates if params is None else params
        spec, kept = tree.structure(base), kept_of(base)
        given = tree.match_prefix(spec, updates, "masked, updates")
        part = None if params is None else _masked(params, kept, "masked", spec)
        new, inner_state = inner.update(
            _masked(updates, kept, "masked", spec), state.inner_state, part, **extra
        )
        changed = tree.match_prefix(spec, new, "masked")
        outs = [c if k else g for c, g, k in zip(changed, given, kept, strict=True)]
        return tree.unflatten(spec, outs), MaskedState(inner_state)

    return make_transformation(init_masked, update_masked, MaskedState)


@user_facing
def freeze(mask: Mask) -> GradientTransformation:
    """Keep some parameters as they are; to be the last of a chain.

    Args:
        mask: as of ``masked``; True where updates become zeros.

    >>> tx = freeze({"w": True, "b": False})
    >>> tx.update({"w": 1.0, "b": 1.0}, tx.init({"w": 0.0, "b": 0.0}))[0]
    {'w': np.float64(0.0), 'b': 1.0}
    """
    return masked(set_to_zero(), mask)


def _checked_labels(prefix: PyTree, params: PyTree, known: Collection[str]) -> list[str]:
    """The label of each leaf, after checking that there is a transformation for it."""
    labels = _for_each_leaf(prefix, params, "multi_transform, the labels")
    for label, path in zip(labels, tree.paths_of(params), strict=True):
        if label not in known:
            raise ValueError(
                f"multi_transform: the parameter at {tree.format_path(path)} has the label "
                f"{label!r}; there are transformations for {', '.join(map(repr, known))}"
            )
    return labels


@user_facing
def multi_transform(
    transforms: Mapping[str, GradientTransformation],
    param_labels: PyTree | Callable[[PyTree], PyTree] = None,
) -> GradientTransformation:
    """Transform each leaf with one of several transformations.

    Args:
        transforms: transformations by label.
        param_labels: pytree of labels with the structure of the parameters or of an upper part of
            it, or a function that gives one for parameters. None: the keys of transforms are
            patterns of paths as in ``by_path``, and the first that fits counts.

    Returns:
        The transformation. Its state has the states of all transformations, by label.

    Raises:
        ValueError: (when parameters are seen) a label that is not in transforms.

    >>> from funcgrad import optim
    >>> tx = multi_transform({"*b": optim.set_to_zero(), "*": optim.sgd(0.5)})
    >>> params = {"w": 1.0, "b": 1.0}
    >>> tx.update(params, tx.init(params))[0]
    {'w': np.float64(-0.5), 'b': np.float64(0.0)}
    """
    known = {
        label: with_extra_args_support(tx, "multi_transform") for label, tx in transforms.items()
    }
    chosen = by_path({label: label for label in known}) if param_labels is None else param_labels

    def labels_of(params: PyTree) -> list[str]:
        return _checked_labels(chosen(params) if callable(chosen) else chosen, params, known)

    def init_partition(params: PyTree) -> MultiTransformState:
        labels, spec = labels_of(params), tree.structure(params)
        states = {}
        for label, tx in known.items():
            own = _masked(params, [name == label for name in labels], "multi_transform", spec)
            states[label] = MaskedState(tx.init(own))
        return MultiTransformState(states)

    def update_partition(
        updates: PyTree, state: MultiTransformState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, MultiTransformState]:
        base = updates if params is None else params
        labels, spec = labels_of(base), tree.structure(base)
        outs = tree.match_prefix(spec, updates, "multi_transform, updates")
        states = {}
        for label, tx in known.items():
            kept = [name == label for name in labels]
            own = None if params is None else _masked(params, kept, "multi_transform", spec)
            part = _masked(updates, kept, "multi_transform", spec)
            new, inner = tx.update(part, state.inner_states[label].inner_state, own, **extra)
            states[label] = MaskedState(inner)
            changed = tree.match_prefix(spec, new, "multi_transform")
            outs = [c if k else u for c, u, k in zip(changed, outs, kept, strict=True)]
        return tree.unflatten(spec, outs), MultiTransformState(states)

    return make_transformation(init_partition, update_partition, MultiTransformState)
