"""Shapes: of one array, of arrays that broadcast together, of the operands of matmul."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from hypothesis.extra.numpy import BroadcastableShapes
from hypothesis.strategies import SearchStrategy


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> SearchStrategy[tuple[int, ...]]:
    """Shapes of arrays; they shrink to few dimensions and short sides.

    Args:
        min_dims: least number of dimensions.
        max_dims: greatest number of dimensions.
        min_side: least length of a dimension.
        max_side: greatest length of a dimension.

    Returns:
        A strategy.

    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: len(shape) == 2)
    (1, 1)
    """
    side = st.integers(min_side, max_side)
    return st.lists(side, min_size=min_dims, max_size=max_dims).map(tuple)


def broadcastable_shapes(
    n: int = 2, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> SearchStrategy[BroadcastableShapes]:
    """Shapes of n arrays that broadcast together, with the shape of the result.

    Args:
        n: number of shapes.
        min_dims: least number of dimensions of each.
        max_dims: greatest number of dimensions of each.
        min_side: least length of a dimension of the result.
        max_side: greatest length of a dimension.

    Returns:
        A strategy for pairs (input_shapes, result_shape), named tuples.

    >>> from hypothesis import find
    >>> import numpy as np
    >>> s = find(broadcastable_shapes(2), lambda s: s.input_shapes[0] != s.input_shapes[1])
    >>> s.result_shape == np.broadcast_shapes(*s.input_shapes)
    True
    """
    return hypothesis_numpy.mutually_broadcastable_shapes(
        num_shapes=n, min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def matmul_shapes(
    max_batch_dims: int = 2, min_side: int = 1, max_side: int = 4
) -> SearchStrategy[BroadcastableShapes]:
    """Shapes of two operands of matmul, with the shape of the product.

    Vectors, matrices and stacks of matrices whose leading dimensions broadcast.

    Args:
        max_batch_dims: greatest number of leading dimensions.
        min_side: least length of a dimension.
        max_side: greatest length of a dimension.

    Returns:
        A strategy for pairs (input_shapes, result_shape), named tuples.

    >>> from hypothesis import find
    >>> found = find(matmul_shapes(), lambda s: len(s.result_shape) == 2)
    >>> len(found.input_shapes), len(found.result_shape)
    (2, 2)
    """
    return hypothesis_numpy.mutually_broadcastable_shapes(
        signature="(m?,k),(k,n?)->(m?,n?)",
        max_dims=max_batch_dims,
        min_side=min_side,
        max_side=max_side,
    )
