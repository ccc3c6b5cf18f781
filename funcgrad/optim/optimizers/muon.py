"""Muon: momentum with orthogonal updates of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array, ArrayLike, DTypeLike, PyTree
from ..hyperparameters import BELOW_ONE, NOT_NEGATIVE, numbers, schedulable
from ..leafwise import leafwise
from ..leaves import as_leaf, floor_under_root, keep_dtype, like, map_leaves, norm, wide, zeros_like
from ..pieces.adam_moments import average, mean_weights, weighted_mean
from ..pieces.decay_and_noise import add_decayed_weights
from ..pieces.scaling import descend
from ..transformation import GradientTransformation, chain, stateless
from ..typing import Count, Mask, Scalar, ScalarOrSchedule
from ..wrappers.masking import multi_transform
from ..wrappers.skipping import check_positive
from .adam_family import adamw

_COEFFICIENTS = (3.4445, -4.775, 2.0315)


class MuonState(NamedTuple):
    """Number of updates, and the average of gradients."""

    count: Any
    mu: PyTree


def _newton_schulz_steps(ns_coeffs: ArrayLike, ns_steps: int) -> list[tuple[float, ...]]:
    """The coefficients (a, b, c) of each step."""
    table = np.asarray(ns_coeffs, np.float64)
    if table.ndim not in (1, 2) or table.shape[-1] != 3:
        raise ShapeError(
            f"scale_by_muon: ns_coeffs must have shape (3,) or (n, 3); got {table.shape}"
        )
    rows = [tuple(row) for row in np.atleast_2d(table).tolist()]
    if table.ndim == 1:
        return rows * ns_steps
    if len(rows) > ns_steps:
        raise ValueError(
            f"scale_by_muon: ns_coeffs for {len(rows)} steps, but ns_steps is {ns_steps}"
        )
    return rows


@user_facing
def orthogonalize(
    x: Array, ns_coeffs: ArrayLike = _COEFFICIENTS, ns_steps: int = 5, eps: Scalar = 1e-8
) -> Array:
    """Bring the singular values of a matrix close to 1 by Newton-Schulz steps.

    x <- x / (|x| + eps), then several times x <- a x + (b A + c A A) x with A = x x^T.
    (Jordan et al. 2024, kellerjordan.github.io/posts/muon.)

    Args:
        x: matrix.
        ns_coeffs: (a, b, c), or such a triple for each step.
        ns_steps: number of steps, if there is one triple.
        eps: added to the Frobenius norm.

    Returns:
        The matrix; with the default coefficients its singular values are between 0.7 and 1.2.

    >>> np.linalg.svd(orthogonalize(np.array([[3.0, 0.0], [1.0, 1.0]])))[1].round(1)
    array([0.9, 0.7])
    """
    given = x
    tall = x.shape[0] > x.shape[1]
    x = wide(x.T if tall else x)
    size = norm(x)
    x = x / (size + like(size, floor_under_root(size, eps, 0.0)))
    for a, b, c in _newton_schulz_steps(ns_coeffs, ns_steps):
        gram = x @ np.conj(x).T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return keep_dtype(x.T if tall else x, given)


@schedulable(beta=BELOW_ONE, eps=NOT_NEGATIVE)
def scale_by_muon(
    ns_coeffs: ArrayLike = _COEFFICIENTS,
    ns_steps: int = 5,
    beta: ScalarOrSchedule = 0.95,
    eps: ScalarOrSchedule = 1e-8,
    mu_dtype: DTypeLike | None = None,
    *,
    nesterov: bool = True,
    adaptive: bool = False,
) -> GradientTransformation:
    """Orthogonalised averages of gradients, of parameters that are matrices.

    Args besides the common ones (``help(optim.optimizers)``):
        ns_coeffs: as of ``orthogonalize``.
        ns_steps: as there.
        beta: decay of the average.
        eps: as there.
        adaptive: True to multiply by the inner product of the average and the direction.

    >>> tx = scale_by_muon()
    >>> tx.update(np.eye(2), tx.init(np.eye(2)))[0].round(1)
    array([[1.1, 0. ],
           [0. , 1.1]])
    """
    name = "scale_by_muon"
    beta, eps = numbers(beta, eps)
    check_positive(name, "ns_steps", ns_steps)
    _newton_schulz_steps(ns_coeffs, ns_steps)

    def first(params: PyTree) -> tuple[PyTree]:
        for path, p in tree.leaves_with_path(params):
            if np.ndim(p) != 2:
                raise ShapeError(
                    f"{name}: the parameter at {tree.format_path(path)} has shape {np.shape(p)}; "
                    "only matrices can be orthogonalised, muon treats others with adamw"
                )
        return (zeros_like(name, params, mu_dtype),)

    def rule(t: Count) -> Callable[..., PyTree]:
        weights = mean_weights(beta, t, nesterov)

        def leaf(g: Array, m: Array) -> tuple[Array, Array]:
            m = average(m, g, beta)
            mean = weighted_mean(m, g, weights)
            u = orthogonalize(mean, ns_coeffs, ns_steps, eps)
            return (u * np.sum(np.conj(mean) * u) if adaptive else u), m

        return leaf

    return leafwise(name, MuonState, first, rule)


def _scale_by_shape(consistent_rms: Scalar | None) -> GradientTransformation:
    """Scale matrices (inputs, outputs) so that one learning rate fits all shapes."""

    def scaled(u: Array) -> Array:
        rows, columns = u.shape
        if consistent_rms is None:
            return u * math.sqrt(max(1.0, columns / rows))
        return u * like(u, consistent_rms * math.sqrt(max(rows, columns)))

    return stateless(lambda updates, params: map_leaves("muon", scaled, updates))


@user_facing
def muon(
    learning_rate: ScalarOrSchedule,
    ns_coeffs: ArrayLike = _COEFFICIENTS,
    ns_steps: int = 5,
    beta: ScalarOrSchedule = 0.95,
    eps: ScalarOrSchedule = 1e-8,
    weight_decay: ScalarOrSchedule = 0.0,
    weight_decay_mask: Mask | None = None,
    mu_dtype: DTypeLike | None = None,
    *,
    nesterov: bool = True,
    adaptive: bool = False,
    adam_b1: ScalarOrSchedule = 0.9,
    adam_b2: ScalarOrSchedule = 0.999,
    adam_eps_root: ScalarOrSchedule = 0.0,
    adam_weight_decay: ScalarOrSchedule = 0.0,
    adam_learning_rate: ScalarOrSchedule | None = None,
    consistent_rms: Scalar | None = None,
) -> GradientTransformation:
    """Muon for parameters that are matrices, AdamW for all others.

    (Jordan et al. 2024, kellerjordan.github.io/posts/muon.) Matrices are stored as
    (inputs, outputs). Of Optax's version, other preconditionings than by the Frobenius norm and
    reshaped kernels are left out. Its update needs params.

    Args besides the common ones (``help(optim.optimizers)``):
        ns_coeffs: as of ``orthogonalize``.
        ns_steps: as there.
        beta: decay of the average of gradients.
        eps: as there, and the eps of AdamW.
        weight_decay: weight decay of matrices.
        nesterov: True to let averages look one step ahead, in AdamW too.
        adaptive: as of ``scale_by_muon``.
        adam_b1: b1 of AdamW.
        adam_b2: b2 of AdamW.
        adam_eps_root: eps_root of AdamW.
        adam_weight_decay: weight decay of AdamW.
        adam_learning_rate: learning rate of AdamW, if not the same.
        consistent_rms: None to multiply updates by sqrt(max(1, outputs / inputs)); a number r to
            multiply them by r sqrt(max(inputs, outputs)), so that their root mean square is about r
            (Liu et al. 2025, arXiv:2502.16982, with r = 0.2).

    >>> tx = muon(0.1)
    >>> params = {"w": np.eye(2), "b": np.zeros(2)}
    >>> updates, state = tx.update({"w": np.eye(2), "b": np.ones(2)}, tx.init(params), params)
    >>> updates["b"].round(4)
    array([-0.1474, -0.1474])
    """
    matrices = chain(
        scale_by_muon(
            ns_coeffs, ns_steps, beta, eps, mu_dtype, nesterov=nesterov, adaptive=adaptive
        ),
        _scale_by_shape(consistent_rms),
        add_decayed_weights(weight_decay, weight_decay_mask),
        descend("muon", learning_rate),
    )
    rate = learning_rate if adam_learning_rate is None else adam_learning_rate
    rest = adamw(
        rate, adam_b1, adam_b2, eps, adam_eps_root, mu_dtype, adam_weight_decay, nesterov=nesterov
    )

    def labels(params: PyTree) -> PyTree:
        return tree.map(lambda p: "muon" if as_leaf(p).ndim == 2 else "adam", params)

    return multi_transform({"muon": matrices, "adam": rest}, labels)
