"""Modules that are imported when something of them is first used."""

from __future__ import annotations

import importlib
from _thread import RLock
from collections.abc import Callable
from typing import Any


class Deferred:
    """Stands for a module under a global name, its last, and gives way to it at the first use.

    ``then`` is called once, after the import and before anything of the module is handed out.
    A module of funcgrad's is imported for type checkers as well, so that tests see who needs it.
    """

    def __init__(
        self, name: str, namespace: dict[str, Any], then: Callable[[], None] | None = None
    ) -> None:
        self._name: str = name
        self._namespace: dict[str, Any] = namespace
        self._then: Callable[[], None] | None = then
        self._lock = RLock()

    def __getattr__(self, attribute: str) -> Any:
        module = importlib.import_module(self._name)
        with self._lock:
            then, self._then = self._then, None
            if then is not None:
                then()
            self._namespace[self._name.rpartition(".")[2]] = module
        return getattr(module, attribute)
