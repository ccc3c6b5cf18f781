"""What a program gives natively, against the interpreter."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import numpy as np

import funcgrad as fg
from funcgrad.compiler.native import layout, llvm
from funcgrad.compiler.native.fused import fused, native_call
from funcgrad.compiler.passes.prune import drop_dead_code
from funcgrad.compiler.pipeline import optimized
from funcgrad.compiler.program import compiled
from funcgrad.core.jaxpr import Jaxpr

from .generation import Program, program
from .reference import Known, evaluated

AGREE, UNDECIDED, REFUSED, MISMATCH = "agree", "undecided", "refused", "mismatch"

FEW, MANY = 3, 24
"""So often a program is rounded in other ways: at first, and where it seems to be wrong."""

SAFETY = 8.0


class Verdict(NamedTuple):
    """What was found of a program.

    Attributes:
        outcome: one of four.
        kind: what is wrong, without numbers.
        detail: what is wrong, in words.
        text: the jaxpr.
        native: names of the operators that native functions computed.
    """

    outcome: str
    kind: str = ""
    detail: str = ""
    text: str = ""
    native: tuple[str, ...] = ()


@contextmanager
def settings(**chosen: str) -> Iterator[None]:
    """Values of environment variables for a while."""
    before = {name: os.environ.get(name) for name in chosen}
    os.environ.update(chosen)
    if "FUNCGRAD_NATIVE_ENTRY" in chosen:
        layout.is_as_assumed.cache_clear()
    try:
        yield
    finally:
        if "FUNCGRAD_NATIVE_ENTRY" in chosen:
            layout.is_as_assumed.cache_clear()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def native(setting: str) -> AbstractContextManager[None]:
    """A value of FUNCGRAD_NATIVE for a while."""
    return settings(FUNCGRAD_NATIVE=setting)


def judged(seed: int) -> Verdict:
    """Program number ``seed``, tried."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            made = program(seed)
            with native("0"):
                jaxpr = fg.jit(made.function).lower(*made.args).jaxpr()
        except Exception as error:
            return Verdict(REFUSED, f"{type(error).__name__}: {str(error)[:60]}", str(error))
        with settings(**machine(seed)):
            return compared(made, jaxpr)


def machine(seed: int) -> dict[str, str]:
    """Which processor native code is for: this one, or one of shorter vectors."""
    chosen = {0: "128", 1: "256", 2: "512"}.get(seed % 5)
    found = {} if chosen is None else {"FUNCGRAD_VECTOR_BITS": chosen}
    features = llvm.processor()[1]
    if seed % 4 == 1 and "+avx512f" in features:
        without = re.sub(r"\+(avx512|evex512|avx10|avx512\w+)", r"-\1", features)
        found |= {"FUNCGRAD_CPU_FEATURES": without, "FUNCGRAD_VECTOR_BITS": "256"}
    if seed % 7 == 3:  # kernels are called by generated Python
        found["FUNCGRAD_NATIVE_ENTRY"] = "0"
    return found


def compared(made: Program, jaxpr: Jaxpr) -> Verdict:
    """The verdict on a traced program."""
    bits = llvm.vector_bits()
    text = (
        f"way: {made.way}, vectors of {bits} bits\n{described(made.args)}\n{drop_dead_code(jaxpr)}"
    )
    args = [np.array(x) if isinstance(x, np.ndarray) else x for x in made.args]
    expected: list[Known] | Exception
    try:
        with native("0"):
            expected = evaluated(jaxpr, args)
    except Exception as error:
        expected = error
    try:
        with native("1"):
            found: Any = called(made, jaxpr)
    except Exception as error:
        if isinstance(expected, Exception) and _same_kind(error, expected):
            return Verdict(AGREE, text=text)
        return Verdict(MISMATCH, f"raised {type(error).__name__}", repr(error), text)
    if isinstance(expected, Exception):
        return _unraised(jaxpr, made, expected, found, text)
    return _judged(made, jaxpr, args, expected, found, text)


def _unraised(jaxpr: Jaxpr, made: Program, expected: Exception, found: Any, text: str) -> Verdict:
    """The verdict where only the interpreter fails: passes drop what nothing reads."""
    try:
        with native("0"):
            others = compiled(jaxpr)(*made.args)
    except Exception:
        return Verdict(MISMATCH, "raised nothing", repr(expected), text)
    same = all(np.shape(x) == np.shape(y) for x, y in zip(found, others, strict=True))
    return Verdict(UNDECIDED if same else MISMATCH, "raised by the interpreter alone", text=text)


def _same_kind(error: Exception, other: Exception) -> bool:
    return isinstance(error, type(other)) or isinstance(other, type(error))


def called(made: Program, jaxpr: Jaxpr) -> Any:
    """The results of the compiled program: as a call of ``jit`` has it, now and then."""
    if made.seed % 8:
        return compiled(jaxpr)(*made.args)
    function = fg.jit(made.function)
    first = fg.tree.leaves(function(*made.args))
    again = fg.tree.leaves(function(*made.args))
    for x, y in zip(first, again, strict=True):
        assert np.asarray(x).tobytes() == np.asarray(y).tobytes(), "the second call differs"
    return first


def described(args: Sequence[Any]) -> str:
    """Arguments as they lie in memory."""
    lines = []
    for x in args:
        if isinstance(x, np.ndarray):
            at = x.__array_interface__["data"][0] % 64
            lines.append(f"  {x.dtype.str}{list(x.shape)} steps {x.strides} at {at}")
        else:
            lines.append(f"  {x!r}")
    return "\n".join(["arguments:", *lines])


def operators(jaxpr: Jaxpr) -> tuple[str, ...]:
    """The operators that native functions compute."""
    inner = [e.params["jaxpr"] for e in fused(optimized(jaxpr)).eqns if e.primitive is native_call]
    return tuple(sorted({e.primitive.name for j in inner for e in j.eqns}))


def _judged(
    made: Program, jaxpr: Jaxpr, args: list[Any], expected: list[Known], found: Any, text: str
) -> Verdict:
    if len(found) != len(expected):
        return Verdict(MISMATCH, "number of results", str(len(found)), text)
    for x, before in zip(made.args, args, strict=True):
        if not _same_bits(np.asarray(x), np.asarray(before)):
            return Verdict(MISMATCH, "argument written to", text=text)
    given = {id(x) for x in made.args}
    near: list[list[Known]] = []
    undecided = False
    for i, (known, y) in enumerate(zip(expected, found, strict=True)):
        x, y, aval = np.asarray(known.value), np.asarray(y), jaxpr.outvars[i].aval
        y = y.astype(y.dtype.newbyteorder("="))
        if y.dtype != aval.dtype.newbyteorder("=") or y.shape != aval.shape:
            said = f"result {i} is {y.dtype}{y.shape}, not {aval}"
            return Verdict(MISMATCH, "dtype or shape", said, text)
        if id(found[i]) not in given and any(np.may_share_memory(y, a) for a in made.args
                                             if isinstance(a, np.ndarray) and a.size):  # fmt: skip
            return Verdict(MISMATCH, "memory of an argument", f"result {i}", text)
        x = np.broadcast_to(x, y.shape).astype(y.dtype)
        if _same_bits(x, y):
            continue
        if known.exact:
            return Verdict(MISMATCH, "bits", f"result {i}: {_shown(x, y, _differ(x, y))}", text)
        for count in (FEW, MANY):
            try:
                with native("0"):
                    near += [
                        evaluated(jaxpr, args, np.random.default_rng([made.seed, 7, k]))
                        for k in range(len(near), count)
                    ]
            except Exception as error:  # an integer that another rounding makes negative, say
                return Verdict(UNDECIDED, "fails if rounded otherwise", repr(error), text)
            others = [np.broadcast_to(np.asarray(run[i].value), y.shape) for run in near]
            wrong, open_ = outside(x, y, others)
            if not wrong.any():
                break
        else:
            return Verdict(MISMATCH, "value", f"result {i}: {_shown(x, y, wrong)}", text)
        undecided = undecided or open_
    names = operators(jaxpr)
    return Verdict(UNDECIDED if undecided else AGREE, text=text, native=names)


def _same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    return x.dtype == y.dtype and x.shape == y.shape and not _differ(x, y).any()


def _differ(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where bits differ; one NaN is as good as another."""
    if x.dtype.kind not in "fc":
        return np.asarray(x != y)
    nan = (x != x) & (y != y)
    signs = np.signbit(x.real) != np.signbit(y.real)
    return ~nan & ((x != y) | (signs & (x == 0)))


def outside(x: np.ndarray, y: np.ndarray, others: Sequence[np.ndarray]) -> tuple[Any, bool]:
    """Where a result is further away than other roundings are, and whether these say nothing."""
    if x.dtype.kind in "iub":
        free = np.any([o != x for o in others], axis=0)
        return (x != y) & ~free, bool(np.any((x != y) & free))
    differ = _differ(x, y)
    finite = np.isfinite(x)
    loose = np.any([(np.isfinite(o) != finite) | (~finite & _differ(x, o)) for o in others], axis=0)
    away = np.max([np.where(np.isfinite(o - x), np.abs(o - x), 0) for o in others], axis=0)
    unit = np.spacing(np.abs(np.where(finite, x, 1)))
    bound = SAFETY * away + 8 * unit + np.finfo(x.dtype).tiny
    distance = np.where(np.isfinite(x) & np.isfinite(y), np.abs(x - y), np.inf)
    distance = np.where((x == y) | ((x != x) & (y != y)), 0, distance)
    wrong = (distance > bound) & ~loose
    size = np.max(np.abs(x[finite]), initial=0)
    vague = bound > (1e-2 if x.dtype.itemsize == 4 else 1e-5) * (size + 1e-30)
    return wrong, bool(np.any(differ & (vague | loose)))


def _shown(x: np.ndarray, y: np.ndarray, where: np.ndarray) -> str:
    at = np.argwhere(where)
    first = tuple(int(k) for k in at[0])
    return f"{len(at)} of {x.size} elements, {first}: expected {x[first]!r}, native {y[first]!r}"
