"""The passes, in the order in which they run: on what is staged, and on what is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.jaxpr import Jaxpr
from .passes.alike import merge_rows
from .passes.at_once import steps_at_once
from .passes.diagonals import multiply_with_diagonals
from .passes.fold import fold_constants
from .passes.fuse import fuse_pairs
from .passes.identities import drop_identities
from .passes.inline import inline_calls
from .passes.invariants import hoist_invariants
from .passes.joins import join_parts
from .passes.loops import trim_scans
from .passes.prune import drop_dead_code
from .passes.recompute import recompute_rows
from .passes.reshapes import find_reshapes
from .passes.schedule import schedule_early
from .passes.share import share_subexpressions
from .passes.simplify import simplify
from .passes.small_floats import widen_small_floats
from .passes.systems import factorize_once
from .passes.updates import find_updates
from .stabilize import Rewrite, stabilize_jaxpr

Pass = Callable[[Jaxpr], Jaxpr]

AS_STAGED: tuple[Callable[[Jaxpr], tuple[Jaxpr, tuple[Rewrite, ...]]], ...] = (stabilize_jaxpr,)
"""Run on a function that is staged by jit, and on those inside of it before they are
differentiated: a derivative no longer has the formulas that a pass would recognise."""


_ITSELF: Any = object()
"""Stands for a jaxpr in its own cache: a cycle would keep its constants alive."""


def trim_loops(jaxpr: Jaxpr) -> Jaxpr:
    """Scans do not compute what nothing reads: see ``passes.loops``."""
    return trim_scans(jaxpr, optimized)


def merge_alike(jaxpr: Jaxpr) -> Jaxpr:
    """Scans take and stack nothing twice: see ``passes.alike``."""
    return merge_rows(jaxpr, optimized)


def hoist_constants(jaxpr: Jaxpr) -> Jaxpr:
    """Loops do not compute what is the same in every turn: see ``passes.invariants``."""
    return hoist_invariants(jaxpr, optimized)


def compute_at_once(jaxpr: Jaxpr) -> Jaxpr:
    """Scans leave to larger products what needs no order: see ``passes.at_once``."""
    return steps_at_once(jaxpr, optimized)


def keep_fewer_rows(jaxpr: Jaxpr) -> Jaxpr:
    """Loops keep less for others: see ``passes.recompute``."""
    found = recompute_rows(jaxpr, optimized)
    return found if found is jaxpr else trim_loops(found)


PIPELINE: tuple[Pass, ...] = (
    inline_calls,
    widen_small_floats,
    drop_dead_code,
    fold_constants,
    drop_identities,
    find_reshapes,
    simplify,
    share_subexpressions,
    merge_alike,
    trim_loops,
    hoist_constants,
    share_subexpressions,
    multiply_with_diagonals,
    factorize_once,
    join_parts,
    find_updates,
    drop_dead_code,
    keep_fewer_rows,
    compute_at_once,
    fuse_pairs,
    schedule_early,
)


def as_staged(jaxpr: Jaxpr) -> tuple[Jaxpr, tuple[Rewrite, ...]]:
    """Run every pass for what has just been staged; returns also what was rewritten."""
    rewrites: tuple[Rewrite, ...] = ()
    for run in AS_STAGED:
        jaxpr, found = run(jaxpr)
        rewrites += found
    return jaxpr, rewrites


def optimize(jaxpr: Jaxpr) -> Jaxpr:
    """Run every pass for what is compiled."""
    for run in PIPELINE:
        jaxpr = run(jaxpr)
    return jaxpr


def optimized(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr after all passes, made once."""
    found = jaxpr.cache.get("optimized")
    if found is None:
        found = jaxpr.cache["optimized"] = optimize(jaxpr)
        found.cache["optimized"] = _ITSELF
    return jaxpr if found is _ITSELF else found
