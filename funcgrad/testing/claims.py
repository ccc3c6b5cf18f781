"""Derivatives from anywhere: a function with a claimed vjp or jvp, and its check."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from .. import tree
from ..core.source import where_defined
from ..typing import PyTree
from .derivatives.functions import Leaves
from .reports.report import (
    DERIVATIVES,
    Finding,
)


@dataclass(frozen=True)
class Claim:
    """A function and what someone says that its derivative is.

    Args:
        value: function of positional arguments, pytrees of arrays.
        vjp: takes the arguments and returns (output, pull); ``pull`` takes a cotangent of the
            output and returns a tuple of cotangents, one per argument. None if there is none.
        jvp: takes (args, tangents) and returns (output, tangent_out). None if there is none.
        at: takes a tuple of arguments and returns the ``Point`` that is checked there, for
            functions of other systems; None to check what stands above.

    >>> Claim(np.sin, jvp=lambda x, t: (np.sin(*x), np.cos(*x) * t[0])).vjp is None
    True
    """

    value: Callable[..., Any]
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    at: Callable[[tuple[Any, ...]], Point] | None = None

    def __call__(self, *args: PyTree) -> Any:
        """The value."""
        return self.value(*args)

    @property
    def __wrapped__(self) -> Any:
        return self.value


@dataclass(frozen=True)
class Law:
    """Two ways to the same numbers, in a system with rules of its own.

    ``sides`` takes the arguments and a random generator and returns the expected numbers, the
    ones found, and their names; it raises what the system raises where the law cannot apply.
    """

    name: str
    title: str
    diagnosis: str
    sides: Callable[[Leaves, np.random.Generator], tuple[Leaves, Leaves, Sequence[str]]]
    order: int = 1
    optional: bool = False


@dataclass(frozen=True)
class Point:
    """A claim at a point, of flat arrays: ``claim.value(*args)`` is a list of arrays.

    ``inputs`` and ``outputs`` are what the arrays are called in the user's words. ``second``
    makes the point of the backward pass as a function; ``unsupported`` says why an error of the
    system means that there is no such derivative, and is None if errors are the user's.
    ``of_rule`` says that the derivative is one that somebody wrote, and ``sizes`` are what the
    outputs are sums of, where that is known.
    """

    claim: Claim
    args: tuple[Any, ...]
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    laws: Sequence[Law] = ()
    second: Callable[[np.random.Generator], Point] | None = None
    unsupported: Callable[[BaseException], str | None] | None = None
    explains: Callable[[Finding], str | None] = lambda _: None
    of_rule: bool = True
    sizes: Sequence[Any] = ()

    def holding(self, places: Sequence[int]) -> Point:
        """The same where only some of the arguments are varied."""
        whole, claim = list(self.args), self.claim

        def full(xs: Sequence[Any]) -> list[Any]:
            values = list(whole)
            for i, x in zip(places, xs, strict=True):
                values[i] = x
            return values

        def value(*xs: PyTree) -> Any:
            return claim.value(*full(xs))

        def vjp(*xs: PyTree) -> Any:
            assert claim.vjp is not None
            out, pull = claim.vjp(*full(xs))

            def pull_some(ct: PyTree) -> tuple[Any, ...]:
                found = pull(ct)
                return tuple(found[i] for i in places)

            return out, pull_some

        def jvp(xs: Sequence[Any], ts: Sequence[Any]) -> Any:
            assert claim.jvp is not None
            zeros = [
                tree.map(lambda x: np.zeros(np.shape(x), np.asarray(x).dtype), x) for x in whole
            ]
            for i, t in zip(places, ts, strict=True):
                zeros[i] = t
            return claim.jvp(tuple(full(xs)), tuple(zeros))

        value.__wrapped__ = claim.value  # type: ignore[attr-defined]
        held = Claim(value, claim.vjp and vjp, claim.jvp and jvp)
        names = [self.inputs[i] for i in places] if self.inputs else [f"args[{i}]" for i in places]
        args = tuple(self.args[i] for i in places)
        return replace(self, claim=held, args=args, inputs=names, laws=(), second=None)

    def named(self, finding: Finding) -> Finding:
        """A finding in the user's names."""

        def text(words: str) -> str:
            for root, names in (("args", self.inputs), ("output", self.outputs)):
                if names:
                    pattern = rf"\b{root}\[(\d+)\](?!\[|\.\w)"
                    words = re.sub(pattern, partial(name_at, names), words)
            return words

        more = self.explains(finding)
        diagnosis = text(finding.diagnosis) if finding.diagnosis else None
        if more:
            diagnosis = f"{diagnosis}; {more}" if diagnosis else more
        return replace(finding, path=text(finding.path), diagnosis=diagnosis)


def name_at(names: Sequence[str], found: re.Match[str]) -> str:
    """The name of an argument in place of its number."""
    number = int(found[1])
    return names[number] if number < len(names) else found[0]


def failed(point: Point, mode: str, error: BaseException) -> Finding:
    """The finding for a derivative that raises."""
    name = DERIVATIVES[mode]
    return Finding(
        function=where_defined(point.claim),
        check=f"the {name} raises an error where f has a value",
        order=1,
        mode=repr(mode),
        path="a derivative rule",
        index=None,
        expected=f"the {name} of f",
        found=f"{type(error).__name__}: {str(error).strip()}",
        error_estimate=0.0,
        tolerance=0.0,
        source="f can be evaluated at this point",
        diagnosis=shape_words(str(error)),
    )


def shape_words(text: str) -> str | None:
    """What an error about shapes means."""
    texts = re.findall(r"(?:float|complex)\d+\[([\d, ]*)\]", text)  # JAX's; then PyTorch's
    texts = texts or re.findall(r"(?:got|with|shape) \[([\d, ]*)\]", text)
    shapes = [tuple(map(int, re.findall(r"\d+", found))) for found in texts]
    if len(shapes) < 2 or shapes[0] == shapes[1]:
        return None
    found, expected = shapes[:2]
    broadcast = len(found) >= len(expected) and all(
        a in (b, 1) for a, b in zip(expected[::-1], found[::-1], strict=False)
    )
    if broadcast:
        return (
            f"found has shape {found}, expected {expected}: the sum over broadcast axes is missing"
        )
    return f"found has shape {found}, expected {expected}"
