"""Programs as research code has them, written for funcgrad, JAX and others with their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Library(NamedTuple):
    """What a program is written with.

    Attributes:
        np: the array module.
        lax: loops and branches.
        fg: transformations: grad, value_and_grad, vjp, jvp, vmap, jit, hessian, jacrev, jacfwd.
        erf: the error function.
        random: keys and samplers.
        array: from a NumPy array to the library's.
    """

    np: Any
    lax: Any
    fg: Any
    erf: Callable[[Any], Any]
    random: Any
    array: Callable[[Any], Any]


class Workload(NamedTuple):
    """A program to be compiled.

    Attributes:
        make: from a library to a function and its arguments, NumPy arrays in pytrees.
        wanted: the ratio to the best other one's time that is to be reached.
    """

    make: Callable[[Library], tuple[Callable[..., Any], tuple[Any, ...]]]
    wanted: float
