"""A wrong derivative of one argument as a linear map beside the right one, in words.

Rows belong to numbers of the outputs, or to cotangents, and columns to numbers of the argument.
What is said of one point may be chance: ``Explanation.key`` is what has to be found at others, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .holes import alike_outputs, diagonal_only, mixing
from .moves import moved, transposed_map
from .parts import RATIO, Explanation, Part
from .simple import chosen_few, exchanged, inverted, multiplied, signs, zeros
from .terms import by_factors, by_sums, partly


def explanations(part: Part) -> Iterator[Explanation]:
    """What the mistake of a part may be."""
    if not np.all(np.isfinite(part.found)) or not part.wrong:
        return
    constant = False
    for find in FINDERS:
        if constant and find in OF_ELEMENTS:
            continue
        for found in find(part):
            constant = constant or found.key.startswith(RATIO)
            yield found


FINDERS: Sequence[Callable[[Part], Iterator[Explanation]]] = (
    zeros,
    signs,
    exchanged,
    transposed_map,
    multiplied,
    moved,
    inverted,
    diagonal_only,
    chosen_few,
    mixing,
    alike_outputs,
    by_factors,
    by_sums,
    partly,
)

OF_ELEMENTS = (by_factors, by_sums, partly)
"""What need not be asked where the whole is multiplied by a number."""
