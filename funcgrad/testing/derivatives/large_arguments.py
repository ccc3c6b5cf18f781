"""The likely mistake in a derivative with respect to many numbers: edits of the right one.

Jacobians are too large to be looked at; a few numbers that many things would explain are not there.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from .edits import Search
from .functions import Flat, Leaves
from .linear_programs import ForwardPass

WRONG = 1e-6
"""Relative to the largest number, what is less wrong than this is taken for right."""

SECONDS = 6.0


def edits_of_arguments(
    flat: Flat, outs: Leaves, claimed: Any, first: str, *, reverse: bool
) -> str | None:
    """What is claimed of one argument as an edit of the right derivative; None if nothing is.

    Args:
        flat: the function at the point.
        outs: its outputs.
        claimed: the derivative that is wrong, of cotangents or tangents.
        first: the path of the argument that is looked at first.
        reverse: whether it takes cotangents.
    """
    word = "cotangent" if reverse else "tangent"
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, text in _edits(flat, outs, claimed, first, reverse):
            alone = len(flat.in_paths) == 1 or (reverse and first.endswith(f"of {name}"))
            return text if alone else f"in the {word} of {name}: {text}"
    return None


def _edits(
    flat: Flat, outs: Leaves, claimed: Any, first: str, reverse: bool
) -> Iterator[tuple[str, str]]:
    end = time.monotonic() + SECONDS
    order = sorted(range(len(flat.point)), key=lambda i: not first.endswith(flat.in_paths[i]))
    for i in order:
        if aval_of(flat.point[i]).dtype.kind not in "fc" or time.monotonic() > end:
            continue
        search = Search.of(flat, outs, claimed, i, reverse=reverse)
        if search is None:
            return
        if _is_wrong(search, i):
            yield from ((flat.in_paths[i], text) for text, _ in search.matching(i))


def _is_wrong(search: Search, i: int) -> bool:
    whole: Sequence[Any] = search.right.right
    right = np.concatenate(whole) if isinstance(search.right, ForwardPass) else whole[i]
    given = np.concatenate(search.claimed)
    size = float(np.max(np.abs(right), initial=0.0))
    return bool(np.max(np.abs(right - given), initial=0.0) > WRONG * size)


__all__ = ["edits_of_arguments"]
