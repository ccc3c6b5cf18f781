"""Vmap and jit of a function and of its derivatives against plain calls."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...api.jit import jit
from ...api.staging import make_jaxpr
from ...api.vmap import vmap
from ...compiler.passes.share import share_subexpressions
from ...core.jaxpr import eval_jaxpr
from ..reports.report import GradientCheckError
from .functions import Flat, Leaves, cast_like, forward, reverse
from .kinds import KindsLaw
from .known import Known
from .leaves import host
from .one_by_one import JIT_ULPS, LANES, attempt, check_jit, check_one_by_one, stack_points
from .session import Session
from .sizes import Measured


def check_transformations(
    session: Session,
    flat: Flat,
    modes: Sequence[str],
    known: Known,
    kinds: Sequence[KindsLaw],
    order: int,
) -> Together:
    """Vmap and jit of a function and of its derivatives against plain calls.

    Where it is seen on the way that the laws of ``kinds`` hold, they know.

    All together first, since that is quick; one by one where they differ, or cannot be compared.
    """
    together = Together(session, flat, modes, known, kinds)
    error = failure(lambda: together.check(compiled=order > 1))
    if error is None:
        for name in together.laws():
            session.passed(name)
    else:
        check_jit(session, flat, "f", ("value",))
        check_one_by_one(session, flat, modes)
        if isinstance(error, GradientCheckError):
            raise error
    if "vmap(f) = loop" in session.report.left_out:
        return together
    laws = {
        "vmap over the last axis of directions = loop": together.check_directions,
        "vmap over one argument = loop": together.check_one_batched,
        "vmap of one example = a call": together.check_single,
    }
    for law, check in laws.items():
        attempt(session, law, check)
    return together


def failure(check: Callable[[], None]) -> Exception | None:
    """What a check raises, if anything."""
    try:
        with np.errstate(all="ignore"):
            check()
    except Exception as error:
        return error
    return None


class Together:
    """The value and the derivatives of a function, computed by one call at several points.

    ``lanes`` are the point and others close to it, each with directions of its own.
    """

    def __init__(
        self,
        session: Session,
        flat: Flat,
        modes: Sequence[str],
        known: Known,
        kinds: Sequence[KindsLaw],
    ) -> None:
        self.session, self.flat, self.known, self.kinds = session, flat, known, kinds
        self.forward = "fwd" in modes or "lin" in modes
        self.reverse = "rev" in modes
        self.chain = ("rev",) if self.reverse else ("fwd",)
        outs = known.outs or flat.call(flat.point)
        more = LANES - 1
        ts = known.pushed[0][0] if known.pushed else session.random_tangents(flat.point)
        cts = known.pulled[0][0] if known.pulled else session.random(outs)
        self.ts = [ts, *(session.random_tangents(flat.point) for _ in range(more))]
        self.cts = [cts, *(session.random(outs) for _ in range(more))]
        self.program: Callable[..., Leaves] | None = None
        """What is known to do what ``everything`` does, and is quicker under vmap."""
        self.paths = list(flat.out_paths)
        self.paths += [f"jvp({p})" for p in flat.out_paths] if self.forward else []
        self.paths += [f"vjp({p})" for p in flat.in_paths] if self.reverse else []

    def laws(self) -> list[str]:
        """The names of the laws that ``check`` covers."""
        found = ["jit(f) = f", "vmap(f) = loop"]
        if self.forward:
            found += ["jit(jvp(f)) = jvp(f)", "vmap(jvp(f)) = loop", "vmap(jvp) = loop"]
        if self.reverse:
            found += ["jit(vjp(f)) = vjp(f)", "vmap(vjp(f)) = loop", "vmap(vjp) = loop"]
        return found

    def derivatives(self, xs: Sequence[Any], ts: Sequence[Any], cts: Sequence[Any]) -> Leaves:
        """Tangents of outputs, and cotangents of inputs."""
        found: Leaves = []
        if self.forward:
            found += forward(self.flat, xs, cast_like(ts, xs))[1]
        if self.reverse:
            outs, pull = reverse(self.flat, xs)
            found += pull(cast_like(cts, outs))
        return found

    def everything(self, xs: Sequence[Any], ts: Sequence[Any], cts: Sequence[Any]) -> Leaves:
        """Outputs, their tangents, and cotangents of inputs."""
        return [*self.flat.call(xs), *self.derivatives(xs, ts, cts)]

    def at_point(self) -> Leaves:
        """What ``everything`` returns at the point and the first directions: it is known."""
        known = self.known
        first = self.flat.point, self.ts[0], self.cts[0]
        if (self.forward and not known.pushed) or (self.reverse and not known.pulled):
            return self.everything(*first)
        found = list(known.outs)
        found += known.pushed[0][1] if self.forward else []
        return [*found, *(known.pulled[0][1] if self.reverse else [])]

    def sizes(self) -> list[Any]:
        """Sizes of what ``everything`` returns."""
        sizes = list(self.flat.sizes) * (2 if self.forward else 1)
        return [*sizes, *(self.flat.cotangent_sizes(self.cts[0]) if self.reverse else [])]

    def check(self, *, compiled: bool) -> None:
        """Vmap over points and directions, and jit at several points, against plain calls.

        What is staged and not compiled does what plain calls do: beside the point, it stands for
        them.
        """
        stacked = self.points
        lanes = [[_lane(x, k, like) for x, like in zip(stacked, self.flat.point, strict=True)]
                 for k in range(LANES)]  # fmt: skip
        given = list(zip(lanes, self.ts, self.cts, strict=True))  # the first is the point
        program = self.staged(compiled)
        staged = [program(*all_) for all_ in given]
        others = [self.everything(*all_) for all_ in given[1:]] if compiled else staged[1:]
        expected = [self.at_point(), *others]
        found = vmap(self.everything)(stacked, self.stacked(self.ts), self.stacked(self.cts))
        self.compare("vmap", self.paths, _columns(expected), found, self.sizes)
        for right, found in zip(expected, staged, strict=True):
            if found is not right:
                self.compare_jit(right, found)
        self.program = None if compiled else program

    def staged_derivative(self, mode: str, xs: Leaves, direction: Leaves) -> Leaves | None:
        """The derivative at a point beside by the program, if there is one."""
        if self.program is None:
            return None
        ts = direction if mode == "fwd" else self.ts[0]
        cts = direction if mode == "rev" else self.cts[0]
        found = self.program(xs, cast_like(ts, xs), cts)
        count = len(self.flat.out_paths)
        return found[count : 2 * count] if mode == "fwd" else found[-len(xs) :]

    @functools.cached_property
    def points(self) -> Leaves:
        """The point and others, stacked."""
        return stack_points(self.session, self.flat)

    def staged(self, compiled: bool) -> Callable[..., Leaves]:
        """The function and its derivatives as a program."""
        if compiled:
            return jit(self.everything, stabilize=False)
        first = self.flat.point, self.ts[0], self.cts[0]
        jaxpr = share_subexpressions(make_jaxpr(self.everything)(*map(list, first)))
        return lambda xs, ts, cts: eval_jaxpr(jaxpr, jaxpr.consts, [*xs, *ts, *cts])

    def compare_jit(self, expected: Leaves, found: Leaves) -> None:
        """Raise unless a staged program returns what plain calls do."""
        session = self.session
        floor = JIT_ULPS * session.tolerances.eps / session.tolerances.law_rtol
        session.compare(
            self.flat,
            self.paths,
            expected,
            found,
            self.chain,
            "jit of f and its derivatives differs from plain calls",
            "f and its derivatives without jit",
            floors=Measured(lambda: [np.maximum(floor, size) for size in self.sizes()]),
            dtypes=True,
            more_accurate=True,
        )

    def compare(
        self,
        what: str,
        paths: Sequence[str],
        expected: Sequence[Any],
        found: Sequence[Any],
        sizes: Callable[[], list[Any]],
    ) -> None:
        """Raise unless vmap returns the stack of plain calls; sizes may be those of more."""
        self.session.compare(
            self.flat,
            paths,
            expected,
            found,
            self.chain,
            f"{what} differs from a loop",
            "a loop",
            floors=Measured(lambda: sizes()[: len(expected)]),
        )

    def stacked(self, lanes: Sequence[Leaves], axis: int = 0) -> Leaves:
        """Directions along a new axis."""
        return [np.stack([host(x) for x in column], axis) for column in zip(*lanes, strict=True)]

    def quickly(self, check: Callable[[Callable[..., Leaves]], None]) -> None:
        """A check of what ``everything`` does, by the program first: the function decides."""
        program = self.program
        if program is None or failure(lambda: check(program)) is not None:
            check(self.everything)

    def check_directions(self) -> None:
        """Vmap over directions that lie along the last axis, at one point."""
        known = self.known
        both = (not self.forward or known.pushed) and (not self.reverse or known.pulled)
        if self.program is None or not both or failure(self.check_all_directions) is not None:
            self.check_directions_of_sides()

    def check_all_directions(self) -> None:
        """The directions of jvp and vjp at once, by the program, and with them those of kinds."""
        pushed = self.known.pushed if self.forward else [(self.ts[0], [])] * len(self.known.pulled)
        pulled = self.known.pulled if self.reverse else [(self.cts[0], [])] * len(pushed)
        pairs = list(zip(pushed, pulled, strict=False))
        expected = [[*tangents, *cotangents] for (_, tangents), (_, cotangents) in pairs]
        more = {law.what: law.directions() for law in self.kinds}
        none = max(map(len, more.values()), default=0)
        ts = [*(pair[0][0] for pair in pairs), *more.get("tangent", [self.ts[0]] * none)]
        cts = [*(pair[1][0] for pair in pairs), *more.get("cotangent", [self.cts[0]] * none)]
        program, point = self.program, self.flat.point
        assert program is not None
        count, lanes = len(self.flat.out_paths), len(pairs)
        found = vmap(lambda ts, cts: program(point, ts, cts)[count:], -1, -1)(
            self.stacked(ts, -1), self.stacked(cts, -1)
        )
        what = "vmap of the derivatives over the last axis of directions"
        sizes = lambda: _columned(self.sizes()[count:])  # noqa: E731
        known = [x[..., :lanes] for x in found]
        self.compare(what, self.paths[count:], self.stacked(expected, -1), known, sizes)
        rest = [x[..., lanes:] for x in found]
        for law in self.kinds:
            law.is_seen(rest[:count] if law.what == "tangent" else rest[-len(point) :])

    def check_directions_of_sides(self) -> None:
        """The directions of the jvp, and those of the vjp."""
        sides = []
        if self.forward and self.known.pushed:
            sides.append((self.known.pushed, lambda d: forward(self.flat, self.flat.point, d)[1]))
        if self.reverse and self.known.pull is not None:
            sides.append((self.known.pulled, lambda d: reverse(self.flat, self.flat.point)[1](d)))
        for pairs, call in sides:
            directions = self.stacked([d for d, _ in pairs], -1)
            expected = self.stacked([f for _, f in pairs], -1)
            found = vmap(lambda *d, call=call: call(list(d)), -1, -1)(*directions)
            push = call is sides[0][1] and self.forward
            paths = self.flat.out_paths if push else self.flat.in_paths
            paths = [f"{p} (last axis: direction)" for p in paths]

            def sizes(push: bool = push) -> list[Any]:
                return _columned(
                    self.flat.sizes if push else self.flat.cotangent_sizes(self.cts[0])
                )

            name = "jvp" if push else "vjp"
            self.compare(f"vmap of the {name} over the last axis of directions", paths, expected,
                         found, sizes)  # fmt: skip

    def check_one_batched(self) -> None:
        """Vmap over one of several arguments, the others being the same for all examples."""
        point = self.flat.point
        if len(point) < 2:
            return
        chosen = int(self.session.rng.integers(len(point)))
        for i in range(len(point)):
            if i == chosen:
                self.quickly(functools.partial(self.check_batched, i, self.at_point()))
            else:
                here = self.known.outs or self.flat.call(point)
                self.check_batched(i, here, lambda xs, *_: self.flat.call(xs))

    def check_batched(self, i: int, here: Leaves, call: Callable[..., Leaves]) -> None:
        """Vmap over the argument i of a function whose value at the point is known."""
        point, given = self.flat.point, (self.ts[0], self.cts[0])

        def one(x: Any) -> Leaves:
            return call([*point[:i], x, *point[i + 1 :]], *given)

        examples = [_lane(self.points[i], k, point[i]) for k in (0, 1)]
        expected = _columns([here, one(examples[1])], -1)
        found = vmap(one, -1, -1)(np.stack([host(x) for x in examples], -1))
        paths = [f"{p} (last axis: example)" for p in self.paths[: len(expected)]]
        what = f"vmap over {self.flat.in_paths[i]} alone"
        self.compare(what, paths, expected, found, lambda: _columned(self.sizes()))

    def check_single(self) -> None:
        """Vmap of vmap over a single example."""
        examples = [host(x)[None, None] for x in self.flat.point]
        found = vmap(vmap(lambda *xs: self.flat.call(xs)))(*examples)
        expected = [host(o)[None, None] for o in self.known.outs or self.flat.call(self.flat.point)]
        sizes = lambda: list(self.flat.sizes)  # noqa: E731
        self.compare("vmap of vmap of one example", self.flat.out_paths, expected, found, sizes)


def _lane(stacked: np.ndarray, k: int, like: Any) -> Any:
    return stacked[k].item() if type(like) in (float, complex) else stacked[k]


def _columned(sizes: Sequence[Any]) -> list[Any]:
    """Sizes that broadcast to arrays with one more axis at the end."""
    return [np.asarray(s)[..., None] for s in sizes]


def _columns(rows: Sequence[Leaves], axis: int = 0) -> list[np.ndarray]:
    return [np.stack([host(x) for x in column], axis) for column in zip(*rows, strict=True)]
