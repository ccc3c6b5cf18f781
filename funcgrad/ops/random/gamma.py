"""Gamma random numbers, and numbers that follow the parameter of their distribution.

Marsaglia and Tsang, A simple method for generating gamma variables (2000). Every element is drawn
with a key of its own, so that how often one is rejected does not change the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import pi, sqrt
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.dtypes import finfo
from ...core.facts import Decided, Float64, Hazard
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, general, sample
from ..pointwise.error_integrals import erfcx
from ..pointwise.special import erf_inv_values
from ..shape import broadcast, reshape
from .gamma_slope import gamma_slope
from .launches import random_gamma_there
from .threefry import Words, count_of, evaluate_threefry2x32, store_uniform


def first_words(xp: ArrayModule, keys: Words, counts: Array) -> Words:
    """Two random words for each key, a pair of words itself, and counter below 2**32."""
    return evaluate_threefry2x32(xp, keys[0], keys[1], xp.zeros((), xp.uint32), counts)


def new_key(xp: ArrayModule, keys: Words, number: int) -> Words:
    """The key with this number, of those into which each key is split."""
    return first_words(xp, keys, xp.full((), number, xp.uint32))


def uniforms_of_words(xp: ArrayModule, words: Words, dtype: np.dtype[Any]) -> Array:
    """Floats in [0, 1) from pairs of words."""
    out = xp.empty(words[0].shape, dtype)
    store_uniform(words[0], words[1], out)
    return out


def uniforms_of_keys(xp: ArrayModule, keys: Words, dtype: np.dtype[Any]) -> Array:
    """The first uniform number of each key."""
    return uniforms_of_words(xp, new_key(xp, keys, 0), dtype)


def chosen_keys(keys: Words, chosen: Array) -> Words:
    """The keys at some positions."""
    return keys[0][chosen], keys[1][chosen]


def positive_cube_roots(xp: ArrayModule, keys: Words, c: Array) -> tuple[Array, Array]:
    """Normal numbers x and v = 1 + c x, drawn until v is positive."""
    dtype = c.dtype
    x, v = xp.empty(c.shape, dtype), xp.empty(c.shape, dtype)
    pending = xp.arange(c.size)
    low = np.nextafter(dtype.type(-1), dtype.type(1))
    while True:
        u = uniforms_of_keys(xp, new_key(xp, keys, 1), dtype)
        x[pending] = erf_inv_values(u * (1 - low) + low) * dtype.type(2**0.5)
        v[pending] = 1 + x[pending] * c[pending]
        again = xp.flatnonzero(v[pending] <= 0)
        if not again.size:
            return x, v
        pending = pending[again]
        keys = new_key(xp, chosen_keys(keys, again), 0)


def accepted_cubes(xp: ArrayModule, keys: Words, d: Array) -> Array:
    """The cubes v with which d v is from the gamma distribution of shape d + 1 / 3."""
    result = xp.empty(d.shape, d.dtype)
    pending = xp.arange(d.size)
    c = 1 / 3 / xp.sqrt(d)
    keys = new_key(xp, keys, 0)
    while pending.size:
        x, root = positive_cube_roots(xp, new_key(xp, keys, 1), c)
        u = uniforms_of_keys(xp, new_key(xp, keys, 2), d.dtype)
        square = x * x
        cube = root * root * root
        result[pending] = cube
        squeezed = u < 1 - 0.0331 * (square * square)
        below = xp.log(u) < square * 0.5 + d * ((1 - cube) + xp.log(cube))
        # NaN parameters are not rejected forever.
        again = xp.flatnonzero(~(squeezed | below | (cube != cube)))
        pending, c, d = pending[again], c[again], d[again]
        keys = new_key(xp, chosen_keys(keys, again), 0)
    return result


def evaluate_random_gamma(xp: ArrayModule, key: Array, a: Array, *, log_space: bool) -> Array:
    """Gamma numbers, or their logarithms; below a = 1 they are those of a + 1 times u**(1 / a)."""
    words = key.reshape(-1, 2)
    count = count_of(a.shape[key.ndim - 1 :])
    keys = first_words(xp, (words[:, :1], words[:, 1:]), xp.arange(count, dtype=xp.uint32))
    keys = (keys[0].reshape(-1), keys[1].reshape(-1))
    flat = a.reshape(-1)
    with np.errstate(all="ignore"):
        boosted = flat < 1
        d = xp.where(boosted, flat + 1, flat) - 1 / 3
        cube = accepted_cubes(xp, keys, d)
        out = xp.log(d) + xp.log(cube) if log_space else d * cube
        small = xp.flatnonzero(boosted)
        if small.size:
            u = uniforms_of_keys(xp, new_key(xp, chosen_keys(keys, small), 1), a.dtype)
            power = 1 / flat[small]
            if log_space:
                boost = xp.log1p(-u)
                out[small] = out[small] + xp.where(boost == 0, 0, boost * power)
            else:
                out[small] = out[small] * (1 - u) ** power
        out = xp.where(flat >= 0, out, xp.nan).astype(a.dtype)
    return out.reshape(a.shape)[()]


def batch_of_keys(size: int, args: Sequence[Array], batched: Sequence[bool]) -> list[Array]:
    """Operands that all have the batch axis."""
    return [
        x if b else broadcast(reshape(x, shape=(1, *x.shape)), shape=(size, *x.shape))
        for x, b in zip(args, batched, strict=True)
    ]


def check_keys(name: str, key: Aval, *others: Aval) -> None:
    """Raise unless the operands have the axes of an array of keys in front."""
    lead = key.shape[:-1]
    if key.dtype != np.uint32 or key.shape[-1:] != (2,):
        raise ShapeError(f"{name} needs uint32 keys of shape (..., 2), got {key}")
    for x in others:
        if x.shape[: len(lead)] != lead:
            raise ShapeError(f"{name}: an operand {x} does not begin with the axes of keys {key}")


def random_words(rng: np.random.Generator, *shape: int) -> Array:
    """Keys for test cases."""
    return rng.integers(0, 2**32, (*shape, 2), np.uint32)


def _abstract_random_gamma(key: Aval, a: Aval, *, log_space: bool) -> Aval:
    check_keys("random_gamma", key, a)
    return Aval(a.shape, a.dtype)


def _random_gamma_cases(rng: np.random.Generator) -> Iterator[Case]:
    for log_space in (False, True):
        for dtype in ("f8", "f4"):
            yield Case(random_words(rng), sample(rng, (3, 5), dtype, (0.1, 4)), log_space=log_space)
        yield Case(random_words(rng), sample(rng, (), "f8", (0.1, 1)), log_space=log_space)
        yield Case(
            random_words(rng, 2, 3), sample(rng, (2, 3, 101), "f8", (0.1, 3)), log_space=log_space
        )
    yield Case(random_words(rng), np.ones((0, 3)), log_space=True)


random_gamma: General = general(
    "random_gamma",
    evaluate_random_gamma,
    on_gpu=random_gamma_there,
    abstract=_abstract_random_gamma,
    batch=lambda size, args, batched, **params: random_gamma(
        *batch_of_keys(size, args, batched), **params
    ),
    cases=_random_gamma_cases,
    nondifferentiable="the result of rejections; ``following`` knows how the numbers move",
    elements=Decided(),
)


def evaluate_following(
    xp: ArrayModule, drawn: Array, parameter: Array, *, slope: Callable[..., Array]
) -> Array:
    """The drawn numbers themselves."""
    return drawn


following: General = general(
    "following",
    evaluate_following,
    abstract=lambda drawn, parameter, **_: Aval(drawn.shape, drawn.dtype),
    batch=lambda size, args, batched, **params: following(
        *batch_of_keys(size, args, batched), **params
    ),
    cases=None,
    no_cases="its derivative is no limit of differences of its values: tested with random numbers",
    jvp=(
        lambda t, _out, _drawn, _parameter, slope: t,
        lambda t, out, _drawn, parameter, slope: t * slope(out, parameter),
    ),
    view=True,
    identity=True,
    elements=Float64("a derivative at numbers that were drawn in float64"),
    hazard=Hazard.NONE,
)
"""Numbers drawn from a distribution with a parameter of the same shape.

The derivative with respect to the parameter is ``slope(number, parameter)``: the slope of the
number at constant probability of a smaller one.
"""


def slope_of_loggamma(y: Array, a: Array) -> Array:
    """The slope of the logarithm of a gamma number in its shape parameter."""
    return gamma_slope(a, y, order=0)


def slope_of_gamma(z: Array, a: Array) -> Array:
    """The slope of a gamma number in its shape parameter; a number that is 0 stays there."""
    return z * gamma_slope(a, np.log(np.maximum(z, float(finfo(z.dtype).tiny))), order=0)


def slope_of_wald(x: Array, mean: Array) -> Array:
    """The slope of a number of the inverse Gaussian distribution in the mean.

    dF/dmean = -2 exp(2 / mean) Phi(-s) / mean**2 for s = (x / mean + 1) / sqrt(x), over minus the
    density exp(2 / mean) phi(s) / x**1.5, where Phi(-s) / phi(s) = sqrt(pi / 2) erfcx(s / sqrt 2).
    """
    root = np.sqrt(np.maximum(x, float(finfo(x.dtype).tiny)))
    ratio = sqrt(pi / 2) * erfcx((root / mean + 1 / root) * sqrt(0.5))
    return 2 * root * root * root * ratio / (mean * mean)
