"""Tangents and cotangents of all kinds: zero, one-hot, whole numbers, large and small ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import arrays
from ...core.tracing import aval_of
from ..reports.report import DERIVATIVES, GradientCheckError, mode_text
from .functions import Flat, Leaves
from .leaves import finite_max, host
from .lines import pack, unpack
from .noise import rounding_of_sum
from .session import Session
from .sizes import Measured

Terms = Sequence[tuple[float, Leaves]]
"""Factors, and directions to be multiplied by them after they were differentiated."""

OF_SINGLES = 3e-7
"""Linear maps may compute in single precision inside, which nothing else shows at 0; differences
are compared more sharply."""

MODEST = 16.0
"""A factor of directions where a larger one makes numbers inside of f overflow."""


def linear_rtol(session: Session, flat: Flat) -> float:
    """The relative tolerance of laws of linear maps at a point."""
    at_zero = not all(np.any(host(x)) for x in flat.point)
    return max(session.tolerances.law_rtol, OF_SINGLES if at_zero else 0.0)


class KindsLaw:
    """The law that a linear map of parts adds up to what is known of the whole.

    ``pair`` are a direction and the derivative along it, and ``call`` is the map. ``holds`` says
    if that is known already.
    """

    def __init__(
        self,
        session: Session,
        flat: Flat,
        chain: tuple[str, ...],
        paths: Sequence[str],
        pair: tuple[Leaves, Leaves],
        call: Callable[[Sequence[Any]], Leaves],
    ) -> None:
        self.session, self.flat, self.chain, self.paths = session, flat, chain, paths
        self.whole, self.known = pair
        self.call = call
        self.what = "cotangent" if chain[-1] == "rev" else "tangent"
        self.name = DERIVATIVES[chain[-1]]
        self.holds = False
        self.factors: list[list[float]] = []
        self.one, self.rest = one_hot(session.rng, self.whole)
        self.large, self.small = scales(session.tolerances.eps)

    def check(self) -> None:
        """Zero, one number beside zeros, large and small directions."""
        self.check_zero()
        large = self.large
        for factor in sorted({large, min(large, MODEST), 1.0}, reverse=True):
            try:
                with np.errstate(all="ignore"):
                    self.check_parts(factor)
                break
            except GradientCheckError as error:  # what is inside f may overflow by a large factor
                if factor == 1.0 or is_finite(error.finding.found):
                    raise
        if self.what == "cotangent":
            self.add_up("of whole numbers", self.whole_numbers())
        self.passed()

    def passed(self) -> None:
        """Note that the law holds."""
        self.holds = True
        text = f"order {len(self.chain)}, mode {mode_text(self.chain)}"
        self.session.passed(f"{text}: {self.what}s of all kinds")

    def directions(self) -> list[Leaves]:
        """A direction of zeros, and parts that add up to the whole, in two ways."""
        sums = self.scaled_parts(self.large), self.whole_numbers()
        self.factors = [[factor for factor, _ in terms] for terms in sums]
        return [times(0.0, self.whole), *(part for terms in sums for _, part in terms)]

    def is_seen(self, values: Sequence[np.ndarray]) -> None:
        """Note that the law holds if derivatives along ``directions``, the last axis, show it."""
        agree = self.session.tolerances.agree
        for known, found in zip(self.known, values, strict=True):
            expected, at = host(known), 1
            if np.any(found[..., 0]):
                return
            for factors in self.factors:
                terms = [f * found[..., at + k] for k, f in enumerate(factors)]
                if not agree(expected, np.add(*terms)):
                    return
                at += len(factors)
        self.passed()

    def scaled_parts(self, large: float) -> Terms:
        """One number times a large factor, and the rest times a small one."""
        one, rest, small = self.one, self.rest, self.small
        if np.any(pack(rest)):
            return [(1 / large, times(large, one)), (1 / small, times(small, rest))]
        return [(0.5 / large, times(large, one)), (0.5 / small, times(small, one))]

    def whole_numbers(self) -> Terms:
        """Whole numbers, and the fractions that are left."""
        whole = [placed(np.round(host(d)), d) for d in self.whole]
        rest = [placed(host(d) - host(w), d) for d, w in zip(self.whole, whole, strict=True)]
        return [(1.0, whole), (1.0, rest)]

    def check_parts(self, large: float) -> None:
        """One number times a large factor and the rest times a small one add up to the whole."""
        one, rest, small = self.one, self.rest, self.small
        kinds = self.scaled_parts(large)
        try:
            self.add_up("one-hot and scaled", kinds)
        except GradientCheckError:  # which of the kinds it is
            self.add_up("with one number beside zeros", [(1.0, one), (1.0, rest)])
            self.add_up(f"{large:g} times as large", [(1 / large, times(large, self.whole))])
            self.add_up(f"{small:g} times as large", [(1 / small, times(small, self.whole))])
            raise

    def check_zero(self) -> None:
        """The derivative along zero is zero."""
        found = self.call(times(0.0, self.whole))
        title = f"the {self.name} of a zero {self.what} is not zero"
        zeros = [np.zeros(np.shape(k)) for k in self.known]
        self.compare(zeros, [host(x) for x in found], title, [0.0] * len(zeros))

    def add_up(self, kind: str, terms: Terms) -> None:
        """Derivatives along parts, times factors, add up to what is known of the whole."""
        results = [(factor, [host(x) for x in self.call(part)]) for factor, part in terms]
        if any(len(values) != len(self.known) for _, values in results):
            return
        totals = [
            sum(factor * values[i] for factor, values in results) for i in range(len(self.known))
        ]

        def sizes() -> list[Any]:
            reverse = self.chain[-1] == "rev"
            known = self.flat.cotangent_sizes(self.whole) if reverse else self.flat.sizes
            values = [(1.0, self.known), *results]
            parts = [max(f * finite_max(host(v[i])) for f, v in values) for i in range(len(known))]
            wide = linear_rtol(self.session, self.flat) / self.session.tolerances.law_rtol
            return [wide * np.maximum(a, b) for a, b in zip(known, parts, strict=True)]

        title = f"the {self.name} of {self.what}s {kind} does not add up to that of their sum"
        self.compare([host(k) for k in self.known], totals, title, Measured(sizes), terms)

    def compare(
        self,
        expected: Sequence[np.ndarray],
        found: Sequence[Any],
        title: str,
        sizes: Sequence[Any],
        terms: Terms = (),
    ) -> None:
        """Raise where derivatives differ, unless the known one is infinite there, or none.

        They may by as much as a map in single precision rounds along the parts and the whole.
        """
        right = [
            np.where(np.isfinite(host(k)), e, f) if np.shape(f) == np.shape(e) else e
            for k, e, f in zip(self.known, expected, found, strict=True)
        ]
        source = f"the {self.name} of the whole {self.what}"
        try:
            self.session.compare(
                self.flat, self.paths, right, found, self.chain, title, source, floors=sizes
            )
        except GradientCheckError:
            every = [(1.0, self.whole), *terms]
            spread = rounding_of_sum(self.call, every, self.session.tolerances.eps)
            allowed = spread + self.session.tolerances.law_rtol * np.abs(pack(right))
            if not np.any(spread) or np.any(np.abs(pack(found) - pack(right)) > allowed):
                raise


def is_finite(found: object) -> bool:
    """True unless what was found is an infinite number or none."""
    return isinstance(found, str) or bool(np.isfinite(found))  # type: ignore[call-overload]


def scales(eps: float) -> tuple[float, float]:
    """A large and a small power of two that dtypes of that precision do not overflow by."""
    return (2.0**20, 2.0**-30) if eps < 1e-10 else (2.0**10, 2.0**-10) if eps < 1e-5 else (8, 0.25)


def times(factor: float, leaves: Sequence[Any]) -> Leaves:
    """Leaves times a number, in their dtypes."""
    return [placed(host(x) * factor, x) for x in leaves]


def one_hot(rng: np.random.Generator, leaves: Sequence[Any]) -> tuple[Leaves, Leaves]:
    """Leaves as a sum of two: one number beside zeros, and the rest."""
    whole = pack(leaves)
    one, rest = np.zeros(whole.size), whole.copy()
    if whole.size:
        k = int(rng.integers(whole.size))
        one[k], rest[k] = whole[k], 0.0
    both = (unpack(part, leaves) for part in (one, rest))
    first, second = ([placed(v, x) for v, x in zip(p, leaves, strict=True)] for p in both)
    return first, second


def placed(values: np.ndarray, like: Any) -> Any:
    """Numbers in the dtype of a leaf, on its device, as a Python number where that is one."""
    found = np.asarray(values, aval_of(like).dtype)[()]
    if arrays.is_gpu_array(like):
        return arrays.namespace((like,)).asarray(found)
    return found.item() if type(like) in (float, complex) else found
