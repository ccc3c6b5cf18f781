"""Batches of arrays, in an order that is a function of a key and the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import arrays, random, tree
from ..core.plain_arrays import check_plain
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..typing import Array, Key, PyTree


class Batches:
    """Arrays cut into batches along their leading axes, shuffled anew in each epoch.

    Args:
        arrays: pytree of arrays with equal leading axes, the examples.
        size: number of examples in a batch.
        key: key of the order; None keeps the order of the arrays.
        drop_last: leave out the last batch of an epoch if it is smaller than the others, by default
            if the order is shuffled, so that each batch has the same shape and others are left out
            in the next epoch.

    Raises:
        ShapeError: leading axes differ, or there are fewer examples than fill a batch.

    >>> b = Batches(np.arange(5), 2)
    >>> len(b), [x.tolist() for x in b]
    (3, [[0, 1], [2, 3], [4]])
    """

    def __init__(
        self, arrays: PyTree, size: int, *, key: Key | None = None, drop_last: bool | None = None
    ) -> None:
        sizes = {
            tree.format_path(p) or "the array": np.shape(x)[:1]
            for p, x in tree.leaves_with_path(arrays)
        }
        if not sizes or len(set(sizes.values())) > 1 or () in sizes.values():
            raise ShapeError(f"batches need arrays with equal leading axes; got {sizes}")
        if not isinstance(size, int | np.integer) or isinstance(size, bool):
            raise TypeError(f"batches: size must be an integer; got {size!r}")
        for path, x in tree.leaves_with_path(arrays):
            check_plain(x, f"batches: {tree.format_path(path) or 'the array'}")
        self.arrays: PyTree = arrays
        self.size: int = int(size)
        self.key: Key | None = key
        self.drop_last: bool = key is not None if drop_last is None else drop_last
        self.examples: int = next(iter(sizes.values()))[0]
        if self.size < 1 or len(self) == 0:
            raise ShapeError(f"batches of {size} cannot be made from {self.examples} examples")

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return self.examples // self.size if self.drop_last else -(-self.examples // self.size)

    def __iter__(self) -> Iterator[Any]:
        return self.epoch(0)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of an epoch, from the start-th on.

        Args:
            epoch: number of the epoch, which determines the order.
            start: number of the first batch.

        Returns:
            An iterator of pytrees like the arrays.
        """
        leaves, spec = tree.flatten(self.arrays)
        orders: Sequence[Array | None] = [None] * len(leaves)
        if self.key is not None:
            order = random.permutation(random.fold_in(self.key, epoch), self.examples)
            orders = _beside(leaves, order)
        for i in range(start, len(self)):
            part = slice(i * self.size, (i + 1) * self.size)
            batch = [_taken(x, o, part) for x, o in zip(leaves, orders, strict=True)]
            yield tree.unflatten(spec, batch)


def _device_number(x: Any) -> int | None:
    return x.device.id if arrays.is_gpu_array(x) else None


def _beside(leaves: Sequence[Any], order: Array) -> list[Array]:
    """The order of an epoch for each array where that is, copied once to each device."""
    copies = {_device_number(order): order}
    for x in leaves:
        if _device_number(x) not in copies:
            copies[_device_number(x)] = arrays.like(x, arrays.device_get(order))
    return [copies[_device_number(x)] for x in leaves]


def _taken(x: Any, order: Array | None, part: slice) -> Any:
    """The examples of one batch."""
    with arrays.current_on(x):
        return x[part if order is None else order[part]]


@user_facing
def evaluate(f: Callable[..., PyTree], *args: PyTree, batches: Iterable[PyTree]) -> PyTree:
    """Average a function over batches, each weighted by its number of examples.

    Args:
        f: function (*args, batch) to a number, array or pytree of them.
        *args: its first arguments, as parameters.
        batches: iterable of batches.

    Returns:
        The weighted average, of the structure of f's result.

    Raises:
        ValueError: there are no batches.

    >>> float(evaluate(lambda a, x: a * np.mean(x), 2.0, batches=Batches(np.arange(5.0), 2)))
    4.0
    """
    total, count = None, 0
    for batch in batches:
        n = example_count(batch)
        value = tree.map(lambda v, n=n: v * n, f(*args, batch))
        total = value if total is None else tree.map(lambda a, b: a + b, total, value)
        count += n
    if not count:
        raise ValueError("evaluate needs at least one batch")
    return tree.map(lambda v: v / count, total)


def example_count(batch: PyTree) -> int:
    """The leading size of the first array of a batch."""
    return next((x.shape[0] for x in tree.leaves(batch) if np.ndim(x)), 1)
