"""The names, parameters and dtypes of the real CuPy, as ``describe_cupy.py`` found them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

API: dict[str, Any] = json.loads(Path(__file__).with_name("_api.json").read_text())
VERSION: str = API["version"]

Parameters = Sequence[tuple[str, int, bool]] | None
"""[name, kind, has a default] each; None where introspection could not tell."""


def argument_check(name: str, parameters: Parameters) -> Callable[..., None]:
    """A function that raises TypeError for arguments that the real function does not take."""
    if parameters is None:
        return lambda args, kwargs: None
    signature = inspect.Signature(
        [
            inspect.Parameter(
                parameter,
                inspect._ParameterKind(kind),
                default=None if has_default else inspect.Parameter.empty,
            )
            for parameter, kind, has_default in parameters
        ]
    )

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}() {error} (CuPy {VERSION})") from None

    return check
