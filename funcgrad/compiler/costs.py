"""What a program costs: counted, and predicted by a roofline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.jaxpr import Eqn, Jaxpr, Literal, subjaxprs
from ..ops.families import Elementwise


class Machine(NamedTuple):
    """What one core does in a second, where nothing better is known.

    Attributes:
        flops: operations of arithmetic.
        transcendentals: exponentials, sines and the like.
        bytes: read from memory, or written.
        call: seconds that a call takes besides.
    """

    flops: float = 1e10
    transcendentals: float = 5e8
    bytes: float = 1e10
    call: float = 2e-7


class Work(NamedTuple):
    """Operations of a program, and the bytes that its steps move."""

    flops: float = 0.0
    transcendentals: float = 0.0
    bytes_read: float = 0.0
    bytes_written: float = 0.0

    def plus(self, other: Work, times: float = 1.0) -> Work:
        """The work of both, of the other one several times."""
        return Work(*(a + times * b for a, b in zip(self, other, strict=True)))

    def seconds(self, machine: Machine) -> float:
        """The time for what takes longer: to compute, or to move bytes."""
        computing = self.flops / machine.flops + self.transcendentals / machine.transcendentals
        return max(computing, (self.bytes_read + self.bytes_written) / machine.bytes)


ARITHMETIC: frozenset[str] = frozenset(
    """add sub mul div neg pos mul_strong mul_both_strong div_strong eq ne lt le gt ge logical_and
    logical_or logical_xor logical_not is_nan is_inf is_finite and or xor not shift_left
    shift_right population_count tie_shares max min fmax fmin select_n square reciprocal sqrt
    difference_of_squares floor ceil trunc round heaviside signbit nextafter spacing floor_divide
    rem fmod copysign ldexp exponent share one_minus_square deg2rad rad2deg abs sign
    tanh_slope logistic_slope""".split()
)
"""Elementwise operators that count as one operation an element; others are transcendental."""

FREE: frozenset[str] = frozenset({"stop_gradient", "real", "imag", "conj", "convert_element_type"})

CUBIC: dict[str, float] = {
    "cholesky": 1 / 3,
    "solve": 2 / 3,
    "det": 2 / 3,
    "slogdet": 2 / 3,
    "inv": 2.0,
    "qr": 4 / 3,
    "eigvalsh": 4 / 3,
    "eigh": 9.0,
    "svdvals": 8 / 3,
    "svd": 20.0,
    "pinv": 22.0,
}
"""Operations of matrix functions, in cubes of the number of rows."""


def nbytes(a: Any) -> int:
    """The bytes of a value; rows in unknown number count as one."""
    return math.prod(d for d in a.aval.shape if isinstance(d, int)) * int(a.aval.dtype.itemsize)


def _size(a: Any) -> int:
    return math.prod(d for d in a.aval.shape if isinstance(d, int))


def work_of(eqns: Sequence[Eqn]) -> Work:
    """The operations of equations, and the bytes that loops among them move."""
    total = Work()
    for e in eqns:
        total = total.plus(_work(e))
    return total


def _work(e: Eqn) -> Work:
    name, out = e.primitive.name, e.outvars[0] if e.outvars else None
    inner = [_of_jaxpr(jaxpr) for jaxpr in subjaxprs(e)]
    if inner:
        return _work_of_control(e, inner)
    if out is None or name in FREE:
        return Work()
    if isinstance(e.primitive, Elementwise):
        simple = name in ARITHMETIC
        return Work(_size(out), 0) if simple else Work(0, _size(out))
    first = e.inputs[0] if e.inputs else out
    if name == "dot_general":
        _, contracted = e.params["batch"], e.params["contract"][0]
        return Work(2 * _size(out) * math.prod(first.aval.shape[i] for i in contracted))
    if name == "conv_general_dilated":
        kernel = e.inputs[1].aval.shape
        return Work(2 * _size(out) * math.prod(kernel[1:]))
    if name == "triangular_solve":
        return Work(_size(out) * first.aval.shape[-1])
    if name in CUBIC:
        rows = first.aval.shape[-1]
        return Work(CUBIC[name] * _size(first) * rows)
    if name.startswith(("reduce_", "cum", "arg", "mean_of", "vector_norm", "scatter_add")):
        return Work(_size(first))
    if name == "logsumexp":
        return Work(2 * _size(first), _size(first))
    return Work()


def _work_of_control(e: Eqn, inner: Sequence[Work]) -> Work:
    """Loops of unknown length count one turn, branches the dearest of them."""
    if "branches" in e.params:
        return max(inner, key=lambda work: work.seconds(Machine()))
    length = e.params.get("length", 1)
    total = Work()
    for work in inner:
        total = total.plus(work, length if isinstance(length, int) else 1)
    return total


def _of_jaxpr(jaxpr: Jaxpr) -> Work:
    """The work of a jaxpr inside, each of its equations a step."""
    total = work_of(jaxpr.eqns)
    for e in jaxpr.eqns:
        if not subjaxprs(e):
            total = total.plus(moved(e.inputs, e.outvars))
    return total


def moved(read: Sequence[Any], written: Sequence[Any]) -> Work:
    """The bytes of what a step reads and writes."""
    reads = {a for a in read if type(a) is not Literal}
    return Work(0, 0, sum(map(nbytes, reads)), sum(map(nbytes, written)))


def peak_between(jaxpr: Jaxpr, steps: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> int:
    """The most bytes that are alive at once of what is neither argument nor result.

    Args:
        jaxpr: the program.
        steps: what each of its steps reads and writes.
    """
    last: dict[Any, int] = {}
    for k, (read, written) in enumerate(steps):
        last.update((a, k) for a in (*read, *written) if type(a) is not Literal)
    kept = {*jaxpr.invars, *jaxpr.constvars, *(a for a in jaxpr.outvars if type(a) is not Literal)}
    alive = peak = 0
    for k, (read, written) in enumerate(steps):
        alive += sum(nbytes(v) for v in written if v not in kept)
        peak = max(peak, alive)
        dead = (a for a in (*read, *written) if type(a) is not Literal and a not in kept)
        gone = {a for a in dead if last[a] == k}
        alive -= sum(map(nbytes, gone))
    return peak
