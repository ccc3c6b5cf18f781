"""Matrices as users give them: dense, sparse, or as an operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.source import where_defined
from ..typing import PyTree


@dataclass(frozen=True)
class Matrix:
    """A matrix by its products; ``stored`` is the pattern of a sparse one."""

    shape: tuple[int, int]
    product: Callable[[np.ndarray], np.ndarray]
    product_transposed: Callable[[np.ndarray], np.ndarray] | None
    stored: np.ndarray | None = None
    whole: np.ndarray | None = None

    @property
    def times_exact(self) -> bool:
        """True if the two products are there independently of each other."""
        return self.product_transposed is not None

    def times(self, t: np.ndarray) -> np.ndarray:
        """The product with a vector."""
        return np.asarray(self.product(t), float).reshape(-1)

    def transposed(self, ct: np.ndarray) -> np.ndarray:
        """The product of the transpose with a vector."""
        if self.product_transposed is None:
            return self.dense().T @ ct
        return np.asarray(self.product_transposed(ct), float).reshape(-1)

    def dense(self) -> np.ndarray:
        """All elements."""
        if self.whole is not None:
            return self.whole
        columns = [self.times(unit) for unit in np.eye(self.shape[1])]
        return np.stack(columns, axis=1) if columns else np.zeros(self.shape)

    def in_pattern(self, wrong: np.ndarray) -> str | None:
        """What is to say of wrong elements that a sparse matrix does not store."""
        if self.stored is None:
            return None
        missing = int(np.sum(wrong & ~self.stored))
        if not missing:
            return None
        which = "of the wrong elements is" if missing == 1 else "of the wrong elements are"
        return f"{missing} {which} not stored: the sparsity pattern is too small"


def matrix_of(found: Any, shape: tuple[int, int], maker: Any, caller: str) -> Matrix:
    """What a user's function returned as a Matrix of a shape, or an error that shows both."""
    rows, columns = shape
    if callable(getattr(found, "toarray", None)):
        check_shape(found.shape, shape, maker, caller)
        whole = np.asarray(found.toarray(), float) if columns * rows <= 1_000_000 else None
        pattern = None
        if whole is not None:
            stored = found.tocoo()
            pattern = np.zeros(shape, bool)
            pattern[stored.row, stored.col] = True
        turned = found.T
        return Matrix(shape, lambda t: found @ t, lambda ct: turned @ ct, pattern, whole)
    if callable(getattr(found, "matvec", None)):
        check_shape(found.shape, shape, maker, caller)
        try:
            found.rmatvec(np.zeros(rows))
        except NotImplementedError:
            return Matrix(shape, found.matvec, None)
        return Matrix(shape, found.matvec, found.rmatvec)
    dense = np.asarray(found)
    if dense.dtype.kind not in "fiub":
        raise TypeError(
            f"{caller}: {where_defined(maker)} must return a real matrix, got "
            f"{type(found).__name__} of dtype {dense.dtype}"
        )
    if dense.ndim != 2 and dense.size == rows * columns:
        dense = dense.reshape(shape)
    check_shape(dense.shape, shape, maker, caller)
    dense = dense.astype(float)
    return Matrix(shape, lambda t: dense @ t, lambda ct: dense.T @ ct, None, dense)


def check_shape(found: PyTree, shape: tuple[int, int], maker: Any, caller: str) -> None:
    """Raise unless a matrix has its shape."""
    if tuple(found) == shape:
        return
    turned = "; is it transposed?" if tuple(found) == shape[::-1] else ""
    raise ValueError(
        f"{caller}: {where_defined(maker)} returned a matrix of shape {tuple(found)}, expected "
        f"{shape}: a row for each output and a column for each input{turned}"
    )
