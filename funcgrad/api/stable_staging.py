"""Functions staged with their naive formulas replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..compiler.pipeline import as_staged
from ..compiler.stabilize import Rewrite
from ..transforms.staging import Formulas, as_written
from ..typing import PyTree
from .flat_function import Staged
from .staging import stage_call


def stage_stable(
    fun: Callable[..., PyTree],
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
    owner: str,
    stabilize: bool,
) -> tuple[Staged, tuple[Rewrite, ...]]:
    """A call staged with its naive formulas replaced, and what was replaced.

    Nothing is with ``stabilize=False``, nor inside of a function that is staged so.
    """
    stable = stabilize and not as_written()
    formulas = Formulas(as_staged if stable else None)
    staged = stage_call(fun, args, kwargs, owner, formulas)
    if not stable:
        return staged, ()
    jaxpr, found = as_staged(staged.jaxpr)
    return staged._replace(jaxpr=jaxpr), (*formulas.replaced, *found)
