"""Checking derivatives: finite differences with error estimates, and exact laws."""

from __future__ import annotations

import importlib
from typing import Any

from .. import numpy as _numpy_protocols  # noqa: F401  (lets np functions take tracers)
from . import adapters
from .by_hand import check_gradient, check_pair
from .checks import check_grads, check_jvp, check_vjp
from .claim_checks import check_claim
from .claims import Claim
from .decorator import DerivativeCheck, check_derivatives
from .derivatives.functions import rand_like
from .explicit import check_hessian, check_hvp, check_jacobian
from .gradcheck import PointsReport, gradcheck
from .layers import check_layer
from .noise import check_noisy
from .numerical import numerical_jvp
from .profiles import PROFILES, Profile, active_profile, profile_of
from .reports.report import Finding, GradientCheckError, InconclusiveCheckError, Report

__all__ = [
    "PROFILES",
    "Claim",
    "DerivativeCheck",
    "Finding",
    "GradientCheckError",
    "InconclusiveCheckError",
    "PointsReport",
    "Profile",
    "Report",
    "active_profile",
    "adapters",
    "check_claim",
    "check_derivatives",
    "check_gradient",
    "check_grads",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_layer",
    "check_noisy",
    "check_pair",
    "check_vjp",
    "gradcheck",
    "numerical_jvp",
    "profile_of",
    "rand_like",
    "strategies",
]


def __getattr__(name: str) -> Any:
    """The strategies need hypothesis, so they are loaded when they are asked for."""
    if name != "strategies":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(".strategies", __name__)
