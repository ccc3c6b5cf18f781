"""Profiles: how many points or directions the checks try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from ..context import current, within
from ..core.tracebacks import user_facing


@dataclass(frozen=True)
class Profile:
    """The effort of checks.

    ``max_examples`` is the number of points of ``gradcheck``, and ``directions`` the number of
    directions in which the pytest fixture ``check_grads`` checks its one point. ``seconds`` is the
    processor time after which ``gradcheck`` leaves out what it checks beyond the points with short
    dimensions: long arrays, other dtypes, and with ``third_order`` third derivatives.
    """

    name: str
    max_examples: int
    directions: int
    seconds: float = 20.0
    third_order: bool = False


PROFILES = {
    p.name: p
    for p in (
        Profile("quick", 5, 2, seconds=10.0),
        Profile("ci", 20, 3, seconds=20.0),
        Profile("thorough", 200, 10, seconds=300.0, third_order=True),
    )
}


@user_facing
def profile_of(name: str | None = None) -> Profile:
    """The profile of a name, or the active one.

    Raises:
        ValueError: for an unknown name.

    >>> profile_of().max_examples, profile_of("quick").max_examples
    (20, 5)
    """
    name = current().profile if name is None else name
    if name not in PROFILES:
        raise ValueError(f"unknown profile {name!r}; the profiles are {', '.join(PROFILES)}")
    return PROFILES[name]


@user_facing
def active_profile(name: str) -> AbstractContextManager[Profile]:
    """Make a profile the active one within a ``with`` statement.

    >>> with active_profile("thorough"):
    ...     profile_of().max_examples
    200
    """
    if not isinstance(name, str):
        raise TypeError(f"active_profile: name must be a string, got {name!r}")
    return _active_profile(profile_of(name))


@contextmanager
def _active_profile(profile: Profile) -> Iterator[Profile]:
    with within(profile=profile.name):
        yield profile
