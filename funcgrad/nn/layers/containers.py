"""Layers of layers: one after the other, side by side, and around a shortcut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ... import random
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array, DTypeLike, Key, PyTree
from .layer import (
    Identity,
    Init,
    InitResult,
    Layer,
    LayerLike,
    apply_layer,
    as_layer,
    check_shape,
    init_layer,
    sized,
)

__all__ = ["FanInConcat", "FanInSum", "FanOut", "Residual", "parallel", "serial"]


Keyed: TypeAlias = "list[tuple[Layer, Key | None]]"
"""The parts of a container, each with its key."""

Made: TypeAlias = "list[tuple[PyTree, PyTree]]"
"""The params and the state of each part of a container."""

InitParts: TypeAlias = "Callable[[Keyed, PyTree, DTypeLike], tuple[PyTree, Made]]"
Run: TypeAlias = "Callable[[int, PyTree], PyTree]"
"""Applies a part, given by its number, to its inputs."""

ApplyParts: TypeAlias = "Callable[[Run, PyTree], PyTree]"


def _split(key: Key | None, n: int) -> Sequence[Key | None]:
    return [None] * n if key is None or n == 0 else list(random.split(key, n))


def _check_parts(name: str, parts: tuple[Layer, ...], params: PyTree, state: PyTree) -> None:
    for what, given in (("params", params), ("state", state)):
        if not isinstance(given, tuple | list) or len(given) != len(parts):
            found = f"{len(given)}" if isinstance(given, tuple | list) else type(given).__name__
            raise TypeError(
                f"{name} of {len(parts)} layers needs {what} as a tuple of {len(parts)}, as its "
                f"init returned it; got {found}"
            )


def make_container(
    name: str, parts: tuple[Layer, ...], route: str, init: InitParts, apply: ApplyParts
) -> Layer:
    """A layer of layers from functions that loop over them."""

    def container_init(
        key: Key | None, input_shape: PyTree, dtype: DTypeLike = float
    ) -> InitResult:
        shape, made = init(
            list(zip(parts, _split(key, len(parts)), strict=True)), input_shape, dtype
        )
        return shape, tuple(p for p, _ in made), tuple(s for _, s in made)

    def container_apply(
        params: PyTree,
        state: PyTree,
        inputs: PyTree,
        *,
        key: Key | None = None,
        train: bool = False,
        mask: Array | None = None,
    ) -> tuple[PyTree, PyTree]:
        _check_parts(name, parts, params, state)
        states = list(state)

        def run(i: int, x: Array) -> Array:
            y, states[i] = apply_layer(parts[i], params[i], state[i], x, keys[i], train, mask)
            return y

        keys = _split(key, len(parts))
        outputs = apply(run, inputs)
        return outputs, tuple(states)

    return Layer(container_init, container_apply, name, parts, route)


@user_facing
def serial(*layers: LayerLike) -> Layer:
    """Layers one after the other.

    Args:
        *layers: layers; functions of an array, as ``np.tanh`` or ``nn.relu``, are layers too.

    Returns:
        A layer whose params and state are tuples of those of its parts. A key is split among them.

    >>> from funcgrad import nn, random
    >>> init, apply = nn.serial(nn.Dense(8), nn.relu, nn.Dense(2))
    >>> shape, params, state = init(random.key(0), (-1, 3))
    >>> shape, params[2]["w"].shape
    ((-1, 2), (8, 2))
    >>> apply(params, state, np.ones((5, 3)))[0].shape
    (5, 2)
    """
    parts = tuple(map(as_layer, layers))

    def init(keyed: Keyed, shape: PyTree, dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        made = []
        for part, key in keyed:
            shape, params, state = init_layer(part, key, shape, dtype)
            made.append((params, state))
        return shape, made

    def apply(run: Run, x: Array) -> Array:
        for i in range(len(parts)):
            x = run(i, x)
        return x

    return make_container("serial", parts, "serial", init, apply)


@user_facing
def parallel(*layers: LayerLike) -> Layer:
    """Layers side by side: the i-th gets the i-th input.

    Args:
        *layers: layers, or functions of an array.

    Returns:
        A layer from tuples of inputs to tuples of outputs.

    >>> from funcgrad import nn
    >>> both = nn.serial(nn.FanOut(2), nn.parallel(np.sin, np.cos), nn.FanInSum)
    >>> _, params, state = both.init(None, (-1, 3))
    >>> both.apply(params, state, np.zeros((1, 3)))[0]
    array([[1., 1., 1.]])
    """
    parts = tuple(map(as_layer, layers))

    def check(inputs: PyTree, what: str) -> None:
        if not isinstance(inputs, tuple | list) or len(inputs) != len(parts):
            found = f"{len(inputs)}" if isinstance(inputs, tuple | list) else "one array"
            raise ShapeError(
                f"parallel: {len(parts)} layers need a tuple of {len(parts)} {what}; got {found}"
            )

    def init(keyed: Keyed, shapes: PyTree, dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        check(shapes, "input shapes")
        made = [
            init_layer(part, key, shape, dtype)
            for (part, key), shape in zip(keyed, shapes, strict=True)
        ]
        return tuple(m[0] for m in made), [m[1:] for m in made]

    def apply(run: Run, inputs: PyTree) -> tuple[PyTree, ...]:
        check(inputs, "inputs")
        return tuple(run(i, x) for i, x in enumerate(inputs))

    return make_container("parallel", parts, "parallel", init, apply)


@user_facing
def Residual(*layers: LayerLike, shortcut: LayerLike = Identity) -> Layer:
    """Layers one after the other, whose input is added to their output: x + f(x).

    Args:
        *layers: layers whose outputs have the shape of the inputs, or of the shortcut's outputs.
        shortcut: the layer through which the input is added.

    Returns:
        A layer whose params are a pair, of the layers and of the shortcut.

    Source: He, Zhang, Ren and Sun (2016), "Deep residual learning for image recognition".

    >>> from funcgrad import nn
    >>> block = nn.Residual(lambda x: 2 * x)
    >>> _, params, state = block.init(None, (-1, 1))
    >>> block.apply(params, state, np.ones((1, 1)))[0]
    array([[3.]])
    """
    parts = (serial(*layers), as_layer(shortcut))

    def init(keyed: Keyed, shape: PyTree, dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        made = [init_layer(part, key, shape, dtype) for part, key in keyed]
        if made[0][0] != made[1][0]:
            raise ShapeError(
                f"Residual: the layers give shape {made[0][0]} and the shortcut {made[1][0]}; "
                "pass shortcut= a layer that gives the same shape"
            )
        return made[0][0], [m[1:] for m in made]

    def apply(run: Run, x: Array) -> Array:
        return run(0, x) + run(1, x)

    return make_container("Residual", parts, "same", init, apply)


def _init_of_many_inputs(
    name: str, combine: Callable[[list[tuple[int, ...]]], tuple[int, ...]]
) -> Init:
    def init(key: Key | None, shapes: PyTree, dtype: DTypeLike = float) -> InitResult:
        if not isinstance(shapes, tuple | list) or not shapes or isinstance(shapes[0], int):
            raise ShapeError(f"{name} needs a tuple of input shapes; got {shapes}")
        return combine([check_shape(name, s) for s in shapes]), (), ()

    return init


@sized("n")
@user_facing
def FanOut(n: int) -> Layer:
    """A layer that hands its input on n times.

    >>> FanOut(2).init(None, (-1, 3))[0]
    ((-1, 3), (-1, 3))
    """

    def init(key: Key | None, input_shape: PyTree, dtype: DTypeLike = float) -> InitResult:
        return (check_shape("FanOut", input_shape),) * n, (), ()

    def apply(
        params: PyTree,
        state: PyTree,
        inputs: PyTree,
        *,
        key: Key | None = None,
        train: bool = False,
    ) -> tuple[PyTree, PyTree]:
        return (inputs,) * n, state

    return Layer(init, apply, f"FanOut({n})")


def _sum_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    if any(s != shapes[0] for s in shapes):
        raise ShapeError(f"FanInSum: shapes differ: {', '.join(map(str, shapes))}")
    return shapes[0]


def _sum_apply(
    params: PyTree, state: PyTree, inputs: PyTree, *, key: Key | None = None, train: bool = False
) -> tuple[Array, PyTree]:
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total, state


FanInSum: Layer = Layer(_init_of_many_inputs("FanInSum", _sum_shape), _sum_apply, "FanInSum")


@user_facing
def FanInConcat(axis: int = -1) -> Layer:
    """A layer that joins a tuple of inputs along an axis.

    >>> FanInConcat().init(None, ((-1, 3), (-1, 4)))[0]
    (-1, 7)
    """

    def joined(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
        i = axis % len(shapes[0])
        others = {(*s[:i], *s[i + 1 :]) for s in shapes}
        if len(others) > 1 or (any(s[i] == -1 for s in shapes) and len(shapes) > 1):
            raise ShapeError(
                f"FanInConcat(axis={axis}): shapes must agree but for that axis, whose sizes "
                f"must be known; got {', '.join(map(str, shapes))}"
            )
        return (*shapes[0][:i], sum(s[i] for s in shapes), *shapes[0][i + 1 :])

    def apply(
        params: PyTree,
        state: PyTree,
        inputs: PyTree,
        *,
        key: Key | None = None,
        train: bool = False,
    ) -> tuple[PyTree, PyTree]:
        return np.concatenate(inputs, axis=axis), state

    return Layer(_init_of_many_inputs("FanInConcat", joined), apply, "FanInConcat")
