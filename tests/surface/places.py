"""Calls of functions of positions and of bits."""

from __future__ import annotations

import numpy as np

from .arrays import COUNTS
from .checks import call

BYTES = np.array([[3, 255, 0], [128, 7, 64]], np.uint8)

TABLE = {
    "unravel_index": [
        call(COUNTS, (3, 4), _traced="all"),
        call(COUNTS, (2, 5), "F", _traced="all"),
        call(np.array([3, 0]), 7, _traced="all"),
    ],
    "ravel_multi_index": [
        call((COUNTS, COUNTS), (12, 11), mode="clip", _traced="all"),
        call((COUNTS, COUNTS), (3, 4), mode=("wrap", "clip"), order="F", _traced="all"),
    ],
    "packbits": [
        call(COUNTS > 4, _traced="all"),
        call(BYTES, axis=1, _traced="all"),
        call(BYTES, 0, "little", _traced="all"),
    ],
    "unpackbits": [
        call(BYTES, _traced="all"),
        call(BYTES, axis=1, count=11, _traced="all"),
        call(BYTES, axis=0, count=20, bitorder="little", _traced="all"),
    ],
}
