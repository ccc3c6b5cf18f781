"""Schedules that stay or fall: constants, lines, powers, cosines, pieces."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.tracebacks import user_facing
from ..typing import Count, Scalar, Schedule

KNOWN = (int, float, np.integer, np.floating)
"""Classes of numbers whose values are known: not arrays, and nothing that is traced."""


def _check_count(name: str, what: str, value: Scalar, least: int) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not least <= value < math.inf:
        words = "positive" if least else "not negative"
        raise ValueError(f"{name}: {what} must be a number that is {words}; got {value!r}")


def check_numbers(name: str, **given: Scalar | None) -> None:
    """Raise for numbers that are known and NaN or infinite."""
    for what, value in given.items():
        if isinstance(value, KNOWN) and not -math.inf < value < math.inf:
            raise ValueError(f"{name}: {what} must be finite; got {value!r}")


def check_boundaries(name: str, boundaries: Sequence[Any]) -> None:
    """Raise unless the counts at which something begins are not negative and in order."""
    for before, boundary in zip((0, *boundaries), boundaries, strict=False):
        if isinstance(boundary, KNOWN) and not boundary >= before:
            raise ValueError(
                f"{name}: boundaries must not be negative, and come in order; got "
                f"{list(boundaries)}"
            )


@user_facing
def constant_schedule(value: Scalar) -> Schedule:
    """One value for all counts.

    Args:
        value: the value.

    >>> constant_schedule(0.1)(1000)
    0.1
    """
    check_numbers("constant_schedule", value=value)
    return lambda count: value


@user_facing
def polynomial_schedule(
    init_value: Scalar,
    end_value: Scalar,
    power: Scalar,
    transition_steps: int,
    transition_begin: int = 0,
) -> Schedule:
    """From one value to another: (init - end) (1 - n / transition_steps)^power + end.

    n is the count since transition_begin, limited to [0, transition_steps].

    Args besides the common ones (``help(optim.schedules)``):
        power: 1 for a straight line.

    >>> polynomial_schedule(1.0, 0.0, power=2, transition_steps=4)(np.arange(5))
    array([1.    , 0.5625, 0.25  , 0.0625, 0.    ])
    """
    _check_count("polynomial_schedule", "transition_steps", transition_steps, 0)
    _check_count("polynomial_schedule", "transition_begin", transition_begin, 0)
    check_numbers("polynomial_schedule", init_value=init_value, end_value=end_value, power=power)
    if transition_steps == 0:
        return constant_schedule(init_value)

    def polynomial(count: Count) -> Scalar:
        done = np.clip(count - transition_begin, 0, transition_steps) / transition_steps
        return (init_value - end_value) * (1 - done) ** power + end_value

    return polynomial


@user_facing
def linear_schedule(
    init_value: Scalar, end_value: Scalar, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    """From one value to another in a straight line.

    Common arguments: ``help(optim.schedules)``.

    >>> linear_schedule(1.0, 0.0, transition_steps=2, transition_begin=1)(np.arange(5))
    array([1. , 1. , 0.5, 0. , 0. ])
    """
    return polynomial_schedule(init_value, end_value, 1, transition_steps, transition_begin)


@user_facing
def exponential_decay(
    init_value: Scalar,
    transition_steps: int,
    decay_rate: Scalar,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: Scalar | None = None,
) -> Schedule:
    """The exponential init_value decay_rate^(n / transition_steps).

    n is the count since transition_begin, at least 0.

    Args besides the common ones (``help(optim.schedules)``):
        transition_steps: counts in which the value is multiplied by decay_rate once; with 0 it is
            always init_value.
        decay_rate: positive number, or 0 for a constant.
        staircase: True to round the exponent down.
        end_value: bound that the value does not cross, or None.

    >>> exponential_decay(1.0, 2, 0.25, end_value=0.1)(np.arange(5))
    array([1.   , 0.5  , 0.25 , 0.125, 0.1  ])
    """
    _check_count("exponential_decay", "transition_steps", transition_steps, 0)
    _check_count("exponential_decay", "transition_begin", transition_begin, 0)
    check_numbers("exponential_decay", init_value=init_value, end_value=end_value)
    fixed = isinstance(decay_rate, int | float)
    if fixed and not 0 <= decay_rate < math.inf:
        raise ValueError(f"exponential_decay: decay_rate must not be negative; got {decay_rate!r}")
    if transition_steps == 0 or (fixed and decay_rate == 0):
        return constant_schedule(init_value)

    def exponential(count: Count) -> Scalar:
        exponent = np.maximum(count - transition_begin, 0) / transition_steps
        value = init_value * decay_rate ** (np.floor(exponent) if staircase else exponent)
        if end_value is None:
            return value
        return np.where(decay_rate < 1, np.maximum(value, end_value), np.minimum(value, end_value))

    return exponential


@user_facing
def cosine_decay_schedule(
    init_value: Scalar, decay_steps: int, alpha: Scalar = 0.0, exponent: Scalar = 1.0
) -> Schedule:
    """Half a cosine: init ((1 - alpha) ((1 + cos(pi n / decay_steps)) / 2)^exponent + alpha).

    n is the count, at most decay_steps. (Loshchilov and Hutter 2017, arXiv:1608.03983.)

    Args besides the common ones (``help(optim.schedules)``):
        decay_steps: length.
        alpha: last value as a fraction of the first.

    >>> cosine_decay_schedule(1.0, 2)(np.arange(4))
    array([1. , 0.5, 0. , 0. ])
    """
    name = "cosine_decay_schedule"
    _check_count(name, "decay_steps", decay_steps, 1)
    check_numbers(name, init_value=init_value, alpha=alpha, exponent=exponent)

    def cosine(count: Count) -> Scalar:
        phase = (math.pi / decay_steps) * np.minimum(count, decay_steps)
        return init_value * ((1 - alpha) * (0.5 * (1 + np.cos(phase))) ** exponent + alpha)

    return cosine


def _pieces(name: str, boundaries_and_scales: Mapping[int, float] | None) -> list[Any]:
    pieces = sorted((boundaries_and_scales or {}).items())
    check_boundaries(name, [boundary for boundary, _ in pieces])
    for boundary, factor in pieces:
        if not 0 <= factor < math.inf:
            raise ValueError(f"{name}: scales must not be negative; got {factor!r} at {boundary}")
    return pieces


@user_facing
def piecewise_constant_schedule(
    init_value: Scalar, boundaries_and_scales: Mapping[int, float] | None = None
) -> Schedule:
    """A value that is multiplied by given factors from given counts on.

    Args besides the common ones (``help(optim.schedules)``):
        boundaries_and_scales: from count to factor.

    >>> piecewise_constant_schedule(1.0, {2: 0.5, 3: 0.5})(np.arange(5))
    array([1.  , 1.  , 0.5 , 0.25, 0.25])
    """
    pieces = _pieces("piecewise_constant_schedule", boundaries_and_scales)
    check_numbers("piecewise_constant_schedule", init_value=init_value)

    def piecewise_constant(count: Count) -> Scalar:
        value = init_value
        for boundary, factor in pieces:
            value = value * np.where(count >= boundary, factor, 1.0)
        return value

    return piecewise_constant


@user_facing
def piecewise_interpolate_schedule(
    interpolate_type: str,
    init_value: Scalar,
    boundaries_and_scales: Mapping[int, float] | None = None,
) -> Schedule:
    """A value that changes smoothly by given factors up to given counts.

    Args besides the common ones (``help(optim.schedules)``):
        interpolate_type: 'linear' or 'cosine', the way between.
        boundaries_and_scales: from count to the factor by which the value has changed there
            since the count before.

    >>> piecewise_interpolate_schedule("linear", 1.0, {2: 3.0, 4: 0.0})(np.arange(6))
    array([1. , 2. , 3. , 1.5, 0. , 0. ])
    """
    name = "piecewise_interpolate_schedule"
    if interpolate_type not in ("linear", "cosine"):
        raise ValueError(
            f"{name}: interpolate_type must be 'linear' or 'cosine'; got {interpolate_type!r}"
        )
    pieces = _pieces(name, boundaries_and_scales)
    check_numbers(name, init_value=init_value)

    def piecewise(count: Count) -> Scalar:
        value, begin, start = init_value, 0, init_value
        for boundary, factor in pieces:
            end = start * factor
            done = np.clip((count - begin) / max(boundary - begin, 1), 0.0, 1.0)
            if interpolate_type == "cosine":
                done = 0.5 * (1 - np.cos(math.pi * done))
            between = np.where(count >= boundary, end, start + (end - start) * done)
            value = np.where(count >= begin, between, value)
            begin, start = boundary, end
        return value

    return piecewise


@user_facing
def join_schedules(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """Schedules one after the other.

    Args:
        schedules: each counts from 0 where it begins.
        boundaries: counts at which the second, third, ... begin.

    >>> join_schedules([constant_schedule(1.0), lambda count: 2.0 + count], [2])(np.arange(5))
    array([1., 1., 2., 3., 4.])
    """
    if len(boundaries) != len(schedules) - 1:
        raise ValueError(
            f"join_schedules: {len(schedules)} schedules need {len(schedules) - 1} boundaries; "
            f"got {len(boundaries)}"
        )

    check_boundaries("join_schedules", boundaries)

    def joined(count: Count) -> Scalar:
        value = schedules[0](count)
        for boundary, schedule in zip(boundaries, schedules[1:], strict=True):
            later = schedule(np.maximum(count - boundary, 0))
            value = np.where(count < boundary, value, later)
        return value

    return joined
