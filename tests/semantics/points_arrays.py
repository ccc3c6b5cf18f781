"""Singular points of functions of arrays."""

from __future__ import annotations

import numpy as np
from semantics.points import Point

import funcgrad.numpy as fnp
from funcgrad import nn

INF, NAN = np.inf, np.nan
THIRD = 1 / 3


def vector(*values: float) -> tuple[np.ndarray]:
    return (np.array(values, float),)


EXTREMA = [
    Point("max(x)", "(1, 3, 3)", np.max, vector(1, 3, 3), [0, 0.5, 0.5]),
    Point("min(x)", "(1, 1, 3)", np.min, vector(1, 1, 3), [0.5, 0.5, 0]),
    Point(
        "max(x, axis=1)",
        "((1, 1), (0, 2))",
        lambda x: np.max(x, axis=1),
        (np.array([[1.0, 1.0], [0.0, 2.0]]),),
        [[0.5, 0.5, 0, 0], [0, 0, 0, 1]],
    ),
    Point("nanmax(x)", "(nan, 2, 2)", np.nanmax, vector(NAN, 2, 2), [0, 0.5, 0.5]),
    Point("nanmin(x)", "(nan, 2, 2)", np.nanmin, vector(NAN, 2, 2), [0, 0.5, 0.5]),
    Point("ptp(x)", "(1, 1, 1)", np.ptp, vector(1, 1, 1), [0, 0, 0]),
    Point("ptp(x)", "(0, 0, 3, 3)", np.ptp, vector(0, 0, 3, 3), [-0.5, -0.5, 0.5, 0.5]),
    Point(
        "maximum.accumulate(x)",
        "(1, 1, 2)",
        np.maximum.accumulate,
        vector(1, 1, 2),
        [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]],
        0,
        "shared by what is equal so far",
    ),
    Point(
        "minimum.accumulate(x)",
        "(2, 2, 2)",
        np.minimum.accumulate,
        vector(2, 2, 2),
        [[1, 0, 0], [0.5, 0.5, 0], [THIRD, THIRD, THIRD]],
    ),
    Point(
        "sort(x)",
        "(2, 1, 1)",
        np.sort,
        vector(2, 1, 1),
        [[0, 0.5, 0.5], [0, 0.5, 0.5], [1, 0, 0]],
        0,
        "the mean over all orders of equals",
    ),
    Point(
        "partition(x, 1)",
        "(1, 1, 0)",
        lambda x: np.partition(x, 1),
        vector(1, 1, 0),
        [[0, 0, 1], [0.5, 0.5, 0], [0.5, 0.5, 0]],
    ),
    Point(
        "median(x)",
        "(1, 2, 2, 2, 5)",
        np.median,
        vector(1, 2, 2, 2, 5),
        [0, THIRD, THIRD, THIRD, 0],
    ),
    Point("median(x)", "(1, 2, 2, 7)", np.median, vector(1, 2, 2, 7), [0, 0.5, 0.5, 0]),
    Point("nanmedian(x)", "(nan, 2, 2, 7)", np.nanmedian, vector(NAN, 2, 2, 7), [0, 0.5, 0.5, 0]),
    Point(
        "quantile(x, 0.5)",
        "(1, 1, 2, 3)",
        lambda x: np.quantile(x, 0.5),
        vector(1, 1, 2, 3),
        [0.25, 0.25, 0.5, 0],
        0,
        "half of an equal one, half of the next",
    ),
    Point(
        "percentile(x, 100)",
        "(3, 1, 3)",
        lambda x: np.percentile(x, 100),
        vector(3, 1, 3),
        [0.5, 0, 0.5],
    ),
]

SUMS = [
    Point("std(x)", "(2, 2, 2)", np.std, vector(2, 2, 2), [0, 0, 0], 0, "JAX: NaN"),
    Point(
        "std(x)",
        "(0.1, 0.1, 0.1)",
        np.std,
        vector(0.1, 0.1, 0.1),
        [0, 0, 0],
        None,
        "though the mean is rounded",
        1e-12,
    ),
    Point("std(x, ddof=1)", "(2, 2)", lambda x: np.std(x, ddof=1), vector(2, 2), [0, 0]),
    Point("nanstd(x)", "(nan, 2, 2)", np.nanstd, vector(NAN, 2, 2), [0, 0, 0]),
    Point("var(x)", "(2, 2)", np.var, vector(2, 2), [0, 0], [[0.5, -0.5], [-0.5, 0.5]], "smooth"),
    Point(
        "prod(x)",
        "(0, 2, 3)",
        np.prod,
        vector(0, 2, 3),
        [6, 0, 0],
        [[0, 3, 2], [3, 0, 0], [2, 0, 0]],
        "smooth",
    ),
    Point(
        "prod(x)",
        "(0, 0, 3)",
        np.prod,
        vector(0, 0, 3),
        [0, 0, 0],
        [[0, 3, 0], [3, 0, 0], [0, 0, 0]],
        "HIPS autograd: NaN",
    ),
    Point("prod(x)", "(0, 0, 0)", np.prod, vector(0, 0, 0), [0, 0, 0], 0),
    Point(
        "cumprod(x)",
        "(0, 2, 0)",
        np.cumprod,
        vector(0, 2, 0),
        [[1, 0, 0], [2, 0, 0], [0, 0, 0]],
        [
            [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
            [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
            [[0, 0, 2], [0, 0, 0], [2, 0, 0]],
        ],
        "smooth",
    ),
    Point(
        "logsumexp(x)",
        "(0, 0, -inf)",
        fnp.logsumexp,
        vector(0, 0, -INF),
        [0.5, 0.5, 0],
        [[0.25, -0.25, 0], [-0.25, 0.25, 0], [0, 0, 0]],
    ),
    Point(
        "logsumexp(x)",
        "(-inf, -inf)",
        fnp.logsumexp,
        vector(-INF, -INF),
        [0, 0],
        0,
        "as softmax: nothing has a share; JAX: NaN",
    ),
    Point(
        "logsumexp(x)", "(inf, 0, 0)", fnp.logsumexp, vector(INF, 0, 0), [1, 0, 0], 0, "JAX: NaN"
    ),
    Point("logsumexp(x)", "(inf, inf, 0)", fnp.logsumexp, vector(INF, INF, 0), [0.5, 0.5, 0]),
    Point("nn.softmax(x)", "(0, -inf)", nn.softmax, vector(0, -INF), [[0, 0], [0, 0]]),
    Point(
        "nn.softmax(x)",
        "(-inf, -inf)",
        nn.softmax,
        vector(-INF, -INF),
        [[0, 0], [0, 0]],
        0,
        "has the value 0; JAX: NaN",
    ),
    Point("nn.log_softmax(x)", "(0, -inf)", nn.log_softmax, vector(0, -INF), [[0, 0], [-1, 1]]),
    Point(
        "nn.standardize(x)",
        "(2, 2)",
        lambda x: nn.standardize(x, epsilon=0.25),
        vector(2, 2),
        [[1, -1], [-1, 1]],
        0,
        "smooth, by epsilon (here 1/4)",
    ),
    Point(
        "interp(x, (0, 1, 2), (0, 1, 3))",
        "1",
        lambda x: np.interp(x, np.arange(3.0), np.array([0.0, 1.0, 3.0])),
        (np.float64(1.0),),
        [1],
        0,
        "the smaller of the slopes 1 and 2",
    ),
    Point(
        "interp(x, (0, 1, 2), (0, 1, 0))",
        "1",
        lambda x: np.interp(x, np.arange(3.0), np.array([0.0, 1.0, 0.0])),
        (np.float64(1.0),),
        [0],
        0,
        "the slopes are 1 and -1",
    ),
    Point(
        "interp(x, (0, 1, 2), (0, 1, 3))",
        "2",
        lambda x: np.interp(x, np.arange(3.0), np.array([0.0, 1.0, 3.0])),
        (np.float64(2.0),),
        [0],
        0,
        "constant beyond",
    ),
    Point(
        "unwrap(x)",
        "(0, pi)",
        np.unwrap,
        vector(0, np.pi),
        [[1, 0], [0, 1]],
        0,
        "a jump between functions of slope 1",
    ),
]

ZERO2, EYE = np.zeros((2, 2)), np.eye(2)
RANK1 = np.array([[1.0, 2.0], [2.0, 4.0]])
# The nonzero singular value of RANK1 is 5, of the vectors (1, 2) / sqrt(5).
POLAR1 = [0.2, 0.4, 0.4, 0.8]
TALL = np.array([[3.0], [0.0]])


def _norm(order: object, axis: object = None) -> object:
    return lambda x: np.linalg.norm(x, order, axis)


def _trace_of_function(x: np.ndarray) -> np.ndarray:
    return np.sum(np.exp(np.linalg.eigvalsh(x)))


NORMS = [
    Point("norm(x)", "(0, 0)", _norm(None), vector(0, 0), [0, 0], 0, "JAX, HIPS autograd: NaN"),
    Point(
        "norm(x)**2",
        "(0, 0)",
        lambda x: np.linalg.norm(x) ** 2,
        vector(0, 0),
        [0, 0],
        0,
        "the second derivative is that of the chain rule, not 2",
    ),
    Point("norm(x, 1)", "(0, 3)", _norm(1), vector(0, 3), [0, 1]),
    Point("norm(x, 3)", "(0, 0)", _norm(3), vector(0, 0), [0, 0]),
    Point(
        "norm(x, 1.5)",
        "(0, 3)",
        _norm(1.5),
        vector(0, 3),
        [0, 1],
        0,
        "the second derivative in x1 is infinite, and left out",
    ),
    Point("norm(x, inf)", "(2, -2, 1)", _norm(INF), vector(2, -2, 1), [0.5, -0.5, 0]),
    Point("norm(x, inf)", "(0, 0)", _norm(INF), vector(0, 0), [0, 0]),
    Point("norm(x, -inf)", "(2, -2, 3)", _norm(-INF), vector(2, -2, 3), [0.5, -0.5, 0]),
    Point("norm(x, -inf)", "(0, 3)", _norm(-INF), vector(0, 3), [0, 0]),
    Point(
        "norm(x, axis=1)",
        "((0, 0), (3, 4))",
        _norm(None, 1),
        (np.array([[0.0, 0.0], [3.0, 4.0]]),),
        [[0, 0, 0, 0], [0, 0, 0.6, 0.8]],
        np.array([np.zeros((4, 4)), np.pad([[0.128, -0.096], [-0.096, 0.072]], ((2, 0), (2, 0)))]),
    ),
    Point("norm(a, 'fro')", "zeros (2, 2)", _norm("fro"), (ZERO2,), np.zeros(4)),
    Point("norm(a, 'nuc')", "zeros (2, 2)", _norm("nuc"), (ZERO2,), np.zeros(4)),
    Point(
        "norm(a, 'nuc')",
        "((1, 2), (2, 4))",
        _norm("nuc"),
        (RANK1,),
        POLAR1,
        None,
        "U V* of the nonzero part",
        1e-12,
    ),
    Point(
        "norm(a, 2)",
        "identity (2, 2)",
        _norm(2),
        (EYE,),
        [0.5, 0, 0, 0.5],
        None,
        "the mean over equal singular values",
        1e-12,
    ),
    Point("norm(a, 2)", "zeros (2, 2)", _norm(2), (ZERO2,), np.zeros(4)),
    Point(
        "norm(a, -2)",
        "((1, 2), (2, 4))",
        _norm(-2),
        (RANK1,),
        np.zeros(4),
        None,
        "a minimum",
        1e-12,
    ),
    Point(
        "norm(a, 1)",
        "((1, 0), (-1, 2))",
        _norm(1),
        (np.array([[1.0, 0.0], [-1.0, 2.0]]),),
        [0.5, 0, -0.5, 0.5],
        0,
        "both columns have the sum 2",
    ),
    Point("norm(a, inf)", "zeros (2, 2)", _norm(INF), (ZERO2,), np.zeros(4)),
    Point(
        "nn.losses.cosine_similarity(x, y)",
        "(0, 0), (3, 4)",
        nn.losses.cosine_similarity,
        (np.zeros(2), np.array([3.0, 4.0])),
        np.zeros(4),
        0,
    ),
]

MATRICES = [
    Point(
        "det(a)",
        "((1, 2), (2, 4))",
        np.linalg.det,
        (RANK1,),
        [4, -2, -2, 1],
        [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]],
        "smooth: the cofactors",
        1e-12,
    ),
    Point(
        "det(a)",
        "zeros (2, 2)",
        np.linalg.det,
        (ZERO2,),
        np.zeros(4),
        [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]],
        "smooth",
        1e-12,
    ),
    Point("det(a)", "zeros (3, 3)", np.linalg.det, (np.zeros((3, 3)),), np.zeros(9), 0, "smooth"),
    Point(
        "sum(eigvalsh(a))",
        "identity (2, 2)",
        lambda a: np.sum(np.linalg.eigvalsh(a)),
        (EYE,),
        [1, 0, 0, 1],
        0,
        "is the trace",
        1e-12,
    ),
    Point(
        "sum(exp(eigvalsh(a)))",
        "identity (2, 2)",
        _trace_of_function,
        (EYE,),
        [np.e, 0, 0, np.e],
        None,
        "functions of equal eigenvalues: the first derivative is right, the second leaves out "
        "what mixes their vectors",
        1e-12,
    ),
    Point(
        "max(eigvalsh(a))",
        "identity (2, 2)",
        lambda a: np.max(np.linalg.eigvalsh(a)),
        (EYE,),
        [0.5, 0, 0, 0.5],
        None,
        "the mean over equal eigenvalues",
        1e-12,
    ),
    Point(
        "sum(svd(a).S)",
        "((3,), (0,))",
        lambda a: np.sum(np.linalg.svd(a)[1]),
        (TALL,),
        [1, 0],
        [[0, 0], [0, THIRD]],
        "is norm(a)",
        1e-12,
    ),
    Point(
        "sum(eigh(a).eigenvectors[0])",
        "identity (2, 2)",
        lambda a: np.sum(np.linalg.eigh(a)[1][0]),
        (EYE,),
        np.zeros(4),
        None,
        "no limit; vectors of equal eigenvalues do not turn; JAX: NaN",
        1e-12,
    ),
    Point(
        "sum(eigh(a).eigenvectors)",
        "ones (3, 3)",
        lambda a: np.sum(np.linalg.eigh(a)[1][:, 2]) ** 2,
        (np.ones((3, 3)),),
        np.zeros(9),
        None,
        "of the vector of the eigenvalue 3",
        1e-12,
    ),
    Point(
        "sum((v @ v.T)**2), v of eigh(a)",
        "ones (3, 3), v of the eigenvalues 0",
        lambda a: np.sum((np.linalg.eigh(a)[1][:, :2] @ np.linalg.eigh(a)[1][:, :2].T) ** 2),
        (np.ones((3, 3)),),
        np.zeros(9),
        None,
        "the square sum of their projector, which is 2 everywhere",
        1e-12,
    ),
    Point(
        "pinv(a)[0, 0]",
        "((1, 2), (2, 4))",
        lambda a: np.linalg.pinv(a)[0, 0],
        (RANK1,),
        # -u1 u1 u.T.u / 25 + u1 n1 (n.T.u + u.T.n) / 25; u = (1, 2), n = (2, -1), over sqrt(5).
        np.array([7, 4, 4, -12]) / 625,
        None,
        "among matrices of that rank",
        1e-12,
    ),
]
