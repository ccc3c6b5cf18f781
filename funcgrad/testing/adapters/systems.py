"""Which system a function or its arguments belong to."""

from __future__ import annotations

import dis
import functools
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from ... import tree
from ...typing import PyTree
from ..claims import Claim

ROOTS = {
    "torch": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "equinox": "jax",
    "flax": "jax",
    "autograd": "autograd",
    "funcgrad": "funcgrad",
}
"""Packages, and the system that their objects belong to."""

DEPTH = 3
"""Functions that a function names are looked at down to this depth."""

OF_SYSTEM = {"torch": "of_torch", "jax": "of_jax", "autograd": "of_autograd"}


def adapted(
    f: Any, args: tuple[Any, ...] = (), wrap: Callable[[Any], Any] | None = None
) -> Claim | None:
    """The claim of a function that belongs to another system; None if none does.

    ``wrap`` makes the function that is checked from the one that is recognised.

    >>> import math
    >>> adapted(math.sin, (1.0,)) is None
    True
    """
    if isinstance(f, Claim):
        return f
    system = system_of(f, args)
    if system is None:
        return None
    module = importlib.import_module(f".{OF_SYSTEM[system]}", __package__)
    return getattr(module, system)(f if wrap is None else wrap(f))


def system_of(f: Any, args: tuple[Any, ...] = ()) -> str | None:
    """'torch', 'jax' or 'autograd' if a function or one of its arguments belongs to it.

    Arguments decide first, then what the function itself is, then what its code names: modules,
    and objects of them. A function that names funcgrad as well, or several systems, is ours.
    """
    loaded = [name for name in OF_SYSTEM if name in sys.modules]
    if not loaded:
        return None
    for leaf in tree.leaves(args, is_leaf=is_foreign):
        found = owner(leaf)
        if found in OF_SYSTEM:
            return found
    found = owner(f)
    if found is not None:
        return found if found in OF_SYSTEM else None
    named = set(owners_named(f, DEPTH, set()))
    return named.pop() if len(named) == 1 and named <= set(OF_SYSTEM) else None


def is_foreign(x: PyTree) -> bool:
    """True for objects of other systems, which may be pytrees."""
    return owner(x) in OF_SYSTEM


def owner(x: Any) -> str | None:
    """The system that an object belongs to, by the modules of its class and its bases."""
    if isinstance(x, functools.partial):
        return owner(x.func)
    if getattr(x, "_is_autograd_primitive", False):
        return "autograd"
    if isinstance(x, ModuleType):
        return of_module(x.__name__)
    if isinstance(x, MethodType):
        return owner(x.__self__)
    if isinstance(x, FunctionType | BuiltinFunctionType) and x.__module__:
        return of_module(x.__module__)
    if isinstance(x, MethodDescriptorType):
        return owner(x.__objclass__)
    classes = x.__mro__ if isinstance(x, type) else type(x).__mro__
    for cls in classes:
        found = of_module(cls.__module__)
        if found is not None:
            return found
    inside = getattr(x, "__self__", None)
    return None if inside is None or isinstance(inside, ModuleType) else owner(inside)


def of_module(name: object) -> str | None:
    """The system of a module, by the name of its package."""
    return ROOTS.get(name.partition(".")[0]) if isinstance(name, str) else None


def owners_named(f: Any, depth: int, seen: set[int]) -> Iterator[str]:
    """The systems whose modules and objects the code of a function names."""
    while isinstance(f, functools.partial):
        f = f.func
    if isinstance(f, MethodType):
        f = f.__func__
    if not isinstance(f, FunctionType):
        f = type(f).__call__ if callable(f) else None
    if not isinstance(f, FunctionType) or id(f) in seen:
        return
    seen.add(id(f))
    for value in values_named(f):
        found = owner(value)
        if found is not None:
            yield found
        elif depth > 0 and isinstance(value, FunctionType):
            yield from owners_named(value, depth - 1, seen)


def values_named(f: FunctionType) -> Iterator[Any]:
    """What the code of a function names: globals, and variables of functions around it."""
    for code in codes(f.__code__):
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL" and step.argval in f.__globals__:
                yield f.__globals__[step.argval]
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function and of those inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


class InNumpy:
    """Functions by hand that take arrays of another system, as functions of NumPy's.

    ``args`` are NumPy's. PyTorch's complex gradients become ours, their conjugates.
    """

    def __init__(self, args: tuple[Any, ...]) -> None:
        leaves, self.spec = tree.flatten(args, is_leaf=is_foreign)
        system = next((s for s in map(owner, leaves) if s in ("torch", "jax")), None)
        self.system = system
        self.leaves, self.args = leaves, args
        if system is not None:
            self.module = importlib.import_module(f".{OF_SYSTEM[system]}", __package__)
            to_numpy = self.module.translations(leaves)[0]
            self.args = tree.unflatten(self.spec, [to_numpy(x) for x in leaves])

    def numpy(self, x: PyTree) -> Any:
        """Arrays of the system as NumPy's."""
        return tree.map(self.module.translations([])[0], x, is_leaf=is_foreign)

    def turned(self, x: PyTree) -> Any:
        """Derivatives of our convention from those of the system, and the other way round."""
        if self.system != "torch":
            return x
        return tree.map(lambda a: np.conj(a) if np.asarray(a).dtype.kind == "c" else a, x)

    def given(self, f: Callable[..., Any], xs: PyTree, kwargs: Mapping[str, Any]) -> Any:
        """What f returns for arrays of the system."""
        call = self.module.translations(self.leaves)[1]
        return call(lambda a: f(*tree.unflatten(self.spec, a), **kwargs), tree.leaves(xs))

    def value(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy arrays; as it is where there are only such."""
        if self.system is None:
            return f

        def value(*xs: PyTree, **kwargs: PyTree) -> Any:
            return self.numpy(self.given(f, xs, kwargs))

        value.__wrapped__ = f  # type: ignore[attr-defined]
        return value

    def gradient(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """A function that returns a derivative."""
        if self.system is None:
            return f
        inner = self.value(f)
        return lambda *xs, **kwargs: self.turned(inner(*xs, **kwargs))

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """A function that returns (output, pull)."""
        if self.system is None:
            return rule

        def vjp(*xs: PyTree, **kwargs: PyTree) -> Any:
            found = self.given(rule, xs, kwargs)
            if not isinstance(found, tuple | list) or len(found) != 2:
                return found
            out, pull = found
            leaves, spec = tree.flatten(out, is_leaf=is_foreign)
            call = self.module.translations(leaves)[1]

            def pull_numpy(ct: PyTree) -> Any:
                cts = tree.leaves(self.turned(ct))
                grads = call(lambda a: pull(tree.unflatten(spec, a)), cts)
                return self.turned(self.numpy(grads))

            return self.numpy(out), pull_numpy

        return vjp

    def jvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """A function that takes (args, tangents)."""
        if self.system is None:
            return rule

        def jvp(xs: PyTree, ts: PyTree, **kwargs: PyTree) -> Any:
            call = self.module.translations([*self.leaves, *self.leaves])[1]
            count = len(self.leaves)

            def run(arrays: Sequence[Any]) -> Any:
                parts = arrays[:count], arrays[count:]
                return rule(*(tree.unflatten(self.spec, list(a)) for a in parts), **kwargs)

            return self.numpy(call(run, [*tree.leaves(xs), *tree.leaves(ts)]))

        return jvp
