"""Numbers as bits: reading them as another dtype, and rounding them to fewer bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..arrays import ArrayModule
from ..core.avals import Aval
from ..core.dtypes import is_floating, kind_of
from ..core.facts import Decided, Float64, Hazard
from ..core.primitive import Case
from ..errors import ShapeError
from ..typing import Array
from .families import General, general, sample


def bits_as(xp: ArrayModule, x: Array, *, dtype: np.dtype) -> Array:
    """The bits of an array as numbers of another dtype, of a new last axis if that is smaller."""
    size, wanted = x.dtype.itemsize, dtype.itemsize
    x = xp.asarray(x)
    flat = xp.array(x).reshape(-1).view(dtype)  # of a copy: views of other dtypes are nobody's
    if size == wanted:
        return flat.reshape(x.shape)[()]
    return flat.reshape((*x.shape, size // wanted) if size > wanted else x.shape[:-1])[()]


def bits_aval(x: Aval, *, dtype: np.dtype) -> Aval:
    """The shape and dtype of ``bits_as``, or an error if there is none."""
    if x.dtype.kind == "b" or dtype.kind == "b":
        if x.dtype != dtype:
            raise TypeError(f"bitcast_convert_type: the bits of {x.dtype} are not those of {dtype}")
        return Aval(x.shape, dtype)
    if kind_of(dtype) not in "iufc":
        raise TypeError(f"bitcast_convert_type: {dtype} is not a dtype of numbers")
    size, wanted = x.dtype.itemsize, dtype.itemsize
    if size == wanted:
        return Aval(x.shape, dtype)
    if size > wanted:
        return Aval((*x.shape, size // wanted), dtype)
    if not x.shape or x.shape[-1] * size != wanted:
        raise ShapeError(
            f"bitcast_convert_type: a last axis of {wanted // size} numbers of {x.dtype} is needed "
            f"for each of {dtype}, got shape {x.shape}"
        )
    return Aval(x.shape[:-1], dtype)


def _bits_cases(rng: np.random.Generator) -> Iterator[Case]:
    for given, wanted in (("f4", "i4"), ("i8", "f8"), ("f8", "u4"), ("f8", "c16")):
        if np.dtype(given).itemsize >= np.dtype(wanted).itemsize:
            yield Case(rng.integers(1, 99, (2, 3)).astype(given), dtype=np.dtype(wanted))
    yield Case(np.arange(6, dtype=np.int32).reshape(3, 2), dtype=np.dtype(np.int64))
    yield Case(np.float32(1.5), dtype=np.dtype(np.int16))


bitcast: General = general(
    "bitcast_convert_type",
    bits_as,
    abstract=bits_aval,
    batch=lambda _size, args, _batched, *, dtype: bitcast(args[0], dtype=dtype),
    cases=_bits_cases,
    nondifferentiable="the result is made of bits",
    any_dtype=True,
    elements=Decided(),
)


def round_bits(xp: ArrayModule, x: Array, *, exponent_bits: int, mantissa_bits: int) -> Array:
    """Numbers rounded to nearest, ties to even, in a format of fewer bits.

    Adding half of the last bit that is kept, less one where that bit is 0, to the bits as an
    integer carries into the exponent where it has to.
    """
    x = xp.asarray(x)
    info = np.finfo(x.dtype)
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    bits = x.reshape(-1).view(unsigned)
    dropped = info.nmant - mantissa_bits
    if dropped > 0:
        one = unsigned.type(1)
        last = (bits >> unsigned.type(dropped)) & one
        bits = bits + ((one << unsigned.type(dropped - 1)) - one + last)
        bits = bits & unsigned.type(~((1 << dropped) - 1) & ((1 << 8 * x.dtype.itemsize) - 1))
    out = bits.view(x.dtype).reshape(x.shape)
    if exponent_bits < info.nexp:
        bias = (1 << (exponent_bits - 1)) - 1
        size = xp.abs(out)
        top = x.dtype.type(2.0) ** x.dtype.type(bias)
        largest = 2 * top - top * info.eps / 2 if mantissa_bits >= info.nmant else (
            top * x.dtype.type(2 - 2.0**-mantissa_bits)
        )  # fmt: skip
        out = xp.where(size > largest, xp.copysign(x.dtype.type(np.inf), x), out)
        least = x.dtype.type(2.0) ** x.dtype.type(1 - bias)
        out = xp.where(size < least, xp.copysign(x.dtype.type(0), x), out)
    return xp.where(xp.isnan(x), x, out)[()]


def _rounded_batch(
    _size: int, args: Sequence[Array], _batched: Sequence[bool], **bits: int
) -> Array:
    return rounded_to(args[0], **bits)


def _rounded_abstract(x: Aval, **_: int) -> Aval:
    if not is_floating(x.dtype):
        raise TypeError(f"reduce_precision takes floating-point numbers, not {x.dtype}")
    return Aval(x.shape, x.dtype)


# Differences tell of the derivative where all digits are kept; tests/lax has the other formats.
rounded_to: General = general(
    "reduce_precision",
    round_bits,
    abstract=_rounded_abstract,
    jvp=lambda t, _o, _x, **bits: rounded_to(t, **bits),
    transpose=lambda ct, _x, *, flagged, **bits: (rounded_to(ct, **bits),),
    batch=_rounded_batch,
    cases=lambda rng: [
        Case(sample(rng, (2, 3), "f8", (-2, 2)), exponent_bits=11, mantissa_bits=52),
        Case(sample(rng, (), "f8", (-2, 2)), exponent_bits=11, mantissa_bits=52),
        Case(sample(rng, (3,), "f8", (-2, 2)), exponent_bits=11, mantissa_bits=60),
    ],
    elements=Float64("rounded to a format of floating-point numbers"),
    hazard=Hazard.NARROWING,
)
