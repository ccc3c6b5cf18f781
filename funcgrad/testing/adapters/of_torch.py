"""Functions of PyTorch tensors, ``autograd.Function``s and modules as claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import tree
from ...core.source import where_defined
from ...typing import PyTree
from ..claims import Claim, Point
from ..derivatives.functions import nothing_to_vary
from ..derivatives.leaves import random_leaf
from .flattened import alone, claim_of, homogeneous, one_output, repeated, required
from .torch_arrays import array_of, is_inexact, tensor_of
from .torch_laws import layouts, mapped
from .torch_side import Side, once_differentiable

UNSUPPORTED = (
    "does not support it because it has not been implemented",
    "must implement the jvp function",
    "must override the setup_context staticmethod",
    "it does not have vmap support",
    "You must implement either the backward or vjp",
    "once_differentiable",
    "derivative for .* is not implemented",
)
"""What PyTorch says where there is no such derivative."""

Call = Callable[[Sequence[Any]], list[Any]]


def torch(f: Callable[..., Any]) -> Claim:
    """A function of PyTorch tensors, with the derivatives that PyTorch gives it.

    Args:
        f: function of positional tensors, in containers or not, and of anything else, that
            returns tensors. A subclass of ``torch.autograd.Function``, its ``apply``, or a
            ``torch.nn.Module``, whose parameters count as further arguments. Tensors keep their
            dtype and device; NumPy arrays become tensors on the CPU. If some of the tensors
            require gradients, the others are constants.

    Returns:
        A Claim with a vjp (``torch.autograd.grad``), and a jvp (``torch.autograd.forward_ad``)
        where PyTorch has one. Dropout and other random numbers are the same in each call.

    Raises:
        ImportError: PyTorch is not installed.
    """
    system = required("torch")
    function = applied(system, f)

    def at(args: tuple[Any, ...]) -> Point:
        opened = Opened(system, function, args)
        point = point_of(opened.side, opened.args, opened.names)
        return replace(point, of_rule=function is not f)

    def trees(args: tuple[Any, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return Opened(system, function, args).trees()

    return claim_of(function, at, trees)


def applied(system: Any, f: Any) -> Any:
    """The function that calls an ``autograd.Function``; others as they are."""
    rule: Any = f
    if getattr(f, "__name__", "") == "apply" and isinstance(getattr(f, "__self__", None), type):
        rule = f.__self__
    if not (isinstance(rule, type) and issubclass(rule, system.autograd.Function)):
        return f
    function: Any = rule.apply  # type: ignore[attr-defined]

    def apply(*args: PyTree) -> Any:
        return function(*args)

    code = getattr(getattr(rule, "forward", None), "__code__", None)
    apply.__wrapped__ = SimpleNamespace(__name__=rule.__name__, __code__=code)  # type: ignore[attr-defined]
    return apply


class Opened:
    """A function of trees of tensors, as one of the flat tensors that are differentiated."""

    def __init__(self, system: Any, f: Any, args: tuple[Any, ...]) -> None:
        self.leaves, self.spec = tree.flatten(args)
        self.names = [tree.format_path(p, "args") for p in tree.paths_of(args)]
        self.system, self.f = system, f
        arrays = any(isinstance(x, np.ndarray | system.Tensor) for x in self.leaves)
        self.parameters: dict[str, Any] = {}
        self.buffers: dict[str, Any] = {}
        if isinstance(f, system.nn.Module):
            self.parameters = {k: p for k, p in f.named_parameters() if p.requires_grad}
            fixed = {k: p.detach() for k, p in f.named_parameters() if not p.requires_grad}
            self.buffers = {**dict(f.named_buffers()), **fixed}
        asked = any(isinstance(x, system.Tensor) and x.requires_grad for x in self.leaves)
        self.places = [
            i
            for i, x in enumerate(self.leaves)
            if differentiable(system, x, arrays)
            and (not asked or getattr(x, "requires_grad", True))
        ]
        names = [self.names[i] for i in self.places]
        self.names = [*names, *(f"parameter {k}" for k in self.parameters)]
        chosen = [*(self.leaves[i] for i in self.places), *self.parameters.values()]
        if not chosen:
            raise ValueError(nothing_to_vary(where_defined(f), args, "tensor"))
        self.args = tuple(array_of(system, x) for x in chosen)
        devices = [x.device if isinstance(x, system.Tensor) else None for x in chosen]
        self.side = Side(system, self.call, f, devices)

    def call(self, tensors: Sequence[Any]) -> Any:
        """The output, a tree, from the tensors that are differentiated."""
        full = [
            self.system.from_numpy(np.array(x)) if isinstance(x, np.ndarray) else x
            for x in self.leaves
        ]
        full = [x.detach() if isinstance(x, self.system.Tensor) else x for x in full]
        it = iter(tensors)
        for i in self.places:
            full[i] = next(it)
        args = tree.unflatten(self.spec, full)
        if not self.parameters and not self.buffers:
            return self.f(*args)
        given = dict(zip(self.parameters, it, strict=True))
        wide = any(t.dtype == self.system.float64 for t in tensors)
        for key, buffer in self.buffers.items():
            copied = buffer.clone()
            wider = wide and copied.dtype == self.system.float32
            given[key] = copied.double() if wider else copied
        return self.system.func.functional_call(self.f, given, args)

    def trees(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Functions between trees and flat arrays."""
        structure: list[Any] = []

        def flat(xs: PyTree, *, of_output: bool) -> list[Any]:
            if of_output:
                return [x for x in tree.leaves(xs) if x is not None]
            leaves = tree.leaves(xs)
            return [leaves[i] for i in self.places]

        def rebuilt(xs: Sequence[Any], *, of_output: bool) -> Any:
            if of_output:
                if not structure:
                    found = self.side.tensors(self.args)
                    leaves, spec = tree.flatten(self.side.whole(found))
                    structure.append((leaves, spec))
                leaves, spec = structure[0]
                it = iter(xs)
                kept = [next(it, x) if is_inexact(self.system, x) else plain(x) for x in leaves]
                return tree.unflatten(spec, kept)
            full = [x if isinstance(x, np.ndarray | np.generic) else plain(x) for x in self.leaves]
            for i, x in zip(self.places, xs, strict=False):
                full[i] = x
            return tree.unflatten(self.spec, full)

        return flat, rebuilt


def plain(x: PyTree) -> Any:
    """A tensor as a NumPy array; anything else as it is."""
    return x.detach().cpu().numpy()[()] if hasattr(x, "detach") else x


def differentiable(system: Any, x: PyTree, arrays: bool) -> bool:
    """True for real and complex tensors and arrays, and for numbers if there are no arrays."""
    if isinstance(x, float | complex) and not isinstance(x, np.generic):
        return not arrays
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(x).dtype.kind in "fc" or np.asarray(x).dtype.name == "bfloat16"
    return is_inexact(system, x)


def backward(
    side: Side, rng: np.random.Generator, args: Sequence[Any], names: Sequence[str]
) -> Point:
    """The backward pass as a function of the arguments and the cotangents of the outputs."""
    outs = side.value(*args)
    count, system = len(args), side.system
    cts = [random_leaf(rng, o) for o in outs]

    def call(tensors: Sequence[Any]) -> Any:
        given = tensors[count:]
        xs = [x if x.requires_grad else x.detach().requires_grad_() for x in tensors[:count]]
        found = side.leaves(xs)
        pairs = [(o, c) for o, c in zip(found, given, strict=True) if o.requires_grad]
        grads = system.autograd.grad(
            [o for o, _ in pairs],
            list(xs),
            [c for _, c in pairs],
            create_graph=True,
            allow_unused=True,
        )
        if any(once_differentiable(g) for g in grads):
            raise RuntimeError("a backward pass inside is marked with @once_differentiable")
        return [system.zeros_like(x) if g is None else g for g, x in zip(grads, xs, strict=True)]

    following = Side(system, call, side.f, [*side.devices, *([None] * len(cts))])
    more = [f"the cotangent of output[{k}]" for k in range(len(cts))]
    point = point_of(following, (*args, *cts), [*names, *more])
    return replace(point, outputs=[f"vjp({name})" for name in names])


def point_of(side: Side, args: tuple[Any, ...], names: Sequence[str]) -> Point:
    """The point of a function of flat tensors."""
    system = side.system
    found = side.leaves([t.requires_grad_() + 0 for t in side.tensors(args)])
    if not found:
        raise ValueError(f"{side.name} returned no real or complex tensor to differentiate")
    outputs = ["output"] if len(found) == 1 else [f"output[{k}]" for k in range(len(found))]
    connected = [k for k, o in enumerate(found) if o.requires_grad]
    left_out = {}
    if connected and len(connected) < len(found):
        for k in set(range(len(found))) - set(connected):
            left_out[f"output[{k}]"] = "PyTorch is told that it is not differentiable"
        side.places = connected
        outputs = [outputs[k] for k in connected]
    laws = [homogeneous(side.vjp), repeated(side.vjp), *layouts(side)]
    if len(args) > 1:
        laws.append(alone(side.vjp, lambda i: lambda *xs: side.pull_of(xs, [i]), len(args)))
    if len(outputs) > 1:
        single = lambda k: lambda *xs: side.pull_of(xs, only=k)  # noqa: E731
        laws.append(one_output(side.vjp, single, len(outputs)))
    laws += mapped(side)
    value = lambda *xs: side.value(*xs)  # noqa: E731
    value.__wrapped__ = side.f  # type: ignore[attr-defined]
    return Point(
        Claim(value, side.vjp, side.jvp),
        args,
        list(names),
        outputs,
        left_out,
        laws,
        lambda rng: backward(side, rng, args, names),
        lambda error: unsupported(system, error),
        side.explains,
    )


def translations(
    leaves: Sequence[Any],
) -> tuple[Callable[[Any], Any], Callable[..., Any]]:
    """From a tensor to a NumPy array, and a call with tensors where the given ones are."""
    system = required("torch")

    def to_numpy(x: PyTree) -> Any:
        return array_of(system, x) if isinstance(x, system.Tensor) else x

    def call(f: Callable[..., Any], arrays: Sequence[Any]) -> Any:
        return f(
            [
                tensor_of(system, x, old.device) if isinstance(old, system.Tensor) else x
                for x, old in zip(arrays, leaves, strict=True)
            ]
        )

    return to_numpy, call


def unsupported(system: Any, error: BaseException) -> str | None:
    """The reason why PyTorch has no such derivative; None if an error is the rule's own."""
    text = str(error)
    if any(re.search(pattern, text) for pattern in UNSUPPORTED):
        return text.strip().splitlines()[0].split(". ")[0]
    return None
