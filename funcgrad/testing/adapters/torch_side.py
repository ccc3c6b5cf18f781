"""Values and derivatives of functions of flat tensors, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ... import tree
from ...core.source import where_defined
from ...typing import PyTree
from ..reports.report import Finding, GradientCheckError, overwritten
from .torch_arrays import array_of, is_inexact, tensor_of

MOST_NODES = 10_000
"""How much of a graph is searched."""


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
                title = f"an argument was overwritten by {by}"
                advice = "copy first, or say so with ctx.mark_dirty"
                raise GradientCheckError(overwritten(self.name, f"args[{i}]", title, advice))

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


@contextmanager
def seeded(system: Any, devices: Sequence[Any], seed: int = 0) -> Iterator[None]:
    """The random numbers of a seed, without changing the user's."""
    gpus = sorted({d.index or 0 for d in devices if d is not None and d.type == "cuda"})
    generator = system.default_generator
    # manual_seed of the module seeds every device, which takes milliseconds.
    state = generator.get_state()
    generator.manual_seed(seed)
    try:
        if not gpus:
            yield
            return
        with system.random.fork_rng(devices=gpus):
            system.cuda.manual_seed_all(seed)
            yield
    finally:
        generator.set_state(state)
