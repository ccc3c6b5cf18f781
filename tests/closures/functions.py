"""What is called inside of bodies: public functions and operators, with arrays for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import laws
import numpy as np
from surface import arrays, elementwise, polynomials, products, reducing, shaping, sized
from surface.checks import Bound

import funcgrad as fg
from funcgrad import lax, nn
from funcgrad import numpy as fnp
from funcgrad.core.primitive import REGISTRY


@dataclass(frozen=True)
class Subject:
    """A function of arrays that returns a tuple of arrays, and arrays to call it with."""

    name: str
    fun: Callable[..., tuple[Any, ...]]
    leaves: tuple[Any, ...]


SURFACE = {
    **elementwise.TABLE,
    **reducing.TABLE,
    **shaping.TABLE,
    **products.TABLE,
    **polynomials.TABLE,
    **sized.TABLE,
}
SURFACE = {name: calls for name, calls in SURFACE.items() if hasattr(fnp, name)}


def as_tuple(out: Any) -> tuple[Any, ...]:
    return tuple(out) if isinstance(out, tuple | list) else (out,)


def of_numpy(name: str) -> Iterator[Subject]:
    """The calls of a public function that may be staged."""
    for case in SURFACE[name]:
        bound = Bound(getattr(fnp, name), case)
        if not case.concrete and bound.leaves:
            yield Subject(name, bound, tuple(bound.leaves))


def of_operator(name: str) -> Iterator[Subject]:
    """An operator's declared cases."""
    prim = REGISTRY[name]
    for case in laws.cases_of(prim):
        places = [i for i, a in enumerate(case.args) if isinstance(a, np.ndarray | np.generic)]
        if not places:
            continue

        def fun(*xs: Any, case: Any = case, places: Any = places) -> tuple[Any, ...]:
            args = list(case.args)
            for i, x in zip(places, xs, strict=True):
                args[i] = x
            return laws.as_tuple(prim, prim(*args, **case.params))

        yield Subject(name, fun, tuple(case.args[i] for i in places))


X, POSITIVE, SMALL, ROW = arrays.X, arrays.POSITIVE, arrays.SMALL, arrays.ROW
SQUARE, CUBE, VECTOR, PLACES = arrays.SQUARE, arrays.CUBE, arrays.VECTOR, arrays.PLACES
DEFINITE = SQUARE @ SQUARE.T + np.diag([1.0, 2.0, 3.5])
REGULAR = SQUARE * 0.4 + np.diag([2.0, -1.5, 3.0])
TALL = arrays.spread((4, 3))
IMAGE = arrays.spread((1, 5, 4, 2))
KERNEL = arrays.spread((3, 2, 2, 3))
UNIT = arrays.spread((2, 3), 0.1, 0.9)
INDEX = np.int64(1)

LINALG: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "cholesky": (np.linalg.cholesky, (DEFINITE,)),
    "cond": (np.linalg.cond, (REGULAR,)),
    "cross": (fnp.linalg.cross, (X, SMALL)),
    "det": (np.linalg.det, (REGULAR,)),
    "diagonal": (fnp.linalg.diagonal, (SQUARE,)),
    "eig": (lambda a: np.linalg.eig(a)[0], (REGULAR + 0.1j,)),
    "eigvals": (np.linalg.eigvals, (REGULAR + 0.1j,)),
    "eigh": (lambda a: np.linalg.eigh(a)[0], (DEFINITE,)),
    "eigvalsh": (np.linalg.eigvalsh, (DEFINITE,)),
    "inv": (np.linalg.inv, (REGULAR,)),
    "lstsq": (lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], (TALL, arrays.LONG[:4])),
    "matmul": (fnp.linalg.matmul, (X, SQUARE)),
    "matrix_norm": (fnp.linalg.matrix_norm, (X,)),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 3), (REGULAR,)),
    "matrix_rank": (np.linalg.matrix_rank, (REGULAR,)),
    "matrix_transpose": (fnp.linalg.matrix_transpose, (X,)),
    "multi_dot": (lambda a, b, c: np.linalg.multi_dot([a, b, c]), (X, SQUARE, ROW)),
    "norm": (np.linalg.norm, (X,)),
    "outer": (fnp.linalg.outer, (VECTOR, ROW)),
    "pinv": (np.linalg.pinv, (TALL,)),
    "qr": (np.linalg.qr, (TALL,)),
    "slogdet": (np.linalg.slogdet, (REGULAR,)),
    "solve": (np.linalg.solve, (REGULAR, SQUARE)),
    "svd": (lambda a: np.linalg.svd(a, full_matrices=False)[1], (TALL,)),
    "svdvals": (fnp.linalg.svdvals, (TALL,)),
    "tensordot": (fnp.linalg.tensordot, (CUBE, CUBE.transpose(1, 2, 0))),
    "tensorinv": (lambda a: np.linalg.tensorinv(a, ind=1), (REGULAR[:, None, :],)),
    "tensorsolve": (np.linalg.tensorsolve, (REGULAR[:, :, None], ROW)),
    "trace": (fnp.linalg.trace, (SQUARE,)),
    "vecdot": (fnp.linalg.vecdot, (X, SMALL)),
    "vector_norm": (fnp.linalg.vector_norm, (X,)),
}

LAX: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{name: (getattr(lax, name), (SMALL,)) for name in ("erf", "erfc", "erf_inv", "logistic")},
    **{name: (getattr(lax, name), (POSITIVE,)) for name in ("digamma", "lgamma", "rsqrt")},
    **{
        name: (lambda x, name=name: getattr(lax, name)(x, axis=1), (X,))
        for name in ("cummax", "cummin", "cumprod", "cumsum")
    },
    "argmax": (lambda x: lax.argmax(x, 1), (X,)),
    "argmin": (lambda x: lax.argmin(x, 1), (X,)),
    "associative_scan": (lambda x: lax.associative_scan(np.multiply, x), (VECTOR,)),
    "avg_pool": (lambda x: lax.avg_pool(x, (2, 2)), (IMAGE,)),
    "max_pool": (lambda x: lax.max_pool(x, (2, 2)), (IMAGE,)),
    "broadcast_in_dim": (lambda x: lax.broadcast_in_dim(x, (3, 2), (0,)), (ROW,)),
    "clamp": (lax.clamp, (np.float64(-0.5), X, np.float64(0.7))),
    "concatenate": (lambda x, y: lax.concatenate([x, y], 0), (X, SMALL)),
    "conv_general_dilated": (
        lambda x, k: lax.conv_general_dilated(
            x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        ),
        (IMAGE, KERNEL),
    ),
    "dot_general": (lambda x, y: lax.dot_general(x, y, (((1,), (0,)), ((), ()))), (X, SQUARE)),
    "dynamic_slice": (lambda x, i: lax.dynamic_slice(x, (0, i), (2, 2)), (X, INDEX)),
    "dynamic_update_slice": (
        lambda x, u, i: lax.dynamic_update_slice(x, u, (i, 0)),
        (X, X[:1] * 2, INDEX),
    ),
    "dynamic_index_in_dim": (lax.dynamic_index_in_dim, (X, INDEX)),
    "fft": (lambda x: lax.fft(x, "RFFT", 3), (X,)),
    "lu": (lambda x: lax.linalg.lu(x)[0], (REGULAR,)),
    "logsumexp": (lambda x: lax.logsumexp(x, axis=1), (X,)),
    "pad": (lambda x, v: lax.pad(x, v, [(1, 0, 0), (0, 1, 1)]), (X, np.float64(0.3))),
    "reduce_window": (
        lambda x: lax.reduce_window(x, 0.0, np.add, (1, 2), (1, 1), "VALID"),
        (X,),
    ),
    "rev": (lambda x: lax.rev(x, (1,)), (X,)),
    "select": (lax.select, (arrays.MASK, X, SMALL)),
    "slice": (lambda x: lax.slice(x, (0, 1), (2, 3)), (X,)),
    "stop_gradient": (lambda x: lax.stop_gradient(x) * x, (X,)),
    "top_k": (lambda x: lax.top_k(x, 2), (X,)),
    "index": (lambda x, i: x[i], (X, INDEX)),
    "indices": (lambda x, i: x[:, i], (X, PLACES)),
    "update": (lambda x, v, i: fnp.at(x)[i].set(v), (X, ROW, INDEX)),
    "addition": (lambda x, v, i: fnp.at(x)[:, i].add(v), (X, X[:, :1], PLACES)),
    "minimum at": (lambda x, v, i: fnp.at(x)[i].min(v), (X, ROW, INDEX)),
    "products": (lambda x: np.multiply.accumulate(x, axis=1), (X,)),
    "tree": (lambda x: fg.tree.map(np.sin, (x, x * 2)), (X,)),
}

LABELS = np.array([2, 0])
NN: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{
        name: (getattr(nn, name), (X * 1.37,))
        for name in (
            "celu elu gelu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid "
            "log_softmax logsumexp mish relu relu6 selu sigmoid silu soft_sign softmax softplus "
            "softsign sparse_plus sparse_sigmoid squareplus standardize swish tanh"
        ).split()
    },
    **{
        name: (getattr(nn, name), (X, SMALL))
        for name in (
            "absolute_error cosine_distance cosine_similarity hinge_loss huber_loss l2_loss "
            "log_cosh squared_error squared_hinge_loss"
        ).split()
    },
    "log1mexp": (nn.log1mexp, (POSITIVE,)),
    "gelu exact": (lambda x: nn.gelu(x, approximate=False), (X,)),
    "glu": (nn.glu, (arrays.WIDE,)),
    "one_hot": (lambda x: nn.one_hot(x, 3), (PLACES,)),
    "sigmoid_binary_cross_entropy": (nn.sigmoid_binary_cross_entropy, (X, UNIT)),
    "softmax_cross_entropy": (nn.softmax_cross_entropy, (X, UNIT)),
    "softmax_cross_entropy_with_integer_labels": (
        nn.softmax_cross_entropy_with_integer_labels, (X, LABELS),
    ),
    "kl_divergence": (nn.kl_divergence, (X, UNIT)),
    "gaussian_nll_loss": (nn.gaussian_nll_loss, (X, SMALL, POSITIVE)),
    "poisson_nll_loss": (nn.poisson_nll_loss, (X, POSITIVE)),
    "triplet_margin_loss": (nn.triplet_margin_loss, (X, SMALL, POSITIVE)),
    "layer_norm": (
        lambda x, s, b: nn.layer_norm({"scale": s, "bias": b}, x), (X, ROW, arrays.SHORT),
    ),
    "max_pool": (lambda x: nn.max_pool(x, (2, 2)), (IMAGE,)),
    "avg_pool": (lambda x: nn.avg_pool(x, (2, 2)), (IMAGE,)),
    "dot_product_attention": (
        nn.dot_product_attention,
        (arrays.spread((1, 3, 1, 2)), arrays.spread((1, 4, 1, 2)), arrays.spread((1, 4, 1, 2))),
    ),
}  # fmt: skip


def of_table(table: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]], name: str) -> Subject:
    fun, leaves = table[name]
    return Subject(name, lambda *xs: as_tuple(fun(*xs)), leaves)


def subjects() -> dict[str, list[Subject]]:
    """All of them, by a name that says where they come from."""
    found = {f"numpy.{name}": list(of_numpy(name)) for name in sorted(SURFACE)}
    for prefix, table in (("linalg", LINALG), ("lax", LAX), ("nn", NN)):
        found |= {f"{prefix}.{name}": [of_table(table, name)] for name in table}
    operators = sorted(name for name, prim in REGISTRY.items() if prim.cases is not None)
    found |= {f"operator.{name}": list(of_operator(name)) for name in operators}
    return {name: some for name, some in found.items() if some}
