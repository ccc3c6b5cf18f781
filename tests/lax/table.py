"""Calls of the functions of lax, each beside the same in NumPy, SciPy or plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sps
from surface.arrays import (
    BOOLS,
    COUNTS,
    CUBE,
    INTS,
    LARGE,
    LONG,
    MASK,
    PLACES,
    POSITIVE,
    SCALAR,
    SHORT,
    SMALL,
    SQUARE,
    VECTOR,
    WIDE,
    X,
    Y,
)
from surface.checks import Call

from funcgrad import lax

Entry = tuple[Any, Any, Call]
TABLE: dict[str, list[Entry]] = {}


def entry(name: str, fun: Any, reference: Any, *args: Any, **options: Any) -> None:
    """A call ``fun(*args)``, None for the function itself, and what it is compared with."""
    options = {"dtypes": "d", **options}
    fun = getattr(lax, name) if fun is None else fun
    TABLE.setdefault(name, []).append((fun, reference, Call(args, **options)))


# --- elementwise ---------------------------------------------------------------------------------

for _name, _reference, _x in [
    ("abs", np.abs, X), ("acos", np.arccos, SMALL), ("acosh", np.arccosh, LARGE),
    ("asin", np.arcsin, SMALL), ("asinh", np.arcsinh, X), ("atan", np.arctan, X),
    ("atanh", np.arctanh, SMALL), ("cbrt", np.cbrt, X), ("ceil", np.ceil, X),
    ("conj", lambda x: np.conj(x + 0j), X), ("cos", np.cos, X), ("cosh", np.cosh, X),
    ("digamma", sps.digamma, LARGE),
    ("erf", sps.erf, X), ("erf_inv", sps.erfinv, SMALL), ("erfc", sps.erfc, X), ("exp", np.exp, X),
    ("exp2", np.exp2, X), ("expm1", np.expm1, X), ("floor", np.floor, X), ("imag", np.imag, X),
    ("is_finite", np.isfinite, X), ("lgamma", sps.gammaln, LARGE), ("log", np.log, POSITIVE),
    ("log1p", np.log1p, POSITIVE), ("logistic", sps.expit, X), ("neg", np.negative, X),
    ("real", np.real, X), ("reciprocal", np.reciprocal, POSITIVE), ("round", np.round, X),
    ("rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE), ("sign", np.sign, X), ("sin", np.sin, X),
    ("sinh", np.sinh, X), ("sqrt", np.sqrt, POSITIVE), ("square", np.square, X),
    ("tan", np.tan, SMALL), ("tanh", np.tanh, X), ("bessel_i0e", sps.i0e, X),
    ("bessel_i1e", sps.i1e, X), ("bitwise_not", np.invert, INTS),
]:  # fmt: skip
    entry(_name, None, _reference, _x, dtypes="df", rtol=1e-11)

for _name, _reference, _x, _y in [
    ("add", np.add, X, Y), ("atan2", np.arctan2, X, Y), ("max", np.maximum, X, Y),
    ("min", np.minimum, X, Y), ("mul", np.multiply, X, Y), ("sub", np.subtract, X, Y),
    ("div", np.divide, X, LARGE), ("pow", np.power, POSITIVE, Y), ("rem", np.fmod, X, POSITIVE),
    ("eq", np.equal, INTS, COUNTS), ("ge", np.greater_equal, X, Y), ("gt", np.greater, X, Y),
    ("le", np.less_equal, X, Y), ("lt", np.less, X, Y), ("ne", np.not_equal, INTS, COUNTS),
    ("nextafter", np.nextafter, X, Y), ("bitwise_and", np.bitwise_and, INTS, COUNTS),
    ("bitwise_or", np.bitwise_or, INTS, COUNTS), ("bitwise_xor", np.bitwise_xor, INTS, COUNTS),
    ("shift_left", np.left_shift, INTS, COUNTS),
    ("shift_right_arithmetic", np.right_shift, INTS, COUNTS),
    ("igamma", sps.gammainc, POSITIVE, LARGE), ("igammac", sps.gammaincc, POSITIVE, LARGE),
]:  # fmt: skip
    derivative = _name != "nextafter"
    entry(_name, None, _reference, _x, _y, dtypes="df", rtol=1e-11, derivative=derivative)

entry("div", None, lambda x, y: np.trunc(x / y).astype(int), INTS, COUNTS - 7)
entry("mul", lambda x: lax.mul(2.0, x), lambda x: 2 * x, X, dtypes="df")
entry("add", lambda x: lax.add(1, x), lambda x: 1 + x, X, dtypes="df")
entry("max", lambda x: lax.max(x, SCALAR), lambda x: np.maximum(x, SCALAR), X)
entry("pow", lambda x: lax.pow(x, COUNTS), lambda x: np.power(x, COUNTS, dtype=x.dtype), POSITIVE)
entry("integer_pow", lambda x: lax.integer_pow(x, -3), lambda x: 1 / x**3, LARGE, dtypes="dfD")
entry("integer_pow", lambda x: lax.integer_pow(x, 3), lambda x: x**3, INTS)
entry("complex", None, lambda x, y: x + 1j * y, X, Y)
entry("clamp", lambda x: lax.clamp(-0.5, x, 1.0), lambda x: np.clip(x, -0.5, 1.0), X, dtypes="df")
entry("clamp", None, lambda a, x, b: np.clip(x, a, b), SMALL - 1, X, POSITIVE)
entry("polygamma", lambda x: lax.polygamma(2.0, x), lambda x: sps.polygamma(2, x).astype(x.dtype),
      LARGE)  # fmt: skip
entry("betainc", None, sps.betainc, POSITIVE, LARGE, (1 + SMALL) / 2, rtol=1e-11)
entry("zeta", None, sps.zeta, 1 + POSITIVE, LARGE, rtol=1e-11)


def shape_slope(a: Any, x: Any) -> Any:
    """The derivative of gammainc by the series of d/da [x**(a+n) exp(-x) / gamma(a+n+1)]."""
    n = np.arange(200.0).reshape(-1, *(1,) * np.ndim(x))
    terms = np.exp((a + n) * np.log(x) - x - sps.gammaln(a + n + 1))
    return np.sum(terms * (np.log(x) - sps.digamma(a + n + 1)), axis=0).astype(x.dtype)


def gamma_slope(a: Any, x: Any) -> Any:
    """Implicit differentiation of gammainc(a, x) = constant."""
    return -shape_slope(a, x) * np.exp(x - (a - 1) * np.log(x) + sps.gammaln(a))


entry("igamma_grad_a", None, shape_slope, POSITIVE, LARGE, rtol=1e-10)
entry("random_gamma_grad", None, gamma_slope, POSITIVE, LARGE, rtol=1e-9)


def by_bits(count: Any) -> Any:
    """A function of the string of bits of each integer."""

    def run(x: Any) -> Any:
        width = 8 * x.dtype.itemsize
        rows = [count(np.binary_repr(int(v), width)) for v in x.ravel()]
        return np.array(rows, x.dtype).reshape(x.shape)

    return run


BYTES = np.array([[-1, 0, 1], [77, -128, 5]], np.int8)
entry("population_count", None, by_bits(lambda b: b.count("1")), INTS)
entry("population_count", None, by_bits(lambda b: b.count("1")), BYTES)
entry("clz", None, by_bits(lambda b: len(b) - len(b.lstrip("0"))), INTS)
entry("clz", None, by_bits(lambda b: len(b) - len(b.lstrip("0"))), BYTES)
entry("shift_right_logical", lambda x: lax.shift_right_logical(x, np.int8(2)),
      lambda x: (x.view(np.uint8) >> 2).view(np.int8), BYTES)  # fmt: skip


def upper_half(x: Any, y: Any) -> Any:
    """The upper half of products of Python's integers."""
    width = 8 * x.dtype.itemsize
    rows = [int(a) * int(b) >> width for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    return np.array(rows, x.dtype).reshape(x.shape)


entry("mulhi", None, upper_half, BYTES, BYTES[::-1].copy())
_wide = np.array([-(2**63), 2**62 + 12345, -1234567890123456789])
entry("mulhi", None, upper_half, _wide, _wide[::-1].copy())
_unsigned = np.array([2**63, 2**64 - 1, 12345678901234567890], np.uint64)
entry("mulhi", None, upper_half, _unsigned, _unsigned[::-1].copy())
entry("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, np.int64),
      lambda x: x.view(np.int64)[..., 0] if x.itemsize == 4 else x.view(np.int64), X,
      derivative=False)  # fmt: skip
entry("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, np.uint8),
      lambda x: np.ascontiguousarray(x)[..., None].view(np.uint8), INTS)  # fmt: skip
entry("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, np.int64),
      lambda x: x.view(np.int64)[:, 0], BYTES.repeat(8).reshape(6, 8))  # fmt: skip
entry("reduce_precision", lambda x: lax.reduce_precision(x, 5, 10),
      lambda x: x.astype(np.float16).astype(x.dtype), np.append(X, [1e9, -65519.0]),
      dtypes="df", derivative=False)  # fmt: skip

# --- selecting -----------------------------------------------------------------------------------

entry("select", lambda x, y: lax.select(MASK, x, y), lambda x, y: np.where(MASK, x, y), X, Y)
entry("select_n", lambda x, y, z: lax.select_n(INTS % 3, x, y, z),
      lambda x, y, z: np.choose(INTS % 3, [x, y, z]), X, Y, POSITIVE)  # fmt: skip
entry("select_n", lambda x, y: lax.select_n(MASK, x, y), lambda x, y: np.where(MASK, y, x), X, Y)
entry("sort", None, np.sort, X)
entry("sort", lambda x: lax.sort(x, dimension=0), lambda x: np.sort(x, 0), CUBE)


def in_order_of(*keys: Any) -> Any:
    return np.lexsort(keys[::-1])


entry("sort", lambda x: lax.sort((PLACES, x, PLACES), num_keys=2)[1],
      lambda x: x[in_order_of(PLACES, x)], VECTOR[:4])  # fmt: skip
entry("sort", lambda x: lax.sort([PLACES, x])[1], lambda x: x[in_order_of(PLACES)], VECTOR[:4])
entry("sort_key_val", None, lambda k, v: (np.sort(k), v[np.argsort(k)]), VECTOR, LONG[:5])
entry("top_k", lambda x: lax.top_k(x, 2)[0], lambda x: -np.sort(-x)[..., :2], X)
entry("top_k", lambda x: lax.top_k(x, 1, axis=0), lambda x: (x.max(0)[None], x.argmax(0)[None]), X)
entry("approx_max_k", lambda x: lax.approx_max_k(x, 2, 0)[0], lambda x: -np.sort(-x, 0)[:2], CUBE)
entry("approx_min_k", lambda x: lax.approx_min_k(x, 2)[0], lambda x: np.sort(x)[..., :2], X)
entry("argmax", lambda x: lax.argmax(x, 1, np.int32), lambda x: x.argmax(1).astype("i4"), X)
entry("argmin", lambda x: lax.argmin(x, 0, np.int64), lambda x: x.argmin(0), X)

# --- reducing ------------------------------------------------------------------------------------

for _fun, _reference in [
    (lax.reduce_sum, np.sum), (lax.reduce_prod, np.prod),
    (lax.reduce_max, np.max), (lax.reduce_min, np.min),
]:  # fmt: skip
    entry(_fun.__name__, lambda x, f=_fun: f(x, (0, 2)),
          lambda x, f=_reference: f(x, axis=(0, 2)), CUBE, dtypes="df")  # fmt: skip
    entry(_fun.__name__, lambda x, f=_fun: f(x, (0,)),
          lambda x, f=_reference: f(x, axis=0).astype(np.int8), COUNTS.astype(np.int8))  # fmt: skip
for _fun, _reference in [
    (lax.reduce_and, np.bitwise_and), (lax.reduce_or, np.bitwise_or),
    (lax.reduce_xor, np.bitwise_xor),
]:  # fmt: skip
    for _x in (np.arange(30).reshape(2, 5, 3) * 37 % 64, np.stack([BOOLS, ~BOOLS[::-1]])):
        entry(_fun.__name__, lambda x, f=_fun: f(x, (1, 0)),
              lambda x, f=_reference: f.reduce(x, axis=(0, 1)), _x)  # fmt: skip

entry("reduce", lambda x: lax.reduce(x, 1.5, lambda a, b: a + b, (0,)), lambda x: x.sum(0) + 1.5, X)
entry("reduce", lambda x: lax.reduce(x, 0.1, lax.max, (1,)), lambda x: np.maximum(x.max(1), 0.1), X)
entry("reduce", lambda x: lax.reduce(x, 0.0, np.logaddexp, (0, 2)),
      lambda x: np.logaddexp(0.0, np.log(np.exp(x).sum((0, 2)))), CUBE)  # fmt: skip


def both(a: Any, b: Any) -> Any:
    return a["s"] + b["s"], a["m"] * b["m"]


entry("reduce", lambda x, y: lax.reduce((x, y), (0.0, 1.0),
                                        lambda a, b: (a[0] + b[0], a[1] * b[1] + 0 * a[0]), (1,)),
      lambda x, y: (x.sum(1), y.prod(1)), X, Y)  # fmt: skip
entry("cumsum", lambda x: lax.cumsum(x, 1, reverse=True),
      lambda x: np.cumsum(x[:, ::-1], 1)[:, ::-1], X)  # fmt: skip
entry("cumsum", None, lambda x: np.cumsum(x, 0, dtype=np.int8), COUNTS.astype(np.int8))
entry("cumprod", lambda x: lax.cumprod(x, 1), lambda x: np.cumprod(x, 1), X)
entry("cummax", None, lambda x: np.maximum.accumulate(x), X)
entry("cummin", lambda x: lax.cummin(x, 1), lambda x: np.minimum.accumulate(x, 1), X)
entry(
    "cumlogsumexp", lambda x: lax.cumlogsumexp(x, 1), lambda x: np.log(np.cumsum(np.exp(x), 1)), X
)
entry("cumlogsumexp", lambda x: lax.cumlogsumexp(x, reverse=True),
      lambda x: np.log(np.cumsum(np.exp(x)[::-1], 0))[::-1], CUBE)  # fmt: skip

# --- making and shaping --------------------------------------------------------------------------

entry("full", lambda x: lax.full((2, 3), x), lambda x: np.full((2, 3), x), SCALAR)
entry("full_like", lambda x: lax.full_like(INTS, x, float), lambda x: np.full((2, 3), x, float),
      SCALAR)  # fmt: skip
entry("convert_element_type", lambda x: lax.convert_element_type(x, np.float32),
      lambda x: x.astype(np.float32), X)  # fmt: skip
entry(
    "broadcast",
    lambda x: lax.broadcast(x, (2, 4)),
    lambda x: np.broadcast_to(x, (2, 4, *x.shape)),
    SHORT,
)
entry("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (2, 3, 4), (1,)),
      lambda x: np.broadcast_to(x[None, :, None], (2, 3, 4)), SHORT)  # fmt: skip
entry("broadcast_to_rank", lambda x: lax.broadcast_to_rank(x, 4), lambda x: x[None, None], X)
entry("broadcast_like", lambda x: lax.broadcast_like(x, X),
      lambda x: np.broadcast_to(x, (2, 3)), SHORT)  # fmt: skip
entry("tile", lambda x: lax.tile(x, (3, 2)), lambda x: np.tile(x, (3, 2)), X)
entry("reshape", lambda x: lax.reshape(x, (4, 6), (2, 0, 1)),
      lambda x: x.transpose(2, 0, 1).reshape(4, 6), CUBE)  # fmt: skip
entry("collapse", lambda x: lax.collapse(x, 0, 2), lambda x: x.reshape(-1, x.shape[2]), CUBE)
entry("collapse", lambda x: lax.collapse(x, -2), lambda x: x.reshape(x.shape[0], -1), CUBE)
entry("expand_dims", lambda x: lax.expand_dims(x, (0, 2)), lambda x: x[None, :, None], SHORT)
entry("squeeze", lambda x: lax.squeeze(x, (0,)), lambda x: x[0], X[None])
entry("transpose", lambda x: lax.transpose(x, (2, 0, 1)), lambda x: x.transpose(2, 0, 1), CUBE)
entry("rev", lambda x: lax.rev(x, (2, 0)), lambda x: x[::-1, :, ::-1], CUBE)
entry(
    "concatenate", lambda x, y: lax.concatenate([x, y], 1), lambda x, y: np.hstack([x, y]), X, WIDE
)
entry("stack", lambda x, y: lax.stack([x, y], 1), lambda x, y: np.stack([x, y], 1), X, Y)
entry("unstack", lambda x: lax.unstack(x, 1), lambda x: tuple(x.T), X)
entry("split", lambda x: lax.split(x, (1, 3), 2), lambda x: [x[..., :1], x[..., 1:]], CUBE)


def padded(x: Any) -> Any:
    rows, columns = x.shape
    out = np.full((2 * rows, 2 * columns - 1), 1.5, x.dtype)
    out[1::2, ::2] = x
    return out[:, :-1]


entry("pad", lambda x: lax.pad(x, 1.5, [(1, 0, 1), (0, -1, 1)]), padded, X, dtypes="df")
entry("slice", lambda x: lax.slice(x, (0, 1), (2, 3), (1, 2)), lambda x: x[0:2, 1:3:2], X)
entry("slice_in_dim", lambda x: lax.slice_in_dim(x, 1, 3, 2, axis=2), lambda x: x[..., 1:3:2], CUBE)
entry("index_in_dim", lambda x: lax.index_in_dim(x, -1, 1), lambda x: x[:, -1:], CUBE)
entry("index_in_dim", lambda x: lax.index_in_dim(x, 1, 2, False), lambda x: x[..., 1], CUBE)
entry("index_take", lambda x: lax.index_take(x, (PLACES % 2, PLACES), (0, 2)),
      lambda x: x[PLACES % 2, :, PLACES], CUBE)  # fmt: skip
entry("dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i, -1), (1, 2)),
      lambda x, i: x[min(i, len(x) - 1)][None, -2:], X, np.int64(1), traced="all",
      derivative=False)  # fmt: skip
entry("dynamic_slice_in_dim", lambda x: lax.dynamic_slice_in_dim(x, 1, 2, 2),
      lambda x: x[..., 1:3] if x.shape[2] > 2 else x[..., :2], CUBE)  # fmt: skip
entry("dynamic_index_in_dim", lambda x: lax.dynamic_index_in_dim(x, -1, 1, False),
      lambda x: x[:, -1], CUBE)  # fmt: skip
entry("dynamic_index_in_dim",
      lambda x: lax.dynamic_index_in_dim(x, -1, 1, allow_negative_indices=False),
      lambda x: x[:, :1], CUBE)  # fmt: skip


def updated(x: Any, v: Any) -> Any:
    out = x.copy()
    start = min(1, x.shape[-1] - v.shape[-1])
    out[(*map(slice, v.shape[:-1]), slice(start, start + v.shape[-1]))] = v
    return out


entry("dynamic_update_slice", lambda x, v: lax.dynamic_update_slice(x, v, (0, 1)), updated,
      X, X[:, :2] * 2)  # fmt: skip
entry("dynamic_update_slice_in_dim", lambda x, v: lax.dynamic_update_slice_in_dim(x, v, 1, 2),
      updated, CUBE, CUBE[..., :2] * 2)  # fmt: skip
entry("dynamic_update_index_in_dim", lambda x, v: lax.dynamic_update_index_in_dim(x, v, 1, 1),
      lambda x, v: updated(x, v[:, None]), X, X[:, 0] * 2)  # fmt: skip

# --- products ------------------------------------------------------------------------------------

entry("dot", None, np.dot, X, SQUARE, dtypes="dfD")
entry("dot", lambda x, y: lax.dot(x, y, precision="highest"), np.dot, SHORT, SQUARE)
entry("dot", lambda x, y: lax.dot(x, y, preferred_element_type=np.float32),
      lambda x, y: np.float32(x @ y), SHORT, SQUARE[0], rtol=1e-6)  # fmt: skip
entry("dot_general", lambda x, y: lax.dot_general(x, y, (((2,), (1,)), ((0,), (0,)))),
      lambda x, y: np.einsum("bij,bjk->bik", x, y), CUBE, CUBE.transpose(0, 2, 1).copy(),
      dtypes="df")  # fmt: skip
entry(
    "dot_general", lambda x: lax.dot_general(x, 3.0, (((), ()), ((), ()))), lambda x: 3 * x, SCALAR
)
entry("batch_matmul", None, np.matmul, CUBE, CUBE.transpose(0, 2, 1).copy())


def groups_by_loops(x: Any, w: Any) -> Any:
    out = np.zeros((len(x), w.shape[2]))
    for i, g in enumerate([0, 0, 2, 2, 2]):
        out[i] = x[i] @ w[g]
    return out


_sizes, _rows, _weights = (
    np.array([2, 0, 3]),
    LONG[:, None] * SHORT,
    CUBE.reshape(2, 3, 4)[[0, 1, 0]],
)
entry(
    "ragged_dot", lambda x, w: lax.ragged_dot(x, w, _sizes), groups_by_loops, _rows, _weights * 1.5
)
entry("ragged_dot", None, lambda x, w, _: groups_by_loops(x, w), _rows, _weights, _sizes,
      traced="all", derivative=False, vmap=False)  # fmt: skip
_ragged = lax.RaggedDotDimensionNumbers((((0,), (0,)), ((), ())), (0,), ())
entry("ragged_dot_general", lambda x, y: lax.ragged_dot_general(x, y, _sizes, _ragged),
      lambda x, y: np.stack([x[:2].T @ y[:2], 0 * x[:1].T @ y[:1], x[2:5].T @ y[2:5]]),
      _rows, LONG[:, None] * VECTOR)  # fmt: skip
