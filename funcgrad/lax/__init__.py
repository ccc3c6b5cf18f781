"""JAX's lax: structured control flow, and operators by their own names."""

from __future__ import annotations

from .control_flow import (
    associative_scan,
    cond,
    fori_loop,
    map,
    scan,
    select,
    switch,
    while_loop,
)
