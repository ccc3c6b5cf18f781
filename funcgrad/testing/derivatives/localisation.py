"""The operation inside a function that has a wrong derivative of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from ... import tree
from ...api.staging import make_jaxpr
from ...core.facts import OneTriangle
from ...core.source import Transposed, where_defined
from ...core.tracing import aval_of
from ...ops.families import Control
from ...ops.structural.stop import stop
from ...transforms.opened import record_inside, record_peeking
from ...transforms.recording import Operation
from ...typing import PyTree
from ..reports.report import Finding, GradientCheckError, InconclusiveCheckError, Report
from .functions import flatten_function
from .leaves import generator, has_tangent, host, same_values
from .orders import check_orders
from .reevaluated import reevaluated, without_stops
from .session import Session, in_brief

TURNS = 3
"""The number of turns of a loop that are looked at."""

LARGE = 10_000
"""Of operations with more numbers than that it is not said where they are wrong."""

MOST = 2_000
"""The number of different operations that are looked at."""

RIGHT_WITHOUT = "without it the derivative would be right"

NONE_FAILS = "none of the operations inside fails by itself"

TRIANGLE = "to a Hermitian matrix, but NumPy reads one triangle"

SECONDS = 15.0
"""The time for looking."""


def find_cause(session: Session, f: Callable[..., Any], finding: Finding) -> str | None:
    """The first operation of f whose derivative fails by itself, with the user's line.

    None if there is none, or if f does not let its operations be recorded.
    """
    if not finding.order:
        return None
    modes = tuple(dict.fromkeys(m for m in ("fwd", "rev", "lin") if repr(m) in finding.mode))
    leaves, spec = tree.flatten(session.args)
    places = [i for i, x in enumerate(leaves) if has_tangent(x)]

    def flat(*xs: PyTree) -> list[Any]:
        full = list(leaves)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return tree.leaves(f(*tree.unflatten(spec, full)))

    try:
        operations = record_peeking(flat, [leaves[i] for i in places], finding.function, TURNS)
        checked, stopped, end = 0, None, time.monotonic() + SECONDS
        if finding.order == 1 and is_all(operations, leaves, places):
            whole = replace(finding, diagnosis=None)
            return described(*innermost(session, operations[0], whole, 1, modes))
        for operation in different(operations):
            checked += 1
            if operation.primitive is stop:
                stopped = operation.source
            wrong = failure(session, operation, finding.order, modes)
            if wrong is not None:
                return described(*innermost(session, operation, wrong, finding.order, modes))
            if checked >= MOST or time.monotonic() > end:
                return f"not among the first {checked} operations inside; no more were checked"
    except Exception:  # what f cannot do while it is recorded says nothing about its derivative
        return None
    triangle = next((o for o in operations if isinstance(o.primitive.elements, OneTriangle)), None)
    if triangle:
        return (
            f"{triangle.primitive.name} at {triangle.source}: derivatives are those with respect "
            f"{TRIANGLE}; write (a + a.T) / 2 for a"
        )
    if stopped:
        if right_without_stops(session, flat, [leaves[i] for i in places], modes, finding.order):
            return f"stop_gradient at {stopped}: {RIGHT_WITHOUT}"
        return f"stop_gradient at {stopped}; no operation fails by itself"
    return NONE_FAILS if checked > 1 else None


def is_all(operations: Sequence[Operation], leaves: Sequence[Any], places: Sequence[int]) -> bool:
    """True if a function of many numbers is one rule of the user: then it is what is wrong."""
    if len(operations) != 1 or not has_rule(operations[0]):
        return False
    given = [leaves[i] for i in places]
    operands = operations[0].operands
    same = len(given) == len(operands) and all(map(same_values, given, operands))
    return same and sum(aval_of(x).size for x in given) > LARGE


def innermost(
    session: Session, operation: Operation, wrong: Finding, order: int, modes: tuple[str, ...]
) -> tuple[Operation, Finding]:
    """Of a wrong rule the wrong one that its function calls, if there is one, with its fault."""
    found = wrong_inside(session, operation, order, modes)
    return (operation, wrong) if found is None else found


def wrong_inside(
    session: Session, operation: Operation, order: int, modes: tuple[str, ...]
) -> tuple[Operation, Finding] | None:
    """The innermost wrong rule in the function of a rule; one of another mode is looked through."""
    if not has_rule(operation):
        return None
    try:
        inside = record_inside(operation, name_of(operation), TURNS)
    except Exception:  # what cannot be recorded is not looked into
        return None
    for inner in filter(has_rule, different(inside)):
        found = failure(session, inner, order, modes)
        deeper = wrong_inside(session, inner, order, modes)
        if deeper is not None or found is not None:
            return deeper or (inner, found)  # type: ignore[return-value]
    return None


def right_without_stops(
    session: Session, f: Callable[..., Any], point: list[Any], modes: tuple[str, ...], order: int
) -> bool:
    """True if the derivatives of a function are right where no gradient is stopped."""
    try:
        jaxpr = make_jaxpr(f)(*point)
        call = flatten_function(lambda *xs: reevaluated(jaxpr, xs, without_stops), tuple(point))
        alone = apart(session)
        alone.tolerances = session.tolerances
        check_orders(alone, call, modes, order, transformations=False, variations=False)
        alone.conclude()
    except Exception:  # of a function that cannot be staged, and of wrong derivatives
        return False
    return True


def apart(session: Session) -> Session:
    """A session for a check of something else, with a report of its own."""
    return replace(session, rng=generator(0), innocent=None, unsettled=None, report=Report())


def has_rule(operation: Operation) -> bool:
    """True for a function of the user with a derivative rule."""
    prim = operation.primitive
    return isinstance(prim, Control) and prim.open is not None and prim.user_rule


def none_fails(session: Session, cause: str | None) -> bool:
    """True if no operation inside is wrong by itself, though one is singular at the point."""
    found = cause is not None and (cause == NONE_FAILS or TRIANGLE in cause)
    return found and session.singular


def different(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Operations without repetitions of the same operator at the same shapes."""
    seen: set[Any] = set()
    for operation in operations:
        shapes = tuple((np.shape(x), aval_of(x).dtype) for x in operation.operands)
        key: Any = (operation.primitive, shapes, str(operation.params), operation.source)
        if key not in seen:
            seen.add(key)
            yield operation


def failure(
    session: Session, operation: Operation, order: int, modes: tuple[str, ...]
) -> Finding | None:
    """The fault of the derivative of one operation, if anything is."""
    prim = operation.primitive
    if prim.nondifferentiable or not any(map(has_tangent, operation.operands)):
        return None
    if not any(map(has_tangent, operation.outputs)):
        return None

    def call(*operands: PyTree) -> Any:
        return prim(*operands, **operation.params)

    call.__name__ = name_of(operation)
    if not all(map(finite, (*operation.operands, *operation.outputs))):
        session.singular = True
        return None
    alone = apart(session)
    try:
        flat = flatten_function(call, operation.operands)
        alone.tolerances = session.tolerances
        with in_brief() if sum(aval_of(x).size for x in flat.point) > LARGE else nullcontext():
            check_orders(
                alone,
                flat,
                modes,
                order,
                transformations=False,
                variations="rule" in operation.params,
            )
        alone.conclude()
    except InconclusiveCheckError:
        session.singular = True
        return None
    except GradientCheckError as error:
        return error.finding
    except Exception:  # an operation that cannot be tested alone cannot be blamed
        return None
    session.singular |= bool(alone.report.subgradients)
    return None


def finite(x: PyTree) -> bool:
    """True if a value has no infinite and no undefined numbers."""
    return not has_tangent(x) or bool(np.all(np.isfinite(host(x))))


def name_of(operation: Operation) -> str:
    """An operation in words: the operator, or the function that has a rule of its own."""
    rule = operation.params.get("rule")
    name = operation.primitive.name
    return name if rule is None else getattr(rule, "__name__", name)


def described(operation: Operation, finding: Finding) -> str:
    """One operation and what is wrong with it, in a sentence."""
    rule = operation.params.get("rule")
    source = operation.source
    what = f"the rule of {name_of(operation)}" if rule else f"the operator {name_of(operation)}"
    if rule is not None and where_defined(rule) != name_of(operation):
        what = f"the rule of {where_defined(rule)}"
    side = "the backward pass of " if isinstance(source, Transposed) else ""
    at = f" at {side}{source}" if source and not source.file.startswith("<frozen") else ""
    text = f"{what}{at}: {finding.check.split(': ', 1)[-1]}"
    shapes = ", ".join(str(aval_of(x)) for x in operation.operands)
    text += f"; operands {shapes}"
    return f"{text}; {finding.diagnosis}" if finding.diagnosis else text
