"""The right backward or forward pass of a function, as a program that can be edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...api.jvp import linearize
from ...core.jaxpr import Eqn, Jaxpr, Var, eval_jaxpr
from ...transforms.transpose import transpose_values
from .functions import Flat
from .leaves import host
from .lines import Vector, pack

MOST = 60
"""The number of uses of values, and of constants, that are tried."""

CLOSE = 1e-6
"""How close a ratio, relative to what it is taken for."""


class BackwardPass:
    """The right backward pass of a function at a point and cotangents, open to edits."""

    def __init__(self, flat: Flat, cts: Sequence[Any]) -> None:
        _, f_jvp = linearize(lambda *xs: flat.call(xs), *flat.point)
        self.program: Jaxpr = f_jvp.program
        self.consts: list[Any] = list(f_jvp.consts)
        self.point: list[np.ndarray] = [host(x) for x in flat.point]
        self.paths: list[str] = flat.in_paths
        self.cts: list[np.ndarray] = [host(c) for c in cts]
        self.right: list[Vector] = self.pull()

    def pull(
        self,
        program: Jaxpr | None = None,
        consts: Sequence[Any] | None = None,
        cts: Sequence[Any] | None = None,
    ) -> list[Vector]:
        """What the pass, or an edit of it, makes of the cotangents, packed."""
        with np.errstate(all="ignore"):
            return self.run(
                self.program if program is None else program,
                self.consts if consts is None else consts,
                self.cts if cts is None else cts,
            )

    def run(self, program: Jaxpr, consts: Sequence[Any], cts: Sequence[Any]) -> list[Vector]:
        """The cotangent of each argument."""
        grads, _ = transpose_values(program, consts, {}, cts, [False] * len(cts))
        return [
            pack([np.zeros(x.shape, x.dtype) if g is None else g])
            for g, x in zip(grads, self.point, strict=False)
        ]


class ForwardPass(BackwardPass):
    """The right forward pass at a point and tangents, which stand in the place of cotangents."""

    def run(self, program: Jaxpr, consts: Sequence[Any], cts: Sequence[Any]) -> list[Vector]:
        """The tangent of each output."""
        more = [np.zeros(v.aval.shape) for v in program.invars[len(self.point) :]]
        return [pack([t]) for t in eval_jaxpr(program, consts, [*cts, *more])]


def with_eqns(program: Jaxpr, eqns: Sequence[Eqn], extra: Sequence[Var] = ()) -> Jaxpr:
    """A linear program with other equations, and more inputs."""
    invars = [*program.invars, *extra]
    return Jaxpr(program.constvars, invars, eqns, program.outvars, program.consts)
