"""Calls of kernels from Python where the layout of objects is not the assumed one."""

from __future__ import annotations

import ctypes
import functools
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..unpacking import Argument
from . import recycled
from .signatures import Signature, Spec


def portable(
    address_of_kernel: int,
    signature: Signature,
    slow: Callable[..., Any],
    failed: Callable[..., Any],
    keep: object = None,
    constants: Sequence[np.ndarray] = (),
    results: Sequence[int | Argument] = (),
) -> Callable[..., Any]:
    """The callable of ``entry.bound`` as generated Python, which knows of no object's layout."""
    names: dict[str, Any] = {
        "slow": slow,
        "failed": failed,
        "run": _prototype(signature.releases)(address_of_kernel),
        "block": _block(len(signature.ins) + len(constants) + len(signature.outs)),
        "ndarray": np.ndarray,
        "array": np.array,
        "keep": (keep, constants),
    }
    for i, spec in enumerate(signature.ins):
        names[f"dtype{i}"], names[f"type{i}"] = spec.kind.dtype, spec.type
    for j, spec in enumerate(signature.outs):
        names[f"made{j}"] = recycled.maker(spec.shape, spec.kind.dtype) or partial(
            np.empty, spec.shape, spec.kind.dtype
        )
    addresses = [str(x.ctypes.data) for x in constants]
    scope: dict[str, Any] = {}  # which the function must not be in, or it would hold itself
    exec(portable_source(signature, addresses, results, list(names)), scope)
    return scope.pop("build")(**names)  # type: ignore[no-any-return]


@functools.cache
def _prototype(releases: bool) -> Any:
    """The type of functions of C that kernels are. It is a class, and so a cycle."""
    convention = ctypes.CFUNCTYPE if releases else ctypes.PYFUNCTYPE
    return convention(ctypes.c_int, ctypes.c_void_p)


@functools.cache
def _block(count: int) -> type[ctypes.Array[ctypes.c_void_p]]:
    """The type of so many addresses, a class as well."""
    return ctypes.c_void_p * count


def portable_source(
    signature: Signature,
    constants: Sequence[str],
    results: Sequence[int | Argument],
    names: Sequence[str],
) -> str:
    """The source of what makes the portable callable of names; of constants it has addresses."""
    ins = [f"x{i}" for i in range(len(signature.ins))]
    outs = [f"y{j}" for j in range(len(signature.outs))]
    lines = ["def native(*arrays):"]
    lines.append(f"    if len(arrays) != {len(ins)}: return slow(*arrays)")
    if ins:
        lines.append(f"    {', '.join(ins)}, = arrays")
    for i, spec in enumerate(signature.ins):
        lines += [f"    {line}" for line in _portable_check(i, spec)]
    lines += [f"    y{j} = made{j}()" for j in range(len(outs))]
    given = [f"{x}.ctypes.data" for x in ins]
    made = [f"{y}.ctypes.data" for y in outs]
    run = f"run(block({', '.join([*given, *constants, *made])}))"
    lines.append(f"    if {run}: return failed(*arrays)")
    numbers = [
        y if spec.shape else f"{y}.item()" if spec.is_python else f"{y}[()]"
        for y, spec in zip(outs, signature.outs, strict=True)
    ]
    found = [f"arrays[{r.number}]" if isinstance(r, Argument) else numbers[r] for r in results]
    lines.append(f"    return ({''.join(r + ', ' for r in found)})")
    inner = textwrap.indent("\n".join([*lines, "native.keep = keep"]), "    ")
    return f"def build({', '.join(names)}):\n{inner}\n    return native"


def _portable_check(i: int, spec: Spec) -> list[str]:
    x = f"x{i}"
    number = [f"if type({x}) is not type{i}: return slow(*arrays)"]
    if spec.is_python and spec.kind.char == "l":
        number.append(f"if not {-(2**63)} <= {x} < {2**63}: return slow(*arrays)")
    number.append(f"{x} = array({x}, dtype{i})")
    if spec.is_python:
        return number
    test = f"{x}.dtype is dtype{i} and {x}.shape == {spec.shape}"
    test += f" and {x}.flags.c_contiguous and {x}.flags.aligned"
    if spec.shape:
        return [f"if not (type({x}) is ndarray and {test}): return slow(*arrays)"]
    return [
        f"if type({x}) is ndarray:",
        f"    if not ({test}): return slow(*arrays)",
        "else:",
        *[f"    {line}" for line in number],
    ]
