"""Write down the API of the real CuPy, which imports without a GPU, for the emulator.

    python -m venv real && real/bin/pip install cupy-cuda12x==14.2.0 scipy nvidia-cublas-cu12 \
        nvidia-cusolver-cu12 nvidia-cusparse-cu12 nvidia-nvjitlink-cu12 nvidia-cuda-nvrtc-cu12
    real/bin/python tests/devices/describe_cupy.py > new.json
    mv new.json tests/emulator/cupy/_api.json

Run it as a program, where ``cupy`` is the real one. Nothing here needs a driver. A test compares
the two where the real one is installed.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from typing import Any

MODULES = [
    "cupy", "cupy.fft", "cupy.lib.stride_tricks", "cupy.linalg", "cupy.random", "cupyx",
    "cupyx.scipy.linalg", "cupyx.scipy.special",
]  # fmt: skip


def parameters(signature: inspect.Signature) -> list[list[Any]]:
    """A signature as [name, kind, has a default] each."""
    return [
        [p.name, int(p.kind), p.default is not inspect.Parameter.empty]
        for p in signature.parameters.values()
    ]


def described(value: Any, ufunc: Any) -> dict[str, Any]:
    """What the emulator needs to know of one name of a module."""
    if isinstance(value, ufunc):
        return {
            "kind": "ufunc", "name": value.name, "nin": value.nin,
            "nout": value.nout, "at": bool(getattr(value, "_scatter_op", None)),
            # "E" is bfloat16, which is there if ml_dtypes is installed.
            "types": [t for t in value.types if "E" not in t],
        }  # fmt: skip
    if isinstance(value, type):
        return {"kind": "class"}
    if inspect.ismodule(value):
        return {"kind": "module"}
    if not callable(value):
        return {"kind": "constant"}
    try:
        return {"kind": "function", "parameters": parameters(inspect.signature(value))}
    except (TypeError, ValueError):
        return {"kind": "gufunc" if type(value).__name__ == "_GUFunc" else "function"}


def method_parameters(value: Any) -> list[list[Any]] | None:
    """The parameters of a compiled method, which are in the first line of its docstring."""
    found = re.match(r"\w+\.\w+\((.*)\)", (getattr(value, "__doc__", None) or "").split("\n")[0])
    if not found:
        return None
    text = re.sub(r"\b(_ndarray_base|Py_ssize_t|int|bint|tuple|dict)\s+(?=\w)", "", found[1])
    scope: dict[str, Any] = {}
    try:
        exec(f"def f({text}): pass", scope)
    except SyntaxError:
        return None
    return parameters(inspect.signature(scope["f"]))[1:]


def api() -> dict[str, Any]:
    """Everything, as the JSON file has it."""
    cupy = importlib.import_module("cupy")
    modules = {}
    for name in MODULES:
        module = importlib.import_module(name)
        public = [n for n in dir(module) if not n.startswith("_")]
        modules[name] = {n: described(getattr(module, n), cupy.ufunc) for n in public}
    methods = {n: method_parameters(getattr(cupy.ndarray, n)) for n in dir(cupy.ndarray)}
    return {"version": cupy.__version__, "modules": modules, "ndarray": methods}


def text_of(data: dict[str, Any]) -> str:
    """JSON with a name in each line, so that differences can be read."""

    def block(table: dict[str, Any], indent: str) -> str:
        rows = [f"{indent}{json.dumps(n)}: {json.dumps(v, separators=(',', ':'), sort_keys=True)}"
                for n, v in sorted(table.items())]  # fmt: skip
        return "{\n" + ",\n".join(rows) + "\n" + indent[1:] + "}"

    modules = ",\n".join(
        f" {json.dumps(name)}: {block(table, '  ')}" for name, table in data["modules"].items()
    )
    return (
        f'{{\n"version": {json.dumps(data["version"])},\n"modules": {{\n{modules}\n}},\n'
        f'"ndarray": {block(data["ndarray"], "  ")}\n}}\n'
    )


if __name__ == "__main__":
    sys.stdout.write(text_of(api()))
