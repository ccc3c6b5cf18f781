"""Laws of PyTorch's derivatives: memory layouts, and vmap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..claims import Law
from ..derivatives.functions import Leaves
from ..derivatives.leaves import random_leaf
from .flattened import cotangent_names
from .torch_arrays import array_of, tensor_of
from .torch_side import Side

LANES = 3

EXAMPLES_ALONG = (0, -1)


def spread(t: Any) -> Any:
    """The same numbers in memory with gaps, the last axis outermost."""
    if t.dim() == 0:
        return t.clone()
    turned = t.permute(*reversed(range(t.dim()))).unsqueeze(-1)
    gaps = turned.expand(*turned.shape[:-1], 2).clone()[..., 0]
    return gaps.permute(*reversed(range(t.dim())))


def layouts(side: Side) -> list[Law]:
    """The laws that memory order of cotangents and of arguments makes no difference."""

    def cotangents(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        names = cotangent_names([f"args[{i}]" for i in range(len(xs))])
        outs, pull = side.vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        constant = [np.full(np.shape(o), 0.75, np.asarray(o).dtype)[()] for o in outs]
        expected = [*pull(cts), *pull(constant)]
        found = list(side.pull_of(xs, laid_ct=spread)[1](cts))
        expanded = lambda c: c.reshape(-1)[:1].reshape(()).expand(c.shape)  # noqa: E731
        if all(np.size(c) for c in constant):
            found += side.pull_of(xs, laid_ct=expanded)[1](constant)
        else:
            expected = expected[: len(found)]
        labels = [f"{n}, of a cotangent with gaps" for n in names]
        labels += [f"{n}, of an expanded cotangent" for n in names]
        return expected, found, labels[: len(found)]

    def arguments(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        names = cotangent_names([f"args[{i}]" for i in range(len(xs))])
        outs, pull = side.vjp(*xs)
        cts = [random_leaf(rng, o) for o in outs]
        values, pull_strided = side.pull_of(xs, laid=spread)
        places = [f"output[{k}]" for k in range(len(outs))]
        return [*outs, *pull(cts)], [*values, *pull_strided(cts)], [*places, *names]

    return [
        Law(
            "the vjp of cotangents that are not contiguous",
            "the vjp differs for a cotangent that is not contiguous",
            "the backward pass reads memory as if it were contiguous: call .contiguous() first, "
            "or use reshape in place of view and as_strided",
            cotangents,
        ),
        Law(
            "f and its vjp at arguments that are not contiguous",
            "f or its vjp differs for arguments that are not contiguous",
            "memory is read as if it were contiguous: call .contiguous() first",
            arguments,
        ),
    ]


def mapped(side: Side) -> list[Law]:
    """The laws that ``torch.func.vmap`` is a loop, for functions that it can map."""
    system = side.system

    def call(*ts: Any) -> tuple[Any, ...]:
        return tuple(side.leaves(ts))

    def stacks(lanes: Sequence[Leaves], dim: int) -> list[Any]:
        columns = zip(*(side.tensors(lane) for lane in lanes), strict=True)
        return [system.stack(column, dim) for column in columns]

    def along(f: Any, lanes: Sequence[Leaves]) -> list[Any]:
        """The results where examples lie along the first axis, and along the last."""
        found = []
        for dim in EXAMPLES_ALONG:
            run = system.func.vmap(f, dim, randomness="same")
            found += [array_of(system, o) for o in run(*stacks(lanes, dim))]
        return found

    def values(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        lanes = lanes_of(xs)
        loop = zip(*(side.value(*lane) for lane in lanes), strict=True)
        expected = [np.stack(column) for column in loop]
        names = [f"output[{k}]" for k in range(len(expected))]
        return expected * 2, along(call, lanes), both(names)

    def gradients(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
        lanes = lanes_of(xs)
        cts = [random_leaf(rng, o) for o in side.value(*xs)]
        given = [tensor_of(system, c, d) for c, d in zip(cts, [None] * len(cts), strict=True)]

        def pulled(*ts: Any) -> Any:
            return system.func.vjp(call, *ts)[1](tuple(given))

        loop = zip(*(side.vjp(*x)[1]([np.conj(c) for c in cts]) for x in lanes), strict=True)
        expected = [np.conj(np.stack(column)) for column in loop]
        names = cotangent_names([f"args[{i}]" for i in range(len(xs))])
        return expected * 2, along(pulled, lanes), both(names)

    about = "the vmap rule is wrong, or f mixes examples"
    title = "torch.func.vmap of {} differs from a loop"
    return [
        Law("vmap(f) = loop", title.format("f"), about, values, 0, optional=True),
        Law("vmap(vjp) = loop", title.format("the vjp"), about, gradients, optional=True),
    ]


def both(names: Sequence[str]) -> list[str]:
    """The names of results where examples lie along the first axis, and along the last."""
    return [*names, *(f"{name} (examples along the last axis)" for name in names)]


def lanes_of(xs: Leaves) -> list[Leaves]:
    """The point and points close to it."""
    return [[x * np.asarray(1 + 0.03125 * k, x.dtype) for x in xs] for k in range(LANES)]
