"""Programs of jaxprs: generated, compiled and cached by structure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Container, Hashable, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arrays
from ..core.avals import Aval, SymbolicDim
from ..core.deferred import Deferred
from ..core.jaxpr import Atom, Jaxpr, Literal, subjaxprs
from ..core.source import PACKAGE
from ..core.tracing import Tracer
from ..equality import exact_key
from ..transforms.staging import SMALL_CONSTANT
from .function_source import FunctionSources, value_text
from .passes.share import atom_key
from .pipeline import optimized
from .source import Module, donating

if TYPE_CHECKING:
    from . import on_device
    from .native import fused, llvm
else:
    on_device = Deferred("funcgrad.compiler.on_device", globals())
    fused = Deferred("funcgrad.compiler.native.fused", globals())
    llvm = Deferred("funcgrad.compiler.native.llvm", globals())

MOST_PROGRAMS = 4096
"""So many compiled programs are kept; the oldest go first."""

MOST_KERNELS = 256
"""So many native functions are kept for programs of the same structure."""

MOST_BYTES = 1 << 26
"""So many bytes may the constants have that loops inside of kept programs read."""

_bytes_held = 0

FILENAME = PACKAGE + "<program>"

_kernels: dict[Hashable, fused.Kernel] = {}

_codes: dict[Hashable, tuple[CodeType, dict[str, Any], list[tuple[str, int]]]] = {}


def program(jaxpr: Jaxpr, xp: ModuleType = np) -> Callable[..., Any]:
    """The program of a jaxpr on flat arguments of an array module, as an operator runs it.

    It returns a tuple of flat results. On a GPU the device of the arguments must be current.
    """
    key = "program" if xp is np else ("program", xp)
    found = jaxpr.cache.get(key)
    if found is None:
        found = compiled(jaxpr) if xp is np else on_device.DeviceProgram(optimized(jaxpr), xp)
        jaxpr.cache[key] = found
    return found


def program_for(
    jaxpr: Jaxpr, args: Sequence[Any], donated: tuple[int, ...] = ()
) -> Callable[..., Any]:
    """The program of a jaxpr for arguments like these, of NumPy or on a GPU."""
    if _is_on_gpu(jaxpr, args):
        return on_device.placed_program(optimized(jaxpr))
    return compiled(jaxpr, donated)


def native_program(
    jaxpr: Jaxpr, args: Sequence[Any], donated: tuple[int, ...] = ()
) -> fused.Kernel | None:
    """The native function that is all of a program for arguments like these, if there is one.

    It overwrites no argument.
    """
    if not llvm.usable() or _is_on_gpu(jaxpr, args):
        return None
    found = _whole(optimized(jaxpr), donated)
    return None if found is None or found.overwritten else found


def _whole(jaxpr: Jaxpr, donated: tuple[int, ...]) -> fused.Kernel | None:
    """The same for any arguments, one for all programs of the same structure and constants."""
    if ("whole", donated) in jaxpr.cache or _holds_much(jaxpr):
        return fused.whole(jaxpr, donated)
    key = (_structure(jaxpr), tuple(map(_const_key, jaxpr.consts)), donated, fused.settings())
    found = _kernels.get(key)
    if found is not None:
        jaxpr.cache["whole", donated] = found
        return found
    found = fused.whole(jaxpr, donated)
    if found is not None:  # what is not native may hold functions of users
        _kernels[key] = found
        while len(_kernels) > MOST_KERNELS:
            _kernels.pop(next(iter(_kernels)), None)
    return found


def _holds_much(jaxpr: Jaxpr) -> bool:
    """True if a constant of a jaxpr, or of one inside, is not small, so that nobody may keep it."""
    found = jaxpr.cache.get("holds much")
    if found is None:
        sizes = (c.nbytes for c in jaxpr.consts if isinstance(c, np.ndarray))
        found = any(n > SMALL_CONSTANT for n in sizes) or any(
            _holds_much(inner) for e in jaxpr.eqns for inner in subjaxprs(e)
        )
        jaxpr.cache["holds much"] = found
    return bool(found)


def _is_on_gpu(jaxpr: Jaxpr, args: Sequence[Any]) -> bool:
    """True if an argument or constant is on a GPU."""
    if arrays.loaded_cupy() is None:
        return False
    return arrays.first_on_gpu(args) is not None or _holds_gpu_arrays(jaxpr)


def _holds_gpu_arrays(jaxpr: Jaxpr) -> bool:
    """True if a constant of a jaxpr, or of one inside, is on a GPU."""
    found = jaxpr.cache.get("on a GPU")
    if found is None:
        found = arrays.first_on_gpu(jaxpr.consts) is not None or any(
            _holds_gpu_arrays(inner) for e in jaxpr.eqns for inner in subjaxprs(e)
        )
        jaxpr.cache["on a GPU"] = found
    return found


def compiled(jaxpr: Jaxpr, donated: tuple[int, ...] = ()) -> Callable[..., Any]:
    """Compile a jaxpr for NumPy; ``donated`` are the arguments that may be overwritten."""
    jaxpr = optimized(jaxpr)
    consts = _all_consts(jaxpr)
    native = llvm.usable()
    if native:
        found = _whole(jaxpr, donated)
        if found is not None:
            return donating(found.call, found.overwritten) if found.overwritten else found.call
    if native:  # of which constants may be others than those of the jaxpr
        jaxpr = fused.native_form(jaxpr)
        consts = _all_consts(jaxpr)
    key = (_structure(jaxpr), donated, native)
    entry = _codes.get(key)
    if entry is None:
        module = Module(fused.fused if native else None)
        module.function(jaxpr, "program", donated)
        table = {**module.values, **module.called}
        code = compile(_factory(module.functions, ["np", *table]), FILENAME, "exec")
        order = {id(c): i for i, c in enumerate(consts)}
        given = [(n, order[id(v)]) for n, v in module.values.items() if id(v) in order]
        for name, _ in given:
            del table[name]
        entry = (code, table, given)
        if not any(map(_holds_values, module.called.values())):
            _codes[key] = entry
            _bound_programs(table)
    code, table, given = entry
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope.pop("build")(np, **{**table, **{n: consts[i] for n, i in given}})


def _holds_values(helper: object) -> bool:
    """True if a function that a program calls is the user's, or made for one program."""
    if isinstance(helper, FunctionType):
        return helper.__closure__ is not None
    return not isinstance(helper, np.ufunc | BuiltinFunctionType | type)


def _bound_programs(added: dict[str, Any]) -> None:
    """Forget the oldest programs if there are many, or if they hold many constants."""
    global _bytes_held
    _bytes_held += _bytes_of(added)
    while len(_codes) > 1 and (len(_codes) > MOST_PROGRAMS or _bytes_held > MOST_BYTES):
        _, table, _ = _codes.pop(next(iter(_codes)))
        _bytes_held -= _bytes_of(table)


def _bytes_of(table: dict[str, Any]) -> int:
    return sum(v.nbytes for v in table.values() if isinstance(v, np.ndarray))


def _factory(functions: list[str], names: list[str]) -> str:
    """Source of a function of constants and called functions that returns the program.

    Its functions know each other by closures: through a dict of globals, every one would hold
    itself, and with it the program's constants.
    """
    body = textwrap.indent("\n".join(functions), "    ")
    return f"def build({', '.join(names)}):\n{body}\n    return program\n"


def _all_consts(jaxpr: Jaxpr) -> list[Any]:
    """The constant arrays of an optimised jaxpr (those of jaxprs inside are part of the code)."""
    assert not any(isinstance(c, Tracer) for c in jaxpr.consts)
    return jaxpr.consts


def _aval_key(a: Aval) -> Hashable:
    if a.symbolic:
        return (tuple("n?" if type(d) is SymbolicDim else d for d in a.shape), a.dtype)
    return (a.shape, a.dtype, a.weak)


def _structure(jaxpr: Jaxpr) -> Hashable:
    """All that a program's code depends on: equations and abstract values, but not constants."""
    found = jaxpr.cache.get("structure")
    if found is not None:
        return found
    number: dict[Atom, int] = {}
    for v in (*jaxpr.constvars, *jaxpr.invars):
        number[v] = len(number)
    rows: list[Any] = []
    for e in jaxpr.eqns:
        ins = tuple(("literal", atom_key(a)) if type(a) is Literal else number[a] for a in e.inputs)
        for v in e.outvars:
            number[v] = len(number)
        params = tuple((k, _param_key(v)) for k, v in e.params.items()) if e.params else ()
        rows.append((e.primitive, ins, params, tuple(_aval_key(v.aval) for v in e.outvars)))
    outs = tuple(
        ("literal", atom_key(a)) if type(a) is Literal else number[a] for a in jaxpr.outvars
    )
    found = (
        len(jaxpr.constvars),
        tuple(_aval_key(v.aval) for v in (*jaxpr.constvars, *jaxpr.invars)),
        tuple(rows),
        outs,
    )
    jaxpr.cache["structure"] = found
    return found


class _Same:
    """Equal to what stands for the same object, which it keeps alive."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def _const_key(c: object) -> Hashable:
    """A key of a constant that is part of the code: of small arrays their contents."""
    if isinstance(c, np.ndarray) and c.nbytes <= SMALL_CONSTANT:
        return (c.shape, c.dtype, c.tobytes())
    return _Same(c)


def _param_key(v: object) -> Hashable:
    if isinstance(v, Jaxpr):
        inner = optimized(v)
        return (_structure(inner), tuple(map(_const_key, inner.consts)))
    if isinstance(v, tuple):
        return tuple(map(_param_key, v))
    if isinstance(v, SymbolicDim):
        return "n?"
    return exact_key(v)


# --- source text ---------------------------------------------------------------------------------


def source_text(jaxpr: Jaxpr, wrap: Callable[[str], str], parameters: Container[str] = ()) -> str:
    """A standalone NumPy program as text.

    Args:
        jaxpr: what to compute, on flat arguments.
        wrap: from the name of the function on flat arguments to the source of a function
            ``program`` that calls it.
        parameters: names of parameters of ``program``.

    Returns:
        Source that imports NumPy (and SciPy where it calls special functions) only.
    """
    module = Module()
    run = "run"
    while run in parameters:
        run = module.new_name("run")
    module.function(optimized(jaxpr), run, ())
    sources = _called_sources(module)
    values = [f"{name} = {value_text(v)}" for name, v in module.values.items()]
    texts = [*sources.lines, *values, *module.functions]
    if any("base64." in t for t in texts):
        sources.imports.add("import base64")
    if any(re.search(r"np\.dtype\(.(bfloat16|float8_)", t) for t in texts):
        sources.imports.add("import ml_dtypes")  # NumPy knows its types by name then
    parts = ["\n".join([*sorted(sources.imports), "import numpy as np"]), *sources.lines]
    if values:
        parts.append("\n".join(values))
    return "\n\n".join([*parts, *module.functions, wrap(run)]).rstrip() + "\n"


def _called_sources(module: Module) -> FunctionSources:
    """The definitions of the functions that a program calls."""
    sources = FunctionSources(module.new_name)
    for name, fun in module.called.items():
        try:
            sources.define(fun, name)
        except TypeError as error:
            operator = f"the operator {module.called_by[name]}"
            raise TypeError(
                f"to_source: {operator} calls {fun!r}, which has no text of its own: {error}. "
                "Define the operator with a function of plain NumPy that is written in a file."
            ) from None
    return sources
