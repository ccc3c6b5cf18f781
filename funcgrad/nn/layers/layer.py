"""Layers: pairs of pure functions.

A layer is a pair ``(init, apply)``:

    init(key, input_shape, dtype=float) -> (output_shape, params, state)
    apply(params, state, inputs, *, key=None, train=False) -> (outputs, state)

Shapes are tuples of integers in which -1 stands for the batch axis; the dtype is that of the
parameters. State is what a layer changes beside its output, as running statistics, and () for most
layers. Layers over sequences also take ``mask=``, which containers pass on to them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeAlias

import numpy as np

from ... import tree
from ...api.staging import ShapeDtypeStruct, eval_shape
from ...core.tracebacks import facing, user_facing
from ...errors import ShapeError
from ...typing import Array, DTypeLike, Key, PyTree

__all__ = ["Identity", "Lambda", "Layer", "stateless"]


P = ParamSpec("P")

InitResult: TypeAlias = "tuple[PyTree, PyTree, PyTree]"
"""(output_shape, params, state)."""

Init: TypeAlias = "Callable[..., InitResult]"
"""From (key, input_shape, dtype=float) to (output_shape, params, state)."""

Apply: TypeAlias = "Callable[..., tuple[PyTree, PyTree]]"
"""From (params, state, inputs, *, key=None, train=False) to (outputs, state)."""


class Layer(tuple[Init, Apply]):
    """A pair (init, apply) of pure functions that also knows its name and its parts.

    Args:
        init: from (key, input_shape, dtype=float) to (output_shape, params, state).
        apply: from (params, state, inputs, *, key, train) to (outputs, state).
        name: printed by summary.
        layers: the parts of a container; its params and state are tuples of theirs.
        route: the way of inputs to the parts: "serial" (one after the other), "parallel" (the i-th
            input to the i-th part) or "same" (all to each).
        takes_mask: True if apply takes ``mask=``, a boolean array of shape (batch, time).

    >>> init, apply = Layer(
    ...     lambda key, shape, dtype=float: (shape, 3.0, ()),
    ...     lambda params, state, x, *, key=None, train=False: (params * x, state),
    ... )
    >>> apply(3.0, (), 2.0)
    (6.0, ())
    """

    name: str
    layers: tuple[Layer, ...]
    route: str
    takes_mask: bool

    def __new__(
        cls,
        init: Init,
        apply: Apply,
        name: str = "Layer",
        layers: tuple[Layer, ...] = (),
        route: str = "same",
        takes_mask: bool = False,
    ) -> Layer:
        """Make a layer of two functions, after a look at each argument."""
        self = super().__new__(cls, (facing(init), facing(apply)))
        if not isinstance(layers, tuple | list) or not all(isinstance(p, Layer) for p in layers):
            raise TypeError(f"Layer: layers must be a tuple of layers, got {layers!r}")
        for what, function in (("init", init), ("apply", apply)):
            if not callable(function):
                raise TypeError(f"Layer: {what} must be a function, got {function!r}")
        self.name, self.layers, self.route = name, layers, route
        self.takes_mask = takes_mask or any(part.takes_mask for part in layers)
        return self

    @property
    def init(self) -> Init:
        """From (key, input_shape, dtype=float) to (output_shape, params, state)."""
        return self[0]

    @property
    def apply(self) -> Apply:
        """From (params, state, inputs, *, key=None, train=False) to (outputs, state)."""
        return self[1]

    def __reduce__(self) -> tuple[type[Layer], tuple[object, ...]]:
        parts = (self.init, self.apply, self.name, self.layers, self.route, self.takes_mask)
        return (Layer, parts)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.layers))})" if self.layers else self.name


LayerLike: TypeAlias = "Layer | tuple[Init, Apply] | Callable[[Array], Array]"
"""A layer, a pair (init, apply), or a function of an array, as ``np.tanh``."""


def as_layer(x: LayerLike) -> Layer:
    """A layer from a layer, a pair of functions, or a function of arrays."""
    if isinstance(x, Layer):
        return x
    if isinstance(x, tuple) and len(x) == 2 and callable(x[0]) and callable(x[1]):
        return Layer(*x, name=getattr(x[0], "__qualname__", "Layer").split(".")[0])
    if callable(x):
        return Lambda(x)
    raise TypeError(
        f"a layer is a pair of functions (init, apply), or a function of an array; got {x!r}"
    )


def check_shape(name: str, shape: Sequence[int], rank: int | None = None) -> tuple[int, ...]:
    """An input shape as a tuple; rank is the number of axes that the layer needs."""
    try:
        sizes = tuple(int(d) for d in shape)
    except TypeError:
        raise TypeError(
            f"{name}: the input shape must be a tuple of integers, -1 for the batch; got {shape!r}"
        ) from None
    if any(d < -1 for d in sizes):
        raise ShapeError(f"{name}: sizes must be positive, or -1 for the batch; got {shape}")
    if rank is not None and len(sizes) != rank:
        raise ShapeError(f"{name} needs inputs of {rank} axes; got the shape {sizes}")
    return sizes


def sized(*names: str) -> Callable[[Callable[P, Layer]], Callable[P, Layer]]:
    """Let a function that makes layers check that these arguments are positive integers.

    Args:
        names: the arguments; None is let through where it is the default.

    Returns:
        A decorator.
    """

    def decorate(make: Callable[P, Layer]) -> Callable[P, Layer]:
        signature = inspect.signature(make)
        parameters = signature.parameters

        @functools.wraps(make)
        def make_checked(*args: P.args, **options: P.kwargs) -> Layer:
            try:
                given = signature.bind(*args, **options).arguments
            except TypeError:
                return make(*args, **options)  # the interpreter's own message
            for name in names:
                size = given.get(name)
                if size is None and (name not in given or parameters[name].default is None):
                    continue
                whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
                if not (whole and size >= 1):  # type: ignore[operator]
                    number = isinstance(size, int | float | np.number)
                    raise (ValueError if number else TypeError)(
                        f"{make.__name__}: {name} must be a positive integer; got {size!r}"
                    )
            return make(*args, **options)

        return user_facing(make_checked)

    return decorate


def feature_size(name: str, shape: tuple[int, ...]) -> int:
    """The size of the last axis, which must be known."""
    if len(shape) < 2 or shape[-1] < 1:
        raise ShapeError(
            f"{name} needs the size of the last axis after at least one batch axis; "
            f"got the shape {shape}"
        )
    return shape[-1]


def init_layer(layer: Layer, key: Key | None, shape: PyTree, dtype: DTypeLike) -> InitResult:
    """Call a layer's init; one that knows no dtype is asked for float64."""
    result = layer.init(key, shape) if dtype is float else layer.init(key, shape, dtype)
    if not isinstance(result, tuple) or len(result) != 3:
        raise TypeError(
            f"{layer.name}: init must return (output_shape, params, state); got {result!r}"
        )
    return result


def apply_layer(
    layer: Layer,
    params: PyTree,
    state: PyTree,
    inputs: PyTree,
    key: Key | None,
    train: bool,
    mask: Array | None,
) -> tuple[PyTree, PyTree]:
    """Call a layer's apply, with the mask if it takes one."""
    if mask is not None and layer.takes_mask:
        return layer.apply(params, state, inputs, key=key, train=train, mask=mask)
    return layer.apply(params, state, inputs, key=key, train=train)


def output_shape(f: Callable[[Array], Array], shape: PyTree, dtype: DTypeLike = float) -> PyTree:
    """The shape of f(array), where -1 in the input's shape stays -1."""

    def at(batch: int) -> PyTree:
        sizes = [batch if d == -1 else d for d in shape]
        return eval_shape(f, ShapeDtypeStruct(sizes, dtype))

    one, two = at(7), at(11)
    shapes = tree.map(
        lambda a, b: tuple(m if m == n else -1 for m, n in zip(a.shape, b.shape, strict=True)),
        one,
        two,
    )
    return shapes


def stateless_layer(
    name: str,
    init: Callable[[Key, tuple[int, ...], DTypeLike], tuple[PyTree, PyTree]],
    apply: Callable[[PyTree, Array], Array],
) -> Layer:
    """A layer without state, key or modes from init to (output_shape, params) and apply."""

    def layer_init(key: Key, input_shape: Sequence[int], dtype: DTypeLike = float) -> InitResult:
        shape, params = init(key, check_shape(name, input_shape), dtype)
        return shape, params, ()

    def layer_apply(
        params: PyTree,
        state: PyTree,
        inputs: PyTree,
        *,
        key: Key | None = None,
        train: bool = False,
    ) -> tuple[PyTree, PyTree]:
        return apply(params, inputs), state

    return Layer(layer_init, layer_apply, name)


@user_facing
def Lambda(f: Callable[[Array], Array], name: str | None = None) -> Layer:
    """A layer without parameters from a function of an array.

    Args:
        f: function of one array; its output's shape is found by tracing it.
        name: printed by summary; by default the function's name.

    Returns:
        The layer.

    >>> import numpy as np
    >>> init, apply = Lambda(np.tanh)
    >>> init(None, (-1, 3))
    ((-1, 3), (), ())
    """
    label = name or str(getattr(f, "__name__", "Lambda"))
    return stateless_layer(
        label,
        lambda key, shape, dtype: (output_shape(f, shape, dtype), ()),
        lambda params, inputs: f(inputs),
    )


Identity: Layer = stateless_layer(
    "Identity", lambda key, shape, dtype: (shape, ()), lambda params, inputs: inputs
)


@user_facing
def stateless(
    layer: LayerLike,
) -> tuple[Callable[..., tuple[PyTree, PyTree]], Callable[..., PyTree]]:
    """Stax's two-argument form of a layer that has no state.

    Args:
        layer: a layer whose state holds no arrays.

    Returns:
        ``init(key, input_shape, dtype=float) -> (output_shape, params)`` and
        ``apply(params, inputs, *, key=None, train=False) -> outputs``.

    Raises:
        TypeError: from init, if the layer has state.

    >>> import numpy as np
    >>> from funcgrad import nn, random
    >>> init, apply = nn.stateless(nn.Dense(2))
    >>> shape, params = init(random.key(0), (-1, 3))
    >>> apply(params, np.ones((5, 3))).shape
    (5, 2)
    """
    inner = as_layer(layer)

    def init(
        key: Key, input_shape: Sequence[int], dtype: DTypeLike = float
    ) -> tuple[PyTree, PyTree]:
        shape, params, state = init_layer(inner, key, input_shape, dtype)
        if tree.leaves(state):
            raise TypeError(
                f"stateless: {inner.name} has state ({len(tree.leaves(state))} arrays), which its "
                "apply must take and return; use the layer itself"
            )
        return shape, params

    def apply(params: PyTree, inputs: PyTree, **options: Any) -> PyTree:
        return inner.apply(params, _empty_state(inner), inputs, **options)[0]

    return init, apply


def _empty_state(layer: Layer) -> PyTree:
    """The state of a layer that has none."""
    return tuple(_empty_state(part) for part in layer.layers)
