"""Laws of claimed derivatives: two ways to the same numbers, and how these round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.dtypes import finfo
from ..core.source import where_defined
from .claims import Law, Point, failed
from .derivatives.leaves import entry_scales, finite_max, host
from .derivatives.sizes import OF_NOTHING, cotangent_sizes
from .derivatives.staged import Leaves
from .derivatives.tolerances import Tolerances
from .reports.report import Finding, GradientCheckError, Report, worst_finding

TERMS = 4
"""Rounding errors that the terms of a derivative may have."""

UNDERFLOW = 16
"""So many times the smallest normal number may be lost where it is passed on the way."""


ROUNDED = 4096
"""Rounding errors of terms of first derivatives that second ones may consist of."""


def check_law(point: Point, law: Law, report: Report, rng: np.random.Generator) -> None:
    """Raise unless two ways to the same numbers agree."""
    try:
        expected, found, names = law.sides(list(point.args), rng)
    except GradientCheckError:
        raise
    except Exception as error:  # other systems, and rules in them, raise anything
        reason = point.unsupported(error) if point.unsupported else None
        if reason is None and law.optional:
            reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:100]}"
        if reason is None:
            finding = failed(point, "rev", error)
            about = f"{law.title}: it raises an error"
            raise GradientCheckError(
                replace(finding, check=about, diagnosis=finding.diagnosis or law.diagnosis)
            ) from error
        report.left_out[law.name] = reason
        return
    try:
        compare(point, law, expected, found, names)
    except GradientCheckError as error:
        if not is_rounding(point, error.finding):
            raise
    report.passed.append(law.name)


def compare(
    point: Point, law: Law, expected: Leaves, found: Leaves, names: Sequence[str], rtol: float = 0.0
) -> None:
    """Raise unless two lists of arrays agree up to rounding, or to ``rtol``."""
    if not expected:
        return
    tolerances = Tolerances([*point.args, *expected])
    right, given = [host(x) for x in expected], [host(x) for x in found]
    for name, e, f in zip(names, right, given, strict=True):
        if e.shape != f.shape:
            raise GradientCheckError(
                replace(
                    failed(point, "rev", ValueError(f"shape {f.shape}, expected {e.shape}")),
                    path=name,
                    check=law.title,
                    diagnosis=law.diagnosis,
                )
            )
    overall = max([float(np.max(np.abs(e[np.isfinite(e)]), initial=0)) for e in right])
    limits = [tolerances.of_law(e, 1e-3 * overall) for e in right]
    if rtol:
        limits = [np.full(e.shape, rtol * max(float(np.max(np.abs(e), initial=0)), 1e-3 * overall))
                  for e in right]  # fmt: skip
    finding = worst_finding(
        names,
        right,
        given,
        [np.zeros(e.shape) for e in right],
        limits,
        function=where_defined(point.claim),
        check=law.title,
        order=law.order,
        mode="'rev'" if law.order else "",
        source="the other way",
    )
    if finding:
        words = law.diagnosis
        if finding.diagnosis:
            words += f"; {finding.diagnosis}"
        raise GradientCheckError(replace(finding, diagnosis=words))


def rounded_alike(
    expected: Sequence[Any],
    found: Sequence[Any],
    args: Sequence[Any],
    cts: Sequence[Any],
    values: Sequence[Any],
) -> list[Any]:
    """Derivatives that were found; the expected ones where rounding of terms explains the gap.

    1 - tanh(x)**2 has no digit of its own where tanh(x) is 1: terms are as large as values are,
    beside the arguments. What is smaller than all numbers of a precision has none there.
    """
    sizes = cotangent_sizes(cts, values, args)
    largest = max([1.0, *(float(np.max(np.abs(host(c)), initial=0.0)) for c in cts)])
    kept = []
    for e, f, x, size in zip(expected, found, args, sizes, strict=True):
        right, given = host(e), host(f)
        if right.shape != given.shape:
            kept.append(f)
            continue
        eps = float(finfo(np.asarray(x).dtype).eps)
        with np.errstate(all="ignore"):
            least = UNDERFLOW * float(finfo(np.asarray(x).dtype).tiny) * largest
            small = np.abs(given - right) <= TERMS * eps * size + least
        kept.append(np.where(small, right, given).astype(given.dtype))
    return kept


def is_rounding(point: Point, finding: Finding) -> bool:
    """True if numbers that differ are no larger than what terms of first derivatives round to.

    Those of a softmax far from where it changes are sums of terms that are as large as its values.
    """
    pair = finding.found, finding.expected
    if not all(isinstance(x, float | int) for x in pair):
        return False
    outs = point.claim.value(*point.args)
    if not all(is_inexact_array(x) for x in (*point.args, *outs)):
        return False
    ones = [np.ones(np.shape(o)) for o in outs]
    sizes = cotangent_sizes(ones, sizes_of(point, outs), point.args)
    eps = max(float(finfo(np.asarray(x).dtype).eps) for x in (*point.args, *outs))
    limit = ROUNDED * eps * max((float(np.max(s, initial=0)) for s in sizes), default=0.0)
    return all(abs(x) <= limit for x in pair)  # type: ignore[arg-type]


def is_inexact_array(x: Any) -> bool:
    """True if something is a real or complex array or number."""
    return np.asarray(x).dtype.kind in "fc"


def sizes_of(point: Point, outs: Sequence[Any]) -> list[np.ndarray]:
    """What the outputs at a point are sums of: more than they are, if that is known.

    Nothing shows it where all of an output is zero.
    """
    scale = max((finite_max(entry_scales(x)) for x in point.args), default=1.0)
    sizes = [np.abs(host(o)).astype(np.float64) for o in outs]
    for known, k in zip(point.sizes, range(len(sizes)), strict=False):
        sizes[k] = np.maximum(sizes[k], known)
    return [s if np.any(s) else np.full(s.shape, OF_NOTHING * scale) for s in sizes]
