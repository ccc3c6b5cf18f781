"""The settings of a command for all checks, and what holds for one function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import options
from ..strategies.domains import as_domain
from .discovery import Case
from .errors import CommandError


@dataclass(frozen=True)
class Settings:
    """The options of a command; None where none is given."""

    order: int | None = None
    modes: tuple[str, ...] | None = None
    profile: str = "ci"
    seed: int = 0
    domain: str | None = None
    timeout: float = 120.0


@dataclass(frozen=True)
class Chosen:
    """The settings with which one function is checked; the texts describe its arguments."""

    order: int
    modes: tuple[str, ...]
    profile: str
    seed: int
    domain: str
    shapes: str = ""


def chosen(case: Case, settings: Settings, locked: Mapping[str, Any] | None = None) -> Chosen:
    """The settings of one function: those given, its own, those locked, or the defaults."""
    locked, check = locked or {}, case.check
    modes: tuple[str, ...] = ("fwd", "rev")
    order, domain, shapes = 2, "real", ""
    if check is not None:
        order, modes = check.order, check.modes
        domain = check.domain if isinstance(check.domain, str) else repr(check.domain)
        shapes = repr(check.shapes if check.args is None else check.args)
    elif locked:
        order, modes, domain = locked["order"], tuple(locked["modes"]), locked["domain"]
    if case.kind == "claim":
        settings = replace(settings, order=1, modes=None)
    return Chosen(
        order=settings.order or order,
        modes=settings.modes or modes,
        profile=locked.get("profile", settings.profile),
        seed=locked.get("seed", settings.seed),
        domain=domain if check is not None else settings.domain or domain,
        shapes="" if shapes == "None" else shapes,
    )


def modes_of(text: str) -> tuple[str, ...]:
    """Modes from the command line."""
    given = [word.strip() for word in text.split(",") if word.strip()]
    try:
        return options.modes_option(given, "--modes")
    except ValueError as error:
        raise CommandError(str(error)) from None


def domain_of(text: str) -> Any:
    """A domain from its name or from two numbers.

    >>> domain_of("0,1")
    interval(0.0, 1.0)
    """
    ends = text.strip("()").split(",")
    try:
        if len(ends) == 2:
            return as_domain((float(ends[0]), float(ends[1])))
        return as_domain(text)
    except ValueError as error:
        raise CommandError(f"--domain: {error}") from None
