"""Losses of predicted numbers, computed element by element."""

from __future__ import annotations

import math

import numpy as np

from ...core.tracebacks import user_facing
from ...numpy.protocol import inexact
from ...typing import Array, ArrayLike
from ..activations.piecewise import relu, with_slope
from ..rescaled import in_single
from .reduction import floats, mask_of, masked, reduce_losses, same_shape

__all__ = [
    "absolute_error",
    "gaussian_nll_loss",
    "hinge_loss",
    "huber_loss",
    "l2_loss",
    "log_cosh",
    "poisson_nll_loss",
    "squared_error",
    "squared_hinge_loss",
]


def _errors(
    name: str, predictions: ArrayLike, targets: ArrayLike | None, where: ArrayLike | None
) -> Array:
    """Predictions minus targets, with zeros under the mask."""
    if targets is not None:
        predictions, targets = _operands(name, predictions, targets, where)
        return predictions - targets
    predictions = inexact(predictions)
    if where is None:
        return predictions
    return masked(mask_of(name, where, predictions.shape), predictions)[0]


def _operands(
    name: str, predictions: ArrayLike, targets: ArrayLike, where: ArrayLike | None
) -> tuple[Array, ...]:
    """Predictions and targets as floats of the same shape, with zeros under the mask."""
    predictions = inexact(predictions)
    mask = None if where is None else mask_of(name, where, predictions.shape)
    targets = inexact(targets)
    same_shape(name, "predictions", predictions, "targets", targets)
    return masked(mask, predictions, targets)


@user_facing
@in_single
def squared_error(
    predictions: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """(prediction - target)**2.

    Args besides the common ones (``help(nn.losses)``):
        predictions: real array.
        targets: real array of the same shape; None is zeros.

    Raises:
        ShapeError: if shapes do not fit.

    >>> squared_error(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    np.float64(2.5)
    >>> squared_error(np.array([1.0, np.nan]), np.zeros(2), where=np.array([True, False]))
    np.float64(1.0)
    """
    error = _errors("squared_error", predictions, targets, where)
    return reduce_losses("squared_error", error * error, reduction, where, weights)


@user_facing
@in_single
def l2_loss(
    predictions: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """Half of ``squared_error``, with its arguments.

    >>> l2_loss(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    np.float64(1.25)
    """
    error = _errors("l2_loss", predictions, targets, where)
    return reduce_losses("l2_loss", 0.5 * (error * error), reduction, where, weights)


@user_facing
@in_single
def absolute_error(
    predictions: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """abs(prediction - target), with the arguments of ``squared_error``; the derivative at 0 is 0.

    >>> absolute_error(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    np.float64(1.5)
    """
    error = _errors("absolute_error", predictions, targets, where)
    return reduce_losses("absolute_error", np.abs(error), reduction, where, weights)


@user_facing
@in_single
def huber_loss(
    predictions: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    delta: float | Array = 1.0,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """Half of the squared error up to delta, and a straight line beyond: e**2 / 2, or d (e - d/2).

    Huber, Robust estimation of a location parameter, 1964.

    Args besides the common ones (``help(nn.losses)``):
        predictions: real array.
        targets: real array of the same shape; None is zeros.
        delta: error at which the line begins, a positive number.

    >>> huber_loss(np.array([1.0, 4.0]), reduction="none")
    array([0.5, 3.5])
    """
    if isinstance(delta, int | float | np.floating) and not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive; got {delta!r}")
    error = _errors("huber_loss", predictions, targets, where)
    near = np.clip(error, -delta, delta)
    losses = near * (error - 0.5 * near)
    return reduce_losses("huber_loss", losses, reduction, where, weights)


def _log_cosh_value(x: Array) -> Array:
    x = np.abs(x)
    return x + np.log1p(0.5 * np.expm1(-2.0 * x))


_log_cosh = with_slope(_log_cosh_value, np.tanh)


@user_facing
@in_single
def log_cosh(
    predictions: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """log(cosh(prediction - target)), without overflow, with the arguments of ``squared_error``.

    >>> log_cosh(np.array([0.0, 1e4]), reduction="none").round(4)
    array([   0.    , 9999.3069])
    """
    losses = _log_cosh(_errors("log_cosh", predictions, targets, where))
    return reduce_losses("log_cosh", losses, reduction, where, weights)


@user_facing
@in_single
def hinge_loss(
    predictor_outputs: ArrayLike,
    targets: ArrayLike,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """max(0, 1 - output * target); the derivative where the product is 1 is 0.

    Args besides the common ones (``help(nn.losses)``):
        predictor_outputs: real array.
        targets: array of the same shape, of 1 and -1.

    >>> hinge_loss(np.array([0.5, -2.0]), np.array([1.0, -1.0]), reduction="none")
    array([0.5, 0. ])
    """
    losses = _hinge("hinge_loss", predictor_outputs, targets, where)
    return reduce_losses("hinge_loss", losses, reduction, where, weights)


@user_facing
@in_single
def squared_hinge_loss(
    predictor_outputs: ArrayLike,
    targets: ArrayLike,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """The square of ``hinge_loss``, with its arguments.

    >>> squared_hinge_loss(np.array([0.5, -2.0]), np.array([1.0, -1.0]), reduction="none")
    array([0.25, 0.  ])
    """
    losses = _hinge("squared_hinge_loss", predictor_outputs, targets, where)
    return reduce_losses("squared_hinge_loss", losses * losses, reduction, where, weights)


def _hinge(name: str, outputs: ArrayLike, targets: ArrayLike, where: ArrayLike | None) -> Array:
    outputs, targets = _operands(name, outputs, targets, where)
    return relu(1 - outputs * targets)


@user_facing
@in_single
def poisson_nll_loss(
    log_predictions: ArrayLike,
    targets: ArrayLike,
    *,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """The negative logarithm of the Poisson probability of targets, without log(target!).

    Args besides the common ones (``help(nn.losses)``):
        log_predictions: logarithms of the predicted rates.
        targets: counts, array of the same shape.

    Returns:
        exp(log_prediction) - target * log_prediction: scalar, or array of that shape.

    >>> poisson_nll_loss(np.array([0.0, 0.0]), np.array([3.0, 0.0]), reduction="none")
    array([1., 1.])
    """
    rates, targets = _operands("poisson_nll_loss", log_predictions, targets, where)
    losses = np.exp(rates) - targets * rates
    return reduce_losses("poisson_nll_loss", losses, reduction, where, weights)


@user_facing
@in_single
def gaussian_nll_loss(
    predictions: ArrayLike,
    targets: ArrayLike,
    variance: ArrayLike,
    *,
    full: bool = False,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """The negative logarithm of the normal density of targets.

    Args besides the common ones (``help(nn.losses)``):
        predictions: predicted means, real array.
        targets: array of the same shape.
        variance: predicted variances, positive, array that broadcasts with predictions.
        full: True to add log(2 pi) / 2.

    Returns:
        (log(variance) + (prediction - target)**2 / variance) / 2: scalar, or array.

    >>> gaussian_nll_loss(np.array([1.0]), np.array([3.0]), np.array([4.0])).round(4)
    np.float64(1.1931)
    """
    error = _errors("gaussian_nll_loss", predictions, targets, where)
    (variance,) = floats(variance)
    if where is not None:
        variance = np.where(where, variance, 1)
    losses = 0.5 * (np.log(variance) + error * (error / variance))
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduce_losses("gaussian_nll_loss", losses, reduction, where, weights)
