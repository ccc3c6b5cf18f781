"""Callables of kernels: arguments checked and outputs made without Python's code.

``bound`` makes a built-in function of a kernel's address, by a plan for the native function of
``calling``. Where the layout of objects is not the assumed one, the callable is generated Python
that does the same.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..unpacking import Argument, Very
from . import cache, calling, layout, llvm, recycled
from . import instructions as does
from .portable import portable
from .signatures import PYTHONS, Signature, Spec


class Front:
    """How a kernel stands in the place of a function that users call.

    Attributes:
        takes: the arguments by position: pytrees with the numbers of inputs for leaves, or
            ``Very`` for what must be the same object.
        gives: the result: a pytree with the numbers of outputs for leaves, or with ``Argument``.
        variable: a context variable.
        kind: the kernel runs where the value of the variable is of this type.
        calls: counts the calls that the kernel ran for.
    """

    def __init__(
        self, takes: tuple[Any, ...], gives: Any, variable: Any, kind: type, calls: np.ndarray
    ) -> None:
        self.takes: tuple[Any, ...] = takes
        self.gives: Any = gives
        self.variable: Any = variable
        self.kind: type = kind
        self.calls: np.ndarray = calls


_CONTAINERS: dict[type[Any], str] = {dict: "Dict", list: "List"}
"""The names of containers in Python's functions; the others are tuples."""


_NUMBERS: dict[str, tuple[int, str]] = {
    "d": (does.GIVE_FLOAT, "PyFloat_FromDouble"),
    "l": (does.GIVE_INT, "PyLong_FromLongLong"),
    "?": (does.GIVE_BOOL, "PyBool_FromLong"),
    "D": (does.GIVE_COMPLEX, "PyComplex_FromDoubles"),
}
"""How outputs are made Python's numbers."""


class _Plan:
    """The plan of one callable under construction."""

    def __init__(self, signature: Signature, constants: Sequence[np.ndarray]) -> None:
        self.ins, self.outs = signature.ins, signature.outs
        self.constants: Sequence[np.ndarray] = constants
        self.words: list[int] = []
        self.kept: list[object] = []
        self.objects: int = 0
        self.places: dict[int, int] = {}  # of inputs among the objects
        self.made: int = len(self.outs)
        sizes = [max(1, spec.kind.size // 8) for spec in self.outs]
        self.slots: list[int] = [0, *itertools.accumulate(sizes)]
        """Among the words for numbers those of the outputs, and that of the first input."""

    def add(self, *words: object) -> None:
        """An instruction; of what is no number, the address."""
        for word in words:
            if type(word) is not int:
                self.kept.append(word)
            self.words.append(word if type(word) is int else id(word))

    def shape(self, spec: Spec) -> int:
        """The address of the lengths of an array's axes."""
        held = struct.pack(f"{len(spec.shape)}q", *spec.shape)
        self.kept.append(held)
        return id(held) + layout.BYTES

    # --- arguments

    def take(self, at: int, x: Any) -> None:
        """Take apart what stands at a place among the objects."""
        if type(x) is int:
            self.places[x] = at
            self.take_input(at, x, self.ins[x])
        elif x is None:
            self.add(does.VERY_OBJECT, at, None)
        elif type(x) is Very:
            self.kept.append(x.value)
            self.add(does.VERY_OBJECT, at, id(x.value))
        else:
            name = _CONTAINERS.get(type(x), "Tuple")
            size_of, get = (layout.function(f"Py{name}_{f}") for f in ("Size", "GetItem"))
            self.add(does.CONTAINER, at, type(x), size_of, len(x))
            for key, child in x.items() if type(x) is dict else enumerate(x):
                place, self.objects = self.objects, self.objects + 1
                self.add(does.CHILD, at, get, key, place)
                self.take(place, child)

    def take_input(self, at: int, i: int, spec: Spec) -> None:
        number = self.slots[-1] + i
        if spec.shape:
            lengths = self.shape(spec)
            self.add(does.ARRAY, at, spec.kind.dtype, len(spec.shape), lengths, i)
        elif not spec.is_python:
            self.add(does.SCALAR, at, spec.kind.dtype, spec.type, i)
        elif spec.kind.char in "dD":
            self.add(does.FLOAT, at, spec.type, i)
        else:
            self.add(
                does.BOOL if spec.kind.char == "?" else does.INT,
                at,
                spec.type,
                i,
                number,
            )

    # --- results

    def make(self) -> None:
        place = len(self.ins)
        for x in self.constants:
            self.kept.append(x)
            self.add(does.CONSTANT, x.ctypes.data, place)
            place += 1
        for j, spec in enumerate(self.outs):
            make = recycled.maker(spec.shape, spec.kind.dtype)
            if make is not None:
                self.add(does.MADE_BY, make, place + j, j)
            elif spec.shape:
                shape = self.shape(spec)
                self.add(does.NEW_ARRAY, spec.kind.dtype, len(spec.shape), shape, place + j, j)
            else:
                self.add(does.NEW_NUMBER, self.slots[j], place + j)

    def give(self, tree: Any) -> None:
        for j, spec in enumerate(self.outs):
            if spec.is_python:
                number, name = _NUMBERS[spec.kind.char]
                self.add(number, layout.function(name), self.slots[j], j)
            elif not spec.shape:
                self.add(does.GIVE_SCALAR, spec.kind.dtype, self.slots[j], j)
        self.add(0, self.build(tree))

    def build(self, x: Any) -> int:
        """Put a result together; returns its place among the objects that are made."""
        if type(x) is int:
            return x
        if x is None or type(x) is Argument:
            place, self.made = self.made, self.made + 1
            if x is None:
                self.add(does.GIVE_OBJECT, None, place)
            else:
                self.add(does.GIVE_ARGUMENT, self.places[x.number], place)
            return place
        children = [self.build(c) for c in (x.values() if type(x) is dict else x)]
        place, self.made = self.made, self.made + 1
        name = _CONTAINERS.get(type(x), "Tuple")
        self.add(does.GIVE_CONTAINER, layout.function(f"Py{name}_New"), len(children), place)
        put = does.SET if type(x) is dict else does.SET_ITEM
        for key, child in zip(x if type(x) is dict else range(len(x)), children, strict=True):
            self.add(put, place, layout.function(f"Py{name}_SetItem"), key, child)
        if type(x) not in (dict, list, tuple):
            filled, place, self.made = place, self.made, self.made + 1
            self.add(does.CALLED, type(x), filled, place)
        return place


def bound(
    address_of_kernel: int,
    signature: Signature,
    slow: Callable[..., Any],
    failed: Callable[..., Any],
    keep: object = None,
    constants: Sequence[np.ndarray] = (),
    results: Sequence[int | Argument] | None = None,
) -> Callable[..., Any]:
    """A Python callable that runs a kernel.

    Args:
        address_of_kernel: where the kernel is.
        signature: what the kernel takes and makes.
        slow: called with all arguments where one is not what the signature says.
        failed: called with all arguments where the kernel gave up.
        keep: kept as long as the callable; the owner of the machine code.
        constants: arrays that the kernel reads after its inputs.
        results: what is returned: numbers of outputs, and arguments; all outputs if not given.

    Returns:
        A function of the inputs, by position, that returns the tuple of results.
    """
    signature.check()
    gives = tuple(range(len(signature.outs)) if results is None else results)
    if not layout.is_as_assumed():
        return portable(address_of_kernel, signature, slow, failed, keep, constants, gives)
    front = Front(tuple(range(len(signature.ins))), gives, None, object, _uncounted())
    return in_front(address_of_kernel, signature, slow, failed, keep, constants, front)


@functools.cache
def _uncounted() -> np.ndarray:
    return np.zeros(1, np.int64)


def in_front(
    address_of_kernel: int,
    signature: Signature,
    slow: Callable[..., Any],
    failed: Callable[..., Any],
    keep: object,
    constants: Sequence[np.ndarray],
    front: Front,
) -> Callable[..., Any]:
    """The same in the place of a function of pytrees; the layout must be as assumed.

    ``slow`` gets the arguments as they were given, those by name, too; ``failed`` as well.
    """
    plan = _Plan(signature, constants)
    plan.objects = arity = len(front.takes)
    if front.variable is not None:
        plan.add(does.CONTEXT, front.variable, front.kind)
    for at, x in enumerate(front.takes):
        plan.take(at, x)
    plan.add(0)
    plan.make()
    plan.add(0)
    plan.give(front.gives)
    sizes = {
        "kernel": address_of_kernel,
        "counter": front.calls.ctypes.data,
        "releases": int(signature.releases),
        "arity": arity,
        "objects": plan.objects,
        "places": len(signature.ins) + len(constants) + len(signature.outs),
        "numbers": plan.slots[-1] + len(signature.ins),
        "made": plan.made,
    }
    rest = [sizes[name] for name in calling.HEADER[len(layout.CONTEXT) :]]
    words = [*rest, *plan.words]
    head = layout.context()
    held = head + struct.pack(f"{len(words)}q", *words)
    name = b"native"
    flags = 0x80 | 0x02  # METH_FASTCALL, METH_KEYWORDS
    method = struct.pack("PPiP", id(name) + layout.BYTES, _library().addresses["call"], flags, 0)
    # Neither a tuple nor a built-in function is emptied by the garbage collector before it goes,
    # so that what is reached from here is there as long as the function.
    given = (held, slow, failed, *plan.kept, front.calls, keep, name, method)
    return _new_function()(id(method) + layout.BYTES, given, None)  # type: ignore[no-any-return]


@functools.cache
def _new_function() -> Callable[..., Any]:
    """Python's function that makes built-in functions. A prototype is a class, and so a cycle."""
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
    )
    return prototype(("PyCFunction_NewEx", ctypes.pythonapi))  # type: ignore[no-any-return]


_ONE_AT_A_TIME = threading.Lock()


def _library() -> llvm.Library:
    """The library of the function that all calls go through, of which there is one for ever."""
    with _ONE_AT_A_TIME:
        return _made_library()


@functools.cache
def _made_library() -> llvm.Library:
    return llvm.Library(cache.compiled(calling.text()), ("call",))


__all__ = ["PYTHONS", "Front", "Signature", "Spec", "bound", "in_front"]
