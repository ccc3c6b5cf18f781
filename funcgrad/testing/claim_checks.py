"""check_claim: what somebody says of a derivative, against differences and laws."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.source import where_defined
from ..core.tracebacks import user_facing
from . import options
from .checks import check_jvp, check_vjp
from .claim_laws import check_law, compare, is_rounding, rounded_alike, sizes_of
from .claims import Claim, Law, Point, failed
from .conclusions import of_a_rule, verdict_of
from .derivatives.leaves import generator, host, random_leaf, widened
from .derivatives.sizes import cotangent_sizes
from .reports.report import GradientCheckError, InconclusiveCheckError, Report

SINGLE = 1e-2
"""How close, relative to its largest element, a derivative in single precision has to be to the
one in double precision of the same numbers."""

WELL = 1e-4
"""Values in single precision are taken for well conditioned if they are this close to double."""

WIDE_RTOL = 1e-5
"""The tolerance in double precision for functions that are used in single precision."""


@user_facing
def check_claim(
    claim: Claim,
    args: tuple[Any, ...],
    order: int = 1,
    modes: str | Sequence[str] = ("fwd", "rev"),
    *,
    argnums: int | Sequence[int] | None = None,
    raises: bool = True,
    **settings: Any,
) -> Report:
    """Check a claimed derivative against finite differences and its laws.

    The functions that make claims for other systems are in ``funcgrad.testing.adapters``. Of
    these, more is checked: that each gradient alone equals that of all together, that memory
    order and repeated calls make no difference, and single and double precision agree.

    Args:
        claim: the function and its derivatives.
        args: the point, a tuple; for claims of other systems also with their arrays.
        order: derivatives up to this order are checked; more than 1 needs a claim of a system.
        modes: 'fwd' (jvp), 'rev' (vjp), or both; what is not claimed is left out.
        argnums: position or positions of the arguments that are varied; None for all.
        raises: raise what was found to be wrong; otherwise it is only in the report.
        settings: ``atol``, ``rtol``, ``eps``, ``directions``, ``seed``, ``laws`` and ``tangents``
            of ``check_vjp``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: a derivative is wrong.

    >>> pair = Claim(np.sin, vjp=lambda x: (np.sin(x), lambda ct: (ct * np.cos(x),)))
    >>> print(check_claim(pair, (np.ones(2),)))
    7 checks passed
    """
    caller = "check_claim"
    args = options.arguments(args, caller)
    order = options.count(order, "order", caller)
    chosen = options.modes_option(modes, caller)
    if claim.vjp is None and claim.jvp is None:
        raise ValueError(f"check_claim: nothing is claimed of {where_defined(claim)}")
    point = claim.at(args) if claim.at else Point(claim, args)
    if argnums is not None:
        point = restricted(point, args, argnums, caller)
    if settings.get("tangents") is not None:
        settings["tangents"] = flat_tangents(settings["tangents"], point)
    report = Report(left_out=dict(point.left_out))
    try:
        check_point(point, report, order, chosen, settings)
    except GradientCheckError as error:
        if raises:
            raise
        report.finding, report.verdict = error.finding, verdict_of(error)
    return report


def flat_tangents(tangents: Any, point: Point) -> Any:
    """The option ``tangents`` for the flat arrays of a point, from that for its arguments."""
    if not point.inputs or not isinstance(tangents, tuple | list):
        return tangents
    numbers = [re.match(r"args\[(\d+)\]", name) for name in point.inputs]
    return tuple(None if n is None else tangents[int(n[1])] for n in numbers)


def restricted(
    point: Point, args: tuple[Any, ...], argnums: int | Sequence[int], caller: str
) -> Point:
    """A point where only the arguments that ``argnums`` names are varied."""
    nums = options.argnums_option(argnums, len(args), caller)
    if not point.inputs:
        return point.holding(nums)
    places = [
        i
        for i, name in enumerate(point.inputs)
        if any(
            name == f"args[{n}]" or name.startswith((f"args[{n}][", f"args[{n}].")) for n in nums
        )
    ]
    if not places:
        raise ValueError(f"{caller}: no argument that argnums={argnums!r} names is differentiable")
    return point.holding(places)


def check_point(
    point: Point, report: Report, order: int, modes: Sequence[str], settings: Mapping[str, Any]
) -> None:
    """Check what is claimed at a point, up to an order."""
    with naming(point):
        if point.unsupported is not None:  # a wrong vjp shows which argument is to blame
            modes = sorted(modes, reverse=True)
        checked = [mode for mode in modes if mode != "lin" and is_there(point, mode, report)]
        for mode in checked:
            check, derivative = CHECKS[mode], getattr(point.claim, NAMES[mode])
            with blaming(point, mode, settings), of_a_rule(sure=point.of_rule):
                merge(report, check(point.claim, derivative, point.args, **settings))
        rng = generator(settings.get("seed", 0))
        for law in point.laws if settings.get("laws", True) else ():
            check_law(point, law, report, rng)
        if point.unsupported is not None and settings.get("laws", True):
            for mode in checked:
                check_double(point, mode, report, settings)
                check_single(point, mode, report, rng)
    if not checked:
        reasons = "; ".join(report.left_out.values())
        raise ValueError(
            f"check_claim: {where_defined(point.claim)} has no derivative in the modes "
            f"{', '.join(modes)}: {reasons}"
        )
    if order > 1:
        check_next(point, report, order, modes, settings)


@contextmanager
def blaming(point: Point, mode: str, settings: Mapping[str, Any]) -> Iterator[None]:
    """A wrong jvp of several arguments: which of them it is wrong in, and what is wrong there."""
    try:
        yield
    except InconclusiveCheckError:
        raise
    except GradientCheckError as error:
        if mode != "fwd" or error.finding.diagnosis or len(point.args) < 2:
            raise
        for i in range(len(point.args)):
            alone = point.holding([i])
            assert alone.claim.jvp is not None
            try:
                check_jvp(alone.claim, alone.claim.jvp, alone.args, **settings)
            except GradientCheckError as part:
                words = part.finding.diagnosis or "it is wrong"
                text = f"in the tangent of args[{i}] alone: {words}"
                raise GradientCheckError(replace(error.finding, diagnosis=text)) from error
        raise


CHECKS: dict[str, Callable[..., Report]] = {"fwd": check_jvp, "rev": check_vjp}
NAMES = {"fwd": "jvp", "rev": "vjp"}


def merge(report: Report, found: Report) -> None:
    """Add what a report says to another one."""
    report.passed += [text for text in found.passed if text not in report.passed]
    report.subgradients += found.subgradients
    report.left_out.update(found.left_out)


@contextmanager
def naming(point: Point) -> Iterator[None]:
    """Errors with the user's names."""
    try:
        yield
    except GradientCheckError as error:
        named = point.named(error.finding)
        raise type(error)(named) from error.__cause__


def is_there(point: Point, mode: str, report: Report) -> bool:
    """True if there is a derivative in a mode; a rule that fails at all is found here."""
    derivative = getattr(point.claim, NAMES[mode])
    if derivative is None:
        return False
    if point.unsupported is None:
        return True
    outs = point.claim.value(*point.args)
    rng = generator(0)
    try:
        if mode == "rev":
            derivative(*point.args)[1]([random_leaf(rng, x) for x in outs])
        else:
            derivative(point.args, tuple(random_leaf(rng, x) for x in point.args))
    except GradientCheckError:
        raise
    except Exception as error:  # other systems, and rules in them, raise anything
        reason = point.unsupported(error)
        if reason is None:
            raise GradientCheckError(failed(point, mode, error)) from error
        report.left_out[f"mode {mode!r}"] = reason
        return False
    return True


def check_double(point: Point, mode: str, report: Report, settings: Mapping[str, Any]) -> None:
    """Check in double precision, too, what is used in single precision, where f lets itself be.

    Differences are much sharper there.
    """
    wide = tuple(widened(x) for x in point.args)
    if any(np.asarray(x).dtype.itemsize < 4 for x in point.args) or all(
        w is x for w, x in zip(wide, point.args, strict=True)
    ):
        return
    try:
        outs = point.claim.value(*wide)
    except Exception:  # a function may refuse double precision in any way it likes
        return
    if any(np.asarray(o).dtype not in (np.float64, np.complex128) for o in outs):
        return
    derivative = getattr(point.claim, NAMES[mode])
    given = {**settings, "directions": 1, "laws": False, "rtol": WIDE_RTOL}
    with naming_precision("float64"):
        try:
            CHECKS[mode](point.claim, derivative, wide, **given)
        except InconclusiveCheckError:
            return
    report.passed.append(f"the {NAMES[mode]} in double precision")


def check_single(point: Point, mode: str, report: Report, rng: np.random.Generator) -> None:
    """Compare the derivative in single precision with that in double, where f is tame in both."""
    kinds = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}
    if mode != "rev" or any(np.asarray(x).dtype not in kinds for x in point.args):
        return
    assert point.claim.vjp is not None
    narrow: tuple[Any, ...] = tuple(
        np.asarray(x).astype(kinds[np.asarray(x).dtype]) for x in point.args
    )
    wide = tuple(widened(x) for x in narrow)
    try:
        with np.errstate(all="ignore"):
            right, values = point.claim.value(*wide), point.claim.value(*narrow)
            if not all(tame(host(a), host(b)) for a, b in zip(right, values, strict=True)):
                return
    except Exception:  # a function may refuse single precision in any way it likes
        return
    cts = [random_leaf(rng, x) for x in values]
    law = Law(
        "the vjp in single precision",
        "the vjp in single precision differs from that in double precision",
        "the derivative is wrong for float32 only",
        lambda xs, rng: ([], [], []),
    )
    found = point.claim.vjp(*narrow)[1](cts)
    expected = point.claim.vjp(*wide)[1]([widened(c) for c in cts])
    names = [f"the cotangent of args[{i}]" for i in range(len(narrow))]
    sizes = sizes_of(point, values)
    given = rounded_alike(list(expected), list(found), narrow, cts, sizes)
    compare(point, law, list(expected), given, names, SINGLE)
    report.passed.append(law.name)


def tame(right: np.ndarray, single: np.ndarray) -> bool:
    """True if a value in single precision is a number, has that dtype, and is close to another."""
    size = float(np.max(np.abs(right), initial=0))
    gap = float(np.max(np.abs(single - right), initial=0))
    return single.dtype.itemsize < right.dtype.itemsize and np.isfinite(size) and gap <= WELL * size


@contextmanager
def naming_precision(name: str) -> Iterator[None]:
    """Errors that say that they are of another precision."""
    try:
        yield
    except GradientCheckError as error:
        title = f"{error.finding.check} (arguments as {name})"
        raise type(error)(replace(error.finding, check=title)) from error


def check_next(
    point: Point, report: Report, order: int, modes: Sequence[str], settings: Mapping[str, Any]
) -> None:
    """Check the derivative of the backward pass."""
    if point.second is None:
        report.left_out[f"order {order}"] = "the claim has no derivative of its derivative"
        return
    below = Report()
    try:
        following = point.second(generator(settings.get("seed", 0)))
        cts, values = following.args[len(point.args) :], point.claim.value(*point.args)
        sizes = cotangent_sizes(cts, sizes_of(point, values), point.args)
        following = replace(following, laws=(), of_rule=False, sizes=sizes)
        check_point(following, below, order - 1, modes, settings)
    except GradientCheckError as error:
        finding = error.finding
        if is_rounding(point, finding):
            report.rounding.append(f"order {order}: derivatives are as small as rounding errors")
            return
        text = f"right up to order {finding.order}, wrong at order {finding.order + 1}: the "
        text += "derivative of a derivative rule is wrong"
        if finding.diagnosis:
            text += f"; {finding.diagnosis.partition('rule is wrong; ')[2] or finding.diagnosis}"
        mode = f"{finding.mode} of 'rev'"
        found = replace(finding, order=finding.order + 1, mode=mode, diagnosis=text)
        raise type(error)(found) from error.__cause__
    except Exception as error:  # other systems, and rules in them, raise anything
        reason = point.unsupported(error) if point.unsupported else None
        if reason is None and "has no derivative in the modes" in str(error):
            reason = str(error).rpartition(": ")[2]
        if reason is None:
            raise
        report.left_out[f"order {order}"] = reason
        return
    report.passed += [f"{text} (of the vjp)" for text in below.passed]
    report.left_out.update({f"{k} (of the vjp)": v for k, v in below.left_out.items()})
