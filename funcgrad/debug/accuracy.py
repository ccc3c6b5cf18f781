"""accuracy: how many digits of a result are right, and which operations lost the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..api.jit import Jitted
from ..api.stabilize import stabilize
from ..core.primitive import Primitive
from ..core.source import Transposed
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of, owner_name
from ..transforms.opened import Recording, Turn
from ..transforms.recording import Operation
from ..typing import Array, PyTree
from .precise import DoubleDoubles, Evaluation, Multiprecision, Numbers, evaluate
from .precise.numbers import Precise
from .precise.operations import inexact, rounded
from .recorded_calls import on_host, place_of, recorded_call
from .uncertain import SHAKES, Uncertain

SHOWN = 10
"""The number of operations that a printed report lists."""

WORTH = 1.0
"""Losses below this many digits are not printed."""


class Row(NamedTuple):
    """The effect of an operation on the digits of its result.

    Attributes:
        operator: its name.
        lost: digits that it loses by itself, on operands that are right to their last digit:
            by rounding, and because its result depends on digits that they do not have.
        digits: right digits of its result, with everything that was lost before.
        full: digits that its dtype has: 15.95 for float64, 7.22 for float32.
        element: the index of the element that is worst.
        source: the user's line.
        backward: whether it belongs to a backward pass.
        turns: the turns of loops it was in.
        rewrite: what ``stabilize`` would replace the formula by that ends in this line, or "".
    """

    operator: str
    lost: float
    digits: float
    full: float
    element: tuple[int, ...]
    source: Any
    backward: bool
    turns: tuple[Turn, ...]
    rewrite: str

    def __str__(self) -> str:
        text = f"{self.lost:6.1f} {self.digits:6.1f}  {self.operator}"
        side = "the backward pass of " if self.backward else ""
        text += f" at {side}{self.source}" if self.source else ""
        text += f", element {list(self.element)}" if self.element else ""
        text += f", in {', '.join(map(str, self.turns))}" if self.turns else ""
        return text + (f"; stabilize: {self.rewrite}" if self.rewrite else "")


class AccuracyReport:
    """The right digits of a result, and the operations that lost the others.

    Attributes:
        digits: right digits of the worst element of the result.
        full: digits that its dtype has.
        rows: a ``Row`` per operator and line of the program, the worst first.
        notes: what could not be evaluated more precisely.
    """

    def __init__(
        self, title: str, digits: float, full: float, rows: list[Row], notes: list[str]
    ) -> None:
        self.title = title
        self.digits = digits
        self.full = full
        self.rows = rows
        self.notes = notes

    def __repr__(self) -> str:
        lines = [self.title]
        worth = [r for r in self.rows if r.lost >= WORTH]
        if worth:
            lines.append("  lost  right")
        lines += map(str, worth[:SHOWN])
        if len(worth) > SHOWN:
            lines.append(f"  and {len(worth) - SHOWN} more lose a digit or more")
        if not worth:
            lines.append("no operation loses a digit")
        lines += self.notes
        lines.append(f"{self.digits:.1f} of {self.full:.1f} digits of the result are right")
        return "\n".join(lines)


class Accuracy(NamedTuple):
    """Right digits of an array: of its worst element, of those of its dtype, and which it is."""

    digits: float
    full: float
    element: tuple[int, ...]


def right_digits(numbers: Numbers[Any], computed: Array, precise: Precise) -> Accuracy:
    """Compare a computed array with a precise one, in units of the computed one's dtype."""
    computed = np.asarray(computed)
    dtype = computed.dtype
    full = float(-np.log10(np.finfo(dtype).eps / 2))
    if not computed.size:
        return Accuracy(full, full, ())
    wide = np.complex128 if dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        same = (computed == numbers.nearest(precise, dtype)) | (
            np.isnan(computed) & np.isnan(numbers.nearest(precise, wide))
        )
        difference = numbers.total([*numbers.terms(precise), -computed.astype(wide)])
        error = np.abs(numbers.nearest(difference, wide)) / np.abs(numbers.nearest(precise, wide))
        error = np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))
        digits = np.clip(-np.log10(error), 0.0, full) + 0.0
    worst = int(np.argmin(digits))
    index = tuple(int(i) for i in np.unravel_index(worst, computed.shape))
    return Accuracy(float(digits.flat[worst]), full, index)


def as_operand(computed: PyTree, nearest: Array) -> Any:
    """A value of the kind that the program has had: a Python number where it had one."""
    return type(computed)(nearest) if type(computed) in (float, complex) else nearest


def alone(
    numbers: Numbers[Any], operation: Operation, operands: list[Any], exact: Evaluation
) -> Any:
    """The results of an operation on operands that are precise but for their last rounding."""
    given = [
        as_operand(x, rounded(numbers, x, p, aval_of(x).dtype))
        for x, p in zip(operation.operands, operands, strict=True)
    ]
    if all(np.array_equal(a, b) for a, b in zip(given, operation.operands, strict=True)):
        return operation.outputs
    try:
        with np.errstate(all="ignore"):
            found = operation.primitive.compute(tuple(given), operation.params)
    except ArithmeticError:  # Python's numbers raise where NumPy's are infinite
        return operation.outputs
    return found if operation.primitive.multiple else (found,)


def follow(
    numbers: Numbers[Any], recording: Recording
) -> tuple[list[Row], dict[Operation, list[Any]], set[Primitive]]:
    """Evaluate all operations; their rows, their precise results, and those that have none."""
    known: dict[Operation, list[Any]] = {}
    rows: list[Row] = []
    unknown: set[Primitive] = set()
    for operation in recording.operations:
        operands = [
            known[origin[0]][origin[1]] if origin else numbers.lift(x) if inexact(x) else x
            for x, origin in zip(operation.operands, operation.origins, strict=True)
        ]
        found = evaluate(numbers, operation, operands)
        known[operation] = found.outs
        if not any(map(inexact, operation.outputs)):
            continue
        if not found.exact:
            unknown.add(operation.primitive)
        lonely = alone(numbers, operation, operands, found)
        for computed, own, precise in zip(operation.outputs, lonely, found.outs, strict=True):
            if inexact(computed):
                rows.append(row_of(numbers, operation, computed, own, precise, recording))
    return rows, known, unknown


def row_of(
    numbers: Numbers[Any],
    operation: Operation,
    computed: Array,
    own: Array,
    precise: Precise,
    r: Recording,
) -> Row:
    """The row of one result of an operation."""
    together = right_digits(numbers, computed, precise)
    by_itself = right_digits(numbers, own, precise)
    source = operation.source
    return Row(
        operation.primitive.name,
        by_itself.full - by_itself.digits,
        together.digits,
        together.full,
        by_itself.element,
        source,
        isinstance(source, Transposed),
        r.turns.get(operation, ()),
        "",
    )


def digits_decided(
    numbers: Numbers[Any],
    recording: Recording,
    uncertain: Uncertain,
    known: dict[Operation, list[Any]],
    like: Accuracy,
) -> Accuracy:
    """The digits of the result that stay as they are if uncertain numbers have other last digits.

    Where all stay, ``like``, for want of a worse one.
    """
    worst = Accuracy(like.full, like.full, like.element)
    for seed in range(SHAKES if uncertain else 0):
        shaken = uncertain.shaken(numbers, seed)
        for x, at in zip(recording.outs, recording.origins, strict=True):
            if at is None or not inexact(x):
                continue
            before, after = known[at[0]][at[1]], shaken[at[0]][at[1]]
            moved = numbers.nearest(after, aval_of(x).dtype)
            found = right_digits(numbers, moved, before)
            worst = min(worst, found, key=lambda r: r.digits - r.full)
    return worst


def worst_rows(rows: Iterable[Row]) -> list[Row]:
    """The worst row of every operator and line, the worst first."""
    found: dict[Any, Row] = {}
    for row in rows:
        key = (row.operator, place_of(row.source), row.backward)
        if key not in found or row.lost > found[key].lost:
            found[key] = row
    return sorted(found.values(), key=lambda r: -r.lost)


def rewrites_by_line(fun: Callable[..., Any], args: PyTree, kwargs: PyTree) -> dict[Any, str]:
    """Formulas that ``stabilize`` would replace, by file and line; none if f cannot be staged."""
    try:
        found = stabilize(fun).report(*args, **kwargs).rewrites
    except Exception:  # functions that need the values of their arguments are judged all the same
        return {}
    return {place_of(r.source): r.name for r in found if r.source}


def note_of(primitive: Primitive) -> str:
    """A line for an operator that could not be evaluated more precisely, and why if it is known."""
    text = f"not evaluated with more digits than float64: {primitive.name}"
    why = getattr(primitive.elements, "why", "")
    return f"{text} ({why})" if why else text


@user_facing
def accuracy(
    fun: Callable[..., Any], *, precision: str = "double-double", digits: int | None = None
) -> Callable[..., AccuracyReport]:
    """A function that reports how many digits of the result of ``fun`` are right.

    Every operation is carried out as always, and beside it with more digits, on operands that are
    right: so the error of its result is known, and which part of it the operation has made itself.
    Arguments are taken as exact, and the program's decisions (branches, order of elements, rounding
    to integers, numbers drawn at random) as they are; constants with many digits, and functions
    that are known to float64 only, as right to their last digit: where that decides few digits
    of the result, as with a recurrence that is not stable, no more are right. Loops, branches,
    derivatives and jitted functions are looked into; the operations of a jitted function are those
    of the program as it is written, but the digits are those of what it returns.

    Operators without a form in double-double arithmetic, such as ``erf``, are evaluated by mpmath
    if it is installed. Where neither has one (``svd``, ``qr``, ``eigh`` and a few more), float64 on
    precise operands stands for the precise result, and the report says so. The range of
    double-double numbers is that of float64: only ``precision="mpmath"`` sees overflow.

    Args:
        fun: function of arrays, numbers or pytrees of them; ``grad(f)`` shows a backward pass.
        precision: "double-double" (31 digits), or "mpmath".
        digits: of mpmath's numbers; 50 if not given.

    Returns:
        A function of the same arguments that returns a report with ``digits``, ``full``, ``rows``
        and ``notes``; printed, it lists the operations that lose most.

    Raises:
        ImportError: mpmath is asked for and not installed.
        TypeError: the result has no real or complex leaf.

    >>> f = accuracy(lambda x: (1 - np.cos(x)) / x**2)
    >>> f(1e-8).digits
    0.0
    >>> f(1.0).digits > 15
    True
    """
    if precision not in ("double-double", "mpmath"):
        raise ValueError(f"accuracy: precision is {precision!r}, not 'double-double' or 'mpmath'")
    if digits is not None and precision != "mpmath":
        raise ValueError("accuracy: digits can be chosen with precision='mpmath' only")
    numbers: Numbers[Any] = (
        Multiprecision(digits or 50) if precision == "mpmath" else DoubleDoubles()
    )
    owner = owner_name("accuracy", fun)

    @user_facing
    def report(*args: PyTree, **kwargs: PyTree) -> AccuracyReport:
        call = recorded_call(fun, args, kwargs, owner)
        rows, known, unknown = follow(numbers, call.recording)
        returned = call.recording.outs
        if isinstance(fun, Jitted):
            returned = [on_host(x) for x in tree.leaves(fun(*args, **kwargs))]
        results = [
            right_digits(numbers, x, numbers.lift(x) if at is None else known[at[0]][at[1]])
            for x, at in zip(returned, call.recording.origins, strict=True)
            if inexact(x)
        ]
        if not results:
            raise TypeError(f"{owner}: the result has no real or complex array to judge")
        worst = min(results, key=lambda r: r.digits - r.full)
        uncertain = Uncertain(call.recording, call.args, unknown)
        decided = digits_decided(numbers, call.recording, uncertain, known, worst)
        everything = Uncertain(call.recording, [], unknown)
        if_rounded = digits_decided(numbers, call.recording, everything, known, worst)
        hints = rewrites_by_line(fun, args, kwargs)
        named = [
            r._replace(rewrite=hints.get(place_of(r.source), "") if r.lost >= WORTH else "")
            for r in worst_rows(rows)
        ]
        notes = sorted(map(note_of, unknown))
        if decided.digits < worst.full - WORTH:
            notes.append(
                f"{uncertain} count as right to their last digit: that decides no more than "
                f"{decided.digits:.1f} digits of the result"
            )
            worst = min(worst, decided, key=lambda r: r.digits)
        if if_rounded.digits < decided.digits - WORTH:
            notes.append(
                f"arguments count as exact; if they are rounded, {if_rounded.digits:.1f} digits of "
                "the result are decided"
            )
        if not all(np.isfinite(x).all() for x in returned if inexact(x)):
            notes.append("the result is not finite: debug.explain_nan says where that comes from")
        title = f"{owner}, beside {precision} numbers of {numbers.digits} digits"
        return AccuracyReport(title, worst.digits, worst.full, named, notes)

    return report
