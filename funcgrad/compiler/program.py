"""The program of a jaxpr, made once per jaxpr."""
from __future__ import annotations
from collections.abc import Callable
from typing import Any
from ..core.jaxpr import Jaxpr, eval_jaxpr

def program(jaxpr: Jaxpr) -> Callable[..., Any]:
    return lambda *args: eval_jaxpr(jaxpr, jaxpr.consts, args)
def compiled(jaxpr: Jaxpr, donated: tuple[int, ...] = ()) -> Callable[..., Any]:
    return program(jaxpr)
