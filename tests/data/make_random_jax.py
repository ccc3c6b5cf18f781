"""Write random_jax.json: random numbers drawn by JAX, which funcgrad.random must reproduce.

Needs jax. Run as ``python tests/data/make_random_jax.py``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)

TARGET = Path(__file__).with_name("random_jax.json")

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")


def array(values: Any, dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "array": np.asarray(values, dtype).tolist()}


def calls() -> Any:
    """Pairs of function name and keyword arguments, in the form in which they are stored."""
    for num in (2, 1, 0, [3, 2], 300):
        yield "split", {"num": num}
    for data in (0, 1, 2**32 - 1):
        yield "fold_in", {"data": data}
    for data in (-1, 2**40 + 3):
        yield "fold_in", {"data": array(data, "int64")}
    for shape in ([], [4], [3, 5], [0, 2], [7, 43]):
        for dtype in ("uint8", "uint16", "uint32", "uint64"):
            yield "bits", {"shape": shape, "dtype": dtype}
        for dtype in FLOATS:
            yield "uniform", {"shape": shape, "dtype": dtype}
            yield "gumbel", {"shape": shape, "dtype": dtype}
        for dtype in (*FLOATS, "complex64", "complex128"):
            yield "normal", {"shape": shape, "dtype": dtype}
    for dtype in FLOATS:
        yield "uniform", {"shape": [6], "dtype": dtype, "minval": -1.0, "maxval": 1.0}
        yield "uniform", {"shape": [6], "dtype": dtype, "minval": 2.0, "maxval": -2.0}
    yield "uniform", {"shape": [2, 3], "maxval": array([1, 2, 4], "float64")}
    for dtype in INTEGERS:
        info = np.iinfo(dtype)
        top = min(int(info.max) + 1, 2**63 - 1)
        for low, high in ((0, 10), (3, 35), (5, 5), (9, 2), (int(info.min), top), (1, top)):
            yield "randint", {"shape": [2, 4], "minval": low, "maxval": high, "dtype": dtype}
        low = array([[0], [7]], "int64")
        high = array([3, 100, 7, top], "int64")
        yield "randint", {"shape": [2, 4], "minval": low, "maxval": high, "dtype": dtype}
    whole = array([0, 2**64 - 1], "uint64")
    yield "randint", {"shape": [2], "minval": 0, "maxval": whole, "dtype": "uint64"}
    for p in (0.3, 0.0, 1.0, array(0.3, "float32"), array([0.1, 0.5, 0.9], "float64")):
        yield "bernoulli", {"p": p, "shape": [5, 3]}
    yield "bernoulli", {"p": array([[0.2, 0.8]], "float64")}
    for x in (0, 1, 6, 40, 2000):
        yield "permutation", {"x": x}
    table = array(np.arange(12).reshape(4, 3), "float64")
    for axis in (0, 1, -1):
        for independent in (False, True):
            yield "permutation", {"x": table, "axis": axis, "independent": independent}
        for shape in ([], [2], [3, 1]):
            for replace in (True, False):
                yield "choice", {"a": table, "shape": shape, "replace": replace, "axis": axis}
    p = array([0.1, 0.4, 0.3, 0.2], "float64")
    for replace in (True, False):
        yield "choice", {"a": 9, "shape": [2, 3], "replace": replace}
        yield "choice", {"a": table, "shape": [3], "replace": replace, "p": p}
    logits = array(np.sin(np.arange(24)).reshape(2, 3, 4), "float64")
    for axis, shape in ((-1, None), (0, None), (1, [5, 2, 4]), (-2, [2, 3, 2, 4])):
        yield "categorical", {"logits": logits, "axis": axis, "shape": shape}
    for axis, shape in ((-1, None), (1, [3, 2, 4]), (2, [2, 2, 2, 3])):
        yield "categorical", {"logits": logits, "axis": axis, "shape": shape, "replace": False}
    yield "categorical", {"logits": array([0.1, 2.0, 1.0], "float32"), "shape": [6]}
    for name, dtype in (("bits", "uint64"), ("bits", "uint8"), ("uniform", "float32")):
        yield name, {"shape": [3, 33345], "dtype": dtype, "digest": True}


def decode(value: Any) -> Any:
    if isinstance(value, dict):
        return jnp.asarray(value["array"], value["dtype"])
    return tuple(value) if isinstance(value, list) else value


def encode(x: Any, digest: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"dtype": x.dtype.name, "shape": x.shape}
    if digest:
        little = x.astype(x.dtype.newbyteorder("<"))
        return {**out, "sha256": hashlib.sha256(little.tobytes()).hexdigest()}
    if x.dtype.kind == "c":
        return {**out, "values": [x.real.ravel().tolist(), x.imag.ravel().tolist()]}
    return {**out, "values": x.ravel().tolist()}


def plain(x: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x)


def main() -> None:
    seeds = []
    for seed in (0, 1, -1, 7**15, 2**63 - 1, -(2**63)):
        seeds.append([seed, "int", plain(jax.random.key(seed)).tolist()])
    for seed, dtype in ((-1, "int8"), (-5, "int32"), (2**64 - 1, "uint64"), (2**32 - 1, "uint32")):
        key = plain(jax.random.key(jnp.asarray(seed, dtype)))
        seeds.append([seed, dtype, key.tolist()])
    drawn = []
    for i, (name, stored) in enumerate(calls()):
        digest = stored.pop("digest", False)
        seed = 7 * 10**11 + i
        arguments = {k: decode(v) for k, v in stored.items()}
        result = plain(getattr(jax.random, name)(jax.random.key(seed), **arguments))
        call = {"name": name, "seed": seed, "arguments": stored}
        drawn.append({**call, "result": encode(result, digest)})
    lines = ",\n".join(json.dumps(d) for d in drawn)
    head = {
        "source": "jax.random with jax_enable_x64 and jax_threefry_partitionable",
        "jax": jax.__version__,
        "seeds": seeds,
    }
    TARGET.write_text(json.dumps(head)[:-1] + ',\n"draws": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
