"""Composable derivatives, vectorisation and compilation of plain NumPy functions.

>>> import funcgrad as fg
>>> fg.grad(lambda x: x**3)(2.0)
np.float64(12.0)
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "grad": "api.grad",
    "value_and_grad": "api.grad",
    "vjp": "api.vjp",
    "jvp": "api.jvp",
    "linearize": "api.jvp",
    "linear_transpose": "api.jvp",
    "jacfwd": "api.jacobians",
    "jacrev": "api.jacobians",
    "jacobian": "api.jacobians",
    "hessian": "api.jacobians",
    "hvp": "api.jacobians",
    "vmap": "api.vmap",
    "jit": "api.jit",
    "to_source": "api.jit",
    "stabilize": "api.stabilize",
    "accuracy": "debug.accuracy",
    "checkpoint": "api.checkpoint",
    "remat": "api.checkpoint",
    "closure_convert": "api.closure_convert",
    "stop_gradient": "api.stop_gradient",
    "pure_callback": "api.pure_callback",
    "custom_jvp": "api.custom",
    "custom_vjp": "api.custom",
    "make_jaxpr": "api.staging",
    "eval_shape": "api.staging",
    "ShapeDtypeStruct": "api.staging",
    "disable_jit": "control.jit_settings",
    "Partial": "tree",
    "ravel_pytree": "api.ravel",
    "device_put": "api.devices",
    "device_get": "api.devices",
    "default_device": "arrays",
    "save": "train.files",
    "load": "train.files",
    "float0": "core.avals",
    "Array": "typing",
    "eval_jaxpr": "core.jaxpr",
    "Jaxpr": "core.jaxpr",
    "check_jaxpr": "core.check",
}

_MODULES = (
    "debug",
    "errors",
    "lax",
    "nn",
    "numpy",
    "ops",
    "optim",
    "random",
    "testing",
    "train",
    "tree",
    "typing",
)

_NEEDS_TABLE = frozenset(_HOME) - {"Array", "default_device", "float0", "disable_jit"}

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _HOME:
        if name in _NEEDS_TABLE:
            importlib.import_module(".numpy", __name__)
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    elif name in _MODULES:
        if name not in ("errors", "tree", "typing"):
            importlib.import_module(".numpy", __name__)
        value = importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module 'funcgrad' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
