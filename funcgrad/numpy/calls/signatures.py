"""Signatures of generalised ufuncs, such as ``(m,n),(n)->(m)``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from ...errors import ShapeError

Core: TypeAlias = tuple[str, ...]
"""The names, or sizes, of the core axes of one operand."""

_NAME = r"\w+"
_CORE = rf"\((?:{_NAME}(?:,{_NAME})*,?)?\)"
_CORES = rf"{_CORE}(?:,{_CORE})*"
_SIGNATURE = re.compile(rf"(?:{_CORES})?->{_CORES}")


def parsed(signature: str) -> tuple[list[Core], list[Core]]:
    """The core axes of the operands and of the results.

    Raises:
        ValueError: it is no signature.

    >>> parsed("(m,n),(n)->(m)")
    ([('m', 'n'), ('n',)], [('m',)])
    """
    text = re.sub(r"\s+", "", signature)
    if not _SIGNATURE.fullmatch(text):
        raise ValueError(
            f"vectorize: {signature!r} is no signature; it looks like '(m,n),(n)->(m)'"
        )
    sides = ([tuple(re.findall(_NAME, c)) for c in re.findall(_CORE, s)] for s in text.split("->"))
    operands, results = sides
    return operands, results


class CoreSizes:
    """The sizes of core axes by their names, as operands and results show them."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def see(self, core: Core, shape: Sequence[int], what: str) -> None:
        """Learn the sizes of one operand's core axes, or raise if they differ from others."""
        if len(shape) < len(core):
            raise ShapeError(
                f"vectorize: {what} of shape {tuple(shape)} needs the axes ({','.join(core)})"
            )
        for name, size in zip(core, shape[len(shape) - len(core) :], strict=True):
            known = int(name) if name.isdigit() else self.sizes.setdefault(name, size)
            if known != size:
                raise ShapeError(f"vectorize: {what} has {name}={size}, but {name} is {known}")
