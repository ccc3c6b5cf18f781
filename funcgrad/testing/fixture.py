"""The object that the pytest fixture check_grads gives to tests."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..core.source import where_defined
from ..typing import PyTree
from .by_hand import check_gradient, check_pair
from .checks import check_grads
from .claim_checks import check_claim
from .claims import Claim
from .conclusions import verdict_of
from .explicit import check_hessian, check_hvp, check_jacobian
from .gradcheck import claimed_modes
from .layers import check_layer
from .profiles import profile_of
from .reports.records import Record, note
from .reports.report import GradientCheckError, Report

SIGNATURE = inspect.signature(check_grads)


class Checker:
    """``check_grads``, and as methods the checks of claims.

    The number of directions is that of the active profile unless it is given, and what was checked
    gets into the summary of the run.

    >>> import numpy as np
    >>> check = Checker()
    >>> check(np.sin, (np.ones(2),), order=2).verdict
    'pass'
    """

    def __call__(self, *args: PyTree, **settings: Any) -> Report:
        """Check derivatives as ``funcgrad.testing.check_grads`` does, with the same arguments."""
        given = SIGNATURE.bind(*args, **settings)
        given.arguments.setdefault("directions", profile_of().directions)
        given.apply_defaults()
        f, modes = given.arguments["f"], given.arguments["modes"]
        modes = (modes,) if isinstance(modes, str) else tuple(modes)
        order = given.arguments["order"]
        return noted(f, order, modes, lambda: check_grads(*given.args, **given.kwargs))

    def claim(self, claim: Claim, args: tuple[Any, ...], **settings: Any) -> Report:
        """Check a claimed derivative as ``funcgrad.testing.check_claim`` does."""
        settings = with_directions(settings)
        return noted(claim, 1, claimed_modes(claim), lambda: check_claim(claim, args, **settings))

    def gradient(self, f: Callable[..., Any], *args: PyTree, **settings: Any) -> Report:
        """Check a gradient as ``funcgrad.testing.check_gradient`` does."""
        settings = with_directions(settings)
        return noted(f, 1, ("rev",), lambda: check_gradient(f, *args, **settings))

    def pair(self, forward: Callable[..., Any], *args: PyTree, **settings: Any) -> Report:
        """Check a forward and a backward pass as ``funcgrad.testing.check_pair`` does."""
        settings = with_directions(settings)
        return noted(forward, 1, ("rev",), lambda: check_pair(forward, *args, **settings))

    def jacobian(self, f: Callable[..., Any], *args: PyTree, **settings: Any) -> Report:
        """Check a Jacobian as ``funcgrad.testing.check_jacobian`` does."""
        settings = with_directions(settings)
        return noted(f, 1, ("rev",), lambda: check_jacobian(f, *args, **settings))

    def hessian(self, f: Callable[..., Any], *args: PyTree, **settings: Any) -> Report:
        """Check a Hessian as ``funcgrad.testing.check_hessian`` does."""
        settings = with_directions(settings)
        return noted(f, 2, ("rev",), lambda: check_hessian(f, *args, **settings))

    def hvp(self, f: Callable[..., Any], *args: PyTree, **settings: Any) -> Report:
        """Check a product with a Hessian as ``funcgrad.testing.check_hvp`` does."""
        settings = with_directions(settings)
        return noted(f, 2, ("rev",), lambda: check_hvp(f, *args, **settings))

    def layer(self, layer: Any, *args: PyTree, **settings: Any) -> Report:
        """Check a layer as ``funcgrad.testing.check_layer`` does."""
        settings = with_directions(settings)
        return noted(type(layer), 1, ("rev",), lambda: check_layer(layer, *args, **settings))


def with_directions(settings: Any) -> dict[str, Any]:
    """Settings with the number of directions of the active profile unless it is given."""
    return {"directions": profile_of().directions, **settings}


def noted(
    f: Callable[..., Any], order: int, modes: tuple[str, ...], check: Callable[[], Report]
) -> Report:
    """The report of a check, which is noted."""
    name = where_defined(f)
    try:
        report = check()
    except GradientCheckError as error:
        note(Record(name, order, modes, verdict_of(error)))
        raise
    left_out = dict(report.left_out)
    passed = int(report.verdict == "pass")
    note(Record(name, order, modes, report.verdict, passed, left_out=left_out))
    return report
