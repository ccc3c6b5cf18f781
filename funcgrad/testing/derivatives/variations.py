"""What derivatives must not depend on: constants, memory layout, identity, and earlier calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..reports.report import DERIVATIVES, Finding, GradientCheckError
from .functions import Flat, Leaves, cast_like, forward, reverse
from .known import Known, Pull, PullLeaves, Push
from .layouts import copied, layouts_of
from .leaves import entry_scales, host, random_leaf, same_values
from .session import Session
from .sizes import Measured

GROUPS = 3
"""Each of at most so many groups of arguments is differentiated with the others constant."""

BESIDE, ASIDE = 3, 4.0
"""So many points beside, at so many square roots of the precision, show equal numbers."""

BETWEEN = 2.0**-6
"""The relative distance of the point that is visited between two calls."""


Staged = Callable[[str, Leaves, Leaves], Leaves | None]
"""The derivative in a mode at a point along a direction, by a program, if there is one."""


def check_variations(
    session: Session,
    flat: Flat,
    modes: Sequence[str],
    known: Known,
    staged: Staged | None = None,
) -> None:
    """The derivatives at a point, known by now, in circumstances that must not change them."""
    kept = Known(known.outs, pull=known.pull)
    kept.pushed = known.pushed if "fwd" in modes else []
    kept.pulled = known.pulled if "rev" in modes else []

    def push(xs: Sequence[Any], ts: Sequence[Any]) -> tuple[Leaves, Leaves]:
        return forward(flat, xs, ts)

    def pull_of(xs: Sequence[Any]) -> tuple[Leaves, PullLeaves]:
        return reverse(flat, xs)

    variations = Variations(session, flat, kept, push, pull_of, staged)
    with np.errstate(all="ignore"):
        variations.check_alone()
        variations.check_aliases()
        variations.check_state()


def check_variations_of_claim(
    session: Session,
    flat: Flat,
    known: Known,
    push: Push | None = None,
    pull_of: Pull | None = None,
) -> None:
    """The same for a derivative that somebody claims, which may keep a state between calls.

    A pullback need only be right until the next call of the function.
    """
    variations = Variations(session, flat, known, push, pull_of)
    with np.errstate(all="ignore"):
        variations.check_layouts()
        variations.check_aliases()
        variations.check_fresh()


class Variations:
    """The known derivatives in one direction of each mode, and repetitions of them."""

    def __init__(
        self,
        session: Session,
        flat: Flat,
        known: Known,
        push: Push | None,
        pull_of: Pull | None,
        staged: Staged | None = None,
    ) -> None:
        self.session, self.flat, self.known = session, flat, known
        self.push, self.pull_of, self.staged = push, pull_of, staged
        self.sides: dict[str, tuple[Leaves, Leaves]] = {}
        if known.pushed:
            self.sides["fwd"] = known.pushed[-1]
        if known.pulled:
            self.sides["rev"] = known.pulled[-1]
        self.before = {mode: [copied(x) for x in pair[1]] for mode, pair in self.sides.items()}

    def paths(self, mode: str) -> list[str]:
        """What the derivatives belong to."""
        return self.flat.out_paths if mode == "fwd" else self.flat.in_paths

    def sizes(self, mode: str) -> Sequence[Any]:
        """Sizes of the terms of the derivatives."""
        if mode == "fwd":
            return self.flat.sizes
        return Measured(lambda: self.flat.cotangent_sizes(self.sides["rev"][0]))

    def derivative(self, mode: str, xs: Sequence[Any], direction: Sequence[Any]) -> Leaves:
        """The derivative along a direction at a point."""
        if mode == "fwd":
            assert self.push is not None
            return self.push(xs, cast_like(direction, xs))[1]
        assert self.pull_of is not None
        outs, pull = self.pull_of(xs)
        return pull(cast_like(direction, outs))

    def compare(self, mode: str, found: Leaves, what: str, expected: Leaves | None = None) -> None:
        """Raise unless a repetition has the derivative that is known."""
        name = DERIVATIVES[mode]
        self.session.compare(
            self.flat,
            self.paths(mode),
            self.before[mode] if expected is None else expected,
            found,
            (mode,),
            f"the {name} is another {what}",
            f"the {name} without that",
            floors=self.sizes(mode),
        )

    def passed(self, mode: str, what: str) -> None:
        """Note that a derivative is the same."""
        self.session.passed(f"order 1, mode {mode!r}: the same {what}")

    # --- one argument, the others constant -------------------------------------------------------

    def check_alone(self) -> None:
        """Derivatives by some arguments while the others are constants, not zero tangents.

        Of a function that has a jvp the vjp is made of it: one of them is enough.
        """
        groups = self.groups()
        if len(groups) < 2 or not self.sides:
            return
        what = "if the other arguments are constants"
        mode = "rev" if "rev" in self.sides else "fwd"
        found = self.alone(mode, groups, self.flat.point)
        try:
            self.compare(mode, found, what)
        except GradientCheckError:
            if not self.same_beside(mode, groups):
                raise
            text = "constants and variables put equal numbers in another order"
            self.session.report.left_out["one argument alone"] = text
            return
        for mode in self.sides:
            self.passed(mode, what)

    def alone(self, mode: str, groups: Sequence[Sequence[int]], xs: Sequence[Any]) -> Leaves:
        """The derivative at a point from those by groups of arguments, the others constant."""
        seeds = self.sides[mode][0]
        if mode == "fwd":
            parts = [forward(self.of(g, xs), self.some(xs, g), self.some(seeds, g))[1]
                     for g in groups]  # fmt: skip
            return [np.sum([host(x) for x in column], axis=0)
                    for column in zip(*parts, strict=True)]  # fmt: skip
        found = list(xs)
        for g in groups:
            outs, pull = reverse(self.of(g, xs), self.some(xs, g))
            for i, cotangent in zip(g, pull(cast_like(seeds, outs)), strict=True):
                found[i] = cotangent
        return found

    def same_beside(self, mode: str, groups: Sequence[Sequence[int]]) -> bool:
        """True if nothing changes for constants at points close by, where no numbers are equal."""
        for k in range(BESIDE):
            rng = np.random.default_rng(k)
            xs: Leaves = [self.aside(rng, x) for x in self.flat.point]
            try:
                expected = self.derivative(mode, xs, self.sides[mode][0])
                self.compare(mode, self.alone(mode, groups, xs), "", expected)
            except Exception:  # it differs, or there is no derivative
                return False
        return True

    def aside(self, rng: np.random.Generator, x: Any) -> Any:
        """A leaf somewhat beside its place."""
        step = ASIDE * float(np.sqrt(self.session.tolerances.eps))
        return cast_like([x + step * random_leaf(rng, x, entry_scales(x))], [x])[0]

    def groups(self) -> list[list[int]]:
        """The arguments in groups: each alone, or two of many alone."""
        count = len(self.flat.point)
        if count <= GROUPS:
            return [[i] for i in range(count)]
        mixed = self.session.rng.permutation(count).tolist()
        return [*([i] for i in mixed[: GROUPS - 1]), sorted(mixed[GROUPS - 1 :])]

    def some(self, leaves: Sequence[Any], group: Sequence[int]) -> Leaves:
        """The leaves of a group."""
        return [leaves[i] for i in group]

    def of(self, group: Sequence[int], point: Sequence[Any]) -> Flat:
        """The function of some arguments, at a point."""

        def call(xs: Sequence[Any]) -> Leaves:
            full = list(point)
            for i, x in zip(group, xs, strict=True):
                full[i] = x
            return self.flat.call(full)

        paths = self.some(self.flat.in_paths, group)
        return Flat(call, self.some(point, group), paths, self.flat.name)

    # --- memory ----------------------------------------------------------------------------------

    def check_layouts(self) -> set[str]:
        """Arrays of other layouts; returns the modes of which there were some."""
        directions = [x for pair in self.sides.values() for x in pair[0]]
        checked: set[str] = set()
        for what, laid_out in layouts_of([*self.flat.point, *directions]).items():
            left_out = checked - {next(iter(self.sides), None)}
            checked |= self.check_layout(what, laid_out, left_out)
        return checked

    def check_layout(
        self, what: str, laid_out: Callable[[Any], Any], left_out: Collection[str]
    ) -> set[str]:
        """The same numbers in arrays of another layout; returns the modes that it is one of.

        A vjp that is made of a jvp by transposition needs one layout, since rules are of the jvp.
        """
        xs = [laid_out(x) for x in self.flat.point]
        moved = any(x is not y for x, y in zip(xs, self.flat.point, strict=True))
        checked: set[str] = set()
        for mode, (direction, _) in self.sides.items():
            if mode in left_out:
                continue
            directions = [laid_out(d) for d in direction]
            if not moved and all(map(_is, directions, direction)):
                continue
            if not checked and self.refused(xs):
                break
            title = f"for {what}"
            found = self.attempted(mode, xs, directions, title)
            self.compare(mode, found, title)
            self.passed(mode, title)
            checked.add(mode)
        return checked

    def refused(self, xs: Sequence[Any]) -> bool:
        """True if the function itself does not take these arrays, or says something else of them.

        That is no fault of a derivative.
        """
        try:
            outs = [host(o) for o in self.flat.call(xs)]
        except Exception:  # whatever it raises, it does not take them
            return True
        expected = [host(o) for o in self.known.outs or self.flat.call(self.flat.point)]
        return len(outs) != len(expected) or not all(map(_close, outs, expected))

    def attempted(
        self, mode: str, xs: Sequence[Any], directions: Sequence[Any], what: str
    ) -> Leaves:
        """A derivative where f itself has a value."""
        return self.attempt(mode, partial(self.derivative, mode, xs, directions), what)

    def attempt(self, mode: str, call: Callable[[], Leaves], what: str) -> Leaves:
        """The result of a derivative; it is a fault to raise an error instead."""
        try:
            return call()
        except (ValueError, TypeError, LookupError, AssertionError, BufferError) as error:
            if isinstance(error, GradientCheckError):
                raise
            title = f"the {DERIVATIVES[mode]} raises an error {what}"
            writes = "a rule may not write into what it is given"
            raise GradientCheckError(
                Finding(
                    path=", ".join(self.paths(mode)),
                    index=None,
                    expected="a derivative, as f has a value",
                    found=f"{type(error).__name__}: {error}",
                    error_estimate=0.0,
                    tolerance=0.0,
                    diagnosis=writes if "read-only" in str(error) else None,
                    **self.session.about(self.flat, (mode,), title, source="as it is otherwise"),
                )
            ) from error

    def check_aliases(self) -> None:
        """One array as two arguments, against two equal arrays."""
        point = self.flat.point
        pair = next(
            (
                (i, j)
                for i in range(len(point))
                for j in range(i)
                if type(point[i]) is type(point[j]) is np.ndarray
                and point[i].shape == point[j].shape
                and point[i].dtype == point[j].dtype
            ),
            None,
        )
        if pair is None or not self.sides:
            return
        i, j = pair
        apart, same = list(point), list(point)
        apart[i], same[i] = copied(point[j]), point[j]
        mode = "rev" if "rev" in self.sides else "fwd"
        direction = self.sides[mode][0]
        try:
            expected = [host(x) for x in self.derivative(mode, apart, direction)]
            values = [host(x) for x in self.flat.call(apart)]
        except Exception:  # f need not have a value where two arguments are equal
            return
        what = "if one array is given as two arguments"
        found = self.attempted(mode, same, direction, what)
        self.compare(mode, found, what, expected)
        outs = self.flat.call(same)
        paths = self.flat.out_paths
        self.session.compare(self.flat, paths, values, outs, ("value",), f"f is another {what}",
                             "f of two equal arrays", floors=self.flat.sizes)  # fmt: skip
        self.passed(mode, what)

    # --- earlier calls ---------------------------------------------------------------------------

    def check_state(self) -> None:
        """The same pullback and the same function again, after calls at other points.

        The function is called with arrays of other layouts there, if there are some.
        """
        pull, cts = self.known.pull, self.sides.get("rev", ([], []))[0]
        again: dict[str, PullLeaves] = {}
        if pull is not None and cts:
            again["at a later call of one pullback"] = pull
            again["if f was called in between"] = reverse(self.flat, self.flat.point)[1]
        self.visit_others()
        for what, call in again.items():
            found = self.attempt("rev", partial(call, cts), what)
            self.compare("rev", found, what)
            self.passed("rev", what)
        try:
            known = self.check_layouts()
        except GradientCheckError:
            self.check_again()
            raise
        self.check_again(known)

    def check_fresh(self) -> None:
        """The same function again, after calls at other points."""
        self.visit_others()
        self.check_again()

    def check_again(self, known: Collection[str] = ()) -> None:
        """The same derivatives as before, unless they are known, which calls have left alone."""
        what = "after calls at other points and of other shapes"
        for mode, (direction, found) in self.sides.items():
            if mode not in known:
                self.compare(mode, self.attempted(mode, self.flat.point, direction, what), what)
            self.passed(mode, what)
            if not all(map(same_values, self.before[mode], found)):
                name = DERIVATIVES[mode]
                title = f"a later call overwrites the result of the {name}"
                finding = self.session.overwritten(", ".join(self.paths(mode)), title)
                raise GradientCheckError(finding)

    def visit_others(self) -> None:
        """Call f and its derivatives elsewhere; where f cannot be called, nothing is said.

        Where the derivative there is known, it is compared.
        """
        point = self.flat.point
        near, more = [x + x * BETWEEN for x in point], [_doubled(x) for x in point]
        mode = next(reversed(self.sides), None)
        for xs in (near, more):
            found = known = None
            try:
                outs = self.flat.call(xs)
                if mode is not None:
                    direction = outs if mode == "rev" else xs
                    found = self.derivative(mode, xs, direction)
                    known = self.staged(mode, xs, direction) if self.staged and xs is near else None
            except Exception:  # f need not take these; errors at the point itself are told
                continue
            if mode is not None and found is not None and known is not None:
                self.compare(mode, found, "at a point that is visited after another point", known)


def _is(a: object, b: object) -> bool:
    return a is b


def _doubled(x: Any) -> Any:
    """An array with another one like it behind it, or a number as it is."""
    return np.concatenate([x, x]) if type(x) is np.ndarray and x.ndim else x


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape:
        return False
    if np.array_equal(a, b):
        return True
    size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    return bool(np.allclose(a, b, rtol=1e-6, atol=1e-6 * float(size), equal_nan=True))
