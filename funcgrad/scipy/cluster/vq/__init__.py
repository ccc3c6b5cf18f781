"""Vector quantization.

>>> import numpy as np
>>> vq(np.array([[0.0, 1.0], [4.0, 4.0]]), np.array([[0.0, 0.0], [4.0, 5.0]]))
(array([0, 1], dtype=int32), array([1., 1.]))
"""

from __future__ import annotations

import numpy as np

from ....core.tracebacks import user_facing
from ....errors import ShapeError
from ....numpy.protocol import as_operand
from ....typing import Array, ArrayLike
from ...spatial.distance import cdist

__all__ = ["vq"]


@user_facing
def vq(obs: ArrayLike, code_book: ArrayLike, check_finite: bool = True) -> tuple[Array, Array]:
    """The nearest code of each observation.

    Args:
        obs: matrix whose rows are observations, or a vector of numbers.
        code_book: matrix whose rows are codes, or a vector of numbers.
        check_finite: ignored.

    Returns:
        (codes, distances): the number of the nearest code of each observation, and how far away
        it is.

    >>> vq(np.array([1.0, 4.5]), np.array([0.0, 4.0]))
    (array([0, 1], dtype=int32), array([1. , 0.5]))
    """
    x, codes = as_operand(obs), as_operand(code_book)
    if len(x.shape) != len(codes.shape) or len(x.shape) not in (1, 2):
        raise ShapeError(
            f"vq: obs and code_book must be matrices, or both vectors; got shapes "
            f"{tuple(x.shape)} and {tuple(codes.shape)}"
        )
    if len(x.shape) == 1:
        x, codes = x[:, None], codes[:, None]
    distances = cdist(x, codes)
    return np.argmin(distances, axis=1).astype(np.int32), np.min(distances, axis=1)
