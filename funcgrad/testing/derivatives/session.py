"""One run of a checker: its options, random numbers and report, and the checks of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ... import tree
from ...api.leaves import is_leaf_value
from ...api.staging import make_jaxpr
from ...core.avals import dtype_name
from ...core.dtypes import finfo
from ...core.jaxpr import Jaxpr
from ...core.source import where_defined
from ...core.tracing import aval_of
from ...errors import TreeError
from ..reports.diagnosis import diagnose
from ..reports.report import (
    DERIVATIVES,
    Finding,
    GradientCheckError,
    InconclusiveCheckError,
    Report,
    mode_text,
    overwritten,
    worst_finding,
)
from ..reports.shapes import diagnose_shapes, shapes_in
from .functions import Flat, Leaves, flatten_function
from .layouts import copied, copied_leaves
from .leaves import entry_scales, finite_max, host, leaf_scale, random_leaf, same_values
from .reevaluated import halves, in_double, reevaluated
from .reevaluated import widened as in_wide
from .tangents import Tangents
from .tolerances import Tolerances

SPREAD = 1e5
"""Entries are small beside others if those are larger by this factor."""


def widely_spread(leaves: Sequence[Any]) -> bool:
    """True if some entries are very small beside others, but not zero."""
    sizes = np.concatenate([np.ravel(entry_scales(x)) for x in leaves])
    return bool(sizes.size) and float(np.min(sizes)) * SPREAD < float(np.max(sizes))


def largest_change(first: Sequence[Any], again: Sequence[Any]) -> float:
    """The largest difference of the outputs of two calls."""
    with np.errstate(all="ignore"):
        return max(finite_max(host(a) - host(b)) for a, b in zip(first, again, strict=True))


BRIEF: ContextVar[bool] = ContextVar("BRIEF", default=False)
"""Whether it is enough to find that a derivative is wrong, without where."""


@contextmanager
def in_brief() -> Iterator[None]:
    """Do not look for the wrong elements of a derivative within a ``with`` statement."""
    token = BRIEF.set(True)
    try:
        yield
    finally:
        BRIEF.reset(token)


def program_of(flat: Flat) -> Jaxpr:
    """The function as a program."""
    return make_jaxpr(lambda *xs: flat.call(xs))(*flat.point)


def in_double_of(program: Jaxpr) -> Callable[[Sequence[Any]], Leaves]:
    """A program as a function in double precision, where it has half precision."""
    return lambda xs: [in_wide(x) for x in reevaluated(program, xs, in_double)]


@dataclass
class Session:
    """Options, random numbers and report of one run of a checker.

    ``innocent`` says of a finding at a kink that no operation inside of f is wrong by itself, and
    ``singular`` that some derivative inside is no number or not unique at this point;
    ``unsettled`` is what could not be concluded, which is told if nothing is found to be wrong.
    ``scaled`` are the leaves of which tangents were drawn last, with the sizes of their entries.
    ``flat`` is the function that is checked, ``modes`` those that it has, and ``inside`` the dtype
    that it computes in, where that is one of fewer digits than those of its arguments and outputs.
    """

    atol: Any
    rtol: Any
    eps: float | None
    directions: int
    rng: np.random.Generator
    report: Report = field(default_factory=Report)
    before: list[Any] = field(default_factory=list)
    args: tuple[Any, ...] = ()
    locate: bool = True
    name: str = ""
    nondet_tol: float = 0.0
    innocent: Callable[[Finding], bool] | None = None
    unsettled: GradientCheckError | None = None
    at_kink: bool = False
    singular: bool = False
    excused: bool = False
    tangents: Tangents | None = None
    scaled: tuple[Sequence[Any], list[Any]] = ((), [])
    flat: Flat | None = None
    modes: tuple[str, ...] = ()
    inside: np.dtype | None = None
    tolerances: Tolerances = field(init=False)

    def flatten(self, f: Callable[..., Any], args: tuple[Any, ...]) -> Flat:
        """A function at copies of its arguments, known to be deterministic."""
        self.name = where_defined(f)
        leaves, spec = tree.flatten(args)
        self.before = [copied(x) for x in leaves]
        self.args = args = tree.unflatten(spec, copied_leaves(leaves))
        flat = flatten_function(f, args)
        flat.tangents = self.tangents
        self.check_arguments()
        first, again = (flat.call(copied_leaves(flat.point)) for _ in range(2))
        leaves = [*flat.point, *first]
        if self.inside is not None:
            leaves.append(np.zeros((), self.inside))
            flat.widen(in_double_of(program_of(flat)), first)
        self.tolerances = Tolerances(leaves, self.atol, self.rtol, self.nondet_tol)
        flat.nondet = self.nondet_tol
        flat.outs = [copied(x) for x in first]
        finding = worst_finding(
            flat.out_paths,
            [host(x) for x in first],
            [host(x) for x in again],
            [np.zeros(np.shape(x)) for x in first],
            [np.full(np.shape(x), self.nondet_tol) for x in first],
            **self.about(flat, ("value",), "two calls with the same arguments differ"),
        )
        if finding:
            hint = (
                "f is not a function of its arguments alone: random numbers or hidden state; if "
                "only the order of sums changes, say by how much values may differ: nondet_tol="
            )
            hint += f"{largest_change(first, again):.0e}"
            raise GradientCheckError(replace(finding, diagnosis=hint))
        self.flat = flat
        return flat

    def begins_again_in_half(self, rng: np.random.Generator) -> bool:
        """True if f computes in half precision inside, so that other tolerances are right.

        Differences cannot see what happens between its numbers: they are taken of the same program
        in double precision, if there is one.
        """
        flat = self.flat
        if flat is None or self.inside is not None:
            return False
        try:
            program = program_of(flat)
            found = halves(program)
            if found:
                in_double_of(program)(flat.point)
        except Exception:  # a function that cannot be staged, or holds programs in half precision
            return False
        if not found:
            return False
        self.inside = max(found, key=lambda dtype: float(finfo(dtype).eps))
        self.rng, self.report, self.unsettled = rng, Report(), None
        self.singular = self.excused = False
        self.report.rounding.append(f"f computes in {dtype_name(self.inside)} inside")
        return True

    def check_arguments(self) -> None:
        """Raise if the arguments are not what they were at the start."""
        now = tree.leaves_with_path(self.args)
        if len(now) != len(self.before):
            raise GradientCheckError(
                self.overwritten("args", "an argument has other parts after a call")
            )
        for old, (path, new) in zip(self.before, now, strict=True):
            if is_leaf_value(new) and not same_values(old, new):
                where = tree.format_path(path, "args")
                raise GradientCheckError(
                    self.overwritten(where, "an argument was overwritten by a call")
                )
        self.passed("the arguments are left as they were")

    def overwritten(self, path: str, title: str) -> Finding:
        """The finding where a call changes its arguments."""
        return overwritten(self.name, path, title, "write x = x + 1, not x += 1")

    def settled_before(self, error: GradientCheckError) -> GradientCheckError:
        """An error; that of a lower order if differences did not even settle there."""
        before = self.unsettled
        return error if before is None or before.finding.order >= error.finding.order else before

    def conclude(self) -> None:
        """Raise what could not be concluded, if something could not."""
        if self.unsettled is not None:
            raise self.unsettled

    def passed(self, check: str) -> None:
        """Note a check that passed, once."""
        if check not in self.report.passed:
            self.report.passed.append(check)

    def about(self, flat: Flat, chain: Sequence[str], check: str, **more: object) -> dict[str, Any]:
        """The fields of a Finding that do not depend on elements."""
        value = tuple(chain) == ("value",)
        return {
            "function": flat.name,
            "check": check,
            "order": 0 if value else max(1, len(chain)),
            "mode": "" if value else mode_text(chain),
            "source": "the first call",
            **more,
        }

    def random(self, leaves: Sequence[Any], *, real: bool = False) -> Leaves:
        """Random leaves of the shapes and dtypes of others; with real, of real values."""
        return [random_leaf(self.rng, x, real=real) for x in leaves]

    def random_tangents(self, leaves: Sequence[Any], *, real: bool = False) -> Leaves:
        """Random tangents in proportion to the entries of leaves; with real, of real values."""
        if self.tangents is not None:
            return self.tangents.draw(self.rng)
        if leaves is not self.scaled[0]:
            self.scaled = leaves, [entry_scales(x) for x in leaves]
        scales = self.scaled[1]
        return [random_leaf(self.rng, x, s, real=real) for x, s in zip(leaves, scales, strict=True)]

    def far_tangents(self, leaves: Sequence[Any]) -> Leaves:
        """Random tangents as large for small entries of leaves as for the others."""
        if self.tangents is not None:
            return self.tangents.draw(self.rng)
        sizes = [leaf_scale(x) for x in leaves]
        least = max(sizes) / SPREAD
        scales = [s if s > least else max(sizes) for s in sizes]
        return [random_leaf(self.rng, x, s) for x, s in zip(leaves, scales, strict=True)]

    def real_direction(self, k: int) -> bool:
        """True if the k-th direction is real: one is, since it shows a missing conj best."""
        return k == 0 and self.directions > 1

    def derive(self, flat: Flat, chain: tuple[str, ...], call: Callable[[], Any]) -> Any:
        """The result of a derivative; what does not fit its value becomes a failed check."""
        try:
            return call()
        except TreeError as error:
            name = DERIVATIVES[chain[-1]]
            shapes = shapes_in(str(error))
            outputs = [np.shape(o) for o in flat.call(flat.point)]
            raise GradientCheckError(
                Finding(
                    path="a derivative rule",
                    index=None,
                    expected="a derivative of the structure and shape of its value",
                    found=str(error),
                    error_estimate=0.0,
                    tolerance=0.0,
                    diagnosis=diagnose_shapes(*shapes, outputs) if shapes else None,
                    **self.about(
                        flat, chain, f"the {name} does not fit", source="as transposition needs it"
                    ),
                )
            ) from error

    def check_values(self, flat: Flat, outs: Sequence[Any], chain: tuple[str, ...]) -> None:
        """Raise unless a transformation returned the value of the function, in its dtypes."""
        name = DERIVATIVES[chain[-1]]
        title = f"the value that the {name} returns differs from f"
        self.compare(
            flat,
            flat.out_paths,
            flat.outs or flat.call(flat.point),
            outs,
            chain,
            title,
            "f evaluated directly",
            floors=flat.sizes,
            dtypes=True,
            more_accurate=True,
        )
        expected = flat.outs or flat.call(flat.point)
        if any(np.any(np.isfinite(host(o)) & ~np.isfinite(host(e)))
               for o, e in zip(outs, expected, strict=True)):  # fmt: skip
            raise InconclusiveCheckError(
                Finding(
                    path=", ".join(flat.out_paths),
                    index=None,
                    expected="a finite value of f",
                    found="a finite value of the derivative's function alone",
                    error_estimate=0.0,
                    tolerance=0.0,
                    diagnosis="called plainly f is not finite here: numbers inside are out of the "
                    "range of their type; choose another point",
                    **self.about(flat, chain, f"inconclusive: {title}", source="f"),
                )
            )
        self.passed(f"order {len(chain)}, mode {mode_text(chain)}: value = f")

    def compare(
        self,
        flat: Flat,
        paths: Sequence[str],
        expected: Sequence[Any],
        found: Sequence[Any],
        chain: Sequence[str],
        title: str,
        source: str,
        *,
        floors: Sequence[Any],
        dtypes: bool = False,
        more_accurate: bool = False,
    ) -> None:
        """Raise unless two lists of leaves agree up to rounding.

        ``floors`` are sizes of what each leaf is a sum of; with ``more_accurate`` found may be
        finite where expected is not.
        """
        about = partial(self.about, flat, chain, title, source=source)
        if len(expected) != len(found):
            raise GradientCheckError(
                Finding(
                    path="the output",
                    index=None,
                    expected=f"{len(expected)} arrays",
                    found=f"{len(found)} arrays",
                    error_estimate=0.0,
                    tolerance=0.0,
                    **about(),
                )
            )
        if dtypes:
            self._same_types(paths, expected, found, about)
        right, given = [host(x) for x in expected], [host(x) for x in found]
        if more_accurate:
            right = [
                np.where(np.isfinite(e) | ~np.isfinite(f), e, f)
                for e, f in zip(right, given, strict=True)
            ]
        if all(map(self.tolerances.agree, right, given)):
            return
        limits = [self.tolerances.of_law(e, floor) for e, floor in zip(right, floors, strict=True)]
        zeros = [np.zeros(e.shape) for e in right]
        finding = worst_finding(paths, right, given, zeros, limits, **about())
        if finding:
            raise GradientCheckError(finding)

    def _same_types(
        self,
        paths: Sequence[str],
        expected: Sequence[Any],
        found: Sequence[Any],
        about: Callable[[], dict[str, Any]],
        diagnosis: Callable[[int], str | None] = lambda _: None,
    ) -> None:
        for k, (path, e, f) in enumerate(zip(paths, expected, found, strict=True)):
            if type(e) is type(f) is np.ndarray and e.dtype is f.dtype and e.shape == f.shape:
                continue
            want, have = aval_of(e), aval_of(f)
            if want.matches(have):
                continue
            what = "dtypes" if want.shape == have.shape else "shapes"
            raise GradientCheckError(
                Finding(
                    path=path,
                    index=None,
                    expected=f"{dtype_name(want.dtype)}{list(want.shape)}",
                    found=f"{dtype_name(have.dtype)}{list(have.shape)}",
                    error_estimate=0.0,
                    tolerance=0.0,
                    spread=f"the {what} differ",
                    diagnosis=diagnosis(k),
                    **about(),
                )
            )

    def check_types(
        self,
        flat: Flat,
        paths: Sequence[str],
        values: Sequence[Any],
        found: Sequence[Any],
        chain: tuple[str, ...],
        expected: Callable[[], Sequence[np.ndarray]],
    ) -> None:
        """Raise unless derivatives have the shapes and dtypes of what they belong to."""
        name = DERIVATIVES[chain[-1]]

        def diagnosis(k: int) -> str | None:
            if np.shape(found[k]) == np.shape(values[k]):
                return "derivatives have the dtype of the value that they belong to"
            right = np.asarray(expected()[k])
            return diagnose(right, host(found[k]), 1e-6 * np.abs(right) + 1e-9)

        title = f"the {name} has the wrong type"
        about = partial(self.about, flat, chain, title, source="as its value")
        self._same_types(paths, values, found, about, diagnosis)
