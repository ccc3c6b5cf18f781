"""What the standard for array libraries, version 2024.12, asks about a namespace."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import gpu_names
from ..context import current

_OF_KIND: dict[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
_OF_KIND["integral"] = _OF_KIND["signed integer"] + _OF_KIND["unsigned integer"]
_OF_KIND["numeric"] = (
    *_OF_KIND["integral"],
    *_OF_KIND["real floating"],
    *_OF_KIND["complex floating"],
)
_ALL = (*_OF_KIND["bool"], *_OF_KIND["numeric"])


class NamespaceInfo:
    """The answers of ``funcgrad.numpy.__array_namespace_info__()``.

    >>> NamespaceInfo().capabilities()["boolean indexing"]
    True
    """

    def capabilities(self) -> dict[str, Any]:
        """What works on plain arrays; under ``jit`` and ``vmap`` shapes cannot depend on data."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Any:
        """The device where new arrays are made."""
        return current().device or "cpu"

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype]:
        """The dtypes of new arrays for which none is given."""
        return {
            "real floating": np.dtype(np.float64),
            "complex floating": np.dtype(np.complex128),
            "integral": np.dtype(np.intp),
            "indexing": np.dtype(np.intp),
        }

    def dtypes(
        self, *, device: Any = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, np.dtype]:
        """The dtypes of some kinds, or of all, by their names in the standard.

        >>> list(NamespaceInfo().dtypes(kind="real floating"))
        ['float32', 'float64']
        """
        kinds = (kind,) if isinstance(kind, str) else kind
        for k in kinds or ():
            if k not in _OF_KIND:
                raise ValueError(f"unknown kind of dtypes {k!r}: use one of {', '.join(_OF_KIND)}")
        names = _ALL if kinds is None else [n for k in kinds for n in _OF_KIND[k]]
        return {name: np.dtype(name) for name in names}

    def devices(self) -> list[str]:
        """The devices by their names in funcgrad: the CPU, and GPUs if CuPy has been imported."""
        return ["cpu", *gpu_names()]
