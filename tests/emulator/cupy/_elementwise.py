"""``ElementwiseKernel``: one operation per element, compiled and executed on the CPU."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from ._array import SCALARS, fresh, ndarray, on_this_device, uninitialised
from ._compiling import build
from ._statistics import statistics

C_TYPES = {
    "bool": "bool", "int8": "signed char", "uint8": "unsigned char", "int16": "short",
    "uint16": "unsigned short", "int32": "int", "uint32": "unsigned int", "int64": "long long",
    "uint64": "unsigned long long", "float32": "float", "float64": "double",
    "complex64": "complex<float>", "complex128": "complex<double>",
}  # fmt: skip


class Parameter(NamedTuple):
    """A type, which may be generic (one upper-case letter), a name, and whether it is raw.

    A raw array is indexed by the kernel; of others it gets the element with its number.
    """

    kind: str
    name: str
    raw: bool


def parsed(text: str) -> list[Parameter]:
    """The parameters in "float64 x, raw T y"."""
    found = []
    for part in text.split(","):
        words = part.split()
        raw = words[:1] == ["raw"]
        if words:
            if len(words) != 2 + raw:
                raise NotImplementedError(f"the emulator takes '[raw] type name', not {part!r}")
            if words[-1] in ("i", "n") or words[-1].startswith("_"):
                raise ValueError(f"the name {words[-1]} is reserved for internal use")
            found.append(Parameter(words[-2], words[-1], raw))
    return found


class ElementwiseKernel:
    """A kernel of one operation per element; ``i`` is its number."""

    def __init__(
        self, in_params: str, out_params: str, operation: str, name: str = "kernel",
        reduce_dims: bool = True, preamble: str = "", no_return: bool = False,
        return_tuple: bool = False, options: Any = (), loop_prep: str = "", after_loop: str = "",
        **_: Any,
    ) -> None:  # fmt: skip
        self.ins, self.outs = parsed(in_params), parsed(out_params)
        self.operation, self.name, self.preamble = operation, name, preamble
        self.loop_prep, self.after_loop = loop_prep, after_loop
        self.return_tuple = return_tuple

    def __call__(self, *args: Any, size: int | None = None, stream: Any = None) -> Any:
        given = args[len(self.ins) :]
        if len(given) not in (0, len(self.outs)) or len(args) < len(self.ins):
            raise TypeError(f"{self.name}: wrong number of arguments, {len(args)}")
        types = self._types(args)
        ins = [self._value(p.kind, a, types) for p, a in zip(self.ins, args, strict=False)]
        shapes = [a.shape for p, a in zip(self.ins, ins, strict=False) if not p.raw]
        shape = np.broadcast_shapes(*shapes)
        if not given:
            if any(p.raw for p in self.outs):
                raise ValueError(f"{self.name}: raw results have to be given")
            if size is not None:
                raise ValueError(
                    "Specified 'size' can be used only if all of the ndarray are 'raw'."
                )
        results = [np.array(on_this_device(o), order="C") for o in given] or [
            uninitialised(shape, dtype_of(p.kind, types)) for p in self.outs
        ]
        shapes += [r.shape for p, r in zip(self.outs, results, strict=True) if not p.raw]
        arrays = [a for p, a in zip(self.ins + self.outs, args, strict=False) if not p.raw]
        if size is None and not any(isinstance(a, ndarray) for a in arrays):
            raise ValueError("Loop size is undecided.")
        shape = (size,) if size is not None else np.broadcast_shapes(*shapes)
        full = [
            np.ascontiguousarray(a if p.raw else np.broadcast_to(a, shape))
            for p, a in zip(self.ins, ins, strict=False)
        ] + results
        statistics.launch(self.name)
        build(self._source(types)).shim_run(
            ctypes.c_longlong(int(np.prod(shape))),  # type: ignore[arg-type]
            *[ctypes.c_void_p(a.ctypes.data) for a in full],
        )
        for o, r in zip(given, results, strict=False):
            o._a[...] = r
        made = given or tuple(map(fresh, results))
        return made[0] if len(made) == 1 and not self.return_tuple else made

    def _types(self, args: Any) -> dict[str, np.dtype]:
        """What the generic types stand for."""
        types: dict[str, np.dtype] = {}
        params = self.ins + self.outs
        for (kind, _, _), a in zip(params, args, strict=False):
            if not isinstance(a, (ndarray, *SCALARS)):
                raise TypeError(f"Unsupported type {type(a)}")
            if len(kind) == 1 and isinstance(a, ndarray | np.generic):
                if types.setdefault(kind, a.dtype) != a.dtype:
                    raise TypeError(f"{self.name}: type {kind} is {types[kind]} and {a.dtype}")
        return types

    def _value(self, kind: str, a: Any, types: dict[str, np.dtype]) -> np.ndarray:
        """An operand in the kernel's type."""
        dtype = dtype_of(kind, types)
        if not isinstance(a, ndarray):
            return np.asarray(a).astype(dtype)
        if not np.can_cast(a.dtype, dtype, "same_kind"):
            raise TypeError(f"{self.name}: Type is mismatched: {a.dtype} for {kind}")
        return on_this_device(a).astype(dtype, copy=False)

    def _source(self, types: dict[str, np.dtype]) -> str:
        params = [
            (C_TYPES[dtype_of(kind, types).name], name, raw)
            for kind, name, raw in self.ins + self.outs
        ]
        places = ", ".join(f"{c_type}* {'' if raw else 'p_'}{name}" for c_type, name, raw in params)
        values = "".join(
            f"        {c_type}& {name} = p_{name}[i];\n" for c_type, name, raw in params if not raw
        )
        aliases = "".join(f"typedef {C_TYPES[t.name]} {kind};\n" for kind, t in types.items())
        return (
            f"{aliases}{self.preamble}\n"
            f'extern "C" void shim_run(long long n, {places}) {{\n    {self.loop_prep};\n'
            f"    for (long long i = 0; i < n; ++i) {{\n{values}        {self.operation};\n    }}\n"
            f"    {self.after_loop};\n}}\n"
        )


def dtype_of(kind: str, types: dict[str, np.dtype]) -> np.dtype:
    """The dtype of a type of the kernel, generic or not."""
    return types[kind] if kind in types else np.dtype(kind)


class ReductionKernel:
    """Not emulated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("the emulator has no ReductionKernel; write a RawKernel")
