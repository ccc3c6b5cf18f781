"""Checking derivatives: finite differences with error estimates, and exact laws."""

from __future__ import annotations

from .. import numpy as _numpy_protocols  # noqa: F401  (lets np functions take tracers)
from .checks import check_grads, check_jvp, check_vjp
from .differences import numerical_jvp
from .functions import rand_like
from .report import Finding, GradientCheckError, InconclusiveCheckError, Report

__all__ = [
    "Finding",
    "GradientCheckError",
    "InconclusiveCheckError",
    "Report",
    "check_grads",
    "check_jvp",
    "check_vjp",
    "numerical_jvp",
    "rand_like",
]
