"""Layers by hand: objects with a forward and a backward method, checked as they are."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import tree
from ..core.tracebacks import user_facing
from ..typing import PyTree
from . import options
from .claim_checks import check_point
from .claims import Claim, Law, Point
from .derivatives.functions import Leaves
from .derivatives.leaves import has_tangent, random_leaf
from .layer_parts import Parameter, attribute_gradient, changed, parameters_of
from .reports.report import GradientCheckError, Report, overwritten

FORWARD = ("forward", "fprop", "__call__")
BACKWARD = ("backward", "backprop", "bprop", "backward_pass")
OUTPUTS = ("output", "out", "outputs", "y")
INPUT_GRADIENTS = ("dx", "dinputs", "dinput", "dX", "grad_input", "dx_", "input_gradient")
RATES = ("lr", "learning_rate", "eta", "alpha", "rate", "step_size")


def step_of(ct: Any) -> float:
    """A step that moves parameters so far that their change has all digits of the gradient."""
    size = max((float(np.max(np.abs(c), initial=0.0)) for c in tree.leaves(ct)), default=0.0)
    return float(2.0 ** -np.round(np.log2(size))) if 0 < size < np.inf else 1.0


@user_facing
def check_layer(
    layer: Any,
    x: PyTree,
    *others: PyTree,
    kwargs: Mapping[str, Any] | None = None,
    parameters: Sequence[str] | None = None,
    **settings: Any,
) -> Report:
    """Check the backward method of a layer that somebody wrote by hand.

    The gradient of the input and those of the parameters are checked together, each call on a
    copy of the layer. Parameters are found where such layers keep them: dictionaries or lists
    ``params`` and ``grads``, attributes ``W`` and ``dW`` (or ``W_grad``, ``grad_W``, ...), objects
    with ``.value`` or ``.data`` and ``.grad``, and those of inner layers. A ``backward`` that takes
    a learning rate is asked for a step, by which the change of the parameters is the gradient.

    Args:
        layer: an object with ``forward`` and ``backward``. ``backward`` takes the cotangent of the
            output, and returns that of the input, or a tuple that starts with it.
        x: the input; a tuple of arrays for several inputs that have gradients.
        others: further arguments of ``forward`` that have none: labels, masks.
        kwargs: keyword arguments of ``forward``.
        parameters: names of the parameters; None for all that have gradients.
        settings: ``atol``, ``rtol``, ``eps``, ``directions``, ``seed`` and ``laws`` of
            ``check_vjp``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: a gradient is wrong; the message names the input or the parameter.
        TypeError: there is no backward method, or no gradient for a parameter that is named. The
            message says what was looked for.

    >>> class Dense:
    ...     def __init__(self, w, b):
    ...         self.params, self.grads = {"W": w, "b": b}, {}
    ...     def forward(self, x):
    ...         self.x = x
    ...         return x @ self.params["W"] + self.params["b"]
    ...     def backward(self, dout):
    ...         self.grads["W"], self.grads["b"] = self.x.T @ dout, dout.sum(axis=1)
    ...         return dout @ self.params["W"].T
    >>> check_layer(Dense(np.ones((3, 2)), np.zeros(2)), np.arange(12.0).reshape(4, 3))
    Traceback (most recent call last):
        ...
    funcgrad.testing.reports.report.GradientCheckError: Dense: the vjp has the wrong type
      order      1, mode 'rev'
      where      parameter b; the shapes differ
      ...
    """
    named = options.keywords(kwargs, "check_layer")
    run = Layer(layer, x, others, named, parameters)
    report = Report(left_out=run.left_out)
    check_point(run.point(), report, 1, ("rev",), settings)
    return report


class Layer:
    """A layer with its input, as a function of flat arrays."""

    def __init__(
        self,
        layer: Any,
        x: PyTree,
        others: Sequence[Any],
        kwargs: Mapping[str, Any],
        chosen: Sequence[str] | None,
    ) -> None:
        self.layer, self.others, self.kwargs = layer, others, kwargs
        self.name = type(layer).__name__
        self.forward_name = self.method(FORWARD, "forward")
        self.backward_name = self.method(BACKWARD, "backward")
        self.inputs = list(x) if isinstance(x, tuple) else [x]
        self.places = [i for i, a in enumerate(self.inputs) if has_tangent(a)]
        self.left_out: dict[str, str] = {}
        self.parameters: list[Parameter] = self.found(chosen)
        if not self.places and not self.parameters:
            raise ValueError(f"check_layer: {self.name} has no real or complex input or parameter")

    def method(self, names: Sequence[str], what: str) -> str:
        """The name of a method of the layer, or an error that says what was looked for."""
        for name in names:
            if callable(getattr(self.layer, name, None)):
                return name
        raise TypeError(
            f"check_layer: {self.name} has no {what} method; looked for {', '.join(names)}. For "
            "two functions use check_pair(forward, backward, args)"
        )

    def found(self, chosen: Sequence[str] | None) -> list[Parameter]:
        """The parameters that have gradients after one backward pass."""
        kept: list[Parameter] = []
        used = copy.deepcopy(self.layer)
        out = self.forward(used, self.inputs)
        used = copy.deepcopy(used)  # which keeps no array of the caller's
        returned = self.backward(used, tree.map(np.ones_like, out))
        count = len(self.inputs)
        extra = list(returned[count:]) if isinstance(returned, tuple) else []
        for part in parameters_of(self.layer):
            if chosen is not None and part.name not in chosen:
                continue
            if changed(part, self.layer, lambda layer: self.forward(layer, self.inputs)):
                continue
            steps = self.rate_name() is not None
            given = part.gradient(used) is not None or steps or in_mapping(returned, part.name)
            if given or len(kept) < len(extra):
                kept.append(part)
                continue
            text = f"no gradient; looked for {part.looked}"
            if chosen is not None:
                raise TypeError(f"check_layer: the parameter {part.name} of {self.name} has {text}")
            self.left_out[f"parameter {part.name}"] = text
        missing = set(chosen or ()) - {p.name for p in kept}
        if missing:
            names = ", ".join(p.name for p in parameters_of(self.layer)) or "none"
            raise TypeError(
                f"check_layer: {self.name} has no parameter {min(missing)!r}; found {names}"
            )
        return kept

    def rate_name(self) -> str | None:
        """The name of the learning rate that the backward method asks for."""
        names = list(self.backward_parameters())
        return next((n for n in names if n in RATES), None)

    def backward_parameters(self) -> Mapping[str, inspect.Parameter]:
        """The parameters of the backward method."""
        try:
            return inspect.signature(getattr(self.layer, self.backward_name)).parameters
        except (TypeError, ValueError):
            return {"dout": inspect.Parameter("dout", inspect.Parameter.POSITIONAL_ONLY)}

    def forward(self, layer: Any, inputs: Sequence[Any]) -> Any:
        """The output; the same random numbers each time."""
        with same_random_numbers():
            out = getattr(layer, self.forward_name)(*inputs, *self.others, **self.kwargs)
        if out is not None:
            return out
        found = next((getattr(layer, n) for n in OUTPUTS if hasattr(layer, n)), None)
        if found is None:
            raise TypeError(
                f"check_layer: {self.name}.{self.forward_name} returned None; looked for the "
                f"output in {', '.join(OUTPUTS)}"
            )
        return found

    def backward(self, layer: Any, ct: Any, step: float = 1.0) -> Any:
        """What the backward method returns, which may move the parameters by a step."""
        method, rate = getattr(layer, self.backward_name), self.rate_name()
        named = {} if rate is None else {rate: step}
        takes = [n for n in self.backward_parameters() if n not in RATES]
        if takes:
            return method(ct, **named)
        scale = np.asarray(ct)
        if scale.ndim:
            raise TypeError(
                f"check_layer: {self.name}.{self.backward_name} takes no cotangent, and the output "
                "is not a scalar"
            )
        returned = method(**named)
        return tree.map(lambda g: scale * g, returned)

    def point(self) -> Point:
        """The claim of the layer at its input."""
        count = len(self.places)

        def prepared(xs: Sequence[Any]) -> tuple[Any, list[Any]]:
            layer, inputs = copy.deepcopy(self.layer), list(self.inputs)
            for i, x in zip(self.places, xs[:count], strict=True):
                inputs[i] = x
            for part, x in zip(self.parameters, xs[count:], strict=True):
                part.set(layer, x)
            return layer, inputs

        def value(*xs: PyTree) -> Any:
            return self.forward(*prepared(xs))

        def vjp(*xs: PyTree) -> Any:
            layer, inputs = prepared(xs)
            out = self.forward(layer, inputs)
            return out, lambda ct: self.cotangents(layer, xs, ct)

        value.__wrapped__ = type(self.layer)  # type: ignore[attr-defined]
        args = [self.inputs[i] for i in self.places]
        names = ["x"] if len(self.inputs) == 1 else [f"x[{i}]" for i in self.places]
        args += [np.array(part.get(self.layer))[()] for part in self.parameters]
        names += [f"parameter {part.name}" for part in self.parameters]
        laws = [self.after_other_calls(prepared, vjp)]
        return Point(Claim(value, vjp), tuple(args), names, laws=laws)

    def after_other_calls(self, prepared: Callable[..., Any], vjp: Callable[..., Any]) -> Law:
        """The law that gradients do not depend on earlier calls, where values do not."""

        def sides(xs: Leaves, rng: np.random.Generator) -> tuple[Leaves, Leaves, Sequence[str]]:
            out, pull = vjp(*xs)
            ct = tree.map(lambda o: random_leaf(rng, o), out)
            layer, inputs = prepared(xs)
            others = [x * 2 if i in self.places else x for i, x in enumerate(inputs)]
            self.backward(layer, tree.map(np.ones_like, self.forward(layer, others)))
            for part, x in zip(self.parameters, xs[len(self.places) :], strict=True):
                part.set(layer, x)
            again = self.forward(layer, inputs)
            for e, f in zip(tree.leaves(out), tree.leaves(again), strict=True):
                if not np.array_equal(e, f, equal_nan=True):
                    raise RuntimeError("the value depends on earlier calls of the layer")
            found = self.cotangents(layer, xs, ct)
            return (
                list(pull(ct)),
                list(found),
                [f"the cotangent of args[{i}]" for i in range(len(xs))],
            )

        return Law(
            "the gradients do not depend on earlier calls",
            "the gradients change after another call of the layer",
            "something of an earlier call is kept: a cache that is not renewed, or a gradient that "
            "is added to",
            sides,
            optional=True,
        )

    def cotangents(self, ran: Any, xs: Sequence[Any], ct: Any) -> tuple[Any, ...]:
        """The gradients of the inputs and of the parameters after a backward pass of a copy."""
        count, given = len(self.places), arrays_of([xs[: len(self.places)], self.others])
        layer = copy.deepcopy(ran, {id(x): x for x in given})  # it keeps what it was given
        kept = [x.copy() for x in given]
        for part in self.parameters:
            old = part.gradient(layer)
            if isinstance(old, np.ndarray) and old.dtype.kind in "fc" and old.flags.writeable:
                old[...] = 0  # whoever accumulates starts from zero
        before = [np.array(part.get(layer)) for part in self.parameters]
        step = step_of(ct)
        returned = self.backward(layer, ct, step)
        for x, old in zip(given, kept, strict=True):
            if not np.array_equal(x, old, equal_nan=True):
                x[...] = old
                path = next((f"args[{i}]" for i in range(count) if xs[i] is x), "another argument")
                title = "the backward pass overwrites an argument of the forward pass"
                finding = overwritten(self.name, path, title, "write x = x * ct, not x *= ct")
                raise GradientCheckError(finding)
        grads = self.input_gradients(layer, returned)
        extra = list(returned[len(self.inputs) :]) if isinstance(returned, tuple) else []
        for part, old in zip(self.parameters, before, strict=True):
            if self.rate_name() is not None and not np.array_equal(old, part.get(layer)):
                grads.append((old - np.asarray(part.get(layer))) / step)
            elif in_mapping(returned, part.name):
                grads.append(of_mapping(returned, part.name))
            elif part.gradient(layer) is not None:
                grads.append(part.gradient(layer))
            elif extra:
                fits = [i for i, g in enumerate(extra) if np.shape(g) == old.shape]
                grads.append(extra.pop(fits[0] if fits else 0))
            else:
                grads.append(np.zeros_like(old))
        return tuple(
            np.zeros(np.shape(x), np.asarray(x).dtype)[()] if g is None else np.array(g)[()]
            for g, x in zip(grads, xs, strict=True)
        ) if len(grads) == count + len(self.parameters) else tuple(grads)  # fmt: skip

    def input_gradients(self, layer: Any, returned: Any) -> list[Any]:
        """The cotangents of the inputs, from what backward returned or left."""
        if isinstance(returned, Mapping):
            names = ("x", "dx", "dX", "X", "input", "inputs")
            returned = next((returned[n] for n in names if n in returned), None)
        if returned is None:
            left = (getattr(layer, n, None) for n in INPUT_GRADIENTS)
            returned = next((g for g in left if has_tangent(g)), None)
            if returned is None:
                returned = attribute_gradient(layer, "x")
            if returned is None and self.places:
                raise TypeError(
                    f"check_layer: {self.name}.{self.backward_name} returned None; looked for the "
                    f"gradient of the input in {', '.join(INPUT_GRADIENTS)}"
                )
        given = list(returned) if isinstance(returned, tuple | list) else [returned]
        return [given[i] if i < len(given) else None for i in self.places]


def arrays_of(parts: PyTree) -> list[np.ndarray]:
    """The arrays of numbers among leaves."""
    leaves = tree.leaves(parts)
    return [x for x in leaves if isinstance(x, np.ndarray) and x.dtype.kind in "iufcb"]


def in_mapping(returned: Any, name: str) -> bool:
    """True if backward returned a dictionary with the gradient of a parameter."""
    return isinstance(returned, Mapping) and (name in returned or f"d{name}" in returned)


def of_mapping(returned: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter in a dictionary."""
    return returned[name] if name in returned else returned[f"d{name}"]


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """NumPy's global random numbers from the same start, and as they were afterwards."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)
