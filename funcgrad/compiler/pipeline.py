"""The passes, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

from ..core.jaxpr import Jaxpr
from .passes.fold import fold_constants
from .passes.fuse import fuse_pairs
from .passes.inline import inline_calls
from .passes.prune import drop_dead_code
from .passes.schedule import schedule_early
from .passes.share import share_subexpressions
from .passes.simplify import simplify

Pass = Callable[[Jaxpr], Jaxpr]

PIPELINE: tuple[Pass, ...] = (
    inline_calls,
    drop_dead_code,
    fold_constants,
    simplify,
    share_subexpressions,
    drop_dead_code,
    fuse_pairs,
    schedule_early,
)


def optimize(jaxpr: Jaxpr) -> Jaxpr:
    """Run every pass once."""
    for run in PIPELINE:
        jaxpr = run(jaxpr)
    return jaxpr
