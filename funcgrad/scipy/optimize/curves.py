"""curve_fit: parameters of a function that goes through points, and their covariance."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...api.jacobians import jacfwd
from ...arrays import scipy_optimize
from ...core.arguments import check_function
from ...core.blame import describe
from ...core.source import where_defined
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy.protocol import as_operand, inexact
from ...typing import Array, ArrayLike
from ..linalg import solve_triangular
from .squares import least_squares
from .vectors import as_start, as_values, ravel_result


@user_facing
def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: ArrayLike,
    p0: Any = None,
    sigma: ArrayLike | None = None,
    absolute_sigma: bool = False,
    check_finite: bool = True,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Callable[..., Any] | None = None,
    *,
    full_output: bool = False,
    **kwargs: Any,
) -> tuple[Any, ...]:
    """The parameters with which a function fits points best, by least squares.

    Parameters and covariance have derivatives in xdata, ydata and sigma, as those of
    ``least_squares``.

    Args:
        f: function ``f(xdata, *parameters)``, which returns an array like ydata.
        xdata: its first argument, anything.
        ydata: what it should return.
        p0: where to start, a vector; ones by default, or inside of the bounds.
        sigma: standard deviations of ydata, or their covariance matrix.
        absolute_sigma: sigma is not only relative: the covariance is not scaled by how well the
            points are met.
        check_finite: refuse xdata and ydata that are known and not finite.
        bounds: pair (lower, upper) of numbers or vectors, or ``scipy.optimize.Bounds``.
        method: a method of ``least_squares``; by default "lm", and "trf" with bounds or more
            parameters than points.
        jac: function ``jac(xdata, *parameters)`` for the Jacobian, a matrix; by default ours.
        full_output: also return what SciPy does: a dict with "nfev" and "fvec", a message and the
            status.
        kwargs: further arguments of ``least_squares``.

    Returns:
        (parameters, covariance), a vector and a matrix; with ``full_output`` three more.

    Raises:
        RuntimeError: values are known, and no minimum was found.
        ValueError: the number of parameters is not known, or arrays are not finite.

    >>> x = np.linspace(0.0, 1.0, 5)
    >>> popt, pcov = curve_fit(lambda x, a, b: a * np.exp(b * x), x, 2 * np.exp(-1.5 * x))
    >>> popt.round(6), pcov.shape
    (array([ 2. , -1.5]), (2, 2))
    """
    check_function(f, "curve_fit", "f")
    y = inexact(as_operand(ydata))
    if check_finite:
        _check_finite("ydata", ydata)
        _check_finite("xdata", xdata)
    start = _start(f, p0, bounds, y.dtype)
    n, m = start.shape[0], int(np.prod(y.shape))
    uncertainty = None if sigma is None else _sigma(sigma, m)
    unbounded = isinstance(bounds, tuple) and bounds == (-np.inf, np.inf)
    traced = any(isinstance(x, Tracer) for x in (y, uncertainty, xdata))
    if method is None and not (traced and unbounded):
        method = "lm" if unbounded and m >= n else "trf"

    def whitened(r: Array, s: Any) -> Array:
        if s is None:
            return r
        if len(s.shape) == 1:
            return (r.T / s).T
        return solve_triangular(np.linalg.cholesky(s), r, lower=True)

    def residual(p: Array, xdata: Any, y: Array, s: Any) -> Array:
        curve = ravel_result(as_values(f(xdata, *(p[i] for i in range(n)))))
        if curve.shape != (m,):
            raise ShapeError(
                f"curve_fit: {where_defined(f)} returns {curve.shape[0]} numbers for the {m} of "
                "ydata"
            )
        return whitened(curve - np.reshape(y, (m,)), s)

    def slopes(p: Array, xdata: Any, y: Array, s: Any) -> Array:
        assert jac is not None
        return whitened(np.reshape(jac(xdata, *(p[i] for i in range(n))), (m, n)), s)

    if "maxfev" in kwargs:
        kwargs["max_nfev"] = kwargs.pop("maxfev")
    if method == "lm":
        kwargs.setdefault("x_scale", "jac")  # as the function of MINPACK that SciPy calls here
    own = (xdata, y, uncertainty)
    given = None if jac is None else slopes
    found = least_squares(residual, start, given, bounds, method, args=own, **kwargs)
    if not isinstance(found.success, Tracer) and not found.success:
        why = getattr(found, "message", "too many evaluations")
        raise RuntimeError(f"curve_fit: no minimum was found: {why}")
    covariance = _covariance(jacfwd(residual)(found.x, *own))
    if not absolute_sigma:
        covariance = covariance * (2 * found.cost / (m - n)) if m > n else covariance * np.inf
    if not full_output:
        return found.x, covariance
    told = {"nfev": found.nfev, "fvec": found.fun}
    return found.x, covariance, told, getattr(found, "message", ""), found.status


def _check_finite(what: str, values: Any) -> None:
    known = isinstance(values, np.ndarray | float | list) and not isinstance(values, Tracer)
    if known and not _all_finite(values):
        raise ValueError(f"curve_fit: {what} has infinities or NaN")


def _all_finite(values: Any) -> bool:
    try:
        return bool(np.all(np.isfinite(values)))
    except TypeError:  # anything that f understands
        return True


def _start(f: Callable[..., Any], p0: Any, bounds: Any, dtype: np.dtype) -> Array:
    if p0 is not None:
        start = as_start("curve_fit", [p0] if np.ndim(p0) == 0 else p0)
        if len(start.shape) != 1:
            raise ShapeError(f"curve_fit: p0 must be a vector, got shape {start.shape}")
        return start  # type: ignore[no-any-return]
    parameters = list(inspect.signature(f).parameters.values())[1:]
    if not parameters or any(p.kind > p.POSITIONAL_OR_KEYWORD for p in parameters):
        raise ValueError(
            f"curve_fit: the number of parameters of {where_defined(f)} is not known; give p0="
        )
    n = len(parameters)
    if hasattr(bounds, "lb"):
        bounds = (bounds.lb, bounds.ub)
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise TypeError(f"curve_fit: bounds must be a pair (lower, upper), got {describe(bounds)}")
    lower, upper = (np.broadcast_to(np.asarray(b, float), (n,)) for b in bounds)
    low, high = np.isfinite(lower), np.isfinite(upper)
    inside = np.where(low, lower, 0) / 2 + np.where(high, upper, 0) / 2
    one = np.where(low & high, inside, np.where(low, lower + 1, np.where(high, upper - 1, 1.0)))
    return one.astype(dtype)


def _sigma(sigma: ArrayLike, m: int) -> Array:
    s = inexact(as_operand(sigma))
    if not s.shape:
        s = np.broadcast_to(s, (m,))
    if s.shape not in ((m,), (m, m)):
        raise ShapeError(f"curve_fit: sigma of shape {tuple(s.shape)} for {m} points")
    return s


def _covariance(jacobian: Array) -> Array:
    """The inverse of J^T J, from a QR factorisation of J; infinite if there is none."""
    n = jacobian.shape[1]
    infinite: Any = np.full((n, n), np.inf, jacobian.dtype)
    if jacobian.shape[0] < n:
        return infinite  # type: ignore[no-any-return]
    triangle = np.linalg.qr(jacobian)[1]
    try:
        inverse = np.linalg.inv(triangle)
    except np.linalg.LinAlgError:
        warnings.warn(
            "curve_fit: the covariance of the parameters could not be estimated",
            scipy_optimize().OptimizeWarning,
            stacklevel=4,
        )
        return infinite  # type: ignore[no-any-return]
    return inverse @ inverse.T
