"""All planted mistakes, and all right functions."""

from __future__ import annotations

from typing import Any

from . import (
    layers_algebra,
    layers_dense,
    layers_structured,
    of_formulas,
    of_partials,
    of_precision,
    of_searches,
    of_subtle,
    of_transposes,
    of_variation,
    right_algebra,
    right_arrays,
    right_corners,
    right_networks,
    right_operators,
    right_sizes,
    right_special,
)
from .mutant import Mutant

BY_HAND: list[Mutant] = [
    *layers_dense.MUTANTS,
    *layers_structured.MUTANTS,
    *layers_algebra.MUTANTS,
]
"""Mistakes in backward passes and gradients written in plain NumPy."""

OF_RULES: list[Mutant] = [
    *of_partials.MUTANTS,
    *of_transposes.MUTANTS,
    *of_formulas.MUTANTS,
    *of_subtle.MUTANTS,
    *of_precision.MUTANTS,
    *of_variation.MUTANTS,
    *of_searches.MUTANTS,
]
"""Mistakes in the records of operators, and in rules of custom_jvp and custom_vjp."""

SEARCHED: list[Mutant] = [m for m in of_searches.MUTANTS if m.searched]
"""Mistakes for some arguments, which gradcheck has to find."""

MUTANTS = [*OF_RULES, *BY_HAND]

FUNCTIONS: list[Any] = [
    *right_operators.FUNCTIONS,
    *right_arrays.FUNCTIONS,
    *right_algebra.FUNCTIONS,
    *right_networks.FUNCTIONS,
    *right_corners.FUNCTIONS,
    *right_special.FUNCTIONS,
    *right_sizes.FUNCTIONS,
]
"""Functions whose derivatives are right."""

AT_SPECIAL_POINTS: list[Any] = [*right_corners.KINKS, *right_special.FUNCTIONS]
"""Those among them at zeros, ties, ends of domains, huge and tiny entries, equal eigenvalues."""


def planned(number: int) -> tuple[Any, int]:
    """The function and the seed of a run: all functions in turn, with a new seed in each round."""
    return FUNCTIONS[number % len(FUNCTIONS)], number // len(FUNCTIONS)
