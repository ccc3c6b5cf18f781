"""NumPy's functions of arrays: shapes, indexing, statistics, cumulation, sorting, products."""

from __future__ import annotations

import numpy as np

import funcgrad.numpy as fnp

from .right import (
    constant,
    distinct,
    nonzero,
    positive,
    real,
    table,
    uniform,
    unit,
)

X, Y, V, W = real(3, 4), real(3, 4), real(4), real(5)
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
ROWS = np.array([2, 0, 2])
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])

ELEMENTWISE = table({
    "sin | dfD": (np.sin, X), "cos | dfD": (np.cos, X), "tan | df": (np.tan, unit(3, 4)),
    "arcsin | dfD": (np.arcsin, unit(3, 4)), "arccos | df": (np.arccos, unit(3, 4)),
    "arctan | df": (np.arctan, X), "sinh | dfD": (np.sinh, X), "cosh | dfD": (np.cosh, X),
    "tanh | dfD": (np.tanh, X), "arcsinh | df": (np.arcsinh, X),
    "arccosh | df": (np.arccosh, uniform(1.2, 4, 3, 4)), "arctanh | df": (np.arctanh, unit(3, 4)),
    "exp | dfD": (np.exp, X), "exp2 | df": (np.exp2, X), "expm1 | df": (np.expm1, X),
    "log | dfD": (np.log, positive(3, 4)), "log2 | df": (np.log2, positive(3, 4)),
    "log10 | df": (np.log10, positive(3, 4)), "log1p | df": (np.log1p, uniform(-0.7, 3, 3, 4)),
    "sqrt | dfD": (np.sqrt, positive(3, 4)), "cbrt | df": (np.cbrt, nonzero(3, 4)),
    "square | dfD": (np.square, X), "reciprocal | df": (np.reciprocal, nonzero(3, 4)),
    "absolute | dfD": (np.abs, nonzero(3, 4)), "fabs": (np.fabs, nonzero(3, 4)),
    "negative | dfD": (np.negative, X), "sinc": (np.sinc, nonzero(3, 4)),
    "degrees": (np.degrees, X), "radians": (np.radians, X), "conjugate | D": (np.conj, X),
    "real part | D": (np.real, X), "imaginary part | D": (np.imag, X),
    "angle | D": (np.angle, positive(3, 4)), "heavily nested": (
        lambda x: np.sin(np.cos(np.sin(np.cos(x)))), X),
    "power | df": (np.power, positive(3, 4), V), "power 3 | dfD": (lambda x: x**3, X),
    "power -2": (lambda x: x**-2, nonzero(3, 4)), "power 1.5": (lambda x: x**1.5, positive(3, 4)),
    "float_power": (np.float_power, positive(3, 4), V), "arctan2 | df": (np.arctan2, X, Y),
    "hypot | df": (np.hypot, X, Y), "logaddexp | df": (np.logaddexp, X, V),
    "logaddexp2": (np.logaddexp2, X, V), "maximum": (np.maximum, X, Y),
    "minimum": (np.minimum, X, Y), "fmax": (np.fmax, X, V), "fmin": (np.fmin, X, V),
    "add | dfD": (np.add, X, V), "subtract | dfD": (np.subtract, X, V),
    "multiply | dfD": (np.multiply, X, V), "divide | dfD": (np.divide, X, positive(4)),
    "remainder": (lambda x: np.remainder(x, 3.0), uniform(0.1, 2.9, 3, 4)),
    "copysign": (np.copysign, nonzero(3, 4), nonzero(3, 4)),
    "clip inside": (lambda x: np.clip(x, -5, 5), X), "clip outside": (
        lambda x: np.clip(x, -0.01, 0.01), nonzero(3, 4)),
    "nan_to_num": (np.nan_to_num, X), "where": (lambda x, y: np.where(MASK, x, y), X, Y),
    "select": (lambda x: np.select([x > 0, x < 0], [x * x, np.sin(x)]), nonzero(3, 4)),
    "piecewise by where": (lambda x: np.where(x > 0, np.log1p(np.abs(x)), x**3), nonzero(3, 4)),
    "rint and rest": (lambda x: x - np.rint(x) + x * x, uniform(0.1, 0.4, 3, 4)),
    "floor and rest": (lambda x: x * np.floor(x), uniform(1.1, 1.9, 3, 4)),
})  # fmt: skip

SHAPES = table({
    "reshape": (lambda x: np.reshape(x, (2, 6)) ** 2, X), "ravel": (lambda x: np.ravel(x) ** 2, X),
    "transpose | dfD": (lambda x: np.transpose(x) @ x, X), "swapaxes": (
        lambda x: np.swapaxes(x, 0, 1) * 2, X),
    "moveaxis": (lambda x: np.moveaxis(x, 0, 2) ** 2, real(2, 3, 4)),
    "expand_dims": (lambda x: np.expand_dims(x, 1) * x, X), "squeeze": (
        lambda x: np.squeeze(x) ** 2, real(1, 4, 1)),
    "broadcast_to": (lambda v: np.broadcast_to(v, (3, 4)) ** 2, V), "flip": (
        lambda x: np.flip(x, 1) * x, X),
    "fliplr": (lambda x: np.fliplr(x) * x, X), "rot90": (lambda x: np.rot90(x) ** 2, X),
    "roll": (lambda x: np.roll(x, 1, 1) * x, X), "tile": (lambda v: np.tile(v, 3) ** 2, V),
    "repeat": (lambda v: np.repeat(v, 2) ** 2, V), "concatenate": (
        lambda x, y: np.concatenate([x, y * y], 1), X, Y),
    "stack": (lambda x, y: np.stack([x * y, x]), X, Y), "hstack": (
        lambda x, y: np.hstack([x, y]) ** 2, X, Y),
    "vstack": (lambda x, y: np.vstack([x, y]) ** 2, X, Y), "dstack": (
        lambda x, y: np.dstack([x, y]) ** 2, X, Y),
    "column_stack": (lambda v, w: np.column_stack([v, w]) ** 2, V, V), "append": (
        lambda v, w: np.append(v, w) ** 2, V, W),
    "split": (lambda x: np.split(x, 2, 1)[0] * np.split(x, 2, 1)[1], X), "array_split": (
        lambda v: [p**2 for p in np.array_split(v, 3)], W),
    "pad": (lambda x: np.pad(x, ((1, 0), (2, 1))) ** 2, X), "pad by reflection": (
        lambda v: np.pad(v, 2, mode="reflect") ** 2, W),
    "pad by wrapping": (lambda v: np.pad(v, 2, mode="wrap") ** 2, W), "pad with edges": (
        lambda v: np.pad(v, 2, mode="edge") ** 2, W),
    "atleast_2d": (lambda v: np.atleast_2d(v) ** 2, V), "diag": (lambda v: np.diag(v) @ np.diag(
        v), V),
    "diagonal": (lambda x: np.diagonal(x) ** 2, real(4, 4)), "diagflat": (
        lambda v: np.diagflat(v) ** 2, V),
    "tril": (lambda x: np.tril(x) @ x, real(3, 3)), "triu": (lambda x: np.triu(x) @ x, real(3, 3)),
    "trace": (lambda x: np.trace(x @ x), real(3, 3)), "vander": (lambda v: np.vander(v), unit(3)),
    "insert": (lambda v: np.insert(v, 1, 2.0) ** 2, V), "delete": (
        lambda v: np.delete(v, 1) ** 2, V),
    "meshgrid": (lambda v, w: np.multiply(*np.meshgrid(v, w)), V, W), "block": (
        lambda x: np.block([[x, x * x], [x.T.T, x]]), real(2, 2)),
    "resize": (lambda v: np.resize(v, (2, 3)) ** 2, V), "astype": (
        lambda x: x.astype("f8") ** 2, X),
})  # fmt: skip

INDEXING = table({
    "integer": (lambda x: x[1] ** 2, X), "slice": (lambda x: x[1:, ::2] ** 2, X),
    "negative step": (lambda x: x[::-1, 1:] * 3, X), "ellipsis": (lambda x: x[..., -1] ** 2, X),
    "newaxis": (lambda x: x[:, None] * x, X), "rows": (lambda x: x[ROWS] ** 2, X),
    "pairs": (lambda x: x[ROWS, [1, 3, 1]] ** 2, X), "mask": (lambda x: x[MASK] ** 2, X),
    "outer index": (lambda x: x[np.ix_([0, 2], [1, 3])] ** 2, X), "take": (
        lambda x: np.take(x, ROWS, axis=0) ** 2, X),
    "take_along_axis": (lambda x: np.take_along_axis(x, MASK * 2, 1) ** 2, X), "compress": (
        lambda v: np.compress(MASK[0], v) ** 2, V),
    "extract": (lambda x: np.extract(MASK, x) ** 2, X), "choose": (
        lambda x, y: np.choose(MASK * 1, [x, y]) ** 2, X, Y),
    "set": (lambda x, v: fnp.at(x)[1].set(v) ** 2, X, V), "added rows": (
        lambda x, v: fnp.at(x)[ROWS].add(v) ** 2, X, V),
    "multiplied": (lambda x: fnp.at(x)[:, 1].multiply(2.5) ** 2, X), "unstack": (
        lambda x: sum(row**k for k, row in enumerate(fnp.unstack(x), 1)), X),
    "own maximum": (lambda x: x[np.argmax(x[:, 0])], distinct(3, 4)), "even minus odd": (
        lambda v: v[::2] - v[1::2] ** 2, real(6)),
})  # fmt: skip

STATISTICS = table({
    "sum | dfD": (lambda x: np.sum(x, axis=0) ** 2, X), "sum of all | dfD": (
        lambda x: np.sum(x) ** 2, X),
    "sum, keepdims": (lambda x: x * np.sum(x, axis=1, keepdims=True), X), "mean | dfD": (
        lambda x: np.mean(x, axis=1) ** 2, X),
    "average": (lambda x: np.average(x, axis=1, weights=WEIGHTS) ** 2, X), "prod": (
        lambda x: np.prod(x, axis=0), X),
    "prod with a zero": (np.prod, constant([1.5, 0.0, -2.0])), "prod with two zeros": (
        np.prod, constant([1.5, 0.0, 0.0, 2.0])),
    "var | df": (lambda x: np.var(x, axis=0), X), "var, ddof": (lambda x: np.var(x, ddof=1), X),
    "std | df": (lambda x: np.std(x, axis=1), X), "max": (
        lambda x: np.max(x, axis=1) ** 2, distinct(3, 4)),
    "min": (lambda x: np.min(x, axis=0) ** 2, distinct(3, 4)), "ptp": (np.ptp, distinct(3, 4)),
    "median": (lambda x: np.median(x, axis=1) ** 2, distinct(3, 5)), "median of even": (
        np.median, distinct(6)),
    "quantile": (lambda x: np.quantile(x, 0.3) ** 2, distinct(7)), "percentile": (
        lambda x: np.percentile(x, [20, 70]) ** 2, distinct(7)),
    "nansum": (lambda x: np.nansum(x**2), X), "nanmean": (lambda x: np.nanmean(x**2, axis=0), X),
    "nanmax": (lambda x: np.nanmax(x**3), distinct(4)), "nanvar": (np.nanvar, X),
    "cov": (lambda x: np.cov(x), X), "corrcoef": (lambda x: np.corrcoef(x), real(2, 6)),
    "correlate": (np.correlate, W, V), "convolve": (np.convolve, W, V), "logsumexp": (
        lambda x: fnp.logsumexp(x, axis=1), X),
    "diff": (lambda x: np.diff(x, axis=1) ** 2, X), "diff twice": (
        lambda v: np.diff(v, 2) ** 2, W),
    "ediff1d": (lambda v: np.ediff1d(v) ** 2, W), "gradient": (lambda v: np.gradient(v) ** 2, W),
    "trapezoid": (lambda v: np.trapezoid(v**2), W), "interp": (
        lambda y: np.interp(np.array([0.3, 1.6]), np.arange(4.0), y) ** 2, V),
    "cumsum | dfD": (lambda x: np.cumsum(x, axis=1) ** 2, X), "cumprod": (
        lambda x: np.cumprod(x, axis=0), X),
    "cumprod with a zero": (np.cumprod, constant([1.5, 0.0, -2.0, 0.7])), "running maximum": (
        np.maximum.accumulate, distinct(6)),
    "sort": (lambda x: np.sort(x, axis=1) ** 2, distinct(3, 4)), "sort, flattened": (
        lambda x: np.sort(x, axis=None) * np.arange(12.0), distinct(3, 4)),
    "partition": (lambda v: np.sort(np.partition(v, 2)[:3]) ** 2, distinct(6)), "by argsort": (
        lambda v: v[np.argsort(v)] ** 2, distinct(6)),
    "two largest": (lambda v: np.sort(v)[-2:] ** 2, distinct(6)), "unwrap": (
        lambda v: np.unwrap(v) ** 2, unit(4)),
    "polyval": (np.polyval, real(4), X), "histogram weights": (
        lambda v: np.bincount(np.array([0, 1, 1, 2]), weights=v) ** 2, V),
    "standardised": (lambda x: (x - np.mean(x)) / np.std(x), X), "skewness": (
        lambda v: np.mean((v - np.mean(v)) ** 3) / np.var(v) ** 1.5, W),
    "kurtosis": (lambda v: np.mean((v - np.mean(v)) ** 4) / np.var(v) ** 2, W), "entropy": (
        lambda p: -np.sum(p * np.log(p)), positive(5)),
    "geometric mean": (lambda x: np.exp(np.mean(np.log(x))), positive(5)), "harmonic mean": (
        lambda x: 1 / np.mean(1 / x), positive(5)),
})  # fmt: skip

PRODUCTS = table({
    "matmul | dfD": (np.matmul, X, real(4, 2)), "matrix times vector | dfD": (np.matmul, X, V),
    "vector times matrix": (np.matmul, real(3), X), "inner | dfD": (np.inner, X, Y), "outer": (
        np.outer, V, W),
    "dot": (np.dot, X, V), "vdot | dD": (np.vdot, V, V), "tensordot": (
        lambda x, y: np.tensordot(x, y, ((0, 1), (0, 1))), X, Y),
    "einsum trace": (lambda x, y: np.einsum("ij,ij->", x, y), X, Y), "einsum batch": (
        lambda x, y: np.einsum("bij,bjk->bik", x, y), real(2, 3, 2), real(2, 2, 3)),
    "einsum three": (lambda x, v, y: np.einsum("ij,j,ij->i", x, v, y), X, V, Y), "kron": (
        np.kron, real(2, 2), real(2, 3)),
    "cross": (np.cross, real(4, 3), real(4, 3)), "stacked matmul": (
        np.matmul, real(2, 3, 4), real(4, 2)),
    "quadratic form": (lambda v, a: v @ a @ v, V, real(4, 4)), "gram | dfD": (
        lambda x: x @ x.T, X),
    "power of a matrix": (lambda a: np.linalg.matrix_power(a, 3), real(3, 3)), "multi_dot": (
        lambda x, y, v: np.linalg.multi_dot([x, y.T, x, v]), X, Y, V),
})  # fmt: skip

FUNCTIONS = [*ELEMENTWISE, *SHAPES, *INDEXING, *STATISTICS, *PRODUCTS]
