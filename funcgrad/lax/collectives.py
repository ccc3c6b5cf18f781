"""Collectives over a named vmap axis, or over several at once, with JAX's names.

The examples of several axes, given as a tuple of names, are numbered in row-major order.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

from .. import tree
from ..control import collectives as operators
from ..core.primitive import Primitive
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from ..errors import ShapeError
from ..ops.pointwise.comparison import select
from ..ops.reductions.reducing import reduce_max, reduce_min
from ..ops.shape import move_axis, reshape
from ..ops.structural.gather import gather
from ..typing import Array

T = TypeVar("T")

AxisNames: TypeAlias = Hashable | Sequence[Hashable]
"""The name of a mapped axis, or a tuple of several."""


def _names(axis_name: AxisNames) -> tuple[Hashable, ...]:
    return tuple(axis_name) if isinstance(axis_name, tuple | list) else (axis_name,)


def _check_groups(name: str, groups: object) -> None:
    """Raise unless all examples take part, as under ``vmap`` of JAX."""
    if groups is not None:
        raise TypeError(
            f"{name}: axis_index_groups must be None under vmap; make the groups an axis of their "
            f"own, by a vmap of a vmap, got {groups!r}"
        )


@user_facing
def psum(x: T, axis_name: AxisNames, *, axis_index_groups: None = None) -> T:
    """The sum over the examples of a named axis.

    Args:
        x: pytree of arrays, one value per example.
        axis_name: name given to vmap, or a tuple of names.
        axis_index_groups: must be None: all examples take part. So it is for the others below.

    Returns:
        The pytree of sums, the same for every example. ``psum(1, name)`` is the axis's size.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: x / psum(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    _check_groups("psum", axis_index_groups)

    def one(a: Array) -> Array:
        for name in _names(axis_name):
            if not isinstance(a, Tracer) and np.ndim(a) == 0:
                a = a * operators.axis_frame(name).size
            else:
                a = operators.psum_p(a, axis_name=name)
        return a

    return tree.map(one, x)


@user_facing
def pmean(x: T, axis_name: AxisNames, *, axis_index_groups: None = None) -> T:
    """The mean over the examples of a named axis.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: x - pmean(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """
    _check_groups("pmean", axis_index_groups)
    size = psum(1, axis_name)
    return tree.map(lambda a: a / size, psum(x, axis_name))


def _extremum(x: T, axis_name: AxisNames, prim: Primitive) -> T:
    def one(a: Array) -> Array:
        for name in _names(axis_name):
            a = prim(operators.all_gather_p(a, axis_name=name), axes=(0,))
        return a

    return tree.map(one, x)


@user_facing
def pmax(x: T, axis_name: AxisNames, *, axis_index_groups: None = None) -> T:
    """The maximum over the examples of a named axis; ties share the derivative.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: pmax(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([3., 3.])
    """
    _check_groups("pmax", axis_index_groups)
    return _extremum(x, axis_name, reduce_max)


@user_facing
def pmin(x: T, axis_name: AxisNames, *, axis_index_groups: None = None) -> T:
    """The minimum over the examples of a named axis; ties share the derivative.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: pmin(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([1., 1.])
    """
    _check_groups("pmin", axis_index_groups)
    return _extremum(x, axis_name, reduce_min)


def _merge(x: Array, axis: int) -> Array:
    """Two neighbouring axes as one."""
    shape = (*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :])
    return reshape(x, shape=shape)


def _divide(x: Array, axis: int, n: int) -> Array:
    """One axis as n blocks: two axes."""
    if x.shape[axis] % n:
        raise ShapeError(f"axis {axis} of size {x.shape[axis]} is not a multiple of {n} examples")
    shape = (*x.shape[:axis], n, x.shape[axis] // n, *x.shape[axis + 1 :])
    return reshape(x, shape=shape)


def _gathered(a: Array, axis_name: AxisNames) -> Array:
    """All values along a new axis 0; those of several named axes in row-major order."""
    names = _names(axis_name)
    for name in reversed(names):
        a = operators.all_gather_p(a, axis_name=name)
    for _ in names[1:]:
        a = _merge(a, 0)
    return a


def _split_names(a: Array, axis_name: AxisNames) -> Array:
    """Axis 0 as one axis per named axis."""
    return reshape(
        a, shape=(*(operators.axis_frame(n).size for n in _names(axis_name)), *a.shape[1:])
    )


@user_facing
def all_gather(
    x: T,
    axis_name: AxisNames,
    *,
    axis_index_groups: None = None,
    axis: int = 0,
    tiled: bool = False,
) -> T:
    """The values of all examples, stacked along a new axis (or joined along one, if tiled).

    >>> from funcgrad import vmap
    >>> vmap(lambda x: all_gather(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([[1., 3.],
           [1., 3.]])
    """
    _check_groups("all_gather", axis_index_groups)

    def one(a: Array) -> Array:
        out = _gathered(a, axis_name)
        k = axis % (len(out.shape) - (1 if tiled else 0))
        out = move_axis(out, 0, k)
        return _merge(out, k) if tiled else out

    return tree.map(one, x)


@user_facing
def psum_scatter(
    x: T,
    axis_name: AxisNames,
    *,
    scatter_dimension: int = 0,
    axis_index_groups: None = None,
    tiled: bool = False,
) -> T:
    """The sum over the examples, of which each example keeps its own part.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: psum_scatter(x, "i"), axis_name="i")(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    _check_groups("psum_scatter", axis_index_groups)

    def one(a: Array) -> Array:
        k = scatter_dimension % len(a.shape)
        n = axis_size(axis_name)
        a = _divide(a, k, n) if tiled else a
        if a.shape[k] != n:
            raise ShapeError(f"psum_scatter: axis {k} of shape {a.shape} must have size {n}")
        a = _split_names(move_axis(a, k, 0), axis_name)
        for name in _names(axis_name):
            a = operators.psum_scatter_p(a, axis_name=name)
        return a

    return tree.map(one, x)


@user_facing
def all_to_all(
    x: T,
    axis_name: AxisNames,
    split_axis: int,
    concat_axis: int,
    *,
    axis_index_groups: None = None,
    tiled: bool = False,
) -> T:
    """Example i sends part j of its value to example j, which joins what it gets.

    >>> from funcgrad import vmap
    >>> f = vmap(lambda x: all_to_all(x, "i", 0, 0), axis_name="i")
    >>> f(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """
    _check_groups("all_to_all", axis_index_groups)

    def one(a: Array) -> Array:
        n = axis_size(axis_name)
        a = _divide(a, split_axis, n) if tiled else a
        if a.shape[split_axis] != n:
            raise ShapeError(f"all_to_all: axis {split_axis} of shape {a.shape} must have size {n}")
        out = _split_names(move_axis(a, split_axis, 0), axis_name)
        for k, name in enumerate(_names(axis_name)):
            out = move_axis(operators.all_to_all_p(move_axis(out, k, 0), axis_name=name), 0, k)
        for _ in _names(axis_name)[1:]:
            out = _merge(out, 0)
        out = move_axis(out, 0, concat_axis)
        return _merge(out, concat_axis) if tiled else out

    return tree.map(one, x)


@user_facing
def ppermute(x: T, axis_name: AxisNames, perm: Sequence[tuple[int, int]]) -> T:
    """Send values between examples: pairs (source, destination); others get zero.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: ppermute(x, "i", [(0, 1), (1, 0)]), axis_name="i")(np.array([1.0, 3.0]))
    array([3., 1.])
    """
    pairs = tuple((int(s), int(d)) for s, d in perm)
    names = _names(axis_name)
    if len(names) == 1:
        return tree.map(lambda a: operators.ppermute_p(a, axis_name=names[0], perm=pairs), x)
    source, there = operators.sources_of(pairs, axis_size(names))
    here = axis_index(names)
    return tree.map(
        lambda a: select(gather(there, here), gather(_gathered(a, names), gather(source, here)), 0),
        x,
    )


@user_facing
def axis_index(axis_name: AxisNames) -> Array:
    """The number of the example along a named axis.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: x * axis_index("i"), axis_name="i")(np.array([5.0, 5.0]))
    array([0., 5.])
    """
    index: Any = 0
    for name in _names(axis_name):
        index = index * operators.axis_frame(name).size + operators.axis_index_of(name)
    return index


@user_facing
def axis_size(axis_name: AxisNames) -> int:
    """The number of examples along a named axis, or along several.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: x / axis_size("i"), axis_name="i")(np.array([2.0, 4.0]))
    array([1., 2.])
    """
    return math.prod(operators.axis_frame(name).size for name in _names(axis_name))


@user_facing
def pshuffle(x: T, axis_name: AxisNames, perm: Sequence[int]) -> T:
    """The values of the examples in another order: example i gets that of example perm[i].

    >>> from funcgrad import vmap
    >>> vmap(lambda x: pshuffle(x, "i", [1, 2, 0]), axis_name="i")(np.array([1.0, 3.0, 5.0]))
    array([3., 5., 1.])
    """
    order = [int(i) for i in perm]
    size = axis_size(axis_name)
    if sorted(order) != list(range(size)):
        raise ShapeError(f"pshuffle: perm {order} is no permutation of {size} examples")
    return ppermute(x, axis_name, [(source, place) for place, source in enumerate(order)])


@user_facing
def pswapaxes(x: T, axis_name: AxisNames, axis: int, *, axis_index_groups: None = None) -> T:
    """The named axis exchanged with an axis of the values, which has its size.

    >>> from funcgrad import vmap
    >>> f = vmap(lambda x: pswapaxes(x, "i", 0), axis_name="i")
    >>> f(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """
    _check_groups("pswapaxes", axis_index_groups)
    return all_to_all(x, axis_name, axis, axis)


@user_facing
def pbroadcast(x: T, axis_name: AxisNames, source: int) -> T:
    """The value of one example, for all of them.

    >>> from funcgrad import vmap
    >>> vmap(lambda x: pbroadcast(x, "i", 1), axis_name="i")(np.array([1.0, 3.0]))
    array([3., 3.])
    """
    size = axis_size(axis_name)
    if not 0 <= source < size:
        raise ShapeError(f"pbroadcast: there is no example {source} among {size}")
    return tree.map(lambda a: gather(_gathered(a, axis_name), np.int64(source)), x)
