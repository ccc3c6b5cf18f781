"""Composable derivatives, vectorisation and compilation of plain NumPy functions.

>>> import funcgrad as fg
>>> fg.grad(lambda x: x**3)(2.0)
np.float64(12.0)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import checkpoint_policies as checkpoint_policies
    from . import custom_batching as custom_batching
    from . import custom_derivatives as custom_derivatives
    from . import debug as debug
    from . import errors as errors
    from . import image as image
    from . import lax as lax
    from . import nn as nn
    from . import numpy as numpy
    from . import ops as ops
    from . import optim as optim
    from . import random as random
    from . import scipy as scipy
    from . import testing as testing
    from . import train as train
    from . import tree as tree
    from . import typing as typing
    from .api.checkpoint import checkpoint as checkpoint
    from .api.checkpoint import checkpoint_name as checkpoint_name
    from .api.checkpoint import print_saved_residuals as print_saved_residuals
    from .api.checkpoint import remat as remat
    from .api.closure_convert import closure_convert as closure_convert
    from .api.custom import custom_jvp as custom_jvp
    from .api.custom import custom_vjp as custom_vjp
    from .api.custom_gradient import custom_gradient as custom_gradient
    from .api.devices import default_device as default_device
    from .api.devices import device_get as device_get
    from .api.devices import device_put as device_put
    from .api.disable_jit import disable_jit as disable_jit
    from .api.grad import grad as grad
    from .api.grad import value_and_grad as value_and_grad
    from .api.jacobians import hessian as hessian
    from .api.jacobians import hvp as hvp
    from .api.jacobians import jacfwd as jacfwd
    from .api.jacobians import jacobian as jacobian
    from .api.jacobians import jacrev as jacrev
    from .api.jet import jet as jet
    from .api.jit import jit as jit
    from .api.jvp import jvp as jvp
    from .api.jvp import linear_transpose as linear_transpose
    from .api.jvp import linearize as linearize
    from .api.pure_callback import pure_callback as pure_callback
    from .api.ravel import ravel_pytree as ravel_pytree
    from .api.retraces import no_retrace as no_retrace
    from .api.stabilize import stabilize as stabilize
    from .api.staging import ShapeDtypeStruct as ShapeDtypeStruct
    from .api.staging import eval_shape as eval_shape
    from .api.staging import make_jaxpr as make_jaxpr
    from .api.stop_gradient import stop_gradient as stop_gradient
    from .api.to_source import to_source as to_source
    from .api.vjp import vjp as vjp
    from .api.vmap import vmap as vmap
    from .core.avals import float0 as float0
    from .core.check import check_jaxpr as check_jaxpr
    from .core.jaxpr import Jaxpr as Jaxpr
    from .core.jaxpr import eval_jaxpr as eval_jaxpr
    from .debug.accuracy import accuracy as accuracy
    from .ops.reductions.segments import segment_max as segment_max
    from .ops.reductions.segments import segment_min as segment_min
    from .ops.reductions.segments import segment_prod as segment_prod
    from .ops.reductions.segments import segment_sum as segment_sum
    from .train.files import load as load
    from .train.files import save as save
    from .tree import Partial as Partial
    from .typing import Array as Array

    __all__: list[str]

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
    "jet": "api.jet",
    "jit": "api.jit",
    "to_source": "api.to_source",
    "no_retrace": "api.retraces",
    "stabilize": "api.stabilize",
    "accuracy": "debug.accuracy",
    "checkpoint": "api.checkpoint",
    "checkpoint_name": "api.checkpoint",
    "print_saved_residuals": "api.checkpoint",
    "remat": "api.checkpoint",
    "closure_convert": "api.closure_convert",
    "stop_gradient": "api.stop_gradient",
    "pure_callback": "api.pure_callback",
    "custom_jvp": "api.custom",
    "custom_vjp": "api.custom",
    "custom_gradient": "api.custom_gradient",
    "make_jaxpr": "api.staging",
    "eval_shape": "api.staging",
    "ShapeDtypeStruct": "api.staging",
    "disable_jit": "api.disable_jit",
    "Partial": "tree",
    "ravel_pytree": "api.ravel",
    "device_put": "api.devices",
    "device_get": "api.devices",
    "default_device": "api.devices",
    "segment_max": "ops.reductions.segments",
    "segment_min": "ops.reductions.segments",
    "segment_prod": "ops.reductions.segments",
    "segment_sum": "ops.reductions.segments",
    "save": "train.files",
    "load": "train.files",
    "float0": "core.avals",
    "Array": "typing",
    "eval_jaxpr": "core.jaxpr",
    "Jaxpr": "core.jaxpr",
    "check_jaxpr": "core.check",
}

_MODULES = (
    "checkpoint_policies",
    "custom_batching",
    "custom_derivatives",
    "debug",
    "errors",
    "image",
    "lax",
    "nn",
    "numpy",
    "ops",
    "optim",
    "random",
    "scipy",
    "testing",
    "train",
    "tree",
    "typing",
)

_FREE = frozenset(
    ["Array", "default_device", "disable_jit", "errors", "float0", "numpy", "tree", "typing"]
)
"""What needs to know nothing of NumPy's functions, or sees to it itself."""

_EAGER = frozenset("grad hvp jacfwd jacrev jet jit jvp linearize value_and_grad vjp vmap".split())
"""What needs the functions that a program calls, when it calls them."""

if not TYPE_CHECKING:  # a checker would take every name for granted
    __all__ = sorted([*_HOME, *_MODULES, "__version__"])

    def __getattr__(name: str) -> Any:
        if name not in _HOME and name not in _MODULES:
            raise AttributeError(f"module 'funcgrad' has no attribute {name!r}")
        if name in _EAGER:
            importlib.import_module(".numpy.binding", __name__)
        elif name not in _FREE:
            importlib.import_module(".numpy.implementations", __name__)
        if name in _HOME:
            value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        else:
            value = importlib.import_module(f".{name}", __name__)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return __all__
