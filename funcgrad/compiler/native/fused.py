"""Parts of a jaxpr as single equations that call native functions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, eval_jaxpr
from ...ops.families import Control, control
from ..unpacking import Argument
from . import cache, layout, llvm, pool, programs
from .entry import Front, bound, in_front
from .kinds import in_memory
from .python_floats import as_numbers
from .signatures import Signature, Spec
from .steps import computes, native_form


def fused(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with what native code can compute joined to calls of native functions."""
    found = jaxpr.cache.get("native")
    if found is None:
        form = native_form(jaxpr)
        found = Jaxpr(
            form.constvars,
            form.invars,
            list(_equations(form)),
            form.outvars,
            form.consts,
            jaxpr.as_written,
        )
        jaxpr.cache["native"] = found
    return found


def _equations(jaxpr: Jaxpr) -> Iterator[Eqn]:
    """The equations of a jaxpr, those that native code computes joined to calls."""
    runs = programs.segments(jaxpr)
    for k, run in enumerate(runs):
        if not run.native or not any(map(computes, run.steps)):
            yield from run.steps  # type: ignore[misc]
            continue
        inner = programs.as_jaxpr(run, jaxpr.outvars, [*runs[:k], *runs[k + 1 :]])
        outs: Any = inner.outvars
        yield Eqn(native_call, inner.invars, {"jaxpr": inner}, outs, inner.eqns[-1].source)


class Kernel:
    """A native function in memory, and what it takes and makes.

    Attributes:
        signature: what it takes and makes: weak inputs and outputs are Python's numbers.
        library: where the machine code is.
        constants: arrays that it reads.
        results: what is returned: numbers of outputs, and arguments.
        overwritten: numbers of inputs that results stand in; they must be nobody else's.
        call: calls it with flat arguments like those, in any order of memory.
    """

    __slots__ = ("call", "constants", "library", "overwritten", "results", "signature")

    def __init__(
        self,
        jaxpr: Jaxpr,
        ins: Sequence[Aval],
        outs: Sequence[Aval],
        results: Sequence[int | Argument] | None = None,
        donated: Sequence[int] = (),
    ) -> None:
        body, self.constants, over = programs.program_text(jaxpr, llvm.vector_bits(), donated)
        written = [k for k in range(len(outs)) if k not in over]
        signature = Signature(tuple(map(_spec, ins)), tuple([_spec(outs[k]) for k in written]))
        self.signature: Signature = signature
        self.overwritten: tuple[int, ...] = tuple(over.values())
        self.library: llvm.Library = pool.loaded(cache.compiled(body), body)
        given = (self.address, signature)
        whole = tuple(range(len(outs)) if results is None else results)
        number = {k: n for n, k in enumerate(written)}
        # The jaxpr knows the callable; if that knew it, both would live until they are collected.
        same = Jaxpr(jaxpr.constvars, jaxpr.invars, jaxpr.eqns, jaxpr.outvars, jaxpr.consts)
        self.results: tuple[int | Argument, ...] = tuple(
            [
                r if isinstance(r, Argument) else Argument(over[r]) if r in over else number[r]
                for r in whole
            ]
        )

        def evaluated(*args: Any) -> list[Any]:
            """What a kernel that gave up leaves to NumPy, which raises what there is to raise."""
            numbers = [
                np.asarray(a, s.kind.dtype)[()] for a, s in zip(args, signature.ins, strict=True)
            ]
            every = zip(_evaluate(np, *numbers, jaxpr=same), outs, strict=True)
            return [x.item() if a.weak else x if a.shape else x[()] for x, a in every]

        def by_numpy(*args: Any) -> Any:
            made = evaluated(*args)
            return tuple([made[k] for k in written])

        strict = bound(*given, _refused, by_numpy, self.library, self.constants)

        def slow(*args: Any) -> Any:
            """Arrays in another order of memory are copied, and other numbers converted."""
            copies = [_copied(a, s) for a, s in zip(args, signature.ins, strict=True)]
            made = dict(zip(written, strict(*copies), strict=True))
            made.update((k, copies[j]) for k, j in over.items())
            return _chosen(whole, args, made)

        def failed(*args: Any) -> Any:
            return _chosen(whole, args, evaluated(*args))

        run = bound(*given, slow, failed, self.library, self.constants, self.results)
        self.call: Callable[..., Any] = run

    @property
    def address(self) -> int:
        """Where the function is."""
        return self.library.addresses["kernel"]

    def in_front(self, front: Front, slow: Callable[..., Any]) -> Callable[..., Any] | None:
        """A callable for the place of a function of pytrees, if there can be one."""
        if not layout.is_as_assumed():
            return None
        library = self.library
        return in_front(self.address, self.signature, slow, slow, library, self.constants, front)


def _chosen(results: Sequence[int | Argument], args: Sequence[Any], made: Any) -> Any:
    return tuple([args[r.number] if isinstance(r, Argument) else made[r] for r in results])


def settings() -> Hashable:
    """All that kernels depend on beside what they compute."""
    return llvm.processor(), llvm.vector_bits(), layout.is_as_assumed()


def whole(jaxpr: Jaxpr, donated: tuple[int, ...] = ()) -> Kernel | None:
    """The native function that is all of a program; None if there is more to it.

    Args:
        jaxpr: the program.
        donated: arguments that may be overwritten.
    """
    key = ("whole", donated)
    if key not in jaxpr.cache:
        jaxpr.cache[key] = _whole(jaxpr, donated)
    return jaxpr.cache[key]  # type: ignore[no-any-return]


def _whole(jaxpr: Jaxpr, donated: tuple[int, ...]) -> Kernel | None:
    found = whole_jaxpr(jaxpr)
    if found is None:
        return None
    results: list[int | Argument] = []
    outs: list[Aval] = []
    for v in jaxpr.outvars:
        if v in jaxpr.invars:
            results.append(Argument(jaxpr.invars.index(v)))
        else:
            results.append(len(outs))
            outs.append(v.aval)
    returned = {r.number for r in results if isinstance(r, Argument)}
    donated = tuple([j for j in donated if j not in returned])
    return Kernel(found, jaxpr.in_avals, outs, results, donated)


def whole_jaxpr(jaxpr: Jaxpr) -> Jaxpr | None:
    """The jaxpr of the native function that is all of a program; None if there is more to it.

    Results that are arguments are not among its results.
    """
    numbers = as_numbers(jaxpr)
    if numbers is None:
        return None
    found = fused(numbers)
    if len(found.eqns) != 1 or found.eqns[0].primitive is not native_call:
        return None
    pairs = zip(jaxpr.outvars, found.outvars, strict=True)
    if any((v in jaxpr.invars) is not (w in found.invars) for v, w in pairs):
        return None  # an argument in another dtype, say, which is no other number here
    inner = found.eqns[0].params["jaxpr"]
    made = {v for e in inner.eqns for v in e.outvars}
    outs = [v for v in found.outvars if v not in found.invars]
    fits = len(set(outs)) == len(outs) and made.issuperset(outs)
    known = all(in_memory(a.dtype) and not (a.weak or a.symbolic) for a in found.in_avals)
    if not (fits and known):
        return None
    return Jaxpr(found.constvars, found.invars, inner.eqns, outs, found.consts)


def kernel(jaxpr: Jaxpr) -> Callable[..., Any]:
    """The native function of a jaxpr, on arrays."""
    found = jaxpr.cache.get("kernel")
    if found is None:
        found = jaxpr.cache["kernel"] = Kernel(jaxpr, jaxpr.in_avals, jaxpr.out_avals).call
    return found  # type: ignore[no-any-return]


def _refused(*args: Any) -> Any:
    raise TypeError(f"a native function cannot take arguments of types {[*map(type, args)]}")


def _copied(x: Any, spec: Spec) -> Any:
    """An argument as an array, or number of Python's, that the entry takes without question."""
    made = np.empty(spec.shape, spec.kind.dtype)
    made[...] = x
    return made.item() if spec.is_python else made


def _spec(a: Aval) -> Spec:
    found = in_memory(a.dtype)
    assert found is not None
    return Spec(a.shape, found, a.weak)


def _evaluate(xp: Any, *args: Any, jaxpr: Jaxpr) -> Any:
    outs = eval_jaxpr(jaxpr, jaxpr.consts, args)
    return tuple(
        np.array(np.broadcast_to(o, a.shape)) for o, a in zip(outs, jaxpr.out_avals, strict=True)
    )


def _refuse(*_args: Any, **_params: Any) -> Any:
    raise TypeError("a native call is made after vmap")


def _emit(module: Any, e: Eqn, ins: list[str]) -> tuple[str, list[bool]]:
    name = module.callee(kernel(e.params["jaxpr"]))
    return f"{name}({', '.join(ins)})", [True] * len(e.outvars)


native_call: Control = control(
    "native_call",
    _evaluate,
    abstract=lambda *_avals, jaxpr: tuple(jaxpr.out_avals),
    batch=_refuse,
    no_cases="made by the compiler: tested with it",
    nondifferentiable="made by the compiler after derivatives are taken",
    statement=_emit,
)
