"""Write nn_initializers.json: numbers drawn by jax.nn.initializers, which ours must reproduce.

Needs jax. Run as ``python tests/data/make_nn_initializers.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import numpy as np

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)

TARGET = Path(__file__).with_name("nn_initializers.json")
REAL = ("float32", "float64")
ANY = (*REAL, "complex64", "complex128")


def calls() -> Any:
    """Name, arguments, shape and dtype of each initializer."""
    for dtype in ANY:
        yield "zeros", None, [2, 3], dtype
        yield "ones", None, [2, 3], dtype
        yield "constant", {"value": -7.5}, [2, 2], dtype
        yield "normal", {}, [2, 3], dtype
        yield "normal", {"stddev": 0.3}, [4], dtype
    for dtype in REAL:
        yield "uniform", {}, [2, 3], dtype
        yield "uniform", {"scale": 10.0}, [4], dtype
        yield "truncated_normal", {}, [2, 3], dtype
        yield "truncated_normal", {"stddev": 2.0, "lower": -0.5, "upper": 3.0}, [6], dtype
    for distribution in ("truncated_normal", "normal", "uniform"):
        for mode in ("fan_in", "fan_out", "fan_avg", "fan_geo_avg"):
            stated = {"scale": 1.7, "mode": mode, "distribution": distribution}
            for dtype in ANY if mode == "fan_avg" else ("float64",):
                yield "variance_scaling", stated, [2, 3, 5], dtype
    stated = {"scale": 1.0, "mode": "fan_avg", "distribution": "normal"}
    for axes in (
        {"in_axis": 0, "out_axis": 2},
        {"in_axis": [0, 1], "out_axis": 3},
        {"in_axis": -1, "out_axis": -2, "batch_axis": 0},
        {"batch_axis": [0, 1]},
    ):
        yield "variance_scaling", {**stated, **axes}, [2, 3, 5, 4], "float64"
    yield "variance_scaling", {**stated, "in_axis": 0, "out_axis": 0}, [6], "float64"
    for kind in ("glorot", "xavier", "lecun", "he", "kaiming"):
        for distribution in ("uniform", "normal"):
            for dtype in REAL:
                yield f"{kind}_{distribution}", {}, [3, 4], dtype
    for shape in ([4, 4], [5, 3], [3, 5], [2, 3, 4]):
        for dtype in REAL:
            yield "orthogonal", {}, shape, dtype
    yield "orthogonal", {"scale": 2.5, "column_axis": 0}, [3, 2, 4], "float64"
    for shape in ([3, 2, 4], [2, 3, 3, 3], [1, 2, 3, 2, 2]):
        yield "delta_orthogonal", {}, shape, "float64"
    yield "delta_orthogonal", {"scale": 0.5, "column_axis": -2}, [3, 2, 4], "float64"


def main() -> None:
    drawn = []
    for i, (name, arguments, shape, dtype) in enumerate(calls()):
        init = getattr(jax.nn.initializers, name)
        if arguments is not None:
            init = init(**{k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()})
        seed = 3 * 10**10 + i
        out = np.asarray(init(jax.random.key(seed), tuple(shape), np.dtype(dtype)))
        parts = [out.real, out.imag] if out.dtype.kind == "c" else [out]
        values = [p.ravel().tolist() for p in parts]
        call = {"name": name, "arguments": arguments, "shape": shape, "dtype": dtype, "seed": seed}
        drawn.append(json.dumps({**call, "values": values}))
    head = {"source": "jax.nn.initializers with jax_enable_x64", "jax": jax.__version__}
    TARGET.write_text(json.dumps(head)[:-1] + ',\n"draws": [\n' + ",\n".join(drawn) + "\n]}\n")


if __name__ == "__main__":
    main()
