"""Functions of PyTorch tensors, ``autograd.Function``s and modules as claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import tree
from ...core.source import where_defined
from ...typing import PyTree
from ..claims import Claim, Point
from ..derivatives.functions import random_leaf
from ..reports.report import Finding, GradientCheckError
from .flattened import alone, claim_of, one_output, repeated, required
from .torch_arrays import array_of, is_inexact, tensor_of
from .torch_laws import layouts, mapped

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

MOST_NODES = 10_000
"""How much of a graph is searched."""

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
        return point_of(opened.side, opened.args, opened.names)

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
            raise ValueError(
                f"args of {where_defined(f)} hold no real or complex tensor to differentiate by"
            )
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


@dataclass
class Side:
    """A function of flat tensors in PyTorch: its values and derivatives, as NumPy arrays."""

    system: Any
    call: Callable[[Sequence[Any]], Any]
    f: Any
    devices: Sequence[Any]
    places: list[int] = field(default_factory=list)
    nones: set[int] = field(default_factory=set)
    touched: tuple[Any, Any] = ((), ())

    @property
    def name(self) -> str:
        """The name of the user's function."""
        return where_defined(self.f)

    def tensors(self, xs: Sequence[Any]) -> list[Any]:
        """Tensors of their own memory."""
        return [tensor_of(self.system, x, d) for x, d in zip(xs, self.devices, strict=True)]

    def whole(self, tensors: Sequence[Any]) -> Any:
        """The output, with the same random numbers each time."""
        with seeded(self.system, self.devices), self.system.enable_grad():
            return self.call(tensors)

    def leaves(self, tensors: Sequence[Any]) -> list[Any]:
        """The real and complex tensors of the output that are checked."""
        found = [x for x in tree.leaves(self.whole(tensors)) if is_inexact(self.system, x)]
        return [found[i] for i in self.places] if self.places else found

    def varied(
        self, xs: Sequence[Any], chosen: Sequence[int] | None = None, laid: Callable[..., Any] = id
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Leaves that require gradients, copies of them for the function, and the outputs.

        The copies let a function work in place, which PyTorch refuses for leaves.
        """
        system = self.system
        bases = self.tensors(xs)
        inner = []
        for i, t in enumerate(bases):
            if chosen is None or i in chosen:
                t.requires_grad_()
                with system.enable_grad():
                    inner.append(t.clone() if laid is id else laid(t))
            else:
                inner.append(t if laid is id else laid(t))
        before = [(t.grad_fn, t.detach().clone()) for t in inner]
        outs = self.leaves(inner)
        self.check_untouched(inner, before, "a call of f")
        self.touched = inner, before
        return bases, inner, outs

    def check_untouched(self, tensors: Sequence[Any], before: Sequence[Any], by: str) -> None:
        """Raise where arguments have other values, unless autograd was told (``mark_dirty``)."""
        for i, (t, (node, old)) in enumerate(zip(tensors, before, strict=True)):
            declared = t.requires_grad and t.grad_fn is not node
            same = np.array_equal(
                array_of(self.system, t), array_of(self.system, old), equal_nan=True
            )
            if not same and not declared:
                raise GradientCheckError(overwritten(self.name, f"args[{i}]", by))

    def value(self, *xs: PyTree) -> list[Any]:
        """The outputs."""
        tensors = self.tensors(xs)
        for t in tensors:
            t.requires_grad_()
        with self.system.enable_grad():
            inner = [t.clone() for t in tensors]
        return [array_of(self.system, o) for o in self.leaves(inner)]

    def vjp(self, *xs: PyTree) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
        """The outputs, and the function from their cotangents to those of the arguments."""
        return self.pull_of(xs)

    def pull_of(
        self,
        xs: Sequence[Any],
        chosen: Sequence[int] | None = None,
        only: int | None = None,
        laid: Callable[..., Any] = id,
        laid_ct: Callable[..., Any] = id,
    ) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
        """A vjp with respect to chosen arguments, of one output or all, in a memory layout."""
        system = self.system
        bases, inner, outs = self.varied(xs, chosen, laid)
        _, before = self.touched
        values = [array_of(system, o) for o in outs]
        if only is not None:
            outs = [outs[only]]
        wanted = [i for i in range(len(bases)) if chosen is None or i in chosen]

        def pull(cts: Sequence[Any]) -> tuple[Any, ...]:
            # PyTorch's cotangents are conjugates of ours, on both ends.
            given = [
                tensor_of(system, conjugated(c), o.device, shared=True)
                for c, o in zip(cts, outs, strict=True)
            ]
            if laid_ct is not id:
                given = [laid_ct(c) for c in given]
            pairs = [(o, c) for o, c in zip(outs, given, strict=True) if o.requires_grad]
            found: Sequence[Any] = [None] * len(wanted)
            if pairs:
                with seeded(system, self.devices, 1):
                    found = system.autograd.grad(
                        [o for o, _ in pairs],
                        [bases[i] for i in wanted],
                        [c for _, c in pairs],
                        retain_graph=True,
                        allow_unused=True,
                    )
            self.check_untouched(inner, before, "the backward pass")
            self.nones |= {i for i, g in zip(wanted, found, strict=True) if g is None}
            grads: list[Any] = [np.zeros(np.shape(x), np.asarray(x).dtype)[()] for x in xs]
            for i, g in zip(wanted, found, strict=True):
                if g is not None:
                    grads[i] = conjugated(array_of(system, g))
            return tuple(grads)

        return values, pull

    def jvp(self, xs: Sequence[Any], ts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs and their tangents, by forward mode."""
        system = self.system
        forward = system.autograd.forward_ad
        with forward.dual_level():
            duals = [
                forward.make_dual(x.requires_grad_(), t).clone()
                for x, t in zip(self.tensors(xs), self.tensors(ts), strict=True)
            ]
            pairs = [forward.unpack_dual(o) for o in self.leaves(duals)]
            outs = [array_of(system, p.primal) for p in pairs]
            tangents = [
                np.zeros_like(o) if p.tangent is None else array_of(system, p.tangent)
                for o, p in zip(outs, pairs, strict=True)
            ]
        return outs, tangents

    def explains(self, finding: Finding) -> str | None:
        """A hint where PyTorch got no gradient at all."""
        if "rev" not in finding.mode or "zero everywhere" not in (finding.diagnosis or ""):
            return None
        for i in self.nones:
            if f"args[{i}]" in finding.path:
                return (
                    f"backward returned None for args[{i}], or it is not connected to the output; "
                    "if it is a constant on purpose, say so with argnums, or let only the others "
                    "require gradients"
                )
        return None

    def backward(
        self, rng: np.random.Generator, args: Sequence[Any], names: Sequence[str]
    ) -> Point:
        """The backward pass as a function of the arguments and the cotangents of the outputs."""
        outs = self.value(*args)
        count, system = len(args), self.system
        cts = [random_leaf(rng, o) for o in outs]

        def call(tensors: Sequence[Any]) -> Any:
            given = tensors[count:]
            xs = [x if x.requires_grad else x.detach().requires_grad_() for x in tensors[:count]]
            found = self.leaves(xs)
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
            return [
                system.zeros_like(x) if g is None else g for g, x in zip(grads, xs, strict=True)
            ]

        side = Side(system, call, self.f, [*self.devices, *([None] * len(cts))])
        more = [f"the cotangent of output[{k}]" for k in range(len(cts))]
        point = point_of(side, (*args, *cts), [*names, *more])
        return replace(point, outputs=[f"vjp({name})" for name in names])


def once_differentiable(x: Any) -> bool:
    """True if a tensor comes from a backward pass that must not be differentiated again.

    PyTorch raises only where such a node lies on the way to what is differentiated by; none does.
    """
    nodes: list[Any] = [getattr(x, "grad_fn", None)]
    seen: set[Any] = set()
    while nodes and len(seen) < MOST_NODES:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ in ("Error", "DelayedError"):
            return True
        nodes += [following for following, _ in node.next_functions]
    return False


def conjugated(x: PyTree) -> Any:
    """The conjugate of a complex array; a real one itself, not a copy."""
    return np.conj(x) if np.asarray(x).dtype.kind == "c" else x


def overwritten(name: str, path: str, by: str) -> Finding:
    """The finding where a function or its rule writes into an argument."""
    return Finding(
        function=name,
        check=f"an argument was overwritten by {by}",
        order=0,
        mode="",
        path=path,
        index=None,
        expected="the value before",
        found="another value",
        error_estimate=0.0,
        tolerance=0.0,
        source="values must not change",
        diagnosis="f or its rule writes into what it is given; copy first, or say so with "
        "ctx.mark_dirty",
    )


@contextmanager
def seeded(system: Any, devices: Sequence[Any], seed: int = 0) -> Iterator[None]:
    """The random numbers of a seed, without changing the user's."""
    gpus = sorted({d.index or 0 for d in devices if d is not None and d.type == "cuda"})
    with system.random.fork_rng(devices=gpus):
        system.manual_seed(seed)
        yield


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
    laws = [repeated(side.vjp), *layouts(side)]
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
        lambda rng: side.backward(rng, args, names),
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
