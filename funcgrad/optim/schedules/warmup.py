"""Schedules that rise before they fall: warm-up, restarts, one cycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...core.tracebacks import user_facing
from ..typing import Count, Scalar, Schedule
from .basic import (
    check_numbers,
    cosine_decay_schedule,
    exponential_decay,
    join_schedules,
    linear_schedule,
    piecewise_interpolate_schedule,
)


@user_facing
def warmup_constant_schedule(init_value: Scalar, peak_value: Scalar, warmup_steps: int) -> Schedule:
    """A straight line up to a value that stays.

    Common arguments: ``help(optim.schedules)``.

    >>> warmup_constant_schedule(0.0, 1.0, 2)(np.arange(4))
    array([0. , 0.5, 1. , 1. ])
    """
    return linear_schedule(init_value, peak_value, warmup_steps)


@user_facing
def warmup_cosine_decay_schedule(
    init_value: Scalar,
    peak_value: Scalar,
    warmup_steps: int,
    decay_steps: int,
    end_value: Scalar = 0.0,
    exponent: Scalar = 1.0,
) -> Schedule:
    """A straight line up, then half a cosine down.

    Args besides the common ones (``help(optim.schedules)``):
        decay_steps: length of both.

    >>> warmup_cosine_decay_schedule(0.0, 1.0, warmup_steps=1, decay_steps=3)(np.arange(5))
    array([0. , 1. , 0.5, 0. , 0. ])
    """
    if not decay_steps > warmup_steps:
        raise ValueError(
            f"warmup_cosine_decay_schedule: decay_steps, {decay_steps}, counts the warm-up too and "
            f"must be more than warmup_steps, {warmup_steps}"
        )
    check_numbers("warmup_cosine_decay_schedule", peak_value=peak_value, end_value=end_value)
    zero = isinstance(peak_value, int | float) and peak_value == 0
    decay = cosine_decay_schedule(
        peak_value, decay_steps - warmup_steps, 0.0 if zero else end_value / peak_value, exponent
    )
    return join_schedules([linear_schedule(init_value, peak_value, warmup_steps), decay],
                          [warmup_steps])  # fmt: skip


@user_facing
def warmup_exponential_decay_schedule(
    init_value: Scalar,
    peak_value: Scalar,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: Scalar,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: Scalar | None = None,
) -> Schedule:
    """A straight line up, then an exponential decay.

    Args besides the common ones (``help(optim.schedules)``):
        transition_steps: as of ``exponential_decay``.
        decay_rate: as there.
        transition_begin: as there, counted from warmup_steps.
        staircase: as there.
        end_value: as there.

    >>> warmup_exponential_decay_schedule(0.0, 1.0, 1, 1, 0.5)(np.arange(4))
    array([0.  , 1.  , 0.5 , 0.25])
    """
    decay = exponential_decay(
        peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value
    )
    return join_schedules([linear_schedule(init_value, peak_value, warmup_steps), decay],
                          [warmup_steps])  # fmt: skip


@user_facing
def warmup_inverse_sqrt_schedule(
    peak_value: Scalar, warmup_steps: int, init_value: Scalar = 0.0
) -> Schedule:
    """A straight line up, then peak sqrt(warmup_steps / count).

    (Vaswani et al. 2017, arXiv:1706.03762, section 5.3.)

    Args besides the common ones (``help(optim.schedules)``):
        warmup_steps: length of the line, at least 1.

    >>> warmup_inverse_sqrt_schedule(1.0, 2)(np.array([0, 1, 2, 8]))
    array([0. , 0.5, 1. , 0.5])
    """
    check_numbers("warmup_inverse_sqrt_schedule", peak_value=peak_value, init_value=init_value)
    if not warmup_steps >= 1:
        raise ValueError(
            f"warmup_inverse_sqrt_schedule: warmup_steps must be positive; got {warmup_steps!r}"
        )

    def inverse_root(count: Count) -> Scalar:
        warm = init_value + (peak_value - init_value) * (count / warmup_steps)
        late = peak_value * np.sqrt(warmup_steps / np.maximum(count, warmup_steps))
        return np.where(count < warmup_steps, warm, late)

    return inverse_root


@user_facing
def sgdr_schedule(cosine_kwargs: Iterable[Mapping[str, Any]]) -> Schedule:
    """Warm restarts: several ``warmup_cosine_decay_schedule`` one after the other.

    (Loshchilov and Hutter 2017, arXiv:1608.03983.)

    Args:
        cosine_kwargs: the arguments of each. The next begins after its decay_steps.

    >>> cycle = {"init_value": 1.0, "peak_value": 1.0, "warmup_steps": 0, "decay_steps": 2}
    >>> sgdr_schedule([cycle, cycle])(np.arange(6))
    array([1. , 0.5, 1. , 0.5, 0. , 0. ])
    """
    cycles = list(cosine_kwargs)
    if not cycles:
        raise ValueError("sgdr_schedule needs at least one cycle")
    ends = np.cumsum([kwargs["decay_steps"] for kwargs in cycles]).tolist()
    return join_schedules([warmup_cosine_decay_schedule(**kw) for kw in cycles], ends[:-1])


def _check_cycle(name: str, transition_steps: int, peak: Scalar, *parts: float) -> None:
    if not transition_steps > 0:
        raise ValueError(f"{name}: transition_steps must be positive; got {transition_steps!r}")
    check_numbers(name, peak_value=peak)
    if not all(a <= b for a, b in zip((0, *parts), (*parts, 1), strict=True)):
        raise ValueError(
            f"{name}: pct_start and pct_final must be from 0 to 1, and come in order; got "
            f"{', '.join(map(repr, parts))}"
        )


def _check_factors(name: str, **factors: float) -> None:
    for what, factor in factors.items():
        if isinstance(factor, int | float) and not factor > 0:
            raise ValueError(f"{name}: {what} must be positive; got {factor!r}")


@user_facing
def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: Scalar,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up to the peak and down again in straight lines, then further down.

    (Smith and Topin 2018, arXiv:1708.07120.)

    Args besides the common ones (``help(optim.schedules)``):
        pct_start: part of the length after which the peak is reached.
        pct_final: part of the length after which the first value is reached again.
        div_factor: the first value is peak_value / div_factor.
        final_div_factor: the last value is the first divided by this.

    >>> linear_onecycle_schedule(4, 1.0, 0.5, 0.75, 2.0, 5.0)(np.arange(6))
    array([0.5 , 0.75, 1.  , 0.5 , 0.1 , 0.1 ])
    """
    name = "linear_onecycle_schedule"
    _check_cycle(name, transition_steps, peak_value, pct_start, pct_final)
    _check_factors(name, div_factor=div_factor, final_div_factor=final_div_factor)
    return piecewise_interpolate_schedule(
        "linear",
        peak_value / div_factor,
        {
            int(pct_start * transition_steps): div_factor,
            int(pct_final * transition_steps): 1 / div_factor,
            transition_steps: 1 / final_div_factor,
        },
    )


@user_facing
def cosine_onecycle_schedule(
    transition_steps: int,
    peak_value: Scalar,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up to the peak and far down again along cosines.

    (Smith and Topin 2018, arXiv:1708.07120.) Arguments as of ``linear_onecycle_schedule``.

    >>> cosine_onecycle_schedule(4, 1.0, 0.5, 2.0, 5.0)(np.arange(6))
    array([0.5 , 0.75, 1.  , 0.55, 0.1 , 0.1 ])
    """
    name = "cosine_onecycle_schedule"
    _check_cycle(name, transition_steps, peak_value, pct_start)
    _check_factors(name, div_factor=div_factor, final_div_factor=final_div_factor)
    return piecewise_interpolate_schedule(
        "cosine",
        peak_value / div_factor,
        {
            int(pct_start * transition_steps): div_factor,
            int(transition_steps): 1 / (div_factor * final_div_factor),
        },
    )
